/*
 * posix.signal: handlers in Lua. A signal is dealt with when the call that it came in ends, before the
 * program sees the result, as luaposix does from a hook.
 */
#include <errno.h>
#include <string.h>

#include "lua/posix.h"
#include "lua/run.h"
#include "stack/kernel/signal.h"

#define MAX_SIGNAL 31

/* Pushes the handler of a signal: a function, or nil for the default. */
static int push_handler(lua_State *L, struct program *p, int sig)
{
	lua_rawgeti(L, LUA_REGISTRYINDEX, p->handlers_ref);
	int type = lua_rawgeti(L, -1, sig);
	lua_remove(L, -2);
	return type;
}

static void end_program(struct program *p, int sig)
{
	char line[256];
	const char *name = sigabbrev_np(sig);
	int n = snprintf(line, sizeof(line), "%s on host %s: ended by SIG%s%s\n", p->name,
			 p->host->host->name, name ? name : "?",
			 sig == SIGPIPE
				 ? " (it wrote to a connection that is closed; posix.signal can ignore that)"
				 : "");
	run_error_output(p->run, line, (size_t)n);
	p->exiting = true;
	p->exit_code = 128 + sig;
}

bool posix_signals(lua_State *L, struct program *p)
{
	int sig;
	while ((sig = dequeue_signal(p->tsk))) {
		if (push_handler(L, p, sig) != LUA_TFUNCTION) {
			lua_pop(L, 1);
			end_program(p, sig);
			return false;
		}
		lua_pushinteger(L, sig);
		if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
			lua_pushfstring(L, "error in signal handler %d: %s\n", sig, lua_tostring(L, -1));
			size_t n;
			const char *text = lua_tolstring(L, -1, &n);
			run_error_output(p->run, text, n);
			lua_pop(L, 2);
		}
		if (p->exiting || p->tsk->task->killed)
			return false;
	}
	return true;
}

/* What happens to a signal from now on: SIG_DFL, SIG_IGN or a function at `idx`. */
static void set_handler(lua_State *L, struct program *p, int sig, int idx, bool ignore, lua_Integer flags)
{
	struct task_struct *tsk = p->tsk;
	bool function = lua_isfunction(L, idx);
	tsk->sig_ignored &= ~sig_bit(sig);
	tsk->sig_restart &= ~sig_bit(sig);
	if (ignore || (!function && (SIG_DEFAULT_IGNORED & sig_bit(sig))))
		tsk->sig_ignored |= sig_bit(sig);
	if (function && (flags & SA_RESTART))
		tsk->sig_restart |= sig_bit(sig);
	lua_rawgeti(L, LUA_REGISTRYINDEX, p->handlers_ref);
	if (ignore)
		lua_pushboolean(L, false); /* told from the default, which is nil */
	else if (function)
		lua_pushvalue(L, idx);
	else
		lua_pushnil(L);
	lua_rawseti(L, -2, sig);
	lua_pop(L, 1);
}

/* signal(signum, handler or nil [, flags]): the previous handler. */
static int l_signal(lua_State *L)
{
	static const char *const macros[] = { "SIG_DFL", "SIG_IGN", NULL };
	struct program *p = program_running(L, "signal");
	lua_Integer sig = posix_check_int(L, 1);
	posix_check_nargs(L, 3);
	bool ignore = false;
	if (lua_isnil(L, 2) || lua_type(L, 2) == LUA_TSTRING)
		ignore = luaL_checkoption(L, 2, "SIG_DFL", macros) == 1;
	else if (!lua_isfunction(L, 2))
		posix_arg_error(L, 2, "function, string or nil");
	lua_Integer flags = posix_opt_int(L, 3, 0);
	if (sig < 1 || sig > MAX_SIGNAL || sig == SIGKILL || sig == SIGSTOP)
		return 0;
	lua_settop(L, 2);
	switch (push_handler(L, p, (int)sig)) {
	case LUA_TNIL:
		lua_pushliteral(L, "SIG_DFL");
		break;
	case LUA_TBOOLEAN:
		lua_pushliteral(L, "SIG_IGN");
		break;
	default:
		break;
	}
	set_handler(L, p, (int)sig, 2, ignore, flags);
	return 1;
}

/* The signal is dealt with at once: there is but this one task. */
static int send_to_self(lua_State *L, struct program *p, lua_Integer sig)
{
	if (sig < 0 || sig > 64)
		return posix_error(L, NULL, -EINVAL);
	if (sig > 0 && sig <= MAX_SIGNAL)
		send_sig((int)sig, p->tsk, 0);
	if (!posix_signals(L, p))
		return posix_leave(L, p);
	lua_pushinteger(L, 0);
	return 1;
}

static int l_raise(lua_State *L)
{
	struct program *p = program_running(L, "raise");
	lua_Integer sig = posix_check_int(L, 1);
	posix_check_nargs(L, 1);
	return send_to_self(L, p, sig);
}

/* kill(pid [, sig]) of the program itself; there are no others that it could know of. */
static int l_kill(lua_State *L)
{
	struct program *p = program_running(L, "kill");
	lua_Integer pid = posix_check_int(L, 1), sig = posix_opt_int(L, 2, SIGTERM);
	posix_check_nargs(L, 2);
	if (pid != p->tsk->task->pid && pid != 0)
		return posix_error(L, NULL, -ESRCH);
	return send_to_self(L, p, sig);
}

static const luaL_Reg functions[] = {
	{ "kill", l_kill }, { "raise", l_raise }, { "signal", l_signal }, { NULL, NULL }
};
static const struct posix_const constants[] = {
	{ "SA_NOCLDSTOP", SA_NOCLDSTOP },
	{ "SA_NOCLDWAIT", SA_NOCLDWAIT },
	{ "SA_NODEFER", SA_NODEFER },
	{ "SA_RESETHAND", (unsigned)SA_RESETHAND },
	{ "SA_RESTART", SA_RESTART },
	{ "SIGIO", SIGIO }, /* sigabbrev_np() has POLL */
	{ NULL, 0 },
};

int open_posix_signal(lua_State *L)
{
	posix_module(L, "posix.signal", functions, constants);
	for (int sig = 1; sig <= MAX_SIGNAL; sig++) {
		const char *name = sigabbrev_np(sig);
		if (name) {
			lua_pushfstring(L, "SIG%s", name);
			lua_pushinteger(L, sig);
			lua_settable(L, -3);
		}
	}
	lua_pushliteral(L, "SIG_DFL");
	lua_setfield(L, -2, "SIG_DFL");
	lua_pushliteral(L, "SIG_IGN");
	lua_setfield(L, -2, "SIG_IGN");
	return 1;
}
