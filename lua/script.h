/*
 * Lua states: the scenario's and those of program files.
 *
 * A state is a sandbox (lua/sandbox.c): an allow-list of globals, stable pairs, next and tostring, random
 * numbers from a named stream, modules from the scenario's folder only. All Lua code runs as a coroutine
 * under a count hook: past its budget of instructions without virtual time passing, the hook yields, which
 * no pcall can catch, and the coroutine is never resumed.
 */
#ifndef LUA_SCRIPT_H
#define LUA_SCRIPT_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/random.h"
#include "lua/arena.h"

struct run;
struct program;

#define SCRIPT_HOOK_COUNT 2000	   /* instructions between two looks at the budget */
#define SCRIPT_BUDGET 200000000ull /* instructions without virtual time passing */
#define SCRIPT_CALL_COST 200	   /* of them, what a system call counts for */
#define SCRIPT_BYTES 64		   /* of new memory take as long as an instruction */
#define SCRIPT_MEMORY (256u << 20)
#define SCRIPT_ERROR_MEMORY (1u << 20) /* above that, to put an error into words */

struct script {
	struct run *run;
	lua_State *L; /* the main thread; runs nothing itself */
	struct arena arena;
	char *dir; /* folder that `require` looks in: where the first file lies, with '/' at the end */
	struct random random;	 /* math.random */
	struct program *running; /* the program whose code runs now; NULL: the scenario's own */
	uint64_t instructions;	 /* since the last progress */
	uint64_t given;		 /* memory, at the last look at the budget */
	uint64_t progress_at;	 /* virtual time of the last progress */
	bool exhausted;		 /* the budget is used up, or the run is over: code is not to go on */
	int last_errno;		 /* of the last system call that failed */
	uint32_t next_object;	 /* number of the next object that tostring() names */
	struct script *next;
};

/* A state whose files come from the folder of `file`. `name`: of its random stream. NULL: no memory. */
struct script *script_new(struct run *run, const char *file, const char *name);
void script_free(struct script *s);

/* The script of any of its threads. */
static inline struct script *script_of(lua_State *L)
{
	return *(struct script **)lua_getextraspace(L);
}

/* Loads a file as a function on top of L's stack; LUA_OK or a status with a message on top. */
int script_load(lua_State *L, const char *path);

/* How Lua code ended. */
enum script_end { SCRIPT_DONE, SCRIPT_ERROR, SCRIPT_STOPPED, SCRIPT_MEMORY_OUT };

/*
 * Runs the function and `nargs` arguments on top of a fresh thread as a coroutine. On SCRIPT_ERROR the
 * message with a traceback is on top of `co`. SCRIPT_STOPPED: out of budget, or the run is over.
 */
enum script_end script_call(struct script *s, lua_State *co, int nargs);

/* Code begins, or goes on after a call: if virtual time has passed, the budget starts again. */
void script_progress(struct script *s);

/* Instructions that a script may run without virtual time passing. */
unsigned long long script_budget(const struct script *s);

/* From a C function: leaves the coroutine for good (a yield that nobody resumes). Use as `return
 * script_leave(L)`. */
int script_leave(lua_State *L);

/* Opens the sandbox in a new state (lua/sandbox.c). */
void sandbox_open(lua_State *L);
/* Stable pairs, next, tostring (lua/stable.c); the table of globals is on top of the stack. */
void stable_open(lua_State *L);
/* tostring() without addresses: pushes a string. */
const char *stable_tostring(lua_State *L, int idx, size_t *len);
/* The modules (lua/api_*.c, lua/posix_*.c): each pushes its table. */
int open_sim(lua_State *L);
int open_posix_socket(lua_State *L);
int open_posix_unistd(lua_State *L);
int open_posix_poll(lua_State *L);
int open_posix_sys_epoll(lua_State *L);
int open_posix_sys_ioctl(lua_State *L);
int open_posix_sys_select(lua_State *L);
int open_posix_sys_uio(lua_State *L);
int open_posix_fcntl(lua_State *L);
int open_posix_errno(lua_State *L);
int open_posix_signal(lua_State *L);
int open_posix_stdio(lua_State *L);
int open_posix_time(lua_State *L);
int open_posix_sys_time(lua_State *L);
int open_posix_utsname(lua_State *L);
int open_posix(lua_State *L);

#endif
