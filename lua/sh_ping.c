/*
 * ping [-bnqR] [-c COUNT] [-i SECONDS] [-s SIZE] [-W SECONDS] [-w DEADLINE] [-t TTL] [-I DEV|ADDR]
 *	[-M do|dont|want] DESTINATION
 *
 * Echo requests through a ping socket, as the real one does where it may; errors come by IP_RECVERR. The time
 * of sending lies in the packet. Ends when all are answered, or some time after the last one (wait_after()).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lua/program.h"
#include "lua/sh_net.h"
#include "stack/interface/netdevice.h"
#include "stack/internet/icmp.h"
#include "stack/internet/ip_options.h"

#define ICMP_HEADER 8
#define SIZE_MAX_DATA 65507
#define ROUTE_BYTES 40 /* what -R adds to the IP header: room for nine addresses */
#define LINGER (10 * NSEC_PER_SEC)

struct ping {
	struct sh_net net;
	int fd;
	const char *target, *device; /* -I DEV */
	uint32_t dst, source;
	bool bound; /* -I ADDR */
	bool numeric, quiet, broadcast, record;
	long count, size, ttl, mtu_mode;
	uint64_t interval, linger, deadline;
	/* what happened */
	long sent, received, repeats, errors;
	uint64_t begun, last_sent;
	uint64_t sum, sum2, min, max; /* us */
	unsigned route_len;	      /* the last recorded route */
	uint8_t route[ROUTE_BYTES];
	uint8_t seen[65536 / 8], packet[ICMP_HEADER + SIZE_MAX_DATA], answer[ICMP_HEADER + SIZE_MAX_DATA];
};

/* ---- what it says ---- */

/* "server (10.0.2.2)" or the address. */
static void say_address(struct ping *p, uint32_t addr)
{
	const char *name = p->numeric ? NULL : sh_name_of(p->net.sh, addr);
	if (name)
		sh_say(p->net.sh, "%s (%s)", name, sh_ip(addr).s);
	else
		sh_say(p->net.sh, "%s", sh_ip(addr).s);
}

static void say_error(struct ping *p, const struct sock_extended_err *ee)
{
	static const char *const unreachable[] = {
		"Destination Net Unreachable",
		"Destination Host Unreachable",
		"Destination Protocol Unreachable",
		"Destination Port Unreachable",
		NULL,
		"Source Route Failed",
		"Destination Net Unknown",
		"Destination Host Unknown",
		"Source Host Isolated",
		"Destination Net Prohibited",
		"Destination Host Prohibited",
		"Destination Net Unreachable for Type of Service",
		"Destination Host Unreachable for Type of Service",
		"Packet filtered",
		"Precedence Violation",
		"Precedence Cutoff",
	};
	static const char *const redirect[] = { "Network", "Host", "Type of Service and Network",
						"Type of Service and Host" };
	struct sh *sh = p->net.sh;
	if (ee->ee_type == ICMP_DEST_UNREACH && ee->ee_code == ICMP_FRAG_NEEDED)
		sh_say(sh, "Frag needed and DF set (mtu = %u)\n", ee->ee_info);
	else if (ee->ee_type == ICMP_DEST_UNREACH)
		sh_say(sh, "%s\n", ee->ee_code < 16 ? unreachable[ee->ee_code] : "Dest Unreachable");
	else if (ee->ee_type == ICMP_TIME_EXCEEDED)
		sh_say(sh, ee->ee_code ? "Frag reassembly time exceeded\n" : "Time to live exceeded\n");
	else if (ee->ee_type == ICMP_PARAMETERPROB)
		sh_say(sh, "Parameter problem: pointer = %u\n", ee->ee_info >> 24);
	else if (ee->ee_type == ICMP_REDIRECT && ee->ee_code < 4)
		sh_say(sh, "Redirect %s(New nexthop: %s)\n", redirect[ee->ee_code],
		       sh_ip(htonl(ee->ee_info)).s);
	else
		sh_say(sh, "Bad ICMP type: %d\n", ee->ee_type);
}

/* Three digits that matter. */
static void say_time(struct sh *sh, uint64_t us)
{
	unsigned long t = us;
	if (t >= 100000 - 50)
		sh_say(sh, " time=%lu ms", (t + 500) / 1000);
	else if (t >= 10000 - 5)
		sh_say(sh, " time=%lu.%01lu ms", (t + 50) / 1000, (t + 50) % 1000 / 100);
	else if (t >= 1000)
		sh_say(sh, " time=%lu.%02lu ms", (t + 5) / 1000, (t + 5) % 1000 / 10);
	else
		sh_say(sh, " time=%lu.%03lu ms", t / 1000, t % 1000);
}

/* Six digits that matter, as %g. */
static void say_percent(struct sh *sh, uint64_t part, uint64_t whole)
{
	uint64_t scale = part * 100 >= whole * 100  ? 1000
			 : part * 100 >= whole * 10 ? 10000
			 : part * 100 >= whole	    ? 100000
						    : 1000000;
	uint64_t v = (part * 100 * scale + whole / 2) / whole;
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)(scale + v % scale));
	while (n > 1 && digits[n - 1] == '0')
		digits[--n] = '\0';
	sh_say(sh, ", %llu%s%s%% packet loss", (unsigned long long)(v / scale), n > 1 ? "." : "", digits + 1);
}

/* The route that a reply recorded (-R). */
static void say_route(struct ping *p, const struct net_message *m)
{
	struct sh *sh = p->net.sh;
	unsigned at = 0;
	while (at < m->optlen && m->options[at] == IPOPT_NOOP)
		at++;
	if (at + 3 > m->optlen || m->options[at] != IPOPT_RR)
		return;
	const uint8_t *rr = m->options + at;
	unsigned end = rr[2] - 1u < m->optlen - at ? rr[2] - 1u : m->optlen - at;
	if (p->route_len == m->optlen && memcmp(p->route, m->options, m->optlen) == 0) {
		sh_say(sh, "\t(same route)\n");
		return;
	}
	p->route_len = m->optlen;
	memcpy(p->route, m->options, m->optlen);
	sh_say(sh, "\nRR: ");
	for (unsigned i = 3; i + 4 <= end; i += 4) {
		uint32_t addr;
		memcpy(&addr, rr + i, sizeof(addr));
		sh_say(sh, "\t");
		say_address(p, addr);
		sh_say(sh, "\n");
	}
	sh_say(sh, "\n");
}

static uint64_t square_root(uint64_t n)
{
	uint64_t r = 0;
	for (uint64_t bit = 1ull << 62; bit; bit >>= 2) {
		if (n >= r + bit) {
			n -= r + bit;
			r = (r >> 1) + bit;
		} else {
			r >>= 1;
		}
	}
	return r;
}

static int finish(struct ping *p)
{
	struct sh *sh = p->net.sh;
	sh_say(sh, "\n--- %s ping statistics ---\n%ld packets transmitted, %ld received", p->target, p->sent,
	       p->received);
	if (p->repeats)
		sh_say(sh, ", +%ld duplicates", p->repeats);
	if (p->errors)
		sh_say(sh, ", +%ld errors", p->errors);
	if (p->sent) {
		say_percent(sh, (uint64_t)(p->sent - p->received), (uint64_t)p->sent);
		sh_say(sh, ", time %llums", (unsigned long long)((p->last_sent - p->begun) / NSEC_PER_MSEC));
	}
	sh_say(sh, "\n");
	if (p->received && p->size >= 16) {
		uint64_t n = (uint64_t)(p->received + p->repeats), avg = p->sum / n,
			 dev = square_root(p->sum2 / n - avg * avg);
		const uint64_t v[4] = { p->min, avg, p->max, dev };
		sh_say(sh, "rtt min/avg/max/mdev =");
		for (int i = 0; i < 4; i++)
			sh_say(sh, "%c%llu.%03llu", i ? '/' : ' ', (unsigned long long)v[i] / 1000,
			       (unsigned long long)v[i] % 1000);
		sh_say(sh, " ms");
	}
	sh_say(sh, "\n");
	return !p->received || (p->deadline && p->received < p->count);
}

/* ---- packets ---- */

static void put_time(struct ping *p, uint64_t now)
{
	const uint64_t tv[2] = { now / NSEC_PER_SEC, now % NSEC_PER_SEC / NSEC_PER_USEC };
	if (p->size >= 16)
		memcpy(p->packet + ICMP_HEADER, tv, sizeof(tv));
}

/* An ICMP error about one of ours, or our own stack's. True: it came by ICMP. */
static bool receive_error(struct ping *p)
{
	struct net_message m;
	uint8_t quoted[ICMP_HEADER];
	struct sh *sh = p->net.sh;
	long r = net_receive(&p->net, p->fd, quoted, sizeof(quoted), true, &m);
	if (r < 0 || !m.has_error)
		return false;
	p->errors++;
	if (m.ee.ee_origin == SO_EE_ORIGIN_LOCAL) {
		if (m.ee.ee_errno != EMSGSIZE)
			seq_printf(&sh->err, "ping: local error: %s\n", strerrordesc_np((int)m.ee.ee_errno));
		else
			seq_printf(&sh->err, "ping: local error: message too long, mtu=%u\n", m.ee.ee_info);
		return false;
	}
	if (!p->quiet) {
		sh_say(sh, "From ");
		say_address(p, m.offender);
		sh_say(sh, " icmp_seq=%u ", quoted[6] << 8 | quoted[7]);
		say_error(p, &m.ee);
	}
	return true;
}

static void send_one(struct ping *p)
{
	uint64_t now = host_now(p->net.sh->host);
	unsigned seq = (unsigned)(p->sent + 1) & 0xffff;
	memset(p->packet, 0, ICMP_HEADER);
	p->packet[0] = ICMP_ECHO;
	p->packet[6] = (uint8_t)(seq >> 8);
	p->packet[7] = (uint8_t)seq;
	p->seen[seq / 8] &= (uint8_t) ~(1u << seq % 8);
	put_time(p, now);
	long r = net_send(&p->net, p->fd, p->packet, (size_t)(ICMP_HEADER + p->size), p->dst);
	while (r < 0 && !p->net.left && receive_error(p)) /* an earlier one's error: that was reported */
		r = net_send(&p->net, p->fd, p->packet, (size_t)(ICMP_HEADER + p->size), p->dst);
	if (r < 0 && r != -EMSGSIZE && !p->net.left)
		seq_printf(&p->net.sh->err, "ping: sendmsg: %s\n", strerrordesc_np((int)-r));
	if (p->sent == 0)
		p->begun = now;
	p->last_sent = now;
	p->sent++;
}

static void count_time(struct ping *p, uint64_t us)
{
	p->sum += us;
	p->sum2 += us * us;
	p->min = us < p->min ? us : p->min;
	p->max = us > p->max ? us : p->max;
}

static void take_reply(struct ping *p, const uint8_t *data, long len, const struct net_message *m)
{
	struct sh *sh = p->net.sh;
	uint64_t tv[2], us = 0;
	if (len < ICMP_HEADER || data[0] != ICMP_ECHOREPLY)
		return;
	unsigned seq = (unsigned)(data[6] << 8 | data[7]);
	bool repeated = p->seen[seq / 8] & 1u << seq % 8;
	p->seen[seq / 8] |= (uint8_t)(1u << seq % 8);
	*(repeated ? &p->repeats : &p->received) += 1;
	if (p->size >= 16) {
		memcpy(tv, data + ICMP_HEADER, sizeof(tv));
		us = host_now(sh->host) / NSEC_PER_USEC - (tv[0] * 1000000 + tv[1]);
		count_time(p, us);
	}
	if (p->quiet)
		return;
	sh_say(sh, "%ld bytes from ", len);
	say_address(p, m->from);
	sh_say(sh, ": icmp_seq=%u", seq);
	if (m->ttl >= 0)
		sh_say(sh, " ttl=%d", m->ttl);
	if (p->size >= 16)
		say_time(sh, us);
	sh_say(sh, repeated ? " (DUP!)" : "");
	if (m->optlen)
		say_route(p, m);
	else
		sh_say(sh, "\n");
}

/* Everything that came. */
static void receive_all(struct ping *p)
{
	struct net_message m;
	while (!p->net.left) {
		long len = net_receive(&p->net, p->fd, p->answer, sizeof(p->answer), false, &m);
		if (len >= 0)
			take_reply(p, p->answer, len, &m);
		else if (len == -EAGAIN || !receive_error(p))
			break;
	}
}

/* ---- the loop ---- */

/* How long it waits for the rest after the last packet: twice the longest round trip, or long when none came.
 */
static uint64_t wait_after(const struct ping *p)
{
	uint64_t twice = 2 * p->max * NSEC_PER_USEC;
	if (!p->received)
		return p->linger;
	return twice > p->interval ? twice : p->interval;
}

static bool answered(const struct ping *p)
{
	return (p->count && p->received + p->errors >= p->count) || (p->deadline && p->errors);
}

/* Until `until`, or something came. */
static void wait_until(struct ping *p, uint64_t until)
{
	uint64_t left = until - host_now(p->net.sh->host);
	bool in_flight = p->sent > p->received + p->errors;
	struct pollfd fd = { .fd = p->fd, .events = POLLIN };
	if (in_flight)
		net_poll(&p->net, &fd, 1, left);
	else if (left < NSEC_PER_MSEC) /* poll() counts whole milliseconds */
		net_sleep(&p->net, left);
	else
		net_poll(&p->net, &fd, 1, left / NSEC_PER_MSEC * NSEC_PER_MSEC);
}

static void ping_loop(struct ping *p)
{
	struct sh *sh = p->net.sh;
	uint64_t start = host_now(sh->host), next = start, exit_at = 0;
	while (!p->net.left && !answered(p)) {
		uint64_t now = host_now(sh->host);
		bool all = p->count && p->sent >= p->count && !p->deadline;
		if (all && !exit_at)
			exit_at = now + wait_after(p);
		if ((all && now >= exit_at) || (p->deadline && now >= start + p->deadline))
			break;
		if (!all && now >= next) {
			send_one(p);
			next = now + p->interval;
			continue;
		}
		uint64_t until = all ? exit_at : next;
		if (p->deadline && until > start + p->deadline)
			until = start + p->deadline;
		wait_until(p, until);
		receive_all(p);
		sh_flush(sh);
	}
}

/* ---- the start ---- */

static int ping_usage(struct sh *sh, int c)
{
	if (c == ':')
		seq_printf(&sh->err, "ping: option requires an argument -- '%c'\n", sh->opt);
	else
		seq_printf(&sh->err, "ping: invalid option -- '%c'\n", sh->opt);
	return sh_fail(sh, 2,
		       "\nUsage\n  ping [options] <destination>\n\nOptions:\n"
		       "  <destination>      dns name or ip address\n"
		       "  -b                 allow pinging broadcast\n"
		       "  -c <count>         stop after <count> replies\n"
		       "  -I <interface>     either interface name or address\n"
		       "  -i <interval>      seconds between sending each packet\n"
		       "  -M <pmtud opt>     define mtu discovery, can be one of <do|dont|want>\n"
		       "  -n                 no dns name resolution\n"
		       "  -q                 quiet output\n"
		       "  -R                 record route\n"
		       "  -s <size>          use <size> as number of data bytes to be sent\n"
		       "  -t <ttl>           define time to live\n"
		       "  -w <deadline>      reply wait <deadline> in seconds\n"
		       "  -W <timeout>       time to wait for response\n");
}

/* A number option; 0, or the status of a mistake. */
static int ping_number(struct sh *sh, long min, long max, long *to)
{
	char *end;
	long v = strtol(sh->arg, &end, 10);
	if (end == sh->arg || *end)
		return sh_fail(sh, 1, "ping: invalid argument: '%s'\n", sh->arg);
	if (v < min || v > max)
		return sh_fail(sh, 1, "ping: invalid argument: '%s': out of range: %ld <= value <= %ld\n",
			       sh->arg, min, max);
	*to = v;
	return 0;
}

static int ping_device(struct ping *p)
{
	struct sh *sh = p->net.sh;
	if (inet_pton(AF_INET, sh->arg, &p->source) == 1)
		p->bound = true;
	else if (__dev_get_by_name(sh->host->net, sh->arg))
		p->device = sh->arg;
	else
		return sh_fail(sh, 2, "ping: unknown iface: %s\n", sh->arg);
	return 0;
}

static int ping_option(struct ping *p, int c)
{
	static const char *const modes[] = { "dont", "want", "do" }; /* IP_PMTUDISC_* */
	struct sh *sh = p->net.sh;
	long n;
	int bad = 0;
	switch (c) {
	case 'b':
		p->broadcast = true;
		return 0;
	case 'n':
		p->numeric = true;
		return 0;
	case 'q':
		p->quiet = true;
		return 0;
	case 'R':
		p->record = true;
		return 0;
	case 'c':
		return ping_number(sh, 1, INT64_MAX, &p->count);
	case 's':
		bad = ping_number(sh, 0, INT32_MAX, &p->size);
		return bad || p->size <= SIZE_MAX_DATA
			       ? bad
			       : sh_fail(sh, 1, "ping: packet size %ld is too large. Maximum is %d\n",
					 p->size, SIZE_MAX_DATA);
	case 't':
		return ping_number(sh, 0, 255, &p->ttl);
	case 'w':
		bad = ping_number(sh, 0, INT32_MAX, &n);
		p->deadline = bad ? 0 : (uint64_t)n * NSEC_PER_SEC;
		return bad;
	case 'i':
		return sh_seconds(sh->arg, &p->interval)
			       ? 0
			       : sh_fail(sh, 1, "ping: bad timing interval: %s\n", sh->arg);
	case 'W':
		return sh_seconds(sh->arg, &p->linger)
			       ? 0
			       : sh_fail(sh, 1, "ping: bad linger time: %s\n", sh->arg);
	case 'I':
		return ping_device(p);
	case 'M':
		for (p->mtu_mode = 2; p->mtu_mode >= 0; p->mtu_mode--)
			if (strcmp(sh->arg, modes[p->mtu_mode]) == 0)
				return 0;
		return sh_fail(sh, 2, "ping: invalid -M argument: %s\n", sh->arg);
	default:
		return ping_usage(sh, c);
	}
}

static int ping_parse(struct ping *p)
{
	struct sh *sh = p->net.sh;
	uint32_t addr;
	for (int c; (c = sh_getopt(sh, "bnqRc:i:s:W:w:t:I:M:"));) {
		int bad = ping_option(p, c);
		if (bad)
			return bad;
	}
	if (sh->at >= sh->n)
		return sh_fail(sh, 1, "ping: usage error: Destination address required\n");
	p->target = sh->words[sh->at];
	p->numeric |= inet_pton(AF_INET, p->target, &addr) == 1;
	if (!sh_resolve(sh, p->target, &p->dst))
		return sh_fail(sh, 2, "ping: %s: Name or service not known\n", p->target);
	if (p->interval < 2 * NSEC_PER_MSEC) /* what the real one allows to users */
		return sh_fail(sh, 2,
			       "ping: cannot flood, minimal interval for user must be >= 2 ms, use -i 0.002 "
			       "(or higher)\n");
	return 0;
}

static int bind_device(struct sh_net *net, int fd, const char *device)
{
	return device ? (int)sys_setsockopt(net->sh->program->tsk, fd, SOL_SOCKET, SO_BINDTODEVICE, device,
					    (int)strlen(device))
		      : 0;
}

/* Which of our addresses will be the source; tells too whether there is a way at all. */
static int probe_source(struct ping *p)
{
	struct sh *sh = p->net.sh;
	struct sockaddr_in sin;
	int len = sizeof(sin), fd = net_socket(&p->net, SOCK_DGRAM, 0);
	bind_device(&p->net, fd, p->device);
	if (p->broadcast)
		net_option(&p->net, fd, SOL_SOCKET, SO_BROADCAST, 1);
	int err = net_connect(&p->net, fd, p->dst, 1025);
	if (!err && !p->bound && sys_getsockname(sh->program->tsk, fd, (struct sockaddr *)&sin, &len) == 0)
		p->source = sin.sin_addr.s_addr;
	net_close(&p->net, fd);
	if (err == -EACCES)
		return sh_fail(sh, 2,
			       "ping: Do you want to ping broadcast? Then -b. If not, check your local "
			       "firewall rules\n");
	return err ? sh_fail(sh, 2, "ping: connect: %s\n", strerrordesc_np(-err)) : 0;
}

static int ping_open(struct ping *p)
{
	struct sh *sh = p->net.sh;
	int err, status = probe_source(p);
	if (status)
		return status;
	p->fd = net_socket(&p->net, SOCK_DGRAM, IPPROTO_ICMP);
	if (p->fd < 0)
		return sh_fail(sh, 2, "ping: socket: %s\n", strerrordesc_np(-p->fd));
	bind_device(&p->net, p->fd, p->device);
	if (p->bound && (err = net_bind(&p->net, p->fd, p->source)) < 0)
		return sh_fail(sh, 2, "ping: bind: %s\n", strerrordesc_np(-err));
	net_option(&p->net, p->fd, IPPROTO_IP, IP_RECVERR, 1);
	net_option(&p->net, p->fd, IPPROTO_IP, IP_RECVTTL, 1);
	if (p->record) {
		const uint8_t rr[ROUTE_BYTES] = { IPOPT_NOOP, IPOPT_RR, ROUTE_BYTES - 1, 4 };
		net_option(&p->net, p->fd, IPPROTO_IP, IP_RETOPTS, 1);
		net_options(&p->net, p->fd, rr, sizeof(rr));
	}
	if (p->broadcast)
		net_option(&p->net, p->fd, SOL_SOCKET, SO_BROADCAST, 1);
	if (p->mtu_mode >= 0)
		net_option(&p->net, p->fd, IPPROTO_IP, IP_MTU_DISCOVER, (int)p->mtu_mode);
	if (p->ttl > 0)
		net_option(&p->net, p->fd, IPPROTO_IP, IP_TTL, (int)p->ttl);
	return 0;
}

static void ping_heading(struct ping *p)
{
	struct sh *sh = p->net.sh;
	if (p->broadcast)
		seq_printf(&sh->err, "WARNING: pinging broadcast address\n");
	sh_say(sh, "PING %s (%s) ", p->target, sh_ip(p->dst).s);
	if (p->device || p->bound)
		sh_say(sh, "from %s %s: ", sh_ip(p->source).s, p->device ? p->device : "");
	sh_say(sh, "%ld(%ld) bytes of data.\n", p->size,
	       p->size + ICMP_HEADER + 20 + (p->record ? ROUTE_BYTES : 0));
	sh_flush(sh);
}

int sh_ping(struct sh *sh)
{
	struct ping *p = calloc(1, sizeof(*p));
	if (!p)
		return sh_fail(sh, 2, "ping: out of memory\n");
	p->net.sh = sh;
	p->fd = -1;
	p->size = 56;
	p->mtu_mode = -1;
	p->interval = NSEC_PER_SEC;
	p->linger = LINGER;
	p->min = UINT64_MAX;
	for (long i = 0; i < SIZE_MAX_DATA; i++)
		p->packet[ICMP_HEADER + i] = (uint8_t)i;
	int status = ping_parse(p);
	if (!status)
		status = ping_open(p);
	if (!status) {
		ping_heading(p);
		ping_loop(p);
		status = finish(p);
	}
	net_close(&p->net, p->fd);
	free(p);
	return status;
}
