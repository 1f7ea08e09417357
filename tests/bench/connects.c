/*
 * W5: connects and closes, one after the other.
 *
 *	bench_connects [CONNECTS]
 *
 * A client opens and closes CONNECTS (default 100,000) TCP connections to a server on the same link. The
 * server closes first, so that TIME_WAIT is on its side: a client that closes first runs out of ports after
 *28,232, here as on Linux. Prints user CPU time for each: socket, connect, accept, both closes and all that
 * comes of them, TIME_WAIT and its reuse by later connections included.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/host.h"
#include "core/link.h"
#include "lua/world.h"
#include "nic-model/ftgmac100.h"
#include "stack/application/syscalls.h"
#include "stack/kernel/sched.h"

#define PORT 7

struct connects {
	unsigned wanted, accepted, connected;
	struct task_struct *client, *server;
	const char *failed;
	long error;
};

static bool ok(struct connects *b, const char *what, long r)
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

static void server(void *arg)
{
	struct connects *b = arg;
	struct task_struct *tsk = b->server;
	struct sockaddr_in any = address("0.0.0.0");
	long fd = sys_socket(tsk, AF_INET, SOCK_STREAM, 0), conn;

	if (!ok(b, "socket", fd))
		return;
	if (ok(b, "bind", sys_bind(tsk, (int)fd, (struct sockaddr *)&any, sizeof(any))) &&
	    ok(b, "listen", sys_listen(tsk, (int)fd, 128)))
		while (b->accepted < b->wanted &&
		       ok(b, "accept", conn = sys_accept(tsk, (int)fd, NULL, NULL))) {
			b->accepted++;
			ok(b, "close", sys_close(tsk, (unsigned)conn));
		}
	sys_close(tsk, (unsigned)fd);
}

static void client(void *arg)
{
	struct connects *b = arg;
	struct sockaddr_in to = address("10.0.0.2");
	char byte;
	long fd;

	while (b->connected < b->wanted &&
	       ok(b, "socket", fd = sys_socket(b->client, AF_INET, SOCK_STREAM, 0))) {
		if (ok(b, "connect", sys_connect(b->client, (int)fd, (struct sockaddr *)&to, sizeof(to))))
			b->connected++;
		ok(b, "read", sys_read(b->client, (unsigned)fd, &byte, 1));
		sys_close(b->client, (unsigned)fd);
		if (b->failed)
			break;
	}
}

static void die(const char *what, const char *why)
{
	fprintf(stderr, "bench_connects: %s: %s\n", what, why);
	exit(1);
}

static struct world_host *add_host(struct world *w, const char *name, const char *ip)
{
	struct world_addr a = { .addr = address(ip).sin_addr.s_addr, .prefix = 24 };
	char err[256];
	struct world_host *h = world_add_host(w, name, &a, 1, 0, err, sizeof(err));

	if (!h)
		die(name, err);
	return h;
}

int main(int argc, char **argv)
{
	struct connects b = { .wanted = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : 100000 };
	struct link_params params = { .delay = 50 * NSEC_PER_USEC, .rate = 1000000000 };
	struct sim *sim = sim_new(1);
	struct world w;
	char err[256];

	world_init(&w, sim, NULL);
	struct world_host *hc = add_host(&w, "client", "10.0.0.1"), *hs = add_host(&w, "server", "10.0.0.2");
	if (!world_add_link(&w, world_host_port(hc, NULL), world_host_port(hs, NULL), &params, err,
			    sizeof(err)))
		die("link", err);
	world_up(&w);
	b.server = user_task_create(hs->host, "server", server, &b);
	sim_run(sim, sim->now + NSEC_PER_MSEC);
	b.client = user_task_create(hc->host, "client", client, &b);

	clock_t start = clock();
	sim_run(sim, SIM_FOREVER);
	double us = (double)(clock() - start) * 1e6 / CLOCKS_PER_SEC;
	if (b.failed) {
		fprintf(stderr, "bench_connects: after %u of %u connects\n", b.connected, b.wanted);
		die(b.failed, strerror((int)-b.error));
	}
	if (*sim->fault)
		die("fault", sim->fault);
	printf("W5 connect and close: %u in %.3f s of virtual time, %llu frames, %llu events\n", b.connected,
	       (double)sim->now / 1e9, (unsigned long long)sim->nr_frames,
	       (unsigned long long)sim->nr_events);
	printf("  CPU %.3f s: %.2f us each\n", us / 1e6, us / b.connected);
	world_down(&w);
	if (*sim->fault)
		die("tear-down", sim->fault);
	sim_free(sim);
	return 0;
}
