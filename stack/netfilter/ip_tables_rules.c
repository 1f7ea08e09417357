/*
 * The tables of iptables and changes to them: tables made on first use, chains, rules in and out. A change
 * that would leave a table wrong (a loop of chains, a target where it cannot be) is undone and refused.
 */
#include "stack/netfilter/ip_tables.h"
#include "stack/netfilter/nf_nat.h"

#define HOOK(name) (1u << NF_INET_##name)
#define ALL_HOOKS ((1u << NF_INET_NUMHOOKS) - 1)

/* ---- the tables ---- */

static unsigned int iptable_filter_hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	TRACE_SKB(skb, "filter the packet by the rules of the table");
	return ipt_do_table(skb, state, priv);
}

static int iptable_filter_table_init(struct net *net, struct xt_table *table)
{
	const struct nf_hook_ops ops[] = {
		{ iptable_filter_hook, table, NF_INET_LOCAL_IN, NF_IP_PRI_FILTER },
		{ iptable_filter_hook, table, NF_INET_FORWARD, NF_IP_PRI_FILTER },
		{ iptable_filter_hook, table, NF_INET_LOCAL_OUT, NF_IP_PRI_FILTER },
	};

	return nf_register_net_hooks(net, ops, ARRAY_SIZE(ops));
}

static const struct {
	const char *name;
	unsigned int valid_hooks;
	int (*init)(struct net *net, struct xt_table *table);
} templates[] = {
	{ "filter", HOOK(LOCAL_IN) | HOOK(FORWARD) | HOOK(LOCAL_OUT), iptable_filter_table_init },
	{ "nat", HOOK(PRE_ROUTING) | HOOK(LOCAL_IN) | HOOK(LOCAL_OUT) | HOOK(POST_ROUTING),
	  nf_nat_ipv4_register_fn },
};

static const char *const hooknames[NF_INET_NUMHOOKS] = { "PREROUTING", "INPUT", "FORWARD", "OUTPUT",
							 "POSTROUTING" };

struct xt_chain *xt_find_chain(struct xt_table *table, const char *name)
{
	struct xt_chain *chain;

	list_for_each_entry (chain, &table->chains, list) {
		if (!strcmp(chain->name, name))
			return chain;
	}
	return NULL;
}

int xt_new_chain(struct xt_table *table, const char *name)
{
	struct xt_chain *chain;

	if (xt_find_chain(table, name))
		return -EEXIST;
	chain = kzalloc(table->host, sizeof(*chain));
	if (!chain)
		return -ENOMEM;
	chain->host = table->host;
	strncpy(chain->name, name, XT_CHAIN_MAXNAMELEN);
	chain->policy = NF_ACCEPT;
	INIT_LIST_HEAD(&chain->rules);
	list_add_tail(&chain->list, &table->chains);
	return 0;
}

/* A table with its built-in chains. */
static struct xt_table *xt_register_table(struct net *net, const char *name, unsigned int valid_hooks)
{
	struct xt_table *table = kzalloc(net->host, sizeof(*table));

	if (!table)
		return NULL;
	table->host = net->host;
	table->name = name;
	table->valid_hooks = valid_hooks;
	INIT_LIST_HEAD(&table->chains);
	list_add_tail(&table->list, &net->nf->tables);
	for (unsigned int hook = 0; hook < NF_INET_NUMHOOKS; hook++) {
		if (!(valid_hooks & 1u << hook))
			continue;
		if (xt_new_chain(table, hooknames[hook]))
			return NULL;
		table->hook_entry[hook] = xt_find_chain(table, hooknames[hook]);
		table->hook_entry[hook]->builtin = true;
		table->hook_entry[hook]->hook = (u8)hook;
	}
	return table;
}

struct xt_table *xt_find_table_lock(struct net *net, const char *name, int *err)
{
	struct xt_table *table;

	*err = 0;
	list_for_each_entry (table, &net->nf->tables, list) {
		if (!strcmp(table->name, name))
			return table;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(templates); i++) {
		if (strcmp(templates[i].name, name))
			continue;
		table = xt_register_table(net, templates[i].name, templates[i].valid_hooks);
		*err = table ? templates[i].init(net, table) : -ENOMEM;
		return *err ? NULL : table;
	}
	*err = -ENOENT;
	return NULL;
}

/* ---- is a table as it must be? ---- */

/* The hooks that lead to a chain; above ALL_HOOKS: chains lead in a circle, or too deep. */
static unsigned int chain_hooks(struct xt_table *table, const struct xt_chain *chain, unsigned int depth)
{
	struct xt_chain *from;
	unsigned int hooks = 0;
	struct ipt_entry *e;

	if (chain->builtin)
		return 1u << chain->hook;
	if (depth > XT_STACKSIZE)
		return ~0u;
	if (!chain->references)
		return 0;
	list_for_each_entry (from, &table->chains, list) {
		list_for_each_entry (e, &from->rules, list) {
			if (e->jump == chain) {
				hooks |= chain_hooks(table, from, depth + 1);
				break;
			}
		}
	}
	return hooks;
}

static const struct {
	const char *table; /* NULL: any */
	unsigned int hooks;
} target_places[IPT_TARGETS] = {
	[IPT_NO_TARGET] = { NULL, ALL_HOOKS },
	[IPT_ACCEPT] = { NULL, ALL_HOOKS },
	[IPT_DROP] = { NULL, ALL_HOOKS },
	[IPT_RETURN] = { NULL, ALL_HOOKS },
	[IPT_JUMP] = { NULL, ALL_HOOKS },
	[IPT_GOTO] = { NULL, ALL_HOOKS },
	[IPT_LOG] = { NULL, ALL_HOOKS },
	[IPT_REJECT] = { "filter", HOOK(LOCAL_IN) | HOOK(FORWARD) | HOOK(LOCAL_OUT) },
	[IPT_DNAT] = { "nat", HOOK(PRE_ROUTING) | HOOK(LOCAL_OUT) },
	[IPT_REDIRECT] = { "nat", HOOK(PRE_ROUTING) | HOOK(LOCAL_OUT) },
	[IPT_SNAT] = { "nat", HOOK(POST_ROUTING) | HOOK(LOCAL_IN) },
	[IPT_MASQUERADE] = { "nat", HOOK(POST_ROUTING) },
};

static int check_entry(const struct xt_table *table, const struct ipt_entry *e, unsigned int hooks)
{
	if (target_places[e->target].table && strcmp(target_places[e->target].table, table->name))
		return -EINVAL;
	if (hooks & ~target_places[e->target].hooks)
		return -EINVAL;
	if (e->target == IPT_REJECT && e->reject_with == IPT_TCP_RESET &&
	    (e->ip.proto != IPPROTO_TCP || (e->ip.invflags & IPT_INV_PROTO)))
		return -EINVAL;
	return 0;
}

static int check_table(struct xt_table *table)
{
	struct xt_chain *chain;
	struct ipt_entry *e;
	int err;

	list_for_each_entry (chain, &table->chains, list) {
		unsigned int hooks = chain_hooks(table, chain, 0);

		if (hooks > ALL_HOOKS)
			return -ELOOP;
		list_for_each_entry (e, &chain->rules, list) {
			err = check_entry(table, e, hooks);
			if (err)
				return err;
		}
	}
	return 0;
}

/* ---- changes ---- */

static void entry_free(struct rcu_head *h)
{
	struct ipt_entry *e = container_of(h, struct ipt_entry, rcu);

	kfree(e->host, e);
}

/* A packet may be at the rule: it goes on to the next one. */
static void remove_entry(struct ipt_entry *e)
{
	list_del(&e->list);
	if (e->jump)
		e->jump->references--;
	call_rcu(e->host, &e->rcu, entry_free);
}

static struct ipt_entry *entry_at(const struct xt_chain *chain, unsigned int at)
{
	struct ipt_entry *e;

	list_for_each_entry (e, &chain->rules, list) {
		if (--at == 0)
			return e;
	}
	return NULL;
}

int ipt_insert_rule(struct xt_table *table, struct xt_chain *chain, const struct ipt_entry *rule,
		    unsigned int at)
{
	struct list_head *before = &chain->rules;
	struct ipt_entry *e;
	int err = 0;

	if (at) {
		e = entry_at(chain, at);
		if (!e && at > 1 && !entry_at(chain, at - 1))
			return -E2BIG;
		before = e ? &e->list : &chain->rules;
	}
	if (rule->matches & IPT_M_STATE)
		err = nf_ct_netns_get(chain->host->net);
	e = err ? NULL : kzalloc(chain->host, sizeof(*e));
	if (!e)
		return -ENOMEM;
	memcpy(e, rule, sizeof(*e));
	e->host = chain->host;
	e->limit.credit = e->limit.avg * e->limit.burst;
	e->limit.prev = jiffies(chain->host);
	if (e->jump)
		e->jump->references++;
	list_add_tail(&e->list, before);
	err = check_table(table);
	if (err)
		remove_entry(e);
	return err;
}

int ipt_delete_rule(struct xt_chain *chain, unsigned int at)
{
	struct ipt_entry *e = entry_at(chain, at);

	if (!e)
		return -E2BIG;
	remove_entry(e);
	return 0;
}

/* The rule as the user gave it, without what the kernel keeps in it. */
static void entry_as_given(struct ipt_entry *to, const struct ipt_entry *e)
{
	memcpy(to, e, sizeof(*to));
	memset(&to->list, 0, sizeof(to->list));
	memset(&to->rcu, 0, sizeof(to->rcu));
	to->host = NULL;
	to->limit.credit = 0;
	to->limit.prev = 0;
	to->pcnt = to->bcnt = 0;
}

unsigned int ipt_find_rule(const struct xt_chain *chain, const struct ipt_entry *rule)
{
	struct ipt_entry *e, want, have;
	unsigned int at = 0;

	entry_as_given(&want, rule);
	list_for_each_entry (e, &chain->rules, list) {
		entry_as_given(&have, e);
		at++;
		if (!memcmp(&want, &have, sizeof(want)))
			return at;
	}
	return 0;
}

void ipt_flush_chain(struct xt_chain *chain)
{
	while (!list_empty(&chain->rules))
		remove_entry(list_first_entry(&chain->rules, struct ipt_entry, list));
}

void ipt_zero_chain(struct xt_chain *chain)
{
	struct ipt_entry *e;

	chain->pcnt = chain->bcnt = 0;
	list_for_each_entry (e, &chain->rules, list)
		e->pcnt = e->bcnt = 0;
}

static void chain_free(struct rcu_head *h)
{
	struct xt_chain *chain = container_of(h, struct xt_chain, rcu);

	kfree(chain->host, chain);
}

int xt_delete_chain(struct xt_chain *chain)
{
	if (chain->builtin)
		return -EINVAL;
	if (chain->references)
		return -EMLINK;
	if (!list_empty(&chain->rules))
		return -ENOTEMPTY;
	list_del(&chain->list);
	call_rcu(chain->host, &chain->rcu, chain_free);
	return 0;
}

/* ---- the end ---- */

void ip_tables_exit(struct net *net)
{
	struct xt_chain *chain, *next;
	struct xt_table *table;

	while (!list_empty(&net->nf->tables)) {
		table = list_first_entry(&net->nf->tables, struct xt_table, list);
		list_for_each_entry (chain, &table->chains, list)
			ipt_flush_chain(chain);
		list_for_each_entry_safe (chain, next, &table->chains, list)
			kfree(net->host, chain);
		list_del(&table->list);
		kfree(net->host, table);
	}
	rcu_barrier(net->host);
}
