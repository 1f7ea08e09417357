/*
 * Sizes: how big a segment may be (MSS, path MTU) and which window to announce.
 *
 * mss_cache holds what fits the path with the options that every segment has (tcp_header_len);
 * tcp_current_mss() takes off what SACK blocks need at the moment, and notices when the path has changed.
 *
 * The window never shrinks: its right edge, rcv_wup + rcv_wnd, only moves to the right.
 */
#include "stack/transport/tcp_output.h"

/* MSS for a path MTU, with an IP header and a TCP header without options. */
int __tcp_mtu_to_mss(struct sock *sk, int pmtu)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	int mss = pmtu - icsk->icsk_af_ops->net_header_len - (int)TCP_HEADER_LEN;

	mss = min(mss, (int)tcp_sk(sk)->rx_opt.mss_clamp);
	mss -= icsk->icsk_ext_hdr_len;
	return max(mss, sock_net(sk)->ipv4.sysctl_tcp_min_snd_mss);
}

int tcp_mtu_to_mss(struct sock *sk, int pmtu)
{
	TRACE_SK(sk, "mss that fits an mtu, with the options that each segment has");

	return __tcp_mtu_to_mss(sk, pmtu) - (tcp_sk(sk)->tcp_header_len - (int)TCP_HEADER_LEN);
}

int tcp_mss_to_mtu(struct sock *sk, int mss)
{
	TRACE_SK(sk, "mtu that a segment of this mss needs");
	const struct inet_connection_sock *icsk = inet_csk(sk);

	return mss + tcp_sk(sk)->tcp_header_len + icsk->icsk_ext_hdr_len + icsk->icsk_af_ops->net_header_len;
}

void tcp_mtup_init(struct sock *sk)
{
	TRACE_SK(sk, "set the limits between which the path's mtu is searched");
	struct inet_connection_sock *icsk = inet_csk(sk);
	const struct netns_ipv4 *ipv4 = &sock_net(sk)->ipv4;

	icsk->icsk_mtup.enabled = ipv4->sysctl_tcp_mtu_probing > 1;
	icsk->icsk_mtup.search_high =
		tcp_sk(sk)->rx_opt.mss_clamp + (int)TCP_HEADER_LEN + icsk->icsk_af_ops->net_header_len;
	icsk->icsk_mtup.search_low = tcp_mss_to_mtu(sk, ipv4->sysctl_tcp_base_mss);
	icsk->icsk_mtup.probe_size = 0;
	if (icsk->icsk_mtup.enabled)
		icsk->icsk_mtup.probe_timestamp = tcp_jiffies32(sk->host);
}

unsigned int tcp_sync_mss(struct sock *sk, u32 pmtu)
{
	TRACE_SK(sk, "work out the mss anew for the path's mtu");
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	int mss_now;

	icsk->icsk_mtup.search_high = min(icsk->icsk_mtup.search_high, (int)pmtu);
	mss_now = tcp_bound_to_half_wnd(tp, tcp_mtu_to_mss(sk, (int)pmtu));
	icsk->icsk_pmtu_cookie = pmtu;
	if (icsk->icsk_mtup.enabled)
		mss_now = min(mss_now, tcp_mtu_to_mss(sk, icsk->icsk_mtup.search_low));
	tp->mss_cache = (u32)mss_now;
	return (unsigned int)mss_now;
}

unsigned int tcp_current_mss(struct sock *sk)
{
	TRACE_SK(sk, "get the mss of the next segment: path's mtu and options as they are now");
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct dst_entry *dst = __sk_dst_get(sk);
	struct tcp_out_options opts;
	unsigned int header_len;
	u32 mss_now = tp->mss_cache;

	if (dst) {
		u32 mtu = dst_mtu(dst);

		if (mtu != inet_csk(sk)->icsk_pmtu_cookie)
			mss_now = tcp_sync_mss(sk, mtu);
	}
	header_len = tcp_established_options(sk, NULL, &opts) + TCP_HEADER_LEN;
	/* mss_cache allows for tcp_header_len; SACK blocks come on top */
	return mss_now - (header_len - tp->tcp_header_len);
}

void tcp_select_initial_window(const struct sock *sk, int space_, u32 mss, u32 *rcv_wnd, u32 *window_clamp,
			       int wscale_ok, u8 *rcv_wscale, u32 init_rcv_wnd)
{
	TRACE_SK(sk, "choose the first receive window and its scale");
	const struct net *net = sock_net(sk);
	u32 space = space_ < 0 ? 0 : (u32)space_;

	if (!*window_clamp)
		*window_clamp = (u32)U16_MAX << TCP_MAX_WSCALE;
	space = min(*window_clamp, space);
	if (space > mss)
		space = rounddown(space, mss);

	/* some take the window for a signed number */
	*rcv_wnd = min(space, net->ipv4.sysctl_tcp_workaround_signed_windows ? MAX_TCP_WINDOW : (u32)U16_MAX);
	if (init_rcv_wnd)
		*rcv_wnd = min(*rcv_wnd, init_rcv_wnd * mss);

	*rcv_wscale = 0;
	if (wscale_ok) {
		/* as far as the buffer may ever grow */
		space = max(space, (u32)net->ipv4.sysctl_tcp_rmem[2]);
		space = max(space, (u32)net->core.sysctl_rmem_max);
		space = min(space, *window_clamp);
		*rcv_wscale = (u8)clamp(ilog2(space) - 15, 0, (int)TCP_MAX_WSCALE);
	}
	*window_clamp = min((u32)U16_MAX << *rcv_wscale, *window_clamp);
}

/* Little buffer is left: announce nothing rather than a window that would only fit tiny segments. */
static bool tcp_window_too_small(struct sock *sk, int *free_space, int allowed_space, int mss)
{
	struct tcp_sock *tp = tcp_sk(sk);

	inet_csk(sk)->icsk_ack.quick = 0;
	if (tcp_under_memory_pressure(sk))
		tcp_adjust_rcv_ssthresh(sk);
	/* a free space that the scale cannot express is none */
	*free_space = round_down(*free_space, 1 << tp->rx_opt.rcv_wscale);
	return *free_space < allowed_space >> 4 || *free_space < mss;
}

/* Without scaling: keep the window as it is, in steps of an MSS, unless it has become wrong. */
static u32 tcp_window_unscaled(const struct tcp_sock *tp, int free_space, int full_space, int mss)
{
	int window = (int)tp->rcv_wnd;

	if (window <= free_space - mss || window > free_space)
		return (u32)rounddown(free_space, mss);
	if (mss == full_space && free_space > window + (full_space >> 1))
		return (u32)free_space;
	return (u32)window;
}

u32 __tcp_select_window(struct sock *sk)
{
	TRACE_SK_LEAF(sk, "window by the free space of the receive buffer, without silly small steps");
	struct tcp_sock *tp = tcp_sk(sk);
	/* the sender's MSS as seen lately, not the one we announced */
	int mss = inet_csk(sk)->icsk_ack.rcv_mss;
	int free_space = tcp_space(sk);
	int allowed_space = tcp_full_space(sk);
	int full_space = min((int)tp->window_clamp, allowed_space);

	if (unlikely(mss > full_space)) {
		mss = full_space;
		if (mss <= 0)
			return 0;
	}
	if (free_space < full_space >> 1 && tcp_window_too_small(sk, &free_space, allowed_space, mss))
		return 0;
	if (free_space > (int)tp->rcv_ssthresh)
		free_space = (int)tp->rcv_ssthresh;
	if (tp->rx_opt.rcv_wscale)
		return (u32)ALIGN(free_space, 1 << tp->rx_opt.rcv_wscale);
	return tcp_window_unscaled(tp, free_space, full_space, mss);
}

u16 tcp_select_window(struct sock *sk)
{
	TRACE_SK(sk, "choose the window to announce; it never shrinks");
	struct tcp_sock *tp = tcp_sk(sk);
	struct net *net = sock_net(sk);
	unsigned int wscale = tp->rx_opt.rcv_wscale;
	u32 old_win = tp->rcv_wnd;
	u32 cur_win = tcp_receive_window(tp);
	u32 new_win = __tcp_select_window(sk);

	if (new_win < cur_win) {
		if (new_win == 0)
			NET_INC_STATS(net, LINUX_MIB_TCPWANTZEROWINDOWADV);
		new_win = ALIGN(cur_win, 1u << wscale);
	}
	tp->rcv_wnd = new_win;
	tp->rcv_wup = tp->rcv_nxt;

	if (!wscale && net->ipv4.sysctl_tcp_workaround_signed_windows)
		new_win = min(new_win, MAX_TCP_WINDOW);
	else
		new_win = min(new_win, 65535U << wscale);
	new_win >>= wscale;

	if (unlikely(!new_win)) {
		tp->pred_flags = 0; /* what comes now is no common case */
		if (old_win)
			NET_INC_STATS(net, LINUX_MIB_TCPTOZEROWINDOWADV);
	} else if (unlikely(!old_win)) {
		NET_INC_STATS(net, LINUX_MIB_TCPFROMZEROWINDOWADV);
	}
	return (u16)new_win;
}
