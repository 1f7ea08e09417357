/* A remote host that the host remembers. Private to stack/internet. */
#ifndef STACK_INTERNET_INETPEER_H
#define STACK_INTERNET_INETPEER_H

#include "stack/kernel/list.h"
#include "stack/kernel/rbtree.h"

struct inet_peer {
	struct host *host;
	struct rb_node rb_node;
	struct list_head lru; /* least recently used first */
	__be32 addr;
	unsigned long rate_tokens, rate_last; /* jiffies */
	u32 n_redirects;		      /* sent to it and not heeded */
	u32 rid;			      /* fragments that it sent */
	int refcnt;			      /* the tree's and reassembly queues' */
};

static inline void inet_hold_peer(struct inet_peer *p)
{
	p->refcnt++;
}

void inet_putpeer(struct inet_peer *p);

#endif
