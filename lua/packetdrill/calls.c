/*
 * System calls: made by two tasks of the host, so that one may block while the script goes on. The second one
 * makes the calls that the script says will block.
 */
#include "lua/packetdrill/calls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lua/packetdrill/code.h"
#include "stack/application/file.h"
#include "stack/kernel/sched.h"

#define MAX_BUFFER (64 << 20)

bool pd_wrong(struct pd_exec *x, const char *fmt, ...)
{
	va_list ap;
	if (x->failed)
		return false;
	x->failed = true;
	va_start(ap, fmt);
	vsnprintf(x->caller->error, sizeof(x->caller->error), fmt, ap);
	va_end(ap);
	return false;
}

/* ---- arguments ---- */

const struct pd_expr *pd_arg(struct pd_exec *x, unsigned i)
{
	return i < x->c->nr_args ? x->c->args[i] : NULL;
}

bool pd_value(struct pd_exec *x, const struct pd_expr *e, int64_t *v)
{
	int64_t a, b;
	if (!e)
		return pd_wrong(x, "%s(): an argument is missing", x->c->name);
	switch (e->kind) {
	case PD_INTEGER:
		*v = e->num;
		return true;
	case PD_WORD:
		return pd_symbol(x->run, e->str, v) ||
		       pd_wrong(x, "unsupported: the symbol '%s' is not known", e->str);
	case PD_OR:
		if (!pd_value(x, e->items[0], &a) || !pd_value(x, e->items[1], &b))
			return false;
		*v = a | b;
		return true;
	case PD_CALL:
		if (strcmp(e->str, "htons") == 0 && e->n == 1 && pd_value(x, e->items[0], &a)) {
			*v = htons((uint16_t)a);
			return true;
		}
		if (strcmp(e->str, "htonl") == 0 && e->n == 1 && pd_value(x, e->items[0], &a)) {
			*v = htonl((uint32_t)a);
			return true;
		}
		return pd_wrong(x, "unsupported: the function '%s'", e->str);
	default:
		return pd_wrong(x, "%s(): expected a number", x->c->name);
	}
}

bool pd_int_arg(struct pd_exec *x, unsigned i, int64_t *v)
{
	return pd_value(x, pd_arg(x, i), v);
}

/* A descriptor of the script; one that it never got is handed on as it is. */
static int live_fd(const struct pd_run *run, int64_t fd)
{
	return fd >= 0 && fd < PD_MAX_FD && run->fds[fd] >= 0 ? run->fds[fd] : (int)fd;
}

bool pd_fd_arg(struct pd_exec *x, unsigned i, int *fd)
{
	int64_t v;
	if (!pd_int_arg(x, i, &v))
		return false;
	*fd = live_fd(x->run, v);
	return true;
}

const struct pd_expr *pd_field(const struct pd_expr *e, const char *name)
{
	if (!e || e->kind != PD_STRUCT)
		return NULL;
	for (unsigned i = 0; i < e->n; i++)
		if (e->items[i]->kind == PD_FIELD && strcmp(e->items[i]->str, name) == 0)
			return e->items[i]->items[0];
	return NULL;
}

bool pd_element(struct pd_exec *x, const struct pd_expr *e, int64_t *v)
{
	if (e && e->kind == PD_LIST) {
		if (e->n != 1)
			return pd_wrong(x, "%s(): expected one value in the brackets", x->c->name);
		e = e->items[0];
	}
	return pd_value(x, e, v);
}

static bool address_of(struct pd_exec *x, const struct pd_expr *e, uint32_t *addr)
{
	if (e && e->kind == PD_CALL && strcmp(e->str, "inet_addr") == 0 && e->n == 1 &&
	    e->items[0]->kind == PD_STRING && inet_pton(AF_INET, e->items[0]->str, addr) == 1)
		return true;
	return pd_wrong(x, "%s(): expected inet_addr(\"192.0.2.1\")", x->c->name);
}

bool pd_sockaddr(struct pd_exec *x, const struct pd_expr *e, bool is_remote, struct sockaddr_in *a, int *len)
{
	const struct pd_config *cfg = &x->run->config;
	int64_t v;
	memset(a, 0, sizeof(*a));
	*len = sizeof(*a);
	if (!e)
		return pd_wrong(x, "%s(): an argument is missing", x->c->name);
	if (e->kind == PD_ELLIPSIS) {
		a->sin_family = AF_INET;
		a->sin_addr.s_addr = is_remote ? cfg->remote_ip : cfg->local_ip;
		a->sin_port = htons((uint16_t)(is_remote ? cfg->connect_port : cfg->bind_port));
		return true;
	}
	if (e->kind == PD_WORD && strcmp(e->str, "AF_UNSPEC") == 0) {
		a->sin_family = AF_UNSPEC;
		return true;
	}
	if (e->kind != PD_STRUCT)
		return pd_wrong(x,
				"%s(): expected an address: ... or {sa_family = AF_INET, sin_port = .., "
				"sin_addr = ..}",
				x->c->name);
	const struct pd_expr *family = pd_field(e, "sa_family"), *port = pd_field(e, "sin_port"),
			     *addr = pd_field(e, "sin_addr");
	if (!pd_value(x, family, &v))
		return false;
	a->sin_family = (sa_family_t)v;
	if (port) {
		if (!pd_value(x, port, &v))
			return false;
		a->sin_port = (in_port_t)v;
	}
	return !addr || addr->kind == PD_ELLIPSIS || address_of(x, addr, &a->sin_addr.s_addr);
}

bool pd_buffer(struct pd_exec *x, const struct pd_expr *e, size_t size, void **buf)
{
	*buf = NULL;
	if (!e)
		return pd_wrong(x, "%s(): an argument is missing", x->c->name);
	if (e->kind == PD_INTEGER || e->kind == PD_WORD) /* 0, NULL */
		return true;
	if (size > MAX_BUFFER)
		return pd_wrong(x, "%s(): a buffer has at most %d bytes", x->c->name, MAX_BUFFER);
	*buf = calloc(1, size ? size : 1);
	if (e->kind == PD_STRING && *buf)
		memcpy(*buf, e->str, (size_t)e->num < size ? (size_t)e->num : size);
	return *buf || pd_wrong(x, "no memory");
}

/* ---- calls ---- */

static long call_socket(struct pd_exec *x)
{
	int64_t family = AF_INET, type, proto;
	const struct pd_expr *f = pd_arg(x, 0);
	if (f && f->kind != PD_ELLIPSIS && !pd_value(x, f, &family))
		return 0;
	if (family == AF_INET6) {
		pd_wrong(x, "unsupported: there is IPv4 only");
		return 0;
	}
	if (!pd_int_arg(x, 1, &type) || !pd_int_arg(x, 2, &proto))
		return 0;
	long fd = sys_socket(x->tsk, (int)family, (int)type, (int)proto);
	struct pd_conn *c = fd >= 0 ? pd_new_conn(x->run, (int)fd) : NULL;
	if (c)
		c->udp = (type & 15) == SOCK_DGRAM && proto != IPPROTO_ICMP;
	return fd;
}

static long call_bind(struct pd_exec *x)
{
	struct sockaddr_in a;
	int fd, len;
	if (!pd_fd_arg(x, 0, &fd) || !pd_sockaddr(x, pd_arg(x, 1), false, &a, &len))
		return 0;
	struct pd_conn *c = pd_conn_of_fd(x->run, fd);
	if (c)
		c->local_port = ntohs(a.sin_port);
	return sys_bind(x->tsk, fd, (struct sockaddr *)&a, len);
}

static long call_listen(struct pd_exec *x)
{
	int64_t backlog;
	int fd;
	if (!pd_fd_arg(x, 0, &fd) || !pd_int_arg(x, 1, &backlog))
		return 0;
	long r = sys_listen(x->tsk, fd, (int)backlog);
	struct pd_conn *c = pd_conn_of_fd(x->run, fd);
	if (r == 0 && c)
		c->state = PD_CONN_LISTENING;
	return r;
}

static long call_connect(struct pd_exec *x)
{
	struct sockaddr_in a;
	int fd, len;
	if (!pd_fd_arg(x, 0, &fd) || !pd_sockaddr(x, pd_arg(x, 1), true, &a, &len))
		return 0;
	struct pd_conn *c = pd_conn_of_fd(x->run, fd);
	if (c && c->disconnected)
		c = pd_new_conn(x->run, fd);
	if (c && c->state == PD_CONN_NEW && a.sin_family == AF_INET) {
		c->state = PD_CONN_ACTIVE;
		c->remote_port = ntohs(a.sin_port);
	}
	if (c && a.sin_family == AF_UNSPEC)
		c->disconnected = true;
	return sys_connect(x->tsk, fd, (struct sockaddr *)&a, len);
}

/* The new descriptor belongs to the connection whose packets were seen. */
static long accepted(struct pd_exec *x, long fd, const struct sockaddr_in *peer)
{
	struct pd_run *run = x->run;
	if (fd < 0)
		return fd;
	for (unsigned i = run->nr_conns; i-- > 0;)
		if (run->conns[i].state == PD_CONN_PASSIVE &&
		    run->conns[i].remote_port == ntohs(peer->sin_port)) {
			run->conns[i].fd = (int)fd;
			run->current = i;
		}
	return fd;
}

static long call_accept(struct pd_exec *x)
{
	struct sockaddr_in peer = { 0 };
	int64_t flags = 0;
	int fd, len = sizeof(peer);
	if (!pd_fd_arg(x, 0, &fd) || (x->c->nr_args > 3 && !pd_int_arg(x, 3, &flags)))
		return 0;
	long r = sys_accept4(x->tsk, fd, (struct sockaddr *)&peer, &len, (int)flags);
	return accepted(x, r, &peer);
}

/* read, write, recv, send, recvfrom, sendto: a buffer, a length, and what more there is. */
static long transfer(struct pd_exec *x, bool in, bool flags_given, bool address)
{
	struct sockaddr_in a;
	int64_t n, flags = 0;
	int fd, alen = 0;
	void *buf = NULL;
	long r = 0;
	const struct pd_expr *to = pd_arg(x, 4);
	if (!pd_fd_arg(x, 0, &fd) || !pd_int_arg(x, 2, &n) || !pd_buffer(x, pd_arg(x, 1), (size_t)n, &buf) ||
	    (flags_given && !pd_int_arg(x, 3, &flags)))
		return 0;
	bool no_address = !address || !to || (to->kind == PD_INTEGER && to->num == 0) ||
			  (to->kind == PD_WORD && strcmp(to->str, "NULL") == 0);
	if (!in && !no_address) {
		if (!pd_sockaddr(x, to, true, &a, &alen)) {
			free(buf);
			return 0;
		}
		struct pd_conn *c = pd_conn_of_fd(x->run, fd);
		if (c && c->state == PD_CONN_NEW && a.sin_family == AF_INET &&
		    ((flags & MSG_FASTOPEN) || c->udp)) {
			c->state = PD_CONN_ACTIVE;
			c->remote_port = ntohs(a.sin_port);
		}
	}
	if (in)
		r = flags_given ? sys_recv(x->tsk, fd, buf, (size_t)n, (unsigned)flags)
				: sys_read(x->tsk, (unsigned)fd, buf, (size_t)n);
	else if (flags_given)
		r = sys_sendto(x->tsk, fd, buf, (size_t)n, (unsigned)flags,
			       no_address ? NULL : (struct sockaddr *)&a, no_address ? 0 : alen);
	else
		r = sys_write(x->tsk, (unsigned)fd, buf, (size_t)n);
	free(buf);
	return r;
}

static long call_read(struct pd_exec *x)
{
	return transfer(x, true, false, false);
}
static long call_write(struct pd_exec *x)
{
	return transfer(x, false, false, false);
}
static long call_recv(struct pd_exec *x)
{
	return transfer(x, true, true, false);
}
static long call_recvfrom(struct pd_exec *x)
{
	return transfer(x, true, true, true);
}
static long call_send(struct pd_exec *x)
{
	return transfer(x, false, true, false);
}
static long call_sendto(struct pd_exec *x)
{
	return transfer(x, false, true, true);
}

static long vector(struct pd_exec *x, bool in)
{
	struct iovec *iov;
	size_t n;
	int fd;
	if (!pd_fd_arg(x, 0, &fd) || !pd_iovec(x, pd_arg(x, 1), &iov, &n))
		return 0;
	long r = in ? sys_readv(x->tsk, (unsigned)fd, iov, n) : sys_writev(x->tsk, (unsigned)fd, iov, n);
	pd_free_iovec(iov, n);
	return r;
}

static long call_readv(struct pd_exec *x)
{
	return vector(x, true);
}
static long call_writev(struct pd_exec *x)
{
	return vector(x, false);
}

static long call_close(struct pd_exec *x)
{
	int fd;
	return pd_fd_arg(x, 0, &fd) ? sys_close(x->tsk, (unsigned)fd) : 0;
}

static long call_shutdown(struct pd_exec *x)
{
	int64_t how;
	int fd;
	return pd_fd_arg(x, 0, &fd) && pd_int_arg(x, 1, &how) ? sys_shutdown(x->tsk, fd, (int)how) : 0;
}

static long call_fcntl(struct pd_exec *x)
{
	int64_t cmd, arg = 0;
	int fd;
	if (!pd_fd_arg(x, 0, &fd) || !pd_int_arg(x, 1, &cmd) ||
	    (x->c->nr_args > 2 && !pd_int_arg(x, 2, &arg)))
		return 0;
	return sys_fcntl(x->tsk, (unsigned)fd, (unsigned)cmd, (unsigned long)arg);
}

static long call_ioctl(struct pd_exec *x)
{
	int64_t cmd, want;
	int fd, value = 0;
	if (!pd_fd_arg(x, 0, &fd) || !pd_int_arg(x, 1, &cmd))
		return 0;
	long r = sys_ioctl(x->tsk, (unsigned)fd, (unsigned)cmd, (unsigned long)&value);
	if (r >= 0 && x->c->nr_args > 2 && pd_element(x, pd_arg(x, 2), &want) && want != value)
		pd_wrong(x, "ioctl() gave %d instead of %" PRId64, value, want);
	return r;
}

/* {tcpm_addr=..., tcpm_flags=N, tcpm_prefixlen=N, tcpm_key="text"}: a struct tcp_md5sig; the address is the
 * remote one. */
static bool md5_key(struct pd_exec *x, const struct pd_expr *e, void *buf, int *len)
{
	const struct pd_expr *flags = pd_field(e, "tcpm_flags"), *prefix = pd_field(e, "tcpm_prefixlen"),
			     *key = pd_field(e, "tcpm_key");
	struct sockaddr_in addr;
	struct tcp_md5sig sig;
	int64_t v = 0;
	int alen;
	memset(&sig, 0, sizeof(sig));
	if (!key || key->kind != PD_STRING || key->num > TCP_MD5SIG_MAXKEYLEN)
		return pd_wrong(x, "%s(): tcpm_key is a text of at most %d bytes", x->c->name,
				TCP_MD5SIG_MAXKEYLEN);
	if (!pd_sockaddr(x, pd_field(e, "tcpm_addr"), true, &addr, &alen))
		return false;
	memcpy(&sig.tcpm_addr, &addr, sizeof(addr));
	if (flags && !pd_value(x, flags, &v))
		return false;
	sig.tcpm_flags = (uint8_t)v;
	if (prefix && !pd_value(x, prefix, &v))
		return false;
	sig.tcpm_prefixlen = (uint8_t)v;
	sig.tcpm_keylen = (uint16_t)key->num;
	memcpy(sig.tcpm_key, key->str, (size_t)key->num);
	memcpy(buf, &sig, sizeof(sig));
	*len = sizeof(sig);
	return true;
}

/* An option's value as the kernel takes it: a number, a struct linger or tcp_md5sig, or text. *len is its own
 * size. */
static bool option_value(struct pd_exec *x, const struct pd_expr *e, void *buf, unsigned room, int *len)
{
	const struct pd_expr *on = pd_field(e, "onoff"), *linger = pd_field(e, "linger");
	int64_t v;
	if (!e)
		return pd_wrong(x, "%s(): an argument is missing", x->c->name);
	if (e->kind == PD_STRING) {
		*len = (int)((size_t)e->num < room ? (size_t)e->num : room);
		memcpy(buf, e->str, (size_t)*len);
		return true;
	}
	if (e->kind == PD_STRUCT && pd_field(e, "tcpm_addr"))
		return md5_key(x, e, buf, len);
	if (e->kind == PD_STRUCT) {
		struct linger l;
		on = on ? on : pd_field(e, "l_onoff");
		linger = linger ? linger : pd_field(e, "l_linger");
		if (!pd_value(x, on, &v))
			return false;
		l.l_onoff = (int)v;
		if (!pd_value(x, linger, &v))
			return false;
		l.l_linger = (int)v;
		memcpy(buf, &l, sizeof(l));
		*len = sizeof(l);
		return true;
	}
	*len = 4;
	if (e->kind == PD_ELLIPSIS)
		return true;
	if (!pd_element(x, e, &v))
		return false;
	memcpy(buf, &(uint32_t){ (uint32_t)v }, 4);
	return true;
}

static long call_setsockopt(struct pd_exec *x)
{
	char value[256] = { 0 };
	int64_t level, name, n;
	int fd, len;
	if (!pd_fd_arg(x, 0, &fd) || !pd_int_arg(x, 1, &level) || !pd_int_arg(x, 2, &name) ||
	    !option_value(x, pd_arg(x, 3), value, sizeof(value), &len))
		return 0;
	const struct pd_expr *size = pd_arg(x, 4);
	if (size && size->kind != PD_ELLIPSIS) {
		if (!pd_value(x, size, &n))
			return 0;
		if (n < 0 || n > (int64_t)sizeof(value)) {
			pd_wrong(x, "setsockopt(): a value of at most %zu bytes", sizeof(value));
			return 0;
		}
		len = (int)n;
	}
	return sys_setsockopt(x->tsk, fd, (int)level, (int)name, value, len);
}

static long call_getsockopt(struct pd_exec *x)
{
	char value[256] = { 0 }, want[256] = { 0 };
	int64_t level, name, n = 4;
	int fd, len, want_len;
	const struct pd_expr *size = pd_arg(x, 4), *expected = pd_arg(x, 3);
	if (!pd_fd_arg(x, 0, &fd) || !pd_int_arg(x, 1, &level) || !pd_int_arg(x, 2, &name) ||
	    !option_value(x, expected, want, sizeof(want), &want_len))
		return 0;
	if (size && size->kind != PD_ELLIPSIS && !pd_element(x, size, &n))
		return 0;
	len = n < 0 || n > (int64_t)sizeof(value) ? (int)sizeof(value) : (int)n;
	long r = sys_getsockopt(x->tsk, fd, (int)level, (int)name, value, &len);
	if (r < 0 || expected->kind == PD_ELLIPSIS || memcmp(value, want, (size_t)want_len) == 0)
		return r;
	if (want_len == 4)
		pd_wrong(x, "getsockopt() gave %d instead of %d", *(int *)value, *(int *)want);
	else
		pd_wrong(x, "getsockopt() gave another value");
	return r;
}

/* pipe([5, 6]) */
static long call_pipe(struct pd_exec *x)
{
	const struct pd_expr *list = pd_arg(x, 0);
	int64_t want[2];
	int fds[2];
	if (!list || list->kind != PD_LIST || list->n != 2) {
		pd_wrong(x, "pipe(): expected two descriptors: [5, 6]");
		return 0;
	}
	long r = sys_pipe(x->tsk, fds);
	for (unsigned i = 0; r == 0 && i < 2; i++) {
		if (!pd_value(x, list->items[i], &want[i]))
			return 0;
		if (want[i] < 0 || want[i] >= PD_MAX_FD)
			return pd_wrong(x, "a script's descriptors are below %d", PD_MAX_FD);
		x->run->fds[want[i]] = fds[i];
	}
	return r;
}

/* An offset of splice() or sendfile(): NULL, or [N]. False: it is none. */
static bool offset_arg(struct pd_exec *x, unsigned i, s64 *off, s64 **p)
{
	const struct pd_expr *e = pd_arg(x, i);
	int64_t v;
	*p = NULL;
	if (!e || e->kind != PD_LIST)
		return e || pd_wrong(x, "%s(): an argument is missing", x->c->name);
	if (!pd_element(x, e, &v))
		return false;
	*off = v;
	*p = off;
	return true;
}

static long call_splice(struct pd_exec *x)
{
	s64 in_off, out_off, *in_p, *out_p;
	int64_t len, flags;
	int in, out;
	if (!pd_fd_arg(x, 0, &in) || !offset_arg(x, 1, &in_off, &in_p) || !pd_fd_arg(x, 2, &out) ||
	    !offset_arg(x, 3, &out_off, &out_p) || !pd_int_arg(x, 4, &len) || !pd_int_arg(x, 5, &flags))
		return 0;
	return sys_splice(x->tsk, in, in_p, out, out_p, (size_t)len, (unsigned)flags);
}

static long call_sendfile(struct pd_exec *x)
{
	s64 off, *p;
	int64_t count;
	int in, out;
	if (!pd_fd_arg(x, 0, &out) || !pd_fd_arg(x, 1, &in) || !offset_arg(x, 2, &off, &p) ||
	    !pd_int_arg(x, 3, &count))
		return 0;
	return sys_sendfile(x->tsk, out, in, p, (size_t)count);
}

static long call_open(struct pd_exec *x)
{
	const struct pd_expr *path = pd_arg(x, 0);
	int64_t flags;
	if (!path || path->kind != PD_STRING)
		return pd_wrong(x, "open(): expected a file's name in quotes");
	return pd_int_arg(x, 1, &flags) ? sys_open(x->tsk, path->str, (int)flags) : 0;
}

static long call_epoll_create(struct pd_exec *x)
{
	int64_t flags = 0;
	if (strcmp(x->c->name, "epoll_create1") == 0 && !pd_int_arg(x, 0, &flags))
		return 0;
	return sys_epoll_create1(x->tsk, (int)flags);
}

static const struct {
	const char *name;
	long (*call)(struct pd_exec *x);
	bool gives_fd; /* the script's number is bound to the descriptor that the host gave */
} calls[] = {
	{ "accept", call_accept, true },
	{ "accept4", call_accept, true },
	{ "bind", call_bind, false },
	{ "close", call_close, false },
	{ "connect", call_connect, false },
	{ "epoll_create", call_epoll_create, true },
	{ "epoll_create1", call_epoll_create, true },
	{ "epoll_ctl", pd_epoll_ctl, false },
	{ "epoll_wait", pd_epoll_wait, false },
	{ "fcntl", call_fcntl, false },
	{ "getsockopt", call_getsockopt, false },
	{ "ioctl", call_ioctl, false },
	{ "listen", call_listen, false },
	{ "open", call_open, true },
	{ "pipe", call_pipe, false },
	{ "poll", pd_poll, false },
	{ "read", call_read, false },
	{ "readv", call_readv, false },
	{ "recv", call_recv, false },
	{ "recvfrom", call_recvfrom, false },
	{ "recvmsg", pd_recvmsg, false },
	{ "send", call_send, false },
	{ "sendfile", call_sendfile, false },
	{ "sendmsg", pd_sendmsg, false },
	{ "sendto", call_sendto, false },
	{ "setsockopt", call_setsockopt, false },
	{ "shutdown", call_shutdown, false },
	{ "socket", call_socket, true },
	{ "splice", call_splice, false },
	{ "write", call_write, false },
	{ "writev", call_writev, false },
};

/* ---- results ---- */

/* Some errors have two names. */
static bool is_error(const char *name, const char *want)
{
	static const char *const other[][2] = { { "EWOULDBLOCK", "EAGAIN" }, { "ENOTSUP", "EOPNOTSUPP" } };
	for (unsigned i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		if (strcmp(want, other[i][0]) == 0)
			want = other[i][1];
	return name && strcmp(name, want) == 0;
}

static void check_result(struct pd_exec *x, long r, bool gives_fd)
{
	const struct pd_syscall *c = x->c;
	const char *name = r < 0 ? strerrorname_np((int)-r) : NULL;
	int64_t want;
	if (x->failed || !c->result)
		return;
	if (!pd_value(x, c->result, &want))
		return;
	if (gives_fd && want >= 0 && r >= 0) {
		if (want < PD_MAX_FD)
			x->run->fds[want] = (int)r;
		else
			pd_wrong(x, "a script's descriptors are below %d", PD_MAX_FD);
		return;
	}
	if ((r < 0 ? -1 : r) != want) {
		if (name)
			pd_wrong(x, "%s() returned -1 (%s) instead of %" PRId64, c->name, name, want);
		else
			pd_wrong(x, "%s() returned %ld instead of %" PRId64 "%s%s", c->name, r, want,
				 c->error ? " " : "", c->error ? c->error : "");
		return;
	}
	if (r < 0 && c->error && !is_error(name, c->error))
		pd_wrong(x, "%s() failed with %s instead of %s", c->name, name ? name : "?", c->error);
}

/* ---- the tasks ---- */

/* The newest socket that has a descriptor, from the connection under test backwards. */
static int fd_under_test(const struct pd_run *run)
{
	for (unsigned i = run->nr_conns ? run->current + 1 : 0; i-- > 0;)
		if (run->conns[i].fd >= 0)
			return run->conns[i].fd;
	return -1;
}

static void make_call(struct pd_caller *caller)
{
	const struct pd_syscall *c = caller->event->call;
	if (!c) {
		pd_code_look(caller, fd_under_test(caller->run));
		return;
	}
	struct pd_exec x = { .run = caller->run, .caller = caller, .tsk = caller->tsk, .c = c };
	unsigned i, n = sizeof(calls) / sizeof(calls[0]);
	for (i = 0; i < n && strcmp(calls[i].name, c->name) != 0; i++)
		;
	if (i == n) {
		pd_wrong(&x, "unsupported: the system call %s()", c->name);
		return;
	}
	trace_call(caller->run->host, "%s", c->name);
	caller->result = calls[i].call(&x);
	trace_ret(caller->run->host, (int32_t)caller->result);
	check_result(&x, caller->result, calls[i].gives_fd);
}

static void caller_main(void *arg)
{
	struct pd_caller *caller = arg;
	struct task *task = caller->tsk->task;
	while (!task->killed) {
		if (caller->event && !caller->done) {
			make_call(caller);
			caller->ended = pd_now(caller->run);
			caller->done = true;
			sim_stop(caller->run->sim, SIM_STOPPED);
		}
		task->waits_in = NULL;
		if (!task->killed)
			task_block(task);
	}
	caller->tsk = NULL;
}

bool pd_callers_init(struct pd_run *run)
{
	static const char *const names[2] = { "script", "blocking" };
	for (unsigned i = 0; i < 2; i++) {
		struct pd_caller *c = &run->callers[i];
		c->run = run;
		c->tsk = user_task_create(run->host, names[i], caller_main, c);
		if (!c->tsk || (i == 0 && !c->tsk->files && task_files_init(c->tsk) < 0))
			return pd_fail(run, "no memory");
		c->tsk->task->daemon = true;
		if (i == 1) { /* one process: they share their descriptors */
			c->tsk->files = run->callers[0].tsk->files;
			c->tsk->files->count++;
		}
	}
	sim_run(run->sim, run->sim->now);
	return true;
}

/* The call at hand has returned: was it right? */
static bool finished(struct pd_run *run, struct pd_caller *c)
{
	c->event = NULL;
	if (!*c->error)
		return true;
	run->unsupported |= strncmp(c->error, "unsupported", 11) == 0;
	return pd_fail(run, "%s", c->error);
}

bool pd_reap_blocking(struct pd_run *run, bool wait)
{
	struct pd_caller *c = &run->callers[1];
	const struct pd_event *e = c->event;
	if (!e)
		return true;
	const struct pd_event *before = run->event;
	int64_t end = (e->time_kind == PD_RELATIVE ? c->started - e->time : 0) + e->call->end;
	int64_t allowed = (end - c->started) * run->config.tolerance_percent_x10 / 1000;
	if (allowed < run->config.tolerance_usecs)
		allowed = run->config.tolerance_usecs;
	uint64_t deadline = run->start + (uint64_t)(end + allowed) * NSEC_PER_USEC;
	while (wait && !c->done && run->sim->now < deadline) {
		enum sim_stop why = sim_run(run->sim, deadline);
		if (why != SIM_STOPPED && why != SIM_UNTIL)
			break;
	}
	if (!c->done)
		return !wait || (run->event = e, pd_fail(run, "%s() was to return at %.6f s and still blocks",
							 e->call->name, (double)end / 1e6));
	run->event = e;
	if (!finished(run, c))
		return false;
	if (c->ended < end - allowed || c->ended > end + allowed)
		return pd_fail(run, "%s() was to return at %.6f s and returned at %.6f s", e->call->name,
			       (double)end / 1e6, (double)c->ended / 1e6);
	run->event = before;
	return true;
}

bool pd_call(struct pd_run *run, const struct pd_event *e, int64_t start)
{
	bool blocking = e->call && e->call->blocking;
	struct pd_caller *c = &run->callers[blocking];
	if (!pd_reap_blocking(run, blocking))
		return false;
	c->event = e;
	c->done = false;
	*c->error = '\0';
	c->started = start;
	task_wake(c->tsk->task);
	sim_run(run->sim, run->sim->now);
	if (blocking)
		return true;
	uint64_t deadline = run->sim->now + PD_FOREVER;
	while (!c->done && !run->failed && run->sim->now < deadline) {
		enum sim_stop why = sim_run(run->sim, deadline);
		if (why != SIM_STOPPED && why != SIM_UNTIL)
			break;
	}
	return c->done ? finished(run, c)
		       : pd_fail(run, "%s() blocks for ever", e->call ? e->call->name : "getsockopt");
}
