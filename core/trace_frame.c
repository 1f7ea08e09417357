/* Recording of frames: their first bytes, and when they are on which wire. */
#include <string.h>

#include "core/host.h"
#include "core/link.h"

/* The frame's first bytes, 7 a record: the first four as obj, then fn, then depth. */
static void put_bytes(struct host *host, const struct frame *f)
{
	uint32_t len = f->len < TRACE_BYTES ? f->len : TRACE_BYTES;

	for (uint32_t i = 0; i < len; i += 7) {
		uint8_t b[8] = { 0 };
		struct trace_rec r;

		memcpy(b, f->data + i, len - i < 7 ? len - i : 7);
		memcpy(&r.obj, b, 4);
		memcpy(&r.fn, b + 4, 2);
		trace_put(host, TR_BYTES, r.fn, b[6], r.obj);
	}
}

void trace_frame_on(struct host *host, unsigned line, struct frame *f)
{
	f->hop = trace_hop_out(host, HOP_FRAME);
	trace_put(host, TR_FRAME_TX, f->len, line, f->journey);
}

void trace_frame_tx(struct host *host, unsigned line, struct frame *f)
{
	trace_frame_on(host, line, f);
	put_bytes(host, f);
}

void trace_frame_rx(struct host *host, unsigned line, const struct frame *f)
{
	trace_hop_in(host, HOP_FRAME, f->hop);
	trace_put(host, TR_FRAME_RX, f->len, line, f->journey);
	if (!f->hop)
		put_bytes(host, f);
}

void trace_wire_to(struct host *host, uint32_t to)
{
	trace_put(host, TR_WIRE_TO, 0, host->tr.depth + 1u, to);
}

static void put_moment(struct host *host, enum trace_kind kind, uint64_t when)
{
	trace_put(host, kind, (uint16_t)(when >> 32), (uint8_t)(when >> 48), (uint32_t)when);
}

void trace_wire_times(struct host *host, uint64_t from, uint64_t left)
{
	if (from != host->sim->now)
		put_moment(host, TR_WIRE_FROM, from);
	put_moment(host, TR_WIRE_LEFT, left);
}
