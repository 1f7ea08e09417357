/* Graphs as DOT, as one would write it by hand, and as Mermaid. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "viz/graph.h"

/* What renderers of Mermaid take by default. */
#define MERMAID_EDGES 500
#define MERMAID_CHARS 50000

/* Colours of clusters' nodes, on white: those of the pictures. */
static const char *fill_of(enum pic_class cls)
{
	switch (cls) {
	case PIC_APPLICATION:
		return "#fbefff";
	case PIC_TRANSPORT:
		return "#ddf4ff";
	case PIC_INTERNET:
		return "#dafbe1";
	case PIC_INTERFACE:
		return "#fff8c5";
	case PIC_SKB:
		return "#fff1e5";
	case PIC_KERNEL:
		return "#eaeef2";
	case PIC_CARD:
		return "#ffeff7";
	default:
		return "#f6f8fa";
	}
}

/* A text in double quotes. */
static void quoted(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
	}
	fputc('"', out);
}

static bool is_keyword(const char *id)
{
	static const char *const words[] = { "node", "edge", "graph", "digraph", "subgraph", "strict" };
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(id, words[i]) == 0)
			return true;
	return false;
}

/* A name of DOT: in quotes only where it must be. */
static void put_id(FILE *out, const char *id)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
	if (strspn(id, letters) == strlen(id) && *id && (*id < '0' || *id > '9') && !is_keyword(id))
		fputs(id, out);
	else
		quoted(out, id);
}

static const char *mark_color(char mark)
{
	return mark == '+' ? "#1a7f37" : "#cf222e";
}

static void dot_node(const struct graph_node *n, FILE *out)
{
	fputs("    ", out);
	put_id(out, n->id);
	fputs(" [", out);
	if (strcmp(n->id, n->name) != 0 || n->count > 1 || n->mark) {
		char label[320];
		snprintf(label, sizeof(label), n->count > 1 ? "%s%s%s (x%" PRIu32 ")" : "%s%s%s",
			 n->mark ? (char[]){ n->mark, '\0' } : "", n->mark ? " " : "", n->name, n->count);
		fputs("label=", out);
		quoted(out, label);
		fputs(", ", out);
	}
	if (n->mark)
		fprintf(out, "color=\"%s\", penwidth=2, ", mark_color(n->mark));
	else if (n->root)
		fputs("penwidth=2, ", out);
	fputs("tooltip=", out);
	quoted(out, *n->tip ? n->tip : n->name);
	fputs(", URL=", out);
	quoted(out, n->href);
	fputs("];\n", out);
}

static void dot_edge(const struct graph *g, const struct graph_edge *e, FILE *out)
{
	char tip[64];
	fputs("  ", out);
	put_id(out, g->nodes[e->from].id);
	fputs(" -> ", out);
	put_id(out, g->nodes[e->to].id);
	snprintf(tip, sizeof(tip), "%" PRIu32 " %s%s", e->count, e->hop ? "time" : "call",
		 e->count == 1 ? "" : "s");
	fprintf(out, " [tooltip=\"%s\"", tip);
	if (e->op) {
		char label[128];
		snprintf(label, sizeof(label), "->%s()", e->op);
		fputs(", label=", out);
		quoted(out, label);
	}
	if (e->hop)
		fputs(", style=dashed", out);
	if (e->mark)
		fprintf(out, ", color=\"%s\"", mark_color(e->mark));
	if (e->up)
		fputs(", constraint=false", out);
	fputs("];\n", out);
}

/* Lines that keep one band under the other: from the ends of a band, by way of a point, to what begins the
 * next. */
static void dot_bands(const struct graph *g, FILE *out)
{
	const struct graph_cluster *above = NULL;
	for (uint32_t c = 0; c < g->nr_clusters; c++) {
		const struct graph_cluster *k = &g->clusters[c];
		if (!k->used || !k->band)
			continue;
		if (above)
			fprintf(out, "  below_%s [shape=point, style=invis];\n", above->name);
		for (uint32_t i = 0; i < g->nr_nodes && above; i++) {
			const struct graph_node *n = &g->nodes[i];
			bool upper = &g->clusters[n->cluster] == above && n->ends;
			if (!upper && (n->cluster != c || !n->begins))
				continue;
			fputs("  ", out);
			if (!upper)
				fprintf(out, "below_%s -> ", above->name);
			put_id(out, n->id);
			if (upper)
				fprintf(out, " -> below_%s", above->name);
			fputs(" [style=invis];\n", out);
		}
		above = k;
	}
}

void graph_write_dot(const struct graph *g, FILE *out)
{
	fputs("digraph ", out);
	quoted(out, g->title);
	fputs(" {\n  graph [rankdir=TB, fontname=\"sans-serif\"];\n"
	      "  node [shape=box, style=filled, fillcolor=\"#f6f8fa\", fontname=\"monospace\", "
	      "fontsize=11];\n"
	      "  edge [fontname=\"monospace\", fontsize=9];\n",
	      out);
	for (uint32_t c = 0; c < g->nr_clusters; c++) {
		if (!g->clusters[c].used)
			continue;
		fputs("\n  subgraph ", out);
		char id[80];
		snprintf(id, sizeof(id), "cluster_%s", g->clusters[c].name);
		put_id(out, id);
		fputs(" {\n    label=", out);
		quoted(out, g->clusters[c].name);
		fprintf(out, ";\n    node [fillcolor=\"%s\", class=", fill_of(g->clusters[c].cls));
		quoted(out, g->clusters[c].name);
		fputs("];\n", out);
		for (uint32_t i = 0; i < g->nr_nodes; i++)
			if (g->nodes[i].cluster == c)
				dot_node(&g->nodes[i], out);
		fputs("  }\n", out);
	}
	fputc('\n', out);
	for (uint32_t i = 0; i < g->nr_edges; i++)
		dot_edge(g, &g->edges[i], out);
	fputs("\n  // the order of the layers\n", out);
	dot_bands(g, out);
	fputs("}\n", out);
}

/* ---- Mermaid ---- */

static void mermaid_text(FILE *out, const char *text)
{
	for (; *text; text++)
		if (*text == '"')
			fputs("#quot;", out);
		else if (*text == '#')
			fputs("#35;", out);
		else
			fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
}

static void mermaid_graph(const struct graph *g, FILE *out)
{
	fputs("flowchart TD\n", out);
	for (uint32_t c = 0; c < g->nr_clusters; c++) {
		if (!g->clusters[c].used)
			continue;
		fprintf(out, "  subgraph c%" PRIu32 "[\"", c);
		mermaid_text(out, g->clusters[c].name);
		fputs("\"]\n", out);
		for (uint32_t i = 0; i < g->nr_nodes; i++) {
			const struct graph_node *n = &g->nodes[i];
			if (n->cluster != c)
				continue;
			fprintf(out, "    n%" PRIu32 "[\"%s%s", i, n->mark ? (char[]){ n->mark, '\0' } : "",
				n->mark ? " " : "");
			mermaid_text(out, n->name);
			if (n->count > 1)
				fprintf(out, " x%" PRIu32, n->count);
			fprintf(out, "\"]:::%s\n",
				n->mark == '+'	 ? "added"
				: n->mark == '-' ? "removed"
						 : g->clusters[c].name);
		}
		fputs("  end\n", out);
	}
	for (uint32_t i = 0; i < g->nr_edges; i++) {
		const struct graph_edge *e = &g->edges[i];
		fprintf(out, "  n%" PRIu32 " %s", e->from, e->hop ? "-.->" : "-->");
		if (e->op)
			fprintf(out, "|\"->%s()\"|", e->op);
		fprintf(out, " n%" PRIu32 "\n", e->to);
	}
	for (uint32_t c = 0; c < g->nr_clusters; c++)
		if (g->clusters[c].used)
			fprintf(out, "  classDef %s fill:%s,color:#1f2328,stroke:#57606a\n",
				g->clusters[c].name, fill_of(g->clusters[c].cls));
	fprintf(out, "  classDef added fill:#dafbe1,color:#116329,stroke:%s\n", mark_color('+'));
	fprintf(out, "  classDef removed fill:#ffebe9,color:#a40e26,stroke:%s\n", mark_color('-'));
}

int graph_write_mermaid(const struct graph *g, FILE *out, char *err, unsigned errlen)
{
	char *text = NULL;
	size_t len = 0;
	FILE *mem = open_memstream(&text, &len);
	if (mem)
		mermaid_graph(g, mem);
	if (!mem || fclose(mem) != 0) {
		snprintf(err, errlen, "no memory");
		free(text);
		return -1;
	}
	int rc = 0;
	if (g->nr_edges > MERMAID_EDGES || len > MERMAID_CHARS) {
		snprintf(err, errlen,
			 "the graph has %" PRIu32
			 " edges and %zu letters, and renderers of Mermaid stop at %d and %d: "
			 "draw less (--depth, --layer, --only), or use --format dot or svg",
			 g->nr_edges, len, MERMAID_EDGES, MERMAID_CHARS);
		rc = -1;
	} else {
		fwrite(text, 1, len, out);
	}
	free(text);
	return rc;
}
