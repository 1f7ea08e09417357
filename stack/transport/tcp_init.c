/*
 * The host's TCP as a whole: sysctls' defaults, tables and caches at boot, and tear-down, which ends all
 * that is left (orphans, half-open connections, TIME_WAIT) without sending.
 */
#include <limits.h>

#include "stack/internet/ip.h"
#include "stack/transport/tcp.h"

/* Buffer limits by the host's memory, as a Linux computes them at boot. */
static void tcp_init_mem(struct net *net)
{
	struct netns_ipv4 *ipv4 = &net->ipv4;
	long pages = net->host->ram.size / PAGE_SIZE;
	long limit = max(pages / 16, 128l), share = pages << (PAGE_SHIFT - 7);

	ipv4->sysctl_tcp_mem[0] = limit / 4 * 3;
	ipv4->sysctl_tcp_mem[1] = limit;
	ipv4->sysctl_tcp_mem[2] = ipv4->sysctl_tcp_mem[0] * 2;
	ipv4->sysctl_tcp_wmem[0] = SK_MEM_QUANTUM;
	ipv4->sysctl_tcp_wmem[1] = 16 * 1024;
	ipv4->sysctl_tcp_wmem[2] = (int)max(64l * 1024, min(4l * 1024 * 1024, share));
	ipv4->sysctl_tcp_rmem[0] = SK_MEM_QUANTUM;
	ipv4->sysctl_tcp_rmem[1] = 131072;
	ipv4->sysctl_tcp_rmem[2] = (int)max(131072l, min(6l * 1024 * 1024, share));
	ipv4->sysctl_tcp_max_orphans = 32768;
	ipv4->sysctl_max_tw_buckets = 32768;
	ipv4->sysctl_max_syn_backlog = 128;
}

static void tcp_sk_init_connection(struct netns_ipv4 *ipv4)
{
	ipv4->sysctl_tcp_ecn = 2; /* when the peer asks for it */
	ipv4->sysctl_tcp_ecn_fallback = 1;
	ipv4->sysctl_tcp_base_mss = TCP_BASE_MSS;
	ipv4->sysctl_tcp_min_snd_mss = TCP_MIN_SND_MSS;
	ipv4->sysctl_tcp_probe_threshold = TCP_PROBE_THRESHOLD;
	ipv4->sysctl_tcp_probe_interval = TCP_PROBE_INTERVAL;
	ipv4->sysctl_tcp_mtu_probe_floor = TCP_MIN_SND_MSS;
	ipv4->sysctl_tcp_keepalive_time = TCP_KEEPALIVE_TIME;
	ipv4->sysctl_tcp_keepalive_probes = TCP_KEEPALIVE_PROBES;
	ipv4->sysctl_tcp_keepalive_intvl = TCP_KEEPALIVE_INTVL;
	ipv4->sysctl_tcp_syn_retries = TCP_SYN_RETRIES;
	ipv4->sysctl_tcp_synack_retries = TCP_SYNACK_RETRIES;
	ipv4->sysctl_tcp_syncookies = 1;
	ipv4->sysctl_tcp_reordering = TCP_FASTRETRANS_THRESH;
	ipv4->sysctl_tcp_retries1 = TCP_RETR1;
	ipv4->sysctl_tcp_retries2 = TCP_RETR2;
	ipv4->sysctl_tcp_orphan_retries = 0;
	ipv4->sysctl_tcp_fin_timeout = TCP_FIN_TIMEOUT;
	ipv4->sysctl_tcp_notsent_lowat = UINT_MAX;
	ipv4->sysctl_tcp_tw_reuse = 2; /* over loopback only */
	ipv4->sysctl_tcp_no_ssthresh_metrics_save = 1;
}

static void tcp_sk_init_transfer(struct netns_ipv4 *ipv4)
{
	ipv4->sysctl_tcp_sack = 1;
	ipv4->sysctl_tcp_window_scaling = 1;
	ipv4->sysctl_tcp_timestamps = 1;
	ipv4->sysctl_tcp_early_retrans = 3;
	ipv4->sysctl_tcp_recovery = 1; /* RACK */
	ipv4->sysctl_tcp_slow_start_after_idle = 1;
	ipv4->sysctl_tcp_retrans_collapse = 1;
	ipv4->sysctl_tcp_max_reordering = 300;
	ipv4->sysctl_tcp_dsack = 1;
	ipv4->sysctl_tcp_app_win = 31;
	ipv4->sysctl_tcp_adv_win_scale = 1;
	ipv4->sysctl_tcp_frto = 2;
	ipv4->sysctl_tcp_moderate_rcvbuf = 1;
	ipv4->sysctl_tcp_tso_win_divisor = 3;
	ipv4->sysctl_tcp_limit_output_bytes = 16 * 65536;
	ipv4->sysctl_tcp_challenge_ack_limit = 1000;
	ipv4->sysctl_tcp_min_tso_segs = MIN_TCP_TSO_SEGS;
	ipv4->sysctl_tcp_min_rtt_wlen = 300;
	ipv4->sysctl_tcp_autocorking = 1;
	ipv4->sysctl_tcp_invalid_ratelimit = HZ / 2;
	ipv4->sysctl_tcp_pacing_ss_ratio = 200;
	ipv4->sysctl_tcp_pacing_ca_ratio = 120;
	ipv4->sysctl_tcp_comp_sack_delay_ns = NSEC_PER_MSEC;
	ipv4->sysctl_tcp_comp_sack_slack_ns = 100 * NSEC_PER_USEC;
	ipv4->sysctl_tcp_comp_sack_nr = 44;
	ipv4->sysctl_tcp_fastopen = TFO_CLIENT_ENABLE;
	ipv4->sysctl_tcp_fastopen_blackhole_timeout = 0;
}

/* Sysctls are Linux 5.15's defaults, except for what the comments say. */
int tcp_sk_init(struct net *net)
{
	TRACE(net, "set the defaults of TCP's sysctls");

	tcp_sk_init_connection(&net->ipv4);
	tcp_sk_init_transfer(&net->ipv4);
	tcp_cong_init(net);
	tcp_init_mem(net);
	net->ipv4.sysctl_tcp_early_demux = 1;
	if (!net->ipv4.sysctl_local_port_max) {
		net->ipv4.sysctl_local_port_min = 32768;
		net->ipv4.sysctl_local_port_max = 60999;
	}
	if (!net->core.sysctl_somaxconn)
		net->core.sysctl_somaxconn = 4096;
	return 0;
}

static int tcp_init_parts(struct host *host)
{
	struct tcp_state *state = host->net->tcp;
	int rc = inet_hashinfo_init(host, &state->hashinfo);

	if (rc)
		return rc;
	state->death_row.hashinfo = &state->hashinfo;
	state->req_cache = kmem_cache_create(host, "request_sock_TCP", sizeof(struct tcp_request_sock));
	state->tw_cache = kmem_cache_create(host, "tw_sock_TCP", sizeof(struct tcp_timewait_sock));
	if (!state->req_cache || !state->tw_cache)
		return -ENOMEM;
	tcp_sk_init(host->net);
	syncookies_init(host);
	rc = tcp_v4_init(host);
	if (!rc)
		rc = tcp_metrics_init(host);
	if (!rc)
		rc = tcp_tasklet_init(host);
	return rc;
}

int tcp_init(struct host *host)
{
	TRACE(host, "initialize TCP: sysctls, tables, metrics, the tasklet of small queues");
	struct net *net = host->net;
	int rc = tcp_init_parts(host);

	if (rc) {
		tcp_exit(host);
		return rc;
	}
	TCP_ADD_STATS(net, TCP_MIB_RTOALGORITHM, 1);
	TCP_ADD_STATS(net, TCP_MIB_RTOMIN, TCP_RTO_MIN * 1000 / HZ);
	TCP_ADD_STATS(net, TCP_MIB_RTOMAX, TCP_RTO_MAX * 1000 / HZ);
	TCP_ADD_STATS(net, TCP_MIB_MAXCONN, -1);
	return 0;
}

/* From now on sockets end without a word to the peer: the host is being torn down. */
void tcp_quiesce(struct host *host)
{
	if (host->net && host->net->tcp)
		host->net->tcp->dying = true;
}

static void tcp_end(struct sock *sk)
{
	switch (sk->sk_state) {
	case TCP_TIME_WAIT:
		sock_hold(sk);
		inet_twsk_deschedule_put(inet_twsk(sk));
		break;
	case TCP_NEW_SYN_RECV:
		sock_hold(sk);
		inet_csk_reqsk_queue_drop_and_put(inet_reqsk(sk)->rsk_listener, inet_reqsk(sk));
		break;
	default:
		tcp_done(sk); /* an orphan: frees it */
	}
}

/* After all programs' sockets were closed and the devices have stopped. Also after half an init. */
void tcp_exit(struct host *host)
{
	struct tcp_state *state = host->net->tcp;
	struct inet_table *t = &state->hashinfo.ehash;

	if (!state->hashinfo.host)
		return;
	/* orphans: what is in the table. Every step of freeing is without sending */
	state->dying = true;
	for (u32 i = 0; i <= t->mask; i++)
		while (!hlist_empty(&t->chains[i]))
			tcp_end(hlist_entry(t->chains[i].first, struct sock, sk_node));
	kfree(host, state->fastopen_ctx);
	state->fastopen_ctx = NULL;
	tcp_tasklet_exit(host);
	tcp_metrics_exit(host);
	tcp_v4_exit(host);
	inet_hashinfo_free(&state->hashinfo);
}
