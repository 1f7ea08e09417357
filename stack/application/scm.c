/* Control messages: what a program is told beside the data it receives (net/core/scm.c). */
#include "stack/application/scm.h"

int put_cmsg(struct host *host, struct msghdr *msg, int level, int type, int len, const void *data)
{
	TRACE(host, "tell the program something beside the data");
	struct cmsghdr cm = {
		.cmsg_len = CMSG_LEN((size_t)len),
		.cmsg_level = level,
		.cmsg_type = type,
	};
	size_t used;

	if (!msg->msg_control || msg->msg_controllen < sizeof(cm)) {
		msg->msg_flags |= MSG_CTRUNC;
		return 0;
	}
	if (msg->msg_controllen < cm.cmsg_len) {
		msg->msg_flags |= MSG_CTRUNC;
		cm.cmsg_len = msg->msg_controllen;
	}
	memcpy(msg->msg_control, &cm, sizeof(cm));
	memcpy((u8 *)msg->msg_control + CMSG_LEN(0), data, cm.cmsg_len - CMSG_LEN(0));
	used = min_t(size_t, CMSG_SPACE((size_t)len), msg->msg_controllen);
	msg->msg_control = (u8 *)msg->msg_control + used;
	msg->msg_controllen -= used;
	return 0;
}
