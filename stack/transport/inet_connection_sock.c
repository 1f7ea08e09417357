/*
 * What connection-oriented protocols share: listening, accepting, half-open connections and their
 * timer, routes of new connections, the end of a socket. The choice of local ports is in inet_csk_port.c.
 * TCP and the socket layer (inet_listen(), inet_accept()) call in.
 */
#include "stack/transport/inet_connection_sock.h"

#include <fcntl.h>

#include "stack/internet/ip.h"
#include "stack/transport/tcp.h"

/* ---- timers ---- */

void inet_csk_init_xmit_timers(struct sock *sk, void (*retransmit_handler)(struct timer_list *),
			       void (*delack_handler)(struct timer_list *),
			       void (*keepalive_handler)(struct timer_list *))
{
	TRACE_SK(sk, "set up the retransmission, delayed ACK and keepalive timers");
	struct inet_connection_sock *icsk = inet_csk(sk);

	timer_setup(sk->host, &icsk->icsk_retransmit_timer, retransmit_handler, 0);
	timer_setup(sk->host, &icsk->icsk_delack_timer, delack_handler, 0);
	timer_setup(sk->host, &sk->sk_timer, keepalive_handler, TIMER_BACKGROUND);
	icsk->icsk_pending = icsk->icsk_ack.pending = 0;
}

void inet_csk_clear_xmit_timers(struct sock *sk)
{
	TRACE_SK(sk, "stop the retransmission, delayed ACK and keepalive timers");
	struct inet_connection_sock *icsk = inet_csk(sk);

	icsk->icsk_pending = icsk->icsk_ack.pending = 0;
	sk_stop_timer(sk, &icsk->icsk_retransmit_timer);
	sk_stop_timer(sk, &icsk->icsk_delack_timer);
	sk_stop_timer(sk, &sk->sk_timer);
}

void inet_csk_delete_keepalive_timer(struct sock *sk)
{
	TRACE_SK(sk, "stop the keepalive timer");

	sk_stop_timer(sk, &sk->sk_timer);
}

void inet_csk_reset_keepalive_timer(struct sock *sk, unsigned long timeout)
{
	TRACE_SK(sk, "set the keepalive timer (also SYN-ACK and FIN_WAIT2)");

	sk_reset_timer(sk, &sk->sk_timer, jiffies(sk->host) + timeout);
}

/* ---- accept ---- */

static int inet_csk_wait_for_connect(struct sock *sk, long timeo)
{
	TRACE_SK_IN(sk, IN_TASK, "wait until a connection is there to be accepted");
	struct inet_connection_sock *icsk = inet_csk(sk);
	DEFINE_WAIT(wait, sk->host);
	int err;

	for (;;) {
		prepare_to_wait_exclusive(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
		release_sock(sk);
		if (reqsk_queue_empty(&icsk->icsk_accept_queue))
			timeo = schedule_timeout(sk->host, timeo);
		lock_sock(sk);
		err = 0;
		if (!reqsk_queue_empty(&icsk->icsk_accept_queue))
			break;
		err = -EINVAL;
		if (sk->sk_state != TCP_LISTEN)
			break;
		err = sock_intr_errno(timeo);
		if (signal_pending(current(sk->host)))
			break;
		err = -EAGAIN;
		if (!timeo)
			break;
	}
	finish_wait(sk_sleep(sk), &wait);
	return err;
}

/* The next established connection; NULL with *err. */
struct sock *inet_csk_accept(struct sock *sk, int flags, int *err, bool kern)
{
	TRACE_SK_IN(sk, IN_TASK, "remove a request (if there's one) from queue");
	struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;
	struct request_sock *req = NULL;
	struct sock *newsk = NULL;
	int error = -EINVAL;

	(void)kern;
	lock_sock(sk);
	if (sk->sk_state != TCP_LISTEN)
		goto out;
	if (reqsk_queue_empty(queue)) {
		long timeo = sock_rcvtimeo(sk, flags & O_NONBLOCK);

		error = -EAGAIN;
		if (!timeo)
			goto out;
		error = inet_csk_wait_for_connect(sk, timeo);
		if (error)
			goto out;
	}
	req = reqsk_queue_remove(queue, sk);
	newsk = req->sk;
	error = 0;
	if (tcp_rsk(req)->tfo_listener) {
		/* the handshake goes on: reqsk_fastopen_remove() will give the request back */
		req->sk = NULL;
		req = NULL;
	}
out:
	release_sock(sk);
	if (req)
		reqsk_put(req);
	if (error)
		*err = error;
	return newsk;
}

/* ---- routes ---- */

static void request_flow(struct flowi4 *fl4, const struct sock *sk, const struct request_sock *req)
{
	const struct inet_request_sock *ireq = inet_rsk(req);

	flowi4_init_output(fl4, ireq->ir_iif, ireq->ir_mark, RT_CONN_FLAGS(sk), RT_SCOPE_UNIVERSE,
			   (u8)sk->sk_protocol, inet_sk_flowi_flags(sk), ireq->ir_rmt_addr, ireq->ir_loc_addr,
			   ireq->ir_rmt_port, htons(ireq->ir_num));
}

/* The route of the SYN-ACK, with a reference; NULL: none. */
struct dst_entry *inet_csk_route_req(struct sock *sk, struct flowi4 *fl4, const struct request_sock *req)
{
	TRACE_SK(sk, "find the route to who wants to connect");
	struct net *net = sock_net(sk);
	struct rtable *rt;

	request_flow(fl4, sk, req);
	rt = ip_route_output_flow(net, fl4, sk);
	if (IS_ERR(rt)) {
		IP_INC_STATS(net, IPSTATS_MIB_OUTNOROUTES);
		return NULL;
	}
	return &rt->dst;
}

/* The route of a new connection, with a reference; NULL: none. */
struct dst_entry *inet_csk_route_child_sock(struct sock *sk, struct sock *newsk,
					    const struct request_sock *req)
{
	TRACE_SK(newsk, "find the route of the new connection");
	struct net *net = sock_net(sk);
	struct flowi4 *fl4 = &inet_sk(newsk)->cork.fl.u.ip4;
	struct rtable *rt;

	request_flow(fl4, sk, req);
	rt = ip_route_output_flow(net, fl4, sk);
	if (IS_ERR(rt)) {
		IP_INC_STATS(net, IPSTATS_MIB_OUTNOROUTES);
		return NULL;
	}
	return &rt->dst;
}

static struct dst_entry *inet_csk_rebuild_route(struct sock *sk, struct flowi4 *fl4)
{
	TRACE_SK(sk, "find the route of the connection again");
	const struct inet_sock *inet = inet_sk(sk);
	struct rtable *rt;

	rt = ip_route_output_ports(sock_net(sk), fl4, sk, inet->inet_daddr, inet->inet_saddr,
				   inet->inet_dport, inet->inet_sport, (u8)sk->sk_protocol, RT_CONN_FLAGS(sk),
				   sk->sk_bound_dev_if);
	if (IS_ERR(rt))
		return NULL;
	sk_setup_caps(sk, &rt->dst);
	return &rt->dst;
}

/* The path's MTU changed: tells the route, returns the one to go on with (no reference). */
struct dst_entry *inet_csk_update_pmtu(struct sock *sk, u32 mtu)
{
	TRACE_SK(sk, "tell the route that the path takes smaller packets only");
	struct dst_entry *dst = __sk_dst_check(sk, 0);
	struct flowi4 *fl4 = &inet_sk(sk)->cork.fl.u.ip4;

	if (!dst) {
		dst = inet_csk_rebuild_route(sk, fl4);
		if (!dst)
			return NULL;
	}
	TRACE_OP(sk, "update_pmtu");
	dst->ops->update_pmtu(dst, sk, NULL, mtu, true);
	dst = __sk_dst_check(sk, 0);
	if (!dst)
		dst = inet_csk_rebuild_route(sk, fl4);
	return dst;
}

/* ---- half-open connections ---- */

/* After `num_timeout` timeouts: is it to be given up, or the SYN-ACK to be sent again? */
static void syn_ack_recalc(const struct request_sock *req, int max_syn_ack_retries, u8 rskq_defer_accept,
			   int *expire, int *resend)
{
	if (!rskq_defer_accept) {
		*expire = req->num_timeout >= max_syn_ack_retries;
		*resend = 1;
		return;
	}
	/* TCP_DEFER_ACCEPT: the ACK came, only data is missing; remind the peer near the end */
	*expire = req->num_timeout >= max_syn_ack_retries &&
		  (!inet_rsk(req)->acked || req->num_timeout >= rskq_defer_accept);
	*resend = !inet_rsk(req)->acked || req->num_timeout >= rskq_defer_accept - 1;
}

int inet_rtx_syn_ack(struct sock *parent, struct request_sock *req)
{
	TRACE_SK(parent, "send the SYN-ACK again");
	int err;

	TRACE_OP(parent, "rtx_syn_ack");
	err = req->rsk_ops->rtx_syn_ack(parent, req);
	if (!err)
		req->num_retrans++;
	return err;
}

/* The request leaves the table and its timer is stopped; true when it was in the table. */
static bool reqsk_queue_unlink(struct request_sock *req)
{
	TRACE_SK(req_to_sk(req), "take the half-open connection out of the table");
	bool found = inet_ehash_remove(tcp_hashinfo(req->__req_common.host), req_to_sk(req));

	if (timer_pending(&req->rsk_timer) && del_timer_sync(&req->rsk_timer))
		reqsk_put(req);
	return found;
}

static bool __inet_csk_reqsk_queue_drop(struct sock *sk, struct request_sock *req)
{
	TRACE_SK(sk, "forget the half-open connection");
	bool unlinked = reqsk_queue_unlink(req);

	if (unlinked) {
		reqsk_queue_removed(&inet_csk(sk)->icsk_accept_queue, req);
		reqsk_put(req);
	}
	return unlinked;
}

bool inet_csk_reqsk_queue_drop(struct sock *sk, struct request_sock *req)
{
	TRACE_SK(sk, "forget the half-open connection");

	return __inet_csk_reqsk_queue_drop(sk, req);
}

void inet_csk_reqsk_queue_drop_and_put(struct sock *sk, struct request_sock *req)
{
	TRACE_SK(sk, "forget the half-open connection and the caller's reference");

	inet_csk_reqsk_queue_drop(sk, req);
	reqsk_put(req);
}

/* How often to repeat SYN-ACKs: less often the more of the queue is taken by old requests. */
static int reqsk_max_retries(struct sock *sk_listener)
{
	const struct request_sock_queue *queue = &inet_csk(sk_listener)->icsk_accept_queue;
	int qlen = reqsk_queue_len(queue), young = reqsk_queue_len_young(queue) << 1;
	int retries = inet_csk(sk_listener)->icsk_syn_retries;

	if (!retries)
		retries = sock_net(sk_listener)->ipv4.sysctl_tcp_synack_retries;
	if (qlen << 1 <= (int)max(8u, sk_listener->sk_max_ack_backlog))
		return retries;
	for (; retries > 2 && qlen >= young; retries--)
		young <<= 1;
	return retries;
}

static void reqsk_timer_handler(struct timer_list *t)
{
	struct request_sock *req = from_timer(req, t, rsk_timer);
	TRACE(t, "the ACK of the handshake did not come in time: repeat the SYN-ACK or give up");
	struct sock *sk_listener = req->rsk_listener;
	struct request_sock_queue *queue = &inet_csk(sk_listener)->icsk_accept_queue;
	int expire = 0, resend = 0;

	if (sk_listener->sk_state != TCP_LISTEN)
		goto drop;
	syn_ack_recalc(req, reqsk_max_retries(sk_listener), queue->rskq_defer_accept, &expire, &resend);
	TRACE_OP(t, "syn_ack_timeout");
	req->rsk_ops->syn_ack_timeout(req);
	if (!expire && (!resend || !inet_rtx_syn_ack(sk_listener, req) || inet_rsk(req)->acked)) {
		if (req->num_timeout++ == 0)
			queue->young--;
		mod_timer(&req->rsk_timer, jiffies(t->host) + reqsk_timeout(req, TCP_RTO_MAX));
		return;
	}
drop:
	inet_csk_reqsk_queue_drop_and_put(sk_listener, req);
}

static bool reqsk_queue_hash_req(struct request_sock *req, unsigned long timeout)
{
	TRACE_SK(req_to_sk(req), "put the half-open connection into the table and start its timer");
	bool found_dup_sk = false;

	if (!inet_ehash_insert(req_to_sk(req), NULL, &found_dup_sk))
		return false;
	/* one reference for the table, one for the timer, one for the caller */
	req->rsk_refcnt = 3;
	timer_setup(req->__req_common.host, &req->rsk_timer, reqsk_timer_handler, 0);
	mod_timer(&req->rsk_timer, jiffies(req->__req_common.host) + timeout);
	return true;
}

/* False: there is such a connection already; the caller frees the request. */
bool inet_csk_reqsk_queue_hash_add(struct sock *sk, struct request_sock *req, unsigned long timeout)
{
	TRACE_SK(sk, "keep the half-open connection until the handshake is done");

	if (!reqsk_queue_hash_req(req, timeout))
		return false;
	inet_csk_reqsk_queue_added(sk);
	return true;
}

/* ---- new connections ---- */

/* A protocol above TCP (TLS) would set the new connection up here; there is none. */
static void inet_clone_ulp(struct sock *newsk)
{
	TRACE_SK(newsk, "let a protocol above TCP set the new connection up");
}

/* The listener's copy that becomes the new connection, owned by nobody yet; NULL: no memory. */
struct sock *inet_csk_clone_lock(struct sock *sk, struct request_sock *req, gfp_t priority)
{
	TRACE_SK(sk, "make the new connection's socket as a copy of the listener");
	struct sock *newsk = sk_clone_lock(sk, priority);
	struct inet_connection_sock *newicsk;

	if (!newsk)
		return NULL;
	newicsk = inet_csk(newsk);
	inet_sk_set_state(newsk, TCP_SYN_RECV);
	newicsk->icsk_bind_hash = NULL;
	inet_sk(newsk)->inet_dport = inet_rsk(req)->ir_rmt_port;
	inet_sk(newsk)->inet_num = inet_rsk(req)->ir_num;
	inet_sk(newsk)->inet_sport = htons(inet_rsk(req)->ir_num);
	sock_reset_flag(newsk, SOCK_RCU_FREE);
	inet_sk(newsk)->mc_list = NULL;
	newsk->sk_mark = inet_rsk(req)->ir_mark;
	newicsk->icsk_retransmits = 0;
	newicsk->icsk_backoff = 0;
	newicsk->icsk_probes_out = 0;
	newicsk->icsk_probes_tstamp = 0;
	memset(&newicsk->icsk_accept_queue, 0, sizeof(newicsk->icsk_accept_queue));
	inet_clone_ulp(newsk);
	return newsk;
}

/* A connection that nobody will accept any more ends. */
static void inet_child_forget(struct sock *sk, struct request_sock *req, struct sock *child)
{
	TRACE_SK(sk, "end a connection that nobody has accepted");

	sk_prot_disconnect(child, O_NONBLOCK);
	sock_orphan(child);
	tcp_host(sk)->orphan_count++;
	SIM_BUG_ON(sk->host, tcp_rsk(req)->tfo_listener || tcp_sk(child)->fastopen_rsk);
	inet_csk_destroy_sock(child);
}

/* NULL: the listener has been closed meanwhile; the child is gone. */
struct sock *inet_csk_reqsk_queue_add(struct sock *sk, struct request_sock *req, struct sock *child)
{
	TRACE_SK(sk, "put the new connection into the accept queue");
	struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;

	if (unlikely(sk->sk_state != TCP_LISTEN)) {
		inet_child_forget(sk, req, child);
		return NULL;
	}
	req->sk = child;
	req->dl_next = NULL;
	if (!queue->rskq_accept_head)
		queue->rskq_accept_head = req;
	else
		queue->rskq_accept_tail->dl_next = req;
	queue->rskq_accept_tail = req;
	sk_acceptq_added(sk);
	return child;
}

/* The request's place in the table went to the child already; its reference goes to the accept queue. */
struct sock *inet_csk_complete_hashdance(struct sock *sk, struct sock *child, struct request_sock *req,
					 bool own_req)
{
	TRACE_SK(sk, "let the connection go from half-open to waiting for accept()");

	if (own_req) {
		inet_csk_reqsk_queue_drop(sk, req);
		reqsk_queue_removed(&inet_csk(sk)->icsk_accept_queue, req);
		if (inet_csk_reqsk_queue_add(sk, req, child))
			return child;
	}
	bh_unlock_sock(child);
	sock_put(child);
	return NULL;
}

/* ---- the end ---- */

/* The socket has no process any more and is in state CLOSE: gives everything back. */
void inet_csk_destroy_sock(struct sock *sk)
{
	TRACE_SK(sk, "destroy the socket: free its queues, port and route");

	SIM_BUG_ON(sk->host, sk->sk_state != TCP_CLOSE);
	SIM_BUG_ON(sk->host, !sock_flag(sk, SOCK_DEAD));
	SIM_BUG_ON(sk->host, inet_sk(sk)->inet_num && !inet_csk(sk)->icsk_bind_hash);
	sk_prot_destroy(sk);
	sk_stream_kill_queues(sk);
	tcp_host(sk)->orphan_count--;
	sock_put(sk);
}

/* A new connection that could not be set up: the caller ends it with tcp_done(). */
void inet_csk_prepare_forced_close(struct sock *sk)
{
	TRACE_SK(sk, "prepare the end of a connection that was never complete");

	bh_unlock_sock(sk);
	sock_put(sk);
	sock_set_flag(sk, SOCK_DEAD);
	tcp_host(sk)->orphan_count++;
	inet_sk(sk)->inet_num = 0;
}

static int inet_ulp_can_listen(const struct sock *sk)
{
	TRACE_SK(sk, "does a protocol above TCP forbid to listen?");

	return 0;
}

int inet_csk_listen_start(struct sock *sk, int backlog)
{
	TRACE_SK(sk, "set tcp state to LISTEN, ensure a ready port, add socket to hash table for connection");
	struct inet_connection_sock *icsk = inet_csk(sk);
	int err = inet_ulp_can_listen(sk);

	(void)backlog;
	if (unlikely(err))
		return err;
	reqsk_queue_alloc(sk->host, &icsk->icsk_accept_queue);
	sk->sk_ack_backlog = 0;
	inet_csk_delack_init(sk);
	/* in state LISTEN first, so that the check of the port sees a listener */
	TRACE_STEP(sk, "set tcp state to LISTEN");
	inet_sk_state_store(sk, TCP_LISTEN);
	err = -EADDRINUSE;
	if (!sk_prot_get_port(sk, inet_sk(sk)->inet_num)) {
		inet_sk(sk)->inet_sport = htons(inet_sk(sk)->inet_num);
		sk_dst_reset(sk);
		err = sk_prot_hash(sk);
		if (likely(!err))
			return 0;
	}
	inet_sk_set_state(sk, TCP_CLOSE);
	return err;
}

/* The listener goes: half-open ones expire by their timers, complete ones are reset. */
void inet_csk_listen_stop(struct sock *sk)
{
	TRACE_SK(sk, "stop listening: end the connections that nobody has accepted");
	struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;
	struct request_sock *req;

	while ((req = reqsk_queue_remove(queue, sk)) != NULL) {
		struct sock *child = req->sk;

		sock_hold(child);
		inet_child_forget(sk, req, child);
		reqsk_put(req);
		sock_put(child);
	}
	while ((req = queue->fastopenq.rskq_rst_head) != NULL) {
		queue->fastopenq.rskq_rst_head = req->dl_next;
		queue->fastopenq.qlen--;
		reqsk_put(req);
	}
}

/* Poll mask of a listener. */
unsigned int inet_csk_listen_poll(const struct sock *sk)
{
	return reqsk_queue_empty(&inet_csk(sk)->icsk_accept_queue) ? 0 : POLLIN | POLLRDNORM;
}
