/*
 * A TCP socket that is connected to nothing, on a host without memory or devices: for tests of functions
 * that only compute. Everything is zero but what fake_sock_init() sets.
 */
#ifndef TESTS_STACK_FAKE_SOCK_H
#define TESTS_STACK_FAKE_SOCK_H

#include <stdlib.h>

#include "stack/net.h"
#include "stack/transport/tcp.h"

struct fake_sock {
	struct sim sim;
	struct host host;
	struct net net;
	struct tcp_state tcp;
	struct tcp_sock tp;
};

static inline struct fake_sock *fake_sock_new(void)
{
	struct fake_sock *f = calloc(1, sizeof(*f));
	struct sock *sk = (struct sock *)&f->tp;

	if (!f)
		abort();
	f->host.host = &f->host;
	f->host.sim = &f->sim;
	f->host.net = &f->net;
	f->net.host = &f->host;
	f->net.tcp = &f->tcp;
	f->tcp.host = &f->host;
	sk->host = &f->host;
	sk->sk_state = TCP_ESTABLISHED;
	sk->sk_pacing_rate = ~0UL;
	sk->sk_pacing_shift = 10;
	sk->sk_gso_max_size = 65536;
	sk->sk_gso_max_segs = 65535;
	tcp_cong_init(&f->net);
	f->tp.snd_cwnd_clamp = ~0U;
	f->tp.snd_ssthresh = TCP_INFINITE_SSTHRESH;
	f->tp.is_cwnd_limited = 1;
	f->net.ipv4.sysctl_tcp_adv_win_scale = 1;
	f->net.ipv4.sysctl_tcp_rmem[2] = 6291456;
	f->net.core.sysctl_rmem_max = 212992;
	return f;
}

/* Virtual time moves on, and the socket has looked at the clock. */
static inline void fake_sock_at(struct fake_sock *f, u64 ns)
{
	f->sim.now = ns;
	f->tp.tcp_clock_cache = ns;
	f->tp.tcp_mstamp = ns / NSEC_PER_USEC;
}

static inline struct sock *fake_sk(struct fake_sock *f)
{
	return (struct sock *)&f->tp;
}

#endif
