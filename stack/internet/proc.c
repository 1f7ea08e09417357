/* /proc/net/snmp, /proc/net/netstat and /proc/net/sockstat: counters in the order of Linux 5.15's files. */
#include "stack/application/socket.h"
#include "stack/internet/inet_frag.h"
#include "stack/internet/internet.h"
#include "stack/proc.h"
#include "stack/transport/tcp.h"
#include "stack/transport/udp.h"

typedef unsigned long long ull;

static const u8 snmp4_ipstats_list[] = {
	IPSTATS_MIB_INPKTS,	      IPSTATS_MIB_INHDRERRORS,	   IPSTATS_MIB_INADDRERRORS,
	IPSTATS_MIB_OUTFORWDATAGRAMS, IPSTATS_MIB_INUNKNOWNPROTOS, IPSTATS_MIB_INDISCARDS,
	IPSTATS_MIB_INDELIVERS,	      IPSTATS_MIB_OUTPKTS,	   IPSTATS_MIB_OUTDISCARDS,
	IPSTATS_MIB_OUTNOROUTES,      IPSTATS_MIB_REASMTIMEOUT,	   IPSTATS_MIB_REASMREQDS,
	IPSTATS_MIB_REASMOKS,	      IPSTATS_MIB_REASMFAILS,	   IPSTATS_MIB_FRAGOKS,
	IPSTATS_MIB_FRAGFAILS,	      IPSTATS_MIB_FRAGCREATES,
};

static const u8 snmp4_ipextstats_list[] = {
	IPSTATS_MIB_INNOROUTES,	    IPSTATS_MIB_INTRUNCATEDPKTS, IPSTATS_MIB_INMCASTPKTS,
	IPSTATS_MIB_OUTMCASTPKTS,   IPSTATS_MIB_INBCASTPKTS,	 IPSTATS_MIB_OUTBCASTPKTS,
	IPSTATS_MIB_INOCTETS,	    IPSTATS_MIB_OUTOCTETS,	 IPSTATS_MIB_INMCASTOCTETS,
	IPSTATS_MIB_OUTMCASTOCTETS, IPSTATS_MIB_INBCASTOCTETS,	 IPSTATS_MIB_OUTBCASTOCTETS,
	IPSTATS_MIB_CSUMERRORS,	    IPSTATS_MIB_NOECTPKTS,	 IPSTATS_MIB_ECT1PKTS,
	IPSTATS_MIB_ECT0PKTS,	    IPSTATS_MIB_CEPKTS,		 IPSTATS_MIB_REASM_OVERLAPS,
};

static const struct {
	const char *name;
	u8 type;
} icmpmibmap[] = {
	{ "DestUnreachs", 3 },	 { "TimeExcds", 11 }, { "ParmProbs", 12 },    { "SrcQuenchs", 4 },
	{ "Redirects", 5 },	 { "Echos", 8 },      { "EchoReps", 0 },      { "Timestamps", 13 },
	{ "TimestampReps", 14 }, { "AddrMasks", 17 }, { "AddrMaskReps", 18 },
};

static void snmp_seq_show_ipstats(struct seq_file *seq)
{
	TRACE(seq, "write IP's counters");
	const struct net *net = seq->host->net;

	seq_puts(seq, "Ip: Forwarding DefaultTTL");
	for (unsigned i = 0; i < ARRAY_SIZE(snmp4_ipstats_list); i++) {
		const char *name = snmp_ip_name(snmp4_ipstats_list[i]);

		/* the one name that this file has for itself */
		seq_printf(seq, " %s", strcmp(name, "OutForwDatagrams") ? name : "ForwDatagrams");
	}
	seq_printf(seq, "\nIp: %d %d", net->inet->devconf_all.forwarding ? 1 : 2,
		   net->ipv4.sysctl_ip_default_ttl);
	for (unsigned i = 0; i < ARRAY_SIZE(snmp4_ipstats_list); i++)
		seq_printf(seq, " %llu", (ull)net->mib.ip_statistics[snmp4_ipstats_list[i]]);
}

static void icmp_put(struct seq_file *seq)
{
	TRACE(seq, "write ICMP's counters");
	const struct netns_mib *mib = &seq->host->net->mib;

	seq_puts(seq, "\nIcmp: InMsgs InErrors InCsumErrors");
	for (unsigned i = 0; i < ARRAY_SIZE(icmpmibmap); i++)
		seq_printf(seq, " In%s", icmpmibmap[i].name);
	seq_puts(seq, " OutMsgs OutErrors");
	for (unsigned i = 0; i < ARRAY_SIZE(icmpmibmap); i++)
		seq_printf(seq, " Out%s", icmpmibmap[i].name);
	seq_printf(seq, "\nIcmp: %llu %llu %llu", (ull)mib->icmp_statistics[ICMP_MIB_INMSGS],
		   (ull)mib->icmp_statistics[ICMP_MIB_INERRORS],
		   (ull)mib->icmp_statistics[ICMP_MIB_CSUMERRORS]);
	for (unsigned i = 0; i < ARRAY_SIZE(icmpmibmap); i++)
		seq_printf(seq, " %llu", (ull)mib->icmpmsg_in[icmpmibmap[i].type]);
	seq_printf(seq, " %llu %llu", (ull)mib->icmp_statistics[ICMP_MIB_OUTMSGS],
		   (ull)mib->icmp_statistics[ICMP_MIB_OUTERRORS]);
	for (unsigned i = 0; i < ARRAY_SIZE(icmpmibmap); i++)
		seq_printf(seq, " %llu", (ull)mib->icmpmsg_out[icmpmibmap[i].type]);
}

/* The types that occurred. */
static void icmpmsg_put(struct seq_file *seq)
{
	TRACE(seq, "write how often each ICMP type came and went");
	const struct netns_mib *mib = &seq->host->net->mib;
	bool any = false;

	for (unsigned i = 0; i < ICMPMSG_TYPES; i++)
		any |= mib->icmpmsg_in[i] || mib->icmpmsg_out[i];
	if (!any)
		return;
	seq_puts(seq, "\nIcmpMsg:");
	for (int out = 0; out < 2; out++)
		for (unsigned i = 0; i < ICMPMSG_TYPES; i++)
			if ((out ? mib->icmpmsg_out : mib->icmpmsg_in)[i])
				seq_printf(seq, " %sType%u", out ? "Out" : "In", i);
	seq_puts(seq, "\nIcmpMsg:");
	for (int out = 0; out < 2; out++)
		for (unsigned i = 0; i < ICMPMSG_TYPES; i++)
			if ((out ? mib->icmpmsg_out : mib->icmpmsg_in)[i])
				seq_printf(seq, " %llu", (ull)(out ? mib->icmpmsg_out : mib->icmpmsg_in)[i]);
}

/* "NAME: names\nNAME: values", of all counters of a list; `values` NULL: zeros. */
static void snmp_put_list(struct seq_file *seq, const char *name, const char *(*name_of)(unsigned),
			  unsigned end, const u64 *values)
{
	seq_printf(seq, "%s:", name);
	for (unsigned i = 1; i < end; i++)
		seq_printf(seq, " %s", name_of(i));
	seq_printf(seq, "\n%s:", name);
	for (unsigned i = 1; i < end; i++)
		seq_printf(seq, " %lld", values ? (long long)values[i] : 0ll);
	seq_putc(seq, '\n');
}

int snmp_seq_show(struct seq_file *seq)
{
	TRACE(seq, "write the counters of RFC 4293, 4022 and 4113 (/proc/net/snmp)");
	const struct netns_mib *mib = &seq->host->net->mib;

	snmp_seq_show_ipstats(seq);
	icmp_put(seq);
	icmpmsg_put(seq);
	seq_putc(seq, '\n');
	snmp_put_list(seq, "Tcp", snmp_tcp_name, __TCP_MIB_MAX, mib->tcp_statistics);
	snmp_put_list(seq, "Udp", snmp_udp_name, __UDP_MIB_MAX, mib->udp_statistics);
	snmp_put_list(seq, "UdpLite", snmp_udp_name, __UDP_MIB_MAX, NULL);
	return 0;
}

int netstat_seq_show(struct seq_file *seq)
{
	TRACE(seq, "write Linux's own counters (/proc/net/netstat)");
	const struct netns_mib *mib = &seq->host->net->mib;

	snmp_put_list(seq, "TcpExt", snmp_linux_name, __LINUX_MIB_MAX, mib->net_statistics);
	seq_puts(seq, "IpExt:");
	for (unsigned i = 0; i < ARRAY_SIZE(snmp4_ipextstats_list); i++)
		seq_printf(seq, " %s", snmp_ip_name(snmp4_ipextstats_list[i]));
	seq_puts(seq, "\nIpExt:");
	for (unsigned i = 0; i < ARRAY_SIZE(snmp4_ipextstats_list); i++)
		seq_printf(seq, " %llu", (ull)mib->ip_statistics[snmp4_ipextstats_list[i]]);
	seq_putc(seq, '\n');
	return 0;
}

struct inuse {
	int tcp, udp, raw;
};

static bool count_sock(struct sock *sk, void *arg)
{
	struct inuse *use = arg;

	if (sk->sk_kern_sock)
		return true;
	use->udp += sk->sk_family == AF_INET && sk->sk_protocol == IPPROTO_UDP && sk->sk_num;
	use->raw += sk->sk_family == AF_INET && sk->sk_type == SOCK_RAW;
	return true;
}

static bool count_tcp(struct sock *sk, void *arg)
{
	((struct inuse *)arg)->tcp += sk->sk_state != TCP_TIME_WAIT && sk->sk_state != TCP_NEW_SYN_RECV;
	return true;
}

int sockstat_seq_show(struct seq_file *seq)
{
	TRACE(seq, "count the sockets (/proc/net/sockstat)");
	struct net *net = seq->host->net;
	struct inuse use = { 0 };
	const struct fqdir *fqdir = net->inet->fqdir;

	sk_for_each_of_host(seq->host, count_sock, &use);
	inet_for_each_sock(&net->tcp->hashinfo, count_tcp, &use);
	seq_printf(seq, "sockets: used %u\n", net->files->sockets_in_use);
	seq_printf(seq, "TCP: inuse %d orphan %d tw %d alloc %d mem %ld\n", use.tcp, net->tcp->orphan_count,
		   net->tcp->death_row.tw_refcount, net->tcp->sockets_allocated, net->tcp->memory_allocated);
	seq_printf(seq, "UDP: inuse %d mem %ld\nUDPLITE: inuse 0\nRAW: inuse %d\n", use.udp,
		   net->udp->memory_allocated, use.raw);
	seq_printf(seq, "FRAG: inuse %u memory %lu\n", fqdir ? fqdir->nelems : 0,
		   fqdir ? (unsigned long)fqdir->mem : 0ul);
	return 0;
}
