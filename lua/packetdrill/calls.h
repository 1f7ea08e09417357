/* The system calls of a script. Private to this folder. */
#ifndef LUA_PACKETDRILL_CALLS_H
#define LUA_PACKETDRILL_CALLS_H

#include <netinet/in.h>

#include "lua/packetdrill/run.h"
#include "stack/application/syscalls.h"

/* A call being made: in the task, so that it may block. What is wrong with arguments or results goes to
 * error(). */
struct pd_exec {
	struct pd_run *run;
	struct pd_caller *caller;
	struct task_struct *tsk;
	const struct pd_syscall *c;
	bool failed;
};

/* Notes the first thing that is wrong; returns false. */
bool pd_wrong(struct pd_exec *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

const struct pd_expr *pd_arg(struct pd_exec *x, unsigned i); /* NULL: there is no such argument */
bool pd_value(struct pd_exec *x, const struct pd_expr *e, int64_t *v);
bool pd_int_arg(struct pd_exec *x, unsigned i, int64_t *v);
bool pd_fd_arg(struct pd_exec *x, unsigned i, int *fd);
const struct pd_expr *pd_field(const struct pd_expr *e, const char *name); /* of a struct; NULL: not there */
/* The number in [n] or n itself. */
bool pd_element(struct pd_exec *x, const struct pd_expr *e, int64_t *v);
/* "..." is `is_remote`'s usual address and port. *len is set to the size of the address. */
bool pd_sockaddr(struct pd_exec *x, const struct pd_expr *e, bool is_remote, struct sockaddr_in *a, int *len);
/* A buffer of zeros for "...", NULL for 0; it is freed by pd_free_buffers(). */
bool pd_buffer(struct pd_exec *x, const struct pd_expr *e, size_t size, void **buf);

/* messages.c */
bool pd_iovec(struct pd_exec *x, const struct pd_expr *e, struct iovec **iov, size_t *n);
void pd_free_iovec(struct iovec *iov, size_t n);
long pd_sendmsg(struct pd_exec *x);
long pd_recvmsg(struct pd_exec *x);
long pd_poll(struct pd_exec *x);
long pd_epoll_ctl(struct pd_exec *x);
long pd_epoll_wait(struct pd_exec *x);

#endif
