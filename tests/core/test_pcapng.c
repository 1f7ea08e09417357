/* Captures: the file's blocks as the format says, whole at any time, the same bytes each time. */
#include <unistd.h>

#include "core/pcapng.h"
#include "tests/core/link_util.h"

static uint8_t *slurp(const char *path, long *size)
{
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	*size = ftell(f);
	rewind(f);
	uint8_t *p = malloc(*size + 1);

	assert_int_equal(fread(p, 1, *size, f), *size);
	fclose(f);
	return p;
}

static uint32_t le32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Walks the blocks; both lengths agree and end where the file ends. Returns how many packets there are. */
static unsigned check_blocks(const char *path, uint64_t *first_time, uint64_t *last_time)
{
	long size, at = 0;
	uint8_t *p = slurp(path, &size);
	unsigned n = 0;

	assert_int_equal(le32(p), 0x0a0d0d0a);
	assert_int_equal(le32(p + 8), 0x1a2b3c4d);
	while (at < size) {
		uint32_t len = le32(p + at + 4);

		assert_true(len >= 12 && len % 4 == 0 && at + (long)len <= size);
		assert_int_equal(le32(p + at + len - 4), len);
		if (le32(p + at) == 6) {
			uint64_t t = (uint64_t)le32(p + at + 12) << 32 | le32(p + at + 16);

			if (!n++)
				*first_time = t;
			*last_time = t;
		}
		at += len;
	}
	free(p);
	return n;
}

static void capture_run(const char *path)
{
	struct sim *sim = sim_new(1);
	struct station a, b;
	char err[200];

	station_init(&a, sim, "a", 1);
	station_init(&b, sim, "b", 2);
	struct link *link = link_new(sim, "ab", &a.port, &b.port, NULL);

	b.port.capture = capture_open(path, "b/eth0", GIGABIT, err, sizeof(err));
	assert_non_null(b.port.capture);
	send(&a, b.mac, 61, 1);
	send(&b, a.mac, 1514, 2);
	sim_run(sim, SIM_FOREVER);
	pcapng_packet(b.port.capture->file, 0, 1ull << 40, PCAPNG_DIR_NONE, 7, "abc", 3, 60, "a comment");
	assert_true(pcapng_flush(b.port.capture->file));
	uint64_t first, last;

	assert_int_equal(check_blocks(path, &first, &last), 3); /* before it is closed */
	assert_int_equal(first, 0);				/* what b sends at once */
	assert_true(last == 1ull << 40);
	assert_true(capture_close(b.port.capture));
	b.port.capture = NULL;
	link_free(link);
	station_free(&a);
	station_free(&b);
	sim_free(sim);
}

static void test_capture(void **state)
{
	char one[] = "/tmp/wp_pcapng_XXXXXX", two[] = "/tmp/wp_pcapng_XXXXXX";
	long size_one, size_two;

	(void)state;
	close(mkstemp(one));
	close(mkstemp(two));
	capture_run(one);
	capture_run(two);
	uint8_t *a = slurp(one, &size_one), *b = slurp(two, &size_two);

	assert_int_equal(size_one, size_two);
	assert_memory_equal(a, b, size_one);
	free(a);
	free(b);
	unlink(one);
	unlink(two);
}

/* More than the buffer holds: what has been written so far is whole. */
static void test_long(void **state)
{
	char path[] = "/tmp/wp_pcapng_XXXXXX", err[200];
	static const uint8_t data[9000];
	uint64_t first, last;

	(void)state;
	close(mkstemp(path));
	struct pcapng *p = pcapng_create(path, err, sizeof(err));

	assert_int_equal(pcapng_add_interface(p, "x/eth0", 0), 0);
	assert_int_equal(pcapng_add_interface(p, "y/eth0", 0), 1);
	for (uint32_t i = 0; i < 500; i++)
		assert_true(pcapng_packet(p, i & 1, i, PCAPNG_IN, 0, data, i * 18, i * 18, NULL));
	assert_true(check_blocks(path, &first, &last) > 400);
	assert_false(pcapng_packet(p, 2, 0, PCAPNG_IN, 0, data, 10, 10, NULL));
	assert_true(pcapng_close(p));
	assert_int_equal(check_blocks(path, &first, &last), 500);
	assert_true(last == 499);
	unlink(path);
}

static void test_errors(void **state)
{
	char err[200] = "";

	(void)state;
	assert_null(capture_open("/nowhere/x.pcapng", "x", 0, err, sizeof(err)));
	assert_string_equal(err, "/nowhere/x.pcapng: No such file or directory");
	struct pcapng *p = pcapng_create("/dev/full", err, sizeof(err));

	assert_non_null(p);
	assert_false(pcapng_flush(p));
	assert_false(pcapng_close(p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_capture),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests_name("pcapng", tests, NULL, NULL);
}
