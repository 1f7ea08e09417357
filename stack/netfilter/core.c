/* Netfilter's hooks: who is registered where, in which order, and running them for a packet. */
#include "stack/netfilter/nf_state.h"

static size_t entries_size(unsigned int n)
{
	return sizeof(struct nf_hook_entries) + n * sizeof(struct nf_hook_ops);
}

static void __nf_hook_entries_free(struct rcu_head *h)
{
	struct nf_hook_entries *e = container_of(h, struct nf_hook_entries, rcu);

	kfree(e->host, e);
}

int nf_register_net_hook(struct net *net, const struct nf_hook_ops *reg)
{
	TRACE(net, "hang a function on a netfilter hook");
	struct nf_hook_entries **pp = &net->nf_hooks_ipv4[reg->hooknum], *old = *pp, *new;
	unsigned int n = old ? old->num_hook_entries : 0, at = 0;

	new = kzalloc(net->host, entries_size(n + 1));
	if (!new)
		return -ENOMEM;
	while (at < n && old->hooks[at].priority < reg->priority)
		at++;
	if (old) {
		memcpy(new->hooks, old->hooks, at * sizeof(*reg));
		memcpy(new->hooks + at + 1, old->hooks + at, (n - at) * sizeof(*reg));
	}
	new->hooks[at] = *reg;
	new->num_hook_entries = (u16)(n + 1);
	new->host = net->host;
	*pp = new;
	if (old)
		call_rcu(net->host, &old->rcu, __nf_hook_entries_free);
	return 0;
}

int nf_register_net_hooks(struct net *net, const struct nf_hook_ops *reg, unsigned int n)
{
	int err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = nf_register_net_hook(net, &reg[i]);
	return err;
}

static unsigned int nf_hook_entry_hookfn(const struct nf_hook_ops *entry, struct sk_buff *skb,
					 struct nf_hook_state *state)
{
	TRACE_OP(skb, "hook");
	return entry->hook(entry->priv, skb, state);
}

int nf_hook_slow(struct sk_buff *skb, struct nf_hook_state *state, const struct nf_hook_entries *e)
{
	TRACE_SKB(skb, "ask each function of the hook what becomes of the packet");
	unsigned int verdict;
	int ret;

	for (unsigned int s = 0; s < e->num_hook_entries; s++) {
		verdict = nf_hook_entry_hookfn(&e->hooks[s], skb, state);
		switch (verdict & NF_VERDICT_MASK) {
		case NF_ACCEPT:
			break;
		case NF_DROP:
			kfree_skb_reason(skb, SKB_DROP_REASON_NETFILTER_DROP);
			ret = NF_DROP_GETERR(verdict);
			return ret ? ret : -EPERM;
		default: /* NF_STOLEN */
			return NF_DROP_GETERR(verdict);
		}
	}
	return 1;
}

/* ---- start and end ---- */

int netfilter_init(struct host *host)
{
	struct netfilter_state *nf = kzalloc(host, sizeof(*nf));

	if (!nf)
		return -ENOMEM;
	nf->host = host;
	INIT_LIST_HEAD(&nf->tables);
	host->net->nf = nf;
	return 0;
}

/* After all packets are gone: they hold on to their flows. */
void netfilter_exit(struct host *host)
{
	struct net *net = host->net;

	for (unsigned int i = 0; i < NF_INET_NUMHOOKS; i++) {
		if (net->nf_hooks_ipv4[i])
			kfree(host, net->nf_hooks_ipv4[i]);
		net->nf_hooks_ipv4[i] = NULL;
	}
	ip_tables_exit(net);
	nf_conntrack_exit(net);
	kfree(host, net->nf);
	net->nf = NULL;
}
