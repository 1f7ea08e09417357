/*
 * Garbage collection of the neighbour table: at once when it is full, and of what nobody uses in the
 * background, every half base_reachable_time.
 *
 * tbl->gc_list has what may be taken: all but PERMANENT entries and those learnt outside (gc_entries counts
 * them, and one that is just being made). Below gc_thresh1 entries nothing is taken; from gc_thresh2 on a new
 * entry takes old ones, every five seconds at most; at gc_thresh3 each new entry does, and fails when none
 * can be taken.
 */
#include "stack/internet/neigh_impl.h"

/* Puts the entry on gc_list, or takes it off, as its state wants it. */
void neigh_update_gc_list(struct neighbour *n)
{
	TRACE(n, "may garbage collection take the entry now?");
	bool exempt = n->nud_state & NUD_PERMANENT || n->flags & NTF_EXT_LEARNED;

	if (n->dead)
		return;
	if (exempt && !list_empty(&n->gc_list)) {
		list_del_init(&n->gc_list);
		n->tbl->gc_entries--;
	} else if (!exempt && list_empty(&n->gc_list)) {
		list_add_tail(&n->gc_list, &n->tbl->gc_list);
		n->tbl->gc_entries++;
	}
}

/* The table is full: removes what did not change for five seconds, oldest first. Returns how many. */
int neigh_forced_gc(struct neigh_table *tbl)
{
	TRACE(tbl, "make room in the full neighbour table");
	int max_clean = tbl->gc_entries - tbl->gc_thresh2, shrunk = 0;
	unsigned long now = jiffies(tbl->host), tref = now - 5 * HZ;
	struct neighbour *n, *next;

	NEIGH_CACHE_STAT_INC(tbl, forced_gc_runs);
	list_for_each_entry_safe (n, next, &tbl->gc_list, gc_list) {
		if (n->refcnt != 1)
			continue;
		if (n->nud_state != NUD_FAILED && n->nud_state != NUD_NOARP &&
		    !tbl->is_multicast(&n->primary_key) && !time_after(tref, n->updated))
			continue;
		if (neigh_remove_one(n, tbl))
			shrunk++;
		if (shrunk >= max_clean)
			break;
	}
	tbl->last_flush = now;
	return shrunk;
}

/* May the periodic collection take this entry? */
static bool neigh_is_garbage(struct neighbour *n, unsigned long now)
{
	if (n->nud_state & (NUD_PERMANENT | NUD_IN_TIMER) || (n->flags & NTF_EXT_LEARNED) || n->refcnt != 1)
		return false;
	if (time_before(n->used, n->confirmed))
		n->used = n->confirmed;
	return n->nud_state == NUD_FAILED ||
	       time_after(now, n->used + (unsigned long)NEIGH_VAR(n->parms, GC_STALETIME));
}

void neigh_periodic_work(struct work_struct *work)
{
	struct neigh_table *tbl = container_of(to_delayed_work(work), struct neigh_table, gc_work);
	TRACE(tbl, "draw new reachable times and remove neighbours that nobody uses");
	unsigned long now = jiffies(tbl->host);
	struct neighbour *n, *next;
	struct neigh_parms *p;

	NEIGH_CACHE_STAT_INC(tbl, periodic_gc_runs);
	if (time_after(now, tbl->last_rand + 300 * HZ)) {
		tbl->last_rand = now;
		for (p = &tbl->parms; p; p = p->next)
			p->reachable_time = (int)neigh_rand_reach_time(
				tbl, (unsigned long)NEIGH_VAR(p, BASE_REACHABLE_TIME));
	}
	if (tbl->entries >= tbl->gc_thresh1) {
		list_for_each_entry_safe (n, next, &tbl->all_list, all_list) {
			if (neigh_is_garbage(n, now))
				neigh_reap(n, tbl);
		}
	}
	queue_delayed_work(system_power_efficient_wq, &tbl->gc_work,
			   (unsigned long)NEIGH_VAR(&tbl->parms, BASE_REACHABLE_TIME) >> 1);
}
