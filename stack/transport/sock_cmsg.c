/*
 * Control messages at level SOL_SOCKET: what a program says with a message that it sends, and the time stamp
 * and the count of lost packets that it gets with one that it receives (SO_TIMESTAMP, SO_TIMESTAMPING,
 * SO_RXQ_OVFL).
 */
#include "stack/application/scm.h"
#include "stack/interface/netdevice.h"
#include "stack/transport/sock_tstamp.h"

#ifndef SCM_TXTIME
#define SCM_TXTIME 61
#endif

int __sock_cmsg_send(struct sock *sk, const struct cmsghdr *cmsg, struct sockcm_cookie *sockc)
{
	TRACE_SK(sk, "read what the program says about this message: its mark, its time stamps");
	u32 val;

	switch (cmsg->cmsg_type) {
	case SO_MARK:
	case SO_TIMESTAMPING:
		if (cmsg->cmsg_len != CMSG_LEN(sizeof(val)))
			return -EINVAL;
		memcpy(&val, CMSG_DATA(cmsg), sizeof(val));
		if (cmsg->cmsg_type == SO_MARK) {
			sockc->mark = val;
			return 0;
		}
		if (val & ~(u32)SOF_TIMESTAMPING_TX_RECORD_MASK)
			return -EINVAL;
		sockc->tsflags = (u16)((sockc->tsflags & ~(u32)SOF_TIMESTAMPING_TX_RECORD_MASK) | val);
		return 0;
	case SCM_RIGHTS: /* of unix sockets; others do not look at them */
	case SCM_CREDENTIALS:
		return 0;
	default: /* SCM_TXTIME too: no socket has SO_TXTIME set */
		return -EINVAL;
	}
}

int sock_cmsg_send(struct sock *sk, const struct msghdr *msg, struct sockcm_cookie *sockc)
{
	TRACE_SK(sk, "read what the program says about this message");
	const struct cmsghdr *cmsg;
	int err = 0;

	for_each_cmsghdr(cmsg, msg)
	{
		if (!CMSG_OK(msg, cmsg))
			return -EINVAL;
		if (cmsg->cmsg_level == SOL_SOCKET)
			err = __sock_cmsg_send(sk, cmsg, sockc);
		if (err)
			return err;
	}
	return 0;
}

/* ---- receiving ---- */

void __sock_recv_timestamp(struct msghdr *msg, struct sock *sk, u64 tstamp)
{
	TRACE_SK(sk, "tell the program the time of the packet");
	struct timespec ts[3] = { 0 }; /* by software, not used, by hardware */
	struct timeval tv;

	ts[0].tv_sec = (time_t)(tstamp / NSEC_PER_SEC);
	ts[0].tv_nsec = (long)(tstamp % NSEC_PER_SEC);
	if (sock_flag(sk, SOCK_RCVTSTAMP) && sock_flag(sk, SOCK_RCVTSTAMPNS)) {
		put_cmsg(sk->host, msg, SOL_SOCKET, SO_TIMESTAMPNS, sizeof(ts[0]), ts);
	} else if (sock_flag(sk, SOCK_RCVTSTAMP)) {
		tv.tv_sec = ts[0].tv_sec;
		tv.tv_usec = ts[0].tv_nsec / 1000;
		put_cmsg(sk->host, msg, SOL_SOCKET, SO_TIMESTAMP, sizeof(tv), &tv);
	}
	if (sk->sk_tsflags & SOF_TIMESTAMPING_SOFTWARE)
		put_cmsg(sk->host, msg, SOL_SOCKET, SCM_TIMESTAMPING, sizeof(ts), ts);
}

void sock_recv_timestamp(struct msghdr *msg, struct sock *sk, struct sk_buff *skb)
{
	TRACE_SK(sk, "tell the program when the packet came in");

	/* it came before the socket wanted to know */
	if (!skb->tstamp && sock_flag(sk, SOCK_RCVTSTAMP))
		__net_timestamp(skb);
	if (skb->tstamp)
		__sock_recv_timestamp(msg, sk, skb->tstamp);
}

static void sock_recv_drops(struct msghdr *msg, struct sock *sk, const struct sk_buff *skb)
{
	TRACE_SK(sk, "tell the program how many packets were lost before this one");

	put_cmsg(sk->host, msg, SOL_SOCKET, SO_RXQ_OVFL, sizeof(u32), &SOCK_SKB_CB(skb)->dropcount);
}

void __sock_recv_ts_and_drops(struct msghdr *msg, struct sock *sk, struct sk_buff *skb)
{
	TRACE_SK(sk, "tell the program what its socket options ask for about the packet");

	if (sock_flag(sk, SOCK_RCVTSTAMP) || (sk->sk_tsflags & SOF_TIMESTAMPING_SOFTWARE))
		sock_recv_timestamp(msg, sk, skb);
	if (sock_flag(sk, SOCK_RXQ_OVFL) && SOCK_SKB_CB(skb)->dropcount)
		sock_recv_drops(msg, sk, skb);
}
