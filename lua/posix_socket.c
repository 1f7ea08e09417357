/*
 * posix.sys.socket: luaposix's socket functions on the host's stack, with its tables and returns.
 * Addresses: { family = AF_INET, addr = "10.0.2.15", port = 80 }, { family = AF_PACKET, ifindex = 2 }.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/posix.h"
#include "lua/run.h"
#include "stack/interface/netdevice.h"

#define MAX_BUFFER (16 << 20) /* bytes of one recv() */

/* ---- names, for the constants and for the markers in the trace ---- */

static const struct posix_const types[] = {
	{ "SOCK_STREAM", SOCK_STREAM },
	{ "SOCK_DGRAM", SOCK_DGRAM },
	{ "SOCK_RAW", SOCK_RAW },
	{ NULL, 0 },
};
static const struct posix_const sol_options[] = {
	{ "SO_ACCEPTCONN", SO_ACCEPTCONN },
	{ "SO_BINDTODEVICE", SO_BINDTODEVICE },
	{ "SO_BROADCAST", SO_BROADCAST },
	{ "SO_DEBUG", SO_DEBUG },
	{ "SO_DOMAIN", SO_DOMAIN },
	{ "SO_DONTROUTE", SO_DONTROUTE },
	{ "SO_ERROR", SO_ERROR },
	{ "SO_KEEPALIVE", SO_KEEPALIVE },
	{ "SO_LINGER", SO_LINGER },
	{ "SO_OOBINLINE", SO_OOBINLINE },
	{ "SO_PRIORITY", SO_PRIORITY },
	{ "SO_PROTOCOL", SO_PROTOCOL },
	{ "SO_RCVBUF", SO_RCVBUF },
	{ "SO_RCVLOWAT", SO_RCVLOWAT },
	{ "SO_RCVTIMEO", SO_RCVTIMEO },
	{ "SO_REUSEADDR", SO_REUSEADDR },
	{ "SO_REUSEPORT", SO_REUSEPORT },
	{ "SO_SNDBUF", SO_SNDBUF },
	{ "SO_SNDLOWAT", SO_SNDLOWAT },
	{ "SO_SNDTIMEO", SO_SNDTIMEO },
	{ "SO_TYPE", SO_TYPE },
	{ NULL, 0 },
};
static const struct posix_const tcp_options[] = {
	{ "TCP_NODELAY", TCP_NODELAY },
	{ "TCP_MAXSEG", TCP_MAXSEG },
	{ "TCP_CORK", TCP_CORK },
	{ "TCP_KEEPIDLE", TCP_KEEPIDLE },
	{ "TCP_KEEPINTVL", TCP_KEEPINTVL },
	{ "TCP_KEEPCNT", TCP_KEEPCNT },
	{ "TCP_SYNCNT", TCP_SYNCNT },
	{ "TCP_LINGER2", TCP_LINGER2 },
	{ "TCP_DEFER_ACCEPT", TCP_DEFER_ACCEPT },
	{ "TCP_WINDOW_CLAMP", TCP_WINDOW_CLAMP },
	{ "TCP_QUICKACK", TCP_QUICKACK },
	{ "TCP_USER_TIMEOUT", TCP_USER_TIMEOUT },
	{ NULL, 0 },
};
static const struct posix_const families[] = {
	{ "AF_UNSPEC", AF_UNSPEC },
	{ "AF_INET", AF_INET },
	{ "AF_INET6", AF_INET6 },
	{ "AF_UNIX", AF_UNIX },
	{ "AF_PACKET", AF_PACKET },
	{ "AF_NETLINK", AF_NETLINK },
	{ NULL, 0 },
};
static const struct posix_const constants[] = {
	{ "SOCK_CLOEXEC", SOCK_CLOEXEC },
	{ "SOCK_NONBLOCK", SOCK_NONBLOCK },
	{ "SOL_SOCKET", SOL_SOCKET },
	{ "IPPROTO_IP", IPPROTO_IP },
	{ "IPPROTO_TCP", IPPROTO_TCP },
	{ "IPPROTO_UDP", IPPROTO_UDP },
	{ "IPPROTO_ICMP", IPPROTO_ICMP },
	{ "IPPROTO_RAW", IPPROTO_RAW },
	{ "MSG_OOB", MSG_OOB },
	{ "MSG_PEEK", MSG_PEEK },
	{ "MSG_WAITALL", MSG_WAITALL },
	{ "MSG_DONTWAIT", MSG_DONTWAIT },
	{ "MSG_TRUNC", MSG_TRUNC },
	{ "MSG_NOSIGNAL", MSG_NOSIGNAL },
	{ "MSG_MORE", MSG_MORE },
	{ "SHUT_RD", SHUT_RD },
	{ "SHUT_WR", SHUT_WR },
	{ "SHUT_RDWR", SHUT_RDWR },
	{ "SOMAXCONN", SOMAXCONN },
	{ "INADDR_ANY", INADDR_ANY },
	/* what luaposix lacks but packet and raw sockets need */
	{ "SOL_IP", SOL_IP },
	{ "SOL_RAW", SOL_RAW },
	{ "SOL_PACKET", SOL_PACKET },
	{ "IP_HDRINCL", IP_HDRINCL },
	{ "IP_TTL", IP_TTL },
	{ "IP_TOS", IP_TOS },
	{ "IP_RECVERR", IP_RECVERR },
	{ "IP_MTU_DISCOVER", IP_MTU_DISCOVER },
	{ "IP_ADD_MEMBERSHIP", IP_ADD_MEMBERSHIP },
	{ "IP_DROP_MEMBERSHIP", IP_DROP_MEMBERSHIP },
	{ "IP_ADD_SOURCE_MEMBERSHIP", IP_ADD_SOURCE_MEMBERSHIP },
	{ "IP_DROP_SOURCE_MEMBERSHIP", IP_DROP_SOURCE_MEMBERSHIP },
	{ "IP_BLOCK_SOURCE", IP_BLOCK_SOURCE },
	{ "IP_UNBLOCK_SOURCE", IP_UNBLOCK_SOURCE },
	{ "IP_MULTICAST_IF", IP_MULTICAST_IF },
	{ "IP_MULTICAST_TTL", IP_MULTICAST_TTL },
	{ "IP_MULTICAST_LOOP", IP_MULTICAST_LOOP },
	{ "IP_MULTICAST_ALL", IP_MULTICAST_ALL },
	{ "ICMP_FILTER", 1 },
	{ "PACKET_ADD_MEMBERSHIP", PACKET_ADD_MEMBERSHIP },
	{ "PACKET_DROP_MEMBERSHIP", PACKET_DROP_MEMBERSHIP },
	{ "PACKET_STATISTICS", PACKET_STATISTICS },
	{ "PACKET_MR_PROMISC", PACKET_MR_PROMISC },
	{ "PACKET_MR_ALLMULTI", PACKET_MR_ALLMULTI },
	{ "AI_PASSIVE", 1 },
	{ "AI_NUMERICHOST", 4 },
	{ NULL, 0 },
};

static const char *name_of(const struct posix_const *c, lua_Integer value)
{
	for (; c->name; c++)
		if (c->value == value)
			return c->name;
	return NULL;
}

/* "TCP_NODELAY", or the number as text in `buf`. */
static const char *option_name(int level, int name, char *buf, size_t len)
{
	const char *s = level == SOL_SOCKET    ? name_of(sol_options, name)
			: level == IPPROTO_TCP ? name_of(tcp_options, name)
					       : NULL;
	if (!s)
		snprintf(buf, len, "%d,%d", level, name);
	return s ? s : buf;
}

/* ---- addresses ---- */

/* Room for an address of any family that we have. */
union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_ll ll;
	struct sockaddr_storage any;
};

/* { family = AF_PACKET, ifindex = N }; beyond luaposix: protocol = 0x0800, addr = "six bytes". */
static int get_packet_addr(lua_State *L, int idx, struct sockaddr_ll *ll)
{
	size_t n = 0;
	lua_getfield(L, idx, "ifindex");
	lua_getfield(L, idx, "protocol");
	lua_getfield(L, idx, "addr");
	luaL_argcheck(L, lua_isinteger(L, -3), idx, "field 'ifindex' must be an integer");
	ll->sll_ifindex = (int)lua_tointeger(L, -3);
	ll->sll_protocol = htons((uint16_t)lua_tointeger(L, -2));
	const char *addr = lua_tolstring(L, -1, &n);
	if (addr) {
		luaL_argcheck(L, n <= sizeof(ll->sll_addr), idx, "field 'addr' is too long");
		ll->sll_halen = (unsigned char)n;
		memcpy(ll->sll_addr, addr, n);
	}
	lua_settop(L, idx);
	return sizeof(*ll);
}

static lua_Integer check_field(lua_State *L, int idx, const char *field)
{
	if (lua_getfield(L, idx, field) == LUA_TNIL || !lua_isinteger(L, -1))
		luaL_argerror(L, idx,
			      lua_pushfstring(L, "int expected for field '%s', got %s", field,
					      lua_isnil(L, -1) ? "no value" : luaL_typename(L, -1)));
	lua_Integer v = lua_tointeger(L, -1);
	lua_pop(L, 1);
	return v;
}

/* { family = AF_INET, addr = "10.0.2.2", port = 80 }; false: `addr` is no address. */
static bool get_inet_addr(lua_State *L, int idx, struct sockaddr_in *in)
{
	in->sin_port = htons((uint16_t)check_field(L, idx, "port"));
	if (lua_getfield(L, idx, "addr") != LUA_TSTRING)
		luaL_argerror(L, idx,
			      lua_pushfstring(L, "string expected for field 'addr', got %s",
					      lua_isnil(L, -1) ? "no value" : luaL_typename(L, -1)));
	return inet_pton(AF_INET, lua_tostring(L, -1), &in->sin_addr) == 1;
}

/* Reads the table at `idx`. Its length, or -1 with the error pushed (nil, message, EINVAL). Beyond luaposix:
 * connect() to AF_UNSPEC takes a connection apart, and needs no address for that. */
static int get_addr(lua_State *L, int idx, union address *a)
{
	luaL_checktype(L, idx, LUA_TTABLE);
	memset(a, 0, sizeof(*a));
	lua_Integer family = check_field(L, idx, "family");
	if (family < 0 || !name_of(families, family))
		luaL_argerror(L, idx, lua_pushfstring(L, "unsupported family type %d", (int)family));
	a->sa.sa_family = (sa_family_t)family;
	if (family == AF_PACKET)
		return get_packet_addr(L, idx, &a->ll);
	if (family == AF_UNSPEC && lua_getfield(L, idx, "addr") == LUA_TNIL)
		return sizeof(a->in);
	if ((family == AF_INET || family == AF_UNSPEC) && !get_inet_addr(L, idx, &a->in)) {
		lua_settop(L, idx);
		lua_pushnil(L);
		lua_pushliteral(L, "not a valid IPv4 or IPv6 address argument: Invalid argument");
		lua_pushinteger(L, EINVAL);
		return -1;
	}
	lua_settop(L, idx);
	return sizeof(a->in);
}

static void push_field(lua_State *L, const char *name, lua_Integer value)
{
	lua_pushinteger(L, value);
	lua_setfield(L, -2, name);
}

static void push_addr(lua_State *L, const union address *a)
{
	char text[INET_ADDRSTRLEN];
	lua_createtable(L, 0, 3);
	push_field(L, "family", a->sa.sa_family);
	if (a->sa.sa_family == AF_PACKET) {
		size_t n = a->ll.sll_halen;
		push_field(L, "ifindex", a->ll.sll_ifindex);
		/* beyond luaposix */
		push_field(L, "protocol", ntohs(a->ll.sll_protocol));
		push_field(L, "pkttype", a->ll.sll_pkttype);
		lua_pushlstring(L, (const char *)a->ll.sll_addr,
				n < sizeof(a->ll.sll_addr) ? n : sizeof(a->ll.sll_addr));
		lua_setfield(L, -2, "addr");
		return;
	}
	push_field(L, "port", ntohs(a->in.sin_port));
	inet_ntop(AF_INET, &a->in.sin_addr, text, sizeof(text));
	lua_pushstring(L, text);
	lua_setfield(L, -2, "addr");
}

/* ---- calls ---- */

static int l_socket(lua_State *L)
{
	struct program *p = program_running(L, "socket");
	int domain = (int)luaL_checkinteger(L, 1), type = (int)luaL_checkinteger(L, 2);
	int protocol = (int)luaL_optinteger(L, 3, 0);
	const char *name = name_of(types, type & 0xf);
	posix_begin(p, "socket", "socket(%s%s%s%s)", domain == AF_PACKET ? "AF_PACKET," : "",
		    name ? name : "?", type & SOCK_NONBLOCK ? "|SOCK_NONBLOCK" : "",
		    type & SOCK_CLOEXEC ? "|SOCK_CLOEXEC" : "");
	long r = sys_socket(p->tsk, domain, type, protocol);
	if (!posix_end(p, r))
		return script_leave(L);
	return posix_result(L, NULL, r);
}

static int with_addr(lua_State *L, const char *what,
		     long (*call)(struct task_struct *tsk, int fd, const struct sockaddr *sa, int len))
{
	struct program *p = program_running(L, what);
	int fd = (int)luaL_checkinteger(L, 1);
	union address a;
	int len = get_addr(L, 2, &a);
	if (len < 0)
		return 3;
	posix_begin(p, what, "%s", what);
	long r = call(p->tsk, fd, &a.sa, len);
	if (!posix_end(p, r))
		return script_leave(L);
	return posix_result(L, what, r);
}

static int l_bind(lua_State *L)
{
	return with_addr(L, "bind", sys_bind);
}

static int l_connect(lua_State *L)
{
	return with_addr(L, "connect", sys_connect);
}

static int l_listen(lua_State *L)
{
	struct program *p = program_running(L, "listen");
	int fd = (int)luaL_checkinteger(L, 1), backlog = (int)luaL_checkinteger(L, 2);
	posix_begin(p, "listen", "listen");
	long r = sys_listen(p->tsk, fd, backlog);
	if (!posix_end(p, r))
		return script_leave(L);
	return posix_result(L, "listen", r);
}

static int l_accept(lua_State *L)
{
	struct program *p = program_running(L, "accept");
	int fd = (int)luaL_checkinteger(L, 1);
	union address a = { 0 };
	int len = sizeof(a);
	posix_begin(p, "accept", "accept");
	long r = sys_accept(p->tsk, fd, &a.sa, &len);
	if (!posix_end(p, r))
		return script_leave(L);
	if (r < 0)
		return posix_error(L, "accept", r);
	lua_pushinteger(L, r);
	push_addr(L, &a);
	return 2;
}

/* accept4(fd [, flags]), beyond luaposix: flags of the new descriptor; the peer's address is not asked for.
 */
static int l_accept4(lua_State *L)
{
	struct program *p = program_running(L, "accept4");
	int fd = (int)luaL_checkinteger(L, 1), flags = (int)luaL_optinteger(L, 2, 0);
	posix_begin(p, "accept4", "accept4(%s)", flags & SOCK_NONBLOCK ? "SOCK_NONBLOCK" : "");
	long r = sys_accept4(p->tsk, fd, NULL, NULL, flags);
	if (!posix_end(p, r))
		return script_leave(L);
	return posix_result(L, "accept4", r);
}

static int l_send(lua_State *L)
{
	struct program *p = program_running(L, "send");
	int fd = (int)luaL_checkinteger(L, 1);
	size_t n;
	const char *data = luaL_checklstring(L, 2, &n);
	unsigned flags = (unsigned)luaL_optinteger(L, 3, 0);
	posix_begin(p, "send", "send(%zu)", n);
	long r = sys_send(p->tsk, fd, data, n, flags);
	if (!posix_end(p, r))
		return script_leave(L);
	return posix_result(L, "send", r);
}

static int l_sendto(lua_State *L)
{
	struct program *p = program_running(L, "sendto");
	int fd = (int)luaL_checkinteger(L, 1);
	size_t n;
	const char *data = luaL_checklstring(L, 2, &n);
	union address a;
	int len = get_addr(L, 3, &a);
	if (len < 0)
		return 3;
	posix_begin(p, "sendto", "sendto(%zu)", n);
	long r = sys_sendto(p->tsk, fd, data, n, 0, &a.sa, len);
	if (!posix_end(p, r))
		return script_leave(L);
	return posix_result(L, "sendto", r);
}

static size_t check_count(lua_State *L, int idx)
{
	lua_Integer n = luaL_checkinteger(L, idx);
	luaL_argcheck(L, n >= 0 && n <= MAX_BUFFER, idx, "count out of range");
	return (size_t)n;
}

static int receive(lua_State *L, bool from)
{
	const char *what = from ? "recvfrom" : "recv";
	struct program *p = program_running(L, what);
	int fd = (int)luaL_checkinteger(L, 1);
	size_t n = check_count(L, 2);
	unsigned flags = (unsigned)luaL_optinteger(L, 3, 0);
	union address a = { 0 };
	int len = sizeof(a);
	luaL_Buffer b;
	char *to = luaL_buffinitsize(L, &b, n ? n : 1);
	if (flags & MSG_TRUNC) /* counts bytes and copies none: what is returned must not be old memory */
		memset(to, 0, n);
	posix_begin(p, what, from ? "recvfrom" : "recv(%zu)", n);
	long r = from ? sys_recvfrom(p->tsk, fd, to, n, flags, &a.sa, &len)
		      : sys_recv(p->tsk, fd, to, n, flags);
	if (!posix_end(p, r))
		return script_leave(L);
	if (r < 0)
		return posix_error(L, NULL, r);
	luaL_pushresultsize(&b, (size_t)r < n ? (size_t)r : n); /* MSG_TRUNC returns the real length */
	if (!from)
		return 1;
	if (len == 0) /* a stream has no address per message */
		return 1;
	push_addr(L, &a);
	return 2;
}

static int l_recv(lua_State *L)
{
	return receive(L, false);
}

static int l_recvfrom(lua_State *L)
{
	return receive(L, true);
}

static int l_shutdown(lua_State *L)
{
	struct program *p = program_running(L, "shutdown");
	int fd = (int)luaL_checkinteger(L, 1), how = (int)luaL_checkinteger(L, 2);
	posix_begin(p, "shutdown", "shutdown");
	long r = sys_shutdown(p->tsk, fd, how);
	if (!posix_end(p, r))
		return script_leave(L);
	return posix_result(L, "shutdown", r);
}

static struct in_addr check_in_addr(lua_State *L, int idx, const char *missing)
{
	struct in_addr a;
	const char *text = missing ? luaL_optstring(L, idx, missing) : luaL_checkstring(L, idx);
	luaL_argcheck(L, inet_pton(AF_INET, text, &a) == 1, idx, "not an IPv4 address");
	return a;
}

/* Beyond luaposix: setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, group [, own address]) and its like, with a
 * source behind the group; IP_MULTICAST_IF takes an own address. The option's length, 0: it is none of these.
 */
static int get_mcast_option(lua_State *L, int name, struct ip_mreq_source *m)
{
	switch (name) {
	case IP_MULTICAST_IF:
		m->imr_multiaddr = check_in_addr(L, 4, NULL); /* as a struct in_addr */
		return sizeof(struct in_addr);
	case IP_ADD_MEMBERSHIP:
	case IP_DROP_MEMBERSHIP:
		m->imr_multiaddr = check_in_addr(L, 4, NULL);
		m->imr_interface = check_in_addr(L, 5, "0.0.0.0");
		return sizeof(struct ip_mreq);
	case IP_ADD_SOURCE_MEMBERSHIP:
	case IP_DROP_SOURCE_MEMBERSHIP:
	case IP_BLOCK_SOURCE:
	case IP_UNBLOCK_SOURCE:
		m->imr_multiaddr = check_in_addr(L, 4, NULL);
		m->imr_sourceaddr = check_in_addr(L, 5, NULL);
		m->imr_interface = check_in_addr(L, 6, "0.0.0.0");
		return sizeof(*m);
	default:
		return 0;
	}
}

static int l_setsockopt(lua_State *L)
{
	struct program *p = program_running(L, "setsockopt");
	int fd = (int)luaL_checkinteger(L, 1), level = (int)luaL_checkinteger(L, 2);
	int name = (int)luaL_checkinteger(L, 3);
	union {
		int i;
		struct linger linger;
		struct timeval tv;
		char dev[16];
		struct packet_mreq mreq;
		struct ip_mreq_source mcast;
	} v;
	int len = sizeof(int);
	char buf[32];
	memset(&v, 0, sizeof(v));
	if (level == SOL_PACKET && (name == PACKET_ADD_MEMBERSHIP || name == PACKET_DROP_MEMBERSHIP)) {
		v.mreq.mr_ifindex = (int)luaL_checkinteger(L, 4);
		v.mreq.mr_type = (unsigned short)luaL_checkinteger(L, 5);
		len = sizeof(v.mreq);
	} else if (level == SOL_SOCKET && name == SO_LINGER) {
		v.linger.l_onoff = (int)luaL_checkinteger(L, 4);
		v.linger.l_linger = (int)luaL_checkinteger(L, 5);
		len = sizeof(v.linger);
	} else if (level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO)) {
		v.tv.tv_sec = luaL_checkinteger(L, 4);
		v.tv.tv_usec = luaL_checkinteger(L, 5);
		len = sizeof(v.tv);
	} else if (level == SOL_SOCKET && name == SO_BINDTODEVICE) {
		snprintf(v.dev, sizeof(v.dev), "%s", luaL_checkstring(L, 4));
		len = (int)strlen(v.dev) + 1;
	} else if (level == SOL_IP && (len = get_mcast_option(L, name, &v.mcast)) != 0) {
		/* taken from the arguments */
	} else {
		v.i = (int)luaL_checkinteger(L, 4);
		len = sizeof(v.i);
	}
	posix_begin(p, "setsockopt", "setsockopt(%s)", option_name(level, name, buf, sizeof(buf)));
	long r = sys_setsockopt(p->tsk, fd, level, name, &v, len);
	if (!posix_end(p, r))
		return script_leave(L);
	return posix_result(L, "setsockopt", r);
}

static void push_pair(lua_State *L, const char *a, lua_Integer va, const char *b, lua_Integer vb)
{
	lua_createtable(L, 0, 2);
	lua_pushinteger(L, va);
	lua_setfield(L, -2, a);
	lua_pushinteger(L, vb);
	lua_setfield(L, -2, b);
}

/* An integer; SO_LINGER and the time-outs are tables, as in luaposix. */
static int l_getsockopt(lua_State *L)
{
	struct program *p = program_running(L, "getsockopt");
	int fd = (int)luaL_checkinteger(L, 1), level = (int)luaL_checkinteger(L, 2);
	int name = (int)luaL_checkinteger(L, 3);
	union {
		int i;
		struct linger linger;
		struct timeval tv;
		char dev[64];
	} v;
	int len = sizeof(int);
	char buf[32];
	bool linger = level == SOL_SOCKET && name == SO_LINGER;
	bool time = level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO);
	bool text = level == SOL_SOCKET && name == SO_BINDTODEVICE;
	memset(&v, 0, sizeof(v));
	len = linger ? sizeof(v.linger) : time ? sizeof(v.tv) : text ? sizeof(v.dev) : sizeof(v.i);
	posix_begin(p, "getsockopt", "getsockopt(%s)", option_name(level, name, buf, sizeof(buf)));
	long r = sys_getsockopt(p->tsk, fd, level, name, &v, &len);
	if (!posix_end(p, r))
		return script_leave(L);
	if (r < 0)
		return posix_error(L, "getsockopt", r);
	if (linger) {
		push_pair(L, "l_onoff", v.linger.l_onoff, "l_linger", v.linger.l_linger);
		return 1;
	}
	if (time) {
		push_pair(L, "tv_sec", v.tv.tv_sec, "tv_usec", v.tv.tv_usec);
		return 1;
	}
	if (text)
		lua_pushlstring(L, v.dev, strnlen(v.dev, sizeof(v.dev)));
	else
		lua_pushinteger(L, v.i);
	return 1;
}

static int name_call(lua_State *L, const char *what,
		     long (*call)(struct task_struct *tsk, int fd, struct sockaddr *sa, int *len))
{
	struct program *p = program_running(L, what);
	int fd = (int)luaL_checkinteger(L, 1);
	union address a = { 0 };
	int len = sizeof(a);
	posix_begin(p, what, "%s", what);
	long r = call(p->tsk, fd, &a.sa, &len);
	if (!posix_end(p, r))
		return script_leave(L);
	if (r < 0)
		return posix_error(L, what, r);
	push_addr(L, &a);
	return 1;
}

static int l_getsockname(lua_State *L)
{
	return name_call(L, "getsockname", sys_getsockname);
}

static int l_getpeername(lua_State *L)
{
	return name_call(L, "getpeername", sys_getpeername);
}

static int l_if_nametoindex(lua_State *L)
{
	struct program *p = program_running(L, "if_nametoindex");
	const struct net_device *dev = __dev_get_by_name(p->tsk->host->net, luaL_checkstring(L, 1));
	return posix_result(L, "if_nametoindex", dev ? dev->ifindex : -ENODEV);
}

/* Names are the scenario's hosts, or dotted addresses. */
static int l_getaddrinfo(lua_State *L)
{
	const char *host = luaL_optstring(L, 1, NULL);
	const char *service = lua_isnoneornil(L, 2) ? "0" : luaL_tolstring(L, 2, NULL);
	union address a = { .in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(service)) } };
	lua_Integer type = 0, protocol = 0, flags = 0;
	if (lua_istable(L, 3)) {
		lua_getfield(L, 3, "socktype");
		type = lua_tointeger(L, -1);
		lua_getfield(L, 3, "protocol");
		protocol = lua_tointeger(L, -1);
		lua_getfield(L, 3, "flags");
		flags = lua_tointeger(L, -1);
	}
	const struct world_host *h = host ? world_find_host(&script_of(L)->run->world, host) : NULL;
	if (h)
		a.in.sin_addr.s_addr = h->nics[0].addr;
	else if (!host)
		a.in.sin_addr.s_addr = htonl(flags & 1 ? INADDR_ANY : INADDR_LOOPBACK);
	else if (inet_pton(AF_INET, host, &a.in.sin_addr) != 1) {
		lua_pushnil(L);
		lua_pushliteral(L, "Name or service not known");
		lua_pushinteger(L, -2); /* EAI_NONAME */
		return 3;
	}
	lua_createtable(L, 1, 0);
	push_addr(L, &a);
	lua_pushinteger(L, type ? type : SOCK_STREAM);
	lua_setfield(L, -2, "socktype");
	lua_pushinteger(L, protocol ? protocol : type == SOCK_DGRAM ? IPPROTO_UDP : IPPROTO_TCP);
	lua_setfield(L, -2, "protocol");
	lua_rawseti(L, -2, 1);
	return 1;
}

static const luaL_Reg functions[] = {
	{ "accept", l_accept },
	{ "accept4", l_accept4 },
	{ "bind", l_bind },
	{ "connect", l_connect },
	{ "getaddrinfo", l_getaddrinfo },
	{ "getpeername", l_getpeername },
	{ "getsockname", l_getsockname },
	{ "getsockopt", l_getsockopt },
	{ "if_nametoindex", l_if_nametoindex },
	{ "listen", l_listen },
	{ "recv", l_recv },
	{ "recvfrom", l_recvfrom },
	{ "send", l_send },
	{ "sendto", l_sendto },
	{ "setsockopt", l_setsockopt },
	{ "shutdown", l_shutdown },
	{ "socket", l_socket },
	{ NULL, NULL },
};

int open_posix_socket(lua_State *L)
{
	luaL_newlib(L, functions);
	posix_set_constants(L, families);
	posix_set_constants(L, types);
	posix_set_constants(L, sol_options);
	posix_set_constants(L, tcp_options);
	posix_set_constants(L, constants);
	return 1;
}
