/*
 * What happened to frames in a run: each sending by a card or a switch, where it came to and when; and each
 * drop.
 */
#ifndef VIZ_SENDS_H
#define VIZ_SENDS_H

#include "viz/frame_words.h"
#include "viz/trace_read.h"

#define VIZ_NOBODY UINT32_MAX
#define VIZ_NEVER UINT64_MAX

enum viz_resent {
	RESENT_NOT,
	RESENT_SEEN, /* the numbers say so; why is not known */
	RESENT_FAST,
	RESENT_TIMEOUT,
	RESENT_PROBE, /* tail loss probe: may be new data */
};

struct viz_send {
	uint64_t sent, begun, left, arrived; /* begun: the first bit; VIZ_NEVER: no more is known */
	uint32_t from, to;		     /* hosts, or VIZ_NOBODY */
	uint32_t order, arrived_order; /* among the marks (viz/flow.h) of the host that sends, that gets it */
	uint32_t journey, hop;
	uint32_t via;	 /* a switch passes it on: the hop by which it came, else 0 */
	uint32_t bytes;	 /* offset in viz_sends.bytes */
	uint32_t origin; /* the sending whose bytes these are: itself, or of the card that a switch passes on
			  */
	uint32_t before; /* the sending of the same packet before this one, or VIZ_NOBODY */
	uint32_t drop; /* index in viz_sends.drops, or VIZ_NOBODY: lost on the wire, or refused by the card */
	uint32_t seq, ack; /* frame_bases */
	uint16_t len;
	uint8_t nr_bytes;
	uint8_t out, in; /* lines of cards, ports of switches */
	uint8_t resent;	 /* enum viz_resent */
	bool duplicate;	 /* the wire made a second one of the sending before it */
	bool overtaken;	 /* a frame that was sent later on that wire came earlier */
};

struct viz_drop {
	uint64_t time;
	uint32_t host, journey, order;
	uint16_t reason;
	bool of_send; /* some sending's */
};

struct viz_sends {
	struct viz_send *send;	/* in order of time */
	struct viz_drop *drops; /* in order of host, then time */
	uint8_t *bytes;
	uint32_t n, cap, nr_drops, cap_drops, nr_bytes, cap_bytes;
};

/* 0, or -1: no memory. Either way viz_sends_free() is to be called. */
int viz_sends_read(struct viz_sends *s, const struct viz_trace *t);
void viz_sends_free(struct viz_sends *s);

void viz_send_head(const struct viz_sends *s, uint32_t i, struct frame_head *h);
struct frame_bases viz_send_bases(const struct viz_sends *s, uint32_t i);

#endif
