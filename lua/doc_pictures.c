/* Makes the drawings of Markdown files by running the program's own commands. */
#include "lua/doc_pictures.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lua/command.h"
#include "lua/output.h"
#include "viz/slurp.h"

#define MAX_WORDS 64
#define BEGIN "<!-- wirepath "
#define PROMPT "$ ./wirepath "

struct doc {
	char tmp[64]; /* folder: runs, and what commands print */
	bool check;
	int stale;
	char store[4096]; /* words of a command */
	const char *words[MAX_WORDS + 1];
	unsigned n;
	const char *to; /* what its -o names, or NULL */
};

/* ---- files ---- */

/* Writes a file whole or not at all. */
static int put_file(const char *path, const char *text, size_t len)
{
	struct output out;
	int code = output_open(&out, "doc", path);
	if (code != EXIT_DONE)
		return code;
	fwrite(text, 1, len, out.file);
	return output_close(&out, EXIT_DONE);
}

/* Brings a file to what it should be, or tells that it is not. */
static int settle(struct doc *d, const char *path, const char *text, size_t len)
{
	size_t old_len = 0;
	char *old = slurp(path, &old_len);
	bool same = old && old_len == len && memcmp(old, text, len) == 0;
	free(old);
	if (same)
		return EXIT_DONE;
	d->stale++;
	printf("%s %s\n", path, d->check ? "is stale" : "made anew");
	return d->check ? EXIT_DONE : put_file(path, text, len);
}

/* ---- commands ---- */

/* Takes the words out of `text` (up to `end`). Returns false when there are too many, or a quote is open. */
static bool split(struct doc *d, const char *text, const char *end)
{
	char *at = d->store, quote = '\0';
	bool inside = false;
	d->n = 0;
	for (; text < end && at + 2 < d->store + sizeof(d->store); text++) {
		if (!quote && (*text == ' ' || *text == '\t')) {
			if (inside)
				*at++ = '\0';
			inside = false;
			continue;
		}
		if (!inside) {
			if (d->n == MAX_WORDS - 4)
				return false;
			d->words[d->n++] = at;
			inside = true;
		}
		if (quote ? *text == quote : *text == '\'' || *text == '"')
			quote = quote ? '\0' : *text;
		else
			*at++ = *text;
	}
	*at = '\0';
	d->words[d->n] = NULL;
	return text == end && !quote && d->n > 0;
}

/* Runs the program with the words, standard output to `out`; what it says on standard error is shown when it
 * fails. EXIT_DONE, or an exit code after a message. */
static int run_self(struct doc *d, const char **words, const char *out, const char *where)
{
	char errors[128], *said;
	const char *argv[MAX_WORDS + 2] = { "wirepath" };
	int status = 0;
	size_t len;
	snprintf(errors, sizeof(errors), "%s/errors", d->tmp);
	for (unsigned i = 0; words[i]; i++)
		argv[i + 1] = words[i];
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		int to = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0644),
		    err = open(errors, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		if (dup2(to, 1) == 1 && dup2(err, 2) == 2)
			execv("/proc/self/exe", (char **)argv);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_DONE)
		return EXIT_DONE;
	said = slurp(errors, &len);
	fprintf(stderr, "wirepath doc: %s: 'wirepath %s' failed:\n%s", where, words[0], said ? said : "");
	free(said);
	return EXIT_USAGE;
}

/* The run that a word `runs/NAME` stands for: its folder goes to `dir`. */
static int need_run(struct doc *d, const char *name, char *dir, size_t len, const char *where)
{
	char script[512], manifest[1100];
	snprintf(dir, len, "%s/%s", d->tmp, name);
	snprintf(script, sizeof(script), "scenarios/%s.lua", name);
	snprintf(manifest, sizeof(manifest), "%s/manifest.json", dir);
	if (access(manifest, F_OK) == 0)
		return EXIT_DONE;
	return run_self(d, (const char *[]){ "run", script, "-o", dir, "--pcap", NULL }, "/dev/null", where);
}

/* Runs the command that the words are; what it makes is in the file `made` then. */
static int run_command(struct doc *d, char *made, size_t len, const char *where)
{
	char dirs[8][1024];
	unsigned nr_dirs = 0;
	int code;
	snprintf(made, len, "%s/made", d->tmp);
	d->to = NULL;
	if (strcmp(d->words[0], "run") == 0) {
		const char *name = d->n > 1 ? strrchr(d->words[1], '/') : NULL;
		if (!name || !strstr(name, ".lua"))
			return usage_error("doc", "%s: 'run' wants scenarios/NAME.lua first", where);
		snprintf(dirs[0], sizeof(dirs[0]), "%s/%.*s", d->tmp, (int)(strstr(name, ".lua") - name - 1),
			 name + 1);
		d->words[d->n++] = "-o";
		d->words[d->n++] = dirs[0];
		d->words[d->n] = NULL;
		return run_self(d, d->words, "/dev/null", where);
	}
	for (unsigned i = 1; i < d->n; i++) {
		if (strncmp(d->words[i], "runs/", 5) == 0 && nr_dirs < 8) {
			if ((code = need_run(d, d->words[i] + 5, dirs[nr_dirs], sizeof(dirs[0]), where)) !=
			    EXIT_DONE)
				return code;
			d->words[i] = dirs[nr_dirs++];
		} else if (strcmp(d->words[i], "-o") == 0 && i + 1 < d->n) {
			d->to = d->words[++i];
			d->words[i] = made;
		}
	}
	return run_self(d, d->words, d->to ? "/dev/null" : made, where);
}

/* ---- Markdown ---- */

static const char *next_line(const char *p)
{
	const char *end = strchr(p, '\n');
	return end ? end + 1 : p + strlen(p);
}

/* The end of the block whose first line is `p`: its last line, or NULL. */
static const char *block_end(const char *p)
{
	do
		p = next_line(p);
	while (*p && strncmp(p, "```", 3) != 0);
	return *p ? p : NULL;
}

/* Runs the command between `p` and `end`; *text is what it printed, or NULL when it went to a file (-o), or
 * was a run. */
static int make_text(struct doc *d, const char *where, const char *p, const char *end, char **text)
{
	char made[128];
	size_t len;
	*text = NULL;
	if (!split(d, p, end))
		return usage_error("doc", "%s: too many words, or a quote without its end", where);
	int code = run_command(d, made, sizeof(made), where);
	if (code != EXIT_DONE || strcmp(d->words[0], "run") == 0)
		return code;
	if (!(*text = slurp(made, &len)))
		return usage_error("doc", "%s: the command made nothing: %s", where, strerror(errno));
	if (d->to) {
		code = settle(d, d->to, *text, len);
		free(*text);
		*text = NULL;
	}
	return code;
}

static void put_made(const char *text, FILE *out)
{
	size_t len = strlen(text);
	fputs(text, out);
	if (len && text[len - 1] != '\n')
		putc('\n', out);
}

/* A marker, at `p`: makes its drawing. *next, behind its line, goes behind what that was put in place of. */
static int marked(struct doc *d, const char *where, const char *p, const char **next, FILE *out)
{
	const char *end = strstr(p, " -->"), *block = *next, *close;
	char *text;
	if (!end || end > *next)
		return usage_error("doc", "%s: the line does not end in ' -->'", where);
	int code = make_text(d, where, p + strlen(BEGIN), end, &text);
	if (!text)
		return code;
	while (*block == '\n')
		block++;
	close = strncmp(block, "```", 3) == 0 ? block_end(block) : NULL;
	if (close) {
		fwrite(*next, 1, (size_t)(next_line(block) - *next), out);
		put_made(text, out);
		*next = next_line(close);
		fwrite(close, 1, (size_t)(*next - close), out);
	} else {
		code = usage_error("doc", "%s: a block between lines of ``` must follow", where);
	}
	free(text);
	return code;
}

/* A block: anew, when its first line is a command behind a prompt, else as it is. `next` is its first line.
 */
static int block(struct doc *d, const char *where, const char **next, const char *close, FILE *out)
{
	const char *command = *next;
	char *text = NULL;
	int code = EXIT_DONE;
	if (strncmp(command, PROMPT, strlen(PROMPT)) == 0) {
		const char *end = next_line(command) - 1;
		code = make_text(d, where, command + strlen(PROMPT), end, &text);
		if (text) {
			fwrite(command, 1, (size_t)(end + 1 - command), out);
			put_made(text, out);
		}
	}
	if (!text)
		fwrite(command, 1, (size_t)(close - command), out);
	free(text);
	*next = next_line(close);
	fwrite(close, 1, (size_t)(*next - close), out);
	return code;
}

static int one_file(struct doc *d, const char *path)
{
	size_t len;
	char *text = slurp(path, &len), *made = NULL, where[600];
	FILE *out = text ? open_memstream(&made, &len) : NULL;
	int code = EXIT_DONE;
	unsigned nr = 1;
	if (!out) {
		code = usage_error("doc", "cannot read %s: %s", path, strerror(errno));
		free(text);
		return code;
	}
	for (const char *p = text, *next; *p && code == EXIT_DONE; p = next) {
		next = next_line(p);
		fwrite(p, 1, (size_t)(next - p), out);
		snprintf(where, sizeof(where), "%.500s:%u", path, nr);
		const char *was = next;
		const char *close = strncmp(p, "```", 3) == 0 ? block_end(p) : NULL;
		if (close)
			code = block(d, where, &next, close, out);
		else if (strncmp(p, BEGIN, strlen(BEGIN)) == 0)
			code = marked(d, where, p, &next, out);
		for (nr++; was < next; was = next_line(was))
			nr++;
	}
	if (fclose(out) == 0 && code == EXIT_DONE)
		code = settle(d, path, made, len);
	free(text);
	free(made);
	return code;
}

static int unlink_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

int doc_pictures(const char **files, bool check)
{
	struct doc d = { .check = check };
	int code = EXIT_DONE;
	snprintf(d.tmp, sizeof(d.tmp), "%.40s/wirepath-doc-XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(d.tmp))
		return usage_error("doc", "cannot make a folder for the runs, %s: %s", d.tmp,
				   strerror(errno));
	for (; *files && code == EXIT_DONE; files++)
		code = one_file(&d, *files);
	nftw(d.tmp, unlink_one, 16, FTW_DEPTH | FTW_PHYS);
	return code != EXIT_DONE ? code : check && d.stale ? EXIT_FAILED : EXIT_DONE;
}
