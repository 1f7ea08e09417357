/* TCP_INFO: what a connection knows about itself, for getsockopt() and for listings. */
#include "stack/transport/tcp_info.h"

/* How long each thing held the sender up. */
static void tcp_get_info_chrono_stats(const struct tcp_sock *tp, struct tcp_info *info)
{
	u64 stats[__TCP_CHRONO_MAX], total = 0;

	for (int i = TCP_CHRONO_BUSY; i < __TCP_CHRONO_MAX; i++) {
		stats[i] = tp->chrono_stat[i - 1];
		if (i == tp->chrono_type)
			stats[i] += tcp_jiffies32(((const struct sock *)tp)->host) - tp->chrono_start;
		stats[i] *= USEC_PER_SEC / HZ;
		total += stats[i];
	}
	info->tcpi_busy_time = total;
	info->tcpi_rwnd_limited = stats[TCP_CHRONO_RWND_LIMITED];
	info->tcpi_sndbuf_limited = stats[TCP_CHRONO_SNDBUF_LIMITED];
}

static u8 info_options(const struct tcp_sock *tp)
{
	u8 options = 0;

	if (tp->rx_opt.tstamp_ok)
		options |= TCPI_OPT_TIMESTAMPS;
	if (tcp_is_sack(tp))
		options |= TCPI_OPT_SACK;
	if (tp->rx_opt.wscale_ok)
		options |= TCPI_OPT_WSCALE;
	if (tp->ecn_flags & TCP_ECN_OK)
		options |= TCPI_OPT_ECN;
	if (tp->ecn_flags & TCP_ECN_SEEN)
		options |= TCPI_OPT_ECN_SEEN;
	if (tp->syn_data_acked)
		options |= TCPI_OPT_SYN_DATA;
	return options;
}

static u64 delivery_rate(const struct tcp_sock *tp)
{
	u64 rate = 0;

	if (tp->rate_delivered && tp->rate_interval_us)
		rate = (u64)tp->rate_delivered * tp->mss_cache * USEC_PER_SEC / tp->rate_interval_us;
	return rate;
}

static void info_receiver(const struct sock *sk, struct tcp_info *info)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);

	info->tcpi_rcv_mss = icsk->icsk_ack.rcv_mss;
	info->tcpi_rcv_ssthresh = tp->rcv_ssthresh;
	info->tcpi_advmss = tp->advmss;
	info->tcpi_rcv_rtt = tp->rcv_rtt_est.rtt_us >> 3;
	info->tcpi_rcv_space = tp->rcvq_space.space;
	info->tcpi_bytes_received = tp->bytes_received;
	info->tcpi_segs_in = tp->segs_in;
	info->tcpi_data_segs_in = tp->data_segs_in;
	info->tcpi_rcv_ooopack = tp->rcv_ooopack;
}

static void info_sender(const struct sock *sk, struct tcp_info *info)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	info->tcpi_snd_mss = tp->mss_cache;
	info->tcpi_unacked = tp->packets_out;
	info->tcpi_sacked = tp->sacked_out;
	info->tcpi_lost = tp->lost_out;
	info->tcpi_retrans = tp->retrans_out;
	info->tcpi_pmtu = inet_csk(sk)->icsk_pmtu_cookie;
	info->tcpi_rtt = tp->srtt_us >> 3;
	info->tcpi_rttvar = tp->mdev_us >> 2;
	info->tcpi_snd_ssthresh = tp->snd_ssthresh;
	info->tcpi_total_retrans = tp->total_retrans;
	info->tcpi_bytes_acked = tp->bytes_acked;
	info->tcpi_notsent_bytes = max_t(int, 0, (int)(tp->write_seq - tp->snd_nxt));
	info->tcpi_min_rtt = tcp_min_rtt(tp);
	info->tcpi_segs_out = tp->segs_out;
	info->tcpi_data_segs_out = tp->data_segs_out;
	info->tcpi_delivery_rate_app_limited = tp->rate_app_limited ? 1 : 0;
	info->tcpi_delivery_rate = delivery_rate(tp);
	info->tcpi_fastopen_client_fail = tp->fastopen_client_fail;
	info->tcpi_delivered = tp->delivered;
	info->tcpi_delivered_ce = tp->delivered_ce;
	info->tcpi_bytes_sent = tp->bytes_sent;
	info->tcpi_bytes_retrans = tp->bytes_retrans;
	info->tcpi_dsack_dups = tp->dsack_dups;
	info->tcpi_reord_seen = tp->reord_seen;
	info->tcpi_snd_wnd = tp->snd_wnd;
}

static void info_timers(const struct sock *sk, struct tcp_info *info)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 now = tcp_jiffies32(sk->host);

	info->tcpi_ca_state = icsk->icsk_ca_state;
	info->tcpi_retransmits = icsk->icsk_retransmits;
	info->tcpi_probes = icsk->icsk_probes_out;
	info->tcpi_backoff = icsk->icsk_backoff;
	info->tcpi_rto = jiffies_to_usecs(icsk->icsk_rto);
	info->tcpi_ato = jiffies_to_usecs(icsk->icsk_ack.ato);
	info->tcpi_last_data_sent = jiffies_to_msecs(now - tp->lsndtime);
	info->tcpi_last_data_recv = jiffies_to_msecs(now - icsk->icsk_ack.lrcvtime);
	info->tcpi_last_ack_recv = jiffies_to_msecs(now - tp->rcv_tstamp);
}

void tcp_get_info(struct sock *sk, struct tcp_info *info)
{
	TRACE_SK(sk, "tell what the connection knows about itself");
	const struct tcp_sock *tp = tcp_sk(sk);

	memset(info, 0, sizeof(*info));
	if (sk->sk_type != SOCK_STREAM)
		return;
	info->tcpi_state = sk->sk_state;
	info->tcpi_pacing_rate = sk->sk_pacing_rate;
	info->tcpi_max_pacing_rate = sk->sk_max_pacing_rate;
	info->tcpi_reordering = tp->reordering;
	info->tcpi_snd_cwnd = tp->snd_cwnd;
	if (sk->sk_state == TCP_LISTEN) {
		/* the two fields mean: waiting for accept(), and at most so many */
		info->tcpi_unacked = sk->sk_ack_backlog;
		info->tcpi_sacked = sk->sk_max_ack_backlog;
		return;
	}
	info->tcpi_options = info_options(tp);
	if (tp->rx_opt.wscale_ok) {
		info->tcpi_snd_wscale = tp->rx_opt.snd_wscale;
		info->tcpi_rcv_wscale = tp->rx_opt.rcv_wscale;
	}
	info_timers(sk, info);
	info_sender(sk, info);
	info_receiver(sk, info);
	tcp_get_info_chrono_stats(tp, info);
}
