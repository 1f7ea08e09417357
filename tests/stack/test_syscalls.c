/*
 * The system calls on one host, over the loopback device: results and errno as Linux has them, descriptors,
 * options, poll and epoll, close by task work. The programs are tasks; assertions are made outside of them.
 */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stack/application/socket.h"
#include "stack/application/syscalls.h"
#include "stack/boot.h"

static struct sim *sim;
static struct host *host;
/* What the programs noted: name=value words. */
static char notes[4096];

static void note(const char *what, long value)
{
	size_t n = strlen(notes);

	snprintf(notes + n, sizeof(notes) - n, "%s=%ld ", what, value);
}

static int setup(void **state)
{
	(void)state;
	notes[0] = 0;
	sim = sim_new(1);
	host = host_new(sim, "h", 64 << 20);
	assert_int_equal(host_boot(host), 0);
	assert_int_equal(host_ifup(host, "lo", 0, 0), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_shutdown(host);
	host_check_leaks(host);
	assert_string_equal(sim->fault, "");
	host_free(host);
	sim_free(sim);
	return 0;
}

static void run(void (*program)(void *), void (*second)(void *))
{
	assert_non_null(user_task_create(host, "one", program, NULL));
	if (second)
		assert_non_null(user_task_create(host, "two", second, NULL));
	sim_run(sim, 100 * NSEC_PER_SEC);
	assert_string_equal(sim->fault, "");
}

static struct sockaddr_in at(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	a.sin_addr.s_addr = htonl(0x7f000001);
	return a;
}

/* ---- */

static void bad_sockets(void *arg)
{
	struct task_struct *t = current(host);
	struct sockaddr_in a = at(80);
	int len = sizeof(a), one = 1;
	char b[8];

	(void)arg;
	note("family", sys_socket(t, 99, SOCK_STREAM, 0));
	note("family2", sys_socket(t, AF_INET6, SOCK_STREAM, 0));
	note("type", sys_socket(t, AF_INET, 15, 0));
	note("type2", sys_socket(t, AF_INET, SOCK_SEQPACKET, 0));
	note("proto", sys_socket(t, AF_INET, SOCK_STREAM, IPPROTO_UDP));
	note("flags", sys_socket(t, AF_INET, SOCK_STREAM | 0x100, 0));
	note("bind", sys_bind(t, 5, (void *)&a, sizeof(a)));
	note("bind1", sys_bind(t, 1, (void *)&a, sizeof(a)));
	note("listen", sys_listen(t, -1, 5));
	note("accept", sys_accept(t, 7, NULL, NULL));
	note("read", sys_read(t, 3, b, 1));
	note("close", sys_close(t, 3));
	note("name", sys_getsockname(t, 3, (void *)&a, &len));
	note("opt", sys_setsockopt(t, 3, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	note("ep", sys_epoll_create1(t, 0));
	note("notsock", sys_listen(t, 3, 5));
	note("notsock", sys_connect(t, 3, (void *)&a, sizeof(a)));
	note("notsock", sys_accept(t, 3, NULL, NULL));
	note("epwrite", sys_write(t, 3, b, 1));
}

static void errors_of_descriptors(void **state)
{
	(void)state;
	run(bad_sockets, NULL);
	assert_string_equal(notes,
			    "family=-97 family2=-97 type=-22 type2=-94 proto=-93 flags=-22 bind=-9 bind1=-9 "
			    "listen=-9 accept=-9 read=-9 close=-9 name=-9 opt=-9 ep=3 notsock=-88 "
			    "notsock=-88 notsock=-88 epwrite=-22 ");
}

static void many_descriptors(void *arg)
{
	struct task_struct *t = current(host);
	long fd, last = 0, n = 0;

	(void)arg;
	while ((fd = sys_socket(t, AF_INET, SOCK_STREAM, 0)) >= 0) {
		last = fd;
		n++;
	}
	note("n", n);
	note("last", last);
	note("err", fd);
	note("close", sys_close(t, 17));
	note("close", sys_close(t, 9));
	note("lowest", sys_socket(t, AF_INET, SOCK_STREAM, 0));
	note("dup", sys_dup(t, 100));
	note("dup", sys_dup(t, 100));
	note("dupfd", sys_fcntl(t, 5, F_DUPFD, 2000));
	note("nonblock", sys_fcntl(t, 5, F_SETFL, O_NONBLOCK));
	note("flags", sys_fcntl(t, 5, F_GETFL, 0) & O_NONBLOCK);
	note("fd", sys_fcntl(t, 5, F_GETFD, 0));
	note("fd", sys_fcntl(t, 5, F_SETFD, FD_CLOEXEC));
	note("fd", sys_fcntl(t, 5, F_GETFD, 0));
}

static void descriptors(void **state)
{
	(void)state;
	run(many_descriptors, NULL);
	assert_string_equal(notes,
			    "n=1021 last=1023 err=-24 close=0 close=0 lowest=9 dup=17 dup=-24 dupfd=-22 "
			    "nonblock=0 flags=2048 fd=0 fd=0 fd=1 ");
}

static long geti(struct task_struct *t, int fd, int level, int opt)
{
	int v = -7777, len = sizeof(v);
	long err = sys_getsockopt(t, fd, level, opt, &v, &len);

	return err ? err : v;
}

static void some_options(void *arg)
{
	struct task_struct *t = current(host);
	int fd = (int)sys_socket(t, AF_INET, SOCK_STREAM, 0), v;
	struct timeval tv = { 1, 500000 };
	struct linger ling = { 1, 3 };
	int len;

	(void)arg;
	note("type", geti(t, fd, SOL_SOCKET, SO_TYPE));
	note("proto", geti(t, fd, SOL_SOCKET, SO_PROTOCOL));
	note("domain", geti(t, fd, SOL_SOCKET, SO_DOMAIN));
	note("error", geti(t, fd, SOL_SOCKET, SO_ERROR));
	note("accept", geti(t, fd, SOL_SOCKET, SO_ACCEPTCONN));
	note("snd", geti(t, fd, SOL_SOCKET, SO_SNDBUF));
	note("rcv", geti(t, fd, SOL_SOCKET, SO_RCVBUF));
	v = 10000;
	sys_setsockopt(t, fd, SOL_SOCKET, SO_RCVBUF, &v, sizeof(v));
	note("rcv", geti(t, fd, SOL_SOCKET, SO_RCVBUF));
	v = 1;
	sys_setsockopt(t, fd, SOL_SOCKET, SO_RCVBUF, &v, sizeof(v));
	note("rcv", geti(t, fd, SOL_SOCKET, SO_RCVBUF));
	v = 1 << 30;
	sys_setsockopt(t, fd, SOL_SOCKET, SO_SNDBUF, &v, sizeof(v));
	note("snd", geti(t, fd, SOL_SOCKET, SO_SNDBUF));
	note("short", sys_setsockopt(t, fd, SOL_SOCKET, SO_RCVBUF, &v, 2));
	note("null", sys_setsockopt(t, fd, SOL_SOCKET, SO_RCVBUF, NULL, 4));
	note("unknown", sys_setsockopt(t, fd, SOL_SOCKET, 9999, &v, 4));
	note("readonly", sys_setsockopt(t, fd, SOL_SOCKET, SO_TYPE, &v, 4));
	note("timeo", sys_setsockopt(t, fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	len = sizeof(tv);
	memset(&tv, 0, sizeof(tv));
	sys_getsockopt(t, fd, SOL_SOCKET, SO_RCVTIMEO, &tv, &len);
	note("us", tv.tv_sec * 1000000 + tv.tv_usec);
	tv.tv_usec = 1000000;
	note("edom", sys_setsockopt(t, fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	note("linger", sys_setsockopt(t, fd, SOL_SOCKET, SO_LINGER, &ling, sizeof(ling)));
	note("nodev", sys_setsockopt(t, fd, SOL_SOCKET, SO_BINDTODEVICE, "eth7", 4));
	note("dev", sys_setsockopt(t, fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2));
}

static void options(void **state)
{
	(void)state;
	run(some_options, NULL);
	assert_string_equal(notes, "type=1 proto=6 domain=2 error=0 accept=0 snd=16384 rcv=131072 rcv=20000 "
				   "rcv=2304 snd=425984 short=-22 null=-14 unknown=-92 readonly=-92 timeo=0 "
				   "us=1500000 edom=-33 linger=0 nodev=-19 dev=0 ");
}

/* ---- a server and a client on loopback ---- */

static void server(void *arg)
{
	struct task_struct *t = current(host);
	struct sockaddr_in a = at(80), peer;
	int fd = (int)sys_socket(t, AF_INET, SOCK_STREAM, 0), conn, len = sizeof(peer);
	char b[10];

	(void)arg;
	sys_bind(t, fd, (void *)&a, sizeof(a));
	sys_listen(t, fd, 1);
	note("accepting", sys_accept4(t, fd, NULL, NULL, 0x40));
	conn = (int)sys_accept(t, fd, (void *)&peer, &len);
	note("conn", conn);
	note("len", len);
	note("read", sys_read(t, conn, b, 3));
	note("read", sys_read(t, conn, b, 10));
	note("end", sys_read(t, conn, b, 10));
	note("write", sys_write(t, conn, "yes", 3));
	note("isconn", sys_connect(t, conn, (void *)&a, sizeof(a)));
	note("shut", sys_shutdown(t, conn, SHUT_WR));
	note("pipe", sys_write(t, conn, "x", 1));
}

static void client(void *arg)
{
	struct task_struct *t = current(host);
	struct sockaddr_in a = at(80);
	int fd = (int)sys_socket(t, AF_INET, SOCK_STREAM, 0);
	struct iovec iov[2] = { { "he", 2 }, { "llo", 3 } };
	struct pollfd pfd = { fd, POLLIN, 0 };
	char b[10];

	(void)arg;
	note("notconn", sys_read(t, fd, b, 1));
	note("peer", sys_getpeername(t, fd, (void *)&a, &(int){ sizeof(a) }));
	a = at(80);
	note("connect", sys_connect(t, fd, (void *)&a, sizeof(a)));
	note("again", sys_recv(t, fd, b, 1, MSG_DONTWAIT));
	note("poll0", sys_poll(t, &pfd, 1, 0));
	note("poll20", sys_poll(t, &pfd, 1, 20));
	note("ms", (long)(sim->now / NSEC_PER_MSEC));
	note("writev", sys_writev(t, fd, iov, 2));
	note("shut", sys_shutdown(t, fd, SHUT_WR));
	note("poll", sys_poll(t, &pfd, 1, -1));
	note("revents", pfd.revents);
	note("got", sys_read(t, fd, b, 10));
	note("got", sys_read(t, fd, b, 10));
	note("ref",
	     sys_connect(t, (int)sys_socket(t, AF_INET, SOCK_STREAM, 0),
			 (void *)&(struct sockaddr_in){ AF_INET, htons(81), { htonl(0x7f000001) }, { 0 } },
			 sizeof(a)));
}

static void conversation(void **state)
{
	(void)state;
	run(server, client);
	assert_string_equal(notes,
			    "accepting=-22 notconn=-107 peer=-107 connect=0 again=-11 poll0=0 conn=4 len=16 "
			    "poll20=0 ms=20 writev=5 shut=0 read=3 read=2 end=0 write=3 isconn=-106 shut=0 "
			    "pipe=-32 poll=1 revents=17 got=3 got=0 ref=-111 ");
}

/* ---- epoll ---- */

static void epoll_server(void *arg)
{
	struct task_struct *t = current(host);
	struct sockaddr_in a = at(80);
	int fd = (int)sys_socket(t, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), ep, conn;
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd }, out[4];
	char b[4];

	(void)arg;
	sys_bind(t, fd, (void *)&a, sizeof(a));
	sys_listen(t, fd, 5);
	ep = (int)sys_epoll_create1(t, EPOLL_CLOEXEC);
	note("add", sys_epoll_ctl(t, ep, EPOLL_CTL_ADD, fd, &ev));
	note("exists", sys_epoll_ctl(t, ep, EPOLL_CTL_ADD, fd, &ev));
	note("self", sys_epoll_ctl(t, ep, EPOLL_CTL_ADD, ep, &ev));
	note("none", sys_epoll_ctl(t, ep, EPOLL_CTL_MOD, 1, &ev));
	note("max", sys_epoll_wait(t, ep, out, 0, 0));
	note("wait", sys_epoll_wait(t, ep, out, 4, 5));
	note("ms", (long)(sim->now / NSEC_PER_MSEC));
	note("wait", sys_epoll_wait(t, ep, out, 4, -1));
	conn = (int)sys_accept4(t, fd, NULL, NULL, SOCK_NONBLOCK);
	ev.events = EPOLLIN;
	ev.data.fd = conn;
	sys_epoll_ctl(t, ep, EPOLL_CTL_ADD, conn, &ev);
	sys_epoll_wait(t, ep, out, 4, -1);
	/* Level triggered: what is not read is reported again; edge triggered: not. */
	note("level", sys_epoll_wait(t, ep, out, 4, 0));
	ev.events = EPOLLIN | EPOLLET;
	sys_epoll_ctl(t, ep, EPOLL_CTL_MOD, conn, &ev);
	note("edge", sys_epoll_wait(t, ep, out, 4, 0));
	note("edge", sys_epoll_wait(t, ep, out, 4, 0));
	ev.events = EPOLLIN | EPOLLONESHOT;
	sys_epoll_ctl(t, ep, EPOLL_CTL_MOD, conn, &ev);
	note("once", sys_epoll_wait(t, ep, out, 4, 0));
	note("once", sys_epoll_wait(t, ep, out, 4, 0));
	note("read", sys_read(t, conn, b, 4));
	sys_close(t, conn);
	/* A closed file leaves the set. */
	note("gone", sys_epoll_ctl(t, ep, EPOLL_CTL_DEL, conn, NULL));
	note("wait", sys_epoll_wait(t, ep, out, 4, 0));
}

static void epoll_client(void *arg)
{
	struct task_struct *t = current(host);
	struct sockaddr_in a = at(80);
	int fd = (int)sys_socket(t, AF_INET, SOCK_STREAM, 0);
	struct pollfd none = { -1, 0, 0 };

	(void)arg;
	sys_poll(t, &none, 1, 20);
	sys_connect(t, fd, (void *)&a, sizeof(a));
	sys_write(t, fd, "data", 4);
}

static void epolls(void **state)
{
	(void)state;
	run(epoll_server, epoll_client);
	assert_string_equal(
		notes, "add=0 exists=-17 self=-22 none=-9 max=-22 wait=0 ms=5 wait=1 level=1 edge=1 edge=0 "
		       "once=1 once=0 read=4 gone=-9 wait=0 ");
}

/* ---- select ---- */

static void select_edges(void *arg)
{
	struct task_struct *t = current(host);
	int fd = (int)sys_socket(t, AF_INET, SOCK_STREAM, 0), i;
	struct timeval tv = { 0, 1999 };
	struct timespec ts = { INT64_MAX, 999999999 };
	unsigned long in[2] = { 1ul << fd, 2 }, out[2] = { 0 };

	(void)arg;
	note("negative", sys_select(t, -1, NULL, NULL, NULL, NULL));
	/* the second word belongs to descriptors from 64 on, which the table does not reach: left alone */
	note("short", sys_select(t, fd + 1, (fd_set *)in, (fd_set *)out, NULL, &tv));
	note("in0", in[0] == 1ul << fd);
	note("in1", (long)in[1]);
	note("clamped", sys_select(t, 5000, (fd_set *)in, NULL, NULL, NULL));
	note("in1", (long)in[1]);
	/* bits from n on do not count, in the same word neither */
	in[0] = 1ul << fd | 1ul << 40;
	note("above", sys_select(t, 40, (fd_set *)in, NULL, NULL, NULL));
	note("in0", in[0] == 1ul << fd);
	in[0] = 1ul << 40;
	note("closed", sys_select(t, 41, (fd_set *)in, NULL, NULL, NULL));
	note("kept", in[0] == 1ul << 40);
	note("both", sys_select(t, fd + 1, (fd_set *)&(long[2]){ 1l << fd }, (fd_set *)&(long[2]){ 1l << fd },
				NULL, NULL));
	/* more files than queue on the stack; a time that never comes, and what is left of it */
	for (i = 0; i < 20; i++)
		sys_dup(t, fd);
	in[0] = (1ul << (fd + 20)) - 1 - 7;
	note("many", sys_pselect6(t, 64, (fd_set *)in, NULL, NULL, &ts));
	note("left", ts.tv_sec > INT64_MAX - 100);
	tv = (struct timeval){ 0, 1500 };
	note("sleep", sys_select(t, 0, NULL, NULL, NULL, &tv));
	note("us", (long)(sim->now / NSEC_PER_USEC));
	note("left", tv.tv_usec);
}

static void select_sets(void **state)
{
	(void)state;
	run(select_edges, NULL);
	assert_string_equal(notes, "negative=-22 short=1 in0=1 in1=2 clamped=1 in1=2 above=1 in0=1 closed=-9 "
				   "kept=1 both=2 many=20 left=1 sleep=0 us=1500 left=0 ");
}

/* A program that is killed in a blocking call gives everything back. */
static void blocked(void *arg)
{
	struct task_struct *t = current(host);
	struct sockaddr_in a = at(80);
	int fd = (int)sys_socket(t, AF_INET, SOCK_STREAM, 0);

	(void)arg;
	sys_bind(t, fd, (void *)&a, sizeof(a));
	sys_listen(t, fd, 1);
	note("accept", sys_accept(t, fd, NULL, NULL));
}

static void killed(void **state)
{
	struct task *task;

	(void)state;
	run(blocked, NULL);
	assert_string_equal(notes, "");
	for (task = host->cpu.tasks; task && strcmp(task->name, "one"); task = task->next)
		;
	assert_non_null(task);
	assert_string_equal(task->waits_in, "accept");
	task_kill(task);
	sim_run(sim, 200 * NSEC_PER_SEC);
	assert_string_equal(notes, "accept=-512 ");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(errors_of_descriptors), T(descriptors), T(options), T(conversation), T(epolls),
		T(select_sets),		  T(killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
