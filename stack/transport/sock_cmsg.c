/*
 * Control messages at level SOL_SOCKET: what a program says with a message that it sends, and the time stamp
 * and the count of lost packets that it gets with one that it receives (SO_TIMESTAMP, SO_RXQ_OVFL).
 */
#include "stack/application/scm.h"
#include "stack/interface/netdevice.h"
#include "stack/transport/sock.h"

#ifndef SCM_TXTIME
#define SCM_TXTIME 61
#endif

int __sock_cmsg_send(struct sock *sk, const struct cmsghdr *cmsg, u32 *mark)
{
	TRACE_SK(sk, "read what the program says about this message: its mark");

	switch (cmsg->cmsg_type) {
	case SO_MARK:
		if (cmsg->cmsg_len != CMSG_LEN(sizeof(*mark)))
			return -EINVAL;
		memcpy(mark, CMSG_DATA(cmsg), sizeof(*mark));
		return 0;
	case SCM_RIGHTS: /* of unix sockets; others do not look at them */
	case SCM_CREDENTIALS:
		return 0;
	default: /* SCM_TXTIME too: no socket has SO_TXTIME set */
		return -EINVAL;
	}
}

/* ---- receiving ---- */

static void sock_recv_timestamp(struct msghdr *msg, struct sock *sk, struct sk_buff *skb)
{
	TRACE_SK(sk, "tell the program when the packet came in");
	struct timespec ts;
	struct timeval tv;
	u64 real;

	if (!skb->tstamp) /* it came before the socket wanted to know */
		__net_timestamp(skb);
	real = ktime_get_real_ns(sk->host) - host_now(sk->host) + skb->tstamp;
	ts.tv_sec = (time_t)(real / NSEC_PER_SEC);
	ts.tv_nsec = (long)(real % NSEC_PER_SEC);
	if (sock_flag(sk, SOCK_RCVTSTAMPNS)) {
		put_cmsg(sk->host, msg, SOL_SOCKET, SO_TIMESTAMPNS, sizeof(ts), &ts);
		return;
	}
	tv.tv_sec = ts.tv_sec;
	tv.tv_usec = ts.tv_nsec / 1000;
	put_cmsg(sk->host, msg, SOL_SOCKET, SO_TIMESTAMP, sizeof(tv), &tv);
}

static void sock_recv_drops(struct msghdr *msg, struct sock *sk, const struct sk_buff *skb)
{
	TRACE_SK(sk, "tell the program how many packets were lost before this one");

	put_cmsg(sk->host, msg, SOL_SOCKET, SO_RXQ_OVFL, sizeof(u32), &SOCK_SKB_CB(skb)->dropcount);
}

void __sock_recv_ts_and_drops(struct msghdr *msg, struct sock *sk, struct sk_buff *skb)
{
	TRACE_SK(sk, "tell the program what its socket options ask for about the packet");

	if (sock_flag(sk, SOCK_RCVTSTAMP))
		sock_recv_timestamp(msg, sk, skb);
	if (sock_flag(sk, SOCK_RXQ_OVFL) && SOCK_SKB_CB(skb)->dropcount)
		sock_recv_drops(msg, sk, skb);
}
