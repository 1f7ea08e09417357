/* The commands that follow frames: ladder, journey. */
#include <stdio.h>
#include <string.h>

#include "lua/command.h"
#include "lua/options.h"
#include "lua/output.h"
#include "viz/ladder.h"

#define FRAMES_TEXT 5000 /* shown unless --all: folding makes less of them */
#define FRAMES_PICTURE 200

static int write_ladder(const struct ladder *l, const char *format, FILE *out, char *err, unsigned errlen)
{
	int picture = picture_format(format);
	if (picture >= 0)
		return viz_ladder_picture(l, (enum pic_format)picture, out, err, errlen);
	return strcmp(format, "mermaid") == 0 ? viz_ladder_mermaid(l, out, err, errlen)
					      : viz_ladder_text(l, out, err, errlen);
}

static int draw_ladder(const struct viz_trace *t, const struct viz_ladder_options *opt, const char *format,
		       const char *to)
{
	char err[512];
	struct output out;
	struct ladder *l = viz_ladder_new(t, opt, err, sizeof(err));
	if (!l)
		return trouble("ladder", err);
	int code = output_open(&out, "ladder", to);
	if (code == EXIT_DONE) {
		if (write_ladder(l, format, out.file, err, sizeof(err)) < 0)
			code = trouble("ladder", err);
		code = output_close(&out, code);
	}
	if (code == EXIT_DONE && l->left_out)
		fprintf(stderr,
			"the first %u frames are shown, %u are left out: choose with --from and --to, "
			"--host, "
			"--packet or --filter, or --all of them\n",
			l->shown, l->left_out);
	viz_ladder_free(l);
	return code;
}

int cmd_ladder(int argc, char **argv)
{
	static const char help[] =
		"usage: wirepath ladder DIR [--host H] [--from T] [--to T] [--packet ID] [--filter TEXT]\n"
		"                          [--time scale|compressed] [--all] [--format F] [-o FILE]\n\n"
		"Draws who sent what to whom, from the trace in the run folder DIR: a life line per host and "
		"switch, "
		"frames as\n"
		"arrows in tcpdump's words with sequence numbers from the beginning of the connection, "
		"losses, "
		"programs' calls,\n"
		"TCP's states.\n\n"
		"  --host H         only what H sends, gets and does\n"
		"  --from T, --to T only that time, as in 10ms or 2s\n"
		"  --packet ID      only this packet ('wirepath journey DIR' lists them)\n"
		"  --filter TEXT    only frames whose line contains TEXT: 'ARP', 'Flags [S', '10.0.2.2.80'\n"
		"  --time SCALE     compressed: long gaps are shortened and marked (default); scale: true to "
		"scale\n"
		"  --all            every frame: no limit to their number, and text is not folded\n"
		"  --format F       ascii (default), utf8, svg, png, pdf, mermaid\n"
		"  -o FILE          write there instead of to standard output\n\n"
		"example: wirepath ladder runs/tcp_handshake --format svg -o handshake.svg\n";
	struct viz_ladder_options opt = { .to = UINT64_MAX };
	const char *dir = NULL, *format = "ascii", *to = NULL, *scale = "compressed";
	uint64_t packet = 0;
	bool all = false;
	const struct option_spec specs[] = {
		{ .name = "--host", .text = &opt.host },
		{ .name = "--from", .time = &opt.from },
		{ .name = "--to", .time = &opt.to },
		{ .name = "--packet", .number = &packet, .max = UINT32_MAX },
		{ .name = "--filter", .text = &opt.filter },
		{ .name = "--time", .text = &scale },
		{ .name = "--all", .flag = &all },
		{ .name = "--format", .text = &format },
		{ .name = "-o", .text = &to },
		{ 0 },
	};
	struct viz_trace t;
	int code = options_parse("ladder", help, specs, argc, argv, &dir, 1);
	if (code >= 0)
		return code;
	opt.scale = strcmp(scale, "scale") == 0;
	if (!opt.scale && strcmp(scale, "compressed") != 0)
		return usage_error("ladder", "--time is scale or compressed, not '%s'", scale);
	opt.utf8 = strcmp(format, "utf8") == 0;
	bool text = opt.utf8 || strcmp(format, "ascii") == 0;
	if (!text && strcmp(format, "mermaid") != 0 && picture_format(format) < 0)
		return usage_error("ladder",
				   "there is no format '%s': use ascii, utf8, svg, png, pdf or mermaid",
				   format);
	opt.packet = (uint32_t)packet;
	opt.limit = all ? 0 : text ? FRAMES_TEXT : FRAMES_PICTURE;
	if ((code = run_open(&t, "ladder", dir)) != EXIT_DONE)
		return code;
	if (opt.host && viz_host_index(&t, opt.host) < 0)
		code = usage_error("ladder", "there is no host '%s' in %s", opt.host, dir);
	else
		code = draw_ladder(&t, &opt, format, to);
	viz_trace_close(&t);
	return code;
}
