/* Control messages of recvmsg(): put behind one another into the program's buffer. scm.c. */
#ifndef STACK_APPLICATION_SCM_H
#define STACK_APPLICATION_SCM_H

#include "stack/kernel/kernel.h"
#include "stack/skb/uio.h"

/* Without room for all of it the message is cut and MSG_CTRUNC set. */
int put_cmsg(struct host *host, struct msghdr *msg, int level, int type, int len, const void *data);

#endif
