/* Journeys as text: the stations one below the other, and where the time went. */
#include <string.h>

#include "viz/journey.h"
#include "viz/ladder.h"

#define BAR 40

static void put_fate(const struct journey *j, FILE *out)
{
	char took[32];
	ladder_span(journey_takes(j), took, sizeof(took));
	fprintf(out, "Packet %u", j->packet);
	if (j->nr_frames > 1)
		fprintf(out, ", frame %u of %u", j->frame, j->nr_frames);
	fprintf(out, "%s%s\nfrom %s\nto   %s\n", *j->label ? ": " : "", j->label, j->from, j->to);
	if (*j->fate)
		fprintf(out, "X    %s, after %s\n\n", j->fate, took);
	else
		fprintf(out, "in   %s\n\n", took);
}

static void put_steps(const struct journey *j, bool utf8, FILE *out)
{
	char where[96], before[96] = "", when[32], took[32];
	fprintf(out, "%14s %13s  %-18s %-16s %s\n", "time (s)", "takes", "where", "context", "what");
	for (uint32_t i = 0; i < j->nr_steps; i++) {
		const struct journey_step *s = &j->steps[i];
		const char *layer = journey_layer(s->part);
		journey_where(j, s, where, sizeof(where));
		ladder_time(s->from, when, sizeof(when));
		ladder_span(s->to - s->from, took, sizeof(took));
		fprintf(out, "%14s %13s  %-18s %-16s %s%s%s%s\n", when, s->to > s->from ? took : "-",
			strcmp(where, before) == 0 ? "" : where, s->context, layer, *layer ? ": " : "",
			s->peer == VIZ_NOBODY ? ""
			: utf8		      ? "── "
					      : "-- ",
			s->what);
		memcpy(before, where, sizeof(before));
	}
	if (!j->nr_steps)
		return;
	ladder_time(j->steps[j->nr_steps - 1].to, when, sizeof(when));
	fprintf(out, "%14s %13s  %s%s\n\n", when, "", *j->fate ? "X " : "", *j->fate ? j->fate : "arrived");
}

/* A line for each place and part that took time, in order of the way. */
static void put_summary(const struct journey *j, bool utf8, FILE *out)
{
	uint64_t all = journey_takes(j);
	char where[96], took[32], what[160], share[16];
	if (!all)
		return;
	fprintf(out, "Where the time went:\n");
	for (uint32_t i = 0; i < j->nr_steps; i++) {
		uint64_t sum = journey_spent(j, i);
		if (!sum)
			continue;
		journey_where(j, &j->steps[i], where, sizeof(where));
		ladder_span(sum, took, sizeof(took));
		journey_share(j, sum, share, sizeof(share));
		snprintf(what, sizeof(what), "%s: %s", where, journey_part_name(j->steps[i].part));
		fprintf(out, "  %-50s %13s %5s %%  ", what, took, share);
		for (uint64_t n = (uint64_t)((unsigned __int128)sum * BAR / all); n > 0; n--)
			fputs(utf8 ? "█" : "#", out);
		fputc('\n', out);
	}
}

void viz_journey_text(const struct journey *j, bool utf8, FILE *out)
{
	put_fate(j, out);
	put_steps(j, utf8, out);
	put_summary(j, utf8, out);
}
