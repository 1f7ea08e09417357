/* Numbers and names for text formats. */
#include "viz/emit.h"

#include <string.h>

void emit_text(FILE *out, const char *text)
{
	fwrite_unlocked(text, 1, strlen(text), out);
}

void emit_u64(FILE *out, uint64_t v)
{
	char digits[20];
	unsigned n = sizeof(digits);
	do
		digits[--n] = (char)('0' + v % 10);
	while ((v /= 10));
	fwrite_unlocked(digits + n, 1, sizeof(digits) - n, out);
}

void emit_i64(FILE *out, int64_t v)
{
	if (v < 0)
		putc_unlocked('-', out);
	emit_u64(out, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

void emit_us(FILE *out, uint64_t ns)
{
	const char fraction[4] = { '.', (char)('0' + ns % 1000 / 100), (char)('0' + ns % 100 / 10),
				   (char)('0' + ns % 10) };
	emit_u64(out, ns / 1000);
	fwrite_unlocked(fraction, 1, sizeof(fraction), out);
}

unsigned emit_utf8(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;
	unsigned n = u[0] < 0x80   ? 1
		     : u[0] < 0xc2 ? 0
		     : u[0] < 0xe0 ? 2
		     : u[0] < 0xf0 ? 3
		     : u[0] < 0xf5 ? 4
				   : 0;
	if (n == 1)
		return u[0] != 0;
	for (unsigned i = 1; i < n; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	if ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f) || (u[0] == 0xf0 && u[1] < 0x90) ||
	    (u[0] == 0xf4 && u[1] > 0x8f)) /* overlong, a surrogate, above U+10FFFF */
		return 0;
	return n;
}

/* Bytes up to the first that JSON wants escaped, or that is not ASCII. */
static size_t plain(const char *text)
{
	size_t n = 0;
	while (text[n] >= 0x20 && text[n] < 0x7f && text[n] != '"' && text[n] != '\\')
		n++;
	return n;
}

void emit_json(FILE *out, const char *text)
{
	putc_unlocked('"', out);
	for (;;) {
		size_t n = plain(text);
		fwrite_unlocked(text, 1, n, out);
		text += n;
		if (!*text)
			break;
		n = emit_utf8(text);
		if (n == 0)
			emit_text(out, "\\ufffd");
		else if (n > 1)
			fwrite_unlocked(text, 1, n, out);
		else
			fprintf(out, *text == '"' || *text == '\\' ? "\\%c" : "\\u%04x", *text);
		text += n ? n : 1;
	}
	putc_unlocked('"', out);
}
