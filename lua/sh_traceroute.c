/*
 * traceroute [-n] [-I | -U] [-f FIRST] [-m MAX] [-q QUERIES] [-w SECONDS] [-p PORT] [-N AT-ONCE] HOST
 * [LENGTH]
 *
 * Probes whose time to live is too short, by default UDP to rising ports (-U: to one port, -I: echo
 * requests); routers' errors come by IP_RECVERR. Up to 16 probes are on their way at once; what is said is in
 * order.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lua/sh_net.h"
#include "stack/internet/icmp.h"

#define UDP_PORT 33434
#define UDP_FIXED_PORT 53
#define MAX_LENGTH 1472
#define HERE 3	/* how much longer than an answered probe of the same hop, */
#define NEAR 10 /* or of a later one, a probe is waited for */

struct probe {
	bool sent, done, final;
	int fd;			/* -1: closed */
	uint64_t sent_at, took; /* ns; took 0: no answer */
	uint32_t from;
	char error[12];
};

struct traceroute {
	struct sh_net net;
	const char *target;
	uint32_t dst;
	enum { DEFAULT, ICMP, UDP } method;
	bool numeric;
	long first, hops, queries, at_once, length, port;
	uint64_t wait;
	struct probe *probes;
	int start, end;		 /* the first that is not told yet; the last that counts, and one */
	int icmp_fd, fatal;	 /* a negative errno ends it, */
	const char *fatal_where; /* of this call */
};

static void end_by(struct traceroute *t, const char *where, long err)
{
	t->fatal_where = where;
	t->fatal = (int)err;
}

/* ---- probes ---- */

static int open_probe(struct traceroute *t, int n)
{
	int fd = t->method == ICMP && t->icmp_fd >= 0 ? t->icmp_fd
		 : t->method == ICMP		      ? net_socket(&t->net, SOCK_DGRAM, IPPROTO_ICMP)
						      : net_socket(&t->net, SOCK_DGRAM, 0);
	if (fd < 0 || fd == t->icmp_fd)
		return fd;
	if (t->method == ICMP)
		t->icmp_fd = fd;
	net_option(&t->net, fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	net_option(&t->net, fd, IPPROTO_IP, IP_RECVERR, 1);
	unsigned port = (unsigned)(t->method == UDP ? t->port : t->method == ICMP ? 0 : t->port + n);
	int err = net_connect(&t->net, fd, t->dst, port);
	if (err < 0) {
		net_close(&t->net, fd);
		t->icmp_fd = -1;
	}
	return err < 0 ? err : fd;
}

static void send_probe(struct traceroute *t, int n)
{
	struct probe *p = &t->probes[n];
	uint8_t data[MAX_LENGTH];
	size_t len = (size_t)t->length;
	int ttl = n / (int)t->queries + 1;
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(0x40 + (i & 0x3f));
	if (t->method == ICMP) {
		memset(data, 0, 8);
		data[0] = ICMP_ECHO;
		data[6] = (uint8_t)((n + 1) >> 8);
		data[7] = (uint8_t)(n + 1);
	}
	p->fd = open_probe(t, n);
	if (p->fd < 0) {
		end_by(t, "connect", p->fd);
		return;
	}
	net_option(&t->net, p->fd, IPPROTO_IP, IP_TTL, ttl);
	p->sent_at = host_now(t->net.sh->host);
	p->sent = true;
	long r = net_send(&t->net, p->fd, data, len, 0);
	if (r < 0 && r != -EHOSTUNREACH && r != -ENETUNREACH && r != -ECONNREFUSED && r != -EINTR)
		end_by(t, "send", r);
}

static void close_probe(struct traceroute *t, struct probe *p)
{
	if (t->method != ICMP)
		net_close(&t->net, p->fd);
	p->fd = -1;
	p->done = true;
}

/* "!H": what kept the probe from going on; a port that is closed is the goal of UDP probes. */
static void error_text(struct traceroute *t, struct probe *p, const struct sock_extended_err *ee)
{
	static const struct {
		uint8_t code;
		char letter;
	} letters[] = { { ICMP_NET_UNREACH, 'N' }, { ICMP_HOST_UNREACH, 'H' }, { ICMP_PROT_UNREACH, 'P' },
			{ ICMP_SR_FAILED, 'S' },   { ICMP_PKT_FILTERED, 'X' }, { ICMP_PREC_VIOLATION, 'V' },
			{ ICMP_PREC_CUTOFF, 'C' } };
	if (ee->ee_type == ICMP_TIME_EXCEEDED)
		return;
	p->final = true;
	if (ee->ee_type != ICMP_DEST_UNREACH) {
		snprintf(p->error, sizeof(p->error), "!<%u-%u>", ee->ee_type, ee->ee_code);
		return;
	}
	if (ee->ee_code == ICMP_PORT_UNREACH && t->method != ICMP)
		return;
	if (ee->ee_code == ICMP_FRAG_NEEDED)
		snprintf(p->error, sizeof(p->error), "!F-%u", ee->ee_info);
	else
		snprintf(p->error, sizeof(p->error), "!<%u>", ee->ee_code);
	for (unsigned i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (letters[i].code == ee->ee_code)
			snprintf(p->error, sizeof(p->error), "!%c", letters[i].letter);
}

/* Takes what came for a socket; `p` is the probe that has it, NULL for -I: the packet tells which. */
static bool receive(struct traceroute *t, int fd, struct probe *p, bool errors)
{
	struct net_message m;
	uint8_t buf[MAX_LENGTH];
	long len = net_receive(&t->net, fd, buf, sizeof(buf), errors, &m);
	if (len < 0 || (errors && !m.has_error))
		return false;
	if (!p) {
		int n = len >= 8 ? (buf[6] << 8 | buf[7]) - 1 : -1;
		if (n < 0 || n >= t->hops * t->queries)
			return true;
		p = &t->probes[n];
	}
	if (p->done)
		return true;
	p->took = host_now(t->net.sh->host) - p->sent_at;
	p->from = errors ? m.offender : m.from;
	if (errors)
		error_text(t, p, &m.ee);
	else
		p->final = true;
	close_probe(t, p);
	return true;
}

/* ---- what it says ---- */

static void say_probe(struct traceroute *t, int n)
{
	struct sh *sh = t->net.sh;
	const struct probe *p = &t->probes[n];
	int in_hop = n % (int)t->queries;
	if (in_hop == 0)
		sh_say(sh, "\n%2d ", n / (int)t->queries + 1);
	if (!p->from) {
		sh_say(sh, " *");
		return;
	}
	uint32_t before = 0;
	for (int i = 1; i <= in_hop && !before; i++)
		before = t->probes[n - i].from;
	if (before != p->from) {
		const char *name = t->numeric ? NULL : sh_name_of(sh, p->from);
		struct sh_ip ip = sh_ip(p->from);
		if (t->numeric)
			sh_say(sh, " %s", ip.s);
		else
			sh_say(sh, " %s (%s)", name ? name : ip.s, ip.s);
	}
	sh_say(sh, "  %llu.%03llu ms", (unsigned long long)(p->took / NSEC_PER_MSEC),
	       (unsigned long long)(p->took % NSEC_PER_MSEC / NSEC_PER_USEC));
	if (p->error[0])
		sh_say(sh, " %s", p->error);
}

/* ---- the loop ---- */

/* How long a probe is waited for: less when its hop, or a later one, has answered already. */
static uint64_t patience(const struct traceroute *t, int n)
{
	int q = (int)t->queries, hop = n / q * q;
	for (int i = hop; i < hop + q; i++)
		if (t->probes[i].took)
			return HERE * t->probes[i].took < t->wait ? HERE * t->probes[i].took : t->wait;
	for (int i = hop + q; i < t->end; i++)
		if (t->probes[i].took)
			return NEAR * t->probes[i].took < t->wait ? NEAR * t->probes[i].took : t->wait;
	return t->wait;
}

/* Tells what is known in order, sends what may be sent. Returns when the next probe is given up, 0: nobody is
 * waited for. */
static uint64_t step(struct traceroute *t)
{
	uint64_t now = host_now(t->net.sh->host), next = 0;
	int waiting = 0;
	for (int n = t->start; n < t->end && !t->fatal; n++) {
		struct probe *p = &t->probes[n];
		if (!p->done && p->sent && now >= p->sent_at + patience(t, n))
			close_probe(t, p);
		if (p->done) {
			if (p->final && (n / t->queries + 1) * t->queries < t->end)
				t->end = (int)((n / t->queries + 1) * t->queries);
			if (n == t->start) {
				say_probe(t, n);
				t->start++;
			}
			continue;
		}
		if (waiting++ >= t->at_once)
			break;
		if (!p->sent)
			send_probe(t, n);
		uint64_t until = p->sent_at + patience(t, n);
		next = !next || until < next ? until : next;
	}
	return next;
}

/* Waits until `until` for the probes that are on their way, and takes what came. */
static void wait_for_answers(struct traceroute *t, uint64_t until, struct pollfd *fds, int *of)
{
	unsigned n = 0;
	if (t->method == ICMP)
		fds[n++] = (struct pollfd){ .fd = t->icmp_fd, .events = POLLIN };
	for (int i = t->start; t->method != ICMP && i < t->end && n < t->at_once; i++)
		if (t->probes[i].sent && !t->probes[i].done) {
			of[n] = i;
			fds[n++] = (struct pollfd){ .fd = t->probes[i].fd, .events = POLLIN };
		}
	uint64_t now = host_now(t->net.sh->host);
	int r = net_poll(&t->net, fds, n, until > now ? until - now : 0);
	if (r < 0 && r != -EINTR)
		end_by(t, "poll", r);
	for (unsigned i = 0; i < n && !t->net.left; i++) {
		struct probe *p = t->method == ICMP ? NULL : &t->probes[of[i]];
		bool in = fds[i].revents & POLLIN, error = fds[i].revents & POLLERR;
		if (error && !receive(t, fds[i].fd, p, true))
			in = true; /* an error whose packet found no memory: the plain call takes it */
		else if (error && !p)
			while (receive(t, fds[i].fd, p, true))
				;
		if (in && (!p || !p->done))
			while (receive(t, fds[i].fd, p, false) && !p)
				;
	}
}

static int trace(struct traceroute *t)
{
	struct sh *sh = t->net.sh;
	struct pollfd *fds = calloc((size_t)t->at_once + 1, sizeof(*fds));
	int *of = calloc((size_t)t->at_once + 1, sizeof(*of));
	t->end = (int)(t->hops * t->queries);
	t->start = (int)((t->first - 1) * t->queries);
	t->probes = calloc((size_t)t->end, sizeof(*t->probes));
	sh_say(sh, "traceroute to %s (%s), %ld hops max, %ld byte packets", t->target, sh_ip(t->dst).s,
	       t->hops, t->length + (t->method == ICMP ? 20 : 28));
	if (!fds || !of || !t->probes)
		end_by(t, "calloc", -ENOMEM);
	while (!t->net.left && !t->fatal && t->start < t->end) {
		uint64_t until = step(t);
		sh_flush(sh);
		if (until && !t->fatal)
			wait_for_answers(t, until, fds, of);
	}
	sh_say(sh, "\n");
	for (int i = 0; t->probes && i < t->hops * t->queries; i++)
		if (t->probes[i].sent && !t->probes[i].done)
			close_probe(t, &t->probes[i]);
	net_close(&t->net, t->icmp_fd);
	free(of);
	free(fds);
	free(t->probes);
	if (!t->fatal || t->net.left)
		return 0;
	return sh_fail(sh, 1, "%s: %s\n", t->fatal_where, strerrordesc_np(-t->fatal));
}

/* ---- the start ---- */

/* The value of an option. 0, or the status of a mistake, which is told as too large. */
static int trace_number(struct sh *sh, long min, long max, const char *what, long *to)
{
	long n;
	if (!sh_number(sh->arg, INT32_MIN, INT32_MAX, &n))
		return sh_fail(sh, 2, "Cannot handle `-%c' option with arg `%s' (argc %d)\n", sh->opt,
			       sh->arg, sh->at - 1);
	if (n < min || n > max)
		return sh_fail(sh, 2, "%s\n", what);
	*to = n;
	return 0;
}

static int trace_option(struct traceroute *t, int c)
{
	struct sh *sh = t->net.sh;
	switch (c) {
	case 'n':
		t->numeric = true;
		return 0;
	case 'I':
		t->method = ICMP;
		return 0;
	case 'U':
		t->method = UDP;
		return 0;
	case 'f':
		return trace_number(sh, 1, 255, "first hop out of range", &t->first);
	case 'm':
		return trace_number(sh, 1, 255, "max hops cannot be more than 255", &t->hops);
	case 'q':
		return trace_number(sh, 1, 10, "no more than 10 probes per hop", &t->queries);
	case 'N':
		return trace_number(sh, 1, 255, "sim-queries out of range", &t->at_once);
	case 'p':
		return trace_number(sh, 1, 65535, "port out of range", &t->port);
	case 'w':
		return sh_seconds(sh->arg, &t->wait) && t->wait
			       ? 0
			       : sh_fail(sh, 2, "bad wait specifications `%s' used\n", sh->arg);
	default:
		return sh_fail(sh, 2,
			       c == ':' ? "Option `-%c' (argc %d) requires an argument\n"
					: "Bad option `-%c' (argc %d)\n",
			       sh->opt, sh->at - 1);
	}
}

int sh_traceroute(struct sh *sh)
{
	struct traceroute t = { .net = { .sh = sh },
				.first = 1,
				.hops = 30,
				.queries = 3,
				.at_once = 16,
				.wait = 5 * NSEC_PER_SEC,
				.icmp_fd = -1 };
	long packet = 60;
	for (int c; (c = sh_getopt(sh, "nIUf:m:q:N:p:w:"));) {
		int bad = trace_option(&t, c);
		if (bad)
			return bad;
	}
	if (sh->at >= sh->n) {
		sh_say(sh, "Usage:\n  traceroute [ -nIU ] [ -f first_ttl ] [ -m max_ttl ] [ -N squeries ] [ "
			   "-p port ] "
			   "[ -w MAX ] [ -q nqueries ] host [ packetlen ]\n");
		return 0;
	}
	t.target = sh->words[sh->at];
	if (!sh_resolve(sh, t.target, &t.dst))
		return sh_fail(sh, 2,
			       "%s: Name or service not known\nCannot handle \"host\" cmdline arg `%s' on "
			       "position 1 (argc %d)\n",
			       t.target, t.target, sh->at);
	if (sh->at + 1 < sh->n && !sh_number(sh->words[sh->at + 1], 28, MAX_LENGTH + 28, &packet))
		return sh_fail(sh, 2,
			       "Cannot handle \"packetlen\" cmdline arg `%s' on position 2 (argc %d)\n",
			       sh->words[sh->at + 1], sh->at + 1);
	if (t.first > t.hops)
		return sh_fail(sh, 2, "first hop out of range\n");
	t.length = packet - (t.method == ICMP ? 20 : 28);
	if (!t.port)
		t.port = t.method == UDP ? UDP_FIXED_PORT : UDP_PORT;
	return trace(&t);
}
