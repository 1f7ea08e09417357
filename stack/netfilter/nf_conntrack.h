/*
 * Flows: who talks with whom, as seen by packets that pass. `-m conntrack` asks for the state of a packet's
 * flow, NAT keeps in it how addresses are translated.
 *
 * A flow has two tuples (original and reply direction); both lie in one hash table. NAT changes the reply
 * tuple only: answers are found by it and turned back into what the first packet looked like. A flow is
 * confirmed (put into the table) when its first packet leaves the host or is delivered. A packet holds a
 * reference to its flow (skb->_nfct). Nothing is tracked until a rule asks for it.
 */
#ifndef STACK_NETFILTER_NF_CONNTRACK_H
#define STACK_NETFILTER_NF_CONNTRACK_H

#include "core/random.h"
#include "stack/netfilter/nf_state.h"
#include "stack/skb/skbuff.h"

#define NF_CT_HASH_BITS 8
#define NF_CONNTRACK_MAX 4096 /* then one that saw no answer gives way, else the packet is dropped */

enum ip_conntrack_info {
	IP_CT_ESTABLISHED,
	IP_CT_RELATED,
	IP_CT_NEW,
	IP_CT_IS_REPLY,
	IP_CT_ESTABLISHED_REPLY = IP_CT_ESTABLISHED + IP_CT_IS_REPLY,
	IP_CT_RELATED_REPLY = IP_CT_RELATED + IP_CT_IS_REPLY,
};
#define NFCT_INFOMASK 7ul

enum ip_conntrack_dir { IP_CT_DIR_ORIGINAL, IP_CT_DIR_REPLY };
#define CTINFO2DIR(ctinfo) ((ctinfo) >= IP_CT_IS_REPLY ? IP_CT_DIR_REPLY : IP_CT_DIR_ORIGINAL)

#define IPS_SEEN_REPLY BIT(1)
#define IPS_ASSURED BIT(2)
#define IPS_CONFIRMED BIT(3)
#define IPS_SRC_NAT BIT(4)
#define IPS_DST_NAT BIT(5)
#define IPS_SRC_NAT_DONE BIT(7)
#define IPS_DST_NAT_DONE BIT(8)
#define IPS_DYING BIT(9)
#define IPS_NAT_MASK (IPS_SRC_NAT | IPS_DST_NAT)
#define IPS_NAT_DONE_MASK (IPS_SRC_NAT_DONE | IPS_DST_NAT_DONE)

/* No padding: compared and hashed as bytes. */
struct nf_conntrack_tuple {
	__be32 src_ip, dst_ip;
	__be16 src_all; /* port, or the id of an ICMP query */
	__be16 dst_all; /* port, or type and code of an ICMP query (u8 each) */
	u16 protonum;
	u16 zero;
};

struct nf_conntrack_tuple_hash {
	struct hlist_node hnnode;
	struct nf_conntrack_tuple tuple;
	u8 dir;
};

struct nf_conn {
	struct host *host;
	int use;		       /* references: of packets, and of the table */
	unsigned long status, timeout; /* IPS_*; jiffies of its end */
	struct nf_conntrack_tuple_hash tuplehash[2];
	struct list_head list; /* confirmed ones, in order of confirmation */
	union {
		u8 tcp_state; /* enum tcp_conntrack */
		unsigned long udp_stream_ts;
	} proto;
};

struct nf_conntrack_net {
	struct hlist_head hash[1 << NF_CT_HASH_BITS];
	struct list_head confirmed;
	unsigned int count;   /* all flows, those not confirmed too */
	bool nat;	      /* nf_nat is hooked in */
	struct random random; /* "nf/nat" */
};

static inline struct nf_conn *nf_ct_get(const struct sk_buff *skb, enum ip_conntrack_info *ctinfo)
{
	*ctinfo = (enum ip_conntrack_info)(skb->_nfct & NFCT_INFOMASK);
	return (struct nf_conn *)(skb->_nfct & ~NFCT_INFOMASK);
}

static inline bool nf_ct_is_confirmed(const struct nf_conn *ct)
{
	return ct->status & IPS_CONFIRMED;
}

/* ---- nf_conntrack_core.c ---- */

/* Hooks connection tracking in, once. 0 or -ENOMEM. */
int nf_ct_netns_get(struct net *net);
unsigned int nf_conntrack_in(struct sk_buff *skb, const struct nf_hook_state *state);
int __nf_conntrack_confirm(struct sk_buff *skb);
void nf_ct_set(struct sk_buff *skb, struct nf_conn *ct, enum ip_conntrack_info ctinfo);
/* The flow's tuplehash that has this tuple, or NULL. */
struct nf_conntrack_tuple_hash *nf_conntrack_find_get(struct net *net,
						      const struct nf_conntrack_tuple *tuple);
/* Does another flow's answer look like this? */
bool nf_conntrack_tuple_taken(const struct nf_conntrack_tuple *tuple, const struct nf_conn *ignored);
bool nf_ct_kill(struct nf_conn *ct);
void nf_ct_refresh(struct nf_conn *ct, unsigned long extra_jiffies);

static inline struct nf_conn *nf_ct_tuplehash_to_ctrack(const struct nf_conntrack_tuple_hash *h)
{
	return container_of(h, struct nf_conn, tuplehash[h->dir]);
}

static inline bool nf_ct_tuple_equal(const struct nf_conntrack_tuple *a, const struct nf_conntrack_tuple *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* ---- nf_conntrack_proto.c ---- */

/* The tuple of the packet whose IP header is at `nhoff`. False: its transport header is not there. */
bool nf_ct_get_tuplepr(const struct sk_buff *skb, unsigned int nhoff, struct nf_conntrack_tuple *tuple);
/* What the answer looks like. False: it is no kind of packet that is answered. */
bool nf_ct_invert_tuple(struct nf_conntrack_tuple *inverse, const struct nf_conntrack_tuple *orig);
/* Follows the protocol's state. 1: fine; 0 or below: minus the verdict, the packet belongs to no flow. */
int nf_conntrack_handle_packet(struct nf_conn *ct, struct sk_buff *skb, unsigned int dataoff,
			       enum ip_conntrack_info ctinfo, const struct nf_hook_state *state);
/* The same for ICMP messages, before their flow is known; an error gets the flow of what it quotes. */
int nf_conntrack_icmpv4_error(struct sk_buff *skb, unsigned int dataoff, const struct nf_hook_state *state);
const char *nf_ct_tcp_state_name(const struct nf_conn *ct);

/* ---- nf_reject_ipv4.c ---- */

/* The checksum of what the IP header carries; 0: right. What this host sends itself is right. */
__sum16 nf_ip_checksum(struct sk_buff *skb, unsigned int hook, unsigned int dataoff, u8 protocol);

#endif
