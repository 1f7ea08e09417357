/*
 * The life of a sock: made by a family's create (sk_alloc), or cloned from a listener (sk_clone_lock); freed
 * when the last reference and the last packet charged to it are gone.
 *
 *	sock_put() = 0 -> sk_free() -> (sk_wmem_alloc = 0) -> __sk_free() -> sk_destruct() -> __sk_destruct()
 *	last packet: sock_wfree() ----------------------------^
 */
#include "stack/transport/sock.h"

#include "stack/application/socket.h"
#include "stack/interface/netdevice.h"

#define GSO_LEGACY_MAX_SIZE 65536u
#define SK_FLAGS_TIMESTAMP (BIT(SOCK_TIMESTAMP) | BIT(SOCK_TIMESTAMPING_RX_SOFTWARE))

static struct kmem_cache *proto_slab(struct host *host, const struct proto *prot)
{
	struct file_state *st = host->net->files;
	u32 i;

	for (i = 0; i < st->nr_protos; i++)
		if (st->protos[i].prot == prot)
			return st->protos[i].slab;
	return NULL;
}

int proto_register(struct host *host, const struct proto *prot, int alloc_slab)
{
	TRACE(host, "make a protocol known, with a cache for its socks");
	struct file_state *st = host->net->files;
	struct kmem_cache *slab = NULL;

	if (st->nr_protos == MAX_PROTOS)
		return -ENOBUFS;
	if (alloc_slab) {
		slab = kmem_cache_create(host, prot->name, prot->obj_size);
		if (!slab)
			return -ENOBUFS;
	}
	st->protos[st->nr_protos].prot = prot;
	st->protos[st->nr_protos++].slab = slab;
	return 0;
}

void proto_unregister(struct host *host, const struct proto *prot)
{
	TRACE(host, "forget a protocol");
	struct file_state *st = host->net->files;
	u32 i;

	for (i = 0; i < st->nr_protos; i++) {
		if (st->protos[i].prot == prot) {
			st->protos[i] = st->protos[--st->nr_protos];
			return;
		}
	}
}

void sk_for_each_of_host(struct host *host, bool (*fn)(struct sock *sk, void *arg), void *arg)
{
	struct sock *sk, *next;

	list_for_each_entry_safe (sk, next, &host->net->files->socks, sk_hostlist)
		if (!fn(sk, arg))
			return;
}

static struct sock *sk_prot_alloc(struct host *host, const struct proto *prot)
{
	TRACE(host, "allocate the protocol's sock");
	struct file_state *st = host->net->files;
	struct kmem_cache *slab = proto_slab(host, prot);
	struct sock *sk;

	SIM_BUG_ON(host, !slab);
	sk = kmem_cache_zalloc(host, slab);
	if (!sk)
		return NULL;
	sk->host = host;
	sk->trace_id = ++st->sock_ids;
	list_add_tail(&sk->sk_hostlist, &st->socks);
	sk_tx_queue_clear(sk);
	return sk;
}

static void sk_prot_free(const struct proto *prot, struct sock *sk)
{
	TRACE_SK(sk, "free the protocol's sock");

	list_del(&sk->sk_hostlist);
	kmem_cache_free(sk->host, proto_slab(sk->host, prot), sk);
}

static void sock_lock_init(struct sock *sk)
{
	sk->sk_lock.owned = 0;
	init_waitqueue_head(sk->host, &sk->sk_lock.wq);
}

struct sock *sk_alloc(struct net *net, int family, gfp_t priority __maybe_unused, const struct proto *prot,
		      int kern)
{
	TRACE(net, "allocate the family's sock");
	struct sock *sk = sk_prot_alloc(net->host, prot);

	if (!sk)
		return NULL;
	sk->sk_family = (u16)family;
	sk->sk_prot = sk->sk_prot_creator = prot;
	sk->sk_kern_sock = !!kern;
	sk->sk_net_refcnt = !kern;
	sock_lock_init(sk);
	sk->sk_wmem_alloc = 1;
	return sk;
}

/* ---- initial values ---- */

static void sk_init_common(struct sock *sk)
{
	TRACE_SK(sk, "initialise the sock's queues");

	skb_queue_head_init(&sk->sk_receive_queue);
	skb_queue_head_init(&sk->sk_write_queue);
	skb_queue_head_init(&sk->sk_error_queue);
}

void sock_def_destruct(struct sock *sk)
{
	(void)sk;
}

static void sock_init_data_uid(struct socket *sock, struct sock *sk, u32 uid)
{
	TRACE_SK(sk, "give the sock its default values and callbacks");
	const struct netns_core *core = &sock_net(sk)->core;

	sk_init_common(sk);
	sk->sk_send_head = NULL;
	timer_setup(sk->host, &sk->sk_timer, NULL, 0);
	sk->sk_allocation = GFP_KERNEL;
	sk->sk_rcvbuf = core->sysctl_rmem_default;
	sk->sk_sndbuf = core->sysctl_wmem_default;
	sk->sk_state = TCP_CLOSE;
	sk_set_socket(sk, sock);
	sock_set_flag(sk, SOCK_ZAPPED);
	if (sock) {
		sk->sk_type = (u16)sock->type;
		sk->sk_wq = &sock->wq;
		sock->sk = sk;
	}
	sk->sk_uid = uid;
	sk->sk_state_change = sock_def_wakeup;
	sk->sk_data_ready = sock_def_readable;
	sk->sk_write_space = sock_def_write_space;
	sk->sk_error_report = sock_def_error_report;
	sk->sk_destruct = sock_def_destruct;
	sk->sk_frag.page = NULL;
	sk->sk_frag.offset = 0;
	sk->sk_peek_off = -1;
	sk->sk_write_pending = 0;
	sk->sk_rcvlowat = 1;
	sk->sk_rcvtimeo = MAX_SCHEDULE_TIMEOUT;
	sk->sk_sndtimeo = MAX_SCHEDULE_TIMEOUT;
	sk->sk_stamp = U64_MAX;
	sk->sk_max_pacing_rate = ~0UL;
	sk->sk_pacing_rate = ~0UL;
	sk->sk_pacing_shift = 10;
	sk->sk_incoming_cpu = -1;
	sk_rx_queue_clear(sk);
	sk->sk_refcnt = 1;
	sk->sk_drops = 0;
}

void sock_init_data(struct socket *sock, struct sock *sk)
{
	TRACE_SK(sk, "initialise the sock and relate it to the socket");

	sock_init_data_uid(sock, sk, 0);
}

/* ---- time stamps ---- */

static bool sock_needs_netstamp(const struct sock *sk)
{
	TRACE_SK(sk, "does the family want time stamps?");

	return sk->sk_family != AF_UNSPEC && sk->sk_family != AF_UNIX;
}

void sock_enable_timestamp(struct sock *sk, enum sock_flags flag)
{
	TRACE_SK(sk, "switch time stamps of received packets on");
	unsigned long previous = sk->sk_flags;

	sock_set_flag(sk, flag);
	if (sock_needs_netstamp(sk) && !(previous & SK_FLAGS_TIMESTAMP))
		net_enable_timestamp(sk->host);
}

/* ---- the end ---- */

void sock_disable_timestamp(struct sock *sk, unsigned long flags)
{
	TRACE_SK(sk, "switch time stamps of received packets off");

	if (!(sk->sk_flags & flags))
		return;
	sk->sk_flags &= ~flags;
	if (sock_needs_netstamp(sk) && !(sk->sk_flags & SK_FLAGS_TIMESTAMP))
		net_disable_timestamp(sk->host);
}

static void __sk_destruct(struct rcu_head *head)
{
	struct sock *sk = container_of(head, struct sock, sk_rcu);
	TRACE_SK(sk, "destroy the sock");

	if (sk->sk_destruct)
		sk_call_destruct(sk);
	sock_disable_timestamp(sk, SK_FLAGS_TIMESTAMP);
	if (sk->sk_frag.page) {
		put_page(sk->host, sk->sk_frag.page);
		sk->sk_frag.page = NULL;
	}
	sk_prot_free(sk->sk_prot_creator, sk);
}

void sk_destruct(struct sock *sk)
{
	TRACE_SK(sk, "destroy the sock, later if someone may still look at it");

	if (sock_flag(sk, SOCK_RCU_FREE))
		call_rcu(sk->host, &sk->sk_rcu, __sk_destruct);
	else
		__sk_destruct(&sk->sk_rcu);
}

/* Also called by sock_wfree() for the last packet. */
void __sk_free(struct sock *sk)
{
	TRACE_SK(sk, "free the sock");

	sk_destruct(sk);
}

void sk_free(struct sock *sk)
{
	TRACE_SK(sk, "free the sock, unless packets are still charged to it");

	if (--sk->sk_wmem_alloc == 0)
		__sk_free(sk);
}

void sk_common_release(struct sock *sk)
{
	TRACE_SK(sk, "release the sock of a datagram protocol");

	if (sk->sk_prot->destroy)
		sk_prot_destroy(sk);
	if (sk->sk_prot->unhash)
		sk_prot_unhash(sk);
	sock_orphan(sk);
	sock_put(sk);
}

/* ---- clones ---- */

static void sock_copy(struct sock *nsk, const struct sock *osk)
{
	TRACE_SK(osk, "copy the listener's settings");
	const unsigned int from = offsetof(struct sock, sk_dontcopy_end);
	const u32 trace_id = nsk->trace_id;
	const struct list_head list = nsk->sk_hostlist;

	memcpy(nsk, osk, offsetof(struct sock, sk_dontcopy_begin));
	memcpy((u8 *)nsk + from, (const u8 *)osk + from, osk->sk_prot->obj_size - from);
	nsk->trace_id = trace_id;
	nsk->sk_hostlist = list;
}

struct sock *sk_clone_lock(const struct sock *sk, const gfp_t priority __maybe_unused)
{
	TRACE_SK(sk, "make a sock like this one, owned by the caller");
	const struct proto *prot = sk->sk_prot;
	struct sock *newsk = sk_prot_alloc(sk->host, prot);

	if (!newsk)
		return NULL;
	sock_copy(newsk, sk);
	newsk->sk_prot_creator = prot;
	sk_node_init(&newsk->sk_node);
	sk_node_init(&newsk->sk_bind_node);
	sock_lock_init(newsk);
	newsk->sk_wmem_alloc = 1;
	sk_init_common(newsk);
	timer_setup(newsk->host, &newsk->sk_timer, NULL, 0);
	newsk->sk_frag.page = NULL;
	newsk->sk_frag.offset = 0;
	newsk->sk_dst_cache = NULL;
	newsk->sk_dst_pending_confirm = 0;
	newsk->sk_userlocks = sk->sk_userlocks & (15 & ~SOCK_BINDPORT_LOCK);
	sock_reset_flag(newsk, SOCK_DONE);
	newsk->sk_err = 0;
	newsk->sk_err_soft = 0;
	newsk->sk_priority = 0;
	newsk->sk_zckey = 0;
	newsk->sk_ack_backlog = 0;
	newsk->sk_refcnt = 2;
	sk_set_socket(newsk, NULL);
	sk_tx_queue_clear(newsk);
	newsk->sk_wq = NULL;
	sk_sockets_allocated_inc(newsk);
	if (sock_needs_netstamp(sk) && newsk->sk_flags & SK_FLAGS_TIMESTAMP)
		net_enable_timestamp(newsk->host);
	return newsk;
}

void sk_free_unlock_clone(struct sock *sk)
{
	TRACE_SK(sk, "free a clone that did not come to be");

	sk->sk_destruct = NULL;
	bh_unlock_sock(sk);
	sk_free(sk);
}

/* ---- the program's side ---- */

void sock_orphan(struct sock *sk)
{
	TRACE_SK(sk, "part the sock from its socket");

	sock_set_flag(sk, SOCK_DEAD);
	sk_set_socket(sk, NULL);
	sk->sk_wq = NULL;
}

void sock_graft(struct sock *sk, struct socket *parent)
{
	TRACE_SK(sk, "relate the sock to the socket");

	SIM_BUG_ON(sk->host, parent->sk);
	sk->sk_wq = &parent->wq;
	parent->sk = sk;
	sk_set_socket(sk, parent);
}

u32 sock_i_uid(struct sock *sk)
{
	TRACE_SK(sk, "get the user that the socket belongs to");

	return sk->sk_uid;
}

/* ---- timers ---- */

void sk_reset_timer(struct sock *sk, struct timer_list *timer, unsigned long expires)
{
	TRACE_SK(sk, "arm a timer of the sock");

	if (!mod_timer(timer, expires))
		sock_hold(sk);
}

void sk_stop_timer(struct sock *sk, struct timer_list *timer)
{
	TRACE_SK_LEAF(sk, "disarm a timer of the sock");

	if (del_timer(timer))
		__sock_put(sk);
}

void sk_stop_timer_sync(struct sock *sk, struct timer_list *timer)
{
	TRACE_SK(sk, "disarm a timer of the sock");

	if (del_timer_sync(timer))
		__sock_put(sk);
}

/* ---- route ---- */

void __sk_dst_set(struct sock *sk, struct dst_entry *dst)
{
	struct dst_entry *old = sk->sk_dst_cache;

	sk_tx_queue_clear(sk);
	sk->sk_dst_pending_confirm = 0;
	sk->sk_dst_cache = dst;
	dst_release_of(sk->host, old);
}

/* The cached route is no good any more. */
static bool dst_is_stale(struct dst_entry *dst, u32 cookie)
{
	if (!dst->obsolete)
		return false;
	TRACE_OP(dst, "check");
	return dst->ops->check(dst, cookie) == NULL;
}

struct dst_entry *__sk_dst_check(struct sock *sk, u32 cookie)
{
	TRACE_SK(sk, "get the sock's route if it still holds");
	struct dst_entry *dst = __sk_dst_get(sk);

	if (dst && dst_is_stale(dst, cookie)) {
		__sk_dst_set(sk, NULL);
		return NULL;
	}
	return dst;
}

struct dst_entry *sk_dst_check(struct sock *sk, u32 cookie)
{
	TRACE_SK(sk, "get a reference to the sock's route if it still holds");
	struct dst_entry *dst = sk_dst_get(sk);

	if (dst && dst_is_stale(dst, cookie)) {
		sk_dst_reset(sk);
		dst_release(dst);
		return NULL;
	}
	return dst;
}

static void sk_trim_gso_size(struct sock *sk)
{
	TRACE_SK(sk, "keep GSO packets within what IPv4 can say");

	if (sk->sk_gso_max_size > GSO_LEGACY_MAX_SIZE)
		sk->sk_gso_max_size = GSO_LEGACY_MAX_SIZE;
}

void sk_setup_caps(struct sock *sk, struct dst_entry *dst)
{
	TRACE_SK(sk, "learn from the route's device what it can do for the sock");
	u32 max_segs = 1;

	sk->sk_route_caps = dst->dev->features | sk->sk_route_forced_caps;
	if (sk->sk_route_caps & NETIF_F_GSO)
		sk->sk_route_caps |= NETIF_F_GSO_SOFTWARE;
	sk->sk_route_caps &= ~sk->sk_route_nocaps;
	if (sk->sk_gso_disabled)
		sk->sk_route_caps &= ~NETIF_F_GSO_MASK;
	if (sk_can_gso(sk)) {
		if (dst->header_len) {
			sk->sk_route_caps &= ~NETIF_F_GSO_MASK;
		} else {
			sk->sk_route_caps |= NETIF_F_SG | NETIF_F_HW_CSUM;
			sk->sk_gso_max_size = dst->dev->gso_max_size;
			sk_trim_gso_size(sk);
			max_segs = max_t(u32, dst->dev->gso_max_segs, 1);
		}
	}
	sk->sk_gso_max_segs = (u16)max_segs;
	sk_dst_set(sk, dst);
}
