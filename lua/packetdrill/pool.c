/* Memory of a script, freed as one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/packetdrill/script.h"

#define POOL_BLOCK 16384

struct pd_block {
	struct pd_block *next;
	size_t used, size;
	_Alignas(16) char data[];
};

void *pd_alloc(struct pd_pool *pool, size_t size)
{
	struct pd_block *b = pool->blocks;
	size = (size + 15) & ~(size_t)15;
	if (!b || b->size - b->used < size) {
		size_t room = size > POOL_BLOCK ? size : POOL_BLOCK;
		b = calloc(1, sizeof(*b) + room);
		if (!b) {
			fprintf(stderr, "wirepath packetdrill: no memory\n");
			exit(1);
		}
		b->size = room;
		b->next = pool->blocks;
		pool->blocks = b;
	}
	void *p = b->data + b->used;
	b->used += size;
	return p;
}

char *pd_strndup(struct pd_pool *pool, const char *s, size_t n)
{
	char *copy = pd_alloc(pool, n + 1);
	memcpy(copy, s, n);
	return copy;
}

void pd_pool_free(struct pd_pool *pool)
{
	while (pool->blocks) {
		struct pd_block *b = pool->blocks;
		pool->blocks = b->next;
		free(b);
	}
}
