/* The `ip` command, between its files: sh_ip.c (options, objects), sh_ip_neigh.c, sh_ip_link.c, sh_ip_addr.c,
 * sh_ip_route.c. */
#ifndef LUA_SH_IP_H
#define LUA_SH_IP_H

#include "lua/sh.h"

struct net_device;

/* "eth0", "eth0.5@eth0" */
struct ip_dev_name {
	char s[40];
};

struct ip {
	struct sh *sh;
	int stats; /* how many -s */
	bool details, brief, oneline, inet_only, link_only,
		no_family; /* no_family: one of which there is nothing */
	unsigned human;	   /* -h, -iec: 1000 or 1024; 0: whole numbers */
	char **argv;	   /* what follows the object */
	int argc;
};

/* `word` abbreviates `full`. */
bool ip_matches(const char *word, const char *full);
/* The word after argv[i]; NULL, with the message said: there is none. */
const char *ip_next(struct ip *ip, int *i);
/* "Command line is not complete", and so on: what they say, and their status. */
int ip_incomplete(struct ip *ip);
int ip_unknown(struct ip *ip, const char *object, const char *word);
int ip_bad_prefix(struct ip *ip, const char *word);
/* argument "VALUE" is wrong: WHAT */
int ip_bad_value(struct ip *ip, const char *value, const char *what);
/* WHAT was said before, or is no such thing. */
int ip_garbage(struct ip *ip, const char *what, const char *word);
/* What the kernel's answer is called; the status. */
int ip_answer(struct ip *ip, int err);
/* What `ip -s ... flush` says of n entries that are gone. */
void ip_say_flush(struct ip *ip, int n, const char *entries);
/* The end of a line: with -o a backslash when it goes on. */
const char *ip_nl(const struct ip *ip);
struct net_device *ip_find_dev(struct ip *ip, const char *name);

const char *ip_operstate(const struct net_device *dev);
struct ip_dev_name ip_full_name(const struct net_device *dev);
/* "2: eth0: <...> mtu 1500 ..." and the line with the address, without the end of the line. */
void ip_link_lines(struct ip *ip, const struct net_device *dev, bool mode);
void ip_link_stats(struct ip *ip, struct net_device *dev);

int ip_link(struct ip *ip);
int ip_neigh(struct ip *ip);
int ip_address(struct ip *ip);
const char *ip_scope_name(uint8_t scope);	       /* RT_SCOPE_* */
bool ip_scope_value(const char *word, uint8_t *scope); /* a name or a number; false: it is none */
int ip_route(struct ip *ip);

#endif
