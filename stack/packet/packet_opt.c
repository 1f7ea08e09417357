/*
 * Options of packet sockets (SOL_PACKET), what they make devices listen to (PACKET_ADD_MEMBERSHIP:
 * promiscuous mode and the like), and what becomes of them when a device comes or goes.
 */
#include "stack/application/socket.h"
#include "stack/packet/af_packet.h"

/* ---- memberships ---- */

/* What the device shall do for this membership (what > 0) or no longer (< 0). */
static int packet_dev_mc(struct net_device *dev, const struct packet_mclist *i, int what)
{
	TRACE(dev, "have the device listen to more, or to less");

	switch (i->type) {
	case PACKET_MR_MULTICAST:
		if (i->alen != dev->addr_len)
			return -EINVAL;
		return what > 0 ? dev_mc_add(dev, i->addr) : dev_mc_del(dev, i->addr);
	case PACKET_MR_PROMISC:
		return dev_set_promiscuity(dev, what);
	case PACKET_MR_ALLMULTI:
		return dev_set_allmulti(dev, what);
	case PACKET_MR_UNICAST:
		if (i->alen != dev->addr_len)
			return -EINVAL;
		return what > 0 ? dev_uc_add(dev, i->addr) : dev_uc_del(dev, i->addr);
	default:
		return 0;
	}
}

static bool mclist_is(const struct packet_mclist *ml, const struct packet_mreq_max *mreq)
{
	return ml->ifindex == mreq->mr_ifindex && ml->type == mreq->mr_type && ml->alen == mreq->mr_alen &&
	       !memcmp(ml->addr, mreq->mr_address, ml->alen);
}

static int packet_mc_add_new(struct packet_sock *po, struct net_device *dev,
			     const struct packet_mreq_max *mreq)
{
	struct packet_mclist *i = kzalloc(dev->host, sizeof(*i));
	int err;

	if (!i)
		return -ENOBUFS;
	i->type = mreq->mr_type;
	i->ifindex = mreq->mr_ifindex;
	i->alen = mreq->mr_alen;
	memcpy(i->addr, mreq->mr_address, i->alen);
	i->count = 1;
	i->next = po->mclist;
	po->mclist = i;
	err = packet_dev_mc(dev, i, 1);
	if (err) {
		po->mclist = i->next;
		kfree(dev->host, i);
	}
	return err;
}

static int packet_mc_add(struct sock *sk, const struct packet_mreq_max *mreq)
{
	TRACE_SK_IN(sk, IN_TASK, "have a device listen to more for this socket");
	struct packet_sock *po = pkt_sk(sk);
	struct packet_mclist *ml;
	struct net_device *dev;
	int err = -ENODEV;

	rtnl_lock(sk->host);
	dev = __dev_get_by_index(sock_net(sk), mreq->mr_ifindex);
	if (!dev)
		goto done;
	err = -EINVAL;
	if (mreq->mr_alen > dev->addr_len)
		goto done;
	for (ml = po->mclist; ml; ml = ml->next) {
		if (mclist_is(ml, mreq)) {
			ml->count++;
			err = 0;
			goto done;
		}
	}
	err = packet_mc_add_new(po, dev, mreq);
done:
	rtnl_unlock(sk->host);
	return err;
}

/* Ends a membership that is off the list. */
static void mclist_end(struct sock *sk, struct packet_mclist *ml)
{
	struct net_device *dev = __dev_get_by_index(sock_net(sk), ml->ifindex);

	if (dev)
		packet_dev_mc(dev, ml, -1);
	kfree(sk->host, ml);
}

static int packet_mc_drop(struct sock *sk, const struct packet_mreq_max *mreq)
{
	TRACE_SK_IN(sk, IN_TASK, "have a device listen to less again");
	struct packet_mclist **mlp, *ml;

	rtnl_lock(sk->host);
	for (mlp = &pkt_sk(sk)->mclist; (ml = *mlp) != NULL; mlp = &ml->next) {
		if (!mclist_is(ml, mreq))
			continue;
		if (--ml->count == 0) {
			*mlp = ml->next;
			mclist_end(sk, ml);
		}
		break;
	}
	rtnl_unlock(sk->host);
	return 0;
}

void packet_flush_mclist(struct sock *sk)
{
	TRACE_SK(sk, "end all that the socket made devices listen to");
	struct packet_sock *po = pkt_sk(sk);
	struct packet_mclist *ml;

	if (!po->mclist)
		return;
	rtnl_lock(sk->host);
	while ((ml = po->mclist) != NULL) {
		po->mclist = ml->next;
		mclist_end(sk, ml);
	}
	rtnl_unlock(sk->host);
}

/* A device goes: what the socket had it listen to goes with it. */
static void packet_dev_mclist_delete(struct net_device *dev, struct packet_sock *po)
{
	struct packet_mclist **mlp = &po->mclist, *ml;

	while ((ml = *mlp) != NULL) {
		if (ml->ifindex != dev->ifindex) {
			mlp = &ml->next;
			continue;
		}
		*mlp = ml->next;
		packet_dev_mc(dev, ml, -1);
		kfree(dev->host, ml);
	}
}

static int packet_set_membership(struct sock *sk, int optname, sockptr_t optval, unsigned int optlen)
{
	struct packet_mreq_max mreq;

	memset(&mreq, 0, sizeof(mreq));
	if (optlen < sizeof(struct packet_mreq))
		return -EINVAL;
	if (copy_from_sockptr(&mreq, optval, min_t(size_t, optlen, sizeof(mreq))))
		return -EFAULT;
	if (optlen < mreq.mr_alen + offsetof(struct packet_mreq, mr_address))
		return -EINVAL;
	return optname == PACKET_ADD_MEMBERSHIP ? packet_mc_add(sk, &mreq) : packet_mc_drop(sk, &mreq);
}

/* ---- options ---- */

static int packet_set_int(struct packet_sock *po, int optname, int val)
{
	switch (optname) {
	case PACKET_COPY_THRESH:
		po->copy_thresh = val;
		return 0;
	case PACKET_AUXDATA:
		po->auxdata = val != 0;
		return 0;
	case PACKET_ORIGDEV:
		po->origdev = val != 0;
		return 0;
	case PACKET_LOSS:
		po->loss = val != 0;
		return 0;
	case PACKET_IGNORE_OUTGOING:
		if (val < 0 || val > 1)
			return -EINVAL;
		po->prot_hook.ignore_outgoing = val != 0;
		return 0;
	case PACKET_QDISC_BYPASS:
		po->bypass = val != 0; /* kept, but frames go through the queue all the same */
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int packet_get_int(const struct packet_sock *po, int optname, int *val)
{
	switch (optname) {
	case PACKET_AUXDATA:
		*val = po->auxdata;
		return 0;
	case PACKET_ORIGDEV:
		*val = po->origdev;
		return 0;
	case PACKET_LOSS:
		*val = po->loss;
		return 0;
	case PACKET_IGNORE_OUTGOING:
		*val = po->prot_hook.ignore_outgoing;
		return 0;
	case PACKET_QDISC_BYPASS:
		*val = po->bypass;
		return 0;
	case PACKET_COPY_THRESH:
		*val = po->copy_thresh;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

int packet_setsockopt(struct socket *sock, int level, int optname, sockptr_t optval, unsigned int optlen)
{
	TRACE_IN(sock, IN_TASK, "set an option of a packet socket");
	struct sock *sk = sock->sk;
	int val, err;

	if (level != SOL_PACKET)
		return -ENOPROTOOPT;
	if (optname == PACKET_ADD_MEMBERSHIP || optname == PACKET_DROP_MEMBERSHIP)
		return packet_set_membership(sk, optname, optval, optlen);
	err = packet_get_int(pkt_sk(sk), optname, &val); /* only to know whether there is such an option */
	if (err)
		return err;
	if (optlen < sizeof(val))
		return -EINVAL;
	if (copy_from_sockptr(&val, optval, sizeof(val)))
		return -EFAULT;
	lock_sock(sk);
	err = packet_set_int(pkt_sk(sk), optname, val);
	release_sock(sk);
	return err;
}

int packet_getsockopt(struct socket *sock, int level, int optname, char *optval, int *optlen)
{
	TRACE_IN(sock, IN_TASK, "read an option of a packet socket");
	struct packet_sock *po = pkt_sk(sock->sk);
	struct tpacket_stats stats;
	const void *data;
	int val, err, lv;

	if (level != SOL_PACKET)
		return -ENOPROTOOPT;
	if (*optlen < 0)
		return -EINVAL;
	if (optname == PACKET_STATISTICS) {
		/* counted from the last look on; drops are packets too */
		stats = po->stats;
		stats.tp_packets += stats.tp_drops;
		po->stats = (struct tpacket_stats){ 0 };
		data = &stats;
		lv = sizeof(stats);
	} else {
		err = packet_get_int(po, optname, &val);
		if (err)
			return err;
		data = &val;
		lv = sizeof(val);
	}
	*optlen = min(*optlen, lv);
	memcpy(optval, data, (size_t)*optlen);
	return 0;
}

/* ---- devices that come and go ---- */

static void packet_dev_down(struct sock *sk, struct net_device *dev, bool gone)
{
	struct packet_sock *po = pkt_sk(sk);

	if (po->running) {
		__unregister_prot_hook(sk, false);
		sk->sk_err = ENETDOWN;
		if (!sock_flag(sk, SOCK_DEAD))
			sk_error_report(sk);
	}
	if (!gone)
		return;
	packet_cached_dev_reset(po);
	po->ifindex = -1;
	dev_put(dev);
	po->prot_hook.dev = NULL;
}

int packet_notifier(struct notifier_block *nb, unsigned long msg, void *ptr)
{
	struct packet_state *st = container_of(nb, struct packet_state, notifier);
	TRACE(st, "a device came up, went down or goes away: tell packet sockets that are bound to it");
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct hlist_node *node, *next;

	for (node = st->sklist.first; node; node = next) {
		struct sock *sk = hlist_entry(node, struct sock, sk_node);
		struct packet_sock *po = pkt_sk(sk);

		next = node->next;
		if (msg == NETDEV_UNREGISTER && po->mclist)
			packet_dev_mclist_delete(dev, po);
		if (dev->ifindex != po->ifindex)
			continue;
		if (msg == NETDEV_DOWN || msg == NETDEV_UNREGISTER)
			packet_dev_down(sk, dev, msg == NETDEV_UNREGISTER);
		else if (msg == NETDEV_UP && po->num)
			register_prot_hook(sk);
	}
	return NOTIFY_DONE;
}
