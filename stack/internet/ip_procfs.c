/* /proc/net/arp, /proc/net/route and /proc/net/raw. */
#include <stdio.h>

#include "stack/internet/devinet.h"
#include "stack/internet/fib.h"
#include "stack/internet/internet.h"
#include "stack/internet/neighbour.h"
#include "stack/internet/raw.h"
#include "stack/proc.h"

#define RTF_UP 0x0001
#define RTF_GATEWAY 0x0002
#define RTF_HOST 0x0004
#define RTF_REJECT 0x0200
#define ATF_COM 0x02
#define ATF_PERM 0x04
#define ATF_PUBL 0x08

static void arp_format_line(struct seq_file *seq, __be32 key, unsigned int type, unsigned int flags,
			    const u8 *ha, const char *dev)
{
	const u8 *b = (const u8 *)&key;
	char ip[16], hw[18];

	snprintf(ip, sizeof(ip), "%d.%d.%d.%d", b[0], b[1], b[2], b[3]);
	snprintf(hw, sizeof(hw), "%02x:%02x:%02x:%02x:%02x:%02x", ha[0], ha[1], ha[2], ha[3], ha[4], ha[5]);
	seq_printf(seq, "%-16s 0x%-10x0x%-10x%-17s     *        %s\n", ip, type, flags, hw, dev);
}

static void arp_format_neigh_entry(struct neighbour *n, void *cookie)
{
	struct seq_file *seq = cookie;
	TRACE(seq, "write a neighbour");
	unsigned int flags = n->nud_state & NUD_PERMANENT ? ATF_PERM | ATF_COM
			     : n->nud_state & NUD_VALID	  ? ATF_COM
							  : 0;

	if (n->nud_state & (u8)~NUD_NOARP)
		arp_format_line(seq, n->primary_key, n->dev->type, flags, n->ha, n->dev->name);
}

static void arp_format_pneigh_entry(const struct pneigh_entry *n, void *cookie)
{
	struct seq_file *seq = cookie;
	TRACE(seq, "write an address that the host answers for");
	static const u8 none[6];

	arp_format_line(seq, n->key, n->dev ? n->dev->type : 0, ATF_PUBL | ATF_PERM, none,
			n->dev ? n->dev->name : "*");
}

int arp_seq_show(struct seq_file *seq)
{
	TRACE(seq, "list the neighbours (/proc/net/arp)");
	seq_puts(seq, "IP address       HW type     Flags       HW address            Mask     Device\n");
	neigh_for_each(arp_tbl(seq->host->net), arp_format_neigh_entry, seq);
	pneigh_for_each(arp_tbl(seq->host->net), arp_format_pneigh_entry, seq);
	return 0;
}

static unsigned int fib_flag_trans(const struct fib_alias *fa)
{
	unsigned int flags = RTF_UP;

	if (fa->fa_type == RTN_UNREACHABLE || fa->fa_type == RTN_PROHIBIT)
		flags = RTF_REJECT;
	if (fa->fa_info->fib_nh[0].fib_nh_gw4)
		flags |= RTF_GATEWAY;
	if (fa->fa_plen == 32)
		flags |= RTF_HOST;
	return flags | RTF_UP;
}

static void fib_route_line(struct fib_alias *fa, void *cookie)
{
	struct seq_file *seq = cookie;
	const struct fib_info *fi = fa->fa_info;
	static const struct dst_metrics none = { .refcnt = 0 };
	const u32 *metrics = (fi->fib_metrics ? fi->fib_metrics : &none)->metrics;
	u32 advmss = metrics[RTAX_ADVMSS - 1];

	if (fa->fa_type == RTN_BROADCAST || fa->fa_type == RTN_MULTICAST || fa->tb_id != RT_TABLE_MAIN)
		return;
	seq_setwidth(seq, 127);
	seq_printf(seq, "%s\t%08X\t%08X\t%04X\t%d\t%u\t%d\t%08X\t%d\t%u\t%u",
		   fi->fib_nh[0].fib_nh_dev ? fi->fib_nh[0].fib_nh_dev->name : "*", fa->fa_dst,
		   fi->fib_nh[0].fib_nh_gw4, fib_flag_trans(fa), 0, 0, fi->fib_priority,
		   inet_make_mask(fa->fa_plen), advmss ? (int)advmss + 40 : 0, metrics[RTAX_WINDOW - 1],
		   metrics[RTAX_RTT - 1] >> 3);
	seq_pad(seq, '\n');
}

int fib_route_seq_show(struct seq_file *seq)
{
	TRACE(seq, "list the routes (/proc/net/route)");
	struct fib_table *tb = fib_get_table(seq->host->net, RT_TABLE_MAIN);

	seq_setwidth(seq, 127);
	seq_puts(seq, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT");
	seq_pad(seq, '\n');
	if (tb)
		fib_table_walk(tb, fib_route_line, seq);
	return 0;
}

static void raw_sock_seq_show(struct seq_file *seq, struct sock *sp, int i)
{
	TRACE(seq, "write a raw socket");
	const struct inet_sock *inet = inet_sk(sp);

	seq_printf(seq, "%4d: %08X:%04X %08X:%04X %02X %08X:%08X %02X:%08lX %08X %5u %8d %u %d %08x %u\n", i,
		   inet->inet_rcv_saddr, inet->inet_num, inet->inet_daddr, 0, sp->sk_state,
		   sk_wmem_alloc_get(sp), sk_rmem_alloc_get(sp), 0, 0ul, 0, 0, 0, sp->trace_id, sp->sk_refcnt,
		   sp->trace_id, sp->sk_drops);
}

int raw_seq_show(struct seq_file *seq)
{
	TRACE(seq, "list the raw sockets (/proc/net/raw)");
	struct raw_hashinfo *h = seq->host->net->raw;
	struct hlist_node *n;

	seq_puts(seq, "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
		      "timeout inode ref pointer drops\n");
	for (int i = 0; h && i < RAW_HTABLE_SIZE; i++)
		hlist_for_each(n, &h->ht[i])
			raw_sock_seq_show(seq, hlist_entry(n, struct sock, __sk_common.skc_node), i);
	return 0;
}
