/* Errors of IP for a socket that wants them in its error queue (IP_RECVERR). */
#include "stack/internet/icmp.h"
#include "stack/internet/ip.h"
#include "stack/transport/inet_sock.h"

#define SO_EE_ORIGIN_LOCAL 1
#define SO_EE_ORIGIN_ICMP 2

/* As <linux/errqueue.h> has it, in front of the address of who complained; lies in skb->cb. */
struct sock_exterr_skb {
	struct inet_skb_parm header;
	struct {
		u32 ee_errno;
		u8 ee_origin, ee_type, ee_code, ee_pad;
		u32 ee_info, ee_data;
	} ee;
	u16 addr_offset;
	__be16 port;
};
#define SKB_EXT_ERR(skb) ((struct sock_exterr_skb *)(void *)((skb)->cb))

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
	if (!inet_sk(sk)->recverr)
		return;
	TRACE_SK(sk, "queue an error of this host for the program");
	struct sk_buff *skb = alloc_skb(sk->host, sizeof(struct iphdr), GFP_ATOMIC);
	struct sock_exterr_skb *serr;

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
