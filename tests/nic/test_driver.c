/*
 * The driver when interrupts go wrong: lost ones, a card that stops, storms of them. A booted host with its
 * card on a cable whose other end is the test. What must hold: packets that the rings can hold are not lost,
 * the next interrupt or the transmit watchdog sets all going again, work stays bounded, and nothing leaks.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/host.h"
#include "core/link.h"
#include "lua/host_sh.h"
#include "lua/profile.h"
#include "lua/world.h"
#include "nic-model/ftgmac100.h"
#include "nic-model/ftgmac100_regs.h"
#include "stack/application/syscalls.h"
#include "stack/kernel/interrupt.h"
#include "stack/kernel/sched.h"

#define MS 1000000ull
#define SEC (1000 * MS)
#define GIGABIT 1000000000ull
#define RX_RING 128 /* descriptors, as the driver sets it up */
#define TX_RING 128
#define IRQ 2u
#define ALL_INTERRUPTS                                                                                       \
	(INT_RPKT_LOST | INT_NO_RXBUF | INT_XPKT_LOST | INT_AHB_ERR | INT_RPKT_BUF | INT_XPKT_ETH)

struct bed {
	struct sim *sim;
	struct world world;
	struct world_host *wh;
	struct host *host;
	struct node node;
	struct port port;
	/* numbers of the echo replies and datagrams that came, in order of their coming */
	unsigned nr_seen, seen[1000];
	unsigned to_send; /* datagrams, by the program */
	int failed_send;
};

/* ---- the other end of the cable: 10.0.0.2 ---- */

static const uint8_t peer_mac[6] = { 2, 0, 0, 0, 0, 2 };

static void frame_out(struct bed *b, const uint8_t *data, unsigned len)
{
	struct frame *f = frame_alloc(b->sim, len);

	memcpy(f->data, data, len);
	port_send(&b->port, f, GIGABIT);
}

static void arp(struct bed *b, uint8_t op, const uint8_t *to)
{
	uint8_t f[60] = { 0 };

	memcpy(f, to, 6);
	memcpy(f + 6, peer_mac, 6);
	memcpy(f + 12, "\x08\x06\0\1\x08\0\6\4\0", 9);
	f[21] = op;
	memcpy(f + 22, peer_mac, 6);
	memcpy(f + 28, "\x0a\0\0\2", 4);
	memcpy(f + 38, "\x0a\0\0\1", 4);
	frame_out(b, f, sizeof(f));
}

static uint16_t sum(const uint8_t *p, unsigned len)
{
	uint32_t s = 0;

	for (unsigned i = 0; i < len; i += 2)
		s += (uint32_t)(p[i] << 8 | p[i + 1]);
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

/* An echo request with this number. */
static void ping(struct bed *b, unsigned nr)
{
	uint8_t f[60] = { 0 };
	uint16_t s;

	f[0] = 0x52, f[1] = 0x54, f[3] = 0x12, f[4] = 0x34, f[5] = 1; /* the first card of the first host */
	memcpy(f + 6, peer_mac, 6);
	memcpy(f + 12, "\x08\0\x45\0\0\x1c\0\0\0\0\x40\1\0\0\x0a\0\0\2\x0a\0\0\1", 22);
	s = sum(f + 14, 20);
	f[24] = (uint8_t)(s >> 8), f[25] = (uint8_t)s;
	f[34] = 8;
	f[40] = (uint8_t)(nr >> 8), f[41] = (uint8_t)nr;
	s = sum(f + 34, 8);
	f[36] = (uint8_t)(s >> 8), f[37] = (uint8_t)s;
	frame_out(b, f, sizeof(f));
}

static void pings(struct bed *b, unsigned from, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		ping(b, from + i);
}

static void receive(struct port *port, struct frame *f)
{
	struct bed *b = port->owner;
	const uint8_t *p = f->data;
	unsigned at = p[23] == IPPROTO_UDP ? 42 : 40;

	if (p[12] == 8 && p[13] == 6 && p[21] == 1)
		arp(b, 2, p + 6);
	else if (p[12] == 8 && p[13] == 0 && (p[23] == IPPROTO_UDP || p[34] == 0) && b->nr_seen < 1000)
		b->seen[b->nr_seen++] = (unsigned)(p[at] << 8 | p[at + 1]);
	frame_put(b->sim, f);
}

/* ---- the host ---- */

static void nothing(struct event *ev)
{
	(void)ev;
}

static void pass(struct bed *b, uint64_t ns)
{
	struct event ev = { 0 };
	uint64_t when = b->sim->now + ns;

	event_init(&ev, &b->sim->root, nothing, 0);
	event_add(&ev, when);
	sim_run(b->sim, when);
	event_del(&ev);
}

static uint32_t reg(struct bed *b, uint32_t off)
{
	return bus_read(b->host, FTGMAC_MAC0_BASE + off, 4);
}

static void set_reg(struct bed *b, uint32_t off, uint32_t val)
{
	bus_write(b->host, FTGMAC_MAC0_BASE + off, val, 4);
}

/* What the host's shell prints. The caller frees it. */
static char *shell(struct bed *b, const char *line)
{
	struct sh sh = { .host = b->host, .world = &b->world };
	char *text;

	host_sh(&sh, line);
	text = strdup(sh.out.buf ? sh.out.buf : "");
	seq_release(&sh.out);
	seq_release(&sh.err);
	return text;
}

static bool says(struct bed *b, const char *line, const char *text)
{
	char *out = shell(b, line);
	bool found = strstr(out, text) != NULL;

	free(out);
	return found;
}

/* Numbers from .. from + n - 1 came, in order, as the ones from place `at` on. */
static void assert_seen(const struct bed *b, unsigned at, unsigned from, unsigned n)
{
	assert_int_equal(b->nr_seen, at + n);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(b->seen[at + i], from + i);
}

static int setup(void **state)
{
	const struct world_addr addr = { .addr = inet_addr("10.0.0.1"), .prefix = 24 };
	const struct link_params params = { .rate = GIGABIT, .delay = 1000 };
	char err[256] = "";
	struct bed *b = calloc(1, sizeof(*b));

	b->sim = sim_new(1);
	if (*state) /* a profile's name */
		assert_int_equal(profile_load(b->sim, *state, err, sizeof(err)), 0);
	world_init(&b->world, b->sim, NULL);
	b->wh = world_add_host(&b->world, "h", &addr, 1, 0, err, sizeof(err));
	b->host = b->wh->host;
	node_init(&b->node, b->sim, "peer");
	port_init(&b->port, &b->node, NULL, "peer");
	b->port.receive = receive;
	b->port.owner = b;
	world_add_link(&b->world, world_host_port(b->wh, NULL), &b->port, &params, err, sizeof(err));
	assert_string_equal(err, "");
	world_up(&b->world);
	pass(b, 5 * SEC); /* negotiation */
	arp(b, 1, (const uint8_t *)"\xff\xff\xff\xff\xff\xff");
	pass(b, MS);
	ping(b, 999);
	pass(b, MS);
	assert_seen(b, 0, 999, 1);
	b->nr_seen = 0;
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	world_down(&b->world);
	assert_string_equal(b->sim->fault, ""); /* nothing leaked, every packet is accounted for */
	sim_free(b->sim);
	free(b);
	return 0;
}

/* ---- lost interrupts ---- */

/* The card raises none, and forgets what it had to tell: frames wait in the ring for the next one. */
static void test_lost_rx(void **state)
{
	struct bed *b = *state;
	u64 before = irq_count(b->host, IRQ);

	set_reg(b, REG_IER, 0);
	pings(b, 0, 100);
	pass(b, 10 * MS);
	assert_int_equal(b->nr_seen, 0);
	assert_int_equal(irq_count(b->host, IRQ), before);
	set_reg(b, REG_ISR, reg(b, REG_ISR));
	set_reg(b, REG_IER, ALL_INTERRUPTS);
	pass(b, SEC);
	assert_int_equal(b->nr_seen, 0); /* nobody looks at the ring without being told */
	ping(b, 100);
	pass(b, 10 * MS);
	assert_seen(b, 0, 0, 101);
}

/* Masked only: the line is high as soon as the card may raise it again. */
static void test_late_rx(void **state)
{
	struct bed *b = *state;

	set_reg(b, REG_IER, 0);
	pings(b, 0, 10);
	pass(b, 10 * MS);
	assert_int_equal(b->nr_seen, 0);
	set_reg(b, REG_IER, ALL_INTERRUPTS);
	pass(b, 10 * MS);
	assert_seen(b, 0, 0, 10);
}

/* More than the ring (128) and the card's FIFO (16 KiB, 256 frames of 64 bytes) hold: the rest is lost and
 * counted, and poll starts the card again. */
static void test_lost_rx_overrun(void **state)
{
	struct bed *b = *state;
	unsigned answered;

	set_reg(b, REG_IER, 0);
	pings(b, 0, RX_RING + 256 + 50);
	pass(b, 10 * MS);
	set_reg(b, REG_IER, ALL_INTERRUPTS);
	pass(b, 10 * MS);
	assert_true(says(b, "ethtool -S eth0", "rx_packets: 386\n")); /* two of the set-up */
	assert_true(says(b, "ethtool -S eth0", "rx_over_errors: 1\n"));
	assert_true(says(b, "ethtool -S eth0", "rx_fifo_errors: 1\n"));
	answered = b->nr_seen; /* the socket for answers has a limit */
	ping(b, 7);
	pass(b, 10 * MS);
	assert_seen(b, answered, 7, 1);
}

/* ---- transmit: completions that nobody hears of, a card that stops ---- */

static void send_all(void *arg)
{
	struct bed *b = arg;
	struct task_struct *t = current(b->host);
	struct sockaddr_in sa = { .sin_family = AF_INET,
				  .sin_port = htons(9),
				  .sin_addr.s_addr = inet_addr("10.0.0.2") };
	int fd = (int)sys_socket(t, AF_INET, SOCK_DGRAM, 0), size = 1 << 20;

	sys_setsockopt(t, fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	for (unsigned i = 0; i < b->to_send; i++) {
		uint8_t nr[20] = { (uint8_t)(i >> 8), (uint8_t)i };

		b->failed_send |= sys_sendto(t, fd, nr, sizeof(nr), 0, (void *)&sa, sizeof(sa)) < 0;
	}
	sys_close(t, fd);
}

static void send_datagrams(struct bed *b, unsigned n)
{
	b->to_send = n;
	assert_non_null(user_task_create(b->host, "sender", send_all, b));
}

/* All that fits is sent, but the ring is never cleaned: the queue stops, and the watchdog resets the card. As
 * in Linux the reset only opens the queue (netif_start_queue): what waits there goes with the next packet. */
static void test_lost_tx(void **state)
{
	struct bed *b = *state;
	unsigned sent;

	set_reg(b, REG_IER, 0);
	send_datagrams(b, 300);
	pass(b, SEC);
	sent = b->nr_seen;
	assert_in_range(sent, TX_RING / 2, TX_RING - 1);
	pass(b, 3 * SEC);
	assert_false(says(b, "dmesg", "WATCHDOG")); /* five seconds */
	pass(b, 7 * SEC);
	assert_true(says(b, "dmesg", "NETDEV WATCHDOG: eth0 (ftgmac100): transmit queue 0 timed out"));
	assert_seen(b, 0, 0, sent); /* what was sent already is not sent again */
	ping(b, 300);
	pass(b, SEC);
	assert_seen(b, 0, 0, 301);
	assert_false(b->failed_send);
}

/* A received frame does as well: its poll cleans the transmit ring. */
static void test_lost_tx_rx_helps(void **state)
{
	struct bed *b = *state;

	set_reg(b, REG_IER, ALL_INTERRUPTS & ~INT_XPKT_ETH);
	send_datagrams(b, 300);
	pass(b, SEC);
	assert_in_range(b->nr_seen, TX_RING / 2, TX_RING - 1);
	ping(b, 0);
	pass(b, 10 * MS);
	assert_int_equal(b->nr_seen, 301);
	assert_false(says(b, "dmesg", "WATCHDOG"));
}

/* The card stops sending: what it had taken is lost in the reset, what waited in the queue is not. */
static void test_tx_stops(void **state)
{
	struct bed *b = *state;

	set_reg(b, REG_MACCR, reg(b, REG_MACCR) & ~(uint32_t)MACCR_TX_ON);
	send_datagrams(b, 300);
	pass(b, 11 * SEC);
	assert_int_equal(b->nr_seen, 0);
	assert_true(says(b, "dmesg", "transmit queue 0 timed out"));
	ping(b, 300);
	pass(b, SEC);
	assert_in_range(b->nr_seen, 301 - TX_RING, 301 - TX_RING / 2);
	assert_seen(b, 0, 301 - b->nr_seen, b->nr_seen);
}

/* ---- storms ---- */

/* A line that stays high whatever the driver does hangs a machine. Here the run ends, and says of what. */
static void test_line_stuck(void **state)
{
	struct bed *b = *state;

	cpu_set_line(&b->host->cpu, IRQ, true);
	assert_non_null(strstr(b->sim->fault, "interrupt storm: lines 0x4 stay high"));
	*b->sim->fault = '\0';
	cpu_set_line(&b->host->cpu, IRQ, false);
}

static irqreturn_t not_mine(int irq, void *dev_id)
{
	(void)irq;
	++*(unsigned *)dev_id;
	return IRQ_NONE;
}

/* One that is nobody's is shut; the host goes on. */
static void test_nobody_cared(void **state)
{
	struct bed *b = *state;
	unsigned calls = 0;

	assert_int_equal(request_irq(b->host, 9, not_mine, 0, "other", &calls), 0);
	cpu_set_line(&b->host->cpu, 9, true);
	assert_in_range(calls, 99900, 100000);
	assert_true(says(b, "dmesg", "irq 9: nobody cared (try booting with the \"irqpoll\" option)"));
	assert_true(says(b, "dmesg", "Disabling IRQ #9"));
	pings(b, 0, 3);
	pass(b, 10 * MS);
	assert_seen(b, 0, 0, 3);
	free_irq(b->host, 9, &calls);
}

/*
 * The smallest frames, as fast as the wire brings them, on a CPU that needs its time for each: while poll is
 * busy there are no interrupts, what is too much is lost in the card, programs still get the CPU, and later
 * all is well.
 */
static void test_storm_of_frames(void **state)
{
	struct bed *b = *state;
	u64 before = irq_count(b->host, IRQ);

	send_datagrams(b, 10);
	for (unsigned i = 0; i < 4; i++) {
		pings(b, 1000, 900); /* 0.6 ms on the wire */
		pass(b, MS);
	}
	assert_in_range(irq_count(b->host, IRQ) - before, 1, 50);
	assert_true(says(b, "ethtool -S eth0", "rx_fifo_errors"));
	assert_false(says(b, "ethtool -S eth0", "rx_fifo_errors: 0\n"));
	pass(b, SEC);
	assert_false(b->failed_send);
	b->nr_seen = 0;
	pings(b, 0, 3);
	pass(b, 100 * MS);
	assert_seen(b, 0, 0, 3);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lost_rx),
		TEST(test_late_rx),
		TEST(test_lost_rx_overrun),
		TEST(test_lost_tx),
		TEST(test_lost_tx_rx_helps),
		TEST(test_tx_stops),
		TEST(test_line_stuck),
		TEST(test_nobody_cared),
		cmocka_unit_test_prestate_setup_teardown(test_storm_of_frames, setup, teardown, "ast2500"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
