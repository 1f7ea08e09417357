/* The events of a script, one after the other, in virtual time. */
#include "lua/packetdrill/run.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nic-model/ftgmac100.h"
#include "stack/boot.h"
#include "stack/internet/devinet.h"
#include "stack/internet/fib.h"
#include "stack/interface/netdevice.h"
#include "stack/kernel/sched.h"
#include "stack/skb/drop_reason.h"

bool pd_fail(struct pd_run *run, const char *fmt, ...)
{
	va_list ap;
	if (run->failed)
		return false;
	run->failed = true;
	va_start(ap, fmt);
	vsnprintf(run->message, sizeof(run->message), fmt, ap);
	va_end(ap);
	return false;
}

/* ---- settings ---- */

void pd_config_init(struct pd_config *c)
{
	memset(c, 0, sizeof(*c));
	inet_pton(AF_INET, "192.168.0.1", &c->local_ip);
	inet_pton(AF_INET, "192.0.2.1", &c->remote_ip);
	inet_pton(AF_INET, "192.168.0.1", &c->gateway_ip);
	c->prefix = 16;
	c->mtu = 1500;
	c->bind_port = c->connect_port = 8080;
	c->tolerance_usecs = 4000;
	c->tolerance_percent_x10 = 125;
	c->seed = 1;
}

static bool number_in(const char *text, int64_t min, int64_t max, int64_t *n)
{
	char *end;
	errno = 0;
	long long v = text ? strtoll(text, &end, 0) : 0;
	if (!text || errno || *end || end == text || v < min || v > max)
		return false;
	*n = v;
	return true;
}

static const char *set_address(uint32_t *addr, const char *value)
{
	return value && inet_pton(AF_INET, value, addr) == 1 ? NULL : "takes an IPv4 address";
}

static const char *set_netmask(struct pd_config *c, const char *value)
{
	uint32_t mask;
	if (set_address(&mask, value))
		return "takes a mask like 255.255.0.0";
	mask = ntohl(mask);
	c->prefix = __builtin_popcount(mask);
	return c->prefix == 0 || mask == ~0u << (32 - c->prefix) ? NULL : "takes a mask like 255.255.0.0";
}

static const char *set_define(struct pd_config *c, struct pd_pool *pool, const char *value)
{
	const char *eq = value ? strchr(value, '=') : NULL;
	if (!eq || eq == value)
		return "takes NAME=VALUE";
	struct pd_define *d = pd_alloc(pool, sizeof(*d));
	d->name = pd_strndup(pool, value, (size_t)(eq - value));
	size_t n = strlen(++eq);
	bool quoted = n >= 2 && (*eq == '"' || *eq == '`') && eq[n - 1] == *eq;
	d->value = pd_strndup(pool, eq + quoted, n - 2 * quoted);
	d->next = c->defines;
	c->defines = d;
	return NULL;
}

const char *pd_defined(const struct pd_config *c, const char *name)
{
	static const char *const of_runners[][2] = {
		{ "TFO_COOKIE", "3021b9d889017eeb" },	   /* profile's key, default addresses */
		{ "TFO_COOKIE_ZERO", "b7c12350a90dc8f5" }, /* a key of zeros */
		{ "CODE", "host_unreachable" },
		{ "CMSG_LEVEL_IP", "SOL_IP" },
		{ "CMSG_TYPE_RECVERR", "IP_RECVERR" },
	};
	for (const struct pd_define *d = c->defines; d; d = d->next)
		if (strcmp(d->name, name) == 0)
			return d->value;
	for (unsigned i = 0; i < sizeof(of_runners) / sizeof(of_runners[0]); i++)
		if (strcmp(of_runners[i][0], name) == 0)
			return of_runners[i][1];
	return NULL;
}

/* Settings that have no meaning here: one address family, no device or process of the real machine. */
static bool without_meaning(const char *name)
{
	static const char *const names[] = { "wire_client", "speed",   "persistent_tun_dev",
					     "non_fatal",   "dry_run", "send_omit_free",
					     "verbose",	    "debug" };
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

const char *pd_config_set(struct pd_config *c, struct pd_pool *pool, const char *name, const char *value)
{
	int64_t n;
	if (strcmp(name, "ip_version") == 0) {
		if (value && (strcmp(value, "ipv6") == 0 || strcmp(value, "ipv4-mapped-ipv6") == 0))
			return "unsupported: there is IPv4 only";
		return value && strcmp(value, "ipv4") == 0 ? NULL : "takes ipv4, ipv4-mapped-ipv6 or ipv6";
	}
	if (strcmp(name, "local_ip") == 0)
		return set_address(&c->local_ip, value);
	if (strcmp(name, "remote_ip") == 0)
		return set_address(&c->remote_ip, value);
	if (strcmp(name, "gateway_ip") == 0)
		return set_address(&c->gateway_ip, value);
	if (strcmp(name, "netmask_ip") == 0)
		return set_netmask(c, value);
	if (strcmp(name, "define") == 0)
		return set_define(c, pool, value);
	if (strcmp(name, "tcp_md5_secret") == 0) {
		c->md5_secret = value;
		return value && *value ? NULL : "takes a secret";
	}
	if (strcmp(name, "strict_segments") == 0) {
		c->strict_segments = true;
		return NULL;
	}
	if (strcmp(name, "exact") == 0) {
		c->exact = true;
		return NULL;
	}
	if (strcmp(name, "tcp_ts_ecr_scaled") == 0) {
		c->ts_ecr_scaled = true;
		return NULL;
	}
	if (without_meaning(name))
		return NULL;
	const struct {
		const char *name;
		int *small;
		int64_t *large;
		int64_t min, max;
	} numbers[] = {
		{ "mtu", &c->mtu, NULL, 68, 65535 },
		{ "mss", &c->mss, NULL, 1, 65535 },
		{ "bind_port", &c->bind_port, NULL, 1, 65535 },
		{ "connect_port", &c->connect_port, NULL, 1, 65535 },
		{ "tolerance_usecs", NULL, &c->tolerance_usecs, 0, 3600000000ll },
		{ "tcp_ts_tick_usecs", NULL, &c->ts_tick_usecs, 0, 1000000 },
	};
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (strcmp(name, numbers[i].name) != 0)
			continue;
		if (!number_in(value, numbers[i].min, numbers[i].max, &n))
			return "takes a number in its range";
		if (numbers[i].small)
			*numbers[i].small = (int)n;
		else
			*numbers[i].large = n;
		return NULL;
	}
	if (strcmp(name, "seed") == 0) {
		if (!number_in(value, 0, INT64_MAX, &n))
			return "takes a number";
		c->seed = (uint64_t)n;
		return NULL;
	}
	if (strcmp(name, "tolerance_percent") == 0) {
		double d = value ? strtod(value, NULL)
				 : -1; /* not a time of the run: a bound given in decimals */
		if (d < 0 || d > 1000)
			return "takes a percentage";
		c->tolerance_percent_x10 = (int)(d * 10);
		return NULL;
	}
	return "there is no such option";
}

/* ---- the host ---- */

static void on_stop(struct event *ev)
{
	sim_stop(ev->node->sim, SIM_STOPPED);
}

static bool set_up_host(struct pd_run *run)
{
	const struct link_params params = { .rate = 1000000000000000ull, .delay = LINK_DELAY_MIN };
	struct world_addr addr = { .addr = run->config.local_ip,
				   .prefix = (uint8_t)run->config.prefix,
				   .rx_checksums = true };
	struct world *w = &run->world;
	char err[256];
	struct world_host *wh = world_add_host(w, "host", &addr, 1, 0, err, sizeof(err));
	if (!wh)
		return pd_fail(run, "%s", err);
	run->host = wh->host;
	if (!world_add_link(w, world_host_port(wh, NULL), &run->port, &params, err, sizeof(err)))
		return pd_fail(run, "%s", err);
	world_up(w);
	sim_run(run->sim, 100 * NSEC_PER_MSEC); /* negotiation, carrier, the queue's discipline */
	/* the device that the scripts know has no ARP */
	struct net_device *dev = __dev_get_by_name(run->host->net, "eth0");
	rtnl_lock(run->host);
	dev_change_flags(dev, dev_get_flags(dev) | IFF_NOARP);
	rtnl_unlock(run->host);
	uint32_t gateway = run->config.gateway_ip;
	if (gateway ==
	    run->config.local_ip) /* the way out of a point-to-point device: anybody behind it will do */
		gateway = htonl(ntohl(gateway) ^ 2);
	if (!pd_be_tun(run, dev))
		return false;
	int r = run->config.mtu == 1500 ? 0 : host_link_mtu(run->host, "eth0", run->config.mtu);
	if (r == 0)
		r = ip_route_add(run->host, 0, 0, gateway, "eth0", 0);
	if (r != 0)
		return pd_fail(run, "the host cannot be set up: %s", strerrordesc_np(-r));
	return true;
}

static bool set_up(struct pd_run *run, const char *trace)
{
	struct trace_options opt = { .path = trace, .drop_text = skb_drop_text };
	char err[256];
	run->sim = sim_new(run->config.seed);
	if (!run->sim)
		return pd_fail(run, "no memory");
	if (trace && trace_start(run->sim, &opt, err, sizeof(err)) < 0)
		return pd_fail(run, "%s", err);
	world_init(&run->world, run->sim, NULL);
	event_init(&run->stop, &run->sim->root, on_stop, 0);
	for (unsigned i = 0; i < PD_MAX_FD; i++)
		run->fds[i] = -1;
	run->frames_tail = &run->frames;
	run->sent_by = run->looked_at = -1;
	run->next_remote_port = 49152;
	return pd_wire_init(run) && set_up_host(run) && pd_callers_init(run);
}

/* Everything ends as if the machine were switched off. */
static void tear_down(struct pd_run *run)
{
	char err[256];
	if (!run->sim)
		return;
	event_del(&run->stop);
	if (run->sim->trace && trace_finish(run->sim, err, sizeof(err)) < 0)
		pd_fail(run, "%s", err);
	for (unsigned i = 0; i < 2; i++)
		if (run->callers[i].tsk)
			task_kill(run->callers[i].tsk->task);
	if (run->host)
		cpu_run(&run->host->cpu);
	world_down(&run->world);
	pd_wire_free(run);
	pd_code_free(run);
	free(run->nstat);
	free(run->tun);
	if (*run->sim->fault)
		pd_fail(run, "%s\nThis is a fault in wirepath.", run->sim->fault);
	sim_free(run->sim);
	run->sim = NULL;
}

/* ---- time ---- */

/* Lets the host live until just before what it does itself at script time `us`; the clock then stands there.
 */
static void advance_to(struct pd_run *run, int64_t us)
{
	uint64_t when = run->start + (uint64_t)us * NSEC_PER_USEC;
	while (run->sim->now < when && !*run->sim->fault) {
		event_add(&run->stop, when);
		sim_run(run->sim, when);
	}
	event_del(&run->stop);
}

static bool is_injection(const struct pd_event *e)
{
	return e->kind == PD_PACKET && e->packet->inbound;
}

/* When a packet is injected: later than scheduled, for what takes time with the original and none here. That
 * is calls made while a packet waited to be looked at, and its answer at the same instant. */
static int64_t injection_due(const struct pd_run *run, int64_t when)
{
	if (run->config.exact)
		return when;
	return when + run->waited + (when == run->looked_at ? PD_TURN_AROUND : 0);
}

/* When an event is due, in us. */
static int64_t due(const struct pd_run *run, const struct pd_event *e)
{
	switch (e->time_kind) {
	case PD_RELATIVE:
		if (is_injection(e))
			return injection_due(run, run->base + e->time);
		return run->base + e->time;
	case PD_RANGE_RELATIVE:
		return run->base + e->time;
	case PD_ANY_TIME:
		return pd_now(run);
	default:
		return e->time;
	}
}

static int64_t slack(const struct pd_run *run, int64_t gap)
{
	int64_t part = gap > 0 ? gap * run->config.tolerance_percent_x10 / 1000 : 0;
	if (run->config.exact)
		return 0;
	return part > run->config.tolerance_usecs ? part : run->config.tolerance_usecs;
}

static bool check_time(struct pd_run *run, const struct pd_event *e, int64_t from, int64_t is)
{
	int64_t to = e->time_kind == PD_RANGE_RELATIVE	 ? run->base + e->time_end
		     : e->time_kind == PD_RANGE_ABSOLUTE ? e->time_end
							 : from;
	int64_t allowed = slack(run, from - run->last_event_time);
	if (e->time_kind == PD_ANY_TIME || (is >= from - allowed && is <= to + allowed))
		return true;
	if (to > from)
		return pd_fail(run, "timing: expected between %.6f and %.6f s, came at %.6f s",
			       (double)from / 1e6, (double)to / 1e6, (double)is / 1e6);
	return pd_fail(run, "timing: expected at %.6f s, came at %.6f s (%+.6f s, %.6f allowed)",
		       (double)from / 1e6, (double)is / 1e6, (double)(is - from) / 1e6,
		       (double)allowed / 1e6);
}

/* ---- events ---- */

static bool expect_packet(struct pd_run *run, const struct pd_event *e, int64_t when)
{
	int64_t is, last = e->time_kind == PD_RANGE_RELATIVE   ? run->base + e->time_end
			   : e->time_kind == PD_RANGE_ABSOLUTE ? e->time_end
							       : when;
	uint64_t deadline = e->time_kind == PD_ANY_TIME
				    ? run->sim->now + PD_FOREVER
				    : run->start + (uint64_t)(last + PD_PATIENCE) * NSEC_PER_USEC;
	return pd_match(run, e, deadline, &is) && check_time(run, e, when, is);
}

static bool run_event(struct pd_run *run, const struct pd_event *e)
{
	int64_t when = due(run, e);
	run->event = e;
	run->event_time = when;
	if (e->kind == PD_PACKET && !is_injection(e))
		return expect_packet(run, e, when);
	if (when < pd_now(run) - slack(run, 0) && e->time_kind == PD_ABSOLUTE)
		return pd_fail(run, "the time %.6f s has passed already: it is %.6f s", (double)when / 1e6,
			       (double)pd_now(run) / 1e6);
	advance_to(run, when);
	switch (e->kind) {
	case PD_PACKET:
		run->waited = 0;
		run->sent_by = -1;
		return pd_inject(run, e->packet);
	case PD_SYSCALL:
		run->calls++;
		return pd_call(run, e, when);
	case PD_COMMAND:
		return pd_shell(run, e->text);
	default:
		return pd_code(run, e);
	}
}

/* What the next relative time counts from: the end of this event; but between injected packets the time that
 * was scheduled, so that nothing adds up. */
static void set_base(struct pd_run *run, const struct pd_event *e)
{
	run->base = is_injection(e) && e->next && is_injection(e->next) ? run->event_time : pd_now(run);
	run->last_event_time = e->time_kind == PD_ANY_TIME ? run->base : run->event_time;
}

static bool run_events(struct pd_run *run)
{
	const struct pd_script *s = run->script;
	/* The suites' runners leave their profile behind for scripts that set nothing. Suites of other
	 * systems set nothing either, and count on the window that a receive buffer of the kernel's own size
	 * has. */
	static const char without_commands[] =
		"defaults.sh; sysctl -q net.ipv4.tcp_rmem=\"4096 131072 15728640\"";
	if (!pd_shell(run, s->init_command ? s->init_command : without_commands))
		return false;
	uint64_t tick = NSEC_PER_SEC / 1000;
	run->start = (run->sim->now / tick + 1) * tick + PD_PHASE;
	sim_run(run->sim, run->start - 1);
	advance_to(run, 0);
	for (const struct pd_event *e = s->events; e; e = e->next) {
		if (!run_event(run, e))
			return false;
		if (*run->sim->fault)
			return pd_fail(run, "%s", run->sim->fault);
		set_base(run, e);
	}
	if (!pd_reap_blocking(run, true))
		return false;
	run->event = NULL;
	return !s->cleanup_command || pd_shell(run, s->cleanup_command);
}

bool pd_run_script(struct pd_run *run, const char *trace)
{
	if (set_up(run, trace))
		run_events(run);
	tear_down(run);
	return !run->failed;
}
