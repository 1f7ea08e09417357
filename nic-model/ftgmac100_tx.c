/*
 * The transmitter: from descriptors to frames on the wire, one after the other.
 *
 *	        poke, first descriptor owned               frame has left
 *	idle ------------------------------> on the wire ------------------> write back, XPKT_ETH,
 *	 ^                                        ^                          fetch the next
 *	 |            owned                       +---------------------------------+
 *	 +---- NO_NPTXBUF: not owned, or bus error ---------------------------------+
 *
 * A descriptor that is not a frame's last is handed back as soon as its bytes are fetched, the last one
 * when the frame has left. So the engine never meets a descriptor twice, however odd the ring is.
 */
#include <stddef.h>

#include "nic-model/ftgmac100_int.h"

/* A frame being put together from its segments. */
struct gather {
	struct frame *frame; /* NULL: no byte yet, or no memory */
	bool no_memory;
	uint32_t flags;	    /* TXDES1 of the segment with FTS */
	uint32_t first_buf; /* bus address of the first bytes, for the packet's label */
	uint32_t len;
};

static uint32_t next_descriptor(const struct ftgmac *c, uint32_t addr, uint32_t des0)
{
	return des0 & DES_END_OF_RING ? c->tx_base : addr + DBLAC_TXDES_SIZE(c->dblac) * 8;
}

static void give_back(struct ftgmac *c, uint32_t addr)
{
	uint8_t *d = ram_ptr(c->host, addr, DES_SIZE);

	if (likely(d))
		store_le32(d, load_le32(d) & ~TXDES0_OWN);
}

/* Room for `len` bytes in all: most frames need one allocation, a long one in segments needs a second. */
static bool gather_room(struct ftgmac *c, struct gather *g, uint32_t len, bool last)
{
	struct sim *sim = c->host->sim;
	struct frame *f = g->frame;

	if (unlikely(g->no_memory))
		return false;
	if (f && f->capacity >= len)
		return true;
	f = frame_alloc(sim, last || !g->frame ? len : FRAME_MAX);
	if (f && g->frame)
		memcpy(f->data, g->frame->data, g->len);
	if (g->frame)
		frame_put(sim, g->frame);
	g->frame = f;
	g->no_memory = !f;
	return f != NULL;
}

/* Adds one segment's bytes. False: bus error. */
static bool gather_segment(struct ftgmac *c, struct gather *g, uint32_t des0, const uint8_t *d)
{
	uint32_t len = des0 & DES_LEN_MASK, buf;

	if (unlikely(len > FRAME_MAX - g->len)) {
		c->isr |= INT_XPKT_LOST;
		len = FRAME_MAX - g->len;
	}
	if (unlikely(!len))
		return true;
	buf = load_le32(d + 12);
	const void *src = ram_ptr(c->host, buf, len);

	if (unlikely(!src)) {
		ftgmac_bus_error(c, buf);
		return false;
	}
	if (likely(gather_room(c, g, g->len + len, des0 & TXDES0_LTS)))
		memcpy(g->frame->data + g->len, src, len);
	if (!g->len)
		g->first_buf = buf;
	g->len += len;
	return true;
}

/* Puts the tag behind the addresses, unless the frame has one. */
static void insert_tag(struct ftgmac *c, struct frame *f, uint32_t tci)
{
	if (f->len < 14) {
		c->isr |= INT_XPKT_LOST;
		return;
	}
	if (load_be16(f->data + 12) == ETH_P_VLAN)
		return;
	f->data -= FRAME_HEADROOM;
	f->len += FRAME_HEADROOM;
	memmove(f->data, f->data + FRAME_HEADROOM, 12);
	store_be16(f->data + 12, ETH_P_VLAN);
	store_be16(f->data + 14, tci);
}

static void lost(struct ftgmac *c, struct gather *g, enum core_drop_reason why)
{
	c->stats.tx_lost++;
	trace_drop(c->host, why, bus_tag_get(c->host, g->first_buf));
	if (g->frame)
		frame_put(c->host->sim, g->frame);
}

/* The frame is whole: out on the wire with it. False: there was nothing to send. */
static bool transmit(struct ftgmac *c, struct gather *g)
{
	struct host *host = c->host;
	struct frame *f = g->frame;

	if (unlikely(!f)) {
		lost(c, g, g->len ? DROP_NIC_TX_NO_MEMORY : DROP_NIC_TX_EMPTY);
		return false;
	}
	f->len = g->len;
	if (unlikely(g->flags & TXDES1_INS_VLANTAG))
		insert_tag(c, f, TXDES1_VLANTAG_CI(g->flags));
	if (g->flags & (TXDES1_IP_CHKSUM | TXDES1_TCP_CHKSUM | TXDES1_UDP_CHKSUM))
		ftgmac_tx_checksums(f->data, f->len, g->flags);
	f->journey = bus_tag_get(host, g->first_buf);
	if (trace_recording(host))
		trace_frame_tx(host, c->irq, f);
	c->stats.tx_frames++;
	c->stats.tx_bytes += f->len;
	c->count.tx++;

	uint32_t len = f->len;
	uint64_t left = port_send(&c->port, f, wire_rate(c));

	if (unlikely(!left)) { /* nobody hears it, but the card does not know */
		c->stats.tx_no_link++;
		left = host_now(host) + wire_time(len, wire_rate(c));
	}
	event_add(&c->tx_done, left);
	c->tx_busy = true;
	return true;
}

/* The descriptor that ends a frame. */
static void frame_end(struct ftgmac *c, struct gather *g, uint32_t addr)
{
	c->tx_last = addr;
	c->tx_asked = g->flags & TXDES1_TXIC;
	if (unlikely(!transmit(c, g))) { /* done with at once */
		give_back(c, addr);
		ftgmac_report_tx(c, c->tx_asked);
	}
	*g = (struct gather){ 0 };
}

/* Fetches descriptors until a frame is on the wire or none is left. */
static void fetch(struct ftgmac *c)
{
	struct gather g = { 0 };

	while (!c->tx_busy) {
		uint32_t addr = c->tx_ptr;
		uint8_t *d = ram_ptr(c->host, addr, DES_SIZE);
		uint32_t des0 = likely(d) ? load_le32(d) : 0;

		if (!(des0 & TXDES0_OWN)) {
			c->isr |= INT_NO_NPTXBUF;
			break;
		}
		if (des0 & TXDES0_FTS)
			g.flags = load_le32(d + 4);
		if (unlikely(!gather_segment(c, &g, des0, d)))
			break;
		c->tx_ptr = next_descriptor(c, addr, des0);
		if (g.flags & TXDES1_TX2FIC)
			c->isr |= INT_XPKT_FIFO;
		if (des0 & TXDES0_LTS)
			frame_end(c, &g, addr);
		else
			give_back(c, addr);
	}
	if (unlikely(g.len))
		lost(c, &g, DROP_NIC_TX_HEAD_LOST);
}

/* The frame on the wire is done with, as far as software can see. */
static void finish(struct ftgmac *c)
{
	c->tx_busy = false;
	give_back(c, c->tx_last);
	ftgmac_report_tx(c, c->tx_asked);
}

static bool switched_on(const struct ftgmac *c)
{
	return (c->maccr & MACCR_TX_ON) == MACCR_TX_ON;
}

static void on_tx_done(struct event *ev)
{
	struct ftgmac *c = (struct ftgmac *)((char *)ev - offsetof(struct ftgmac, tx_done));

	finish(c);
	fetch(c);
	ftgmac_update_irq(c);
}

void ftgmac_tx_poke(struct ftgmac *c)
{
	c->stats.tx_pokes++;
	if (switched_on(c) && !c->tx_busy)
		fetch(c);
}

/* Switched off in the middle of a frame: it is written back now, since the driver is about to take the
 * ring away. Its bits are on the wire already. */
void ftgmac_tx_gates(struct ftgmac *c)
{
	if (!c->tx_busy || switched_on(c))
		return;
	event_del(&c->tx_done);
	finish(c);
}

void ftgmac_tx_init(struct ftgmac *c)
{
	event_init(&c->tx_done, &c->host->node, on_tx_done, 0);
}

/* Software reset forgets the frame on the wire; its descriptor stays as it is. */
void ftgmac_tx_reset(struct ftgmac *c)
{
	event_del(&c->tx_done);
	c->tx_busy = false;
	c->tx_base = 0;
	c->tx_ptr = 0;
}
