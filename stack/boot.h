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

/* The driver takes a card at bus address `base` with interrupt `irq` into service. 0 or negative errno. */
int host_probe(struct host *host, uint32_t base, unsigned irq);

/* `ip link set DEV up; ip addr add ADDR/PREFIX dev DEV` (addr 0: none), and the default route. */
int host_ifup(struct host *host, const char *ifname, uint32_t addr, int prefix);
/* `ip link set DEV up|down` */
int host_link_set(struct host *host, const char *ifname, bool up);
/* `ip link set DEV mtu N` */
int host_link_mtu(struct host *host, const char *ifname, int mtu);
int host_set_gateway(struct host *host, uint32_t gw);

/* Ends everything without another frame: programs must have ended, sockets are destroyed, memory given back.
 */
void host_shutdown(struct host *host);

#endif
