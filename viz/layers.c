/* Finds what stands in the picture of layers, and counts the ways between. */
#include "viz/layers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "viz/layers_parts.h"
#include "viz/near.h"

/* Functions that have a box when they are called; programs' calls (sys_*) join them. */
static const struct station known[] = {
	{ "inet_stream_connect", "", ROW_SOCKET, LANE_DOWN, 0 },
	{ "tcp_sendmsg", "", ROW_SOCKET, LANE_DOWN, 0 },
	{ "udp_sendmsg", "", ROW_SOCKET, LANE_DOWN, 0 },
	{ "packet_sendmsg", "", ROW_SOCKET, LANE_DOWN, 0 },
	{ "tcp_close", "", ROW_SOCKET, LANE_DOWN, 0 },
	{ "inet_csk_accept", "take a connection from queue", ROW_SOCKET, LANE_UP, 0 },
	{ "tcp_recvmsg", "get data from queue", ROW_SOCKET, LANE_UP, 0 },
	{ "udp_recvmsg", "get data from queue", ROW_SOCKET, LANE_UP, 0 },
	{ "packet_recvmsg", "get frame from queue", ROW_SOCKET, LANE_UP, 0 },
	{ "tcp_write_timer_handler", "", ROW_SEGMENT, LANE_DOWN, 0 },
	{ "tcp_delack_timer_handler", "", ROW_SEGMENT, LANE_DOWN, 0 },
	{ "__tcp_transmit_skb", "", ROW_SEGMENT, LANE_DOWN, 0 },
	{ "tcp_v4_rcv", "put data onto queue", ROW_SEGMENT, LANE_UP, 0 },
	{ "udp_rcv", "put data onto queue", ROW_SEGMENT, LANE_UP, 0 },
	{ "ping_v4_sendmsg", "", ROW_INET_TOP, LANE_DOWN, 0 },
	{ "raw_sendmsg", "", ROW_INET_TOP, LANE_DOWN, 0 },
	{ "ping_recvmsg", "get answer from queue", ROW_INET_TOP, LANE_UP, 0 },
	{ "raw_recvmsg", "get packet from queue", ROW_INET_TOP, LANE_UP, 0 },
	{ "icmp_rcv", "", ROW_INET_MID, LANE_UP, 0 },
	{ "igmp_rcv", "", ROW_INET_MID, LANE_UP, 0 },
	{ "ip_queue_xmit", "", ROW_INET_MID, LANE_DOWN, 0 },
	{ "ip_send_skb", "", ROW_INET_MID, LANE_DOWN, 0 },
	{ "ip_forward", "", ROW_INET_MID, LANE_ACROSS, 0 },
	{ "ip_output", "", ROW_INET_LOW, LANE_DOWN, 0 },
	{ "ip_mc_output", "", ROW_INET_LOW, LANE_DOWN, 0 },
	{ "arp_xmit", "", ROW_INET_LOW, LANE_DOWN, 0 },
	{ "ip_rcv", "", ROW_INET_LOW, LANE_UP, 0 },
	{ "arp_rcv", "", ROW_INET_LOW, LANE_UP, 0 },
	{ "packet_rcv", "put frame onto queue", ROW_INET_LOW, LANE_UP, 0 },
	{ "dev_queue_xmit", "", ROW_DEVICE, LANE_DOWN, 0 },
	{ "netif_receive_skb", "", ROW_DEVICE, LANE_UP, 0 },
	{ "netif_rx", "put frame onto backlog", ROW_DEVICE, LANE_UP, 0 },
	{ "ftgmac100_hard_start_xmit", "", ROW_DRIVER, LANE_DOWN, 0 },
	{ "pio_start_xmit", "", ROW_DRIVER, LANE_DOWN, 0 },
	{ "loopback_xmit", "", ROW_DRIVER, LANE_DOWN, 0 },
	{ "process_backlog", "", ROW_DRIVER, LANE_UP, 0 },
	{ "ftgmac100_poll", "", ROW_DRIVER, LANE_UP, 0 },
	{ "ftgmac100_interrupt", "", ROW_INTERRUPT, LANE_UP, 0 },
	{ "pio_interrupt", "", ROW_INTERRUPT, LANE_UP, 0 },
};
#define NR_KNOWN (sizeof(known) / sizeof(known[0]))
#define CARD_SENDS NR_KNOWN
#define CARD_RECEIVES (NR_KNOWN + 1)

struct put {
	uint32_t packet, node;
	unsigned station;
};

struct count {
	const struct forest *f;
	const struct layers_options *opt;
	uint32_t host;
	const struct forest_host *fh;
	uint8_t *station; /* by rank: index + 1 of the function's station; 0 none */
	uint8_t *keep;	  /* by node, when a packet was chosen */
	struct stations *to;
	struct put *put; /* packets that were put onto queues */
	uint32_t nr_put;
};

static const struct forest_node *at(const struct count *c, uint32_t i)
{
	return &c->fh->nodes[i];
}

static void add_way(struct count *c, unsigned from, unsigned to, bool later)
{
	struct stations *s = c->to;
	for (unsigned i = 0; i < s->nr_ways; i++)
		if (s->ways[i].from == from && s->ways[i].to == to && s->ways[i].later == later) {
			s->ways[i].count++;
			return;
		}
	if (s->nr_ways < MAX_WAYS)
		s->ways[s->nr_ways++] = (struct way){ (uint8_t)from, (uint8_t)to, later, 1 };
}

/* The station of node i or of the nearest call above it, +1; 0 none. */
static unsigned nearest(const struct count *c, uint32_t i)
{
	for (; i && at(c, i)->kind != NODE_IRQ; i = at(c, i)->parent)
		if (at(c, i)->kind == NODE_CALL && c->station[at(c, i)->fn])
			return c->station[at(c, i)->fn];
	return 0;
}

/* The first station in what a call does, itself included, +1; 0 none. */
static unsigned first_below(const struct count *c, uint32_t i)
{
	if (at(c, i)->kind != NODE_CALL)
		return 0;
	unsigned s = c->station[at(c, i)->fn];
	for (uint32_t k = at(c, i)->first; k && !s; k = at(c, k)->next)
		s = first_below(c, k);
	return s;
}

static bool wanted(const struct count *c, uint32_t i)
{
	uint64_t time = at(c, i)->time;
	return time >= c->opt->from && (!c->opt->to || time <= c->opt->to) && (!c->keep || c->keep[i]);
}

/* A softirq was raised by one station and served by another. */
static void count_softirq(struct count *c, uint32_t i)
{
	const struct forest_hop *hop = at(c, i)->obj == FOREST_NONE ? NULL : &c->f->hops[at(c, i)->obj];
	if (!hop || hop->kind != HOP_SOFTIRQ || !hop->in || hop->in_host != c->host)
		return;
	unsigned from = nearest(c, at(c, i)->parent), to = 0;
	for (uint32_t k = at(c, hop->in)->next; k && !to && at(c, k)->kind != NODE_IN; k = at(c, k)->next)
		to = first_below(c, k);
	if (from && to && c->to->at[to - 1].row == ROW_DRIVER)
		add_way(c, from - 1, to - 1, true);
}

static bool about_chosen(const struct count *c, const struct forest_hop *hop)
{
	return !c->opt->packet || hop->about == c->opt->packet;
}

/* Frames and interrupts: what passes between the driver and the card. */
static void count_card(struct count *c, uint32_t i)
{
	const struct forest_hop *hop = at(c, i)->obj == FOREST_NONE ? NULL : &c->f->hops[at(c, i)->obj];
	uint64_t time = at(c, i)->time;
	if (!hop || time < c->opt->from || (c->opt->to && time > c->opt->to))
		return;
	bool out = at(c, i)->kind == NODE_OUT;
	if (hop->kind == HOP_FRAME && about_chosen(c, hop)) {
		c->to->at[out ? CARD_SENDS : CARD_RECEIVES].count++;
		unsigned from = out ? nearest(c, at(c, i)->parent) : 0;
		if (from)
			add_way(c, from - 1, CARD_SENDS, false);
	} else if (hop->kind == HOP_IRQ && !out && !c->opt->packet) {
		unsigned to = 0;
		for (uint32_t k = at(c, i)->next; k && !to; k = at(c, k)->next)
			to = first_below(c, k);
		if (to)
			add_way(c, CARD_RECEIVES, to - 1, true);
	}
}

static void count_node(struct count *c, uint32_t i)
{
	const struct forest_node *n = at(c, i);
	if (n->kind == NODE_OUT || n->kind == NODE_IN)
		count_card(c, i);
	if (n->kind == NODE_OUT && (!c->keep || c->keep[n->parent]))
		count_softirq(c, i);
	if (n->kind != NODE_CALL || !c->station[n->fn] || !wanted(c, i))
		return;
	unsigned to = c->station[n->fn], from = n->parent ? nearest(c, n->parent) : 0;
	const struct station *s = &c->to->at[to - 1];
	c->to->at[to - 1].count++;
	if (from && from != to)
		add_way(c, from - 1, to - 1, false);
	if (s->lane == LANE_UP &&
	    (s->row == ROW_SEGMENT || s->row == ROW_INET_MID || s->row == ROW_INET_LOW) &&
	    n->about == ABOUT_PACKET)
		c->put[c->nr_put++] = (struct put){ n->obj, i, to - 1 };
}

static int by_packet(const void *a, const void *b)
{
	const struct put *x = a, *y = b;
	if (x->packet != y->packet)
		return x->packet < y->packet ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

/* Whether one puts onto the queue that the other takes from. */
static bool share_queue(const char *puts, const char *takes)
{
	static const char *const pairs[][2] = { { "tcp_v4_rcv", "tcp_recvmsg" },
						{ "udp_rcv", "udp_recvmsg" },
						{ "packet_rcv", "packet_recvmsg" },
						{ "icmp_rcv", "ping_recvmsg" },
						{ "ip_rcv", "raw_recvmsg" } };
	for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (strcmp(pairs[i][0], puts) == 0 && strcmp(pairs[i][1], takes) == 0)
			return true;
	return false;
}

/* Packets that one station put onto a queue and another took off it: an entry for each. */
static void count_queues(struct count *c)
{
	uint32_t n = 0, taken = 0;
	struct put *put = c->put;
	qsort(put, c->nr_put, sizeof(*put), by_packet);
	for (uint32_t k = 0; k < c->fh->nr_packets; k++) {
		const struct forest_about_entry *e = &c->fh->packets[k];
		unsigned s = nearest(c, e->node);
		if (!s || !strstr(c->to->at[s - 1].name, "recvmsg") || !wanted(c, e->node) || taken == e->obj)
			continue;
		while (n < c->nr_put && put[n].packet < e->obj)
			n++;
		for (uint32_t i = n; i < c->nr_put && put[i].packet == e->obj && taken != e->obj; i++)
			if (put[i].node < e->node &&
			    share_queue(c->to->at[put[i].station].name, c->to->at[s - 1].name)) {
				taken = e->obj;
				add_way(c, put[i].station, s - 1, true);
			}
	}
}

/* ---- hosts ---- */

/* Stations for the functions of this run: the known ones, and programs' calls. */
static void set_stations(struct count *c)
{
	struct stations *s = c->to;
	memcpy(s->at, known, sizeof(known));
	s->at[CARD_SENDS] = (struct station){ "card: to the wire", "", ROW_CARD, LANE_DOWN, 0 };
	s->at[CARD_RECEIVES] = (struct station){ "card: from the wire", "", ROW_CARD, LANE_UP, 0 };
	s->n = NR_KNOWN + 2;
	for (uint32_t r = 0; r < c->f->t->nr_fns; r++) {
		const struct viz_fn *fn = &c->f->t->fns[r];
		if (fn->kind != TRACE_FN_FUNCTION)
			continue;
		for (unsigned i = 0; i < NR_KNOWN; i++)
			if (strcmp(known[i].name, fn->name) == 0)
				c->station[r] = (uint8_t)(i + 1);
		if (strncmp(fn->name, "sys_", 4) != 0 || s->n == MAX_STATIONS)
			continue;
		bool up = strncmp(fn->name, "sys_read", 8) == 0 || strncmp(fn->name, "sys_recv", 8) == 0 ||
			  strncmp(fn->name, "sys_accept", 10) == 0;
		s->at[s->n] = (struct station){ fn->name, "", ROW_CALL, up ? LANE_UP : LANE_DOWN, 0 };
		c->station[r] = (uint8_t)++s->n;
	}
}

/* Whether a packet is shown: what handles it, and the way there. */
static void keep_packet(struct count *c)
{
	uint32_t n;
	const struct forest_about_entry *e =
		forest_about(c->fh->packets, c->fh->nr_packets, c->opt->packet, &n);
	for (; n > 0; e++, n--)
		for (uint32_t i = e->node; i && !c->keep[i]; i = at(c, i)->parent)
			c->keep[i] = 1;
	for (uint32_t i = 1; i < c->fh->n; i++) { /* and what is called about it further down */
		const struct forest_node *up = at(c, at(c, i)->parent);
		if (at(c, i)->kind == NODE_CALL && up->about == ABOUT_PACKET && up->obj == c->opt->packet)
			c->keep[i] = 1;
	}
}

static int draw_host(struct count *c, struct board *b, int *row)
{
	const struct viz_trace *t = c->f->t;
	int rc = -1;
	struct stations *s = c->to = calloc(1, sizeof(*s));
	c->fh = &c->f->hosts[c->host];
	c->nr_put = 0;
	c->station = calloc(t->nr_fns + 1, sizeof(*c->station));
	c->put = malloc((c->fh->n + 1) * sizeof(*c->put));
	c->keep = c->opt->packet ? calloc(c->fh->n + 1, 1) : NULL;
	if (s && c->station && c->put && (c->keep || !c->opt->packet)) {
		set_stations(c);
		if (c->keep)
			keep_packet(c);
		for (uint32_t i = 1; i < c->fh->n; i++)
			count_node(c, i);
		count_queues(c);
		for (unsigned i = 0; i < 2; i++) {
			struct station *card = &s->at[CARD_SENDS + i];
			snprintf(s->card[i], sizeof(s->card[i]), "%" PRIu32 " frame%s", card->count,
				 card->count == 1 ? "" : "s");
			card->what = s->card[i];
		}
		if (s->nr_ways)
			*row = layers_draw(b, s, *row, t->hosts[c->host].name);
		rc = 0;
	}
	free(s);
	free(c->station);
	free(c->put);
	free(c->keep);
	return rc;
}

struct board *viz_layers(const struct viz_trace *t, const struct layers_options *opt, char *err,
			 unsigned errlen)
{
	struct forest f;
	struct near near = { .word = opt->host ? opt->host : "" };
	struct board *b = board_new();
	struct count c = { .f = &f, .opt = opt };
	int row = 0, rc = b ? forest_build(&f, t) : -1;
	for (c.host = 0; c.host < t->nr_hosts && rc == 0; c.host++) {
		const char *name = t->hosts[c.host].name;
		if (name)
			near_try(&near, name);
		if (name && (!opt->host || strcmp(opt->host, name) == 0))
			rc = draw_host(&c, b, &row);
		if (rc < 0)
			forest_free(&f);
	}
	if (b && rc == 0)
		forest_free(&f);
	if (b && rc == 0 && row)
		return b;
	if (rc < 0)
		snprintf(err, errlen, "no memory");
	else if (opt->host && viz_host_index(t, opt->host) < 0) {
		snprintf(err, errlen, "there is no host '%s' in the trace", opt->host);
		near_say(&near, err, errlen);
	} else
		snprintf(err, errlen, "nothing passed the layers%s%s%s", opt->host ? " of " : "",
			 opt->host ? opt->host : "",
			 opt->packet || opt->from || opt->to ? " with that choice" : "");
	board_free(b);
	return NULL;
}
