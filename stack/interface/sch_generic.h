/*
 * Queueing disciplines: what waits between the stack and a device's transmit queue.
 *
 * A qdisc belongs to its device's only transmit queue and is freed with it. `noqueue` (loopback) has no
 * enqueue: packets go straight to the device. `noop` drops everything: a device that is down.
 */
#ifndef STACK_INTERFACE_SCH_GENERIC_H
#define STACK_INTERFACE_SCH_GENERIC_H

#include "stack/skb/skbuff.h"

struct Qdisc;
struct net_device;
struct netdev_queue;

/* __QDISC_STATE_*: bits of Qdisc.state */
enum qdisc_state_t {
	__QDISC_STATE_SCHED,	   /* on softnet_data's output queue */
	__QDISC_STATE_DEACTIVATED, /* device is going down */
	__QDISC_STATE_RUNNING,	   /* somebody dequeues */
	__QDISC_STATE_MISSED,	   /* another wanted to dequeue meanwhile */
};

#define TCQ_F_BUILTIN 1
#define TCQ_F_INGRESS 2
#define TCQ_F_CAN_BYPASS 4
#define TCQ_F_ONETXQUEUE 0x10
#define TCQ_F_NOLOCK 0x100

#define NET_XMIT_SUCCESS 0x00
#define NET_XMIT_DROP 0x01 /* skb dropped */
#define NET_XMIT_CN 0x02   /* congestion notification */
#define NET_XMIT_MASK 0x0f
#define net_xmit_eval(e) ((e) == NET_XMIT_CN ? 0 : (e))
#define net_xmit_errno(e) ((e) != NET_XMIT_CN ? -ENOBUFS : 0)

struct Qdisc_ops {
	const char *id;
	unsigned int priv_size;
	int (*enqueue)(struct sk_buff *skb, struct Qdisc *sch, struct sk_buff **to_free); /* NULL: no queue */
	struct sk_buff *(*dequeue)(struct Qdisc *sch);
	struct sk_buff *(*peek)(struct Qdisc *sch);
	int (*init)(struct Qdisc *sch, void *opt);
	void (*reset)(struct Qdisc *sch);   /* drops all that is queued */
	void (*destroy)(struct Qdisc *sch); /* gives back private memory */
};

struct gnet_stats_basic {
	u64 bytes, packets;
};

struct gnet_stats_queue {
	u32 qlen, backlog, drops, requeues, overlimits;
};

struct Qdisc {
	struct host *host;
	const struct Qdisc_ops *ops;
	struct netdev_queue *dev_queue;
	unsigned long state; /* bits of enum qdisc_state_t */
	u32 flags;	     /* TCQ_F_* */
	u32 limit;
	struct sk_buff_head gso_skb; /* taken out of the queue but not accepted by the device */
	struct Qdisc *next_sched;    /* on softnet_data.output_queue */
	u32 handle, parent;
	struct gnet_stats_basic bstats;
	struct gnet_stats_queue qstats;
	u64 privdata[]; /* ops->priv_size bytes */
};

struct qdisc_skb_cb {
	unsigned int pkt_len; /* on the wire, headers of all segments counted */
	u16 slave_dev_queue_mapping, tc_classid;
	u64 time_to_send; /* fq: ns, not before */
};

static inline struct qdisc_skb_cb *qdisc_skb_cb(const struct sk_buff *skb)
{
	return (struct qdisc_skb_cb *)skb->cb;
}

static inline unsigned int qdisc_pkt_len(const struct sk_buff *skb)
{
	return qdisc_skb_cb(skb)->pkt_len;
}

static inline void *qdisc_priv(struct Qdisc *q)
{
	return q->privdata;
}

struct net_device *qdisc_dev(const struct Qdisc *qdisc);

extern const struct Qdisc_ops noop_qdisc_ops;
extern const struct Qdisc_ops noqueue_qdisc_ops;
extern const struct Qdisc_ops pfifo_fast_ops;
extern const struct Qdisc_ops pfifo_qdisc_ops, bfifo_qdisc_ops, pfifo_head_drop_qdisc_ops;

struct Qdisc *qdisc_alloc(struct netdev_queue *dev_queue, const struct Qdisc_ops *ops);
struct Qdisc *qdisc_create_dflt(struct netdev_queue *dev_queue, const struct Qdisc_ops *ops, u32 parentid);
void qdisc_reset(struct Qdisc *qdisc);
void qdisc_put(struct Qdisc *qdisc);
void qdisc_trace_len_slow(const struct Qdisc *q);
static inline void qdisc_trace_len(const struct Qdisc *q)
{
	if (trace_recording(q->host))
		qdisc_trace_len_slow(q);
}
int qdisc_drop(struct sk_buff *skb, struct Qdisc *sch, struct sk_buff **to_free);
struct Qdisc *dev_graft_qdisc(struct netdev_queue *dev_queue, struct Qdisc *qdisc);
int noop_qdisc_init(struct host *host);
void noop_qdisc_exit(struct host *host);

void __qdisc_run(struct Qdisc *q);
void qdisc_run(struct Qdisc *q);
bool qdisc_run_begin(struct Qdisc *q);
void qdisc_run_end(struct Qdisc *q);
bool sch_direct_xmit(struct sk_buff *skb, struct Qdisc *q, struct net_device *dev, struct netdev_queue *txq,
		     bool validate);

void dev_init_scheduler(struct net_device *dev);
void dev_shutdown(struct net_device *dev);
void dev_activate(struct net_device *dev);
void dev_deactivate(struct net_device *dev);
void dev_deactivate_many(struct net_device *dev);
void __netdev_watchdog_up(struct net_device *dev);

#endif
