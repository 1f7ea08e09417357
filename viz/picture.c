/* Pictures as lists of shapes. */
#include "viz/picture.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "viz/array.h"
#include "viz/picture_shapes.h"

/* A new shape at the end; NULL when there is no memory. */
static struct pic_shape *shape(struct picture *p, enum pic_kind kind, enum pic_class cls, unsigned flags)
{
	struct pic_shape *grown = array_room(p->shapes, p->n, &p->cap, sizeof(*grown), &p->failed);
	if (!grown)
		return NULL;
	p->shapes = grown;
	struct pic_shape *s = &p->shapes[p->n++];
	*s = (struct pic_shape){ .kind = kind, .cls = cls, .flags = flags };
	return s;
}

/* Offset of a copy of `text` in the picture's store of text; 0 for NULL. */
static uint32_t keep(struct picture *p, const char *text)
{
	if (!text)
		return 0;
	size_t len = strlen(text) + 1;
	while (!p->failed && p->nr_text + len > p->cap_text) {
		uint32_t cap = p->cap_text ? p->cap_text * 2 : 4096;
		char *grown = cap > p->cap_text ? realloc(p->text, cap) : NULL;
		if (!grown) {
			p->failed = true;
			break;
		}
		p->text = grown;
		p->cap_text = cap;
	}
	if (p->failed)
		return 0;
	memcpy(p->text + p->nr_text, text, len);
	p->nr_text += (uint32_t)len;
	return p->nr_text - (uint32_t)len;
}

static void reach(struct picture *p, int x, int y)
{
	p->left = x < p->left ? x : p->left;
	p->right = x > p->right ? x : p->right;
	p->top = y < p->top ? y : p->top;
	p->bottom = y > p->bottom ? y : p->bottom;
}

struct picture *picture_new(const char *title)
{
	struct picture *p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->left = p->top = INT_MAX;
	p->right = p->bottom = INT_MIN;
	keep(p, ""); /* so that no text that counts is at 0 */
	p->title = keep(p, title);
	return p;
}

void picture_free(struct picture *p)
{
	if (!p)
		return;
	free(p->shapes);
	free(p->points);
	free(p->text);
	free(p);
}

void picture_box(struct picture *p, int x, int y, int w, int h, enum pic_class cls, unsigned flags)
{
	struct pic_shape *s = shape(p, PIC_KIND_BOX, cls, flags);
	if (!s)
		return;
	s->x = x;
	s->y = y;
	s->w = w;
	s->h = h;
	reach(p, x, y);
	reach(p, x + w, y + h);
}

void picture_path(struct picture *p, const struct pic_point *points, unsigned n, enum pic_class cls,
		  unsigned flags)
{
	struct pic_shape *s = n >= 2 ? shape(p, PIC_KIND_PATH, cls, flags) : NULL;
	if (!s)
		return;
	s->text = p->nr_points;
	for (unsigned i = 0; i < n; i++) {
		struct pic_point *grown =
			array_room(p->points, p->nr_points, &p->cap_points, sizeof(*grown), &p->failed);
		if (!grown)
			return;
		p->points = grown;
		p->points[p->nr_points++] = points[i];
		p->shapes[p->n - 1].w++;
		reach(p, points[i].x, points[i].y);
	}
}

void picture_line(struct picture *p, int x1, int y1, int x2, int y2, enum pic_class cls, unsigned flags)
{
	const struct pic_point ends[] = { { x1, y1 }, { x2, y2 } };
	picture_path(p, ends, 2, cls, flags);
}

void picture_text(struct picture *p, int x, int y, enum pic_class cls, unsigned flags, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	struct pic_shape *s = shape(p, PIC_KIND_TEXT, cls, flags);
	if (!s)
		return;
	s->x = x;
	s->y = y;
	s->text = keep(p, text);
	int w = picture_text_width(text, flags);
	int from = flags & PIC_MIDDLE ? x - w / 2 : flags & PIC_END ? x - w : x;
	reach(p, from, y - picture_text_height(flags));
	reach(p, from + w, y + 4);
}

void picture_open(struct picture *p, const char *tip, const char *href)
{
	struct pic_shape *s = shape(p, PIC_KIND_OPEN, PIC_NORMAL, 0);
	if (!s)
		return;
	uint32_t t = keep(p, tip), h = keep(p, href);
	p->shapes[p->n - 1].text = t;
	p->shapes[p->n - 1].href = h;
}

void picture_close(struct picture *p)
{
	shape(p, PIC_KIND_CLOSE, PIC_NORMAL, 0);
}

/* Bytes of UTF-8 that begin a letter. */
static int letters(const char *text)
{
	int n = 0;
	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

int pic_font_size(unsigned flags)
{
	return flags & PIC_SMALL ? 11 : flags & PIC_LARGE ? 16 : 13;
}

/* A letter of the fonts that pic_css names is 0.602 of the font's size wide. */
int picture_text_width(const char *text, unsigned flags)
{
	return (letters(text) * pic_font_size(flags) * 602 + 999) / 1000;
}

int picture_text_height(unsigned flags)
{
	return pic_font_size(flags) + 5;
}
