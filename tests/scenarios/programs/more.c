/*
 * What these programs use and Debian's lua-posix 33.4 lacks, for recording on a real kernel (test_linux.py
 * --record). getsockopt, getpeername and if_nametoindex are as in luaposix 36; the rest is what wirepath has
 * beyond luaposix: flags for recv, recvfrom and send, addresses of AF_PACKET and AF_UNSPEC, memberships of
 * packet sockets, select, bytes of options, control messages, several buffers, requests of sockets.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <lua.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <netpacket/packet.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#define INT(n) ((int)luaL_checkinteger(L, n))

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_ll ll;
};

static int result(lua_State *L, const char *what, long r)
{
	int e = errno;
	if (r >= 0) {
		lua_pushinteger(L, r);
		return 1;
	}
	lua_pushnil(L);
	if (what)
		lua_pushfstring(L, "%s: %s", what, strerror(e));
	else
		lua_pushstring(L, strerror(e));
	lua_pushinteger(L, e);
	return 3;
}

static lua_Integer field(lua_State *L, int idx, const char *name)
{
	lua_getfield(L, idx, name);
	lua_Integer v = lua_tointeger(L, -1);
	lua_pop(L, 1);
	return v;
}

static socklen_t get_addr(lua_State *L, int idx, union address *a)
{
	memset(a, 0, sizeof(*a));
	a->sa.sa_family = (sa_family_t)field(L, idx, "family");
	lua_getfield(L, idx, "addr");
	size_t n = 0;
	const char *text = lua_tolstring(L, -1, &n);
	if (a->sa.sa_family == AF_PACKET) {
		a->ll.sll_ifindex = (int)field(L, idx, "ifindex");
		a->ll.sll_protocol = htons((uint16_t)field(L, idx, "protocol"));
		if (text)
			memcpy(a->ll.sll_addr, text, a->ll.sll_halen = (unsigned char)(n < 8 ? n : 8));
		return sizeof(a->ll);
	}
	a->in.sin_port = htons((uint16_t)field(L, idx, "port"));
	if (text)
		inet_pton(AF_INET, text, &a->in.sin_addr);
	return sizeof(a->in);
}

static void set(lua_State *L, const char *name, lua_Integer v)
{
	lua_pushinteger(L, v);
	lua_setfield(L, -2, name);
}

static int push_addr(lua_State *L, const union address *a)
{
	char text[INET_ADDRSTRLEN];
	lua_newtable(L);
	set(L, "family", a->sa.sa_family);
	if (a->sa.sa_family == AF_PACKET) {
		set(L, "ifindex", a->ll.sll_ifindex);
		set(L, "protocol", ntohs(a->ll.sll_protocol));
		set(L, "pkttype", a->ll.sll_pkttype);
		lua_pushlstring(L, (const char *)a->ll.sll_addr, a->ll.sll_halen);
	} else {
		set(L, "port", ntohs(a->in.sin_port));
		lua_pushstring(L, inet_ntop(AF_INET, &a->in.sin_addr, text, sizeof(text)));
	}
	lua_setfield(L, -2, "addr");
	return 1;
}

static int l_bind(lua_State *L)
{
	union address a;
	socklen_t len = get_addr(L, 2, &a);
	return result(L, "bind", bind(INT(1), &a.sa, len));
}

static int l_connect(lua_State *L)
{
	union address a;
	socklen_t len = get_addr(L, 2, &a);
	return result(L, "connect", connect(INT(1), &a.sa, len));
}

static int l_send(lua_State *L)
{
	size_t n;
	const char *data = luaL_checklstring(L, 2, &n);
	return result(L, "send", send(INT(1), data, n, (int)luaL_optinteger(L, 3, 0)));
}

static int l_sendto(lua_State *L)
{
	size_t n;
	const char *data = luaL_checklstring(L, 2, &n);
	union address a;
	socklen_t len = get_addr(L, 3, &a);
	return result(L, "sendto", sendto(INT(1), data, n, 0, &a.sa, len));
}

static int receive(lua_State *L, bool from)
{
	static char buf[1 << 20];
	union address a = { 0 };
	socklen_t len = sizeof(a);
	long n = luaL_checkinteger(L, 2);
	memset(buf, 0, (size_t)n);
	long r = recvfrom(INT(1), buf, (size_t)n, (int)luaL_optinteger(L, 3, 0), &a.sa, &len);
	if (r < 0)
		return result(L, NULL, r);
	lua_pushlstring(L, buf, (size_t)(r < n ? r : n));
	return from && len ? 1 + push_addr(L, &a) : 1;
}

static int l_recv(lua_State *L)
{
	return receive(L, false);
}

static int l_recvfrom(lua_State *L)
{
	return receive(L, true);
}

/* Memberships by addresses in text, as in wirepath: group [, own address], or group, source [, own address].
 */
static int multicast(lua_State *L, int name)
{
	in_addr_t a[3] = { 0 };
	bool source = name != IP_MULTICAST_IF && name != IP_ADD_MEMBERSHIP && name != IP_DROP_MEMBERSHIP;
	inet_pton(AF_INET, luaL_checkstring(L, 4), &a[0]);
	inet_pton(AF_INET, luaL_optstring(L, source ? 6 : 5, "0.0.0.0"), &a[1]);
	inet_pton(AF_INET, source ? luaL_checkstring(L, 5) : "0.0.0.0", &a[2]);
	socklen_t n = name == IP_MULTICAST_IF ? 4 : source ? 12 : 8;
	return result(L, "setsockopt", setsockopt(INT(1), IPPROTO_IP, name, a, n));
}

static int l_setsockopt(lua_State *L)
{
	size_t n;
	int name = INT(3);
	bool member =
		name == IP_MULTICAST_IF || (name >= IP_ADD_MEMBERSHIP && name <= IP_DROP_SOURCE_MEMBERSHIP);
	if (INT(2) == IPPROTO_IP && member && lua_type(L, 4) == LUA_TSTRING)
		return multicast(L, name);
	if (lua_type(L, 4) == LUA_TSTRING) {
		const char *v = lua_tolstring(L, 4, &n);
		return result(L, "setsockopt", setsockopt(INT(1), INT(2), INT(3), v, (socklen_t)n));
	}
	struct packet_mreq m = { .mr_ifindex = INT(4), .mr_type = (unsigned short)INT(5) };
	return result(L, "setsockopt", setsockopt(INT(1), INT(2), INT(3), &m, sizeof(m)));
}

static int l_getsockopt(lua_State *L)
{
	union {
		int i;
		struct linger l;
		struct timeval tv;
		char bytes[256];
	} v = { 0 };
	int level = INT(2), name = INT(3), raw = (int)luaL_optinteger(L, 4, 0);
	bool sol = level == SOL_SOCKET, time = sol && (name == SO_RCVTIMEO || name == SO_SNDTIMEO);
	bool linger = sol && name == SO_LINGER, dev = sol && name == SO_BINDTODEVICE;
	bool cc = level == SOL_TCP && name == TCP_CONGESTION;
	socklen_t len = !lua_isnoneornil(L, 4) ? (socklen_t)raw
			: linger	       ? sizeof(v.l)
			: time		       ? sizeof(v.tv)
			: dev || cc	       ? IFNAMSIZ
					       : sizeof(v.i);
	if (getsockopt(INT(1), level, name, &v, &len) < 0)
		return result(L, "getsockopt", -1);
	if (!lua_isnoneornil(L, 4) || dev) {
		lua_pushlstring(L, v.bytes, len);
	} else if (linger || time) {
		lua_newtable(L);
		set(L, linger ? "l_onoff" : "tv_sec", linger ? v.l.l_onoff : v.tv.tv_sec);
		set(L, linger ? "l_linger" : "tv_usec", linger ? v.l.l_linger : v.tv.tv_usec);
	} else if (cc) {
		lua_pushstring(L, v.bytes);
	} else {
		lua_pushinteger(L, v.i);
	}
	return 1;
}

/* ---- several buffers, control messages ---- */

static size_t strings(lua_State *L, int idx, struct iovec *iov)
{
	size_t n = 0;
	if (lua_isstring(L, idx)) {
		iov[0].iov_base = (void *)lua_tolstring(L, idx, &iov[0].iov_len);
		return 1;
	}
	for (; lua_rawgeti(L, idx, (lua_Integer)n + 1) != LUA_TNIL; n++, lua_pop(L, 1))
		iov[n].iov_base = (void *)lua_tolstring(L, -1, &iov[n].iov_len);
	lua_pop(L, 1);
	return n;
}

static int l_sendmsg(lua_State *L)
{
	struct iovec iov[64];
	union address a;
	_Alignas(8) char control[4096] = { 0 };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = strings(L, 2, iov), .msg_control = control };
	for (int i = 1; lua_istable(L, 3) && lua_rawgeti(L, 3, i) != LUA_TNIL; i++) {
		struct cmsghdr *c = (struct cmsghdr *)(control + m.msg_controllen);
		size_t n;
		c->cmsg_level = (int)field(L, -1, "level");
		c->cmsg_type = (int)field(L, -1, "type");
		lua_getfield(L, -1, "data");
		const char *data = lua_tolstring(L, -1, &n);
		memcpy(CMSG_DATA(c), data, n);
		c->cmsg_len = CMSG_LEN(n);
		m.msg_controllen += CMSG_SPACE(n);
		lua_pop(L, 2);
	}
	if (lua_istable(L, 5)) {
		m.msg_namelen = get_addr(L, 5, &a);
		m.msg_name = &a;
	}
	return result(L, "sendmsg", sendmsg(INT(1), &m, (int)luaL_optinteger(L, 4, 0)));
}

static int l_recvmsg(lua_State *L)
{
	static char buf[1 << 20];
	_Alignas(8) char control[4096] = { 0 };
	union address a = { 0 };
	long n = luaL_checkinteger(L, 2);
	struct iovec iov = { buf, (size_t)n };
	struct msghdr m = { &a, sizeof(a), &iov, 1, control, (size_t)luaL_optinteger(L, 3, 0), 0 };
	memset(buf, 0, (size_t)n);
	long r = recvmsg(INT(1), &m, (int)luaL_optinteger(L, 4, 0));
	if (r < 0)
		return result(L, "recvmsg", r);
	lua_pushlstring(L, buf, (size_t)(r < n ? r : n));
	lua_newtable(L);
	int nr = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		lua_newtable(L);
		set(L, "level", c->cmsg_level);
		set(L, "type", c->cmsg_type);
		lua_pushlstring(L, (char *)CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
		lua_setfield(L, -2, "data");
		lua_rawseti(L, -2, ++nr);
	}
	lua_pushinteger(L, m.msg_flags);
	return m.msg_namelen ? 3 + push_addr(L, &a) : 3;
}

static int l_writev(lua_State *L)
{
	struct iovec iov[64];
	int n = (int)strings(L, 2, iov);
	return result(L, "writev", writev(INT(1), iov, n));
}

static int l_readv(lua_State *L)
{
	static char buf[64][65536];
	struct iovec iov[64];
	int nr = 0;
	for (; lua_rawgeti(L, 2, nr + 1) != LUA_TNIL; nr++, lua_pop(L, 1))
		iov[nr] = (struct iovec){ buf[nr], (size_t)lua_tointeger(L, -1) };
	long r = readv(INT(1), iov, nr);
	if (r < 0)
		return result(L, "readv", r);
	for (int i = 0; i < nr; i++) {
		size_t n = (size_t)r < iov[i].iov_len ? (size_t)r : iov[i].iov_len;
		lua_pushlstring(L, buf[i], n);
		r -= (long)n;
	}
	return nr;
}

static int l_splice(lua_State *L)
{
	return result(L, "splice",
		      splice(INT(1), NULL, INT(2), NULL, (size_t)INT(3), (unsigned)luaL_optinteger(L, 4, 0)));
}

/* SIOCINQ and its like: an int. */
static int l_ioctl(lua_State *L)
{
	int v = 0;
	if (ioctl(INT(1), (unsigned long)INT(2), &v) < 0)
		return result(L, "ioctl", -1);
	lua_pushinteger(L, v);
	return 1;
}

static int l_getpeername(lua_State *L)
{
	union address a = { 0 };
	socklen_t len = sizeof(a);
	if (getpeername(INT(1), &a.sa, &len) < 0)
		return result(L, "getpeername", -1);
	return push_addr(L, &a);
}

static int l_getsockname(lua_State *L)
{
	union address a = { 0 };
	socklen_t len = sizeof(a);
	if (getsockname(INT(1), &a.sa, &len) < 0)
		return result(L, "getsockname", -1);
	return push_addr(L, &a);
}

static int l_if_nametoindex(lua_State *L)
{
	unsigned r = if_nametoindex(luaL_checkstring(L, 1));
	return result(L, "if_nametoindex", r ? (long)r : -1);
}

static int l_epoll_create1(lua_State *L)
{
	return result(L, "epoll_create1", epoll_create1((int)luaL_optinteger(L, 1, 0)));
}

static int l_epoll_ctl(lua_State *L)
{
	struct epoll_event ev = { .events = (uint32_t)luaL_optinteger(L, 4, 0) };
	ev.data.u64 = (uint64_t)luaL_optinteger(L, 5, INT(3));
	return result(L, "epoll_ctl", epoll_ctl(INT(1), INT(2), INT(3), &ev));
}

static int l_epoll_wait(lua_State *L)
{
	struct epoll_event events[64];
	int n = epoll_wait(INT(1), events, INT(2), (int)luaL_optinteger(L, 3, -1));
	if (n < 0)
		return result(L, "epoll_wait", n);
	lua_newtable(L);
	for (int i = 0; i < n; i++) {
		lua_newtable(L);
		set(L, "events", events[i].events);
		set(L, "data", (lua_Integer)events[i].data.u64);
		lua_rawseti(L, -2, i + 1);
	}
	return 1;
}

/* select(rd, wr, ex [, time]): lists in, lists out. */
static int wait_on_sets(lua_State *L, bool nsec)
{
	fd_set sets[3], *in[3] = { NULL };
	bool timed = lua_istable(L, 4);
	int n = 0;
	for (int i = 0; i < 3; i++) {
		FD_ZERO(&sets[i]);
		in[i] = lua_istable(L, i + 1) ? &sets[i] : NULL;
		for (int k = 1; in[i] && lua_rawgeti(L, i + 1, k) != LUA_TNIL; k++) {
			int fd = INT(-1);
			FD_SET(fd, &sets[i]);
			n = fd >= n ? fd + 1 : n;
		}
	}
	struct timeval tv = { timed ? field(L, 4, "tv_sec") : 0, timed ? field(L, 4, "tv_usec") : 0 };
	struct timespec ts = { timed ? field(L, 4, "tv_sec") : 0, timed ? field(L, 4, "tv_nsec") : 0 };
	/* the system calls: the library's select() checks and rounds by itself */
	long r = nsec ? syscall(SYS_pselect6, n, in[0], in[1], in[2], timed ? &ts : NULL, NULL)
		      : syscall(SYS_select, n, in[0], in[1], in[2], timed ? &tv : NULL);
	if (r < 0)
		return result(L, nsec ? "pselect" : "select", r);
	for (int i = 0; i < 3; i++) {
		lua_newtable(L);
		int nr = 0;
		for (int k = 1; in[i] && lua_rawgeti(L, i + 1, k) != LUA_TNIL; k++) {
			if (FD_ISSET(INT(-1), &sets[i]))
				lua_rawseti(L, -2, ++nr);
			else
				lua_pop(L, 1);
		}
		if (in[i])
			lua_pop(L, 1);
	}
	if (!timed)
		return 3;
	lua_newtable(L);
	set(L, "tv_sec", nsec ? ts.tv_sec : tv.tv_sec);
	set(L, nsec ? "tv_nsec" : "tv_usec", nsec ? ts.tv_nsec : tv.tv_usec);
	return 4;
}

static int l_select(lua_State *L)
{
	return wait_on_sets(L, false);
}

static int l_pselect(lua_State *L)
{
	return wait_on_sets(L, true);
}

static const luaL_Reg functions[] = {
	{ "bind", l_bind },
	{ "connect", l_connect },
	{ "epoll_create1", l_epoll_create1 },
	{ "epoll_ctl", l_epoll_ctl },
	{ "epoll_wait", l_epoll_wait },
	{ "getpeername", l_getpeername },
	{ "getsockname", l_getsockname },
	{ "getsockopt", l_getsockopt },
	{ "if_nametoindex", l_if_nametoindex },
	{ "ioctl", l_ioctl },
	{ "pselect", l_pselect },
	{ "readv", l_readv },
	{ "recv", l_recv },
	{ "recvfrom", l_recvfrom },
	{ "recvmsg", l_recvmsg },
	{ "select", l_select },
	{ "send", l_send },
	{ "sendmsg", l_sendmsg },
	{ "sendto", l_sendto },
	{ "setsockopt", l_setsockopt },
	{ "splice", l_splice },
	{ "writev", l_writev },
	{ NULL, NULL },
};

int luaopen_more(lua_State *L)
{
	luaL_newlib(L, functions);
	return 1;
}
