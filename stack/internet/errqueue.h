/*
 * Errors in a socket's error queue (IP_RECVERR): what lies in skb->cb of each, and what a program reads with
 * MSG_ERRQUEUE as a control message.
 */
#ifndef STACK_INTERNET_ERRQUEUE_H
#define STACK_INTERNET_ERRQUEUE_H

#include <netinet/in.h>

#include "stack/internet/ip.h"

#define SO_EE_ORIGIN_NONE 0
#define SO_EE_ORIGIN_LOCAL 1
#define SO_EE_ORIGIN_ICMP 2
#define SO_EE_ORIGIN_TIMESTAMPING 4
#define SO_EE_ORIGIN_ZEROCOPY 5
#define SO_EE_CODE_ZEROCOPY_COPIED 1

/* ee_info of SO_EE_ORIGIN_TIMESTAMPING: passed to the driver, to the queueing discipline, acknowledged */
#ifndef SCM_TSTAMP_SND
#define SCM_TSTAMP_SND 0
#define SCM_TSTAMP_SCHED 1
#define SCM_TSTAMP_ACK 2
#endif

/* As <linux/errqueue.h> has it; the address of who complained follows in the control message. */
struct sock_extended_err {
	u32 ee_errno;
	u8 ee_origin, ee_type, ee_code, ee_pad;
	u32 ee_info, ee_data;
};

struct sock_exterr_skb {
	struct inet_skb_parm header;
	struct sock_extended_err ee;
	u16 addr_offset; /* from the network header: where the packet was going */
	__be16 port;
};
#define SKB_EXT_ERR(skb) ((struct sock_exterr_skb *)(void *)((skb)->cb))
_Static_assert(sizeof(struct sock_exterr_skb) <= sizeof(((struct sk_buff *)0)->cb), "does not fit");

struct sk_buff *sock_dequeue_err_skb(struct sock *sk);

#endif
