/*
 * Tasks that wait for something of a sock, and the callbacks that wake them.
 */
#include <fcntl.h>
#include <signal.h>

#include "stack/application/file.h"
#include "stack/application/socket.h"
#include "stack/kernel/signal.h"
#include "stack/transport/sock.h"

int sk_wait_data(struct sock *sk, long *timeo, const struct sk_buff *skb)
{
	TRACE_SK_IN(sk, IN_TASK, "wait for data to arrive");
	DEFINE_WAIT_FUNC(wait, sk->host, woken_wake_function);
	int rc;

	add_wait_queue(sk_sleep(sk), &wait);
	sk->sk_wq->flags |= BIT(SOCKWQ_ASYNC_WAITDATA); /* who waits needs no signal */
	rc = sk_wait_event(sk, timeo, skb_peek_tail(&sk->sk_receive_queue) != skb, &wait);
	if (sk->sk_wq)
		sk->sk_wq->flags &= ~BIT(SOCKWQ_ASYNC_WAITDATA);
	remove_wait_queue(sk_sleep(sk), &wait);
	return rc;
}

/* SIGIO for the owner of the socket's file. */
void sock_wake_async(struct socket_wq *wq, int how)
{
	struct socket *sock = container_of(wq, struct socket, wq);
	TRACE(sock, "send SIGIO to the owner, unless it waits by other means");

	/* of urgent data SIGURG has told */
	if (how == SOCK_WAKE_URG || (how == SOCK_WAKE_WAITD && wq->flags & BIT(SOCKWQ_ASYNC_WAITDATA)))
		return;
	if (how == SOCK_WAKE_SPACE) {
		if (!(wq->flags & BIT(SOCKWQ_ASYNC_NOSPACE)))
			return;
		wq->flags &= ~BIT(SOCKWQ_ASYNC_NOSPACE);
	}
	if (sock->file && sock->file->f_flags & O_ASYNC && sock->file->f_owner)
		send_sig(SIGIO, sock->file->f_owner, 1);
}

void sk_wake_async(const struct sock *sk, int how, int band __maybe_unused)
{
	TRACE_SK(sk, "signal the program if it asked for SIGIO");

	if (unlikely(sock_flag(sk, SOCK_FASYNC)) && sk->sk_wq)
		sock_wake_async(sk->sk_wq, how);
}

void sk_send_sigurg(struct sock *sk)
{
	TRACE_SK(sk, "send SIGURG to the owner of the socket");

	if (!sk->sk_socket || !sk->sk_socket->file || !sk->sk_socket->file->f_owner)
		return;
	send_sig(SIGURG, sk->sk_socket->file->f_owner, 1);
	sk_wake_async(sk, SOCK_WAKE_URG, POLL_PRI);
}

void sk_error_report(struct sock *sk)
{
	TRACE_SK(sk, "report an error to the program");

	sk_call_error_report(sk);
}

void sock_def_wakeup(struct sock *sk)
{
	TRACE_SK(sk, "wake up the tasks waiting on a change of state");

	if (skwq_has_sleeper(sk->sk_wq))
		wake_up_interruptible_all(&sk->sk_wq->wait);
}

void sock_def_error_report(struct sock *sk)
{
	TRACE_SK(sk, "wake up the task waiting on the sock: there is an error");

	if (skwq_has_sleeper(sk->sk_wq))
		wake_up_interruptible_poll(&sk->sk_wq->wait, EPOLLERR);
	sk_wake_async(sk, SOCK_WAKE_IO, POLL_ERR);
}

void sock_def_readable(struct sock *sk)
{
	TRACE_SK(sk, "wake up the task waiting on the data");

	if (skwq_has_sleeper(sk->sk_wq))
		wake_up_interruptible_sync_poll(&sk->sk_wq->wait,
						EPOLLIN | EPOLLPRI | EPOLLRDNORM | EPOLLRDBAND);
	sk_wake_async(sk, SOCK_WAKE_WAITD, POLL_IN);
}

void sock_def_write_space(struct sock *sk)
{
	TRACE_SK(sk, "wake up the task waiting for room to write");

	/* Only when half of the buffer is free again: not for each packet. */
	if (sk->sk_wmem_alloc << 1 > sk->sk_sndbuf)
		return;
	if (skwq_has_sleeper(sk->sk_wq))
		wake_up_interruptible_sync_poll(&sk->sk_wq->wait, EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
	if (sock_writeable(sk))
		sk_wake_async(sk, SOCK_WAKE_SPACE, POLL_OUT);
}

/* ---- receiving into the sock's queue ---- */

int sk_filter_trim_cap(struct sock *sk, struct sk_buff *skb, unsigned int cap __maybe_unused)
{
	TRACE_SKB_LEAF(skb, "run the socket's filter (there is none)");

	(void)sk;
	return 0;
}

int __sock_queue_rcv_skb(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "charge the packet to the sock and queue it");

	if (sk->sk_rmem_alloc >= sk->sk_rcvbuf) {
		sk->sk_drops++;
		return -ENOMEM;
	}
	if (!sk_rmem_schedule(sk, skb, (int)skb->truesize)) {
		sk->sk_drops++;
		return -ENOBUFS;
	}
	skb->dev = NULL;
	skb_set_owner_r(skb, sk);
	skb_dst_force(skb);
	sock_skb_set_dropcount(sk, skb);
	__skb_queue_tail(&sk->sk_receive_queue, skb);
	if (!sock_flag(sk, SOCK_DEAD))
		sk_call_data_ready(sk);
	return 0;
}

int sock_queue_rcv_skb(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "add skb to the receive queue of the socket");
	int err = sk_filter(sk, skb);

	return err ? err : __sock_queue_rcv_skb(sk, skb);
}

/* An error is no packet that came in. */
static void skb_set_err_queue(struct sk_buff *skb)
{
	TRACE_SKB(skb, "mark the packet as one of the error queue");

	skb->pkt_type = PACKET_OUTGOING;
}

int sock_queue_err_skb(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "add skb to the error queue of the socket");

	if (sk->sk_rmem_alloc + (int)skb->truesize >= sk->sk_rcvbuf)
		return -ENOMEM;
	skb_orphan(skb);
	skb->sk = sk;
	skb->destructor = sock_rmem_free;
	sk->sk_rmem_alloc += (int)skb->truesize;
	skb_set_err_queue(skb);
	skb_dst_force(skb);
	skb_queue_tail(&sk->sk_error_queue, skb);
	if (!sock_flag(sk, SOCK_DEAD))
		sk_error_report(sk);
	return 0;
}
