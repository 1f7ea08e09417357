/* `export --format jsonl`: {"t":NS,"type":TYPE,"host":HOST,"data":{...}}, one a line. */
#include "viz/emit.h"
#include "viz/events.h"

struct jsonl {
	FILE *out;
	const char *host;
};

static void on_event(void *arg, const struct viz_event *e)
{
	const struct jsonl *j = arg;
	const struct viz_event_type_info *type = &viz_event_types[e->type];
	emit_text(j->out, "{\"t\":");
	emit_u64(j->out, e->time);
	emit_text(j->out, ",\"type\":\"");
	emit_text(j->out, type->name);
	emit_text(j->out, "\",\"host\":");
	emit_json(j->out, j->host);
	emit_text(j->out, ",\"data\":{\"context\":\"");
	emit_text(j->out, viz_contexts[e->context]);
	putc_unlocked('"', j->out);
	if (e->pid) {
		emit_text(j->out, ",\"pid\":");
		emit_u64(j->out, e->pid);
	}
	for (unsigned i = 0; i < EVENT_FIELDS && type->fields[i].kind; i++) {
		bool text = type->fields[i].kind == FIELD_TEXT;
		if (text ? !e->fields[i].text : type->fields[i].kind == FIELD_NUMBER && !e->fields[i].number)
			continue;
		emit_text(j->out, ",\"");
		emit_text(j->out, type->fields[i].name);
		emit_text(j->out, "\":");
		if (text)
			emit_json(j->out, e->fields[i].text);
		else
			emit_i64(j->out, e->fields[i].number);
	}
	emit_text(j->out, "}}\n");
}

int viz_export_jsonl(const struct viz_export *x)
{
	for (uint32_t i = 0; i < x->t->nr_hosts; i++) {
		struct jsonl j = { x->out, x->t->hosts[i].name };
		if (viz_export_wants(x, i) && viz_events_host(x, i, on_event, &j) < 0)
			return viz_export_no_memory(x);
	}
	return 0;
}
