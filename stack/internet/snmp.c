/* Names of the MIB counters, for /proc/net/snmp and netstat style output and for statistics of a run. */
#include "stack/snmp.h"

#include <stddef.h>

#define SNMP_NAME_(id, name) [id] = name,

static const char *const ip_names[__IPSTATS_MIB_MAX] = { IPSTATS_MIB_LIST(SNMP_NAME_) };
static const char *const icmp_names[__ICMP_MIB_MAX] = { ICMP_MIB_LIST(SNMP_NAME_) };
static const char *const tcp_names[__TCP_MIB_MAX] = { TCP_MIB_LIST(SNMP_NAME_) };
static const char *const udp_names[__UDP_MIB_MAX] = { UDP_MIB_LIST(SNMP_NAME_) };
static const char *const linux_names[__LINUX_MIB_MAX] = { LINUX_MIB_LIST(SNMP_NAME_) };

const char *snmp_ip_name(unsigned field)
{
	return field < __IPSTATS_MIB_MAX ? ip_names[field] : NULL;
}

const char *snmp_icmp_name(unsigned field)
{
	return field < __ICMP_MIB_MAX ? icmp_names[field] : NULL;
}

const char *snmp_tcp_name(unsigned field)
{
	return field < __TCP_MIB_MAX ? tcp_names[field] : NULL;
}

const char *snmp_udp_name(unsigned field)
{
	return field < __UDP_MIB_MAX ? udp_names[field] : NULL;
}

const char *snmp_linux_name(unsigned field)
{
	return field < __LINUX_MIB_MAX ? linux_names[field] : NULL;
}
