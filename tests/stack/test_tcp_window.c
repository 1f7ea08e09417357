/* The receive window: what a SYN offers, steps, no silly windows, and that it never shrinks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "stack/transport/tcp_output.h"
#include "tests/stack/fake_sock.h"

static void test_initial(void **state)
{
	struct fake_sock *f = fake_sock_new();
	u32 rcv_wnd, clamp = 0;
	u8 wscale;

	(void)state;
	/* a stock Linux: rmem 131072, of which half is window; mss 1460 */
	tcp_select_initial_window(fake_sk(f), 65536, 1460, &rcv_wnd, &clamp, 1, &wscale, 0);
	assert_int_equal(rcv_wnd, 64240);
	assert_int_equal(wscale, 7);
	assert_int_equal(clamp, 65535u << 7);

	clamp = 0;
	tcp_select_initial_window(fake_sk(f), 65536, 1460, &rcv_wnd, &clamp, 0, &wscale, 0);
	assert_int_equal(wscale, 0);
	assert_int_equal(clamp, 65535);

	clamp = 0; /* a route's initrwnd, in segments */
	tcp_select_initial_window(fake_sk(f), 65536, 1460, &rcv_wnd, &clamp, 1, &wscale, 10);
	assert_int_equal(rcv_wnd, 14600);

	clamp = 5000;
	tcp_select_initial_window(fake_sk(f), 65536, 1460, &rcv_wnd, &clamp, 1, &wscale, 0);
	assert_int_equal(rcv_wnd, 4380);
	assert_int_equal(wscale, 0);

	clamp = 0; /* loopback's mss is more than 64 KiB less headers */
	tcp_select_initial_window(fake_sk(f), 65536, 65483, &rcv_wnd, &clamp, 1, &wscale, 0);
	assert_int_equal(rcv_wnd, 65483);
	free(f);
}

static struct fake_sock *receiver(int rcvbuf, u8 wscale)
{
	struct fake_sock *f = fake_sock_new();
	struct sock *sk = fake_sk(f);

	sk->sk_rcvbuf = rcvbuf;
	f->tp.window_clamp = 65535u << wscale;
	f->tp.rcv_ssthresh = f->tp.window_clamp;
	f->tp.rx_opt.rcv_wscale = wscale & 0xf;
	f->tp.rcv_nxt = f->tp.rcv_wup = 1000;
	f->tp.rcv_wnd = 1460;
	inet_csk(sk)->icsk_ack.rcv_mss = 1460;
	return f;
}

static void test_follows_buffer(void **state)
{
	struct fake_sock *f = receiver(131072, 7);

	(void)state;
	assert_int_equal(tcp_select_window(fake_sk(f)), 65536 >> 7);
	assert_int_equal(f->tp.rcv_wnd, 65536);

	/* data came and waits in the buffer: the right edge stays where it was */
	f->tp.rcv_nxt += 14600;
	fake_sk(f)->sk_rmem_alloc = 40000;
	assert_int_equal(tcp_select_window(fake_sk(f)), ALIGN(65536 - 14600, 128) >> 7);

	/* the buffer is nearly full: less than a sixteenth is announced as nothing, once the edge is reached
	 */
	f->tp.rcv_nxt = f->tp.rcv_wup + f->tp.rcv_wnd;
	fake_sk(f)->sk_rmem_alloc = 131072 - 6000;
	f->tp.pred_flags = 1;
	assert_int_equal(tcp_select_window(fake_sk(f)), 0);
	assert_int_equal(f->tp.pred_flags, 0);
	assert_int_equal(f->net.mib.net_statistics[LINUX_MIB_TCPTOZEROWINDOWADV], 1);

	fake_sk(f)->sk_rmem_alloc = 0;
	assert_int_equal(tcp_select_window(fake_sk(f)), 512);
	assert_int_equal(f->net.mib.net_statistics[LINUX_MIB_TCPFROMZEROWINDOWADV], 1);
	free(f);
}

static void test_never_shrinks(void **state)
{
	struct fake_sock *f = receiver(131072, 7);
	u32 edge = 0, seed = 12345;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		u32 announced;

		seed = seed * 1103515245 + 12345;
		fake_sk(f)->sk_rmem_alloc = (int)(seed >> 8) % 140000;
		f->tp.rcv_nxt += min((seed >> 4) % 3000, tcp_receive_window(&f->tp));
		announced = (u32)tcp_select_window(fake_sk(f)) << 7;
		if (i)
			assert_false(before(f->tp.rcv_nxt + announced, edge));
		edge = f->tp.rcv_nxt + announced;
	}
	free(f);
}

static void test_unscaled_steps(void **state)
{
	struct fake_sock *f = receiver(65536, 0);

	(void)state;
	/* 32 KiB of window in whole segments */
	assert_int_equal(tcp_select_window(fake_sk(f)), 32768 / 1460 * 1460);
	/* a little less room: not worth a change */
	f->tp.rcv_wnd = 30000;
	fake_sk(f)->sk_rmem_alloc = 4000;
	assert_int_equal(__tcp_select_window(fake_sk(f)), 30000);
	/* slow start of the window */
	f->tp.rcv_ssthresh = 14600;
	assert_int_equal(__tcp_select_window(fake_sk(f)), 14600);
	free(f);
}

static void test_signed_windows(void **state)
{
	struct fake_sock *f = receiver(262144, 0);

	(void)state;
	f->net.ipv4.sysctl_tcp_workaround_signed_windows = 1;
	assert_int_equal(tcp_select_window(fake_sk(f)), 32767);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_initial),	       cmocka_unit_test(test_follows_buffer),
		cmocka_unit_test(test_never_shrinks),  cmocka_unit_test(test_unscaled_steps),
		cmocka_unit_test(test_signed_windows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
