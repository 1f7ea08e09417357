/* host:sh(): commands of a host's command line. */
#ifndef LUA_HOST_SH_H
#define LUA_HOST_SH_H

struct host;

/* Runs one command line on the host. 0, or a negative errno with what the real command would say in `err`. */
int host_sh(struct host *host, const char *line, char *err, unsigned errlen);

#endif
