/*
 * Sending again: the head of the queue after a timeout, what the input side marked lost (TCPCB_LOST), and the
 * tail loss probe that makes the peer say what is missing before the timeout does.
 *
 * A retransmitted packet keeps its place in the queue and its journey; it moves to the end of the list by
 * time of sending. Nothing is sent again while the first copy still waits in our own device.
 */
#include "stack/transport/tcp_output.h"

bool skb_still_in_host_queue(struct sock *sk, const struct sk_buff *skb)
{
	TRACE_SKB(skb, "does the first copy still wait in our own device?");

	if (likely(!skb_fclone_busy(sk, skb)))
		return false;
	/* tcp_wfree() will let us go on */
	sk->sk_tsq_flags |= TSQF_THROTTLED;
	NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPSPURIOUS_RTX_HOSTQUEUES);
	return true;
}

static bool tcp_can_collapse(const struct sock *sk, const struct sk_buff *skb)
{
	TRACE_SKB(skb, "may the packet be joined with the one before?");

	(void)sk;
	return tcp_skb_pcount(skb) <= 1 && !skb_cloned(skb) &&
	       !(TCP_SKB_CB(skb)->sacked & TCPCB_SACKED_ACKED);
}

/* Joins the next packet to this one: its data, sequence numbers, flags and marks. */
static bool tcp_collapse_retrans(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *next_skb = skb_rb_next(skb);
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	int size = (int)next_skb->len;

	SIM_BUG_ON(sk->host, tcp_skb_pcount(skb) != 1 || tcp_skb_pcount(next_skb) != 1);
	if (size) {
		if (size <= skb_availroom(skb))
			skb_copy_bits(next_skb, 0, skb_put(skb, (unsigned int)size), size);
		else if (!tcp_skb_shift(skb, next_skb, 1, size))
			return false;
	}
	tcp_highest_sack_replace(sk, next_skb, skb);

	tcb->end_seq = TCP_SKB_CB(next_skb)->end_seq;
	tcb->tcp_flags |= TCP_SKB_CB(next_skb)->tcp_flags;
	/* that a part was sent more than once must not be forgotten */
	tcb->sacked |= TCP_SKB_CB(next_skb)->sacked & TCPCB_EVER_RETRANS;
	tcb->eor = TCP_SKB_CB(next_skb)->eor;

	tcp_clear_retrans_hints_partial(tp);
	if (next_skb == tp->retransmit_skb_hint)
		tp->retransmit_skb_hint = skb;
	tcp_adjust_pcount(sk, next_skb, tcp_skb_pcount(next_skb));
	tcp_skb_collapse_tstamp(skb, next_skb);
	tcp_rtx_queue_unlink_and_free(next_skb, sk);
	return true;
}

static void tcp_retrans_try_collapse(struct sock *sk, struct sk_buff *to, int space)
{
	TRACE_SKB(to, "join small packets behind this one to a full segment");
	struct sk_buff *skb = to, *tmp;
	bool first = true;

	if (!sock_net(sk)->ipv4.sysctl_tcp_retrans_collapse || (TCP_SKB_CB(to)->tcp_flags & TCPHDR_SYN))
		return;
	skb_rbtree_walk_from_safe (skb, tmp) {
		if (!tcp_can_collapse(sk, skb) || !tcp_skb_can_collapse(to, skb))
			break;
		space -= (int)skb->len;
		if (first) {
			first = false;
			continue;
		}
		if (space < 0 || after(TCP_SKB_CB(skb)->end_seq, tcp_wnd_end(tcp_sk(sk))))
			break;
		if (!tcp_collapse_retrans(sk, to))
			break;
	}
}

static inline int tcp_rebuild_header(struct sock *sk)
{
	TRACE_OP(sk, "rebuild_header");
	return inet_csk(sk)->icsk_af_ops->rebuild_header(sk);
}

/* Takes off what was acknowledged meanwhile. */
static int tcp_retransmit_trim(struct sock *sk, struct sk_buff *skb)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (likely(!before(TCP_SKB_CB(skb)->seq, tp->snd_una)))
		return 0;
	if (unlikely(before(TCP_SKB_CB(skb)->end_seq, tp->snd_una)))
		return -EINVAL;
	return tcp_trim_head(sk, skb, tp->snd_una - TCP_SKB_CB(skb)->seq) ? -ENOMEM : 0;
}

/* Makes the packet as big as the window and `segs` segments allow, or bigger when it is small. */
static int tcp_retransmit_fit(struct sock *sk, struct sk_buff *skb, unsigned int cur_mss, int segs)
{
	int avail_wnd = (int)(tcp_wnd_end(tcp_sk(sk)) - TCP_SKB_CB(skb)->seq);
	u32 len;

	/* the receiver has taken its window back: only its very next byte is sent, as a probe */
	if (avail_wnd <= 0) {
		if (TCP_SKB_CB(skb)->seq != tcp_sk(sk)->snd_una)
			return -EAGAIN;
		avail_wnd = (int)cur_mss;
	}
	len = cur_mss * (unsigned int)segs;
	if (len > (u32)avail_wnd) {
		len = rounddown((u32)avail_wnd, cur_mss);
		if (!len)
			len = (u32)avail_wnd;
	}
	if (skb->len > len) {
		if (tcp_fragment(sk, TCP_FRAG_IN_RTX_QUEUE, skb, len, cur_mss, GFP_ATOMIC))
			return -ENOMEM;
	} else {
		int diff = tcp_skb_pcount(skb);

		if (skb_unclone(skb, GFP_ATOMIC))
			return -ENOMEM;
		tcp_set_skb_tso_segs(skb, cur_mss);
		diff -= tcp_skb_pcount(skb);
		if (diff)
			tcp_adjust_pcount(sk, skb, diff);
		avail_wnd = min(avail_wnd, (int)cur_mss);
		if ((int)skb->len < avail_wnd)
			tcp_retrans_try_collapse(sk, skb, avail_wnd);
	}
	return 0;
}

/* A SYN that asked for ECN and was not answered is repeated without: some boxes drop it. */
static void tcp_ecn_clear_syn(struct sock *sk, struct sk_buff *skb)
{
	if (sock_net(sk)->ipv4.sysctl_tcp_ecn_fallback)
		TCP_SKB_CB(skb)->tcp_flags &= (u8) ~(TCPHDR_ECE | TCPHDR_CWR);
}

/* What an ACK left of data in the skb's head begins anywhere, but headers lie at multiples of four: send a
 * copy. */
static int tcp_retransmit_aligned(struct sock *sk, struct sk_buff *skb)
{
	int err = -ENOBUFS;
	struct sk_buff *nskb;

	tcp_skb_tsorted_save(skb);
	nskb = __pskb_copy(skb, MAX_TCP_HEADER, GFP_ATOMIC);
	if (nskb) {
		nskb->dev = NULL;
		err = tcp_transmit_skb(sk, nskb, 0, GFP_ATOMIC);
	}
	tcp_skb_tsorted_restore(skb);
	if (!err) {
		tcp_update_skb_after_send(sk, skb, tcp_sk(sk)->tcp_wstamp_ns);
		tcp_rate_skb_sent(sk, skb);
	}
	return err;
}

int __tcp_retransmit_skb(struct sock *sk, struct sk_buff *skb, int segs)
{
	TRACE_SKB(skb, "send a packet again");
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	int err;

	/* the probe of the path's MTU is over, for better or worse */
	inet_csk(sk)->icsk_mtup.probe_size = 0;
	if (skb_still_in_host_queue(sk, skb))
		return -EBUSY;
	err = tcp_retransmit_trim(sk, skb);
	if (unlikely(err))
		return err;
	if (tcp_rebuild_header(sk))
		return -EHOSTUNREACH; /* the route is gone */
	err = tcp_retransmit_fit(sk, skb, tcp_current_mss(sk), segs);
	if (unlikely(err))
		return err;
	if ((tcb->tcp_flags & TCPHDR_SYN_ECN) == TCPHDR_SYN_ECN)
		tcp_ecn_clear_syn(sk, skb);

	segs = tcp_skb_pcount(skb);
	TCP_ADD_STATS(sock_net(sk), TCP_MIB_RETRANSSEGS, segs);
	if (tcb->tcp_flags & TCPHDR_SYN)
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPSYNRETRANS);
	tp->total_retrans += (u32)segs;
	tp->bytes_retrans += skb->len;

	err = (unsigned long)skb->data & 3 ? tcp_retransmit_aligned(sk, skb)
					   : tcp_transmit_skb(sk, skb, 1, GFP_ATOMIC);
	/* whether it left or not: its ACK gives no RTT (Karn) */
	tcb->sacked |= TCPCB_EVER_RETRANS;
	if (unlikely(err && err != -EBUSY))
		NET_ADD_STATS(sock_net(sk), LINUX_MIB_TCPRETRANSFAIL, segs);
	return err;
}

int tcp_retransmit_skb(struct sock *sk, struct sk_buff *skb, int segs)
{
	TRACE_SKB(skb, "re-send the packet and count it as retransmitted");
	struct tcp_sock *tp = tcp_sk(sk);
	int err = __tcp_retransmit_skb(sk, skb, segs);

	if (!err) {
		/* an undo may have taken away its LOST mark only: it is counted already */
		if (!(TCP_SKB_CB(skb)->sacked & TCPCB_SACKED_RETRANS))
			tp->retrans_out += (u32)tcp_skb_pcount(skb);
		TCP_SKB_CB(skb)->sacked |= TCPCB_RETRANS;
	}
	/* the first retransmission's time is what Eifel-style undo and timeouts go by */
	if (!tp->retrans_stamp)
		tp->retrans_stamp = tcp_skb_timestamp(skb);
	if (tp->undo_retrans < 0)
		tp->undo_retrans = 0;
	tp->undo_retrans += tcp_skb_pcount(skb);
	return err;
}

/* One lost packet of the walk; false ends it. */
static bool tcp_xmit_retransmit_one(struct sock *sk, struct sk_buff *skb, int segs)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (tcp_small_queue_check(sk, skb, 1) || tcp_retransmit_skb(sk, skb, segs))
		return false;
	NET_ADD_STATS(sock_net(sk),
		      inet_csk(sk)->icsk_ca_state != TCP_CA_Loss ? LINUX_MIB_TCPFASTRETRANS
								 : LINUX_MIB_TCPSLOWSTARTRETRANS,
		      tcp_skb_pcount(skb));
	if (tcp_in_cwnd_reduction(sk))
		tp->prr_out += (u32)tcp_skb_pcount(skb);
	return true;
}

void tcp_xmit_retransmit_queue(struct sock *sk)
{
	TRACE_SK(sk, "send again what is marked lost, as far as the window allows");
	const struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb, *rtx_head, *hole = NULL;
	bool rearm_timer = false;
	u32 max_segs;

	if (!tp->packets_out)
		return;
	rtx_head = tcp_rtx_queue_head(sk);
	skb = tp->retransmit_skb_hint ? tp->retransmit_skb_hint : rtx_head;
	max_segs = tcp_tso_segs(sk, tcp_current_mss(sk));
	skb_rbtree_walk_from (skb) {
		u8 sacked = TCP_SKB_CB(skb)->sacked;
		int segs;

		if (tcp_pacing_check(sk))
			break;
		/* the next call starts here, unless a hole was passed */
		if (!hole)
			tp->retransmit_skb_hint = skb;
		segs = (int)tp->snd_cwnd - (int)tcp_packets_in_flight(tp);
		if (segs <= 0)
			break;
		segs = min(segs, (int)max_segs); /* the window may have grown in one go after a timeout */
		if (tp->retrans_out >= tp->lost_out)
			break;
		if (!(sacked & TCPCB_LOST)) {
			if (!hole && !(sacked & (TCPCB_SACKED_RETRANS | TCPCB_SACKED_ACKED)))
				hole = skb;
			continue;
		}
		if (sacked & (TCPCB_SACKED_ACKED | TCPCB_SACKED_RETRANS))
			continue;
		if (!tcp_xmit_retransmit_one(sk, skb, segs))
			break;
		if (skb == rtx_head && icsk->icsk_pending != ICSK_TIME_REO_TIMEOUT)
			rearm_timer = true;
	}
	if (rearm_timer)
		tcp_reset_xmit_timer(sk, ICSK_TIME_RETRANS, icsk->icsk_rto, TCP_RTO_MAX);
}

/* ---- tail loss probe (RFC 8985) ---- */

bool tcp_schedule_loss_probe(struct sock *sk, bool advancing_rto)
{
	TRACE_SK(sk, "set the timer of the tail loss probe, well before the retransmission's");
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	u8 early_retrans = sock_net(sk)->ipv4.sysctl_tcp_early_retrans;
	unsigned long timeout;
	s64 rto_delta_us;

	if (tp->fastopen_rsk)
		return false;
	if ((early_retrans != 3 && early_retrans != 4) || !tp->packets_out || !tcp_is_sack(tp) ||
	    (icsk->icsk_ca_state != TCP_CA_Open && icsk->icsk_ca_state != TCP_CA_CWR))
		return false;

	/* two RTTs; a single segment's ACK may be delayed on top */
	timeout = TCP_TIMEOUT_INIT;
	if (tp->srtt_us) {
		timeout = usecs_to_jiffies(tp->srtt_us >> 2);
		timeout += tp->packets_out == 1 ? TCP_RTO_MIN : TCP_TIMEOUT_MIN;
	}
	rto_delta_us = advancing_rto ? (s64)jiffies_to_usecs(icsk->icsk_rto) : tcp_rto_delta_us(sk);
	if (rto_delta_us > 0)
		timeout = min(timeout, usecs_to_jiffies((unsigned int)rto_delta_us));
	tcp_reset_xmit_timer(sk, ICSK_TIME_LOSS_PROBE, timeout, TCP_RTO_MAX);
	return true;
}

/* Sends the last segment again; false when that did not work. */
static bool tcp_probe_with_last_segment(struct sock *sk, unsigned int mss)
{
	struct sk_buff *skb = tcp_rtx_queue_tail(sk);
	int pcount;

	if (skb_still_in_host_queue(sk, skb))
		return false;
	pcount = tcp_skb_pcount(skb);
	if (unlikely(!pcount))
		return false;
	if (pcount > 1 && skb->len > (u32)(pcount - 1) * mss) {
		u32 all_but_last = (u32)(pcount - 1) * mss;

		if (unlikely(tcp_fragment(sk, TCP_FRAG_IN_RTX_QUEUE, skb, all_but_last, mss, GFP_ATOMIC)))
			return false;
		skb = skb_rb_next(skb);
	}
	if (!skb || !tcp_skb_pcount(skb) || __tcp_retransmit_skb(sk, skb, 1))
		return false;
	tcp_sk(sk)->tlp_retrans = 1;
	return true;
}

/* New data if there is some that the receiver would take, else the last segment once more. */
static bool tcp_send_probe_segment(struct sock *sk, unsigned int mss)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb = tcp_send_head(sk);

	tp->tlp_retrans = 0;
	if (skb && tcp_snd_wnd_test(tp, skb, mss)) {
		u32 pcount = tp->packets_out;

		tcp_write_xmit(sk, mss, TCP_NAGLE_OFF, 2, GFP_ATOMIC);
		return tp->packets_out > pcount;
	}
	return tcp_probe_with_last_segment(sk, mss);
}

void tcp_send_loss_probe(struct sock *sk)
{
	TRACE_SK(sk, "probe for the loss of the last segments: send one more");
	struct tcp_sock *tp = tcp_sk(sk);
	unsigned int mss = tcp_current_mss(sk);

	/* one probe at a time */
	if (!tp->tlp_high_seq) {
		if (unlikely(!tcp_send_head(sk) && tcp_rtx_queue_empty(sk))) {
			inet_csk(sk)->icsk_pending = 0;
			return;
		}
		if (tcp_send_probe_segment(sk, mss)) {
			tp->tlp_high_seq = tp->snd_nxt;
			NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPLOSSPROBES);
			inet_csk(sk)->icsk_pending = 0;
		}
	}
	tcp_rearm_rto(sk);
}
