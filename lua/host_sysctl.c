/*
 * The settings that `sysctl` and /proc/sys show and change: one table of those under net.ipv4 and net.core by
 * their place in struct netns_ipv4 and netns_core, and those under net.ipv4.conf.NAME (struct ipv4_devconf),
 * net.ipv4.neigh.NAME and net.ipv4.ipfrag_*.
 */
#include "lua/host_sysctl.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/host.h"
#include "stack/internet/devinet.h"
#include "stack/internet/ip.h"
#include "stack/internet/neighbour.h"
#include "stack/kernel/kernel.h"
#include "stack/net.h"
#include "stack/transport/tcp.h"

#define NAME_BYTES 128
#define MAX_NAMES 512
#define PROT_SOCK 1024 /* ports below are for services */

enum sysctl_unit { PLAIN, SECONDS, MILLISECONDS }; /* how a time is given; kept in jiffies */

struct sysctl {
	const char *name;
	unsigned short offset;
	unsigned char size; /* bytes of an element */
	unsigned char count;
	unsigned char unit;
	long min, max; /* of what is written; both 0: what the type holds */
};

#define RANGE_(type, name_, field, n, unit_, min_, max_)                                                     \
	{                                                                                                    \
		name_, offsetof(type, field), sizeof(((type *)0)->field) / (n), n, unit_, min_, max_         \
	}
#define FIELD_(type, name_, field, n, unit_) RANGE_(type, name_, field, n, unit_, 0, 0)
#define IPV4_R(name, min, max) RANGE_(struct netns_ipv4, #name, sysctl_##name, 1, PLAIN, min, max)
#define IPV4(name) FIELD_(struct netns_ipv4, #name, sysctl_##name, 1, PLAIN)
#define IPV4_S(name) FIELD_(struct netns_ipv4, #name, sysctl_##name, 1, SECONDS)
#define IPV4_N(name, n) FIELD_(struct netns_ipv4, #name, sysctl_##name, n, PLAIN)
#define CORE_R(name, min) RANGE_(struct netns_core, #name, sysctl_##name, 1, PLAIN, min, INT_MAX)
#define CORE(name) FIELD_(struct netns_core, #name, sysctl_##name, 1, PLAIN)
#define CONF(name) FIELD_(struct ipv4_devconf, #name, name, 1, PLAIN)

static const struct sysctl ipv4_table[] = {
	IPV4_R(ip_default_ttl, 1, 255),
	IPV4(ip_no_pmtu_disc),
	FIELD_(struct netns_ipv4, "ip_forward_use_pmtu", sysctl_ip_fwd_use_pmtu, 1, PLAIN),
	IPV4(ip_nonlocal_bind),
	IPV4(ip_early_demux),
	IPV4(tcp_early_demux),
	IPV4(udp_early_demux),
	IPV4_R(icmp_echo_ignore_all, 0, 1),
	IPV4_R(icmp_echo_ignore_broadcasts, 0, 1),
	IPV4_R(icmp_ignore_bogus_error_responses, 0, 1),
	IPV4_R(icmp_errors_use_inbound_ifaddr, 0, 1),
	FIELD_(struct netns_ipv4, "icmp_ratelimit", sysctl_icmp_ratelimit, 1, MILLISECONDS),
	IPV4(icmp_ratemask),
	IPV4_R(icmp_msgs_per_sec, 0, INT_MAX),
	IPV4_R(icmp_msgs_burst, 0, INT_MAX),
	IPV4(igmp_max_memberships),
	IPV4(igmp_max_msf),
	IPV4_R(igmp_qrv, 1, INT_MAX),
	IPV4(igmp_link_local_mcast_reports),
	FIELD_(struct netns_ipv4, "tcp_max_tw_buckets", sysctl_max_tw_buckets, 1, PLAIN),
	IPV4_R(tcp_ecn, 0, 2),
	IPV4_R(tcp_ecn_fallback, 0, 1),
	IPV4_R(tcp_syn_retries, 1, 127),
	IPV4(tcp_synack_retries),
	IPV4(tcp_syncookies),
	IPV4(tcp_retries1),
	IPV4(tcp_retries2),
	IPV4(tcp_orphan_retries),
	IPV4_R(tcp_tw_reuse, 0, 2),
	IPV4(tcp_sack),
	IPV4(tcp_dsack),
	IPV4(tcp_window_scaling),
	IPV4(tcp_timestamps),
	IPV4_R(tcp_early_retrans, 0, 4),
	IPV4(tcp_recovery),
	IPV4(tcp_slow_start_after_idle),
	IPV4(tcp_retrans_collapse),
	IPV4(tcp_stdurg),
	IPV4(tcp_rfc1337),
	IPV4(tcp_abort_on_overflow),
	IPV4(tcp_moderate_rcvbuf),
	IPV4_R(tcp_autocorking, 0, 1),
	FIELD_(struct netns_ipv4, "tcp_no_metrics_save", sysctl_tcp_nometrics_save, 1, PLAIN),
	IPV4(tcp_frto),
	IPV4(tcp_mtu_probing),
	IPV4_R(tcp_min_tso_segs, 1, 255),
	IPV4(tcp_keepalive_probes),
	IPV4_S(tcp_keepalive_time),
	IPV4_S(tcp_keepalive_intvl),
	IPV4_S(tcp_fin_timeout),
	IPV4_R(tcp_reordering, 1, INT_MAX), /* up to tcp_max_reordering */
	IPV4_R(tcp_max_reordering, 1, INT_MAX),
	IPV4_R(tcp_notsent_lowat, 0, UINT_MAX),
	IPV4_R(tcp_app_win, 0, 31),
	IPV4_R(tcp_adv_win_scale, -31, 31),
	IPV4(tcp_base_mss),
	IPV4(tcp_fastopen),
	RANGE_(struct netns_ipv4, "tcp_fastopen_blackhole_timeout_sec", sysctl_tcp_fastopen_blackhole_timeout,
	       1, PLAIN, 0, INT_MAX),
	IPV4_R(tcp_min_snd_mss, TCP_MIN_SND_MSS, 65535),
	IPV4_R(tcp_mtu_probe_floor, TCP_MIN_SND_MSS, 65535),
	IPV4(tcp_probe_threshold),
	IPV4_R(tcp_probe_interval, 0, UINT_MAX / HZ),
	IPV4(tcp_limit_output_bytes),
	IPV4(tcp_challenge_ack_limit),
	IPV4(tcp_tso_win_divisor),
	IPV4(tcp_thin_linear_timeouts),
	IPV4(tcp_fack),
	IPV4(tcp_workaround_signed_windows),
	IPV4_R(tcp_no_ssthresh_metrics_save, 0, 1),
	IPV4_R(tcp_migrate_req, 0, 1),
	IPV4_R(tcp_reflect_tos, 0, 1),
	IPV4_R(tcp_min_rtt_wlen, 0, 86400),
	FIELD_(struct netns_ipv4, "tcp_invalid_ratelimit", sysctl_tcp_invalid_ratelimit, 1, MILLISECONDS),
	IPV4_R(tcp_pacing_ss_ratio, 0, 1000),
	IPV4_R(tcp_pacing_ca_ratio, 0, 1000),
	IPV4(tcp_comp_sack_delay_ns),
	IPV4(tcp_comp_sack_slack_ns),
	IPV4_R(tcp_comp_sack_nr, 0, 255),
	RANGE_(struct netns_ipv4, "tcp_wmem", sysctl_tcp_wmem, 3, PLAIN, 1, INT_MAX),
	RANGE_(struct netns_ipv4, "tcp_rmem", sysctl_tcp_rmem, 3, PLAIN, 1, INT_MAX),
	IPV4_N(tcp_mem, 3),
	FIELD_(struct netns_ipv4, "tcp_max_syn_backlog", sysctl_max_syn_backlog, 1, PLAIN),
	IPV4(tcp_max_orphans),
};

static const struct sysctl core_table[] = {
	CORE_R(somaxconn, 0),
	CORE_R(rmem_default, SOCK_MIN_RCVBUF),
	CORE_R(rmem_max, SOCK_MIN_RCVBUF),
	CORE_R(wmem_default, SOCK_MIN_SNDBUF),
	CORE_R(wmem_max, SOCK_MIN_SNDBUF),
	CORE(netdev_budget),
	CORE_R(netdev_budget_usecs, 0),
	CORE(dev_weight),
	CORE(optmem_max),
	CORE(netdev_max_backlog),
};

static const struct sysctl conf_table[] = {
	CONF(forwarding),
	CONF(mc_forwarding),
	CONF(bc_forwarding),
	CONF(rp_filter),
	CONF(accept_local),
	CONF(accept_source_route),
	CONF(src_valid_mark),
	CONF(accept_redirects),
	CONF(secure_redirects),
	CONF(send_redirects),
	CONF(shared_media),
	CONF(proxy_arp),
	CONF(proxy_arp_pvlan),
	CONF(arp_filter),
	CONF(arp_announce),
	CONF(arp_ignore),
	CONF(arp_accept),
	CONF(arp_notify),
	CONF(drop_gratuitous_arp),
	CONF(log_martians),
	CONF(route_localnet),
	CONF(promote_secondaries),
	CONF(ignore_routes_with_linkdown),
	CONF(drop_unicast_in_l2_multicast),
	CONF(force_igmp_version),
	CONF(igmpv2_unsolicited_report_interval),
	CONF(igmpv3_unsolicited_report_interval),
};

#define PARAM(name, min, max) RANGE_(struct tcp_cong_params, #name, name, 1, PLAIN, min, max)

/* /sys/module/tcp_cubic/parameters */
static const struct sysctl cubic_table[] = {
	PARAM(fast_convergence, INT_MIN, INT_MAX),     PARAM(initial_ssthresh, INT_MIN, INT_MAX),
	PARAM(tcp_friendliness, INT_MIN, INT_MAX),     PARAM(hystart, INT_MIN, INT_MAX),
	PARAM(hystart_detect, INT_MIN, INT_MAX),       PARAM(hystart_low_window, INT_MIN, INT_MAX),
	PARAM(hystart_ack_delta_us, INT_MIN, INT_MAX),
};

/* /sys/module/tcp_dctcp/parameters */
static const struct sysctl dctcp_table[] = {
	PARAM(dctcp_shift_g, 0, 10),
	PARAM(dctcp_alpha_on_init, 0, 1024),
};

static const struct sysctl *table_find(const struct sysctl *t, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(t[i].name, name) == 0)
			return &t[i];
	return NULL;
}
#define FIND(table, name) table_find(table, sizeof(table) / sizeof((table)[0]), name)

static void store(char *at, unsigned size, long v)
{
	uint8_t v8 = (uint8_t)v;
	uint16_t v16 = (uint16_t)v;
	uint32_t v32 = (uint32_t)v;
	uint64_t v64 = (uint64_t)v;
	memcpy(at,
	       size == 1   ? (void *)&v8
	       : size == 2 ? (void *)&v16
	       : size == 4 ? (void *)&v32
			   : (void *)&v64,
	       size);
}

/* What may be written: the setting's own range, or what the kernel's conversions let through. */
static void range(const struct sysctl *s, long *min, long *max)
{
	bool wide = s->size == 8;
	if (s->min || s->max) {
		*min = s->min;
		*max = s->max;
	} else if (s->size < 4 || wide || s->unit == MILLISECONDS) {
		*min = 0;
		*max = wide ? LONG_MAX : s->size < 4 ? (1L << 8 * s->size) - 1 : INT_MAX;
	} else {
		*min = s->unit == SECONDS ? -(INT_MAX / HZ) : INT_MIN;
		*max = s->unit == SECONDS ? INT_MAX / HZ : INT_MAX;
	}
}

/* The next number of *value, with a blank or the end behind it. */
static int number(const char **value, long min, long max, long *v)
{
	static const char blanks[] = " \t\n";
	const char *p = *value + strspn(*value, blanks);
	char *end;
	if (!isdigit((unsigned char)p[*p == '-']))
		return -EINVAL;
	errno = 0;
	*v = strtol(p, &end, 0);
	if (errno || strcspn(end, blanks) || *v < min || *v > max)
		return -EINVAL;
	*value = end + strspn(end, blanks);
	return 0;
}

/* Numbers between blanks. As in Linux, there may be fewer or more than the setting has, and each counts at
 * once. */
static int set(void *base, const struct sysctl *s, const char *value)
{
	long min, max, v;
	range(s, &min, &max);
	for (unsigned i = 0; i < s->count && (!i || *value); i++) {
		if (number(&value, min, max, &v))
			return -EINVAL;
		if (s->unit == SECONDS)
			v *= HZ;
		else if (s->unit == MILLISECONDS)
			v = v * HZ / 1000;
		store((char *)base + s->offset + i * s->size, s->size, v);
	}
	return 0;
}

static long load(const char *at, unsigned size)
{
	uint8_t v8;
	uint16_t v16;
	int32_t v32;
	long v;
	switch (size) {
	case 1:
		memcpy(&v8, at, size);
		return v8;
	case 2:
		memcpy(&v16, at, size);
		return v16;
	case 4:
		memcpy(&v32, at, size);
		return v32;
	default:
		memcpy(&v, at, size);
		return v;
	}
}

static void show(const void *base, const struct sysctl *s, struct seq_file *m)
{
	for (unsigned i = 0; i < s->count; i++) {
		long v = load((const char *)base + s->offset + i * s->size, s->size);
		if (s->unit == SECONDS)
			v /= HZ;
		else if (s->unit == MILLISECONDS)
			v = v * 1000 / HZ;
		if (s->max == UINT_MAX)
			v = (uint32_t)v;
		seq_printf(m, "%s%ld", i ? "\t" : "", v);
	}
}

/* Where the setting `name` under net.ipv4.conf is: its place in *s, the structure returned; NULL: none. */
static struct ipv4_devconf *find_conf(struct net *net, const char *name, const struct sysctl **s)
{
	char dev[IFNAMSIZ];
	const char *dot = strrchr(name, '.');
	if (!dot || (size_t)(dot - name) >= sizeof(dev))
		return NULL;
	memcpy(dev, name, (size_t)(dot - name));
	dev[dot - name] = '\0';
	*s = FIND(conf_table, dot + 1);
	return *s ? ipv4_devconf_find(net, dev) : NULL;
}

/* net.ipv4.conf.NAME.FIELD; forwarding of "all" is ip_forward. */
static int set_conf(struct net *net, const char *name, const char *value)
{
	const struct sysctl *s;
	struct ipv4_devconf *conf = find_conf(net, name, &s);
	int err = conf ? set(conf, s, value) : -ENOENT;
	if (!err && strcmp(s->name, "forwarding") == 0) {
		if (conf == ipv4_devconf_find(net, "all"))
			inet_forward_change(net, conf->forwarding != 0);
		rt_cache_flush(net);
	}
	return err;
}

/* "DEV.FIELD" of net.ipv4.neigh: the device into dev, the field returned; NULL: it is no such name. */
static const char *neigh_field(const char *name, char dev[IFNAMSIZ])
{
	const char *dot = strrchr(name, '.');
	if (!dot || dot - name >= IFNAMSIZ)
		return NULL;
	memcpy(dev, name, (size_t)(dot - name));
	dev[dot - name] = '\0';
	return dot + 1;
}

static int set_neigh(struct net *net, const char *name, const char *value)
{
	char dev[IFNAMSIZ];
	const char *field = neigh_field(name, dev);
	long v;
	if (!field)
		return -ENOENT;
	return number(&value, 0, LONG_MAX, &v) ? -EINVAL : neigh_sysctl_set(net, dev, field, v);
}

static int set_port_range(struct net *net, const char *value)
{
	long low, high = net->ipv4.sysctl_local_port_max;
	if (number(&value, PROT_SOCK, 65535, &low) || (*value && number(&value, 1, 65535, &high)) ||
	    low > high)
		return -EINVAL;
	net->ipv4.sysctl_local_port_min = (int)low;
	net->ipv4.sysctl_local_port_max = (int)high;
	return 0;
}

/* One key of Fast Open: four words in hex, of 32 bits and without sign, each stored with its lowest byte
 * first. */
static bool parse_fastopen_key(const char *p, uint8_t key[TCP_FASTOPEN_KEY_LENGTH])
{
	for (int i = 0; i < TCP_FASTOPEN_KEY_LENGTH; i += 4) {
		char *end;
		p += strspn(p, " \t\n");
		if (!isxdigit((unsigned char)*p))
			return false;
		unsigned word = (unsigned)strtoull(p, &end, 16);
		for (int j = 0; j < 4; j++)
			key[i + j] = (uint8_t)(word >> 8 * j);
		p = end + 1;
		if (*end != '-' && i + 4 < TCP_FASTOPEN_KEY_LENGTH)
			return false;
	}
	return true;
}

/* The key, or "key,backup key"; what follows a key is ignored, as in Linux. */
static int set_fastopen_key(struct net *net, const char *value)
{
	uint8_t key[2][TCP_FASTOPEN_KEY_LENGTH];
	const char *backup = strchr(value, ',');
	if (!parse_fastopen_key(value, key[0]) || (backup && !parse_fastopen_key(backup + 1, key[1])))
		return -EINVAL;
	return tcp_fastopen_reset_cipher(net, NULL, key[0], backup ? key[1] : NULL);
}

static void show_fastopen_key(const struct net *net, struct seq_file *m)
{
	uint8_t key[TCP_FASTOPEN_KEY_BUF_LENGTH] = { 0 };
	int keys = tcp_fastopen_get_cipher(net->tcp->fastopen_ctx, key);
	for (int i = 0; i < 4 * (keys ? keys : 1); i++) {
		const uint8_t *p = key + (ptrdiff_t)4 * i;
		seq_printf(m, "%s%08x",
			   i == 0  ? ""
			   : i % 4 ? "-"
				   : ",",
			   (unsigned)p[3] << 24 | (unsigned)p[2] << 16 | (unsigned)p[1] << 8 | p[0]);
	}
}

static int set_ipv4(struct net *net, const char *name, const char *value)
{
	const struct sysctl *s = FIND(ipv4_table, name);
	struct sysctl reordering;
	long v;
	if (s && strcmp(name, "tcp_reordering") == 0) {
		reordering = *s;
		reordering.max = net->ipv4.sysctl_tcp_max_reordering;
		s = &reordering;
	}
	if (s)
		return set(&net->ipv4, s, value);
	if (strncmp(name, "conf.", 5) == 0)
		return set_conf(net, name + 5, value);
	if (strcmp(name, "tcp_congestion_control") == 0)
		return tcp_set_default_congestion_control(net, value);
	if (strcmp(name, "tcp_available_congestion_control") == 0)
		return -EACCES;
	if (strcmp(name, "tcp_allowed_congestion_control") == 0)
		return tcp_set_allowed_congestion_control(net, value);
	if (strncmp(name, "neigh.", 6) == 0)
		return set_neigh(net, name + 6, value);
	if (strcmp(name, "ip_forward") == 0)
		return set_conf(net, "all.forwarding", value);
	if (strcmp(name, "ip_local_port_range") == 0)
		return set_port_range(net, value);
	if (strcmp(name, "tcp_fastopen_key") == 0)
		return set_fastopen_key(net, value);
	if (strncmp(name, "ipfrag_", 7) == 0)
		return number(&value, 0, LONG_MAX, &v) ? -EINVAL : ipfrag_set(net, name + 7, v);
	return -ENOENT;
}

static void show_algorithms(const struct net *net, bool all, struct seq_file *m)
{
	char names[64];
	if (all)
		tcp_get_available_congestion_control(names, sizeof(names));
	else
		tcp_get_allowed_congestion_control(net, names, sizeof(names));
	seq_puts(m, names);
}

static int show_ipv4(struct net *net, const char *name, struct seq_file *m)
{
	const struct sysctl *s = FIND(ipv4_table, name);
	const struct ipv4_devconf *conf;
	char dev[IFNAMSIZ];
	const char *field;
	long value;
	if (s)
		show(&net->ipv4, s, m);
	else if (strcmp(name, "ip_forward") == 0)
		seq_printf(m, "%d", net->ipv4.sysctl_ip_forward);
	else if (strcmp(name, "ip_local_port_range") == 0)
		seq_printf(m, "%d\t%d", net->ipv4.sysctl_local_port_min, net->ipv4.sysctl_local_port_max);
	else if (strcmp(name, "tcp_congestion_control") == 0)
		seq_puts(m, net->ipv4.sysctl_tcp_congestion_control);
	else if (strcmp(name, "tcp_fastopen_key") == 0)
		show_fastopen_key(net, m);
	else if (strcmp(name, "tcp_available_congestion_control") == 0)
		show_algorithms(net, true, m);
	else if (strcmp(name, "tcp_allowed_congestion_control") == 0)
		show_algorithms(net, false, m);
	else if (strncmp(name, "conf.", 5) == 0 && (conf = find_conf(net, name + 5, &s)))
		show(conf, s, m);
	else if (strncmp(name, "neigh.", 6) == 0 && (field = neigh_field(name + 6, dev)) &&
		 neigh_sysctl_get(net, dev, field, &value) == 0)
		seq_printf(m, "%ld", value);
	else if (strncmp(name, "ipfrag_", 7) == 0 && ipfrag_get(net, name + 7, &value) == 0)
		seq_printf(m, "%ld", value);
	else
		return -ENOENT;
	return 0;
}

/* A parameter of a module by its file, NULL: there is none. */
static const struct sysctl *find_param(const char *path)
{
	static const char cubic[] = "/sys/module/tcp_cubic/parameters/",
			  dctcp_[] = "/sys/module/tcp_dctcp/parameters/";
	if (strncmp(path, cubic, sizeof(cubic) - 1) == 0)
		return FIND(cubic_table, path + sizeof(cubic) - 1);
	if (strncmp(path, dctcp_, sizeof(dctcp_) - 1) == 0)
		return FIND(dctcp_table, path + sizeof(dctcp_) - 1);
	return NULL;
}

int host_module_param_store(struct host *host, const char *path, const char *value)
{
	const struct sysctl *s = find_param(path);
	const char *number = value + strspn(value, " \t\n");
	number += strcspn(number, " \t\n");
	if (number[strspn(number, " \t\n")])
		return -EINVAL; /* more than one word */
	return s ? set(&host->net->tcp->cong_params, s, value) : -ENOENT;
}

int host_module_param_show(struct host *host, const char *path, struct seq_file *m)
{
	const struct sysctl *s = find_param(path);
	if (!s)
		return -ENOENT;
	show(&host->net->tcp->cong_params, s, m);
	return 0;
}

/* "net/ipv4/ip_forward" is net.ipv4.ip_forward. False: it is too long to be a setting. */
static bool dotted(const char *from, char *to, size_t len)
{
	snprintf(to, len, "%s", from);
	for (char *p = to; *p; p++)
		*p = *p == '/' ? '.' : *p;
	return strlen(from) < len;
}

int host_sysctl_store(struct host *host, const char *path, const char *value)
{
	char name[NAME_BYTES];
	const struct sysctl *s;
	if (!dotted(path, name, sizeof(name)))
		return -ENOENT;
	if (strncmp(name, "net.ipv4.", 9) == 0)
		return set_ipv4(host->net, name + 9, value);
	if (strncmp(name, "net.core.", 9) == 0 && (s = FIND(core_table, name + 9)))
		return set(&host->net->core, s, value);
	return -ENOENT;
}

int host_sysctl_show(struct host *host, const char *path, struct seq_file *m)
{
	char name[NAME_BYTES];
	const struct sysctl *s;
	if (!dotted(path, name, sizeof(name)))
		return -ENOENT;
	if (strncmp(name, "net.ipv4.", 9) == 0)
		return show_ipv4(host->net, name + 9, m);
	if (strncmp(name, "net.core.", 9) == 0 && (s = FIND(core_table, name + 9))) {
		show(&host->net->core, s, m);
		return 0;
	}
	return -ENOENT;
}

/* ---- all of them ---- */

static int name_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names that are gathered, to be told in order. */
struct names {
	char *name[MAX_NAMES];
	int n;
};

static void gather(struct names *all, const char *prefix, const char *dev, const char *name)
{
	char text[NAME_BYTES];
	snprintf(text, sizeof(text), "%s%s%s%s", prefix, dev, *dev ? "." : "", name);
	if (all->n < MAX_NAMES && (all->name[all->n] = strdup(text)))
		all->n++;
}

static void gather_table(struct names *all, const char *prefix, const char *dev, const struct sysctl *t,
			 size_t n)
{
	for (size_t i = 0; i < n; i++)
		gather(all, prefix, dev, t[i].name);
}
#define GATHER(all, prefix, dev, table)                                                                      \
	gather_table(all, prefix, dev, table, sizeof(table) / sizeof((table)[0]))

static void gather_neigh(struct names *all, const char *dev, bool dflt)
{
	const char *name;
	for (unsigned i = 0; (name = neigh_sysctl_name(dflt, i)); i++)
		gather(all, "net.ipv4.neigh.", dev, name);
}

void host_sysctl_list(struct host *host, void (*fn)(void *arg, const char *name), void *arg)
{
	static const char *const more[] = { "ip_forward",
					    "ip_local_port_range",
					    "tcp_congestion_control",
					    "tcp_available_congestion_control",
					    "tcp_allowed_congestion_control",
					    "ipfrag_time",
					    "ipfrag_high_thresh",
					    "ipfrag_low_thresh",
					    "ipfrag_max_dist",
					    "tcp_fastopen_key" };
	struct names *all = calloc(1, sizeof(*all));
	struct net_device *dev;
	if (!all)
		return;
	GATHER(all, "net.core.", "", core_table);
	GATHER(all, "net.ipv4.", "", ipv4_table);
	GATHER(all, "net.ipv4.conf.", "all", conf_table);
	GATHER(all, "net.ipv4.conf.", "default", conf_table);
	gather_neigh(all, "default", true);
	for_each_netdev(host->net, dev)
	{
		GATHER(all, "net.ipv4.conf.", dev->name, conf_table);
		gather_neigh(all, dev->name, false);
	}
	for (unsigned i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		gather(all, "net.ipv4.", "", more[i]);
	qsort(all->name, (size_t)all->n, sizeof(all->name[0]), name_cmp);
	for (int i = 0; i < all->n; i++) {
		fn(arg, all->name[i]);
		free(all->name[i]);
	}
	free(all);
}
