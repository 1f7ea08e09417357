/*
 * The bare card: register accesses of any width and order, descriptors and rings of any shape in memory,
 * frames, time. A host without software owns it.
 */
#include "core/host.h"
#include "core/link.h"
#include "nic-model/ftgmac100.h"
#include "nic-model/ftgmac100_regs.h"
#include "tests/fuzz/fuzz.h"

#define RAM (1u << 20)
#define RINGS RAM_BASE /* descriptors lie in the first 4 KiB, buffers behind */
#define RINGS_SIZE 4096u
#define OPS_MAX 400
#define GIGABIT 1000000000ull

struct bed {
	struct sim *sim;
	struct host *host;
	struct ftgmac *card;
	struct node node;
	struct port port;
	struct link *link;
	unsigned polls;
};

static void receive(struct port *port, struct frame *f)
{
	struct bed *b = port->owner;

	if (f->len > FRAME_MAX + 4)
		fuzz_bug("the card sent a frame of %u bytes", f->len);
	frame_put(b->sim, f);
}

static void on_poll(void *arg)
{
	struct bed *b = arg;

	if (++b->polls > 100)
		fuzz_bug("more than a million events, now %llu ns", (unsigned long long)b->sim->now);
}

static void bed_init(struct bed *b)
{
	struct ftgmac_config config = { .base = FTGMAC_MAC0_BASE, .irq = 2, .name = "eth0", .mac = { 2, 9 } };

	memset(b, 0, sizeof(*b));
	b->sim = sim_new(1);
	b->sim->idle_poll = on_poll;
	b->sim->idle_arg = b;
	b->host = host_new(b->sim, "h", RAM);
	b->host->cpu.masked = ~0u;
	b->card = ftgmac_create(b->host, &config);
	node_init(&b->node, b->sim, "peer");
	port_init(&b->port, &b->node, NULL, "peer");
	b->port.receive = receive;
	b->port.owner = b;
	b->link = link_new(b->sim, "wire", ftgmac_port(b->card), &b->port, NULL);
}

static void bed_free(struct bed *b)
{
	if (*b->sim->fault)
		fuzz_bug("%s", b->sim->fault);
	link_free(b->link);
	ftgmac_destroy(b->card);
	host_check_leaks(b->host);
	if (*b->sim->fault)
		fuzz_bug("%s", b->sim->fault);
	host_free(b->host);
	sim_free(b->sim);
}

/* A ring that works: `n` descriptors from a place in the ring page on, the last with the end's mark. */
static void good_ring(struct bed *b, struct input *in, bool tx)
{
	uint32_t at = take8(in) * 16u, n = 1 + take8(in) % 16;

	for (uint32_t i = 0; i < n && at + i * 16 + 16 <= RINGS_SIZE; i++) {
		uint32_t d[4] = { i + 1 == n ? DES_END_OF_RING : 0, 0, 0, RAM_BASE + 0x10000 + i * 2048 };

		if (tx) {
			uint8_t how = take8(in);

			d[0] |= TAKE_OF(in, 60, 1514, 14, 1, 0, 9000, 0x3fff) & DES_LEN_MASK;
			d[0] |= (how & 1 ? 0 : TXDES0_FTS) | (how & 2 ? 0 : TXDES0_LTS) | TXDES0_OWN;
			d[1] = take32(in);
		}
		dma_write(b->host, RINGS + at + i * 16, d, 16);
	}
	iowrite32(b->host, RINGS + at, FTGMAC_MAC0_BASE + (tx ? REG_NPTXR_BADR : REG_RXR_BADR));
}

static void write_register(struct bed *b, struct input *in)
{
	uint32_t off = take8(in);

	if (off == 255)
		off = take16(in) % FTGMAC_REGION;
	unsigned width = 1u << (take8(in) % 8 < 6 ? 2 : take8(in) % 2);
	uint32_t val =
		TAKE_OF(in, 0xffffffff, 0, 1, RINGS, RINGS + 16, RAM_BASE + RAM - 16, RAM_BASE + RAM - 8,
			MACCR_TX_ON | MACCR_RX_ON | MACCR_RX_ALL, MACCR_TX_ON | MACCR_RX_ON | MACCR_GIGA_MODE,
			1536, 64, 0x3fff, MACCR_SW_RST, 0x22f00, 0x0000ff00);

	bus_write(b->host, FTGMAC_MAC0_BASE + off % FTGMAC_REGION / width * width, val, width);
}

static void read_register(struct bed *b, struct input *in)
{
	unsigned width = 1u << take8(in) % 3;

	bus_read(b->host, FTGMAC_MAC0_BASE + take16(in) % FTGMAC_REGION / width * width, width);
}

static void write_memory(struct bed *b, struct input *in)
{
	uint32_t v =
		TAKE_OF(in, 0xffffffff, 0, 1u << 31, RINGS, RAM_BASE + RAM - 4, 0xfffffffc, DES_END_OF_RING,
			TXDES0_OWN | TXDES0_FTS | TXDES0_LTS | 60, TXDES0_OWN | TXDES0_FTS | 1500);

	dma_write(b->host, RINGS + take16(in) * 4u % RINGS_SIZE, &v, 4);
}

static void frame_in(struct bed *b, struct input *in)
{
	unsigned len = TAKE_OF(in, 60, 14, 64, 1514, 1518, 9000, 1, 0) % (FRAME_MAX + 1), how = take8(in);
	struct frame *f = frame_alloc(b->sim, len);

	memset(f->data, 0, len);
	for (unsigned i = 0; i < len && i < 24; i++)
		f->data[i] = how & 1 ? take8(in) : i < 6 ? 0xff : i == 12 ? 8 : 0;
	f->bad_fcs = how & 2;
	port_send(&b->port, f, GIGABIT);
}

static void nothing(struct event *ev)
{
	(void)ev;
}

static void pass(struct bed *b, struct input *in)
{
	struct event ev = { 0 };
	uint64_t when = b->sim->now + TAKE_OF(in, 1, 1000, 20000, 1000000, 100000000) % 1000000000;

	event_init(&ev, &b->sim->root, nothing, 0);
	event_add(&ev, when);
	sim_run(b->sim, when);
	event_del(&ev);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	struct bed b;

	bed_init(&b);
	for (unsigned n = 0; n < OPS_MAX && input_left(&in); n++) {
		uint8_t op = take8(&in);

		switch (op % 10) {
		case 0:
		case 1:
			write_register(&b, &in);
			break;
		case 2:
			read_register(&b, &in);
			break;
		case 3:
			write_memory(&b, &in);
			break;
		case 4:
			good_ring(&b, &in, op & 128);
			break;
		case 5:
			frame_in(&b, &in);
			break;
		case 6:
			pass(&b, &in);
			break;
		case 7:
			link_set_up(b.link, op & 128);
			break;
		case 8:
			iowrite32(b.host, 1, FTGMAC_MAC0_BASE + (op & 128 ? REG_NPTXPD : REG_RXPD));
			break;
		default:
			if (op == 249)
				ftgmac_power_reset(b.card);
			iowrite32(b.host, MACCR_TX_ON | MACCR_RX_ON | MACCR_RX_ALL | MACCR_GIGA_MODE,
				  FTGMAC_MAC0_BASE + REG_MACCR);
		}
	}
	bed_free(&b);
	return 0;
}
