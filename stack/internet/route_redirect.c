/*
 * Redirects that this host sends: it forwarded a packet back to the link that it came from, so its sender
 * could do without us. Told a few times, ever more slowly, then no more: who does not listen is left alone.
 */
#include "stack/internet/icmp.h"
#include "stack/internet/inetpeer.h"
#include "stack/internet/internet.h"
#include "stack/kernel/printk.h"

#define ip_rt_redirect_load (HZ / 50ul) /* between the first two; doubles each time */
#define ip_rt_redirect_number 9u
#define ip_rt_redirect_silence                                                                               \
	(ip_rt_redirect_load << (ip_rt_redirect_number + 1)) /* then all is forgotten */

void ip_rt_send_redirect(struct sk_buff *skb)
{
	TRACE_SKB(skb, "tell the sender of a shorter way");
	struct rtable *rt = skb_rtable(skb);
	struct in_device *in_dev = __in_dev_get_rcu(rt->dst.dev);
	unsigned long now = jiffies(skb->host);
	const u8 *saddr = (const u8 *)&ip_hdr(skb)->saddr;
	struct inet_peer *peer;

	if (!in_dev || !IN_DEV_TX_REDIRECTS(in_dev))
		return;
	peer = inet_getpeer_v4(skb->host->net, ip_hdr(skb)->saddr, true);
	if (!peer)
		return;
	if (time_after(now, peer->rate_last + ip_rt_redirect_silence)) {
		peer->rate_tokens = 0;
		peer->n_redirects = 0;
	}
	if (peer->n_redirects >= ip_rt_redirect_number) {
		peer->rate_last = now; /* the silence counts from the last packet that came this way */
		return;
	}
	if (peer->n_redirects &&
	    !time_after(now, peer->rate_last + (ip_rt_redirect_load << peer->n_redirects)))
		return;
	icmp_send(skb, ICMP_REDIRECT, ICMP_REDIR_HOST, rt_nexthop(rt, ip_hdr(skb)->daddr));
	peer->rate_last = now;
	if (++peer->n_redirects == ip_rt_redirect_number && IN_DEV_LOG_MARTIANS(in_dev))
		pr_info(skb->host, "host %d.%d.%d.%d/if%d ignores redirects", saddr[0], saddr[1], saddr[2],
			saddr[3], skb->skb_iif);
}
