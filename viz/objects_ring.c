/*
 * Descriptor rings: whose each descriptor is, where driver and card stand, and the descriptors that say
 * something. The last one leads back to the first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "viz/objects_draw.h"

#define MAP_COLUMNS 64 /* descriptors in a row of the map */
#define MAX_ROWS 40    /* of the table */
#define LEFT 44	       /* columns for the marks of driver and card */
#define NR_WIDTH 13
#define OWNER_WIDTH 10
#define TEXT_WIDTH 74

struct ring {
	const struct snap_rec *rec;
	const struct snap_rec **desc; /* by number */
	int64_t n, next, clean, card;
	bool tx;
	int first_row, last_row; /* of the table, to draw the way back */
};

/* ---- a descriptor ---- */

static bool card_owns(const struct drawing *d, const struct snap_rec *desc)
{
	return strcmp(str(d, desc, "owner"), "card") == 0;
}

/* Transmit: has a buffer, or had one (done). Receive: a frame lies in it. */
static bool busy(const struct drawing *d, const struct ring *r, const struct snap_rec *desc)
{
	return r->tx ? card_owns(d, desc) || num(d, desc, "skb") : !card_owns(d, desc);
}

static char letter_of(const struct drawing *d, const struct ring *r, const struct snap_rec *desc)
{
	if (card_owns(d, desc))
		return 'C';
	return busy(d, r, desc) ? 'd' : '.';
}

static enum pic_class class_of(const struct drawing *d, const struct ring *r, const struct snap_rec *desc)
{
	return card_owns(d, desc) ? PIC_CARD : busy(d, r, desc) ? PIC_INTERFACE : PIC_DIM;
}

/* What it holds, in words. */
static void describe(const struct drawing *d, const struct ring *r, const struct snap_rec *desc, char *buf,
		     unsigned len)
{
	const struct snap_rec *skb =
		num(d, desc, "skb") ? snap_find(d->s, d->host, "skb", "id", num(d, desc, "skb")) : NULL;
	int n;
	if (!busy(d, r, desc)) {
		snprintf(buf, len, "%s", r->tx ? "free" : "waits for a frame");
		return;
	}
	n = snprintf(buf, len, "%s %4lld bytes%s%s%s", str(d, desc, "word3"), (long long)num(d, desc, "len"),
		     num(d, desc, "first") ? r->tx ? " FTS" : " FRS" : "",
		     num(d, desc, "last") ? r->tx ? " LTS" : " LRS" : "",
		     num(d, desc, "wrap") ? r->tx ? " EDOTR" : " EDORR" : "");
	if (skb && n > 0 && (unsigned)n < len)
		snprintf(buf + n, len - (unsigned)n, ", sk_buff %lld, packet %lld",
			 (long long)num(d, skb, "id"), (long long)num(d, skb, "packet"));
}

/* ---- the map: a letter each ---- */

static void draw_map(struct drawing *d, const struct ring *r)
{
	for (int64_t k = 0; k < 2 * r->n; k++) { /* those that say something above the others */
		int64_t i = k % r->n;
		int x = 7 + (int)(i % MAP_COLUMNS), y = d->y + (int)(i / MAP_COLUMNS);
		if ((k < r->n) == busy(d, r, r->desc[i]))
			continue;
		if (i % MAP_COLUMNS == 0)
			board_text(d->b, 4, y, PIC_DIM, PIC_END, "%lld", (long long)i);
		board_mark(d->b, x, y, class_of(d, r, r->desc[i]), letter_of(d, r, r->desc[i]));
	}
	d->y += (int)((r->n + MAP_COLUMNS - 1) / MAP_COLUMNS);
	board_text(d->b, 7, d->y, PIC_NORMAL, 0,
		   r->tx ? "C the card's (TXDMA_OWN set)   d sent, to be cleaned   . free"
			 : "C the card's (RXPKT_RDY clear)   d a frame for the driver");
	d->y += 2;
}

/* ---- the table ---- */

/* Who stands at descriptor `nr`. */
static void draw_marks(const struct drawing *d, const struct ring *r, int64_t nr, int y)
{
	const struct pic_point arrow[] = { { LEFT - 5, y }, { LEFT - 1, y } };
	const char *clean = r->tx && nr == r->clean ? "tx_clean_pointer" : "";
	const char *next = nr != r->next ? "" : r->tx ? "tx_pointer" : "rx_pointer";
	const char *card = nr == r->card ? "card" : "";
	enum pic_class cls = *clean || *next ? PIC_INTERFACE : PIC_CARD;
	if (!*clean && !*next && !*card)
		return;
	board_text(d->b, LEFT - 7, y, cls, PIC_END, "%s%s%s%s%s", clean,
		   *clean && (*next || *card) ? ", " : "", next, *next && *card ? ", " : "", card);
	board_line(d->b, arrow, 2, cls, PIC_ARROW);
}

static void draw_row(struct drawing *d, const struct ring *r, int64_t from, int64_t to)
{
	const struct snap_rec *desc = r->desc[from];
	enum pic_class cls = class_of(d, r, desc);
	int y = d->y, x = LEFT;
	char text[160];
	describe(d, r, desc, text, sizeof(text));
	if (num(d, r->desc[to], "wrap") && !strstr(text, "EDO"))
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s",
			 r->tx ? " (EDOTR at the last)" : " (EDORR at the last)");
	board_box(d->b, x, y, NR_WIDTH, 3, cls, NULL);
	board_text(d->b, x + 2, y + 1, cls, 0, from == to ? "%lld" : "%lld..%lld", (long long)from,
		   (long long)to);
	x += NR_WIDTH - 1;
	board_box(d->b, x, y, OWNER_WIDTH, 3, cls, NULL);
	board_text(d->b, x + 2, y + 1, cls, 0, "%s", str(d, desc, "owner"));
	x += OWNER_WIDTH - 1;
	board_box(d->b, x, y, TEXT_WIDTH, 3, cls, NULL);
	board_text(d->b, x + 2, y + 1, cls, 0, "%s", text);
	draw_marks(d, r, from, y + 1);
	d->y += 2;
}

/* Descriptors that look alike and at which nobody stands. */
static int64_t run_end(const struct drawing *d, const struct ring *r, int64_t from)
{
	int64_t to = from;
	if (busy(d, r, r->desc[from]))
		return from;
	while (to + 1 < r->n && !busy(d, r, r->desc[to + 1]) && to + 1 != r->next && to + 1 != r->clean &&
	       to + 1 != r->card)
		to++;
	return to;
}

static void draw_table(struct drawing *d, struct ring *r)
{
	int rows = 0;
	int64_t left_out = 0;
	board_text(d->b, LEFT + 2, d->y, PIC_DIM, 0, "nr");
	board_text(d->b, LEFT + NR_WIDTH + 1, d->y, PIC_DIM, 0, "owner");
	board_text(d->b, LEFT + NR_WIDTH + OWNER_WIDTH, d->y, PIC_DIM, 0, "buffer, length, flags, packet");
	d->y++;
	r->first_row = d->y + 1;
	for (int64_t i = 0, to; i < r->n; i = to + 1) {
		to = run_end(d, r, i);
		/* the last one stays: it leads back */
		if (++rows > MAX_ROWS && to != r->n - 1) {
			left_out += to - i + 1;
			continue;
		}
		if (left_out) {
			board_text(d->b, LEFT + 2, d->y + 1, PIC_NORMAL, 0, "... %lld more",
				   (long long)left_out);
			d->y += 2;
			left_out = 0;
		}
		draw_row(d, r, i, to);
	}
	r->last_row = d->y - 1;
	d->y += 2;
}

/* From the last descriptor back to the first. */
static void draw_way_back(const struct drawing *d, const struct ring *r)
{
	int x = LEFT + NR_WIDTH + OWNER_WIDTH + TEXT_WIDTH - 3, turn = x + 4;
	struct pic_point way[] = {
		{ x, r->last_row }, { turn, r->last_row }, { turn, r->first_row }, { x + 1, r->first_row }
	};
	if (r->last_row > r->first_row)
		board_line(d->b, way, 4, PIC_GRID, PIC_ARROW);
}

/* ---- the rings of a host ---- */

/* False: no memory, or a descriptor is missing. */
static bool find_descs(const struct drawing *d, struct ring *r)
{
	const struct snap_rec *rec = NULL;
	const char *dev = str(d, r->rec, "dev"), *dir = str(d, r->rec, "dir");
	int64_t found = 0;
	if (r->n <= 0 || r->n > 4096 || !(r->desc = calloc((size_t)r->n, sizeof(*r->desc))))
		return false;
	while ((rec = next(d, rec, "desc"))) {
		int64_t nr = num(d, rec, "nr");
		if (strcmp(str(d, rec, "dev"), dev) != 0 || strcmp(str(d, rec, "dir"), dir) != 0 || nr < 0 ||
		    nr >= r->n || r->desc[nr])
			continue;
		r->desc[nr] = rec;
		found++;
	}
	return found == r->n;
}

static void draw_ring(struct drawing *d, const struct snap_rec *rec)
{
	struct ring r = { .rec = rec,
			  .n = num(d, rec, "entries"),
			  .next = num(d, rec, "next"),
			  .clean = num(d, rec, "clean"),
			  .card = num(d, rec, "card"),
			  .tx = strcmp(str(d, rec, "dir"), "tx") == 0 };
	board_text(d->b, 0, d->y, PIC_NORMAL, PIC_BOLD, "%s %s: %s ring, %lld descriptors of 16 bytes at %s",
		   d->name, str(d, rec, "dev"), r.tx ? "transmit" : "receive", (long long)r.n,
		   str(d, rec, "address"));
	d->y += 2;
	if (find_descs(d, &r)) {
		draw_map(d, &r);
		draw_table(d, &r);
		draw_way_back(d, &r);
	}
	free(r.desc);
	d->y += 1;
}

bool objects_rings(struct drawing *d, const char *dev)
{
	const struct snap_rec *rec = NULL;
	bool any = false;
	while ((rec = next(d, rec, "ring"))) {
		if (dev && strcmp(str(d, rec, "dev"), dev) != 0)
			continue;
		any = true;
		draw_ring(d, rec);
	}
	return any;
}
