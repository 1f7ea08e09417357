/*
 * The PIO card, bare: a script of register accesses in place of the driver. What it takes in, what it refuses
 * and counts, what it sends, and that odd orders of accesses do no harm.
 */
#include "core/random.h"
#include "nic-model/pio.h"
#include "tests/core/link_util.h"

/* From the card's document */
enum {
	CTRL = 0,
	ISR = 4,
	IER = 8,
	STATUS = 0x14,
	RXLEN = 0x18,
	RXDATA = 0x1c,
	RXNEXT = 0x20,
	TXLEN = 0x24,
	TXDATA = 0x28,
	TXGO = 0x2c,
	LOST = 0x34
};
#define RX 1u
#define TXDONE 2u
#define RXLOST 4u
#define LINK 8u
#define RESET (1u << 31)

struct bed {
	struct sim *sim;
	struct host *host;
	struct pio *card;
	struct station peer;
	struct link *link;
};

static const uint8_t card_mac[6] = { 2, 0, 0, 0, 0, 9 }, other[6] = { 2, 0, 0, 0, 0, 8 },
		     group[6] = { 1, 0, 0x5e, 0, 0, 1 };

static void w(struct bed *b, uint32_t off, uint32_t val)
{
	iowrite32(b->host, val, PIO_BASE + off);
}

static uint32_t r(struct bed *b, uint32_t off)
{
	return ioread32(b->host, PIO_BASE + off);
}

static int setup(void **state)
{
	struct pio_config config = { .base = PIO_BASE, .irq = 8, .name = "eth0" };
	struct bed *b = calloc(1, sizeof(*b));

	memcpy(config.mac, card_mac, 6);
	b->sim = sim_new(1);
	b->host = host_new(b->sim, "h", 1 << 20);
	b->card = pio_create(b->host, &config);
	b->host->cpu.masked = ~0u;
	station_init(&b->peer, b->sim, "peer", 1);
	b->peer.keep = true;
	b->link = link_new(b->sim, "wire", pio_port(b->card), &b->peer.port, NULL);
	w(b, CTRL, 1);
	w(b, ISR, LINK);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	assert_int_not_equal(b->sim->stop, SIM_FAULT);
	link_free(b->link);
	pio_destroy(b->card);
	station_free(&b->peer);
	host_free(b->host);
	sim_free(b->sim);
	free(b);
	return 0;
}

static void arrive(struct bed *b, const uint8_t *to, uint32_t len)
{
	send(&b->peer, to, len, 0x04030201);
	sim_run(b->sim, SIM_FOREVER);
}

static void receives(void **state)
{
	struct bed *b = *state;

	assert_int_equal(r(b, STATUS), 1);
	arrive(b, card_mac, 61);
	arrive(b, card_mac, 70);
	assert_int_equal(r(b, ISR), RX);
	assert_int_equal(r(b, RXLEN), 61);
	assert_int_equal(r(b, RXDATA), 0x00000002); /* words are little-endian: 02 00 00 00 | 00 09 ... */
	w(b, ISR, RX);				    /* a frame is there: the bit stays */
	assert_int_equal(r(b, ISR), RX);
	for (int i = 1; i < 15; i++)
		r(b, RXDATA);
	assert_int_equal(r(b, RXDATA) >> 8, 0); /* byte 61 is the last */
	assert_int_equal(r(b, RXDATA), 0);	/* nothing behind it */
	w(b, RXNEXT, 1);
	assert_int_equal(r(b, RXLEN), 70);
	w(b, RXNEXT, 1);
	assert_int_equal(r(b, RXLEN), 0);
	assert_int_equal(r(b, ISR), 0);
	w(b, RXNEXT, 1); /* nothing there: nothing happens */
}

static void refuses(void **state)
{
	struct bed *b = *state;
	const struct link_faults corrupt = { .corrupt = PPB }, none = { 0 };

	arrive(b, other, 60);
	arrive(b, group, 60);
	assert_int_equal(r(b, RXLEN), 0);
	assert_int_equal(r(b, LOST), 0); /* for others: no loss */
	arrive(b, card_mac, 13);
	arrive(b, card_mac, 1519);
	link_set_faults(b->link, 1, &corrupt);
	arrive(b, card_mac, 60);
	link_set_faults(b->link, 1, &none);
	assert_int_equal(r(b, ISR), RXLOST);
	assert_int_equal(r(b, LOST), 3);
	for (int i = 0; i < 11; i++) /* ten of 1518 bytes fit into 16 KiB */
		arrive(b, card_mac, 1518);
	assert_int_equal(r(b, LOST), 4);
	w(b, CTRL, RESET);
	assert_int_equal(r(b, RXLEN), 0);
	arrive(b, card_mac, 60); /* switched off */
	assert_int_equal(r(b, RXLEN), 0);
	w(b, CTRL, 5);
	arrive(b, group, 60);
	w(b, CTRL, 3);
	arrive(b, other, 62);
	assert_int_equal(r(b, RXLEN), 60);
	w(b, RXNEXT, 1);
	assert_int_equal(r(b, RXLEN), 62);
}

static void sends(void **state)
{
	struct bed *b = *state;
	uint64_t start = b->sim->now;

	w(b, TXGO, 1); /* nothing begun */
	w(b, TXLEN, 62);
	for (uint32_t i = 0; i < 20; i++) /* more than fits */
		w(b, TXDATA, 0x01010101u * i);
	w(b, TXGO, 1);
	assert_int_equal(r(b, STATUS), 3);
	w(b, TXLEN, 60); /* on the wire: ignored */
	w(b, TXGO, 1);
	sim_run(b->sim, SIM_FOREVER);
	assert_int_equal(b->peer.n, 1);
	assert_int_equal(b->peer.got[0].len, 62);
	assert_int_equal(b->peer.last->data[61], 15);
	assert_int_equal(r(b, ISR), TXDONE);
	/* 62 bytes and 24 of preamble, FCS and gap at 100 Mbit/s */
	assert_int_equal(b->sim->now - start, (62 + 24) * 80 + LINK_DELAY_MIN);
	w(b, ISR, TXDONE);
	assert_int_equal(r(b, ISR), 0);
	w(b, TXLEN, 13);
	w(b, TXLEN, 1519);
	w(b, TXGO, 1);
	assert_int_equal(r(b, STATUS), 1);
	/* without a link it is sent into nothing, and done */
	link_set_up(b->link, false);
	sim_run(b->sim, SIM_FOREVER);
	assert_int_equal(r(b, STATUS), 0);
	w(b, TXLEN, 60);
	w(b, TXGO, 1);
	sim_run(b->sim, SIM_FOREVER);
	assert_int_equal(r(b, ISR), TXDONE | LINK);
	assert_int_equal(b->peer.n, 1);
}

static void any_order(void **state)
{
	struct bed *b = *state;
	struct random rng;

	random_init(&rng, b->sim, "test", "order");
	for (int i = 0; i < 20000; i++) {
		uint32_t v = (uint32_t)random_u64(&rng), off = v >> 8 & 0xffc;

		if (v & 0x40)
			arrive(b, v & 0x80 ? card_mac : group, 1 + (v >> 20) % 1600);
		off = v & 0x20 ? off % 0x40 : off;
		if (v & 0x10)
			w(b, off, v >> 12 & 0x7ff);
		else
			r(b, off);
		if (v % 997 == 0)
			w(b, CTRL, RESET);
	}
	bus_read(b->host, PIO_BASE + RXDATA, 1);
	bus_write(b->host, PIO_BASE + CTRL, 1, 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = { T(receives), T(refuses), T(sends), T(any_order) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
