/*
 * A packetdrill script in memory: options, timed events, and what they hold.
 *
 * Text and nodes lie in a pool that is freed as one. Times are microseconds. Nothing here is resolved: words
 * stay words, and what they mean is looked up when the script runs (symbols.h), since --define can change it.
 */
#ifndef LUA_PACKETDRILL_SCRIPT_H
#define LUA_PACKETDRILL_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- memory ---- */

struct pd_pool {
	struct pd_block *blocks;
};

void *pd_alloc(struct pd_pool *pool,
	       size_t size); /* zeroed; never NULL: ends the program when memory is out */
char *pd_strndup(struct pd_pool *pool, const char *s, size_t n);
void pd_pool_free(struct pd_pool *pool);

/* ---- expressions: arguments and results of system calls ---- */

enum pd_expr_kind {
	PD_INTEGER,  /* num */
	PD_WORD,     /* str: O_RDWR */
	PD_STRING,   /* str, without its quotes */
	PD_ELLIPSIS, /* ... */
	PD_OR,	     /* items[0] | items[1] */
	PD_LIST,     /* [a, b] */
	PD_STRUCT,   /* {a, name=b, name(hint)=c} */
	PD_CALL,     /* str(items): htons(8080), inet_addr("192.0.2.1") */
	PD_FIELD,    /* in a struct: str=items[0]; a hint in brackets is items[1] */
};

struct pd_expr {
	enum pd_expr_kind kind;
	int64_t num;
	const char *str; /* of a string num bytes, which may be any */
	struct pd_expr **items;
	unsigned n;
};

/* ---- packets ---- */

enum pd_tcp_option {
	PD_OPT_EOL = 0,
	PD_OPT_NOP = 1,
	PD_OPT_MSS = 2,
	PD_OPT_WSCALE = 3,
	PD_OPT_SACKOK = 4,
	PD_OPT_SACK = 5,
	PD_OPT_TS = 8,
	PD_OPT_MD5 = 19,
	PD_OPT_FO = 34,
	PD_OPT_EXP = 254, /* FOEXP: experimental option with Fast Open's magic number */
};

struct pd_option {
	uint8_t kind;
	uint32_t value, ecr; /* MSS, shift; TS val and ecr */
	uint32_t sack[8];    /* left, right, ... */
	uint8_t nr_sack;     /* blocks */
	const char *cookie;  /* FO, FOEXP, md5: a word or hex digits; NULL: none */
};

#define PD_MAX_OPTIONS 40

enum pd_ecn { PD_ECN_ANY, PD_ECN_NONE, PD_ECN_ECT0, PD_ECN_ECT1, PD_ECN_CE, PD_ECN_ECT01 };

enum pd_protocol { PD_TCP = 6, PD_UDP = 17, PD_ICMP = 1 }; /* numbers as on the wire */

struct pd_packet {
	bool inbound;
	enum pd_protocol proto;
	/* IP */
	enum pd_ecn ecn;
	int tos, ttl;	  /* -1: not given */
	int sport, dport; /* 0: not given */
	uint8_t flags;	  /* TCP's eight, as on the wire */
	uint32_t seq, ack;
	uint32_t len;	  /* of the payload */
	int32_t win;	  /* -1: not given */
	int32_t urg;	  /* -1: not given */
	bool any_options; /* <...> */
	struct pd_option options[PD_MAX_OPTIONS];
	unsigned nr_options;
	/* ICMP: type and code are words or numbers; seq and len are those of the quoted segment or datagram
	 */
	struct pd_expr *icmp_type, *icmp_code;
	int64_t mtu, echo_id;	 /* -1: not given */
	enum pd_protocol quotes; /* [seq:end(len)], [udp (len)]; 0: not given */
	bool whole;		 /* (len): of the message, without a quotation */
};

/* ---- events ---- */

enum pd_time_kind { PD_ABSOLUTE, PD_RELATIVE, PD_ANY_TIME, PD_RANGE_ABSOLUTE, PD_RANGE_RELATIVE };

enum pd_event_kind { PD_PACKET, PD_SYSCALL, PD_COMMAND, PD_CODE };

struct pd_syscall {
	const char *name;
	struct pd_expr **args;
	unsigned nr_args;
	bool blocking;
	int64_t end;		/* blocking: expected end, of the same kind as the start */
	struct pd_expr *result; /* NULL: not checked */
	const char *error;	/* "EAGAIN", or NULL */
};

struct pd_event {
	enum pd_event_kind kind;
	unsigned line, last_line;
	enum pd_time_kind time_kind;
	int64_t time, time_end; /* us */
	struct pd_packet *packet;
	struct pd_syscall *call;
	const char *text;   /* command or code */
	const char *source; /* the event as the script has it, for messages */
	struct pd_event *next;
};

struct pd_setting {
	const char *name, *value; /* "tolerance_usecs", "4000"; value NULL: a flag */
	unsigned line;
	struct pd_setting *next;
};

struct pd_script {
	struct pd_pool *pool;
	const char *file;
	struct pd_setting *settings;
	const char *init_command, *cleanup_command;
	unsigned init_line, cleanup_line;
	struct pd_event *events;
};

/*
 * Parses the text of a script. False with "FILE:LINE: message" in `err`; *unsupported says whether the script
 * uses something of the language that is known but not to be had here.
 */
bool pd_parse(struct pd_script *script, const char *text, char *err, unsigned errlen, bool *unsupported);

#endif
