/*
 * TCP Fast Open (RFC 7413): data in the SYN for a peer that proves by a cookie that it has been here before.
 * The listener's side is in tcp_fastopen.c, that of connect() and sendmsg() in tcp_fastopen_client.c, and
 * what is remembered of servers in tcp_metrics.c. Included by tcp.h.
 */
#ifndef STACK_TRANSPORT_TCP_FASTOPEN_H
#define STACK_TRANSPORT_TCP_FASTOPEN_H

#include "stack/transport/tcp_types.h"

struct msghdr;

/* Bits of the sysctl tcp_fastopen */
#define TFO_CLIENT_ENABLE 1
#define TFO_SERVER_ENABLE 2
#define TFO_CLIENT_NO_COOKIE 4		 /* data in the SYN even without a cookie */
#define TFO_SERVER_COOKIE_NOT_REQD 0x200 /* take data from whoever sends some */
#define TFO_SERVER_WO_SOCKOPT1 0x400	 /* all listeners, without TCP_FASTOPEN */

#define TCP_FASTOPEN_COOKIE_MIN 4
#define TCP_FASTOPEN_COOKIE_MAX 16
#define TCP_FASTOPEN_COOKIE_SIZE 8 /* of those that we give */
#define TCP_FASTOPEN_KEY_LENGTH 16
#define TCP_FASTOPEN_KEY_MAX 2
#define TCP_FASTOPEN_KEY_BUF_LENGTH (TCP_FASTOPEN_KEY_LENGTH * TCP_FASTOPEN_KEY_MAX)

/* tcpi_fastopen_client_fail */
enum tcp_fastopen_client_fail {
	TFO_STATUS_UNSPEC,
	TFO_COOKIE_UNAVAILABLE,
	TFO_DATA_NOT_ACKED,
	TFO_SYN_RETRANSMITTED,
};

/* Keys that cookies are made with: the first makes them, all are accepted (rotation). */
struct tcp_fastopen_context {
	u64 key[TCP_FASTOPEN_KEY_MAX][2];
	int num;
};

/* What connect() or sendmsg() wants the SYN to carry. */
struct tcp_fastopen_request {
	struct tcp_fastopen_cookie cookie; /* length 0: ask for one, negative: no option */
	struct msghdr *data;
	size_t size;
	struct ubuf_info *uarg; /* MSG_ZEROCOPY, or NULL */
	int copied;		/* bytes that went into the SYN */
};

/* tcp_fastopen.c */
void tcp_fastopen_init_key_once(struct net *net);
int tcp_fastopen_reset_cipher(struct net *net, struct sock *sk, const void *primary_key,
			      const void *backup_key);
int tcp_fastopen_get_cipher(const struct tcp_fastopen_context *ctx, void *key);
void tcp_fastopen_destroy_cipher(struct sock *sk);
void fastopen_queue_tune(struct sock *sk, int backlog);
bool tcp_fastopen_no_cookie(const struct sock *sk, const struct dst_entry *dst, int flag);
void tcp_fastopen_add_skb(struct sock *sk, struct sk_buff *skb);
struct sock *tcp_try_fastopen(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
			      struct tcp_fastopen_cookie *foc, const struct dst_entry *dst);

/* tcp_fastopen_client.c */
bool tcp_fastopen_cookie_check(struct sock *sk, u16 *mss, struct tcp_fastopen_cookie *cookie);
bool tcp_fastopen_defer_connect(struct sock *sk, int *err);
void tcp_free_fastopen_req(struct tcp_sock *tp);
int tcp_sendmsg_fastopen(struct sock *sk, struct msghdr *msg, int *copied, size_t size,
			 struct ubuf_info *uarg);
int tcp_send_syn_data(struct sock *sk, struct sk_buff *syn);
bool tcp_rcv_fastopen_synack(struct sock *sk, struct sk_buff *synack, struct tcp_fastopen_cookie *cookie);
void tcp_fastopen_active_disable(struct sock *sk);
void tcp_fastopen_active_disable_ofo_check(struct sock *sk);
void tcp_fastopen_active_detect_blackhole(struct sock *sk, bool expired);

/* tcp_metrics.c */
void tcp_fastopen_cache_get(struct sock *sk, u16 *mss, struct tcp_fastopen_cookie *cookie);
void tcp_fastopen_cache_set(struct sock *sk, u16 mss, const struct tcp_fastopen_cookie *cookie, bool syn_lost,
			    u16 try_exp);

#endif
