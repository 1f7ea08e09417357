/*
 * Drawings in Markdown files that are made by wirepath itself, and stay true.
 *
 * A line `<!-- wirepath COMMAND ... -->` says how the drawing after it is made, with the words of a shell
 * (quotes keep blanks). What follows is either a fenced block, which holds what the command prints, or, when
 * the command has `-o FILE`, anything: then FILE, a path from the working folder, is the picture. A word
 * `runs/NAME` stands for a run of scenarios/NAME.lua, made when it is first named, or by a line
 * `<!-- wirepath run scenarios/NAME.lua OPTIONS -->` before.
 */
#ifndef LUA_DOC_PICTURES_H
#define LUA_DOC_PICTURES_H

#include <stdbool.h>

/*
 * Makes the drawings of the files anew: writes those that have changed, or, with `check`, only tells which.
 * Returns an exit code: EXIT_DONE; EXIT_FAILED: something is stale (check); EXIT_USAGE after a message.
 */
int doc_pictures(const char **files, bool check);

#endif
