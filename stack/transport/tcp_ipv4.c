/*
 * TCP over IPv4, input: from ip_protocol_deliver_rcu() to the socket that a segment is for, be it a
 * connection, a half-open one, one in TIME_WAIT or a listener; and the tables of operations.
 *
 * Connection set-up is in tcp_ipv4_conn.c, answers without a socket in tcp_ipv4_reply.c, ICMP errors in
 * tcp_ipv4_err.c.
 */
#include "stack/internet/ip.h"
#include "stack/kernel/softirq.h"
#include "stack/transport/tcp.h"

/* ---- checksum ---- */

void __tcp_v4_send_check(struct sk_buff *skb, __be32 saddr, __be32 daddr)
{
	TRACE_SKB_LEAF(skb, "sum the pseudo header; device or dev_queue_xmit() do the rest");
	struct tcphdr *th = tcp_hdr(skb);

	th->check = (__sum16)~tcp_v4_check((int)skb->len, saddr, daddr, 0);
	skb->csum_start = (u16)(skb_transport_header(skb) - skb->head);
	skb->csum_offset = offsetof(struct tcphdr, check);
}

void tcp_v4_send_check(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "prepare the checksum");

	__tcp_v4_send_check(skb, inet_sk(sk)->inet_saddr, inet_sk(sk)->inet_daddr);
}

#define CHECKSUM_BREAK 76 /* shorter packets are summed at once, longer ones when they are looked at */

/* True: the checksum is wrong. Prepares skb->csum for a later tcp_checksum_complete(). */
static bool checksum_init_fails(struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	__wsum pseudo;

	skb->csum_valid = 0;
	if (skb_csum_unnecessary(skb)) {
		skb->csum_valid = 1;
		return false;
	}
	pseudo = csum_tcpudp_nofold(iph->saddr, iph->daddr, skb->len, IPPROTO_TCP, 0);
	if (skb->ip_summed == CHECKSUM_COMPLETE) {
		if (!csum_fold(csum_add(pseudo, skb->csum))) {
			skb->csum_valid = 1;
			return false;
		}
	}
	skb->csum = pseudo;
	if (skb->ip_summed == CHECKSUM_COMPLETE || skb->len <= CHECKSUM_BREAK) {
		__sum16 csum = __skb_checksum_complete(skb);

		skb->csum_valid = !csum;
		return csum;
	}
	return false;
}

/* ---- from IP's control block to ours and back ---- */

void tcp_v4_fill_cb(struct sk_buff *skb, const struct iphdr *iph, const struct tcphdr *th)
{
	TRACE_SKB_LEAF(skb, "note sequence numbers and flags in the skb's control block");
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	u8 flags = ((const u8 *)th)[13];

	BUILD_BUG_ON(sizeof(struct inet_skb_parm) > sizeof(cb->ip_cb));
	BUILD_BUG_ON(offsetof(struct tcp_skb_cb, ip_cb) < sizeof(struct inet_skb_parm));
	memcpy(cb->ip_cb, IPCB(skb), sizeof(struct inet_skb_parm));
	cb->seq = ntohl(th->seq);
	cb->end_seq = cb->seq + th->syn + th->fin + skb->len - th->doff * 4u;
	cb->ack_seq = ntohl(th->ack_seq);
	cb->tcp_flags = flags;
	cb->tcp_tw_isn = 0;
	cb->ip_dsfield = iph->tos;
	cb->sacked = 0;
	cb->eor = 0;
	cb->txstamp_ack = 0;
	cb->has_rxtstamp = skb->tstamp != 0;
}

static void tcp_v4_restore_cb(struct sk_buff *skb)
{
	struct inet_skb_parm parm;

	memcpy(&parm, TCP_SKB_CB(skb)->ip_cb, sizeof(parm));
	memcpy(IPCB(skb), &parm, sizeof(parm));
}

/* ---- early demux ---- */

/* Finds the connection before the packet is routed, so that the connection's input route can be used. */
int tcp_v4_early_demux(struct sk_buff *skb)
{
	TRACE_SKB(skb, "find the connection before routing, and use its route");
	const struct iphdr *iph;
	const struct tcphdr *th;
	struct sock *sk;

	if (skb->pkt_type != PACKET_HOST)
		return 0;
	if (!pskb_may_pull(skb, (unsigned int)skb_transport_offset(skb) + TCP_HEADER_LEN))
		return 0;
	iph = ip_hdr(skb);
	th = tcp_hdr(skb);
	if (th->doff < sizeof(struct tcphdr) / 4)
		return 0;
	sk = __inet_lookup_established(skb->host->net, tcp_hashinfo(skb->host), iph->saddr, th->source,
				       iph->daddr, ntohs(th->dest), skb->skb_iif, 0);
	if (!sk)
		return 0;
	skb->sk = sk;
	skb->destructor = sock_edemux;
	if (sk_fullsock(sk)) {
		struct dst_entry *dst = sk->sk_rx_dst;

		if (dst)
			dst = dst_check(dst, 0);
		if (dst && sk->sk_rx_dst_ifindex == skb->skb_iif)
			skb_dst_set_noref(skb, dst);
	}
	return 0;
}

/* ---- the socket has been found ---- */

int tcp_filter(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "does the socket's filter let the segment pass?");

	return sk_filter_trim_cap(sk, skb, tcp_hdr(skb)->doff * 4u);
}

static struct sock *tcp_v4_cookie_check(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "is it the ACK of a handshake with a SYN cookie?");

	return tcp_hdr(skb)->syn ? sk : cookie_v4_check(sk, skb);
}

/* Handles a segment; the socket is not owned by a task, or the task works off its backlog. */
int tcp_v4_do_rcv(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "process the segment as the connection's state says");
	struct sock *rsk = sk;

	if (likely(sk->sk_state == TCP_ESTABLISHED)) {
		struct dst_entry *dst = sk->sk_rx_dst;

		if (dst && (sk->sk_rx_dst_ifindex != skb->skb_iif || !dst_check(dst, 0))) {
			sk->sk_rx_dst = NULL;
			dst_release(dst);
		}
		tcp_rcv_established(sk, skb);
		return 0;
	}
	if (tcp_checksum_complete(skb)) {
		TCP_INC_STATS(sock_net(sk), TCP_MIB_CSUMERRORS);
		TCP_INC_STATS(sock_net(sk), TCP_MIB_INERRS);
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_CSUM);
		return 0;
	}
	if (sk->sk_state == TCP_LISTEN) {
		struct sock *nsk = tcp_v4_cookie_check(sk, skb);

		if (!nsk) {
			kfree_skb_reason(skb, SKB_DROP_REASON_TCP_LISTEN_OVERFLOW);
			return 0;
		}
		if (nsk != sk) {
			if (!tcp_child_process(sk, nsk, skb))
				return 0;
			rsk = nsk;
			goto reset;
		}
	}
	if (!tcp_rcv_state_process(sk, skb))
		return 0;
reset:
	tcp_v4_send_reset(rsk, skb);
	kfree_skb_reason(skb, SKB_DROP_REASON_TCP_FLAGS);
	return 0;
}

/* May the segment be appended to the one at the backlog's tail? */
static bool backlog_may_coalesce(const struct sk_buff *tail, const struct sk_buff *skb)
{
	const struct tcp_skb_cb *a = TCP_SKB_CB(tail), *b = TCP_SKB_CB(skb);
	const struct tcphdr *thtail = (const struct tcphdr *)tail->data;
	const struct tcphdr *th = (const struct tcphdr *)skb->data;

	return a->end_seq == b->seq && a->ip_dsfield == b->ip_dsfield &&
	       !((a->tcp_flags | b->tcp_flags) & (TCPHDR_SYN | TCPHDR_RST | TCPHDR_URG)) &&
	       (a->tcp_flags & b->tcp_flags & TCPHDR_ACK) &&
	       !((a->tcp_flags ^ b->tcp_flags) & (TCPHDR_ECE | TCPHDR_CWR)) && thtail->doff == th->doff &&
	       !memcmp(thtail + 1, th + 1, th->doff * 4u - sizeof(*th));
}

static bool backlog_coalesce(struct sock *sk, struct sk_buff *skb)
{
	struct sk_buff *tail = sk->sk_backlog.tail;
	const struct tcphdr *th = (const struct tcphdr *)skb->data;
	unsigned int hdrlen = th->doff * 4u, size, segs, tail_size, tail_segs;
	struct tcphdr *thtail;
	bool fragstolen;
	int delta;

	if (!tail || !backlog_may_coalesce(tail, skb))
		return false;
	thtail = (struct tcphdr *)tail->data;
	__skb_pull(skb, hdrlen);
	size = skb_shinfo(skb)->gso_size ? skb_shinfo(skb)->gso_size : skb->len;
	segs = skb_shinfo(skb)->gso_segs ? skb_shinfo(skb)->gso_segs : 1;
	tail_size = skb_shinfo(tail)->gso_size ? skb_shinfo(tail)->gso_size : tail->len - hdrlen;
	tail_segs = skb_shinfo(tail)->gso_segs ? skb_shinfo(tail)->gso_segs : 1;
	if (!skb_try_coalesce(tail, skb, &fragstolen, &delta)) {
		__skb_push(skb, hdrlen);
		return false;
	}
	TCP_SKB_CB(tail)->end_seq = TCP_SKB_CB(skb)->end_seq;
	if (likely(!before(TCP_SKB_CB(skb)->ack_seq, TCP_SKB_CB(tail)->ack_seq))) {
		TCP_SKB_CB(tail)->ack_seq = TCP_SKB_CB(skb)->ack_seq;
		thtail->window = th->window;
	}
	/* PSH and FIN of either; PSH makes an ACK go out sooner */
	thtail->fin |= th->fin;
	TCP_SKB_CB(tail)->tcp_flags |= TCP_SKB_CB(skb)->tcp_flags;
	skb_shinfo(tail)->gso_size = (u16)max(size, tail_size);
	skb_shinfo(tail)->gso_segs = (u16)min(segs + tail_segs, 0xFFFFu);
	sk->sk_backlog.len += delta;
	NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPBACKLOGCOALESCE);
	kfree_skb_partial(skb, fragstolen);
	return true;
}

/* A task owns the socket: the segment waits until release_sock(). True: it was dropped. */
bool tcp_add_backlog(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "queue the segment until the task gives the socket up");
	u64 limit;

	skb_condense(skb);
	skb_dst_drop(skb);
	if (unlikely(tcp_checksum_complete(skb))) {
		TCP_INC_STATS(sock_net(sk), TCP_MIB_CSUMERRORS);
		TCP_INC_STATS(sock_net(sk), TCP_MIB_INERRS);
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_CSUM);
		return true;
	}
	if (backlog_coalesce(sk, skb))
		return false;
	/* with room for ACKs on top of what the buffers hold */
	limit = (u64)(u32)sk->sk_rcvbuf + (u32)sk->sk_sndbuf + 64 * 1024;
	if (unlikely(sk_add_backlog(sk, skb, (unsigned int)min_t(u64, limit, U32_MAX)))) {
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPBACKLOGDROP);
		kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_BACKLOG);
		return true;
	}
	return false;
}

void inet_sk_rx_dst_set(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "keep the input route for segments to come");
	struct dst_entry *dst = skb_dst(skb);

	if (dst && dst_hold_safe(dst)) {
		sk->sk_rx_dst = dst;
		sk->sk_rx_dst_ifindex = skb->skb_iif;
	}
}

/* ---- tcp_v4_rcv() ---- */

/* What to do after a half-open connection or one in TIME_WAIT has seen the segment. */
enum rcv_next { RCV_DONE, RCV_LOOKUP, RCV_PROCESS };

static enum rcv_next csum_error(struct sk_buff *skb)
{
	TCP_INC_STATS(skb->host->net, TCP_MIB_CSUMERRORS);
	TCP_INC_STATS(skb->host->net, TCP_MIB_INERRS);
	kfree_skb_reason(skb, SKB_DROP_REASON_TCP_CSUM);
	return RCV_DONE;
}

/* For a half-open connection. *skp: the listener, with a reference, when it shall process the segment. */
static enum rcv_next rcv_request(struct sk_buff *skb, struct request_sock *req, struct sock **skp)
{
	struct sock *sk = req->rsk_listener, *nsk = NULL;
	bool req_stolen = false;
	int reason = tcp_v4_inbound_md5_hash(sk, skb);

	if (unlikely(reason)) {
		sk->sk_drops++;
		reqsk_put(req);
		kfree_skb_reason(skb, (enum skb_drop_reason)reason);
		return RCV_DONE;
	}

	if (tcp_checksum_complete(skb)) {
		reqsk_put(req);
		return csum_error(skb);
	}
	if (unlikely(sk->sk_state != TCP_LISTEN)) {
		inet_csk_reqsk_queue_drop_and_put(sk, req);
		return RCV_LOOKUP;
	}
	/* tcp_check_req() may end the request, and with it the listener */
	sock_hold(sk);
	if (!tcp_filter(sk, skb)) {
		tcp_v4_fill_cb(skb, ip_hdr(skb), tcp_hdr(skb));
		nsk = tcp_check_req(sk, skb, req, false, &req_stolen);
	}
	if (!nsk) {
		reqsk_put(req);
		if (req_stolen) {
			/* somebody else made the connection: it is in the table now */
			tcp_v4_restore_cb(skb);
			sock_put(sk);
			return RCV_LOOKUP;
		}
		sk->sk_drops++;
		sock_put(sk);
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_REQ_DROP);
		return RCV_DONE;
	}
	if (nsk == sk) {
		reqsk_put(req);
		tcp_v4_restore_cb(skb);
		*skp = sk;
		return RCV_PROCESS;
	}
	if (tcp_child_process(sk, nsk, skb)) {
		tcp_v4_send_reset(nsk, skb);
		sock_put(sk);
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_FLAGS);
		return RCV_DONE;
	}
	sock_put(sk);
	return RCV_DONE;
}

/* For a connection in TIME_WAIT. *skp: the listener that a new SYN is for, *tw_isn: the ISN to use. */
static enum rcv_next rcv_time_wait(struct sk_buff *skb, struct inet_timewait_sock *tw, struct sock **skp,
				   u32 *tw_isn)
{
	const struct iphdr *iph = ip_hdr(skb);
	const struct tcphdr *th = tcp_hdr(skb);
	struct host *host = skb->host;

	tcp_v4_fill_cb(skb, iph, th);
	if (tcp_checksum_complete(skb)) {
		inet_twsk_put(tw);
		return csum_error(skb);
	}
	switch (tcp_timewait_state_process(tw, skb, th)) {
	case TCP_TW_SYN:
		*skp = __inet_lookup_listener(host->net, tcp_hashinfo(host), skb, (int)__tcp_hdrlen(th),
					      iph->saddr, th->source, iph->daddr, ntohs(th->dest),
					      inet_iif(skb), 0);
		if (*skp) {
			*tw_isn = TCP_SKB_CB(skb)->tcp_tw_isn;
			inet_twsk_deschedule_put(tw);
			tcp_v4_restore_cb(skb);
			return RCV_PROCESS;
		}
		fallthrough;
	case TCP_TW_ACK:
		tcp_v4_timewait_ack((struct sock *)tw, skb);
		break;
	case TCP_TW_RST:
		tcp_v4_send_reset((struct sock *)tw, skb);
		inet_twsk_deschedule_put(tw);
		break;
	case TCP_TW_SUCCESS:
		break;
	}
	kfree_skb_reason(skb, SKB_DROP_REASON_TCP_TIMEWAIT);
	return RCV_DONE;
}

/* No socket wants it: says so with a RST. */
static void rcv_no_socket(struct sk_buff *skb)
{
	tcp_v4_fill_cb(skb, ip_hdr(skb), tcp_hdr(skb));
	if (tcp_checksum_complete(skb)) {
		csum_error(skb);
		return;
	}
	tcp_v4_send_reset(NULL, skb);
	kfree_skb_reason(skb, SKB_DROP_REASON_NO_SOCKET);
}

/* A full socket gets the segment: a connection or a listener. `tw_isn` is for a SYN that ended TIME_WAIT. */
static int rcv_full_sock(struct sock *sk, struct sk_buff *skb, u32 tw_isn, bool refcounted)
{
	int ret = 0, reason;

	if (unlikely(inet_sk(sk)->min_ttl && ip_hdr(skb)->ttl < inet_sk(sk)->min_ttl)) {
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPMINTTLDROP);
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_MINTTL);
		goto out_drop;
	}
	nf_reset_ct(skb);
	reason = tcp_v4_inbound_md5_hash(sk, skb);
	if (unlikely(reason)) {
		kfree_skb_reason(skb, (enum skb_drop_reason)reason);
		goto out_drop;
	}
	if (tcp_filter(sk, skb)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_FILTER);
		goto out_drop;
	}
	tcp_v4_fill_cb(skb, ip_hdr(skb), tcp_hdr(skb));
	TCP_SKB_CB(skb)->tcp_tw_isn = tw_isn;
	skb->dev = NULL;
	if (sk->sk_state == TCP_LISTEN) {
		ret = tcp_v4_do_rcv(sk, skb);
	} else {
		tcp_segs_in(tcp_sk(sk), skb);
		if (!sock_owned_by_user(sk))
			ret = tcp_v4_do_rcv(sk, skb);
		else if (tcp_add_backlog(sk, skb))
			goto out_drop;
	}
	if (refcounted)
		sock_put(sk);
	return ret;

out_drop:
	sk->sk_drops++;
	if (refcounted)
		sock_put(sk);
	return 0;
}

/* Header complete and sane? False: the packet is gone. */
static bool header_ok(struct sk_buff *skb)
{
	struct net *net = skb->host->net;
	const struct tcphdr *th;

	if (skb->pkt_type != PACKET_HOST) {
		kfree_skb_reason(skb, SKB_DROP_REASON_OTHERHOST);
		return false;
	}
	TCP_INC_STATS(net, TCP_MIB_INSEGS);
	if (!pskb_may_pull(skb, sizeof(struct tcphdr))) {
		kfree_skb_reason(skb, SKB_DROP_REASON_PKT_TOO_SMALL);
		return false;
	}
	th = (const struct tcphdr *)skb->data;
	if (unlikely(th->doff < sizeof(struct tcphdr) / 4)) {
		TCP_INC_STATS(net, TCP_MIB_INERRS);
		kfree_skb_reason(skb, SKB_DROP_REASON_PKT_TOO_SMALL);
		return false;
	}
	if (!pskb_may_pull(skb, th->doff * 4u)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_PKT_TOO_SMALL);
		return false;
	}
	if (checksum_init_fails(skb)) {
		csum_error(skb);
		return false;
	}
	return true;
}

int tcp_v4_rcv(struct sk_buff *skb)
{
	TRACE_SKB_IN(skb, IN_SOFTIRQ, "change tcp state or queue skb");
	enum rcv_next next = RCV_LOOKUP;
	struct sock *sk = NULL;
	bool refcounted = true;
	u32 tw_isn = 0;

	if (unlikely(!header_ok(skb)))
		return 0;
	while (next == RCV_LOOKUP) {
		const struct tcphdr *th = (const struct tcphdr *)skb->data;

		sk = __inet_lookup_skb(tcp_hashinfo(skb->host), skb, (int)__tcp_hdrlen(th), th->source,
				       th->dest, 0, &refcounted);
		if (!sk) {
			rcv_no_socket(skb);
			return 0;
		}
		if (unlikely(sk->sk_state == TCP_TIME_WAIT)) {
			next = rcv_time_wait(skb, inet_twsk(sk), &sk, &tw_isn);
			refcounted = false;
		} else if (unlikely(sk->sk_state == TCP_NEW_SYN_RECV)) {
			next = rcv_request(skb, inet_reqsk(sk), &sk);
			refcounted = true;
		} else {
			next = RCV_PROCESS;
		}
	}
	if (next == RCV_PROCESS)
		return rcv_full_sock(sk, skb, tw_isn, refcounted);
	return 0;
}

/* ---- operations ---- */

const struct inet_connection_sock_af_ops ipv4_specific = {
	.queue_xmit = ip_queue_xmit,
	.send_check = tcp_v4_send_check,
	.rebuild_header = inet_sk_rebuild_header,
	.sk_rx_dst_set = inet_sk_rx_dst_set,
	.conn_request = tcp_v4_conn_request,
	.syn_recv_sock = tcp_v4_syn_recv_sock,
	.net_header_len = sizeof(struct iphdr),
	.setsockopt = ip_setsockopt,
	.getsockopt = ip_getsockopt,
	.sockaddr_len = sizeof(struct sockaddr_in),
	.mtu_reduced = tcp_v4_mtu_reduced,
};

static long *tcp_memory_allocated(struct net *net)
{
	return &net->tcp->memory_allocated;
}

static unsigned long *tcp_memory_pressure(struct net *net)
{
	return &net->tcp->memory_pressure;
}

static const long *tcp_sysctl_mem(struct net *net)
{
	return net->ipv4.sysctl_tcp_mem;
}

static int *tcp_sysctl_wmem(struct net *net)
{
	return net->ipv4.sysctl_tcp_wmem;
}

static int *tcp_sysctl_rmem(struct net *net)
{
	return net->ipv4.sysctl_tcp_rmem;
}

static int *tcp_sockets_allocated(struct net *net)
{
	return &net->tcp->sockets_allocated;
}

static int *tcp_orphan_count(struct net *net)
{
	return &net->tcp->orphan_count;
}

static struct inet_hashinfo *tcp_net_hashinfo(struct net *net)
{
	return &net->tcp->hashinfo;
}

const struct proto tcp_prot = {
	.name = "TCP",
	.no_autobind = true,
	.close = tcp_close,
	.connect = tcp_v4_connect,
	.disconnect = tcp_disconnect,
	.accept = inet_csk_accept,
	.ioctl = tcp_ioctl,
	.init = tcp_v4_init_sock,
	.destroy = tcp_v4_destroy_sock,
	.shutdown = tcp_shutdown,
	.setsockopt = tcp_setsockopt,
	.getsockopt = tcp_getsockopt,
	.keepalive = tcp_set_keepalive,
	.recvmsg = tcp_recvmsg,
	.sendmsg = tcp_sendmsg,
	.backlog_rcv = tcp_v4_do_rcv,
	.release_cb = tcp_release_cb,
	.hash = inet_hash,
	.unhash = inet_unhash,
	.get_port = inet_csk_get_port,
	.put_port = inet_put_port,
	.stream_memory_free = tcp_stream_memory_free,
	.enter_memory_pressure = tcp_enter_memory_pressure,
	.leave_memory_pressure = tcp_leave_memory_pressure,
	.memory_allocated = tcp_memory_allocated,
	.memory_pressure = tcp_memory_pressure,
	.sysctl_mem = tcp_sysctl_mem,
	.sysctl_wmem = tcp_sysctl_wmem,
	.sysctl_rmem = tcp_sysctl_rmem,
	.sockets_allocated = tcp_sockets_allocated,
	.orphan_count = tcp_orphan_count,
	.max_header = MAX_TCP_HEADER,
	.obj_size = sizeof(struct tcp_sock),
	.rsk_prot = &tcp_request_sock_ops,
	.hashinfo = tcp_net_hashinfo,
};
