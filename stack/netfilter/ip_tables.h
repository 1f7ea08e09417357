/*
 * iptables: tables of chains of rules. A rule says which packets it means and what becomes of them.
 *
 * xt_table > xt_chain (built in: at a hook, with a policy; or made by the user) > ipt_entry (a rule). Linux
 * packs a table into one block that is replaced as a whole; here chains and rules are objects, changed one by
 * one, which is what the command does to the block. A table is made, and takes its place at the hooks, when
 * it is first asked for.
 */
#ifndef STACK_NETFILTER_IP_TABLES_H
#define STACK_NETFILTER_IP_TABLES_H

#include "stack/internet/netfilter.h"
#include "stack/kernel/list.h"

#define XT_TABLE_MAXNAMELEN 32
#define XT_CHAIN_MAXNAMELEN 29
#define XT_STACKSIZE 16 /* user chains within each other */
#define XT_CONTINUE 0xFFFFFFFFu

enum ipt_target {
	IPT_NO_TARGET, /* counts only */
	IPT_ACCEPT,
	IPT_DROP,
	IPT_RETURN,
	IPT_JUMP, /* -j CHAIN */
	IPT_GOTO, /* -g CHAIN */
	IPT_REJECT,
	IPT_LOG,
	IPT_DNAT,
	IPT_SNAT,
	IPT_REDIRECT,
	IPT_MASQUERADE,
	IPT_TARGETS
};

enum ipt_reject_with {
	IPT_ICMP_NET_UNREACHABLE,
	IPT_ICMP_HOST_UNREACHABLE,
	IPT_ICMP_PROT_UNREACHABLE,
	IPT_ICMP_PORT_UNREACHABLE,
	IPT_ICMP_ECHOREPLY, /* of old, no longer there */
	IPT_ICMP_NET_PROHIBITED,
	IPT_ICMP_HOST_PROHIBITED,
	IPT_TCP_RESET,
	IPT_ICMP_ADMIN_PROHIBITED
};

#define NF_LOG_TCPSEQ 0x01
#define NF_LOG_TCPOPT 0x02
#define NF_LOG_IPOPT 0x04

/* ipt_ip.invflags */
#define IPT_INV_VIA_IN 0x01
#define IPT_INV_VIA_OUT 0x02
#define IPT_INV_SRCIP 0x08
#define IPT_INV_DSTIP 0x10
#define IPT_INV_FRAG 0x20
#define IPT_INV_PROTO 0x40
/* ipt_entry.inv_match */
#define XT_INV_SRCPT 0x01
#define XT_INV_DSTPT 0x02
#define XT_INV_FLAGS 0x04
#define XT_INV_ICMP 0x08
#define XT_INV_STATE 0x10

/* Matches beyond the header; a rule has those whose bit is set in `matches`. */
#define IPT_M_PORTS 0x01 /* tcp or udp */
#define IPT_M_TCPFLAGS 0x02
#define IPT_M_ICMP 0x04
#define IPT_M_STATE 0x08    /* -m conntrack --ctstate */
#define IPT_M_LIMIT 0x10    /* -m limit */
#define IPT_M_OLDSTATE 0x20 /* it was asked for by -m state --state */

/* Bits of the states that a packet can have to its flow. */
#define XT_CONNTRACK_STATE_INVALID 0x01
#define XT_CONNTRACK_STATE_ESTABLISHED 0x02
#define XT_CONNTRACK_STATE_RELATED 0x04
#define XT_CONNTRACK_STATE_NEW 0x08

struct ipt_ip {
	__be32 src, dst, smsk, dmsk;
	char iniface[16], outiface[16]; /* "": any; "eth+": all that begin so */
	u8 proto;			/* 0: any */
	bool frag;			/* second and further fragments only */
	u8 invflags;
};

/* Where addresses and ports may be moved to. */
struct nf_nat_range2 {
	u8 flags;
	__be32 min_addr, max_addr;
	u16 min_proto, max_proto; /* host byte order */
};
#define NF_NAT_RANGE_MAP_IPS 0x01
#define NF_NAT_RANGE_PROTO_SPECIFIED 0x02

struct xt_chain;

struct ipt_entry {
	struct list_head list;
	struct rcu_head rcu;
	struct host *host;
	struct ipt_ip ip;
	u8 matches, inv_match;
	u16 spts[2], dpts[2];	    /* first and last, host byte order */
	u8 flg_mask, flg_cmp;	    /* TCP flags: byte 13 of the header */
	u8 icmp_type, icmp_code[2]; /* type 0xff: any */
	u8 state;		    /* XT_CONNTRACK_STATE_* */
	struct {
		u32 avg; /* 1/10000 s for a packet */
		u32 burst;
		u32 credit;	    /* 1/10000 s, up to avg * burst */
		unsigned long prev; /* jiffies when credit was right */
	} limit;
	u8 target; /* enum ipt_target */
	struct xt_chain *jump;
	u8 reject_with;
	u8 log_flags, log_level;
	char log_prefix[30];
	struct nf_nat_range2 range;
	u64 pcnt, bcnt;
};

struct xt_chain {
	struct list_head list; /* of the table: built-in ones first */
	struct rcu_head rcu;
	struct host *host;
	struct list_head rules;
	char name[XT_CHAIN_MAXNAMELEN + 1];
	bool builtin;
	u8 hook;
	u8 policy; /* NF_ACCEPT, NF_DROP */
	u64 pcnt, bcnt;
	unsigned int references; /* rules that lead here */
};

struct xt_table {
	struct list_head list;
	struct host *host;
	const char *name;
	unsigned int valid_hooks; /* 1 << NF_INET_* */
	struct list_head chains;
	struct xt_chain *hook_entry[NF_INET_NUMHOOKS];
};

/* A hook of a table: what is registered with the table as `priv`. */
unsigned int ipt_do_table(struct sk_buff *skb, const struct nf_hook_state *state, struct xt_table *table);

/*
 * The command's calls. Errors: ENOENT (no such chain, or rule), EEXIST, EINVAL (the target does not go with
 * the table, hook or protocol), ENOTEMPTY, EMLINK (rules lead to the chain), ELOOP, E2BIG (position), ENOMEM.
 */
struct xt_table *xt_find_table_lock(struct net *net, const char *name, int *err);
struct xt_chain *xt_find_chain(struct xt_table *table, const char *name);
int xt_new_chain(struct xt_table *table, const char *name);
int xt_delete_chain(struct xt_chain *chain);
/* Copies the rule into the chain before number `at` (from 1; 0: behind all). */
int ipt_insert_rule(struct xt_table *table, struct xt_chain *chain, const struct ipt_entry *rule,
		    unsigned int at);
int ipt_delete_rule(struct xt_chain *chain, unsigned int at);
/* The number of the first rule that says the same, or 0. */
unsigned int ipt_find_rule(const struct xt_chain *chain, const struct ipt_entry *rule);
void ipt_flush_chain(struct xt_chain *chain);
void ipt_zero_chain(struct xt_chain *chain);

#endif
