/* cat and echo of files of /proc and /sys, dmesg, sysctl. */
#include <errno.h>
#include <regex.h>
#include <string.h>

#include "lua/host_sysctl.h"
#include "lua/sh.h"
#include "stack/kernel/printk.h"
#include "stack/proc.h"

#define PROC_SYS "/proc/sys/"

static bool begins(const char *path, const char *with)
{
	return strncmp(path, with, strlen(with)) == 0;
}

/* /proc/sys/... and /sys/module/NAME/parameters/... */
static int show_file(struct sh *sh, const char *path)
{
	if (begins(path, PROC_SYS))
		return host_sysctl_show(sh->host, path + strlen(PROC_SYS), &sh->out);
	return begins(path, "/sys/") ? host_module_param_show(sh->host, path, &sh->out)
				     : proc_show(&sh->out, path);
}

static int store_file(struct sh *sh, const char *path, const char *value)
{
	return begins(path, PROC_SYS) ? host_sysctl_store(sh->host, path + strlen(PROC_SYS), value)
				      : host_module_param_store(sh->host, path, value);
}

struct folder {
	char name[128]; /* "net.ipv4" */
	bool found;
};

static void folder_of(void *arg, const char *name)
{
	struct folder *f = arg;
	size_t len = strlen(f->name);
	f->found |= strncmp(name, f->name, len) == 0 && name[len] == '.';
}

/* Is it one of the folders that the files are in? */
static bool is_folder(const struct sh *sh, const char *path)
{
	static const char *const folders[] = { "/", "/proc", "/proc/net", "/proc/sys", NULL };
	struct folder f = { .found = false };
	size_t len = strlen(path);
	while (len > 1 && path[len - 1] == '/')
		len--;
	for (int i = 0; folders[i]; i++)
		if (strlen(folders[i]) == len && strncmp(folders[i], path, len) == 0)
			return true;
	if (!begins(path, PROC_SYS))
		return false;
	snprintf(f.name, sizeof(f.name), "%.*s", (int)(len - strlen(PROC_SYS)), path + strlen(PROC_SYS));
	for (char *p = f.name; *p; p++)
		*p = *p == '/' ? '.' : *p;
	host_sysctl_list(sh->host, folder_of, &f);
	return f.found;
}

int sh_cat(struct sh *sh)
{
	int status = 0;
	for (int c; (c = sh_getopt(sh, "u"));)
		if (c != 'u') {
			sh_bad_option(sh, c);
			return sh_fail(sh, 1, "Try 'cat --help' for more information.\n");
		}
	for (int i = sh->at; i < sh->n; i++) { /* without any: standard input, of which there is none */
		const char *path = sh->words[i];
		int err = show_file(sh, path);
		if (err == -ENOENT && is_folder(sh, path))
			err = -EISDIR;
		if (err)
			status = sh_fail(sh, 1, "cat: %s: %s\n", path, strerrordesc_np(-err));
		else if (begins(path, PROC_SYS) || begins(path, "/sys/"))
			sh_say(sh, "\n");
	}
	return status;
}

/* echo WORDS [> FILE of /proc/sys or /sys/module] */
int sh_echo(struct sh *sh)
{
	struct seq_file text = { .host = sh->host };
	int n = 1, status = 0;
	for (; n < sh->n && sh->words[n][0] != '>'; n++)
		seq_printf(&text, "%s%s", n > 1 ? " " : "", sh->words[n]);
	const char *value = text.buf ? text.buf : "", *path = n == sh->n	? NULL
							      : sh->words[n][1] ? sh->words[n] + 1
							      : n + 1 < sh->n	? sh->words[n + 1]
										: "";
	if (!path) {
		sh_say(sh, "%s\n", value);
	} else if (!begins(path, PROC_SYS) && !begins(path, "/sys/")) {
		status = sh_fail(sh, 2, "sh: 1: cannot create %s: No such file or directory\n", path);
	} else {
		int err = store_file(sh, path, value);
		if (err == -ENOENT)
			status = sh_fail(sh, 2, "sh: 1: cannot create %s: Permission denied\n", path);
		else if (err)
			status = sh_fail(sh, 1, "sh: 1: echo: echo: I/O error\n");
	}
	seq_release(&text);
	return status;
}

static void say_line(void *arg, const char *text)
{
	sh_say((struct sh *)arg, "%s\n", text);
}

int sh_dmesg(struct sh *sh)
{
	static const struct sh_long dmesg_longs[] = { { "version", 'V' }, { NULL, 0 } };
	int c;
	sh->longs = dmesg_longs;
	if ((c = sh_getopt(sh, "V")) == 'V') {
		sh_say(sh, "dmesg from util-linux 2.38.1\n");
		return 0;
	}
	if (c)
		sh_bad_option(sh, c);
	else if (sh->at < sh->n)
		seq_printf(&sh->err, "dmesg: bad usage\n");
	if (c || sh->at < sh->n)
		return sh_fail(sh, 1, "Try 'dmesg --help' for more information.\n");
	log_for_each(sh->host, say_line, sh);
	return 0;
}

/* ---- sysctl ---- */

struct sysctl_options {
	struct sh *sh;
	bool values, names, quiet, binary, ignore;
	const regex_t *pattern; /* -r, or NULL */
	const char *folder;	/* only names below it; NULL: all */
	unsigned listed;
};

static void say_setting(struct sysctl_options *o, const char *name, const char *value)
{
	if (o->names)
		sh_say(o->sh, "%s\n", name);
	else if (o->binary)
		sh_say(o->sh, "%s", value);
	else if (o->values)
		sh_say(o->sh, "%s\n", value);
	else
		sh_say(o->sh, "%s = %s\n", name, value);
}

static int sysctl_missing(struct sh *sh, const char *name)
{
	seq_printf(&sh->err, "sysctl: cannot stat /proc/sys/");
	for (; *name; name++)
		seq_putc(&sh->err, *name == '.' ? '/' : *name);
	return sh_fail(sh, 1, ": No such file or directory\n");
}

static int sysctl_one(struct sysctl_options *o, const char *word, bool must_write, int index);

static void say_named(void *arg, const char *name)
{
	struct sysctl_options *o = arg;
	size_t len = o->folder ? strlen(o->folder) : 0;
	if (o->folder && (strncmp(name, o->folder, len) != 0 || name[len] != '.'))
		return;
	o->listed++;
	if (!o->pattern || regexec(o->pattern, name, 0, NULL, 0) == 0)
		sysctl_one(o, name, false, 0);
}

/* All below a folder ("net.ipv4.conf.eth0"); false: it is none. */
static bool sysctl_folder(struct sysctl_options *o, const char *name)
{
	o->folder = name;
	o->listed = 0;
	host_sysctl_list(o->sh->host, say_named, o);
	o->folder = NULL;
	return o->listed > 0;
}

/* NAME, NAME=VALUE or "NAME = VALUE" */
static int sysctl_one(struct sysctl_options *o, const char *word, bool must_write, int index)
{
	struct sh *sh = o->sh;
	const char *eq = strchr(word, '='), *set = eq ? eq + 1 + strspn(eq + 1, " \t") : NULL;
	struct seq_file value = { .host = sh->host };
	char name[128];
	int err, status = 0;
	if (must_write && !eq)
		return sh_fail(sh, 1, "sysctl: command line(%d): invalid syntax, continuing...\n", index);
	snprintf(name, sizeof(name), "%.*s", eq ? (int)(eq - word) : (int)strlen(word), word);
	name[strcspn(name, " \t")] = '\0';
	for (char *p = name; *p; p++)
		*p = *p == '/' ? '.' : *p;
	err = eq ? host_sysctl_store(sh->host, name, set) : host_sysctl_show(sh->host, name, &value);
	/* of this one it is the algorithm that there is none of */
	if (err == -ENOENT && strcmp(name, "net.ipv4.tcp_congestion_control") != 0)
		status = o->ignore || (!eq && sysctl_folder(o, name)) ? 0 : sysctl_missing(sh, name);
	else if (err == -EACCES)
		status = sh_fail(sh, 1, "sysctl: permission denied on key \"%s\"\n", name);
	else if (err)
		status = sh_fail(sh, 1, "sysctl: setting key \"%s\": %s\n", name, strerrordesc_np(-err));
	else if (!eq || !o->quiet)
		say_setting(o, name, eq ? set : value.buf ? value.buf : "");
	seq_release(&value);
	return status;
}

/* Said of a wrong option, too, and no failure then. */
static int sysctl_usage(struct seq_file *to)
{
	seq_printf(to,
		   "\nUsage:\n sysctl [options] [variable[=value] ...]\n"
		   "\nOptions:\n"
		   "  -a, --all (or -A, -X)  all settings        -r, --pattern REGEX  those that match\n"
		   "  -w, --write            set them            -q, --quiet          without saying so\n"
		   "  -n, --values           values only         -N, --names          names only\n"
		   "  -b, --binary           no end of line      -e, --ignore         unknown names are no "
		   "error\n"
		   "  -V, --version                              -h, --help (or -d)\n");
	return 0;
}

static const struct sh_long sysctl_longs[] = { { "all", 'a' },	 { "binary", 'b' }, { "ignore", 'e' },
					       { "names", 'N' }, { "values", 'n' }, { "pattern", 'r' },
					       { "quiet", 'q' }, { "write", 'w' },  { "version", 'V' },
					       { "help", 'h' },	 { NULL, 0 } };

/* A letter without argument: what it switches on. NULL: none. */
static bool *sysctl_switch(struct sysctl_options *o, int c, bool *all, bool *write)
{
	return c == 'a' || c == 'A' || c == 'X' ? all
	       : c == 'w'			? write
	       : c == 'n'			? &o->values
	       : c == 'N'			? &o->names
	       : c == 'q'			? &o->quiet
	       : c == 'b'			? &o->binary
	       : c == 'e'			? &o->ignore
						: NULL;
}

int sh_sysctl(struct sh *sh)
{
	struct sysctl_options o = { .sh = sh };
	bool all = false, write = false;
	const char *pattern = NULL;
	regex_t regex;
	int status = 0;
	sh->longs = sysctl_longs;
	for (int c; (c = sh_getopt(sh, "aAXwnNqbeoxVhdr:"));) {
		bool *on = sysctl_switch(&o, c, &all, &write);
		if (on) {
			*on = true;
		} else if (c == 'r') {
			pattern = sh->arg;
		} else if (c == 'V') {
			sh_say(sh, "sysctl from procps-ng 4.0.2\n");
			return 0;
		} else if (c == 'h' || c == 'd') {
			return sysctl_usage(&sh->out);
		} else if (c != 'o' && c != 'x') { /* which mean nothing */
			sh_bad_option(sh, c);
			return sysctl_usage(&sh->out);
		}
	}
	if (pattern && regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return sh_fail(sh, 1, "sysctl: Invalid regular expression\n");
	o.pattern = pattern ? &regex : NULL;
	if (all)
		host_sysctl_list(sh->host, say_named, &o);
	else if (sh->at == sh->n && sh->n > 1)
		status = sh_fail(
			sh, 1, "sysctl: no variables specified\nTry `sysctl --help' for more information.\n");
	else if (sh->at == sh->n)
		status = (sysctl_usage(&sh->err), 1);
	for (int i = sh->at; i < sh->n && !all; i++) {
		int s = sysctl_one(&o, sh->words[i], write, i - sh->at);
		status = s ? s : status;
	}
	if (pattern)
		regfree(&regex);
	return status;
}
