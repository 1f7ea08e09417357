/* The `wirepath` command: picks the verb. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "lua/command.h"
#include "lua/run_dir.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "run", cmd_run, "run a scenario and write a run folder" },
	{ "chart", cmd_chart, "draw what a function called" },
	{ "layers", cmd_layers, "draw what passed the layers of a host" },
	{ "report", cmd_report, "write a run as one HTML page to explore" },
	{ "export", cmd_export, "write a run in another format" },
	{ "journey", cmd_journey, "follow a packet, and tell where its time went" },
	{ "ladder", cmd_ladder, "draw who sent what to whom, and when" },
	{ "digest", cmd_digest, "print a run's digest" },
	{ "diff", cmd_diff, "where two runs part" },
	{ "functions", cmd_functions, "list the functions of the stack, and who called whom" },
	{ "plot", cmd_plot, "draw values over virtual time" },
	{ "states", cmd_states, "draw the ways through state machines" },
	{ "doc", cmd_doc, "keep drawings in documentation true; write the manual of the stack" },
	{ "objects", cmd_objects, "draw packets, rings and sockets as they were at a moment" },
	{ "packetdrill", cmd_packetdrill, "run packetdrill scripts against the stack" },
	{ "nic", cmd_nic, "drive the bare network card by a script of register operations" },
};
#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void help(FILE *out)
{
	fputs("wirepath: a deterministic network simulator with a Linux-shaped stack\n\n"
	      "usage: wirepath COMMAND [options]\n\n",
	      out);
	for (unsigned i = 0; i < NR_COMMANDS; i++)
		fprintf(out, "  %-12s %s\n", commands[i].name, commands[i].help);
	fputs("\n'wirepath COMMAND --help' tells more. Start with:\n"
	      "  ./wirepath run scenarios/tcp_handshake.lua\n\n"
	      "Exit codes: 0 done; 1 an assertion failed, or two runs differ; 2 usage, script error or "
	      "unreadable\n"
	      "input; 3 a fault inside the simulator; 4 a limit was reached (time, memory, instructions);\n"
	      "130, 143: interrupted by Ctrl-C or SIGTERM, and all up to there written.\n",
	      out);
}

int main(int argc, char **argv)
{
	signal(SIGXFSZ, SIG_IGN); /* a write past the limit on file sizes fails, and is told as any other */
	if (argc < 2) {
		help(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		help(stdout);
		return EXIT_DONE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("wirepath " RUN_VERSION);
		return EXIT_DONE;
	}
	for (unsigned i = 0; i < NR_COMMANDS; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 2, argv + 2);
	fprintf(stderr, "wirepath: there is no command '%s'. See 'wirepath --help'.\n", argv[1]);
	return EXIT_USAGE;
}
