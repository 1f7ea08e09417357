/* wirepath states: the ways through state machines that a run took. */
#include "viz/states.h"

#include <string.h>

#include "lua/command.h"
#include "lua/options.h"
#include "lua/output.h"

#define DIAGRAMS 8

static int draw_all(const struct states *st, unsigned n, const char *format, FILE *out)
{
	char err[256] = "no memory";
	int kind = picture_format(format), rc = 0, y = 0;
	struct picture *pic = kind >= 0 ? picture_new("states") : NULL;
	if (kind >= 0 && !pic)
		return trouble("states", err);
	for (unsigned i = 0; i < n && rc == 0; i++) {
		if (pic)
			y = states_picture(&st[i], pic, y);
		else if (strcmp(format, "dot") == 0)
			states_dot(&st[i], out);
		else if (strcmp(format, "mermaid") == 0)
			states_mermaid(&st[i], out);
		else {
			if (i)
				fputc('\n', out);
			rc = states_text(&st[i], strcmp(format, "utf8") == 0, out);
		}
	}
	if (pic)
		rc = picture_write(pic, (enum pic_format)kind, out, err, sizeof(err));
	picture_free(pic);
	return rc < 0 ? trouble("states", err) : EXIT_DONE;
}

/* Of one diagram a file: several graphs in one are more than their readers take. */
static bool single(const char *format)
{
	return strcmp(format, "mermaid") == 0;
}

static int states(const struct viz_trace *t, const char *object, const struct states_query *q,
		  const char *format, FILE *out)
{
	struct states st[DIAGRAMS];
	unsigned n = 0;
	int code = EXIT_DONE;
	for (unsigned i = 0; state_diagrams[i] && code == EXIT_DONE; i++) {
		if (object && strcmp(object, state_diagrams[i]->object) != 0)
			continue;
		if (states_collect(&st[n], t, state_diagrams[i], q) < 0)
			code = trouble("states", "no memory");
		else if (st[n].set.n && !(single(format) && n > 0))
			n++;
		else
			states_free(&st[n]);
	}
	if (code == EXIT_DONE && n == 0)
		code = usage_error("states",
				   "no such object of that host and time has a state that is recorded");
	if (code == EXIT_DONE)
		code = draw_all(st, n, format, out);
	while (n > 0)
		states_free(&st[--n]);
	return code;
}

static bool known_object(const char *object)
{
	for (unsigned i = 0; state_diagrams[i]; i++)
		if (strcmp(state_diagrams[i]->object, object) == 0)
			return true;
	return false;
}

static bool known_format(const char *format)
{
	static const char *const words[] = { "ascii", "utf8", "dot", "mermaid" };
	for (unsigned i = 0; i < 4; i++)
		if (strcmp(words[i], format) == 0)
			return true;
	return picture_format(format) >= 0;
}

int cmd_states(int argc, char **argv)
{
	static const char help[] =
		"usage: wirepath states DIR [--object tcp|neigh|napi|link] [--host H] [--of GLOB] [--from T] "
		"[--to T]\n"
		"                       [--format ascii|utf8|dot|mermaid|svg|png|pdf] [-o FILE]\n\n"
		"Draws state machines: all ways through them, dotted, and solid those that the run took, "
		"with how "
		"often; below\n"
		"them the way of each connection, neighbour or device with its times.\n\n"
		"  --object O       tcp: connections (RFC 9293, figure 5)   neigh: neighbours   napi: "
		"polling\n"
		"                   link: the PHY and the carrier; else all that there are (mermaid: the "
		"first)\n"
		"  --host H         only objects of this host\n"
		"  --of GLOB        only objects that are called so: '10.0.2.15:*'\n"
		"  --from T, --to T  only what happened then (10ms, 1.5s)\n"
		"  --format F       ascii (default), utf8, dot, mermaid, svg, png or pdf\n"
		"  -o FILE          write there instead of to standard output\n\n"
		"example: wirepath states runs/tcp_handshake --object tcp --host client\n";
	const char *dir = NULL, *object = NULL, *format = "ascii", *to = NULL;
	struct states_query q = { .to = UINT64_MAX };
	const struct option_spec specs[] = {
		{ .name = "--object", .text = &object }, { .name = "--host", .text = &q.host },
		{ .name = "--of", .text = &q.of },	 { .name = "--from", .time = &q.from },
		{ .name = "--to", .time = &q.to },	 { .name = "--format", .text = &format },
		{ .name = "-o", .text = &to },		 { 0 },
	};
	struct viz_trace t;
	struct output out;
	int code = options_parse("states", help, specs, argc, argv, &dir, 1);
	if (code >= 0)
		return code;
	if (!known_format(format))
		return usage_error("states",
				   "there is no format '%s': use ascii, utf8, dot, mermaid, svg, png or pdf",
				   format);
	if (object && !known_object(object))
		return usage_error("states", "--object is tcp, neigh, napi or link, not '%s'", object);
	if (q.to <= q.from)
		return usage_error("states", "--to must be later than --from");
	if ((code = run_open(&t, "states", dir)) != EXIT_DONE)
		return code;
	if (q.host && viz_host_index(&t, q.host) < 0)
		code = usage_error("states", "there is no host '%s' in %s", q.host, dir);
	else if ((code = output_open(&out, "states", to)) == EXIT_DONE)
		code = output_close(&out, states(&t, object, &q, format, out.file));
	viz_trace_close(&t);
	return code;
}
