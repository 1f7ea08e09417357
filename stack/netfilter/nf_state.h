/* What netfilter keeps per host (net->nf). Private to stack/netfilter. */
#ifndef STACK_NETFILTER_NF_STATE_H
#define STACK_NETFILTER_NF_STATE_H

#include "stack/internet/netfilter.h"
#include "stack/kernel/list.h"

struct nf_conntrack_net;

struct netfilter_state {
	struct host *host;
	struct list_head tables;     /* struct xt_table, in order of first use */
	struct nf_conntrack_net *ct; /* flows; NULL: nothing asked for them yet */
};

/* ---- nf_conntrack_core.c: called by netfilter_exit() ---- */
void nf_conntrack_exit(struct net *net);
/* ---- ip_tables.c: the same ---- */
void ip_tables_exit(struct net *net);

#endif
