/*
 * Frames to packet sockets: the device layer gives each that a socket's hook asks for (received ones and,
 * with ETH_P_ALL, sent ones), and the program reads them.
 */
#include "stack/application/scm.h"
#include "stack/application/socket.h"
#include "stack/interface/vlan.h"
#include "stack/packet/af_packet.h"
#include "stack/transport/sock_tstamp.h"

/* Bytes that the socket wants of the frame; there are no filter programs, so all. */
static unsigned int run_filter(struct sk_buff *skb, const struct sock *sk, unsigned int res)
{
	TRACE_SKB(skb, "run the socket's filter: how much of the frame it wants");

	(void)sk;
	return res;
}

/* The frame from where the program wants to see it: SOCK_RAW with the link header. */
static void packet_rcv_position(struct sk_buff *skb, const struct sock *sk, const struct net_device *dev)
{
	if (!dev_has_header(dev))
		return;
	if (sk->sk_type != SOCK_DGRAM)
		skb_push(skb, (unsigned int)(skb->data - skb_mac_header(skb)));
	else if (skb->pkt_type == PACKET_OUTGOING)
		skb_pull(skb, (unsigned int)skb_network_offset(skb));
}

/* A copy, where it stands now, of a frame that others have too, who get it back as it was; NULL: no memory.
 */
static struct sk_buff *packet_rcv_own(struct sk_buff *skb, u8 *skb_head, unsigned int skb_len)
{
	struct sk_buff *nskb = skb_clone(skb, GFP_ATOMIC);

	if (!nskb)
		return NULL;
	skb->data = skb_head;
	skb->len = skb_len;
	consume_skb(skb);
	return nskb;
}

static void packet_fill_address(struct sk_buff *skb, const struct packet_sock *po,
				const struct net_device *dev, const struct net_device *orig_dev)
{
	struct sockaddr_ll *sll = &PACKET_SKB_CB(skb)->ll;

	sll->sll_family = AF_PACKET;
	sll->sll_protocol = skb->protocol;
	sll->sll_hatype = dev->type;
	sll->sll_pkttype = skb->pkt_type;
	sll->sll_ifindex = unlikely(po->origdev) ? orig_dev->ifindex : dev->ifindex;
	sll->sll_halen = (unsigned char)dev_parse_header(skb, sll->sll_addr);
	PACKET_SKB_CB(skb)->origlen = skb->len;
}

int packet_rcv(struct sk_buff *skb, struct net_device *dev, struct packet_type *pt,
	       struct net_device *orig_dev)
{
	TRACE_SKB(skb, "queue a frame for the packet socket");
	struct sock *sk = pt->af_packet_priv;
	struct packet_sock *po = pkt_sk(sk);
	u8 *skb_head = skb->data;
	unsigned int skb_len = skb->len, snaplen;
	enum skb_drop_reason reason = SKB_DROP_REASON_SOCKET_RCVBUFF;

	if (skb->pkt_type == PACKET_LOOPBACK) { /* seen when it was sent */
		consume_skb(skb);
		return 0;
	}
	skb->dev = dev;
	packet_rcv_position(skb, sk, dev);
	snaplen = run_filter(skb, sk, skb->len);
	if (!snaplen) {
		reason = SKB_DROP_REASON_SOCKET_FILTER;
		goto restore;
	}
	if (sk->sk_rmem_alloc >= sk->sk_rcvbuf)
		goto drop;
	if (skb_shared(skb)) {
		struct sk_buff *nskb = packet_rcv_own(skb, skb_head, skb_len);

		if (!nskb)
			goto drop;
		skb = nskb;
	}
	packet_fill_address(skb, po, dev, orig_dev);
	if (pskb_trim(skb, snaplen))
		goto drop;
	skb_set_owner_r(skb, sk);
	skb->dev = NULL;
	skb_dst_drop(skb);
	nf_reset_ct(skb);
	po->stats.tp_packets++;
	sock_skb_set_dropcount(sk, skb);
	__skb_queue_tail(&sk->sk_receive_queue, skb);
	sk_call_data_ready(sk);
	return 0;
drop:
	po->stats.tp_drops++;
	sk->sk_drops++;
restore:
	if (skb_head != skb->data && skb_shared(skb)) {
		skb->data = skb_head;
		skb->len = skb_len;
	}
	/* the frame itself may go on to others: no drop of it unless it was ours alone */
	if (skb_shared(skb))
		consume_skb(skb);
	else
		kfree_skb_reason(skb, reason);
	return 0;
}

/* ---- reading ---- */

/* Whether a group of sockets may send this one frames again. */
void packet_rcv_try_clear_pressure(struct packet_sock *po)
{
	TRACE_SK(&po->sk, "note that the socket has room again");
}

static void packet_copy_address(struct msghdr *msg, const struct sk_buff *skb)
{
	const struct sockaddr_ll *sll = &PACKET_SKB_CB(skb)->ll;
	size_t len = offsetof(struct sockaddr_ll, sll_addr) + sll->sll_halen;

	memset(msg->msg_name, 0, sizeof(*sll));
	memcpy(msg->msg_name, sll, len);
	msg->msg_namelen = (int)max_t(size_t, len, sizeof(*sll));
}

/* PACKET_AUXDATA, as <linux/if_packet.h> has it. */
static void packet_put_auxdata(struct msghdr *msg, const struct sk_buff *skb)
{
	struct {
		u32 tp_status, tp_len, tp_snaplen;
		u16 tp_mac, tp_net, tp_vlan_tci, tp_vlan_tpid;
	} aux = {
		.tp_status = 1 /* TP_STATUS_USER */ | (skb->ip_summed == CHECKSUM_PARTIAL ? 8u : 0) |
			     (skb->pkt_type != PACKET_OUTGOING && skb_csum_unnecessary(skb) ? 128u : 0),
		.tp_len = PACKET_SKB_CB(skb)->origlen,
		.tp_snaplen = skb->len,
		.tp_net = (u16)skb_network_offset(skb),
	};

	if (skb_vlan_tag_present(skb)) {
		aux.tp_vlan_tci = skb->vlan_tci;
		aux.tp_vlan_tpid = ntohs(skb_vlan_proto(skb));
		aux.tp_status |= 16 | 64; /* TP_STATUS_VLAN_VALID, _TPID_VALID */
	}
	put_cmsg(skb->host, msg, SOL_PACKET, PACKET_AUXDATA, sizeof(aux), &aux);
}

int packet_recvmsg(struct socket *sock, struct msghdr *msg, size_t len, int flags)
{
	TRACE_IN(sock, IN_TASK, "receive a frame");
	struct sock *sk = sock->sk;
	struct sk_buff *skb;
	size_t copied;
	int err;

	if (flags & ~(MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC | MSG_ERRQUEUE))
		return -EINVAL;
	if (flags & MSG_ERRQUEUE)
		return sock_recv_errqueue(sk, msg, (int)len, SOL_PACKET, PACKET_TX_TIMESTAMP);
	skb = skb_recv_datagram(sk, (unsigned int)(flags & ~MSG_DONTWAIT), flags & MSG_DONTWAIT, &err);
	if (!skb)
		return err;
	packet_rcv_try_clear_pressure(pkt_sk(sk));
	copied = skb->len;
	if (copied > len) {
		copied = len;
		msg->msg_flags |= MSG_TRUNC;
	}
	err = skb_copy_datagram_msg(skb, 0, msg, (int)copied);
	if (err)
		goto out_free;
	sock_recv_ts_and_drops(msg, sk, skb);
	if (msg->msg_name)
		packet_copy_address(msg, skb);
	if (pkt_sk(sk)->auxdata)
		packet_put_auxdata(msg, skb);
	err = flags & MSG_TRUNC ? (int)skb->len : (int)copied;
out_free:
	skb_free_datagram(sk, skb);
	return err;
}
