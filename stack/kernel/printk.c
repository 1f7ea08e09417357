/*
 * The kernel log: one buffer of lines, which grows up to LOG_BYTES_MAX; then the older half is dropped.
 */
#include "stack/kernel/printk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "stack/kernel/kernel_state.h"

#define LINE_MAX_BYTES 1024
#define RATELIMIT_INTERVAL (5 * NSEC_PER_SEC)
#define RATELIMIT_BURST 10

static bool log_make_room(struct kernel_state *k, u32 len)
{
	if (k->log_len + len <= k->log_size)
		return true;
	if (k->log_size < LOG_BYTES_MAX) {
		u32 size = k->log_size ? k->log_size * 2 : 1024;
		char *grown = realloc(k->log, size);

		if (!grown)
			return false;
		k->log = grown;
		k->log_size = size;
		return true;
	}
	const char *keep = memchr(k->log + k->log_len / 2, '\n', k->log_len - k->log_len / 2);
	k->log_len = keep ? (u32)(k->log + k->log_len - (keep + 1)) : 0;
	if (keep)
		memmove(k->log, keep + 1, k->log_len);
	return true;
}

void printk(struct host *host, const char *fmt, ...)
{
	struct kernel_state *k = kernel_of(host);
	u64 us = host_now(host) / NSEC_PER_USEC;
	char line[LINE_MAX_BYTES];
	int head, n;
	va_list ap;

	head = snprintf(line, sizeof(line), "[%5llu.%06llu] ", (unsigned long long)(us / USEC_PER_SEC),
			(unsigned long long)(us % USEC_PER_SEC));
	va_start(ap, fmt);
	n = vsnprintf(line + head, sizeof(line) - (size_t)head - 1, fmt, ap);
	va_end(ap);
	n = head + clamp(n, 0, (int)sizeof(line) - head - 2);
	while (n > head && line[n - 1] == '\n')
		n--;
	line[n] = '\0';
	trace_note(host, line + head);
	line[n++] = '\n';
	if (!log_make_room(k, (u32)n))
		return;
	memcpy(k->log + k->log_len, line, (size_t)n);
	k->log_len += (u32)n;
}

bool net_ratelimit(struct host *host)
{
	struct kernel_state *k = kernel_of(host);
	u64 now = host_now(host) + 1; /* so that 0 means never */

	if (!k->ratelimit_begin || now - k->ratelimit_begin > RATELIMIT_INTERVAL) {
		u32 missed = k->ratelimit_missed;

		k->ratelimit_begin = now;
		k->ratelimit_printed = 0;
		k->ratelimit_missed = 0;
		if (missed)
			printk(host, "net_ratelimit: %u callbacks suppressed", missed);
	}
	if (k->ratelimit_printed < RATELIMIT_BURST) {
		k->ratelimit_printed++;
		return true;
	}
	k->ratelimit_missed++;
	return false;
}

void log_for_each(struct host *host, void (*line)(void *arg, const char *text), void *arg)
{
	struct kernel_state *k = kernel_of(host);
	char text[LINE_MAX_BYTES];
	u32 at = 0;

	while (at < k->log_len) {
		u32 len = 0;

		while (k->log[at + len] != '\n')
			len++;
		memcpy(text, k->log + at, len);
		text[len] = '\0';
		line(arg, text);
		at += len + 1;
	}
}
