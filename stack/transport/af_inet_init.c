/*
 * Booting the IPv4 family: registers the protocols, the socket types and the packet type, and starts ARP, IP,
 * TCP and ICMP, in Linux's order. Also what all socks of the family share: their state's one way to change,
 * their route, their end.
 */
#include "stack/application/socket.h"
#include "stack/internet/arp.h"
#include "stack/internet/icmp.h"
#include "stack/internet/igmp.h"
#include "stack/internet/internet.h"
#include "stack/internet/ip.h"
#include "stack/internet/ping.h"
#include "stack/internet/protocol.h"
#include "stack/internet/raw.h"
#include "stack/interface/etherdevice.h"
#include "stack/interface/netdevice.h"
#include "stack/transport/tcp_trace.h"
#include "stack/transport/udp.h"

/* ---- a sock's state ---- */

/* The only two places that write sk_state of a full sock. */
void inet_sk_set_state(struct sock *sk, int state)
{
	TRACE_SK(sk, "set the socket's state");
	int oldstate = sk->sk_state;

	sk->sk_state = (u8)state;
	tcp_trace_state(sk, oldstate);
}

void inet_sk_state_store(struct sock *sk, int newstate)
{
	TRACE_SK(sk, "set the socket's state, after all that depends on the old one");
	int oldstate = sk->sk_state;

	sk->sk_state = (u8)newstate;
	tcp_trace_state(sk, oldstate);
}

/* An end, or both, are known: what the trace calls the sock. */
void inet_trace_name(const struct sock *sk)
{
	const struct inet_sock *inet = inet_sk(sk);

	if (!inet->inet_daddr)
		trace_subject_name(sk->host, SUBJECT_SOCK, sk->trace_id, NIPQUAD_FMT ":%u",
				   NIPQUAD(inet->inet_rcv_saddr), inet->inet_num);
	else
		trace_subject_name(sk->host, SUBJECT_SOCK, sk->trace_id,
				   NIPQUAD_FMT ":%u > " NIPQUAD_FMT ":%u", NIPQUAD(inet->inet_saddr),
				   ntohs(inet->inet_sport), NIPQUAD(inet->inet_daddr),
				   ntohs(inet->inet_dport));
}

/* ---- a sock's route ---- */

int inet_sk_rebuild_header(struct sock *sk)
{
	TRACE_SK(sk, "make sure that the connection has a valid route");
	struct inet_sock *inet = inet_sk(sk);
	struct rtable *rt = (struct rtable *)__sk_dst_check(sk, 0);

	if (rt)
		return 0;
	rt = ip_route_output_ports(sock_net(sk), &inet->cork.fl.u.ip4, sk, inet->inet_daddr, inet->inet_saddr,
				   inet->inet_dport, inet->inet_sport, (u8)sk->sk_protocol, RT_CONN_FLAGS(sk),
				   sk->sk_bound_dev_if);
	if (!IS_ERR(rt)) {
		sk_setup_caps(sk, &rt->dst);
		return 0;
	}
	sk->sk_route_caps = 0;
	sk->sk_err_soft = -(int)PTR_ERR(rt);
	return (int)PTR_ERR(rt);
}

/* ---- a sock's end ---- */

void inet_sock_destruct(struct sock *sk)
{
	TRACE_SK(sk, "free what the socket still holds: queues, routes");

	__skb_queue_purge(&sk->sk_receive_queue);
	if (sk->sk_rx_dst)
		sk->sk_rx_dst_ifindex = 0;
	__skb_queue_purge(&sk->sk_error_queue);
	sk_mem_reclaim(sk);
	SIM_BUG_ON(sk->host, sk->sk_type == SOCK_STREAM && sk->sk_state != TCP_CLOSE);
	SIM_BUG_ON(sk->host, !sock_flag(sk, SOCK_DEAD));
	SIM_BUG_ON(sk->host, sk->sk_rmem_alloc);
	SIM_BUG_ON(sk->host, sk->sk_wmem_alloc);
	SIM_BUG_ON(sk->host, sk->sk_wmem_queued);
	SIM_BUG_ON(sk->host, sk->sk_forward_alloc);
	kfree(sk->host, inet_sk(sk)->inet_opt);
	dst_release_of(sk->host, sk->sk_dst_cache);
	dst_release_of(sk->host, sk->sk_rx_dst);
}

/* ---- boot ---- */

static const struct net_proto_family inet_family_ops = {
	.family = PF_INET,
	.create = inet_create,
};

static const struct net_protocol tcp_protocol = {
	.early_demux = tcp_v4_early_demux,
	.handler = tcp_v4_rcv,
	.err_handler = tcp_v4_err,
	.no_policy = 1,
	.icmp_strict_tag_validation = 1,
};

static const struct net_protocol icmp_protocol = {
	.handler = icmp_rcv,
	.err_handler = icmp_err,
	.no_policy = 1,
};

/* What socket(AF_INET, type, protocol) can be; the last row takes any protocol. */
static const struct inet_protosw inetsw_array[] = {
	{
		.type = SOCK_STREAM,
		.protocol = IPPROTO_TCP,
		.prot = &tcp_prot,
		.ops = &inet_stream_ops,
		.flags = INET_PROTOSW_PERMANENT | INET_PROTOSW_ICSK,
	},
	{
		.type = SOCK_DGRAM,
		.protocol = IPPROTO_UDP,
		.prot = &udp_prot,
		.ops = &inet_dgram_ops,
		.flags = INET_PROTOSW_PERMANENT,
	},
	{
		.type = SOCK_DGRAM,
		.protocol = IPPROTO_ICMP,
		.prot = &ping_prot,
		.ops = &inet_sockraw_ops,
		.flags = INET_PROTOSW_REUSE,
	},
	{
		.type = SOCK_RAW,
		.protocol = IPPROTO_IP,
		.prot = &raw_prot,
		.ops = &inet_sockraw_ops,
		.flags = INET_PROTOSW_REUSE,
	},
};

int inet_register_protosw(struct host *host, const struct inet_protosw *p)
{
	TRACE(host, "add a type of socket to the family's table");
	struct tcp_state *state = host->net->tcp;

	if (state->nr_inetsw == INET_PROTOSW_MAX)
		return -ENOSPC;
	state->inetsw[state->nr_inetsw++] = p;
	return 0;
}

static int inet_state_alloc(struct host *host)
{
	struct tcp_state *state = kzalloc(host, sizeof(*state));

	if (!state)
		return -ENOMEM;
	state->host = host;
	secure_seq_init(host, &state->seq);
	host->net->tcp = state;
	return 0;
}

/* ---- the steps of inet_init(), in Linux's order ---- */

static int register_proto(struct host *host)
{
	int rc = proto_register(host, &tcp_prot, 1);

	if (rc)
		return rc;
	rc = proto_register(host, &udp_prot, 1);
	if (rc)
		proto_unregister(host, &tcp_prot);
	return rc;
}

static void unregister_proto(struct host *host)
{
	udp_exit(host); /* now that no packet of its sockets is left anywhere */
	proto_unregister(host, &udp_prot);
	proto_unregister(host, &tcp_prot);
}

static int register_family(struct host *host)
{
	return sock_register(host, &inet_family_ops);
}

static void unregister_family(struct host *host)
{
	sock_unregister(host, PF_INET);
}

static int add_protocols(struct host *host)
{
	if (inet_add_protocol(host, &icmp_protocol, IPPROTO_ICMP) < 0 ||
	    inet_add_protocol(host, &udp_protocol, IPPROTO_UDP) < 0 ||
	    inet_add_protocol(host, &tcp_protocol, IPPROTO_TCP) < 0)
		return -ENOMEM;
	return 0;
}

static int add_socket_types(struct host *host)
{
	for (unsigned i = 0; i < ARRAY_SIZE(inetsw_array); i++)
		if (inet_register_protosw(host, &inetsw_array[i]))
			return -ENOSPC;
	return 0;
}

static int add_packet_type(struct host *host)
{
	struct packet_type *pt = &host->net->inet->ip_packet_type;

	pt->type = htons(ETH_P_IP);
	pt->func = ip_rcv;
	pt->list_func = ip_list_rcv;
	dev_add_pack(host->net, pt);
	return 0;
}

static void remove_packet_type(struct host *host)
{
	dev_remove_pack(host->net, &host->net->inet->ip_packet_type);
}

/* A step that fails has cleaned up after itself. */
static const struct {
	int (*init)(struct host *host);
	void (*exit)(struct host *host);
} inet_steps[] = {
	{ register_proto, unregister_proto },
	{ raw_init, raw_exit },
	{ ping_init, ping_exit },
	{ register_family, unregister_family },
	{ add_protocols, NULL },
	{ add_socket_types, NULL },
	{ arp_init, arp_exit },
	{ ip_init, ip_exit },
	{ tcp_init, tcp_exit },
	{ udp_init, NULL },
	{ icmp_init, icmp_exit },
	{ igmp_mc_init, NULL },
	{ udpv4_offload_init, NULL },
	{ tcpv4_offload_init, NULL },
	{ add_packet_type, remove_packet_type },
};

static void inet_undo(struct host *host, unsigned done)
{
	while (done-- > 0)
		if (inet_steps[done].exit)
			inet_steps[done].exit(host);
	kfree(host, host->net->tcp);
	host->net->tcp = NULL;
}

int inet_init(struct host *host)
{
	TRACE(host, "initialize the IPv4 family");
	int rc = inet_state_alloc(host);

	if (rc)
		return rc;
	for (unsigned i = 0; i < ARRAY_SIZE(inet_steps); i++) {
		rc = inet_steps[i].init(host);
		if (rc) {
			inet_undo(host, i);
			return rc;
		}
	}
	return 0;
}

/* After the devices have stopped (their rings hold packets of sockets); all programs' sockets are closed. */
void inet_exit(struct host *host)
{
	if (host->net->tcp)
		inet_undo(host, ARRAY_SIZE(inet_steps));
}
