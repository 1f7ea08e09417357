/*
 * Signals: what the network code sends (SIGPIPE) and what can interrupt a blocking call (SIGALRM and what a
 * program sends itself). A signal is a bit in task_struct.pending; the program's side (lua/posix_signal.c)
 * takes it on return to user mode and runs a handler or ends the program.
 */
#ifndef STACK_KERNEL_SIGNAL_H
#define STACK_KERNEL_SIGNAL_H

#include <signal.h>

#include "stack/kernel/sched.h"

#define sig_bit(sig) (1u << ((sig)-1))

/* Those that do nothing unless they have a handler. */
#define SIG_DEFAULT_IGNORED (sig_bit(SIGCHLD) | sig_bit(SIGURG) | sig_bit(SIGWINCH) | sig_bit(SIGCONT))

/* Sends a signal (1 to 31) to a task: dropped when ignored, else it is woken when it sleeps interruptibly. */
void send_sig(int sig, struct task_struct *tsk, int priv);

/* Takes a pending or noticed signal; 0: none. The highest first: Linux takes the lowest first, but the frame
 * of the last one is on top of the program's stack, and is what the program runs first. */
int dequeue_signal(struct task_struct *tsk);

/* The pending signals interrupt nothing any more; what is to be done about them is done later. */
void signals_noticed(struct task_struct *tsk);

/* SIGALRM after `seconds` (0: none). Returns the whole seconds that an earlier alarm had left. */
long sys_alarm(struct task_struct *tsk, unsigned int seconds);

/* The task ends: no alarm any more. */
void exit_signals(struct task_struct *tsk);

#endif
