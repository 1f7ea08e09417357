/*
 * The text of a scenario, run without a run folder: whatever it says, the run ends by itself, and a fault in
 * the simulator is not how.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "core/sim.h"
#include "lua/command.h"
#include "lua/run.h"
#include "tests/fuzz/fuzz.h"

#define BUDGET 300000 /* instructions without time passing */
#define EVENTS 50000  /* time may pass in steps of a nanosecond */

/* What scenarios print, and the messages of those that are wrong, are for nobody. */
static void be_quiet(void)
{
	static FILE *nowhere;

	if (nowhere)
		return;
	nowhere = fopen("/dev/null", "we");
	if (!nowhere)
		abort();
	stdout = stderr = nowhere;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run_options opt = {
		.seed = 1, .until = 100 * NSEC_PER_MSEC, .budget = BUDGET, .events = EVENTS
	};
	char path[64];
	bool interrupted = false;
	int fd = memfd_create("scenario", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	be_quiet();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	opt.file = path;
	if (run_scenario(&opt, NULL, &interrupted) == EXIT_FAULT) {
		dprintf(STDERR_FILENO, "the scenario ended by a fault in the simulator\n");
		abort();
	}
	close(fd);
	return 0;
}
