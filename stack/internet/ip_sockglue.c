/*
 * What IP tells a socket beside its packets: errors, for one that wants them in its error queue (IP_RECVERR).
 * And who gets packets to forward that bear the router alert option (IP_ROUTER_ALERT).
 */
#include "stack/application/scm.h"
#include "stack/internet/errqueue.h"
#include "stack/internet/icmp.h"
#include "stack/internet/internet.h"
#include "stack/internet/ip.h"
#include "stack/transport/inet_sock.h"
#include "stack/transport/sock_tstamp.h"

/* ---- into the error queue ---- */

/* `payload`: where the transport's header of our packet begins in the message. */
void ip_icmp_error(struct sock *sk, struct sk_buff *skb, int err, __be16 port, u32 info, u8 *payload)
{
	TRACE_SK(sk, "queue an icmp error for the program");
	struct sock_exterr_skb *serr;

	skb = skb_clone(skb, GFP_ATOMIC);
	if (!skb)
		return;
	serr = SKB_EXT_ERR(skb);
	memset(serr, 0, sizeof(*serr));
	serr->ee.ee_errno = (u32)err;
	serr->ee.ee_origin = SO_EE_ORIGIN_ICMP;
	serr->ee.ee_type = icmp_hdr(skb)->type;
	serr->ee.ee_code = icmp_hdr(skb)->code;
	serr->ee.ee_info = info;
	serr->addr_offset =
		(u16)((u8 *)&((struct iphdr *)(icmp_hdr(skb) + 1))->daddr - skb_network_header(skb));
	serr->port = port;
	if (skb_pull(skb, (unsigned int)(payload - skb->data))) {
		skb_reset_transport_header(skb);
		if (sock_queue_err_skb(sk, skb) == 0)
			return;
	}
	kfree_skb(skb);
}

void ip_local_error(struct sock *sk, int err, __be32 daddr, __be16 port, u32 info)
{
	TRACE_SK(sk, "queue an error of this host for the program, if it wants to know");
	struct sock_exterr_skb *serr;
	struct sk_buff *skb;

	if (!inet_sk(sk)->recverr)
		return;
	skb = alloc_skb(sk->host, sizeof(struct iphdr), GFP_ATOMIC);
	if (!skb)
		return;
	skb_put(skb, sizeof(struct iphdr));
	skb_reset_network_header(skb);
	ip_hdr(skb)->daddr = daddr;
	serr = SKB_EXT_ERR(skb);
	memset(serr, 0, sizeof(*serr));
	serr->ee.ee_errno = (u32)err;
	serr->ee.ee_origin = SO_EE_ORIGIN_LOCAL;
	serr->ee.ee_info = info;
	serr->addr_offset = (u16)offsetof(struct iphdr, daddr);
	serr->port = port;
	__skb_pull(skb, skb->len);
	skb_reset_transport_header(skb);
	if (sock_queue_err_skb(sk, skb))
		kfree_skb(skb);
}

/* ---- out of the error queue ---- */

static bool is_icmp_err_skb(const struct sk_buff *skb)
{
	return skb && SKB_EXT_ERR(skb)->ee.ee_origin == SO_EE_ORIGIN_ICMP;
}

/* The next error; the one behind it becomes the socket's pending error. */
struct sk_buff *sock_dequeue_err_skb(struct sock *sk)
{
	TRACE_SK(sk, "take an error off the error queue");
	struct sk_buff *skb = __skb_dequeue(&sk->sk_error_queue), *next = NULL;
	bool icmp_next = false;

	if (skb) {
		next = skb_peek(&sk->sk_error_queue);
		icmp_next = is_icmp_err_skb(next);
		if (icmp_next)
			sk->sk_err = (int)SKB_EXT_ERR(next)->ee.ee_errno;
	}
	if (is_icmp_err_skb(skb) && !icmp_next)
		sk->sk_err = 0;
	if (next)
		sk_error_report(sk);
	return skb;
}

static bool ipv4_datagram_support_addr(const struct sock_exterr_skb *serr)
{
	return serr->ee.ee_origin == SO_EE_ORIGIN_ICMP || serr->ee.ee_origin == SO_EE_ORIGIN_LOCAL ||
	       serr->port;
}

/* Of a time stamp they are given on request (OPT_CMSG), to tell the device. */
static bool ipv4_datagram_support_cmsg(const struct sock *sk, struct sk_buff *skb, u8 ee_origin)
{
	TRACE_SK(sk, "has the message the headers of a packet?");
	struct in_pktinfo *info = (void *)skb->cb;

	if (ee_origin == SO_EE_ORIGIN_ICMP)
		return true;
	if (ee_origin != SO_EE_ORIGIN_TIMESTAMPING || !(sk->sk_tsflags & SOF_TIMESTAMPING_OPT_CMSG) ||
	    !info->ipi_ifindex || !skb->len)
		return false;
	info->ipi_spec_dst.s_addr = ip_hdr(skb)->saddr;
	return true;
}

int ip_recv_error(struct sock *sk, struct msghdr *msg, int len, int *addr_len)
{
	TRACE_SK_IN(sk, IN_TASK, "read an error: the packet that caused it and what is known about it");
	struct sockaddr_in *sin = msg->msg_name;
	struct {
		struct sock_extended_err ee;
		struct sockaddr_in offender;
	} errhdr;
	struct sk_buff *skb = sock_dequeue_err_skb(sk);
	const struct sock_exterr_skb *serr;
	int err, copied;

	if (!skb)
		return -EAGAIN;
	copied = (int)skb->len;
	if (copied > len) {
		msg->msg_flags |= MSG_TRUNC;
		copied = len;
	}
	err = skb_copy_datagram_msg(skb, 0, msg, copied);
	if (unlikely(err)) {
		kfree_skb(skb);
		return err;
	}
	sock_recv_timestamp(msg, sk, skb);
	serr = SKB_EXT_ERR(skb);
	if (sin && ipv4_datagram_support_addr(serr)) {
		memset(sin, 0, sizeof(*sin));
		sin->sin_family = AF_INET;
		memcpy(&sin->sin_addr, skb_network_header(skb) + serr->addr_offset, sizeof(sin->sin_addr));
		sin->sin_port = serr->port;
		*addr_len = sizeof(*sin);
	}
	memset(&errhdr, 0, sizeof(errhdr));
	errhdr.ee = serr->ee;
	if (ipv4_datagram_support_cmsg(sk, skb, serr->ee.ee_origin)) {
		errhdr.offender.sin_family = AF_INET;
		errhdr.offender.sin_addr.s_addr = ip_hdr(skb)->saddr;
		if (inet_sk(sk)->cmsg_flags)
			ip_cmsg_recv_offset(msg, sk, skb);
	}
	put_cmsg(sk->host, msg, IPPROTO_IP, IP_RECVERR, sizeof(errhdr), &errhdr);
	msg->msg_flags |= MSG_ERRQUEUE;
	consume_skb(skb);
	return copied;
}

/* ---- router alert ---- */

int ip_ra_control(struct sock *sk, bool on)
{
	TRACE_SK(sk, "the socket wants packets with the router alert option, or no longer");
	struct ip_ra_chain **rap, *ra, *new_ra;

	if (sk->sk_type != SOCK_RAW || inet_sk(sk)->inet_num == IPPROTO_RAW)
		return -EINVAL;
	for (rap = &inet_state(sk->host)->ra_chain; (ra = *rap) != NULL; rap = &ra->next) {
		if (ra->sk != sk)
			continue;
		if (on)
			return -EADDRINUSE;
		*rap = ra->next;
		kfree(sk->host, ra);
		sock_put(sk);
		return 0;
	}
	if (!on)
		return -ENOBUFS;
	new_ra = kzalloc(sk->host, sizeof(*new_ra));
	if (!new_ra)
		return -ENOMEM;
	new_ra->sk = sk;
	sock_hold(sk);
	*rap = new_ra;
	return 0;
}
