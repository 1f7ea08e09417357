/* Cost profiles: how much CPU time each function takes (DESIGN 3). */
#ifndef LUA_PROFILE_H
#define LUA_PROFILE_H

struct sim;

/* Gives the functions of a simulation the costs of the profile NAME. 0, or -1 with a message. */
int profile_load(struct sim *sim, const char *name, char *err, unsigned errlen);

#endif
