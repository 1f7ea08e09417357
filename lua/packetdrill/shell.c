/*
 * `commands` of a script: they act on the host. What the suites' runners and scripts use is understood,
 * anything else is told to be unsupported: a command that nobody carries out must not look like a success.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/host_sh.h"
#include "lua/host_sysctl.h"
#include "lua/packetdrill/text.h"
#include "stack/net.h"
#include "stack/transport/tcp.h"

#define MAX_WORDS 32

struct command {
	struct pd_run *run;
	char *words[MAX_WORDS];
	unsigned n;
	struct seq_file in; /* what the command before has said */
};

static bool unsupported(struct command *c)
{
	c->run->unsupported = true;
	return pd_fail(c->run, "unsupported: the command '%s%s%s'", c->words[0], c->n > 1 ? " " : "",
		       c->n > 1 ? c->words[1] : "");
}

static bool set_sysctl(struct command *c, const char *assignment, bool ignore_unknown)
{
	char name[128];
	const char *eq = strchr(assignment, '=');
	snprintf(name, sizeof(name), "%.*s", eq ? (int)(eq - assignment) : 0, assignment);
	int err = eq ? host_sysctl_store(c->run->host, name, eq + 1) : -EINVAL;
	if (!err || ignore_unknown)
		return true;
	c->run->unsupported |= err == -ENOENT;
	return pd_fail(c->run, "%ssysctl %s: %s", c->run->unsupported ? "unsupported: " : "", assignment,
		       strerrordesc_np(-err));
}

/* What the suites' defaults.sh sets, where it differs from the kernel's own defaults. */
static bool defaults(struct command *c)
{
	static const char *const settings[] = {
		"net.ipv4.tcp_rmem=4096 540000 15728640",
		"net.ipv4.tcp_wmem=4096 262144 4194304",
		"net.ipv4.tcp_timestamps=1",
		"net.ipv4.tcp_syn_retries=5",
		"net.ipv4.tcp_synack_retries=5",
		"net.ipv4.tcp_frto=2",
		"net.ipv4.tcp_sack=1",
		"net.ipv4.tcp_dsack=1",
		"net.ipv4.tcp_reordering=3",
		"net.ipv4.tcp_congestion_control=cubic",
		"net.ipv4.tcp_slow_start_after_idle=0",
		"net.ipv4.tcp_early_retrans=4",
		"net.ipv4.tcp_recovery=1",
		"net.ipv4.tcp_tso_win_divisor=3",
		"net.ipv4.tcp_ecn=0",
		"net.ipv4.tcp_pacing_ss_ratio=200",
		"net.ipv4.tcp_pacing_ca_ratio=120",
		"net.ipv4.tcp_notsent_lowat=4294967295",
		"net.ipv4.tcp_fastopen=0x70403",
		"net.ipv4.tcp_fastopen_key=a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4",
		"net.ipv4.tcp_syncookies=1",
	};
	for (unsigned i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (!set_sysctl(c, settings[i], false))
			return false;
	/* the kernel's suite, whose copy is beside the scripts, has listeners ask for fast open */
	return strcmp(c->words[0], "./defaults.sh") != 0 || set_sysctl(c, "net.ipv4.tcp_fastopen=0x3", false);
}

/* sysctl [-q] [-e] [-w] NAME=VALUE... */
static bool sysctl_command(struct command *c)
{
	bool ignore_unknown = false;
	for (unsigned i = 1; i < c->n; i++) {
		if (c->words[i][0] == '-') {
			ignore_unknown |= strchr(c->words[i], 'e') != NULL;
			continue;
		}
		if (!set_sysctl(c, c->words[i], ignore_unknown))
			return false;
	}
	return true;
}

/* set_sysctls.py /proc/sys/net/ipv4/NAME=VALUE... */
static bool set_sysctls(struct command *c)
{
	for (unsigned i = 1; i < c->n; i++) {
		const char *name = c->words[i];
		if (strncmp(name, "/proc/sys/", 10) == 0)
			name += 10;
		if (!set_sysctl(c, name, false))
			return false;
	}
	return true;
}

/* A command that the host has itself, said of its device. */
static bool host_command(struct command *c)
{
	char line[1024];
	size_t n = 0;
	for (unsigned i = 0; i < c->n && n < sizeof(line); i++)
		n += (size_t)snprintf(line + n, sizeof(line) - n, "%s%s", i ? " " : "",
				      strcmp(c->words[i], "tun0") == 0 ? "eth0" : c->words[i]);
	struct sh sh = { .host = c->run->host, .world = &c->run->world };
	int status = host_sh(&sh, line);
	bool ok = status == 0 || pd_fail(c->run, "%s: %s", line, sh.err.buf ? sh.err.buf : "");
	seq_release(&c->in);
	c->in = sh.out;
	seq_release(&sh.err);
	return ok;
}

static bool is(const char *word, const char *name)
{
	const char *slash = strrchr(word, '/');
	return strcmp(slash ? slash + 1 : word, name) == 0;
}

/* ip tcp_metrics flush all */
static bool tcp_metrics(struct command *c)
{
	if (c->n < 3 || strcmp(c->words[2], "flush") != 0)
		return unsupported(c);
	tcp_metrics_flush(c->run->host);
	return true;
}

static bool run_command(struct command *c)
{
	const char *verb = c->words[0];
	if (is(verb, "defaults.sh"))
		return defaults(c);
	if (is(verb, "set_sysctls.py"))
		return set_sysctls(c);
	if (strncmp(verb, "/tmp/sysctl_restore_", 20) == 0) /* each script has a host of its own */
		return true;
	if (strcmp(verb, "sysctl") == 0)
		return sysctl_command(c);
	if (strcmp(verb, "ip") == 0 && c->n > 1 && strcmp(c->words[1], "tcp_metrics") == 0)
		return tcp_metrics(c);
	if (strcmp(verb, "ip") == 0 || strcmp(verb, "ethtool") == 0 || strcmp(verb, "echo") == 0 ||
	    strcmp(verb, "tc") == 0)
		return host_command(c);
	if (strcmp(verb, "true") == 0)
		return true;
	return unsupported(c);
}

/* A command that makes or filters text; what it says is for the next one (`piped`), whose status counts.
 * False: failed, or (*is_one false) there is no such command. */
static bool text_command(struct command *c, bool piped, bool *is_one)
{
	struct pd_text t = { .run = c->run, .words = c->words, .n = c->n, .in = c->in };
	int status = 0;
	t.out.host = c->run->host;
	*is_one = pd_text_command(&t, &status);
	seq_release(&c->in);
	c->in = t.out;
	if (!*is_one || piped || status == 0)
		return *is_one;
	return pd_fail(c->run, "the command '%s %s' ended with status %d", c->words[0],
		       c->n > 1 ? c->words[1] : "", status);
}

static bool is_twice(const char *p, char c)
{
	return p[0] == c && p[1] == c;
}

/* $((A*B...)), a product of whole numbers, goes to `out`. Past it, or NULL when it is anything else. */
static const char *product(const char *p, char *out, size_t len)
{
	unsigned long long value = 1;
	char *end;
	do {
		unsigned long long n = strtoull(++p, &end, 0);
		if (end == p || __builtin_mul_overflow(value, n, &value))
			return NULL;
		p = end;
	} while (*p == '*');
	snprintf(out, len, "%llu", value);
	return p[0] == ')' && p[1] == ')' ? p + 2 : NULL;
}

/* Splits into words; quotes keep blanks; a redirection of output is left out, but for that of echo. The end
 * of the command, or NULL. */
static const char *words(struct command *c, const char *p, char *store, size_t room)
{
	size_t used = 0;
	c->n = 0;
	for (;;) {
		p += strspn(p, " \t\r");
		if (*p == '\\' && p[1] == '\n') {
			p += 2;
			continue;
		}
		if (!*p || *p == '\n' || *p == ';' || *p == '#' || *p == '|' || is_twice(p, '&'))
			return p;
		char quote = '\0', *word = store + used;
		for (; *p && (quote || !strchr(" \t\r\n;|", *p)); p++) {
			if (*p == '\\' && p[1] == '\n') {
				p++;
				continue;
			}
			if (quote ? *p == quote : *p == '"' || *p == '\'') {
				quote = quote ? '\0' : *p;
				continue;
			}
			if (used + 24 > room)
				return NULL;
			if (quote != '\'' && strncmp(p, "$((", 3) == 0) {
				const char *past = product(p + 2, store + used, 24);
				if (past) {
					used += strlen(store + used);
					p = past - 1;
					continue;
				}
			}
			store[used++] = *p;
		}
		if (used + 2 > room || c->n == MAX_WORDS)
			return NULL;
		store[used++] = '\0';
		if (strchr(word, '>') && (c->n == 0 || strcmp(c->words[0], "echo") != 0) &&
		    (isdigit((unsigned char)*word) || *word == '>' || *word == '&')) {
			if (word[strlen(word) - 1] == '>' &&
			    (p += strspn(p, " "), *p)) /* the file is a word of its own */
				p += strcspn(p, " \t\n;");
			continue;
		}
		c->words[c->n++] = word;
	}
}

bool pd_shell(struct pd_run *run, const char *text)
{
	struct command c = { .run = run, .in.host = run->host };
	char store[4096];
	bool failed = false, behind_or = false, is_text;
	for (const char *p = text; *p;) {
		p = words(&c, p, store, sizeof(store));
		if (!p) {
			failed = !pd_fail(run, "unsupported: a command longer than %zu characters",
					  sizeof(store));
			break;
		}
		if (c.n > 0 && (failed || !behind_or)) {
			failed = !text_command(&c, *p == '|' && !is_twice(p, '|'), &is_text) &&
				 (is_text || !run_command(&c));
			/* as in a shell, what fails counts when it is the last command, or && follows */
			bool more =
				(*p == ';' || *p == '\n') && p[strspn(p, "; \t\r\n")] && !run->unsupported;
			if (failed && more)
				failed = run->failed = false;
			if (failed && !is_twice(p, '|'))
				break;
		}
		behind_or = is_twice(p, '|');
		if (failed) /* the command behind || makes up for it */
			run->failed = run->unsupported = false;
		else if (*p == '#')
			p += strcspn(p, "\n");
		if (*p)
			p += *p == '&' || behind_or ? 2 : 1;
	}
	seq_release(&c.in);
	return !failed;
}
