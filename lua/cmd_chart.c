/* `wirepath chart`. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lua/command.h"
#include "lua/options.h"
#include "lua/output.h"
#include "viz/chart.h"

#define MAX_RUNS 32

static const char help[] =
	"usage: wirepath chart DIR... [what is at the top] [what is shown] [how it is drawn]\n\n"
	"Draws what calls of a function called, from the traces in run folders. Without any choice, lists "
	"what can\n"
	"be drawn.\n\n"
	"What is at the top:\n"
	"  --call FN         calls of a function, by its name in Linux, or a glob: 'tcp_v4_*'\n"
	"  --syscall WHICH   calls that programs made: a number of the list, or a name: connect\n"
	"                    (neither, but one of the options below: whatever a host was entered by)\n"
	"  --host H          on this host (else the first that has it)\n"
	"  --nth N|all|merged   the Nth of them on that host (default 1); all: a drawing of each, on all "
	"hosts;\n"
	"                    merged: all laid over one another, with counts (several DIRs, or --reach: the "
	"default)\n"
	"  --from T --to T   only calls that begin in this time: 10ms, 1.5s\n\n"
	"What of it is shown:\n"
	"  --packet ID       only what handles this packet, and the way there\n"
	"  --socket ID       only what handles this socket, and the way there\n"
	"  --reach FN        only the ways to this function (or glob)\n"
	"  --layer L,...     only functions of these layers: application, transport, internet, interface, "
	"...\n"
	"  --only GLOB,...   only functions that match (may be given again); what others call moves up to "
	"them\n"
	"  --hide GLOB,...   not these functions, nor what they call (may be given again)\n"
	"  --depth N         only N levels below the top\n"
	"  --follow N        what ran because of it as well, over N hops: wake-ups, softirqs, timers, "
	"frames\n"
	"  --unfold          repetitions in full, not as (x7) or a loop\n\n"
	"How it is drawn:\n"
	"  --against DIR     compared with the same call of another run: '-' only in the first, '+' only in "
	"DIR\n"
	"  --style STYLE     nested: the whole tree in one drawing (default)\n"
	"                    outline: a small drawing per function, headed by its file\n"
	"  --format F        ascii (default), utf8: as above; dot, mermaid, svg, png, pdf: a graph, one box "
	"a function,\n"
	"                    in its layer; broken lines lead from a cause to what ran because of it "
	"(--follow)\n"
	"  -o FILE           write there instead of to standard output\n\n"
	"examples: wirepath chart runs/tcp_handshake --syscall connect --host client --depth 6\n"
	"          wirepath chart runs/tcp_handshake --call tcp_v4_connect --layer transport,internet "
	"--follow 2\n"
	"          wirepath chart runs/a runs/b --reach ip_output\n";

static int set_words(struct viz_chart_options *opt, const char *nth, const char *style, const char *format,
		     bool several)
{
	char *end;
	bool whole = opt->call || opt->syscall;
	opt->pick = several || opt->reach ? PICK_MERGED : whole ? PICK_NTH : PICK_ALL;
	if (nth && strcmp(nth, "all") == 0) {
		opt->pick = PICK_ALL;
	} else if (nth && strcmp(nth, "merged") == 0) {
		opt->pick = PICK_MERGED;
	} else if (nth) {
		unsigned long n = strtoul(nth, &end, 10);
		if (*end || *nth < '0' || *nth > '9' || n == 0 || n > UINT32_MAX)
			return usage_error("chart", "--nth is a number from 1, all or merged, not '%s'", nth);
		opt->pick = PICK_NTH;
		opt->nth = (unsigned)n;
	}
	opt->style = style && strcmp(style, "outline") == 0 ? VIZ_OUTLINE : VIZ_NESTED;
	if (style && opt->style == VIZ_NESTED && strcmp(style, "nested") != 0)
		return usage_error("chart", "--style is nested or outline, not '%s'", style);
	int f = format ? viz_chart_format(format) : CHART_ASCII;
	if (f < 0)
		return usage_error("chart",
				   "there is no format '%s': use ascii, utf8, dot, mermaid, svg, png or pdf",
				   format);
	opt->format = (enum viz_chart_format)f;
	return EXIT_DONE;
}

struct session {
	struct viz_chart_options opt;
	const char *dirs[MAX_RUNS + 1];
	const char *against, *to;
	struct viz_trace traces[MAX_RUNS + 1];
	unsigned n; /* traces that are open */
};

static int draw(struct session *s)
{
	const struct viz_trace *traces[MAX_RUNS + 1];
	char err[512] = "", note[512] = "";
	struct viz_chart_options *opt = &s->opt;
	struct viz_charts charts;
	struct output out;
	for (unsigned i = 0; i < s->n; i++)
		traces[i] = &s->traces[i];
	if (viz_charts_open(&charts, traces, s->dirs, s->n, err, sizeof(err)) < 0)
		return trouble("chart", err);
	int code = output_open(&out, "chart", s->to);
	if (code == EXIT_DONE) {
		bool list = !opt->call && !opt->syscall && !opt->packet && !opt->socket && !opt->reach &&
			    !opt->from && !opt->to;
		opt->color = out.file == stdout && isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
		int rc = list ? viz_chart_list(&charts, opt->host, out.file, err, sizeof(err))
			      : viz_chart(&charts, opt, s->against != NULL, out.file, note, sizeof(note), err,
					  sizeof(err));
		code = output_close(&out, rc < 0 ? trouble("chart", err) : EXIT_DONE);
		if (code == EXIT_DONE && *note)
			fprintf(stderr, "%s\n", note);
	}
	viz_charts_close(&charts);
	return code;
}

int cmd_chart(int argc, char **argv)
{
	struct session *s = calloc(1, sizeof(*s));
	const char *nth = NULL, *style = NULL, *format = NULL;
	uint64_t depth = 0, follow = 0, packet = 0, socket = 0;
	if (!s)
		return trouble("chart", "no memory");
	struct viz_chart_options *opt = &s->opt;
	const struct option_spec specs[] = {
		{ .name = "--call", .text = &opt->call },
		{ .name = "--syscall", .text = &opt->syscall },
		{ .name = "--host", .text = &opt->host },
		{ .name = "--nth", .text = &nth },
		{ .name = "--from", .time = &opt->from },
		{ .name = "--to", .time = &opt->to },
		{ .name = "--packet", .number = &packet, .max = UINT32_MAX },
		{ .name = "--socket", .number = &socket, .max = UINT32_MAX },
		{ .name = "--reach", .text = &opt->reach },
		{ .name = "--layer", .text = &opt->layer },
		{ .name = "--only", .list = opt->only, .list_max = CHART_GLOBS, .commas = true },
		{ .name = "--hide", .list = opt->hide, .list_max = CHART_GLOBS, .commas = true },
		{ .name = "--depth", .number = &depth, .max = 10000 },
		{ .name = "--follow", .number = &follow, .max = 1000 },
		{ .name = "--unfold", .flag = &opt->unfold },
		{ .name = "--against", .text = &s->against },
		{ .name = "--style", .text = &style },
		{ .name = "--format", .text = &format },
		{ .name = "-o", .text = &s->to },
		{ .name = "", .list = s->dirs + 1, .list_max = MAX_RUNS - 1 },
		{ 0 },
	};
	int code = options_parse("chart", help, specs, argc, argv, s->dirs, 1);
	if (code < 0) {
		unsigned n = 0;
		while (n < MAX_RUNS && s->dirs[n])
			n++;
		opt->depth = (unsigned)depth;
		opt->follow = (unsigned)follow;
		opt->packet = (uint32_t)packet;
		opt->socket = (uint32_t)socket;
		code = set_words(opt, nth, style, format, n > 1);
		if (code == EXIT_DONE && s->against && (n > 1 || (!opt->call && !opt->syscall)))
			code = usage_error(
				"chart",
				"--against compares one call of one run: give one DIR, and --call or "
				"--syscall");
		if (s->against)
			s->dirs[n++] = s->against;
		for (; s->n < n && code == EXIT_DONE; s->n += code == EXIT_DONE)
			code = run_open(&s->traces[s->n], "chart", s->dirs[s->n]);
		if (code == EXIT_DONE)
			code = draw(s);
	}
	while (s->n > 0)
		viz_trace_close(&s->traces[--s->n]);
	free(s);
	return code;
}
