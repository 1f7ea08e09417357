/* The bare card driven by a script of register and memory operations: `wirepath nic FILE.ops`. */
#ifndef NIC_MODEL_OPS_H
#define NIC_MODEL_OPS_H

#include <stdio.h>

/*
 * Runs the script `in` (called `name` in messages) against a fresh card and writes the transcript to `out`.
 * Returns 0, or 2 with "NAME:LINE: what is wrong" on `err`; the transcript up to there is written.
 */
int nic_ops_run(FILE *in, const char *name, FILE *out, FILE *err);

#endif
