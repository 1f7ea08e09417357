/* posix.unistd, posix.poll, posix.fcntl, posix.errno, posix.time, posix.sys.time, and posix with all of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "lua/posix.h"
#include "lua/run.h"

#define MAX_BUFFER (16 << 20)
#define MAX_POLL 1024

/* ---- posix.unistd ---- */

static int l_close(lua_State *L)
{
	struct program *p = program_running(L, "close");
	unsigned fd = (unsigned)luaL_checkinteger(L, 1);
	posix_begin(p, "close", "close");
	long r = sys_close(p->tsk, fd);
	if (!posix_end(p, r))
		return script_leave(L);
	return posix_result(L, NULL, r);
}

static int l_read(lua_State *L)
{
	struct program *p = program_running(L, "read");
	unsigned fd = (unsigned)luaL_checkinteger(L, 1);
	lua_Integer n = luaL_checkinteger(L, 2);
	luaL_argcheck(L, n >= 0 && n <= MAX_BUFFER, 2, "count out of range");
	luaL_Buffer b;
	char *to = luaL_buffinitsize(L, &b, n ? (size_t)n : 1);
	posix_begin(p, "read", "read(%lld)", (long long)n);
	long r = sys_read(p->tsk, fd, to, (size_t)n);
	if (!posix_end(p, r))
		return script_leave(L);
	if (r < 0)
		return posix_error(L, NULL, r);
	luaL_pushresultsize(&b, (size_t)r);
	return 1;
}

static int l_write(lua_State *L)
{
	struct program *p = program_running(L, "write");
	unsigned fd = (unsigned)luaL_checkinteger(L, 1);
	size_t len;
	const char *data = luaL_checklstring(L, 2, &len);
	lua_Integer n = luaL_optinteger(L, 3, (lua_Integer)len), offset = luaL_optinteger(L, 4, 0);
	luaL_argcheck(L, offset >= 0 && (size_t)offset <= len, 4, "offset out of range");
	luaL_argcheck(L, n >= 0 && (size_t)n <= len - (size_t)offset, 3, "count out of range");
	if (fd == 1 || fd == 2) { /* the program's own output */
		if (fd == 1)
			program_output(p, data + offset, (size_t)n);
		else
			run_error_output(p->run, data + offset, (size_t)n);
		lua_pushinteger(L, n);
		return 1;
	}
	posix_begin(p, "write", "write(%lld)", (long long)n);
	long r = sys_write(p->tsk, fd, data + offset, (size_t)n);
	if (!posix_end(p, r))
		return script_leave(L);
	return posix_result(L, NULL, r);
}

/* Sleeps `ns`; false when the program is to be left. */
static bool sleep_for(struct program *p, uint64_t ns)
{
	ktime_t until = (ktime_t)(host_now(p->tsk->host) + ns);
	p->tsk->task->waits_in = "sleep";
	set_current_state(p->tsk->host, TASK_INTERRUPTIBLE);
	schedule_hrtimeout(p->tsk->host, &until);
	p->tsk->task->waits_in = NULL;
	return !program_resumed(p);
}

static int l_sleep(lua_State *L)
{
	struct program *p = program_running(L, "sleep");
	lua_Integer s = luaL_checkinteger(L, 1);
	if (s > 0 && !sleep_for(p, (uint64_t)s * NSEC_PER_SEC))
		return script_leave(L);
	lua_pushinteger(L, 0);
	return 1;
}

static int l_getpid(lua_State *L)
{
	lua_pushinteger(L, program_running(L, "getpid")->tsk->task->pid);
	return 1;
}

static int l_exit(lua_State *L)
{
	return program_exit(program_running(L, "_exit"), L, (int)luaL_checkinteger(L, 1));
}

static int l_dup(lua_State *L)
{
	struct program *p = program_running(L, "dup");
	long r = sys_dup(p->tsk, (unsigned)luaL_checkinteger(L, 1));
	return posix_result(L, NULL, r);
}

static const luaL_Reg unistd[] = {
	{ "_exit", l_exit }, { "close", l_close }, { "dup", l_dup },	 { "getpid", l_getpid },
	{ "read", l_read },  { "sleep", l_sleep }, { "write", l_write }, { NULL, NULL },
};
static const struct posix_const unistd_constants[] = {
	{ "STDIN_FILENO", 0 },
	{ "STDOUT_FILENO", 1 },
	{ "STDERR_FILENO", 2 },
	{ NULL, 0 },
};

int open_posix_unistd(lua_State *L)
{
	luaL_newlib(L, unistd);
	posix_set_constants(L, unistd_constants);
	return 1;
}

/* ---- posix.poll ---- */

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

static long do_poll(struct program *p, struct pollfd *fds, unsigned n, int timeout, bool *leave)
{
	char label[64];
	poll_label(fds, n, label, sizeof(label));
	posix_begin(p, "poll", "poll(%s)", label);
	long r = sys_poll(p->tsk, fds, n, timeout);
	*leave = !posix_end(p, r);
	return r;
}

/* poll({ [fd] = { events = { IN = true } } } [, ms]): sets .revents of each; returns how many are ready. */
static int l_poll(lua_State *L)
{
	struct program *p = program_running(L, "poll");
	struct pollfd fds[MAX_POLL];
	unsigned n = 0;
	bool leave;
	luaL_checktype(L, 1, LUA_TTABLE);
	int timeout = (int)luaL_optinteger(L, 2, -1);
	lua_settop(L, 1);
	lua_pushnil(L);
	while (lua_next(L, 1)) {
		luaL_argcheck(L, lua_isinteger(L, 2), 1, "keys are file descriptors");
		luaL_argcheck(L, n < MAX_POLL, 1, "too many file descriptors");
		luaL_checktype(L, 3, LUA_TTABLE);
		fds[n] = (struct pollfd){ .fd = (int)lua_tointeger(L, 2) };
		if (lua_getfield(L, 3, "events") == LUA_TTABLE)
			for (const struct posix_const *c = poll_events; c->name; c++) {
				lua_getfield(L, 4, c->name);
				fds[n].events |= lua_toboolean(L, -1) ? (short)c->value : 0;
				lua_pop(L, 1);
			}
		n++;
		lua_settop(L, 2);
	}
	/* the order of the table differs from run to run, that of the system call must not */
	for (unsigned i = 1; i < n; i++)
		for (unsigned k = i; k > 0 && fds[k - 1].fd > fds[k].fd; k--) {
			struct pollfd t = fds[k];
			fds[k] = fds[k - 1];
			fds[k - 1] = t;
		}
	long r = do_poll(p, fds, n, timeout, &leave);
	if (leave)
		return script_leave(L);
	if (r < 0)
		return posix_error(L, NULL, r);
	for (unsigned i = 0; i < n; i++) {
		lua_rawgeti(L, 1, fds[i].fd);
		lua_createtable(L, 0, 6);
		for (const struct posix_const *c = poll_events; c->name; c++) {
			lua_pushboolean(L, fds[i].revents & c->value);
			lua_setfield(L, -2, c->name);
		}
		lua_setfield(L, -2, "revents");
		lua_pop(L, 1);
	}
	lua_pushinteger(L, r);
	return 1;
}

/* rpoll(fd, ms): waits for input on one descriptor. */
static int l_rpoll(lua_State *L)
{
	struct program *p = program_running(L, "rpoll");
	struct pollfd fd = { .fd = (int)luaL_checkinteger(L, 1), .events = POLLIN };
	bool leave;
	long r = do_poll(p, &fd, 1, (int)luaL_checkinteger(L, 2), &leave);
	if (leave)
		return script_leave(L);
	return posix_result(L, NULL, r);
}

static const luaL_Reg poll_functions[] = { { "poll", l_poll }, { "rpoll", l_rpoll }, { NULL, NULL } };

int open_posix_poll(lua_State *L)
{
	luaL_newlib(L, poll_functions);
	return 1;
}

/* ---- posix.fcntl ---- */

static int l_fcntl(lua_State *L)
{
	struct program *p = program_running(L, "fcntl");
	unsigned fd = (unsigned)luaL_checkinteger(L, 1), cmd = (unsigned)luaL_checkinteger(L, 2);
	unsigned long arg = (unsigned long)luaL_optinteger(L, 3, 0);
	posix_begin(p, "fcntl", "fcntl");
	long r = sys_fcntl(p->tsk, fd, cmd, arg);
	if (!posix_end(p, r))
		return script_leave(L);
	return posix_result(L, "fcntl", r);
}

static const luaL_Reg fcntl_functions[] = { { "fcntl", l_fcntl }, { NULL, NULL } };
static const struct posix_const fcntl_constants[] = {
	{ "F_DUPFD", F_DUPFD },	      { "F_GETFD", F_GETFD }, { "F_SETFD", F_SETFD },
	{ "F_GETFL", F_GETFL },	      { "F_SETFL", F_SETFL }, { "FD_CLOEXEC", FD_CLOEXEC },
	{ "O_NONBLOCK", O_NONBLOCK }, { "O_RDWR", O_RDWR },   { NULL, 0 },
};

int open_posix_fcntl(lua_State *L)
{
	luaL_newlib(L, fcntl_functions);
	posix_set_constants(L, fcntl_constants);
	return 1;
}

/* ---- posix.errno ---- */

/* errno(n): the message and the number. */
static int l_errno(lua_State *L)
{
	int n = (int)luaL_optinteger(L, 1, 0);
	const char *text = strerrordesc_np(n);
	lua_pushstring(L, text ? text : "Unknown error");
	lua_pushinteger(L, n);
	return 2;
}

static const luaL_Reg errno_functions[] = { { "errno", l_errno }, { NULL, NULL } };

int open_posix_errno(lua_State *L)
{
	luaL_newlib(L, errno_functions);
	for (int n = 1; n < 134; n++) {
		const char *name = strerrorname_np(n);
		if (name) {
			lua_pushinteger(L, n);
			lua_setfield(L, -2, name);
		}
	}
	lua_pushinteger(L, EWOULDBLOCK);
	lua_setfield(L, -2, "EWOULDBLOCK");
	return 1;
}

/* ---- posix.time, posix.sys.time ---- */

static void push_time(lua_State *L, uint64_t ns, const char *field, uint64_t unit)
{
	lua_createtable(L, 0, 2);
	lua_pushinteger(L, (lua_Integer)(ns / NSEC_PER_SEC));
	lua_setfield(L, -2, "tv_sec");
	lua_pushinteger(L, (lua_Integer)(ns % NSEC_PER_SEC / unit));
	lua_setfield(L, -2, field);
}

static uint64_t now_ns(lua_State *L)
{
	return script_of(L)->run->sim->now;
}

static int l_clock_gettime(lua_State *L)
{
	luaL_checkinteger(L, 1);
	push_time(L, now_ns(L), "tv_nsec", 1);
	return 1;
}

static int l_nanosleep(lua_State *L)
{
	struct program *p = program_running(L, "nanosleep");
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_getfield(L, 1, "tv_sec");
	lua_getfield(L, 1, "tv_nsec");
	lua_Integer s = lua_tointeger(L, -2), ns = lua_tointeger(L, -1);
	if (s < 0 || ns < 0 || ns >= (lua_Integer)NSEC_PER_SEC)
		return posix_error(L, "nanosleep", -EINVAL);
	if (!sleep_for(p, (uint64_t)s * NSEC_PER_SEC + (uint64_t)ns))
		return script_leave(L);
	lua_pushinteger(L, 0);
	return 1;
}

static int l_time(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)(now_ns(L) / NSEC_PER_SEC));
	return 1;
}

static int l_gettimeofday(lua_State *L)
{
	push_time(L, now_ns(L), "tv_usec", NSEC_PER_USEC);
	return 1;
}

static const luaL_Reg time_functions[] = {
	{ "clock_gettime", l_clock_gettime },
	{ "nanosleep", l_nanosleep },
	{ "time", l_time },
	{ NULL, NULL },
};
static const struct posix_const time_constants[] = {
	{ "CLOCK_REALTIME", CLOCK_REALTIME },
	{ "CLOCK_MONOTONIC", CLOCK_MONOTONIC },
	{ NULL, 0 },
};
static const luaL_Reg sys_time_functions[] = { { "gettimeofday", l_gettimeofday }, { NULL, NULL } };

int open_posix_time(lua_State *L)
{
	luaL_newlib(L, time_functions);
	posix_set_constants(L, time_constants);
	return 1;
}

int open_posix_sys_time(lua_State *L)
{
	luaL_newlib(L, sys_time_functions);
	return 1;
}

/* ---- posix ---- */

int open_posix(lua_State *L)
{
	static const lua_CFunction parts[] = { open_posix_socket,  open_posix_unistd, open_posix_poll,
					       open_posix_fcntl,   open_posix_errno,  open_posix_time,
					       open_posix_sys_time };
	lua_newtable(L);
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		parts[i](L);
		lua_pushnil(L);
		while (lua_next(L, -2)) {
			lua_pushvalue(L, -2);
			lua_insert(L, -2);
			lua_settable(L, -5);
		}
		lua_pop(L, 1);
	}
	return 1;
}
