/*
 * Sending by packet sockets: with SOCK_RAW the program gives the whole frame, with SOCK_DGRAM what lies
 * behind the link header, which is made from the address. Either way the frame goes straight to the device's
 * queue.
 */
#include "stack/application/socket.h"
#include "stack/interface/etherdevice.h"
#include "stack/internet/ip.h"
#include "stack/packet/af_packet.h"
#include "stack/transport/sock_tstamp.h"

/* Where a message goes, from its address or from what the socket is bound to. */
struct packet_target {
	struct net_device *dev; /* held */
	__be16 proto;
	const unsigned char *addr; /* NULL: none */
};

static struct net_device *packet_cached_dev_get(struct packet_sock *po)
{
	TRACE_SK(&po->sk, "the device that the socket is bound to");
	struct net_device *dev = po->cached_dev;

	dev_hold(dev);
	return dev;
}

static int packet_find_target(struct sock *sk, const struct msghdr *msg, struct packet_target *t)
{
	const struct sockaddr_ll *saddr = msg->msg_name;
	const size_t head = offsetof(struct sockaddr_ll, sll_addr);
	size_t len = (size_t)msg->msg_namelen;

	*t = (struct packet_target){ 0 };
	if (!saddr) {
		TRACE_STEP(sk, "get previously saved protocol and net device");
		t->dev = packet_cached_dev_get(pkt_sk(sk));
		t->proto = pkt_sk(sk)->num;
		return 0;
	}
	if (len < sizeof(*saddr) || len < saddr->sll_halen + head)
		return -EINVAL;
	t->proto = saddr->sll_protocol;
	t->dev = dev_get_by_index(sock_net(sk), saddr->sll_ifindex);
	if (sk->sk_type == SOCK_DGRAM) {
		if (t->dev && len < t->dev->addr_len + head)
			return -EINVAL;
		t->addr = saddr->sll_addr;
	}
	return 0;
}

/* Room for a frame, in one piece. */
static struct sk_buff *packet_alloc_skb(struct sock *sk, size_t prepad, size_t reserve, size_t len,
					int noblock, int *err)
{
	TRACE_SK(sk, "allocate a packet for the frame, waiting for room in the send buffer");
	struct sk_buff *skb = sock_alloc_send_pskb(sk, prepad + len, 0, noblock, err, 0);

	if (!skb)
		return NULL;
	skb_reserve(skb, (int)reserve);
	skb_put(skb, (unsigned int)len);
	return skb;
}

/* A frame may be longer than the mtu by a vlan tag. */
static bool packet_extra_vlan_len_allowed(const struct net_device *dev, struct sk_buff *skb)
{
	TRACE_SKB(skb, "is the frame longer because of a vlan tag?");

	if (dev->type != ARPHRD_ETHER)
		return false;
	skb_reset_mac_header(skb);
	return eth_hdr(skb)->h_proto == htons(ETH_P_8021Q);
}

static bool dev_validate_header(const struct net_device *dev, unsigned int len)
{
	TRACE(dev, "is the program's link header long enough?");

	return len >= dev->hard_header_len;
}

/* How far behind data the transport's header begins; false: not known. */
static bool __skb_flow_dissect(struct sk_buff *skb, int *thoff)
{
	TRACE_SKB(skb, "find where the transport header begins");
	const int nhoff = skb_network_offset(skb);
	struct iphdr _iph;
	const struct iphdr *iph;

	if (skb->protocol != htons(ETH_P_IP))
		return false;
	iph = skb_header_pointer(skb, nhoff, sizeof(_iph), &_iph);
	if (!iph || iph->ihl < 5)
		return false;
	*thoff = nhoff + iph->ihl * 4;
	return *thoff <= (int)skb->len;
}

static void packet_parse_headers(struct sk_buff *skb, const struct socket *sock)
{
	TRACE_SKB(skb, "find out what the program's frame is");
	const struct header_ops *ops = skb->dev->header_ops;
	int thoff;

	if ((!skb->protocol || skb->protocol == htons(ETH_P_ALL)) && sock->type == SOCK_RAW) {
		skb_reset_mac_header(skb);
		skb->protocol = ops && ops->parse_protocol ? ops->parse_protocol(skb) : 0;
	}
	if (!skb_transport_header_was_set(skb) && __skb_flow_dissect(skb, &thoff))
		skb_set_transport_header(skb, thoff);
}

/* Puts the frame together: the link header, or room for the program's, and the program's bytes. */
static int packet_fill(struct socket *sock, struct sk_buff *skb, const struct packet_target *t,
		       struct msghdr *msg, size_t len)
{
	struct net_device *dev = t->dev;
	int offset = 0, err;

	skb_reset_network_header(skb);
	if (sock->type == SOCK_DGRAM) {
		offset = dev_hard_header(skb, dev, ntohs(t->proto), t->addr, NULL, (unsigned int)len);
		if (unlikely(offset < 0))
			return -EINVAL;
	} else {
		skb_reserve(skb, -(int)dev->hard_header_len);
	}
	err = skb_copy_datagram_from_iter(skb, offset, &msg->msg_iter, (int)len);
	if (err)
		return err;
	if (sock->type == SOCK_RAW && !dev_validate_header(dev, (unsigned int)len))
		return -EINVAL;
	if (len > dev->mtu + (sock->type == SOCK_RAW ? dev->hard_header_len : 0u) &&
	    !packet_extra_vlan_len_allowed(dev, skb))
		return -EMSGSIZE;
	return 0;
}

static int packet_send_frame(struct socket *sock, const struct packet_target *t, struct msghdr *msg,
			     size_t len)
{
	struct sock *sk = sock->sk;
	struct net_device *dev = t->dev;
	size_t hlen = LL_RESERVED_SPACE(dev);
	struct sockcm_cookie sockc;
	struct sk_buff *skb;
	int err;

	if (!(dev->flags & IFF_UP))
		return -ENETDOWN;
	sockcm_init(&sockc, sk);
	err = msg->msg_controllen ? sock_cmsg_send(sk, msg, &sockc) : 0;
	if (err)
		return err;
	if (len > dev->mtu + (sock->type == SOCK_RAW ? dev->hard_header_len : 0u) + VLAN_HLEN)
		return -EMSGSIZE;
	skb = packet_alloc_skb(sk, hlen + dev->needed_tailroom, hlen, len, msg->msg_flags & MSG_DONTWAIT,
			       &err);
	if (!skb)
		return err;
	err = packet_fill(sock, skb, t, msg, len);
	if (err) {
		kfree_skb(skb);
		return err;
	}
	skb_setup_tx_timestamp(skb, sk, sockc.tsflags);
	skb->protocol = t->proto;
	skb->dev = dev;
	skb->priority = sk->sk_priority;
	skb->mark = sockc.mark;
	if (!skb->journey)
		skb->journey = trace_journey_new(sk->host);
	packet_parse_headers(skb, sock);
	TRACE_OP(sk, "xmit");
	err = pkt_sk(sk)->xmit(skb);
	if (err > 0)
		err = err != NET_XMIT_CN ? -ENOBUFS : 0;
	return err;
}

static int packet_snd(struct socket *sock, struct msghdr *msg, size_t len)
{
	TRACE_IN(sock, IN_TASK, "make a frame of the message and give it to the device");
	struct packet_target t;
	int err = packet_find_target(sock->sk, msg, &t);

	if (!err)
		err = t.dev ? packet_send_frame(sock, &t, msg, len) : -ENXIO;
	dev_put(t.dev);
	return err ? err : (int)len;
}

int packet_sendmsg(struct socket *sock, struct msghdr *msg, size_t len)
{
	TRACE_IN(sock, IN_TASK, "send a frame");

	return packet_snd(sock, msg, len);
}
