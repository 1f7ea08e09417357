/* Shared by the modules of the scenario API: times, rates and probabilities as users write them. */
#ifndef LUA_API_H
#define LUA_API_H

#include <lauxlib.h>

#include "lua/run.h"
#include "lua/script.h"

/* "10ms", "2s", or a number of seconds. Raises an error that names `what`. */
uint64_t api_check_time(lua_State *L, int idx, const char *what);
/* "100Mbit", "1Gbit", "64kbit", or bits per second. */
uint64_t api_check_rate(lua_State *L, int idx, const char *what);
/* 0.1 or "10%", in parts per thousand million. */
uint32_t api_check_chance(lua_State *L, int idx, const char *what);

/* The network module: adds network() to the table on top of the stack (lua/api_net.c). */
void api_net_open(lua_State *L);

/* Raises an error unless this is the scenario's own state. */
struct run *api_scenario_only(lua_State *L, const char *fn);

#endif
