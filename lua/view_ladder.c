/* The commands that follow frames: ladder, journey. */
#include <stdio.h>
#include <string.h>

#include "lua/command.h"
#include "lua/options.h"
#include "lua/output.h"
#include "viz/journey.h"
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

/* ---- journey ---- */

struct journey_words {
	const char *dir, *host, *format, *to;
	uint64_t packet, write, frame;
};

static int draw_journey(const struct viz_trace *t, const struct journey_words *w, uint32_t packet)
{
	char err[512];
	struct output out;
	int picture = picture_format(w->format), rc = 0;
	struct journey *j = viz_journey_new(t, packet, (uint32_t)w->frame, err, sizeof(err));
	if (!j)
		return trouble("journey", err);
	int code = output_open(&out, "journey", w->to);
	if (code == EXIT_DONE) {
		if (picture >= 0)
			rc = viz_journey_picture(j, (enum pic_format)picture, out.file, err, sizeof(err));
		else
			viz_journey_text(j, strcmp(w->format, "utf8") == 0, out.file);
		code = output_close(&out, rc < 0 ? trouble("journey", err) : code);
	}
	viz_journey_free(j);
	return code;
}

static int list_packets(const struct viz_trace *t, const struct journey_words *w)
{
	char err[512];
	struct output out;
	int code = output_open(&out, "journey", w->to);
	if (code != EXIT_DONE)
		return code;
	if (viz_journey_list(t, w->host, out.file, err, sizeof(err)) < 0)
		code = trouble("journey", err);
	code = output_close(&out, code);
	if (code == EXIT_DONE)
		fprintf(stderr, "choose one with --packet, or with --host and --write\n");
	return code;
}

static int pick_journey(const struct viz_trace *t, const struct journey_words *w)
{
	char err[512];
	int host = w->host ? viz_host_index(t, w->host) : -1;
	if (w->host && host < 0)
		return usage_error("journey", "there is no host '%s' in %s", w->host, w->dir);
	if (w->packet)
		return draw_journey(t, w, (uint32_t)w->packet);
	if (!w->write)
		return list_packets(t, w);
	uint32_t packet = viz_journey_of_write(t, (uint32_t)host, (uint32_t)w->write, err, sizeof(err));
	return packet ? draw_journey(t, w, packet) : trouble("journey", err);
}

int cmd_journey(int argc, char **argv)
{
	static const char help[] =
		"usage: wirepath journey DIR [--packet ID | --host H --write N] [--frame N] [--format F] [-o "
		"FILE]\n\n"
		"Follows a packet from the call that made it to the call that took it, over every switch and "
		"router, and "
		"tells what\n"
		"each layer, queue and wire added. Without a choice, lists the packets.\n\n"
		"  --packet ID      this one\n"
		"  --write N        the one that H's Nth call of write(), send() and their like made\n"
		"  --host H         see --write; the list: only what H sent\n"
		"  --frame N        of a packet that was sent as several frames the Nth; else the last that "
		"arrived\n"
		"  --format F       ascii (default), utf8, svg, png, pdf\n"
		"  -o FILE          write there instead of to standard output\n\n"
		"example: wirepath journey runs/tcp_handshake --host client --write 1\n";
	struct journey_words w = { .format = "ascii" };
	const struct option_spec specs[] = {
		{ .name = "--packet", .number = &w.packet, .max = UINT32_MAX },
		{ .name = "--write", .number = &w.write, .max = UINT32_MAX },
		{ .name = "--host", .text = &w.host },
		{ .name = "--frame", .number = &w.frame, .max = UINT32_MAX },
		{ .name = "--format", .text = &w.format },
		{ .name = "-o", .text = &w.to },
		{ 0 },
	};
	struct viz_trace t;
	int code = options_parse("journey", help, specs, argc, argv, &w.dir, 1);
	if (code >= 0)
		return code;
	if (strcmp(w.format, "ascii") != 0 && strcmp(w.format, "utf8") != 0 && picture_format(w.format) < 0)
		return usage_error("journey", "there is no format '%s': use ascii, utf8, svg, png or pdf",
				   w.format);
	if (w.write && (!w.host || w.packet))
		return usage_error("journey", "--write goes with --host, and without --packet");
	if ((code = run_open(&t, "journey", w.dir)) != EXIT_DONE)
		return code;
	code = pick_journey(&t, &w);
	viz_trace_close(&t);
	return code;
}
