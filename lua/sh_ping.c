/*
 * ping [-aAbBdDfLnOqrRUvV4] [-c COUNT] [-e ID] [-i SECONDS] [-I DEV|ADDR] [-l PRELOAD] [-m MARK]
 *	[-M do|dont|want] [-p PATTERN] [-Q TOS] [-s SIZE] [-S SNDBUF] [-t TTL]
 *	[-T tsonly|tsandaddr|tsprespec] [-w DEADLINE] [-W SECONDS] [HOP...] DESTINATION
 *
 * Echo requests through a ping socket, as the real one does where it may; errors come by IP_RECVERR. The time
 * of sending lies in the packet. Ends when all are answered, or some time after the last one (wait_after()).
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lua/program.h"
#include "lua/sh_ping.h"
#include "stack/interface/netdevice.h"
#include "stack/internet/devinet.h"
#include "stack/internet/ip_options.h"

#define LINGER (10 * NSEC_PER_SEC)

static const char usage[] =
	"\nUsage\n  ping [options] <destination>\n\nOptions:\n"
	"  <destination>      dns name or ip address\n"
	"  -a                 use audible ping\n"
	"  -A                 use adaptive ping\n"
	"  -B                 sticky source address\n"
	"  -c <count>         stop after <count> replies\n"
	"  -D                 print timestamps\n"
	"  -d                 use SO_DEBUG socket option\n"
	"  -e <identifier>    define identifier for ping session, default is kernel defined\n"
	"  -f                 flood ping\n"
	"  -h                 print help and exit\n"
	"  -I <interface>     either interface name or address\n"
	"  -i <interval>      seconds between sending each packet\n"
	"  -L                 suppress loopback of multicast packets\n"
	"  -l <preload>       send <preload> number of packages while waiting replies\n"
	"  -m <mark>          tag the packets going out\n"
	"  -M <pmtud opt>     define mtu discovery, can be one of <do|dont|want>\n"
	"  -n                 no dns name resolution\n"
	"  -O                 report outstanding replies\n"
	"  -p <pattern>       contents of padding byte\n"
	"  -q                 quiet output\n"
	"  -Q <tclass>        use quality of service <tclass> bits\n"
	"  -r                 ignore the routes\n"
	"  -s <size>          use <size> as number of data bytes to be sent\n"
	"  -S <size>          use <size> as SO_SNDBUF socket option value\n"
	"  -t <ttl>           define time to live\n"
	"  -U                 print user-to-user latency\n"
	"  -v                 verbose output\n"
	"  -V                 print version and exit\n"
	"  -w <deadline>      reply wait <deadline> in seconds\n"
	"  -W <timeout>       time to wait for response\n"
	"\nIPv4 options:\n"
	"  -4                 use IPv4\n"
	"  -b                 allow pinging broadcast\n"
	"  -R                 record route\n"
	"  -T <timestamp>     define timestamp, can be one of <tsonly|tsandaddr|tsprespec>\n"
	"\nFor more details see ping(8).\n";

static int ping_usage(struct sh *sh, int c)
{
	if (sh->opt != 'h')
		sh_bad_option(sh, c);
	return sh_fail(sh, 2, "%s", usage);
}

/* A number option; 0, or the status of a mistake. */
static int ping_number(struct sh *sh, long min, long max, long *to)
{
	char *end;
	errno = 0;
	long v = strtol(sh->arg, &end, 10);
	if (end == sh->arg || *end)
		return sh_fail(sh, 1, "ping: invalid argument: '%s'\n", sh->arg);
	if (errno)
		return sh_fail(sh, 1, "ping: invalid argument: '%s': %s\n", sh->arg, strerrordesc_np(errno));
	if (v < min || v > max)
		return sh_fail(sh, 1, "ping: invalid argument: '%s': out of range: %ld <= value <= %ld\n",
			       sh->arg, min, max);
	*to = v;
	return 0;
}

/* -p: hex digits, two a byte, sixteen bytes at most. */
static int ping_pattern(struct ping *p)
{
	struct sh *sh = p->net.sh;
	unsigned byte;
	int n;
	for (const char *c = sh->arg; *c; c++)
		if (!isxdigit((unsigned char)*c))
			return sh_fail(sh, 2, "ping: patterns must be specified as hex digits: %s\n",
				       sh->arg);
	for (const char *c = sh->arg;
	     p->pattern_len < sizeof(p->pattern) && sscanf(c, "%2x%n", &byte, &n) == 1; c += n)
		p->pattern[p->pattern_len++] = (uint8_t)byte;
	return 0;
}

/* What a letter without argument switches on, or NULL. */
static bool *ping_switch(struct ping *p, int c)
{
	switch (c) {
	case 'a':
		return &p->audible;
	case 'A':
		return &p->adaptive;
	case 'b':
		return &p->broadcast;
	case 'B':
		return &p->sticky;
	case 'D':
		return &p->dates;
	case 'f':
		return &p->flood;
	case '4':
		return &p->four;
	case '6':
		return &p->six;
	case 'L':
		return &p->no_loop;
	case 'n':
		return &p->numeric;
	case 'O':
		return &p->outstanding;
	case 'q':
		return &p->quiet;
	case 'r':
		return &p->direct;
	case 'v':
		return &p->verbose;
	default:
		return NULL;
	}
}

/* Seconds; what is no number counts as none, with a word about it. 0, or the status of a mistake. */
static int ping_seconds(struct ping *p, uint64_t *ns, int status, const char *what)
{
	struct sh *sh = p->net.sh;
	if (sh_seconds(sh->arg, ns))
		return 0;
	if (sh->arg[0] == '-' || (sh->arg[0] >= '0' && sh->arg[0] <= '9'))
		return sh_fail(sh, status, "ping: %s: %s\n", what, sh->arg);
	*ns = 0;
	seq_printf(&sh->err, "ping: option argument contains garbage: %s\n", sh->arg);
	seq_printf(&sh->err, "ping: this will become fatal error in the future\n");
	return 0;
}

static int ping_words(struct ping *p, int c)
{
	static const char *const modes[] = { "dont", "want", "do" }; /* IP_PMTUDISC_* */
	struct sh *sh = p->net.sh;
	switch (c) {
	case 'i':
		return ping_seconds(p, &p->interval, 1, "bad timing interval");
	case 'W':
		return ping_seconds(p, &p->linger, 2, "bad linger time");
	case 'F':
	case 'N':
		return 0; /* for IPv6 */
	case 'I':
		if (inet_pton(AF_INET, sh->arg, &p->source) == 1)
			p->bound = true;
		else
			p->device = sh->arg;
		return 0;
	case 'M':
		for (p->mtu_mode = 2; p->mtu_mode >= 0; p->mtu_mode--)
			if (strcmp(sh->arg, modes[p->mtu_mode]) == 0)
				return 0;
		return sh_fail(sh, 2, "ping: invalid -M argument: %s\n", sh->arg);
	case 'p':
		return ping_pattern(p);
	case 'T':
		p->stamps = sh->arg;
		return strcmp(sh->arg, "tsonly") == 0 || strcmp(sh->arg, "tsandaddr") == 0 ||
				       strcmp(sh->arg, "tsprespec") == 0
			       ? 0
			       : sh_fail(sh, 2, "ping: invalid timestamp type: %s\n", sh->arg);
	default:
		return ping_usage(sh, c);
	}
}

static int ping_option(struct ping *p, int c)
{
	struct sh *sh = p->net.sh;
	bool *on = ping_switch(p, c);
	char *end;
	int bad;
	long n;
	if (on) {
		*on = true;
		return 0;
	}
	switch (c) {
	case 'C':
	case 'd':
	case 'U':
		return 0; /* nothing that one could see */
	case 'c':
		return ping_number(sh, 1, INT64_MAX, &p->count);
	case 'e':
		return ping_number(sh, 0, 65535, &p->id);
	case 'l':
		return ping_number(sh, 1, 65536, &p->preload);
	case 'm':
		return ping_number(sh, 0, UINT32_MAX, &p->mark);
	case 'Q':
		p->tos = strtol(sh->arg, &end, 0);
		if (*end)
			return sh_fail(sh, 2, "ping: bad TOS value: %s\n", sh->arg);
		return p->tos >= 0 && p->tos <= 255
			       ? 0
			       : sh_fail(sh, 2,
					 "ping: the decimal value of TOS bits must be in range 0-255: %ld\n",
					 p->tos);
	case 'R':
		p->options_len = OPTION_BYTES;
		memcpy(p->options, (const uint8_t[]){ IPOPT_NOOP, IPOPT_RR, OPTION_BYTES - 1, 4 }, 4);
		return 0;
	case 's':
		return ping_number(sh, 0, INT32_MAX, &p->size);
	case 'S':
		return ping_number(sh, 1, INT32_MAX, &p->sndbuf);
	case 't':
		return ping_number(sh, 0, 255, &p->ttl);
	case 'w':
		bad = ping_number(sh, 0, INT32_MAX, &n);
		p->deadline = bad ? 0 : (uint64_t)n * NSEC_PER_SEC;
		return bad;
	default:
		return ping_words(p, c);
	}
}

/* The IP option of -T, or the source route that several destinations are. */
static void ping_set_options(struct ping *p)
{
	bool only = p->stamps && strcmp(p->stamps, "tsonly") == 0,
	     given = p->stamps && strcmp(p->stamps, "tsprespec") == 0;
	if (p->stamps) {
		uint8_t len = only ? 40 : given ? (uint8_t)(4 + 8 * p->hops) : 36;
		memcpy(p->options,
		       (const uint8_t[]){ IPOPT_TIMESTAMP, len, 5,
					  only	  ? IPOPT_TS_TSONLY
					  : given ? IPOPT_TS_PRESPEC
						  : IPOPT_TS_TSANDADDR },
		       4);
		for (int i = 0; given && i < p->hops; i++)
			memcpy(p->options + 4 + 8 * i, &p->hop[i], 4);
		p->options_len = len;
	} else if (p->hops) { /* by way of the first one to the last */
		memcpy(p->options, (const uint8_t[]){ IPOPT_NOOP, IPOPT_LSRR, (uint8_t)(3 + 4 * p->hops), 4 },
		       4);
		memcpy(p->options + 4, p->hop, 4 * (size_t)p->hops);
		p->options_len = 4 + 4 * (unsigned)p->hops;
	}
}

static int ping_targets(struct ping *p)
{
	struct sh *sh = p->net.sh;
	uint32_t addr;
	if (sh->at >= sh->n)
		return sh_fail(sh, 1, "ping: usage error: Destination address required\n");
	if (sh->n - sh->at > 9)
		return sh_fail(sh, 2, "ping: too long source route\n");
	for (; sh->at < sh->n; sh->at++) {
		p->target = sh->words[sh->at];
		p->numeric |= inet_aton(p->target, (struct in_addr *)&addr) != 0;
		if (p->six)
			return sh_fail(sh, 2, "ping: %s: Address family for hostname not supported\n",
				       p->target);
		if (!sh_resolve(sh, p->target, &p->dst))
			return sh_fail(sh, 2, "ping: %s: Name or service not known\n", p->target);
		if (sh->at < sh->n - 1)
			p->hop[p->hops++] = p->dst;
	}
	ping_set_options(p);
	return 0;
}

static int ping_parse(struct ping *p)
{
	struct sh *sh = p->net.sh;
	for (int c; (c = sh_getopt(sh, "aAbBCdDfF:LnN:OqrRUvVh46c:e:i:I:l:m:M:p:Q:s:S:t:T:w:W:"));) {
		int bad = c == 'V' ? -1 : c == 'h' ? sh_fail(sh, 2, "%s", usage) : ping_option(p, c);
		if (bad < 0)
			sh_say(sh, "ping from iputils 20221126\n"
				   "libcap: yes, IDN: yes, NLS: no, error.h: yes, getrandom(): yes, "
				   "__fpending(): yes\n");
		if (bad)
			return bad;
	}
	for (unsigned i = 0; p->pattern_len && i < MAX_PACKET - ICMP_HEADER; i++)
		p->packet[ICMP_HEADER + i] = p->pattern[i % p->pattern_len];
	if (p->pattern_len && !p->quiet) {
		sh_say(sh, "PATTERN: 0x");
		for (unsigned i = 0; i < p->pattern_len; i++)
			sh_say(sh, "%02x", p->pattern[i]);
		sh_say(sh, "\n");
	}
	if (p->flood)
		p->interval = 0;
	if (p->four && p->six)
		return sh_fail(sh, 2, "ping: only one -4 or -6 option may be specified\n");
	if (p->stamps && p->options_len)
		return sh_fail(sh, 2, "ping: only one of -T or -R may be used\n");
	return ping_targets(p);
}

/* Is the source an address of the device that was asked for? */
static bool source_on_device(const struct ping *p)
{
	const struct net_device *dev = __dev_get_by_name(p->net.sh->host->net, p->device);
	const struct in_ifaddr *ifa = dev->ip_ptr ? dev->ip_ptr->ifa_list : NULL;
	while (ifa && ifa->ifa_local != p->source)
		ifa = ifa->ifa_next;
	return ifa;
}

/* Which of our addresses will be the source; tells too whether there is a way at all. */
static int probe_source(struct ping *p)
{
	struct sh *sh = p->net.sh;
	struct sockaddr_in sin;
	int len = sizeof(sin), fd = net_socket(&p->net, SOCK_DGRAM, 0);
	int err = net_bind_device(&p->net, fd, p->device);
	if (err) {
		net_close(&p->net, fd);
		return sh_fail(sh, 2, "ping: SO_BINDTODEVICE %s: %s\n", p->device, strerrordesc_np(-err));
	}
	if (p->broadcast)
		net_option(&p->net, fd, SOL_SOCKET, SO_BROADCAST, 1);
	err = net_connect(&p->net, fd, p->dst, 1025);
	if (!err && !p->bound && sys_getsockname(sh->program->tsk, fd, (struct sockaddr *)&sin, &len) == 0)
		p->source = sin.sin_addr.s_addr;
	net_close(&p->net, fd);
	if (err == -EACCES)
		return sh_fail(sh, 2,
			       "ping: Do you want to ping broadcast? Then -b. If not, check your local "
			       "firewall rules\n");
	if (err)
		return sh_fail(sh, 2, "ping: connect: %s\n", strerrordesc_np(-err));
	if (p->device && !source_on_device(p))
		seq_printf(&sh->err,
			   "ping: Warning: source address might be selected on device other than: %s\n",
			   p->device);
	if (!p->dst)
		p->dst = p->source;
	return 0;
}

/* The options of the socket that are numbers. */
static int ping_numbers(struct ping *p)
{
	const struct {
		bool set;
		int level, name;
		long value;
		const char *complaint;
	} numbers[] = {
		{ p->broadcast, SOL_SOCKET, SO_BROADCAST, 1, "cannot set broadcasting" },
		{ p->direct, SOL_SOCKET, SO_DONTROUTE, 1, "SO_DONTROUTE" },
		{ p->sndbuf > 0, SOL_SOCKET, SO_SNDBUF, p->sndbuf, "SO_SNDBUF" },
		{ p->mark >= 0, SOL_SOCKET, SO_MARK, p->mark, "failed to set mark" },
		{ p->no_loop, IPPROTO_IP, IP_MULTICAST_LOOP, 0, "cannot disable multicast loopback" },
		{ p->mtu_mode >= 0, IPPROTO_IP, IP_MTU_DISCOVER, p->mtu_mode, "IP_MTU_DISCOVER" },
		{ p->tos > 0, IPPROTO_IP, IP_TOS, p->tos, "error setting QOS sockopts" },
		{ p->ttl >= 0, IPPROTO_IP, IP_MULTICAST_TTL, p->ttl, "cannot set multicast time-to-live" },
		{ p->ttl >= 0, IPPROTO_IP, IP_TTL, p->ttl, "cannot set unicast time-to-live" },
	};
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		int err = numbers[i].set ? net_option(&p->net, p->fd, numbers[i].level, numbers[i].name,
						      (int)numbers[i].value)
					 : 0;
		if (err < 0)
			return sh_fail(p->net.sh, 2, "ping: %s: %s\n", numbers[i].complaint,
				       strerrordesc_np(-err));
	}
	return 0;
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
	net_bind_device(&p->net, p->fd, p->device);
	if (p->bound || p->sticky || p->verbose || p->id >= 0) {
		struct sockaddr_in sin;
		int len = sizeof(sin);
		err = net_bind(&p->net, p->fd, p->bound || p->sticky ? p->source : 0,
			       p->id > 0 ? (unsigned)p->id : 0);
		if (err < 0)
			return sh_fail(sh, 2, "ping: bind: %s\n", strerrordesc_np(-err));
		if (sys_getsockname(sh->program->tsk, p->fd, (struct sockaddr *)&sin, &len) == 0)
			p->id = ntohs(sin.sin_port);
	}
	if (p->verbose) {
		seq_printf(&sh->err,
			   "ping: sock4.fd: %d (socktype: SOCK_DGRAM), sock6.fd: -1 (socktype: 0), "
			   "hints.ai_family: AF_UNSPEC\n\n",
			   p->fd);
		sh_say(sh, "ai->ai_family: AF_INET, ai->ai_canonname: '%s'\n", p->target);
	}
	net_option(&p->net, p->fd, IPPROTO_IP, IP_RECVERR, 1);
	net_option(&p->net, p->fd, IPPROTO_IP, IP_RECVTTL, 1);
	if (p->options_len) {
		net_option(&p->net, p->fd, IPPROTO_IP, IP_RETOPTS, 1);
		if ((err = net_options(&p->net, p->fd, p->options, (int)p->options_len)) < 0)
			return sh_fail(sh, 2, "ping: %s: %s\n",
				       p->stamps ? "can't set timestamp option" : "record route",
				       strerrordesc_np(-err));
	}
	return ping_numbers(p);
}

int sh_ping(struct sh *sh)
{
	struct ping *p = calloc(1, sizeof(*p));
	if (!p)
		return sh_fail(sh, 2, "ping: out of memory\n");
	p->net.sh = sh;
	p->fd = -1;
	p->size = 56;
	p->mtu_mode = p->ttl = p->mark = p->id = -1;
	p->preload = 1;
	p->interval = NSEC_PER_SEC;
	p->linger = LINGER;
	p->min = UINT64_MAX;
	for (long i = 0; i < MAX_PACKET - ICMP_HEADER; i++)
		p->packet[ICMP_HEADER + i] = (uint8_t)i;
	int status = ping_parse(p);
	if (!status)
		status = ping_open(p);
	if (!status) {
		ping_say_heading(p);
		ping_loop(p);
		ping_say_end(p);
		status = !p->received || (p->deadline && p->received < p->count);
	}
	net_close(&p->net, p->fd);
	free(p);
	return status < 0 ? 0 : status;
}
