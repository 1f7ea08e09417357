/*
 * W1: bulk TCP between two hosts, everything real: system calls, checksums, rings, DMA, ACKs.
 *
 *	bench_bulk [-b BYTES] [-t FILE | -d] [-l DELAY_US] [-r MBIT]
 *
 * One connection carries BYTES (default 1,000,000,000) at 1 Gbit/s and 50 us. Prints user CPU time a frame
 * and link, counting the frames of both directions that the cards put on the wire, and how often malloc was
 * called while the transfer was in its steady state (none is the aim). -t FILE: with the trace written to
 * FILE (DESIGN 8: at most twice the time); -d: recorded and digested, not written.
 *
 * Instructions a frame, which repeat exactly (the start is in them, so take the difference of two sizes):
 *
 *	valgrind --tool=callgrind --callgrind-out-file=/dev/null bench_bulk -b 10000000
 *	valgrind --tool=callgrind --callgrind-out-file=/dev/null bench_bulk -b 20000000
 */
#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/host.h"
#include "core/link.h"
#include "lua/world.h"
#include "nic-model/ftgmac100.h"
#include "stack/application/syscalls.h"
#include "stack/kernel/sched.h"

#define CHUNK 65536u
#define PORT 5001

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);

struct bulk {
	uint64_t bytes, received, sent;
	uint64_t from, to; /* the steady state: bytes received */
	uint64_t mallocs_from, mallocs_to;
	struct task_struct *client, *server;
	const char *failed;
	long error;
};

/* ---- counting malloc ---- */

/* The only variable of the program outside a function: malloc() has no argument to hang it on. */
static uint64_t mallocs;

#if !defined(__SANITIZE_ADDRESS__)
void *malloc(size_t size)
{
	mallocs++;
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	mallocs++;
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	mallocs++;
	return __libc_realloc(p, size);
}
#endif

/* ---- the programs ---- */

static bool ok(struct bulk *b, const char *what, long r)
{
	if (r >= 0)
		return true;
	if (!b->failed) {
		b->failed = what;
		b->error = r;
	}
	return false;
}

static struct sockaddr_in address(const char *ip)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(PORT) };

	inet_pton(AF_INET, ip, &a.sin_addr);
	return a;
}

static void serve(struct bulk *b, int fd)
{
	static const struct sockaddr_in any = { .sin_family = AF_INET,
						.sin_port = PORT >> 8 | (PORT & 0xff) << 8 };
	struct task_struct *tsk = b->server;
	char *buf = malloc(CHUNK);
	long r, conn;

	if (ok(b, "bind", sys_bind(tsk, fd, (const struct sockaddr *)&any, sizeof(any))) &&
	    ok(b, "listen", sys_listen(tsk, fd, 8)) &&
	    ok(b, "accept", conn = sys_accept(tsk, fd, NULL, NULL))) {
		while (ok(b, "read", r = sys_read(tsk, (unsigned)conn, buf, CHUNK)) && r > 0) {
			b->received += (uint64_t)r;
			if (!b->mallocs_from && b->received >= b->from)
				b->mallocs_from = mallocs;
			if (!b->mallocs_to && b->received >= b->to)
				b->mallocs_to = mallocs;
		}
		sys_close(tsk, (unsigned)conn);
	}
	free(buf);
}

static void server(void *arg)
{
	struct bulk *b = arg;
	long fd = sys_socket(b->server, AF_INET, SOCK_STREAM, 0);

	if (!ok(b, "socket", fd))
		return;
	serve(b, (int)fd);
	sys_close(b->server, (unsigned)fd);
}

static void client(void *arg)
{
	struct bulk *b = arg;
	struct sockaddr_in to = address("10.0.0.2");
	long fd = sys_socket(b->client, AF_INET, SOCK_STREAM, 0), r = 0;
	char *buf = malloc(CHUNK);

	for (unsigned i = 0; i < CHUNK; i++)
		buf[i] = (char)(i * 7 + i / 256);
	if (ok(b, "socket", fd) &&
	    ok(b, "connect", sys_connect(b->client, (int)fd, (struct sockaddr *)&to, sizeof(to))))
		while (b->sent < b->bytes && r >= 0) {
			uint64_t left = b->bytes - b->sent;
			r = sys_write(b->client, (unsigned)fd, buf, left < CHUNK ? left : CHUNK);
			if (ok(b, "write", r))
				b->sent += (uint64_t)r;
		}
	if (fd >= 0)
		sys_close(b->client, (unsigned)fd);
	free(buf);
}

/* ---- the world ---- */

static void die(const char *what, const char *why)
{
	fprintf(stderr, "bench_bulk: %s: %s\n", what, why);
	exit(1);
}

static struct world_host *add_host(struct world *w, const char *name, const char *ip)
{
	struct sockaddr_in in = address(ip);
	struct world_addr a = { .addr = in.sin_addr.s_addr, .prefix = 24 };
	char err[256];
	struct world_host *h = world_add_host(w, name, &a, 1, 0, err, sizeof(err));

	if (!h)
		die(name, err);
	return h;
}

static double user_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_utime.tv_sec + (double)u.ru_utime.tv_usec / 1e6;
}

static double system_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_stime.tv_sec + (double)u.ru_stime.tv_usec / 1e6;
}

static void report(const struct bulk *b, struct sim *sim, struct world_host *c, struct world_host *s,
		   double user, double sys, uint64_t records)
{
	uint64_t there = ftgmac_get_stats(c->nics[0].card)->tx_frames;
	uint64_t back = ftgmac_get_stats(s->nics[0].card)->tx_frames, frames = there + back;

	printf("W1 bulk TCP: %llu bytes in %.6f s of virtual time, %.1f Mbit/s\n",
	       (unsigned long long)b->received, (double)sim->now / 1e9,
	       (double)b->received * 8e3 / (double)sim->now);
	printf("  frames: %llu there, %llu back; %llu drops, %llu events\n", (unsigned long long)there,
	       (unsigned long long)back, (unsigned long long)sim->nr_drops,
	       (unsigned long long)sim->nr_events);
	printf("  user CPU %.3f s (system %.3f s): %.0f ns a frame and link\n", user, sys,
	       user * 1e9 / (double)frames);
	if (records)
		printf("  trace: %llu records, %.1f a frame\n", (unsigned long long)records,
		       (double)records / (double)frames);
	printf("  mallocs between bytes %llu and %llu: %llu\n", (unsigned long long)b->from,
	       (unsigned long long)b->to, (unsigned long long)(b->mallocs_to - b->mallocs_from));
}

int main(int argc, char **argv)
{
	struct bulk b = { .bytes = 1000000000 };
	struct trace_options trace = { 0 };
	struct link_params params = { .delay = 50 * NSEC_PER_USEC, .rate = 1000000000 };
	bool traced = false;
	char err[256];
	int c;

	while ((c = getopt(argc, argv, "b:t:dl:r:")) >= 0)
		switch (c) {
		case 'b':
			b.bytes = strtoull(optarg, NULL, 0);
			break;
		case 't':
			trace.path = optarg;
			traced = true;
			break;
		case 'd':
			traced = true;
			break;
		case 'l':
			params.delay = strtoull(optarg, NULL, 0) * NSEC_PER_USEC;
			break;
		case 'r':
			params.rate = strtoull(optarg, NULL, 0) * 1000000;
			break;
		default:
			fprintf(stderr,
				"usage: bench_bulk [-b BYTES] [-t FILE | -d] [-l DELAY_US] [-r MBIT]\n");
			return 2;
		}
	b.from = b.bytes / 4;
	b.to = b.bytes / 4 * 3;

	struct sim *sim = sim_new(1);
	struct world w;

	if (traced && trace_start(sim, &trace, err, sizeof(err)) < 0)
		die("trace", err);
	world_init(&w, sim, NULL);
	struct world_host *hc = add_host(&w, "client", "10.0.0.1"), *hs = add_host(&w, "server", "10.0.0.2");
	if (!world_add_link(&w, world_host_port(hc, NULL), world_host_port(hs, NULL), &params, err,
			    sizeof(err)))
		die("link", err);
	world_up(&w);
	b.server = user_task_create(hs->host, "server", server, &b);
	sim_run(sim, sim->now + NSEC_PER_MSEC);
	b.client = user_task_create(hc->host, "client", client, &b);

	double user = user_seconds(), sys = system_seconds();
	sim_run(sim, SIM_FOREVER);
	user = user_seconds() - user;
	sys = system_seconds() - sys;
	if (b.failed)
		die(b.failed, strerror((int)-b.error));
	if (*sim->fault)
		die("fault", sim->fault);
	if (b.received != b.bytes)
		die("transfer", "not all bytes have arrived");
	if (traced && trace_finish(sim, err, sizeof(err)) < 0)
		die("trace", err);
	report(&b, sim, hc, hs, user, sys, trace_count(sim));
	world_down(&w);
	if (*sim->fault)
		die("tear-down", sim->fault);
	sim_free(sim);
	return 0;
}
