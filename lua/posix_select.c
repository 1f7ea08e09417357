/*
 * posix.sys.select: select and pselect. luaposix has neither; this follows its manners, with lists of
 * descriptors for C's sets.
 *
 *	rd, wr, ex, left = select({ fd1, fd2 }, { fd3 }, nil [, { tv_sec = 1, tv_usec = 0 }])
 *	rd, wr, ex, left = pselect(rd, wr, ex [, { tv_sec = 1, tv_nsec = 0 }])
 *
 * What is ready comes in the order of the lists that were given; `left`: what is left of the time.
 */
#include <sys/select.h>

#include "lua/posix.h"

#define SETS 3 /* to read, to write, exceptional */

/* One more than the highest descriptor in the list at `idx`; `set` is filled, `*given`: there is a list. */
static int get_set(lua_State *L, int idx, fd_set *set, bool *given)
{
	int n = 0;
	FD_ZERO(set);
	*given = !lua_isnoneornil(L, idx);
	if (!*given)
		return 0;
	luaL_checktype(L, idx, LUA_TTABLE);
	for (lua_Integer i = 1; lua_rawgeti(L, idx, i) != LUA_TNIL; i++) {
		luaL_argcheck(L, lua_isinteger(L, -1), idx, "contains non-integer value(s)");
		lua_Integer fd = lua_tointeger(L, -1);
		luaL_argcheck(L, fd >= 0 && fd < FD_SETSIZE, idx,
			      "contains a descriptor that is not below FD_SETSIZE (1024)");
		FD_SET((int)fd, set);
		if (fd >= n)
			n = (int)fd + 1;
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
	return n;
}

/* The descriptors of the list at `idx` that are in the set. */
static void push_set(lua_State *L, int idx, fd_set *set, bool given)
{
	lua_Integer n = 0;
	lua_newtable(L);
	for (lua_Integer i = 1; given && lua_rawgeti(L, idx, i) != LUA_TNIL; i++) {
		if (FD_ISSET((int)lua_tointeger(L, -1), set))
			lua_rawseti(L, -2, ++n);
		else
			lua_pop(L, 1);
	}
	if (given)
		lua_pop(L, 1);
}

static int wait_on_sets(lua_State *L, const char *what, const char *fraction)
{
	const char *const fields[] = { "tv_sec", fraction, NULL };
	struct program *p = program_running(L, what);
	bool nsec = what[0] == 'p', given[SETS], timed = !lua_isnoneornil(L, 4);
	fd_set sets[SETS], *in[SETS];
	lua_Integer part[2] = { 0 };
	int n = 0;
	posix_check_nargs(L, 4);
	for (int i = 0; i < SETS; i++) {
		int highest = get_set(L, i + 1, &sets[i], &given[i]);
		n = highest > n ? highest : n;
		in[i] = given[i] ? &sets[i] : NULL;
	}
	if (timed) {
		luaL_checktype(L, 4, LUA_TTABLE);
		part[0] = posix_opt_int_field(L, 4, "tv_sec", 0);
		part[1] = posix_opt_int_field(L, 4, fraction, 0);
		posix_check_fields(L, 4, fields);
	}
	struct timeval tv = { part[0], part[1] };
	struct timespec ts = { part[0], part[1] };
	posix_begin(p, what, "%s", what);
	long r = nsec ? sys_pselect6(p->tsk, n, in[0], in[1], in[2], timed ? &ts : NULL)
		      : sys_select(p->tsk, n, in[0], in[1], in[2], timed ? &tv : NULL);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	if (r < 0)
		return posix_error(L, what, r);
	for (int i = 0; i < SETS; i++)
		push_set(L, i + 1, &sets[i], given[i]);
	if (!timed)
		return SETS;
	return SETS + (nsec ? posix_push_pair(L, "PosixTimespec", "tv_sec", ts.tv_sec, "tv_nsec", ts.tv_nsec)
			    : posix_push_pair(L, "PosixTimeval", "tv_sec", tv.tv_sec, "tv_usec", tv.tv_usec));
}

static int l_select(lua_State *L)
{
	return wait_on_sets(L, "select", "tv_usec");
}

static int l_pselect(lua_State *L)
{
	return wait_on_sets(L, "pselect", "tv_nsec");
}

static const luaL_Reg functions[] = { { "pselect", l_pselect }, { "select", l_select }, { NULL, NULL } };
static const struct posix_const constants[] = { { "FD_SETSIZE", FD_SETSIZE }, { NULL, 0 } };

int open_posix_sys_select(lua_State *L)
{
	luaL_newlib(L, functions);
	posix_set_constants(L, constants);
	return 1;
}
