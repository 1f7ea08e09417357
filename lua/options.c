/* Takes command lines apart. */
#include "lua/options.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/trace.h"
#include "lua/command.h"

int usage_error(const char *cmd, const char *fmt, ...)
{
	va_list ap;
	fprintf(stderr, "wirepath %s: ", cmd);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nSee 'wirepath %s --help'.\n", cmd);
	return EXIT_USAGE;
}

static const struct option_spec *find(const struct option_spec *specs, const char *arg, size_t len)
{
	for (; specs->name; specs++)
		if (strlen(specs->name) == len && strncmp(specs->name, arg, len) == 0)
			return specs;
	return NULL;
}

static bool set_number(const struct option_spec *s, const char *value)
{
	char *end;
	errno = 0;
	unsigned long long v = strtoull(value, &end, 0);
	if (errno || *end || value[0] < '0' || value[0] > '9' || (s->max && v > s->max))
		return false;
	*s->number = v;
	return true;
}

static bool set_factor(const struct option_spec *s, const char *value)
{
	char *end;
	double v = strtod(value, &end);
	if (*end || end == value || !(v > 0) || !isfinite(v))
		return false;
	*s->factor = v;
	return true;
}

/* Adds a value to its list, or the values that it is cut into. */
static const char *add_to_list(const struct option_spec *s, char *value)
{
	unsigned n = 0;
	while (n < s->list_max && s->list[n])
		n++;
	for (char *comma = value; value; value = comma) {
		comma = s->commas ? strchr(value, ',') : NULL;
		if (comma)
			*comma++ = '\0';
		if (n == s->list_max)
			return "fewer values";
		s->list[n++] = value;
	}
	return NULL;
}

/* Stores a value; returns NULL or what the option wants. */
static const char *set(const struct option_spec *s, const char *value)
{
	if (s->text)
		*s->text = value;
	else if (s->number)
		return set_number(s, value) ? NULL : "a whole number";
	else if (s->time)
		return trace_parse_time(value, s->time) ? NULL : "a time like 10ms or 2s";
	else if (s->factor)
		return set_factor(s, value) ? NULL : "a number above zero";
	else if (s->list)
		return add_to_list(s, (char *)value);
	return NULL;
}

int options_parse(const char *cmd, const char *help, const struct option_spec *specs, int argc, char **argv,
		  const char **words, unsigned nr_words)
{
	unsigned n = 0;
	for (int i = 0; i < argc; i++) {
		const char *arg = argv[i], *value = NULL, *wants;
		if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
			fputs(help, stdout);
			return EXIT_DONE;
		}
		if (arg[0] != '-' || arg[1] == '\0') {
			const struct option_spec *rest = n == nr_words ? find(specs, "", 0) : NULL;
			if (n < nr_words)
				words[n++] = arg;
			else if (!rest || set(rest, arg))
				return usage_error(cmd, "'%s' is one word too many", arg);
			continue;
		}
		const char *eq = strchr(arg, '=');
		const struct option_spec *s = find(specs, arg, eq ? (size_t)(eq - arg) : strlen(arg));
		if (!s)
			return usage_error(cmd, "there is no option '%s'", arg);
		if (s->flag) {
			if (eq)
				return usage_error(cmd, "%s takes no value", s->name);
			*s->flag = true;
			continue;
		}
		value = eq ? eq + 1 : i + 1 < argc ? argv[++i] : NULL;
		if (!value)
			return usage_error(cmd, "%s needs a value", s->name);
		if ((wants = set(s, value)))
			return usage_error(cmd, "%s wants %s, not '%s'", s->name, wants, value);
	}
	if (n < nr_words)
		return usage_error(cmd, "%s is missing",
				   n + 1 < nr_words || nr_words > 1 ? "a run folder" : "the file or folder");
	return -1;
}
