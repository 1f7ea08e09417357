/*
 * host:sh(): the command line, the list of commands, and what their options have in common.
 *
 * COMMAND [| grep [-v] TEXT]... takes the lines with (-v: without) the text, which is no pattern.
 */
#include "lua/host_sh.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "lua/program.h"
#include "lua/world.h"
#include "stack/internet/devinet.h"

static const struct command {
	const char *name;
	int (*run)(struct sh *sh);
	bool takes_time;
} commands[] = {
	{ "arp", sh_arp, false },
	{ "cat", sh_cat, false },
	{ "dmesg", sh_dmesg, false },
	{ "echo", sh_echo, false },
	{ "ethtool", sh_ethtool, false },
	{ "ip", sh_ip_command, false },
	{ "iptables", sh_iptables, false },
	{ "netstat", sh_netstat, false },
	{ "ping", sh_ping, true },
	{ "route", sh_route, false },
	{ "ss", sh_ss, false },
	{ "sysctl", sh_sysctl, false },
	{ "tc", sh_tc, false },
	{ "traceroute", sh_traceroute, true },
};

static const struct command *find_command(const char *name)
{
	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

void host_sh_name(const char *line, char *buf, unsigned len)
{
	line += strspn(line, " \t\n");
	snprintf(buf, len, "%.*s", (int)strcspn(line, " \t\n"), line);
}

bool host_sh_takes_time(const char *line)
{
	char name[32];
	host_sh_name(line, name, sizeof(name));
	const struct command *c = find_command(name);
	return c && c->takes_time;
}

/* Cuts `line` into words; quotes keep blanks. Returns how many, -1: a quote is open, or there are too many.
 */
static int split(char *line, char **words)
{
	int n = 0;
	for (char *p = line + strspn(line, " \t\n"); *p; p += strspn(p, " \t\n")) {
		char *to = p, quote = 0;
		if (n == SH_MAX_WORDS)
			return -1;
		for (words[n++] = p; *p && (quote || !strchr(" \t\n", *p)); p++) {
			if (quote ? *p == quote : *p == '"' || *p == '\'')
				quote = quote ? 0 : *p;
			else
				*to++ = *p;
		}
		if (quote)
			return -1;
		bool more = *p;
		*to = '\0';
		p += more;
	}
	return n;
}

/* Keeps the output's lines that `grep [-v] TEXT` lets through; the status. */
static int grep(struct sh *sh, char **words, int n)
{
	bool without = n > 1 && strcmp(words[1], "-v") == 0;
	struct seq_file kept = { .host = sh->host };
	char *save = NULL;
	if (n != 2 + without)
		return sh_fail(sh, 2, "Usage: grep [-v] TEXT\n");
	for (char *line = sh->out.buf ? strtok_r(sh->out.buf, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		if ((strstr(line, words[n - 1]) != NULL) != without)
			seq_printf(&kept, "%s\n", line);
	int status = kept.count ? 0 : 1;
	seq_release(&sh->out);
	sh->out = kept;
	return status;
}

/* Words that end at "|": how many. */
static int until_pipe(char *const *words, int n)
{
	int i = 0;
	while (i < n && strcmp(words[i], "|") != 0)
		i++;
	return i;
}

/* The filters behind a command: words from "|" on. */
static int filter(struct sh *sh, char **words, int n, int status)
{
	while (n > 0) {
		words++;
		n--;
		int len = until_pipe(words, n);
		if (!len || strcmp(words[0], "grep") != 0)
			return sh_fail(sh, 127, "sh: 1: %s: not found\n", len ? words[0] : "|");
		status = grep(sh, words, len);
		words += len;
		n -= len;
	}
	return status;
}

int host_sh(struct sh *sh, const char *line)
{
	char *words[SH_MAX_WORDS], *copy = strdup(line);
	int status;
	sh->out.host = sh->err.host = sh->host;
	if (!copy)
		return sh_fail(sh, 126, "sh: no memory\n");
	sh->words = words;
	int all = split(copy, words);
	bool stream = sh->stream;
	sh->n = all < 0 ? all : until_pipe(words, all);
	sh->at = 1;
	sh->stream = stream && sh->n == all; /* what is filtered comes at the end */
	const struct command *c = sh->n > 0 ? find_command(words[0]) : NULL;
	if (sh->n < 0)
		status = sh_fail(sh, 2, "sh: an open quote, or more than %d words\n", SH_MAX_WORDS);
	else if (sh->n == 0)
		status = 0;
	else if (!c)
		status = sh_fail(sh, 127, "sh: 1: %s: not found\n", words[0]);
	else
		status = filter(sh, words + sh->n, all - sh->n, c->run(sh));
	sh->stream = stream;
	sh_flush(sh);
	sh->words = NULL;
	free(copy);
	return status;
}

void sh_flush(struct sh *sh)
{
	if (!sh->stream || !sh->out.count)
		return;
	program_output(sh->program, sh->out.buf, sh->out.count);
	sh->out.count = 0;
}

/* ---- options ---- */

/* Takes the next word, and puts it before those that were skipped. */
static char *take_word(struct sh *sh)
{
	char **first = sh->words + sh->at - sh->skipped, *word = sh->words[sh->at++];
	memmove(first + 1, first, (size_t)sh->skipped * sizeof(*first));
	return *first = word;
}

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1];
}

/* "--numeric" is -n, "--family=inet" -f inet; what begins only one of the names will do. */
static int long_option(struct sh *sh, const char *name, const char *letters)
{
	size_t len = strcspn(name, "=");
	int found = 0;
	sh->word = name;
	for (const struct sh_long *l = sh->longs; l && l->name; l++) {
		if (strncmp(l->name, name, len) != 0)
			continue;
		bool whole = !l->name[len];
		found = whole || !found ? l->letter : found == l->letter ? found : '?';
		if (whole)
			break;
	}
	sh->opt = found ? (char)found : '-';
	const char *known = found && found != '?' ? strchr(letters, found) : NULL;
	if (!known || (known[1] != ':' && name[len]))
		return '?';
	if (known[1] != ':')
		return found;
	sh->arg = name[len] ? name + len + 1 : sh->at < sh->n ? take_word(sh) : NULL;
	return sh->arg ? found : ':';
}

int sh_getopt(struct sh *sh, const char *letters)
{
	if (!sh->cluster || !*sh->cluster) {
		for (; *letters != '+' && sh->at < sh->n && !is_option(sh->words[sh->at]); sh->at++)
			sh->skipped++;
		const char *word = sh->at < sh->n && is_option(sh->words[sh->at]) ? take_word(sh) : "--";
		if (strcmp(word, "--") == 0) {
			sh->at -= sh->skipped;
			sh->skipped = 0;
			return 0;
		}
		if (word[1] == '-' && sh->longs)
			return long_option(sh, word + 2, letters);
		sh->cluster = word + 1;
	}
	sh->word = NULL;
	sh->opt = *sh->cluster++;
	const char *known = sh->opt == ':' || sh->opt == '+' ? NULL : strchr(letters, sh->opt);
	if (!known)
		return '?';
	if (known[1] != ':')
		return sh->opt;
	sh->arg = *sh->cluster ? sh->cluster : sh->at < sh->n ? take_word(sh) : NULL;
	sh->cluster = NULL;
	return sh->arg ? sh->opt : ':';
}

void sh_bad_option(struct sh *sh, int c)
{
	struct seq_file *err = &sh->err;
	const char *command = sh->words[0], *word = sh->word;
	int len = word ? (int)strcspn(word, "=") : 0;
	if (!word)
		seq_printf(err, "%s: %s -- '%c'\n", command,
			   c == ':' ? "option requires an argument" : "invalid option", sh->opt);
	else if (c == ':')
		seq_printf(err, "%s: option '--%s' requires an argument\n", command, word);
	else if (sh->opt == '-')
		seq_printf(err, "%s: unrecognized option '--%s'\n", command, word);
	else if (sh->opt != '?')
		seq_printf(err, "%s: option '--%.*s' doesn't allow an argument\n", command, len, word);
	else
		seq_printf(err, "%s: option '--%s' is ambiguous; possibilities:", command, word);
	for (const struct sh_long *l = sh->longs; word && sh->opt == '?' && l->name; l++)
		if (strncmp(l->name, word, (size_t)len) == 0)
			seq_printf(err, " '--%s'", l->name);
	if (word && sh->opt == '?')
		seq_printf(err, "\n");
}

/* Up to four numbers, of which those behind are 0 when they are not said: "10.8" is 10.8.0.0. */
static bool short_address(const char *text, uint32_t *addr)
{
	uint8_t byte[4] = { 0 };
	for (int i = 0; i < 4; i++) {
		char *end;
		unsigned long n = strtoul(text, &end, 0);
		if (end == text || n > 255 || (*end && (*end != '.' || i == 3)))
			return false;
		byte[i] = (uint8_t)n;
		if (!*end)
			break;
		text = end + 1;
	}
	memcpy(addr, byte, sizeof(byte));
	return true;
}

/* The length of a prefix as a number, or as a mask: "255.255.0.0". */
static bool prefix_length(const char *word, long *n)
{
	uint32_t mask;
	if (sh_number(word, 0, 32, n))
		return true;
	if (inet_pton(AF_INET, word, &mask) != 1 || bad_mask(mask, 0))
		return false;
	*n = inet_mask_len(mask);
	return true;
}

int sh_find(const char *const *words, const char *word)
{
	int k = 0;
	while (words[k] && strcmp(words[k], word) != 0)
		k++;
	return k;
}

bool sh_number(const char *word, long min, long max, long *value)
{
	char *end;
	*value = strtol(word, &end, 10);
	return end != word && !*end && *value >= min && *value <= max;
}

bool sh_seconds(const char *word, uint64_t *ns)
{
	uint64_t whole = 0, part = 0, unit = NSEC_PER_SEC;
	const char *p = word;
	for (; *p >= '0' && *p <= '9' && whole < 1000000; p++)
		whole = whole * 10 + (uint64_t)(*p - '0');
	if (*p == '.')
		for (p++; *p >= '0' && *p <= '9'; p++, part += (uint64_t)(p[-1] - '0') * unit)
			unit /= 10;
	*ns = whole * NSEC_PER_SEC + part;
	return p != word && !*p;
}

bool sh_prefix(const char *word, uint32_t *addr, int *plen)
{
	char text[32];
	const char *slash = strchr(word, '/');
	size_t len = slash ? (size_t)(slash - word) : strlen(word);
	long n = 32;
	if (strcmp(word, "default") == 0 || strcmp(word, "any") == 0 || strcmp(word, "all") == 0) {
		*addr = 0;
		*plen = 0;
		return true;
	}
	if (len >= sizeof(text) || (slash && !prefix_length(slash + 1, &n)))
		return false;
	memcpy(text, word, len);
	text[len] = '\0';
	*plen = (int)n;
	return short_address(text, addr);
}

int sh_mac_bytes(const char *word, uint8_t mac[6])
{
	int n = 0;
	for (;; n++) {
		char *end;
		unsigned long byte = strtoul(word, &end, 16);
		if (end == word || end - word > 2 || byte > 255 || (*end && *end != ':'))
			return -1;
		if (n < 6)
			mac[n] = (uint8_t)byte;
		if (!*end)
			return n + 1;
		word = end + 1;
	}
}

bool sh_mac(const char *word, uint8_t mac[6])
{
	return sh_mac_bytes(word, mac) == 6;
}

/* ---- names ---- */

bool sh_resolve(const struct sh *sh, const char *word, uint32_t *addr)
{
	const struct world_host *h = world_find_host(sh->world, word);
	if (h)
		*addr = h->nics[0].addr;
	else if (strcmp(word, "localhost") == 0)
		*addr = htonl(INADDR_LOOPBACK);
	else
		return inet_aton(word, (struct in_addr *)addr) != 0; /* "127.1" is one, too */
	return true;
}

const char *sh_name_of(const struct sh *sh, uint32_t addr)
{
	for (const struct world_host *h = sh->world->hosts; h; h = h->next)
		for (unsigned i = 0; i < h->nr_nics; i++)
			if (h->nics[i].addr == addr && addr)
				return h->host->name;
	return addr == htonl(INADDR_LOOPBACK) ? "localhost" : NULL;
}

struct sh_mac_text sh_mac_text(const uint8_t m[6])
{
	struct sh_mac_text t;
	snprintf(t.s, sizeof(t.s), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
	return t;
}

struct sh_ip sh_ip(uint32_t addr)
{
	struct sh_ip ip;
	inet_ntop(AF_INET, &addr, ip.s, sizeof(ip.s));
	return ip;
}

/* Of /etc/services, what a scenario is likely to have. */
static const struct {
	unsigned port;
	const char *name, *only;
} services[] = {
	{ 7, "echo", NULL },	   { 9, "discard", NULL },   { 13, "daytime", NULL },
	{ 20, "ftp-data", "tcp" }, { 21, "ftp", "tcp" },     { 22, "ssh", "tcp" },
	{ 23, "telnet", "tcp" },   { 25, "smtp", "tcp" },    { 37, "time", NULL },
	{ 53, "domain", NULL },	   { 67, "bootps", "udp" },  { 68, "bootpc", "udp" },
	{ 69, "tftp", "udp" },	   { 80, "http", "tcp" },    { 110, "pop3", "tcp" },
	{ 123, "ntp", "udp" },	   { 143, "imap2", "tcp" },  { 161, "snmp", NULL },
	{ 443, "https", NULL },	   { 514, "syslog", "udp" }, { 8080, "http-alt", "tcp" },
};

bool sh_service(const char *word, long *port)
{
	for (unsigned i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (strcmp(services[i].name, word) == 0) {
			*port = (long)services[i].port;
			return true;
		}
	return false;
}

struct sh_port sh_port(const char *protocol, unsigned port, bool numeric)
{
	struct sh_port p;
	for (unsigned i = 0; !numeric && i < sizeof(services) / sizeof(services[0]); i++)
		if (services[i].port == port &&
		    (!services[i].only || strcmp(services[i].only, protocol) == 0)) {
			snprintf(p.s, sizeof(p.s), "%s", services[i].name);
			return p;
		}
	snprintf(p.s, sizeof(p.s), port ? "%u" : "*", port);
	return p;
}
