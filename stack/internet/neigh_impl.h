/* What the files of the neighbour table share. Private to stack/internet/neigh*.c. */
#ifndef STACK_INTERNET_NEIGH_IMPL_H
#define STACK_INTERNET_NEIGH_IMPL_H

#include "stack/internet/neighbour.h"

enum { NETEVENT_NEIGH_UPDATE = 1 };
#define RTM_NEWNEIGH 28
#define RTM_DELNEIGH 29
#define RTM_GETNEIGH 30

/* ---- neighbour.c ---- */
/* What nobody uses goes; false: somebody does. */
bool neigh_reap(struct neighbour *n, struct neigh_table *tbl);
struct neighbour *___neigh_create(struct neigh_table *tbl, const void *pkey, struct net_device *dev,
				  bool exempt_from_gc, bool want_ref);
void neigh_purge_queue(struct neighbour *n, enum skb_drop_reason reason);

/* ---- neigh_gc.c ---- */
void neigh_update_gc_list(struct neighbour *n);
int neigh_forced_gc(struct neigh_table *tbl);
void neigh_periodic_work(struct work_struct *work);

/* ---- neigh_proxy.c ---- */
void pneigh_init(struct neigh_table *tbl);
void pneigh_ifdown_and_unlock(struct neigh_table *tbl, struct net_device *dev, bool skip_perm);
void pneigh_queue_purge(struct neigh_table *tbl);

/* ---- neigh_parms.c ---- */
struct neigh_parms *neigh_parms_clone(struct neigh_parms *parms);
void neigh_parms_put(struct neigh_parms *parms);

/* ---- neigh_state.c ---- */
void neigh_timer_handler(struct timer_list *t);
/* The one way to change nud_state. */
void neigh_set_state(struct neighbour *n, u8 state);
int neigh_del_timer(struct neighbour *n);
int neigh_blackhole(struct neighbour *neigh, struct sk_buff *skb);

/* ---- neigh_notify.c ---- */
void neigh_update_notify(struct neighbour *neigh, u32 nlmsg_pid);
void neigh_notify_gone(struct neighbour *neigh);

/* netlink.c: hands a message to whoever listens to the group; takes the skb. */

#endif
