/*
 * What programs say and are told beside the data: control messages, IP options, segments of one send
 * (UDP_SEGMENT), time stamps, lost packets. Every expected value was got from a real Linux by the same calls
 * over its loopback (65 segments: refused up to 6.8).
 */
#include "tests/stack/ip_bench.h"

#include "stack/application/scm.h"
#include "stack/application/syscalls.h"
#include "stack/internet/errqueue.h"
#include "stack/internet/raw.h"
#include "stack/transport/sock_tstamp.h"
#include "stack/transport/udp.h"

#define PORT 5000
#define FROM_PORT 5001

static const u8 record_route[7] = { 7, 7, 4 };
static const u8 time_stamps[12] = { 68, 12, 5, 1 };

/* A program with a socket that receives at PORT and one that sends from FROM_PORT. The first line of a check
 * that failed is kept: a task must not jump out of itself. */
struct prog {
	struct ip_bench *b;
	void (*body)(struct prog *p);
	struct task_struct *t;
	int rx, tx, failed;
	bool done;
	u8 control[512] __attribute__((aligned(8)));
	u8 data[70000];
	struct user_msghdr got;
	long len;
};

#define CHECK(p, cond) ((cond) || (p)->failed ? (void)0 : (void)((p)->failed = __LINE__))

static struct sockaddr_in lo(u16 port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int udp_at(struct prog *p, u16 port)
{
	struct sockaddr_in sa = lo(port);
	int fd = (int)sys_socket(p->t, AF_INET, SOCK_DGRAM, 0);

	CHECK(p, sys_bind(p->t, fd, (void *)&sa, sizeof(sa)) == 0);
	return fd;
}

static long set_int(struct prog *p, int fd, int level, int name, int val)
{
	return sys_setsockopt(p->t, fd, level, name, &val, sizeof(val));
}

static int get_int(struct prog *p, int fd, int level, int name)
{
	int val = -1, len = sizeof(val);

	CHECK(p, sys_getsockopt(p->t, fd, level, name, &val, &len) == 0);
	return val;
}

/* Sends `len` bytes with one control message (level -1: none). */
static long say(struct prog *p, int level, int type, const void *val, size_t val_len, size_t len)
{
	static u8 payload[70000];
	u8 buf[128] __attribute__((aligned(8))) = { 0 };
	struct cmsghdr *cm = (void *)buf;
	struct sockaddr_in to = lo(PORT);
	struct iovec iov = { payload, len };
	struct user_msghdr m = {
		.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &iov, .msg_iovlen = 1
	};

	if (level >= 0) {
		cm->cmsg_len = CMSG_LEN(val_len);
		cm->cmsg_level = level;
		cm->cmsg_type = type;
		memcpy(CMSG_DATA(cm), val, val_len);
		m.msg_control = buf;
		m.msg_controllen = CMSG_SPACE(val_len);
	}
	return sys_sendmsg(p->t, p->tx, &m, 0);
}

static long say_int(struct prog *p, int level, int type, int val)
{
	return say(p, level, type, &val, sizeof(val), 3);
}

/* Receives at `fd` with room for so many bytes of control messages. */
static long hear(struct prog *p, int fd, size_t room)
{
	static struct iovec iov;

	iov = (struct iovec){ p->data, sizeof(p->data) };
	memset(p->control, 0, sizeof(p->control));
	p->got = (struct user_msghdr){
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = p->control, .msg_controllen = room
	};
	return p->len = sys_recvmsg(p->t, fd, &p->got, MSG_DONTWAIT);
}

/* The control message of this kind, NULL: there is none; *len: of its value. */
static const void *heard(struct prog *p, int level, int type, size_t *len)
{
	struct msghdr m = { .msg_control = p->control, .msg_controllen = p->got.msg_controllen };
	struct cmsghdr *cm;

	for_each_cmsghdr(cm, &m)
	{
		if (!CMSG_OK(&m, cm))
			return NULL;
		if (cm->cmsg_level == level && cm->cmsg_type == type) {
			*len = cm->cmsg_len - CMSG_LEN(0);
			return CMSG_DATA(cm);
		}
	}
	return NULL;
}

static bool heard_is(struct prog *p, int level, int type, const void *val, size_t val_len)
{
	size_t len;
	const void *v = heard(p, level, type, &len);

	return v && len == val_len && !memcmp(v, val, len);
}

static bool heard_int(struct prog *p, int level, int type, int val)
{
	return heard_is(p, level, type, &val, sizeof(val));
}

static void prog_main(void *arg)
{
	struct prog *p = arg;

	p->t = current(p->b->host);
	p->rx = udp_at(p, PORT);
	p->tx = udp_at(p, FROM_PORT);
	p->body(p);
	p->done = true;
}

static void run(struct ip_bench *b, void (*body)(struct prog *p))
{
	static struct prog p;

	p = (struct prog){ .b = b, .body = body };
	assert_int_equal(netdev_set_up(b->net->loopback_dev, true), 0);
	assert_non_null(user_task_create(b->host, "prog", prog_main, &p));
	bench_run(b, SEC);
	assert_true(p.done);
	if (p.failed)
		fail_msg("check in line %d", p.failed);
}

/* ---- IP options ---- */

static long set_options(struct prog *p, const void *opt, int len)
{
	return sys_setsockopt(p->t, p->tx, IPPROTO_IP, IP_OPTIONS, opt, len);
}

static bool options_are(struct prog *p, const void *want, int want_len)
{
	u8 buf[40];
	int len = sizeof(buf);

	return sys_getsockopt(p->t, p->tx, IPPROTO_IP, IP_OPTIONS, buf, &len) == 0 && len == want_len &&
	       !memcmp(buf, want, (size_t)want_len);
}

static void options_body(struct prog *p)
{
	static const u8 bad[2] = { 7, 1 }, padded[8] = { 7, 7, 4 }, recorded[8] = { 7, 7, 8, 127, 0, 0, 1 };
	size_t len;
	const u8 *ts;

	CHECK(p, options_are(p, "", 0));
	CHECK(p, set_options(p, record_route, 7) == 0 && options_are(p, padded, 8));
	CHECK(p, set_options(p, bad, 2) == -EINVAL);
	CHECK(p, set_options(p, p->data, 41) == -EINVAL);
	CHECK(p, options_are(p, padded, 8));
	CHECK(p, set_options(p, NULL, 0) == 0 && options_are(p, "", 0));

	set_int(p, p->rx, IPPROTO_IP, IP_RECVOPTS, 1);
	set_int(p, p->rx, IPPROTO_IP, IP_RETOPTS, 1);
	set_options(p, record_route, 7);
	CHECK(p, say(p, -1, 0, NULL, 0, 1) == 1 && hear(p, p->rx, 256) == 1);
	CHECK(p, heard_is(p, IPPROTO_IP, IP_RECVOPTS, recorded, 8));
	CHECK(p, heard_is(p, IPPROTO_IP, IP_RETOPTS, recorded, 8));
	CHECK(p, set_options(p, time_stamps, 12) == 0 && options_are(p, time_stamps, 12));
	CHECK(p, say(p, -1, 0, NULL, 0, 1) == 1 && hear(p, p->rx, 256) == 1);
	ts = heard(p, IPPROTO_IP, IP_RECVOPTS, &len); /* our entry fills it, the receiver's finds no room */
	CHECK(p, ts && len == 12 && ts[2] == 13 && ts[3] == 0x11);
	set_options(p, NULL, 0);
	CHECK(p, say(p, IPPROTO_IP, IP_RETOPTS, record_route, 7, 3) == 3 && hear(p, p->rx, 256) == 3);
	CHECK(p, heard_is(p, IPPROTO_IP, IP_RECVOPTS, recorded, 8));
	CHECK(p, say(p, IPPROTO_IP, IP_RETOPTS, bad, 2, 3) == -EINVAL);
	CHECK(p, say(p, -1, 0, NULL, 0, 1) == 1 && hear(p, p->rx, 256) == 1);
	CHECK(p, !heard(p, IPPROTO_IP, IP_RECVOPTS, &len));
}

static void test_options(void **state)
{
	run(*state, options_body);
}

/* ---- address, ttl, tos ---- */

static void told_body(struct prog *p)
{
	struct in_pktinfo info = { .ipi_spec_dst.s_addr = inet_addr("127.0.0.9") };
	struct sockaddr_in orig = lo(PORT);
	static const int asked[] = { IP_RECVTOS, IP_RECVTTL, IP_PKTINFO, IP_RECVORIGDSTADDR };
	const struct in_pktinfo *heard_info;
	size_t len;

	for (unsigned i = 0; i < ARRAY_SIZE(asked); i++)
		CHECK(p, set_int(p, p->rx, IPPROTO_IP, asked[i], 1) == 0);
	set_int(p, p->tx, IPPROTO_IP, IP_TOS, 0x10);
	CHECK(p, say(p, -1, 0, NULL, 0, 3) == 3 && hear(p, p->rx, 256) == 3 && p->got.msg_flags == 0);
	CHECK(p, heard_int(p, IPPROTO_IP, IP_TTL, 64) && heard_is(p, IPPROTO_IP, IP_TOS, "\x10", 1));
	CHECK(p, heard_is(p, IPPROTO_IP, IP_ORIGDSTADDR, &orig, sizeof(orig)));
	heard_info = heard(p, IPPROTO_IP, IP_PKTINFO, &len);
	CHECK(p, heard_info && heard_info->ipi_ifindex == 1 &&
			 heard_info->ipi_spec_dst.s_addr == htonl(INADDR_LOOPBACK) &&
			 heard_info->ipi_addr.s_addr == htonl(INADDR_LOOPBACK));
	CHECK(p, say_int(p, IPPROTO_IP, IP_TTL, 9) == 3 && hear(p, p->rx, 256) == 3);
	CHECK(p, heard_int(p, IPPROTO_IP, IP_TTL, 9));
	CHECK(p, say_int(p, IPPROTO_IP, IP_TTL, 0) == -EINVAL);
	CHECK(p, say_int(p, IPPROTO_IP, IP_TTL, 256) == -EINVAL);
	CHECK(p, say(p, IPPROTO_IP, IP_TTL, "\x09", 1, 3) == -EINVAL);
	CHECK(p, say_int(p, IPPROTO_IP, IP_TOS, 0x88) == 3 && hear(p, p->rx, 256) == 3);
	CHECK(p, heard_is(p, IPPROTO_IP, IP_TOS, "\x88", 1));
	CHECK(p, say(p, IPPROTO_IP, IP_TOS, "\x44", 1, 3) == 3 && hear(p, p->rx, 256) == 3);
	CHECK(p, heard_is(p, IPPROTO_IP, IP_TOS, "\x44", 1));
	CHECK(p, say_int(p, IPPROTO_IP, IP_TOS, 256) == -EINVAL);
	CHECK(p, say(p, IPPROTO_IP, IP_TOS, "ab", 2, 3) == -EINVAL);

	CHECK(p, say(p, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info), 3) == 3 && hear(p, p->rx, 256) == 3);
	info.ipi_spec_dst.s_addr = inet_addr("8.8.8.8");
	CHECK(p, say(p, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info), 3) == -ENETUNREACH);
	info = (struct in_pktinfo){ .ipi_ifindex = 77 };
	CHECK(p, say(p, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info), 3) == -ENODEV);
	CHECK(p, say(p, IPPROTO_IP, IP_PKTINFO, "abcd", 4, 3) == -EINVAL);
	CHECK(p, say(p, IPPROTO_IP, 99, "abcd", 4, 3) == -EINVAL);
	CHECK(p, say(p, SOL_SOCKET, 99, "abcd", 4, 3) == -EINVAL);
	CHECK(p, say(p, 99, 99, "abcd", 4, 3) == 3);
	CHECK(p, say_int(p, SOL_SOCKET, SO_MARK, 5) == 3);
	CHECK(p, say_int(p, SOL_SOCKET, SCM_RIGHTS, 0) == 3);
	/* no room for what is told */
	CHECK(p, hear(p, p->rx, 20) == 3 && p->got.msg_flags == MSG_CTRUNC && p->got.msg_controllen == 20);
	CHECK(p, hear(p, p->rx, 0) == 3 && p->got.msg_flags == MSG_CTRUNC && p->got.msg_controllen == 0);
}

static void test_told(void **state)
{
	run(*state, told_body);
}

/* A message whose length does not fit is refused, wherever it lies; nothing is read behind it. */
static void malformed_body(struct prog *p)
{
	u8 buf[48] __attribute__((aligned(8))) = { 0 };
	struct cmsghdr *cm = (void *)buf;
	struct sockaddr_in to = lo(PORT);
	struct iovec iov = { buf, 3 };
	struct user_msghdr m = { .msg_name = &to,
				 .msg_namelen = sizeof(to),
				 .msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = buf };
	static const size_t lens[] = { 0, 1, 15, 25, 1000, SIZE_MAX, SIZE_MAX - 7 };

	cm->cmsg_level = IPPROTO_IP;
	cm->cmsg_type = IP_TTL;
	for (unsigned i = 0; i < ARRAY_SIZE(lens); i++) {
		cm->cmsg_len = lens[i];
		m.msg_controllen = 24;
		CHECK(p, sys_sendmsg(p->t, p->tx, &m, 0) == -EINVAL);
	}
	m.msg_controllen = 15; /* too short to be one: there is none */
	CHECK(p, sys_sendmsg(p->t, p->tx, &m, 0) == 3);
	m.msg_controllen = 20481; /* net.core.optmem_max */
	CHECK(p, sys_sendmsg(p->t, p->tx, &m, 0) == -ENOBUFS);
}

static void test_malformed(void **state)
{
	run(*state, malformed_body);
}

/* ---- one send, many datagrams ---- */

/* The lengths of what has come, as a sum of 1000 * number + bytes of the last. */
static long drain(struct prog *p)
{
	long nr = 0, last = 0, n;

	while ((n = hear(p, p->rx, 0)) >= 0) {
		nr++;
		last = n;
	}
	return nr * 1000 + last;
}

static long segments(struct prog *p, u16 size, size_t len)
{
	return say(p, SOL_UDP, UDP_SEGMENT, &size, sizeof(size), len);
}

static void segment_body(struct prog *p)
{
	CHECK(p, segments(p, 100, 250) == 250 && drain(p) == 3050);
	CHECK(p, segments(p, 100, 200) == 200 && drain(p) == 2100);
	CHECK(p, segments(p, 100, 100) == 100 && drain(p) == 1100);
	CHECK(p, segments(p, 100, 50) == 50 && drain(p) == 1050);
	CHECK(p, segments(p, 10, 640) == 640 && drain(p) == 64010);
	CHECK(p, segments(p, 10, 650) == -EINVAL);
	CHECK(p, segments(p, 0, 50) == 50 && drain(p) == 1050);
	CHECK(p, say(p, SOL_UDP, UDP_SEGMENT, "a", 1, 3) == -EINVAL);
	CHECK(p, say(p, SOL_UDP, 99, "ab", 2, 3) == -EINVAL);
	CHECK(p, set_int(p, p->tx, SOL_UDP, UDP_SEGMENT, -1) == -EINVAL);
	CHECK(p, set_int(p, p->tx, SOL_UDP, UDP_SEGMENT, 65536) == -EINVAL);
	CHECK(p, set_int(p, p->tx, SOL_UDP, UDP_SEGMENT, 65535) == 0);
	CHECK(p, get_int(p, p->tx, SOL_UDP, UDP_SEGMENT) == 65535);
	CHECK(p, say(p, -1, 0, NULL, 0, 3) == -EINVAL); /* does not fit the device */
	CHECK(p, set_int(p, p->tx, SOL_UDP, UDP_SEGMENT, 1000) == 0);
	CHECK(p, say(p, -1, 0, NULL, 0, 2500) == 2500 && drain(p) == 3500);
	/* who asks for it gets them at once, and their length */
	CHECK(p, set_int(p, p->rx, SOL_UDP, UDP_GRO, 1) == 0);
	CHECK(p, say(p, -1, 0, NULL, 0, 2500) == 2500 && hear(p, p->rx, 256) == 2500);
	CHECK(p, heard_int(p, SOL_UDP, UDP_GRO, 1000));
	set_int(p, p->tx, SOL_SOCKET, SO_NO_CHECK, 1);
	CHECK(p, say(p, -1, 0, NULL, 0, 2500) == -EINVAL);
}

static void test_segments(void **state)
{
	run(*state, segment_body);
}

/* To a card that can sum and not gather: the segments leave as datagrams with headers of their own. */
static void wire_body(struct prog *p)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(9),
				  .sin_addr.s_addr = inet_addr(PEER) };
	int fd = (int)sys_socket(p->t, AF_INET, SOCK_DGRAM, 0);

	set_int(p, fd, SOL_UDP, UDP_SEGMENT, 500);
	CHECK(p, sys_sendto(p->t, fd, p->data, 1200, 0, (void *)&to, sizeof(to)) == 1200);
	p->b->dev->features &= ~(NETIF_F_HW_CSUM | NETIF_F_IP_CSUM);
	CHECK(p, sys_sendto(p->t, fd, p->data, 1200, 0, (void *)&to, sizeof(to)) == -EIO);
}

static void test_segments_on_the_wire(void **state)
{
	struct ip_bench *b = *state;
	const struct iphdr *iph = (void *)b->seen->last;
	const struct udphdr *uh = (void *)(b->seen->last + 20);

	b->dev->features |= NETIF_F_IP_CSUM;
	run(b, wire_body);
	assert_int_equal(b->seen->ip, 3);
	assert_int_equal(b->seen->bytes, 1200 + 3 * 8);
	assert_int_equal(ntohs(iph->tot_len), 228);
	assert_int_equal(ntohs(uh->len), 208);
	/* CHECKSUM_PARTIAL: the pseudo header's sum, of the segment's own length */
	assert_int_equal(uh->check, (__sum16)~csum_tcpudp_magic(iph->saddr, iph->daddr, 208, IPPROTO_UDP, 0));
}

/* ---- time stamps, lost packets ---- */

static void lost_body(struct prog *p)
{
	const struct timeval *tv;
	const struct timespec *ts;
	size_t len;
	int got;

	set_int(p, p->rx, SOL_SOCKET, SO_RXQ_OVFL, 1);
	set_int(p, p->rx, SOL_SOCKET, SO_RCVBUF, 1);
	for (int i = 0; i < 60; i++)
		say(p, -1, 0, NULL, 0, 100);
	for (got = 0; hear(p, p->rx, 256) == 100; got++)
		CHECK(p, !heard(p, SOL_SOCKET, SO_RXQ_OVFL, &len));
	CHECK(p, got > 0 && got < 60);
	say(p, -1, 0, NULL, 0, 100);
	CHECK(p, hear(p, p->rx, 256) == 100 && heard_int(p, SOL_SOCKET, SO_RXQ_OVFL, 60 - got));

	CHECK(p, set_int(p, p->rx, SOL_SOCKET, SO_TIMESTAMP, 1) == 0);
	say(p, -1, 0, NULL, 0, 1);
	CHECK(p, hear(p, p->rx, 256) == 1);
	tv = heard(p, SOL_SOCKET, SO_TIMESTAMP, &len);
	CHECK(p, tv && len == sizeof(*tv) && tv->tv_sec == 1735689600 &&
			 !heard(p, SOL_SOCKET, SO_TIMESTAMPNS, &len));
	set_int(p, p->rx, SOL_SOCKET, SO_TIMESTAMPNS, 1);
	CHECK(p, get_int(p, p->rx, SOL_SOCKET, SO_TIMESTAMP) == 0);
	CHECK(p, get_int(p, p->rx, SOL_SOCKET, SO_TIMESTAMPNS) == 1);
	say(p, -1, 0, NULL, 0, 1);
	CHECK(p, hear(p, p->rx, 256) == 1);
	ts = heard(p, SOL_SOCKET, SO_TIMESTAMPNS, &len);
	CHECK(p, ts && len == sizeof(*ts) && !heard(p, SOL_SOCKET, SO_TIMESTAMP, &len));
	set_int(p, p->rx, SOL_SOCKET, SO_TIMESTAMPNS, 0);
	say(p, -1, 0, NULL, 0, 1);
	CHECK(p, hear(p, p->rx, 256) == 1 && !heard(p, SOL_SOCKET, SO_TIMESTAMPNS, &len));
}

static void test_lost_and_stamped(void **state)
{
	run(*state, lost_body);
}

/* ---- raw sockets ---- */

static void raw_body(struct prog *p)
{
	static u8 packet[40] = { 0x45 };
	struct sockaddr_in to = lo(0);
	int raw = (int)sys_socket(p->t, AF_INET, SOCK_RAW, 253), ttl = 7;
	u8 buf[64] __attribute__((aligned(8))) = { 0 };
	struct cmsghdr *cm = (void *)buf;
	struct iovec iov = { packet, 10 };
	struct user_msghdr m = { .msg_name = &to,
				 .msg_namelen = sizeof(to),
				 .msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = buf,
				 .msg_controllen = CMSG_SPACE(sizeof(ttl)) };

	CHECK(p, set_int(p, p->tx, IPPROTO_IP, IP_ROUTER_ALERT, 1) == -EINVAL);
	CHECK(p, set_int(p, raw, IPPROTO_IP, IP_ROUTER_ALERT, 1) == 0);
	CHECK(p, set_int(p, raw, IPPROTO_IP, IP_ROUTER_ALERT, 1) == -EADDRINUSE);
	CHECK(p, set_int(p, raw, IPPROTO_IP, IP_ROUTER_ALERT, 0) == 0);
	CHECK(p, set_int(p, raw, IPPROTO_IP, IP_ROUTER_ALERT, 0) == -ENOBUFS);
	CHECK(p, set_int(p, raw, IPPROTO_IP, IP_ROUTER_ALERT, 1) == 0); /* close() ends it */

	cm->cmsg_len = CMSG_LEN(sizeof(ttl));
	cm->cmsg_level = IPPROTO_IP;
	cm->cmsg_type = IP_TTL;
	memcpy(CMSG_DATA(cm), &ttl, sizeof(ttl));
	CHECK(p, sys_setsockopt(p->t, raw, IPPROTO_IP, IP_OPTIONS, record_route, 7) == 0);
	CHECK(p, sys_sendmsg(p->t, raw, &m, 0) == 10);
	CHECK(p, hear(p, raw, 0) == 38 && p->data[0] == 0x47 && p->data[8] == 7 && p->data[20] == 7);
	set_int(p, raw, IPPROTO_IP, IP_HDRINCL, 1);
	CHECK(p, sys_sendto(p->t, raw, packet, 40, 0, (void *)&to, sizeof(to)) == -EINVAL);
}

static void test_raw(void **state)
{
	run(*state, raw_body);
}

/* A router's daemon gets what bears the router alert option, in place of the next hop: fragments as a whole.
 */
static void alert_body(struct prog *p)
{
	struct ip_bench *b = p->b;
	struct iphdr iph = bench_header(b, 253, 16);
	u8 header[24];
	int raw = (int)sys_socket(p->t, AF_INET, SOCK_RAW, 253);

	set_int(p, raw, IPPROTO_IP, IP_ROUTER_ALERT, 1);
	iph.ihl = 6;
	iph.tot_len = htons(40);
	iph.daddr = inet_addr("10.0.1.9");
	memcpy(header + 20, "\x94\x04\0\0", 4);
	memcpy(header, &iph, 20);
	bench_receive(b, b->dev, header, 24, true, p->data, 16);
	CHECK(p, hear(p, raw, 0) == 40);
	iph.frag_off = htons(IP_MF);
	memcpy(header, &iph, 20);
	bench_receive(b, b->dev, header, 24, true, p->data, 16);
	CHECK(p, hear(p, raw, 0) == -EAGAIN);
	iph.frag_off = htons(2);
	memcpy(header, &iph, 20);
	bench_receive(b, b->dev, header, 24, true, p->data, 16);
	CHECK(p, hear(p, raw, 0) == 56);
}

static void test_router_alert(void **state)
{
	struct ip_bench *b = *state;

	assert_int_equal(ip_addr_add(b->host, b->dev->name, inet_addr("10.0.1.1"), 24), 0);
	inet_forward_change(b->net, true);
	run(b, alert_body);
	assert_int_equal(b->seen->ip, 0);
}

/* The next message of tx's error queue is this one. */
static void told_error(struct prog *p, u8 origin, u8 code, u32 info, u32 data, long len)
{
	static struct iovec iov;
	const struct sock_extended_err *ee;
	size_t n;

	iov = (struct iovec){ p->data, sizeof(p->data) };
	p->got = (struct user_msghdr){ .msg_iov = &iov,
				       .msg_iovlen = 1,
				       .msg_control = p->control,
				       .msg_controllen = sizeof(p->control) };
	CHECK(p, sys_recvmsg(p->t, p->tx, &p->got, MSG_ERRQUEUE | MSG_DONTWAIT) == len);
	CHECK(p, p->got.msg_flags == MSG_ERRQUEUE);
	ee = heard(p, IPPROTO_IP, IP_RECVERR, &n);
	CHECK(p, ee && ee->ee_origin == origin && ee->ee_code == code && ee->ee_info == info &&
			 ee->ee_data == data &&
			 ee->ee_errno == (origin == SO_EE_ORIGIN_ZEROCOPY ? 0 : ENOMSG));
	CHECK(p, (heard(p, SOL_SOCKET, SCM_TIMESTAMPING, &n) != NULL) == (origin != SO_EE_ORIGIN_ZEROCOPY));
}

static void zerocopy_body(struct prog *p)
{
	struct sockaddr_in to = lo(PORT);
	int i, raw = (int)sys_socket(p->t, AF_INET, SOCK_RAW, 200);

	CHECK(p, sys_connect(p->t, p->tx, (void *)&to, sizeof(to)) == 0);
	CHECK(p, set_int(p, p->tx, SOL_SOCKET, SO_ZEROCOPY, 1) == 0);
	CHECK(p, set_int(p, raw, SOL_SOCKET, SO_ZEROCOPY, 1) == -EOPNOTSUPP);
	for (i = 0; i < 3; i++)
		CHECK(p, sys_send(p->t, p->tx, p->data, 100, MSG_ZEROCOPY) == 100);
	told_error(p, SO_EE_ORIGIN_ZEROCOPY, SO_EE_CODE_ZEROCOPY_COPIED, 0, 2, 0);
	/* one datagram of two sends */
	CHECK(p, sys_send(p->t, p->tx, p->data, 100, MSG_ZEROCOPY | MSG_MORE) == 100);
	CHECK(p, sys_send(p->t, p->tx, p->data, 100, MSG_ZEROCOPY) == 100);
	told_error(p, SO_EE_ORIGIN_ZEROCOPY, SO_EE_CODE_ZEROCOPY_COPIED, 3, 4, 0);
	/* in fragments */
	CHECK(p, sys_send(p->t, p->tx, p->data, 65000, MSG_ZEROCOPY) == 65000);
	told_error(p, SO_EE_ORIGIN_ZEROCOPY, SO_EE_CODE_ZEROCOPY_COPIED, 5, 5, 0);
}

/* The queueing discipline (SCHED, 1), then the driver (SND, 0) of each datagram, which is numbered. */
static void tx_stamp_body(struct prog *p)
{
	const int wanted = SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_SOFTWARE |
			   SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
	int i;

	CHECK(p, set_int(p, p->tx, SOL_SOCKET, SO_TIMESTAMPING, 1 << 16) == -EINVAL);
	CHECK(p, set_int(p, p->tx, SOL_SOCKET, SO_TIMESTAMPING, wanted) == 0);
	for (i = 0; i < 2; i++)
		CHECK(p, say(p, -1, 0, NULL, 0, 10) == 10);
	for (i = 0; i < 4; i++)
		told_error(p, SO_EE_ORIGIN_TIMESTAMPING, 0, !(i & 1), (u32)i / 2, 0);
	/* for one message only; the packet comes along, with its link header */
	CHECK(p, set_int(p, p->tx, SOL_SOCKET, SO_TIMESTAMPING,
			 SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID) == 0);
	CHECK(p, say_int(p, SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_SOFTWARE) == -EINVAL);
	CHECK(p, say_int(p, SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_TX_SCHED) == 3);
	told_error(p, SO_EE_ORIGIN_TIMESTAMPING, 0, SCM_TSTAMP_SCHED, 2, ETH_HLEN + 20 + 8 + 3);
	CHECK(p, hear(p, p->tx, 0) == -EAGAIN);
}

static void test_zerocopy(void **state)
{
	run(*state, zerocopy_body);
}

static void test_tx_stamps(void **state)
{
	run(*state, tx_stamp_body);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_options),
		TEST(test_told),
		TEST(test_malformed),
		TEST(test_segments),
		TEST(test_segments_on_the_wire),
		TEST(test_lost_and_stamped),
		TEST(test_zerocopy),
		TEST(test_tx_stamps),
		TEST(test_raw),
		TEST(test_router_alert),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
