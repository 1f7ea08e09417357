/*
 * Raw IPv4 sockets, all but sending: their table, input, errors, names and options. IP asks the table for
 * every packet that it delivers (raw_local_deliver), before the protocol's own handler.
 *
 *	raw_local_deliver -> raw_v4_input -> each socket of __raw_v4_lookup: skb_clone, raw_rcv -> raw_rcv_skb
 */
#include "stack/internet/raw.h"

#include <sys/ioctl.h>

#include "stack/application/socket.h"
#include "stack/internet/icmp.h"
#include "stack/transport/datagram.h"
#include "stack/transport/udp.h"

#ifndef SIOCINQ
#define SIOCINQ 0x541B
#define SIOCOUTQ 0x5411
#endif

static struct hlist_head *raw_chain(const struct host *host, int protocol)
{
	struct raw_hashinfo *h = host->net->raw;

	return h ? &h->ht[protocol & (RAW_HTABLE_SIZE - 1)] : NULL;
}

/* ---- the table ---- */

static int raw_hash_sk(struct sock *sk)
{
	TRACE_SK(sk, "put the socket into the table of raw sockets");
	struct net *net = sock_net(sk);

	if (!net->raw) {
		net->raw = kzalloc(sk->host, sizeof(*net->raw));
		if (!net->raw)
			return -ENOMEM;
	}
	hlist_add_head(&sk->sk_node, raw_chain(sk->host, inet_sk(sk)->inet_num));
	return 0;
}

static void raw_unhash_sk(struct sock *sk)
{
	TRACE_SK(sk, "take the socket out of the table of raw sockets");

	if (sk_hashed(sk))
		hlist_del_init(&sk->sk_node);
}

/* The next socket from `node` on that wants packets of `num` from raddr to laddr, or NULL. */
static struct sock *__raw_v4_lookup(struct host *host, struct hlist_node *node, u16 num, __be32 raddr,
				    __be32 laddr, int dif)
{
	TRACE(host, "find the next raw socket of the protocol");

	for (; node; node = node->next) {
		struct sock *sk = hlist_entry(node, struct sock, sk_node);
		const struct inet_sock *inet = inet_sk(sk);

		if (inet->inet_num == num && !(inet->inet_daddr && inet->inet_daddr != raddr) &&
		    !(inet->inet_rcv_saddr && inet->inet_rcv_saddr != laddr) &&
		    inet_sk_bound_dev_eq(sk->sk_bound_dev_if, dif, 0))
			return sk;
	}
	return NULL;
}

/* ---- input ---- */

/* True: the socket does not want messages of this type. */
static bool icmp_filter(const struct sock *sk, const struct sk_buff *skb)
{
	TRACE_SK(sk, "does the socket's filter refuse this type of icmp message?");
	struct icmphdr hdr;
	const struct icmphdr *icmph = skb_header_pointer(skb, skb_transport_offset(skb), sizeof(hdr), &hdr);

	if (!icmph)
		return true;
	return icmph->type < 32 && (raw_sk(sk)->filter >> icmph->type & 1);
}

static int raw_rcv_skb(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "add skb to the receive queue of the raw socket");

	ipv4_pktinfo_prepare(sk, skb);
	if (sock_queue_rcv_skb(sk, skb) < 0) {
		kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_RCVBUFF);
		return NET_RX_DROP;
	}
	return NET_RX_SUCCESS;
}

int raw_rcv(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "receive a packet, from its ip header on");

	nf_reset_ct(skb);
	skb_push(skb, (unsigned int)(skb->data - skb_network_header(skb)));
	raw_rcv_skb(sk, skb);
	return 0;
}

/* Gives each raw socket of this protocol a copy; false: there was none. */
static bool raw_v4_input(struct sk_buff *skb, const struct iphdr *iph, int hash)
{
	TRACE_SKB(skb, "give a copy to each raw socket of the protocol");
	struct hlist_head *head = raw_chain(skb->host, hash);
	bool delivered = false;
	int dif;
	struct sock *sk;

	if (likely(!head || hlist_empty(head)))
		return false;
	dif = inet_iif(skb);
	sk = __raw_v4_lookup(skb->host, head->first, iph->protocol, iph->saddr, iph->daddr, dif);
	while (sk) {
		delivered = true;
		if ((iph->protocol != IPPROTO_ICMP || !icmp_filter(sk, skb)) &&
		    ip_mc_sf_allow(sk, iph->daddr, iph->saddr, skb->dev->ifindex, 0)) {
			struct sk_buff *clone = skb_clone(skb, GFP_ATOMIC);

			if (clone)
				raw_rcv(sk, clone);
		}
		sk = __raw_v4_lookup(skb->host, sk->sk_node.next, iph->protocol, iph->saddr, iph->daddr, dif);
	}
	return delivered;
}

int raw_local_deliver(struct sk_buff *skb, int protocol)
{
	TRACE_SKB(skb, "hand the packet to raw sockets");

	return raw_v4_input(skb, ip_hdr(skb), protocol & (RAW_HTABLE_SIZE - 1));
}

/* ---- errors ---- */

/* What the message means to a socket that sent the packet; false: nothing. */
static bool raw_err_verdict(const struct sock *sk, int type, int code, struct icmp_verdict *v)
{
	*v = (struct icmp_verdict){ .err = EHOSTUNREACH };
	switch (type) {
	case ICMP_SOURCE_QUENCH:
		return false;
	case ICMP_PARAMETERPROB:
		v->err = EPROTO;
		v->harderr = true;
		break;
	case ICMP_DEST_UNREACH:
		if (code > NR_ICMP_UNREACH)
			break;
		if (code == ICMP_FRAG_NEEDED) {
			v->err = EMSGSIZE;
			v->harderr = inet_sk(sk)->pmtudisc != IP_PMTUDISC_DONT;
		} else {
			v->err = icmp_err_convert[code].errno_;
			v->harderr = icmp_err_convert[code].fatal;
		}
		break;
	default:
		break;
	}
	return true;
}

static void raw_err(struct sock *sk, struct sk_buff *skb, u32 info)
{
	TRACE_SK(sk, "take in an icmp error about a packet of the raw socket");
	const struct inet_sock *inet = inet_sk(sk);
	const int type = icmp_hdr(skb)->type, code = icmp_hdr(skb)->code;
	struct icmp_verdict v;

	if (type == ICMP_DEST_UNREACH && code == ICMP_FRAG_NEEDED) {
		ipv4_sk_update_pmtu(skb, sk, info);
	} else if (type == ICMP_REDIRECT) {
		ipv4_sk_redirect(skb, sk);
		return;
	}
	/* Who is not connected cannot tell whom it is about. */
	if (!inet->recverr && sk->sk_state != TCP_ESTABLISHED)
		return;
	if (!raw_err_verdict(sk, type, code, &v))
		return;
	if (inet->recverr) {
		const struct iphdr *iph = (const struct iphdr *)skb->data;
		u8 *payload = skb->data;

		if (!inet->hdrincl)
			payload += iph->ihl << 2;
		ip_icmp_error(sk, skb, v.err, 0, info, payload);
	}
	if (inet->recverr || v.harderr) {
		sk->sk_err = v.err;
		sk_error_report(sk);
	}
}

/* skb->data is at the ip header that the message quotes. */
void raw_icmp_error(struct sk_buff *skb, int protocol, u32 info)
{
	TRACE_SKB(skb, "tell raw sockets of an icmp error");
	struct hlist_head *head = raw_chain(skb->host, protocol & (RAW_HTABLE_SIZE - 1));
	const struct iphdr *iph = (const struct iphdr *)skb->data;
	struct hlist_node *node;
	struct sock *sk;

	if (likely(!head || hlist_empty(head)))
		return;
	for (node = head->first; node; node = sk->sk_node.next) {
		sk = __raw_v4_lookup(skb->host, node, (u16)protocol, iph->daddr, iph->saddr,
				     skb->dev->ifindex);
		if (!sk)
			break;
		raw_err(sk, skb, info);
	}
}

/* ---- the socket's life and name ---- */

static int raw_sk_init(struct sock *sk)
{
	TRACE_SK(sk, "basically do nothing");

	if (inet_sk(sk)->inet_num == IPPROTO_ICMP)
		raw_sk(sk)->filter = 0;
	return 0;
}

static void raw_close(struct sock *sk, long timeout)
{
	TRACE_SK_IN(sk, IN_TASK, "close a raw socket");

	(void)timeout;
	ip_ra_control(sk, false);
	sk_common_release(sk);
}

static void raw_destroy(struct sock *sk)
{
	TRACE_SK_IN(sk, IN_TASK, "throw away what the socket has not sent");

	lock_sock(sk);
	ip_flush_pending_frames(sk);
	release_sock(sk);
}

/* The address to receive at and to send from; a raw socket has no port. */
static int raw_bind(struct sock *sk, struct sockaddr *uaddr, int addr_len)
{
	TRACE_SK_IN(sk, IN_TASK, "set the local address of a raw socket");
	const struct sockaddr_in *addr = (const struct sockaddr_in *)uaddr;
	struct inet_sock *inet = inet_sk(sk);
	struct net *net = sock_net(sk);
	int ret = -EINVAL, type;

	lock_sock(sk);
	if (sk->sk_state != TCP_CLOSE || addr_len < (int)sizeof(*addr))
		goto out;
	type = (int)inet_addr_type_table(net, addr->sin_addr.s_addr, RT_TABLE_LOCAL);
	ret = -EADDRNOTAVAIL;
	if (!inet_can_nonlocal_bind(net, inet) && addr->sin_addr.s_addr != htonl(INADDR_ANY) &&
	    type != RTN_LOCAL && type != RTN_MULTICAST && type != RTN_BROADCAST)
		goto out;
	inet->inet_rcv_saddr = inet->inet_saddr = addr->sin_addr.s_addr;
	if (type == RTN_MULTICAST || type == RTN_BROADCAST)
		inet->inet_saddr = 0; /* send with the device's address */
	sk_dst_reset(sk);
	ret = 0;
out:
	release_sock(sk);
	return ret;
}

/* ---- receiving ---- */

static int raw_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int noblock, int flags, int *addr_len)
{
	TRACE_SK_IN(sk, IN_TASK, "receive a packet with its ip header");
	struct sockaddr_in *sin = msg->msg_name;
	struct sk_buff *skb;
	int err = -EOPNOTSUPP;
	size_t copied;

	if (flags & MSG_OOB)
		return err;
	if (flags & MSG_ERRQUEUE)
		return ip_recv_error(sk, msg, (int)len, addr_len);
	skb = skb_recv_datagram(sk, (unsigned int)flags, noblock, &err);
	if (!skb)
		return err;
	copied = skb->len;
	if (len < copied) {
		msg->msg_flags |= MSG_TRUNC;
		copied = len;
	}
	err = skb_copy_datagram_msg(skb, 0, msg, (int)copied);
	if (err)
		goto done;
	sock_recv_ts_and_drops(msg, sk, skb);
	if (sin) {
		TRACE_STEP(sk, "fill 'addr' struct");
		memset(sin, 0, sizeof(*sin));
		sin->sin_family = AF_INET;
		sin->sin_addr.s_addr = ip_hdr(skb)->saddr;
		*addr_len = sizeof(*sin);
	}
	if (inet_sk(sk)->cmsg_flags)
		ip_cmsg_recv_offset(msg, sk, skb);
	err = flags & MSG_TRUNC ? (int)skb->len : (int)copied;
done:
	skb_free_datagram(sk, skb);
	return err;
}

/* ---- options ---- */

static int raw_seticmpfilter(struct sock *sk, sockptr_t optval, unsigned int optlen)
{
	TRACE_SK(sk, "choose the types of icmp messages to receive");

	if (optlen > sizeof(raw_sk(sk)->filter))
		optlen = sizeof(raw_sk(sk)->filter);
	return copy_from_sockptr(&raw_sk(sk)->filter, optval, optlen);
}

static int raw_geticmpfilter(struct sock *sk, char *optval, int *optlen)
{
	TRACE_SK(sk, "tell the types of icmp messages to receive");
	int len = *optlen;

	if (len < 0)
		return -EINVAL;
	len = min(len, (int)sizeof(raw_sk(sk)->filter));
	*optlen = len;
	memcpy(optval, &raw_sk(sk)->filter, (size_t)len);
	return 0;
}

/* 0: an option that the socket has; else why not. */
static int raw_own_option(const struct sock *sk, int optname)
{
	if (optname != ICMP_FILTER)
		return -ENOPROTOOPT;
	return inet_sk(sk)->inet_num == IPPROTO_ICMP ? 0 : -EOPNOTSUPP;
}

static int do_raw_setsockopt(struct sock *sk, int optname, sockptr_t optval, unsigned int optlen)
{
	TRACE_SK(sk, "set an option that raw sockets alone have");
	int err = raw_own_option(sk, optname);

	return err ? err : raw_seticmpfilter(sk, optval, optlen);
}

static int do_raw_getsockopt(struct sock *sk, int optname, char *optval, int *optlen)
{
	TRACE_SK(sk, "read an option that raw sockets alone have");
	int err = raw_own_option(sk, optname);

	return err ? err : raw_geticmpfilter(sk, optval, optlen);
}

static int raw_setsockopt(struct sock *sk, int level, int optname, sockptr_t optval, unsigned int optlen)
{
	TRACE_SK_IN(sk, IN_TASK, "set an option of a raw socket");

	if (level != SOL_RAW)
		return ip_setsockopt(sk, level, optname, optval, optlen);
	return do_raw_setsockopt(sk, optname, optval, optlen);
}

static int raw_getsockopt(struct sock *sk, int level, int optname, char *optval, int *optlen)
{
	TRACE_SK_IN(sk, IN_TASK, "read an option of a raw socket");

	if (level != SOL_RAW)
		return ip_getsockopt(sk, level, optname, optval, optlen);
	return do_raw_getsockopt(sk, optname, optval, optlen);
}

static int raw_ioctl(struct sock *sk, int cmd, unsigned long arg)
{
	TRACE_SK_IN(sk, IN_TASK, "answer a request about a raw socket");
	const struct sk_buff *skb;
	int *answer = (int *)(uintptr_t)arg;

	if (cmd != SIOCOUTQ && cmd != SIOCINQ)
		return -ENOIOCTLCMD;
	if (!answer)
		return -EFAULT;
	skb = skb_peek(&sk->sk_receive_queue);
	*answer = cmd == SIOCOUTQ ? sk_wmem_alloc_get(sk) : skb ? (int)skb->len : 0;
	return 0;
}

/* ---- start and end ---- */

int raw_init(struct host *host)
{
	return proto_register(host, &raw_prot, 1);
}

void raw_exit(struct host *host)
{
	proto_unregister(host, &raw_prot);
	kfree(host, host->net->raw);
	host->net->raw = NULL;
}

/* ---- operations ---- */

const struct proto raw_prot = {
	.close = raw_close,
	.connect = ip4_datagram_connect,
	.disconnect = __udp_disconnect,
	.ioctl = raw_ioctl,
	.init = raw_sk_init,
	.destroy = raw_destroy,
	.setsockopt = raw_setsockopt,
	.getsockopt = raw_getsockopt,
	.sendmsg = raw_sendmsg,
	.recvmsg = raw_recvmsg,
	.bind = raw_bind,
	.backlog_rcv = raw_rcv_skb,
	.release_cb = ip4_datagram_release_cb,
	.hash = raw_hash_sk,
	.unhash = raw_unhash_sk,
	.obj_size = sizeof(struct raw_sock),
	.name = "RAW",
};

const struct proto_ops inet_sockraw_ops = {
	.family = PF_INET,
	.release = inet_release,
	.bind = inet_bind,
	.connect = inet_dgram_connect,
	.socketpair = sock_no_socketpair,
	.accept = sock_no_accept,
	.getname = inet_getname,
	.poll = datagram_poll,
	.ioctl = inet_ioctl,
	.listen = sock_no_listen,
	.shutdown = inet_shutdown,
	.setsockopt = sock_common_setsockopt,
	.getsockopt = sock_common_getsockopt,
	.sendmsg = inet_sendmsg,
	.recvmsg = inet_recvmsg,
};
