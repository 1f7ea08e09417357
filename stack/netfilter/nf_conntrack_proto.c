/*
 * What connection tracking knows of protocols: which bytes name a flow, what an answer looks like, how long a
 * flow lives, and TCP's states as a bystander sees them. Sequence numbers are not checked.
 *
 *	TCP: SYN_SENT -> SYN_RECV -> ESTABLISHED -> FIN_WAIT -> CLOSE_WAIT -> LAST_ACK -> TIME_WAIT
 *	RST: CLOSE
 */
#include "stack/internet/icmp.h"
#include "stack/internet/ip.h"
#include "stack/netfilter/nf_conntrack.h"
#include "stack/transport/tcp_types.h"
#include "stack/transport/udp.h"

#define NF_CT_UDP_TIMEOUT (30ul * HZ)
#define NF_CT_UDP_STREAM_TIMEOUT (120ul * HZ)
#define NF_CT_ICMP_TIMEOUT (30ul * HZ)
#define NF_CT_GENERIC_TIMEOUT (600ul * HZ)

/* ---- tuples ---- */

/* The kind of message that answers a query, or 0xff: it is no query and no answer. */
static u8 icmp_answer(u8 type)
{
	switch (type) {
	case ICMP_ECHO:
		return ICMP_ECHOREPLY;
	case ICMP_ECHOREPLY:
		return ICMP_ECHO;
	case ICMP_TIMESTAMP:
	case ICMP_INFO_REQUEST:
	case ICMP_ADDRESS:
		return (u8)(type + 1);
	case ICMP_TIMESTAMPREPLY:
	case ICMP_INFO_REPLY:
	case ICMP_ADDRESSREPLY:
		return (u8)(type - 1);
	default:
		return 0xff;
	}
}

static __be16 icmp_key(u8 type, u8 code)
{
	return htons((u16)(type << 8 | code));
}

bool nf_ct_get_tuplepr(const struct sk_buff *skb, unsigned int nhoff, struct nf_conntrack_tuple *tuple)
{
	TRACE_SKB(skb, "read who talks with whom");
	struct iphdr _iph, *iph = skb_header_pointer(skb, (int)nhoff, sizeof(_iph), &_iph);
	__be16 _ports[2], *ports;
	struct icmphdr _icmph, *icmph;
	int dataoff;

	if (!iph || iph->ihl < 5 || (iph->frag_off & htons(IP_OFFSET)))
		return false;
	dataoff = (int)nhoff + iph->ihl * 4;
	*tuple = (struct nf_conntrack_tuple){ iph->saddr, iph->daddr, 0, 0, iph->protocol, 0 };
	switch (iph->protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		ports = skb_header_pointer(skb, dataoff, sizeof(_ports), _ports);
		if (!ports)
			return false;
		tuple->src_all = ports[0];
		tuple->dst_all = ports[1];
		return true;
	case IPPROTO_ICMP:
		icmph = skb_header_pointer(skb, dataoff, sizeof(_icmph), &_icmph);
		if (!icmph)
			return false;
		tuple->src_all = icmph->un.echo.id;
		tuple->dst_all = icmp_key(icmph->type, icmph->code);
		return true;
	default:
		return true;
	}
}

bool nf_ct_invert_tuple(struct nf_conntrack_tuple *inverse, const struct nf_conntrack_tuple *orig)
{
	u8 type = (u8)(ntohs(orig->dst_all) >> 8), answer;

	*inverse = (struct nf_conntrack_tuple){ orig->dst_ip,  orig->src_ip,   orig->dst_all,
						orig->src_all, orig->protonum, 0 };
	if (orig->protonum != IPPROTO_ICMP)
		return true;
	answer = icmp_answer(type);
	inverse->src_all = orig->src_all;
	inverse->dst_all = icmp_key(answer, (u8)ntohs(orig->dst_all));
	return answer != 0xff;
}

/* ---- TCP ---- */

enum tcp_conntrack {
	TCP_CONNTRACK_NONE,
	TCP_CONNTRACK_SYN_SENT,
	TCP_CONNTRACK_SYN_RECV,
	TCP_CONNTRACK_ESTABLISHED,
	TCP_CONNTRACK_FIN_WAIT,
	TCP_CONNTRACK_CLOSE_WAIT,
	TCP_CONNTRACK_LAST_ACK,
	TCP_CONNTRACK_TIME_WAIT,
	TCP_CONNTRACK_CLOSE,
	TCP_CONNTRACK_SYN_SENT2, /* both sides sent a SYN */
	TCP_CONNTRACK_MAX
};

static const char *const tcp_conntrack_names[] = {
	"NONE",	      "SYN_SENT", "SYN_RECV",  "ESTABLISHED", "FIN_WAIT",
	"CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE",	      "SYN_SENT2",
};

static const unsigned int tcp_timeouts[TCP_CONNTRACK_MAX] = {
	[TCP_CONNTRACK_SYN_SENT] = 120,	      [TCP_CONNTRACK_SYN_RECV] = 60,
	[TCP_CONNTRACK_ESTABLISHED] = 432000, [TCP_CONNTRACK_FIN_WAIT] = 120,
	[TCP_CONNTRACK_CLOSE_WAIT] = 60,      [TCP_CONNTRACK_LAST_ACK] = 30,
	[TCP_CONNTRACK_TIME_WAIT] = 120,      [TCP_CONNTRACK_CLOSE] = 10,
	[TCP_CONNTRACK_SYN_SENT2] = 120,
};

enum tcp_bit_set { TCP_SYN_SET, TCP_SYNACK_SET, TCP_FIN_SET, TCP_ACK_SET, TCP_RST_SET, TCP_NONE_SET };

static enum tcp_bit_set get_conntrack_index(const struct tcphdr *tcph)
{
	if (tcph->rst)
		return TCP_RST_SET;
	if (tcph->syn)
		return tcph->ack ? TCP_SYNACK_SET : TCP_SYN_SET;
	if (tcph->fin)
		return TCP_FIN_SET;
	return tcph->ack ? TCP_ACK_SET : TCP_NONE_SET;
}

/*
 * The state after a packet, by direction, kind of packet and state before (a column each, in the order of
 * enum tcp_conntrack): s SYN_SENT, r SYN_RECV, e ESTABLISHED, f FIN_WAIT, c CLOSE_WAIT, l LAST_ACK, t
 * TIME_WAIT, x CLOSE, 2 SYN_SENT2; '.': as it was; '!': cannot be.
 */
static const char *const tcp_conntracks[2][TCP_NONE_SET] = {
	{
		[TCP_SYN_SET] = "ss.....ss2",
		[TCP_SYNACK_SET] = "!!r!!!!!!r",
		[TCP_FIN_SET] = "!!ffllltx!",
		[TCP_ACK_SET] = "e!eecctt.!",
		[TCP_RST_SET] = "!xxxxxxxxx",
	},
	{
		[TCP_SYN_SET] = "!2!!!!!s!2",
		[TCP_SYNACK_SET] = "!r.......r",
		[TCP_FIN_SET] = "!!ffllltx!",
		[TCP_ACK_SET] = "!.reccttx.",
		[TCP_RST_SET] = "!xxxxxxxxx",
	},
};

/* The state that a packet leads to, or -1: it cannot be. */
static int tcp_new_state(const struct nf_conn *ct, const struct tcphdr *th, enum ip_conntrack_dir dir)
{
	static const char letters[] = "-srefcltx2";
	enum tcp_bit_set index = get_conntrack_index(th);
	char c;

	if (index == TCP_NONE_SET)
		return -1;
	c = tcp_conntracks[dir][index][ct->proto.tcp_state];
	if (c == '!')
		return -1;
	return c == '.' ? ct->proto.tcp_state : (int)(strchr(letters, c) - letters);
}

static int nf_conntrack_tcp_packet(struct nf_conn *ct, struct sk_buff *skb, unsigned int dataoff,
				   enum ip_conntrack_info ctinfo, const struct nf_hook_state *state)
{
	TRACE_SKB(skb, "follow the state of a tcp connection");
	struct tcphdr _th, *th = skb_header_pointer(skb, (int)dataoff, sizeof(_th), &_th);
	int old_state = ct->proto.tcp_state, new_state;

	if (!th || th->doff < 5 || skb->len - dataoff < th->doff * 4u)
		return -(int)NF_ACCEPT;
	if (state->hook == NF_INET_PRE_ROUTING && nf_ip_checksum(skb, state->hook, dataoff, IPPROTO_TCP))
		return -(int)NF_ACCEPT;
	new_state = tcp_new_state(ct, th, CTINFO2DIR(ctinfo));
	if (new_state < 0)
		return -(int)NF_ACCEPT;
	if (new_state == TCP_CONNTRACK_SYN_SENT && old_state >= TCP_CONNTRACK_TIME_WAIT) {
		nf_ct_kill(ct); /* the ports are used again: a new connection */
		return -(int)NF_REPEAT;
	}
	if (th->rst && !(ct->status & IPS_SEEN_REPLY) && ctinfo == IP_CT_NEW && nf_ct_is_confirmed(ct)) {
		nf_ct_kill(ct);
		return NF_ACCEPT;
	}
	ct->proto.tcp_state = (u8)new_state;
	nf_ct_refresh(ct, (unsigned long)tcp_timeouts[new_state] * HZ);
	if ((ct->status & IPS_SEEN_REPLY) && new_state == TCP_CONNTRACK_ESTABLISHED &&
	    (old_state == TCP_CONNTRACK_SYN_RECV || old_state == TCP_CONNTRACK_ESTABLISHED))
		ct->status |= IPS_ASSURED;
	return NF_ACCEPT;
}

const char *nf_ct_tcp_state_name(const struct nf_conn *ct)
{
	return tcp_conntrack_names[ct->proto.tcp_state];
}

/* ---- UDP ---- */

static int nf_conntrack_udp_packet(struct nf_conn *ct, struct sk_buff *skb, unsigned int dataoff,
				   const struct nf_hook_state *state)
{
	TRACE_SKB(skb, "follow a flow of datagrams");
	struct udphdr _uh, *uh = skb_header_pointer(skb, (int)dataoff, sizeof(_uh), &_uh);
	unsigned long now = jiffies(skb->host);

	if (!uh || ntohs(uh->len) < sizeof(_uh) || ntohs(uh->len) > skb->len - dataoff)
		return -(int)NF_ACCEPT;
	if (uh->check && state->hook == NF_INET_PRE_ROUTING &&
	    nf_ip_checksum(skb, state->hook, dataoff, IPPROTO_UDP))
		return -(int)NF_ACCEPT;
	if (!nf_ct_is_confirmed(ct))
		ct->proto.udp_stream_ts = now + 2 * HZ;
	if ((ct->status & IPS_SEEN_REPLY) && time_after(now, ct->proto.udp_stream_ts)) {
		nf_ct_refresh(ct, NF_CT_UDP_STREAM_TIMEOUT);
		ct->status |= IPS_ASSURED;
	} else {
		nf_ct_refresh(ct, NF_CT_UDP_TIMEOUT);
	}
	return NF_ACCEPT;
}

/* ---- ICMP ---- */

static int nf_conntrack_icmp_packet(struct nf_conn *ct, struct sk_buff *skb)
{
	TRACE_SKB(skb, "follow a query and its answers");
	u8 type = (u8)(ntohs(ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple.dst_all) >> 8);

	if (type != ICMP_ECHO && type != ICMP_TIMESTAMP && type != ICMP_INFO_REQUEST && type != ICMP_ADDRESS)
		return -(int)NF_ACCEPT;
	nf_ct_refresh(ct, NF_CT_ICMP_TIMEOUT);
	return NF_ACCEPT;
}

/* An error belongs to the flow of the packet that it quotes. */
static int nf_conntrack_inet_error(struct sk_buff *skb, unsigned int dataoff,
				   const struct nf_hook_state *state)
{
	TRACE_SKB(skb, "find the flow that the error is about");
	struct nf_conntrack_tuple innertuple, origtuple;
	struct nf_conntrack_tuple_hash *h;

	if (!nf_ct_get_tuplepr(skb, dataoff, &origtuple) || !nf_ct_invert_tuple(&innertuple, &origtuple))
		return -(int)NF_ACCEPT;
	h = nf_conntrack_find_get(state->net, &innertuple);
	if (!h)
		return -(int)NF_ACCEPT;
	nf_ct_set(skb, nf_ct_tuplehash_to_ctrack(h),
		  h->dir == IP_CT_DIR_REPLY ? IP_CT_RELATED_REPLY : IP_CT_RELATED);
	return NF_ACCEPT;
}

int nf_conntrack_icmpv4_error(struct sk_buff *skb, unsigned int dataoff, const struct nf_hook_state *state)
{
	TRACE_SKB(skb, "check an icmp message, and whether it is an error");
	struct icmphdr _ih, *icmph = skb_header_pointer(skb, (int)dataoff, sizeof(_ih), &_ih);

	if (!icmph)
		return -(int)NF_ACCEPT;
	if (state->hook == NF_INET_PRE_ROUTING && nf_ip_checksum(skb, state->hook, dataoff, IPPROTO_ICMP))
		return -(int)NF_ACCEPT;
	switch (icmph->type) {
	case ICMP_DEST_UNREACH:
	case ICMP_SOURCE_QUENCH:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
	case ICMP_REDIRECT:
		return nf_conntrack_inet_error(skb, dataoff + (unsigned int)sizeof(_ih), state);
	default:
		return icmph->type > NR_ICMP_TYPES ? -(int)NF_ACCEPT : (int)NF_ACCEPT;
	}
}

int nf_conntrack_handle_packet(struct nf_conn *ct, struct sk_buff *skb, unsigned int dataoff,
			       enum ip_conntrack_info ctinfo, const struct nf_hook_state *state)
{
	TRACE_SKB(skb, "follow the flow by its protocol");
	switch (ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple.protonum) {
	case IPPROTO_TCP:
		return nf_conntrack_tcp_packet(ct, skb, dataoff, ctinfo, state);
	case IPPROTO_UDP:
		return nf_conntrack_udp_packet(ct, skb, dataoff, state);
	case IPPROTO_ICMP:
		return nf_conntrack_icmp_packet(ct, skb);
	default:
		nf_ct_refresh(ct, NF_CT_GENERIC_TIMEOUT);
		return NF_ACCEPT;
	}
}
