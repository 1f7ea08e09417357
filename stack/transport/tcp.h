/*
 * TCP: the contract between the files of this folder. Structures are in tcp_types.h, the queues in
 * tcp_queue.h, congestion control in tcp_cong.h; here are sequence arithmetic, windows, clocks, the
 * host's TCP state, and the prototypes of all tcp_*.c, each under the file that defines it.
 */
#ifndef STACK_TRANSPORT_TCP_H
#define STACK_TRANSPORT_TCP_H

#include "stack/net.h"
#include "stack/skb/drop_reason.h"
#include "stack/transport/inet_hashtables.h"
#include "stack/transport/secure_seq.h"
#include "stack/transport/tcp_cong.h"
#include "stack/transport/tcp_fastopen.h"
#include "stack/transport/tcp_md5.h"
#include "stack/transport/tcp_queue.h"
#include "stack/transport/tcp_types.h"

struct sockaddr;
struct tcp_info;
struct pipe_inode_info;
struct socket;
struct poll_table_struct;

/* ---- the host's TCP: net->tcp ---- */

struct tcp_state {
	struct host *host;
	struct inet_hashinfo hashinfo;
	struct secure_seq seq; /* secure_seq.c: key of ISNs, ports and time stamp offsets */
	struct kmem_cache *req_cache, *tw_cache;
	struct sock *ctl_sk; /* sends RSTs and ACKs for which there is no socket */
	struct inet_timewait_death_row death_row;
	const struct inet_protosw *inetsw[INET_PROTOSW_MAX]; /* socket types of the family */
	u32 nr_inetsw;
	bool dying;	  /* the host is being torn down: sockets end without sending */
	int orphan_count; /* sockets without a process */
	int sockets_allocated;
	int inuse;		       /* sockets in the tables */
	long memory_allocated;	       /* pages, against sysctl_tcp_mem */
	unsigned long memory_pressure; /* jiffies since when, 0 none */
	/* of the input side (tcp_input.c) */
	u32 challenge_timestamp, challenge_count; /* RFC 5961: second, ACKs left in it */
	/* of the output side */
	struct tsq_tasklet *tsq;	   /* tcp_output.c: tcp_tasklet_init() */
	struct tcp_metrics_state *metrics; /* tcp_metrics.c: tcp_metrics_init() */
	struct tcp_cong_params cong_params;
	u64 syncookie_secret[2][2];		   /* syncookies.c */
	struct tcp_fastopen_context *fastopen_ctx; /* keys of cookies; NULL: none needed yet */
	unsigned long tfo_active_disable_stamp;	   /* jiffies: when Fast Open failed last, as a client */
	int tfo_active_disable_times;
};

static inline struct tcp_state *tcp_host(const struct sock *sk)
{
	return sk->host->net->tcp;
}

static inline struct inet_hashinfo *tcp_hashinfo(const struct host *host)
{
	return &host->net->tcp->hashinfo;
}

/* ---- sequence numbers: modulo 2^32 ---- */

static inline bool before(u32 seq1, u32 seq2)
{
	return (s32)(seq1 - seq2) < 0;
}
#define after(seq2, seq1) before(seq1, seq2)

/* seq2 <= seq1 <= seq3 */
static inline bool between(u32 seq1, u32 seq2, u32 seq3)
{
	return seq3 - seq2 >= seq1 - seq2;
}

/* ---- clocks ---- */

static inline u32 tcp_jiffies32(const struct host *host)
{
	return (u32)jiffies(host);
}

static inline u64 tcp_clock_ns(const struct host *host)
{
	return host_now(host);
}

static inline u64 tcp_clock_us(const struct host *host)
{
	return host_now(host) / NSEC_PER_USEC;
}

static inline u32 tcp_time_stamp(const struct tcp_sock *tp)
{
	return (u32)(tp->tcp_mstamp / (1000000 / TCP_TS_HZ));
}

static inline u64 tcp_ns_to_ts(u64 ns)
{
	return ns / (NSEC_PER_SEC / TCP_TS_HZ);
}

static inline u32 tcp_time_stamp_raw(const struct host *host)
{
	return (u32)tcp_ns_to_ts(tcp_clock_ns(host));
}

/* Whole seconds (time stamps of PAWS). Never 0, which stands for "no time stamp seen". */
static inline int tcp_seconds(const struct host *host)
{
	return (int)(host_now(host) / NSEC_PER_SEC) + 1;
}

static inline u32 tcp_stamp_us_delta(u64 t1, u64 t0)
{
	return (s64)(t1 - t0) > 0 ? (u32)(t1 - t0) : 0;
}

static inline u32 tcp_skb_timestamp(const struct sk_buff *skb)
{
	return (u32)tcp_ns_to_ts(skb->skb_mstamp_ns);
}

static inline u64 tcp_skb_timestamp_us(const struct sk_buff *skb)
{
	return skb->skb_mstamp_ns / NSEC_PER_USEC;
}

static inline bool tcp_skb_sent_after(u64 t1, u64 t2, u32 seq1, u32 seq2)
{
	return t1 > t2 || (t1 == t2 && after(seq1, seq2));
}

/* ---- the flight ---- */

static inline int tcp_is_sack(const struct tcp_sock *tp)
{
	return likely(tp->rx_opt.sack_ok);
}

static inline bool tcp_is_reno(const struct tcp_sock *tp)
{
	return !tcp_is_sack(tp);
}

/* Packets that have left the network: SACKed or taken for lost. */
static inline unsigned int tcp_left_out(const struct tcp_sock *tp)
{
	return tp->sacked_out + tp->lost_out;
}

static inline unsigned int tcp_packets_in_flight(const struct tcp_sock *tp)
{
	return tp->packets_out - tcp_left_out(tp) + tp->retrans_out;
}
#define tcp_in_flight(tp) tcp_packets_in_flight(tp)
#define tcp_verify_left_out(tp) SIM_BUG_ON(((struct sock *)(tp))->host, tcp_left_out(tp) > (tp)->packets_out)

static inline u32 tcp_snd_cwnd(const struct tcp_sock *tp)
{
	return tp->snd_cwnd;
}

static inline void tcp_snd_cwnd_set(struct tcp_sock *tp, u32 val)
{
	tp->snd_cwnd = val;
}

static inline bool tcp_in_slow_start(const struct tcp_sock *tp)
{
	return tp->snd_cwnd < tp->snd_ssthresh;
}

static inline bool tcp_in_initial_slowstart(const struct tcp_sock *tp)
{
	return tp->snd_ssthresh >= TCP_INFINITE_SSTHRESH;
}

static inline bool tcp_in_cwnd_reduction(const struct sock *sk)
{
	return (TCPF_CA_CWR | TCPF_CA_Recovery) & (1 << inet_csk(sk)->icsk_ca_state);
}

static inline u32 tcp_current_ssthresh(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 grown = (tp->snd_cwnd >> 1) + (tp->snd_cwnd >> 2);

	if (tcp_in_cwnd_reduction(sk) || tp->snd_ssthresh > grown)
		return tp->snd_ssthresh;
	return grown;
}

static inline u32 tcp_max_tso_deferred_mss(const struct tcp_sock *tp)
{
	(void)tp;
	return 3;
}

static inline u32 tcp_wnd_end(const struct tcp_sock *tp)
{
	return tp->snd_una + tp->snd_wnd;
}

/* Is the congestion window what holds us back? Only then may it grow. */
static inline bool tcp_is_cwnd_limited(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (tp->is_cwnd_limited)
		return true;
	return tcp_in_slow_start(tp) && tp->snd_cwnd < 2 * tp->max_packets_out;
}

static inline bool tcp_stream_is_thin(struct tcp_sock *tp)
{
	return tp->packets_out < 4 && !tcp_in_initial_slowstart(tp);
}

static inline u32 tcp_min_rtt(const struct tcp_sock *tp)
{
	return minmax_get(&tp->rtt_min);
}

static inline void tcp_init_wl(struct tcp_sock *tp, u32 seq)
{
	tp->snd_wl1 = seq;
}

static inline void tcp_update_wl(struct tcp_sock *tp, u32 seq)
{
	tp->snd_wl1 = seq;
}

/* ---- receive window and buffer ---- */

/* What is left of the window that was advertised last. */
static inline u32 tcp_receive_window(const struct tcp_sock *tp)
{
	s32 win = (s32)(tp->rcv_wup + tp->rcv_wnd - tp->rcv_nxt);

	return win < 0 ? 0 : (u32)win;
}

/* The share of `space` bytes of buffer that may be advertised. */
static inline int tcp_win_from_space(const struct sock *sk, int space)
{
	int scale = sock_net(sk)->ipv4.sysctl_tcp_adv_win_scale;

	return scale <= 0 ? space >> -scale : space - (space >> scale);
}

/* Free space as window; may be negative. */
static inline int tcp_space(const struct sock *sk)
{
	return tcp_win_from_space(sk, sk->sk_rcvbuf - sk->sk_backlog.len - sk_rmem_alloc_get(sk));
}

static inline int tcp_full_space(const struct sock *sk)
{
	return tcp_win_from_space(sk, sk->sk_rcvbuf);
}

static inline bool tcp_under_memory_pressure(const struct sock *sk)
{
	return unlikely(tcp_host(sk)->memory_pressure);
}

static inline bool tcp_rmem_pressure(const struct sock *sk)
{
	if (tcp_under_memory_pressure(sk))
		return true;
	return sk_rmem_alloc_get(sk) > sk->sk_rcvbuf - (sk->sk_rcvbuf >> 3);
}

static inline void tcp_adjust_rcv_ssthresh(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (tp->rcv_ssthresh > 4U * tp->advmss)
		tp->rcv_ssthresh = 4U * tp->advmss;
}

static inline bool tcp_epollin_ready(const struct sock *sk, int target)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	int avail = (int)(tp->rcv_nxt - tp->copied_seq);

	if (avail <= 0)
		return false;
	return avail >= target || tcp_rmem_pressure(sk) ||
	       tcp_receive_window(tp) <= inet_csk(sk)->icsk_ack.rcv_mss;
}

static inline u32 tcp_notsent_lowat(const struct tcp_sock *tp)
{
	return tp->notsent_lowat ? tp->notsent_lowat
				 : sock_net((const struct sock *)tp)->ipv4.sysctl_tcp_notsent_lowat;
}

/* Bytes that recv() would get now. */
int tcp_inq(struct sock *sk);

static inline bool tcp_out_of_memory(const struct sock *sk)
{
	return sk->sk_wmem_queued > SOCK_MIN_SNDBUF &&
	       tcp_host(sk)->memory_allocated > sock_net(sk)->ipv4.sysctl_tcp_mem[2];
}

/* ---- header prediction ---- */

static inline void __tcp_fast_path_on(struct tcp_sock *tp, u32 snd_wnd)
{
	tp->pred_flags = htonl((u32)tp->tcp_header_len << 26) | TCP_FLAG_ACK | htonl(snd_wnd);
}

static inline void tcp_fast_path_on(struct tcp_sock *tp)
{
	TRACE_LEAF((struct sock *)tp, "predict the next header");

	__tcp_fast_path_on(tp, tp->snd_wnd >> tp->rx_opt.snd_wscale);
}

static inline void tcp_fast_path_check(struct sock *sk)
{
	TRACE_SK(sk, "turn header prediction on if nothing speaks against it");
	struct tcp_sock *tp = tcp_sk(sk);

	if (RB_EMPTY_ROOT(&tp->out_of_order_queue) && tp->rcv_wnd && sk_rmem_alloc_get(sk) < sk->sk_rcvbuf &&
	    !tp->urg_data)
		tcp_fast_path_on(tp);
}

/* ---- RTO and timers ---- */

static inline u32 tcp_rto_min(const struct sock *sk)
{
	return inet_csk(sk)->icsk_rto_min;
}

static inline u32 tcp_rto_min_us(const struct sock *sk)
{
	return jiffies_to_usecs(tcp_rto_min(sk));
}

static inline void tcp_bound_rto(const struct sock *sk)
{
	TRACE_SK_LEAF(sk, "keep the retransmission timeout below its maximum");

	if (inet_csk(sk)->icsk_rto > TCP_RTO_MAX)
		inet_csk(sk)->icsk_rto = TCP_RTO_MAX;
}

static inline u32 __tcp_set_rto(const struct tcp_sock *tp)
{
	return (u32)usecs_to_jiffies((tp->srtt_us >> 3) + tp->rttvar_us);
}

static inline bool tcp_needs_internal_pacing(const struct sock *sk)
{
	return sk->sk_pacing_status == SK_PACING_NEEDED;
}

/* Jiffies until pacing lets the next packet go. */
static inline unsigned long tcp_pacing_delay(const struct sock *sk)
{
	s64 delay = (s64)(tcp_sk(sk)->tcp_wstamp_ns - tcp_sk(sk)->tcp_clock_cache);

	return delay > 0 ? (unsigned long)(delay / (s64)(NSEC_PER_SEC / HZ)) : 0;
}

static inline void tcp_reset_xmit_timer(struct sock *sk, const int what, unsigned long when,
					const unsigned long max_when)
{
	inet_csk_reset_xmit_timer(sk, what, when + tcp_pacing_delay(sk), max_when);
}

static inline unsigned long tcp_probe0_base(const struct sock *sk)
{
	u32 rto = inet_csk(sk)->icsk_rto;

	return rto > TCP_RTO_MIN ? rto : TCP_RTO_MIN;
}

static inline unsigned long tcp_probe0_when(const struct sock *sk, unsigned long max_when)
{
	u8 backoff = inet_csk(sk)->icsk_backoff < 10 ? inet_csk(sk)->icsk_backoff : 10;
	u64 when = (u64)tcp_probe0_base(sk) << backoff;

	return (unsigned long)(when < max_when ? when : max_when);
}

static inline void tcp_check_probe_timer(struct sock *sk)
{
	if (!tcp_sk(sk)->packets_out && !inet_csk(sk)->icsk_pending)
		tcp_reset_xmit_timer(sk, ICSK_TIME_PROBE0, tcp_probe0_base(sk), TCP_RTO_MAX);
}

static inline int keepalive_intvl_when(const struct tcp_sock *tp)
{
	return tp->keepalive_intvl ? (int)tp->keepalive_intvl
				   : sock_net((const struct sock *)tp)->ipv4.sysctl_tcp_keepalive_intvl;
}

static inline int keepalive_time_when(const struct tcp_sock *tp)
{
	return tp->keepalive_time ? (int)tp->keepalive_time
				  : sock_net((const struct sock *)tp)->ipv4.sysctl_tcp_keepalive_time;
}

static inline int keepalive_probes(const struct tcp_sock *tp)
{
	return tp->keepalive_probes ? tp->keepalive_probes
				    : sock_net((const struct sock *)tp)->ipv4.sysctl_tcp_keepalive_probes;
}

static inline u32 keepalive_time_elapsed(const struct tcp_sock *tp)
{
	u32 now = tcp_jiffies32(((const struct sock *)tp)->host);
	u32 a = now - tp->inet_conn.icsk_ack.lrcvtime, b = now - tp->rcv_tstamp;

	return a < b ? a : b;
}

/* How long FIN_WAIT2 lasts: the timeout, but at least 3.5 RTO. */
static inline int tcp_fin_time(const struct sock *sk)
{
	int fin = tcp_sk(sk)->linger2 ? tcp_sk(sk)->linger2 : sock_net(sk)->ipv4.sysctl_tcp_fin_timeout;
	int rto = (int)inet_csk(sk)->icsk_rto;
	int least = (rto << 2) - (rto >> 1);

	return fin < least ? least : fin;
}

static inline void tcp_dec_quickack_mode(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	if (!icsk->icsk_ack.quick)
		return;
	if (inet_csk_ack_scheduled(sk) && icsk->icsk_ack.quick == 1)
		icsk->icsk_ack.ato = TCP_ATO_MIN;
	icsk->icsk_ack.quick--;
}

/* us until the RTO of the oldest segment expires. */
static inline s64 tcp_rto_delta_us(const struct sock *sk)
{
	const struct sk_buff *skb = tcp_rtx_queue_head(sk);
	u32 rto = inet_csk(sk)->icsk_rto;

	if (unlikely(!skb))
		return jiffies_to_usecs(rto);
	return (s64)(tcp_skb_timestamp_us(skb) + jiffies_to_usecs(rto) - tcp_sk(sk)->tcp_mstamp);
}

/* ---- options, PAWS ---- */

static inline void tcp_sack_reset(struct tcp_options_received *rx_opt)
{
	rx_opt->dsack = 0;
	rx_opt->num_sacks = 0;
}

/* The host is any object's; Linux reads a global clock here. */
static inline bool tcp_paws_check(const struct host *host, const struct tcp_options_received *rx_opt,
				  int paws_win)
{
	TRACE_LEAF(host, "is the segment's time stamp new enough?");

	if ((s32)(rx_opt->ts_recent - rx_opt->rcv_tsval) <= paws_win)
		return true;
	if (unlikely(tcp_seconds(host) - rx_opt->ts_recent_stamp >= 60 * 60 * 24 * 24))
		return true;
	/* some send 0 in their SYN: that says nothing */
	return !rx_opt->ts_recent;
}

static inline bool tcp_paws_reject(const struct host *host, const struct tcp_options_received *rx_opt,
				   int rst)
{
	if (tcp_paws_check(host, rx_opt, 0))
		return false;
	/* a reset need not carry a fresh time stamp, once the old one is older than an MSL */
	return !(rst && tcp_seconds(host) - rx_opt->ts_recent_stamp >= TCP_PAWS_MSL);
}

static inline u16 tcp_mss_clamp(const struct tcp_sock *tp, u16 mss)
{
	u16 user_mss = tp->rx_opt.user_mss;

	return user_mss && user_mss < mss ? user_mss : mss;
}

static inline u32 tcp_dst_advmss(const struct dst_entry *dst)
{
	u32 advmss = dst_metric_advmss(dst);

	return advmss > TCP_MIN_MSS ? advmss : TCP_MIN_MSS;
}

/* MSS may not be more than half the largest window seen (or all of it, when that is tiny). */
static inline int tcp_bound_to_half_wnd(struct tcp_sock *tp, int pktsize)
{
	u32 cutoff = tp->max_window > TCP_MSS_DEFAULT ? tp->max_window >> 1 : tp->max_window;

	if (cutoff && (u32)pktsize > cutoff)
		return (int)(cutoff > 68U - tp->tcp_header_len ? cutoff : 68U - tp->tcp_header_len);
	return pktsize;
}

/* ---- checksum ---- */

static inline __sum16 tcp_v4_check(int len, __be32 saddr, __be32 daddr, __wsum base)
{
	return csum_tcpudp_magic(saddr, daddr, (u32)len, IPPROTO_TCP, base);
}

static inline bool tcp_checksum_complete(struct sk_buff *skb)
{
	TRACE_SKB(skb, "is the checksum wrong?");

	return !skb_csum_unnecessary(skb) && __skb_checksum_complete(skb);
}

/* ---- counters ---- */

static inline void tcp_segs_in(struct tcp_sock *tp, const struct sk_buff *skb)
{
	u16 segs = skb_shinfo(skb)->gso_segs > 1 ? skb_shinfo(skb)->gso_segs : 1;

	tp->segs_in += segs;
	if (skb->len > tcp_hdrlen(skb))
		tp->data_segs_in += segs;
}

static inline void tcp_listendrop(struct sock *sk)
{
	sk->sk_drops++;
	NET_INC_STATS(sock_net(sk), LINUX_MIB_LISTENDROPS);
}

static inline bool tcp_passive_fastopen(const struct sock *sk)
{
	return sk->sk_state == TCP_SYN_RECV && tcp_sk(sk)->fastopen_rsk;
}

static inline bool inet_sk_transparent(const struct sock *sk)
{
	(void)sk;
	return false;
}

static inline bool skb_is_tcp_pure_ack(const struct sk_buff *skb)
{
	return skb->truesize == 2;
}

static inline void skb_set_tcp_pure_ack(struct sk_buff *skb)
{
	skb->truesize = 2;
}

/* ---- tcp.c (state, poll, disconnect) ---- */
int tcp_init(struct host *host);
void tcp_exit(struct host *host);
void tcp_quiesce(struct host *host);
int tcp_init_sock(struct sock *sk);
void tcp_set_state(struct sock *sk, int state);
bool tcp_state_allowed(int from, int to);
void tcp_done(struct sock *sk);
int tcp_abort(struct sock *sk, int err);
unsigned int tcp_poll(struct file *file, struct socket *sock, struct poll_table_struct *wait);
int tcp_disconnect(struct sock *sk, int flags);
void tcp_shutdown(struct sock *sk, int how);
int tcp_ioctl(struct sock *sk, int cmd, unsigned long arg);
bool tcp_check_oom(struct sock *sk, int shift);
bool tcp_too_many_orphans(struct sock *sk, int shift);
void tcp_enter_memory_pressure(struct sock *sk);
void tcp_leave_memory_pressure(struct sock *sk);
bool tcp_stream_memory_free(const struct sock *sk, int wake);
bool tcp_stream_is_readable(struct sock *sk, int target);
int tcp_set_rcvlowat(struct sock *sk, int val);
void tcp_cleanup_ulp(struct sock *sk);

/* ---- tcp_close.c ---- */
void tcp_close(struct sock *sk, long timeout);
void __tcp_close(struct sock *sk, long timeout);

/* ---- tcp_sendmsg.c ---- */
int tcp_sendmsg(struct sock *sk, struct msghdr *msg, size_t size);
int tcp_sendmsg_locked(struct sock *sk, struct msghdr *msg, size_t size);
int tcp_send_mss(struct sock *sk, int *size_goal, int flags);
void tcp_push(struct sock *sk, int flags, int mss_now, int nonagle, int size_goal);
void skb_entail(struct sock *sk, struct sk_buff *skb);
void tcp_remove_empty_skb(struct sock *sk, struct sk_buff *skb);
void tcp_mark_push(struct tcp_sock *tp, struct sk_buff *skb);

/* ---- tcp_recvmsg.c ---- */
int tcp_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int nonblock, int flags, int *addr_len);
void tcp_cleanup_rbuf(struct sock *sk, int copied);
ssize_t tcp_splice_read(struct socket *sock, struct pipe_inode_info *pipe, size_t len, unsigned int flags);
int tcp_peek_len(struct socket *sock);

/* ---- tcp_sockopt.c ---- */
int tcp_setsockopt(struct sock *sk, int level, int optname, sockptr_t optval, unsigned int optlen);
int tcp_getsockopt(struct sock *sk, int level, int optname, char *optval, int *optlen);
void tcp_get_info(struct sock *sk, struct tcp_info *info);
void __tcp_sock_set_cork(struct sock *sk, bool on);
void tcp_sock_set_cork(struct sock *sk, bool on);
void __tcp_sock_set_nodelay(struct sock *sk, bool on);
int tcp_sock_set_keepidle_locked(struct sock *sk, int val);
int tcp_set_window_clamp(struct sock *sk, int val);

/* ---- tcp_ipv4.c, tcp_ipv4_out.c (replies without a socket), tcp_ipv4_err.c, tcp_ipv4_conn.c ---- */
extern const struct inet_connection_sock_af_ops ipv4_specific;

extern const struct proto tcp_prot;
int tcp_v4_init(struct host *host);
void tcp_v4_exit(struct host *host);
int tcp_v4_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len);
int tcp_v4_rcv(struct sk_buff *skb);
int tcp_v4_do_rcv(struct sock *sk, struct sk_buff *skb);
int tcp_v4_early_demux(struct sk_buff *skb);
int tcp_v4_err(struct sk_buff *skb, u32 info);
bool tcp_add_backlog(struct sock *sk, struct sk_buff *skb);
int tcp_filter(struct sock *sk, struct sk_buff *skb);
void tcp_v4_send_check(struct sock *sk, struct sk_buff *skb);
void __tcp_v4_send_check(struct sk_buff *skb, __be32 saddr, __be32 daddr);
void tcp_v4_send_reset(struct sock *sk, struct sk_buff *skb);
void tcp_v4_timewait_ack(struct sock *sk, struct sk_buff *skb);
void tcp_v4_reqsk_send_ack(struct sock *sk, struct sk_buff *skb, struct request_sock *req);
void tcp_v4_mtu_reduced(struct sock *sk);
int tcp_v4_conn_request(struct sock *sk, struct sk_buff *skb);
struct sock *tcp_v4_syn_recv_sock(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
				  struct dst_entry *dst, struct request_sock *req_unhash, bool *own_req);
void tcp_v4_destroy_sock(struct sock *sk);
int tcp_v4_init_sock(struct sock *sk);
int tcp_twsk_unique(struct sock *sk, struct sock *sktw, void *twp);
bool tcp_twsk_may_ripen(const struct sock *sk, const struct sock *sktw);
void tcp_req_err(struct sock *sk, u32 seq, bool abort);
void tcp_ld_RTO_revert(struct sock *sk, u32 seq);
void inet_sk_rx_dst_set(struct sock *sk, struct sk_buff *skb);
int tcp_sk_init(struct net *net);
void tcp_v4_fill_cb(struct sk_buff *skb, const struct iphdr *iph, const struct tcphdr *th);

/* ---- tcp_minisocks.c ---- */
void tcp_time_wait(struct sock *sk, int state, int timeo);
enum tcp_tw_status tcp_timewait_state_process(struct inet_timewait_sock *tw, struct sk_buff *skb,
					      const struct tcphdr *th);
struct sock *tcp_check_req(struct sock *sk, struct sk_buff *skb, struct request_sock *req, bool fastopen,
			   bool *lost_race);
int tcp_child_process(struct sock *parent, struct sock *child, struct sk_buff *skb);
struct sock *tcp_create_openreq_child(struct sock *sk, struct request_sock *req, struct sk_buff *skb);
void tcp_openreq_init_rwin(struct request_sock *req, const struct sock *sk_listener,
			   const struct dst_entry *dst);
void tcp_ca_openreq_child(struct sock *sk, const struct dst_entry *dst);
void tcp_twsk_destructor(struct sock *sk);
void tcp_ecn_openreq_child(struct tcp_sock *tp, const struct request_sock *req);

/* ---- tcp_input.c, tcp_state.c, tcp_ack.c, ... : the input side ---- */
void tcp_rcv_established(struct sock *sk, struct sk_buff *skb);
int tcp_rcv_state_process(struct sock *sk, struct sk_buff *skb);
int tcp_conn_request(struct request_sock_ops const *rsk_ops, const struct tcp_request_sock_ops *af_ops,
		     struct sock *sk, struct sk_buff *skb);
struct request_sock *inet_reqsk_alloc(const struct request_sock_ops *ops, struct sock *sk_listener,
				      bool attach_listener);
void tcp_parse_options(struct net *net, const struct sk_buff *skb, struct tcp_options_received *opt_rx,
		       int estab, struct tcp_fastopen_cookie *foc);
void tcp_reset(struct sock *sk, struct sk_buff *skb);
void tcp_fin(struct sock *sk);
void tcp_finish_connect(struct sock *sk, struct sk_buff *skb);
void tcp_init_transfer(struct sock *sk, int bpf_op, struct sk_buff *skb);
void tcp_data_ready(struct sock *sk);
void tcp_data_queue(struct sock *sk, struct sk_buff *skb);
void tcp_data_snd_check(struct sock *sk);
void tcp_check_space(struct sock *sk);
void tcp_rcv_space_adjust(struct sock *sk);
void tcp_initialize_rcv_mss(struct sock *sk);
void tcp_enter_quickack_mode(struct sock *sk, unsigned int max_quickacks);
bool tcp_oow_rate_limited(struct net *net, const struct sk_buff *skb, int mib_idx, u32 *last_oow_ack_time);
void tcp_reqsk_send_challenge_ack(struct sock *sk, struct sk_buff *skb, struct request_sock *req);
void tcp_rearm_rto(struct sock *sk);
void tcp_synack_rtt_meas(struct sock *sk, struct request_sock *req);
void tcp_set_rto(struct sock *sk);
void tcp_enter_loss(struct sock *sk);
void tcp_enter_recovery(struct sock *sk, bool ece_ack);
void tcp_enter_cwr(struct sock *sk);
void tcp_init_cwnd_reduction(struct sock *sk);
void tcp_cwnd_reduction(struct sock *sk, int newly_acked_sacked, int newly_lost, int flag);
void tcp_clear_retrans(struct tcp_sock *tp);
void tcp_simple_retransmit(struct sock *sk);
u32 tcp_init_cwnd(const struct tcp_sock *tp, const struct dst_entry *dst);
void tcp_skb_mark_lost_uncond_verify(struct tcp_sock *tp, struct sk_buff *skb);
void tcp_mark_skb_lost(struct sock *sk, struct sk_buff *skb);
void tcp_newreno_mark_lost(struct sock *sk, bool snd_una_advanced);
s32 tcp_rack_skb_timeout(struct tcp_sock *tp, struct sk_buff *skb, u32 reo_wnd);
bool tcp_rack_mark_lost(struct sock *sk);
void tcp_rack_advance(struct tcp_sock *tp, u8 sacked, u32 end_seq, u64 xmit_time);
void tcp_rack_reo_timeout(struct sock *sk);
void tcp_rack_update_reo_wnd(struct sock *sk, struct rate_sample *rs);
int tcp_skb_shift(struct sk_buff *to, struct sk_buff *from, int pcount, int shiftlen);
void tcp_rate_skb_sent(struct sock *sk, struct sk_buff *skb);
void tcp_rate_skb_delivered(struct sock *sk, struct sk_buff *skb, struct rate_sample *rs);
void tcp_rate_gen(struct sock *sk, u32 delivered, u32 lost, bool is_sack_reneg, struct rate_sample *rs);
void tcp_rate_check_app_limited(struct sock *sk);
void tcp_sack_compress_send_ack(struct sock *sk);

/* ---- tcp_output.c, tcp_options.c, tcp_mss.c, tcp_frag.c, tcp_retransmit.c, tcp_control.c ---- */
int tcp_tasklet_init(struct host *host);
void tcp_tasklet_exit(struct host *host);
int tcp_connect(struct sock *sk);
void tcp_push_one(struct sock *sk, unsigned int mss_now);
void tcp_send_fin(struct sock *sk);
void tcp_send_active_reset(struct sock *sk, gfp_t priority);
int tcp_send_synack(struct sock *sk);
void tcp_send_ack(struct sock *sk);
void __tcp_send_ack(struct sock *sk, u32 rcv_nxt);
void tcp_send_delayed_ack(struct sock *sk);
void tcp_send_probe0(struct sock *sk);
void tcp_send_window_probe(struct sock *sk);
int tcp_write_wakeup(struct sock *sk, int mib);
void tcp_send_loss_probe(struct sock *sk);
bool tcp_schedule_loss_probe(struct sock *sk, bool advancing_rto);
struct sk_buff *tcp_make_synack(const struct sock *sk, struct dst_entry *dst, struct request_sock *req,
				struct tcp_fastopen_cookie *foc, enum tcp_synack_type synack_type,
				struct sk_buff *syn_skb);
int tcp_rtx_synack(struct sock *sk, struct request_sock *req);
int __tcp_retransmit_skb(struct sock *sk, struct sk_buff *skb, int segs);
int tcp_retransmit_skb(struct sock *sk, struct sk_buff *skb, int segs);
void tcp_xmit_retransmit_queue(struct sock *sk);
int tcp_fragment(struct sock *sk, enum tcp_queue tcp_queue, struct sk_buff *skb, u32 len,
		 unsigned int mss_now, gfp_t gfp);
int tcp_trim_head(struct sock *sk, struct sk_buff *skb, u32 len);
void tcp_skb_collapse_tstamp(struct sk_buff *skb, const struct sk_buff *next_skb);
unsigned int tcp_sync_mss(struct sock *sk, u32 pmtu);
int tcp_mtu_to_mss(struct sock *sk, int pmtu);
int tcp_mss_to_mtu(struct sock *sk, int mss);
void tcp_mtup_init(struct sock *sk);
void tcp_select_initial_window(const struct sock *sk, int space, u32 mss, u32 *rcv_wnd, u32 *window_clamp,
			       int wscale_ok, u8 *rcv_wscale, u32 init_rcv_wnd);
u32 __tcp_select_window(struct sock *sk);
void tcp_mstamp_refresh(struct tcp_sock *tp);
void tcp_cwnd_restart(struct sock *sk, s32 delta);
void tcp_release_cb(struct sock *sk);
void tcp_wfree(struct sk_buff *skb);
void tcp_tsq_handler(struct sock *sk);
enum hrtimer_restart tcp_pace_kick(struct hrtimer *timer);
void tcp_skb_entail_tsorted(struct sock *sk, struct sk_buff *skb);

static inline void tcp_slow_start_after_idle_check(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	s32 delta;

	if (!sock_net(sk)->ipv4.sysctl_tcp_slow_start_after_idle || tp->packets_out ||
	    inet_csk(sk)->icsk_ca_ops->cong_control)
		return;
	delta = (s32)(tcp_jiffies32(sk->host) - tp->lsndtime);
	if (delta > (s32)inet_csk(sk)->icsk_rto)
		tcp_cwnd_restart(sk, delta);
}

/* ---- tcp_timer.c ---- */
void tcp_init_xmit_timers(struct sock *sk);
void tcp_write_timer_handler(struct sock *sk);
void tcp_delack_timer_handler(struct sock *sk);
void tcp_retransmit_timer(struct sock *sk);
void tcp_set_keepalive(struct sock *sk, int val);
void tcp_syn_ack_timeout(const struct request_sock *req);
enum hrtimer_restart tcp_compressed_ack_kick(struct hrtimer *timer);
u32 tcp_clamp_probe0_to_user_timeout(const struct sock *sk, u32 when);

static inline void tcp_clear_xmit_timers(struct sock *sk)
{
	if (hrtimer_try_to_cancel(&tcp_sk(sk)->pacing_timer) == 1)
		__sock_put(sk);
	if (hrtimer_try_to_cancel(&tcp_sk(sk)->compressed_ack_timer) == 1)
		__sock_put(sk);
	inet_csk_clear_xmit_timers(sk);
}

/* ---- tcp_metrics.c ---- */
int tcp_metrics_init(struct host *host);
void tcp_metrics_flush(struct host *host);
void tcp_metrics_exit(struct host *host);
void tcp_update_metrics(struct sock *sk);
void tcp_init_metrics(struct sock *sk);
bool tcp_peer_is_proven(struct request_sock *req, struct dst_entry *dst);

/* ---- syncookies.c ---- */
void syncookies_init(struct host *host);
void tcp_synq_overflow(struct sock *sk);
u32 cookie_v4_init_sequence(const struct sk_buff *skb, u16 *mssp);
u64 cookie_init_timestamp(const struct request_sock *req, u64 now);
bool cookie_timestamp_decode(const struct net *net, struct tcp_options_received *tcp_opt);
struct sock *cookie_v4_check(struct sock *sk, struct sk_buff *skb);

/* ---- tcp_offload.c ---- */
struct sk_buff *tcp_gso_segment(struct sk_buff *skb, u64 features);
struct sk_buff *tcp4_gso_segment(struct sk_buff *skb, u64 features);
int tcpv4_offload_init(struct host *host);

#endif
