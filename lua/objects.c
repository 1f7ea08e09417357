/* `wirepath objects`: packets, rings and sockets as they were at a moment of a run. */
#include "viz/objects.h"

#include <string.h>

#include "lua/command.h"
#include "lua/options.h"
#include "lua/output.h"
#include "lua/run_dir.h"

/* A run without snapshots: how to take one. */
static int no_snapshot(const char *dir)
{
	struct manifest m;
	char err[512];
	if (manifest_read(dir, &m, err, sizeof(err)) < 0)
		return trouble("objects", err);
	fprintf(stderr,
		"wirepath objects: %s has no snapshot. Runs are repeatable: run it again and take one, at a "
		"time or on entry "
		"to a function:\n"
		"  wirepath run SCENARIOS/%s -o %s --seed %llu --snapshot 2ms\n"
		"  wirepath run SCENARIOS/%s -o %s --seed %llu --snapshot HOST:tcp_transmit_skb:3\n",
		dir, m.scenario, dir, (unsigned long long)m.seed, m.scenario, dir,
		(unsigned long long)m.seed);
	return EXIT_USAGE;
}

int cmd_objects(int argc, char **argv)
{
	static const char help[] =
		"usage: wirepath objects DIR [--at MOMENT] [--host H] [--object WHAT] [--format F] [-o "
		"FILE]\n\n"
		"Draws the objects of a run as they were at a moment, from a snapshot in the run folder DIR: "
		"take one with\n"
		"'wirepath run FILE --snapshot MOMENT', or by sim.snapshot(\"NAME\") in the scenario.\n\n"
		"  --at MOMENT     the snapshot, as it was asked for, or its number (default 1)\n"
		"  --host H        only this host (default: the one whose call the moment is; else all)\n"
		"  --object WHAT   skb     packets in memory: the one that the function was called with, "
		"else all\n"
		"                  skb:N   packet N\n"
		"                  ring    descriptor rings; ring:eth0 of one device\n"
		"                  socket  files, sockets, ports, hash tables, queues; socket:ID the one "
		"with that "
		"trace id\n"
		"                  queue   queues only; queue:ID of that socket\n"
		"                  device  network devices, their qdiscs and neighbours\n"
		"                  all     (default)\n"
		"  --format F      ascii (default), utf8, svg, png, pdf\n"
		"  -o FILE         write there instead of to standard output\n\n"
		"example: wirepath run scenarios/tcp_handshake.lua --snapshot client:ip_queue_xmit:3\n"
		"         wirepath objects runs/tcp_handshake --object skb\n";
	struct viz_objects_options opt = { .object = "all" };
	const char *dir = NULL, *format = "ascii", *to = NULL;
	const struct option_spec specs[] = {
		{ .name = "--at", .text = &opt.at },
		{ .name = "--host", .text = &opt.host },
		{ .name = "--object", .text = &opt.object },
		{ .name = "--format", .text = &format },
		{ .name = "-o", .text = &to },
		{ 0 },
	};
	struct viz_snapshots s;
	char err[512] = "no memory", title[512];
	int code = options_parse("objects", help, specs, argc, argv, &dir, 1);
	if (code >= 0)
		return code;
	if (!output_board_format(format))
		return usage_error("objects", "there is no format '%s': use ascii, utf8, svg, png or pdf",
				   format);
	if (viz_snapshots_open(&s, dir, err, sizeof(err)) < 0)
		return trouble("objects", err);
	if (!s.nr_heads) {
		viz_snapshots_close(&s);
		return no_snapshot(dir);
	}
	struct board *b = viz_objects(&s, &opt, title, sizeof(title), err, sizeof(err));
	if (!b) {
		code = trouble("objects", err);
	} else {
		fprintf(stderr, "%s\n", title);
		code = output_board(b, "objects", format, title, to);
	}
	board_free(b);
	viz_snapshots_close(&s);
	return code;
}
