/* Loads the module of viz/draw/. */
#include "viz/draw.h"

#include <dlfcn.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* The module, or NULL with a message. It is never unloaded: its libraries do not survive that. */
static const struct draw_module *load(char *err, unsigned errlen)
{
	char path[PATH_MAX] = "";
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash = n > 0 ? strrchr(path, '/') : NULL;
	static const char name[] = "wirepath-draw.so";
	if (!slash || (size_t)(slash + 1 - path) + sizeof(name) > sizeof(path)) {
		snprintf(err, errlen, "the program's own folder cannot be found (/proc/self/exe)");
		return NULL;
	}
	memcpy(slash + 1, name, sizeof(name));
	void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct draw_module *m = lib ? dlsym(lib, "draw_module") : NULL;
	if (!m)
		snprintf(err, errlen, "cannot load what draws pictures: %s", dlerror());
	return m;
}

int draw_render(const char *svg, size_t len, const struct draw_size *size, bool pdf, FILE *out, char *err,
		unsigned errlen)
{
	const struct draw_module *m = load(err, errlen);
	return m ? m->render(svg, len, size, pdf, out, err, errlen) : -1;
}

int draw_layout(struct graph *g, char *err, unsigned errlen)
{
	const struct draw_module *m = load(err, errlen);
	return m ? m->layout(g, err, errlen) : -1;
}
