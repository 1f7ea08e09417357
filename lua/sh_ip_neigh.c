/*
 * ip neigh:
 *
 *	ip [-s] neigh [show [ADDR|PREFIX] [dev DEV] [nud STATE]]; get ADDR dev DEV
 *	ip neigh flush [all] [ADDR|PREFIX] [dev DEV] [nud STATE]
 *	ip neigh add|change|replace ADDR [lladdr MAC] dev DEV [nud STATE] [use]; del ADDR dev DEV
 *	ip neigh add|del proxy ADDR [dev DEV]; ip neigh show proxy
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "lua/sh_ip.h"
#include "stack/internet/devinet.h"
#include "stack/internet/neighbour.h"

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
	char *end;
	long n = strtol(word, &end, 0); /* as a number of the kernel's */
	*state = (uint8_t)n;
	return end != word && !*end && n >= 0 && n <= 255;
}

/* What the words of `ip neigh` select or set. */
struct neigh_words {
	struct ip *ip;
	uint32_t addr;
	int plen;
	const char *dev;
	uint8_t state;
	const char *lladdr;
	bool show, nobody, unused, none; /* the words are a selection; no entry has what is asked for; nobody
					  * uses it; those in state NONE, too */
	bool has_addr, has_state, proxy, use;
};

/* A word that has a value. */
static int neigh_value(struct neigh_words *w, const char *word, const char *value)
{
	struct ip *ip = w->ip;
	uint8_t state;
	if (strcmp(word, "dev") == 0) {
		w->dev = value;
	} else if (strcmp(word, "lladdr") == 0) {
		w->lladdr = value;
	} else if (strcmp(word, "vrf") == 0) {
		return ip_bad_value(ip, value, "Not a valid VRF name");
	} else if (strcmp(word, "master") == 0) {
		w->nobody = true;
	} else {
		if (!nud_state(value, &state))
			return sh_fail(ip->sh, 255, "Error: argument \"%s\" is wrong: nud state is bad\n",
				       value);
		w->state |= state;
		w->none |= state == NUD_NONE || state == 0xff;
		w->has_state = true;
	}
	return 0;
}

/* The words from `i` on. 0, or the status of a mistake. */
static int neigh_parse(struct ip *ip, int i, struct neigh_words *w)
{
	static const char *const keys[] = { "dev", "nud", "lladdr", "vrf", "master", NULL };
	for (; i < ip->argc; i++) {
		const char *word = ip->argv[i], *value;
		int k = sh_find(keys, word), bad;
		if (keys[k]) {
			if (!(value = ip_next(ip, &i)))
				return ip_incomplete(ip);
			if ((bad = neigh_value(w, word, value)))
				return bad;
			continue;
		}
		if (strcmp(word, "proxy") == 0 || strcmp(word, "use") == 0) {
			w->proxy |= word[0] == 'p';
			w->use |= word[0] == 'u';
			continue;
		}
		if (w->show && (strcmp(word, "unused") == 0 || strcmp(word, "nomaster") == 0)) {
			w->unused |= word[0] == 'u';
			continue;
		}
		if (strcmp(word, "to") == 0 && !(word = ip_next(ip, &i)))
			return ip_incomplete(ip);
		if (w->show && strcmp(word, "all") == 0)
			continue;
		if (w->has_addr && !w->show)
			return ip_garbage(ip, "to", word);
		if (!sh_prefix(word, &w->addr, &w->plen) || (!w->show && strchr(word, '/')))
			return w->show ? ip_bad_prefix(ip, word)
				       : sh_fail(ip->sh, 1,
						 "Error: any valid address is expected rather than \"%s\".\n",
						 word);
		w->has_addr = true;
	}
	return 0;
}

/* Has the entry the address and the device that were asked for? */
static bool neigh_selected(const struct neigh_words *w, const struct neighbour *n)
{
	return !w->nobody && (!w->unused || n->refcnt <= 1) &&
	       (!w->has_addr || !((n->primary_key ^ w->addr) & inet_make_mask(w->plen))) &&
	       (!w->dev || strcmp(w->dev, n->dev->name) == 0);
}

static void neigh_print(struct neighbour *n, void *cookie)
{
	const struct neigh_words *w = cookie;
	struct sh *sh = w->ip->sh;
	unsigned long now = jiffies(n->host);
	uint8_t states = w->has_state ? w->state : (uint8_t)~NUD_NOARP;
	bool none = w->none;
	if (!neigh_selected(w, n) || !(n->nud_state ? (n->nud_state & states) : none))
		return;
	if (w->ip->brief) {
		sh_say(sh, "%-39s ", sh_ip(n->primary_key).s);
		if (!w->dev)
			sh_say(sh, "%-16s ", n->dev->name);
		sh_say(sh, "%s \n", n->nud_state & NUD_VALID ? sh_mac_text(n->ha).s : "");
		return;
	}
	sh_say(sh, "%s ", sh_ip(n->primary_key).s);
	if (!w->dev)
		sh_say(sh, "dev %s ", n->dev->name);
	if (n->nud_state & NUD_VALID)
		sh_say(sh, "lladdr %s ", sh_mac_text(n->ha).s);
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
	uint8_t mac[6];
	int bytes = w->lladdr ? sh_mac_bytes(w->lladdr, mac) : 6;
	if (!w->has_addr || (!w->dev && !w->proxy))
		return sh_fail(ip->sh, 255, "Device and destination are required arguments.\n");
	if (w->dev && !ip_find_dev(ip, w->dev))
		return 1;
	if (bytes < 0)
		return sh_fail(ip->sh, 1, "\"%s\" is invalid lladdr.\n", w->lladdr);
	if (bytes < 6)
		return sh_fail(ip->sh, 2, "Error: Invalid link address.\n");
	const struct ip_neigh_spec spec = { .dev = w->dev,
					    .addr = w->addr,
					    .lladdr = w->lladdr ? mac : NULL,
					    .state = w->has_state ? w->state : NUD_PERMANENT,
					    .flags = w->use ? NTF_USE : 0,
					    .create = what[0] != 'c',
					    .replace = what[0] != 'a' };
	if (w->proxy)
		return ip_answer(ip, del ? ip_neigh_del_proxy(host, w->dev, w->addr)
					 : ip_neigh_add_proxy(host, w->dev, w->addr));
	return ip_answer(ip, del ? ip_neigh_del(host, w->dev, w->addr) : ip_neigh_add_spec(host, &spec));
}

struct proxy_search {
	struct neigh_words *w;
	bool found;
};

static void proxy_find(const struct pneigh_entry *n, void *cookie)
{
	struct proxy_search *p = cookie;
	if (n->key != p->w->addr || !n->dev || strcmp(n->dev->name, p->w->dev) != 0 || p->found)
		return;
	p->found = true;
	proxy_print(n, p->w);
}

static int neigh_get(struct neigh_words *w)
{
	struct host *host = w->ip->sh->host;
	struct net_device *dev = w->dev ? __dev_get_by_name(host->net, w->dev) : NULL;
	if (!w->has_addr || !dev)
		return sh_fail(w->ip->sh, 1, "Device and address are required arguments.\n");
	struct proxy_search proxy = { .w = w };
	if (w->proxy)
		pneigh_for_each(arp_tbl(host->net), proxy_find, &proxy);
	if (w->proxy)
		return proxy.found ? 0 : sh_fail(w->ip->sh, 2, "Error: Proxy neighbour entry not found.\n");
	struct neighbour *n = neigh_lookup(arp_tbl(host->net), &w->addr, dev);
	if (!n)
		return sh_fail(w->ip->sh, 2, "Error: Neighbour entry not found.\n");
	w->dev = NULL; /* it is said */
	neigh_print(n, w);
	neigh_release(n);
	return 0;
}

/* The entries that a flush selects; removing one changes the table. */
struct neigh_flush {
	const struct neigh_words *w;
	const char *dev;
	uint32_t addr;
	bool found;
};

static void neigh_find(struct neighbour *n, void *cookie)
{
	struct neigh_flush *f = cookie;
	const struct neigh_words *w = f->w;
	uint8_t states = w->has_state ? w->state : (uint8_t) ~(NUD_PERMANENT | NUD_NOARP);
	if (f->found || !(n->nud_state & states) || n->nud_state & NUD_FAILED || !neigh_selected(w, n))
		return;
	*f = (struct neigh_flush){ .w = w, .dev = n->dev->name, .addr = n->primary_key, .found = true };
}

struct neigh_count {
	const struct neigh_words *w;
	int n;
};

static void neigh_count(struct neighbour *n, void *cookie)
{
	struct neigh_count *c = cookie;
	c->n += neigh_selected(c->w, n) && !(n->nud_state & (NUD_PERMANENT | NUD_NOARP));
}

static int neigh_flush(const struct neigh_words *w)
{
	struct host *host = w->ip->sh->host;
	int n = 0;
	bool everybody = !w->has_addr && !w->has_state && !w->unused && !w->nobody;
	if (everybody) {
		struct neigh_count c = { .w = w };
		neigh_for_each(arp_tbl(host->net), neigh_count, &c);
		n = c.n;
		ip_neigh_flush(host, w->dev);
	}
	for (; !everybody; n++) {
		struct neigh_flush f = { .w = w };
		neigh_for_each(arp_tbl(host->net), neigh_find, &f);
		if (!f.found || ip_neigh_del(host, f.dev, f.addr))
			break;
	}
	ip_say_flush(w->ip, n, "entries");
	return 0;
}

int ip_neigh(struct ip *ip)
{
	static const char *const changes[] = { "add", "change", "chg", "replace", "delete" };
	const char *what = ip->argc ? ip->argv[0] : "show";
	struct neigh_words w = { .ip = ip };
	bool change = false, flush = ip_matches(what, "flush"), get = strcmp(what, "get") == 0;
	for (unsigned i = 0; i < 5; i++)
		change |= ip_matches(what, changes[i]);
	w.show = flush || ip_matches(what, "show") || ip_matches(what, "list") || ip_matches(what, "lst");
	if (ip_matches(what, "help"))
		return sh_fail(
			ip->sh, 255,
			"Usage: ip neigh { add | del | change | replace } ADDR [ lladdr MAC ] dev DEV\n"
			"                [ nud STATE ] [ use ]\n"
			"       ip neigh { add | del } proxy ADDR [ dev DEV ]\n"
			"       ip neigh { show | flush } [ proxy ] [ to PREFIX ] [ dev DEV ] [ nud STATE ]\n"
			"       ip neigh get { ADDR | proxy ADDR } dev DEV\n");
	if (!change && !get && !w.show)
		return ip_unknown(ip, "neigh", what);
	if (flush && ip->argc < 2)
		return sh_fail(ip->sh, 1, "Flush requires arguments.\n");
	int bad = neigh_parse(ip, 1, &w);
	if (bad)
		return bad;
	if (change)
		return neigh_change(&w, what);
	if (w.dev && !ip_find_dev(ip, w.dev))
		return 1;
	return get ? neigh_get(&w) : flush ? neigh_flush(&w) : neigh_show(&w);
}
