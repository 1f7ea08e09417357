/* libev's part of a run. */
#include "lua/run_ui.h"

#include <ev.h>
#include <signal.h>
#include <time.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lua/run.h"

#define PROGRESS_AFTER 1.0 /* s of real time before the progress line shows */
#define PROGRESS_EVERY 0.5
#define WATCHDOG_EVERY                                                                                       \
	10 /* s of CPU time without an event or a step of a script: stuck inside a library function */

struct run_ui {
	struct run *run;
	ev_signal on_int, on_term;
	ev_timer progress;
	int signal; /* that asked the run to end; 0: none has */
	bool line_shown, tty;
	ev_tstamp started;
	timer_t watchdog;
	bool has_watchdog;
	uint64_t seen; /* by the watchdog */
};

static void on_signal(struct ev_loop *loop, ev_signal *w, int revents)
{
	struct run_ui *ui = w->data;
	(void)loop;
	(void)revents;
	ui->signal = w->signum;
	if (ui->run->sim)
		sim_stop(ui->run->sim, SIM_STOPPED);
}

static void on_progress(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct run_ui *ui = w->data;
	const struct sim *sim = ui->run->sim;
	double real = ev_now(loop) - ui->started;
	(void)revents;
	fprintf(stderr, "\r\033[K%.6f s virtual, %llu events, %llu frames, %.0f events/s",
		(double)sim->now / 1e9, (unsigned long long)sim->nr_events,
		(unsigned long long)sim->nr_frames, real > 0 ? (double)sim->nr_events / real : 0.0);
	fflush(stderr);
	ui->line_shown = true;
}

static void init_signal(struct run_ui *ui, ev_signal *w, int nr)
{
	ev_signal_init(w, on_signal, nr);
	w->data = ui;
	ev_signal_start(ui->run->loop, w);
}

/*
 * The last line of defence against a script that is stuck where neither the count hook nor a signal of libev
 * gets through (a pattern that backtracks without end). Only async-signal-safe calls.
 */
static void on_watchdog(int nr, siginfo_t *info, void *context)
{
	static const char text[] =
		"wirepath run: a script is stuck inside a library function; the run is given up\n";
	struct run_ui *ui = info->si_value.sival_ptr;
	uint64_t now = ui->run->alive + (ui->run->sim ? ui->run->sim->nr_events : 0);
	(void)nr;
	(void)context;
	if (now == ui->seen) {
		if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
			_exit(EXIT_LIMIT);
		_exit(EXIT_LIMIT);
	}
	ui->seen = now;
}

static void start_watchdog(struct run_ui *ui)
{
	struct sigaction sa = { .sa_sigaction = on_watchdog, .sa_flags = SA_SIGINFO | SA_RESTART };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
			       .sigev_signo = SIGPROF,
			       .sigev_value.sival_ptr = ui };
	struct itimerspec every = { { WATCHDOG_EVERY, 0 }, { WATCHDOG_EVERY, 0 } };
	ui->seen = UINT64_MAX;
	if (sigaction(SIGPROF, &sa, NULL) == 0 &&
	    timer_create(CLOCK_PROCESS_CPUTIME_ID, &ev, &ui->watchdog) == 0)
		ui->has_watchdog = timer_settime(ui->watchdog, 0, &every, NULL) == 0;
}

bool run_ui_start(struct run *run)
{
	struct run_ui *ui = calloc(1, sizeof(*ui));
	run->loop = ev_default_loop(EVFLAG_AUTO);
	if (!ui || !run->loop) {
		fprintf(stderr, "wirepath run: cannot set up the event loop\n");
		free(ui);
		return false;
	}
	ui->run = run;
	run->ui = ui;
	init_signal(ui, &ui->on_int, SIGINT);
	init_signal(ui, &ui->on_term, SIGTERM);
	ev_now_update(run->loop);
	ui->started = ev_now(run->loop);
	start_watchdog(ui);
	ui->tty = isatty(STDERR_FILENO);
	ev_timer_init(&ui->progress, on_progress, PROGRESS_AFTER, PROGRESS_EVERY);
	ui->progress.data = ui;
	if (ui->tty)
		ev_timer_start(run->loop, &ui->progress);
	return true;
}

void run_ui_stop(struct run *run)
{
	struct run_ui *ui = run->ui;
	if (!ui)
		return;
	run_ui_clear_line(run);
	if (ui->has_watchdog)
		timer_delete(ui->watchdog);
	ev_signal_stop(run->loop, &ui->on_int);
	ev_signal_stop(run->loop, &ui->on_term);
	ev_timer_stop(run->loop, &ui->progress);
	free(ui);
	run->ui = NULL;
}

void run_ui_poll(struct run *run)
{
	ev_run(run->loop, EVRUN_NOWAIT);
}

void run_ui_clear_line(struct run *run)
{
	if (run->ui && run->ui->line_shown) {
		fputs("\r\033[K", stderr);
		fflush(stderr);
		run->ui->line_shown = false;
	}
}

int run_ui_signal(const struct run *run)
{
	return run->ui ? run->ui->signal : 0;
}

bool run_ui_interrupted(const struct run *run)
{
	return run_ui_signal(run) != 0;
}

static void on_due(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)w;
	(void)revents;
	ev_break(loop, EVBREAK_ONE);
}

void run_ui_pace(struct run *run, uint64_t when)
{
	struct run_ui *ui = run->ui;
	ev_timer due;
	for (;;) {
		ev_now_update(run->loop);
		ev_tstamp target = ui->started + (double)when / 1e9 / run->opt->pace;
		ev_tstamp wait = target - ev_now(run->loop);
		if (wait <= 0 || ui->signal)
			return;
		ev_timer_init(&due, on_due, wait, 0);
		ev_timer_start(run->loop, &due);
		ev_run(run->loop, EVRUN_ONCE);
		ev_timer_stop(run->loop, &due);
	}
}

/* ---- --watch ---- */

struct watch {
	ev_stat stat;
	struct watch *next;
	char path[];
};

struct watch_list {
	struct watch *first;
	bool changed;
};

struct watch_list *watch_list_new(void)
{
	return calloc(1, sizeof(struct watch_list));
}

void watch_list_add(struct watch_list *w, const char *file)
{
	for (struct watch *i = w->first; i; i = i->next)
		if (strcmp(i->path, file) == 0)
			return;
	struct watch *n = calloc(1, sizeof(*n) + strlen(file) + 1);
	if (!n)
		return;
	memcpy(n->path, file, strlen(file) + 1);
	n->next = w->first;
	w->first = n;
}

static void on_change(struct ev_loop *loop, ev_stat *s, int revents)
{
	(void)revents;
	((struct watch_list *)s->data)->changed = true;
	ev_break(loop, EVBREAK_ONE);
}

static void on_end(struct ev_loop *loop, ev_signal *s, int revents)
{
	(void)s;
	(void)revents;
	ev_break(loop, EVBREAK_ONE);
}

bool watch_list_wait(struct watch_list *w)
{
	struct ev_loop *loop = ev_default_loop(EVFLAG_AUTO);
	ev_signal ends[2];
	const int signals[2] = { SIGINT, SIGTERM };
	for (int i = 0; i < 2; i++) {
		ev_signal_init(&ends[i], on_end, signals[i]);
		ev_signal_start(loop, &ends[i]);
	}
	for (struct watch *i = w->first; i; i = i->next) {
		ev_stat_init(&i->stat, on_change, i->path, 0.2);
		i->stat.data = w;
		ev_stat_start(loop, &i->stat);
	}
	w->changed = false;
	ev_run(loop, 0);
	for (struct watch *i = w->first; i; i = i->next)
		ev_stat_stop(loop, &i->stat);
	for (int i = 0; i < 2; i++)
		ev_signal_stop(loop, &ends[i]);
	return w->changed;
}

void watch_list_free(struct watch_list *w)
{
	if (!w)
		return;
	while (w->first) {
		struct watch *i = w->first;
		w->first = i->next;
		free(i);
	}
	free(w);
}
