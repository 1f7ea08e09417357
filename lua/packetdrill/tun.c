/* The card as the tun device that scripts were written for: no TSQ behind it, and packets of any size. */
#include <stdlib.h>

#include "lua/packetdrill/run.h"
#include "stack/interface/etherdevice.h"
#include "stack/skb/drop_reason.h"
#include "stack/skb/skb_copy.h"

struct pd_tun {
	struct pd_run *run;
	struct net_device_ops ops;
	const struct net_device_ops *card; /* the driver's own */
	uint8_t packet[ETH_MAX_MTU];
};

/* With an MTU that the card cannot do, packets go to the interpreter by themselves. */
static void take(struct pd_tun *tun, struct sk_buff *skb)
{
	uint32_t len = skb->len - ETH_HLEN;

	if ((skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(skb) < 0) ||
	    skb_copy_bits(skb, ETH_HLEN, tun->packet, (int)len) < 0) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return;
	}
	pd_host_sent(tun->run, tun->packet, len);
	consume_skb(skb);
}

/* The socket is let go at once: what the card has yet to send does not hold TCP back. */
static netdev_tx_t tun_net_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct pd_tun *tun = container_of(dev->netdev_ops, struct pd_tun, ops);

	if (tun->run->sent_by < 0)
		tun->run->sent_by = tun->run->calls;
	skb_tx_timestamp(skb); /* while there is somebody to tell */
	skb_orphan(skb);
	if (dev->mtu <= ETH_DATA_LEN)
		return tun->card->ndo_start_xmit(skb, dev);
	take(tun, skb);
	return NETDEV_TX_OK;
}

bool pd_be_tun(struct pd_run *run, struct net_device *dev)
{
	struct pd_tun *tun = run->tun = malloc(sizeof(*tun));

	if (!tun)
		return pd_fail(run, "no memory");
	tun->run = run;
	tun->card = dev->netdev_ops;
	tun->ops = *dev->netdev_ops;
	tun->ops.ndo_start_xmit = tun_net_xmit;
	dev->netdev_ops = &tun->ops;
	dev->max_mtu = ETH_MAX_MTU;
	return true;
}
