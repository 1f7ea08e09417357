/* The command `wirepath doc`. */
#include <stddef.h>

#include "lua/command.h"
#include "lua/doc_pictures.h"
#include "lua/options.h"

#define MAX_WORDS 1024

int cmd_doc(int argc, char **argv)
{
	static const char help[] =
		"usage: wirepath doc FILE.md... [--check]\n\n"
		"Makes the drawings in Markdown files anew. A line\n\n"
		"  <!-- wirepath chart runs/tcp_handshake --host client --call sys_connect --depth 4 -->\n\n"
		"says how the block (between lines of ```) after it is made; with '-o FILE' among the words "
		"the "
		"drawing goes\n"
		"to that file instead. 'runs/NAME' stands for a run of scenarios/NAME.lua, with --pcap; a "
		"line\n"
		"'<!-- wirepath run scenarios/NAME.lua OPTIONS -->' before makes it with other options. "
		"Paths are "
		"taken from\n"
		"the working folder.\n\n"
		"  --check   write nothing; exit 1 when a drawing is not what is in the file\n\n"
		"example: wirepath doc README.md scenarios/README.md\n";
	const char *files[MAX_WORDS + 1] = { 0 };
	bool check = false;
	const struct option_spec specs[] = {
		{ .name = "", .list = files, .list_max = MAX_WORDS },
		{ .name = "--check", .flag = &check },
		{ 0 },
	};
	int code = options_parse("doc", help, specs, argc, argv, NULL, 0);
	if (code >= 0)
		return code;
	if (!files[0])
		return usage_error("doc", "which file?");
	return doc_pictures(files, check);
}
