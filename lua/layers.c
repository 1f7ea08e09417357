/* `wirepath layers`: what passed the layers of a host. */
#include "viz/layers.h"

#include <string.h>

#include "lua/command.h"
#include "lua/options.h"
#include "lua/output.h"

int cmd_layers(int argc, char **argv)
{
	static const char help[] = "usage: wirepath layers DIR [--host H] [--packet ID] [--from T] [--to T] "
				   "[--format F] [-o FILE]\n\n"
				   "Draws what passed the layers of each host: application, transport, "
				   "internet, network interface; what\n"
				   "is written on its way down, what is read on its way up. The numbers at "
				   "the arrows tell how often;\n"
				   "arrows that a picture draws broken are no calls: data waited in a queue, "
				   "or an interrupt came.\n\n"
				   "  --host H        only this host\n"
				   "  --packet ID     only what handled this packet\n"
				   "  --from T --to T only calls in this time: 10ms, 1.5s\n"
				   "  --format F      ascii (default), utf8, svg, png, pdf\n"
				   "  -o FILE         write there instead of to standard output\n\n"
				   "example: wirepath layers runs/tcp_handshake --host client\n";
	struct layers_options opt = { 0 };
	const char *dir = NULL, *format = "ascii", *to = NULL;
	uint64_t packet = 0;
	const struct option_spec specs[] = {
		{ .name = "--host", .text = &opt.host },
		{ .name = "--packet", .number = &packet, .max = UINT32_MAX },
		{ .name = "--from", .time = &opt.from },
		{ .name = "--to", .time = &opt.to },
		{ .name = "--format", .text = &format },
		{ .name = "-o", .text = &to },
		{ 0 },
	};
	char err[512], title[4352];
	struct viz_trace t;
	int code = options_parse("layers", help, specs, argc, argv, &dir, 1);
	if (code >= 0)
		return code;
	if (!output_board_format(format))
		return usage_error("layers", "there is no format '%s': use ascii, utf8, svg, png or pdf",
				   format);
	if ((code = run_open(&t, "layers", dir)) != EXIT_DONE)
		return code;
	opt.packet = (uint32_t)packet;
	struct board *b = viz_layers(&t, &opt, err, sizeof(err));
	snprintf(title, sizeof(title), "%s: what passed the layers", dir);
	code = b ? output_board(b, "layers", format, title, to) : trouble("layers", err);
	board_free(b);
	viz_trace_close(&t);
	return code;
}
