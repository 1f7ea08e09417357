/* `wirepath run`: one scenario from script to run folder. */
#include "lua/run.h"

#include <errno.h>
#include <lauxlib.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/drop.h"
#include "core/host.h"
#include "lua/options.h"
#include "lua/profile.h"
#include "lua/program.h"
#include "lua/run_dir.h"
#include "lua/run_ui.h"
#include "stack/kernel/sched.h"
#include "stack/skb/drop_reason.h"
#include "viz/chart.h"

#define PACE_STEP NSEC_PER_MSEC /* of real time, at least, between two waits of --pace */

/* ---- ends and output ---- */

void run_fail(struct run *run, enum exit_code code, const char *fmt, ...)
{
	va_list ap;
	run_ui_clear_line(run);
	fflush(stdout);
	fprintf(stderr, "wirepath run: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	if (code > run->code || run->code == EXIT_DONE)
		run->code = code;
	if (run->sim)
		sim_stop(run->sim, SIM_STOPPED);
}

bool run_interrupted(struct run *run)
{
	run_ui_poll(run);
	return run_ui_interrupted(run) || run->code != EXIT_DONE;
}

void run_output(struct run *run, const char *who, const char *s, size_t n)
{
	run_ui_clear_line(run);
	if (!who) {
		XXH3_64bits_update(run->output, s, n);
		fwrite(s, 1, n, stdout);
		return;
	}
	uint64_t now = run->sim->now;
	printf("%llu.%09llu %s: %.*s\n", (unsigned long long)(now / NSEC_PER_SEC),
	       (unsigned long long)(now % NSEC_PER_SEC), who, (int)n, s);
}

void run_error_output(struct run *run, const char *s, size_t n)
{
	run_ui_clear_line(run);
	fflush(stdout);
	fwrite(s, 1, n, stderr);
}

/* ---- time ---- */

/* Programs that were made since the last time begin now. */
static void start_programs(struct run *run)
{
	for (struct program *p = run->programs; p; p = p->next)
		if (!p->started && !program_start(p))
			run_fail(run, EXIT_LIMIT, "no memory to start %s on %s", p->name,
				 p->host->host->name);
}

/* The clock is about to move to `when`: --snapshot, and --pace, by which real time catches up. */
static uint64_t on_clock(void *arg, uint64_t when)
{
	struct run *run = arg;
	uint64_t next = snapshots_clock(run->snapshots, when);
	if (run->opt->pace > 0) {
		run_ui_pace(run, when);
		uint64_t step = when + (uint64_t)((double)PACE_STEP * run->opt->pace);
		next = step < next ? step : next;
	}
	return next;
}

enum sim_stop run_advance(struct run *run, uint64_t until)
{
	if (run_interrupted(run))
		return SIM_STOPPED;
	world_up(&run->world);
	start_programs(run);
	enum sim_stop why = sim_run(run->sim, until);
	snapshots_clock(run->snapshots, run->sim->now + 1);
	if (run->opt->pace > 0 && why == SIM_UNTIL)
		run_ui_pace(run, run->sim->now);
	return why;
}

static void on_idle_poll(void *arg)
{
	struct run *run = arg;
	run_alive(run);
	run_ui_poll(run);
	if (run->opt->events && run->sim->nr_events > run->opt->events)
		run_fail(run, EXIT_LIMIT, "limit: more than %llu events",
			 (unsigned long long)run->opt->events);
}

/* ---- the end of a run ---- */

/* Nothing is left to happen, and programs still wait: who and for what. */
static void report_deadlock(struct run *run)
{
	bool told = false;
	for (struct program *p = run->programs; p; p = p->next) {
		if (!p->tsk || p->daemon)
			continue;
		if (!told)
			run_fail(run, EXIT_FAILED,
				 "deadlock: nothing is left to happen, but programs still wait:");
		told = true;
		const char *in = p->tsk->task->waits_in;
		fprintf(stderr, "  host %s: %s waits in %s", p->host->host->name, p->name, in ? in : "?");
		lua_Debug ar;
		for (int level = 0; lua_getstack(p->co, level, &ar); level++)
			if (lua_getinfo(p->co, "Sl", &ar) && ar.currentline > 0) {
				fprintf(stderr, " at %s:%d", ar.short_src, ar.currentline);
				break;
			}
		fputc('\n', stderr);
	}
}

/* Kills what still runs and lets its code be left. */
static void stop_programs(struct run *run)
{
	for (struct program *p = run->programs; p; p = p->next)
		if (p->started)
			program_kill(p);
	for (struct world_host *h = run->world.hosts; h; h = h->next)
		cpu_run(&h->host->cpu);
}

static uint64_t digest_of(struct run *run)
{
	XXH3_state_t *all = XXH3_createState();
	uint64_t part, digest;
	if (!all)
		return 0;
	XXH3_64bits_reset(all);
	part = world_digest(&run->world);
	XXH3_64bits_update(all, &part, sizeof(part));
	part = XXH3_64bits_digest(run->output);
	XXH3_64bits_update(all, &part, sizeof(part));
	for (struct program *p = run->programs; p; p = p->next) {
		part = XXH3_64bits_digest(p->hash);
		XXH3_64bits_update(all, &part, sizeof(part));
		XXH3_64bits_update(all, &p->exit_code, sizeof(p->exit_code));
	}
	digest = XXH3_64bits_digest(all);
	XXH3_freeState(all);
	return digest;
}

static const char *result_of(const struct run *run)
{
	if (run_ui_interrupted(run))
		return "interrupted";
	static const char *const names[] = { "done", "assertion failed", "script error", "fault",
					     "limit reached" };
	return names[run->code];
}

/* Draws a chart that the scenario asked for into the run folder, and shows it when it is to be shown. */
static void draw_chart(struct run *run, const struct viz_charts *charts, const struct run_chart *c)
{
	char path[4400], note[512], err[512];
	struct viz_chart_options opt = { .host = c->host, .call = c->call, .depth = c->depth, .nth = c->nth };
	opt.style = c->style && strcmp(c->style, "outline") == 0 ? VIZ_OUTLINE : VIZ_NESTED;
	snprintf(path, sizeof(path), "%s/%s.%s.chart.txt", run->opt->dir, c->host ? c->host : "any", c->call);
	FILE *f = fopen(path, "we");
	if (!f) {
		run_fail(run, EXIT_USAGE, "cannot write %s: %s", path, strerror(errno));
		return;
	}
	if (viz_chart(charts, &opt, false, f, note, sizeof(note), err, sizeof(err)) < 0) {
		fprintf(stderr, "wirepath run: chart: %s\n", err);
		fclose(f);
		remove(path);
		return;
	}
	bool bad = ferror(f) != 0;
	if ((fclose(f) != 0) | bad)
		run_fail(run, EXIT_USAGE, "cannot write %s: %s", path, strerror(errno));
	if (c->show) {
		printf("\n%s\n\n", note);
		viz_chart(charts, &opt, false, stdout, note, sizeof(note), err, sizeof(err));
	}
}

static void draw_charts(struct run *run)
{
	struct viz_trace t;
	const struct viz_trace *traces[] = { &t };
	struct viz_charts charts;
	char err[512];
	if (!run->charts || run->opt->no_trace || !run->opt->dir)
		return;
	if (viz_run_open(&t, run->opt->dir, err, sizeof(err)) < 0) {
		fprintf(stderr, "wirepath run: chart: %s\n", err);
		return;
	}
	if (viz_charts_open(&charts, traces, &run->opt->dir, 1, err, sizeof(err)) < 0) {
		fprintf(stderr, "wirepath run: chart: %s\n", err);
	} else {
		for (const struct run_chart *c = run->charts; c; c = c->next)
			draw_chart(run, &charts, c);
		viz_charts_close(&charts);
	}
	viz_trace_close(&t);
}

/* Standard output may be a full disk, and that must not look like success. A closed pipe is no mistake. */
static void check_stdout(struct run *run)
{
	int r = fflush(stdout), err = errno;
	struct pollfd fd = { .fd = STDOUT_FILENO, .events = POLLOUT };
	if ((r == 0 && !ferror(stdout)) || (poll(&fd, 1, 0) == 1 && fd.revents & POLLERR))
		return;
	run_fail(run, EXIT_USAGE, "cannot write the output: %s", r ? strerror(err) : "it was cut off");
}

static void summary(const struct run *run, const struct manifest *m)
{
	printf("\n%s: %s, %llu.%09llu s virtual, %llu events, %llu frames, %llu drops\n", m->scenario,
	       m->result, (unsigned long long)(m->time / NSEC_PER_SEC),
	       (unsigned long long)(m->time % NSEC_PER_SEC), (unsigned long long)m->events,
	       (unsigned long long)m->frames, (unsigned long long)m->drops);
	printf("results: %s\n", run->opt->dir);
}

static void fill_manifest(struct run *run, struct manifest *m)
{
	const struct run_options *o = run->opt;
	char *copy = strdup(o->file);
	memset(m, 0, sizeof(*m));
	snprintf(m->scenario, sizeof(m->scenario), "%s", copy ? basename(copy) : o->file);
	free(copy);
	for (unsigned i = 0, at = 0; o->params[i] && at < sizeof(m->params); i++)
		at += (unsigned)snprintf(m->params + at, sizeof(m->params) - at, "%s%s", i ? " " : "",
					 o->params[i]);
	snprintf(m->filter, sizeof(m->filter), "%s", o->filter ? o->filter : "");
	m->seed = o->seed;
	m->until = o->until;
	m->traced = !o->no_trace;
	m->time = run->sim->now;
	m->events = run->sim->nr_events;
	m->frames = run->sim->nr_frames;
	m->drops = run->sim->nr_drops;
	m->digest_run = digest_of(run);
}

/* After the script: everything is stopped, checked, written. */
static void finish(struct run *run, enum sim_stop last)
{
	struct manifest m;
	char err[512];
	struct sim *sim = run->sim;

	if (last == SIM_IDLE && run->code == EXIT_DONE && !run_ui_interrupted(run))
		report_deadlock(run);
	const char *unused = trace_unused_host(sim);
	if (unused && run->code == EXIT_DONE && !run_ui_interrupted(run))
		run_fail(run, EXIT_USAGE, "trace filter '%s': no host of the scenario matches host=%s",
			 run->opt->filter, unused);
	if (!snapshots_finish(run->snapshots, run->code == EXIT_DONE && !run_ui_interrupted(run), err,
			      sizeof(err)))
		run_fail(run, EXIT_USAGE, "%s", err);
	fill_manifest(run, &m);
	if (trace_finish(sim, err, sizeof(err)) < 0)
		run_fail(run, EXIT_USAGE, "%s", err);
	m.records = trace_count(sim);
	m.digest_calls = trace_digest(sim);
	stop_programs(run);
	if (!world_down(&run->world))
		run_fail(run, EXIT_USAGE, "a capture file could not be written whole");
	for (struct program *p = run->programs; p; p = p->next)
		if (!program_finish(p))
			run_fail(run, EXIT_USAGE, "the output of %s could not be written whole", p->name);
	if (*sim->fault && sim->no_memory)
		run_fail(run, EXIT_LIMIT, "%s", sim->fault);
	else if (*sim->fault) {
		run_fail(run, EXIT_FAULT,
			 "%s\nThis is a fault in wirepath; to see it again: wirepath run %s --seed %llu",
			 sim->fault, run->opt->file, (unsigned long long)run->opt->seed);
	}
	draw_charts(run);
	snprintf(m.result, sizeof(m.result), "%s", result_of(run));
	if (run->opt->dir && manifest_write(run->opt->dir, &m, err, sizeof(err)) < 0)
		run_fail(run, EXIT_USAGE, "%s", err);
	run_ui_clear_line(run);
	if (run->opt->dir)
		summary(run, &m);
	check_stdout(run);
}

/* ---- a run ---- */

static const char *drop_text(unsigned nr)
{
	const char *s = core_drop_text(nr);
	return s ? s : skb_drop_text(nr);
}

static bool start(struct run *run)
{
	const struct run_options *o = run->opt;
	char err[512], path[4400];
	if (!(run->output = XXH3_createState()) || !(run->sim = sim_new(o->seed))) {
		fprintf(stderr, "wirepath run: no memory\n");
		return false;
	}
	XXH3_64bits_reset(run->output);
	if (o->profile && profile_load(run->sim, o->profile, err, sizeof(err)) < 0) {
		fprintf(stderr, "wirepath run: %s\n", err);
		return false;
	}
	if (o->dir && run_dir_prepare(o->dir, err, sizeof(err)) < 0) {
		fprintf(stderr, "wirepath run: %s\n", err);
		return false;
	}
	if (!(run->snapshots = snapshots_new(run, o->snapshots, err, sizeof(err)))) {
		fprintf(stderr, "wirepath run: %s\n", err);
		return false;
	}
	snprintf(path, sizeof(path), "%s/trace.wpt", o->dir ? o->dir : "");
	struct trace_options trace = { .path = o->dir ? path : NULL,
				       .filter = o->filter,
				       .drop_text = drop_text };
	if (!o->no_trace && trace_start(run->sim, &trace, err, sizeof(err)) < 0) {
		fprintf(stderr, "wirepath run: %s\n", err);
		return false;
	}
	run->sim->time_limit = o->until;
	run->sim->idle_poll = on_idle_poll;
	run->sim->idle_arg = run;
	run->sim->pace = on_clock;
	run->sim->pace_at = o->pace > 0 ? 0 : snapshots_clock(run->snapshots, 0);
	world_init(&run->world, run->sim, o->pcap ? o->dir : NULL);
	return run_ui_start(run);
}

/* Makes the scenario's thread, which is the result, and loads the file into it; a message instead when it is
 * wrong. */
static int load_scenario(lua_State *L)
{
	struct run *run = script_of(L)->run;
	lua_State *co = lua_newthread(L);
	if (script_load(co, run->opt->file) != LUA_OK) {
		lua_xmove(co, L, 1);
		return lua_error(L);
	}
	run->main_co = co;
	return 1;
}

static void run_script(struct run *run)
{
	struct script *s = script_new(run, run->opt->file, "scenario");
	if (!s) {
		run_fail(run, EXIT_LIMIT, "no memory for the scenario");
		return;
	}
	lua_pushcfunction(s->L, load_scenario);
	int status = lua_pcall(s->L, 0, 1, 0);
	if (status != LUA_OK) {
		run_fail(run, status == LUA_ERRMEM ? EXIT_LIMIT : EXIT_USAGE, "%s", lua_tostring(s->L, -1));
		return;
	}
	switch (script_call(s, run->main_co, 0)) {
	case SCRIPT_ERROR:
		if (run->code == EXIT_DONE)
			run_fail(run, EXIT_USAGE, "%s", lua_tostring(run->main_co, -1));
		break;
	case SCRIPT_MEMORY_OUT:
		run_fail(run, EXIT_LIMIT, "the scenario is out of memory (limit: %u MiB)",
			 SCRIPT_MEMORY >> 20);
		break;
	case SCRIPT_STOPPED:
		/* out of budget, unless sim.run() left the script because the run had ended */
		if (run->code == EXIT_DONE && !run_ui_interrupted(run) &&
		    (run->sim->stop == SIM_IDLE || run->sim->stop == SIM_UNTIL))
			run_fail(run, EXIT_LIMIT,
				 "the scenario ran %llu million instructions without a pause: an endless "
				 "loop?",
				 script_budget(s) / 1000000);
		break;
	case SCRIPT_DONE:
		break;
	}
}

static void free_run(struct run *run)
{
	while (run->programs) {
		struct program *p = run->programs;
		run->programs = p->next;
		program_free(p);
	}
	while (run->scripts) {
		struct script *s = run->scripts;
		run->scripts = s->next;
		script_free(s);
	}
	while (run->charts) {
		struct run_chart *c = run->charts;
		run->charts = c->next;
		free(c->host);
		free(c->call);
		free(c->style);
		free(c);
	}
	snapshots_free(run->snapshots);
	if (run->sim)
		sim_free(run->sim);
	if (run->output)
		XXH3_freeState(run->output);
}

int run_scenario(const struct run_options *opt, struct watch_list *watched, bool *interrupted)
{
	struct run run = { .opt = opt, .watched = watched };
	run.programs_tail = &run.programs;
	run.charts_tail = &run.charts;
	int code = EXIT_USAGE;
	run_watch(&run, opt->file);
	if (start(&run)) {
		run_script(&run);
		finish(&run, run.sim->stop);
		*interrupted = run_ui_interrupted(&run);
		code = run.code;
		if (code == EXIT_DONE && *interrupted)
			code = EXIT_SIGNAL + run_ui_signal(&run);
		run_ui_stop(&run);
	}
	free_run(&run);
	return code;
}

void run_watch(struct run *run, const char *file)
{
	if (run->watched)
		watch_list_add(run->watched, file);
}

/* runs/NAME/ of scenarios/NAME.lua */
static const char *default_dir(const char *file, char *buf, unsigned len)
{
	const char *slash = strrchr(file, '/');
	const char *base = slash ? slash + 1 : file;
	size_t n = strlen(base);
	if (n > 4 && strcmp(base + n - 4, ".lua") == 0)
		n -= 4;
	snprintf(buf, len, "runs/%.*s", (int)n, base);
	return buf;
}

int cmd_run(int argc, char **argv)
{
	static const char help[] =
		"usage: wirepath run FILE [-o DIR] [--seed N] [--set k=v]... [--until T] [--trace FILTER | "
		"--no-trace]\n"
		"                    [--pcap] [--snapshot MOMENT]... [--profile NAME] [--pace X] "
		"[--watch]\n\n"
		"Runs the scenario FILE and writes a run folder.\n\n"
		"  -o DIR          the run folder (default runs/NAME)\n"
		"  --seed N        seed of all randomness (default 1); same scenario and seed: same run\n"
		"  --set k=v       a parameter of the scenario: sim.param(\"k\"); may be given again\n"
		"  --until T       end at this virtual time: 10ms, 2s\n"
		"  --trace FILTER  record only what passes: terms host=GLOB layer=GLOB fn=GLOB packet=ID "
		"from=T to=T\n"
		"                  joined by commas\n"
		"  --no-trace      record no calls (fastest)\n"
		"  --pcap          write a pcapng file per network card\n"
		"  --snapshot MOMENT  keep all objects as they are at a virtual time (2ms) or when a host "
		"enters a\n"
		"                  function for the Nth time (client:tcp_transmit_skb:3): 'wirepath objects' "
		"draws\n"
		"                  them; may be given again\n"
		"  --profile NAME  functions take CPU time: ast2500 (default: no time)\n"
		"  --pace X        run at X times real time\n"
		"  --watch         run again whenever the script or a file that it loads changes\n\n"
		"example: wirepath run scenarios/lossy_link.lua --seed 7 --set loss=0.2 --pcap\n";
	struct run_options opt = { .seed = 1, .until = UINT64_MAX };
	const struct option_spec specs[] = {
		{ .name = "-o", .text = &opt.dir },
		{ .name = "--seed", .number = &opt.seed },
		{ .name = "--set", .list = opt.params, .list_max = RUN_MAX_PARAMS },
		{ .name = "--until", .time = &opt.until },
		{ .name = "--snapshot", .list = opt.snapshots, .list_max = SNAPSHOT_MAX },
		{ .name = "--trace", .text = &opt.filter },
		{ .name = "--no-trace", .flag = &opt.no_trace },
		{ .name = "--pcap", .flag = &opt.pcap },
		{ .name = "--profile", .text = &opt.profile },
		{ .name = "--pace", .factor = &opt.pace },
		{ .name = "--watch", .flag = &opt.watch },
		{ 0 },
	};
	char dir[512];
	int code = options_parse("run", help, specs, argc, argv, &opt.file, 1);
	if (code >= 0)
		return code;
	if (opt.filter && opt.no_trace)
		return usage_error("run", "--trace and --no-trace exclude each other");
	for (unsigned i = 0; opt.params[i]; i++)
		if (!strchr(opt.params[i], '=') || opt.params[i][0] == '=')
			return usage_error("run", "--set takes k=v, not '%s'", opt.params[i]);
	FILE *probe = fopen(opt.file, "re");
	if (!probe)
		return usage_error("run", "cannot read %s: %s", opt.file, strerror(errno));
	fclose(probe);
	if (!opt.dir)
		opt.dir = default_dir(opt.file, dir, sizeof(dir));
	struct watch_list *watched = opt.watch ? watch_list_new() : NULL;
	signal(SIGPIPE, SIG_IGN); /* `| head`: the run folder is wanted all the same */
	do {
		bool interrupted = false;
		code = run_scenario(&opt, watched, &interrupted);
		if (!watched || interrupted)
			break;
		fprintf(stderr, "watching for changes; Ctrl-C ends\n");
	} while (watch_list_wait(watched));
	watch_list_free(watched);
	return code;
}
