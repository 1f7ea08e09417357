/* Protocols above IPv4: who takes a packet of which number. */
#ifndef STACK_INTERNET_PROTOCOL_H
#define STACK_INTERNET_PROTOCOL_H

#include "stack/kernel/kernel.h"
#include "stack/net.h"
#include "stack/interface/netdev_features.h"

struct list_head;
struct sk_buff;

#define MAX_INET_PROTOS 256

struct net_protocol {
	/* Finds the socket of a packet before it is routed, so that the socket's route can be used. */
	int (*early_demux)(struct sk_buff *skb);
	/* Takes the packet. Negative: deliver it again as protocol number -ret. */
	int (*handler)(struct sk_buff *skb);
	/* An ICMP error about one of our packets: skb->data is at its IP header. Returns an errno or 0. */
	int (*err_handler)(struct sk_buff *skb, u32 info);
	unsigned int no_policy : 1, icmp_strict_tag_validation : 1;
};

/* Segmentation of big packets in software (GSO), and its reverse (GRO, stack/interface/gro.h). */
struct net_offload {
	struct sk_buff *(*gso_segment)(struct sk_buff *skb, netdev_features_t features);
	struct sk_buff *(*gro_receive)(struct list_head *head, struct sk_buff *skb);
	int (*gro_complete)(struct sk_buff *skb, int nhoff);
};

int inet_add_protocol(struct host *host, const struct net_protocol *prot, u8 protocol);
int inet_del_protocol(struct host *host, const struct net_protocol *prot, u8 protocol);
int inet_add_offload(struct host *host, const struct net_offload *prot, u8 protocol);

/* What segments packets of this protocol number, or NULL. (Its handler: inet_protos(), internet.h.) */
const struct net_offload *inet_offloads(const struct net *net, u8 protocol);

#endif
