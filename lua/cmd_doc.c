/* The command `wirepath doc`. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "lua/cmd_functions.h"
#include "lua/command.h"
#include "lua/doc_pictures.h"
#include "lua/options.h"
#include "lua/output.h"
#include "viz/manual.h"

#define MAX_WORDS 1024

static int manual(const char **runs, unsigned n, const char *dir)
{
	struct catalogue c;
	char err[512];
	int code = catalogue_runs(&c, "doc", runs);
	if (code == EXIT_DONE && mkdir(dir, 0777) < 0 && errno != EEXIST)
		code = usage_error("doc", "cannot make %s: %s", dir, strerror(errno));
	if (code == EXIT_DONE && manual_write(&c, runs, n, dir, err, sizeof(err)) < 0)
		code = trouble("doc", err);
	catalogue_free(&c);
	return code;
}

int cmd_doc(int argc, char **argv)
{
	static const char help[] =
		"usage: wirepath doc FILE.md... [--check]\n"
		"       wirepath doc --manual FOLDER DIR...\n\n"
		"Makes the drawings in Markdown files anew. A block between lines of ``` that begins with\n\n"
		"  $ ./wirepath chart runs/tcp_handshake --host client --call sys_connect --depth 4\n\n"
		"holds what that command prints. So does a block behind a line\n\n"
		"  <!-- wirepath chart runs/tcp_handshake --host client --call sys_connect -->\n\n"
		"With '-o FILE' among the words of such a line the drawing is FILE, a path from the working "
		"folder.\n"
		"'runs/NAME' stands for a run of scenarios/NAME.lua with --pcap; a line\n"
		"'<!-- wirepath run scenarios/NAME.lua OPTIONS -->' before makes it with other options.\n\n"
		"  --check   write nothing; exit 1 when a drawing is not what is in the file\n\n"
		"With --manual: writes the reference manual of the stack into FOLDER, from the run folders "
		"DIR: "
		"index.md and a\n"
		"page for each source file, with each function's sentence, contexts, callers, callees and a "
		"chart of "
		"what it\n"
		"called in all these runs.\n\n"
		"example: wirepath doc README.md scenarios/README.md\n";
	const char *files[MAX_WORDS + 1] = { 0 }; /* or run folders */
	const char *folder = NULL;
	unsigned n = 0;
	bool check = false;
	const struct option_spec specs[] = {
		{ .name = "", .list = files, .list_max = MAX_WORDS },
		{ .name = "--check", .flag = &check },
		{ .name = "--manual", .text = &folder },
		{ 0 },
	};
	int code = options_parse("doc", help, specs, argc, argv, NULL, 0);
	if (code >= 0)
		return code;
	while (files[n])
		n++;
	if (n == 0)
		return usage_error("doc", folder ? "of which runs?" : "which file?");
	return folder ? manual(files, n, folder) : doc_pictures(files, check);
}
