/* Texts of /proc and of commands. */
#include "stack/kernel/seq_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool seq_make_room(struct seq_file *m, size_t len)
{
	size_t size = m->size ? m->size : 512;
	char *grown;

	while (size < m->count + len + 1)
		size *= 2;
	if (size == m->size)
		return true;
	grown = m->nomem ? NULL : realloc(m->buf, size);
	if (!grown) {
		m->nomem = true;
		return false;
	}
	m->buf = grown;
	m->size = size;
	return true;
}

void seq_write(struct seq_file *m, const char *s, size_t len)
{
	if (!seq_make_room(m, len))
		return;
	memcpy(m->buf + m->count, s, len);
	m->count += len;
	m->buf[m->count] = '\0';
}

void seq_printf(struct seq_file *m, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0 || !seq_make_room(m, (size_t)len))
		return;
	va_start(ap, fmt);
	vsnprintf(m->buf + m->count, (size_t)len + 1, fmt, ap);
	va_end(ap);
	m->count += (size_t)len;
}

void seq_puts(struct seq_file *m, const char *s)
{
	seq_write(m, s, strlen(s));
}

void seq_putc(struct seq_file *m, char c)
{
	seq_write(m, &c, 1);
}

void seq_setwidth(struct seq_file *m, size_t size)
{
	m->pad_until = m->count + size;
}

void seq_pad(struct seq_file *m, char c)
{
	while (m->count < m->pad_until && !m->nomem)
		seq_putc(m, ' ');
	seq_putc(m, c);
}

void seq_release(struct seq_file *m)
{
	free(m->buf);
	*m = (struct seq_file){ .host = m->host };
}
