/*
 * VLAN devices: which received tag leads where, which tags are dropped, what a sent frame looks like with and
 * without a card that inserts tags, and how a VLAN's device follows its lower one.
 */
#include "tests/stack/ip_bench.h"

#include "stack/interface/vlan.h"

/* Frames are received by a tap on each protocol of interest: IP goes to ip_rcv, so an own type is used. */
#define TYPE 0x1234

struct bed {
	struct ip_bench *b;
	struct packet_type type, tap;
	int n, taps;
	struct net_device *dev; /* of the last packet */
	u8 pkt_type;
	u32 priority;
	u8 frame[64]; /* the last packet from its mac header on */
};

static int got(struct sk_buff *skb, struct net_device *dev, struct packet_type *pt,
	       struct net_device *orig_dev)
{
	struct bed *t = container_of(pt, struct bed, type);
	int offset = (int)(skb_mac_header(skb) - skb->data);

	(void)orig_dev;
	t->n++;
	t->dev = dev;
	t->pkt_type = skb->pkt_type;
	t->priority = skb->priority;
	assert_true(skb_sane(skb));
	memcpy(t->frame, skb->data + offset, 20);
	consume_skb(skb);
	return 0;
}

static int tapped(struct sk_buff *skb, struct net_device *dev, struct packet_type *pt,
		  struct net_device *orig_dev)
{
	(void)dev, (void)orig_dev;
	container_of(pt, struct bed, tap)->taps++;
	consume_skb(skb);
	return 0;
}

static int setup(void **state)
{
	struct bed *t = calloc(1, sizeof(*t));

	bench_setup((void **)&t->b);
	t->type = (struct packet_type){ .type = htons(TYPE), .func = got };
	t->tap = (struct packet_type){ .type = htons(ETH_P_ALL), .func = tapped };
	dev_add_pack(t->b->net, &t->type);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct bed *t = *state;

	dev_remove_pack(t->b->net, &t->type);
	bench_teardown((void **)&t->b);
	free(t);
	return 0;
}

static struct net_device *add(struct bed *t, const char *real, const char *name, int id, unsigned flags)
{
	assert_int_equal(host_vlan_add(t->b->host, real, name, id, flags), 0);
	assert_int_equal(host_link_set(t->b->host, name, true), 0);
	return __dev_get_by_name(t->b->net, name);
}

/*
 * A frame arrives: tags as they are in it (hw < 0), or the first one taken out by the card. `last` 0: to the
 * device's own address.
 */
static void arrive_to(struct bed *t, const u8 *mac, int hw, int tag1, int tag2, unsigned len)
{
	struct net_device *dev = t->b->dev;
	struct sk_buff *skb = netdev_alloc_skb_ip_align(t->b->host, dev, 128);
	u8 frame[128] = { 0 };
	unsigned at = 12;

	memcpy(frame, mac, 6);
	frame[6] = 2;
	for (int i = 0; i < 2; i++) {
		int tag = i ? tag2 : tag1;

		if (tag < 0)
			continue;
		put_unaligned_be16(ETH_P_8021Q, frame + at);
		put_unaligned_be16((u16)tag, frame + at + 2);
		at += 4;
	}
	put_unaligned_be16(TYPE, frame + at);
	skb_put_data(skb, frame, len);
	if (hw >= 0)
		__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), (u16)hw);
	skb->protocol = eth_type_trans(skb, dev);
	local_bh_disable(t->b->host);
	netif_receive_skb(skb);
	local_bh_enable(t->b->host);
}

static void arrive(struct bed *t, int hw, int tag1, int tag2)
{
	arrive_to(t, t->b->dev->dev_addr, hw, tag1, tag2, 64);
}

static u64 drops(struct bed *t, enum skb_drop_reason why)
{
	return skb_drop_count(t->b->net, why);
}

static void receiving(void **state)
{
	struct bed *t = *state;
	struct net_device *v5 = add(t, t->b->dev->name, "eth0.5", 5, VLAN_FLAG_REORDER_HDR);
	struct rtnl_link_stats64 stats;

	/* taken out by the card, or still in the frame: the same */
	arrive(t, 5, -1, -1);
	assert_int_equal(t->n, 1);
	assert_ptr_equal(t->dev, v5);
	arrive(t, -1, 5, -1);
	assert_int_equal(t->n, 2);
	assert_ptr_equal(t->dev, v5);
	assert_memory_equal(t->frame, t->b->dev->dev_addr, 6);
	assert_int_equal(get_unaligned_be16(t->frame + 12), TYPE); /* no tag any more */
	assert_int_equal(t->pkt_type, PACKET_HOST);
	dev_get_stats(v5, &stats);
	assert_int_equal(stats.rx_packets, 2);
	assert_int_equal(stats.rx_bytes, 50 + 46);
	/* no tag: the lower device's; nor is a priority (number 0) a VLAN */
	arrive(t, -1, -1, -1);
	assert_ptr_equal(t->dev, t->b->dev);
	arrive(t, 0xe000, -1, -1);
	assert_int_equal(t->n, 4);
	assert_ptr_equal(t->dev, t->b->dev);
	assert_int_equal(t->pkt_type, PACKET_HOST);
	/* a priority outside, the VLAN inside */
	arrive(t, 0xe000, 5, -1);
	assert_int_equal(t->n, 5);
	assert_ptr_equal(t->dev, v5);
	/* a number that nobody has: who looks at it sees that it is for another host */
	arrive(t, 7, -1, -1);
	assert_int_equal(t->n, 6);
	assert_ptr_equal(t->dev, t->b->dev);
	assert_int_equal(t->pkt_type, PACKET_OTHERHOST);
	/* a tag and nothing behind it */
	arrive_to(t, t->b->dev->dev_addr, -1, 5, -1, 16);
	assert_int_equal(t->n, 6);
	assert_int_equal(drops(t, SKB_DROP_REASON_HDR_TRUNC), 1);
	/* down: dropped, never the lower device's */
	host_link_set(t->b->host, "eth0.5", false);
	arrive(t, 5, -1, -1);
	assert_int_equal(t->n, 6);
	assert_int_equal(drops(t, SKB_DROP_REASON_DEV_DOWN), 1);
}

/* IP takes nothing of a VLAN that is not ours. */
static void unknown_vlan_is_dropped(void **state)
{
	struct bed *t = *state;
	struct iphdr h = bench_header(t->b, 253, 20);
	struct sk_buff *skb = netdev_alloc_skb_ip_align(t->b->host, t->b->dev, 128);

	memset(skb_put(skb, 14), 0, 14);
	memcpy(skb->data, t->b->dev->dev_addr, 6);
	skb->data[12] = 8;
	h.check = ip_fast_csum((u8 *)&h, 5);
	skb_put_data(skb, &h, 20);
	skb_put_zero(skb, 20);
	__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), 9);
	skb->protocol = eth_type_trans(skb, t->b->dev);
	local_bh_disable(t->b->host);
	netif_receive_skb(skb);
	local_bh_enable(t->b->host);
	assert_int_equal(drops(t, SKB_DROP_REASON_OTHERHOST), 1);
	assert_int_equal(ip_stat(t->b, IPSTATS_MIB_INPKTS), 0);
}

/* Two tags: a VLAN on a VLAN. The inner one survives when nobody has it. */
static void double_tag(void **state)
{
	struct bed *t = *state;
	struct net_device *v5 = add(t, t->b->dev->name, "eth0.5", 5, VLAN_FLAG_REORDER_HDR), *v57;

	arrive(t, 5, 7, -1);
	assert_int_equal(t->n, 1);
	assert_ptr_equal(t->dev, v5);
	assert_int_equal(t->pkt_type, PACKET_OTHERHOST);
	v57 = add(t, "eth0.5", "eth0.5.7", 7, VLAN_FLAG_REORDER_HDR);
	arrive(t, 5, 7, -1);
	assert_ptr_equal(t->dev, v57);
	arrive(t, -1, 5, 7);
	assert_int_equal(t->n, 3);
	assert_ptr_equal(t->dev, v57);
	assert_int_equal(t->pkt_type, PACKET_HOST);
}

static void kept_tags_priorities_taps(void **state)
{
	struct bed *t = *state;

	add(t, t->b->dev->name, "eth0.5", 5, 0);
	assert_int_equal(host_vlan_qos(t->b->host, "eth0.5", false, 3, 77), 0);
	assert_int_equal(host_vlan_qos(t->b->host, "eth0.5", false, 8, 1), -EINVAL);
	arrive(t, 3 << 13 | 5, -1, -1);
	assert_int_equal(t->priority, 77);
	/* without REORDER_HDR the tag is back in the frame */
	assert_memory_equal(t->frame, t->b->dev->dev_addr, 6);
	assert_int_equal(get_unaligned_be16(t->frame + 12), ETH_P_8021Q);
	assert_int_equal(get_unaligned_be16(t->frame + 14), 3 << 13 | 5);
	assert_int_equal(get_unaligned_be16(t->frame + 16), TYPE);
	arrive(t, 5, -1, -1);
	assert_int_equal(t->priority, 0);
	/* a tap on all devices sees the packet on the lower one and on the VLAN's */
	dev_add_pack(t->b->net, &t->tap);
	arrive(t, 5, -1, -1);
	dev_remove_pack(t->b->net, &t->tap);
	assert_int_equal(t->taps, 2);
	assert_int_equal(t->n, 3);
}

/* ---- sending: the bench's card inserts no tags ---- */

static struct {
	u8 frame[64];
	unsigned len;
	int n;
	int hw_tag;
} sent;

static netdev_tx_t keep_xmit(struct sk_buff *skb, struct net_device *dev)
{
	(void)dev;
	sent.n++;
	sent.len = skb->len;
	sent.hw_tag = skb_vlan_tag_present(skb) ? skb->vlan_tci : -1;
	memcpy(sent.frame, skb->data, min_t(unsigned, skb->len, 64));
	consume_skb(skb);
	return NETDEV_TX_OK;
}

static void send_by(struct bed *t, struct net_device *dev, u32 priority)
{
	struct sk_buff *skb = alloc_skb(t->b->host, 256, GFP_ATOMIC);
	static const u8 to[6] = { 2, 0, 0, 0, 9, 9 };

	skb_reserve(skb, 64);
	skb_reset_network_header(skb);
	memset(skb_put(skb, 50), 0xab, 50);
	skb->dev = dev;
	skb->protocol = htons(TYPE);
	skb->priority = priority;
	assert_true(dev_hard_header(skb, dev, TYPE, to, NULL, skb->len) > 0);
	dev_queue_xmit(skb);
}

static void sending(void **state)
{
	static const struct net_device_ops ops = { .ndo_start_xmit = keep_xmit };
	struct bed *t = *state;
	const struct net_device_ops *had = t->b->dev->netdev_ops;
	struct net_device *v5, *v6;

	memset(&sent, 0, sizeof(sent));
	t->b->dev->netdev_ops = &ops;
	v5 = add(t, t->b->dev->name, "eth0.5", 5, VLAN_FLAG_REORDER_HDR);
	v6 = add(t, t->b->dev->name, "eth0.6", 6, 0);
	assert_int_equal(host_vlan_qos(t->b->host, "eth0.5", true, 6, 5), 0);
	for (int i = 0; i < 3; i++) {
		send_by(t, i == 2 ? v6 : v5, i ? 6 : 0);
		assert_int_equal(sent.n, i + 1);
		assert_int_equal(sent.hw_tag, -1);
		assert_int_equal(sent.len, 14 + 4 + 50);
		assert_memory_equal(sent.frame + 6, t->b->dev->dev_addr, 6);
		assert_int_equal(get_unaligned_be16(sent.frame + 12), ETH_P_8021Q);
		assert_int_equal(get_unaligned_be16(sent.frame + 14), i == 0 ? 5 : i == 1 ? 5 << 13 | 5 : 6);
		assert_int_equal(get_unaligned_be16(sent.frame + 16), TYPE);
		assert_int_equal(sent.frame[18], 0xab);
	}
	host_link_del(t->b->host, "eth0.5");
	host_link_del(t->b->host, "eth0.6");
	/* a card that inserts tags gets it beside the packet */
	t->b->dev->features |= NETIF_F_HW_VLAN_CTAG_TX;
	v5 = add(t, t->b->dev->name, "eth0.5", 5, VLAN_FLAG_REORDER_HDR);
	send_by(t, v5, 0);
	assert_int_equal(sent.hw_tag, 5);
	assert_int_equal(sent.len, 14 + 50);
	assert_int_equal(v5->stats.tx_packets, 1);
	/* a lower device that refuses: dropped and counted */
	host_link_set(t->b->host, t->b->dev->name, false);
	send_by(t, v5, 0);
	assert_int_equal(sent.n, 4);
	t->b->dev->netdev_ops = had;
}

/* ---- the life of the device ---- */

static bool promiscuous(struct bed *t)
{
	return t->b->dev->flags & IFF_PROMISC;
}

static void lower_device(void **state)
{
	static const u8 other[6] = { 2, 0, 0, 0, 0, 99 }, group[6] = { 1, 0, 0x5e, 1, 2, 3 };
	struct bed *t = *state;
	struct host *host = t->b->host;
	struct net_device *real = t->b->dev, *v5 = add(t, real->name, "eth0.5", 5, VLAN_FLAG_REORDER_HDR);
	int groups = netdev_mc_count(real);

	assert_memory_equal(v5->dev_addr, real->dev_addr, 6);
	assert_int_equal(v5->mtu, 1500);
	/* errors of `ip link add` */
	assert_int_equal(host_vlan_add(host, real->name, "again", 5, 1), -EEXIST);
	assert_int_equal(host_vlan_add(host, real->name, "eth0.5", 8, 1), -EEXIST);
	assert_int_equal(host_vlan_add(host, real->name, "x", 4095, 1), -ERANGE);
	assert_int_equal(host_vlan_add(host, "lo", "x", 5, 1), -EOPNOTSUPP);
	assert_int_equal(host_vlan_add(host, "none", "x", 5, 1), -ENODEV);
	assert_int_equal(host_link_del(host, real->name), -EOPNOTSUPP);
	/* mtu: never above the lower device's, follows it down */
	assert_int_equal(host_link_mtu(host, "eth0.5", 1501), -ERANGE);
	assert_int_equal(host_link_mtu(host, real->name, 1000), 0);
	assert_int_equal(v5->mtu, 1000);
	/* goes down and comes up with it; cannot be up without it */
	host_link_set(host, real->name, false);
	assert_false(v5->flags & IFF_UP);
	assert_int_equal(host_link_set(host, "eth0.5", true), -ENETDOWN);
	host_link_set(host, real->name, true);
	assert_true(v5->flags & IFF_UP);
	assert_true(netif_carrier_ok(v5));
	/* without a carrier below the VLAN is in order itself (RFC 2863) */
	netif_carrier_off(real);
	bench_run(t->b, 3 * NSEC_PER_SEC);
	assert_int_equal(real->operstate, IF_OPER_DOWN);
	assert_int_equal(v5->operstate, IF_OPER_LOWERLAYERDOWN);
	netif_carrier_on(real);
	bench_run(t->b, 3 * NSEC_PER_SEC);
	assert_int_equal(v5->operstate, IF_OPER_UP);
	/* groups and a mac address of its own: the lower device listens to them */
	rtnl_lock(host);
	dev_mc_add(v5, group);
	assert_int_equal(netdev_mc_count(real), groups + 1);
	dev_mc_del(v5, group);
	assert_int_equal(netdev_mc_count(real), groups);
	assert_false(promiscuous(t));
	dev_set_promiscuity(v5, 1); /* a sniffer on the vlan's device needs all that the lower one hears */
	assert_true(promiscuous(t));
	dev_set_promiscuity(v5, -1);
	assert_false(promiscuous(t));
	assert_int_equal(dev_set_mac_address(v5, other, 6), 0);
	rtnl_unlock(host);
	assert_true(promiscuous(t)); /* it knows one address only */
	arrive_to(t, other, 5, -1, -1, 64);
	assert_ptr_equal(t->dev, v5);
	assert_int_equal(t->pkt_type, PACKET_HOST);
	assert_int_equal(host_link_del(host, "eth0.5"), 0);
	assert_false(promiscuous(t));
	assert_null(__dev_get_by_name(t->b->net, "eth0.5"));
	assert_null(real->vlan_info);
	/* what is left goes with the lower device, in teardown */
	add(t, real->name, "eth0.5", 5, VLAN_FLAG_REORDER_HDR);
	add(t, real->name, "eth0.4094", 4094, VLAN_FLAG_REORDER_HDR);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(receiving),  T(unknown_vlan_is_dropped),
		T(double_tag), T(kept_tags_priorities_taps),
		T(sending),    T(lower_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
