/*
 * posix.sys.socket, posix.sys.epoll, posix.unistd, posix.time and posix.poll of a real Linux for Lua 5.4, as
 * far as the tests' programs use them: luaposix's calls plus what ours have beyond it (flags, getsockopt).
 * Built and used by `test_udp.py --real` only, to learn what a real kernel answers.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int result(lua_State *L, long r)
{
	if (r >= 0) {
		lua_pushinteger(L, r);
		return 1;
	}
	lua_pushnil(L);
	lua_pushstring(L, strerror(errno));
	lua_pushinteger(L, errno);
	return 3;
}

static struct sockaddr_in get_addr(lua_State *L, int idx)
{
	struct sockaddr_in sa = { 0 };

	lua_getfield(L, idx, "family");
	lua_getfield(L, idx, "addr");
	lua_getfield(L, idx, "port");
	sa.sin_family = (sa_family_t)lua_tointeger(L, -3);
	sa.sin_port = htons((uint16_t)lua_tointeger(L, -1));
	if (lua_tostring(L, -2))
		inet_pton(AF_INET, lua_tostring(L, -2), &sa.sin_addr);
	lua_pop(L, 3);
	return sa;
}

static void push_addr(lua_State *L, const struct sockaddr_in *sa)
{
	char text[INET_ADDRSTRLEN];

	lua_newtable(L);
	lua_pushinteger(L, sa->sin_family);
	lua_setfield(L, -2, "family");
	lua_pushinteger(L, ntohs(sa->sin_port));
	lua_setfield(L, -2, "port");
	lua_pushstring(L, inet_ntop(AF_INET, &sa->sin_addr, text, sizeof(text)));
	lua_setfield(L, -2, "addr");
}

#define INT(n) ((int)luaL_checkinteger(L, n))
#define FLAGS(n) ((int)luaL_optinteger(L, n, 0))

static int l_socket(lua_State *L)
{
	return result(L, socket(INT(1), INT(2), INT(3)));
}

static int l_bind(lua_State *L)
{
	struct sockaddr_in sa = get_addr(L, 2);

	return result(L, bind(INT(1), (struct sockaddr *)&sa, sizeof(sa)));
}

static int l_connect(lua_State *L)
{
	struct sockaddr_in sa = get_addr(L, 2);

	return result(L, connect(INT(1), (struct sockaddr *)&sa, sizeof(sa)));
}

static int l_send(lua_State *L)
{
	size_t n;
	const char *data = luaL_checklstring(L, 2, &n);

	return result(L, send(INT(1), data, n, FLAGS(3)));
}

static int l_sendto(lua_State *L)
{
	size_t n;
	const char *data = luaL_checklstring(L, 2, &n);
	struct sockaddr_in sa = get_addr(L, 3);

	return result(L, sendto(INT(1), data, n, 0, (struct sockaddr *)&sa, sizeof(sa)));
}

static int l_recvfrom(lua_State *L)
{
	static char buf[1 << 20];
	struct sockaddr_in sa = { 0 };
	socklen_t len = sizeof(sa);
	long n = luaL_checkinteger(L, 2),
	     r = recvfrom(INT(1), buf, (size_t)n, FLAGS(3), (struct sockaddr *)&sa, &len);

	if (r < 0)
		return result(L, r);
	lua_pushlstring(L, buf, (size_t)(r < n ? r : n));
	if (!len)
		return 1;
	push_addr(L, &sa);
	return 2;
}

static int l_listen(lua_State *L)
{
	return result(L, listen(INT(1), INT(2)));
}

static int l_accept(lua_State *L)
{
	return result(L, accept(INT(1), NULL, NULL));
}

static int l_shutdown(lua_State *L)
{
	return result(L, shutdown(INT(1), INT(2)));
}

static int l_setsockopt(lua_State *L)
{
	struct timeval tv;
	int v = INT(4);

	if (INT(2) != SOL_SOCKET || (INT(3) != SO_RCVTIMEO && INT(3) != SO_SNDTIMEO))
		return result(L, setsockopt(INT(1), INT(2), INT(3), &v, sizeof(v)));
	tv.tv_sec = v;
	tv.tv_usec = INT(5);
	return result(L, setsockopt(INT(1), SOL_SOCKET, INT(3), &tv, sizeof(tv)));
}

static int l_getsockopt(lua_State *L)
{
	int v = 0;
	socklen_t len = sizeof(v);
	int r = getsockopt(INT(1), INT(2), INT(3), &v, &len);

	if (r < 0)
		return result(L, r);
	lua_pushinteger(L, v);
	return 1;
}

static int name(lua_State *L, int (*call)(int fd, struct sockaddr *restrict sa, socklen_t *restrict len))
{
	struct sockaddr_in sa = { 0 };
	socklen_t len = sizeof(sa);
	int r = call(INT(1), (struct sockaddr *)&sa, &len);

	if (r < 0)
		return result(L, r);
	push_addr(L, &sa);
	return 1;
}

static int l_getsockname(lua_State *L)
{
	return name(L, getsockname);
}

static int l_getpeername(lua_State *L)
{
	return name(L, getpeername);
}

static int l_close(lua_State *L)
{
	return result(L, close(INT(1)));
}

static int l_nanosleep(lua_State *L)
{
	struct timespec ts;

	lua_getfield(L, 1, "tv_sec");
	lua_getfield(L, 1, "tv_nsec");
	ts.tv_sec = lua_tointeger(L, -2);
	ts.tv_nsec = lua_tointeger(L, -1);
	return result(L, nanosleep(&ts, NULL));
}

static const struct {
	const char *name;
	short bit;
} events[] = { { "IN", POLLIN },   { "OUT", POLLOUT }, { "PRI", POLLPRI },
	       { "ERR", POLLERR }, { "HUP", POLLHUP }, { "NVAL", POLLNVAL } };

/* One descriptor only. */
static int l_poll(lua_State *L)
{
	struct pollfd p = { 0 };
	int r;

	lua_pushnil(L);
	lua_next(L, 1);
	p.fd = (int)lua_tointeger(L, -2);
	lua_getfield(L, -1, "events");
	for (unsigned i = 0; i < 6; i++) {
		lua_getfield(L, -1, events[i].name);
		if (lua_toboolean(L, -1))
			p.events |= events[i].bit;
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
	r = poll(&p, 1, (int)luaL_optinteger(L, 2, -1));
	lua_newtable(L);
	for (unsigned i = 0; i < 6; i++) {
		lua_pushboolean(L, p.revents & events[i].bit);
		lua_setfield(L, -2, events[i].name);
	}
	lua_setfield(L, -2, "revents");
	return result(L, r);
}

/* ---- posix.sys.epoll: as wirepath's ---- */

static int l_epoll_create1(lua_State *L)
{
	return result(L, epoll_create1(FLAGS(1)));
}

static int l_epoll_ctl(lua_State *L)
{
	struct epoll_event ev = { .events = (uint32_t)luaL_optinteger(L, 4, 0) };

	ev.data.u64 = (uint64_t)luaL_optinteger(L, 5, INT(3));
	return result(L, epoll_ctl(INT(1), INT(2), INT(3), &ev));
}

static int l_epoll_wait(lua_State *L)
{
	struct epoll_event events[64];
	int n = epoll_wait(INT(1), events, INT(2), (int)luaL_optinteger(L, 3, -1));

	if (n < 0)
		return result(L, n);
	lua_newtable(L);
	for (int i = 0; i < n; i++) {
		lua_newtable(L);
		lua_pushinteger(L, events[i].events);
		lua_setfield(L, -2, "events");
		lua_pushinteger(L, (lua_Integer)events[i].data.u64);
		lua_setfield(L, -2, "data");
		lua_rawseti(L, -2, i + 1);
	}
	return 1;
}

static const luaL_Reg epoll_functions[] = {
	{ "epoll_create1", l_epoll_create1 },
	{ "epoll_ctl", l_epoll_ctl },
	{ "epoll_wait", l_epoll_wait },
	{ NULL, NULL },
};
static const struct {
	const char *name;
	lua_Integer value;
} epoll_constants[] = {
	{ "EPOLL_CTL_ADD", EPOLL_CTL_ADD },
	{ "EPOLL_CTL_DEL", EPOLL_CTL_DEL },
	{ "EPOLL_CTL_MOD", EPOLL_CTL_MOD },
	{ "EPOLLIN", EPOLLIN },
	{ "EPOLLPRI", EPOLLPRI },
	{ "EPOLLOUT", EPOLLOUT },
	{ "EPOLLERR", EPOLLERR },
	{ "EPOLLHUP", EPOLLHUP },
	{ "EPOLLRDHUP", EPOLLRDHUP },
	{ "EPOLLET", EPOLLET },
	{ "EPOLLONESHOT", EPOLLONESHOT },
	{ "EPOLLEXCLUSIVE", EPOLLEXCLUSIVE },
	{ NULL, 0 },
};

int luaopen_posix_sys_epoll(lua_State *L)
{
	luaL_newlib(L, epoll_functions);
	for (unsigned i = 0; epoll_constants[i].name; i++) {
		lua_pushinteger(L, epoll_constants[i].value);
		lua_setfield(L, -2, epoll_constants[i].name);
	}
	return 1;
}

static const luaL_Reg socket_functions[] = {
	{ "accept", l_accept },
	{ "bind", l_bind },
	{ "connect", l_connect },
	{ "getpeername", l_getpeername },
	{ "getsockname", l_getsockname },
	{ "getsockopt", l_getsockopt },
	{ "listen", l_listen },
	{ "recv", l_recvfrom },
	{ "recvfrom", l_recvfrom },
	{ "send", l_send },
	{ "sendto", l_sendto },
	{ "setsockopt", l_setsockopt },
	{ "shutdown", l_shutdown },
	{ "socket", l_socket },
	{ NULL, NULL },
};
static const luaL_Reg unistd_functions[] = { { "close", l_close }, { NULL, NULL } };
static const luaL_Reg time_functions[] = { { "nanosleep", l_nanosleep }, { NULL, NULL } };
static const luaL_Reg poll_functions[] = { { "poll", l_poll }, { NULL, NULL } };

static const struct {
	const char *name;
	int value;
} constants[] = {
	{ "AF_INET", AF_INET },
	{ "AF_UNSPEC", AF_UNSPEC },
	{ "SOCK_DGRAM", SOCK_DGRAM },
	{ "SOCK_STREAM", SOCK_STREAM },
	{ "SOL_SOCKET", SOL_SOCKET },
	{ "IPPROTO_IP", IPPROTO_IP },
	{ "IPPROTO_UDP", IPPROTO_UDP },
	{ "SO_ERROR", SO_ERROR },
	{ "SO_BROADCAST", SO_BROADCAST },
	{ "SO_REUSEADDR", SO_REUSEADDR },
	{ "SO_REUSEPORT", SO_REUSEPORT },
	{ "SO_RCVTIMEO", SO_RCVTIMEO },
	{ "SO_RCVBUF", SO_RCVBUF },
	{ "SO_SNDBUF", SO_SNDBUF },
	{ "SO_TYPE", SO_TYPE },
	{ "SO_PROTOCOL", SO_PROTOCOL },
	{ "MSG_PEEK", MSG_PEEK },
	{ "MSG_TRUNC", MSG_TRUNC },
	{ "MSG_DONTWAIT", MSG_DONTWAIT },
	{ "MSG_MORE", MSG_MORE },
	{ "MSG_OOB", MSG_OOB },
	{ "SHUT_RD", SHUT_RD },
	{ "SHUT_WR", SHUT_WR },
	{ "SHUT_RDWR", SHUT_RDWR },
	{ "INADDR_ANY", 0 },
	{ NULL, 0 },
};

int luaopen_posix_sys_socket(lua_State *L)
{
	luaL_newlib(L, socket_functions);
	for (unsigned i = 0; constants[i].name; i++) {
		lua_pushinteger(L, constants[i].value);
		lua_setfield(L, -2, constants[i].name);
	}
	return 1;
}

int luaopen_posix_unistd(lua_State *L)
{
	luaL_newlib(L, unistd_functions);
	return 1;
}

int luaopen_posix_time(lua_State *L)
{
	luaL_newlib(L, time_functions);
	return 1;
}

int luaopen_posix_poll(lua_State *L)
{
	luaL_newlib(L, poll_functions);
	return 1;
}
