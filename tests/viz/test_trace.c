/*
 * Recording and reading back, in process: what TRACE lines leave in the file, what a filter leaves out, and
 * what the digest tells apart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/host.h"
#include "viz/flow.h"
#include "viz/trace_read.h"

/* Stands for a socket and a packet. */
struct thing {
	struct host *host;
	uint32_t journey, trace_id;
	struct task *task;
	struct event wake;
};

/* ---- functions to trace; those of AT() pretend to lie in a layer of the stack ---- */

#define AT(host_, name_, file_)                                                                              \
	static const struct trace_fn here                                                                    \
		__attribute__((section("wp_fn"), used, aligned(8))) = { (name_), (file_), "lies in a layer", \
									0xff, TRACE_FN_FUNCTION };           \
	struct trace_span span __attribute__((cleanup(trace_span_end), unused)) = { host_ };                 \
	if (trace_active(host_))                                                                             \
	trace_enter(host_, &here, TR_ENTER, 0, NULL)

static void tt_leaf(struct host *host)
{
	TRACE(host, "do nothing");
}

static void tt_transport(struct host *host)
{
	AT(host, "tt_transport", "stack/transport/made.c");
	tt_leaf(host);
}

static void tt_internet(struct host *host)
{
	AT(host, "tt_internet", "stack/internet/made.c");
	tt_transport(host);
	TRACE_STEP(host, "tt: a step of internet");
}

static void tt_packet(struct thing *skb)
{
	TRACE_SKB(skb, "handle a packet");
	tt_leaf(skb->host);
}

static void tt_wait(struct thing *sk)
{
	TRACE_SK(sk, "sleep until woken");
	event_add(&sk->wake, host_now(sk->host) + 1000);
	task_block(sk->task);
	tt_leaf(sk->host);
}

static void tt_send(struct thing *sk)
{
	TRACE_SK(sk, "send");
	TRACE_STEP(sk, "tt: a step of send");
	TRACE_OP(sk, "tt_slot");
	tt_internet(sk->host);
	tt_packet(sk);
	tt_leaf(sk->host);
	trace_drop(sk->host, 4, sk->journey);
}

static void tt_program(void *arg)
{
	struct thing *sk = arg;
	trace_call(sk->host, "send(%d)", 100);
	tt_send(sk);
	tt_wait(sk);
	sk->journey++;
	tt_send(sk);
	trace_ret(sk->host, -32);
}

static void tt_woken(struct event *ev)
{
	struct thing *sk = (struct thing *)((char *)ev - offsetof(struct thing, wake));
	task_wake(sk->task);
}

/* ---- a run ---- */

#define MANY 3000 /* calls that fill more than one buffer */

struct outcome {
	uint64_t digest, count;
};

static const char *drop_text(unsigned nr)
{
	return nr == 4 ? "a reason" : NULL;
}

/* Two hosts, a program on each; `file` NULL: nothing is written. `late`: the second starts that much later.
 */
static struct outcome run(const char *file, const char *filter, uint64_t late)
{
	static const char *const names[] = { "alpha", "beta" };
	struct trace_options opt = { .path = file, .filter = filter, .drop_text = drop_text };
	struct sim *sim = sim_new(1);
	struct thing things[2] = { 0 };
	char err[256] = "";

	assert_int_equal(trace_start(sim, &opt, err, sizeof(err)), 0);
	for (unsigned i = 0; i < 2; i++) {
		struct thing *t = &things[i];
		t->host = host_new(sim, names[i], 1 << 20);
		t->journey = 40 + i * 10;
		t->trace_id = 7;
		event_init(&t->wake, &t->host->node, tt_woken, 0);
		for (unsigned k = 0; k < MANY; k++)
			tt_leaf(t->host);
		t->task = task_create(t->host, "prog", tt_program, t);
		sim_run(sim, sim->now + (i == 0 ? late : SIM_FOREVER - sim->now));
	}
	for (unsigned i = 0; i < 2; i++)
		host_end_tasks(things[i].host);
	assert_int_equal(trace_finish(sim, err, sizeof(err)), 0);
	struct outcome o = { trace_digest(sim), trace_count(sim) };
	assert_string_equal(sim->fault, "");
	for (unsigned i = 2; i-- > 0;)
		host_free(things[i].host);
	sim_free(sim);
	return o;
}

/* ---- what was read back, as text ---- */

struct reading {
	const struct viz_trace *t;
	unsigned host;
	bool leaves; /* with calls of tt_leaf outside everything */
	char text[8000];
};

static void put(struct reading *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put(struct reading *r, const char *fmt, ...)
{
	size_t n = strlen(r->text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->text + n, sizeof(r->text) - n, fmt, ap);
	va_end(ap);
}

static void on_enter(void *arg, const struct viz_flow *flow, const struct viz_call *parent,
		     struct viz_call *call)
{
	struct reading *r = arg;
	const char *name = viz_fn_name(r->t, call->fn);

	if (flow->kind == FLOW_NONE && !r->leaves)
		return;
	if (parent)
		assert_true(parent->depth < call->depth);
	put(r, "%u:%s", call->depth, name);
	if (call->op >= 0)
		put(r, "<%s", viz_fn_name(r->t, (unsigned)call->op));
	if (call->obj)
		put(r, "#%c%u", call->kind == TR_ENTER_SKB ? 'p' : 's', call->obj);
	put(r, "@%llu ", (unsigned long long)call->time);
}

static void on_step(void *arg, const struct viz_flow *flow, const struct viz_call *call, unsigned rank)
{
	struct reading *r = arg;
	(void)flow;
	put(r, "[%s of %s] ", viz_fn_name(r->t, rank), viz_fn_name(r->t, call->fn));
}

static void on_mark(void *arg, const struct viz_flow *flow, const struct trace_rec *rec, uint64_t time)
{
	struct reading *r = arg;
	const struct viz_host *h = &r->t->hosts[r->host];
	(void)flow;
	(void)time;
	switch (rec->kind) {
	case TR_TASK:
		put(r, "%s%s ", viz_string(&h->tasks, rec->obj), rec->fn ? "..." : ":");
		break;
	case TR_CALL:
		put(r, "CALL %s ", viz_string(&h->strings, rec->obj));
		break;
	case TR_RET:
		put(r, "RET %d ", (int)rec->obj);
		break;
	case TR_DROP:
		put(r, "drop %u (%s) ", rec->obj, viz_string(&r->t->drops, rec->fn));
		break;
	default:
		break;
	}
}

static const char *read_back(struct reading *r, const char *file, const char *host)
{
	struct viz_trace t;
	char err[256];
	const struct viz_visitor v = { .arg = r, .enter = on_enter, .step = on_step, .mark = on_mark };

	memset(r->text, 0, sizeof(r->text));
	assert_int_equal(viz_trace_open(&t, file, err, sizeof(err)), 0);
	assert_false(t.truncated);
	int i = viz_host_index(&t, host);
	assert_true(i >= 0);
	r->t = &t;
	r->host = (unsigned)i;
	assert_int_equal(viz_flow_run(&t, (unsigned)i, &v), 0);
	viz_trace_close(&t);
	return r->text;
}

static char path[64];

static const char *filtered(struct reading *r, const char *filter, const char *host)
{
	run(path, filter, 0);
	return read_back(r, path, host);
}

/* ---- tests ---- */

static void what_was_called_is_read_back(void **state)
{
	struct reading r = { 0 };
	(void)state;

	run(path, NULL, 0);
	assert_string_equal(
		read_back(&r, path, "alpha"),
		"prog: CALL send(100) "
		"1:tt_send#s7@0 [tt: a step of send of tt_send] 2:tt_internet<tt_slot@0 3:tt_transport@0 "
		"4:tt_leaf@0 [tt: a step of internet of tt_internet] 2:tt_packet#p40@0 3:tt_leaf@0 "
		"2:tt_leaf@0 drop 40 (a reason) 1:tt_wait#s7@0 "
		"prog... 2:tt_leaf@1000 "
		"1:tt_send#s7@1000 [tt: a step of send of tt_send] 2:tt_internet<tt_slot@1000 "
		"3:tt_transport@1000 4:tt_leaf@1000 [tt: a step of internet of tt_internet] "
		"2:tt_packet#p41@1000 3:tt_leaf@1000 2:tt_leaf@1000 drop 41 (a reason) RET -32 ");
}

static void every_record_is_counted(void **state)
{
	struct viz_trace t;
	char err[256];
	(void)state;

	struct outcome o = run(path, NULL, 0);
	assert_int_equal(viz_trace_open(&t, path, err, sizeof(err)), 0);
	assert_int_equal(t.nr_records, o.count);
	assert_int_equal(t.digest, o.digest);
	assert_int_equal(t.hosts[0].nr_records + t.hosts[1].nr_records, o.count);
	assert_true(t.hosts[0].nr_records > MANY);
	assert_false(t.filtered);
	for (uint32_t i = 1; i < t.nr_fns; i++)
		assert_true(strcmp(t.fns[i - 1].name, t.fns[i].name) <= 0);
	viz_trace_close(&t);
}

static void digest_tells_runs_apart(void **state)
{
	(void)state;
	struct outcome a = run(path, NULL, 0), b = run(path, NULL, 0), c = run(path, NULL, 500);
	struct outcome unwritten = run(NULL, NULL, 0);

	assert_int_equal(a.digest, b.digest);
	assert_int_equal(a.count, b.count);
	assert_int_equal(a.digest, unwritten.digest);
	assert_int_not_equal(a.digest, c.digest);
}

static void filter_by_host(void **state)
{
	struct reading r = { 0 };
	(void)state;

	assert_string_equal(filtered(&r, "host=b*", "alpha"), "");
	assert_non_null(strstr(filtered(&r, "host=b*", "beta"), "2:tt_packet#p50"));
	assert_non_null(strstr(filtered(&r, "host=nobody,host=alpha", "alpha"), "2:tt_packet#p40"));
}

static void filter_by_function(void **state)
{
	struct reading r = { 0 };
	(void)state;

	assert_string_equal(
		filtered(&r, "fn=tt_i*,fn=tt_packet,host=alpha", "alpha"),
		"prog: CALL send(100) "
		"2:tt_internet<tt_slot@0 [tt: a step of internet of tt_internet] 2:tt_packet#p40@0 "
		"drop 40 (a reason) prog... "
		"2:tt_internet<tt_slot@1000 [tt: a step of internet of tt_internet] 2:tt_packet#p41@1000 "
		"drop 41 (a reason) RET -32 ");
}

/* A slot whose function is left out, and the steps of a function that is left out, are left out with it. */
static void filter_by_layer(void **state)
{
	struct reading r = { 0 };
	(void)state;

	assert_string_equal(filtered(&r, "layer=transport host=alpha", "alpha"),
			    "prog: CALL send(100) 3:tt_transport@0 drop 40 (a reason) prog... "
			    "3:tt_transport@1000 drop 41 (a reason) RET -32 ");
	assert_string_equal(filtered(&r, "layer=transport,layer=internet,fn=tt_t*", "alpha"),
			    "prog: CALL send(100) 3:tt_transport@0 drop 40 (a reason) prog... "
			    "3:tt_transport@1000 drop 41 (a reason) RET -32 ");
}

static void filter_by_packet(void **state)
{
	struct reading r = { 0 };
	(void)state;

	assert_string_equal(
		filtered(&r, "packet=41", "alpha"),
		"prog: CALL send(100) drop 40 (a reason) prog... 2:tt_packet#p41@1000 3:tt_leaf@1000 "
		"drop 41 (a reason) RET -32 ");
}

static void filter_by_time(void **state)
{
	struct reading r = { 0 };
	(void)state;

	const char *late = filtered(&r, "from=1us", "alpha");
	assert_null(strstr(late, "@0 "));
	assert_non_null(strstr(late, "2:tt_packet#p41@1000"));
	const char *early = filtered(&r, "to=999ns", "alpha");
	assert_null(strstr(early, "@1000 "));
	assert_non_null(strstr(early, "2:tt_packet#p40@0"));
	const char *none = filtered(&r, "from=1ns,to=0.9us", "alpha");
	assert_null(strchr(none, '@'));
}

/* What is left has the depth that it has in the whole trace. */
static void filter_keeps_depths(void **state)
{
	static const char *const filters[] = { "fn=tt_leaf", "layer=internet", "fn=tt_[tp]*", "packet=40",
					       "from=1us" };
	struct reading whole = { .leaves = true }, part = { .leaves = true };
	(void)state;

	run(path, "fn=tt_[!l]*,host=alpha", 0); /* without the calls that fill the buffers */
	read_back(&whole, path, "alpha");
	for (unsigned i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		char filter[64];
		snprintf(filter, sizeof(filter), "host=alpha,%s", filters[i]);
		run(path, filter, 0);
		part.leaves = false;
		read_back(&part, path, "alpha");
		for (char *word = strtok(part.text, " "); word; word = strtok(NULL, " "))
			if (strchr(word, '@') && !strstr(word, ":tt_leaf"))
				assert_non_null(strstr(whole.text, word));
			else if (strchr(word, '@'))
				assert_true(word[0] >= '2' && word[0] <= '4');
	}
}

static void filtered_file_says_so(void **state)
{
	struct viz_trace t;
	char err[256];
	(void)state;

	run(path, "fn=tt_*", 0);
	assert_int_equal(viz_trace_open(&t, path, err, sizeof(err)), 0);
	assert_true(t.filtered);
	viz_trace_close(&t);
	run(path, "", 0);
	assert_int_equal(viz_trace_open(&t, path, err, sizeof(err)), 0);
	assert_false(t.filtered);
	viz_trace_close(&t);
}

static void bad_filters_are_told(void **state)
{
	static const char *const bad[] = { "nonsense",	"color=red",	"packet=",  "packet=x",
					   "from=soon", "to=5 parsecs", "from=-1ms" };
	(void)state;

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct trace_options opt = { .filter = bad[i] };
		struct sim *sim = sim_new(1);
		char err[256] = "";
		assert_int_equal(trace_start(sim, &opt, err, sizeof(err)), -1);
		assert_non_null(strstr(err, bad[i]));
		sim_free(sim);
	}
}

static void unwritable_file_is_told(void **state)
{
	struct trace_options opt = { .path = "/nonexistent/trace.wpt" };
	struct sim *sim = sim_new(1);
	char err[256] = "";
	(void)state;

	assert_int_equal(trace_start(sim, &opt, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "/nonexistent/trace.wpt"));
	opt.path = "/dev/full";
	assert_int_equal(trace_start(sim, &opt, err, sizeof(err)), 0);
	struct host *host = host_new(sim, "h", 1 << 20);
	tt_leaf(host);
	assert_int_equal(trace_finish(sim, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "written"));
	host_free(host);
	sim_free(sim);
}

/* Times of more than 48 bits of ns come back; the trace's clock has 56. */
static void long_times(void **state)
{
	struct reading r = { 0 };
	struct trace_options opt = { .path = path };
	struct sim *sim = sim_new(1);
	char err[256];
	(void)state;

	assert_int_equal(trace_start(sim, &opt, err, sizeof(err)), 0);
	struct host *host = host_new(sim, "h", 1 << 20);
	sim->now = 0x12345678abcdefull;
	tt_leaf(host);
	assert_int_equal(trace_finish(sim, err, sizeof(err)), 0);
	host_free(host);
	sim_free(sim);
	r.leaves = true;
	assert_string_equal(read_back(&r, path, "h"), "1:tt_leaf@5124095577148911 ");
}

/* ---- values ---- */

static void tt_values(struct host *host, uint32_t dev, uint32_t qlen)
{
	TRACE(host, "change values");
	TRACE_VALUE(host, SUBJECT_DEV, dev, "tt_qlen", "packets", qlen);
	TRACE_VALUE(host, SUBJECT_DEV, dev, "tt_carrier", "off|on", qlen > 5);
}

/* Writes "NAME VALUE of SUBJECT at TIME;" for each value; a chunk begins with no subject. */
static void list_values(struct reading *r, const char *file)
{
	struct viz_trace t;
	char err[256], buf[32];

	memset(r->text, 0, sizeof(r->text));
	assert_int_equal(viz_trace_open(&t, file, err, sizeof(err)), 0);
	for (uint32_t c = 0; t.nr_hosts && c < t.hosts[0].nr_chunks; c++) {
		const struct viz_chunk *chunk = &t.hosts[0].chunks[c];
		const struct trace_rec *subject = NULL;
		uint64_t time = chunk->time;
		for (const struct trace_rec *rec = chunk->rec; rec < chunk->rec + chunk->n; rec++) {
			if (rec->kind == TR_SUBJECT) {
				subject = rec;
			} else if (rec->kind == TR_TIME) {
				time = rec->obj;
			} else if (rec->kind == TR_VALUE) {
				assert_non_null(subject);
				put(r, "%s %u of %s at %llu;", viz_fn_name(&t, rec->fn), rec->obj,
				    viz_subject_name(&t.hosts[0], subject->fn, subject->obj, buf,
						     sizeof(buf)),
				    (unsigned long long)time);
			}
		}
	}
	viz_trace_close(&t);
}

static const char *values_of(struct reading *r, const char *filter, unsigned pad)
{
	struct trace_options opt = { .path = path, .filter = filter };
	struct sim *sim = sim_new(1);
	char err[256];

	assert_int_equal(trace_start(sim, &opt, err, sizeof(err)), 0);
	struct host *host = host_new(sim, "alpha", 1 << 20);
	trace_subject_name(host, SUBJECT_DEV, 2, "eth%d", 9);
	for (unsigned i = 0; i < pad; i++)
		tt_leaf(host);
	tt_values(host, 2, 5);
	trace_subject_name(host, SUBJECT_DEV, 2, "eth0");
	sim->now = 70;
	tt_values(host, 2, 6);
	tt_values(host, 3, 7);
	assert_int_equal(trace_finish(sim, err, sizeof(err)), 0);
	host_free(host);
	sim_free(sim);
	list_values(r, path);
	return r->text;
}

static void values_are_read_back(void **state)
{
	static const char early[] = "tt_qlen 5 of eth0 at 0;tt_carrier 0 of eth0 at 0;";
	static const char late[] = "tt_qlen 6 of eth0 at 70;tt_carrier 1 of eth0 at 70;"
				   "tt_qlen 7 of device 3 at 70;tt_carrier 1 of device 3 at 70;";
	struct reading r = { 0 };
	char all[400];
	(void)state;

	snprintf(all, sizeof(all), "%s%s", early, late);
	assert_string_equal(values_of(&r, NULL, 0), all);
	/* wherever the end of a buffer comes */
	for (unsigned pad = TRACE_CHUNK - 12; pad < TRACE_CHUNK + 2; pad++)
		assert_string_equal(values_of(&r, NULL, pad), all);
	assert_string_equal(values_of(&r, "fn=tt_leaf", 0), all);
	assert_string_equal(values_of(&r, "host=a*,from=1ns", 0), late);
	assert_string_equal(values_of(&r, "to=69ns", 0), early);
	assert_string_equal(values_of(&r, "host=beta", 0), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read_back),	   cmocka_unit_test(what_was_called_is_read_back),
		cmocka_unit_test(every_record_is_counted), cmocka_unit_test(digest_tells_runs_apart),
		cmocka_unit_test(filter_by_host),	   cmocka_unit_test(filter_by_function),
		cmocka_unit_test(filter_by_layer),	   cmocka_unit_test(filter_by_packet),
		cmocka_unit_test(filter_by_time),	   cmocka_unit_test(filter_keeps_depths),
		cmocka_unit_test(filtered_file_says_so),   cmocka_unit_test(bad_filters_are_told),
		cmocka_unit_test(unwritable_file_is_told), cmocka_unit_test(long_times),
	};
	snprintf(path, sizeof(path), "/tmp/test_trace.XXXXXX");
	int fd = mkstemp(path);
	if (fd < 0)
		return 1;
	close(fd);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
