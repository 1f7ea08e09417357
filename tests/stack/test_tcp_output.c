/*
 * Sending without a network: a connection whose IP layer is this test. What leaves and when (windows, Nagle,
 * TSQ), what GSO makes of it (checksums, sequence numbers, bytes), and what a retransmission sends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "stack/boot.h"
#include "stack/interface/etherdevice.h"
#include "stack/transport/tcp_output.h"

#define SADDR htonl(0x0a000001)
#define DADDR htonl(0x0a000002)
#define ISN 0xfffff000u /* wraps within the first segments */
#define MSS 1448

struct world {
	struct sim *sim;
	struct host *host;
	struct tcp_sock tp;
	struct sk_buff_head wire; /* what queue_xmit() got, in order */
};

static int test_queue_xmit(struct sock *sk, struct sk_buff *skb, struct flowi *fl)
{
	struct world *w = container_of(sk, struct world, tp.inet_conn.icsk_inet.sk);

	(void)fl;
	__skb_queue_tail(&w->wire, skb);
	return 0;
}

static void test_send_check(struct sock *sk, struct sk_buff *skb)
{
	(void)sk;
	tcp_hdr(skb)->check = (__sum16)~tcp_v4_check((int)skb->len, SADDR, DADDR, 0);
	skb->csum_start = skb->transport_header;
	skb->csum_offset = offsetof(struct tcphdr, check);
}

static int test_rebuild_header(struct sock *sk)
{
	(void)sk;
	return 0;
}

static const struct inet_connection_sock_af_ops test_af_ops = {
	.queue_xmit = test_queue_xmit,
	.send_check = test_send_check,
	.rebuild_header = test_rebuild_header,
	.net_header_len = 20,
};

static const struct proto test_prot = { .name = "test", .max_header = 192 };

static u8 byte_at(u32 seq)
{
	u32 n = seq - ISN;

	return (u8)(n * 7 + (n >> 8));
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct sock *sk = (struct sock *)&w->tp;
	struct tcp_sock *tp = &w->tp;

	w->sim = sim_new(1);
	w->host = host_new(w->sim, "h", 64u << 20);
	assert_int_equal(host_boot(w->host), 0);
	__skb_queue_head_init(&w->wire);
	sk->host = w->host;
	sk->sk_state = TCP_ESTABLISHED;
	sk->sk_prot = &test_prot;
	sk->sk_refcnt = 1;
	sk->sk_wmem_alloc = 1;
	sk->sk_sndbuf = 1 << 20;
	sk->sk_rcvbuf = 131072;
	sk->sk_pacing_rate = ~0UL;
	sk->sk_pacing_shift = 10;
	sk->sk_gso_max_size = 65536;
	sk->sk_gso_max_segs = 65535;
	sk->sk_gso_type = SKB_GSO_TCPV4;
	sk->sk_allocation = GFP_KERNEL;
	__skb_queue_head_init(&sk->sk_write_queue);
	inet_csk(sk)->icsk_af_ops = &test_af_ops;
	inet_csk(sk)->icsk_ca_ops = &tcp_reno;
	inet_csk(sk)->icsk_rto = 1000;
	tcp_init_xmit_timers(sk);
	INIT_LIST_HEAD(&tp->tsorted_sent_queue);
	INIT_LIST_HEAD(&tp->tsq_node);
	tp->write_seq = tp->snd_nxt = tp->snd_una = tp->snd_up = tp->snd_sml = tp->pushed_seq = ISN;
	tp->rcv_nxt = tp->rcv_wup = 5000;
	tp->snd_wnd = 1 << 20;
	tp->max_window = 1 << 20;
	tp->snd_cwnd = 10;
	tp->snd_ssthresh = TCP_INFINITE_SSTHRESH;
	tp->snd_cwnd_clamp = ~0U;
	tp->mss_cache = MSS;
	tp->tcp_header_len = 32;
	tp->rx_opt.tstamp_ok = 1;
	tp->rx_opt.sack_ok = 1;
	tp->rx_opt.rcv_wscale = 7;
	tp->rx_opt.mss_clamp = 1460;
	tp->window_clamp = 65535 << 7;
	tp->rcv_ssthresh = 65535;
	inet_csk(sk)->icsk_ack.rcv_mss = 536;
	*state = w;
	return 0;
}

static void free_wire(struct world *w)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(&w->wire)))
		consume_skb(skb);
}

static int teardown(void **state)
{
	struct world *w = *state;
	struct sock *sk = (struct sock *)&w->tp;
	struct sk_buff *skb;

	sk->sk_tsq_flags = 0; /* nobody is to go on */
	free_wire(w);
	while ((skb = tcp_rtx_queue_head(sk)))
		tcp_rtx_queue_unlink_and_free(skb, sk);
	while ((skb = tcp_write_queue_head(sk))) {
		tcp_unlink_write_queue(skb, sk);
		sk_wmem_free_skb(sk, skb);
	}
	assert_int_equal(sk->sk_wmem_queued, 0);
	assert_int_equal(sk->sk_wmem_alloc, 1);
	del_timer(&inet_csk(sk)->icsk_retransmit_timer);
	del_timer(&inet_csk(sk)->icsk_delack_timer);
	host_shutdown(w->host);
	host_check_leaks(w->host);
	assert_string_equal(w->sim->fault, "");
	host_free(w->host);
	sim_free(w->sim);
	free(w);
	return 0;
}

/* What send() does: one skb with page fragments. */
static void put_data(struct world *w, u32 len)
{
	struct sock *sk = (struct sock *)&w->tp;
	struct sk_buff *skb = sk_stream_alloc_skb(sk, 0, GFP_KERNEL, true);

	assert_non_null(skb);
	skb->journey = 77;
	skb_entail(sk, skb);
	for (u32 done = 0; done < len; done += 4096) {
		struct page *page = alloc_pages(w->host, 0);
		u32 part = min(len - done, 4096u);
		u8 *p = page_address(w->host, page);

		for (u32 i = 0; i < part; i++)
			p[i] = byte_at(w->tp.write_seq + i);
		skb_fill_page_desc(skb, skb_shinfo(skb)->nr_frags, page, 0, (int)part);
		skb->len += part;
		skb->data_len += part;
		skb->truesize += part;
		sk->sk_wmem_queued += (int)part;
		w->tp.write_seq += part;
	}
	TCP_SKB_CB(skb)->end_seq += len;
	tcp_skb_pcount_set(skb, 0);
}

static void push(struct world *w, int nonagle)
{
	__tcp_push_pending_frames((struct sock *)&w->tp, MSS, nonagle);
}

/* The bytes and the checksum of one segment; `summed`: the checksum in it is complete. */
static void check_segment(const struct sk_buff *skb, u32 seq, u32 len, bool summed)
{
	int off = skb_transport_offset(skb);
	int tcp_len = (int)skb->len - off, hdr = tcp_hdr(skb)->doff * 4;
	__sum16 save = tcp_hdr(skb)->check;
	u8 *data = malloc(len);

	assert_int_equal(ntohl(tcp_hdr(skb)->seq), seq);
	assert_int_equal(tcp_len - hdr, len);
	if (!summed) /* what the device would do */
		tcp_hdr(skb)->check = csum_fold(skb_checksum(skb, off, tcp_len, 0));
	assert_int_equal(tcp_v4_check(tcp_len, SADDR, DADDR, skb_checksum(skb, off, tcp_len, 0)), 0);
	tcp_hdr(skb)->check = save;
	assert_int_equal(skb_copy_bits(skb, off + hdr, data, (int)len), 0);
	for (u32 i = 0; i < len; i++)
		assert_int_equal(data[i], byte_at(seq + i));
	free(data);
}

static void test_one_segment(void **state)
{
	struct world *w = *state;
	struct sk_buff *skb;

	put_data(w, 100);
	push(w, 0);
	assert_int_equal(w->wire.qlen, 1);
	skb = w->wire.next;
	check_segment(skb, ISN, 100, false);
	assert_int_equal(ntohl(tcp_hdr(skb)->ack_seq), 5000);
	assert_int_equal(tcp_hdr(skb)->doff, 8);
	assert_true(tcp_hdr(skb)->ack && !tcp_hdr(skb)->syn && !tcp_hdr(skb)->fin);
	assert_int_equal(skb->journey, 77);
	assert_int_equal(skb_shinfo(skb)->gso_size, 0);
	assert_int_equal(w->tp.snd_nxt, ISN + 100);
	assert_int_equal(w->tp.packets_out, 1);
	assert_true(inet_csk(&w->tp.inet_conn.icsk_inet.sk)->icsk_pending != 0);
	assert_int_equal(((struct sock *)&w->tp)->sk_wmem_alloc, 1 + (int)skb->truesize);
}

static void test_nagle(void **state)
{
	struct world *w = *state;

	put_data(w, 100);
	push(w, 0);
	put_data(w, 50);
	push(w, 0); /* the first small one is not acknowledged */
	assert_int_equal(w->wire.qlen, 1);
	push(w, TCP_NAGLE_OFF);
	assert_int_equal(w->wire.qlen, 2);
	check_segment(w->wire.prev, ISN + 100, 50, false);
}

static void test_windows(void **state)
{
	struct world *w = *state;
	struct sk_buff *skb;
	u32 sent = 0;

	put_data(w, 60000);
	push(w, TCP_NAGLE_OFF);
	/* ten segments: never more than half the window in one packet */
	skb_queue_walk (&w->wire, skb) {
		assert_true(skb->len - 32 <= 5 * MSS);
		check_segment(skb, ISN + sent, skb->len - 32, false);
		sent += skb->len - 32;
	}
	assert_int_equal(sent, 10 * MSS);
	assert_int_equal(w->tp.packets_out, 10);
	assert_true(w->tp.is_cwnd_limited);

	free_wire(w);
	w->tp.snd_cwnd = 100;
	w->tp.snd_wnd = 10 * MSS + 700; /* a part of a segment fits the receiver */
	w->tp.is_cwnd_limited = 0;
	push(w, TCP_NAGLE_OFF);
	assert_int_equal(w->wire.qlen, 0);
	w->tp.snd_wnd = 12 * MSS; /* two segments fit: better wait for a third of the window */
	push(w, TCP_NAGLE_OFF);
	assert_int_equal(w->tp.packets_out, 10);
	w->tp.snd_wnd = 16 * MSS;
	push(w, TCP_NAGLE_OFF);
	assert_int_equal(w->tp.packets_out, 16);
}

static void test_tsq(void **state)
{
	struct world *w = *state;
	struct sock *sk = (struct sock *)&w->tp;
	u32 before;

	w->tp.snd_cwnd = 1000;
	sk->sk_pacing_rate = 1 << 20; /* a millisecond of it is nothing: two packets may wait below */
	for (int i = 0; i < 10; i++)
		put_data(w, MSS);
	push(w, TCP_NAGLE_OFF);
	before = w->wire.qlen;
	assert_in_range(before, 2, 3);
	assert_true(sk->sk_tsq_flags & TSQF_THROTTLED);
	free_wire(w); /* the device is done with them: the tasklet has to send on */
	assert_true(sk->sk_tsq_flags & TSQF_QUEUED);
	sim_run(w->sim, w->sim->now + NSEC_PER_MSEC);
	assert_false(sk->sk_tsq_flags & TSQF_QUEUED);
	assert_in_range(w->wire.qlen, 2, 3);
}

/* Puts IP and Ethernet headers in front, as the layers below do. */
static void add_headers(struct sk_buff *skb)
{
	struct iphdr *iph = skb_push(skb, sizeof(*iph));

	memset(iph, 0, sizeof(*iph));
	iph->version = 4;
	iph->ihl = 5;
	iph->protocol = IPPROTO_TCP;
	iph->saddr = SADDR;
	iph->daddr = DADDR;
	skb_reset_network_header(skb);
	skb->protocol = htons(ETH_P_IP);
	memset(skb_push(skb, 14), 0, 14);
	skb_reset_mac_header(skb);
	((__be16 *)skb->data)[6] = htons(ETH_P_IP);
	__skb_pull(skb, 34);
}

static void gso(struct world *w, u64 features, bool summed)
{
	struct sock *sk = (struct sock *)&w->tp;
	struct sk_buff *skb, *segs, *next;
	u32 seq = ISN;
	int n = 0;

	w->tp.snd_cwnd = 100;
	put_data(w, 20000);
	push(w, TCP_NAGLE_OFF);
	assert_int_equal(w->wire.qlen, 1);
	skb = __skb_dequeue(&w->wire);
	assert_int_equal(skb_shinfo(skb)->gso_segs, 14);
	add_headers(skb);
	tcp_hdr(skb)->psh = tcp_hdr(skb)->fin = tcp_hdr(skb)->cwr = 1;
	test_send_check(sk, skb);
	segs = tcp4_gso_segment(skb, features);
	assert_false(IS_ERR_OR_NULL(segs));
	consume_skb(skb);
	for (; segs; segs = next, n++) {
		u32 len = min(ISN + 20000 - seq, (u32)MSS);

		next = segs->next;
		check_segment(segs, seq, len, summed);
		assert_int_equal(tcp_hdr(segs)->psh, !next);
		assert_int_equal(tcp_hdr(segs)->fin, !next);
		assert_int_equal(tcp_hdr(segs)->cwr, n == 0);
		assert_int_equal(segs->journey, 77);
		seq += len;
		segs->next = NULL;
		consume_skb(segs);
	}
	assert_int_equal(n, 14);
	assert_int_equal(sk->sk_wmem_alloc, 1);
}

static void test_gso_hw_csum(void **state)
{
	gso(*state, NETIF_F_SG | NETIF_F_HW_CSUM, false);
}

static void test_gso_sw_csum(void **state)
{
	gso(*state, NETIF_F_SG, true);
}

static void test_gso_no_sg(void **state)
{
	gso(*state, 0, true);
}

static void test_retransmit(void **state)
{
	struct world *w = *state;
	struct sock *sk = (struct sock *)&w->tp;
	struct sk_buff *skb;

	put_data(w, 4 * MSS);
	push(w, TCP_NAGLE_OFF);
	assert_int_equal(w->tp.packets_out, 4);
	skb = tcp_rtx_queue_head(sk);
	/* still in our own device */
	assert_int_equal(tcp_retransmit_skb(sk, skb, 1), -EBUSY);
	free_wire(w);
	sim_run(w->sim, w->sim->now + NSEC_PER_MSEC); /* the tasklet was to go on: nothing to do */

	/* a part was acknowledged; one segment is sent again, the rest becomes a packet of its own */
	w->tp.snd_una = ISN + 700;
	assert_int_equal(tcp_retransmit_skb(sk, skb, 1), 0);
	assert_int_equal(w->wire.qlen, 1);
	check_segment(w->wire.next, ISN + 700, MSS, false);
	assert_int_equal(w->wire.next->journey, 77);
	assert_int_equal(w->tp.retrans_out, 1);
	assert_true(TCP_SKB_CB(skb)->sacked & TCPCB_EVER_RETRANS);
	assert_int_equal(TCP_SKB_CB(skb_rb_next(skb))->seq, ISN + 700 + MSS);
	assert_int_equal(tcp_skb_pcount(skb) + tcp_skb_pcount(skb_rb_next(skb)), w->tp.packets_out);
	assert_int_equal(w->host->net->mib.tcp_statistics[TCP_MIB_RETRANSSEGS], 1);
}

static void test_loss_probe(void **state)
{
	struct world *w = *state;
	struct sock *sk = (struct sock *)&w->tp;

	put_data(w, 3 * MSS + 10);
	push(w, TCP_NAGLE_OFF);
	free_wire(w);
	tcp_mstamp_refresh(&w->tp);
	tcp_send_loss_probe(sk);
	assert_int_equal(w->wire.qlen, 1);
	check_segment(w->wire.next, ISN + 3 * MSS, 10, false);
	assert_int_equal(w->tp.tlp_high_seq, w->tp.snd_nxt);
	assert_int_equal(w->tp.packets_out, 4);
}

static void test_ack_and_fin(void **state)
{
	struct world *w = *state;
	struct sock *sk = (struct sock *)&w->tp;
	const struct tcphdr *th;

	w->tp.rx_opt.num_sacks = 1;
	w->tp.selective_acks[0] = (struct tcp_sack_block){ 6000, 7000 };
	w->tp.rx_opt.dsack = 1;
	w->tp.duplicate_sack[0] = (struct tcp_sack_block){ 4000, 4500 };
	tcp_send_ack(sk);
	assert_int_equal(w->wire.qlen, 1);
	th = tcp_hdr(w->wire.next);
	assert_int_equal(th->doff * 4, 20 + 12 + 4 + 16);
	assert_int_equal(ntohl(((const __be32 *)(th + 1))[3]), 0x01010512);
	assert_int_equal(ntohl(((const __be32 *)(th + 1))[4]), 4000);
	assert_int_equal(ntohl(((const __be32 *)(th + 1))[6]), 6000);
	assert_int_equal(w->tp.rx_opt.dsack, 0);
	assert_int_not_equal(w->wire.next->journey, 0);
	assert_int_equal(sk->sk_wmem_alloc, 1 + 2);
	w->tp.rx_opt.num_sacks = 0;

	tcp_send_fin(sk);
	assert_int_equal(w->wire.qlen, 2);
	th = tcp_hdr(w->wire.prev);
	assert_true(th->fin && th->ack);
	assert_int_equal(ntohl(th->seq), ISN);
	assert_int_equal(w->tp.write_seq, ISN + 1);
	assert_int_equal(w->tp.snd_nxt, ISN + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_segment, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nagle, setup, teardown),
		cmocka_unit_test_setup_teardown(test_windows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tsq, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gso_hw_csum, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gso_sw_csum, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gso_no_sg, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retransmit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_loss_probe, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ack_and_fin, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
