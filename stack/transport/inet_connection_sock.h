/*
 * struct inet_connection_sock: a socket that makes connections, between struct inet_sock and struct
 * tcp_sock: its timers, delayed-ACK state, accept queue, and the operations of its address family.
 */
#ifndef STACK_TRANSPORT_INET_CONNECTION_SOCK_H
#define STACK_TRANSPORT_INET_CONNECTION_SOCK_H

#include "stack/kernel/timer.h"
#include "stack/transport/inet_sock.h"
#include "stack/transport/request_sock.h"
#include "stack/transport/sock.h"

struct inet_bind_bucket;
struct tcp_congestion_ops;
struct inet_hashinfo;

struct inet_connection_sock_af_ops {
	/* hands a segment to IP */
	int (*queue_xmit)(struct sock *sk, struct sk_buff *skb, struct flowi *fl);
	/* prepares the checksum of a segment */
	void (*send_check)(struct sock *sk, struct sk_buff *skb);
	/* makes sure that the socket has a valid route */
	int (*rebuild_header)(struct sock *sk);
	/* keeps the input route of the segment for early demux */
	void (*sk_rx_dst_set)(struct sock *sk, struct sk_buff *skb);
	/* a SYN for a listener */
	int (*conn_request)(struct sock *sk, struct sk_buff *skb);
	/* the ACK of a handshake: makes the connection */
	struct sock *(*syn_recv_sock)(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
				      struct dst_entry *dst, struct request_sock *req_unhash, bool *own_req);
	u16 net_header_len, sockaddr_len;
	/* options of the IP level */
	int (*setsockopt)(struct sock *sk, int level, int optname, sockptr_t optval, unsigned int optlen);
	int (*getsockopt)(struct sock *sk, int level, int optname, char *optval, int *optlen);
	/* the path's MTU shrank while the socket was owned */
	void (*mtu_reduced)(struct sock *sk);
};

struct inet_connection_sock {
	struct inet_sock icsk_inet; /* first */
	const struct inet_connection_sock_af_ops *icsk_af_ops;
	const struct tcp_congestion_ops *icsk_ca_ops;
	unsigned int (*icsk_sync_mss)(struct sock *sk, u32 pmtu);
	u32 icsk_rto;	      /* jiffies */
	u32 icsk_rto_min;     /* jiffies */
	u32 icsk_delack_max;  /* jiffies */
	u32 icsk_pmtu_cookie; /* path MTU that mss_cache was computed from */
	u8 icsk_ca_state : 5, icsk_ca_initialized : 1, icsk_ca_setsockopt : 1, icsk_ca_dst_locked : 1;
	u8 icsk_retransmits;
	u8 icsk_pending; /* which ICSK_TIME_* the retransmit timer stands for */
	u8 icsk_backoff;
	u8 icsk_syn_retries;
	u8 icsk_probes_out;
	u16 icsk_ext_hdr_len;
	struct {
		u8 pending;  /* enum inet_csk_ack_state_t */
		u8 quick;    /* ACKs to send at once */
		u8 pingpong; /* the session is interactive: delay ACKs */
		u8 retry;
		u32 ato;	       /* jiffies: current delay */
		unsigned long timeout; /* jiffies: when the delayed ACK is due */
		u32 lrcvtime;	       /* jiffies of the last data received */
		u16 last_seg_size, rcv_mss;
	} icsk_ack;
	unsigned long icsk_timeout; /* jiffies: when the pending ICSK_TIME_* is due */
	struct timer_list icsk_retransmit_timer, icsk_delack_timer;
	struct inet_bind_bucket *icsk_bind_hash;
	struct request_sock_queue icsk_accept_queue;
	struct {
		int search_high, search_low;
		u32 probe_size : 31, enabled : 1;
		u32 probe_timestamp;
	} icsk_mtup;
	u32 icsk_probes_tstamp;
	u32 icsk_user_timeout; /* ms; 0: the default */
	u64 icsk_ca_priv[104 / sizeof(u64)];
#define ICSK_CA_PRIV_SIZE sizeof(((struct inet_connection_sock *)0)->icsk_ca_priv)
};

#define ICSK_TIME_RETRANS 1	/* retransmission */
#define ICSK_TIME_DACK 2	/* delayed ACK */
#define ICSK_TIME_PROBE0 3	/* zero window probe */
#define ICSK_TIME_LOSS_PROBE 5	/* tail loss probe */
#define ICSK_TIME_REO_TIMEOUT 6 /* RACK's reordering window */

enum inet_csk_ack_state_t {
	ICSK_ACK_SCHED = 1,
	ICSK_ACK_TIMER = 2,
	ICSK_ACK_PUSHED = 4,
	ICSK_ACK_PUSHED2 = 8,
	ICSK_ACK_NOW = 16,
};

static inline struct inet_connection_sock *inet_csk(const struct sock *sk)
{
	return (struct inet_connection_sock *)sk;
}

static inline void *inet_csk_ca(const struct sock *sk)
{
	return inet_csk(sk)->icsk_ca_priv;
}

static inline void inet_csk_schedule_ack(struct sock *sk)
{
	TRACE_SK_LEAF(sk, "note that an ACK has to be sent");

	inet_csk(sk)->icsk_ack.pending |= ICSK_ACK_SCHED;
}

static inline int inet_csk_ack_scheduled(const struct sock *sk)
{
	return inet_csk(sk)->icsk_ack.pending & ICSK_ACK_SCHED;
}

static inline void inet_csk_delack_init(struct sock *sk)
{
	memset(&inet_csk(sk)->icsk_ack, 0, sizeof(inet_csk(sk)->icsk_ack));
}

static inline void inet_csk_clear_xmit_timer(struct sock *sk, const int what)
{
	TRACE_SK_LEAF(sk, "forget the retransmission or delayed ACK timer (it may still fire, for nothing)");
	struct inet_connection_sock *icsk = inet_csk(sk);

	if (what == ICSK_TIME_RETRANS || what == ICSK_TIME_PROBE0) {
		icsk->icsk_pending = 0;
	} else if (what == ICSK_TIME_DACK) {
		icsk->icsk_ack.pending = 0;
		icsk->icsk_ack.retry = 0;
	}
}

static inline void inet_csk_reset_xmit_timer(struct sock *sk, const int what, unsigned long when,
					     const unsigned long max_when)
{
	TRACE_SK(sk, "re-send the packet if no response before timeout");
	struct inet_connection_sock *icsk = inet_csk(sk);

	if (when > max_when)
		when = max_when;
	if (what == ICSK_TIME_DACK) {
		icsk->icsk_ack.pending |= ICSK_ACK_TIMER;
		icsk->icsk_ack.timeout = jiffies(sk->host) + when;
		sk_reset_timer(sk, &icsk->icsk_delack_timer, icsk->icsk_ack.timeout);
	} else {
		icsk->icsk_pending = (u8)what;
		icsk->icsk_timeout = jiffies(sk->host) + when;
		sk_reset_timer(sk, &icsk->icsk_retransmit_timer, icsk->icsk_timeout);
	}
}

static inline unsigned long inet_csk_rto_backoff(const struct inet_connection_sock *icsk,
						 unsigned long max_when)
{
	u64 when = (u64)icsk->icsk_rto << icsk->icsk_backoff;

	return (unsigned long)(when < max_when ? when : max_when);
}

static inline void inet_csk_reqsk_queue_added(struct sock *sk)
{
	reqsk_queue_added(&inet_csk(sk)->icsk_accept_queue);
}

static inline int inet_csk_reqsk_queue_len(const struct sock *sk)
{
	return reqsk_queue_len(&inet_csk(sk)->icsk_accept_queue);
}

static inline int inet_csk_reqsk_queue_is_full(const struct sock *sk)
{
	return (u32)inet_csk_reqsk_queue_len(sk) > sk->sk_max_ack_backlog;
}

static inline unsigned long reqsk_timeout(const struct request_sock *req, unsigned long max_timeout)
{
	u64 timeout = (u64)req->timeout << req->num_timeout;

	return (unsigned long)(timeout < max_timeout ? timeout : max_timeout);
}

#define TCP_PINGPONG_THRESH 1 /* 5.15: one answer makes a session interactive */

static inline void inet_csk_enter_pingpong_mode(struct sock *sk)
{
	inet_csk(sk)->icsk_ack.pingpong = TCP_PINGPONG_THRESH;
}

static inline void inet_csk_exit_pingpong_mode(struct sock *sk)
{
	inet_csk(sk)->icsk_ack.pingpong = 0;
}

static inline bool inet_csk_in_pingpong_mode(const struct sock *sk)
{
	return inet_csk(sk)->icsk_ack.pingpong >= TCP_PINGPONG_THRESH;
}

static inline void inet_csk_inc_pingpong_cnt(struct sock *sk)
{
	if (inet_csk(sk)->icsk_ack.pingpong < 255)
		inet_csk(sk)->icsk_ack.pingpong++;
}

/* inet_connection_sock.c */
struct sock *inet_csk_clone_lock(struct sock *sk, struct request_sock *req, gfp_t priority);
void inet_csk_init_xmit_timers(struct sock *sk, void (*retransmit_handler)(struct timer_list *),
			       void (*delack_handler)(struct timer_list *),
			       void (*keepalive_handler)(struct timer_list *));
void inet_csk_clear_xmit_timers(struct sock *sk);
void inet_csk_delete_keepalive_timer(struct sock *sk);
void inet_csk_reset_keepalive_timer(struct sock *sk, unsigned long timeout);
struct sock *inet_csk_accept(struct sock *sk, int flags, int *err, bool kern);
int inet_csk_get_port(struct sock *sk, unsigned short snum);
void inet_csk_update_fastreuse(struct inet_bind_bucket *tb, struct sock *sk);
struct dst_entry *inet_csk_route_req(struct sock *sk, struct flowi4 *fl4, const struct request_sock *req);
struct dst_entry *inet_csk_route_child_sock(struct sock *sk, struct sock *newsk,
					    const struct request_sock *req);
struct sock *inet_csk_reqsk_queue_add(struct sock *sk, struct request_sock *req, struct sock *child);
bool inet_csk_reqsk_queue_hash_add(struct sock *sk, struct request_sock *req, unsigned long timeout);
struct sock *inet_csk_complete_hashdance(struct sock *sk, struct sock *child, struct request_sock *req,
					 bool own_req);
bool inet_csk_reqsk_queue_drop(struct sock *sk, struct request_sock *req);
void inet_csk_reqsk_queue_drop_and_put(struct sock *sk, struct request_sock *req);
void inet_csk_destroy_sock(struct sock *sk);
void inet_csk_prepare_forced_close(struct sock *sk);
int inet_csk_listen_start(struct sock *sk, int backlog);
void inet_csk_listen_stop(struct sock *sk);
int inet_csk_setsockopt_reuseport(struct sock *sk, int val);
struct dst_entry *inet_csk_update_pmtu(struct sock *sk, u32 mtu);
unsigned int inet_csk_listen_poll(const struct sock *sk);
int inet_rtx_syn_ack(struct sock *parent, struct request_sock *req);

#endif
