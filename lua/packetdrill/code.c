/*
 * %{ code }%: the Python that scripts hold, as far as they use it, run in Lua.
 *
 *	assert EXPR [, MESSAGE]    print(...)    NAME = EXPR    NAME += EXPR    (also -=)
 *
 * Statements end with a line or ';'; '\' joins lines, '#' begins a comment. Expressions: whole numbers,
 * names, brackets, + - * // % & | ^ << >> ~, comparisons (also chained), and, or, not. Messages and what
 * print() shows are not evaluated. Before the code runs, each field of struct tcp_info of the socket under
 * test is a variable (tcpi_snd_cwnd, ...), so are SO_MEMINFO's (SK_MEMINFO_RCVBUF, ...). Variables live until
 * the script ends.
 */
#include <ctype.h>
#include <inttypes.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/packetdrill/calls.h"
#include "lua/packetdrill/code.h"
#include "lua/tcp_fields.h"
#include "stack/transport/tcp.h"

#define BUDGET 10000000 /* Lua instructions of one block */

struct script_code {
	lua_State *L;
};

/* ---- from Python to Lua ---- */

/* Reads `at`, writes Lua to `out`. */
struct translate {
	const char *at;
	char *out;
	size_t n, cap;
	bool failed;
	unsigned depth;
	char names[8][48]; /* used in the statement, for the message of an assertion */
	unsigned nr_names;
};

static void emit(struct translate *t, const char *s, size_t len)
{
	if (t->n + len + 1 > t->cap) {
		t->failed = true;
		return;
	}
	memcpy(t->out + t->n, s, len);
	t->n += len;
	t->out[t->n] = '\0';
}

static void emits(struct translate *t, const char *s)
{
	emit(t, s, strlen(s));
}

/* Puts text in front of what was written since `from`. */
static void wrap(struct translate *t, size_t from, const char *before)
{
	size_t len = strlen(before);
	if (t->n + len + 1 > t->cap) {
		t->failed = true;
		return;
	}
	memmove(t->out + from + len, t->out + from, t->n - from + 1);
	memcpy(t->out + from, before, len);
	t->n += len;
}

static void blanks(struct translate *t)
{
	while (*t->at == ' ' || *t->at == '\t' || *t->at == '\n' || *t->at == '\r')
		t->at++;
}

static bool take(struct translate *t, const char *op)
{
	size_t n = strlen(op);
	blanks(t);
	if (strncmp(t->at, op, n) != 0)
		return false;
	if (isalpha((unsigned char)*op) && (isalnum((unsigned char)t->at[n]) || t->at[n] == '_'))
		return false;
	t->at += n;
	return true;
}

static void or_expr(struct translate *t);

static void primary(struct translate *t)
{
	blanks(t);
	const char *from = t->at;
	if (++t->depth > 64) {
		t->failed = true;
		return;
	}
	if (take(t, "(")) {
		emits(t, "(");
		or_expr(t);
		if (!take(t, ")"))
			t->failed = true;
		emits(t, ")");
	} else if (take(t, "-") || take(t, "~")) {
		emit(t, from + strspn(from, " \t\n"), 1);
		primary(t);
	} else if (take(t, "True")) {
		emits(t, "1");
	} else if (take(t, "False")) {
		emits(t, "0");
	} else if (isdigit((unsigned char)*t->at)) {
		while (isxdigit((unsigned char)*t->at) || *t->at == 'x' || *t->at == 'X')
			t->at++;
		emit(t, from, (size_t)(t->at - from));
	} else if (isalpha((unsigned char)*t->at) || *t->at == '_') {
		while (isalnum((unsigned char)*t->at) || *t->at == '_')
			t->at++;
		emit(t, from, (size_t)(t->at - from));
		if (t->nr_names < 8)
			snprintf(t->names[t->nr_names++], sizeof(t->names[0]), "%.*s", (int)(t->at - from),
				 from);
	} else {
		t->failed = true;
	}
	t->depth--;
}

/* Levels of binary operators, the loosest first. Lua's meanings are Python's for whole numbers. */
static const struct {
	const char *python, *lua;
} levels[][4] = {
	{ { "|", " | " } },
	{ { "^", " ~ " } },
	{ { "&", " & " } },
	{ { "<<", " << " }, { ">>", " >> " } },
	{ { "+", " + " }, { "-", " - " } },
	{ { "*", " * " }, { "//", " // " }, { "%", " % " } },
};
#define NR_LEVELS (sizeof(levels) / sizeof(levels[0]))

static void binary(struct translate *t, unsigned level)
{
	if (level == NR_LEVELS) {
		primary(t);
		return;
	}
	size_t from = t->n;
	binary(t, level + 1);
	for (unsigned i = 0; !t->failed && i < 4 && levels[level][i].python; i++)
		if (take(t, levels[level][i].python)) {
			wrap(t, from, "(");
			emits(t, levels[level][i].lua);
			binary(t, level + 1);
			emits(t, ")");
			i = (unsigned)-1;
		}
}

/* a < b <= c is (a < b) and (b <= c). */
static void comparison(struct translate *t)
{
	static const char *const ops[][2] = { { "==", " == " }, { "!=", " ~= " }, { "<=", " <= " },
					      { ">=", " >= " }, { "<", " < " },	  { ">", " > " } };
	size_t from = t->n, right = from;
	unsigned links = 0;
	binary(t, 0);
	for (unsigned i = 0; !t->failed && i < 6; i++)
		if (take(t, ops[i][0])) {
			char again[512];
			snprintf(again, sizeof(again), "%.*s", (int)(t->n - right), t->out + right);
			if (links++ > 0) {
				emits(t, ") and (");
				emits(t, again);
			}
			emits(t, ops[i][1]);
			right = t->n;
			binary(t, 0);
			i = (unsigned)-1;
		}
	if (links > 0) {
		wrap(t, from, "((");
		emits(t, "))");
	}
}

static void not_expr(struct translate *t)
{
	if (take(t, "not")) {
		emits(t, "(not truth(");
		not_expr(t);
		emits(t, "))");
		return;
	}
	comparison(t);
}

static void joined(struct translate *t, const char *op, void (*part)(struct translate *t))
{
	size_t from = t->n;
	part(t);
	while (!t->failed && take(t, op)) {
		wrap(t, from, "(truth(");
		emits(t, ") ");
		emits(t, op);
		emits(t, " truth(");
		part(t);
		emits(t, "))");
	}
}

static void and_expr(struct translate *t)
{
	joined(t, "and", not_expr);
}

static void or_expr(struct translate *t)
{
	joined(t, "or", and_expr);
}

/* ---- statements ---- */

static int lua_truth(lua_State *L)
{
	bool zero = lua_isinteger(L, 1) && lua_tointeger(L, 1) == 0;
	lua_pushboolean(L, lua_toboolean(L, 1) && !zero);
	return 1;
}

static void out_of_budget(lua_State *L, lua_Debug *ar)
{
	(void)ar;
	luaL_error(L, "the code runs too long");
}

/* The values of the names in a failed assertion: "tcpi_snd_cwnd = 9". */
static void values(lua_State *L, const struct translate *t, char *out, size_t len)
{
	size_t n = 0;
	*out = '\0';
	for (unsigned i = 0; i < t->nr_names && n < len; i++) {
		lua_getglobal(L, t->names[i]);
		if (lua_isinteger(L, -1))
			n += (size_t)snprintf(out + n, len - n, "%s%s = %lld", n ? ", " : "", t->names[i],
					      (long long)lua_tointeger(L, -1));
		lua_pop(L, 1);
	}
}

static bool run_lua(struct pd_run *run, lua_State *L, const char *code, const char *python)
{
	lua_sethook(L, out_of_budget, LUA_MASKCOUNT, BUDGET);
	if (luaL_loadbufferx(L, code, strlen(code), "=code", "t") == LUA_OK &&
	    lua_pcall(L, 0, 1, 0) == LUA_OK)
		return true;
	pd_fail(run, "code '%s': %s", python, lua_tostring(L, -1));
	lua_pop(L, 1);
	return false;
}

static bool cannot_read(struct pd_run *run, const char *statement)
{
	run->unsupported = true;
	return pd_fail(run, "unsupported: the code '%s'", statement);
}

static bool assertion(struct pd_run *run, lua_State *L, const char *statement, const char *expr)
{
	char code[1024] = "", now[512];
	struct translate t = { .at = expr, .out = code, .cap = sizeof(code) };
	emits(&t, "return truth(");
	or_expr(&t);
	emits(&t, ")");
	blanks(&t);
	if (t.failed || (*t.at && *t.at != ','))
		return cannot_read(run, statement);
	if (!run_lua(run, L, code, statement))
		return false;
	bool holds = lua_toboolean(L, -1);
	lua_pop(L, 1);
	values(L, &t, now, sizeof(now));
	return holds || pd_fail(run, "assertion failed: %.*s (%s)", (int)(t.at - expr), expr, now);
}

static bool assignment(struct pd_run *run, lua_State *L, const char *statement)
{
	char code[1024] = "", name[64];
	struct translate t = { .at = statement, .out = code, .cap = sizeof(code) };
	size_t n = 0;
	while (isalnum((unsigned char)t.at[n]) || t.at[n] == '_')
		n++;
	if (n == 0 || n >= sizeof(name) || isdigit((unsigned char)*statement))
		return cannot_read(run, statement);
	snprintf(name, sizeof(name), "%.*s", (int)n, t.at);
	t.at += n;
	const char *op = take(&t, "+=") ? "+" : take(&t, "-=") ? "-" : take(&t, "=") ? "" : NULL;
	if (!op)
		return cannot_read(run, statement);
	emits(&t, name);
	emits(&t, " = ");
	if (*op) {
		emits(&t, name);
		emits(&t, op);
	}
	or_expr(&t);
	blanks(&t);
	if (t.failed || *t.at)
		return cannot_read(run, statement);
	bool ok = run_lua(run, L, code, statement);
	if (ok)
		lua_pop(L, 1);
	return ok;
}

static bool statement(struct pd_run *run, lua_State *L, const char *s)
{
	if (strncmp(s, "assert", 6) == 0 && !isalnum((unsigned char)s[6]) && s[6] != '_')
		return assertion(run, L, s, s + 6 + strspn(s + 6, " \t"));
	if (strncmp(s, "print", 5) == 0 && !isalnum((unsigned char)s[5]))
		return true;
	return assignment(run, L, s);
}

/* Copies the next statement to `buf`: comments gone, lines joined. False at the end. */
static bool next_statement(const char **at, char *buf, size_t len)
{
	const char *p = *at + strspn(*at, " \t\r\n;");
	size_t n = 0;
	int depth = 0;
	char quote = '\0';
	for (; *p; p++) {
		if (quote) {
			quote = *p == quote ? '\0' : quote;
		} else if (*p == '"' || *p == '\'') {
			quote = *p;
		} else if (*p == '#') {
			p += strcspn(p, "\n");
			if (!*p)
				break;
		} else if (*p == '\\' && (p[1] == '\n' || p[1] == '\r')) {
			p += strspn(p + 1, "\r");
			p++;
			if (n == 0) /* behind a ';' */
				p += strspn(p + 1, " \t");
			continue;
		}
		depth += !quote && *p == '(';
		depth -= !quote && *p == ')';
		if (!quote && depth <= 0 && (*p == '\n' || *p == ';'))
			break;
		if (n + 1 < len && (n > 0 || !isspace((unsigned char)*p)))
			buf[n++] = *p;
	}
	while (n > 0 && isspace((unsigned char)buf[n - 1]))
		n--;
	buf[n] = '\0';
	*at = p;
	return n > 0 || *p;
}

/* ---- variables ---- */

static const char *const memory_names[] = { "SK_MEMINFO_RMEM_ALLOC", "SK_MEMINFO_RCVBUF",
					    "SK_MEMINFO_WMEM_ALLOC", "SK_MEMINFO_SNDBUF",
					    "SK_MEMINFO_FWD_ALLOC",  "SK_MEMINFO_WMEM_QUEUED",
					    "SK_MEMINFO_OPTMEM",     "SK_MEMINFO_BACKLOG",
					    "SK_MEMINFO_DROPS" };

static void set(lua_State *L, const char *name, lua_Integer v)
{
	lua_pushinteger(L, v);
	lua_setglobal(L, name);
}

static bool open_state(struct pd_run *run)
{
	if (run->code)
		return true;
	run->code = calloc(1, sizeof(*run->code));
	if (!run->code || !(run->code->L = luaL_newstate()))
		return pd_fail(run, "no memory");
	lua_register(run->code->L, "truth", lua_truth);
	pd_each_symbol(run->code->L, set);
	return true;
}

void pd_code_look(struct pd_caller *caller, int fd)
{
	_Alignas(8) char info[TCP_FIELDS_SIZE];
	uint32_t memory[9] = { 0 };
	int len = sizeof(info);
	lua_State *L = caller->run->code->L;
	if (sys_getsockopt(caller->tsk, fd, SOL_TCP, TCP_INFO, info, &len) == 0)
		tcp_fields(L, info, set);
	len = sizeof(memory);
	if (sys_getsockopt(caller->tsk, fd, SOL_SOCKET, SO_MEMINFO, memory, &len) == 0)
		for (unsigned i = 0; i < 9; i++)
			set(L, memory_names[i], memory[i]);
}

bool pd_code(struct pd_run *run, const struct pd_event *e)
{
	char buf[2048];
	const char *at = e->text;
	if (!open_state(run) || !pd_call(run, e, run->event_time))
		return false;
	while (next_statement(&at, buf, sizeof(buf)))
		if (*buf && !statement(run, run->code->L, buf))
			return false;
	return true;
}

void pd_code_free(struct pd_run *run)
{
	if (run->code && run->code->L)
		lua_close(run->code->L);
	free(run->code);
	run->code = NULL;
}
