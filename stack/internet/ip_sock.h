/* What a socket's settings mean for its packets: small helpers of those who send by IP. */
#ifndef STACK_INTERNET_IP_SOCK_H
#define STACK_INTERNET_IP_SOCK_H

#include "stack/internet/ip.h"
#include "stack/transport/inet_sock.h"

static inline bool ip_mtu_locked(const struct dst_entry *dst)
{
	return ((const struct rtable *)dst)->rt_mtu_locked || dst_metric_locked(dst, RTAX_MTU);
}

static inline bool ip_dont_fragment(const struct sock *sk, const struct dst_entry *dst)
{
	u8 pmtudisc = inet_sk(sk)->pmtudisc;

	return pmtudisc == IP_PMTUDISC_DO || (pmtudisc == IP_PMTUDISC_WANT && !ip_mtu_locked(dst));
}

static inline bool ip_sk_accept_pmtu(const struct sock *sk)
{
	return inet_sk(sk)->pmtudisc != IP_PMTUDISC_INTERFACE && inet_sk(sk)->pmtudisc != IP_PMTUDISC_OMIT;
}

static inline bool ip_sk_use_pmtu(const struct sock *sk)
{
	return inet_sk(sk)->pmtudisc < IP_PMTUDISC_PROBE;
}

static inline bool ip_sk_ignore_df(const struct sock *sk)
{
	return inet_sk(sk)->pmtudisc < IP_PMTUDISC_DO || inet_sk(sk)->pmtudisc == IP_PMTUDISC_OMIT;
}

/* The tos to route by: the message's, or else the socket's. */
static inline u8 get_rttos(const struct ipcm_cookie *ipc, const struct inet_sock *inet)
{
	return (u8)RT_TOS(ipc->tos != -1 ? ipc->tos : inet->tos);
}

static inline u8 get_rtconn_flags(const struct ipcm_cookie *ipc, const struct sock *sk)
{
	return (u8)(get_rttos(ipc, inet_sk(sk)) | (sock_flag(sk, SOCK_LOCALROUTE) ? RTO_ONLINK : 0));
}

static inline int ip_select_ttl(const struct inet_sock *inet, const struct dst_entry *dst)
{
	return inet->uc_ttl < 0 ? ip4_dst_hoplimit(dst) : inet->uc_ttl;
}

#endif
