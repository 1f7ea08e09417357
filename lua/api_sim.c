/* The module `sim`: time, running, assertions, parameters, charts. */
#include <stdlib.h>
#include <string.h>

#include "lua/api.h"
#include "lua/profile.h"
#include "lua/program.h"
#include "core/host.h"
#include "stack/kernel/sched.h"

/* ---- time ---- */

static int l_run(lua_State *L)
{
	struct run *run = api_scenario_only(L, "sim.run");
	uint64_t until = UINT64_MAX;
	if (L != run->main_co)
		return luaL_error(L, "sim.run: only the main part of the scenario can let time pass");
	if (!lua_isnoneornil(L, 1))
		until = run->sim->now + api_check_time(L, 1, "sim.run: the duration");
	enum sim_stop why = run_advance(run, until);
	script_progress(script_of(L));
	if (why == SIM_IDLE || why == SIM_UNTIL) {
		lua_pushstring(L, why == SIM_IDLE ? "idle" : "until");
		return 1;
	}
	return script_leave(L); /* stopped, or at --until: the script goes no further */
}

static int l_sleep(lua_State *L)
{
	struct program *p = program_running(L, "sim.sleep");
	ktime_t until = (ktime_t)(host_now(p->tsk->host) + api_check_time(L, 1, "sim.sleep: the duration"));
	p->tsk->task->waits_in = "sim.sleep";
	set_current_state(p->tsk->host, TASK_INTERRUPTIBLE);
	schedule_hrtimeout(p->tsk->host, &until);
	p->tsk->task->waits_in = NULL;
	return program_resumed(p) ? script_leave(L) : 0;
}

/* A function of the scenario that runs at a virtual time. */
struct at_event {
	struct event ev;
	struct run *run;
	struct script *script;
	lua_State *co;
	int ref;
};

static void on_at(struct event *ev)
{
	struct at_event *at = (struct at_event *)ev;
	struct script *s = at->script;
	struct program *outer = s->running;
	s->running = NULL;
	script_progress(s);
	switch (script_call(s, at->co, 0)) {
	case SCRIPT_DONE:
		break;
	case SCRIPT_ERROR:
		if (at->run->code == EXIT_DONE)
			run_fail(at->run, EXIT_USAGE, "%s", lua_tostring(at->co, -1));
		break;
	default:
		if (at->run->code == EXIT_DONE)
			run_fail(at->run, EXIT_LIMIT, "a function of sim.at used up its budget");
	}
	s->running = outer;
	luaL_unref(s->L, LUA_REGISTRYINDEX, at->ref); /* `at` itself is collected with the state */
}

static int l_at(lua_State *L)
{
	struct run *run = api_scenario_only(L, "sim.at");
	uint64_t when = api_check_time(L, 1, "sim.at: the time");
	luaL_checktype(L, 2, LUA_TFUNCTION);
	if (when < run->sim->now)
		return luaL_error(L, "sim.at: that time is past");
	struct at_event *at = lua_newuserdatauv(L, sizeof(*at), 1);
	lua_createtable(L, 2, 0); /* kept alive: the event and its thread */
	lua_pushvalue(L, -2);
	lua_rawseti(L, -2, 1);
	at->co = lua_newthread(L);
	lua_rawseti(L, -2, 2);
	at->ref = luaL_ref(L, LUA_REGISTRYINDEX);
	lua_pushvalue(L, 2);
	lua_xmove(L, at->co, 1);
	at->run = run;
	at->script = script_of(L);
	event_init(&at->ev, &run->sim->root, on_at, 0);
	event_add(&at->ev, when);
	return 0;
}

/* ---- telling ---- */

static int l_log(lua_State *L)
{
	uint64_t now = script_of(L)->run->sim->now;
	char time[40];
	snprintf(time, sizeof(time), "%llu.%09llu ", (unsigned long long)(now / NSEC_PER_SEC),
		 (unsigned long long)(now % NSEC_PER_SEC));
	int n = lua_gettop(L);
	luaL_Buffer b;
	luaL_buffinit(L, &b);
	luaL_addstring(&b, time);
	for (int i = 1; i <= n; i++) {
		if (i > 1)
			luaL_addchar(&b, ' ');
		stable_tostring(L, i, NULL);
		luaL_addvalue(&b);
	}
	luaL_addchar(&b, '\n');
	luaL_pushresult(&b);
	size_t len;
	const char *s = lua_tolstring(L, -1, &len);
	run_output(script_of(L)->run, NULL, s, len);
	return 0;
}

/* Ends the run with exit code 1: where, when, on which host, what. */
static int fail_assertion(lua_State *L, const char *what)
{
	struct script *s = script_of(L);
	uint64_t now = s->run->sim->now;
	lua_Debug ar;
	const char *src = "?";
	int line = 0;
	for (int level = 1; line <= 0 && lua_getstack(L, level, &ar) && lua_getinfo(L, "Sl", &ar); level++) {
		src = ar.short_src;
		line = ar.currentline;
	}
	run_fail(s->run, EXIT_FAILED, "%s:%d: assertion failed at %llu.%09llu s%s%s: %s", src, line,
		 (unsigned long long)(now / NSEC_PER_SEC), (unsigned long long)(now % NSEC_PER_SEC),
		 s->running ? ", host " : "", s->running ? s->running->host->host->name : "", what);
	return script_leave(L);
}

static int l_assert(lua_State *L)
{
	if (lua_toboolean(L, 1))
		return lua_gettop(L);
	return fail_assertion(L,
			      lua_isnoneornil(L, 2) ? "the condition is false" : stable_tostring(L, 2, NULL));
}

static int l_equal(lua_State *L)
{
	luaL_checkany(L, 2);
	if (lua_compare(L, 1, 2, LUA_OPEQ))
		return 0;
	const char *message = lua_isnoneornil(L, 3) ? NULL : stable_tostring(L, 3, NULL);
	const char *have = stable_tostring(L, 1, NULL), *want = stable_tostring(L, 2, NULL);
	lua_pushfstring(L, "%s%shave %s, expected %s", message ? message : "", message ? ": " : "", have,
			want);
	return fail_assertion(L, lua_tostring(L, -1));
}

/* ---- parameters ---- */

/* param(name [, default]): what --set gave, as the type of the default. */
static int l_param(lua_State *L)
{
	struct run *run = script_of(L)->run;
	size_t len;
	const char *name = luaL_checklstring(L, 1, &len), *value = NULL;
	for (unsigned i = 0; run->opt->params[i]; i++)
		if (strncmp(run->opt->params[i], name, len) == 0 && run->opt->params[i][len] == '=')
			value = run->opt->params[i] + len + 1;
	if (!value) {
		lua_settop(L, 2);
		return 1;
	}
	switch (lua_type(L, 2)) {
	case LUA_TNUMBER:
		if (lua_stringtonumber(L, value) == 0)
			return luaL_error(L, "--set %s=%s: the scenario wants a number", name, value);
		return 1;
	case LUA_TBOOLEAN:
		if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
			return luaL_error(L, "--set %s=%s: the scenario wants true or false", name, value);
		lua_pushboolean(L, value[0] == 't');
		return 1;
	default:
		lua_pushstring(L, value);
		return 1;
	}
}

/* ---- charts ---- */

static char *opt_string(lua_State *L, int idx, const char *field)
{
	char *s = NULL;
	if (lua_istable(L, idx)) {
		lua_getfield(L, idx, field);
		if (!lua_isnil(L, -1))
			s = strdup(luaL_checkstring(L, -1));
		lua_pop(L, 1);
	}
	return s;
}

static lua_Integer opt_integer(lua_State *L, int idx, const char *field)
{
	lua_Integer v = 0;
	if (lua_istable(L, idx)) {
		lua_getfield(L, idx, field);
		v = luaL_optinteger(L, -1, 0);
		lua_pop(L, 1);
	}
	return v;
}

/* Names become part of a file's name. */
static bool is_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
	return n > 0 && n <= 100 && s[n] == '\0';
}

static void check_chart_options(lua_State *L)
{
	if (!lua_istable(L, 2))
		return;
	if (lua_getfield(L, 2, "host") != LUA_TNIL && !is_name(luaL_checkstring(L, -1)))
		luaL_error(L, "sim.chart: '%s' is no host's name", lua_tostring(L, -1));
	if (lua_getfield(L, 2, "style") != LUA_TNIL && strcmp(luaL_checkstring(L, -1), "nested") != 0 &&
	    strcmp(lua_tostring(L, -1), "outline") != 0)
		luaL_error(L, "sim.chart: there is no style '%s': use nested or outline",
			   lua_tostring(L, -1));
	if (lua_getfield(L, 2, "depth") != LUA_TNIL && luaL_checkinteger(L, -1) < 0)
		luaL_error(L, "sim.chart: the depth is below zero");
	if (lua_getfield(L, 2, "nth") != LUA_TNIL && luaL_checkinteger(L, -1) < 0)
		luaL_error(L, "sim.chart: nth is below zero");
	lua_pop(L, 4);
}

/* sim.profile("ast2500"): functions take CPU time, as with --profile. */
static int l_profile(lua_State *L)
{
	struct run *run = api_scenario_only(L, "sim.profile");
	const char *name = luaL_checkstring(L, 1);
	char err[128];
	if (run->sim->nr_hosts)
		return luaL_error(L, "sim.profile: call it before the first host is made");
	if (profile_load(run->sim, name, err, sizeof(err)) < 0)
		return luaL_error(L, "sim.profile: %s", err);
	return 0;
}

static int l_chart(lua_State *L)
{
	struct run *run = api_scenario_only(L, "sim.chart");
	const char *call = luaL_checkstring(L, 1);
	luaL_argcheck(L, is_name(call), 1, "the name of a function expected");
	if (!lua_isnoneornil(L, 2))
		luaL_checktype(L, 2, LUA_TTABLE);
	check_chart_options(L);
	struct run_chart *c = calloc(1, sizeof(*c));
	if (!c)
		return luaL_error(L, "no memory");
	*run->charts_tail = c;
	run->charts_tail = &c->next;
	c->call = strdup(call);
	c->host = opt_string(L, 2, "host");
	c->style = opt_string(L, 2, "style");
	c->depth = (unsigned)opt_integer(L, 2, "depth");
	c->nth = (unsigned)opt_integer(L, 2, "nth");
	if (lua_istable(L, 2)) {
		lua_getfield(L, 2, "show");
		c->show = lua_toboolean(L, -1);
	}
	return 0;
}

/* snapshot(name): keeps all objects as they are now, in the scenario or in a program. */
static int l_snapshot(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	luaL_argcheck(L, is_name(name), 1, "a name of letters, digits, '_' and '-' expected");
	snapshots_take(script_of(L)->run->snapshots, name);
	return 0;
}

/* ---- the module ---- */

static int sim_index(lua_State *L)
{
	const struct run *run = script_of(L)->run;
	const char *key = lua_tostring(L, 2);
	if (key && strcmp(key, "now") == 0)
		lua_pushinteger(L, (lua_Integer)run->sim->now);
	else if (key && strcmp(key, "seed") == 0)
		lua_pushinteger(L, (lua_Integer)run->sim->seed);
	else
		return luaL_error(L, "there is no sim.%s", key ? key : "?");
	return 1;
}

static const luaL_Reg functions[] = {
	{ "run", l_run },	  { "sleep", l_sleep },	      { "at", l_at },	    { "log", l_log },
	{ "assert", l_assert },	  { "equal", l_equal },	      { "param", l_param }, { "chart", l_chart },
	{ "profile", l_profile }, { "snapshot", l_snapshot }, { NULL, NULL },
};

int open_sim(lua_State *L)
{
	luaL_newlib(L, functions);
	api_net_open(L);
	lua_createtable(L, 0, 1);
	lua_pushcfunction(L, sim_index);
	lua_setfield(L, -2, "__index");
	lua_setmetatable(L, -2);
	return 1;
}
