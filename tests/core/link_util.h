/* For tests of links and switches: ports of plain nodes that remember what arrives. */
#ifndef TESTS_CORE_LINK_UTIL_H
#define TESTS_CORE_LINK_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/host.h"
#include "core/link.h"

#define GIGABIT 1000000000ull
#define ARRIVALS_MAX 40000

struct arrival {
	uint64_t when;
	uint32_t len, id; /* id: the four bytes after the Ethernet header */
	bool bad_fcs;
};

struct station {
	struct node node;
	struct port port;
	struct arrival *got;
	uint32_t n;
	int ups, downs;
	struct frame *last; /* kept when `keep` */
	bool keep;
	uint8_t mac[6];
};

static inline void station_receive(struct port *port, struct frame *f)
{
	struct station *s = port->owner;
	struct sim *sim = s->node.sim;

	assert_true(s->n < ARRIVALS_MAX);
	struct arrival *a = &s->got[s->n++];

	*a = (struct arrival){ .when = sim->now, .len = f->len, .bad_fcs = f->bad_fcs };
	if (f->len >= 18)
		memcpy(&a->id, f->data + 14, 4);
	if (s->keep) {
		if (s->last)
			frame_put(sim, s->last);
		s->last = f;
	} else {
		frame_put(sim, f);
	}
}

static inline void station_link_change(struct port *port, bool up)
{
	struct station *s = port->owner;

	*(up ? &s->ups : &s->downs) += 1;
}

static inline void station_init(struct station *s, struct sim *sim, const char *name, uint8_t last)
{
	const uint8_t mac[6] = { 2, 0, 0, 0, 0, last };

	memset(s, 0, sizeof(*s));
	node_init(&s->node, sim, name);
	port_init(&s->port, &s->node, NULL, name);
	s->port.receive = station_receive;
	s->port.link_change = station_link_change;
	s->port.owner = s;
	memcpy(s->mac, mac, 6);
	s->got = calloc(ARRIVALS_MAX, sizeof(*s->got));
}

static inline void station_free(struct station *s)
{
	if (s->last)
		frame_put(s->node.sim, s->last);
	free(s->got);
}

static inline struct frame *frame_to(struct station *from, const uint8_t dst[6], uint32_t len, uint32_t id)
{
	struct frame *f = frame_alloc(from->node.sim, len);

	assert_non_null(f);
	memset(f->data, 0, len);
	memcpy(f->data, dst, 6);
	memcpy(f->data + 6, from->mac, 6);
	memcpy(f->data + 14, &id, 4);
	return f;
}

static inline uint64_t send(struct station *from, const uint8_t dst[6], uint32_t len, uint32_t id)
{
	return port_send(&from->port, frame_to(from, dst, len, id), GIGABIT);
}

#endif
