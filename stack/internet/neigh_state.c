/*
 * What happens to a neighbour: a packet needs it, its timer fires, an answer arrives. The states are
 * drawn in neighbour.h.
 *
 * A timer that is armed holds a reference. Only a timer of an INCOMPLETE entry keeps the run alive:
 * packets wait for it; the others are house-keeping.
 */
#include "stack/internet/arp.h"
#include "stack/internet/dst.h"
#include "stack/internet/neigh_impl.h"
#include "stack/kernel/softirq.h"

int neigh_blackhole(struct neighbour *neigh, struct sk_buff *skb)
{
	(void)neigh;
	kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_DEAD);
	return -ENETDOWN;
}

/* ---- the timer ---- */

/* Arms the timer, which is not pending, with the reference already taken. `state`: the one that it is for. */
static void neigh_arm(struct neighbour *n, unsigned long when, u8 state)
{
	timer_setup(n->host, &n->timer, neigh_timer_handler, state & NUD_INCOMPLETE ? 0 : TIMER_BACKGROUND);
	mod_timer(&n->timer, when);
}

static void neigh_add_timer(struct neighbour *n, unsigned long when, u8 state)
{
	TRACE(n, "arm the neighbour's timer");
	SIM_BUG_ON(n->host, timer_pending(&n->timer));
	neigh_hold(n);
	neigh_arm(n, when, state);
}

int neigh_del_timer(struct neighbour *n)
{
	TRACE(n, "stop the neighbour's timer");
	if ((n->nud_state & NUD_IN_TIMER) && del_timer(&n->timer)) {
		neigh_release(n);
		return 1;
	}
	return 0;
}

/* ---- usable or not ---- */

/* The address is in doubt: packets go the slow way and start the check. */
static void neigh_suspect(struct neighbour *neigh)
{
	TRACE(neigh, "use the slow output: the address is in doubt");
	neigh->output = neigh->ops->output;
}

static void neigh_connect(struct neighbour *neigh)
{
	TRACE(neigh, "use the fast output: the address is known to be good");
	neigh->output = neigh->ops->connected_output;
}

/* Nobody answered: the senders of the packets that waited are told. */
static void neigh_invalidate(struct neighbour *neigh)
{
	TRACE(neigh, "give up: report an error for each packet that waited");
	struct sk_buff *skb;

	NEIGH_CACHE_STAT_INC(neigh->tbl, res_failed);
	neigh->updated = jiffies(neigh->host);
	/* A report may start resolving again, which changes the state. */
	while (neigh->nud_state == NUD_FAILED && (skb = __skb_dequeue(&neigh->arp_queue)) != NULL) {
		TRACE_OP(neigh, "error_report");
		neigh->ops->error_report(neigh, skb);
	}
	neigh_purge_queue(neigh, SKB_DROP_REASON_NEIGH_FAILED);
}

/* Linux frees the packet that it asked with although there is none. */
static void neigh_consume_none(struct neighbour *neigh)
{
	TRACE_AS(neigh, "consume_skb", "free a packet that is done with");
}

static void neigh_probe(struct neighbour *neigh)
{
	TRACE(neigh, "ask for the neighbour's address");
	struct sk_buff *skb = skb_peek_tail(&neigh->arp_queue);

	/* The packet tells the source address to ask with; it may leave the queue meanwhile. */
	if (skb)
		skb = skb_clone(skb, GFP_ATOMIC);
	if (neigh->ops->solicit) {
		TRACE_OP(neigh, "solicit");
		neigh->ops->solicit(neigh, skb);
	}
	neigh->probes++;
	if (skb)
		consume_skb(skb);
	else
		neigh_consume_none(neigh);
}

static int neigh_max_probes(const struct neighbour *n)
{
	const struct neigh_parms *p = n->parms;

	return NEIGH_VAR(p, UCAST_PROBES) + NEIGH_VAR(p, APP_PROBES) +
	       (n->nud_state & NUD_PROBE ? NEIGH_VAR(p, MCAST_REPROBES) : NEIGH_VAR(p, MCAST_PROBES));
}

static unsigned long neigh_retrans_time(const struct neighbour *n)
{
	return (unsigned long)max_t(int, NEIGH_VAR(n->parms, RETRANS_TIME), HZ / 100);
}

static void neigh_trace_state(const struct neighbour *n)
{
	trace_subject_name(n->host, SUBJECT_NEIGH, n->trace_id, NIPQUAD_FMT " dev %s",
			   NIPQUAD(n->primary_key), n->dev->name);
	/* by the number of the bit, from 1 */
	TRACE_VALUE(n, SUBJECT_NEIGH, n->trace_id, "nud_state",
		    "NONE|INCOMPLETE|REACHABLE|STALE|DELAY|PROBE|FAILED|NOARP|PERMANENT",
		    n->nud_state ? (u32)__builtin_ctz(n->nud_state) + 1 : 0);
}

void neigh_set_state(struct neighbour *n, u8 state)
{
	bool changed = n->nud_state != state;

	n->nud_state = state;
	if (trace_recording(n->host) && changed)
		neigh_trace_state(n);
}

/* The next state when the timer of REACHABLE or DELAY fires; returns when to fire again. */
static unsigned long neigh_timer_advance(struct neighbour *neigh, unsigned long now, bool *notify)
{
	unsigned long delay = (unsigned long)NEIGH_VAR(neigh->parms, DELAY_PROBE_TIME);
	unsigned long reachable = (unsigned long)neigh->parms->reachable_time;

	if (neigh->nud_state & NUD_REACHABLE) {
		if (time_before_eq(now, neigh->confirmed + reachable))
			return neigh->confirmed + reachable;
		if (time_before_eq(now, neigh->used + delay)) {
			neigh_set_state(neigh, NUD_DELAY);
			neigh->updated = now;
			neigh_suspect(neigh);
			return now + delay;
		}
		neigh_set_state(neigh, NUD_STALE);
		neigh->updated = now;
		neigh_suspect(neigh);
		*notify = true;
		return now + HZ;
	}
	if (neigh->nud_state & NUD_DELAY) {
		if (time_before_eq(now, neigh->confirmed + delay)) {
			neigh_set_state(neigh, NUD_REACHABLE);
			neigh->updated = now;
			neigh_connect(neigh);
			*notify = true;
			return neigh->confirmed + reachable;
		}
		neigh_set_state(neigh, NUD_PROBE);
		neigh->updated = now;
		neigh->probes = 0;
		*notify = true;
	}
	return now + neigh_retrans_time(neigh); /* PROBE, INCOMPLETE */
}

void neigh_timer_handler(struct timer_list *t)
{
	struct neighbour *neigh = from_timer(neigh, t, timer);
	TRACE(neigh, "the neighbour's timer fired: ask again, give up, or doubt the address");
	unsigned long now = jiffies(neigh->host), next;
	bool notify = false;

	if (!(neigh->nud_state & NUD_IN_TIMER))
		goto out;
	next = neigh_timer_advance(neigh, now, &notify);
	if ((neigh->nud_state & (NUD_INCOMPLETE | NUD_PROBE)) && neigh->probes >= neigh_max_probes(neigh)) {
		neigh_set_state(neigh, NUD_FAILED);
		notify = true;
		neigh_invalidate(neigh);
		goto out;
	}
	if ((neigh->nud_state & NUD_IN_TIMER) && !timer_pending(&neigh->timer)) {
		if (time_before(next, now + HZ / 100))
			next = now + HZ / 100;
		neigh_hold(neigh);
		neigh_arm(neigh, next, neigh->nud_state);
	}
	if (neigh->nud_state & (NUD_INCOMPLETE | NUD_PROBE))
		neigh_probe(neigh);
out:
	if (notify)
		neigh_update_notify(neigh, 0);
	neigh_release(neigh);
}

/* ---- a packet needs the neighbour ---- */

/* Lets the packet wait; the oldest give way when the bytes that wait would be too many. */
static void neigh_queue_packet(struct neighbour *neigh, struct sk_buff *skb)
{
	while (neigh->arp_queue_len_bytes + skb->truesize >
	       (unsigned int)NEIGH_VAR(neigh->parms, QUEUE_LEN_BYTES)) {
		struct sk_buff *buff = __skb_dequeue(&neigh->arp_queue);

		if (!buff)
			break;
		neigh->arp_queue_len_bytes -= buff->truesize;
		kfree_skb_reason(buff, SKB_DROP_REASON_NEIGH_QUEUEFULL);
		NEIGH_CACHE_STAT_INC(neigh->tbl, unres_discards);
	}
	skb_dst_force(skb);
	__skb_queue_tail(&neigh->arp_queue, skb);
	neigh->arp_queue_len_bytes += skb->truesize;
}

int __neigh_event_send(struct neighbour *neigh, struct sk_buff *skb)
{
	TRACE(neigh, "start resolving, let the packet wait; or start to check an old address");
	struct host *host = neigh->host;
	unsigned long now = jiffies(host);
	bool immediate_probe = false;
	int rc = 0;

	local_bh_disable(host);
	if (neigh->nud_state & (NUD_CONNECTED | NUD_DELAY | NUD_PROBE))
		goto out;
	if (neigh->dead && !(neigh->nud_state & NUD_STALE)) {
		if (skb)
			kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_DEAD);
		rc = 1;
		goto out;
	}
	if (!(neigh->nud_state & (NUD_STALE | NUD_INCOMPLETE))) {
		if (!(NEIGH_VAR(neigh->parms, MCAST_PROBES) + NEIGH_VAR(neigh->parms, APP_PROBES))) {
			neigh_set_state(neigh, NUD_FAILED);
			neigh->updated = now;
			if (skb)
				kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_FAILED);
			rc = 1;
			goto out;
		}
		neigh->probes = NEIGH_VAR(neigh->parms, UCAST_PROBES);
		neigh_del_timer(neigh);
		neigh_set_state(neigh, NUD_INCOMPLETE);
		neigh->updated = now;
		neigh_add_timer(neigh, now + neigh_retrans_time(neigh), NUD_INCOMPLETE);
		immediate_probe = true;
	} else if (neigh->nud_state & NUD_STALE) {
		neigh_del_timer(neigh);
		neigh_set_state(neigh, NUD_DELAY);
		neigh->updated = now;
		neigh_add_timer(neigh, now + (unsigned long)NEIGH_VAR(neigh->parms, DELAY_PROBE_TIME),
				NUD_DELAY);
	}
	if (neigh->nud_state == NUD_INCOMPLETE) {
		if (skb)
			neigh_queue_packet(neigh, skb);
		rc = 1;
	}
	if (immediate_probe)
		neigh_probe(neigh);
out:
	local_bh_enable(host);
	return rc;
}

/* ---- an answer arrives, or an administrator says so ---- */

static void neigh_update_hhs(struct neighbour *neigh)
{
	TRACE(neigh, "put the new address into the cached header");
	if (neigh->hh.hh_len && neigh->dev->header_ops && neigh->dev->header_ops->cache_update)
		neigh->dev->header_ops->cache_update(&neigh->hh, neigh->dev, neigh->ha);
}

/* True when it changed. */
static bool neigh_update_ext_learned(struct neighbour *neigh, u32 flags, bool *notify)
{
	TRACE(neigh, "note whether the entry was learnt outside");
	u8 ndm_flags = flags & NEIGH_UPDATE_F_EXT_LEARNED ? NTF_EXT_LEARNED : 0;

	if (!(flags & NEIGH_UPDATE_F_ADMIN))
		return false;
	if ((neigh->flags ^ ndm_flags) & NTF_EXT_LEARNED) {
		neigh->flags = (u8)((neigh->flags & ~NTF_EXT_LEARNED) | ndm_flags);
		*notify = true;
		return true;
	}
	return false;
}

/* Sends what waited for the address. */
static void neigh_send_queue(struct neighbour *neigh)
{
	struct sk_buff *skb;

	/* The queue may fill again meanwhile, when the entry turns invalid. */
	while ((neigh->nud_state & NUD_VALID) && (skb = __skb_dequeue(&neigh->arp_queue)) != NULL) {
		struct dst_entry *dst = skb_dst(skb);
		struct neighbour *n1 = neigh, *n2 = NULL;

		neigh->arp_queue_len_bytes -= skb->truesize;
		/* The packet may be for another neighbour by now: its route's next hop changed. */
		if (dst && dst->obsolete != DST_OBSOLETE_DEAD) {
			n2 = dst_neigh_lookup_skb(dst, skb);
			if (!IS_ERR_OR_NULL(n2))
				n1 = n2;
		}
		TRACE_OP(n1, "output");
		n1->output(n1, skb);
		if (!IS_ERR_OR_NULL(n2))
			neigh_release(n2);
	}
	neigh_purge_queue(neigh, SKB_DROP_REASON_NEIGH_FAILED);
}

/* The entry turns unusable. */
static void neigh_update_invalid(struct neighbour *neigh, u8 old, u8 new, bool *notify)
{
	neigh_del_timer(neigh);
	if (old & NUD_CONNECTED)
		neigh_suspect(neigh);
	neigh_set_state(neigh, new);
	*notify = (old & NUD_VALID) != 0;
	if ((old & (NUD_INCOMPLETE | NUD_PROBE)) && (new &NUD_FAILED)) {
		neigh_invalidate(neigh);
		*notify = true;
	}
}

/*
 * Which address to keep: the one told, or the one known (neigh->ha; then nothing changes). NULL: the
 * message is to be ignored. May change the new state.
 */
static const u8 *neigh_choose_lladdr(struct neighbour *neigh, const u8 *lladdr, u8 old, u8 *new, u32 flags,
				     int *err)
{
	*err = 0;
	if (!neigh->dev->addr_len) {
		lladdr = neigh->ha;
	} else if (!lladdr) {
		if (!(old & NUD_VALID)) {
			*err = -EINVAL;
			return NULL;
		}
		lladdr = neigh->ha;
	} else if ((old & NUD_VALID) && !memcmp(lladdr, neigh->ha, neigh->dev->addr_len)) {
		lladdr = neigh->ha;
	}
	if (*new &NUD_CONNECTED)
		neigh->confirmed = jiffies(neigh->host);
	if (!(old & NUD_VALID))
		return lladdr;
	if (lladdr != neigh->ha && !(flags & NEIGH_UPDATE_F_OVERRIDE)) {
		if (!(flags & NEIGH_UPDATE_F_WEAK_OVERRIDE) || !(old & NUD_CONNECTED))
			return NULL;
		lladdr = neigh->ha;
		*new = NUD_STALE;
	} else if (lladdr == neigh->ha && *new == NUD_STALE && !(flags & NEIGH_UPDATE_F_ADMIN)) {
		*new = old;
	}
	return lladdr;
}

static void neigh_enter_state(struct neighbour *neigh, u8 new)
{
	unsigned long now = jiffies(neigh->host);

	neigh_del_timer(neigh);
	if (new &NUD_PROBE)
		neigh->probes = 0;
	if (new &NUD_IN_TIMER)
		neigh_add_timer(neigh,
				now + (new &NUD_REACHABLE ? (unsigned long)neigh->parms->reachable_time : 0),
				new);
	neigh_set_state(neigh, new);
}

static int __neigh_update(struct neighbour *neigh, const u8 *lladdr, u8 new, u32 flags, u32 nlmsg_pid)
{
	TRACE(neigh, "take in what was learnt of a neighbour, send what waited for it");
	u8 old = neigh->nud_state;
	bool notify = false, gc_update;
	int err = -EPERM;

	if (neigh->dead)
		return -EPERM;
	if (!(flags & NEIGH_UPDATE_F_ADMIN) && (old & (NUD_NOARP | NUD_PERMANENT)))
		return -EPERM;
	gc_update = neigh_update_ext_learned(neigh, flags, &notify);
	if (flags & NEIGH_UPDATE_F_USE) {
		new = old &(u8)~NUD_PERMANENT;
		neigh_set_state(neigh, new);
		err = 0;
		goto out;
	}
	if (!(new &NUD_VALID)) {
		neigh_update_invalid(neigh, old, new, &notify);
		err = 0;
		goto out;
	}
	lladdr = neigh_choose_lladdr(neigh, lladdr, old, &new, flags, &err);
	if (!lladdr)
		goto out;
	if (new != old || lladdr != neigh->ha)
		neigh->updated = jiffies(neigh->host);
	if (new != old) {
		neigh_enter_state(neigh, new);
		notify = true;
	}
	if (lladdr != neigh->ha) {
		memcpy(neigh->ha, lladdr, neigh->dev->addr_len);
		neigh_update_hhs(neigh);
		if (!(new &NUD_CONNECTED))
			neigh->confirmed = jiffies(neigh->host) -
					   ((unsigned long)NEIGH_VAR(neigh->parms, BASE_REACHABLE_TIME) << 1);
		notify = true;
	}
	if (new == old)
		goto out;
	if (new &NUD_CONNECTED)
		neigh_connect(neigh);
	else
		neigh_suspect(neigh);
	if (!(old & NUD_VALID))
		neigh_send_queue(neigh);
out:
	if (((new ^ old) & NUD_PERMANENT) || gc_update)
		neigh_update_gc_list(neigh);
	if (notify)
		neigh_update_notify(neigh, nlmsg_pid);
	return err;
}

int neigh_update(struct neighbour *neigh, const u8 *lladdr, u8 new, u32 flags, u32 nlmsg_pid)
{
	TRACE(neigh, "take in what was learnt of a neighbour");
	return __neigh_update(neigh, lladdr, new, flags, nlmsg_pid);
}

struct neighbour *neigh_event_ns(struct neigh_table *tbl, u8 *lladdr, void *saddr, struct net_device *dev)
{
	TRACE(tbl, "note the address of somebody who asks for ours");
	struct neighbour *neigh = __neigh_lookup(tbl, saddr, dev, lladdr || !dev->addr_len);

	if (neigh)
		neigh_update(neigh, lladdr, NUD_STALE, NEIGH_UPDATE_F_OVERRIDE, 0);
	return neigh;
}
