/* Lines of a snapshot, and the numbers of the objects in it. */
#include "lua/snapshot/write.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

void snap_init(struct snap *s, FILE *file, const struct host *host)
{
	memset(s, 0, sizeof(*s));
	s->file = file;
	s->host = host;
}

void snap_free(struct snap *s)
{
	free(s->ids);
}

/* The slot of `ptr`, or the free one where it would be. */
static struct snap_id *slot_of(const struct snap *s, enum snap_kind kind, const void *ptr)
{
	uint32_t i = (uint32_t)((uintptr_t)ptr >> 4) * 2654435761u & (s->nr_slots - 1);

	while (s->ids[i].ptr && (s->ids[i].ptr != ptr || s->ids[i].kind != kind))
		i = (i + 1) & (s->nr_slots - 1);
	return &s->ids[i];
}

static bool grow(struct snap *s)
{
	struct snap old = *s;

	s->nr_slots = old.nr_slots ? old.nr_slots * 2 : 64;
	s->ids = calloc(s->nr_slots, sizeof(*s->ids));
	if (!s->ids) {
		*s = old;
		s->no_memory = true;
		return false;
	}
	for (uint32_t i = 0; i < old.nr_slots; i++)
		if (old.ids[i].ptr)
			*slot_of(s, old.ids[i].kind, old.ids[i].ptr) = old.ids[i];
	free(old.ids);
	return true;
}

uint32_t snap_id(struct snap *s, enum snap_kind kind, const void *ptr, bool *is_new)
{
	if (is_new)
		*is_new = false;
	if (!ptr || (s->nr_ids * 2 >= s->nr_slots && !grow(s)))
		return 0;
	struct snap_id *slot = slot_of(s, kind, ptr);
	if (!slot->ptr) {
		*slot = (struct snap_id){ ptr, kind, ++s->count[kind] };
		s->nr_ids++;
		if (is_new)
			*is_new = true;
	}
	return slot->id;
}

/* ---- lines ---- */

static void put_string(FILE *f, const char *s)
{
	putc('"', f);
	for (; *s; s++)
		if (*s == '"' || *s == '\\')
			fprintf(f, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			fprintf(f, "\\u%04x", *s);
		else
			putc(*s, f);
	putc('"', f);
}

void snap_begin(FILE *f, const char *is)
{
	fputs("{\"is\":", f);
	put_string(f, is);
}

void snap_number(FILE *f, const char *key, int64_t value)
{
	fprintf(f, ",\"%s\":%lld", key, (long long)value);
}

void snap_text(FILE *f, const char *key, const char *value)
{
	fprintf(f, ",\"%s\":", key);
	put_string(f, value);
}

void snap_address(FILE *f, const char *key, uint32_t value)
{
	fprintf(f, ",\"%s\":\"0x%08x\"", key, value);
}

void snap_ip_port(FILE *f, const char *key, uint32_t addr, unsigned port)
{
	char text[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &addr, text, sizeof(text));
	fprintf(f, ",\"%s\":\"%s:%u\"", key, text, port);
}

void snap_end(FILE *f)
{
	fputs("}\n", f);
}
