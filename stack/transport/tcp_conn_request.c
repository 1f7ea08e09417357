/*
 * A SYN for a listener: tcp_v4_conn_request() comes here. A half-open connection (request_sock) is made of
 * what the SYN says, put into the table of connections, and answered with a SYN-ACK. The ACK of that finds
 * it there (tcp_check_req).
 *
 * What the listener cannot take is dropped and counted: when as many connections wait for accept() as
 * listen() allowed (ListenOverflows), or as many are half-open (TCPReqQFullDrop). In the latter case SYN
 * cookies (syncookies.c), unless switched off, answer without keeping anything.
 */
#include "stack/internet/ip.h"
#include "stack/kernel/printk.h"
#include "stack/transport/tcp_input.h"

struct request_sock *inet_reqsk_alloc(const struct request_sock_ops *ops, struct sock *sk_listener,
				      bool attach_listener)
{
	TRACE_SK(sk_listener, "make a half-open connection of the internet family");
	struct request_sock *req = reqsk_alloc(ops, sk_listener, attach_listener);

	if (req) {
		struct inet_request_sock *ireq = inet_rsk(req);

		ireq->ireq_opt = NULL;
		ireq->ireq_state = TCP_NEW_SYN_RECV;
		ireq->ireq_family = sk_listener->sk_family;
		req->timeout = TCP_TIMEOUT_INIT;
	}
	return req;
}

/* ECN is agreed to when the SYN asks for it, is not itself marked, and we may. */
static void tcp_ecn_create_request(struct request_sock *req, const struct sk_buff *skb,
				   const struct sock *listen_sk, const struct dst_entry *dst)
{
	TRACE_SKB(skb, "does the SYN ask for ECN, and do we agree?");
	const struct tcphdr *th = tcp_hdr(skb);
	u32 ecn_ok_dst;
	bool ect, ecn_ok;

	if (!th->ece || !th->cwr)
		return;
	ect = (TCP_SKB_CB(skb)->ip_dsfield & INET_ECN_MASK) != INET_ECN_NOT_ECT;
	ecn_ok_dst = dst_feature(dst, DST_FEATURE_ECN_MASK);
	ecn_ok = sock_net(listen_sk)->ipv4.sysctl_tcp_ecn || ecn_ok_dst;
	if ((!ect && ecn_ok) || tcp_ca_needs_ecn(listen_sk) || (ecn_ok_dst & DST_FEATURE_ECN_CA))
		inet_rsk(req)->ecn_ok = 1;
}

static void tcp_openreq_init(struct request_sock *req, const struct tcp_options_received *rx_opt,
			     struct sk_buff *skb, const struct sock *sk)
{
	TRACE_SKB(skb, "take what the SYN says into the half-open connection");
	struct inet_request_sock *ireq = inet_rsk(req);
	struct tcp_request_sock *treq = tcp_rsk(req);

	req->rsk_rcv_wnd = 0; /* not chosen yet: tcp_openreq_init_rwin() */
	treq->rcv_isn = TCP_SKB_CB(skb)->seq;
	treq->rcv_nxt = TCP_SKB_CB(skb)->seq + 1;
	treq->snt_synack = 0;
	treq->last_oow_ack_time = 0;
	treq->tfo_listener = false;
	req->mss = rx_opt->mss_clamp;
	req->ts_recent = rx_opt->saw_tstamp ? rx_opt->rcv_tsval : 0;
	ireq->tstamp_ok = rx_opt->tstamp_ok;
	ireq->sack_ok = rx_opt->sack_ok & 1;
	ireq->snd_wscale = rx_opt->snd_wscale;
	ireq->rcv_wscale = 0;
	ireq->wscale_ok = rx_opt->wscale_ok;
	ireq->acked = 0;
	ireq->ecn_ok = 0;
	ireq->no_srccheck = 0;
	ireq->smc_ok = 0;
	ireq->ir_rmt_port = tcp_hdr(skb)->source;
	ireq->ir_num = ntohs(tcp_hdr(skb)->dest);
	ireq->ir_mark = inet_request_mark(sk, skb);
}

/* The half-open queue is full. True: answer with a SYN cookie. */
static bool tcp_syn_flood_action(struct sock *sk)
{
	TRACE_SK(sk, "the queue of half-open connections is full: what now?");
	struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;

	u8 syncookies = sock_net(sk)->ipv4.sysctl_tcp_syncookies;

	NET_INC_STATS(sock_net(sk), syncookies ? LINUX_MIB_TCPREQQFULLDOCOOKIES : LINUX_MIB_TCPREQQFULLDROP);
	if (!queue->synflood_warned && syncookies != 2) {
		queue->synflood_warned = 1;
		net_info_ratelimited(
			sk->host,
			"TCP: request_sock_TCP: Possible SYN flooding on port %d. %s.  Check SNMP "
			"counters.",
			sk->sk_num, syncookies ? "Sending cookies" : "Dropping request");
	}
	return syncookies;
}

/* TCP_SAVE_SYN: keeps the headers of the SYN for the program. */
static void tcp_reqsk_record_syn(const struct sock *sk, struct request_sock *req, const struct sk_buff *skb)
{
	TRACE_SKB(skb, "keep the headers of the SYN, if the program wants them");
	struct saved_syn *saved;
	u32 mac_len = 0, net_len, tcp_len;
	const u8 *start;

	if (likely(!tcp_sk(sk)->save_syn))
		return;
	net_len = skb_network_header_len(skb);
	tcp_len = tcp_hdrlen(skb);
	start = skb_network_header(skb);
	if (tcp_sk(sk)->save_syn == 2 && skb_mac_header_was_set(skb)) {
		mac_len = (u32)(skb_network_header(skb) - skb_mac_header(skb));
		start = skb_mac_header(skb);
	}
	saved = kzalloc(sk->host, sizeof(*saved) + mac_len + net_len + tcp_len);
	if (!saved)
		return;
	saved->mac_hdrlen = mac_len;
	saved->network_hdrlen = net_len;
	saved->tcp_hdrlen = tcp_len;
	memcpy(saved->data, start, mac_len + net_len + tcp_len);
	req->saved_syn = saved;
}

/* Without cookies the last quarter of the backlog is for peers that are known to exist. */
static bool tcp_syn_backlog_reserved(struct sock *sk, struct request_sock *req, struct dst_entry *dst)
{
	const struct netns_ipv4 *sysctl = &sock_net(sk)->ipv4;
	int max = sysctl->sysctl_max_syn_backlog;

	return !sysctl->sysctl_tcp_syncookies && max - inet_csk_reqsk_queue_len(sk) < (max >> 2) &&
	       !tcp_peer_is_proven(req, dst);
}

static inline struct dst_entry *tcp_route_req(const struct tcp_request_sock_ops *af_ops, struct sock *sk,
					      struct sk_buff *skb, struct flowi *fl, struct request_sock *req)
{
	TRACE_OP(sk, "route_req");
	return af_ops->route_req(sk, skb, fl, req);
}

static inline u32 tcp_init_ts_off(const struct tcp_request_sock_ops *af_ops, struct sock *sk,
				  struct sk_buff *skb)
{
	TRACE_OP(sk, "init_ts_off");
	return af_ops->init_ts_off(sock_net(sk), skb);
}

static inline u32 tcp_init_seq(const struct tcp_request_sock_ops *af_ops, struct sock *sk,
			       struct sk_buff *skb)
{
	TRACE_OP(sk, "init_seq");
	return af_ops->init_seq(skb);
}

static inline void tcp_send_synack_op(const struct tcp_request_sock_ops *af_ops, struct sock *sk,
				      struct dst_entry *dst, struct flowi *fl, struct request_sock *req,
				      struct tcp_fastopen_cookie *foc, enum tcp_synack_type synack_type,
				      struct sk_buff *skb)
{
	TRACE_OP(sk, "send_synack");
	af_ops->send_synack(sk, dst, fl, req, foc, synack_type, skb);
}

/* The connection is there before the handshake is done: accept() may have it. */
static void tcp_conn_request_fastopen(struct sock *sk, struct request_sock *req, struct sock *fastopen_sk)
{
	struct sock *child = inet_csk_reqsk_queue_add(sk, req, fastopen_sk);

	SIM_BUG_ON(sk->host, !child); /* the listener listens: its SYN is being processed */
	sk_call_data_ready(sk);
	bh_unlock_sock(fastopen_sk);
	sock_put(fastopen_sk);
}

/* May the listener take one more? Counts why not. */
static bool tcp_listener_has_room(struct sock *sk, u32 tw_isn, bool *want_cookie)
{
	/* a SYN that takes over a TIME_WAIT connection is from a real peer */
	if ((sock_net(sk)->ipv4.sysctl_tcp_syncookies == 2 || inet_csk_reqsk_queue_is_full(sk)) && !tw_isn) {
		*want_cookie = tcp_syn_flood_action(sk);
		if (!*want_cookie)
			return false;
	}
	if (sk_acceptq_is_full(sk)) {
		NET_INC_STATS(sock_net(sk), LINUX_MIB_LISTENOVERFLOWS);
		return false;
	}
	return true;
}

/* The options of the SYN, and all that is known without a route. */
static void tcp_conn_request_parse(struct request_sock *req, const struct tcp_request_sock_ops *af_ops,
				   struct sock *sk, struct sk_buff *skb, struct tcp_fastopen_cookie *foc)
{
	struct tcp_options_received opt;

	memset(&opt, 0, sizeof(opt));
	opt.mss_clamp = af_ops->mss_clamp;
	opt.user_mss = tcp_sk(sk)->rx_opt.user_mss;
	tcp_rsk(req)->af_specific = af_ops;
	tcp_rsk(req)->ts_off = 0;
	tcp_parse_options(sock_net(sk), skb, &opt, 0, req->syncookie ? NULL : foc);
	/* without time stamps there is no place for what they agree on */
	if (req->syncookie && !opt.saw_tstamp)
		tcp_clear_options(&opt);
	opt.tstamp_ok = opt.saw_tstamp;
	tcp_openreq_init(req, &opt, skb, sk);
	inet_rsk(req)->ir_iif = inet_request_bound_dev_if(sk, skb);
}

static inline u32 cookie_init_sequence(const struct tcp_request_sock_ops *af_ops, struct sock *sk,
				       const struct sk_buff *skb, struct request_sock *req)
{
	tcp_synq_overflow(sk);
	NET_INC_STATS(sock_net(sk), LINUX_MIB_SYNCOOKIESSENT);
	if (!inet_rsk(req)->tstamp_ok)
		inet_rsk(req)->ecn_ok = 0;
	TRACE_OP(sk, "cookie_init_seq");
	return af_ops->cookie_init_seq(skb, &req->mss);
}

/*
 * Puts the half-open connection into the table, or with Fast Open the whole one into the accept queue, and
 * answers. False: one of the same addresses is there already: it answers repeated SYNs.
 */
static bool tcp_conn_request_keep(struct request_sock *req, const struct tcp_request_sock_ops *af_ops,
				  struct sock *sk, struct sk_buff *skb, struct dst_entry *dst,
				  struct flowi *fl, struct tcp_fastopen_cookie *foc)
{
	struct sock *fastopen_sk = tcp_try_fastopen(sk, skb, req, foc, dst);

	if (fastopen_sk) {
		tcp_send_synack_op(af_ops, fastopen_sk, dst, fl, req, foc, TCP_SYNACK_FASTOPEN, skb);
		tcp_conn_request_fastopen(sk, req, fastopen_sk);
		return true;
	}
	if (!inet_csk_reqsk_queue_hash_add(sk, req, req->timeout))
		return false;
	tcp_send_synack_op(af_ops, sk, dst, fl, req, foc, TCP_SYNACK_NORMAL, skb);
	return true;
}

int tcp_conn_request(struct request_sock_ops const *rsk_ops, const struct tcp_request_sock_ops *af_ops,
		     struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "a SYN for a listener: make a half-open connection and answer");
	struct tcp_fastopen_cookie foc = { .len = -1 };
	u32 isn = TCP_SKB_CB(skb)->tcp_tw_isn;
	bool want_cookie = false;
	struct request_sock *req;
	struct dst_entry *dst;
	struct flowi fl;

	if (!tcp_listener_has_room(sk, isn, &want_cookie))
		goto drop;
	req = inet_reqsk_alloc(rsk_ops, sk, !want_cookie);
	if (!req)
		goto drop;
	req->syncookie = want_cookie;
	tcp_conn_request_parse(req, af_ops, sk, skb, &foc);

	dst = tcp_route_req(af_ops, sk, skb, &fl, req);
	if (!dst)
		goto drop_and_free;
	if (inet_rsk(req)->tstamp_ok)
		tcp_rsk(req)->ts_off = tcp_init_ts_off(af_ops, sk, skb);
	if (!want_cookie && !isn) {
		if (tcp_syn_backlog_reserved(sk, req, dst))
			goto drop_and_release;
		isn = tcp_init_seq(af_ops, sk, skb);
	}
	tcp_ecn_create_request(req, skb, sk, dst);
	if (unlikely(want_cookie))
		isn = cookie_init_sequence(af_ops, sk, skb, req);
	tcp_rsk(req)->snt_isn = isn;
	tcp_rsk(req)->txhash = isn; /* not used by anything: one path */
	tcp_rsk(req)->syn_tos = TCP_SKB_CB(skb)->ip_dsfield;
	tcp_openreq_init_rwin(req, sk, dst);
	if (unlikely(want_cookie)) {
		tcp_send_synack_op(af_ops, sk, dst, &fl, req, &foc, TCP_SYNACK_COOKIE, skb);
		__reqsk_free(req);
		return 0;
	}
	tcp_reqsk_record_syn(sk, req, skb);
	if (!tcp_conn_request_keep(req, af_ops, sk, skb, dst, &fl, &foc))
		goto drop_and_release;
	reqsk_put(req);
	return 0;

drop_and_release:
	dst_release(dst);
drop_and_free:
	__reqsk_free(req);
drop:
	tcp_listendrop(sk);
	return 0;
}
