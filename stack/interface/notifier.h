/*
 * Notifier chains: who wants to hear of an event of a device (or address) links a block that it owns.
 * Chains are per host; blocks with a higher priority are called first, equal ones in order of registration.
 */
#ifndef STACK_INTERFACE_NOTIFIER_H
#define STACK_INTERFACE_NOTIFIER_H

#define NOTIFY_DONE 0x0000 /* not interested */
#define NOTIFY_OK 0x0001
#define NOTIFY_STOP_MASK 0x8000
#define NOTIFY_BAD (NOTIFY_STOP_MASK | 0x0002)
#define NOTIFY_STOP (NOTIFY_OK | NOTIFY_STOP_MASK)

struct notifier_block {
	int (*notifier_call)(struct notifier_block *nb, unsigned long action, void *data);
	struct notifier_block *next;
	int priority;
};

struct raw_notifier_head {
	struct notifier_block *head;
};

/* Of a chain's result: the error inside it, 0 when there is none; and the reverse. */
static inline int notifier_to_errno(int ret)
{
	ret &= ~NOTIFY_STOP_MASK;
	return ret > NOTIFY_OK ? NOTIFY_OK - ret : 0;
}

static inline int notifier_from_errno(int err)
{
	return err ? (NOTIFY_STOP_MASK | (NOTIFY_OK - err)) : NOTIFY_OK;
}

static inline int raw_notifier_chain_register(struct raw_notifier_head *nh, struct notifier_block *nb)
{
	struct notifier_block **p = &nh->head;

	while (*p && (*p)->priority >= nb->priority)
		p = &(*p)->next;
	nb->next = *p;
	*p = nb;
	return 0;
}

static inline int raw_notifier_chain_unregister(struct raw_notifier_head *nh, struct notifier_block *nb)
{
	for (struct notifier_block **p = &nh->head; *p; p = &(*p)->next) {
		if (*p == nb) {
			*p = nb->next;
			nb->next = 0;
			return 0;
		}
	}
	return -2; /* ENOENT */
}

static inline int raw_notifier_call_chain(struct raw_notifier_head *nh, unsigned long action, void *data)
{
	int ret = NOTIFY_DONE;

	for (struct notifier_block *nb = nh->head, *next; nb; nb = next) {
		next = nb->next;
		ret = nb->notifier_call(nb, action, data);
		if (ret & NOTIFY_STOP_MASK)
			break;
	}
	return ret;
}

#endif
