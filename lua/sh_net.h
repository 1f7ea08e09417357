/*
 * System calls for commands that run in a program of the host (ping, traceroute): with the markers in the
 * trace, and `left` set once the program is to end, after which they do nothing.
 */
#ifndef LUA_SH_NET_H
#define LUA_SH_NET_H

#include "lua/sh.h"
#include "stack/application/syscalls.h"
#include "stack/internet/errqueue.h"

struct sh_net {
	struct sh *sh;
	bool left;
};

int net_socket(struct sh_net *net, int type, int protocol);
int net_option(struct sh_net *net, int fd, int level, int name, int value);
int net_options(struct sh_net *net, int fd, const uint8_t *options, int len); /* IP_OPTIONS */
/* NULL: any device will do. */
int net_bind_device(struct sh_net *net, int fd, const char *device);
int net_bind(struct sh_net *net, int fd, uint32_t addr, unsigned port);
int net_connect(struct sh_net *net, int fd, uint32_t addr, unsigned port);
/* Bytes sent or a negative errno; addr 0: the socket is connected. */
long net_send(struct sh_net *net, int fd, const void *data, size_t len, uint32_t addr);
void net_close(struct sh_net *net, int fd);
/* Waits up to ns (whole milliseconds, rounded up) until one of the n has something. */
int net_poll(struct sh_net *net, struct pollfd *fds, unsigned n, uint64_t ns);
void net_sleep(struct sh_net *net, uint64_t ns);

/* What recvmsg() tells. */
struct net_message {
	uint32_t from;
	int ttl; /* -1: not told */
	bool has_error;
	struct sock_extended_err ee;
	uint32_t offender;
	unsigned optlen; /* IP options that came along (IP_RETOPTS) */
	uint8_t options[40];
};
/* Bytes received or a negative errno; never waits. errors: from the error queue. */
long net_receive(struct sh_net *net, int fd, void *buf, size_t len, bool errors, struct net_message *m);

#endif
