/* Runs in, answers out, for the commands that look at a finished run. */
#include "lua/output.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lua/command.h"

int trouble(const char *cmd, const char *err)
{
	fprintf(stderr, "wirepath %s: %s\n", cmd, err);
	return EXIT_USAGE;
}

int run_open(struct viz_trace *t, const char *cmd, const char *dir)
{
	char err[512];
	if (viz_run_open(t, dir, err, sizeof(err)) < 0)
		return trouble(cmd, err);
	if (t->truncated)
		fprintf(stderr, "wirepath %s: the trace was cut off; what comes before the cut is shown\n",
			cmd);
	return EXIT_DONE;
}

int output_open(struct output *out, const char *cmd, const char *to)
{
	out->cmd = cmd;
	out->to = to && strcmp(to, "-") != 0 ? to : NULL;
	out->file = stdout;
	if (!out->to)
		return EXIT_DONE;
	/* what is no file, like a device or a pipe, is written to and not replaced */
	struct stat st;
	bool replace = stat(to, &st) < 0 || S_ISREG(st.st_mode);
	int n = snprintf(out->tmp, sizeof(out->tmp), "%s%s", to, replace ? ".part" : "");
	out->file = n < (int)sizeof(out->tmp) ? fopen(out->tmp, "we") : NULL;
	if (!replace)
		out->tmp[0] = '\0';
	return out->file ? EXIT_DONE : usage_error(cmd, "cannot write %s: %s", to, strerror(errno));
}

int output_close(struct output *out, int code)
{
	/* a closed pipe or a full disk must not look like success */
	bool failed = fflush(out->file) != 0 || ferror(out->file);
	int why = errno;
	if (out->to) {
		if (fclose(out->file) != 0 && !failed) {
			failed = true;
			why = errno;
		}
		if (!out->tmp[0]) {
			/* nothing to rename */
		} else if (failed || code != EXIT_DONE) {
			unlink(out->tmp);
		} else if (rename(out->tmp, out->to) != 0) {
			failed = true;
			why = errno;
			unlink(out->tmp);
		}
	}
	if (failed)
		fprintf(stderr, "wirepath %s: cannot write %s: %s\n", out->cmd,
			out->to ? out->to : "the output", strerror(why));
	return failed ? EXIT_USAGE : code;
}

bool output_board_format(const char *word)
{
	return strcmp(word, "ascii") == 0 || strcmp(word, "utf8") == 0 || picture_format(word) >= 0;
}

int output_board(const struct board *b, const char *cmd, const char *format, const char *title,
		 const char *to)
{
	char err[512] = "no memory";
	struct output out;
	int code = output_open(&out, cmd, to);
	if (code != EXIT_DONE)
		return code;
	if (picture_format(format) < 0) {
		if (board_print(b, strcmp(format, "utf8") == 0, out.file) < 0)
			code = trouble(cmd, err);
		return output_close(&out, code);
	}
	struct picture *p = board_picture(b, title);
	if (!p || picture_write(p, (enum pic_format)picture_format(format), out.file, err, sizeof(err)) < 0)
		code = trouble(cmd, err);
	picture_free(p);
	return output_close(&out, code);
}
