/*
 * A network of hosts: builds cards, boots stacks, plugs cables, and takes it all down again in the right
 * order. No Lua in here: benchmarks and tests build their worlds with it too.
 */
#ifndef LUA_WORLD_H
#define LUA_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/link.h"
#include "core/sim.h"

struct ftgmac;
struct pio;
struct host;
struct capture;

#define WORLD_MAX_NICS 8 /* the AST2500 has two, the AST2600 four; a router may want more */
#define WORLD_RAM (256u << 20)

struct world_nic {
	struct ftgmac *card; /* one of the two */
	struct pio *pio;
	struct port *port;
	char ifname[16]; /* "eth0" */
	uint32_t addr;	 /* network byte order; 0: none */
	uint8_t prefix;
	struct capture *capture;
	bool plugged;
};

struct world_host {
	struct host *host;
	unsigned nr_nics;
	uint32_t gateway; /* network byte order; 0: none */
	bool up;	  /* interfaces were opened, addresses set */
	struct tap *taps; /* captures inside the host: lua/tap.h */
	struct world_host *next;
	struct world_nic nics[];
};

struct world_switch {
	struct net_switch *sw;
	char *name;
	unsigned nr_ports;
	struct world_switch *next;
};

struct world_link {
	struct link *link;
	char *name;
	const struct port *a, *b; /* its ends */
	struct world_link *next;
};

struct world {
	struct sim *sim;
	const char *capture_dir; /* a pcapng file per card goes there; NULL: none */
	struct world_host *hosts, **hosts_tail;
	struct world_switch *switches, **switches_tail;
	struct world_link *links, **links_tail;
	bool capture_failed;
};

enum world_card { CARD_FTGMAC100, CARD_PIO };

/* A card and its address. */
struct world_addr {
	enum world_card card;
	uint32_t addr; /* network byte order; 0: none */
	uint8_t prefix;
	bool rx_checksums; /* of an FTGMAC100: ftgmac_config */
};

void world_init(struct world *w, struct sim *sim, const char *capture_dir);

/*
 * A host with a card for each of `addrs` (none: one card without an address), booted: the driver has probed
 * its cards. The interfaces come up at the next world_up(). NULL with a message: name taken, no memory.
 */
struct world_host *world_add_host(struct world *w, const char *name, const struct world_addr *addrs,
				  unsigned nr_addrs, uint32_t gateway, char *err, unsigned errlen);
struct world_switch *world_add_switch(struct world *w, const char *name, bool hub, char *err,
				      unsigned errlen);

/* The host's next free port: "eth0" first; `ifname` NULL: any. NULL: none is free. */
struct port *world_host_port(struct world_host *h, const char *ifname);
struct port *world_switch_port(struct world_switch *s);

/* Joins two ports. NULL with a message. */
struct world_link *world_add_link(struct world *w, struct port *a, struct port *b,
				  const struct link_params *params, char *err, unsigned errlen);

/* Opens the interfaces of new hosts, sets addresses and routes, and lets all that settle at this instant. */
void world_up(struct world *w);

struct world_host *world_find_host(const struct world *w, const char *name);

/* Digest over every frame that a card sent. */
uint64_t world_digest(const struct world *w);

/*
 * Takes everything down: the hosts' tasks must be gone (or killable). Leaks are told by sim_fault(). The
 * simulation itself stays, for its counters. False when a capture could not be written.
 */
bool world_down(struct world *w);

#endif
