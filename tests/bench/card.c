/*
 * What a frame costs at card level, without software: descriptors, DMA, wire, digest, events.
 *
 *	card to card, 1514 and 60 bytes: transmit DMA, link, receive DMA
 *	W2: a million frames of 60 bytes (64 with FCS) card, switch, card: two links each
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/host.h"
#include "core/link.h"
#include "nic-model/ftgmac100.h"
#include "nic-model/ftgmac100_regs.h"

#define RING 128u
#define TX_RING (RAM_BASE + 0x10000)
#define RX_RING (RAM_BASE + 0x20000)
#define TX_BUFS (RAM_BASE + 0x100000)
#define RX_BUFS (RAM_BASE + 0x200000)
#define BUF 2048u

struct machine {
	struct host *host;
	struct ftgmac *card;
};

static uint32_t *word_at(struct host *host, uint32_t addr)
{
	return ram_ptr(host, addr, 16);
}

static void reg(struct machine *m, uint32_t off, uint32_t val)
{
	iowrite32(m->host, val, FTGMAC_MAC0_BASE + off);
}

static void machine_init(struct machine *m, struct sim *sim, const char *name, uint8_t last)
{
	struct ftgmac_config config = {
		.base = FTGMAC_MAC0_BASE, .irq = 2, .mac = { 2, 0, 0, 0, 0, last }, .name = "eth0"
	};

	m->host = host_new(sim, name, 16u << 20);
	m->card = ftgmac_create(m->host, &config);
	for (unsigned i = 0; i < RING; i++) {
		uint32_t *tx = word_at(m->host, TX_RING + 16 * i), *rx = word_at(m->host, RX_RING + 16 * i);

		tx[3] = TX_BUFS + BUF * i + 2;
		rx[3] = RX_BUFS + BUF * i + 2;
	}
	reg(m, REG_NPTXR_BADR, TX_RING);
	reg(m, REG_RXR_BADR, RX_RING);
	reg(m, REG_RBSR, 1536);
	reg(m, REG_MACCR, MACCR_TX_ON | MACCR_RX_ON | MACCR_GIGA_MODE | MACCR_RX_BROADPKT);
}

static void address(struct machine *from, uint8_t to, uint8_t self, uint32_t len)
{
	for (unsigned i = 0; i < RING; i++) {
		uint8_t *p = ram_ptr(from->host, TX_BUFS + BUF * i + 2, len);
		const uint8_t header[14] = { 2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, self, 0x88, 0xb5 };

		for (uint32_t k = 0; k < len; k++)
			p[k] = k * 7 + i;
		memcpy(p, header, sizeof(header));
	}
}

/* A ring's worth of frames from a to b, as often as needed. */
static double run(struct sim *sim, struct machine *a, struct machine *b, uint32_t len, unsigned frames)
{
	clock_t start = clock();

	for (unsigned done = 0; done < frames; done += RING) {
		for (unsigned i = 0; i < RING; i++) {
			uint32_t end = i == RING - 1 ? DES_END_OF_RING : 0;

			*word_at(b->host, RX_RING + 16 * i) = end;
			*word_at(a->host, TX_RING + 16 * i) =
				TXDES0_OWN | TXDES0_FTS | TXDES0_LTS | end | len;
		}
		reg(a, REG_NPTXPD, 1);
		sim_run(sim, SIM_FOREVER);
		reg(a, REG_ISR, ~0u);
		reg(b, REG_ISR, ~0u);
	}
	return (double)(clock() - start) / CLOCKS_PER_SEC;
}

static void report(const char *what, double s, unsigned frames, unsigned links, struct machine *b,
		   uint64_t had)
{
	uint64_t got = ftgmac_get_stats(b->card)->rx_frames - had;

	printf("%-44s %7.1f ns a frame and link\n", what, s * 1e9 / frames / links);
	if (got != frames) {
		printf("  only %llu of %u frames arrived\n", (unsigned long long)got, frames);
		exit(1);
	}
}

int main(void)
{
	const unsigned n = 128 * 7813; /* a little over a million */
	struct sim *sim = sim_new(1);
	struct machine a, b;
	struct link_params params = { .delay = 50000 };

	machine_init(&a, sim, "a", 1);
	machine_init(&b, sim, "b", 2);
	struct link *link = link_new(sim, "ab", ftgmac_port(a.card), ftgmac_port(b.card), &params);

	address(&a, 2, 1, 1514);
	report("card to card, 1514 bytes", run(sim, &a, &b, 1514, n), n, 1, &b, 0);
	report("card to card, 60 bytes", run(sim, &a, &b, 60, n), n, 1, &b, n);
	link_free(link);

	struct net_switch *sw = switch_new(sim, "sw", false);
	struct link *l1 = link_new(sim, "a", ftgmac_port(a.card), switch_add_port(sw, "p0"), &params);
	struct link *l2 = link_new(sim, "b", ftgmac_port(b.card), switch_add_port(sw, "p1"), &params);

	/* one frame back, so that the switch knows b */
	address(&b, 1, 2, 60);
	*word_at(a.host, RX_RING) = 0;
	*word_at(b.host, TX_RING) = TXDES0_OWN | TXDES0_FTS | TXDES0_LTS | 60;
	reg(&b, REG_NPTXPD, 1);
	sim_run(sim, SIM_FOREVER);
	report("W2: through the switch, 60 bytes", run(sim, &a, &b, 60, n), n, 2, &b, 2 * n);
	report("through the switch, 1514 bytes", run(sim, &a, &b, 1514, n), n, 2, &b, 3 * n);

	link_free(l1);
	link_free(l2);
	switch_free(sw);
	ftgmac_destroy(a.card);
	ftgmac_destroy(b.card);
	host_free(a.host);
	host_free(b.host);
	sim_free(sim);
	return 0;
}
