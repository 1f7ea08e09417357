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

#define FRAME_MAX 9220 /* longest frame without FCS */
#define FRAME_HEADROOM                                                                                       \
	4		 /* bytes in front of a new frame's data: a VLAN tag fits in without moving it all   \
			  */
#define ETH_OVERHEAD 24	 /* preamble 8, FCS 4, inter-frame gap 12: bytes of wire time beside the frame */
#define LINK_DELAY_MIN 1 /* ns: what one host does to another takes time (DESIGN 2) */
#define LINK_QUEUE_DEFAULT 1000
#define PPB 1000000000u

struct host;
struct capture;
struct link;
struct link_dir;

/* A frame on the wire, without FCS. Shared by reference: whoever changes bytes must own the only one.
 * Only an unshared frame may be sent: while in flight it is linked into its direction's queue. */
struct frame {
	uint8_t *data;
	struct frame *next; /* queue of whoever holds it */
	uint64_t when, key; /* arrival, while in flight */
	uint64_t hash;	    /* of the bytes, once somebody asked for it; 0: not computed */
	uint32_t len;
	uint32_t journey; /* of the packet inside (core/trace.h); 0 none */
	uint32_t hop;	  /* cause id of its sending, for the receiver's trace */
	uint16_t refs;
	uint16_t capacity; /* bytes that fit behind the headroom */
	bool bad_fcs;	   /* damaged on the way: the receiving MAC sees a CRC error */
};

/* A frame of `len` bytes with undefined contents, at most FRAME_MAX plus a tag; NULL: no memory. */
struct frame *frame_alloc(struct sim *sim, uint32_t len);
struct frame *frame_copy(struct sim *sim, const struct frame *f);
static inline struct frame *frame_get(struct frame *f)
{
	f->refs++;
	return f;
}
void frame_put(struct sim *sim, struct frame *f);
/* A frame with the same contents that nobody else holds: f itself or a copy. Takes the reference. */
struct frame *frame_own(struct sim *sim, struct frame *f);
/* Frees the pool; sim_free() calls it. Every frame must have been put. */
void frame_pool_free(struct sim *sim);

struct port {
	struct node *node;  /* whose port: orders what it does */
	struct host *host;  /* NULL for a switch or hub */
	struct host *trace; /* whose records tell of it: the host, a switch's stand-in; NULL: nothing does */
	struct link_dir *out; /* NULL: no cable */
	/* A frame has arrived whole. The receiver owns the reference. */
	void (*receive)(struct port *port, struct frame *f);
	/* The link went up or down (the cable, or the scenario). May be NULL. */
	void (*link_change)(struct port *port, bool up);
	void *owner;
	struct capture *capture; /* what passes here is written to a file (core/pcapng.h); NULL when off */
	uint64_t peer_rate;	 /* rate of the last frame that came in, 0 before it */
	uint64_t digest;	 /* see port_digest() */
	uint64_t tx_frames, rx_frames;
	char name[32];
};

/* `node` must outlive the port. The name is shown in captures and errors: "eth0", "p3". */
void port_init(struct port *port, struct node *node, struct host *host, const char *name);

/* Everything this port has sent so far: time, length and bytes of each frame, in order. */
static inline uint64_t port_digest(const struct port *port)
{
	return port->digest;
}

bool port_link_up(const struct port *port); /* a cable is in and its link is up */
/* The frame ends at this port; `why` is an enum core_drop_reason. Takes the reference. */
void port_drop(struct port *port, struct frame *f, unsigned why);

/* What a link does to frames, each direction by itself. All zero: nothing. */
struct link_faults {
	uint64_t jitter;		   /* up to this much more delay, uniform; frames keep their order */
	uint32_t loss, duplicate, corrupt; /* ppb per frame */
	uint32_t reorder;		   /* ppb: this frame is late, those sent after it overtake it */
	uint64_t reorder_delay;		   /* how late; 0: 1 ms */
	bool corrupt_fcs_ok; /* corrupt with a right FCS: the card does not see it, checksums must */
};

struct link_params {
	uint64_t rate;	    /* bits/s; 0: the port's own rate (the card's speed) */
	uint64_t delay;	    /* ns, at least LINK_DELAY_MIN */
	uint32_t queue_len; /* frames that may wait for or be in transmission; 0: LINK_QUEUE_DEFAULT */
	struct link_faults faults;
};

/* Joins two ports. Random streams of a direction are "link/NAME/a>b/loss" and so on, so NAME must be the
 * link's own in the run. NULL: no memory, or a port is taken. `params` NULL: no faults, shortest delay. */
struct link *link_new(struct sim *sim, const char *name, struct port *a, struct port *b,
		      const struct link_params *params);
void link_free(struct link *link); /* pulls the cable first */
const char *link_name(const struct link *link);
struct port *link_port(const struct link *link, int end); /* 0: a, 1: b */
void link_set_up(struct link *link, bool up);		  /* cable in or out: frames in flight are lost */
bool link_is_up(const struct link *link);
/* Changes faults or rate, delay and queue of one direction (0: a to b, 1: b to a) or both (-1). Frames in
 * flight stay, and none that is sent later overtakes them. */
void link_set_faults(struct link *link, int dir, const struct link_faults *faults);
void link_set_params(struct link *link, int dir, const struct link_params *params);
const struct link_params *link_get_params(const struct link *link, int dir);
/* Drops the next `n` frames of a direction that `match` accepts (NULL: any): scripted faults, "lose the
 * SYN-ACK". A second call replaces the first. */
void link_drop_next(struct link *link, int dir, uint32_t n, bool (*match)(void *arg, const struct frame *f),
		    void *arg);
uint32_t link_in_flight(const struct link *link, int dir); /* frames on the wire or waiting for it */
uint32_t link_waiting(const struct link *link, int dir);   /* frames whose first bit has not left yet */

struct link_stats {
	uint64_t frames, bytes; /* delivered */
	uint64_t lost, duplicated, corrupted, reordered, dropped_queue, dropped_down, dropped_memory;
};
const struct link_stats *link_get_stats(const struct link *link, int dir);

/*
 * Sends a frame from a port; takes the reference. `wire_rate` is the sender's own speed in bits/s, above
 * 0. Returns the virtual time at which the last bit has left (the sender's MAC is busy until then), or 0
 * when nothing was transmitted (no cable, link down, queue full).
 */
uint64_t port_send(struct port *port, struct frame *f, uint64_t wire_rate);

/* Time that a frame of `len` bytes occupies a wire of `rate` bits/s, overhead included, rounded up to ns. */
uint64_t wire_time(uint32_t len, uint64_t rate);

/* A learning switch: store and forward, bounded table (falls back to flooding), ageing 300 s. */
#define SWITCH_TABLE_MAX 8192
#define SWITCH_AGEING (300 * NSEC_PER_SEC)
#define SWITCH_RATE 1000000000ull /* of a port whose link has no rate and that has heard nothing yet */

struct net_switch;
struct net_switch *switch_new(struct sim *sim, const char *name, bool hub);
struct port *switch_add_port(struct net_switch *sw, const char *name); /* NULL: no memory */
void switch_free(struct net_switch *sw);			       /* after its links */
/* Frames that could not go where they should: output queue full, link down, no memory. */
uint64_t switch_drops(const struct net_switch *sw);
uint64_t switch_floods(const struct net_switch *sw);
uint32_t switch_table_size(const struct net_switch *sw);
/* The port behind which the switch believes the address to be, NULL when it would flood. */
struct port *switch_lookup(const struct net_switch *sw, const uint8_t mac[6]);

#endif
