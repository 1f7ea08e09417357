/* Network devices: each with its queueing discipline and rings at the right, and the neighbours that it
 * reaches. */
#include <stdio.h>
#include <string.h>

#include "viz/objects_draw.h"

#define DEV_WIDTH 30
#define PART_WIDTH 34
#define GAP 6
#define MAX_PARTS 12 /* boxes right of a device */

/* Boxes right of a device, one below the other, and the rows in which its arrows arrive. */
struct parts {
	const struct drawing *d;
	int x, y, row[MAX_PARTS], n;
};

/* Opens a box of `lines` lines; the row of the first one, or -1 when there are too many. */
static int open_part(struct parts *p, int lines, enum pic_class cls, const char *tip)
{
	if (p->n == MAX_PARTS)
		return -1;
	int y = p->y;
	board_box(p->d->b, p->x, y, PART_WIDTH, lines + 2, cls, tip);
	p->row[p->n++] = y + 1;
	p->y += lines + 2;
	return y + 1;
}

static void add_qdisc(struct parts *p, const struct snap_rec *dev)
{
	const struct drawing *d = p->d;
	if (!*str(d, dev, "qdisc"))
		return;
	int y = open_part(p, 2, PIC_INTERFACE, "struct Qdisc: what waits between the stack and the driver");
	board_text(d->b, p->x + 2, y, PIC_INTERFACE, PIC_BOLD, "qdisc %s", str(d, dev, "qdisc"));
	board_text(d->b, p->x + 2, y + 1, PIC_INTERFACE, 0, "%lld packets, %lld bytes%s",
		   (long long)num(d, dev, "qlen"), (long long)num(d, dev, "backlog"),
		   num(d, dev, "stopped") ? ", stopped" : "");
}

static void add_rings(struct parts *p, const char *dev)
{
	const struct drawing *d = p->d;
	const struct snap_rec *ring = NULL;
	while ((ring = next(d, ring, "ring"))) {
		int64_t n = num(d, ring, "entries"), used = num(d, ring, "next") - num(d, ring, "clean");
		bool tx = strcmp(str(d, ring, "dir"), "tx") == 0;
		if (strcmp(str(d, ring, "dev"), dev) != 0 || p->n == MAX_PARTS)
			continue;
		int y = open_part(p, 2, PIC_CARD, "descriptors that driver and card share: --object ring");
		board_text(d->b, p->x + 2, y, PIC_CARD, PIC_BOLD, "%s ring of %lld",
			   tx ? "transmit" : "receive", (long long)n);
		if (tx)
			board_text(d->b, p->x + 2, y + 1, PIC_CARD, 0, "%lld in use",
				   (long long)(used < 0 ? used + n : used));
		else
			board_text(d->b, p->x + 2, y + 1, PIC_CARD, 0, "driver looks at %lld",
				   (long long)num(d, ring, "next"));
	}
}

static void add_neighbours(struct parts *p, const char *dev)
{
	const struct drawing *d = p->d;
	const struct snap_rec *n = NULL;
	while ((n = next(d, n, "neighbour"))) {
		if (strcmp(str(d, n, "dev"), dev) != 0 || p->n == MAX_PARTS)
			continue;
		int y = open_part(p, 3, PIC_INTERNET,
				  "struct neighbour: the hardware address of an IPv4 address");
		board_text(d->b, p->x + 2, y, PIC_INTERNET, PIC_BOLD, "neighbour %s", str(d, n, "ip"));
		board_text(d->b, p->x + 2, y + 1, PIC_INTERNET, 0, "%s",
			   *str(d, n, "address") ? str(d, n, "address") : "address not known");
		board_text(d->b, p->x + 2, y + 2, PIC_INTERNET, 0, "%s", str(d, n, "state"));
		if (num(d, n, "queued"))
			board_text(d->b, p->x + PART_WIDTH - 3, y + 2, PIC_INTERNET, PIC_END, "%lld wait",
				   (long long)num(d, n, "queued"));
	}
}

static void draw_device(struct drawing *d, const struct snap_rec *dev)
{
	const char *name = str(d, dev, "name");
	struct parts p = { .d = d, .x = DEV_WIDTH + GAP, .y = d->y };
	int y = d->y;
	board_box(d->b, 0, y, DEV_WIDTH, 6, PIC_INTERFACE, "struct net_device");
	board_text(d->b, 2, y + 1, PIC_INTERFACE, PIC_BOLD, "net_device %s", name);
	board_text(d->b, DEV_WIDTH - 3, y + 1, PIC_INTERFACE, PIC_END, "%s",
		   num(d, dev, "up") ? "up" : "down");
	board_text(d->b, 2, y + 2, PIC_INTERFACE, 0, "ifindex  %lld", (long long)num(d, dev, "ifindex"));
	board_text(d->b, 2, y + 3, PIC_INTERFACE, 0, "address  %s", str(d, dev, "address"));
	board_text(d->b, 2, y + 4, PIC_INTERFACE, 0, "mtu      %lld", (long long)num(d, dev, "mtu"));
	add_qdisc(&p, dev);
	add_rings(&p, name);
	add_neighbours(&p, name);
	for (int i = 0; i < p.n; i++) {
		struct pic_point way[] = { { DEV_WIDTH - 1, y + 1 },
					   { DEV_WIDTH + 2, y + 1 },
					   { DEV_WIDTH + 2, p.row[i] },
					   { p.x - 1, p.row[i] } };
		board_line(d->b, way, 4, PIC_NORMAL, PIC_ARROW);
	}
	d->y = (p.y > y + 6 ? p.y : y + 6) + 1;
}

bool objects_devices(struct drawing *d)
{
	const struct snap_rec *dev = next(d, NULL, "device");
	bool any = dev;
	if (any) {
		board_text(d->b, 0, d->y, PIC_NORMAL, PIC_BOLD, "%s: devices", d->name);
		d->y += 2;
	}
	for (; dev; dev = next(d, dev, "device"))
		draw_device(d, dev);
	d->y += any;
	return any;
}
