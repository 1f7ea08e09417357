/*
 * Ping sockets, all but sending: identifiers and the table, input, errors. ICMP calls in with echo replies
 * (ping_rcv) and with errors about messages of ours (ping_err).
 */
#include "stack/internet/ping.h"

#include "stack/transport/datagram.h"
#include "stack/transport/udp.h"

/* ---- identifiers ---- */

static struct hlist_head *ping_hashslot(const struct host *host, u16 num)
{
	struct ping_table *t = host->net->ping;

	return t ? &t->hash[num & (PING_HTABLE_SIZE - 1)] : NULL;
}

static bool ping_ident_taken(const struct sock *sk, u16 ident, bool share)
{
	const struct hlist_node *node = ping_hashslot(sk->host, ident)->first;

	for (; node; node = node->next) {
		const struct sock *sk2 = hlist_entry(node, struct sock, sk_node);

		if (inet_sk(sk2)->inet_num == ident && sk2 != sk && !(share && sk2->sk_reuse && sk->sk_reuse))
			return true;
	}
	return false;
}

/* The next one that nobody has; 0: all are taken. */
static u16 ping_free_ident(const struct sock *sk, struct ping_table *t)
{
	u16 ident = t->rover;

	for (u32 i = 0; i < 65536; i++) {
		ident++;
		if (ident && !ping_ident_taken(sk, ident, false))
			return t->rover = ident;
	}
	return 0;
}

static int ping_get_port(struct sock *sk, unsigned short ident)
{
	TRACE_SK_IN(sk, IN_TASK, "give the socket an identifier and put it into the table");
	struct net *net = sock_net(sk);

	if (!net->ping) {
		net->ping = kzalloc(sk->host, sizeof(*net->ping));
		if (!net->ping)
			return 1;
	}
	if (!ident)
		ident = ping_free_ident(sk, net->ping);
	else if (ping_ident_taken(sk, ident, true))
		return 1;
	if (!ident)
		return 1;
	inet_sk(sk)->inet_num = ident;
	if (sk_unhashed(sk)) {
		sock_hold(sk);
		hlist_add_head(&sk->sk_node, ping_hashslot(sk->host, ident));
	}
	return 0;
}

static int ping_hash(struct sock *sk)
{
	SIM_BUG_ON(sk->host, true); /* the identifier is given by bind() or the first send */
	return 0;
}

static void ping_unhash(struct sock *sk)
{
	TRACE_SK(sk, "take the socket out of the table");

	if (!sk_hashed(sk))
		return;
	hlist_del_init(&sk->sk_node);
	inet_sk(sk)->inet_num = 0;
	inet_sk(sk)->inet_sport = 0;
	sock_put(sk);
}

/* The socket that a message with this identifier is for, with a reference. */
static struct sock *ping_lookup(struct sk_buff *skb, u16 ident)
{
	TRACE_SKB(skb, "find the ping socket by the message's identifier");
	struct hlist_head *head = ping_hashslot(skb->host, ident);

	if (!head)
		return NULL;
	for (struct hlist_node *node = head->first; node; node = node->next) {
		struct sock *sk = hlist_entry(node, struct sock, sk_node);
		const struct inet_sock *inet = inet_sk(sk);

		if (inet->inet_num != ident ||
		    (inet->inet_rcv_saddr && inet->inet_rcv_saddr != ip_hdr(skb)->daddr) ||
		    !inet_sk_bound_dev_eq(sk->sk_bound_dev_if, inet_iif(skb), 0))
			continue;
		sock_hold(sk);
		return sk;
	}
	return NULL;
}

/* ---- the socket's life and name ---- */

static void inet_get_ping_group_range_net(struct net *net, u32 *low, u32 *high)
{
	TRACE(net, "which groups may open ping sockets: all");

	*low = 0;
	*high = 0x7fffffff;
}

static int ping_init_sock(struct sock *sk)
{
	TRACE_SK_IN(sk, IN_TASK, "may the program's group open ping sockets?");
	u32 low, high, group = 0; /* programs run as root */

	inet_get_ping_group_range_net(sock_net(sk), &low, &high);
	return group >= low && group <= high ? 0 : -EACCES;
}

static void ping_close(struct sock *sk, long timeout)
{
	TRACE_SK_IN(sk, IN_TASK, "close a ping socket");

	(void)timeout;
	sk_common_release(sk);
}

static int ping_check_bind_addr(struct sock *sk, const struct sockaddr_in *addr, int addr_len)
{
	TRACE_SK(sk, "is it an address of this host?");
	struct net *net = sock_net(sk);
	int type;

	if (addr_len < (int)sizeof(*addr))
		return -EINVAL;
	if (addr->sin_family != AF_INET &&
	    !(addr->sin_family == AF_UNSPEC && addr->sin_addr.s_addr == htonl(INADDR_ANY)))
		return -EAFNOSUPPORT;
	if (addr->sin_addr.s_addr == htonl(INADDR_ANY))
		return 0;
	type = (int)inet_addr_type(net, addr->sin_addr.s_addr);
	if (type == RTN_MULTICAST || type == RTN_BROADCAST ||
	    (type != RTN_LOCAL && !inet_can_nonlocal_bind(net, inet_sk(sk))))
		return -EADDRNOTAVAIL;
	return 0;
}

static void ping_set_saddr(struct sock *sk, const struct sockaddr_in *addr)
{
	TRACE_SK(sk, "set the ping socket's own address");
	inet_sk(sk)->inet_rcv_saddr = inet_sk(sk)->inet_saddr = addr->sin_addr.s_addr;
}

static int ping_bind(struct sock *sk, struct sockaddr *uaddr, int addr_len)
{
	TRACE_SK_IN(sk, IN_TASK, "set the local address and identifier of a ping socket");
	const struct sockaddr_in *addr = (const struct sockaddr_in *)uaddr;
	struct inet_sock *inet = inet_sk(sk);
	int err = ping_check_bind_addr(sk, addr, addr_len);

	if (err)
		return err;
	lock_sock(sk);
	err = -EINVAL;
	if (inet->inet_num)
		goto out;
	ping_set_saddr(sk, addr);
	err = -EADDRINUSE;
	if (ping_get_port(sk, ntohs(addr->sin_port))) {
		inet->inet_saddr = inet->inet_rcv_saddr = 0;
		goto out;
	}
	if (inet->inet_rcv_saddr)
		sk->sk_userlocks |= SOCK_BINDADDR_LOCK;
	if (addr->sin_port)
		sk->sk_userlocks |= SOCK_BINDPORT_LOCK;
	inet->inet_sport = htons(inet->inet_num);
	inet->inet_daddr = 0;
	inet->inet_dport = 0;
	sk_dst_reset(sk);
	err = 0;
out:
	release_sock(sk);
	return err;
}

static int ping_pre_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len)
{
	TRACE_SK_IN(sk, IN_TASK, "check the peer's address");

	(void)uaddr;
	return addr_len < (int)sizeof(struct sockaddr_in) ? -EINVAL : 0;
}

/* ---- input ---- */

static int ping_queue_rcv_skb(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "add skb to the receive queue of the ping socket");

	if (sock_queue_rcv_skb(sk, skb) < 0) {
		kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_RCVBUFF);
		return -1;
	}
	return 0;
}

/* An echo reply; skb->data is behind its header. True: a socket has it. */
bool ping_rcv(struct sk_buff *skb)
{
	TRACE_SKB(skb, "find the ping socket that the answer is for");
	const struct icmphdr *icmph = icmp_hdr(skb);
	struct sk_buff *skb2;
	struct sock *sk;
	bool rc = false;

	skb_push(skb, (unsigned int)(skb->data - (const u8 *)icmph));
	sk = ping_lookup(skb, ntohs(icmph->un.echo.id));
	if (!sk)
		return false;
	skb2 = skb_clone(skb, GFP_ATOMIC);
	if (skb2 && ping_queue_rcv_skb(sk, skb2) == 0)
		rc = true;
	sock_put(sk);
	return rc;
}

static int ping_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int noblock, int flags,
			int *addr_len)
{
	TRACE_SK_IN(sk, IN_TASK, "receive an answer, from its icmp header on");
	struct sockaddr_in *sin = msg->msg_name;
	struct sk_buff *skb;
	int copied, err = -EOPNOTSUPP;

	if (flags & MSG_OOB)
		return err;
	if (flags & MSG_ERRQUEUE)
		return inet_recv_error(sk, msg, (int)len, addr_len);
	skb = skb_recv_datagram(sk, (unsigned int)flags, noblock, &err);
	if (!skb)
		return err;
	copied = (int)skb->len;
	if ((size_t)copied > len) {
		msg->msg_flags |= MSG_TRUNC;
		copied = (int)len;
	}
	err = skb_copy_datagram_msg(skb, 0, msg, copied);
	if (err)
		goto done;
	sock_recv_ts_and_drops(msg, sk, skb);
	if (sin) {
		memset(sin, 0, sizeof(*sin));
		sin->sin_family = AF_INET;
		sin->sin_addr.s_addr = ip_hdr(skb)->saddr;
		*addr_len = sizeof(*sin);
	}
	if (inet_sk(sk)->cmsg_flags)
		ip_cmsg_recv_offset(msg, sk, skb);
	err = copied;
done:
	skb_free_datagram(sk, skb);
	return err;
}

/* ---- errors ---- */

/* What the message means to the socket; false: nothing. */
static bool ping_err_verdict(struct sock *sk, struct sk_buff *skb, u32 info, int *err, bool *harderr)
{
	const int type = icmp_hdr(skb)->type, code = icmp_hdr(skb)->code;

	*err = EHOSTUNREACH;
	*harderr = false;
	switch (type) {
	case ICMP_SOURCE_QUENCH:
		*err = EREMOTEIO;
		break;
	case ICMP_PARAMETERPROB:
		*err = EPROTO;
		*harderr = true;
		break;
	case ICMP_DEST_UNREACH:
		if (code == ICMP_FRAG_NEEDED) {
			ipv4_sk_update_pmtu(skb, sk, info);
			*err = EMSGSIZE;
			*harderr = true;
			return inet_sk(sk)->pmtudisc != IP_PMTUDISC_DONT;
		}
		if (code <= NR_ICMP_UNREACH) {
			*err = icmp_err_convert[code].errno_;
			*harderr = icmp_err_convert[code].fatal;
		}
		break;
	case ICMP_REDIRECT:
		ipv4_sk_redirect(skb, sk);
		*err = EREMOTEIO;
		break;
	default:
		break;
	}
	return true;
}

/* skb->data is at the ip header that the message quotes, our icmp header `offset` bytes behind. */
void ping_err(struct sk_buff *skb, int offset, u32 info)
{
	TRACE_SKB(skb, "take in an icmp error about a message of a ping socket");
	const struct icmphdr *icmph = (const struct icmphdr *)(skb->data + offset);
	struct sock *sk;
	bool harderr;
	int err;

	if (!ping_supported(icmph->type, icmph->code))
		return;
	sk = ping_lookup(skb, ntohs(icmph->un.echo.id));
	if (!sk)
		return;
	if (!ping_err_verdict(sk, skb, info, &err, &harderr))
		goto out;
	if (inet_sk(sk)->recverr)
		ip_icmp_error(sk, skb, err, 0, info, (u8 *)(uintptr_t)icmph);
	else if (!harderr || sk->sk_state != TCP_ESTABLISHED)
		goto out;
	sk->sk_err = err;
	sk_error_report(sk);
out:
	sock_put(sk);
}

/* ---- start and end ---- */

int ping_init(struct host *host)
{
	return proto_register(host, &ping_prot, 1);
}

void ping_exit(struct host *host)
{
	proto_unregister(host, &ping_prot);
	kfree(host, host->net->ping);
	host->net->ping = NULL;
}

const struct proto ping_prot = {
	.close = ping_close,
	.pre_connect = ping_pre_connect,
	.connect = ip4_datagram_connect,
	.disconnect = __udp_disconnect,
	.init = ping_init_sock,
	.setsockopt = ip_setsockopt,
	.getsockopt = ip_getsockopt,
	.sendmsg = ping_v4_sendmsg,
	.recvmsg = ping_recvmsg,
	.bind = ping_bind,
	.backlog_rcv = ping_queue_rcv_skb,
	.release_cb = ip4_datagram_release_cb,
	.hash = ping_hash,
	.unhash = ping_unhash,
	.get_port = ping_get_port,
	.put_port = ping_unhash,
	.obj_size = sizeof(struct inet_sock),
	.name = "PING",
};
