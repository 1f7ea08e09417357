/*
 * The receiver: from arriving frames to descriptors.
 *
 *	arrival -> receiver on? -> address filter -> FIFO -> a descriptor after the other -> RPKT_BUF
 *
 * A frame that finds the FIFO empty and descriptors free passes straight through. When the next
 * descriptor is software's, frames wait in the FIFO, in order; one may be half stored. They go on when
 * RXPD, NPTXPD or MACCR is written, or when APTC makes the card look again by itself; a new arrival does
 * not make it look. When the FIFO is full, frames are lost: RPKT_LOST and NO_RXBUF.
 */
#include <stddef.h>

#include "nic-model/ftgmac100_int.h"

#define RX_TINY 10u /* shorter ones vanish without a trace */
#define RX_PATIENCE (10 * NSEC_PER_MSEC)
#define RX_RARE_POLL NSEC_PER_MSEC

/* ---- the address filter ---- */

enum dst_kind { DST_UNICAST, DST_MULTICAST, DST_BROADCAST };

static enum dst_kind dst_kind(const uint8_t *dst)
{
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	if (likely(!(dst[0] & 1)))
		return DST_UNICAST;
	return memcmp(dst, broadcast, 6) ? DST_MULTICAST : DST_BROADCAST;
}

/* Bits 7..2 of the Ethernet CRC-32 of a group address. */
static unsigned hash_bit(const uint8_t *dst)
{
	uint32_t crc = 0xffffffff;

	for (int i = 0; i < 6; i++) {
		crc ^= dst[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc >> 2 & 0x3f;
}

static bool wanted(const struct ftgmac *c, const uint8_t *dst)
{
	unsigned bit;

	if (c->maccr & MACCR_RX_ALL)
		return true;
	switch (dst_kind(dst)) {
	case DST_BROADCAST:
		return c->maccr & MACCR_RX_BROADPKT;
	case DST_MULTICAST:
		if (c->maccr & MACCR_RX_MULTIPKT)
			return true;
		if (!(c->maccr & MACCR_HT_MULTI_EN))
			return false;
		bit = hash_bit(dst);
		return c->maht[bit / 32] >> bit % 32 & 1;
	default:
		return !memcmp(dst, c->mac, 6);
	}
}

/* ---- storing the frame at hand ---- */

/* The tag goes into RXDES1 when the first buffer holds it all; RM_VLAN takes it out of the data. */
static void begin_vlan(struct ftgmac *c, struct frame *f)
{
	uint32_t first = c->rx_len < c->rbsr ? c->rx_len : c->rbsr;

	if (likely(first < 18 || f->len < 18 || load_be16(f->data + 12) != ETH_P_VLAN))
		return;
	c->rx_des1 |= RXDES1_VLANTAG_AVAIL | load_be16(f->data + 14);
	if (!(c->maccr & MACCR_RM_VLAN))
		return;
	memmove(f->data + 4, f->data, 12);
	f->data += 4;
	f->len -= 4;
	f->hash = 0;
	c->rx_len -= 4;
}

/* The frame at the head of the line: length, status, tag. */
static void begin(struct ftgmac *c, struct frame *f)
{
	uint32_t limit = (c->maccr & MACCR_JUMBO_LF ? 9216u : 1518u) - FCS_LEN + c->rx_fcs;
	enum dst_kind kind = dst_kind(f->data);

	c->rx_begun = true;
	c->rx_off = 0;
	c->rx_len = f->len + c->rx_fcs;
	c->rx_des1 = unlikely(c->rx_checksums) ? ftgmac_rx_checksums(f->data, f->len) : 0;
	c->rx_des0 = RXDES0_LRS;
	if (unlikely(kind != DST_UNICAST)) {
		c->rx_des0 |= kind == DST_BROADCAST ? RXDES0_BROADCAST : RXDES0_MULTICAST;
		c->count.rx_bc += kind == DST_BROADCAST;
		c->count.rx_mc += kind == DST_MULTICAST;
	}
	if (unlikely(c->rx_len > limit)) {
		if (f->len >= 14 && load_be16(f->data + 12) == ETH_P_VLAN)
			limit += 4;
		if (c->rx_len > limit) {
			c->rx_des0 |= RXDES0_FTL;
			c->rx_len = limit;
			c->stats.rx_too_long++;
			c->count.rx_ftl++;
		}
	}
	if (unlikely(f->bad_fcs)) {
		c->rx_des0 |= RXDES0_CRC_ERR;
		c->count.rx_crc++;
		c->stats.rx_crc++;
	}
	begin_vlan(c, f);
	c->isr |= INT_RPKT_FIFO;
}

static void put_bytes(const struct ftgmac *c, const struct frame *f, uint8_t *dst, uint32_t n)
{
	uint32_t data_end = c->rx_len - c->rx_fcs;
	uint32_t data = c->rx_off < data_end ? data_end - c->rx_off : 0;

	if (data > n)
		data = n;
	memcpy(dst, f->data + c->rx_off, data);
	/* the rest is the FCS, which our wire does not carry */
	if (likely(n - data == FCS_LEN))
		store_le32(dst + data, 0);
	else
		memset(dst + data, 0, n - data);
}

/* The frame at hand goes no further. */
static void lost(struct ftgmac *c, const struct frame *f, enum core_drop_reason why)
{
	c->rx_begun = false;
	trace_drop(c->host, why, f->journey);
}

static void stored(struct ftgmac *c, const struct frame *f)
{
	c->rx_begun = false;
	c->stats.rx_frames++;
	c->stats.rx_bytes += f->len;
	c->count.rx++;
	ftgmac_report_rx(c);
}

/* Fills one descriptor. False: it cannot, the frame is done with. */
static bool store_part(struct ftgmac *c, const struct frame *f, uint8_t *d, uint32_t des0)
{
	uint32_t n = c->rx_len - c->rx_off, buf = load_le32(d + 12);

	if (n > c->rbsr)
		n = c->rbsr;
	uint8_t *dst = ram_ptr(c->host, buf, n);

	if (unlikely(!dst)) {
		ftgmac_bus_error(c, buf);
		lost(c, f, DROP_NIC_RX_BUS_ERROR);
		return false;
	}
	put_bytes(c, f, dst, n);
	des0 |= RXDES0_RDY | (n & DES_LEN_MASK);
	if (!c->rx_off) {
		des0 |= RXDES0_FRS;
		bus_tag(c->host, buf, f->journey);
	}
	store_le32(d + 4, c->rx_off ? 0 : c->rx_des1);
	c->rx_off += n;
	if (c->rx_off == c->rx_len)
		des0 |= c->rx_des0;
	store_le32(d, des0);
	c->rx_ptr = des0 & DES_END_OF_RING ? c->rx_base : c->rx_ptr + DBLAC_RXDES_SIZE(c->dblac) * 8;
	return true;
}

/* Stores a frame, or goes on storing it. False: the next descriptor is software's, the frame waits. */
static bool store(struct ftgmac *c, struct frame *f)
{
	if (unlikely((c->maccr & MACCR_RX_ON) != MACCR_RX_ON))
		return false;
	for (;;) {
		uint8_t *d = ram_ptr(c->host, c->rx_ptr, DES_SIZE);
		uint32_t des0 = likely(d) ? load_le32(d) : RXDES0_RDY;

		if (unlikely(des0 & RXDES0_RDY))
			return false;
		if (unlikely(!c->rbsr)) {
			lost(c, f, DROP_NIC_RX_NO_BUFFER_SIZE);
			return true;
		}
		if (likely(!c->rx_begun))
			begin(c, f);
		if (unlikely(!store_part(c, f, d, des0)))
			return true;
		if (likely(c->rx_off == c->rx_len)) {
			stored(c, f);
			return true;
		}
	}
}

/* ---- the FIFO ---- */

/* Looks again after APTC's time. A driver that is merely slow frees descriptors soon, so at first this keeps
 * the run alive. Looking for a descriptor that nobody frees must not do so for ever, nor be most of what the
 * simulator does: it becomes rare. */
static void arm_poll(struct ftgmac *c)
{
	uint32_t cnt = APTC_RXPOLL_CNT(c->aptc);
	uint64_t now = host_now(c->host), wait = cnt * ftgmac_time_unit(c, c->aptc & APTC_RXPOLL_TIME_SEL);

	if (!cnt || event_pending(&c->rx_poll) || (c->maccr & MACCR_RX_ON) != MACCR_RX_ON)
		return;
	c->rx_poll.flags = 0;
	if (now - c->rx_stalled >= RX_PATIENCE) {
		c->rx_poll.flags = EVENT_BACKGROUND;
		wait = wait < RX_RARE_POLL ? RX_RARE_POLL : wait;
	}
	event_add(&c->rx_poll, now + wait);
}

static void fifo_push(struct ftgmac *c, struct frame *f)
{
	if (c->fifo_bytes + f->len + FCS_LEN > RX_FIFO_BYTES) {
		c->isr |= INT_RPKT_LOST | INT_NO_RXBUF;
		c->stats.rx_fifo_full++;
		c->count.rx_lost++;
		trace_drop(c->host, DROP_NIC_RX_FIFO_FULL, f->journey);
		frame_put(c->host->sim, f);
		return;
	}
	f->next = NULL;
	if (c->fifo) {
		c->fifo_tail->next = f;
	} else {
		c->fifo = f;
		c->rx_stalled = host_now(c->host);
	}
	c->fifo_tail = f;
	c->fifo_bytes += f->len + FCS_LEN;
	c->stats.rx_stalls++;
	arm_poll(c);
}

void ftgmac_rx_resume(struct ftgmac *c)
{
	while (unlikely(c->fifo)) {
		struct frame *f = c->fifo;
		uint32_t len = f->len; /* taking out the tag shortens it */

		if (!store(c, f)) {
			c->fifo_bytes -= len - f->len;
			arm_poll(c);
			return;
		}
		c->fifo = f->next;
		c->fifo_bytes -= len + FCS_LEN;
		c->rx_stalled = host_now(c->host);
		frame_put(c->host->sim, f);
	}
	event_del(&c->rx_poll);
}

static void on_rx_poll(struct event *ev)
{
	struct ftgmac *c = (struct ftgmac *)((char *)ev - offsetof(struct ftgmac, rx_poll));

	ftgmac_rx_resume(c);
	ftgmac_update_irq(c);
}

/* ---- arrival ---- */

/* Why the MAC does not take the frame in; DROP_NONE: it does. */
static enum core_drop_reason refuse(struct ftgmac *c, const struct frame *f)
{
	if (unlikely(!(c->maccr & MACCR_RXMAC_EN))) {
		c->stats.rx_off++;
		return DROP_NIC_RX_OFF;
	}
	if (unlikely(f->len < RX_TINY)) {
		c->stats.rx_tiny++;
		c->count.rx_runt++;
		return DROP_NIC_RX_TINY;
	}
	if (unlikely(!wanted(c, f->data))) {
		c->stats.rx_filtered++;
		return DROP_NIC_RX_FILTER;
	}
	if (unlikely(f->bad_fcs) && c->maccr & MACCR_DISCARD_CRCERR) {
		c->stats.rx_crc++;
		c->count.rx_crc++;
		return DROP_NIC_RX_BAD_FCS;
	}
	return DROP_NONE;
}

static void drop_arrival(struct ftgmac *c, struct frame *f, enum core_drop_reason why)
{
	trace_hop_in(c->host, HOP_FRAME, f->hop);
	/* a frame for somebody else is no loss: it is recorded but not counted */
	if (why != DROP_NIC_RX_FILTER)
		trace_drop(c->host, why, f->journey);
	else if (trace_recording(c->host))
		trace_put(c->host, TR_DROP, why, c->host->tr.depth + 1u, f->journey);
	frame_put(c->host->sim, f);
}

static void receive(struct port *port, struct frame *f)
{
	struct ftgmac *c = port->owner;
	enum core_drop_reason why = refuse(c, f);

	if (unlikely(why != DROP_NONE)) {
		drop_arrival(c, f, why);
		return;
	}
	if (trace_recording(c->host))
		trace_frame_rx(c->host, c->irq, f);
	if (likely(!c->fifo) && likely(store(c, f)))
		frame_put(c->host->sim, f);
	else
		fifo_push(c, f);
	ftgmac_update_irq(c);
}

void ftgmac_rx_init(struct ftgmac *c)
{
	c->port.receive = receive;
	event_init(&c->rx_poll, &c->host->node, on_rx_poll, 0);
}

void ftgmac_rx_reset(struct ftgmac *c)
{
	event_del(&c->rx_poll);
	while (c->fifo) {
		struct frame *f = c->fifo;

		c->fifo = f->next;
		c->stats.rx_reset++;
		trace_drop(c->host, DROP_NIC_RESET, f->journey);
		frame_put(c->host->sim, f);
	}
	c->fifo_bytes = 0;
	c->rx_begun = false;
	c->rx_base = 0;
	c->rx_ptr = 0;
}
