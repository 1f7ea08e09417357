/*
 * A text that grows: what the kernel's seq_show functions write into, and what a command says. Once memory is
 * refused, `nomem` stays set and the text ends there.
 */
#ifndef STACK_KERNEL_SEQ_FILE_H
#define STACK_KERNEL_SEQ_FILE_H

#include "stack/kernel/kernel.h"

struct seq_file {
	struct host *host;
	char *buf; /* ends with a 0; NULL while nothing was written */
	size_t size, count;
	size_t pad_until;
	bool nomem;
};

void seq_printf(struct seq_file *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void seq_write(struct seq_file *m, const char *s, size_t len);
void seq_puts(struct seq_file *m, const char *s);
void seq_putc(struct seq_file *m, char c);
/* The record that begins here is to be `size` wide: seq_pad() fills it up, and ends it with c. */
void seq_setwidth(struct seq_file *m, size_t size);
void seq_pad(struct seq_file *m, char c);
void seq_release(struct seq_file *m);

#endif
