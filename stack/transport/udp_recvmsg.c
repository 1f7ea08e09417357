/*
 * UDP, the reader's side: waiting for a datagram, taking it out of the queue and copying it to the program,
 * and giving back what it cost.
 *
 * The checksum of a long datagram is verified while it is copied. A broken one is dropped here, and the
 * reader goes on waiting for the next.
 */
#include "stack/application/scm.h"
#include "stack/transport/datagram.h"
#include "stack/transport/udp.h"

/* ---- what a datagram cost ---- */

static int udp_skb_truesize(struct sk_buff *skb)
{
	TRACE_SKB_LEAF(skb, "get what the datagram was charged with");

	return (int)(udp_skb_scratch(skb)->_tsize_state & ~UDP_SKB_IS_STATELESS);
}

static bool udp_skb_has_head_state(struct sk_buff *skb)
{
	TRACE_SKB_LEAF(skb, "does the datagram hold more than its data?");

	return !(udp_skb_scratch(skb)->_tsize_state & UDP_SKB_IS_STATELESS);
}

/* `partial` 1: keep the last page for the next datagram, and wait until it is worth it; 0: give all back. */
void udp_rmem_release(struct sock *sk, unsigned int size, int partial, bool rx_queue_lock_held __maybe_unused)
{
	TRACE_SK(sk, "give the datagram's room back to the receive buffer");
	struct udp_sock *up = udp_sk(sk);
	int amt;

	up->forward_deficit += (int)size;
	udp_trace_queue(sk);
	size = (unsigned int)up->forward_deficit;
	if (partial && (int)size < sk->sk_rcvbuf >> 2 && !skb_queue_empty(&up->reader_queue))
		return;
	up->forward_deficit = 0;
	sk->sk_forward_alloc += (int)size;
	amt = (sk->sk_forward_alloc - partial) & ~(SK_MEM_QUANTUM - 1);
	sk->sk_forward_alloc -= amt;
	if (amt)
		__sk_mem_reduce_allocated(sk, amt >> SK_MEM_QUANTUM_SHIFT);
	sk->sk_rmem_alloc -= (int)size;
	/* what has come in meanwhile can be read without looking at the other queue */
	skb_queue_splice_tail_init(&sk->sk_receive_queue, &up->reader_queue);
}

void udp_skb_destructor(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SK(sk, "the datagram was taken out: give its room back");

	udp_rmem_release(sk, (unsigned int)udp_skb_truesize(skb), 1, false);
}

static void udp_skb_dtor_locked(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SK(sk, "the datagram was taken out of both queues: give its room back");

	udp_rmem_release(sk, (unsigned int)udp_skb_truesize(skb), 1, true);
}

void skb_consume_udp(struct sock *sk, struct sk_buff *skb, int len)
{
	TRACE_SKB(skb, "free the datagram that was read");

	if (unlikely(sk->sk_peek_off >= 0)) {
		bool slow = lock_sock_fast(sk);

		sk_peek_offset_bwd(sk, len);
		unlock_sock_fast(sk, slow);
	}
	if (!skb_unref(skb))
		return;
	if (unlikely(udp_skb_has_head_state(skb)))
		skb_release_head_state(skb);
	__consume_stateless_skb(skb);
}

/* ---- out of the queue ---- */

/* A datagram from the reader's queue, after filling that from the other one. */
static struct sk_buff *udp_try_recv(struct sock *sk, unsigned int flags, int *off, int *err)
{
	struct sk_buff_head *queue = &udp_sk(sk)->reader_queue, *sk_queue = &sk->sk_receive_queue;
	struct sk_buff *skb, *last;

	skb = __skb_try_recv_from_queue(sk, queue, flags, off, err, &last);
	if (skb) {
		if (!(flags & MSG_PEEK))
			udp_skb_destructor(sk, skb);
		return skb;
	}
	if (skb_queue_empty(sk_queue))
		return NULL;
	skb_queue_splice_tail_init(sk_queue, queue);
	skb = __skb_try_recv_from_queue(sk, queue, flags, off, err, &last);
	if (skb && !(flags & MSG_PEEK))
		udp_skb_dtor_locked(sk, skb);
	return skb;
}

struct sk_buff *__skb_recv_udp(struct sock *sk, unsigned int flags, int noblock, int *off, int *err)
{
	TRACE_SK_IN(sk, IN_TASK, "receive a datagram, waiting for it if need be");
	struct sk_buff_head *sk_queue = &sk->sk_receive_queue;
	struct sk_buff *skb;
	long timeo;
	int error;

	timeo = sock_rcvtimeo(sk, noblock || (flags & MSG_DONTWAIT));
	do {
		error = sock_error(sk);
		if (error)
			break;
		error = -EAGAIN;
		skb = udp_try_recv(sk, flags, off, err);
		if (skb)
			return skb;
		/* sk_queue is empty; what lies in the reader's queue was peeked at */
	} while (timeo &&
		 !__skb_wait_for_more_packets(sk, sk_queue, &error, &timeo, (struct sk_buff *)sk_queue));
	*err = error;
	return NULL;
}

/* Drops broken datagrams at the head of a queue; the first whole one, or NULL. */
static struct sk_buff *__first_packet_length(struct sock *sk, struct sk_buff_head *rcvq, unsigned int *total)
{
	TRACE_SK(sk, "find the first datagram whose checksum is right");
	struct sk_buff *skb;

	while ((skb = skb_peek(rcvq)) != NULL) {
		if (!udp_lib_checksum_complete(skb)) {
			if (!skb_shared(skb))
				udp_skb_scratch(skb)->csum_unnecessary = true;
			return skb;
		}
		__UDP_INC_STATS(sock_net(sk), UDP_MIB_CSUMERRORS, 0);
		__UDP_INC_STATS(sock_net(sk), UDP_MIB_INERRORS, 0);
		sk->sk_drops++;
		__skb_unlink(skb, rcvq);
		*total += skb->truesize;
		kfree_skb_reason(skb, SKB_DROP_REASON_UDP_CSUM);
	}
	return NULL;
}

int first_packet_length(struct sock *sk)
{
	TRACE_SK(sk, "get the length of the next datagram");
	struct sk_buff_head *rcvq = &udp_sk(sk)->reader_queue;
	unsigned int total = 0;
	struct sk_buff *skb = __first_packet_length(sk, rcvq, &total);
	int res;

	if (!skb && !skb_queue_empty(&sk->sk_receive_queue)) {
		skb_queue_splice_tail_init(&sk->sk_receive_queue, rcvq);
		skb = __first_packet_length(sk, rcvq, &total);
	}
	res = skb ? (int)skb->len : -1;
	if (total)
		udp_rmem_release(sk, total, 1, false);
	return res;
}

/* ---- to the program ---- */

static int copy_linear_skb(struct sk_buff *skb, int len, int off, struct iov_iter *to)
{
	size_t n = copy_to_iter(skb->data + off, (size_t)len, to);

	if (n == (size_t)len)
		return 0;
	iov_iter_revert(to, n);
	return -EFAULT;
}

/* Copies `copied` bytes from `off` on. -EINVAL: the checksum is wrong. */
static int udp_copy(struct sk_buff *skb, int off, unsigned int copied, struct msghdr *msg, bool verify_first)
{
	const struct udp_dev_scratch *scratch = udp_skb_scratch(skb);
	bool valid = scratch->csum_unnecessary;

	if (!valid && verify_first) {
		if (__udp_lib_checksum_complete(skb))
			return -EINVAL;
		valid = true;
	}
	if (!valid)
		return skb_copy_and_csum_datagram_msg(skb, off, msg);
	if (scratch->is_linear)
		return copy_linear_skb(skb, (int)copied, off, &msg->msg_iter);
	return skb_copy_datagram_msg(skb, off, msg, (int)copied);
}

static void udp_drop_broken(struct sock *sk, struct sk_buff *skb, int flags)
{
	if (!__sk_queue_drop_skb(sk, &udp_sk(sk)->reader_queue, skb, (unsigned int)flags,
				 udp_skb_destructor)) {
		UDP_INC_STATS(sock_net(sk), UDP_MIB_CSUMERRORS, 0);
		UDP_INC_STATS(sock_net(sk), UDP_MIB_INERRORS, 0);
	}
	kfree_skb_reason(skb, SKB_DROP_REASON_UDP_CSUM);
}

/* Who sent it. */
static void udp_copy_addr(const struct sk_buff *skb, struct sockaddr_in *sin, int *addr_len)
{
	memset(sin, 0, sizeof(*sin));
	sin->sin_family = AF_INET;
	sin->sin_port = udp_hdr(skb)->source;
	sin->sin_addr.s_addr = ip_hdr(skb)->saddr;
	*addr_len = sizeof(*sin);
}

/* The packet is several datagrams of this length (the last one perhaps shorter). */
static void udp_cmsg_recv(struct msghdr *msg, struct sock *sk, const struct sk_buff *skb)
{
	TRACE_SK(sk, "tell the program how long the datagrams are that it gets at once");
	int gso_size = skb_shinfo(skb)->gso_size;

	if (skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4)
		put_cmsg(sk->host, msg, SOL_UDP, UDP_GRO, sizeof(gso_size), &gso_size);
}

int udp_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int noblock, int flags, int *addr_len)
{
	TRACE_SK_IN(sk, IN_TASK, "receive a datagram: take it out of the queue, copy it to the program");
	bool peeking = flags & MSG_PEEK;
	unsigned int ulen, copied;
	struct sk_buff *skb;
	int off, err;

	if (flags & MSG_ERRQUEUE)
		return ip_recv_error(sk, msg, (int)len, addr_len);
try_again:
	off = sk_peek_offset(sk, flags);
	skb = __skb_recv_udp(sk, (unsigned int)flags, noblock, &off, &err);
	if (!skb)
		return err;
	ulen = udp_skb_scratch(skb)->len;
	copied = (unsigned int)min_t(size_t, len, ulen - (unsigned int)off);
	if (len <= ulen - (unsigned int)off && copied < ulen)
		msg->msg_flags |= MSG_TRUNC;
	/* what is not copied as a whole must be verified before */
	err = udp_copy(skb, off, copied, msg, copied < ulen || peeking);
	if (unlikely(err == -EINVAL)) {
		udp_drop_broken(sk, skb, flags);
		msg->msg_flags &= ~(unsigned int)MSG_TRUNC;
		goto try_again;
	}
	if (unlikely(err)) {
		if (!peeking) {
			sk->sk_drops++;
			UDP_INC_STATS(sock_net(sk), UDP_MIB_INERRORS, 0);
		}
		kfree_skb(skb);
		return err;
	}
	if (!peeking)
		UDP_INC_STATS(sock_net(sk), UDP_MIB_INDATAGRAMS, 0);
	sock_recv_ts_and_drops(msg, sk, skb);
	if (msg->msg_name)
		udp_copy_addr(skb, msg->msg_name, addr_len);
	if (unlikely(udp_sk(sk)->gro_enabled))
		udp_cmsg_recv(msg, sk, skb);
	if (inet_sk(sk)->cmsg_flags)
		ip_cmsg_recv_offset(msg, sk, skb);
	err = (int)(flags & MSG_TRUNC ? ulen : copied);
	skb_consume_udp(sk, skb, peeking ? -err : err);
	return err;
}
