/* Between the files that make charts: what is at the top, and the drawing. */
#ifndef VIZ_CHART_PARTS_H
#define VIZ_CHART_PARTS_H

#include "viz/chart.h"

/* A call at the top of a chart. */
struct chart_root {
	uint64_t time;
	uint32_t run, host, node;
	uint32_t syscall; /* the program's call that it was picked by, or 0 */
};

struct chart_picks {
	struct chart_root *roots;
	uint32_t n, cap;
	uint8_t **keep;		       /* by run and host: struct call_filter's, NULL: everything */
	uint32_t *first_keep, nr_keep; /* of a run, in `keep` */
	uint64_t others;	       /* calls that were not picked because of `nth` */
};

/* 0, or -1 with a message. */
int chart_pick(struct chart_picks *p, const struct viz_charts *c, const struct viz_chart_options *opt,
	       bool compare, char *err, unsigned errlen);
void chart_picks_free(struct chart_picks *p);

/* About how many bytes the nested drawing of node i takes. */
uint64_t chart_text_size(const struct call_tree *tree, uint32_t i, unsigned level);

/* Draws the call `root` of a tree as text. */
bool chart_text(const struct call_tree *tree, uint32_t root, const struct viz_chart_options *opt,
		bool compared, FILE *out);

/* Whether a name meets a glob; a word without '*', '?' and '[' is a name. */
bool chart_is_glob(const char *word);

/* " = 3" or " = -1 EBADF": the result of a program's call; "" while it has none. */
void chart_result(int64_t result, char *text, unsigned len);

/* "connect" of "connect(3, ...)": its length. */
unsigned chart_call_name(const char *text);

#endif
