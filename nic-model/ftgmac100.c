/*
 * The card: making it, its registers, its interrupt line, its resets.
 *
 * Ways in: software's register accesses, the three kinds of events of the card, arriving frames. What a
 * register does is in nic-model/README.md where the fact sheet leaves it open.
 */
#include "nic-model/ftgmac100.h"

#include <stddef.h>
#include <stdlib.h>

#include "nic-model/ftgmac100_int.h"
#include "nic-model/mac.h"

#define WINDOW_MASK 0xffu /* the registers repeat every 256 bytes */

/* ---- interrupt line, errors, time ---- */

void ftgmac_drive_irq(struct ftgmac *c, bool level)
{
	c->line = level;
	c->stats.line_raised += level;
	cpu_set_line(&c->host->cpu, c->irq, level);
}

void ftgmac_bus_error(struct ftgmac *c, uint32_t addr)
{
	c->isr |= INT_AHB_ERR;
	c->stats.bus_errors++;
	c->host->bus.nr_errors++;
	c->host->bus.last_error = addr;
}

uint64_t ftgmac_time_unit(const struct ftgmac *c, bool time_sel)
{
	uint64_t unit = c->maccr & MACCR_GIGA_MODE ? 1024 : c->maccr & MACCR_FAST_MODE ? 5120 : 51200;

	return time_sel ? unit * 16 : unit;
}

/* ---- reset ---- */

/* Everything but MACCR and the MAC address, which survives any reset but power-on. */
static void reset(struct ftgmac *c)
{
	ftgmac_tx_reset(c);
	ftgmac_rx_reset(c);
	ftgmac_itc_reset(c);
	c->isr = 0;
	c->ier = 0;
	c->maht[0] = 0;
	c->maht[1] = 0;
	c->itc = 0;
	c->aptc = 0;
	c->dblac = 0x00022f00;
	c->revr = 0;
	c->fear = 0;
	c->tpafcr = 0x000000f1;
	c->rbsr = 0x640;
	c->phycr = 0;
	c->phydata = 0;
	c->fcr = 0x00000400;
	memset(&c->count, 0, sizeof(c->count));
	ftgmac_phy_reset(c);
}

void ftgmac_power_reset(struct ftgmac *c)
{
	reset(c);
	c->maccr = 0;
	ftgmac_update_irq(c);
}

/* ---- registers ---- */

static void write_maccr(struct ftgmac *c, uint32_t val)
{
	if (val & MACCR_SW_RST) {
		reset(c);
		c->maccr = val & (MACCR_GIGA_MODE | MACCR_FAST_MODE);
		return;
	}
	c->maccr = val;
	ftgmac_tx_gates(c);
	ftgmac_rx_resume(c);
}

static void write_dblac(struct ftgmac *c, uint32_t val)
{
	if (DBLAC_TXDES_SIZE(val) >= DES_SIZE / 8 && DBLAC_RXDES_SIZE(val) >= DES_SIZE / 8)
		c->dblac = val;
}

/* A ring's base moves the current pointer with it; an unaligned one is ignored. */
static void write_ring(uint32_t *base, uint32_t *ptr, uint32_t val)
{
	if (val % DES_ALIGN)
		return;
	*base = val;
	*ptr = val;
}

/* Out of line: it would cost the registers of every packet the saving of ours. */
static __attribute__((noinline)) void write_setting(struct ftgmac *c, uint32_t off, uint32_t val)
{
	switch (off) {
	case REG_MAC_MADR:
		mac_write(c->mac, val, 2);
		break;
	case REG_MAC_LADR:
		mac_write(c->mac + 2, val, 4);
		break;
	case REG_MAHT0:
		c->maht[0] = val;
		break;
	case REG_MAHT1:
		c->maht[1] = val;
		break;
	case REG_RXPD:
		ftgmac_rx_resume(c);
		break;
	case REG_NPTXR_BADR:
		write_ring(&c->tx_base, &c->tx_ptr, val);
		break;
	case REG_RXR_BADR:
		write_ring(&c->rx_base, &c->rx_ptr, val);
		break;
	case REG_ITC:
		c->itc = val;
		break;
	case REG_APTC:
		c->aptc = val;
		break;
	case REG_DBLAC:
		write_dblac(c, val);
		break;
	case REG_REVR:
		c->revr = val;
		break;
	case REG_FEAR:
		c->fear = val;
		break;
	case REG_TPAFCR:
		c->tpafcr = val;
		break;
	case REG_RBSR:
		c->rbsr = val;
		break;
	case REG_MACCR:
		write_maccr(c, val);
		break;
	case REG_PHYCR:
		c->phycr = val;
		ftgmac_phy_command(c);
		break;
	case REG_PHYDATA:
		c->phydata = val & 0xffff;
		break;
	case REG_FCR:
		c->fcr = val;
		break;
	default: /* read-only, or not there */
		break;
	}
}

static void reg_write(void *dev, uint32_t off, uint32_t val, unsigned width)
{
	struct ftgmac *c = dev;

	if (unlikely(width != 4))
		return;
	off &= WINDOW_MASK;
	if (off == REG_ISR) {
		c->isr &= ~val;
	} else if (off == REG_IER) {
		c->ier = val;
	} else if (off == REG_NPTXPD) {
		ftgmac_tx_poke(c);
		ftgmac_rx_resume(c);
	} else {
		write_setting(c, off, val);
	}
	ftgmac_update_irq(c);
}

static uint32_t reg_read(void *dev, uint32_t off, unsigned width)
{
	const struct ftgmac *c = dev;

	if (width != 4)
		return 0;
	switch (off & WINDOW_MASK) {
	case REG_ISR:
		return c->isr;
	case REG_IER:
		return c->ier;
	case REG_MAC_MADR:
		return mac_read(c->mac, 2);
	case REG_MAC_LADR:
		return mac_read(c->mac + 2, 4);
	case REG_MAHT0:
		return c->maht[0];
	case REG_MAHT1:
		return c->maht[1];
	case REG_NPTXR_BADR:
		return c->tx_base;
	case REG_RXR_BADR:
		return c->rx_base;
	case REG_ITC:
		return c->itc;
	case REG_DBLAC:
		return c->dblac;
	case REG_REVR:
		return c->revr;
	case REG_FEAR:
		return c->fear;
	case REG_TPAFCR:
		return c->tpafcr;
	case REG_MACCR:
		return c->maccr;
	case REG_PHYCR:
		return c->phycr;
	case REG_PHYDATA:
		return c->phydata;
	case REG_FCR:
		return c->fcr;
	case REG_TX:
		return c->count.tx;
	case REG_RX:
		return c->count.rx;
	case REG_RX_BC:
		return c->count.rx_bc;
	case REG_RX_MC:
		return c->count.rx_mc;
	case REG_RX_RUNT:
		return c->count.rx_runt;
	case REG_RX_CRCER_FTL:
		return c->count.rx_crc << 16 | (c->count.rx_ftl & 0xffff);
	case REG_RX_COL_LOST:
		return c->count.rx_lost << 16;
	default: /* write-only, or not there */
		return 0;
	}
}

/* ---- making, and what the builder of a host may ask ---- */

static void link_change(struct port *port, bool up)
{
	ftgmac_phy_link(port->owner, up);
}

struct ftgmac *ftgmac_create(struct host *host, const struct ftgmac_config *config)
{
	struct ftgmac *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->host = host;
	c->irq = config->irq;
	memcpy(c->mac, config->mac, sizeof(c->mac));
	c->rx_checksums = config->rx_checksums;
	c->rx_fcs = config->rx_checksums ? 0 : FCS_LEN;
	port_init(&c->port, &host->node, host, config->name);
	trace_subject_name(host, SUBJECT_CARD, c->irq, "%s", config->name);
	c->port.owner = c;
	c->port.link_change = link_change;
	ftgmac_tx_init(c);
	ftgmac_rx_init(c);
	ftgmac_itc_init(c);
	ftgmac_power_reset(c);
	c->region = (struct mmio_region){
		.base = config->base,
		.size = FTGMAC_REGION,
		.dev = c,
		.read = reg_read,
		.write = reg_write,
	};
	bus_attach(host, &c->region);
	return c;
}

void ftgmac_destroy(struct ftgmac *c)
{
	if (!c)
		return;
	reset(c);
	ftgmac_update_irq(c);
	bus_detach(c->host, &c->region);
	free(c);
}

struct port *ftgmac_port(struct ftgmac *c)
{
	return &c->port;
}

bool ftgmac_link_up(const struct ftgmac *c)
{
	return c->phy.link;
}

bool ftgmac_irq_level(const struct ftgmac *c)
{
	return c->line;
}

const struct ftgmac_stats *ftgmac_get_stats(const struct ftgmac *c)
{
	return &c->stats;
}

static bool due(const struct ftgmac *c, const struct event *ev, uint64_t horizon)
{
	return event_pending(ev) && ev->when - c->host->sim->now <= horizon;
}

bool ftgmac_busy(const struct ftgmac *c, uint64_t horizon)
{
	return due(c, &c->tx_done, horizon) || due(c, &c->tx_mod.timer, horizon) ||
	       due(c, &c->rx_mod.timer, horizon);
}

void ftgmac_ring_pointers(const struct ftgmac *c, uint32_t *tx, uint32_t *rx)
{
	*tx = c->tx_ptr;
	*rx = c->rx_ptr;
}

bool ftgmac_receiving(const struct ftgmac *c)
{
	return c->maccr & MACCR_RXMAC_EN;
}
