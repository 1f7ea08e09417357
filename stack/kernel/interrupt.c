/*
 * The way of a hardware interrupt: the CPU's entry, the controller, the line, its handlers, and back.
 *
 * The timer's line is served first and by itself: it is the tick, which golden/ does not show.
 */
#include "stack/kernel/interrupt.h"

#include "stack/kernel/kernel_state.h"
#include "stack/kernel/printk.h"
#include "stack/proc.h"

#define UNHANDLED_MAX 99900u /* interrupts that nobody wanted before the line is shut */

struct irqaction {
	struct irqaction *next;
	irq_handler_t handler;
	const char *name;
	void *dev_id;
	unsigned int flags;
};

/* ---- who handles what ---- */

static struct irq_desc *desc_get(struct host *host, unsigned int irq)
{
	struct kernel_state *k = kernel_of(host);

	if (!k->irq[irq]) {
		k->irq[irq] = kzalloc(host, sizeof(*k->irq[irq]));
		if (!k->irq[irq])
			return NULL;
		k->irq[irq]->host = host;
		k->irq[irq]->irq = irq;
	}
	return k->irq[irq];
}

int request_threaded_irq(struct host *host, unsigned int irq, irq_handler_t handler, unsigned int flags,
			 const char *name, void *dev_id)
{
	TRACE(host, "take an interrupt line and register its handler");
	struct irqaction *action, **end;
	struct irq_desc *desc;

	if (irq >= NR_IRQS || irq == TIMER_IRQ || !handler || ((flags & IRQF_SHARED) && !dev_id))
		return -EINVAL;
	desc = desc_get(host, irq);
	if (!desc)
		return -ENOMEM;
	for (end = &desc->action; *end; end = &(*end)->next) {
		if (!(flags & (*end)->flags & IRQF_SHARED))
			return -EBUSY;
	}
	action = kzalloc(host, sizeof(*action));
	if (!action)
		return -ENOMEM;
	*action = (struct irqaction){ .handler = handler, .name = name, .dev_id = dev_id, .flags = flags };
	*end = action;
	desc->unhandled = 0;
	if (!desc->depth)
		host->cpu.masked &= ~(u32)BIT(irq);
	cpu_interrupt_point(&host->cpu);
	return 0;
}

const void *free_irq(struct host *host, unsigned int irq, void *dev_id)
{
	TRACE(host, "give back an interrupt line");
	struct irq_desc *desc = irq < NR_IRQS ? kernel_of(host)->irq[irq] : NULL;

	for (struct irqaction **p = desc ? &desc->action : NULL; p && *p; p = &(*p)->next) {
		struct irqaction *action = *p;

		if (action->dev_id != dev_id)
			continue;
		*p = action->next;
		kfree(host, action);
		if (!desc->action)
			host->cpu.masked |= (u32)BIT(irq);
		return dev_id;
	}
	return NULL;
}

void disable_irq(struct host *host, unsigned int irq)
{
	struct irq_desc *desc = desc_get(host, irq);

	if (desc && desc->depth++ == 0)
		host->cpu.masked |= (u32)BIT(irq);
}

void enable_irq(struct host *host, unsigned int irq)
{
	struct irq_desc *desc = kernel_of(host)->irq[irq];

	if (!desc || !desc->depth || --desc->depth)
		return;
	if (desc->action)
		host->cpu.masked &= ~(u32)BIT(irq);
	cpu_interrupt_point(&host->cpu);
}

u64 irq_count(const struct host *host, unsigned int irq)
{
	const struct irq_desc *desc = kernel_of(host)->irq[irq];

	return desc ? desc->count : 0;
}

int show_interrupts(struct seq_file *p)
{
	TRACE(p, "tell how often each interrupt line was served (/proc/interrupts)");
	const struct kernel_state *k = kernel_of(p->host);

	seq_printf(p, "%11sCPU%-8d\n", "", 0);
	for (unsigned int irq = 0; irq < NR_IRQS; irq++) {
		const struct irq_desc *desc = k->irq[irq];

		if (!desc || (!desc->action && !desc->count))
			continue;
		seq_printf(p, "%3u: %10u  %8s %3u %-8s", irq, (unsigned int)desc->count, "AVIC", irq,
			   "Level");
		for (const struct irqaction *action = desc->action; action; action = action->next)
			seq_printf(p, "%s%s", action == desc->action ? "  " : ", ", action->name);
		seq_putc(p, '\n');
	}
	seq_printf(p, "%3s: %10u\n", "Err", 0);
	return 0;
}

/* ---- from the CPU to the handler ---- */

static irqreturn_t __handle_irq_event_percpu(struct irq_desc *desc)
{
	TRACE(desc, "call the handlers of the line");
	irqreturn_t ret = IRQ_NONE;

	for (struct irqaction *action = desc->action; action; action = action->next)
		ret |= action->handler((int)desc->irq, action->dev_id);
	return ret;
}

/* A line that is never anybody's is shut: else the host would do nothing but answer it. */
static void note_unhandled(struct irq_desc *desc)
{
	if (++desc->unhandled < UNHANDLED_MAX)
		return;
	pr_err(desc->host, "irq %u: nobody cared (try booting with the \"irqpoll\" option)", desc->irq);
	pr_emerg(desc->host, "Disabling IRQ #%u", desc->irq);
	desc->depth++;
}

static void handle_irq_event(struct irq_desc *desc)
{
	TRACE(desc, "handle one event of the line");
	if (likely(__handle_irq_event_percpu(desc) & IRQ_HANDLED))
		desc->unhandled = 0;
	else
		note_unhandled(desc);
}

static void handle_level_irq(struct irq_desc *desc)
{
	TRACE(desc, "mask the level-triggered line while it is handled");
	u32 bit = (u32)BIT(desc->irq);
	struct cpu *cpu = &desc->host->cpu;

	cpu->masked |= bit;
	desc->count++;
	handle_irq_event(desc);
	if (!desc->depth && desc->action)
		cpu->masked &= ~bit;
}

static void generic_handle_domain_irq(struct host *host, unsigned int hwirq)
{
	TRACE(host, "find the interrupt behind the controller's line");
	struct irq_desc *desc = kernel_of(host)->irq[hwirq];

	if (likely(desc && desc->action))
		handle_level_irq(desc);
	else
		host->cpu.masked |= (u32)BIT(hwirq); /* nobody asked for it */
}

static void avic_handle_irq(struct host *host, u32 pending)
{
	TRACE(host, "ask the interrupt controller which lines are high");
	for (; pending; pending &= pending - 1)
		generic_handle_domain_irq(host, (unsigned int)__builtin_ctz(pending));
}

/* The CPU takes an interrupt; core calls it with interrupts disabled. */
static void irq_entry(struct cpu *cpu)
{
	struct host *host = cpu->host;
	u32 pending = cpu->lines & ~cpu->masked;

	cpu->hardirq_count++;
	if (pending & BIT(TIMER_IRQ)) {
		timer_interrupt(host);
		pending &= ~(u32)BIT(TIMER_IRQ);
	}
	if (pending) {
		unsigned int line = (unsigned int)__builtin_ctz(pending);

		trace_irq(host, line);
		trace_hop_in(host, HOP_IRQ, cpu->irq_hop[line]);
		avic_handle_irq(host, pending);
		trace_irq_end(host);
	}
	cpu->hardirq_count--;
	if (cpu->softirq_pending && !in_interrupt(host) && !ksoftirqd_running(host, cpu->softirq_pending))
		irq_exit(host);
}

void interrupt_init(struct host *host)
{
	host->cpu.masked = ~(u32)BIT(TIMER_IRQ); /* a line is opened by request_irq() */
	host->cpu.irq_entry = irq_entry;
}

void interrupt_exit(struct host *host)
{
	struct kernel_state *k = kernel_of(host);

	host->cpu.irq_entry = NULL;
	for (unsigned int irq = 0; irq < NR_IRQS; irq++) {
		if (k->irq[irq] && k->irq[irq]->action)
			sim_fault(host->sim, host, "leak: irq %u was never given back by %s", irq,
				  k->irq[irq]->action->name);
		while (k->irq[irq] && k->irq[irq]->action)
			free_irq(host, irq, k->irq[irq]->action->dev_id);
		kfree(host, k->irq[irq]);
	}
}
