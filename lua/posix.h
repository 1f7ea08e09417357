/* Shared by the posix.* modules: luaposix's ways of returning, and calls into the stack. */
#ifndef LUA_POSIX_H
#define LUA_POSIX_H

#include <lauxlib.h>

#include "core/host.h"
#include "lua/program.h"
#include "lua/script.h"
#include "stack/application/syscalls.h"

struct posix_const {
	const char *name;
	lua_Integer value;
};

void posix_set_constants(lua_State *L, const struct posix_const *c);

/* `nil, "connect: Connection refused", 111` for -ECONNREFUSED; `what` NULL: no prefix. */
int posix_error(lua_State *L, const char *what, long err);

/* The result r >= 0, or the error. */
int posix_result(lua_State *L, const char *what, long r);

/* Begins and ends a system call: the markers in the trace, and what the task waits in. posix_end() returns
 * false when the program is to be left: `return script_leave(L)`. */
void posix_begin(struct program *p, const char *waits_in, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool posix_end(struct program *p, long r);

#endif
