/*
 * A host on a cable whose other end is the fuzzer: it puts frames in and remembers what comes out.
 *
 * The host is 10.0.0.1/24 with the gateway 10.0.0.2. The fuzzer is every other address of the net.
 */
#ifndef TESTS_FUZZ_BED_H
#define TESTS_FUZZ_BED_H

#include "core/host.h"
#include "core/link.h"
#include "lua/world.h"
#include "tests/fuzz/fuzz.h"

#define BED_SENT 16 /* of the host's last frames are remembered */
#define BED_SENT_MAX 160
#define BED_MAC_PEER "\x02\0\0\0\0\x02"

struct bed_frame {
	unsigned len; /* of the frame; at most BED_SENT_MAX bytes are kept */
	uint8_t data[BED_SENT_MAX];
};

struct bed {
	struct sim *sim;
	struct world world;
	struct world_host *wh;
	struct host *host;
	struct node node; /* the fuzzer's end */
	struct port port;
	struct world_link *link;
	struct bed_frame sent[BED_SENT]; /* by the host; nr_sent counts on */
	unsigned nr_sent, polls;
	uint16_t next_id;
};

/* Makes the world and lets the link come up. Whether the card vouches for checksums: then segments are
 * merged. Whether the trace is on: what it tells of each object is evaluated only then. */
void bed_init(struct bed *b, bool rx_checksums, bool traced);
/* Takes it down; a fault, a leak or a packet that is not accounted for is a bug. */
void bed_free(struct bed *b);

/* Lets virtual time pass, house-keeping included. */
void bed_run(struct bed *b, uint64_t ns);

/* A line for the host's shell, unless its command takes time. One that fails without a word is a bug. */
void bed_shell(struct bed *b, const char *line);

/* Puts a frame into the cable; short ones are padded as a sender's card does. */
void bed_send(struct bed *b, const void *frame, unsigned len);

/* The i-th last frame that the host sent, or NULL. */
const struct bed_frame *bed_sent(const struct bed *b, unsigned i);

/* Builds a frame from the input and sends it: TCP, UDP, ICMP, IGMP, ARP, fragments, with right checksums and
 * numbers taken from what the host sent, mostly. */
void bed_packet(struct bed *b, struct input *in);

/* Puts right what checksums an Ethernet frame has. */
void bed_fix_sums(uint8_t *frame, unsigned len);

#endif
