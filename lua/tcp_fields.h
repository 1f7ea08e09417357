/* The fields of TCP_INFO by name, for scripts of all kinds. */
#ifndef LUA_TCP_FIELDS_H
#define LUA_TCP_FIELDS_H

#include <lua.h>

#define TCP_FIELDS_SIZE 232 /* bytes that getsockopt(TCP_INFO) returns */

/* Calls set(L, "tcpi_rtt", value) for each field. */
void tcp_fields(lua_State *L, const void *info, void (*set)(lua_State *L, const char *name, lua_Integer v));

#endif
