/* `export --format csv`: counters over virtual time (RFC 4180). */
#include <string.h>

#include "viz/counters.h"
#include "viz/emit.h"

struct csv {
	FILE *out;
	const char *host;
};

/* A field, in quotes when it has to be. */
static void field(FILE *out, const char *text)
{
	putc_unlocked(',', out);
	if (!text[strcspn(text, ",\"\r\n")]) {
		emit_text(out, text);
		return;
	}
	putc_unlocked('"', out);
	for (; *text; text++) {
		if (*text == '"')
			putc_unlocked('"', out);
		putc_unlocked(*text, out);
	}
	putc_unlocked('"', out);
}

static void on_change(void *arg, const struct viz_counter *n, uint64_t time)
{
	const struct csv *c = arg;
	emit_u64(c->out, time);
	field(c->out, c->host);
	field(c->out, n->object);
	field(c->out, n->name);
	putc_unlocked(',', c->out);
	emit_u64(c->out, n->value);
	putc_unlocked('\n', c->out);
}

int viz_export_csv(const struct viz_export *x)
{
	emit_text(x->out, "t,host,object,counter,value\n");
	for (uint32_t i = 0; i < x->t->nr_hosts; i++) {
		struct csv c = { x->out, x->t->hosts[i].name };
		if (viz_export_wants(x, i) && viz_counters_host(x, i, on_change, &c) < 0)
			return viz_export_no_memory(x);
	}
	return 0;
}
