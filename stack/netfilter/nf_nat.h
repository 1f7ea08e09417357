/* Translation of addresses: choosing the new ones for a flow, and changing packets. Private to
 * stack/netfilter. */
#ifndef STACK_NETFILTER_NF_NAT_H
#define STACK_NETFILTER_NF_NAT_H

#include "stack/netfilter/ip_tables.h"
#include "stack/netfilter/nf_conntrack.h"

enum nf_nat_manip_type { NF_NAT_MANIP_SRC, NF_NAT_MANIP_DST };

/* Packets are changed as late as can be on their way out, as early as can be on their way in. */
#define HOOK2MANIP(hooknum)                                                                                  \
	((hooknum) == NF_INET_POST_ROUTING || (hooknum) == NF_INET_LOCAL_IN ? NF_NAT_MANIP_SRC               \
									    : NF_NAT_MANIP_DST)

static inline bool nf_nat_initialized(const struct nf_conn *ct, enum nf_nat_manip_type manip)
{
	return ct->status & (manip == NF_NAT_MANIP_SRC ? IPS_SRC_NAT_DONE : IPS_DST_NAT_DONE);
}

/* Is this side of the flow's packets in this direction to be changed? */
static inline bool nf_nat_applies(const struct nf_conn *ct, enum nf_nat_manip_type manip,
				  enum ip_conntrack_dir dir)
{
	bool src = (manip == NF_NAT_MANIP_SRC) == (dir == IP_CT_DIR_ORIGINAL);

	return ct->status & (src ? IPS_SRC_NAT : IPS_DST_NAT);
}

/* ---- nf_nat_core.c ---- */

/* Decides how the flow is translated: to something within `range` that no other flow uses. A verdict. */
unsigned int nf_nat_setup_info(struct nf_conn *ct, const struct nf_nat_range2 *range,
			       enum nf_nat_manip_type manip);
/* Hooks NAT in for its table, once. 0 or -ENOMEM. */
int nf_nat_ipv4_register_fn(struct net *net, struct xt_table *table);

/* ---- nf_nat_proto.c ---- */

/* Makes the packet look like the inverse of the flow's other direction. A verdict. */
unsigned int nf_nat_manip_pkt(struct sk_buff *skb, const struct nf_conn *ct, enum nf_nat_manip_type mtype,
			      enum ip_conntrack_dir dir);
/* The same for an ICMP error and the packet that it quotes. False: it cannot be done. */
bool nf_nat_icmp_reply_translation(struct sk_buff *skb, const struct nf_conn *ct,
				   enum ip_conntrack_info ctinfo, unsigned int hooknum);

#endif
