/*
 * UDP input: from IP to a socket's queue. Softirqs call in, one datagram at a time.
 *
 *	udp_rcv -> lengths, checksum -> the socket -> udp_queue_rcv_skb -> __udp_enqueue_schedule_skb
 *
 * A datagram longer than CHECKSUM_BREAK is only summed when the reader copies it (udp_recvmsg.c), or here
 * when no socket takes it, so that nobody is told of a broken one.
 */
#include "stack/internet/icmp.h"
#include "stack/interface/netdevice.h"
#include "stack/transport/udp.h"

#define CHECKSUM_BREAK 76

/* ---- into the queue ---- */

/* All that a queued datagram held besides its data was let go of. */
static bool udp_try_make_stateless(struct sk_buff *skb)
{
	TRACE_SKB_LEAF(skb, "does the packet hold nothing but its data?");

	return !skb_dst(skb) && !skb->destructor;
}

static void udp_set_dev_scratch(struct sk_buff *skb)
{
	TRACE_SKB(skb, "note for the reader what the packet costs and how it lies");
	struct udp_dev_scratch *scratch = udp_skb_scratch(skb);

	scratch->_tsize_state = skb->truesize;
	scratch->len = (u16)skb->len;
	scratch->csum_unnecessary = skb_csum_unnecessary(skb);
	scratch->is_linear = !skb_is_nonlinear(skb);
	if (udp_try_make_stateless(skb))
		scratch->_tsize_state |= UDP_SKB_IS_STATELESS;
}

/* On machines with many CPUs those who queue packets for a busy socket take turns. */
static void busylock_acquire(struct sock *sk)
{
	TRACE_SK(sk, "be the only one who queues (there is one CPU)");
}

static void busylock_release(struct sock *sk)
{
	TRACE_SK_LEAF(sk, "let the next one queue (there is one CPU)");
}

/* Charges the packet's pages to the protocol when what the socket holds does not do. */
static bool udp_rmem_schedule(struct sock *sk, int size)
{
	int amt = sk_mem_pages(size);

	if (size < sk->sk_forward_alloc)
		return true;
	if (!__sk_mem_raise_allocated(sk, amt << SK_MEM_QUANTUM_SHIFT, amt, SK_MEM_RECV))
		return false;
	sk->sk_forward_alloc += amt << SK_MEM_QUANTUM_SHIFT;
	return true;
}

int __udp_enqueue_schedule_skb(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "charge the datagram to the socket, queue it, wake the reader");
	int size, err = -ENOMEM;

	/* at least one is always let in */
	if (sk->sk_rmem_alloc > sk->sk_rcvbuf)
		goto drop;
	if (sk->sk_rmem_alloc > sk->sk_rcvbuf >> 1) {
		skb_condense(skb);
		busylock_acquire(sk);
	}
	size = (int)skb->truesize;
	udp_set_dev_scratch(skb);
	if (!udp_rmem_schedule(sk, size)) {
		err = -ENOBUFS;
		goto drop;
	}
	sk->sk_rmem_alloc += size;
	sk->sk_forward_alloc -= size;
	udp_trace_queue(sk);
	/* no destructor: the charge is given back when the reader takes it out */
	sock_skb_set_dropcount(sk, skb);
	__skb_queue_tail(&sk->sk_receive_queue, skb);
	if (!sock_flag(sk, SOCK_DEAD))
		sk_call_data_ready(sk);
	busylock_release(sk);
	return 0;
drop:
	sk->sk_drops++;
	busylock_release(sk);
	return err;
}

static int __udp_queue_rcv_skb(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "queue the datagram, or drop it when the buffer is full");
	enum skb_drop_reason reason;
	int rc;

	if (inet_sk(sk)->inet_daddr)
		sk->sk_incoming_cpu = 0;
	rc = __udp_enqueue_schedule_skb(sk, skb);
	if (likely(rc >= 0))
		return 0;
	if (rc == -ENOMEM) {
		UDP_INC_STATS(sock_net(sk), UDP_MIB_RCVBUFERRORS, 0);
		reason = SKB_DROP_REASON_SOCKET_RCVBUFF;
	} else {
		UDP_INC_STATS(sock_net(sk), UDP_MIB_MEMERRORS, 0);
		reason = SKB_DROP_REASON_PROTO_MEM;
	}
	UDP_INC_STATS(sock_net(sk), UDP_MIB_INERRORS, 0);
	kfree_skb_reason(skb, reason);
	return -1;
}

/* Takes the header off; its sum goes on counting. */
static void udp_csum_pull_header(struct sk_buff *skb)
{
	if (!skb->csum_valid && skb->ip_summed == CHECKSUM_NONE)
		skb->csum = csum_partial(skb->data, sizeof(struct udphdr), skb->csum);
	skb_pull_rcsum(skb, sizeof(struct udphdr));
}

static __always_inline int udp_queue_rcv_one_skb(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "filter the datagram, take its header off, queue it");

	nf_reset_ct(skb);
	if (sk_filter_trim_cap(sk, skb, sizeof(struct udphdr))) {
		__UDP_INC_STATS(sock_net(sk), UDP_MIB_INERRORS, 0);
		sk->sk_drops++;
		kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_FILTER);
		return -1;
	}
	udp_csum_pull_header(skb);
	ipv4_pktinfo_prepare(sk, skb);
	return __udp_queue_rcv_skb(sk, skb);
}

/* Several datagrams in one packet (sent so over loopback) go to a socket that did not ask for that (UDP_GRO)
 * one by one. */
static bool udp_unexpected_gso(const struct sock *sk, const struct sk_buff *skb)
{
	return unlikely(skb_is_gso(skb)) &&
	       !(udp_sk(sk)->gro_enabled && (skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4));
}

/* NULL: it could not be cut; it is gone and counted. */
static struct sk_buff *udp_rcv_segment(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "cut the packet into its datagrams");
	const u64 features = NETIF_F_SG | NETIF_F_IP_CSUM; /* sums are known to be right */
	struct sk_buff *segs;

	if (skb->pkt_type == PACKET_LOOPBACK)
		skb->ip_summed = CHECKSUM_PARTIAL;
	segs = __skb_gso_segment(skb, features, false);
	if (IS_ERR_OR_NULL(segs)) {
		sk->sk_drops += skb_shinfo(skb)->gso_segs;
		sock_net(sk)->mib.udp_statistics[UDP_MIB_INERRORS] += skb_shinfo(skb)->gso_segs;
		kfree_skb_reason(skb, SKB_DROP_REASON_SKB_GSO_SEG);
		return NULL;
	}
	consume_skb(skb);
	return segs;
}

static int udp_queue_rcv_skb(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "give the datagram to the socket");
	struct sk_buff *segs, *next;

	if (likely(!udp_unexpected_gso(sk, skb)))
		return udp_queue_rcv_one_skb(sk, skb);
	__skb_push(skb, (unsigned int)(skb->data - skb_mac_header(skb)));
	segs = udp_rcv_segment(sk, skb);
	for (skb = segs; skb; skb = next) {
		next = skb->next;
		skb->next = NULL;
		__skb_pull(skb, (unsigned int)skb_transport_offset(skb));
		if (skb->ip_summed == CHECKSUM_NONE)
			skb->csum_valid = 1;
		udp_queue_rcv_one_skb(sk, skb);
	}
	return 0;
}

static int udp_unicast_rcv_skb(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "give the datagram to the one socket that it is for");

	udp_queue_rcv_skb(sk, skb);
	return 0;
}

/* ---- to many ---- */

static int __udp4_lib_mcast_deliver(struct net *net, struct sk_buff *skb, const struct udphdr *uh,
				    __be32 saddr, __be32 daddr)
{
	TRACE_SKB(skb, "give a copy of the datagram to each socket that wants it");
	const struct udp_table *t = &udp_host(net)->table;
	struct sock *sk, *first = NULL;
	struct sk_buff *nskb;
	int dif = skb->dev->ifindex;

	if (!t->hash)
		goto out;
	udp_for_each_entry(sk, udp_hashslot(t, ntohs(uh->dest)))
	{
		if (!__udp_is_mcast_sock(sk, uh->dest, daddr, uh->source, saddr, dif))
			continue;
		if (!first) {
			first = sk;
			continue;
		}
		nskb = skb_clone(skb, GFP_ATOMIC);
		if (unlikely(!nskb)) {
			sk->sk_drops++;
			__UDP_INC_STATS(net, UDP_MIB_RCVBUFERRORS, 0);
			__UDP_INC_STATS(net, UDP_MIB_INERRORS, 0);
			continue;
		}
		udp_queue_rcv_skb(sk, nskb);
	}
out:
	if (first) {
		udp_queue_rcv_skb(first, skb);
	} else {
		kfree_skb_reason(skb, SKB_DROP_REASON_NO_SOCKET);
		__UDP_INC_STATS(net, UDP_MIB_IGNOREDMULTI, 0);
	}
	return 0;
}

/* ---- from IP ---- */

/* True: the checksum is wrong. A sum of 0 says that the sender made none. */
static bool udp4_csum_init(struct sk_buff *skb, const struct udphdr *uh)
{
	TRACE_SKB(skb, "is the checksum right, as far as it is known by now?");
	const struct iphdr *iph = ip_hdr(skb);
	__wsum pseudo;

	skb->csum_valid = 0;
	if (skb_csum_unnecessary(skb) || !uh->check) {
		skb->csum_valid = 1;
		return false;
	}
	pseudo = csum_tcpudp_nofold(iph->saddr, iph->daddr, skb->len, IPPROTO_UDP, 0);
	if (skb->ip_summed == CHECKSUM_COMPLETE && !csum_fold(csum_add(pseudo, skb->csum))) {
		skb->csum_valid = 1;
		return false;
	}
	skb->csum = pseudo;
	if (skb->len <= CHECKSUM_BREAK) {
		__sum16 sum = __skb_checksum_complete(skb);

		skb->csum_valid = !sum;
		if (sum)
			return true;
	}
	/* the card thinks it is wrong: look for ourselves, later */
	if (skb->ip_summed == CHECKSUM_COMPLETE && !skb->csum_valid) {
		if (skb->csum_complete_sw)
			return true;
		skb->ip_summed = CHECKSUM_NONE;
	}
	return false;
}

/* The socket that early demux found; its reference becomes the caller's. */
static struct sock *skb_steal_sock(struct sk_buff *skb)
{
	struct sock *sk = skb->sk;

	skb->destructor = NULL;
	skb->sk = NULL;
	return sk;
}

/* Connected sockets keep the route of what they receive for early demux. */
static void udp_sk_rx_dst_set(struct sock *sk, struct dst_entry *dst)
{
	TRACE_SK(sk, "keep the route of received datagrams");
	struct dst_entry *old = sk->sk_rx_dst;

	if (dst_hold_safe(dst)) {
		sk->sk_rx_dst = dst;
		dst_release_of(sk->host, old);
	}
}

static int udp_rcv_demuxed(struct sk_buff *skb)
{
	struct sock *sk = skb_steal_sock(skb);
	struct dst_entry *dst = skb_dst(skb);
	int ret;

	if (unlikely(sk->sk_rx_dst != dst))
		udp_sk_rx_dst_set(sk, dst);
	ret = udp_unicast_rcv_skb(sk, skb);
	sock_put(sk);
	return ret;
}

/* Nobody takes it. A broken one is dropped without a word. */
static int udp_rcv_no_socket(struct net *net, struct sk_buff *skb)
{
	if (udp_lib_checksum_complete(skb)) {
		__UDP_INC_STATS(net, UDP_MIB_CSUMERRORS, 0);
		__UDP_INC_STATS(net, UDP_MIB_INERRORS, 0);
		kfree_skb_reason(skb, SKB_DROP_REASON_UDP_CSUM);
		return 0;
	}
	__UDP_INC_STATS(net, UDP_MIB_NOPORTS, 0);
	icmp_send(skb, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
	kfree_skb_reason(skb, SKB_DROP_REASON_NO_SOCKET);
	return 0;
}

int __udp4_lib_rcv(struct sk_buff *skb)
{
	TRACE_SKB(skb, "check the datagram, find its socket");
	enum skb_drop_reason reason = SKB_DROP_REASON_PKT_TOO_SMALL;
	const struct rtable *rt = skb_rtable(skb);
	struct net *net = skb->host->net;
	const struct udphdr *uh;
	unsigned int ulen;
	struct sock *sk;

	if (!pskb_may_pull(skb, sizeof(struct udphdr)))
		goto drop;
	ulen = ntohs(udp_hdr(skb)->len);
	if (ulen > skb->len || ulen < sizeof(struct udphdr) || pskb_trim_rcsum(skb, ulen))
		goto drop;
	uh = udp_hdr(skb);
	if (udp4_csum_init(skb, uh)) {
		reason = SKB_DROP_REASON_UDP_CSUM;
		__UDP_INC_STATS(net, UDP_MIB_CSUMERRORS, 0);
		goto drop;
	}
	if (skb->sk)
		return udp_rcv_demuxed(skb);
	if (rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST))
		return __udp4_lib_mcast_deliver(net, skb, uh, ip_hdr(skb)->saddr, ip_hdr(skb)->daddr);
	sk = __udp4_lib_lookup_skb(skb, uh->source, uh->dest);
	if (sk)
		return udp_unicast_rcv_skb(sk, skb);
	return udp_rcv_no_socket(net, skb);
drop:
	__UDP_INC_STATS(net, UDP_MIB_INERRORS, 0);
	kfree_skb_reason(skb, reason);
	return 0;
}

int udp_rcv(struct sk_buff *skb)
{
	TRACE_SKB(skb, "receive a udp datagram");

	return __udp4_lib_rcv(skb);
}
