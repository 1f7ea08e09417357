/* System calls and commands of the host, their arguments taken from an input. */
#ifndef TESTS_FUZZ_CALLS_H
#define TESTS_FUZZ_CALLS_H

#include "tests/fuzz/fuzz.h"

struct task_struct;

/* One system call of the running task. */
void fuzz_call(struct task_struct *t, struct input *in);

/* A line for the host's shell: one of those that change the network, or any text. */
struct bed;
void fuzz_command(struct bed *b, struct input *in);

struct host;

/* A rule of netfilter is added, or one or all of a chain are taken away. */
void fuzz_rule(struct host *host, struct input *in);

#endif
