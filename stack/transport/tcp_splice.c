/*
 * Reading a connection without the program's memory: tcp_read_sock() hands what is in the receive queue to an
 * actor; splice() moves it to a pipe that way.
 */
#include "stack/application/pipe.h"
#include "stack/application/socket.h"
#include "stack/transport/tcp.h"

struct tcp_splice_state {
	struct pipe_inode_info *pipe;
	size_t len; /* still wanted */
};

/* Copies to pages of the pipe, as many as are free. How much. */
static int skb_splice_bits(struct sk_buff *skb, unsigned int offset, struct pipe_inode_info *pipe,
			   unsigned int tlen)
{
	TRACE_SKB(skb, "move the packet's data to the pipe");
	int done = 0;

	while (tlen && !pipe_full(pipe)) {
		struct pipe_buffer *buf = pipe_next_buf(pipe, skb->host);

		if (!buf)
			return done ? done : -ENOMEM;
		buf->len = min(tlen, PIPE_PAGE);
		skb_copy_bits(skb, (int)offset, buf->page, (int)buf->len);
		pipe->head++;
		offset += buf->len;
		tlen -= buf->len;
		done += (int)buf->len;
	}
	return done ? done : -EAGAIN;
}

static int tcp_splice_data_recv(struct tcp_splice_state *tss, struct sk_buff *skb, unsigned int offset,
				size_t len)
{
	TRACE_SKB(skb, "move the segment's data to the pipe");
	int ret = skb_splice_bits(skb, offset, tss->pipe, (unsigned int)min(tss->len, len));

	if (ret > 0)
		tss->len -= (size_t)ret;
	return ret;
}

/* The segment with this byte or FIN; those before it are freed. */
static struct sk_buff *tcp_recv_skb(struct sock *sk, u32 seq, u32 *off)
{
	TRACE_SK(sk, "find the segment with the next byte");
	struct sk_buff *skb;

	while ((skb = skb_peek(&sk->sk_receive_queue)) != NULL) {
		*off = seq - TCP_SKB_CB(skb)->seq;
		if (*off < skb->len || (TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN))
			return skb;
		sk_eat_skb(sk, skb);
	}
	return NULL;
}

/* What there is, in order, up to the urgent byte, as far as the pipe takes it. */
static int tcp_read_sock(struct sock *sk, struct tcp_splice_state *tss)
{
	TRACE_SK(sk, "give the received data away");
	struct tcp_sock *tp = tcp_sk(sk);
	u32 seq = tp->copied_seq, offset;
	struct sk_buff *skb;
	int copied = 0, used;

	if (sk->sk_state == TCP_LISTEN)
		return -ENOTCONN;
	while (tss->len && (skb = tcp_recv_skb(sk, seq, &offset)) != NULL) {
		if (offset < skb->len) {
			size_t len = skb->len - offset;

			if (unlikely(tp->urg_data)) {
				len = min_t(size_t, len, tp->urg_seq - seq);
				if (!len)
					break;
			}
			used = tcp_splice_data_recv(tss, skb, offset, len);
			if (used <= 0) {
				copied = copied ? copied : used;
				break;
			}
			seq += (u32)used;
			copied += used;
			if (offset + (u32)used < skb->len)
				continue;
		}
		if (TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN) {
			sk_eat_skb(sk, skb);
			seq++;
			break;
		}
		sk_eat_skb(sk, skb);
	}
	tp->copied_seq = seq;
	tcp_rcv_space_adjust(sk);
	if (copied > 0)
		tcp_cleanup_rbuf(sk, copied);
	return copied;
}

/* Nothing was moved: the result, or 1 to try again after a wait. */
static int tcp_splice_wait(struct sock *sk, long *timeo)
{
	if (sock_flag(sk, SOCK_DONE))
		return 0;
	if (sk->sk_err)
		return sock_error(sk);
	if (sk->sk_shutdown & RCV_SHUTDOWN)
		return 0;
	if (sk->sk_state == TCP_CLOSE)
		return -ENOTCONN;
	if (!*timeo)
		return -EAGAIN;
	/* urgent data is in the way: a wait would not end */
	if (!skb_queue_empty(&sk->sk_receive_queue))
		return 0;
	sk_wait_data(sk, timeo, NULL);
	return signal_pending(current(sk->host)) ? sock_intr_errno(*timeo) : 1;
}

ssize_t tcp_splice_read(struct socket *sock, struct pipe_inode_info *pipe, size_t len, unsigned int flags)
{
	struct sock *sk = sock->sk;
	TRACE_SK_IN(sk, IN_TASK, "move received data to the pipe, wait if there is none");
	struct tcp_splice_state tss = { .pipe = pipe, .len = len };
	ssize_t spliced = 0;
	long timeo;
	int ret = 0;

	(void)flags; /* SPLICE_F_NONBLOCK is about the pipe */
	lock_sock(sk);
	timeo = sock_rcvtimeo(sk, sock->file->f_flags & O_NONBLOCK);
	while (tss.len) {
		ret = tcp_read_sock(sk, &tss);
		if (ret < 0)
			break;
		if (!ret) {
			if (spliced)
				break;
			ret = tcp_splice_wait(sk, &timeo);
			if (ret <= 0)
				break;
			continue;
		}
		spliced += ret;
		if (!timeo)
			break;
		release_sock(sk);
		lock_sock(sk);
		if (sk->sk_err || sk->sk_state == TCP_CLOSE || (sk->sk_shutdown & RCV_SHUTDOWN) ||
		    signal_pending(current(sk->host)))
			break;
	}
	release_sock(sk);
	return spliced ? spliced : ret;
}
