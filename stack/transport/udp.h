/*
 * UDP: its header, its sockets, the tables that find them, and the prototypes of all udp_*.c, each under the
 * file that defines it.
 *
 * Who owns what: a bound socket is in both tables (by port, and by address and port), without a reference of
 * the table's; udp_lib_unhash() takes it out before it goes. Received datagrams lie in sk_receive_queue; the
 * reader moves them to reader_queue in one go. They hold no reference and have no destructor: what they cost
 * (sk_rmem_alloc, sk_forward_alloc) is given back by udp_rmem_release() when they are taken out.
 *
 *	sk_receive_queue (softirq adds) -> reader_queue (the reader takes)
 *	forward_deficit	what was taken out and is still charged, until it is worth giving back
 *
 * pending != 0: a datagram is being put together on sk_write_queue (MSG_MORE, UDP_CORK); its addresses are in
 * inet->cork.
 */
#ifndef STACK_TRANSPORT_UDP_H
#define STACK_TRANSPORT_UDP_H

#include "core/random.h"
#include "stack/internet/ip.h"
#include "stack/transport/inet_sock.h"

struct file;
struct poll_table_struct;

struct udphdr {
	__be16 source;
	__be16 dest;
	__be16 len;
	__sum16 check;
};

#ifndef SOL_UDP
#define SOL_UDP 17
#endif
#define SOL_UDPLITE 136 /* the same to a UDP socket */
#define UDP_CORK 1
#define UDPLITE_SEND_CSCOV 10
#define UDPLITE_RECV_CSCOV 11
#define UDP_ENCAP 100
#define UDP_NO_CHECK6_TX 101
#define UDP_NO_CHECK6_RX 102
#define UDP_SEGMENT 103
#define UDP_GRO 104
#define UDP_MAX_SEGMENTS 64

struct udp_sock {
	struct inet_sock inet; /* first */
	u16 udp_port_hash;     /* the port that the tables know the socket by */
	u16 udp_portaddr_hash;
	struct hlist_node udp_portaddr_node;
	int pending;  /* AF_INET while a datagram is put together */
	u16 len;      /* of it, with the header */
	u16 gso_size; /* UDP_SEGMENT: what is sent is cut into datagrams of so much data; 0: not */
	u8 corkflag : 1, gro_enabled : 1, no_check6_tx : 1, no_check6_rx : 1;
	u8 reuse_has_conns : 1; /* a member of its SO_REUSEPORT group is connected */
	struct sk_buff_head reader_queue;
	int forward_deficit;
};

/* Both tables have mask + 1 chains. They are made for the first socket and double when they are full. */
#define UDP_HTABLE_SIZE_MIN 256u
#define UDP_HTABLE_SIZE_MAX 65536u
struct udp_table {
	struct hlist_head *hash;  /* socks by sk_node, by port */
	struct hlist_head *hash2; /* by udp_portaddr_node, by address and port */
	u32 mask, count;
};

/* A host's UDP: net->udp. */
struct udp_state {
	struct host *host;
	struct udp_table table;
	struct random random; /* of local ports */
	u32 portaddr_key;
	long memory_allocated; /* pages, against sysctl_udp_mem */
	bool encap_needed;     /* some socket has wanted received datagrams merged (UDP_GRO) */
};

static inline struct udp_sock *udp_sk(const struct sock *sk)
{
	return (struct udp_sock *)sk;
}

/* What waits to be read is more or less now. */
static inline void udp_trace_queue(const struct sock *sk)
{
	TRACE_VALUE_SK(sk, "recv_q", "bytes", (u32)(sk->sk_rmem_alloc - udp_sk(sk)->forward_deficit));
}

static inline struct udphdr *udp_hdr(const struct sk_buff *skb)
{
	return (struct udphdr *)skb_transport_header(skb);
}

static inline struct udp_state *udp_host(const struct net *net)
{
	return net->udp;
}

static inline struct hlist_head *udp_hashslot(const struct udp_table *t, u32 port)
{
	return &t->hash[port & t->mask];
}

static inline struct hlist_head *udp_hashslot2(const struct udp_table *t, u32 hash)
{
	return &t->hash2[hash & t->mask];
}

#define udp_portaddr_for_each_entry(sk2, chain)                                                              \
	for (struct hlist_node *node_ = (chain)->first;                                                      \
	     node_ && ((sk2) = &hlist_entry(node_, struct udp_sock, udp_portaddr_node)->inet.sk, 1);         \
	     node_ = node_->next)
#define udp_for_each_entry(sk2, chain)                                                                       \
	for (struct hlist_node *node_ = (chain)->first;                                                      \
	     node_ && ((sk2) = hlist_entry(node_, struct sock, sk_node), 1); node_ = node_->next)

/*
 * What a queued datagram keeps in skb->dev_scratch, where its device no longer matters: so that the reader
 * need not touch the packet before it copies it.
 */
#define UDP_SKB_IS_STATELESS 0x80000000u
struct udp_dev_scratch {
	u32 _tsize_state;
	u16 len;
	bool is_linear;
	bool csum_unnecessary;
};
_Static_assert(sizeof(struct udp_dev_scratch) <= sizeof(unsigned long), "udp_dev_scratch outgrew its place");

static inline struct udp_dev_scratch *udp_skb_scratch(struct sk_buff *skb)
{
	return (struct udp_dev_scratch *)(void *)&skb->dev_scratch;
}

static inline __sum16 __udp_lib_checksum_complete(struct sk_buff *skb)
{
	return __skb_checksum_complete(skb);
}

/* True: the checksum is wrong. */
static inline bool udp_lib_checksum_complete(struct sk_buff *skb)
{
	return !skb_csum_unnecessary(skb) && __udp_lib_checksum_complete(skb);
}

/* ---- udp.c: the life of a socket, and UDP at boot ---- */
int udp_init(struct host *host); /* after ip_init() */
void udp_exit(struct host *host);
int udp_init_sock(struct sock *sk);
void udp_destroy_sock(struct sock *sk);
void udp_destruct_common(struct sock *sk);
int udp_disconnect(struct sock *sk, int flags);
int __udp_disconnect(struct sock *sk, int flags);
int udp_abort(struct sock *sk, int err);
void udp_lib_close(struct sock *sk, long timeout);
int udp_ioctl(struct sock *sk, int cmd, unsigned long arg);
unsigned int udp_poll(struct file *file, struct socket *sock, struct poll_table_struct *wait);

/* ---- udp_port.c: the tables, and who may have which port ---- */
void udp_table_free(struct host *host, struct udp_table *t);
u16 udp_portaddr_hash(const struct udp_state *st, __be32 saddr, u16 port);
int udp_v4_get_port(struct sock *sk, unsigned short snum);
int udp_lib_get_port(struct sock *sk, unsigned short snum);
int udp_lib_hash(struct sock *sk);
void udp_lib_unhash(struct sock *sk);
void udp_lib_rehash(struct sock *sk, u16 newhash);
void udp_v4_rehash(struct sock *sk);
void reuseport_has_conns_set(struct sock *sk);

/* ---- udp_lookup.c: the socket of a datagram; without a reference ---- */
struct sock *__udp4_lib_lookup(struct net *net, __be32 saddr, __be16 sport, __be32 daddr, __be16 dport,
			       int dif, int sdif, struct sk_buff *skb);
struct sock *__udp4_lib_lookup_skb(struct sk_buff *skb, __be16 sport, __be16 dport);
bool __udp_is_mcast_sock(const struct sock *sk, __be16 loc_port, __be32 loc_addr, __be16 rmt_port,
			 __be32 rmt_addr, int dif);
int udp_v4_early_demux(struct sk_buff *skb);

/* ---- udp_input.c ---- */
int udp_rcv(struct sk_buff *skb);
int __udp4_lib_rcv(struct sk_buff *skb);
int __udp_enqueue_schedule_skb(struct sock *sk, struct sk_buff *skb);

/* ---- udp_err.c ---- */
int udp_err(struct sk_buff *skb, u32 info);
int __udp4_lib_err(struct sk_buff *skb, u32 info);

/* ---- udp_recvmsg.c ---- */
int udp_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int noblock, int flags, int *addr_len);
struct sk_buff *__skb_recv_udp(struct sock *sk, unsigned int flags, int noblock, int *off, int *err);
void udp_skb_destructor(struct sock *sk, struct sk_buff *skb);
void udp_rmem_release(struct sock *sk, unsigned int size, int partial, bool rx_queue_lock_held);
void skb_consume_udp(struct sock *sk, struct sk_buff *skb, int len);
int first_packet_length(struct sock *sk); /* -1: there is none */

/* ---- udp_sendmsg.c ---- */
int udp_sendmsg(struct sock *sk, struct msghdr *msg, size_t len);
int udp_push_pending_frames(struct sock *sk);
void udp_flush_pending_frames(struct sock *sk);
void udp4_hwcsum(struct sk_buff *skb, __be32 src, __be32 dst);

/* ---- udp_sockopt.c ---- */
int udp_setsockopt(struct sock *sk, int level, int optname, sockptr_t optval, unsigned int optlen);
int udp_getsockopt(struct sock *sk, int level, int optname, char *optval, int *optlen);

/* ---- udp_offload.c ---- */
int udpv4_offload_init(struct host *host);

extern const struct proto udp_prot;
extern const struct net_protocol udp_protocol;

#endif
