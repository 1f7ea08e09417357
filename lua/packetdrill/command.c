/*
 * `wirepath packetdrill FILE...`: runs scripts, several side by side, and tells how they ended, in the order
 * of the command line. A script that failed is run once more with the trace on (it takes the same course),
 * and the calls of the moment in which it went wrong are drawn.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lua/command.h"
#include "lua/packetdrill/run.h"
#include "viz/call_tree.h"
#include "viz/chart.h"
#include "viz/flow.h"
#include "viz/slurp.h"

#define CHART_DEPTH 5 /* levels of the chart around a failure */

static const char help[] =
	"usage: wirepath packetdrill [-j N] [-q] [--no-chart] [--exact] [-D NAME=VALUE] [--NAME=VALUE]... "
	"FILE...\n\n"
	"Runs packetdrill scripts (TCP, UDP and ICMP over IPv4) against the stack of a host with an "
	"FTGMAC100 card, in "
	"virtual time.\n\n"
	"  -j N            run N scripts side by side (default: one for each processor)\n"
	"  -q              tell only of scripts that did not pass\n"
	"  --no-chart      draw no chart of the calls around a failure\n"
	"  --exact         times are met to the microsecond: no tolerance\n"
	"  -D NAME=VALUE   a name that scripts use (also --define=NAME=VALUE). Known, for IPv4, are those of "
	"the public\n"
	"                  suites: TFO_COOKIE, TFO_COOKIE_ZERO, CODE, CMSG_LEVEL_IP, CMSG_TYPE_RECVERR\n"
	"  --NAME=VALUE    an option of the language: tolerance_usecs, tolerance_percent, mtu, mss, "
	"local_ip, remote_ip,\n"
	"                  gateway_ip, netmask_ip, bind_port, connect_port, ip_version (ipv4), "
	"strict_segments,\n"
	"                  tcp_ts_tick_usecs, tcp_ts_ecr_scaled, tcp_md5_secret, seed. It wins over the "
	"script's own.\n\n"
	"Exit codes: 0 all passed; 1 one failed, is unsupported or cannot be read; 2 usage.\n"
	"lua/packetdrill/README.md tells what of the language there is.\n\n"
	"example: wirepath packetdrill tests/packetdrill/*.pkt\n";

struct options {
	const char *files[4096];
	unsigned nr_files;
	unsigned jobs;
	bool quiet, no_chart;
	struct pd_setting *settings; /* of the command line */
};

enum verdict { PASSED, FAILED, UNSUPPORTED };

/* ---- one script ---- */

static bool set_config(struct pd_config *c, struct pd_pool *pool, const struct pd_setting *s,
		       const char *file, char *err, unsigned errlen, bool *unsupported)
{
	for (; s; s = s->next) {
		const char *wrong = pd_config_set(c, pool, s->name, s->value);
		if (!wrong)
			continue;
		*unsupported = strncmp(wrong, "unsupported", 11) == 0;
		if (s->line)
			snprintf(err, errlen, "%s:%u: --%s: %s", file, s->line, s->name, wrong);
		else
			snprintf(err, errlen, "--%s: %s", s->name, wrong);
		return false;
	}
	return true;
}

/*
 * The way into TCP (a call, a segment, a timer) on which the host last sent something, since `from`; or, when
 * it sent nothing, the last one.
 */
struct last_call {
	const struct viz_trace *t;
	uint64_t from;
	unsigned *seen; /* how often each function was called so far */
	struct entry {
		uint16_t fn;
		unsigned nth;
		bool found;
	} at, sent;
};

static bool is_entry(const char *name)
{
	static const char *const names[] = {
		"tcp_v4_rcv",	       "tcp_v4_err",	      "tcp_write_timer",	 "tcp_delack_timer",
		"tcp_keepalive_timer", "reqsk_timer_handler", "tcp_compressed_ack_kick", "tcp_pace_kick",
		"tcp_tsq_handler"
	};
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return strncmp(name, "sys_", 4) == 0;
}

static void on_enter(void *arg, const struct viz_flow *flow, const struct viz_call *parent,
		     struct viz_call *call)
{
	struct last_call *l = arg;
	const char *name = l->t->fns[call->fn].name;
	(void)flow;
	(void)parent;
	l->seen[call->fn]++;
	if (call->time < l->from)
		return;
	if (is_entry(name))
		l->at = (struct entry){ call->fn, l->seen[call->fn], true };
	else if (strcmp(name, "dev_queue_xmit") == 0)
		l->sent = l->at;
}

static void draw(const char *trace, uint64_t from, FILE *out)
{
	struct viz_trace t;
	char note[512], err[512];
	if (viz_trace_open(&t, trace, err, sizeof(err)) < 0)
		return;
	struct last_call l = { .t = &t, .from = from, .seen = calloc(t.nr_fns, sizeof(*l.seen)) };
	struct viz_visitor v = { .arg = &l, .enter = on_enter };
	if (l.seen && viz_flow_run(&t, 0, &v) == 0 && l.at.found) {
		struct entry e = l.sent.found ? l.sent : l.at;
		struct viz_chart_options opt = {
			.call = t.fns[e.fn].name, .style = VIZ_NESTED, .depth = CHART_DEPTH, .nth = e.nth
		};
		char *text = NULL;
		size_t len = 0;
		FILE *f = open_memstream(&text, &len);
		if (f && viz_chart_one(&t, &opt, f, note, sizeof(note), err, sizeof(err)) == 0) {
			fclose(f);
			fprintf(out, "\nWhat the host did there (%s):\n\n%s\n", note, text);
		} else if (f) {
			fclose(f);
		}
		free(text);
	}
	free(l.seen);
	viz_trace_close(&t);
}

/* The same run again, recorded, and the chart of its last moment. */
static void explain(const struct pd_run *failed, struct pd_script *script, const struct pd_config *config,
		    FILE *out)
{
	char path[] = "/tmp/wirepath-packetdrill-XXXXXX";
	struct pd_run *run = calloc(1, sizeof(*run));
	int fd = mkstemp(path);
	if (run && fd >= 0) {
		run->script = script;
		run->config = *config;
		pd_run_script(run, path);
		draw(path,
		     failed->start + (uint64_t)(failed->last_event_time > 0 ? failed->last_event_time : 0) *
					     NSEC_PER_USEC,
		     out);
	}
	if (fd >= 0) {
		close(fd);
		unlink(path);
	}
	free(run);
}

static enum verdict run_file(const char *file, const struct options *opt, FILE *out)
{
	struct pd_pool pool = { 0 };
	struct pd_script script = { .pool = &pool, .file = file };
	struct pd_config config;
	char err[2400];
	bool unsupported = false;
	char *text = slurp(file, NULL);
	struct pd_run *run = calloc(1, sizeof(*run));
	enum verdict verdict = FAILED;
	pd_config_init(&config);
	if (!text || !run)
		fprintf(out, "%s: cannot be read: %s\n", file, strerror(errno));
	else if (!pd_parse(&script, text, err, sizeof(err), &unsupported) ||
		 !set_config(&config, &pool, script.settings, file, err, sizeof(err), &unsupported) ||
		 !set_config(&config, &pool, opt->settings, file, err, sizeof(err), &unsupported))
		fprintf(out, "%s\n", err);
	else {
		run->script = &script;
		run->config = config;
		if (pd_run_script(run, NULL)) {
			verdict = PASSED;
			if (!opt->quiet)
				fprintf(out, "%s: passed\n", file);
		} else {
			const struct pd_event *e = run->event;
			fprintf(out, "%s:%u: %s\n", file,
				e		   ? e->line
				: script.init_line ? script.init_line
						   : 1,
				run->message);
			if (e)
				fprintf(out, "  the line: %s\n", e->source);
			unsupported |= run->unsupported || strncmp(run->message, "unsupported", 11) == 0;
			if (e && !unsupported && !opt->no_chart)
				explain(run, &script, &config, out);
		}
	}
	free(run);
	free(text);
	pd_pool_free(&pool);
	return verdict == PASSED ? PASSED : unsupported ? UNSUPPORTED : FAILED;
}

/* ---- many scripts ---- */

struct job {
	pid_t pid;
	FILE *out;
	enum verdict verdict;
	bool done;
};

static void start_job(struct job *j, const char *file, const struct options *opt)
{
	j->out = tmpfile();
	fflush(stdout);
	j->pid = j->out ? fork() : -1;
	if (j->pid != 0)
		return;
	enum verdict v = run_file(file, opt, j->out);
	fflush(j->out);
	_exit(v);
}

static void end_job(struct job *jobs, unsigned n, const struct options *opt)
{
	int status;
	pid_t pid = wait(&status);
	for (unsigned i = 0; i < n; i++) {
		if (jobs[i].pid != pid || jobs[i].done)
			continue;
		jobs[i].done = true;
		jobs[i].verdict = WIFEXITED(status) && WEXITSTATUS(status) <= UNSUPPORTED
					  ? (enum verdict)WEXITSTATUS(status)
					  : FAILED;
		if (!WIFEXITED(status) || WEXITSTATUS(status) > UNSUPPORTED)
			fprintf(jobs[i].out, "%s: the simulator crashed\n", opt->files[i]);
	}
}

static void copy(FILE *from)
{
	char buf[8192];
	size_t n;
	rewind(from);
	while ((n = fread(buf, 1, sizeof(buf), from)) > 0)
		fwrite(buf, 1, n, stdout);
	fclose(from);
}

static int run_all(const struct options *opt)
{
	struct job *jobs = calloc(opt->nr_files, sizeof(*jobs));
	unsigned started = 0, running = 0, shown = 0, count[3] = { 0 };
	if (!jobs)
		return EXIT_FAILED;
	while (shown < opt->nr_files) {
		for (; started < opt->nr_files && running < opt->jobs; started++) {
			start_job(&jobs[started], opt->files[started], opt);
			if (jobs[started].pid > 0) {
				running++;
			} else {
				jobs[started].done = true;
				jobs[started].verdict = FAILED;
				fprintf(stderr, "wirepath packetdrill: cannot start %s: %s\n",
					opt->files[started], strerror(errno));
			}
		}
		if (running > 0) {
			end_job(jobs, started, opt);
			running--;
		}
		for (; shown < started && jobs[shown].done; shown++) {
			if (jobs[shown].out)
				copy(jobs[shown].out);
			count[jobs[shown].verdict]++;
		}
	}
	free(jobs);
	if (opt->nr_files > 1 || count[PASSED] == 0)
		printf("%u passed, %u failed, %u unsupported\n", count[PASSED], count[FAILED],
		       count[UNSUPPORTED]);
	return count[PASSED] == opt->nr_files ? EXIT_DONE : EXIT_FAILED;
}

/* ---- the command line ---- */

static void add_setting(struct pd_setting ***tail, struct pd_pool *pool, const char *text)
{
	struct pd_setting *s = pd_alloc(pool, sizeof(*s));
	const char *eq = strchr(text, '=');
	s->name = eq ? pd_strndup(pool, text, (size_t)(eq - text)) : text;
	s->value = eq ? eq + 1 : NULL;
	**tail = s;
	*tail = &s->next;
}

static unsigned processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? (unsigned)n : 1;
}

int cmd_packetdrill(int argc, char **argv)
{
	struct options *o = calloc(1, sizeof(*o));
	struct pd_pool pool = { 0 };
	struct pd_setting **tail = &o->settings;
	struct pd_config probe;
	char err[512], define[600];
	bool unsupported;
	int code = -1;
	o->jobs = processors();
	for (int i = 0; i < argc && code < 0; i++) {
		const char *a = argv[i];
		if (strcmp(a, "--help") == 0 || strcmp(a, "-h") == 0) {
			fputs(help, stdout);
			code = EXIT_DONE;
		} else if (strcmp(a, "-q") == 0) {
			o->quiet = true;
		} else if (strcmp(a, "--no-chart") == 0) {
			o->no_chart = true;
		} else if (strcmp(a, "-j") == 0) {
			char *end = NULL;
			unsigned long n = i + 1 < argc ? strtoul(argv[++i], &end, 10) : 0;
			if (!end || *end || n < 1 || n > 256)
				code = usage_error("packetdrill", "-j takes a number from 1 to 256");
			o->jobs = (unsigned)n;
		} else if (strcmp(a, "-D") == 0) {
			snprintf(define, sizeof(define), "define=%s", i + 1 < argc ? argv[++i] : "");
			add_setting(&tail, &pool, pd_strndup(&pool, define, strlen(define)));
		} else if (strncmp(a, "--", 2) == 0) {
			add_setting(&tail, &pool, a + 2);
		} else if (*a == '-') {
			code = usage_error("packetdrill", "there is no option '%s'", a);
		} else if (o->nr_files == sizeof(o->files) / sizeof(o->files[0])) {
			code = usage_error("packetdrill", "too many files");
		} else {
			o->files[o->nr_files++] = a;
		}
	}
	pd_config_init(&probe);
	if (code < 0 && !set_config(&probe, &pool, o->settings, "", err, sizeof(err), &unsupported))
		code = usage_error("packetdrill", "%s", err);
	if (code < 0 && o->nr_files == 0)
		code = usage_error("packetdrill", "it takes scripts: FILE.pkt...");
	if (code < 0)
		code = run_all(o);
	pd_pool_free(&pool);
	free(o);
	return code;
}
