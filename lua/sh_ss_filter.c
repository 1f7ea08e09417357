/*
 * Expressions of ss:
 *
 *	EXPRESSION := TERM { [and | & | &&] TERM } | EXPRESSION or | "|" | "||" EXPRESSION
 *	TERM := [not | !] TERM | ( EXPRESSION )
 *		| src|dst [=] ADDR[/PREFIX][:PORT] | sport|dport [OP] [[ADDR]:]PORT | dev [=|!=] DEV
 *
 * They are short: tokens are kept and read again for each socket.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "lua/sh_ss.h"
#include "stack/interface/netdevice.h"
#include "stack/internet/devinet.h"
#include "stack/transport/sock.h"

struct reader {
	struct sh *sh; /* to say what is wrong; NULL: it has been read before */
	const struct ss_filter *f;
	const struct sock_common *c; /* NULL: only whether it can be read */
	int at;
	bool wrong, said;
};

/* What ss says of a word that is no address, port or device. */
static bool wrong(struct reader *r, const char *format, const char *word, const char *end)
{
	if (!r->said && r->sh) {
		seq_printf(&r->sh->err, format, word);
		seq_printf(&r->sh->err, "%s", end);
	}
	r->said = r->wrong = true;
	return false;
}

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

/* The next token as a condition; in one on ports a word alone is the port. */
static bool read_condition(struct reader *r, bool port, struct condition *c)
{
	static const char tail[] = "Cannot parse dst/src address.\n";
	char text[64], *addr = text, *number = NULL;
	const char *word = peek(r);
	*c = (struct condition){ .plen = -1, .port = -1 };
	if (r->at >= r->f->n || strcmp(word, ")") == 0)
		return !(r->wrong = true);
	r->at++;
	snprintf(text, sizeof(text), "%s", strncmp(word, "inet:", 5) == 0 ? word + 5 : word);
	char *colon = strrchr(text, ':'), *bracket = text[0] == '[' ? strchr(text, ']') : NULL;
	if (colon) {
		*colon = '\0';
		number = colon + 1;
	} else if (port) {
		number = text;
		addr = text + strlen(text);
	}
	if (bracket) {
		*bracket = '\0';
		addr++;
	}
	if (number && *number && strcmp(number, "*") != 0 && !sh_number(number, 0, UINT32_MAX, &c->port) &&
	    !sh_service(number, &c->port))
		return wrong(r, "Error: \"%s\" does not look like a port.\n", number, tail);
	if (*addr && strcmp(addr, "*") != 0 && addr != number && !sh_prefix(addr, &c->addr, &c->plen))
		return wrong(r, "Error: an inet prefix is expected rather than \"%s\".\n", addr, tail);
	return true;
}

static bool end_matches(struct reader *r, bool dst)
{
	struct condition c;
	TAKE(r, "=", "==", "eq");
	if (!read_condition(r, false, &c) || !r->c)
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
	if (!read_condition(r, true, &c) || !r->c)
		return true;
	long port = dst ? ntohs(r->c->skc_dport) : r->c->skc_num;
	const bool answers[] = { port == c.port, port != c.port, port >= c.port, port <= c.port,
				 port > c.port,	 port < c.port,	 port == c.port };
	return c.port < 0 || answers[op];
}

static bool device_matches(struct reader *r)
{
	bool other = TAKE(r, "!=", "ne", "neq");
	if (!other)
		TAKE(r, "=", "==", "eq");
	const char *word = peek(r);
	if (r->at >= r->f->n)
		return !(r->wrong = true);
	r->at++;
	const struct net_device *dev = __dev_get_by_name(r->f->net, word);
	if (!dev)
		return wrong(r, "%s", "", "Cannot parse device.\n");
	return !r->c || (r->c->skc_bound_dev_if == dev->ifindex) != other;
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
	if (TAKE(r, "dev"))
		return device_matches(r);
	struct condition c; /* an address that nobody asked for */
	read_condition(r, false, &c);
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

int ss_filter_parse(struct ss_filter *f, struct sh *sh, char *const *words, int n)
{
	struct reader r = { .sh = sh, .f = f };
	size_t len = 0;
	f->n = 0;
	f->net = sh->host->net;
	for (int i = 0; i < n; i++)
		for (const char *p = words[i]; *p || p == words[i]; p++) {
			bool single = *p && strchr("()!", *p) && p[1] != '=';
			if (len + 4 > sizeof(f->text))
				return -EINVAL;
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
			return -EINVAL;
		f->token[f->n++] = t;
	}
	if (f->n)
		expression(&r, 0);
	return r.said ? -EDESTADDRREQ : r.wrong || r.at < f->n ? -EINVAL : 0;
}

bool ss_filter(const struct ss_filter *f, const struct sock_common *c)
{
	struct reader r = { .f = f, .c = c };
	return !f->n || expression(&r, 0);
}
