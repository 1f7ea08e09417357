/*
 * What the files of TCP's output side share among themselves: tcp_output.c (build and send segments),
 * tcp_options.c, tcp_mss.c, tcp_frag.c, tcp_retransmit.c, tcp_control.c, tcp_tsq.c, tcp_timer.c.
 * Everybody else uses tcp.h.
 */
#ifndef STACK_TRANSPORT_TCP_OUTPUT_H
#define STACK_TRANSPORT_TCP_OUTPUT_H

#include "stack/internet/dst.h"
#include "stack/internet/inet_ecn.h"
#include "stack/transport/tcp.h"

/* ---- tcp_options.c ---- */

#define OPTION_SACK_ADVERTISE (1 << 0)
#define OPTION_TS (1 << 1)
#define OPTION_MD5 (1 << 2)
#define OPTION_WSCALE (1 << 3)
#define OPTION_FAST_OPEN_COOKIE (1 << 8)

/* The options of one segment, before they are written. */
struct tcp_out_options {
	u16 options; /* OPTION_* */
	u16 mss;     /* 0: none */
	u8 ws;
	u8 num_sack_blocks;
	u32 tsval, tsecr;
	const struct tcp_fastopen_cookie *fastopen_cookie;
	const struct tcp_md5sig_key *md5; /* with OPTION_MD5 */
	u8 *hash_location;		  /* by tcp_options_write(): where the signature goes */
};

/* These return the size that the options take, a multiple of four. */
unsigned int tcp_syn_options(struct sock *sk, struct sk_buff *skb, struct tcp_out_options *opts);
unsigned int tcp_synack_options(struct request_sock *req, unsigned int mss, struct sk_buff *skb,
				struct tcp_out_options *opts, const struct tcp_fastopen_cookie *foc,
				enum tcp_synack_type synack_type);
unsigned int tcp_established_options(struct sock *sk, struct sk_buff *skb, struct tcp_out_options *opts);
/* `tp` may be NULL (SYN-ACK of a half-open connection). */
void tcp_options_write(struct host *host, __be32 *ptr, struct tcp_sock *tp, struct tcp_out_options *opts);

/* ---- tcp_output.c ---- */

void tcp_init_nondata_skb(struct sk_buff *skb, u32 seq, u8 flags);
int __tcp_transmit_skb(struct sock *sk, struct sk_buff *skb, int clone_it, gfp_t gfp_mask, u32 rcv_nxt);
int tcp_transmit_skb(struct sock *sk, struct sk_buff *skb, int clone_it, gfp_t gfp_mask);
bool tcp_write_xmit(struct sock *sk, unsigned int mss_now, int nonagle, int push_one, gfp_t gfp);
void tcp_update_skb_after_send(struct sock *sk, struct sk_buff *skb, u64 prior_wstamp);
void tcp_event_new_data_sent(struct sock *sk, struct sk_buff *skb);
bool tcp_snd_wnd_test(const struct tcp_sock *tp, const struct sk_buff *skb, unsigned int cur_mss);
u32 tcp_tso_segs(struct sock *sk, unsigned int mss_now);

/* ---- tcp_frag.c ---- */

void tcp_set_skb_tso_segs(struct sk_buff *skb, unsigned int mss_now);
int tcp_init_tso_segs(struct sk_buff *skb, unsigned int mss_now);
void tcp_adjust_pcount(struct sock *sk, const struct sk_buff *skb, int decr);
int tso_fragment(struct sock *sk, struct sk_buff *skb, unsigned int len, unsigned int mss_now, gfp_t gfp);
int tcp_mtu_probe(struct sock *sk);

/* ---- tcp_mss.c ---- */

int __tcp_mtu_to_mss(struct sock *sk, int pmtu);
u16 tcp_select_window(struct sock *sk);

/* ---- tcp_retransmit.c ---- */

bool skb_still_in_host_queue(struct sock *sk, const struct sk_buff *skb);

/* ---- tcp_control.c ---- */

void tcp_connect_queue_skb(struct sock *sk, struct sk_buff *skb);

/* ---- tcp_tsq.c ---- */

bool tcp_pacing_check(struct sock *sk);
bool tcp_small_queue_check(struct sock *sk, const struct sk_buff *skb, unsigned int factor);

/* ---- ECN ---- */

/* From now on packets of the socket say that they can carry a congestion mark, or that they cannot. */
static inline void INET_ECN_xmit(struct sock *sk)
{
	inet_sk(sk)->tos |= INET_ECN_ECT_0;
}

static inline void INET_ECN_dontxmit(struct sock *sk)
{
	inet_sk(sk)->tos &= (u8)~INET_ECN_MASK;
}

/* ---- small things ---- */

/*
 * The clock that segments are stamped with. A stamp of 0 means "never" in many places, so that nothing is
 * ever sent in the first microsecond of a run.
 */
static inline u64 tcp_stamp_ns(const struct host *host)
{
	return max(tcp_clock_ns(host), (u64)NSEC_PER_USEC);
}

/* There is urgent data that the peer may not have seen. */
static inline bool tcp_urg_mode(const struct tcp_sock *tp)
{
	return tp->snd_una != tp->snd_up;
}

/* The list by time of sending lies where a packet under way has its route and destructor. */
#define tcp_skb_tsorted_save(skb)                                                                            \
	{                                                                                                    \
		unsigned long tsorted_save_refdst = (skb)->_skb_refdst;                                      \
		(skb)->_skb_refdst = 0UL;                                                                    \
		void (*tsorted_save_destructor)(struct sk_buff *) = (skb)->destructor;                       \
		(skb)->destructor = NULL

#define tcp_skb_tsorted_restore(skb)                                                                         \
	(skb)->_skb_refdst = tsorted_save_refdst;                                                            \
	(skb)->destructor = tsorted_save_destructor;                                                         \
	}

#endif
