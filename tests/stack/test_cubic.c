/* CUBIC: the window after a loss against the formula of RFC 8312, Reno's floor, and HyStart's two signs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "tests/stack/fake_sock.h"

/* ACKs of one packet each for `seconds`, the window being always full. */
static void run_acks(struct fake_sock *f, double seconds, u32 rtt_us)
{
	u64 end = f->sim.now + (u64)(seconds * 1e9);
	struct ack_sample sample = { .pkts_acked = 1, .rtt_us = (s32)rtt_us };

	while (f->sim.now < end) {
		fake_sock_at(f, f->sim.now + rtt_us * NSEC_PER_USEC / f->tp.snd_cwnd);
		cubictcp.pkts_acked(fake_sk(f), &sample);
		cubictcp.cong_avoid(fake_sk(f), 0, 1);
	}
}

static struct fake_sock *after_loss_at(u32 cwnd)
{
	struct fake_sock *f = fake_sock_new();

	fake_sock_at(f, 10 * NSEC_PER_SEC);
	inet_csk(fake_sk(f))->icsk_ca_ops = &cubictcp;
	cubictcp.init(fake_sk(f));
	f->tp.snd_cwnd = cwnd;
	f->tp.snd_ssthresh = cubictcp.ssthresh(fake_sk(f));
	f->tp.snd_cwnd = f->tp.snd_ssthresh;
	return f;
}

static void test_beta(void **state)
{
	struct fake_sock *f = after_loss_at(1000);

	(void)state;
	assert_int_equal(f->tp.snd_ssthresh, 700);
	/* a second loss below the first: 0.85 of the window is what it will aim at, the threshold is 0.7 */
	assert_int_equal(cubictcp.ssthresh(fake_sk(f)), 490);
	f->tp.snd_cwnd = 2;
	assert_int_equal(cubictcp.ssthresh(fake_sk(f)), 2);
	free(f);
}

static void test_curve(void **state)
{
	const double wmax = 1000, c = 410.0 / 1024, rtt = 0.1;
	const double k = cbrt((wmax - 700) / c);
	struct fake_sock *f = after_loss_at(1000);

	(void)state;
	for (int t = 1; t <= 20; t++) {
		double expect;

		run_acks(f, 1, 100000);
		expect = c * pow(t - k, 3) + wmax;
		/* the algorithm aims one RTT ahead and gets there in integer steps */
		if (fabs(f->tp.snd_cwnd - expect) > 0.02 * expect + 3 * c * pow(t - k, 2) * rtt)
			fail_msg("after %d s: window %u, formula %.1f", t, f->tp.snd_cwnd, expect);
	}
	assert_true(f->tp.snd_cwnd > 1000);
	free(f);
}

static void test_never_slower_than_reno(void **state)
{
	/* short RTT, small window: the cubic curve is flatter than Reno's line */
	const double rtt = 0.005;
	struct fake_sock *f = after_loss_at(20);
	double reno;

	(void)state;
	run_acks(f, 1, (u32)(rtt * 1e6));
	/* AIMD with beta 0.7 that keeps up with Reno: 3 * (1 - b) / (1 + b) packets an RTT */
	reno = 14 + 3 * 0.3 / 1.7 * 1.0 / rtt;
	assert_true(f->tp.snd_cwnd > 0.9 * reno);
	assert_true(f->tp.snd_cwnd < 1.15 * reno);
	free(f);
}

static void test_idle_does_not_count(void **state)
{
	struct fake_sock *f = after_loss_at(1000);
	u32 before_idle;

	(void)state;
	run_acks(f, 3, 100000);
	before_idle = f->tp.snd_cwnd;
	f->tp.lsndtime = (u32)(f->sim.now / NSEC_PER_MSEC);
	fake_sock_at(f, f->sim.now + 60 * NSEC_PER_SEC);
	cubictcp.cwnd_event(fake_sk(f), CA_EVENT_TX_START);
	run_acks(f, 0.2, 100000);
	assert_in_range(f->tp.snd_cwnd, before_idle, before_idle + 60);
	free(f);
}

static struct fake_sock *slow_start(u32 cwnd)
{
	struct fake_sock *f = fake_sock_new();

	fake_sock_at(f, NSEC_PER_SEC);
	inet_csk(fake_sk(f))->icsk_ca_ops = &cubictcp;
	f->tp.snd_cwnd = cwnd;
	f->tp.snd_una = 1000;
	f->tp.snd_nxt = 1000 + cwnd * 1448;
	cubictcp.init(fake_sk(f));
	return f;
}

static void test_hystart_delay(void **state)
{
	struct fake_sock *f = slow_start(20);
	struct ack_sample sample = { .pkts_acked = 1, .rtt_us = 50000 };

	(void)state;
	cubictcp.pkts_acked(fake_sk(f), &sample); /* the smallest RTT: 50 ms */
	f->tp.snd_una = f->tp.snd_nxt + 1;	  /* next round */
	f->tp.snd_nxt += 20 * 1448;
	/* 50 + 50 / 8 = 56.25 ms is still fine */
	for (int i = 0; i < 20; i++) {
		fake_sock_at(f, f->sim.now + 3 * NSEC_PER_MSEC); /* too far apart for a train */
		sample.rtt_us = 56000;
		cubictcp.pkts_acked(fake_sk(f), &sample);
	}
	assert_int_equal(f->tp.snd_ssthresh, TCP_INFINITE_SSTHRESH);
	f->tp.snd_una = f->tp.snd_nxt + 1;
	f->tp.snd_nxt += 20 * 1448;
	for (int i = 0; i < 9; i++) {
		fake_sock_at(f, f->sim.now + 3 * NSEC_PER_MSEC);
		assert_int_equal(f->tp.snd_ssthresh, TCP_INFINITE_SSTHRESH);
		sample.rtt_us = 57000;
		cubictcp.pkts_acked(fake_sk(f), &sample);
	}
	assert_int_equal(f->tp.snd_ssthresh,
			 20); /* the ninth: eight samples are taken before it is believed */
	assert_int_equal(f->net.mib.net_statistics[LINUX_MIB_TCPHYSTARTDELAYDETECT], 1);
	free(f);
}

static void test_hystart_train(void **state)
{
	struct fake_sock *f = slow_start(40);
	struct ack_sample sample = { .pkts_acked = 1, .rtt_us = 20000 };

	(void)state;
	fake_sk(f)->sk_pacing_rate = 1UL << 40; /* no allowance for GSO bursts */
	/* an ACK every millisecond: past 10 ms, half the RTT, the pipe is full */
	for (int ms = 1; ms <= 10; ms++) {
		fake_sock_at(f, NSEC_PER_SEC + (u64)ms * NSEC_PER_MSEC);
		cubictcp.pkts_acked(fake_sk(f), &sample);
		assert_int_equal(f->tp.snd_ssthresh, TCP_INFINITE_SSTHRESH);
	}
	fake_sock_at(f, NSEC_PER_SEC + 11 * NSEC_PER_MSEC);
	cubictcp.pkts_acked(fake_sk(f), &sample);
	assert_int_equal(f->tp.snd_ssthresh, 40);
	assert_int_equal(f->net.mib.net_statistics[LINUX_MIB_TCPHYSTARTTRAINDETECT], 1);
	free(f);
}

static void test_reno(void **state)
{
	struct fake_sock *f = fake_sock_new();

	(void)state;
	f->tp.snd_cwnd = 10;
	f->tp.snd_ssthresh = 12;
	tcp_reno.cong_avoid(fake_sk(f), 0, 5); /* two by slow start, three saved up */
	assert_int_equal(f->tp.snd_cwnd, 12);
	tcp_reno.cong_avoid(fake_sk(f), 0, 9);
	assert_int_equal(f->tp.snd_cwnd, 13);
	assert_int_equal(tcp_reno.ssthresh(fake_sk(f)), 6);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beta),
		cmocka_unit_test(test_curve),
		cmocka_unit_test(test_never_slower_than_reno),
		cmocka_unit_test(test_idle_does_not_count),
		cmocka_unit_test(test_hystart_delay),
		cmocka_unit_test(test_hystart_train),
		cmocka_unit_test(test_reno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
