/*
 * posix.sys.socket: luaposix's socket functions on the host's stack, with its tables and returns. Beyond it:
 * flags for recv, recvfrom and send, and what packet and raw sockets need.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "lua/posix.h"
#include "lua/run.h"
#include "stack/interface/netdevice.h"

/* ---- names, for the constants and for the markers in the trace ---- */

static const struct posix_const types[] = {
	{ "SOCK_STREAM", SOCK_STREAM },
	{ "SOCK_DGRAM", SOCK_DGRAM },
	{ "SOCK_RAW", SOCK_RAW },
	{ NULL, 0 },
};
static const struct posix_const constants[] = {
	{ "SOCK_CLOEXEC", SOCK_CLOEXEC },
	{ "SOCK_NONBLOCK", SOCK_NONBLOCK },
	{ "SOL_SOCKET", SOL_SOCKET },
	{ "IPPROTO_IP", IPPROTO_IP },
	{ "IPPROTO_TCP", IPPROTO_TCP },
	{ "IPPROTO_UDP", IPPROTO_UDP },
	{ "IPPROTO_ICMP", IPPROTO_ICMP },
	{ "IPPROTO_IPV6", IPPROTO_IPV6 },
	{ "IPPROTO_RAW", IPPROTO_RAW },
	{ "MSG_OOB", MSG_OOB },
	{ "MSG_PEEK", MSG_PEEK },
	{ "MSG_WAITALL", MSG_WAITALL },
	{ "MSG_DONTWAIT", MSG_DONTWAIT },
	{ "MSG_TRUNC", MSG_TRUNC },
	{ "MSG_NOSIGNAL", MSG_NOSIGNAL },
	{ "MSG_MORE", MSG_MORE },
	{ "MSG_CTRUNC", MSG_CTRUNC },
	{ "MSG_EOR", MSG_EOR },
	{ "MSG_ERRQUEUE", MSG_ERRQUEUE },
	{ "MSG_ZEROCOPY", MSG_ZEROCOPY },
	{ "MSG_FASTOPEN", MSG_FASTOPEN },
	{ "SHUT_RD", SHUT_RD },
	{ "SHUT_WR", SHUT_WR },
	{ "SHUT_RDWR", SHUT_RDWR },
	{ "SOMAXCONN", SOMAXCONN },
	{ "AI_PASSIVE", AI_PASSIVE },
	{ "AI_CANONNAME", AI_CANONNAME },
	{ "AI_NUMERICHOST", AI_NUMERICHOST },
	{ "AI_V4MAPPED", AI_V4MAPPED },
	{ "AI_ALL", AI_ALL },
	{ "AI_ADDRCONFIG", AI_ADDRCONFIG },
	{ "AI_NUMERICSERV", AI_NUMERICSERV },
	{ "IPV6_UNICAST_HOPS", IPV6_UNICAST_HOPS },
	{ "IPV6_MULTICAST_IF", IPV6_MULTICAST_IF },
	{ "IPV6_MULTICAST_HOPS", IPV6_MULTICAST_HOPS },
	{ "IPV6_MULTICAST_LOOP", IPV6_MULTICAST_LOOP },
	{ "IPV6_JOIN_GROUP", IPV6_JOIN_GROUP },
	{ "IPV6_LEAVE_GROUP", IPV6_LEAVE_GROUP },
	{ "IPV6_V6ONLY", IPV6_V6ONLY },
	{ "INADDR_ANY", INADDR_ANY },
	{ NULL, 0 },
};

/* ---- calls ---- */

static int l_socket(lua_State *L)
{
	struct program *p = program_running(L, "socket");
	int domain = (int)posix_check_int(L, 1), type = (int)posix_check_int(L, 2);
	int protocol = (int)posix_check_int(L, 3);
	posix_check_nargs(L, 3);
	const char *name = posix_const_name(types, type & 0xf);
	posix_begin(p, "socket", "socket(%s%s%s%s)", domain == AF_PACKET ? "AF_PACKET," : "",
		    name ? name : "?", type & SOCK_NONBLOCK ? "|SOCK_NONBLOCK" : "",
		    type & SOCK_CLOEXEC ? "|SOCK_CLOEXEC" : "");
	long r = sys_socket(p->tsk, domain, type, protocol);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	return posix_result(L, NULL, r);
}

static int l_socketpair(lua_State *L)
{
	struct program *p = program_running(L, "socketpair");
	int domain = (int)posix_check_int(L, 1), type = (int)posix_check_int(L, 2);
	int protocol = (int)posix_check_int(L, 3), usockvec[2];
	posix_check_nargs(L, 3);
	posix_begin(p, "socketpair", "socketpair");
	long r = sys_socketpair(p->tsk, domain, type, protocol, usockvec);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	return posix_error(L, "socketpair", r); /* no family of ours can */
}

static int with_addr(lua_State *L, const char *what,
		     long (*call)(struct task_struct *tsk, int fd, const struct sockaddr *sa, int len))
{
	struct program *p = program_running(L, what);
	int fd = (int)posix_check_int(L, 1);
	union posix_address a;
	posix_check_nargs(L, 2);
	int len = posix_get_addr(L, 2, &a);
	if (len < 0)
		return 3;
	posix_begin(p, what, "%s", what);
	long r = call(p->tsk, fd, &a.sa, len);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	return posix_result(L, what, r);
}

static int l_bind(lua_State *L)
{
	return with_addr(L, "bind", sys_bind);
}

static int l_connect(lua_State *L)
{
	return with_addr(L, "connect", sys_connect);
}

static int l_listen(lua_State *L)
{
	struct program *p = program_running(L, "listen");
	int fd = (int)posix_check_int(L, 1), backlog = (int)posix_check_int(L, 2);
	posix_check_nargs(L, 2);
	posix_begin(p, "listen", "listen");
	long r = sys_listen(p->tsk, fd, backlog);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	return posix_result(L, "listen", r);
}

static int l_accept(lua_State *L)
{
	struct program *p = program_running(L, "accept");
	int fd = (int)posix_check_int(L, 1);
	posix_check_nargs(L, 1);
	union posix_address a = { 0 };
	int len = sizeof(a);
	posix_begin(p, "accept", "accept");
	long r = sys_accept(p->tsk, fd, &a.sa, &len);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	if (r < 0)
		return posix_error(L, "accept", r);
	lua_pushinteger(L, r);
	posix_push_addr(L, &a);
	return 2;
}

/* accept4(fd [, flags]), beyond luaposix: flags of the new descriptor; the peer's address is not asked for.
 */
static int l_accept4(lua_State *L)
{
	struct program *p = program_running(L, "accept4");
	int fd = (int)posix_check_int(L, 1), flags = (int)posix_opt_int(L, 2, 0);
	posix_begin(p, "accept4", "accept4(%s)", flags & SOCK_NONBLOCK ? "SOCK_NONBLOCK" : "");
	long r = sys_accept4(p->tsk, fd, NULL, NULL, flags);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	return posix_result(L, "accept4", r);
}

static int l_send(lua_State *L)
{
	struct program *p = program_running(L, "send");
	int fd = (int)posix_check_int(L, 1);
	size_t n;
	const char *data = luaL_checklstring(L, 2, &n);
	unsigned flags = (unsigned)posix_opt_int(L, 3, 0);
	posix_check_nargs(L, 3);
	posix_begin(p, "send", "send(%zu)", n);
	long r = sys_send(p->tsk, fd, data, n, flags);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	return posix_result(L, "send", r);
}

static int l_sendto(lua_State *L)
{
	struct program *p = program_running(L, "sendto");
	int fd = (int)posix_check_int(L, 1);
	size_t n;
	const char *data = luaL_checklstring(L, 2, &n);
	union posix_address a;
	posix_check_nargs(L, 3);
	int len = posix_get_addr(L, 3, &a);
	if (len < 0)
		return 3;
	posix_begin(p, "sendto", "sendto(%zu)", n);
	long r = sys_sendto(p->tsk, fd, data, n, 0, &a.sa, len);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	return posix_result(L, "sendto", r);
}

static int receive(lua_State *L, bool from)
{
	const char *what = from ? "recvfrom" : "recv";
	struct program *p = program_running(L, what);
	int fd = (int)posix_check_int(L, 1);
	size_t n = (size_t)posix_check_int(L, 2);
	unsigned flags = (unsigned)posix_opt_int(L, 3, 0);
	posix_check_nargs(L, 3);
	if (n > POSIX_MAX_BUFFER)
		return posix_error(L, "lalloc", -ENOMEM);
	union posix_address a = { 0 };
	int len = sizeof(a);
	luaL_Buffer b;
	char *to = luaL_buffinitsize(L, &b, n ? n : 1);
	if (flags & MSG_TRUNC) /* counts bytes and copies none: what is returned must not be old memory */
		memset(to, 0, n);
	posix_begin(p, what, from ? "recvfrom" : "recv(%zu)", n);
	long r = from ? sys_recvfrom(p->tsk, fd, to, n, flags, &a.sa, &len)
		      : sys_recv(p->tsk, fd, to, n, flags);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	if (r < 0)
		return posix_error(L, NULL, r);
	luaL_pushresultsize(&b, (size_t)r < n ? (size_t)r : n); /* MSG_TRUNC returns the real length */
	if (!from)
		return 1;
	posix_push_addr(L, &a); /* of a stream: family AF_UNSPEC */
	return 2;
}

static int l_recv(lua_State *L)
{
	return receive(L, false);
}

static int l_recvfrom(lua_State *L)
{
	return receive(L, true);
}

static int l_shutdown(lua_State *L)
{
	struct program *p = program_running(L, "shutdown");
	int fd = (int)posix_check_int(L, 1), how = (int)posix_check_int(L, 2);
	posix_check_nargs(L, 2);
	posix_begin(p, "shutdown", "shutdown");
	long r = sys_shutdown(p->tsk, fd, how);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	return posix_result(L, "shutdown", r);
}

static int name_call(lua_State *L, const char *what,
		     long (*call)(struct task_struct *tsk, int fd, struct sockaddr *sa, int *len))
{
	struct program *p = program_running(L, what);
	int fd = (int)posix_check_int(L, 1);
	posix_check_nargs(L, 1);
	union posix_address a = { 0 };
	int len = sizeof(a);
	posix_begin(p, what, "%s", what);
	long r = call(p->tsk, fd, &a.sa, &len);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	if (r < 0)
		return posix_error(L, what, r);
	posix_push_addr(L, &a);
	return 1;
}

static int l_getsockname(lua_State *L)
{
	return name_call(L, "getsockname", sys_getsockname);
}

static int l_getpeername(lua_State *L)
{
	return name_call(L, "getpeername", sys_getpeername);
}

static int l_if_nametoindex(lua_State *L)
{
	struct program *p = program_running(L, "if_nametoindex");
	const char *name = luaL_checkstring(L, 1);
	posix_check_nargs(L, 1);
	const struct net_device *dev = __dev_get_by_name(p->tsk->host->net, name);
	return posix_result(L, "if_nametoindex", dev ? dev->ifindex : -ENODEV);
}

static const luaL_Reg functions[] = {
	{ "accept", l_accept },
	{ "accept4", l_accept4 },
	{ "bind", l_bind },
	{ "connect", l_connect },
	{ "getaddrinfo", posix_getaddrinfo },
	{ "getpeername", l_getpeername },
	{ "getsockname", l_getsockname },
	{ "getsockopt", posix_getsockopt },
	{ "if_nametoindex", l_if_nametoindex },
	{ "listen", l_listen },
	{ "recv", l_recv },
	{ "recvfrom", l_recvfrom },
	{ "recvmsg", posix_recvmsg },
	{ "send", l_send },
	{ "sendmsg", posix_sendmsg },
	{ "sendto", l_sendto },
	{ "setsockopt", posix_setsockopt },
	{ "shutdown", l_shutdown },
	{ "socket", l_socket },
	{ "socketpair", l_socketpair },
	{ NULL, NULL },
};

int open_posix_socket(lua_State *L)
{
	posix_module(L, "posix.sys.socket", functions, constants);
	posix_set_constants(L, posix_families);
	posix_set_constants(L, types);
	posix_set_option_constants(L);
	return 1;
}
