/* Half-open connections: making and freeing them, and the queue of those that wait for accept(). */
#include "stack/transport/request_sock.h"

#include "stack/transport/tcp.h"

void reqsk_queue_alloc(struct host *host, struct request_sock_queue *queue)
{
	TRACE(host, "begin with an empty accept queue");

	memset(queue, 0, sizeof(*queue));
	queue->host = host;
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
