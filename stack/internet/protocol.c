/*
 * Registry of the protocols above IPv4 and of their segmentation. Registered at start by their owners
 * (tcp, icmp, ...), looked up for every packet.
 */
#include "stack/internet/protocol.h"

#include "stack/internet/internet.h"

/* The slot of a protocol number, a new one if need be; 0 when all are taken. */
static u8 protocol_slot(struct inet_state *inet, u8 protocol)
{
	if (!inet->proto_slot[protocol] && inet->nr_slots < INET_PROTO_SLOTS - 1)
		inet->proto_slot[protocol] = ++inet->nr_slots;
	return inet->proto_slot[protocol];
}

int inet_state_init(struct host *host)
{
	struct inet_state *inet;

	if (host->net->inet)
		return 0;
	inet = kzalloc(host, sizeof(*inet));
	if (!inet)
		return -ENOMEM;
	inet->host = host;
	inet->peers = RB_ROOT;
	INIT_LIST_HEAD(&inet->peers_lru);
	INIT_LIST_HEAD(&inet->rt_uncached_list);
	host->net->inet = inet;
	return 0;
}

void inet_state_exit(struct host *host)
{
	kfree(host, host->net->inet);
	host->net->inet = NULL;
}

int inet_add_protocol(struct host *host, const struct net_protocol *prot, u8 protocol)
{
	TRACE(host, "register the receive handler of a protocol over IP");
	struct inet_state *inet;
	u8 slot;

	if (inet_state_init(host))
		return -ENOMEM;
	inet = inet_state(host);
	slot = protocol_slot(inet, protocol);
	if (!slot || inet->protos[slot])
		return -1;
	inet->protos[slot] = prot;
	return 0;
}

int inet_del_protocol(struct host *host, const struct net_protocol *prot, u8 protocol)
{
	struct inet_state *inet = inet_state(host);
	u8 slot = inet->proto_slot[protocol];

	if (!slot || inet->protos[slot] != prot)
		return -1;
	inet->protos[slot] = NULL;
	return 0;
}

int inet_add_offload(struct host *host, const struct net_offload *prot, u8 protocol)
{
	struct inet_state *inet;
	u8 slot;

	if (inet_state_init(host))
		return -ENOMEM;
	inet = inet_state(host);
	slot = protocol_slot(inet, protocol);
	if (!slot || inet->offloads[slot])
		return -1;
	inet->offloads[slot] = prot;
	return 0;
}

const struct net_offload *inet_offloads(const struct net *net, u8 protocol)
{
	return net->inet->offloads[net->inet->proto_slot[protocol]];
}
