/*
 * LOG: a line in the kernel's log about the packet, in the words that people's scripts look for:
 *
 *	prefixIN=eth0 OUT= MAC=.. SRC=10.0.2.2 DST=10.0.2.15 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=0 DF
 *		PROTO=TCP SPT=..
 */
#include <stdarg.h>
#include <stdio.h>

#include "stack/interface/etherdevice.h"
#include "stack/internet/icmp.h"
#include "stack/internet/ip.h"
#include "stack/kernel/printk.h"
#include "stack/netfilter/xt_targets.h"
#include "stack/transport/tcp_types.h"
#include "stack/transport/udp.h"

#define IPTOS_TOS_MASK 0x1e
#define IPTOS_PREC_MASK 0xe0

struct nf_log_buf {
	char text[900];
	size_t len;
};

static void __attribute__((format(printf, 2, 3))) nf_log_buf_add(struct nf_log_buf *m, const char *fmt, ...)
{
	size_t room = sizeof(m->text) - m->len;
	va_list ap;

	va_start(ap, fmt);
	m->len += min((size_t)vsnprintf(m->text + m->len, room, fmt, ap), room - 1);
	va_end(ap);
}

static void log_addr(struct nf_log_buf *m, const char *key, __be32 addr)
{
	const u8 *a = (const u8 *)&addr;

	nf_log_buf_add(m, "%s=%u.%u.%u.%u ", key, a[0], a[1], a[2], a[3]);
}

static void log_hex(struct nf_log_buf *m, const u8 *p, unsigned int n)
{
	nf_log_buf_add(m, "OPT (");
	for (unsigned int i = 0; i < n; i++)
		nf_log_buf_add(m, "%02X", p[i]);
	nf_log_buf_add(m, ") ");
}

/* What of a header is missing; true: all of it is there. */
static bool log_complete(struct nf_log_buf *m, const void *header, const struct sk_buff *skb, int offset)
{
	if (!header)
		nf_log_buf_add(m, "INCOMPLETE [%u bytes] ", skb->len - (unsigned int)offset);
	return header;
}

static void nf_log_dump_tcp_header(struct nf_log_buf *m, const struct sk_buff *skb, int offset,
				   unsigned int logflags)
{
	TRACE_SKB(skb, "write down the tcp header");
	static const char *const flags[] = { "CWR ", "ECE ", "URG ", "ACK ", "PSH ", "RST ", "SYN ", "FIN " };
	struct tcphdr _th, *th = skb_header_pointer(skb, offset, sizeof(_th), &_th);
	unsigned int optsize;
	u8 _opt[40], *op;

	if (!log_complete(m, th, skb, offset))
		return;
	nf_log_buf_add(m, "SPT=%u DPT=%u ", ntohs(th->source), ntohs(th->dest));
	if (logflags & NF_LOG_TCPSEQ)
		nf_log_buf_add(m, "SEQ=%u ACK=%u ", ntohl(th->seq), ntohl(th->ack_seq));
	nf_log_buf_add(m, "WINDOW=%u RES=0x%02x ", ntohs(th->window), th->res1 << 2);
	for (unsigned int i = 0; i < 8; i++) {
		if (((const u8 *)th)[13] & 0x80 >> i)
			nf_log_buf_add(m, "%s", flags[i]);
	}
	nf_log_buf_add(m, "URGP=%u ", ntohs(th->urg_ptr));
	if (!(logflags & NF_LOG_TCPOPT) || th->doff * 4u <= sizeof(_th))
		return;
	optsize = th->doff * 4u - (unsigned int)sizeof(_th);
	op = skb_header_pointer(skb, offset + (int)sizeof(_th), (int)optsize, _opt);
	if (op)
		log_hex(m, op, optsize);
	else
		nf_log_buf_add(m, "OPT (TRUNCATED)");
}

static void nf_log_dump_udp_header(struct nf_log_buf *m, const struct sk_buff *skb, int offset)
{
	TRACE_SKB(skb, "write down the udp header");
	struct udphdr _uh, *uh = skb_header_pointer(skb, offset, sizeof(_uh), &_uh);

	if (log_complete(m, uh, skb, offset))
		nf_log_buf_add(m, "SPT=%u DPT=%u LEN=%u ", ntohs(uh->source), ntohs(uh->dest),
			       ntohs(uh->len));
}

static void dump_ipv4_packet(struct nf_log_buf *m, unsigned int logflags, const struct sk_buff *skb,
			     int iphoff);

static void log_icmp(struct nf_log_buf *m, unsigned int logflags, const struct sk_buff *skb, int offset,
		     bool quoted)
{
	struct icmphdr _ich, *ich = skb_header_pointer(skb, offset, sizeof(_ich), &_ich);

	if (!log_complete(m, ich, skb, offset))
		return;
	nf_log_buf_add(m, "TYPE=%u CODE=%u ", ich->type, ich->code);
	switch (ich->type) {
	case ICMP_ECHOREPLY:
	case ICMP_ECHO:
		nf_log_buf_add(m, "ID=%u SEQ=%u ", ntohs(ich->un.echo.id), ntohs(ich->un.echo.sequence));
		break;
	case ICMP_PARAMETERPROB:
		nf_log_buf_add(m, "PARAMETER=%u ", ntohl(ich->un.gateway) >> 24);
		break;
	case ICMP_REDIRECT:
		log_addr(m, "GATEWAY", ich->un.gateway);
		fallthrough;
	case ICMP_DEST_UNREACH:
	case ICMP_SOURCE_QUENCH:
	case ICMP_TIME_EXCEEDED:
		if (!quoted) {
			nf_log_buf_add(m, "[");
			dump_ipv4_packet(m, logflags, skb, offset + (int)sizeof(_ich));
			nf_log_buf_add(m, "] ");
		}
		if (ich->type == ICMP_DEST_UNREACH && ich->code == ICMP_FRAG_NEEDED)
			nf_log_buf_add(m, "MTU=%u ", ntohs(ich->un.frag.mtu));
		break;
	default:
		break;
	}
}

static void log_protocol(struct nf_log_buf *m, unsigned int logflags, const struct sk_buff *skb,
			 const struct iphdr *ih, int iphoff)
{
	int offset = iphoff + ih->ihl * 4;
	bool fragment = ih->frag_off & htons(IP_OFFSET);

	switch (ih->protocol) {
	case IPPROTO_TCP:
		nf_log_buf_add(m, "PROTO=TCP ");
		if (!fragment)
			nf_log_dump_tcp_header(m, skb, offset, logflags);
		break;
	case IPPROTO_UDP:
		nf_log_buf_add(m, "PROTO=UDP ");
		if (!fragment)
			nf_log_dump_udp_header(m, skb, offset);
		break;
	case IPPROTO_ICMP:
		nf_log_buf_add(m, "PROTO=ICMP ");
		if (!fragment)
			log_icmp(m, logflags, skb, offset, iphoff > 0);
		break;
	default:
		nf_log_buf_add(m, "PROTO=%u ", ih->protocol);
	}
}

static void dump_ipv4_packet(struct nf_log_buf *m, unsigned int logflags, const struct sk_buff *skb,
			     int iphoff)
{
	TRACE_SKB(skb, "write down the ip header and what follows it");
	struct iphdr _iph, *ih = skb_header_pointer(skb, iphoff, sizeof(_iph), &_iph);
	unsigned int frag, optsize;
	u8 _opt[40], *op;

	if (!ih) {
		nf_log_buf_add(m, "TRUNCATED");
		return;
	}
	frag = ntohs(ih->frag_off);
	log_addr(m, "SRC", ih->saddr);
	log_addr(m, "DST", ih->daddr);
	nf_log_buf_add(m, "LEN=%u TOS=0x%02X PREC=0x%02X TTL=%u ID=%u ", ntohs(ih->tot_len),
		       ih->tos & IPTOS_TOS_MASK, ih->tos & IPTOS_PREC_MASK, ih->ttl, ntohs(ih->id));
	nf_log_buf_add(m, "%s%s%s", frag & IP_CE ? "CE " : "", frag & IP_DF ? "DF " : "",
		       frag & IP_MF ? "MF " : "");
	if (frag & IP_OFFSET)
		nf_log_buf_add(m, "FRAG:%u ", frag & IP_OFFSET);
	if ((logflags & NF_LOG_IPOPT) && ih->ihl > 5) {
		optsize = ih->ihl * 4u - (unsigned int)sizeof(_iph);
		op = skb_header_pointer(skb, iphoff + (int)sizeof(_iph), (int)optsize, _opt);
		if (!op) {
			nf_log_buf_add(m, "TRUNCATED");
			return;
		}
		log_hex(m, op, optsize);
	}
	log_protocol(m, logflags, skb, ih, iphoff);
	if (!iphoff && skb->mark)
		nf_log_buf_add(m, "MARK=0x%x ", skb->mark);
}

static void dump_mac_header(struct nf_log_buf *m, const struct sk_buff *skb, const struct net_device *in)
{
	TRACE_SKB(skb, "write down the ethernet header");
	nf_log_buf_add(m, "MAC=");
	if (in->hard_header_len && skb_mac_header_was_set(skb) && skb_mac_header_len(skb)) {
		for (unsigned int i = 0; i < in->hard_header_len; i++)
			nf_log_buf_add(m, i ? ":%02x" : "%02x", skb_mac_header(skb)[i]);
	}
	nf_log_buf_add(m, " ");
}

static void nf_log_ip_packet(const struct nf_hook_state *state, const struct sk_buff *skb,
			     const struct ipt_entry *e)
{
	TRACE_SKB(skb, "write a line about the packet into the kernel's log");
	struct nf_log_buf m = { .len = 0 };

	nf_log_buf_add(&m, "%sIN=%s OUT=%s ", e->log_prefix, state->in ? state->in->name : "",
		       state->out ? state->out->name : "");
	if (state->in)
		dump_mac_header(&m, skb, state->in);
	dump_ipv4_packet(&m, e->log_flags, skb, 0);
	printk(skb->host, "%s", m.text);
}

unsigned int log_tg(struct sk_buff *skb, const struct nf_hook_state *state, const struct ipt_entry *e)
{
	TRACE_SKB(skb, "log the packet, let the next rule decide");
	nf_log_ip_packet(state, skb, e);
	return XT_CONTINUE;
}
