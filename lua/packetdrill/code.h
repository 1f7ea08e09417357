/* The part of %{ code }% that runs in a task of the host. Private to this folder. */
#ifndef LUA_PACKETDRILL_CODE_H
#define LUA_PACKETDRILL_CODE_H

#include <lua.h>

#include "lua/packetdrill/run.h"

/* Reads struct tcp_info and SO_MEMINFO of a socket into variables. */
void pd_code_look(struct pd_caller *caller, int fd);

/* Calls set() with each symbol that code may use. */
void pd_each_symbol(lua_State *L, void (*set)(lua_State *L, const char *name, lua_Integer value));

#endif
