/* Characters, words and numbers of a script. */
#include "lua/packetdrill/scan.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

unsigned pd_line(const struct pd_scan *s, const char *at)
{
	unsigned line = 1;
	for (const char *p = s->text; p < at; p++)
		line += *p == '\n';
	return line;
}

bool pd_error(struct pd_scan *s, const char *fmt, ...)
{
	va_list ap;
	if (s->failed)
		return false;
	s->failed = true;
	int n = snprintf(s->err, s->errlen, "%s:%u: ", s->file, pd_line(s, s->at));
	va_start(ap, fmt);
	if (n > 0 && (unsigned)n < s->errlen)
		vsnprintf(s->err + n, s->errlen - (unsigned)n, fmt, ap);
	va_end(ap);
	return false;
}

bool pd_unsupported(struct pd_scan *s, const char *what)
{
	pd_error(s, "unsupported: %s", what);
	s->unsupported = true;
	return false;
}

void pd_skip(struct pd_scan *s)
{
	for (;;) {
		if (isspace((unsigned char)*s->at)) {
			s->at++;
		} else if (s->at[0] == '/' && s->at[1] == '/') {
			s->at += strcspn(s->at, "\n");
		} else if (s->at[0] == '/' && s->at[1] == '*') {
			const char *end = strstr(s->at + 2, "*/");
			if (!end) {
				pd_error(s, "the comment that begins here has no end");
				s->at += strlen(s->at);
				return;
			}
			s->at = end + 2;
		} else {
			return;
		}
	}
}

bool pd_peek(struct pd_scan *s, char c)
{
	pd_skip(s);
	return *s->at == c;
}

bool pd_take(struct pd_scan *s, const char *literal)
{
	size_t n = strlen(literal);
	pd_skip(s);
	if (strncmp(s->at, literal, n) != 0)
		return false;
	s->at += n;
	return true;
}

/* What stands at the place, for an error: up to the end of the word. */
static const char *here(const struct pd_scan *s, char *buf, size_t len)
{
	size_t n = strcspn(s->at, " \t\n");
	if (!*s->at)
		return "the end of the script";
	snprintf(buf, len, "'%.*s'", (int)(n < 1 ? 1 : n > 40 ? 40 : n), s->at);
	return buf;
}

bool pd_want(struct pd_scan *s, const char *literal)
{
	char buf[64];
	if (pd_take(s, literal))
		return true;
	return pd_error(s, "expected '%s' before %s", literal, here(s, buf, sizeof(buf)));
}

static bool in_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

const char *pd_word(struct pd_scan *s)
{
	pd_skip(s);
	size_t n = 0;
	if (!isalpha((unsigned char)*s->at) && *s->at != '_')
		return NULL;
	while (in_word(s->at[n]))
		n++;
	s->at += n;
	return pd_strndup(s->pool, s->at - n, n);
}

bool pd_take_word(struct pd_scan *s, const char *word)
{
	size_t n = strlen(word);
	pd_skip(s);
	if (strncmp(s->at, word, n) != 0 || in_word(s->at[n]))
		return false;
	s->at += n;
	return true;
}

bool pd_number(struct pd_scan *s, int64_t *n)
{
	char buf[64];
	pd_skip(s);
	const char *p = s->at;
	bool minus = *p == '-';
	uint64_t v = 0;
	unsigned base = 10, digits = 0;
	if (minus || *p == '+')
		p++;
	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
		base = 16;
		p += 2;
	}
	for (; isxdigit((unsigned char)*p) && (base == 16 || isdigit((unsigned char)*p)); p++, digits++) {
		unsigned d = isdigit((unsigned char)*p) ? (unsigned)(*p - '0')
							: (unsigned)(tolower((unsigned char)*p) - 'a' + 10);
		if (v > (UINT64_MAX >> 1) / base - d)
			return pd_error(s, "the number is too large");
		v = v * base + d;
	}
	if (digits == 0)
		return pd_error(s, "expected a number before %s", here(s, buf, sizeof(buf)));
	s->at = p;
	*n = minus ? -(int64_t)v : (int64_t)v;
	return true;
}

bool pd_u32(struct pd_scan *s, uint32_t *n)
{
	int64_t v;
	if (!pd_number(s, &v))
		return false;
	if (v < 0 || v > UINT32_MAX)
		return pd_error(s, "%lld is out of range", (long long)v);
	*n = (uint32_t)v;
	return true;
}

const char *pd_text_until(struct pd_scan *s, const char *end)
{
	const char *from = s->at, *to = strstr(from, end);
	if (!to) {
		pd_error(s, "there is no closing '%s'", end);
		return NULL;
	}
	s->at = to + strlen(end);
	return pd_strndup(s->pool, from, (size_t)(to - from));
}
