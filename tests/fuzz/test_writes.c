/*
 * Writes that do less than they were asked for: cut short, interrupted, and at last refused. What the run
 * folder holds is the same to the byte, or the run says that it could not be written. The linker puts the
 * functions here in the place of write() and writev() (--wrap).
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>

#include "lua/command.h"
#include "lua/run.h"

#define SCENARIO SCENARIOS "/udp_echo.lua"

static struct {
	bool on;
	unsigned calls, fail_nth; /* with ENOSPC, and all that follow; 0: never */
} st;

ssize_t __real_write(int fd, const void *buf, size_t len);
ssize_t __wrap_write(int fd, const void *buf, size_t len);
ssize_t __real_writev(int fd, const struct iovec *iov, int n);
ssize_t __wrap_writev(int fd, const struct iovec *iov, int n);

/* How much of `len` bytes this call may write; -1: it fails with errno. */
static ssize_t allowed(size_t len)
{
	st.calls++;
	if (st.fail_nth && st.calls >= st.fail_nth) {
		errno = ENOSPC;
		return -1;
	}
	if (st.calls % 3 == 0) {
		errno = EINTR;
		return -1;
	}
	return (ssize_t)(len ? 1 + st.calls * 7919 % len : 0);
}

ssize_t __wrap_write(int fd, const void *buf, size_t len)
{
	ssize_t n = st.on ? allowed(len) : (ssize_t)len;

	return n < 0 ? n : __real_write(fd, buf, (size_t)n);
}

ssize_t __wrap_writev(int fd, const struct iovec *iov, int n)
{
	struct iovec some[8];
	size_t len = 0;
	ssize_t left;
	int i;

	if (!st.on)
		return __real_writev(fd, iov, n);
	for (i = 0; i < n; i++)
		len += iov[i].iov_len;
	left = allowed(len);
	if (left < 0)
		return left;
	assert_true(n <= 8);
	for (i = 0; i < n && left; i++) {
		some[i] = iov[i];
		some[i].iov_len = iov[i].iov_len < (size_t)left ? iov[i].iov_len : (size_t)left;
		left -= (ssize_t)some[i].iov_len;
	}
	return __real_writev(fd, some, i);
}

/* ---- runs ---- */

static int run(const char *dir, bool faulty, unsigned fail_nth)
{
	struct run_options opt = {
		.file = SCENARIO, .dir = dir, .seed = 1, .until = SIM_FOREVER, .pcap = true
	};
	FILE *out = stdout, *err = stderr, *nowhere = fopen("/dev/null", "we");
	bool interrupted = false;

	st.on = faulty;
	st.calls = 0;
	st.fail_nth = fail_nth;
	stdout = stderr = nowhere;
	int code = run_scenario(&opt, NULL, &interrupted);

	stdout = out;
	stderr = err;
	st.on = false;
	fclose(nowhere);
	return code;
}

static char *read_file(const char *dir, const char *name, size_t *len)
{
	char path[600], *data = malloc(1 << 24);
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "re");
	*len = f ? fread(data, 1, 1 << 24, f) : 0;
	if (f)
		fclose(f);
	return data;
}

static void remove_files(const char *dir)
{
	struct dirent **names;
	int n = scandir(dir, &names, NULL, NULL);
	char path[600];

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		unlink(path);
		free(names[i]);
	}
	free(names);
	rmdir(dir);
}

static char whole[] = "/tmp/writes-XXXXXX", cut[] = "/tmp/writes-XXXXXX";

static int setup(void **state)
{
	(void)state;
	return !mkdtemp(whole) || !mkdtemp(cut);
}

static int teardown(void **state)
{
	(void)state;
	remove_files(whole);
	remove_files(cut);
	return 0;
}

static void short_writes(void **state)
{
	struct dirent **names;
	int n, files = 0;

	(void)state;
	assert_int_equal(run(whole, false, 0), EXIT_DONE);
	assert_int_equal(run(cut, true, 0), EXIT_DONE);
	assert_true(st.calls > 30);
	n = scandir(whole, &names, NULL, NULL);
	for (int i = 0; i < n; i++) {
		size_t len, len2;
		char *a = read_file(whole, names[i]->d_name, &len),
		     *b = read_file(cut, names[i]->d_name, &len2);

		if (strcmp(names[i]->d_name, "manifest.json")) { /* it names the folder */
			assert_int_equal(len, len2);
			assert_memory_equal(a, b, len);
			files += len > 0;
		}
		free(a);
		free(b);
		free(names[i]);
	}
	free(names);
	assert_true(files >= 4); /* the trace, captures, output */
}

static void no_room(void **state)
{
	unsigned calls;

	(void)state;
	assert_int_equal(run(cut, true, 0), EXIT_DONE);
	calls = st.calls;
	for (unsigned n = 1; n <= calls; n += n < 8 ? 1 : calls / 8)
		assert_int_equal(run(cut, true, n), EXIT_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_writes),
		cmocka_unit_test(no_room),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
