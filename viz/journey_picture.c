/*
 * Journeys as pictures: the stations from top to bottom, those of a host in one frame, the wires between
 * them; below, where the time went.
 */
#include <string.h>

#include "viz/journey.h"
#include "viz/ladder.h"

#define ROW 22
#define TIME_RIGHT 84
#define TAKES_RIGHT 190
#define LINE_X 208
#define CONTEXT_X 236
#define LAYER_X 356
#define WHAT_X 462
#define NAME_RIGHT 420 /* of the summary */
#define BAR_X 560
#define BAR_WIDTH 460

static const enum pic_class part_class[PARTS] = {
	[PART_APPLICATION] = PIC_APPLICATION,
	[PART_TRANSPORT] = PIC_TRANSPORT,
	[PART_INTERNET] = PIC_INTERNET,
	[PART_INTERFACE] = PIC_INTERFACE,
	[PART_OTHER] = PIC_KERNEL,
	[PART_SEND_QUEUE] = PIC_TRANSPORT,
	[PART_NEIGHBOUR] = PIC_INTERNET,
	[PART_QDISC] = PIC_INTERFACE,
	[PART_TX_RING] = PIC_CARD,
	[PART_WIRE_QUEUE] = PIC_WIRE,
	[PART_SERIALISATION] = PIC_WIRE,
	[PART_PROPAGATION] = PIC_WIRE,
	[PART_RX_RING] = PIC_CARD,
	[PART_SOFTIRQ] = PIC_SOFTIRQ,
	[PART_REASSEMBLY] = PIC_INTERNET,
	[PART_RECV_QUEUE] = PIC_TRANSPORT,
	[PART_LOST] = PIC_DROP,
};

static enum pic_class context_class(const struct journey_step *s)
{
	return strncmp(s->context, "task", 4) == 0   ? PIC_TASK
	       : strncmp(s->context, "card", 4) == 0 ? PIC_CARD
	       : strcmp(s->context, "softirq") == 0  ? PIC_SOFTIRQ
	       : strcmp(s->context, "irq") == 0	     ? PIC_IRQ
						     : PIC_NORMAL;
}

/* What the box beside a step says, where it is no layer. */
static const char *box_text(enum journey_part part)
{
	const char *layer = journey_layer(part);
	return *layer ? layer : part == PART_OTHER ? "" : part == PART_LOST ? "lost" : "waits";
}

static void put_step(struct picture *p, const struct journey_step *s, int y)
{
	char when[32], took[32];
	bool takes = s->to > s->from, wire = s->peer != VIZ_NOBODY;
	enum pic_class cls = part_class[s->part];
	ladder_time(s->from, when, sizeof(when));
	ladder_span(s->to - s->from, took, sizeof(took));
	picture_text(p, TIME_RIGHT, y + 4, PIC_GRID, PIC_SMALL | PIC_END, "%s", when);
	if (takes)
		picture_text(p, TAKES_RIGHT, y + 4, PIC_NORMAL, PIC_SMALL | PIC_END | PIC_BOLD, "+%s", took);
	picture_box(p, LINE_X - 4, y - 4, 9, 9, cls, PIC_ROUND | (takes ? PIC_SOLID : 0));
	if (wire) {
		picture_text(p, CONTEXT_X, y + 4, PIC_WIRE, PIC_SMALL, "%s", s->what);
		return;
	}
	picture_text(p, CONTEXT_X, y + 4, context_class(s), PIC_SMALL, "%s", s->context);
	if (*box_text(s->part)) {
		picture_box(p, LAYER_X, y - 8, 96, 16, cls, PIC_ROUND);
		picture_text(p, LAYER_X + 48, y + 4, cls, PIC_SMALL | PIC_MIDDLE, "%s", box_text(s->part));
	}
	picture_text(p, WHAT_X, y + 4, cls, PIC_SMALL, "%s", s->what);
}

/* Steps `from` to before `to`, all at one place, in a frame with its name. Returns where the next begins. */
static int put_place(struct picture *p, const struct journey *j, uint32_t from, uint32_t to, int y)
{
	const struct journey_step *s = &j->steps[from];
	char where[96];
	int rows = (int)(to - from), width = 0;
	bool wire = s->peer != VIZ_NOBODY,
	     is_switch = s->host < j->t->nr_hosts && j->t->hosts[s->host].is_switch;
	journey_where(j, s, where, sizeof(where));
	for (uint32_t i = from; i < to; i++) {
		int w = (wire ? CONTEXT_X : WHAT_X) + picture_text_width(j->steps[i].what, PIC_SMALL);
		width = w > width ? w : width;
	}
	if (!wire)
		picture_box(p, LINE_X + 16, y, width - LINE_X, rows * ROW + 26,
			    is_switch ? PIC_WIRE : PIC_NORMAL, PIC_ROUND);
	picture_text(p, CONTEXT_X, y + 17, wire ? PIC_WIRE : PIC_NORMAL, PIC_BOLD, wire ? "wire %s" : "%s",
		     where);
	for (uint32_t i = from; i < to; i++)
		put_step(p, &j->steps[i], y + 34 + (int)(i - from) * ROW);
	return y + rows * ROW + 38;
}

static int put_steps(struct picture *p, const struct journey *j, int y)
{
	int top = y;
	picture_text(p, TIME_RIGHT, y - 8, PIC_GRID, PIC_SMALL | PIC_END, "time (s)");
	picture_text(p, TAKES_RIGHT, y - 8, PIC_GRID, PIC_SMALL | PIC_END, "takes");
	for (int layer = 0; layer < 2; layer++) { /* the line lies below what is on it */
		y = top;
		for (uint32_t i = 0, k; i < j->nr_steps; i = k) {
			const struct journey_step *s = &j->steps[i];
			for (k = i + 1;
			     k < j->nr_steps && j->steps[k].host == s->host && j->steps[k].peer == s->peer;)
				k++;
			int next = y + (int)(k - i) * ROW + 38;
			if (layer)
				put_place(p, j, i, k, y);
			else
				picture_line(p, LINE_X, i ? y : y + 30, LINE_X,
					     k == j->nr_steps ? next - 22 : next,
					     s->peer != VIZ_NOBODY ? PIC_WIRE : PIC_GRID,
					     s->peer != VIZ_NOBODY ? PIC_THICK : 0);
			y = next;
		}
	}
	return y;
}

static void put_end(struct picture *p, const struct journey *j, int y)
{
	char when[32];
	ladder_time(j->steps[j->nr_steps - 1].to, when, sizeof(when));
	picture_text(p, TIME_RIGHT, y, PIC_GRID, PIC_SMALL | PIC_END, "%s", when);
	picture_text(p, CONTEXT_X, y, *j->fate ? PIC_DROP : PIC_STRONG, PIC_SMALL | PIC_BOLD, "%s%s",
		     *j->fate ? "X " : "", *j->fate ? j->fate : "arrived");
}

static void put_summary(struct picture *p, const struct journey *j, int y)
{
	uint64_t all = journey_takes(j), before = 0;
	char where[96], took[32], share[16];
	if (!all)
		return;
	picture_text(p, 0, y, PIC_NORMAL, PIC_BOLD, "Where the time went");
	y += 14;
	for (uint32_t i = 0; i < j->nr_steps; i++) { /* all of it as one bar, in order of time */
		const struct journey_step *s = &j->steps[i];
		uint64_t width = BAR_X + BAR_WIDTH;
		int x1 = (int)((unsigned __int128)before * width / all);
		before += s->to - s->from;
		int x2 = (int)((unsigned __int128)before * width / all);
		if (x2 > x1)
			picture_box(p, x1, y, x2 - x1, 18, part_class[s->part], 0);
	}
	y += 44;
	for (uint32_t i = 0; i < j->nr_steps; i++) {
		uint64_t sum = journey_spent(j, i);
		if (!sum)
			continue;
		journey_where(j, &j->steps[i], where, sizeof(where));
		ladder_span(sum, took, sizeof(took));
		journey_share(j, sum, share, sizeof(share));
		int w = (int)((unsigned __int128)sum * BAR_WIDTH / all);
		picture_text(p, NAME_RIGHT, y, PIC_NORMAL, PIC_SMALL | PIC_END, "%s: %s", where,
			     journey_part_name(j->steps[i].part));
		picture_text(p, BAR_X - 58, y, PIC_NORMAL, PIC_SMALL | PIC_END | PIC_BOLD, "%s", took);
		picture_text(p, BAR_X - 10, y, PIC_NORMAL, PIC_SMALL | PIC_END, "%s%%", share);
		picture_box(p, BAR_X, y - 10, w > 1 ? w : 1, 12, part_class[j->steps[i].part], 0);
		y += 18;
	}
}

int viz_journey_picture(const struct journey *j, enum pic_format format, FILE *out, char *err,
			unsigned errlen)
{
	char took[32], title[64];
	snprintf(title, sizeof(title), "Journey of packet %u", j->packet);
	struct picture *p = picture_new(title);
	if (!p) {
		snprintf(err, errlen, "no memory");
		return -1;
	}
	ladder_span(journey_takes(j), took, sizeof(took));
	if (j->nr_frames > 1)
		picture_text(p, 0, 0, PIC_NORMAL, PIC_LARGE | PIC_BOLD, "Packet %u, frame %u of %u",
			     j->packet, j->frame, j->nr_frames);
	else
		picture_text(p, 0, 0, PIC_NORMAL, PIC_LARGE | PIC_BOLD, "Packet %u", j->packet);
	picture_text(p, 0, 22, PIC_NORMAL, PIC_SMALL, "%s", j->label);
	picture_text(p, 0, 42, PIC_NORMAL, 0, "from %s to %s: %s", j->from, j->to, took);
	int y = put_steps(p, j, 82);
	if (j->nr_steps)
		put_end(p, j, y + 8);
	put_summary(p, j, y + 40);
	int rc = picture_write(p, format, out, err, errlen);
	picture_free(p);
	return rc;
}
