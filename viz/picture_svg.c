/* Pictures as SVG 1.1, and through it as PNG and PDF. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "viz/draw.h"
#include "viz/picture_shapes.h"

#define MARGIN 16

/* A class: its name in the file, and the colours of its area, its lines and its text on a white and on a dark
 * page. Lines have a contrast of 3:1 or more against the page, text of 4.5:1 (WCAG 2.1, 1.4.3 and 1.4.11);
 * PIC_DIM and PIC_GRID are meant to be faint. */
static const struct {
	const char *name, *fill, *line, *text, *dark_fill, *dark_line, *dark_text;
} classes[PIC_CLASSES] = {
	[PIC_NORMAL] = { "normal", "#f6f8fa", "#57606a", "#1f2328", "#1c2128", "#9198a1", "#e6edf3" },
	[PIC_DIM] = { "dim", "#fafbfc", "#b6bec7", "#6e7781", "#161b22", "#444c56", "#8b949e" },
	[PIC_STRONG] = { "strong", "#fff3bf", "#9a6700", "#1f2328", "#3b2e00", "#e3b341", "#ffffff" },
	[PIC_PAPER] = { "paper", "#ffffff", "#ffffff", "#1f2328", "#0d1117", "#0d1117", "#e6edf3" },
	[PIC_GRID] = { "grid", "#ffffff", "#d0d7de", "#57606a", "#0d1117", "#30363d", "#9198a1" },
	[PIC_ADDED] = { "added", "#dafbe1", "#1a7f37", "#116329", "#033a16", "#3fb950", "#56d364" },
	[PIC_REMOVED] = { "removed", "#ffebe9", "#cf222e", "#a40e26", "#490202", "#f85149", "#ff7b72" },
	[PIC_DROP] = { "drop", "#ffebe9", "#cf222e", "#a40e26", "#490202", "#f85149", "#ff7b72" },
	[PIC_RESENT] = { "resent", "#fff1e5", "#bc4c00", "#953800", "#3d1300", "#db6d28", "#f0883e" },
	[PIC_APPLICATION] = { "application", "#fbefff", "#8250df", "#6639ba", "#271052", "#a371f7",
			      "#d2a8ff" },
	[PIC_TRANSPORT] = { "transport", "#ddf4ff", "#0969da", "#0550ae", "#051d4d", "#58a6ff", "#79c0ff" },
	[PIC_INTERNET] = { "internet", "#dafbe1", "#1a7f37", "#116329", "#04260f", "#3fb950", "#56d364" },
	[PIC_INTERFACE] = { "interface", "#fff8c5", "#9a6700", "#7d4e00", "#341a00", "#d29922", "#e3b341" },
	[PIC_SKB] = { "skb", "#fff1e5", "#bc4c00", "#953800", "#3d1300", "#db6d28", "#f0883e" },
	[PIC_KERNEL] = { "kernel", "#eaeef2", "#57606a", "#424a53", "#21262d", "#8b949e", "#b1bac4" },
	[PIC_CARD] = { "card", "#ffeff7", "#bf3989", "#99286e", "#42062a", "#db61a2", "#f778ba" },
	[PIC_WIRE] = { "wire", "#e6fbfa", "#1b7c83", "#0f5b61", "#042f33", "#39c5cf", "#56d4dd" },
	[PIC_TASK] = { "task", "#ddf4ff", "#0969da", "#0550ae", "#051d4d", "#58a6ff", "#79c0ff" },
	[PIC_SOFTIRQ] = { "softirq", "#fff8c5", "#9a6700", "#7d4e00", "#341a00", "#d29922", "#e3b341" },
	[PIC_IRQ] = { "irq", "#ffebe9", "#cf222e", "#a40e26", "#490202", "#f85149", "#ff7b72" },
	[PIC_SERIES1] = { "series1", "#ddf4ff", "#0969da", "#0550ae", "#051d4d", "#58a6ff", "#79c0ff" },
	[PIC_SERIES2] = { "series2", "#fff1e5", "#bc4c00", "#953800", "#3d1300", "#db6d28", "#f0883e" },
	[PIC_SERIES3] = { "series3", "#dafbe1", "#1a7f37", "#116329", "#04260f", "#3fb950", "#56d364" },
	[PIC_SERIES4] = { "series4", "#fbefff", "#8250df", "#6639ba", "#271052", "#a371f7", "#d2a8ff" },
	[PIC_SERIES5] = { "series5", "#e6fbfa", "#1b7c83", "#0f5b61", "#042f33", "#39c5cf", "#56d4dd" },
	[PIC_SERIES6] = { "series6", "#ffeff7", "#bf3989", "#99286e", "#42062a", "#db61a2", "#f778ba" },
};

static void put_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '&')
			fputs("&amp;", out);
		else if (c == '<')
			fputs("&lt;", out);
		else if (c == '>')
			fputs("&gt;", out);
		else if (c == '"')
			fputs("&quot;", out);
		else
			putc(c < ' ' && c != '\n' && c != '\t' ? '?' : c, out);
	}
}

static void put_style(FILE *out, const bool *used)
{
	fputs("<style>\n"
	      "text{font-family:\"DejaVu Sans Mono\",\"Liberation "
	      "Mono\",Menlo,Consolas,monospace;font-size:13px;"
	      "white-space:pre}\n"
	      ".small{font-size:11px}.large{font-size:16px}.bold{font-weight:bold}"
	      ".middle{text-anchor:middle}.end{text-anchor:end}\n"
	      "path{fill:none;stroke-width:1.5px}rect{stroke-width:1px}.thick{stroke-width:3px}"
	      ".dashed{stroke-dasharray:6 4}.dotted{stroke-dasharray:1.5 3}.page{fill:#ffffff}\n",
	      out);
	for (int i = 0; i < PIC_CLASSES; i++)
		if (used[i])
			fprintf(out,
				"rect.%1$s,path.area.%1$s{fill:%2$s}rect.%1$s,path.%1$s{stroke:%3$s}"
				"rect.solid.%1$s,path.head.%1$s{fill:%3$s}text.%1$s{fill:%4$s}\n",
				classes[i].name, classes[i].fill, classes[i].line, classes[i].text);
	fputs("rect.hollow{fill:none}path.head{stroke:none}\n@media "
	      "(prefers-color-scheme:dark){.page{fill:#0d1117}\n",
	      out);
	for (int i = 0; i < PIC_CLASSES; i++)
		if (used[i])
			fprintf(out,
				"rect.%1$s,path.area.%1$s{fill:%2$s}rect.%1$s,path.%1$s{stroke:%3$s}"
				"rect.solid.%1$s,path.head.%1$s{fill:%3$s}text.%1$s{fill:%4$s}\n",
				classes[i].name, classes[i].dark_fill, classes[i].dark_line,
				classes[i].dark_text);
	fputs("rect.hollow{fill:none}path.head{stroke:none}}\n</style>\n", out);
}

static const char *dashes(unsigned flags)
{
	return flags & PIC_DASHED ? " dashed" : flags & PIC_DOTTED ? " dotted" : "";
}

static void put_box(FILE *out, const struct pic_shape *s)
{
	fprintf(out, "<rect class=\"%s%s%s%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"",
		classes[s->cls].name,
		s->flags & PIC_HOLLOW  ? " hollow"
		: s->flags & PIC_SOLID ? " solid"
				       : "",
		s->flags & PIC_THICK ? " thick" : "", dashes(s->flags), s->x, s->y, s->w, s->h);
	fputs(s->flags & PIC_ROUND ? " rx=\"5\"/>\n" : "/>\n", out);
}

static int64_t root(int64_t v)
{
	int64_t r = 0;
	for (int64_t bit = (int64_t)1 << 31; bit; bit >>= 1)
		if ((r + bit) * (r + bit) <= v)
			r += bit;
	return r;
}

static void put_tenth(FILE *out, int64_t v)
{
	fprintf(out, "%s%lld.%lld ", v < 0 ? "-" : "", (long long)(v < 0 ? -v : v) / 10,
		(long long)(v < 0 ? -v : v) % 10);
}

/* The head of an arrow that comes from `a` and ends at `b`: 9 long, 8 wide, placed to a tenth of a pixel. */
static void put_head(FILE *out, enum pic_class cls, struct pic_point a, struct pic_point b)
{
	int64_t dx = b.x - a.x, dy = b.y - a.y, len = root((dx * dx + dy * dy) * 10000);
	if (len == 0)
		return;
	int64_t bx = b.x * 10 - dx * 9000 / len,
		by = b.y * 10 - dy * 9000 / len; /* foot of the head, in tenths */
	int64_t sx = dy * 4000 / len, sy = -dx * 4000 / len;
	fprintf(out, "<path class=\"%s head\" d=\"M%d %d L", classes[cls].name, b.x, b.y);
	put_tenth(out, bx + sx);
	put_tenth(out, by + sy);
	put_tenth(out, bx - sx);
	put_tenth(out, by - sy);
	fputs("Z\"/>\n", out);
}

static void put_path(FILE *out, const struct picture *p, const struct pic_shape *s)
{
	const struct pic_point *pt = p->points + s->text;
	fprintf(out, "<path class=\"%s%s%s%s\" d=\"M%d %d %s", classes[s->cls].name,
		s->flags & PIC_CLOSED ? " area" : "", s->flags & PIC_THICK ? " thick" : "", dashes(s->flags),
		pt[0].x, pt[0].y, s->flags & PIC_CURVE ? "C" : "L");
	for (int i = 1; i < s->w; i++)
		fprintf(out, i + 1 < s->w ? "%d %d " : "%d %d", pt[i].x, pt[i].y);
	fputs(s->flags & PIC_CLOSED ? "Z\"/>\n" : "\"/>\n", out);
	if (s->flags & PIC_ARROW)
		put_head(out, s->cls, pt[s->w - 2], pt[s->w - 1]);
	if (s->flags & PIC_ARROW_BACK)
		put_head(out, s->cls, pt[1], pt[0]);
}

static void put_label(FILE *out, const struct picture *p, const struct pic_shape *s)
{
	fprintf(out, "<text class=\"%s%s%s%s\" x=\"%d\" y=\"%d\">", classes[s->cls].name,
		s->flags & PIC_SMALL   ? " small"
		: s->flags & PIC_LARGE ? " large"
				       : "",
		s->flags & PIC_BOLD ? " bold" : "",
		s->flags & PIC_MIDDLE ? " middle"
		: s->flags & PIC_END  ? " end"
				      : "",
		s->x, s->y);
	put_text(out, p->text + s->text);
	fputs("</text>\n", out);
}

static void put_shapes(FILE *out, const struct picture *p)
{
	bool *linked = p->n ? calloc(p->n, sizeof(*linked)) : NULL; /* open groups, outermost first */
	uint32_t open = 0;
	for (uint32_t i = 0; i < p->n && linked; i++) {
		const struct pic_shape *s = &p->shapes[i];
		switch ((enum pic_kind)s->kind) {
		case PIC_KIND_BOX:
			put_box(out, s);
			break;
		case PIC_KIND_PATH:
			put_path(out, p, s);
			break;
		case PIC_KIND_TEXT:
			put_label(out, p, s);
			break;
		case PIC_KIND_OPEN:
			linked[open++] = s->href != 0;
			fputs("<g>", out);
			if (s->text) {
				fputs("<title>", out);
				put_text(out, p->text + s->text);
				fputs("</title>", out);
			}
			if (s->href) {
				fputs("<a xlink:href=\"", out);
				put_text(out, p->text + s->href);
				fputs("\">", out);
			}
			putc('\n', out);
			break;
		case PIC_KIND_CLOSE:
			fputs(linked[--open] ? "</a></g>\n" : "</g>\n", out);
			break;
		}
	}
	free(linked);
}

static void put_svg(FILE *out, const struct picture *p, struct draw_size *size)
{
	bool used[PIC_CLASSES] = { false }, empty = p->right < p->left;
	int x = empty ? 0 : p->left - MARGIN, y = empty ? 0 : p->top - MARGIN;
	size->width = empty ? 2 * MARGIN : p->right - p->left + 2 * MARGIN;
	size->height = empty ? 2 * MARGIN : p->bottom - p->top + 2 * MARGIN;
	for (uint32_t i = 0; i < p->n; i++)
		if (p->shapes[i].kind <= PIC_KIND_TEXT)
			used[p->shapes[i].cls] = true;
	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" "
		"width=\"%1$d\" "
		"height=\"%2$d\" viewBox=\"%3$d %4$d %1$d %2$d\" role=\"img\">\n<title>",
		size->width, size->height, x, y);
	put_text(out, p->text + p->title);
	fputs("</title>\n", out);
	put_style(out, used);
	fprintf(out, "<rect class=\"page\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n", x, y,
		size->width, size->height);
	put_shapes(out, p);
	fputs("</svg>\n", out);
}

int picture_format(const char *word)
{
	static const char *const words[] = { [PIC_SVG] = "svg", [PIC_PNG] = "png", [PIC_PDF] = "pdf" };
	for (int i = 0; i < 3; i++)
		if (strcmp(word, words[i]) == 0)
			return i;
	return -1;
}

int picture_write(const struct picture *p, enum pic_format format, FILE *out, char *err, unsigned errlen)
{
	struct draw_size size;
	char *svg = NULL;
	size_t len = 0;
	FILE *mem = p->failed ? NULL : format == PIC_SVG ? out : open_memstream(&svg, &len);
	if (!mem) {
		snprintf(err, errlen, "no memory for the picture");
		return -1;
	}
	put_svg(mem, p, &size);
	if (format == PIC_SVG)
		return 0;
	int rc = fclose(mem);
	if (rc != 0)
		snprintf(err, errlen, "no memory for the picture");
	else
		rc = draw_render(svg, len, &size, format == PIC_PDF, out, err, errlen);
	free(svg);
	return rc;
}
