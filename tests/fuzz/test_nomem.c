/*
 * Every allocation made to fail, over the scenarios: the hosts' (objects, RAM), libc's in the program's own
 * code, and Lua's. Whatever fails, the run ends by itself: no crash, no leak, no fault in the simulator.
 *
 *	test_nomem [SCENARIO...]	each place of these, or all of scenarios/
 *
 * A dry run looks at the call stack of each allocation; of those with the same stack the first one is made to
 * fail, alone and with all that follow. The linker puts the functions here in the allocators' place (--wrap).
 */
#include <execinfo.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "core/host.h"
#include "core/sim.h"
#include "lua/arena.h"
#include "lua/command.h"
#include "lua/run.h"

#define STACK_DEPTH 10
#define SEEN_SIZE (1u << 16)

enum kind { HOSTS, LIBC, LUA, NR_KINDS };
static const char *const kind_names[NR_KINDS] = { "of a host", "of libc", "of Lua" };

static struct {
	bool on;	/* inside a run */
	bool recording; /* the dry run */
	uint64_t count[NR_KINDS];
	enum kind kind;	   /* that fails */
	uint64_t fail_nth; /* 0: nothing */
	bool forever;
} st;

static uint64_t seen[SEEN_SIZE];
static struct {
	enum kind kind;
	uint64_t nth;
} points[SEEN_SIZE];
static unsigned nr_points, tried, failures;

/* A call stack that was not seen before: its allocation is a point to try. */
static void record(enum kind kind)
{
	void *stack[STACK_DEPTH];
	uint64_t hash = 1469598103934665603ull + kind;

	st.on = false;
	int n = backtrace(stack, STACK_DEPTH);

	st.on = true;
	for (int i = 0; i < n; i++)
		hash = (hash ^ (uintptr_t)stack[i]) * 1099511628211ull;
	for (unsigned i = (unsigned)(hash >> 40) % SEEN_SIZE; nr_points < SEEN_SIZE / 2;
	     i = (i + 1) % SEEN_SIZE) {
		if (seen[i] == hash)
			return;
		if (seen[i])
			continue;
		seen[i] = hash;
		points[nr_points].kind = kind;
		points[nr_points++].nth = st.count[kind];
		return;
	}
}

static bool fails(enum kind kind)
{
	if (!st.on)
		return false;
	st.count[kind]++;
	if (st.recording)
		record(kind);
	return st.fail_nth && st.kind == kind &&
	       (st.count[kind] == st.fail_nth || (st.forever && st.count[kind] > st.fail_nth));
}

/* ---- the allocators ---- */

#define REAL(type, name, ...)                                                                                \
	type __real_##name(__VA_ARGS__);                                                                     \
	type __wrap_##name(__VA_ARGS__);                                                                     \
	type __wrap_##name(__VA_ARGS__)

REAL(void *, malloc, size_t n)
{
	return fails(LIBC) ? NULL : __real_malloc(n);
}

REAL(void *, calloc, size_t n, size_t size)
{
	return fails(LIBC) ? NULL : __real_calloc(n, size);
}

REAL(void *, realloc, void *p, size_t n)
{
	return fails(LIBC) ? NULL : __real_realloc(p, n);
}

REAL(void *, aligned_alloc, size_t align, size_t n)
{
	return fails(LIBC) ? NULL : __real_aligned_alloc(align, n);
}

REAL(char *, strdup, const char *s)
{
	return fails(LIBC) ? NULL : __real_strdup(s);
}

REAL(char *, strndup, const char *s, size_t n)
{
	return fails(LIBC) ? NULL : __real_strndup(s, n);
}

REAL(void *, mmap, void *p, size_t n, int prot, int flags, int fd, off_t off)
{
	return fails(LIBC) ? MAP_FAILED : __real_mmap(p, n, prot, flags, fd, off);
}

REAL(void *, kmem_cache_alloc_at, struct host *host, struct kmem_cache *cache, const char *site)
{
	return fails(HOSTS) ? NULL : __real_kmem_cache_alloc_at(host, cache, site);
}

REAL(void *, kmem_cache_zalloc_at, struct host *host, struct kmem_cache *cache, const char *site)
{
	return fails(HOSTS) ? NULL : __real_kmem_cache_zalloc_at(host, cache, site);
}

REAL(struct kmem_cache *, kmem_cache_create, struct host *host, const char *name, uint32_t size)
{
	return fails(HOSTS) ? NULL : __real_kmem_cache_create(host, name, size);
}

REAL(void *, kzalloc_at, struct host *host, size_t size, const char *site)
{
	return fails(HOSTS) ? NULL : __real_kzalloc_at(host, size, site);
}

REAL(void *, ram_alloc, struct host *host, uint32_t size, const char *site, bool *fresh)
{
	return fails(HOSTS) ? NULL : __real_ram_alloc(host, size, site, fresh);
}

REAL(void *, arena_alloc, void *ud, void *p, size_t osize, size_t nsize)
{
	bool grows = nsize > (p ? osize : 0);

	if (grows && fails(LUA)) {
		((struct arena *)ud)->limit_hit = true;
		return NULL;
	}
	return __real_arena_alloc(ud, p, osize, nsize);
}

/* ---- runs ---- */

static int run(const char *scenario)
{
	struct run_options opt = {
		.file = scenario, .seed = 1, .until = 200 * NSEC_PER_SEC, .budget = 5000000
	};
	bool interrupted = false;

	memset(st.count, 0, sizeof(st.count));
	st.on = true;
	int code = run_scenario(&opt, NULL, &interrupted);

	st.on = false;
	return code;
}

static void say(const char *fmt, const char *scenario, unsigned i, int code)
{
	dprintf(STDOUT_FILENO, fmt, scenario, kind_names[points[i].kind], (unsigned long long)points[i].nth,
		st.forever ? " and all after it" : "", code);
}

/* One of `each` places where it asks for memory. */
static void try_scenario(const char *scenario, unsigned each)
{
	unsigned first = nr_points;
	int code;

	st.recording = true;
	st.fail_nth = 0;
	code = run(scenario);
	st.recording = false;
	if (code != EXIT_DONE) {
		dprintf(STDOUT_FILENO, "%s: ends with %d when nothing fails\n", scenario, code);
		failures++;
	}
	for (unsigned i = first; i < nr_points; i += each, tried++)
		for (int forever = 0; forever < 2; forever++) {
			st.kind = points[i].kind;
			st.fail_nth = points[i].nth;
			st.forever = forever;
			if (getenv("NOMEM_VERBOSE"))
				say("%s: allocation %s, number %llu%s\n", scenario, i, 0);
			code = run(scenario);
			if (code != EXIT_FAULT)
				continue;
			say("%s: allocation %s, number %llu%s fails: exit code %d\n", scenario, i, code);
			failures++;
		}
	dprintf(STDOUT_FILENO, "%s: %u places to fail, each %u. tried\n", scenario, nr_points - first, each);
}

/* Of scenarios whose runs take long only each how manieth place is tried, after all others; 1: quick. */
static unsigned each_of(const char *path)
{
	static const struct {
		const char *name;
		unsigned nr;
	} slow[] = { { "arp_states.lua", 2 },
		     { "congestion_control.lua", 12 },
		     { "cubic_window.lua", 24 },
		     { "ecn_marking.lua", 48 } };

	for (unsigned i = 0; i < sizeof(slow) / sizeof(slow[0]); i++)
		if (strcmp(strrchr(path, '/') + 1, slow[i].name) == 0)
			return slow[i].nr;
	return 1;
}

static void try_all(char **paths, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (each_of(paths[i]) == 1)
			try_scenario(paths[i], 1);
	for (size_t i = 0; i < nr; i++)
		if (each_of(paths[i]) > 1)
			try_scenario(paths[i], each_of(paths[i]));
}

int main(int argc, char **argv)
{
	glob_t all = { 0 };
	void *warm[2];
	FILE *nowhere = fopen("/dev/null", "we");

	backtrace(warm, 2); /* loads what it needs */
	if (!nowhere || (argc == 1 && glob(SCENARIOS "/*.lua", 0, NULL, &all) != 0))
		return 2;
	stdout = nowhere;
	if (!getenv("NOMEM_VERBOSE"))
		stderr = nowhere;
	for (int i = 1; i < argc; i++)
		try_scenario(argv[i], 1);
	try_all(all.gl_pathv, all.gl_pathc);
	globfree(&all);
	fclose(nowhere);
	dprintf(STDOUT_FILENO, "%u places, %u failed\n", tried, failures);
	return failures != 0;
}
