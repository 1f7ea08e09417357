/*
 * What stream protocols share: waiting for the connection, for room to write, for the close to
 * finish; and the packets that carry a stream.
 */
#include "stack/kernel/signal.h"
#include "stack/application/socket.h"
#include "stack/transport/sock.h"
#include "stack/transport/tcp.h"

/* How long a writer waits when memory, not the buffer, was short: Linux draws 2 to HZ/5 + 1 jiffies. */
#define STREAM_MEMORY_WAIT (HZ / 10 + 2)

struct sk_buff *sk_stream_alloc_skb(struct sock *sk, int size, gfp_t gfp, bool force_schedule)
{
	TRACE_SK(sk, "allocate socket buffer (skb)");
	struct sk_buff *skb;
	bool scheduled = true;

	size = ALIGN(size, 4);
	if (unlikely(sk_under_memory_pressure(sk)))
		sk_mem_reclaim_partial(sk);
	skb = alloc_skb_fclone(sk->host, (unsigned int)(size + MAX_TCP_HEADER), gfp);
	if (unlikely(!skb)) {
		sk_enter_memory_pressure(sk);
		sk_stream_moderate_sndbuf(sk);
		return NULL;
	}
	if (force_schedule)
		sk_forced_mem_schedule(sk, (int)skb->truesize);
	else
		scheduled = sk_wmem_schedule(sk, (int)skb->truesize);
	if (unlikely(!scheduled)) {
		__kfree_skb(skb);
		return NULL;
	}
	skb_reserve(skb, MAX_TCP_HEADER);
	/* Exactly `size` bytes for the caller, no more. */
	skb->reserved_tailroom = skb->end - skb->tail - (unsigned int)size;
	INIT_LIST_HEAD(&skb->tcp_tsorted_anchor);
	return skb;
}

void sk_stream_write_space(struct sock *sk)
{
	TRACE_SK(sk, "wake up the task waiting for room to write");
	struct socket *sock = sk->sk_socket;

	if (!sock || !__sk_stream_is_writeable(sk, 1))
		return;
	sock->flags &= ~BIT(SOCK_NOSPACE);
	if (skwq_has_sleeper(sk->sk_wq))
		wake_up_interruptible_poll(&sk->sk_wq->wait, EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
	if (unlikely(sock_flag(sk, SOCK_FASYNC)) && !(sk->sk_shutdown & SEND_SHUTDOWN))
		sock_wake_async(sk->sk_wq, SOCK_WAKE_SPACE);
}

int sk_stream_wait_connect(struct sock *sk, long *timeo_p)
{
	TRACE_SK_IN(sk, IN_TASK, "wait for the connection to be established");
	DEFINE_WAIT_FUNC(wait, sk->host, woken_wake_function);
	int done;

	do {
		int err = sock_error(sk);

		if (err)
			return err;
		if ((1 << sk->sk_state) & ~(1 << TCP_SYN_SENT | 1 << TCP_SYN_RECV))
			return -EPIPE;
		if (!*timeo_p)
			return -EAGAIN;
		if (signal_pending(current(sk->host)))
			return sock_intr_errno(*timeo_p);
		add_wait_queue(sk_sleep(sk), &wait);
		sk->sk_write_pending++;
		done = sk_wait_event(
			sk, timeo_p,
			!sk->sk_err && !((1 << sk->sk_state) & ~(1 << TCP_ESTABLISHED | 1 << TCP_CLOSE_WAIT)),
			&wait);
		remove_wait_queue(sk_sleep(sk), &wait);
		sk->sk_write_pending--;
	} while (!done);
	return 0;
}

static int sk_stream_closing(const struct sock *sk)
{
	return (1 << sk->sk_state) & (1 << TCP_FIN_WAIT1 | 1 << TCP_CLOSING | 1 << TCP_LAST_ACK);
}

void sk_stream_wait_close(struct sock *sk, long timeout)
{
	TRACE_SK(sk, "wait for the close to be acknowledged, as long as the program lingers");

	if (timeout) {
		DEFINE_WAIT_FUNC(wait, sk->host, woken_wake_function);

		add_wait_queue(sk_sleep(sk), &wait);
		do {
			if (sk_wait_event(sk, &timeout, !sk_stream_closing(sk), &wait))
				break;
		} while (!signal_pending(current(sk->host)) && timeout);
		remove_wait_queue(sk_sleep(sk), &wait);
	}
}

/* Marks that a writer found no room, for poll's sake. */
static void sk_stream_no_space(struct sock *sk)
{
	if (sk->sk_socket)
		sk->sk_socket->flags |= BIT(SOCK_NOSPACE);
}

int sk_stream_wait_memory(struct sock *sk, long *timeo_p)
{
	TRACE_SK_IN(sk, IN_TASK, "wait for room to write");
	DEFINE_WAIT_FUNC(wait, sk->host, woken_wake_function);
	long vm_wait = 0, timeo = *timeo_p;
	int err = 0;

	if (sk_stream_memory_free(sk))
		timeo = vm_wait = STREAM_MEMORY_WAIT;
	add_wait_queue(sk_sleep(sk), &wait);
	for (;;) {
		err = -EPIPE;
		if (sk->sk_err || sk->sk_shutdown & SEND_SHUTDOWN)
			break;
		if (!*timeo_p) {
			/* Whoever polls for room now must be told when there is some. */
			sk_stream_no_space(sk);
			err = -EAGAIN;
			break;
		}
		if (signal_pending(current(sk->host))) {
			err = sock_intr_errno(*timeo_p);
			break;
		}
		err = 0;
		if (sk_stream_memory_free(sk) && !vm_wait)
			break;
		sk_stream_no_space(sk);
		sk->sk_write_pending++;
		sk_wait_event(sk, &timeo,
			      sk->sk_err || sk->sk_shutdown & SEND_SHUTDOWN ||
				      (sk_stream_memory_free(sk) && !vm_wait),
			      &wait);
		sk->sk_write_pending--;
		if (vm_wait) {
			vm_wait -= timeo;
			timeo = *timeo_p;
			if (timeo != MAX_SCHEDULE_TIMEOUT && (timeo -= vm_wait) < 0)
				timeo = 0;
			vm_wait = 0;
		}
		*timeo_p = timeo;
	}
	remove_wait_queue(sk_sleep(sk), &wait);
	return err;
}

int sk_stream_error(struct sock *sk, int flags, int err)
{
	TRACE_SK(sk, "what a failed write returns");

	if (err == -EPIPE) {
		err = sock_error(sk);
		if (!err)
			err = -EPIPE;
	}
	if (err == -EPIPE && !(flags & MSG_NOSIGNAL))
		send_sig(SIGPIPE, current(sk->host), 0);
	return err;
}

void sk_stream_kill_queues(struct sock *sk)
{
	TRACE_SK(sk, "drop what was not read and give the memory back");

	__skb_queue_purge(&sk->sk_receive_queue);
	skb_queue_purge(sk->host, &sk->sk_error_queue);
	SIM_BUG_ON(sk->host, !skb_queue_empty(&sk->sk_write_queue));
	sk_mem_reclaim(sk);
	SIM_BUG_ON(sk->host, sk->sk_wmem_queued);
	SIM_BUG_ON(sk->host, sk->sk_forward_alloc);
}
