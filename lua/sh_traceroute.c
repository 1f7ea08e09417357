/*
 * traceroute [-4deFnr] [-I | -U | -T | -M icmp|udp|tcp|default] [-f FIRST] [-i DEV] [-m MAX]
 *	[-q QUERIES] [-w SECONDS] [-p PORT] [-N AT-ONCE] [-s SOURCE] [-t TOS] [-z SECONDS] HOST [LENGTH]
 *
 * Probes whose time to live is too short, by default UDP to rising ports (-U: to one port, -I: echo
 * requests, -T: SYNs by a raw socket); routers' errors come by IP_RECVERR. Up to 16 probes are on their
 * way at once; what is said is in order.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "lua/program.h"
#include "lua/sh_net.h"
#include "stack/application/syscalls.h"
#include "stack/internet/icmp.h"

#define UDP_PORT 33434
#define UDP_FIXED_PORT 53
#define TCP_PORT 80
#define SYN_BYTES 40 /* a TCP header with the usual options */
#define MAX_LENGTH 65000
#define MIN_LENGTH 28
#define HERE 3	/* how much longer than an answered probe of the same hop, */
#define NEAR 10 /* or of a later one, a probe is waited for */

struct probe {
	bool sent, done, final, answered;
	int fd;			/* -1: closed */
	uint64_t sent_at, took; /* ns */
	uint32_t from;
	char error[12];
};

struct traceroute {
	struct sh_net net;
	const char *target;
	uint32_t dst;
	uint32_t source;    /* -s; then what the first socket has */
	const char *device; /* -i */
	enum { DEFAULT, ICMP, UDP, TCP } method;
	bool six, numeric, whole, direct;
	long first, hops, queries, at_once, length, port, tos, own_port;
	uint64_t wait, pause, last_sent;
	uint8_t *data; /* MAX_LENGTH */
	struct probe *probes;
	int start, end;		 /* the first that is not told yet; the last that counts, and one */
	int shared_fd;		 /* of all probes of ICMP and TCP, or -1 */
	int fatal;		 /* a negative errno ends it, */
	const char *fatal_where; /* of this call */
};

static void end_by(struct traceroute *t, const char *where, long err)
{
	t->fatal_where = where;
	t->fatal = (int)err;
}

/* ---- probes ---- */

/* One socket for all probes, which tell by themselves which they are? */
static bool shared(const struct traceroute *t)
{
	return t->method == ICMP || t->method == TCP;
}

/* A port of ours that nobody uses, the first of those that SYNs come from. */
static long free_port(struct traceroute *t)
{
	struct sockaddr_in sin = { 0 };
	int len = sizeof(sin), fd = net_socket(&t->net, SOCK_STREAM, 0);
	net_bind(&t->net, fd, 0, 0);
	sys_getsockname(t->net.sh->program->tsk, fd, (struct sockaddr *)&sin, &len);
	net_close(&t->net, fd);
	return ntohs(sin.sin_port) - (ntohs(sin.sin_port) > 60000 ? 4000 : 0);
}

/* The options of a new socket. 0 or a negative errno, with the call. */
static int set_up(struct traceroute *t, int fd, const char **where)
{
	int err = net_bind_device(&t->net, fd, t->device);
	*where = "setsockopt SO_BINDTODEVICE";
	*where = err ? *where : "bind";
	if (!err && t->source)
		err = net_bind(&t->net, fd, t->source, 0);
	if (err)
		return err;
	*where = "connect";
	net_option(&t->net, fd, IPPROTO_IP, IP_MTU_DISCOVER, t->whole ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT);
	net_option(&t->net, fd, IPPROTO_IP, IP_RECVERR, 1);
	if (t->tos)
		net_option(&t->net, fd, IPPROTO_IP, IP_TOS, (int)t->tos);
	if (t->direct)
		net_option(&t->net, fd, SOL_SOCKET, SO_DONTROUTE, 1);
	return 0;
}

/* A probe's socket; a negative errno, with the call. */
static int open_probe(struct traceroute *t, int n, const char **where)
{
	*where = "socket";
	int fd = t->shared_fd >= 0   ? t->shared_fd
		 : t->method == ICMP ? net_socket(&t->net, SOCK_DGRAM, IPPROTO_ICMP)
		 : t->method == TCP  ? net_socket(&t->net, SOCK_RAW, IPPROTO_TCP)
				     : net_socket(&t->net, SOCK_DGRAM, 0);
	if (fd < 0 || fd == t->shared_fd)
		return fd;
	int err = set_up(t, fd, where);
	unsigned port = (unsigned)(shared(t) ? 0 : t->method == UDP ? t->port : t->port + n);
	if (!err)
		err = net_connect(&t->net, fd, t->dst, port);
	if (err < 0) {
		net_close(&t->net, fd);
		return err;
	}
	if (shared(t))
		t->shared_fd = fd;
	return fd;
}

static void put16(uint8_t *at, unsigned v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static unsigned add_words(unsigned sum, const uint8_t *at, unsigned n)
{
	for (; n > 1; n -= 2, at += 2)
		sum += (unsigned)(at[0] << 8 | at[1]);
	return sum;
}

/* A SYN of the n-th port; what comes back tells the port. */
static void make_syn(struct traceroute *t, uint8_t *tcp, int n)
{
	static const uint8_t options[] = { TCPOPT_MAXSEG,
					   4,
					   0x05,
					   0xb4,
					   TCPOPT_SACK_PERMITTED,
					   2,
					   TCPOPT_TIMESTAMP,
					   10,
					   0,
					   0,
					   0,
					   1,
					   0,
					   0,
					   0,
					   0,
					   TCPOPT_NOP,
					   TCPOPT_WINDOW,
					   3,
					   2 };
	struct sockaddr_in sin = { 0 };
	int len = sizeof(sin);
	memset(tcp, 0, SYN_BYTES);
	put16(tcp, (unsigned)(t->own_port + n));
	put16(tcp + 2, (unsigned)t->port);
	put16(tcp + 4, 0x5741 + (unsigned)n); /* the sequence number */
	tcp[12] = SYN_BYTES / 4 << 4;
	tcp[13] = 2; /* SYN */
	put16(tcp + 14, 5840);
	memcpy(tcp + 20, options, sizeof(options));
	sys_getsockname(t->net.sh->program->tsk, t->shared_fd, (struct sockaddr *)&sin, &len);
	unsigned sum = add_words(IPPROTO_TCP + SYN_BYTES, (const uint8_t *)&sin.sin_addr, 4);
	sum = add_words(add_words(sum, (const uint8_t *)&t->dst, 4), tcp, SYN_BYTES);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(tcp + 16, ~(sum + (sum >> 16)));
}

static void send_probe(struct traceroute *t, int n)
{
	struct probe *p = &t->probes[n];
	const char *where;
	int ttl = n / (int)t->queries + 1;
	p->fd = open_probe(t, n, &where);
	if (p->fd < 0) {
		end_by(t, where, p->fd);
		return;
	}
	if (t->method == ICMP) {
		memset(t->data, 0, 8);
		t->data[0] = ICMP_ECHO;
		put16(t->data + 6, (unsigned)n + 1);
	} else if (t->method == TCP) {
		make_syn(t, t->data, n);
	}
	net_option(&t->net, p->fd, IPPROTO_IP, IP_TTL, ttl);
	p->sent_at = t->last_sent = host_now(t->net.sh->host);
	p->sent = true;
	long r = net_send(&t->net, p->fd, t->data, (size_t)t->length, 0);
	if (r < 0 && r != -EHOSTUNREACH && r != -ENETUNREACH && r != -ECONNREFUSED && r != -EINTR &&
	    r != -EMSGSIZE)
		end_by(t, "send", r);
}

static void close_probe(struct traceroute *t, struct probe *p)
{
	if (!shared(t))
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
	if (ee->ee_origin == SO_EE_ORIGIN_LOCAL && ee->ee_errno == EMSGSIZE) {
		snprintf(p->error, sizeof(p->error), "!F-%u", ee->ee_info);
		return;
	}
	if (ee->ee_type != ICMP_DEST_UNREACH) {
		snprintf(p->error, sizeof(p->error), "!<%u-%u>", ee->ee_type, ee->ee_code);
		return;
	}
	if (ee->ee_code == ICMP_PORT_UNREACH && !shared(t))
		return;
	if (ee->ee_code == ICMP_FRAG_NEEDED)
		snprintf(p->error, sizeof(p->error), "!F-%u", ee->ee_info);
	else
		snprintf(p->error, sizeof(p->error), "!<%u>", ee->ee_code);
	for (unsigned i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (letters[i].code == ee->ee_code)
			snprintf(p->error, sizeof(p->error), "!%c", letters[i].letter);
}

/* The number of the probe that a packet of the shared socket is about; -1: none. */
static int probe_of(const struct traceroute *t, const uint8_t *buf, long len, bool error)
{
	if (t->method == ICMP)
		return len >= 8 ? (buf[6] << 8 | buf[7]) - 1 : -1;
	if (!error) { /* a raw socket gets the IP header, too, and everything that is TCP */
		unsigned header = len ? (buf[0] & 0xfu) * 4 : 0;
		if (len < (long)header + 20 || (buf[header] << 8 | buf[header + 1]) != t->port)
			return -1;
		buf += header + 2; /* the port that it goes to is the one that the probe came from */
	} else if (len < 8) {
		return -1;
	}
	return (buf[0] << 8 | buf[1]) - (int)t->own_port;
}

/* Takes what came for a socket; `p` is the probe that has it, NULL: the packet tells which. */
static bool receive(struct traceroute *t, int fd, struct probe *p, bool errors)
{
	struct net_message m;
	uint8_t buf[512]; /* headers are enough */
	long len = net_receive(&t->net, fd, buf, sizeof(buf), errors, &m);
	if (len < 0 || (errors && !m.has_error))
		return false;
	if (!p) {
		int n = probe_of(t, buf, len, errors);
		if (n < 0 || n >= t->hops * t->queries)
			return true;
		p = &t->probes[n];
	}
	if (p->done || !p->sent)
		return true;
	p->answered = true;
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
	if (!p->from)
		sh_say(sh, " *");
	if (!p->answered)
		return;
	uint32_t before = 0;
	for (int i = 1; i <= in_hop && !before; i++)
		before = t->probes[n - i].from;
	if (p->from && before != p->from) {
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
		if (t->probes[i].answered)
			return HERE * t->probes[i].took < t->wait ? HERE * t->probes[i].took : t->wait;
	for (int i = hop + q; i < t->end; i++)
		if (t->probes[i].answered)
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
		if (!p->sent && t->pause && t->last_sent && now < t->last_sent + t->pause)
			return next && next < t->last_sent + t->pause ? next : t->last_sent + t->pause;
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
	if (shared(t))
		fds[n++] = (struct pollfd){ .fd = t->shared_fd, .events = POLLIN };
	for (int i = t->start; !shared(t) && i < t->end && n < t->at_once; i++)
		if (t->probes[i].sent && !t->probes[i].done) {
			of[n] = i;
			fds[n++] = (struct pollfd){ .fd = t->probes[i].fd, .events = POLLIN };
		}
	uint64_t now = host_now(t->net.sh->host);
	int r = net_poll(&t->net, fds, n, until > now ? until - now : 0);
	if (r < 0 && r != -EINTR)
		end_by(t, "poll", r);
	for (unsigned i = 0; i < n && !t->net.left; i++) {
		struct probe *p = shared(t) ? NULL : &t->probes[of[i]];
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
	t->data = malloc(MAX_LENGTH);
	for (long i = 0; t->data && i < t->length; i++)
		t->data[i] = (uint8_t)(0x40 + (i & 0x3f));
	sh_say(sh, "traceroute to %s (%s), %ld hops max, %ld byte packets", t->target, sh_ip(t->dst).s,
	       t->hops, t->length + (shared(t) ? 20 : 28));
	if (!fds || !of || !t->probes || !t->data)
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
	net_close(&t->net, t->shared_fd);
	free(t->data);
	free(of);
	free(fds);
	free(t->probes);
	if (!t->fatal || t->net.left)
		return 0;
	return sh_fail(sh, 1, "%s: %s\n", t->fatal_where, strerrordesc_np(-t->fatal));
}

/* ---- the start ---- */

/* "-q" or "--queries", as it was said. */
struct option_text {
	char s[32];
};

static struct option_text option_text(const struct sh *sh)
{
	struct option_text t;
	if (sh->word)
		snprintf(t.s, sizeof(t.s), "--%.*s", (int)strcspn(sh->word, "="), sh->word);
	else
		snprintf(t.s, sizeof(t.s), "-%c", sh->opt);
	return t;
}

static int trace_bad_value(struct sh *sh)
{
	return sh_fail(sh, 2, "Cannot handle `%s' option with arg `%s' (argc %d)\n", option_text(sh).s,
		       sh->arg, sh->at - 1);
}

/* The value of an option. 0, or the status of a mistake, which is told as too large. */
static int trace_number(struct sh *sh, long min, long max, const char *what, long *to)
{
	long n;
	if (!sh_number(sh->arg, INT32_MIN, INT32_MAX, &n))
		return trace_bad_value(sh);
	if (n < min || n > max)
		return sh_fail(sh, 2, "%s\n", what);
	*to = n;
	return 0;
}

/* What getopt_long() does not know, or what lacks its value. */
static int trace_bad_option(struct sh *sh, int c)
{
	static const struct {
		char letter;
		const char *value;
	} values[] = { { 'f', "first_ttl" },	 { 'i', "device" },   { 'm', "max_ttl" },
		       { 'M', "name" },		 { 'q', "nqueries" }, { 'N', "squeries" },
		       { 'p', "port" },		 { 's', "src_addr" }, { 't', "tos" },
		       { 'w', "MAX,HERE,NEAR" }, { 'z', "sendwait" }, { 'l', "flow_label" } };
	const char *with = sh->word && strchr(sh->word, '=') ? strchr(sh->word, '=') + 1 : NULL;
	unsigned i = 0;
	while (c == ':' && i < 12 && values[i].letter != sh->opt)
		i++;
	if (c == ':' && sh->word)
		return sh_fail(sh, 2, "Option `--%s' (argc %d) requires an argument: `--%s=%s'\n", sh->word,
			       sh->at - 1, sh->word, values[i].value);
	if (c == ':')
		return sh_fail(sh, 2, "Option `-%c' (argc %d) requires an argument: `-%c %s'\n", sh->opt,
			       sh->at - 1, sh->opt, values[i].value);
	if (with)
		return sh_fail(sh, 2, "Bad option `--%s' (with arg `%s') (argc %d)\n", sh->word, with,
			       sh->at - 1);
	return sh_fail(sh, 2, "Bad option `%s%s' (argc %d)\n", sh->word ? "--" : "-",
		       sh->word ? sh->word : (const char[]){ sh->opt, 0 }, sh->at - 1);
}

/* -w MAX[,HERE,NEAR]: only MAX counts here. */
static int trace_wait(struct traceroute *t)
{
	struct sh *sh = t->net.sh;
	double max, here = 0, near = 0;
	char first[32];
	if (sscanf(sh->arg, "%lf", &max) != 1)
		return trace_bad_value(sh);
	snprintf(first, sizeof(first), "%.*s", (int)strcspn(sh->arg, ","), sh->arg);
	if (sh_seconds(first, &t->wait) && t->wait)
		return 0;
	return sh_fail(sh, 2, "bad wait specifications `%g,%g,%g' used\n", max, here, near);
}

static int trace_method(struct traceroute *t)
{
	static const char *const names[] = { "default", "icmp", "udp", "tcp" };
	for (unsigned i = 0; i < 4; i++)
		if (strcmp(t->net.sh->arg, names[i]) == 0) {
			t->method = i;
			return 0;
		}
	return sh_fail(t->net.sh, 2, "Unknown traceroute module %s\n", t->net.sh->arg);
}

/* Options that are numbers or words. */
static int trace_value(struct traceroute *t, int c)
{
	struct sh *sh = t->net.sh;
	long flow;
	switch (c) {
	case 'f':
		return trace_number(sh, 1, 255, "first hop out of range", &t->first);
	case 'i':
		t->device = sh->arg;
		return 0;
	case 'm':
		return strcmp(sh->arg, "0") == 0
			       ? sh_fail(sh, 2, "first hop out of range\n")
			       : trace_number(sh, 1, 255, "max hops cannot be more than 255", &t->hops);
	case 'M':
		return trace_method(t);
	case 'q':
		return trace_number(sh, 1, 10, "no more than 10 probes per hop", &t->queries);
	case 'N':
		return trace_number(sh, 0, 255, "sim-queries out of range", &t->at_once);
	case 'p':
		return trace_number(sh, INT32_MIN, INT32_MAX, "", &t->port);
	case 's':
		if (inet_pton(AF_INET, sh->arg, &t->source) == 1)
			return 0;
		seq_printf(&sh->err, "%s: Name or service not known\n", sh->arg);
		return trace_bad_value(sh);
	case 'l':
		return trace_number(sh, INT32_MIN, INT32_MAX, "", &flow); /* of IPv6 */
	case 't':
		return trace_number(sh, 0, INT32_MAX, "bad tos specified", &t->tos);
	case 'w':
		return trace_wait(t);
	case 'z': /* above 10: milliseconds */
		if (!sh_seconds(sh->arg, &t->pause))
			return trace_bad_value(sh);
		t->pause /= t->pause > 10 * NSEC_PER_SEC ? 1000 : 1;
		return 0;
	default:
		return trace_bad_option(sh, c);
	}
}

static int trace_option(struct traceroute *t, int c)
{
	switch (c) {
	case '4':
	case 'd':
	case 'e':
		return 0; /* nothing that one could see */
	case '6':
		t->six = true;
		return 0;
	case 'n':
		t->numeric = true;
		return 0;
	case 'F':
		t->whole = true;
		return 0;
	case 'r':
		t->direct = true;
		return 0;
	case 'I':
		t->method = ICMP;
		return 0;
	case 'U':
		t->method = UDP;
		return 0;
	case 'T':
		t->method = TCP;
		return 0;
	default:
		return trace_value(t, c);
	}
}

static int trace_usage(struct sh *sh)
{
	sh_say(sh, "Usage:\n  traceroute [ -4dFITnreUV ] [ -f first_ttl ] [ -i device ] [ -m max_ttl ] "
		   "[ -N squeries ] [ -p port ] [ -t tos ] [ -w MAX ] [ -q nqueries ] [ -s src_addr ] [ -z "
		   "sendwait ] "
		   "host [ packetlen ]\n");
	return 0;
}

/* HOST [LENGTH] */
static int trace_target(struct traceroute *t)
{
	struct sh *sh = t->net.sh;
	long packet = 60, headers = shared(t) ? 20 : 28;
	t->target = sh->words[sh->at];
	if (t->six || !sh_resolve(sh, t->target, &t->dst))
		return sh_fail(sh, 2,
			       "%s: %s\nCannot handle \"host\" cmdline arg `%s' on "
			       "position 1 (argc %d)\n",
			       t->target,
			       t->six ? "Address family for hostname not supported"
				      : "Name or service not known",
			       t->target, sh->at);
	if (sh->at + 1 < sh->n && !sh_number(sh->words[sh->at + 1], 0, INT32_MAX, &packet))
		return sh_fail(sh, 2,
			       "Cannot handle \"packetlen\" cmdline arg `%s' on position 2 (argc %d)\n",
			       sh->words[sh->at + 1], sh->at + 1);
	if (packet > MAX_LENGTH)
		return sh_fail(sh, 2, "too big packetlen %ld specified\n", packet);
	packet = t->method == TCP ? 20 + SYN_BYTES : packet < MIN_LENGTH ? MIN_LENGTH : packet;
	t->length = packet - headers;
	return 0;
}

static const struct sh_long trace_longs[] = {
	{ "debug", 'd' },      { "dont-fragment", 'F' }, { "first", 'f' },
	{ "icmp", 'I' },       { "tcp", 'T' },		 { "udp", 'U' },
	{ "interface", 'i' },  { "max-hops", 'm' },	 { "sim-queries", 'N' },
	{ "port", 'p' },       { "tos", 't' },		 { "wait", 'w' },
	{ "queries", 'q' },    { "source", 's' },	 { "sendwait", 'z' },
	{ "extensions", 'e' }, { "module", 'M' },	 { "flowlabel", 'l' },
	{ "version", 'V' },    { "help", 'h' },		 { NULL, 0 },
};

/* Names are not abbreviated. */
static bool whole_name(const char *word)
{
	size_t len = strcspn(word, "=");
	for (const struct sh_long *l = trace_longs; l->name; l++)
		if (strlen(l->name) == len && strncmp(l->name, word, len) == 0)
			return true;
	return false;
}

int sh_traceroute(struct sh *sh)
{
	static const long ports[] = { UDP_PORT, 0, UDP_FIXED_PORT, TCP_PORT };
	struct traceroute t = { .net = { .sh = sh },
				.first = 1,
				.hops = 30,
				.queries = 3,
				.at_once = 16,
				.wait = 5 * NSEC_PER_SEC,
				.shared_fd = -1 };
	int bad;
	sh->longs = trace_longs;
	for (int c; (c = sh_getopt(sh, "46dehFInrTUVl:f:i:m:M:q:N:p:s:t:w:z:"));) {
		if (c == 'V') {
			sh_say(sh, "Modern traceroute for Linux, version 2.1.2\n");
			return 0;
		}
		if (c == 'h' && sh->word)
			return trace_usage(sh);
		c = sh->word && !whole_name(sh->word) ? '?' : c;
		if ((bad = trace_option(&t, c)))
			return bad;
	}
	if (sh->at >= sh->n)
		return trace_usage(sh);
	if ((bad = trace_target(&t)))
		return bad;
	if (t.first > t.hops)
		return sh_fail(sh, 2, "first hop out of range\n");
	t.port &= 0xffff;
	t.tos &= 0xff;
	t.at_once = t.at_once ? t.at_once : 1;
	if (!t.port)
		t.port = ports[t.method];
	if (t.method == TCP)
		t.own_port = free_port(&t);
	return trace(&t);
}
