/*
 * Places the stations of a host in rows and lanes, and leads the ways between them.
 *
 * A way goes from row to row. Where it passes a row it takes a place there, as a station does. In the gap
 * between two rows every piece that is not straight has a level track of its own; the ends on a box are apart
 * by the width of what stands beside them, and no two pieces of a gap have ends in one column.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "viz/layers_parts.h"

#define LEFT 16	      /* columns of the layers' names */
#define APART 3	      /* columns between boxes */
#define LANES_APART 6 /* and between lanes */
#define MAX_PLACES (MAX_STATIONS + MAX_WAYS * LAYER_ROWS)
#define MAX_PIECES (MAX_WAYS * LAYER_ROWS)

/* A box, or a cell of a row that a way passes. */
struct place {
	int station; /* -1: a way passes */
	uint8_t row, lane;
	int x, w;     /* left edge */
	int ports[2]; /* above, below: how many columns the ends there need */
};

/* A part of a way in one gap. */
struct piece {
	uint16_t upper, lower; /* places; `both`: both ends are on the row below the gap, `upper` is where it
				  comes from */
	uint8_t gap;	       /* above this row */
	bool down, both, head; /* head: the way ends here */
	uint16_t way;
	int x1, x2, track; /* columns of the ends */
};

struct drawing {
	struct board *b;
	const struct stations *s;
	struct place places[MAX_PLACES];
	struct piece pieces[MAX_PIECES];
	unsigned n, nr_pieces;
	int rows[LAYER_ROWS], nr_rows; /* enum layers_row of each row that there is */
	int at[LAYER_ROWS + 1];	       /* its upper border */
	int tracks[LAYER_ROWS + 1], tall[LAYER_ROWS + 1];
	int right;
};

static const struct {
	const char *name, *more;
	enum pic_class cls;
} bands[] = { { "application", "layer", PIC_APPLICATION },
	      { "transport", "layer", PIC_TRANSPORT },
	      { "internet", "layer", PIC_INTERNET },
	      { "network", "interface", PIC_INTERFACE },
	      { "hardware", "", PIC_CARD } };

static unsigned band_of(int row)
{
	return row <= ROW_CALL	      ? 0
	       : row <= ROW_SEGMENT   ? 1
	       : row <= ROW_INET_LOW  ? 2
	       : row <= ROW_INTERRUPT ? 3
				      : 4;
}

static int label_width(const struct drawing *d, unsigned way)
{
	char text[16];
	return snprintf(text, sizeof(text), "%" PRIu32, d->s->ways[way].count);
}

/* ---- places ---- */

static void add_places(struct drawing *d)
{
	bool used[MAX_STATIONS] = { false };
	int row_of[LAYER_ROWS] = { 0 };
	for (unsigned i = 0; i < d->s->nr_ways; i++)
		used[d->s->ways[i].from] = used[d->s->ways[i].to] = true;
	for (int r = 0; r < LAYER_ROWS; r++) {
		bool any = false;
		for (unsigned i = 0; i < d->s->n; i++)
			any |= used[i] && d->s->at[i].row == r;
		if (any) {
			row_of[r] = d->nr_rows;
			d->rows[d->nr_rows++] = r;
		}
	}
	for (unsigned i = 0; i < d->s->n; i++) {
		struct place *p = &d->places[d->n];
		if (!used[i])
			continue;
		*p = (struct place){ .station = (int)i, .lane = d->s->at[i].lane };
		p->row = (uint8_t)row_of[d->s->at[i].row];
		size_t name = strlen(d->s->at[i].name), what = strlen(d->s->at[i].what);
		p->w = (int)(name > what ? name : what) + 4;
		d->tall[p->row] |= what > 0;
		d->n++;
	}
}

static unsigned place_of(const struct drawing *d, unsigned station)
{
	unsigned i = 0;
	while (d->places[i].station != (int)station)
		i++;
	return i;
}

static void add_piece(struct drawing *d, unsigned way, unsigned upper, unsigned lower, bool down, bool both,
		      bool head)
{
	struct piece *p = &d->pieces[d->nr_pieces++];
	*p = (struct piece){ .upper = (uint16_t)upper, .lower = (uint16_t)lower, .way = (uint16_t)way };
	p->gap = d->places[lower].row;
	p->down = down;
	p->both = both;
	p->head = head;
	int w = head ? label_width(d, way) + 3 : 2;
	d->places[lower].ports[0] += w;
	d->places[upper].ports[both ? 0 : 1] += w;
}

/* Splits a way into pieces, with places in the rows that it passes. */
static void add_way(struct drawing *d, unsigned way)
{
	unsigned from = place_of(d, d->s->ways[way].from), to = place_of(d, d->s->ways[way].to);
	int a = d->places[from].row, b = d->places[to].row;
	if (a == b) {
		add_piece(d, way, from, to, true, true, true);
		return;
	}
	int step = b > a ? 1 : -1;
	unsigned last = from;
	for (int r = a + step; r != b; r += step) {
		struct place *p = &d->places[d->n];
		*p = (struct place){ .station = -1, .row = (uint8_t)r, .w = 1 };
		p->lane = d->places[from].lane == d->places[to].lane ? d->places[to].lane : LANE_ACROSS;
		add_piece(d, way, step > 0 ? last : d->n, step > 0 ? d->n : last, step > 0, false, false);
		last = d->n++;
	}
	add_piece(d, way, step > 0 ? last : to, step > 0 ? to : last, step > 0, false, true);
}

/* Where a place would best be: below (above) the middle of what it is joined to and that has its place; -1:
 * anywhere. */
static int wish(const struct drawing *d, unsigned i, const bool *placed)
{
	int sum = 0, n = 0;
	for (unsigned k = 0; k < d->nr_pieces; k++) {
		const struct piece *p = &d->pieces[k];
		if (p->both || (p->upper != i && p->lower != i))
			continue;
		unsigned other = p->upper == i ? p->lower : p->upper;
		if (!placed[other] || d->places[other].lane != d->places[i].lane)
			continue;
		sum += d->places[other].x + d->places[other].w / 2;
		n++;
	}
	return n ? sum / n - d->places[i].w / 2 : -1;
}

/* Stations of a lane from left to right as they are listed; ways that pass on the side of the other lane. */
static void place_row(struct drawing *d, int row, int lane, int left, bool *placed, int *right)
{
	int x = left;
	for (int pass = 0; pass < 2; pass++)
		for (unsigned i = 0; i < d->n; i++) {
			struct place *p = &d->places[i];
			bool first = lane == LANE_UP ? p->station < 0 : p->station >= 0;
			if (p->row != row || p->lane != lane || first != (pass == 0))
				continue;
			int best = wish(d, i, placed);
			p->x = best > x ? best : x;
			placed[i] = true;
			x = p->x + p->w + APART;
			*right = x - APART > *right ? x - APART : *right;
		}
}

static void place_all(struct drawing *d)
{
	bool placed[MAX_PLACES] = { false };
	int left = LEFT;
	for (unsigned i = 0; i < d->n; i++)
		for (int side = 0; side < 2 && d->places[i].station >= 0; side++)
			if (d->places[i].w < d->places[i].ports[side] + 2)
				d->places[i].w = d->places[i].ports[side] + 2;
	for (int lane = LANE_DOWN; lane <= LANE_UP; lane++) {
		int right = 0;
		/* to and fro: what is received comes from below */
		for (int pass = 0; pass < 3; pass++) {
			right = 0;
			for (int k = 0; k < d->nr_rows; k++)
				place_row(d, (pass + (lane == LANE_UP)) % 2 ? d->nr_rows - 1 - k : k, lane,
					  left, placed, &right);
		}
		left = right ? right + LANES_APART : left;
	}
	d->right = left - LANES_APART;
}

/* ---- ends ---- */

static int centre(const struct drawing *d, unsigned place)
{
	return d->places[place].x + d->places[place].w / 2;
}

/* An end of a piece on one side of a place, and where its other end is. */
struct end {
	int *x, other, w;
};

static int by_other(const void *a, const void *b)
{
	const struct end *x = a, *y = b;
	return x->other < y->other ? -1 : x->other > y->other ? 1 : x->x < y->x ? -1 : x->x > y->x;
}

/* Spreads the ends on one side of place i. */
static void spread(struct drawing *d, unsigned i, bool above)
{
	struct end ends[MAX_WAYS * 2];
	unsigned n = 0;
	int all = 0;
	for (unsigned k = 0; k < d->nr_pieces; k++) {
		struct piece *p = &d->pieces[k];
		int w = p->head ? label_width(d, p->way) + 3 : 2;
		if (p->lower == i && above && n < MAX_WAYS * 2)
			ends[n++] = (struct end){ &p->x2, centre(d, p->upper), w };
		if (p->upper == i && above == p->both && n < MAX_WAYS * 2)
			ends[n++] = (struct end){ &p->x1, centre(d, p->lower), w };
	}
	qsort(ends, n, sizeof(*ends), by_other);
	for (unsigned k = 0; k < n; k++)
		all += ends[k].w;
	int x = n == 1 ? centre(d, i) : d->places[i].x + (d->places[i].w - all) / 2 + 1;
	for (unsigned k = 0; k < n; k++) {
		*ends[k].x = d->places[i].station < 0 ? centre(d, i) : x;
		x += ends[k].w;
	}
}

/* Whether column x is inside a box, and apart from the other ends on that side of it. */
static bool fits(const struct drawing *d, const struct piece *p, unsigned place, int x, bool above)
{
	const struct place *at = &d->places[place];
	if (at->station < 0 || x <= at->x || x >= at->x + at->w - 1)
		return false;
	for (unsigned k = 0; k < d->nr_pieces; k++) {
		const struct piece *o = &d->pieces[k];
		int ends[2] = { o->lower == place && above ? o->x2 : -99,
				o->upper == place && above == o->both ? o->x1 : -99 };
		for (int e = 0; e < 2 && o != p; e++)
			if (ends[e] > x - 5 && ends[e] < x + 5)
				return false;
	}
	return true;
}

/* Pieces that are nearly straight become so. */
static void straighten(struct drawing *d)
{
	for (unsigned k = 0; k < d->nr_pieces; k++) {
		struct piece *p = &d->pieces[k];
		if (p->both || p->x1 == p->x2)
			continue;
		if (fits(d, p, p->lower, p->x1, true))
			p->x2 = p->x1;
		else if (fits(d, p, p->upper, p->x2, false))
			p->x1 = p->x2;
	}
}

static bool taken(const struct drawing *d, const struct piece *p, int x)
{
	for (unsigned k = 0; k < d->nr_pieces; k++) {
		const struct piece *o = &d->pieces[k];
		if (o != p && o->gap == p->gap && (o->x1 == x || o->x2 == x))
			return true;
	}
	return false;
}

/* No two pieces of a gap end in one column: the lower end gives way, inside its box. */
static void part_ends(struct drawing *d)
{
	for (unsigned k = 0; k < d->nr_pieces; k++) {
		struct piece *p = &d->pieces[k];
		const struct place *at = &d->places[p->lower];
		for (int by = 1; taken(d, p, p->x2) && at->station >= 0 && by < at->w; by++) {
			int x = p->x2 + (by % 2 ? by : -by);
			if (x > at->x && x < at->x + at->w - 1)
				p->x2 = x;
		}
	}
}

static bool before(const struct piece *a, const struct piece *b)
{
	if (a->both != b->both)
		return b->both;
	bool ra = a->x1 < a->x2, rb = b->x1 < b->x2;
	if (ra != rb)
		return ra;
	return ra ? a->x1 > b->x1 : a->x1 < b->x1;
}

/* Levels for the pieces of a gap that are not straight. */
static void set_tracks(struct drawing *d)
{
	for (unsigned k = 0; k < d->nr_pieces; k++) {
		struct piece *p = &d->pieces[k];
		p->track = -1;
		if (p->x1 == p->x2 && !p->both)
			continue;
		p->track = 0;
		for (unsigned o = 0; o < d->nr_pieces; o++) {
			const struct piece *q = &d->pieces[o];
			if (o != k && q->gap == p->gap && (q->x1 != q->x2 || q->both) &&
			    (before(q, p) || (!before(p, q) && o < k)))
				p->track++;
		}
		if (d->tracks[p->gap] <= p->track)
			d->tracks[p->gap] = p->track + 1;
	}
}

/* ---- drawing ---- */

/* A gap: a row for heads that point up, perhaps a rule, the tracks, a row for heads that point down. */
static bool ruled(const struct drawing *d, int row)
{
	return row > 0 && band_of(d->rows[row]) != band_of(d->rows[row - 1]);
}

static int box_height(const struct drawing *d, int row)
{
	return d->tall[row] ? 4 : 3;
}

static void draw_piece(const struct drawing *d, const struct piece *p)
{
	const struct way *w = &d->s->ways[p->way];
	int above = p->gap ? d->at[p->gap - 1] + box_height(d, p->gap - 1) : d->at[0] - d->tracks[0] - 2;
	int below = d->at[p->gap] - 1, level = above + 1 + ruled(d, p->gap) + p->track;
	/* an end without a head lies in the border of its box, or goes through to the next gap */
	int top = p->both ? below + 1 : above - 1, bottom = below + 1;
	struct pic_point pt[4] = { { p->x1, top }, { p->x1, level }, { p->x2, level }, { p->x2, bottom } };
	unsigned flags = (p->head ? PIC_ARROW : 0) | (w->later ? PIC_DASHED : 0);
	if (p->head && p->down)
		pt[3].y = below;
	if (p->head && !p->down)
		pt[0].y = above;
	if (!p->down) {
		struct pic_point swap[] = { pt[3], pt[2], pt[1], pt[0] };
		memcpy(pt, swap, sizeof(pt));
	}
	if (p->track < 0) {
		pt[1] = pt[3];
		board_line(d->b, pt, 2, PIC_NORMAL, flags);
	} else {
		board_line(d->b, pt, 4, PIC_NORMAL, flags);
	}
	if (p->head)
		board_text(d->b, (p->down ? p->x2 : p->x1) + 2, p->down ? below : above, PIC_NORMAL, 0,
			   "%" PRIu32, w->count);
}

/* A way goes straight through the row that it passes. */
static void draw_pass(const struct drawing *d, const struct place *p)
{
	int h = box_height(d, p->row);
	struct pic_point pt[] = { { p->x, d->at[p->row] }, { p->x, d->at[p->row] + h - 1 } };
	bool later = false;
	for (unsigned k = 0; k < d->nr_pieces; k++)
		if (&d->places[d->pieces[k].upper] == p)
			later = d->s->ways[d->pieces[k].way].later;
	board_line(d->b, pt, 2, PIC_NORMAL, later ? PIC_DASHED : 0);
}

static void draw_box(const struct drawing *d, const struct place *p)
{
	const struct station *s = &d->s->at[p->station];
	enum pic_class cls = bands[band_of(s->row)].cls;
	char tip[128];
	int y = d->at[p->row], name = (int)strlen(s->name), what = (int)strlen(s->what);
	snprintf(tip, sizeof(tip), "%s: %" PRIu32 "%s", s->name, s->count,
		 s->row == ROW_CARD ? " frames" : " calls");
	board_box(d->b, p->x, y, p->w, box_height(d, p->row), cls, tip);
	board_text(d->b, p->x + (p->w - name) / 2, y + 1, cls, PIC_BOLD, "%s", s->name);
	if (what)
		board_text(d->b, p->x + (p->w - what) / 2, y + 2, PIC_NORMAL, 0, "%s", s->what);
}

static void draw_band(const struct drawing *d, int row)
{
	unsigned band = band_of(d->rows[row]);
	if (row && !ruled(d, row))
		return;
	int y = d->at[row];
	if (row) {
		int above = d->at[row - 1] + box_height(d, row - 1);
		struct pic_point pt[] = { { LEFT - 4, above + 1 }, { d->right + 2, above + 1 } };
		board_line(d->b, pt, 2, PIC_GRID, 0);
	}
	board_text(d->b, 1, y + 1, bands[band].cls, PIC_BOLD, "%s", bands[band].name);
	board_text(d->b, bands[band].more[0] == 'l' ? 3 : 2, y + 2, bands[band].cls, PIC_BOLD, "%s",
		   bands[band].more);
}

/* Over the first box of a lane. */
static void draw_heading(const struct drawing *d, int lane, int y, const char *text)
{
	for (int r = 0; r < d->nr_rows; r++)
		for (unsigned i = 0; i < d->n; i++)
			if (d->places[i].row == r && d->places[i].lane == lane && d->places[i].station >= 0) {
				board_text(d->b, centre(d, i) - (int)strlen(text) / 2, y, PIC_STRONG,
					   PIC_BOLD, "%s", text);
				return;
			}
}

int layers_draw(struct board *b, const struct stations *s, int top, const char *title)
{
	struct drawing *d = calloc(1, sizeof(*d));
	if (!d)
		return top;
	d->b = b;
	d->s = s;
	add_places(d);
	for (unsigned i = 0; i < s->nr_ways; i++)
		add_way(d, i);
	place_all(d);
	for (unsigned i = 0; i < d->n; i++) {
		spread(d, i, true);
		spread(d, i, false);
	}
	straighten(d);
	part_ends(d);
	set_tracks(d);
	int y = top + 2 + (d->tracks[0] ? d->tracks[0] + 2 : 0);
	for (int r = 0; r < d->nr_rows; r++) {
		if (r)
			y += 2 + d->tracks[r] + ruled(d, r);
		d->at[r] = y;
		y += box_height(d, r);
	}
	board_text(b, 1, top, PIC_STRONG, PIC_BOLD, "%s", title);
	draw_heading(d, LANE_DOWN, top, "write");
	draw_heading(d, LANE_UP, top, "read");
	for (int r = 0; r < d->nr_rows; r++)
		draw_band(d, r);
	for (unsigned i = 0; i < d->n; i++)
		if (d->places[i].station >= 0)
			draw_box(d, &d->places[i]);
		else
			draw_pass(d, &d->places[i]);
	for (unsigned k = 0; k < d->nr_pieces; k++)
		draw_piece(d, &d->pieces[k]);
	free(d);
	return y + 2;
}
