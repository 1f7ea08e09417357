/*
 * TCP options of received segments. Lengths come from the wire and are not believed: an option that is
 * too short to have a length, or that does not lie within the header, ends the parsing; one whose length
 * is not that of its kind is skipped.
 *
 * The options of almost every segment are NOP, NOP, time stamp: tcp_parse_aligned_timestamp() reads
 * these at a glance, anything else goes through tcp_parse_options().
 */
#include "stack/transport/tcp_input.h"

/* One option as it lies in the header; `data` is behind kind and length. */
struct tcp_option {
	u8 kind, len;
	const u8 *data;
};

/*
 * Takes the next option off `*ptr` (padding is skipped) and moves `*ptr` behind it. False at the end of
 * the options or when the rest makes no sense.
 */
static bool tcp_next_option(const u8 **ptr, const u8 *end, struct tcp_option *opt)
{
	const u8 *p = *ptr;

	while (p < end && *p == TCPOPT_NOP)
		p++;
	if (end - p < 2 || p[0] == TCPOPT_EOL)
		return false;
	opt->kind = p[0];
	opt->len = p[1];
	opt->data = p + 2;
	if (opt->len < 2 || opt->len > end - p)
		return false;
	*ptr = p + opt->len;
	return true;
}

static void tcp_option_mss(struct tcp_options_received *rx, const struct tcp_option *opt)
{
	u16 mss;

	if (opt->len != TCPOLEN_MSS)
		return;
	mss = get_unaligned_be16(opt->data);
	if (!mss)
		return;
	if (rx->user_mss && rx->user_mss < mss)
		mss = rx->user_mss;
	rx->mss_clamp = mss;
}

/* RFC 7323: a shift above 14 is taken for 14. */
static void tcp_option_window(struct net *net, struct tcp_options_received *rx, const struct tcp_option *opt)
{
	if (opt->len != TCPOLEN_WINDOW || !net->ipv4.sysctl_tcp_window_scaling)
		return;
	rx->wscale_ok = 1;
	rx->snd_wscale = opt->data[0] > TCP_MAX_WSCALE ? TCP_MAX_WSCALE : opt->data[0];
}

static void tcp_option_timestamp(struct net *net, struct tcp_options_received *rx,
				 const struct tcp_option *opt, bool estab)
{
	if (opt->len != TCPOLEN_TIMESTAMP)
		return;
	if (estab ? !rx->tstamp_ok : !net->ipv4.sysctl_tcp_timestamps)
		return;
	rx->saw_tstamp = 1;
	rx->rcv_tsval = get_unaligned_be32(opt->data);
	rx->rcv_tsecr = get_unaligned_be32(opt->data + 4);
}

static void tcp_option_sack_perm(struct net *net, struct tcp_options_received *rx,
				 const struct tcp_option *opt)
{
	if (opt->len != TCPOLEN_SACK_PERM || !net->ipv4.sysctl_tcp_sack)
		return;
	rx->sack_ok = TCP_SACK_SEEN;
	tcp_sack_reset(rx);
}

/* Remembers where the blocks lie, counted from the header: tcp_sacktag_write_queue() reads them there. */
static void tcp_option_sack(const struct sk_buff *skb, struct tcp_options_received *rx,
			    const struct tcp_option *opt)
{
	if (opt->len < TCPOLEN_SACK_BASE + TCPOLEN_SACK_PERBLOCK ||
	    (opt->len - TCPOLEN_SACK_BASE) % TCPOLEN_SACK_PERBLOCK || !rx->sack_ok)
		return;
	TCP_SKB_CB(skb)->sacked = (u8)(opt->data - 2 - skb_transport_header(skb));
}

/* A cookie, or the wish for one (length 0), in a SYN or SYN-ACK. A bad length is as good as no option. */
static void tcp_parse_fastopen_option(int len, const u8 *cookie, bool syn, struct tcp_fastopen_cookie *foc,
				      bool exp_opt)
{
	if (!foc || !syn || len < 0 || (len & 1))
		return;
	if (len >= TCP_FASTOPEN_COOKIE_MIN && len <= TCP_FASTOPEN_COOKIE_MAX)
		memcpy(foc->val, cookie, (size_t)len);
	else if (len != 0)
		len = -1;
	foc->len = (s8)len;
	foc->exp = exp_opt;
}

/* The options of experiments are told apart by a number (RFC 6994); Fast Open had one before it got 34. */
static void tcp_option_exp(const struct tcp_option *opt, bool syn, struct tcp_fastopen_cookie *foc)
{
	if (opt->len >= TCPOLEN_EXP_FASTOPEN_BASE && get_unaligned_be16(opt->data) == TCPOPT_FASTOPEN_MAGIC)
		tcp_parse_fastopen_option(opt->len - TCPOLEN_EXP_FASTOPEN_BASE, opt->data + 2, syn, foc,
					  true);
}

void tcp_parse_options(struct net *net, const struct sk_buff *skb, struct tcp_options_received *opt_rx,
		       int estab, struct tcp_fastopen_cookie *foc)
{
	TRACE_SKB(skb, "read the options of a segment");
	const struct tcphdr *th = tcp_hdr(skb);
	const u8 *ptr = (const u8 *)(th + 1), *end = (const u8 *)th + th->doff * 4;
	bool syn = th->syn && !estab;
	struct tcp_option opt;

	opt_rx->saw_tstamp = 0;
	opt_rx->saw_unknown = 0;
	while (tcp_next_option(&ptr, end, &opt)) {
		switch (opt.kind) {
		case TCPOPT_MSS:
			if (syn)
				tcp_option_mss(opt_rx, &opt);
			break;
		case TCPOPT_WINDOW:
			if (syn)
				tcp_option_window(net, opt_rx, &opt);
			break;
		case TCPOPT_SACK_PERM:
			if (syn)
				tcp_option_sack_perm(net, opt_rx, &opt);
			break;
		case TCPOPT_TIMESTAMP:
			tcp_option_timestamp(net, opt_rx, &opt, estab);
			break;
		case TCPOPT_SACK:
			tcp_option_sack(skb, opt_rx, &opt);
			break;
		case TCPOPT_FASTOPEN:
			tcp_parse_fastopen_option(opt.len - TCPOLEN_FASTOPEN_BASE, opt.data, th->syn, foc,
						  false);
			break;
		case TCPOPT_EXP:
			tcp_option_exp(&opt, th->syn, foc);
			break;
		default:
			opt_rx->saw_unknown = 1;
		}
	}
}

/* What we stored in the echoed time stamp was shifted by the connection's own offset. */
static inline void tcp_unshift_tsecr(struct tcp_sock *tp, u32 tsecr)
{
	tp->rx_opt.rcv_tsecr = tsecr ? tsecr - tp->tsoffset : 0;
}

bool tcp_parse_aligned_timestamp(struct tcp_sock *tp, const struct tcphdr *th)
{
	TRACE_SK_LEAF((struct sock *)tp, "read the time stamp where it usually lies");
	const u8 *p = (const u8 *)(th + 1);
	const u32 usual = TCPOPT_NOP << 24 | TCPOPT_NOP << 16 | TCPOPT_TIMESTAMP << 8 | TCPOLEN_TIMESTAMP;

	if (unlikely(get_unaligned_be32(p) != usual))
		return false;
	tp->rx_opt.saw_tstamp = 1;
	tp->rx_opt.rcv_tsval = get_unaligned_be32(p + 4);
	tcp_unshift_tsecr(tp, get_unaligned_be32(p + 8));
	return true;
}

bool tcp_fast_parse_options(struct net *net, const struct sk_buff *skb, const struct tcphdr *th,
			    struct tcp_sock *tp)
{
	TRACE_SK((struct sock *)tp, "read the options, the usual ones at a glance; is there any?");

	if (th->doff == sizeof(*th) / 4) {
		tp->rx_opt.saw_tstamp = 0;
		return false;
	}
	if (tp->rx_opt.tstamp_ok && th->doff == (sizeof(*th) + TCPOLEN_TSTAMP_ALIGNED) / 4 &&
	    tcp_parse_aligned_timestamp(tp, th))
		return true;

	tcp_parse_options(net, skb, &tp->rx_opt, 1, NULL);
	if (tp->rx_opt.saw_tstamp)
		tcp_unshift_tsecr(tp, tp->rx_opt.rcv_tsecr);
	return true;
}

void tcp_store_ts_recent(struct tcp_sock *tp)
{
	TRACE_SK_LEAF((struct sock *)tp, "keep the peer's time stamp, to be echoed");

	tp->rx_opt.ts_recent = tp->rx_opt.rcv_tsval;
	tp->rx_opt.ts_recent_stamp = tcp_seconds(tcp_hosts(tp));
}

void tcp_replace_ts_recent(struct tcp_sock *tp, u32 seq)
{
	TRACE_SK((struct sock *)tp, "keep the peer's time stamp if it is of a segment that we wait for");

	/* RFC 7323: not of one behind the last ACK, or delayed ACKs would spoil the peer's RTT */
	if (tp->rx_opt.saw_tstamp && !after(seq, tp->rcv_wup) &&
	    tcp_paws_check(tcp_hosts(tp), &tp->rx_opt, TCP_PAWS_WINDOW))
		tcp_store_ts_recent(tp);
}
