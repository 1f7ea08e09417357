/*
 * Text that people write: command lines of a host, trace filters, scripts for the bare card, manifests of
 * run folders. The first byte says which.
 */
#include <unistd.h>

#include "core/trace_filter.h"
#include "lua/run_dir.h"
#include "nic-model/ops.h"
#include "stack/boot.h"
#include "tests/fuzz/bed.h"

static void commands(char *text)
{
	struct bed b;
	char *save = NULL;

	bed_init(&b, false, true);
	for (char *line = strtok_r(text, ";", &save); line; line = strtok_r(NULL, ";", &save)) {
		bed_shell(&b, line);
		bed_run(&b, NSEC_PER_MSEC);
	}
	bed_free(&b);
}

static void filter(const char *text)
{
	struct sim *sim = sim_new(1);

	trace_rank_init(sim);
	struct trace_filter f;
	char err[256] = "";

	if (trace_filter_init(&f, sim, text, err, sizeof(err)) == 0)
		trace_filter_free(&f);
	else if (!err[0])
		fuzz_bug("the filter '%s' was refused without a word", text);
	sim_free(sim);
}

static void card_script(char *text, size_t n)
{
	FILE *in = fmemopen(text, n, "r"), *out = fopen("/dev/null", "we");

	if (!in || !out)
		abort();
	nic_ops_run(in, "text", out, out);
	fclose(in);
	fclose(out);
}

static void manifest(const char *text, size_t n)
{
	char dir[] = "/tmp/fuzz_text.XXXXXX", path[128], err[256] = "";
	struct manifest m;

	if (!mkdtemp(dir))
		abort();
	snprintf(path, sizeof(path), "%s/manifest.json", dir);
	FILE *f = fopen(path, "we");

	if (!f || fwrite(text, 1, n, f) != n || fclose(f) != 0)
		abort();
	if (manifest_read(dir, &m, err, sizeof(err)) == 0 && manifest_write(dir, &m, err, sizeof(err)) < 0)
		fuzz_bug("%s", err);
	unlink(path);
	rmdir(dir);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size < 2 || size > 4000)
		return 0;
	text = strndup((const char *)data + 1, size - 1);
	switch (data[0] % 4) {
	case 0:
		commands(text);
		break;
	case 1:
		filter(text);
		break;
	case 2:
		card_script(text, strlen(text) + 1);
		break;
	default:
		manifest(text, strlen(text));
	}
	free(text);
	return 0;
}
