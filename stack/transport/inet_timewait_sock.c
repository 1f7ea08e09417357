/*
 * TIME_WAIT (and FIN_WAIT2 without a process): a small stand-in for the connection.
 *
 * tcp_time_wait() makes one; the timer or a new connection with the same four-tuple ends it. The tables and
 * the timer together hold one reference, a lookup another. The timer does not keep the run alive.
 */
#include "stack/transport/inet_timewait_sock.h"

#include "stack/transport/tcp.h"
#include "stack/transport/tcp_trace.h"

void inet_twsk_free(struct inet_timewait_sock *tw)
{
	struct sock *sk = (struct sock *)tw;
	TRACE_SK(sk, "free the time-wait socket");
	struct host *host = sk->host;

	tcp_twsk_destructor(sk);
	kmem_cache_free(host, host->net->tcp->tw_cache, tw);
}

void inet_twsk_put(struct inet_timewait_sock *tw)
{
	TRACE_SK((struct sock *)tw, "give a reference to the time-wait socket back");

	if (--tw->tw_refcnt == 0)
		inet_twsk_free(tw);
}

/* Gives the local port back. */
void inet_twsk_bind_unhash(struct inet_timewait_sock *tw, struct inet_hashinfo *hashinfo)
{
	TRACE_SK((struct sock *)tw, "give the local port back");
	struct inet_bind_bucket *tb = tw->tw_tb;

	if (!tb)
		return;
	hlist_del_init(&tw->tw_bind_node);
	tw->tw_tb = NULL;
	inet_port_released(hashinfo, tb->port);
	inet_bind_bucket_destroy(hashinfo, tb);
}

/* Ends TIME_WAIT: out of the tables. Harmless when it is out of some already. */
static void inet_twsk_kill(struct inet_timewait_sock *tw)
{
	TRACE_SK((struct sock *)tw, "end TIME_WAIT: take the socket out of all tables");
	struct inet_hashinfo *h = tw->tw_dr->hashinfo;

	inet_ehash_remove(h, (struct sock *)tw);
	inet_twsk_bind_unhash(tw, h);
	tcp_trace_state_id(((struct sock *)tw)->host, ((struct sock *)tw)->trace_id, TCP_CLOSE);
	tw->tw_dr->tw_refcount--;
	inet_twsk_put(tw);
}

static void inet_twsk_add_node_rcu(struct inet_timewait_sock *tw, struct inet_hashinfo *h)
{
	TRACE_SK((struct sock *)tw, "put the time-wait socket into the table of connections");

	inet_ehash_add_hashed(h, (struct sock *)tw);
}

static void inet_twsk_add_bind_node(struct inet_timewait_sock *tw, struct hlist_head *list)
{
	TRACE_SK((struct sock *)tw, "make the time-wait socket an owner of the local port");

	hlist_add_head(&tw->tw_bind_node, list);
}

/* The time-wait socket takes the connection's places in the tables. */
void inet_twsk_hashdance(struct inet_timewait_sock *tw, struct sock *sk, struct inet_hashinfo *hashinfo)
{
	TRACE_SK(sk, "let the time-wait socket take the connection's place in the tables");

	tw->tw_tb = inet_csk(sk)->icsk_bind_hash;
	SIM_BUG_ON(sk->host, !tw->tw_tb);
	inet_twsk_add_bind_node(tw, &tw->tw_tb->owners);
	inet_twsk_add_node_rcu(tw, hashinfo);
	if (inet_ehash_remove(hashinfo, sk))
		tcp_host(sk)->inuse += -1;
}

static void tw_timer_handler(struct timer_list *t)
{
	struct inet_timewait_sock *tw = from_timer(tw, t, tw_timer);
	TRACE(t, "TIME_WAIT is over");

	inet_twsk_kill(tw);
}

/* NULL: too many of them, or no memory; the connection then goes without. */
struct inet_timewait_sock *inet_twsk_alloc(struct sock *sk, struct inet_timewait_death_row *dr,
					   const int state)
{
	TRACE_SK(sk, "make the time-wait socket from the connection");
	const struct inet_sock *inet = inet_sk(sk);
	struct inet_timewait_sock *tw;

	if ((u32)dr->tw_refcount >= sock_net(sk)->ipv4.sysctl_max_tw_buckets)
		return NULL;
	tw = kmem_cache_alloc(sk->host, tcp_host(sk)->tw_cache);
	if (!tw)
		return NULL;
	tw->__tw_common = sk->__sk_common;
	INIT_HLIST_NODE(&((struct sock *)tw)->sk_node);
	INIT_HLIST_NODE(&tw->tw_bind_node);
	tw->tw_refcnt = 1;
	tw->tw_state = TCP_TIME_WAIT;
	tw->tw_dr = dr;
	dr->tw_refcount++;
	tw->tw_substate = (u8)state;
	tw->tw_rcv_wscale = 0;
	tw->tw_tos = inet->tos;
	tw->tw_transparent = inet->transparent;
	tw->tw_sport = inet->inet_sport;
	tw->tw_mark = tw->tw_priority = 0;
	tw->tw_txhash = 0;
	tw->tw_tb = NULL;
	timer_setup(sk->host, &tw->tw_timer, tw_timer_handler, TIMER_BACKGROUND);
	return tw;
}

/* Starts the wait, or (rearm) begins it anew. */
void __inet_twsk_schedule(struct inet_timewait_sock *tw, int timeo, bool rearm)
{
	TRACE_SK((struct sock *)tw, "set the timer that ends TIME_WAIT");

	if (!rearm)
		NET_INC_STATS(((struct sock *)tw)->host->net,
			      timeo <= 4 * HZ ? LINUX_MIB_TIMEWAITKILLED : LINUX_MIB_TIMEWAITED);
	mod_timer(&tw->tw_timer, jiffies(((struct sock *)tw)->host) + (unsigned long)timeo);
}

/* Ends it early; the caller's reference goes as well. */
void inet_twsk_deschedule_put(struct inet_timewait_sock *tw)
{
	TRACE_SK((struct sock *)tw, "end TIME_WAIT early");

	if (del_timer_sync(&tw->tw_timer))
		inet_twsk_kill(tw);
	inet_twsk_put(tw);
}
