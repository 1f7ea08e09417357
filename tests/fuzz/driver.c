/*
 * Runs a fuzzer without libFuzzer, the same way each time: every file of the corpus, then seeded changes of
 * them.
 *
 *	fuzz_frame CORPUS... [-n CHANGES] [-s SEED] [-m SECONDS]
 *
 * CORPUS: files and folders. A changed input that ends the process is left as ./crash-NAME.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MAX 16384

struct file {
	char *path;
	uint8_t *data;
	size_t size;
};

static struct file *files;
static unsigned nr_files;
static uint8_t input[INPUT_MAX];
static size_t input_size;
static uint64_t rng;
static const char *self;

static uint32_t rnd(uint32_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)(rng >> 32) % n;
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void add_file(const char *path)
{
	struct file f = { .path = strdup(path), .data = malloc(INPUT_MAX) };
	FILE *in = fopen(path, "re");

	files = realloc(files, (nr_files + 1) * sizeof(*files));
	if (!in || !f.path || !f.data || !files)
		die(path);
	f.size = fread(f.data, 1, INPUT_MAX, in);
	fclose(in);
	files[nr_files++] = f;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name); /* whatever the locale */
}

static void add(const char *path)
{
	struct stat st;
	struct dirent **names;
	char name[4096];

	if (stat(path, &st) < 0)
		die(path);
	if (!S_ISDIR(st.st_mode)) {
		add_file(path);
		return;
	}
	int n = scandir(path, &names, NULL, by_name);

	if (n < 0)
		die(path);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.')
			add_file(name);
		free(names[i]);
	}
	free(names);
}

/* What ends the process leaves its input behind: a sanitizer, an abort, an alarm. */
static void on_end(int nr)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "crash-%s", self);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0 || write(fd, input, input_size) < 0)
		_exit(2);
	dprintf(STDERR_FILENO, "%s: signal %d; the input is in ./%s\n", self, nr, path);
	_exit(1);
}

#if defined(__SANITIZE_ADDRESS__)
void __asan_on_error(void);
void __asan_on_error(void)
{
	dprintf(STDERR_FILENO, "%s: the input comes out at the end\n", self);
}

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "abort_on_error=1:handle_abort=0";
}

const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
	return "abort_on_error=1:print_stacktrace=1";
}
#endif

static void run(void)
{
	uint8_t *exact = malloc(input_size ? input_size : 1);

	memcpy(exact, input, input_size);
	alarm(60);
	LLVMFuzzerTestOneInput(exact, input_size);
	free(exact);
}

static void load(const struct file *f)
{
	memcpy(input, f->data, f->size);
	input_size = f->size;
}

/* A stretch of another file takes the place of one here. */
static void graft(void)
{
	const struct file *f = &files[rnd(nr_files)];

	if (!f->size || !input_size)
		return;
	size_t from = rnd((uint32_t)f->size), n = 1 + rnd((uint32_t)(f->size - from)),
	       to = rnd((uint32_t)input_size);

	if (to + n > INPUT_MAX)
		n = INPUT_MAX - to;
	memcpy(input + to, f->data + from, n);
	if (to + n > input_size)
		input_size = to + n;
}

static void insert(size_t n)
{
	size_t at = rnd((uint32_t)input_size + 1);

	if (input_size + n > INPUT_MAX)
		return;
	memmove(input + at + n, input + at, input_size - at);
	for (size_t i = 0; i < n; i++)
		input[at + i] = (uint8_t)rnd(256);
	input_size += n;
}

static void change(void)
{
	static const uint8_t telling[] = { 0, 1, 0x7f, 0x80, 0xff, 0x40, 0xfe, 16, 4 };

	if (input_size == 0) {
		insert(1 + rnd(16));
		return;
	}
	size_t at = rnd((uint32_t)input_size), n = 1 + rnd((uint32_t)(input_size - at));

	switch (rnd(6)) {
	case 0:
		input[at] ^= (uint8_t)(1u << rnd(8));
		break;
	case 1:
		input[at] = (uint8_t)rnd(256);
		break;
	case 2:
		input[at] = telling[rnd(sizeof(telling))];
		break;
	case 3:
		insert(1 + rnd(8));
		break;
	case 4:
		n = n > 16 ? 16 : n;
		memmove(input + at, input + at + n, input_size - at - n);
		input_size -= n;
		break;
	default:
		graft();
	}
}

/* Each file of the corpus once. Returns the one that took most of the CPU, and its time. */
static const char *run_corpus(double *slowest)
{
	const char *path = "none";

	*slowest = 0;
	for (unsigned i = 0; i < nr_files; i++) {
		clock_t start = clock();

		load(&files[i]);
		run();
		double took = (double)(clock() - start) / CLOCKS_PER_SEC;

		if (took > *slowest) {
			*slowest = took;
			path = files[i].path;
		}
	}
	return path;
}

int main(int argc, char **argv)
{
	unsigned long changes = 0, seconds = 3600, done = 0;
	const char *slow;
	double took;
	time_t end;

	self = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	rng = 88172645463325252ull;
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] != '-')
			add(argv[i]);
		else if (i + 1 == argc)
			return 2;
		else if (argv[i][1] == 'n')
			changes = strtoul(argv[++i], NULL, 0);
		else if (argv[i][1] == 's')
			rng += strtoull(argv[++i], NULL, 0);
		else if (argv[i][1] == 'm')
			seconds = strtoul(argv[++i], NULL, 0);
	}
	signal(SIGABRT, on_end);
	signal(SIGALRM, on_end);
	end = time(NULL) + (time_t)seconds;
	slow = run_corpus(&took);
	for (; nr_files && done < changes && time(NULL) <= end; done++) {
		load(&files[rnd(nr_files)]);
		for (uint32_t n = 1 + rnd(8); n > 0; n--)
			change();
		run();
	}
	dprintf(STDOUT_FILENO, "%s: %u inputs of the corpus, %lu changed ones; %.2f s for %s\n", self,
		nr_files, done, took, slow);
	for (unsigned i = 0; i < nr_files; i++) {
		free(files[i].path);
		free(files[i].data);
	}
	free(files);
	return 0;
}
