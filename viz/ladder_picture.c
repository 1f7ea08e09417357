/*
 * Ladders as pictures. Items are placed one after the other, from top to bottom. What is said finds the first
 * free place at or below its item: when time is compressed, the item goes down with it; when time is to
 * scale, the item stays where its time puts it, and a thin line leads to the words.
 */
#include <stdlib.h>
#include <string.h>

#include "viz/ladder.h"

#define ROW 16	       /* a line of small text */
#define LOOK_BACK 2048 /* texts that a new one may collide with */
#define TIME_RIGHT -16 /* where times end; left of it is nothing */
#define TOP 0
#define MAX_HEIGHT 30000
#define BAR 6

struct area {
	int x1, x2, y; /* y: base line */
};

/* A program that waits inside a call. */
struct bar {
	uint32_t call; /* + 1; 0: free */
	int y;
};
#define MAX_BARS 4

struct ended_bar {
	uint32_t call, lane;
	unsigned slot;
	int y1, y2;
};

struct draw {
	const struct ladder *l;
	struct picture *p;
	int *lane_x;
	int *y;		  /* by item */
	int *sent_y;	  /* by sending */
	struct bar *bars; /* MAX_BARS a lane */
	struct ended_bar *ended;
	uint32_t nr_ended;
	bool places_only;
	struct area *said; /* a ring */
	uint32_t nr_said;
	int gap, last_y, time_y; /* time_y: of the last time that is written */
	int height;		 /* to scale */
	uint64_t first, last;
	int *breaks; /* pairs: where long gaps are cut out */
	uint32_t nr_breaks;
};

/* ---- places ---- */

static int small_width(const char *text)
{
	return picture_text_width(text, PIC_SMALL);
}

/* The first base line at or below `y` where nothing else is said between x1 and x2. */
static int free_line(const struct draw *d, int x1, int x2, int y)
{
	bool moved = true;
	while (moved) {
		moved = false;
		uint32_t n = d->nr_said < LOOK_BACK ? d->nr_said : LOOK_BACK;
		for (uint32_t i = 0; i < n; i++) {
			const struct area *a = &d->said[i];
			if (a->x1 < x2 + 6 && x1 < a->x2 + 6 && y > a->y - ROW && y < a->y + ROW) {
				y = a->y + ROW;
				moved = true;
			}
		}
	}
	return y;
}

static void take_line(struct draw *d, int x1, int x2, int y)
{
	d->said[d->nr_said++ % LOOK_BACK] = (struct area){ x1, x2, y };
}

static int lane_x(const struct draw *d, uint32_t host)
{
	return d->lane_x[ladder_lane(d->l, host)];
}

/* Where the frame goes to, also when it did not get there. */
static int target_x(const struct draw *d, const struct viz_send *s)
{
	const struct ladder *l = d->l;
	uint32_t a = ladder_lane(l, s->from);
	if (s->to < l->t->nr_hosts && l->t->hosts[s->to].name && s->to != s->from)
		return lane_x(d, s->to);
	return d->lane_x[a] + (a + 1 < l->nr_lanes || !a ? d->gap : -d->gap);
}

/* Side of a life line on which its host's calls and states stand. */
static int side_of(const struct draw *d, uint32_t host)
{
	return ladder_lane(d->l, host) == 0 ? -1 : 1;
}

/* ---- what is said ---- */

static enum pic_class send_class(const struct draw *d, uint32_t i)
{
	const struct viz_send *s = &d->l->sends.send[i];
	struct frame_head h;
	if (s->drop != VIZ_NOBODY)
		return PIC_DROP;
	if (s->resent || s->duplicate || s->overtaken)
		return PIC_RESENT;
	viz_send_head(&d->l->sends, i, &h);
	return !h.ip					      ? PIC_INTERFACE
	       : h.proto == FRAME_TCP || h.proto == FRAME_UDP ? PIC_TRANSPORT
							      : PIC_INTERNET;
}

/* The words on an arrow; false: none. */
static bool send_label(const struct draw *d, uint32_t i, char *buf, unsigned len)
{
	const struct viz_send *s = &d->l->sends.send[i];
	char notes[256];
	bool speaks = ladder_speaks(d->l, i);
	*buf = '\0';
	if (speaks)
		ladder_words(d->l, i, true, buf, len);
	if (!speaks && !s->duplicate && !s->overtaken && s->drop == VIZ_NOBODY)
		return false;
	ladder_notes(d->l, i, notes, sizeof(notes));
	size_t n = strlen(buf);
	snprintf(buf + n, len - n, "%s", n ? notes : notes + (*notes == ' '));
	return true;
}

static void side_label(const struct draw *d, const struct ladder_item *it, char *buf, unsigned len)
{
	const struct ladder *l = d->l;
	if (it->kind == LADDER_STATE) {
		ladder_state_text(l, &l->states[it->index], buf, len);
	} else if (it->kind == LADDER_DROP) {
		snprintf(buf, len, "X dropped: %s",
			 viz_string(&l->t->drops, l->sends.drops[it->index].reason));
	} else {
		const struct ladder_call *c = &l->calls[it->index];
		bool ends = it->kind == LADDER_RET || c->to == it->time;
		ladder_call_text(c, ends, buf, len);
		size_t n = strlen(buf);
		if (!ends)
			snprintf(buf + n, len - n, " ...");
	}
}

static void send_tip(const struct draw *d, uint32_t i, char *buf, unsigned len)
{
	const struct ladder *l = d->l;
	const struct viz_send *s = &l->sends.send[i];
	struct frame_head h;
	struct frame_bases b = viz_send_bases(&l->sends, i);
	char who[96], words[640], notes[256], sent[32], arrived[32], flight[32];
	viz_send_head(&l->sends, i, &h);
	frame_who(&h, who, sizeof(who));
	frame_words(&h, &b, false, words, sizeof(words));
	ladder_notes(l, i, notes, sizeof(notes));
	ladder_time(s->sent, sent, sizeof(sent));
	ladder_time(s->arrived, arrived, sizeof(arrived));
	ladder_span(s->arrived - s->sent, flight, sizeof(flight));
	int n = snprintf(buf, len, "%s%s%s\npacket %u, %u bytes, %s to %s\nsent %s s", who, words, notes,
			 s->journey, s->len, ladder_host(l, s->from), ladder_host(l, s->to), sent);
	if (s->arrived != VIZ_NEVER && n > 0 && (unsigned)n < len)
		snprintf(buf + n, len - (unsigned)n, ", received %s s (+%s)", arrived, flight);
}

/* ---- time ---- */

/* Pixels for the time since the item before, when time is compressed. */
static int squeeze(struct draw *d, uint64_t ns)
{
	int bits = 0;
	if (ns == 0)
		return 0;
	if (ladder_gap(d->l, ns))
		return 52;
	for (uint64_t v = ns / 128; v; v >>= 1)
		bits++;
	return 3 + (bits < 18 ? bits : 18) / 2;
}

static int scaled(const struct draw *d, uint64_t time)
{
	uint64_t all = d->last - d->first;
	return TOP + (all ? (int)((unsigned __int128)(time - d->first) * (unsigned)d->height / all) : 0);
}

/* The place of an item whose words (x1 to x2, `above` the item) need room; sets where they stand. */
static int place(struct draw *d, uint32_t item, int x1, int x2, int above, int *line)
{
	const struct ladder *l = d->l;
	uint64_t time = l->items[item].time, ns = item ? time - l->items[item - 1].time : 0;
	int y;
	if (l->opt.scale) {
		y = scaled(d, time);
		*line = free_line(d, x1, x2, y - above);
	} else {
		int before = d->last_y;
		y = before + squeeze(d, ns);
		if (above > 0 && x1 < x2 && y < before + ROW + 4) /* below what arrives or leaves here */
			y = before + ROW + 4;
		if (ns && ladder_gap(l, ns)) {
			d->breaks[d->nr_breaks++] = before + 8;
			d->breaks[d->nr_breaks++] = y - 8;
		}
		*line = x1 < x2 ? free_line(d, x1, x2, y - above) : y;
		y = x1 < x2 ? *line + above : y;
		d->last_y = y;
	}
	if (x1 < x2)
		take_line(d, x1, x2, *line);
	return d->y[item] = y;
}

static void put_time(struct draw *d, uint32_t item, int y)
{
	const struct ladder *l = d->l;
	char text[32];
	if (l->opt.scale || (item && l->items[item].time == l->items[item - 1].time) ||
	    y < d->time_y + ROW - 3)
		return;
	ladder_time(l->items[item].time, text, sizeof(text));
	picture_text(d->p, TIME_RIGHT, y + 4, PIC_GRID, PIC_SMALL | PIC_END, "%s", text);
	d->time_y = y;
}

/* ---- items ---- */

static void put_words(struct draw *d, int x, int line, bool ends, enum pic_class cls, const char *text)
{
	int w = small_width(text), from = ends ? x - w : x;
	picture_box(d->p, from - 2, line - 11, w + 4, 14, PIC_PAPER, 0);
	picture_text(d->p, x, line, cls, PIC_SMALL | (ends ? PIC_END : 0), "%s", text);
}

static void put_cross(struct draw *d, int x, int y)
{
	picture_line(d->p, x - 5, y - 5, x + 5, y + 5, PIC_DROP, PIC_THICK);
	picture_line(d->p, x - 5, y + 5, x + 5, y - 5, PIC_DROP, PIC_THICK);
}

static void place_send(struct draw *d, uint32_t item)
{
	const struct ladder *l = d->l;
	uint32_t i = l->items[item].index;
	const struct viz_send *s = &l->sends.send[i];
	char text[640], tip[1280];
	int x = lane_x(d, s->from), to = target_x(d, s), line = 0;
	bool back = to < x, said = send_label(d, i, text, sizeof(text));
	int w = said ? small_width(text) : 0, off = l->opt.scale ? 26 : 10; /* heads of arrows stay free */
	int x1 = back ? x - off - w : x + off;
	x1 = x1 > TIME_RIGHT + 12 ? x1 : TIME_RIGHT + 12;
	int y = d->sent_y[i] = place(d, item, x1, x1 + w, 5, &line);
	put_time(d, item, y);
	if (!l->opt.scale && s->arrived == VIZ_NEVER)
		d->last_y = y + 10;
	if (!said)
		return;
	send_tip(d, i, tip, sizeof(tip));
	picture_open(d->p, tip, NULL);
	if (line > y)
		picture_line(d->p, back ? x - 6 : x + 6, y, back ? x - 6 : x + 6, line - 4, PIC_GRID,
			     PIC_DOTTED);
	put_words(d, x1, line, false, send_class(d, i), text);
	picture_close(d->p);
}

/* The arrow, once it is known where it ends. */
static void put_arrow(struct draw *d, uint32_t i, int y2)
{
	const struct viz_send *s = &d->l->sends.send[i];
	enum pic_class cls = send_class(d, i);
	char tip[1280];
	int x1 = lane_x(d, s->from), x2 = target_x(d, s), y1 = d->sent_y[i];
	send_tip(d, i, tip, sizeof(tip));
	picture_open(d->p, tip, NULL);
	if (s->arrived == VIZ_NEVER) {
		x2 = (x1 + x2) / 2;
		picture_line(d->p, x1, y1, x2, y2, cls,
			     s->drop == VIZ_NOBODY ? PIC_DASHED | PIC_ARROW : PIC_DASHED);
		if (s->drop != VIZ_NOBODY)
			put_cross(d, x2, y2);
	} else {
		picture_line(d->p, x1, y1, x2, y2, cls,
			     PIC_ARROW | (s->resent || s->duplicate ? PIC_DASHED : 0));
		if (s->drop != VIZ_NOBODY)
			put_cross(d, x2 > x1 ? x2 - 12 : x2 + 12, y2);
	}
	picture_close(d->p);
}

static void place_arrival(struct draw *d, uint32_t item)
{
	uint32_t i = d->l->items[item].index;
	int line, y = place(d, item, 0, 0, 0, &line), least = d->sent_y[i] + 6;
	if (!d->l->opt.scale && y < least)
		d->last_y = y = d->y[item] = least;
	put_time(d, item, y);
}

static void end_bar(struct draw *d, uint32_t lane, unsigned slot, int y)
{
	struct bar *b = &d->bars[lane * MAX_BARS + slot];
	if (d->places_only)
		d->ended[d->nr_ended++] = (struct ended_bar){ b->call - 1, lane, slot, b->y, y };
	b->call = 0;
}

static void put_bar(struct draw *d, const struct ended_bar *b)
{
	const struct ladder_call *c = &d->l->calls[b->call];
	char text[256], span[32];
	ladder_call_text(c, c->to != VIZ_NEVER, text, sizeof(text));
	ladder_span(c->to - c->from, span, sizeof(span));
	size_t n = strlen(text);
	snprintf(text + n, sizeof(text) - n, "\ntask %s, %s", c->task,
		 c->to == VIZ_NEVER ? "not returned" : span);
	picture_open(d->p, text, NULL);
	picture_box(d->p, d->lane_x[b->lane] - BAR / 2 + (int)b->slot * BAR, b->y1, BAR,
		    b->y2 > b->y1 ? b->y2 - b->y1 : 1, PIC_TASK, 0);
	picture_close(d->p);
}

static void keep_bars(struct draw *d, const struct ladder_item *it, int y)
{
	const struct ladder_call *c = &d->l->calls[it->index];
	uint32_t lane = ladder_lane(d->l, it->host);
	struct bar *bars = &d->bars[lane * MAX_BARS];
	if (it->kind == LADDER_CALL && c->to == it->time)
		return;
	for (unsigned k = 0; k < MAX_BARS; k++) {
		if (it->kind == LADDER_CALL && !bars[k].call) {
			bars[k] = (struct bar){ it->index + 1, y };
			return;
		}
		if (it->kind == LADDER_RET && bars[k].call == it->index + 1) {
			end_bar(d, lane, k, y);
			return;
		}
	}
}

static void place_side(struct draw *d, uint32_t item)
{
	const struct ladder_item *it = &d->l->items[item];
	char text[300];
	int side = side_of(d, it->host), lane = lane_x(d, it->host), x = lane + side * 16, line;
	side_label(d, it, text, sizeof(text));
	int w = small_width(text),
	    y = place(d, item, side < 0 ? x - w - 4 : x - 4, side < 0 ? x + 4 : x + w + 4, -4, &line);
	put_time(d, item, y);
	if (it->kind == LADDER_CALL || it->kind == LADDER_RET)
		keep_bars(d, it, y);
	picture_line(d->p, lane, y, x - side * 5, line - 4, PIC_GRID, 0);
	if (it->kind == LADDER_STATE) {
		picture_box(d->p, side < 0 ? x - w - 4 : x - 4, line - 11, w + 8, 14, PIC_TRANSPORT,
			    PIC_ROUND);
		picture_text(d->p, x, line, PIC_TRANSPORT, PIC_SMALL | (side < 0 ? PIC_END : 0), "%s", text);
		return;
	}
	if (it->kind == LADDER_DROP)
		put_cross(d, lane, y);
	put_words(d, x, line, side < 0, it->kind == LADDER_DROP ? PIC_DROP : PIC_APPLICATION, text);
}

/* ---- the whole ---- */

/* Life lines stand so far apart that the longest words have room. */
static void place_lanes(struct draw *d)
{
	const struct ladder *l = d->l;
	char text[640];
	int widest = 120, left = 0;
	for (uint32_t i = 0; i < l->nr_items; i++) {
		const struct ladder_item *it = &l->items[i];
		if (it->kind == LADDER_SEND) {
			if (send_label(d, it->index, text, sizeof(text)))
				widest = small_width(text) > widest ? small_width(text) : widest;
		} else if (it->kind != LADDER_ARRIVE && side_of(d, it->host) < 0) {
			side_label(d, it, text, sizeof(text));
			left = small_width(text) > left ? small_width(text) : left;
		}
	}
	int gaps = l->nr_lanes > 1 ? (int)l->nr_lanes - 1 : 1;
	d->gap = (widest + 40) / gaps > 170 ? (widest + 40) / gaps : 170;
	for (uint32_t i = 0; i < l->nr_lanes; i++)
		d->lane_x[i] = left + 40 + (int)i * d->gap;
}

/* Ticks of a round number of nanoseconds, ten to twenty of them. */
static void put_axis(struct draw *d)
{
	uint64_t all = d->last - d->first, step = 1;
	char text[32];
	if (d->last <= d->first)
		return;
	for (unsigned i = 0; all / step > 20; i++)
		step = i % 3 == 0 ? step * 2 : i % 3 == 1 ? step / 2 * 5 : step * 2;
	uint64_t t = d->first + (step - d->first % step) % step;
	/* counted, since the times of a damaged trace may be the largest that there are */
	for (uint64_t n = t < d->first || t > d->last ? 0 : (d->last - t) / step + 1; n > 0; n--, t += step) {
		int y = scaled(d, t);
		ladder_time(t, text, sizeof(text));
		picture_text(d->p, TIME_RIGHT, y + 4, PIC_GRID, PIC_SMALL | PIC_END, "%s", text);
		picture_line(d->p, TIME_RIGHT + 4, y, d->lane_x[d->l->nr_lanes - 1], y, PIC_GRID, PIC_DOTTED);
	}
}

/* Names above and below, and the lines between; dotted where time is left out. */
static void put_lanes(struct draw *d, int bottom)
{
	const struct ladder *l = d->l;
	for (uint32_t i = 0; i < l->nr_lanes; i++) {
		const char *name = ladder_host(l, l->lanes[i]);
		bool is_switch = l->lanes[i] != VIZ_NOBODY && l->t->hosts[l->lanes[i]].is_switch;
		int w = picture_text_width(name, PIC_BOLD) + 24, x = d->lane_x[i], y = TOP - 14;
		for (uint32_t k = 0; k + 1 < d->nr_breaks; k += 2) {
			picture_line(d->p, x, y, x, d->breaks[k], PIC_GRID, 0);
			picture_line(d->p, x, d->breaks[k], x, d->breaks[k + 1], PIC_GRID, PIC_DOTTED);
			y = d->breaks[k + 1];
		}
		picture_line(d->p, x, y, x, bottom, PIC_GRID, 0);
		for (int k = 0; k < 2; k++) {
			int at = k ? bottom : TOP - 42;
			picture_box(d->p, x - w / 2, at, w, 28, is_switch ? PIC_WIRE : PIC_NORMAL, PIC_ROUND);
			picture_text(d->p, x, at + 18, is_switch ? PIC_WIRE : PIC_NORMAL,
				     PIC_MIDDLE | PIC_BOLD, "%s", name);
		}
	}
	if (l->one_talk && *l->who)
		picture_text(d->p, TIME_RIGHT - 70, TOP - 56, PIC_NORMAL, 0, "Between %s", l->who);
	picture_text(d->p, TIME_RIGHT, TOP - 24, PIC_GRID, PIC_SMALL | PIC_END, "time (s)");
}

static void put_breaks(struct draw *d)
{
	const struct ladder *l = d->l;
	uint32_t k = 0;
	for (uint32_t i = 1; i < l->nr_items && k < d->nr_breaks; i++) {
		uint64_t ns = l->items[i].time - l->items[i - 1].time;
		char span[32];
		if (!ladder_gap(l, ns))
			continue;
		int y = (d->breaks[k] + d->breaks[k + 1]) / 2;
		ladder_span(ns, span, sizeof(span));
		picture_text(d->p, TIME_RIGHT, y + 4, PIC_STRONG, PIC_SMALL | PIC_END, "... %s", span);
		k += 2;
	}
}

static int place_items(struct draw *d)
{
	const struct ladder *l = d->l;
	int bottom = 0;
	for (uint32_t i = 0; i < l->nr_items; i++) {
		const struct ladder_item *it = &l->items[i];
		if (it->kind == LADDER_SEND)
			place_send(d, i);
		else if (it->kind == LADDER_ARRIVE)
			place_arrival(d, i);
		else
			place_side(d, i);
		bottom = d->y[i] > bottom ? d->y[i] : bottom;
	}
	for (uint32_t i = 0; i < d->nr_said && i < LOOK_BACK; i++)
		bottom = d->said[i].y > bottom ? d->said[i].y : bottom;
	for (uint32_t i = 0; i < l->nr_lanes * MAX_BARS; i++)
		if (d->bars[i].call)
			end_bar(d, i / MAX_BARS, i % MAX_BARS, bottom + 16);
	return bottom + 24;
}

static void put_arrows(struct draw *d)
{
	const struct ladder *l = d->l;
	for (uint32_t i = 0; i < l->nr_items; i++) {
		const struct ladder_item *it = &l->items[i];
		if (it->kind == LADDER_ARRIVE)
			put_arrow(d, it->index, d->y[i]);
		else if (it->kind == LADDER_SEND && l->sends.send[it->index].arrived == VIZ_NEVER)
			put_arrow(d, it->index, d->y[i] + 9);
	}
}

/* Twice: once to find the places, then over the life lines, the bars of programs that wait, and the arrows.
 */
static void draw_all(struct draw *d, const char *title)
{
	const struct ladder *l = d->l;
	place_lanes(d);
	d->places_only = true;
	int bottom = place_items(d);
	picture_free(d->p);
	d->p = picture_new(title);
	if (!d->p)
		return;
	if (l->opt.scale)
		put_axis(d);
	put_lanes(d, bottom);
	put_breaks(d);
	for (uint32_t i = 0; i < d->nr_ended; i++)
		put_bar(d, &d->ended[i]);
	put_arrows(d);
	d->places_only = false;
	d->nr_said = d->nr_breaks = 0;
	d->last_y = TOP;
	d->time_y = TOP - ROW;
	place_items(d);
}

int viz_ladder_picture(const struct ladder *l, enum pic_format format, FILE *out, char *err, unsigned errlen)
{
	char title[160];
	snprintf(title, sizeof(title), "Ladder%s%s", *l->who ? " between " : "", l->who);
	struct draw d = { .l = l,
			  .p = picture_new(title),
			  .lane_x = calloc(l->nr_lanes + 1, sizeof(int)),
			  .y = calloc(l->nr_items, sizeof(int)),
			  .sent_y = calloc(l->sends.n + 1, sizeof(int)),
			  .bars = calloc((l->nr_lanes + 1) * MAX_BARS, sizeof(struct bar)),
			  .said = calloc(LOOK_BACK, sizeof(struct area)),
			  .breaks = calloc(64, sizeof(int)),
			  .ended = calloc(l->nr_calls + 1, sizeof(struct ended_bar)),
			  .time_y = TOP - ROW,
			  .first = l->items[0].time,
			  .last = l->items[l->nr_items - 1].time };
	uint64_t height = 700 + (uint64_t)l->nr_items * 10;
	d.height = height < MAX_HEIGHT ? (int)height : MAX_HEIGHT;
	int rc = -1;
	if (d.p && d.lane_x && d.y && d.sent_y && d.bars && d.said && d.breaks && d.ended)
		draw_all(&d, title);
	if (d.p && d.ended)
		rc = picture_write(d.p, format, out, err, errlen);
	else
		snprintf(err, errlen, "no memory");
	picture_free(d.p);
	free(d.lane_x);
	free(d.y);
	free(d.sent_y);
	free(d.bars);
	free(d.said);
	free(d.breaks);
	free(d.ended);
	return rc;
}
