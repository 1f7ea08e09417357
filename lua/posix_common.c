/* What the posix.* modules share. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lua/posix.h"
#include "stack/kernel/signal.h"

void posix_set_constants(lua_State *L, const struct posix_const *c)
{
	for (; c->name; c++)
		posix_set_field(L, c->name, c->value);
}

const char *posix_const_name(const struct posix_const *c, lua_Integer value)
{
	for (; c->name; c++)
		if (c->value == value)
			return c->name;
	return NULL;
}

int posix_module(lua_State *L, const char *name, const luaL_Reg *functions, const struct posix_const *c)
{
	lua_newtable(L);
	luaL_setfuncs(L, functions, 0);
	if (c)
		posix_set_constants(L, c);
	lua_pushfstring(L, "%s for " LUA_VERSION " / wirepath", name);
	lua_setfield(L, -2, "version");
	return 1;
}

/* ---- arguments ---- */

int posix_arg_error(lua_State *L, int arg, const char *expected)
{
	return luaL_argerror(L, arg,
			     lua_pushfstring(L, "%s expected, got %s", expected, luaL_typename(L, arg)));
}

lua_Integer posix_check_int(lua_State *L, int arg)
{
	int ok;
	lua_Integer v = lua_tointegerx(L, arg, &ok);
	if (!ok)
		posix_arg_error(L, arg, "int");
	return v;
}

lua_Integer posix_opt_int(lua_State *L, int arg, lua_Integer def)
{
	int ok;
	if (lua_isnoneornil(L, arg))
		return def;
	lua_Integer v = lua_tointegerx(L, arg, &ok);
	if (!ok)
		posix_arg_error(L, arg, "int or nil");
	return v;
}

void posix_check_nargs(lua_State *L, int max)
{
	int n = lua_gettop(L);
	if (n > max)
		luaL_argerror(L, max + 1,
			      lua_pushfstring(L, "no more than %d argument%s expected, got %d", max,
					      max == 1 ? "" : "s", n));
}

/* Leaves the field on the stack. */
static void check_field(lua_State *L, int idx, const char *field, int type, const char *expected)
{
	if (lua_getfield(L, idx, field) != type)
		luaL_argerror(L, idx,
			      lua_pushfstring(L, "%s expected for field '%s', got %s", expected, field,
					      lua_isnil(L, -1) ? "no value" : luaL_typename(L, -1)));
}

lua_Integer posix_int_field(lua_State *L, int idx, const char *field)
{
	check_field(L, idx, field, LUA_TNUMBER, "int");
	lua_Integer v = lua_tointeger(L, -1);
	lua_pop(L, 1);
	return v;
}

lua_Integer posix_opt_int_field(lua_State *L, int idx, const char *field, lua_Integer def)
{
	bool none = lua_getfield(L, idx, field) == LUA_TNIL;
	lua_pop(L, 1);
	return none ? def : posix_int_field(L, idx, field);
}

const char *posix_string_field(lua_State *L, int idx, const char *field, size_t *len)
{
	check_field(L, idx, field, LUA_TSTRING, "string");
	const char *s = lua_tolstring(L, -1, len);
	lua_pop(L, 1); /* the table keeps it */
	return s;
}

void posix_check_fields(lua_State *L, int idx, const char *const *names)
{
	for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
		const char *const *n = names;
		if (!lua_isstring(L, -2))
			luaL_argerror(L, idx,
				      lua_pushfstring(L, "invalid %s field name", luaL_typename(L, -2)));
		lua_pushvalue(L, -2);
		const char *key = lua_tostring(L, -1);
		while (*n && strcmp(*n, key) != 0)
			n++;
		if (!*n)
			luaL_argerror(L, idx, lua_pushfstring(L, "invalid field name '%s'", key));
		lua_pop(L, 1);
	}
}

/* ---- tables ---- */

void posix_set_field(lua_State *L, const char *name, lua_Integer value)
{
	lua_pushinteger(L, value);
	lua_setfield(L, -2, name);
}

void posix_set_type(lua_State *L, const char *type)
{
	lua_createtable(L, 0, 1);
	lua_pushstring(L, type);
	lua_setfield(L, -2, "_type");
	lua_setmetatable(L, -2);
}

int posix_push_pair(lua_State *L, const char *type, const char *a, lua_Integer va, const char *b,
		    lua_Integer vb)
{
	lua_createtable(L, 0, 2);
	posix_set_field(L, a, va);
	posix_set_field(L, b, vb);
	posix_set_type(L, type);
	return 1;
}

/* ---- results ---- */

const char *posix_strerror(int err, char *buf, size_t len)
{
	const char *text = strerrordesc_np(err);
	if (text)
		return text;
	snprintf(buf, len, "Unknown error %d", err);
	return buf;
}

int posix_error(lua_State *L, const char *what, long err)
{
	char buf[40];
	if (err == -ERESTARTSYS) /* a signal that has a handler came, and the call is not begun again */
		err = -EINTR;
	const char *text = posix_strerror((int)-err, buf, sizeof(buf));
	script_of(L)->last_errno = (int)-err;
	lua_pushnil(L);
	if (what)
		lua_pushfstring(L, "%s: %s", what, text);
	else
		lua_pushstring(L, text);
	lua_pushinteger(L, -err);
	return 3;
}

int posix_result(lua_State *L, const char *what, long r)
{
	if (r < 0)
		return posix_error(L, what, r);
	lua_pushinteger(L, r);
	return 1;
}

void posix_begin(struct program *p, const char *waits_in, const char *fmt, ...)
{
	struct host *host = p->tsk->host;
	char label[128];
	va_list ap;
	p->tsk->task->waits_in = waits_in;
	if (!trace_recording(host))
		return;
	va_start(ap, fmt);
	vsnprintf(label, sizeof(label), fmt, ap);
	va_end(ap);
	trace_call(host, "%s", label);
}

bool posix_returned(struct program *p, long r)
{
	p->tsk->task->waits_in = NULL;
	trace_ret(p->tsk->host, (int32_t)r);
	signals_noticed(p->tsk);
	return !program_resumed(p);
}

bool posix_end(lua_State *L, struct program *p, long r)
{
	return posix_returned(p, r) && posix_signals(L, p);
}

int posix_leave(lua_State *L, struct program *p)
{
	return p->exiting ? program_exit(p, L, p->exit_code) : script_leave(L);
}
