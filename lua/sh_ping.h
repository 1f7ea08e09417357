/* The `ping` command, between its files: sh_ping.c (options, start), sh_ping_run.c (packets, the loop),
 * sh_ping_say.c (what it says). */
#ifndef LUA_SH_PING_H
#define LUA_SH_PING_H

#include "lua/sh_net.h"

#define ICMP_HEADER 8
#define OPTION_BYTES 40			 /* what -R and -T add to the IP header */
#define MAX_PACKET 0xffff		 /* of ICMP header and data, that can be given to the kernel at all */
#define FLOOD_PAUSE (10 * NSEC_PER_MSEC) /* between packets that nobody answers */

struct ping {
	struct sh_net net;
	int fd;
	const char *target, *device; /* -I DEV */
	uint32_t dst, source;
	bool bound; /* -I ADDR */
	bool four, six, numeric, quiet, broadcast, flood, adaptive, audible, dates, outstanding, sticky,
		no_loop, direct, verbose;
	uint8_t options[OPTION_BYTES]; /* IP options: -R, -T, a source route */
	unsigned options_len;
	int hops; /* destinations before the last one */
	uint32_t hop[9];
	const char *stamps; /* -T */
	long count, size, ttl, mtu_mode, tos, preload, sndbuf, mark, id;
	uint64_t interval, linger, deadline;
	uint8_t pattern[16];
	unsigned pattern_len;
	/* what happened */
	long sent, received, repeats, errors;
	unsigned acked, pipe; /* sequence number, the most that were under way at once */
	uint64_t begun, last_sent, tokens;
	uint64_t sum, sum2, min, max, rtt8; /* us; rtt8: the smoothed time times 8 */
	unsigned route_len;		    /* the last recorded route */
	uint8_t route[OPTION_BYTES];
	uint8_t seen[65536 / 8], packet[MAX_PACKET], answer[MAX_PACKET];
};

/* ---- sh_ping_run.c ---- */

/* Sends and receives until it is over. */
void ping_loop(struct ping *p);

/* ---- sh_ping_say.c ---- */

void ping_say_heading(struct ping *p);
void ping_say_error(struct ping *p, uint32_t offender, unsigned seq, const struct sock_extended_err *ee);
/* A reply of `len` bytes; us: its round trip, if there is a time in it. */
void ping_say_reply(struct ping *p, long len, const struct net_message *m, unsigned seq, uint64_t us,
		    bool repeated);
/* With -D: the time before a line. */
void ping_say_date(struct ping *p);
/* The summary. */
void ping_say_end(struct ping *p);

#endif
