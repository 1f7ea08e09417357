/* The table of export formats. */
#include "viz/export.h"

#include <string.h>

const struct viz_export_format viz_export_formats[] = {
	{ "calls", VIZ_EXPORT_TEXT, viz_export_calls,
	  "one function a line, two spaces a level, with marker lines" },
	{ "chrome", VIZ_EXPORT_TEXT, viz_export_chrome,
	  "Chrome trace events (JSON) for ui.perfetto.dev, chrome://tracing, speedscope" },
	{ "csv", VIZ_EXPORT_TEXT, viz_export_csv, "counters over virtual time: t,host,object,counter,value" },
	{ "ctf", VIZ_EXPORT_FOLDER, viz_export_ctf,
	  "Common Trace Format 1.8, a folder, for babeltrace2 and Trace Compass" },
	{ "folded", VIZ_EXPORT_TEXT, viz_export_folded,
	  "folded stacks for flame graph tools: host;context;outer;...;inner COUNT" },
	{ "ftrace", VIZ_EXPORT_TEXT, viz_export_ftrace, "as the kernel's function_graph tracer prints it" },
	{ "jsonl", VIZ_EXPORT_TEXT, viz_export_jsonl, "every event as a line of JSON: t, type, host, data" },
	{ "pcapng", VIZ_EXPORT_BINARY, viz_export_pcapng,
	  "all captured frames in one file, with comments (the run needs --pcap)" },
	{ "perfetto", VIZ_EXPORT_BINARY, viz_export_perfetto, "Perfetto trace for ui.perfetto.dev" },
	{ 0 },
};

bool viz_export_wants(const struct viz_export *x, uint32_t i)
{
	const char *name = x->t->hosts[i].name;
	return name && (!x->host || strcmp(x->host, name) == 0);
}

int viz_export_no_memory(const struct viz_export *x)
{
	snprintf(x->err, x->errlen, "no memory");
	return -1;
}
