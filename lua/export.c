/* `wirepath export`: a run in another tool's format. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lua/command.h"
#include "lua/options.h"
#include "lua/output.h"
#include "viz/export.h"

static void help(FILE *out)
{
	fputs("usage: wirepath export DIR --format FORMAT [--host H] [--from T] [--to T] [-o FILE]\n\n"
	      "Writes the run in the folder DIR in the format of another tool.\n\n",
	      out);
	for (const struct viz_export_format *f = viz_export_formats; f->name; f++)
		fprintf(out, "  %-9s  %s%s\n", f->name, f->help,
			f->kind == VIZ_EXPORT_TEXT ? "" : "; needs -o");
	fputs("\n  --host H        only this host\n"
	      "  --from T        only what happens from this time on, e.g. 1.5ms\n"
	      "  --to T          only what happens up to this time\n"
	      "  --by count|time folded: how often each stack was seen (default), or how many ns it took\n"
	      "  --follow N      folded: calls stand below what set them off (work, timers, softirqs, "
	      "interrupts),\n"
	      "                  up to N times over, not below what ran them\n"
	      "  --spread        chrome, perfetto: draw what happens at one instant 1 ns apart; without "
	      "costs\n"
	      "                  (run --profile) calls take no time and viewers show nothing of them\n"
	      "  -o FILE         write there instead of to standard output ('-')\n\n"
	      "example: wirepath export runs/tcp_handshake --format perfetto --spread -o handshake.pftrace\n",
	      out);
}

static const struct viz_export_format *find_format(const char *name)
{
	const struct viz_export_format *f = viz_export_formats;
	while (f->name && strcmp(f->name, name) != 0)
		f++;
	return f->name ? f : NULL;
}

static int no_format(const char *name)
{
	char names[256] = "";
	size_t n = 0;
	for (const struct viz_export_format *f = viz_export_formats; f->name && n < sizeof(names); f++)
		n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "", f->name);
	return name ? usage_error("export", "there is no format '%s'; there are %s", name, names)
		    : usage_error("export", "--format is missing: one of %s", names);
}

static void remove_folder(const char *path)
{
	DIR *d = opendir(path);
	if (!d)
		return;
	for (struct dirent *e; (e = readdir(d));)
		unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	rmdir(path);
}

/* The folder appears when it is whole. */
static int write_folder(struct viz_export *x, const struct viz_export_format *f, const char *to)
{
	char tmp[4096];
	int n = snprintf(tmp, sizeof(tmp), "%s.part", to);
	if (access(to, F_OK) == 0)
		return usage_error("export", "%s is there already: remove it, or choose another folder", to);
	if (n >= (int)sizeof(tmp) || mkdir(tmp, 0777) < 0)
		return usage_error("export", "cannot make the folder %s: %s", to, strerror(errno));
	x->folder = tmp;
	int r = f->run(x);
	if (r == 0 && rename(tmp, to) < 0) {
		snprintf(x->err, x->errlen, "cannot make the folder %s: %s", to, strerror(errno));
		r = -1;
	}
	if (r < 0)
		remove_folder(tmp);
	return r < 0 ? trouble("export", x->err) : EXIT_DONE;
}

static int write_file(struct viz_export *x, const struct viz_export_format *f, const char *to)
{
	struct output out;
	int code = output_open(&out, "export", to);
	if (code != EXIT_DONE)
		return code;
	x->out = out.file;
	return output_close(&out, f->run(x) < 0 ? trouble("export", x->err) : EXIT_DONE);
}

static bool has_trace(const char *dir)
{
	char path[4096];
	return snprintf(path, sizeof(path), "%s/trace.wpt", dir) < (int)sizeof(path) &&
	       access(path, F_OK) == 0;
}

/* What the command line asks for; -1, or an exit code after a message. */
static int check(const struct viz_export *x, const struct viz_export_format *f, const char *by,
		 const char *to)
{
	if (by && strcmp(by, "count") != 0 && strcmp(by, "time") != 0)
		return usage_error("export", "--by is count or time, not '%s'", by);
	if (by && f->run != viz_export_folded)
		return usage_error("export", "--by is for --format folded");
	if (x->follow && f->run != viz_export_folded)
		return usage_error("export", "--follow is for --format folded");
	if (x->spread && f->run != viz_export_chrome && f->run != viz_export_perfetto)
		return usage_error("export", "--spread is for --format chrome and perfetto");
	if (f->kind != VIZ_EXPORT_TEXT && !to)
		return usage_error("export", "--format %s needs -o", f->name);
	if (f->kind == VIZ_EXPORT_FOLDER && strcmp(to, "-") == 0)
		return usage_error("export", "--format %s writes a folder: name it with -o", f->name);
	if (x->to && x->to < x->from)
		return usage_error("export", "--to is before --from");
	return -1;
}

int cmd_export(int argc, char **argv)
{
	const char *dir = NULL, *format = NULL, *to = NULL, *by = NULL;
	uint64_t follow = 0;
	bool cut = false;
	char err[512] = "", text[4096] = "";
	struct viz_trace t;
	struct viz_export x = { .cut = &cut, .err = err, .errlen = sizeof(err) };
	const struct option_spec specs[] = {
		{ .name = "--format", .text = &format },
		{ .name = "--host", .text = &x.host },
		{ .name = "--from", .time = &x.from },
		{ .name = "--to", .time = &x.to },
		{ .name = "--by", .text = &by },
		{ .name = "--spread", .flag = &x.spread },
		{ .name = "-o", .text = &to },
		{ .name = "--follow", .number = &follow, .max = 1000 },
		{ 0 },
	};
	FILE *mem = fmemopen(text, sizeof(text), "w");
	if (mem) {
		help(mem);
		fclose(mem);
	}
	int code = options_parse("export", text, specs, argc, argv, &dir, 1);
	if (code >= 0)
		return code;
	const struct viz_export_format *f = format ? find_format(format) : NULL;
	if (!f)
		return no_format(format);
	x.follow = (unsigned)follow;
	if ((code = check(&x, f, by, to)) >= 0)
		return code;
	x.dir = dir;
	x.by_time = by && strcmp(by, "time") == 0;
	bool traced =
		f->run != viz_export_pcapng || has_trace(dir); /* captures alone can be exported as well */
	if (traced && (code = run_open(&t, "export", dir)) != EXIT_DONE)
		return code;
	x.t = traced ? &t : NULL;
	if (x.host && traced && viz_host_index(&t, x.host) < 0)
		code = usage_error("export", "there is no host '%s' in %s", x.host, dir);
	else
		code = f->kind == VIZ_EXPORT_FOLDER ? write_folder(&x, f, to) : write_file(&x, f, to);
	if (traced)
		viz_trace_close(&t);
	if (cut && code == EXIT_DONE)
		fprintf(stderr,
			"wirepath export: a capture was cut off; what comes before the cut is exported\n");
	return code;
}
