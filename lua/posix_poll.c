/* posix.poll and posix.fcntl. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lua/posix.h"

#define MAX_POLL 1024

static const struct posix_const poll_events[] = {
	{ "IN", POLLIN },   { "PRI", POLLPRI },	  { "OUT", POLLOUT }, { "ERR", POLLERR },
	{ "HUP", POLLHUP }, { "NVAL", POLLNVAL }, { NULL, 0 },
};

/* The marker of golden/: poll(POLLOUT), poll(POLLIN|POLLOUT). */
static void poll_label(const struct pollfd *fds, unsigned n, char *buf, size_t len)
{
	short all = 0;
	buf[0] = '\0';
	for (unsigned i = 0; i < n; i++)
		all |= fds[i].events;
	for (const struct posix_const *c = poll_events; c->name; c++)
		if (all & c->value) {
			size_t at = strlen(buf);
			snprintf(buf + at, len - at, "%sPOLL%s", at ? "|" : "", c->name);
		}
}

static long do_poll(lua_State *L, struct program *p, struct pollfd *fds, unsigned n, int timeout, bool *leave)
{
	char label[64];
	poll_label(fds, n, label, sizeof(label));
	posix_begin(p, "poll", "poll(%s)", label);
	long r = sys_poll(p->tsk, fds, n, timeout);
	*leave = !posix_end(L, p, r);
	return r;
}

/* The entry whose key and value are on top of the stack. */
static struct pollfd get_pollfd(lua_State *L)
{
	struct pollfd fd;
	luaL_argcheck(L, lua_isinteger(L, -2), 1, "contains non-integer key(s)");
	fd = (struct pollfd){ .fd = (int)lua_tointeger(L, -2) };
	luaL_argcheck(L, lua_istable(L, -1), 1, "contains non-table value(s)");
	luaL_argcheck(L, lua_getfield(L, -1, "events") == LUA_TTABLE, 1, "contains invalid value table(s)");
	for (const struct posix_const *c = poll_events; c->name; c++) {
		lua_getfield(L, -1, c->name);
		fd.events |= lua_toboolean(L, -1) ? (short)c->value : 0;
		lua_pop(L, 1);
	}
	int type = lua_getfield(L, -2, "revents");
	luaL_argcheck(L, type == LUA_TNIL || type == LUA_TTABLE, 1, "contains invalid value table(s)");
	lua_pop(L, 2);
	return fd;
}

static void set_revents(lua_State *L, const struct pollfd *fd)
{
	lua_rawgeti(L, 1, fd->fd);
	if (lua_getfield(L, -1, "revents") == LUA_TNIL) {
		lua_pop(L, 1);
		lua_createtable(L, 0, 6);
		lua_pushvalue(L, -1);
		lua_setfield(L, -3, "revents");
	}
	for (const struct posix_const *c = poll_events; c->name; c++) {
		lua_pushboolean(L, fd->revents & c->value);
		lua_setfield(L, -2, c->name);
	}
	lua_pop(L, 2);
}

/* poll({ [fd] = { events = { IN = true } } } [, ms]): how many are ready; if any is, sets .revents of each.
 */
static int l_poll(lua_State *L)
{
	struct program *p = program_running(L, "poll");
	struct pollfd fds[MAX_POLL];
	unsigned n = 0;
	bool leave;
	luaL_checktype(L, 1, LUA_TTABLE);
	for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
		luaL_argcheck(L, n < MAX_POLL, 1, "too many file descriptors");
		fds[n++] = get_pollfd(L);
	}
	int timeout = (int)posix_opt_int(L, 2, -1);
	posix_check_nargs(L, 2);
	/* the order of the table differs from run to run, that of the system call must not */
	for (unsigned i = 1; i < n; i++)
		for (unsigned k = i; k > 0 && fds[k - 1].fd > fds[k].fd; k--) {
			struct pollfd t = fds[k];
			fds[k] = fds[k - 1];
			fds[k - 1] = t;
		}
	long r = do_poll(L, p, fds, n, timeout, &leave);
	if (leave)
		return posix_leave(L, p);
	for (unsigned i = 0; i < n && r > 0; i++)
		set_revents(L, &fds[i]);
	return posix_result(L, NULL, r);
}

/* rpoll(fd, ms): waits for input on one descriptor. */
static int l_rpoll(lua_State *L)
{
	struct program *p = program_running(L, "rpoll");
	struct pollfd fd = { .fd = (int)posix_check_int(L, 1), .events = POLLIN };
	int timeout = (int)posix_check_int(L, 2);
	bool leave;
	posix_check_nargs(L, 2);
	long r = do_poll(L, p, &fd, 1, timeout, &leave);
	if (leave)
		return posix_leave(L, p);
	return posix_result(L, NULL, r);
}

static const luaL_Reg poll_functions[] = { { "poll", l_poll }, { "rpoll", l_rpoll }, { NULL, NULL } };

int open_posix_poll(lua_State *L)
{
	return posix_module(L, "posix.poll", poll_functions, NULL);
}

/* ---- posix.fcntl ---- */

static int l_fcntl(lua_State *L)
{
	struct program *p = program_running(L, "fcntl");
	unsigned fd = (unsigned)posix_check_int(L, 1), cmd = (unsigned)posix_check_int(L, 2);
	posix_check_nargs(L, 3);
	unsigned long arg = (unsigned long)posix_opt_int(L, 3, 0);
	posix_begin(p, "fcntl", "fcntl");
	long r = sys_fcntl(p->tsk, fd, cmd, arg);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	return posix_result(L, "fcntl", r);
}

static const luaL_Reg fcntl_functions[] = { { "fcntl", l_fcntl }, { NULL, NULL } };
static const struct posix_const fcntl_constants[] = {
	{ "FD_CLOEXEC", FD_CLOEXEC }, { "F_DUPFD", F_DUPFD },	    { "F_GETFD", F_GETFD },
	{ "F_GETFL", F_GETFL },	      { "F_SETFD", F_SETFD },	    { "F_SETFL", F_SETFL },
	{ "F_GETOWN", F_GETOWN },     { "F_SETOWN", F_SETOWN },	    { "O_APPEND", O_APPEND },
	{ "O_CLOEXEC", O_CLOEXEC },   { "O_NONBLOCK", O_NONBLOCK }, { "O_RDONLY", O_RDONLY },
	{ "O_RDWR", O_RDWR },	      { "O_WRONLY", O_WRONLY },	    { NULL, 0 },
};

int open_posix_fcntl(lua_State *L)
{
	return posix_module(L, "posix.fcntl", fcntl_functions, fcntl_constants);
}
