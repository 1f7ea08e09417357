/*
 * Packet sockets (AF_PACKET): frames as devices receive and send them, past all protocols. af_packet.c (life,
 * bind, names, boot), packet_snd.c, packet_rcv.c, packet_opt.c (options, memberships, device events).
 *
 *	packet_create, packet_bind -> register_prot_hook -> dev_add_pack: the device layer calls packet_rcv()
 *
 * Who owns what: while its hook is registered (`running`) the device layer has a reference to the socket. A
 * socket that is bound to a device holds the device (prot_hook.dev). All sockets of the host are in
 * net->packet's list.
 */
#ifndef STACK_PACKET_AF_PACKET_H
#define STACK_PACKET_AF_PACKET_H

#include <netpacket/packet.h>

#include "stack/interface/netdevice.h"
#include "stack/transport/sock.h"

#ifndef SOL_PACKET
#define SOL_PACKET 263
#endif

/* A socket's PACKET_ADD_MEMBERSHIP: what it made a device listen to. */
struct packet_mclist {
	struct packet_mclist *next;
	int ifindex, count;
	unsigned short type, alen; /* PACKET_MR_* */
	unsigned char addr[MAX_ADDR_LEN];
};

struct packet_mreq_max {
	int mr_ifindex;
	unsigned short mr_type, mr_alen;
	unsigned char mr_address[MAX_ADDR_LEN];
};

struct tpacket_stats {
	unsigned int tp_packets, tp_drops;
};

struct packet_sock {
	struct sock sk; /* first */
	struct packet_type prot_hook;
	struct net_device *cached_dev; /* where it sends when no address is given */
	int (*xmit)(struct sk_buff *skb);
	int ifindex; /* bound to; 0: any, -1: the device is gone */
	__be16 num;  /* protocol */
	bool running, auxdata, origdev, bypass, loss;
	int copy_thresh;
	struct packet_mclist *mclist;
	struct tpacket_stats stats;
};

/* net->packet */
struct packet_state {
	struct host *host;
	struct hlist_head sklist; /* by sk_node, in order of creation */
	struct notifier_block notifier;
};

/* What a received frame carries to the reader, in skb->cb. */
struct packet_skb_cb {
	unsigned int origlen;
	struct sockaddr_ll ll;
	unsigned char more_addr[MAX_ADDR_LEN - 8]; /* sll_addr goes on */
};
#define PACKET_SKB_CB(skb) ((struct packet_skb_cb *)(void *)((skb)->cb))
_Static_assert(offsetof(struct packet_skb_cb, more_addr) <= SOCK_SKB_CB_OFFSET, "does not fit");

static inline struct packet_sock *pkt_sk(const struct sock *sk)
{
	return (struct packet_sock *)sk;
}

int packet_init(struct host *host); /* after net_dev_init() and sock_init() */
void packet_exit(struct host *host);

/* af_packet.c */
void register_prot_hook(struct sock *sk);
void __unregister_prot_hook(struct sock *sk, bool sync);
void packet_cached_dev_reset(struct packet_sock *po);

/* packet_snd.c */
int packet_sendmsg(struct socket *sock, struct msghdr *msg, size_t len);

/* packet_rcv.c */
int packet_rcv(struct sk_buff *skb, struct net_device *dev, struct packet_type *pt,
	       struct net_device *orig_dev);
void packet_rcv_try_clear_pressure(struct packet_sock *po);
int packet_recvmsg(struct socket *sock, struct msghdr *msg, size_t len, int flags);

/* packet_opt.c */
int packet_setsockopt(struct socket *sock, int level, int optname, sockptr_t optval, unsigned int optlen);
int packet_getsockopt(struct socket *sock, int level, int optname, char *optval, int *optlen);
void packet_flush_mclist(struct sock *sk);
int packet_notifier(struct notifier_block *nb, unsigned long msg, void *ptr);

#endif
