/* What the files of the neighbour table share. Private to stack/internet/neigh*.c. */
#ifndef STACK_INTERNET_NEIGH_IMPL_H
#define STACK_INTERNET_NEIGH_IMPL_H

#include "stack/internet/neighbour.h"

enum { NETEVENT_NEIGH_UPDATE = 1 };
#define RTM_NEWNEIGH 28
#define RTM_DELNEIGH 29

/* ---- neighbour.c ---- */
struct neigh_parms *neigh_parms_clone(struct neigh_parms *parms);
void neigh_parms_put(struct neigh_parms *parms);

/* ---- neigh_state.c ---- */
void neigh_timer_handler(struct timer_list *t);
int neigh_del_timer(struct neighbour *n);
int neigh_blackhole(struct neighbour *neigh, struct sk_buff *skb);

/* ---- neigh_notify.c ---- */
void neigh_update_notify(struct neighbour *neigh, u32 nlmsg_pid);
void neigh_notify_gone(struct neighbour *neigh);

/* netlink.c: hands a message to whoever listens to the group; takes the skb. */
void rtnl_notify(struct sk_buff *skb, struct net *net, u32 pid, u32 group, gfp_t flags);

#endif
