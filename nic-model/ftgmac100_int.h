/*
 * Inside of the card model: its state, and what its files call of each other.
 *
 * The rule about the interrupt line: ftgmac_update_irq() may run the driver's handler before it returns,
 * and that may come back with register accesses. So it is called last, when the card's state is whole,
 * by the three ways in: a register write, an event, the arrival of a frame.
 */
#ifndef NIC_MODEL_FTGMAC100_INT_H
#define NIC_MODEL_FTGMAC100_INT_H

#include <endian.h>
#include <string.h>

#include "core/drop.h"
#include "core/host.h"
#include "core/link.h"
#include "nic-model/ftgmac100.h"
#include "nic-model/ftgmac100_regs.h"

/* The receive FIFO: what FEAR's code 3 means. */
#define RX_FIFO_BYTES 16384u

/* Interrupt moderation of one direction: so many events are not in ISR yet. */
struct ftgmac_moderation {
	struct event timer;
	uint32_t pending;
};

/* Counters that the statistics registers show; a reset clears them. */
struct ftgmac_counters {
	uint32_t tx, rx, rx_bc, rx_mc, rx_runt, rx_crc, rx_ftl, rx_lost;
};

struct ftgmac_phy {
	uint16_t bmcr, anar;
	uint8_t iner;
	uint16_t insr;
	bool link, aneg_done;
};

struct ftgmac {
	struct host *host;
	uint32_t isr, ier, maccr;
	bool line; /* the interrupt line as we drive it */
	uint8_t irq;
	uint8_t mac[6];
	bool rx_checksums; /* ftgmac_config */
	uint8_t rx_fcs;	   /* bytes of FCS that are stored: 4, or 0 with rx_checksums */

	/* transmitter: idle, or one frame on the wire until tx_done */
	bool tx_busy;
	bool tx_asked;	  /* that frame's descriptor has TXIC */
	uint32_t tx_ptr;  /* descriptor to be fetched next */
	uint32_t tx_last; /* descriptor to be written back when the frame has left */
	struct event tx_done;

	/* receiver: frames that passed the filter and wait for a descriptor; the first may be half stored */
	uint32_t rx_ptr;
	uint32_t fifo_bytes;
	struct frame *fifo, *fifo_tail;
	bool rx_begun;		   /* the fields below describe the frame at the head */
	uint32_t rx_off;	   /* bytes of it that are stored */
	uint32_t rx_len;	   /* bytes to store, FCS included */
	uint32_t rx_des0, rx_des1; /* status for the last descriptor, tag for the first */
	uint64_t rx_stalled;	   /* since when the head of the FIFO waits */
	struct event rx_poll;	   /* APTC: look for a free descriptor again */

	struct ftgmac_moderation rx_mod, tx_mod;
	uint32_t tx_base, rx_base, maht[2], itc, aptc, dblac, revr, fear, tpafcr, rbsr, phycr, phydata, fcr;
	struct ftgmac_phy phy;
	struct ftgmac_counters count;
	struct port port;
	struct mmio_region region;
	struct ftgmac_stats stats;
};

static inline uint32_t load_le32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return le32toh(v);
}

static inline void store_le32(uint8_t *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, 4);
}

static inline uint32_t load_be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static inline void store_be16(uint8_t *p, uint32_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static inline uint64_t wire_rate(const struct ftgmac *c)
{
	return c->maccr & MACCR_GIGA_MODE ? 1000000000 : c->maccr & MACCR_FAST_MODE ? 100000000 : 10000000;
}

/* ftgmac100.c */
void ftgmac_drive_irq(struct ftgmac *c, bool level);
static inline void ftgmac_update_irq(struct ftgmac *c)
{
	bool level = (c->isr & c->ier) != 0;

	if (level != c->line)
		ftgmac_drive_irq(c, level);
}
void ftgmac_bus_error(struct ftgmac *c, uint32_t addr);
uint64_t ftgmac_time_unit(const struct ftgmac *c, bool time_sel); /* of ITC and APTC, in ns */

/* ftgmac100_itc.c: something happened that a moderated bit of ISR reports; `now` asks for no delay. */
void ftgmac_itc_init(struct ftgmac *c);
void ftgmac_itc_reset(struct ftgmac *c);
void ftgmac_report_tx(struct ftgmac *c, bool now);
void ftgmac_report_rx(struct ftgmac *c);

/* ftgmac100_tx.c */
void ftgmac_tx_init(struct ftgmac *c);
void ftgmac_tx_poke(struct ftgmac *c);
void ftgmac_tx_gates(struct ftgmac *c); /* MACCR has changed */
void ftgmac_tx_reset(struct ftgmac *c);

/* ftgmac100_rx.c */
void ftgmac_rx_init(struct ftgmac *c);
void ftgmac_rx_resume(struct ftgmac *c); /* frames that wait look for a descriptor again */
void ftgmac_rx_reset(struct ftgmac *c);

/* ftgmac100_csum.c */
void ftgmac_tx_checksums(uint8_t *data, uint32_t len, uint32_t txdes1);
uint32_t ftgmac_rx_checksums(const uint8_t *data, uint32_t len); /* bits of RXDES1 */

/* ftgmac100_phy.c */
void ftgmac_phy_reset(struct ftgmac *c);
void ftgmac_phy_link(struct ftgmac *c, bool up);
void ftgmac_phy_command(struct ftgmac *c); /* PHYCR was written */

#endif
