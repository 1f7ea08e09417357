/*
 * Bad and odd packets: each is put into a host, and exactly those counters must grow that grow on a real
 * Linux, and the packet be dropped where it is dropped there, for a reason. What comes of each is in
 * bad_packets.txt, written by a real kernel (bad_packets.py) with the same addresses: 10.0.0.1/24, no
 * forwarding, no limit on ICMP.
 */
#include "stack/proc.h"
#include "tests/stack/ip_bench.h"

#define PACKET_MAX 200
#define COUNTERS_MAX 300
#define TEXT_MAX 1000
#define REASONS (SKB_DROP_REASON_MAX - SKB_DROP_REASON_FIRST)

/* What a drop is called here where Linux 6.18 has another reason, or none. (5.15 has no reasons at all.) */
static const struct {
	const char *linux_drop, *ours;
} drop_names[] = {
	{ "__udp4_lib_rcv:NOT_SPECIFIED", "PKT_TOO_SMALL" },
	{ "__udp4_lib_rcv:NOT_SPECIFIED", "NO_SOCKET" },
	{ "ip_rcv_finish_core:NOT_SPECIFIED", "MULTICAST" },
	{ "ip_rcv_finish_core:IP_INVALID_SOURCE", "IP_MARTIAN" },
	{ "ip_rcv_finish_core:IP_INVALID_DEST", "IP_MARTIAN" },
	{ "ip_rcv_finish_core:IP_LOCAL_SOURCE", "IP_MARTIAN" },
	{ "ip_rcv_finish_core:IP_LOCALNET", "IP_MARTIAN" },
	{ "ip_rcv_finish_core:IP_INHDR", "IP_OPTIONS" },
	{ "ip_rcv_finish_core:NOT_SPECIFIED", "IP_OPTIONS" },
	{ "ip_error:IP_INADDRERRORS", "IP_NOT_FORWARDING" },
	{ "icmp_rcv:NOT_SPECIFIED", "ICMP_INVALID" },
	{ "icmp_rcv:INVALID_PROTO", "ICMP_INVALID" },
	{ "icmp_rcv:UNHANDLED_PROTO", "ICMP_INVALID" },
	{ "icmp_rcv:PKT_TOO_SMALL", "ICMP_INVALID" },
	{ "icmp_rcv:IP_INHDR", "ICMP_INVALID" },
	{ "ip_defrag:NOT_SPECIFIED", "FRAG_INVALID" },
	{ "ip_defrag:NOT_SPECIFIED", "FRAG_OVERLAP" },
	{ "arp_rcv:NOT_SPECIFIED", "ARP_MALFORMED" },
	{ "arp_rcv:PKT_TOO_SMALL", "ARP_MALFORMED" },
	{ "arp_process:NOT_SPECIFIED", "ARP_MALFORMED" },
	{ "skb_vlan_untag:NOT_SPECIFIED", "HDR_TRUNC" },
	{ "igmp_rcv:NOT_SPECIFIED", "IGMP_INVALID" },
	{ "igmp_rcv:NOT_SPECIFIED", "IGMP_UNHANDLED" },
	{ "tcp_v4_rcv:NOT_SPECIFIED", "PKT_TOO_SMALL" },
	{ "tcp_v4_rcv:NOT_SPECIFIED", "OTHERHOST" },
};

/* ---- counters: the texts of /proc, as the recorder reads them ---- */

struct counters {
	char text[16384]; /* the names' memory */
	unsigned nr;
	struct {
		const char *table, *name;
		unsigned long long value;
	} of[COUNTERS_MAX];
};

/* For each packet that comes or goes: not told. */
static bool usual(const char *table, const char *name)
{
	return !strcmp(table, "IcmpMsg") || !strcmp(name, "InReceives") || !strcmp(name, "OutRequests") ||
	       strstr(name, "Octets") || !strcmp(name, "InNoECTPkts");
}

/* Pairs of lines: "Ip: InReceives ...", "Ip: 7 ...". */
static void read_counters(struct ip_bench *b, struct counters *c)
{
	static const char *const paths[] = { "/proc/net/snmp", "/proc/net/netstat" };
	struct seq_file m = { .host = b->host };
	char *lines, *values_line, *names, *values, *table, *name, *value;

	for (unsigned i = 0; i < ARRAY_SIZE(paths); i++)
		assert_int_equal(proc_show(&m, paths[i]), 0);
	assert_true(m.count < sizeof(c->text));
	memcpy(c->text, m.buf, m.count);
	c->text[m.count] = '\0';
	seq_release(&m);
	c->nr = 0;
	for (char *line = strtok_r(c->text, "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
		values_line = strtok_r(NULL, "\n", &lines);
		table = strtok_r(line, ": ", &names);
		strtok_r(values_line, " ", &values);
		while ((name = strtok_r(NULL, " ", &names)) && (value = strtok_r(NULL, " ", &values))) {
			if (usual(table, name))
				continue;
			assert_true(c->nr < COUNTERS_MAX);
			c->of[c->nr].table = table;
			c->of[c->nr].name = name;
			c->of[c->nr++].value = strtoull(value, NULL, 10);
		}
	}
	assert_true(c->nr < COUNTERS_MAX);
	c->of[c->nr].table = "";
	c->of[c->nr].name = "rx_dropped";
	c->of[c->nr++].value = b->dev->core_rx_dropped;
}

/* "IpInDelivers 1 UdpNoPorts 1": what grew. */
static void grown(const struct counters *was, const struct counters *is, char *text)
{
	*text = '\0';
	assert_int_equal(was->nr, is->nr);
	for (unsigned i = 0; i < is->nr; i++) {
		int by = (int)(is->of[i].value - was->of[i].value);

		if (by)
			text += sprintf(text, "%s%s %d ", is->of[i].table, is->of[i].name, by);
	}
}

/* ---- packets in ---- */

/* Into a frame as IP's destination wants it, padded to 60 bytes; after '@' is a frame. Returns its length. */
static unsigned read_packet(const char *hex, u8 *frame)
{
	u8 *to = *hex == '@' ? frame : frame + 14;
	const u8 *dst = frame + 14 + 16;
	unsigned byte, len;

	memset(frame, 0, PACKET_MAX);
	for (hex += *hex == '@'; *hex; hex += 2, to++) {
		assert_true(to < frame + PACKET_MAX);
		assert_int_equal(sscanf(hex, "%2x", &byte), 1);
		*to = (u8)byte;
	}
	len = (unsigned)(to - frame);
	if (frame[12])
		return len;
	memcpy(frame, (const u8[]){ 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 9, 9, 8 }, 13);
	if (dst[0] >> 4 == 14)
		memcpy(frame, (const u8[]){ 1, 0, 0x5e, dst[1] & 0x7f, dst[2], dst[3] }, 6);
	else if (dst[3] == 255)
		memset(frame, 255, 6);
	return max(len, 60u);
}

static void receive(struct ip_bench *b, char *packets)
{
	u8 frame[PACKET_MAX];
	char *rest;

	for (const char *hex = strtok_r(packets, " ", &rest); hex; hex = strtok_r(NULL, " ", &rest)) {
		unsigned len = read_packet(hex, frame);
		struct sk_buff *skb = netdev_alloc_skb_ip_align(b->host, b->dev, PACKET_MAX);

		skb_put_data(skb, frame, len);
		skb->protocol = eth_type_trans(skb, b->dev);
		local_bh_disable(b->host);
		netif_receive_skb(skb);
		local_bh_enable(b->host);
	}
	bench_run(b, SEC / 50);
}

/* ---- drops ---- */

static bool take_drop(u64 *left, const char *name)
{
	for (unsigned i = 0; i < REASONS; i++)
		if (left[i] && !strcmp(skb_drop_name(SKB_DROP_REASON_FIRST + i), name)) {
			left[i]--;
			return true;
		}
	return false;
}

/* A drop of Linux, "icmp_rcv:ICMP_CSUM": takes ours from `left`. */
static bool same_drop(u64 *left, const char *linux_drop)
{
	if (take_drop(left, strchr(linux_drop, ':') + 1))
		return true;
	for (unsigned i = 0; i < ARRAY_SIZE(drop_names); i++)
		if (!strcmp(drop_names[i].linux_drop, linux_drop) && take_drop(left, drop_names[i].ours))
			return true;
	return false;
}

/* What Linux dropped, " icmp_rcv:ICMP_CSUM 1": whether those are the drops since `was`, told in `text`. */
static bool same_drops(const struct ip_bench *b, const u64 *was, const char *want, char *text)
{
	bool same = true, all_fragments = strstr(want, "ip_defrag:NOT_SPECIFIED");
	u64 left[REASONS];
	char drop[100];
	int n, used;

	*text = '\0';
	for (unsigned i = 0; i < REASONS; i++) {
		left[i] = b->net->skb->drops[i] - was[i];
		if (left[i])
			text += sprintf(text, "%s %d ", skb_drop_name(SKB_DROP_REASON_FIRST + i),
					(int)left[i]);
	}
	for (; sscanf(want, " %99s %d%n", drop, &n, &used) == 2; want += used)
		while (n--)
			same &= same_drop(left, drop);
	if (all_fragments) /* those that waited go for the same reason; 6.18 calls them consumed */
		while (take_drop(left, "FRAG_INVALID") || take_drop(left, "FRAG_OVERLAP"))
			;
	for (unsigned i = 0; i < REASONS; i++)
		same &= !left[i];
	return same;
}

/* One row of the file: the name, "counters | drops", the packets. Returns whether it went as on Linux. */
static bool check(struct ip_bench *b, const char *name, char *want, char *packets)
{
	static struct counters was, is;
	char text[TEXT_MAX], *drops = strchr(want, '|');
	u64 drops_were[REASONS];
	bool good;

	assert_non_null(drops);
	*drops++ = '\0';
	memcpy(drops_were, b->net->skb->drops, sizeof(drops_were));
	read_counters(b, &was);
	receive(b, packets);
	read_counters(b, &is);
	grown(&was, &is, text);
	good = !strcmp(text, want);
	if (!good)
		print_error("%s: %s\n    Linux: %s\n", name, text, want);
	if (!same_drops(b, drops_were, drops, text)) {
		print_error("%s: dropped: %s\n    Linux: %s\n", name, text, drops);
		good = false;
	}
	return good;
}

static void test_table(void **state)
{
	struct ip_bench *b = *state;
	FILE *f = fopen(BAD_PACKETS, "re");
	char name[TEXT_MAX], want[TEXT_MAX], packets[TEXT_MAX], *lines[] = { name, want, packets };
	int rows = 0, differ = 0;

	assert_non_null(f);
	b->net->ipv4.sysctl_icmp_ratelimit = 0;
	b->net->ipv4.sysctl_icmp_msgs_per_sec = 100000;
	b->net->ipv4.sysctl_icmp_msgs_burst = 10000;
	for (;; rows++) {
		for (unsigned i = 0; i < 3; i++) {
			if (!fgets(lines[i], TEXT_MAX, f))
				*lines[i] = '\0';
			lines[i][strcspn(lines[i], "\n")] = '\0';
		}
		if (!*packets)
			break;
		differ += !check(b, name, want, packets);
		assert_true(fgetc(f) == '\n' || feof(f));
	}
	fclose(f);
	assert_int_equal(differ, 0);
	assert_true(rows > 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_table, bench_setup, bench_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
