/*
 * The host's sysctls under net.ipv4 and net.core, fields named as in Linux 5.15's struct netns_ipv4.
 * Defaults are set by the layer that uses them (tcp_sk_init(), ip_init(), ...).
 */
#ifndef STACK_NETNS_IPV4_H
#define STACK_NETNS_IPV4_H

#include <stdint.h>

struct netns_ipv4 {
	/* ip, route, icmp (stack/internet) */
	uint8_t sysctl_ip_default_ttl;
	uint8_t sysctl_ip_forward;
	uint8_t sysctl_ip_no_pmtu_disc;
	uint8_t sysctl_ip_fwd_use_pmtu;
	uint8_t sysctl_ip_nonlocal_bind;
	uint8_t sysctl_ip_early_demux, sysctl_tcp_early_demux, sysctl_udp_early_demux;
	uint8_t sysctl_icmp_echo_ignore_all, sysctl_icmp_echo_ignore_broadcasts;
	uint8_t sysctl_icmp_ignore_bogus_error_responses, sysctl_icmp_errors_use_inbound_ifaddr;
	int sysctl_icmp_ratelimit, sysctl_icmp_ratemask, sysctl_icmp_msgs_per_sec, sysctl_icmp_msgs_burst;
	int sysctl_igmp_max_memberships, sysctl_igmp_max_msf, sysctl_igmp_qrv;
	uint8_t sysctl_igmp_link_local_mcast_reports;
	int sysctl_local_port_min, sysctl_local_port_max; /* ip_local_port_range */
	uint32_t sysctl_max_tw_buckets;
	/* tcp (stack/transport) */
	uint8_t sysctl_tcp_ecn, sysctl_tcp_ecn_fallback;
	uint8_t sysctl_tcp_syn_retries, sysctl_tcp_synack_retries, sysctl_tcp_syncookies;
	uint8_t sysctl_tcp_retries1, sysctl_tcp_retries2, sysctl_tcp_orphan_retries;
	uint8_t sysctl_tcp_tw_reuse, sysctl_tcp_sack, sysctl_tcp_dsack, sysctl_tcp_window_scaling;
	uint8_t sysctl_tcp_timestamps, sysctl_tcp_early_retrans, sysctl_tcp_recovery,
		sysctl_tcp_thin_linear_timeouts;
	uint8_t sysctl_tcp_slow_start_after_idle, sysctl_tcp_retrans_collapse, sysctl_tcp_stdurg,
		sysctl_tcp_rfc1337;
	uint8_t sysctl_tcp_abort_on_overflow, sysctl_tcp_fack, sysctl_tcp_moderate_rcvbuf,
		sysctl_tcp_tso_win_divisor;
	uint8_t sysctl_tcp_workaround_signed_windows, sysctl_tcp_autocorking, sysctl_tcp_nometrics_save;
	uint8_t sysctl_tcp_no_ssthresh_metrics_save, sysctl_tcp_frto, sysctl_tcp_mtu_probing;
	uint8_t sysctl_tcp_min_tso_segs, sysctl_tcp_reflect_tos, sysctl_tcp_migrate_req;
	uint8_t sysctl_tcp_keepalive_probes;
	int sysctl_tcp_keepalive_time, sysctl_tcp_keepalive_intvl; /* jiffies */
	int sysctl_tcp_reordering, sysctl_tcp_max_reordering;
	int sysctl_tcp_fin_timeout; /* jiffies */
	unsigned sysctl_tcp_notsent_lowat;
	int sysctl_tcp_app_win, sysctl_tcp_adv_win_scale;
	int sysctl_tcp_base_mss, sysctl_tcp_min_snd_mss, sysctl_tcp_probe_threshold,
		sysctl_tcp_mtu_probe_floor;
	unsigned sysctl_tcp_probe_interval;
	int sysctl_tcp_limit_output_bytes, sysctl_tcp_challenge_ack_limit, sysctl_tcp_min_rtt_wlen;
	int sysctl_tcp_invalid_ratelimit, sysctl_tcp_pacing_ss_ratio, sysctl_tcp_pacing_ca_ratio;
	int sysctl_tcp_wmem[3], sysctl_tcp_rmem[3];
	long sysctl_tcp_mem[3];
	unsigned long sysctl_tcp_comp_sack_delay_ns, sysctl_tcp_comp_sack_slack_ns;
	int sysctl_tcp_comp_sack_nr;
	int sysctl_max_syn_backlog, sysctl_tcp_max_orphans;
	int sysctl_tcp_fastopen;
	unsigned sysctl_tcp_fastopen_blackhole_timeout; /* seconds */
	char sysctl_tcp_congestion_control[16];
	uint8_t tcp_allowed_ca; /* tcp_allowed_congestion_control: a bit for each of tcp_cong.c's list */
	/* udp */
	long sysctl_udp_mem[3]; /* pages */
	int sysctl_udp_rmem_min, sysctl_udp_wmem_min;
};

struct netns_core {
	int sysctl_somaxconn;
	int sysctl_rmem_default, sysctl_rmem_max, sysctl_wmem_default, sysctl_wmem_max;
	int sysctl_netdev_budget, sysctl_netdev_budget_usecs, sysctl_dev_weight, sysctl_netdev_max_backlog;
	int sysctl_optmem_max;
};

#endif
