/*
 * UDP: the life of a socket from socket() to close(), its operations, and UDP at boot.
 *
 *	CLOSE: no peer -> connect() -> ESTABLISHED: a peer, a route -> connect(AF_UNSPEC): CLOSE
 */
#include "stack/transport/udp.h"

#include <sys/ioctl.h>

#include "stack/application/file.h"
#include "stack/application/socket.h"
#include "stack/internet/protocol.h"
#include "stack/transport/datagram.h"

#ifndef SIOCINQ
#define SIOCINQ FIONREAD
#define SIOCOUTQ TIOCOUTQ
#endif

/* ---- socket() and close() ---- */

/* Frees what nobody read, and gives back all that was charged for it. */
void udp_destruct_common(struct sock *sk)
{
	TRACE_SK(sk, "drop the datagrams that nobody read");
	struct udp_sock *up = udp_sk(sk);
	unsigned int total = 0;
	struct sk_buff *skb;

	skb_queue_splice_tail_init(&sk->sk_receive_queue, &up->reader_queue);
	while ((skb = __skb_dequeue(&up->reader_queue)) != NULL) {
		total += skb->truesize;
		kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_CLOSE);
	}
	udp_rmem_release(sk, total, 0, true);
}

static void udp_destruct_sock(struct sock *sk)
{
	TRACE_SK(sk, "free what the socket still holds");

	udp_destruct_common(sk);
	inet_sock_destruct(sk);
}

int udp_init_sock(struct sock *sk)
{
	TRACE_SK_IN(sk, IN_TASK, "prepare udp socket");

	skb_queue_head_init(&udp_sk(sk)->reader_queue);
	sk->sk_destruct = udp_destruct_sock;
	return 0;
}

void udp_destroy_sock(struct sock *sk)
{
	TRACE_SK(sk, "the socket is being closed: throw an unfinished datagram away");
	bool slow = lock_sock_fast(sk);

	sock_set_flag(sk, SOCK_DEAD);
	udp_flush_pending_frames(sk);
	unlock_sock_fast(sk, slow);
}

void udp_lib_close(struct sock *sk, long timeout __maybe_unused)
{
	sk_common_release(sk);
}

/* ---- no peer any more ---- */

int __udp_disconnect(struct sock *sk, int flags __maybe_unused)
{
	TRACE_SK(sk, "forget the peer, and what the connection chose: address and port");
	struct inet_sock *inet = inet_sk(sk);

	TRACE_STEP(sk, "change state to CLOSE: no peer");
	sk->sk_state = TCP_CLOSE;
	inet->inet_daddr = 0;
	inet->inet_dport = 0;
	sk->sk_bound_dev_if = 0;
	if (!(sk->sk_userlocks & SOCK_BINDADDR_LOCK)) {
		inet->inet_rcv_saddr = inet->inet_saddr = 0;
		if (sk->sk_prot->rehash && (sk->sk_userlocks & SOCK_BINDPORT_LOCK))
			sk_prot_rehash(sk);
	}
	if (!(sk->sk_userlocks & SOCK_BINDPORT_LOCK)) {
		sk_prot_unhash(sk);
		inet->inet_sport = 0;
	}
	sk_dst_reset(sk);
	return 0;
}

int udp_disconnect(struct sock *sk, int flags)
{
	TRACE_SK_IN(sk, IN_TASK, "forget the peer");

	lock_sock(sk);
	__udp_disconnect(sk, flags);
	release_sock(sk);
	return 0;
}

/* Ends a socket from outside (ss -K). */
int udp_abort(struct sock *sk, int err)
{
	TRACE_SK_IN(sk, IN_TASK, "end the socket with an error");

	lock_sock(sk);
	if (!sock_flag(sk, SOCK_DEAD)) {
		sk->sk_err = err;
		sk_error_report(sk);
		__udp_disconnect(sk, 0);
	}
	release_sock(sk);
	return 0;
}

/* ---- questions ---- */

unsigned int udp_poll(struct file *file, struct socket *sock, struct poll_table_struct *wait)
{
	TRACE(sock, "what can the program do with the socket now?");
	unsigned int mask = datagram_poll(file, sock, wait);
	struct sock *sk = sock->sk;

	if (!skb_queue_empty(&udp_sk(sk)->reader_queue))
		mask |= EPOLLIN | EPOLLRDNORM;
	/* A reader that blocks must not be promised a datagram whose checksum is wrong. */
	if ((mask & EPOLLRDNORM) && !(file->f_flags & O_NONBLOCK) && !(sk->sk_shutdown & RCV_SHUTDOWN) &&
	    first_packet_length(sk) == -1)
		mask &= ~(unsigned int)(EPOLLIN | EPOLLRDNORM);
	return mask;
}

int udp_ioctl(struct sock *sk, int cmd, unsigned long arg)
{
	TRACE_SK_IN(sk, IN_TASK, "answer a request: length of the next datagram, bytes unsent?");
	int amount;

	switch (cmd) {
	case SIOCOUTQ:
		amount = sk_wmem_alloc_get(sk);
		break;
	case SIOCINQ:
		amount = max(0, first_packet_length(sk));
		break;
	default:
		return -ENOIOCTLCMD;
	}
	if (!arg)
		return -EFAULT;
	*(int *)arg = amount;
	return 0;
}

/* ---- boot ---- */

/* Limits by the host's memory, as a Linux computes them at boot. */
static void udp_init_mem(struct netns_ipv4 *ipv4, const struct host *host)
{
	long limit = max((long)(host->ram.size / PAGE_SIZE) / 8, 128l);

	ipv4->sysctl_udp_mem[0] = limit / 4 * 3;
	ipv4->sysctl_udp_mem[1] = limit;
	ipv4->sysctl_udp_mem[2] = ipv4->sysctl_udp_mem[0] * 2;
	ipv4->sysctl_udp_rmem_min = SK_MEM_QUANTUM;
	ipv4->sysctl_udp_wmem_min = SK_MEM_QUANTUM;
}

int udp_init(struct host *host)
{
	TRACE(host, "initialize UDP: sysctls, tables");
	struct udp_state *st = kzalloc(host, sizeof(*st));

	if (!st)
		return -ENOMEM;
	st->host = host;
	random_init(&st->random, host->sim, host->name, "udp");
	st->portaddr_key = random_u32(&st->random);
	udp_init_mem(&host->net->ipv4, host);
	host->net->udp = st;
	return 0;
}

/* All sockets are closed; those that somebody could still look at go now. */
void udp_exit(struct host *host)
{
	struct udp_state *st = host->net->udp;

	if (!st)
		return;
	rcu_barrier(host);
	SIM_BUG_ON(host, st->memory_allocated);
	udp_table_free(host, &st->table);
	kfree(host, st);
	host->net->udp = NULL;
}

static long *udp_memory_allocated(struct net *net)
{
	return &udp_host(net)->memory_allocated;
}

static const long *udp_sysctl_mem(struct net *net)
{
	return net->ipv4.sysctl_udp_mem;
}

static int *udp_sysctl_wmem(struct net *net)
{
	return &net->ipv4.sysctl_udp_wmem_min;
}

static int *udp_sysctl_rmem(struct net *net)
{
	return &net->ipv4.sysctl_udp_rmem_min;
}

/* ---- operations ---- */

const struct proto udp_prot = {
	.close = udp_lib_close,
	.connect = ip4_datagram_connect,
	.disconnect = udp_disconnect,
	.ioctl = udp_ioctl,
	.init = udp_init_sock,
	.destroy = udp_destroy_sock,
	.setsockopt = udp_setsockopt,
	.getsockopt = udp_getsockopt,
	.sendmsg = udp_sendmsg,
	.recvmsg = udp_recvmsg,
	.release_cb = ip4_datagram_release_cb,
	.hash = udp_lib_hash,
	.unhash = udp_lib_unhash,
	.rehash = udp_v4_rehash,
	.get_port = udp_v4_get_port,
	.memory_allocated = udp_memory_allocated,
	.sysctl_mem = udp_sysctl_mem,
	.sysctl_wmem = udp_sysctl_wmem,
	.sysctl_rmem = udp_sysctl_rmem,
	.obj_size = sizeof(struct udp_sock),
	.name = "UDP",
};

const struct net_protocol udp_protocol = {
	.early_demux = udp_v4_early_demux,
	.handler = udp_rcv,
	.err_handler = udp_err,
	.no_policy = 1,
};
