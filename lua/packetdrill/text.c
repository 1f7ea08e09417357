/*
 * Commands of scripts that make, filter or keep text: cat, grep, nstat in a pipe, and dd and rm of the host's
 * files in memory. What they say goes to the next command of the pipe; the last one's status is the pipe's.
 */
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/packetdrill/text.h"
#include "stack/application/memfile.h"
#include "stack/proc.h"

/* The next line of *text, without its end; NULL: no more. */
static char *next_line(char **text)
{
	char *line = *text, *end;
	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	*text = end ? end + 1 : line + strlen(line);
	if (end)
		*end = '\0';
	return line;
}

static const char *proc_text(struct pd_text *t, const char *path, struct seq_file *m)
{
	*m = (struct seq_file){ .host = t->run->host };
	return proc_show(m, path) == 0 && m->buf ? m->buf : "";
}

/* ---- nstat ---- */

/* "TcpExt" and "TCPTimeouts" of what nstat saw the last time; 0: it was not there. */
static unsigned long long counter_before(const char *before, const char *name)
{
	size_t n = strlen(name);
	for (const char *p = before; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
		if (strncmp(p, name, n) == 0 && p[n] == ' ')
			return strtoull(p + n, NULL, 10);
	return 0;
}

/* /proc/net/snmp and netstat have two lines each: "Tcp: NAME NAME", "Tcp: 1 2". */
static void counters_of(struct pd_text *t, const char *path, struct seq_file *all)
{
	struct seq_file m;
	char *copy = strdup(proc_text(t, path, &m)), *rest = copy, *names, *values;
	while ((names = next_line(&rest)) && (values = next_line(&rest))) {
		char *n_at, *v_at, *group = strtok_r(names, " ", &n_at), *name, *value;
		group[strcspn(group, ":")] = '\0';
		strtok_r(values, " ", &v_at);
		while ((name = strtok_r(NULL, " ", &n_at)) && (value = strtok_r(NULL, " ", &v_at)))
			seq_printf(all, "%s%s %s\n", group, name, value);
	}
	free(copy);
	seq_release(&m);
}

/* nstat [-n] [-a] [-z] [-s] [NAME...]: counters that changed since the last call. */
static int nstat(struct pd_text *t)
{
	bool absolute = false, zeros = false, keep = false, quiet = false;
	struct seq_file all = { .host = t->run->host };
	const char *only = NULL;
	for (unsigned i = 1; i < t->n; i++) {
		if (t->words[i][0] != '-') {
			only = t->words[i];
			continue;
		}
		absolute |= strchr(t->words[i], 'a') != NULL;
		zeros |= strchr(t->words[i], 'z') != NULL;
		keep |= strchr(t->words[i], 's') != NULL;
		quiet |= strchr(t->words[i], 'n') != NULL;
	}
	counters_of(t, "/proc/net/snmp", &all);
	counters_of(t, "/proc/net/netstat", &all);
	char *now = strdup(all.buf ? all.buf : ""), *copy = strdup(now), *rest = copy, *line;
	seq_release(&all);
	if (!quiet)
		seq_printf(&t->out, "#kernel\n");
	while (!quiet && (line = next_line(&rest))) {
		char *value = strchr(line, ' ');
		*value++ = '\0';
		unsigned long long v = strtoull(value, NULL, 10);
		if (!absolute)
			v -= counter_before(t->run->nstat, line);
		if ((v || zeros) && (!only || strcmp(only, line) == 0))
			seq_printf(&t->out, "%-32s%-16llu0.0\n", line, v);
	}
	free(copy);
	if (keep) {
		free(now);
		return 0;
	}
	free(t->run->nstat);
	t->run->nstat = now;
	return 0;
}

/* ---- cat, grep ---- */

static int cat(struct pd_text *t, unsigned from, struct seq_file *out)
{
	int status = 0;
	for (unsigned i = from; i < t->n; i++) {
		struct seq_file m = { .host = t->run->host };
		if (proc_show(&m, t->words[i]))
			status = 1;
		else if (m.buf)
			seq_printf(out, "%s", m.buf);
		seq_release(&m);
	}
	return status;
}

/* grep [-E] [-q] [-v] [-c] [-i] PATTERN [FILE...] */
static int grep(struct pd_text *t)
{
	struct seq_file text = { .host = t->run->host };
	int flags = REG_NOSUB;
	bool quiet = false, invert = false, count = false;
	unsigned at = 1, found = 0;
	regex_t re;
	for (; at < t->n && t->words[at][0] == '-'; at++) {
		flags |= (strchr(t->words[at], 'E') ? REG_EXTENDED : 0) |
			 (strchr(t->words[at], 'i') ? REG_ICASE : 0);
		quiet |= strchr(t->words[at], 'q') != NULL;
		invert |= strchr(t->words[at], 'v') != NULL;
		count |= strchr(t->words[at], 'c') != NULL;
	}
	if (at == t->n || regcomp(&re, t->words[at], flags))
		return 2;
	if (at + 1 < t->n)
		cat(t, at + 1, &text);
	else if (t->in.buf)
		seq_printf(&text, "%s", t->in.buf);
	char *rest = text.buf, *line;
	while ((line = next_line(&rest)))
		if ((regexec(&re, line, 0, NULL, 0) == 0) != invert) {
			found++;
			if (!quiet && !count)
				seq_printf(&t->out, "%s\n", line);
		}
	if (count)
		seq_printf(&t->out, "%u\n", found);
	regfree(&re);
	seq_release(&text);
	return found ? 0 : 1;
}

/* ---- files ---- */

static bool operand(const char *word, const char *name, const char **value)
{
	size_t n = strlen(name);
	if (strncmp(word, name, n) != 0 || word[n] != '=')
		return false;
	*value = word + n + 1;
	return true;
}

/* 5, 64K, 1M */
static size_t size_of(const char *text)
{
	char *end;
	size_t n = strtoul(text, &end, 10);
	return *end == 'K' || *end == 'k' ? n << 10 : *end == 'M' ? n << 20 : n;
}

/* dd if=/dev/zero of=FILE bs=N count=N */
static int dd(struct pd_text *t)
{
	const char *v, *from = "", *to = NULL;
	size_t bs = 512, n = 0;
	for (unsigned i = 1; i < t->n; i++) {
		if (operand(t->words[i], "if", &v))
			from = v;
		else if (operand(t->words[i], "of", &v))
			to = v;
		else if (operand(t->words[i], "bs", &v))
			bs = size_of(v);
		else if (operand(t->words[i], "count", &v))
			n = size_of(v);
	}
	return strcmp(from, "/dev/zero") == 0 && to && memfile_create(t->run->host, to, bs * n) ? 0 : 1;
}

/* rm [-f] FILE... */
static int rm(struct pd_text *t)
{
	bool force = false;
	int status = 0;
	for (unsigned i = 1; i < t->n; i++)
		if (t->words[i][0] == '-')
			force |= strchr(t->words[i], 'f') != NULL;
		else if (memfile_unlink(t->run->host, t->words[i]) && !force)
			status = 1;
	return status;
}

bool pd_text_command(struct pd_text *t, int *status)
{
	static const struct {
		const char *name;
		int (*run)(struct pd_text *t);
	} commands[] = { { "nstat", nstat }, { "grep", grep }, { "dd", dd }, { "rm", rm } };
	const char *slash = strrchr(t->words[0], '/'), *name = slash ? slash + 1 : t->words[0];
	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(name, commands[i].name) == 0) {
			*status = commands[i].run(t);
			return true;
		}
	if (strcmp(name, "cat") != 0)
		return false;
	*status = cat(t, 1, &t->out);
	return true;
}
