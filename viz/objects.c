/* Which objects of which snapshot are drawn, one below the other. */
#include "viz/objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "viz/objects_draw.h"

enum wanted { WANT_SKB = 1, WANT_RING = 2, WANT_SOCKET = 4, WANT_QUEUE = 8, WANT_DEVICE = 16 };

/* What was asked for. */
struct wish {
	unsigned what;	   /* enum wanted */
	int64_t skb, sock; /* of that number, of that trace id; 0: all */
	const char *dev;   /* NULL: all */
};

/* Takes "skb:3", "ring:eth0", "socket:2" or "queue:2" apart; false when it is none of them. */
static bool parse_object(const char *object, struct wish *w)
{
	const char *colon = strchr(object, ':');
	size_t n = colon ? (size_t)(colon - object) : strlen(object);
	char *end;
	long long number = colon ? strtoll(colon + 1, &end, 10) : 0;
	bool good = !colon || (number > 0 && !*end);
	*w = (struct wish){ 0 };
	if (n == 3 && strncmp(object, "skb", n) == 0) {
		w->what = WANT_SKB;
		w->skb = number;
		return good;
	}
	if (n == 6 && strncmp(object, "socket", n) == 0) {
		w->what = WANT_SOCKET | WANT_QUEUE;
		w->sock = number;
		return good;
	}
	if (n == 5 && strncmp(object, "queue", n) == 0) {
		w->what = WANT_QUEUE;
		w->sock = number;
		return good;
	}
	if (n == 4 && strncmp(object, "ring", n) == 0) {
		w->what = WANT_RING;
		w->dev = colon ? colon + 1 : NULL;
		return true;
	}
	if (strcmp(object, "device") == 0) {
		w->what = WANT_DEVICE;
		return true;
	}
	w->what = WANT_SOCKET | WANT_QUEUE | WANT_SKB | WANT_DEVICE | WANT_RING;
	return strcmp(object, "all") == 0;
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
static bool draw_host(struct drawing *d, const struct wish *w, unsigned what)
{
	const struct snap_rec *hand = next(d, NULL, "at_hand");
	bool any = false;
	if (what & WANT_QUEUE)
		any |= objects_queues(d, w->sock);
	if (what & WANT_SKB) {
		int y = d->y;
		d->y += 2;
		bool found = objects_skbs(d, w->skb ? w->skb : hand ? num(d, hand, "skb") : 0);
		if (found)
			board_text(d->b, 0, y, PIC_NORMAL, PIC_BOLD, "%s: packets", d->name);
		else
			d->y = y;
		any |= found;
	}
	if (what & WANT_DEVICE)
		any |= objects_devices(d);
	if (what & WANT_RING)
		any |= objects_rings(d, w->dev);
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
		       const struct wish *w)
{
	bool any = w->what & WANT_SOCKET && objects_sockets(d, hosts, n, w->sock);
	for (unsigned i = 0; i < n; i++) {
		d->host = hosts[i];
		d->name = snap_str(d->s, &d->s->recs[hosts[i]], "name");
		bool whole = !*called || strcmp(called, d->name) == 0 || n == 1;
		any |= draw_host(d, w, whole ? w->what : w->what & WANT_QUEUE);
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
	int64_t nr = find_snapshot(s, opt->at, err, errlen);
	struct wish wish;
	unsigned n;
	uint32_t *hosts = NULL;
	struct board *b = NULL;
	if (nr < 0)
		return NULL;
	if (!parse_object(opt->object, &wish)) {
		snprintf(err, errlen,
			 "there is no object '%s': use skb, skb:N, ring, ring:DEV, socket, socket:ID, queue, "
			 "queue:ID, device or all",
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
	if (n && draw_hosts(&d, hosts, n, s->heads[nr].host, &wish))
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
