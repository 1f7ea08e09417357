/*
 * Plots as text.
 *
 * Plain: one panel, a single line drawn with - and |, several with a letter each. UTF-8: a strip for each
 * line, in Braille dots, two across and four down a character.
 */
#include <stdlib.h>
#include <string.h>

#include "viz/plot.h"

#define ROWS_MAX 64

static const char glyphs[PLOT_LINES + 1] = "*o+x#@%&=~^$";

struct canvas {
	const struct plot *p;
	const struct plot_panel *panel;
	FILE *out;
	bool utf8;
	unsigned gutter, columns, rows; /* of characters */
	struct series_column *col;
	uint8_t *cell; /* rows from the bottom, columns: a character, or the dots of one */
};

static void put_n(FILE *out, const char *text, unsigned n)
{
	while (n--)
		fputs(text, out);
}

/* ---- lines ---- */

static void plain_line(struct canvas *c, char glyph)
{
	for (unsigned x = 0; x < c->columns; x++) {
		const struct series_column *col = &c->col[x];
		if (col->most == SERIES_NONE)
			continue;
		unsigned low = (unsigned)plot_scale(c->panel, col->least, c->rows - 1),
			 high = (unsigned)plot_scale(c->panel, col->most, c->rows - 1);
		for (unsigned y = low; y <= high; y++)
			c->cell[y * c->columns + x] = (uint8_t)(glyph			? glyph
								: low == high		? '-'
								: y == low || y == high ? '+'
											: '|');
	}
}

/* The dot at (x, y), counted from the bottom left in dots. */
static void dot(struct canvas *c, unsigned x, unsigned y)
{
	static const uint8_t bits[4][2] = { { 0x40, 0x80 }, { 0x04, 0x20 }, { 0x02, 0x10 }, { 0x01, 0x08 } };
	c->cell[y / 4 * c->columns + x / 2] |= bits[y % 4][x % 2];
}

static void dotted_line(struct canvas *c)
{
	/* a state's row is a character high: its line goes through the middle */
	unsigned size = c->panel->state ? c->rows - 1 : c->rows * 4 - 1;
	for (unsigned x = 0; x < c->columns * 2; x++) {
		const struct series_column *col = &c->col[x];
		if (col->most == SERIES_NONE)
			continue;
		unsigned low = (unsigned)plot_scale(c->panel, col->least, size),
			 high = (unsigned)plot_scale(c->panel, col->most, size);
		if (c->panel->state) {
			low = low * 4 + 1;
			high = high * 4 + 1;
		}
		for (unsigned y = low; y <= high; y++)
			dot(c, x, y);
	}
}

/* ---- the frame ---- */

/* The mark of the ruler at that row, or NULL. */
static const char *mark_at(const struct canvas *c, unsigned row)
{
	const struct plot_panel *panel = c->panel;
	for (unsigned i = panel->y.nr; i-- > 0;) {
		int64_t v = panel->state ? panel->values[i] : panel->y.at[i];
		int64_t at = c->utf8 && !panel->state ? plot_scale(panel, v, c->rows * 4 - 1) / 4
						      : plot_scale(panel, v, c->rows - 1);
		if (at == row)
			return panel->y.text[i];
	}
	return NULL;
}

/* The strip of one line has no rows for states that only others are in. */
static bool row_used(const struct canvas *c, const struct series *strip, unsigned row)
{
	if (!strip || !c->panel->state)
		return true;
	for (uint32_t i = 0; i < strip->n; i++)
		if (strip->p[i].value == c->panel->values[row])
			return true;
	return false;
}

static void put_rows(const struct canvas *c, const struct series *strip)
{
	for (unsigned y = c->rows; y-- > 0;) {
		if (!row_used(c, strip, y))
			continue;
		const char *mark = mark_at(c, y);
		fprintf(c->out, "%*s %s", (int)c->gutter - 2, mark ? mark : "",
			!c->utf8 ? (mark ? "+" : "|")
			: mark	 ? "┤"
				 : "│");
		unsigned end = c->columns;
		const uint8_t *row = &c->cell[y * c->columns];
		while (end > 0 && !row[end - 1])
			end--;
		for (unsigned x = 0; x < end; x++)
			if (c->utf8 && row[x])
				fprintf(c->out, "\xe2%c%c", 0xa0 + (row[x] >> 6), 0x80 + (row[x] & 0x3f));
			else
				fputc(row[x] ? row[x] : ' ', c->out);
		fputc('\n', c->out);
	}
}

/* The axis of time with its marks, and what stands at them. */
static void put_axis(const struct canvas *c)
{
	const struct plot *p = c->p;
	char *line = malloc(c->columns + 1), *text = malloc(c->gutter + c->columns + 32);
	if (!line || !text)
		goto out;
	memset(line, '-', c->columns);
	line[c->columns] = '\0';
	memset(text, ' ', c->gutter + c->columns + 31);
	text[c->gutter + c->columns + 31] = '\0';
	size_t end = 0;
	for (unsigned i = 0; i < p->x.nr; i++) {
		uint64_t span = p->set.to - p->set.from;
		unsigned x = (unsigned)((unsigned __int128)((uint64_t)p->x.at[i] - p->set.from) *
					(c->columns - 1) / span);
		size_t n = strlen(p->x.text[i]), from = c->gutter + x > n / 2 ? c->gutter + x - n / 2 : 0;
		line[x] = '+';
		if (i > 0 && from < end + 1)
			continue; /* no room */
		memcpy(text + from, p->x.text[i], n);
		end = from + n;
	}
	text[end] = '\0';
	fprintf(c->out, "%*s%s", (int)c->gutter - 1, "", c->utf8 ? "└" : "+");
	for (const char *s = line; *s; s++)
		fputs(!c->utf8 ? (*s == '+' ? "+" : "-") : *s == '+' ? "┴" : "─", c->out);
	fprintf(c->out, "\n%s %s\n", text, p->x_unit);
out:
	free(line);
	free(text);
}

/* ---- panels ---- */

/* "SYN_SENT .. CLOSE", "10 .. 32": where a line went. */
static void put_range(const struct canvas *c, const struct series *s)
{
	int64_t least = INT64_MAX, most = INT64_MIN;
	for (uint32_t i = 0; i < s->n; i++) {
		least = s->p[i].value != SERIES_NONE && s->p[i].value < least ? s->p[i].value : least;
		most = s->p[i].value > most ? s->p[i].value : most;
	}
	if (!c->panel->state && least <= most)
		fprintf(c->out, "  %lld .. %lld", (long long)least, (long long)most);
}

static void choose_rows(struct canvas *c, bool strip)
{
	unsigned between = c->panel->y.nr > 1 ? c->panel->y.nr - 1 : 1, each = (strip ? 5 : 11) / between;
	c->rows = c->panel->state ? c->panel->y.nr + !c->panel->y.nr : between * (each ? each : 1) + 1;
	c->rows = c->rows > ROWS_MAX ? ROWS_MAX : c->rows;
}

static void clear(struct canvas *c)
{
	memset(c->cell, 0, (size_t)c->columns * ROWS_MAX);
}

static void put_plain(struct canvas *c)
{
	const struct plot_panel *panel = c->panel;
	choose_rows(c, false);
	clear(c);
	for (unsigned i = panel->n; i-- > 0;) { /* the first on top */
		series_columns(panel->line[i], c->p->set.from, c->p->set.to, c->col, c->columns);
		plain_line(c, panel->n == 1 ? '\0' : glyphs[i]);
	}
	put_rows(c, NULL);
	put_axis(c);
	for (unsigned i = 0; i < panel->n && panel->n > 1; i++) {
		fprintf(c->out, "%*s%c %s", (int)c->gutter, "", glyphs[i], panel->label[i]);
		put_range(c, panel->line[i]);
		fputc('\n', c->out);
	}
}

static void put_strips(struct canvas *c)
{
	const struct plot_panel *panel = c->panel;
	choose_rows(c, panel->n > 1);
	for (unsigned i = 0; i < panel->n; i++) {
		if (panel->n > 1) {
			fprintf(c->out, "%*s%s", (int)c->gutter, "", panel->label[i]);
			put_range(c, panel->line[i]);
			fputc('\n', c->out);
		}
		clear(c);
		series_columns(panel->line[i], c->p->set.from, c->p->set.to, c->col, c->columns * 2);
		dotted_line(c);
		put_rows(c, panel->line[i]);
	}
	put_axis(c);
}

int plot_text(const struct plot *p, unsigned width, bool utf8, FILE *out)
{
	struct canvas c = { .p = p, .out = out, .utf8 = utf8 };
	for (unsigned k = 0; k < p->nr_panels; k++)
		for (unsigned i = 0; i < p->panels[k].y.nr; i++) {
			unsigned n = (unsigned)strlen(p->panels[k].y.text[i]) + 2;
			c.gutter = n > c.gutter ? n : c.gutter;
		}
	c.columns = width > c.gutter + 20 ? width - c.gutter : 20;
	c.col = malloc(c.columns * 2 * sizeof(*c.col));
	c.cell = malloc((size_t)c.columns * ROWS_MAX);
	for (unsigned k = 0; k < p->nr_panels && c.col && c.cell; k++) {
		c.panel = &p->panels[k];
		if (k)
			fputc('\n', out);
		fprintf(out, "%s", c.panel->title);
		if (c.panel->n == 1)
			put_range(&c, c.panel->line[0]);
		put_n(out, "\n", 2);
		if (utf8)
			put_strips(&c);
		else
			put_plain(&c);
	}
	int rc = c.col && c.cell ? 0 : -1;
	free(c.col);
	free(c.cell);
	return rc;
}
