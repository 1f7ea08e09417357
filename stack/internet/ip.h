/*
 * IPv4: the header on the wire, what a packet carries between IP's functions (IPCB), and the calls of
 * the layers above.
 */
#ifndef STACK_INTERNET_IP_H
#define STACK_INTERNET_IP_H

#include <netinet/in.h>

#include "stack/application/scm.h"
#include "stack/internet/devinet.h"
#include "stack/internet/ip_options.h"
#include "stack/internet/route.h"
#include "stack/kernel/kernel.h"
#include "stack/net.h"
#include "stack/skb/checksum.h"
#include "stack/skb/skbuff.h"

struct sock;
struct msghdr;
struct net_device;
struct inet_cork;

struct iphdr {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	u8 ihl : 4, version : 4;
#else
	u8 version : 4, ihl : 4;
#endif
	u8 tos;
	__be16 tot_len;
	__be16 id;
	__be16 frag_off;
	u8 ttl;
	u8 protocol;
	__sum16 check;
	__be32 saddr;
	__be32 daddr;
	/* options follow */
} __attribute__((packed, aligned(4)));

#define IP_CE 0x8000 /* congestion; the reserved bit */
#define IP_DF 0x4000
#define IP_MF 0x2000
#define IP_OFFSET 0x1FFF

#define IPVERSION 4
#define MAXTTL 255
#define IPDEFTTL 64

#ifndef IP_PMTUDISC_DONT
#define IP_PMTUDISC_DONT 0
#define IP_PMTUDISC_WANT 1
#define IP_PMTUDISC_DO 2
#define IP_PMTUDISC_PROBE 3
#endif
#ifndef IP_PMTUDISC_INTERFACE
#define IP_PMTUDISC_INTERFACE 4
#define IP_PMTUDISC_OMIT 5
#endif

/* The IP layer's part of skb->cb, 24 bytes. */
struct inet_skb_parm {
	int iif;
	struct ip_options opt;
	u16 flags;
	u16 frag_max_size;
};

#define IPSKB_FORWARDED (1u << 0)
#define IPSKB_FRAG_COMPLETE (1u << 3)
#define IPSKB_REROUTED (1u << 4)
#define IPSKB_DOREDIRECT (1u << 5)
#define IPSKB_FRAG_PMTU (1u << 6)
#define IPSKB_L3SLAVE (1u << 7)

#define IPCB(skb) ((struct inet_skb_parm *)((skb)->cb))

static inline struct iphdr *ip_hdr(const struct sk_buff *skb)
{
	return (struct iphdr *)skb_network_header(skb);
}

static inline unsigned int ip_hdrlen(const struct sk_buff *skb)
{
	return ip_hdr(skb)->ihl * 4u;
}

static inline bool ip_is_fragment(const struct iphdr *iph)
{
	return (iph->frag_off & htons(IP_MF | IP_OFFSET)) != 0;
}

/* What the user said about one message (control messages, socket options). */
struct ipcm_cookie {
	struct sockcm_cookie sockc;
	u64 transmit_time;
	__be32 addr;
	int oif;
	struct ip_options_rcu *opt;
	u8 ttl;
	s16 tos;
	char priority;
	u16 gso_size;
};

static inline void ipcm_init(struct ipcm_cookie *ipcm)
{
	*ipcm = (struct ipcm_cookie){ .tos = -1 };
}

/* An answer of TCP without a socket: the bytes and what to checksum. */
struct ip_reply_arg {
	struct iovec iov[1];
	int flags; /* IP_REPLY_ARG_* */
	__wsum csum;
	int csumoffset; /* u16 offset of the checksum in iov[0], -1: none */
	int bound_dev_if;
	u8 tos;
};
#define IP_REPLY_ARG_NOSRCCHECK 1

/* ---- ip_output.c ---- */
int ip_init(struct host *host);
void ip_exit(struct host *host);
void ip_send_check(struct host *host, struct iphdr *iph);
int __ip_local_out(struct net *net, struct sock *sk, struct sk_buff *skb);
int ip_local_out(struct net *net, struct sock *sk, struct sk_buff *skb);
int ip_build_and_send_pkt(struct sk_buff *skb, const struct sock *sk, __be32 saddr, __be32 daddr,
			  struct ip_options_rcu *opt, u8 tos);
int ip_output(struct net *net, struct sock *sk, struct sk_buff *skb);
int ip_mc_output(struct net *net, struct sock *sk, struct sk_buff *skb);
int __ip_queue_xmit(struct sock *sk, struct sk_buff *skb, struct flowi *fl, u8 tos);
int ip_queue_xmit(struct sock *sk, struct sk_buff *skb, struct flowi *fl);
unsigned int ip_skb_dst_mtu(struct sock *sk, const struct sk_buff *skb);

/* ---- ip_fragment.c ---- */
typedef int ip_output_fn_t(struct net *net, struct sock *sk, struct sk_buff *skb);
int ip_fragment(struct net *net, struct sock *sk, struct sk_buff *skb, unsigned int mtu,
		ip_output_fn_t *output);
int ip_do_fragment(struct net *net, struct sock *sk, struct sk_buff *skb, ip_output_fn_t *output);

/* ---- ip_reassembly.c ---- */
/* 0: skb is the whole packet. Else it waits for the others, or was dropped. */
int ip_defrag(struct net *net, struct sk_buff *skb, u32 user);
#define IP_DEFRAG_LOCAL_DELIVER 0
#define IP_DEFRAG_CALL_RA_CHAIN 1
/* sysctl net.ipv4.ipfrag_NAME: time, high_thresh, low_thresh, max_dist. 0, -ENOENT or -EINVAL. */
int ipfrag_set(struct net *net, const char *name, long value);
int ipfrag_get(struct net *net, const char *name, long *value);

/* ---- ip_id.c ---- */
void __ip_select_ident(struct net *net, struct iphdr *iph, int segs);
void ip_select_ident_segs(struct net *net, struct sk_buff *skb, struct sock *sk, int segs);
void ip_select_ident(struct net *net, struct sk_buff *skb, struct sock *sk);

/* ---- ip_append.c ---- */
typedef int ip_getfrag_t(void *from, char *to, int offset, int len, int odd, struct sk_buff *skb);
int ip_append_data(struct sock *sk, struct flowi4 *fl4, ip_getfrag_t *getfrag, void *from, int length,
		   int transhdrlen, struct ipcm_cookie *ipc, struct rtable **rtp, unsigned int flags);
int ip_generic_getfrag(void *from, char *to, int offset, int len, int odd, struct sk_buff *skb);
struct sk_buff *__ip_make_skb(struct sock *sk, struct flowi4 *fl4, struct sk_buff_head *queue,
			      struct inet_cork *cork);
struct sk_buff *ip_make_skb(struct sock *sk, struct flowi4 *fl4, ip_getfrag_t *getfrag, void *from,
			    int length, int transhdrlen, struct ipcm_cookie *ipc, struct rtable **rtp,
			    struct inet_cork *cork, unsigned int flags);
int ip_send_skb(struct net *net, struct sk_buff *skb);
int ip_push_pending_frames(struct sock *sk, struct flowi4 *fl4);
void ip_flush_pending_frames(struct sock *sk);
/* 5.15's: TCP's RST and ACK from its control socket, in answer to `skb`. */
void ip_send_unicast_reply(struct sock *sk, struct sk_buff *skb, const struct ip_options *sopt, __be32 daddr,
			   __be32 saddr, const struct ip_reply_arg *arg, unsigned int len, u64 transmit_time);

/* ---- ip_input.c ---- */
struct packet_type;
int ip_rcv(struct sk_buff *skb, struct net_device *dev, struct packet_type *pt, struct net_device *orig_dev);
void ip_list_rcv(struct list_head *head, struct packet_type *pt, struct net_device *orig_dev);
int ip_local_deliver(struct sk_buff *skb);
bool ip_call_ra_chain(struct sk_buff *skb); /* true: sockets have the packet, all of it */
void ip_protocol_deliver_rcu(struct net *net, struct sk_buff *skb, int protocol);

/* ---- ip_forward.c ---- */
int ip_forward(struct sk_buff *skb);
int ip_decrease_ttl(struct iphdr *iph);

/* ---- inet_offload.c: called by the device layer's skb_mac_gso_segment ---- */
struct sk_buff *inet_gso_segment(struct sk_buff *skb, netdev_features_t features);
struct sk_buff *inet_gro_receive(struct list_head *head, struct sk_buff *skb);
int inet_gro_complete(struct sk_buff *skb, int nhoff);

/* ---- ip_cmsg.c ---- */
struct inet_sock;
void ipcm_init_sk(struct ipcm_cookie *ipcm, const struct inet_sock *inet);
/* Reads the control messages; ipc->opt is the caller's to free, also after an error. 0, -EINVAL, ... */
int ip_cmsg_send(struct sock *sk, const struct msghdr *msg, struct ipcm_cookie *ipc);
/* The same for senders: the options, those of the message or else the socket's, lie in opt_copy. */
int ipcm_from_msg(struct sock *sk, const struct msghdr *msg, struct ipcm_cookie *ipc,
		  struct ip_options_data *opt_copy);
/* Device and source by IP_MULTICAST_IF and IP_UNICAST_IF, where the message and bind() left them open. */
void ipcm_multicast_defaults(struct ipcm_cookie *ipc, const struct inet_sock *inet, __be32 daddr,
			     __be32 *saddr);
void ipv4_pktinfo_prepare(const struct sock *sk, struct sk_buff *skb);
void ip_cmsg_recv_offset(struct msghdr *msg, struct sock *sk, struct sk_buff *skb);

/* ---- ip_sockglue.c ---- */
void ip_icmp_error(struct sock *sk, struct sk_buff *skb, int err, __be16 port, u32 info, u8 *payload);
void ip_local_error(struct sock *sk, int err, __be32 daddr, __be16 port, u32 info);
/* IP_ROUTER_ALERT: a raw socket gets packets to forward that bear the option, in place of the next hop. */
int ip_ra_control(struct sock *sk, bool on);
int inet_recv_error(struct sock *sk, struct msghdr *msg, int len, int *addr_len);
int ip_recv_error(struct sock *sk, struct msghdr *msg, int len, int *addr_len); /* MSG_ERRQUEUE */

/* ---- ip_sockopt.c ---- */
int ip_setsockopt(struct sock *sk, int level, int optname, const void *optval, unsigned int optlen);
int ip_getsockopt(struct sock *sk, int level, int optname, char *optval, int *optlen);

/* ---- raw.c ---- */
int raw_rcv(struct sock *sk, struct sk_buff *skb);
int raw_local_deliver(struct sk_buff *skb, int protocol);
void raw_icmp_error(struct sk_buff *skb, int protocol, u32 info);

#endif
