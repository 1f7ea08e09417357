/*
 * TCP options of outgoing segments: which ones, how long they are, and their bytes; and the whole SYN-ACK
 * of a half-open connection, which has no socket to send from.
 *
 * tcp_{syn,synack,established}_options() decide, tcp_options_write() writes. All options are padded with
 * NOPs to 32-bit words as everybody does it, so that the common case can be parsed at a glance.
 */
#include "stack/transport/tcp_output.h"

static inline __be32 tcp_option_word(u8 a, u8 b, u8 c, u8 d)
{
	return htonl((u32)a << 24 | (u32)b << 16 | (u32)c << 8 | d);
}

/* SACK block number i to send; a D-SACK block, when there is one, comes first. */
static inline const struct tcp_sack_block *tcp_sack_block_nr(const struct tcp_sock *tp, unsigned int i)
{
	if (!tp->rx_opt.dsack)
		return &tp->selective_acks[i];
	return i ? &tp->selective_acks[i - 1] : &tp->duplicate_sack[0];
}

static __be32 *tcp_options_write_sack(__be32 *ptr, struct tcp_sock *tp, unsigned int n)
{
	*ptr++ = tcp_option_word(TCPOPT_NOP, TCPOPT_NOP, TCPOPT_SACK,
				 (u8)(TCPOLEN_SACK_BASE + n * TCPOLEN_SACK_PERBLOCK));
	for (unsigned int i = 0; i < n; i++) {
		const struct tcp_sack_block *block = tcp_sack_block_nr(tp, i);

		*ptr++ = htonl(block->start_seq);
		*ptr++ = htonl(block->end_seq);
	}
	tp->rx_opt.dsack = 0;
	return ptr;
}

/* The cookie, in option 34 or the experimental one that came before it. */
static void tcp_options_write_fastopen(__be32 *ptr, const struct tcp_fastopen_cookie *foc)
{
	u8 *p = (u8 *)ptr, len;

	if (foc->exp) {
		len = (u8)(TCPOLEN_EXP_FASTOPEN_BASE + foc->len);
		*ptr = htonl((u32)TCPOPT_EXP << 24 | (u32)len << 16 | TCPOPT_FASTOPEN_MAGIC);
	} else {
		len = (u8)(TCPOLEN_FASTOPEN_BASE + foc->len);
		p[0] = TCPOPT_FASTOPEN;
		p[1] = len;
	}
	memcpy(p + len - foc->len, foc->val, (size_t)foc->len);
	for (; len & 3; len++)
		p[len] = TCPOPT_NOP;
}

/* Adds the cookie to the options of a SYN or SYN-ACK if there is room; returns the new size. */
static unsigned int tcp_fastopen_option(struct tcp_out_options *opts, unsigned int size,
					const struct tcp_fastopen_cookie *foc)
{
	unsigned int need = foc->exp ? TCPOLEN_EXP_FASTOPEN_BASE : TCPOLEN_FASTOPEN_BASE;

	need = (need + (unsigned int)foc->len + 3) & ~3U;
	if (size + need > MAX_TCP_OPTION_SPACE)
		return size;
	opts->options |= OPTION_FAST_OPEN_COOKIE;
	opts->fastopen_cookie = foc;
	return size + need;
}

void tcp_options_write(struct host *host, __be32 *ptr, struct tcp_sock *tp, struct tcp_out_options *opts)
{
	TRACE_LEAF(host, "write the options behind the tcp header");
	bool sack_perm = opts->options & OPTION_SACK_ADVERTISE;

	if (unlikely(opts->options & OPTION_MD5)) {
		*ptr++ = tcp_option_word(TCPOPT_NOP, TCPOPT_NOP, TCPOPT_MD5SIG, TCPOLEN_MD5SIG);
		opts->hash_location = (u8 *)ptr;
		ptr += MD5_DIGEST_SIZE / sizeof(*ptr);
	}
	if (opts->mss)
		*ptr++ = htonl((u32)TCPOPT_MSS << 24 | TCPOLEN_MSS << 16 | opts->mss);
	if (likely(opts->options & OPTION_TS)) {
		/* SACK-permitted takes the place of the two NOPs */
		*ptr++ = tcp_option_word(sack_perm ? TCPOPT_SACK_PERM : TCPOPT_NOP,
					 sack_perm ? TCPOLEN_SACK_PERM : TCPOPT_NOP, TCPOPT_TIMESTAMP,
					 TCPOLEN_TIMESTAMP);
		*ptr++ = htonl(opts->tsval);
		*ptr++ = htonl(opts->tsecr);
	} else if (sack_perm) {
		*ptr++ = tcp_option_word(TCPOPT_NOP, TCPOPT_NOP, TCPOPT_SACK_PERM, TCPOLEN_SACK_PERM);
	}
	if (opts->options & OPTION_WSCALE)
		*ptr++ = tcp_option_word(TCPOPT_NOP, TCPOPT_WINDOW, TCPOLEN_WINDOW, opts->ws);
	if (unlikely(opts->num_sack_blocks))
		ptr = tcp_options_write_sack(ptr, tp, opts->num_sack_blocks);
	if (unlikely(opts->options & OPTION_FAST_OPEN_COOKIE))
		tcp_options_write_fastopen(ptr, opts->fastopen_cookie);
}

/* The MSS to announce: what the route says now, should that be less than what was chosen. */
static u16 tcp_advertise_mss(struct sock *sk)
{
	TRACE_SK(sk, "mss to announce to the peer");
	struct tcp_sock *tp = tcp_sk(sk);
	const struct dst_entry *dst = __sk_dst_get(sk);

	if (dst) {
		unsigned int metric = dst_metric_advmss(dst);

		if (metric < tp->advmss)
			tp->advmss = (u16)metric;
	}
	return tp->advmss;
}

/* Reserves room for the signature if there is a key. */
static inline unsigned int tcp_md5_option(struct tcp_out_options *opts, const struct tcp_md5sig_key *md5)
{
	opts->md5 = md5;
	if (likely(!md5))
		return 0;
	opts->options |= OPTION_MD5;
	return TCPOLEN_MD5SIG_ALIGNED;
}

unsigned int tcp_syn_options(struct sock *sk, struct sk_buff *skb, struct tcp_out_options *opts)
{
	TRACE_SKB(skb, "choose the options of a SYN");
	struct tcp_sock *tp = tcp_sk(sk);
	const struct netns_ipv4 *ipv4 = &sock_net(sk)->ipv4;
	unsigned int size = TCPOLEN_MSS_ALIGNED;

	opts->mss = tcp_advertise_mss(sk);
	size += tcp_md5_option(opts, tcp_md5_do_lookup(sk, inet_sk(sk)->inet_daddr));
	/* a signature leaves no room for both time stamp and SACK blocks */
	if (likely(ipv4->sysctl_tcp_timestamps && !opts->md5)) {
		opts->options |= OPTION_TS;
		opts->tsval = tcp_skb_timestamp(skb) + tp->tsoffset;
		opts->tsecr = tp->rx_opt.ts_recent;
		size += TCPOLEN_TSTAMP_ALIGNED;
	}
	if (likely(ipv4->sysctl_tcp_window_scaling)) {
		opts->ws = tp->rx_opt.rcv_wscale;
		opts->options |= OPTION_WSCALE;
		size += TCPOLEN_WSCALE_ALIGNED;
	}
	if (likely(ipv4->sysctl_tcp_sack)) {
		opts->options |= OPTION_SACK_ADVERTISE;
		if (unlikely(!(opts->options & OPTION_TS)))
			size += TCPOLEN_SACKPERM_ALIGNED;
	}
	if (unlikely(tp->fastopen_req && tp->fastopen_req->cookie.len >= 0)) {
		size = tcp_fastopen_option(opts, size, &tp->fastopen_req->cookie);
		if (opts->options & OPTION_FAST_OPEN_COOKIE) {
			tp->syn_fastopen = 1;
			tp->syn_fastopen_exp = tp->fastopen_req->cookie.exp & 1;
		}
	}
	return size;
}

unsigned int tcp_synack_options(struct request_sock *req, unsigned int mss, struct sk_buff *skb,
				struct tcp_out_options *opts, const struct tcp_fastopen_cookie *foc,
				enum tcp_synack_type synack_type)
{
	TRACE_SKB(skb, "choose the options of a SYN-ACK by those of the SYN");
	struct inet_request_sock *ireq = inet_rsk(req);
	unsigned int size = TCPOLEN_MSS_ALIGNED;

	if (unlikely(opts->md5)) {
		size += tcp_md5_option(opts, opts->md5);
		/* there is no room for both time stamp and SACK blocks */
		if (synack_type != TCP_SYNACK_COOKIE)
			ireq->tstamp_ok &= !ireq->sack_ok;
	}

	opts->mss = (u16)mss;
	if (likely(ireq->wscale_ok)) {
		opts->ws = ireq->rcv_wscale;
		opts->options |= OPTION_WSCALE;
		size += TCPOLEN_WSCALE_ALIGNED;
	}
	if (likely(ireq->tstamp_ok)) {
		opts->options |= OPTION_TS;
		opts->tsval = tcp_skb_timestamp(skb) + tcp_rsk(req)->ts_off;
		opts->tsecr = req->ts_recent;
		size += TCPOLEN_TSTAMP_ALIGNED;
	}
	if (likely(ireq->sack_ok)) {
		opts->options |= OPTION_SACK_ADVERTISE;
		if (unlikely(!ireq->tstamp_ok))
			size += TCPOLEN_SACKPERM_ALIGNED;
	}
	if (foc && foc->len >= 0)
		size = tcp_fastopen_option(opts, size, foc);
	return size;
}

unsigned int tcp_established_options(struct sock *sk, struct sk_buff *skb, struct tcp_out_options *opts)
{
	TRACE_SK(sk, "choose the options of a segment: time stamp, SACK blocks");
	const struct tcp_sock *tp = tcp_sk(sk);
	unsigned int size = 0, blocks, room;

	opts->options = 0;
	size += tcp_md5_option(opts, tcp_md5_do_lookup(sk, inet_sk(sk)->inet_daddr));
	if (likely(tp->rx_opt.tstamp_ok)) {
		opts->options |= OPTION_TS;
		opts->tsval = skb ? tcp_skb_timestamp(skb) + tp->tsoffset : 0;
		opts->tsecr = tp->rx_opt.ts_recent;
		size += TCPOLEN_TSTAMP_ALIGNED;
	}
	blocks = tp->rx_opt.num_sacks + tp->rx_opt.dsack;
	if (likely(!blocks))
		return size;
	if (unlikely(size + TCPOLEN_SACK_BASE_ALIGNED + TCPOLEN_SACK_PERBLOCK > MAX_TCP_OPTION_SPACE))
		return size;
	room = (MAX_TCP_OPTION_SPACE - size - TCPOLEN_SACK_BASE_ALIGNED) / TCPOLEN_SACK_PERBLOCK;
	opts->num_sack_blocks = (u8)min(blocks, room);
	return size + TCPOLEN_SACK_BASE_ALIGNED + opts->num_sack_blocks * TCPOLEN_SACK_PERBLOCK;
}

static void tcp_ecn_make_synack(const struct request_sock *req, struct tcphdr *th)
{
	TRACE((struct sock *)req, "agree to ECN if the SYN asked for it");

	if (inet_rsk(req)->ecn_ok)
		th->ece = 1;
}

static void tcp_synack_header(struct sk_buff *skb, struct request_sock *req, unsigned int header_size)
{
	const struct inet_request_sock *ireq = inet_rsk(req);
	struct tcphdr *th;

	skb_push(skb, header_size);
	skb_reset_transport_header(skb);
	th = tcp_hdr(skb);
	memset(th, 0, sizeof(*th));
	th->syn = 1;
	th->ack = 1;
	tcp_ecn_make_synack(req, th);
	th->source = htons(ireq->ir_num);
	th->dest = ireq->ir_rmt_port;
	th->seq = htonl(tcp_rsk(req)->snt_isn);
	th->ack_seq = htonl(tcp_rsk(req)->rcv_nxt);
	/* the window of a SYN is never scaled */
	th->window = htons((u16)min(req->rsk_rcv_wnd, 65535U));
	th->doff = (u16)(header_size >> 2) & 0xf;
}

struct sk_buff *tcp_make_synack(const struct sock *sk, struct dst_entry *dst, struct request_sock *req,
				struct tcp_fastopen_cookie *foc, enum tcp_synack_type synack_type,
				struct sk_buff *syn_skb)
{
	TRACE_SK(sk, "build the SYN-ACK of a half-open connection");
	struct tcp_out_options opts = { .options = 0 };
	unsigned int header_size, mss;
	struct sk_buff *skb;

	(void)syn_skb;
	skb = alloc_skb(sk->host, MAX_TCP_HEADER, GFP_ATOMIC);
	if (unlikely(!skb)) {
		dst_release(dst);
		return NULL;
	}
	skb->journey = trace_journey_new(sk->host);
	skb_reserve(skb, MAX_TCP_HEADER);
	if (synack_type == TCP_SYNACK_NORMAL)
		skb_set_owner_w(skb, req_to_sk(req));
	else if (synack_type == TCP_SYNACK_FASTOPEN)
		skb_set_owner_w(skb, (struct sock *)sk);
	skb_dst_set(skb, dst);
	mss = tcp_mss_clamp(tcp_sk(sk), (u16)dst_metric_advmss(dst));

	skb->skb_mstamp_ns = tcp_stamp_ns(sk->host);
	if (unlikely(synack_type == TCP_SYNACK_COOKIE && inet_rsk(req)->tstamp_ok))
		skb->skb_mstamp_ns = cookie_init_timestamp(req, skb->skb_mstamp_ns);
	else if (!tcp_rsk(req)->snt_synack) /* the RTT is measured from the first one */
		tcp_rsk(req)->snt_synack = tcp_skb_timestamp_us(skb);

	opts.md5 = tcp_md5_do_lookup(sk, inet_rsk(req)->ir_rmt_addr);
	header_size = tcp_synack_options(req, mss, skb, &opts, foc, synack_type) + TCP_HEADER_LEN;
	tcp_synack_header(skb, req, header_size);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->mark = inet_rsk(req)->ir_mark;
	tcp_options_write(sk->host, (__be32 *)(tcp_hdr(skb) + 1), NULL, &opts);
	if (unlikely(opts.md5))
		tcp_v4_md5_hash_skb(opts.hash_location, opts.md5, inet_rsk(req)->ir_loc_addr,
				    inet_rsk(req)->ir_rmt_addr, skb);
	TCP_INC_STATS(sock_net(sk), TCP_MIB_OUTSEGS);
	return skb;
}
