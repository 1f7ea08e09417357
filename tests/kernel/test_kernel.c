/*
 * stack/kernel by itself: softirqs, timers, work, wait queues, interrupts, pages, lists and trees.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/random.h"
#include "stack/kernel/interrupt.h"
#include "stack/kernel/kernel_state.h"
#include "stack/kernel/list.h"
#include "stack/kernel/page.h"
#include "stack/kernel/printk.h"
#include "stack/kernel/rbtree.h"
#include "stack/kernel/rcu.h"
#include "stack/kernel/softirq.h"
#include "stack/kernel/timer.h"
#include "stack/kernel/wait.h"
#include "stack/kernel/workqueue.h"
#include "stack/net.h"

struct fixture {
	struct sim *sim;
	struct host *host;
	char text[4000];
};

static struct fixture fx;

/* What happened, a word each with the time in us and the context. */
static void say(const char *word)
{
	static const char ctx[] = "itHSTw"; /* idle task Hardirq Softirq Timer work */
	size_t n = strlen(fx.text);

	snprintf(fx.text + n, sizeof(fx.text) - n, "%s@%llu%c ", word,
		 (unsigned long long)(fx.sim->now / 1000), ctx[fx.host->cpu.ctx]);
}

static int setup(void **state)
{
	(void)state;
	memset(&fx, 0, sizeof(fx));
	fx.sim = sim_new(1);
	fx.host = host_new(fx.sim, "h", 1 << 20);
	fx.host->net = calloc(1, sizeof(struct net));
	fx.host->net->host = fx.host;
	assert_int_equal(kernel_init(fx.host), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_end_tasks(fx.host);
	kernel_exit(fx.host);
	host_check_leaks(fx.host);
	assert_string_equal(fx.sim->fault, "");
	free(fx.host->net);
	host_free(fx.host);
	sim_free(fx.sim);
	return 0;
}

static void run(void)
{
	assert_int_equal(sim_run(fx.sim, SIM_FOREVER), SIM_IDLE);
}

static void expect(const char *text)
{
	assert_string_equal(fx.text, text);
	fx.text[0] = '\0';
}

/* ---- timers ---- */

struct named_timer {
	struct timer_list timer;
	const char *name;
	unsigned long again;
};

static void timer_says(struct timer_list *t)
{
	struct named_timer *n = container_of(t, struct named_timer, timer);

	say(n->name);
	if (n->again)
		mod_timer(t, n->again);
	n->again = 0;
}

static void timers(void **state)
{
	(void)state;
	struct named_timer a = { .name = "a" }, b = { .name = "b" }, c = { .name = "c" };

	timer_setup(fx.host, &a.timer, timer_says, 0);
	timer_setup(fx.host, &b.timer, timer_says, 0);
	timer_setup(fx.host, &c.timer, timer_says, 0);
	/* same jiffy: the one armed last goes first; moved later, then earlier */
	assert_int_equal(mod_timer(&a.timer, 5), 0);
	assert_int_equal(mod_timer(&b.timer, 2), 0);
	assert_int_equal(mod_timer(&b.timer, 5), 1);
	assert_int_equal(mod_timer(&c.timer, 50), 0);
	assert_int_equal(mod_timer(&c.timer, 5), 1);
	run();
	expect("c@5000T b@5000T a@5000T ");
	/* a is moved after b although its event stays where it was */
	mod_timer(&a.timer, 10);
	mod_timer(&b.timer, 12);
	mod_timer(&a.timer, 12);
	run();
	expect("a@12000T b@12000T ");
	/* what has passed fires at the next jiffy; a deleted one never */
	mod_timer(&a.timer, 3);
	mod_timer(&b.timer, 20);
	assert_true(timer_pending(&b.timer));
	assert_int_equal(del_timer(&b.timer), 1);
	assert_int_equal(del_timer(&b.timer), 0);
	a.again = 15;
	run();
	expect("a@13000T a@15000T ");
}

static void timer_deletes(struct timer_list *t)
{
	struct named_timer *n = container_of(t, struct named_timer, timer);

	say("first");
	assert_int_equal(del_timer(&(n - 1)->timer), 1);
}

static void timer_deleted_while_expired(void **state)
{
	(void)state;
	struct named_timer t[2] = { { .name = "0" }, { .name = "1" } };

	timer_setup(fx.host, &t[0].timer, timer_says, 0);
	timer_setup(fx.host, &t[1].timer, timer_deletes, 0);
	mod_timer(&t[0].timer, 1);
	mod_timer(&t[1].timer, 1);
	run();
	expect("first@1000T ");
}

static enum hrtimer_restart hr_says(struct hrtimer *t)
{
	say("hr");
	if (ktime_get(t->host) > 20000)
		return HRTIMER_NORESTART;
	hrtimer_forward_now(t, 10000);
	return HRTIMER_RESTART;
}

static void hrtimers(void **state)
{
	(void)state;
	struct hrtimer t;

	hrtimer_init(fx.host, &t, HRTIMER_MODE_REL_SOFT);
	t.function = hr_says;
	hrtimer_start(&t, 1000, HRTIMER_MODE_REL_SOFT);
	assert_true(hrtimer_active(&t));
	run();
	expect("hr@1T hr@11T hr@21T ");
	hrtimer_start(&t, 1000, HRTIMER_MODE_REL_SOFT);
	assert_int_equal(hrtimer_cancel(&t), 1);
	assert_int_equal(hrtimer_cancel(&t), 0);
	run();
	expect("");
}

static void background_timer(void **state)
{
	(void)state;
	struct named_timer a = { .name = "a" };

	timer_setup(fx.host, &a.timer, timer_says, TIMER_BACKGROUND);
	mod_timer(&a.timer, 5);
	run(); /* until idle: house-keeping does not keep the run alive */
	expect("");
	sim_run(fx.sim, 10 * NSEC_PER_MSEC); /* for a time: it goes on */
	expect("a@5000T ");
}

/* ---- softirqs ---- */

static int rx_left;

static void rx_action(struct host *host)
{
	assert_true(in_serving_softirq(host));
	say("rx");
	if (rx_left-- > 0)
		__raise_softirq_irqoff(host, NET_RX_SOFTIRQ);
}

static void tx_action(struct host *host)
{
	(void)host;
	say("tx");
}

static void softirq_task(void *arg)
{
	struct host *host = arg;

	local_bh_disable(host);
	local_bh_disable(host);
	raise_softirq(host, NET_RX_SOFTIRQ);
	raise_softirq(host, NET_TX_SOFTIRQ);
	local_bh_enable(host);
	say("inner");
	local_bh_enable(host);
	say("outer");
	raise_softirq(host, NET_TX_SOFTIRQ);
	say("left");
	yield(host);
	say("end");
}

static void softirqs_and_bh(void **state)
{
	(void)state;
	rx_left = 0;
	open_softirq(fx.host, NET_RX_SOFTIRQ, rx_action);
	open_softirq(fx.host, NET_TX_SOFTIRQ, tx_action);
	user_task_create(fx.host, "t", softirq_task, fx.host);
	run();
	expect("inner@0t tx@0S rx@0S outer@0t left@0t tx@0S end@0t ");
}

static void busy_task(void *arg)
{
	struct host *host = arg;

	local_bh_disable(host);
	raise_softirq(host, NET_RX_SOFTIRQ);
	local_bh_enable(host);
	say("task");
}

/* Ten rounds, the rest is ksoftirqd's. */
static void ksoftirqd_takes_over(void **state)
{
	(void)state;
	rx_left = 12;
	open_softirq(fx.host, NET_RX_SOFTIRQ, rx_action);
	user_task_create(fx.host, "t", busy_task, fx.host);
	run();
	expect("rx@0S rx@0S rx@0S rx@0S rx@0S rx@0S rx@0S rx@0S rx@0S rx@0S task@0t rx@0S rx@0S rx@0S ");
	assert_null(kernel_of(fx.host)->ksoftirqd->task->stack);
}

static struct tasklet_struct tasklets[2];

static void tasklet_fn(struct tasklet_struct *t)
{
	say(t == &tasklets[0] ? "t0" : "t1");
	if (t == &tasklets[0] && fx.sim->now == 0)
		tasklet_schedule(&tasklets[1]);
}

static void tasklet_task(void *arg)
{
	struct host *host = arg;

	tasklet_schedule(&tasklets[0]);
	tasklet_schedule(&tasklets[0]);
	msleep(host, 1);
	tasklet_schedule(&tasklets[0]);
	tasklet_schedule(&tasklets[1]);
	tasklet_kill(&tasklets[1]);
	tasklet_disable(&tasklets[0]);
	msleep(host, 1);
	say("enable");
	tasklet_enable(&tasklets[0]);
}

static void tasklets_run(void **state)
{
	(void)state;
	tasklet_setup(fx.host, &tasklets[0], tasklet_fn);
	tasklet_setup(fx.host, &tasklets[1], tasklet_fn);
	user_task_create(fx.host, "t", tasklet_task, fx.host);
	run();
	expect("t0@0S t1@0S enable@2000t t0@2000S ");
}

/* ---- interrupts ---- */

static irqreturn_t irq_handler(int irq, void *dev_id)
{
	struct host *host = dev_id;

	assert_int_equal(irq, 2);
	assert_true(in_hardirq(host));
	cpu_set_line(&host->cpu, 2, false);
	say("irq");
	__raise_softirq_irqoff(host, NET_RX_SOFTIRQ);
	return IRQ_HANDLED;
}

static irqreturn_t irq_none(int irq, void *dev_id)
{
	(void)irq;
	(void)dev_id;
	return IRQ_NONE;
}

static void line_high(struct event *ev)
{
	(void)ev;
	cpu_set_line(&fx.host->cpu, 2, true);
}

static void interrupts(void **state)
{
	(void)state;
	struct event ev;

	rx_left = 0;
	open_softirq(fx.host, NET_RX_SOFTIRQ, rx_action);
	assert_int_equal(request_irq(fx.host, 2, irq_handler, 0, "eth0", fx.host), 0);
	assert_int_equal(request_irq(fx.host, 2, irq_handler, 0, "eth1", fx.host), -EBUSY);
	assert_int_equal(request_irq(fx.host, 99, irq_handler, 0, "eth1", fx.host), -EINVAL);
	event_init(&ev, &fx.host->node, line_high, 0);
	event_add(&ev, 1000);
	run();
	expect("irq@1H rx@1S ");
	disable_irq(fx.host, 2);
	event_add(&ev, 2000);
	run();
	expect("");
	enable_irq(fx.host, 2);
	expect("irq@2H rx@2S ");
	assert_int_equal(irq_count(fx.host, 2), 2);
	assert_ptr_equal(free_irq(fx.host, 2, fx.host), fx.host);
	/* a line that nobody wants is shut */
	request_irq(fx.host, 2, irq_none, 0, "none", fx.host);
	event_add(&ev, 3000);
	run();
	assert_true(fx.host->cpu.masked & 1u << 2);
	free_irq(fx.host, 2, fx.host);
}

/* ---- work ---- */

static struct work_struct works[2];
static struct delayed_work dwork;

static void work_fn(struct work_struct *work)
{
	say(work == &works[0] ? "w0" : work == &works[1] ? "w1" : "dw");
	if (work == &works[0])
		msleep(work->host, 3);
	say("done");
}

static void cancel_task(void *arg)
{
	struct host *host = arg;

	msleep(host, 1);
	assert_false(cancel_work_sync(&works[0]));
	say("cancelled");
}

static void work_items(void **state)
{
	(void)state;
	INIT_WORK(fx.host, &works[0], work_fn);
	INIT_WORK(fx.host, &works[1], work_fn);
	INIT_DELAYED_WORK(fx.host, &dwork, work_fn);
	assert_true(schedule_work(&works[0]));
	assert_false(schedule_work(&works[0]));
	schedule_work(&works[1]);
	schedule_delayed_work(&dwork, 10);
	user_task_create(fx.host, "t", cancel_task, fx.host);
	run();
	expect("w0@0w done@3000w cancelled@3000t w1@3000w done@3000w dw@10000w done@10000w ");
	assert_null(kernel_of(fx.host)->kworker->task->stack);
	schedule_delayed_work(&dwork, 10);
	assert_true(mod_delayed_work(NULL, &dwork, 20));
	assert_true(delayed_work_pending(&dwork));
	assert_true(cancel_delayed_work_sync(&dwork));
	run();
	expect("");
}

/* ---- waiting ---- */

static struct wait_queue_head queue;
static bool ready;

static void waiter(void *arg)
{
	struct host *host = fx.host;

	assert_int_equal(wait_event_interruptible(&queue, ready), 0);
	say(arg);
	(void)host;
}

static void exclusive_waiter(void *arg)
{
	DEFINE_WAIT(wait, fx.host);

	prepare_to_wait_exclusive(&queue, &wait, TASK_INTERRUPTIBLE);
	schedule(fx.host);
	finish_wait(&queue, &wait);
	say(arg);
}

static void timeout_waiter(void *arg)
{
	DEFINE_WAIT_FUNC(wait, fx.host, woken_wake_function);
	long left;

	add_wait_queue(&queue, &wait);
	left = wait_woken(&wait, TASK_INTERRUPTIBLE, 5);
	assert_int_equal(left, 0);
	say(arg);
	/* a wake-up before the wait is not lost */
	wake_up(&queue);
	left = wait_woken(&wait, TASK_INTERRUPTIBLE, 5);
	assert_int_equal(left, 5);
	remove_wait_queue(&queue, &wait);
	say("not lost");
}

static void waker(void *arg)
{
	msleep(fx.host, (unsigned int)(uintptr_t)arg);
	ready = true;
	wake_up_interruptible(&queue);
}

static void wait_queues(void **state)
{
	(void)state;
	ready = false;
	init_waitqueue_head(fx.host, &queue);
	user_task_create(fx.host, "a", waiter, "shared1");
	user_task_create(fx.host, "b", waiter, "shared2");
	user_task_create(fx.host, "c", exclusive_waiter, "excl1");
	user_task_create(fx.host, "d", exclusive_waiter, "excl2");
	user_task_create(fx.host, "e", waker, (void *)1);
	user_task_create(fx.host, "f", waker, (void *)2);
	run();
	expect("shared2@1000t shared1@1000t excl1@1000t excl2@2000t ");
	user_task_create(fx.host, "g", timeout_waiter, "timeout");
	run();
	expect("timeout@7000t not lost@7000t ");
}

static void killed_waiter(void *arg)
{
	(void)arg;
	ready = false;
	assert_int_equal(wait_event_interruptible(&queue, ready), -ERESTARTSYS);
	say("killed");
}

static void kills(void **state)
{
	(void)state;
	struct task_struct *tsk;

	init_waitqueue_head(fx.host, &queue);
	tsk = user_task_create(fx.host, "k", killed_waiter, NULL);
	run();
	task_kill(tsk->task);
	run();
	expect("killed@0t ");
	/* one that sleeps at the end is ended by teardown */
	user_task_create(fx.host, "k2", killed_waiter, NULL);
	run();
}

static void rcu_cb(struct rcu_head *head)
{
	(void)head;
	say("rcu");
}

static struct rcu_head rcu_heads[2];

static void task_cb(struct callback_head *head)
{
	(void)head;
	say("work");
}

static void rcu_task(void *arg)
{
	struct callback_head work;

	(void)arg;
	call_rcu(fx.host, &rcu_heads[0], rcu_cb);
	say("queued");
	msleep(fx.host, 1);
	task_work_add(current(fx.host), &work, task_cb);
	exit_to_user_mode(current(fx.host));
	call_rcu(fx.host, &rcu_heads[1], rcu_cb);
	say("end");
}

static void rcu_and_task_work(void **state)
{
	(void)state;
	user_task_create(fx.host, "r", rcu_task, NULL);
	run();
	expect("queued@0t rcu@0S work@1000t end@1000t rcu@1000S ");
	call_rcu(fx.host, &rcu_heads[0], rcu_cb);
	run();
	expect("rcu@1000S ");
	call_rcu(fx.host, &rcu_heads[0], rcu_cb);
	/* left to kernel_exit() */
}

/* ---- memory, log, trees ---- */

static void pages(void **state)
{
	(void)state;
	struct page *p = alloc_pages(fx.host, 3), *q = alloc_page(fx.host);

	assert_int_equal(compound_order(p), 3);
	assert_int_equal(page_size(p), 32768);
	assert_ptr_equal(virt_to_head_page(fx.host, (u8 *)page_address(fx.host, p) + 20000), p);
	assert_ptr_equal(virt_to_head_page(fx.host, (u8 *)page_address(fx.host, q) + 20), q);
	get_page(p);
	put_page(fx.host, p);
	assert_int_equal(page_count(p), 1);
	put_page(fx.host, p);
	put_page(fx.host, q);
}

static unsigned lines;
static char last_line[300];

static void count_line(void *arg, const char *text)
{
	(void)arg;
	lines++;
	snprintf(last_line, sizeof(last_line), "%s", text);
}

static void kernel_log(void **state)
{
	(void)state;
	lines = 0;
	pr_info(fx.host, "hello %d\n", 1);
	log_for_each(fx.host, count_line, NULL);
	assert_int_equal(lines, 1);
	assert_string_equal(last_line, "[    0.000000] hello 1");
	for (int i = 0; i < 10000; i++)
		pr_info(fx.host, "line %d of many, long enough to fill the log soon", i);
	lines = 0;
	log_for_each(fx.host, count_line, NULL);
	assert_in_range(lines, 100, 2000);
	assert_string_equal(last_line, "[    0.000000] line 9999 of many, long enough to fill the log soon");
	for (int i = 0; i < 20; i++)
		assert_int_equal(net_ratelimit(fx.host), i < 10);
}

struct item {
	struct rb_node node;
	unsigned key;
	bool in;
};

static void tree_insert(struct rb_root *root, struct item *item)
{
	struct rb_node **p = &root->rb_node, *parent = NULL;

	while (*p) {
		parent = *p;
		p = item->key < rb_entry(parent, struct item, node)->key ? &parent->rb_left
									 : &parent->rb_right;
	}
	rb_link_node(&item->node, parent, p);
	rb_insert_color(&item->node, root);
	item->in = true;
}

/* The number of black nodes on each way down; fails when they differ or red follows red. */
static int black_height(const struct rb_node *n, bool red_above)
{
	if (!n)
		return 0;
	bool red = !(n->parent_color & 1);
	int left = black_height(n->rb_left, red), right = black_height(n->rb_right, red);

	assert_false(red && red_above);
	assert_int_equal(left, right);
	return left + !red;
}

static void tree_check(struct rb_root *root, const struct item *items, unsigned n)
{
	unsigned walked = 0, in = 0;
	struct rb_node *prev = NULL;

	black_height(root->rb_node, true);
	for (struct rb_node *p = rb_first(root); p; prev = p, p = rb_next(p), walked++) {
		if (prev)
			assert_true(rb_entry(prev, struct item, node)->key <
				    rb_entry(p, struct item, node)->key);
		assert_ptr_equal(rb_prev(p), prev);
	}
	assert_ptr_equal(rb_last(root), prev);
	for (unsigned i = 0; i < n; i++)
		in += items[i].in;
	assert_int_equal(walked, in);
}

static void trees(void **state)
{
	(void)state;
	static struct item items[200];
	struct rb_root root = RB_ROOT;
	struct random r;

	random_init(&r, fx.sim, "", "tree");
	for (unsigned i = 0; i < 200; i++)
		items[i] = (struct item){ .key = i };
	for (unsigned step = 0; step < 5000; step++) {
		struct item *item = &items[random_below(&r, 200)];

		if (item->in) {
			rb_erase(&item->node, &root);
			item->in = false;
		} else {
			tree_insert(&root, item);
		}
		if (step % 7 == 0)
			tree_check(&root, items, 200);
	}
	for (unsigned i = 0; i < 200; i++) {
		if (items[i].in)
			rb_erase(&items[i].node, &root);
	}
	assert_true(RB_EMPTY_ROOT(&root));
}

/* Every allocation of kernel_init() fails once. */
static void init_without_memory(void **state)
{
	(void)state;
	for (unsigned n = 1;; n++) {
		struct host *host = host_new(fx.sim, "poor", 1 << 20);

		host->net = calloc(1, sizeof(struct net));
		host->net->host = host;
		host->kmem.fail_nth = n;
		int err = kernel_init(host);
		if (!err)
			kernel_exit(host);
		else
			assert_int_equal(err, -ENOMEM);
		host_check_leaks(host);
		assert_string_equal(fx.sim->fault, "");
		free(host->net);
		host_free(host);
		if (!err)
			break;
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(timers),	       TEST(timer_deleted_while_expired),
		TEST(hrtimers),	       TEST(background_timer),
		TEST(softirqs_and_bh), TEST(ksoftirqd_takes_over),
		TEST(tasklets_run),    TEST(interrupts),
		TEST(work_items),      TEST(wait_queues),
		TEST(kills),	       TEST(rcu_and_task_work),
		TEST(pages),	       TEST(kernel_log),
		TEST(trees),	       TEST(init_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
