/* netstat's files: sh_netstat.c, and sh_netstat_s.c for `netstat -s`. */
#ifndef LUA_SH_NETSTAT_H
#define LUA_SH_NETSTAT_H

#include "lua/sh.h"

/* All counters, or those of the protocols asked for; the status. */
int netstat_statistics(struct sh *sh, bool tcp, bool udp, bool raw);

#endif
