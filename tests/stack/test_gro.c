/*
 * GRO: which received segments are merged and which go up as they are, by the rules of 5.15
 * (dev_gro_receive, inet_gro_receive, tcp_gro_receive); what a merged packet looks like; that cutting it
 * again gives the segments back. A tap sees what goes up.
 */
#include "tests/stack/ip_bench.h"

#include "stack/interface/ethtool.h"
#include "stack/interface/gro.h"
#include "stack/transport/tcp_types.h"

#define MSS 1000u
#define MAX_UP 64

/* What went up, in order. */
struct up {
	int n;
	struct {
		unsigned len, segs, size;
		u16 tot_len, id;
		__be32 flags;
		bool whole; /* sums and payload are right */
	} p[MAX_UP];
};

struct gro {
	struct ip_bench *b;
	struct napi_struct napi;
	struct packet_type tap;
	struct up up;
};

/* A segment that continues the one before; tests change one field each. */
struct seg {
	u32 seq, len, ack;
	u16 sport, id, frag_off, window;
	u8 ttl, tos, ihl;
	__be32 flags;
	u32 tsval;			/* 0: no option */
	u16 vlan;			/* 0: none */
	bool bad_sum, vouched, no_frag; /* no_frag: the buffer is no piece of a page */
	unsigned padding;
	u8 proto;
};

static struct seg segment(unsigned nr)
{
	return (struct seg){ .seq = 1 + nr * MSS,
			     .len = MSS,
			     .ack = 77,
			     .sport = 4000,
			     .id = (u16)(500 + nr),
			     .frag_off = IP_DF,
			     .window = 1000,
			     .ttl = 64,
			     .ihl = 5,
			     .flags = TCP_FLAG_ACK,
			     .vouched = true,
			     .proto = IPPROTO_TCP };
}

static u8 pattern(u32 seq)
{
	return (u8)(seq * 31 + (seq >> 8));
}

static int tap_func(struct sk_buff *skb, struct net_device *dev, struct packet_type *pt,
		    struct net_device *orig_dev)
{
	struct gro *g = container_of(pt, struct gro, tap);
	static u8 data[70000];
	struct iphdr *iph = (struct iphdr *)data;
	struct tcphdr *th;
	int i = g->up.n++;
	u32 seq, off;

	(void)dev, (void)orig_dev;
	assert_true(i < MAX_UP);
	assert_true(skb_sane(skb));
	assert_int_equal(skb_copy_bits(skb, 0, data, (int)skb->len), 0);
	th = (struct tcphdr *)(data + iph->ihl * 4);
	g->up.p[i].len = skb->len;
	g->up.p[i].segs = skb_shinfo(skb)->gso_segs;
	g->up.p[i].size = skb_shinfo(skb)->gso_size;
	g->up.p[i].tot_len = ntohs(iph->tot_len);
	g->up.p[i].id = ntohs(iph->id);
	g->up.p[i].flags = tcp_flag_word(th);
	g->up.p[i].whole = !ip_fast_csum(data, iph->ihl) && ntohs(iph->tot_len) <= skb->len;
	seq = ntohl(th->seq);
	off = iph->ihl * 4u + th->doff * 4u;
	for (u32 k = 0; iph->protocol == IPPROTO_TCP && off + k < ntohs(iph->tot_len); k++)
		g->up.p[i].whole &= data[off + k] == pattern(seq + k);
	consume_skb(skb);
	return 0;
}

static void put_options(struct tcphdr *th, const struct seg *s)
{
	u8 *o = (u8 *)(th + 1);

	if (!s->tsval)
		return;
	memcpy(o, (u8[]){ 1, 1, 8, 10 }, 4);
	put_unaligned_be32(s->tsval, o + 4);
	put_unaligned_be32(1, o + 8);
}

static struct sk_buff *make(struct gro *g, const struct seg *s)
{
	struct net_device *dev = g->b->dev;
	unsigned hlen = s->tsval ? 32 : 20, iplen = s->ihl * 4u, tot = iplen + hlen + s->len;
	struct sk_buff *skb = s->no_frag ? alloc_skb(g->b->host, tot + 16 + s->padding, GFP_ATOMIC)
					 : netdev_alloc_skb_ip_align(g->b->host, dev, 1536);
	struct iphdr *iph;
	struct tcphdr *th;

	if (s->no_frag)
		skb_reserve(skb, NET_IP_ALIGN);
	memset(skb_put(skb, 14), 0, 14);
	memcpy(skb->data, dev->dev_addr, 6);
	skb->data[12] = 8;
	iph = skb_put_zero(skb, iplen);
	*iph = (struct iphdr){ .version = 4,
			       .ihl = s->ihl & 15u,
			       .tos = s->tos,
			       .tot_len = htons((u16)tot),
			       .id = htons(s->id),
			       .frag_off = htons(s->frag_off),
			       .ttl = s->ttl,
			       .protocol = s->proto,
			       .saddr = inet_addr(PEER),
			       .daddr = inet_addr("10.0.0.1") };
	iph->check = ip_fast_csum((u8 *)iph, iph->ihl);
	th = skb_put_zero(skb, hlen);
	th->source = htons(s->sport);
	th->dest = htons(80);
	th->seq = htonl(s->seq);
	th->ack_seq = htonl(s->ack);
	tcp_flag_word(th) = s->flags;
	th->doff = hlen / 4 & 15u;
	th->window = htons(s->window);
	put_options(th, s);
	for (u32 k = 0; k < s->len; k++)
		*(u8 *)skb_put(skb, 1) = pattern(s->seq + k);
	th->check = csum_tcpudp_magic(iph->saddr, iph->daddr, hlen + s->len, IPPROTO_TCP,
				      csum_partial(th, (int)(hlen + s->len), 0));
	th->check ^= s->bad_sum;
	if (s->padding)
		skb_put_zero(skb, s->padding);
	skb->ip_summed = s->vouched ? CHECKSUM_UNNECESSARY : CHECKSUM_NONE;
	if (s->vlan) {
		skb->vlan_present = 1;
		skb->vlan_tci = s->vlan;
	}
	skb->protocol = eth_type_trans(skb, dev);
	return skb;
}

static void receive(struct gro *g, struct seg s)
{
	local_bh_disable(g->b->host);
	napi_gro_receive(&g->napi, make(g, &s));
	local_bh_enable(g->b->host);
}

/* The end of a poll: all goes up. */
static void poll_end(struct gro *g)
{
	local_bh_disable(g->b->host);
	napi_gro_flush(&g->napi, false);
	gro_normal_list(&g->napi);
	local_bh_enable(g->b->host);
}

/* Only what is not held goes up. */
static int up_already(struct gro *g)
{
	local_bh_disable(g->b->host);
	gro_normal_list(&g->napi);
	local_bh_enable(g->b->host);
	return g->up.n;
}

static void restart(struct gro *g)
{
	poll_end(g);
	g->up.n = 0;
}

static int no_poll(struct napi_struct *napi, int budget)
{
	(void)napi, (void)budget;
	return 0;
}

static int setup(void **state)
{
	struct gro *g = calloc(1, sizeof(*g));

	bench_setup((void **)&g->b);
	netif_napi_add(g->b->dev, &g->napi, no_poll, 64);
	g->tap = (struct packet_type){
		.type = htons(ETH_P_ALL), .dev = g->b->dev, .func = tap_func, .ignore_outgoing = true
	};
	dev_add_pack(g->b->net, &g->tap);
	*state = g;
	return 0;
}

static int teardown(void **state)
{
	struct gro *g = *state;

	poll_end(g);
	dev_remove_pack(g->b->net, &g->tap);
	netif_napi_del(&g->napi);
	bench_teardown((void **)&g->b);
	free(g);
	return 0;
}

/* ---- */

static void merges(void **state)
{
	struct gro *g = *state;

	for (unsigned i = 0; i < 3; i++)
		receive(g, segment(i));
	assert_int_equal(up_already(g), 0);
	poll_end(g);
	assert_int_equal(g->up.n, 1);
	assert_int_equal(g->up.p[0].segs, 3);
	assert_int_equal(g->up.p[0].size, MSS);
	assert_int_equal(g->up.p[0].len, 40 + 3 * MSS);
	assert_int_equal(g->up.p[0].tot_len, 40 + 3 * MSS);
	assert_true(g->up.p[0].whole);
	/* one alone goes up as it came */
	restart(g);
	receive(g, segment(9));
	poll_end(g);
	assert_int_equal(g->up.n, 1);
	assert_int_equal(g->up.p[0].size, 0);
	assert_int_equal(g->up.p[0].segs, 0);
}

/* The card's buffers are all used as fragments, then whole packets are hung on; below 64 KiB. */
static void up_to_64k(void **state)
{
	struct gro *g = *state;

	for (int no_frag = 0; no_frag < 2; no_frag++) {
		restart(g);
		for (unsigned i = 0; i < 66; i++) {
			struct seg s = segment(i);

			s.no_frag = no_frag;
			receive(g, s);
		}
		poll_end(g);
		assert_int_equal(g->up.n, 2);
		/* 40 + 66 * 1000 is too long: 65 segments are the most below 65,536 */
		assert_int_equal(g->up.p[0].segs, 65);
		assert_true(g->up.p[0].whole && g->up.p[1].whole);
		assert_int_equal(g->up.p[1].len, 40 + MSS);
	}
}

/* A field of the second of two segments is different: what goes up, at once and at the end. */
static void second_differs(void **state)
{
	struct gro *g = *state;
	enum {
		SEQ,
		ACK,
		WINDOW,
		TTL,
		TOS,
		ID_JUMP,
		ID_SAME,
		NO_DF,
		NO_DF_JUMP,
		LONGER,
		SHORTER,
		EMPTY,
		PSH,
		FIN,
		CWR,
		ECE,
		URG,
		RST,
		TS,
		OPTIONS,
		IP_OPT,
		MF,
		SUM,
		UNSURE,
		SPORT,
		VLAN,
		PADDED,
		CASES
	};
	/* now: packets that went up before the end of the poll; all: in the end; segs: of the first */
	static const struct {
		int now, all;
		unsigned segs;
	} want[CASES] = {
		[SEQ] = { 1, 2, 0 },
		[ACK] = { 1, 2, 0 },
		[WINDOW] = { 1, 2, 0 },
		[TTL] = { 1, 2, 0 },
		[TOS] = { 1, 2, 0 },
		/* with DF an id may stand still or count on, nothing else */
		[ID_JUMP] = { 1, 2, 0 },
		[ID_SAME] = { 0, 1, 2 },
		[NO_DF] = { 1, 2, 0 },
		[NO_DF_JUMP] = { 1, 2, 0 },
		/* longer than the first: does not belong; shorter: the last */
		[LONGER] = { 1, 2, 0 },
		[SHORTER] = { 1, 1, 2 },
		[EMPTY] = { 2, 2, 0 },
		[PSH] = { 1, 1, 2 },
		[FIN] = { 1, 1, 2 },
		[CWR] = { 1, 2, 0 },
		[ECE] = { 1, 2, 0 },
		[URG] = { 2, 2, 0 },
		[RST] = { 2, 2, 0 },
		[TS] = { 1, 2, 0 },
		[OPTIONS] = { 1, 2, 0 },
		/* not looked at any closer: the held one stays */
		[IP_OPT] = { 1, 2, 0 },
		[MF] = { 1, 2, 0 },
		[SUM] = { 1, 2, 0 },
		[UNSURE] = { 0, 1, 2 },
		[SPORT] = { 0, 2, 0 },
		[VLAN] = { 0, 2, 0 },
		[PADDED] = { 2, 2, 0 },
	};

	for (int c = 0; c < CASES; c++) {
		struct seg a = segment(0), s = segment(1);

		restart(g);
		if (c == TS || c == OPTIONS)
			a.tsval = 5;
		if (c == NO_DF || c == NO_DF_JUMP)
			a.frag_off = 0;
		s.seq += c == SEQ;
		s.ack += c == ACK;
		s.window = (u16)(s.window + (c == WINDOW));
		s.ttl = (u8)(s.ttl - (c == TTL));
		s.tos = c == TOS ? 4 : 0;
		s.id = c == ID_JUMP || c == NO_DF_JUMP ? 503 : c == ID_SAME ? 500 : 501;
		s.frag_off = c == MF ? IP_MF : c == NO_DF_JUMP ? 0 : IP_DF;
		s.len = c == LONGER ? MSS + 1 : c == SHORTER ? 10 : c == EMPTY ? 0 : MSS;
		s.flags |= c == PSH ? TCP_FLAG_PSH : 0;
		s.flags |= c == FIN ? TCP_FLAG_FIN : 0;
		s.flags |= c == CWR ? TCP_FLAG_CWR : 0;
		s.flags |= c == ECE ? TCP_FLAG_ECE : 0;
		s.flags |= c == URG ? TCP_FLAG_URG : 0;
		s.flags |= c == RST ? TCP_FLAG_RST : 0;
		s.tsval = c == TS ? 6 : 0;
		s.ihl = c == IP_OPT ? 6 : 5;
		s.bad_sum = c == SUM;
		s.vouched = c != SUM && c != UNSURE;
		s.sport = c == SPORT ? 4001 : 4000;
		s.vlan = c == VLAN ? 5 : 0;
		s.padding = c == PADDED ? 4 : 0;
		receive(g, a);
		receive(g, s);
		if (up_already(g) != want[c].now)
			fail_msg("case %d: %d went up at once, not %d", c, g->up.n, want[c].now);
		poll_end(g);
		if (g->up.n != want[c].all || g->up.p[0].segs != want[c].segs)
			fail_msg("case %d: %d packets, the first of %u segments", c, g->up.n,
				 g->up.p[0].segs);
		for (int i = 0; i < g->up.n; i++)
			assert_true(g->up.p[i].whole);
	}
}

/* PSH and FIN of the last segment show in the merged packet. */
static void flags_of_the_last(void **state)
{
	struct gro *g = *state;
	struct seg s = segment(1);

	receive(g, segment(0));
	s.flags |= TCP_FLAG_PSH | TCP_FLAG_FIN;
	receive(g, s);
	assert_int_equal(up_already(g), 1);
	assert_true(g->up.p[0].flags & TCP_FLAG_PSH && g->up.p[0].flags & TCP_FLAG_FIN);
}

/* Eight packets wait at most: a ninth flow pushes the oldest out. */
static void ninth_flow(void **state)
{
	struct gro *g = *state;

	for (unsigned i = 0; i < 9; i++) {
		struct seg s = segment(0);

		s.sport = (u16)(5000 + i);
		s.id = (u16)(1000 + i);
		receive(g, s);
	}
	assert_int_equal(up_already(g), 1);
	assert_int_equal(g->up.p[0].id, 1000);
	poll_end(g);
	assert_int_equal(g->up.n, 9);
	/* the oldest first */
	for (int i = 0; i < 9; i++)
		assert_int_equal(g->up.p[i].id, 1000 + i);
}

/* Packets that are not merged go up in eights. */
static void batches(void **state)
{
	struct gro *g = *state;
	struct seg s = segment(0);

	s.proto = IPPROTO_UDP;
	for (int i = 0; i < 7; i++)
		receive(g, s);
	assert_int_equal(g->up.n, 0);
	receive(g, s);
	assert_int_equal(g->up.n, 8);
}

static int set_gro(struct gro *g, bool on)
{
	int err;

	rtnl_lock(g->b->host);
	err = ethtool_set_features(g->b->dev, NETIF_F_GRO, on ? NETIF_F_GRO : 0);
	rtnl_unlock(g->b->host);
	return err;
}

static void switched_off(void **state)
{
	struct gro *g = *state;

	assert_int_equal(set_gro(g, false), 0);
	receive(g, segment(0));
	receive(g, segment(1));
	assert_int_equal(up_already(g), 2);
	assert_int_equal(set_gro(g, true), 0);
	receive(g, segment(0));
	receive(g, segment(1));
	assert_int_equal(up_already(g), 2);
	poll_end(g);
	assert_int_equal(g->up.p[2].segs, 2);
}

/* A device that goes away drops what waits, with a reason. */
static void device_goes(void **state)
{
	struct gro *g = *state;
	u64 had = skb_drop_count(g->b->net, SKB_DROP_REASON_DEV_DOWN);

	receive(g, segment(0));
	receive(g, segment(1));
	flush_gro_hash(&g->napi);
	assert_int_equal(skb_drop_count(g->b->net, SKB_DROP_REASON_DEV_DOWN), had + 1);
	poll_end(g);
	assert_int_equal(g->up.n, 0);
}

/* Cut again (a router that forwards it), a merged packet gives the segments it was made of. */
static void cut_again(void **state)
{
	struct gro *g = *state;
	struct sk_buff *skbs[3], *segs, *skb, *next, *p;
	unsigned n = 0;

	for (unsigned i = 0; i < 3; i++) {
		struct seg s = segment(i);

		s.no_frag = i == 1; /* one as frag_list */
		if (i == 2)
			s.flags |= TCP_FLAG_PSH;
		skbs[i] = make(g, &s);
	}
	local_bh_disable(g->b->host);
	for (unsigned i = 0; i < 2; i++)
		napi_gro_receive(&g->napi, skbs[i]);
	p = list_first_entry(&g->napi.gro_hash[0].list, struct sk_buff, list);
	skb_get(p); /* PSH sends it up, where nobody wants it */
	napi_gro_receive(&g->napi, skbs[2]);
	local_bh_enable(g->b->host);
	poll_end(g);
	assert_int_equal(skb_shinfo(p)->gso_segs, 3);
	__skb_push(p, 14);
	skb_reset_mac_header(p);
	p->mac_len = 14;
	segs = __skb_gso_segment(p, 0, false);
	assert_false(IS_ERR_OR_NULL(segs));
	for (skb = segs; skb; skb = next, n++) {
		struct iphdr *iph = (struct iphdr *)(skb->data + 14);
		struct tcphdr *th = (struct tcphdr *)(skb->data + 34);

		next = skb->next;
		assert_int_equal(ntohs(iph->tot_len), 40 + MSS);
		assert_int_equal(ntohs(iph->id), 500 + n);
		assert_int_equal(ip_fast_csum((u8 *)iph, 5), 0);
		assert_int_equal(ntohl(th->seq), 1 + n * MSS);
		assert_int_equal(th->psh, n == 2);
		assert_int_equal(csum_tcpudp_magic(iph->saddr, iph->daddr, 20 + MSS, IPPROTO_TCP,
						   csum_partial(th, 20 + MSS, 0)),
				 0);
		skb_mark_not_on_list(skb);
		consume_skb(skb);
	}
	assert_int_equal(n, 3);
	consume_skb(p);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(merges),  T(up_to_64k),    T(second_differs), T(flags_of_the_last), T(ninth_flow),
		T(batches), T(switched_off), T(device_goes),	T(cut_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
