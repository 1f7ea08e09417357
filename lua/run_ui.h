/*
 * The real machine during a run, by libev: signals that end it, real-time pacing, the progress line, files
 * that --watch looks at. None of it decides anything that the run shows.
 */
#ifndef LUA_RUN_UI_H
#define LUA_RUN_UI_H

#include <stdbool.h>
#include <stdint.h>

struct run;

/* Starts signals and the progress timer. False with a message on standard error. */
bool run_ui_start(struct run *run);
void run_ui_stop(struct run *run);

/* Handles what has come in, without waiting; asks the simulation to stop after a signal. */
void run_ui_poll(struct run *run);

/* With --pace: waits until the real time at which virtual time `when` is due. */
void run_ui_pace(struct run *run, uint64_t when);
bool run_ui_interrupted(const struct run *run);
int run_ui_signal(const struct run *run); /* that interrupted it, or 0 */

/* Takes the progress line away before other output. */
void run_ui_clear_line(struct run *run);

/* --watch: files that a run depended on. */
struct watch_list;
struct watch_list *watch_list_new(void);
void watch_list_add(struct watch_list *w, const char *file);
bool watch_list_wait(struct watch_list *w); /* true: one changed; false: a signal asks to end */
void watch_list_free(struct watch_list *w);

#endif
