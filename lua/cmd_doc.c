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
		"Makes the drawings in Markdown files anew. A block between lines of ``` that begins with\n\n"
		"  $ ./wirepath chart runs/tcp_handshake --host client --call sys_connect --depth 4\n\n"
		"holds what that command prints. So does a block behind a line\n\n"
		"  <!-- wirepath chart runs/tcp_handshake --host client --call sys_connect -->\n\n"
		"With '-o FILE' among the words of such a line the drawing is FILE, a path from the working "
		"folder.\n"
		"'runs/NAME' stands for a run of scenarios/NAME.lua with --pcap; a line\n"
		"'<!-- wirepath run scenarios/NAME.lua OPTIONS -->' before makes it with other options.\n\n"
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
