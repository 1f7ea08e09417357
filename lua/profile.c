/*
 * The profile "ast2500": an ARM1176 at 800 MHz. The ratios come from golden/medians.txt (a traced kernel in
 * an emulator, so only ratios mean something): what a function costs itself, without what it calls. Anything
 * not listed takes DEFAULT_NS, so that a call is never free.
 */
#include "lua/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sim.h"
#include "core/trace.h"

#define DEFAULT_NS 100

static const struct {
	const char *name;
	uint32_t ns;
} ast2500[] = {
	{ "__skb_checksum", 2000 },
	{ "__alloc_skb", 900 },
	{ "arp_process", 1500 },
	{ "fib_table_lookup", 600 },
	{ "ftgmac100_hard_start_xmit", 1800 },
	{ "ftgmac100_interrupt", 1500 },
	{ "ftgmac100_poll", 1200 },
	{ "ftgmac100_rx_packet", 1000 },
	{ "ftgmac100_tx_complete_packet", 500 },
	{ "ip_rcv_core", 500 },
	{ "pio_rx", 6000 }, /* a word takes about 15 ns over the bus */
	{ "pio_start_xmit", 6000 },
	{ "skb_copy_datagram_iter", 1500 },
	{ "skb_copy_to_page_nocache", 1500 },
	{ "tcp_ack", 1200 },
	{ "tcp_rcv_established", 1200 },
	{ "tcp_v4_rcv", 900 },
	{ "__tcp_transmit_skb", 1500 },
};

int profile_load(struct sim *sim, const char *name, char *err, unsigned errlen)
{
	unsigned n = trace_fn_count(sim);
	if (strcmp(name, "ast2500") != 0) {
		snprintf(err, errlen, "there is no profile '%s': use ast2500", name);
		return -1;
	}
	free(sim->fn_cost); /* a profile that the command line gave: the scenario's wins */
	sim->fn_cost = calloc(n ? n : 1, sizeof(*sim->fn_cost));
	if (!sim->fn_cost || trace_rank_init(sim) < 0) {
		snprintf(err, errlen, "no memory");
		return -1;
	}
	for (unsigned i = 0; i < n; i++) {
		const struct trace_fn *fn = &__start_wp_fn[i];
		if (fn->kind != TRACE_FN_FUNCTION)
			continue;
		uint32_t ns = DEFAULT_NS;
		for (unsigned k = 0; k < sizeof(ast2500) / sizeof(ast2500[0]); k++)
			if (strcmp(ast2500[k].name, fn->name) == 0)
				ns = ast2500[k].ns;
		sim->fn_cost[sim->fn_rank[i]] = ns;
	}
	return 0;
}
