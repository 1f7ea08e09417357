/* Drawings in cells. */
#include "viz/board.h"

#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CELL_W 8 /* px */
#define CELL_H 18
#define BASE_LINE 5 /* of a text, below the middle of its cell */

enum item_kind { ITEM_BOX, ITEM_LINE, ITEM_TEXT, ITEM_MARK };

struct item {
	uint8_t kind, cls;
	char letter;
	unsigned flags;
	int x, y, w, h;
	uint32_t first, n; /* points of a line, bytes of a text or tip (0: none) */
};

struct board {
	struct item *items;
	struct pic_point *points;
	char *text;
	uint32_t nr_items, cap_items, nr_points, cap_points, nr_text, cap_text;
	bool failed;
};

struct board *board_new(void)
{
	return calloc(1, sizeof(struct board));
}

void board_free(struct board *b)
{
	if (!b)
		return;
	free(b->items);
	free(b->points);
	free(b->text);
	free(b);
}

/* Room for `more` elements in an array; NULL when there is no memory. */
static void *room(struct board *b, void *array, uint32_t n, uint32_t more, uint32_t *cap, size_t size)
{
	if (b->failed || n + more <= *cap)
		return b->failed ? NULL : array;
	uint32_t grown = (n + more) * 2 + 64;
	void *a = realloc(array, grown * size);
	if (a)
		*cap = grown;
	else
		b->failed = true;
	return a;
}

static struct item *item(struct board *b, enum item_kind kind, int x, int y, enum pic_class cls,
			 unsigned flags)
{
	struct item *grown = room(b, b->items, b->nr_items, 1, &b->cap_items, sizeof(*grown));
	if (!grown)
		return NULL;
	b->items = grown;
	struct item *it = &b->items[b->nr_items++];
	*it = (struct item){
		.kind = kind, .cls = (uint8_t)cls, .flags = flags, .x = x, .y = y, .w = 1, .h = 1
	};
	return it;
}

/* Keeps a text for an item. */
static void keep(struct board *b, struct item *it, const char *text)
{
	uint32_t n = (uint32_t)strlen(text) + 1;
	char *grown = room(b, b->text, b->nr_text, n, &b->cap_text, 1);
	if (!grown)
		return;
	b->text = grown;
	it->first = b->nr_text;
	it->n = n;
	memcpy(b->text + b->nr_text, text, n);
	b->nr_text += n;
}

void board_box(struct board *b, int x, int y, int w, int h, enum pic_class cls, const char *tip)
{
	struct item *it = item(b, ITEM_BOX, x, y, cls, 0);
	if (!it)
		return;
	it->w = w;
	it->h = h;
	if (tip)
		keep(b, it, tip);
}

void board_line(struct board *b, const struct pic_point *points, unsigned n, enum pic_class cls,
		unsigned flags)
{
	struct pic_point *grown = room(b, b->points, b->nr_points, n, &b->cap_points, sizeof(*grown));
	struct item *it = grown ? item(b, ITEM_LINE, points[0].x, points[0].y, cls, flags) : NULL;
	if (!it)
		return;
	b->points = grown;
	it->first = b->nr_points;
	it->n = n;
	memcpy(b->points + b->nr_points, points, n * sizeof(*points));
	b->nr_points += n;
}

void board_text(struct board *b, int x, int y, enum pic_class cls, unsigned flags, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	n = n < (int)sizeof(text) ? n : (int)sizeof(text) - 1;
	struct item *it = n > 0 ? item(b, ITEM_TEXT, flags & PIC_END ? x - n + 1 : x, y, cls,
				       flags & ~(unsigned)PIC_END)
				: NULL;
	if (!it)
		return;
	it->w = n;
	keep(b, it, text);
}

void board_mark(struct board *b, int x, int y, enum pic_class cls, char letter)
{
	struct item *it = item(b, ITEM_MARK, x, y, cls, 0);
	if (it)
		it->letter = letter;
}

/* ---- lines side by side ---- */

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

int board_route_width(unsigned n)
{
	return 2 * (int)n + 3;
}

/*
 * What goes to one row shares an upright piece. Of those that go down, the later ones turn the nearer to
 * where they come from; of those that go up, the earlier ones: then none crosses another.
 */
void board_route(struct board *b, int x1, const int *from, int x2, const int *to, unsigned n,
		 enum pic_class cls, unsigned flags)
{
	unsigned groups = 0;
	for (unsigned i = 0; i < n; i++)
		groups += i == 0 || to[i] != to[i - 1];
	for (unsigned i = 0, g = 0, end; i < n; i = end, g++) {
		for (end = i + 1; end < n && to[end] == to[i];)
			end++;
		bool up = to[i] < from[i];
		int x = x1 + sign(x2 - x1) * (2 + 2 * (int)(up ? g : groups - 1 - g));
		for (unsigned k = i; k < end; k++) {
			struct pic_point turn[] = {
				{ x1, from[k] }, { x, from[k] }, { x, to[k] }, { x2, to[k] }
			};
			struct pic_point level[] = { { x1, from[k] }, { x2, from[k] } };
			if (from[k] == to[k])
				board_line(b, level, 2, cls, flags);
			else
				board_line(b, turn, 4, cls, flags);
		}
	}
}

/* ---- text ---- */

enum { UP = 1, DOWN = 2, LEFT = 4, RIGHT = 8 };

struct cell {
	uint8_t lines; /* which sides a line leaves by */
	bool corner;   /* of a box */
	bool crossing; /* a level line passes under an upright one */
	char letter;   /* 0: none */
	uint8_t head;  /* of an arrow: the side it points to; 0: none */
};

struct grid {
	struct cell *cells;
	int x, y, w, h;
};

static struct cell *cell_at(const struct grid *g, int x, int y)
{
	return &g->cells[(size_t)(y - g->y) * (size_t)g->w + (size_t)(x - g->x)];
}

static void reach(struct grid *g, int x, int y)
{
	int right = g->x + g->w, bottom = g->y + g->h;
	g->x = x < g->x ? x : g->x;
	g->y = y < g->y ? y : g->y;
	g->w = (x + 1 > right ? x + 1 : right) - g->x;
	g->h = (y + 1 > bottom ? y + 1 : bottom) - g->y;
}

static void measure(const struct board *b, struct grid *g)
{
	*g = (struct grid){ 0 };
	for (uint32_t i = 0; i < b->nr_items; i++) {
		const struct item *it = &b->items[i];
		reach(g, it->x, it->y);
		reach(g, it->x + it->w - 1, it->y + it->h - 1);
		for (uint32_t k = 0; it->kind == ITEM_LINE && k < it->n; k++)
			reach(g, b->points[it->first + k].x, b->points[it->first + k].y);
	}
}

static uint8_t side(int dx, int dy)
{
	return dx > 0 ? RIGHT : dx < 0 ? LEFT : dy > 0 ? DOWN : UP;
}

static void put_piece(const struct grid *g, struct pic_point p, struct pic_point q)
{
	int dx = sign(q.x - p.x), dy = sign(q.y - p.y);
	if (!dx && !dy)
		return;
	for (int x = p.x, y = p.y;; x += dx, y += dy) {
		struct cell *c = cell_at(g, x, y);
		bool first = x == p.x && y == p.y, last = x == q.x && y == q.y;
		uint8_t add = (uint8_t)((first ? 0 : side(-dx, -dy)) | (last ? 0 : side(dx, dy)));
		c->crossing |= !first && !last && c->lines == (dx ? UP | DOWN : LEFT | RIGHT);
		c->lines |= add;
		if (last)
			break;
	}
}

static void put_line(const struct grid *g, const struct pic_point *p, uint32_t n, unsigned flags)
{
	for (uint32_t i = 0; i + 1 < n; i++)
		put_piece(g, p[i], p[i + 1]);
	if (flags & PIC_ARROW)
		cell_at(g, p[n - 1].x, p[n - 1].y)->head =
			side(sign(p[n - 1].x - p[n - 2].x), sign(p[n - 1].y - p[n - 2].y));
	if (flags & PIC_ARROW_BACK)
		cell_at(g, p[0].x, p[0].y)->head = side(sign(p[0].x - p[1].x), sign(p[0].y - p[1].y));
}

static void put_box(const struct grid *g, const struct item *it)
{
	int x2 = it->x + it->w - 1, y2 = it->y + it->h - 1;
	const struct pic_point p[] = {
		{ it->x, it->y }, { x2, it->y }, { x2, y2 }, { it->x, y2 }, { it->x, it->y }
	};
	for (int y = it->y + 1; y < y2; y++)
		for (int x = it->x + 1; x < x2; x++)
			*cell_at(g, x, y) = (struct cell){ 0 };
	for (unsigned i = 0; i < 4; i++) {
		put_piece(g, p[i], p[i + 1]);
		cell_at(g, p[i].x, p[i].y)->corner = true;
	}
}

static void put_items(const struct board *b, const struct grid *g)
{
	for (uint32_t i = 0; i < b->nr_items; i++) {
		const struct item *it = &b->items[i];
		switch ((enum item_kind)it->kind) {
		case ITEM_BOX:
			put_box(g, it);
			break;
		case ITEM_LINE:
			put_line(g, b->points + it->first, it->n, it->flags);
			break;
		case ITEM_TEXT:
			for (int k = 0; k < it->w; k++)
				cell_at(g, it->x + k, it->y)->letter = b->text[it->first + (uint32_t)k];
			break;
		case ITEM_MARK:
			cell_at(g, it->x, it->y)->letter = it->letter;
			break;
		}
	}
}

static const char *ascii(const struct cell *c)
{
	bool upright = c->lines & (UP | DOWN), level = c->lines & (LEFT | RIGHT);
	if (c->head)
		return c->head == UP ? "^" : c->head == DOWN ? "v" : c->head == LEFT ? "<" : ">";
	if (c->corner)
		return "+";
	if (c->crossing || (c->lines & (UP | DOWN)) == (UP | DOWN))
		return "|";
	if ((c->lines & (LEFT | RIGHT)) == (LEFT | RIGHT))
		return upright ? "|" : "-";
	return upright && level ? "+" : upright ? "|" : level ? "-" : " ";
}

static const char *box_character(const struct cell *c)
{
	static const char *const drawn[16] = { " ", "│", "│", "│", "─", "┘", "┐", "┤",
					       "─", "└", "┌", "├", "─", "┴", "┬", "┼" };
	if (c->head)
		return c->head == UP ? "▲" : c->head == DOWN ? "▼" : c->head == LEFT ? "◀" : "▶";
	return c->crossing ? "│" : drawn[c->lines];
}

int board_print(const struct board *b, bool utf8, FILE *out)
{
	struct grid g;
	measure(b, &g);
	g.cells = b->failed ? NULL : calloc((size_t)g.w * (size_t)g.h + 1, sizeof(*g.cells));
	if (!g.cells)
		return -1;
	put_items(b, &g);
	for (int y = 0; y < g.h; y++) {
		const struct cell *row = &g.cells[(size_t)y * (size_t)g.w];
		int end = g.w;
		while (end > 0 && !row[end - 1].lines && !row[end - 1].head &&
		       (!row[end - 1].letter || row[end - 1].letter == ' '))
			end--;
		for (int x = 0; x < end; x++)
			if (row[x].letter)
				putc(row[x].letter, out);
			else
				fputs(utf8 ? box_character(&row[x]) : ascii(&row[x]), out);
		putc('\n', out);
	}
	free(g.cells);
	return 0;
}

/* ---- pictures ---- */

static int mid_x(int x)
{
	return x * CELL_W + CELL_W / 2;
}

static int mid_y(int y)
{
	return y * CELL_H + CELL_H / 2;
}

/* The end of a line: into the neighbour that its head points at, else where it is. */
static struct pic_point end_of(struct pic_point end, struct pic_point before, bool head)
{
	int dx = sign(end.x - before.x), dy = sign(end.y - before.y);
	return (struct pic_point){ mid_x(end.x + (head ? dx : 0)), mid_y(end.y + (head ? dy : 0)) };
}

static void draw_line(struct picture *p, const struct item *it, const struct pic_point *at)
{
	struct pic_point path[BOARD_MAX_POINTS];
	for (uint32_t i = 0; i < it->n; i++)
		path[i] = (struct pic_point){ mid_x(at[i].x), mid_y(at[i].y) };
	path[0] = end_of(at[0], at[1], it->flags & PIC_ARROW_BACK);
	path[it->n - 1] = end_of(at[it->n - 1], at[it->n - 2], it->flags & PIC_ARROW);
	picture_path(p, path, it->n, it->cls, it->flags);
}

/* A picture closes up what is more than one blank: what comes after stands by itself. */
static void draw_text(struct picture *p, const struct item *it, const char *text)
{
	int x = it->x;
	while (*text) {
		const char *gap = strstr(text, "  ");
		int n = gap ? (int)(gap - text) : (int)strlen(text);
		if (n)
			picture_text(p, x * CELL_W, mid_y(it->y) + BASE_LINE, it->cls, it->flags, "%.*s", n,
				     text);
		n += (int)strspn(text + n, " ");
		x += n;
		text += n;
	}
}

static void draw(struct picture *p, const struct board *b, const struct item *it)
{
	switch ((enum item_kind)it->kind) {
	case ITEM_BOX:
		picture_open(p, it->n ? b->text + it->first : NULL, NULL);
		picture_box(p, mid_x(it->x), mid_y(it->y), (it->w - 1) * CELL_W, (it->h - 1) * CELL_H,
			    it->cls, 0);
		picture_close(p);
		break;
	case ITEM_LINE:
		draw_line(p, it, b->points + it->first);
		break;
	case ITEM_TEXT:
		draw_text(p, it, b->text + it->first);
		break;
	case ITEM_MARK:
		picture_box(p, it->x * CELL_W, it->y * CELL_H, CELL_W, CELL_H, it->cls, 0);
		picture_text(p, it->x * CELL_W, mid_y(it->y) + BASE_LINE, it->cls, 0, "%c", it->letter);
		break;
	}
}

struct picture *board_picture(const struct board *b, const char *title)
{
	struct picture *p = b->failed ? NULL : picture_new(title);
	for (uint32_t i = 0; p && i < b->nr_items; i++)
		draw(p, b, &b->items[i]);
	return p;
}
