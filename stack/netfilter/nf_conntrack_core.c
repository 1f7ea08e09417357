/*
 * The table of flows: a packet's flow is found or begun when the packet comes in or is sent
 * (nf_conntrack_in), and confirmed when it goes on (nf_confirm).
 *
 *	PRE_ROUTING, LOCAL_OUT (-400): ipv4_conntrack_defrag     fragments are put together first
 *	PRE_ROUTING, LOCAL_OUT (-200): ipv4_conntrack_in, ..._local -> nf_conntrack_in
 *	LOCAL_IN, POST_ROUTING (last): ipv4_confirm -> nf_conntrack_confirm
 *
 * Flows have no timers: one whose time is over is removed when it is met, or to make room.
 */
#include "stack/interface/netdevice.h"
#include "stack/internet/ip.h"
#include "stack/kernel/printk.h"
#include "stack/netfilter/nf_conntrack.h"
#include "stack/netfilter/xt_targets.h"

#define IP_DEFRAG_CONNTRACK_IN 2
#define IP_DEFRAG_CONNTRACK_OUT 3

static u32 hash_conntrack_raw(const struct nf_conntrack_tuple *t)
{
	u32 h = hash_32(t->src_ip, 32) ^ t->dst_ip;

	h = hash_32(h, 32) ^ ((u32)t->src_all << 16 | t->dst_all);
	return hash_32(h ^ t->protonum, NF_CT_HASH_BITS);
}

/* ---- references ---- */

static void nf_ct_destroy(struct nf_conn *ct)
{
	TRACE(ct, "free a flow that nobody holds any more");
	ct->host->net->nf->ct->count--;
	kfree(ct->host, ct);
}

static void nf_ct_put(struct nf_conn *ct)
{
	if (--ct->use == 0)
		nf_ct_destroy(ct);
}

void nf_conntrack_get(struct sk_buff *skb)
{
	((struct nf_conn *)(skb->_nfct & ~NFCT_INFOMASK))->use++;
}

void nf_conntrack_put(struct sk_buff *skb)
{
	unsigned long nfct = skb->_nfct;

	skb->_nfct = 0;
	nf_ct_put((struct nf_conn *)(nfct & ~NFCT_INFOMASK));
}

void nf_ct_set(struct sk_buff *skb, struct nf_conn *ct, enum ip_conntrack_info ctinfo)
{
	ct->use++;
	skb->_nfct = (unsigned long)ct | ctinfo;
}

/* A packet made in answer to another one belongs to its flow. */
void nf_ct_attach(struct sk_buff *new, const struct sk_buff *skb)
{
	TRACE_SKB(skb, "give the answer the flow of the packet");
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct = nf_ct_get(skb, &ctinfo);

	if (!new->_nfct)
		nf_ct_set(new, ct,
			  CTINFO2DIR(ctinfo) == IP_CT_DIR_ORIGINAL ? IP_CT_RELATED_REPLY : IP_CT_RELATED);
}

/* ---- the table ---- */

/* Takes a confirmed flow out of the table. */
bool nf_ct_kill(struct nf_conn *ct)
{
	TRACE(ct, "forget a flow");
	if (ct->status & IPS_DYING)
		return false;
	ct->status |= IPS_DYING;
	if (!nf_ct_is_confirmed(ct))
		return true;
	hlist_del_init(&ct->tuplehash[IP_CT_DIR_ORIGINAL].hnnode);
	hlist_del_init(&ct->tuplehash[IP_CT_DIR_REPLY].hnnode);
	list_del_init(&ct->list);
	nf_ct_put(ct);
	return true;
}

static bool nf_ct_is_expired(const struct nf_conn *ct)
{
	return time_after_eq(jiffies(ct->host), ct->timeout);
}

struct nf_conntrack_tuple_hash *nf_conntrack_find_get(struct net *net, const struct nf_conntrack_tuple *tuple)
{
	TRACE(net, "find the flow of a tuple");
	struct hlist_head *chain = &net->nf->ct->hash[hash_conntrack_raw(tuple)];
	struct nf_conntrack_tuple_hash *h;

again:
	hlist_for_each_entry (h, chain, hnnode) {
		struct nf_conn *ct = nf_ct_tuplehash_to_ctrack(h);

		if (nf_ct_is_expired(ct)) {
			nf_ct_kill(ct);
			goto again; /* both of its tuples may have been on this chain */
		}
		if (nf_ct_tuple_equal(tuple, &h->tuple))
			return h;
	}
	return NULL;
}

bool nf_conntrack_tuple_taken(const struct nf_conntrack_tuple *tuple, const struct nf_conn *ignored)
{
	TRACE(ignored, "does another flow's answer look like this?");
	struct nf_conntrack_tuple_hash *h = nf_conntrack_find_get(ignored->host->net, tuple);

	return h && nf_ct_tuplehash_to_ctrack(h) != ignored;
}

/* Makes room for a flow: those whose time is over, else the oldest that saw no traffic both ways. */
static bool early_drop(struct net *net)
{
	TRACE(net, "make room for a new flow");
	struct nf_conntrack_net *cnet = net->nf->ct;
	struct nf_conn *ct, *next, *oldest = NULL;
	unsigned int before = cnet->count;

	list_for_each_entry_safe (ct, next, &cnet->confirmed, list) {
		if (nf_ct_is_expired(ct))
			nf_ct_kill(ct);
		else if (!oldest && !(ct->status & IPS_ASSURED))
			oldest = ct;
	}
	if (cnet->count == before && oldest)
		nf_ct_kill(oldest);
	return cnet->count < NF_CONNTRACK_MAX;
}

void nf_ct_refresh(struct nf_conn *ct, unsigned long extra_jiffies)
{
	TRACE(ct, "let the flow live on");
	/* Before it is confirmed, `timeout` is how long it will live. */
	ct->timeout = nf_ct_is_confirmed(ct) ? jiffies(ct->host) + extra_jiffies : extra_jiffies;
}

/* ---- a packet's flow ---- */

static struct nf_conn *nf_conntrack_alloc(struct net *net, const struct nf_conntrack_tuple *orig,
					  const struct nf_conntrack_tuple *repl)
{
	TRACE(net, "allocate a flow");
	struct nf_conntrack_net *cnet = net->nf->ct;
	struct nf_conn *ct;

	if (unlikely(cnet->count >= NF_CONNTRACK_MAX) && !early_drop(net)) {
		net_warn_ratelimited(net->host, "nf_conntrack: nf_conntrack: table full, dropping packet");
		return NULL;
	}
	ct = kzalloc(net->host, sizeof(*ct));
	if (!ct)
		return NULL;
	cnet->count++;
	ct->host = net->host;
	ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple = *orig;
	ct->tuplehash[IP_CT_DIR_REPLY].tuple = *repl;
	ct->tuplehash[IP_CT_DIR_REPLY].dir = IP_CT_DIR_REPLY;
	INIT_LIST_HEAD(&ct->list);
	return ct;
}

/* Begins a flow. NULL: the packet is no beginning of one; ERR_PTR: no room. */
static struct nf_conntrack_tuple_hash *init_conntrack(struct net *net, const struct nf_conntrack_tuple *tuple)
{
	TRACE(net, "begin a new flow");
	struct nf_conntrack_tuple repl_tuple;
	struct nf_conn *ct;

	if (!nf_ct_invert_tuple(&repl_tuple, tuple))
		return NULL;
	ct = nf_conntrack_alloc(net, tuple, &repl_tuple);
	return ct ? &ct->tuplehash[IP_CT_DIR_ORIGINAL] : ERR_PTR(-ENOMEM);
}

static int resolve_normal_ct(struct sk_buff *skb, const struct nf_hook_state *state)
{
	TRACE_SKB(skb, "find the packet's flow, or begin one");
	enum ip_conntrack_info ctinfo = IP_CT_NEW;
	struct nf_conntrack_tuple tuple;
	struct nf_conntrack_tuple_hash *h;
	struct nf_conn *ct;

	if (!nf_ct_get_tuplepr(skb, 0, &tuple))
		return 0;
	h = nf_conntrack_find_get(state->net, &tuple);
	if (!h) {
		h = init_conntrack(state->net, &tuple);
		if (IS_ERR_OR_NULL(h))
			return h ? (int)PTR_ERR(h) : 0;
	}
	ct = nf_ct_tuplehash_to_ctrack(h);
	if (h->dir == IP_CT_DIR_REPLY)
		ctinfo = IP_CT_ESTABLISHED_REPLY;
	else if (ct->status & IPS_SEEN_REPLY)
		ctinfo = IP_CT_ESTABLISHED;
	nf_ct_set(skb, ct, ctinfo);
	return 0;
}

unsigned int nf_conntrack_in(struct sk_buff *skb, const struct nf_hook_state *state)
{
	TRACE_SKB(skb, "give the packet its flow and follow the flow's state");
	unsigned int dataoff = ip_hdrlen(skb);
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct;
	int ret;

	if (skb->_nfct) /* over loopback, or the answer to another one */
		return NF_ACCEPT;
	if (ip_hdr(skb)->protocol == IPPROTO_ICMP) {
		ret = nf_conntrack_icmpv4_error(skb, dataoff, state);
		if (ret <= 0)
			return (unsigned int)-ret;
		if (skb->_nfct) /* an error about a flow */
			return NF_ACCEPT;
	}
repeat:
	if (resolve_normal_ct(skb, state) < 0)
		return NF_DROP;
	ct = nf_ct_get(skb, &ctinfo);
	if (!ct)
		return NF_ACCEPT;
	ret = nf_conntrack_handle_packet(ct, skb, dataoff, ctinfo, state);
	if (ret <= 0) {
		nf_reset_ct(skb);
		if (ret == -(int)NF_REPEAT)
			goto repeat;
		return (unsigned int)-ret;
	}
	if (ctinfo == IP_CT_ESTABLISHED_REPLY)
		ct->status |= IPS_SEEN_REPLY;
	return NF_ACCEPT;
}

int __nf_conntrack_confirm(struct sk_buff *skb)
{
	TRACE_SKB(skb, "put the new flow into the table");
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct = nf_ct_get(skb, &ctinfo);
	struct nf_conntrack_net *cnet = skb->host->net->nf->ct;

	if (ct->status & IPS_DYING)
		return NF_DROP;
	for (int dir = 0; dir < 2; dir++) { /* a twin was faster */
		if (nf_conntrack_tuple_taken(&ct->tuplehash[dir].tuple, ct))
			return NF_DROP;
	}
	ct->timeout += jiffies(ct->host);
	ct->status |= IPS_CONFIRMED;
	ct->use++;
	for (int dir = 0; dir < 2; dir++)
		hlist_add_head(&ct->tuplehash[dir].hnnode,
			       &cnet->hash[hash_conntrack_raw(&ct->tuplehash[dir].tuple)]);
	list_add_tail(&ct->list, &cnet->confirmed);
	return NF_ACCEPT;
}

/* ---- hooks ---- */

static unsigned int ipv4_conntrack_defrag(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	TRACE_SKB(skb, "put fragments together before the flow is looked for");
	u32 user = state->hook == NF_INET_PRE_ROUTING ? IP_DEFRAG_CONNTRACK_IN : IP_DEFRAG_CONNTRACK_OUT;

	(void)priv;
	if (skb->_nfct || !ip_is_fragment(ip_hdr(skb)))
		return NF_ACCEPT;
	if (ip_defrag(state->net, skb, user))
		return NF_STOLEN;
	ip_send_check(skb->host, ip_hdr(skb));
	skb->ignore_df = 1;
	return NF_ACCEPT;
}

static unsigned int ipv4_conntrack_in(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	TRACE_SKB(skb, "track the flow of a packet that comes in");
	(void)priv;
	return nf_conntrack_in(skb, state);
}

static unsigned int ipv4_conntrack_local(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	TRACE_SKB(skb, "track the flow of a packet that the host sends");
	(void)priv;
	if (ip_is_fragment(ip_hdr(skb)))
		return NF_ACCEPT;
	return nf_conntrack_in(skb, state);
}

static unsigned int ipv4_confirm(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	TRACE_SKB(skb, "the packet goes on: confirm its flow");
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct = nf_ct_get(skb, &ctinfo);

	(void)priv, (void)state;
	if (!ct || ctinfo == IP_CT_RELATED_REPLY || nf_ct_is_confirmed(ct))
		return NF_ACCEPT;
	return (unsigned int)__nf_conntrack_confirm(skb);
}

static const struct nf_hook_ops ipv4_conntrack_ops[] = {
	{ ipv4_conntrack_defrag, NULL, NF_INET_PRE_ROUTING, NF_IP_PRI_CONNTRACK_DEFRAG },
	{ ipv4_conntrack_defrag, NULL, NF_INET_LOCAL_OUT, NF_IP_PRI_CONNTRACK_DEFRAG },
	{ ipv4_conntrack_in, NULL, NF_INET_PRE_ROUTING, NF_IP_PRI_CONNTRACK },
	{ ipv4_conntrack_local, NULL, NF_INET_LOCAL_OUT, NF_IP_PRI_CONNTRACK },
	{ ipv4_confirm, NULL, NF_INET_POST_ROUTING, NF_IP_PRI_CONNTRACK_CONFIRM },
	{ ipv4_confirm, NULL, NF_INET_LOCAL_IN, NF_IP_PRI_CONNTRACK_CONFIRM },
};

/* ---- the match ---- */

bool conntrack_mt(const struct sk_buff *skb, const struct ipt_entry *e)
{
	TRACE_SKB(skb, "does the state of the packet's flow fit the rule?");
	static const u8 bits[] = {
		[IP_CT_ESTABLISHED] = XT_CONNTRACK_STATE_ESTABLISHED,
		[IP_CT_RELATED] = XT_CONNTRACK_STATE_RELATED,
		[IP_CT_NEW] = XT_CONNTRACK_STATE_NEW,
		[IP_CT_ESTABLISHED_REPLY] = XT_CONNTRACK_STATE_ESTABLISHED,
		[IP_CT_RELATED_REPLY] = XT_CONNTRACK_STATE_RELATED,
	};
	enum ip_conntrack_info ctinfo;
	u8 bit = nf_ct_get(skb, &ctinfo) ? bits[ctinfo] : XT_CONNTRACK_STATE_INVALID;

	return !!(e->state & bit) != !!(e->inv_match & XT_INV_STATE);
}

/* ---- start and end ---- */

int nf_ct_netns_get(struct net *net)
{
	TRACE(net, "hook connection tracking in");
	struct nf_conntrack_net *cnet;

	if (net->nf->ct)
		return 0;
	cnet = kzalloc(net->host, sizeof(*cnet));
	if (!cnet)
		return -ENOMEM;
	INIT_LIST_HEAD(&cnet->confirmed);
	random_init(&cnet->random, net->host->sim, net->host->name, "nf/nat");
	net->nf->ct = cnet;
	return nf_register_net_hooks(net, ipv4_conntrack_ops, ARRAY_SIZE(ipv4_conntrack_ops));
}

void nf_conntrack_exit(struct net *net)
{
	struct nf_conntrack_net *cnet = net->nf->ct;

	if (!cnet)
		return;
	while (!list_empty(&cnet->confirmed))
		nf_ct_kill(list_first_entry(&cnet->confirmed, struct nf_conn, list));
	SIM_BUG_ON(net->host, cnet->count != 0);
	kfree(net->host, cnet);
	net->nf->ct = NULL;
}
