/*
 * setsockopt() and getsockopt() of posix.sys.socket: luaposix's tables for linger and times, integers; beyond
 * it memberships by address, and the bytes of any option as a string.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#include "lua/posix.h"
#include "lua/tcp_fields.h"

#define TCP_CA_NAME_SIZE 16

static const struct posix_const sol_options[] = {
	{ "SO_ACCEPTCONN", SO_ACCEPTCONN },
	{ "SO_BINDTODEVICE", SO_BINDTODEVICE },
	{ "SO_BROADCAST", SO_BROADCAST },
	{ "SO_BUSY_POLL", SO_BUSY_POLL },
	{ "SO_COOKIE", SO_COOKIE },
	{ "SO_DEBUG", SO_DEBUG },
	{ "SO_DOMAIN", SO_DOMAIN },
	{ "SO_DONTROUTE", SO_DONTROUTE },
	{ "SO_ERROR", SO_ERROR },
	{ "SO_INCOMING_CPU", SO_INCOMING_CPU },
	{ "SO_KEEPALIVE", SO_KEEPALIVE },
	{ "SO_LINGER", SO_LINGER },
	{ "SO_MARK", SO_MARK },
	{ "SO_MAX_PACING_RATE", SO_MAX_PACING_RATE },
	{ "SO_MEMINFO", SO_MEMINFO },
	{ "SO_NO_CHECK", SO_NO_CHECK },
	{ "SO_OOBINLINE", SO_OOBINLINE },
	{ "SO_PEEK_OFF", SO_PEEK_OFF },
	{ "SO_PEERNAME", SO_PEERNAME },
	{ "SO_PRIORITY", SO_PRIORITY },
	{ "SO_PROTOCOL", SO_PROTOCOL },
	{ "SO_RCVBUF", SO_RCVBUF },
	{ "SO_RCVBUFFORCE", SO_RCVBUFFORCE },
	{ "SO_RCVLOWAT", SO_RCVLOWAT },
	{ "SO_RCVTIMEO", SO_RCVTIMEO },
	{ "SO_REUSEADDR", SO_REUSEADDR },
	{ "SO_REUSEPORT", SO_REUSEPORT },
	{ "SO_RXQ_OVFL", SO_RXQ_OVFL },
	{ "SO_SNDBUF", SO_SNDBUF },
	{ "SO_SNDBUFFORCE", SO_SNDBUFFORCE },
	{ "SO_SNDLOWAT", SO_SNDLOWAT },
	{ "SO_SNDTIMEO", SO_SNDTIMEO },
	{ "SO_TIMESTAMP", SO_TIMESTAMP },
	{ "SO_TIMESTAMPING", SO_TIMESTAMPING },
	{ "SO_TIMESTAMPNS", SO_TIMESTAMPNS },
	{ "SO_TYPE", SO_TYPE },
	{ "SO_ZEROCOPY", SO_ZEROCOPY },
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
	{ "TCP_INFO", TCP_INFO },
	{ "TCP_CONGESTION", TCP_CONGESTION },
	{ "TCP_MD5SIG", TCP_MD5SIG },
	{ "TCP_THIN_LINEAR_TIMEOUTS", TCP_THIN_LINEAR_TIMEOUTS },
	{ "TCP_THIN_DUPACK", TCP_THIN_DUPACK },
	{ "TCP_REPAIR", TCP_REPAIR },
	{ "TCP_FASTOPEN", TCP_FASTOPEN },
	{ "TCP_TIMESTAMP", TCP_TIMESTAMP },
	{ "TCP_NOTSENT_LOWAT", TCP_NOTSENT_LOWAT },
	{ "TCP_CC_INFO", TCP_CC_INFO },
	{ "TCP_SAVE_SYN", TCP_SAVE_SYN },
	{ "TCP_SAVED_SYN", TCP_SAVED_SYN },
	{ "TCP_FASTOPEN_CONNECT", TCP_FASTOPEN_CONNECT },
	{ "TCP_ULP", TCP_ULP },
	{ "TCP_FASTOPEN_KEY", TCP_FASTOPEN_KEY },
	{ "TCP_FASTOPEN_NO_COOKIE", TCP_FASTOPEN_NO_COOKIE },
	{ "TCP_INQ", TCP_INQ },
	{ "TCP_CM_INQ", TCP_CM_INQ },
	{ NULL, 0 },
};
/* What luaposix lacks but packet and raw sockets need. */
static const struct posix_const more_options[] = {
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
	{ NULL, 0 },
};

void posix_set_option_constants(lua_State *L)
{
	posix_set_constants(L, sol_options);
	posix_set_constants(L, tcp_options);
	posix_set_constants(L, more_options);
}

/* "TCP_NODELAY", or the number as text in `buf`. */
static const char *option_name(int level, int name, char *buf, size_t len)
{
	const char *s = level == SOL_SOCKET    ? posix_const_name(sol_options, name)
			: level == IPPROTO_TCP ? posix_const_name(tcp_options, name)
					       : NULL;
	if (!s)
		snprintf(buf, len, "%d,%d", level, name);
	return s ? s : buf;
}

/* ---- setting ---- */

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

union option_value {
	int i;
	struct linger linger;
	struct timeval tv;
	char dev[IFNAMSIZ];
	struct packet_mreq mreq;
	struct ip_mreq_source mcast;
	char bytes[256];
	_Alignas(8) char info[TCP_FIELDS_SIZE];
};

/* Reads the value of an option from the fourth argument on; its length. `*value` points at it. */
static int get_option(lua_State *L, int level, int name, union option_value *v, const void **value)
{
	bool sol = level == SOL_SOCKET;
	int len;
	memset(v, 0, sizeof(*v));
	*value = v;
	if (level == SOL_IP && lua_type(L, 4) == LUA_TSTRING &&
	    (len = get_mcast_option(L, name, &v->mcast)) != 0)
		return len;
	if (lua_type(L, 4) == LUA_TSTRING) { /* a structure, or a text: the bytes as they are */
		size_t n;
		*value = lua_tolstring(L, 4, &n);
		posix_check_nargs(L, 4);
		return (int)n;
	}
	if (level == SOL_PACKET && (name == PACKET_ADD_MEMBERSHIP || name == PACKET_DROP_MEMBERSHIP)) {
		v->mreq.mr_ifindex = (int)posix_check_int(L, 4);
		v->mreq.mr_type = (unsigned short)posix_check_int(L, 5);
		return sizeof(v->mreq);
	}
	if (sol && name == SO_LINGER) {
		posix_check_nargs(L, 5);
		v->linger.l_onoff = (int)posix_check_int(L, 4);
		v->linger.l_linger = (int)posix_check_int(L, 5);
		return sizeof(v->linger);
	}
	if (sol && (name == SO_RCVTIMEO || name == SO_SNDTIMEO)) {
		posix_check_nargs(L, 5);
		v->tv.tv_sec = posix_check_int(L, 4);
		v->tv.tv_usec = posix_check_int(L, 5);
		return sizeof(v->tv);
	}
	if (sol && name == SO_BINDTODEVICE)
		luaL_checktype(L, 4, LUA_TSTRING);
	if (sol || level == IPPROTO_TCP)
		posix_check_nargs(L, 4);
	v->i = (int)posix_check_int(L, 4);
	return sizeof(v->i);
}

int posix_setsockopt(lua_State *L)
{
	struct program *p = program_running(L, "setsockopt");
	int fd = (int)posix_check_int(L, 1), level = (int)posix_check_int(L, 2);
	int name = (int)posix_check_int(L, 3);
	union option_value v;
	char buf[32];
	const void *value;
	int len = get_option(L, level, name, &v, &value);
	posix_begin(p, "setsockopt", "setsockopt(%s)", option_name(level, name, buf, sizeof(buf)));
	long r = sys_setsockopt(p->tsk, fd, level, name, value, len);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	return posix_result(L, "setsockopt", r);
}

/* ---- getting ---- */

/* What the option is made of, in C; 0: an int. */
static int value_size(int level, int name)
{
	const union option_value *v = NULL;
	if (level == IPPROTO_TCP)
		return name == TCP_INFO ? TCP_FIELDS_SIZE : name == TCP_CONGESTION ? TCP_CA_NAME_SIZE : 0;
	if (level != SOL_SOCKET)
		return 0;
	return name == SO_LINGER			    ? (int)sizeof(v->linger)
	       : name == SO_RCVTIMEO || name == SO_SNDTIMEO ? (int)sizeof(v->tv)
	       : name == SO_BINDTODEVICE		    ? (int)sizeof(v->dev)
							    : 0;
}

static int push_option(lua_State *L, int level, int name, const union option_value *v, int len)
{
	if (!value_size(level, name)) {
		lua_pushinteger(L, v->i);
	} else if (level == IPPROTO_TCP && name == TCP_INFO) {
		lua_newtable(L);
		tcp_fields(L, v->info, posix_set_field);
	} else if (level == IPPROTO_TCP) {
		lua_pushstring(L, v->bytes); /* ends with a 0 */
	} else if (name == SO_BINDTODEVICE) {
		lua_pushlstring(L, v->dev, (size_t)len);
	} else if (name == SO_LINGER) {
		return posix_push_pair(L, "PosixLinger", "l_onoff", v->linger.l_onoff, "l_linger",
				       v->linger.l_linger);
	} else {
		return posix_push_pair(L, "PosixTimeval", "tv_sec", v->tv.tv_sec, "tv_usec", v->tv.tv_usec);
	}
	return 1;
}

/*
 * An integer; SO_LINGER and the time-outs are tables, as in luaposix. Beyond it: TCP_INFO is a table, too,
 * and TCP_CONGESTION text; with a number of bytes as fourth argument the value comes as that many bytes at
 * most.
 */
int posix_getsockopt(lua_State *L)
{
	struct program *p = program_running(L, "getsockopt");
	int fd = (int)posix_check_int(L, 1), level = (int)posix_check_int(L, 2);
	int name = (int)posix_check_int(L, 3), max = (int)posix_opt_int(L, 4, 0);
	bool raw = !lua_isnoneornil(L, 4);
	union option_value v;
	char buf[32];
	posix_check_nargs(L, 4);
	luaL_argcheck(L, max <= (int)sizeof(v), 4, "no option is as long");
	memset(&v, 0, sizeof(v));
	int size = value_size(level, name), len = raw ? max : size ? size : (int)sizeof(v.i);
	posix_begin(p, "getsockopt", "getsockopt(%s)", option_name(level, name, buf, sizeof(buf)));
	long r = sys_getsockopt(p->tsk, fd, level, name, &v, &len);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	if (r < 0)
		return posix_error(L, "getsockopt", r);
	if (!raw)
		return push_option(L, level, name, &v, len);
	lua_pushlstring(L, (const char *)&v, (size_t)len);
	return 1;
}
