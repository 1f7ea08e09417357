/*
 * struct net: all software state of one host, Linux's network namespace and what is global in a kernel.
 *
 * Each layer keeps its own state in a structure of its own, defined in its folder, made by its init
 * function at boot (stack/boot.c) and freed by its exit function. Reach it from any object: sk->host->net,
 * skb->host->net, dev->host->net, or sock_net(sk), dev_net(dev).
 */
#ifndef STACK_NET_H
#define STACK_NET_H

#include "core/host.h"
#include "stack/netns_ipv4.h"
#include "stack/snmp.h"

struct net_device;
struct nf_hook_entries;

enum nf_inet_hooks {
	NF_INET_PRE_ROUTING,
	NF_INET_LOCAL_IN,
	NF_INET_FORWARD,
	NF_INET_LOCAL_OUT,
	NF_INET_POST_ROUTING,
	NF_INET_NUMHOOKS
};

struct net {
	struct host *host;
	struct kernel_state *kernel; /* stack/kernel: softirqs, timers, interrupts, work, log */
	struct skb_state *skb;	     /* stack/skb: caches */
	struct file_state *files;    /* stack/application: files, families, protocols */
	struct netdev_state *netdev; /* stack/interface: devices, softnet_data, packet types */
	struct neigh_state *neigh;   /* stack/internet/neighbour.c: tables */
	struct inet_state *inet;     /* stack/internet: routes, addresses, protocol handlers */
	struct tcp_state *tcp; /* stack/transport: hash tables, time-wait, metrics, sysctls' derived values */
	struct udp_state *udp; /* stack/transport: tables */
	struct raw_hashinfo *raw;    /* stack/internet/raw.c: sockets, made for the first one */
	struct ping_table *ping;     /* stack/internet/ping.c: the same */
	struct packet_state *packet; /* stack/packet */
	struct nf_hook_entries *nf_hooks_ipv4[NF_INET_NUMHOOKS]; /* NULL: nothing is registered there */
	struct netfilter_state *nf; /* stack/netfilter: tables, flows; NULL: none yet */
	struct net_device *loopback_dev;
	struct netns_ipv4 ipv4; /* sysctls under net.ipv4, by Linux's names */
	struct netns_core core; /* sysctls under net.core */
	struct netns_mib mib;	/* SNMP counters */
};

#endif
