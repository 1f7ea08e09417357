/* Which function writes which file of /proc. */
#include "stack/proc.h"

#include <errno.h>
#include <string.h>

static const struct proc_file {
	const char *path;
	int (*show)(struct seq_file *m);
} proc_files[] = {
	{ "/proc/interrupts", show_interrupts },
	{ "/proc/net/arp", arp_seq_show },
	{ "/proc/net/dev", dev_seq_show },
	{ "/proc/net/netstat", netstat_seq_show },
	{ "/proc/net/packet", packet_seq_show },
	{ "/proc/net/raw", raw_seq_show },
	{ "/proc/net/route", fib_route_seq_show },
	{ "/proc/net/snmp", snmp_seq_show },
	{ "/proc/net/sockstat", sockstat_seq_show },
	{ "/proc/net/softnet_stat", softnet_seq_show },
	{ "/proc/net/tcp", tcp4_seq_show },
	{ "/proc/net/udp", udp4_seq_show },
	{ "/proc/net/stat/arp_cache", neigh_stat_seq_show },
};

int proc_show(struct seq_file *m, const char *path)
{
	TRACE_AS(m, "seq_read", "write what a file of /proc tells");
	for (unsigned i = 0; i < ARRAY_SIZE(proc_files); i++) {
		if (strcmp(path, proc_files[i].path) == 0) {
			TRACE_OP(m, "show");
			return proc_files[i].show(m);
		}
	}
	return -ENOENT;
}
