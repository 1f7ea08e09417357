/* Makes, cleans and describes run folders. */
#include "lua/run_dir.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lua/snapshot/snapshot.h"

#define MANIFEST "manifest.json"

static int make_dirs(const char *dir)
{
	char path[4096];
	size_t len = strlen(dir);
	if (len >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(path, dir, len + 1);
	for (size_t i = 1; i <= len; i++)
		if (path[i] == '/' || path[i] == '\0') {
			char c = path[i];
			path[i] = '\0';
			if (mkdir(path, 0777) < 0 && errno != EEXIST)
				return -1;
			path[i] = c;
		}
	return 0;
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t n = strlen(name), k = strlen(suffix);
	return n >= k && strcmp(name + n - k, suffix) == 0;
}

/* Files that a run writes; nothing else in the folder is touched. */
static bool is_ours(const char *name)
{
	return strcmp(name, MANIFEST) == 0 || strcmp(name, "trace.wpt") == 0 ||
	       strcmp(name, SNAPSHOT_FILE) == 0 || has_suffix(name, ".pcapng") || has_suffix(name, ".out") ||
	       has_suffix(name, ".chart.txt");
}

int run_dir_prepare(const char *dir, char *err, unsigned errlen)
{
	DIR *d;
	if (make_dirs(dir) < 0 || !(d = opendir(dir))) {
		snprintf(err, errlen, "cannot make the run folder %s: %s", dir, strerror(errno));
		return -1;
	}
	for (struct dirent *e; (e = readdir(d));)
		if (is_ours(e->d_name))
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	return 0;
}

static void put_string(FILE *f, const char *key, const char *s)
{
	fprintf(f, "  \"%s\": \"", key);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(f, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			fprintf(f, "\\u%04x", *s);
		else
			fputc(*s, f);
	}
	fputs("\",\n", f);
}

static void put_number(FILE *f, const char *key, uint64_t v)
{
	fprintf(f, "  \"%s\": %llu,\n", key, (unsigned long long)v);
}

int manifest_write(const char *dir, const struct manifest *m, char *err, unsigned errlen)
{
	char path[4200], tmp[4210];
	snprintf(path, sizeof(path), "%s/%s", dir, MANIFEST);
	snprintf(tmp, sizeof(tmp), "%s.tmp", path);
	FILE *f = fopen(tmp, "we");
	if (!f) {
		snprintf(err, errlen, "cannot write %s: %s", path, strerror(errno));
		return -1;
	}
	fputs("{\n", f);
	put_string(f, "version", RUN_VERSION);
	put_string(f, "scenario", m->scenario);
	put_number(f, "seed", m->seed);
	put_string(f, "params", m->params);
	if (m->until != UINT64_MAX)
		put_number(f, "until_ns", m->until);
	fprintf(f, "  \"traced\": %s,\n", m->traced ? "true" : "false");
	put_string(f, "filter", m->filter);
	put_string(f, "result", m->result);
	put_number(f, "time_ns", m->time);
	put_number(f, "events", m->events);
	put_number(f, "frames", m->frames);
	put_number(f, "drops", m->drops);
	put_number(f, "records", m->records);
	fprintf(f, "  \"digest_calls\": \"%016llx\",\n", (unsigned long long)m->digest_calls);
	fprintf(f, "  \"digest_run\": \"%016llx\"\n}\n", (unsigned long long)m->digest_run);
	bool bad = ferror(f) != 0;
	if ((fclose(f) != 0) | bad || rename(tmp, path) < 0) {
		snprintf(err, errlen, "cannot write %s: %s", path, strerror(errno));
		unlink(tmp);
		return -1;
	}
	return 0;
}

/* The text after "key": in our own manifest, or NULL. */
static const char *find_key(const char *text, const char *key)
{
	char quoted[64];
	snprintf(quoted, sizeof(quoted), "\n  \"%s\": ", key);
	const char *at = strstr(text, quoted);
	return at ? at + strlen(quoted) : NULL;
}

static uint64_t get_number(const char *text, const char *key, uint64_t missing)
{
	const char *at = find_key(text, key);
	return at && isdigit((unsigned char)*at) ? strtoull(at, NULL, 10) : missing;
}

static void get_string(const char *text, const char *key, char *to, size_t len)
{
	const char *at = find_key(text, key);
	size_t n = 0;
	for (at = at && *at == '"' ? at + 1 : ""; *at && *at != '"' && n + 1 < len; at++) {
		if (*at == '\\' && at[1])
			at++;
		to[n++] = *at;
	}
	to[n] = '\0';
}

int manifest_read(const char *dir, struct manifest *m, char *err, unsigned errlen)
{
	char path[4200], text[8192], hex[32];
	struct stat st;
	memset(m, 0, sizeof(*m));
	if (stat(dir, &st) < 0) {
		snprintf(err, errlen, "cannot read the run folder %s: %s", dir, strerror(errno));
		return -1;
	}
	snprintf(path, sizeof(path), "%s/%s", dir, MANIFEST);
	FILE *f = fopen(path, "re");
	if (!f) {
		snprintf(err, errlen, "%s is not a run folder (no %s): make one with 'wirepath run'", dir,
			 MANIFEST);
		return -1;
	}
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	get_string(text, "digest_run", hex, sizeof(hex));
	if (strlen(hex) != 16) {
		snprintf(err, errlen, "%s is damaged: run the scenario again", path);
		return -1;
	}
	m->digest_run = strtoull(hex, NULL, 16);
	get_string(text, "digest_calls", hex, sizeof(hex));
	m->digest_calls = strtoull(hex, NULL, 16);
	get_string(text, "scenario", m->scenario, sizeof(m->scenario));
	get_string(text, "params", m->params, sizeof(m->params));
	get_string(text, "filter", m->filter, sizeof(m->filter));
	get_string(text, "result", m->result, sizeof(m->result));
	const char *traced = find_key(text, "traced");
	m->traced = traced && strncmp(traced, "true", 4) == 0;
	m->seed = get_number(text, "seed", 0);
	m->until = get_number(text, "until_ns", UINT64_MAX);
	m->time = get_number(text, "time_ns", 0);
	m->events = get_number(text, "events", 0);
	m->frames = get_number(text, "frames", 0);
	m->drops = get_number(text, "drops", 0);
	m->records = get_number(text, "records", 0);
	return 0;
}
