/* /proc/net/dev and /proc/net/softnet_stat. */
#include "stack/interface/netdevice.h"
#include "stack/proc.h"

typedef unsigned long long ull;

static void dev_seq_printf_stats(struct seq_file *seq, struct net_device *dev)
{
	TRACE(seq, "write the counters of a device");
	struct rtnl_link_stats64 temp;
	const struct rtnl_link_stats64 *s = dev_get_stats(dev, &temp);

	seq_printf(seq, "%6s: %7llu %7llu %4llu %4llu %4llu %5llu %10llu %9llu", dev->name, (ull)s->rx_bytes,
		   (ull)s->rx_packets, (ull)s->rx_errors, (ull)(s->rx_dropped + s->rx_missed_errors),
		   (ull)s->rx_fifo_errors,
		   (ull)(s->rx_length_errors + s->rx_over_errors + s->rx_crc_errors + s->rx_frame_errors),
		   (ull)s->rx_compressed, (ull)s->multicast);
	seq_printf(seq, " %8llu %7llu %4llu %4llu %4llu %5llu %7llu %10llu\n", (ull)s->tx_bytes,
		   (ull)s->tx_packets, (ull)s->tx_errors, (ull)s->tx_dropped, (ull)s->tx_fifo_errors,
		   (ull)s->collisions,
		   (ull)(s->tx_carrier_errors + s->tx_aborted_errors + s->tx_window_errors +
			 s->tx_heartbeat_errors),
		   (ull)s->tx_compressed);
}

int dev_seq_show(struct seq_file *seq)
{
	TRACE(seq, "list the devices and what they received and sent (/proc/net/dev)");
	struct net_device *dev;

	seq_puts(seq, "Inter-|   Receive                                                |  Transmit\n"
		      " face |bytes    packets errs drop fifo frame compressed multicast"
		      "|bytes    packets errs drop fifo colls carrier compressed\n");
	for_each_netdev(seq->host->net, dev) dev_seq_printf_stats(seq, dev);
	return 0;
}

int softnet_seq_show(struct seq_file *seq)
{
	TRACE(seq, "tell what the CPU took in for the network (/proc/net/softnet_stat)");
	const struct softnet_data *sd = softnet_data(seq->host);

	seq_printf(seq, "%08x %08x %08x %08x %08x %08x %08x %08x %08x %08x %08x %08x %08x\n", sd->processed,
		   sd->dropped, sd->time_squeeze, 0, 0, 0, 0, 0, 0, sd->received_rps, 0,
		   skb_queue_len(&sd->input_pkt_queue) + skb_queue_len(&sd->process_queue), 0);
	return 0;
}
