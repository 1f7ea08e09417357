/*
 * Frames, ports and what joins them: links, a learning switch, a hub.
 *
 * A device owns a port and sends frames into it; frames that arrive are handed to the port's receive
 * function. A link joins two ports; each direction is a transmitter (rate, bounded queue) and a wire
 * (delay, faults). Rates are bits/s, times ns, probabilities parts per thousand million (ppb).
 */
#ifndef CORE_LINK_H
#define CORE_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/sim.h"

#define FRAME_MAX 9220	  /* longest frame without FCS */
#define ETH_OVERHEAD 24	  /* preamble 8, FCS 4, inter-frame gap 12: bytes of wire time beside the frame */
#define LINK_DELAY_MIN 1  /* ns: what one host does to another takes time (DESIGN 2) */
#define PPB 1000000000u

struct host;

/* A frame on the wire, without FCS. Shared by reference: whoever changes bytes must own the only one. */
struct frame {
	uint32_t len;
	uint32_t refs;
	uint32_t journey; /* of the packet inside (core/trace.h); 0 none */
	uint32_t hop;	  /* cause id of its sending, for the receiver's trace */
	bool bad_fcs;	  /* damaged on the way: the receiving MAC sees a CRC error */
	uint32_t capacity;
	struct frame *next; /* queue of whoever holds it */
	uint64_t when, key; /* arrival, while in flight */
	uint8_t *data;
};

struct frame *frame_alloc(struct sim *sim, uint32_t len); /* NULL: no memory */
struct frame *frame_copy(struct sim *sim, const struct frame *f);
static inline struct frame *frame_get(struct frame *f)
{
	f->refs++;
	return f;
}
void frame_put(struct sim *sim, struct frame *f);

struct port {
	struct node *node; /* whose port: orders what it does */
	struct host *host; /* NULL for a switch or hub */
	char name[32];
	struct link_dir *out; /* NULL: no cable */
	/* A frame has arrived whole. The receiver owns the reference. */
	void (*receive)(struct port *port, struct frame *f);
	/* The link went up or down (cable, or the other side's power). May be NULL. */
	void (*link_change)(struct port *port, bool up);
	/* The transmitter of this port became idle (the last frame's last bit has left). May be NULL. */
	void (*tx_done)(struct port *port);
	void *owner;
	struct capture *capture; /* writes a pcapng of what passes here; NULL when off */
};

/* What a link does to frames, each direction by itself. */
struct link_faults {
	uint64_t jitter;		 /* up to this much more delay, uniform */
	uint32_t loss, duplicate, corrupt; /* ppb per frame */
	uint32_t reorder;		 /* ppb: this frame overtakes those before it: sent without queueing behind them */
	uint64_t reorder_delay;		 /* a frame chosen to be late is held this much longer; 0: 1 ms */
	bool corrupt_fcs_ok;		 /* corrupt with a right FCS: the card does not see it, checksums must */
};

struct link_params {
	uint64_t rate;	    /* bits/s; 0: the port's own rate (the card's speed) */
	uint64_t delay;	    /* ns, at least LINK_DELAY_MIN */
	uint32_t queue_len; /* frames a switch port may hold; 0: 1000 */
	struct link_faults faults;
};

struct link;

/* Joins two ports. Random streams are "link/NAME/…" . NULL: no memory, or a port is taken. */
struct link *link_new(struct sim *sim, const char *name, struct port *a, struct port *b,
		      const struct link_params *params);
void link_free(struct link *link);
void link_set_up(struct link *link, bool up); /* cable in or out: frames in flight are lost */
bool link_is_up(const struct link *link);
/* Changes faults or rate and delay of one direction (0: a to b, 1: b to a) or both (-1); frames in flight stay. */
void link_set_faults(struct link *link, int dir, const struct link_faults *faults);
void link_set_params(struct link *link, int dir, const struct link_params *params);
const struct link_params *link_get_params(const struct link *link, int dir);
/* Drops the next `n` frames of a direction that `match` accepts (NULL: any): scripted faults, "lose the SYN-ACK". */
void link_drop_next(struct link *link, int dir, uint32_t n,
		    bool (*match)(void *arg, const struct frame *f), void *arg);

struct link_stats {
	uint64_t frames, bytes, lost, duplicated, corrupted, reordered, dropped_queue, dropped_down;
};
const struct link_stats *link_get_stats(const struct link *link, int dir);

/*
 * Sends a frame from a port; takes the reference. `wire_rate` is the sender's own speed in bits/s.
 * Returns the virtual time at which the last bit has left (the sender's MAC is busy until then), or 0
 * when the frame was dropped (no cable, link down, queue full).
 */
uint64_t port_send(struct port *port, struct frame *f, uint64_t wire_rate);

/* A learning switch: store and forward, bounded table (falls back to flooding), ageing 300 s. */
struct net_switch;
struct net_switch *switch_new(struct sim *sim, const char *name, bool hub);
struct port *switch_add_port(struct net_switch *sw, const char *name);
void switch_free(struct net_switch *sw);
uint64_t switch_drops(const struct net_switch *sw);

#endif
