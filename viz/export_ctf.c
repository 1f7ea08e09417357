/*
 * `export --format ctf`: a folder in the Common Trace Format 1.8: `metadata`, which says in TSDL what the
 * streams hold, and a stream for each host. The events are those of viz/events.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "viz/emit.h"
#include "viz/events.h"

#define CTF_MAGIC 0xc1fc1fc1u
#define PACKET_SIZE (256u * 1024)
#define EVENT_MAX 4096u /* no event is longer: texts are cut */
#define TEXT_MAX 500u

/* A packet of a stream that is being filled. */
struct ctf {
	FILE *out;
	const char *host;
	uint8_t *packet;
	uint32_t n;
	uint64_t first, last; /* times in it */
};

static void put(struct ctf *c, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		c->packet[c->n++] = (uint8_t)(v >> 8 * i);
}

static void put_text(struct ctf *c, const char *text)
{
	for (size_t left = TEXT_MAX; text && *text;) {
		unsigned n = emit_utf8(text);
		if (left < (n ? n : 3))
			break;
		memcpy(c->packet + c->n, n ? text : "\xef\xbf\xbd", n ? n : 3);
		c->n += n ? n : 3;
		left -= n ? n : 3;
		text += n ? n : 1;
	}
	c->packet[c->n++] = 0;
}

/* Header and context of a packet, as in the metadata; written again when its end is known. */
static void put_head(struct ctf *c, uint32_t size)
{
	c->n = 0;
	put(c, CTF_MAGIC, 4);
	put(c, 0, 4); /* stream_id */
	put(c, c->first, 8);
	put(c, c->last, 8);
	put(c, (uint64_t)size * 8, 8); /* content_size */
	put(c, (uint64_t)size * 8, 8); /* packet_size */
	put_text(c, c->host);
}

static void end_packet(struct ctf *c)
{
	uint32_t size = c->n;
	put_head(c, size);
	fwrite(c->packet, 1, size, c->out);
	c->n = 0;
}

static void on_event(void *arg, const struct viz_event *e)
{
	struct ctf *c = arg;
	const struct viz_event_type_info *type = &viz_event_types[e->type];
	if (c->n + EVENT_MAX > PACKET_SIZE)
		end_packet(c);
	if (!c->n) {
		c->first = e->time;
		put_head(c, 0);
	}
	c->last = e->time;
	put(c, e->type, 1);
	put(c, e->time, 8);
	put(c, e->context, 1);
	put(c, e->pid, 4);
	for (unsigned i = 0; i < EVENT_FIELDS && type->fields[i].kind; i++)
		if (type->fields[i].kind == FIELD_TEXT)
			put_text(c, e->fields[i].text);
		else
			put(c, (uint64_t)e->fields[i].number, 8);
}

/* ---- metadata ---- */

static const char head[] =
	"/* CTF 1.8 */\n\n"
	"typealias integer { size = 8; align = 8; signed = false; } := uint8_t;\n"
	"typealias integer { size = 32; align = 8; signed = false; } := uint32_t;\n"
	"typealias integer { size = 64; align = 8; signed = false; } := uint64_t;\n"
	"typealias integer { size = 64; align = 8; signed = true; } := int64_t;\n\n"
	"trace {\n"
	"\tmajor = 1;\n\tminor = 8;\n\tbyte_order = le;\n"
	"\tpacket.header := struct { uint32_t magic; uint32_t stream_id; };\n"
	"};\n\n"
	"env {\n\ttracer_name = \"wirepath\";\n};\n\n"
	"clock {\n"
	"\tname = \"virtual\";\n\tdescription = \"virtual time\";\n\tfreq = 1000000000;\n\toffset = 0;\n"
	"};\n\n"
	"typealias integer { size = 64; align = 8; signed = false; map = clock.virtual.value; } := ns_t;\n\n";

static void metadata(FILE *out)
{
	emit_text(out, head);
	emit_text(out, "stream {\n\tid = 0;\n"
		       "\tpacket.context := struct {\n"
		       "\t\tns_t timestamp_begin;\n\t\tns_t timestamp_end;\n"
		       "\t\tuint64_t content_size;\n\t\tuint64_t packet_size;\n\t\tstring host;\n\t};\n"
		       "\tevent.header := struct { uint8_t id; ns_t timestamp; };\n"
		       "\tevent.context := struct {\n\t\tenum : uint8_t {");
	for (unsigned i = 0; i < CONTEXT_KINDS; i++)
		fprintf(out, "%s \"%s\" = %u", i ? "," : "", viz_contexts[i], i);
	emit_text(out, " } context;\n\t\tuint32_t pid;\n\t};\n};\n");
	for (unsigned t = 0; t < EV_TYPES; t++) {
		const struct viz_event_type_info *type = &viz_event_types[t];
		fprintf(out,
			"\nevent {\n\tname = \"%s\";\n\tid = %u;\n\tstream_id = 0;\n\tfields := struct {\n",
			type->name, t);
		for (unsigned i = 0; i < EVENT_FIELDS && type->fields[i].kind; i++)
			fprintf(out, "\t\t%s _%s;\n",
				type->fields[i].kind == FIELD_TEXT     ? "string"
				: type->fields[i].kind == FIELD_NUMBER ? "uint64_t"
								       : "int64_t",
				type->fields[i].name);
		emit_text(out, "\t};\n};\n");
	}
}

/* ---- files ---- */

static FILE *open_in(const struct viz_export *x, const char *name)
{
	char path[4096];
	int n = snprintf(path, sizeof(path), "%s/%s", x->folder, name);
	FILE *f = n < (int)sizeof(path) ? fopen(path, "we") : NULL;
	if (!f)
		snprintf(x->err, x->errlen, "cannot write %s/%s: %s", x->folder, name, strerror(errno));
	return f;
}

static int close_in(const struct viz_export *x, FILE *f, const char *name)
{
	bool failed = ferror(f) != 0;
	failed |= fclose(f) != 0;
	if (failed)
		snprintf(x->err, x->errlen, "cannot write %s/%s: %s", x->folder, name, strerror(errno));
	return failed ? -1 : 0;
}

static int write_stream(const struct viz_export *x, uint32_t i, uint8_t *packet)
{
	char name[32];
	snprintf(name, sizeof(name), "stream_%u", i);
	struct ctf c = { .out = open_in(x, name), .host = x->t->hosts[i].name, .packet = packet };
	if (!c.out)
		return -1;
	int r = viz_events_host(x, i, on_event, &c);
	if (r < 0)
		viz_export_no_memory(x);
	else if (c.n)
		end_packet(&c);
	return close_in(x, c.out, name) < 0 ? -1 : r;
}

int viz_export_ctf(const struct viz_export *x)
{
	uint8_t *packet = malloc(PACKET_SIZE);
	FILE *f = packet ? open_in(x, "metadata") : NULL;
	if (!packet)
		return viz_export_no_memory(x);
	int r = f ? 0 : -1;
	if (f) {
		metadata(f);
		r = close_in(x, f, "metadata");
	}
	for (uint32_t i = 0; i < x->t->nr_hosts && r == 0; i++)
		if (viz_export_wants(x, i))
			r = write_stream(x, i, packet);
	free(packet);
	return r;
}
