/* What splice() knows of a pipe: its ring of pages. */
#ifndef STACK_APPLICATION_PIPE_H
#define STACK_APPLICATION_PIPE_H

#include "stack/application/file.h"
#include "stack/kernel/wait.h"

#define PIPE_DEF_BUFFERS 16
#define PIPE_PAGE 4096u

struct pipe_buffer {
	u8 *page; /* kept until the pipe is gone */
	unsigned int offset, len;
};

struct pipe_inode_info {
	struct wait_queue_head rd_wait, wr_wait;
	unsigned int head, tail; /* count on; the buffers from tail to head hold data */
	unsigned int files, readers, writers;
	struct pipe_buffer bufs[PIPE_DEF_BUFFERS];
};

static inline bool pipe_empty(const struct pipe_inode_info *pipe)
{
	return pipe->head == pipe->tail;
}

static inline bool pipe_full(const struct pipe_inode_info *pipe)
{
	return pipe->head - pipe->tail >= PIPE_DEF_BUFFERS;
}

static inline struct pipe_buffer *pipe_buf(struct pipe_inode_info *pipe, unsigned int slot)
{
	return &pipe->bufs[slot % PIPE_DEF_BUFFERS];
}

/* The next free buffer, with a page; NULL: no memory. It counts when `head` is moved over it. */
struct pipe_buffer *pipe_next_buf(struct pipe_inode_info *pipe, struct host *host);
/* NULL: the file is no pipe. */
struct pipe_inode_info *get_pipe_info(struct file *file);

#endif
