/*
 * A host's own commands, between the files that have them: lua/host_sh.c (the command line and the list),
 * lua/sh_*.c (a command or a family each).
 *
 * A command writes to `out` and `err` as the real tool does to its standard output and error, and returns the
 * tool's exit status. One that sends packets runs in a program of the host (`program`); the others need none.
 */
#ifndef LUA_SH_H
#define LUA_SH_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/host.h"
#include "stack/kernel/seq_file.h"

#define SH_MAX_WORDS 48

struct program;
struct world;

struct sh {
	struct host *host;
	const struct world *world;
	struct program *program; /* that the command runs in, or NULL */
	bool stream;		 /* the command is the whole program: what it says is the program's output */
	char **words;
	int n;
	struct seq_file out, err;
	/* sh_getopt(): the next word, how many before it are no options, the place in a word of several
	 * letters, the letter's argument */
	int at, skipped;
	const char *cluster, *arg;
	const char *word;	     /* the option was a long one: what is behind "--" */
	char opt;		     /* the letter that is wrong, or lacks its argument */
	const struct sh_long *longs; /* options' long names, up to one without a name; or NULL */
};

struct sh_long {
	const char *name;
	char letter;
};

#define sh_say(sh, ...) seq_printf(&(sh)->out, __VA_ARGS__)
/* Says what is wrong, and returns the status: `return sh_fail(sh, 2, "ping: ...")`. */
#define sh_fail(sh, status, ...) (seq_printf(&(sh)->err, __VA_ARGS__), (status))

/* The next letter, of words that begin with '-', in `letters` ("c:n": c has an argument). 0: the end, `at` is
 * the first word that is no option; '?': no such letter; ':': its argument is missing. Options may come after
 * other words, which are then moved behind them, unless `letters` begins with '+'. */
int sh_getopt(struct sh *sh, const char *letters);
/* What getopt_long() says of an option for which sh_getopt() returned `c`, '?' or ':'. */
void sh_bad_option(struct sh *sh, int c);
/* The nth (from 0) descriptor of a program for the socket with this number of /proc; false: there is none. */
struct sh_owner {
	const char *name;
	uint32_t pid;
	int fd;
};
bool sh_socket_owner(const struct sh *sh, uint32_t inode, unsigned nth, struct sh_owner *o);
/* Where the word stands among `words`; of the NULL behind them when it does not. */
int sh_find(const char *const *words, const char *word);
/* The whole word is a number from min to max. */
bool sh_number(const char *word, long min, long max, long *value);
/* Seconds as "0.2", in nanoseconds. */
bool sh_seconds(const char *word, uint64_t *ns);
/* "10.0.2.0/24", "10.0.2/24" or an address alone (plen 32); "default", "any" and "all" are 0.0.0.0/0. */
bool sh_prefix(const char *word, uint32_t *addr, int *plen);
/* How many bytes an address "52:54:..." has, of which the first six are taken; -1: it is none. */
int sh_mac_bytes(const char *word, uint8_t mac[6]);
bool sh_mac(const char *word, uint8_t mac[6]);
/* "02:00:00:00:00:01" */
struct sh_mac_text {
	char s[18];
};
struct sh_mac_text sh_mac_text(const uint8_t mac[6]);
/* A host's name or an address. */
bool sh_resolve(const struct sh *sh, const char *word, uint32_t *addr);
/* The name of the host with this address; NULL: nobody has it. */
const char *sh_name_of(const struct sh *sh, uint32_t addr);
/* "10.0.2.2" */
struct sh_ip {
	char s[16];
};
struct sh_ip sh_ip(uint32_t addr);
/* "http" of "tcp", else the number. */
struct sh_port {
	char s[16];
};
struct sh_port sh_port(const char *protocol, unsigned port, bool numeric);
/* The port of a service's name. */
bool sh_service(const char *word, long *port);
/* Whole output so far becomes the program's when the command is the program. */
void sh_flush(struct sh *sh);

/* ---- the commands ---- */
int sh_ip_command(struct sh *sh);
int sh_route(struct sh *sh);
int sh_arp(struct sh *sh);
int sh_iptables(struct sh *sh);
int sh_netstat(struct sh *sh);
int sh_ss(struct sh *sh);
int sh_ethtool(struct sh *sh);
int sh_sysctl(struct sh *sh);
int sh_dmesg(struct sh *sh);
int sh_cat(struct sh *sh);
int sh_echo(struct sh *sh);
int sh_ping(struct sh *sh);
int sh_tc(struct sh *sh);
int sh_traceroute(struct sh *sh);

/* For sh_route() and sh_netstat(): `netstat -r` is `route -e`. extended: how many -e. */
int sh_list_routes(struct sh *sh, bool numeric, int extended);
int sh_list_cache(struct sh *sh, int extended); /* headings: there is no cache */
int sh_list_routes6(struct sh *sh);		/* nor a route of IPv6 */

#endif
