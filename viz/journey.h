/*
 * Journeys: one packet from the call that made it to the call that took it, over every switch and router.
 *
 * A packet is followed frame by frame: it may leave as several (segments, fragments), be sent again, be
 * copied by a switch. One of its frames is followed here, the others are counted. The way is a list of steps
 * without gaps: each begins when the one before ends, so that their times add up to the whole.
 */
#ifndef VIZ_JOURNEY_H
#define VIZ_JOURNEY_H

#include <stdio.h>

#include "viz/picture.h"
#include "viz/sends.h"

/* What time was spent on, in the order of the summary. */
enum journey_part {
	PART_APPLICATION,
	PART_TRANSPORT,
	PART_INTERNET,
	PART_INTERFACE,
	PART_OTHER,	 /* code of no layer */
	PART_SEND_QUEUE, /* in the socket: the peer's window, the congestion window, pacing */
	PART_NEIGHBOUR,	 /* for the neighbour's address */
	PART_QDISC,	 /* in the device's queue */
	PART_TX_RING,
	PART_WIRE_QUEUE, /* for the wire to be free */
	PART_SERIALISATION,
	PART_PROPAGATION,
	PART_RX_RING,	 /* until the interrupt: mitigation */
	PART_SOFTIRQ,	 /* from the interrupt to the driver's poll */
	PART_REASSEMBLY, /* for the other fragments */
	PART_RECV_QUEUE, /* in the socket, for the reader */
	PART_LOST,	 /* from a loss until it was sent again */
	PARTS
};

struct journey_step {
	uint64_t from, to;
	uint32_t host, peer; /* peer: other end of a wire, or VIZ_NOBODY */
	enum journey_part part;
	char context[40]; /* "task client", "softirq", "card", "wire" */
	char what[200];
};

struct journey {
	const struct viz_trace *t;
	uint32_t packet;
	struct journey_step *steps;
	uint32_t nr_steps, cap_steps;
	uint32_t frame, nr_frames; /* this one, from 1, of so many that its first host sent */
	char label[640], from[128], to[128];
	char fate[200]; /* "", or why it did not arrive */
};

/* The packet's way; `frame` from 1, 0: the last that arrived. NULL with a message on failure. */
struct journey *viz_journey_new(const struct viz_trace *t, uint32_t packet, uint32_t frame, char *err,
				unsigned errlen);
void viz_journey_free(struct journey *j);

/* The first packet made inside the `nth` call of the family of write() on a host; 0 with a message: none. */
uint32_t viz_journey_of_write(const struct viz_trace *t, uint32_t host, uint32_t nth, char *err,
			      unsigned errlen);

/* Lists the packets that went over wires. 0, or -1 with a message. */
int viz_journey_list(const struct viz_trace *t, const char *host, FILE *out, char *err, unsigned errlen);

void viz_journey_text(const struct journey *j, bool utf8, FILE *out);
int viz_journey_picture(const struct journey *j, enum pic_format format, FILE *out, char *err,
			unsigned errlen);

const char *journey_part_name(enum journey_part part);
/* "client", "client > server" for a wire. */
void journey_where(const struct journey *j, const struct journey_step *s, char *buf, unsigned len);
/* Time spent on a step's part at its place, all such steps together; 0 when an earlier step tells it. */
uint64_t journey_spent(const struct journey *j, uint32_t step);
uint64_t journey_takes(const struct journey *j);
/* "12.3" of a hundred. */
void journey_share(const struct journey *j, uint64_t ns, char *buf, unsigned len);
const char *journey_layer(enum journey_part part); /* "transport"; "" where there is none */

#endif
