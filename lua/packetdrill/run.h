/*
 * One script against one host. Private to this folder.
 *
 * The host has one FTGMAC100 card; the other end of its cable is the interpreter, which injects frames and
 * takes what the host sends. Script time 0 lies PD_PHASE behind a tick of the host, as the original tool has
 * it.
 *
 * Order at one instant: what the script does comes before the host's own timers.
 */
#ifndef LUA_PACKETDRILL_RUN_H
#define LUA_PACKETDRILL_RUN_H

#include "core/host.h"
#include "core/link.h"
#include "lua/packetdrill/script.h"
#include "lua/world.h"

#define PD_PHASE (250 * NSEC_PER_USEC)
#define PD_TURN_AROUND 10 /* us: from a packet to its answer at the same time */
#define PD_MAX_FD 1024
#define PD_MAX_CONNS 64
#define PD_PATIENCE 2000000 /* us that an expected packet may be late before nobody waits for it any more */
#define PD_FOREVER (86400 * NSEC_PER_SEC) /* what has not come after a day of a host's timers never will */

/* ---- what can be set by --name=value, in the script or on the command line ---- */

struct pd_define {
	const char *name, *value;
	struct pd_define *next;
};

struct pd_config {
	uint32_t local_ip, remote_ip, gateway_ip; /* network byte order */
	int prefix;
	int mtu, mss; /* mss 0: not given */
	int bind_port, connect_port;
	int64_t tolerance_usecs;
	int tolerance_percent_x10;
	int64_t ts_tick_usecs; /* 0: outbound time stamps are not checked */
	bool ts_ecr_scaled, strict_segments;
	bool exact; /* --exact: times are met to the microsecond */
	uint64_t seed;
	struct pd_define *defines;
	const char *md5_secret; /* --tcp_md5_secret; NULL: none */
};

void pd_config_init(struct pd_config *c);
/* NULL, or what is wrong with the setting. Text is not copied. */
const char *pd_config_set(struct pd_config *c, struct pd_pool *pool, const char *name, const char *value);

/* What the name stands for: by --define, or else as the runners of the public suites have it; NULL: nothing.
 */
const char *pd_defined(const struct pd_config *c, const char *name);

/* ---- a run ---- */

/* A segment that the host has sent. */
struct pd_frame {
	struct pd_frame *next;
	uint64_t time; /* ns */
	uint32_t len;
	uint8_t data[]; /* from the IP header on */
};

/* Script value of an outbound time stamp, and the host's. */
struct pd_stamp {
	uint32_t script, live;
};

enum pd_conn_state { PD_CONN_NEW, PD_CONN_LISTENING, PD_CONN_ACTIVE, PD_CONN_PASSIVE };

/* A socket of the script and, once there are packets, its connection. */
struct pd_conn {
	enum pd_conn_state state;
	bool udp;
	int fd; /* the host's; -1: not accepted yet */
	uint16_t local_port, remote_port;
	bool have_local_isn, have_remote_isn;
	bool disconnected; /* by connect(AF_UNSPEC): the socket's next connection is another one */
	uint32_t script_local_isn, live_local_isn, script_remote_isn, live_remote_isn;
	struct pd_stamp *stamps;
	unsigned nr_stamps, cap_stamps;
};

/* A task of the host that makes the script's calls; the second one makes those that block. */
struct pd_caller {
	struct pd_run *run;
	struct task_struct *tsk;
	const struct pd_event *event; /* at hand, NULL: none */
	bool done;
	long result;
	int64_t started, ended; /* us */
	char error[512];	/* what was wrong with its result; "" when nothing */
};

struct pd_run {
	struct pd_script *script;
	struct pd_config config;
	struct sim *sim;
	struct world world;
	struct host *host;
	struct pd_tun *tun;
	struct node node; /* of the interpreter */
	struct port port;
	struct event stop; /* brings the engine to a halt at a time of the script */
	struct pd_caller callers[2];
	uint64_t start;	   /* ns of script time 0 */
	int64_t base;	   /* us: what relative times count from */
	int64_t calls;	   /* made so far */
	int64_t sent_by;   /* the call with the first packet since one was looked at or injected; -1: none yet
			    */
	int64_t waited;	   /* calls that followed until it was looked at; since the last injected packet */
	int64_t looked_at; /* us: when the last expected packet had been sent; -1: never */
	struct pd_frame *frames, **frames_tail;
	struct pd_conn conns[PD_MAX_CONNS];
	unsigned nr_conns, current; /* current: the connection under test */
	uint16_t next_remote_port;
	int fds[PD_MAX_FD]; /* the script's -> the host's; -1 none */
	struct script_code *code;
	char *nstat;		      /* the counters when nstat was called last, a line each; NULL: never */
	const struct pd_event *event; /* at hand */
	int64_t event_time, last_event_time; /* us: scheduled */
	bool failed, unsupported;
	char message[2048];
};

/* Runs the script of `run` (script and config are set). True: passed. Else run->message tells. `trace`: a
 * file for the trace, or NULL. */
bool pd_run_script(struct pd_run *run, const char *trace);

/* Notes the first failure of the event at hand; returns false. */
bool pd_fail(struct pd_run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Script time in us, rounded down. */
static inline int64_t pd_now(const struct pd_run *run)
{
	return (int64_t)((run->sim->now - run->start) / NSEC_PER_USEC);
}

/* ---- packets (tun.c, wire.c, match.c) ---- */

struct net_device;
bool pd_be_tun(struct pd_run *run, struct net_device *dev);

bool pd_wire_init(struct pd_run *run);
void pd_wire_free(struct pd_run *run);
/* The host has sent an IP packet. */
void pd_host_sent(struct pd_run *run, const void *packet, uint32_t len);
/* Sends the packet into the host and lets the host deal with it. */
bool pd_inject(struct pd_run *run, const struct pd_packet *p);
/* Compares the first frames that the host sent with what is expected; more are waited for where the segments
 * of a large packet are still to come. */
bool pd_match(struct pd_run *run, const struct pd_event *e, uint64_t deadline, int64_t *time);
/* Waits for a frame until `deadline` (ns). */
struct pd_frame *pd_next_frame(struct pd_run *run, uint64_t deadline);
struct pd_conn *pd_new_conn(struct pd_run *run, int fd);
struct pd_conn *pd_conn_of_fd(struct pd_run *run, int fd);
uint16_t pd_checksum(const void *data, uint32_t len, uint32_t sum);
uint32_t pd_pseudo_sum(uint32_t saddr, uint32_t daddr, uint8_t proto, uint32_t len);
/* The numbers of the ICMP message that a line names. */
bool pd_icmp_type_code(struct pd_run *run, const struct pd_packet *p, uint8_t *type, uint8_t *code);
/* Decodes "a1b2.." or a defined name; -1 when it is no even number of hex digits that fits. */
int pd_hex(const struct pd_run *run, const char *text, uint8_t *out, unsigned max);

/* Whether a packet's TCP-MD5 signature is good; signs the headers of one with `len` zero bytes (md5.c). */
bool pd_md5_check(const struct pd_run *run, const void *packet);
void pd_md5_sign(const struct pd_run *run, void *headers, uint32_t len);

/* ---- calls (calls.c, messages.c, symbols.c) ---- */

bool pd_callers_init(struct pd_run *run);
/* Makes an event's call; for %{ code }%, looks at the socket under test. */
bool pd_call(struct pd_run *run, const struct pd_event *e, int64_t start);
/* Ends the blocking call: it must have returned in time. */
bool pd_reap_blocking(struct pd_run *run, bool wait);

struct pd_symbol {
	const char *name;
	int64_t value;
};
bool pd_symbol(const struct pd_run *run, const char *name, int64_t *value);

/* ---- code and commands (code.c, shell.c) ---- */

bool pd_code(struct pd_run *run, const struct pd_event *e);
void pd_code_free(struct pd_run *run);
bool pd_shell(struct pd_run *run, const char *text);

#endif
