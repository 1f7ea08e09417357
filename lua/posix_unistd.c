/*
 * posix.unistd: descriptors, sleeping, who the process is. What would need files, terminals or other
 * processes of a machine is not there; fork() says what to do instead.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lua/posix.h"
#include "lua/run.h"
#include "stack/kernel/signal.h"

/* A call with a descriptor as its only argument. */
static int with_fd(lua_State *L, const char *what, long (*call)(struct task_struct *tsk, unsigned int fd))
{
	struct program *p = program_running(L, what);
	unsigned fd = (unsigned)posix_check_int(L, 1);
	posix_check_nargs(L, 1);
	posix_begin(p, what, "%s", what);
	long r = call(p->tsk, fd);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	return posix_result(L, NULL, r);
}

static int l_close(lua_State *L)
{
	return with_fd(L, "close", sys_close);
}

static int l_dup(lua_State *L)
{
	return with_fd(L, "dup", sys_dup);
}

static int l_dup2(lua_State *L)
{
	struct program *p = program_running(L, "dup2");
	unsigned from = (unsigned)posix_check_int(L, 1), to = (unsigned)posix_check_int(L, 2);
	posix_check_nargs(L, 2);
	posix_begin(p, "dup2", "dup2");
	long r = sys_dup2(p->tsk, from, to);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	return posix_result(L, NULL, r);
}

static int l_pipe(lua_State *L)
{
	struct program *p = program_running(L, "pipe");
	int fds[2];
	posix_check_nargs(L, 0);
	posix_begin(p, "pipe", "pipe");
	long r = sys_pipe(p->tsk, fds);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	if (r < 0)
		return posix_error(L, "pipe", r);
	lua_pushinteger(L, fds[0]);
	lua_pushinteger(L, fds[1]);
	return 2;
}

static int l_read(lua_State *L)
{
	struct program *p = program_running(L, "read");
	unsigned fd = (unsigned)posix_check_int(L, 1);
	size_t n = (size_t)posix_check_int(L, 2);
	posix_check_nargs(L, 2);
	if (n > POSIX_MAX_BUFFER)
		return posix_error(L, "lalloc", -ENOMEM);
	luaL_Buffer b;
	char *to = luaL_buffinitsize(L, &b, n ? n : 1);
	posix_begin(p, "read", "read(%zu)", n);
	long r = sys_read(p->tsk, fd, to, n);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	if (r < 0)
		return posix_error(L, NULL, r);
	luaL_pushresultsize(&b, (size_t)r);
	return 1;
}

/* The program's own output: descriptors 1 and 2 as long as they are not another file. */
static bool is_output(struct program *p, unsigned fd)
{
	return (fd == 1 || fd == 2) && fd_is_standard(p->tsk, fd);
}

static int l_write(lua_State *L)
{
	struct program *p = program_running(L, "write");
	unsigned fd = (unsigned)posix_check_int(L, 1);
	size_t len;
	const char *data = luaL_checklstring(L, 2, &len);
	lua_Integer offset = posix_opt_int(L, 4, 0);
	lua_Integer n = posix_opt_int(L, 3, (lua_Integer)len - (offset > 0 ? offset : 0));
	posix_check_nargs(L, 4);
	if (offset < 0 || n < 0 || offset + n > (lua_Integer)len) {
		lua_Integer bad = offset + n < 0 || offset + n > (lua_Integer)len ? offset + n : offset;
		script_of(L)->last_errno = EINVAL;
		lua_pushnil(L);
		lua_pushfstring(L, "write: invalid attempt to access offset %d in a buffer of length %d",
				(int)bad, (int)len);
		lua_pushinteger(L, EINVAL);
		return 3;
	}
	if (is_output(p, fd)) {
		if (fd == 1)
			program_output(p, data + offset, (size_t)n);
		else
			run_error_output(p->run, data + offset, (size_t)n);
		lua_pushinteger(L, n);
		return 1;
	}
	posix_begin(p, "write", "write(%lld)", (long long)n);
	long r = sys_write(p->tsk, fd, data + offset, (size_t)n);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	return posix_result(L, NULL, r);
}

static int l_lseek(lua_State *L)
{
	struct program *p = program_running(L, "lseek");
	unsigned fd = (unsigned)posix_check_int(L, 1);
	posix_check_int(L, 2);
	posix_check_int(L, 3);
	posix_check_nargs(L, 3);
	return posix_error(L, NULL, sys_fcntl(p->tsk, fd, F_GETFD, 0) < 0 ? -EBADF : -ESPIPE);
}

static int l_isatty(lua_State *L)
{
	struct program *p = program_running(L, "isatty");
	unsigned fd = (unsigned)posix_check_int(L, 1);
	posix_check_nargs(L, 1);
	bool open = fd <= 2 || sys_fcntl(p->tsk, fd, F_GETFD, 0) >= 0;
	return posix_error(L, "isatty", open ? -ENOTTY : -EBADF);
}

/* sleep(seconds): 0, or what is left when a signal came. */
static int l_sleep(lua_State *L)
{
	struct program *p = program_running(L, "sleep");
	lua_Integer s = posix_check_int(L, 1);
	posix_check_nargs(L, 1);
	uint64_t until = host_now(p->tsk->host) + (uint64_t)(uint32_t)s * NSEC_PER_SEC, left;
	if (!posix_sleep_until(L, p, until, &left))
		return posix_leave(L, p);
	lua_pushinteger(L, (lua_Integer)(left / NSEC_PER_SEC));
	return 1;
}

static int l_alarm(lua_State *L)
{
	struct program *p = program_running(L, "alarm");
	unsigned seconds = (unsigned)posix_check_int(L, 1);
	posix_check_nargs(L, 1);
	lua_pushinteger(L, sys_alarm(p->tsk, seconds));
	return 1;
}

static int l_exit(lua_State *L)
{
	struct program *p = program_running(L, "_exit");
	int code = (int)posix_check_int(L, 1);
	posix_check_nargs(L, 1);
	return program_exit(p, L, code & 0xff);
}

static int l_getpid(lua_State *L)
{
	posix_check_nargs(L, 0);
	lua_pushinteger(L, program_running(L, "getpid")->tsk->task->pid);
	return 1;
}

/* All programs are root's, and init's children. */
static int l_root(lua_State *L)
{
	posix_check_nargs(L, 0);
	lua_pushinteger(L, 0);
	return 1;
}

static int l_getppid(lua_State *L)
{
	posix_check_nargs(L, 0);
	lua_pushinteger(L, 1);
	return 1;
}

static int l_fork(lua_State *L)
{
	return luaL_error(L, "fork: a program is one task; start the other one with host:exec or host:run");
}

static int l_sysconf(lua_State *L)
{
	lua_Integer key = posix_check_int(L, 1);
	posix_check_nargs(L, 1);
	lua_pushinteger(L, key == _SC_OPEN_MAX	 ? 1024
			   : key == _SC_CLK_TCK	 ? 100
			   : key == _SC_PAGESIZE ? 4096
						 : -1);
	return 1;
}

static const luaL_Reg functions[] = {
	{ "_exit", l_exit },  { "alarm", l_alarm },    { "close", l_close },	 { "dup", l_dup },
	{ "dup2", l_dup2 },   { "fork", l_fork },      { "getegid", l_root },	 { "geteuid", l_root },
	{ "getgid", l_root }, { "getpgrp", l_getpid }, { "getpid", l_getpid },	 { "getppid", l_getppid },
	{ "getuid", l_root }, { "isatty", l_isatty },  { "lseek", l_lseek },	 { "pipe", l_pipe },
	{ "read", l_read },   { "sleep", l_sleep },    { "sysconf", l_sysconf }, { "write", l_write },
	{ NULL, NULL },
};
static const struct posix_const constants[] = {
	{ "STDIN_FILENO", 0 },
	{ "STDOUT_FILENO", 1 },
	{ "STDERR_FILENO", 2 },
	{ "SEEK_SET", SEEK_SET },
	{ "SEEK_CUR", SEEK_CUR },
	{ "SEEK_END", SEEK_END },
	{ "_SC_CLK_TCK", _SC_CLK_TCK },
	{ "_SC_OPEN_MAX", _SC_OPEN_MAX },
	{ "_SC_PAGESIZE", _SC_PAGESIZE },
	{ NULL, 0 },
};

int open_posix_unistd(lua_State *L)
{
	return posix_module(L, "posix.unistd", functions, constants);
}

/* ---- posix.stdio ---- */

/* fileno(io.stdout); the standard streams are the only files. */
static int l_fileno(lua_State *L)
{
	static const char *const streams[] = { "stdin", "stdout", "stderr" };
	posix_check_nargs(L, 1);
	lua_getglobal(L, "io");
	for (int i = 0; i < 3 && lua_istable(L, -1); i++) {
		lua_getfield(L, -1, streams[i]);
		bool it = lua_istable(L, 1) && lua_rawequal(L, 1, -1);
		lua_pop(L, 1);
		if (it) {
			lua_pushinteger(L, i);
			return 1;
		}
	}
	return posix_arg_error(L, 1, "FILE*");
}

static const luaL_Reg stdio_functions[] = { { "fileno", l_fileno }, { NULL, NULL } };
static const struct posix_const stdio_constants[] = {
	{ "BUFSIZ", BUFSIZ }, { "EOF", EOF },	    { "_IOFBF", _IOFBF },
	{ "_IOLBF", _IOLBF }, { "_IONBF", _IONBF }, { NULL, 0 },
};

int open_posix_stdio(lua_State *L)
{
	return posix_module(L, "posix.stdio", stdio_functions, stdio_constants);
}
