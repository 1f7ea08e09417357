/* Control messages: of recvmsg(), put behind one another into the program's buffer (scm.c), and of sendmsg().
 */
#ifndef STACK_APPLICATION_SCM_H
#define STACK_APPLICATION_SCM_H

#include "stack/kernel/kernel.h"
#include "stack/skb/uio.h"

/* What a program says about one message, else about all of the socket's. */
struct sockcm_cookie {
	u32 mark;
	u16 tsflags; /* SOF_TIMESTAMPING_* */
};

/* Without room for all of it the message is cut and MSG_CTRUNC set. */
int put_cmsg(struct host *host, struct msghdr *msg, int level, int type, int len, const void *data);

/* ---- of sendmsg(): each must be CMSG_OK() before it, or the one behind it, is looked at ---- */

static inline struct cmsghdr *cmsg_at(const struct msghdr *msg, size_t offset)
{
	if (offset + sizeof(struct cmsghdr) > msg->msg_controllen)
		return NULL;
	return (struct cmsghdr *)(void *)((u8 *)msg->msg_control + offset);
}

static inline size_t cmsg_offset(const struct msghdr *msg, const struct cmsghdr *cmsg)
{
	return (size_t)((const u8 *)cmsg - (const u8 *)msg->msg_control);
}

#define CMSG_OK(msg, cmsg)                                                                                   \
	((cmsg)->cmsg_len >= sizeof(struct cmsghdr) &&                                                       \
	 (cmsg)->cmsg_len <= (msg)->msg_controllen - cmsg_offset(msg, cmsg))
#define for_each_cmsghdr(cmsg, msg)                                                                          \
	for ((cmsg) = cmsg_at(msg, 0); (cmsg);                                                               \
	     (cmsg) = cmsg_at(msg, cmsg_offset(msg, cmsg) + CMSG_ALIGN((cmsg)->cmsg_len)))

#endif
