/*
 * Files that the viewers read: a trace (checked, turned into calls, charts, ladders, exports and a report,
 * compared with itself) and captures. The first byte says which; the file's bytes follow.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "viz/chart.h"
#include "viz/diff.h"
#include "viz/export.h"
#include "viz/journey.h"
#include "viz/ladder.h"
#include "viz/layers.h"
#include "viz/passage.h"
#include "viz/report.h"

static void check(int r, const char *err)
{
	if (r < 0 && !err[0])
		fuzz_bug("refused without a word");
}

static void draw_charts(const struct viz_trace *t, FILE *out)
{
	const struct viz_trace *both[] = { t, t };
	const char *names[] = { "a", "b" };
	char note[512], err[512] = "";
	struct viz_charts c;

	check(viz_charts_open(&c, both, names, 2, err, sizeof(err)), err);
	check(viz_chart_list(&c, NULL, out, err, sizeof(err)), err);
	for (unsigned i = 0; i < t->nr_fns && i < 8; i++) {
		struct viz_chart_options opt = { .call = t->fns[i].name, .pick = i % 3, .follow = i / 2 };
		opt.style = i % 2 ? VIZ_OUTLINE : VIZ_NESTED;
		check(viz_chart(&c, &opt, i == 3, out, note, sizeof(note), err, sizeof(err)), err);
	}
	struct viz_chart_options entries = { .pick = PICK_ALL, .packet = 1, .follow = 1 };
	check(viz_chart(&c, &entries, false, out, note, sizeof(note), err, sizeof(err)), err);
	viz_charts_close(&c);

	struct layers_options all = { .host = NULL };
	struct board *b = viz_layers(t, &all, err, sizeof(err));

	check(b ? 0 : -1, err);
	board_free(b);
}

/* Every format, of the whole run and of a window. */
static void export_all(const struct viz_trace *t, FILE *out)
{
	char err[512] = "";
	struct viz_export x = { .t = t, .dir = "/nowhere", .out = out, .err = err, .errlen = sizeof(err) };

	for (const struct viz_export_format *f = viz_export_formats; f->name; f++) {
		if (f->kind == VIZ_EXPORT_FOLDER || f->run == viz_export_pcapng)
			continue;
		x.from = x.to = 0;
		check(f->run(&x), err);
		x.from = 100;
		x.to = 1000000;
		x.by_time = x.spread = true;
		check(f->run(&x), err);
	}
	for (uint32_t i = 0; i < t->nr_hosts; i++) {
		struct viz_passages s = { 0 };

		if (t->hosts[i].name)
			viz_passages_find(t, i, &s);
		free(s.p);
	}
}

static void follow_frames(const struct viz_trace *t, FILE *out)
{
	char err[512] = "";

	for (int i = 0; i < 2; i++) {
		const struct viz_ladder_options opt = {
			.to = UINT64_MAX, .scale = i, .utf8 = i, .limit = i ? 3 : 0
		};
		struct ladder *l = viz_ladder_new(t, &opt, err, sizeof(err));

		check(l ? 0 : -1, err);
		if (!l)
			break;
		check(viz_ladder_text(l, out, err, sizeof(err)), err);
		check(viz_ladder_mermaid(l, out, err, sizeof(err)), err);
		check(viz_ladder_picture(l, PIC_SVG, out, err, sizeof(err)), err);
		viz_ladder_free(l);
	}
	check(viz_journey_list(t, NULL, out, err, sizeof(err)), err);
	for (uint32_t packet = 1; packet < 9; packet++) {
		struct journey *j = viz_journey_new(t, packet, packet % 2, err, sizeof(err));

		check(j ? 0 : -1, err);
		if (j) {
			viz_journey_text(j, false, out);
			check(viz_journey_picture(j, PIC_SVG, out, err, sizeof(err)), err);
		}
		viz_journey_free(j);
	}
}

static void read_trace(const uint8_t *data, size_t size)
{
	char path[64], err[512] = "", note[256];
	struct viz_trace t;
	int fd = memfd_create("trace", MFD_CLOEXEC);
	FILE *out = fopen("/dev/null", "we");

	if (fd < 0 || !out || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int r = viz_trace_open(&t, path, err, sizeof(err));

	check(r, err);
	if (r == 0) {
		export_all(&t, out);
		check(viz_diff(&t, &t, out, err, sizeof(err)), err);
		draw_charts(&t, out);
		follow_frames(&t, out);
		check(viz_report(&t, "/", out, note, sizeof(note), err, sizeof(err)), err);
		viz_trace_close(&t);
	}
	fclose(out);
	close(fd);
}

static void put(const char *dir, const char *name, const uint8_t *data, size_t size)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "we");

	if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0)
		abort();
}

static void merge_captures(const uint8_t *data, size_t size)
{
	char dir[] = "/tmp/fuzz_trace.XXXXXX", err[512] = "", path[128];
	bool cut = false;

	if (!mkdtemp(dir))
		abort();
	put(dir, "a.eth0.pcapng", data, size);
	put(dir, "b.eth0.pcapng", data, size / 2);
	FILE *out = fopen("/dev/null", "we");
	struct viz_export x = { .dir = dir, .cut = &cut, .out = out, .err = err, .errlen = sizeof(err) };

	if (!out)
		abort();
	check(viz_export_pcapng(&x), err);
	fclose(out);
	for (char c = 'a'; c <= 'b'; c++) {
		snprintf(path, sizeof(path), "%s/%c.eth0.pcapng", dir, c);
		unlink(path);
	}
	rmdir(dir);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	if (data[0] & 1)
		merge_captures(data + 1, size - 1);
	else
		read_trace(data + 1, size - 1);
	return 0;
}
