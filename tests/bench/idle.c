/*
 * What an idle host takes: many hosts on a switch, interfaces up, nothing to do.
 *
 *	bench_idle [HOSTS]
 *
 * Prints resident memory and user CPU time a host (default 1,000), after boot and again after a virtual
 * minute of idling.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "core/host.h"
#include "core/link.h"
#include "lua/world.h"

static void die(const char *what, const char *why)
{
	fprintf(stderr, "bench_idle: %s: %s\n", what, why);
	exit(1);
}

static double resident_kib(void)
{
	unsigned long pages = 0, all;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f || fscanf(f, "%lu %lu", &all, &pages) != 2)
		die("/proc/self/statm", "cannot be read");
	fclose(f);
	return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1024;
}

static void add_host(struct world *w, struct world_switch *sw, unsigned i)
{
	struct world_addr a = { .addr = htonl(0x0a000001 + i), .prefix = 16 };
	struct link_params params = { .delay = 50 * NSEC_PER_USEC, .rate = 1000000000 };
	char name[32], err[256];

	snprintf(name, sizeof(name), "h%u", i);
	struct world_host *h = world_add_host(w, name, &a, 1, 0, err, sizeof(err));
	if (!h ||
	    !world_add_link(w, world_host_port(h, NULL), world_switch_port(sw), &params, err, sizeof(err)))
		die(name, err);
}

int main(int argc, char **argv)
{
	unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : 1000;
	struct sim *sim = sim_new(1);
	struct world w;
	char err[256];

	world_init(&w, sim, NULL);
	struct world_switch *sw = world_add_switch(&w, "sw", false, err, sizeof(err));
	if (!sw)
		die("switch", err);
	double before = resident_kib();
	clock_t start = clock();
	for (unsigned i = 0; i < n; i++)
		add_host(&w, sw, i);
	double booted = resident_kib();
	world_up(&w);
	sim_run(sim, SIM_FOREVER);
	double up = resident_kib();
	printf("idle hosts: %u, booted and up in %.1f us of CPU each\n", n,
	       (double)(clock() - start) * 1e6 / CLOCKS_PER_SEC / n);
	printf("  resident: %.1f KiB a host booted, %.1f KiB with its interface up\n", (booted - before) / n,
	       (up - before) / n);
	start = clock();
	uint64_t events = sim->nr_events;
	sim_run(sim, sim->now + 60 * NSEC_PER_SEC);
	printf("  after a virtual minute: %.1f KiB a host, %.1f us of CPU and %.1f events each\n",
	       (resident_kib() - before) / n, (double)(clock() - start) * 1e6 / CLOCKS_PER_SEC / n,
	       (double)(sim->nr_events - events) / n);
	if (*sim->fault)
		die("fault", sim->fault);
	start = clock();
	world_down(&w);
	printf("  taken down in %.1f us of CPU each\n", (double)(clock() - start) * 1e6 / CLOCKS_PER_SEC / n);
	if (*sim->fault)
		die("tear-down", sim->fault);
	sim_free(sim);
	return 0;
}
