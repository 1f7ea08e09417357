/*
 * Tables of routes: a path-compressed binary trie of prefixes with the routes (fib_alias) of each.
 *
 * A node stands for a prefix. Its children lie below it and differ in the bit right after the prefix, so
 * every step down compares one bit. A node without routes is a branch and has two children. The nodes on
 * the way down to an address are all prefixes of it that the table has: the longest with a fitting route
 * wins (the last seen first).
 */
#include "stack/internet/internet.h"
#include "stack/internet/route.h"

#define KEYLENGTH 32

struct fib_node {
	u32 key; /* host byte order, zero behind the prefix */
	u8 plen;
	struct fib_node *child[2];
	struct fib_alias *aliases;
};

static u32 prefix_mask(int plen)
{
	return plen ? ~0u << (KEYLENGTH - plen) : 0;
}

static int key_bit(u32 key, int pos)
{
	return key >> (KEYLENGTH - 1 - pos) & 1;
}

static bool node_matches(const struct fib_node *n, u32 key)
{
	return ((n->key ^ key) & prefix_mask(n->plen)) == 0;
}

/* How many leading bits two keys share, at most `max`. */
static int common_bits(u32 a, u32 b, int max)
{
	u32 diff = a ^ b;
	int n = diff ? __builtin_clz(diff) : KEYLENGTH;

	return n < max ? n : max;
}

static struct fib_node *node_new(struct fib_table *tb, u32 key, int plen)
{
	struct fib_node *n = kzalloc(tb->host, sizeof(*n));

	if (n) {
		n->key = key & prefix_mask(plen);
		n->plen = (u8)plen;
	}
	return n;
}

/* The node of exactly this prefix, or NULL. */
static struct fib_node *fib_find_node(struct fib_table *tb, u32 key, int plen)
{
	TRACE(tb, "find the prefix in the trie");
	struct fib_node *n = tb->tb_data->root;

	while (n && n->plen < plen && node_matches(n, key))
		n = n->child[key_bit(key, n->plen)];
	return n && n->plen == plen && n->key == key ? n : NULL;
}

/* The node of this prefix, made if it is not there. NULL: no memory. */
static struct fib_node *fib_insert_node(struct fib_table *tb, u32 key, int plen)
{
	struct fib_node **pp = &tb->tb_data->root, *n, *leaf, *branch;
	int common;

	while ((n = *pp) != NULL) {
		common = common_bits(n->key, key, min_t(int, n->plen, plen));
		if (common < n->plen)
			break;
		if (n->plen == plen)
			return n;
		pp = &n->child[key_bit(key, n->plen)];
	}
	leaf = node_new(tb, key, plen);
	if (!leaf)
		return NULL;
	if (!n) {
		*pp = leaf;
	} else if (common == plen) {
		leaf->child[key_bit(n->key, plen)] = n;
		*pp = leaf;
	} else {
		branch = node_new(tb, key, common);
		if (!branch) {
			kfree(tb->host, leaf);
			return NULL;
		}
		branch->child[key_bit(key, common)] = leaf;
		branch->child[key_bit(n->key, common)] = n;
		*pp = branch;
	}
	return leaf;
}

/* Takes out nodes that no route needs, from the prefix up. */
static void fib_prune(struct fib_table *tb, u32 key, int plen)
{
	struct fib_node **path[KEYLENGTH + 2], **pp = &tb->tb_data->root, *n;
	int depth = 0;

	while ((n = *pp) != NULL) {
		path[depth++] = pp;
		if (n->plen >= plen)
			break;
		pp = &n->child[key_bit(key, n->plen)];
	}
	while (depth--) {
		pp = path[depth];
		n = *pp;
		if (n->aliases || (n->child[0] && n->child[1]))
			break;
		*pp = n->child[0] ? n->child[0] : n->child[1];
		kfree(tb->host, n);
	}
}

/* The place for a route of this kind: the first of its tos whose priority is not below; NULL: no such. */
static struct fib_alias *fib_find_alias(struct fib_table *tb, struct fib_alias *fa, u8 tos, u32 prio)
{
	TRACE(tb, "find a route of the prefix by tos and priority");
	for (; fa; fa = fa->fa_next) {
		if (fa->tb_id > tb->tb_id)
			continue;
		if (fa->tb_id != tb->tb_id)
			break;
		if (fa->fa_tos > tos)
			continue;
		if (fa->fa_info->fib_priority >= prio || fa->fa_tos < tos)
			return fa;
	}
	return NULL;
}

/* Links a route before `next`; when that is NULL, where the order of the list wants it. */
static void fib_insert_alias(struct fib_node *n, struct fib_alias *new, struct fib_alias *next)
{
	TRACE(new->fa_info, "link the route to its prefix");
	struct fib_alias **pp = &n->aliases;

	while (*pp && *pp != next) {
		if (!next && ((*pp)->tb_id < new->tb_id ||
			      ((*pp)->tb_id == new->tb_id && (*pp)->fa_tos < new->fa_tos)))
			break;
		pp = &(*pp)->fa_next;
	}
	new->fa_next = *pp;
	*pp = new;
}

static void alias_unlink(struct fib_table *tb, struct fib_node *n, struct fib_alias *fa)
{
	struct fib_alias **pp = &n->aliases;

	while (*pp != fa)
		pp = &(*pp)->fa_next;
	*pp = fa->fa_next;
	tb->tb_num--;
	if (!n->aliases)
		fib_prune(tb, n->key, n->plen);
}

static void fib_remove_alias(struct fib_table *tb, struct fib_node *n, struct fib_alias *fa)
{
	TRACE(tb, "unlink the route from its prefix");
	alias_unlink(tb, n, fa);
}

/* Gives back a route that is in no list any more. */
static void alias_free(struct host *host, struct fib_alias *fa)
{
	fib_release_info(fa->fa_info);
	kfree(host, fa);
}

static bool fib_valid_key_len(u32 key, int plen)
{
	return plen <= KEYLENGTH && !(key & ~prefix_mask(plen));
}

/* What to do with a route whose prefix, tos and priority are taken. */
enum same_route { SAME_ERROR, SAME_REPLACED, SAME_GOES_BEFORE, SAME_GOES_BEHIND };

static enum same_route fib_insert_same(struct fib_table *tb, struct fib_config *cfg, struct fib_info *fi,
				       struct fib_alias **place, int *err)
{
	struct fib_alias *first = *place, *fa, *match = NULL;

	*err = -EEXIST;
	if (cfg->fc_nlflags & NLM_F_EXCL)
		return SAME_ERROR;
	for (fa = first; fa; fa = fa->fa_next) {
		if (fa->tb_id != tb->tb_id || fa->fa_tos != cfg->fc_tos ||
		    fa->fa_info->fib_priority != fi->fib_priority)
			break;
		if (fa->fa_type == cfg->fc_type && fa->fa_info == fi)
			match = fa;
	}
	if (cfg->fc_nlflags & NLM_F_REPLACE) {
		if (match) {
			*err = match == first ? 0 : -EEXIST;
			return SAME_ERROR;
		}
		fib_release_info(first->fa_info);
		first->fa_info = fi;
		first->fa_type = cfg->fc_type;
		first->fa_state = 0;
		*err = 0;
		return SAME_REPLACED;
	}
	if (match)
		return SAME_ERROR;
	*place = fa; /* behind those of the same priority */
	return cfg->fc_nlflags & NLM_F_APPEND ? SAME_GOES_BEHIND : ((*place = first), SAME_GOES_BEFORE);
}

int fib_table_insert(struct net *net, struct fib_table *tb, struct fib_config *cfg)
{
	TRACE(tb, "add a route to the table");
	u32 key = ntohl(cfg->fc_dst);
	struct fib_alias *fa = NULL, *new_fa;
	enum same_route same;
	struct fib_node *n;
	struct fib_info *fi;
	int err;

	if (!fib_valid_key_len(key, cfg->fc_dst_len))
		return -EINVAL;
	fi = fib_create_info(net, cfg, &err);
	if (!fi)
		return err;
	n = fib_find_node(tb, key, cfg->fc_dst_len);
	if (n)
		fa = fib_find_alias(tb, n->aliases, cfg->fc_tos, fi->fib_priority);
	if (fa && fa->fa_tos == cfg->fc_tos && fa->fa_info->fib_priority == fi->fib_priority) {
		same = fib_insert_same(tb, cfg, fi, &fa, &err);
		if (same == SAME_ERROR)
			goto out;
		if (same == SAME_REPLACED) {
			rt_cache_flush(net);
			return 0;
		}
	}
	err = -ENOENT;
	if (!(cfg->fc_nlflags & NLM_F_CREATE))
		goto out;
	err = -ENOMEM;
	new_fa = kzalloc(tb->host, sizeof(*new_fa));
	if (!new_fa)
		goto out;
	if (!n)
		n = fib_insert_node(tb, key, cfg->fc_dst_len);
	if (!n) {
		kfree(tb->host, new_fa);
		goto out;
	}
	new_fa->fa_info = fi;
	new_fa->fa_tos = cfg->fc_tos;
	new_fa->fa_type = cfg->fc_type;
	new_fa->fa_plen = cfg->fc_dst_len;
	new_fa->fa_dst = cfg->fc_dst;
	new_fa->tb_id = tb->tb_id;
	fib_insert_alias(n, new_fa, fa);
	tb->tb_num++;
	rt_cache_flush(net);
	return 0;
out:
	fib_release_info(fi);
	return err;
}

/* Is this the route that the user wants deleted? */
static bool fib_delete_match(struct net *net, const struct fib_table *tb, const struct fib_alias *fa,
			     struct fib_config *cfg)
{
	struct fib_info *fi = fa->fa_info;

	return fa->tb_id == tb->tb_id && fa->fa_tos == cfg->fc_tos &&
	       (!cfg->fc_type || fa->fa_type == cfg->fc_type) &&
	       (cfg->fc_scope == RT_SCOPE_NOWHERE || fi->fib_scope == cfg->fc_scope) &&
	       (!cfg->fc_prefsrc || fi->fib_prefsrc == cfg->fc_prefsrc) &&
	       (!cfg->fc_protocol || fi->fib_protocol == cfg->fc_protocol) &&
	       fib_nh_match(net, cfg, fi) == 0 && fib_metrics_match(cfg, fi);
}

int fib_table_delete(struct net *net, struct fib_table *tb, struct fib_config *cfg)
{
	TRACE(tb, "delete a route from the table");
	u32 key = ntohl(cfg->fc_dst);
	struct fib_alias *fa;
	struct fib_node *n;

	if (!fib_valid_key_len(key, cfg->fc_dst_len))
		return -EINVAL;
	n = fib_find_node(tb, key, cfg->fc_dst_len);
	if (!n)
		return -ESRCH;
	fa = fib_find_alias(tb, n->aliases, cfg->fc_tos, 0);
	while (fa && !fib_delete_match(net, tb, fa, cfg))
		fa = fa->fa_next;
	if (!fa)
		return -ESRCH;
	fib_remove_alias(tb, n, fa);
	if (fa->fa_state & FA_S_ACCESSED)
		rt_cache_flush(net);
	alias_free(tb->host, fa);
	return 0;
}

bool fib_lookup_good_nhc(const struct fib_nh_common *nhc, int fib_flags, const struct flowi4 *flp)
{
	TRACE_LEAF(nhc->nhc_dev, "check that the next hop is alive and on the wanted device");
	if (nhc->nhc_flags & RTNH_F_DEAD)
		return false;
	if ((nhc->nhc_flags & RTNH_F_LINKDOWN) && !(fib_flags & FIB_LOOKUP_IGNORE_LINKSTATE) &&
	    nhc->nhc_dev->ip_ptr && IN_DEV_IGNORE_ROUTES_WITH_LINKDOWN(nhc->nhc_dev->ip_ptr))
		return false;
	return !flp->flowi4_oif || flp->flowi4_oif == nhc->nhc_oif;
}

/* The first route of a prefix that fits the packet: 0, an error that the route says, or 1: none. */
static int fib_node_lookup(struct fib_table *tb, struct fib_node *n, const struct flowi4 *flp,
			   struct fib_result *res, int fib_flags)
{
	struct fib_alias *fa;

	for (fa = n->aliases; fa; fa = fa->fa_next) {
		struct fib_info *fi = fa->fa_info;
		int err;

		if (fa->fa_tos && fa->fa_tos != flp->flowi4_tos)
			continue;
		if (fi->fib_dead || fi->fib_scope < flp->flowi4_scope)
			continue;
		fa->fa_state |= FA_S_ACCESSED;
		err = fib_props[fa->fa_type].error;
		if (unlikely(err < 0))
			return err;
		if (fi->fib_flags & RTNH_F_DEAD)
			continue;
		for (int nhsel = 0; nhsel < fi->fib_nhs; nhsel++) {
			struct fib_nh_common *nhc = &fi->fib_nh[nhsel].nh_common;

			if (!fib_lookup_good_nhc(nhc, fib_flags, flp))
				continue;
			if (!(fib_flags & FIB_LOOKUP_NOREF))
				fi->fib_clntref++;
			res->prefix = htonl(n->key);
			res->prefixlen = n->plen;
			res->nh_sel = (u8)nhsel;
			res->nhc = nhc;
			res->type = fa->fa_type;
			res->scope = fi->fib_scope;
			res->fi = fi;
			res->table = tb;
			return 0;
		}
	}
	return 1;
}

int fib_table_lookup(struct fib_table *tb, const struct flowi4 *flp, struct fib_result *res, int fib_flags)
{
	TRACE(tb, "find the longest prefix that matches the address");
	struct fib_node *match[KEYLENGTH + 1], *n = tb->tb_data->root;
	u32 key = ntohl(flp->daddr);
	int depth = 0, ret;

	while (n && node_matches(n, key)) {
		if (n->aliases)
			match[depth++] = n;
		if (n->plen == KEYLENGTH)
			break;
		n = n->child[key_bit(key, n->plen)];
	}
	while (depth--) {
		ret = fib_node_lookup(tb, match[depth], flp, res, fib_flags);
		if (ret <= 0)
			return ret;
	}
	return -EAGAIN;
}

/*
 * The node that follows (key, plen) in order of prefix, or NULL. A walk goes by prefix and not by node, so
 * it may remove the routes of the node it is at. A node comes before all that lie below it.
 */
static struct fib_node *node_next(struct fib_trie *t, u32 key, int plen)
{
	struct fib_node *n = t->root, *next = NULL;

	while (n) {
		if (n->key > key || (n->key == key && n->plen > plen))
			return n;
		if (n->plen == KEYLENGTH || !node_matches(n, key))
			break;
		if (n->child[1] && !key_bit(key, n->plen))
			next = n->child[1];
		n = n->child[key_bit(key, n->plen)];
	}
	return next;
}

void fib_table_walk(struct fib_table *tb, void (*fn)(struct fib_alias *fa, void *cookie), void *cookie)
{
	struct fib_node *n;

	for (n = tb->tb_data->root; n; n = node_next(tb->tb_data, n->key, n->plen)) {
		for (struct fib_alias *fa = n->aliases, *next; fa; fa = next) {
			next = fa->fa_next;
			if (fa->tb_id == tb->tb_id)
				fn(fa, cookie);
		}
	}
}

int fib_table_flush(struct net *net, struct fib_table *tb, bool all)
{
	TRACE(tb, "remove the routes whose next hops are gone");
	struct fib_node *n, *next;
	int found = 0;

	(void)net;
	for (n = tb->tb_data->root; n; n = next) {
		u32 key = n->key;
		u8 plen = n->plen;

		for (struct fib_alias *fa = n->aliases, *fa_next; fa; fa = fa_next) {
			bool last = !fa->fa_next && n->aliases == fa;

			fa_next = fa->fa_next;
			if (fa->tb_id != tb->tb_id || (!all && !(fa->fa_info->fib_flags & RTNH_F_DEAD)))
				continue;
			alias_unlink(tb, n, fa);
			alias_free(tb->host, fa);
			found++;
			if (last) /* the node went with it */
				break;
		}
		next = node_next(tb->tb_data, key, plen);
	}
	return found;
}

struct fib_table *fib_trie_table(struct net *net, u32 id, struct fib_table *alias)
{
	TRACE(net, "allocate and set up a fib table");
	struct fib_table *tb = kzalloc(net->host, sizeof(*tb));

	if (!tb)
		return NULL;
	tb->host = net->host;
	tb->tb_id = id;
	tb->tb_data = alias ? alias->tb_data : &tb->own;
	return tb;
}

void fib_free_table(struct fib_table *tb)
{
	kfree(tb->host, tb);
}
