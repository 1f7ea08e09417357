/* host:sh(): the commands of a host ("ip addr add 10.0.2.3/24 dev eth0", "ping -c 3 server"). lua/README.md
 * lists them. */
#ifndef LUA_HOST_SH_H
#define LUA_HOST_SH_H

#include "lua/sh.h"

/* Does the line's command take virtual time? Then it must run in a program of the host. */
bool host_sh_takes_time(const char *line);
/* The command's name, "ping". */
void host_sh_name(const char *line, char *buf, unsigned len);

/* Runs a line; what it says is in sh->out and sh->err, which the caller releases. Returns the exit status. */
int host_sh(struct sh *sh, const char *line);

#endif
