/* Targets and matches of rules that have files of their own. Private to stack/netfilter. */
#ifndef STACK_NETFILTER_XT_TARGETS_H
#define STACK_NETFILTER_XT_TARGETS_H

#include "stack/netfilter/ip_tables.h"

/* ---- nf_reject_ipv4.c ---- */
unsigned int reject_tg(struct sk_buff *skb, const struct nf_hook_state *state, const struct ipt_entry *e);
/* ---- nf_log_syslog.c ---- */
unsigned int log_tg(struct sk_buff *skb, const struct nf_hook_state *state, const struct ipt_entry *e);
/* ---- xt_nat.c ---- */
unsigned int xt_dnat_target_v2(struct sk_buff *skb, const struct nf_hook_state *state,
			       const struct ipt_entry *e);
unsigned int xt_snat_target_v2(struct sk_buff *skb, const struct nf_hook_state *state,
			       const struct ipt_entry *e);
unsigned int redirect_tg4(struct sk_buff *skb, const struct nf_hook_state *state, const struct ipt_entry *e);
unsigned int masquerade_tg(struct sk_buff *skb, const struct nf_hook_state *state, const struct ipt_entry *e);
/* ---- nf_conntrack_core.c ---- */
bool conntrack_mt(const struct sk_buff *skb, const struct ipt_entry *e);

#endif
