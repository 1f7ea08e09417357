/*
 * Hardware interrupts: who handles which line, and the way from the controller (the AST2500's AVIC) to him.
 */
#ifndef STACK_KERNEL_INTERRUPT_H
#define STACK_KERNEL_INTERRUPT_H

#include "stack/kernel/kernel.h"

#define NR_IRQS 32u
#define TIMER_IRQ 16u /* the AST2500's first timer; the stack's timer tick */

#define IRQF_SHARED 0x80u

typedef int irqreturn_t;
enum { IRQ_NONE = 0, IRQ_HANDLED = 1 };
typedef irqreturn_t (*irq_handler_t)(int irq, void *dev_id);

/* 0, -EBUSY when the line is taken (and not shared by both), -ENOMEM, -EINVAL. */
int request_threaded_irq(struct host *host, unsigned int irq, irq_handler_t handler, unsigned int flags,
			 const char *name, void *dev_id);
static inline int request_irq(struct host *host, unsigned int irq, irq_handler_t handler, unsigned int flags,
			      const char *name, void *dev_id)
{
	return request_threaded_irq(host, irq, handler, flags, name, dev_id);
}
/* The dev_id of the handler that was taken away, NULL when there was none. */
const void *free_irq(struct host *host, unsigned int irq, void *dev_id);

/* Masks the line at the controller, nested; disable_irq() needs not wait here. */
void disable_irq(struct host *host, unsigned int irq);
void enable_irq(struct host *host, unsigned int irq);
#define disable_irq_nosync(host, irq) disable_irq(host, irq)

/* How often a line was served (/proc/interrupts). */
u64 irq_count(const struct host *host, unsigned int irq);

#endif
