/*
 * Graphs laid out by Graphviz's library: sizes go in, places come out; it draws nothing, and looks for no
 * font.
 *
 * The library stops the whole process where one of its assertions fails, and can take very long. So a child
 * process does it, and sends the places back.
 */
#include <errno.h>
#include <fcntl.h>
#include <gvc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "viz/draw/module.h"
#include "viz/graph.h"

#define MANY 400   /* nodes above which the layout is done in a hurry */
#define SECONDS 60 /* of computing, after which it is given up */

struct layout {
	struct graph *g;
	Agraph_t *graph;
	Agraph_t **clusters;
	Agnode_t **nodes;
	Agedge_t **edges;
	int height;
};

static void set(void *obj, const char *name, const char *value)
{
	agsafeset(obj, (char *)name, (char *)value, (char *)"");
}

static void set_inches(void *obj, const char *name, int px)
{
	char text[32];
	snprintf(text, sizeof(text), "%d.%06d", px / 72, px % 72 * 1000000 / 72);
	set(obj, name, text);
}

static Agnode_t *add_node(Agraph_t *in, unsigned i, int w, int h)
{
	char name[16];
	snprintf(name, sizeof(name), "n%u", i);
	Agnode_t *n = agnode(in, name, 1);
	set(n, "label", "");
	set(n, "shape", "box");
	set(n, "fixedsize", "true");
	set_inches(n, "width", w);
	set_inches(n, "height", h);
	return n;
}

static Agedge_t *add_edge(struct layout *l, Agnode_t *from, Agnode_t *to)
{
	Agedge_t *e = agedge(l->graph, from, to, NULL, 1);
	set(e, "arrowhead", "none");
	return e;
}

/* What keeps one band under the other. */
static void add_bands(struct layout *l)
{
	const struct graph *g = l->g;
	uint32_t above = UINT32_MAX, extra = g->nr_nodes;
	for (uint32_t c = 0; c < g->nr_clusters; c++) {
		if (!g->clusters[c].used || !g->clusters[c].band)
			continue;
		Agnode_t *between = above == UINT32_MAX ? NULL : add_node(l->graph, extra++, 1, 1);
		for (uint32_t i = 0; i < g->nr_nodes && between; i++) {
			const struct graph_node *n = &g->nodes[i];
			if (n->cluster == above && n->ends)
				set(add_edge(l, l->nodes[i], between), "style", "invis");
			else if (n->cluster == c && n->begins)
				set(add_edge(l, between, l->nodes[i]), "style", "invis");
		}
		above = c;
	}
}

static int build(struct layout *l, bool bands)
{
	struct graph *g = l->g;
	l->graph = agopen((char *)"g", Agdirected, NULL);
	l->clusters = calloc(g->nr_clusters + 1, sizeof(*l->clusters));
	l->nodes = calloc(g->nr_nodes + 1, sizeof(*l->nodes));
	l->edges = calloc(g->nr_edges + 1, sizeof(*l->edges));
	if (!l->graph || !l->clusters || !l->nodes || !l->edges)
		return -1;
	set(l->graph, "nodesep", "0.2");
	set(l->graph, "ranksep", "0.35");
	if (g->nr_nodes > MANY) {
		set(l->graph, "nslimit", "1");
		set(l->graph, "nslimit1", "1");
		set(l->graph, "mclimit", "0.2");
		set(l->graph, "splines", "line");
	}
	for (uint32_t c = 0; c < g->nr_clusters; c++) {
		char name[32];
		snprintf(name, sizeof(name), "cluster%u", c);
		if (!g->clusters[c].used)
			continue;
		l->clusters[c] = agsubg(l->graph, name, 1);
		set(l->clusters[c], "margin", "34");
	}
	for (uint32_t i = 0; i < g->nr_nodes; i++)
		l->nodes[i] = add_node(l->clusters[g->nodes[i].cluster], i, g->nodes[i].w, g->nodes[i].h);
	for (uint32_t i = 0; i < g->nr_edges; i++) {
		const struct graph_edge *e = &g->edges[i];
		l->edges[i] = add_edge(l, l->nodes[e->from], l->nodes[e->to]);
		if (e->up)
			set(l->edges[i], "constraint", "false");
	}
	if (bands && g->nr_nodes <= MANY)
		add_bands(l);
	return 0;
}

static int nearest(double v)
{
	return (int)(v < 0 ? v - 0.5 : v + 0.5);
}

static struct pic_point place(const struct layout *l, pointf p)
{
	return (struct pic_point){ nearest(p.x), l->height - nearest(p.y) };
}

static int read_edge(const struct layout *l, struct graph_edge *to, Agedge_t *e)
{
	const splines *s = ED_spl(e);
	if (!s || s->size < 1)
		return 0;
	const bezier *b = &s->list[0];
	to->points = calloc((size_t)b->size, sizeof(*to->points));
	if (!to->points)
		return -1;
	to->nr_points = (unsigned)b->size;
	for (int i = 0; i < b->size; i++)
		to->points[i] = place(l, b->list[i]);
	return 0;
}

static int read_places(struct layout *l)
{
	struct graph *g = l->g;
	l->height = nearest(GD_bb(l->graph).UR.y);
	for (uint32_t i = 0; i < g->nr_nodes; i++) {
		struct pic_point p = place(l, ND_coord(l->nodes[i]));
		g->nodes[i].x = p.x;
		g->nodes[i].y = p.y;
	}
	for (uint32_t c = 0; c < g->nr_clusters; c++) {
		struct graph_cluster *k = &g->clusters[c];
		if (!k->used)
			continue;
		boxf bb = GD_bb(l->clusters[c]);
		struct pic_point ul = place(l, (pointf){ bb.LL.x, bb.UR.y }),
				 lr = place(l, (pointf){ bb.UR.x, bb.LL.y });
		k->x = ul.x;
		k->y = ul.y;
		k->w = lr.x - ul.x;
		k->h = lr.y - ul.y;
	}
	for (uint32_t i = 0; i < g->nr_edges; i++)
		if (read_edge(l, &g->edges[i], l->edges[i]) < 0)
			return -1;
	return 0;
}

/* In the child: sets g's places. */
static int lay_out(struct graph *g, bool bands)
{
	struct layout l = { .g = g };
	GVC_t *gvc = gvContext();
	agseterr(AGMAX); /* what it says is for people who write DOT */
	if (!gvc || build(&l, bands) < 0 || gvLayout(gvc, l.graph, "dot") != 0)
		return -1;
	return read_places(&l);
}

static void send_places(const struct graph *g, FILE *to)
{
	for (uint32_t i = 0; i < g->nr_nodes; i++)
		fwrite(&g->nodes[i].x, sizeof(int), 2, to);
	for (uint32_t i = 0; i < g->nr_clusters; i++)
		fwrite(&g->clusters[i].x, sizeof(int), 4, to);
	for (uint32_t i = 0; i < g->nr_edges; i++) {
		fwrite(&g->edges[i].nr_points, sizeof(unsigned), 1, to);
		fwrite(g->edges[i].points, sizeof(struct pic_point), g->edges[i].nr_points, to);
	}
}

static bool take_edge(struct graph_edge *e, FILE *from)
{
	unsigned n;
	if (fread(&n, sizeof(n), 1, from) != 1 || n > 100000)
		return false;
	free(e->points);
	e->points = calloc(n ? n : 1, sizeof(*e->points));
	e->nr_points = e->points ? n : 0;
	return e->points && fread(e->points, sizeof(*e->points), n, from) == n;
}

static bool take_places(struct graph *g, FILE *from)
{
	bool ok = true;
	for (uint32_t i = 0; i < g->nr_nodes && ok; i++)
		ok = fread(&g->nodes[i].x, sizeof(int), 2, from) == 2;
	for (uint32_t i = 0; i < g->nr_clusters && ok; i++)
		ok = fread(&g->clusters[i].x, sizeof(int), 4, from) == 4;
	for (uint32_t i = 0; i < g->nr_edges && ok; i++)
		ok = take_edge(&g->edges[i], from);
	return ok;
}

static void child(struct graph *g, bool bands, int to)
{
	FILE *out = fdopen(to, "w");
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	dup2(null, STDERR_FILENO); /* where assertions are told */
	setrlimit(RLIMIT_CPU, &(struct rlimit){ SECONDS, SECONDS + 5 });
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	if (out && lay_out(g, bands) == 0) {
		send_places(g, out);
		_exit(fflush(out) == 0 ? 0 : 1);
	}
	_exit(1);
}

int draw_module_layout(struct graph *g, char *err, unsigned errlen)
{
	int status = 0;
	for (int bands = 1; bands >= 0;
	     bands--) { /* the order of bands is what it stumbles over, if at all */
		int ends[2];
		if (pipe2(ends, O_CLOEXEC) < 0) {
			snprintf(err, errlen, "cannot lay the graph out: %s", strerror(errno));
			return -1;
		}
		pid_t pid = fork();
		if (pid == 0)
			child(g, bands, ends[1]);
		close(ends[1]);
		FILE *from = pid > 0 ? fdopen(ends[0], "r") : NULL;
		bool ok = from && take_places(g, from);
		if (from)
			fclose(from);
		else
			close(ends[0]);
		while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (ok)
			return 0;
		if (pid < 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU))
			break;
	}
	snprintf(err, errlen,
		 "Graphviz cannot lay out the graph of %u boxes and %u arrows%s: draw less (--depth, "
		 "--layer, --only)",
		 g->nr_nodes, g->nr_edges,
		 WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU ? " in time" : "");
	return -1;
}
