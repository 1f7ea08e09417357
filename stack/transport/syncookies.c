/*
 * SYN cookies: when the queue of half-open connections is full, a SYN is answered without keeping anything of
 * it. What is needed later lies in our initial sequence number, and if the peer uses time stamps, in the low
 * bits of ours, which come back with the ACK.
 *
 *	sequence number = hash(addresses, ports) + theirs + (minute << 24)
 *	                  + ((hash(addresses, ports, minute) + index of the MSS) mod 2^24)
 *	time stamp      = ... | ECN << 5 | SACK << 4 | window scale (15: none)
 *
 * A cookie holds for two minutes. tcp_conn_request() sends one (cookie_init_sequence), an ACK that fits no
 * connection but a listener comes to cookie_v4_check().
 */
#include "stack/internet/ip.h"
#include "stack/transport/tcp.h"

#define COOKIEBITS 24
#define COOKIEMASK ((1u << COOKIEBITS) - 1)
#define MAX_SYNCOOKIE_AGE 2u
#define TCP_SYNCOOKIE_PERIOD (60 * HZ)
#define TCP_SYNCOOKIE_VALID (MAX_SYNCOOKIE_AGE * TCP_SYNCOOKIE_PERIOD)

#define TSBITS 6
#define TSMASK ((1u << TSBITS) - 1)
#define TS_OPT_WSCALE_MASK 0xfu
#define TS_OPT_SACK (1u << 4)
#define TS_OPT_ECN (1u << 5)

/* The MSS is rounded down to one of these: the common ones. */
static const u16 msstab[] = { 536, 1300, 1440, 1460 };

void syncookies_init(struct host *host)
{
	struct random random;

	random_init(&random, host->sim, host->name, "tcp/syncookies");
	random_bytes(&random, host->net->tcp->syncookie_secret, sizeof(host->net->tcp->syncookie_secret));
}

/* ---- when ---- */

void tcp_synq_overflow(struct sock *sk)
{
	/* a listener has no other use for this field */
	tcp_sk(sk)->rx_opt.ts_recent_stamp = (int)tcp_jiffies32(sk->host);
}

/* Did the listener send cookies within their life time? Otherwise no ACK is worth a look. */
static bool tcp_synq_no_recent_overflow(const struct sock *sk)
{
	u32 last_overflow = (u32)tcp_sk(sk)->rx_opt.ts_recent_stamp;

	return !last_overflow || tcp_jiffies32(sk->host) - last_overflow > TCP_SYNCOOKIE_VALID;
}

static u32 tcp_cookie_time(const struct host *host)
{
	return (u32)(jiffies(host) / TCP_SYNCOOKIE_PERIOD);
}

/* ---- the sequence number ---- */

static u32 cookie_hash(const struct sk_buff *skb, u32 count, int c)
{
	TRACE_SKB(skb, "hash addresses, ports and time");
	const struct iphdr *iph = ip_hdr(skb);
	const struct tcphdr *th = tcp_hdr(skb);

	return (u32)siphash_2u64((u64)iph->daddr << 32 | iph->saddr,
				 (u64)count << 32 | ((u32)th->source << 16 | th->dest),
				 skb->host->net->tcp->syncookie_secret[c]);
}

static u32 secure_tcp_syn_cookie(const struct sk_buff *skb, u32 sseq, u32 data)
{
	TRACE_SKB(skb, "make the cookie");
	u32 count = tcp_cookie_time(skb->host);

	return cookie_hash(skb, 0, 0) + sseq + (count << COOKIEBITS) +
	       ((cookie_hash(skb, count, 1) + data) & COOKIEMASK);
}

/* The data of the cookie; a large number for one that is not ours, or too old. */
static u32 check_tcp_syn_cookie(const struct sk_buff *skb, u32 cookie, u32 sseq)
{
	TRACE_SKB(skb, "is it a cookie of ours, not too old?");
	u32 count = tcp_cookie_time(skb->host), age;

	cookie -= cookie_hash(skb, 0, 0) + sseq;
	age = (count - (cookie >> COOKIEBITS)) & (UINT32_MAX >> COOKIEBITS);
	if (age >= MAX_SYNCOOKIE_AGE)
		return UINT32_MAX;
	return (cookie - cookie_hash(skb, count - age, 1)) & COOKIEMASK;
}

/* Our initial sequence number; rounds *mssp to what it says. */
u32 cookie_v4_init_sequence(const struct sk_buff *skb, u16 *mssp)
{
	TRACE_SKB(skb, "put the MSS into our initial sequence number");
	u32 mssind = ARRAY_SIZE(msstab) - 1;

	while (mssind && *mssp < msstab[mssind])
		mssind--;
	*mssp = msstab[mssind];
	return secure_tcp_syn_cookie(skb, ntohl(tcp_hdr(skb)->seq), mssind);
}

/* The MSS of a good cookie, 0 of another. */
static u16 __cookie_v4_check(const struct sk_buff *skb, u32 cookie)
{
	TRACE_SKB(skb, "read the MSS from the cookie");
	u32 mssind = check_tcp_syn_cookie(skb, cookie, ntohl(tcp_hdr(skb)->seq) - 1);

	return mssind < ARRAY_SIZE(msstab) ? msstab[mssind] : 0;
}

/* ---- the time stamp ---- */

/* Time in ns for the SYN-ACK's time stamp, whose low bits tell the options; not later than `now`. */
u64 cookie_init_timestamp(const struct request_sock *req, u64 now)
{
	TRACE_SK((const struct sock *)req, "put the SYN's options into our time stamp");
	const struct inet_request_sock *ireq = inet_rsk(req);
	u32 ts_now = (u32)tcp_ns_to_ts(now), ts, options;

	options = ireq->wscale_ok ? ireq->snd_wscale : TS_OPT_WSCALE_MASK;
	if (ireq->sack_ok)
		options |= TS_OPT_SACK;
	if (ireq->ecn_ok)
		options |= TS_OPT_ECN;
	ts = (ts_now & ~TSMASK) | options;
	if (ts > ts_now)
		ts -= TSMASK + 1;
	return (u64)ts * (NSEC_PER_SEC / TCP_TS_HZ);
}

/* False: the time stamp tells of options that are switched off here: it is none of ours. */
bool cookie_timestamp_decode(const struct net *net, struct tcp_options_received *tcp_opt)
{
	TRACE(net, "read the SYN's options from the time stamp that came back");
	u32 options = tcp_opt->rcv_tsecr;

	if (!tcp_opt->saw_tstamp) {
		tcp_clear_options(tcp_opt);
		return true;
	}
	if (!net->ipv4.sysctl_tcp_timestamps)
		return false;
	tcp_opt->sack_ok = options & TS_OPT_SACK ? TCP_SACK_SEEN : 0;
	if (tcp_opt->sack_ok && !net->ipv4.sysctl_tcp_sack)
		return false;
	if ((options & TS_OPT_WSCALE_MASK) == TS_OPT_WSCALE_MASK)
		return true;
	tcp_opt->wscale_ok = 1;
	tcp_opt->snd_wscale = options & TS_OPT_WSCALE_MASK;
	return net->ipv4.sysctl_tcp_window_scaling;
}

static bool cookie_ecn_ok(const struct tcp_options_received *tcp_opt, const struct net *net,
			  const struct dst_entry *dst)
{
	if (!(tcp_opt->rcv_tsecr & TS_OPT_ECN))
		return false;
	return net->ipv4.sysctl_tcp_ecn || dst_feature(dst, RTAX_FEATURE_ECN);
}

/* ---- the ACK ---- */

/* What the half-open connection would have been. */
static void cookie_fill_request(struct request_sock *req, const struct sk_buff *skb,
				const struct tcp_options_received *tcp_opt, const struct sock *sk)
{
	struct inet_request_sock *ireq = inet_rsk(req);
	struct tcp_request_sock *treq = tcp_rsk(req);
	const struct tcphdr *th = tcp_hdr(skb);

	treq->af_specific = &tcp_request_sock_ipv4_ops;
	treq->rcv_isn = ntohl(th->seq) - 1;
	treq->snt_isn = ntohl(th->ack_seq) - 1;
	treq->rcv_nxt = treq->rcv_isn + 1;
	treq->txhash = treq->snt_isn;
	treq->ts_off = 0;
	treq->snt_synack = 0;
	treq->last_oow_ack_time = 0;
	treq->syn_tos = TCP_SKB_CB(skb)->ip_dsfield;
	treq->tfo_listener = false;
	ireq->ir_num = ntohs(th->dest);
	ireq->ir_rmt_port = th->source;
	ireq->ir_loc_addr = ip_hdr(skb)->daddr;
	ireq->ir_rmt_addr = ip_hdr(skb)->saddr;
	ireq->ir_mark = inet_request_mark(sk, skb);
	ireq->ir_iif = inet_request_bound_dev_if(sk, skb);
	ireq->snd_wscale = tcp_opt->snd_wscale;
	ireq->sack_ok = tcp_opt->sack_ok & 1;
	ireq->wscale_ok = tcp_opt->wscale_ok;
	ireq->tstamp_ok = tcp_opt->saw_tstamp;
	ireq->acked = ireq->no_srccheck = ireq->smc_ok = 0;
	req->ts_recent = tcp_opt->saw_tstamp ? tcp_opt->rcv_tsval : 0;
}

/* The window as the SYN-ACK offered it, if nobody has changed the buffer since. */
static void cookie_init_window(struct request_sock *req, const struct sock *sk, const struct dst_entry *dst)
{
	struct inet_request_sock *ireq = inet_rsk(req);
	u32 full_space = (u32)tcp_full_space(sk);
	u8 rcv_wscale;

	req->rsk_window_clamp =
		tcp_sk(sk)->window_clamp ? tcp_sk(sk)->window_clamp : dst_metric(dst, RTAX_WINDOW);
	if ((sk->sk_userlocks & SOCK_RCVBUF_LOCK) &&
	    (req->rsk_window_clamp > full_space || !req->rsk_window_clamp))
		req->rsk_window_clamp = full_space;
	tcp_select_initial_window(sk, (int)full_space, req->mss, &req->rsk_rcv_wnd, &req->rsk_window_clamp,
				  ireq->wscale_ok, &rcv_wscale, dst_metric(dst, RTAX_INITRWND));
	ireq->rcv_wscale = rcv_wscale & 15;
}

/* The connection, waiting for accept(), with a reference for the caller; NULL: dropped. */
static struct sock *tcp_get_cookie_sock(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
					struct dst_entry *dst, u32 tsoff)
{
	TRACE_SKB(skb, "make the connection that the cookie stands for");
	struct sock *child;
	bool own_req;

	TRACE_OP(skb, "syn_recv_sock");
	child = inet_csk(sk)->icsk_af_ops->syn_recv_sock(sk, skb, req, dst, NULL, &own_req);
	if (!child) {
		__reqsk_free(req);
		return NULL;
	}
	req->rsk_refcnt = 1;
	tcp_sk(child)->tsoffset = tsoff;
	SIM_BUG_ON(sk->host, !inet_csk_reqsk_queue_add(sk, req, child));
	return child;
}

/*
 * An ACK for a listener. `sk` itself: no cookie, the listener shall deal with it; NULL: it was one, but the
 * connection could not be made; else the new connection.
 */
struct sock *cookie_v4_check(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "is the ACK's number a cookie of ours?");
	struct tcp_options_received tcp_opt = { .saw_tstamp = 0 };
	const struct tcphdr *th = tcp_hdr(skb);
	struct net *net = sock_net(sk);
	struct request_sock *req;
	struct dst_entry *dst;
	struct flowi4 fl4;
	struct sock *child;
	u32 tsoff = 0;
	u16 mss;

	if (!net->ipv4.sysctl_tcp_syncookies || !th->ack || th->rst || tcp_synq_no_recent_overflow(sk))
		return sk;
	mss = __cookie_v4_check(skb, ntohl(th->ack_seq) - 1);
	if (!mss) {
		NET_INC_STATS(net, LINUX_MIB_SYNCOOKIESFAILED);
		return sk;
	}
	NET_INC_STATS(net, LINUX_MIB_SYNCOOKIESRECV);
	tcp_parse_options(net, skb, &tcp_opt, 0, NULL);
	if (tcp_opt.saw_tstamp && tcp_opt.rcv_tsecr) {
		tsoff = secure_tcp_ts_off(net, ip_hdr(skb)->daddr, ip_hdr(skb)->saddr);
		tcp_opt.rcv_tsecr -= tsoff;
	}
	if (!cookie_timestamp_decode(net, &tcp_opt))
		return sk;

	req = inet_reqsk_alloc(&tcp_request_sock_ops, sk, false);
	if (!req)
		return NULL;
	cookie_fill_request(req, skb, &tcp_opt, sk);
	req->mss = mss;
	dst = inet_csk_route_req(sk, &fl4, req);
	if (!dst) {
		__reqsk_free(req);
		return NULL;
	}
	cookie_init_window(req, sk, dst);
	inet_rsk(req)->ecn_ok = cookie_ecn_ok(&tcp_opt, net, dst);
	child = tcp_get_cookie_sock(sk, skb, req, dst, tsoff);
	if (child)
		inet_sk(child)->cork.fl.u.ip4 = fl4;
	return child;
}
