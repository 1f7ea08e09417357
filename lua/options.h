/* Command line options: "--name value" or "--name=value", flags, and plain words. */
#ifndef LUA_OPTIONS_H
#define LUA_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* One of text, number, time, flag, list is where the value goes. */
struct option_spec {
	const char
		*name; /* "--host" or "-o"; "" (a list): plain words beyond nr_words; NULL ends the table */
	const char **text;
	uint64_t *number; /* whole number, at most max (0: any) */
	uint64_t max;
	uint64_t *time; /* ns: "10ms", "2s" */
	double *factor; /* a positive decimal number */
	bool *flag;
	const char **list; /* may be given again: up to list_max values, NULL after the last */
	unsigned list_max;
	bool commas; /* "a,b" is two values of the list */
};

/*
 * Parses the words after a command's name. `words` gets nr_words plain words. Returns -1 to go on,
 * or the exit code to end with: 0 after --help, 2 after an error that was told.
 */
int options_parse(const char *cmd, const char *help, const struct option_spec *specs, int argc, char **argv,
		  const char **words, unsigned nr_words);

#endif
