/* Reading the characters of a script: shared by the parsers. Private to this folder. */
#ifndef LUA_PACKETDRILL_SCAN_H
#define LUA_PACKETDRILL_SCAN_H

#include "lua/packetdrill/script.h"

struct pd_scan {
	const char *text, *at; /* the whole script, zero-terminated, and the place */
	const char *file;
	struct pd_pool *pool;
	char *err;
	unsigned errlen;
	bool failed;	  /* the first error is in `err` */
	bool unsupported; /* it is about something known that is not to be had here */
};

unsigned pd_line(const struct pd_scan *s, const char *at);
/* Notes the first error, with file and line; returns false. */
bool pd_error(struct pd_scan *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool pd_unsupported(struct pd_scan *s, const char *what);

void pd_skip(struct pd_scan *s);		      /* white space and comments */
bool pd_take(struct pd_scan *s, const char *literal); /* skips; moves past `literal` if it comes next */
bool pd_want(struct pd_scan *s, const char *literal); /* the same; an error when it does not */
bool pd_peek(struct pd_scan *s, char c);

/* A word of letters, digits and '_'; NULL when none is next. */
const char *pd_word(struct pd_scan *s);
bool pd_take_word(struct pd_scan *s, const char *word); /* this one, whole */
bool pd_number(struct pd_scan *s, int64_t *n);		/* decimal, 0x, with a sign; false with an error */
bool pd_u32(struct pd_scan *s, uint32_t *n);
/* Up to `end` (not part of it), which is moved past; an error at the end of the script. */
const char *pd_text_until(struct pd_scan *s, const char *end);

struct pd_expr *pd_expression(struct pd_scan *s); /* NULL with an error */
struct pd_packet *pd_packet_line(struct pd_scan *s, bool inbound);

#endif
