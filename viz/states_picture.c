/* State charts as pictures: the drawing of the text, in pixels. */
#include <string.h>

#include "viz/states.h"

#define CELL_W 8
#define CELL_H 17
#define OBJECTS 12 /* whose ways are told */
#define STEPS 14   /* of a way */
#define ROW 17
#define WAY 248 /* the width of one, at least */

struct desk {
	const struct states *st;
	struct picture *pic;
	int top;
};

/* Middle of a character. */
static struct pic_point middle(const struct desk *k, struct diagram_place p)
{
	return (struct pic_point){ p.x * CELL_W + CELL_W / 2, k->top + p.y * CELL_H + CELL_H / 2 };
}

static void put_box(const struct desk *k, const struct diagram_box *box, bool visited)
{
	int x = box->x * CELL_W, y = k->top + box->y * CELL_H, w = box->w * CELL_W, h = box->h * CELL_H;
	enum pic_class cls = visited ? PIC_STRONG : PIC_DIM;
	picture_box(k->pic, x, y, w, h, cls, PIC_ROUND | (visited ? PIC_THICK : PIC_DOTTED));
	picture_text(k->pic, x + w / 2, y + h / 2 + 5, cls, PIC_MIDDLE | (visited ? PIC_BOLD : 0), "%s",
		     box->name);
}

/* The ends are drawn up to the boxes, which begin half a character further on. */
static void reach_box(struct pic_point *end, const struct pic_point *from)
{
	end->x += end->x > from->x ? CELL_W / 2 : end->x < from->x ? -CELL_W / 2 : 0;
	end->y += end->y > from->y ? CELL_H / 2 + 1 : end->y < from->y ? -CELL_H / 2 : 0;
}

static void put_arrow(const struct desk *k, const struct diagram_arrow *a, const struct states_count *count)
{
	struct pic_point p[DIAGRAM_POINTS];
	unsigned n = 0;
	char text[64], tip[256], first[32], last[32];
	while (n < DIAGRAM_POINTS && (n < 2 || a->p[n].x || a->p[n].y)) {
		p[n] = middle(k, a->p[n]);
		n++;
	}
	reach_box(&p[0], &p[1]);
	reach_box(&p[n - 1], &p[n - 2]);
	snprintf(tip, sizeof(tip), "%s to %s: %s", k->st->diagram->boxes[a->from].name,
		 k->st->diagram->boxes[a->to].name, a->event);
	if (count->n > 1)
		snprintf(tip + strlen(tip), sizeof(tip) - strlen(tip), ", %llu times, %s to %s",
			 (unsigned long long)count->n, states_time_text(count->first, first, sizeof(first)),
			 states_time_text(count->last, last, sizeof(last)));
	picture_open(k->pic, tip, NULL);
	picture_path(k->pic, p, n, count->n ? PIC_STRONG : PIC_DIM,
		     PIC_ARROW | (count->n ? PIC_THICK : PIC_DOTTED));
	struct pic_point at = middle(k, (struct diagram_place){ a->x, a->y });
	int x = at.x + (a->how & DIAGRAM_ENDS ? CELL_W / 2 : -CELL_W / 2);
	unsigned end = a->how & DIAGRAM_ENDS ? PIC_END : 0;
	picture_text(k->pic, x, at.y + 5, count->n ? PIC_NORMAL : PIC_DIM, end, "%s", a->event);
	if (count->n)
		picture_text(k->pic, x, at.y + 5 + CELL_H * (a->how & DIAGRAM_BELOW ? 1 : 2), PIC_STRONG,
			     end | PIC_BOLD, "%s", states_count_text(count, text, sizeof(text)));
	picture_close(k->pic);
}

/* ---- the ways of the objects, in columns ---- */

#define TIMES 124 /* times end there, names begin after it */

/* Returns how wide it is. */
static int put_way(const struct desk *k, const struct series *s, int x, int y)
{
	char name[24], time[32];
	int width = picture_text_width(s->host, PIC_BOLD) + picture_text_width(s->of, PIC_BOLD) + 8;
	picture_text(k->pic, x, y, PIC_NORMAL, PIC_BOLD, "%s %s", s->host, s->of);
	for (uint32_t i = 0; i < s->n && i < STEPS; i++) {
		y += ROW;
		picture_text(k->pic, x + TIMES, y, PIC_NORMAL, PIC_END, "%s",
			     states_time_text(s->p[i].time, time, sizeof(time)));
		picture_text(k->pic, x + TIMES + 8, y, PIC_NORMAL, 0, "%s",
			     states_name(k->st, s, i, name, sizeof(name)));
	}
	if (s->n > STEPS)
		picture_text(k->pic, x + TIMES + 8, y + ROW, PIC_DIM, 0, "and %u more", s->n - STEPS);
	return width > WAY ? width : WAY;
}

/* Returns where they end. */
static int put_ways(const struct desk *k, int y)
{
	const struct states *st = k->st;
	int x = 0, bottom = y, limit = st->diagram->width * CELL_W;
	limit = limit < 3 * WAY ? 3 * WAY : limit;
	for (uint32_t i = 0; i < st->set.n && i < OBJECTS; i++) {
		const struct series *s = &st->set.s[i];
		int rows = (int)(s->n > STEPS ? STEPS + 1 : s->n) + 1;
		int room = picture_text_width(s->host, PIC_BOLD) + picture_text_width(s->of, PIC_BOLD) + 8;
		if (x > 0 && x + (room > WAY ? room : WAY) > limit) {
			x = 0;
			y = bottom + ROW;
		}
		int width = put_way(k, s, x, y);
		bottom = y + rows * ROW > bottom ? y + rows * ROW : bottom;
		x += width + 32;
	}
	if (st->set.n > OBJECTS) {
		picture_text(k->pic, 0, bottom, PIC_DIM, 0, "and %u more", st->set.n - OBJECTS);
		bottom += ROW;
	}
	return bottom;
}

int states_picture(const struct states *st, struct picture *pic, int y)
{
	const struct state_diagram *d = st->diagram;
	struct desk k = { st, pic, y + 32 };
	char text[64];
	picture_text(pic, 0, y, PIC_NORMAL, PIC_BOLD | PIC_LARGE, "%s", d->title);
	for (int taken = 0; taken < 2; taken++) /* what was taken lies on top */
		for (unsigned i = 0; d->arrows[i].event; i++)
			if ((st->arrow[i].n > 0) == taken)
				put_arrow(&k, &d->arrows[i], &st->arrow[i]);
	for (unsigned i = 0; d->boxes[i].name; i++)
		put_box(&k, &d->boxes[i], st->visited[i]);
	y = k.top + d->height * CELL_H + 2 * ROW;
	if (st->nr_others)
		picture_text(pic, 0, y, PIC_NORMAL, 0, "not in the diagram:");
	for (uint32_t i = 0; i < st->nr_others; i++, y += ROW)
		picture_text(pic, 160, y, PIC_STRONG, 0, "%s to %s  %s", st->others[i].from, st->others[i].to,
			     states_count_text(&st->others[i].count, text, sizeof(text)));
	return put_ways(&k, y + (st->nr_others ? ROW : 0)) + 2 * ROW;
}
