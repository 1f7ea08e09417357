/*
 * Start and end of a host's software: the order in which the layers are initialised, as Linux's initcalls
 * do, and in which they are taken down.
 */
#ifndef STACK_BOOT_H
#define STACK_BOOT_H

#include <stdbool.h>
#include <stdint.h>

struct host;

/* Boots the kernel: all layers up to an empty protocol stack with lo. 0 or negative errno. */
int host_boot(struct host *host);

/* The driver of an FTGMAC100, or of a PIO card, takes the one at bus address `base` with interrupt `irq` into
 * service. 0 or negative errno. */
int host_probe(struct host *host, uint32_t base, unsigned irq);
int host_probe_pio(struct host *host, uint32_t base, unsigned irq);

/* `ip link set DEV up; ip addr add ADDR/PREFIX dev DEV` (addr 0: none), and the default route. */
int host_ifup(struct host *host, const char *ifname, uint32_t addr, int prefix);
/* `ip link set DEV up|down` */
int host_link_set(struct host *host, const char *ifname, bool up);
/* `ip link set DEV mtu N` */
int host_link_mtu(struct host *host, const char *ifname, int mtu);
int host_set_gateway(struct host *host, uint32_t gw);

/* `ip link add link REAL name NAME type vlan id ID`; flags: VLAN_FLAG_* (stack/interface/vlan.h). -ENODEV: no
 * REAL; else vlan_newlink()'s errors. */
int host_vlan_add(struct host *host, const char *real, const char *name, int id, unsigned flags);
/* `ip link ... type vlan ingress-qos-map FROM:TO` (egress: egress-qos-map). -ENODEV, -EINVAL: NAME is no
 * VLAN. */
int host_vlan_qos(struct host *host, const char *name, bool egress, uint32_t from, uint32_t to);
/* `ip link del NAME`. -ENODEV; -EOPNOTSUPP: the device cannot be removed. */
int host_link_del(struct host *host, const char *name);

/* Ends everything without another frame: programs must have ended, sockets are destroyed, memory given back.
 */
void host_shutdown(struct host *host);

#endif
