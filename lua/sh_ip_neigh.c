/*
 * ip neigh:
 *
 *	ip [-s] neigh [show [ADDR|PREFIX] [dev DEV] [nud STATE]]; get ADDR dev DEV
 *	ip neigh flush [all] [ADDR|PREFIX] [dev DEV] [nud STATE]
 *	ip neigh add|change|replace ADDR [lladdr MAC] dev DEV [nud STATE] [use]; del ADDR dev DEV
 *	ip neigh add|del proxy ADDR [dev DEV]; ip neigh show proxy
 */
#include <arpa/inet.h>
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
	return false;
}

/* What the words of `ip neigh` select or set. */
struct neigh_words {
	struct ip *ip;
	uint32_t addr;
	int plen;
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
		if (strcmp(word, "all") == 0)
			continue;
		if (!sh_prefix(word, &w->addr, &w->plen))
			return ip_bad_prefix(ip, word);
		w->has_addr = true;
	}
	return 0;
}

/* Has the entry the address and the device that were asked for? */
static bool neigh_selected(const struct neigh_words *w, const struct neighbour *n)
{
	return (!w->has_addr || !((n->primary_key ^ w->addr) & inet_make_mask(w->plen))) &&
	       (!w->dev || strcmp(w->dev, n->dev->name) == 0);
}

static void neigh_print(struct neighbour *n, void *cookie)
{
	const struct neigh_words *w = cookie;
	struct sh *sh = w->ip->sh;
	unsigned long now = jiffies(n->host);
	uint8_t states = w->has_state ? w->state : (uint8_t)~NUD_NOARP;
	bool none = w->has_state && (w->state == NUD_NONE || w->state == 0xff); /* NONE, too */
	if (!neigh_selected(w, n) || !(n->nud_state ? (n->nud_state & states) : none))
		return;
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

static int neigh_get(struct neigh_words *w)
{
	struct host *host = w->ip->sh->host;
	struct net_device *dev = w->dev ? __dev_get_by_name(host->net, w->dev) : NULL;
	if (!w->has_addr || !dev)
		return sh_fail(w->ip->sh, 1, "Device and address are required arguments.\n");
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

static int neigh_flush_some(const struct neigh_words *w)
{
	struct host *host = w->ip->sh->host;
	for (;;) {
		struct neigh_flush f = { .w = w };
		neigh_for_each(arp_tbl(host->net), neigh_find, &f);
		if (!f.found || ip_neigh_del(host, f.dev, f.addr))
			return 0;
	}
}

int ip_neigh(struct ip *ip)
{
	static const char *const changes[] = { "add", "change", "replace", "delete" };
	const char *what = ip->argc ? ip->argv[0] : "show";
	struct neigh_words w = { .ip = ip };
	bool change = false, flush = ip_matches(what, "flush"), get = strcmp(what, "get") == 0;
	for (unsigned i = 0; i < 4; i++)
		change |= ip_matches(what, changes[i]);
	if (!change && !flush && !get && !ip_matches(what, "show") && !ip_matches(what, "list"))
		return ip_unknown(ip, "neigh", what);
	if (flush && ip->argc < 2)
		return sh_fail(ip->sh, 1, "Flush requires arguments.\n");
	int bad = neigh_parse(ip, 1, &w);
	if (bad)
		return bad;
	if (w.dev && !ip_find_dev(ip, w.dev))
		return 1;
	if (change)
		return neigh_change(&w, what);
	if (get)
		return neigh_get(&w);
	if (!flush)
		return neigh_show(&w);
	if (w.has_addr || w.has_state)
		return neigh_flush_some(&w);
	ip_neigh_flush(ip->sh->host, w.dev);
	return 0;
}
