/* Sequence numbers at every corner of their circle, and what is computed from them: SACK blocks, RTT, rates.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/random.h"
#include "stack/transport/tcp_input.h"
#include "tests/stack/fake_sock.h"

static const u32 corners[] = {
	0, 1, 2, 0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff
};

static void test_order(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(corners); i++) {
		u32 s = corners[i];

		assert_false(before(s, s));
		assert_false(after(s, s));
		assert_true(between(s, s, s));
		for (u32 d = 1; d < 0x80000000; d = d * 3 + 1) {
			assert_true(before(s, s + d));
			assert_false(before(s + d, s));
			assert_true(after(s + d, s));
			assert_true(between(s + d / 2, s, s + d));
			assert_false(between(s + d + 1, s, s + d));
			assert_false(between(s - 1, s, s + d));
		}
	}
}

/* ---- SACK blocks that the receiver reports ---- */

static void sack_sock(struct fake_sock *f, u32 rcv_nxt)
{
	f->tp.rx_opt.sack_ok = TCP_SACK_SEEN;
	f->tp.rx_opt.num_sacks = 0;
	f->tp.rcv_nxt = rcv_nxt;
}

static void assert_block(struct fake_sock *f, int i, u32 start, u32 end)
{
	assert_int_equal(f->tp.selective_acks[i].start_seq, start);
	assert_int_equal(f->tp.selective_acks[i].end_seq, end);
}

static void test_sack_blocks(void **state)
{
	struct fake_sock *f = fake_sock_new();
	struct sk_buff hole = { .host = &f->host };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(corners); i++) {
		u32 s = corners[i];

		sack_sock(f, s - 10);
		tcp_sack_new_ofo_skb(fake_sk(f), s, s + 10);
		assert_int_equal(f->tp.rx_opt.num_sacks, 1);
		tcp_sack_new_ofo_skb(fake_sk(f), s + 20, s + 30); /* the last that changed comes first */
		assert_int_equal(f->tp.rx_opt.num_sacks, 2);
		assert_block(f, 0, s + 20, s + 30);
		assert_block(f, 1, s, s + 10);
		tcp_sack_new_ofo_skb(fake_sk(f), s + 10, s + 20); /* joins both */
		assert_int_equal(f->tp.rx_opt.num_sacks, 1);
		assert_block(f, 0, s, s + 30);

		for (u32 j = 1; j <= 5; j++) /* four fit: the oldest is forgotten */
			tcp_sack_new_ofo_skb(fake_sk(f), s + 100 * j, s + 100 * j + 10);
		assert_int_equal(f->tp.rx_opt.num_sacks, 4);
		assert_block(f, 0, s + 500, s + 510);
		assert_block(f, 3, s + 200, s + 210);
		tcp_sack_new_ofo_skb(fake_sk(f), s + 310, s + 320); /* grows, and comes to the front */
		assert_block(f, 0, s + 300, s + 320);
		assert_block(f, 3, s + 200, s + 210);

		/* in order data reaches the lower two */
		f->tp.out_of_order_queue.rb_node = &hole.rbnode;
		f->tp.rcv_nxt = s + 330;
		tcp_sack_remove(&f->tp);
		assert_int_equal(f->tp.rx_opt.num_sacks, 2);
		assert_block(f, 0, s + 500, s + 510);
		assert_block(f, 1, s + 400, s + 410);
		f->tp.out_of_order_queue.rb_node = NULL;
		tcp_sack_remove(&f->tp);
		assert_int_equal(f->tp.rx_opt.num_sacks, 0);
	}
	free(f);
}

/* ---- round trip times ---- */

static void rtt_sock(struct fake_sock *f)
{
	inet_csk(fake_sk(f))->icsk_rto_min = TCP_RTO_MIN;
	f->net.ipv4.sysctl_tcp_min_rtt_wlen = 300;
	minmax_reset(&f->tp.rtt_min, 0, ~0U);
	f->tp.snd_nxt = 1000;
}

static void rtt_sample(struct fake_sock *f, long us)
{
	struct rate_sample rs;

	f->tp.snd_una += 10;
	f->tp.snd_nxt += 10;
	assert_true(tcp_ack_update_rtt(fake_sk(f), FLAG_DATA_ACKED, us, -1, us, &rs));
	assert_int_equal(rs.rtt_us, us);
}

static void test_rto(void **state)
{
	struct fake_sock *f = fake_sock_new();

	(void)state;
	rtt_sock(f);
	rtt_sample(f,
		   10000); /* RFC 6298: SRTT = R, RTTVAR = R/2, but RTTVAR's share is 200 ms at the least */
	assert_int_equal(f->tp.srtt_us >> 3, 10000);
	assert_int_equal(inet_csk(fake_sk(f))->icsk_rto, 210);
	rtt_sample(f, 18000); /* SRTT moves by an eighth */
	assert_int_equal(f->tp.srtt_us >> 3, 11000);
	assert_int_equal(inet_csk(fake_sk(f))->icsk_rto, 211);

	f->tp.srtt_us = 0;
	rtt_sample(f, 400000); /* R + 4 * R/2 */
	assert_int_equal(inet_csk(fake_sk(f))->icsk_rto, 1200);
	f->tp.srtt_us = 0;
	rtt_sample(f, 100000000);
	assert_int_equal(inet_csk(fake_sk(f))->icsk_rto, TCP_RTO_MAX);
	f->tp.srtt_us = 0;
	rtt_sample(f, 0);
	assert_int_equal(f->tp.srtt_us, 1);
	free(f);
}

/* Against a plain search over all samples of the window: never less, and exact once it has been refreshed. */
static void test_minmax(void **state)
{
	enum { N = 4000, WIN = 300 };
	struct fake_sock *f = fake_sock_new();
	struct random r;
	struct minmax m;
	u32 v[N];

	(void)state;
	random_init(&r, &f->sim, "", "minmax");
	minmax_reset(&m, 0, ~0U);
	for (int t = 0; t < N; t++) {
		u32 least = ~0U, got;

		v[t] = 100 + random_below(&r, 1000);
		for (int i = max(0, t - WIN); i <= t; i++)
			least = min(least, v[i]);
		got = minmax_running_min(&m, WIN, (u32)t, v[t]);
		assert_true(got >= least);
		assert_true(got <= v[t]);
		if (v[t] == least)
			assert_int_equal(got, least);
	}
	free(f);
}

/* ---- proportional rate reduction ---- */

static void test_prr(void **state)
{
	struct fake_sock *f = fake_sock_new();
	struct tcp_sock *tp = &f->tp;

	(void)state;
	tp->snd_ssthresh = 10;
	tp->prior_cwnd = 20;
	tp->packets_out = 20;
	tp->sacked_out = 1;
	tcp_cwnd_reduction(fake_sk(f), 1, 0, 0); /* the first: the fast retransmission may go */
	assert_int_equal(tp->snd_cwnd, tcp_packets_in_flight(tp) + 1);
	tp->prr_out = 1;
	for (u32 i = 2; i <= 10; i++) { /* then one for two that were delivered */
		tp->sacked_out++;
		tcp_cwnd_reduction(fake_sk(f), 1, 0, 0);
		if (tp->snd_cwnd > tcp_packets_in_flight(tp)) {
			tp->prr_out++;
			tp->packets_out++;
		}
		assert_int_equal(tp->prr_out, (i + 1) / 2);
	}
	/* the flight fell below ssthresh: as many as were delivered, one more when snd_una moves without loss
	 */
	tp->sacked_out = tp->packets_out - 5;
	tp->prr_out = tp->prr_delivered;
	tcp_cwnd_reduction(fake_sk(f), 2, 0, FLAG_SND_UNA_ADVANCED);
	assert_int_equal(tp->snd_cwnd, 5 + 3);
	tp->prr_out = tp->prr_delivered;
	tcp_cwnd_reduction(fake_sk(f), 2, 1, FLAG_SND_UNA_ADVANCED);
	assert_int_equal(tp->snd_cwnd, 5 + 2);
	tcp_cwnd_reduction(fake_sk(f), 100, 0, 0); /* never above ssthresh */
	assert_int_equal(tp->snd_cwnd, 10);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),  cmocka_unit_test(test_sack_blocks), cmocka_unit_test(test_rto),
		cmocka_unit_test(test_minmax), cmocka_unit_test(test_prr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
