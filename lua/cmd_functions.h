/* The catalogue of run folders, for the commands that show it. */
#ifndef LUA_CMD_FUNCTIONS_H
#define LUA_CMD_FUNCTIONS_H

#include "viz/catalogue.h"

/* Makes the catalogue of the runs in `dirs` (NULL after the last), opening one after the other. EXIT_DONE, or
 * an exit code after a message. catalogue_free() it in any case. */
int catalogue_runs(struct catalogue *c, const char *cmd, const char *const *dirs);

#endif
