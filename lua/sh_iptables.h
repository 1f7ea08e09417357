/* The parts of `iptables`: reading a command line (sh_iptables.c; its options: sh_iptables_options.c) and
 * writing rules (sh_iptables_print.c). */
#ifndef LUA_SH_IPTABLES_H
#define LUA_SH_IPTABLES_H

#include "lua/sh.h"
#include "stack/netfilter/ip_tables.h"

/* What rules are called on the command line. */
struct ipt_name {
	const char *name;
	uint8_t value, code; /* code: of an ICMP type, 0xff: any */
};
extern const struct ipt_name ipt_target_names[]; /* "ACCEPT" ...; ends with a NULL name, as the others */
extern const struct ipt_name ipt_proto_names[];
extern const struct ipt_name ipt_icmp_names[];
extern const struct ipt_name ipt_reject_names[];
extern const struct ipt_name ipt_state_names[]; /* in the order that iptables writes them */
extern const struct ipt_name ipt_flag_names[];
extern const struct ipt_name ipt_limit_units[]; /* value: which of "sec", "min", "hour", "day" */

struct ipt_list {
	bool numeric, verbose, exact, line_numbers;
};

#define IPT_HINT "Try `iptables -h' or 'iptables --help' for more information.\n"

/* A command line being read. */
struct ipt_command {
	struct sh *sh;
	char command;				   /* the letter of the command, 0: none yet */
	const char *table, *chain, *target, *name; /* name: of -E's new chain, -P's policy */
	unsigned number;			   /* of -I, -D, -R; 0: none */
	struct ipt_list list;
	struct ipt_entry rule;
	bool invert; /* a '!' is before the option */
	bool jump_is_goto, ports, with_tcp, with_udp, with_icmp, with_state, with_conntrack, with_limit;
	int status; /* not 0: it has failed, and said why */
};

/* What is wrong, with the word, goes to the errors, and c->status is 2. Returns false. */
bool ipt_bad(struct ipt_command *c, const char *what, const char *word);
/* Takes the option `word` and its argument; false when that is no good. */
bool ipt_option_word(struct ipt_command *c, const char *word);

/* "Chain INPUT (policy ACCEPT)" and its rules, as `iptables -L`. */
void ipt_list_chain(struct sh *sh, const struct xt_chain *chain, const struct ipt_list *how);
/* "-A INPUT -p tcp -j DROP", as `iptables -S`. */
void ipt_save_rule(struct sh *sh, const struct xt_chain *chain, const struct ipt_entry *e, bool counters);

#endif
