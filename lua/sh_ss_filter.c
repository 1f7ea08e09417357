/*
 * Expressions of ss:
 *
 *	EXPRESSION := TERM { [and | & | &&] TERM } | EXPRESSION or | "|" | "||" EXPRESSION
 *	TERM := [not | !] TERM | ( EXPRESSION )
 *		| src|dst [=] ADDR[/PREFIX][:PORT] | sport|dport OP [ADDR]:PORT
 *
 * They are short: tokens are kept and read again for each socket.
 */
#include <arpa/inet.h>
#include <string.h>

#include "lua/sh_ss.h"
#include "stack/internet/devinet.h"
#include "stack/transport/sock.h"

struct reader {
	const struct ss_filter *f;
	const struct sock_common *c; /* NULL: only whether it can be read */
	int at;
	bool wrong;
};

static const char *peek(const struct reader *r)
{
	return r->at < r->f->n ? r->f->token[r->at] : "";
}

/* Takes the next token if it is one of these, NULL at their end. */
static bool take(struct reader *r, const char *const *any)
{
	for (; *any; any++)
		if (strcmp(peek(r), *any) == 0) {
			r->at++;
			return true;
		}
	return false;
}

#define TAKE(r, ...) take(r, (const char *const[]){ __VA_ARGS__, NULL })

/* ADDR[/PREFIX], *, ADDR:PORT, :PORT; what is not given is -1. */
struct condition {
	uint32_t addr;
	int plen;
	long port;
};

static bool read_condition(const char *word, struct condition *c)
{
	char addr[40];
	const char *colon = strrchr(word, ':');
	size_t len = colon ? (size_t)(colon - word) : strlen(word);
	*c = (struct condition){ .plen = -1, .port = -1 };
	if (len >= sizeof(addr) || !*word)
		return false;
	if (colon && strcmp(colon, ":*") != 0 && !sh_number(colon + 1, 0, 65535, &c->port) &&
	    !sh_service(colon + 1, &c->port))
		return false;
	snprintf(addr, sizeof(addr), "%.*s", (int)len, word);
	return !len || strcmp(addr, "*") == 0 || sh_prefix(addr, &c->addr, &c->plen);
}

static bool end_matches(struct reader *r, bool dst)
{
	struct condition c;
	TAKE(r, "=", "==", "eq");
	if (!read_condition(peek(r), &c)) {
		r->wrong = true;
		return false;
	}
	r->at++;
	if (!r->c)
		return true;
	uint32_t addr = dst ? r->c->skc_daddr : r->c->skc_rcv_saddr;
	long port = dst ? ntohs(r->c->skc_dport) : r->c->skc_num;
	return (c.plen < 0 || !((addr ^ c.addr) & inet_make_mask(c.plen))) && (c.port < 0 || c.port == port);
}

static bool port_matches(struct reader *r, bool dst)
{
	static const char *const ops[][5] = { { "=", "==", "eq" },   { "!=", "ne", "neq" },
					      { ">=", "ge", "geq" }, { "<=", "le", "leq" },
					      { ">", "gt" },	     { "<", "lt" } };
	struct condition c;
	unsigned op = 0;
	while (op < 6 && !take(r, ops[op]))
		op++;
	if (op == 6 || !read_condition(peek(r), &c) || c.port < 0) {
		r->wrong = true;
		return false;
	}
	r->at++;
	if (!r->c)
		return true;
	long port = dst ? ntohs(r->c->skc_dport) : r->c->skc_num;
	const bool answers[] = { port == c.port, port != c.port, port >= c.port,
				 port <= c.port, port > c.port,	 port < c.port };
	return answers[op];
}

static bool expression(struct reader *r, int depth);

static bool term(struct reader *r, int depth)
{
	bool v;
	if (depth > SS_FILTER_TOKENS || r->wrong) {
		r->wrong = true;
		return false;
	}
	if (TAKE(r, "not", "!"))
		return !term(r, depth + 1);
	if (TAKE(r, "(")) {
		v = expression(r, depth + 1);
		r->wrong |= !TAKE(r, ")");
		return v;
	}
	if (TAKE(r, "dst"))
		return end_matches(r, true);
	if (TAKE(r, "src"))
		return end_matches(r, false);
	if (TAKE(r, "dport"))
		return port_matches(r, true);
	if (TAKE(r, "sport"))
		return port_matches(r, false);
	r->wrong = true;
	return false;
}

static bool expression(struct reader *r, int depth)
{
	bool v = term(r, depth);
	while (!r->wrong && r->at < r->f->n && strcmp(peek(r), ")") != 0) {
		bool other = TAKE(r, "or", "|", "||"), next;
		if (!other)
			TAKE(r, "and", "&", "&&");
		next = term(r, depth);
		v = other ? v || next : v && next;
	}
	return v;
}

bool ss_filter_parse(struct ss_filter *f, char *const *words, int n)
{
	struct reader r = { .f = f };
	size_t len = 0;
	f->n = 0;
	for (int i = 0; i < n; i++)
		for (const char *p = words[i]; *p || p == words[i]; p++) {
			bool single = *p && strchr("()!", *p) && p[1] != '=';
			if (len + 4 > sizeof(f->text))
				return false;
			if (single || p == words[i])
				f->text[len++] = ' ';
			if (*p)
				f->text[len++] = *p;
			if (single)
				f->text[len++] = ' ';
			if (!*p)
				break;
		}
	f->text[len] = '\0';
	char *save = NULL;
	for (char *t = strtok_r(f->text, " ", &save); t; t = strtok_r(NULL, " ", &save)) {
		if (f->n == SS_FILTER_TOKENS)
			return false;
		f->token[f->n++] = t;
	}
	if (f->n)
		expression(&r, 0);
	return !r.wrong && r.at == f->n;
}

bool ss_filter(const struct ss_filter *f, const struct sock_common *c)
{
	struct reader r = { .f = f, .c = c };
	return !f->n || expression(&r, 0);
}
