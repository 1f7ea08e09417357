/*
 * struct sk_buff: one packet, or a piece of a stream, on its way through the layers.
 *
 *	head            data            tail            end
 *	| headroom      | linear data   | tailroom      | struct skb_shared_info |
 *
 * The linear data lies in host RAM together with skb_shared_info behind `end`. More data hangs off
 * skb_shared_info: page fragments, then a list of further skbs (frag_list). `len` counts all of it,
 * `data_len` what is not linear. Clones share the data and skb_shared_info (dataref), not struct sk_buff.
 *
 * Invariants: head <= data <= head + tail <= head + end; len - data_len == tail - (data - head);
 * truesize is what the packet is charged with, by the sizes of a 64-bit Linux.
 *
 * Who owns what: an skb has `users` references; the last one frees it by kfree_skb_reason() (a drop) or
 * consume_skb() (done with). `journey` follows a packet through clones, segments and the wire; a new
 * skb has none (0) until somebody assigns trace_journey_new().
 *
 * Header positions are in skb_header.h, copies, checksums and segmentation in skb_copy.h, fragments in
 * skb_frag.h, queues and red-black trees in skb_queue.h; all are included here.
 */
#ifndef STACK_SKB_SKBUFF_H
#define STACK_SKB_SKBUFF_H

#include "core/host.h"
#include "stack/kernel/kernel.h"
#include "stack/kernel/list.h"
#include "stack/kernel/page.h"
#include "stack/kernel/rbtree.h"
#include "stack/net.h"
#include "stack/skb/checksum.h"
#include "stack/skb/drop_reason.h"
#include "stack/skb/uio.h"

struct dst_entry;
struct iphdr;
struct net_device;
struct sk_buff;
struct sk_buff_head;
struct sock;

/* ---- sizes, as a 64-bit Linux accounts for them ---- */

#ifndef L1_CACHE_BYTES
#define L1_CACHE_BYTES 64
#endif
#ifndef SMP_CACHE_BYTES
#define SMP_CACHE_BYTES L1_CACHE_BYTES
#endif
#define SKB_DATA_ALIGN(x) (((x) + (SMP_CACHE_BYTES - 1)) & ~(SMP_CACHE_BYTES - 1u))
#define SKB_STRUCT_SIZE 256u /* SKB_DATA_ALIGN(sizeof(struct sk_buff)) there */
#define SKB_SHINFO_SIZE 320u /* SKB_DATA_ALIGN(sizeof(struct skb_shared_info)) there */
#define SKB_WITH_OVERHEAD(x) ((x)-SKB_SHINFO_SIZE)
#define SKB_MAX_ORDER(x, order) SKB_WITH_OVERHEAD((4096u << (order)) - (x))
#define SKB_MAX_HEAD(x) (SKB_MAX_ORDER((x), 0))
#define SKB_MAX_ALLOC (SKB_MAX_ORDER(0, 2))
#define SKB_TRUESIZE(x) ((x) + SKB_STRUCT_SIZE + SKB_SHINFO_SIZE)

#define NET_IP_ALIGN 2
#define NET_SKB_PAD 64

#define MAX_SKB_FRAGS 17
#define GSO_BY_FRAGS 0xFFFF

/* ip_summed */
#define CHECKSUM_NONE 0
#define CHECKSUM_UNNECESSARY 1
#define CHECKSUM_COMPLETE 2
#define CHECKSUM_PARTIAL 3
#define SKB_MAX_CSUM_LEVEL 3

#define SKB_ALLOC_FCLONE 0x01
#define SKB_ALLOC_PLAIN 0x02 /* a message that no card will see: its data is not in the host's RAM */
#define SKB_ALLOC_RX 0x02
#define SKB_ALLOC_NAPI 0x04

/* pkt_type, numbered as in if_packet.h */
#ifndef PACKET_HOST
#define PACKET_HOST 0
#define PACKET_BROADCAST 1
#define PACKET_MULTICAST 2
#define PACKET_OTHERHOST 3
#define PACKET_OUTGOING 4
#define PACKET_LOOPBACK 5
#endif

enum { /* gso_type */
       SKB_GSO_TCPV4 = 1 << 0,
       SKB_GSO_DODGY = 1 << 1,
       SKB_GSO_TCP_ECN = 1 << 2,
       SKB_GSO_TCP_FIXEDID = 1 << 3,
       SKB_GSO_TCPV6 = 1 << 4,
       SKB_GSO_PARTIAL = 1 << 13,
       SKB_GSO_UDP = 1 << 16,
       SKB_GSO_UDP_L4 = 1 << 17,
};

enum { /* skb_shared_info.tx_flags */
       SKBTX_HW_TSTAMP = 1 << 0,
       SKBTX_SW_TSTAMP = 1 << 1,
       SKBTX_SCHED_TSTAMP = 1 << 6,
       SKBTX_ANY_SW_TSTAMP = SKBTX_SW_TSTAMP | SKBTX_SCHED_TSTAMP,
       SKBTX_ANY_TSTAMP = SKBTX_HW_TSTAMP | SKBTX_ANY_SW_TSTAMP,
};

enum { /* skb_shared_info.flags */
       SKBFL_ZEROCOPY_ENABLE = 1 << 0,
       SKBFL_SHARED_FRAG = 1 << 1,
};

enum {			       /* fclone */
       SKB_FCLONE_UNAVAILABLE, /* a single skb */
       SKB_FCLONE_ORIG,	       /* first of a pair */
       SKB_FCLONE_CLONE,       /* second of a pair, in use or free (fclone_ref) */
};

typedef struct bio_vec {
	struct page *bv_page;
	unsigned int bv_len;
	unsigned int bv_offset;
} skb_frag_t;

/* Lies at skb's end in host RAM. All zero is a valid one: fresh RAM need not be touched. */
struct skb_shared_info {
	u8 flags;
	u8 meta_len;
	u8 nr_frags;
	u8 tx_flags;
	u16 gso_size; /* 0: not a GSO packet */
	u16 gso_segs;
	struct sk_buff *frag_list;
	u32 gso_type;
	u32 tskey;
	/* What has to be cleared for a new packet ends here. */
	int dataref; /* references less one; those to the payload only count in the upper half too */
	u32 xdp_frags_size;
	void *destructor_arg;
	skb_frag_t frags[MAX_SKB_FRAGS]; /* the first nr_frags are valid */
};
_Static_assert(sizeof(struct skb_shared_info) <= SKB_SHINFO_SIZE, "skb_shared_info outgrew its place");

#define SKB_DATAREF_SHIFT 16
#define SKB_DATAREF_MASK ((1 << SKB_DATAREF_SHIFT) - 1)

/* A place in the buffer, counted from head. */
typedef unsigned int sk_buff_data_t;

struct sk_buff {
	union {
		struct {
			/* As in struct sk_buff_head: must come first. */
			struct sk_buff *next, *prev;
			union {
				struct net_device *dev;
				unsigned long dev_scratch;
			};
		};
		struct rb_node rbnode; /* TCP's retransmit and out-of-order queues */
		struct list_head list;
	};
	struct sock *sk;
	union {
		u64 tstamp; /* ns, when received or to be sent */
		u64 skb_mstamp_ns;
	};
	unsigned char *head, *data;
	unsigned int len, data_len;
	sk_buff_data_t tail, end;

	/* Free for whoever has the packet: each layer's own notes. */
	char cb[48] __attribute__((aligned(8)));

	union {
		struct {
			unsigned long _skb_refdst; /* internet/dst.h: skb_dst() */
			void (*destructor)(struct sk_buff *skb);
		};
		struct list_head tcp_tsorted_anchor; /* while queued for retransmission */
	};

	/* ---- copied as a block by __copy_skb_header() ---- */
	u8 headers_start[0];
	u8 pkt_type : 3;
	u8 ignore_df : 1;
	u8 ip_summed : 2;
	u8 ooo_okay : 1;
	u8 csum_valid : 1;
	u8 csum_complete_sw : 1;
	u8 csum_level : 2;
	u8 dst_pending_confirm : 1;
	u8 vlan_present : 1; /* with vlan_tci and skb_vlan_proto() */
	u8 vlan_8021ad : 1;
	u8 no_fcs : 1;
	u16 vlan_tci;
	__be16 protocol;				  /* ethernet type */
	u16 transport_header, network_header, mac_header; /* counted from head */
	union {
		__wsum csum;
		struct {
			u16 csum_start;	 /* where summing starts, counted from head */
			u16 csum_offset; /* where the result goes, counted from there */
		};
	};
	u32 priority;
	u32 hash;
	union {
		u32 mark;
		u32 reserved_tailroom;
	};
	u32 journey; /* which packet this is in the trace; 0 none yet */
	unsigned long
		_nfct; /* netfilter/nf_conntrack.h: the packet's flow, referenced, and its state; 0: none */
	u32 hop;       /* what caused it to arrive (core/trace.h) */
	u16 skb_iif;   /* index of the device it came in by */
	u8 mac_len;
	u8 headers_end[0];

	u8 cloned : 1; /* head may be shared: see dataref */
	u8 nohdr : 1;  /* only the payload is referenced */
	u8 fclone : 2;
	u8 peeked : 1;
	u8 head_frag : 1;  /* head is a piece of a page */
	u8 head_plain : 1; /* head is of kzalloc(), not of RAM that a card reaches */
	u16 hdr_len;	   /* headers of a cloned skb that may be written to */
	u16 users;
	unsigned int truesize;
	struct host *host;
};
_Static_assert(sizeof(struct sk_buff) == 200, "a host that idles holds 128 of them in its card's ring");

/* Two skbs made at once: TCP sends a clone of each segment that it keeps. */
struct sk_buff_fclones {
	struct sk_buff skb1;
	struct sk_buff skb2;
	u32 fclone_ref;
};

/* Caches and counters of a host: net->skb. */
struct skb_state {
	struct host *host;
	struct kmem_cache *head_cache, *fclone_cache;
	struct page_frag_cache {
		struct page *page; /* block that buffers are cut from, or NULL; we hold a reference */
		u32 offset;	   /* what lies below is still free */
		bool fresh;	   /* and was never touched: zero */
	} rx_cache;
	u64 drops[SKB_DROP_REASON_MAX - SKB_DROP_REASON_FIRST]; /* by reason */
	u64 nr_alloc, nr_free;
};

int skb_init(struct host *host);
void skb_exit(struct host *host);

/* How many packets were dropped for this reason. */
u64 skb_drop_count(const struct net *net, enum skb_drop_reason reason);

/* The pointers and lengths agree: for layer boundaries and tests. */
bool skb_sane(const struct sk_buff *skb);

/* ---- the flow of a packet: netfilter/nf_conntrack_core.c; only of packets that have one ---- */

void nf_conntrack_get(struct sk_buff *skb);
void nf_conntrack_put(struct sk_buff *skb);
void nf_ct_attach(struct sk_buff *new, const struct sk_buff *skb);

/* ---- making and freeing: skb_alloc.c ---- */

#define __alloc_skb(host, size, gfp, flags, node) __alloc_skb_at(host, size, gfp, flags, SIM_SITE)
#define alloc_skb(host, size, gfp) alloc_skb_at(host, size, gfp, SIM_SITE)
#define nlmsg_new(host, size, gfp) nlmsg_new_at(host, size, gfp, SIM_SITE) /* of netlink */
#define alloc_skb_fclone(host, size, gfp) alloc_skb_fclone_at(host, size, gfp, SIM_SITE)
struct sk_buff *__alloc_skb_at(struct host *host, unsigned int size, gfp_t gfp_mask, int flags,
			       const char *site);
struct sk_buff *alloc_skb_at(struct host *host, unsigned int size, gfp_t priority, const char *site);
struct sk_buff *nlmsg_new_at(struct host *host, unsigned int size, gfp_t priority, const char *site);
struct sk_buff *alloc_skb_fclone_at(struct host *host, unsigned int size, gfp_t priority, const char *site);
/* A packet with up to `data_len` bytes in page fragments of 1 << max_page_order pages. */
struct sk_buff *alloc_skb_with_frags(struct host *host, unsigned long header_len, unsigned long data_len,
				     int max_page_order, int *errcode, gfp_t gfp_mask);
struct sk_buff *__netdev_alloc_skb(struct host *host, struct net_device *dev, unsigned int len,
				   gfp_t gfp_mask);
struct sk_buff *netdev_alloc_skb(struct host *host, struct net_device *dev, unsigned int length);
struct sk_buff *netdev_alloc_skb_ip_align(struct host *host, struct net_device *dev, unsigned int length);
struct sk_buff *__napi_alloc_skb(struct host *host, struct net_device *dev, unsigned int len, gfp_t gfp_mask);
struct sk_buff *napi_alloc_skb(struct host *host, struct net_device *dev, unsigned int length);
/* An skb around a buffer of frag_size bytes cut from a page. `fresh`: it is known to be zero. */
struct sk_buff *__build_skb(struct host *host, void *data, unsigned int frag_size, bool fresh);

void kfree_skb_reason(struct sk_buff *skb, enum skb_drop_reason reason);
void kfree_skb_list_reason(struct sk_buff *segs, enum skb_drop_reason reason);
void consume_skb(struct sk_buff *skb);
void __consume_stateless_skb(struct sk_buff *skb);
void __kfree_skb(struct sk_buff *skb);
void kfree_skb_partial(struct sk_buff *skb, bool head_stolen);
void skb_release_head_state(struct sk_buff *skb);
void kfree_skbmem(struct sk_buff *skb);
void skb_release_data(struct sk_buff *skb);
void skb_free_head(struct sk_buff *skb);
void *kmalloc_reserve(struct host *host, unsigned int size, bool plain, bool *fresh, const char *site);
void skb_release_all(struct sk_buff *skb);

/* The packet is where it was going: who holds it longer need not hold its flow. */
static inline void nf_reset_ct(struct sk_buff *skb)
{
	if (unlikely(skb->_nfct))
		nf_conntrack_put(skb);
}

static inline void kfree_skb(struct sk_buff *skb)
{
	kfree_skb_reason(skb, SKB_DROP_REASON_NOT_SPECIFIED);
}

static inline void kfree_skb_list(struct sk_buff *segs)
{
	kfree_skb_list_reason(segs, SKB_DROP_REASON_NOT_SPECIFIED);
}

static inline struct sk_buff *skb_get(struct sk_buff *skb)
{
	skb->users++;
	return skb;
}

static inline bool skb_shared(const struct sk_buff *skb)
{
	return skb->users != 1;
}

/* Gives one reference back; true when that was the last. */
static inline bool skb_unref(struct sk_buff *skb)
{
	return skb && --skb->users == 0;
}

/* ---- the buffer ---- */

static inline unsigned char *skb_tail_pointer(const struct sk_buff *skb)
{
	return skb->head + skb->tail;
}

static inline void skb_reset_tail_pointer(struct sk_buff *skb)
{
	skb->tail = (sk_buff_data_t)(skb->data - skb->head);
}

static inline void skb_set_tail_pointer(struct sk_buff *skb, int offset)
{
	skb_reset_tail_pointer(skb);
	skb->tail += (unsigned int)offset;
}

static inline unsigned char *skb_end_pointer(const struct sk_buff *skb)
{
	return skb->head + skb->end;
}

static inline unsigned int skb_end_offset(const struct sk_buff *skb)
{
	return skb->end;
}

#define skb_shinfo(skb) ((struct skb_shared_info *)(void *)skb_end_pointer(skb))

static inline bool skb_is_nonlinear(const struct sk_buff *skb)
{
	return skb->data_len;
}

static inline unsigned int skb_headlen(const struct sk_buff *skb)
{
	return skb->len - skb->data_len;
}

static inline unsigned int skb_headroom(const struct sk_buff *skb)
{
	return (unsigned int)(skb->data - skb->head);
}

static inline int skb_tailroom(const struct sk_buff *skb)
{
	return skb_is_nonlinear(skb) ? 0 : (int)(skb->end - skb->tail);
}

/* Tail room that the maker of the packet did not set aside. */
static inline int skb_availroom(const struct sk_buff *skb)
{
	return skb_is_nonlinear(skb) ? 0 : (int)(skb->end - skb->tail - skb->reserved_tailroom);
}

static inline bool skb_cloned(const struct sk_buff *skb)
{
	return skb->cloned && (skb_shinfo(skb)->dataref & SKB_DATAREF_MASK) != 0;
}

/* May the headers not be written to? */
static inline bool skb_header_cloned(const struct sk_buff *skb)
{
	int dataref;

	if (!skb->cloned)
		return false;
	dataref = skb_shinfo(skb)->dataref;
	return (dataref & SKB_DATAREF_MASK) + 1 - (dataref >> SKB_DATAREF_SHIFT) != 1;
}

/* The holder gives up its right to the headers; the payload stays referenced. */
static inline void __skb_header_release(struct sk_buff *skb)
{
	skb->nohdr = 1;
	skb_shinfo(skb)->dataref += 1 << SKB_DATAREF_SHIFT;
}

static inline bool skb_clone_writable(const struct sk_buff *skb, unsigned int len)
{
	return !skb_header_cloned(skb) && skb_headroom(skb) + len <= skb->hdr_len;
}

void skb_over_panic(struct sk_buff *skb, unsigned int sz, const char *where);
void skb_under_panic(struct sk_buff *skb, unsigned int sz, const char *where);

/* Sets aside head room in an empty packet. */
static inline void skb_reserve(struct sk_buff *skb, int len)
{
	skb->data += len;
	skb->tail += (unsigned int)len;
}

static inline void *__skb_put(struct sk_buff *skb, unsigned int len)
{
	void *tmp = skb_tail_pointer(skb);

	skb->tail += len;
	skb->len += len;
	return tmp;
}

static inline void *skb_put(struct sk_buff *skb, unsigned int len)
{
	TRACE_SKB_LEAF(skb, "add room for data at the tail");

	if (unlikely(skb->tail + len > skb->end || skb->data_len))
		skb_over_panic(skb, len, "skb_put");
	return __skb_put(skb, len);
}

static inline void *__skb_put_data(struct sk_buff *skb, const void *data, unsigned int len)
{
	return memcpy(__skb_put(skb, len), data, len);
}

static inline void *__skb_put_zero(struct sk_buff *skb, unsigned int len)
{
	return memset(__skb_put(skb, len), 0, len);
}

static inline void *skb_put_data(struct sk_buff *skb, const void *data, unsigned int len)
{
	return memcpy(skb_put(skb, len), data, len);
}

static inline void *skb_put_zero(struct sk_buff *skb, unsigned int len)
{
	return memset(skb_put(skb, len), 0, len);
}

static inline void *__skb_push(struct sk_buff *skb, unsigned int len)
{
	skb->data -= len;
	skb->len += len;
	return skb->data;
}

static inline void *skb_push(struct sk_buff *skb, unsigned int len)
{
	TRACE_SKB_LEAF(skb, "add room for a header in front");

	if (unlikely((unsigned long)(skb->data - skb->head) < len))
		skb_under_panic(skb, len, "skb_push");
	return __skb_push(skb, len);
}

static inline void *__skb_pull(struct sk_buff *skb, unsigned int len)
{
	skb->len -= len;
	if (unlikely(skb->len < skb->data_len))
		skb_under_panic(skb, len, "__skb_pull");
	return skb->data += len;
}

static inline void *skb_pull_inline(struct sk_buff *skb, unsigned int len)
{
	return unlikely(len > skb->len) ? NULL : __skb_pull(skb, len);
}

static inline void *skb_pull(struct sk_buff *skb, unsigned int len)
{
	TRACE_SKB_LEAF(skb, "take a header off the front");

	return skb_pull_inline(skb, len);
}

void *skb_pull_rcsum(struct sk_buff *skb, unsigned int len);
void *__pskb_pull_tail(struct sk_buff *skb, int delta);

/* Makes the first `len` bytes linear; false when there are fewer, or no memory. */
static inline bool pskb_may_pull(struct sk_buff *skb, unsigned int len)
{
	if (likely(len <= skb_headlen(skb)))
		return true;
	if (unlikely(len > skb->len))
		return false;
	return __pskb_pull_tail(skb, (int)(len - skb_headlen(skb))) != NULL;
}

static inline void *pskb_pull(struct sk_buff *skb, unsigned int len)
{
	if (len > skb_headlen(skb) && !__pskb_pull_tail(skb, (int)(len - skb_headlen(skb))))
		return NULL;
	skb->len -= len;
	return skb->data += len;
}

static inline void __skb_set_length(struct sk_buff *skb, unsigned int len)
{
	SIM_BUG_ON(skb->host, skb_is_nonlinear(skb));
	skb->len = len;
	skb_set_tail_pointer(skb, (int)len);
}

static inline void __skb_trim(struct sk_buff *skb, unsigned int len)
{
	__skb_set_length(skb, len);
}

/* Cuts a linear packet to `len` bytes. */
static inline void skb_trim(struct sk_buff *skb, unsigned int len)
{
	if (skb->len > len)
		__skb_trim(skb, len);
}

int ___pskb_trim(struct sk_buff *skb, unsigned int len);

static inline int __pskb_trim(struct sk_buff *skb, unsigned int len)
{
	if (skb->data_len)
		return ___pskb_trim(skb, len);
	__skb_trim(skb, len);
	return 0;
}

static inline int pskb_trim(struct sk_buff *skb, unsigned int len)
{
	return len < skb->len ? __pskb_trim(skb, len) : 0;
}

int pskb_trim_rcsum_slow(struct sk_buff *skb, unsigned int len);

/* Cuts a packet and keeps its checksum right. */
static inline int pskb_trim_rcsum(struct sk_buff *skb, unsigned int len)
{
	return likely(len >= skb->len) ? 0 : pskb_trim_rcsum_slow(skb, len);
}

int __skb_pad(struct sk_buff *skb, int pad, bool free_on_error);

static inline int skb_pad(struct sk_buff *skb, int pad)
{
	return __skb_pad(skb, pad, true);
}

int __skb_put_padto(struct sk_buff *skb, unsigned int len, bool free_on_error);
int skb_put_padto(struct sk_buff *skb, unsigned int len);

/* ---- small things ---- */

/* Takes the packet from its socket. */
static inline void skb_orphan(struct sk_buff *skb)
{
	TRACE_SKB(skb, "take the packet from its socket");

	if (skb->destructor) {
		TRACE_OP(skb, "destructor");
		skb->destructor(skb);
		skb->destructor = NULL;
		skb->sk = NULL;
	}
}

static inline void skb_copy_hash(struct sk_buff *to, const struct sk_buff *from)
{
	to->hash = from->hash;
}

static inline u32 skb_get_hash_raw(const struct sk_buff *skb)
{
	return skb->hash;
}

void __skb_get_hash(struct sk_buff *skb); /* interface/flow_dissector.c */

/* The hash of the packet's flow; 0: it has none. */
static inline u32 skb_get_hash(struct sk_buff *skb)
{
	if (!skb->hash)
		__skb_get_hash(skb);
	return skb->hash;
}

static inline void skb_set_dst_pending_confirm(struct sk_buff *skb, u32 val)
{
	skb->dst_pending_confirm = !!val;
}

static inline bool skb_get_dst_pending_confirm(const struct sk_buff *skb)
{
	return skb->dst_pending_confirm != 0;
}

static inline void skb_mark_not_on_list(struct sk_buff *skb)
{
	skb->next = NULL;
}

static inline void __net_timestamp(struct sk_buff *skb)
{
	skb->tstamp = ktime_get_real_ns(skb->host);
}

/* SO_TIMESTAMPING (transport/sock_tstamp.c): `tstype` is SCM_TSTAMP_*; sk NULL: nobody to tell. */
void __skb_tstamp_tx(struct sk_buff *orig_skb, struct sock *sk, int tstype);
void skb_tstamp_tx(struct sk_buff *orig_skb);

/* Drivers call it when they give a packet to the card. */
static inline void skb_tx_timestamp(struct sk_buff *skb)
{
	if (unlikely(skb_shinfo(skb)->tx_flags & SKBTX_SW_TSTAMP))
		skb_tstamp_tx(skb);
}

static inline u64 skb_get_ktime(const struct sk_buff *skb)
{
	return skb->tstamp;
}

static inline bool skb_vlan_tag_present(const struct sk_buff *skb)
{
	return skb->vlan_present;
}

static inline bool skb_fclone_busy(const struct sock *sk, const struct sk_buff *skb)
{
	const struct sk_buff_fclones *fclones = (const struct sk_buff_fclones *)(const void *)skb;

	return skb->fclone == SKB_FCLONE_ORIG && fclones->fclone_ref > 1 && fclones->skb2.sk == sk;
}

#include "stack/skb/skb_header.h"
#include "stack/skb/skb_copy.h"
#include "stack/skb/skb_frag.h"
#include "stack/skb/skb_queue.h"
#include "stack/skb/skb_zcopy.h"

#endif
