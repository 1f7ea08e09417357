/*
 * UDP input: datagrams made by hand, good and bad, what is counted and who gets what; ICMP errors about ours;
 * and all of it with each allocation failing in turn.
 */
#include "tests/stack/ip_bench.h"

#include "stack/application/syscalls.h"
#include "stack/transport/udp.h"

#define PORT 5000
#define CONTROL 5001 /* a datagram there makes the program read all that it has */

struct reader {
	struct ip_bench *b;
	int rcvbuf, nr, lengths[64];
	struct sockaddr_in from;
	char data[2048];
};

/* Outlives the test: programs end when the host is torn down. */
static struct reader *new_reader(struct reader r)
{
	static struct reader reader;

	reader = r;
	return &reader;
}

static struct sockaddr_in at(u16 port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
}

static int open_port(struct task_struct *t, u16 port)
{
	struct sockaddr_in sa = at(port);
	int fd = (int)sys_socket(t, AF_INET, SOCK_DGRAM, 0);

	if (sys_bind(t, fd, (void *)&sa, sizeof(sa)) < 0)
		return -1;
	return fd;
}

static void read_on_command(void *arg)
{
	struct reader *r = arg;
	struct task_struct *t = current(r->b->host);
	int fd = open_port(t, PORT), control = open_port(t, CONTROL), len;
	long n;

	if (r->rcvbuf)
		sys_setsockopt(t, fd, SOL_SOCKET, SO_RCVBUF, &r->rcvbuf, sizeof(r->rcvbuf));
	while (sys_recv(t, control, r->data, sizeof(r->data), 0) >= 0) {
		len = sizeof(r->from);
		while ((n = sys_recvfrom(t, fd, r->data, sizeof(r->data), MSG_DONTWAIT, (void *)&r->from,
					 &len)) >= 0)
			r->lengths[r->nr++ % 64] = (int)n;
	}
}

static void start(struct ip_bench *b, struct reader *r)
{
	r->b = b;
	assert_non_null(user_task_create(b->host, "reader", read_on_command, r));
	bench_run(b, SEC / 100);
}

static u64 udp_stat(const struct ip_bench *b, int field)
{
	return b->net->mib.udp_statistics[field];
}

static bool pick_udp(struct sock *sk, void *arg)
{
	if (sk->sk_type == SOCK_DGRAM && sk->sk_protocol == IPPROTO_UDP && inet_sk(sk)->inet_num == PORT)
		*(struct sock **)arg = sk;
	return true;
}

static struct sock *socket_of(struct ip_bench *b)
{
	struct sock *sk = NULL;

	sk_for_each_of_host(b->host, pick_udp, &sk);
	return sk;
}

/* A datagram and what is wrong with it. */
struct gram {
	u16 sport, dport; /* 0: 1234, PORT */
	unsigned len;	  /* of the data; 0: 10 */
	int ulen_off;	  /* the length field is so much off */
	unsigned cut;	  /* so many bytes are missing at the end of the IP packet */
	bool no_check, bad_check, broadcast;
};

static void receive(struct ip_bench *b, struct gram g)
{
	u8 msg[8 + 2000];
	unsigned data = g.len ? g.len : 10, len = 8 + data, ulen = len + (unsigned)g.ulen_off;
	struct iphdr iph = bench_header(b, IPPROTO_UDP, len - g.cut);
	u16 field[4] = { htons(g.sport ? g.sport : 1234), htons(g.dport ? g.dport : PORT), htons((u16)ulen),
			 0 };
	unsigned sum_len = min(ulen, len);

	if (g.broadcast)
		iph.daddr = inet_addr("10.0.0.255");
	memcpy(msg, field, 8);
	for (unsigned i = 0; i < data; i++)
		msg[8 + i] = (u8)i;
	field[3] = csum_tcpudp_magic(iph.saddr, iph.daddr, ulen, IPPROTO_UDP,
				     csum_partial(msg, (int)sum_len, 0));
	if (g.bad_check)
		field[3] ^= 0x55;
	if (!g.no_check)
		memcpy(msg + 6, &field[3], 2);
	bench_receive(b, b->dev, &iph, 20, true, msg, len - g.cut);
}

static void read_all(struct ip_bench *b)
{
	receive(b, (struct gram){ .dport = CONTROL });
	bench_run(b, SEC / 100);
}

/* What must be counted: in that order. */
static void counted(struct ip_bench *b, u64 errors, u64 csum, u64 noports, enum skb_drop_reason reason,
		    u64 drops)
{
	assert_int_equal(udp_stat(b, UDP_MIB_INERRORS), errors);
	assert_int_equal(udp_stat(b, UDP_MIB_CSUMERRORS), csum);
	assert_int_equal(udp_stat(b, UDP_MIB_NOPORTS), noports);
	assert_int_equal(skb_drop_count(b->net, reason), drops);
}

static void test_good(void **state)
{
	struct ip_bench *b = *state;
	struct reader *r = new_reader((struct reader){ 0 });

	start(b, r);
	receive(b, (struct gram){ .len = 10 });
	receive(b, (struct gram){ .len = 500 });
	receive(b, (struct gram){ .len = 20, .no_check = true });
	receive(b, (struct gram){ .len = 30, .ulen_off = -10 }); /* the IP packet is longer */
	read_all(b);
	assert_int_equal(r->nr, 4);
	assert_int_equal(r->lengths[0], 10);
	assert_int_equal(r->lengths[1], 500);
	assert_int_equal(r->lengths[2], 20);
	assert_int_equal(r->lengths[3], 20);
	assert_int_equal(r->data[19], 19);
	assert_int_equal(r->from.sin_addr.s_addr, inet_addr(PEER));
	assert_int_equal(ntohs(r->from.sin_port), 1234);
	counted(b, 0, 0, 0, SKB_DROP_REASON_UDP_CSUM, 0);
	assert_int_equal(udp_stat(b, UDP_MIB_INDATAGRAMS), 5); /* with the command */
	assert_int_equal(b->seen->ip, 0);
}

static void test_lengths(void **state)
{
	struct ip_bench *b = *state;
	struct reader *r = new_reader((struct reader){ 0 });

	start(b, r);
	receive(b, (struct gram){ .ulen_off = -11 }); /* 7: less than the header */
	receive(b, (struct gram){ .ulen_off = -18 }); /* 0 */
	receive(b, (struct gram){ .ulen_off = 1 });   /* more than there is */
	receive(b, (struct gram){ .ulen_off = 60000 });
	receive(b, (struct gram){ .cut = 11 }); /* a header of 7 bytes */
	receive(b, (struct gram){ .cut = 18 }); /* none at all */
	receive(b, (struct gram){ .cut = 1 });
	read_all(b);
	assert_int_equal(r->nr, 0);
	counted(b, 7, 0, 0, SKB_DROP_REASON_PKT_TOO_SMALL, 7);
	assert_int_equal(b->seen->ip, 0);
}

static void test_checksums(void **state)
{
	struct ip_bench *b = *state;
	struct reader *r = new_reader((struct reader){ 0 });

	start(b, r);
	receive(b, (struct gram){ .bad_check = true }); /* short: found out at once */
	counted(b, 1, 1, 0, SKB_DROP_REASON_UDP_CSUM, 1);
	receive(b, (struct gram){ .len = 500, .bad_check = true }); /* long: when it is read */
	counted(b, 1, 1, 0, SKB_DROP_REASON_UDP_CSUM, 1);
	receive(b, (struct gram){ .len = 600 });
	read_all(b);
	counted(b, 2, 2, 0, SKB_DROP_REASON_UDP_CSUM, 2);
	assert_int_equal(r->nr, 1);
	assert_int_equal(r->lengths[0], 600);
	/* for nobody: dropped without a word */
	receive(b, (struct gram){ .dport = 9, .len = 500, .bad_check = true });
	bench_run(b, SEC / 100);
	counted(b, 3, 3, 0, SKB_DROP_REASON_UDP_CSUM, 3);
	assert_int_equal(b->seen->ip, 0);
	assert_int_equal(socket_of(b)->sk_rmem_alloc, 0);
}

static void test_nobody(void **state)
{
	struct ip_bench *b = *state;
	struct reader *r = new_reader((struct reader){ 0 });

	receive(b, (struct gram){ .len = 500 }); /* before any socket was bound */
	start(b, r);
	receive(b, (struct gram){ .dport = 9 });
	receive(b, (struct gram){ .sport = 5, .dport = 65535 });
	bench_run(b, SEC / 100);
	counted(b, 0, 0, 3, SKB_DROP_REASON_NO_SOCKET, 3);
	assert_int_equal(b->seen->icmp[ICMP_DEST_UNREACH], 3);
	assert_int_equal(b->seen->last[20 + 1], ICMP_PORT_UNREACH);
	/* never in answer to a broadcast */
	receive(b, (struct gram){ .dport = 9, .broadcast = true });
	bench_run(b, SEC / 100);
	assert_int_equal(udp_stat(b, UDP_MIB_IGNOREDMULTI), 1);
	assert_int_equal(b->seen->icmp[ICMP_DEST_UNREACH], 3);
	receive(b, (struct gram){ .broadcast = true });
	read_all(b);
	assert_int_equal(r->nr, 1);
	/* a storm is answered within limits */
	for (int i = 0; i < 1000; i++)
		receive(b, (struct gram){ .dport = 9 });
	assert_in_range(b->seen->icmp[ICMP_DEST_UNREACH], 3, 20);
}

static void test_overflow(void **state)
{
	struct ip_bench *b = *state;
	struct reader *r = new_reader((struct reader){ .rcvbuf = 16384 });
	struct sock *sk;
	u64 dropped;

	start(b, r);
	sk = socket_of(b);
	for (int i = 0; i < 1000; i++) {
		receive(b, (struct gram){ .len = 100 });
		assert_in_range(sk->sk_rmem_alloc, 1, 2 * 16384 + 4096);
	}
	dropped = udp_stat(b, UDP_MIB_RCVBUFERRORS);
	assert_in_range(dropped, 900, 999);
	assert_int_equal(sk->sk_drops, dropped);
	counted(b, dropped, 0, 0, SKB_DROP_REASON_SOCKET_RCVBUFF, dropped);
	read_all(b);
	assert_int_equal((u64)r->nr + dropped, 1000);
	assert_int_equal(sk->sk_rmem_alloc, 0);
	receive(b, (struct gram){ .len = 100 });
	read_all(b);
	assert_int_equal((u64)r->nr + dropped, 1001);
}

static void test_memory_limit(void **state)
{
	struct ip_bench *b = *state;
	struct reader *r = new_reader((struct reader){ 0 });

	start(b, r);
	for (int i = 0; i < 3; i++)
		b->net->ipv4.sysctl_udp_mem[i] = 8; /* pages */
	b->net->ipv4.sysctl_udp_rmem_min = 0;
	for (int i = 0; i < 100; i++)
		receive(b, (struct gram){ .len = 1000 });
	assert_in_range(udp_stat(b, UDP_MIB_MEMERRORS), 80, 98);
	assert_int_equal(udp_stat(b, UDP_MIB_INERRORS), udp_stat(b, UDP_MIB_MEMERRORS));
	assert_int_equal(udp_stat(b, UDP_MIB_RCVBUFERRORS), 0);
	assert_in_range(b->net->udp->memory_allocated, 1, 8);
}

/* ---- errors about our datagrams ---- */

struct sender {
	struct ip_bench *b;
	bool recverr;
	int fd;
	long results[8];
	int nr, port;
};

static struct sender *new_sender(struct sender s)
{
	static struct sender sender;

	sender = s;
	return &sender;
}

/* Connected to the peer's port 7: tells what each recv() says. */
static void send_and_listen(void *arg)
{
	struct sender *s = arg;
	struct task_struct *t = current(s->b->host);
	struct sockaddr_in sa = at(7), me;
	int len = sizeof(me), one = 1;
	char buf[16];

	sa.sin_addr.s_addr = inet_addr(PEER);
	s->fd = (int)sys_socket(t, AF_INET, SOCK_DGRAM, 0);
	sys_connect(t, s->fd, (void *)&sa, sizeof(sa));
	if (s->recverr)
		sys_setsockopt(t, s->fd, SOL_IP, IP_RECVERR, &one, sizeof(one));
	sys_send(t, s->fd, "hello", 5, 0);
	sys_getsockname(t, s->fd, (void *)&me, &len);
	s->port = ntohs(me.sin_port);
	for (;;) {
		long r = sys_recv(t, s->fd, buf, sizeof(buf), 0);

		if (signal_pending(t))
			return;
		s->results[s->nr++ % 8] = r;
	}
}

/* An ICMP error that quotes `quoted` bytes of our datagram. */
static void complain(struct ip_bench *b, const struct sender *s, u8 type, u8 code, u32 info, unsigned quoted)
{
	u8 msg[8 + 28];
	struct iphdr outer = bench_header(b, IPPROTO_ICMP, 8 + quoted),
		     inner = bench_header(b, IPPROTO_UDP, 13);
	u16 ports[4] = { htons((u16)s->port), htons(7), htons(13), 0 };
	__sum16 sum;

	inner.saddr = outer.daddr;
	inner.daddr = outer.saddr;
	inner.check = ip_fast_csum(&inner, 5);
	memset(msg, 0, sizeof(msg));
	msg[0] = type;
	msg[1] = code;
	info = htonl(info);
	memcpy(msg + 4, &info, 4);
	memcpy(msg + 8, &inner, 20);
	memcpy(msg + 28, ports, 8);
	sum = csum_fold(csum_partial(msg, (int)(8 + quoted), 0));
	memcpy(msg + 2, &sum, 2);
	bench_receive(b, b->dev, &outer, 20, true, msg, 8 + quoted);
	bench_run(b, SEC / 100);
}

static void start_sender(struct ip_bench *b, struct sender *s)
{
	s->b = b;
	assert_non_null(user_task_create(b->host, "sender", send_and_listen, s));
	bench_run(b, SEC / 100);
	assert_int_equal(b->seen->ip, 1);
	assert_int_equal(s->nr, 0);
}

static void test_icmp_errors(void **state)
{
	struct ip_bench *b = *state;
	struct sender *s = new_sender((struct sender){ 0 });

	start_sender(b, s);
	complain(b, s, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0, 28); /* may pass: not for the program */
	complain(b, s, ICMP_DEST_UNREACH, ICMP_NET_UNREACH, 0, 28);
	complain(b, s, ICMP_TIME_EXCEEDED, 0, 0, 28);
	complain(b, s, ICMP_SOURCE_QUENCH, 0, 0, 28);
	assert_int_equal(s->nr, 0);
	complain(b, s, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, 28);
	complain(b, s, ICMP_DEST_UNREACH, ICMP_PROT_UNREACH, 0, 28);
	complain(b, s, ICMP_DEST_UNREACH, ICMP_PKT_FILTERED, 0, 28);
	complain(b, s, ICMP_PARAMETERPROB, 0, 0, 28);
	complain(b, s, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 1000, 28);
	assert_int_equal(s->nr, 5);
	assert_int_equal(s->results[0], -ECONNREFUSED);
	assert_int_equal(s->results[1], -ENOPROTOOPT);
	assert_int_equal(s->results[2], -EHOSTUNREACH);
	assert_int_equal(s->results[3], -EPROTO);
	assert_int_equal(s->results[4], -EMSGSIZE);
	/* about a datagram that nobody sent, and quotes without ports */
	assert_int_equal(icmp_stat(b, ICMP_MIB_INERRORS), 0);
	s->port ^= 1;
	complain(b, s, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, 28);
	assert_int_equal(icmp_stat(b, ICMP_MIB_INERRORS), 1);
	s->port ^= 1;
	complain(b, s, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, 24);
	complain(b, s, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, 12);
	assert_int_equal(icmp_stat(b, ICMP_MIB_INERRORS), 3);
	assert_int_equal(s->nr, 5);
}

static bool pick_connected(struct sock *sk, void *arg)
{
	if (sk->sk_type == SOCK_DGRAM && sk->sk_state == TCP_ESTABLISHED)
		*(struct sock **)arg = sk;
	return true;
}

static void test_icmp_errors_recverr(void **state)
{
	struct ip_bench *b = *state;
	struct sender *s = new_sender((struct sender){ .recverr = true });
	struct sock *sk = NULL;

	start_sender(b, s);
	complain(b, s, ICMP_TIME_EXCEEDED, 0, 0, 28);
	complain(b, s, ICMP_DEST_UNREACH, ICMP_NET_UNREACH, 0, 28);
	complain(b, s, ICMP_SOURCE_QUENCH, 0, 0, 28);
	assert_int_equal(s->nr, 2);
	assert_int_equal(s->results[0], -EHOSTUNREACH);
	assert_int_equal(s->results[1], -ENETUNREACH);
	/* a storm of them: the queue of errors is bounded by the receive buffer */
	for (int i = 0; i < 1000; i++)
		complain(b, s, ICMP_TIME_EXCEEDED, 0, 0, 28);
	sk_for_each_of_host(b->host, pick_connected, &sk);
	assert_non_null(sk);
	assert_in_range(sk->sk_rmem_alloc, sk->sk_rcvbuf / 2, sk->sk_rcvbuf);
	assert_in_range(skb_queue_len(&sk->sk_error_queue), 50, 500);
}

/* ---- memory ---- */

/* Echo over the loopback device in all ways; whatever fails, the next step is tried all the same. */
static void all_ways(void *arg)
{
	struct host *h = arg;
	struct task_struct *t = current(h);
	struct sockaddr_in sa = at(PORT);
	struct timeval tv = { .tv_usec = 10000 };
	int rx = (int)sys_socket(t, AF_INET, SOCK_DGRAM, 0), tx = (int)sys_socket(t, AF_INET, SOCK_DGRAM, 0),
	    one = 1;
	char buf[4000] = "";

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sys_bind(t, rx, (void *)&sa, sizeof(sa));
	sys_setsockopt(t, rx, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	sys_setsockopt(t, tx, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	sys_setsockopt(t, tx, SOL_IP, IP_RECVERR, &one, sizeof(one));
	sys_sendto(t, tx, buf, 100, 0, (void *)&sa, sizeof(sa));
	sys_sendto(t, tx, buf, 4000, 0, (void *)&sa, sizeof(sa));
	sys_recv(t, rx, buf, sizeof(buf), MSG_PEEK);
	sys_recv(t, rx, buf, 10, 0);
	sys_recv(t, rx, buf, sizeof(buf), 0);
	sys_connect(t, tx, (void *)&sa, sizeof(sa));
	sys_send(t, tx, buf, 1000, MSG_MORE);
	sys_send(t, tx, buf, 2000, MSG_MORE);
	sys_send(t, tx, buf, 10, 0);
	sys_recv(t, rx, buf, sizeof(buf), 0);
	sys_send(t, tx, buf, 10, 0); /* left in the queue */
	sa.sin_port = htons(9);
	sys_connect(t, tx, (void *)&sa, sizeof(sa));
	sys_send(t, tx, buf, 10, 0);
	sys_recv(t, tx, buf, sizeof(buf), 0);
	sys_recv(t, tx, buf, sizeof(buf), MSG_ERRQUEUE);
	sys_send(t, tx, buf, 10, 0); /* its error stays in the queue */
	sys_send(t, tx, buf, 10, MSG_MORE);
	sys_close(t, tx);
	sys_close(t, rx);
}

static u64 run_without_memory(u64 fail_nth, bool forever)
{
	struct sim *sim = sim_new(3);
	struct host *h = host_new(sim, "h", 4 << 20);
	u64 nr;

	assert_int_equal(host_boot(h), 0);
	assert_int_equal(host_ifup(h, "lo", 0, 0), 0);
	h->kmem.nr_allocs = 0;
	assert_non_null(user_task_create(h, "all", all_ways, h));
	h->kmem.fail_nth = fail_nth;
	h->kmem.fail_forever = forever;
	sim_run(sim, 100 * SEC);
	h->kmem.fail_nth = 0;
	h->kmem.fail_forever = false;
	nr = h->kmem.nr_allocs;
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
	u64 nr = run_without_memory(0, false);

	(void)state;
	assert_in_range(nr, 30, 1000);
	for (u64 n = 1; n <= nr; n++) {
		run_without_memory(n, false);
		run_without_memory(n, true);
	}
}

/* ---- many sockets ---- */

static void bind_many(void *arg)
{
	struct host *h = arg;
	struct task_struct *t = current(h);

	for (int i = 0; i < 1000; i++) {
		struct sockaddr_in sa = at(0);
		int fd = (int)sys_socket(t, AF_INET, SOCK_DGRAM, 0), len = sizeof(sa);

		if (sys_bind(t, fd, (void *)&sa, sizeof(sa)) || sys_getsockname(t, fd, (void *)&sa, &len) ||
		    ntohs(sa.sin_port) < 32768)
			h->sim->seed = 0; /* noticed below */
	}
	sys_recv(t, 3, &(char){ 0 }, 1, 0); /* for ever */
}

static void test_table_grows(void **state)
{
	struct ip_bench *b = *state;
	struct udp_table *t;

	assert_non_null(user_task_create(b->host, "many", bind_many, b->host));
	bench_run(b, SEC);
	t = &b->net->udp->table;
	assert_int_not_equal(b->sim->seed, 0);
	assert_in_range(t->count, 250, 1000);
	assert_true(t->mask + 1 >= UDP_HTABLE_SIZE_MIN && t->count <= t->mask + 2);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, bench_setup, bench_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_good),	TEST(test_lengths),
		TEST(test_checksums),	TEST(test_nobody),
		TEST(test_overflow),	TEST(test_memory_limit),
		TEST(test_icmp_errors), TEST(test_icmp_errors_recverr),
		TEST(test_table_grows), cmocka_unit_test(test_each_allocation_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
