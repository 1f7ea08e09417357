/*
 * Raw, ping and packet sockets when memory runs out: each allocation of a program that uses them over
 * loopback fails in turn, alone and with all that follow. Calls may fail then; nothing may crash, hang or
 * leak.
 */
#include <fcntl.h>
#include <netpacket/packet.h>
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

struct trial {
	struct host *host;
	u64 fail_nth;
	bool forever;
};

static const struct sockaddr_in lo_addr = { .sin_family = AF_INET, .sin_addr.s_addr = 0x0100007f };

static void send_ip(struct task_struct *t, int fd, const void *data, size_t len)
{
	if (fd >= 0)
		sys_sendto(t, fd, data, len, MSG_DONTWAIT, (const struct sockaddr *)&lo_addr,
			   sizeof(lo_addr));
}

static void receive(struct task_struct *t, int fd)
{
	struct sockaddr_storage from;
	int len = sizeof(from);
	char b[256];

	if (fd >= 0)
		sys_recvfrom(t, fd, b, sizeof(b), MSG_DONTWAIT, (struct sockaddr *)&from, &len);
}

static int packet_socket(struct task_struct *t, int type)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_ifindex = 1 };
	struct packet_mreq mreq = { .mr_ifindex = 1, .mr_type = PACKET_MR_PROMISC };
	int fd = (int)sys_socket(t, AF_PACKET, type, htons(3));

	if (fd < 0)
		return fd;
	sys_bind(t, fd, (const struct sockaddr *)&ll, sizeof(ll));
	sys_setsockopt(t, fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mreq, sizeof(mreq));
	return fd;
}

static void program(void *arg)
{
	struct trial *trial = arg;
	struct host *h = trial->host;
	struct task_struct *t = current(h);
	static const char echo[16] = { 8 };
	static const char header[28] = { 0x45, 0, 0, 0, 0, 0, 0, 0, 9, (char)253 };
	int on = 1, fd[6];

	h->kmem.fail_nth = trial->fail_nth ? h->kmem.nr_allocs + trial->fail_nth : 0;
	h->kmem.fail_forever = trial->forever;
	fd[0] = (int)sys_socket(t, AF_INET, SOCK_RAW, 253);
	fd[1] = (int)sys_socket(t, AF_INET, SOCK_RAW, IPPROTO_ICMP);
	fd[2] = (int)sys_socket(t, AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	fd[3] = packet_socket(t, SOCK_RAW);
	fd[4] = packet_socket(t, SOCK_DGRAM);
	fd[5] = (int)sys_socket(t, AF_INET, SOCK_RAW, 252);
	if (fd[5] >= 0) {
		sys_setsockopt(t, fd[5], IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
		sys_connect(t, fd[5], (const struct sockaddr *)&lo_addr, sizeof(lo_addr));
		sys_send(t, fd[5], echo, sizeof(echo), MSG_MORE | MSG_DONTWAIT);
	}
	send_ip(t, fd[0], "some data", 9);
	send_ip(t, fd[1], echo, sizeof(echo));
	send_ip(t, fd[2], echo, sizeof(echo));
	if (fd[0] >= 0) {
		sys_setsockopt(t, fd[0], IPPROTO_IP, IP_HDRINCL, &on, sizeof(on));
		send_ip(t, fd[0], header, sizeof(header));
	}
	if (fd[3] >= 0)
		sys_send(t, fd[3], header, sizeof(header), MSG_DONTWAIT);
	for (int n = 0; n < 2; n++)
		for (int i = 0; i < 6; i++)
			receive(t, fd[i]);
	h->kmem.fail_nth = 0;
	h->kmem.fail_forever = false;
	for (int i = 0; i < 3; i++) /* the others stay open until the host goes */
		if (fd[i] >= 0)
			sys_close(t, (unsigned)fd[i]);
}

/* Returns how many allocations the program asked for. */
static u64 run(u64 fail_nth, bool forever)
{
	struct sim *sim = sim_new(5);
	struct host *h = host_new(sim, "h", 16 << 20);
	struct trial trial = { .host = h, .fail_nth = fail_nth, .forever = forever };
	u64 nr;

	assert_int_equal(host_boot(h), 0);
	assert_int_equal(host_ifup(h, "lo", 0, 0), 0);
	nr = h->kmem.nr_allocs;
	assert_non_null(user_task_create(h, "program", program, &trial));
	sim_run(sim, NSEC_PER_SEC);
	nr = h->kmem.nr_allocs - nr;
	h->kmem.fail_nth = 0;
	h->kmem.fail_forever = false;
	host_shutdown(h);
	host_check_leaks(h);
	if (sim->fault[0])
		printf("allocation %llu: %s\n", (unsigned long long)fail_nth, sim->fault);
	assert_string_equal(sim->fault, "");
	host_free(h);
	sim_free(sim);
	return nr;
}

static void test_each_allocation_fails(void **state)
{
	u64 nr = run(0, false);

	(void)state;
	assert_true(nr > 20);
	for (u64 n = 1; n <= nr; n++) {
		run(n, false);
		run(n, true);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_allocation_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
