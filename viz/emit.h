/* Writing text formats: numbers and names, fast and escaped. */
#ifndef VIZ_EMIT_H
#define VIZ_EMIT_H

#include <stdint.h>
#include <stdio.h>

void emit_text(FILE *out, const char *text);
void emit_u64(FILE *out, uint64_t v);
void emit_i64(FILE *out, int64_t v);

/* Nanoseconds as microseconds: 1234 is 1.234. */
void emit_us(FILE *out, uint64_t ns);

/* A JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD. */
void emit_json(FILE *out, const char *text);

/* Length of the UTF-8 character at `s`, 0 when there is none (not UTF-8, or the end). */
unsigned emit_utf8(const char *s);

#endif
