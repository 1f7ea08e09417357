/*
 * A host's trace as a list of events with named fields, for formats that hold lists: JSON lines, CTF. What a
 * record leaves to be understood is said: the function's name, in which context it ran, when calls end.
 */
#ifndef VIZ_EVENTS_H
#define VIZ_EVENTS_H

#include "viz/export.h"

enum viz_event_type {
	EV_ENTER,
	EV_LEAVE,
	EV_STEP,
	EV_TASK,
	EV_IDLE,
	EV_IRQ,
	EV_IRQ_END,
	EV_SOFTIRQ,
	EV_CALL,
	EV_RET,
	EV_CAUSE,
	EV_EFFECT,
	EV_DROP,
	EV_SENT,
	EV_RECEIVED,
	EV_LOG,
	EV_VALUE,
	EV_TYPES
};

enum viz_field_kind { FIELD_NONE, FIELD_TEXT, FIELD_NUMBER, FIELD_SIGNED };

#define EVENT_FIELDS 7

struct viz_event_type_info {
	const char *name;
	struct {
		const char *name;
		enum viz_field_kind kind;
	} fields[EVENT_FIELDS]; /* up to the first FIELD_NONE */
};

extern const struct viz_event_type_info viz_event_types[EV_TYPES];

/* What an event happens in. */
enum viz_context { CONTEXT_BOOT, CONTEXT_TASK, CONTEXT_HARDIRQ, CONTEXT_SOFTIRQ, CONTEXT_KINDS };
extern const char *const viz_contexts[CONTEXT_KINDS];

struct viz_event {
	enum viz_event_type type;
	uint64_t time;
	enum viz_context context;
	uint32_t pid; /* of the task, in CONTEXT_TASK */
	struct {
		const char *text; /* NULL: the field says nothing here */
		int64_t number;	  /* 0 in a FIELD_NUMBER that says nothing */
	} fields[EVENT_FIELDS];
};

/* Tells a host's events in order of time. 0, or -1: no memory. */
int viz_events_host(const struct viz_export *x, uint32_t host,
		    void (*tell)(void *arg, const struct viz_event *e), void *arg);

#endif
