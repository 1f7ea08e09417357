/*
 * host:sh(): the host's own commands. So far `ip`:
 *
 *	ip link set DEV up|down
 *	ip addr add|del ADDR/PREFIX dev DEV
 *	ip route add|del DST/PREFIX|default [via GW] [dev DEV] [metric N]
 */
#include "lua/host_sh.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/boot.h"
#include "stack/internet/devinet.h"
#include "stack/internet/fib.h"

#define MAX_WORDS 16

struct sh {
	struct host *host;
	char *words[MAX_WORDS];
	int n;
	char *err;
	unsigned errlen;
};

static int say(struct sh *sh, const char *what, const char *word)
{
	snprintf(sh->err, sh->errlen, "%s '%s'", what, word ? word : "");
	return -EINVAL;
}

/* What the ip command says of the kernel's answer. */
static int answer(struct sh *sh, int err)
{
	if (err < 0)
		snprintf(sh->err, sh->errlen, "RTNETLINK answers: %s", strerrordesc_np(-err));
	return err;
}

/* "10.0.2.15/24", "default"; false when it is none. */
static bool parse_prefix(const char *s, uint32_t *addr, int *plen)
{
	char text[64], *slash, *end;
	if (!s || strlen(s) >= sizeof(text))
		return false;
	if (strcmp(s, "default") == 0) {
		*addr = 0;
		*plen = 0;
		return true;
	}
	memcpy(text, s, strlen(s) + 1);
	*plen = 32;
	slash = strchr(text, '/');
	if (slash) {
		*slash = '\0';
		*plen = (int)strtol(slash + 1, &end, 10);
		if (*end || end == slash + 1 || *plen < 0 || *plen > 32)
			return false;
	}
	return inet_pton(AF_INET, text, addr) == 1;
}

/* The word after `key`, or NULL. */
static const char *value_of(const struct sh *sh, int from, const char *key)
{
	for (int i = from; i + 1 < sh->n; i++)
		if (strcmp(sh->words[i], key) == 0)
			return sh->words[i + 1];
	return NULL;
}

static int ip_link(struct sh *sh)
{
	if (sh->n != 5 || strcmp(sh->words[2], "set") != 0)
		return say(sh, "use: ip link set DEV up|down, not", sh->n > 2 ? sh->words[2] : "");
	bool up = strcmp(sh->words[4], "up") == 0;
	if (!up && strcmp(sh->words[4], "down") != 0)
		return say(sh, "up or down expected, not", sh->words[4]);
	int err = host_link_set(sh->host, sh->words[3], up);
	if (err == -ENODEV)
		return say(sh, "Cannot find device", sh->words[3]);
	return answer(sh, err);
}

static int ip_addr(struct sh *sh)
{
	uint32_t addr;
	int plen;
	const char *dev = value_of(sh, 4, "dev");
	bool add = sh->n > 2 && strcmp(sh->words[2], "add") == 0;
	if (sh->n < 4 || (!add && strcmp(sh->words[2], "del") != 0))
		return say(sh, "use: ip addr add|del ADDR/PREFIX dev DEV, not",
			   sh->n > 2 ? sh->words[2] : "");
	if (!parse_prefix(sh->words[3], &addr, &plen))
		return say(sh, "an address expected, not", sh->words[3]);
	if (!dev)
		return say(sh, "\"dev\" argument is required.", "");
	return answer(sh,
		      add ? ip_addr_add(sh->host, dev, addr, plen) : ip_addr_del(sh->host, dev, addr, plen));
}

static int ip_route(struct sh *sh)
{
	uint32_t dst, gw = 0;
	int plen;
	const char *via = value_of(sh, 4, "via"), *dev = value_of(sh, 4, "dev"),
		   *metric = value_of(sh, 4, "metric");
	bool add = sh->n > 2 && strcmp(sh->words[2], "add") == 0;
	if (sh->n < 4 || (!add && strcmp(sh->words[2], "del") != 0))
		return say(sh, "use: ip route add|del DST/PREFIX [via GW] [dev DEV] [metric N], not",
			   sh->n > 2 ? sh->words[2] : "");
	if (!parse_prefix(sh->words[3], &dst, &plen))
		return say(sh, "an address expected, not", sh->words[3]);
	if (via && inet_pton(AF_INET, via, &gw) != 1)
		return say(sh, "an address expected, not", via);
	uint32_t prio = metric ? (uint32_t)strtoul(metric, NULL, 10) : 0;
	return answer(sh, add ? ip_route_add(sh->host, dst, plen, gw, dev, prio)
			      : ip_route_del(sh->host, dst, plen, gw, dev, prio));
}

int host_sh(struct host *host, const char *line, char *err, unsigned errlen)
{
	struct sh sh = { .host = host, .err = err, .errlen = errlen };
	char *copy = strdup(line), *save = NULL;
	int r;
	if (!copy) {
		snprintf(err, errlen, "no memory");
		return -ENOMEM;
	}
	for (char *w = strtok_r(copy, " \t\n", &save); w && sh.n < MAX_WORDS;
	     w = strtok_r(NULL, " \t\n", &save))
		sh.words[sh.n++] = w;
	if (sh.n < 2 || strcmp(sh.words[0], "ip") != 0)
		r = say(&sh, "there is no command", sh.n ? sh.words[0] : "");
	else if (strcmp(sh.words[1], "link") == 0)
		r = ip_link(&sh);
	else if (strcmp(sh.words[1], "addr") == 0)
		r = ip_addr(&sh);
	else if (strcmp(sh.words[1], "route") == 0)
		r = ip_route(&sh);
	else
		r = say(&sh, "ip: there is no object", sh.words[1]);
	free(copy);
	return r;
}
