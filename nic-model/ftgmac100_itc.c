/*
 * Interrupt moderation (register ITC): when RPKT_BUF and XPKT_ETH go into ISR.
 *
 * With a threshold of N the bit is set at the N-th event that it has not reported yet, with a count of
 * T at the latest T time units after the first such event; whichever comes first. Threshold 0 and count
 * 0, or threshold 1: at once. A transmit descriptor may ask for its interrupt (TXIC) past all this.
 */
#include <stddef.h>

#include "nic-model/ftgmac100_int.h"

static void report(struct ftgmac *c, struct ftgmac_moderation *m, uint32_t bit)
{
	c->isr |= bit;
	m->pending = 0;
	event_del(&m->timer);
}

/* One event; `half` is this direction's byte of ITC. */
static void count(struct ftgmac *c, struct ftgmac_moderation *m, uint32_t bit, uint32_t half, bool now)
{
	uint32_t thr = ITC_THR(half), cnt = ITC_CNT(half);

	m->pending++;
	if (now || (thr ? m->pending >= thr : !cnt))
		report(c, m, bit);
	else if (cnt && !event_pending(&m->timer))
		event_add(&m->timer, host_now(c->host) + cnt * ftgmac_time_unit(c, half & ITC_TIME_SEL));
}

void ftgmac_report_tx(struct ftgmac *c, bool now)
{
	if (likely(!(c->itc >> 8 & 0x6f)) && likely(!c->tx_mod.pending))
		c->isr |= INT_XPKT_ETH;
	else
		count(c, &c->tx_mod, INT_XPKT_ETH, c->itc >> 8 & 0xff, now);
}

void ftgmac_report_rx(struct ftgmac *c)
{
	if (likely(!(c->itc & 0x6f)) && likely(!c->rx_mod.pending))
		c->isr |= INT_RPKT_BUF;
	else
		count(c, &c->rx_mod, INT_RPKT_BUF, c->itc & 0xff, false);
}

static void rx_timer(struct event *ev)
{
	struct ftgmac *c = (struct ftgmac *)((char *)ev - offsetof(struct ftgmac, rx_mod.timer));

	report(c, &c->rx_mod, INT_RPKT_BUF);
	ftgmac_update_irq(c);
}

static void tx_timer(struct event *ev)
{
	struct ftgmac *c = (struct ftgmac *)((char *)ev - offsetof(struct ftgmac, tx_mod.timer));

	report(c, &c->tx_mod, INT_XPKT_ETH);
	ftgmac_update_irq(c);
}

void ftgmac_itc_init(struct ftgmac *c)
{
	event_init(&c->rx_mod.timer, &c->host->node, rx_timer, 0);
	event_init(&c->tx_mod.timer, &c->host->node, tx_timer, 0);
}

void ftgmac_itc_reset(struct ftgmac *c)
{
	event_del(&c->rx_mod.timer);
	event_del(&c->tx_mod.timer);
	c->rx_mod.pending = 0;
	c->tx_mod.pending = 0;
}
