/*
 * The internet checksum: known values, every length and alignment against a plain loop, and the
 * arithmetic on sums.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stack/skb/checksum.h"

/* RFC 1071 in its plainest form, as a 16-bit number in network order. */
static uint16_t plain_sum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)p[i] << 8 | (i + 1 < len ? p[i + 1] : 0);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Ours, to compare with it: sums of all ones and of none are the same number. */
static uint16_t ours(__wsum sum)
{
	uint16_t s = ntohs((uint16_t)~csum_fold(sum));

	return s == 0xffff ? 0 : s;
}

static uint16_t plain(const uint8_t *p, size_t len)
{
	uint16_t s = plain_sum(p, len);

	return s == 0xffff ? 0 : s;
}

static void fill(uint8_t *p, size_t len, uint32_t seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525u + 1013904223u;
		p[i] = (uint8_t)(seed >> 24);
	}
}

static void all_lengths(void **state)
{
	static uint8_t buf[2300];

	(void)state;
	fill(buf, sizeof(buf), 1);
	for (size_t len = 0; len < 2200; len++)
		for (size_t off = 0; off<9; off += len> 300 ? 3 : 1)
			assert_int_equal(ours(csum_partial(buf + off, (int)len, 0)), plain(buf + off, len));
}

static void extremes(void **state)
{
	static uint8_t buf[65536];

	(void)state;
	memset(buf, 0xff, sizeof(buf));
	assert_int_equal(ours(csum_partial(buf, sizeof(buf), 0xffffffffu)), 0);
	memset(buf, 0, sizeof(buf));
	assert_int_equal(csum_partial(buf, sizeof(buf), 0), 0);
	assert_int_equal(csum_fold(csum_partial(buf, sizeof(buf), 0)), 0xffff);
}

static void in_blocks(void **state)
{
	static uint8_t buf[1500];

	(void)state;
	fill(buf, sizeof(buf), 7);
	for (int cut = 0; cut <= 1500; cut += 37) {
		__wsum a = csum_partial(buf, cut, 0), b = csum_partial(buf + cut, 1500 - cut, 0);

		assert_int_equal(ours(csum_block_add(a, b, cut)), plain(buf, 1500));
		assert_int_equal(ours(csum_block_sub(csum_partial(buf, 1500, 0), b, cut)),
				 plain(buf, (size_t)cut));
	}
}

static void copies(void **state)
{
	uint8_t a[333], b[333];

	(void)state;
	fill(a, sizeof(a), 3);
	assert_int_equal(ours(csum_partial_copy_nocheck(a, b, sizeof(a))), plain(a, sizeof(a)));
	assert_memory_equal(a, b, sizeof(a));
}

/* A header from the well-known example: checksum 0xb861. */
static void ip_header(void **state)
{
	static const uint8_t h[20] = { 0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
				       0x00, 0x00, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7 };
	uint8_t with[20];
	uint16_t sum = ip_fast_csum(h, 5);

	(void)state;
	assert_int_equal(ntohs(sum), 0xb861);
	memcpy(with, h, 20);
	memcpy(with + 10, &sum, 2);
	assert_int_equal(ip_fast_csum(with, 5), 0);
	assert_int_equal(ip_compute_csum(with, 20), 0);
}

static void pseudo_header(void **state)
{
	uint8_t ph[12] = { 10, 0, 2, 15, 10, 0, 2, 2, 0, 6, 0x05, 0xdc };
	uint32_t saddr, daddr;

	(void)state;
	memcpy(&saddr, ph, 4);
	memcpy(&daddr, ph + 4, 4);
	assert_int_equal(ours(csum_tcpudp_nofold(saddr, daddr, 1500, 6, 0)), plain(ph, 12));
	/* A length of two bytes that carry when turned. */
	ph[10] = 0xff;
	ph[11] = 0xff;
	assert_int_equal(ours(csum_tcpudp_nofold(saddr, daddr, 0xffff, 6, 0)), plain(ph, 12));
}

static void replacing(void **state)
{
	uint8_t buf[40];
	uint16_t sum;
	uint32_t from, to = htonl(0xc0a80101);

	(void)state;
	fill(buf, sizeof(buf), 11);
	sum = ip_compute_csum(buf, sizeof(buf));
	memcpy(&from, buf + 8, 4);
	memcpy(buf + 8, &to, 4);
	csum_replace4(&sum, from, to);
	assert_int_equal(sum, ip_compute_csum(buf, sizeof(buf)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_lengths), cmocka_unit_test(extremes),  cmocka_unit_test(in_blocks),
		cmocka_unit_test(copies),      cmocka_unit_test(ip_header), cmocka_unit_test(pseudo_header),
		cmocka_unit_test(replacing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
