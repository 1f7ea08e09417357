/* What the posix.* modules share. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lua/posix.h"

void posix_set_constants(lua_State *L, const struct posix_const *c)
{
	for (; c->name; c++) {
		lua_pushinteger(L, c->value);
		lua_setfield(L, -2, c->name);
	}
}

int posix_error(lua_State *L, const char *what, long err)
{
	const char *text = strerrordesc_np((int)-err);
	lua_pushnil(L);
	if (what)
		lua_pushfstring(L, "%s: %s", what, text ? text : "Unknown error");
	else
		lua_pushstring(L, text ? text : "Unknown error");
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

bool posix_end(struct program *p, long r)
{
	p->tsk->task->waits_in = NULL;
	trace_ret(p->tsk->host, (int32_t)r);
	return !program_resumed(p);
}
