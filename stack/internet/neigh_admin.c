/* `ip neigh`: what an administrator sets, removes and sees. */
#include "stack/internet/neigh_impl.h"
#include "stack/proc.h"

/* RTM_NEWNEIGH: sets an entry's address and state, or makes it. */
int ip_neigh_add_spec(struct host *host, const struct ip_neigh_spec *spec)
{
	u32 flags = NEIGH_UPDATE_F_ADMIN | NEIGH_UPDATE_F_OVERRIDE;
	struct neigh_table *tbl = arp_tbl(host->net);
	struct net_device *dev = __dev_get_by_name(host->net, spec->dev);
	struct neighbour *n;
	int err;

	if (!dev)
		return -ENODEV;
	n = neigh_lookup(tbl, &spec->addr, dev);
	if (!n) {
		bool exempt = spec->state & NUD_PERMANENT || spec->flags & NTF_EXT_LEARNED;

		if (!spec->create)
			return -ENOENT;
		n = ___neigh_create(tbl, &spec->addr, dev, exempt, true);
		if (IS_ERR(n))
			return (int)PTR_ERR(n);
	} else if (!spec->replace) {
		neigh_release(n);
		return -EEXIST;
	}
	if (spec->flags & NTF_EXT_LEARNED)
		flags |= NEIGH_UPDATE_F_EXT_LEARNED;
	if (spec->flags & NTF_USE)
		flags |= NEIGH_UPDATE_F_USE;
	err = neigh_update(n, spec->lladdr, spec->state, flags, 0);
	if (!err && spec->flags & NTF_USE)
		neigh_event_send(n, NULL);
	neigh_release(n);
	return err;
}

int ip_neigh_add(struct host *host, const char *name, __be32 addr, const u8 *lladdr, u8 state)
{
	struct ip_neigh_spec spec = {
		.dev = name, .addr = addr, .lladdr = lladdr, .state = state, .create = true, .replace = true
	};

	return ip_neigh_add_spec(host, &spec);
}

/* Fails the entry, so that what waits for it is reported, and removes it. */
static void neigh_delete(struct neigh_table *tbl, struct neighbour *n)
{
	neigh_hold(n);
	neigh_update(n, NULL, NUD_FAILED, NEIGH_UPDATE_F_OVERRIDE | NEIGH_UPDATE_F_ADMIN, 0);
	neigh_release(n);
	neigh_remove_one(n, tbl);
}

int ip_neigh_del(struct host *host, const char *name, __be32 addr)
{
	struct net_device *dev = __dev_get_by_name(host->net, name);
	struct neighbour *n;

	if (!dev)
		return -ENODEV;
	n = neigh_lookup(arp_tbl(host->net), &addr, dev);
	if (!n)
		return -ENOENT;
	neigh_release(n); /* the table's reference keeps it */
	neigh_delete(arp_tbl(host->net), n);
	return 0;
}

void ip_neigh_flush(struct host *host, const char *name)
{
	struct net_device *dev = name ? __dev_get_by_name(host->net, name) : NULL;
	struct neigh_table *tbl = arp_tbl(host->net);
	struct neighbour *n, *next;

	if (name && !dev)
		return;
	list_for_each_entry_safe (n, next, &tbl->all_list, all_list) {
		if ((dev && n->dev != dev) || (n->nud_state & (NUD_PERMANENT | NUD_NOARP)))
			continue;
		neigh_delete(tbl, n);
	}
}

void neigh_for_each(struct neigh_table *tbl, void (*fn)(struct neighbour *neigh, void *cookie), void *cookie)
{
	struct neighbour *n;

	list_for_each_entry (n, &tbl->all_list, all_list)
		fn(n, cookie);
}

const char *neigh_state_name(u8 nud_state)
{
	switch (nud_state) {
	case NUD_NONE:
		return "NONE";
	case NUD_INCOMPLETE:
		return "INCOMPLETE";
	case NUD_REACHABLE:
		return "REACHABLE";
	case NUD_STALE:
		return "STALE";
	case NUD_DELAY:
		return "DELAY";
	case NUD_PROBE:
		return "PROBE";
	case NUD_FAILED:
		return "FAILED";
	case NUD_NOARP:
		return "NOARP";
	case NUD_PERMANENT:
		return "PERMANENT";
	default:
		return "?";
	}
}

/* ---- proxies ---- */

int ip_neigh_add_proxy(struct host *host, const char *name, __be32 addr)
{
	struct net_device *dev = name ? __dev_get_by_name(host->net, name) : NULL;
	const struct pneigh_entry *n;

	if (name && !dev)
		return -ENODEV;
	rtnl_lock(host);
	n = pneigh_lookup(arp_tbl(host->net), &addr, dev, true);
	rtnl_unlock(host);
	return n ? 0 : -ENOBUFS;
}

int ip_neigh_del_proxy(struct host *host, const char *name, __be32 addr)
{
	struct net_device *dev = name ? __dev_get_by_name(host->net, name) : NULL;

	if (name && !dev)
		return -ENODEV;
	return pneigh_delete(arp_tbl(host->net), &addr, dev);
}

/* ---- /proc/net/stat/arp_cache ---- */

int neigh_stat_seq_show(struct seq_file *seq)
{
	TRACE(seq, "write the counters of the neighbour table (/proc/net/stat/arp_cache)");
	const struct neigh_table *tbl = arp_tbl(seq->host->net);
	const struct neigh_statistics *st = &tbl->stats;

	seq_puts(seq, "entries  allocs   destroys hash_grows lookups  hits     res_failed rcv_probes_mcast "
		      "rcv_probes_ucast periodic_gc_runs forced_gc_runs unresolved_discards table_fulls\n");
	seq_printf(seq, "%08x %08lx %08lx %08lx   %08lx %08lx %08lx   ", (unsigned int)tbl->entries,
		   st->allocs, st->destroys, st->hash_grows, st->lookups, st->hits, st->res_failed);
	seq_printf(seq, "%08lx         %08lx         %08lx         %08lx       %08lx            %08lx\n",
		   st->rcv_probes_mcast, st->rcv_probes_ucast, st->periodic_gc_runs, st->forced_gc_runs,
		   st->unres_discards, st->table_fulls);
	return 0;
}
