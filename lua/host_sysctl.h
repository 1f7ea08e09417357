/* A host's settings, by their names: "net.ipv4.ip_forward", or with slashes. */
#ifndef LUA_HOST_SYSCTL_H
#define LUA_HOST_SYSCTL_H

#include "stack/kernel/seq_file.h"

/* 0, -ENOENT: there is none of that name, -EINVAL: no such value, -EACCES: it can only be read. */
int host_sysctl_store(struct host *host, const char *name, const char *value);
/* Writes its value, without an end of line. */
int host_sysctl_show(struct host *host, const char *name, struct seq_file *m);
/* The same for /sys/module/NAME/parameters/...: parameters of the congestion control modules, which each host
 * has a set of. */
int host_module_param_store(struct host *host, const char *path, const char *value);
int host_module_param_show(struct host *host, const char *path, struct seq_file *m);
/* Calls fn for the name of each, in alphabetical order. */
void host_sysctl_list(struct host *host, void (*fn)(void *arg, const char *name), void *arg);

#endif
