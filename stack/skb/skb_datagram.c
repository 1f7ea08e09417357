/*
 * From packets to a program's buffers and back, and the receive queue of datagram sockets.
 */
#include "stack/skb/skbuff.h"

#include "stack/application/socket.h"
#include "stack/transport/sock.h"

typedef size_t copy_fn(struct host *host, const void *addr, size_t bytes, void *data, struct iov_iter *to);

static size_t simple_copy_to_iter(struct host *host, const void *addr, size_t bytes,
				  void *data __maybe_unused, struct iov_iter *to)
{
	TRACE_LEAF(host, "copy to the program's buffer");

	return copy_to_iter(addr, bytes, to);
}

struct csum_state {
	__wsum csum;
	size_t off;
};

/* Copies and sums. */
static size_t csum_copy_to_iter(struct host *host __maybe_unused, const void *addr, size_t bytes, void *data,
				struct iov_iter *to)
{
	struct csum_state *st = data;

	return csum_and_copy_to_iter(addr, bytes, &st->csum, &st->off, to);
}

static int __skb_datagram_iter(const struct sk_buff *skb, int offset, struct iov_iter *to, int len,
			       copy_fn *cb, void *data)
{
	TRACE_SKB(skb, "copy the packet's parts to the program's buffers");
	int start = (int)skb_headlen(skb);
	int i, copy = start - offset;
	struct sk_buff *frag_iter;

	if (copy > 0) {
		copy = min(copy, len);
		if (cb(skb->host, skb->data + offset, (size_t)copy, data, to) != (size_t)copy)
			return -EFAULT;
		len -= copy;
		offset += copy;
	}
	for (i = 0; len && i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *f = &skb_shinfo(skb)->frags[i];
		int end = start + (int)skb_frag_size(f);

		copy = min(end - offset, len);
		if (copy > 0) {
			u8 *from = (u8 *)skb_frag_address(skb->host, f) + offset - start;

			if (cb(skb->host, from, (size_t)copy, data, to) != (size_t)copy)
				return -EFAULT;
			len -= copy;
			offset += copy;
		}
		start = end;
	}
	if (!len)
		return 0;
	skb_walk_frags(skb, frag_iter)
	{
		int end = start + (int)frag_iter->len;

		copy = min(end - offset, len);
		if (copy > 0) {
			if (__skb_datagram_iter(frag_iter, offset - start, to, copy, cb, data))
				return -EFAULT;
			len -= copy;
			offset += copy;
		}
		start = end;
	}
	return len ? -EFAULT : 0;
}

int skb_copy_datagram_iter(const struct sk_buff *from, int offset, struct iov_iter *to, int size)
{
	TRACE_SKB(from, "copy data to the program");

	return __skb_datagram_iter(from, offset, to, size, simple_copy_to_iter, NULL);
}

int skb_copy_datagram_msg(const struct sk_buff *from, int offset, struct msghdr *msg, int size)
{
	TRACE_SKB(from, "copy data to msg");

	return skb_copy_datagram_iter(from, offset, &msg->msg_iter, size);
}

int skb_copy_datagram_from_iter(struct sk_buff *skb, int offset, struct iov_iter *from, int len)
{
	TRACE_SKB(skb, "copy data to skb");
	int start = (int)skb_headlen(skb);
	int i, copy = start - offset;

	if (copy > 0) {
		copy = min(copy, len);
		if (copy_from_iter(skb->data + offset, (size_t)copy, from) != (size_t)copy)
			return -EFAULT;
		len -= copy;
		offset += copy;
	}
	for (i = 0; len && i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *f = &skb_shinfo(skb)->frags[i];
		int end = start + (int)skb_frag_size(f);

		copy = min(end - offset, len);
		if (copy > 0) {
			u8 *to = (u8 *)skb_frag_address(skb->host, f) + offset - start;

			if (copy_from_iter(to, (size_t)copy, from) != (size_t)copy)
				return -EFAULT;
			len -= copy;
			offset += copy;
		}
		start = end;
	}
	return len ? -EFAULT : 0;
}

static int skb_copy_and_csum_datagram(const struct sk_buff *skb, int offset, struct iov_iter *to, int len,
				      __wsum *csump)
{
	TRACE_SKB(skb, "copy the packet to the program and sum it");
	struct csum_state st = { .csum = *csump };
	int ret = __skb_datagram_iter(skb, offset, to, len, csum_copy_to_iter, &st);

	*csump = st.csum;
	return ret;
}

int skb_copy_and_csum_datagram_msg(struct sk_buff *skb, int hlen, struct msghdr *msg)
{
	TRACE_SKB(skb, "copy the datagram to the program and verify its checksum on the way");
	int chunk = (int)skb->len - hlen;
	__wsum csum;

	if (!chunk)
		return 0;
	if (msg_data_left(msg) < (size_t)chunk) {
		if (__skb_checksum_complete(skb))
			return -EINVAL;
		return skb_copy_datagram_msg(skb, hlen, msg, chunk) ? -EFAULT : 0;
	}
	csum = csum_partial(skb->data, hlen, skb->csum);
	if (skb_copy_and_csum_datagram(skb, hlen, &msg->msg_iter, chunk, &csum)) {
		iov_iter_revert(&msg->msg_iter, (size_t)chunk - msg_data_left(msg));
		return -EFAULT;
	}
	if (csum_fold(csum)) {
		iov_iter_revert(&msg->msg_iter, (size_t)chunk);
		return -EINVAL;
	}
	return 0;
}

/* ---- receiving from a queue ---- */

struct sk_buff *__skb_try_recv_from_queue(struct sock *sk, struct sk_buff_head *queue, unsigned int flags,
					  int *off, int *err, struct sk_buff **last)
{
	TRACE_SK_LEAF(sk, "take a packet off the queue, if there is one");
	bool peek_at_off = (flags & MSG_PEEK) && *off >= 0;
	int _off = peek_at_off ? *off : 0;
	struct sk_buff *skb;

	(void)err;
	*last = queue->prev;
	skb_queue_walk (queue, skb) {
		if (flags & MSG_PEEK) {
			if (peek_at_off && _off >= (int)skb->len && (_off || skb->peeked)) {
				_off -= (int)skb->len;
				continue;
			}
			if (!skb->len)
				skb->peeked = 1;
			skb->users++;
		} else {
			__skb_unlink(skb, queue);
		}
		*off = _off;
		return skb;
	}
	return NULL;
}

struct sk_buff *__skb_try_recv_datagram(struct sock *sk, struct sk_buff_head *queue, unsigned int flags,
					int *off, int *err, struct sk_buff **last)
{
	TRACE_SK(sk, "take a packet off the queue, or report the pending error");
	int error = sock_error(sk);
	struct sk_buff *skb;

	if (error) {
		*err = error;
		return NULL;
	}
	skb = __skb_try_recv_from_queue(sk, queue, flags, off, &error, last);
	if (skb)
		return skb;
	*err = error ? error : -EAGAIN;
	return NULL;
}

/* A reader is only woken for what there is to read. */
static int receiver_wake_function(struct wait_queue_entry *wait, unsigned int mode, int sync, void *key)
{
	TRACE(wait, "wake the reader if it is for data or an error");

	if (key && !(key_to_poll(key) & (EPOLLIN | EPOLLERR)))
		return 0;
	return autoremove_wake_function(wait, mode, sync, key);
}

int __skb_wait_for_more_packets(struct sock *sk, struct sk_buff_head *queue, int *err, long *timeo_p,
				const struct sk_buff *skb)
{
	TRACE_SK(sk, "wait for a packet");
	DEFINE_WAIT_FUNC(wait, sk->host, receiver_wake_function);
	int error;

	prepare_to_wait_exclusive(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
	error = sock_error(sk);
	if (!error && queue->prev == skb) {
		if (sk->sk_shutdown & RCV_SHUTDOWN) {
			error = 1; /* no error, but nothing will come */
		} else if (signal_pending(current(sk->host))) {
			error = sock_intr_errno(*timeo_p);
		} else {
			*timeo_p = schedule_timeout(sk->host, *timeo_p);
			error = 0;
		}
	}
	finish_wait(sk_sleep(sk), &wait);
	if (!error)
		return 0;
	*err = error < 0 ? error : 0;
	return error;
}

struct sk_buff *__skb_recv_datagram(struct sock *sk, struct sk_buff_head *sk_queue, unsigned int flags,
				    int *off, int *err)
{
	TRACE_SK(sk, "receive a datagram, waiting for it if need be");
	long timeo = sock_rcvtimeo(sk, flags & MSG_DONTWAIT);
	struct sk_buff *skb, *last = NULL;

	do {
		int peek_off = *off;

		skb = __skb_try_recv_datagram(sk, sk_queue, flags, &peek_off, err, &last);
		if (skb) {
			*off = peek_off;
			return skb;
		}
		if (*err != -EAGAIN)
			break;
	} while (timeo && !__skb_wait_for_more_packets(sk, sk_queue, err, &timeo, last));
	return NULL;
}

struct sk_buff *skb_recv_datagram(struct sock *sk, unsigned int flags, int noblock, int *err)
{
	TRACE_SK(sk, "receive skb from queue, might block");
	int off = 0;

	return __skb_recv_datagram(sk, &sk->sk_receive_queue, flags | (noblock ? MSG_DONTWAIT : 0), &off,
				   err);
}

void skb_free_datagram(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SK(sk, "free the skb");

	consume_skb(skb);
	sk_mem_reclaim_partial(sk);
}

int __sk_queue_drop_skb(struct sock *sk, struct sk_buff_head *sk_queue, struct sk_buff *skb,
			unsigned int flags, void (*destructor)(struct sock *sk, struct sk_buff *skb))
{
	TRACE_SK(sk, "take a broken datagram off the queue");
	int err = 0;

	if (flags & MSG_PEEK) {
		err = -ENOENT;
		if (skb->next) {
			__skb_unlink(skb, sk_queue);
			skb->users--;
			if (destructor)
				destructor(sk, skb);
			err = 0;
		}
	}
	sk->sk_drops++;
	return err;
}

int skb_kill_datagram(struct sock *sk, struct sk_buff *skb, unsigned int flags)
{
	TRACE_SK(sk, "drop a broken datagram from the queue");
	int err = __sk_queue_drop_skb(sk, &sk->sk_receive_queue, skb, flags, NULL);

	kfree_skb_reason(skb, SKB_DROP_REASON_UDP_CSUM);
	sk_mem_reclaim_partial(sk);
	return err;
}
