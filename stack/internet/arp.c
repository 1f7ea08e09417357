/*
 * ARP (RFC 826) for IPv4: asks for the hardware addresses that the neighbour table needs, answers for the
 * host's own addresses, and feeds the table with what packets tell.
 *
 * Packets are checked before anything is believed: sizes, operation, addresses that nobody can have. An
 * answer that nobody asked for changes nothing, unless arp_accept is set.
 */
#include "stack/internet/arp.h"

#include "stack/interface/etherdevice.h"
#include "stack/internet/internet.h"
#include "stack/internet/ip.h"
#include "stack/internet/neigh_impl.h"
#include "stack/internet/netfilter.h"
#include "stack/internet/route.h"

static const struct neigh_ops arp_generic_ops, arp_hh_ops, arp_direct_ops;

/* ---- keys ---- */

static u32 arp_hashfn(__be32 key, const struct net_device *dev, const u32 *hash_rnd)
{
	return (key ^ (u32)dev->ifindex * 0x9e3779b1u) * hash_rnd[0];
}

static u32 arp_hash(const void *pkey, const struct net_device *dev, const u32 *hash_rnd)
{
	TRACE(dev, "hash a neighbour's address and device");
	__be32 key;

	memcpy(&key, pkey, sizeof(key));
	return arp_hashfn(key, dev, hash_rnd);
}

static bool arp_key_eq(const struct neighbour *neigh, const void *pkey)
{
	TRACE(neigh, "compare a neighbour's address");
	return !memcmp(&neigh->primary_key, pkey, sizeof(__be32));
}

static bool arp_is_multicast(const void *pkey)
{
	__be32 key;

	memcpy(&key, pkey, sizeof(key));
	return ipv4_is_multicast(key);
}

struct neighbour *__ipv4_neigh_lookup_noref(struct net_device *dev, u32 key)
{
	struct neigh_table *tbl = arp_tbl(dev_net(dev));
	struct neighbour *n;

	/* All neighbours of such a device are one. */
	if (unlikely(dev->flags & (IFF_LOOPBACK | IFF_POINTOPOINT)))
		key = INADDR_ANY;
	if (unlikely(!tbl->nht.hash_buckets))
		return NULL;
	n = tbl->nht.hash_buckets[arp_hashfn(key, dev, tbl->nht.hash_rnd) >> (32 - tbl->nht.hash_shift)];
	while (n && (n->dev != dev || n->primary_key != key))
		n = n->next;
	return n;
}

struct neighbour *__ipv4_neigh_lookup(struct net_device *dev, u32 key)
{
	return neigh_clone(__ipv4_neigh_lookup_noref(dev, key));
}

int arp_mc_map(__be32 addr, u8 *haddr, struct net_device *dev, int dir)
{
	TRACE(dev, "map a multicast group to a hardware address");
	u32 group = ntohl(addr);

	(void)dir;
	if (dev->type != ARPHRD_ETHER) {
		memcpy(haddr, dev->broadcast, dev->addr_len);
		return dev->type == ARPHRD_LOOPBACK ? 0 : -EINVAL;
	}
	haddr[0] = 0x01;
	haddr[1] = 0x00;
	haddr[2] = 0x5e;
	haddr[3] = group >> 16 & 0x7f;
	haddr[4] = (u8)(group >> 8);
	haddr[5] = (u8)group;
	return 0;
}

/* Sets a new neighbour up as its address and device want it: to be resolved, or known at once. */
static int arp_constructor(struct neighbour *neigh)
{
	TRACE(neigh, "set the new neighbour's kind, parameters and output");
	struct net_device *dev = neigh->dev;
	struct in_device *in_dev;
	__be32 addr;

	if (dev->flags & (IFF_LOOPBACK | IFF_POINTOPOINT))
		neigh->primary_key = INADDR_ANY; /* one entry for all */
	addr = neigh->primary_key;
	in_dev = __in_dev_get_rcu(dev);
	if (!in_dev)
		return -EINVAL;
	neigh->type = (u8)inet_addr_type_dev_table(dev_net(dev), dev, addr);
	neigh_parms_put(neigh->parms);
	neigh->parms = neigh_parms_clone(in_dev->arp_parms);
	if (!dev->header_ops) {
		neigh_set_state(neigh, NUD_NOARP);
		neigh->ops = &arp_direct_ops;
		neigh->output = neigh_direct_output;
		return 0;
	}
	if (neigh->type == RTN_MULTICAST) {
		neigh_set_state(neigh, NUD_NOARP);
		arp_mc_map(addr, neigh->ha, dev, 1);
	} else if (dev->flags & (IFF_NOARP | IFF_LOOPBACK)) {
		neigh_set_state(neigh, NUD_NOARP);
		memcpy(neigh->ha, dev->dev_addr, dev->addr_len);
	} else if (neigh->type == RTN_BROADCAST || (dev->flags & IFF_POINTOPOINT)) {
		neigh_set_state(neigh, NUD_NOARP);
		memcpy(neigh->ha, dev->broadcast, dev->addr_len);
	}
	neigh->ops = dev->header_ops->cache ? &arp_hh_ops : &arp_generic_ops;
	neigh->output = neigh->nud_state & NUD_VALID ? neigh->ops->connected_output : neigh->ops->output;
	return 0;
}

static void arp_error_report(struct neighbour *neigh, struct sk_buff *skb)
{
	TRACE_SKB(skb, "nobody has the address: report it and drop the packet");
	(void)neigh;
	dst_link_failure(skb);
	kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_FAILED);
}

/* ---- sending ---- */

struct sk_buff *arp_create(struct net_device *dev, int type, int ptype, __be32 dest_ip, __be32 src_ip,
			   const u8 *dest_hw, const u8 *src_hw, const u8 *target_hw)
{
	TRACE(dev, "make an arp packet");
	unsigned int hlen = LL_RESERVED_SPACE(dev), alen = dev->addr_len;
	struct sk_buff *skb;
	struct arphdr *arp;
	u8 *p;

	skb = alloc_skb(dev->host, ARP_ETH_LEN + hlen + dev->needed_tailroom, GFP_ATOMIC);
	if (!skb)
		return NULL;
	skb->journey = trace_journey_new(dev->host);
	skb_reserve(skb, (int)hlen);
	skb_reset_network_header(skb);
	arp = skb_put(skb, (unsigned int)sizeof(*arp) + 2 * (alen + 4));
	skb->dev = dev;
	skb->protocol = htons(ETH_P_ARP);
	if (!src_hw)
		src_hw = dev->dev_addr;
	if (!dest_hw)
		dest_hw = dev->broadcast;
	if (dev_hard_header(skb, dev, (unsigned short)ptype, dest_hw, src_hw, skb->len) < 0) {
		kfree_skb_reason(skb, SKB_DROP_REASON_DEV_HDR);
		return NULL;
	}
	arp->ar_hrd = htons(dev->type);
	arp->ar_pro = htons(ETH_P_IP);
	arp->ar_hln = (u8)alen;
	arp->ar_pln = 4;
	arp->ar_op = htons((u16)type);
	p = (u8 *)(arp + 1);
	memcpy(p, src_hw, alen);
	memcpy(p + alen, &src_ip, 4);
	if (target_hw)
		memcpy(p + alen + 4, target_hw, alen);
	else
		memset(p + alen + 4, 0, alen);
	memcpy(p + 2 * alen + 4, &dest_ip, 4);
	return skb;
}

static int arp_xmit_finish(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "hand the arp packet to the device");
	(void)net, (void)sk;
	return dev_queue_xmit(skb);
}

void arp_xmit(struct sk_buff *skb)
{
	TRACE_SKB(skb, "send an arp packet");
	NF_HOOK(NFPROTO_ARP, NF_ARP_OUT, dev_net(skb->dev), NULL, skb, NULL, skb->dev, arp_xmit_finish);
}

static void arp_send_dst(int type, int ptype, __be32 dest_ip, struct net_device *dev, __be32 src_ip,
			 const u8 *dest_hw, const u8 *src_hw, const u8 *target_hw, struct dst_entry *dst)
{
	TRACE(dev, "make and send an arp packet");
	struct sk_buff *skb;

	if (dev->flags & IFF_NOARP)
		return;
	skb = arp_create(dev, type, ptype, dest_ip, src_ip, dest_hw, src_hw, target_hw);
	if (!skb)
		return;
	skb_dst_set(skb, dst_clone(dst));
	arp_xmit(skb);
}

void arp_send(int type, int ptype, __be32 dest_ip, struct net_device *dev, __be32 src_ip, const u8 *dest_hw,
	      const u8 *src_hw, const u8 *target_hw)
{
	TRACE(dev, "make and send an arp packet");
	arp_send_dst(type, ptype, dest_ip, dev, src_ip, dest_hw, src_hw, target_hw, NULL);
}

/* Which of our addresses asks, as arp_announce wants it; 0: any that fits. */
static __be32 arp_solicit_source(struct in_device *in_dev, struct sk_buff *skb, __be32 target)
{
	struct net_device *dev = in_dev->dev;
	struct net *net = dev_net(dev);
	__be32 saddr;

	if (!skb || IN_DEV_ARP_ANNOUNCE(in_dev) > 1)
		return 0;
	saddr = ip_hdr(skb)->saddr;
	if (inet_addr_type_dev_table(net, dev, saddr) != RTN_LOCAL)
		return 0;
	if (IN_DEV_ARP_ANNOUNCE(in_dev) == 1 && !inet_addr_onlink(in_dev, target, saddr))
		return 0;
	return saddr;
}

static void arp_solicit(struct neighbour *neigh, struct sk_buff *skb)
{
	TRACE(neigh, "ask who has the address");
	struct net_device *dev = neigh->dev;
	struct in_device *in_dev = __in_dev_get_rcu(dev);
	__be32 target = neigh->primary_key, saddr;
	u8 ha[NEIGH_ADDR_LEN], *dst_ha = NULL;
	int probes = neigh->probes;

	if (!in_dev)
		return;
	saddr = arp_solicit_source(in_dev, skb, target);
	if (!saddr)
		saddr = inet_select_addr(dev, target, RT_SCOPE_LINK);
	probes -= NEIGH_VAR(neigh->parms, UCAST_PROBES);
	if (probes < 0) { /* is it still there? */
		memcpy(ha, neigh->ha, sizeof(ha));
		dst_ha = ha;
	} else if (probes < NEIGH_VAR(neigh->parms, APP_PROBES)) {
		neigh_app_ns(neigh);
		return;
	}
	arp_send_dst(ARPOP_REQUEST, ETH_P_ARP, target, dev, saddr, dst_ha, dev->dev_addr, NULL, NULL);
}

/* ---- receiving ---- */

static int arp_ignore(struct in_device *in_dev, __be32 sip, __be32 tip)
{
	TRACE(in_dev, "decide by arp_ignore whether not to answer");
	struct net *net = dev_net(in_dev->dev);
	int scope = RT_SCOPE_HOST;

	switch (IN_DEV_ARP_IGNORE(in_dev)) {
	case 1: /* only for addresses of this device */
		sip = 0;
		break;
	case 2: /* and only to askers of their subnet */
		break;
	case 3: /* not for addresses of host scope */
		sip = 0;
		scope = RT_SCOPE_LINK;
		in_dev = NULL;
		break;
	case 8:
		return 1;
	default:
		return 0;
	}
	return !inet_confirm_addr(net, in_dev, sip, tip, scope);
}

/* Would an answer to `sip` leave by another device? */
static int arp_filter(__be32 sip, __be32 tip, struct net_device *dev)
{
	TRACE(dev, "decide by arp_filter whether not to answer");
	struct net *net = dev_net(dev);
	struct rtable *rt = ip_route_output(net, sip, tip, 0, 0);
	int flag = 0;

	if (IS_ERR(rt))
		return 1;
	if (rt->dst.dev != dev) {
		__NET_INC_STATS(net, LINUX_MIB_ARPFILTER);
		flag = 1;
	}
	ip_rt_put(rt);
	return flag;
}

/* What the addresses of a packet are. */
struct arp_fields {
	u8 *sha, *tha;
	__be32 sip, tip;
	__be16 op;
};

static bool arp_is_garp(struct net *net, struct net_device *dev, int *addr_type, const struct arp_fields *f)
{
	TRACE(dev, "find out whether somebody announces his own address");
	bool is_garp = f->tip == f->sip;

	/* Gratuitous replies name the same hardware address twice. */
	if (is_garp && f->op == htons(ARPOP_REPLY))
		is_garp = !memcmp(f->tha, f->sha, dev->addr_len);
	if (is_garp) {
		*addr_type = (int)inet_addr_type_dev_table(net, dev, f->sip);
		if (*addr_type != RTN_UNICAST)
			is_garp = false;
	}
	return is_garp;
}

static bool arp_accept(struct in_device *in_dev)
{
	TRACE(in_dev, "may the packet make an entry that nobody asked for?");
	return IN_DEV_ARP_ACCEPT(in_dev);
}

static bool arp_header_valid(const struct net_device *dev, const struct arphdr *arp)
{
	return dev->type == ARPHRD_ETHER && (arp->ar_hrd == htons(ARPHRD_ETHER) || arp->ar_hrd == htons(6)) &&
	       arp->ar_pro == htons(ETH_P_IP) &&
	       (arp->ar_op == htons(ARPOP_REQUEST) || arp->ar_op == htons(ARPOP_REPLY));
}

static void arp_parse(const struct net_device *dev, struct arphdr *arp, struct arp_fields *f)
{
	u8 *p = (u8 *)(arp + 1);

	f->op = arp->ar_op;
	f->sha = p;
	memcpy(&f->sip, p + dev->addr_len, 4);
	f->tha = p + dev->addr_len + 4;
	memcpy(&f->tip, p + 2 * dev->addr_len + 4, 4);
}

/* Addresses that no honest packet has. A group's hardware address as the sender's is taken: clusters use it.
 */
static bool arp_addresses_valid(struct in_device *in_dev, const struct arp_fields *f)
{
	if (ipv4_is_multicast(f->tip) || (!IN_DEV_ROUTE_LOCALNET(in_dev) && ipv4_is_loopback(f->tip)))
		return false;
	return !IN_DEV_ORCONF(in_dev, drop_gratuitous_arp) || f->sip != f->tip;
}

static void arp_answer(struct net_device *dev, const struct arp_fields *f)
{
	arp_send_dst(ARPOP_REPLY, ETH_P_ARP, f->sip, dev, f->tip, f->sha, dev->dev_addr, f->sha, NULL);
}

/* A request for one of our addresses: note who asks, answer. */
static void arp_process_request(struct in_device *in_dev, const struct arp_fields *f)
{
	struct net_device *dev = in_dev->dev;
	__be32 sip = f->sip;
	struct neighbour *n;

	if (arp_ignore(in_dev, f->sip, f->tip))
		return;
	if (IN_DEV_ARPFILTER(in_dev) && arp_filter(f->sip, f->tip, dev))
		return;
	n = neigh_event_ns(arp_tbl(dev_net(dev)), f->sha, &sip, dev);
	if (n) {
		arp_answer(dev, f);
		neigh_release(n);
	}
}

/* Does the way to the address lead out of another device, and may we answer for what lies there? */
static bool arp_fwd_proxy(struct in_device *in_dev, struct net_device *dev, struct rtable *rt)
{
	TRACE(dev, "decide by proxy_arp whether to answer for the address");
	return rt->dst.dev != dev && IN_DEV_PROXY_ARP(in_dev);
}

/* Private VLAN (RFC 3069): hosts of one segment that can talk through us only. */
static bool arp_fwd_pvlan(struct in_device *in_dev, struct net_device *dev, struct rtable *rt,
			  const struct arp_fields *f)
{
	TRACE(dev, "decide by proxy_arp_pvlan whether to answer for the address");
	return rt->dst.dev == dev && f->sip != f->tip && IN_DEV_PROXY_ARP_PVLAN(in_dev);
}

static bool arp_is_proxied(struct in_device *in_dev, struct rtable *rt, const struct arp_fields *f)
{
	struct net_device *dev = in_dev->dev;

	return IN_DEV_FORWARD(in_dev) && rt->rt_type == RTN_UNICAST &&
	       (arp_fwd_proxy(in_dev, dev, rt) || arp_fwd_pvlan(in_dev, dev, rt, f) ||
		(rt->dst.dev != dev && pneigh_lookup(arp_tbl(dev_net(dev)), &f->tip, dev, false)));
}

/* A request for a host that we answer for: at once when it is for us alone, else after a while. True: the
 * packet waits. */
static bool arp_process_proxied(struct in_device *in_dev, const struct arp_fields *f, struct sk_buff *skb)
{
	struct neigh_table *tbl = arp_tbl(dev_net(in_dev->dev));
	struct neigh_parms *parms = in_dev->arp_parms;
	__be32 sip = f->sip;
	struct neighbour *n = neigh_event_ns(tbl, f->sha, &sip, in_dev->dev);

	if (n)
		neigh_release(n);
	if (NEIGH_CB(skb)->flags & LOCALLY_ENQUEUED || skb->pkt_type == PACKET_HOST ||
	    NEIGH_VAR(parms, PROXY_DELAY) == 0) {
		arp_answer(in_dev->dev, f);
		return false;
	}
	pneigh_enqueue(tbl, parms, skb);
	return true;
}

/* An answer, or a request for somebody else: update what we know of the sender. */
static void arp_process_update(struct net *net, struct in_device *in_dev, const struct arp_fields *f,
			       u8 pkt_type)
{
	struct net_device *dev = in_dev->dev;
	struct neigh_table *tbl = arp_tbl(net);
	struct neighbour *n = __neigh_lookup(tbl, &f->sip, dev, 0);
	bool is_garp = false, override;
	int addr_type = -1;
	u8 state = NUD_REACHABLE;

	if (n || arp_accept(in_dev))
		is_garp = arp_is_garp(net, dev, &addr_type, f);
	if (arp_accept(in_dev) && !n) {
		if (addr_type < 0 && f->op == htons(ARPOP_REPLY))
			addr_type = (int)inet_addr_type_dev_table(net, dev, f->sip);
		if (is_garp || (f->op == htons(ARPOP_REPLY) && addr_type == RTN_UNICAST))
			n = __neigh_lookup(tbl, &f->sip, dev, 1);
	}
	if (!n)
		return;
	/* Of several answers the first counts: a second one within locktime may be a proxy's. */
	override = is_garp ||
		   time_after(jiffies(dev->host), n->updated + (unsigned long)NEIGH_VAR(n->parms, LOCKTIME));
	if (f->op != htons(ARPOP_REPLY) || pkt_type != PACKET_HOST)
		state = NUD_STALE;
	neigh_update(n, f->sha, state, override ? NEIGH_UPDATE_F_OVERRIDE : 0, 0);
	neigh_release(n);
}

static int arp_process(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "answer a request for our address, learn from the sender");
	struct net_device *dev = skb->dev;
	struct in_device *in_dev = __in_dev_get_rcu(dev);
	struct arp_fields f;

	(void)sk;
	if (!in_dev || !arp_header_valid(dev, arp_hdr(skb)))
		goto out_free_skb;
	arp_parse(dev, arp_hdr(skb), &f);
	if (!arp_addresses_valid(in_dev, &f))
		goto out_free_skb;
	if (f.sip == 0) { /* somebody checks whether the address is free (RFC 5227) */
		if (f.op == htons(ARPOP_REQUEST) && inet_addr_type_dev_table(net, dev, f.tip) == RTN_LOCAL &&
		    !arp_ignore(in_dev, f.sip, f.tip))
			arp_answer(dev, &f);
		goto out_consume_skb;
	}
	if (f.op == htons(ARPOP_REQUEST) && ip_route_input_noref(skb, f.tip, f.sip, 0, dev) == 0) {
		if (skb_rtable(skb)->rt_type == RTN_LOCAL) {
			arp_process_request(in_dev, &f);
			goto out_consume_skb;
		}
		if (arp_is_proxied(in_dev, skb_rtable(skb), &f)) {
			if (arp_process_proxied(in_dev, &f, skb))
				goto out_free_dst;
			goto out_consume_skb;
		}
	}
	arp_process_update(net, in_dev, &f, skb->pkt_type);
out_consume_skb:
	consume_skb(skb);
out_free_dst:
	dst_release_of(net->host, NULL); /* of an answer through a tunnel: none */
	return NET_RX_SUCCESS;
out_free_skb:
	kfree_skb_reason(skb, SKB_DROP_REASON_ARP_MALFORMED);
	return NET_RX_DROP;
}

/* A request that waited. */
static void parp_redo(struct sk_buff *skb)
{
	TRACE_SKB(skb, "handle the request for another host again");
	arp_process(skb->host->net, NULL, skb);
}

static int arp_rcv(struct sk_buff *skb, struct net_device *dev, struct packet_type *pt,
		   struct net_device *orig_dev)
{
	TRACE_SKB(skb, "receive an arp packet");
	const struct arphdr *arp;

	(void)pt, (void)orig_dev;
	if ((dev->flags & IFF_NOARP) || skb->pkt_type == PACKET_OTHERHOST ||
	    skb->pkt_type == PACKET_LOOPBACK) {
		consume_skb(skb); /* ignored, which is no drop */
		return NET_RX_SUCCESS;
	}
	skb = skb_share_check(skb, GFP_ATOMIC);
	if (!skb)
		return NET_RX_DROP;
	if (!pskb_may_pull(skb, (unsigned int)sizeof(*arp) + 2u * (dev->addr_len + 4u)))
		goto freeskb;
	arp = arp_hdr(skb);
	if (arp->ar_hln != dev->addr_len || arp->ar_pln != 4)
		goto freeskb;
	memset(NEIGH_CB(skb), 0, sizeof(struct neighbour_cb));
	return NF_HOOK(NFPROTO_ARP, NF_ARP_IN, dev_net(dev), NULL, skb, dev, NULL, arp_process);
freeskb:
	kfree_skb_reason(skb, SKB_DROP_REASON_ARP_MALFORMED);
	return NET_RX_DROP;
}

/* ---- devices ---- */

void arp_ifdown(struct net_device *dev)
{
	TRACE(dev, "forget the device's neighbours: it goes down");
	neigh_ifdown(arp_tbl(dev_net(dev)), dev);
}

int arp_invalidate(struct net_device *dev, __be32 ip, bool force)
{
	struct neigh_table *tbl = arp_tbl(dev_net(dev));
	struct neighbour *neigh = __ipv4_neigh_lookup(dev, ip);
	int err = -ENXIO;

	if (!neigh)
		return err;
	if ((neigh->nud_state & NUD_VALID) && !force) {
		neigh_release(neigh);
		return 0;
	}
	if (neigh->nud_state & (u8)~NUD_NOARP)
		err = neigh_update(neigh, NULL, NUD_FAILED, NEIGH_UPDATE_F_OVERRIDE | NEIGH_UPDATE_F_ADMIN,
				   0);
	neigh_release(neigh);
	neigh_remove_one(neigh, tbl);
	return err;
}

static int arp_netdev_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	TRACE(dev, "keep the neighbours in step with the device");
	struct neigh_table *tbl = arp_tbl(dev_net(dev));

	(void)nb;
	switch (event) {
	case NETDEV_CHANGEADDR:
		neigh_changeaddr(tbl, dev);
		rt_cache_flush(dev_net(dev));
		break;
	case NETDEV_CHANGE:
		if (((struct netdev_notifier_change_info *)ptr)->flags_changed & IFF_NOARP)
			neigh_changeaddr(tbl, dev);
		if (!netif_carrier_ok(dev))
			neigh_carrier_down(tbl, dev);
		break;
	default:
		break;
	}
	return NOTIFY_DONE;
}

/* ---- start and end ---- */

static void arp_default_parms(struct neigh_table *tbl)
{
	int *p = tbl->parms.data;

	p[NEIGH_VAR_MCAST_PROBES] = 3;
	p[NEIGH_VAR_UCAST_PROBES] = 3;
	p[NEIGH_VAR_RETRANS_TIME] = 1 * HZ;
	p[NEIGH_VAR_BASE_REACHABLE_TIME] = 30 * HZ;
	p[NEIGH_VAR_DELAY_PROBE_TIME] = 5 * HZ;
	p[NEIGH_VAR_GC_STALETIME] = 60 * HZ;
	p[NEIGH_VAR_QUEUE_LEN_BYTES] = 212992;
	p[NEIGH_VAR_PROXY_QLEN] = 64;
	p[NEIGH_VAR_ANYCAST_DELAY] = 1 * HZ;
	p[NEIGH_VAR_PROXY_DELAY] = 8 * HZ / 10;
	p[NEIGH_VAR_LOCKTIME] = 1 * HZ;
	tbl->gc_interval = 30 * HZ;
	tbl->gc_thresh1 = 128;
	tbl->gc_thresh2 = 512;
	tbl->gc_thresh3 = 1024;
}

int arp_init(struct host *host)
{
	TRACE(host, "make the neighbour table of IPv4, and take ARP packets");
	struct inet_state *inet;
	struct neigh_table *tbl;

	if (inet_state_init(host) || neigh_init(host))
		return -ENOMEM;
	inet = inet_state(host);
	tbl = arp_tbl(host->net);
	tbl->family = AF_INET;
	tbl->key_len = 4;
	tbl->entry_size = sizeof(struct neighbour);
	tbl->protocol = htons(ETH_P_IP);
	tbl->hash = arp_hash;
	tbl->key_eq = arp_key_eq;
	tbl->constructor = arp_constructor;
	tbl->is_multicast = arp_is_multicast;
	tbl->proxy_redo = parp_redo;
	tbl->id = "arp_cache";
	arp_default_parms(tbl);
	if (neigh_table_init(host, tbl)) {
		inet_state_exit(host);
		return -ENOMEM;
	}
	inet->arp_packet_type = (struct packet_type){ .type = htons(ETH_P_ARP), .func = arp_rcv };
	dev_add_pack(host->net, &inet->arp_packet_type);
	inet->arp_netdev_notifier.notifier_call = arp_netdev_event;
	register_netdevice_notifier(host->net, &inet->arp_netdev_notifier);
	return 0;
}

/* After ip_exit(): addresses hold parameters of the table. The last of this layer: ends net->inet. */
void arp_exit(struct host *host)
{
	struct inet_state *inet = inet_state(host);

	unregister_netdevice_notifier(host->net, &inet->arp_netdev_notifier);
	dev_remove_pack(host->net, &inet->arp_packet_type);
	neigh_table_clear(arp_tbl(host->net));
	inet_state_exit(host);
}

static const struct neigh_ops arp_generic_ops = {
	.family = AF_INET,
	.solicit = arp_solicit,
	.error_report = arp_error_report,
	.output = neigh_resolve_output,
	.connected_output = neigh_connected_output,
};

static const struct neigh_ops arp_hh_ops = {
	.family = AF_INET,
	.solicit = arp_solicit,
	.error_report = arp_error_report,
	.output = neigh_resolve_output,
	.connected_output = neigh_resolve_output,
};

static const struct neigh_ops arp_direct_ops = {
	.family = AF_INET,
	.output = neigh_direct_output,
	.connected_output = neigh_direct_output,
};
