/* The command `report`. */
#include <stdio.h>

#include "lua/command.h"
#include "lua/options.h"
#include "lua/output.h"
#include "viz/report.h"

int cmd_report(int argc, char **argv)
{
	static const char help[] =
		"usage: wirepath report DIR [-o FILE]\n\n"
		"Writes the run in the folder DIR as one HTML page, which needs no network: open it in a "
		"browser.\n\n"
		"  -o FILE   write there (default report.html; '-': standard output)\n\n"
		"It has a time line of all calls, a ladder of all frames and, for what is clicked, the call "
		"chart, the\n"
		"frame's bytes (when the run was made with --pcap) and the packet's journey. '?' in the page "
		"shows its keys.\n\n"
		"example: wirepath run scenarios/tcp_handshake.lua --pcap && wirepath report "
		"runs/tcp_handshake\n";
	const char *dir = NULL, *to = "report.html";
	const struct option_spec specs[] = { { .name = "-o", .text = &to }, { 0 } };
	char err[512], note[256] = "";
	struct viz_trace t;
	struct output out;
	int code = options_parse("report", help, specs, argc, argv, &dir, 1);
	if (code >= 0)
		return code;
	if ((code = run_open(&t, "report", dir)) != EXIT_DONE)
		return code;
	if ((code = output_open(&out, "report", to)) == EXIT_DONE) {
		if (viz_report(&t, dir, out.file, note, sizeof(note), err, sizeof(err)) < 0)
			code = trouble("report", err);
		code = output_close(&out, code);
	}
	if (code == EXIT_DONE && *note)
		fprintf(stderr, "wirepath report: %s\n", note);
	if (code == EXIT_DONE && out.to)
		fprintf(stderr, "report: %s\n", out.to);
	viz_trace_close(&t);
	return code;
}
