/*
 * Datagrams put together piece by piece on a socket's write queue: ICMP messages, TCP's answers without a
 * socket, and what UDP and raw sockets will send.
 *
 *	ip_append_data (several times) -> ip_push_pending_frames: __ip_make_skb, ip_send_skb
 *	ip_make_skb: the same in one go, on a queue of its own
 *
 * A datagram longer than the mtu is built as its fragments: the first skb, the others on its frag_list.
 */
#include "stack/internet/icmp.h"
#include "stack/internet/internet.h"
#include "stack/internet/ip.h"
#include "stack/internet/ip_sock.h"
#include "stack/transport/inet_sock.h"
#include "stack/transport/sock_tstamp.h"

#ifndef MSG_PROBE
#define MSG_PROBE 0x10 /* only find the route, send nothing */
#endif

int ip_generic_getfrag(void *from, char *to, int offset, int len, int odd, struct sk_buff *skb)
{
	TRACE_SKB_LEAF(skb, "copy the program's data into the packet");
	struct msghdr *msg = from;
	__wsum csum = 0;

	(void)offset;
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		return copy_from_iter_full(to, (size_t)len, &msg->msg_iter) ? 0 : -EFAULT;
	if (!csum_and_copy_from_iter_full(to, (size_t)len, &csum, &msg->msg_iter))
		return -EFAULT;
	skb->csum = csum_block_add(skb->csum, csum, odd);
	return 0;
}

/* Takes over the caller's route. */
static int ip_setup_cork(struct sock *sk, struct inet_cork *cork, struct ipcm_cookie *ipc,
			 struct rtable **rtp)
{
	TRACE_SK(sk, "begin a datagram: keep its route and settings");
	struct rtable *rt = *rtp;
	struct ip_options_rcu *opt = ipc->opt;

	if (unlikely(!rt))
		return -EFAULT;
	if (opt) {
		if (!cork->opt)
			cork->opt = kzalloc(sk->host, sizeof(struct ip_options_data));
		if (unlikely(!cork->opt))
			return -ENOBUFS;
		memcpy(cork->opt, &opt->opt, sizeof(struct ip_options) + opt->opt.optlen);
		cork->flags |= IPCORK_OPT;
		cork->addr = ipc->addr;
	}
	cork->fragsize = ip_sk_use_pmtu(sk) ? dst_mtu(&rt->dst) : rt->dst.dev->mtu;
	if (cork->fragsize < IPV4_MIN_MTU)
		return -ENETUNREACH;
	cork->gso_size = ipc->gso_size;
	cork->dst = &rt->dst;
	*rtp = NULL;
	cork->length = 0;
	cork->ttl = ipc->ttl;
	cork->tos = ipc->tos;
	cork->mark = ipc->sockc.mark;
	cork->priority = ipc->priority;
	cork->transmit_time = ipc->transmit_time;
	cork->tx_flags = 0;
	__sock_tx_timestamp(ipc->sockc.tsflags, &cork->tx_flags);
	return 0;
}

static void ip_cork_release(struct host *host, struct inet_cork *cork)
{
	TRACE(host, "end a datagram: forget its route and settings");
	cork->flags &= ~(unsigned int)IPCORK_OPT;
	if (cork->opt)
		kfree(host, cork->opt);
	cork->opt = NULL;
	dst_release_of(host, cork->dst);
	cork->dst = NULL;
}

/* How the pieces of one call are cut: sizes of a fragment. */
struct append {
	struct sock *sk;
	struct sk_buff_head *queue;
	struct rtable *rt;
	ip_getfrag_t *getfrag;
	void *from;
	unsigned int mtu, fragheaderlen, maxfraglen, hh_len;
	unsigned int transhdrlen; /* of the transport's header in the next skb */
	int csummode;
	unsigned int flags;	     /* MSG_* */
	unsigned int offset, length; /* done, left; with the transport's header */
	u32 tskey;		     /* SO_TIMESTAMPING: the datagram's number */
	struct ubuf_info *uarg;	     /* MSG_ZEROCOPY, or NULL */
	u8 tx_flags;
};

static struct sk_buff *ip_append_alloc(struct append *a, unsigned int alloclen, int *err)
{
	struct sock *sk = a->sk;
	struct sk_buff *skb = NULL;

	if (a->transhdrlen)
		return sock_alloc_send_pskb(sk, alloclen, 0, a->flags & MSG_DONTWAIT, err, 0);
	if (sk->sk_wmem_alloc <= 2 * sk->sk_sndbuf)
		skb = alloc_skb(sk->host, alloclen, sk->sk_allocation);
	if (unlikely(!skb))
		*err = -ENOBUFS;
	return skb;
}

/* Starts the next fragment and fills it with as much as it takes. `prev`: the one before, which may be too
 * long. */
static int ip_append_new_skb(struct append *a, struct sk_buff *prev)
{
	unsigned int fraggap = prev && prev->len > a->maxfraglen ? prev->len - a->maxfraglen : 0;
	unsigned int datalen = a->length + fraggap, fraglen, alloclen, copy;
	struct sk_buff *skb;
	int err = 0;
	char *data;

	if (datalen > a->mtu - a->fragheaderlen)
		datalen = a->maxfraglen - a->fragheaderlen;
	fraglen = datalen + a->fragheaderlen;
	alloclen = (a->flags & MSG_MORE ? a->mtu : fraglen) + a->hh_len + 15;
	skb = ip_append_alloc(a, alloclen, &err);
	if (!skb)
		return err;
	skb->ip_summed = (u8)(a->csummode & 3);
	skb->csum = 0;
	skb_reserve(skb, (int)a->hh_len);
	data = skb_put(skb, fraglen);
	skb_reset_network_header(skb);
	skb->transport_header = (u16)(skb->network_header + a->fragheaderlen);
	data += a->fragheaderlen;
	if (fraggap) {
		skb->csum = skb_copy_and_csum_bits(prev, (int)a->maxfraglen, (u8 *)data + a->transhdrlen,
						   (int)fraggap);
		prev->csum = csum_sub(prev->csum, skb->csum);
		data += fraggap;
		pskb_trim(prev, a->maxfraglen);
	}
	copy = datalen - a->transhdrlen - fraggap;
	if (copy > 0 &&
	    a->getfrag(a->from, data + a->transhdrlen, (int)a->offset, (int)copy, (int)fraggap, skb) < 0) {
		kfree_skb(skb);
		return -EFAULT;
	}
	a->offset += copy;
	a->length -= copy + a->transhdrlen;
	a->transhdrlen = 0;
	a->csummode = CHECKSUM_NONE;
	if ((a->flags & MSG_CONFIRM) && !prev)
		skb->dst_pending_confirm = 1;
	/* the first fragment stands for all */
	skb_shinfo(skb)->tx_flags = a->tx_flags;
	skb_shinfo(skb)->tskey = a->tskey;
	a->tx_flags = 0;
	a->tskey = 0;
	if (unlikely(a->uarg))
		skb_zcopy_set(skb, a->uarg);
	if (!skb->destructor) {
		skb->destructor = sock_wfree;
		skb->sk = a->sk;
		a->sk->sk_wmem_alloc += (int)skb->truesize;
	}
	__skb_queue_tail(a->queue, skb);
	return 0;
}

/* Adds to the fragment at hand, which has room for `copy` more. */
static int ip_append_more(struct append *a, struct sk_buff *skb, unsigned int copy)
{
	unsigned int off = skb->len;

	if (skb_tailroom(skb) < (int)copy && pskb_expand_head(skb, 0, (int)copy, a->sk->sk_allocation))
		return -ENOMEM;
	if (a->getfrag(a->from, skb_put(skb, copy), (int)a->offset, (int)copy, (int)off, skb) < 0) {
		__skb_trim(skb, off);
		return -EFAULT;
	}
	a->offset += copy;
	a->length -= copy;
	return 0;
}

static int __ip_append_data(struct sock *sk, struct flowi4 *fl4, struct sk_buff_head *queue,
			    struct inet_cork *cork, ip_getfrag_t *getfrag, void *from, int length,
			    int transhdrlen, unsigned int flags)
{
	TRACE_SK(sk, "add data to the datagram, in fragments of the mtu");
	struct sk_buff *skb = skb_peek_tail(queue);
	unsigned int optlen = cork->opt ? cork->opt->optlen : 0, maxnonfragsize;
	struct append a = {
		.sk = sk,
		.queue = queue,
		.rt = (struct rtable *)cork->dst,
		.getfrag = getfrag,
		.from = from,
		.mtu = unlikely(cork->gso_size) ? IP_MAX_MTU : cork->fragsize,
		.fragheaderlen = (unsigned int)sizeof(struct iphdr) + optlen,
		.hh_len = LL_RESERVED_SPACE(cork->dst->dev),
		.transhdrlen = (unsigned int)transhdrlen,
		.csummode = CHECKSUM_NONE,
		.flags = flags,
		.length = (unsigned int)length,
	};
	netdev_features_t features = cork->dst->dev->features;
	bool new_uarg = false;
	int err = 0, copy;

	a.maxfraglen = ((a.mtu - a.fragheaderlen) & ~7u) + a.fragheaderlen;
	maxnonfragsize = ip_sk_ignore_df(sk) ? IP_MAX_MTU : a.mtu;
	if ((unsigned int)cork->length + a.length > maxnonfragsize - a.fragheaderlen) {
		ip_local_error(sk, EMSGSIZE, fl4->daddr, inet_sk(sk)->inet_dport, a.mtu - optlen);
		return -EMSGSIZE;
	}
	if (transhdrlen && a.length + a.fragheaderlen <= a.mtu &&
	    (features & (NETIF_F_HW_CSUM | NETIF_F_IP_CSUM)) && sk->sk_protocol == IPPROTO_UDP &&
	    (!(flags & MSG_MORE) || cork->gso_size))
		a.csummode = CHECKSUM_PARTIAL;
	if (unlikely(flags & MSG_ZEROCOPY) && length && sock_flag(sk, SOCK_ZEROCOPY)) {
		a.uarg = msg_zerocopy_realloc(sk, (size_t)length, skb_zcopy(skb));
		if (!a.uarg)
			return -ENOBUFS;
		new_uarg = a.uarg != skb_zcopy(skb);
		if (skb)
			skb_zcopy_set(skb, a.uarg);
	}
	if (unlikely(cork->tx_flags)) {
		a.tx_flags = cork->tx_flags;
		cork->tx_flags = 0;
		if (a.tx_flags & SKBTX_ANY_SW_TSTAMP && sk->sk_tsflags & SOF_TIMESTAMPING_OPT_ID)
			a.tskey = sk->sk_tskey++;
	}
	cork->length += length;
	while ((a.length > 0 || !skb) && !err) { /* a message of no bytes is one, too */
		copy = skb ? (int)(a.mtu - skb->len) : 0;
		if (copy < (int)a.length && skb)
			copy = (int)a.maxfraglen - (int)skb->len;
		if (copy <= 0) {
			err = ip_append_new_skb(&a, skb);
			skb = skb_peek_tail(queue);
		} else {
			err = ip_append_more(&a, skb, min_t(unsigned int, (unsigned int)copy, a.length));
		}
	}
	if (err) {
		cork->length -= (int)a.length;
		IP_INC_STATS(sock_net(sk), IPSTATS_MIB_OUTDISCARDS);
		net_zcopy_put_abort(a.uarg, new_uarg);
	} else if (unlikely(new_uarg)) {
		net_zcopy_put(a.uarg);
	}
	return err;
}

int ip_append_data(struct sock *sk, struct flowi4 *fl4, ip_getfrag_t *getfrag, void *from, int length,
		   int transhdrlen, struct ipcm_cookie *ipc, struct rtable **rtp, unsigned int flags)
{
	TRACE_SK(sk, "add data to the socket's datagram");
	struct inet_sock *inet = inet_sk(sk);
	int err;

	if (flags & MSG_PROBE)
		return 0;
	if (skb_queue_empty(&sk->sk_write_queue)) {
		err = ip_setup_cork(sk, &inet->cork.base, ipc, rtp);
		if (err)
			return err;
	} else {
		transhdrlen = 0;
	}
	return __ip_append_data(sk, fl4, &sk->sk_write_queue, &inet->cork.base, getfrag, from, length,
				transhdrlen, flags);
}

/* Hangs all further fragments on the first one. */
static struct sk_buff *ip_join_fragments(struct sk_buff_head *queue)
{
	struct sk_buff *skb = __skb_dequeue(queue), *tmp, **tail;

	if (!skb)
		return NULL;
	if (skb->data < skb_network_header(skb))
		__skb_pull(skb, (unsigned int)skb_network_offset(skb));
	tail = &skb_shinfo(skb)->frag_list;
	while ((tmp = __skb_dequeue(queue)) != NULL) {
		__skb_pull(tmp, skb_network_header_len(skb));
		*tail = tmp;
		tail = &tmp->next;
		skb->len += tmp->len;
		skb->data_len += tmp->len;
		skb->truesize += tmp->truesize;
		tmp->destructor = NULL; /* the first one answers for all */
		tmp->sk = NULL;
	}
	return skb;
}

struct sk_buff *__ip_make_skb(struct sock *sk, struct flowi4 *fl4, struct sk_buff_head *queue,
			      struct inet_cork *cork)
{
	TRACE_SK(sk, "finish the datagram: put the ip header on");
	struct rtable *rt = (struct rtable *)cork->dst;
	struct inet_sock *inet = inet_sk(sk);
	struct ip_options *opt = cork->flags & IPCORK_OPT ? cork->opt : NULL;
	struct net *net = sock_net(sk);
	struct sk_buff *skb = ip_join_fragments(queue);
	struct iphdr *iph;
	__be16 df = 0;

	if (!skb) {
		ip_cork_release(sk->host, cork);
		return NULL;
	}
	if (!skb->journey)
		skb->journey = trace_journey_new(sk->host);
	skb->ignore_df = ip_sk_ignore_df(sk);
	if (inet->pmtudisc == IP_PMTUDISC_DO || inet->pmtudisc == IP_PMTUDISC_PROBE ||
	    (skb->len <= dst_mtu(&rt->dst) && ip_dont_fragment(sk, &rt->dst)))
		df = htons(IP_DF);
	iph = ip_hdr(skb);
	iph->version = 4;
	iph->ihl = 5;
	iph->tos = cork->tos != -1 ? (u8)cork->tos : inet->tos;
	iph->frag_off = df;
	iph->ttl = cork->ttl			  ? cork->ttl
		   : rt->rt_type == RTN_MULTICAST ? inet->mc_ttl
						  : (u8)ip_select_ttl(inet, &rt->dst);
	iph->protocol = (u8)sk->sk_protocol;
	ip_copy_addrs(sk->host, iph, fl4);
	ip_select_ident(net, skb, sk);
	if (opt) {
		iph->ihl += opt->optlen >> 2;
		ip_options_build(skb, opt, cork->addr, rt);
	}
	skb->priority = cork->tos != -1 ? (u32)cork->priority : sk->sk_priority;
	skb->mark = cork->mark;
	skb->tstamp = cork->transmit_time;
	cork->dst = NULL; /* the route becomes the packet's */
	skb_dst_set(skb, &rt->dst);
	if (iph->protocol == IPPROTO_ICMP)
		icmp_out_count(net, icmp_hdr(skb)->type);
	ip_cork_release(sk->host, cork);
	return skb;
}

int ip_send_skb(struct net *net, struct sk_buff *skb)
{
	TRACE_SKB(skb, "send a finished datagram");
	int err = ip_local_out(net, skb->sk, skb);

	if (err) {
		if (err > 0)
			err = err != NET_XMIT_CN ? -ENOBUFS : 0;
		if (err)
			IP_INC_STATS(net, IPSTATS_MIB_OUTDISCARDS);
	}
	return err;
}

int ip_push_pending_frames(struct sock *sk, struct flowi4 *fl4)
{
	TRACE_SK(sk, "send the socket's datagram");
	struct sk_buff *skb = __ip_make_skb(sk, fl4, &sk->sk_write_queue, &inet_sk(sk)->cork.base);

	return skb ? ip_send_skb(sock_net(sk), skb) : 0;
}

static void __ip_flush_pending_frames(struct sock *sk, struct sk_buff_head *queue, struct inet_cork *cork)
{
	TRACE_SK(sk, "throw an unfinished datagram away");
	struct sk_buff *skb;

	while ((skb = __skb_dequeue_tail(queue)) != NULL)
		kfree_skb(skb);
	ip_cork_release(sk->host, cork);
}

void ip_flush_pending_frames(struct sock *sk)
{
	TRACE_SK(sk, "throw the socket's unfinished datagram away");
	__ip_flush_pending_frames(sk, &sk->sk_write_queue, &inet_sk(sk)->cork.base);
}

struct sk_buff *ip_make_skb(struct sock *sk, struct flowi4 *fl4, ip_getfrag_t *getfrag, void *from,
			    int length, int transhdrlen, struct ipcm_cookie *ipc, struct rtable **rtp,
			    struct inet_cork *cork, unsigned int flags)
{
	TRACE_SK(sk, "make a datagram in one go");
	struct sk_buff_head queue;
	int err;

	if (flags & MSG_PROBE)
		return NULL;
	__skb_queue_head_init(&queue);
	cork->flags = 0;
	cork->addr = 0;
	cork->opt = NULL;
	err = ip_setup_cork(sk, cork, ipc, rtp);
	if (err)
		return ERR_PTR(err);
	err = __ip_append_data(sk, fl4, &queue, cork, getfrag, from, length, transhdrlen, flags);
	if (err) {
		__ip_flush_pending_frames(sk, &queue, cork);
		return ERR_PTR(err);
	}
	return __ip_make_skb(sk, fl4, &queue, cork);
}

/* ---- TCP's answers without a socket of their own ---- */

static int ip_reply_glue_bits(void *from, char *to, int offset, int len, int odd, struct sk_buff *skb)
{
	TRACE_SKB(skb, "copy the answer into the packet");
	__wsum csum = csum_partial_copy_nocheck((const char *)from + offset, to, len);

	skb->csum = csum_block_add(skb->csum, csum, odd);
	return 0;
}

/* Ports of the segment that is answered, as they lie in any transport's header. */
static void reply_flow(struct sock *sk, struct sk_buff *skb, struct flowi4 *fl4,
		       const struct ip_reply_arg *arg, __be32 daddr, __be32 saddr)
{
	const __be16 *ports = (const __be16 *)skb_transport_header(skb);

	flowi4_init_output(fl4, arg->bound_dev_if, sk->sk_mark, RT_TOS(arg->tos), RT_SCOPE_UNIVERSE,
			   ip_hdr(skb)->protocol,
			   arg->flags & IP_REPLY_ARG_NOSRCCHECK ? FLOWI_FLAG_ANYSRC : 0, daddr, saddr,
			   ports[0], ports[1]);
}

void ip_send_unicast_reply(struct sock *sk, struct sk_buff *skb, const struct ip_options *sopt, __be32 daddr,
			   __be32 saddr, const struct ip_reply_arg *arg, unsigned int len, u64 transmit_time)
{
	TRACE_SKB(skb, "answer a segment for which there is no socket");
	struct net *net = sock_net(sk);
	struct ip_options_data replyopts;
	struct ipcm_cookie ipc;
	struct sk_buff *nskb;
	struct flowi4 fl4;
	struct rtable *rt;

	if (__ip_options_echo(net, &replyopts.opt, skb, sopt))
		return;
	ipcm_init(&ipc);
	ipc.addr = daddr;
	ipc.transmit_time = transmit_time;
	if (replyopts.opt.optlen)
		ipc.opt = (struct ip_options_rcu *)&replyopts;
	reply_flow(sk, skb, &fl4, arg, daddr, saddr);
	rt = ip_route_output_flow(net, &fl4, sk);
	if (IS_ERR(rt))
		return;
	inet_sk(sk)->tos = arg->tos & (u8)~3; /* without the ECN bits */
	sk->sk_protocol = ip_hdr(skb)->protocol;
	sk->sk_bound_dev_if = arg->bound_dev_if;
	sk->sk_sndbuf = net->core.sysctl_wmem_default;
	ipc.sockc.mark = fl4.flowi4_mark;
	if (ip_append_data(sk, &fl4, ip_reply_glue_bits, arg->iov->iov_base, (int)len, 0, &ipc, &rt,
			   MSG_DONTWAIT)) {
		ip_flush_pending_frames(sk);
		goto out;
	}
	nskb = skb_peek(&sk->sk_write_queue);
	if (nskb) {
		if (arg->csumoffset >= 0)
			((__sum16 *)skb_transport_header(nskb))[arg->csumoffset] =
				csum_fold(csum_add(nskb->csum, arg->csum));
		nskb->ip_summed = CHECKSUM_NONE;
		nskb->journey = trace_journey_new(sk->host);
		ip_push_pending_frames(sk, &fl4);
	}
out:
	dst_release_of(net->host, rt ? &rt->dst : NULL);
}
