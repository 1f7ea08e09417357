/*
 * TCP Fast Open (RFC 7413), the side that connects: data in the SYN, with the cookie that the server gave
 * last time.
 *
 *	sendmsg(MSG_FASTOPEN)           tcp_sendmsg_fastopen() > connect > tcp_send_syn_data()
 *	TCP_FASTOPEN_CONNECT, connect() tcp_fastopen_defer_connect(): with a cookie, the SYN waits for write()
 *	the SYN-ACK                     tcp_rcv_fastopen_synack(): was the data taken? Remember the cookie
 *
 * The data lies in the retransmission queue as a segment of its own behind the SYN: what is lost or not taken
 * is sent again as after any handshake. When packets vanish time and again, Fast Open is left alone for a
 * while (sysctl tcp_fastopen_blackhole_timeout_sec).
 */
#include <fcntl.h>

#include "stack/application/socket.h"
#include "stack/transport/tcp_input.h"
#include "stack/transport/tcp_output.h"

/* ---- a path that breaks Fast Open ---- */

void tcp_fastopen_active_disable(struct sock *sk)
{
	TRACE_SK(sk, "Fast Open failed: do without for a while");
	struct tcp_state *state = tcp_host(sk);

	if (!sock_net(sk)->ipv4.sysctl_tcp_fastopen_blackhole_timeout)
		return;
	state->tfo_active_disable_stamp = jiffies(sk->host);
	state->tfo_active_disable_times++;
	NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPFASTOPENBLACKHOLE);
}

/* Twice as long after each failure, up to 64 times. */
static bool tcp_fastopen_active_should_disable(struct sock *sk)
{
	TRACE_SK(sk, "is Fast Open to be left alone for the time being?");
	unsigned int tfo_bh_timeout = sock_net(sk)->ipv4.sysctl_tcp_fastopen_blackhole_timeout;
	const struct tcp_state *state = tcp_host(sk);
	unsigned long timeout;

	if (!tfo_bh_timeout || !state->tfo_active_disable_times)
		return false;
	timeout = (unsigned long)tfo_bh_timeout * HZ << min(state->tfo_active_disable_times - 1, 6);
	if (time_before(jiffies(sk->host), state->tfo_active_disable_stamp + timeout))
		return true;
	tcp_sk(sk)->syn_fastopen_ch = 1; /* a success of this one ends the suspicion */
	return false;
}

/* The end of a connection: what does it say about Fast Open? */
void tcp_fastopen_active_disable_ofo_check(struct sock *sk)
{
	TRACE_SK(sk, "did somebody on the path break Fast Open?");
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct sk_buff *skb;
	const struct dst_entry *dst;

	if (!tp->syn_fastopen)
		return;
	if (!tp->data_segs_in) {
		/* nothing but a FIN out of order: the data before it was swallowed */
		skb = skb_rb_first(&tp->out_of_order_queue);
		if (skb && !skb_rb_next(skb) && (TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN))
			tcp_fastopen_active_disable(sk);
	} else if (tp->syn_fastopen_ch && tcp_host(sk)->tfo_active_disable_times) {
		dst = __sk_dst_get(sk);
		if (!(dst && dst->dev && (dst->dev->flags & IFF_LOOPBACK)))
			tcp_host(sk)->tfo_active_disable_times = 0;
	}
}

void tcp_fastopen_active_detect_blackhole(struct sock *sk, bool expired)
{
	TRACE_SK(sk, "does somebody on the path swallow Fast Open's packets?");
	const struct tcp_sock *tp = tcp_sk(sk);
	u8 timeouts = inet_csk(sk)->icsk_retransmits;

	/* careful: only the third timeout in a row counts, or the end of all patience */
	if ((tp->syn_fastopen || tp->syn_data || tp->syn_data_acked) &&
	    (timeouts == 2 || (timeouts < 2 && expired))) {
		tcp_fastopen_active_disable(sk);
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPFASTOPENACTIVEFAIL);
	}
}

/* ---- before the SYN ---- */

/* True: the SYN may carry data. Fills in the MSS and the cookie for it, as far as they are known. */
bool tcp_fastopen_cookie_check(struct sock *sk, u16 *mss, struct tcp_fastopen_cookie *cookie)
{
	TRACE_SK(sk, "is there a cookie for the server?");

	tcp_fastopen_cache_get(sk, mss, cookie);
	if (tcp_fastopen_active_should_disable(sk)) {
		cookie->len = -1;
		return false;
	}
	if (tcp_fastopen_no_cookie(sk, __sk_dst_get(sk), TFO_CLIENT_NO_COOKIE)) {
		cookie->len = -1;
		return true;
	}
	if (cookie->len > 0)
		return true;
	tcp_sk(sk)->fastopen_client_fail = TFO_COOKIE_UNAVAILABLE & 3;
	return false;
}

/* TCP_FASTOPEN_CONNECT. True: the SYN waits for write(). Else the SYN goes, and asks for a cookie. */
bool tcp_fastopen_defer_connect(struct sock *sk, int *err)
{
	TRACE_SK(sk, "shall connect() wait for data to send with the SYN?");
	struct tcp_fastopen_cookie cookie = { .len = 0 };
	struct tcp_sock *tp = tcp_sk(sk);
	u16 mss;

	if (!tp->fastopen_connect || tp->fastopen_req)
		return false;
	if (tcp_fastopen_cookie_check(sk, &mss, &cookie)) {
		inet_sk(sk)->defer_connect = 1;
		return true;
	}
	tp->fastopen_req = kzalloc(sk->host, sizeof(*tp->fastopen_req));
	if (tp->fastopen_req)
		tp->fastopen_req->cookie = cookie;
	else
		*err = -ENOBUFS;
	return false;
}

void tcp_free_fastopen_req(struct tcp_sock *tp)
{
	TRACE((struct sock *)tp, "free what TCP Fast Open kept for the SYN");

	kfree(((struct sock *)tp)->host, tp->fastopen_req);
	tp->fastopen_req = NULL;
}

/* The SYN that waited for this write() goes. */
static int send_deferred_syn(struct sock *sk)
{
	int err = tcp_connect(sk);

	if (err) {
		tcp_set_state(sk, TCP_CLOSE);
		inet_sk(sk)->inet_dport = 0;
		sk->sk_route_caps = 0;
	}
	return err;
}

/*
 * sendmsg() that connects: MSG_FASTOPEN, or the first one after a deferred connect(). `*copied`: bytes that
 * went with the SYN. -EINPROGRESS: the handshake goes on without us.
 */
int tcp_sendmsg_fastopen(struct sock *sk, struct msghdr *msg, int *copied, size_t size,
			 struct ubuf_info *uarg)
{
	TRACE_SK_IN(sk, IN_TASK, "connect, and send the data with the SYN if that is possible");
	struct tcp_sock *tp = tcp_sk(sk);
	struct sockaddr *uaddr = msg->msg_name;
	int err;

	if (!(sock_net(sk)->ipv4.sysctl_tcp_fastopen & TFO_CLIENT_ENABLE) ||
	    (uaddr && msg->msg_namelen >= (int)sizeof(uaddr->sa_family) && uaddr->sa_family == AF_UNSPEC))
		return -EOPNOTSUPP;
	if (tp->fastopen_req)
		return -EALREADY; /* of another task */
	tp->fastopen_req = kzalloc(sk->host, sizeof(*tp->fastopen_req));
	if (unlikely(!tp->fastopen_req))
		return -ENOBUFS;
	tp->fastopen_req->data = msg;
	tp->fastopen_req->size = size;
	tp->fastopen_req->uarg = uarg;
	if (inet_sk(sk)->defer_connect)
		send_deferred_syn(sk); /* an error shows below, as state CLOSE */
	err = __inet_stream_connect(sk->sk_socket, uaddr, (int)msg->msg_namelen,
				    msg->msg_flags & MSG_DONTWAIT ? O_NONBLOCK : 0, 1);
	/* the end of the connection may have freed it */
	if (tp->fastopen_req) {
		*copied = tp->fastopen_req->copied;
		tcp_free_fastopen_req(tp);
		inet_sk(sk)->defer_connect = 0;
	}
	return err;
}

/* ---- the SYN ---- */

/* A segment with SYN and as much of the data as fits; NULL: a SYN without data has to do. */
static struct sk_buff *syn_with_data(struct sock *sk, const struct sk_buff *syn)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_fastopen_request *fo = tp->fastopen_req;
	struct sk_buff *syn_data;
	size_t space, copied;

	/* the server's MSS of last time, within path and TCP_MAXSEG; and room for all options that there can
	 * be */
	tp->rx_opt.mss_clamp = tcp_mss_clamp(tp, tp->rx_opt.mss_clamp);
	tcp_sync_mss(sk, icsk->icsk_pmtu_cookie);
	space = (size_t)(__tcp_mtu_to_mss(sk, (int)icsk->icsk_pmtu_cookie) - MAX_TCP_OPTION_SPACE);
	space = min(space, fo->size);
	space = min(space, (size_t)SKB_MAX_HEAD(MAX_TCP_HEADER));

	syn_data = sk_stream_alloc_skb(sk, (int)space, sk->sk_allocation, false);
	if (!syn_data)
		return NULL;
	syn_data->journey = syn->journey;
	syn_data->ip_summed = CHECKSUM_PARTIAL;
	memcpy(syn_data->cb, syn->cb, sizeof(syn->cb));
	if (space) {
		copied = copy_from_iter(skb_put(syn_data, (unsigned int)space), space, &fo->data->msg_iter);
		if (unlikely(!copied)) {
			tcp_skb_tsorted_anchor_cleanup(syn_data);
			kfree_skb(syn_data);
			return NULL;
		}
		space = copied;
		skb_trim(syn_data, (unsigned int)space);
		if (unlikely(fo->uarg))
			skb_zcopy_set(syn_data, fo->uarg);
	}
	if (space == fo->size)
		fo->data = NULL; /* nothing that waits for the handshake */
	fo->copied = (int)space;
	return syn_data;
}

/* Sends the SYN with data; false: not sent, the data is in the write queue. */
static bool transmit_syn_data(struct sock *sk, struct sk_buff *syn, struct sk_buff *syn_data)
{
	struct tcp_sock *tp = tcp_sk(sk);
	int err;

	tcp_connect_queue_skb(sk, syn_data);
	if (syn_data->len)
		tcp_chrono_start(sk, TCP_CHRONO_BUSY);
	err = tcp_transmit_skb(sk, syn_data, 1, sk->sk_allocation);
	syn->skb_mstamp_ns = syn_data->skb_mstamp_ns;

	/* what is kept behind the SYN is the data alone */
	TCP_SKB_CB(syn_data)->seq++;
	TCP_SKB_CB(syn_data)->tcp_flags = TCPHDR_ACK | TCPHDR_PSH;
	if (!err) {
		tp->syn_data = tp->fastopen_req->copied > 0;
		tcp_rbtree_insert(&sk->tcp_rtx_queue, syn_data);
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPORIGDATASENT);
		return true;
	}
	__skb_queue_tail(&sk->sk_write_queue, syn_data);
	tp->packets_out -= (u32)tcp_skb_pcount(syn_data);
	return false;
}

int tcp_send_syn_data(struct sock *sk, struct sk_buff *syn)
{
	TRACE_SKB(syn, "send the SYN, with data if there is a cookie, or asking for one");
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_fastopen_request *fo = tp->fastopen_req;
	struct sk_buff *syn_data = NULL;
	int err = 0;

	tp->rx_opt.mss_clamp = tp->advmss; /* when none is remembered */
	if (tcp_fastopen_cookie_check(sk, &tp->rx_opt.mss_clamp, &fo->cookie))
		syn_data = syn_with_data(sk, syn);
	if (!syn_data || !transmit_syn_data(sk, syn, syn_data)) {
		if (fo->cookie.len > 0)
			fo->cookie.len = 0;
		err = tcp_transmit_skb(sk, syn, 1, sk->sk_allocation);
		if (err)
			tp->syn_fastopen = 0;
	}
	fo->cookie.len = -1; /* no option in SYNs that are sent again */
	return err;
}

/* ---- the SYN-ACK ---- */

/* The MSS that the server named, even if TCP_MAXSEG holds ours lower. */
static u16 synack_mss(struct sock *sk, struct sk_buff *synack)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_options_received opt;

	if (tp->rx_opt.mss_clamp != tp->rx_opt.user_mss)
		return tp->rx_opt.mss_clamp;
	memset(&opt, 0, sizeof(opt));
	tcp_parse_options(sock_net(sk), synack, &opt, 0, NULL);
	return opt.mss_clamp;
}

/* True: the data of the SYN was not taken, and has been sent again. */
bool tcp_rcv_fastopen_synack(struct sock *sk, struct sk_buff *synack, struct tcp_fastopen_cookie *cookie)
{
	TRACE_SKB(synack, "was the data of the SYN taken? Remember the server's cookie");
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *data = tp->syn_data ? tcp_rtx_queue_head(sk) : NULL;
	u16 mss = synack_mss(sk, synack), try_exp = 0;
	bool syn_drop = false;

	if (!tp->syn_fastopen)
		cookie->len = -1; /* nobody asked */
	else if (tp->total_retrans)
		/* neither cookie nor ACK of the data: only a repeated, plain SYN got through */
		syn_drop = cookie->len < 0 && data;
	else if (cookie->len < 0 && !tp->syn_data)
		/* asked, and got none: next time with the experimental option, or after that, not */
		try_exp = tp->syn_fastopen_exp ? 2 : 1;
	tcp_fastopen_cache_set(sk, mss, cookie, syn_drop, try_exp);

	if (data) {
		tp->fastopen_client_fail =
			(tp->total_retrans ? TFO_SYN_RETRANSMITTED : TFO_DATA_NOT_ACKED) & 3;
		for (; data; data = skb_rb_next(data))
			tcp_mark_skb_lost(sk, data);
		tcp_xmit_retransmit_queue(sk);
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPFASTOPENACTIVEFAIL);
		return true;
	}
	tp->syn_data_acked = tp->syn_data;
	if (tp->syn_data_acked) {
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPFASTOPENACTIVE);
		/* SYN and data were one packet, and counted as two */
		if (tp->delivered > 1)
			tp->delivered--;
	}
	tcp_fastopen_add_skb(sk, synack);
	return false;
}
