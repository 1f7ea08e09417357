/*
 * A half-open connection of a listener (a "request": SYN received, handshake not done), its
 * operations, and the listener's queue of connections that wait for accept().
 *
 * A request begins with the common head of struct sock, so that it can be found in the table of
 * established connections; it holds a reference to its listener.
 */
#ifndef STACK_TRANSPORT_REQUEST_SOCK_H
#define STACK_TRANSPORT_REQUEST_SOCK_H

#include "stack/kernel/timer.h"
#include "stack/transport/sock.h"

struct request_sock;
struct sk_buff;
struct dst_entry;
struct flowi;
struct tcp_options_received;
struct tcp_fastopen_cookie;
struct tcp_fastopen_context;
enum tcp_synack_type;

struct request_sock_ops {
	int family;
	unsigned int obj_size;
	/* sends the SYN-ACK once more */
	int (*rtx_syn_ack)(struct sock *sk, struct request_sock *req);
	void (*send_ack)(struct sock *sk, struct sk_buff *skb, struct request_sock *req);
	void (*send_reset)(struct sock *sk, struct sk_buff *skb);
	void (*destructor)(struct request_sock *req);
	/* told of each SYN-ACK timeout */
	void (*syn_ack_timeout)(const struct request_sock *req);
};

struct saved_syn {
	u32 mac_hdrlen, network_hdrlen, tcp_hdrlen;
	u8 data[];
};

struct request_sock {
	struct sock_common __req_common; /* first */
#define rsk_refcnt __req_common.skc_refcnt
#define rsk_hash __req_common.skc_hash
#define rsk_state __req_common.skc_state
	struct sock *rsk_listener;
	struct request_sock *dl_next; /* accept queue */
	u16 mss;
	u8 num_retrans; /* SYN-ACKs sent again */
	u8 syncookie : 1, num_timeout : 7;
	u32 ts_recent;
	u32 rsk_rcv_wnd, rsk_window_clamp;
	u32 timeout; /* jiffies */
	struct timer_list rsk_timer;
	const struct request_sock_ops *rsk_ops;
	struct sock *sk; /* the child, once there is one */
	struct saved_syn *saved_syn;
	u32 secid, peer_secid;
};

/*
 * Fast Open of a listener: connections whose SYN was accepted with its data while the handshake goes on, and
 * those that were reset before it ended (these count for a minute, against forged addresses).
 */
struct fastopen_queue {
	struct request_sock *rskq_rst_head, *rskq_rst_tail;
	int qlen, max_qlen;		  /* max_qlen 0: no Fast Open */
	struct tcp_fastopen_context *ctx; /* keys of the listener's own; NULL: the host's */
};

struct request_sock_queue {
	struct host *host;
	u8 rskq_defer_accept; /* SYN-ACK repeats that TCP_DEFER_ACCEPT waits for */
	u32 synflood_warned;
	int qlen;  /* half-open */
	int young; /* of these, never retransmitted */
	struct request_sock *rskq_accept_head, *rskq_accept_tail;
	struct fastopen_queue fastopenq;
};

static inline struct request_sock *inet_reqsk(const struct sock *sk)
{
	return (struct request_sock *)sk;
}

static inline struct sock *req_to_sk(struct request_sock *req)
{
	return (struct sock *)req;
}

struct request_sock *reqsk_alloc(const struct request_sock_ops *ops, struct sock *sk_listener,
				 bool attach_listener);
void __reqsk_free(struct request_sock *req);
void reqsk_queue_alloc(struct host *host, struct request_sock_queue *queue);
void reqsk_put(struct request_sock *req);
struct request_sock *reqsk_queue_remove(struct request_sock_queue *queue, struct sock *parent);
void reqsk_fastopen_remove(struct sock *sk, struct request_sock *req, bool reset);

static inline void reqsk_free(struct request_sock *req)
{
	__reqsk_free(req);
}

static inline bool reqsk_queue_empty(const struct request_sock_queue *queue)
{
	return !queue->rskq_accept_head;
}

static inline void reqsk_queue_removed(struct request_sock_queue *queue, const struct request_sock *req)
{
	if (req->num_timeout == 0)
		queue->young--;
	queue->qlen--;
}

static inline void reqsk_queue_added(struct request_sock_queue *queue)
{
	queue->young++;
	queue->qlen++;
}

static inline int reqsk_queue_len(const struct request_sock_queue *queue)
{
	return queue->qlen;
}

static inline int reqsk_queue_len_young(const struct request_sock_queue *queue)
{
	return queue->young;
}

#endif
