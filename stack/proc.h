/*
 * The files of /proc/net and /proc/interrupts: a path each, and the seq_show function that writes it, which
 * stands beside the data. /proc/sys is lua/host_sysctl.c's.
 */
#ifndef STACK_PROC_H
#define STACK_PROC_H

#include "stack/kernel/seq_file.h"

/* Writes the file into `m`; -ENOENT: there is none of that path. */
int proc_show(struct seq_file *m, const char *path);

/* One for each file, each in the file named after it. */
int show_interrupts(struct seq_file *m); /* stack/kernel/interrupt.c */
int dev_seq_show(struct seq_file *m);	 /* stack/interface/net_procfs.c */
int softnet_seq_show(struct seq_file *m);
int arp_seq_show(struct seq_file *m); /* stack/internet/ip_procfs.c */
int fib_route_seq_show(struct seq_file *m);
int raw_seq_show(struct seq_file *m);
int neigh_stat_seq_show(struct seq_file *m); /* stack/internet/neigh_admin.c */
int snmp_seq_show(struct seq_file *m);	     /* stack/internet/proc.c */
int netstat_seq_show(struct seq_file *m);
int sockstat_seq_show(struct seq_file *m);
int tcp4_seq_show(struct seq_file *m); /* stack/transport/sock_procfs.c */
int udp4_seq_show(struct seq_file *m);
int packet_seq_show(struct seq_file *m); /* stack/packet/af_packet.c */

#endif
