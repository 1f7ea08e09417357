/* What the commands that look at a finished run have in common: the run, and where the answer goes. */
#ifndef LUA_OUTPUT_H
#define LUA_OUTPUT_H

#include <stdio.h>

#include "viz/board.h"
#include "viz/trace_read.h"

/* Says on standard error what went wrong; returns EXIT_USAGE. */
int trouble(const char *cmd, const char *err);

/* Opens the trace of the run folder DIR, and says so when it was cut off. EXIT_DONE, or an exit code after a
 * message. */
int run_open(struct viz_trace *t, const char *cmd, const char *dir);

/* An answer on its way out: standard output, or a file that is written whole or not at all. */
struct output {
	const char *cmd, *to;
	FILE *file;
	char tmp[4096];
};

/* `to` as -o gave it: NULL or "-" for standard output. EXIT_DONE, or an exit code after a message. */
int output_open(struct output *out, const char *cmd, const char *to);

/* Ends it. `code` other than EXIT_DONE, or bytes that could not be written: no file is left. Returns the exit
 * code to end with. */
int output_close(struct output *out, int code);

/* The formats of drawings in cells: "ascii", "utf8", "svg", "png", "pdf". Writes one; an exit code. */
bool output_board_format(const char *word);
int output_board(const struct board *b, const char *cmd, const char *format, const char *title,
		 const char *to);

#endif
