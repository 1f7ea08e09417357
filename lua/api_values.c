/* Reads times, rates and probabilities. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/link.h"
#include "core/trace.h"
#include "lua/api.h"

uint64_t api_check_time(lua_State *L, int idx, const char *what)
{
	uint64_t ns;
	if (lua_type(L, idx) == LUA_TNUMBER) {
		lua_Number s = lua_tonumber(L, idx);
		if (s >= 0 && s < 1e9)
			return (uint64_t)llround(s * 1e9);
	} else if (lua_type(L, idx) == LUA_TSTRING && trace_parse_time(lua_tostring(L, idx), &ns)) {
		return ns;
	}
	luaL_error(L, "%s is no time: give \"10ms\", \"2s\" or a number of seconds", what);
	return 0;
}

uint64_t api_check_rate(lua_State *L, int idx, const char *what)
{
	static const struct {
		const char *unit;
		double factor;
	} units[] = { { "", 1 },       { "bit", 1 },	{ "kbit", 1e3 }, { "Kbit", 1e3 },
		      { "Mbit", 1e6 }, { "mbit", 1e6 }, { "Gbit", 1e9 }, { "gbit", 1e9 } };
	if (lua_type(L, idx) == LUA_TNUMBER) {
		lua_Number n = lua_tonumber(L, idx);
		if (n >= 1 && n <= 1e13)
			return (uint64_t)n;
	} else if (lua_type(L, idx) == LUA_TSTRING) {
		char *end;
		double n = strtod(lua_tostring(L, idx), &end);
		for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++)
			if (strcmp(end, units[i].unit) == 0 && n * units[i].factor >= 1 &&
			    n * units[i].factor <= 1e13)
				return (uint64_t)llround(n * units[i].factor);
	}
	luaL_error(L, "%s is no rate: give \"100Mbit\", \"1Gbit\" or bits per second", what);
	return 0;
}

uint32_t api_check_chance(lua_State *L, int idx, const char *what)
{
	double p = -1;
	if (lua_type(L, idx) == LUA_TNUMBER) {
		p = lua_tonumber(L, idx);
	} else if (lua_type(L, idx) == LUA_TSTRING) {
		char *end;
		p = strtod(lua_tostring(L, idx), &end);
		if (strcmp(end, "%") == 0)
			p /= 100;
		else if (*end)
			p = -1;
	}
	if (!(p >= 0 && p <= 1))
		luaL_error(L, "%s is no probability: give 0 to 1, or \"10%%\"", what);
	return (uint32_t)llround(p * PPB);
}

struct run *api_scenario_only(lua_State *L, const char *fn)
{
	struct script *s = script_of(L);
	if (!s->run->main_co || s->L != script_of(s->run->main_co)->L)
		luaL_error(L, "%s: only the scenario's own script can call this, not a program file", fn);
	return s->run;
}
