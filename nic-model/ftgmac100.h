/*
 * The FTGMAC100 Ethernet card of the ASPEED AST2500: registers, rings in memory, an interrupt line, a
 * port on a link, and the PHY behind MDIO.
 *
 * Whoever builds a host makes the card; from then on software meets it on the bus only. The card does
 * all its work in register accesses, in arriving frames and in its own events.
 */
#ifndef NIC_MODEL_FTGMAC100_H
#define NIC_MODEL_FTGMAC100_H

#include <stdbool.h>
#include <stdint.h>

#define FTGMAC_MAC0_BASE 0x1e660000u
#define FTGMAC_MAC0_IRQ 2
#define FTGMAC_MAC1_BASE 0x1e680000u
#define FTGMAC_MAC1_IRQ 3
#define FTGMAC_REGION 0x2000u

struct ftgmac;
struct host;
struct port;

struct ftgmac_config {
	uint32_t base;	  /* bus address of the registers */
	unsigned irq;	  /* line into the interrupt controller */
	uint8_t mac[6];	  /* loaded into MAC_MADR/LADR at power-on */
	const char *name; /* of the port: "eth0" */
	/* Tell software which protocol a received frame has and whether its checksums are right, as silicon
	 * does by the names of the bits, and store no FCS. Off: as QEMU, which knows neither. */
	bool rx_checksums;
};

/* What the card did since it was made; a reset does not clear it. */
struct ftgmac_stats {
	uint64_t tx_frames, tx_bytes, rx_frames, rx_bytes;
	uint64_t tx_lost;    /* head of a frame without a tail, empty, or no memory */
	uint64_t tx_no_link; /* sent, but into no cable or a dead link */
	uint64_t rx_filtered, rx_off, rx_tiny, rx_crc, rx_too_long, rx_fifo_full, rx_reset;
	uint64_t rx_stalls; /* how often a frame had to wait for a descriptor */
	uint64_t bus_errors, tx_pokes, line_raised;
};

/* Makes a card, in power-on state, on the host's bus. NULL: no memory. */
struct ftgmac *ftgmac_create(struct host *host, const struct ftgmac_config *config);
void ftgmac_destroy(struct ftgmac *card); /* its link must be gone; NULL is allowed */

struct port *ftgmac_port(struct ftgmac *card);	/* for link_new() */
void ftgmac_power_reset(struct ftgmac *card);	/* the machine's reset line; the MAC address survives */
bool ftgmac_link_up(const struct ftgmac *card); /* as the PHY sees it */
bool ftgmac_irq_level(const struct ftgmac *card);
const struct ftgmac_stats *ftgmac_get_stats(const struct ftgmac *card);

/* Something the card will do by itself within `horizon` ns: a frame leaving, a moderated interrupt. A
 * frame that waits for a free descriptor is not in flight, nor is the polling for one. */
bool ftgmac_busy(const struct ftgmac *card, uint64_t horizon);
/* Bus addresses of the descriptors that the card looks at next. */
void ftgmac_ring_pointers(const struct ftgmac *card, uint32_t *tx, uint32_t *rx);
/* The receiver is switched on (RXMAC_EN): a frame that arrives now is looked at. */
bool ftgmac_receiving(const struct ftgmac *card);

#endif
