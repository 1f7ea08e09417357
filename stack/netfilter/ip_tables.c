/*
 * iptables at work: a packet goes through the chains of a table (ipt_do_table) until a rule, or the policy
 * of the chain that it began in, decides.
 *
 *	iptable_filter_hook | iptable_mangle_hook | iptable_nat_do_chain -> ipt_do_table -> matches, target
 *
 * Called from nf_hook_slow() for every packet at a hook that the table is registered at.
 */
#include "stack/netfilter/ip_tables.h"

#include "stack/interface/netdevice.h"
#include "stack/internet/icmp.h"
#include "stack/internet/ip.h"
#include "stack/netfilter/xt_targets.h"
#include "stack/transport/tcp_types.h"
#include "stack/transport/udp.h"

#define XT_LIMIT_SCALE 10000u

/* ---- the header ---- */

/* "eth+" fits every name that begins with eth, "" every name. */
static bool iface_fits(const char *rule, const char *name)
{
	size_t n = strlen(rule);

	if (n && rule[n - 1] == '+')
		return strncmp(rule, name, n - 1) == 0;
	return !n || strcmp(rule, name) == 0;
}

static bool ip_packet_match(const struct iphdr *ip, const char *indev, const char *outdev,
			    const struct ipt_ip *ipinfo, int isfrag)
{
	const u8 inv = ipinfo->invflags;

	if (((ip->saddr & ipinfo->smsk) != ipinfo->src) != !!(inv & IPT_INV_SRCIP))
		return false;
	if (((ip->daddr & ipinfo->dmsk) != ipinfo->dst) != !!(inv & IPT_INV_DSTIP))
		return false;
	if (iface_fits(ipinfo->iniface, indev) == !!(inv & IPT_INV_VIA_IN))
		return false;
	if (iface_fits(ipinfo->outiface, outdev) == !!(inv & IPT_INV_VIA_OUT))
		return false;
	if (ipinfo->proto && (ip->protocol == ipinfo->proto) == !!(inv & IPT_INV_PROTO))
		return false;
	return !ipinfo->frag || (isfrag != 0) != !!(inv & IPT_INV_FRAG);
}

/* ---- matches; *hotdrop: the packet is too broken to be let through ---- */

static bool port_match(const u16 range[2], u16 port, bool invert)
{
	return (port >= range[0] && port <= range[1]) != invert;
}

static bool tcp_mt(const struct sk_buff *skb, const struct ipt_entry *e, int fragoff, int thoff,
		   bool *hotdrop)
{
	TRACE_SKB(skb, "do the tcp header's ports and flags fit the rule?");
	const struct tcphdr *th;
	struct tcphdr buf;

	if (fragoff) { /* a fragment that would overwrite the flags is an attack */
		*hotdrop |= fragoff == 1;
		return false;
	}
	th = skb_header_pointer(skb, skb_network_offset(skb) + thoff, sizeof(buf), &buf);
	if (!th) {
		*hotdrop = true;
		return false;
	}
	if (!port_match(e->spts, ntohs(th->source), e->inv_match & XT_INV_SRCPT) ||
	    !port_match(e->dpts, ntohs(th->dest), e->inv_match & XT_INV_DSTPT))
		return false;
	return !(e->matches & IPT_M_TCPFLAGS) ||
	       ((((const u8 *)th)[13] & e->flg_mask) == e->flg_cmp) != !!(e->inv_match & XT_INV_FLAGS);
}

static bool udp_mt(const struct sk_buff *skb, const struct ipt_entry *e, int fragoff, int thoff,
		   bool *hotdrop)
{
	TRACE_SKB(skb, "do the udp header's ports fit the rule?");
	const struct udphdr *uh;
	struct udphdr buf;

	if (fragoff)
		return false;
	uh = skb_header_pointer(skb, skb_network_offset(skb) + thoff, sizeof(buf), &buf);
	if (!uh) {
		*hotdrop = true;
		return false;
	}
	return port_match(e->spts, ntohs(uh->source), e->inv_match & XT_INV_SRCPT) &&
	       port_match(e->dpts, ntohs(uh->dest), e->inv_match & XT_INV_DSTPT);
}

static bool icmp_match(const struct sk_buff *skb, const struct ipt_entry *e, int fragoff, int thoff,
		       bool *hotdrop)
{
	TRACE_SKB(skb, "do the icmp message's type and code fit the rule?");
	const struct icmphdr *ic;
	struct icmphdr buf;

	if (fragoff)
		return false;
	ic = skb_header_pointer(skb, skb_network_offset(skb) + thoff, sizeof(buf), &buf);
	if (!ic) {
		*hotdrop = true;
		return false;
	}
	return (e->icmp_type == 0xff || (ic->type == e->icmp_type && ic->code >= e->icmp_code[0] &&
					 ic->code <= e->icmp_code[1])) != !!(e->inv_match & XT_INV_ICMP);
}

static bool limit_mt(struct sk_buff *skb, struct ipt_entry *e)
{
	TRACE_SKB(skb, "is the rule's rate kept?");
	unsigned long now = jiffies(skb->host);
	u64 credit = e->limit.credit + (u64)(now - e->limit.prev) * (XT_LIMIT_SCALE / HZ);

	e->limit.prev = now;
	e->limit.credit = (u32)min_t(u64, credit, (u64)e->limit.avg * e->limit.burst);
	if (e->limit.credit < e->limit.avg)
		return false;
	e->limit.credit -= e->limit.avg;
	return true;
}

static bool ipt_matches(struct sk_buff *skb, struct ipt_entry *e, int fragoff, int thoff, bool *hotdrop)
{
	if (e->matches & (IPT_M_PORTS | IPT_M_TCPFLAGS)) {
		TRACE_OP(skb, "match");
		if (!(e->ip.proto == IPPROTO_TCP ? tcp_mt : udp_mt)(skb, e, fragoff, thoff, hotdrop))
			return false;
	}
	if (e->matches & IPT_M_ICMP) {
		TRACE_OP(skb, "match");
		if (!icmp_match(skb, e, fragoff, thoff, hotdrop))
			return false;
	}
	if (e->matches & IPT_M_STATE) {
		TRACE_OP(skb, "match");
		if (!conntrack_mt(skb, e))
			return false;
	}
	if (e->matches & IPT_M_LIMIT) {
		TRACE_OP(skb, "match");
		if (!limit_mt(skb, e))
			return false;
	}
	return true;
}

/* ---- rules ---- */

/* Runs a target that is more than a verdict: a verdict, or XT_CONTINUE: the next rule. */
static unsigned int ipt_run_target(struct sk_buff *skb, const struct nf_hook_state *state,
				   const struct ipt_entry *e)
{
	TRACE_OP(skb, "target");
	switch (e->target) {
	case IPT_REJECT:
		return reject_tg(skb, state, e);
	case IPT_LOG:
		return log_tg(skb, state, e);
	case IPT_DNAT:
		return xt_dnat_target_v2(skb, state, e);
	case IPT_SNAT:
		return xt_snat_target_v2(skb, state, e);
	case IPT_REDIRECT:
		return redirect_tg4(skb, state, e);
	default:
		return masquerade_tg(skb, state, e);
	}
}

/* Where a packet is in its table. */
struct ipt_walk {
	struct xt_chain *chain;
	struct list_head *at; /* the rule to look at */
	struct {
		struct xt_chain *chain;
		struct list_head *at;
	} jumpstack[XT_STACKSIZE];
	unsigned int stackidx;
};

/* The chain has ended: back to where it was entered. False: it was the first one. */
static bool ipt_pop(struct ipt_walk *w)
{
	if (!w->stackidx)
		return false;
	w->stackidx--;
	w->chain = w->jumpstack[w->stackidx].chain;
	w->at = w->jumpstack[w->stackidx].at;
	return true;
}

static void ipt_jump(struct ipt_walk *w, const struct ipt_entry *e)
{
	if (e->target == IPT_JUMP) {
		w->jumpstack[w->stackidx].chain = w->chain;
		w->jumpstack[w->stackidx++].at = w->at;
	}
	w->chain = e->jump;
	w->at = e->jump->rules.next;
}

/* What a rule that fits says: a verdict, or XT_CONTINUE, with the walk moved. */
static unsigned int ipt_rule_verdict(struct sk_buff *skb, const struct nf_hook_state *state,
				     const struct ipt_entry *e, struct ipt_walk *w)
{
	switch (e->target) {
	case IPT_NO_TARGET:
		return XT_CONTINUE;
	case IPT_ACCEPT:
		return NF_ACCEPT;
	case IPT_DROP:
		return NF_DROP;
	case IPT_RETURN:
		w->at = &w->chain->rules; /* as if at its end */
		return XT_CONTINUE;
	case IPT_JUMP:
	case IPT_GOTO:
		ipt_jump(w, e);
		return XT_CONTINUE;
	default:
		return ipt_run_target(skb, state, e);
	}
}

unsigned int ipt_do_table(struct sk_buff *skb, const struct nf_hook_state *state, struct xt_table *table)
{
	TRACE_SKB(skb, "take the packet through the table's rules until one decides");
	const char *indev = state->in ? state->in->name : "", *outdev = state->out ? state->out->name : "";
	struct xt_chain *root = table->hook_entry[state->hook];
	struct ipt_walk w = { .chain = root, .at = root->rules.next };
	int fragoff = ntohs(ip_hdr(skb)->frag_off) & IP_OFFSET, thoff = (int)ip_hdrlen(skb);
	unsigned int verdict, len = skb->len;
	bool hotdrop = false;

	for (;;) {
		struct ipt_entry *e;

		if (w.at == &w.chain->rules) {
			if (ipt_pop(&w))
				continue;
			root->pcnt++;
			root->bcnt += len;
			return root->policy;
		}
		e = list_entry(w.at, struct ipt_entry, list);
		w.at = w.at->next;
		if (!ip_packet_match(ip_hdr(skb), indev, outdev, &e->ip, fragoff) ||
		    !ipt_matches(skb, e, fragoff, thoff, &hotdrop)) {
			if (unlikely(hotdrop))
				return NF_DROP;
			continue;
		}
		e->pcnt++;
		e->bcnt += len;
		verdict = ipt_rule_verdict(skb, state, e, &w);
		if (verdict != XT_CONTINUE)
			return verdict;
	}
}
