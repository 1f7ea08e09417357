/*
 * Who owns a sock: the task between lock_sock() and release_sock(), or the softirq that finds nobody
 * does. What softirqs bring to a sock that is owned waits in its backlog.
 */
#include "stack/transport/sock.h"

/* Another task owns the sock (it sleeps somewhere with it): wait for it to give it up. */
static void __lock_sock(struct sock *sk)
{
	DEFINE_WAIT(wait, sk->host);

	for (;;) {
		prepare_to_wait_exclusive(&sk->sk_lock.wq, &wait, TASK_UNINTERRUPTIBLE);
		schedule(sk->host);
		if (!sock_owned_by_user(sk))
			break;
	}
	finish_wait(&sk->sk_lock.wq, &wait);
}

void lock_sock_nested(struct sock *sk, int subclass __maybe_unused)
{
	TRACE_SK_IN(sk, IN_TASK | 1u << CTX_IDLE, "own the sock: packets go to its backlog from now on");

	if (unlikely(sk->sk_lock.owned))
		__lock_sock(sk);
	sk->sk_lock.owned = 1;
}

bool __lock_sock_fast(struct sock *sk)
{
	TRACE_SK(sk, "own the sock for a moment in which nothing can come in");

	if (!sock_owned_by_user(sk))
		return false;
	lock_sock_nested(sk, 0);
	return true;
}

void __release_sock(struct sock *sk)
{
	TRACE_SK(sk, "process the packets of the backlog");
	struct sk_buff *skb, *next;

	while ((skb = sk->sk_backlog.head) != NULL) {
		sk->sk_backlog.head = sk->sk_backlog.tail = NULL;
		do {
			next = skb->next;
			skb_mark_not_on_list(skb);
			sk_backlog_rcv(sk, skb);
			skb = next;
		} while (skb);
	}
	/* Until now, so that packets that come in meanwhile cannot keep us here for ever. */
	sk->sk_backlog.len = 0;
}

void __sk_flush_backlog(struct sock *sk)
{
	TRACE_SK(sk, "process the packets of the backlog before going on");

	__release_sock(sk);
}

void release_sock(struct sock *sk)
{
	TRACE_SK_IN(sk, IN_TASK | 1u << CTX_IDLE, "give the sock up: process what came in meanwhile");

	if (sk->sk_backlog.tail)
		__release_sock(sk);
	if (sk->sk_prot->release_cb)
		sk_prot_release_cb(sk);
	sock_release_ownership(sk);
	if (unlikely(waitqueue_active(&sk->sk_lock.wq)))
		wake_up(&sk->sk_lock.wq);
}

static void __sk_add_backlog(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "put the packet at the end of the backlog");

	skb_dst_force(skb);
	if (!sk->sk_backlog.tail)
		sk->sk_backlog.head = skb;
	else
		sk->sk_backlog.tail->next = skb;
	sk->sk_backlog.tail = skb;
	skb->next = NULL;
}

int sk_add_backlog(struct sock *sk, struct sk_buff *skb, unsigned int limit)
{
	TRACE_SKB(skb, "queue the packet until the sock's owner is done");

	if (sk_rcvqueues_full(sk, limit))
		return -ENOBUFS;
	__sk_add_backlog(sk, skb);
	sk->sk_backlog.len += (int)skb->truesize;
	return 0;
}
