/*
 * Socket addresses as luaposix's tables: { family = AF_INET, addr = "10.0.2.15", port = 80 },
 * { family = AF_PACKET, ifindex = 2 }. Families that the stack lacks are read all the same: the call then
 * answers as Linux does to the wrong family.
 */
#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>

#include "lua/posix.h"

const struct posix_const posix_families[] = {
	{ "AF_UNSPEC", AF_UNSPEC },
	{ "AF_INET", AF_INET },
	{ "AF_INET6", AF_INET6 },
	{ "AF_UNIX", AF_UNIX },
	{ "AF_PACKET", AF_PACKET },
	{ "AF_NETLINK", AF_NETLINK },
	{ NULL, 0 },
};

/* { family = AF_PACKET, ifindex = N }; beyond luaposix: protocol = 0x0800, addr = "six bytes". */
static int get_packet(lua_State *L, int idx, struct sockaddr_ll *ll)
{
	static const char *const fields[] = { "family", "ifindex", "protocol", "addr", "pkttype", NULL };
	ll->sll_ifindex = (int)posix_int_field(L, idx, "ifindex");
	ll->sll_protocol = htons((uint16_t)posix_opt_int_field(L, idx, "protocol", 0));
	posix_check_fields(L, idx, fields);
	if (lua_getfield(L, idx, "addr") != LUA_TNIL) {
		size_t n;
		const char *addr = posix_string_field(L, idx, "addr", &n);
		luaL_argcheck(L, n <= sizeof(ll->sll_addr), idx, "field 'addr' is too long");
		ll->sll_halen = (unsigned char)n;
		memcpy(ll->sll_addr, addr, n);
	}
	lua_pop(L, 1);
	return sizeof(*ll);
}

/* Also for AF_UNSPEC. -1: `addr` is no address. */
static int get_inet(lua_State *L, int idx, struct sockaddr_in *in)
{
	static const char *const fields[] = { "family",	   "port",     "addr", "socktype",
					      "canonname", "protocol", NULL };
	in->sin_port = htons((uint16_t)posix_int_field(L, idx, "port"));
	const char *addr = posix_string_field(L, idx, "addr", NULL);
	posix_check_fields(L, idx, fields);
	return inet_pton(AF_INET, addr, &in->sin_addr) == 1 ? (int)sizeof(*in) : -1;
}

static int get_inet6(lua_State *L, int idx, struct sockaddr_in6 *in6)
{
	static const char *const fields[] = { "family",	  "port",      "addr",	   "flowinfo", "scope_id",
					      "socktype", "canonname", "protocol", NULL };
	in6->sin6_port = htons((uint16_t)posix_int_field(L, idx, "port"));
	const char *addr = posix_string_field(L, idx, "addr", NULL);
	posix_check_fields(L, idx, fields);
	return inet_pton(AF_INET6, addr, &in6->sin6_addr) == 1 ? (int)sizeof(*in6) : -1;
}

static int get_unix(lua_State *L, int idx, struct sockaddr_un *un)
{
	static const char *const fields[] = { "family", "path", NULL };
	size_t n;
	const char *path = posix_string_field(L, idx, "path", &n);
	posix_check_fields(L, idx, fields);
	memcpy(un->sun_path, path, n < sizeof(un->sun_path) ? n : sizeof(un->sun_path));
	return sizeof(*un);
}

/* { family = AF_NETLINK, pid = 0, groups = 0 } */
static int get_netlink(lua_State *L, int idx, struct sockaddr_storage *any)
{
	static const char *const fields[] = { "family", "pid", "groups", NULL };
	uint32_t body[2] = { (uint32_t)posix_int_field(L, idx, "pid"),
			     (uint32_t)posix_int_field(L, idx, "groups") };
	posix_check_fields(L, idx, fields);
	memcpy((char *)any + 4, body, sizeof(body));
	return 4 + sizeof(body);
}

int posix_get_addr(lua_State *L, int idx, union posix_address *a)
{
	int len = -1;
	luaL_checktype(L, idx, LUA_TTABLE);
	memset(a, 0, sizeof(*a));
	lua_Integer family = posix_int_field(L, idx, "family");
	a->sa.sa_family = (sa_family_t)family;
	switch (family) {
	case AF_UNSPEC: /* beyond luaposix: connect() takes a connection apart, and needs no address for that
			 */
		if (lua_getfield(L, idx, "addr") == LUA_TNIL) {
			lua_pop(L, 1);
			return sizeof(a->in);
		}
		lua_pop(L, 1);
		/* fall through */
	case AF_INET:
		len = get_inet(L, idx, &a->in);
		break;
	case AF_INET6:
		len = get_inet6(L, idx, (struct sockaddr_in6 *)&a->any);
		break;
	case AF_UNIX:
		len = get_unix(L, idx, (struct sockaddr_un *)&a->any);
		break;
	case AF_NETLINK:
		len = get_netlink(L, idx, &a->any);
		break;
	case AF_PACKET:
		len = get_packet(L, idx, &a->ll);
		break;
	default:
		luaL_argerror(L, idx, lua_pushfstring(L, "unsupported family type %d", (int)family));
	}
	if (len < 0) /* with the errno of whatever failed before, as luaposix */
		posix_error(L, "not a valid IPv4 dotted-decimal or IPv6 address string",
			    -script_of(L)->last_errno);
	return len;
}

void posix_push_addr(lua_State *L, const union posix_address *a)
{
	char text[INET6_ADDRSTRLEN];
	lua_createtable(L, 0, 3);
	posix_set_field(L, "family", a->sa.sa_family);
	switch (a->sa.sa_family) {
	case AF_INET:
		posix_set_field(L, "port", ntohs(a->in.sin_port));
		lua_pushstring(L, inet_ntop(AF_INET, &a->in.sin_addr, text, sizeof(text)));
		lua_setfield(L, -2, "addr");
		break;
	case AF_INET6: {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->any;
		posix_set_field(L, "port", ntohs(in6->sin6_port));
		lua_pushstring(L, inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text)));
		lua_setfield(L, -2, "addr");
		break;
	}
	case AF_PACKET: {
		size_t n = a->ll.sll_halen;
		posix_set_field(L, "ifindex", a->ll.sll_ifindex);
		/* beyond luaposix */
		posix_set_field(L, "protocol", ntohs(a->ll.sll_protocol));
		posix_set_field(L, "pkttype", a->ll.sll_pkttype);
		lua_pushlstring(L, (const char *)a->ll.sll_addr,
				n < sizeof(a->ll.sll_addr) ? n : sizeof(a->ll.sll_addr));
		lua_setfield(L, -2, "addr");
		break;
	}
	default:
		break;
	}
	posix_set_type(L, "PosixAddrInfo");
}
