/* The targets of the table nat: where a new flow's addresses may be moved to. */
#include "stack/interface/netdevice.h"
#include "stack/internet/devinet.h"
#include "stack/internet/ip.h"
#include "stack/internet/route.h"
#include "stack/kernel/printk.h"
#include "stack/netfilter/nf_nat.h"
#include "stack/netfilter/xt_targets.h"

unsigned int xt_dnat_target_v2(struct sk_buff *skb, const struct nf_hook_state *state,
			       const struct ipt_entry *e)
{
	TRACE_SKB(skb, "move the flow's destination");
	enum ip_conntrack_info ctinfo;

	(void)state;
	return nf_nat_setup_info(nf_ct_get(skb, &ctinfo), &e->range, NF_NAT_MANIP_DST);
}

unsigned int xt_snat_target_v2(struct sk_buff *skb, const struct nf_hook_state *state,
			       const struct ipt_entry *e)
{
	TRACE_SKB(skb, "move the flow's source");
	enum ip_conntrack_info ctinfo;

	(void)state;
	return nf_nat_setup_info(nf_ct_get(skb, &ctinfo), &e->range, NF_NAT_MANIP_SRC);
}

/* The rule's ports with one address. */
static unsigned int setup_to(struct sk_buff *skb, const struct ipt_entry *e, __be32 addr,
			     enum nf_nat_manip_type manip)
{
	struct nf_nat_range2 range = e->range;
	enum ip_conntrack_info ctinfo;

	range.flags |= NF_NAT_RANGE_MAP_IPS;
	range.min_addr = range.max_addr = addr;
	return nf_nat_setup_info(nf_ct_get(skb, &ctinfo), &range, manip);
}

static unsigned int nf_nat_redirect_ipv4(struct sk_buff *skb, const struct nf_hook_state *state,
					 const struct ipt_entry *e)
{
	TRACE_SKB(skb, "find this host's own address");
	__be32 newdst = htonl(INADDR_LOOPBACK);

	if (state->hook != NF_INET_LOCAL_OUT) {
		const struct in_device *indev = __in_dev_get_rcu(skb->dev);

		newdst = indev && indev->ifa_list ? indev->ifa_list->ifa_local : 0;
	}
	return newdst ? setup_to(skb, e, newdst, NF_NAT_MANIP_DST) : NF_DROP;
}

unsigned int redirect_tg4(struct sk_buff *skb, const struct nf_hook_state *state, const struct ipt_entry *e)
{
	TRACE_SKB(skb, "move the flow's destination to this host");
	return nf_nat_redirect_ipv4(skb, state, e);
}

static unsigned int nf_nat_masquerade_ipv4(struct sk_buff *skb, const struct nf_hook_state *state,
					   const struct ipt_entry *e)
{
	TRACE_SKB(skb, "find the address of the device that the packet leaves by");
	__be32 nh = rt_nexthop(skb_rtable(skb), ip_hdr(skb)->daddr), newsrc;

	if (!ip_hdr(skb)->saddr)
		return NF_ACCEPT;
	newsrc = inet_select_addr(state->out, nh, RT_SCOPE_UNIVERSE);
	if (!newsrc) {
		pr_info(skb->host, "%s ate my IP address", state->out->name);
		return NF_DROP;
	}
	return setup_to(skb, e, newsrc, NF_NAT_MANIP_SRC);
}

unsigned int masquerade_tg(struct sk_buff *skb, const struct nf_hook_state *state, const struct ipt_entry *e)
{
	TRACE_SKB(skb, "move the flow's source to the address of the device");
	return nf_nat_masquerade_ipv4(skb, state, e);
}
