/*
 * Captures: a writer of pcapng files (nanoseconds of virtual time, packet comments) and the capture
 * points that ports have.
 *
 * The file is written in whole blocks only, so what lies on the disk can be read at any moment, also
 * after a run that was killed. Nothing of the real machine goes in: same run, same bytes.
 */
#ifndef CORE_PCAPNG_H
#define CORE_PCAPNG_H

#include <stdbool.h>
#include <stdint.h>

struct frame;
struct pcapng;

enum pcapng_dir { PCAPNG_DIR_NONE, PCAPNG_IN, PCAPNG_OUT };

/* Creates the file. NULL on failure, with a line in `err`. */
struct pcapng *pcapng_create(const char *path, char *err, unsigned errlen);

/* Declares an Ethernet interface ("client/eth0"; `speed` in bits/s, 0: unknown). Returns its number or -1. */
int pcapng_add_interface(struct pcapng *p, const char *name, uint64_t speed);

/* Adds a packet. `id` tells where else it was captured (its journey; 0: not known), `len` bytes of `orig_len`
 * are kept, `comment` may be NULL. False after a write error. */
bool pcapng_packet(struct pcapng *p, uint32_t interface, uint64_t when, enum pcapng_dir dir, uint64_t id,
		   const void *data, uint32_t len, uint32_t orig_len, const char *comment);

/* Writes out what is buffered. False: some write failed since the file was created. */
bool pcapng_flush(struct pcapng *p);

/* Flushes, closes and frees. False when anything could not be written. NULL is allowed. */
bool pcapng_close(struct pcapng *p);

/* ---- a port's capture point; several may share a file ---- */

struct capture {
	struct pcapng *file;
	uint32_t interface;
};

/* One file with one interface, for port->capture. */
struct capture *capture_open(const char *path, const char *ifname, uint64_t speed, char *err,
			     unsigned errlen);
void capture_frame(struct capture *c, uint64_t when, const struct frame *f, enum pcapng_dir dir);
bool capture_close(struct capture *c); /* closes the file too; NULL is allowed */

#endif
