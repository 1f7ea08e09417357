/*
 * posix.sys.ioctl: requests about interfaces and sockets. luaposix has none; this follows its manners.
 *
 *	ioctl(fd, SIOCINQ | SIOCOUTQ | SIOCOUTQNSD | SIOCATMARK)		returns an integer
 *	ioctl(fd, SIOCGIFFLAGS | SIOCGIFMTU | SIOCGIFINDEX, "eth0")		returns an integer
 *	ioctl(fd, SIOCGIFADDR | SIOCGIFNETMASK | SIOCGIFBRDADDR, "eth0")	returns an address as text
 *	ioctl(fd, SIOCSIFFLAGS, "eth0", flags)					returns 0
 */
#include <arpa/inet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "lua/posix.h"

static const struct posix_const constants[] = {
	{ "SIOCINQ", SIOCINQ },
	{ "SIOCOUTQ", SIOCOUTQ },
	{ "SIOCOUTQNSD", SIOCOUTQNSD },
	{ "SIOCATMARK", SIOCATMARK },
	{ "SIOCGIFFLAGS", SIOCGIFFLAGS },
	{ "SIOCSIFFLAGS", SIOCSIFFLAGS },
	{ "SIOCGIFMTU", SIOCGIFMTU },
	{ "SIOCGIFINDEX", SIOCGIFINDEX },
	{ "SIOCGIFADDR", SIOCGIFADDR },
	{ "SIOCGIFNETMASK", SIOCGIFNETMASK },
	{ "SIOCGIFBRDADDR", SIOCGIFBRDADDR },
	{ "IFF_UP", IFF_UP },
	{ "IFF_BROADCAST", IFF_BROADCAST },
	{ "IFF_LOOPBACK", IFF_LOOPBACK },
	{ "IFF_RUNNING", IFF_RUNNING },
	{ "IFF_NOARP", IFF_NOARP },
	{ "IFF_PROMISC", IFF_PROMISC },
	{ "IFF_ALLMULTI", IFF_ALLMULTI },
	{ "IFF_MULTICAST", IFF_MULTICAST },
	{ NULL, 0 },
};

static bool about_socket(unsigned cmd)
{
	return cmd == SIOCINQ || cmd == SIOCOUTQ || cmd == SIOCOUTQNSD || cmd == SIOCATMARK;
}

static int push_answer(lua_State *L, unsigned cmd, const struct ifreq *ifr)
{
	char text[INET_ADDRSTRLEN];
	struct sockaddr_in sin;
	int number;
	switch (cmd) {
	case SIOCINQ:
	case SIOCOUTQ:
	case SIOCOUTQNSD:
	case SIOCATMARK:
		memcpy(&number, ifr, sizeof(number));
		lua_pushinteger(L, number);
		break;
	case SIOCGIFFLAGS:
		lua_pushinteger(L, (unsigned short)ifr->ifr_flags);
		break;
	case SIOCGIFMTU:
		lua_pushinteger(L, ifr->ifr_mtu);
		break;
	case SIOCGIFINDEX:
		lua_pushinteger(L, ifr->ifr_ifindex);
		break;
	case SIOCSIFFLAGS:
		lua_pushinteger(L, 0);
		break;
	default:
		memcpy(&sin, &ifr->ifr_addr, sizeof(sin));
		lua_pushstring(L, inet_ntop(AF_INET, &sin.sin_addr, text, sizeof(text)));
	}
	return 1;
}

static int l_ioctl(lua_State *L)
{
	struct program *p = program_running(L, "ioctl");
	unsigned fd = (unsigned)luaL_checkinteger(L, 1), cmd = (unsigned)luaL_checkinteger(L, 2);
	const struct posix_const *c = constants;
	struct ifreq ifr = { 0 };
	while (c->name && (c->value != cmd || strncmp(c->name, "SIO", 3) != 0))
		c++;
	luaL_argcheck(L, c->name, 2, "one of the SIOC* requests of this module expected");
	if (!about_socket(cmd))
		snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", luaL_checkstring(L, 3));
	if (cmd == SIOCSIFFLAGS)
		ifr.ifr_flags = (short)luaL_checkinteger(L, 4);
	posix_begin(p, "ioctl", "ioctl(%s)", c->name);
	long r = sys_ioctl(p->tsk, fd, cmd, (unsigned long)&ifr);
	if (!posix_end(L, p, r))
		return posix_leave(L, p);
	return r < 0 ? posix_error(L, "ioctl", r) : push_answer(L, cmd, &ifr);
}

static const luaL_Reg functions[] = { { "ioctl", l_ioctl }, { NULL, NULL } };

int open_posix_sys_ioctl(lua_State *L)
{
	luaL_newlib(L, functions);
	posix_set_constants(L, constants);
	return 1;
}
