/*
 * TCP small queues and pacing: a socket does not fill the device's queue, it keeps about a millisecond of
 * data there and goes on when some of that has left.
 *
 *	tcp_small_queue_check(): too much below already: TSQ_THROTTLED, stop
 *	tcp_wfree(), a packet was freed: THROTTLED -> QUEUED, the socket waits for the tasklet
 *	tcp_tasklet_func() > tcp_tsq_handler(): send on; or, while a task owns the socket, TCP_TSQ_DEFERRED,
 *	which tcp_release_cb() sees to
 *
 * A queued socket is kept by one byte of sk_wmem_alloc, a deferred one by a reference.
 */
#include "stack/kernel/softirq.h"
#include "stack/transport/tcp_output.h"

#define TCP_DEFERRED_ALL                                                                                     \
	(TCPF_TSQ_DEFERRED | TCPF_WRITE_TIMER_DEFERRED | TCPF_DELACK_TIMER_DEFERRED |                        \
	 TCPF_MTU_REDUCED_DEFERRED)

/* Sockets that can send on: tp->tsq_node, the newest first. One per host: net->tcp->tsq. */
struct tsq_tasklet {
	struct tasklet_struct tasklet;
	struct list_head head;
};

static void tcp_tsq_write(struct sock *sk)
{
	TRACE_SK(sk, "send on after the device's queue has drained");
	struct tcp_sock *tp = tcp_sk(sk);

	if (!((1 << sk->sk_state) &
	      (TCPF_ESTABLISHED | TCPF_FIN_WAIT1 | TCPF_CLOSING | TCPF_CLOSE_WAIT | TCPF_LAST_ACK)))
		return;
	if (tp->lost_out > tp->retrans_out && tp->snd_cwnd > tcp_packets_in_flight(tp)) {
		tcp_mstamp_refresh(tp);
		tcp_xmit_retransmit_queue(sk);
	}
	tcp_write_xmit(sk, tcp_current_mss(sk), tp->nonagle, 0, GFP_ATOMIC);
}

void tcp_tsq_handler(struct sock *sk)
{
	TRACE_SK(sk, "send on, or leave it to the task that owns the socket");

	if (!sock_owned_by_user(sk)) {
		tcp_tsq_write(sk);
	} else if (!(sk->sk_tsq_flags & TCPF_TSQ_DEFERRED)) {
		sk->sk_tsq_flags |= TCPF_TSQ_DEFERRED;
		sock_hold(sk);
	}
}

static void tcp_tasklet_func(struct tasklet_struct *t)
{
	TRACE(t, "let the sockets go on whose packets have left the device");
	struct tsq_tasklet *tsq = from_tasklet(tsq, t, tasklet);
	struct list_head list;

	INIT_LIST_HEAD(&list);
	list_splice_init(&tsq->head, &list);
	while (!list_empty(&list)) {
		struct tcp_sock *tp = list_first_entry(&list, struct tcp_sock, tsq_node);
		struct sock *sk = (struct sock *)tp;

		list_del_init(&tp->tsq_node);
		sk->sk_tsq_flags &= ~TSQF_QUEUED;
		tcp_tsq_handler(sk);
		sk_free(sk);
	}
}

int tcp_tasklet_init(struct host *host)
{
	struct tsq_tasklet *tsq = kzalloc(host, sizeof(*tsq));

	if (!tsq)
		return -ENOMEM;
	INIT_LIST_HEAD(&tsq->head);
	tasklet_setup(host, &tsq->tasklet, tcp_tasklet_func);
	host->net->tcp->tsq = tsq;
	return 0;
}

void tcp_tasklet_exit(struct host *host)
{
	struct tsq_tasklet *tsq = host->net->tcp->tsq;

	if (!tsq)
		return;
	tasklet_kill(&tsq->tasklet);
	while (!list_empty(&tsq->head)) {
		struct tcp_sock *tp = list_first_entry(&tsq->head, struct tcp_sock, tsq_node);

		list_del_init(&tp->tsq_node);
		sk_free((struct sock *)tp);
	}
	kfree(host, tsq);
	host->net->tcp->tsq = NULL;
}

void tcp_wfree(struct sk_buff *skb)
{
	TRACE_SKB(skb, "a packet has left the device: take it off the socket's account");
	struct sock *sk = skb->sk;
	struct tcp_sock *tp = tcp_sk(sk);
	struct tsq_tasklet *tsq;

	/* one byte stays, so that the socket does */
	sk->sk_wmem_alloc -= (int)skb->truesize - 1;
	if (likely((sk->sk_tsq_flags & (TSQF_THROTTLED | TSQF_QUEUED)) != TSQF_THROTTLED)) {
		sk_free(sk);
		return;
	}
	sk->sk_tsq_flags = (sk->sk_tsq_flags & ~TSQF_THROTTLED) | TSQF_QUEUED;
	tsq = tcp_host(sk)->tsq;
	if (list_empty(&tsq->head))
		tasklet_schedule(&tsq->tasklet);
	list_add(&tp->tsq_node, &tsq->head);
}

bool tcp_small_queue_check(struct sock *sk, const struct sk_buff *skb, unsigned int factor)
{
	TRACE_SKB_LEAF(skb, "are enough of the socket's packets waiting in the device already?");
	unsigned long limit = max(2UL * skb->truesize, sk->sk_pacing_rate >> sk->sk_pacing_shift);

	if (sk->sk_pacing_status == SK_PACING_NONE)
		limit = min(limit, (unsigned long)sock_net(sk)->ipv4.sysctl_tcp_limit_output_bytes);
	limit <<= factor;
	if ((unsigned long)sk->sk_wmem_alloc <= limit)
		return false;
	/* the first packet goes in any case: otherwise nothing might wake us */
	if (tcp_rtx_queue_empty(sk))
		return false;
	sk->sk_tsq_flags |= TSQF_THROTTLED;
	return true;
}

void tcp_release_cb(struct sock *sk)
{
	TRACE_SK(sk, "do what was put off while the socket was owned");
	unsigned long flags = sk->sk_tsq_flags;

	if (likely(!(flags & TCP_DEFERRED_ALL)))
		return;
	sk->sk_tsq_flags = flags & ~(unsigned long)TCP_DEFERRED_ALL;
	if (flags & TCPF_TSQ_DEFERRED) {
		tcp_tsq_write(sk);
		__sock_put(sk);
	}
	/* the timers look at the owner, and the caller has seen to the backlog */
	sock_release_ownership(sk);
	if (flags & TCPF_WRITE_TIMER_DEFERRED) {
		tcp_write_timer_handler(sk);
		__sock_put(sk);
	}
	if (flags & TCPF_DELACK_TIMER_DEFERRED) {
		tcp_delack_timer_handler(sk);
		__sock_put(sk);
	}
	if (flags & TCPF_MTU_REDUCED_DEFERRED) {
		TRACE_OP(sk, "mtu_reduced");
		inet_csk(sk)->icsk_af_ops->mtu_reduced(sk);
		__sock_put(sk);
	}
}

/* ---- pacing, for algorithms that ask for it (sk_pacing_status) ---- */

enum hrtimer_restart tcp_pace_kick(struct hrtimer *timer)
{
	TRACE(timer, "the pacing time has come: send on");
	struct sock *sk = (struct sock *)container_of(timer, struct tcp_sock, pacing_timer);

	tcp_tsq_handler(sk);
	sock_put(sk);
	return HRTIMER_NORESTART;
}

bool tcp_pacing_check(struct sock *sk)
{
	TRACE_SK(sk, "does pacing ask to wait?");
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tcp_needs_internal_pacing(sk) || tp->tcp_wstamp_ns <= tp->tcp_clock_cache)
		return false;
	if (!hrtimer_is_queued(&tp->pacing_timer)) {
		ktime_t wait = (ktime_t)(tp->tcp_wstamp_ns - tcp_stamp_ns(sk->host));

		hrtimer_start(&tp->pacing_timer, max(wait, (ktime_t)0), HRTIMER_MODE_REL_PINNED_SOFT);
		sock_hold(sk);
	}
	return true;
}
