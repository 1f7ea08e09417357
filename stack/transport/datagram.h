/*
 * What datagram protocols of IPv4 (UDP, ping, raw) share: connecting without a handshake, polling, peeking
 * further in.
 */
#ifndef STACK_TRANSPORT_DATAGRAM_H
#define STACK_TRANSPORT_DATAGRAM_H

#include "stack/transport/sock.h"

struct file;
struct poll_table_struct;

int ip4_datagram_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len);
int __ip4_datagram_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len);
/* struct proto's release_cb: finds the route again when the one that the socket keeps has become stale. */
void ip4_datagram_release_cb(struct sock *sk);
unsigned int datagram_poll(struct file *file, struct socket *sock, struct poll_table_struct *wait);
int sk_set_peek_off(struct sock *sk, int val); /* SO_PEEK_OFF; below 0: off */

/* Where MSG_PEEK begins; negative: at the first packet, whatever was peeked at before. */
static inline int sk_peek_offset(const struct sock *sk, int flags)
{
	return unlikely(flags & MSG_PEEK) ? sk->sk_peek_off : 0;
}

/* `val` bytes were read: what is peeked at next lies so much nearer. Negative: peeked at, so further. */
static inline void sk_peek_offset_bwd(struct sock *sk, int val)
{
	if (unlikely(sk->sk_peek_off >= 0))
		sk->sk_peek_off = max(sk->sk_peek_off - val, 0);
}

#endif
