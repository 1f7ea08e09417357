/*
 * Sending through a qdisc: pfifo_fast's bands by priority, its limit and drops, a driver that is busy or
 * stops its queue, and net_tx_action, which goes on where that ended.
 */
#include "tests/stack/ip_bench.h"

#include "stack/internet/route.h"

#define MAX 64

/* A driver with a ring of `room` packets. */
struct ring {
	int room, n, busy; /* busy: NETDEV_TX_BUSY although the queue is not stopped, so many times */
	u8 sent[MAX];	   /* first byte of each, in order */
};

struct bed {
	struct ip_bench *b;
	struct net_device *dev;
	struct ring *ring;
};

static netdev_tx_t ring_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct ring *r = netdev_priv(dev);

	if (r->busy) {
		r->busy--;
		return NETDEV_TX_BUSY;
	}
	assert_true(r->room > 0);
	assert_true(r->n < MAX);
	r->sent[r->n++] = skb->data[0];
	if (--r->room == 0)
		netif_stop_queue(dev);
	consume_skb(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops ring_ops = { .ndo_start_xmit = ring_xmit };

static int setup(void **state)
{
	static const u8 mac[6] = { 2, 0, 0, 0, 0, 77 };
	struct bed *t = calloc(1, sizeof(*t));

	bench_setup((void **)&t->b);
	t->dev = alloc_etherdev(t->b->host, sizeof(struct ring));
	t->ring = netdev_priv(t->dev);
	t->dev->netdev_ops = &ring_ops;
	t->dev->tx_queue_len = 10;
	eth_hw_addr_set(t->dev, mac);
	assert_int_equal(register_netdev(t->dev), 0);
	assert_int_equal(netdev_set_up(t->dev, true), 0);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct bed *t = *state;

	bench_drop_dev(t->dev);
	bench_teardown((void **)&t->b);
	free(t);
	return 0;
}

static int xmit(struct bed *t, u8 mark, u32 priority)
{
	struct sk_buff *skb = alloc_skb(t->b->host, 100, GFP_ATOMIC);

	memset(skb_put(skb, 60), mark, 60);
	skb_reset_network_header(skb);
	skb->protocol = htons(0x1234);
	skb->dev = t->dev;
	skb->priority = priority;
	return dev_queue_xmit(skb);
}

/* The card has sent all: room for n packets again, as its interrupt would tell. */
static void wake(struct bed *t, int n)
{
	t->ring->room = n;
	local_bh_disable(t->b->host);
	netif_wake_queue(t->dev);
	local_bh_enable(t->b->host); /* runs net_tx_action */
}

static struct Qdisc *qdisc(struct bed *t)
{
	return t->dev->_tx->qdisc;
}

static u64 drops(struct bed *t)
{
	return skb_drop_count(t->b->net, SKB_DROP_REASON_QDISC_DROP);
}

/* TC_PRIO_*: 0 best effort, 1 filler, 2 bulk, 4 interactive bulk, 6 interactive, 7 control. */
static void bands(void **state)
{
	/* prio2band of tc-pfifo_fast(8) */
	static const u8 band[16] = { 1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1 };
	struct bed *t = *state;
	int k = 0;

	t->ring->room = 1;
	assert_int_equal(xmit(t, 0xff, 0),
			 NET_XMIT_SUCCESS); /* past the empty queue; the ring is full then */
	assert_int_equal(t->ring->n, 1);
	for (u8 p = 0; p < 16; p++)
		xmit(t, p, p);
	assert_int_equal(t->ring->n, 1);
	assert_int_equal(qdisc(t)->qstats.qlen, 16);
	assert_int_equal(qdisc(t)->qstats.backlog, 16 * 60);
	wake(t, 40);
	assert_int_equal(t->ring->n, 17);
	/* the first was on its way to the driver when the ring was full: put back, it goes before all bands
	 */
	assert_int_equal(t->ring->sent[1], 0);
	for (int b = 0; b < 3; b++)
		for (u8 p = 1; p < 16; p++)
			if (band[p] == b)
				assert_int_equal(t->ring->sent[2 + k++], p);
	assert_int_equal(qdisc(t)->qstats.qlen, 0);
	assert_int_equal(qdisc(t)->bstats.packets, 17);
	assert_int_equal(qdisc(t)->bstats.bytes, 17 * 60);
}

/* rt_tos2priority: low delay is interactive, throughput is bulk, reliability best effort, cost filler. */
static void tos_to_band(void **state)
{
	(void)state;
	assert_int_equal(rt_tos2priority(0x00), 0);
	assert_int_equal(rt_tos2priority(0x10), 6);
	assert_int_equal(rt_tos2priority(0x08), 2);
	assert_int_equal(rt_tos2priority(0x04), 0);
	assert_int_equal(rt_tos2priority(0x18), 4);
}

static void limit(void **state)
{
	struct bed *t = *state;

	t->ring->room = 1;
	xmit(t, 0, 0);
	for (u8 i = 1; i <= 11; i++) /* the first is put back beside the bands */
		assert_int_equal(xmit(t, i, 0), NET_XMIT_SUCCESS);
	/* txqueuelen is the length of each band */
	assert_int_equal(xmit(t, 12, 0), NET_XMIT_DROP);
	assert_int_equal(qdisc(t)->qstats.drops, 1);
	assert_int_equal(drops(t), 1);
	assert_int_equal(xmit(t, 12, 6), NET_XMIT_SUCCESS);
	/* what is queued when the device goes down is dropped, and nothing is sent any more */
	netdev_set_up(t->dev, false);
	assert_int_equal(drops(t), 13);
	xmit(t, 13, 0);
	assert_int_equal(t->ring->n, 1);
	assert_int_equal(drops(t), 14); /* noop's */
	netdev_set_up(t->dev, true);
	t->ring->room = 5;
	netif_start_queue(t->dev);
	xmit(t, 14, 0);
	assert_int_equal(t->ring->n, 2);
}

/* A driver that is busy: the packet is put back and the qdisc runs again, from net_tx_action. */
static void busy(void **state)
{
	struct bed *t = *state;

	t->ring->room = 10;
	t->ring->busy = 2;
	xmit(t, 1, 0);
	/* one try by dev_queue_xmit, two by net_tx_action at the end of it */
	assert_int_equal(t->ring->n, 1);
	assert_int_equal(qdisc(t)->qstats.requeues, 2);
	assert_int_equal(qdisc(t)->qstats.qlen, 0);
	/* what was put back goes first, before better bands */
	local_bh_disable(t->b->host);
	t->ring->busy = 1;
	xmit(t, 2, 2);
	assert_int_equal(qdisc(t)->qstats.qlen, 1);
	t->ring->busy = 0;
	xmit(t, 3, 6);
	local_bh_enable(t->b->host);
	assert_int_equal(t->ring->n, 3);
	assert_int_equal(t->ring->sent[1], 2);
	assert_int_equal(t->ring->sent[2], 3);
}

/* The queue stops in the middle: what is left waits for the wake-up. */
static void stopped(void **state)
{
	struct bed *t = *state;

	t->ring->room = 1;
	for (u8 i = 0; i < 6; i++)
		xmit(t, i, 0);
	assert_int_equal(t->ring->n, 1);
	netif_schedule_queue(t->dev->_tx); /* a stopped queue is not scheduled */
	assert_false(qdisc(t)->state & BIT(__QDISC_STATE_SCHED));
	wake(t, 2);
	assert_int_equal(t->ring->n, 3);
	assert_int_equal(qdisc(t)->qstats.qlen, 3);
	wake(t, 10);
	assert_int_equal(t->ring->n, 6);
	for (u8 i = 0; i < 6; i++)
		assert_int_equal(t->ring->sent[i], i);
}

/* A device without a queue drops what it cannot take. */
static void noqueue(void **state)
{
	struct bed *t = *state;
	u64 had = skb_drop_count(t->b->net, SKB_DROP_REASON_DEV_DOWN);

	netdev_set_up(t->dev, false);
	t->dev->priv_flags |= IFF_NO_QUEUE;
	qdisc_put(t->dev->_tx->qdisc_sleeping);
	t->dev->qdisc = t->dev->_tx->qdisc_sleeping = netdev_state(t->b->host)->noop_qdisc;
	netdev_set_up(t->dev, true);
	assert_null(qdisc(t)->ops->enqueue);
	t->ring->room = 1;
	assert_int_equal(xmit(t, 1, 0), NETDEV_TX_OK);
	assert_int_equal(xmit(t, 2, 0), -ENETDOWN); /* "asks to queue packet" */
	assert_int_equal(t->ring->n, 1);
	assert_int_equal(skb_drop_count(t->b->net, SKB_DROP_REASON_DEV_DOWN), had + 1);
	assert_int_equal(t->dev->core_tx_dropped, 1);
}

/* ---- received frames that are odd: reliability.md, "Ethernet/NIC" ---- */

static void arrive(struct bed *t, const u8 *frame, unsigned len, u8 pkt_type)
{
	struct sk_buff *skb = netdev_alloc_skb_ip_align(t->b->host, t->b->dev, 2048);

	if (len)
		skb_put_data(skb, frame, len);
	skb->protocol = eth_type_trans(skb, t->b->dev);
	assert_int_equal(skb->pkt_type, pkt_type);
	local_bh_disable(t->b->host);
	netif_receive_skb(skb);
	local_bh_enable(t->b->host);
}

static void odd_frames(void **state)
{
	struct bed *t = *state;
	u8 f[1600] = { 0 };
	struct net *net = t->b->net;

#define DROPS(why) ((int)skb_drop_count(net, SKB_DROP_REASON_##why))
	memcpy(f, t->b->dev->dev_addr, 6);
	f[6] = 2;
	/* nobody's type; a length in place of a type (802.3), with and without a payload that says raw IPX */
	put_unaligned_be16(0x9999, f + 12);
	arrive(t, f, 60, PACKET_HOST);
	put_unaligned_be16(46, f + 12);
	arrive(t, f, 60, PACKET_HOST);
	f[14] = f[15] = 0xff;
	arrive(t, f, 60, PACKET_HOST);
	assert_int_equal(DROPS(UNHANDLED_PROTO), 3);
	assert_int_equal(t->b->dev->core_rx_dropped, 3);
	/* runts: no byte, half a link header, a link header and nothing */
	put_unaligned_be16(ETH_P_IP, f + 12);
	for (unsigned len = 0; len <= 14; len += 7)
		arrive(t, f, len, PACKET_HOST);
	assert_int_equal(DROPS(UNHANDLED_PROTO), 5);
	assert_int_equal(DROPS(IP_INHDR), 1);
	assert_int_equal(ip_stat(t->b, IPSTATS_MIB_INHDRERRORS), 1);
	/* for somebody else; from a group (a sender's address that cannot be) */
	f[5] ^= 1;
	arrive(t, f, 60, PACKET_OTHERHOST);
	assert_int_equal(DROPS(OTHERHOST), 1);
	f[5] ^= 1;
	f[6] = 1;
	arrive(t, f, 60, PACKET_HOST);
	assert_int_equal(DROPS(IP_INHDR), 2);
	/* longer than the mtu: IP's own length decides */
	f[14] = 0x45;
	f[15] = 0;
	put_unaligned_be16(1590, f + 16);
	f[22] = 64;
	f[23] = 253;
	memcpy(f + 26, (u8[]){ 10, 0, 0, 2, 10, 0, 0, 1 }, 8);
	put_unaligned_be16(ntohs(ip_fast_csum(f + 14, 5)), f + 24);
	arrive(t, f, 1600, PACKET_HOST);
	assert_int_equal(DROPS(PKT_TOO_SMALL), 1);
	assert_int_equal(ip_stat(t->b, IPSTATS_MIB_INTRUNCATEDPKTS), 1);
}

/* A backlog that is full drops, counted three ways; so does a device that is down. */
static void backlog(void **state)
{
	struct bed *t = *state;
	struct softnet_data *sd = softnet_data(t->b->host);
	struct sk_buff *skb;

	t->b->net->core.sysctl_netdev_max_backlog = 5;
	local_bh_disable(t->b->host);
	for (int i = 0; i < 9; i++) {
		skb = netdev_alloc_skb_ip_align(t->b->host, t->b->dev, 100);
		memset(skb_put(skb, 60), 0, 60);
		skb->protocol = eth_type_trans(skb, t->b->dev);
		/* up to one more than the limit, as Linux compares */
		assert_int_equal(netif_rx(skb), i < 6 ? NET_RX_SUCCESS : NET_RX_DROP);
	}
	local_bh_enable(t->b->host);
	assert_int_equal(sd->dropped, 3);
	assert_int_equal(skb_drop_count(t->b->net, SKB_DROP_REASON_CPU_BACKLOG), 3);
	assert_true(skb_queue_empty(&sd->input_pkt_queue));
	assert_int_equal(t->b->dev->core_rx_dropped, 9); /* the six had a type that nobody wants */
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(bands),   T(tos_to_band), T(limit),	   T(busy),
		T(stopped), T(noqueue),	    T(odd_frames), T(backlog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
