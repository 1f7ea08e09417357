/*
 * `iptables`: the command line, as of iptables 1.8 (legacy): commands -A -I -D -R -C -L -S -F -Z -N -X -E -P,
 * tables filter and nat, matches tcp, udp, icmp, state, conntrack, limit, targets ACCEPT DROP RETURN REJECT
 * LOG DNAT SNAT REDIRECT MASQUERADE and chains of the user's own.
 */
#include <errno.h>
#include <string.h>

#include "lua/sh_iptables.h"

/* ---- commands ---- */

static const struct {
	char letter;
	const char *name;
} commands[] = {
	{ 'A', "--append" },	   { 'I', "--insert" }, { 'D', "--delete" },	 { 'R', "--replace" },
	{ 'C', "--check" },	   { 'L', "--list" },	{ 'F', "--flush" },	 { 'Z', "--zero" },
	{ 'N', "--new-chain" },	   { 'P', "--policy" }, { 'S', "--list-rules" }, { 'X', "--delete-chain" },
	{ 'E', "--rename-chain" },
};

static const char *next_word(struct ipt_command *c)
{
	struct sh *sh = c->sh;
	return sh->at < sh->n && sh->words[sh->at][0] != '-' && strcmp(sh->words[sh->at], "!") != 0
		       ? sh->words[sh->at++]
		       : NULL;
}

static bool command_word(struct ipt_command *c, char letter)
{
	long n;
	if (c->command && !(strchr("LSZ", letter) && strchr("LSZ", c->command)))
		return ipt_bad(c, "Cannot use one command with another:", (char[]){ '-', letter, '\0' });
	c->command = letter;
	c->chain = next_word(c);
	if (!c->chain && strchr("AIDRCNPE", letter)) {
		c->status = sh_fail(
			c->sh, 2, "iptables v1.8.9 (legacy): option \"-%c\" requires an argument\n" IPT_HINT,
			letter);
		return false;
	}
	if (letter == 'P' || letter == 'E') {
		c->name = next_word(c);
		if (!c->name)
			return ipt_bad(c,
				       letter == 'P' ? "-P requires a chain and a policy"
						     : "-E requires old-chain-name and new-chain-name",
				       NULL);
	}
	if (strchr("IDR", letter) && c->sh->at < c->sh->n &&
	    sh_number(c->sh->words[c->sh->at], 1, 100000, &n)) {
		c->number = (unsigned)n;
		c->sh->at++;
	}
	if (letter == 'I' && !c->number)
		c->number = 1;
	return true;
}

/* The command that a word names, or 0. */
static char command_letter(const char *word)
{
	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, word) == 0 ||
		    (word[0] == '-' && word[1] == commands[i].letter && !word[2]))
			return commands[i].letter;
	return 0;
}

/* "-nvL" is "-n -v -L"; a letter that takes an argument must come last. */
static bool cluster_word(struct ipt_command *c, const char *word)
{
	for (const char *p = word + 1; *p; p++) {
		char one[3] = { '-', *p, '\0' }, letter = command_letter(one);
		if (letter ? !command_word(c, letter) : !ipt_option_word(c, one))
			return false;
	}
	return true;
}

static bool read_line(struct ipt_command *c)
{
	struct sh *sh = c->sh;
	while (sh->at < sh->n) {
		const char *word = sh->words[sh->at++];
		char letter = command_letter(word);
		bool ok;
		if (strcmp(word, "!") == 0) {
			c->invert = true;
			continue;
		}
		if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0) {
			sh_say(sh, "iptables v1.8.9 (legacy)\n");
			return false; /* that was all */
		}
		if (letter)
			ok = command_word(c, letter);
		else if (word[0] == '-' && word[1] && word[1] != '-')
			ok = cluster_word(c, word);
		else if (word[0] == '-')
			ok = ipt_option_word(c, word);
		else
			ok = strcmp(word, "0") == 0 &&
					     (c->command == 'I' || c->command == 'R' || c->command == 'D')
				     ? ipt_bad(c, "Invalid rule number", word)
				     : ipt_bad(c, "Bad argument", word);
		if (!ok)
			return false;
	}
	return c->command || ipt_bad(c, "no command specified", NULL);
}

/* ---- the rule as a whole ---- */

static bool finish_target(struct ipt_command *c, struct xt_table *table)
{
	struct ipt_entry *e = &c->rule;
	const struct ipt_name *n = NULL;
	if (!c->target)
		return true;
	for (const struct ipt_name *t = ipt_target_names; t->name; t++)
		if (strcmp(t->name, c->target) == 0)
			n = t;
	if (n && !c->jump_is_goto) {
		e->target = n->value;
		if (n->value == IPT_DROP && strcmp(c->table, "nat") == 0)
			return ipt_bad(
				c,
				"\nThe \"nat\" table is not intended for filtering, the use of DROP is "
				"therefore inhibited.\n\n",
				NULL);
	} else {
		e->jump = xt_find_chain(table, c->target);
		e->target = c->jump_is_goto ? IPT_GOTO : IPT_JUMP;
		if (!e->jump || e->jump->builtin) {
			c->status =
				sh_fail(c->sh, 2,
					"iptables v1.8.9 (legacy): Couldn't load target `%s':No such file or "
					"directory\n\n" IPT_HINT,
					c->target);
			return false;
		}
	}
	if ((e->target == IPT_DNAT || e->target == IPT_SNAT) && !e->range.flags)
		return ipt_bad(c,
			       e->target == IPT_DNAT ? "DNAT: option \"--to-destination\" must be specified"
						     : "SNAT: option \"--to-source\" must be specified",
			       NULL);
	if ((e->range.flags & NF_NAT_RANGE_PROTO_SPECIFIED) && e->ip.proto != IPPROTO_TCP &&
	    e->ip.proto != IPPROTO_UDP)
		return ipt_bad(c, "Need TCP, UDP, SCTP or DCCP with port specification", NULL);
	return true;
}

static bool finish_rule(struct ipt_command *c, struct xt_table *table)
{
	struct ipt_entry *e = &c->rule;
	if (*e->ip.iniface && (strcmp(c->chain, "OUTPUT") == 0 || strcmp(c->chain, "POSTROUTING") == 0)) {
		c->status = sh_fail(c->sh, 2, "iptables v1.8.9 (legacy): Can't use -i with %s\n\n" IPT_HINT,
				    c->chain);
		return false;
	}
	if (*e->ip.outiface && (strcmp(c->chain, "INPUT") == 0 || strcmp(c->chain, "PREROUTING") == 0)) {
		c->status = sh_fail(c->sh, 2, "iptables v1.8.9 (legacy): Can't use -o with %s\n\n" IPT_HINT,
				    c->chain);
		return false;
	}
	return finish_target(c, table);
}

/* ---- running ---- */

/* What iptables says of the kernel's errors. */
static int answer(struct ipt_command *c, int err)
{
	static const struct {
		int err;
		const char *text;
	} texts[] = {
		{ ENOENT, "No chain/target/match by that name." },
		{ EEXIST, "Chain already exists." },
		{ EMLINK, "Too many links." },
		{ ENOTEMPTY, "Directory not empty." },
		{ EINVAL, "Invalid argument. Run `dmesg' for more information." },
		{ ELOOP, "Too many levels of symbolic links." },
		{ ENOMEM, "Memory allocation problem." },
	};
	if (!err)
		return 0;
	if (err == -E2BIG)
		return sh_fail(c->sh, 1, "iptables: Index of %s too big.\n",
			       c->command == 'I'   ? "insertion"
			       : c->command == 'D' ? "deletion"
						   : "replacement");
	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (-err == texts[i].err)
			return sh_fail(c->sh, 1, "iptables: %s\n", texts[i].text);
	return sh_fail(c->sh, 1, "iptables: %s.\n", strerrordesc_np(-err));
}

static int no_such_rule(struct ipt_command *c)
{
	return sh_fail(c->sh, 1, "iptables: Bad rule (does a matching rule exist in that chain?).\n");
}

static int change_rule(struct ipt_command *c, struct xt_table *table, struct xt_chain *chain)
{
	unsigned at;
	int err;
	if (c->command == 'D' && c->number)
		return answer(c, ipt_delete_rule(chain, c->number));
	if (!finish_rule(c, table))
		return c->status;
	switch (c->command) {
	case 'A':
	case 'I':
		return answer(c, ipt_insert_rule(table, chain, &c->rule, c->number));
	case 'R':
		if (!c->number)
			return ipt_bad(c, "-R requires a rule number", NULL), c->status;
		err = ipt_delete_rule(chain, c->number);
		return answer(c, err ? err : ipt_insert_rule(table, chain, &c->rule, c->number));
	default: /* 'C', 'D' */
		at = ipt_find_rule(chain, &c->rule);
		if (!at)
			return no_such_rule(c);
		return c->command == 'D' ? answer(c, ipt_delete_rule(chain, at)) : 0;
	}
}

static int set_policy(struct ipt_command *c, struct xt_chain *chain)
{
	if (!chain || !chain->builtin)
		return sh_fail(c->sh, 1, "iptables: Bad built-in chain name.\n");
	if (strcmp(c->name, "ACCEPT") != 0 && strcmp(c->name, "DROP") != 0)
		return sh_fail(c->sh, 1, "iptables: Bad policy name. Run `dmesg' for more information.\n");
	if (strcmp(c->table, "nat") == 0 && c->name[0] == 'D') {
		ipt_bad(c,
			"\nThe \"nat\" table is not intended for filtering, the use of DROP is therefore "
			"inhibited.\n\n",
			NULL);
		return c->status;
	}
	chain->policy = c->name[0] == 'D' ? NF_DROP : NF_ACCEPT;
	chain->pcnt = chain->bcnt = 0;
	return 0;
}

/* -L, -S, -F, -Z, -X: one chain, or all of the table. */
static int each_chain(struct ipt_command *c, struct xt_table *table, struct xt_chain *only)
{
	struct xt_chain *chain, *next;
	struct ipt_entry *e;
	bool first = true;
	int err = 0;
	list_for_each_entry (chain, &table->chains, list) {
		if (c->command != 'S' || (only && chain != only))
			continue;
		if (chain->builtin)
			sh_say(c->sh, "-P %s %s", chain->name, chain->policy == NF_DROP ? "DROP" : "ACCEPT");
		else
			sh_say(c->sh, "-N %s", chain->name);
		if (chain->builtin && c->list.verbose)
			sh_say(c->sh, " -c %llu %llu", (unsigned long long)chain->pcnt,
			       (unsigned long long)chain->bcnt);
		sh_say(c->sh, "\n");
	}
	list_for_each_entry_safe (chain, next, &table->chains, list) {
		if (only && chain != only)
			continue;
		switch (c->command) {
		case 'L':
			if (!first)
				sh_say(c->sh, "\n");
			first = false;
			ipt_list_chain(c->sh, chain, &c->list);
			break;
		case 'S':
			list_for_each_entry (e, &chain->rules, list)
				ipt_save_rule(c->sh, chain, e, c->list.verbose);
			break;
		case 'F':
			ipt_flush_chain(chain);
			break;
		case 'Z':
			ipt_zero_chain(chain);
			break;
		default:
			if ((only || !chain->builtin) && !err)
				err = xt_delete_chain(chain);
			break;
		}
	}
	return answer(c, err);
}

static int rename_chain(struct ipt_command *c, struct xt_table *table, struct xt_chain *chain)
{
	if (chain->builtin)
		return answer(c, -EINVAL);
	if (xt_find_chain(table, c->name))
		return sh_fail(c->sh, 1, "iptables: File exists.\n");
	snprintf(chain->name, sizeof(chain->name), "%s", c->name);
	return 0;
}

static int run(struct ipt_command *c)
{
	struct xt_chain *chain;
	int err;
	struct xt_table *table = xt_find_table_lock(c->sh->host->net, c->table, &err);
	if (!table)
		return sh_fail(
			c->sh, 3,
			"iptables v1.8.9 (legacy): can't initialize iptables table `%s': Table does not "
			"exist "
			"(do you need to insmod?)\nPerhaps iptables or your kernel needs to be upgraded.\n",
			c->table);
	chain = c->chain ? xt_find_chain(table, c->chain) : NULL;
	if (c->command == 'N' || c->command == 'E') {
		const char *name = c->command == 'N' ? c->chain : c->name;
		if (strlen(name) > XT_CHAIN_MAXNAMELEN - 1)
			return ipt_bad(c, "chain name must be under 29 chars:", name), c->status;
	}
	if (c->command == 'N')
		return answer(c, xt_new_chain(table, c->chain));
	if (c->command == 'P')
		return set_policy(c, chain);
	if (c->chain && !chain)
		return answer(c, -ENOENT);
	if (c->command == 'E')
		return rename_chain(c, table, chain);
	return strchr("AIDRC", c->command) ? change_rule(c, table, chain) : each_chain(c, table, chain);
}

int sh_iptables(struct sh *sh)
{
	struct ipt_command c;
	memset(&c, 0, sizeof(c)); /* rules are compared as bytes */
	c.sh = sh;
	c.table = "filter";
	c.rule.spts[1] = c.rule.dpts[1] = 0xffff;
	c.rule.reject_with = IPT_ICMP_PORT_UNREACHABLE;
	c.rule.log_level = 4;
	return read_line(&c) ? run(&c) : c.status;
}
