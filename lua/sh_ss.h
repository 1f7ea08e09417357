/* ss's files: sh_ss.c, and sh_ss_filter.c for its expressions. */
#ifndef LUA_SH_SS_H
#define LUA_SH_SS_H

#include "lua/sh.h"

#define SS_FILTER_TOKENS 64

struct sock_common;

struct ss_filter {
	char text[512], *token[SS_FILTER_TOKENS];
	int n; /* 0: everything passes */
	struct net *net;
};

/* Reads the words of an expression: `dport = :80 or ( src 10.0.0.0/8 and not dst :53 )`. -EINVAL: it is none,
 * -EDESTADDRREQ: a word of it is no address, port or device, which has been said. */
int ss_filter_parse(struct ss_filter *f, struct sh *sh, char *const *words, int n);
bool ss_filter(const struct ss_filter *f, const struct sock_common *c);

#endif
