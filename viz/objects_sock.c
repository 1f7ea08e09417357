/*
 * Files and sockets, as the documents draw them: a chain from descriptor to file, socket, sock and port for
 * each socket, the hash tables that find socks and ports at their left. Hosts stand side by side where there
 * is room; the two ends of a connection are joined.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "viz/objects_draw.h"

#define MAX_CHAINS 4   /* side by side */
#define MAX_BANDS 3    /* of chains of a host, one below the other */
#define MAX_ENTRIES 16 /* of the tables of a band */
#define MAX_ENDS 32    /* connections' ends that may be joined */
#define MAX_LINES 16   /* in a sock's box */
#define CHAIN_WIDTH 42
#define SOCK_WIDTH 38
#define TABLE_WIDTH 34
#define NR_WIDTH 15
#define ENTRY_AT 2 /* columns of a box in which a table's arrow arrives, ... */
#define LINK_AT 6  /* ... the line of the chain leaves, ... */
#define PEER_AT 28 /* ... and the other end's arrives */

struct chain {
	const struct snap_rec *sock, *socket, *file, *port;
	char fds[CHAIN_WIDTH - 5]; /* what its box has room for */
	char lines[MAX_LINES][SOCK_WIDTH - 3];
	int nr_lines, x;
};

struct band {
	struct chain chain[MAX_CHAINS];
	int nr_chains, height; /* of the sock boxes */
};

/* Entries of tables that have an arrow to a chain. */
struct entries {
	int row[MAX_ENTRIES], chain[MAX_ENTRIES], n;
};

/* Where a connection's sock was drawn. */
struct end {
	const char *local, *remote;
	int x, y;
};

struct layout {
	struct drawing *d;
	struct end ends[MAX_ENDS];
	int nr_ends;
	bool crowded; /* lines between ends would run through other boxes */
};

/* ---- what a sock's box says ---- */

static void say(struct chain *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct chain *c, const char *fmt, ...)
{
	va_list ap;
	if (c->nr_lines == MAX_LINES)
		return;
	va_start(ap, fmt);
	vsnprintf(c->lines[c->nr_lines++], sizeof(c->lines[0]), fmt, ap);
	va_end(ap);
}

static void say_queues(const struct drawing *d, struct chain *c)
{
	const struct snap_rec *skb = NULL;
	const char *name = "";
	int64_t id = num(d, c->sock, "id"), n = 0;
	while ((skb = next(d, skb, "skb"))) {
		if (num(d, skb, "sock") != id)
			continue;
		if (n && strcmp(name, str(d, skb, "in")) != 0) {
			say(c, "%-19s %lld", name, (long long)n);
			n = 0;
		}
		name = str(d, skb, "in");
		n++;
	}
	if (n)
		say(c, "%-19s %lld", name, (long long)n);
}

static void say_sock(const struct drawing *d, struct chain *c)
{
	const struct snap_rec *sk = c->sock, *w = NULL;
	if (*str(d, sk, "local")) {
		say(c, "local   %s", str(d, sk, "local"));
		say(c, "remote  %s", str(d, sk, "remote"));
	}
	say(c, "refcnt  %lld, trace id %lld", (long long)num(d, sk, "refcnt"),
	    (long long)num(d, sk, "trace_id"));
	if (strcmp(str(d, sk, "kind"), "sock") != 0)
		return;
	say(c, "rmem    %lld of %lld", (long long)num(d, sk, "rmem_alloc"), (long long)num(d, sk, "rcvbuf"));
	say(c, "wmem    %lld of %lld", (long long)num(d, sk, "wmem_queued"), (long long)num(d, sk, "sndbuf"));
	say(c, "below   %lld, spare %lld", (long long)num(d, sk, "wmem_alloc") - 1,
	    (long long)num(d, sk, "forward_alloc"));
	if (*str(d, sk, "dst_dev"))
		say(c, "route   by %s", str(d, sk, "dst_dev"));
	if (num(d, sk, "owned"))
		say(c, "locked by a task");
	if (num(d, sk, "max_ack_backlog"))
		say(c, "backlog %lld of %lld", (long long)num(d, sk, "ack_backlog"),
		    (long long)num(d, sk, "max_ack_backlog"));
	while ((w = next(d, w, "waiting")))
		if (num(d, w, "listener") == num(d, sk, "id"))
			say(c, "sock %lld waits for accept()", (long long)num(d, w, "sock"));
	say_queues(d, c);
}

/* ---- finding chains ---- */

/* "fd 3, 5 of client (3)" */
static void find_fds(const struct drawing *d, struct chain *c)
{
	const struct snap_rec *fd = NULL, *task;
	size_t n = 0;
	int64_t pid = 0;
	while (n < sizeof(c->fds) && (fd = next(d, fd, "fd"))) {
		if (num(d, fd, "file") != num(d, c->file, "id"))
			continue;
		n += (size_t)snprintf(c->fds + n, sizeof(c->fds) - n, "%s %lld", n ? "," : "fd",
				      (long long)num(d, fd, "fd"));
		pid = num(d, fd, "pid");
	}
	if (n && n < sizeof(c->fds) && (task = snap_find(d->s, d->host, "task", "pid", pid)))
		snprintf(c->fds + n, sizeof(c->fds) - n, " of %s (pid %lld)", str(d, task, "name"),
			 (long long)pid);
}

static void find_chain(const struct drawing *d, struct chain *c, const struct snap_rec *sock)
{
	const struct snap_rec *owner = NULL;
	int64_t id = num(d, sock, "id");
	memset(c, 0, sizeof(*c));
	c->sock = sock;
	c->socket = snap_find(d->s, d->host, "socket", "sock", id);
	c->file = c->socket ? snap_find(d->s, d->host, "file", "socket", num(d, c->socket, "id")) : NULL;
	if (c->file)
		find_fds(d, c);
	while (!c->port && (owner = next(d, owner, "owner")))
		if (num(d, owner, "sock") == id)
			c->port = snap_find(d->s, d->host, "port", "port", num(d, owner, "port"));
	say_sock(d, c);
}

/* ---- one chain ---- */

static void draw_link(const struct drawing *d, int x, int from, int to)
{
	const struct pic_point p[] = { { x + LINK_AT, from }, { x + LINK_AT, to } };
	board_line(d->b, p, 2, PIC_NORMAL, 0);
}

static void draw_upper(const struct drawing *d, const struct chain *c, int y, int sock_y)
{
	int x = c->x;
	if (*c->fds) {
		board_box(d->b, x, y, (int)strlen(c->fds) + 4, 3, PIC_TASK,
			  "descriptors of the program: struct fdtable");
		board_text(d->b, x + 2, y + 1, PIC_TASK, 0, "%s", c->fds);
		draw_link(d, x, y + 2, y + 4);
	}
	if (c->file) {
		board_box(d->b, x + 2, y + 4, 8, 3, PIC_APPLICATION, "struct file");
		board_text(d->b, x + 4, y + 5, PIC_APPLICATION, 0, "file");
		board_text(d->b, x + 11, y + 5, PIC_NORMAL, 0, "f_op = %s", str(d, c->file, "f_op"));
		board_text(d->b, x + 11, y + 6, PIC_NORMAL, 0, "f_count = %lld",
			   (long long)num(d, c->file, "f_count"));
		draw_link(d, x, y + 6, y + 8);
	}
	if (c->socket) {
		board_box(d->b, x + 1, y + 8, 10, 3, PIC_APPLICATION, "struct socket: the program's view");
		board_text(d->b, x + 3, y + 9, PIC_APPLICATION, 0, "socket");
		board_text(d->b, x + 12, y + 9, PIC_NORMAL, 0, "ops = %s", str(d, c->socket, "ops"));
		board_text(d->b, x + 12, y + 10, PIC_NORMAL, 0, "%s", str(d, c->socket, "state"));
		draw_link(d, x, y + 10, sock_y);
	}
}

static void draw_sock(const struct drawing *d, const struct chain *c, int y, int height)
{
	bool hand = false;
	const struct snap_rec *at = next(d, NULL, "at_hand");
	hand = at && num(d, at, "sock") == num(d, c->sock, "id");
	enum pic_class cls = hand ? PIC_STRONG : PIC_TRANSPORT;
	board_box(d->b, c->x, y, SOCK_WIDTH, height, cls, "struct sock: the protocol's end point");
	board_text(d->b, c->x + 2, y + 1, cls, PIC_BOLD, "%s %lld", str(d, c->sock, "kind"),
		   (long long)num(d, c->sock, "id"));
	board_text(d->b, c->x + SOCK_WIDTH - 3, y + 1, cls, PIC_END, "%s", str(d, c->sock, "state"));
	for (int i = 0; i < c->nr_lines; i++)
		board_text(d->b, c->x + 2, y + 2 + i, cls, 0, "%s", c->lines[i]);
	if (c->socket)
		board_text(d->b, c->x + LINK_AT + 2, y - 1, PIC_NORMAL, 0, "proto = %s",
			   str(d, c->sock, "prot"));
}

/* The chain under which a port's box is drawn: its first owner. */
static const struct chain *holder_of(const struct band *bd, const struct snap_rec *port)
{
	int i = 0;
	while (bd->chain[i].port != port)
		i++;
	return &bd->chain[i];
}

/* The port, or, when it is drawn already, a line to it from below. */
static void draw_port(const struct drawing *d, const struct band *bd, const struct chain *c, int sock_end,
		      int y)
{
	const struct chain *holder = c->port ? holder_of(bd, c->port) : NULL;
	if (!holder)
		return;
	if (holder != c) {
		const struct pic_point p[] = { { c->x + LINK_AT, sock_end },
					       { c->x + LINK_AT, y + 4 },
					       { holder->x + LINK_AT, y + 4 },
					       { holder->x + LINK_AT, y + 2 } };
		board_line(d->b, p, 4, PIC_NORMAL, 0);
		return;
	}
	draw_link(d, c->x, sock_end, y);
	board_box(d->b, c->x, y, 16, 3, PIC_NORMAL, "struct inet_bind_bucket: a port in use");
	board_text(d->b, c->x + 2, y + 1, PIC_NORMAL, 0, "port %lld", (long long)num(d, c->port, "port"));
}

/* ---- tables ---- */

/* A row of a table: buckets from..to, or one that holds something. */
static int draw_bucket(const struct drawing *d, int x, int y, int64_t from, int64_t to, const char *what)
{
	enum pic_class cls = *what ? PIC_NORMAL : PIC_DIM;
	if (from > to)
		return y;
	board_box(d->b, x, y, NR_WIDTH, 3, cls, NULL);
	board_text(d->b, x + 2, y + 1, cls, 0, from == to ? "%lld" : "%lld..%lld", (long long)from,
		   (long long)to);
	board_box(d->b, x + NR_WIDTH - 1, y, TABLE_WIDTH - NR_WIDTH + 1, 3, cls, NULL);
	board_text(d->b, x + NR_WIDTH + 1, y + 1, cls, 0, "%s", what);
	return y + 2;
}

/* The first entry of a table from a bucket on (after `last`) that leads to one of the chains; its index, or
 * -1. */
static const struct snap_rec *next_entry(const struct drawing *d, const struct band *bd,
					 const struct snap_rec *last, const char *table, int *chain)
{
	bool ports = strcmp(table, "bhash") == 0;
	while ((last = next(d, last, ports ? "port" : "hashed"))) {
		if (!ports && strcmp(str(d, last, "table"), table) != 0)
			continue;
		for (*chain = 0; *chain < bd->nr_chains; ++*chain) {
			const struct chain *c = &bd->chain[*chain];
			if (ports ? c->port == last : num(d, c->sock, "id") == num(d, last, "sock"))
				return last;
		}
	}
	return NULL;
}

/* Draws a table's used buckets and what is between them; returns the row below. Entries come bucket by
 * bucket. */
static int draw_table(const struct drawing *d, const struct band *bd, const char *name, int x, int y,
		      struct entries *e)
{
	const struct snap_rec *table = NULL, *entry = NULL;
	int64_t bucket = 0;
	int chain;
	char what[32];
	while ((table = next(d, table, "table")) && strcmp(str(d, table, "name"), name) != 0)
		;
	if (!table || !(entry = next_entry(d, bd, NULL, name, &chain)))
		return y;
	board_text(d->b, x, y++, PIC_NORMAL, PIC_BOLD, "hash table %s", name);
	for (; entry; entry = next_entry(d, bd, entry, name, &chain)) {
		bool port = strcmp(entry->is, "port") == 0;
		int64_t at = num(d, entry, "bucket");
		y = draw_bucket(d, x, y, bucket, at - 1, "");
		snprintf(what, sizeof(what), port ? "port %lld" : "sock %lld",
			 (long long)num(d, entry, port ? "port" : "sock"));
		if (e->n < MAX_ENTRIES) {
			e->row[e->n] = y + 1;
			e->chain[e->n++] = chain;
		}
		y = draw_bucket(d, x, y, at, at, what);
		bucket = at + 1;
	}
	y = draw_bucket(d, x, y, bucket, num(d, table, "buckets") - 1, "");
	return y + 2;
}

/* Arrows from the entries to their chains: each on a row of its own from `track` on, then down to row `to`.
 */
static void draw_entries(const struct drawing *d, const struct band *bd, const struct entries *e, int x,
			 int track, int to)
{
	int tracks[MAX_ENTRIES], start = x + board_route_width((unsigned)e->n);
	for (int i = 0; i < e->n; i++) {
		int column = bd->chain[e->chain[i]].x + ENTRY_AT;
		struct pic_point p[] = { { start, track + i }, { column, track + i }, { column, to - 1 } };
		tracks[i] = track + i;
		board_line(d->b, p, 3, PIC_NORMAL, PIC_ARROW);
	}
	board_route(d->b, x, e->row, start, tracks, (unsigned)e->n, PIC_NORMAL, 0);
}

/* ---- a host ---- */

static void note_end(struct layout *l, const struct chain *c, int y)
{
	const struct drawing *d = l->d;
	const char *remote = str(d, c->sock, "remote");
	if (l->nr_ends == MAX_ENDS || strcmp(remote, "0.0.0.0:0") == 0 || !*remote)
		return;
	l->ends[l->nr_ends++] = (struct end){ str(d, c->sock, "local"), remote, c->x + PEER_AT, y };
}

/* Draws a band at (x, y); returns the row below. */
static int draw_band(struct layout *l, struct band *bd, int x, int y)
{
	static const char *const socks[] = { "ehash",		"lhash2",     "udp_table",
					     "raw_v4_hashinfo", "ping_table", "packet.sklist" };
	const struct drawing *d = l->d;
	struct entries upper = { .n = 0 }, lower = { .n = 0 };
	int table_y = y, left = 0;
	for (unsigned i = 0; i < sizeof(socks) / sizeof(socks[0]); i++)
		table_y = draw_table(d, bd, socks[i], x, table_y, &upper);
	int sock_y = y + 13 + upper.n, sock_end = sock_y + bd->height - 1;
	table_y = draw_table(d, bd, "bhash", x, table_y > sock_y ? table_y : sock_y, &lower);
	int port_y = sock_end + 3 + lower.n, most = upper.n > lower.n ? upper.n : lower.n;
	if (most)
		left = TABLE_WIDTH + board_route_width((unsigned)most);
	for (int i = 0; i < bd->nr_chains; i++) {
		struct chain *c = &bd->chain[i];
		c->x = x + left + i * CHAIN_WIDTH;
		draw_upper(d, c, y, sock_y);
		draw_sock(d, c, sock_y, bd->height);
		draw_port(d, bd, c, sock_end, port_y);
		note_end(l, c, sock_end + 1);
	}
	draw_entries(d, bd, &upper, x + TABLE_WIDTH - 1, y + 11, sock_y);
	draw_entries(d, bd, &lower, x + TABLE_WIDTH - 1, sock_end + 2, port_y);
	return (table_y > port_y + 5 ? table_y : port_y + 5) + 1;
}

/* The sockets of one host (`id`: that one) at column `x`; returns the column right of them, `*bottom` the row
 * below. */
static int draw_host(struct layout *l, int x, int64_t id, int *bottom)
{
	const struct drawing *d = l->d;
	const struct snap_rec *sock = NULL;
	struct band bd = { .nr_chains = 0 };
	int y = d->y, bands = 0, width = 0, left_out = 0;
	for (bool more = true; more;) {
		while (bd.nr_chains < MAX_CHAINS && (more = (sock = next(d, sock, "sock")))) {
			struct chain *c = &bd.chain[bd.nr_chains];
			if (id ? num(d, sock, "trace_id") != id : num(d, sock, "kernel"))
				continue;
			if (bands == MAX_BANDS) {
				left_out++;
				continue;
			}
			find_chain(d, c, sock);
			bd.height = c->nr_lines + 3 > bd.height ? c->nr_lines + 3 : bd.height;
			bd.nr_chains++;
		}
		if (!bd.nr_chains)
			break;
		if (!bands++)
			board_text(d->b, x, y - 2, PIC_NORMAL, PIC_BOLD, "%s", d->name);
		y = draw_band(l, &bd, x, y);
		int right = bd.chain[bd.nr_chains - 1].x + CHAIN_WIDTH - x;
		width = right > width ? right : width;
		bd = (struct band){ .nr_chains = 0 };
	}
	if (left_out) {
		board_text(d->b, x, y, PIC_NORMAL, 0,
			   "... and %d more sockets; --object socket:ID draws one, by its trace id",
			   left_out);
		y += 2;
	}
	l->crowded |= bands > 1;
	*bottom = y > *bottom ? y : *bottom;
	return bands ? x + width + 4 : x;
}

/* Joins the two ends of connections by lines below all. */
static int draw_peers(struct layout *l, int y)
{
	for (int i = 0; i < l->nr_ends && !l->crowded; i++)
		for (int k = i + 1; k < l->nr_ends; k++) {
			const struct end *a = &l->ends[i], *b = &l->ends[k];
			struct pic_point p[] = { { a->x, a->y }, { a->x, y }, { b->x, y }, { b->x, b->y } };
			if (strcmp(a->local, b->remote) != 0 || strcmp(a->remote, b->local) != 0)
				continue;
			board_line(l->d->b, p, 4, PIC_WIRE, PIC_ARROW | PIC_ARROW_BACK);
			y++;
		}
	return y;
}

bool objects_sockets(struct drawing *d, const uint32_t *hosts, unsigned n, int64_t id)
{
	struct layout l = { .d = d, .crowded = n > OBJECTS_SIDE_BY_SIDE };
	int x = 0, bottom = d->y;
	bool any = false;
	d->y += 2;
	for (unsigned i = 0; i < n; i++) {
		d->host = hosts[i];
		d->name = snap_str(d->s, &d->s->recs[hosts[i]], "name");
		int right = draw_host(&l, x, id, &bottom);
		any |= right > x;
		x = right;
		if (n > OBJECTS_SIDE_BY_SIDE) {
			x = 0;
			d->y = bottom + 2;
		}
	}
	bottom = draw_peers(&l, bottom - 1);
	d->y = any ? bottom + 2 : d->y - 2;
	return any;
}
