/*
 * ip: options (-s -d -br -o -4), objects by their names or the beginning of them, and `ip neigh`:
 *
 *	ip [-s] neigh [show [ADDR] [dev DEV] [nud STATE]]
 *	ip neigh add|change|replace ADDR [lladdr MAC] dev DEV [nud STATE] [use]; del ADDR dev DEV; flush [dev
 *DEV] ip neigh add|del proxy ADDR [dev DEV]; ip neigh show proxy
 */
#include "lua/sh_ip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "stack/internet/neighbour.h"

bool ip_matches(const char *word, const char *full)
{
	return *word && strncmp(word, full, strlen(word)) == 0;
}

const char *ip_next(struct ip *ip, int *i)
{
	return ++*i < ip->argc ? ip->argv[*i] : NULL;
}

int ip_incomplete(struct ip *ip)
{
	return sh_fail(ip->sh, 255, "Command line is not complete. Try option \"help\"\n");
}

int ip_unknown(struct ip *ip, const char *object, const char *word)
{
	return sh_fail(ip->sh, 255, "Command \"%s\" is unknown, try \"ip %s help\".\n", word, object);
}

int ip_answer(struct ip *ip, int err)
{
	return err < 0 ? sh_fail(ip->sh, 2, "RTNETLINK answers: %s\n", strerrordesc_np(-err)) : 0;
}

const char *ip_nl(const struct ip *ip)
{
	return ip->oneline ? "\\" : "\n";
}

struct net_device *ip_find_dev(struct ip *ip, const char *name)
{
	struct net_device *dev = __dev_get_by_name(ip->sh->host->net, name);
	if (!dev)
		seq_printf(&ip->sh->err, "Cannot find device \"%s\"\n", name);
	return dev;
}

/* ---- ip neigh ---- */

static const struct {
	const char *name;
	uint8_t state;
} nud_states[] = {
	{ "permanent", NUD_PERMANENT },
	{ "reachable", NUD_REACHABLE },
	{ "stale", NUD_STALE },
	{ "noarp", NUD_NOARP },
	{ "probe", NUD_PROBE },
	{ "delay", NUD_DELAY },
	{ "incomplete", NUD_INCOMPLETE },
	{ "failed", NUD_FAILED },
	{ "none", NUD_NONE },
	{ "all", 0xff },
};

/* The state that a word names; false: none. */
static bool nud_state(const char *word, uint8_t *state)
{
	for (unsigned i = 0; i < sizeof(nud_states) / sizeof(nud_states[0]); i++)
		if (strcmp(word, nud_states[i].name) == 0) {
			*state = nud_states[i].state;
			return true;
		}
	return false;
}

/* What the words of `ip neigh` select or set. */
struct neigh_words {
	struct ip *ip;
	uint32_t addr;
	const char *dev;
	uint8_t mac[6], state;
	bool has_addr, has_mac, has_state, proxy, use;
};

/* The words from `i` on. 0, or the status of a mistake. */
static int neigh_parse(struct ip *ip, int i, struct neigh_words *w)
{
	for (; i < ip->argc; i++) {
		const char *word = ip->argv[i], *value;
		bool dev = strcmp(word, "dev") == 0, mac = strcmp(word, "lladdr") == 0,
		     nud = strcmp(word, "nud") == 0;
		if (dev || mac || nud) {
			if (!(value = ip_next(ip, &i)))
				return ip_incomplete(ip);
			if (dev)
				w->dev = value;
			if (mac && !(w->has_mac = sh_mac(value, w->mac)))
				return sh_fail(ip->sh, 1, "\"%s\" is invalid lladdr.\n", value);
			if (nud && !(w->has_state = nud_state(value, &w->state)))
				return sh_fail(ip->sh, 255,
					       "Error: argument \"%s\" is wrong: nud state is bad\n", value);
			continue;
		}
		if (strcmp(word, "proxy") == 0 || strcmp(word, "use") == 0) {
			w->proxy |= word[0] == 'p';
			w->use |= word[0] == 'u';
			continue;
		}
		if (strcmp(word, "to") == 0 && !(word = ip_next(ip, &i)))
			return ip_incomplete(ip);
		if (inet_pton(AF_INET, word, &w->addr) != 1)
			return sh_fail(ip->sh, 1, "Error: any valid prefix is expected rather than \"%s\".\n",
				       word);
		w->has_addr = true;
	}
	return 0;
}

static void neigh_print(struct neighbour *n, void *cookie)
{
	const struct neigh_words *w = cookie;
	struct sh *sh = w->ip->sh;
	unsigned long now = jiffies(n->host);
	uint8_t states = w->has_state ? w->state : (uint8_t)~NUD_NOARP;
	bool none = w->has_state && (w->state == NUD_NONE || w->state == 0xff); /* NONE, too */
	if ((w->has_addr && n->primary_key != w->addr) || (w->dev && strcmp(w->dev, n->dev->name) != 0) ||
	    !(n->nud_state ? (n->nud_state & states) : none))
		return;
	sh_say(sh, "%s ", sh_ip(n->primary_key).s);
	if (!w->dev)
		sh_say(sh, "dev %s ", n->dev->name);
	if (n->nud_state & NUD_VALID)
		sh_say(sh, "lladdr %02x:%02x:%02x:%02x:%02x:%02x ", n->ha[0], n->ha[1], n->ha[2], n->ha[3],
		       n->ha[4], n->ha[5]);
	if (w->ip->stats) {
		if (n->refcnt > 1)
			sh_say(sh, " ref %d", n->refcnt - 1);
		sh_say(sh, " used %lu/%lu/%luprobes %d ", (now - n->used) / HZ, (now - n->confirmed) / HZ,
		       (now - n->updated) / HZ, n->probes);
	}
	sh_say(sh, n->nud_state ? "%s \n" : "\n", neigh_state_name(n->nud_state));
}

static void proxy_print(const struct pneigh_entry *n, void *cookie)
{
	struct sh *sh = ((const struct neigh_words *)cookie)->ip->sh;
	sh_say(sh, "%s ", sh_ip(n->key).s);
	if (n->dev)
		sh_say(sh, "dev %s ", n->dev->name);
	sh_say(sh, "proxy \n");
}

static int neigh_show(struct neigh_words *w)
{
	struct neigh_table *tbl = arp_tbl(w->ip->sh->host->net);
	if (w->proxy)
		pneigh_for_each(tbl, proxy_print, w);
	else
		neigh_for_each(tbl, neigh_print, w);
	return 0;
}

/* add, change, replace or del, by the first letters of the word. */
static int neigh_change(const struct neigh_words *w, const char *what)
{
	struct ip *ip = w->ip;
	struct host *host = ip->sh->host;
	bool del = what[0] == 'd';
	const struct ip_neigh_spec spec = { .dev = w->dev,
					    .addr = w->addr,
					    .lladdr = w->has_mac ? w->mac : NULL,
					    .state = w->has_state ? w->state : NUD_PERMANENT,
					    .flags = w->use ? NTF_USE : 0,
					    .create = what[0] != 'c',
					    .replace = what[0] != 'a' };
	if (!w->has_addr || (!w->dev && !w->proxy))
		return sh_fail(ip->sh, 255, "Device and destination are required arguments.\n");
	if (w->proxy)
		return ip_answer(ip, del ? ip_neigh_del_proxy(host, w->dev, w->addr)
					 : ip_neigh_add_proxy(host, w->dev, w->addr));
	return ip_answer(ip, del ? ip_neigh_del(host, w->dev, w->addr) : ip_neigh_add_spec(host, &spec));
}

static int ip_neigh(struct ip *ip)
{
	static const char *const changes[] = { "add", "change", "replace", "delete" };
	const char *what = ip->argc ? ip->argv[0] : "show";
	struct neigh_words w = { .ip = ip };
	bool change = false, flush = ip_matches(what, "flush");
	for (unsigned i = 0; i < 4; i++)
		change |= ip_matches(what, changes[i]);
	if (!change && !flush && !ip_matches(what, "show") && !ip_matches(what, "list"))
		return ip_unknown(ip, "neigh", what);
	int bad = neigh_parse(ip, 1, &w);
	if (bad)
		return bad;
	if (w.dev && !ip_find_dev(ip, w.dev))
		return 1;
	if (change)
		return neigh_change(&w, what);
	if (!flush)
		return neigh_show(&w);
	ip_neigh_flush(ip->sh->host, w.dev);
	return 0;
}

/* ---- the command ---- */

static int ip_usage(struct sh *sh)
{
	return sh_fail(sh, 255,
		       "Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }\n"
		       "where  OBJECT := { address | link | neighbour | route }\n"
		       "       OPTIONS := { -s[tatistics] | -d[etails] | -br[ief] | -o[neline] | -4 }\n");
}

int sh_ip_command(struct sh *sh)
{
	static const struct {
		const char *name;
		int (*run)(struct ip *ip);
	} objects[] = {
		{ "address", ip_address }, { "route", ip_route }, { "neighbor", ip_neigh },
		{ "neighbour", ip_neigh }, { "link", ip_link },
	};
	struct ip ip = { .sh = sh };
	int i = 1;
	for (; i < sh->n && sh->words[i][0] == '-'; i++) {
		const char *opt = sh->words[i] + (sh->words[i][1] == '-' ? 2 : 1);
		if (ip_matches(opt, "statistics") || ip_matches(opt, "stats"))
			ip.stats++;
		else if (ip_matches(opt, "details"))
			ip.details = true;
		else if (ip_matches(opt, "oneline"))
			ip.oneline = true;
		else if (strlen(opt) > 1 && ip_matches(opt, "brief"))
			ip.brief = true;
		else if (strcmp(opt, "4") == 0)
			ip.inet_only = true;
		else
			return sh_fail(sh, 255, "Option \"%s\" is unknown, try \"ip -help\".\n",
				       sh->words[i]);
	}
	if (i == sh->n)
		return ip_usage(sh);
	for (unsigned k = 0; k < sizeof(objects) / sizeof(objects[0]); k++)
		if (ip_matches(sh->words[i], objects[k].name)) {
			ip.argv = sh->words + i + 1;
			ip.argc = sh->n - i - 1;
			return objects[k].run(&ip);
		}
	return sh_fail(sh, 1, "Object \"%s\" is unknown, try \"ip help\".\n", sh->words[i]);
}
