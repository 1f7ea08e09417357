/*
 * Network devices, by Linux's names: struct net_device and its operations, NAPI, what a CPU queues for
 * receive and transmit, packet types, device notifiers, and the interface layer's calls.
 *
 * A device has one transmit queue and one receive queue (no SMP, no multi-queue). struct netdev_state is
 * what this layer keeps per host (net->netdev); it owns the list of devices. Who allocates a device
 * (alloc_netdev_mqs) frees it (free_netdev), after unregister_netdevice().
 */
#ifndef STACK_INTERFACE_NETDEVICE_H
#define STACK_INTERFACE_NETDEVICE_H

#include <errno.h>
#include <net/if.h> /* IFF_*, IFNAMSIZ */

#include "stack/interface/netdev_features.h"
#include "stack/interface/notifier.h"
#include "stack/interface/sch_generic.h"
#include "stack/kernel/kernel.h"
#include "stack/kernel/list.h"
#include "stack/kernel/printk.h"
#include "stack/kernel/softirq.h"
#include "stack/kernel/timer.h"
#include "stack/kernel/wait.h"
#include "stack/kernel/workqueue.h"
#include "stack/net.h"
#include "stack/skb/skbuff.h"

struct ethtool_ops;
struct hh_cache;
struct in_device;
struct inet6_dev;
struct neighbour;
struct neigh_parms;
struct phy_device;
struct vlan_info;

#undef MAX_ADDR_LEN /* 7 in <net/if_arp.h> */
#define MAX_ADDR_LEN 32
#ifndef IFNAMSIZ
#define IFNAMSIZ 16
#endif
#ifndef IFF_LOWER_UP
#define IFF_LOWER_UP 0x10000
#define IFF_DORMANT 0x20000
#define IFF_ECHO 0x40000
#endif

/* ARPHRD_*: net_device.type */
#define ARPHRD_ETHER 1
#define ARPHRD_LOOPBACK 772
#define ARPHRD_NONE 0xFFFE
#define ARPHRD_VOID 0xFFFF

#define LL_MAX_HEADER 32
#define MAX_HEADER LL_MAX_HEADER
#define NET_RX_SUCCESS 0
#define NET_RX_DROP 1

typedef enum netdev_tx {
	NETDEV_TX_OK = 0x00,
	NETDEV_TX_BUSY = 0x10, /* the driver's ring was full: it should have stopped the queue */
} netdev_tx_t;
#define NETDEV_TX_MASK 0xf0

/* The packet was consumed, by the driver or by being dropped. */
static inline bool dev_xmit_complete(int rc)
{
	return rc < NET_XMIT_MASK;
}

#define LOOPBACK_IFINDEX 1
#define GSO_MAX_SIZE 65536
#define GSO_MAX_SEGS 65535
#define NAPI_POLL_WEIGHT 64
#define XMIT_RECURSION_LIMIT 8

/* net_device.state bits */
enum netdev_state_t {
	__LINK_STATE_START,
	__LINK_STATE_PRESENT,
	__LINK_STATE_NOCARRIER,
	__LINK_STATE_LINKWATCH_PENDING,
	__LINK_STATE_DORMANT,
	__LINK_STATE_TESTING,
};

/* netdev_queue.state bits */
enum netdev_queue_state_t {
	__QUEUE_STATE_DRV_XOFF,
	__QUEUE_STATE_STACK_XOFF,
	__QUEUE_STATE_FROZEN,
};
#define QUEUE_STATE_DRV_XOFF (1ul << __QUEUE_STATE_DRV_XOFF)
#define QUEUE_STATE_ANY_XOFF (QUEUE_STATE_DRV_XOFF | 1ul << __QUEUE_STATE_STACK_XOFF)
#define QUEUE_STATE_ANY_XOFF_OR_FROZEN (QUEUE_STATE_ANY_XOFF | 1ul << __QUEUE_STATE_FROZEN)
#define QUEUE_STATE_DRV_XOFF_OR_FROZEN (QUEUE_STATE_DRV_XOFF | 1ul << __QUEUE_STATE_FROZEN)

struct netdev_queue {
	struct host *host;
	struct net_device *dev;
	struct Qdisc *qdisc;	      /* where packets go now: noop while the device is down */
	struct Qdisc *qdisc_sleeping; /* its qdisc proper */
	unsigned long state;	      /* bits of enum netdev_queue_state_t */
	unsigned long trans_start;    /* jiffies of the last packet handed to the driver */
	unsigned long trans_timeout;  /* how often the watchdog barked */
};

struct netdev_rx_queue {
	struct net_device *dev;
};

/* ---- NAPI ---- */

enum {
	NAPI_STATE_SCHED,  /* poll is scheduled */
	NAPI_STATE_MISSED, /* scheduled again meanwhile */
	NAPI_STATE_DISABLE,
	NAPI_STATE_NPSVC,
	NAPI_STATE_LISTED,
	NAPI_STATE_NO_BUSY_POLL,
	NAPI_STATE_IN_BUSY_POLL,
	NAPI_STATE_PREFER_BUSY_POLL,
	NAPI_STATE_THREADED,
	NAPI_STATE_SCHED_THREADED,
};
#define NAPIF_STATE_SCHED (1ul << NAPI_STATE_SCHED)
#define NAPIF_STATE_MISSED (1ul << NAPI_STATE_MISSED)
#define NAPIF_STATE_DISABLE (1ul << NAPI_STATE_DISABLE)
#define NAPIF_STATE_LISTED (1ul << NAPI_STATE_LISTED)

#define GRO_HASH_BUCKETS 8
struct gro_list {
	struct list_head list; /* of skbs, the newest first */
	int count;
};

struct napi_struct {
	struct host *host;
	struct list_head poll_list; /* on softnet_data.poll_list while scheduled */
	unsigned long state;	    /* NAPIF_STATE_* */
	int weight;
	int (*poll)(struct napi_struct *napi,
		    int budget); /* handles up to budget packets, returns how many */
	struct net_device *dev;
	struct list_head dev_list; /* net_device.napi_list */
	unsigned int napi_id;
	/* gro.c */
	unsigned int gro_bitmask;  /* lists that are not empty */
	int rx_count;		   /* segments in rx_list */
	struct list_head rx_list;  /* packets to be handed up together */
	struct gro_list *gro_hash; /* GRO_HASH_BUCKETS; NULL until a packet comes that may be merged */
};

/* What the CPU has in hand for the network. */
struct softnet_data {
	struct host *host;
	struct list_head poll_list;	   /* NAPI instances to poll */
	struct sk_buff_head process_queue; /* process_backlog()'s, taken from input_pkt_queue */
	unsigned int processed, time_squeeze, received_rps;
	struct Qdisc *output_queue, **output_queue_tailp; /* qdiscs for net_tx_action() */
	struct sk_buff *completion_queue;		  /* skbs that an interrupt wants freed */
	u16 xmit_recursion;				  /* devices that transmit to devices */
	bool xmit_more;
	unsigned int dropped;
	struct sk_buff_head input_pkt_queue; /* netif_rx(): loopback */
	struct napi_struct backlog;
};

/* ---- packet types ---- */

/*
 * Who gets received packets of a protocol (ETH_P_ALL: every packet, sent ones too). The owner keeps the
 * memory, one per host, and calls dev_add_pack(net, pt).
 */
struct packet_type {
	__be16 type;
	bool ignore_outgoing;
	struct net_device *dev; /* NULL: any */
	int (*func)(struct sk_buff *skb, struct net_device *dev, struct packet_type *pt,
		    struct net_device *orig_dev);
	/* Takes a list of packets (skb->list) of one device; NULL: func gets each. */
	void (*list_func)(struct list_head *head, struct packet_type *pt, struct net_device *orig_dev);
	bool (*id_match)(struct packet_type *ptype, struct sock *sk);
	void *af_packet_priv;
	struct list_head list;
};

/* How packets of a protocol are cut into segments, and merged; constant tables, one per protocol. */
struct offload_callbacks {
	struct sk_buff *(*gso_segment)(struct sk_buff *skb, netdev_features_t features);
	/* Merges the packet into one of `head` (gro.h). Returns one of these that is to go up now, or NULL.
	 */
	struct sk_buff *(*gro_receive)(struct list_head *head, struct sk_buff *skb);
	/* Mends the header at `nhoff` of a merged packet. 0 or an errno. */
	int (*gro_complete)(struct sk_buff *skb, int nhoff);
};
struct packet_offload {
	__be16 type;
	u16 priority;
	struct offload_callbacks callbacks;
	struct list_head list; /* owner keeps the memory, one per host */
};

#define PTYPE_HASH_SIZE 16
#define PTYPE_HASH_MASK (PTYPE_HASH_SIZE - 1)

/* ---- devices ---- */

/* 5.15's names and meaning. */
struct rtnl_link_stats64 {
	u64 rx_packets, tx_packets, rx_bytes, tx_bytes;
	u64 rx_errors, tx_errors, rx_dropped, tx_dropped;
	u64 multicast, collisions;
	u64 rx_length_errors, rx_over_errors, rx_crc_errors, rx_frame_errors, rx_fifo_errors,
		rx_missed_errors;
	u64 tx_aborted_errors, tx_carrier_errors, tx_fifo_errors, tx_heartbeat_errors, tx_window_errors;
	u64 rx_compressed, tx_compressed, rx_nohandler;
};

/* An address that the device listens to. */
struct netdev_hw_addr {
	struct list_head list;
	unsigned char addr[MAX_ADDR_LEN];
	unsigned char type;
	bool synced; /* a lower device listens to it for this one */
#define NETDEV_HW_ADDR_T_LAN 1
#define NETDEV_HW_ADDR_T_UNICAST 4
#define NETDEV_HW_ADDR_T_MULTICAST 5
	int refcount;
};
struct netdev_hw_addr_list {
	struct list_head list;
	int count;
};
#define netdev_for_each_mc_addr(ha, dev) list_for_each_entry (ha, &(dev)->mc.list, list)
#define netdev_mc_count(dev) ((dev)->mc.count)
#define netdev_mc_empty(dev) ((dev)->mc.count == 0)

struct header_ops {
	int (*create)(struct sk_buff *skb, struct net_device *dev, unsigned short type, const void *daddr,
		      const void *saddr, unsigned int len);
	int (*parse)(const struct sk_buff *skb, unsigned char *haddr);
	/* hh: the neighbour's ready header (stack/internet/neighbour.h) */
	int (*cache)(const struct neighbour *neigh, struct hh_cache *hh, __be16 type);
	void (*cache_update)(struct hh_cache *hh, const struct net_device *dev, const unsigned char *haddr);
	bool (*validate)(const char *ll_header, unsigned int len);
	__be16 (*parse_protocol)(const struct sk_buff *skb);
};

/*
 * A neighbour's ready link header, at the end of hh_data, so that one copy of HH_DATA_MOD bytes puts it
 * before a packet.
 */
#define HH_DATA_MOD 16
#define HH_DATA_OFF(len) (HH_DATA_MOD - (((len)-1) & (HH_DATA_MOD - 1)) - 1)
struct hh_cache {
	unsigned int hh_len; /* 0: not made yet */
	u8 hh_data[HH_DATA_MOD] __attribute__((aligned(8)));
};

#define LL_RESERVED_SPACE(dev)                                                                               \
	((((dev)->hard_header_len + (dev)->needed_headroom) & ~(HH_DATA_MOD - 1)) + HH_DATA_MOD)
#define LL_RESERVED_SPACE_EXTRA(dev, extra)                                                                  \
	((((dev)->hard_header_len + (dev)->needed_headroom + (extra)) & ~(HH_DATA_MOD - 1)) + HH_DATA_MOD)

struct net_device_ops {
	int (*ndo_init)(struct net_device *dev);
	void (*ndo_uninit)(struct net_device *dev);
	int (*ndo_open)(struct net_device *dev);
	int (*ndo_stop)(struct net_device *dev);
	netdev_tx_t (*ndo_start_xmit)(struct sk_buff *skb, struct net_device *dev);
	netdev_features_t (*ndo_features_check)(struct sk_buff *skb, struct net_device *dev,
						netdev_features_t features);
	void (*ndo_set_rx_mode)(struct net_device *dev);
	void (*ndo_change_rx_flags)(struct net_device *dev,
				    int flags); /* IFF_PROMISC or IFF_ALLMULTI came or went */
	int (*ndo_set_mac_address)(struct net_device *dev, void *addr); /* struct sockaddr */
	int (*ndo_validate_addr)(struct net_device *dev);
	int (*ndo_change_mtu)(struct net_device *dev, int new_mtu);
	void (*ndo_tx_timeout)(struct net_device *dev, unsigned int txqueue);
	void (*ndo_get_stats64)(struct net_device *dev, struct rtnl_link_stats64 *storage);
	netdev_features_t (*ndo_fix_features)(struct net_device *dev, netdev_features_t features);
	int (*ndo_set_features)(struct net_device *dev, netdev_features_t features);
};

enum netreg_state { NETREG_UNINITIALIZED, NETREG_REGISTERED, NETREG_UNREGISTERING, NETREG_RELEASED };

struct net_device {
	/* per packet */
	struct host *host;
	const struct net_device_ops *netdev_ops;
	const struct header_ops *header_ops;
	struct netdev_queue *_tx; /* its only transmit queue */
	netdev_features_t features, hw_features, wanted_features, vlan_features, mpls_features;
	unsigned long state; /* bits of enum netdev_state_t */
	unsigned int flags;  /* IFF_UP, ... */
	unsigned int mtu, min_mtu, max_mtu;
	unsigned short type; /* ARPHRD_* */
	unsigned short hard_header_len;
	unsigned char min_header_len, addr_len;
	unsigned short needed_headroom, needed_tailroom;
	int ifindex;
	unsigned int gso_max_size;
	u16 gso_max_segs;
	unsigned char *dev_addr;		    /* the first of dev_addrs */
	struct list_head ptype_all, ptype_specific; /* taps of this device alone */
	struct in_device *ip_ptr;
	struct inet6_dev *ip6_ptr;
	struct vlan_info *vlan_info;	/* its VLANs (vlan.h), or NULL */
	struct rtnl_link_stats64 stats; /* the driver's counters */
	u64 core_rx_dropped, core_tx_dropped, core_rx_nohandler;

	/* seldom */
	char name[IFNAMSIZ];
	char parent_name[40]; /* driver and bus name, for the log: "ftgmac100 1e660000.ethernet" */
	unsigned int gflags, priv_flags;
	int promiscuity, allmulti;
	bool uc_promisc;
	unsigned char operstate; /* IF_OPER_* */
	unsigned char dismantle, reg_state;
	unsigned char broadcast[MAX_ADDR_LEN], perm_addr[MAX_ADDR_LEN];
	unsigned char addr_assign_type;
	unsigned short neigh_priv_len;
	unsigned int tx_queue_len, num_tx_queues, real_num_tx_queues, num_rx_queues, real_num_rx_queues;
	struct netdev_rx_queue *_rx;
	struct Qdisc *qdisc; /* root, for `tc` */
	struct netdev_hw_addr_list dev_addrs, uc, mc;
	struct list_head dev_list, napi_list, link_watch_list;
	const struct ethtool_ops *ethtool_ops;
	int watchdog_timeo; /* jiffies; 0: 5 s */
	struct timer_list watchdog_timer;
	struct phy_device *phydev;
	struct net *nd_net;
	int refcnt; /* dev_hold() */
	int irq;
	u32 base_addr;
	int carrier_up_count, carrier_down_count;
	void *priv;				       /* the driver's */
	void (*driver_remove)(struct net_device *dev); /* unregisters and frees it: tear-down of the host */
};

#define IFF_VOLATILE_FLAGS                                                                                   \
	(IFF_LOOPBACK | IFF_POINTOPOINT | IFF_BROADCAST | IFF_ECHO | IFF_MASTER | IFF_SLAVE | IFF_RUNNING |  \
	 IFF_LOWER_UP | IFF_DORMANT)
#define IF_OPER_UNKNOWN 0
#define IF_OPER_NOTPRESENT 1
#define IF_OPER_DOWN 2
#define IF_OPER_LOWERLAYERDOWN 3
#define IF_OPER_TESTING 4
#define IF_OPER_DORMANT 5
#define IF_OPER_UP 6
#define NET_ADDR_PERM 0
#define NET_ADDR_RANDOM 1
#define NET_ADDR_SET 3
/* priv_flags */
#define IFF_802_1Q_VLAN 0x1
#define IFF_XMIT_DST_RELEASE 0x400 /* sending needs no route any more */
#define IFF_LIVE_ADDR_CHANGE 0x8000
#define IFF_UNICAST_FLT 0x20000 /* can hear further unicast addresses without being promiscuous */
#define IFF_NO_QUEUE 0x200000

/* ---- the layer's state ---- */

struct netdev_state {
	struct host *host;
	struct softnet_data softnet;
	struct list_head dev_base_head; /* devices in order of registration */
	int nr_devices, last_ifindex;
	struct list_head ptype_all;
	struct list_head ptype_base[PTYPE_HASH_SIZE];
	struct list_head offload_base;
	struct raw_notifier_head netdev_chain;
	struct notifier_block rtnetlink_dev_notifier;
	struct wait_queue_head nl_table_wait; /* netlink.c */
	struct notifier_block vlan_notifier;  /* vlan.c: registered with the first VLAN */
	bool nit;			      /* some ETH_P_ALL tap exists */
	int netstamp_needed;		      /* sockets that want to know when packets came in */
	bool rtnl_locked;
	struct wait_queue_head rtnl_wait;
	struct list_head lweventlist; /* link_watch.c */
	struct delayed_work linkwatch_work;
	unsigned long linkwatch_nextevent; /* jiffies: not urgent ones wait until then */
	bool linkwatch_urgent;
	unsigned int next_napi_id;
	struct kmem_cache *hw_addr_cache;
	struct Qdisc *noop_qdisc; /* what packets meet while a device is down */
	struct netdev_queue *noop_netdev_queue;
};

static inline struct netdev_state *netdev_state(const struct host *host)
{
	return host->net->netdev;
}

static inline void net_enable_timestamp(struct host *host)
{
	TRACE(host, "stamp packets with the time when they come up");
	netdev_state(host)->netstamp_needed++;
}

static inline void net_disable_timestamp(struct host *host)
{
	TRACE(host, "one less wants the time of packets");
	netdev_state(host)->netstamp_needed--;
}

/* A packet comes up: the time, for sockets that want to know. */
static inline void net_timestamp_check(struct sk_buff *skb)
{
	if (unlikely(netdev_state(skb->host)->netstamp_needed) && !skb->tstamp)
		__net_timestamp(skb);
}

static inline struct softnet_data *softnet_data(const struct host *host)
{
	return &host->net->netdev->softnet;
}

static inline struct net *dev_net(const struct net_device *dev)
{
	return dev->nd_net;
}

static inline void *netdev_priv(const struct net_device *dev)
{
	return dev->priv;
}

static inline const char *netdev_name(const struct net_device *dev)
{
	return dev->name;
}

/* Devices of a host in order of registration. */
#define for_each_netdev(net, d) list_for_each_entry (d, &(net)->netdev->dev_base_head, dev_list)
#define for_each_netdev_rcu(net, d) for_each_netdev(net, d)

/* A line of the log about a device. */
#define netdev_printk(dev, fmt, ...)                                                                         \
	printk((dev)->host, "%s%s%s: " fmt, (dev)->parent_name, (dev)->parent_name[0] ? " " : "",            \
	       (dev)->name, ##__VA_ARGS__)
#define netdev_info netdev_printk
#define netdev_warn netdev_printk
#define netdev_err netdev_printk

/* ---- start and end (stack/boot.c) ---- */
int net_dev_init(struct host *host);
void net_dev_exit(struct host *host);
/* Drops what the CPU has not worked off, at the end of a host: the packets belong to sockets and routes. */
void softnet_flush(struct host *host);
int loopback_net_init(struct net *net); /* registers lo, down; called by net_dev_init() */
/* Takes the FTGMAC100 at bus address `base`, interrupt line `irq`, into service as the next ethN. */
int ftgmac100_probe(struct host *host, u32 base, unsigned int irq);
void ftgmac100_remove(struct net_device *dev);
int pio_probe(struct host *host, u32 base, unsigned int irq); /* the same for a PIO card */

/* ---- devices: net/core/dev.c ---- */
struct net_device *alloc_netdev_mqs(struct host *host, int sizeof_priv, const char *name,
				    void (*setup)(struct net_device *), unsigned int txqs, unsigned int rxqs);
#define alloc_netdev(host, sizeof_priv, name, setup) alloc_netdev_mqs(host, sizeof_priv, name, setup, 1, 1)
void free_netdev(struct net_device *dev);
int register_netdev(struct net_device *dev);
int register_netdevice(struct net_device *dev);
void unregister_netdev(struct net_device *dev);
void unregister_netdevice(struct net_device *dev);

struct net_device *dev_get_by_index(struct net *net, int ifindex); /* takes a reference */
struct net_device *dev_get_by_name_rcu(struct net *net, const char *name);
struct net_device *dev_get_by_index_rcu(struct net *net, int ifindex);
struct net_device *__dev_get_by_name(struct net *net, const char *name);
struct net_device *__dev_get_by_index(struct net *net, int ifindex);

static inline void dev_hold(struct net_device *dev)
{
	if (dev)
		dev->refcnt++;
}

static inline void dev_put(struct net_device *dev)
{
	if (dev)
		dev->refcnt--;
}

/* `ip link set DEV up|down`, with the caller holding rtnl (scenario API: netdev_set_up()). */
int dev_open(struct net_device *dev);
void dev_close(struct net_device *dev);
int dev_change_flags(struct net_device *dev, unsigned int flags);
unsigned int dev_get_flags(const struct net_device *dev);
int dev_set_mtu(struct net_device *dev, int new_mtu);
int dev_set_mac_address(struct net_device *dev, const unsigned char *addr, unsigned int len);
int dev_set_promiscuity(struct net_device *dev, int inc);
int dev_set_allmulti(struct net_device *dev, int inc);
void dev_set_rx_mode(struct net_device *dev);
void __dev_set_rx_mode(struct net_device *dev);
struct rtnl_link_stats64 *dev_get_stats(struct net_device *dev, struct rtnl_link_stats64 *storage);
void netdev_features_change(struct net_device *dev);
int __netdev_update_features(struct net_device *dev);
void netdev_update_features(struct net_device *dev);
void netdev_state_change(struct net_device *dev);

/* Takes rtnl, changes the flags, gives it back: what `ip link set` and the scenario call from a task. */
int netdev_set_up(struct net_device *dev, bool up);

/* rtnetlink.c: the lock over all configuration; a task waits for it. */
void rtnl_lock(struct host *host);
void rtnl_unlock(struct host *host);
bool rtnl_is_locked(struct host *host);
#define ASSERT_RTNL(host) SIM_BUG_ON(host, !rtnl_is_locked(host))
void rtmsg_ifinfo(struct net_device *dev, unsigned int change);
void rtnetlink_init(struct net *net);
/* netlink.c: gives a message to the group's listeners, or frees it. */
void rtnl_notify(struct sk_buff *skb, struct net *net, u32 pid, u32 group, gfp_t flags);

/* ---- addresses: net/core/dev_addr_lists.c ---- */
int dev_addr_init(struct net_device *dev);
void dev_addr_flush(struct net_device *dev);
void dev_addr_mod(struct net_device *dev, unsigned int offset, const void *addr, size_t len);
void dev_addr_check(struct net_device *dev);
void dev_addr_set(struct net_device *dev, const unsigned char *addr);
void dev_mc_init(struct net_device *dev);
void dev_uc_init(struct net_device *dev);
int dev_mc_add(struct net_device *dev, const unsigned char *addr);
int dev_mc_del(struct net_device *dev, const unsigned char *addr);
int dev_uc_add(struct net_device *dev, const unsigned char *addr);
int dev_uc_del(struct net_device *dev, const unsigned char *addr);
/* Has the lower device `to` listen to the addresses of `from`, or no longer. */
void dev_mc_sync(struct net_device *to, struct net_device *from);
void dev_uc_sync(struct net_device *to, struct net_device *from);
void dev_mc_unsync(struct net_device *to, struct net_device *from);
void dev_uc_unsync(struct net_device *to, struct net_device *from);
void dev_mc_flush(struct net_device *dev);
void dev_uc_flush(struct net_device *dev);

/* ---- notifiers ---- */
enum netdev_cmd {
	NETDEV_UP = 1,
	NETDEV_DOWN,
	NETDEV_REBOOT,
	NETDEV_CHANGE,
	NETDEV_REGISTER,
	NETDEV_UNREGISTER,
	NETDEV_CHANGEMTU,
	NETDEV_CHANGEADDR,
	NETDEV_PRE_CHANGEADDR,
	NETDEV_GOING_DOWN,
	NETDEV_CHANGENAME,
	NETDEV_FEAT_CHANGE,
	NETDEV_PRE_UP,
	NETDEV_POST_INIT,
	NETDEV_PRECHANGEMTU,
	NETDEV_CHANGE_TX_QUEUE_LEN,
};

struct netdev_notifier_info {
	struct net_device *dev;
};
struct netdev_notifier_change_info {
	struct netdev_notifier_info info; /* must be first */
	unsigned int flags_changed;
};
struct netdev_notifier_mtu_info { /* NETDEV_CHANGEMTU */
	struct netdev_notifier_info info;
	u32 old;
};
static inline struct net_device *netdev_notifier_info_to_dev(const void *info)
{
	return ((const struct netdev_notifier_info *)info)->dev;
}

/* The block's owner keeps it, one per host. Devices that exist are told of by REGISTER and UP at once. */
int register_netdevice_notifier(struct net *net, struct notifier_block *nb);
int unregister_netdevice_notifier(struct net *net, struct notifier_block *nb);
int call_netdevice_notifiers(unsigned long val, struct net_device *dev);

/* ---- transmit: dev_tx.c ---- */
int dev_queue_xmit(struct sk_buff *skb);
struct sk_buff *dev_hard_start_xmit(struct sk_buff *first, struct net_device *dev, struct netdev_queue *txq,
				    int *ret);
struct sk_buff *validate_xmit_skb_list(struct sk_buff *skb, struct net_device *dev, bool *again);
netdev_features_t netif_skb_features(struct sk_buff *skb);
struct netdev_queue *netdev_core_pick_tx(struct net_device *dev, struct sk_buff *skb,
					 struct net_device *sb_dev);
bool dev_nit_active(struct net_device *dev);
void dev_queue_xmit_nit(struct sk_buff *skb, struct net_device *dev);
int dev_loopback_xmit(struct net *net, struct sock *sk, struct sk_buff *skb);
void __netif_schedule(struct Qdisc *q);
void netif_schedule_queue(struct netdev_queue *txq);
void net_tx_action(struct host *host);
int dev_hard_header(struct sk_buff *skb, struct net_device *dev, unsigned short type, const void *daddr,
		    const void *saddr, unsigned int len);
int dev_parse_header(const struct sk_buff *skb, unsigned char *haddr);
bool dev_has_header(const struct net_device *dev);
void __dev_kfree_skb_irq(struct sk_buff *skb);
void __dev_kfree_skb_any(struct sk_buff *skb);
#define dev_kfree_skb_irq(skb) __dev_kfree_skb_irq(skb)
void dev_kfree_skb_any(struct sk_buff *skb);
#ifndef dev_kfree_skb
#define dev_kfree_skb(skb) consume_skb(skb)
#endif
int skb_csum_hwoffload_help(struct sk_buff *skb, const netdev_features_t features);

/* ---- GSO: gso.c ---- */
struct sk_buff *__skb_gso_segment(struct sk_buff *skb, netdev_features_t features, bool tx_path);
struct sk_buff *skb_gso_segment(struct sk_buff *skb, netdev_features_t features);
struct sk_buff *skb_mac_gso_segment(struct sk_buff *skb, netdev_features_t features);
void dev_add_offload(struct net *net, struct packet_offload *po);
void dev_remove_offload(struct net *net, struct packet_offload *po);
__be16 skb_network_protocol(struct sk_buff *skb, int *depth);

static inline bool net_gso_ok(netdev_features_t features, int gso_type)
{
	netdev_features_t feature = (netdev_features_t)gso_type << NETIF_F_GSO_SHIFT;

	return (features & feature) == feature;
}

bool skb_gso_ok(struct sk_buff *skb, netdev_features_t features);
/* The device cannot cut it itself. */
bool netif_needs_gso(struct sk_buff *skb, netdev_features_t features);

static inline void netif_set_gso_max_size(struct net_device *dev, unsigned int size)
{
	dev->gso_max_size = size;
}

/* Whether the checksum of a protocol can be left to a device with these features. */
static inline bool can_checksum_protocol(netdev_features_t features, __be16 protocol)
{
	if (features & NETIF_F_HW_CSUM)
		return true;
	return protocol == htons(0x0800) && (features & NETIF_F_IP_CSUM);
}

/* ---- receive: dev_rx.c, backlog.c ---- */
int netif_receive_skb(struct sk_buff *skb);
int netif_receive_skb_internal(struct sk_buff *skb);
void netif_receive_skb_list_internal(struct list_head *head); /* of skbs, by skb->list */
int __netif_receive_skb(struct sk_buff *skb);
int netif_rx(struct sk_buff *skb);
int netif_rx_ni(struct sk_buff *skb);
int process_backlog(struct napi_struct *napi, int quota);
void dev_add_pack(struct net *net, struct packet_type *pt);
void dev_remove_pack(struct net *net, struct packet_type *pt);
void __dev_remove_pack(struct net *net, struct packet_type *pt);

/* ---- NAPI: napi.c ---- */
void netif_napi_add(struct net_device *dev, struct napi_struct *napi, int (*poll)(struct napi_struct *, int),
		    int weight);
void __netif_napi_del(struct napi_struct *napi);
void netif_napi_del(struct napi_struct *napi);
void napi_enable(struct napi_struct *n);
void napi_disable(struct napi_struct *n);
bool napi_schedule_prep(struct napi_struct *n);
void __napi_schedule(struct napi_struct *n);
void __napi_schedule_irqoff(struct napi_struct *n);
void ____napi_schedule(struct softnet_data *sd, struct napi_struct *napi);
void napi_schedule(struct napi_struct *n);
void napi_schedule_irqoff(struct napi_struct *n);
bool napi_complete_done(struct napi_struct *n, int work_done);
bool napi_complete(struct napi_struct *n);
int napi_gro_receive(struct napi_struct *napi, struct sk_buff *skb); /* gro.c */
void net_rx_action(struct host *host);
bool sd_has_rps_ipi_waiting(struct softnet_data *sd);
void synchronize_net(struct host *host);

/* ---- carrier, operational state ---- */
void netif_carrier_on(struct net_device *dev);
void netif_carrier_off(struct net_device *dev);
void linkwatch_fire_event(struct net_device *dev);
void linkwatch_init_dev(struct net_device *dev);
void linkwatch_forget_dev(struct net_device *dev);
void linkwatch_init(struct host *host);
void linkwatch_exit(struct host *host);

static inline bool netif_running(const struct net_device *dev)
{
	return dev->state >> __LINK_STATE_START & 1;
}

static inline bool netif_carrier_ok(const struct net_device *dev)
{
	return !(dev->state >> __LINK_STATE_NOCARRIER & 1);
}

static inline bool netif_device_present(const struct net_device *dev)
{
	return dev->state >> __LINK_STATE_PRESENT & 1;
}

static inline bool netif_oper_up(const struct net_device *dev)
{
	return dev->operstate == IF_OPER_UP || dev->operstate == IF_OPER_UNKNOWN;
}

static inline struct netdev_queue *netdev_get_tx_queue(const struct net_device *dev, unsigned int index)
{
	return dev->_tx + index;
}

static inline bool netif_tx_queue_stopped(const struct netdev_queue *q)
{
	return q->state & QUEUE_STATE_DRV_XOFF;
}

static inline bool netif_queue_stopped(const struct net_device *dev)
{
	return netif_tx_queue_stopped(dev->_tx);
}

static inline bool netif_xmit_stopped(const struct netdev_queue *q)
{
	return q->state & QUEUE_STATE_ANY_XOFF;
}

static inline bool netif_xmit_frozen_or_stopped(const struct netdev_queue *q)
{
	return q->state & QUEUE_STATE_ANY_XOFF_OR_FROZEN;
}

void netif_start_queue(struct net_device *dev);
void netif_stop_queue(struct net_device *dev);
void netif_wake_queue(struct net_device *dev);
void netif_tx_wake_queue(struct netdev_queue *q);
void netif_tx_disable(struct net_device *dev);

#endif
