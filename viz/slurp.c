#include "viz/slurp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX ((size_t)1 << 32)

char *slurp(const char *path, size_t *len)
{
	FILE *f = fopen(path, "re");
	size_t n = 0, cap = 1 << 16;
	char *text = f ? malloc(cap) : NULL;
	while (text) {
		n += fread(text + n, 1, cap - n - 1, f);
		if (n < cap - 1)
			break;
		errno = EFBIG;
		char *grown = cap < MAX ? realloc(text, cap *= 2) : NULL;
		if (!grown)
			free(text);
		text = grown;
	}
	int error = errno;
	if (text && ferror(f)) {
		free(text);
		text = NULL;
	}
	if (f)
		fclose(f);
	errno = error;
	if (text)
		text[n] = '\0';
	if (len)
		*len = n;
	return text;
}
