/* Reading of snapshots.jsonl. */
#include "viz/snapshot_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "viz/slurp.h"

#define MAX_MEMBERS 64		    /* of a line */
#define MAX_NUMBER (INT64_MAX >> 8) /* so that sums stay whole; a time of two years is less */

/* ---- one line ---- */

/* A line being taken apart: texts are ended with 0 where they stand. */
struct line {
	char *at;
	struct snap_member member[MAX_MEMBERS];
	uint32_t n;
};

/* A text with its quotes; NULL when it is none. \u00XX is all that is written. */
static char *parse_text(struct line *l)
{
	char *to = l->at + 1, *text = to;
	if (*l->at++ != '"')
		return NULL;
	for (; *l->at != '"'; l->at++) {
		unsigned code;
		if (!*l->at)
			return NULL;
		if (*l->at == '\\') {
			l->at++;
			if (*l->at == 'u') {
				if (sscanf(l->at + 1, "%4x", &code) != 1 || strlen(l->at) < 5)
					return NULL;
				l->at += 4;
				*to++ = '?'; /* a control character: not to be printed */
				continue;
			}
			if (*l->at != '"' && *l->at != '\\')
				return NULL;
		}
		*to++ = *l->at;
	}
	l->at++;
	*to = '\0';
	return text;
}

static bool parse_member(struct line *l)
{
	struct snap_member *m = &l->member[l->n];
	char *end;
	if (l->n == MAX_MEMBERS || !(m->key = parse_text(l)) || *l->at++ != ':')
		return false;
	m->text = NULL;
	m->number = 0;
	if (*l->at == '"') {
		m->text = parse_text(l);
		return m->text && ++l->n;
	}
	m->number = strtoll(l->at, &end, 10);
	if (end == l->at || m->number > MAX_NUMBER || m->number < -MAX_NUMBER)
		return false;
	l->at = end;
	return ++l->n;
}

/* {"is":"KIND",...} */
static bool parse_line(struct line *l, char *text)
{
	l->at = text;
	l->n = 0;
	do {
		if (*l->at != (l->n ? ',' : '{'))
			return false;
		l->at++;
		if (!parse_member(l))
			return false;
	} while (*l->at != '}' || l->at[1]);
	return strcmp(l->member[0].key, "is") == 0 && l->member[0].text;
}

/* ---- the file ---- */

static const char *text_of(const struct line *l, const char *key)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (strcmp(l->member[i].key, key) == 0 && l->member[i].text)
			return l->member[i].text;
	return "";
}

static int64_t number_of(const struct line *l, const char *key)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (strcmp(l->member[i].key, key) == 0)
			return l->member[i].number;
	return 0;
}

static bool add_head(struct viz_snapshots *s, const struct line *l, char *begin, uint32_t nr)
{
	if (s->nr_heads == s->cap_heads) {
		uint32_t cap = s->cap_heads ? s->cap_heads * 2 : 16;
		struct snap_head *grown = realloc(s->heads, cap * sizeof(*grown));
		if (!grown)
			return false;
		s->heads = grown;
		s->cap_heads = cap;
	}
	s->heads[s->nr_heads++] = (struct snap_head){
		.moment = text_of(l, "moment"),
		.host = text_of(l, "host"),
		.function = text_of(l, "function"),
		.context = text_of(l, "context"),
		.task = text_of(l, "task"),
		.time = (uint64_t)number_of(l, "time_ns"),
		.begin = begin,
		.line = nr,
	};
	return true;
}

/* Finds the first lines of all snapshots. Lines are ended with 0. */
static int find_heads(struct viz_snapshots *s, const char *path, char *err, unsigned errlen)
{
	static const char first[] = "{\"is\":\"snapshot\",";
	uint32_t nr = 0;
	struct line l;
	for (char *at = s->text, *next; *at; at = next) {
		nr++;
		next = strchr(at, '\n');
		if (!next) { /* the run was killed while it wrote this line */
			*at = '\0';
			break;
		}
		*next++ = '\0';
		if (strncmp(at, first, sizeof(first) - 1) == 0) {
			if (!parse_line(&l, at) || !add_head(s, &l, next, nr + 1)) {
				snprintf(err, errlen, "%s line %u is damaged: run the scenario again", path,
					 nr);
				return -1;
			}
			if (s->nr_heads > 1)
				s->heads[s->nr_heads - 2].end = at;
		}
		if (s->nr_heads)
			s->heads[s->nr_heads - 1].end = next;
	}
	return 0;
}

int viz_snapshots_open(struct viz_snapshots *s, const char *dir, char *err, unsigned errlen)
{
	char path[4400];
	memset(s, 0, sizeof(*s));
	snprintf(path, sizeof(path), "%s/snapshots.jsonl", dir);
	s->text = slurp(path, NULL);
	if (!s->text && errno != ENOENT) {
		snprintf(err, errlen, "cannot read %s: %s", path, strerror(errno));
		return -1;
	}
	if (s->text && find_heads(s, path, err, errlen) < 0) {
		viz_snapshots_close(s);
		return -1;
	}
	return 0;
}

void viz_snapshots_close(struct viz_snapshots *s)
{
	free(s->text);
	free(s->heads);
	free(s->recs);
	free(s->members);
	memset(s, 0, sizeof(*s));
}

/* ---- one snapshot ---- */

static bool add_rec(struct viz_snapshots *s, const struct line *l)
{
	if (s->nr_recs == s->cap_recs) {
		s->cap_recs = s->cap_recs ? s->cap_recs * 2 : 256;
		struct snap_rec *grown = realloc(s->recs, s->cap_recs * sizeof(*grown));
		if (!grown)
			return false;
		s->recs = grown;
	}
	if (s->nr_members + l->n > s->cap_members) {
		s->cap_members = (s->nr_members + l->n) * 2;
		struct snap_member *grown = realloc(s->members, s->cap_members * sizeof(*grown));
		if (!grown)
			return false;
		s->members = grown;
	}
	struct snap_rec *rec = &s->recs[s->nr_recs];
	*rec = (struct snap_rec){ l->member[0].text, s->nr_members, l->n, s->nr_recs ? rec[-1].host : 0 };
	if (strcmp(rec->is, "host") == 0)
		rec->host = s->nr_recs;
	memcpy(s->members + s->nr_members, l->member, l->n * sizeof(*l->member));
	s->nr_recs++;
	s->nr_members += l->n;
	return true;
}

int viz_snapshot_load(struct viz_snapshots *s, uint32_t nr, char *err, unsigned errlen)
{
	const struct snap_head *h = &s->heads[nr];
	uint32_t line = h->line;
	struct line l;
	for (char *at = h->begin, *next; at < h->end; at = next, line++) {
		next = at + strlen(at) + 1;
		if (!parse_line(&l, at) || !add_rec(s, &l)) {
			snprintf(err, errlen, "snapshots.jsonl line %u is damaged: run the scenario again",
				 line);
			return -1;
		}
	}
	if (!s->nr_recs || strcmp(s->recs[0].is, "host") != 0) {
		snprintf(err, errlen, "snapshots.jsonl: snapshot %u has no host: run the scenario again",
			 nr + 1);
		return -1;
	}
	return 0;
}

static const struct snap_member *member_of(const struct viz_snapshots *s, const struct snap_rec *rec,
					   const char *key)
{
	for (uint32_t i = 0; i < rec->n; i++)
		if (strcmp(s->members[rec->first + i].key, key) == 0)
			return &s->members[rec->first + i];
	return NULL;
}

int64_t snap_num(const struct viz_snapshots *s, const struct snap_rec *rec, const char *key)
{
	const struct snap_member *m = member_of(s, rec, key);
	return m ? m->number : 0;
}

const char *snap_str(const struct viz_snapshots *s, const struct snap_rec *rec, const char *key)
{
	const struct snap_member *m = member_of(s, rec, key);
	return m && m->text ? m->text : "";
}

const struct snap_rec *snap_next(const struct viz_snapshots *s, const struct snap_rec *rec, uint32_t host,
				 const char *is)
{
	const struct snap_rec *end = s->recs + s->nr_recs;
	for (rec = rec ? rec + 1 : s->recs + host; rec < end && rec->host == host; rec++)
		if (strcmp(rec->is, is) == 0)
			return rec;
	return NULL;
}

const struct snap_rec *snap_find(const struct viz_snapshots *s, uint32_t host, const char *is,
				 const char *key, int64_t value)
{
	const struct snap_rec *rec = NULL;
	while ((rec = snap_next(s, rec, host, is)))
		if (snap_num(s, rec, key) == value)
			return rec;
	return NULL;
}
