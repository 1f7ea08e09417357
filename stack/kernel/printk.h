/*
 * The host's kernel log: lines with virtual time in a bounded ring, which dmesg prints. Each line is also
 * a note in the trace.
 */
#ifndef STACK_KERNEL_PRINTK_H
#define STACK_KERNEL_PRINTK_H

#include "stack/kernel/kernel.h"

#define LOG_BYTES_MAX (64u * 1024) /* the oldest lines make room */

void printk(struct host *host, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define pr_emerg printk
#define pr_crit printk
#define pr_err printk
#define pr_warn printk
#define pr_notice printk
#define pr_info printk
#define pr_debug(host, ...) ((void)(host))

/* At most 10 lines in 5 s get through (Linux's net_ratelimit). */
bool net_ratelimit(struct host *host);
#define net_warn_ratelimited(host, ...)                                                                      \
	do {                                                                                                 \
		if (net_ratelimit(host))                                                                     \
			printk(host, __VA_ARGS__);                                                           \
	} while (0)
#define net_err_ratelimited net_warn_ratelimited
#define net_info_ratelimited net_warn_ratelimited
#define net_dbg_ratelimited(host, ...) ((void)(host))

/* Calls `line` for each line of the log, oldest first: "[    1.234567] text". */
void log_for_each(struct host *host, void (*line)(void *arg, const char *text), void *arg);

#endif
