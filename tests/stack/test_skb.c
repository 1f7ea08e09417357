/*
 * struct sk_buff by itself: the whole operation set, accounting, and that nothing is lost; each test also
 * with every allocation failing in turn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stack/skb/skbuff.h"
#include "stack/transport/sock.h"

struct fixture {
	struct sim *sim;
	struct host *host;
};

static struct fixture fx;

static int setup(void **state)
{
	(void)state;
	fx.sim = sim_new(1);
	fx.host = host_new(fx.sim, "h", 16 << 20);
	fx.host->net = calloc(1, sizeof(struct net));
	fx.host->net->host = fx.host;
	assert_int_equal(kernel_init(fx.host), 0);
	assert_int_equal(skb_init(fx.host), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	skb_exit(fx.host);
	kernel_exit(fx.host);
	host_check_leaks(fx.host);
	assert_string_equal(fx.sim->fault, "");
	free(fx.host->net);
	fx.host->net = NULL;
	host_free(fx.host);
	sim_free(fx.sim);
	return 0;
}

static void pattern(uint8_t *p, unsigned len, unsigned from)
{
	for (unsigned i = 0; i < len; i++)
		p[i] = (uint8_t)((from + i) * 7 + ((from + i) >> 8));
}

static void assert_pattern(const struct sk_buff *skb, unsigned off, unsigned len, unsigned from)
{
	uint8_t got[4096], want[4096];

	assert_true(skb_sane(skb));
	assert_int_equal(skb_copy_bits(skb, (int)off, got, (int)len), 0);
	pattern(want, len, from);
	assert_memory_equal(got, want, len);
}

static struct sk_buff *linear(unsigned len)
{
	struct sk_buff *skb = alloc_skb(fx.host, len + 64, GFP_KERNEL);

	if (!skb)
		return NULL;
	skb_reserve(skb, 64);
	pattern(skb_put(skb, len), len, 0);
	return skb;
}

/* `head` linear bytes and `n` fragments of `each`, one pattern through all. */
static struct sk_buff *paged(unsigned head, unsigned n, unsigned each)
{
	struct sk_buff *skb = linear(head);

	for (unsigned i = 0; skb && i < n; i++) {
		struct page *page = alloc_pages(fx.host, 0);

		if (!page) {
			consume_skb(skb);
			return NULL;
		}
		pattern((uint8_t *)page_address(fx.host, page) + 100, each, head + i * each);
		skb_fill_page_desc(skb, (int)i, page, 100, (int)each);
		skb->len += each;
		skb->data_len += each;
		skb->truesize += each;
	}
	return skb;
}

/* ---- */

static void truesizes(void **state)
{
	struct sk_buff *skb = alloc_skb(fx.host, 320, GFP_KERNEL);

	(void)state;
	assert_int_equal(skb->truesize, 1280); /* an empty TCP segment of a 64-bit kernel */
	assert_int_equal(skb->end, 1024 - 320);
	consume_skb(skb);
	skb = netdev_alloc_skb_ip_align(fx.host, NULL, 1536);
	assert_int_equal(skb_headroom(skb), NET_SKB_PAD + NET_IP_ALIGN);
	assert_int_equal(skb->truesize, 1984 - 320 + 576);
	assert_true(skb->head_frag);
	assert_true(skb_tailroom(skb) >= 1536);
	consume_skb(skb);
	skb = alloc_skb(fx.host, 1, GFP_KERNEL);
	assert_int_equal(skb->truesize, 512 + 256);
	consume_skb(skb);
}

static void moving_pointers(void **state)
{
	struct sk_buff *skb = alloc_skb(fx.host, 128, GFP_KERNEL);

	(void)state;
	skb_reserve(skb, 40);
	assert_int_equal(skb_headroom(skb), 40);
	memcpy(skb_put(skb, 10), "0123456789", 10);
	memcpy(skb_push(skb, 4), "head", 4);
	assert_int_equal(skb->len, 14);
	skb_reset_network_header(skb);
	assert_memory_equal(skb_network_header(skb), "head", 4);
	assert_ptr_equal(skb_pull(skb, 4), skb_network_header(skb) + 4);
	assert_int_equal(skb_network_offset(skb), -4);
	skb_trim(skb, 5);
	assert_int_equal(skb->len, 5);
	assert_memory_equal(skb->data, "01234", 5);
	assert_null(skb_pull(skb, 6));
	assert_int_equal(skb_put_padto(skb, 20), 0);
	assert_int_equal(skb->len, 20);
	assert_int_equal(skb->data[5] | skb->data[19], 0);
	assert_true(skb_sane(skb));
	consume_skb(skb);
}

static void no_room(void **state)
{
	struct sk_buff *skb = alloc_skb(fx.host, 64, GFP_KERNEL);

	(void)state;
	skb_push(skb, 1);
	assert_non_null(strstr(fx.sim->fault, "skb_push"));
	fx.sim->fault[0] = 0;
	__skb_pull(skb, 1);
	consume_skb(skb);
}

static void clones(void **state)
{
	struct sk_buff *skb = alloc_skb_fclone(fx.host, 200, GFP_KERNEL), *a, *b;

	(void)state;
	skb_put(skb, 100);
	pattern(skb->data, 100, 0);
	skb->journey = 5;
	a = skb_clone(skb, GFP_ATOMIC);
	b = skb_clone(skb, GFP_ATOMIC);
	assert_int_equal(a->fclone, SKB_FCLONE_CLONE);
	assert_int_equal(b->fclone, SKB_FCLONE_UNAVAILABLE);
	assert_true(skb_cloned(skb) && skb_cloned(a) && skb_cloned(b));
	assert_int_equal(a->journey, 5);
	assert_int_equal(skb->truesize, b->truesize);
	consume_skb(skb);
	assert_pattern(a, 0, 100, 0);
	consume_skb(b);
	assert_false(skb_cloned(a));
	consume_skb(a);
	/* A pair is used again when its clone came back. */
	skb = alloc_skb_fclone(fx.host, 200, GFP_KERNEL);
	a = skb_clone(skb, GFP_ATOMIC);
	consume_skb(a);
	a = skb_clone(skb, GFP_ATOMIC);
	assert_int_equal(a->fclone, SKB_FCLONE_CLONE);
	consume_skb(a);
	consume_skb(skb);
}

static void released_headers(void **state)
{
	struct sk_buff *skb = linear(100), *c;

	(void)state;
	__skb_header_release(skb);
	c = skb_clone(skb, GFP_ATOMIC);
	assert_false(skb_header_cloned(c)); /* the holder does not need them */
	assert_true(skb_cloned(c));
	assert_int_equal(skb_cow_head(c, 20), 0);
	assert_ptr_equal(c->head, skb->head);
	consume_skb(c);
	assert_false(skb_cloned(skb));
	consume_skb(skb);
}

static void copies(void **state)
{
	struct sk_buff *skb = paged(50, 3, 1000), *c;

	(void)state;
	skb->journey = 9;
	skb_reset_network_header(skb);
	c = skb_copy(skb, GFP_KERNEL);
	assert_false(skb_is_nonlinear(c));
	assert_int_equal(c->journey, 9);
	assert_int_equal(skb_network_offset(c), 0);
	assert_pattern(c, 0, 3050, 0);
	consume_skb(c);
	c = pskb_copy(skb, GFP_KERNEL);
	assert_ptr_not_equal(c->head, skb->head);
	assert_int_equal(skb_shinfo(c)->nr_frags, 3);
	consume_skb(skb);
	assert_pattern(c, 0, 3050, 0);
	consume_skb(c);
}

static void expanding(void **state)
{
	struct sk_buff *skb = paged(50, 2, 500), *c = skb_clone(skb, GFP_ATOMIC);

	(void)state;
	skb_reset_transport_header(skb);
	assert_int_equal(pskb_expand_head(skb, 128, 64, GFP_ATOMIC), 0);
	assert_false(skb_cloned(skb));
	assert_false(skb_cloned(c));
	assert_int_equal(skb_headroom(skb), 64 + 128);
	assert_int_equal(skb_transport_offset(skb), 0);
	assert_pattern(skb, 0, 1050, 0);
	consume_skb(c);
	assert_pattern(skb, 0, 1050, 0);
	assert_int_equal(skb_cow(skb, 500), 0);
	assert_true(skb_headroom(skb) >= 500);
	consume_skb(skb);
}

static void pulling(void **state)
{
	struct sk_buff *skb = paged(20, 3, 300);

	(void)state;
	assert_true(pskb_may_pull(skb, 20));
	assert_true(pskb_may_pull(skb, 400));
	assert_int_equal(skb_headlen(skb), 400);
	assert_pattern(skb, 0, 920, 0);
	assert_false(pskb_may_pull(skb, 921));
	assert_int_equal(skb_linearize(skb), 0);
	assert_int_equal(skb_shinfo(skb)->nr_frags, 0);
	assert_pattern(skb, 0, 920, 0);
	consume_skb(skb);
}

static void trimming(void **state)
{
	(void)state;
	for (unsigned len = 0; len <= 920; len += 23) {
		struct sk_buff *skb = paged(20, 3, 300), *c = skb_clone(skb, GFP_ATOMIC);

		assert_int_equal(pskb_trim(skb, len), 0);
		assert_int_equal(skb->len, len);
		assert_pattern(skb, 0, len, 0);
		assert_pattern(c, 0, 920, 0);
		consume_skb(skb);
		consume_skb(c);
		skb = paged(20, 3, 300);
		__pskb_trim_head(skb, (int)len);
		assert_int_equal(skb->len, 920 - len);
		assert_pattern(skb, 0, 920 - len, len);
		consume_skb(skb);
	}
}

static void splitting(void **state)
{
	(void)state;
	for (unsigned len = 0; len <= 920; len += 10) {
		struct sk_buff *skb = paged(20, 3, 300), *rest = alloc_skb(fx.host, 64, GFP_KERNEL);

		skb_split(skb, rest, len);
		assert_int_equal(skb->len, len);
		assert_int_equal(rest->len, 920 - len);
		assert_pattern(skb, 0, len, 0);
		assert_pattern(rest, 0, 920 - len, len);
		consume_skb(skb);
		consume_skb(rest);
	}
}

static void shifting(void **state)
{
	(void)state;
	for (unsigned len = 1; len <= 900; len += 13) {
		struct sk_buff *a = paged(0, 1, 300), *b = paged(0, 3, 300);

		assert_int_equal(skb_shift(a, b, (int)len), len);
		assert_int_equal(a->len, 300 + len);
		assert_int_equal(b->len, 900 - len);
		assert_pattern(a, 0, 300, 0);
		assert_pattern(a, 300, len, 0);
		assert_pattern(b, 0, 900 - len, len);
		consume_skb(a);
		consume_skb(b);
	}
}

static struct sk_buff *received(unsigned len, unsigned from)
{
	struct sk_buff *skb = netdev_alloc_skb_ip_align(fx.host, NULL, 1536);

	pattern(skb_put(skb, len), len, from);
	return skb;
}

static void coalescing(void **state)
{
	struct sk_buff *to = received(1500, 0), *from;
	unsigned truesize = to->truesize;
	bool stolen;
	int delta;

	(void)state;
	from = received(1400, 1500);
	assert_true(skb_try_coalesce(to, from, &stolen, &delta));
	assert_true(stolen);
	assert_int_equal(delta, from->truesize - 256);
	assert_int_equal(to->truesize, truesize + (unsigned)delta);
	kfree_skb_partial(from, stolen);
	assert_int_equal(to->len, 2900);
	assert_pattern(to, 0, 2900, 0);
	/* A clone's buffer may not be taken. */
	from = received(1400, 2900);
	struct sk_buff *c = skb_clone(from, GFP_ATOMIC);
	assert_false(skb_try_coalesce(to, from, &stolen, &delta));
	consume_skb(from);
	consume_skb(c);
	/* Little data goes to the tail room. */
	struct sk_buff *small = received(10, 0);
	from = received(20, 10);
	assert_true(skb_try_coalesce(small, from, &stolen, &delta));
	assert_false(stolen);
	assert_int_equal(delta, 0);
	kfree_skb_partial(from, stolen);
	assert_pattern(small, 0, 30, 0);
	consume_skb(small);
	consume_skb(to);
}

static void frag_lists(void **state)
{
	struct sk_buff *skb = linear(100), *a = linear(100), *b = linear(50), *c;
	__wsum sum;

	(void)state;
	pattern(a->data, 100, 100);
	pattern(b->data, 50, 200);
	a->next = b;
	skb_shinfo(skb)->frag_list = a;
	skb->len += 150;
	skb->data_len += 150;
	assert_pattern(skb, 0, 250, 0);
	sum = skb_checksum(skb, 1, 240, 0);
	c = skb_clone(skb, GFP_ATOMIC);
	assert_true(pskb_may_pull(skb, 130));
	assert_pattern(skb, 0, 250, 0);
	assert_int_equal(csum_fold(skb_checksum(skb, 1, 240, 0)), csum_fold(sum));
	assert_int_equal(pskb_trim(skb, 210), 0);
	assert_pattern(skb, 0, 210, 0);
	consume_skb(skb);
	assert_pattern(c, 0, 250, 0);
	consume_skb(c);
}

static void checksums(void **state)
{
	struct sk_buff *skb = paged(33, 3, 301);
	uint8_t flat[936];

	(void)state;
	skb_copy_bits(skb, 0, flat, 936);
	for (int off = 0; off < 900; off += 31)
		assert_int_equal(csum_fold(skb_checksum(skb, off, 936 - off, 0)),
				 csum_fold(csum_partial(flat + off, 936 - off, 0)));
	/* Filled in by software, it verifies. */
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = (u16)skb_headroom(skb);
	skb->csum_offset = 16;
	memset(skb->data + 16, 0, 2);
	assert_int_equal(skb_checksum_help(skb), 0);
	assert_int_equal(skb->ip_summed, CHECKSUM_NONE);
	skb->csum = 0;
	assert_int_equal(__skb_checksum_complete(skb), 0);
	assert_true(skb_csum_unnecessary(skb) || skb->csum_valid);
	skb->data[3] ^= 1;
	skb->csum = 0;
	assert_int_not_equal(__skb_checksum_complete(skb), 0);
	consume_skb(skb);
}

static void to_the_program(void **state)
{
	struct sk_buff *skb = paged(33, 3, 301);
	uint8_t got[936], want[936];
	struct iovec iov[3] = { { got, 100 }, { got + 100, 1 }, { got + 101, 835 } };
	struct msghdr msg = { 0 };

	(void)state;
	iov_iter_init(&msg.msg_iter, READ, iov, 3, 936);
	assert_int_equal(skb_copy_datagram_msg(skb, 0, &msg, 500), 0);
	assert_int_equal(msg_data_left(&msg), 436);
	iov_iter_revert(&msg.msg_iter, 450);
	assert_int_equal(msg_data_left(&msg), 886);
	assert_int_equal(skb_copy_datagram_msg(skb, 50, &msg, 886), 0);
	pattern(want, 936, 0);
	assert_memory_equal(got, want, 936);
	consume_skb(skb);
}

static void queues(void **state)
{
	struct sk_buff_head q, r;
	struct sk_buff *skb;
	u64 before = skb_drop_count(fx.host->net, SKB_DROP_REASON_SOCKET_CLOSE);

	(void)state;
	skb_queue_head_init(&q);
	skb_queue_head_init(&r);
	for (unsigned i = 1; i <= 3; i++)
		skb_queue_tail(&q, linear(i));
	skb_queue_head(&q, linear(4));
	assert_int_equal(skb_queue_len(&q), 4);
	assert_int_equal(skb_peek(&q)->len, 4);
	assert_int_equal(skb_peek_tail(&q)->len, 3);
	skb = skb_dequeue(fx.host, &q);
	assert_int_equal(skb->len, 4);
	assert_null(skb->next);
	__skb_queue_tail(&r, skb);
	skb_queue_splice_tail_init(&q, &r);
	assert_true(skb_queue_empty(&q));
	assert_int_equal(skb_queue_len(&r), 4);
	skb_queue_purge(fx.host, &r);
	assert_int_equal(skb_queue_len(&r), 0);
	assert_int_equal(skb_drop_count(fx.host->net, SKB_DROP_REASON_SOCKET_CLOSE), before + 4);
}

static void blocks_are_reused(void **state)
{
	u32 top;

	(void)state;
	for (int i = 0; i < 64; i++)
		consume_skb(received(1000, 0));
	top = fx.host->ram.top;
	for (int i = 0; i < 1000; i++)
		consume_skb(received(1000, 0));
	assert_int_equal(fx.host->ram.top, top);
}

static void drop_words(void **state)
{
	(void)state;
	assert_null(skb_drop_text(SKB_DROP_REASON_FIRST - 1));
	assert_null(skb_drop_text(SKB_DROP_REASON_MAX));
	assert_string_equal(skb_drop_name(SKB_DROP_REASON_TCP_CSUM), "TCP_CSUM");
	for (unsigned r = SKB_DROP_REASON_FIRST; r < SKB_DROP_REASON_MAX; r++)
		assert_true(strlen(skb_drop_text(r)) > 4);
}

/* Every allocation fails in turn; whatever comes of it, nothing is lost (teardown looks). */
static void out_of_memory(void **state)
{
	(void)state;
	for (u64 nth = 1; nth < 12; nth++) {
		struct sk_buff *skb, *c = NULL;

		fx.host->kmem.fail_nth = fx.host->kmem.nr_allocs + nth;
		skb = paged(50, 2, 600);
		if (skb) {
			c = skb_copy(skb, GFP_KERNEL);
			consume_skb(c);
			c = pskb_copy(skb, GFP_KERNEL);
			consume_skb(c);
			c = skb_clone(skb, GFP_KERNEL);
			if (pskb_may_pull(skb, 300))
				assert_pattern(skb, 0, 1250, 0);
			if (!pskb_trim(skb, 700))
				assert_pattern(skb, 0, 700, 0);
		}
		if (c)
			assert_pattern(c, 0, 1250, 0);
		consume_skb(c);
		consume_skb(skb);
		consume_skb(netdev_alloc_skb(fx.host, NULL, 1500));
	}
	fx.host->kmem.fail_nth = 0;
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(truesizes),	     T(moving_pointers),   T(no_room),	  T(clones),	    T(copies),
		T(released_headers), T(expanding),	   T(pulling),	  T(trimming),	    T(splitting),
		T(shifting),	     T(coalescing),	   T(frag_lists), T(checksums),	    T(to_the_program),
		T(queues),	     T(blocks_are_reused), T(drop_words), T(out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
