/* Lists what charts can be drawn of. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "viz/call_hops.h"
#include "viz/chart_parts.h"
#include "viz/errno_name.h"
#include "viz/near.h"

#define MOST 40 /* lines of one kind */

void chart_result(int64_t result, char *text, unsigned len)
{
	const char *name = result < 0 && result > INT32_MIN ? viz_errno_name((int)-result) : NULL;
	if (result == FOREST_OPEN)
		*text = '\0';
	else if (name)
		snprintf(text, len, " = -1 %s", name);
	else
		snprintf(text, len, " = %" PRId64, result);
}

/* Programs' calls: those that are the same but for their numbers in a row are one line. */
static void list_syscalls(const struct viz_chart_run *run, uint32_t h, FILE *out)
{
	const struct viz_host *host = &run->t->hosts[h];
	const struct forest_host *fh = &run->forest.hosts[h];
	uint32_t lines = 0;
	if (fh->syscalls.n)
		fprintf(out, "%s: calls of programs (--host %s --syscall NUMBER, or NAME and --nth N)\n",
			host->name, host->name);
	for (uint32_t k = 0, n; k < fh->syscalls.n; k += n) {
		const struct forest_node *first = &fh->nodes[fh->syscalls.at[k]];
		for (n = 1; k + n < fh->syscalls.n; n++) {
			const struct forest_node *next = &fh->nodes[fh->syscalls.at[k + n]];
			if (next->obj != first->obj || fh->values[next->pid] != fh->values[first->pid])
				break;
		}
		if (lines++ == MOST) {
			fprintf(out, "  ... and %" PRIu32 " more\n", fh->syscalls.n - k);
			break;
		}
		char numbers[32], result[32] = "";
		snprintf(numbers, sizeof(numbers), n > 1 ? "%" PRIu32 "-%" PRIu32 : "%" PRIu32, k + 1, k + n);
		chart_result(fh->values[first->pid], result, sizeof(result));
		fprintf(out, "  %9s  %s%s\n", numbers, viz_string(&host->strings, first->obj), result);
	}
}

/* How a function came to run, beside enum viz_flow_kind. */
enum { BY_TIMER = 4, BY_SOFTIRQ, BY_WORK, WAYS_IN };

struct entry {
	uint16_t fn;
	uint8_t by;
	uint32_t count;
};

static int by_count(const void *a, const void *b, void *arg)
{
	const struct entry *x = a, *y = b;
	if (x->by != y->by) /* boot (0) last */
		return x->by - 1u < y->by - 1u ? -1 : 1;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return strcmp(viz_fn_name(arg, x->fn), viz_fn_name(arg, y->fn));
}

struct entries {
	struct entry *at;
	uint32_t n, *place; /* by function and way in: index in `at` + 1 */
};

static void count_entry(struct entries *e, unsigned fn, unsigned by)
{
	uint32_t *place = &e->place[fn * WAYS_IN + by];
	if (!*place) {
		*place = ++e->n;
		e->at[e->n - 1] = (struct entry){ (uint16_t)fn, (uint8_t)by, 0 };
	}
	e->at[*place - 1].count++;
}

/* What ran because of a timer, a softirq or queued work. */
static void count_hop(struct entries *e, const struct viz_chart_run *run, uint32_t h,
		      const struct forest_node *in)
{
	const struct forest_hop *hop = in->obj == FOREST_NONE ? NULL : &run->forest.hops[in->obj];
	unsigned by = !hop			 ? 0
		      : hop->kind == HOP_TIMER	 ? BY_TIMER
		      : hop->kind == HOP_SOFTIRQ ? BY_SOFTIRQ
		      : hop->kind == HOP_WORK	 ? BY_WORK
						 : 0;
	struct hop_target to[HOP_TARGETS];
	if (by && hop_targets(&run->forest, hop, to))
		count_entry(e, forest_at(&run->forest, h, hop_runs(&run->forest, h, to[0].node))->fn, by);
}

/* Functions by which a host was entered: from a program, by an interrupt, ... */
static int list_entries(const struct viz_chart_run *run, uint32_t h, FILE *out)
{
	static const char *const ways[WAYS_IN] = { "boot",  "task",    "irq", "irq end",
						   "timer", "softirq", "work" };
	const struct forest_host *fh = &run->forest.hosts[h];
	struct entries e = { .at = calloc((size_t)run->t->nr_fns * WAYS_IN + 1, sizeof(*e.at)) };
	e.place = calloc((size_t)run->t->nr_fns * WAYS_IN + 1, sizeof(*e.place));
	bool ok = e.at && e.place;
	for (uint32_t k = 0; k < fh->roots.n && ok; k++) {
		const struct forest_node *root = &fh->nodes[fh->roots.at[k]];
		if (root->kind == NODE_CALL) {
			count_entry(&e, root->fn, root->flow & 3);
			continue;
		}
		for (uint32_t c = root->first; c; c = fh->nodes[c].next)
			if (fh->nodes[c].kind == NODE_CALL)
				count_entry(&e, fh->nodes[c].fn, fh->nodes[c].flow & 3);
	}
	for (uint32_t i = 1; i < fh->n && ok; i++)
		if (fh->nodes[i].kind == NODE_IN)
			count_hop(&e, run, h, &fh->nodes[i]);
	if (e.n) {
		qsort_r(e.at, e.n, sizeof(*e.at), by_count, (void *)run->t);
		fprintf(out,
			"%s: functions that began something (--host %s --call NAME; any other can be drawn "
			"too)\n",
			run->t->hosts[h].name, run->t->hosts[h].name);
	}
	for (uint32_t i = 0; i < e.n; i++)
		fprintf(out, "  %8" PRIu32 "x  %-8s %s\n", e.at[i].count, ways[e.at[i].by],
			viz_fn_name(run->t, e.at[i].fn));
	free(e.at);
	free(e.place);
	return ok ? 0 : -1;
}

static void list_about(const char *host, const char *what, const char *option,
		       const struct forest_about_entry *all, uint32_t nr, FILE *out)
{
	uint32_t lines = 0, more = 0;
	for (uint32_t i = 0, n; i < nr; i += n) {
		for (n = 1; i + n < nr && all[i + n].obj == all[i].obj; n++)
			;
		if (i == 0)
			fprintf(out, "%s: %s (--%s ID):", host, what, option);
		if (lines++ < MOST)
			fprintf(out, " %" PRIu32, all[i].obj);
		else
			more++;
	}
	if (more)
		fprintf(out, " ... and %" PRIu32 " more", more);
	if (nr)
		fputc('\n', out);
}

int viz_chart_list(const struct viz_charts *c, const char *host, FILE *out, char *err, unsigned errlen)
{
	bool any = false;
	struct near near = { .word = host ? host : "" };
	for (unsigned r = 0; r < c->n; r++) {
		const struct viz_chart_run *run = &c->runs[r];
		for (uint32_t h = 0; h < run->t->nr_hosts; h++) {
			const char *name = run->t->hosts[h].name;
			const struct forest_host *fh = &run->forest.hosts[h];
			if (name)
				near_try(&near, name);
			if (!name || run->t->hosts[h].is_switch || (host && strcmp(host, name) != 0))
				continue;
			if (any)
				fputc('\n', out);
			any = true;
			if (c->n > 1)
				fprintf(out, "%s\n", run->name);
			list_syscalls(run, h, out);
			if (list_entries(run, h, out) < 0) {
				snprintf(err, errlen, "no memory");
				return -1;
			}
			list_about(name, "packets", "packet", fh->packets, fh->nr_packets, out);
			list_about(name, "sockets", "socket", fh->sockets, fh->nr_sockets, out);
		}
	}
	if (any || !host)
		return 0;
	snprintf(err, errlen, "there is no host '%s' in the trace", host);
	near_say(&near, err, errlen);
	return -1;
}
