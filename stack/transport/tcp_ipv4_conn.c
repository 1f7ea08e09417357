/*
 * TCP over IPv4: making connections. connect() chooses route, addresses, port and initial sequence number;
 * a SYN for a listener makes a half-open connection, the ACK of its handshake the new socket.
 */
#include "stack/application/socket.h"
#include "stack/internet/ip.h"
#include "stack/transport/tcp.h"

int tcp_v4_init_sock(struct sock *sk)
{
	TRACE_SK_IN(sk, IN_TASK, "init tcp socket");
	int err = tcp_init_sock(sk);

	TRACE_STEP(sk, "install ipv4 operations 'ipv4_specific'");
	inet_csk(sk)->icsk_af_ops = &ipv4_specific;
	return err;
}

void tcp_v4_destroy_sock(struct sock *sk)
{
	TRACE_SK(sk, "free what the connection still holds: timers, queues, port");
	struct tcp_sock *tp = tcp_sk(sk);

	tcp_clear_xmit_timers(sk);
	tcp_cleanup_congestion_control(sk);
	tcp_cleanup_ulp(sk);
	tcp_write_queue_purge(sk);
	tcp_fastopen_active_disable_ofo_check(sk);
	skb_rbtree_purge(sk->host, &tp->out_of_order_queue);
	if (inet_csk(sk)->icsk_bind_hash)
		inet_put_port(sk);
	tcp_free_fastopen_req(tp);
	tcp_fastopen_destroy_cipher(sk);
	if (unlikely(tp->md5sig_info))
		tcp_clear_md5_list(sk);
	kfree(sk->host, tp->saved_syn);
	tp->saved_syn = NULL;
	sk_sockets_allocated_dec(sk);
}

/* ---- connect() ---- */

/* The sysctl tcp_tw_reuse, for this pair of sockets: 2 means over the loopback device only. */
static bool tw_reuse_applies(const struct sock *sk, const struct inet_timewait_sock *tw)
{
	const __be32 loopback = htonl(INADDR_LOOPBACK & 0xff000000u), mask = htonl(0xff000000u);
	int reuse = sock_net(sk)->ipv4.sysctl_tcp_tw_reuse;

	if (reuse == 2)
		reuse = (tw->tw_daddr & mask) == loopback || (tw->tw_rcv_saddr & mask) == loopback;
	return reuse;
}

/* May a new connection take over the four-tuple of one in TIME_WAIT? Then with a reference to it. */
int tcp_twsk_unique(struct sock *sk, struct sock *sktw, void *twp)
{
	TRACE_SK(sk, "may the connection take over the ports of one in TIME_WAIT?");
	const struct tcp_timewait_sock *tcptw = tcp_twsk(sktw);
	struct tcp_sock *tp = tcp_sk(sk);

	/* RFC 6191: the clock of the time stamps must have ticked, so that old segments are told apart */
	if (!tcptw->tw_ts_recent_stamp)
		return 0;
	if (twp && !(tw_reuse_applies(sk, inet_twsk(sktw)) &&
		     time_after32((u32)tcp_seconds(sk->host), (u32)tcptw->tw_ts_recent_stamp)))
		return 0;
	tp->write_seq = tcptw->tw_snd_nxt + 65535 + 2;
	if (!tp->write_seq)
		tp->write_seq = 1;
	tp->rx_opt.ts_recent = tcptw->tw_ts_recent;
	tp->rx_opt.ts_recent_stamp = tcptw->tw_ts_recent_stamp;
	sock_hold(sktw);
	return 1;
}

/* Not unique now; will it be when time has passed? */
bool tcp_twsk_may_ripen(const struct sock *sk, const struct sock *sktw)
{
	return tcp_twsk(sktw)->tw_ts_recent_stamp && tw_reuse_applies(sk, inet_twsk(sktw));
}

/* The addresses of the connection, from what the route says. */
static void connect_set_addresses(struct sock *sk, const struct flowi4 *fl4, __be16 dport)
{
	struct inet_sock *inet = inet_sk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	if (!inet->inet_saddr)
		inet->inet_saddr = fl4->saddr;
	sk_rcv_saddr_set(sk, inet->inet_saddr);
	/* what the last connection of this socket learned holds for its peer only */
	if (tp->rx_opt.ts_recent_stamp && inet->inet_daddr != fl4->daddr) {
		tp->rx_opt.ts_recent = 0;
		tp->rx_opt.ts_recent_stamp = 0;
		tp->write_seq = 0;
	}
	inet->inet_dport = dport;
	sk_daddr_set(sk, fl4->daddr);
	inet_csk(sk)->icsk_ext_hdr_len = 0;
	tp->rx_opt.mss_clamp = TCP_MSS_DEFAULT;
}

static void connect_set_isn(struct sock *sk)
{
	const struct inet_sock *inet = inet_sk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->write_seq)
		tp->write_seq = secure_tcp_seq(sock_net(sk), inet->inet_saddr, inet->inet_daddr,
					       inet->inet_sport, inet->inet_dport);
	tp->tsoffset = secure_tcp_ts_off(sock_net(sk), inet->inet_saddr, inet->inet_daddr);
}

int tcp_v4_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len)
{
	TRACE_SK_IN(sk, IN_TASK, "set addr and port, allocate skb and build tcp header, send to ip layer");
	const struct sockaddr_in *usin = (const struct sockaddr_in *)uaddr;
	struct inet_sock *inet = inet_sk(sk);
	struct flowi4 *fl4 = &inet->cork.fl.u.ip4;
	__be16 orig_sport = inet->inet_sport, orig_dport;
	struct rtable *rt;
	int err;

	if (addr_len < (int)sizeof(*usin))
		return -EINVAL;
	if (usin->sin_family != AF_INET)
		return -EAFNOSUPPORT;
	orig_dport = usin->sin_port;
	rt = ip_route_connect(fl4, usin->sin_addr.s_addr, inet->inet_saddr, (u32)RT_CONN_FLAGS(sk),
			      sk->sk_bound_dev_if, IPPROTO_TCP, orig_sport, orig_dport, sk);
	if (IS_ERR(rt)) {
		err = (int)PTR_ERR(rt);
		if (err == -ENETUNREACH)
			IP_INC_STATS(sock_net(sk), IPSTATS_MIB_OUTNOROUTES);
		return err;
	}
	if (rt->rt_flags & (RTCF_MULTICAST | RTCF_BROADCAST)) {
		ip_rt_put(rt);
		return -ENETUNREACH;
	}
	TRACE_STEP(sk, "set destination addr & port");
	connect_set_addresses(sk, fl4, orig_dport);
	/* the port is not known yet, but nobody else may enter this state meanwhile */
	tcp_set_state(sk, TCP_SYN_SENT);
	err = inet_hash_connect(&tcp_host(sk)->death_row, sk);
	if (err)
		goto failure;
	rt = ip_route_newports(fl4, rt, orig_sport, orig_dport, inet->inet_sport, inet->inet_dport, sk);
	if (IS_ERR(rt)) {
		err = (int)PTR_ERR(rt);
		rt = NULL;
		goto failure;
	}
	sk->sk_gso_type = SKB_GSO_TCPV4;
	sk_setup_caps(sk, &rt->dst);
	rt = NULL;
	connect_set_isn(sk);
	inet->inet_id = (u16)random_u32(&tcp_host(sk)->seq.random);
	if (tcp_fastopen_defer_connect(sk, &err))
		return err;
	if (!err)
		err = tcp_connect(sk);
	if (!err)
		return 0;

failure:
	/* the socket goes back to unconnected; the port is given up */
	tcp_set_state(sk, TCP_CLOSE);
	if (!(sk->sk_userlocks & SOCK_BINDADDR_LOCK))
		inet->inet_rcv_saddr = inet->inet_saddr = 0;
	if (rt)
		ip_rt_put(rt);
	sk->sk_route_caps = 0;
	inet->inet_dport = 0;
	return err;
}

/* ---- a SYN for a listener ---- */

int tcp_v4_conn_request(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "a SYN has come for a listener");

	/* never answer what was sent to many */
	if (skb_rtable(skb)->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST)) {
		tcp_listendrop(sk);
		return 0;
	}
	return tcp_conn_request(&tcp_request_sock_ops, &tcp_request_sock_ipv4_ops, sk, skb);
}

static void tcp_v4_init_req(struct request_sock *req, struct sk_buff *skb)
{
	TRACE_SKB(skb, "note the addresses of the SYN");
	struct inet_request_sock *ireq = inet_rsk(req);

	ireq->ir_loc_addr = ip_hdr(skb)->daddr;
	ireq->ir_rmt_addr = ip_hdr(skb)->saddr;
	ireq->ireq_opt = NULL; /* options of the IP header are not mirrored */
}

static struct dst_entry *tcp_v4_route_req(struct sock *sk, struct sk_buff *skb, struct flowi *fl,
					  struct request_sock *req)
{
	TRACE_SKB(skb, "note the addresses of the SYN and find the route back");

	tcp_v4_init_req(req, skb);
	return inet_csk_route_req(sk, &fl->u.ip4, req);
}

static u32 tcp_v4_init_seq(struct sk_buff *skb)
{
	TRACE_SKB(skb, "choose the initial sequence number of our side");

	return secure_tcp_seq(skb->host->net, ip_hdr(skb)->daddr, ip_hdr(skb)->saddr, tcp_hdr(skb)->dest,
			      tcp_hdr(skb)->source);
}

static u32 tcp_v4_init_ts_off(struct net *net, struct sk_buff *skb)
{
	TRACE_SKB(skb, "choose the offset of our time stamps");

	return secure_tcp_ts_off(net, ip_hdr(skb)->daddr, ip_hdr(skb)->saddr);
}

/* TOS of the SYN-ACK: the socket's, or with tcp_reflect_tos the SYN's. */
static u8 synack_tos(struct sock *sk, const struct request_sock *req)
{
	u8 tos = inet_sk(sk)->tos;

	if (sock_net(sk)->ipv4.sysctl_tcp_reflect_tos)
		tos = (u8)((tcp_rsk(req)->syn_tos & ~3u) | (tos & 3u));
	return tos;
}

static int tcp_v4_send_synack(struct sock *sk, struct dst_entry *dst, struct flowi *fl,
			      struct request_sock *req, struct tcp_fastopen_cookie *foc,
			      enum tcp_synack_type synack_type, struct sk_buff *syn_skb)
{
	TRACE_SK(sk, "make a SYN-ACK and send it");
	const struct inet_request_sock *ireq = inet_rsk(req);
	struct flowi4 fl4;
	struct sk_buff *skb;
	int err;

	(void)fl;
	if (!dst) {
		dst = inet_csk_route_req(sk, &fl4, req);
		if (!dst)
			return -1;
	}
	skb = tcp_make_synack(sk, dst, req, foc, synack_type, syn_skb);
	if (!skb)
		return -1;
	__tcp_v4_send_check(skb, ireq->ir_loc_addr, ireq->ir_rmt_addr);
	err = ip_build_and_send_pkt(skb, sk, ireq->ir_loc_addr, ireq->ir_rmt_addr, ireq->ireq_opt,
				    synack_tos(sk, req));
	return err == NET_XMIT_CN ? 0 : err;
}

static void tcp_v4_reqsk_destructor(struct request_sock *req)
{
	TRACE_SK(req_to_sk(req), "free what the half-open connection holds");

	kfree(req->__req_common.host, inet_rsk(req)->ireq_opt);
}

/* ---- the ACK of a handshake ---- */

static void child_set_addresses(struct sock *newsk, const struct inet_request_sock *ireq,
				const struct sk_buff *skb)
{
	struct inet_sock *newinet = inet_sk(newsk);

	sk_daddr_set(newsk, ireq->ir_rmt_addr);
	sk_rcv_saddr_set(newsk, ireq->ir_loc_addr);
	newsk->sk_bound_dev_if = ireq->ir_iif;
	newinet->inet_saddr = ireq->ir_loc_addr;
	newinet->inet_opt = ireq->ireq_opt;
	newinet->mc_index = inet_iif(skb);
	newinet->mc_ttl = ip_hdr(skb)->ttl;
	newinet->rcv_tos = ip_hdr(skb)->tos;
	inet_csk(newsk)->icsk_ext_hdr_len = newinet->inet_opt ? newinet->inet_opt->opt.optlen : 0;
	newinet->inet_id = (u16)random_u32(&tcp_host(newsk)->seq.random);
}

/* NULL: the accept queue is full, no route, no memory, or (*own_req false) somebody was faster. */
struct sock *tcp_v4_syn_recv_sock(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
				  struct dst_entry *dst, struct request_sock *req_unhash, bool *own_req)
{
	TRACE_SKB(skb, "make the socket of the new connection");
	struct inet_request_sock *ireq = inet_rsk(req);
	bool found_dup_sk = false;
	struct tcp_sock *newtp;
	struct sock *newsk;

	if (sk_acceptq_is_full(sk)) {
		NET_INC_STATS(sock_net(sk), LINUX_MIB_LISTENOVERFLOWS);
		goto exit_nonewsk;
	}
	newsk = tcp_create_openreq_child(sk, req, skb);
	if (!newsk)
		goto exit_nonewsk;
	newsk->sk_gso_type = SKB_GSO_TCPV4;
	inet_sk_rx_dst_set(newsk, skb);
	newtp = tcp_sk(newsk);
	child_set_addresses(newsk, ireq, skb);
	if (sock_net(sk)->ipv4.sysctl_tcp_reflect_tos)
		inet_sk(newsk)->tos = (u8)(tcp_rsk(req)->syn_tos & ~3u);
	if (!dst) {
		dst = inet_csk_route_child_sock(sk, newsk, req);
		if (!dst)
			goto put_and_exit;
	}
	sk_setup_caps(newsk, dst);
	tcp_ca_openreq_child(newsk, dst);
	tcp_sync_mss(newsk, dst_mtu(dst));
	newtp->advmss = tcp_mss_clamp(tcp_sk(sk), (u16)tcp_dst_advmss(dst));
	tcp_initialize_rcv_mss(newsk);
	tcp_md5_inherit(sk, newsk, ireq->ir_rmt_addr);
	if (__inet_inherit_port(sk, newsk) < 0)
		goto put_and_exit;
	*own_req = inet_ehash_nolisten(newsk, req_unhash ? req_to_sk(req_unhash) : NULL, &found_dup_sk);
	if (likely(*own_req)) {
		newtp->saved_syn = req->saved_syn;
		req->saved_syn = NULL;
		ireq->ireq_opt = NULL;
	} else {
		inet_sk(newsk)->inet_opt = NULL;
		if (!req_unhash && found_dup_sk) {
			sock_put(newsk);
			newsk = NULL;
		}
	}
	return newsk;

put_and_exit:
	inet_sk(newsk)->inet_opt = NULL;
	inet_csk_prepare_forced_close(newsk);
	tcp_done(newsk);
	tcp_listendrop(sk);
	return NULL;
exit_nonewsk:
	dst_release(dst);
	tcp_listendrop(sk);
	return NULL;
}

/* ---- operations ---- */

const struct request_sock_ops tcp_request_sock_ops = {
	.family = PF_INET,
	.obj_size = sizeof(struct tcp_request_sock),
	.rtx_syn_ack = tcp_rtx_synack,
	.send_ack = tcp_v4_reqsk_send_ack,
	.send_reset = tcp_v4_send_reset,
	.destructor = tcp_v4_reqsk_destructor,
	.syn_ack_timeout = tcp_syn_ack_timeout,
};

const struct tcp_request_sock_ops tcp_request_sock_ipv4_ops = {
	.mss_clamp = TCP_MSS_DEFAULT,
	.route_req = tcp_v4_route_req,
	.init_seq = tcp_v4_init_seq,
	.cookie_init_seq = cookie_v4_init_sequence,
	.init_ts_off = tcp_v4_init_ts_off,
	.send_synack = tcp_v4_send_synack,
};
