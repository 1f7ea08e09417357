/*
 * Netlink's notification of kernel events to groups of listeners. There are no netlink sockets yet, so a
 * message is made, finds nobody, and is freed.
 */
#include "stack/interface/netdevice.h"
#include "stack/kernel/wait.h"

static struct sk_buff *netlink_trim(struct sk_buff *skb)
{
	TRACE_SKB(skb, "give back unused room of a message");
	unsigned int unused = skb->end - skb->tail;

	if (unused * 2 >= skb->truesize)
		pskb_expand_head(skb, 0, -(int)unused,
				 GFP_ATOMIC); /* if there is no room for that: as it is */
	return skb;
}

/* The copy for a last listener: there is none. Linux's chart shows the call. */
static void netlink_drop_clone(struct net *net)
{
	TRACE_AS(net, "consume_skb", "free a packet that is done with");
}

static int netlink_broadcast(struct net *net, struct sk_buff *skb, u32 group)
{
	TRACE(net, "give the message to all listeners of the group");
	(void)group;
	skb = netlink_trim(skb);
	consume_skb(skb);
	__wake_up(&net->netdev->nl_table_wait, TASK_NORMAL, 1, NULL);
	netlink_drop_clone(net);
	return -ESRCH;
}

static int nlmsg_notify(struct net *net, struct sk_buff *skb, u32 pid, u32 group)
{
	TRACE(net, "send a message to a group of listeners");
	(void)pid;
	return netlink_broadcast(net, skb, group);
}

void rtnl_notify(struct sk_buff *skb, struct net *net, u32 pid, u32 group, gfp_t flags)
{
	TRACE(net, "send a message of the routing subsystem");
	(void)flags;
	nlmsg_notify(net, skb, pid, group);
}
