/*
 * A capture inside a host, as tcpdump takes it there: what its devices give to the stack and get from it. The
 * card has not yet filled in checksums; over lo big packets are seen before they are cut. One pcapng file
 * each, in the run folder.
 */
#ifndef LUA_TAP_H
#define LUA_TAP_H

#include <stdbool.h>

struct host;
struct tap;

/* `dev`: a device's name, or "any". NULL with a message. */
struct tap *tap_open(struct host *host, const char *dev, const char *dir, char *err, unsigned errlen);
/* Closes all of a list; false: some file could not be written whole. */
bool tap_close_all(struct tap *first);
/* Puts a tap in front of a list. */
struct tap *tap_push(struct tap *tap, struct tap *first);

#endif
