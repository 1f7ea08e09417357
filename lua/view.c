/* The commands that look at finished runs: digest, diff; and nic. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/command.h"
#include "lua/options.h"
#include "lua/output.h"
#include "lua/run_dir.h"
#include "nic-model/ops.h"
#include "viz/diff.h"

/* Of what went to standard output. */
static int finish_output(const char *cmd, int code)
{
	struct output out;
	output_open(&out, cmd, NULL);
	return output_close(&out, code);
}

int cmd_digest(int argc, char **argv)
{
	static const char help[] = "usage: wirepath digest DIR\n\n"
				   "Prints the digest of a run: `run` over all frames, their times and the "
				   "programs' output (the same\n"
				   "whether the run was traced or not), `calls` over all trace records (`-` "
				   "when the run was not traced or\n"
				   "was traced through a filter).\n";
	const char *dir = NULL;
	const struct option_spec specs[] = { { 0 } };
	struct manifest m;
	char err[512];
	int code = options_parse("digest", help, specs, argc, argv, &dir, 1);
	if (code >= 0)
		return code;
	if (manifest_read(dir, &m, err, sizeof(err)) < 0)
		return trouble("digest", err);
	printf("run %016llx\n", (unsigned long long)m.digest_run);
	if (m.traced && !*m.filter)
		printf("calls %016llx\n", (unsigned long long)m.digest_calls);
	else
		printf("calls -\n");
	return finish_output("digest", EXIT_DONE);
}

int cmd_diff(int argc, char **argv)
{
	static const char help[] = "usage: wirepath diff DIR_A DIR_B\n\n"
				   "Compares two runs. Exit 0 and 'equal', or exit 1 and the first event "
				   "that differs with both call stacks.\n";
	const char *dirs[2] = { NULL, NULL };
	const struct option_spec specs[] = { { 0 } };
	struct manifest m[2];
	struct viz_trace t[2];
	char err[512];
	int code = options_parse("diff", help, specs, argc, argv, dirs, 2);
	if (code >= 0)
		return code;
	for (int i = 0; i < 2; i++)
		if (manifest_read(dirs[i], &m[i], err, sizeof(err)) < 0)
			return trouble("diff", err);
	bool same_run = m[0].digest_run == m[1].digest_run;
	if (!m[0].traced || !m[1].traced) {
		puts(same_run ? "equal (frames and program output; a run without a trace has no calls to "
				"compare)"
			      : "the runs differ; trace both to see where");
		return finish_output("diff", same_run ? EXIT_DONE : EXIT_FAILED);
	}
	if ((code = run_open(&t[0], "diff", dirs[0])) != EXIT_DONE)
		return code;
	if ((code = run_open(&t[1], "diff", dirs[1])) != EXIT_DONE) {
		viz_trace_close(&t[0]);
		return code;
	}
	int r = viz_diff(&t[0], &t[1], stdout, err, sizeof(err));
	if (r == 0 && !same_run) {
		puts("the calls are equal, but frames' bytes or program output differ: compare the .pcapng "
		     "and .out files");
		r = 1;
	} else if (r == 0) {
		puts("equal");
	}
	viz_trace_close(&t[0]);
	viz_trace_close(&t[1]);
	return r < 0 ? trouble("diff", err) : finish_output("diff", r);
}

int cmd_nic(int argc, char **argv)
{
	static const char help[] = "usage: wirepath nic FILE.ops\n\n"
				   "Drives the bare FTGMAC100 by a script of register and memory operations, "
				   "no driver in the way, and\n"
				   "prints the transcript. '-' reads standard input. The operations are in "
				   "nic-model/README.md.\n";
	const char *file = NULL;
	const struct option_spec specs[] = { { 0 } };
	int code = options_parse("nic", help, specs, argc, argv, &file, 1);
	if (code >= 0)
		return code;
	FILE *in = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
	if (!in)
		return usage_error("nic", "cannot read %s: %s", file, strerror(errno));
	code = nic_ops_run(in, file, stdout, stderr);
	if (in != stdin)
		fclose(in);
	return finish_output("nic", code);
}
