/*
 * TCP over a bad link: 200 kB between two hosts, both directions at once, while a seed chooses what the link
 * does (loss, duplicates, reordering, damage, jitter, rate, short queues) and what the hosts do (options,
 * congestion control, recovery, buffers, sizes of reads and writes). All bytes arrive, in order; both sides
 * close; no socket, packet or page of memory is left; the run ends.
 *
 *	test_tcp_seeds [-v] [FIRST [COUNT]]	without arguments: some hundred seeds
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "core/host.h"
#include "core/link.h"
#include "core/sim.h"
#include "lua/host_sysctl.h"
#include "lua/world.h"
#include "stack/application/syscalls.h"
#include "stack/interface/netdevice.h"
#include "stack/internet/neighbour.h"
#include "stack/kernel/sched.h"
#include "stack/net.h"
#include "stack/transport/tcp.h"

#define TOTAL 200000u
#define PORT 5001
#define POLLS_MAX 2000 /* of about 10,000 events each */
#define LOSS 30000000  /* ppb: 3 % of the frames, seldom more */
#define TESTS 150

struct side {
	struct seed_run *run;
	struct task_struct *tsk;
	struct world_host *wh;
	unsigned to_send, to_read, sent, read, chunk;
	unsigned pause_ms; /* before each read, while there are few of them */
	bool server, done;
};

struct seed_run {
	uint64_t seed, state;
	struct sim *sim;
	struct world world;
	struct side sides[2];
	const char *what; /* the first thing that went wrong */
	long error;
	unsigned polls;
	uint8_t pattern[TOTAL + 256], buf[65536];
};

static uint64_t draw(struct seed_run *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static uint64_t below(struct seed_run *r, uint64_t n)
{
	return draw(r) % n;
}

static bool one_in(struct seed_run *r, unsigned n)
{
	return below(r, n) == 0;
}

static bool ok(struct seed_run *r, const char *what, long ret)
{
	if (ret < 0 && !r->what) {
		r->what = what;
		r->error = ret;
	}
	return ret >= 0;
}

/* ---- the programs ---- */

static bool send_some(struct side *s, int fd)
{
	struct seed_run *r = s->run;
	unsigned left = s->to_send - s->sent;
	long n = sys_write(s->tsk, (unsigned)fd, r->pattern + (s->server ? 128 : 0) + s->sent,
			   left < s->chunk ? left : s->chunk);

	if (n == -EAGAIN)
		return true;
	if (!ok(r, "write", n))
		return false;
	s->sent += (unsigned)n;
	return s->sent < s->to_send || ok(r, "shutdown", sys_shutdown(s->tsk, fd, SHUT_WR));
}

/* 1: go on, 0: the peer has closed, -1: wrong. */
static int read_some(struct side *s, int fd)
{
	struct seed_run *r = s->run;
	long n;

	if (s->pause_ms && s->read < 20 * s->chunk)
		sys_poll(s->tsk, NULL, 0, (int)s->pause_ms);
	n = sys_read(s->tsk, (unsigned)fd, r->buf, s->chunk);
	if (n == -EAGAIN)
		return 1;
	if (!ok(r, "read", n))
		return -1;
	if (n == 0)
		return 0;
	if (s->read + (unsigned)n > s->to_read ||
	    memcmp(r->buf, r->pattern + (s->server ? 0 : 128) + s->read, (size_t)n) != 0) {
		ok(r, "the bytes that came are others than those sent", -EBADMSG);
		return -1;
	}
	s->read += (unsigned)n;
	return 1;
}

static void exchange(struct side *s, int fd)
{
	struct pollfd p = { .fd = fd };
	int more = 1;

	ok(s->run, "fcntl", sys_fcntl(s->tsk, (unsigned)fd, F_SETFL, O_NONBLOCK));
	if (s->to_send == 0)
		ok(s->run, "shutdown", sys_shutdown(s->tsk, fd, SHUT_WR));
	while (!s->run->what && (more || s->sent < s->to_send)) {
		p.events = (short)((more ? POLLIN : 0) | (s->sent < s->to_send ? POLLOUT : 0));
		if (!ok(s->run, "poll", sys_poll(s->tsk, &p, 1, -1)))
			return;
		if ((p.revents & POLLOUT) && s->sent < s->to_send && !send_some(s, fd))
			return;
		if ((p.revents & (POLLIN | POLLHUP | POLLERR)) && more && (more = read_some(s, fd)) < 0)
			return;
	}
	s->done = ok(s->run, "close", sys_close(s->tsk, (unsigned)fd));
}

static struct sockaddr_in address(uint32_t ip)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = ip };

	return a;
}

static void program(void *arg)
{
	struct side *s = arg;
	struct sockaddr_in to = address(s->server ? INADDR_ANY : s->run->sides[0].wh->nics[0].addr);
	long fd = sys_socket(s->tsk, AF_INET, SOCK_STREAM, 0), conn = fd;

	if (!ok(s->run, "socket", fd))
		return;
	if (s->server) {
		if (!ok(s->run, "bind", sys_bind(s->tsk, (int)fd, (struct sockaddr *)&to, sizeof(to))) ||
		    !ok(s->run, "listen", sys_listen(s->tsk, (int)fd, 8)) ||
		    !ok(s->run, "accept", conn = sys_accept(s->tsk, (int)fd, NULL, NULL)))
			return;
		sys_close(s->tsk, (unsigned)fd);
	} else if (!ok(s->run, "connect", sys_connect(s->tsk, (int)fd, (struct sockaddr *)&to, sizeof(to)))) {
		return;
	}
	exchange(s, (int)conn);
}

/* ---- what a seed chooses ---- */

static void set(struct seed_run *r, struct side *s, const char *name, const char *value)
{
	if (host_sysctl_store(s->wh->host, name, value) < 0)
		ok(r, name, -EINVAL);
}

static void choose_host(struct seed_run *r, struct side *s, bool very_bad)
{
	static const struct {
		const char *name, *values[3];
		unsigned n;
	} choices[] = {
		{ "net.ipv4.tcp_sack", { "1", "1", "0" }, 3 },
		{ "net.ipv4.tcp_timestamps", { "1", "1", "0" }, 3 },
		{ "net.ipv4.tcp_dsack", { "1", "1", "0" }, 3 },
		{ "net.ipv4.tcp_window_scaling", { "1", "1", "0" }, 3 },
		{ "net.ipv4.tcp_recovery", { "1", "1", "0" }, 3 },
		{ "net.ipv4.tcp_frto", { "2", "0" }, 2 },
		{ "net.ipv4.tcp_early_retrans", { "3", "0" }, 2 },
		{ "net.ipv4.tcp_ecn", { "2", "1", "0" }, 3 },
		{ "net.ipv4.tcp_congestion_control", { "cubic", "reno" }, 2 },
		{ "net.ipv4.tcp_rmem", { "4096 131072 6291456", "4096 8192 16384", "4096 40000 131072" }, 3 },
		{ "net.ipv4.tcp_wmem", { "4096 16384 4194304", "4096 8192 8192" }, 2 },
	};

	for (unsigned i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
		set(r, s, choices[i].name, choices[i].values[below(r, choices[i].n)]);
	/* losses that look like a black hole make probing go down to 48 bytes a segment: that takes hours */
	if (!very_bad && one_in(r, 3))
		set(r, s, "net.ipv4.tcp_mtu_probing", one_in(r, 2) ? "1" : "2");
	/* at these rates of loss the defaults give up now and then, and rightly so */
	set(r, s, "net.ipv4.tcp_syn_retries", "40");
	set(r, s, "net.ipv4.tcp_synack_retries", "40");
	set(r, s, "net.ipv4.tcp_retries2", "255");
	set(r, s, "net.ipv4.tcp_orphan_retries", "255");
	s->chunk = one_in(r, 4) ? 100 + (unsigned)below(r, 1000) : 1000 + (unsigned)below(r, 64000);
	s->pause_ms = one_in(r, 4) ? 1 + (unsigned)below(r, 300) : 0;
}

static void choose_link(struct seed_run *r, struct link_params *p)
{
	static const uint64_t rates[] = { 1000000, 10000000, 100000000, 1000000000 };
	struct link_faults *f = &p->faults;

	memset(p, 0, sizeof(*p));
	p->rate = rates[below(r, 4)];
	p->delay = 1000 + below(r, one_in(r, 2) ? 50000000 : 500000);
	p->queue_len = one_in(r, 4) ? 3 + (uint32_t)below(r, 20) : 0;
	/* ppb; each fault in two of three runs */
	f->loss = one_in(r, 3) ? 0 : (uint32_t)below(r, one_in(r, 4) ? 200000000 : LOSS);
	f->duplicate = one_in(r, 3) ? 0 : (uint32_t)below(r, 100000000);
	f->corrupt = one_in(r, 3) ? 0 : (uint32_t)below(r, 20000000);
	f->corrupt_fcs_ok = one_in(r, 2);
	f->reorder = one_in(r, 3) ? 0 : (uint32_t)below(r, 200000000);
	f->reorder_delay = 1000 + below(r, 20000000);
	f->jitter = one_in(r, 3) ? below(r, 5000000) : 0;
}

/* ---- a run ---- */

static void on_poll(void *arg)
{
	struct seed_run *r = arg;

	if (++r->polls > POLLS_MAX) {
		ok(r, "the run does not end", -ETIME);
		sim_fault(r->sim, NULL, "the run does not end");
	}
}

static void nothing(struct event *ev)
{
	(void)ev;
}

static void run_for(struct sim *sim, uint64_t ns)
{
	struct event ev = { 0 };
	uint64_t when = sim->now + ns;

	event_init(&ev, &sim->root, nothing, 0);
	event_add(&ev, when);
	sim_run(sim, when);
	event_del(&ev);
}

static bool build(struct seed_run *r)
{
	struct link_params params[2];
	bool very_bad;
	char err[256];

	choose_link(r, &params[0]);
	choose_link(r, &params[1]);
	very_bad = params[0].faults.loss > LOSS || params[1].faults.loss > LOSS;
	r->sim = sim_new(r->seed);
	r->sim->idle_poll = on_poll;
	r->sim->idle_arg = r;
	world_init(&r->world, r->sim, NULL);
	for (unsigned i = 0; i < 2; i++) {
		struct side *s = &r->sides[i];
		struct world_addr a = { .addr = htonl(0x0a000001u + i),
					.prefix = 24,
					.rx_checksums = one_in(r, 2) };

		s->run = r;
		s->server = i == 0;
		s->wh = world_add_host(&r->world, i ? "client" : "server", &a, 1, 0, err, sizeof(err));
		if (!s->wh)
			return ok(r, "a host", -ENOMEM);
		choose_host(r, s, very_bad);
	}
	r->sides[0].to_send = r->sides[1].to_read = (unsigned)below(r, 3) * (TOTAL / 2);
	r->sides[1].to_send = r->sides[0].to_read = TOTAL - r->sides[0].to_send;
	struct world_link *l = world_add_link(&r->world, world_host_port(r->sides[0].wh, NULL),
					      world_host_port(r->sides[1].wh, NULL), NULL, err, sizeof(err));
	if (!l)
		return ok(r, "a link", -ENOMEM);
	world_up(&r->world);
	run_for(r->sim, 10 * NSEC_PER_MSEC);
	for (int i = 0; i < 2; i++) {
		struct host *h = r->sides[i].wh->host, *peer = r->sides[!i].wh->host;

		/* that ARP gives up after three tries is not our subject */
		ip_neigh_add(h, "eth0", r->sides[!i].wh->nics[0].addr,
			     __dev_get_by_name(peer->net, "eth0")->dev_addr, 0x80 /* NUD_PERMANENT */);
		link_set_params(l->link, i, &params[i]);
	}
	return !r->what;
}

static void check_end(struct seed_run *r)
{
	for (unsigned i = 0; i < 2 && !r->what; i++) {
		struct side *s = &r->sides[i];
		const struct tcp_state *t = s->wh->host->net->tcp;

		if (!s->done)
			ok(r, s->server ? "the server hangs" : "the client hangs", -ETIME);
		else if (s->sent != s->to_send || s->read != s->to_read)
			ok(r, "bytes are missing", -ENODATA);
		else if (t->sockets_allocated || t->orphan_count || t->memory_allocated)
			ok(r, "a socket or its memory is left", -EBUSY);
	}
}

static void run_seed(struct seed_run *r, uint64_t seed)
{
	memset(r, 0, offsetof(struct seed_run, pattern));
	r->seed = r->state = seed;
	if (build(r)) {
		r->sides[0].tsk = user_task_create(r->sides[0].wh->host, "server", program, &r->sides[0]);
		run_for(r->sim, NSEC_PER_MSEC);
		r->sides[1].tsk = user_task_create(r->sides[1].wh->host, "client", program, &r->sides[1]);
		sim_run(r->sim, SIM_FOREVER);
		run_for(r->sim, 70 * NSEC_PER_SEC); /* TIME_WAIT */
		check_end(r);
	}
	world_down(&r->world);
	if (*r->sim->fault)
		ok(r, r->sim->fault, -EFAULT);
	if (r->what)
		fprintf(stderr, "FAIL seed %llu: %s (%s)\n", (unsigned long long)seed, r->what,
			strerror((int)-r->error));
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
	uint64_t first = argc > 1 + verbose ? strtoull(argv[1 + verbose], NULL, 0) : 1;
	uint64_t count = argc > 2 + verbose   ? strtoull(argv[2 + verbose], NULL, 0)
			 : argc > 1 + verbose ? 1
					      : TESTS;
	struct seed_run *r = calloc(1, sizeof(*r));
	double start = seconds(), took;
	unsigned failed = 0;

	if (!r)
		return 1;
	for (unsigned i = 0; i < sizeof(r->pattern); i++)
		r->pattern[i] = (uint8_t)(i * 7 + i / 256 + i / 65536);
	for (uint64_t seed = first; seed < first + count; seed++) {
		run_seed(r, seed);
		failed += r->what != NULL;
		if (verbose)
			printf("seed %llu: %.3f s, %llu frames\n", (unsigned long long)seed,
			       (double)r->sim->now / 1e9, (unsigned long long)r->sim->nr_frames);
		sim_free(r->sim);
	}
	took = seconds() - start;
	printf("%llu passed, %u failed (%.1f seeds/s)\n", (unsigned long long)(count - failed), failed,
	       (double)count / (took > 0 ? took : 1));
	free(r);
	return failed != 0;
}
