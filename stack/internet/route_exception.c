/*
 * Exceptions of a next hop: destinations whose path is narrower than the route says (path mtu) or begins at
 * another gateway (redirect). Each has its own cached routes. They are found when a route is looked up,
 * and forgotten when they expire.
 */
#include "stack/internet/internet.h"
#include "stack/internet/route.h"

static u32 fnhe_hashfun(struct host *host, __be32 daddr)
{
	TRACE(host, "hash the destination of an exception");
	return hash_32((u32)daddr ^ inet_state(host)->fnhe_key, FNHE_HASH_SHIFT);
}

/* Gives up the routes that were made with the exception. */
static void fnhe_flush_routes(struct fib_nh_exception *fnhe)
{
	struct rtable *in = fnhe->fnhe_rth_input, *out = fnhe->fnhe_rth_output;

	fnhe->fnhe_rth_input = fnhe->fnhe_rth_output = NULL;
	if (in) {
		dst_dev_put(&in->dst);
		dst_release(&in->dst);
	}
	if (out) {
		dst_dev_put(&out->dst);
		dst_release(&out->dst);
	}
}

static void fnhe_free(struct host *host, struct fib_nh_exception **p)
{
	struct fib_nh_exception *fnhe = *p;

	*p = fnhe->fnhe_next;
	fnhe_flush_routes(fnhe);
	kfree(host, fnhe);
}

static void ip_del_fnhe(struct host *host, struct fib_nh_common *nhc, __be32 daddr)
{
	TRACE(host, "forget an exception that has expired");
	struct fib_nh_exception **p = &nhc->nhc_exceptions[fnhe_hashfun(host, daddr)].chain;

	while (*p && (*p)->fnhe_daddr != daddr)
		p = &(*p)->fnhe_next;
	if (*p)
		fnhe_free(host, p);
}

struct fib_nh_exception *find_exception(struct host *host, struct fib_nh_common *nhc, __be32 daddr)
{
	TRACE(host, "look for a path that differs from its route");
	struct fib_nh_exception *fnhe;

	if (likely(!nhc->nhc_exceptions))
		return NULL;
	fnhe = nhc->nhc_exceptions[fnhe_hashfun(host, daddr)].chain;
	while (fnhe && fnhe->fnhe_daddr != daddr)
		fnhe = fnhe->fnhe_next;
	if (fnhe && fnhe->fnhe_expires && time_after(jiffies(host), fnhe->fnhe_expires)) {
		ip_del_fnhe(host, nhc, daddr);
		fnhe = NULL;
	}
	return fnhe;
}

static void fill_route_from_fnhe(struct rtable *rt, const struct fib_nh_exception *fnhe)
{
	TRACE(&rt->dst, "note the path's own mtu and gateway in its route");
	rt->rt_pmtu = fnhe->fnhe_pmtu;
	rt->rt_mtu_locked = fnhe->fnhe_mtu_locked;
	rt->dst.expires = fnhe->fnhe_expires;
	if (fnhe->fnhe_gw) {
		rt->rt_flags |= RTCF_REDIRECTED;
		rt->rt_uses_gateway = 1;
		rt->rt_gw_family = AF_INET;
		rt->rt_gw4 = fnhe->fnhe_gw;
	}
}

/* True when the exception caches the route. */
bool rt_bind_exception(struct rtable *rt, struct fib_nh_exception *fnhe, __be32 daddr, bool do_cache)
{
	TRACE(&rt->dst, "make the route follow the exception");
	struct inet_state *inet = inet_state(rt->dst.host);
	struct rtable **porig, *orig;

	if (daddr != fnhe->fnhe_daddr)
		return false;
	if (fnhe->fnhe_genid != inet->fnhe_genid) {
		fnhe->fnhe_genid = inet->fnhe_genid;
		fnhe->fnhe_gw = 0;
		fnhe->fnhe_pmtu = 0;
		fnhe->fnhe_expires = 0;
		fnhe->fnhe_mtu_locked = false;
		fnhe_flush_routes(fnhe);
	}
	fill_route_from_fnhe(rt, fnhe);
	if (!rt->rt_gw4) {
		rt->rt_gw4 = daddr;
		rt->rt_gw_family = AF_INET;
	}
	fnhe->fnhe_stamp = jiffies(rt->dst.host);
	if (!do_cache)
		return false;
	porig = rt_is_input_route(rt) ? &fnhe->fnhe_rth_input : &fnhe->fnhe_rth_output;
	orig = *porig;
	dst_hold(&rt->dst);
	*porig = rt;
	if (orig) {
		dst_dev_put(&orig->dst);
		dst_release(&orig->dst);
	}
	return true;
}

/* Forgets the least used exception of a bucket. */
static void fnhe_remove_oldest(struct host *host, struct fnhe_hash_bucket *hash)
{
	TRACE(host, "forget the exception that was not used for longest");
	struct fib_nh_exception **p, **oldest = NULL;

	for (p = &hash->chain; *p; p = &(*p)->fnhe_next) {
		if (!oldest || time_before((*p)->fnhe_stamp, (*oldest)->fnhe_stamp))
			oldest = p;
	}
	if (oldest)
		fnhe_free(host, oldest);
}

/* A new exception: holders of the next hop's own routes must look up again to find it. */
static struct fib_nh_exception *fnhe_create(struct host *host, struct fib_nh_common *nhc,
					    struct fnhe_hash_bucket *hash, __be32 daddr, int depth)
{
	/* The depth is drawn, so that nobody can tell from outside whose entries he pushed out. */
	int max_depth =
		FNHE_RECLAIM_DEPTH + (int)random_below(&inet_state(host)->route_random, FNHE_RECLAIM_DEPTH);
	struct fib_nh_exception *fnhe;

	for (; depth > max_depth; depth--)
		fnhe_remove_oldest(host, hash);
	fnhe = kzalloc(host, sizeof(*fnhe));
	if (!fnhe)
		return NULL;
	fnhe->fnhe_daddr = daddr;
	fnhe->fnhe_next = hash->chain;
	hash->chain = fnhe;
	if (nhc->nhc_rth_input)
		nhc->nhc_rth_input->dst.obsolete = DST_OBSOLETE_KILL;
	if (nhc->nhc_rth_output)
		nhc->nhc_rth_output->dst.obsolete = DST_OBSOLETE_KILL;
	return fnhe;
}

void update_or_create_fnhe(struct host *host, struct fib_nh_common *nhc, __be32 daddr, __be32 gw, u32 pmtu,
			   bool lock, unsigned long expires)
{
	TRACE(host, "note that the path to this destination differs from its route");
	struct fnhe_hash_bucket *hash;
	struct fib_nh_exception *fnhe;
	int depth = 0;

	if (!nhc->nhc_exceptions) {
		nhc->nhc_exceptions = kzalloc(host, FNHE_HASH_SIZE * sizeof(*hash));
		if (!nhc->nhc_exceptions)
			return;
	}
	hash = &nhc->nhc_exceptions[fnhe_hashfun(host, daddr)];
	for (fnhe = hash->chain; fnhe && fnhe->fnhe_daddr != daddr; fnhe = fnhe->fnhe_next)
		depth++;
	if (!fnhe) {
		fnhe = fnhe_create(host, nhc, hash, daddr, depth);
		if (!fnhe)
			return;
	}
	fnhe->fnhe_genid = inet_state(host)->fnhe_genid;
	if (gw)
		fnhe->fnhe_gw = gw;
	if (pmtu) {
		fnhe->fnhe_pmtu = pmtu;
		fnhe->fnhe_mtu_locked = lock;
	}
	fnhe->fnhe_expires = expires ? expires : 1;
	fnhe->fnhe_stamp = jiffies(host);
	if (fnhe->fnhe_rth_input)
		fill_route_from_fnhe(fnhe->fnhe_rth_input, fnhe);
	if (fnhe->fnhe_rth_output)
		fill_route_from_fnhe(fnhe->fnhe_rth_output, fnhe);
}
