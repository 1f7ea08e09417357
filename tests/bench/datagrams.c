/*
 * W2 with sockets: UDP datagrams of 22 bytes (frames of 64 bytes with the FCS) from one host through a switch
 * to another, everything real.
 *
 *	bench_datagrams [-n COUNT] [-s SIZE] [-r MBIT]
 *
 * Prints user CPU time a datagram, and a frame and link (each crosses two links).
 */
#include <arpa/inet.h>
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

#define PORT 5001
#define MAX_SIZE 1472

struct flow {
	uint64_t count, sent, received;
	size_t size;
	struct host *from, *to;
	long error;
};

static struct sockaddr_in address(const char *ip)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(PORT) };

	inet_pton(AF_INET, ip, &a.sin_addr);
	return a;
}

static void receiver(void *arg)
{
	struct flow *f = arg;
	struct task_struct *tsk = current(f->to);
	struct sockaddr_in any = address("0.0.0.0");
	int fd = (int)sys_socket(tsk, AF_INET, SOCK_DGRAM, 0);
	char buf[MAX_SIZE];

	f->error = sys_bind(tsk, fd, (struct sockaddr *)&any, sizeof(any));
	while (f->received < f->count && sys_recv(tsk, fd, buf, sizeof(buf), 0) >= 0)
		f->received++;
	sys_close(tsk, (unsigned)fd);
}

static void sender(void *arg)
{
	struct flow *f = arg;
	struct task_struct *tsk = current(f->from);
	struct sockaddr_in to = address("10.0.0.2");
	int fd = (int)sys_socket(tsk, AF_INET, SOCK_DGRAM, 0);
	struct timeval moment = { .tv_usec = 1000 };
	char buf[MAX_SIZE] = "";

	f->error = sys_connect(tsk, fd, (struct sockaddr *)&to, sizeof(to));
	/* the first one asks for the neighbour; more would not fit where it waits */
	f->sent = sys_send(tsk, fd, buf, f->size, 0) >= 0;
	sys_setsockopt(tsk, fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof(moment));
	sys_recv(tsk, fd, buf, sizeof(buf), 0);
	while (!f->error && f->sent < f->count && sys_send(tsk, fd, buf, f->size, 0) >= 0)
		f->sent++;
	sys_close(tsk, (unsigned)fd);
}

static void die(const char *what, const char *why)
{
	fprintf(stderr, "bench_datagrams: %s: %s\n", what, why);
	exit(1);
}

static double user_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_utime.tv_sec + (double)u.ru_utime.tv_usec / 1e6;
}

static struct world_host *add_host(struct world *w, struct world_switch *sw, const char *name, const char *ip,
				   const struct link_params *params)
{
	struct world_addr a = { .addr = address(ip).sin_addr.s_addr, .prefix = 24 };
	char err[256];
	struct world_host *h = world_add_host(w, name, &a, 1, 0, err, sizeof(err));

	if (!h ||
	    !world_add_link(w, world_host_port(h, NULL), world_switch_port(sw), params, err, sizeof(err)))
		die(name, err);
	return h;
}

int main(int argc, char **argv)
{
	struct flow f = { .count = 1000000, .size = 22 };
	struct link_params params = { .delay = 5 * NSEC_PER_USEC, .rate = 1000000000 };
	struct sim *sim = sim_new(1);
	struct world_host *from, *to;
	struct world_switch *sw;
	struct world w;
	char err[256];
	double user;
	int c;

	while ((c = getopt(argc, argv, "n:s:r:")) >= 0) {
		if (c == 'n')
			f.count = strtoull(optarg, NULL, 0);
		else if (c == 's' && strtoul(optarg, NULL, 0) <= MAX_SIZE)
			f.size = strtoul(optarg, NULL, 0);
		else if (c == 'r')
			params.rate = strtoull(optarg, NULL, 0) * 1000000;
		else
			die("usage", "[-n COUNT] [-s SIZE] [-r MBIT]");
	}
	world_init(&w, sim, NULL);
	sw = world_add_switch(&w, "sw", false, err, sizeof(err));
	if (!sw)
		die("switch", err);
	from = add_host(&w, sw, "from", "10.0.0.1", &params);
	to = add_host(&w, sw, "to", "10.0.0.2", &params);
	world_up(&w);
	f.from = from->host;
	f.to = to->host;
	user_task_create(f.to, "receiver", receiver, &f);
	sim_run(sim, sim->now + NSEC_PER_MSEC);
	user_task_create(f.from, "sender", sender, &f);
	user = user_seconds();
	sim_run(sim, SIM_FOREVER);
	user = user_seconds() - user;
	if (f.error < 0)
		die("socket", strerror((int)-f.error));
	printf("W2 datagrams of %zu bytes: %llu sent, %llu received; %.6f s of virtual time, %llu drops\n",
	       f.size, (unsigned long long)f.sent, (unsigned long long)f.received, (double)sim->now / 1e9,
	       (unsigned long long)sim->nr_drops);
	printf("  user CPU %.3f s: %.0f ns a datagram, %.0f ns a frame and link\n", user,
	       user * 1e9 / (double)f.sent, user * 1e9 / (double)f.sent / 2);
	world_down(&w);
	if (*sim->fault)
		die("fault", sim->fault);
	sim_free(sim);
	return 0;
}
