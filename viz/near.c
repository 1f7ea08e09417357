/* Nearly the same names: by the letters to change, and by one being part of the other. */
#include "viz/near.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 64

/* Letters to insert, leave out, or change. */
static unsigned letters(const char *a, const char *b)
{
	unsigned row[LONGEST + 1];
	size_t n = strlen(a), m = strlen(b);
	if (n > LONGEST || m > LONGEST)
		return LONGEST;
	for (unsigned j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 0; i < n; i++) {
		unsigned corner = row[0];
		row[0] = (unsigned)i + 1;
		for (size_t j = 0; j < m; j++) {
			unsigned change = corner + (a[i] != b[j]);
			unsigned other = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
			corner = row[j + 1];
			row[j + 1] = change < other ? change : other;
		}
	}
	return row[m];
}

void near_try(struct near *n, const char *name)
{
	unsigned d = letters(n->word, name), len = (unsigned)strlen(n->word);
	if (len >= 3 && strstr(name, n->word))
		d = d < 3 ? d : 3;
	if (d > 3 || d * 2 > len)
		return;
	for (unsigned i = 0; i < 3; i++) {
		if (n->best[i] && strcmp(n->best[i], name) == 0)
			return;
		if (!n->best[i] || d < n->distance[i]) {
			for (unsigned k = 2; k > i; k--) {
				n->best[k] = n->best[k - 1];
				n->distance[k] = n->distance[k - 1];
			}
			n->best[i] = name;
			n->distance[i] = d;
			return;
		}
	}
}

void near_say(const struct near *n, char *text, unsigned len)
{
	unsigned at = (unsigned)strlen(text);
	for (unsigned i = 0; i < 3 && n->best[i] && at < len; i++) {
		const char *before = i == 0 ? "; did you mean " : i == 2 || !n->best[i + 1] ? " or " : ", ";
		at += (unsigned)snprintf(text + at, len - at, "%s%s", before, n->best[i]);
	}
	if (n->best[0] && at + 1 < len)
		snprintf(text + at, len - at, "?");
}
