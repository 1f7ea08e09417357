/* `sysctl`: the settings of a host. */
#ifndef LUA_HOST_SYSCTL_H
#define LUA_HOST_SYSCTL_H

struct host;

/* Sets "net.ipv4.ip_forward=1" (or the name with slashes). 0, or a negative errno with the words of the real
 * command in `err`. */
int host_sysctl(struct host *host, const char *assignment, char *err, unsigned errlen);

#endif
