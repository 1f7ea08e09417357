/* Files of a host, in memory: what open() finds and sendfile() sends. There are no directories; a path is a
 * name. */
#ifndef STACK_APPLICATION_MEMFILE_H
#define STACK_APPLICATION_MEMFILE_H

#include "stack/application/file.h"

struct memfile {
	struct list_head list; /* of the host */
	u8 *data;
	size_t size;
	char name[]; /* as it was given; "": unlinked */
};

/* Makes the file or replaces what is in it by `size` zero bytes. NULL: no memory. */
struct memfile *memfile_create(struct host *host, const char *name, size_t size);
/* The name is free; who has the file open keeps it. -ENOENT: there is none. */
int memfile_unlink(struct host *host, const char *name);
void memfile_unlink_all(struct host *host);
/* NULL: the open file is none of these. */
struct memfile *memfile_of(const struct file *file);

#endif
