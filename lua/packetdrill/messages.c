/* System calls with structures: message headers and control messages, poll, epoll. */
#include <errno.h>
#include <inttypes.h>
#include <time.h>
#include <stdio.h>
#include <stdlib.h>

#include "lua/packetdrill/calls.h"
#include "stack/internet/errqueue.h"

#define MAX_CONTROL 1024
#define MAX_POLL 32

/* ---- buffers ---- */

bool pd_iovec(struct pd_exec *x, const struct pd_expr *e, struct iovec **iov, size_t *n)
{
	*iov = NULL;
	*n = 0;
	if (!e || e->kind != PD_LIST)
		return pd_wrong(x, "%s(): expected buffers: [{..., 1000}]", x->c->name);
	*iov = calloc(e->n ? e->n : 1, sizeof(**iov));
	if (!*iov)
		return pd_wrong(x, "no memory");
	for (; *n < e->n; (*n)++) {
		const struct pd_expr *b = e->items[*n];
		int64_t len;
		const struct pd_expr *named = pd_field(b, "iov_len");
		if (b->kind != PD_STRUCT || b->n != 2) {
			pd_free_iovec(*iov, *n);
			return pd_wrong(x, "%s(): a buffer is {..., LENGTH}", x->c->name);
		}
		if (!pd_value(x, named ? named : b->items[1], &len) ||
		    !pd_buffer(x, named ? pd_field(b, "iov_base") : b->items[0], (size_t)len,
			       &(*iov)[*n].iov_base)) {
			pd_free_iovec(*iov, *n);
			return false;
		}
		(*iov)[*n].iov_len = (size_t)len;
	}
	return true;
}

void pd_free_iovec(struct iovec *iov, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(iov[i].iov_base);
	free(iov);
}

/* ---- control messages ---- */

static bool number(struct pd_exec *x, const struct pd_expr *e, const char *name, int64_t *v)
{
	const struct pd_expr *f = pd_field(e, name);
	return f ? pd_value(x, f, v) : pd_wrong(x, "%s(): '%s' is missing", x->c->name, name);
}

/* The data of one control message that the script has written down. The size, or -1. */
static int control_data(struct pd_exec *x, const struct pd_expr *e, void *out, unsigned room)
{
	int64_t v, ns;
	if (e && e->kind == PD_STRUCT && pd_field(e, "ee_errno")) {
		struct sock_extended_err ee = { 0 };
		static const char *const names[] = { "ee_errno", "ee_origin", "ee_type",
						     "ee_code",	 "ee_info",   "ee_data" };
		int64_t n[6];
		for (unsigned i = 0; i < 6; i++)
			if (!number(x, e, names[i], &n[i]))
				return -1;
		ee.ee_errno = (uint32_t)n[0];
		ee.ee_origin = (uint8_t)n[1];
		ee.ee_type = (uint8_t)n[2];
		ee.ee_code = (uint8_t)n[3];
		ee.ee_info = (uint32_t)n[4];
		ee.ee_data = (uint32_t)n[5];
		if (room < sizeof(ee))
			return -1;
		memcpy(out, &ee, sizeof(ee));
		return sizeof(ee);
	}
	if (e && e->kind == PD_STRUCT) {
		struct timespec ts[3] = { { 0 } };
		if (room < sizeof(ts) || !number(x, e, "scm_sec", &v) || !number(x, e, "scm_nsec", &ns))
			return -1;
		ts[0].tv_sec = (time_t)v;
		ts[0].tv_nsec = (long)ns;
		memcpy(out, ts, sizeof(ts));
		return sizeof(ts);
	}
	if (room < 4 || !pd_element(x, e, &v))
		return -1;
	memcpy(out, &(uint32_t){ (uint32_t)v }, 4);
	return 4;
}

/* [{cmsg_level=.., cmsg_type=.., cmsg_data=..}, ...] laid out as in memory. The size, or -1. */
static int control(struct pd_exec *x, const struct pd_expr *e, char *out)
{
	unsigned at = 0;
	if (!e || e->kind != PD_LIST)
		return e && e->kind == PD_ELLIPSIS ? 0 : -1;
	for (unsigned i = 0; i < e->n; i++) {
		struct cmsghdr *c = (struct cmsghdr *)(out + at);
		int64_t level, type;
		if (at + CMSG_SPACE(64) > MAX_CONTROL || !number(x, e->items[i], "cmsg_level", &level) ||
		    !number(x, e->items[i], "cmsg_type", &type))
			return -1;
		int n = control_data(x, pd_field(e->items[i], "cmsg_data"), CMSG_DATA(c), 64);
		if (n < 0)
			return -1;
		c->cmsg_level = (int)level;
		c->cmsg_type = (int)type;
		c->cmsg_len = CMSG_LEN((size_t)n);
		at += (unsigned)CMSG_SPACE((size_t)n);
	}
	return (int)at;
}

/* A time stamp of the host (its wall clock) against the script's, which counts from its first event. */
static bool same_time(struct pd_exec *x, const struct timespec *want, const struct timespec *is)
{
	struct pd_run *run = x->run;
	int64_t w = want->tv_sec * 1000000000ll + want->tv_nsec;
	int64_t i = is->tv_sec * 1000000000ll + is->tv_nsec -
		    (int64_t)(WALL_CLOCK_START * NSEC_PER_SEC + run->start),
		allowed = run->config.tolerance_usecs * 1000;
	if (i - w <= allowed && w - i <= allowed)
		return true;
	return pd_wrong(x, "%s(): the time stamp is %.6f s, expected %.6f s", x->c->name, (double)i / 1e9,
			(double)w / 1e9);
}

static bool same_control(struct pd_exec *x, const char *want, unsigned want_len, const char *is,
			 size_t is_len)
{
	size_t at = 0, there = 0;
	for (unsigned i = 1; at < want_len; i++) {
		const struct cmsghdr *w = (const struct cmsghdr *)(want + at),
				     *c = (const struct cmsghdr *)(is + there);
		if (there + sizeof(*c) > is_len)
			return pd_wrong(x, "%s(): control message %u did not come", x->c->name, i);
		if (c->cmsg_level != w->cmsg_level || c->cmsg_type != w->cmsg_type)
			return pd_wrong(
				x, "%s(): control message %u is level %d type %d instead of level %d type %d",
				x->c->name, i, c->cmsg_level, c->cmsg_type, w->cmsg_level, w->cmsg_type);
		size_t n = w->cmsg_len - CMSG_LEN(0);
		if (c->cmsg_len < w->cmsg_len)
			return pd_wrong(x, "%s(): control message %u has %zu bytes", x->c->name, i,
					(size_t)c->cmsg_len - CMSG_LEN(0));
		if (n == 3 * sizeof(struct timespec)) {
			if (!same_time(x, (const struct timespec *)CMSG_DATA(w),
				       (const struct timespec *)CMSG_DATA(c)))
				return false;
		} else if (memcmp(CMSG_DATA(w), CMSG_DATA(c), n) != 0) {
			const uint32_t *d = (const uint32_t *)CMSG_DATA(c);
			if (n == sizeof(struct sock_extended_err))
				return pd_wrong(x,
						"%s(): control message %u has ee_errno=%u, origin %u, type "
						"%u, code %u, ee_info=%u, ee_data=%u",
						x->c->name, i, d[0], d[1] & 255, d[1] >> 8 & 255,
						d[1] >> 16 & 255, d[2], d[3]);
			return pd_wrong(x, "%s(): control message %u holds %u", x->c->name, i, d[0]);
		}
		at += CMSG_SPACE(n);
		there += CMSG_ALIGN(c->cmsg_len);
	}
	return true;
}

/* ---- sendmsg, recvmsg ---- */

static bool header(struct pd_exec *x, const struct pd_expr *e, struct user_msghdr *m, struct sockaddr_in *a)
{
	const struct pd_expr *name = pd_field(e, "msg_name");
	int len;
	memset(m, 0, sizeof(*m));
	if (!e || e->kind != PD_STRUCT)
		return pd_wrong(x, "%s(): expected {msg_name(...)=..., msg_iov(1)=[{..., N}], msg_flags=0}",
				x->c->name);
	if (name && (name->kind == PD_ELLIPSIS || name->kind == PD_STRUCT)) {
		if (!pd_sockaddr(x, name, true, a, &len))
			return false;
		m->msg_name = a;
		m->msg_namelen = (socklen_t)len;
	}
	return pd_iovec(x, pd_field(e, "msg_iov"), &m->msg_iov, &m->msg_iovlen);
}

long pd_sendmsg(struct pd_exec *x)
{
	struct user_msghdr m;
	struct sockaddr_in a;
	_Alignas(16) char data[MAX_CONTROL] = { 0 };
	const struct pd_expr *e = pd_arg(x, 1), *ctl = pd_field(e, "msg_control");
	int64_t flags;
	int fd, n = 0;
	if (!pd_fd_arg(x, 0, &fd) || !pd_int_arg(x, 2, &flags) || !header(x, e, &m, &a))
		return 0;
	if (ctl && (n = control(x, ctl, data)) < 0)
		pd_wrong(x, "sendmsg(): a control message is {cmsg_level=.., cmsg_type=.., cmsg_data=..}");
	m.msg_control = n > 0 ? data : NULL;
	m.msg_controllen = n > 0 ? (size_t)n : 0;
	struct pd_conn *c = pd_conn_of_fd(x->run, fd);
	if (c && c->state == PD_CONN_NEW && m.msg_name && ((flags & MSG_FASTOPEN) || c->udp)) {
		c->state = PD_CONN_ACTIVE;
		c->remote_port = ntohs(a.sin_port);
	}
	long r = x->failed ? 0 : sys_sendmsg(x->tsk, fd, &m, (unsigned)flags);
	pd_free_iovec(m.msg_iov, m.msg_iovlen);
	return r;
}

long pd_recvmsg(struct pd_exec *x)
{
	struct user_msghdr m;
	struct sockaddr_in a;
	_Alignas(16) char data[MAX_CONTROL] = { 0 }, want[MAX_CONTROL] = { 0 };
	const struct pd_expr *e = pd_arg(x, 1), *ctl = pd_field(e, "msg_control"),
			     *mf = pd_field(e, "msg_flags");
	int64_t flags, want_flags;
	int fd, n = 0;
	if (!pd_fd_arg(x, 0, &fd) || !pd_int_arg(x, 2, &flags) || !header(x, e, &m, &a))
		return 0;
	if (ctl && (n = control(x, ctl, want)) < 0)
		pd_wrong(x, "recvmsg(): a control message is {cmsg_level=.., cmsg_type=.., cmsg_data=..}");
	m.msg_control = data;
	m.msg_controllen = sizeof(data);
	long r = x->failed ? 0 : sys_recvmsg(x->tsk, fd, &m, (unsigned)flags);
	if (r >= 0 && !x->failed) {
		if (mf && mf->kind != PD_ELLIPSIS && pd_value(x, mf, &want_flags) &&
		    want_flags != m.msg_flags)
			pd_wrong(x, "recvmsg() set msg_flags to %#x instead of %#" PRIx64, m.msg_flags,
				 want_flags);
		same_control(x, want, (unsigned)n, data, m.msg_controllen);
	}
	pd_free_iovec(m.msg_iov, m.msg_iovlen);
	return r;
}

/* ---- poll ---- */

long pd_poll(struct pd_exec *x)
{
	struct pollfd fds[MAX_POLL];
	int64_t n, timeout, v, want[MAX_POLL];
	const struct pd_expr *list = pd_arg(x, 0);
	if (!list || list->kind != PD_LIST || list->n > MAX_POLL) {
		pd_wrong(x, "poll(): expected [{fd=4, events=POLLIN, revents=POLLIN}]");
		return 0;
	}
	for (unsigned i = 0; i < list->n; i++) {
		if (!number(x, list->items[i], "fd", &v))
			return 0;
		fds[i].fd = v >= 0 && v < PD_MAX_FD && x->run->fds[v] >= 0 ? x->run->fds[v] : (int)v;
		if (!number(x, list->items[i], "events", &v))
			return 0;
		fds[i].events = (short)v;
		fds[i].revents = 0;
		want[i] = -1;
		if (pd_field(list->items[i], "revents") && !number(x, list->items[i], "revents", &want[i]))
			return 0;
	}
	if (!pd_int_arg(x, 1, &n) || !pd_int_arg(x, 2, &timeout))
		return 0;
	long r = sys_poll(x->tsk, fds, (unsigned)n, (int)timeout);
	for (unsigned i = 0; r >= 0 && i < list->n; i++)
		if (want[i] >= 0 && (short)want[i] != fds[i].revents)
			pd_wrong(x, "poll() set revents to %#hx instead of %#" PRIx64, fds[i].revents,
				 want[i]);
	return r;
}

/* ---- epoll ---- */

static bool epoll_event(struct pd_exec *x, const struct pd_expr *e, struct epoll_event *ev)
{
	const struct pd_expr *data;
	int64_t v;
	memset(ev, 0, sizeof(*ev));
	if (!number(x, e, "events", &v))
		return false;
	ev->events = (uint32_t)v;
	static const char *const names[] = { "fd", "ptr", "u32", "u64" };
	for (unsigned i = 0; i < 4; i++)
		if ((data = pd_field(e, names[i]))) {
			if (!pd_value(x, data, &v))
				return false;
			ev->data.u64 = (uint64_t)v;
		}
	return true;
}

long pd_epoll_ctl(struct pd_exec *x)
{
	struct epoll_event ev = { 0 };
	int64_t op;
	int epfd, fd;
	if (!pd_fd_arg(x, 0, &epfd) || !pd_int_arg(x, 1, &op) || !pd_fd_arg(x, 2, &fd))
		return 0;
	const struct pd_expr *e = pd_arg(x, 3);
	if (e && e->kind == PD_STRUCT && !epoll_event(x, e, &ev))
		return 0;
	return sys_epoll_ctl(x->tsk, epfd, (int)op, fd, &ev);
}

long pd_epoll_wait(struct pd_exec *x)
{
	struct epoll_event got[MAX_POLL] = { { 0 } }, want;
	const struct pd_expr *e = pd_arg(x, 1);
	int64_t max, timeout;
	int epfd;
	if (!pd_fd_arg(x, 0, &epfd) || !pd_int_arg(x, 2, &max) || !pd_int_arg(x, 3, &timeout))
		return 0;
	if (max > MAX_POLL)
		max = MAX_POLL;
	long r = sys_epoll_wait(x->tsk, epfd, got, (int)max, (int)timeout);
	unsigned n = !e ? 0 : e->kind == PD_LIST ? e->n : 1;
	for (unsigned i = 0; r > 0 && i < n && i < (unsigned)r; i++) {
		const struct pd_expr *one = e->kind == PD_LIST ? e->items[i] : e;
		if (one->kind != PD_STRUCT)
			continue;
		if (!epoll_event(x, one, &want))
			break;
		if (want.events != got[i].events)
			pd_wrong(x, "epoll_wait() gave events %#x instead of %#x", got[i].events,
				 want.events);
		else if (want.data.u64 != got[i].data.u64)
			pd_wrong(x, "epoll_wait() gave fd %" PRIu64 " instead of %" PRIu64, got[i].data.u64,
				 want.data.u64);
	}
	return r;
}
