/*
 * Ping sockets (SOCK_DGRAM, IPPROTO_ICMP): a program may send ICMP echo requests and receive their answers,
 * no more. The identifier in the message is the socket's port. ping.c (sockets, input, errors), ping_send.c.
 *
 * A bound socket is in the host's table, which holds a reference; the table is made for the first socket.
 */
#ifndef STACK_INTERNET_PING_H
#define STACK_INTERNET_PING_H

#include "stack/internet/icmp.h"
#include "stack/transport/inet_sock.h"

#define PING_HTABLE_SIZE 64

struct ping_table {
	struct hlist_head hash[PING_HTABLE_SIZE]; /* socks by sk_node, by identifier */
	u16 rover;				  /* the identifier given out last */
};

/* May a program send such a message? */
static inline bool ping_supported(int type, int code)
{
	return (type == ICMP_ECHO || type == ICMP_EXT_ECHO) && code == 0;
}

int ping_init(struct host *host);
void ping_exit(struct host *host);
bool ping_rcv(struct sk_buff *skb);
void ping_err(struct sk_buff *skb, int offset, u32 info);
int ping_v4_sendmsg(struct sock *sk, struct msghdr *msg, size_t len);

extern const struct proto ping_prot;

#endif
