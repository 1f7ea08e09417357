/*
 * One frame from the wire into a host with sockets of every kind.
 *
 * The first byte says what is put right (checksums, the destination's address), the rest is the frame.
 */
#include <arpa/inet.h>
#include <netpacket/packet.h>

#include "stack/application/syscalls.h"
#include "tests/fuzz/bed.h"

static void sockets(void *arg)
{
	struct bed *b = arg;
	struct task_struct *t = current(b->host);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(80) };
	struct ip_mreqn group = { .imr_multiaddr.s_addr = inet_addr("239.1.1.1") };
	int fd = (int)sys_socket(t, AF_INET, SOCK_STREAM, 0), on = 1;

	sys_bind(t, fd, (struct sockaddr *)&a, sizeof(a));
	sys_listen(t, fd, 2);
	fd = (int)sys_socket(t, AF_INET, SOCK_DGRAM, 0);
	sys_setsockopt(t, fd, IPPROTO_IP, IP_RECVOPTS, &on, sizeof(on));
	sys_setsockopt(t, fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group));
	sys_bind(t, fd, (struct sockaddr *)&a, sizeof(a));
	sys_socket(t, AF_INET, SOCK_RAW, IPPROTO_ICMP);
	sys_socket(t, AF_INET, SOCK_RAW, 253);
	sys_socket(t, AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	sys_socket(t, AF_PACKET, SOCK_RAW, htons(3));
	sys_socket(t, AF_PACKET, SOCK_DGRAM, htons(0x800));
	sys_poll(t, NULL, 0, -1); /* they stay open */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t frame[FRAME_MAX];
	unsigned n = size > FRAME_MAX ? FRAME_MAX : (unsigned)size;
	struct bed b;

	if (size < 2)
		return 0;
	memcpy(frame, data + 1, --n);
	if (data[0] & 1 && n > 6)
		memcpy(frame, data[0] & 2 ? "\xff\xff\xff\xff\xff\xff" : "\x52\x54\x00\x12\x34\x01", 6);
	if (data[0] & 4)
		bed_fix_sums(frame, n);
	bed_init(&b, data[0] & 16, data[0] & 32);
	user_task_create(b.host, "sockets", sockets, &b);
	bed_run(&b, NSEC_PER_MSEC);
	bed_send(&b, frame, n);
	bed_run(&b, 100 * NSEC_PER_MSEC);
	if (data[0] &
	    8) { /* and again: duplicates, reassembly, replies from the neighbour that is now known */
		bed_send(&b, frame, n);
		bed_run(&b, 40 * NSEC_PER_SEC);
	}
	bed_free(&b);
	return 0;
}
