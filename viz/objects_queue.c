/* Queues of packets: a head and its packets in order, each leading to the next. */
#include <stdio.h>
#include <string.h>

#include "viz/objects_draw.h"

#define MAX_QUEUES 12 /* that are drawn */
#define MAX_QUEUED 6  /* packets of a queue that are drawn */
#define HEAD_WIDTH 24
#define SKB_WIDTH 22
#define GAP 5

/* How the packets hang together. */
static const char *kind_of(const char *queue)
{
	if (strcmp(queue, "tcp_rtx_queue") == 0 || strcmp(queue, "out_of_order_queue") == 0)
		return "rb_root";
	return strcmp(queue, "sk_backlog") == 0 ? "sk_backlog" : "sk_buff_head";
}

/* Rings and packets on their way are no queues. */
static bool is_queue(const char *in)
{
	return strcmp(in, "tx ring") != 0 && strcmp(in, "rx ring") != 0 && strcmp(in, "frag_list") != 0 &&
	       strcmp(in, "elsewhere") != 0;
}

static bool same_queue(const struct drawing *d, const struct snap_rec *a, const struct snap_rec *b)
{
	return strcmp(str(d, a, "in"), str(d, b, "in")) == 0 && num(d, a, "sock") == num(d, b, "sock") &&
	       strcmp(str(d, a, "of_dev"), str(d, b, "of_dev")) == 0;
}

static void draw_head(const struct drawing *d, const struct snap_rec *first, int64_t len)
{
	int y = d->y;
	board_box(d->b, 0, y, HEAD_WIDTH, 5, PIC_TRANSPORT, NULL);
	board_text(d->b, 2, y + 1, PIC_TRANSPORT, PIC_BOLD, "%s", kind_of(str(d, first, "in")));
	if (num(d, first, "sock"))
		board_text(d->b, 2, y + 2, PIC_TRANSPORT, 0, "of sock %lld",
			   (long long)num(d, first, "sock"));
	else if (*str(d, first, "of_dev"))
		board_text(d->b, 2, y + 2, PIC_TRANSPORT, 0, "of %s", str(d, first, "of_dev"));
	board_text(d->b, 2, y + 3, PIC_TRANSPORT, 0, "packets %lld", (long long)len);
}

static void draw_packet(const struct drawing *d, const struct snap_rec *skb, int x, bool list)
{
	int y = d->y;
	bool tcp = num(d, skb, "end_seq");
	const struct pic_point p[] = { { x - GAP, y + 2 }, { x - 1, y + 2 } };
	const struct pic_point both[] = { { x - GAP + 1, y + 2 }, { x - 1, y + 2 } };
	board_box(d->b, x, y, SKB_WIDTH, 5, PIC_SKB, NULL);
	board_text(d->b, x + 2, y + 1, PIC_SKB, PIC_BOLD, "sk_buff %lld", (long long)num(d, skb, "id"));
	board_text(d->b, x + 2, y + 2, PIC_SKB, 0, "len %lld", (long long)num(d, skb, "len"));
	if (tcp)
		board_text(d->b, x + 2, y + 3, PIC_SKB, 0, "seq %lld", (long long)num(d, skb, "seq"));
	else
		board_text(d->b, x + 2, y + 3, PIC_SKB, 0, "packet %lld", (long long)num(d, skb, "packet"));
	board_line(d->b, list ? both : p, 2, PIC_NORMAL, list ? PIC_ARROW | PIC_ARROW_BACK : PIC_ARROW);
}

/* From the first packet on; returns the last one of the queue. */
static const struct snap_rec *draw_queue(struct drawing *d, const struct snap_rec *first)
{
	const struct snap_rec *skb = first, *last = first;
	bool list = strcmp(kind_of(str(d, first, "in")), "sk_buff_head") == 0;
	int x = HEAD_WIDTH - 1 + GAP;
	int64_t n = 0;
	board_text(d->b, 0, d->y, PIC_NORMAL, 0, "%s", str(d, first, "in"));
	d->y++;
	for (; skb && same_queue(d, first, skb); skb = next(d, skb, "skb")) {
		last = skb;
		if (++n > MAX_QUEUED)
			continue;
		draw_packet(d, skb, x, list);
		x += SKB_WIDTH - 1 + GAP;
	}
	draw_head(d, first, n);
	if (list && n <= MAX_QUEUED) { /* the last one leads back to the head */
		const struct pic_point p[] = { { x - GAP - SKB_WIDTH / 2, d->y + 5 },
					       { x - GAP - SKB_WIDTH / 2, d->y + 6 },
					       { HEAD_WIDTH / 2, d->y + 6 },
					       { HEAD_WIDTH / 2, d->y + 5 } };
		board_line(d->b, p, 4, PIC_NORMAL, PIC_ARROW | PIC_ARROW_BACK);
		d->y++;
	}
	if (n > MAX_QUEUED)
		board_text(d->b, x - GAP + 2, d->y + 2, PIC_NORMAL, 0, "... %lld more",
			   (long long)(n - MAX_QUEUED));
	d->y += 7;
	return last;
}

/* Is it a queue of the sock with that trace id (0: of anybody)? */
static bool belongs_to(const struct drawing *d, const struct snap_rec *skb, int64_t id)
{
	const struct snap_rec *sock;
	if (!id)
		return true;
	sock = num(d, skb, "sock") ? snap_find(d->s, d->host, "sock", "id", num(d, skb, "sock")) : NULL;
	return sock && num(d, sock, "trace_id") == id;
}

bool objects_queues(struct drawing *d, int64_t id)
{
	const struct snap_rec *skb = NULL;
	int drawn = 0;
	while (drawn < MAX_QUEUES && (skb = next(d, skb, "skb"))) {
		if (!is_queue(str(d, skb, "in")) || !belongs_to(d, skb, id))
			continue;
		if (!drawn++) {
			board_text(d->b, 0, d->y, PIC_NORMAL, PIC_BOLD, "%s: queues", d->name);
			d->y += 2;
		}
		skb = draw_queue(d, skb);
	}
	if (drawn == MAX_QUEUES) {
		board_text(d->b, 0, d->y, PIC_NORMAL, 0,
			   "... and maybe more; --object socket:ID draws those of one");
		d->y += 2;
	}
	return drawn;
}
