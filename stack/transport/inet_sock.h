/*
 * struct inet_sock: a socket of the IPv4 family, between struct sock and the protocols; and the common
 * part of a half-open one. Owned by the sock; the address fields are valid once bound or connected.
 */
#ifndef STACK_TRANSPORT_INET_SOCK_H
#define STACK_TRANSPORT_INET_SOCK_H

#include "stack/internet/flow.h"
#include "stack/internet/ip_options.h"
#include "stack/transport/request_sock.h"
#include "stack/transport/sock.h"

struct dst_entry;
struct iphdr;

/* inet_sock.cmsg_flags: what a program is told with each packet */
#define IP_CMSG_PKTINFO (1 << 0)
#define IP_CMSG_TTL (1 << 1)
#define IP_CMSG_TOS (1 << 2)
#define IP_CMSG_RECVOPTS (1 << 3)
#define IP_CMSG_RETOPTS (1 << 4)
#define IP_CMSG_PASSSEC (1 << 5) /* of a security module; there is none */
#define IP_CMSG_ORIGDSTADDR (1 << 6)
#define IP_CMSG_RECVFRAGSIZE (1 << 8)

#define IPCORK_OPT 1 /* opt is the cork's own */
#define IPCORK_ALLFRAG 2

/* What is being put together for one datagram over several calls (ip_append_data()). */
struct inet_cork {
	unsigned int flags;
	__be32 addr;
	struct ip_options *opt;
	unsigned int fragsize;
	int length; /* so far, without the IP header */
	struct dst_entry *dst;
	u8 tx_flags, ttl;
	s16 tos;
	char priority;
	u16 gso_size;
	u64 transmit_time;
	u32 mark;
};

struct inet_cork_full {
	struct inet_cork base;
	struct flowi fl;
};

struct inet_sock {
	struct sock sk; /* first */
#define inet_daddr sk.sk_daddr
#define inet_rcv_saddr sk.sk_rcv_saddr
#define inet_dport sk.sk_dport
#define inet_num sk.sk_num
	__be32 inet_saddr; /* the source address we send with */
	__be16 inet_sport;
	s16 uc_ttl;  /* IP_TTL; -1: the host's default */
	u16 inet_id; /* next IP identification */
	u16 cmsg_flags;
	u8 tos, min_ttl, mc_ttl, pmtudisc, rcv_tos;
	u8 recverr : 1, is_icsk : 1, freebind : 1, hdrincl : 1, mc_loop : 1, transparent : 1, mc_all : 1,
		nodefrag : 1;
	u8 bind_address_no_port : 1, recverr_rfc4884 : 1, defer_connect : 1;
	int uc_index, mc_index;
	__be32 mc_addr;
	struct ip_mc_socklist *mc_list; /* multicast groups */
	struct ip_options_rcu *inet_opt;
	struct inet_cork_full cork;
};

/* A half-open connection: what the SYN said. The addresses are in the common head. */
struct inet_request_sock {
	struct request_sock req;
#define ir_loc_addr req.__req_common.skc_rcv_saddr
#define ir_rmt_addr req.__req_common.skc_daddr
#define ir_num req.__req_common.skc_num
#define ir_rmt_port req.__req_common.skc_dport
#define ir_iif req.__req_common.skc_bound_dev_if
#define ireq_state req.__req_common.skc_state
#define ireq_family req.__req_common.skc_family
	u16 snd_wscale : 4, rcv_wscale : 4, tstamp_ok : 1, sack_ok : 1, wscale_ok : 1, ecn_ok : 1, acked : 1,
		no_srccheck : 1, smc_ok : 1;
	u32 ir_mark;
	struct ip_options_rcu *ireq_opt;
};

/* The states of <netinet/tcp.h> and the one that is only Linux's own: a half-open connection's. */
#define TCP_NEW_SYN_RECV 12
#define TCP_MAX_STATES 13
#define TCPF_ESTABLISHED (1u << TCP_ESTABLISHED)
#define TCPF_SYN_SENT (1u << TCP_SYN_SENT)
#define TCPF_SYN_RECV (1u << TCP_SYN_RECV)
#define TCPF_FIN_WAIT1 (1u << TCP_FIN_WAIT1)
#define TCPF_FIN_WAIT2 (1u << TCP_FIN_WAIT2)
#define TCPF_TIME_WAIT (1u << TCP_TIME_WAIT)
#define TCPF_CLOSE (1u << TCP_CLOSE)
#define TCPF_CLOSE_WAIT (1u << TCP_CLOSE_WAIT)
#define TCPF_LAST_ACK (1u << TCP_LAST_ACK)
#define TCPF_LISTEN (1u << TCP_LISTEN)
#define TCPF_CLOSING (1u << TCP_CLOSING)
#define TCPF_NEW_SYN_RECV (1u << TCP_NEW_SYN_RECV)
#define TCP_STATE_MASK 0xF
#define TCP_ACTION_FIN (1 << TCP_CLOSE)

static inline struct inet_sock *inet_sk(const struct sock *sk)
{
	return (struct inet_sock *)sk;
}

static inline struct inet_request_sock *inet_rsk(const struct request_sock *req)
{
	return (struct inet_request_sock *)req;
}

static inline struct ip_options_rcu *ireq_opt_deref(const struct inet_request_sock *ireq)
{
	return ireq->ireq_opt;
}

static inline int inet_sk_state_load(const struct sock *sk)
{
	return sk->sk_state;
}

/* A small socket (TIME_WAIT, half-open) stands for its listener where a full one is needed. */
static inline struct sock *sk_to_full_sk(struct sock *sk)
{
	if (sk && sk->sk_state == TCP_NEW_SYN_RECV)
		sk = inet_reqsk(sk)->rsk_listener;
	return sk;
}

static inline void sk_daddr_set(struct sock *sk, __be32 addr)
{
	sk->sk_daddr = addr;
}

static inline void sk_rcv_saddr_set(struct sock *sk, __be32 addr)
{
	sk->sk_rcv_saddr = addr;
}

static inline u8 inet_sk_flowi_flags(const struct sock *sk)
{
	const struct inet_sock *inet = inet_sk(sk);

	return inet->transparent || inet->hdrincl ? FLOWI_FLAG_ANYSRC : 0;
}

static inline u32 inet_request_mark(const struct sock *sk, const struct sk_buff *skb)
{
	(void)skb;
	return sk->sk_mark;
}

static inline int inet_request_bound_dev_if(const struct sock *sk, const struct sk_buff *skb)
{
	(void)skb;
	return sk->sk_bound_dev_if;
}

/* May a socket bound to `bound_dev_if` (0: none) receive from device `dif`? */
static inline bool inet_sk_bound_dev_eq(int bound_dev_if, int dif, int sdif)
{
	return !bound_dev_if || bound_dev_if == dif || (sdif && bound_dev_if == sdif);
}

static inline bool inet_can_nonlocal_bind(const struct net *net, const struct inet_sock *inet)
{
	return net->ipv4.sysctl_ip_nonlocal_bind || inet->freebind || inet->transparent;
}

void inet_get_local_port_range(const struct net *net, int *low, int *high);

/* af_inet.c */
int inet_init(struct host *host);
void inet_exit(struct host *host);
int inet_create(struct net *net, struct socket *sock, int protocol, int kern);
int inet_release(struct socket *sock);
int inet_bind(struct socket *sock, struct sockaddr *uaddr, int addr_len);
int __inet_bind(struct sock *sk, struct sockaddr *uaddr, int addr_len, u32 flags);
int inet_stream_connect(struct socket *sock, struct sockaddr *uaddr, int addr_len, int flags);
int __inet_stream_connect(struct socket *sock, struct sockaddr *uaddr, int addr_len, int flags,
			  int is_sendmsg);
int inet_dgram_connect(struct socket *sock, struct sockaddr *uaddr, int addr_len, int flags);
int inet_accept(struct socket *sock, struct socket *newsock, int flags, bool kern);
int inet_getname(struct socket *sock, struct sockaddr *uaddr, int peer);
int inet_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg);
int inet_listen(struct socket *sock, int backlog);
int inet_shutdown(struct socket *sock, int how);
int inet_send_prepare(struct sock *sk);
int inet_sendmsg(struct socket *sock, struct msghdr *msg, size_t size);
int inet_recvmsg(struct socket *sock, struct msghdr *msg, size_t size, int flags);
int inet_sk_rebuild_header(struct sock *sk);
void inet_sock_destruct(struct sock *sk);
void inet_sk_set_state(struct sock *sk, int state);
void inet_sk_state_store(struct sock *sk, int newstate);
void inet_trace_name(const struct sock *sk);

#define BIND_FORCE_ADDRESS_NO_PORT (1 << 0)
#define BIND_WITH_LOCK (1 << 1)
#define BIND_FROM_BPF (1 << 2)

/* One row of the table that socket(AF_INET, type, protocol) looks in (inetsw). */
struct inet_protosw {
	unsigned short type;	 /* SOCK_STREAM, ... */
	unsigned short protocol; /* IPPROTO_TCP, ... */
	const struct proto *prot;
	const struct proto_ops *ops;
	unsigned char flags; /* INET_PROTOSW_* */
};
#define INET_PROTOSW_MAX 8
#define INET_PROTOSW_REUSE 0x01	    /* ports may be reused at once */
#define INET_PROTOSW_PERMANENT 0x02 /* cannot be replaced */
#define INET_PROTOSW_ICSK 0x04	    /* the sock is an inet_connection_sock */
int inet_register_protosw(struct host *host, const struct inet_protosw *p);

extern const struct proto_ops inet_stream_ops;
extern const struct proto_ops inet_dgram_ops;

/* Whether two sockets receive at the same address; match_wildcard: any address is the same as all others. */
bool inet_rcv_saddr_equal(const struct sock *sk, const struct sock *sk2, bool match_wildcard);

#endif
