/*
 * Congestion control: the list of algorithms, which one a socket uses, and Reno, which the others build on.
 *
 * A socket gets its algorithm when it is made (or by TCP_CONGESTION), and its state is initialised when the
 * connection comes up. The window grows by ACKs: tcp_cong_avoid() > cong_avoid().
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "stack/net.h"
#include "stack/transport/tcp_output.h"

/* All algorithms, in the order they register in. A key is the place plus one. */
static const struct tcp_congestion_ops *const tcp_cong_list[] = {
	&tcp_reno,
	&cubictcp,
	&dctcp,
	&tcp_bbr_cong_ops,
};
#define TCP_CONG_COUNT (sizeof(tcp_cong_list) / sizeof(tcp_cong_list[0]))

/* The algorithm of that name, NULL when there is none. */
const struct tcp_congestion_ops *tcp_ca_find(const char *name)
{
	for (unsigned int i = 0; i < TCP_CONG_COUNT; i++)
		if (!strcmp(tcp_cong_list[i]->name, name))
			return tcp_cong_list[i];
	return NULL;
}

static unsigned int tcp_cong_place(const struct tcp_congestion_ops *ca)
{
	unsigned int i = 0;

	while (tcp_cong_list[i] != ca)
		i++;
	return i;
}

void tcp_cong_init(struct net *net)
{
	TRACE(net,
	      "set the default congestion control, those that anybody may use, and the modules' parameters");

	for (unsigned int i = 0; i < TCP_CONG_COUNT; i++)
		if (tcp_cong_list[i]->flags & TCP_CONG_NON_RESTRICTED)
			net->ipv4.tcp_allowed_ca |= (uint8_t)BIT(i);
	tcp_set_default_congestion_control(net, "cubic");
	net->tcp->cong_params = (struct tcp_cong_params){
		.fast_convergence = 1,
		.tcp_friendliness = 1,
		.hystart = 1,
		.hystart_detect = HYSTART_ACK_TRAIN | HYSTART_DELAY,
		.hystart_low_window = 16,
		.hystart_ack_delta_us = 2000,
		.dctcp_shift_g = 4,
		.dctcp_alpha_on_init = 1024,
	};
}

/* The key of a name, for a route's metric (0: there is none of that name), and whether it wants ECN. */
u32 tcp_ca_get_key_by_name(const char *name, bool *ecn_ca)
{
	const struct tcp_congestion_ops *ca = tcp_ca_find(name);

	if (!ca)
		return 0;
	*ecn_ca = ca->flags & TCP_CONG_NEEDS_ECN;
	return tcp_cong_place(ca) + 1;
}

const char *tcp_ca_get_name_by_key(u32 key)
{
	return key && key <= TCP_CONG_COUNT ? tcp_cong_list[key - 1]->name : NULL;
}

/* The algorithm that a route's metric names by key; 0 names none. */
const struct tcp_congestion_ops *tcp_ca_find_key(struct net *net, u32 key)
{
	(void)net;
	return key && key <= TCP_CONG_COUNT ? tcp_cong_list[key - 1] : NULL;
}

/* Algorithms that want ECN set ECT on every packet, the others leave it to the negotiation. */
static void tcp_ca_set_ecn(struct sock *sk)
{
	if (tcp_ca_needs_ecn(sk))
		INET_ECN_xmit(sk);
	else
		INET_ECN_dontxmit(sk);
}

static void tcp_ca_clear_private(struct sock *sk)
{
	memset(inet_csk(sk)->icsk_ca_priv, 0, sizeof(inet_csk(sk)->icsk_ca_priv));
}

void tcp_assign_congestion_control(struct sock *sk)
{
	TRACE_SK(sk, "give the socket the default congestion control");
	const struct tcp_congestion_ops *ca = tcp_ca_find(sock_net(sk)->ipv4.sysctl_tcp_congestion_control);

	inet_csk(sk)->icsk_ca_ops = ca ? ca : &tcp_reno;
	tcp_ca_clear_private(sk);
	tcp_ca_set_ecn(sk);
}

void tcp_init_congestion_control(struct sock *sk)
{
	TRACE_SK(sk, "start the congestion control for a connection that came up");

	tcp_sk(sk)->prior_ssthresh = 0;
	tcp_ca_init(sk);
	tcp_ca_set_ecn(sk);
	inet_csk(sk)->icsk_ca_initialized = 1;
}

void tcp_cleanup_congestion_control(struct sock *sk)
{
	TRACE_SK(sk, "let the congestion control release what it holds");

	tcp_ca_release(sk);
}

/* Sets the host's default algorithm (net.ipv4.tcp_congestion_control). */
int tcp_set_default_congestion_control(struct net *net, const char *name)
{
	const struct tcp_congestion_ops *ca = tcp_ca_find(name);

	if (!ca)
		return -ENOENT;
	net->ipv4.tcp_allowed_ca |= (uint8_t)BIT(tcp_cong_place(ca));
	memset(net->ipv4.sysctl_tcp_congestion_control, 0, sizeof(net->ipv4.sysctl_tcp_congestion_control));
	strncpy(net->ipv4.sysctl_tcp_congestion_control, ca->name, TCP_CA_NAME_MAX - 1);
	return 0;
}

/* Writes the names of a set of algorithms, a blank between them. */
static void tcp_cong_names(unsigned int set, char *buf, size_t len)
{
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < TCP_CONG_COUNT && used < len; i++)
		if (set & BIT(i))
			used += (size_t)snprintf(buf + used, len - used, "%s%s", used ? " " : "",
						 tcp_cong_list[i]->name);
}

/* net.ipv4.tcp_available_congestion_control */
void tcp_get_available_congestion_control(char *buf, size_t len)
{
	tcp_cong_names(~0u, buf, len);
}

/* net.ipv4.tcp_allowed_congestion_control: what a program without privileges may choose. */
void tcp_get_allowed_congestion_control(const struct net *net, char *buf, size_t len)
{
	tcp_cong_names(net->ipv4.tcp_allowed_ca, buf, len);
}

int tcp_set_allowed_congestion_control(struct net *net, const char *names)
{
	unsigned int set = 0;
	char name[TCP_CA_NAME_MAX];

	for (names += strspn(names, " "); *names; names += strspn(names, " ")) {
		size_t len = strcspn(names, " ");
		const struct tcp_congestion_ops *ca;

		snprintf(name, sizeof(name), "%.*s", (int)len, names);
		ca = tcp_ca_find(name);
		if (!ca)
			return -ENOENT;
		set |= BIT(tcp_cong_place(ca));
		names += len;
	}
	net->ipv4.tcp_allowed_ca = (uint8_t)set;
	return 0;
}

/* Exchanges the algorithm of a socket that may be in the middle of a connection (TCP_CONGESTION). */
int tcp_set_congestion_control(struct sock *sk, const char *name, bool load, bool cap_net_admin)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_congestion_ops *ca = tcp_ca_find(name);

	(void)load;
	if (icsk->icsk_ca_dst_locked)
		return -EPERM;
	if (!ca)
		return -ENOENT;
	icsk->icsk_ca_setsockopt = 1;
	if (ca == icsk->icsk_ca_ops)
		return 0;
	if (!(sock_net(sk)->ipv4.tcp_allowed_ca & BIT(tcp_cong_place(ca))) && !cap_net_admin)
		return -EPERM;

	tcp_cleanup_congestion_control(sk);
	icsk->icsk_ca_ops = ca;
	tcp_ca_clear_private(sk);
	icsk->icsk_ca_initialized = 0;
	if (!((1 << sk->sk_state) & (TCPF_CLOSE | TCPF_LISTEN)))
		tcp_init_congestion_control(sk);
	return 0;
}

void tcp_set_ca_state(struct sock *sk, const u8 ca_state)
{
	TRACE_SK(sk, "change the state of congestion control");

	tcp_ca_set_state(sk, ca_state);
	inet_csk(sk)->icsk_ca_state = ca_state;
}

/*
 * Slow start: the window grows by what was acknowledged, up to ssthresh. Returns the ACKs that are left
 * for congestion avoidance.
 */
u32 tcp_slow_start(struct tcp_sock *tp, u32 acked)
{
	u32 cwnd = min(tp->snd_cwnd + acked, tp->snd_ssthresh);

	acked -= cwnd - tp->snd_cwnd;
	tp->snd_cwnd = min(cwnd, tp->snd_cwnd_clamp);
	return acked;
}

/* Congestion avoidance: one packet more for each `w` that were acknowledged. */
void tcp_cong_avoid_ai(struct tcp_sock *tp, u32 w, u32 acked)
{
	/* w may have shrunk since: what was saved up counts as one packet at most */
	if (tp->snd_cwnd_cnt >= w) {
		tp->snd_cwnd_cnt = 0;
		tp->snd_cwnd++;
	}
	tp->snd_cwnd_cnt += acked;
	if (tp->snd_cwnd_cnt >= w) {
		tp->snd_cwnd += tp->snd_cwnd_cnt / w;
		tp->snd_cwnd_cnt %= w;
	}
	tp->snd_cwnd = min(tp->snd_cwnd, tp->snd_cwnd_clamp);
}

void tcp_reno_cong_avoid(struct sock *sk, u32 ack, u32 acked)
{
	TRACE_SK(sk, "grow the window: double it per RTT in slow start, else one packet per RTT");
	struct tcp_sock *tp = tcp_sk(sk);

	(void)ack;
	if (!tcp_is_cwnd_limited(sk))
		return;
	if (tcp_in_slow_start(tp)) {
		acked = tcp_slow_start(tp, acked);
		if (!acked)
			return;
	}
	tcp_cong_avoid_ai(tp, tp->snd_cwnd, acked);
}

u32 tcp_reno_ssthresh(struct sock *sk)
{
	TRACE_SK(sk, "slow start threshold upon a loss: half the window, at least 2");

	return max(tcp_sk(sk)->snd_cwnd >> 1U, 2U);
}

u32 tcp_reno_undo_cwnd(struct sock *sk)
{
	TRACE_SK(sk, "window from before a reduction that was not due");
	const struct tcp_sock *tp = tcp_sk(sk);

	return max(tp->snd_cwnd, tp->prior_cwnd);
}

const struct tcp_congestion_ops tcp_reno = {
	.ssthresh = tcp_reno_ssthresh,
	.cong_avoid = tcp_reno_cong_avoid,
	.undo_cwnd = tcp_reno_undo_cwnd,
	.flags = TCP_CONG_NON_RESTRICTED,
	.name = "reno",
};
