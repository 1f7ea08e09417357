/*
 * getaddrinfo() without a machine behind it: names are the scenario's hosts and "localhost", services a small
 * table. Order, flags and errors are glibc's; there is no name server, so other names fail for the time
 * being.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "lua/posix.h"
#include "lua/run.h"

/* What there is of each kind of socket: bit 0 TCP, bit 1 UDP. */
static const struct service {
	const char *name;
	uint16_t port;
	uint8_t over;
} services[] = {
	{ "echo", 7, 3 },      { "discard", 9, 3 }, { "daytime", 13, 3 }, { "chargen", 19, 3 },
	{ "ftp-data", 20, 1 }, { "ftp", 21, 1 },    { "ssh", 22, 1 },	  { "telnet", 23, 1 },
	{ "smtp", 25, 1 },     { "time", 37, 3 },   { "domain", 53, 3 },  { "bootps", 67, 2 },
	{ "bootpc", 68, 2 },   { "tftp", 69, 2 },   { "finger", 79, 1 },  { "http", 80, 1 },
	{ "www", 80, 1 },      { "pop3", 110, 1 },  { "sunrpc", 111, 3 }, { "ntp", 123, 2 },
	{ "imap2", 143, 1 },   { "imap", 143, 1 },  { "snmp", 161, 3 },	  { "snmp-trap", 162, 3 },
	{ "bgp", 179, 1 },     { "ldap", 389, 3 },  { "https", 443, 3 },  { "syslog", 514, 2 },
	{ "ldaps", 636, 3 },   { "imaps", 993, 1 }, { "pop3s", 995, 1 },  { "http-alt", 8080, 3 },
};

/* The kinds that a request without hints asks for, in this order. */
static const struct kind {
	int socktype, protocol;
	uint8_t over;
} kinds[] = {
	{ SOCK_STREAM, IPPROTO_TCP, 1 },
	{ SOCK_DGRAM, IPPROTO_UDP, 2 },
	{ SOCK_RAW, 0, 0 },
};
#define NR_KINDS 3

struct request {
	const char *host, *service;
	lua_Integer family, socktype, protocol, flags;
	bool wanted[NR_KINDS];
	uint16_t port[NR_KINDS];
	union posix_address addr[2];
	int nr_addrs;
	bool canon; /* the first result gets the name */
};

static bool number(const char *s, long *v)
{
	char *end;
	*v = strtol(s, &end, 10);
	return end != s && !*end;
}

/* Which kinds are asked for, and their ports; 0 or EAI_*. */
static int pick_kinds(struct request *q)
{
	bool any = false, served = false;
	long port = 0;
	bool numeric = !q->service || !*q->service || number(q->service, &port);
	if (!numeric && (q->flags & AI_NUMERICSERV))
		return EAI_NONAME;
	numeric &= port >= 0; /* else it is looked up as a name */
	for (int i = 0; i < NR_KINDS; i++) {
		const struct kind *k = &kinds[i];
		q->wanted[i] = (!q->socktype || q->socktype == k->socktype) &&
			       (!q->protocol || !k->protocol || q->protocol == k->protocol);
		if (any &&
		    (q->socktype || q->protocol)) /* with a hint, the first that fits is the only one */
			q->wanted[i] = false;
		any |= q->wanted[i];
		q->port[i] = (uint16_t)port;
		for (size_t s = 0; !numeric && s < sizeof(services) / sizeof(services[0]); s++)
			if ((services[s].over & k->over) && strcmp(services[s].name, q->service) == 0) {
				q->port[i] = services[s].port;
				served |= q->wanted[i];
			}
		if (!numeric && !q->port[i])
			q->wanted[i] = false;
	}
	if (!any)
		return q->socktype || q->protocol ? EAI_SOCKTYPE : EAI_SERVICE;
	if (!numeric && !served)
		return EAI_SERVICE;
	/* raw sockets have no services: asked for by name, they are refused */
	if (q->service && *q->service && q->wanted[2] && !q->wanted[0] && !q->wanted[1])
		return EAI_SERVICE;
	return 0;
}

static void add_inet(struct request *q, uint32_t addr)
{
	q->addr[q->nr_addrs++].in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = { addr } };
}

static void add_inet6(struct request *q, const struct in6_addr *addr)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&q->addr[q->nr_addrs++].any;
	*in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_addr = *addr };
}

/* The addresses that the name stands for; 0 or EAI_*. */
static int find_addresses(struct run *run, struct request *q)
{
	struct in_addr in;
	struct in6_addr in6;
	const struct world_host *h;
	bool v4 = q->family != AF_INET6, v6 = q->family != AF_INET, passive = q->flags & AI_PASSIVE;
	q->canon = q->flags & AI_CANONNAME;
	if (!q->host) {
		if (v4)
			add_inet(q, htonl(passive ? INADDR_ANY : INADDR_LOOPBACK));
		if (v6) /* whether or not there is IPv6 */
			add_inet6(q, passive ? &in6addr_any : &in6addr_loopback);
		return 0;
	}
	if (inet_aton(q->host, &in)) {
		if (!v4)
			return EAI_ADDRFAMILY;
		add_inet(q, in.s_addr);
		return 0;
	}
	if (inet_pton(AF_INET6, q->host, &in6) == 1) {
		if (!v6)
			return EAI_ADDRFAMILY;
		add_inet6(q, &in6);
		return 0;
	}
	/* digits and dots are never looked up */
	if ((q->flags & AI_NUMERICHOST) || !q->host[strspn(q->host, "0123456789.")])
		return EAI_NONAME;
	h = world_find_host(&run->world, q->host);
	if (h && v4)
		add_inet(q, h->nics[0].addr);
	else if (strcmp(q->host, "localhost") == 0 && v4)
		add_inet(q, htonl(INADDR_LOOPBACK));
	else if (strcmp(q->host, "localhost") == 0)
		add_inet6(q, &in6addr_loopback);
	else
		return h ? EAI_ADDRFAMILY : EAI_AGAIN;
	return 0;
}

static int resolve(struct run *run, struct request *q)
{
	const lua_Integer known = AI_PASSIVE | AI_CANONNAME | AI_NUMERICHOST | AI_ADDRCONFIG | AI_V4MAPPED |
				  AI_NUMERICSERV | AI_ALL | AI_IDN | AI_CANONIDN;
	if ((q->flags & ~known) || ((q->flags & AI_CANONNAME) && !q->host))
		return EAI_BADFLAGS;
	if (q->family != AF_UNSPEC && q->family != AF_INET && q->family != AF_INET6)
		return EAI_FAMILY;
	int r = pick_kinds(q);
	return r ? r : find_addresses(run, q);
}

static void push_results(lua_State *L, struct request *q)
{
	lua_Integer n = 0;
	lua_newtable(L);
	for (int a = 0; a < q->nr_addrs; a++)
		for (int i = 0; i < NR_KINDS; i++) {
			if (!q->wanted[i])
				continue;
			q->addr[a].in.sin_port = htons(q->port[i]); /* of both families at the same place */
			posix_push_addr(L, &q->addr[a]);
			posix_set_field(L, "socktype", kinds[i].socktype);
			posix_set_field(L, "protocol", kinds[i].protocol ? kinds[i].protocol : q->protocol);
			if (q->canon && n == 0) {
				lua_pushstring(L, q->host);
				lua_setfield(L, -2, "canonname");
			}
			lua_rawseti(L, -2, ++n);
		}
}

static const char *opt_text(lua_State *L, int arg, const char *expected)
{
	if (lua_isnoneornil(L, arg))
		return NULL;
	if (!lua_isstring(L, arg))
		posix_arg_error(L, arg, expected);
	return lua_tostring(L, arg);
}

/* The text of EAI_*; gai_strerror() would follow the locale. */
static const char *eai_text(int err)
{
	switch (err) {
	case EAI_BADFLAGS:
		return "Bad value for ai_flags";
	case EAI_NONAME:
		return "Name or service not known";
	case EAI_AGAIN:
		return "Temporary failure in name resolution";
	case EAI_FAMILY:
		return "ai_family not supported";
	case EAI_SOCKTYPE:
		return "ai_socktype not supported";
	case EAI_SERVICE:
		return "Servname not supported for ai_socktype";
	default:
		return "Address family for hostname not supported";
	}
}

int posix_getaddrinfo(lua_State *L)
{
	static const char *const fields[] = { "family", "socktype", "protocol", "flags", NULL };
	struct request q = { .host = opt_text(L, 1, "string or nil") };
	posix_check_nargs(L, 3);
	if (!q.host && lua_isnoneornil(L, 2))
		posix_arg_error(L, 2, "string or int");
	q.service = opt_text(L, 2, "string, int or nil");
	if (!lua_isnoneornil(L, 3)) {
		if (!lua_istable(L, 3))
			posix_arg_error(L, 3, "table or nil");
		posix_check_fields(L, 3, fields);
		q.family = posix_opt_int_field(L, 3, "family", AF_UNSPEC);
		q.socktype = posix_opt_int_field(L, 3, "socktype", 0);
		q.protocol = posix_opt_int_field(L, 3, "protocol", 0);
		q.flags = posix_opt_int_field(L, 3, "flags", 0);
	}
	int r = resolve(script_of(L)->run, &q);
	if (r == 0) {
		push_results(L, &q);
		return 1;
	}
	lua_pushnil(L);
	lua_pushstring(L, eai_text(r));
	lua_pushinteger(L, r);
	return 3;
}
