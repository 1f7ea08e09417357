/* What ping says: heading, a line for each answer or error, the summary. */
#include <errno.h>
#include <string.h>

#include "lua/sh_ping.h"
#include "stack/internet/icmp.h"
#include "stack/internet/ip_options.h"

/* "server (10.0.2.2)" or the address. */
static void say_address(struct ping *p, uint32_t addr)
{
	const char *name = p->numeric ? NULL : sh_name_of(p->net.sh, addr);
	if (name)
		sh_say(p->net.sh, "%s (%s)", name, sh_ip(addr).s);
	else
		sh_say(p->net.sh, "%s", sh_ip(addr).s);
}

static void say_what(struct ping *p, const struct sock_extended_err *ee)
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

/* The route that a reply recorded (-R), from its option on. */
static void say_route(struct ping *p, const struct net_message *m, unsigned at)
{
	struct sh *sh = p->net.sh;
	const uint8_t *rr = m->options + at;
	unsigned end = rr[2] - 1u < m->optlen - at ? rr[2] - 1u : m->optlen - at;
	if (p->route_len == m->optlen && memcmp(p->route, m->options, m->optlen) == 0) {
		sh_say(sh, "\t(same route)");
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
}

/* The times that a reply collected (-T): the first one, then how much later each is. */
static void say_stamps(struct ping *p, const struct net_message *m, unsigned at)
{
	struct sh *sh = p->net.sh;
	const uint8_t *ts = m->options + at;
	unsigned end = ts[2] - 1u < m->optlen - at ? ts[2] - 1u : m->optlen - at, flags = ts[3] & 0xf;
	uint32_t addr, v, first = 0;
	bool begun = false;
	sh_say(sh, "\nTS: ");
	for (unsigned i = 4; i + (flags ? 8 : 4) <= end; i += 4) {
		sh_say(sh, "\t");
		if (flags != IPOPT_TS_TSONLY) {
			memcpy(&addr, ts + i, sizeof(addr));
			say_address(p, addr);
			sh_say(sh, "\t");
			i += 4;
		}
		memcpy(&v, ts + i, sizeof(v));
		v = ntohl(v);
		if (v & 0x80000000)
			sh_say(sh, "%u %s", v & 0x7fffffff, begun ? "not-standard" : "absolute not-standard");
		else if (!begun)
			sh_say(sh, "%u absolute", v);
		else
			sh_say(sh, "%d", (int)(v - first));
		first = v & 0x7fffffff;
		begun = true;
		sh_say(sh, "\n");
	}
	if (ts[3] >> 4)
		sh_say(sh, "Unrecorded hops: %d\n", ts[3] >> 4);
}

/* What the options of a reply hold, and the end of its line. */
static void say_options(struct ping *p, const struct net_message *m)
{
	unsigned at = 0;
	while (at < m->optlen && m->options[at] == IPOPT_NOOP)
		at++;
	if (at + 4 <= m->optlen && m->options[at] == IPOPT_RR)
		say_route(p, m, at);
	else if (at + 4 <= m->optlen && m->options[at] == IPOPT_TIMESTAMP)
		say_stamps(p, m, at);
	sh_say(p->net.sh, "\n");
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

void ping_say_date(struct ping *p)
{
	uint64_t us = host_now(p->net.sh->host) / NSEC_PER_USEC;
	if (p->dates)
		sh_say(p->net.sh, "[%llu.%06llu] ", (unsigned long long)us / 1000000,
		       (unsigned long long)us % 1000000);
}

void ping_say_heading(struct ping *p)
{
	struct sh *sh = p->net.sh;
	if (p->broadcast)
		seq_printf(&sh->err, "WARNING: pinging broadcast address\n");
	sh_say(sh, "PING %s (%s) ", p->target, sh_ip(p->dst).s);
	if (p->device || p->bound || p->sticky)
		sh_say(sh, "from %s %s: ", sh_ip(p->source).s, p->device ? p->device : "");
	sh_say(sh, "%ld(%ld) bytes of data.\n", p->size,
	       p->size + ICMP_HEADER + 20 + (p->options_len ? OPTION_BYTES : 0));
	sh_flush(sh);
}

void ping_say_error(struct ping *p, uint32_t offender, unsigned seq, const struct sock_extended_err *ee)
{
	struct sh *sh = p->net.sh;
	if (p->quiet)
		return;
	if (p->flood) {
		sh_say(sh, "\bE");
		return;
	}
	ping_say_date(p);
	sh_say(sh, "From ");
	say_address(p, offender);
	sh_say(sh, " icmp_seq=%u ", seq);
	say_what(p, ee);
}

void ping_say_reply(struct ping *p, long len, const struct net_message *m, unsigned seq, uint64_t us,
		    bool repeated)
{
	struct sh *sh = p->net.sh;
	if (p->quiet)
		return;
	if (p->flood) {
		sh_say(sh, "\b \b");
		return;
	}
	ping_say_date(p);
	sh_say(sh, "%ld bytes from ", len);
	say_address(p, m->from);
	sh_say(sh, ": icmp_seq=%u", seq);
	if (p->verbose)
		sh_say(sh, " ident=%ld", p->id);
	if (m->ttl >= 0)
		sh_say(sh, " ttl=%d", m->ttl);
	if (p->size >= 16)
		say_time(sh, us);
	sh_say(sh, "%s%s", repeated ? " (DUP!)" : "", p->audible ? "\a" : "");
	say_options(p, m);
}

/* "0.037" of microseconds, between two texts. */
static void say_ms(struct sh *sh, const char *before, uint64_t us, const char *after)
{
	sh_say(sh, "%s%llu.%03llu%s", before, (unsigned long long)us / 1000, (unsigned long long)us % 1000,
	       after);
}

void ping_say_end(struct ping *p)
{
	struct sh *sh = p->net.sh;
	const char *comma = "";
	uint64_t took = p->last_sent - p->begun;
	sh_say(sh, "\n--- %s ping statistics ---\n%ld packets transmitted, %ld received", p->target, p->sent,
	       p->received);
	if (p->repeats)
		sh_say(sh, ", +%ld duplicates", p->repeats);
	if (p->errors)
		sh_say(sh, ", +%ld errors", p->errors);
	if (p->sent) {
		say_percent(sh, (uint64_t)(p->sent - p->received), (uint64_t)p->sent);
		sh_say(sh, ", time %llums", (unsigned long long)(took / NSEC_PER_MSEC));
	}
	sh_say(sh, "\n");
	if (p->received && p->size >= 16) {
		uint64_t n = (uint64_t)(p->received + p->repeats), avg = p->sum / n;
		say_ms(sh, "rtt min/avg/max/mdev = ", p->min, "/");
		say_ms(sh, "", avg, "/");
		say_ms(sh, "", p->max, "/");
		say_ms(sh, "", square_root(p->sum2 / n - avg * avg), " ms");
		comma = ", ";
	}
	if (p->pipe > 1) {
		sh_say(sh, "%spipe %u", comma, p->pipe);
		comma = ", ";
	}
	if (p->received && (!p->interval || p->flood || p->adaptive) && p->sent > 1) {
		sh_say(sh, "%sipg/ewma ", comma);
		say_ms(sh, "", took / NSEC_PER_USEC / (uint64_t)(p->sent - 1), "/");
		say_ms(sh, "", p->rtt8 / 8, " ms");
	}
	sh_say(sh, "\n");
}
