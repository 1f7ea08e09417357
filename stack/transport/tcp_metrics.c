/*
 * What was learnt about a peer (RTT, its variance, ssthresh, window, reordering), kept beyond a connection
 * for the next one to the same peer: tcp_update_metrics() at the end of a connection, tcp_init_metrics()
 * when one comes up.
 *
 * A small hash table per host, made when the first peer is remembered. A chain is bounded: past
 * TCP_METRICS_RECLAIM_DEPTH the entry that was not used for longest is taken for the new peer.
 */
#include "stack/internet/dst.h"
#include "stack/transport/tcp.h"

enum tcp_metric_index {
	TCP_METRIC_RTT,	   /* us, 8 times, as srtt_us */
	TCP_METRIC_RTTVAR, /* us, 4 times */
	TCP_METRIC_SSTHRESH,
	TCP_METRIC_CWND,
	TCP_METRIC_REORDERING,
	TCP_METRIC_COUNT,
};

#define TCP_METRICS_TIMEOUT (60 * 60 * HZ)
#define TCP_METRICS_RECLAIM_DEPTH 5
#define TCP_METRICS_HASH_LOG 8

/* What Fast Open needs to know of a server. */
struct tcp_fastopen_metrics {
	u16 mss;
	u16 syn_loss : 10,   /* SYNs with data that were lost, in a row */
		try_exp : 2; /* a cookie was asked for in vain: 1 try the experimental option, 2 that neither
			      */
	unsigned long last_syn_loss; /* jiffies */
	struct tcp_fastopen_cookie cookie;
};

struct tcp_metrics_block {
	struct host *host;
	struct tcp_metrics_block *tcpm_next;
	__be32 tcpm_saddr, tcpm_daddr;
	unsigned long tcpm_stamp; /* jiffies: last use */
	u32 tcpm_lock;		  /* bit per metric: the route says so, do not change */
	u32 tcpm_vals[TCP_METRIC_COUNT];
	struct tcp_fastopen_metrics tcpm_fastopen;
};

struct tcp_metrics_state {
	struct tcp_metrics_block *hash[1 << TCP_METRICS_HASH_LOG];
};

/* The table itself comes with the first peer (tcpm_new()): most hosts of a large run never have one. */
int tcp_metrics_init(struct host *host)
{
	host->net->tcp->metrics = NULL;
	return 0;
}

/* Forgets all peers: `ip tcp_metrics flush all`. */
void tcp_metrics_flush(struct host *host)
{
	struct tcp_metrics_state *state = host->net->tcp->metrics;

	if (!state)
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(state->hash); i++) {
		while (state->hash[i]) {
			struct tcp_metrics_block *tm = state->hash[i];

			state->hash[i] = tm->tcpm_next;
			kfree(host, tm);
		}
	}
}

void tcp_metrics_exit(struct host *host)
{
	tcp_metrics_flush(host);
	kfree(host, host->net->tcp->metrics);
	host->net->tcp->metrics = NULL;
}

static bool tcp_metric_locked(struct tcp_metrics_block *tm, enum tcp_metric_index idx)
{
	TRACE(tm, "does the route fix this metric?");

	return tm->tcpm_lock & (1u << idx);
}

static u32 tcp_metric_get(struct tcp_metrics_block *tm, enum tcp_metric_index idx)
{
	TRACE(tm, "get a remembered metric of the peer");

	return tm->tcpm_vals[idx];
}

static void tcp_metric_set(struct tcp_metrics_block *tm, enum tcp_metric_index idx, u32 val)
{
	TRACE(tm, "remember a metric of the peer");

	tm->tcpm_vals[idx] = val;
}

static bool addr_same(struct tcp_metrics_block *tm, __be32 a, __be32 b)
{
	TRACE(tm, "is it the same address?");

	return a == b;
}

/* Fills an entry from the route: what is configured there, else zeroes. */
static void tcpm_suck_dst(struct tcp_metrics_block *tm, const struct dst_entry *dst, bool fastopen_clear)
{
	TRACE(tm, "take over the metrics of the route");
	static const struct {
		u8 tcp, rtax;
		u16 scale; /* routes have milliseconds */
	} metrics[] = {
		{ TCP_METRIC_RTT, RTAX_RTT, 1000 },
		{ TCP_METRIC_RTTVAR, RTAX_RTTVAR, 1000 },
		{ TCP_METRIC_SSTHRESH, RTAX_SSTHRESH, 1 },
		{ TCP_METRIC_CWND, RTAX_CWND, 1 },
		{ TCP_METRIC_REORDERING, RTAX_REORDERING, 1 },
	};

	tm->tcpm_stamp = jiffies(tm->host);
	tm->tcpm_lock = 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(metrics); i++) {
		if (dst_metric_locked(dst, metrics[i].rtax))
			tm->tcpm_lock |= 1u << metrics[i].tcp;
		tcp_metric_set(tm, metrics[i].tcp, dst_metric_raw(dst, metrics[i].rtax) * metrics[i].scale);
	}
	if (fastopen_clear)
		memset(&tm->tcpm_fastopen, 0, sizeof(tm->tcpm_fastopen));
}

static void tcpm_check_stamp(struct host *host, struct tcp_metrics_block *tm, const struct dst_entry *dst)
{
	TRACE(host, "begin anew when the entry is older than an hour");

	if (tm && time_after(jiffies(host), tm->tcpm_stamp + TCP_METRICS_TIMEOUT))
		tcpm_suck_dst(tm, dst, false);
}

/* What the search found: an entry, nothing, or that the chain is full. */
struct tcp_metrics_found {
	struct tcp_metrics_block *tm;
	bool reclaim;
};

static struct tcp_metrics_found tcp_get_encode(struct host *host, struct tcp_metrics_block *tm, int depth)
{
	TRACE(host, "the entry, or whether the chain is so long that one has to go");

	return (struct tcp_metrics_found){ tm, !tm && depth > TCP_METRICS_RECLAIM_DEPTH };
}

static struct tcp_metrics_found __tcp_get_metrics(struct host *host, __be32 saddr, __be32 daddr,
						  unsigned int hash)
{
	TRACE(host, "search the peer's entry");
	struct tcp_metrics_state *state = host->net->tcp->metrics;
	struct tcp_metrics_block *tm;
	int depth = 0;

	for (tm = state ? state->hash[hash] : NULL; tm; tm = tm->tcpm_next) {
		if (addr_same(tm, tm->tcpm_saddr, saddr) && addr_same(tm, tm->tcpm_daddr, daddr))
			break;
		depth++;
	}
	return tcp_get_encode(host, tm, depth);
}

static struct tcp_metrics_block *tcpm_oldest(struct tcp_metrics_block *tm)
{
	struct tcp_metrics_block *oldest = tm;

	for (; tm; tm = tm->tcpm_next)
		if (time_before(tm->tcpm_stamp, oldest->tcpm_stamp))
			oldest = tm;
	return oldest;
}

static struct tcp_metrics_block *tcpm_new(struct host *host, struct dst_entry *dst, __be32 saddr,
					  __be32 daddr, unsigned int hash)
{
	TRACE(host, "make an entry for a new peer");
	struct tcp_state *tcp = host->net->tcp;
	struct tcp_metrics_found found = __tcp_get_metrics(host, saddr, daddr, hash);
	struct tcp_metrics_block *tm = found.tm;

	if (tm) {
		tcpm_check_stamp(host, tm, dst);
		return tm;
	}
	if (!tcp->metrics) {
		tcp->metrics = kzalloc(host, sizeof(*tcp->metrics));
		if (unlikely(!tcp->metrics))
			return NULL;
	}
	if (found.reclaim) {
		tm = tcpm_oldest(tcp->metrics->hash[hash]);
	} else {
		tm = kzalloc(host, sizeof(*tm));
		if (unlikely(!tm))
			return NULL;
		tm->host = host;
	}
	tm->tcpm_saddr = saddr;
	tm->tcpm_daddr = daddr;
	tcpm_suck_dst(tm, dst, true);
	if (!found.reclaim) {
		tm->tcpm_next = tcp->metrics->hash[hash];
		tcp->metrics->hash[hash] = tm;
	}
	return tm;
}

static unsigned int tcp_metrics_hash(__be32 daddr)
{
	return hash_32(ntohl(daddr), TCP_METRICS_HASH_LOG);
}

static struct tcp_metrics_block *tcp_get_metrics(struct sock *sk, struct dst_entry *dst, bool create)
{
	TRACE_SK(sk, "get what is remembered of the peer");
	__be32 saddr = inet_sk(sk)->inet_saddr, daddr = inet_sk(sk)->inet_daddr;
	unsigned int hash = tcp_metrics_hash(daddr);
	struct tcp_metrics_block *tm = __tcp_get_metrics(sk->host, saddr, daddr, hash).tm;

	if (!tm && create)
		return tcpm_new(sk->host, dst, saddr, daddr, hash);
	tcpm_check_stamp(sk->host, tm, dst);
	return tm;
}

static void tcp_update_rtt_metrics(const struct tcp_sock *tp, struct tcp_metrics_block *tm)
{
	u32 rtt = tcp_metric_get(tm, TCP_METRIC_RTT);
	long m = (long)rtt - tp->srtt_us;

	/* a longer RTT is believed at once, a shorter one by an eighth of the difference */
	if (!tcp_metric_locked(tm, TCP_METRIC_RTT))
		tcp_metric_set(tm, TCP_METRIC_RTT, m <= 0 ? tp->srtt_us : rtt - (u32)(m >> 3));
	if (!tcp_metric_locked(tm, TCP_METRIC_RTTVAR)) {
		u32 var = tcp_metric_get(tm, TCP_METRIC_RTTVAR);
		u32 dev = (u32)((m < 0 ? -m : m) >> 1);

		dev = max(dev, tp->mdev_us);
		tcp_metric_set(tm, TCP_METRIC_RTTVAR, dev >= var ? dev : var - ((var - dev) >> 2));
	}
}

/* The connection never left its first slow start: its window is a lower bound. */
static void tcp_update_metrics_slow_start(const struct tcp_sock *tp, struct tcp_metrics_block *tm,
					  bool ssthresh)
{
	u32 val;

	if (ssthresh && !tcp_metric_locked(tm, TCP_METRIC_SSTHRESH)) {
		val = tcp_metric_get(tm, TCP_METRIC_SSTHRESH);
		if (val && (tp->snd_cwnd >> 1) > val)
			tcp_metric_set(tm, TCP_METRIC_SSTHRESH, tp->snd_cwnd >> 1);
	}
	if (!tcp_metric_locked(tm, TCP_METRIC_CWND)) {
		val = tcp_metric_get(tm, TCP_METRIC_CWND);
		if (tp->snd_cwnd > val)
			tcp_metric_set(tm, TCP_METRIC_CWND, tp->snd_cwnd);
	}
}

/* Congestion avoidance without trouble: window and threshold mean something. */
static void tcp_update_metrics_open(const struct tcp_sock *tp, struct tcp_metrics_block *tm, bool ssthresh)
{
	u32 val;

	if (ssthresh && !tcp_metric_locked(tm, TCP_METRIC_SSTHRESH))
		tcp_metric_set(tm, TCP_METRIC_SSTHRESH, max(tp->snd_cwnd >> 1, tp->snd_ssthresh));
	if (!tcp_metric_locked(tm, TCP_METRIC_CWND)) {
		val = tcp_metric_get(tm, TCP_METRIC_CWND);
		tcp_metric_set(tm, TCP_METRIC_CWND, (val + tp->snd_cwnd) >> 1);
	}
}

/* Slow start or recovery: the window is not to be trusted, the threshold is. */
static void tcp_update_metrics_loss(struct sock *sk, struct tcp_metrics_block *tm, bool ssthresh)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 val;

	if (!tcp_metric_locked(tm, TCP_METRIC_CWND)) {
		val = tcp_metric_get(tm, TCP_METRIC_CWND);
		tcp_metric_set(tm, TCP_METRIC_CWND, (val + tp->snd_ssthresh) >> 1);
	}
	if (ssthresh && !tcp_metric_locked(tm, TCP_METRIC_SSTHRESH)) {
		val = tcp_metric_get(tm, TCP_METRIC_SSTHRESH);
		if (val && tp->snd_ssthresh > val)
			tcp_metric_set(tm, TCP_METRIC_SSTHRESH, tp->snd_ssthresh);
	}
	if (!tcp_metric_locked(tm, TCP_METRIC_REORDERING)) {
		val = tcp_metric_get(tm, TCP_METRIC_REORDERING);
		if (val < tp->reordering && tp->reordering != (u32)sock_net(sk)->ipv4.sysctl_tcp_reordering)
			tcp_metric_set(tm, TCP_METRIC_REORDERING, tp->reordering);
	}
}

void tcp_update_metrics(struct sock *sk)
{
	TRACE_SK(sk, "remember what the connection learnt about the peer");
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct netns_ipv4 *ipv4 = &sock_net(sk)->ipv4;
	const struct tcp_sock *tp = tcp_sk(sk);
	struct dst_entry *dst = __sk_dst_get(sk);
	bool ssthresh = !ipv4->sysctl_tcp_no_ssthresh_metrics_save;
	bool useless = icsk->icsk_backoff || !tp->srtt_us; /* the last RTT is no RTT */
	struct tcp_metrics_block *tm;

	sk_dst_confirm(sk);
	if (ipv4->sysctl_tcp_nometrics_save || !dst)
		return;
	tm = tcp_get_metrics(sk, dst, !useless);
	if (!tm)
		return;
	if (useless) {
		if (!tcp_metric_locked(tm, TCP_METRIC_RTT))
			tcp_metric_set(tm, TCP_METRIC_RTT, 0);
		return;
	}
	tcp_update_rtt_metrics(tp, tm);
	if (tcp_in_initial_slowstart(tp))
		tcp_update_metrics_slow_start(tp, tm, ssthresh);
	else if (!tcp_in_slow_start(tp) && icsk->icsk_ca_state == TCP_CA_Open)
		tcp_update_metrics_open(tp, tm, ssthresh);
	else
		tcp_update_metrics_loss(sk, tm, ssthresh);
	tm->tcpm_stamp = jiffies(sk->host);
}

/* Window, threshold and reordering from the peer's entry; returns its RTT (8 times, us). */
static u32 tcp_apply_metrics(struct sock *sk, struct tcp_metrics_block *tm)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 val = 0;

	if (tcp_metric_locked(tm, TCP_METRIC_CWND))
		tp->snd_cwnd_clamp = tcp_metric_get(tm, TCP_METRIC_CWND);
	if (!sock_net(sk)->ipv4.sysctl_tcp_no_ssthresh_metrics_save)
		val = tcp_metric_get(tm, TCP_METRIC_SSTHRESH);
	if (val)
		tp->snd_ssthresh = min(val, tp->snd_cwnd_clamp);
	val = tcp_metric_get(tm, TCP_METRIC_REORDERING);
	if (val)
		tp->reordering = val;
	return tcp_metric_get(tm, TCP_METRIC_RTT);
}

void tcp_init_metrics(struct sock *sk)
{
	TRACE_SK(sk, "start from what is remembered of the peer");
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	struct dst_entry *dst = __sk_dst_get(sk);
	struct tcp_metrics_block *tm = NULL;
	u32 rtt = 0;

	sk_dst_confirm(sk);
	/* a repeated SYN may have lowered it for nothing */
	tp->snd_ssthresh = TCP_INFINITE_SSTHRESH;
	if (dst)
		tm = tcp_get_metrics(sk, dst, false);
	if (tm)
		rtt = tcp_apply_metrics(sk, tm);

	if (rtt > tp->srtt_us) {
		/* remembered to be slower than the handshake was: be careful with the first timeout */
		rtt /= 8 * USEC_PER_SEC / HZ;
		icsk->icsk_rto = rtt + max(2 * rtt, tcp_rto_min(sk));
	} else if (!tp->srtt_us) {
		/* the handshake gave no RTT (a SYN was repeated): RFC 6298 asks for three seconds */
		tp->rttvar_us = jiffies_to_usecs(TCP_TIMEOUT_FALLBACK);
		tp->mdev_us = tp->mdev_max_us = tp->rttvar_us;
		icsk->icsk_rto = TCP_TIMEOUT_FALLBACK;
	}
}

/* Have we talked to this peer before, so that it is not a SYN flood's? */
bool tcp_peer_is_proven(struct request_sock *req, struct dst_entry *dst)
{
	const struct inet_request_sock *ireq = inet_rsk(req);
	struct host *host = ((struct sock *)req)->host;
	unsigned int hash = tcp_metrics_hash(ireq->ir_rmt_addr);
	struct tcp_metrics_block *tm;

	if (!dst)
		return false;
	tm = __tcp_get_metrics(host, ireq->ir_loc_addr, ireq->ir_rmt_addr, hash).tm;
	return tm && tcp_metric_get(tm, TCP_METRIC_RTT);
}

/* ---- Fast Open ---- */

void tcp_fastopen_cache_get(struct sock *sk, u16 *mss, struct tcp_fastopen_cookie *cookie)
{
	TRACE_SK(sk, "get the server's cookie and MSS of last time");
	struct tcp_metrics_block *tm = tcp_get_metrics(sk, __sk_dst_get(sk), false);
	const struct tcp_fastopen_metrics *tfom;

	if (!tm)
		return;
	tfom = &tm->tcpm_fastopen;
	if (tfom->mss)
		*mss = tfom->mss;
	*cookie = tfom->cookie;
	if (cookie->len <= 0 && tfom->try_exp == 1)
		cookie->exp = true;
}

void tcp_fastopen_cache_set(struct sock *sk, u16 mss, const struct tcp_fastopen_cookie *cookie, bool syn_lost,
			    u16 try_exp)
{
	TRACE_SK(sk, "remember the server's cookie and MSS");
	struct dst_entry *dst = __sk_dst_get(sk);
	struct tcp_metrics_block *tm = dst ? tcp_get_metrics(sk, dst, true) : NULL;
	struct tcp_fastopen_metrics *tfom;

	if (!tm)
		return;
	tfom = &tm->tcpm_fastopen;
	if (mss)
		tfom->mss = mss;
	if (cookie && cookie->len > 0)
		tfom->cookie = *cookie;
	else if (try_exp > tfom->try_exp && tfom->cookie.len <= 0 && !tfom->cookie.exp)
		tfom->try_exp = try_exp & 3;
	if (syn_lost) {
		tfom->syn_loss = (tfom->syn_loss + 1) & 0x3ff;
		tfom->last_syn_loss = jiffies(sk->host);
	} else {
		tfom->syn_loss = 0;
	}
}
