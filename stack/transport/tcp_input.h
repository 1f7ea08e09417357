/*
 * What the files of TCP's input side share among themselves: tcp_input.c (segments of a connection),
 * tcp_options_in.c, tcp_state.c (everything but ESTABLISHED), tcp_conn_request.c (SYNs for a listener),
 * tcp_ack.c and tcp_clean_rtx.c (acknowledgements), tcp_rtt.c, tcp_sack.c (scoreboard), tcp_loss.c,
 * tcp_recovery.c, tcp_undo.c, tcp_rack.c, tcp_rate.c (the sender's reaction), tcp_data_queue.c, tcp_ofo.c,
 * tcp_collapse.c, tcp_dsack.c, tcp_rcvbuf.c (the receiver). Everybody else uses tcp.h.
 */
#ifndef STACK_TRANSPORT_TCP_INPUT_H
#define STACK_TRANSPORT_TCP_INPUT_H

#include "stack/internet/dst.h"
#include "stack/internet/inet_ecn.h"
#include "stack/transport/tcp.h"

/* What one segment said and did, gathered on its way through tcp_ack(). */
#define FLAG_DATA 0x01		       /* it carried data */
#define FLAG_WIN_UPDATE 0x02	       /* it updated the send window */
#define FLAG_DATA_ACKED 0x04	       /* it acknowledged new data */
#define FLAG_RETRANS_DATA_ACKED 0x08   /* some of which was retransmitted */
#define FLAG_SYN_ACKED 0x10	       /* it acknowledged our SYN */
#define FLAG_DATA_SACKED 0x20	       /* it SACKed new data */
#define FLAG_ECE 0x40		       /* it echoed congestion */
#define FLAG_LOST_RETRANS 0x80	       /* it showed that a retransmission was lost */
#define FLAG_SLOWPATH 0x100	       /* header prediction did not fit */
#define FLAG_ORIG_SACK_ACKED 0x200     /* never retransmitted data was (S)ACKed */
#define FLAG_SND_UNA_ADVANCED 0x400    /* snd_una moved */
#define FLAG_DSACKING_ACK 0x800	       /* its SACK has a duplicate SACK */
#define FLAG_SET_XMIT_TIMER 0x1000     /* the TLP or RTO timer is to be set anew */
#define FLAG_SACK_RENEGING 0x2000      /* snd_una stands at a SACKed segment */
#define FLAG_UPDATE_TS_RECENT 0x4000   /* tcp_replace_ts_recent() is due */
#define FLAG_NO_CHALLENGE_ACK 0x8000   /* no challenge ACK from tcp_ack() */
#define FLAG_ACK_MAYBE_DELAYED 0x10000 /* it may have been delayed by the peer */
#define FLAG_DSACK_TLP 0x20000	       /* its duplicate SACK is of a loss probe */

#define FLAG_ACKED (FLAG_DATA_ACKED | FLAG_SYN_ACKED)
#define FLAG_NOT_DUP (FLAG_DATA | FLAG_WIN_UPDATE | FLAG_ACKED)
#define FLAG_CA_ALERT (FLAG_DATA_SACKED | FLAG_ECE | FLAG_DSACKING_ACK)
#define FLAG_FORWARD_PROGRESS (FLAG_ACKED | FLAG_DATA_SACKED)

/* What tcp_ack() wants sent at its end. */
#define REXMIT_NONE 0 /* nothing */
#define REXMIT_LOST 1 /* what is marked lost */
#define REXMIT_NEW 2  /* new data (F-RTO) */

/* sysctl_tcp_recovery */
#define TCP_RACK_LOSS_DETECTION 0x1
#define TCP_RACK_STATIC_REO_WND 0x2
#define TCP_RACK_NO_DUPTHRESH 0x4

/* Gathered while one ACK's SACK blocks are looked at and acknowledged segments are freed. */
struct tcp_sacktag_state {
	bool timed;		     /* a never retransmitted segment was SACKed */
	u64 first_sackt, last_sackt; /* us: when the first and last of these were sent */
	u32 reord;		     /* lowest sequence number that was SACKed out of order */
	u32 sack_delivered;
	int flag;
	unsigned int mss_now;
	struct rate_sample *rate;
};

static inline struct host *tcp_hosts(const struct tcp_sock *tp)
{
	return ((const struct sock *)tp)->host;
}

/* ---- tcp_input.c ---- */
void tcp_drop(struct sock *sk, struct sk_buff *skb, enum skb_drop_reason reason);
bool tcp_validate_incoming(struct sock *sk, struct sk_buff *skb, const struct tcphdr *th, int syn_inerr);
void tcp_send_challenge_ack(struct sock *sk);
void tcp_urg(struct sock *sk, struct sk_buff *skb, const struct tcphdr *th);
void tcp_ack_snd_check(struct sock *sk);

/* ---- tcp_options_in.c ---- */
bool tcp_fast_parse_options(struct net *net, const struct sk_buff *skb, const struct tcphdr *th,
			    struct tcp_sock *tp);
bool tcp_parse_aligned_timestamp(struct tcp_sock *tp, const struct tcphdr *th);
void tcp_store_ts_recent(struct tcp_sock *tp);
void tcp_replace_ts_recent(struct tcp_sock *tp, u32 seq);

/* ---- tcp_state.c ---- */
void tcp_done_with_error(struct sock *sk, int err);

/* ---- tcp_ecn_in.c ---- */
void tcp_ecn_queue_cwr(struct tcp_sock *tp);
void tcp_ecn_accept_cwr(struct sock *sk, const struct sk_buff *skb);
void tcp_ecn_withdraw_cwr(struct tcp_sock *tp);
void tcp_ecn_check_ce(struct sock *sk, const struct sk_buff *skb);
void tcp_ecn_rcv_synack(struct tcp_sock *tp, const struct tcphdr *th);
void tcp_ecn_rcv_syn(struct tcp_sock *tp, const struct tcphdr *th);
bool tcp_ecn_rcv_ecn_echo(const struct tcp_sock *tp, const struct tcphdr *th);

/* ---- tcp_ack.c; tcp_ack(): 1 fine, 0 an old one, negative: minus the reason to drop the segment ---- */
int tcp_ack(struct sock *sk, const struct sk_buff *skb, int flag);
void tcp_count_delivered(struct tcp_sock *tp, u32 delivered, bool ece_ack);
bool tcp_may_update_window(const struct tcp_sock *tp, u32 ack, u32 ack_seq, u32 nwin);

/* ---- tcp_clean_rtx.c ---- */
int tcp_clean_rtx_queue(struct sock *sk, u32 prior_fack, u32 prior_snd_una, struct tcp_sacktag_state *sack,
			bool ece_ack);

/* ---- tcp_rtt.c ---- */
u32 minmax_running_min(struct minmax *m, u32 win, u32 t, u32 meas);
u32 minmax_running_max(struct minmax *m, u32 win, u32 t, u32 meas);
bool tcp_ack_update_rtt(struct sock *sk, int flag, long seq_rtt_us, long sack_rtt_us, long ca_rtt_us,
			struct rate_sample *rs);
void tcp_set_xmit_timer(struct sock *sk);
void tcp_update_pacing_rate(struct sock *sk);

/* ---- tcp_sack.c ---- */
int tcp_sacktag_write_queue(struct sock *sk, const struct sk_buff *ack_skb, u32 prior_snd_una,
			    struct tcp_sacktag_state *state);

/* ---- tcp_loss.c ---- */
bool tcp_is_rack(const struct sock *sk);
void tcp_check_sack_reordering(struct sock *sk, u32 low_seq, int ts);
void tcp_add_reno_sack(struct sock *sk, int num_dupack, bool ece_ack);
void tcp_remove_reno_sacks(struct sock *sk, int acked, bool ece_ack);
void tcp_init_undo(struct tcp_sock *tp);
void tcp_mark_head_lost(struct sock *sk, int packets, bool only_head);

static inline void tcp_reset_reno_sack(struct tcp_sock *tp)
{
	tp->sacked_out = 0;
}

/* ---- tcp_recovery.c ---- */
void tcp_fastretrans_alert(struct sock *sk, u32 prior_snd_una, int num_dupack, int *ack_flag, int *rexmit);
void tcp_end_cwnd_reduction(struct sock *sk);
void tcp_try_keep_open(struct sock *sk);
void tcp_mtup_probe_success(struct sock *sk);

/* ---- tcp_undo.c ---- */
bool tcp_skb_spurious_retrans(const struct tcp_sock *tp, const struct sk_buff *skb);
bool tcp_any_retrans_done(const struct sock *sk);
bool tcp_try_undo_recovery(struct sock *sk);
bool tcp_try_undo_dsack(struct sock *sk);
bool tcp_try_undo_loss(struct sock *sk, bool frto_undo);
bool tcp_try_undo_partial(struct sock *sk, u32 prior_snd_una);
void tcp_try_undo_spurious_syn(struct sock *sk);

/* ---- tcp_sndbuf.c ---- */
void tcp_sndbuf_expand(struct sock *sk);

/* ---- tcp_data_queue.c ---- */
int tcp_queue_rcv(struct sock *sk, struct sk_buff *skb, bool *fragstolen);
bool tcp_try_coalesce(struct sock *sk, struct sk_buff *to, struct sk_buff *from, bool *fragstolen);
void tcp_rcv_nxt_update(struct tcp_sock *tp, u32 seq);

/* ---- tcp_ofo.c ---- */
void tcp_data_queue_ofo(struct sock *sk, struct sk_buff *skb);
void tcp_ofo_queue(struct sock *sk);

/* ---- tcp_collapse.c ---- */
int tcp_try_rmem_schedule(struct sock *sk, struct sk_buff *skb, unsigned int size);

/* ---- tcp_dsack.c ---- */
void tcp_dsack_set(struct sock *sk, u32 seq, u32 end_seq);
void tcp_dsack_extend(struct sock *sk, u32 seq, u32 end_seq);
void tcp_send_dupack(struct sock *sk, const struct sk_buff *skb);
void tcp_sack_new_ofo_skb(struct sock *sk, u32 seq, u32 end_seq);
void tcp_sack_remove(struct tcp_sock *tp);

/* ---- tcp_rcvbuf.c ---- */
void tcp_event_data_recv(struct sock *sk, struct sk_buff *skb);
void __tcp_ack_snd_check(struct sock *sk, int ofo_possible);
void tcp_rcv_rtt_measure_ts(struct sock *sk, const struct sk_buff *skb);
void tcp_grow_window(struct sock *sk, const struct sk_buff *skb, bool adjust);
void tcp_clamp_window(struct sock *sk);
void tcp_init_buffer_space(struct sock *sk);

#endif
