/*
 * pairs, next and tostring that do not depend on the run: keys come in a fixed order (numbers, strings,
 * booleans, then objects in the order in which they lie in the state's arena), and objects are named by a
 * number that they get when they are first shown.
 *
 * Lua seeds its string hash from an address and the clock, so the built-in order differs in each run.
 */
#include <lauxlib.h>
#include <string.h>

#include "lua/script.h"

#define CACHE_KEY "wirepath.next"  /* registry: { table, keys, position } of the walk by next() */
#define NAMES_KEY "wirepath.names" /* registry: object -> number, weak keys */

static int type_order(int type)
{
	switch (type) {
	case LUA_TNUMBER:
		return 0;
	case LUA_TSTRING:
		return 1;
	case LUA_TBOOLEAN:
		return 2;
	default:
		return 3;
	}
}

/* Does the key at index a come before the one at b? */
static bool key_less(lua_State *L, int a, int b)
{
	int ta = lua_type(L, a), tb = lua_type(L, b);
	if (type_order(ta) != type_order(tb))
		return type_order(ta) < type_order(tb);
	switch (ta) {
	case LUA_TNUMBER:
		return lua_compare(L, a, b, LUA_OPLT);
	case LUA_TSTRING: {
		size_t na, nb;
		const char *x = lua_tolstring(L, a, &na), *y = lua_tolstring(L, b, &nb);
		int c = memcmp(x, y, na < nb ? na : nb); /* bytes, not the locale's order */
		return c ? c < 0 : na < nb;
	}
	case LUA_TBOOLEAN:
		return !lua_toboolean(L, a) && lua_toboolean(L, b);
	default:
		return lua_topointer(L, a) < lua_topointer(L, b);
	}
}

/* Sorts positions lo..hi (1-based) of the array at index `arr`: heap sort, in place, no recursion. */
static void sift(lua_State *L, int arr, lua_Integer root, lua_Integer n)
{
	for (;;) {
		lua_Integer child = 2 * root;
		if (child > n)
			return;
		lua_rawgeti(L, arr, child);
		if (child < n) {
			lua_rawgeti(L, arr, child + 1);
			if (key_less(L, -2, -1)) {
				lua_remove(L, -2);
				child++;
			} else {
				lua_pop(L, 1);
			}
		}
		lua_rawgeti(L, arr, root);
		if (!key_less(L, -1, -2)) {
			lua_pop(L, 2);
			return;
		}
		lua_rawseti(L, arr, child);
		lua_rawseti(L, arr, root);
		root = child;
	}
}

static void sort_keys(lua_State *L, int arr, lua_Integer n)
{
	for (lua_Integer i = n / 2; i >= 1; i--)
		sift(L, arr, i, n);
	for (lua_Integer end = n; end > 1; end--) {
		lua_rawgeti(L, arr, 1);
		lua_rawgeti(L, arr, end);
		lua_rawseti(L, arr, 1);
		lua_rawseti(L, arr, end);
		sift(L, arr, 1, end - 1);
	}
}

/* Pushes an array of the keys of the table at `idx`, in order. */
static lua_Integer push_keys(lua_State *L, int idx)
{
	lua_Integer n = 0;
	bool sorted = true;
	idx = lua_absindex(L, idx);
	lua_newtable(L);
	int arr = lua_gettop(L);
	lua_pushnil(L);
	while (lua_next(L, idx)) {
		lua_pop(L, 1);
		if (n > 0 && sorted) {
			lua_rawgeti(L, arr, n);
			sorted = key_less(L, -1, -2);
			lua_pop(L, 1);
		}
		lua_pushvalue(L, -1);
		lua_rawseti(L, arr, ++n);
	}
	if (!sorted)
		sort_keys(L, arr, n);
	return n;
}

/* Iterator of pairs(): upvalues table, keys, position. */
static int pairs_step(lua_State *L)
{
	lua_Integer at = lua_tointeger(L, lua_upvalueindex(3));
	for (;;) {
		at++;
		if (lua_rawgeti(L, lua_upvalueindex(2), at) == LUA_TNIL)
			return 1;
		lua_pushvalue(L, -1);
		if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
			break;
		lua_pop(L, 2); /* removed meanwhile */
	}
	lua_pushinteger(L, at);
	lua_replace(L, lua_upvalueindex(3));
	return 2;
}

static int stable_pairs(lua_State *L)
{
	luaL_checkany(L, 1);
	if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
		lua_pushvalue(L, 1);
		lua_call(L, 1, 3);
		return 3;
	}
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_pushvalue(L, 1);
	push_keys(L, 1);
	lua_pushinteger(L, 0);
	lua_pushcclosure(L, pairs_step, 3);
	lua_pushvalue(L, 1);
	lua_pushnil(L);
	return 3;
}

/* next(t, k): the walk in progress is remembered, so a loop over next() costs as much as pairs(). */
static int stable_next(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 2);
	if (lua_isnil(L, 2)) {
		lua_pushnil(L);
		if (!lua_next(L, 1)) {
			lua_pushnil(L);
			return 1;
		}
		lua_settop(L, 2);
	}
	lua_getfield(L, LUA_REGISTRYINDEX, CACHE_KEY); /* 3 */
	lua_rawgeti(L, 3, 1);			       /* 4: table */
	lua_rawgeti(L, 3, 2);			       /* 5: keys */
	lua_rawgeti(L, 3, 3);
	lua_Integer at = lua_tointeger(L, 6);
	bool known = lua_rawequal(L, 4, 1) && !lua_isnil(L, 2);
	if (known) {
		lua_rawgeti(L, 5, at);
		known = lua_rawequal(L, -1, 2);
	}
	if (!known) {
		lua_settop(L, 3);
		lua_pushvalue(L, 1);
		lua_Integer n = push_keys(L, 1);
		at = 0;
		while (!lua_isnil(L, 2) && at <= n) {
			if (at == n)
				return luaL_error(L, "invalid key to 'next'");
			lua_rawgeti(L, 5, ++at);
			bool found = lua_rawequal(L, -1, 2) ||
				     (lua_type(L, -1) == LUA_TNUMBER && lua_compare(L, -1, 2, LUA_OPEQ));
			lua_pop(L, 1);
			if (found)
				break;
		}
		lua_pushvalue(L, 1);
		lua_rawseti(L, 3, 1);
		lua_pushvalue(L, 5);
		lua_rawseti(L, 3, 2);
	}
	for (;;) {
		lua_settop(L, 5);
		if (lua_rawgeti(L, 5, ++at) == LUA_TNIL)
			return 1;
		lua_pushvalue(L, -1);
		if (lua_rawget(L, 1) != LUA_TNIL)
			break;
	}
	lua_pushinteger(L, at);
	lua_rawseti(L, 3, 3);
	return 2;
}

/* The number by which an object is named. */
static lua_Integer object_number(lua_State *L, int idx)
{
	idx = lua_absindex(L, idx);
	lua_getfield(L, LUA_REGISTRYINDEX, NAMES_KEY);
	lua_pushvalue(L, idx);
	if (lua_rawget(L, -2) == LUA_TNIL) {
		lua_pop(L, 1);
		lua_pushvalue(L, idx);
		lua_pushinteger(L, ++script_of(L)->next_object);
		lua_rawset(L, -3);
		lua_pushinteger(L, script_of(L)->next_object);
	}
	lua_Integer n = lua_tointeger(L, -1);
	lua_pop(L, 2);
	return n;
}

const char *stable_tostring(lua_State *L, int idx, size_t *len)
{
	idx = lua_absindex(L, idx);
	int type = lua_type(L, idx);
	if (luaL_callmeta(L, idx, "__tostring")) {
		if (!lua_isstring(L, -1))
			luaL_error(L, "'__tostring' must return a string");
		return lua_tolstring(L, -1, len);
	}
	if (type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TBOOLEAN || type == LUA_TNIL)
		return luaL_tolstring(L, idx, len);
	const char *kind = luaL_typename(L, idx);
	if (luaL_getmetafield(L, idx, "__name") == LUA_TSTRING)
		kind = lua_tostring(L, -1);
	lua_pushfstring(L, "%s#%I", kind, (LUAI_UACINT)object_number(L, idx));
	return lua_tolstring(L, -1, len);
}

static int lua_stable_tostring(lua_State *L)
{
	luaL_checkany(L, 1);
	stable_tostring(L, 1, NULL);
	return 1;
}

void stable_open(lua_State *L)
{
	lua_newtable(L);
	lua_newtable(L);
	lua_pushliteral(L, "k");
	lua_setfield(L, -2, "__mode");
	lua_setmetatable(L, -2);
	lua_setfield(L, LUA_REGISTRYINDEX, NAMES_KEY);
	lua_createtable(L, 3, 0);
	lua_setfield(L, LUA_REGISTRYINDEX, CACHE_KEY);
	lua_pushcfunction(L, stable_pairs);
	lua_setfield(L, -2, "pairs");
	lua_pushcfunction(L, stable_next);
	lua_setfield(L, -2, "next");
	lua_pushcfunction(L, lua_stable_tostring);
	lua_setfield(L, -2, "tostring");
}
