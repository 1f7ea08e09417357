/* Options, times, system calls, commands and code of a script. Packets: parse_packet.c. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lua/packetdrill/scan.h"

#define MAX_ITEMS 64 /* of a list, a struct or a call */
#define MAX_DEPTH 16 /* of nested expressions */

/* ---- expressions ---- */

static struct pd_expr *expression(struct pd_scan *s, unsigned depth);

static struct pd_expr *new_expr(struct pd_scan *s, enum pd_expr_kind kind)
{
	struct pd_expr *e = pd_alloc(s->pool, sizeof(*e));
	e->kind = kind;
	return e;
}

static void set_items(struct pd_scan *s, struct pd_expr *e, struct pd_expr **items, unsigned n)
{
	e->items = pd_alloc(s->pool, (n ? n : 1) * sizeof(*items));
	memcpy(e->items, items, n * sizeof(*items));
	e->n = n;
}

/* name=value, name(hint)=value, or a value alone. */
static struct pd_expr *field(struct pd_scan *s, unsigned depth)
{
	const char *start = s->at, *name = pd_word(s);
	struct pd_expr *hint = NULL;
	if (name && pd_take(s, "(")) {
		hint = expression(s, depth);
		if (!hint || !pd_want(s, ")"))
			return NULL;
	}
	if (!name || !pd_take(s, "=")) {
		s->at = start;
		return expression(s, depth);
	}
	struct pd_expr *e = new_expr(s, PD_FIELD), *items[2] = { expression(s, depth), hint };
	e->str = name;
	set_items(s, e, items, hint ? 2 : 1);
	return items[0] ? e : NULL;
}

/* What stands between an opening character and `close`. */
static bool items_until(struct pd_scan *s, struct pd_expr *e, const char *close, bool fields, unsigned depth)
{
	struct pd_expr *items[MAX_ITEMS];
	unsigned n = 0;
	while (!pd_take(s, close)) {
		if (n == MAX_ITEMS)
			return pd_error(s, "more than %d items", MAX_ITEMS);
		if (n > 0 && !pd_want(s, ","))
			return false;
		items[n] = fields ? field(s, depth) : expression(s, depth);
		if (!items[n++])
			return false;
	}
	set_items(s, e, items, n);
	return true;
}

static struct pd_expr *string(struct pd_scan *s)
{
	struct pd_expr *e = new_expr(s, PD_STRING);
	char *out = pd_alloc(s->pool, strcspn(s->at, "\n") + 1);
	unsigned byte;
	int used = 0;
	e->str = out;
	for (; *s->at != '"'; s->at++) {
		if (*s->at == '\\' && (s->at[1] == '"' || s->at[1] == '\\'))
			s->at++;
		if (!*s->at || *s->at == '\n') {
			pd_error(s, "the string has no closing quote");
			return NULL;
		}
		if (sscanf(s->at, "\\x%2x%n", &byte, &used) == 1) {
			s->at += used - 1;
			out[e->num++] = (char)byte;
		} else {
			out[e->num++] = *s->at;
		}
	}
	s->at++;
	return e;
}

static struct pd_expr *primary(struct pd_scan *s, unsigned depth)
{
	struct pd_expr *e;
	pd_skip(s);
	if (depth > MAX_DEPTH) {
		pd_error(s, "expressions are nested too deep");
		return NULL;
	}
	if (pd_take(s, "..."))
		return new_expr(s, PD_ELLIPSIS);
	if (pd_take(s, "\""))
		return string(s);
	if (pd_take(s, "[")) {
		e = new_expr(s, PD_LIST);
		return items_until(s, e, "]", false, depth + 1) ? e : NULL;
	}
	if (pd_take(s, "{")) {
		e = new_expr(s, PD_STRUCT);
		return items_until(s, e, "}", true, depth + 1) ? e : NULL;
	}
	if (isalpha((unsigned char)*s->at) || *s->at == '_') {
		e = new_expr(s, PD_WORD);
		e->str = pd_word(s);
		if (!pd_take(s, "("))
			return e;
		e->kind = PD_CALL;
		return items_until(s, e, ")", false, depth + 1) ? e : NULL;
	}
	e = new_expr(s, PD_INTEGER);
	return pd_number(s, &e->num) ? e : NULL;
}

static struct pd_expr *expression(struct pd_scan *s, unsigned depth)
{
	struct pd_expr *left = primary(s, depth);
	while (left && pd_take(s, "|")) {
		struct pd_expr *both = new_expr(s, PD_OR), *items[2] = { left, primary(s, depth) };
		set_items(s, both, items, 2);
		left = items[1] ? both : NULL;
	}
	return left;
}

struct pd_expr *pd_expression(struct pd_scan *s)
{
	return expression(s, 0);
}

/* ---- times ---- */

/* Seconds with up to six decimals, as microseconds. The three dots of a range are no decimal point. */
static bool seconds(struct pd_scan *s, int64_t *us)
{
	const char *p = s->at;
	int64_t v = 0, unit = 1000000;
	bool any = false;
	for (; isdigit((unsigned char)*p); p++, any = true) {
		if (v > INT64_MAX / 100000000)
			return pd_error(s, "the time is too large");
		v = v * 10 + (*p - '0');
	}
	v *= unit;
	if (*p == '.' && (isdigit((unsigned char)p[1]) || (any && p[1] != '.'))) {
		for (p++; isdigit((unsigned char)*p); p++, any = true) {
			unit /= 10;
			v += (*p - '0') * unit;
		}
	}
	if (!any)
		return pd_error(s,
				"expected an event: a time, then a packet, a system call, a command or code");
	s->at = p;
	*us = v;
	return true;
}

static bool event_time(struct pd_scan *s, struct pd_event *e, bool *blocking, int64_t *end)
{
	*blocking = false;
	if (pd_take(s, "*")) {
		e->time_kind = PD_ANY_TIME;
		return true;
	}
	bool relative = pd_take(s, "+");
	e->time_kind = relative ? PD_RELATIVE : PD_ABSOLUTE;
	if (!seconds(s, &e->time))
		return false;
	if (pd_take(s, "~")) {
		if (pd_take(s, "+") != relative)
			return pd_error(s, "both ends of a range of times are absolute or both relative");
		e->time_kind = relative ? PD_RANGE_RELATIVE : PD_RANGE_ABSOLUTE;
		if (!seconds(s, &e->time_end))
			return false;
		return e->time_end >= e->time || pd_error(s, "the range of times ends before it begins");
	}
	if (pd_take(s, "...")) {
		*blocking = true;
		pd_skip(s);
		if (!seconds(s, end))
			return false;
		return *end >= e->time || pd_error(s, "the call ends before it begins");
	}
	return true;
}

/* ---- events ---- */

/* After '=': a value, an errno's name when it is -1, and a remark in brackets that nobody reads. */
static bool call_result(struct pd_scan *s, struct pd_syscall *c)
{
	if (pd_take(s, "?"))
		return true;
	c->result = pd_expression(s);
	if (!c->result)
		return false;
	if (c->result->kind == PD_ELLIPSIS)
		c->result = NULL;
	pd_skip(s);
	if (*s->at == 'E')
		c->error = pd_word(s);
	if (pd_take(s, "("))
		return pd_text_until(s, ")") != NULL;
	return true;
}

static bool call_event(struct pd_scan *s, struct pd_event *e, bool blocking, int64_t end)
{
	struct pd_syscall *c = e->call = pd_alloc(s->pool, sizeof(*c));
	struct pd_expr args;
	e->kind = PD_SYSCALL;
	c->name = pd_word(s);
	c->blocking = blocking;
	c->end = end;
	if (!c->name)
		return pd_error(s, "expected a packet (< or >), a system call, `command` or %%{ code }%%");
	if (!pd_want(s, "(") || !items_until(s, &args, ")", false, 0))
		return false;
	c->args = args.items;
	c->nr_args = args.n;
	return pd_want(s, "=") && call_result(s, c);
}

static bool event_body(struct pd_scan *s, struct pd_event *e)
{
	bool blocking, inbound;
	int64_t end = 0;
	if (!event_time(s, e, &blocking, &end))
		return false;
	if ((inbound = pd_take(s, "<")) || pd_take(s, ">")) {
		e->kind = PD_PACKET;
		if (blocking)
			return pd_error(s, "only a system call can end later than it begins");
		if (inbound && e->time_kind != PD_ABSOLUTE && e->time_kind != PD_RELATIVE)
			return pd_error(s, "a packet to inject has one time, no range and no '*'");
		e->packet = pd_packet_line(s, inbound);
		return e->packet != NULL;
	}
	if (e->time_kind != PD_ABSOLUTE && e->time_kind != PD_RELATIVE)
		return pd_error(s, "only an expected packet can have a range of times or '*'");
	if (!pd_peek(s, '`') && !(s->at[0] == '%' && s->at[1] == '{'))
		return call_event(s, e, blocking, end);
	if (blocking)
		return pd_error(s, "only a system call can end later than it begins");
	if (pd_take(s, "`")) {
		e->kind = PD_COMMAND;
		e->text = pd_text_until(s, "`");
	} else {
		pd_take(s, "%{");
		e->kind = PD_CODE;
		e->text = pd_text_until(s, "}%");
	}
	return e->text != NULL;
}

/* The first line of what lies between two places, for messages. */
static const char *excerpt(struct pd_scan *s, const char *from)
{
	size_t n = strcspn(from, "\n");
	if (n > (size_t)(s->at - from))
		n = (size_t)(s->at - from);
	while (n > 0 && isspace((unsigned char)from[n - 1]))
		n--;
	return pd_strndup(s->pool, from, n);
}

/* A setting's value ends at a space outside quotes; those around all of it are no part of it. */
static const char *setting_value(struct pd_scan *s)
{
	const char *from = s->at;
	char quote = 0;
	for (; *s->at && (quote || !isspace((unsigned char)*s->at)); s->at++) {
		if (quote ? *s->at == quote : *s->at == '"' || *s->at == '`')
			quote = quote ? 0 : *s->at;
	}
	size_t n = (size_t)(s->at - from);
	bool whole = n >= 2 && *from == '"' && s->at[-1] == '"';
	if (quote)
		pd_error(s, "the value has no closing '%c'", quote);
	return pd_strndup(s->pool, from + whole, n - 2 * whole);
}

static bool settings(struct pd_scan *s, struct pd_script *script)
{
	struct pd_setting **tail = &script->settings;
	while (pd_skip(s), s->at[0] == '-' && s->at[1] == '-') {
		struct pd_setting *o = pd_alloc(s->pool, sizeof(*o));
		o->line = pd_line(s, s->at);
		s->at += 2;
		size_t n = strcspn(s->at, "= \t\n");
		o->name = pd_strndup(s->pool, s->at, n);
		s->at += n;
		if (*s->at == '=') {
			s->at++;
			o->value = setting_value(s);
		}
		*tail = o;
		tail = &o->next;
	}
	return !s->failed;
}

static bool script_text(struct pd_scan *s, struct pd_script *script)
{
	struct pd_event **tail = &script->events;
	if (!settings(s, script))
		return false;
	if (pd_take(s, "`")) {
		script->init_line = pd_line(s, s->at);
		if (!(script->init_command = pd_text_until(s, "`")))
			return false;
	}
	for (pd_skip(s); *s->at && *s->at != '`' && !s->failed; pd_skip(s)) {
		struct pd_event *e = pd_alloc(s->pool, sizeof(*e));
		const char *from = s->at;
		e->line = pd_line(s, from);
		if (!event_body(s, e))
			return false;
		e->last_line = pd_line(s, s->at);
		e->source = excerpt(s, from);
		*tail = e;
		tail = &e->next;
	}
	if (pd_take(s, "`")) {
		script->cleanup_line = pd_line(s, s->at);
		if (!(script->cleanup_command = pd_text_until(s, "`")))
			return false;
	}
	pd_skip(s);
	if (*s->at)
		return pd_error(s, "nothing may follow the command that cleans up");
	if (!script->events)
		return pd_error(s, "the script has no events");
	if (script->events->time_kind != PD_ABSOLUTE || script->events->time != 0) {
		if (script->events->time_kind != PD_RELATIVE || script->events->time != 0)
			return pd_error(s, "the first event must be at time 0");
	}
	return !s->failed;
}

bool pd_parse(struct pd_script *script, const char *text, char *err, unsigned errlen, bool *unsupported)
{
	struct pd_scan s = { .text = text,
			     .at = text,
			     .file = script->file,
			     .pool = script->pool,
			     .err = err,
			     .errlen = errlen };
	bool ok = script_text(&s, script);
	*unsupported = s.unsupported;
	return ok && !s.failed;
}
