/*
 * Transmit: from dev_queue_xmit(), which IP and ARP call, through the queueing discipline (sch_generic.c)
 * to the driver's ndo_start_xmit.
 *
 * Bottom halves are off on the way, so what the card's interrupt raised meanwhile runs when
 * __dev_queue_xmit() enables them again: receiving may nest in sending.
 */
#include "stack/interface/vlan.h"
#include "stack/internet/dst.h"
#include "stack/internet/errqueue.h"

/* ---- the link header ---- */

int dev_hard_header(struct sk_buff *skb, struct net_device *dev, unsigned short type, const void *daddr,
		    const void *saddr, unsigned int len)
{
	TRACE_SKB(skb, "build mac header");
	if (!dev->header_ops || !dev->header_ops->create)
		return 0;
	TRACE_OP(skb, "create");
	return dev->header_ops->create(skb, dev, type, daddr, saddr, len);
}

int dev_parse_header(const struct sk_buff *skb, unsigned char *haddr)
{
	TRACE_SKB(skb, "get the sender's hardware address");
	const struct net_device *dev = skb->dev;

	if (!dev->header_ops || !dev->header_ops->parse)
		return 0;
	TRACE_OP(skb, "parse");
	return dev->header_ops->parse(skb, haddr);
}

bool dev_has_header(const struct net_device *dev)
{
	return dev->header_ops && dev->header_ops->create;
}

/* ---- freeing from anywhere ---- */

void __dev_kfree_skb_irq(struct sk_buff *skb)
{
	TRACE_SKB(skb, "leave the freeing of the packet to net_tx_action");
	struct softnet_data *sd = softnet_data(skb->host);

	skb->next = sd->completion_queue;
	sd->completion_queue = skb;
	raise_softirq_irqoff(skb->host, NET_TX_SOFTIRQ);
}

void __dev_kfree_skb_any(struct sk_buff *skb)
{
	TRACE_SKB(skb, "free the packet, in whatever context");
	if (in_hardirq(skb->host))
		__dev_kfree_skb_irq(skb);
	else
		kfree_skb(skb);
}

void dev_kfree_skb_any(struct sk_buff *skb)
{
	TRACE_SKB(skb, "free the packet, in whatever context");
	__dev_kfree_skb_any(skb);
}

/* ---- features and validation ---- */

static netdev_features_t gso_features_check(const struct sk_buff *skb, struct net_device *dev,
					    netdev_features_t features)
{
	TRACE_SKB_LEAF(skb, "drop the offloads that do not go with this gso packet");
	u16 gso_segs = skb_shinfo(skb)->gso_segs;

	if (gso_segs > dev->gso_max_segs)
		return features & ~NETIF_F_GSO_MASK;
	/* Equal ip ids of segments are only allowed where nobody may fragment them. */
	if ((skb_shinfo(skb)->gso_type & SKB_GSO_TCPV4) && !(skb_network_header(skb)[6] & 0x40))
		features &= ~NETIF_F_TSO_MANGLEID;
	return features;
}

static netdev_features_t net_mpls_features(struct sk_buff *skb, netdev_features_t features, __be16 type)
{
	TRACE_SKB_LEAF(skb, "keep the offloads that work under mpls");
	if (unlikely(type == htons(ETH_P_MPLS_UC) || type == htons(ETH_P_MPLS_MC)))
		features &= skb->dev->mpls_features;
	return features;
}

static bool illegal_highdma(struct net_device *dev, struct sk_buff *skb)
{
	TRACE_SKB_LEAF(skb, "ask whether a fragment lies where the card cannot reach");
	(void)dev;
	return false; /* all of RAM is within reach */
}

static netdev_features_t harmonize_features(struct sk_buff *skb, netdev_features_t features)
{
	TRACE_SKB(skb, "drop the offloads that do not go with the packet's protocol");
	__be16 type = skb_network_protocol(skb, NULL);

	features = net_mpls_features(skb, features, type);
	if (skb->ip_summed != CHECKSUM_NONE && !can_checksum_protocol(features, type))
		features &= ~(NETIF_F_CSUM_MASK | NETIF_F_GSO_MASK);
	if (illegal_highdma(skb->dev, skb))
		features &= ~NETIF_F_SG;
	return features;
}

static netdev_features_t dflt_features_check(struct sk_buff *skb, struct net_device *dev,
					     netdev_features_t features)
{
	TRACE_SKB_LEAF(skb, "the features of a device that does not restrict them by packet");
	(void)dev;
	return features;
}

netdev_features_t netif_skb_features(struct sk_buff *skb)
{
	TRACE_SKB(skb, "which offloads the device can do for this packet");
	struct net_device *dev = skb->dev;
	netdev_features_t features = dev->features;

	if (skb_is_gso(skb))
		features = gso_features_check(skb, dev, features);
	if (unlikely(skb_vlan_tagged(skb)))
		features &= dev->vlan_features | NETIF_F_HW_VLAN_CTAG_TX;
	if (dev->netdev_ops->ndo_features_check) {
		TRACE_OP(skb, "ndo_features_check");
		features &= dev->netdev_ops->ndo_features_check(skb, dev, features);
	} else {
		features &= dflt_features_check(skb, dev, features);
	}
	return harmonize_features(skb, features);
}

static struct sk_buff *validate_xmit_vlan(struct sk_buff *skb, netdev_features_t features)
{
	TRACE_SKB(skb, "put a vlan tag into the packet unless the device does");
	if (unlikely(skb_vlan_tag_present(skb)) && !vlan_hw_offload_capable(features, skb_vlan_proto(skb)))
		skb = __vlan_hwaccel_push_inside(skb);
	return skb;
}

int skb_csum_hwoffload_help(struct sk_buff *skb, const netdev_features_t features)
{
	TRACE_SKB(skb, "compute the checksum unless the device does");
	if (features & NETIF_F_HW_CSUM)
		return 0;
	/* NETIF_F_IP_CSUM knows TCP and UDP only, whose checksums are at 16 and 6. */
	if ((features & NETIF_F_IP_CSUM) && (skb->csum_offset == 16 || skb->csum_offset == 6))
		return 0;
	return skb_checksum_help(skb);
}

static bool skb_needs_linearize(struct sk_buff *skb, netdev_features_t features)
{
	return skb_is_nonlinear(skb) && ((skb_has_frag_list(skb) && !(features & NETIF_F_FRAGLIST)) ||
					 (skb_shinfo(skb)->nr_frags && !(features & NETIF_F_SG)));
}

static struct sk_buff *validate_xmit_skb(struct sk_buff *skb, struct net_device *dev, bool *again)
{
	TRACE_SKB(skb, "segment the packet, linearize it, checksum it: all that the device cannot");
	netdev_features_t features = netif_skb_features(skb);

	(void)again;
	skb = validate_xmit_vlan(skb, features);
	if (unlikely(!skb))
		goto gone;
	if (netif_needs_gso(skb, features)) {
		struct sk_buff *segs = skb_gso_segment(skb, features);

		if (IS_ERR(segs))
			goto drop;
		if (segs) {
			consume_skb(skb);
			skb = segs;
		}
		return skb;
	}
	if (unlikely(skb_needs_linearize(skb, features)) && __skb_linearize(skb))
		goto drop;
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		skb_set_transport_header(skb, skb_checksum_start_offset(skb));
		if (skb_csum_hwoffload_help(skb, features))
			goto drop;
	}
	return skb;
drop:
	kfree_skb_reason(skb, SKB_DROP_REASON_SKB_GSO_SEG);
gone:
	dev->core_tx_dropped++;
	return NULL;
}

struct sk_buff *validate_xmit_skb_list(struct sk_buff *skb, struct net_device *dev, bool *again)
{
	TRACE_SKB(skb, "validate each packet of a list for transmission");
	struct sk_buff *next, *head = NULL, *tail = NULL;

	for (; skb != NULL; skb = next) {
		next = skb->next;
		skb_mark_not_on_list(skb);
		/* In case it won't be segmented; of segments, the last one's prev is set. */
		skb->prev = skb;
		skb = validate_xmit_skb(skb, dev, again);
		if (!skb)
			continue;
		if (!head)
			head = skb;
		else
			tail->next = skb;
		tail = skb->prev;
	}
	return head;
}

/* ---- to the driver ---- */

/* Every packet is to be copied to some tap (packet sockets, captures). */
bool dev_nit_active(struct net_device *dev)
{
	TRACE_LEAF(dev, "ask whether somebody taps the device");
	return netdev_state(dev->host)->nit || !list_empty(&dev->ptype_all);
}

/* A tap sees the packets that its own socket sends only if it is another socket. */
static bool skb_loop_sk(struct packet_type *ptype, struct sk_buff *skb)
{
	if (!ptype->af_packet_priv || !skb->sk)
		return false;
	if (ptype->id_match)
		return ptype->id_match(ptype, skb->sk);
	return (struct sock *)ptype->af_packet_priv == skb->sk;
}

/* A copy of a sent packet as taps want it: with its mac header, network header set. */
static struct sk_buff *nit_clone(struct sk_buff *skb)
{
	struct sk_buff *skb2 = skb_clone(skb, GFP_ATOMIC);

	if (!skb2)
		return NULL;
	__net_timestamp(skb2);
	skb_reset_mac_header(skb2);
	if (skb_network_header(skb2) < skb2->data || skb2->network_header > skb2->tail)
		skb_reset_network_header(skb2);
	skb2->transport_header = skb2->network_header;
	skb2->pkt_type = PACKET_OUTGOING;
	return skb2;
}

static struct packet_type *nit_deliver_list(struct list_head *list, struct sk_buff *skb,
					    struct sk_buff **skb2, struct packet_type *pt_prev)
{
	struct packet_type *ptype;

	list_for_each_entry (ptype, list, list) {
		if (ptype->ignore_outgoing || (ptype->dev && ptype->dev != skb->dev) ||
		    skb_loop_sk(ptype, skb))
			continue;
		if (pt_prev) {
			(*skb2)->users++;
			TRACE_OP(*skb2, "func");
			pt_prev->func(*skb2, skb->dev, pt_prev, skb->dev);
		} else {
			*skb2 = nit_clone(skb);
			if (!*skb2)
				return NULL;
		}
		pt_prev = ptype;
	}
	return pt_prev;
}

void dev_queue_xmit_nit(struct sk_buff *skb, struct net_device *dev)
{
	TRACE_SKB(skb, "give a copy of the packet to each tap");
	struct sk_buff *skb2 = NULL;
	struct packet_type *pt_prev;

	pt_prev = nit_deliver_list(&netdev_state(dev->host)->ptype_all, skb, &skb2, NULL);
	pt_prev = nit_deliver_list(&dev->ptype_all, skb, &skb2, pt_prev);
	if (!pt_prev)
		return;
	TRACE_OP(skb2, "func");
	pt_prev->func(skb2, skb->dev, pt_prev, skb->dev);
}

static netdev_tx_t __netdev_start_xmit(const struct net_device_ops *ops, struct sk_buff *skb,
				       struct net_device *dev, bool more)
{
	TRACE_SKB(skb, "hand the packet to the driver");
	softnet_data(dev->host)->xmit_more = more;
	TRACE_OP(skb, "ndo_start_xmit");
	return ops->ndo_start_xmit(skb, dev);
}

static netdev_tx_t netdev_start_xmit(struct sk_buff *skb, struct net_device *dev, struct netdev_queue *txq,
				     bool more)
{
	TRACE_SKB(skb, "hand the packet to the driver and note the time");
	netdev_tx_t rc = __netdev_start_xmit(dev->netdev_ops, skb, dev, more);

	if (likely(rc == NETDEV_TX_OK))
		txq->trans_start = jiffies(dev->host);
	return rc;
}

static int xmit_one(struct sk_buff *skb, struct net_device *dev, struct netdev_queue *txq, bool more)
{
	TRACE_SKB(skb, "transmit one packet, with a copy for taps");
	if (unlikely(dev_nit_active(dev)))
		dev_queue_xmit_nit(skb, dev);
	return netdev_start_xmit(skb, dev, txq, more);
}

struct sk_buff *dev_hard_start_xmit(struct sk_buff *first, struct net_device *dev, struct netdev_queue *txq,
				    int *ret)
{
	TRACE_SKB(first, "transmit a list of packets until the driver's queue is full");
	struct sk_buff *skb = first;
	int rc = NETDEV_TX_OK;

	while (skb) {
		struct sk_buff *next = skb->next;

		skb_mark_not_on_list(skb);
		rc = xmit_one(skb, dev, txq, next != NULL);
		if (unlikely(!dev_xmit_complete(rc))) {
			skb->next = next;
			break;
		}
		skb = next;
		if (unlikely(netif_tx_queue_stopped(txq)) && skb) {
			rc = NETDEV_TX_BUSY;
			break;
		}
	}
	*ret = rc;
	return skb;
}

/* ---- into the queue ---- */

static void qdisc_pkt_len_init(struct sk_buff *skb)
{
	TRACE_SKB_LEAF(skb, "compute how long the packet is on the wire");
	const struct skb_shared_info *shinfo = skb_shinfo(skb);

	qdisc_skb_cb(skb)->pkt_len = skb->len;
	if (shinfo->gso_size && skb_transport_header_was_set(skb)) {
		unsigned int hdr_len = (unsigned int)(skb_transport_header(skb) - skb_mac_header(skb));
		u16 gso_segs = shinfo->gso_segs;

		if (shinfo->gso_type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6))
			hdr_len += (unsigned int)(skb_transport_header(skb)[12] >> 4) * 4;
		else
			hdr_len += 8;
		if (shinfo->gso_type & SKB_GSO_DODGY)
			gso_segs = (u16)DIV_ROUND_UP(skb->len - hdr_len, shinfo->gso_size);
		qdisc_skb_cb(skb)->pkt_len += (gso_segs - 1u) * hdr_len;
	}
}

struct netdev_queue *netdev_core_pick_tx(struct net_device *dev, struct sk_buff *skb,
					 struct net_device *sb_dev)
{
	TRACE_SKB_LEAF(skb, "select tx queue");
	(void)skb;
	(void)sb_dev;
	return dev->_tx; /* there is but one */
}

static int __dev_xmit_skb(struct sk_buff *skb, struct Qdisc *q, struct net_device *dev,
			  struct netdev_queue *txq)
{
	TRACE_SKB(skb, "put the packet into the queueing discipline, or past it when it is empty");
	struct sk_buff *to_free = NULL;
	int rc;

	if (unlikely(q->state & BIT(__QDISC_STATE_DEACTIVATED))) {
		kfree_skb_reason(skb, SKB_DROP_REASON_QDISC_DROP);
		return NET_XMIT_DROP;
	}
	if ((q->flags & TCQ_F_CAN_BYPASS) && !q->qstats.qlen && qdisc_run_begin(q)) {
		/* Nothing waits: straight to the device. */
		q->bstats.bytes += qdisc_pkt_len(skb);
		q->bstats.packets += skb_is_gso(skb) ? skb_shinfo(skb)->gso_segs : 1;
		if (sch_direct_xmit(skb, q, dev, txq, true) && q->qstats.qlen)
			__qdisc_run(q);
		qdisc_run_end(q);
		return NET_XMIT_SUCCESS;
	}
	TRACE_OP(skb, "enqueue");
	rc = q->ops->enqueue(skb, q, &to_free) & NET_XMIT_MASK;
	qdisc_trace_len(q);
	qdisc_run(q);
	if (unlikely(to_free))
		kfree_skb_list_reason(to_free, SKB_DROP_REASON_QDISC_DROP);
	return rc;
}

/* A device without a queue (loopback): the driver takes it now. 1 when done with, 0 when not. */
static int xmit_noqueue(struct sk_buff **skb, struct net_device *dev, struct netdev_queue *txq, int *rc)
{
	struct softnet_data *sd = softnet_data(dev->host);

	if (unlikely(sd->xmit_recursion >= XMIT_RECURSION_LIMIT)) {
		net_warn_ratelimited(dev->host, "Dead loop on virtual device %s, fix it urgently!",
				     dev->name);
		return 0;
	}
	*skb = validate_xmit_skb(*skb, dev, NULL);
	*rc = -ENOMEM;
	if (!*skb)
		return 1;
	if (likely(!netif_xmit_stopped(txq))) {
		sd->xmit_recursion++;
		*skb = dev_hard_start_xmit(*skb, dev, txq, rc);
		sd->xmit_recursion--;
		if (dev_xmit_complete(*rc))
			return 1;
	}
	net_warn_ratelimited(dev->host, "Virtual device %s asks to queue packet!", dev->name);
	return 0;
}

static int __dev_queue_xmit(struct sk_buff *skb, struct net_device *sb_dev)
{
	TRACE_SKB(skb, "transfer skb to driver and send out");
	struct host *host = skb->host;
	struct net_device *dev = skb->dev;
	struct netdev_queue *txq;
	struct Qdisc *q;
	int rc = -ENETDOWN;

	skb_reset_mac_header(skb);
	if (unlikely(skb_shinfo(skb)->tx_flags & SKBTX_SCHED_TSTAMP))
		__skb_tstamp_tx(skb, skb->sk, SCM_TSTAMP_SCHED);
	local_bh_disable(host);
	qdisc_pkt_len_init(skb);
	/* Who queues or drops it from here on needs no route. */
	if (dev->priv_flags & IFF_XMIT_DST_RELEASE)
		skb_dst_drop(skb);
	else
		skb_dst_force(skb);
	txq = netdev_core_pick_tx(dev, skb, sb_dev);
	q = txq->qdisc;
	if (likely(q->ops->enqueue)) {
		rc = __dev_xmit_skb(skb, q, dev, txq);
		goto out;
	}
	if (likely(dev->flags & IFF_UP) && xmit_noqueue(&skb, dev, txq, &rc))
		goto out;
	rc = -ENETDOWN;
	dev->core_tx_dropped++;
	kfree_skb_list_reason(skb, SKB_DROP_REASON_DEV_DOWN);
out:
	local_bh_enable(host);
	return rc;
}

int dev_queue_xmit(struct sk_buff *skb)
{
	TRACE_SKB(skb, "transfer skb to driver and send out");
	return __dev_queue_xmit(skb, NULL);
}

/* ---- a copy of an own multicast or broadcast packet comes back ---- */

int dev_loopback_xmit(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "receive a copy of a packet that this host sends");
	(void)net, (void)sk;
	skb_reset_mac_header(skb);
	__skb_pull(skb, (unsigned int)skb_network_offset(skb));
	skb->pkt_type = PACKET_LOOPBACK;
	if (skb->ip_summed == CHECKSUM_NONE)
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb_dst_force(skb);
	netif_rx_ni(skb);
	return 0;
}
