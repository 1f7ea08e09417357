/* The option parser, on good options and on hostile ones: lengths that lie, options that end in the middle.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/random.h"
#include "stack/transport/tcp_input.h"
#include "tests/stack/fake_sock.h"

/* A segment in a buffer that ends exactly with its header, so that reading on is an error of the sanitizer.
 */
struct segment {
	struct sk_buff skb;
	u8 *buf;
};

static struct segment *segment_new(struct fake_sock *f, bool syn, const u8 *opt, unsigned int len)
{
	struct segment *s = calloc(1, sizeof(*s));
	unsigned int padded = ALIGN(len, 4u);
	struct tcphdr *th;

	assert_non_null(s);
	assert_true(padded <= MAX_TCP_OPTION_SPACE);
	s->buf = calloc(1, sizeof(*th) + padded);
	th = (struct tcphdr *)s->buf;
	th->doff = (sizeof(*th) + padded) / 4;
	th->syn = syn;
	th->ack = !syn;
	if (len)
		memcpy(th + 1, opt, len);
	s->skb.host = &f->host;
	s->skb.head = s->skb.data = s->buf;
	s->skb.len = sizeof(*th) + padded;
	return s;
}

static void segment_free(struct segment *s)
{
	free(s->buf);
	free(s);
}

/* Parses `len` bytes of options; `rx` keeps what it had. */
static void parse(struct fake_sock *f, struct tcp_options_received *rx, bool syn, const u8 *opt,
		  unsigned int len, u8 *sacked)
{
	struct segment *s = segment_new(f, syn, opt, len);

	tcp_parse_options(&f->net, &s->skb, rx, !syn, NULL);
	if (sacked)
		*sacked = TCP_SKB_CB(&s->skb)->sacked;
	segment_free(s);
}
#define PARSE(f, rx, syn, sacked, ...)                                                                       \
	do {                                                                                                 \
		const u8 bytes[] = { __VA_ARGS__ };                                                          \
		parse(f, rx, syn, bytes, sizeof(bytes), sacked);                                             \
	} while (0)

static struct fake_sock *new_sock(void)
{
	struct fake_sock *f = fake_sock_new();

	f->net.ipv4.sysctl_tcp_timestamps = 1;
	f->net.ipv4.sysctl_tcp_window_scaling = 1;
	f->net.ipv4.sysctl_tcp_sack = 1;
	return f;
}

static void test_syn(void **state)
{
	struct fake_sock *f = new_sock();
	struct tcp_options_received rx = { .mss_clamp = 536 };

	(void)state;
	/* as a Linux sends it */
	PARSE(f, &rx, true, NULL, 2, 4, 0x05, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7);
	assert_int_equal(rx.mss_clamp, 1460);
	assert_int_equal(rx.sack_ok, TCP_SACK_SEEN);
	assert_int_equal(rx.saw_tstamp, 1);
	assert_int_equal(rx.rcv_tsval, 0x01020304);
	assert_int_equal(rx.rcv_tsecr, 0);
	assert_int_equal(rx.wscale_ok, 1);
	assert_int_equal(rx.snd_wscale, 7);
	assert_int_equal(rx.saw_unknown, 0);

	/* what the host does not do is not taken */
	memset(&rx, 0, sizeof(rx));
	f->net.ipv4.sysctl_tcp_timestamps = f->net.ipv4.sysctl_tcp_window_scaling = 0;
	f->net.ipv4.sysctl_tcp_sack = 0;
	PARSE(f, &rx, true, NULL, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7);
	assert_int_equal(rx.sack_ok | rx.saw_tstamp | rx.wscale_ok, 0);
	free(f);
}

static void test_bounds(void **state)
{
	struct fake_sock *f = new_sock();
	struct tcp_options_received rx = { .mss_clamp = 536 };

	(void)state;
	PARSE(f, &rx, true, NULL, 3, 3, 15); /* RFC 7323: above 14 means 14 */
	assert_int_equal(rx.snd_wscale, 14);
	PARSE(f, &rx, true, NULL, 3, 3, 255);
	assert_int_equal(rx.snd_wscale, 14);
	PARSE(f, &rx, true, NULL, 2, 4, 0, 0); /* MSS 0 says nothing */
	assert_int_equal(rx.mss_clamp, 536);
	rx.user_mss = 1000; /* TCP_MAXSEG bounds it */
	PARSE(f, &rx, true, NULL, 2, 4, 0x05, 0xb4);
	assert_int_equal(rx.mss_clamp, 1000);

	/* of a SYN only */
	memset(&rx, 0, sizeof(rx));
	rx.mss_clamp = 536;
	PARSE(f, &rx, false, NULL, 2, 4, 0x05, 0xb4, 3, 3, 7, 4, 2);
	assert_int_equal(rx.mss_clamp, 536);
	assert_int_equal(rx.wscale_ok | rx.sack_ok, 0);
	free(f);
}

static void test_lying_lengths(void **state)
{
	struct fake_sock *f = new_sock();
	struct tcp_options_received rx = { .mss_clamp = 536 };

	(void)state;
	PARSE(f, &rx, true, NULL, 8, 0, 3, 3, 7, 1, 1, 1, 1); /* length 0: the rest is not read */
	assert_int_equal(rx.wscale_ok, 0);
	PARSE(f, &rx, true, NULL, 8, 1, 3, 3, 7);
	assert_int_equal(rx.wscale_ok, 0);
	PARSE(f, &rx, true, NULL, 2, 40, 0x05, 0xb4); /* beyond the header */
	assert_int_equal(rx.mss_clamp, 536);
	PARSE(f, &rx, true, NULL, 1, 1, 1, 8); /* a kind without a length */
	assert_int_equal(rx.saw_tstamp, 0);
	PARSE(f, &rx, true, NULL, 2, 3, 5, 3, 3, 7); /* the wrong length for its kind: skipped */
	assert_int_equal(rx.mss_clamp, 536);
	assert_int_equal(rx.snd_wscale, 7);
	PARSE(f, &rx, true, NULL, 0, 8, 10, 1, 1, 1, 1, 1, 1, 1, 1); /* behind the end of the list */
	assert_int_equal(rx.saw_tstamp, 0);
	PARSE(f, &rx, true, NULL, 253, 4, 9, 9, 3, 3, 5); /* unknown: skipped and noted */
	assert_int_equal(rx.saw_unknown, 1);
	assert_int_equal(rx.snd_wscale, 5);
	parse(f, &rx, true, NULL, 0, NULL);
	assert_int_equal(rx.saw_unknown, 0);
	free(f);
}

static void test_sack(void **state)
{
	struct fake_sock *f = new_sock();
	struct tcp_options_received rx = { .sack_ok = TCP_SACK_SEEN };
	u8 at;

	(void)state;
	PARSE(f, &rx, false, &at, 1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2);
	assert_int_equal(at, sizeof(struct tcphdr) + 2);
	PARSE(f, &rx, false, &at, 5, 9, 0, 0, 0, 1, 0, 0, 0); /* no whole block */
	assert_int_equal(at, 0);
	PARSE(f, &rx, false, &at, 5, 2);
	assert_int_equal(at, 0);
	PARSE(f, &rx, false, &at, 5, 12, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0);
	assert_int_equal(at, 0);
	rx.sack_ok = 0; /* not negotiated */
	PARSE(f, &rx, false, &at, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2);
	assert_int_equal(at, 0);
	free(f);
}

static void test_aligned_timestamp(void **state)
{
	struct fake_sock *f = new_sock();
	const u8 usual[] = { 1, 1, 8, 10, 0, 0, 1, 0, 0, 0, 0, 50 },
		 other[] = { 8, 10, 0, 0, 2, 0, 0, 0, 0, 60, 1, 1 };
	struct segment *s = segment_new(f, false, usual, sizeof(usual));

	(void)state;
	f->tp.rx_opt.tstamp_ok = 1;
	f->tp.tsoffset = 20;
	assert_true(tcp_fast_parse_options(&f->net, &s->skb, tcp_hdr(&s->skb), &f->tp));
	assert_int_equal(f->tp.rx_opt.rcv_tsval, 256);
	assert_int_equal(f->tp.rx_opt.rcv_tsecr, 30);
	segment_free(s);

	s = segment_new(f, false, other, sizeof(other)); /* elsewhere in the header: the long way */
	assert_true(tcp_fast_parse_options(&f->net, &s->skb, tcp_hdr(&s->skb), &f->tp));
	assert_int_equal(f->tp.rx_opt.rcv_tsval, 512);
	assert_int_equal(f->tp.rx_opt.rcv_tsecr, 40);
	segment_free(s);

	s = segment_new(f, false, NULL, 0);
	assert_false(tcp_fast_parse_options(&f->net, &s->skb, tcp_hdr(&s->skb), &f->tp));
	assert_int_equal(f->tp.rx_opt.saw_tstamp, 0);
	segment_free(s);
	free(f);
}

/* Any bytes at all: no read outside, and what was understood lies within its bounds. */
static void test_random(void **state)
{
	struct fake_sock *f = new_sock();
	struct random r;
	u8 opt[MAX_TCP_OPTION_SPACE], at;

	(void)state;
	random_init(&r, &f->sim, "", "options");
	for (int i = 0; i < 200000; i++) {
		struct tcp_options_received rx = { .sack_ok = TCP_SACK_SEEN,
						   .tstamp_ok = 1,
						   .mss_clamp = 536 };
		unsigned int len = random_below(&r, MAX_TCP_OPTION_SPACE + 1);

		random_bytes(&r, opt, len);
		/* kinds and lengths that mean something, half of the time */
		for (unsigned int j = 0; j < len; j++)
			if (random_below(&r, 2))
				opt[j] = (u8)random_below(&r, 12);
		parse(f, &rx, i & 1, opt, len, &at);
		assert_in_range(rx.snd_wscale, 0, 14);
		assert_int_not_equal(rx.mss_clamp, 0);
		if (at)
			assert_in_range(at, sizeof(struct tcphdr),
					sizeof(struct tcphdr) + MAX_TCP_OPTION_SPACE - 10);
	}
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_syn),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_lying_lengths),
		cmocka_unit_test(test_sack),
		cmocka_unit_test(test_aligned_timestamp),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
