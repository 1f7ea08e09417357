/*
 * Bad and odd packets: each is put into a host, and exactly those counters must grow that grow on a real
 * Linux. The table was made there: the same packets, injected by a packet socket into a namespace with the
 * same addresses (10.0.0.1/24, no forwarding, no limit on ICMP). Packets of one row follow one another.
 */
#include "tests/stack/ip_bench.h"

/* ---- the table ---- */

static const struct {
	const char *name, *want, *packets;
} rows[] = {
	{ "udp to a port that nobody has", "IpInDelivers 1 IcmpOutMsgs 1 UdpNoPorts 1",
	  "4500002600000000401166c50a0000020a00000104d200090012e1e230313233343536373839" },
	{ "udp length 7", "IpInDelivers 1 UdpInErrors 1",
	  "4500002600000000401166c50a0000020a00000104d200090007e1f830313233343536373839" },
	{ "udp length 0", "IpInDelivers 1 UdpInErrors 1",
	  "4500002600000000401166c50a0000020a00000104d200090000e20630313233343536373839" },
	{ "udp length beyond the packet", "IpInDelivers 1 UdpInErrors 1",
	  "4500002600000000401166c50a0000020a00000104d200090013e1e030313233343536373839" },
	{ "udp length below the payload", "IpInDelivers 1 IcmpOutMsgs 1 UdpNoPorts 1",
	  "4500002600000000401166c50a0000020a00000104d20009000c000030313233343536373839" },
	{ "udp wrong checksum", "IpInDelivers 1 UdpInErrors 1 UdpInCsumErrors 1",
	  "4500002600000000401166c50a0000020a00000104d200090012123430313233343536373839" },
	{ "udp no checksum", "IpInDelivers 1 IcmpOutMsgs 1 UdpNoPorts 1",
	  "4500002600000000401166c50a0000020a00000104d200090012000030313233343536373839" },
	{ "udp from port 0", "IpInDelivers 1 IcmpOutMsgs 1 UdpNoPorts 1",
	  "4500002600000000401166c50a0000020a000001000000090012e6b430313233343536373839" },
	{ "udp to port 0", "IpInDelivers 1 IcmpOutMsgs 1 UdpNoPorts 1",
	  "4500002600000000401166c50a0000020a000001000900000012e6b430313233343536373839" },
	{ "udp header cut off", "IpInDelivers 1 UdpInErrors 1",
	  "4500001b00000000401166d00a0000020a00000104d200090012e1" },
	{ "udp no header", "IpInDelivers 1 UdpInErrors 1", "4500001400000000401166d70a0000020a000001" },
	{ "udp to everybody", "IpInDelivers 1 UdpIgnoredMulti 1 IpExtInBcastPkts 1",
	  "4500002600000000401165c70a0000020a0000ff000100090012e5b530313233343536373839" },
	{ "udp to all hosts", "IpInDelivers 1 UdpIgnoredMulti 1 IpExtInMcastPkts 1",
	  "4500002600000000401190c40a000002e000000100010009001210b330313233343536373839" },
	{ "udp to a foreign group", "",
	  "4500002600000000401180c30a000002ef01010100010009001200b230313233343536373839" },
	{ "version 6", "IpInHdrErrors 1",
	  "6500002600000000401146c50a0000020a00000104d200090012e1e230313233343536373839" },
	{ "ihl 4", "IpInHdrErrors 1",
	  "4400002600000000401167c50a0000020a00000104d200090012e1e230313233343536373839" },
	{ "ihl beyond the packet", "IpInHdrErrors 1",
	  "4f0000280000000040115cc30a0000020a0000010000000000000000000000000000000000000000" },
	{ "total length below ihl", "IpInHdrErrors 1",
	  "4500001300000000401166d80a0000020a00000104d200090012e1e230313233343536373839" },
	{ "total length beyond the frame", "IpExtInTruncatedPkts 1",
	  "450007d00000000040115f1b0a0000020a00000104d200090012e1e230313233343536373839" },
	{ "wrong ip checksum", "IpInHdrErrors 1 IpExtInCsumErrors 1",
	  "4500002600000000401111110a0000020a00000104d200090012e1e230313233343536373839" },
	{ "ttl 0", "IpInDelivers 1 IcmpOutMsgs 1 UdpNoPorts 1",
	  "45000026000000000011a6c50a0000020a00000104d200090012e1e230313233343536373839" },
	{ "reserved flag", "IpInDelivers 1 IcmpOutMsgs 1 UdpNoPorts 1",
	  "45000026000080004011e6c40a0000020a00000104d200090012e1e230313233343536373839" },
	{ "from 0.0.0.0", "",
	  "4500002600000000401170c7000000000a000001000100090012f0b530313233343536373839" },
	{ "from 127.0.0.1", "",
	  "45000026000000004011f1c57f0000010a00000100010009001271b430313233343536373839" },
	{ "from 224.0.0.1", "",
	  "4500002600000000401190c5e00000010a00000100010009001210b430313233343536373839" },
	{ "from 255.255.255.255", "",
	  "4500002600000000401170c7ffffffff0a000001000100090012f0b530313233343536373839" },
	{ "from 10.0.0.1", "",
	  "4500002600000000401166c60a0000010a000001000100090012e6b430313233343536373839" },
	{ "from 240.0.0.1", "IpInDelivers 1 UdpNoPorts 1",
	  "4500002600000000401180c5f00000010a00000100010009001200b430313233343536373839" },
	{ "to 0.0.0.0", "", "4500002600000000401170c60a00000200000000000100090012f0b430313233343536373839" },
	{ "to 127.0.0.1", "",
	  "45000026000000004011f1c40a0000027f00000100010009001271b330313233343536373839" },
	{ "to 240.0.0.1", "IpInAddrErrors 1",
	  "4500002600000000401180c40a000002f000000100010009001200b330313233343536373839" },
	{ "to 10.0.0.9", "IpInAddrErrors 1",
	  "4500002600000000401166bd0a0000020a000009000100090012e6ab30313233343536373839" },
	{ "to 192.168.7.7", "IpInAddrErrors 1",
	  "45000026000000004011a9160a000002c0a80707000100090012290530313233343536373839" },
	{ "protocol 255", "IpInUnknownProtos 1 IcmpOutMsgs 1",
	  "4500001c0000000040ff65e10a0000020a0000010000000000000000" },
	{ "protocol 253", "IpInUnknownProtos 1 IcmpOutMsgs 1",
	  "4500001c0000000040fd65e30a0000020a0000010000000000000000" },
	{ "option length 0", "IpInHdrErrors 1 IcmpOutMsgs 1",
	  "4600002a0000000040115ac10a0000020a0000010700040004d200090012e1e230313233343536373839" },
	{ "option length 1", "IpInHdrErrors 1 IcmpOutMsgs 1",
	  "4600002a0000000040115ac00a0000020a0000010701040004d200090012e1e230313233343536373839" },
	{ "record route pointer past the end", "IpInDelivers 1 IcmpOutMsgs 1 UdpNoPorts 1",
	  "4700002e00000000401154b60a0000020a000001070709000000000004d200090012e1e23031323334353637"
	  "3839" },
	{ "record route pointer 3", "IpInHdrErrors 1 IcmpOutMsgs 1",
	  "4700002e0000000040115ab60a0000020a000001070703000000000004d200090012e1e23031323334353637"
	  "3839" },
	{ "loose source route", "",
	  "4700002e000000004011d4ab0a0000020a0000018307040a0000090004d200090012e1e23031323334353637"
	  "3839" },
	{ "strict source route", "",
	  "4700002e000000004011ceab0a0000020a0000018907040a0000090004d200090012e1e23031323334353637"
	  "3839" },
	{ "source route used up", "",
	  "4700002e000000004011d0ab0a0000020a0000018307080a0000090004d200090012e1e23031323334353637"
	  "3839" },
	{ "router alert", "IpInDelivers 1 IcmpOutMsgs 1 UdpNoPorts 1",
	  "4600002a000000004011d1bc0a0000020a0000019404000004d200090012e1e230313233343536373839" },
	{ "unknown option", "IpInDelivers 1 IcmpOutMsgs 1 UdpNoPorts 1",
	  "4600002a000000004011d6bc0a0000020a0000018f04000004d200090012e1e230313233343536373839" },
	{ "time stamp full, overflow 15", "IpInHdrErrors 1 IcmpOutMsgs 1",
	  "4700002e00000000401116c50a0000020a000001440809f00000000004d200090012e1e23031323334353637"
	  "3839" },
	{ "an option cut off", "IpInHdrErrors 1 IcmpOutMsgs 1",
	  "4600002a00000000401163b90a0000020a0000010101010704d200090012e1e230313233343536373839" },
	{ "ping", "IpInDelivers 1 IcmpInMsgs 1 IcmpOutMsgs 1",
	  "4500002400000000400166d70a0000020a0000010800f7ff000000000000000000000000" },
	{ "ping with a wrong checksum", "IpInDelivers 1 IcmpInMsgs 1 IcmpInErrors 1 IcmpInCsumErrors 1",
	  "4500002400000000400166d70a0000020a00000108001234000000000000000000000000" },
	{ "icmp of 0 bytes", "IpInDelivers 1 IcmpInMsgs 1 IcmpInErrors 1 IcmpInCsumErrors 1",
	  "4500001400000000400166e70a0000020a000001" },
	{ "icmp of 4 bytes", "IpInDelivers 1 IcmpInMsgs 1 IcmpInErrors 1",
	  "4500001800000000400166e30a0000020a0000010800f7ff" },
	{ "icmp of 7 bytes", "IpInDelivers 1 IcmpInMsgs 1 IcmpInErrors 1",
	  "4500001b00000000400166e00a0000020a0000010800f7ff000000" },
	{ "ping to everybody", "IpInDelivers 1 IcmpInMsgs 1 IcmpInErrors 1 IpExtInBcastPkts 1",
	  "4500002400000000400165d90a0000020a0000ff0800f7ff000000000000000000000000" },
	{ "ping to all hosts", "IpInDelivers 1 IcmpInMsgs 1 IcmpInErrors 1 IpExtInMcastPkts 1",
	  "4500002400000000400190d60a000002e00000010800f7ff000000000000000000000000" },
	{ "time stamp request", "IpInDelivers 1 IcmpInMsgs 1 IcmpOutMsgs 1",
	  "4500002800000000400166d30a0000020a0000010d00f2ff00000000000000000000000000000000" },
	{ "time stamp request of 10 bytes", "IpInDelivers 1 IcmpInMsgs 1 IcmpInErrors 1",
	  "4500001e00000000400166dd0a0000020a0000010d00f2ff000000000000" },
	{ "address mask request", "IpInDelivers 1 IcmpInMsgs 1",
	  "4500002400000000400166d70a0000020a0000011100eeff000000000000000000000000" },
	{ "probe", "IpInDelivers 1 IcmpInMsgs 1",
	  "4500002400000000400166d70a0000020a0000012a00d5ff000000000000000000000000" },
	{ "icmp type 30", "IpInDelivers 1 IcmpInMsgs 1 IcmpInErrors 1",
	  "4500002400000000400166d70a0000020a0000011e00e1ff000000000000000000000000" },
	{ "an answer unasked", "IpInDelivers 1 IcmpInMsgs 1",
	  "4500002400000000400166d70a0000020a0000010000ffff000000000000000000000000" },
	{ "unreachable about nothing of ours", "IpInDelivers 1 IcmpInMsgs 1 IcmpInErrors 1",
	  "4500003800000000400166c30a0000020a0000010303fce9000000004500001c00000000401166cf0a000001"
	  "0a0000020005000600080000" },
	{ "unreachable, quote cut off", "IpInDelivers 1 IcmpInMsgs 1 IcmpInErrors 1",
	  "4500002f00000000400166cc0a0000020a0000010303fcfe000000004500001c00000000401166cf0a000001"
	  "0a0000" },
	{ "unreachable, no ports quoted", "IpInDelivers 1 IcmpInMsgs 1 IcmpInErrors 1",
	  "4500003700000000400166c40a0000020a0000010303fcfc000000004500001c00000000401166cf0a000001"
	  "0a00000200000000000000" },
	{ "unreachable, quoted ihl 4", "IpInDelivers 1 IcmpInMsgs 1 IcmpInErrors 1",
	  "4500003800000000400166c30a0000020a0000010303fdfc000000004400001c00000000401166cf0a000001"
	  "0a0000020000000000000000" },
	{ "unreachable code 16", "IpInDelivers 1 IcmpInMsgs 1",
	  "4500003800000000400166c30a0000020a0000010310fcef000000004500001c00000000401166cf0a000001"
	  "0a0000020000000000000000" },
	{ "frag needed about nothing", "IpInDelivers 1 IcmpInMsgs 1 IcmpInErrors 1",
	  "4500003800000000400166c30a0000020a0000010304f770000005784500001c00000000401166cf0a000001"
	  "0a0000020005000600080000" },
	{ "quench", "IpInDelivers 1 IcmpInMsgs 1 IcmpInErrors 1",
	  "4500003800000000400166c30a0000020a0000010400fbff000000004500001c00000000401166cf0a000001"
	  "0a0000020000000000000000" },
	{ "time exceeded", "IpInDelivers 1 IcmpInMsgs 1 IcmpInErrors 1",
	  "4500003800000000400166c30a0000020a0000010b00f4ff000000004500001c00000000401166cf0a000001"
	  "0a0000020000000000000000" },
	{ "redirect cut off", "IpInDelivers 1 IcmpInMsgs 1 IcmpInErrors 1",
	  "4500002600000000400166d50a0000020a000001050175d1000000004500001c000000004011" },
	{ "parameter problem", "IpInDelivers 1 IcmpInMsgs 1 IcmpInErrors 1",
	  "4500003800000000400166c30a0000020a0000010c00f3ff000000004500001c00000000401166cf0a000001"
	  "0a0000020000000000000000" },
	{ "unreachable about a tcp segment of nobody", "IpInDelivers 1 IcmpInMsgs 1 IcmpInErrors 1",
	  "4500003800000000400166c30a0000020a0000010303fcea000000004500002800000000400666ce0a000001"
	  "0a0000020005000600000007" },
	{ "two fragments", "IpInDelivers 1 IpReasmReqds 2 IpReasmOKs 1 IcmpOutMsgs 1 UdpNoPorts 1",
	  "4500002c00012000401146be0a0000020a000001000100090038c12f000102030405060708090a0b0c0d0e0f"
	  " 4500003400010003401166b30a0000020a000001101112131415161718191a1b1c1d1e1f202122232425262"
	  "728292a2b2c2d2e2f" },
	{ "last first", "IpInDelivers 1 IpReasmReqds 2 IpReasmOKs 1 IcmpOutMsgs 1 UdpNoPorts 1",
	  "4500003400020003401166b20a0000020a000001101112131415161718191a1b1c1d1e1f2021222324252627"
	  "28292a2b2c2d2e2f 4500002c00022000401146bd0a0000020a000001000100090038c12f000102030405060"
	  "708090a0b0c0d0e0f" },
	{ "a fragment twice", "IpInDelivers 1 IpReasmReqds 3 IpReasmOKs 1 IcmpOutMsgs 1 UdpNoPorts 1",
	  "4500002c00032000401146bc0a0000020a000001000100090038c12f000102030405060708090a0b0c0d0e0f"
	  " 4500002c00032000401146bc0a0000020a000001000100090038c12f000102030405060708090a0b0c0d0e0"
	  "f 4500003400030003401166b10a0000020a000001101112131415161718191a1b1c1d1e1f20212223242526"
	  "2728292a2b2c2d2e2f" },
	{ "overlap", "IpReasmReqds 2 IpReasmFails 1",
	  "4500002c00042000401146bb0a0000020a000001000100090038c12f000102030405060708090a0b0c0d0e0f"
	  " 4500003c00040002401166a90a0000020a00000108090a0b0c0d0e0f101112131415161718191a1b1c1d1e1"
	  "f202122232425262728292a2b2c2d2e2f" },
	{ "teardrop", "IpReasmReqds 2 IpReasmFails 1",
	  "4500003c00052000401146aa0a0000020a000001000100090038c12f000102030405060708090a0b0c0d0e0f"
	  "101112131415161718191a1b1c1d1e1f 4500001c00050001401166c90a0000020a000001000102030405060"
	  "7" },
	{ "overlap, then the rest", "IpReasmReqds 3 IpReasmFails 1",
	  "4500002c00062000401146b90a0000020a000001000100090038c12f000102030405060708090a0b0c0d0e0f"
	  " 4500002c00062002401146b70a0000020a00000108090a0b0c0d0e0f101112131415161718191a1b1c1d1e1"
	  "f 4500003400060003401166ae0a0000020a000001101112131415161718191a1b1c1d1e1f20212223242526"
	  "2728292a2b2c2d2e2f" },
	{ "ping of death", "IpReasmReqds 1",
	  "4500002400071fff401146c10a0000020a00000100000000000000000000000000000000" },
	{ "more to come, not of 8 bytes", "IpReasmReqds 1",
	  "4500002800082000401146bb0a0000020a000001000100090038c12f000102030405060708090a0b" },
	{ "more to come, nothing in it", "IpReasmReqds 1 IpReasmFails 1",
	  "4500001400092001401146cd0a0000020a000001" },
	{ "last, nothing in it", "IpReasmReqds 1 IpReasmFails 1",
	  "45000014000a0003401166ca0a0000020a000001" },
	{ "two ends", "IpReasmReqds 2 IpReasmFails 1",
	  "45000034000b0003401166a90a0000020a000001101112131415161718191a1b1c1d1e1f2021222324252627"
	  "28292a2b2c2d2e2f 45000034000b0004401166a80a0000020a000001101112131415161718191a1b1c1d1e1"
	  "f202122232425262728292a2b2c2d2e2f" },
	{ "beyond the end", "IpReasmReqds 2 IpReasmFails 1",
	  "45000034000c0003401166a80a0000020a000001101112131415161718191a1b1c1d1e1f2021222324252627"
	  "28292a2b2c2d2e2f 4500001c000c200a401146b90a0000020a000001000100090038c12f" },
	{ "df and mf", "IpInDelivers 1 IpReasmReqds 2 IpReasmOKs 1 IcmpOutMsgs 1 UdpNoPorts 1",
	  "4500002c000d6000401106b20a0000020a000001000100090038c12f000102030405060708090a0b0c0d0e0f"
	  " 45000034000d4003401126a70a0000020a000001101112131415161718191a1b1c1d1e1f202122232425262"
	  "728292a2b2c2d2e2f" },
	{ "tiny first", "IpInDelivers 1 IpReasmReqds 2 IpReasmOKs 1 IcmpOutMsgs 1 UdpNoPorts 1",
	  "4500001c000e2000401146c10a0000020a000001000100090038c12f 45000044000e0001401166980a00000"
	  "20a000001000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262"
	  "728292a2b2c2d2e2f" },
};

/* ---- counters, in the order of /proc/net/snmp and netstat ---- */

#define COUNTER(name, table, field)                                                                          \
	{                                                                                                    \
		name, offsetof(struct netns_mib, table) / 8 + field                                          \
	}

static const struct {
	const char *name;
	size_t at; /* in struct netns_mib, which is all u64 */
} counters[] = {
	COUNTER("IpInHdrErrors", ip_statistics, IPSTATS_MIB_INHDRERRORS),
	COUNTER("IpInAddrErrors", ip_statistics, IPSTATS_MIB_INADDRERRORS),
	COUNTER("IpInUnknownProtos", ip_statistics, IPSTATS_MIB_INUNKNOWNPROTOS),
	COUNTER("IpInDiscards", ip_statistics, IPSTATS_MIB_INDISCARDS),
	COUNTER("IpInDelivers", ip_statistics, IPSTATS_MIB_INDELIVERS),
	COUNTER("IpReasmReqds", ip_statistics, IPSTATS_MIB_REASMREQDS),
	COUNTER("IpReasmOKs", ip_statistics, IPSTATS_MIB_REASMOKS),
	COUNTER("IpReasmFails", ip_statistics, IPSTATS_MIB_REASMFAILS),
	COUNTER("IcmpInMsgs", icmp_statistics, ICMP_MIB_INMSGS),
	COUNTER("IcmpInErrors", icmp_statistics, ICMP_MIB_INERRORS),
	COUNTER("IcmpInCsumErrors", icmp_statistics, ICMP_MIB_CSUMERRORS),
	COUNTER("IcmpOutMsgs", icmp_statistics, ICMP_MIB_OUTMSGS),
	COUNTER("UdpNoPorts", udp_statistics, UDP_MIB_NOPORTS),
	COUNTER("UdpInErrors", udp_statistics, UDP_MIB_INERRORS),
	COUNTER("UdpInCsumErrors", udp_statistics, UDP_MIB_CSUMERRORS),
	COUNTER("UdpIgnoredMulti", udp_statistics, UDP_MIB_IGNOREDMULTI),
	COUNTER("IpExtInNoRoutes", ip_statistics, IPSTATS_MIB_INNOROUTES),
	COUNTER("IpExtInTruncatedPkts", ip_statistics, IPSTATS_MIB_INTRUNCATEDPKTS),
	COUNTER("IpExtInMcastPkts", ip_statistics, IPSTATS_MIB_INMCASTPKTS),
	COUNTER("IpExtInBcastPkts", ip_statistics, IPSTATS_MIB_INBCASTPKTS),
	COUNTER("IpExtInCsumErrors", ip_statistics, IPSTATS_MIB_CSUMERRORS),
};

/* "IpInDelivers 1 UdpNoPorts 1": what grew. */
static void grown(const struct netns_mib *was, const struct netns_mib *is, char *text, size_t size)
{
	const u64 *a = (const u64 *)was, *b = (const u64 *)is;
	size_t used = 0;

	*text = '\0';
	for (unsigned i = 0; i < ARRAY_SIZE(counters); i++) {
		u64 by = b[counters[i].at] - a[counters[i].at];

		if (by)
			used += (size_t)snprintf(text + used, size - used, "%s%s %d", used ? " " : "",
						 counters[i].name, (int)by);
	}
}

/* ---- packets in ---- */

/* Reads a packet of hex digits; where the next one begins, or NULL. */
static const char *hex_packet(const char *hex, u8 *to, unsigned *len)
{
	unsigned byte;

	for (*len = 0; hex[0] && hex[0] != ' '; hex += 2, (*len)++) {
		sscanf(hex, "%2x", &byte);
		to[*len] = (u8)byte;
	}
	return *hex ? hex + 1 : NULL;
}

/* In a frame as IP's destination wants it, padded to 60 bytes. */
static void receive(struct ip_bench *b, const u8 *packet, unsigned len)
{
	struct sk_buff *skb = netdev_alloc_skb_ip_align(b->host, b->dev, 200);
	const u8 *dst = packet + 16;
	u8 *eth = skb_put(skb, max(len + 14, 60u));

	memset(eth, 0, skb->len);
	memcpy(eth, b->dev->dev_addr, 6);
	if (dst[0] >> 4 == 14)
		memcpy(eth, (const u8[]){ 1, 0, 0x5e, dst[1] & 0x7f, dst[2], dst[3] }, 6);
	else if (dst[3] == 255)
		memset(eth, 255, 6);
	eth[12] = 8;
	memcpy(eth + 14, packet, len);
	skb->protocol = eth_type_trans(skb, b->dev);
	local_bh_disable(b->host);
	netif_receive_skb(skb);
	local_bh_enable(b->host);
}

static void test_table(void **state)
{
	struct ip_bench *b = *state;
	struct netns_mib was;
	char text[300];
	u8 packet[200];
	int differ = 0;
	unsigned len;

	b->net->ipv4.sysctl_icmp_ratelimit = 0;
	b->net->ipv4.sysctl_icmp_msgs_per_sec = 100000;
	b->net->ipv4.sysctl_icmp_msgs_burst = 10000;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		was = b->net->mib;
		for (const char *p = rows[i].packets; p;) {
			p = hex_packet(p, packet, &len);
			receive(b, packet, len);
		}
		bench_run(b, SEC / 10);
		grown(&was, &b->net->mib, text, sizeof(text));
		if (strcmp(text, rows[i].want)) {
			print_error("%s: %s\n    Linux: %s\n", rows[i].name, text, rows[i].want);
			differ++;
		}
	}
	assert_int_equal(differ, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_table, bench_setup, bench_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
