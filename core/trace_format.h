/*
 * The trace file, written by core/trace.c and read by viz/.
 *
 * Little-endian. A header, then chunks: a type, the length of what follows, the payload padded with zeros
 * to 8 bytes. The definitions that a chunk of records needs (functions, hosts, tasks, strings) come before
 * it, so a file that was cut off shows everything before the cut; a whole file ends with an END chunk.
 *
 *   FNS   u32 count, then per function in order of rank: u32 contexts, u32 kind, name\0 file\0 what\0
 *   DROP  u32 count, then per reason: u32 number, text\0
 *   HOST  u32 host, name\0
 *   SWCH  u32 number among the hosts, name\0: a switch
 *   TASK  u32 host, u32 pid, name\0
 *   STR   u32 host, u32 id, text\0
 *   SUBJ  u32 host, u32 kind (enum trace_subject), u32 number, name\0; the last one holds, for the whole run
 *   REC   u32 host, u32 count, u64 time before the first record, then count struct trace_rec
 *   END   u64 records in all, u64 digest of them
 */
#ifndef CORE_TRACE_FORMAT_H
#define CORE_TRACE_FORMAT_H

#include <stdint.h>

#define TRACE_MAGIC "WPTRACE"
#define TRACE_VERSION 2

struct trace_file_header {
	char magic[8];
	uint32_t version;
	uint32_t filtered; /* 1: a filter was on, so the records are not the whole run */
};

#define TRACE_TAG(a, b, c, d) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)
enum trace_chunk_type {
	CHUNK_FNS = TRACE_TAG('F', 'N', 'S', ' '),
	CHUNK_DROP = TRACE_TAG('D', 'R', 'O', 'P'),
	CHUNK_HOST = TRACE_TAG('H', 'O', 'S', 'T'),
	CHUNK_SWITCH = TRACE_TAG('S', 'W', 'C', 'H'),
	CHUNK_TASK = TRACE_TAG('T', 'A', 'S', 'K'),
	CHUNK_STR = TRACE_TAG('S', 'T', 'R', ' '),
	CHUNK_SUBJ = TRACE_TAG('S', 'U', 'B', 'J'),
	CHUNK_REC = TRACE_TAG('R', 'E', 'C', ' '),
	CHUNK_END = TRACE_TAG('E', 'N', 'D', ' '),
};

struct trace_chunk {
	uint32_t type; /* enum trace_chunk_type */
	uint32_t len;  /* bytes of payload, without padding */
};

#endif
