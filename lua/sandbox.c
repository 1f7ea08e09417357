/*
 * What a script may use: an allow-list. No files, processes, clock or environment of the real machine, no
 * bytecode, no finalizers (the count hook does not run in them), no addresses.
 */
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/sim.h"
#include "lua/program.h"
#include "lua/run.h"
#include "lua/script.h"

#define MAX_QUANTIFIERS 20 /* of a pattern: matching may take time exponential in their number */

/* ---- text output ---- */

/* Writes to the program's output, or the scenario's. */
static void emit(lua_State *L, const char *s, size_t n)
{
	struct script *sc = script_of(L);
	if (sc->running)
		program_output(sc->running, s, n);
	else
		run_output(sc->run, NULL, s, n);
}

static int sb_print(lua_State *L)
{
	int n = lua_gettop(L);
	luaL_Buffer b;
	luaL_buffinit(L, &b);
	for (int i = 1; i <= n; i++) {
		if (i > 1)
			luaL_addchar(&b, '\t');
		stable_tostring(L, i, NULL);
		luaL_addvalue(&b);
	}
	luaL_addchar(&b, '\n');
	luaL_pushresult(&b);
	size_t len;
	const char *s = lua_tolstring(L, -1, &len);
	emit(L, s, len);
	return 0;
}

static int write_args(lua_State *L, int first, bool out)
{
	for (int i = first; i <= lua_gettop(L); i++) {
		size_t len;
		const char *s = luaL_checklstring(L, i, &len);
		if (out)
			emit(L, s, len);
		else
			run_error_output(script_of(L)->run, s, len);
	}
	return 0;
}

/* io.write returns the stream, so that calls can be chained. Upvalue: io.stdout. */
static int sb_write(lua_State *L)
{
	write_args(L, 1, true);
	lua_pushvalue(L, lua_upvalueindex(1));
	return 1;
}

static int stdout_write(lua_State *L)
{
	write_args(L, 2, true);
	lua_settop(L, 1);
	return 1;
}

static int stderr_write(lua_State *L)
{
	write_args(L, 2, false);
	lua_settop(L, 1);
	return 1;
}

/* Standard input is empty. */
static int stdin_read(lua_State *L)
{
	lua_pushnil(L);
	return 1;
}

static int return_true(lua_State *L)
{
	lua_pushboolean(L, true);
	return 1;
}

/* io.type: the streams are the only files. */
static int sb_io_type(lua_State *L)
{
	luaL_checkany(L, 1);
	if (luaL_getmetafield(L, 1, "__name") == LUA_TSTRING &&
	    strcmp(lua_tostring(L, -1), LUA_FILEHANDLE) == 0)
		lua_pushliteral(L, "file");
	else
		lua_pushnil(L);
	return 1;
}

/* A standard stream: a table that is named FILE*, with `name` calling `fn`. Pushed. */
static void push_stream(lua_State *L, const char *name, lua_CFunction fn)
{
	lua_newtable(L);
	lua_pushcfunction(L, fn);
	lua_setfield(L, -2, name);
	lua_pushcfunction(L, return_true);
	lua_setfield(L, -2, "flush");
	lua_pushcfunction(L, return_true);
	lua_setfield(L, -2, "setvbuf");
	lua_createtable(L, 0, 1);
	lua_pushliteral(L, LUA_FILEHANDLE);
	lua_setfield(L, -2, "__name");
	lua_setmetatable(L, -2);
}

/* ---- strings ---- */

/* Calls the original (upvalue 1) with the arguments. */
static int call_original(lua_State *L)
{
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
	return lua_gettop(L);
}

/* string.format without %p, and with objects shown by number. Upvalue: the original. */
static int sb_format(lua_State *L)
{
	size_t len;
	const char *fmt = luaL_checklstring(L, 1, &len), *end = fmt + len;
	for (const char *p = fmt; (p = memchr(p, '%', (size_t)(end - p))) && p + 1 < end; p += 2) {
		const char *c = p + 1 + strspn(p + 1, "-+ #0123456789.");
		if (*c == 'p')
			return luaL_error(
				L, "string.format: %%p is not available (addresses differ in each run)");
	}
	for (int i = 2; i <= lua_gettop(L); i++) {
		int t = lua_type(L, i);
		if (t == LUA_TTABLE || t == LUA_TFUNCTION || t == LUA_TUSERDATA || t == LUA_TTHREAD ||
		    t == LUA_TLIGHTUSERDATA) {
			stable_tostring(L, i, NULL);
			lua_replace(L, i);
		}
	}
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, 1);
	return 1;
}

/* find, match, gmatch, gsub with a bounded pattern. Upvalue: the original. */
static int sb_match(lua_State *L)
{
	size_t len;
	const char *pattern = luaL_checklstring(L, 2, &len), *end = pattern + len;
	unsigned quantifiers = 0;
	for (const char *p = pattern; p < end; p++) {
		if (*p == '%')
			p++;
		else if (*p && strchr("*+-?", *p) && p > pattern)
			quantifiers++;
	}
	if (quantifiers > MAX_QUANTIFIERS)
		return luaL_error(L, "pattern has %d quantifiers, at most %d are allowed", (int)quantifiers,
				  MAX_QUANTIFIERS);
	return call_original(L);
}

/* string.rep: nothing, often, is nothing (the original counts it out). */
static int sb_rep(lua_State *L)
{
	size_t len, seplen;
	luaL_checklstring(L, 1, &len);
	luaL_checkinteger(L, 2);
	luaL_optlstring(L, 3, "", &seplen);
	if (len + seplen == 0) {
		lua_pushliteral(L, "");
		return 1;
	}
	return call_original(L);
}

/* ---- tables ---- */

/* table.insert, table.remove: a length that a metamethod makes up could keep them busy for ever. */
static int sb_shift(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	if (luaL_getmetafield(L, 1, "__len") != LUA_TNIL)
		return luaL_error(L, "table.insert and table.remove are not available for tables with __len");
	return call_original(L);
}

/* table.move, table.concat: at most as many elements as fit into memory. Upvalue 2: place of first and last.
 */
static int sb_range(lua_State *L)
{
	int first = (int)lua_tointeger(L, lua_upvalueindex(2)), last = first + 1;
	lua_Integer from = luaL_optinteger(L, first, 1);
	if (!lua_isnoneornil(L, last)) {
		lua_Integer to = luaL_checkinteger(L, last);
		luaL_argcheck(L, to < from || (uint64_t)to - (uint64_t)from < SCRIPT_MEMORY / 8, last,
			      "too many elements");
	}
	return call_original(L);
}

static void wrap_range(lua_State *L, const char *name, int first)
{
	lua_getfield(L, -1, name);
	lua_pushinteger(L, first);
	lua_pushcclosure(L, sb_range, 2);
	lua_setfield(L, -2, name);
}

static void wrap(lua_State *L, const char *name, lua_CFunction f)
{
	lua_getfield(L, -1, name);
	lua_pushcclosure(L, f, 1);
	lua_setfield(L, -2, name);
}

/* ---- base functions ---- */

static int sb_setmetatable(lua_State *L)
{
	if (lua_istable(L, 2)) {
		lua_pushliteral(L, "__gc");
		if (lua_rawget(L, 2) != LUA_TNIL)
			return luaL_error(L, "setmetatable: __gc is not available in scenarios");
		lua_pop(L, 1);
	}
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, 1);
	return 1;
}

/* load(chunk [, name [, mode [, env]]]): text only. */
static int sb_load(lua_State *L)
{
	lua_settop(L, 4);
	if (!lua_isstring(L, 1))
		return luaL_error(L, "load: the chunk must be a string");
	size_t n;
	const char *s = lua_tolstring(L, 1, &n);
	bool has_env = !lua_isnil(L, 4);
	if (luaL_loadbufferx(L, s, n, luaL_optstring(L, 2, s), "t") != LUA_OK) {
		lua_pushnil(L);
		lua_insert(L, -2);
		return 2;
	}
	if (has_env) {
		lua_pushvalue(L, 4);
		lua_setupvalue(L, -2, 1);
	}
	return 1;
}

static int sb_collectgarbage(lua_State *L)
{
	static const char *const options[] = { "collect", "count", "step", NULL };
	switch (luaL_checkoption(L, 1, "collect", options)) {
	case 0:
		lua_gc(L, LUA_GCCOLLECT);
		lua_pushinteger(L, 0);
		break;
	case 1:
		lua_pushnumber(L, lua_gc(L, LUA_GCCOUNT));
		break;
	default:
		lua_pushboolean(L, lua_gc(L, LUA_GCSTEP, 0));
	}
	return 1;
}

/* A program's own thread must not yield: there is nobody to resume it. */
static int sb_yield(lua_State *L)
{
	struct script *s = script_of(L);
	if (L == (s->running ? s->running->co : s->run->main_co))
		return luaL_error(L, "attempt to yield from outside a coroutine");
	return lua_yield(L, lua_gettop(L));
}

static int sb_traceback(lua_State *L)
{
	luaL_traceback(L, L, luaL_optstring(L, 1, NULL), 1);
	return 1;
}

/* ---- random numbers ---- */

static int sb_random(lua_State *L)
{
	struct random *r = &script_of(L)->random;
	lua_Integer lo = 1, hi;
	switch (lua_gettop(L)) {
	case 0:
		lua_pushnumber(L, (lua_Number)(random_u64(r) >> 11) * 0x1p-53);
		return 1;
	case 1:
		hi = luaL_checkinteger(L, 1);
		if (hi == 0) {
			lua_pushinteger(L, (lua_Integer)random_u64(r));
			return 1;
		}
		break;
	default:
		lo = luaL_checkinteger(L, 1);
		hi = luaL_checkinteger(L, 2);
	}
	luaL_argcheck(L, lo <= hi, lua_gettop(L), "interval is empty");
	uint64_t span = (uint64_t)hi - (uint64_t)lo, v = random_u64(r), mask = span;
	for (unsigned shift = 1; shift < 64; shift *= 2)
		mask |= mask >> shift;
	while ((v & mask) > span)
		v = random_u64(r);
	lua_pushinteger(L, (lua_Integer)((v & mask) + (uint64_t)lo));
	return 1;
}

static int sb_randomseed(lua_State *L)
{
	(void)L; /* the run's seed decides */
	return 0;
}

/* ---- os ---- */

static lua_Integer now_seconds(lua_State *L)
{
	return (lua_Integer)(script_of(L)->run->sim->now / NSEC_PER_SEC);
}

/* A field of the table that os.time() is given; def < 0: it must be there. */
static int date_field(lua_State *L, const char *name, int def, int offset)
{
	int is_int, type = lua_getfield(L, 1, name);
	lua_Integer v = lua_tointegerx(L, -1, &is_int);
	if (!is_int && type != LUA_TNIL)
		return luaL_error(L, "field '%s' is not an integer", name);
	if (!is_int && def < 0)
		return luaL_error(L, "field '%s' missing in date table", name);
	if (is_int && (v - offset > INT32_MAX || v - offset < INT32_MIN))
		return luaL_error(L, "field '%s' is out-of-bound", name);
	lua_pop(L, 1);
	return is_int ? (int)(v - offset) : def;
}

/* os.time([{ year=, month=, day=, ... }]): the zone is UTC. The table is put in order, as Lua does. */
static int os_time(lua_State *L)
{
	if (lua_isnoneornil(L, 1)) {
		lua_pushinteger(L, now_seconds(L));
		return 1;
	}
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	struct tm t = { .tm_year = date_field(L, "year", -1, 1900),
			.tm_mon = date_field(L, "month", -1, 1),
			.tm_mday = date_field(L, "day", -1, 0),
			.tm_hour = date_field(L, "hour", 12, 0),
			.tm_min = date_field(L, "min", 0, 0),
			.tm_sec = date_field(L, "sec", 0, 0) };
	lua_Integer seconds = timegm(&t);
	const struct {
		const char *name;
		int value;
	} fields[] = { { "year", t.tm_year + 1900 }, { "month", t.tm_mon + 1 }, { "day", t.tm_mday },
		       { "hour", t.tm_hour },	     { "min", t.tm_min },	{ "sec", t.tm_sec },
		       { "yday", t.tm_yday + 1 },    { "wday", t.tm_wday + 1 } };
	for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		lua_pushinteger(L, fields[i].value);
		lua_setfield(L, 1, fields[i].name);
	}
	lua_pushboolean(L, false);
	lua_setfield(L, 1, "isdst");
	lua_pushinteger(L, seconds);
	return 1;
}

/* os.date([format [, time]]) in UTC, "!" or not. Upvalue: Lua's own. */
static int os_date(lua_State *L)
{
	const char *format = luaL_optstring(L, 1, "%c");
	lua_Integer time = lua_isnoneornil(L, 2) ? now_seconds(L) : luaL_checkinteger(L, 2);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_pushfstring(L, "!%s", *format == '!' ? format + 1 : format);
	lua_pushinteger(L, time);
	lua_call(L, 2, 1);
	return 1;
}

static int os_clock(lua_State *L)
{
	lua_pushnumber(L, (lua_Number)script_of(L)->run->sim->now / 1e9);
	return 1;
}

static int os_difftime(lua_State *L)
{
	lua_pushnumber(L, luaL_checknumber(L, 1) - luaL_checknumber(L, 2));
	return 1;
}

static int os_getenv(lua_State *L)
{
	lua_pushnil(L);
	return 1;
}

static int os_exit(lua_State *L)
{
	struct script *s = script_of(L);
	int code = lua_isboolean(L, 1) ? !lua_toboolean(L, 1) : (int)luaL_optinteger(L, 1, 0);
	if (!s->running)
		return luaL_error(
			L, "os.exit: only a program on a host can exit; a scenario ends with its script");
	return program_exit(s->running, L, code);
}

/* ---- modules ---- */

static const luaL_Reg builtin[] = {
	{ "sim", open_sim },
	{ "posix", open_posix },
	{ "posix.sys.socket", open_posix_socket },
	{ "posix.unistd", open_posix_unistd },
	{ "posix.poll", open_posix_poll },
	{ "posix.sys.epoll", open_posix_sys_epoll },
	{ "posix.sys.ioctl", open_posix_sys_ioctl },
	{ "posix.sys.select", open_posix_sys_select },
	{ "posix.sys.uio", open_posix_sys_uio },
	{ "posix.fcntl", open_posix_fcntl },
	{ "posix.errno", open_posix_errno },
	{ "posix.signal", open_posix_signal },
	{ "posix.stdio", open_posix_stdio },
	{ "posix.time", open_posix_time },
	{ "posix.sys.time", open_posix_sys_time },
	{ "posix.sys.utsname", open_posix_utsname },
	{ NULL, NULL },
};

static bool good_module_name(const char *name)
{
	bool start = true; /* a part must begin with a letter, digit or '_' */
	for (; *name; name++) {
		bool word = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
			    (*name >= '0' && *name <= '9') || *name == '_';
		if (!word && (start || (*name != '.' && *name != '-')))
			return false;
		start = *name == '.';
	}
	return !start;
}

/* The file of a module in the script's folder, pushed as a string; NULL when there is none. */
static const char *module_file(lua_State *L, const char *name)
{
	static const char *const ends[] = { ".lua", "/init.lua" };
	struct stat st;
	luaL_gsub(L, name, ".", "/");
	for (int i = 0; i < 2; i++) {
		lua_pushfstring(L, "%s%s%s", script_of(L)->dir, lua_tostring(L, -1 - i), ends[i]);
		if (stat(lua_tostring(L, -1), &st) == 0 && S_ISREG(st.st_mode))
			return lua_tostring(L, -1);
	}
	return NULL;
}

static int sb_require(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	lua_settop(L, 1);
	luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	if (lua_getfield(L, 2, name) != LUA_TNIL)
		return 1;
	lua_settop(L, 2);
	const luaL_Reg *b = builtin;
	while (b->name && strcmp(b->name, name) != 0)
		b++;
	if (b->name) {
		lua_pushcfunction(L, b->func);
	} else {
		if (!good_module_name(name))
			return luaL_error(
				L, "require: '%s' is no module name (letters, digits, '_', '-', '.')", name);
		const char *file = module_file(L, name);
		if (!file)
			return luaL_error(L,
					  "require: there is no module '%s': neither built in nor %s%s.lua",
					  name, script_of(L)->dir, name);
		run_watch(script_of(L)->run, file);
		if (script_load(L, file) != LUA_OK)
			return lua_error(L);
	}
	lua_pushvalue(L, 1);
	lua_call(L, 1, 1);
	if (lua_isnil(L, -1)) {
		lua_pop(L, 1);
		lua_pushboolean(L, 1);
	}
	lua_pushvalue(L, -1);
	lua_setfield(L, 2, name);
	return 1;
}

/* ---- opening ---- */

static void open_lib(lua_State *L, const char *name, lua_CFunction open)
{
	luaL_requiref(L, name, open, 1);
}

static void remove_fields(lua_State *L, const char *const *names)
{
	for (; *names; names++) {
		lua_pushnil(L);
		lua_setfield(L, -2, *names);
	}
}

static void set_fields(lua_State *L, const luaL_Reg *regs)
{
	luaL_setfuncs(L, regs, 0);
}

static void open_io(lua_State *L)
{
	lua_newtable(L);
	push_stream(L, "write", stdout_write);
	lua_pushvalue(L, -1);
	lua_pushcclosure(L, sb_write, 1);
	lua_setfield(L, -3, "write");
	lua_setfield(L, -2, "stdout");
	push_stream(L, "write", stderr_write);
	lua_setfield(L, -2, "stderr");
	push_stream(L, "read", stdin_read);
	lua_setfield(L, -2, "stdin");
	lua_pushcfunction(L, stdin_read);
	lua_setfield(L, -2, "read");
	lua_pushcfunction(L, sb_io_type);
	lua_setfield(L, -2, "type");
	lua_setglobal(L, "io");
}

/* What scripts like to change or look at; require() goes by none of it but `loaded`. */
static void open_package(lua_State *L)
{
	lua_newtable(L);
	luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	lua_setfield(L, -2, "loaded");
	lua_pushliteral(L, "./?.lua;./?/init.lua");
	lua_setfield(L, -2, "path");
	lua_pushliteral(L, "");
	lua_setfield(L, -2, "cpath");
	lua_pushliteral(L, "/\n;\n?\n!\n-\n");
	lua_setfield(L, -2, "config");
	lua_setglobal(L, "package");
}

void sandbox_open(lua_State *L)
{
	static const char *const no_base[] = { "dofile", "loadfile", "warn", NULL };
	static const char *const no_string[] = { "dump", NULL };
	static const luaL_Reg base[] = { { "print", sb_print },
					 { "load", sb_load },
					 { "collectgarbage", sb_collectgarbage },
					 { "require", sb_require },
					 { NULL, NULL } };
	static const luaL_Reg math[] = { { "random", sb_random },
					 { "randomseed", sb_randomseed },
					 { NULL, NULL } };
	static const luaL_Reg os[] = { { "time", os_time },	    { "clock", os_clock },
				       { "difftime", os_difftime }, { "getenv", os_getenv },
				       { "exit", os_exit },	    { NULL, NULL } };
	static const luaL_Reg debug[] = { { "traceback", sb_traceback }, { NULL, NULL } };

	open_lib(L, LUA_GNAME, luaopen_base);
	remove_fields(L, no_base);
	set_fields(L, base);
	wrap(L, "setmetatable", sb_setmetatable);
	stable_open(L);
	lua_pop(L, 1);
	open_lib(L, LUA_COLIBNAME, luaopen_coroutine);
	lua_pushcfunction(L, sb_yield);
	lua_setfield(L, -2, "yield");
	open_lib(L, LUA_TABLIBNAME, luaopen_table);
	wrap(L, "insert", sb_shift);
	wrap(L, "remove", sb_shift);
	wrap_range(L, "move", 2);
	wrap_range(L, "concat", 3);
	open_lib(L, LUA_UTF8LIBNAME, luaopen_utf8);
	open_lib(L, LUA_MATHLIBNAME, luaopen_math);
	set_fields(L, math);
	open_lib(L, LUA_STRLIBNAME, luaopen_string);
	remove_fields(L, no_string);
	wrap(L, "format", sb_format);
	wrap(L, "rep", sb_rep);
	wrap(L, "find", sb_match);
	wrap(L, "match", sb_match);
	wrap(L, "gmatch", sb_match);
	wrap(L, "gsub", sb_match);
	lua_pushliteral(L, "");
	lua_getmetatable(L, -1);
	lua_pushliteral(L, "string");
	lua_setfield(L, -2, "__metatable");
	lua_settop(L, 0);

	luaL_newlib(L, os);
	lua_pushcfunction(L, luaopen_os);
	lua_call(L, 0, 1);
	lua_getfield(L, -1, "date");
	lua_remove(L, -2);
	lua_pushcclosure(L, os_date, 1);
	lua_setfield(L, -2, "date");
	lua_setglobal(L, "os");
	luaL_newlib(L, debug);
	lua_setglobal(L, "debug");
	open_io(L);
	open_package(L);
}
