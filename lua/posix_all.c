/*
 * posix: all modules in one table, with the older calls that luaposix keeps there (posix.deprecated): bind()
 * and connect() return true, times come as seconds and fractions. posix.sys.utsname.
 */
#include <string.h>

#include "lua/posix.h"
#include "lua/run.h"

/* uname(): what the simulated machine says of itself. */
static int l_uname(lua_State *L)
{
	struct program *p = program_running(L, "uname");
	const char *const fields[] = { "sysname", "Linux",   "nodename", p->host->host->name, "release",
				       "5.15.0",  "version", "#1",	 "machine",	      "armv6l" };
	posix_check_nargs(L, 0);
	lua_createtable(L, 0, 5);
	for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i += 2) {
		lua_pushstring(L, fields[i + 1]);
		lua_setfield(L, -2, fields[i]);
	}
	posix_set_type(L, "PosixUtsname");
	return 1;
}

static const luaL_Reg utsname_functions[] = { { "uname", l_uname }, { NULL, NULL } };

int open_posix_utsname(lua_State *L)
{
	return posix_module(L, "posix.sys.utsname", utsname_functions, NULL);
}

/* Given the table of all, puts the older calls into it. */
static const char legacy[] =
	"local M = ...\n"
	"local bind, connect, nanosleep = M.bind, M.connect, M.nanosleep\n"
	"local gettimeofday, clock_gettime, clock_getres = M.gettimeofday, M.clock_gettime, M.clock_getres\n"
	"local function yes(r, ...) if r == 0 then return true end return r, ... end\n"
	"function M.bind(...) return yes(bind(...)) end\n"
	"function M.connect(...) return yes(connect(...)) end\n"
	"function M.nanosleep(sec, nsec) return nanosleep { tv_sec = sec, tv_nsec = nsec } end\n"
	"function M.gettimeofday() local t = gettimeofday() return { sec = t.tv_sec, usec = t.tv_usec } end\n"
	"local function clock(name) return name == 'monotonic' and M.CLOCK_MONOTONIC or M.CLOCK_REALTIME "
	"end\n"
	"function M.clock_gettime(n) local t = clock_gettime(clock(n)) return t.tv_sec, t.tv_nsec end\n"
	"function M.clock_getres(n) local t = clock_getres(clock(n)) return t.tv_sec, t.tv_nsec end\n"
	"local ids = { pid = M.getpid, ppid = M.getppid, pgrp = M.getpgrp, uid = M.getuid, euid = "
	"M.geteuid,\n"
	"  gid = M.getgid, egid = M.getegid }\n"
	"function M.getpid(...)\n"
	"  local r = {}\n"
	"  if select('#', ...) == 0 then for k, f in pairs(ids) do r[k] = f() end return r end\n"
	"  for i, k in ipairs { ... } do\n"
	"    if not ids[k] then error(\"bad argument #\" .. i .. \" to 'getpid' (invalid option '\" .. k .. "
	"\"')\", 2) end\n"
	"    r[i] = ids[k]()\n"
	"  end\n"
	"  return table.unpack(r)\n"
	"end\n"
	"local function parts(t) return t.tv_sec or t.sec or 0, t.tv_usec or t.usec or 0 end\n"
	"local function carry(s, u)\n"
	"  while u > 1000000 do s, u = s + 1, u - 1000000 end\n"
	"  while u < 0 do s, u = s - 1, u + 1000000 end\n"
	"  return { sec = s, usec = u }\n"
	"end\n"
	"function M.timeradd(x, y) local a, b = parts(x) local c, d = parts(y) return carry(a + c, b + d) "
	"end\n"
	"function M.timersub(x, y) local a, b = parts(x) local c, d = parts(y) return carry(a - c, b - d) "
	"end\n"
	"function M.timercmp(x, y)\n"
	"  local a, b = parts(x) local c, d = parts(y)\n"
	"  return a ~= c and a - c or b - d\n"
	"end\n";

int open_posix(lua_State *L)
{
	static const lua_CFunction parts[] = { open_posix_socket, open_posix_unistd, open_posix_poll,
					       open_posix_fcntl,  open_posix_errno,  open_posix_signal,
					       open_posix_stdio,  open_posix_time,   open_posix_sys_time,
					       open_posix_utsname };
	lua_newtable(L);
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		parts[i](L);
		for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
			lua_pushvalue(L, -2);
			lua_pushvalue(L, -2);
			lua_settable(L, -6);
		}
		lua_pop(L, 1);
	}
	lua_pushliteral(L, "posix for " LUA_VERSION " / wirepath");
	lua_setfield(L, -2, "version");
	if (luaL_loadbufferx(L, legacy, sizeof(legacy) - 1, "=posix.deprecated", "t") != LUA_OK)
		return lua_error(L);
	lua_pushvalue(L, -2);
	lua_call(L, 1, 0);
	return 1;
}
