/*
 * netif_rx(): packets for a device without NAPI (loopback) wait in the CPU's backlog, which is polled
 * like a device.
 */
#include "stack/interface/netdevice.h"

/* CONFIG_NET_FLOW_LIMIT is there, but no flow is limited unless somebody switches it on. */
static bool skb_flow_limit(struct sk_buff *skb, unsigned int qlen)
{
	TRACE_SKB(skb, "ask whether the packet's flow has too much of the backlog");
	(void)qlen;
	return false;
}

static int enqueue_to_backlog(struct sk_buff *skb)
{
	TRACE_SKB(skb, "put the packet into the backlog and have it polled");
	struct softnet_data *sd = softnet_data(skb->host);
	unsigned int qlen = skb_queue_len(&sd->input_pkt_queue);

	if (unlikely(!netif_running(skb->dev))) {
		skb->dev->core_rx_dropped++;
		kfree_skb_reason(skb, SKB_DROP_REASON_DEV_DOWN);
		return NET_RX_DROP;
	}
	if (likely(qlen <= (unsigned int)skb->host->net->core.sysctl_netdev_max_backlog &&
		   !skb_flow_limit(skb, qlen))) {
		if (!qlen && !(sd->backlog.state & NAPIF_STATE_SCHED)) {
			sd->backlog.state |= NAPIF_STATE_SCHED;
			____napi_schedule(sd, &sd->backlog);
		}
		__skb_queue_tail(&sd->input_pkt_queue, skb);
		return NET_RX_SUCCESS;
	}
	sd->dropped++;
	skb->dev->core_rx_dropped++;
	kfree_skb_reason(skb, SKB_DROP_REASON_CPU_BACKLOG);
	return NET_RX_DROP;
}

static int netif_rx_internal(struct sk_buff *skb)
{
	TRACE_SKB(skb, "put the packet into the backlog of a cpu");

	net_timestamp_check(skb);
	return enqueue_to_backlog(skb);
}

int netif_rx(struct sk_buff *skb)
{
	TRACE_SKB(skb, "take in a packet of a device without napi");
	return netif_rx_internal(skb);
}

/* From a task: what was raised runs at once, not later in ksoftirqd. */
int netif_rx_ni(struct sk_buff *skb)
{
	TRACE_SKB(skb, "take in a packet, in a task");
	struct host *host = skb->host;
	int err;

	local_bh_disable(host);
	err = netif_rx_internal(skb);
	local_bh_enable(host);
	return err;
}

int process_backlog(struct napi_struct *napi, int quota)
{
	TRACE(napi, "hand up the packets of the backlog");
	struct softnet_data *sd = container_of(napi, struct softnet_data, backlog);
	bool again = true;
	int work = 0;

	sd_has_rps_ipi_waiting(sd);
	napi->weight = sd->host->net->core.sysctl_dev_weight;
	while (again) {
		struct sk_buff *skb;

		while ((skb = __skb_dequeue(&sd->process_queue))) {
			__netif_receive_skb(skb);
			if (++work >= quota)
				return work;
		}
		if (skb_queue_empty(&sd->input_pkt_queue)) {
			napi->state = 0; /* nobody else touches the backlog's */
			again = false;
		} else {
			skb_queue_splice_tail_init(&sd->input_pkt_queue, &sd->process_queue);
		}
	}
	return work;
}
