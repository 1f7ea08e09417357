/* The scenario's network: hosts, links, switches, programs. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/host.h"
#include "lua/api.h"
#include "lua/tap.h"
#include "lua/host_sh.h"
#include "lua/program.h"
#include "lua/world.h"
#include "stack/kernel/printk.h"
#include "stack/kernel/sched.h"

#define DEFAULT_DELAY (50 * NSEC_PER_USEC)

#define T_NET "wirepath.network"
#define T_HOST "wirepath.host"
#define T_SWITCH "wirepath.switch"
#define T_LINK "wirepath.link"
#define T_PROGRAM "wirepath.program"

static void push_object(lua_State *L, void *p, const char *type)
{
	*(void **)lua_newuserdatauv(L, sizeof(p), 0) = p;
	luaL_setmetatable(L, type);
}

static void *check_object(lua_State *L, int idx, const char *type)
{
	return *(void **)luaL_checkudata(L, idx, type);
}

/* ---- options ---- */

/* "10.0.2.15/24" */
static struct world_addr check_cidr(lua_State *L, int idx)
{
	struct world_addr a = { .prefix = 24 };
	char text[32];
	const char *s = luaL_checkstring(L, idx), *slash = strchr(s, '/');
	char *end = NULL;
	struct in_addr in;
	long prefix = slash ? strtol(slash + 1, &end, 10) : 24;
	snprintf(text, sizeof(text), "%.*s", slash ? (int)(slash - s) : (int)strlen(s), s);
	if (inet_pton(AF_INET, text, &in) != 1 || (slash && (*end || end == slash + 1)) || prefix < 1 ||
	    prefix > 32)
		luaL_error(L, "'%s' is no address: give \"10.0.2.15/24\"", s);
	a.addr = in.s_addr;
	a.prefix = (uint8_t)prefix;
	return a;
}

/* A field of the options table at `opts` is on top of the stack when this is true. */
static bool has_field(lua_State *L, int opts, const char *name)
{
	if (lua_istable(L, opts) && lua_getfield(L, opts, name) != LUA_TNIL)
		return true;
	if (lua_istable(L, opts))
		lua_pop(L, 1);
	return false;
}

/* An option that nobody knows is a mistake. */
static void check_fields(lua_State *L, int opts, const char *what, const char *const *known)
{
	if (!lua_istable(L, opts))
		return;
	lua_pushnil(L);
	while (lua_next(L, opts)) {
		lua_pop(L, 1);
		const char *key = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "?";
		const char *const *k = known;
		while (*k && strcmp(*k, key) != 0)
			k++;
		if (!*k)
			luaL_error(L, "%s: there is no option '%s'", what, key);
	}
}

static void get_time(lua_State *L, int opts, const char *name, uint64_t *to)
{
	if (has_field(L, opts, name)) {
		*to = api_check_time(L, -1, name);
		lua_pop(L, 1);
	}
}

static void get_chance(lua_State *L, int opts, const char *name, uint32_t *to)
{
	if (has_field(L, opts, name)) {
		*to = api_check_chance(L, -1, name);
		lua_pop(L, 1);
	}
}

static const char *const link_options[] = { "rate",	     "delay",	       "queue",	  "jitter",
					    "loss",	     "duplicate",      "corrupt", "reorder",
					    "reorder_delay", "corrupt_fcs_ok", "from",	  NULL };

static void get_link_params(lua_State *L, int opts, const char *what, struct link_params *p)
{
	check_fields(L, opts, what, link_options);
	if (has_field(L, opts, "rate")) {
		p->rate = api_check_rate(L, -1, "rate");
		lua_pop(L, 1);
	}
	get_time(L, opts, "delay", &p->delay);
	if (p->delay < LINK_DELAY_MIN)
		luaL_error(L, "%s: the delay must be above zero", what);
	if (has_field(L, opts, "queue")) {
		lua_Integer n = luaL_checkinteger(L, -1);
		if (n < 1 || n > 1000000)
			luaL_error(L, "%s: queue is a number of frames, 1 to 1000000", what);
		p->queue_len = (uint32_t)n;
		lua_pop(L, 1);
	}
	get_time(L, opts, "jitter", &p->faults.jitter);
	get_time(L, opts, "reorder_delay", &p->faults.reorder_delay);
	get_chance(L, opts, "loss", &p->faults.loss);
	get_chance(L, opts, "duplicate", &p->faults.duplicate);
	get_chance(L, opts, "corrupt", &p->faults.corrupt);
	get_chance(L, opts, "reorder", &p->faults.reorder);
	if (has_field(L, opts, "corrupt_fcs_ok")) {
		p->faults.corrupt_fcs_ok = lua_toboolean(L, -1);
		lua_pop(L, 1);
	}
}

/* ---- network ---- */

static int l_network(lua_State *L)
{
	struct run *run = api_scenario_only(L, "sim.network");
	push_object(L, &run->world, T_NET);
	return 1;
}

static int net_host(lua_State *L)
{
	static const char *const known[] = { "addr", "gw", "rx_checksums", "card", NULL };
	struct run *run = api_scenario_only(L, "net:host");
	const char *name = luaL_checkstring(L, 2);
	struct world_addr addrs[WORLD_MAX_NICS];
	unsigned n = 0;
	uint32_t gw = 0;
	char err[256];
	if (!lua_isnoneornil(L, 3))
		luaL_checktype(L, 3, LUA_TTABLE);
	check_fields(L, 3, "net:host", known);
	if (has_field(L, 3, "addr")) {
		if (lua_istable(L, -1)) {
			int list = lua_gettop(L);
			for (lua_Integer i = 1; lua_rawgeti(L, list, i) != LUA_TNIL; i++) {
				if (n == WORLD_MAX_NICS)
					return luaL_error(L, "net:host: a host has at most %d cards",
							  WORLD_MAX_NICS);
				addrs[n++] = check_cidr(L, -1);
			}
			lua_pop(L, 1);
		} else {
			addrs[n++] = check_cidr(L, -1);
		}
		lua_pop(L, 1);
	}
	if (has_field(L, 3, "gw")) {
		const char *s = luaL_checkstring(L, -1);
		if (inet_pton(AF_INET, s, &gw) != 1)
			return luaL_error(L, "net:host: gw '%s' is no address", s);
		lua_pop(L, 1);
	}
	bool rx_checksums = has_field(L, 3, "rx_checksums") && lua_toboolean(L, -1);
	enum world_card card = CARD_FTGMAC100;
	if (has_field(L, 3, "card")) {
		const char *s = luaL_checkstring(L, -1);
		if (strcmp(s, "pio") == 0)
			card = CARD_PIO;
		else if (strcmp(s, "ftgmac100") != 0)
			return luaL_error(L, "net:host: there is no card '%s': ftgmac100 or pio", s);
	}
	if (!n)
		addrs[n++] = (struct world_addr){ .prefix = 0 };
	for (unsigned i = 0; i < n; i++) {
		addrs[i].rx_checksums = rx_checksums;
		addrs[i].card = card;
	}
	struct world_host *h = world_add_host(&run->world, name, addrs, n, gw, err, sizeof(err));
	if (!h)
		return luaL_error(L, "net:host: %s", err);
	push_object(L, h, T_HOST);
	return 1;
}

static int add_switch(lua_State *L, bool hub)
{
	struct run *run = api_scenario_only(L, hub ? "net:hub" : "net:switch");
	char err[256];
	struct world_switch *s = world_add_switch(&run->world, luaL_checkstring(L, 2), hub, err, sizeof(err));
	if (!s)
		return luaL_error(L, "%s", err);
	push_object(L, s, T_SWITCH);
	return 1;
}

static int net_switch(lua_State *L)
{
	return add_switch(L, false);
}

static int net_hub(lua_State *L)
{
	return add_switch(L, true);
}

/* An end of a link: a host (its next free card), "host:eth1", or a switch. */
static struct port *check_end(lua_State *L, int idx)
{
	struct run *run = script_of(L)->run;
	struct port *port = NULL;
	void **h = luaL_testudata(L, idx, T_HOST), **s = luaL_testudata(L, idx, T_SWITCH);
	if (s)
		return world_switch_port(*s);
	if (h) {
		port = world_host_port(*h, NULL);
	} else if (lua_type(L, idx) == LUA_TSTRING) {
		char name[128];
		snprintf(name, sizeof(name), "%s", lua_tostring(L, idx));
		char *colon = strchr(name, ':');
		if (colon)
			*colon = '\0';
		struct world_host *named = world_find_host(&run->world, name);
		if (!named)
			luaL_error(L, "there is no host '%s'", name);
		port = world_host_port(named, colon ? colon + 1 : NULL);
	} else {
		luaL_argerror(L, idx, "a host, a switch or \"host:eth1\" expected");
	}
	if (!port)
		luaL_error(L, "%s has no free card%s: give the host another address in net:host",
			   h ? ((struct world_host *)*h)->host->name : lua_tostring(L, idx),
			   h ? "" : " of that name");
	return port;
}

static void push_new_link(lua_State *L, struct port *a, struct port *b, int opts, const char *what)
{
	struct run *run = script_of(L)->run;
	struct link_params p = { .delay = DEFAULT_DELAY };
	char err[256];
	get_link_params(L, opts, what, &p);
	struct world_link *l = world_add_link(&run->world, a, b, &p, err, sizeof(err));
	if (!l)
		luaL_error(L, "%s: %s", what, err);
	push_object(L, l, T_LINK);
}

static int net_link(lua_State *L)
{
	api_scenario_only(L, "net:link");
	if (!lua_isnoneornil(L, 4))
		luaL_checktype(L, 4, LUA_TTABLE);
	struct port *a = check_end(L, 2), *b = check_end(L, 3);
	push_new_link(L, a, b, 4, "net:link");
	return 1;
}

/* sw:connect(host, ... [, options]): a link to each; returns the links. */
static int switch_connect(lua_State *L)
{
	struct world_switch *s = check_object(L, 1, T_SWITCH);
	int n = lua_gettop(L), opts = n + 1;
	api_scenario_only(L, "switch:connect");
	if (lua_istable(L, n))
		opts = n--;
	luaL_argcheck(L, n >= 2, 2, "a host expected");
	for (int i = 2; i <= n; i++) {
		struct port *end = check_end(L, i);
		push_new_link(L, end, world_switch_port(s), opts, "switch:connect");
	}
	return n - 1;
}

/* ---- links ---- */

/* Direction that "from" in the options names: 0, 1, or -1 for both. */
static int get_direction(lua_State *L, int opts, const struct world_link *l)
{
	int dir = -1;
	if (has_field(L, opts, "from")) {
		void **h = luaL_testudata(L, -1, T_HOST);
		if (!h)
			return luaL_error(L, "from: a host expected");
		const struct host *host = ((struct world_host *)*h)->host;
		if (l->a->host != host && l->b->host != host)
			return luaL_error(L, "from: %s is not at this link", host->name);
		dir = l->a->host == host ? 0 : 1;
		lua_pop(L, 1);
	}
	return dir;
}

static int link_set(lua_State *L)
{
	struct world_link *l = check_object(L, 1, T_LINK);
	luaL_checktype(L, 2, LUA_TTABLE);
	int dir = get_direction(L, 2, l);
	for (int d = 0; d < 2; d++) {
		if (dir >= 0 && d != dir)
			continue;
		struct link_params p = *link_get_params(l->link, d);
		get_link_params(L, 2, "link:set", &p);
		link_set_params(l->link, d, &p);
		link_set_faults(l->link, d, &p.faults);
	}
	return 0;
}

static int link_up(lua_State *L)
{
	link_set_up(((struct world_link *)check_object(L, 1, T_LINK))->link, true);
	return 0;
}

static int link_down(lua_State *L)
{
	link_set_up(((struct world_link *)check_object(L, 1, T_LINK))->link, false);
	return 0;
}

/* A Lua function that chooses the frames to drop. */
struct drop_match {
	struct script *script;
	int ref;
	const struct frame *frame; /* the one at hand */
	bool drop;
};

static int call_match(lua_State *L)
{
	struct drop_match *m = lua_touserdata(L, 1);
	struct run *run = m->script->run;
	lua_State *co = lua_newthread(L);
	lua_rawgeti(co, LUA_REGISTRYINDEX, m->ref);
	lua_pushlstring(co, (const char *)m->frame->data, m->frame->len);
	enum script_end end = script_call(m->script, co, 1);
	m->drop = end == SCRIPT_DONE && lua_toboolean(co, -1);
	if (end == SCRIPT_ERROR && run->code == EXIT_DONE)
		run_fail(run, EXIT_USAGE, "%s", lua_tostring(co, -1));
	else if (end != SCRIPT_DONE && run->code == EXIT_DONE && !run_interrupted(run))
		run_fail(run, EXIT_LIMIT, "a match function of link:drop used up its budget");
	return 0;
}

/* Called in the middle of a run, where no Lua error may come out. */
static bool match_frame(void *arg, const struct frame *f)
{
	struct drop_match *m = arg;
	lua_State *L = m->script->L;
	struct program *outer = m->script->running;
	if (m->script->exhausted) /* the run is over: hosts say goodbye */
		return false;
	m->script->running = NULL;
	m->frame = f;
	m->drop = false;
	lua_pushcfunction(L, call_match);
	lua_pushlightuserdata(L, m);
	if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
		lua_pop(L, 1);
		if (m->script->run->code == EXIT_DONE)
			run_fail(m->script->run, EXIT_LIMIT, "no memory for a match function of link:drop");
	}
	m->script->running = outer;
	return m->drop;
}

/* link:drop(n [, { from = host, match = function(bytes) }]): loses the next n frames that match. */
static int link_drop(lua_State *L)
{
	struct world_link *l = check_object(L, 1, T_LINK);
	static const char *const known[] = { "from", "match", NULL };
	lua_Integer n = luaL_optinteger(L, 2, 1);
	luaL_argcheck(L, n >= 0 && n <= UINT32_MAX, 2, "a number of frames expected");
	lua_settop(L, 3);
	check_fields(L, 3, "link:drop", known);
	int dir = get_direction(L, 3, l);
	struct drop_match *m = NULL;
	if (has_field(L, 3, "match")) {
		luaL_checktype(L, -1, LUA_TFUNCTION);
		m = lua_newuserdatauv(L, sizeof(*m), 0);
		luaL_ref(L, LUA_REGISTRYINDEX); /* kept as long as the state */
		m->script = script_of(L);
		m->ref = luaL_ref(L, LUA_REGISTRYINDEX);
	}
	for (int d = 0; d < 2; d++)
		if (dir < 0 || d == dir)
			link_drop_next(l->link, d, (uint32_t)n, m ? match_frame : NULL, m);
	return 0;
}

static void push_stats(lua_State *L, const struct link *link, int dir)
{
	const struct link_stats *s = link_get_stats(link, dir);
	const struct {
		const char *name;
		uint64_t value;
	} fields[] = {
		{ "frames", s->frames },
		{ "bytes", s->bytes },
		{ "lost", s->lost },
		{ "duplicated", s->duplicated },
		{ "corrupted", s->corrupted },
		{ "reordered", s->reordered },
		{ "dropped_queue", s->dropped_queue },
		{ "dropped_down", s->dropped_down },
		{ "waiting", link_waiting(link, dir) },
	};
	lua_createtable(L, 0, 9);
	for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		lua_pushinteger(L, (lua_Integer)fields[i].value);
		lua_setfield(L, -2, fields[i].name);
	}
}

/* link:stats(): one table per direction, first end to second, second to first. */
static int link_stats(lua_State *L)
{
	struct world_link *l = check_object(L, 1, T_LINK);
	push_stats(L, l->link, 0);
	push_stats(L, l->link, 1);
	return 2;
}

/* ---- hosts and programs ---- */

/* host:run([name,] fn): a function of the scenario as a program. */
static int host_run(lua_State *L)
{
	struct world_host *h = check_object(L, 1, T_HOST);
	struct run *run = api_scenario_only(L, "host:run");
	const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : h->host->name;
	int fn = lua_type(L, 2) == LUA_TSTRING ? 3 : 2;
	luaL_checktype(L, fn, LUA_TFUNCTION);
	struct program *p = program_new(run, h, name, script_of(L), false);
	if (!p)
		return luaL_error(L, "host:run: no memory");
	lua_pushvalue(L, fn);
	lua_xmove(L, p->co, 1);
	push_object(L, p, T_PROGRAM);
	return 1;
}

/* The base name without ".lua". */
static void program_name(const char *file, char *buf, size_t len)
{
	const char *slash = strrchr(file, '/');
	const char *base = slash ? slash + 1 : file;
	size_t n = strlen(base);
	if (n > 4 && strcmp(base + n - 4, ".lua") == 0)
		n -= 4;
	snprintf(buf, len, "%.*s", (int)n, base);
}

struct exec {
	struct program *p;
	lua_State *from; /* its arguments are there from index 3 on, as strings */
	const char *path, *file;
	int nargs;
};

/* In the program's own state: its function, its arguments, and `arg`. */
static int load_program(lua_State *L)
{
	const struct exec *e = lua_touserdata(L, 1);
	lua_State *co = e->p->co;
	if (script_load(co, e->path) != LUA_OK) {
		lua_xmove(co, L, 1);
		return lua_error(L);
	}
	lua_createtable(co, e->nargs, 1);
	lua_pushstring(co, e->file);
	lua_rawseti(co, -2, 0);
	for (int i = 0; i < e->nargs; i++) {
		lua_pushstring(co, lua_tostring(e->from, i + 3));
		lua_rawseti(co, -2, i + 1);
	}
	lua_setglobal(co, "arg");
	luaL_checkstack(co, e->nargs, "too many arguments");
	for (int i = 0; i < e->nargs; i++)
		lua_pushstring(co, lua_tostring(e->from, i + 3));
	return 0;
}

/* host:exec(file, ...): a program file with a state of its own; the rest are its arguments, as text. */
static int host_exec(lua_State *L)
{
	struct world_host *h = check_object(L, 1, T_HOST);
	struct run *run = api_scenario_only(L, "host:exec");
	const char *file = luaL_checkstring(L, 2);
	int nargs = lua_gettop(L) - 2;
	size_t len, all = 0;
	char name[64], stream[256];
	if (file[0] == '/' || strstr(file, ".."))
		return luaL_error(L, "host:exec: '%s' must lie in the scenario's folder", file);
	for (int i = 0; i < nargs; i++) {
		luaL_tolstring(L, i + 3, &len);
		lua_replace(L, i + 3);
		all += len;
	}
	luaL_argcheck(L, nargs <= 1000 && all <= 1 << 20, 3, "too long a list of arguments");
	const char *path = lua_pushfstring(L, "%s%s", script_of(L)->dir, file);
	program_name(file, name, sizeof(name));
	snprintf(stream, sizeof(stream), "%s/%s", h->host->name, name);
	struct script *s = script_new(run, path, stream);
	struct exec exec = { s ? program_new(run, h, name, s, true) : NULL, L, path, file, nargs };
	if (!exec.p)
		return luaL_error(L, "host:exec: no memory");
	run_watch(run, path);
	lua_pushcfunction(s->L, load_program);
	lua_pushlightuserdata(s->L, &exec);
	if (lua_pcall(s->L, 1, 0, 0) != LUA_OK) {
		exec.p->started = exec.p->ended = true; /* it never will */
		return luaL_error(L, "host:exec: %s", lua_tostring(s->L, -1));
	}
	exec.p->nargs = nargs;
	push_object(L, exec.p, T_PROGRAM);
	return 1;
}

static void add_log_line(void *arg, const char *text)
{
	luaL_Buffer *b = arg;
	luaL_addstring(b, text);
	luaL_addchar(b, '\n');
}

static int host_dmesg(lua_State *L)
{
	struct world_host *h = check_object(L, 1, T_HOST);
	luaL_Buffer b;
	luaL_buffinit(L, &b);
	log_for_each(h->host, add_log_line, &b);
	luaL_pushresult(&b);
	return 1;
}

/* host:capture("eth0"): as tcpdump on the host, into HOST.eth0.tap.pcapng of the run folder; "any": all
 * devices. */
static int host_capture(lua_State *L)
{
	struct world_host *h = check_object(L, 1, T_HOST);
	struct run *run = api_scenario_only(L, "host:capture");
	const char *dev = luaL_checkstring(L, 2);
	char err[256];
	if (!run->opt->dir)
		return luaL_error(L, "host:capture: this run has no folder");
	struct tap *t = tap_open(h->host, dev, run->opt->dir, err, sizeof(err));
	if (!t)
		return luaL_error(L, "host:capture: %s", err);
	h->taps = tap_push(t, h->taps);
	return 0;
}

/* Output, exit status and errors of a command. */
static int push_results(lua_State *L)
{
	const struct sh *sh = lua_touserdata(L, 1);
	lua_pushlstring(L, sh->out.buf ? sh->out.buf : "", sh->out.count);
	lua_pushvalue(L, 2);
	lua_pushlstring(L, sh->err.buf ? sh->err.buf : "", sh->err.count);
	return 3;
}

/* What a command said to `L`'s caller: its output, its exit status, and (checked or raised) its errors. */
static int sh_results(lua_State *L, struct sh *sh, int status, const char *line, bool check)
{
	lua_pushcfunction(L, push_results);
	lua_pushlightuserdata(L, sh);
	lua_pushinteger(L, status);
	int pushed = lua_pcall(L, 2, 3, 0); /* the buffers are to go whatever happens */
	seq_release(&sh->out);
	seq_release(&sh->err);
	if (pushed != LUA_OK)
		return lua_error(L);
	if (check && status && lua_rawlen(L, -1)) {
		const char *text = lua_tostring(L, -1);
		int len = (int)strlen(text);
		return luaL_error(L, "host:sh: %s: %s", line,
				  lua_pushlstring(L, text, (size_t)(len - (text[len - 1] == '\n'))));
	}
	return 3;
}

/* The function of a program that is one command: upvalues host, line. */
static int sh_program(lua_State *L)
{
	struct world_host *h = lua_touserdata(L, lua_upvalueindex(1));
	const char *line = lua_tostring(L, lua_upvalueindex(2));
	struct program *p = program_running(L, "host:sh");
	struct sh sh = { .host = h->host, .world = &p->run->world, .program = p, .stream = true };
	p->exit_code = host_sh(&sh, line);
	if (sh.err.count)
		run_error_output(p->run, sh.err.buf, sh.err.count);
	seq_release(&sh.out);
	seq_release(&sh.err);
	return 0;
}

/*
 * host:sh(line [, { check = false }]): a command of the host. Returns output, exit status, errors; raises the
 * errors of one that failed, unless check is false. One that takes time runs in the calling program when that
 * is the host's; else it becomes a program of its own, which is returned.
 */
static int host_sh_call(lua_State *L)
{
	static const char *const known[] = { "check", NULL };
	struct world_host *h = check_object(L, 1, T_HOST);
	struct run *run = api_scenario_only(L, "host:sh");
	const char *line = luaL_checkstring(L, 2);
	struct program *p = script_of(L)->running;
	bool check = true;
	if (!lua_isnoneornil(L, 3))
		luaL_checktype(L, 3, LUA_TTABLE);
	check_fields(L, 3, "host:sh", known);
	if (has_field(L, 3, "check"))
		check = lua_toboolean(L, -1);
	world_up(&run->world);
	if (p && p->host != h)
		p = NULL;
	if (!p && host_sh_takes_time(line)) {
		char name[32];
		host_sh_name(line, name, sizeof(name));
		if (!(p = program_new(run, h, name, script_of(L), false)))
			return luaL_error(L, "host:sh: no memory");
		lua_pushlightuserdata(L, h);
		lua_pushvalue(L, 2);
		lua_pushcclosure(L, sh_program, 2);
		lua_xmove(L, p->co, 1);
		if (L != run->main_co && !program_start(p)) /* time passes already */
			return luaL_error(L, "host:sh: no memory");
		push_object(L, p, T_PROGRAM);
		return 1;
	}
	struct sh sh = { .host = h->host, .world = &run->world, .program = p };
	int status = host_sh(&sh, line);
	if (p && program_resumed(p)) { /* it may have taken time, and others have run */
		seq_release(&sh.out);
		seq_release(&sh.err);
		return script_leave(L);
	}
	return sh_results(L, &sh, status, line, check);
}

/* The command line on top of the stack grows by an option with its word in quotes. */
static void rule_word(lua_State *L, const char *option, const char *word)
{
	if (strpbrk(word, "'\n"))
		luaL_error(L, "host:rule: no ' and no end of line can be in %s", word);
	lua_pushfstring(L, "%s %s '%s'", lua_tostring(L, -1), option, word);
	lua_remove(L, -2);
}

/* host:rule(chain, { protocol = "tcp", dport = 22, target = "DROP" }): host:sh() of the iptables command. */
static int host_rule(lua_State *L)
{
	/* in iptables' order: a match's options after the protocol, a target's behind it */
	static const struct {
		const char *field, *match, *option;
	} words[] = {
		{ "protocol", "", "-p" },
		{ "source", "", "-s" },
		{ "destination", "", "-d" },
		{ "input", "", "-i" },
		{ "output", "", "-o" },
		{ "sport", "", "--sport" },
		{ "dport", "", "--dport" },
		{ "icmp_type", "", "--icmp-type" },
		{ "state", " -m conntrack", "--ctstate" },
		{ "limit", " -m limit", "--limit" },
		{ "target", "", "-j" },
		{ "reject_with", "", "--reject-with" },
		{ "log_prefix", "", "--log-prefix" },
		{ "to_destination", "", "--to-destination" },
		{ "to_source", "", "--to-source" },
		{ "to_ports", "", "--to-ports" },
	};
	enum { NR = sizeof(words) / sizeof(words[0]) };
	const char *known[NR + 3] = { "table", "at" };
	for (unsigned i = 0; i < NR; i++)
		known[i + 2] = words[i].field;
	const char *chain = luaL_checkstring(L, 2);
	luaL_checktype(L, 3, LUA_TTABLE);
	check_fields(L, 3, "host:rule", known);
	int at = has_field(L, 3, "at") ? (int)luaL_checkinteger(L, -1) : 0;
	const char *table = has_field(L, 3, "table") ? luaL_checkstring(L, -1) : "filter";
	lua_pushliteral(L, "iptables");
	rule_word(L, "-t", table);
	rule_word(L, at ? "-I" : "-A", chain);
	if (at)
		lua_pushfstring(L, "%s %d", lua_tostring(L, -1), at);
	for (unsigned i = 0; i < NR; i++) {
		if (!has_field(L, 3, words[i].field))
			continue;
		const char *word = luaL_checkstring(L, -1);
		bool invert = word[0] == '!';
		lua_pushfstring(L, "%s%s%s", lua_tostring(L, -2), words[i].match, invert ? " !" : "");
		rule_word(L, words[i].option, word + (invert ? strspn(word, "! ") : 0));
	}
	lua_replace(L, 2);
	lua_settop(L, 2);
	return host_sh_call(L);
}

/* program:daemon(): waiting for ever is its business. Returns the program. */
static int program_daemon(lua_State *L)
{
	((struct program *)check_object(L, 1, T_PROGRAM))->daemon = true;
	lua_settop(L, 1);
	return 1;
}

/* program:status(): nil while it runs, its exit code when it has ended. */
static int program_status(lua_State *L)
{
	const struct program *p = check_object(L, 1, T_PROGRAM);
	if (p->ended)
		lua_pushinteger(L, p->exit_code);
	else
		lua_pushnil(L);
	return 1;
}

/* ---- opening ---- */

static int host_index(lua_State *L)
{
	const struct world_host *h = check_object(L, 1, T_HOST);
	if (lua_type(L, 2) == LUA_TSTRING && strcmp(lua_tostring(L, 2), "name") == 0) {
		lua_pushstring(L, h->host->name);
		return 1;
	}
	luaL_getmetatable(L, T_HOST);
	lua_getfield(L, -1, "methods");
	lua_pushvalue(L, 2);
	lua_rawget(L, -2);
	return 1;
}

static void new_type(lua_State *L, const char *type, const luaL_Reg *methods)
{
	luaL_newmetatable(L, type);
	lua_newtable(L);
	luaL_setfuncs(L, methods, 0);
	lua_pushvalue(L, -1);
	lua_setfield(L, -3, "methods");
	lua_setfield(L, -2, "__index");
	lua_pushstring(L, strchr(type, '.') + 1);
	lua_setfield(L, -2, "__name");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
}

static const luaL_Reg net_methods[] = {
	{ "host", net_host }, { "link", net_link }, { "switch", net_switch },
	{ "hub", net_hub },   { NULL, NULL },
};
static const luaL_Reg host_methods[] = {
	{ "run", host_run },   { "exec", host_exec },	    { "dmesg", host_dmesg }, { "sh", host_sh_call },
	{ "rule", host_rule }, { "capture", host_capture }, { NULL, NULL },
};
static const luaL_Reg switch_methods[] = { { "connect", switch_connect }, { NULL, NULL } };
static const luaL_Reg link_methods[] = {
	{ "set", link_set },   { "up", link_up },	{ "down", link_down },
	{ "drop", link_drop }, { "stats", link_stats }, { NULL, NULL },
};
static const luaL_Reg program_methods[] = {
	{ "daemon", program_daemon },
	{ "status", program_status },
	{ NULL, NULL },
};

void api_net_open(lua_State *L)
{
	new_type(L, T_NET, net_methods);
	new_type(L, T_HOST, host_methods);
	new_type(L, T_SWITCH, switch_methods);
	new_type(L, T_LINK, link_methods);
	new_type(L, T_PROGRAM, program_methods);
	luaL_getmetatable(L, T_HOST);
	lua_pushcfunction(L, host_index);
	lua_setfield(L, -2, "__index");
	lua_pop(L, 1);
	lua_pushcfunction(L, l_network);
	lua_setfield(L, -2, "network");
}
