/*
 * The ladder: a life line per host and switch, each frame an arrow from where and when it was sent to where
 * and when it came, lost ones ending in an X; at the sides the programs' calls and TCP's states.
 *
 * viz_ladder_new() picks what is to be seen and puts it in order; the writers draw it.
 */
#ifndef VIZ_LADDER_H
#define VIZ_LADDER_H

#include <stdio.h>

#include "viz/picture.h"
#include "viz/sends.h"

struct viz_ladder_options {
	const char *host;   /* only what it sends, gets and does; NULL: all */
	const char *filter; /* only frames whose words contain this; NULL: all */
	uint32_t packet;    /* only this one's frames; 0: all */
	uint64_t from, to;  /* sent, called, ... from ... to */
	bool scale;	    /* time to scale; else long gaps are shortened */
	bool utf8;	    /* text: box characters */
	uint32_t limit;	    /* frames; the rest is counted; 0: no limit, and text is not folded */
};

enum ladder_kind { LADDER_SEND, LADDER_ARRIVE, LADDER_DROP, LADDER_CALL, LADDER_RET, LADDER_STATE };

/* Something that happens on a life line. */
struct ladder_item {
	uint64_t time;
	uint32_t host, order;
	uint32_t index; /* of the sending, the drop, the call, the state */
	enum ladder_kind kind;
};

struct ladder_call {
	const char *text, *task;
	uint64_t from, to; /* to VIZ_NEVER: has not returned */
	int32_t result;
	uint32_t host, order, ret_order, pid;
};

struct ladder_state {
	uint64_t time;
	uint32_t host, order;
	uint16_t fn;
	uint32_t value, sock;
};

struct ladder {
	const struct viz_trace *t;
	struct viz_ladder_options opt;
	struct viz_sends sends;
	struct ladder_call *calls;
	struct ladder_state *states;
	struct ladder_item *items; /* in order of time */
	uint32_t *lanes;	   /* hosts from left to right; VIZ_NOBODY: outside */
	uint32_t *lane_of;	   /* by host */
	uint32_t outside;	   /* the lane of VIZ_NOBODY */
	uint32_t nr_calls, cap_calls, nr_states, cap_states, nr_items, cap_items, nr_lanes;
	uint32_t shown, left_out; /* frames */
	uint64_t gap;		  /* a time between two items above that is long */
	bool one_talk;		  /* TCP and UDP between one pair of ports only: addresses are not repeated */
	bool many_socks;
	char who[96]; /* that pair */
};

/* NULL with a message on failure. */
struct ladder *viz_ladder_new(const struct viz_trace *t, const struct viz_ladder_options *opt, char *err,
			      unsigned errlen);
void viz_ladder_free(struct ladder *l);

/* 0, or -1 with a message. */
int viz_ladder_text(const struct ladder *l, FILE *out, char *err, unsigned errlen);
int viz_ladder_mermaid(const struct ladder *l, FILE *out, char *err, unsigned errlen);
int viz_ladder_picture(const struct ladder *l, enum pic_format format, FILE *out, char *err, unsigned errlen);

/* ---- for the writers ---- */

uint32_t ladder_lane(const struct ladder *l, uint32_t host);
const char *ladder_host(const struct ladder *l, uint32_t host);
/* The words are new: not those of the same packet on the wire before. */
bool ladder_speaks(const struct ladder *l, uint32_t send);
/* tcpdump's words, and in brackets what else there is to say. */
void ladder_words(const struct ladder *l, uint32_t send, bool brief, char *buf, unsigned len);
/* " [lost: ...]", " [retransmission]": or "". */
void ladder_notes(const struct ladder *l, uint32_t send, char *buf, unsigned len);
/* "()" for a call whose text has no arguments, else "". */
const char *ladder_parens(const char *call);
/* "connect(3, 10.0.2.2:80) = 0", as far as it is known. */
void ladder_call_text(const struct ladder_call *c, bool with_result, char *buf, unsigned len);
void ladder_state_text(const struct ladder *l, const struct ladder_state *s, char *buf, unsigned len);
/* "1.000213440" and "+12.4 us". */
void ladder_time(uint64_t ns, char *buf, unsigned len);
void ladder_span(uint64_t ns, char *buf, unsigned len);
/* Whether the time between two items is long for this ladder, so that it is marked. */
bool ladder_gap(const struct ladder *l, uint64_t ns);

#endif
