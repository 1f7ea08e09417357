/* Which objects of which snapshot are drawn, one below the other. */
#include "viz/objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "viz/objects_draw.h"

enum wanted { WANT_SKB = 1, WANT_RING = 2, WANT_SOCKET = 4 };

/* Takes "skb:3" or "ring:eth0" apart; 0 when it is neither. */
static unsigned parse_object(const char *object, int64_t *skb, const char **dev)
{
	const char *colon = strchr(object, ':');
	size_t n = colon ? (size_t)(colon - object) : strlen(object);
	char *end;
	*skb = 0;
	*dev = NULL;
	if (strncmp(object, "skb", n) == 0 && n == 3) {
		if (colon)
			*skb = strtoll(colon + 1, &end, 10);
		return !colon || (*skb > 0 && !*end) ? WANT_SKB : 0;
	}
	if (strncmp(object, "ring", n) == 0 && n == 4) {
		*dev = colon ? colon + 1 : NULL;
		return WANT_RING;
	}
	if (colon)
		return 0;
	return strcmp(object, "socket") == 0 ? WANT_SOCKET
	       : strcmp(object, "all") == 0  ? WANT_SOCKET | WANT_SKB | WANT_RING
					     : 0;
}

/* The snapshot of a moment's name, or of a number; -1 with a message. */
static int64_t find_snapshot(const struct viz_snapshots *s, const char *at, char *err, unsigned errlen)
{
	char *end;
	if (!at)
		return 0;
	for (uint32_t i = 0; i < s->nr_heads; i++)
		if (strcmp(s->heads[i].moment, at) == 0)
			return i;
	unsigned long long nr = strtoull(at, &end, 10);
	if (!*end && nr >= 1 && nr <= s->nr_heads)
		return (int64_t)nr - 1;
	int n = snprintf(err, errlen, "there is no snapshot '%s'; there %s", at,
			 s->nr_heads == 1 ? "is" : "are");
	for (uint32_t i = 0; i < s->nr_heads && n >= 0 && n < (int)errlen; i++)
		n += snprintf(err + n, errlen - (unsigned)n, "%s %u: %s", i ? "," : "", i + 1,
			      s->heads[i].moment);
	return -1;
}

/* What a host is drawn for by itself. */
static bool draw_host(struct drawing *d, unsigned wanted, int64_t skb, const char *dev)
{
	const struct snap_rec *hand = next(d, NULL, "at_hand");
	bool any = false;
	if (wanted & WANT_SOCKET)
		any |= objects_queues(d);
	if (wanted & WANT_SKB) {
		int y = d->y;
		d->y += 2;
		bool found = objects_skbs(d, skb ? skb : hand ? num(d, hand, "skb") : 0);
		if (found)
			board_text(d->b, 0, y, PIC_NORMAL, PIC_BOLD, "%s: packets", d->name);
		else
			d->y = y;
		any |= found;
	}
	if (wanted & WANT_RING)
		any |= objects_rings(d, dev);
	return any;
}

/* The hosts of the snapshot, or the one of that name. */
static unsigned find_hosts(const struct viz_snapshots *s, const char *only, uint32_t *hosts)
{
	unsigned n = 0;
	for (uint32_t i = 0; i < s->nr_recs; i++)
		if (strcmp(s->recs[i].is, "host") == 0 &&
		    (!only || strcmp(only, snap_str(s, &s->recs[i], "name")) == 0))
			hosts[n++] = i;
	return n;
}

/* Sockets of all hosts, then what each host has; of packets and rings, only those of the host whose call it
 * is. */
static bool draw_hosts(struct drawing *d, const uint32_t *hosts, unsigned n, const char *called,
		       unsigned wanted, int64_t skb, const char *dev)
{
	bool any = wanted & WANT_SOCKET && objects_sockets(d, hosts, n);
	for (unsigned i = 0; i < n; i++) {
		d->host = hosts[i];
		d->name = snap_str(d->s, &d->s->recs[hosts[i]], "name");
		any |= draw_host(
			d, !*called || strcmp(called, d->name) == 0 || n == 1 ? wanted : wanted & WANT_SOCKET,
			skb, dev);
	}
	return any;
}

static void describe(const struct viz_snapshots *s, uint32_t nr, char *title, unsigned len)
{
	const struct snap_head *h = &s->heads[nr];
	int n = snprintf(title, len, "snapshot %u of %u, %s: at %llu.%06llu ms", nr + 1, s->nr_heads,
			 h->moment, (unsigned long long)(h->time / 1000000),
			 (unsigned long long)(h->time % 1000000));
	if (*h->function && n > 0 && (unsigned)n < len)
		snprintf(title + n, len - (unsigned)n, ", %s enters %s in %s%s%s", h->host, h->function,
			 h->context, *h->task ? " " : "", strcmp(h->context, "task") == 0 ? h->task : "");
}

struct board *viz_objects(struct viz_snapshots *s, const struct viz_objects_options *opt, char *title,
			  unsigned titlelen, char *err, unsigned errlen)
{
	int64_t skb, nr = find_snapshot(s, opt->at, err, errlen);
	const char *dev;
	unsigned n, wanted = parse_object(opt->object, &skb, &dev);
	uint32_t *hosts = NULL;
	struct board *b = NULL;
	if (nr < 0)
		return NULL;
	if (!wanted) {
		snprintf(err, errlen,
			 "there is no object '%s': use skb, skb:N, ring, ring:DEV, socket or all",
			 opt->object);
		return NULL;
	}
	if (viz_snapshot_load(s, (uint32_t)nr, err, errlen) < 0)
		return NULL;
	describe(s, (uint32_t)nr, title, titlelen);
	snprintf(err, errlen, "no memory");
	if (!(hosts = calloc(s->nr_recs, sizeof(*hosts))) || !(b = board_new()))
		goto out;
	struct drawing d = { .b = b, .s = s };
	n = find_hosts(s, opt->host, hosts);
	if (n && draw_hosts(&d, hosts, n, s->heads[nr].host, wanted, skb, dev))
		goto out;
	if (n && strcmp(opt->object, "all") == 0)
		snprintf(err, errlen, "there is nothing to draw in %s", s->heads[nr].moment);
	else
		snprintf(err, errlen, "there is no %s%s%s in %s", n ? opt->object : "host '",
			 n ? "" : opt->host, n ? "" : "'", s->heads[nr].moment);
	board_free(b);
	b = NULL;
out:
	free(hosts);
	return b;
}
