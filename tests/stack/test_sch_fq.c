/*
 * fq: flows in turn by quantum, control packets before all, pacing by the socket's rate, by departure times
 * and by maxrate, limits. Sizes and times are worked out by hand from what tc-fq(8) says.
 */
#include "tests/stack/ip_bench.h"

#include "stack/interface/sch_fq.h"
#include "stack/transport/tcp.h"

#define MAX 64
#define MS NSEC_PER_MSEC

struct card {
	int n;
	u8 mark[MAX];
	u64 at[MAX]; /* ns after the bed was made */
};

struct bed {
	struct ip_bench *b;
	struct net_device *dev;
	struct card *card;
	struct Qdisc *q;
	u64 start;
	struct tcp_sock socks[2];
};

static netdev_tx_t card_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct card *c = netdev_priv(dev);

	assert_true(c->n < MAX);
	c->at[c->n] = host_now(dev->host);
	c->mark[c->n++] = skb->data[0];
	consume_skb(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops card_ops = { .ndo_start_xmit = card_xmit };

/* A device whose qdisc is fq. */
static void begin(struct bed *t, struct tc_fq_qopt opt)
{
	static const u8 mac[6] = { 2, 0, 0, 0, 0, 77 };

	t->dev = alloc_etherdev(t->b->host, sizeof(struct card));
	t->card = netdev_priv(t->dev);
	t->dev->netdev_ops = &card_ops;
	eth_hw_addr_set(t->dev, mac);
	assert_int_equal(register_netdev(t->dev), 0);
	t->q = qdisc_alloc(t->dev->_tx, &fq_qdisc_ops);
	if (!opt.ce_threshold)
		opt.ce_threshold = fq_defaults.ce_threshold;
	opt.orphan_mask = opt.orphan_mask ? opt.orphan_mask : fq_defaults.orphan_mask;
	assert_int_equal(fq_qdisc_ops.init(t->q, &opt), 0);
	dev_graft_qdisc(t->dev->_tx, t->q);
	t->dev->qdisc = t->q;
	assert_int_equal(netdev_set_up(t->dev, true), 0);
	assert_ptr_equal(t->dev->_tx->qdisc, t->q);
	t->start = host_now(t->b->host);
	for (int i = 0; i < 2; i++) {
		struct sock *sk = (struct sock *)&t->socks[i];

		sk->host = t->b->host;
		sk->sk_state = TCP_ESTABLISHED;
		sk->trace_id = (u32)i + 1;
		sk->sk_pacing_rate = ~0ul;
	}
}

static int setup(void **state)
{
	struct bed *t = calloc(1, sizeof(*t));

	bench_setup((void **)&t->b);
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

static void let_go(struct sk_buff *skb)
{
	(void)skb;
}

/* A packet of a socket (flow 0 or 1), or of none (others: the flow's hash). */
static struct sk_buff *packet(struct bed *t, char mark, unsigned int flow, unsigned int len)
{
	struct sk_buff *skb = alloc_skb(t->b->host, len, GFP_ATOMIC);

	memset(skb_put(skb, len), mark, len);
	skb_reset_network_header(skb);
	skb->protocol = htons(0x1234);
	skb->dev = t->dev;
	qdisc_skb_cb(skb)->pkt_len = len;
	if (flow < 2) {
		skb->sk = (struct sock *)&t->socks[flow];
		skb->destructor = let_go;
	} else {
		skb->hash = flow;
	}
	return skb;
}

/* Into the queue only: nothing is taken out yet. */
static int enqueue(struct bed *t, struct sk_buff *skb)
{
	struct sk_buff *to_free = NULL;
	int ret = t->q->ops->enqueue(skb, t->q, &to_free);

	assert_true(!to_free == (ret == NET_XMIT_SUCCESS));
	if (to_free)
		kfree_skb(to_free);
	return ret;
}

static void enqueue_all(struct bed *t, const char *marks, unsigned int flow, unsigned int len)
{
	for (; *marks; marks++)
		assert_int_equal(enqueue(t, packet(t, *marks, flow, len)), NET_XMIT_SUCCESS);
}

/* Takes packets out, `max` at the most, and compares their marks. */
static void expect(struct bed *t, const char *marks, int max)
{
	char got[MAX + 1];
	int n = 0;
	struct sk_buff *skb;

	while (n < max && (skb = t->q->ops->dequeue(t->q))) {
		got[n++] = (char)skb->data[0];
		kfree_skb(skb);
	}
	got[n] = '\0';
	assert_string_equal(got, marks);
}

static void sent_at(struct bed *t, int k, char mark, u64 after)
{
	assert_true(k < t->card->n);
	assert_int_equal(t->card->mark[k], mark);
	/* the timer may be late by its slack */
	assert_in_range(t->card->at[k] - t->start, after, after + 10 * NSEC_PER_USEC);
}

static struct tc_fq_qd_stats stats(struct bed *t)
{
	struct tc_fq_qd_stats st;

	fq_dump_stats(t->q, &st);
	return st;
}

/* A quantum each, in turn; who comes new is served before those who have had their first quantum. */
static void turns(void **state)
{
	struct bed *t = *state;

	begin(t, (struct tc_fq_qopt){ .quantum = 2000, .initial_quantum = 2000 });
	enqueue_all(t, "aaaaa", 0, 1000);
	enqueue_all(t, "bbbb", 1, 1000);
	enqueue_all(t, "cc", 500, 1500); /* 2000 allow a second packet to begin */
	expect(t, "aabbcc", 6);
	assert_int_equal(t->q->qstats.qlen, 5);
	assert_int_equal(t->q->qstats.backlog, 5 * 1000);
	enqueue_all(t, "d", 501, 1000);
	expect(t, "daabba", MAX);
	assert_int_equal(t->q->bstats.packets, 12);
	assert_int_equal(stats(t).flows, 4);
	assert_int_equal(t->q->qstats.backlog, 0);
}

/* By default a new flow may send ten full frames, then two a turn. */
static void default_quanta(void **state)
{
	struct bed *t = *state;
	struct tc_fq_qopt opt;

	begin(t, (struct tc_fq_qopt){ 0 });
	fq_dump(t->q, &opt);
	assert_int_equal(opt.plimit, 10000);
	assert_int_equal(opt.flow_plimit, 100);
	assert_int_equal(opt.quantum, 2 * 1514);
	assert_int_equal(opt.initial_quantum, 10 * 1514);
	enqueue_all(t, "aaaaaaaaaaaaaaa", 0, 1514);
	enqueue_all(t, "bbb", 1, 1514);
	expect(t, "aaaaaaaaaabbbaaaaa", MAX);
}

static void control_first(void **state)
{
	struct bed *t = *state;
	struct sk_buff *skb;

	begin(t, (struct tc_fq_qopt){ .flow_plimit = 2 });
	enqueue_all(t, "aa", 0, 100);
	for (int i = 0; i < 3; i++) { /* no limit of a flow for these */
		skb = packet(t, 'c', 0, 100);
		skb->priority = 7; /* TC_PRIO_CONTROL */
		assert_int_equal(enqueue(t, skb), NET_XMIT_SUCCESS);
	}
	expect(t, "cccaa", MAX);
	assert_int_equal(stats(t).highprio_packets, 3);
}

static void limits(void **state)
{
	struct bed *t = *state;

	begin(t, (struct tc_fq_qopt){ .plimit = 5, .flow_plimit = 3 });
	enqueue_all(t, "aaa", 0, 100);
	assert_int_equal(enqueue(t, packet(t, 'a', 0, 100)), NET_XMIT_DROP);
	assert_int_equal(stats(t).flows_plimit, 1);
	enqueue_all(t, "bb", 1, 100);
	assert_int_equal(enqueue(t, packet(t, 'b', 1, 100)), NET_XMIT_DROP); /* of all flows */
	assert_int_equal(stats(t).flows_plimit, 1);
	assert_int_equal(t->q->qstats.drops, 2);
	expect(t, "aaabb", MAX);
	enqueue_all(t, "aaa", 0, 100); /* what is left in the queue is freed with the device */
}

/* 1000 bytes at 1 MB/s are a millisecond; the other socket is not held up. */
static void socket_rate(void **state)
{
	struct bed *t = *state;

	begin(t, (struct tc_fq_qopt){ .quantum = 1000, .initial_quantum = 1000 });
	((struct sock *)&t->socks[0])->sk_pacing_rate = 1000000;
	for (int i = 0; i < 4; i++)
		dev_queue_xmit(packet(t, 'a', 0, 1000));
	assert_int_equal(((struct sock *)&t->socks[0])->sk_pacing_status, SK_PACING_FQ);
	assert_int_equal(stats(t).throttled_flows, 1);
	bench_run(t->b, 500 * NSEC_PER_USEC);
	dev_queue_xmit(packet(t, 'b', 1, 1000));
	bench_run(t->b, 10 * MS);
	assert_int_equal(t->card->n, 5);
	sent_at(t, 0, 'a', 0);
	sent_at(t, 1, 'b', 500 * NSEC_PER_USEC);
	for (int i = 1; i < 4; i++)
		sent_at(t, i + 1, 'a', (u64)i * MS);
	assert_int_equal(stats(t).throttled_flows, 0);
}

/* Below 550 kbit/s each packet is paced, whatever credit is left. */
static void low_rate(void **state)
{
	struct bed *t = *state;

	begin(t, (struct tc_fq_qopt){ 0 });
	((struct sock *)&t->socks[0])->sk_pacing_rate = 50000;
	for (int i = 0; i < 3; i++)
		dev_queue_xmit(packet(t, 'a', 0, 1000));
	bench_run(t->b, 100 * MS);
	for (int i = 0; i < 3; i++)
		sent_at(t, i, 'a', (u64)i * 20 * MS);
}

/*
 * Departure times decide within a flow, whose turn comes when its first packet said that came; those too far
 * off are refused.
 */
static void departure_times(void **state)
{
	static const int ms[] = { 5, 2, 9 };
	struct bed *t = *state;
	struct sk_buff *skb;

	begin(t, (struct tc_fq_qopt){ 0 });
	for (int i = 0; i < 3; i++) {
		skb = packet(t, (char)('1' + i), 0, 1000);
		skb->tstamp = t->start + (u64)ms[i] * MS;
		dev_queue_xmit(skb);
	}
	skb = packet(t, 'x', 0, 1000);
	skb->tstamp = t->start + 11 * NSEC_PER_SEC;
	assert_int_equal(dev_queue_xmit(skb), NET_XMIT_DROP);
	assert_int_equal(stats(t).horizon_drops, 1);
	bench_run(t->b, 20 * MS);
	assert_int_equal(t->card->n, 3);
	sent_at(t, 0, '2', 5 * MS); /* the flow was put aside until then */
	sent_at(t, 1, '1', 5 * MS);
	sent_at(t, 2, '3', 9 * MS);
}

/* maxrate holds for flows without a socket too; nopacing lets all go. */
static void maxrate(void **state)
{
	struct bed *t = *state;

	begin(t, (struct tc_fq_qopt){ .quantum = 1000, .initial_quantum = 1000, .flow_max_rate = 100000 });
	for (int i = 0; i < 3; i++)
		dev_queue_xmit(packet(t, 'a', 700, 1000));
	bench_run(t->b, 50 * MS);
	for (int i = 0; i < 3; i++)
		sent_at(t, i, 'a', (u64)i * 10 * MS);
}

static void nopacing(void **state)
{
	struct bed *t = *state;

	begin(t, (struct tc_fq_qopt){ .no_pacing = true });
	((struct sock *)&t->socks[0])->sk_pacing_rate = 1000;
	for (int i = 0; i < 3; i++)
		dev_queue_xmit(packet(t, 'a', 0, 1000));
	assert_int_equal(t->card->n, 3);
	assert_int_equal(((struct sock *)&t->socks[0])->sk_pacing_status, SK_PACING_NONE);
}

/* A packet of UDP between two addresses and ports, of no socket. */
static struct sk_buff *datagram(struct bed *t, char from, char to, u8 tos)
{
	struct sk_buff *skb = packet(t, from, 2, 100);
	struct iphdr *iph = ip_hdr(skb);

	skb->hash = 0;
	skb->protocol = htons(ETH_P_IP);
	memset(skb->data + 20, 0, 80);
	*iph = (struct iphdr){ .version = 4,
			       .ihl = 5,
			       .tos = tos,
			       .tot_len = htons(100),
			       .ttl = 64,
			       .protocol = IPPROTO_UDP,
			       .saddr = htonl(0x0a000000u + (u8)from),
			       .daddr = htonl(0x0a000000u + (u8)to) };
	iph->check = ip_fast_csum(iph, 5);
	return skb;
}

static u8 next_tos(struct bed *t)
{
	struct sk_buff *skb = t->q->ops->dequeue(t->q);
	u8 tos;

	assert_non_null(skb);
	tos = ip_hdr(skb)->tos;
	assert_int_equal(ip_fast_csum(ip_hdr(skb), 5), 0);
	kfree_skb(skb);
	return tos;
}

/* Who waited longer than the threshold is marked, if it says that it can be (RFC 3168). */
static void ce_threshold(void **state)
{
	static const u8 tos[] = { 2, 2, 1, 0, 3, 0xb8 | 2 };
	struct bed *t = *state;

	begin(t, (struct tc_fq_qopt){ .ce_threshold = 2 * MS });
	for (int i = 0; i < 6; i++)
		assert_int_equal(enqueue(t, datagram(t, 'a', 'z', tos[i])), NET_XMIT_SUCCESS);
	bench_run(t->b, 2 * MS);
	assert_int_equal(next_tos(t), 2);
	assert_int_equal(stats(t).ce_mark, 0);
	bench_run(t->b, 1);
	assert_int_equal(next_tos(t), 3);
	assert_int_equal(next_tos(t), 3);
	assert_int_equal(next_tos(t), 0);
	assert_int_equal(next_tos(t), 3);
	assert_int_equal(next_tos(t), 0xb8 | 3);
	assert_int_equal(stats(t).ce_mark, 5);
}

/* Packets without a socket and a hash: by addresses and ports, both ways the same. */
static void orphans(void **state)
{
	struct bed *t = *state;

	begin(t, (struct tc_fq_qopt){ .quantum = 100, .initial_quantum = 100 });
	assert_int_equal(enqueue(t, datagram(t, 'a', 'z', 0)), NET_XMIT_SUCCESS);
	assert_int_equal(enqueue(t, datagram(t, 'z', 'a', 0)), NET_XMIT_SUCCESS);
	assert_int_equal(stats(t).flows, 1);
	assert_int_equal(enqueue(t, datagram(t, 'b', 'z', 0)), NET_XMIT_SUCCESS);
	assert_int_equal(enqueue(t, datagram(t, 'c', 'z', 0)), NET_XMIT_SUCCESS);
	assert_int_equal(stats(t).flows, 3);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = { T(turns),	    T(default_quanta), T(control_first),   T(limits),
					    T(socket_rate), T(low_rate),       T(departure_times), T(maxrate),
					    T(nopacing),    T(ce_threshold),   T(orphans) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
