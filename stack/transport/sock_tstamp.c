/*
 * SO_TIMESTAMPING: when did what the program sent get into the queueing discipline (SCHED), to the driver
 * (SND), and when was it acknowledged (ACK)? Each comes as a message in the socket's error queue: the packet
 * itself or, with OPT_TSONLY, nothing but the time. There is one clock, the kernel's: cards have none.
 */
#include "stack/transport/sock_tstamp.h"

#include "stack/interface/netdevice.h"
#include "stack/internet/errqueue.h"
#include "stack/transport/tcp.h"

static bool sk_is_tcp(const struct sock *sk)
{
	return sk->sk_type == SOCK_STREAM && sk->sk_protocol == IPPROTO_TCP;
}

static void __sock_set_timestamps(struct sock *sk, bool val, bool ns)
{
	TRACE_SK(sk, "tell the time of what was received, or no longer");
	sock_valbool_flag(sk, SOCK_RCVTSTAMP, val);
	sock_valbool_flag(sk, SOCK_RCVTSTAMPNS, val && ns);
	if (val)
		sock_enable_timestamp(sk, SOCK_TIMESTAMP);
}

void sock_set_timestamp(struct sock *sk, int optname, bool valbool)
{
	TRACE_SK(sk, "set whether the program is told the time of what was received");
	__sock_set_timestamps(sk, valbool, optname == SO_TIMESTAMPNS);
}

int sock_set_timestamping(struct sock *sk, int val)
{
	TRACE_SK(sk, "set which time stamps of packets the program wants");
	u32 flags = (u32)val;

	if (flags & ~(u32)SOF_TIMESTAMPING_MASK)
		return -EINVAL;
	if (flags & SOF_TIMESTAMPING_OPT_STATS) /* no statistics with the stamps */
		return -EINVAL;
	if (flags & SOF_TIMESTAMPING_BIND_PHC) /* no clock of a card to choose */
		return sk->sk_bound_dev_if ? -EINVAL : -EOPNOTSUPP;
	if (flags & SOF_TIMESTAMPING_OPT_ID && !(sk->sk_tsflags & SOF_TIMESTAMPING_OPT_ID)) {
		if (sk_is_tcp(sk) && (1u << sk->sk_state) & (TCPF_CLOSE | TCPF_LISTEN))
			return -EINVAL;
		sk->sk_tskey = sk_is_tcp(sk) ? tcp_sk(sk)->snd_una : 0;
	}
	sk->sk_tsflags = (u16)flags;
	if (flags & SOF_TIMESTAMPING_RX_SOFTWARE)
		sock_enable_timestamp(sk, SOCK_TIMESTAMPING_RX_SOFTWARE);
	else
		sock_disable_timestamp(sk, BIT(SOCK_TIMESTAMPING_RX_SOFTWARE));
	return 0;
}

void __sock_tx_timestamp(u16 tsflags, u8 *tx_flags)
{
	if (tsflags & SOF_TIMESTAMPING_TX_HARDWARE)
		*tx_flags |= SKBTX_HW_TSTAMP;
	if (tsflags & SOF_TIMESTAMPING_TX_SOFTWARE)
		*tx_flags |= SKBTX_SW_TSTAMP;
	if (tsflags & SOF_TIMESTAMPING_TX_SCHED)
		*tx_flags |= SKBTX_SCHED_TSTAMP;
}

void skb_setup_tx_timestamp(struct sk_buff *skb, struct sock *sk, u16 tsflags)
{
	if (likely(!tsflags))
		return;
	__sock_tx_timestamp(tsflags, &skb_shinfo(skb)->tx_flags);
	if ((tsflags & SOF_TIMESTAMPING_OPT_ID) && (tsflags & SOF_TIMESTAMPING_TX_RECORD_MASK))
		skb_shinfo(skb)->tskey = sk->sk_tskey++;
}

int sock_recv_errqueue(struct sock *sk, struct msghdr *msg, int len, int level, int type)
{
	TRACE_SK_IN(sk, IN_TASK, "read the time stamp of a frame that was sent");
	struct sk_buff *skb = sock_dequeue_err_skb(sk);
	int err, copied;

	if (!skb)
		return -EAGAIN;
	copied = min((int)skb->len, len);
	if (copied < (int)skb->len)
		msg->msg_flags |= MSG_TRUNC;
	err = skb_copy_datagram_msg(skb, 0, msg, copied);
	if (!err) {
		sock_recv_timestamp(msg, sk, skb);
		put_cmsg(sk->host, msg, level, type, sizeof(SKB_EXT_ERR(skb)->ee), &SKB_EXT_ERR(skb)->ee);
		msg->msg_flags |= MSG_ERRQUEUE;
	}
	kfree_skb(skb);
	return err ? err : copied;
}

static void __skb_complete_tx_timestamp(struct sk_buff *skb, struct sock *sk, int tstype)
{
	TRACE_SKB(skb, "queue the time stamp for the program");
	struct sock_exterr_skb *serr = SKB_EXT_ERR(skb);

	memset(skb->cb, 0, sizeof(skb->cb));
	serr->ee.ee_errno = ENOMSG;
	serr->ee.ee_origin = SO_EE_ORIGIN_TIMESTAMPING;
	serr->ee.ee_info = (u32)tstype;
	/* for IP_PKTINFO: the device that it leaves by */
	((struct in_pktinfo *)(void *)skb->cb)->ipi_ifindex = skb->dev ? skb->dev->ifindex : 0;
	if (sk->sk_tsflags & SOF_TIMESTAMPING_OPT_ID) {
		serr->ee.ee_data = skb_shinfo(skb)->tskey;
		if (sk_is_tcp(sk))
			serr->ee.ee_data -= sk->sk_tskey;
	}
	if (sock_queue_err_skb(sk, skb))
		kfree_skb(skb);
}

void __skb_tstamp_tx(struct sk_buff *orig_skb, struct sock *sk, int tstype)
{
	TRACE_SKB(orig_skb, "tell the program when its data came this far");
	bool tsonly;
	struct sk_buff *skb;

	if (!sk)
		return;
	tsonly = sk->sk_tsflags & SOF_TIMESTAMPING_OPT_TSONLY;
	skb = tsonly ? alloc_skb(sk->host, 0, GFP_ATOMIC) : skb_clone(orig_skb, GFP_ATOMIC);
	if (!skb)
		return;
	if (tsonly) {
		skb_shinfo(skb)->tx_flags |= skb_shinfo(orig_skb)->tx_flags & SKBTX_ANY_TSTAMP;
		skb_shinfo(skb)->tskey = skb_shinfo(orig_skb)->tskey;
	}
	__net_timestamp(skb);
	__skb_complete_tx_timestamp(skb, sk, tstype);
}

void skb_tstamp_tx(struct sk_buff *orig_skb)
{
	TRACE_SKB(orig_skb, "tell the program that its data is at the driver");

	__skb_tstamp_tx(orig_skb, orig_skb->sk, SCM_TSTAMP_SND);
}
