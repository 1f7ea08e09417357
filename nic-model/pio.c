/*
 * The PIO card: see pio.h and README.md.
 *
 * As with the FTGMAC100, update_irq() may run the driver's handler, which comes back with register accesses:
 * it is called last by each way in (a register write, the end of a transmission, an arriving frame, the
 * link).
 */
#include "nic-model/mac.h"
#include "nic-model/pio.h"

#include <endian.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/drop.h"
#include "core/host.h"
#include "core/link.h"

enum {
	REG_CTRL = 0x00,
	REG_ISR = 0x04,
	REG_IER = 0x08,
	REG_MACH = 0x0c,
	REG_MACL = 0x10,
	REG_STATUS = 0x14,
	REG_RXLEN = 0x18,
	REG_RXDATA = 0x1c,
	REG_RXNEXT = 0x20,
	REG_TXLEN = 0x24,
	REG_TXDATA = 0x28,
	REG_TXGO = 0x2c,
	REG_TAG = 0x30,
	REG_LOST = 0x34,
};

#define CTRL_EN (1u << 0)
#define CTRL_PROMISC (1u << 1)
#define CTRL_ALLMULTI (1u << 2)
#define CTRL_RESET (1u << 31)
#define INT_RX (1u << 0)
#define INT_TXDONE (1u << 1)
#define INT_RXLOST (1u << 2)
#define INT_LINK (1u << 3)
#define STATUS_LINK (1u << 0)
#define STATUS_TXBUSY (1u << 1)

#define RATE 100000000ull
#define RX_FIFO_BYTES 16384u
#define FRAME_SHORTEST 14u
#define FRAME_LONGEST 1518u /* without FCS, with a tag */

struct pio {
	struct host *host;
	uint32_t ctrl, isr, ier;
	uint8_t irq;
	bool line, link;
	uint8_t mac[6];
	/* receiver: frames that software has not taken yet */
	struct frame *fifo, *fifo_tail;
	uint32_t fifo_bytes, rx_off, lost;
	/* transmitter: the frame being written, then on the wire until tx_done */
	struct frame *tx;
	uint32_t tx_off, tx_tag;
	struct event tx_done;
	struct port port;
	struct mmio_region region;
};

static void update_irq(struct pio *c)
{
	bool level = (c->isr & c->ier) != 0;

	if (level == c->line)
		return;
	c->line = level;
	cpu_set_line(&c->host->cpu, c->irq, level);
}

/* ---- receiving ---- */

static bool wanted(const struct pio *c, const uint8_t *dst)
{
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	if (c->ctrl & CTRL_PROMISC || !memcmp(dst, c->mac, 6) || !memcmp(dst, broadcast, 6))
		return true;
	return dst[0] & 1 && c->ctrl & CTRL_ALLMULTI;
}

/* Why the card does not take the frame in; DROP_NONE: it does. */
static enum core_drop_reason refuse(const struct pio *c, const struct frame *f)
{
	if (!(c->ctrl & CTRL_EN))
		return DROP_NIC_RX_OFF;
	if (f->len < FRAME_SHORTEST)
		return DROP_NIC_RX_TINY;
	if (f->len > FRAME_LONGEST)
		return DROP_NIC_RX_TOO_LONG;
	if (!wanted(c, f->data))
		return DROP_NIC_RX_FILTER;
	if (f->bad_fcs)
		return DROP_NIC_RX_BAD_FCS;
	return c->fifo_bytes + f->len > RX_FIFO_BYTES ? DROP_NIC_RX_FIFO_FULL : DROP_NONE;
}

static void drop_arrival(struct pio *c, struct frame *f, enum core_drop_reason why)
{
	trace_hop_in(c->host, HOP_FRAME, f->hop);
	/* as with the other card: a frame for somebody else is recorded but no loss */
	if (why != DROP_NIC_RX_FILTER)
		trace_drop(c->host, why, f->journey);
	else if (trace_recording(c->host))
		trace_put(c->host, TR_DROP, why, c->host->tr.depth + 1u, f->journey);
	if (why != DROP_NIC_RX_FILTER && why != DROP_NIC_RX_OFF) {
		c->lost++;
		c->isr |= INT_RXLOST;
	}
	frame_put(c->host->sim, f);
}

static void receive(struct port *port, struct frame *f)
{
	struct pio *c = port->owner;
	enum core_drop_reason why = refuse(c, f);

	if (why != DROP_NONE) {
		drop_arrival(c, f, why);
		update_irq(c);
		return;
	}
	if (trace_recording(c->host))
		trace_frame_rx(c->host, c->irq, f);
	f->next = NULL;
	if (c->fifo)
		c->fifo_tail->next = f;
	else
		c->fifo = f;
	c->fifo_tail = f;
	c->fifo_bytes += f->len;
	c->isr |= INT_RX;
	update_irq(c);
}

/* The next word of the frame at the head, the bytes behind its end zero. */
static uint32_t rx_word(struct pio *c)
{
	uint32_t word = 0, n;

	if (!c->fifo || c->rx_off >= c->fifo->len)
		return 0;
	n = c->fifo->len - c->rx_off < 4 ? c->fifo->len - c->rx_off : 4;
	memcpy(&word, c->fifo->data + c->rx_off, n);
	c->rx_off += n;
	return le32toh(word);
}

static void rx_next(struct pio *c)
{
	struct frame *f = c->fifo;

	if (!f)
		return;
	c->fifo = f->next;
	c->fifo_bytes -= f->len;
	c->rx_off = 0;
	if (!c->fifo)
		c->isr &= ~INT_RX;
	frame_put(c->host->sim, f);
}

/* ---- sending ---- */

static void tx_begin(struct pio *c, uint32_t len)
{
	if (event_pending(&c->tx_done) || len < FRAME_SHORTEST || len > FRAME_LONGEST)
		return;
	if (c->tx)
		frame_put(c->host->sim, c->tx);
	c->tx = frame_alloc(c->host->sim, len);
	if (c->tx)
		memset(c->tx->data, 0, len);
	c->tx_off = 0;
}

static void tx_word(struct pio *c, uint32_t word)
{
	uint32_t n;

	if (!c->tx || c->tx_off >= c->tx->len)
		return;
	n = c->tx->len - c->tx_off < 4 ? c->tx->len - c->tx_off : 4;
	word = htole32(word);
	memcpy(c->tx->data + c->tx_off, &word, n);
	c->tx_off += n;
}

static void tx_go(struct pio *c)
{
	struct host *host = c->host;
	struct frame *f = c->tx;
	uint32_t len;
	uint64_t left;

	if (!f || !(c->ctrl & CTRL_EN) || event_pending(&c->tx_done))
		return;
	c->tx = NULL;
	len = f->len;
	f->journey = c->tx_tag;
	if (trace_recording(host))
		trace_frame_tx(host, c->irq, f);
	left = port_send(&c->port, f, RATE);
	if (!left) /* nobody hears it, but the card does not know */
		left = host_now(host) + wire_time(len, RATE);
	event_add(&c->tx_done, left);
}

static void on_tx_done(struct event *ev)
{
	struct pio *c = (struct pio *)((char *)ev - offsetof(struct pio, tx_done));

	c->isr |= INT_TXDONE;
	update_irq(c);
}

/* ---- registers ---- */

/* Everything but the MAC address. What is on the wire arrives. */
static void reset(struct pio *c)
{
	event_del(&c->tx_done);
	if (c->tx)
		frame_put(c->host->sim, c->tx);
	c->tx = NULL;
	while (c->fifo) {
		trace_drop(c->host, DROP_NIC_RESET, c->fifo->journey);
		rx_next(c);
	}
	c->ctrl = 0;
	c->isr = 0;
	c->ier = 0;
	c->lost = 0;
	c->tx_tag = 0;
}

static void reg_write(void *dev, uint32_t off, uint32_t val, unsigned width)
{
	struct pio *c = dev;

	if (width != 4)
		return;
	switch (off) {
	case REG_CTRL:
		if (val & CTRL_RESET)
			reset(c);
		else
			c->ctrl = val & (CTRL_EN | CTRL_PROMISC | CTRL_ALLMULTI);
		break;
	case REG_ISR: /* INT_RX stays while there is a frame */
		c->isr &= ~(val & (INT_TXDONE | INT_RXLOST | INT_LINK));
		break;
	case REG_IER:
		c->ier = val;
		break;
	case REG_MACH:
		mac_write(c->mac, val, 2);
		break;
	case REG_MACL:
		mac_write(c->mac + 2, val, 4);
		break;
	case REG_RXNEXT:
		rx_next(c);
		break;
	case REG_TXLEN:
		tx_begin(c, val);
		break;
	case REG_TXDATA:
		tx_word(c, val);
		return; /* hot: nothing to tell */
	case REG_TXGO:
		tx_go(c);
		break;
	case REG_TAG:
		c->tx_tag = val;
		break;
	default: /* read-only, or not there */
		break;
	}
	update_irq(c);
}

static uint32_t reg_read(void *dev, uint32_t off, unsigned width)
{
	struct pio *c = dev;

	if (width != 4)
		return 0;
	switch (off) {
	case REG_CTRL:
		return c->ctrl;
	case REG_ISR:
		return c->isr;
	case REG_IER:
		return c->ier;
	case REG_MACH:
		return mac_read(c->mac, 2);
	case REG_MACL:
		return mac_read(c->mac + 2, 4);
	case REG_STATUS:
		return (c->link ? STATUS_LINK : 0) | (event_pending(&c->tx_done) ? STATUS_TXBUSY : 0);
	case REG_RXLEN:
		return c->fifo ? c->fifo->len : 0;
	case REG_RXDATA:
		return rx_word(c);
	case REG_TAG:
		return c->fifo ? c->fifo->journey : 0;
	case REG_LOST:
		return c->lost;
	default: /* write-only, or not there */
		return 0;
	}
}

/* ---- making ---- */

static void link_change(struct port *port, bool up)
{
	struct pio *c = port->owner;

	c->link = up;
	c->isr |= INT_LINK;
	update_irq(c);
}

struct pio *pio_create(struct host *host, const struct pio_config *config)
{
	struct pio *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->host = host;
	c->irq = (uint8_t)config->irq;
	memcpy(c->mac, config->mac, sizeof(c->mac));
	port_init(&c->port, &host->node, host, config->name);
	trace_subject_name(host, SUBJECT_CARD, c->irq, "%s", config->name);
	c->port.owner = c;
	c->port.receive = receive;
	c->port.link_change = link_change;
	event_init(&c->tx_done, &host->node, on_tx_done, 0);
	c->region = (struct mmio_region){
		.base = config->base,
		.size = PIO_REGION,
		.dev = c,
		.read = reg_read,
		.write = reg_write,
	};
	bus_attach(host, &c->region);
	return c;
}

void pio_destroy(struct pio *c)
{
	if (!c)
		return;
	reset(c);
	update_irq(c);
	bus_detach(c->host, &c->region);
	free(c);
}

struct port *pio_port(struct pio *c)
{
	return &c->port;
}
