/*
 * Packet sockets: their life, what they are bound to, their names, and the family at boot.
 */
#include "stack/packet/af_packet.h"

#include <sys/ioctl.h>

#include "stack/application/socket.h"
#include "stack/interface/etherdevice.h"
#include "stack/proc.h"
#include "stack/transport/datagram.h"

#ifndef SIOCINQ
#define SIOCINQ 0x541B
#define SIOCOUTQ 0x5411
#endif

static const struct proto packet_proto;
static const struct proto_ops packet_ops;

/* ---- the hook: whether the device layer gives frames to the socket ---- */

static void packet_cached_dev_assign(struct packet_sock *po, struct net_device *dev)
{
	TRACE_SK(&po->sk, "remember the device to send by");

	po->cached_dev = dev;
}

void packet_cached_dev_reset(struct packet_sock *po)
{
	TRACE_SK(&po->sk, "forget the device to send by");

	po->cached_dev = NULL;
}

static void __register_prot_hook(struct sock *sk)
{
	TRACE_SK(sk, "have the device layer give frames to the socket");
	struct packet_sock *po = pkt_sk(sk);

	if (po->running)
		return;
	dev_add_pack(sock_net(sk), &po->prot_hook);
	sock_hold(sk);
	po->running = true;
}

void register_prot_hook(struct sock *sk)
{
	TRACE_SK(sk, "have the device layer give frames to the socket");

	__register_prot_hook(sk);
}

/* `sync`: wait until nobody uses the hook any more. */
void __unregister_prot_hook(struct sock *sk, bool sync)
{
	TRACE_SK(sk, "have the device layer give frames to the socket no longer");
	struct packet_sock *po = pkt_sk(sk);

	po->running = false;
	__dev_remove_pack(sock_net(sk), &po->prot_hook);
	__sock_put(sk);
	if (sync)
		synchronize_net(sk->host);
}

static void unregister_prot_hook(struct sock *sk, bool sync)
{
	TRACE_SK(sk, "have the device layer give frames to the socket no longer, if it does");

	if (pkt_sk(sk)->running)
		__unregister_prot_hook(sk, sync);
}

/* ---- socket() ---- */

/* Frames of a transmit ring that are under way, counted. */
static int packet_alloc_pending(struct packet_sock *po)
{
	TRACE(&po->sk, "make the counter of frames under way");

	return 0;
}

static void packet_free_pending(struct packet_sock *po)
{
	TRACE(&po->sk, "free the counter of frames under way");
}

static void packet_sock_destruct(struct sock *sk)
{
	TRACE_SK(sk, "check that nothing of the socket is left");

	skb_queue_purge(sk->host, &sk->sk_error_queue);
	SIM_BUG_ON(sk->host, sk->sk_rmem_alloc);
	SIM_BUG_ON(sk->host, sk->sk_wmem_alloc);
	SIM_BUG_ON(sk->host, !sock_flag(sk, SOCK_DEAD));
	packet_free_pending(pkt_sk(sk));
}

static int packet_create(struct net *net, struct socket *sock, int protocol, int kern)
{
	TRACE_IN(sock, IN_TASK, "make a packet socket, which gets frames when it has a protocol");
	__be16 proto = (__be16)protocol; /* in network order already */
	struct packet_sock *po;
	struct sock *sk;
	int err;

	if (sock->type != SOCK_DGRAM && sock->type != SOCK_RAW)
		return -ESOCKTNOSUPPORT;
	sock->state = SS_UNCONNECTED;
	TRACE_STEP(sock, "alloc sock and install 'packet_ops'");
	sk = sk_alloc(net, PF_PACKET, GFP_KERNEL, &packet_proto, kern);
	if (!sk)
		return -ENOBUFS;
	sock->ops = &packet_ops;
	po = pkt_sk(sk);
	err = packet_alloc_pending(po);
	if (err) {
		sk_free(sk);
		return err;
	}
	sock_init_data(sock, sk);
	sk->sk_family = PF_PACKET;
	sk->sk_destruct = packet_sock_destruct;
	po->num = proto;
	po->xmit = dev_queue_xmit;
	packet_cached_dev_reset(po);
	po->prot_hook.func = packet_rcv;
	po->prot_hook.af_packet_priv = sk;
	if (proto) {
		TRACE_STEP(sk, "if 'protocol' is specified");
		po->prot_hook.type = proto;
		__register_prot_hook(sk);
	}
	hlist_add_tail(&sk->sk_node, &net->packet->sklist);
	return 0;
}

/* ---- bind() ---- */

/* Takes the socket from what it was bound to and gives it the new device and protocol. Returns true when the
 * device went meanwhile. */
static bool packet_rehook(struct sock *sk, struct net_device *dev, __be16 proto)
{
	struct packet_sock *po = pkt_sk(sk);
	bool unlisted = false;

	dev_hold(dev);
	if (po->running) {
		po->num = 0; /* so that a device's event does not register it again */
		__unregister_prot_hook(sk, true);
		if (dev)
			unlisted = !dev_get_by_index_rcu(sock_net(sk), dev->ifindex);
	}
	dev_put(po->prot_hook.dev);
	po->num = proto;
	po->prot_hook.type = proto;
	if (unlikely(unlisted)) {
		dev_put(dev);
		dev = NULL;
	}
	po->prot_hook.dev = dev;
	po->ifindex = unlisted ? -1 : dev ? dev->ifindex : 0;
	packet_cached_dev_assign(po, dev);
	return unlisted;
}

static int packet_do_bind(struct sock *sk, const char *name, int ifindex, __be16 proto)
{
	TRACE_SK_IN(sk, IN_TASK, "bind the socket to a device and a protocol");
	struct packet_sock *po = pkt_sk(sk);
	struct net_device *dev = NULL;
	bool unlisted = false;
	int ret = 0;

	lock_sock(sk);
	if (!proto)
		proto = po->num;
	TRACE_STEP(sk, "get net device by either name or interface index");
	if (name)
		dev = dev_get_by_name_rcu(sock_net(sk), name);
	else if (ifindex)
		dev = dev_get_by_index_rcu(sock_net(sk), ifindex);
	if (!dev && (name || ifindex)) {
		ret = -ENODEV;
		goto out;
	}
	if (po->prot_hook.type == proto && po->prot_hook.dev == dev)
		goto out;
	TRACE_STEP(sk, "ensure the hook is up to date");
	unlisted = packet_rehook(sk, dev, proto);
	if (!proto)
		goto out;
	if (!unlisted && (!dev || (dev->flags & IFF_UP))) {
		register_prot_hook(sk);
	} else {
		sk->sk_err = ENETDOWN;
		if (!sock_flag(sk, SOCK_DEAD))
			sk_error_report(sk);
	}
out:
	release_sock(sk);
	return ret;
}

static int packet_bind(struct socket *sock, struct sockaddr *uaddr, int addr_len)
{
	TRACE_IN(sock, IN_TASK, "bind the socket to a device and a protocol");
	const struct sockaddr_ll *sll = (const struct sockaddr_ll *)uaddr;

	if (addr_len < (int)sizeof(*sll))
		return -EINVAL;
	if (sll->sll_family != AF_PACKET)
		return -EINVAL;
	return packet_do_bind(sock->sk, NULL, sll->sll_ifindex, sll->sll_protocol);
}

/* ---- close() ---- */

/* Sockets that share frames among them (PACKET_FANOUT): there are none. */
static void *fanout_release(struct sock *sk)
{
	TRACE_SK(sk, "leave the group of sockets that share frames");

	return NULL;
}

static int packet_release(struct socket *sock)
{
	TRACE_IN(sock, IN_TASK, "close a packet socket");
	struct sock *sk = sock->sk;
	struct packet_sock *po;

	if (!sk)
		return 0;
	po = pkt_sk(sk);
	hlist_del_init(&sk->sk_node);
	unregister_prot_hook(sk, false);
	packet_cached_dev_reset(po);
	dev_put(po->prot_hook.dev);
	po->prot_hook.dev = NULL;
	packet_flush_mclist(sk);
	lock_sock(sk); /* a ring would go here */
	release_sock(sk);
	fanout_release(sk);
	synchronize_net(sk->host);
	sock_orphan(sk);
	sock->sk = NULL;
	skb_queue_purge(sk->host, &sk->sk_receive_queue);
	sock_put(sk);
	return 0;
}

/* ---- names, readiness ---- */

static int packet_getname(struct socket *sock, struct sockaddr *uaddr, int peer)
{
	TRACE_IN(sock, IN_TASK, "get what the socket is bound to");
	const struct packet_sock *po = pkt_sk(sock->sk);
	struct sockaddr_ll *sll = (struct sockaddr_ll *)uaddr;
	const struct net_device *dev;

	if (peer)
		return -EOPNOTSUPP;
	memset(sll, 0, sizeof(*sll));
	sll->sll_family = AF_PACKET;
	sll->sll_ifindex = po->ifindex;
	sll->sll_protocol = po->num;
	dev = dev_get_by_index_rcu(sock_net(sock->sk), po->ifindex);
	if (dev) {
		sll->sll_hatype = dev->type;
		sll->sll_halen = dev->addr_len;
		memcpy(sll->sll_addr, dev->dev_addr, dev->addr_len);
	}
	return (int)offsetof(struct sockaddr_ll, sll_addr) + sll->sll_halen;
}

static __poll_t packet_poll(struct file *file, struct socket *sock, struct poll_table_struct *wait)
{
	TRACE(sock, "what can the program do with the packet socket now?");

	__poll_t mask = datagram_poll(file, sock, wait);

	packet_rcv_try_clear_pressure(pkt_sk(sock->sk));
	return mask;
}

static int packet_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg)
{
	TRACE_IN(sock, IN_TASK, "answer a request about a packet socket");
	struct sock *sk = sock->sk;
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

/* ---- boot ---- */

static const struct net_proto_family packet_family_ops = {
	.family = PF_PACKET,
	.create = packet_create,
};

static int packet_net_init(struct net *net)
{
	TRACE(net, "make the host's list of packet sockets");

	net->packet = kzalloc(net->host, sizeof(*net->packet));
	if (!net->packet)
		return -ENOMEM;
	net->packet->host = net->host;
	net->packet->notifier.notifier_call = packet_notifier;
	return 0;
}

static void packet_net_exit(struct net *net)
{
	kfree(net->host, net->packet);
	net->packet = NULL;
}

int packet_init(struct host *host)
{
	TRACE(host, "make the family of packet sockets known");
	struct net *net = host->net;
	int rc = packet_net_init(net);

	if (rc)
		return rc;
	rc = proto_register(host, &packet_proto, 1);
	if (rc)
		goto out_net;
	rc = sock_register(host, &packet_family_ops);
	if (rc)
		goto out_proto;
	rc = register_netdevice_notifier(net, &net->packet->notifier);
	if (rc)
		goto out_sock;
	return 0;
out_sock:
	sock_unregister(host, PF_PACKET);
out_proto:
	proto_unregister(host, &packet_proto);
out_net:
	packet_net_exit(net);
	return rc;
}

/* All programs' sockets are closed. */
void packet_exit(struct host *host)
{
	struct net *net = host->net;

	if (!net->packet)
		return;
	SIM_BUG_ON(host, !hlist_empty(&net->packet->sklist));
	unregister_netdevice_notifier(net, &net->packet->notifier);
	sock_unregister(host, PF_PACKET);
	proto_unregister(host, &packet_proto);
	packet_net_exit(net);
}

/* ---- /proc/net/packet ---- */

int packet_seq_show(struct seq_file *seq)
{
	TRACE(seq, "list the packet sockets (/proc/net/packet)");
	const struct packet_state *state = seq->host->net->packet;
	struct hlist_node *n;

	seq_puts(seq, "sk       RefCnt Type Proto  Iface R Rmem   User   Inode\n");
	hlist_for_each(n, &state->sklist)
	{
		const struct sock *s = hlist_entry(n, struct sock, __sk_common.skc_node);
		const struct packet_sock *po = pkt_sk(s);

		seq_printf(seq, "%08x %-6d %-4d %04x   %-5d %1d %-6u %-6u %-6u\n", s->trace_id, s->sk_refcnt,
			   s->sk_type, ntohs(po->num), po->ifindex, po->running, sk_rmem_alloc_get(s), 0,
			   s->trace_id);
	}
	return 0;
}

/* ---- operations ---- */

static const struct proto packet_proto = {
	.obj_size = sizeof(struct packet_sock),
	.name = "PACKET",
};

static const struct proto_ops packet_ops = {
	.family = PF_PACKET,
	.release = packet_release,
	.bind = packet_bind,
	.connect = sock_no_connect,
	.socketpair = sock_no_socketpair,
	.accept = sock_no_accept,
	.getname = packet_getname,
	.poll = packet_poll,
	.ioctl = packet_ioctl,
	.listen = sock_no_listen,
	.shutdown = sock_no_shutdown,
	.setsockopt = packet_setsockopt,
	.getsockopt = packet_getsockopt,
	.sendmsg = packet_sendmsg,
	.recvmsg = packet_recvmsg,
};
