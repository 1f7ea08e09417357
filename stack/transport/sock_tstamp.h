/* SO_TIMESTAMPING: what a program may ask for, as <linux/net_tstamp.h> numbers it, and who deals with it. */
#ifndef STACK_TRANSPORT_SOCK_TSTAMP_H
#define STACK_TRANSPORT_SOCK_TSTAMP_H

#include "stack/transport/sock.h"

enum {
	SOF_TIMESTAMPING_TX_HARDWARE = 1 << 0,
	SOF_TIMESTAMPING_TX_SOFTWARE = 1 << 1, /* when it is passed to the card */
	SOF_TIMESTAMPING_RX_SOFTWARE = 1 << 3,
	SOF_TIMESTAMPING_SOFTWARE = 1 << 4, /* tell about the software's stamps */
	SOF_TIMESTAMPING_OPT_ID = 1 << 7,
	SOF_TIMESTAMPING_TX_SCHED = 1 << 8, /* when it enters the queueing discipline */
	SOF_TIMESTAMPING_TX_ACK = 1 << 9,
	SOF_TIMESTAMPING_OPT_CMSG = 1 << 10,
	SOF_TIMESTAMPING_OPT_TSONLY = 1 << 11,
	SOF_TIMESTAMPING_OPT_STATS = 1 << 12,
	SOF_TIMESTAMPING_BIND_PHC = 1 << 15,
	SOF_TIMESTAMPING_MASK = (1 << 16) - 1,
	SOF_TIMESTAMPING_TX_RECORD_MASK = SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_TX_SOFTWARE |
					  SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_ACK,
};

void sock_set_timestamp(struct sock *sk, int optname, bool valbool); /* SO_TIMESTAMP, SO_TIMESTAMPNS */
int sock_set_timestamping(struct sock *sk, int val);
/* What is to be stamped, from the program's flags to the packet's. */
void __sock_tx_timestamp(u16 tsflags, u8 *tx_flags);
/* The same for a packet of its own, with its number. */
void skb_setup_tx_timestamp(struct sk_buff *skb, struct sock *sk, u16 tsflags);
/* Reads the first stamp in the error queue, told by a control message of this level and type. */
int sock_recv_errqueue(struct sock *sk, struct msghdr *msg, int len, int level, int type);

#endif
