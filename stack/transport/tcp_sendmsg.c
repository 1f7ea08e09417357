/*
 * send(): copies the program's data into segments of the write queue and sends what may be sent.
 *
 * The skb's journey begins here: each call takes one journey id and gives it to the segments that it adds.
 * tcp_sendmsg() is called by inet_sendmsg() in the program's task; sending goes on in tcp_write_xmit().
 */
#include <limits.h>

#include "stack/application/socket.h"
#include "stack/transport/sock_tstamp.h"
#include "stack/transport/tcp.h"

/* What one call of tcp_sendmsg_locked() carries through its steps. */
struct tcp_send {
	struct sock *sk;
	struct msghdr *msg;
	int flags;
	int mss_now, size_goal;
	int copied;
	int process_backlog; /* segments since the backlog was last looked at */
	u32 journey;
	long timeo;
	struct ubuf_info *uarg; /* MSG_ZEROCOPY, or NULL */
};

/* ---- pushing ---- */

/* From here on the receiver shall hand the data to its program. */
void tcp_mark_push(struct tcp_sock *tp, struct sk_buff *skb)
{
	TRACE_SKB_LEAF(skb, "mark the segment to be pushed to the peer's program");

	TCP_SKB_CB(skb)->tcp_flags |= TCPHDR_PSH;
	tp->pushed_seq = tp->write_seq;
}

/* More than half of the largest window since the last push: push now and then even in a long stream. */
static inline bool forced_push(const struct tcp_sock *tp)
{
	return after(tp->write_seq, tp->pushed_seq + (tp->max_window >> 1));
}

/* A small segment waits for company while others of ours are still in the queues below. */
static bool tcp_should_autocork(struct sock *sk, struct sk_buff *skb, int size_goal)
{
	TRACE_SKB_LEAF(skb, "should a small segment wait for more data?");

	return skb->len < (unsigned int)size_goal && sock_net(sk)->ipv4.sysctl_tcp_autocorking &&
	       !tcp_rtx_queue_empty(sk) && sk->sk_wmem_alloc > (int)skb->truesize;
}

void tcp_push(struct sock *sk, int flags, int mss_now, int nonagle, int size_goal)
{
	TRACE_SK(sk, "send what the program has written, as far as allowed");
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb = tcp_write_queue_tail(sk);

	if (!skb)
		return;
	if (!(flags & MSG_MORE) || forced_push(tp))
		tcp_mark_push(tp, skb);
	if (flags & MSG_OOB)
		tp->snd_up = tp->write_seq;
	if (tcp_should_autocork(sk, skb, size_goal)) {
		/* the TX completion will push it (tcp_wfree) */
		if (!(sk->sk_tsq_flags & TSQF_THROTTLED)) {
			NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPAUTOCORKING);
			sk->sk_tsq_flags |= TSQF_THROTTLED;
		}
		if (sk->sk_wmem_alloc > (int)skb->truesize)
			return;
	}
	if (flags & MSG_MORE)
		nonagle = TCP_NAGLE_CORK;
	__tcp_push_pending_frames(sk, (unsigned int)mss_now, nonagle);
}

/* ---- sizes ---- */

/* How much to gather in one skb: as many segments as the device or GSO takes at once. */
static unsigned int tcp_xmit_size_goal(struct sock *sk, u32 mss_now, int large_allowed)
{
	TRACE_SK_LEAF(sk, "how much data goes into one skb?");
	struct tcp_sock *tp = tcp_sk(sk);
	u32 new_size_goal, size_goal;

	if (!large_allowed)
		return mss_now;
	new_size_goal = sk->sk_gso_max_size - 1 - MAX_TCP_HEADER;
	new_size_goal = (u32)tcp_bound_to_half_wnd(tp, (int)new_size_goal);
	/* gso_segs is kept, so that there is a division only now and then */
	size_goal = tp->gso_segs * mss_now;
	if (unlikely(new_size_goal < size_goal || new_size_goal >= size_goal + mss_now)) {
		tp->gso_segs = min_t(u16, (u16)(new_size_goal / mss_now), sk->sk_gso_max_segs);
		size_goal = tp->gso_segs * mss_now;
	}
	return max(size_goal, mss_now);
}

int tcp_send_mss(struct sock *sk, int *size_goal, int flags)
{
	TRACE_SK(sk, "find the segment size and how much to gather in one skb");
	unsigned int mss_now = tcp_current_mss(sk);

	*size_goal = (int)tcp_xmit_size_goal(sk, mss_now, !(flags & MSG_OOB));
	return (int)mss_now;
}

/* ---- filling the write queue ---- */

void skb_entail(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "append the new segment to the write queue");
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);

	memset(tcb, 0, sizeof(*tcb));
	tcb->seq = tcb->end_seq = tp->write_seq;
	tcb->tcp_flags = TCPHDR_ACK;
	skb->csum = 0;
	skb->ip_summed = CHECKSUM_PARTIAL;
	__skb_header_release(skb);
	tcp_add_write_queue_tail(sk, skb);
	sk_wmem_queued_add(sk, (int)skb->truesize);
	sk_mem_charge(sk, (int)skb->truesize);
	if (tp->nonagle & TCP_NAGLE_PUSH)
		tp->nonagle &= ~TCP_NAGLE_PUSH;
	tcp_slow_start_after_idle_check(sk);
}

/* An error came before the first byte went into a new segment: takes it back. */
void tcp_remove_empty_skb(struct sock *sk, struct sk_buff *skb)
{
	if (skb && TCP_SKB_CB(skb)->seq == TCP_SKB_CB(skb)->end_seq) {
		tcp_unlink_write_queue(skb, sk);
		if (tcp_write_queue_empty(sk))
			tcp_chrono_stop(sk, TCP_CHRONO_BUSY);
		sk_wmem_free_skb(sk, skb);
	}
}

static void tcp_tx_timestamp(struct sock *sk, u16 tsflags)
{
	TRACE_SK_LEAF(sk, "ask for time stamps of the data if the program wants them");
	struct sk_buff *skb = tcp_write_queue_tail(sk);
	struct skb_shared_info *shinfo;

	if (likely(!tsflags) || !skb)
		return;
	shinfo = skb_shinfo(skb);
	__sock_tx_timestamp(tsflags, &shinfo->tx_flags);
	if (tsflags & SOF_TIMESTAMPING_TX_ACK)
		TCP_SKB_CB(skb)->txstamp_ack = 1;
	if (tsflags & SOF_TIMESTAMPING_TX_RECORD_MASK)
		shinfo->tskey = TCP_SKB_CB(skb)->seq + skb->len - 1;
}

/* A new, empty segment at the tail of the write queue; NULL: wait for memory; or ERR_PTR. */
static struct sk_buff *new_segment(struct tcp_send *s)
{
	struct sk_buff *skb;

	if (!sk_stream_memory_free(s->sk))
		return NULL;
	if (unlikely(s->process_backlog >= 16)) {
		s->process_backlog = 0;
		/* ACKs that waited may have changed the sizes */
		if (sk_flush_backlog(s->sk)) {
			s->mss_now = tcp_send_mss(s->sk, &s->size_goal, s->flags);
			if (s->sk->sk_err || (s->sk->sk_shutdown & SEND_SHUTDOWN))
				return ERR_PTR(-EPIPE);
		}
	}
	skb = sk_stream_alloc_skb(s->sk, 0, s->sk->sk_allocation, tcp_rtx_and_write_queues_empty(s->sk));
	if (!skb)
		return NULL;
	s->process_backlog++;
	skb->journey = s->journey;
	skb_entail(s->sk, skb);
	return skb;
}

/*
 * Copies up to `copy` bytes into page fragments of the segment. Returns how many, 0: wait for memory,
 * -EXFULL: the segment has no fragment left, or another negative errno.
 */
static int copy_to_segment(struct tcp_send *s, struct sk_buff *skb, int copy)
{
	struct sock *sk = s->sk;
	struct page_frag *pfrag = sk_page_frag(sk);
	int i = skb_shinfo(skb)->nr_frags, err;
	bool merge;

	if (!sk_page_frag_refill(sk, pfrag))
		return 0;
	merge = skb_can_coalesce(skb, i, pfrag->page, (int)pfrag->offset);
	if (!merge && i >= MAX_SKB_FRAGS)
		return -EXFULL;
	copy = min(copy, (int)(pfrag->size - pfrag->offset));
	if (!sk_wmem_schedule(sk, copy))
		return 0;
	err = skb_copy_to_page_nocache(sk, &s->msg->msg_iter, skb, pfrag->page, (int)pfrag->offset, copy);
	if (err)
		return err;
	if (merge) {
		skb_frag_size_add(&skb_shinfo(skb)->frags[i - 1], copy);
	} else {
		skb_fill_page_desc(skb, i, pfrag->page, (int)pfrag->offset, copy);
		page_ref_inc(pfrag->page);
	}
	pfrag->offset += (u32)copy;
	return copy;
}

/* The same for MSG_ZEROCOPY: each of the program's buffers gets fragments of its own. */
static int zerocopy_to_segment(struct tcp_send *s, struct sk_buff *skb, int copy)
{
	if (!sk_wmem_schedule(s->sk, copy))
		return 0;
	copy = skb_zerocopy_iter_stream(s->sk, skb, s->msg, copy, s->uarg);
	return copy == -EMSGSIZE || copy == -EEXIST ? -EXFULL : copy;
}

static inline int to_segment(struct tcp_send *s, struct sk_buff *skb, int room)
{
	int copy = (int)min_t(size_t, (size_t)room, msg_data_left(s->msg));

	return unlikely(s->uarg) ? zerocopy_to_segment(s, skb, copy) : copy_to_segment(s, skb, copy);
}

/* The send buffer or memory is used up: sends what there is and waits. */
static int wait_for_space(struct tcp_send *s)
{
	struct sock *sk = s->sk;
	int err;

	sk->sk_socket->flags |= BIT(SOCK_NOSPACE);
	if (s->copied)
		tcp_push(sk, s->flags & ~MSG_MORE, s->mss_now, TCP_NAGLE_PUSH, s->size_goal);
	err = sk_stream_wait_memory(sk, &s->timeo);
	if (!err)
		s->mss_now = tcp_send_mss(sk, &s->size_goal, s->flags);
	return err;
}

/* A segment is full and more data follows: sends it if it is the first, or if a push is due. */
static void segment_full(struct tcp_send *s, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(s->sk);

	if (forced_push(tp)) {
		tcp_mark_push(tp, skb);
		__tcp_push_pending_frames(s->sk, (unsigned int)s->mss_now, TCP_NAGLE_PUSH);
	} else if (skb == tcp_send_head(s->sk)) {
		tcp_push_one(s->sk, (unsigned int)s->mss_now);
	}
}

/* One step: some bytes go into the segment at the tail or a new one. Negative errno: no more. */
static int send_some(struct tcp_send *s)
{
	struct tcp_sock *tp = tcp_sk(s->sk);
	struct sk_buff *skb = tcp_write_queue_tail(s->sk);
	int room = skb ? s->size_goal - (int)skb->len : 0, copy;

	if (room <= 0 || !tcp_skb_can_collapse_to(skb)) {
		skb = new_segment(s);
		if (IS_ERR_OR_NULL(skb))
			return skb ? (int)PTR_ERR(skb) : wait_for_space(s);
		room = s->size_goal;
	}
	copy = to_segment(s, skb, room);
	while (unlikely(copy == -EXFULL)) {
		tcp_mark_push(tp, skb);
		skb = new_segment(s);
		if (IS_ERR_OR_NULL(skb))
			return skb ? (int)PTR_ERR(skb) : wait_for_space(s);
		copy = to_segment(s, skb, s->size_goal);
	}
	if (unlikely(copy <= 0))
		return copy ? copy : wait_for_space(s);

	if (!s->copied)
		TCP_SKB_CB(skb)->tcp_flags &= (u8)~TCPHDR_PSH;
	tp->write_seq += (u32)copy;
	TCP_SKB_CB(skb)->end_seq += (u32)copy;
	tcp_skb_pcount_set(skb, 0);
	s->copied += copy;
	if (!msg_data_left(s->msg)) {
		if (unlikely(s->flags & MSG_EOR))
			TCP_SKB_CB(skb)->eor = 1;
	} else if (skb->len >= (unsigned int)s->size_goal && !(s->flags & MSG_OOB)) {
		segment_full(s, skb);
	}
	return 0;
}

int tcp_sendmsg_locked(struct sock *sk, struct msghdr *msg, size_t size)
{
	TRACE_SK_IN(sk, IN_TASK, "copy the data into the write queue and send it");
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_send s = { .sk = sk, .msg = msg, .flags = (int)msg->msg_flags };
	struct sockcm_cookie sockc;
	int copied_syn = 0, err;

	sockcm_init(&sockc, sk);
	if (unlikely(s.flags & MSG_ZEROCOPY) && size && sock_flag(sk, SOCK_ZEROCOPY)) {
		s.uarg = msg_zerocopy_realloc(sk, size, skb_zcopy(tcp_write_queue_tail(sk)));
		err = -ENOBUFS;
		if (!s.uarg)
			goto out_err;
	}
	if (unlikely(s.flags & MSG_FASTOPEN || inet_sk(sk)->defer_connect)) {
		err = tcp_sendmsg_fastopen(sk, msg, &copied_syn, size, s.uarg);
		if (err == -EINPROGRESS && copied_syn > 0)
			goto out;
		if (err)
			goto out_err;
	}
	s.timeo = sock_sndtimeo(sk, s.flags & MSG_DONTWAIT);
	tcp_rate_check_app_limited(sk);
	if (unlikely((1u << sk->sk_state) & ~(TCPF_ESTABLISHED | TCPF_CLOSE_WAIT)) &&
	    !tcp_passive_fastopen(sk)) {
		err = sk_stream_wait_connect(sk, &s.timeo);
		if (err)
			goto do_error;
	}
	if (sk->sk_socket)
		sk->sk_socket->wq.flags &= ~BIT(SOCKWQ_ASYNC_NOSPACE);
	if (unlikely(msg->msg_controllen) && sock_cmsg_send(sk, msg, &sockc)) {
		err = -EINVAL;
		goto out_err;
	}
	s.mss_now = tcp_send_mss(sk, &s.size_goal, s.flags);
	s.journey = trace_journey_new(sk->host);
	err = -EPIPE;
	if (sk->sk_err || (sk->sk_shutdown & SEND_SHUTDOWN))
		goto do_error;
	while (msg_data_left(msg)) {
		err = send_some(&s);
		if (err)
			goto do_error;
	}
out:
	if (s.copied) {
		tcp_tx_timestamp(sk, sockc.tsflags);
		tcp_push(sk, s.flags, s.mss_now, tp->nonagle, s.size_goal);
	}
	net_zcopy_put(s.uarg);
	return s.copied + copied_syn;

do_error:
	tcp_remove_empty_skb(sk, tcp_write_queue_tail(sk));
	if (s.copied + copied_syn)
		goto out;
out_err:
	net_zcopy_put_abort(s.uarg, true);
	err = sk_stream_error(sk, s.flags, err);
	/* whoever polls for room may have missed it: all queues are empty */
	if (unlikely(tcp_rtx_and_write_queues_empty(sk) && err == -EAGAIN)) {
		sk_call_write_space(sk);
		tcp_chrono_stop(sk, TCP_CHRONO_SNDBUF_LIMITED);
	}
	return err;
}

int tcp_sendmsg(struct sock *sk, struct msghdr *msg, size_t size)
{
	TRACE_SK_IN(sk, IN_TASK, "copy data to skb and send to ip layer");
	int ret;

	lock_sock(sk);
	ret = tcp_sendmsg_locked(sk, msg, size);
	release_sock(sk);
	return ret;
}
