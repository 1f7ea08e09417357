/* The command `wirepath functions`. */
#include <string.h>

#include "lua/cmd_functions.h"
#include "lua/command.h"
#include "lua/options.h"
#include "lua/output.h"

#define MAX_RUNS 256

int catalogue_runs(struct catalogue *c, const char *cmd, const char *const *dirs)
{
	int code = catalogue_init(c) < 0 ? trouble(cmd, "no memory") : EXIT_DONE;
	for (; *dirs && code == EXIT_DONE; dirs++) {
		struct viz_trace t;
		if ((code = run_open(&t, cmd, *dirs)) != EXIT_DONE)
			break;
		if (catalogue_add(c, &t) < 0)
			code = trouble(cmd, "no memory");
		viz_trace_close(&t);
	}
	return code;
}

int cmd_functions(int argc, char **argv)
{
	static const char help[] =
		"usage: wirepath functions [DIR...] [--name GLOB] [--layer GLOB] [--unseen] [--format "
		"text|tsv] "
		"[-o FILE]\n\n"
		"Lists every traced function: layer, source file, contexts that it may run in, description. "
		"With "
		"run\n"
		"folders: how often it was called there and in which contexts, its callers and what it "
		"called.\n\n"
		"  --name GLOB    only functions of these names\n"
		"  --layer GLOB   only of these layers: application, transport, internet, interface, skb, "
		"...\n"
		"  --unseen       only those that none of the runs called\n"
		"  --format F     text (default), or tsv: one line a function, with a heading\n"
		"  -o FILE        write there instead of to standard output\n\n"
		"example: wirepath functions runs/tcp_handshake --name 'tcp_*ack*'\n";
	const char *dirs[MAX_RUNS + 1] = { NULL }, *format = NULL, *to = NULL;
	struct catalogue_query q = { 0 };
	const struct option_spec specs[] = {
		{ .name = "", .list = dirs, .list_max = MAX_RUNS },
		{ .name = "--name", .text = &q.name },
		{ .name = "--layer", .text = &q.layer },
		{ .name = "--unseen", .flag = &q.unseen },
		{ .name = "--format", .text = &format },
		{ .name = "-o", .text = &to },
		{ 0 },
	};
	struct catalogue c;
	struct output out;
	int code = options_parse("functions", help, specs, argc, argv, NULL, 0);
	if (code >= 0)
		return code;
	q.tsv = format && strcmp(format, "tsv") == 0;
	if (format && !q.tsv && strcmp(format, "text") != 0)
		return usage_error("functions", "--format is text or tsv, not '%s'", format);
	code = catalogue_runs(&c, "functions", dirs);
	if (code == EXIT_DONE && (code = output_open(&out, "functions", to)) == EXIT_DONE) {
		unsigned n = catalogue_print(&c, &q, out.file);
		code = output_close(&out, EXIT_DONE);
		if (code == EXIT_DONE)
			fprintf(stderr, "%u of %u functions\n", n, c.nr_fns);
	}
	catalogue_free(&c);
	return code;
}
