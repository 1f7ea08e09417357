/* Captures inside a host: a packet_type for all frames that writes what it is given to a file. */
#include "lua/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/host.h"
#include "core/pcapng.h"
#include "core/sim.h"
#include "stack/interface/etherdevice.h"

#define TAP_MAX_FRAME 65600 /* the largest packet before it is cut, with its link header */

struct tap {
	struct packet_type pt;
	struct host *host;
	struct pcapng *file;
	char dev[16]; /* "": any */
	bool failed;
	struct tap *next;
	unsigned char frame[TAP_MAX_FRAME];
};

static int tap_rcv(struct sk_buff *skb, struct net_device *dev, struct packet_type *pt,
		   struct net_device *orig_dev)
{
	struct tap *t = container_of(pt, struct tap, pt);
	bool out = skb->pkt_type == PACKET_OUTGOING;
	int offset = (int)(skb_mac_header(skb) - skb->data); /* below 0 for what came in */
	unsigned len = (unsigned)((int)skb->len - offset);
	char comment[40];

	(void)orig_dev;
	if (*t->dev && strcmp(dev->name, t->dev) != 0)
		goto out;
	if (len > sizeof(t->frame))
		len = sizeof(t->frame);
	snprintf(comment, sizeof(comment), "packet %llu", (unsigned long long)skb->journey);
	if (skb_copy_bits(skb, offset, t->frame, (int)len) ||
	    !pcapng_packet(t->file, 0, t->host->sim->now, out ? PCAPNG_OUT : PCAPNG_IN, skb->journey,
			   t->frame, len, (unsigned)((int)skb->len - offset), comment))
		t->failed = true;
out:
	consume_skb(skb);
	return 0;
}

struct tap *tap_open(struct host *host, const char *dev, const char *dir, char *err, unsigned errlen)
{
	bool any = strcmp(dev, "any") == 0;
	char path[4400], name[64];
	struct tap *t;

	if (!any && !__dev_get_by_name(host->net, dev)) {
		snprintf(err, errlen, "%s has no device '%s'", host->name, dev);
		return NULL;
	}
	t = calloc(1, sizeof(*t));
	if (!t) {
		snprintf(err, errlen, "no memory for a capture");
		return NULL;
	}
	snprintf(path, sizeof(path), "%s/%s.%s.tap.pcapng", dir, host->name, dev);
	snprintf(name, sizeof(name), "%s/%s tap", host->name, dev);
	t->file = pcapng_create(path, err, errlen);
	if (!t->file || pcapng_add_interface(t->file, name, 0) < 0) {
		pcapng_close(t->file);
		free(t);
		return NULL;
	}
	if (!any)
		snprintf(t->dev, sizeof(t->dev), "%s", dev);
	t->host = host;
	t->pt.type = htons(ETH_P_ALL);
	t->pt.func = tap_rcv;
	dev_add_pack(host->net, &t->pt);
	return t;
}

struct tap *tap_push(struct tap *tap, struct tap *first)
{
	tap->next = first;
	return tap;
}

bool tap_close_all(struct tap *first)
{
	bool ok = true;

	while (first) {
		struct tap *t = first;

		first = t->next;
		dev_remove_pack(t->host->net, &t->pt);
		ok &= pcapng_close(t->file) && !t->failed;
		free(t);
	}
	return ok;
}
