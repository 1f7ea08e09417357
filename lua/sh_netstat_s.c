/* netstat -s: the counters of /proc/net/snmp and /proc/net/netstat in words. */
#include <stdlib.h>
#include <string.h>

#include "lua/sh_netstat.h"
#include "stack/proc.h"

enum when { ALWAYS, NONZERO, HIDE, INPUT, OUTPUT }; /* INPUT, OUTPUT: nonzero, in ICMP's histograms */

struct words {
	const char *section, *counter;
	enum when when;
	const char *before, *after; /* "BEFORE N AFTER" */
};

static const struct words table[] = {
	{ "Ip", "Forwarding", ALWAYS, "Forwarding: ", "" },
	{ "Ip", "DefaultTTL", HIDE, "", "" },
	{ "Ip", "InReceives", ALWAYS, "", " total packets received" },
	{ "Ip", "InHdrErrors", NONZERO, "", " with invalid headers" },
	{ "Ip", "InAddrErrors", NONZERO, "", " with invalid addresses" },
	{ "Ip", "ForwDatagrams", ALWAYS, "", " forwarded" },
	{ "Ip", "InUnknownProtos", NONZERO, "", " with unknown protocol" },
	{ "Ip", "InDiscards", ALWAYS, "", " incoming packets discarded" },
	{ "Ip", "InDelivers", ALWAYS, "", " incoming packets delivered" },
	{ "Ip", "OutRequests", ALWAYS, "", " requests sent out" },
	{ "Ip", "OutDiscards", NONZERO, "", " outgoing packets dropped" },
	{ "Ip", "OutNoRoutes", NONZERO, "", " dropped because of missing route" },
	{ "Ip", "ReasmTimeout", NONZERO, "", " fragments dropped after timeout" },
	{ "Ip", "ReasmReqds", NONZERO, "", " reassemblies required" },
	{ "Ip", "ReasmOKs", NONZERO, "", " packets reassembled ok" },
	{ "Ip", "ReasmFails", NONZERO, "", " packet reassemblies failed" },
	{ "Ip", "FragOKs", NONZERO, "", " outgoing packets fragmented ok" },
	{ "Ip", "FragFails", NONZERO, "", " outgoing packets failed fragmentation" },
	{ "Ip", "FragCreates", NONZERO, "", " fragments created" },
	{ "Icmp", "InMsgs", ALWAYS, "", " ICMP messages received" },
	{ "Icmp", "InErrors", ALWAYS, "", " input ICMP message failed" },
	{ "Icmp", "InCsumErrors", NONZERO, "InCsumErrors: ", "" },
	{ "Icmp", "InDestUnreachs", INPUT, "destination unreachable: ", "" },
	{ "Icmp", "InTimeExcds", INPUT, "timeout in transit: ", "" },
	{ "Icmp", "InParmProbs", INPUT, "wrong parameters: ", "" },
	{ "Icmp", "InSrcQuenchs", INPUT, "source quenches: ", "" },
	{ "Icmp", "InRedirects", INPUT, "redirects: ", "" },
	{ "Icmp", "InEchos", INPUT, "echo requests: ", "" },
	{ "Icmp", "InEchoReps", INPUT, "echo replies: ", "" },
	{ "Icmp", "InTimestamps", INPUT, "timestamp request: ", "" },
	{ "Icmp", "InTimestampReps", INPUT, "timestamp reply: ", "" },
	{ "Icmp", "InAddrMasks", INPUT, "address mask request: ", "" },
	{ "Icmp", "InAddrMaskReps", INPUT, "address mask replies: ", "" },
	{ "Icmp", "OutMsgs", ALWAYS, "", " ICMP messages sent" },
	{ "Icmp", "OutErrors", ALWAYS, "", " ICMP messages failed" },
	{ "Icmp", "OutDestUnreachs", OUTPUT, "destination unreachable: ", "" },
	{ "Icmp", "OutTimeExcds", OUTPUT, "time exceeded: ", "" },
	{ "Icmp", "OutParmProbs", OUTPUT, "wrong parameters: ", "" },
	{ "Icmp", "OutSrcQuenchs", OUTPUT, "source quench: ", "" },
	{ "Icmp", "OutRedirects", OUTPUT, "redirect: ", "" },
	{ "Icmp", "OutEchos", OUTPUT, "echo requests: ", "" },
	{ "Icmp", "OutEchoReps", OUTPUT, "echo replies: ", "" },
	{ "Icmp", "OutTimestamps", OUTPUT, "timestamp requests: ", "" },
	{ "Icmp", "OutTimestampReps", OUTPUT, "timestamp replies: ", "" },
	{ "Icmp", "OutAddrMasks", OUTPUT, "address mask requests: ", "" },
	{ "Icmp", "OutAddrMaskReps", OUTPUT, "address mask replies: ", "" },
	{ "Tcp", "RtoAlgorithm", HIDE, "", "" },
	{ "Tcp", "RtoMin", HIDE, "", "" },
	{ "Tcp", "RtoMax", HIDE, "", "" },
	{ "Tcp", "MaxConn", HIDE, "", "" },
	{ "Tcp", "ActiveOpens", ALWAYS, "", " active connection openings" },
	{ "Tcp", "PassiveOpens", ALWAYS, "", " passive connection openings" },
	{ "Tcp", "AttemptFails", ALWAYS, "", " failed connection attempts" },
	{ "Tcp", "EstabResets", ALWAYS, "", " connection resets received" },
	{ "Tcp", "CurrEstab", ALWAYS, "", " connections established" },
	{ "Tcp", "InSegs", ALWAYS, "", " segments received" },
	{ "Tcp", "OutSegs", ALWAYS, "", " segments sent out" },
	{ "Tcp", "RetransSegs", ALWAYS, "", " segments retransmitted" },
	{ "Tcp", "InErrs", ALWAYS, "", " bad segments received" },
	{ "Tcp", "OutRsts", ALWAYS, "", " resets sent" },
	{ "Udp", "InDatagrams", ALWAYS, "", " packets received" },
	{ "Udp", "NoPorts", ALWAYS, "", " packets to unknown port received" },
	{ "Udp", "InErrors", ALWAYS, "", " packet receive errors" },
	{ "Udp", "OutDatagrams", ALWAYS, "", " packets sent" },
	{ "Udp", "RcvbufErrors", ALWAYS, "", " receive buffer errors" },
	{ "Udp", "SndbufErrors", ALWAYS, "", " send buffer errors" },
	{ "TcpExt", "EmbryonicRsts", NONZERO, "", " resets received for embryonic SYN_RECV sockets" },
	{ "TcpExt", "PruneCalled", NONZERO, "",
	  " packets pruned from receive queue because of socket buffer overrun" },
	{ "TcpExt", "RcvPruned", NONZERO, "", " packets pruned from receive queue" },
	{ "TcpExt", "OfoPruned", NONZERO, "",
	  " packets dropped from out-of-order queue because of socket buffer overrun" },
	{ "TcpExt", "OutOfWindowIcmps", NONZERO, "",
	  " ICMP packets dropped because they were out-of-window" },
	{ "TcpExt", "LockDroppedIcmps", NONZERO, "", " ICMP packets dropped because socket was locked" },
	{ "TcpExt", "TW", NONZERO, "", " TCP sockets finished time wait in fast timer" },
	{ "TcpExt", "TWRecycled", NONZERO, "", " time wait sockets recycled by time stamp" },
	{ "TcpExt", "TWKilled", NONZERO, "", " TCP sockets finished time wait in slow timer" },
	{ "TcpExt", "PAWSActive", NONZERO, "", " active connections rejected because of time stamp" },
	{ "TcpExt", "PAWSEstab", NONZERO, "",
	  " packets rejected in established connections because of timestamp" },
	{ "TcpExt", "DelayedACKs", NONZERO, "", " delayed acks sent" },
	{ "TcpExt", "DelayedACKLocked", NONZERO, "",
	  " delayed acks further delayed because of locked socket" },
	{ "TcpExt", "DelayedACKLost", NONZERO, "Quick ack mode was activated ", " times" },
	{ "TcpExt", "ListenOverflows", NONZERO, "", " times the listen queue of a socket overflowed" },
	{ "TcpExt", "ListenDrops", NONZERO, "", " SYNs to LISTEN sockets dropped" },
	{ "TcpExt", "TCPHPHits", ALWAYS, "", " packet headers predicted" },
	{ "TcpExt", "TCPPureAcks", ALWAYS, "", " acknowledgments not containing data payload received" },
	{ "TcpExt", "TCPHPAcks", NONZERO, "", " predicted acknowledgments" },
	{ "TcpExt", "TCPRenoRecovery", NONZERO, "",
	  " times recovered from packet loss due to fast retransmit" },
	{ "TcpExt", "TCPSackRecovery", NONZERO, "",
	  " times recovered from packet loss by selective acknowledgements" },
	{ "TcpExt", "TCPSACKReneging", NONZERO, "", " bad SACK blocks received" },
	{ "TcpExt", "TCPSACKReorder", NONZERO, "Detected reordering ", " times using SACK" },
	{ "TcpExt", "TCPRenoReorder", NONZERO, "Detected reordering ", " times using reno fast retransmit" },
	{ "TcpExt", "TCPTSReorder", NONZERO, "Detected reordering ", " times using time stamp" },
	{ "TcpExt", "TCPFullUndo", NONZERO, "", " congestion windows fully recovered without slow start" },
	{ "TcpExt", "TCPPartialUndo", NONZERO, "",
	  " congestion windows partially recovered using Hoe heuristic" },
	{ "TcpExt", "TCPDSACKUndo", NONZERO, "",
	  " congestion windows recovered without slow start by DSACK" },
	{ "TcpExt", "TCPLossUndo", NONZERO, "",
	  " congestion windows recovered without slow start after partial ack" },
	{ "TcpExt", "TCPSackFailures", NONZERO, "", " timeouts after SACK recovery" },
	{ "TcpExt", "TCPLossFailures", NONZERO, "", " timeouts in loss state" },
	{ "TcpExt", "TCPFastRetrans", NONZERO, "", " fast retransmits" },
	{ "TcpExt", "TCPSlowStartRetrans", NONZERO, "", " retransmits in slow start" },
	{ "TcpExt", "TCPTimeouts", NONZERO, "", " other TCP timeouts" },
	{ "TcpExt", "TCPRcvCollapsed", NONZERO, "",
	  " packets collapsed in receive queue due to low socket buffer" },
	{ "TcpExt", "TCPDSACKOldSent", NONZERO, "", " DSACKs sent for old packets" },
	{ "TcpExt", "TCPDSACKOfoSent", NONZERO, "", " DSACKs sent for out of order packets" },
	{ "TcpExt", "TCPDSACKRecv", NONZERO, "", " DSACKs received" },
	{ "TcpExt", "TCPDSACKOfoRecv", NONZERO, "", " DSACKs for out of order packets received" },
	{ "TcpExt", "TCPAbortOnData", NONZERO, "", " connections reset due to unexpected data" },
	{ "TcpExt", "TCPAbortOnClose", NONZERO, "", " connections reset due to early user close" },
	{ "TcpExt", "TCPAbortOnMemory", NONZERO, "", " connections aborted due to memory pressure" },
	{ "TcpExt", "TCPAbortOnTimeout", NONZERO, "", " connections aborted due to timeout" },
	{ "TcpExt", "TCPAbortOnLinger", NONZERO, "",
	  " connections aborted after user close in linger timeout" },
	{ "TcpExt", "TCPAbortFailed", NONZERO, "", " times unable to send RST due to no memory" },
};

static const struct words *words_of(const char *section, const char *counter)
{
	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].section, section) == 0 && strcmp(table[i].counter, counter) == 0)
			return &table[i];
	return NULL;
}

/* One counter; *histogram is which of ICMP's histograms was begun. */
static void say_counter(struct sh *sh, const char *section, const char *name, long long value,
			enum when *histogram)
{
	const struct words *w = words_of(section, name);
	if (strcmp(section, "IcmpMsg") == 0) {
		sh_say(sh, "        %s: %lld\n", name, value);
		return;
	}
	bool histo = w && (w->when == INPUT || w->when == OUTPUT);
	if (histo && *histogram != w->when) { /* with or without anything in it */
		*histogram = w->when;
		sh_say(sh, "    ICMP %s histogram:\n", w->when == INPUT ? "input" : "output");
	}
	if (w ? w->when == HIDE || (w->when != ALWAYS && !value) : !value)
		return;
	if (!w) { /* no words for it: its name */
		sh_say(sh, "    %s: %lld\n", name, value);
		return;
	}
	sh_say(sh, "%s    %s%lld%s\n", histo ? "    " : "", w->before, value, w->after);
}

/* "Ip: NAME NAME" and "Ip: VALUE VALUE" */
static void say_section(struct sh *sh, char *names, char *values)
{
	char *save_n = NULL, *save_v = NULL, *section = strtok_r(names, ": ", &save_n), *name, *value;
	enum when histogram = ALWAYS;
	strtok_r(values, " ", &save_v);
	sh_say(sh, "%s:\n", section);
	while ((name = strtok_r(NULL, " ", &save_n)) && (value = strtok_r(NULL, " ", &save_v)))
		say_counter(sh, section, name, atoll(value), &histogram);
}

static bool wanted(const char *line, bool tcp, bool udp, bool raw)
{
	bool unasked = strncmp(line, "UdpLite:", 8) == 0 || strncmp(line, "IpExt:", 6) == 0;
	if (unasked || (!tcp && !udp && !raw))
		return true;
	return (tcp && strncmp(line, "Tcp", 3) == 0) || (udp && strncmp(line, "Udp", 3) == 0) ||
	       (raw && (strncmp(line, "Icmp", 4) == 0 || strncmp(line, "Ip:", 3) == 0));
}

int netstat_statistics(struct sh *sh, bool tcp, bool udp, bool raw)
{
	struct seq_file m = { .host = sh->host };
	char *save = NULL;
	proc_show(&m, "/proc/net/snmp");
	proc_show(&m, "/proc/net/netstat");
	for (char *names = m.buf ? strtok_r(m.buf, "\n", &save) : NULL, *values; names;
	     names = strtok_r(NULL, "\n", &save))
		if ((values = strtok_r(NULL, "\n", &save)) && wanted(names, tcp, udp, raw))
			say_section(sh, names, values);
	seq_release(&m);
	return 0;
}
