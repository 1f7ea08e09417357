/* "Did you mean": the names that are nearly what was typed. */
#ifndef VIZ_NEAR_H
#define VIZ_NEAR_H

/* Collects the best names for `word`. */
struct near {
	const char *word;
	const char *best[3];
	unsigned distance[3];
};

/* Takes a name into account; names live on. */
void near_try(struct near *n, const char *name);

/* Appends "; did you mean a, b or c?" to what is in `text`, or nothing. */
void near_say(const struct near *n, char *text, unsigned len);

#endif
