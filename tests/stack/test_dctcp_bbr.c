/*
 * DCTCP: alpha against RFC 8257's formula, what it makes of window and marks. BBR: its modes and gains on a
 * path of known rate and RTT, and the estimate of a policer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "stack/transport/tcp_bbr.h"
#include "tests/stack/fake_sock.h"

/* ---- DCTCP ---- */

static u32 alpha(struct fake_sock *f)
{
	union tcp_cc_info info;

	assert_int_equal(dctcp.get_info(fake_sk(f), &info), sizeof(info.dctcp));
	return info.dctcp.dctcp_alpha;
}

static struct fake_sock *dctcp_sock(void)
{
	struct fake_sock *f = fake_sock_new();

	f->tp.ecn_flags = TCP_ECN_OK;
	inet_csk(fake_sk(f))->icsk_ca_ops = &dctcp;
	dctcp.init(fake_sk(f));
	return f;
}

/* A round trip of n packets, of which ce were marked. */
static void dctcp_round(struct fake_sock *f, u32 n, u32 ce)
{
	f->tp.snd_nxt += n;
	f->tp.snd_una = f->tp.snd_nxt;
	f->tp.delivered += n;
	f->tp.delivered_ce += ce;
	dctcp.in_ack_event(fake_sk(f), 0);
}

static void test_dctcp_alpha(void **state)
{
	struct fake_sock *f = dctcp_sock();
	double want = 1024;

	(void)state;
	assert_int_equal(alpha(f), 1024);
	/* alpha = (1 - 1/16) * alpha + 1/16 * share */
	for (int i = 0; i < 60; i++) {
		dctcp_round(f, 16, 4);
		want += (1024 * 4.0 / 16 - want) / 16;
		assert_in_range(alpha(f), (unsigned)want - 16, (unsigned)want + 16);
	}
	/* a window of 100 and a quarter of marks: an eighth less */
	f->tp.snd_cwnd = 100;
	assert_in_range(dctcp.ssthresh(fake_sk(f)), 86, 89);
	/* without marks it goes to zero, not to what the shift leaves */
	for (int i = 0; i < 100; i++)
		dctcp_round(f, 16, 0);
	assert_int_equal(alpha(f), 0);
	assert_int_equal(dctcp.ssthresh(fake_sk(f)), 100);
	/* not before a round trip is over */
	f->tp.snd_nxt += 10;
	f->tp.delivered_ce += 1;
	dctcp.in_ack_event(fake_sk(f), 0); /* ends the round that began before */
	u32 before_end = alpha(f);
	f->tp.delivered_ce += 8;
	dctcp.in_ack_event(fake_sk(f), 0);
	assert_int_equal(alpha(f), before_end);
	free(f);
}

static void test_dctcp_loss(void **state)
{
	struct fake_sock *f = dctcp_sock();

	(void)state;
	for (int i = 0; i < 100; i++)
		dctcp_round(f, 16, 0);
	f->tp.snd_cwnd = 40;
	dctcp.set_state(fake_sk(f), TCP_CA_Recovery);
	assert_int_equal(f->tp.snd_ssthresh, 20);
	f->tp.snd_cwnd = 20;
	assert_int_equal(dctcp.undo_cwnd(fake_sk(f)), 40);
	free(f);
}

/* The echo follows the marks: CE on, CE off. */
static void test_dctcp_echo(void **state)
{
	struct fake_sock *f = dctcp_sock();
	struct inet_connection_sock *icsk = inet_csk(fake_sk(f));

	(void)state;
	dctcp.cwnd_event(fake_sk(f), CA_EVENT_ECN_IS_CE);
	assert_true(f->tp.ecn_flags & TCP_ECN_DEMAND_CWR);
	assert_true(icsk->icsk_ack.pending & ICSK_ACK_NOW);
	icsk->icsk_ack.pending = 0;
	dctcp.cwnd_event(fake_sk(f), CA_EVENT_ECN_IS_CE);
	assert_int_equal(icsk->icsk_ack.pending, 0);
	dctcp.cwnd_event(fake_sk(f), CA_EVENT_ECN_NO_CE);
	assert_false(f->tp.ecn_flags & TCP_ECN_DEMAND_CWR);
	assert_true(icsk->icsk_ack.pending & ICSK_ACK_NOW);
	free(f);
}

static void test_dctcp_needs_ecn(void **state)
{
	struct fake_sock *f = fake_sock_new();
	union tcp_cc_info info;

	(void)state;
	inet_csk(fake_sk(f))->icsk_ca_ops = &dctcp;
	dctcp.init(fake_sk(f));
	assert_ptr_not_equal(inet_csk(fake_sk(f))->icsk_ca_ops, &dctcp);
	inet_csk(fake_sk(f))->icsk_ca_ops->get_info(fake_sk(f), &info);
	assert_int_equal(info.dctcp.dctcp_enabled, 0);
	free(f);
}

/* ---- BBR: 1 packet per 100 us, RTT 10 ms: 100 packets are the pipe ---- */

#define RTT_US 10000

static struct fake_sock *bbr_sock(void)
{
	struct fake_sock *f = fake_sock_new();

	random_init(&f->tcp.seq.random, &f->sim, "h", "tcp/random");
	f->tp.mss_cache = 1000;
	f->tp.snd_cwnd = 10;
	f->tp.srtt_us = RTT_US << 3;
	minmax_reset(&f->tp.rtt_min, 0, RTT_US);
	fake_sk(f)->sk_max_pacing_rate = ~0UL;
	fake_sock_at(f, NSEC_PER_SEC);
	inet_csk(fake_sk(f))->icsk_ca_ops = &tcp_bbr_cong_ops;
	tcp_bbr_cong_ops.init(fake_sk(f));
	return f;
}

/* A round trip in which `n` packets were delivered, and `inflight` are out at its end. */
static void bbr_round(struct fake_sock *f, u32 n, u32 inflight, long rtt_us, int losses)
{
	struct rate_sample rs = { .prior_delivered = f->tp.delivered,
				  .delivered = (s32)n,
				  .interval_us = RTT_US,
				  .rtt_us = rtt_us,
				  .losses = losses,
				  .is_app_limited = n <= 4,
				  .acked_sacked = n,
				  .prior_in_flight = inflight };

	fake_sock_at(f, f->sim.now + RTT_US * NSEC_PER_USEC);
	f->tp.delivered += n;
	f->tp.lost += (u32)losses;
	f->tp.delivered_mstamp = f->tp.tcp_mstamp;
	f->tp.packets_out = inflight;
	tcp_bbr_cong_ops.cong_control(fake_sk(f), &rs);
}

static void test_bbr_modes(void **state)
{
	struct fake_sock *f = bbr_sock();
	const struct bbr *bbr = bbr_ca(fake_sk(f));
	unsigned seen = 0;

	(void)state;
	/* 10 packets in 10 ms, times 2/ln 2, less 1 % */
	assert_in_range(fake_sk(f)->sk_pacing_rate, 2.84 * 1000000, 2.88 * 1000000);
	assert_int_equal(fake_sk(f)->sk_pacing_status, SK_PACING_NEEDED);
	for (u32 n = 10; n < 100; n *= 2) {
		bbr_round(f, n, 2 * n, RTT_US, 0);
		assert_int_equal(bbr->mode, BBR_STARTUP);
	}
	/* three rounds without growth */
	bbr_round(f, 100, 200, RTT_US, 0);
	bbr_round(f, 100, 250, RTT_US, 0);
	bbr_round(f, 100, 280, RTT_US, 0);
	assert_int_equal(bbr->mode, BBR_STARTUP);
	bbr_round(f, 100, 280, RTT_US, 0);
	assert_int_equal(bbr->mode, BBR_DRAIN);
	assert_in_range(bbr->pacing_gain, 256 / 2.9, 256 / 2.87);
	bbr_round(f, 100, 180, RTT_US, 0);
	assert_int_equal(bbr->mode, BBR_DRAIN);
	bbr_round(f, 100, 100, RTT_US, 0);
	assert_int_equal(bbr->mode, BBR_PROBE_BW);
	/* the whole cycle: 1.25, 0.75, 1 */
	for (int i = 0; i < 40; i++) {
		bbr_round(f, 100, bbr->pacing_gain > BBR_UNIT ? 170 : 100, RTT_US + (i > 3), 0);
		seen |= bbr->pacing_gain == 320 ? 1 : bbr->pacing_gain == 192 ? 2 : 4;
	}
	assert_int_equal(seen, 7);
	/* the window: twice 100, the 100 that are acknowledged at once, three bursts of 12 and the two of
	 * probing */
	assert_in_range(f->tp.snd_cwnd, 300, 340);
	free(f);
}

static void test_bbr_probe_rtt(void **state)
{
	struct fake_sock *f = bbr_sock();
	const struct bbr *bbr = bbr_ca(fake_sk(f));

	(void)state;
	for (int i = 0; i < 20; i++)
		bbr_round(f, 100, 100, RTT_US, 0);
	assert_int_equal(bbr->mode, BBR_PROBE_BW);
	/* ten seconds in which the RTT was never as small again */
	for (int i = 0; i < 1001 && bbr->mode != BBR_PROBE_RTT; i++)
		bbr_round(f, 100, 100, RTT_US + 500, 0);
	assert_int_equal(bbr->mode, BBR_PROBE_RTT);
	assert_int_equal(f->tp.snd_cwnd, 4);
	for (int i = 0; i < 19; i++) {
		bbr_round(f, 4, 4, RTT_US, 0);
		assert_int_equal(bbr->mode, BBR_PROBE_RTT);
	}
	for (int i = 0; i < 4; i++)
		bbr_round(f, 4, 4, RTT_US, 0);
	assert_int_equal(bbr->mode, BBR_PROBE_BW);
	assert_true(f->tp.snd_cwnd > 100); /* the window of before, less the clumps of ACKs that are over */
	assert_int_equal(bbr->min_rtt_us, RTT_US);
	free(f);
}

/* A policer: half of what is sent gets lost, at the same rate in interval after interval. */
static void test_bbr_policer(void **state)
{
	struct fake_sock *f = bbr_sock();
	const struct bbr *bbr = bbr_ca(fake_sk(f));

	(void)state;
	for (int i = 0; i < 8; i++)
		bbr_round(f, 100, 100, RTT_US, 0);
	for (int i = 0; i < 12 && !bbr->lt_use_bw; i++)
		bbr_round(f, 50, 100, RTT_US, 50);
	assert_true(bbr->lt_use_bw);
	/* 50 packets in 10 ms: 0.005 a us */
	assert_in_range(bbr->lt_bw, 0.0045 * BW_UNIT, 0.0055 * BW_UNIT);
	/* and it is tried again after 48 rounds */
	for (int i = 0; i < 50; i++)
		bbr_round(f, 50, 50, RTT_US, 0);
	assert_false(bbr->lt_use_bw);
	free(f);
}

static void test_bbr_recovery(void **state)
{
	struct fake_sock *f = bbr_sock();

	(void)state;
	for (int i = 0; i < 20; i++)
		bbr_round(f, 100, 100, RTT_US, 0);
	u32 cwnd = f->tp.snd_cwnd;
	tcp_bbr_cong_ops.ssthresh(fake_sk(f));
	/* in the first round what was acknowledged is replaced, no more */
	inet_csk(fake_sk(f))->icsk_ca_state = TCP_CA_Recovery;
	struct rate_sample rs = { .prior_delivered = f->tp.delivered - 50,
				  .delivered = 50,
				  .interval_us = RTT_US,
				  .rtt_us = RTT_US,
				  .losses = 5,
				  .acked_sacked = 2 };
	f->tp.packets_out = 90;
	tcp_bbr_cong_ops.cong_control(fake_sk(f), &rs);
	assert_int_equal(f->tp.snd_cwnd, 92);
	/* and afterwards the window is as before */
	inet_csk(fake_sk(f))->icsk_ca_state = TCP_CA_Open;
	bbr_round(f, 100, 100, RTT_US, 0);
	assert_true(f->tp.snd_cwnd + 10 >= cwnd);
	free(f);
}

/* ---- choosing ---- */

static void test_choice(void **state)
{
	struct fake_sock *f = fake_sock_new();
	struct sock *sk = fake_sk(f);
	char names[64];
	bool ecn;

	(void)state;
	sk->sk_state = TCP_CLOSE;
	tcp_get_available_congestion_control(names, sizeof(names));
	assert_string_equal(names, "reno cubic dctcp bbr");
	tcp_get_allowed_congestion_control(&f->net, names, sizeof(names));
	assert_string_equal(names, "reno cubic bbr");
	assert_int_equal(tcp_set_allowed_congestion_control(&f->net, "reno vegas"), -ENOENT);
	assert_int_equal(tcp_set_allowed_congestion_control(&f->net, " reno  dctcp"), 0);
	tcp_get_allowed_congestion_control(&f->net, names, sizeof(names));
	assert_string_equal(names, "reno dctcp");
	tcp_assign_congestion_control(sk);
	assert_ptr_equal(inet_csk(sk)->icsk_ca_ops, &cubictcp);
	assert_int_equal(tcp_set_congestion_control(sk, "bbr", true, false), -EPERM);
	assert_int_equal(tcp_set_congestion_control(sk, "bbr", true, true), 0);
	assert_int_equal(tcp_set_congestion_control(sk, "nosuch", true, true), -ENOENT);
	assert_int_equal(tcp_set_default_congestion_control(&f->net, "nosuch"), -ENOENT);
	/* who makes an algorithm the default allows it */
	assert_int_equal(tcp_set_default_congestion_control(&f->net, "bbr"), 0);
	assert_int_equal(tcp_set_congestion_control(sk, "reno", true, false), 0);
	assert_int_equal(tcp_set_congestion_control(sk, "bbr", true, false), 0);
	assert_string_equal(tcp_ca_get_name_by_key(tcp_ca_get_key_by_name("dctcp", &ecn)), "dctcp");
	assert_true(ecn);
	assert_null(tcp_ca_get_name_by_key(0));
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dctcp_alpha), cmocka_unit_test(test_dctcp_loss),
		cmocka_unit_test(test_dctcp_echo),  cmocka_unit_test(test_dctcp_needs_ecn),
		cmocka_unit_test(test_bbr_modes),   cmocka_unit_test(test_bbr_probe_rtt),
		cmocka_unit_test(test_bbr_policer), cmocka_unit_test(test_bbr_recovery),
		cmocka_unit_test(test_choice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
