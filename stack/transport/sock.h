/*
 * struct sock: a transport's end point, without the program's view of it (struct socket).
 *
 * Who owns what: a reference (sk_refcnt) keeps the sock; the program's socket holds one until close,
 * hash tables, timers and early demux hold others. Besides, packets that are charged to the sock keep the
 * memory: sk_wmem_alloc starts at 1 and the last one of its holders frees the sock (sk_free(), sock_wfree()).
 *
 * sk_lock.owned: a task works on the sock. Packets that softirqs bring meanwhile go to sk_backlog, which
 * release_sock() works off. There are no spin locks here.
 *
 *	sk_wmem_queued  truesize of unsent and unacknowledged data, against sk_sndbuf
 *	sk_wmem_alloc   truesize of what lies below (qdisc, driver), + 1
 *	sk_rmem_alloc   truesize of received data, against sk_rcvbuf
 *	sk_forward_alloc  bytes that the protocol's memory was charged for and that are not used yet
 */
#ifndef STACK_TRANSPORT_SOCK_H
#define STACK_TRANSPORT_SOCK_H

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "stack/application/scm.h"
#include "stack/interface/netdev_features.h"
#include "stack/internet/dst.h"
#include "stack/kernel/rcu.h"
#include "stack/kernel/timer.h"
#include "stack/kernel/wait.h"
#include "stack/skb/skbuff.h"

struct file;
struct net_device;
struct proto;
struct request_sock;
struct request_sock_ops;
struct sock;
struct socket;
struct socket_wq;
struct timewait_sock_ops;
struct inet_hashinfo;

typedef unsigned int __poll_t;
#ifndef EPOLLIN
#define EPOLLIN 0x1u
#endif

/* A program's option value: a plain pointer here, NULL is EFAULT. */
typedef const void *sockptr_t;

static inline int copy_from_sockptr(void *dst, sockptr_t src, size_t size)
{
	if (!src)
		return -EFAULT;
	memcpy(dst, src, size);
	return 0;
}

/* What IPv4, half-open and time-wait socks share, so that one table can hold all three. */
struct sock_common {
	struct host *host; /* these two first: struct sock has them by the same names */
	u32 trace_id;	   /* count of the host, from 1 */
	u32 skc_hash;
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	u16 skc_num;
	u16 skc_family;
	u8 skc_state;
	u8 skc_reuse : 4;
	u8 skc_reuseport : 1;
	u8 skc_ipv6only : 1;
	u8 skc_net_refcnt : 1;
	int skc_bound_dev_if;
	int skc_refcnt;
	struct hlist_node skc_node;	 /* lookup table */
	struct hlist_node skc_bind_node; /* owners of a port */
	const struct proto *skc_prot;
	union {
		unsigned long skc_flags;
		struct sock *skc_listener; /* request_sock */
		void *skc_tw_dr;	   /* inet_timewait_sock */
	};
	u16 skc_tx_queue_mapping;
	u16 skc_rx_queue_mapping;
	u32 skc_rcv_wnd;
};

/* A block of what cannot be delivered now. */
struct sk_backlog_queue {
	int rmem_alloc; /* here for the cache line */
	int len;
	struct sk_buff *head, *tail;
};

struct sock {
	union {
		struct sock_common __sk_common; /* first */
		struct {
			struct host *host;
			u32 trace_id;
		};
	};
#define sk_hash __sk_common.skc_hash
#define sk_daddr __sk_common.skc_daddr
#define sk_rcv_saddr __sk_common.skc_rcv_saddr
#define sk_dport __sk_common.skc_dport
#define sk_num __sk_common.skc_num
#define sk_family __sk_common.skc_family
#define sk_state __sk_common.skc_state
#define sk_reuse __sk_common.skc_reuse
#define sk_reuseport __sk_common.skc_reuseport
#define sk_ipv6only __sk_common.skc_ipv6only
#define sk_net_refcnt __sk_common.skc_net_refcnt
#define sk_bound_dev_if __sk_common.skc_bound_dev_if
#define sk_refcnt __sk_common.skc_refcnt
#define sk_node __sk_common.skc_node
#define sk_nulls_node __sk_common.skc_node
#define sk_bind_node __sk_common.skc_bind_node
#define sk_prot __sk_common.skc_prot
#define sk_flags __sk_common.skc_flags
#define sk_tx_queue_mapping __sk_common.skc_tx_queue_mapping
#define sk_rx_queue_mapping __sk_common.skc_rx_queue_mapping
#define sk_dontcopy_begin sk_lock

	/* From here on nothing is copied to a clone as it is (sk_clone_lock()); up to sk_dontcopy_end. */
	struct {
		u8 owned;
		wait_queue_head_t wq; /* tasks in lock_sock() */
	} sk_lock;
	struct sk_buff_head sk_error_queue;
	struct sk_buff_head sk_receive_queue;
	struct sk_backlog_queue sk_backlog;
#define sk_rmem_alloc sk_backlog.rmem_alloc
	int sk_forward_alloc;
	int sk_wmem_queued;
	int sk_wmem_alloc;
	int sk_omem_alloc;
	int sk_drops;
	int sk_write_pending;
	unsigned long sk_tsq_flags;
	union {
		struct sk_buff *sk_send_head;
		struct rb_root tcp_rtx_queue;
	};
	struct sk_buff_head sk_write_queue;
	struct dst_entry *sk_rx_dst;
	int sk_rx_dst_ifindex;
	u32 sk_rx_dst_cookie;
	u8 sk_dontcopy_end[0];

	struct dst_entry *sk_dst_cache;
	int sk_rcvbuf, sk_sndbuf;
	int sk_rcvlowat;
	int sk_peek_off;
	struct socket_wq *sk_wq; /* the program's socket's; NULL without one */
	struct socket *sk_socket;
	u32 sk_dst_pending_confirm;
	u32 sk_pacing_status;
	unsigned long sk_pacing_rate; /* bytes per second, ~0 no limit */
	unsigned long sk_max_pacing_rate;
	long sk_sndtimeo, sk_rcvtimeo; /* jiffies */
	struct page_frag sk_frag;
	netdev_features_t sk_route_caps;
	netdev_features_t sk_route_nocaps;
	netdev_features_t sk_route_forced_caps;
	int sk_gso_type;
	unsigned int sk_gso_max_size;
	u16 sk_gso_max_segs;
	u16 sk_type;
	u16 sk_protocol;
	u8 sk_shutdown;
	u8 sk_pacing_shift;
	u8 sk_gso_disabled : 1, sk_kern_sock : 1, sk_no_check_tx : 1, sk_no_check_rx : 1, sk_userlocks : 4;
	u8 sk_prefer_busy_poll;
	u16 sk_tsflags;
	gfp_t sk_allocation;
	u32 sk_priority, sk_mark;
	u32 sk_txhash;
	u32 sk_tskey;	/* SO_TIMESTAMPING: TCP's first byte, or the next datagram's number */
	u32 sk_ll_usec; /* SO_BUSY_POLL: kept, but interrupts wake programs fast enough */
	u32 sk_zckey;	/* MSG_ZEROCOPY: the next send()'s number */
	u32 sk_ack_backlog, sk_max_ack_backlog;
	int sk_err, sk_err_soft;
	u32 sk_uid;
	int sk_incoming_cpu;
	unsigned long sk_lingertime; /* jiffies */
	const struct proto *sk_prot_creator;
	u64 sk_stamp;
	void *sk_user_data;
	struct timer_list sk_timer; /* keepalive, SYN-ACK, and so on: the protocol's */

	void (*sk_state_change)(struct sock *sk);
	void (*sk_data_ready)(struct sock *sk);
	void (*sk_write_space)(struct sock *sk);
	void (*sk_error_report)(struct sock *sk);
	int (*sk_backlog_rcv)(struct sock *sk, struct sk_buff *skb);
	void (*sk_destruct)(struct sock *sk);
	struct rcu_head sk_rcu;
	struct list_head sk_hostlist; /* all socks of the host, in order of creation */
};

/* What a protocol does with its socks. Slots of per-host data take the host's net: nothing here is written
 * to. */
struct proto {
	void (*close)(struct sock *sk, long timeout);
	int (*pre_connect)(struct sock *sk, struct sockaddr *uaddr, int addr_len);
	int (*connect)(struct sock *sk, struct sockaddr *uaddr, int addr_len);
	int (*disconnect)(struct sock *sk, int flags);
	struct sock *(*accept)(struct sock *sk, int flags, int *err, bool kern);
	int (*ioctl)(struct sock *sk, int cmd, unsigned long arg);
	int (*init)(struct sock *sk);
	void (*destroy)(struct sock *sk);
	void (*shutdown)(struct sock *sk, int how);
	int (*setsockopt)(struct sock *sk, int level, int optname, sockptr_t optval, unsigned int optlen);
	int (*getsockopt)(struct sock *sk, int level, int optname, char *optval, int *option);
	void (*keepalive)(struct sock *sk, int valbool);
	int (*sendmsg)(struct sock *sk, struct msghdr *msg, size_t len);
	int (*recvmsg)(struct sock *sk, struct msghdr *msg, size_t len, int noblock, int flags,
		       int *addr_len);
	int (*bind)(struct sock *sk, struct sockaddr *addr, int addr_len);
	int (*backlog_rcv)(struct sock *sk, struct sk_buff *skb);
	void (*release_cb)(struct sock *sk); /* called by release_sock() before the sock is given up */
	int (*hash)(struct sock *sk);
	void (*unhash)(struct sock *sk);
	void (*rehash)(struct sock *sk);
	int (*get_port)(struct sock *sk, unsigned short snum);
	void (*put_port)(struct sock *sk);
	bool (*stream_memory_free)(const struct sock *sk, int wake);
	void (*enter_memory_pressure)(struct sock *sk);
	void (*leave_memory_pressure)(struct sock *sk);
	/* Where a host counts the protocol's pages, its pressure (jiffies since, 0 none), limits and socks.
	 */
	long *(*memory_allocated)(struct net *net); /* NULL: not accounted for */
	unsigned long *(*memory_pressure)(struct net *net);
	const long *(*sysctl_mem)(struct net *net);
	int *(*sysctl_wmem)(struct net *net); /* min, default, max; NULL: net.core's */
	int *(*sysctl_rmem)(struct net *net);
	int *(*sockets_allocated)(struct net *net);
	int *(*orphan_count)(struct net *net);
	int max_header;
	bool no_autobind;
	unsigned int obj_size;
	const struct request_sock_ops *rsk_prot;
	const struct timewait_sock_ops *twsk_prot;
	struct inet_hashinfo *(*hashinfo)(struct net *net);
	const char *name;
};

enum sock_flags {
	SOCK_DEAD,
	SOCK_DONE,
	SOCK_URGINLINE,
	SOCK_KEEPOPEN,
	SOCK_LINGER,
	SOCK_DESTROY,
	SOCK_BROADCAST,
	SOCK_TIMESTAMP,
	SOCK_ZAPPED,
	SOCK_USE_WRITE_QUEUE,
	SOCK_DBG,
	SOCK_RCVTSTAMP,
	SOCK_RCVTSTAMPNS,
	SOCK_LOCALROUTE,
	SOCK_MEMALLOC,
	SOCK_TIMESTAMPING_RX_SOFTWARE,
	SOCK_FASYNC,
	SOCK_RXQ_OVFL,
	SOCK_ZEROCOPY,
	SOCK_WIFI_STATUS,
	SOCK_NOFCS,
	SOCK_FILTER_LOCKED,
	SOCK_SELECT_ERR_QUEUE,
	SOCK_RCU_FREE,
	SOCK_TXTIME,
	SOCK_XDP,
	SOCK_TSTAMP_NEW,
};

/* sk_shutdown */
#define RCV_SHUTDOWN 1
#define SEND_SHUTDOWN 2
#define SHUTDOWN_MASK 3

/* sk_userlocks */
#define SOCK_SNDBUF_LOCK 1
#define SOCK_RCVBUF_LOCK 2
#define SOCK_BUF_LOCK_MASK (SOCK_SNDBUF_LOCK | SOCK_RCVBUF_LOCK)
#define SOCK_BINDADDR_LOCK 4
#define SOCK_BINDPORT_LOCK 8

#define SK_NO_REUSE 0
#define SK_CAN_REUSE 1
#define SK_FORCE_REUSE 2

enum sk_pacing { SK_PACING_NONE, SK_PACING_NEEDED, SK_PACING_FQ };

#define TCP_SKB_MIN_TRUESIZE (2048 + (int)SKB_STRUCT_SIZE)
#define SOCK_MIN_SNDBUF (TCP_SKB_MIN_TRUESIZE * 2)
#define SOCK_MIN_RCVBUF TCP_SKB_MIN_TRUESIZE
#define SK_WMEM_DEFAULT 212992 /* net.core.wmem_default and rmem_default of a 64-bit host */
#define SK_RMEM_DEFAULT 212992

#define SK_MEM_SEND 0
#define SK_MEM_RECV 1
#define SK_MEM_QUANTUM 4096
#define SK_MEM_QUANTUM_SHIFT 12

/* ---- the host ---- */

int sock_init(struct host *host);  /* families, protocols, files, sockets: net->files */
void sock_exit(struct host *host); /* after all programs have ended */

static inline struct net *sock_net(const struct sock *sk)
{
	return sk->host->net;
}

/* Makes a protocol's cache on this host. */
int proto_register(struct host *host, const struct proto *prot, int alloc_slab);
void proto_unregister(struct host *host, const struct proto *prot);

/* Calls fn for each sock of the host, in order of creation, until it returns false. */
void sk_for_each_of_host(struct host *host, bool (*fn)(struct sock *sk, void *arg), void *arg);

/* ---- life: sock.c ---- */

struct sock *sk_alloc(struct net *net, int family, gfp_t priority, const struct proto *prot, int kern);
void sk_free(struct sock *sk);
void __sk_free(struct sock *sk);
void sk_destruct(struct sock *sk);
struct sock *sk_clone_lock(const struct sock *sk, const gfp_t priority);
void sk_free_unlock_clone(struct sock *sk);
void sock_init_data(struct socket *sock, struct sock *sk);
void sk_common_release(struct sock *sk);
void sock_gen_put(struct sock *sk); /* transport/inet_hashtables.c: of any of the three kinds */

static inline void sock_hold(struct sock *sk)
{
	sk->sk_refcnt++;
}

/* Gives back a reference that is not the last one. */
static inline void __sock_put(struct sock *sk)
{
	sk->sk_refcnt--;
}

static inline void sock_put(struct sock *sk)
{
	if (--sk->sk_refcnt == 0)
		sk_free(sk);
}

static inline void sock_set_flag(struct sock *sk, enum sock_flags flag)
{
	sk->sk_flags |= BIT(flag);
}

static inline void sock_reset_flag(struct sock *sk, enum sock_flags flag)
{
	sk->sk_flags &= ~BIT(flag);
}

static inline void sock_valbool_flag(struct sock *sk, enum sock_flags bit, int valbool)
{
	if (valbool)
		sock_set_flag(sk, bit);
	else
		sock_reset_flag(sk, bit);
}

static inline bool sock_flag(const struct sock *sk, enum sock_flags flag)
{
	return sk->sk_flags & BIT(flag);
}

static inline void sock_copy_flags(struct sock *nsk, const struct sock *osk)
{
	nsk->sk_flags = osk->sk_flags;
}

static inline bool sk_fullsock(const struct sock *sk)
{
	return (1u << sk->sk_state) & ~(1u << TCP_TIME_WAIT | 1u << 12 /* TCP_NEW_SYN_RECV */);
}

static inline void sk_set_socket(struct sock *sk, struct socket *sock)
{
	sk->sk_socket = sock;
}

static inline bool sk_unhashed(const struct sock *sk)
{
	return hlist_unhashed(&sk->sk_node);
}

static inline bool sk_hashed(const struct sock *sk)
{
	return !sk_unhashed(sk);
}

static inline void sk_node_init(struct hlist_node *node)
{
	node->pprev = NULL;
}

static inline void sk_tx_queue_set(struct sock *sk, int tx_queue)
{
	sk->sk_tx_queue_mapping = (u16)tx_queue;
}

static inline void sk_tx_queue_clear(struct sock *sk)
{
	sk->sk_tx_queue_mapping = U16_MAX;
}

static inline int sk_tx_queue_get(const struct sock *sk)
{
	return sk->sk_tx_queue_mapping != U16_MAX ? sk->sk_tx_queue_mapping : -1;
}

static inline void sk_rx_queue_clear(struct sock *sk)
{
	sk->sk_rx_queue_mapping = U16_MAX;
}

void sock_orphan(struct sock *sk);
void sock_graft(struct sock *sk, struct socket *parent);
u32 sock_i_uid(struct sock *sk);

/* ---- ownership: sock_lock.c ---- */

void lock_sock_nested(struct sock *sk, int subclass);
void release_sock(struct sock *sk);
void __release_sock(struct sock *sk);
void __sk_flush_backlog(struct sock *sk);
bool __lock_sock_fast(struct sock *sk);
int sk_add_backlog(struct sock *sk, struct sk_buff *skb, unsigned int limit);

static inline void lock_sock(struct sock *sk)
{
	lock_sock_nested(sk, 0);
}

static inline bool lock_sock_fast(struct sock *sk)
{
	return __lock_sock_fast(sk);
}

static inline void unlock_sock_fast(struct sock *sk, bool slow)
{
	if (slow)
		release_sock(sk);
}

static inline bool sock_owned_by_user(const struct sock *sk)
{
	return sk->sk_lock.owned;
}

static inline bool sock_owned_by_user_nocheck(const struct sock *sk)
{
	return sk->sk_lock.owned;
}

static inline void sock_release_ownership(struct sock *sk)
{
	sk->sk_lock.owned = 0;
}

static inline bool sk_flush_backlog(struct sock *sk)
{
	if (unlikely(sk->sk_backlog.tail)) {
		__sk_flush_backlog(sk);
		return true;
	}
	return false;
}

#define bh_lock_sock(sk) ((void)(sk))
#define bh_lock_sock_nested(sk) ((void)(sk))
#define bh_unlock_sock(sk) ((void)(sk))
#define sock_owned_by_me(sk) ((void)(sk))

/* ---- waiting and waking: sock_wait.c ---- */

int sk_wait_data(struct sock *sk, long *timeo, const struct sk_buff *skb);
void sock_wake_async(struct socket_wq *wq, int how);
void sk_wake_async(const struct sock *sk, int how, int band);
void sk_send_sigurg(struct sock *sk);
void sk_error_report(struct sock *sk);
void sock_def_wakeup(struct sock *sk);
void sock_def_readable(struct sock *sk);
void sock_def_write_space(struct sock *sk);
void sock_def_error_report(struct sock *sk);
void sock_def_destruct(struct sock *sk);
/* The pending error as -errno, and clears it. */
static inline int sock_error(struct sock *sk)
{
	TRACE_SK_LEAF(sk, "get the pending error");
	int err = sk->sk_err;

	sk->sk_err = 0;
	return -err;
}

int sock_queue_rcv_skb(struct sock *sk, struct sk_buff *skb);
int __sock_queue_rcv_skb(struct sock *sk, struct sk_buff *skb);
int sock_queue_err_skb(struct sock *sk, struct sk_buff *skb);
int sk_filter_trim_cap(struct sock *sk, struct sk_buff *skb, unsigned int cap);

static inline int sk_filter(struct sock *sk, struct sk_buff *skb)
{
	return sk_filter_trim_cap(sk, skb, 1);
}

/* Gives up the sock, waits for the condition (or the time to run out), takes the sock again. */
#define sk_wait_event(sk_, timeo_, condition_, wait_)                                                        \
	({                                                                                                   \
		int _rc;                                                                                     \
		release_sock(sk_);                                                                           \
		_rc = (condition_);                                                                          \
		if (!_rc)                                                                                    \
			*(timeo_) = wait_woken(wait_, TASK_INTERRUPTIBLE, *(timeo_));                        \
		lock_sock(sk_);                                                                              \
		_rc = (condition_);                                                                          \
		_rc;                                                                                         \
	})

static inline wait_queue_head_t *sk_sleep(struct sock *sk)
{
	/* struct socket_wq begins with its queue */
	return (wait_queue_head_t *)(void *)sk->sk_wq;
}

static inline bool skwq_has_sleeper(const struct socket_wq *wq)
{
	return wq && waitqueue_active((const wait_queue_head_t *)(const void *)wq);
}

static inline long sock_rcvtimeo(const struct sock *sk, bool noblock)
{
	return noblock ? 0 : sk->sk_rcvtimeo;
}

static inline long sock_sndtimeo(const struct sock *sk, bool noblock)
{
	return noblock ? 0 : sk->sk_sndtimeo;
}

static inline int sock_rcvlowat(const struct sock *sk, int waitall, int len)
{
	int v = waitall ? len : min(sk->sk_rcvlowat, len);

	return v ? v : 1;
}

/* A wait was ended by a kill. */
static inline int sock_intr_errno(long timeo)
{
	return timeo == MAX_SCHEDULE_TIMEOUT ? -ERESTARTSYS : -EINTR;
}

/* ---- timers ---- */

void sk_reset_timer(struct sock *sk, struct timer_list *timer, unsigned long expires);
void sk_stop_timer(struct sock *sk, struct timer_list *timer);
void sk_stop_timer_sync(struct sock *sk, struct timer_list *timer);

/* ---- route ---- */

struct dst_entry *__sk_dst_check(struct sock *sk, u32 cookie);
struct dst_entry *sk_dst_check(struct sock *sk, u32 cookie);
void sk_setup_caps(struct sock *sk, struct dst_entry *dst);
void __sk_dst_set(struct sock *sk, struct dst_entry *dst);

static inline struct dst_entry *__sk_dst_get(const struct sock *sk)
{
	return sk->sk_dst_cache;
}

/* With a reference. */
static inline struct dst_entry *sk_dst_get(const struct sock *sk)
{
	struct dst_entry *dst = sk->sk_dst_cache;

	if (dst)
		dst_hold(dst);
	return dst;
}

static inline void sk_dst_set(struct sock *sk, struct dst_entry *dst)
{
	__sk_dst_set(sk, dst);
}

static inline void __sk_dst_reset(struct sock *sk)
{
	__sk_dst_set(sk, NULL);
}

static inline void sk_dst_reset(struct sock *sk)
{
	__sk_dst_set(sk, NULL);
}

static inline void __dst_negative_advice(struct sock *sk)
{
	struct dst_entry *dst = __sk_dst_get(sk), *ndst;

	if (!dst || !dst->ops->negative_advice)
		return;
	TRACE_OP(sk, "negative_advice");
	ndst = dst->ops->negative_advice(dst);
	if (ndst != dst) {
		/* the op has given our reference back */
		sk->sk_dst_cache = ndst;
		sk_tx_queue_clear(sk);
		sk->sk_dst_pending_confirm = 0;
	}
}

static inline void sk_rethink_txhash(struct sock *sk)
{
	(void)sk;
}

static inline void dst_negative_advice(struct sock *sk)
{
	__dst_negative_advice(sk);
}

static inline void sk_dst_confirm(struct sock *sk)
{
	if (!sk->sk_dst_pending_confirm)
		sk->sk_dst_pending_confirm = 1;
}

static inline bool sk_can_gso(const struct sock *sk)
{
	return (sk->sk_route_caps & (netdev_features_t)sk->sk_gso_type << NETIF_F_GSO_SHIFT) ==
		       (netdev_features_t)sk->sk_gso_type << NETIF_F_GSO_SHIFT &&
	       sk->sk_gso_type;
}

/* What the device can do, but this sock must not use. */
static inline void sk_nocaps_add(struct sock *sk, netdev_features_t flags)
{
	sk->sk_route_nocaps |= flags;
	sk->sk_route_caps &= ~flags;
	if (!sk_can_gso(sk))
		sk->sk_gso_max_segs = 1;
}

static inline void sk_gso_disable(struct sock *sk)
{
	sk->sk_gso_disabled = 1;
	sk->sk_route_caps &= ~NETIF_F_GSO_MASK;
}

/* ---- options: sock_opt.c ---- */

int sock_setsockopt(struct socket *sock, int level, int optname, sockptr_t optval, unsigned int optlen);
int sock_getsockopt(struct socket *sock, int level, int optname, char *optval, int *optlen);
int sock_common_setsockopt(struct socket *sock, int level, int optname, sockptr_t optval,
			   unsigned int optlen);
int sock_common_getsockopt(struct socket *sock, int level, int optname, char *optval, int *optlen);
int sock_common_recvmsg(struct socket *sock, struct msghdr *msg, size_t size, int flags);
void __sock_set_rcvbuf(struct sock *sk, int val);
void sock_set_keepalive(struct sock *sk);
void sock_enable_timestamp(struct sock *sk, enum sock_flags flag);
void sock_disable_timestamp(struct sock *sk, unsigned long flags);

/* ---- control messages of SOL_SOCKET (sock_cmsg.c) ---- */

/* The end of skb->cb while a packet waits in a receive queue. */
struct sock_skb_cb {
	u32 dropcount; /* SO_RXQ_OVFL: packets lost before this one */
};
#define SOCK_SKB_CB_OFFSET (sizeof(((struct sk_buff *)0)->cb) - sizeof(struct sock_skb_cb))
#define SOCK_SKB_CB(skb) ((struct sock_skb_cb *)(void *)((skb)->cb + SOCK_SKB_CB_OFFSET))

static inline void sock_skb_set_dropcount(const struct sock *sk, struct sk_buff *skb)
{
	SOCK_SKB_CB(skb)->dropcount = sock_flag(sk, SOCK_RXQ_OVFL) ? (u32)sk->sk_drops : 0;
}

struct cmsghdr;
static inline void sockcm_init(struct sockcm_cookie *sockc, const struct sock *sk)
{
	sockc->mark = sk->sk_mark;
	sockc->tsflags = sk->sk_tsflags;
}

int __sock_cmsg_send(struct sock *sk, const struct cmsghdr *cmsg, struct sockcm_cookie *sockc);
int sock_cmsg_send(struct sock *sk, const struct msghdr *msg, struct sockcm_cookie *sockc);
void sock_recv_timestamp(struct msghdr *msg, struct sock *sk, struct sk_buff *skb);
void __sock_recv_timestamp(struct msghdr *msg, struct sock *sk, u64 tstamp);
void __sock_recv_ts_and_drops(struct msghdr *msg, struct sock *sk, struct sk_buff *skb);

static inline void sock_recv_ts_and_drops(struct msghdr *msg, struct sock *sk, struct sk_buff *skb)
{
	if (unlikely(sk->sk_flags & (BIT(SOCK_RXQ_OVFL) | BIT(SOCK_RCVTSTAMP)) || sk->sk_tsflags))
		__sock_recv_ts_and_drops(msg, sk, skb);
}

/* ---- for the slots that a family does not have ---- */

int sock_no_bind(struct socket *sock, struct sockaddr *saddr, int len);
int sock_no_connect(struct socket *sock, struct sockaddr *saddr, int len, int flags);
int sock_no_socketpair(struct socket *sock1, struct socket *sock2);
int sock_no_accept(struct socket *sock, struct socket *newsock, int flags, bool kern);
int sock_no_getname(struct socket *sock, struct sockaddr *saddr, int peer);
int sock_no_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg);
int sock_no_listen(struct socket *sock, int backlog);
int sock_no_shutdown(struct socket *sock, int how);
int sock_no_sendmsg(struct socket *sock, struct msghdr *m, size_t len);
int sock_no_recvmsg(struct socket *sock, struct msghdr *m, size_t len, int flags);

#include "stack/transport/sock_mem.h"
#include "stack/transport/sock_ops.h"

#endif
