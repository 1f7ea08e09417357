/* The hashes behind Fast Open's cookies and TCP-MD5, by published vectors; the options that carry them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "stack/transport/tcp.h"

/* RFC 1321, A.5. */
static void test_md5(void **state)
{
	static const struct {
		const char *text, *digest;
	} vectors[] = {
		{ "", "d41d8cd98f00b204e9800998ecf8427e" },
		{ "a", "0cc175b9c0f1b6a831c399e269772661" },
		{ "abc", "900150983cd24fb0d6963f7d28e17f72" },
		{ "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
		{ "abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b" },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
		  "d174ab98d277d9f5a5611c2c9f419d9f" },
		{ "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
		  "57edf4a22be3c955ac49da2e2107b67a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		for (size_t split = 0; split <= strlen(vectors[i].text); split++) {
			uint8_t digest[MD5_DIGEST_SIZE];
			char hex[2 * MD5_DIGEST_SIZE + 1];
			struct md5 m;

			md5_init(&m);
			md5_update(&m, vectors[i].text, split);
			md5_update(&m, vectors[i].text + split, strlen(vectors[i].text) - split);
			md5_final(&m, digest);
			for (int j = 0; j < MD5_DIGEST_SIZE; j++)
				snprintf(hex + (size_t)2 * j, 3, "%02x", digest[j]);
			assert_string_equal(hex, vectors[i].digest);
		}
	}
}

/* SipHash-2-4's authors' vectors: key 00 01 .. 0f, message 00 01 .. of 8 and of 16 bytes. */
static void test_siphash(void **state)
{
	const u64 key[2] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };

	(void)state;
	assert_true(siphash_1u64(0x0706050403020100, key) == 0x93f5f5799a932462);
	assert_true(siphash_2u64(0x0706050403020100, 0x0f0e0d0c0b0a0908, key) == 0x3f2acc7f57c29bdb);
}

/* Signatures are found wherever they lie; lengths from the wire are not believed. */
static void test_md5_option(void **state)
{
	static const struct {
		u8 bytes[40];
		int len, at; /* offset of the digest, -1: none */
	} cases[] = {
		{ { 0 }, 0, -1 },
		{ { 19, 18 }, 20, 2 },
		{ { 1, 1, 19, 18 }, 20, 4 },
		{ { 1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 19, 18 }, 32, 16 },
		{ { 0, 1, 19, 18 }, 20, -1 },	    /* behind the end of the list */
		{ { 19, 17 }, 20, -1 },		    /* of a wrong length */
		{ { 19, 0, 19, 18 }, 20, -1 },	    /* of no length */
		{ { 8, 40, 19, 18 }, 20, -1 },	    /* one that sticks out */
		{ { 1, 1, 1, 1, 19, 18 }, 20, -1 }, /* cut off by the header's end */
		{ { 5, 10, 0, 0, 0, 0, 0, 0, 0, 0, 19, 18 }, 28, 12 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct {
			struct tcphdr th;
			u8 options[40];
		} segment = { .th.doff = (u16)((20 + cases[i].len) / 4) & 15 };
		const u8 *hash;

		memcpy(segment.options, cases[i].bytes, sizeof(segment.options));
		hash = tcp_parse_md5sig_option(&segment.th);
		if (cases[i].at < 0)
			assert_null(hash);
		else
			assert_ptr_equal(hash, segment.options + cases[i].at);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_md5),
		cmocka_unit_test(test_siphash),
		cmocka_unit_test(test_md5_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
