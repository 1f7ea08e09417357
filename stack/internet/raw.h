/*
 * Raw IPv4 sockets: the program sees and makes whole packets of a protocol. raw.c (sockets, input, errors)
 * and raw_send.c.
 *
 * A socket is in the host's table from its creation on, by its protocol, which is its "port" (inet_num); the
 * table holds no reference. The table is made for the first socket.
 */
#ifndef STACK_INTERNET_RAW_H
#define STACK_INTERNET_RAW_H

#include "stack/internet/ip.h"
#include "stack/transport/inet_sock.h"

#define RAW_HTABLE_SIZE 256

struct raw_sock {
	struct inet_sock inet; /* first */
	u32 filter;	       /* ICMP_FILTER: a bit per type that the socket does not want */
};

struct raw_hashinfo {
	struct hlist_head ht[RAW_HTABLE_SIZE]; /* socks by sk_node */
};

static inline struct raw_sock *raw_sk(const struct sock *sk)
{
	return (struct raw_sock *)sk;
}

/* SOL_RAW, ICMP_FILTER: as <linux/icmp.h> has them */
#ifndef SOL_RAW
#define SOL_RAW 255
#endif
#ifndef ICMP_FILTER
#define ICMP_FILTER 1
#endif

/* What an ICMP error means to a raw or ping socket. */
struct icmp_verdict {
	int err;
	bool harderr; /* tell a socket that did not ask for errors (IP_RECVERR) too */
};

int raw_init(struct host *host);
void raw_exit(struct host *host);
int raw_sendmsg(struct sock *sk, struct msghdr *msg, size_t len);

extern const struct proto raw_prot;
extern const struct proto_ops inet_sockraw_ops; /* of raw and ping sockets */

#endif
