/*
 * recv(): copies data from the receive queue to the program, waits when there is none, and tells the peer
 * about the window that reading has opened. Called by inet_recvmsg() in the program's task.
 */
#include "stack/application/scm.h"
#include "stack/application/socket.h"
#include "stack/internet/ip.h"
#include "stack/transport/tcp.h"
#include "stack/transport/tcp_trace.h"

/* Is a delayed ACK worth sending now that the program has read? */
static bool ack_is_due(const struct sock *sk, int copied)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);

	if (!inet_csk_ack_scheduled(sk))
		return false;
	/* more than one full segment is not acknowledged */
	if (tp->rcv_nxt - tp->rcv_wup > icsk->icsk_ack.rcv_mss)
		return true;
	/* the reader has emptied the queue, and a small segment was in it: the peer may wait for the ACK */
	return copied > 0 &&
	       ((icsk->icsk_ack.pending & ICSK_ACK_PUSHED2) ||
		((icsk->icsk_ack.pending & ICSK_ACK_PUSHED) && !inet_csk_in_pingpong_mode(sk))) &&
	       !sk_rmem_alloc_get(sk);
}

void tcp_cleanup_rbuf(struct sock *sk, int copied)
{
	TRACE_SK(sk, "send an ACK if reading has made one due, or has opened the window by much");
	struct tcp_sock *tp = tcp_sk(sk);
	bool time_to_ack = ack_is_due(sk, copied);

	if (copied > 0 && !time_to_ack && !(sk->sk_shutdown & RCV_SHUTDOWN)) {
		u32 rcv_window_now = tcp_receive_window(tp);

		/* only look when the window can at least double */
		if (2 * rcv_window_now <= tp->window_clamp) {
			u32 new_window = __tcp_select_window(sk);

			time_to_ack = new_window && new_window >= 2 * rcv_window_now;
		}
	}
	if (time_to_ack)
		tcp_send_ack(sk);
	tcp_trace_values(sk);
}

/* recv(MSG_OOB): the one urgent byte. Never blocks. */
static int tcp_recv_urg(struct sock *sk, struct msghdr *msg, int len, int flags)
{
	TRACE_SK_IN(sk, IN_TASK, "receive the urgent byte");
	struct tcp_sock *tp = tcp_sk(sk);
	u8 c = (u8)tp->urg_data;

	if (sock_flag(sk, SOCK_URGINLINE) || !tp->urg_data || tp->urg_data == TCP_URG_READ)
		return -EINVAL;
	if (sk->sk_state == TCP_CLOSE && !sock_flag(sk, SOCK_DONE))
		return -ENOTCONN;
	if (tp->urg_data & TCP_URG_VALID) {
		if (!(flags & MSG_PEEK))
			tp->urg_data = TCP_URG_READ;
		msg->msg_flags |= MSG_OOB;
		if (len <= 0) {
			msg->msg_flags |= MSG_TRUNC;
			return 0;
		}
		if (!(flags & MSG_TRUNC) && memcpy_to_msg(msg, &c, 1))
			return -EFAULT;
		return 1;
	}
	if (sk->sk_state == TCP_CLOSE || (sk->sk_shutdown & RCV_SHUTDOWN))
		return 0;
	return -EAGAIN;
}

/* What one call carries through its steps. */
struct tcp_recv {
	struct sock *sk;
	struct msghdr *msg;
	size_t len; /* bytes the program still wants */
	int flags, copied, target;
	long timeo;
	u32 *seq; /* next byte to copy: tp->copied_seq, or peek_seq */
	u32 peek_seq, urg_hole;
	bool has_tstamp; /* when the last of the bytes came */
	u64 tstamp;
};

/* The segment with the next byte (or FIN) to read, and that byte's place in it; NULL: nothing yet. */
static struct sk_buff *next_to_read(struct tcp_recv *r, u32 *offset, struct sk_buff **last)
{
	struct sk_buff *skb;

	*last = skb_peek_tail(&r->sk->sk_receive_queue);
	skb_queue_walk (&r->sk->sk_receive_queue, skb) {
		*last = skb;
		SIM_BUG_ON(r->sk->host, before(*r->seq, TCP_SKB_CB(skb)->seq));
		*offset = *r->seq - TCP_SKB_CB(skb)->seq;
		if (*offset < skb->len || (TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN))
			return skb;
		SIM_BUG_ON(r->sk->host, !(r->flags & MSG_PEEK));
	}
	return NULL;
}

/* The queue has nothing more. True: that is all for this call (r->copied is the result). */
static bool stop_without_data(struct tcp_recv *r)
{
	struct sock *sk = r->sk;

	if (r->copied)
		return !r->timeo || sk->sk_err || sk->sk_state == TCP_CLOSE ||
		       (sk->sk_shutdown & RCV_SHUTDOWN) || signal_pending(current(sk->host));
	if (sock_flag(sk, SOCK_DONE))
		return true;
	if (sk->sk_err)
		r->copied = sock_error(sk);
	else if (sk->sk_shutdown & RCV_SHUTDOWN)
		return true;
	else if (sk->sk_state == TCP_CLOSE)
		r->copied = -ENOTCONN; /* was never connected */
	else if (!r->timeo)
		r->copied = -EAGAIN;
	else if (signal_pending(current(sk->host)))
		r->copied = sock_intr_errno(r->timeo);
	return r->copied < 0;
}

/* Waits for more, or works off the backlog when there is enough already. */
static void wait_for_data(struct tcp_recv *r, struct sk_buff *last)
{
	if (r->copied >= r->target) {
		__sk_flush_backlog(r->sk);
	} else {
		tcp_cleanup_rbuf(r->sk, r->copied);
		sk_wait_data(r->sk, &r->timeo, last);
	}
	/* somebody else read what we were peeking at */
	if ((r->flags & MSG_PEEK) && r->peek_seq - (u32)r->copied - r->urg_hole != tcp_sk(r->sk)->copied_seq)
		r->peek_seq = tcp_sk(r->sk)->copied_seq;
}

/* Copies bytes of one segment from `offset` on. False: the program's buffer is bad, the call ends. */
static bool copy_from_segment(struct tcp_recv *r, struct sk_buff *skb, u32 *offset, u32 *used)
{
	struct tcp_sock *tp = tcp_sk(r->sk);

	*used = (u32)min_t(size_t, skb->len - *offset, r->len);
	if (unlikely(tp->urg_data)) {
		u32 urg_offset = tp->urg_seq - *r->seq;

		if (urg_offset && urg_offset < *used) {
			*used = urg_offset; /* up to the urgent byte */
		} else if (urg_offset < *used && !sock_flag(r->sk, SOCK_URGINLINE)) {
			/* the urgent byte is left out */
			(*r->seq)++;
			r->urg_hole++;
			(*offset)++;
			if (!--*used)
				return true;
		}
	}
	if (!(r->flags & MSG_TRUNC) && skb_copy_datagram_msg(skb, (int)*offset, r->msg, (int)*used)) {
		if (!r->copied)
			r->copied = -EFAULT;
		return false;
	}
	*r->seq += *used;
	r->copied += (int)*used;
	r->len -= *used;
	tcp_rcv_space_adjust(r->sk);
	return true;
}

/* Reads from one segment. False: the call ends (FIN, error). */
static bool read_segment(struct tcp_recv *r, struct sk_buff *skb, u32 offset)
{
	struct tcp_sock *tp = tcp_sk(r->sk);
	bool fin = TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN;

	if (offset < skb->len) {
		u32 used;

		if (!copy_from_segment(r, skb, &offset, &used))
			return false;
		if (unlikely(tp->urg_data) && after(tp->copied_seq, tp->urg_seq)) {
			tp->urg_data = 0;
			tcp_fast_path_check(r->sk);
		}
		if (unlikely(TCP_SKB_CB(skb)->has_rxtstamp)) {
			r->has_tstamp = true;
			r->tstamp = skb->tstamp;
		}
		if (used + offset < skb->len)
			return true;
	}
	if (fin)
		(*r->seq)++;
	if (!(r->flags & MSG_PEEK))
		sk_eat_skb(r->sk, skb);
	return !fin;
}

/* TCP_INQ: how much more there is to read. After a FIN never 0, so that the program reads on. */
static int tcp_inq_hint(struct sock *sk)
{
	TRACE_SK(sk, "how much is there to read yet?");
	const struct tcp_sock *tp = tcp_sk(sk);
	int inq = (int)(tp->rcv_nxt - tp->copied_seq);

	return inq == 0 && sock_flag(sk, SOCK_DONE) ? 1 : inq;
}

static int tcp_recvmsg_locked(struct tcp_recv *r, int nonblock)
{
	struct sock *sk = r->sk;
	TRACE_SK_IN(sk, IN_TASK, "copy data from the receive queue, wait if there is none");
	struct tcp_sock *tp = tcp_sk(sk);

	if (sk->sk_state == TCP_LISTEN)
		return -ENOTCONN;
	r->timeo = sock_rcvtimeo(sk, nonblock);
	if (r->flags & MSG_OOB)
		return tcp_recv_urg(sk, r->msg, (int)r->len, r->flags);
	r->seq = &tp->copied_seq;
	if (r->flags & MSG_PEEK) {
		r->peek_seq = tp->copied_seq;
		r->seq = &r->peek_seq;
	}
	r->target = sock_rcvlowat(sk, r->flags & MSG_WAITALL, (int)r->len);
	do {
		struct sk_buff *skb, *last;
		u32 offset;

		if (unlikely(tp->urg_data) && tp->urg_seq == *r->seq) {
			/* the urgent byte ends a read */
			if (r->copied)
				break;
			if (signal_pending(current(sk->host))) {
				r->copied = r->timeo ? sock_intr_errno(r->timeo) : -EAGAIN;
				break;
			}
		}
		skb = next_to_read(r, &offset, &last);
		if (skb) {
			if (!read_segment(r, skb, offset))
				break;
			continue;
		}
		if (r->copied >= r->target && !sk->sk_backlog.tail)
			break;
		if (stop_without_data(r))
			break;
		wait_for_data(r, last);
	} while (r->len > 0);
	tcp_cleanup_rbuf(sk, r->copied);
	return r->copied;
}

int tcp_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int nonblock, int flags, int *addr_len)
{
	TRACE_SK_IN(sk, IN_TASK, "receive data of a tcp connection");
	struct tcp_recv r = { .sk = sk, .msg = msg, .len = len, .flags = flags };
	bool want_inq;
	int ret, inq;

	if (unlikely(flags & MSG_ERRQUEUE))
		return inet_recv_error(sk, msg, (int)len, addr_len);
	lock_sock(sk);
	want_inq = tcp_sk(sk)->recvmsg_inq && sk->sk_state != TCP_LISTEN && !(flags & MSG_OOB);
	ret = tcp_recvmsg_locked(&r, nonblock);
	release_sock(sk);
	if (ret < 0)
		return ret;
	if (unlikely(r.has_tstamp))
		__sock_recv_timestamp(msg, sk, r.tstamp);
	if (unlikely(want_inq)) {
		inq = tcp_inq_hint(sk);
		put_cmsg(sk->host, msg, SOL_TCP, TCP_CM_INQ, sizeof(inq), &inq);
	}
	return ret;
}

int tcp_peek_len(struct socket *sock)
{
	return tcp_inq(sock->sk);
}
