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
	struct inet_peer *peer;
	__be32 gw;

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
	gw = rt_nexthop(rt, ip_hdr(skb)->daddr);
	icmp_send(skb, ICMP_REDIRECT, ICMP_REDIR_HOST, gw);
	peer->rate_last = now;
	if (++peer->n_redirects == ip_rt_redirect_number && IN_DEV_LOG_MARTIANS(in_dev))
		net_warn_ratelimited(skb->host,
				     "IPv4: host " NIPQUAD_FMT "/if%d ignores redirects for " NIPQUAD_FMT
				     " to " NIPQUAD_FMT,
				     NIPQUAD(ip_hdr(skb)->saddr), skb->skb_iif, NIPQUAD(ip_hdr(skb)->daddr),
				     NIPQUAD(gw));
}
