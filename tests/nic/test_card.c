/*
 * What the transcripts of an instant model cannot show: time on the wire, order of write-back and ISR,
 * moderation, the receive FIFO, autopoll, damage, resets and switching off in mid-frame, odd registers.
 */
#include "core/random.h"
#include "nic-model/ftgmac100.h"
#include "nic-model/ftgmac100_regs.h"
#include "tests/core/link_util.h"

#define TX_RING (RAM_BASE + 0x10000)
#define RX_RING (RAM_BASE + 0x20000)
#define TX_BUF(i) (RAM_BASE + 0x100000 + 2048 * (i))
#define RX_BUF(i) (RAM_BASE + 0x200000 + 2048 * (i))
#define RAM (8u << 20)
#define RING 64
#define ON (MACCR_TX_ON | MACCR_RX_ON | MACCR_RX_BROADPKT)
#define GIGA (ON | MACCR_GIGA_MODE)

struct bed {
	struct sim *sim;
	struct host *host;
	struct ftgmac *card;
	struct station peer;
	struct link *link;
	unsigned interrupts;
};

static const uint8_t card_mac[6] = { 2, 0, 0, 0, 0, 9 };

static void w(struct bed *b, uint32_t off, uint32_t val)
{
	iowrite32(b->host, val, FTGMAC_MAC0_BASE + off);
}

static uint32_t r(struct bed *b, uint32_t off)
{
	return ioread32(b->host, FTGMAC_MAC0_BASE + off);
}

static uint32_t *mem(struct bed *b, uint32_t addr)
{
	return ram_ptr(b->host, addr, 4);
}

static const struct ftgmac_stats *stats(struct bed *b)
{
	return ftgmac_get_stats(b->card);
}

static void set_rings(struct bed *b)
{
	for (unsigned i = 0; i < RING; i++) {
		uint32_t end = i == RING - 1 ? DES_END_OF_RING : 0;
		uint32_t *tx = mem(b, TX_RING + 16 * i), *rx = mem(b, RX_RING + 16 * i);

		tx[0] = end;
		tx[1] = 0;
		tx[3] = TX_BUF(i);
		rx[0] = end;
		rx[3] = RX_BUF(i);
	}
	w(b, REG_NPTXR_BADR, TX_RING);
	w(b, REG_RXR_BADR, RX_RING);
	w(b, REG_RBSR, 1536);
}

static void bed_init_config(struct bed *b, uint32_t maccr, bool rx_checksums)
{
	struct ftgmac_config config = {
		.base = FTGMAC_MAC0_BASE, .irq = 2, .name = "eth0", .rx_checksums = rx_checksums
	};

	memset(b, 0, sizeof(*b));
	memcpy(config.mac, card_mac, 6);
	b->sim = sim_new(1);
	b->host = host_new(b->sim, "h", RAM);
	b->card = ftgmac_create(b->host, &config);
	assert_non_null(b->card);
	b->host->cpu.masked = ~0u;
	station_init(&b->peer, b->sim, "peer", 1);
	b->link = link_new(b->sim, "wire", ftgmac_port(b->card), &b->peer.port, NULL);
	set_rings(b);
	w(b, REG_MACCR, maccr);
}

static void bed_init(struct bed *b, uint32_t maccr)
{
	bed_init_config(b, maccr, false);
}

static void bed_free(struct bed *b)
{
	assert_int_not_equal(b->sim->stop, SIM_FAULT);
	link_free(b->link);
	ftgmac_destroy(b->card);
	station_free(&b->peer);
	host_free(b->host);
	sim_free(b->sim);
}

/* Runs to the instant `t`, whatever is pending. */
static void step_end(struct event *ev)
{
	(void)ev;
}

static void run_to(struct bed *b, uint64_t t)
{
	struct event ev;

	event_init(&ev, &b->sim->root, step_end, 0);
	event_add(&ev, t);
	sim_run(b->sim, t);
}

static void own_tx(struct bed *b, unsigned i, uint32_t len, uint32_t des1)
{
	uint32_t *d = mem(b, TX_RING + 16 * i);
	uint8_t *p = ram_ptr(b->host, TX_BUF(i), 2048);

	memset(p, i, 2048);
	memcpy(p, b->peer.mac, 6);
	memcpy(p + 6, card_mac, 6);
	memset(p + 12, 0x88, 2);
	d[1] = des1;
	d[0] = (d[0] & DES_END_OF_RING) | TXDES0_OWN | TXDES0_FTS | TXDES0_LTS | len;
}

static bool tx_owned(struct bed *b, unsigned i)
{
	return *mem(b, TX_RING + 16 * i) & TXDES0_OWN;
}

static bool rx_ready(struct bed *b, unsigned i)
{
	return *mem(b, RX_RING + 16 * i) & RXDES0_RDY;
}

/* The number that the peer put into the frame in this receive buffer. */
static uint32_t id_in(struct bed *b, unsigned i)
{
	uint32_t id;

	memcpy(&id, ram_ptr(b->host, RX_BUF(i) + 14, 4), 4);
	return id;
}

/* All descriptors software's, so that the next frame has to wait. */
static void fill_rx_ring(struct bed *b)
{
	for (unsigned i = 0; i < RING; i++)
		*mem(b, RX_RING + 16 * i) |= RXDES0_RDY;
}

static void arrive(struct bed *b, uint32_t len, uint32_t id)
{
	send(&b->peer, card_mac, len, id);
	sim_run(b->sim, b->sim->now + 20000);
}

/* ---- transmit ---- */

static void test_tx_time(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b, GIGA);
	own_tx(&b, 0, 1514, 0);
	own_tx(&b, 1, 60, TXDES1_TX2FIC);
	w(&b, REG_NPTXPD, 1);
	assert_int_equal(r(&b, REG_ISR), 0);
	run_to(&b, 12303);
	assert_true(tx_owned(&b, 0));
	assert_int_equal(r(&b, REG_ISR), 0);
	run_to(&b, 12304);
	assert_false(tx_owned(&b, 0));
	assert_true(tx_owned(&b, 1));
	assert_int_equal(r(&b, REG_ISR), INT_XPKT_ETH | INT_XPKT_FIFO); /* the second is in the FIFO */
	w(&b, REG_ISR, ~0u);
	run_to(&b, 12304 + 671);
	assert_int_equal(r(&b, REG_ISR), 0);
	run_to(&b, 12304 + 672);
	assert_int_equal(r(&b, REG_ISR), INT_XPKT_ETH | INT_NO_NPTXBUF);
	sim_run(b.sim, SIM_FOREVER);
	assert_int_equal(b.peer.got[0].when, 12304 + 1);
	assert_int_equal(b.peer.got[1].when, 12304 + 672 + 1);
	/* at 10 Mb/s; a poke in mid-frame changes nothing */
	w(&b, REG_MACCR, ON);
	uint64_t now = b.sim->now;

	own_tx(&b, 2, 60, 0);
	w(&b, REG_NPTXPD, 1);
	w(&b, REG_NPTXPD, 1);
	run_to(&b, now + 84 * 800 - 1);
	assert_true(tx_owned(&b, 2));
	run_to(&b, now + 84 * 800);
	assert_false(tx_owned(&b, 2));
	bed_free(&b);
}

/* No cable: the card transmits all the same and is busy as long. */
static void test_tx_no_link(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b, GIGA);
	link_set_up(b.link, false);
	own_tx(&b, 0, 60, 0);
	w(&b, REG_NPTXPD, 1);
	run_to(&b, 671);
	assert_true(tx_owned(&b, 0));
	run_to(&b, 672);
	assert_int_equal(r(&b, REG_ISR), INT_XPKT_ETH | INT_NO_NPTXBUF);
	assert_int_equal(b.peer.n, 0);
	assert_int_equal(stats(&b)->tx_no_link, 1);
	bed_free(&b);
}

/* The driver stops the card and frees the ring: nothing is written after that. */
static void test_tx_off_in_mid_frame(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b, GIGA);
	own_tx(&b, 0, 1514, 0);
	own_tx(&b, 1, 1514, 0);
	w(&b, REG_NPTXPD, 1);
	run_to(&b, 5000);
	w(&b, REG_MACCR, 0);
	assert_false(tx_owned(&b, 0));
	assert_int_equal(r(&b, REG_ISR), INT_XPKT_ETH);
	memset(mem(&b, TX_RING), 0xff, 64);
	sim_run(b.sim, SIM_FOREVER);
	assert_int_equal(*mem(&b, TX_RING), 0xffffffff);
	assert_int_equal(b.peer.n, 1);
	bed_free(&b);
}

static void test_reset_in_mid_frame(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b, GIGA);
	w(&b, REG_IER, ~0u);
	own_tx(&b, 0, 1514, 0);
	w(&b, REG_NPTXPD, 1);
	run_to(&b, 5000);
	w(&b, REG_MACCR, MACCR_SW_RST | MACCR_FAST_MODE | 0x1f);
	assert_int_equal(r(&b, REG_MACCR), MACCR_FAST_MODE);
	sim_run(b.sim, SIM_FOREVER);
	assert_true(tx_owned(&b, 0));
	assert_int_equal(r(&b, REG_ISR), 0);
	assert_false(ftgmac_irq_level(b.card));
	assert_int_equal(r(&b, REG_NPTXR_BADR), 0);
	assert_int_equal(r(&b, REG_MAC_LADR), 0x00000009);
	/* and it works again */
	set_rings(&b);
	w(&b, REG_MACCR, GIGA);
	own_tx(&b, 0, 60, 0);
	w(&b, REG_NPTXPD, 1);
	sim_run(b.sim, SIM_FOREVER);
	assert_int_equal(b.peer.n, 2);
	bed_free(&b);
}

/* A ring moved while a frame is on the wire: the old descriptor is written back, the new ring goes on. */
static void test_ring_moved(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b, GIGA);
	own_tx(&b, 0, 1000, 0);
	own_tx(&b, 1, 1000, 0);
	own_tx(&b, 8, 60, 0);
	w(&b, REG_NPTXPD, 1);
	w(&b, REG_NPTXR_BADR, TX_RING + 16 * 8);
	sim_run(b.sim, SIM_FOREVER);
	assert_false(tx_owned(&b, 0));
	assert_true(tx_owned(&b, 1));
	assert_false(tx_owned(&b, 8));
	assert_int_equal(b.peer.n, 2);
	assert_int_equal(b.peer.got[1].len, 60);
	bed_free(&b);
}

/* ---- moderation ---- */

static void test_tx_moderation(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b, GIGA);
	w(&b, REG_ITC, 4 << 12); /* every fourth frame */
	for (unsigned i = 0; i < 10; i++)
		own_tx(&b, i, 60, i == 8 ? TXDES1_TXIC : 0);
	w(&b, REG_NPTXPD, 1);
	for (unsigned i = 1; i <= 10; i++) {
		run_to(&b, 672 * i);
		assert_int_equal(r(&b, REG_ISR) & INT_XPKT_ETH,
				 i == 4 || i == 8 || i == 9 ? INT_XPKT_ETH : 0);
		w(&b, REG_ISR, ~0u);
	}
	/* the tenth is reported after three more, or, with a count, in time */
	w(&b, REG_ITC, 4 << 12 | 2 << 8);
	own_tx(&b, 10, 60, 0);
	w(&b, REG_NPTXPD, 1);
	run_to(&b, 672 * 11 + 2047);
	assert_int_equal(r(&b, REG_ISR), INT_NO_NPTXBUF);
	run_to(&b, 672 * 11 + 2048);
	assert_int_equal(r(&b, REG_ISR), INT_NO_NPTXBUF | INT_XPKT_ETH);
	bed_free(&b);
}

static void test_rx_moderation(void **state)
{
	struct bed b;
	uint64_t t;

	(void)state;
	bed_init(&b, GIGA);
	w(&b, REG_ITC, 3 << 4 | 15 | 1 << 7); /* third frame, or 15 * 16 * 1.024 us */
	arrive(&b, 60, 0);
	t = b.peer.node.sim->now - 20000 + 673;
	assert_int_equal(r(&b, REG_ISR), INT_RPKT_FIFO);
	assert_true(rx_ready(&b, 0)); /* it is there all the same */
	run_to(&b, t + 15 * 16 * 1024 - 1);
	assert_int_equal(r(&b, REG_ISR), INT_RPKT_FIFO);
	run_to(&b, t + 15 * 16 * 1024);
	assert_int_equal(r(&b, REG_ISR), INT_RPKT_FIFO | INT_RPKT_BUF);
	w(&b, REG_ISR, ~0u);
	arrive(&b, 60, 1);
	arrive(&b, 60, 2);
	assert_int_equal(r(&b, REG_ISR), INT_RPKT_FIFO);
	arrive(&b, 60, 3);
	assert_int_equal(r(&b, REG_ISR), INT_RPKT_FIFO | INT_RPKT_BUF);
	assert_false(ftgmac_busy(b.card, NSEC_PER_SEC));
	bed_free(&b);
}

/* ---- receive ---- */

static void test_rx_fifo(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b, GIGA);
	fill_rx_ring(&b);
	for (uint32_t i = 0; i < 12; i++)
		arrive(&b, 1514, i); /* 1518 each in 16384: ten fit */
	assert_int_equal(r(&b, REG_ISR), INT_RPKT_LOST | INT_NO_RXBUF);
	assert_int_equal(stats(&b)->rx_fifo_full, 2);
	assert_int_equal(r(&b, REG_RX_COL_LOST), 2 << 16);
	w(&b, REG_ISR, ~0u);
	/* freeing alone does nothing, nor does another arrival */
	for (unsigned i = 0; i < 4; i++)
		*mem(&b, RX_RING + 16 * i) = 0;
	arrive(&b, 60, 12);
	run_to(&b, b.sim->now + NSEC_PER_SEC);
	assert_false(rx_ready(&b, 0));
	w(&b, REG_RXPD, 1);
	assert_int_equal(r(&b, REG_ISR), INT_RPKT_FIFO | INT_RPKT_BUF);
	for (uint32_t i = 0; i < 4; i++) {
		assert_true(rx_ready(&b, i));
		assert_int_equal(id_in(&b, i), i);
	}
	for (unsigned i = 4; i < RING; i++)
		*mem(&b, RX_RING + 16 * i) = 0;
	w(&b, REG_NPTXPD, 1);
	assert_int_equal(id_in(&b, 9), 9);
	assert_int_equal(id_in(&b, 10), 12); /* 10 and 11 were lost */
	assert_int_equal(stats(&b)->rx_frames, 11);
	bed_free(&b);
}

/* Linux sets APTC = 1 and never writes RXPD: a ring that was full must come back to life. */
static void test_autopoll(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b, GIGA);
	w(&b, REG_APTC, 1);
	fill_rx_ring(&b);
	send(&b.peer, card_mac, 60, 7);
	run_to(&b, 5000);
	*mem(&b, RX_RING) = 0;
	run_to(&b, 673 + 5 * 1024 - 1);
	assert_false(rx_ready(&b, 0));
	run_to(&b, 673 + 5 * 1024 + 1);
	assert_true(rx_ready(&b, 0));
	w(&b, REG_ISR, ~0u);
	/* polling keeps the run alive for a while, not for ever, and becomes rare */
	fill_rx_ring(&b);
	send(&b.peer, card_mac, 60, 8);
	assert_int_equal(sim_run(b.sim, SIM_FOREVER), SIM_IDLE);
	assert_in_range(b.sim->now, 10 * NSEC_PER_MSEC, 11 * NSEC_PER_MSEC);
	*mem(&b, RX_RING + 16) = 0;
	uint64_t events = b.sim->nr_events;
	run_to(&b, b.sim->now + NSEC_PER_MSEC);
	assert_true(b.sim->nr_events - events < 10);
	assert_true(rx_ready(&b, 1));
	assert_int_equal(r(&b, REG_ISR), INT_RPKT_FIFO | INT_RPKT_BUF);
	assert_int_equal(b.sim->queue.nr_pending, 0);
	bed_free(&b);
}

/* One frame over several buffers, also when the rest of them is not free yet. */
static void test_rx_segments(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b, GIGA);
	w(&b, REG_RBSR, 256);
	*mem(&b, RX_RING + 32) = RXDES0_RDY;
	arrive(&b, 600, 3); /* 604: 256, 256, 92 */
	assert_int_equal(*mem(&b, RX_RING), RXDES0_RDY | RXDES0_FRS | 256);
	assert_int_equal(*mem(&b, RX_RING + 16), RXDES0_RDY | 256);
	assert_int_equal(r(&b, REG_ISR), INT_RPKT_FIFO);
	*mem(&b, RX_RING + 32) = 0;
	arrive(&b, 100, 4); /* waits behind it */
	w(&b, REG_RXPD, 1);
	assert_int_equal(*mem(&b, RX_RING + 32), RXDES0_RDY | RXDES0_LRS | 92);
	assert_int_equal(*mem(&b, RX_RING + 48), RXDES0_RDY | RXDES0_FRS | RXDES0_LRS | 104);
	assert_int_equal(r(&b, REG_ISR), INT_RPKT_FIFO | INT_RPKT_BUF);
	/* the FCS over two buffers: 510 + 4 = 256 + 256 + 2 */
	memset(mem(&b, RX_BUF(4)), 0xee, 2048);
	memset(mem(&b, RX_BUF(6)), 0xee, 2048);
	arrive(&b, 510, 5);
	assert_int_equal(*mem(&b, RX_RING + 16 * 6), RXDES0_RDY | RXDES0_LRS | 2);
	assert_int_equal(*mem(&b, RX_BUF(6)), 0xeeee0000);
	bed_free(&b);
}

/* A ring too small for the frame: it fills, and goes on as software frees it. */
static void test_rx_longer_than_ring(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b, GIGA);
	w(&b, REG_RBSR, 64);
	*mem(&b, RX_RING + 16) = DES_END_OF_RING;
	arrive(&b, 1000, 0);
	assert_int_equal(*mem(&b, RX_RING + 16), RXDES0_RDY | DES_END_OF_RING | 64);
	for (int i = 0; i < 7; i++) {
		*mem(&b, RX_RING) = 0;
		*mem(&b, RX_RING + 16) = DES_END_OF_RING;
		w(&b, REG_RXPD, 1);
	}
	assert_int_equal(*mem(&b, RX_RING + 16),
			 RXDES0_RDY | RXDES0_LRS | DES_END_OF_RING | (1004 - 15 * 64));
	w(&b, REG_RBSR, 0);
	set_rings(&b);
	w(&b, REG_RBSR, 0);
	arrive(&b, 60, 0);
	assert_false(rx_ready(&b, 0));
	bed_free(&b);
}

static void test_rx_damaged(void **state)
{
	const struct link_faults corrupt = { .corrupt = PPB };
	struct bed b;

	(void)state;
	bed_init(&b, GIGA | MACCR_RX_ALL);
	link_set_faults(b.link, 1, &corrupt);
	arrive(&b, 600, 0);
	assert_true(*mem(&b, RX_RING) & RXDES0_CRC_ERR);
	assert_int_equal(r(&b, REG_RX_CRCER_FTL), 1 << 16);
	w(&b, REG_MACCR, GIGA | MACCR_RX_ALL | MACCR_DISCARD_CRCERR);
	arrive(&b, 600, 0);
	assert_false(rx_ready(&b, 1));
	assert_int_equal(stats(&b)->rx_crc, 2);
	bed_free(&b);
}

static void test_rx_odd_lengths(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b, GIGA);
	w(&b, REG_RBSR, 16383);
	for (uint32_t len = 0; len < 10; len++)
		port_send(&b.peer.port, frame_alloc(b.sim, len), GIGABIT);
	sim_run(b.sim, SIM_FOREVER);
	assert_int_equal(stats(&b)->rx_tiny, 10);
	assert_int_equal(r(&b, REG_ISR), 0);
	arrive(&b, 1515, 0); /* 1519 > 1518 */
	assert_int_equal(*mem(&b, RX_RING), RXDES0_RDY | RXDES0_FRS | RXDES0_LRS | RXDES0_FTL | 1518);
	send(&b.peer, card_mac, FRAME_MAX, 0);
	sim_run(b.sim, SIM_FOREVER);
	assert_int_equal(*mem(&b, RX_RING + 16), RXDES0_RDY | RXDES0_FRS | RXDES0_LRS | RXDES0_FTL | 1518);
	w(&b, REG_MACCR, GIGA | MACCR_JUMBO_LF);
	*mem(&b, RX_RING + 32 + 12) = RAM_BASE + 0x400000;
	send(&b.peer, card_mac, FRAME_MAX, 0);
	sim_run(b.sim, SIM_FOREVER);
	assert_int_equal(*mem(&b, RX_RING + 32), RXDES0_RDY | RXDES0_FRS | RXDES0_LRS | RXDES0_FTL | 9216);
	bed_free(&b);
}

/* The same frame, of these protocols and sums, is or is not vouched for. */
static void test_rx_checksums(void **state)
{
	/* IPv4 10.0.0.1 > 10.0.0.2, 12 bytes of payload "wirepath 012"; sums worked out by hand (python, RFC
	 * 1071) */
	static const uint8_t udp[] = {
		0x45, 0,   0,	40,  0,	  1,   0x40, 0,	  64,	17,  0x26, 0xc2, 10,   0,
		0,    1,   10,	0,   0,	  2,   0x10, 0,	  0x20, 0,   0,	   20,	 0x9b, 0xc8,
		'w',  'i', 'r', 'e', 'p', 'a', 't',  'h', ' ',	'0', '1',  '2',
	};
	static const uint8_t tcp[] = {
		0x45, 0,   0,	52,  0,	  1,   0x40, 0,	   64,	 6,    0x26, 0xc1, 10,
		0,    0,   1,	10,  0,	  0,   2,    0x10, 0,	 0x20, 0,    0,	   0,
		0,    1,   0,	0,   0,	  2,   0x50, 0x10, 0x10, 0,    0x3b, 0xc8, 0,
		0,    'w', 'i', 'r', 'e', 'p', 'a',  't',  'h',	 ' ',  '0',  '1',  '2',
	};
	static const struct {
		const uint8_t *ip;
		unsigned len, at; /* the byte that is changed by `by` */
		uint8_t by;
		uint32_t des1;
	} cases[] = {
		{ udp, sizeof(udp), 0, 0, RXDES1_PROT_UDP },
		{ tcp, sizeof(tcp), 0, 0, RXDES1_PROT_TCP },
		{ udp, sizeof(udp), 30, 1, RXDES1_PROT_UDP | RXDES1_UDP_CHKSUM_ERR },
		{ tcp, sizeof(tcp), 45, 1, RXDES1_PROT_TCP | RXDES1_TCP_CHKSUM_ERR },
		{ udp, sizeof(udp), 8, 1, RXDES1_PROT_UDP | RXDES1_IP_CHKSUM_ERR },
		{ udp, sizeof(udp), 6, 0x20, 0 },    /* a fragment */
		{ udp, sizeof(udp), 9, 1 ^ 17, 0 },  /* another protocol */
		{ udp, sizeof(udp), 0, 0x20, 0 },    /* not IPv4 */
		{ udp, sizeof(udp), 3, 0x80, 0 },    /* longer than the frame */
		{ udp, sizeof(udp), 2, 0x10, 0 },    /* much longer */
		{ udp, sizeof(udp), 0, 0x0a, 0 },    /* header longer than the packet */
		{ tcp, sizeof(tcp), 3, 52 ^ 30, 0 }, /* no whole TCP header */
	};
	struct bed b;

	(void)state;
	for (unsigned vlan = 0; vlan < 2; vlan++) {
		bed_init_config(&b, GIGA, true);
		for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct frame *f = frame_to(&b.peer, card_mac, 100, 0);
			uint8_t *p = f->data + 12;

			if (vlan) {
				memcpy(p, (uint8_t[]){ 0x81, 0, 0, 5 }, 4);
				p += 4;
			}
			memcpy(p, (uint8_t[]){ 8, 0 }, 2);
			memcpy(p + 2, cases[i].ip, cases[i].len);
			p[2 + cases[i].at] ^= cases[i].by;
			port_send(&b.peer.port, f, GIGABIT);
			sim_run(b.sim, b.sim->now + 20000);
			/* no FCS is stored: 100 bytes are 100 */
			assert_int_equal(*mem(&b, RX_RING + 16 * i) & DES_LEN_MASK, 100);
			assert_int_equal(*mem(&b, RX_RING + 16 * i + 4),
					 cases[i].des1 | (vlan ? RXDES1_VLANTAG_AVAIL | 5 : 0));
		}
		bed_free(&b);
	}
}

/* Switched off it hears nothing; a frame that waits in the FIFO does not survive a reset. */
static void test_rx_off(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b, MACCR_GIGA_MODE);
	arrive(&b, 60, 0);
	assert_int_equal(stats(&b)->rx_off, 1);
	w(&b, REG_MACCR, MACCR_GIGA_MODE | MACCR_RXMAC_EN);
	arrive(&b, 60, 1); /* without DMA it stays in the FIFO */
	assert_false(rx_ready(&b, 0));
	w(&b, REG_MACCR, GIGA);
	assert_int_equal(id_in(&b, 0), 1);
	fill_rx_ring(&b);
	arrive(&b, 60, 2);
	w(&b, REG_MACCR, MACCR_SW_RST);
	assert_int_equal(stats(&b)->rx_reset, 1);
	bed_free(&b);
}

/* ---- bus errors ---- */

static void test_wild_addresses(void **state)
{
	static const uint32_t wild[] = { 0,   0x1e660000, RAM_BASE - 16, RAM_BASE + RAM - 8, RAM_BASE + RAM,
					 ~15u };
	struct bed b;

	(void)state;
	for (unsigned i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		bed_init(&b, GIGA);
		own_tx(&b, 0, 60, 0);
		*mem(&b, TX_RING + 12) = wild[i];
		w(&b, REG_NPTXPD, 1);
		assert_int_equal(r(&b, REG_ISR), INT_AHB_ERR);
		assert_true(tx_owned(&b, 0));
		w(&b, REG_ISR, ~0u);
		*mem(&b, RX_RING + 12) = wild[i];
		arrive(&b, 60, 0);
		assert_int_equal(r(&b, REG_ISR), INT_AHB_ERR | INT_RPKT_FIFO);
		assert_false(rx_ready(&b, 0));
		assert_int_equal(b.host->bus.last_error, wild[i]);
		w(&b, REG_ISR, ~0u);
		w(&b, REG_NPTXR_BADR, wild[i] & ~15u);
		w(&b, REG_RXR_BADR, wild[i] & ~15u);
		w(&b, REG_NPTXPD, 1);
		arrive(&b, 60, 0);
		if ((wild[i] & ~15u) != RAM_BASE + RAM - 16) /* that one is the last descriptor that fits */
			assert_int_equal(r(&b, REG_ISR), INT_NO_NPTXBUF);
		bed_free(&b);
	}
}

/* Rings that no driver would make: the card works through them and rests. */
static void test_rings_without_sense(void **state)
{
	struct bed b;

	(void)state;
	/* a frame that begins and never ends, all around the ring */
	bed_init(&b, GIGA);
	for (unsigned i = 0; i < RING; i++) {
		own_tx(&b, i, 60, 0);
		*mem(&b, TX_RING + 16 * i) &= ~(TXDES0_LTS | (i ? TXDES0_FTS : 0));
	}
	w(&b, REG_NPTXPD, 1);
	assert_int_equal(sim_run(b.sim, SIM_FOREVER), SIM_IDLE);
	assert_true(b.sim->nr_events < 100);
	assert_int_equal(b.peer.n, 0);
	bed_free(&b);
	/* frames that are stored onto the ring itself */
	bed_init(&b, GIGA);
	for (unsigned i = 0; i < RING; i++)
		*mem(&b, RX_RING + 16 * i + 12) = RX_RING;
	for (unsigned n = 0; n < 20; n++)
		arrive(&b, 1000, n);
	assert_true(b.sim->nr_events < 1000);
	bed_free(&b);
	/* both engines on one ring: what was received is sent back, as often as it is poked */
	bed_init(&b, GIGA);
	w(&b, REG_NPTXR_BADR, RX_RING);
	for (unsigned n = 0; n < 20; n++) {
		arrive(&b, 60, n);
		w(&b, REG_NPTXPD, 1);
	}
	assert_int_equal(sim_run(b.sim, SIM_FOREVER), SIM_IDLE);
	assert_true(b.sim->nr_events < 1000);
	bed_free(&b);
}

/* ---- the bus and the packet's label ---- */

static void test_journey(void **state)
{
	struct bed b;
	struct frame *f;

	(void)state;
	bed_init(&b, GIGA);
	b.peer.keep = true;
	own_tx(&b, 0, 60, 0);
	bus_tag(b.host, TX_BUF(0) + 2, 4711);
	bus_tag(b.host, 0x1000, 1); /* nowhere: ignored */
	w(&b, REG_NPTXPD, 1);
	sim_run(b.sim, SIM_FOREVER);
	assert_int_equal(b.peer.last->journey, 4711);
	f = frame_to(&b.peer, card_mac, 60, 0);
	f->journey = 815;
	port_send(&b.peer.port, f, GIGABIT);
	sim_run(b.sim, SIM_FOREVER);
	assert_int_equal(bus_tag_get(b.host, RX_BUF(0)), 815);
	assert_int_equal(bus_tag_get(b.host, RX_BUF(1)), 0);
	assert_int_equal(bus_tag_get(b.host, 0), 0);
	bed_free(&b);
}

static void test_bus(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b, GIGA);
	assert_int_equal(r(&b, REG_MACCR + 0x100), GIGA); /* the window repeats */
	assert_int_equal(r(&b, REG_MACCR + 0x1f00), GIGA);
	assert_int_equal(bus_read(b.host, FTGMAC_MAC0_BASE + REG_MACCR, 2), 0);
	bus_write(b.host, FTGMAC_MAC0_BASE + REG_MACCR, 0, 1);
	assert_int_equal(r(&b, REG_MACCR), GIGA);
	assert_int_equal(b.sim->stop, SIM_IDLE);
	assert_int_equal(r(&b, FTGMAC_REGION), 0); /* nothing there: the driver's fault */
	assert_int_equal(b.sim->stop, SIM_FAULT);
	assert_int_equal(b.host->bus.last_error, FTGMAC_MAC0_BASE + FTGMAC_REGION);
	b.sim->stop = SIM_IDLE;
	bed_free(&b);
}

/* ---- anything at all in registers, rings and on the wire: no crash, no endless loop, no leak ---- */

static void fuzz_once(struct bed *b, struct random *rng)
{
	uint32_t *d = mem(b, (random_below(rng, 2) ? TX_RING : RX_RING) + 4 * random_below(rng, RING * 4));
	uint32_t any = random_u32(rng), len;

	switch (random_below(rng, 8)) {
	case 0:
		w(b, random_below(rng, 64) * 4, any & 1 ? any : any & 0x3ffff);
		break;
	case 1:
		*d = any;
		break;
	case 2:
		*d = RAM_BASE + any % RAM;
		break;
	case 3:
		len = 18 + random_below(rng, any & 1 ? 9000 : 200);
		port_send(&b->peer.port, frame_to(&b->peer, card_mac, len, any), GIGABIT);
		break;
	case 4:
		w(b, REG_NPTXR_BADR, TX_RING);
		w(b, REG_RXR_BADR, RX_RING);
		w(b, REG_MACCR, GIGA | (any & 0x1ffff0));
		break;
	case 5:
		w(b, REG_NPTXPD, 1);
		break;
	case 6:
		link_set_up(b->link, any & 3);
		break;
	default:
		run_to(b, b->sim->now + any % 20000);
		b->peer.n = 0;
		break;
	}
}

static void test_fuzz(void **state)
{
	struct random rng;
	struct bed b;

	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		bed_init(&b, GIGA);
		b.sim->seed = round;
		random_init(&rng, b.sim, "test", "fuzz");
		for (unsigned i = 0; i < 3000; i++)
			fuzz_once(&b, &rng);
		b.peer.n = 0;
		sim_run(b.sim, b.sim->now + NSEC_PER_SEC);
		bed_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tx_time),
		cmocka_unit_test(test_tx_no_link),
		cmocka_unit_test(test_tx_off_in_mid_frame),
		cmocka_unit_test(test_reset_in_mid_frame),
		cmocka_unit_test(test_ring_moved),
		cmocka_unit_test(test_tx_moderation),
		cmocka_unit_test(test_rx_moderation),
		cmocka_unit_test(test_rx_fifo),
		cmocka_unit_test(test_autopoll),
		cmocka_unit_test(test_rx_segments),
		cmocka_unit_test(test_rx_longer_than_ring),
		cmocka_unit_test(test_rx_damaged),
		cmocka_unit_test(test_rx_odd_lengths),
		cmocka_unit_test(test_rx_checksums),
		cmocka_unit_test(test_rx_off),
		cmocka_unit_test(test_wild_addresses),
		cmocka_unit_test(test_rings_without_sense),
		cmocka_unit_test(test_journey),
		cmocka_unit_test(test_bus),
		cmocka_unit_test(test_fuzz),
	};

	return cmocka_run_group_tests_name("card", tests, NULL, NULL);
}
