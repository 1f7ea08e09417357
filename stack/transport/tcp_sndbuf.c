/*
 * The send buffer grows with the congestion window: when ACKs free memory that a program waits for,
 * tcp_check_space() enlarges the buffer if the window asks for more, and wakes the program.
 */
#include "stack/application/socket.h"
#include "stack/transport/tcp_input.h"

void tcp_sndbuf_expand(struct sock *sk)
{
	TRACE_SK(sk, "let the send buffer hold twice the congestion window");
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 per_mss, nr_segs;
	int sndmem;

	/* what a segment takes, headers and structures included */
	per_mss = max_t(u32, tp->rx_opt.mss_clamp, tp->mss_cache) + MAX_TCP_HEADER + SKB_SHINFO_SIZE;
	per_mss = (u32)roundup_pow_of_two(per_mss) + SKB_STRUCT_SIZE;

	/* the window at the least, and what may be out of order beside it */
	nr_segs = max3((u32)TCP_INIT_CWND, tcp_snd_cwnd(tp), tp->reordering + 1);
	sndmem = (int)(tcp_ca_sndbuf_expand(sk) * nr_segs * per_mss);
	if (sk->sk_sndbuf < sndmem)
		sk->sk_sndbuf = min(sndmem, sock_net(sk)->ipv4.sysctl_tcp_wmem[2]);
}

static bool tcp_should_expand_sndbuf(struct sock *sk)
{
	TRACE_SK(sk, "is it the send buffer that holds the connection up?");
	const struct tcp_sock *tp = tcp_sk(sk);

	if ((sk->sk_userlocks & SOCK_SNDBUF_LOCK) || tcp_under_memory_pressure(sk) ||
	    sk_memory_allocated(sk) >= sk_prot_mem_limits(sk, 0))
		return false;
	return tcp_packets_in_flight(tp) < tcp_snd_cwnd(tp);
}

static void tcp_new_space(struct sock *sk)
{
	TRACE_SK(sk, "there is room to send again: enlarge the buffer if useful, wake the program");

	if (tcp_should_expand_sndbuf(sk)) {
		tcp_sndbuf_expand(sk);
		tcp_sk(sk)->snd_cwnd_stamp = tcp_jiffies32(sk->host);
	}
	sk_call_write_space(sk);
}

void tcp_check_space(struct sock *sk)
{
	TRACE_SK(sk, "does a program wait for room to send?");

	if (!sk->sk_socket || !(sk->sk_socket->flags & BIT(SOCK_NOSPACE)))
		return;
	tcp_new_space(sk);
	if (!(sk->sk_socket->flags & BIT(SOCK_NOSPACE)))
		tcp_chrono_stop(sk, TCP_CHRONO_SNDBUF_LIMITED);
}
