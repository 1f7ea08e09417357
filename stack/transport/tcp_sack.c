/*
 * The scoreboard: the SACK blocks of an ACK (RFC 2018, RFC 2883) mark the segments of the retransmission
 * queue that the peer has.
 *
 * A block that lies outside of what was sent, or whose ends are the wrong way round, is not believed. The
 * first block may be a duplicate SACK: data that came twice, below the ACK or within the second block. What
 * was marked by the ACK before (recv_sack_cache) is not walked again, so that a long queue costs a step per
 * newly SACKed segment and not per ACK and segment.
 */
#include "stack/skb/skb_copy.h"
#include "stack/transport/tcp_input.h"

/*
 * Is the block believable? Normally it lies within snd_una to snd_nxt. A duplicate SACK may lie below, as far
 * as the data that this recovery sent again, or the largest window back from there.
 */
static bool tcp_is_sackblock_valid(struct tcp_sock *tp, bool is_dsack, u32 start_seq, u32 end_seq)
{
	if (after(end_seq, tp->snd_nxt) || !before(start_seq, end_seq) || !before(start_seq, tp->snd_nxt))
		return false;
	if (after(start_seq, tp->snd_una))
		return true;
	if (!is_dsack || !tp->undo_marker)
		return false;
	if (after(end_seq, tp->snd_una))
		return false; /* it would straddle snd_una */
	if (!before(start_seq, tp->undo_marker))
		return true;
	if (!after(end_seq, tp->undo_marker))
		return false; /* too old to say anything about this recovery */
	return !before(start_seq, end_seq - tp->max_window);
}

/* ---- duplicate SACKs ---- */

/* How many segments came twice; 0 when the claim is not credible. */
static u32 tcp_dsack_seen(struct tcp_sock *tp, u32 start_seq, u32 end_seq, struct tcp_sacktag_state *state)
{
	TRACE_SK((struct sock *)tp, "how many segments did the peer receive twice?");
	u32 seq_len, dup_segs = 1;

	if (!before(start_seq, end_seq))
		return 0;
	seq_len = end_seq - start_seq;
	if (seq_len > tp->max_window)
		return 0;
	if (seq_len > tp->mss_cache)
		dup_segs = DIV_ROUND_UP(seq_len, tp->mss_cache);
	else if (tp->tlp_high_seq && tp->tlp_high_seq == end_seq)
		state->flag |= FLAG_DSACK_TLP;

	tp->dsack_dups += dup_segs;
	if (tp->dsack_dups > tp->total_retrans)
		return 0; /* more than was ever sent twice */

	tp->rx_opt.sack_ok |= TCP_DSACK_SEEN;
	if (tp->reord_seen && !(state->flag & FLAG_DSACK_TLP))
		tp->rack.dsack_seen = 1;
	state->flag |= FLAG_DSACKING_ACK;
	state->sack_delivered += dup_segs; /* it was delivered, even though in vain */
	return dup_segs;
}

/* Is the first block a duplicate SACK? If so, counts it. */
static bool tcp_check_dsack(struct sock *sk, const struct sk_buff *ack_skb, const struct tcp_sack_block *sp,
			    int num_sacks, u32 prior_snd_una, struct tcp_sacktag_state *state)
{
	TRACE_SKB(ack_skb, "is the first SACK block about data that came twice?");
	struct net *net = sock_net(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 start = sp[0].start_seq, end = sp[0].end_seq, dup_segs;

	if (before(start, TCP_SKB_CB(ack_skb)->ack_seq))
		NET_INC_STATS(net, LINUX_MIB_TCPDSACKRECV);
	else if (num_sacks > 1 && !after(end, sp[1].end_seq) && !before(start, sp[1].start_seq))
		NET_INC_STATS(net, LINUX_MIB_TCPDSACKOFORECV);
	else
		return false;

	dup_segs = tcp_dsack_seen(tp, start, end, state);
	if (!dup_segs) {
		NET_INC_STATS(net, LINUX_MIB_TCPDSACKIGNOREDDUBIOUS);
		return false;
	}
	NET_ADD_STATS(net, LINUX_MIB_TCPDSACKRECVSEGS, dup_segs);

	/* of data that has left the queue: nothing else would count it for the undo */
	if (tp->undo_marker && tp->undo_retrans > 0 && !after(end, prior_snd_una) &&
	    after(end, tp->undo_marker))
		tp->undo_retrans = max_t(int, 0, tp->undo_retrans - (int)dup_segs);
	return true;
}

/* ---- marking ---- */

/*
 * Does the segment lie within the block? A TSO packet of which a part does is split at a segment's border.
 * Negative when that failed, or less than a segment of it lies within.
 */
static int tcp_match_skb_to_sack(struct sock *sk, struct sk_buff *skb, u32 start_seq, u32 end_seq)
{
	u32 seq = TCP_SKB_CB(skb)->seq, skb_end = TCP_SKB_CB(skb)->end_seq, mss, len;
	bool in_sack = !after(start_seq, seq) && !before(end_seq, skb_end);
	int err;

	if (in_sack || tcp_skb_pcount(skb) <= 1 || !after(skb_end, start_seq))
		return in_sack;

	/* cut either what lies before the block, or what lies within it, off the front */
	mss = (u32)tcp_skb_mss(skb);
	in_sack = !after(start_seq, seq);
	if (in_sack) {
		len = end_seq - seq;
		if (len < mss)
			return -EINVAL;
	} else {
		len = max(start_seq - seq, mss);
	}
	if (len > mss) {
		u32 whole = len / mss * mss;

		if (!in_sack && whole < len)
			whole += mss;
		len = whole;
	}
	if (len >= skb->len && !in_sack)
		return 0;
	err = tcp_fragment(sk, TCP_FRAG_IN_RTX_QUEUE, skb, len, mss, GFP_ATOMIC);
	return err < 0 ? err : in_sack;
}

/* A duplicate SACK of a segment that was sent again: one retransmission less to be disproved. */
static void tcp_sacktag_dup(struct tcp_sock *tp, struct tcp_sacktag_state *state, const struct sk_buff *skb)
{
	const struct tcp_skb_cb *scb = TCP_SKB_CB(skb);

	if (!(scb->sacked & TCPCB_RETRANS))
		return;
	if (tp->undo_marker && tp->undo_retrans > 0 && after(scb->end_seq, tp->undo_marker))
		tp->undo_retrans = max_t(int, 0, tp->undo_retrans - tcp_skb_pcount(skb));
	if ((scb->sacked & TCPCB_SACKED_ACKED) && before(scb->seq, state->reord))
		state->reord = scb->seq;
}

/* A segment is SACKed for the first time. Returns its bits. */
static u8 tcp_sacktag_new(struct tcp_sock *tp, struct tcp_sacktag_state *state, const struct sk_buff *skb)
{
	const struct tcp_skb_cb *scb = TCP_SKB_CB(skb);
	u64 xmit_time = tcp_skb_timestamp_us(skb);
	u32 pcount = (u32)tcp_skb_pcount(skb);
	u8 sacked = scb->sacked;

	tcp_rack_advance(tp, sacked, scb->end_seq, xmit_time);

	if (sacked & TCPCB_SACKED_RETRANS) {
		/* which of the two came nobody knows; if it was lost, it was the second */
		if (sacked & TCPCB_LOST) {
			sacked &= (u8) ~(TCPCB_LOST | TCPCB_SACKED_RETRANS);
			tp->lost_out -= pcount;
			tp->retrans_out -= pcount;
		}
	} else {
		if (!(sacked & TCPCB_RETRANS)) {
			/* never sent again, and below others that came before: reordering */
			if (before(scb->seq, tcp_highest_sack_seq(tp)) && before(scb->seq, state->reord))
				state->reord = scb->seq;
			if (!after(scb->end_seq, tp->high_seq))
				state->flag |= FLAG_ORIG_SACK_ACKED;
			if (!state->timed)
				state->first_sackt = xmit_time;
			state->timed = true;
			state->last_sackt = xmit_time;
		}
		if (sacked & TCPCB_LOST) {
			sacked &= (u8)~TCPCB_LOST;
			tp->lost_out -= pcount;
		}
	}
	state->flag |= FLAG_DATA_SACKED;
	tp->sacked_out += pcount;
	state->sack_delivered += pcount;
	return sacked | TCPCB_SACKED_ACKED;
}

static void tcp_sacktag_one(struct sock *sk, struct sk_buff *skb, bool dup_sack,
			    struct tcp_sacktag_state *state)
{
	TRACE_SKB(skb, "mark a segment as received by the peer");
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_skb_cb *scb = TCP_SKB_CB(skb);

	if (dup_sack)
		tcp_sacktag_dup(tp, state, skb);
	/* below snd_una: it is about to leave the queue anyway */
	if (!after(scb->end_seq, tp->snd_una))
		return;
	if (!(scb->sacked & TCPCB_SACKED_ACKED))
		scb->sacked = tcp_sacktag_new(tp, state, skb);
	/* both came: the retransmission is not under way any more */
	if (dup_sack && (scb->sacked & TCPCB_SACKED_RETRANS)) {
		scb->sacked &= (u8)~TCPCB_SACKED_RETRANS;
		tp->retrans_out -= (u32)tcp_skb_pcount(skb);
	}
}

/* The first segment that ends behind `seq`. */
static struct sk_buff *tcp_sacktag_bsearch(struct sock *sk, u32 seq)
{
	struct rb_node *p = sk->tcp_rtx_queue.rb_node;
	struct sk_buff *found = NULL;

	while (p) {
		struct sk_buff *skb = rb_to_skb(p);

		if (after(TCP_SKB_CB(skb)->end_seq, seq)) {
			found = skb;
			p = p->rb_left;
		} else {
			p = p->rb_right;
		}
	}
	return found;
}

static void tcp_sacktag_walk(struct sock *sk, struct tcp_sacktag_state *state, u32 start_seq, u32 end_seq,
			     bool dup_sack)
{
	TRACE_SK(sk, "mark the segments of a SACK block");
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb = tcp_sacktag_bsearch(sk, start_seq);

	skb_rbtree_walk_from (skb) {
		int in_sack;

		if (!before(TCP_SKB_CB(skb)->seq, end_seq))
			break;
		in_sack = tcp_match_skb_to_sack(sk, skb, start_seq, end_seq);
		if (unlikely(in_sack < 0))
			break;
		if (!in_sack)
			continue;
		tcp_sacktag_one(sk, skb, dup_sack, state);
		tcp_rate_skb_delivered(sk, skb, state->rate);
		if (TCP_SKB_CB(skb)->sacked & TCPCB_SACKED_ACKED)
			list_del_init(&skb->tcp_tsorted_anchor);
		if (!before(TCP_SKB_CB(skb)->seq, tcp_highest_sack_seq(tp)))
			tcp_advance_highest_sack(sk, skb);
	}
}

/* Marks what lies in a block but in none of the last ACK's. */
static void tcp_sacktag_block(struct sock *sk, struct tcp_sacktag_state *state,
			      const struct tcp_sack_block *sp, bool use_cache)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 seq = sp->start_seq;

	for (unsigned int i = 0; use_cache && i < ARRAY_SIZE(tp->recv_sack_cache); i++) {
		const struct tcp_sack_block *cache = &tp->recv_sack_cache[i];

		if (cache->start_seq == cache->end_seq || !after(cache->end_seq, seq))
			continue;
		if (!before(cache->start_seq, sp->end_seq))
			break;
		if (before(seq, cache->start_seq))
			tcp_sacktag_walk(sk, state, seq, cache->start_seq, false);
		seq = cache->end_seq;
	}
	if (before(seq, sp->end_seq))
		tcp_sacktag_walk(sk, state, seq, sp->end_seq, false);
}

/* ---- the blocks of an ACK ---- */

/* Reads them off the header where tcp_parse_options() found them; returns how many. */
static int tcp_sack_blocks_read(const struct sk_buff *ack_skb, struct tcp_sack_block *sp)
{
	const u8 *ptr = skb_transport_header(ack_skb) + TCP_SKB_CB(ack_skb)->sacked;
	int n = min_t(int, TCP_NUM_SACKS, (ptr[1] - TCPOLEN_SACK_BASE) / TCPOLEN_SACK_PERBLOCK);

	ptr += TCPOLEN_SACK_BASE;
	for (int i = 0; i < n; i++, ptr += TCPOLEN_SACK_PERBLOCK) {
		sp[i].start_seq = get_unaligned_be32(ptr);
		sp[i].end_seq = get_unaligned_be32(ptr + 4);
	}
	return n;
}

static void tcp_sack_block_discard(struct sock *sk, const struct sk_buff *ack_skb,
				   const struct tcp_sack_block *sp, bool dup_sack)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	int mib = LINUX_MIB_TCPSACKDISCARD;

	if (dup_sack)
		mib = tp->undo_marker ? LINUX_MIB_TCPDSACKIGNOREDOLD : LINUX_MIB_TCPDSACKIGNOREDNOUNDO;
	else if (TCP_SKB_CB(ack_skb)->ack_seq != tp->snd_una && !after(sp->end_seq, tp->snd_una))
		return; /* the ACK was overtaken: nothing wrong with it */
	NET_INC_STATS(sock_net(sk), mib);
}

/* Keeps the believable blocks that say something, in order; a duplicate SACK's goes to `dup`. */
static int tcp_sack_blocks_sort(struct sock *sk, const struct sk_buff *ack_skb, struct tcp_sack_block *sp,
				int n, u32 prior_snd_una, bool found_dup, struct tcp_sack_block *dup)
{
	int used = 0;

	for (int i = 0; i < n; i++) {
		struct tcp_sack_block block = sp[i];
		bool is_dup = !i && found_dup;
		int at;

		if (!tcp_is_sackblock_valid(tcp_sk(sk), is_dup, block.start_seq, block.end_seq)) {
			tcp_sack_block_discard(sk, ack_skb, &block, is_dup);
			continue;
		}
		if (!after(block.end_seq, prior_snd_una))
			continue;
		if (is_dup) {
			*dup = block;
			continue;
		}
		for (at = used++; at > 0 && after(sp[at - 1].start_seq, block.start_seq); at--)
			sp[at] = sp[at - 1];
		sp[at] = block;
	}
	return used;
}

/* For the next ACK: what has been marked, empty places first. */
static void tcp_sack_cache_store(struct tcp_sock *tp, const struct tcp_sack_block *sp, int used)
{
	int empty = (int)ARRAY_SIZE(tp->recv_sack_cache) - used;

	memset(tp->recv_sack_cache, 0, (size_t)empty * sizeof(*sp));
	memcpy(tp->recv_sack_cache + empty, sp, (size_t)used * sizeof(*sp));
}

int tcp_sacktag_write_queue(struct sock *sk, const struct sk_buff *ack_skb, u32 prior_snd_una,
			    struct tcp_sacktag_state *state)
{
	TRACE_SKB(ack_skb, "mark what the SACK blocks of the ACK say was received");
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_sack_block sp[TCP_NUM_SACKS], dup = { 0, 0 };
	int n = tcp_sack_blocks_read(ack_skb, sp);
	bool use_cache, found_dup;

	state->flag = 0;
	state->reord = tp->snd_nxt;
	if (!tp->sacked_out)
		tcp_highest_sack_reset(sk);
	if (n <= 0)
		return 0;

	found_dup = tcp_check_dsack(sk, ack_skb, sp, n, prior_snd_una, state);
	/* an old ACK that was overtaken by far: its blocks would mark a later turn of the sequence numbers */
	if (before(TCP_SKB_CB(ack_skb)->ack_seq, prior_snd_una - tp->max_window))
		return 0;
	if (!tp->packets_out)
		return state->flag;

	n = tcp_sack_blocks_sort(sk, ack_skb, sp, n, prior_snd_una, found_dup, &dup);
	use_cache = tp->sacked_out != 0;
	if (dup.start_seq != dup.end_seq)
		tcp_sacktag_walk(sk, state, dup.start_seq, dup.end_seq, true);
	for (int i = 0; i < n; i++)
		tcp_sacktag_block(sk, state, &sp[i], use_cache);
	tcp_sack_cache_store(tp, sp, n);

	if (inet_csk(sk)->icsk_ca_state != TCP_CA_Loss || tp->undo_marker)
		tcp_check_sack_reordering(sk, state->reord, 0);
	tcp_verify_left_out(tp);
	return state->flag;
}

/* ---- merging ---- */

/* Moves `shiftlen` bytes from the front of a segment to the end of the one before; 0 when that cannot be. */
int tcp_skb_shift(struct sk_buff *to, struct sk_buff *from, int pcount, int shiftlen)
{
	TRACE_SKB(to, "move data from the next segment to this one");

	/* bounds that the 16-bit counters of a segment can bear with the smallest MSS (SACK panic, 2019) */
	if (unlikely(to->len + (u32)shiftlen >= 65535u * TCP_MIN_GSO_SIZE))
		return 0;
	if (unlikely(tcp_skb_pcount(to) + pcount > 65535))
		return 0;
	return skb_shift(to, from, shiftlen);
}
