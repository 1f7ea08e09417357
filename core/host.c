/*
 * Making and freeing a host: its node, RAM, CPU and place among the hosts. What runs on it is put there by
 * others (nic-model: cards, stack: software).
 */
#include "core/host.h"

#include <stdlib.h>
#include <string.h>

/* A place in sim->hosts; the array doubles. */
static int hosts_append(struct sim *sim, struct host *host)
{
	uint32_t n = sim->nr_hosts;

	if ((n & (n - 1)) == 0) {
		struct host **grown = realloc(sim->hosts, (n ? n * 2u : 1u) * sizeof(*grown));

		if (!grown)
			return -1;
		sim->hosts = grown;
	}
	host->index = n;
	sim->hosts[n] = host;
	sim->nr_hosts++;
	return 0;
}

struct host *host_new(struct sim *sim, const char *name, uint32_t ram_size)
{
	struct host *host = calloc(1, sizeof(*host));

	if (!host)
		return NULL;
	host->host = host;
	host->sim = sim;
	host->name = strdup(name);
	if (host->name && mem_init(host, ram_size) == 0) {
		if (hosts_append(sim, host) == 0) {
			node_init(&host->node, sim, host->name);
			cpu_init(&host->cpu, host);
			if (trace_host_init(host) == 0)
				return host;
			host_free(host);
			return NULL;
		}
		mem_exit(host);
	}
	free((char *)host->name);
	free(host);
	return NULL;
}

void host_end_tasks(struct host *host)
{
	host->dying = true;
	cpu_end_tasks(&host->cpu);
}

void host_check_leaks(struct host *host)
{
	mem_check_leaks(host);
}

void host_free(struct host *host)
{
	struct sim *sim = host->sim;

	cpu_exit(&host->cpu);
	bus_free(host);
	mem_exit(host);
	/* indices stay; the last host that goes takes the array's end with it */
	sim->hosts[host->index] = NULL;
	while (sim->nr_hosts && !sim->hosts[sim->nr_hosts - 1])
		sim->nr_hosts--;
	free(host->tr.buf);
	free((char *)host->name);
	free(host);
}
