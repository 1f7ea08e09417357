/* Runs Lua code as tasks on hosts. */
#include "lua/program.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "core/host.h"
#include "lua/run.h"
#include "lua/script.h"
#include "stack/kernel/signal.h"

/* Two programs of the same name on a host: the later is NAME.2, NAME.3, ... */
static void set_name(struct program *p, const char *name)
{
	char base[48];
	unsigned nr = 1;
	snprintf(base, sizeof(base), "%s", name);
	for (char *c = base; *c; c++)
		if (*c == '/' || (unsigned char)*c < 0x20)
			*c = '_';
	snprintf(p->name, sizeof(p->name), "%s", base);
	for (struct program *q = p->run->programs; q; q = q->next)
		if (q->host == p->host && strcmp(q->name, p->name) == 0) {
			snprintf(p->name, sizeof(p->name), "%s.%u", base, ++nr);
			q = p->run->programs;
		}
}

static bool open_output(struct program *p)
{
	char path[4400];
	if (!p->run->opt->dir)
		return true;
	snprintf(path, sizeof(path), "%s/%s.%s.out", p->run->opt->dir, p->host->host->name, p->name);
	p->out = fopen(path, "we");
	if (!p->out)
		run_fail(p->run, EXIT_USAGE, "cannot write %s: %s", path, strerror(errno));
	return p->out != NULL;
}

/* The thread that the program runs on, kept from the collector. */
static int make_thread(lua_State *L)
{
	struct program *p = lua_touserdata(L, 1);
	p->co = lua_newthread(L);
	p->co_ref = luaL_ref(L, LUA_REGISTRYINDEX);
	lua_newtable(L);
	p->handlers_ref = luaL_ref(L, LUA_REGISTRYINDEX);
	return 0;
}

struct program *program_new(struct run *run, struct world_host *host, const char *name, struct script *script,
			    bool own_script)
{
	struct program *p = calloc(1, sizeof(*p));
	if (!p || !(p->hash = XXH3_createState())) {
		free(p);
		return NULL;
	}
	XXH3_64bits_reset(p->hash);
	p->run = run;
	p->host = host;
	p->script = script;
	p->own_script = own_script;
	set_name(p, name);
	if (!open_output(p)) {
		XXH3_freeState(p->hash);
		free(p);
		return NULL;
	}
	/* protected: nobody else would catch an error of the main thread */
	lua_pushcfunction(script->L, make_thread);
	lua_pushlightuserdata(script->L, p);
	if (lua_pcall(script->L, 1, 0, 0) != LUA_OK) {
		lua_pop(script->L, 1);
		program_free(p);
		return NULL;
	}
	*run->programs_tail = p;
	run->programs_tail = &p->next;
	return p;
}

static void flush_line(struct program *p)
{
	char who[128];
	if (!p->line_len)
		return;
	snprintf(who, sizeof(who), "%s", p->host->host->name);
	run_output(p->run, who, p->line, p->line_len);
	p->line_len = 0;
}

void program_output(struct program *p, const char *s, size_t n)
{
	XXH3_64bits_update(p->hash, s, n);
	if (p->out)
		fwrite(s, 1, n, p->out);
	for (; n > 0; s++, n--) {
		if (*s != '\n')
			p->line[p->line_len++] = *s;
		if (*s == '\n' || p->line_len == sizeof(p->line)) {
			if (!p->line_len)
				p->line[p->line_len++] = ' ';
			flush_line(p);
		}
	}
}

/* What the task of a program does. */
static void program_main(void *arg)
{
	struct program *p = arg;
	struct run *run = p->run;
	const char *who = p->host->host->name;

	p->script->running = p;
	script_progress(p->script);
	enum script_end end = script_call(p->script, p->co, p->nargs);
	p->ended = true;
	switch (end) {
	case SCRIPT_ERROR:
		run_fail(run, EXIT_USAGE, "%s on host %s: %s", p->name, who, lua_tostring(p->co, -1));
		break;
	case SCRIPT_MEMORY_OUT:
		run_fail(run, EXIT_LIMIT, "%s on host %s: out of memory (limit of a script: %u MiB)", p->name,
			 who, SCRIPT_MEMORY >> 20);
		break;
	case SCRIPT_STOPPED:
		if (!p->exiting && !p->tsk->task->killed && !run_interrupted(run))
			run_fail(run, EXIT_LIMIT,
				 "%s on host %s: ran %llu million instructions without time passing: an "
				 "endless "
				 "loop?",
				 p->name, who, script_budget(p->script) / 1000000);
		break;
	case SCRIPT_DONE:
		if (p->own_script && lua_isinteger(p->co, -1))
			p->exit_code = (int)lua_tointeger(p->co, -1);
		break;
	}
	flush_line(p);
	p->script->running = NULL;
	p->tsk = NULL;
}

bool program_start(struct program *p)
{
	p->started = true;
	p->tsk = user_task_create(p->host->host, p->name, program_main, p);
	if (!p->tsk)
		return false;
	p->tsk->task->daemon = p->daemon;
	p->tsk->sig_ignored = SIG_DEFAULT_IGNORED;
	return true;
}

int program_exit(struct program *p, lua_State *L, int code)
{
	p->exiting = true;
	p->exit_code = code;
	if (p->own_script)
		return script_leave(L);
	if (L != p->co)
		return luaL_error(
			L,
			"os.exit: not from inside a coroutine of a program that shares the scenario's state");
	return lua_yield(L, 0);
}

void program_kill(struct program *p)
{
	if (p->tsk)
		task_kill(p->tsk->task);
}

bool program_finish(struct program *p)
{
	bool ok = true;
	if (p->out) {
		ok = !ferror(p->out);
		ok &= fclose(p->out) == 0;
		p->out = NULL;
	}
	return ok;
}

void program_free(struct program *p)
{
	program_finish(p);
	XXH3_freeState(p->hash);
	free(p);
}

struct program *program_running(lua_State *L, const char *fn)
{
	struct program *p = script_of(L)->running;
	if (!p)
		luaL_error(L, "%s: only a program on a host can call this (host:run or host:exec)", fn);
	return p;
}

bool program_resumed(struct program *p)
{
	p->script->running = p;
	script_progress(p->script);
	run_alive(p->run);
	return p->tsk->task->killed;
}
