/*
 * The captured frames of a run folder in memory: all *.pcapng of its network cards, by host and in order of
 * time. What a program captured inside a host (*.tap.pcapng) is left out: the same frames again.
 */
#ifndef VIZ_CAPTURE_READ_H
#define VIZ_CAPTURE_READ_H

#include "viz/trace_read.h"

struct viz_frame {
	uint64_t time;
	uint32_t host; /* index in the trace */
	uint32_t len;
	const uint8_t *data;
	uint16_t ifname; /* index in viz_captures.ifnames */
	bool out;	 /* sent, not received */
	bool damaged;	 /* carries a comment: wrong frame check sequence */
	bool used;	 /* the reader's, who matches frames with records */
};

struct viz_captures {
	struct viz_frame *frames; /* in order of host, direction, time, length; equal ones as captured */
	uint32_t n, cap;
	char **ifnames; /* "client/eth0" */
	uint32_t nr_ifnames;
	struct viz_capture_file {
		uint8_t *map;
		size_t size;
	} * files;
	uint32_t nr_files;
	bool truncated; /* a file was cut off, or holds what is no capture of ours: read up to there */
};

/* Reads the captures of the run folder DIR; none is no error. 0, or -1 with a message. */
int viz_captures_open(struct viz_captures *c, const struct viz_trace *t, const char *dir, char *err,
		      unsigned errlen);
void viz_captures_close(struct viz_captures *c);

/*
 * The frame that a record is about: of this host and direction, at this time, of this length, of the card
 * that is called `card` ("eth0"; NULL: of any), not yet handed out. NULL: it was not captured.
 */
const struct viz_frame *viz_captures_take(struct viz_captures *c, uint32_t host, bool out, uint64_t time,
					  uint32_t len, const char *card);

#endif
