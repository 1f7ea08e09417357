/* wirepath plot: values of a run over virtual time. */
#include "viz/plot.h"

#include <string.h>

#include "lua/command.h"
#include "lua/options.h"
#include "lua/output.h"

#define NAMES 16

/* Cuts "a,b" into names, in place. Returns how many, or -1: too many. */
static int split(char *text, const char **names)
{
	char *save = NULL;
	int n = 0;
	for (char *name = strtok_r(text, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		if (n == NAMES)
			return -1;
		names[n++] = name;
	}
	return n;
}

/* EXIT_DONE, or an exit code after a message. */
static int check(const struct viz_trace *t, const struct series_query *q, const char *dir)
{
	if (q->host && viz_host_index(t, q->host) < 0)
		return usage_error("plot", "there is no host '%s' in %s", q->host, dir);
	for (unsigned i = 0; i < q->nr_names; i++)
		if (!series_known(t, q->names[i]))
			return usage_error("plot",
					   "there is no value '%s'; 'wirepath plot %s' lists those that are",
					   q->names[i], dir);
	return EXIT_DONE;
}

/* What the picture alone does not tell. */
static void put_notes(const struct plot *p, const struct series_query *q)
{
	bool idle = false;
	for (unsigned i = 0; i < q->nr_names; i++) {
		uint32_t k = 0;
		while (k < p->set.n && strcmp(p->set.s[k].name, q->names[i]) != 0)
			k++;
		if (k == p->set.n)
			fprintf(stderr,
				"wirepath plot: no %s there: it has not changed, or does not happen\n",
				q->names[i]);
	}
	for (unsigned k = 0; k < p->nr_panels; k++) {
		const struct plot_panel *panel = &p->panels[k];
		idle |= strcmp(panel->line[0]->name, "cpu") == 0 && panel->y.nr && panel->top <= 1;
		if (panel->left_out)
			fprintf(stderr,
				"wirepath plot: %u lines of %s are left out: choose by --host, --of, --from, "
				"--to\n",
				panel->left_out, panel->title);
	}
	if (idle)
		fputs("wirepath plot: nothing takes CPU time in this run: give it a cost profile (run "
		      "--profile)\n",
		      stderr);
}

static int draw(const struct plot *p, const char *format, unsigned width, FILE *out)
{
	char err[256] = "no memory";
	int kind = picture_format(format), rc;
	if (kind < 0) {
		rc = plot_text(p, width, strcmp(format, "utf8") == 0, out);
	} else {
		struct picture *pic = plot_picture(p);
		rc = pic ? picture_write(pic, (enum pic_format)kind, out, err, sizeof(err)) : -1;
		picture_free(pic);
	}
	return rc < 0 ? trouble("plot", err) : EXIT_DONE;
}

static int plot(const struct viz_trace *t, const struct series_query *q, const char *format, unsigned width,
		FILE *out)
{
	struct series_set set;
	struct plot p;
	if (q->nr_names == 0)
		return plot_list(t, q->host, out) < 0 ? trouble("plot", "no memory") : EXIT_DONE;
	if (series_collect(&set, t, q) < 0)
		return trouble("plot", "no memory");
	if (!set.n) {
		series_free(&set);
		return usage_error("plot", "no such value of that host, object and time was recorded");
	}
	if (plot_init(&p, &set, picture_format(format) < 0 ? width / 12 : 10) < 0)
		return trouble("plot", "no memory");
	int code = draw(&p, format, width, out);
	put_notes(&p, q);
	plot_free(&p);
	return code;
}

int cmd_plot(int argc, char **argv)
{
	static const char help[] =
		"usage: wirepath plot DIR [--value NAME[,NAME...]] [--host H] [--of GLOB] [--from T] [--to "
		"T]\n"
		"                     [--format ascii|utf8|svg|png|pdf] [--width N] [-o FILE]\n\n"
		"Draws values of a run over virtual time: windows and estimates of TCP, queues, rings, "
		"states. Values of "
		"one\n"
		"unit share a panel. Without --value: lists what there is.\n\n"
		"  --value NAMES  what to draw; besides what is listed: throughput, interrupts, cpu, drops,\n"
		"                 wire_queue\n"
		"  --host H       only of this host\n"
		"  --of GLOB      only of what is called so: '10.0.2.15:*', 'eth0*'\n"
		"  --from T, --to T  this stretch of time (10ms, 1.5s); else from the first change to the "
		"last\n"
		"  --format F     ascii (default), utf8, svg, png or pdf\n"
		"  --width N      columns of a text (default 80)\n"
		"  -o FILE        write there instead of to standard output\n\n"
		"example: wirepath plot runs/lossy_link --value snd_cwnd,snd_ssthresh --host client\n";
	const char *dir = NULL, *value = NULL, *format = "ascii", *to = NULL, *names[NAMES];
	struct series_query q = { .names = names, .to = UINT64_MAX };
	uint64_t width = 80;
	const struct option_spec specs[] = {
		{ .name = "--value", .text = &value },
		{ .name = "--host", .text = &q.host },
		{ .name = "--of", .text = &q.of },
		{ .name = "--from", .time = &q.from },
		{ .name = "--to", .time = &q.to },
		{ .name = "--format", .text = &format },
		{ .name = "-o", .text = &to },
		{ .name = "--width", .number = &width, .max = 1000 },
		{ 0 },
	};
	char list[512];
	struct viz_trace t;
	struct output out;
	int code = options_parse("plot", help, specs, argc, argv, &dir, 1), n;
	if (code >= 0)
		return code;
	if (picture_format(format) < 0 && strcmp(format, "ascii") != 0 && strcmp(format, "utf8") != 0)
		return usage_error("plot", "there is no format '%s': use ascii, utf8, svg, png or pdf",
				   format);
	if (q.to <= q.from)
		return usage_error("plot", "--to must be later than --from");
	if (snprintf(list, sizeof(list), "%s", value ? value : "") >= (int)sizeof(list) ||
	    (n = split(list, names)) < 0)
		return usage_error("plot", "--value takes up to %d names", NAMES);
	q.nr_names = (unsigned)n;
	if ((code = run_open(&t, "plot", dir)) != EXIT_DONE)
		return code;
	if ((code = check(&t, &q, dir)) == EXIT_DONE && (code = output_open(&out, "plot", to)) == EXIT_DONE)
		code = output_close(&out, plot(&t, &q, format, (unsigned)width, out.file));
	viz_trace_close(&t);
	return code;
}
