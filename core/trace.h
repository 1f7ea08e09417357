/*
 * The trace: what each host called, in which context, when, about which packet, and because of what.
 *
 * A traced function begins with one line:
 *
 *	TRACE(sk, "ensure a valid port is ready");
 *
 * Name, file and sentence go into a constant `struct trace_fn` in the linker section wp_fn; the layer is
 * the folder of the file. The line opens a span that scope exit closes. Off, it costs one predicted branch.
 *
 * Records are 8 bytes and lie in a buffer per host. A record does not repeat what the record before it
 * said: time, task and context are records of their own, written when they change. Leaving a function is
 * implied by depth: a record at depth d closes everything at depth d and deeper in the same flow, at the
 * time of that record (time only passes inside functions, so nothing is lost).
 *
 * Ids of packets (journeys) and of hops (cause -> effect): the upper 10 bits are the host's index, the
 * lower 22 a count of that host, so an id repeats after four million packets of one host.
 */
#ifndef CORE_TRACE_H
#define CORE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct host;
struct sim;
struct task;

struct trace_fn {
	const char *name;  /* as Linux names it */
	const char *file;  /* path in our tree, e.g. "stack/transport/tcp_input.c" */
	const char *what;  /* the sentence in the chart; "" when there is none */
	uint32_t contexts; /* IN_TASK, IN_SOFTIRQ, ...: a mask of 1 << enum cpu_ctx */
	uint32_t kind;	   /* enum trace_fn_kind */
};

enum trace_fn_kind {
	TRACE_FN_FUNCTION,
	TRACE_FN_STEP, /* a line of a chart that is no call: name is the text */
	TRACE_FN_OP,   /* an operations-table slot: name is the slot, "sendmsg" */
	/* a value: name is "snd_cwnd"; what is its unit ("segments"), or, for a state, the names of the
	   values from 0 joined by '|' ("off|on"; one without a name is empty) */
	TRACE_FN_VALUE,
};

/* What values belong to; the number tells one of a kind from another in its host. */
enum trace_subject {
	SUBJECT_HOST,  /* 0 */
	SUBJECT_SOCK,  /* trace_id of the socket: "10.0.2.15:32768 > 10.0.2.2:80" */
	SUBJECT_NEIGH, /* trace_id of the neighbour: "10.0.2.2 dev eth0" */
	SUBJECT_DEV,   /* ifindex: "eth0" */
	SUBJECT_CARD,  /* interrupt line of the card, port of the switch: "eth0" */
	SUBJECT_KINDS
};

enum trace_kind {
	/* entries: fn = rank of the function, depth = its depth in the flow (1 outermost) */
	TR_ENTER,     /* obj 0 */
	TR_ENTER_SKB, /* obj = journey id of the packet at hand */
	TR_ENTER_SK,  /* obj = id of the socket at hand */
	TR_STEP, /* fn = rank of the step text; depth = of the function that it belongs to, plus 1; obj as the
		    call gave */
	TR_OP,	 /* the next entry is reached through this slot: fn = rank, depth as that entry's */
	/* flow: */
	TR_TIME, /* time is now obj | fn << 32 | depth << 48 ns (56 bits) */
	TR_TASK, /* task obj (pid) runs from here on; fn 1: it resumes inside what it slept in, at `depth` */
	TR_IDLE, /* nobody runs */
	TR_IRQ,	 /* a hard interrupt of line obj, on top of `depth` open functions */
	TR_IRQ_END,
	TR_SOFTIRQ, /* softirq number obj is served from here on (until the enclosing function ends) */
	/* user side: */
	TR_CALL, /* a program's call: obj = string id of "socket(SOCK_STREAM)" */
	TR_RET,	 /* its result: obj = result as int32, negative errno on failure */
	/* causes: obj = hop id, fn = enum trace_hop */
	TR_HOP_OUT,
	TR_HOP_IN,
	/* others: */
	TR_DROP,     /* a packet is dropped: fn = reason, obj = journey id */
	TR_FRAME_TX, /* a card puts a frame on the wire / takes one: obj = journey id, fn = length; depth =
			the card's interrupt line or the switch's port (SUBJECT_CARD) */
	TR_FRAME_RX,
	TR_NOTE,  /* a line of the host's log (dmesg, print): obj = string id */
	TR_LEAVE, /* only with a filter: calls at `depth` and deeper have ended, a call left out follows */
	/* values, written when they change: */
	TR_SUBJECT, /* the TR_VALUEs from here on are of this: fn = enum trace_subject, obj = its number;
		       written when it is another than before, and before the first value of each chunk */
	TR_VALUE,   /* fn = rank of the value's name, obj = the value from here on */
	/* more about the frame of the TR_FRAME_TX or TR_FRAME_RX just before: */
	TR_BYTES,   /* 7 of its first bytes, in order, in fn, depth and obj (little-endian); as many in a row
		       as it takes for TRACE_BYTES or the whole frame. Of frames that a card sends, and of
		       those that come from where nothing is recorded */
	TR_WIRE_TO, /* sent: its wire ends at host or switch number obj */
	TR_WIRE_FROM, /* sent: its first bit leaves then, as in TR_TIME; missing: at once */
	TR_WIRE_LEFT, /* sent: its last bit has left then */
	TR_KINDS
};

/* How one flow sets off another (DESIGN 5: armed -> fired, raised -> run, ...). */
enum trace_hop {
	HOP_TIMER,   /* timer armed -> fired */
	HOP_SOFTIRQ, /* raised -> run */
	HOP_IRQ,     /* device raised its line -> interrupt */
	HOP_WAKE,    /* wake-up -> task resumes */
	HOP_FRAME,   /* sent -> received */
	HOP_WORK,    /* work queued -> run */
	HOP_KINDS
};

struct trace_rec {
	uint16_t fn;
	uint8_t depth;
	uint8_t kind; /* enum trace_kind */
	uint32_t obj;
};

#define TRACE_ID_COUNT 0x3fffffu /* the part of an id that counts */
#define TRACE_CHUNK 4096	 /* records in a host's buffer */
#define TRACE_BYTES 98		 /* of a frame, at most: Ethernet, IPv4, and TCP with all its options */

/* The part of the trace that lives in a host. */
struct trace_host {
	bool active;	      /* spans are counted: recording or costs are on */
	bool recording;	      /* host passes the filter */
	uint8_t depth;	      /* open functions of the flow that runs */
	uint8_t packet_depth; /* core/trace_filter.c: depth of the function that the packet filter let in, or
				 0 */
	struct trace_rec *next, *end; /* free part of the buffer */
	struct trace_rec *plain_end;  /* as `end`, or NULL when entries are filtered or cost time */
	struct trace_rec *buf;
	uint64_t time;	  /* of the last TR_TIME */
	uint64_t subject; /* of the last TR_SUBJECT: kind << 32 | number; UINT64_MAX: none in this chunk */
};

/* Description records, between these by the linker. */
extern const struct trace_fn __start_wp_fn[], __stop_wp_fn[];

/*
 * Slow half of TRACE: checks the context, spends the function's cost, records. `kind` is an enum trace_kind,
 * with the contexts that `fn` may not run in from bit 8 on: so `fn` itself, a cold line, is not looked at.
 * `at`: the packet or socket at hand (sim->on_enter gets it), or NULL.
 */
void trace_enter(struct host *host, const struct trace_fn *fn, unsigned kind, uint32_t obj, const void *at);
void trace_leaf(struct host *host, const struct trace_fn *fn, unsigned kind, uint32_t obj, const void *at);

/* Appends a record as it is; callers check `recording`. */
void trace_put(struct host *host, unsigned kind, unsigned fn, unsigned depth, uint32_t obj);
void trace_step_slow(struct host *host, const struct trace_fn *fn, uint32_t obj);
void trace_op_slow(struct host *host, const struct trace_fn *fn);
void trace_value_slow(struct host *host, const struct trace_fn *fn, enum trace_subject kind, uint32_t id,
		      uint32_t value);

struct trace_span {
	struct host *host;
};

/* trace_span_end(), trace_active(), trace_recording() and more need struct host: they are in core/host.h. */

#define TRACE_DESC_(var, name_, what_, contexts_, kind_)                                                     \
	static const struct trace_fn var                                                                     \
		__attribute__((section("wp_fn"), used, aligned(8))) = { (name_), __FILE__, (what_),          \
									(contexts_), (kind_) }

#define TRACE_AT_(host_, name_, what_, contexts_, kind_, obj_, at_)                                          \
	TRACE_DESC_(trace_fn_here, name_, what_, contexts_, TRACE_FN_FUNCTION);                              \
	struct host *const trace_host_here = (host_);                                                        \
	struct trace_span trace_span_here                                                                    \
		__attribute__((cleanup(trace_span_end), unused)) = { trace_host_here };                      \
	if (trace_active(trace_host_here))                                                                   \
	trace_enter(trace_host_here, &trace_fn_here, (kind_) | (~(contexts_)&0xffu) << 8, obj_, at_)

/*
 * The span macros. `x` is anything with a member `host`; TRACE_SKB also takes its `journey`, TRACE_SK its
 * `trace_id`. The _IN forms name the contexts (IN_TASK, IN_SOFTIRQ, ...) that the function may run in:
 * another one is a fault. TRACE_AS gives another name than the C function's (for a function behind a macro).
 */
#define TRACE(x, what) TRACE_AT_((x)->host, __func__, what, 0xff, TR_ENTER, 0, NULL)
#define TRACE_SKB(skb, what) TRACE_AT_((skb)->host, __func__, what, 0xff, TR_ENTER_SKB, (skb)->journey, skb)
#define TRACE_SK(sk, what) TRACE_AT_((sk)->host, __func__, what, 0xff, TR_ENTER_SK, (sk)->trace_id, sk)
#define TRACE_AS(x, name, what) TRACE_AT_((x)->host, name, what, 0xff, TR_ENTER, 0, NULL)
#define TRACE_IN(x, contexts, what) TRACE_AT_((x)->host, __func__, what, contexts, TR_ENTER, 0, NULL)
#define TRACE_SKB_IN(skb, contexts, what)                                                                    \
	TRACE_AT_((skb)->host, __func__, what, contexts, TR_ENTER_SKB, (skb)->journey, skb)
#define TRACE_SK_IN(sk, contexts, what)                                                                      \
	TRACE_AT_((sk)->host, __func__, what, contexts, TR_ENTER_SK, (sk)->trace_id, sk)

/*
 * A leaf, a function that calls nothing traced: its span is over as soon as it is recorded, so it has no end
 * to look after. (What it would call would be drawn beside it, not below; tests/checks/leaves.py looks for
 * such calls.)
 */
#define TRACE_LEAF_AT_(host_, what_, kind_, obj_, at_)                                                       \
	TRACE_DESC_(trace_fn_here, __func__, what_, 0xff, TRACE_FN_FUNCTION);                                \
	struct host *const trace_host_here = (host_);                                                        \
	if (trace_active(trace_host_here))                                                                   \
	trace_leaf(trace_host_here, &trace_fn_here, (kind_), obj_, at_)
#define TRACE_LEAF(x, what) TRACE_LEAF_AT_((x)->host, what, TR_ENTER, 0, NULL)
#define TRACE_SKB_LEAF(skb, what) TRACE_LEAF_AT_((skb)->host, what, TR_ENTER_SKB, (skb)->journey, skb)
#define TRACE_SK_LEAF(sk, what) TRACE_LEAF_AT_((sk)->host, what, TR_ENTER_SK, (sk)->trace_id, sk)

/* A step worth showing that is no call: TRACE_STEP(sk, "change tcp state to SYN_SENT"); text is a literal. */
#define TRACE_STEP(x, text)                                                                                  \
	do {                                                                                                 \
		TRACE_DESC_(trace_step_here, text, "", 0xff, TRACE_FN_STEP);                                 \
		if (trace_recording((x)->host))                                                              \
			trace_step_slow((x)->host, &trace_step_here, 0);                                     \
	} while (0)

/* The next traced call is made through an operations table: TRACE_OP(sk, "sendmsg"); goes into the slot's
 * wrapper. */
#define TRACE_OP(x, slot)                                                                                    \
	do {                                                                                                 \
		TRACE_DESC_(trace_op_here, slot, "", 0xff, TRACE_FN_OP);                                     \
		if (trace_recording((x)->host))                                                              \
			trace_op_slow((x)->host, &trace_op_here);                                            \
	} while (0)

/*
 * A value has changed, or a state: TRACE_VALUE(dev, SUBJECT_DEV, dev->ifindex, "carrier", "off|on", 1). One
 * line of the code per name. The caller sees to it that it has changed; a filter for functions or packets
 * does not concern values, one for hosts or times does. Of a socket: TRACE_VALUE_SK.
 */
#define TRACE_VALUE(x, subject, id, name, unit, value)                                                       \
	do {                                                                                                 \
		TRACE_DESC_(trace_value_here, name, unit, 0xff, TRACE_FN_VALUE);                             \
		if (trace_recording((x)->host))                                                              \
			trace_value_slow((x)->host, &trace_value_here, subject, id, value);                  \
	} while (0)
#define TRACE_VALUE_SK(sk, name, unit, value) TRACE_VALUE(sk, SUBJECT_SOCK, (sk)->trace_id, name, unit, value)

/* What a subject is called, once that is known; a later name takes the place of an earlier one. */
void trace_subject_name(struct host *host, enum trace_subject kind, uint32_t id, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* ---- journeys and causes ---- */

/* A new packet's journey id (never 0), or a new hop id. Cheap; counted with the trace off as well. */
uint32_t trace_journey_new(struct host *host);

/* Slow halves of causes and flow records, which are in core/host.h. */
uint32_t trace_hop_out_slow(struct host *host, enum trace_hop kind);
void trace_task_slow(struct host *host, const struct task *task, bool resumes);
void trace_idle_slow(struct host *host);

/* A program's call and its result, with the words of golden/: trace_call(host, "socket(SOCK_STREAM)"). */
void trace_call(struct host *host, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void trace_ret(struct host *host, int32_t result);
void trace_note(struct host *host, const char *text);
void trace_drop(struct host *host, unsigned reason, uint32_t journey);

/* ---- frames (core/trace_frame.c) ---- */

struct frame;

/* A port's device sends the frame, or takes it: with a hop from one to the other. `tx` gives the frame its
 * hop. */
void trace_frame_tx(struct host *host, unsigned line, struct frame *f);
void trace_frame_rx(struct host *host, unsigned line, const struct frame *f);
/* A switch passes it on: as trace_frame_tx(), but its bytes are known. */
void trace_frame_on(struct host *host, unsigned line, struct frame *f);
/* Where the frame sent goes, and when its bits leave. */
void trace_wire_to(struct host *host, uint32_t to);
void trace_wire_times(struct host *host, uint64_t from, uint64_t left);

/* ---- the whole run ---- */

struct trace_options {
	const char *path;   /* the trace file; NULL: records are digested, not written */
	const char *filter; /* see trace_start(); NULL: everything */
	/* The sentence of drop reason `nr`, written into the file; NULL where there is none. */
	const char *(*drop_text)(unsigned nr);
};

/*
 * Starts recording of a simulation, before its first host. Returns 0, or -1 with a message in `err`.
 *
 * A filter is terms joined by ',' (or blanks): host=GLOB, layer=GLOB, fn=GLOB, packet=ID, from=TIME,
 * to=TIME (ns, or with us, ms, s). An entry passes when it meets one term of each kind that was given.
 * packet=ID passes the functions that handle that packet and all that they call.
 */
int trace_start(struct sim *sim, const struct trace_options *opt, char *err, unsigned errlen);
int trace_host_init(struct host *host); /* for each new host; 0, or -1: no memory */

/*
 * What stands in the trace for something that is no host but passes frames on: a switch. Only its name,
 * number and records mean anything. The numbers go down from the last, so that the hosts' are their indices.
 * `*stand_in` is NULL when nothing is recorded. 0, or -1: no memory.
 */
int trace_stand_in_new(struct sim *sim, const char *name, struct host **stand_in);
void trace_stand_in_free(struct host *stand_in); /* NULL is allowed */

/*
 * Writes out what is buffered and closes the file. 0, or -1 with a message when something could not be
 * written (the file then ends after the last whole chunk). The trace can still be asked for its digest.
 */
int trace_finish(struct sim *sim, char *err, unsigned errlen);
void trace_free(struct sim *sim);

/* A host= term of the filter that no host has matched, or NULL. */
const char *trace_unused_host(const struct sim *sim);

/* Digest over all records of all hosts, valid after trace_finish(). */
uint64_t trace_digest(const struct sim *sim);
uint64_t trace_count(const struct sim *sim);

/* Builds sim->fn_rank, the ranks by name, unless it is there; freed with the simulation. For a trace or
 * costs: it takes longer than to make a world. 0 or -1. */
int trace_rank_init(struct sim *sim);
/* Ids of packets and hops have room for so many hosts and switches. */
#define TRACE_MAX_HOSTS 1024u
bool trace_full(const struct sim *sim); /* no more of them can be recorded */
unsigned trace_fn_count(const struct sim *sim);
/* Folder of the function's file under stack/ or the first folder: "transport", "nic-model", "core". */
const char *trace_fn_layer(const struct trace_fn *fn, char *buf, unsigned len);

/* Parses a time of the command line or a filter: "10" (ns), "10us", "1.5ms", "2s"; false when it is none. */
bool trace_parse_time(const char *text, uint64_t *ns);

#endif
