/*
 * Programs: tasks on hosts that run Lua. A function of the scenario (sharing its state and variables), or
 * a file with a state of its own. A program's standard output is kept as HOST.PROGRAM.out in the run folder.
 */
#ifndef LUA_PROGRAM_H
#define LUA_PROGRAM_H

#include <lua.h>
#include <stdbool.h>
#include <stdio.h>
#include <xxhash.h>

struct run;
struct script;
struct task_struct;
struct world_host;

struct program {
	struct run *run;
	struct world_host *host;
	struct task_struct *tsk; /* NULL before it was started and after it ended */
	struct script *script;
	lua_State *co;
	int co_ref, handlers_ref; /* signal number -> Lua function (lua/posix_signal.c) */
	int nargs;
	char name[64];
	bool own_script, daemon, started, ended, exiting;
	int exit_code;
	FILE *out;
	XXH3_state_t *hash;
	char line[256]; /* start of a line that is not yet whole, for standard output */
	unsigned line_len;
	struct program *next;
};

/*
 * Makes a program that starts when time first passes. `co` holds the function and `nargs` arguments, and is
 * on top of the stack of script's main thread or anchored by the caller. NULL: no memory.
 */
struct program *program_new(struct run *run, struct world_host *host, const char *name, struct script *script,
			    bool own_script);

/* Creates the task. False: no memory. */
bool program_start(struct program *p);

void program_output(struct program *p, const char *s, size_t n);

/* os.exit: leaves the program's code for good. */
int program_exit(struct program *p, lua_State *L, int code);

/* Ends a program that still runs or waits (its blocking call returns and the code is left). */
void program_kill(struct program *p);

/* Closes its output; false when it could not be written. */
bool program_finish(struct program *p);
void program_free(struct program *p);

/* For the modules: the program whose code runs, or a Lua error that names `fn`. */
struct program *program_running(lua_State *L, const char *fn);

/* Around a call that may block: after it, the program is running again. Returns true when it is to be left.
 */
bool program_resumed(struct program *p);

#endif
