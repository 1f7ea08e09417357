/* Tells the host's management (`ip monitor`) of changes to neighbours, as netlink messages. */
#include "stack/internet/neigh_impl.h"

#define RTNLGRP_NEIGH 3

/* The message's fixed parts, as rtnetlink lays them out. */
struct neigh_msg {
	struct {
		u32 len;
		u16 type, flags;
		u32 seq, pid;
	} nlmsg;
	struct {
		u8 family, pad1;
		u16 pad2;
		s32 ifindex;
		u16 state;
		u8 flags, type;
	} ndm;
	struct {
		u16 len, type;
		__be32 addr;
	} dst;
	struct {
		u16 len, type;
		u8 addr[8];
	} lladdr;
};
#define NDA_DST 1
#define NDA_LLADDR 2

static int neigh_fill_info(struct sk_buff *skb, struct neighbour *neigh, u32 pid, int type)
{
	TRACE(neigh, "describe the neighbour in a message");
	struct neigh_msg msg = {
		.nlmsg = { .len = sizeof(msg), .type = (u16)type, .pid = pid },
		.ndm = { .family = AF_INET,
			 .ifindex = neigh->dev->ifindex,
			 .state = neigh->nud_state,
			 .flags = neigh->flags,
			 .type = neigh->type },
		.dst = { .len = 8, .type = NDA_DST, .addr = neigh->primary_key },
		.lladdr = { .len = 10, .type = NDA_LLADDR },
	};

	if (skb_tailroom(skb) < (int)sizeof(msg))
		return -EMSGSIZE;
	if (neigh->nud_state & NUD_VALID)
		memcpy(msg.lladdr.addr, neigh->ha, 6);
	else
		msg.nlmsg.len -= (u32)sizeof(msg.lladdr);
	__skb_put_data(skb, &msg, msg.nlmsg.len);
	return 0;
}

static void __neigh_notify(struct neighbour *n, int type, u32 pid)
{
	TRACE(n, "send a message about the neighbour");
	struct sk_buff *skb = nlmsg_new(n->host, sizeof(struct neigh_msg) + 64, GFP_ATOMIC);

	if (!skb)
		return;
	if (neigh_fill_info(skb, n, pid, type) < 0) {
		kfree_skb(skb);
		return;
	}
	rtnl_notify(skb, n->host->net, 0, RTNLGRP_NEIGH, GFP_ATOMIC);
}

static int call_netevent_notifiers(struct neighbour *neigh, unsigned long val)
{
	TRACE(neigh, "tell who follows network events");
	(void)val; /* nobody does */
	return 0;
}

void neigh_update_notify(struct neighbour *neigh, u32 nlmsg_pid)
{
	TRACE(neigh, "tell of the neighbour's change");
	call_netevent_notifiers(neigh, NETEVENT_NEIGH_UPDATE);
	__neigh_notify(neigh, RTM_NEWNEIGH, nlmsg_pid);
}

void neigh_notify_gone(struct neighbour *neigh)
{
	__neigh_notify(neigh, RTM_DELNEIGH, 0);
	call_netevent_notifiers(neigh, NETEVENT_NEIGH_UPDATE);
}

void neigh_app_ns(struct neighbour *n)
{
	TRACE(n, "ask a daemon for the address");
	__neigh_notify(n, RTM_GETNEIGH, 0);
}
