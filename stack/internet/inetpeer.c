/*
 * What the host remembers of remote hosts: the token bucket that limits errors sent to each.
 *
 * A tree by address; the one not used for longest gives way when there are too many.
 */
#include "stack/internet/inetpeer.h"

#include "stack/internet/internet.h"

#define INET_PEERS_MAX 1024
#define XRLIM_BURST_FACTOR 6

/* The peer of this address, or NULL and the place for it. */
static struct inet_peer *lookup(struct net *net, __be32 addr, struct rb_node **parent_p,
				struct rb_node ***pp_p)
{
	TRACE(net, "find a remote host in the tree");
	struct rb_node **pp = &net->inet->peers.rb_node, *parent = NULL;

	while (*pp) {
		struct inet_peer *p = rb_entry(*pp, struct inet_peer, rb_node);

		if (addr == p->addr)
			return p;
		parent = *pp;
		pp = ntohl(addr) < ntohl(p->addr) ? &parent->rb_left : &parent->rb_right;
	}
	*parent_p = parent;
	*pp_p = pp;
	return NULL;
}

void inet_putpeer(struct inet_peer *p)
{
	TRACE(p, "drop a hold on what is known of a remote host");
	if (--p->refcnt == 0)
		kfree(p->host, p);
}

static void inet_peer_remove(struct inet_state *inet, struct inet_peer *p)
{
	rb_erase(&p->rb_node, &inet->peers);
	list_del(&p->lru);
	inet->nr_peers--;
	inet_putpeer(p);
}

static struct inet_peer *inet_getpeer(struct net *net, __be32 addr, bool create)
{
	TRACE(net, "find what is known of a remote host");
	struct inet_state *inet = net->inet;
	struct rb_node *parent, **pp;
	struct inet_peer *p = lookup(net, addr, &parent, &pp);

	if (p) {
		list_move_tail(&p->lru, &inet->peers_lru);
		return p;
	}
	if (!create)
		return NULL;
	/* As Linux: the first search held no lock, so another one decides. */
	lookup(net, addr, &parent, &pp);
	if (inet->nr_peers >= INET_PEERS_MAX) {
		inet_peer_remove(inet, list_first_entry(&inet->peers_lru, struct inet_peer, lru));
		lookup(net, addr, &parent, &pp);
	}
	p = kzalloc(net->host, sizeof(*p));
	if (!p)
		return NULL;
	p->addr = addr;
	p->refcnt = 1;
	p->rate_last = jiffies(net->host) - 60 * HZ;
	p->host = net->host;
	rb_link_node(&p->rb_node, parent, pp);
	rb_insert_color(&p->rb_node, &inet->peers);
	list_add_tail(&p->lru, &inet->peers_lru);
	inet->nr_peers++;
	return p;
}

struct inet_peer *inet_getpeer_v4(struct net *net, __be32 v4daddr, bool create)
{
	return inet_getpeer(net, v4daddr, create);
}

bool inet_peer_xrlim_allow(struct inet_peer *peer, int timeout)
{
	if (!peer)
		return true;
	TRACE(peer, "take a token of the remote host's limit");
	unsigned long now = jiffies(peer->host), token = peer->rate_tokens + now - peer->rate_last;

	peer->rate_last = now;
	token = min_t(unsigned long, token, XRLIM_BURST_FACTOR *(unsigned long)timeout);
	peer->rate_tokens = token;
	if (token < (unsigned long)timeout)
		return false;
	peer->rate_tokens = token - (unsigned long)timeout;
	return true;
}

void inet_peers_exit(struct host *host)
{
	struct inet_state *inet = inet_state(host);

	while (inet->nr_peers)
		inet_peer_remove(inet, list_first_entry(&inet->peers_lru, struct inet_peer, lru));
}
