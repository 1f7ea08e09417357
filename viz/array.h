/* Arrays that grow. */
#ifndef VIZ_ARRAY_H
#define VIZ_ARRAY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for element `n` of an array, which has it for *cap: the array, or NULL (and *failed is set, the
 * old one is as it was) when there is no memory. What is new is not cleared. */
static inline void *array_room(void *array, uint32_t n, uint32_t *cap, size_t size, bool *failed)
{
	if (n < *cap)
		return array;
	uint32_t want = *cap ? *cap * 2 : 256;
	void *grown = want > *cap && want < UINT32_MAX / 2 ? realloc(array, want * size) : NULL;
	if (grown)
		*cap = want;
	else
		*failed = true;
	return grown;
}

/* Makes room for element `i`, wherever it is, and clears what is new. False: no memory. */
static inline bool array_reach(void **array, uint32_t *cap, uint32_t i, size_t size)
{
	if (i < *cap)
		return true;
	if (i >= UINT32_MAX / 2)
		return false;
	uint32_t want = *cap ? *cap : 16;
	while (want <= i)
		want *= 2;
	void *grown = realloc(*array, want * size);
	if (!grown)
		return false;
	memset((char *)grown + *cap * size, 0, (want - *cap) * size);
	*array = grown;
	*cap = want;
	return true;
}

#endif
