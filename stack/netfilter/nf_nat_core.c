/*
 * NAT: the first packet of a flow goes through the table "nat", whose rules say where its addresses may be
 * moved to; the choice is kept in the flow, and each further packet is changed by it, answers back again.
 *
 *	PRE_ROUTING (-100)    nf_nat_ipv4_pre_routing    destination
 *	LOCAL_IN (100)        nf_nat_ipv4_local_in       source
 *	LOCAL_OUT (-100)      nf_nat_ipv4_local_fn       destination
 *	POST_ROUTING (100)    nf_nat_ipv4_out            source
 *	  -> nf_nat_ipv4_fn -> nf_nat_inet_fn -> iptable_nat_do_chain (first packet) ; nf_nat_packet
 */
#include "stack/internet/dst.h"
#include "stack/internet/icmp.h"
#include "stack/internet/ip.h"
#include "stack/netfilter/ip_route_me.h"
#include "stack/netfilter/nf_nat.h"
#include "stack/transport/inet_sock.h"

#define NF_NAT_MAX_ATTEMPTS 128u

/* ---- choosing ---- */

static bool nf_nat_used_tuple(const struct nf_conntrack_tuple *tuple, const struct nf_conn *ignored)
{
	TRACE(ignored, "is the translation taken by another flow?");
	struct nf_conntrack_tuple reply;

	nf_ct_invert_tuple(&reply, tuple);
	return nf_conntrack_tuple_taken(&reply, ignored);
}

static bool addr_in_range(__be32 addr, const struct nf_nat_range2 *range)
{
	return !(range->flags & NF_NAT_RANGE_MAP_IPS) ||
	       (ntohl(addr) >= ntohl(range->min_addr) && ntohl(addr) <= ntohl(range->max_addr));
}

static bool port_in_range(__be16 port, const struct nf_nat_range2 *range)
{
	return !(range->flags & NF_NAT_RANGE_PROTO_SPECIFIED) ||
	       (ntohs(port) >= range->min_proto && ntohs(port) <= range->max_proto);
}

/* The address of a range: the same for the same two hosts. */
static void find_best_ips_proto(struct nf_conntrack_tuple *tuple, const struct nf_nat_range2 *range,
				const struct nf_conn *ct, enum nf_nat_manip_type manip)
{
	TRACE(ct, "choose an address of the range");
	u32 first = ntohl(range->min_addr), dist = ntohl(range->max_addr) - first + 1, chosen;

	if (!(range->flags & NF_NAT_RANGE_MAP_IPS))
		return;
	chosen = htonl(first +
		       (u32)((u64)hash_32(tuple->src_ip ^ hash_32(tuple->dst_ip, 32), 32) * dist >> 32));
	if (manip == NF_NAT_MANIP_SRC)
		tuple->src_ip = chosen;
	else
		tuple->dst_ip = chosen;
}

/* The ports that may be used when no rule names any: a privileged one stays privileged. */
static void default_ports(u16 port, unsigned int *min, unsigned int *size)
{
	*min = port < 512 ? 1 : port < 1024 ? 600 : 1024;
	*size = (port < 512 ? 511 : port < 1024 ? 1023 : 65535) - *min + 1;
}

static void nf_nat_l4proto_unique_tuple(struct nf_conntrack_tuple *tuple, const struct nf_nat_range2 *range,
					enum nf_nat_manip_type manip, const struct nf_conn *ct)
{
	TRACE(ct, "choose a port that no other flow uses");
	bool ports = tuple->protonum == IPPROTO_TCP || tuple->protonum == IPPROTO_UDP;
	struct random *random = &ct->host->net->nf->ct->random;
	unsigned int min, size, off, attempts;
	__be16 *key = &tuple->src_all;

	if (!ports && tuple->protonum != IPPROTO_ICMP)
		return;
	if (ports && manip == NF_NAT_MANIP_DST)
		key = &tuple->dst_all;
	if (range->flags & NF_NAT_RANGE_PROTO_SPECIFIED) {
		min = range->min_proto;
		size = range->max_proto - min + 1u;
	} else if (!ports) {
		min = 0;
		size = 65536;
	} else if (manip == NF_NAT_MANIP_DST) {
		return; /* the program that is meant listens there */
	} else {
		default_ports(ntohs(*key), &min, &size);
	}
	for (attempts = min(size, NF_NAT_MAX_ATTEMPTS);; attempts /= 2) {
		off = random_u32(random);
		for (unsigned int i = 0; i < attempts; i++, off++) {
			*key = htons((u16)(min + off % size));
			if (!nf_nat_used_tuple(tuple, ct))
				return;
		}
		if (attempts >= size || attempts < 16)
			return;
	}
}

static void get_unique_tuple(struct nf_conntrack_tuple *tuple, const struct nf_conntrack_tuple *orig,
			     const struct nf_nat_range2 *range, const struct nf_conn *ct,
			     enum nf_nat_manip_type manip)
{
	TRACE(ct, "choose the flow's new address and port");
	__be16 key = manip == NF_NAT_MANIP_SRC ? orig->src_all : orig->dst_all;

	*tuple = *orig;
	/* What it has already is best, when it fits and nobody else's answers look so. */
	if (manip == NF_NAT_MANIP_SRC && addr_in_range(orig->src_ip, range) && port_in_range(key, range) &&
	    !nf_nat_used_tuple(orig, ct))
		return;
	find_best_ips_proto(tuple, range, ct, manip);
	if (port_in_range(key, range) &&
	    (((range->flags & NF_NAT_RANGE_PROTO_SPECIFIED) && range->min_proto == range->max_proto) ||
	     !nf_nat_used_tuple(tuple, ct)))
		return;
	nf_nat_l4proto_unique_tuple(tuple, range, manip, ct);
}

unsigned int nf_nat_setup_info(struct nf_conn *ct, const struct nf_nat_range2 *range,
			       enum nf_nat_manip_type manip)
{
	TRACE(ct, "decide how the flow is translated");
	struct nf_conntrack_tuple curr_tuple, new_tuple;

	if (nf_ct_is_confirmed(ct))
		return NF_ACCEPT;
	nf_ct_invert_tuple(&curr_tuple, &ct->tuplehash[IP_CT_DIR_REPLY].tuple);
	get_unique_tuple(&new_tuple, &curr_tuple, range, ct, manip);
	if (!nf_ct_tuple_equal(&new_tuple, &curr_tuple)) {
		nf_ct_invert_tuple(&ct->tuplehash[IP_CT_DIR_REPLY].tuple, &new_tuple);
		ct->status |= manip == NF_NAT_MANIP_SRC ? IPS_SRC_NAT : IPS_DST_NAT;
	}
	ct->status |= manip == NF_NAT_MANIP_SRC ? IPS_SRC_NAT_DONE : IPS_DST_NAT_DONE;
	return NF_ACCEPT;
}

/* No rule was for it: it keeps its address, and its port if no translated flow has taken that. */
static unsigned int nf_nat_alloc_null_binding(struct nf_conn *ct, unsigned int hooknum)
{
	TRACE(ct, "no rule translates the flow: keep its address");
	const struct nf_conntrack_tuple *reply = &ct->tuplehash[IP_CT_DIR_REPLY].tuple;
	__be32 ip = HOOK2MANIP(hooknum) == NF_NAT_MANIP_SRC ? reply->dst_ip : reply->src_ip;
	struct nf_nat_range2 range = { .flags = NF_NAT_RANGE_MAP_IPS, .min_addr = ip, .max_addr = ip };

	return nf_nat_setup_info(ct, &range, HOOK2MANIP(hooknum));
}

/* ---- packets ---- */

static unsigned int nf_nat_packet(struct nf_conn *ct, enum ip_conntrack_info ctinfo, unsigned int hooknum,
				  struct sk_buff *skb)
{
	TRACE_SKB(skb, "translate the packet as its flow says");
	enum nf_nat_manip_type mtype = HOOK2MANIP(hooknum);
	enum ip_conntrack_dir dir = CTINFO2DIR(ctinfo);

	return nf_nat_applies(ct, mtype, dir) ? nf_nat_manip_pkt(skb, ct, mtype, dir) : NF_ACCEPT;
}

static unsigned int iptable_nat_do_chain(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	TRACE_SKB(skb, "the first packet of a flow: ask the table nat");
	return ipt_do_table(skb, state, priv);
}

static unsigned int nf_nat_inet_fn(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	TRACE_SKB(skb, "translate the packet; decide how, if its flow is new");
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct = nf_ct_get(skb, &ctinfo);
	unsigned int ret;

	if ((ctinfo == IP_CT_NEW || ctinfo == IP_CT_RELATED || ctinfo == IP_CT_RELATED_REPLY) &&
	    !nf_nat_initialized(ct, HOOK2MANIP(state->hook))) {
		ret = iptable_nat_do_chain(priv, skb, state);
		if (ret != NF_ACCEPT)
			return ret;
		if (!nf_nat_initialized(ct, HOOK2MANIP(state->hook)))
			nf_nat_alloc_null_binding(ct, state->hook);
	}
	return nf_nat_packet(ct, ctinfo, state->hook, skb);
}

static unsigned int nf_nat_ipv4_fn(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	TRACE_SKB(skb, "translate the packet if its flow is known");
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct = nf_ct_get(skb, &ctinfo);

	if (!ct)
		return NF_ACCEPT;
	if ((ctinfo == IP_CT_RELATED || ctinfo == IP_CT_RELATED_REPLY) &&
	    ip_hdr(skb)->protocol == IPPROTO_ICMP)
		return nf_nat_icmp_reply_translation(skb, ct, ctinfo, state->hook) ? NF_ACCEPT : NF_DROP;
	return nf_nat_inet_fn(priv, skb, state);
}

static unsigned int nf_nat_ipv4_pre_routing(void *priv, struct sk_buff *skb,
					    const struct nf_hook_state *state)
{
	TRACE_SKB(skb, "translate the destination of a packet that comes in");
	__be32 daddr = ip_hdr(skb)->daddr;
	unsigned int ret = nf_nat_ipv4_fn(priv, skb, state);

	if (ret == NF_ACCEPT && daddr != ip_hdr(skb)->daddr)
		skb_dst_drop(skb);
	return ret;
}

static unsigned int nf_nat_ipv4_local_in(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	TRACE_SKB(skb, "translate the source of a packet for this host");
	__be32 saddr = ip_hdr(skb)->saddr;
	unsigned int ret = nf_nat_ipv4_fn(priv, skb, state);

	/* Early demux found a socket by the old source. */
	if (ret == NF_ACCEPT && skb->sk && saddr != ip_hdr(skb)->saddr)
		skb_orphan(skb);
	return ret;
}

static unsigned int nf_nat_ipv4_out(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	TRACE_SKB(skb, "translate the source of a packet that leaves");
	return nf_nat_ipv4_fn(priv, skb, state);
}

static unsigned int nf_nat_ipv4_local_fn(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	TRACE_SKB(skb, "translate the destination of a packet that this host sends");
	unsigned int ret = nf_nat_ipv4_fn(priv, skb, state);
	enum ip_conntrack_info ctinfo;
	const struct nf_conn *ct;
	int err;

	if (ret != NF_ACCEPT)
		return ret;
	ct = nf_ct_get(skb, &ctinfo);
	if (ct && ct->tuplehash[CTINFO2DIR(ctinfo)].tuple.dst_ip !=
			  ct->tuplehash[!CTINFO2DIR(ctinfo)].tuple.src_ip) {
		err = ip_route_me_harder(state->net, state->sk, skb, RTN_UNSPEC);
		if (err < 0)
			return NF_DROP_ERR(err);
	}
	return NF_ACCEPT;
}

int nf_nat_ipv4_register_fn(struct net *net, struct xt_table *table)
{
	TRACE(net, "hook address translation in");
	const struct nf_hook_ops ops[] = {
		{ nf_nat_ipv4_pre_routing, table, NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST },
		{ nf_nat_ipv4_out, table, NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC },
		{ nf_nat_ipv4_local_fn, table, NF_INET_LOCAL_OUT, NF_IP_PRI_NAT_DST },
		{ nf_nat_ipv4_local_in, table, NF_INET_LOCAL_IN, NF_IP_PRI_NAT_SRC },
	};
	int err = nf_ct_netns_get(net);

	return err ? err : nf_register_net_hooks(net, ops, ARRAY_SIZE(ops));
}
