/*
 * Writing of a snapshot: lines of snapshots.jsonl, and the numbers by which they name objects.
 *
 * Nothing here calls a traced function, takes memory of the host or writes to an object: the run goes on as
 * if nobody had looked. Addresses of this process never get into the file; an object's number is its place in
 * the order in which the host's objects of its kind were met.
 */
#ifndef LUA_SNAPSHOT_WRITE_H
#define LUA_SNAPSHOT_WRITE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct host;
struct sk_buff;
struct sk_buff_head;
struct sock;
struct world_host;

enum snap_kind { SNAP_SKB, SNAP_BUFFER, SNAP_SOCK, SNAP_SOCKET, SNAP_FILE, SNAP_KINDS };

/* One host in one snapshot. */
struct snap {
	FILE *file;
	const struct host *host;
	uint32_t count[SNAP_KINDS]; /* numbers given out */
	struct snap_id {
		const void *ptr; /* NULL: free */
		uint32_t kind, id;
	} * ids; /* open addressing */
	uint32_t nr_ids, nr_slots;
	bool no_memory;
};

void snap_init(struct snap *s, FILE *file, const struct host *host);
void snap_free(struct snap *s);

/* The number of an object, from 1; 0 for NULL. `*is_new`: it has just got it. */
uint32_t snap_id(struct snap *s, enum snap_kind kind, const void *ptr, bool *is_new);

/* ---- one line: {"is":"skb","id":3,...} ---- */

void snap_begin(FILE *f, const char *is);
void snap_number(FILE *f, const char *key, int64_t value);
void snap_text(FILE *f, const char *key, const char *value);
void snap_address(FILE *f, const char *key, uint32_t value);		   /* "0x80001000" */
void snap_ip_port(FILE *f, const char *key, uint32_t addr, unsigned port); /* network and host byte order */
void snap_end(FILE *f);

/* ---- objects, each with what hangs off it ---- */

/* Where a packet is held: "sk_write_queue" of sock 3, at place 0. */
struct snap_place {
	const char *in;
	uint32_t sock; /* 0: not a sock's */
	const char *dev;
	uint32_t place;
	bool tcp; /* a queue of TCP: the packet has sequence numbers */
};

/* Writes a packet unless it was written before; its number. NULL: 0. */
uint32_t snap_skb(struct snap *s, const struct sk_buff *skb, const struct snap_place *at);
/* The other one of a pair made at once (alloc_skb_fclone()), when both are in use and share their data; or
 * NULL. */
const struct sk_buff *snap_skb_pair(const struct sk_buff *skb);
/* All of a queue; a sock that is being made may have none yet. */
void snap_skb_queue(struct snap *s, const struct sk_buff_head *queue, struct snap_place at);

void snap_socks(struct snap *s);
uint32_t snap_sock_id(struct snap *s, const struct sock *sk);
void snap_files(struct snap *s);
void snap_devices(struct snap *s, const struct world_host *wh);
void snap_neighbours(struct snap *s);

#endif
