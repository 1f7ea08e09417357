/* posix.time, posix.sys.time, posix.errno. Time is virtual; the epoch is the start of the run, the zone UTC.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "lua/posix.h"
#include "lua/run.h"

static uint64_t now_ns(lua_State *L)
{
	return script_of(L)->run->sim->now;
}

static int push_timespec(lua_State *L, uint64_t ns)
{
	return posix_push_pair(L, "PosixTimespec", "tv_sec", (lua_Integer)(ns / NSEC_PER_SEC), "tv_nsec",
			       (lua_Integer)(ns % NSEC_PER_SEC));
}

static int l_clock_gettime(lua_State *L)
{
	lua_Integer clk = posix_check_int(L, 1);
	posix_check_nargs(L, 1);
	return clk < 0 || clk > CLOCK_TAI ? posix_error(L, "clock_gettime", -EINVAL)
					  : push_timespec(L, now_ns(L));
}

static int l_clock_getres(lua_State *L)
{
	lua_Integer clk = posix_check_int(L, 1);
	posix_check_nargs(L, 1);
	return clk < 0 || clk > CLOCK_TAI ? posix_error(L, "clock_getres", -EINVAL) : push_timespec(L, 1);
}

bool posix_sleep_until(lua_State *L, struct program *p, uint64_t until, uint64_t *left)
{
	ktime_t expires = (ktime_t)until;
	p->tsk->task->waits_in = "sleep";
	set_current_state(p->tsk->host, TASK_INTERRUPTIBLE);
	int r = schedule_hrtimeout(p->tsk->host, &expires);
	p->tsk->task->waits_in = NULL;
	uint64_t now = host_now(p->tsk->host);
	*left = r && until > now ? until - now : 0;
	return !program_resumed(p) && posix_signals(L, p);
}

static int l_nanosleep(lua_State *L)
{
	static const char *const fields[] = { "tv_sec", "tv_nsec", NULL };
	struct program *p = program_running(L, "nanosleep");
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_Integer s = posix_opt_int_field(L, 1, "tv_sec", 0), ns = posix_opt_int_field(L, 1, "tv_nsec", 0);
	posix_check_fields(L, 1, fields);
	posix_check_nargs(L, 1);
	if (s < 0 || ns < 0 || ns >= (lua_Integer)NSEC_PER_SEC)
		return posix_error(L, "nanosleep", -EINVAL);
	uint64_t left, until = host_now(p->tsk->host) + (uint64_t)s * NSEC_PER_SEC + (uint64_t)ns;
	if (!posix_sleep_until(L, p, until, &left))
		return posix_leave(L, p);
	if (left) {
		posix_error(L, "nanosleep", -EINTR);
		return 3 + push_timespec(L, left);
	}
	lua_pushinteger(L, 0);
	return 1;
}

static int l_time(lua_State *L)
{
	posix_check_nargs(L, 0);
	lua_pushinteger(L, (lua_Integer)(now_ns(L) / NSEC_PER_SEC));
	return 1;
}

/* ---- calendar ---- */

static const char *const tm_fields[] = { "tm_sec",  "tm_min",  "tm_hour",  "tm_mday",	"tm_mon",  "tm_year",
					 "tm_wday", "tm_yday", "tm_isdst", "tm_gmtoff", "tm_zone", NULL };

static int *tm_member(struct tm *t, int i)
{
	int *const members[] = { &t->tm_sec,  &t->tm_min,  &t->tm_hour, &t->tm_mday, &t->tm_mon,
				 &t->tm_year, &t->tm_wday, &t->tm_yday, &t->tm_isdst };
	return members[i];
}

static int push_tm(lua_State *L, struct tm *t)
{
	lua_createtable(L, 0, 9);
	for (int i = 0; i < 9; i++)
		posix_set_field(L, tm_fields[i], *tm_member(t, i));
	posix_set_type(L, "PosixTm");
	return 1;
}

static int broken_down(lua_State *L, const char *what)
{
	struct tm t;
	time_t epoch = posix_check_int(L, 1);
	posix_check_nargs(L, 1);
	return gmtime_r(&epoch, &t) ? push_tm(L, &t) : posix_error(L, what, -EOVERFLOW);
}

/* Two functions, so that errors tell which. */
static int l_gmtime(lua_State *L)
{
	return broken_down(L, "gmtime");
}

static int l_localtime(lua_State *L)
{
	return broken_down(L, "localtime");
}

static void get_tm(lua_State *L, int idx, struct tm *t)
{
	luaL_checktype(L, idx, LUA_TTABLE);
	memset(t, 0, sizeof(*t));
	for (int i = 0; i < 9; i++)
		*tm_member(t, i) = (int)posix_opt_int_field(L, idx, tm_fields[i], 0);
	t->tm_zone = "UTC";
	posix_check_fields(L, idx, tm_fields);
}

static int l_mktime(lua_State *L)
{
	struct tm t;
	posix_check_nargs(L, 1);
	get_tm(L, 1, &t);
	lua_pushinteger(L, timegm(&t));
	return 1;
}

static int l_strftime(lua_State *L)
{
	char text[256];
	struct tm t;
	const char *format = luaL_checkstring(L, 1);
	get_tm(L, 2, &t);
	posix_check_nargs(L, 2);
	lua_pushlstring(L, text, strftime(text, sizeof(text), format, &t));
	return 1;
}

/* strptime(text, format): the time, and where the text goes on; nothing: it does not fit. */
static int l_strptime(lua_State *L)
{
	struct tm t = { 0 };
	const char *text = luaL_checkstring(L, 1), *format = luaL_checkstring(L, 2);
	posix_check_nargs(L, 2);
	const char *end = strptime(text, format, &t);
	if (!end)
		return 0;
	push_tm(L, &t);
	lua_pushinteger(L, end - text + 1);
	return 2;
}

static const luaL_Reg time_functions[] = {
	{ "clock_getres", l_clock_getres },
	{ "clock_gettime", l_clock_gettime },
	{ "gmtime", l_gmtime },
	{ "localtime", l_localtime },
	{ "mktime", l_mktime },
	{ "nanosleep", l_nanosleep },
	{ "strftime", l_strftime },
	{ "strptime", l_strptime },
	{ "time", l_time },
	{ NULL, NULL },
};
static const struct posix_const time_constants[] = {
	{ "CLOCK_REALTIME", CLOCK_REALTIME },
	{ "CLOCK_MONOTONIC", CLOCK_MONOTONIC },
	{ "CLOCK_PROCESS_CPUTIME_ID", CLOCK_PROCESS_CPUTIME_ID },
	{ "CLOCK_THREAD_CPUTIME_ID", CLOCK_THREAD_CPUTIME_ID },
	{ NULL, 0 },
};

int open_posix_time(lua_State *L)
{
	return posix_module(L, "posix.time", time_functions, time_constants);
}

/* ---- posix.sys.time ---- */

static int l_gettimeofday(lua_State *L)
{
	uint64_t ns = now_ns(L);
	posix_check_nargs(L, 0);
	return posix_push_pair(L, "PosixTimeval", "tv_sec", (lua_Integer)(ns / NSEC_PER_SEC), "tv_usec",
			       (lua_Integer)(ns % NSEC_PER_SEC / NSEC_PER_USEC));
}

static const luaL_Reg sys_time_functions[] = { { "gettimeofday", l_gettimeofday }, { NULL, NULL } };

int open_posix_sys_time(lua_State *L)
{
	return posix_module(L, "posix.sys.time", sys_time_functions, NULL);
}

/* ---- posix.errno ---- */

/* errno([n]): the message and the number, by default of the last call that failed. */
static int l_errno(lua_State *L)
{
	char buf[40];
	int n = (int)posix_opt_int(L, 1, script_of(L)->last_errno);
	posix_check_nargs(L, 1);
	lua_pushstring(L, posix_strerror(n, buf, sizeof(buf)));
	lua_pushinteger(L, n);
	return 2;
}

static int l_set_errno(lua_State *L)
{
	script_of(L)->last_errno = (int)posix_check_int(L, 1);
	posix_check_nargs(L, 1);
	return 0;
}

static const luaL_Reg errno_functions[] = { { "errno", l_errno },
					    { "set_errno", l_set_errno },
					    { NULL, NULL } };

int open_posix_errno(lua_State *L)
{
	posix_module(L, "posix.errno", errno_functions, NULL);
	for (int n = 1; n < 134; n++) {
		const char *name = strerrorname_np(n);
		if (name)
			posix_set_field(L, name, n);
	}
	posix_set_field(L, "EWOULDBLOCK", EWOULDBLOCK);
	posix_set_field(L, "ENOTSUP", ENOTSUP);
	posix_set_field(L, "EOPNOTSUPP", EOPNOTSUPP);
	return 1;
}
