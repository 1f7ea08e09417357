/* Half-open connections: making and freeing them, and the queue of those that wait for accept(). */
#include "stack/transport/request_sock.h"

#include "stack/transport/tcp.h"

void reqsk_queue_alloc(struct host *host, struct request_sock_queue *queue)
{
	TRACE(host, "begin with an empty accept queue");

	/* what the program has set before listen() stays */
	queue->host = host;
	queue->synflood_warned = 0;
	queue->qlen = queue->young = 0;
	queue->rskq_accept_head = queue->rskq_accept_tail = NULL;
	queue->fastopenq.rskq_rst_head = queue->fastopenq.rskq_rst_tail = NULL;
	queue->fastopenq.qlen = 0;
}

/* NULL: no memory. With `attach_listener` the request holds a reference to its listener. */
struct request_sock *reqsk_alloc(const struct request_sock_ops *ops, struct sock *sk_listener,
				 bool attach_listener)
{
	TRACE_SK(sk_listener, "make a half-open connection");
	struct request_sock *req = kmem_cache_alloc(sk_listener->host, tcp_host(sk_listener)->req_cache);

	if (!req)
		return NULL;
	req->rsk_listener = NULL;
	if (attach_listener) {
		sock_hold(sk_listener);
		req->rsk_listener = sk_listener;
	}
	req->rsk_ops = ops;
	req->__req_common = (struct sock_common){
		.host = sk_listener->host,
		.trace_id = sk_listener->trace_id,
		.skc_family = sk_listener->sk_family,
		.skc_num = sk_listener->sk_num,
		.skc_bound_dev_if = sk_listener->sk_bound_dev_if,
		.skc_state = TCP_NEW_SYN_RECV,
		.skc_prot = sk_listener->sk_prot,
		.skc_refcnt = 0,
	};
	timer_setup(sk_listener->host, &req->rsk_timer, NULL, 0);
	req->dl_next = NULL;
	req->saved_syn = NULL;
	req->num_timeout = 0;
	req->num_retrans = 0;
	req->syncookie = 0;
	req->timeout = 0;
	req->ts_recent = 0;
	req->mss = 0;
	req->rsk_rcv_wnd = req->rsk_window_clamp = 0;
	req->secid = req->peer_secid = 0;
	req->sk = NULL;
	return req;
}

/* Frees a request that nobody refers to. */
void __reqsk_free(struct request_sock *req)
{
	struct host *host = req->__req_common.host;

	TRACE_OP(host, "destructor");
	req->rsk_ops->destructor(req);
	if (req->rsk_listener)
		sock_put(req->rsk_listener);
	kfree(host, req->saved_syn);
	kmem_cache_free(host, host->net->tcp->req_cache, req);
}

void reqsk_put(struct request_sock *req)
{
	if (--req->rsk_refcnt == 0)
		__reqsk_free(req);
}

/* The connection that has waited longest, or NULL. */
struct request_sock *reqsk_queue_remove(struct request_sock_queue *queue, struct sock *parent)
{
	TRACE_SK(parent, "remove a request");
	struct request_sock *req = queue->rskq_accept_head;

	if (req) {
		sk_acceptq_removed(parent);
		queue->rskq_accept_head = req->dl_next;
		if (!queue->rskq_accept_head)
			queue->rskq_accept_tail = NULL;
	}
	return req;
}

/* How long a Fast Open connection that was reset before its handshake ended counts in the queue. */
#define FASTOPEN_RST_PENALTY (60 * HZ)

/*
 * The handshake of a Fast Open connection has ended: with the peer's ACK, or (`reset`) its RST, or because we
 * gave it up. The request belongs to the accept queue, or after accept() to us.
 */
void reqsk_fastopen_remove(struct sock *sk, struct request_sock *req, bool reset)
{
	TRACE_SK(sk, "the handshake of a Fast Open connection has ended: let go of its request");
	struct sock *lsk = req->rsk_listener;
	struct fastopen_queue *fastopenq = &inet_csk(lsk)->icsk_accept_queue.fastopenq;

	tcp_sk(sk)->fastopen_rsk = NULL;
	fastopenq->qlen--;
	tcp_rsk(req)->tfo_listener = false;
	if (req->sk)
		return; /* not accepted yet: accept() gives the request back */
	if (!reset || lsk->sk_state != TCP_LISTEN) {
		reqsk_put(req);
		return;
	}
	/* whoever forges addresses causes RSTs: keep such a one in the queue, so that few are let in */
	req->rsk_timer.expires = jiffies(sk->host) + FASTOPEN_RST_PENALTY;
	if (!fastopenq->rskq_rst_head)
		fastopenq->rskq_rst_head = req;
	else
		fastopenq->rskq_rst_tail->dl_next = req;
	req->dl_next = NULL;
	fastopenq->rskq_rst_tail = req;
	fastopenq->qlen++;
}
