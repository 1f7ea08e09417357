/* Plots as pictures. */
#include <stdlib.h>
#include <string.h>

#include "viz/plot.h"

#define WIDTH 640  /* of a panel, a column of values each */
#define HEIGHT 200 /* at least */
#define ROW 26	   /* of a state */
#define GAP 64	   /* between panels */
#define LABEL 16   /* from one line's name to the next */

struct pen {
	const struct plot *p;
	const struct plot_panel *panel;
	struct picture *pic;
	int top, height; /* of the panel; it begins at x = 0 */
	struct series_column *col;
	struct pic_point *points;
	unsigned n;
};

/* Neither colour nor dashes alone tell lines apart. */
static unsigned line_style(unsigned i, enum pic_class *cls)
{
	static const unsigned styles[6] = {
		0, PIC_DASHED, PIC_THICK | PIC_DOTTED, PIC_THICK, PIC_THICK | PIC_DASHED, PIC_DOTTED
	};
	*cls = (enum pic_class)(PIC_SERIES1 + i % 6);
	return styles[(i + i / 6) % 6];
}

static int y_of(const struct pen *pen, int64_t value)
{
	return pen->top + pen->height - (int)plot_scale(pen->panel, value, pen->height);
}

static int x_of(const struct pen *pen, uint64_t time)
{
	const struct series_set *set = &pen->p->set;
	return (int)((unsigned __int128)(time - set->from) * WIDTH / (set->to - set->from));
}

/* ---- lines ---- */

static void to(struct pen *pen, int x, int64_t value)
{
	int y = y_of(pen, value);
	struct pic_point *last = pen->n ? &pen->points[pen->n - 1] : NULL,
			 *before = pen->n > 1 ? last - 1 : NULL;
	if (last && last->x == x && last->y == y)
		return;
	if (before && before->y == y && last->y == y)
		last->x = x; /* further along */
	else
		pen->points[pen->n++] = (struct pic_point){ x, y };
}

static void end_line(struct pen *pen, enum pic_class cls, unsigned style)
{
	if (pen->n == 1) { /* a moment: to be seen at all */
		pen->points[1] = (struct pic_point){ pen->points[0].x + 1, pen->points[0].y };
		pen->n = 2;
	}
	picture_path(pen->pic, pen->points, pen->n, cls, style);
	pen->n = 0;
}

static void put_line(struct pen *pen, unsigned i)
{
	enum pic_class cls;
	unsigned style = line_style(i, &cls);
	series_columns(pen->panel->line[i], pen->p->set.from, pen->p->set.to, pen->col, WIDTH);
	for (int x = 0; x < WIDTH; x++) {
		const struct series_column *c = &pen->col[x];
		if (c->first != SERIES_NONE)
			to(pen, x, c->first);
		if (c->most != SERIES_NONE && (c->least != c->last || c->most != c->last)) {
			bool up = c->last >= (c->first == SERIES_NONE ? c->least : c->first);
			to(pen, x, up ? c->least : c->most);
			to(pen, x, up ? c->most : c->least);
		}
		if (c->last != SERIES_NONE)
			to(pen, x, c->last);
		else if (pen->n)
			end_line(pen, cls, style);
	}
	if (pen->n) {
		to(pen, WIDTH, pen->col[WIDTH - 1].last);
		end_line(pen, cls, style);
	}
}

/* ---- names of lines ---- */

static int last_y(const struct pen *pen, unsigned i)
{
	const struct series *s = pen->panel->line[i];
	for (uint32_t k = s->n; k-- > 0;)
		if (s->p[k].value != SERIES_NONE)
			return y_of(pen, s->p[k].value);
	return pen->top + pen->height;
}

/* The names stand at the right end in the order of the lines' ends, pushed apart where they would overlap. */
static void put_labels(struct pen *pen)
{
	unsigned order[PLOT_LINES], n = pen->panel->n;
	int y[PLOT_LINES], end[PLOT_LINES];
	for (unsigned i = 0; i < n; i++) {
		unsigned k = i;
		end[i] = last_y(pen, i);
		for (; k > 0 && end[order[k - 1]] > end[i]; k--)
			order[k] = order[k - 1];
		order[k] = i;
	}
	for (unsigned k = 0; k < n; k++) {
		int least = k ? y[k - 1] + LABEL : pen->top + 4;
		y[k] = end[order[k]] < least ? least : end[order[k]];
	}
	for (unsigned k = n; k-- > 0;) {
		int most = pen->top + pen->height - (int)(n - 1 - k) * LABEL;
		y[k] = y[k] > most ? most : y[k];
	}
	for (unsigned k = 0; k < n && n > 1; k++) {
		enum pic_class cls;
		unsigned style = line_style(order[k], &cls);
		struct pic_point leader[] = { { WIDTH + 4, end[order[k]] },
					      { WIDTH + 12, y[k] },
					      { WIDTH + 40, y[k] } };
		picture_path(pen->pic, leader, 3, cls, style);
		picture_text(pen->pic, WIDTH + 46, y[k] + 4, cls, 0, "%s", pen->panel->label[order[k]]);
	}
}

/* ---- panels ---- */

static void put_frame(const struct pen *pen)
{
	const struct plot *p = pen->p;
	const struct plot_panel *panel = pen->panel;
	int bottom = pen->top + pen->height;
	for (unsigned i = 0; i < panel->y.nr; i++) {
		int y = y_of(pen, panel->state ? panel->values[i] : panel->y.at[i]);
		picture_line(pen->pic, 0, y, WIDTH, y, PIC_GRID, 0);
		picture_text(pen->pic, -8, y + 4, PIC_GRID, PIC_END, "%s", panel->y.text[i]);
	}
	int right = -1000;
	for (unsigned i = 0; i < p->x.nr; i++) {
		int x = x_of(pen, (uint64_t)p->x.at[i]), w = picture_text_width(p->x.text[i], 0);
		picture_line(pen->pic, x, pen->top, x, bottom + 4, PIC_GRID, 0);
		if (x - w / 2 < right + 12)
			continue; /* no room for what stands at it */
		picture_text(pen->pic, x, bottom + 20, PIC_GRID, PIC_MIDDLE, "%s", p->x.text[i]);
		right = x + w / 2;
	}
	picture_line(pen->pic, 0, bottom, WIDTH, bottom, PIC_NORMAL, 0);
	picture_line(pen->pic, 0, pen->top, 0, bottom, PIC_NORMAL, 0);
	picture_text(pen->pic, right + 12 > WIDTH ? right + 12 : WIDTH, bottom + 20, PIC_GRID, 0, "%s",
		     p->x_unit);
	picture_text(pen->pic, 0, pen->top - 14, PIC_NORMAL, PIC_BOLD, "%s", panel->title);
}

static void put_panel(struct pen *pen)
{
	const struct plot_panel *panel = pen->panel;
	int names = (int)panel->n * LABEL;
	pen->height = panel->state ? (int)panel->top * ROW : HEIGHT;
	pen->height = pen->height < names ? names : pen->height;
	put_frame(pen);
	for (unsigned i = panel->n; i-- > 0;) { /* the first on top */
		picture_open(pen->pic, *panel->label[i] ? panel->label[i] : panel->title, NULL);
		put_line(pen, i);
		picture_close(pen->pic);
	}
	put_labels(pen);
	if (panel->left_out)
		picture_text(pen->pic, 0, pen->top + pen->height + 40, PIC_DIM, PIC_SMALL,
			     "%u more that change less often are left out", panel->left_out);
	pen->top += pen->height + GAP;
}

struct picture *plot_picture(const struct plot *p)
{
	struct pen pen = { .p = p };
	pen.pic = picture_new(p->nr_panels ? p->panels[0].title : "plot");
	pen.col = malloc(WIDTH * sizeof(*pen.col));
	pen.points = malloc((WIDTH * 4 + 4) * sizeof(*pen.points));
	for (unsigned k = 0; k < p->nr_panels && pen.pic && pen.col && pen.points; k++) {
		pen.panel = &p->panels[k];
		put_panel(&pen);
	}
	if (!pen.col || !pen.points) {
		picture_free(pen.pic);
		pen.pic = NULL;
	}
	free(pen.col);
	free(pen.points);
	return pen.pic;
}
