/*
 * The system calls. `tsk` is the calling program's task; user buffers are plain pointers. All return a
 * result >= 0 or a negative errno, never a positive one, and run the task's deferred work at the end
 * (exit_to_user_mode), so that files closed are released outside of sys_close().
 *
 * -EINTR comes when a signal came for which it has a handler; -ERESTARTSYS, too, or when the task is being
 * killed. Where Linux returns -ERESTARTSYS and the handler was set with SA_RESTART the call is made again.
 */
#ifndef STACK_APPLICATION_SYSCALLS_H
#define STACK_APPLICATION_SYSCALLS_H

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "stack/kernel/sched.h"
#include "stack/skb/uio.h"

long sys_socket(struct task_struct *tsk, int family, int type, int protocol);
long sys_socketpair(struct task_struct *tsk, int family, int type, int protocol, int *usockvec);
long sys_bind(struct task_struct *tsk, int fd, const struct sockaddr *umyaddr, int addrlen);
long sys_listen(struct task_struct *tsk, int fd, int backlog);
long sys_accept(struct task_struct *tsk, int fd, struct sockaddr *upeer_sockaddr, int *upeer_addrlen);
long sys_accept4(struct task_struct *tsk, int fd, struct sockaddr *upeer_sockaddr, int *upeer_addrlen,
		 int flags);
long sys_connect(struct task_struct *tsk, int fd, const struct sockaddr *uservaddr, int addrlen);
long sys_getsockname(struct task_struct *tsk, int fd, struct sockaddr *usockaddr, int *usockaddr_len);
long sys_getpeername(struct task_struct *tsk, int fd, struct sockaddr *usockaddr, int *usockaddr_len);
long sys_send(struct task_struct *tsk, int fd, const void *buff, size_t len, unsigned int flags);
long sys_sendto(struct task_struct *tsk, int fd, const void *buff, size_t len, unsigned int flags,
		const struct sockaddr *addr, int addr_len);
long sys_recv(struct task_struct *tsk, int fd, void *ubuf, size_t size, unsigned int flags);
long sys_recvfrom(struct task_struct *tsk, int fd, void *ubuf, size_t size, unsigned int flags,
		  struct sockaddr *addr, int *addr_len);
long sys_sendmsg(struct task_struct *tsk, int fd, const struct user_msghdr *msg, unsigned int flags);
long sys_recvmsg(struct task_struct *tsk, int fd, struct user_msghdr *msg, unsigned int flags);
long sys_setsockopt(struct task_struct *tsk, int fd, int level, int optname, const void *optval, int optlen);
long sys_getsockopt(struct task_struct *tsk, int fd, int level, int optname, void *optval, int *optlen);
long sys_shutdown(struct task_struct *tsk, int fd, int how);

long sys_read(struct task_struct *tsk, unsigned int fd, void *buf, size_t count);
long sys_write(struct task_struct *tsk, unsigned int fd, const void *buf, size_t count);
long sys_readv(struct task_struct *tsk, unsigned int fd, const struct iovec *vec, unsigned long vlen);
long sys_writev(struct task_struct *tsk, unsigned int fd, const struct iovec *vec, unsigned long vlen);
long sys_close(struct task_struct *tsk, unsigned int fd);
long sys_dup(struct task_struct *tsk, unsigned int fildes);
long sys_dup2(struct task_struct *tsk, unsigned int oldfd, unsigned int newfd);
/* Is it one of the program's standard files, which are not ours (0 to 2, unless closed or replaced)? */
bool fd_is_standard(const struct task_struct *tsk, unsigned int fd);
long sys_pipe(struct task_struct *tsk, int *fildes);
/* Files in memory (memfile.h); O_RDONLY, O_CREAT, ... */
long sys_open(struct task_struct *tsk, const char *filename, int flags);
long sys_splice(struct task_struct *tsk, int fd_in, s64 *off_in, int fd_out, s64 *off_out, size_t len,
		unsigned int flags);
long sys_sendfile(struct task_struct *tsk, int out_fd, int in_fd, s64 *offset, size_t count);
long sys_fcntl(struct task_struct *tsk, unsigned int fd, unsigned int cmd, unsigned long arg);
long sys_ioctl(struct task_struct *tsk, unsigned int fd, unsigned int cmd, unsigned long arg);

long sys_poll(struct task_struct *tsk, struct pollfd *ufds, unsigned int nfds, int timeout_msecs);
/* The sets are read and written up to the word of descriptor n - 1. What is left of the time is written back.
 */
long sys_select(struct task_struct *tsk, int n, fd_set *inp, fd_set *outp, fd_set *exp, struct timeval *tvp);
/* No signal masks here, so there is none to set. */
long sys_pselect6(struct task_struct *tsk, int n, fd_set *inp, fd_set *outp, fd_set *exp,
		  struct timespec *tsp);
long sys_epoll_create1(struct task_struct *tsk, int flags);
long sys_epoll_ctl(struct task_struct *tsk, int epfd, int op, int fd, struct epoll_event *event);
long sys_epoll_wait(struct task_struct *tsk, int epfd, struct epoll_event *events, int maxevents,
		    int timeout);

#endif
