/*
 * A graph: functions as nodes in clusters (layers), calls as edges; written as DOT or Mermaid, or laid out by
 * Graphviz's library and drawn as a picture.
 *
 * Clusters that have a `band` lie one under the other in that order, as the documents draw layers: edges
 * against the order do not pull. Texts belong to who makes the graph, and live as long as it.
 */
#ifndef VIZ_GRAPH_H
#define VIZ_GRAPH_H

#include "viz/picture.h"

#define GRAPH_LINES 3 /* of text below a node's name */

struct graph_cluster {
	const char *name;
	enum pic_class cls;
	unsigned band;	/* from 1, top to bottom; 0: anywhere */
	int x, y, w, h; /* laid out: upper left corner */
	bool used;	/* has nodes */
};

struct graph_node {
	const char *id, *name; /* id: unique; name: what is shown */
	const char *tip, *href;
	uint32_t cluster;
	uint32_t count;
	char mark; /* '+', '-' or 0 */
	bool root;
	bool begins, ends; /* of its cluster: no other node of it calls this one, or is called */
	char lines[GRAPH_LINES][40];
	int w, h;
	int x, y; /* laid out: centre */
};

struct graph_edge {
	uint32_t from, to;
	const char *op; /* slot of an operations table, or NULL */
	uint32_t count;
	char mark;
	bool hop;		  /* no call: something set off */
	bool up;		  /* against the order of bands */
	struct pic_point *points; /* laid out: Bezier curves */
	unsigned nr_points;
};

struct graph {
	const char *title;
	struct graph_cluster *clusters;
	struct graph_node *nodes;
	struct graph_edge *edges;
	uint32_t nr_clusters, nr_nodes, nr_edges;
};

/* Sets what follows from the rest: which clusters are used, which edges go up, which nodes begin and end a
 * cluster. */
void graph_finish(struct graph *g);

/* Frees the arrays and what layout added. */
void graph_free(struct graph *g);

void graph_write_dot(const struct graph *g, FILE *out);
/* 0, or -1 with a message. */
int graph_write_mermaid(const struct graph *g, FILE *out, char *err, unsigned errlen);
int graph_write_picture(struct graph *g, enum pic_format format, FILE *out, char *err, unsigned errlen);

#endif
