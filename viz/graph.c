/* Graphs as pictures: sizes of boxes, layout by the module of viz/draw/, drawing. */
#include "viz/graph.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "viz/draw.h"

#define PAD 8 /* between a box and its text */

void graph_free(struct graph *g)
{
	for (uint32_t i = 0; i < g->nr_edges; i++)
		free(g->edges[i].points);
	free(g->clusters);
	free(g->nodes);
	free(g->edges);
	memset(g, 0, sizeof(*g));
}

void graph_finish(struct graph *g)
{
	for (uint32_t i = 0; i < g->nr_nodes; i++) {
		g->clusters[g->nodes[i].cluster].used = true;
		g->nodes[i].begins = g->nodes[i].ends = true;
	}
	for (uint32_t i = 0; i < g->nr_edges; i++) {
		struct graph_edge *e = &g->edges[i];
		uint32_t from = g->nodes[e->from].cluster, to = g->nodes[e->to].cluster;
		unsigned upper = g->clusters[to].band, lower = g->clusters[from].band;
		e->up = upper && lower && upper < lower;
		if (e->from == e->to || from != to)
			continue;
		g->nodes[e->to].begins = false;
		g->nodes[e->from].ends = false;
	}
}

static void node_name(const struct graph_node *n, char *text, unsigned len)
{
	char times[16] = "";
	if (n->count > 1)
		snprintf(times, sizeof(times), " ×%" PRIu32, n->count);
	snprintf(text, len, "%s%s%s%s",
		 n->mark == '+'	  ? "+ "
		 : n->mark == '-' ? "- "
				  : "",
		 n->name, times, "");
}

static void set_sizes(struct graph *g)
{
	for (uint32_t i = 0; i < g->nr_nodes; i++) {
		struct graph_node *n = &g->nodes[i];
		char name[320];
		node_name(n, name, sizeof(name));
		n->w = picture_text_width(name, PIC_BOLD);
		n->h = picture_text_height(PIC_BOLD) + 2;
		for (unsigned k = 0; k < GRAPH_LINES && n->lines[k][0]; k++) {
			int w = picture_text_width(n->lines[k], PIC_SMALL);
			n->w = w > n->w ? w : n->w;
			n->h += picture_text_height(PIC_SMALL) - 2;
		}
		n->w += 2 * PAD;
		n->h += 6;
	}
}

static enum pic_class mark_class(char mark, enum pic_class other)
{
	return mark == '+' ? PIC_ADDED : mark == '-' ? PIC_REMOVED : other;
}

static void draw_node(struct picture *p, const struct graph *g, const struct graph_node *n)
{
	enum pic_class cls = mark_class(n->mark, g->clusters[n->cluster].cls);
	char text[320], tip[640];
	int x = n->x - n->w / 2, y = n->y - n->h / 2;
	snprintf(tip, sizeof(tip), "%s%s%s\n%s", n->name, *n->tip ? ": " : "", n->tip, n->href);
	picture_open(p, tip, n->href);
	picture_box(p, x, y, n->w, n->h, cls, PIC_ROUND | (n->root ? PIC_THICK : 0));
	node_name(n, text, sizeof(text));
	y += picture_text_height(PIC_BOLD);
	picture_text(p, n->x, y, cls, PIC_BOLD | PIC_MIDDLE, "%s", text);
	for (unsigned k = 0; k < GRAPH_LINES && n->lines[k][0]; k++) {
		y += picture_text_height(PIC_SMALL) - 2;
		picture_text(p, n->x, y, PIC_NORMAL, PIC_SMALL | PIC_MIDDLE, "%s", n->lines[k]);
	}
	picture_close(p);
}

static void draw_edge(struct picture *p, const struct graph *g, const struct graph_edge *e)
{
	char tip[640], op[128] = "";
	if (e->op)
		snprintf(op, sizeof(op), " by ->%s()", e->op);
	snprintf(tip, sizeof(tip), "%s %s %s%s: %" PRIu32 " time%s", g->nodes[e->from].name,
		 e->hop ? "sets off" : "calls", g->nodes[e->to].name, op, e->count, e->count == 1 ? "" : "s");
	picture_open(p, tip, NULL);
	picture_path(p, e->points, e->nr_points, mark_class(e->mark, PIC_NORMAL),
		     PIC_CURVE | PIC_ARROW | (e->hop ? PIC_DASHED : 0));
	picture_close(p);
}

/* A cluster's name, on its corner. */
static void draw_tag(struct picture *p, const struct graph_cluster *k)
{
	int h = picture_text_height(PIC_BOLD);
	picture_box(p, k->x, k->y, picture_text_width(k->name, PIC_BOLD) + 2 * PAD, h + 2, k->cls, 0);
	picture_text(p, k->x + PAD, k->y + h - 3, k->cls, PIC_BOLD, "%s", k->name);
}

int graph_write_picture(struct graph *g, enum pic_format format, FILE *out, char *err, unsigned errlen)
{
	set_sizes(g);
	if (draw_layout(g, err, errlen) < 0)
		return -1;
	struct picture *p = picture_new(g->title);
	if (!p) {
		snprintf(err, errlen, "no memory");
		return -1;
	}
	for (uint32_t c = 0; c < g->nr_clusters; c++) {
		const struct graph_cluster *k = &g->clusters[c];
		if (!k->used)
			continue;
		picture_box(p, k->x, k->y, k->w, k->h, k->cls, PIC_HOLLOW | PIC_DASHED);
	}
	for (uint32_t i = 0; i < g->nr_edges; i++)
		draw_edge(p, g, &g->edges[i]);
	for (uint32_t c = 0; c < g->nr_clusters; c++)
		if (g->clusters[c].used)
			draw_tag(p, &g->clusters[c]);
	for (uint32_t i = 0; i < g->nr_nodes; i++)
		draw_node(p, g, &g->nodes[i]);
	int rc = picture_write(p, format, out, err, errlen);
	picture_free(p);
	return rc;
}
