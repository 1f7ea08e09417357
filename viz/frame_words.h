/*
 * Frames in the words of tcpdump -n: from the first bytes that a trace keeps of each.
 *
 * frame_parse() takes the headers apart. Sequence numbers are told from the beginning of their connection, a
 * SYN's too, which needs the frames in order of time: frame_follow() gives each its bases, frame_words() the
 * words. Programs' protocols inside UDP and TCP are not looked at.
 */
#ifndef VIZ_FRAME_WORDS_H
#define VIZ_FRAME_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The headers. `b` are the bytes that are there, `n` of `len`. */
struct frame_head {
	const uint8_t *b;
	unsigned n, len;
	uint16_t type; /* of the payload, behind a VLAN tag */
	uint16_t vlan; /* tag control; 0 none */
	unsigned ip;   /* offset of the IPv4 header, 0 none; then: */
	uint8_t proto;
	uint32_t saddr, daddr;
	uint16_t frag_at;    /* bytes of the packet before this fragment */
	bool more;	     /* fragments follow */
	unsigned l4, l4_len; /* offset, and bytes that the IP header tells of; l4 is 0 in all but the first
				fragment */
	/* TCP and UDP: */
	uint16_t sport, dport;
	/* TCP: */
	uint32_t seq, ack;
	uint8_t flags;		   /* FRAME_FIN ... */
	unsigned payload, options; /* bytes; of options those that are there */
};

enum { FRAME_FIN = 1, FRAME_SYN = 2, FRAME_RST = 4, FRAME_PSH = 8, FRAME_ACK = 16, FRAME_URG = 32 };
enum { FRAME_ICMP = 1, FRAME_IGMP = 2, FRAME_TCP = 6, FRAME_UDP = 17 };

/* What the frames before tell about this one. */
struct frame_bases {
	uint32_t seq, ack; /* numbers of the SYNs, or what was first seen */
	bool resent;	   /* this host has sent these bytes before */
};

struct frame_follower;

void frame_parse(struct frame_head *h, const uint8_t *b, unsigned n, unsigned len);

struct frame_follower *frame_follower_new(void); /* NULL: no memory */
void frame_follower_free(struct frame_follower *f);
/* Of frames sent by `host`, in order of time. False: no memory. */
bool frame_follow(struct frame_follower *f, uint32_t host, const struct frame_head *h,
		  struct frame_bases *bases);

/* "IP 10.0.2.15.1024 > 10.0.2.2.80: ", or "" where tcpdump has nothing of the kind. */
void frame_who(const struct frame_head *h, char *buf, unsigned len);
/* "Flags [S], seq 0, win 64240, ...". `brief`: of TCP's options only those that say something. */
void frame_words(const struct frame_head *h, const struct frame_bases *bases, bool brief, char *buf,
		 unsigned len);

#endif
