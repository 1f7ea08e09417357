/*
 * Virtual CPUs: tasks take turns, interrupts nest, time is spent and is interrupted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/host.h"

/* What happened, in a word each with the time in us. */
struct log {
	struct sim *sim;
	char text[2000];
};

static struct log logged;

static void say(const char *word)
{
	size_t n = strlen(logged.text);

	snprintf(logged.text + n, sizeof(logged.text) - n, "%s@%llu ", word,
		 (unsigned long long)(logged.sim->now / 1000));
}

static struct host *make(void)
{
	memset(&logged, 0, sizeof(logged));
	logged.sim = sim_new(1);
	return host_new(logged.sim, "h", 1 << 20);
}

static void finish(struct host *host)
{
	struct sim *sim = host->sim;

	host_end_tasks(host);
	host_check_leaks(host);
	assert_string_equal(sim->fault, "");
	host_free(host);
	sim_free(sim);
}

/* ---- tasks ---- */

static void three_turns(void *arg)
{
	struct task *task = *(struct task **)arg;

	for (int i = 0; i < 3; i++) {
		say(task->name);
		task_yield(task);
	}
}

static void tasks_take_turns(void **state)
{
	(void)state;
	struct host *host = make();
	struct task *a, *b;

	a = task_create(host, "a", three_turns, &a);
	b = task_create(host, "b", three_turns, &b);
	assert_int_equal(sim_run(host->sim, SIM_FOREVER), SIM_IDLE);
	assert_string_equal(logged.text, "a@0 b@0 a@0 b@0 a@0 b@0 ");
	assert_int_equal(host->cpu.nr_tasks, 0);
	finish(host);
}

struct sleeper {
	struct task *task;
	struct event wake;
	bool done;
};

static void wake_up(struct event *ev)
{
	struct sleeper *s = (struct sleeper *)((char *)ev - offsetof(struct sleeper, wake));

	say("wake");
	assert_true(task_wake(s->task));
	assert_false(task_wake(s->task));
}

static void sleep_once(void *arg)
{
	struct sleeper *s = arg;

	event_init(&s->wake, &s->task->host->node, wake_up, 0);
	event_add(&s->wake, 7000);
	say("sleep");
	task_block(s->task);
	say("awake");
	s->done = true;
}

static void sleep_and_wake(void **state)
{
	(void)state;
	struct host *host = make();
	struct sleeper s = { 0 };

	s.task = task_create(host, "s", sleep_once, &s);
	assert_int_equal(sim_run(host->sim, SIM_FOREVER), SIM_IDLE);
	assert_true(s.done);
	assert_string_equal(logged.text, "sleep@0 wake@7 awake@7 ");
	finish(host);
}

static void sleep_for_ever(void *arg)
{
	struct task *task = *(struct task **)arg;

	while (!task->killed)
		task_block(task);
	say("killed");
}

/* A task that does not heed a kill is put aside at the end. */
static void ignore_kill(void *arg)
{
	for (;;)
		task_block(*(struct task **)arg);
}

static void kill_and_end(void **state)
{
	(void)state;
	struct host *host = make();
	struct task *a, *b, *c;

	a = task_create(host, "a", sleep_for_ever, &a);
	b = task_create(host, "b", ignore_kill, &b);
	c = task_create(host, "c", sleep_for_ever, &c);
	assert_int_equal(sim_run(host->sim, SIM_FOREVER), SIM_IDLE);
	assert_int_equal(host->cpu.nr_tasks, 3);
	task_kill(a);
	assert_int_equal(sim_run(host->sim, SIM_FOREVER), SIM_IDLE);
	assert_int_equal(host->cpu.nr_tasks, 2);
	finish(host);
}

static void rest(void *arg)
{
	(void)arg;
	say("run");
}

static void restarting_task(void **state)
{
	(void)state;
	struct host *host = make();
	struct task *t = task_create_resting(host, "t", rest, NULL);

	sim_run(host->sim, SIM_FOREVER);
	for (int i = 0; i < 2; i++) {
		task_wake(t);
		sim_run(host->sim, SIM_FOREVER);
		assert_null(t->stack);
	}
	assert_string_equal(logged.text, "run@0 run@0 ");
	task_free(t);
	finish(host);
}

static int depth_of(volatile int n)
{
	volatile char pad[1000];

	pad[0] = (char)n;
	return n ? depth_of(n - 1) + pad[0] * 0 + 1 : 0;
}

static void deep(void *arg)
{
	*(int *)arg = depth_of(100);
}

static void many_stacks(void **state)
{
	(void)state;
	struct host *host = make();
	int depth[300] = { 0 };

	for (int i = 0; i < 300; i++)
		task_create(host, "deep", deep, &depth[i]);
	sim_run(host->sim, SIM_FOREVER);
	for (int i = 0; i < 300; i++)
		assert_int_equal(depth[i], 100);
	finish(host);
}

/* ---- interrupts ---- */

static struct event raise_event;

static void raise_line(struct event *ev)
{
	cpu_set_line(&((struct host *)ev->node->sim->hosts[0])->cpu, 3, true);
}

static void on_irq(struct cpu *cpu)
{
	assert_int_equal(cpu->ctx, CTX_HARDIRQ);
	say("irq");
	cpu_set_line(cpu, 3, false);
	cpu_spend(cpu, 2000);
	say("end");
}

static void spend_task(void *arg)
{
	struct host *host = arg;

	say("start");
	cpu_spend(&host->cpu, 10000);
	say("spent");
	local_irq_disable(&host->cpu);
	cpu_spend(&host->cpu, 10000);
	say("disabled");
	local_irq_enable(&host->cpu);
	say("enabled");
}

static struct host *make_irq(uint64_t when)
{
	struct host *host = make();

	host->cpu.irq_entry = on_irq;
	event_init(&raise_event, &host->node, raise_line, 0);
	event_add(&raise_event, when);
	return host;
}

static void interrupt_of_idle(void **state)
{
	(void)state;
	struct host *host = make_irq(5000);

	sim_run(host->sim, SIM_FOREVER);
	/* nothing else happens, so the clock can be moved */
	assert_string_equal(logged.text, "irq@5 end@7 ");
	assert_int_equal(host->cpu.ctx, CTX_IDLE);
	finish(host);
}

static void interrupt_of_a_task(void **state)
{
	(void)state;
	struct host *host = make_irq(5000);

	assert_int_equal(trace_rank_init(host->sim), 0);
	host->sim->fn_cost = calloc(trace_fn_count(host->sim) + 1, sizeof(uint32_t));
	task_create(host, "t", spend_task, host);
	sim_run(host->sim, SIM_FOREVER);
	assert_string_equal(logged.text, "start@0 irq@5 end@7 spent@12 disabled@22 enabled@22 ");
	assert_int_equal(host->cpu.busy_ns, 22000);
	finish(host);
}

static void interrupt_held_back(void **state)
{
	(void)state;
	struct host *host = make_irq(15000);

	assert_int_equal(trace_rank_init(host->sim), 0);
	host->sim->fn_cost = calloc(trace_fn_count(host->sim) + 1, sizeof(uint32_t));
	task_create(host, "t", spend_task, host);
	sim_run(host->sim, SIM_FOREVER);
	assert_string_equal(logged.text, "start@0 spent@10 disabled@20 irq@20 end@22 enabled@22 ");
	finish(host);
}

static void other_event(struct event *ev)
{
	(void)ev;
	say("other");
}

/* With costs an interrupt of idle is suspended while something else happens. */
static void idle_interrupt_suspended(void **state)
{
	(void)state;
	struct host *host = make_irq(5000);
	struct event other;

	assert_int_equal(trace_rank_init(host->sim), 0);
	host->sim->fn_cost = calloc(trace_fn_count(host->sim) + 1, sizeof(uint32_t));
	event_init(&other, &host->sim->root, other_event, 0);
	event_add(&other, 6000);
	assert_int_equal(sim_run(host->sim, 6500), SIM_UNTIL);
	assert_true(host->cpu.spending);
	assert_int_equal(sim_run(host->sim, SIM_FOREVER), SIM_IDLE);
	assert_string_equal(logged.text, "irq@5 other@6 end@7 ");
	assert_int_equal(host->cpu.ctx, CTX_IDLE);
	finish(host);
}

/* Two CPUs that spend time do so side by side. */
static void two_cpus(void **state)
{
	(void)state;
	struct host *host = make(), *other = host_new(host->sim, "o", 1 << 20);

	assert_int_equal(trace_rank_init(host->sim), 0);
	host->sim->fn_cost = calloc(trace_fn_count(host->sim) + 1, sizeof(uint32_t));
	task_create(host, "t", spend_task, host);
	task_create(other, "t", spend_task, other);
	sim_run(host->sim, SIM_FOREVER);
	assert_string_equal(
		logged.text,
		"start@0 start@0 spent@10 spent@10 disabled@20 enabled@20 disabled@20 enabled@20 ");
	host_end_tasks(other);
	host_free(other);
	finish(host);
}

/* A run that stops in the middle of spent time can be torn down. */
static void end_while_spending(void **state)
{
	(void)state;
	struct host *host = make();

	assert_int_equal(trace_rank_init(host->sim), 0);
	host->sim->fn_cost = calloc(trace_fn_count(host->sim) + 1, sizeof(uint32_t));
	task_create(host, "t", spend_task, host);
	assert_int_equal(sim_run(host->sim, 5000), SIM_UNTIL);
	assert_true(host->cpu.spending);
	finish(host);
}

static void never_served(struct cpu *cpu)
{
	(void)cpu;
}

static void storm_is_stopped(void **state)
{
	(void)state;
	struct host *host = make_irq(1000);

	host->cpu.irq_entry = never_served;
	assert_int_equal(sim_run(host->sim, SIM_FOREVER), SIM_FAULT);
	assert_non_null(strstr(host->sim->fault, "interrupt storm"));
	struct sim *sim = host->sim;
	host_free(host);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks_take_turns),
		cmocka_unit_test(sleep_and_wake),
		cmocka_unit_test(kill_and_end),
		cmocka_unit_test(restarting_task),
		cmocka_unit_test(many_stacks),
		cmocka_unit_test(interrupt_of_idle),
		cmocka_unit_test(interrupt_of_a_task),
		cmocka_unit_test(interrupt_held_back),
		cmocka_unit_test(idle_interrupt_suspended),
		cmocka_unit_test(two_cpus),
		cmocka_unit_test(end_while_spending),
		cmocka_unit_test(storm_is_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
