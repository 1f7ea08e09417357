/* Shared by the posix.* modules: luaposix's ways of checking and returning, and calls into the stack. */
#ifndef LUA_POSIX_H
#define LUA_POSIX_H

#include <lauxlib.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <sys/socket.h>

#include "core/host.h"
#include "lua/program.h"
#include "lua/script.h"
#include "stack/application/syscalls.h"

#define POSIX_MAX_BUFFER (16 << 20) /* bytes of one read or recv */

struct posix_const {
	const char *name;
	lua_Integer value;
};

void posix_set_constants(lua_State *L, const struct posix_const *c);
const char *posix_const_name(const struct posix_const *c, lua_Integer value);
/* Pushes the table of a module: functions, constants (or NULL), version. */
int posix_module(lua_State *L, const char *name, const luaL_Reg *functions, const struct posix_const *c);

/* ---- arguments, refused in luaposix's words ---- */

int posix_arg_error(lua_State *L, int arg, const char *expected);
lua_Integer posix_check_int(lua_State *L, int arg);
lua_Integer posix_opt_int(lua_State *L, int arg, lua_Integer def);
void posix_check_nargs(lua_State *L, int max);
/* Fields of the table at `idx`. */
lua_Integer posix_int_field(lua_State *L, int idx, const char *field);
lua_Integer posix_opt_int_field(lua_State *L, int idx, const char *field, lua_Integer def);
const char *posix_string_field(lua_State *L, int idx, const char *field, size_t *len);
void posix_check_fields(lua_State *L, int idx, const char *const *names); /* no others than these */
/* `{ a = va, b = vb }` of a named type. */
int posix_push_pair(lua_State *L, const char *type, const char *a, lua_Integer va, const char *b,
		    lua_Integer vb);
void posix_set_type(lua_State *L, const char *type);
void posix_set_field(lua_State *L, const char *name, lua_Integer value);

/* ---- results ---- */

/* strerror() that does not depend on the machine. */
const char *posix_strerror(int err, char *buf, size_t len);

/* `nil, "connect: Connection refused", 111` for -ECONNREFUSED; `what` NULL: no prefix. */
int posix_error(lua_State *L, const char *what, long err);

/* The result r >= 0, or the error. */
int posix_result(lua_State *L, const char *what, long r);

/*
 * Begins and ends a system call: the markers in the trace, and what the task waits in. posix_end() runs the
 * handlers of signals that came meanwhile; false: the program is to be left, by `return posix_leave(L, p)`.
 * posix_returned() leaves signals for later (commands); false: the program is to be left.
 */
void posix_begin(struct program *p, const char *waits_in, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool posix_returned(struct program *p, long r);
bool posix_end(lua_State *L, struct program *p, long r);
int posix_leave(lua_State *L, struct program *p);

/* What posix_end() does, where no system call ended. */
bool posix_signals(lua_State *L, struct program *p); /* posix_signal.c */

/* Sleeps until a virtual time, or until a signal comes (`left`: how much was left). False: as posix_end(). */
bool posix_sleep_until(lua_State *L, struct program *p, uint64_t until, uint64_t *left); /* posix_time.c */

/* ---- addresses (posix_addr.c) ---- */

union posix_address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_ll ll;
	struct sockaddr_storage any;
};

extern const struct posix_const posix_families[];

/* Reads the table at `idx`. Its length, or -1 with the error pushed (nil, message, errno). */
int posix_get_addr(lua_State *L, int idx, union posix_address *a);
void posix_push_addr(lua_State *L, const union posix_address *a);

/* ---- parts of posix.sys.socket in files of their own ---- */

int posix_getaddrinfo(lua_State *L);	       /* posix_netdb.c */
void posix_set_option_constants(lua_State *L); /* posix_option.c */
int posix_setsockopt(lua_State *L);
int posix_getsockopt(lua_State *L);
int posix_sendmsg(lua_State *L); /* posix_message.c */
int posix_recvmsg(lua_State *L);

#endif
