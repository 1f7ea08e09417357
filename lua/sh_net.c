/* System calls for commands. */
#include "lua/sh_net.h"

#include <errno.h>
#include <string.h>

#include "lua/posix.h"
#include "stack/kernel/signal.h"
#include "stack/kernel/sched.h"

#define CALL(net, name, label, call)                                                                         \
	do {                                                                                                 \
		if ((net)->left)                                                                             \
			return -EINTR;                                                                       \
		struct program *p_ = (net)->sh->program;                                                     \
		posix_begin(p_, name, label);                                                                \
		long r_ = (call);                                                                            \
		(net)->left = !posix_returned(p_, r_);                                                       \
		return (int)r_;                                                                              \
	} while (0)

static struct task_struct *task(const struct sh_net *net)
{
	return net->sh->program->tsk;
}

static struct sockaddr_in address(uint32_t addr, unsigned port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)port),
				     .sin_addr.s_addr = addr };
}

int net_socket(struct sh_net *net, int type, int protocol)
{
	CALL(net, "socket", "socket", sys_socket(task(net), AF_INET, type, protocol));
}

int net_option(struct sh_net *net, int fd, int level, int name, int value)
{
	CALL(net, "setsockopt", "setsockopt",
	     sys_setsockopt(task(net), fd, level, name, &value, sizeof(value)));
}

int net_options(struct sh_net *net, int fd, const uint8_t *options, int len)
{
	CALL(net, "setsockopt", "setsockopt",
	     sys_setsockopt(task(net), fd, IPPROTO_IP, IP_OPTIONS, options, len));
}

int net_bind_device(struct sh_net *net, int fd, const char *device)
{
	return device ? (int)sys_setsockopt(task(net), fd, SOL_SOCKET, SO_BINDTODEVICE, device,
					    (int)strlen(device))
		      : 0;
}

int net_bind(struct sh_net *net, int fd, uint32_t addr, unsigned port)
{
	struct sockaddr_in sin = address(addr, port);
	CALL(net, "bind", "bind", sys_bind(task(net), fd, (struct sockaddr *)&sin, sizeof(sin)));
}

int net_connect(struct sh_net *net, int fd, uint32_t addr, unsigned port)
{
	struct sockaddr_in sin = address(addr, port);
	CALL(net, "connect", "connect", sys_connect(task(net), fd, (struct sockaddr *)&sin, sizeof(sin)));
}

long net_send(struct sh_net *net, int fd, const void *data, size_t len, uint32_t addr)
{
	struct sockaddr_in sin = address(addr, 0);
	CALL(net, "sendto", "sendto",
	     sys_sendto(task(net), fd, data, len, 0, addr ? (struct sockaddr *)&sin : NULL,
			addr ? (int)sizeof(sin) : 0));
}

static long close_call(struct sh_net *net, int fd)
{
	CALL(net, "close", "close", sys_close(task(net), (unsigned)fd));
}

void net_close(struct sh_net *net, int fd)
{
	if (fd >= 0)
		close_call(net, fd);
}

int net_poll(struct sh_net *net, struct pollfd *fds, unsigned n, uint64_t ns)
{
	CALL(net, "poll", "poll(POLLIN)",
	     sys_poll(task(net), fds, n, (int)((ns + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC)));
}

void net_sleep(struct sh_net *net, uint64_t ns)
{
	struct program *p = net->sh->program;
	ktime_t until = (ktime_t)(host_now(net->sh->host) + ns);
	if (net->left)
		return;
	p->tsk->task->waits_in = "sleep";
	set_current_state(net->sh->host, TASK_INTERRUPTIBLE);
	schedule_hrtimeout(net->sh->host, &until);
	p->tsk->task->waits_in = NULL;
	signals_noticed(p->tsk);
	net->left = program_resumed(p);
}

static long recvmsg_call(struct sh_net *net, int fd, struct user_msghdr *msg, unsigned flags)
{
	CALL(net, "recvmsg", "recvmsg", sys_recvmsg(task(net), fd, msg, flags));
}

static void read_control(const struct user_msghdr *msg, struct net_message *m)
{
	const char *at = msg->msg_control, *end = at + msg->msg_controllen;
	while ((size_t)(end - at) >= sizeof(struct cmsghdr)) {
		const struct cmsghdr *c = (const struct cmsghdr *)at;
		const void *data = CMSG_DATA(c);
		if (c->cmsg_len < sizeof(*c) || c->cmsg_len > (size_t)(end - at))
			return;
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL)
			memcpy(&m->ttl, data, sizeof(m->ttl));
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RETOPTS) {
			size_t len = c->cmsg_len - sizeof(*c);
			m->optlen = len < sizeof(m->options) ? (unsigned)len : sizeof(m->options);
			memcpy(m->options, data, m->optlen);
		}
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) {
			struct sockaddr_in who;
			memcpy(&m->ee, data, sizeof(m->ee));
			memcpy(&who, (const char *)data + sizeof(m->ee), sizeof(who));
			m->has_error = true;
			m->offender = who.sin_addr.s_addr;
		}
		if (CMSG_ALIGN(c->cmsg_len) >= (size_t)(end - at))
			return;
		at += CMSG_ALIGN(c->cmsg_len);
	}
}

long net_receive(struct sh_net *net, int fd, void *buf, size_t len, bool errors, struct net_message *m)
{
	_Alignas(struct cmsghdr) char control[256];
	struct sockaddr_in from = { .sin_family = AF_UNSPEC };
	struct iovec iov = { buf, len };
	struct user_msghdr msg = { .msg_name = &from,
				   .msg_namelen = sizeof(from),
				   .msg_iov = &iov,
				   .msg_iovlen = 1,
				   .msg_control = control,
				   .msg_controllen = sizeof(control) };
	long r = recvmsg_call(net, fd, &msg, MSG_DONTWAIT | (errors ? MSG_ERRQUEUE : 0));
	*m = (struct net_message){ .ttl = -1 };
	if (r >= 0) {
		m->from = from.sin_addr.s_addr;
		read_control(&msg, m);
	}
	return r;
}
