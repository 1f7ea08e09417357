/*
 * A packet's memory, as the documents draw it: struct sk_buff with its pointers, the buffer they point into,
 * skb_shared_info at its end, page fragments. Packets that share a buffer (clones) stand on both sides of it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "viz/objects_draw.h"

#define MAX_SHARING 6	/* packets drawn around one buffer */
#define MAX_SEGMENTS 32 /* of a buffer */
#define MAX_DRAWN 8	/* buffers, when nobody said which packet */
#define MAX_FRAGS 17
#define BAR_WIDTH 30
#define BAR_EXTRA 8 /* rows that a buffer's bytes are spread over, besides one for each segment */
#define BOX_WIDTH 38
#define LIST_AT 4 /* column in which a list goes on from packet to packet */

struct segment {
	const char *name;
	int64_t at, end;
	enum pic_class cls;
	bool more; /* the rest of the segment before it */
	int row;   /* of its upper border */
};

/* A buffer, who shares it, and what is in it. */
struct buffer {
	const struct snap_rec *skb[MAX_SHARING];
	unsigned nr_skbs;
	struct segment seg[MAX_SEGMENTS];
	unsigned nr_segs;
	int64_t data, tail, end; /* from the first packet's data to the last one's tail */
	int bottom;		 /* row of the lower border, where skb_shared_info begins */
	int box_end, list;	 /* rows: below the first packet's box; of frag_list */
};

/* ---- what is where ---- */

static enum pic_class class_of(const char *header)
{
	return strcmp(header, "Ethernet") == 0				   ? PIC_INTERFACE
	       : strcmp(header, "IPv4") == 0 || strcmp(header, "ARP") == 0 ? PIC_INTERNET
									   : PIC_TRANSPORT;
}

static void add_segment(struct buffer *bf, const char *name, int64_t at, int64_t end, enum pic_class cls)
{
	end = end < bf->end ? end : bf->end;
	if (at >= 0 && end > at && bf->nr_segs < MAX_SEGMENTS)
		bf->seg[bf->nr_segs++] = (struct segment){ .name = name, .at = at, .end = end, .cls = cls };
}

/* What lies between `at` and `end` and is no header. */
static void add_gap(struct buffer *bf, int64_t at, int64_t end)
{
	int64_t cut[] = { at, bf->data, bf->tail, end };
	for (unsigned i = 1; i < 3; i++)
		cut[i] = cut[i] < at ? at : cut[i] > end ? end : cut[i];
	add_segment(bf, "headroom", cut[0], cut[1], PIC_DIM);
	add_segment(bf, "payload", cut[1], cut[2], PIC_APPLICATION);
	add_segment(bf, "tailroom", cut[2], cut[3], PIC_DIM);
}

/* The first header at or after `from` that any of the packets knows of. */
static const struct snap_rec *header_after(const struct drawing *d, const struct buffer *bf, int64_t from)
{
	const struct snap_rec *best = NULL, *rec = NULL;
	while ((rec = next(d, rec, "header")))
		for (unsigned i = 0; i < bf->nr_skbs; i++)
			if (num(d, rec, "skb") == num(d, bf->skb[i], "id") && num(d, rec, "at") >= from &&
			    (!best || num(d, rec, "at") < num(d, best, "at")))
				best = rec;
	return best;
}

/* A pointer needs a border to point at. */
static void split_at(struct buffer *bf, int64_t at)
{
	for (unsigned i = 0; i < bf->nr_segs; i++) {
		struct segment *s = &bf->seg[i];
		if (s->at >= at || s->end <= at || bf->nr_segs == MAX_SEGMENTS)
			continue;
		memmove(s + 1, s, (bf->nr_segs - i) * sizeof(*s));
		bf->nr_segs++;
		s->end = s[1].at = at;
		s[1].more = true;
		return;
	}
}

static void find_segments(const struct drawing *d, struct buffer *bf)
{
	const struct snap_rec *h;
	int64_t at = 0;
	bf->end = num(d, bf->skb[0], "end");
	bf->end = bf->end < 0 ? 0 : bf->end < UINT32_MAX ? bf->end : UINT32_MAX;
	bf->data = bf->end;
	for (unsigned i = 0; i < bf->nr_skbs; i++) {
		int64_t data = num(d, bf->skb[i], "data"), tail = num(d, bf->skb[i], "tail");
		bf->data = data < bf->data ? data : bf->data;
		bf->tail = tail > bf->tail ? tail : bf->tail;
	}
	while ((h = header_after(d, bf, at))) {
		add_gap(bf, at, num(d, h, "at"));
		at = num(d, h, "at");
		add_segment(bf, str(d, h, "name"), at, at + num(d, h, "len"), class_of(str(d, h, "name")));
		at += num(d, h, "len") > 0 ? num(d, h, "len") : 1;
	}
	add_gap(bf, at, bf->end);
	for (unsigned i = 0; i < bf->nr_skbs; i++) {
		split_at(bf, num(d, bf->skb[i], "data"));
		split_at(bf, num(d, bf->skb[i], "tail"));
	}
}

static int count_frags(const struct drawing *d, const struct snap_rec *skb)
{
	int64_t n = num(d, skb, "nr_frags");
	return n < 0 ? 0 : n > MAX_FRAGS ? MAX_FRAGS : (int)n;
}

/* All packets with the buffer of `skb`, that one first. */
static void find_sharing(const struct drawing *d, struct buffer *bf, const struct snap_rec *skb)
{
	const struct snap_rec *rec = NULL;
	memset(bf, 0, sizeof(*bf));
	bf->skb[bf->nr_skbs++] = skb;
	while ((rec = next(d, rec, "skb")))
		if (rec != skb && bf->nr_skbs < MAX_SHARING && num(d, rec, "buffer") == num(d, skb, "buffer"))
			bf->skb[bf->nr_skbs++] = rec;
	find_segments(d, bf);
}

/* ---- the buffer ---- */

static void draw_segment(const struct drawing *d, struct segment *s, int x, int height)
{
	char tip[128];
	snprintf(tip, sizeof(tip), "%s: %lld bytes, head + %lld to head + %lld", s->name,
		 (long long)(s->end - s->at), (long long)s->at, (long long)s->end);
	board_box(d->b, x, s->row, BAR_WIDTH, height + 1, s->cls, tip);
	board_text(d->b, x + 2, s->row + (height + 1) / 2, s->cls, 0, "%s%s", s->name,
		   s->more ? " (more)" : "");
	board_text(d->b, x + BAR_WIDTH - 3, s->row + (height + 1) / 2, s->cls, PIC_END, "%lld",
		   (long long)(s->end - s->at));
}

/* Rows in proportion to the bytes, but room for a line in each. */
static void draw_bar(const struct drawing *d, struct buffer *bf, int x, int y)
{
	for (unsigned i = 0; i < bf->nr_segs; i++) {
		struct segment *s = &bf->seg[i];
		int height = 2 + (int)((s->end - s->at) * BAR_EXTRA / (bf->end ? bf->end : 1));
		s->row = y;
		draw_segment(d, s, x, height);
		y += height;
	}
	bf->bottom = y;
}

/* The border that a pointer points at. */
static int row_of(const struct buffer *bf, int64_t at)
{
	for (unsigned i = 0; i < bf->nr_segs; i++)
		if (bf->seg[i].at >= at)
			return bf->seg[i].row;
	return bf->bottom;
}

/* skb_shared_info below the end; returns its last row. `frag_row[]`: of its fragments. */
static int draw_shared_info(const struct drawing *d, struct buffer *bf, int x, int *frag_row)
{
	const struct snap_rec *skb = bf->skb[0];
	int64_t frags = count_frags(d, skb), gso = num(d, skb, "gso_size"), list = num(d, skb, "frag_list");
	int y = bf->bottom, rows = 3 + (int)frags + (gso != 0) + (list != 0);
	board_box(d->b, x, y, BAR_WIDTH, rows + 2, PIC_KERNEL,
		  "skb_shared_info: lies behind `end`, and is shared like the data");
	board_text(d->b, x + 2, ++y, PIC_KERNEL, PIC_BOLD, "skb_shared_info");
	board_text(d->b, x + 2, ++y, PIC_KERNEL, 0, "dataref    %lld", (long long)num(d, skb, "dataref"));
	if (num(d, skb, "payload_refs"))
		board_text(d->b, x + BAR_WIDTH - 3, y, PIC_KERNEL, PIC_END, "%lld no headers",
			   (long long)num(d, skb, "payload_refs"));
	board_text(d->b, x + 2, ++y, PIC_KERNEL, 0, "nr_frags   %lld", (long long)frags);
	if (gso)
		board_text(d->b, x + 2, ++y, PIC_KERNEL, 0, "gso_size   %lld x %lld", (long long)gso,
			   (long long)num(d, skb, "gso_segs"));
	for (int i = 0; i < frags; i++) {
		board_text(d->b, x + 2, ++y, PIC_KERNEL, 0, "frags[%d]", i);
		frag_row[i] = y;
	}
	if (list)
		board_text(d->b, x + 2, ++y, PIC_KERNEL, 0, "frag_list  sk_buff %lld", (long long)list);
	bf->list = y;
	return y + 1;
}

/* Pages that hold data which is not linear, right of skb_shared_info; returns the last row. */
static int draw_pages(const struct drawing *d, const struct buffer *bf, int x, int y, const int *frag_row)
{
	const struct snap_rec *rec = NULL;
	int to[MAX_FRAGS], n = 0, frags = count_frags(d, bf->skb[0]);
	int left = x + board_route_width((unsigned)frags) + 1;
	while (n < frags && (rec = next(d, rec, "frag"))) {
		if (num(d, rec, "skb") != num(d, bf->skb[0], "id"))
			continue;
		board_box(d->b, left, y, BOX_WIDTH, 4, PIC_APPLICATION,
			  "a page fragment: data that is not linear");
		board_text(d->b, left + 2, y + 1, PIC_APPLICATION, 0, "page %s", str(d, rec, "page"));
		board_text(d->b, left + BOX_WIDTH - 3, y + 1, PIC_APPLICATION, PIC_END, "%lld refs",
			   (long long)num(d, rec, "page_refs"));
		board_text(d->b, left + 2, y + 2, PIC_APPLICATION, 0, "payload, from %lld",
			   (long long)num(d, rec, "offset"));
		board_text(d->b, left + BOX_WIDTH - 3, y + 2, PIC_APPLICATION, PIC_END, "%lld",
			   (long long)num(d, rec, "len"));
		to[n++] = y + 1;
		y += 4;
	}
	board_route(d->b, x, frag_row, left - 1, to, (unsigned)n, PIC_KERNEL, PIC_ARROW);
	return y;
}

/* ---- struct sk_buff ---- */

struct box {
	const struct drawing *d;
	int x, y;
	enum pic_class cls;
};

static int field(struct box *bx, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Writes a member; the row that it is in. */
static int field(struct box *bx, const char *name, const char *fmt, ...)
{
	char value[64];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	board_text(bx->d->b, bx->x + 2, bx->y, bx->cls, 0, "%s", name);
	board_text(bx->d->b, bx->x + 12, bx->y, bx->cls, 0, "%s", value);
	return bx->y++;
}

static const char *where(const struct drawing *d, const struct snap_rec *skb, char *buf, unsigned len)
{
	if (num(d, skb, "sock"))
		snprintf(buf, len, "%s of sock %lld", str(d, skb, "in"), (long long)num(d, skb, "sock"));
	else if (*str(d, skb, "of_dev"))
		snprintf(buf, len, "%s of %s", str(d, skb, "in"), str(d, skb, "of_dev"));
	else
		snprintf(buf, len, "%s", str(d, skb, "in"));
	return buf;
}

/* The members; `pointer[]`: rows of head, data, tail, end. Returns the last row. */
static int draw_skb(const struct drawing *d, const struct snap_rec *skb, int x, int y, bool at_hand,
		    int *pointer)
{
	char place[64];
	struct box bx = { d, x, y + 2, at_hand ? PIC_STRONG : PIC_SKB };
	bool tcp = num(d, skb, "end_seq") || num(d, skb, "seq");
	bool sk = num(d, skb, "sk"), dev = *str(d, skb, "dev");
	int rows = 11 + tcp + sk + dev;
	board_box(d->b, x, y, BOX_WIDTH, rows + 2, bx.cls,
		  "struct sk_buff: describes a packet; the data lies elsewhere");
	board_text(d->b, x + 2, y + 1, bx.cls, PIC_BOLD, "struct sk_buff %lld", (long long)num(d, skb, "id"));
	if (at_hand)
		board_text(d->b, x + BOX_WIDTH - 3, y + 1, bx.cls, PIC_END, "at hand");
	if (strcmp(str(d, skb, "in"), "elsewhere") == 0)
		board_text(d->b, x + 2, bx.y++, bx.cls, 0, "in no queue");
	else
		board_text(d->b, x + 2, bx.y++, bx.cls, 0, "in %s", where(d, skb, place, sizeof(place)));
	field(&bx, "packet", "%lld", (long long)num(d, skb, "packet"));
	if (sk)
		field(&bx, "sk", "sock %lld", (long long)num(d, skb, "sk"));
	if (dev)
		field(&bx, "dev", "%s", str(d, skb, "dev"));
	if (tcp)
		field(&bx, "seq", "%lld + %lld", (long long)num(d, skb, "seq"),
		      (long long)(uint32_t)(num(d, skb, "end_seq") - num(d, skb, "seq")));
	field(&bx, "len", "%lld", (long long)num(d, skb, "len"));
	field(&bx, "data_len", "%lld", (long long)num(d, skb, "data_len"));
	field(&bx, "truesize", "%lld", (long long)num(d, skb, "truesize"));
	field(&bx, "users", "%lld%s", (long long)num(d, skb, "users"),
	      num(d, skb, "cloned") ? ", cloned" : "");
	pointer[0] = field(&bx, "head", "%s", str(d, skb, "head"));
	pointer[1] = field(&bx, "data", "head + %lld", (long long)num(d, skb, "data"));
	pointer[2] = field(&bx, "tail", "head + %lld", (long long)num(d, skb, "tail"));
	pointer[3] = field(&bx, "end", "head + %lld", (long long)num(d, skb, "end"));
	return y + rows + 1;
}

static void draw_pointers(const struct drawing *d, const struct buffer *bf, const struct snap_rec *skb,
			  int from_x, const int *from, int to_x, enum pic_class cls)
{
	int to[] = { row_of(bf, 0), row_of(bf, num(d, skb, "data")), row_of(bf, num(d, skb, "tail")),
		     bf->bottom };
	board_route(d->b, from_x, from, to_x, to, 4, cls, PIC_ARROW);
}

/* One buffer and all around it: the first packet left of it, the second right, others below the first. */
static void draw_buffer(struct drawing *d, struct buffer *bf, int64_t at_hand)
{
	int channel = board_route_width(4), bar = BOX_WIDTH + channel, right = bar + BAR_WIDTH + channel;
	int y = d->y, left_y = y, pages_y, pointer[4], frag_row[MAX_FRAGS] = { 0 }, last;
	bool hand[MAX_SHARING];
	for (unsigned i = 0; i < bf->nr_skbs; i++)
		hand[i] = num(d, bf->skb[i], "id") == at_hand;
	board_text(d->b, bar, y, PIC_NORMAL, 0, "buffer of %lld bytes at %s", (long long)bf->end,
		   str(d, bf->skb[0], "head"));
	draw_bar(d, bf, bar, y + 1);
	last = draw_shared_info(d, bf, bar, frag_row);
	bf->box_end = draw_skb(d, bf->skb[0], 0, y + 1, hand[0], pointer);
	left_y = bf->box_end + 2;
	draw_pointers(d, bf, bf->skb[0], BOX_WIDTH - 1, pointer, bar - 1, hand[0] ? PIC_STRONG : PIC_SKB);
	pages_y = bf->bottom + 1;
	if (bf->nr_skbs > 1) {
		int end = draw_skb(d, bf->skb[1], right, y + 1, hand[1], pointer);
		draw_pointers(d, bf, bf->skb[1], right, pointer, bar + BAR_WIDTH,
			      hand[1] ? PIC_STRONG : PIC_SKB);
		pages_y = end + 2 > pages_y ? end + 2 : pages_y;
	}
	for (unsigned i = 2; i < bf->nr_skbs; i++)
		left_y = draw_skb(d, bf->skb[i], 0, left_y, hand[i], pointer) + 2;
	pages_y = draw_pages(d, bf, bar + BAR_WIDTH - 1, pages_y, frag_row);
	last = last > left_y - 2 ? last : left_y - 2;
	d->y = (last > pages_y ? last : pages_y) + 3;
}

/* ---- which ---- */

/* Packets that hang off this one by its frag_list, one after the other: led to from there, then from each to
 * the next. */
static void draw_list(struct drawing *d, const struct snap_rec *skb, struct buffer *bf, int64_t at_hand)
{
	int64_t id = num(d, skb, "frag_list"), place = 0;
	const struct snap_rec *piece;
	int bar = BOX_WIDTH + board_route_width(4);
	struct pic_point way[] = { { bar, bf->list }, { LIST_AT, bf->list }, { LIST_AT, d->y } };
	for (unsigned from = 0; id && (piece = snap_find(d->s, d->host, "skb", "id", id++)); from = 1) {
		if (strcmp(str(d, piece, "in"), "frag_list") != 0 || num(d, piece, "place") != place++)
			break;
		way[2].y = d->y;
		board_line(d->b, way + from, 3 - from, PIC_KERNEL, PIC_ARROW);
		find_sharing(d, bf, piece);
		draw_buffer(d, bf, at_hand);
		way[1] = (struct pic_point){ LIST_AT, bf->box_end };
	}
}

/* Has a packet before this one the same buffer, or is it part of one? */
static bool drawn_before(const struct drawing *d, const struct snap_rec *skb)
{
	const struct snap_rec *rec = NULL;
	if (strcmp(str(d, skb, "in"), "frag_list") == 0)
		return true;
	while ((rec = next(d, rec, "skb")) && rec != skb)
		if (num(d, rec, "buffer") == num(d, skb, "buffer"))
			return true;
	return false;
}

bool objects_skbs(struct drawing *d, int64_t id)
{
	const struct snap_rec *hand = next(d, NULL, "at_hand"), *skb = NULL;
	int64_t at_hand = hand ? num(d, hand, "skb") : 0;
	unsigned drawn = 0, left_out = 0;
	struct buffer bf;
	while ((skb = next(d, skb, "skb"))) {
		if (drawn == MAX_DRAWN) {
			left_out++;
			continue;
		}
		if (id ? num(d, skb, "id") != id : drawn_before(d, skb))
			continue;
		drawn++;
		find_sharing(d, &bf, skb);
		draw_buffer(d, &bf, at_hand);
		draw_list(d, skb, &bf, at_hand);
	}
	if (left_out) {
		board_text(d->b, 0, d->y, PIC_NORMAL, 0,
			   "... and %u more; --object skb:N draws the Nth packet", left_out);
		d->y += 2;
	}
	return drawn;
}
