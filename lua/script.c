/* Makes Lua states and runs code in them under a budget. */
#include "lua/script.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/program.h"
#include "lua/run.h"

unsigned long long script_budget(const struct script *s)
{
	return s->run->opt->budget ? s->run->opt->budget : SCRIPT_BUDGET;
}

static void hook(lua_State *L, lua_Debug *ar)
{
	struct script *s = script_of(L);
	lua_State *outermost = s->running ? s->running->co : s->run->main_co;
	(void)ar;
	s->instructions += SCRIPT_HOOK_COUNT + (s->arena.given - s->given) / SCRIPT_BYTES;
	s->given = s->arena.given;
	run_alive(s->run);
	if (!s->exhausted && s->instructions < script_budget(s) && !run_interrupted(s->run))
		return;
	s->exhausted = true;
	/* from here on every instruction comes back here, in this thread and in the outermost one */
	lua_sethook(L, hook, LUA_MASKCOUNT, 1);
	lua_sethook(outermost, hook, LUA_MASKCOUNT, 1);
	s->arena.refuse = !lua_isyieldable(L);
	if (!s->arena.refuse)
		lua_yield(L, 0);
	else
		/* an error would call message handlers, which no hook stops in here; want of memory calls
		 * none */
		lua_newuserdatauv(L, 64, 0);
}

static int open_all(lua_State *L)
{
	sandbox_open(L);
	return 0;
}

struct script *script_new(struct run *run, const char *file, const char *name)
{
	struct script *s = calloc(1, sizeof(*s));
	const char *slash = strrchr(file, '/');
	if (!s || !arena_init(&s->arena, SCRIPT_MEMORY)) {
		free(s);
		return NULL;
	}
	s->run = run;
	s->last_errno = ENOENT; /* require() has looked for a file in vain */
	s->dir = slash ? strndup(file, (size_t)(slash - file) + 1) : strdup("./");
	random_init(&s->random, run->sim, name, "math.random");
	s->L = lua_newstate(arena_alloc, &s->arena);
	if (!s->L || !s->dir) {
		script_free(s);
		return NULL;
	}
	*(struct script **)lua_getextraspace(s->L) = s;
	lua_pushcfunction(s->L, open_all);
	if (lua_pcall(s->L, 0, 0, 0) != LUA_OK) {
		script_free(s);
		return NULL;
	}
	lua_sethook(s->L, hook, LUA_MASKCOUNT, SCRIPT_HOOK_COUNT);
	s->next = run->scripts;
	run->scripts = s;
	return s;
}

void script_free(struct script *s)
{
	if (!s)
		return;
	if (s->L)
		lua_close(s->L);
	arena_free(&s->arena);
	free(s->dir);
	free(s);
}

int script_load(lua_State *L, const char *path)
{
	/* text only: bytecode is not verified and could corrupt memory */
	int status = luaL_loadfilex(L, path, "t");
	if (status == LUA_ERRFILE) {
		lua_pop(L, 1);
		lua_pushfstring(L, "cannot read %s: %s", path, strerror(errno));
	}
	return status;
}

void script_progress(struct script *s)
{
	if (s->progress_at != s->run->sim->now) {
		s->progress_at = s->run->sim->now;
		s->instructions = 0;
	}
	s->instructions += SCRIPT_CALL_COST;
}

int script_leave(lua_State *L)
{
	script_of(L)->exhausted = true;
	lua_sethook(L, hook, LUA_MASKCOUNT, 1);
	if (lua_isyieldable(L))
		return lua_yield(L, 0);
	return luaL_error(L, "the run is over");
}

/* Of the thread that is the argument: its error becomes text with a traceback. */
static int put_into_words(lua_State *L)
{
	lua_State *co = lua_touserdata(L, 1);
	const char *msg = lua_tostring(co, -1);
	luaL_traceback(co, co, msg ? msg : stable_tostring(co, -1, NULL), 0);
	return 0;
}

enum script_end script_call(struct script *s, lua_State *co, int nargs)
{
	int nres = 0;
	script_progress(s);
	s->arena.limit_hit = false;
	int status = lua_resume(co, NULL, nargs, &nres);
	s->arena.refuse = false;
	if (s->exhausted)
		return SCRIPT_STOPPED;
	switch (status) {
	case LUA_OK:
		return SCRIPT_DONE;
	case LUA_YIELD:
		return SCRIPT_STOPPED;
	case LUA_ERRMEM:
		return SCRIPT_MEMORY_OUT;
	default:
		break;
	}
	const char *msg = lua_type(co, -1) == LUA_TSTRING ? lua_tostring(co, -1) : NULL;
	bool memory = s->arena.limit_hit && msg && strstr(msg, "not enough memory");
	/* the state may be full to the brim, and here nobody would catch an error */
	s->arena.extra = SCRIPT_ERROR_MEMORY;
	lua_pushcfunction(s->L, put_into_words);
	lua_pushlightuserdata(s->L, co);
	if (lua_pcall(s->L, 1, 0, 0) != LUA_OK) {
		lua_pop(s->L, 1);
		memory = true;
	}
	s->arena.extra = 0;
	return memory ? SCRIPT_MEMORY_OUT : SCRIPT_ERROR;
}
