/*
 * System calls with arguments from an input. Buffers are blocks of just the size that the call is told, so
 * that a sanitizer sees when it reads or writes more; a pointer may be NULL where a length is not 0.
 */
#include "tests/fuzz/calls.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>
#include <sys/ioctl.h>

#include "core/host.h"
#include "stack/application/syscalls.h"
#include "stack/netfilter/ip_tables.h"
#include "tests/fuzz/bed.h"

#define FIRST_FD 3
#define NR_FDS 12

static int an_fd(struct input *in)
{
	uint8_t b = take8(in);

	return b < 250 ? FIRST_FD + b % NR_FDS : (int)take32(in);
}

static uint32_t an_address(struct input *in)
{
	return TAKE_OF(in, inet_addr("10.0.0.2"), inet_addr("127.0.0.1"), inet_addr("10.0.0.1"), 0,
		       inet_addr("10.0.0.3"), inet_addr("10.0.0.255"), inet_addr("255.255.255.255"),
		       inet_addr("239.1.1.1"), inet_addr("224.0.0.1"), inet_addr("192.168.7.7"));
}

/* A name for a socket; *len may be off. A block. */
static struct sockaddr *a_name(struct input *in, int *len)
{
	uint8_t kind = take8(in);

	if (kind >= 240) { /* anything */
		*len = take8(in) % 140;
		return take_block(in, (size_t)*len);
	}
	*len = kind % 16 == 15 ? take8(in) : kind % 4 == 3 ? 20 : 16;
	uint8_t *block = calloc(1, *len < 20 ? 20 : (size_t)*len);

	if (!block)
		abort();
	if (kind % 4 == 3) {
		struct sockaddr_ll ll = { .sll_family = AF_PACKET,
					  .sll_protocol = htons((uint16_t)TAKE_OF(in, 3, 0x800, 0x806, 0)),
					  .sll_ifindex = take8(in) % 4,
					  .sll_halen = (uint8_t)TAKE_OF(in, 6, 6, 0, 8) };

		memcpy(block, &ll, sizeof(ll));
	} else {
		struct sockaddr_in a = { .sin_family = (sa_family_t)TAKE_OF(in, AF_INET, AF_INET, AF_INET,
									    AF_UNSPEC) };

		a.sin_port = htons((uint16_t)TAKE_OF(in, 80, 7, 5000, 0, 1, 65535));
		a.sin_addr.s_addr = an_address(in);
		memcpy(block, &a, sizeof(a));
	}
	return (struct sockaddr *)block;
}

static unsigned a_length(struct input *in)
{
	return TAKE_OF(in, 1, 0, 10, 100, 1472, 1473, 4000, 20000, 65507, 65508, 200000) % 300000;
}

static unsigned flags_of(struct input *in)
{
	return TAKE_OF(in, 0, 0, MSG_DONTWAIT, MSG_MORE, MSG_PEEK, MSG_OOB, MSG_TRUNC, MSG_WAITALL,
		       MSG_ERRQUEUE, MSG_CONFIRM, MSG_DONTROUTE, MSG_PEEK | MSG_TRUNC,
		       MSG_DONTWAIT | MSG_ERRQUEUE);
}

/* ---- making and naming sockets ---- */

static void do_socket(struct task_struct *t, struct input *in)
{
	static const struct {
		int family, type, protocol;
	} kinds[] = {
		{ AF_INET, SOCK_STREAM, 0 },	     { AF_INET, SOCK_DGRAM, 0 },
		{ AF_INET, SOCK_RAW, IPPROTO_ICMP }, { AF_INET, SOCK_DGRAM, IPPROTO_ICMP },
		{ AF_PACKET, SOCK_RAW, 0x300 },	     { AF_PACKET, SOCK_DGRAM, 0x8 },
		{ AF_INET, SOCK_RAW, IPPROTO_RAW },  { AF_INET, SOCK_RAW, 253 },
		{ AF_INET, SOCK_RAW, IPPROTO_IGMP }, { AF_INET, SOCK_STREAM, IPPROTO_UDP },
	};
	unsigned nr = sizeof(kinds) / sizeof(kinds[0]);
	uint8_t kind = take8(in), how = take8(in);
	struct timeval moment = { .tv_usec = 20000 };
	long fd;

	if (kind == 255)
		fd = sys_socket(t, (int)take32(in), (int)take32(in), (int)take32(in));
	else
		fd = sys_socket(t, kinds[kind % nr].family,
				kinds[kind % nr].type | (how % 4 == 1 ? SOCK_NONBLOCK : 0),
				kinds[kind % nr].protocol);
	if (fd < 0 || how % 4 > 2)
		return;
	/* how % 4: waits a little, does not wait, waits a little, waits for good */
	sys_setsockopt(t, (int)fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof(moment));
	sys_setsockopt(t, (int)fd, SOL_SOCKET, SO_SNDTIMEO, &moment, sizeof(moment));
}

static void do_bind(struct task_struct *t, struct input *in)
{
	int fd = an_fd(in), len;
	struct sockaddr *name = a_name(in, &len);

	sys_bind(t, fd, name, len);
	free(name);
}

static void do_connect(struct task_struct *t, struct input *in)
{
	int fd = an_fd(in), len;
	struct sockaddr *name = a_name(in, &len);

	sys_connect(t, fd, name, len);
	free(name);
}

static void do_listen(struct task_struct *t, struct input *in)
{
	int fd = an_fd(in);

	sys_listen(t, fd, (int)TAKE_OF(in, 1, 0, 5, (uint32_t)-1));
}

static void do_names(struct task_struct *t, struct input *in)
{
	int fd = an_fd(in), how = take8(in), len = take8(in) % 130;
	void *name = take_block(in, (size_t)len);
	int *lenp = how & 4 ? NULL : &len;

	switch (how % 4) {
	case 0:
		sys_accept4(t, fd, name, &len, how & 8 ? (int)take32(in) : SOCK_NONBLOCK);
		break;
	case 1:
		sys_accept(t, fd, NULL, lenp);
		break;
	case 2:
		sys_getsockname(t, fd, name, &len);
		break;
	default:
		sys_getpeername(t, fd, name, &len);
	}
	free(name);
}

/* ---- data ---- */

static void do_send(struct task_struct *t, struct input *in)
{
	int fd = an_fd(in), name_len = 0;
	unsigned n = a_length(in), flags = flags_of(in);
	struct sockaddr *name = take8(in) & 1 ? a_name(in, &name_len) : NULL;
	void *data = take_block(in, n);

	if (take8(in) & 1)
		sys_write(t, (unsigned)fd, data, n);
	else
		sys_sendto(t, fd, data, n, flags, name, name_len);
	free(data);
	free(name);
}

static void do_recv(struct task_struct *t, struct input *in)
{
	int fd = an_fd(in), len = take8(in) % 130;
	unsigned n = a_length(in), flags = flags_of(in);
	void *data = calloc(1, n ? n : 1), *name = calloc(1, 130);

	if (take8(in) & 1)
		sys_read(t, (unsigned)fd, data, n);
	else
		sys_recvfrom(t, fd, data, n, flags, name, &len);
	free(data);
	free(name);
}

static void put_cmsg(struct input *in, uint8_t *control, size_t *len, size_t room)
{
	static const int types[][2] = {
		{ IPPROTO_IP, IP_PKTINFO },   { IPPROTO_IP, IP_TTL },	  { IPPROTO_IP, IP_TOS },
		{ IPPROTO_IP, IP_RETOPTS },   { IPPROTO_UDP, 103 },	  { SOL_SOCKET, SO_MARK },
		{ SOL_SOCKET, SO_TIMESTAMP }, { SOL_SOCKET, SCM_RIGHTS }, { SOL_PACKET, 8 },
	};
	unsigned which = take8(in), n = TAKE_OF(in, 4, 12, 2, 0, 40) % 64;
	struct cmsghdr c = { .cmsg_len = CMSG_LEN(n),
			     .cmsg_level = types[which % 9][0],
			     .cmsg_type = types[which % 9][1] };

	if (*len + CMSG_SPACE(n) > room)
		return;
	if (which & 128)
		c.cmsg_len = take16(in);
	memcpy(control + *len, &c, sizeof(c));
	for (unsigned i = 0; i < n; i++)
		control[*len + CMSG_LEN(0) + i] = take8(in);
	*len += CMSG_SPACE(n);
}

static void do_msg(struct task_struct *t, struct input *in)
{
	int fd = an_fd(in), how = take8(in), name_len = 0;
	uint8_t control[256] = { 0 };
	struct iovec iov[4];
	struct user_msghdr msg = { .msg_iov = iov, .msg_iovlen = take8(in) % 5u };
	size_t control_len = 0;

	for (unsigned i = 0; i < msg.msg_iovlen; i++) {
		iov[i].iov_len = a_length(in) % 70000;
		iov[i].iov_base = calloc(1, iov[i].iov_len + 1);
	}
	if (how & 1)
		msg.msg_name = a_name(in, &name_len);
	msg.msg_namelen = name_len;
	for (unsigned n = how >> 1 & 3; n > 0; n--)
		put_cmsg(in, control, &control_len, sizeof(control));
	if (how & 8)
		control_len = take8(in);
	msg.msg_controllen = control_len;
	msg.msg_control = control_len ? malloc(control_len) : NULL;
	if (control_len)
		memcpy(msg.msg_control, control, control_len);
	if (how & 16 && how & 32)
		sys_readv(t, (unsigned)fd, iov, msg.msg_iovlen);
	else if (how & 16)
		sys_recvmsg(t, fd, &msg, flags_of(in));
	else if (how & 32)
		sys_writev(t, (unsigned)fd, iov, msg.msg_iovlen);
	else
		sys_sendmsg(t, fd, &msg, flags_of(in));
	for (unsigned i = 0; i < 4 && i < msg.msg_iovlen; i++)
		free(iov[i].iov_base);
	if (control_len)
		free(msg.msg_control);
	if (how & 1)
		free(msg.msg_name);
}

/* ---- options ---- */

static int a_level(struct input *in)
{
	return (int)TAKE_OF(in, SOL_SOCKET, IPPROTO_IP, IPPROTO_TCP, IPPROTO_UDP, SOL_RAW, SOL_PACKET,
			    IPPROTO_ICMP);
}

/* A value: a number, a number of telling bytes, addresses. A block of *len bytes. */
static void *a_value(struct input *in, int *len)
{
	uint8_t kind = take8(in);
	uint32_t v[3];

	if (kind % 4 == 3) {
		*len = take8(in) % 140;
		return take_block(in, (size_t)*len);
	}
	v[0] = kind % 4 == 2
		       ? inet_addr("239.1.1.1")
		       : TAKE_OF(in, 1, 0, 2, 3, 5, 64, 255, 512, 1460, 65535, 0x7fffffff, (uint32_t)-1);
	v[1] = kind % 4 == 0 ? 0 : an_address(in);
	v[2] = kind % 4 == 0 ? 0 : take8(in) % 4;
	*len = kind % 4 == 0 ? 4 : kind & 4 ? 8 : 12;
	void *block = malloc((size_t)*len);

	memcpy(block, v, (size_t)*len);
	return block;
}

static void do_option(struct task_struct *t, struct input *in)
{
	int fd = an_fd(in), level = a_level(in), name = take8(in), len;
	uint8_t how = take8(in);

	if (name == 255)
		name = (int)take32(in);
	if (how & 1) {
		len = take8(in) % 200;
		void *value = take_block(in, (size_t)len);

		if (how & 2)
			len = -1;
		sys_getsockopt(t, fd, level, name, value, how & 4 ? NULL : &len);
		free(value);
		return;
	}
	void *value = a_value(in, &len);

	sys_setsockopt(t, fd, level, name, how & 2 ? NULL : value,
		       how & 4 ? (int)(take32(in) | 1u << 31) : len);
	free(value);
}

/* ---- files ---- */

static void do_file(struct task_struct *t, struct input *in)
{
	int fd = an_fd(in);

	switch (take8(in) % 6) {
	case 0:
	case 1:
		sys_close(t, (unsigned)fd);
		break;
	case 2:
		sys_shutdown(t, fd, (int)TAKE_OF(in, 0, 1, 2, 3));
		break;
	case 3:
		if (fd < FIRST_FD + NR_FDS)
			sys_dup(t, (unsigned)fd);
		break;
	case 4:
		sys_fcntl(t, (unsigned)fd, TAKE_OF(in, F_SETFL, F_GETFL, F_SETFD, F_GETFD),
			  TAKE_OF(in, O_NONBLOCK, 0, O_ASYNC, 1));
		break;
	default: {
		uint8_t *arg = calloc(1, 256);

		memcpy(arg, "eth0", 5);
		sys_ioctl(t, (unsigned)fd,
			  TAKE_OF(in, FIONREAD, TIOCOUTQ, FIONBIO, SIOCATMARK, SIOCGIFADDR, SIOCGIFINDEX,
				  SIOCGIFFLAGS, SIOCGIFHWADDR, SIOCGIFNAME, SIOCOUTQNSD),
			  (unsigned long)arg);
		free(arg);
	}
	}
}

static void do_poll(struct task_struct *t, struct input *in)
{
	unsigned n = take8(in) % 8;
	struct pollfd *fds = calloc(n ? n : 1, sizeof(*fds));
	int timeout = (int)TAKE_OF(in, 0, 1, 100, (uint32_t)-1);

	for (unsigned i = 0; i < n; i++)
		fds[i] = (struct pollfd){ .fd = an_fd(in),
					  .events = (short)TAKE_OF(in, POLLIN, POLLOUT, 0x2fff) };
	sys_poll(t, fds, n, timeout);
	free(fds);
}

/* Sets of just the words that n tells; more descriptors than there are may be told. */
static void do_select(struct task_struct *t, struct input *in)
{
	int n = (int)TAKE_OF(in, FIRST_FD + NR_FDS, 0, 64, 65, 200, 1024, 5000, (uint32_t)-1);
	size_t words = n < 0 ? 0 : (size_t)(n > 1024 ? 1024 : n) + 63, size = words / 64 * 8;
	uint8_t how = take8(in);
	unsigned long *sets[3] = { NULL };
	struct timeval tv = { (int)TAKE_OF(in, 0, 0, 1, (uint32_t)-1),
			      (int)TAKE_OF(in, 0, 1, 100000, 2000000, (uint32_t)-1) };
	struct timespec ts = { tv.tv_sec, tv.tv_usec };

	for (unsigned i = 0; i < 3; i++) {
		if (!(how >> i & 1))
			continue;
		sets[i] = calloc(1, size ? size : 1);
		if (size)
			sets[i][0] = (unsigned long)take16(in) << FIRST_FD;
		if (size > 8)
			sets[i][1] = take8(in) & take8(in) & take8(in);
	}
	if (how & 8)
		sys_pselect6(t, n, (void *)sets[0], (void *)sets[1], (void *)sets[2], how & 16 ? &ts : NULL);
	else
		sys_select(t, n, (void *)sets[0], (void *)sets[1], (void *)sets[2], how & 16 ? &tv : NULL);
	for (unsigned i = 0; i < 3; i++)
		free(sets[i]);
}

static void do_epoll(struct task_struct *t, struct input *in)
{
	struct epoll_event ev = { 0 }, *got;
	int fd = an_fd(in), how = take8(in), n;

	switch (how % 4) {
	case 0:
		sys_epoll_create1(t, how & 4 ? (int)take32(in) : 0);
		break;
	case 1:
	case 2:
		ev.events =
			TAKE_OF(in, EPOLLIN, EPOLLOUT, EPOLLIN | EPOLLET, EPOLLIN | EPOLLONESHOT, EPOLLRDHUP);
		sys_epoll_ctl(t, fd,
			      (int)TAKE_OF(in, EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL),
			      an_fd(in), how & 128 ? NULL : &ev);
		break;
	default:
		n = take8(in) % 8;
		got = calloc(n ? (unsigned)n : 1, sizeof(*got));
		sys_epoll_wait(t, fd, got, n, (int)TAKE_OF(in, 0, 1, 100, (uint32_t)-1));
		free(got);
	}
}

void fuzz_call(struct task_struct *t, struct input *in)
{
	static void (*const calls[])(struct task_struct * t, struct input * in) = {
		do_socket, do_bind, do_connect, do_listen, do_names, do_send, do_recv,	 do_option,
		do_file,   do_msg,  do_poll,	do_epoll,  do_send,  do_recv, do_select,
	};

	calls[take8(in) % (sizeof(calls) / sizeof(calls[0]))](t, in);
}

void fuzz_command(struct bed *b, struct input *in)
{
	static const char *const lines[] = {
		"ip link set eth0 down",
		"ip link set eth0 up",
		"ip link set eth0 mtu 576",
		"ip link set eth0 mtu 1500",
		"ip link set eth0 mtu 9000",
		"ip link set lo down",
		"ip link set lo up",
		"ip addr add 10.0.0.9/24 dev eth0",
		"ip addr del 10.0.0.9/24 dev eth0",
		"ip addr del 10.0.0.1/24 dev eth0",
		"ip addr add 10.0.0.1/24 dev eth0",
		"ip route add 192.168.7.0/24 via 10.0.0.3",
		"ip route del 192.168.7.0/24",
		"ip route add blackhole 192.168.8.0/24",
		"ip route replace default via 10.0.0.3 mtu 600",
		"ip route del default",
		"ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev eth0",
		"ip neigh del 10.0.0.2 dev eth0",
		"ip neigh add 10.0.0.3 lladdr 02:00:00:00:00:03 dev eth0 nud stale",
		"ip neigh flush dev eth0",
		"sysctl -w net.ipv4.ip_forward=1",
		"sysctl -w net.ipv4.ip_forward=0",
		"sysctl -w net.ipv4.tcp_ecn=1 net.ipv4.tcp_sack=0",
	};
	uint8_t which = take8(in);

	if (which < 240) {
		bed_shell(b, lines[which % (sizeof(lines) / sizeof(lines[0]))]);
		return;
	}
	unsigned n = take8(in);
	char *line = take_block(in, n + 1);

	line[n] = '\0';
	bed_shell(b, line);
	free(line);
}

/* What a rule means, and what becomes of it. */
static void a_rule(struct input *in, struct ipt_entry *r)
{
	r->ip.proto = (u8)TAKE_OF(in, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, 0);
	r->ip.invflags = take8(in) & take8(in);
	r->ip.src = r->ip.invflags & 1 ? an_address(in) : 0;
	r->ip.smsk = r->ip.src ? 0xffffffff : 0;
	r->matches = take8(in) & take8(in);
	r->dpts[0] = (u16)TAKE_OF(in, 80, 0, 7);
	r->dpts[1] = (u16)TAKE_OF(in, 80, 65535, 7);
	r->spts[1] = 65535;
	r->icmp_type = 0xff;
	r->state = take8(in);
	r->limit.avg = TAKE_OF(in, 10000, 1, 600000);
	r->limit.burst = take8(in);
	r->target = take8(in) % IPT_TARGETS;
	r->reject_with = take8(in) % (IPT_ICMP_ADMIN_PROHIBITED + 1);
	r->range = (struct nf_nat_range2){ .flags = take8(in) % 4, .min_addr = inet_addr("10.0.0.3") };
	r->range.max_addr = r->range.min_addr;
	r->range.min_proto = (u16)TAKE_OF(in, 80, 5000, 0);
	r->range.max_proto = (u16)(r->range.min_proto + take8(in));
}

void fuzz_rule(struct host *host, struct input *in)
{
	static const char *const chains[] = { "INPUT",	    "OUTPUT",	   "FORWARD",
					      "PREROUTING", "POSTROUTING", "mine" };
	struct ipt_entry rule = { .host = host };
	int err;
	uint8_t how = take8(in);
	struct xt_table *table = xt_find_table_lock(host->net, how & 1 ? "nat" : "filter", &err);
	struct xt_chain *chain = table ? xt_find_chain(table, chains[(how >> 1) % 6]) : NULL;

	if (table && !chain)
		xt_new_chain(table, "mine");
	if (!chain)
		return;
	switch (how >> 4) {
	case 13:
		xt_delete_chain(chain);
		break;
	case 14:
		ipt_delete_rule(chain, 1);
		break;
	case 15:
		ipt_flush_chain(chain);
		break;
	default:
		a_rule(in, &rule);
		rule.jump = rule.target == IPT_JUMP || rule.target == IPT_GOTO ? xt_find_chain(table, "mine")
									       : NULL;
		if (rule.jump || (rule.target != IPT_JUMP && rule.target != IPT_GOTO))
			ipt_insert_rule(table, chain, &rule, take8(in) % 3);
	}
}
