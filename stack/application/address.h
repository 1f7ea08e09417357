/*
 * Addresses between programs and the stack; shared by the socket system calls. address.c.
 */
#ifndef STACK_APPLICATION_ADDRESS_H
#define STACK_APPLICATION_ADDRESS_H

#include "stack/application/socket.h"

int move_addr_to_kernel(struct host *host, const void *uaddr, int ulen, struct sockaddr_storage *kaddr);
int move_addr_to_user(struct host *host, struct sockaddr_storage *kaddr, int klen, void *uaddr, int *ulen);

#endif
