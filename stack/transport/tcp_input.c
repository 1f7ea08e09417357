/*
 * Segments of a connection in ESTABLISHED, and the checks that every state makes of a segment.
 *
 * tcp_v4_do_rcv() calls tcp_rcv_established(). Two kinds of segments make up nearly all of a transfer:
 * the next data, and an ACK of what we sent. Header prediction recognises them by one comparison
 * (pred_flags) and treats them on the fast path; whatever is not as predicted takes the slow path:
 * checks (tcp_validate_incoming), then ACK, urgent data, data, and what has to be sent because of them.
 */
#include "core/random.h"
#include "stack/transport/tcp_input.h"

void tcp_drop(struct sock *sk, struct sk_buff *skb, enum skb_drop_reason reason)
{
	TRACE_SKB(skb, "drop a segment, and count that for the socket");

	sk->sk_drops++;
	kfree_skb_reason(skb, reason);
}

/* ---- out-of-window segments and challenge ACKs (RFC 5961) ---- */

/* One answer per sysctl_tcp_invalid_ratelimit: two ends out of step must not ACK each other for ever. */
static bool __tcp_oow_rate_limited(struct net *net, int mib_idx, u32 *last_oow_ack_time)
{
	TRACE(net, "was one answered only a moment ago?");
	u32 now = tcp_jiffies32(net->host);

	if (*last_oow_ack_time) {
		s32 elapsed = (s32)(now - *last_oow_ack_time);

		if (elapsed >= 0 && elapsed < net->ipv4.sysctl_tcp_invalid_ratelimit) {
			NET_INC_STATS(net, mib_idx);
			return true;
		}
	}
	*last_oow_ack_time = now ? now : 1;
	return false;
}

bool tcp_oow_rate_limited(struct net *net, const struct sk_buff *skb, int mib_idx, u32 *last_oow_ack_time)
{
	TRACE_SKB(skb, "was an out-of-window segment answered only a moment ago?");

	/* data is a real peer's: it must not wait for its answer */
	if (TCP_SKB_CB(skb)->seq != TCP_SKB_CB(skb)->end_seq && !tcp_hdr(skb)->syn)
		return false;
	return __tcp_oow_rate_limited(net, mib_idx, last_oow_ack_time);
}

/*
 * The host's budget of challenge ACKs in each second. Half of it is drawn by chance, so that a stranger
 * cannot learn from the budget whether his guess of a sequence number made us spend one (CVE-2016-5696).
 */
static bool tcp_challenge_ack_allowed(struct net *net)
{
	struct tcp_state *ts = net->tcp;
	u32 limit = (u32)net->ipv4.sysctl_tcp_challenge_ack_limit;
	u32 second = (u32)(jiffies(net->host) / HZ) + 1; /* 0: none was sent yet */

	if (limit == S32_MAX)
		return true;
	if (ts->challenge_timestamp != second) {
		ts->challenge_timestamp = second;
		ts->challenge_count = (limit + 1) >> 1;
		if (limit)
			ts->challenge_count += random_below(&ts->seq.random, limit);
	}
	if (!ts->challenge_count)
		return false;
	ts->challenge_count--;
	return true;
}

void tcp_send_challenge_ack(struct sock *sk)
{
	TRACE_SK(sk, "answer a dubious segment with an ACK, so that a real peer can prove itself");
	struct net *net = sock_net(sk);

	if (__tcp_oow_rate_limited(net, LINUX_MIB_TCPACKSKIPPEDCHALLENGE, &tcp_sk(sk)->last_oow_ack_time))
		return;
	if (tcp_challenge_ack_allowed(net)) {
		NET_INC_STATS(net, LINUX_MIB_TCPCHALLENGEACK);
		tcp_send_ack(sk);
	}
}

/* The same for a half-open connection. */
void tcp_reqsk_send_challenge_ack(struct sock *sk, struct sk_buff *skb, struct request_sock *req)
{
	TRACE_SKB(skb, "answer a dubious RST for a half-open connection with an ACK");
	struct net *net = sock_net(sk);

	if (__tcp_oow_rate_limited(net, LINUX_MIB_TCPACKSKIPPEDCHALLENGE, &tcp_rsk(req)->last_oow_ack_time))
		return;
	if (tcp_challenge_ack_allowed(net)) {
		NET_INC_STATS(net, LINUX_MIB_TCPCHALLENGEACK);
		TRACE_OP(skb, "send_ack");
		req->rsk_ops->send_ack(sk, skb, req);
	}
}

/* ---- is the segment acceptable? ---- */

/*
 * A pure ACK whose time stamp went back a little may just have been overtaken: it is no reason for PAWS
 * to speak up when it says nothing new.
 */
static bool tcp_disordered_ack(const struct sock *sk, const struct sk_buff *skb)
{
	TRACE_SKB(skb, "is it a pure ACK that says nothing new, only overtaken?");
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct tcphdr *th = tcp_hdr(skb);
	u32 seq = TCP_SKB_CB(skb)->seq, ack = TCP_SKB_CB(skb)->ack_seq;
	s32 back = (s32)(tp->rx_opt.ts_recent - tp->rx_opt.rcv_tsval);

	return th->ack && seq == TCP_SKB_CB(skb)->end_seq && seq == tp->rcv_nxt && ack == tp->snd_una &&
	       !tcp_may_update_window(tp, ack, seq, (u32)ntohs(th->window) << tp->rx_opt.snd_wscale) &&
	       back <= (s32)(inet_csk(sk)->icsk_rto * 1200 / HZ);
}

static inline bool tcp_paws_discard(const struct sock *sk, const struct sk_buff *skb)
{
	return !tcp_paws_check(sk->host, &tcp_sk(sk)->rx_opt, TCP_PAWS_WINDOW) &&
	       !tcp_disordered_ack(sk, skb);
}

/* Does any of it lie in the receive window? */
static inline bool tcp_sequence(const struct tcp_sock *tp, u32 seq, u32 end_seq)
{
	return !before(end_seq, tp->rcv_wup) && !after(seq, tp->rcv_nxt + tcp_receive_window(tp));
}

/* After the peer's FIN, some stacks count a RST's sequence number without it. */
static bool tcp_reset_check(const struct sock *sk, const struct sk_buff *skb)
{
	return unlikely(TCP_SKB_CB(skb)->seq == tcp_sk(sk)->rcv_nxt - 1 &&
			((1 << sk->sk_state) & (TCPF_CLOSE_WAIT | TCPF_LAST_ACK | TCPF_CLOSING)));
}

/* RFC 5961: a RST must hit rcv_nxt exactly, or the right edge of what we SACKed: the peer may count from it.
 */
static bool tcp_reset_exact(const struct sock *sk, const struct sk_buff *skb)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 seq = TCP_SKB_CB(skb)->seq, edge;

	if (seq == tp->rcv_nxt || tcp_reset_check(sk, skb))
		return true;
	if (!tcp_is_sack(tp) || !tp->rx_opt.num_sacks || tp->rx_opt.dsack)
		return false;
	edge = tp->selective_acks[0].end_seq;
	for (int i = 1; i < tp->rx_opt.num_sacks; i++)
		if (after(tp->selective_acks[i].end_seq, edge))
			edge = tp->selective_acks[i].end_seq;
	return seq == edge;
}

/* The SYN-ACK that ends a simultaneous open: exactly what we wait for. */
static bool tcp_crossed_synack(const struct sock *sk, const struct sk_buff *skb, const struct tcphdr *th)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	return sk->sk_state == TCP_SYN_RECV && sk->sk_socket && th->ack && cb->seq + 1 == cb->end_seq &&
	       cb->seq + 1 == tcp_sk(sk)->rcv_nxt && cb->ack_seq == tcp_sk(sk)->snd_nxt;
}

static void tcp_syn_challenge(struct sock *sk, int syn_inerr)
{
	if (syn_inerr)
		TCP_INC_STATS(sock_net(sk), TCP_MIB_INERRS);
	NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPSYNCHALLENGE);
	tcp_send_challenge_ack(sk);
}

bool tcp_validate_incoming(struct sock *sk, struct sk_buff *skb, const struct tcphdr *th, int syn_inerr)
{
	TRACE_SKB(skb, "is the segment acceptable: time stamp, sequence number, RST, SYN?");
	struct tcp_sock *tp = tcp_sk(sk);
	struct net *net = sock_net(sk);
	enum skb_drop_reason reason;

	if (tcp_fast_parse_options(net, skb, th, tp) && tp->rx_opt.saw_tstamp && tcp_paws_discard(sk, skb) &&
	    !th->rst) {
		NET_INC_STATS(net, LINUX_MIB_PAWSESTABREJECTED);
		if (!tcp_oow_rate_limited(net, skb, LINUX_MIB_TCPACKSKIPPEDPAWS, &tp->last_oow_ack_time))
			tcp_send_dupack(sk, skb);
		reason = SKB_DROP_REASON_TCP_RFC7323_PAWS;
		goto discard;
	}

	if (!tcp_sequence(tp, TCP_SKB_CB(skb)->seq, TCP_SKB_CB(skb)->end_seq)) {
		reason = SKB_DROP_REASON_TCP_INVALID_SEQUENCE;
		if (th->rst) {
			if (tcp_reset_check(sk, skb))
				goto reset;
		} else if (th->syn) {
			goto syn_challenge;
		} else if (!tcp_oow_rate_limited(net, skb, LINUX_MIB_TCPACKSKIPPEDSEQ,
						 &tp->last_oow_ack_time)) {
			tcp_send_dupack(sk, skb);
		}
		goto discard;
	}

	if (th->rst) {
		if (tcp_reset_exact(sk, skb))
			goto reset;
		tcp_send_challenge_ack(sk);
		reason = SKB_DROP_REASON_TCP_RESET;
		goto discard;
	}
	if (likely(!th->syn) || tcp_crossed_synack(sk, skb, th))
		return true;

syn_challenge:
	tcp_syn_challenge(sk, syn_inerr);
	reason = SKB_DROP_REASON_TCP_INVALID_SYN;
discard:
	tcp_drop(sk, skb, reason);
	return false;
reset:
	tcp_reset(sk, skb);
	__kfree_skb(skb);
	return false;
}

/* ---- urgent data ---- */

/* Takes note of an urgent pointer that is further on than the last one. */
static void tcp_check_urg(struct sock *sk, const struct tcphdr *th)
{
	TRACE_SK(sk, "an urgent pointer came: is it new?");
	struct tcp_sock *tp = tcp_sk(sk);
	u32 ptr = ntohs(th->urg_ptr);

	if (ptr && !sock_net(sk)->ipv4.sysctl_tcp_stdurg)
		ptr--;
	ptr += ntohl(th->seq);

	if (after(tp->copied_seq, ptr) || before(ptr, tp->rcv_nxt) ||
	    (tp->urg_data && !after(ptr, tp->urg_seq)))
		return;

	sk_send_sigurg(sk);
	/* the program never fetched the urgent byte before: step over it, it is no normal data */
	if (tp->urg_seq == tp->copied_seq && tp->urg_data && !sock_flag(sk, SOCK_URGINLINE) &&
	    tp->copied_seq != tp->rcv_nxt) {
		struct sk_buff *skb = skb_peek(&sk->sk_receive_queue);

		tp->copied_seq++;
		if (skb && !before(tp->copied_seq, TCP_SKB_CB(skb)->end_seq)) {
			__skb_unlink(skb, &sk->sk_receive_queue);
			__kfree_skb(skb);
		}
	}
	tp->urg_data = TCP_URG_NOTYET;
	tp->urg_seq = ptr;
	tp->pred_flags = 0; /* from now on the slow path has to look */
}

void tcp_urg(struct sock *sk, struct sk_buff *skb, const struct tcphdr *th)
{
	TRACE_SKB(skb, "look for urgent data");
	struct tcp_sock *tp = tcp_sk(sk);
	u32 ptr;
	u8 byte;

	if (unlikely(th->urg))
		tcp_check_urg(sk, th);
	if (likely(tp->urg_data != TCP_URG_NOTYET))
		return;
	ptr = tp->urg_seq - ntohl(th->seq) + th->doff * 4 - th->syn;
	if (ptr < skb->len && !skb_copy_bits(skb, (int)ptr, &byte, 1)) {
		tp->urg_data = TCP_URG_VALID | byte;
		if (!sock_flag(sk, SOCK_DEAD))
			sk_call_data_ready(sk);
	}
}

/* ---- what has to be sent because of what came ---- */

void tcp_data_snd_check(struct sock *sk)
{
	TRACE_SK(sk, "send what the segment made possible to send");

	tcp_push_pending_frames(sk);
	tcp_check_space(sk);
}

void tcp_ack_snd_check(struct sock *sk)
{
	TRACE_SK(sk, "send an ACK if one is due");

	if (inet_csk_ack_scheduled(sk))
		__tcp_ack_snd_check(sk, 1);
}

/* ---- ESTABLISHED ---- */

static void tcp_csum_error(struct sock *sk, struct sk_buff *skb)
{
	TCP_INC_STATS(sock_net(sk), TCP_MIB_CSUMERRORS);
	TCP_INC_STATS(sock_net(sk), TCP_MIB_INERRS);
	tcp_drop(sk, skb, SKB_DROP_REASON_TCP_CSUM);
}

/* The checked segment: its ACK, its data, and what they set off. */
static void tcp_established_step5(struct sock *sk, struct sk_buff *skb, const struct tcphdr *th)
{
	int reason = tcp_ack(sk, skb, FLAG_SLOWPATH | FLAG_UPDATE_TS_RECENT);

	if (reason < 0) {
		tcp_drop(sk, skb, (enum skb_drop_reason) - reason);
		return;
	}
	tcp_rcv_rtt_measure_ts(sk, skb);
	tcp_urg(sk, skb, th);
	tcp_data_queue(sk, skb);
	tcp_data_snd_check(sk);
	tcp_ack_snd_check(sk);
}

static void tcp_established_slow(struct sock *sk, struct sk_buff *skb, const struct tcphdr *th, u32 len)
{
	if (len < th->doff * 4u || tcp_checksum_complete(skb)) {
		tcp_csum_error(sk, skb);
		return;
	}
	if (!th->ack && !th->rst && !th->syn) {
		tcp_drop(sk, skb, SKB_DROP_REASON_TCP_FLAGS);
		return;
	}
	if (tcp_validate_incoming(sk, skb, th, 1))
		tcp_established_step5(sk, skb, th);
}

/* A time stamp of a predicted segment may be kept when it is the next in line after our last ACK. */
static inline void tcp_predicted_ts(struct tcp_sock *tp, u32 header_len)
{
	if (header_len == sizeof(struct tcphdr) + TCPOLEN_TSTAMP_ALIGNED && tp->rcv_nxt == tp->rcv_wup)
		tcp_store_ts_recent(tp);
}

/* We send and the peer acknowledges. */
static void tcp_established_pure_ack(struct sock *sk, struct sk_buff *skb, u32 header_len)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tcp_predicted_ts(tp, header_len);
	tcp_ack(sk, skb, 0);
	__kfree_skb(skb);
	tcp_data_snd_check(sk);
	/* the echo was used for the sender's RTT: it says nothing about the receiver's */
	tp->rcv_rtt_last_tsecr = tp->rx_opt.rcv_tsecr;
}

/* We receive: the next data in order, and room for it. */
static void tcp_established_data(struct sock *sk, struct sk_buff *skb, u32 header_len)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool fragstolen = false;
	int eaten;

	tcp_predicted_ts(tp, header_len);
	tcp_rcv_rtt_measure_ts(sk, skb);
	NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPHPHITS);

	skb_dst_drop(skb);
	__skb_pull(skb, header_len);
	eaten = tcp_queue_rcv(sk, skb, &fragstolen);
	tcp_event_data_recv(sk, skb);

	if (TCP_SKB_CB(skb)->ack_seq != tp->snd_una) {
		tcp_ack(sk, skb, FLAG_DATA);
		tcp_data_snd_check(sk);
		if (inet_csk_ack_scheduled(sk))
			__tcp_ack_snd_check(sk, 0);
	} else {
		tcp_update_wl(tp, TCP_SKB_CB(skb)->seq);
		__tcp_ack_snd_check(sk, 0);
	}
	if (eaten)
		kfree_skb_partial(skb, fragstolen);
	tcp_data_ready(sk);
}

void tcp_rcv_established(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "receive a segment of an established connection");
	const struct tcphdr *th = (const struct tcphdr *)skb->data;
	struct tcp_sock *tp = tcp_sk(sk);
	u32 len = skb->len, header_len = tp->tcp_header_len;

	tcp_mstamp_refresh(tp);
	tp->rx_opt.saw_tstamp = 0;

	if ((tcp_flag_word(th) & TCP_HP_BITS) != tp->pred_flags || TCP_SKB_CB(skb)->seq != tp->rcv_nxt ||
	    after(TCP_SKB_CB(skb)->ack_seq, tp->snd_nxt))
		goto slow;
	if (header_len == sizeof(struct tcphdr) + TCPOLEN_TSTAMP_ALIGNED) {
		/* there should be a time stamp, no older than the last: else the slow path judges */
		if (!tcp_parse_aligned_timestamp(tp, th) ||
		    (s32)(tp->rx_opt.rcv_tsval - tp->rx_opt.ts_recent) < 0)
			goto slow;
	}

	if (len > header_len) {
		if (tcp_checksum_complete(skb)) {
			tcp_csum_error(sk, skb);
			return;
		}
		if ((int)skb->truesize > sk->sk_forward_alloc) {
			tcp_established_step5(sk, skb, th);
			return;
		}
		tcp_established_data(sk, skb, header_len);
	} else if (len == header_len) {
		tcp_established_pure_ack(sk, skb, header_len);
	} else {
		TCP_INC_STATS(sock_net(sk), TCP_MIB_INERRS);
		tcp_drop(sk, skb, SKB_DROP_REASON_PKT_TOO_SMALL);
	}
	return;
slow:
	tcp_established_slow(sk, skb, th, len);
}
