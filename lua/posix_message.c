/*
 * Several buffers at once, and control messages: sendmsg() and recvmsg() of posix.sys.socket, posix.sys.uio.
 * luaposix has none of these; arguments and results are in the order of Python's, control messages are tables
 * { level = SOL_SOCKET, type = SO_TIMESTAMP, data = "bytes" }.
 *
 *	n = sendmsg(fd, "data" | { "da", "ta" } [, control [, flags [, address]]])
 *	data, control, flags, address = recvmsg(fd, n [, bytes of control [, flags]])
 *	n = writev(fd, { "da", "ta" })		a, b = readv(fd, { 2, 10 })
 *	n = splice(from, to, n [, flags])	one of the two is a pipe
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lua/posix.h"

#define MAX_BUFFERS 64
#define MAX_CONTROL 4096

/* Points at the strings of a table, or at one string; how many. */
static unsigned get_strings(lua_State *L, int idx, struct iovec *iov)
{
	size_t n;
	if (lua_type(L, idx) != LUA_TTABLE) {
		iov[0].iov_base = (void *)(uintptr_t)luaL_checklstring(L, idx, &n);
		iov[0].iov_len = n;
		return 1;
	}
	unsigned nr = 0;
	for (; lua_rawgeti(L, idx, nr + 1) != LUA_TNIL; nr++) {
		luaL_argcheck(L, nr < MAX_BUFFERS, idx, "too many buffers");
		luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, idx, "contains non-string value(s)");
		iov[nr].iov_base = (void *)(uintptr_t)lua_tolstring(L, -1, &n);
		iov[nr].iov_len = n;
		lua_pop(L, 1); /* the table keeps it */
	}
	lua_pop(L, 1);
	return nr;
}

/* Lays the control messages of the table at `idx` out as in memory; their size. */
static size_t get_control(lua_State *L, int idx, char *out)
{
	size_t at = 0, n;
	if (lua_isnoneornil(L, idx))
		return 0;
	luaL_checktype(L, idx, LUA_TTABLE);
	for (lua_Integer i = 1; lua_rawgeti(L, idx, i) != LUA_TNIL; i++, lua_pop(L, 1)) {
		luaL_argcheck(L, lua_istable(L, -1), idx, "contains non-table value(s)");
		int t = lua_gettop(L);
		struct cmsghdr c = { .cmsg_level = (int)posix_int_field(L, t, "level"),
				     .cmsg_type = (int)posix_int_field(L, t, "type") };
		const char *data = posix_string_field(L, t, "data", &n);
		luaL_argcheck(L, at + CMSG_SPACE(n) <= MAX_CONTROL, idx, "too much");
		c.cmsg_len = CMSG_LEN(n);
		memcpy(out + at, &c, sizeof(c));
		memcpy(out + at + CMSG_LEN(0), data, n);
		at += CMSG_SPACE(n);
	}
	lua_pop(L, 1);
	return at;
}

static void push_control(lua_State *L, const char *control, size_t len)
{
	lua_Integer nr = 0;
	struct cmsghdr c;
	lua_newtable(L);
	for (size_t at = 0; at + sizeof(c) <= len; at += CMSG_ALIGN(c.cmsg_len)) {
		memcpy(&c, control + at, sizeof(c));
		size_t room = len - at, n = (c.cmsg_len < room ? c.cmsg_len : room) - CMSG_LEN(0);
		lua_createtable(L, 0, 3);
		posix_set_field(L, "level", c.cmsg_level);
		posix_set_field(L, "type", c.cmsg_type);
		lua_pushlstring(L, control + at + CMSG_LEN(0), n);
		lua_setfield(L, -2, "data");
		lua_rawseti(L, -2, ++nr);
	}
}

int posix_sendmsg(lua_State *L)
{
	struct program *p = program_running(L, "sendmsg");
	int fd = (int)posix_check_int(L, 1), len = 0;
	unsigned flags = (unsigned)posix_opt_int(L, 4, 0);
	_Alignas(8) char control[MAX_CONTROL] = { 0 };
	struct iovec iov[MAX_BUFFERS];
	struct user_msghdr m = { .msg_iov = iov, .msg_control = control };
	union posix_address a;
	posix_check_nargs(L, 5);
	m.msg_iovlen = get_strings(L, 2, iov);
	m.msg_controllen = get_control(L, 3, control);
	if (!lua_isnoneornil(L, 5)) {
		if ((len = posix_get_addr(L, 5, &a)) < 0)
			return 3;
		m.msg_name = &a;
		m.msg_namelen = (socklen_t)len;
	}
	posix_begin(p, "sendmsg", "sendmsg");
	long r = sys_sendmsg(p->tsk, fd, &m, flags);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	return posix_result(L, "sendmsg", r);
}

int posix_recvmsg(lua_State *L)
{
	struct program *p = program_running(L, "recvmsg");
	int fd = (int)posix_check_int(L, 1);
	lua_Integer n = posix_check_int(L, 2), room = posix_opt_int(L, 3, 0);
	unsigned flags = (unsigned)posix_opt_int(L, 4, 0);
	_Alignas(8) char control[MAX_CONTROL] = { 0 };
	union posix_address a = { 0 };
	posix_check_nargs(L, 4);
	luaL_argcheck(L, room >= 0 && room <= MAX_CONTROL, 3, "0 to 4096 bytes expected");
	if (n < 0 || n > POSIX_MAX_BUFFER)
		return posix_error(L, "lalloc", -ENOMEM);
	luaL_Buffer b;
	struct iovec iov = { luaL_buffinitsize(L, &b, n ? (size_t)n : 1), (size_t)n };
	struct user_msghdr m = { &a, sizeof(a), &iov, 1, control, (size_t)room, 0 };
	if (flags & MSG_TRUNC) /* of a stream: copies none */
		memset(iov.iov_base, 0, (size_t)n);
	posix_begin(p, "recvmsg", "recvmsg");
	long r = sys_recvmsg(p->tsk, fd, &m, flags);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	if (r < 0)
		return posix_error(L, "recvmsg", r);
	luaL_pushresultsize(&b, (size_t)(r < n ? r : n));
	push_control(L, control, m.msg_controllen);
	lua_pushinteger(L, m.msg_flags);
	if (!m.msg_namelen)
		return 3;
	posix_push_addr(L, &a);
	return 4;
}

/* ---- posix.sys.uio ---- */

static int l_writev(lua_State *L)
{
	struct program *p = program_running(L, "writev");
	unsigned fd = (unsigned)posix_check_int(L, 1);
	struct iovec iov[MAX_BUFFERS];
	luaL_checktype(L, 2, LUA_TTABLE);
	posix_check_nargs(L, 2);
	unsigned n = get_strings(L, 2, iov);
	posix_begin(p, "writev", "writev");
	long r = sys_writev(p->tsk, fd, iov, n);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	return posix_result(L, "writev", r);
}

/* Strings of the lengths asked for, as far as there was data. */
static int l_readv(lua_State *L)
{
	struct program *p = program_running(L, "readv");
	unsigned fd = (unsigned)posix_check_int(L, 1), nr = 0;
	struct iovec iov[MAX_BUFFERS];
	size_t total = 0;
	luaL_checktype(L, 2, LUA_TTABLE);
	posix_check_nargs(L, 2);
	for (; lua_rawgeti(L, 2, nr + 1) != LUA_TNIL; nr++, lua_pop(L, 1)) {
		lua_Integer n = lua_tointeger(L, -1);
		luaL_argcheck(L, nr < MAX_BUFFERS, 2, "too many buffers");
		luaL_argcheck(L, lua_isinteger(L, -1) && n >= 0 && n <= POSIX_MAX_BUFFER / MAX_BUFFERS, 2,
			      "contains a value that is no length, or too long a one");
		iov[nr].iov_len = (size_t)n;
		total += (size_t)n;
	}
	char *data = lua_newuserdatauv(L, total ? total : 1, 0);
	for (unsigned i = 0; i < nr; data += iov[i++].iov_len)
		iov[i].iov_base = data;
	posix_begin(p, "readv", "readv");
	long r = sys_readv(p->tsk, fd, iov, nr);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	if (r < 0)
		return posix_error(L, "readv", r);
	luaL_checkstack(L, (int)nr, "readv");
	for (unsigned i = 0; i < nr; i++) {
		size_t n = (size_t)r < iov[i].iov_len ? (size_t)r : iov[i].iov_len;
		lua_pushlstring(L, iov[i].iov_base, n);
		r -= (long)n;
	}
	return (int)nr;
}

static int l_splice(lua_State *L)
{
	struct program *p = program_running(L, "splice");
	int from = (int)posix_check_int(L, 1), to = (int)posix_check_int(L, 2);
	size_t n = (size_t)posix_check_int(L, 3);
	unsigned flags = (unsigned)posix_opt_int(L, 4, 0);
	posix_check_nargs(L, 4);
	posix_begin(p, "splice", "splice");
	long r = sys_splice(p->tsk, from, NULL, to, NULL, n, flags);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	return posix_result(L, "splice", r);
}

static const luaL_Reg functions[] = {
	{ "readv", l_readv }, { "splice", l_splice }, { "writev", l_writev }, { NULL, NULL }
};
static const struct posix_const constants[] = {
	{ "SPLICE_F_MOVE", SPLICE_F_MOVE },
	{ "SPLICE_F_NONBLOCK", SPLICE_F_NONBLOCK },
	{ "SPLICE_F_MORE", SPLICE_F_MORE },
	{ NULL, 0 },
};

int open_posix_sys_uio(lua_State *L)
{
	luaL_newlib(L, functions);
	posix_set_constants(L, constants);
	return 1;
}
