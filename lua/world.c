/* Builds networks and takes them down. */
#include "lua/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "core/host.h"
#include "core/pcapng.h"
#include "lua/tap.h"
#include "nic-model/ftgmac100.h"
#include "nic-model/pio.h"
#include "stack/boot.h"

/* Where the FTGMAC100 cards of a host are; PIO cards have their lines, and other bus addresses. */
static const struct {
	uint32_t base;
	unsigned irq;
} macs[WORLD_MAX_NICS] = {
	{ FTGMAC_MAC0_BASE, FTGMAC_MAC0_IRQ },
	{ FTGMAC_MAC1_BASE, FTGMAC_MAC1_IRQ },
	/* MAC3 and MAC4 of the AST2600, then places that are free on both; interrupt lines of our own */
	{ 0x1e670000, 20 },
	{ 0x1e690000, 21 },
	{ 0x1ec00000, 22 },
	{ 0x1ec20000, 23 },
	{ 0x1ec40000, 24 },
	{ 0x1ec60000, 25 },
};

void world_init(struct world *w, struct sim *sim, const char *capture_dir)
{
	memset(w, 0, sizeof(*w));
	w->sim = sim;
	w->capture_dir = capture_dir;
	w->hosts_tail = &w->hosts;
	w->switches_tail = &w->switches;
	w->links_tail = &w->links;
}

struct world_host *world_find_host(const struct world *w, const char *name)
{
	for (struct world_host *h = w->hosts; h; h = h->next)
		if (strcmp(h->host->name, name) == 0)
			return h;
	return NULL;
}

/* Names end up in file names, charts and captures. */
static bool good_name(const char *name)
{
	size_t n = strlen(name);
	if (n == 0 || n > 32)
		return false;
	for (; *name; name++)
		if (!((*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
		      (*name >= '0' && *name <= '9') || *name == '-' || *name == '_'))
			return false;
	return true;
}

/* 52:54:00:12:34:01 for eth0 of the first host, ..:35:01 for its eth1, and so on. */
static void set_mac(uint8_t mac[6], unsigned host, unsigned nic)
{
	const uint8_t m[6] = { 0x52,	     0x54, 0x00, (uint8_t)(0x12 + (host >> 8)), (uint8_t)(0x34 + nic),
			       (uint8_t)host };
	memcpy(mac, m, 6);
}

static uint32_t base_of(enum world_card card, unsigned i)
{
	return card == CARD_PIO ? PIO_BASE + i * PIO_REGION : macs[i].base;
}

/* Makes the card; the driver has not seen it yet. */
static bool make_card(struct world_host *h, struct world_nic *nic, unsigned i, const struct world_addr *addr)
{
	uint32_t base = base_of(addr->card, i);
	unsigned irq = macs[i].irq;
	uint8_t mac[6];
	set_mac(mac, h->host->index + 1, i);
	if (addr->card == CARD_PIO) {
		struct pio_config config = { .base = base, .irq = irq, .name = nic->ifname };
		memcpy(config.mac, mac, 6);
		nic->pio = pio_create(h->host, &config);
		nic->port = nic->pio ? pio_port(nic->pio) : NULL;
	} else {
		struct ftgmac_config config = {
			.base = base, .irq = irq, .name = nic->ifname, .rx_checksums = addr->rx_checksums
		};
		memcpy(config.mac, mac, 6);
		nic->card = ftgmac_create(h->host, &config);
		nic->port = nic->card ? ftgmac_port(nic->card) : NULL;
	}
	return nic->port;
}

static bool probe_card(struct world_host *h, unsigned i, const struct world_addr *addr)
{
	uint32_t base = base_of(addr->card, i);
	unsigned irq = macs[i].irq;
	return (addr->card == CARD_PIO ? host_probe_pio(h->host, base, irq)
				       : host_probe(h->host, base, irq)) == 0;
}

static bool add_nic(struct world *w, struct world_host *h, unsigned i, const struct world_addr *addr)
{
	struct world_nic *nic = &h->nics[i];
	char path[4400], name[64], err[256];
	snprintf(nic->ifname, sizeof(nic->ifname), "eth%u", i);
	if (!make_card(h, nic, i, addr))
		return false;
	nic->addr = addr->addr;
	nic->prefix = addr->prefix;
	h->nr_nics = i + 1;
	if (w->capture_dir) {
		snprintf(name, sizeof(name), "%s/%s", h->host->name, nic->ifname);
		snprintf(path, sizeof(path), "%s/%s.%s.pcapng", w->capture_dir, h->host->name, nic->ifname);
		nic->capture = capture_open(path, name, 0, err, sizeof(err));
		w->capture_failed |= !nic->capture;
		nic->port->capture = nic->capture;
	}
	return true;
}

static bool trace_room(const struct world *w, const char *name, char *err, unsigned errlen)
{
	if (!trace_full(w->sim))
		return true;
	snprintf(err, errlen,
		 "a trace has room for %u hosts and switches, %s is one too many: run with --no-trace",
		 TRACE_MAX_HOSTS, name);
	return false;
}

struct world_host *world_add_host(struct world *w, const char *name, const struct world_addr *addrs,
				  unsigned nr_addrs, uint32_t gateway, char *err, unsigned errlen)
{
	if (!good_name(name)) {
		snprintf(err, errlen, "'%s' is no host name: 1 to 32 letters, digits, '-' and '_'", name);
		return NULL;
	}
	if (world_find_host(w, name)) {
		snprintf(err, errlen, "there is a host '%s' already", name);
		return NULL;
	}
	if (!trace_room(w, name, err, errlen))
		return NULL;
	struct world_host *h = calloc(1, sizeof(*h) + (nr_addrs ? nr_addrs : 1) * sizeof(*h->nics));
	if (!h || !(h->host = host_new(w->sim, name, WORLD_RAM))) {
		snprintf(err, errlen, "no memory for host %s", name);
		free(h);
		return NULL;
	}
	*w->hosts_tail = h;
	w->hosts_tail = &h->next;
	h->gateway = gateway;
	const struct world_addr no_addr = { 0 };
	bool ok = host_boot(h->host) == 0;
	for (unsigned i = 0; ok && (i < nr_addrs || i == 0); i++)
		ok = add_nic(w, h, i, nr_addrs ? &addrs[i] : &no_addr) &&
		     probe_card(h, i, nr_addrs ? &addrs[i] : &no_addr);
	if (!ok) {
		snprintf(err, errlen, "host %s did not boot: no memory", name);
		return NULL;
	}
	return h;
}

struct world_switch *world_add_switch(struct world *w, const char *name, bool hub, char *err, unsigned errlen)
{
	if (!good_name(name)) {
		snprintf(err, errlen, "'%s' is no name: 1 to 32 letters, digits, '-' and '_'", name);
		return NULL;
	}
	if (!trace_room(w, name, err, errlen))
		return NULL;
	struct world_switch *s = calloc(1, sizeof(*s));
	if (!s || !(s->name = strdup(name)) || !(s->sw = switch_new(w->sim, s->name, hub))) {
		snprintf(err, errlen, "no memory for switch %s", name);
		if (s)
			free(s->name);
		free(s);
		return NULL;
	}
	*w->switches_tail = s;
	w->switches_tail = &s->next;
	return s;
}

struct port *world_host_port(struct world_host *h, const char *ifname)
{
	for (unsigned i = 0; i < h->nr_nics; i++)
		if (ifname ? strcmp(h->nics[i].ifname, ifname) == 0 : !h->nics[i].plugged) {
			if (h->nics[i].plugged)
				return NULL;
			h->nics[i].plugged = true;
			return h->nics[i].port;
		}
	return NULL;
}

struct port *world_switch_port(struct world_switch *s)
{
	char name[16];
	snprintf(name, sizeof(name), "p%u", ++s->nr_ports);
	return switch_add_port(s->sw, name);
}

/* "client/eth0-sw/p1": its own in the run. */
static char *new_link_name(const struct port *a, const struct port *b)
{
	char buf[160];
	snprintf(buf, sizeof(buf), "%s/%s-%s/%s", a->node->name, a->name, b->node->name, b->name);
	return strdup(buf);
}

struct world_link *world_add_link(struct world *w, struct port *a, struct port *b,
				  const struct link_params *params, char *err, unsigned errlen)
{
	struct world_link *l = calloc(1, sizeof(*l));
	if (!l || !a || !b || !(l->name = new_link_name(a, b)) ||
	    !(l->link = link_new(w->sim, l->name, a, b, params))) {
		snprintf(err, errlen, "no memory for a link");
		if (l)
			free(l->name);
		free(l);
		return NULL;
	}
	l->a = a;
	l->b = b;
	*w->links_tail = l;
	w->links_tail = &l->next;
	return l;
}

void world_up(struct world *w)
{
	bool any = false;
	for (struct world_host *h = w->hosts; h; h = h->next) {
		if (h->up)
			continue;
		h->up = any = true;
		for (unsigned i = 0; i < h->nr_nics; i++)
			host_ifup(h->host, h->nics[i].ifname, h->nics[i].addr, h->nics[i].prefix);
		if (h->gateway)
			host_set_gateway(h->host, h->gateway);
	}
	if (any)
		sim_run(w->sim, w->sim->now);
}

uint64_t world_digest(const struct world *w)
{
	uint64_t digest = 0;
	for (const struct world_host *h = w->hosts; h; h = h->next)
		for (unsigned i = 0; i < h->nr_nics; i++) {
			uint64_t part[2] = { digest, port_digest(h->nics[i].port) };
			digest = XXH3_64bits(part, sizeof(part));
		}
	return digest;
}

bool world_down(struct world *w)
{
	bool ok = !w->capture_failed;
	for (struct world_host *h = w->hosts; h; h = h->next) {
		ok &= tap_close_all(h->taps);
		host_shutdown(h->host);
	}
	while (w->links) {
		struct world_link *l = w->links;
		w->links = l->next;
		link_free(l->link);
		free(l->name);
		free(l);
	}
	while (w->switches) {
		struct world_switch *s = w->switches;
		w->switches = s->next;
		switch_free(s->sw);
		free(s->name);
		free(s);
	}
	while (w->hosts) {
		struct world_host *h = w->hosts;
		w->hosts = h->next;
		for (unsigned i = 0; i < h->nr_nics; i++) {
			ftgmac_destroy(h->nics[i].card);
			pio_destroy(h->nics[i].pio);
			ok &= capture_close(h->nics[i].capture);
		}
		host_check_leaks(h->host);
		host_free(h->host);
		free(h);
	}
	w->hosts_tail = &w->hosts;
	return ok;
}
