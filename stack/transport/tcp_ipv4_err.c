/*
 * TCP over IPv4: ICMP errors about our segments (RFC 1122 4.2.3.9, RFC 5927). An error is believed only when
 * the sequence number that it quotes is in flight; soft errors never end an established connection.
 */
#include "stack/internet/icmp.h"
#include "stack/internet/ip.h"
#include "stack/transport/tcp.h"
#include "stack/transport/tcp_input.h"

/* The path's MTU became smaller (tp->mtu_info): tells the route, cuts the segments anew, sends them again. */
void tcp_v4_mtu_reduced(struct sock *sk)
{
	TRACE_SK(sk, "the path takes smaller packets only: lower the MSS and resend");
	struct inet_sock *inet = inet_sk(sk);
	struct dst_entry *dst;
	u32 mtu;

	if ((1u << sk->sk_state) & (TCPF_LISTEN | TCPF_CLOSE))
		return;
	mtu = tcp_sk(sk)->mtu_info;
	dst = inet_csk_update_pmtu(sk, mtu);
	if (!dst)
		return;
	if (mtu < dst_mtu(dst) && inet->pmtudisc == IP_PMTUDISC_DO)
		sk->sk_err_soft = EMSGSIZE;
	mtu = dst_mtu(dst);
	if (inet->pmtudisc != IP_PMTUDISC_DONT && inet_csk(sk)->icsk_pmtu_cookie > mtu) {
		tcp_sync_mss(sk, mtu);
		/* what was too big is lost: do not wait for the timer */
		tcp_simple_retransmit(sk);
	}
}

/* An error about a SYN-ACK. Takes the caller's reference to the request. */
void tcp_req_err(struct sock *sk, u32 seq, bool abort)
{
	TRACE_SK(sk, "an ICMP error about a SYN-ACK");
	struct request_sock *req = inet_reqsk(sk);

	if (seq != tcp_rsk(req)->snt_isn) {
		NET_INC_STATS(sock_net(sk), LINUX_MIB_OUTOFWINDOWICMPS);
	} else if (abort) {
		struct sock *listener = req->rsk_listener;

		inet_csk_reqsk_queue_drop(listener, req);
		tcp_listendrop(listener);
	}
	reqsk_put(req);
}

/* RFC 6069: the path was broken, says the network. That is no congestion: the backoff is taken back. */
void tcp_ld_RTO_revert(struct sock *sk, u32 seq)
{
	TRACE_SK(sk, "take the last backoff of the retransmission timer back");
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;
	s32 remaining;
	u32 delta_us;

	if (sock_owned_by_user(sk))
		return;
	if (seq != tp->snd_una || !icsk->icsk_retransmits || !icsk->icsk_backoff)
		return;
	skb = tcp_rtx_queue_head(sk);
	if (!skb)
		return;
	icsk->icsk_backoff--;
	icsk->icsk_rto = tp->srtt_us ? __tcp_set_rto(tp) : TCP_TIMEOUT_INIT;
	icsk->icsk_rto = (u32)inet_csk_rto_backoff(icsk, TCP_RTO_MAX);
	tcp_mstamp_refresh(tp);
	delta_us = (u32)(tp->tcp_mstamp - tcp_skb_timestamp_us(skb));
	remaining = (s32)(icsk->icsk_rto - (u32)usecs_to_jiffies(delta_us));
	if (remaining > 0)
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, (unsigned long)remaining, TCP_RTO_MAX);
	else
		tcp_retransmit_timer(sk); /* it is due already */
}

/* A router says: send smaller packets. */
static void frag_needed(struct sock *sk, u32 mtu)
{
	if (sk->sk_state == TCP_LISTEN)
		return;
	tcp_sk(sk)->mtu_info = mtu;
	if (!sock_owned_by_user(sk)) {
		tcp_v4_mtu_reduced(sk);
	} else if (!(sk->sk_tsq_flags & TCPF_MTU_REDUCED_DEFERRED)) {
		sk->sk_tsq_flags |= TCPF_MTU_REDUCED_DEFERRED; /* tcp_release_cb() does it */
		sock_hold(sk);
	}
}

static void do_redirect(struct sk_buff *skb, struct sock *sk)
{
	TRACE_SKB(skb, "a router names a better first hop: tell the route");
	struct dst_entry *dst = __sk_dst_check(sk, 0);

	if (dst && dst->ops->redirect) {
		TRACE_OP(sk, "redirect");
		dst->ops->redirect(dst, sk, skb);
	}
}

/* The errno that the message stands for; 0: nothing more to do. */
static int icmp_to_errno(struct sock *sk, struct sk_buff *skb, u32 seq, u32 info)
{
	int type = icmp_hdr(skb)->type, code = icmp_hdr(skb)->code;

	switch (type) {
	case ICMP_REDIRECT:
		if (!sock_owned_by_user(sk))
			do_redirect(skb, sk);
		return 0;
	case ICMP_PARAMETERPROB:
		return EPROTO;
	case ICMP_DEST_UNREACH:
		if (code > NR_ICMP_UNREACH)
			return 0;
		if (code == ICMP_FRAG_NEEDED) {
			frag_needed(sk, info);
			return 0;
		}
		if (!tcp_sk(sk)->fastopen_rsk && (code == ICMP_NET_UNREACH || code == ICMP_HOST_UNREACH))
			tcp_ld_RTO_revert(sk, seq);
		return icmp_err_errno(code);
	case ICMP_TIME_EXCEEDED:
		return EHOSTUNREACH;
	default:
		return 0;
	}
}

/* Reports the error: it ends an attempt to connect, but not an established connection. */
static void report_error(struct sock *sk, struct sk_buff *skb, struct tcphdr *th, int err, u32 info)
{
	const struct request_sock *fastopen = tcp_sk(sk)->fastopen_rsk;

	switch (sk->sk_state) {
	case TCP_SYN_SENT:
	case TCP_SYN_RECV:
		/* accepted before its handshake is done: as good as established */
		if (fastopen && !fastopen->sk)
			break;
		ip_icmp_error(sk, skb, err, th->dest, info, (u8 *)th);
		if (!sock_owned_by_user(sk))
			tcp_done_with_error(sk, err);
		else
			sk->sk_err_soft = err;
		return;
	}
	if (!sock_owned_by_user(sk) && inet_sk(sk)->recverr) {
		sk->sk_err = err;
		sk_error_report(sk);
	} else {
		sk->sk_err_soft = err; /* told when the connection times out */
	}
}

/* The first number in flight; of a Fast Open connection whose SYN-ACK is not acknowledged, that one's. */
static u32 oldest_seq(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	return tp->fastopen_rsk ? tcp_rsk(tp->fastopen_rsk)->snt_isn : tp->snd_una;
}

int tcp_v4_err(struct sk_buff *skb, u32 info)
{
	TRACE_SKB(skb, "an ICMP error about one of our segments");
	const struct iphdr *iph = (const struct iphdr *)skb->data;
	struct tcphdr *th = (struct tcphdr *)(skb->data + iph->ihl * 4);
	int type = icmp_hdr(skb)->type, code = icmp_hdr(skb)->code, err;
	struct net *net = skb->host->net;
	u32 seq = ntohl(th->seq);
	struct sock *sk;

	sk = __inet_lookup_established(net, tcp_hashinfo(skb->host), iph->daddr, th->dest, iph->saddr,
				       ntohs(th->source), inet_iif(skb), 0);
	if (!sk) {
		ICMP_INC_STATS(net, ICMP_MIB_INERRORS);
		return -ENOENT;
	}
	if (sk->sk_state == TCP_TIME_WAIT) {
		inet_twsk_put(inet_twsk(sk));
		return 0;
	}
	if (sk->sk_state == TCP_NEW_SYN_RECV) {
		tcp_req_err(sk, seq,
			    type == ICMP_PARAMETERPROB || type == ICMP_TIME_EXCEEDED ||
				    (type == ICMP_DEST_UNREACH &&
				     (code == ICMP_NET_UNREACH || code == ICMP_HOST_UNREACH)));
		return 0;
	}
	if (sock_owned_by_user(sk) && !(type == ICMP_DEST_UNREACH && code == ICMP_FRAG_NEEDED))
		NET_INC_STATS(net, LINUX_MIB_LOCKDROPPEDICMPS);
	if (sk->sk_state == TCP_CLOSE)
		goto out;
	if (unlikely(iph->ttl < inet_sk(sk)->min_ttl)) {
		NET_INC_STATS(net, LINUX_MIB_TCPMINTTLDROP);
		goto out;
	}
	/* RFC 5927: who forges an error must guess a sequence number that is in flight */
	if (sk->sk_state != TCP_LISTEN && !between(seq, oldest_seq(sk), tcp_sk(sk)->snd_nxt)) {
		NET_INC_STATS(net, LINUX_MIB_OUTOFWINDOWICMPS);
		goto out;
	}
	err = icmp_to_errno(sk, skb, seq, info);
	if (err)
		report_error(sk, skb, th, err, info);
out:
	sock_put(sk);
	return 0;
}
