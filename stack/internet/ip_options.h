/* Options of an IPv4 header. */
#ifndef STACK_INTERNET_IP_OPTIONS_H
#define STACK_INTERNET_IP_OPTIONS_H

#include "stack/kernel/kernel.h"

struct net;
struct sk_buff;

#define IPOPT_END 0
#define IPOPT_NOOP 1
#define IPOPT_RR 7
#define IPOPT_TIMESTAMP 68
#define IPOPT_SEC 130
#define IPOPT_LSRR 131
#define IPOPT_CIPSO 134
#define IPOPT_SSRR 137
#define IPOPT_RA 148
/* kinds of IPOPT_TIMESTAMP */
#define IPOPT_TS_TSONLY 0
#define IPOPT_TS_TSANDADDR 1
#define IPOPT_TS_PRESPEC 3

#define MAX_IPOPTLEN 40
#define IPOPT_COPIED(opt) ((opt)&0x80) /* goes into every fragment */

/* Options found in a header: offsets count from the beginning of the IP header; 0: not there. */
struct ip_options {
	__be32 faddr; /* first (output) or final (input) hop of a source route */
	__be32 nexthop;
	u8 optlen; /* bytes of options */
	u8 srr;
	u8 rr;
	u8 ts;
	u8 is_strictroute : 1, srr_is_hit : 1, is_changed : 1, rr_needaddr : 1, ts_needtime : 1,
		ts_needaddr : 1;
	u8 router_alert;
	u8 cipso;
	u8 __pad2;
	/* the bytes of the options follow where they are kept with it: ip_options_bytes() */
};

struct ip_options_rcu {
	struct ip_options opt;
};

struct ip_options_data {
	struct ip_options opt;
	u8 data[MAX_IPOPTLEN];
};

static inline u8 *ip_options_bytes(const struct ip_options *opt)
{
	return (u8 *)(uintptr_t)(opt + 1);
}

/* Checks the options of a received header (skb != NULL) or those kept with opt. 0, or -EINVAL for bad ones.
 */
int ip_options_compile(struct net *net, struct ip_options *opt, struct sk_buff *skb);
int __ip_options_compile(struct net *net, struct ip_options *opt, struct sk_buff *skb, __be32 *info);
/* The options of an answer to this packet, into dopt. */
int __ip_options_echo(struct net *net, struct ip_options *dopt, struct sk_buff *skb,
		      const struct ip_options *sopt);
/* A program's options (padded and checked) in memory of their own, in place of *optp. 0 or an errno. */
int ip_options_get(struct net *net, struct ip_options_rcu **optp, const void *data, int optlen);
/* As a program sees them: without the room that was made for our own address and time. */
void ip_options_undo(struct net *net, struct ip_options *opt);
void ip_options_build(struct sk_buff *skb, struct ip_options *opt, __be32 daddr, const void *rt);
__be32 inet_current_timestamp(struct host *host);
void ip_options_fragment(struct sk_buff *skb);

#endif
