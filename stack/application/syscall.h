/*
 * The frame of every system call: its span in the trace, the name for the deadlock report, and the
 * work that is done on the way back to the program, outside of the call itself.
 */
#ifndef STACK_APPLICATION_SYSCALL_H
#define STACK_APPLICATION_SYSCALL_H

#include "stack/application/syscalls.h"

/* The body of sys_NAME(): `what` describes it, `call` does it. */
#define SYSCALL(tsk_, what_, call_)                                                                          \
	long ret_;                                                                                           \
	do {                                                                                                 \
		{                                                                                            \
			TRACE_IN(tsk_, IN_TASK, what_);                                                      \
			(tsk_)->task->waits_in = __func__ + sizeof("sys_") - 1;                              \
			ret_ = (call_);                                                                      \
		}                                                                                            \
		exit_to_user_mode(tsk_);                                                                     \
	} while (unlikely(ret_ == -ERESTARTSYS) && restart_syscall(tsk_));                                   \
	return ret_

#endif
