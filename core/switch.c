/*
 * A learning switch, or a hub: a node with ports that passes frames on.
 *
 * The address table is open addressing with linear probing, at most half full. An entry is never
 * removed from its place, only overwritten, so a chain of probes has no holes; aged entries count as
 * absent, give their place to a new address of the same chain, and are cleared out in bulk when the
 * table is full. An address that finds no room is not learned, and frames for it are flooded.
 */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/drop.h"
#include "core/host.h"
#include "core/link.h"

#define TABLE_SLOTS_MIN 64u
#define PURGE_INTERVAL NSEC_PER_SEC

struct mac_entry {
	uint64_t mac; /* 48 bits; 0: the slot is empty */
	uint64_t seen;
	uint32_t port; /* index; NO_PORT: forgotten */
};
#define NO_PORT UINT32_MAX

struct switch_port {
	struct port port;
	struct net_switch *sw;
	uint32_t index;
};

struct net_switch {
	struct node node;
	bool hub;
	struct switch_port **ports;
	uint32_t nr_ports;
	struct mac_entry *table;
	uint32_t slots, nr_entries; /* slots: a power of two */
	uint64_t last_purge;
	uint64_t drops, floods;
	struct host *trace; /* its stand-in there, or NULL */
	char *name;
};

/* ---- the address table ---- */

static uint64_t load_mac(const uint8_t *mac)
{
	uint32_t high;
	uint16_t low;

	memcpy(&high, mac, sizeof(high));
	memcpy(&low, mac + sizeof(high), sizeof(low));
	return (uint64_t)be32toh(high) << 16 | be16toh(low);
}

static bool is_group(uint64_t mac)
{
	return mac >> 40 & 1;
}

static uint32_t home_slot(const struct net_switch *sw, uint64_t mac)
{
	return (uint32_t)(mac * 0x9e3779b97f4a7c15ull >> 40) & (sw->slots - 1);
}

static bool is_current(const struct net_switch *sw, const struct mac_entry *e)
{
	return e->port != NO_PORT && sw->node.sim->now - e->seen < SWITCH_AGEING;
}

static struct mac_entry *table_find(const struct net_switch *sw, uint64_t mac)
{
	for (uint32_t i = home_slot(sw, mac);; i = (i + 1) & (sw->slots - 1)) {
		struct mac_entry *e = &sw->table[i];

		if (!e->mac)
			return NULL;
		if (e->mac == mac)
			return e;
	}
}

/* Moves the current entries into a table of `slots` slots. */
static bool table_rebuild(struct net_switch *sw, uint32_t slots)
{
	struct mac_entry *old = sw->table, *table = calloc(slots, sizeof(*table));
	uint32_t nr_old = sw->slots;

	if (!table)
		return false;
	sw->table = table;
	sw->slots = slots;
	sw->nr_entries = 0;
	for (uint32_t k = 0; k < nr_old; k++) {
		uint32_t i;

		if (!old[k].mac || !is_current(sw, &old[k]))
			continue;
		for (i = home_slot(sw, old[k].mac); table[i].mac; i = (i + 1) & (slots - 1))
			;
		table[i] = old[k];
		sw->nr_entries++;
	}
	free(old);
	return true;
}

/* Makes room for one more entry. False: the table is full. */
static bool table_room(struct net_switch *sw)
{
	uint64_t now = sw->node.sim->now;

	if (sw->nr_entries < sw->slots / 2)
		return true;
	if (sw->slots < 2 * SWITCH_TABLE_MAX)
		return table_rebuild(sw, sw->slots * 2);
	if (now - sw->last_purge < PURGE_INTERVAL)
		return false;
	sw->last_purge = now;
	return table_rebuild(sw, sw->slots) && sw->nr_entries < SWITCH_TABLE_MAX;
}

/* Remembers that `mac` was heard on a port. Group addresses are nobody's. */
static void table_learn(struct net_switch *sw, uint64_t mac, uint32_t port)
{
	struct mac_entry *stale = NULL;
	uint32_t i;

	if (is_group(mac) || !mac)
		return;
	for (i = home_slot(sw, mac); sw->table[i].mac; i = (i + 1) & (sw->slots - 1)) {
		struct mac_entry *e = &sw->table[i];

		if (likely(e->mac == mac)) {
			e->port = port;
			e->seen = sw->node.sim->now;
			return;
		}
		if (!stale && !is_current(sw, e))
			stale = e;
	}
	if (!stale) {
		if (!table_room(sw))
			return;
		for (i = home_slot(sw, mac); sw->table[i].mac; i = (i + 1) & (sw->slots - 1))
			;
		stale = &sw->table[i];
		sw->nr_entries++;
	}
	*stale = (struct mac_entry){ .mac = mac, .seen = sw->node.sim->now, .port = port };
}

static uint32_t table_port(const struct net_switch *sw, uint64_t mac)
{
	const struct mac_entry *e = is_group(mac) ? NULL : table_find(sw, mac);

	return e && is_current(sw, e) ? e->port : NO_PORT;
}

static void table_forget_port(struct net_switch *sw, uint32_t port)
{
	for (uint32_t i = 0; i < sw->slots; i++) {
		if (sw->table[i].port == port)
			sw->table[i].port = NO_PORT;
	}
}

/* ---- forwarding ---- */

static void send_on(struct net_switch *sw, struct port *port, struct frame *f)
{
	if (sw->trace && trace_recording(sw->trace))
		trace_frame_on(sw->trace, ((struct switch_port *)port->owner)->index + 1, f);
	if (!port_send(port, f, port->peer_rate ? port->peer_rate : SWITCH_RATE))
		sw->drops++;
}

/* To all ports but the one it came from; the last gets the frame itself, the others copies. */
static void flood(struct net_switch *sw, struct frame *f, uint32_t from)
{
	struct port *pending = NULL;

	sw->floods++;
	for (uint32_t i = 0; i < sw->nr_ports; i++) {
		struct port *port = &sw->ports[i]->port;

		if (i == from || !port_link_up(port))
			continue;
		if (pending) {
			struct frame *copy = frame_copy(sw->node.sim, f);

			if (copy) {
				send_on(sw, pending, copy);
			} else {
				sw->drops++;
				port_drop(pending, frame_get(f), DROP_SWITCH_NO_MEMORY);
			}
		}
		pending = port;
	}
	if (pending)
		send_on(sw, pending, f);
	else
		frame_put(sw->node.sim, f);
}

static void discard(struct net_switch *sw, struct frame *f)
{
	frame_put(sw->node.sim, f);
}

static void switch_receive(struct port *port, struct frame *f)
{
	struct switch_port *in = port->owner;
	struct net_switch *sw = in->sw;

	if (sw->trace && trace_recording(sw->trace))
		trace_frame_rx(sw->trace, in->index + 1, f);
	if (unlikely(sw->hub)) {
		flood(sw, f, in->index);
		return;
	}
	if (unlikely(f->len < 14 || f->bad_fcs)) { /* store and forward: a damaged frame ends here */
		sw->drops++;
		port_drop(port, f, DROP_SWITCH_BAD_FRAME);
		return;
	}
	uint64_t dst = load_mac(f->data);

	table_learn(sw, load_mac(f->data + 6), in->index);
	if (unlikely((dst & ~0xfull) ==
		     0x0180c2000000ull)) { /* for the neighbour only: PAUSE, spanning tree */
		discard(sw, f);
		return;
	}
	uint32_t out = table_port(sw, dst);

	if (out == NO_PORT)
		flood(sw, f, in->index);
	else if (out == in->index) /* it has heard it already */
		discard(sw, f);
	else
		send_on(sw, &sw->ports[out]->port, f);
}

/* What was behind a cable that is pulled may turn up elsewhere. */
static void switch_link_change(struct port *port, bool up)
{
	struct switch_port *p = port->owner;

	if (!up)
		table_forget_port(p->sw, p->index);
}

/* ---- making ---- */

struct net_switch *switch_new(struct sim *sim, const char *name, bool hub)
{
	struct net_switch *sw = calloc(1, sizeof(*sw));

	if (!sw)
		return NULL;
	sw->name = strdup(name);
	sw->table = calloc(TABLE_SLOTS_MIN, sizeof(*sw->table));
	if (!sw->name || !sw->table || trace_stand_in_new(sim, sw->name, &sw->trace) < 0) {
		free(sw->table);
		free(sw->name);
		free(sw);
		return NULL;
	}
	sw->slots = TABLE_SLOTS_MIN;
	sw->hub = hub;
	node_init(&sw->node, sim, sw->name);
	return sw;
}

struct port *switch_add_port(struct net_switch *sw, const char *name)
{
	struct switch_port **ports = realloc(sw->ports, (sw->nr_ports + 1) * sizeof(struct switch_port *));

	if (!ports)
		return NULL;
	sw->ports = ports;
	struct switch_port *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	port_init(&p->port, &sw->node, NULL, name);
	p->port.receive = switch_receive;
	p->port.link_change = switch_link_change;
	p->port.owner = p;
	p->port.trace = sw->trace;
	p->sw = sw;
	p->index = sw->nr_ports;
	sw->ports[sw->nr_ports++] = p;
	if (sw->trace)
		trace_subject_name(sw->trace, SUBJECT_CARD, sw->nr_ports, "%s", name);
	return &p->port;
}

void switch_free(struct net_switch *sw)
{
	if (!sw)
		return;
	for (uint32_t i = 0; i < sw->nr_ports; i++)
		free(sw->ports[i]);
	trace_stand_in_free(sw->trace);
	free(sw->ports);
	free(sw->table);
	free(sw->name);
	free(sw);
}

uint64_t switch_drops(const struct net_switch *sw)
{
	return sw->drops;
}

uint64_t switch_floods(const struct net_switch *sw)
{
	return sw->floods;
}

uint32_t switch_table_size(const struct net_switch *sw)
{
	return sw->nr_entries;
}

struct port *switch_lookup(const struct net_switch *sw, const uint8_t mac[6])
{
	uint32_t out = table_port(sw, load_mac(mac));

	return out == NO_PORT ? NULL : &sw->ports[out]->port;
}
