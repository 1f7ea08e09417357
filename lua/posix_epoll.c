/*
 * posix.sys.epoll: epoll. luaposix has none; this follows its manners: C's names, values and errors.
 *
 *	epfd = epoll_create1([flags])
 *	epoll_ctl(epfd, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET [, data])		data: an integer, default fd
 *	for _, ev in ipairs(epoll_wait(epfd, maxevents [, milliseconds])) do ev.events, ev.data end
 */
#include <sys/epoll.h>

#include "lua/posix.h"

#define MAX_EVENTS 1024

static const struct posix_const ops[] = {
	{ "ADD", EPOLL_CTL_ADD }, { "DEL", EPOLL_CTL_DEL }, { "MOD", EPOLL_CTL_MOD }, { NULL, 0 }
};

static int l_epoll_create1(lua_State *L)
{
	struct program *p = program_running(L, "epoll_create1");
	int flags = (int)posix_opt_int(L, 1, 0);
	posix_begin(p, "epoll_create1", "epoll_create1");
	long r = sys_epoll_create1(p->tsk, flags);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	return posix_result(L, "epoll_create1", r);
}

static int l_epoll_ctl(lua_State *L)
{
	struct program *p = program_running(L, "epoll_ctl");
	int epfd = (int)posix_check_int(L, 1), op = (int)posix_check_int(L, 2);
	int fd = (int)posix_check_int(L, 3);
	struct epoll_event ev = { .events = (uint32_t)posix_opt_int(L, 4, 0) };
	const char *name = "?";
	ev.data.u64 = (uint64_t)posix_opt_int(L, 5, fd);
	for (const struct posix_const *c = ops; c->name; c++)
		if (c->value == op)
			name = c->name;
	posix_begin(p, "epoll_ctl", "epoll_ctl(%s)", name);
	long r = sys_epoll_ctl(p->tsk, epfd, op, fd, &ev);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	return posix_result(L, "epoll_ctl", r);
}

static int l_epoll_wait(lua_State *L)
{
	struct program *p = program_running(L, "epoll_wait");
	struct epoll_event events[MAX_EVENTS];
	int epfd = (int)posix_check_int(L, 1), max = (int)posix_check_int(L, 2);
	int timeout = (int)posix_opt_int(L, 3, -1);
	luaL_argcheck(L, max <= MAX_EVENTS, 2, "too many events");
	posix_begin(p, "epoll_wait", "epoll_wait");
	long r = sys_epoll_wait(p->tsk, epfd, events, max, timeout);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	if (r < 0)
		return posix_error(L, "epoll_wait", r);
	lua_createtable(L, (int)r, 0);
	for (long i = 0; i < r; i++) {
		lua_createtable(L, 0, 2);
		lua_pushinteger(L, events[i].events);
		lua_setfield(L, -2, "events");
		lua_pushinteger(L, (lua_Integer)events[i].data.u64);
		lua_setfield(L, -2, "data");
		lua_rawseti(L, -2, i + 1);
	}
	return 1;
}

static const luaL_Reg functions[] = {
	{ "epoll_create1", l_epoll_create1 },
	{ "epoll_ctl", l_epoll_ctl },
	{ "epoll_wait", l_epoll_wait },
	{ NULL, NULL },
};
static const struct posix_const constants[] = {
	{ "EPOLL_CLOEXEC", EPOLL_CLOEXEC },
	{ "EPOLL_CTL_ADD", EPOLL_CTL_ADD },
	{ "EPOLL_CTL_DEL", EPOLL_CTL_DEL },
	{ "EPOLL_CTL_MOD", EPOLL_CTL_MOD },
	{ "EPOLLIN", EPOLLIN },
	{ "EPOLLPRI", EPOLLPRI },
	{ "EPOLLOUT", EPOLLOUT },
	{ "EPOLLERR", EPOLLERR },
	{ "EPOLLHUP", EPOLLHUP },
	{ "EPOLLRDHUP", EPOLLRDHUP },
	{ "EPOLLRDNORM", EPOLLRDNORM },
	{ "EPOLLRDBAND", EPOLLRDBAND },
	{ "EPOLLWRNORM", EPOLLWRNORM },
	{ "EPOLLWRBAND", EPOLLWRBAND },
	{ "EPOLLET", EPOLLET },
	{ "EPOLLONESHOT", EPOLLONESHOT },
	{ "EPOLLEXCLUSIVE", EPOLLEXCLUSIVE },
	{ NULL, 0 },
};

int open_posix_sys_epoll(lua_State *L)
{
	luaL_newlib(L, functions);
	posix_set_constants(L, constants);
	return 1;
}
