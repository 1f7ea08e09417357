/*
 * TCP's data: the header on the wire, the state of a connection, of a half-open one and of one in
 * TIME_WAIT, and what TCP keeps in skb->cb. Names are Linux 5.15's. Reached through tcp.h.
 */
#ifndef STACK_TRANSPORT_TCP_TYPES_H
#define STACK_TRANSPORT_TCP_TYPES_H

#include "stack/kernel/kernel.h"
#include "stack/kernel/timer.h"
#include "stack/skb/skbuff.h"
#include "stack/transport/inet_connection_sock.h"
#include "stack/transport/inet_sock.h"
#include "stack/transport/inet_timewait_sock.h"
#include "stack/transport/request_sock.h"
#include "stack/transport/sock.h"

/* <netinet/tcp.h> (through sock.h) has structures of these names, older ones: in the stack ours are meant. */
#define tcphdr kernel_tcphdr
#define tcp_info kernel_tcp_info

/* ---- constants ---- */

#define TCP_HEADER_LEN 20u
#define MAX_TCP_HEADER 192u /* link + IP + TCP headers with options: head room of every segment */
#define MAX_TCP_OPTION_SPACE 40
#define TCP_MIN_SND_MSS 48
#define TCP_MIN_GSO_SIZE (TCP_MIN_SND_MSS - MAX_TCP_OPTION_SPACE)
#define MAX_TCP_WINDOW 32767u
#define TCP_MIN_MSS 88u
#define TCP_BASE_MSS 1024
#define TCP_PROBE_INTERVAL 600
#define TCP_PROBE_THRESHOLD 8
#define TCP_FASTRETRANS_THRESH 3
#define TCP_MAX_QUICKACKS 16u
#define TCP_MAX_WSCALE 14U
#define TCP_URG_VALID 0x0100
#define TCP_URG_NOTYET 0x0200
#define TCP_URG_READ 0x0400
#define TCP_RETR1 3
#define TCP_RETR2 15
#define TCP_SYN_RETRIES 6
#define TCP_SYNACK_RETRIES 5
#define TCP_TIMEWAIT_LEN (60 * HZ)
#define TCP_FIN_TIMEOUT TCP_TIMEWAIT_LEN
#define TCP_FIN_TIMEOUT_MAX (120 * HZ)
#define TCP_DELACK_MAX ((unsigned)(HZ / 5))
#define TCP_DELACK_MIN ((unsigned)(HZ / 25))
#define TCP_ATO_MIN ((unsigned)(HZ / 25))
#define TCP_RTO_MAX ((unsigned)(120 * HZ))
#define TCP_RTO_MIN ((unsigned)(HZ / 5))
#define TCP_TIMEOUT_MIN (2U)
#define TCP_TIMEOUT_MIN_US (2 * 1000u)
#define TCP_TIMEOUT_INIT ((unsigned)(1 * HZ))	  /* RFC 6298: initial RTO */
#define TCP_TIMEOUT_FALLBACK ((unsigned)(3 * HZ)) /* RFC 1122's, used when a SYN had to be repeated */
#define TCP_RESOURCE_PROBE_INTERVAL ((unsigned)(HZ / 2U))
#define TCP_KEEPALIVE_TIME (120 * 60 * HZ)
#define TCP_KEEPALIVE_PROBES 9
#define TCP_KEEPALIVE_INTVL (75 * HZ)
#define MAX_TCP_KEEPIDLE 32767
#define MAX_TCP_KEEPINTVL 32767
#define MAX_TCP_KEEPCNT 127
#define MAX_TCP_SYNCNT 127
#define TCP_PAWS_WRAP (0x7fffffff / 1000) /* seconds until a millisecond time stamp wraps */
#define TCP_PAWS_MSL 60
#define TCP_PAWS_WINDOW 1
#define TCP_TS_HZ 1000
#define TCP_THIN_LINEAR_RETRIES 6
#define TCP_INIT_CWND 10
#define TCP_INFINITE_SSTHRESH 0x7fffffff
#define TCP_RACK_RECOVERY_THRESH 16
#define TCP_NUM_SACKS 4
#define MIN_TCP_TSO_SEGS 2

/* Nagle: bits of tcp_sock.nonagle */
#define TCP_NAGLE_OFF 1
#define TCP_NAGLE_CORK 2
#define TCP_NAGLE_PUSH 4

/* Options on the wire */
#define TCPOPT_NOP 1
#define TCPOPT_EOL 0
#define TCPOPT_MSS 2
#define TCPOPT_WINDOW 3
#define TCPOPT_SACK_PERM 4
#define TCPOPT_SACK 5
#define TCPOPT_TIMESTAMP 8
#define TCPOPT_MD5SIG 19
#define TCPOPT_FASTOPEN 34
#define TCPOPT_EXP 254
#define TCPOLEN_MSS 4
#define TCPOLEN_WINDOW 3
#define TCPOLEN_SACK_PERM 2
#define TCPOLEN_TIMESTAMP 10
#define TCPOLEN_MD5SIG 18
#define TCPOLEN_TSTAMP_ALIGNED 12
#define TCPOLEN_WSCALE_ALIGNED 4
#define TCPOLEN_SACKPERM_ALIGNED 4
#define TCPOLEN_SACK_BASE 2
#define TCPOLEN_SACK_BASE_ALIGNED 4
#define TCPOLEN_SACK_PERBLOCK 8
#define TCPOLEN_MSS_ALIGNED 4
#define TCPOLEN_FASTOPEN_BASE 2
#define TCPOLEN_EXP_FASTOPEN_BASE 4
#define TCPOPT_FASTOPEN_MAGIC 0xF989

/* tcp_sock.ecn_flags */
#define TCP_ECN_OK 1
#define TCP_ECN_QUEUE_CWR 2
#define TCP_ECN_DEMAND_CWR 4
#define TCP_ECN_SEEN 8

/* tcp_options_received.sack_ok */
#define TCP_SACK_SEEN (1 << 0)
#define TCP_DSACK_SEEN (1 << 2)

/* Flags of TCP_INFO's tcpi_options, as in <netinet/tcp.h>; TCPI_OPT_ECN_SEEN is missing there at times */
#ifndef TCPI_OPT_ECN_SEEN
#define TCPI_OPT_ECN_SEEN 16
#endif
#ifndef TCPI_OPT_SYN_DATA
#define TCPI_OPT_SYN_DATA 32
#endif

/* ---- the header on the wire ---- */

struct tcphdr {
	__be16 source, dest;
	__be32 seq;
	__be32 ack_seq;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	u16 res1 : 4, doff : 4, fin : 1, syn : 1, rst : 1, psh : 1, ack : 1, urg : 1, ece : 1, cwr : 1;
#else
	u16 doff : 4, res1 : 4, cwr : 1, ece : 1, urg : 1, ack : 1, psh : 1, rst : 1, syn : 1, fin : 1;
#endif
	__be16 window;
	__sum16 check;
	__be16 urg_ptr;
};

/* The fourth 32-bit word: data offset, flags, window (header prediction compares it as a whole). */
#define tcp_flag_word(tp) (*(__be32 *)((u8 *)(tp) + 12))
#define TCP_FLAG_CWR ((__be32)htonl(0x00800000))
#define TCP_FLAG_ECE ((__be32)htonl(0x00400000))
#define TCP_FLAG_URG ((__be32)htonl(0x00200000))
#define TCP_FLAG_ACK ((__be32)htonl(0x00100000))
#define TCP_FLAG_PSH ((__be32)htonl(0x00080000))
#define TCP_FLAG_RST ((__be32)htonl(0x00040000))
#define TCP_FLAG_SYN ((__be32)htonl(0x00020000))
#define TCP_FLAG_FIN ((__be32)htonl(0x00010000))
#define TCP_RESERVED_BITS ((__be32)htonl(0x0F000000))
#define TCP_DATA_OFFSET ((__be32)htonl(0xF0000000))
#define TCP_REMNANT (TCP_FLAG_FIN | TCP_FLAG_URG | TCP_FLAG_SYN | TCP_FLAG_PSH)
#define TCP_HP_BITS (~(TCP_RESERVED_BITS | TCP_FLAG_PSH))

/* TCP_SKB_CB(skb)->tcp_flags: byte 13 of the header */
#define TCPHDR_FIN 0x01
#define TCPHDR_SYN 0x02
#define TCPHDR_RST 0x04
#define TCPHDR_PSH 0x08
#define TCPHDR_ACK 0x10
#define TCPHDR_URG 0x20
#define TCPHDR_ECE 0x40
#define TCPHDR_CWR 0x80
#define TCPHDR_SYN_ECN (TCPHDR_SYN | TCPHDR_ECE | TCPHDR_CWR)

static inline struct tcphdr *tcp_hdr(const struct sk_buff *skb)
{
	return (struct tcphdr *)skb_transport_header(skb);
}

static inline unsigned int __tcp_hdrlen(const struct tcphdr *th)
{
	return th->doff * 4;
}

static inline unsigned int tcp_hdrlen(const struct sk_buff *skb)
{
	return __tcp_hdrlen(tcp_hdr(skb));
}

static inline unsigned int tcp_optlen(const struct sk_buff *skb)
{
	return (tcp_hdr(skb)->doff - 5) * 4;
}

static inline unsigned int skb_tcp_all_headers(const struct sk_buff *skb)
{
	return skb_transport_offset(skb) + tcp_hdrlen(skb);
}

/* ---- small parts of the socket ---- */

struct tcp_sack_block_wire {
	__be32 start_seq, end_seq;
};

struct tcp_sack_block {
	u32 start_seq, end_seq;
};

struct tcp_fastopen_cookie {
	s8 len;
	bool exp;
	u8 val[16];
};

/* Options of the segment at hand; some (wscale, mss_clamp, sack_ok, tstamp_ok) hold for the connection. */
struct tcp_options_received {
	int ts_recent_stamp; /* seconds: when ts_recent was stored */
	u32 ts_recent;	     /* time stamp to echo next */
	u32 rcv_tsval;
	u32 rcv_tsecr;
	u16 saw_tstamp : 1, tstamp_ok : 1, dsack : 1, wscale_ok : 1, sack_ok : 3, smc_ok : 1, snd_wscale : 4,
		rcv_wscale : 4;
	u8 saw_unknown : 1, unused : 7;
	u8 num_sacks;
	u16 user_mss;  /* TCP_MAXSEG */
	u16 mss_clamp; /* largest MSS that was negotiated */
};

static inline void tcp_clear_options(struct tcp_options_received *rx_opt)
{
	rx_opt->tstamp_ok = rx_opt->sack_ok = 0;
	rx_opt->wscale_ok = rx_opt->snd_wscale = 0;
}

/* Windowed minimum (RTT), three best samples. */
struct minmax_sample {
	u32 t, v;
};

struct minmax {
	struct minmax_sample s[3];
};

static inline u32 minmax_get(const struct minmax *m)
{
	return m->s[0].v;
}

static inline u32 minmax_reset(struct minmax *m, u32 t, u32 meas)
{
	struct minmax_sample val = { .t = t, .v = meas };

	m->s[2] = m->s[1] = m->s[0] = val;
	return m->s[0].v;
}

/* RACK (RFC 8985): the most recently sent packet that was delivered, and the reordering window. */
struct tcp_rack {
	u64 mstamp; /* us: when that packet was sent */
	u32 rtt_us;
	u32 end_seq;
	u32 last_delivered; /* tp->delivered when reo_wnd was last changed */
	u8 reo_wnd_steps;
	u8 reo_wnd_persist : 5, dsack_seen : 1, advanced : 1;
};

enum tcp_chrono {
	TCP_CHRONO_UNSPEC,
	TCP_CHRONO_BUSY,	   /* data is outstanding */
	TCP_CHRONO_RWND_LIMITED,   /* the peer's window holds us up */
	TCP_CHRONO_SNDBUF_LIMITED, /* the send buffer is too small */
	__TCP_CHRONO_MAX,
};

enum tsq_enum {
	TSQ_THROTTLED,
	TSQ_QUEUED,
	TCP_TSQ_DEFERRED,
	TCP_WRITE_TIMER_DEFERRED,
	TCP_DELACK_TIMER_DEFERRED,
	TCP_MTU_REDUCED_DEFERRED,
};

enum tsq_flags {
	TSQF_THROTTLED = 1ul << TSQ_THROTTLED,
	TSQF_QUEUED = 1ul << TSQ_QUEUED,
	TCPF_TSQ_DEFERRED = 1ul << TCP_TSQ_DEFERRED,
	TCPF_WRITE_TIMER_DEFERRED = 1ul << TCP_WRITE_TIMER_DEFERRED,
	TCPF_DELACK_TIMER_DEFERRED = 1ul << TCP_DELACK_TIMER_DEFERRED,
	TCPF_MTU_REDUCED_DEFERRED = 1ul << TCP_MTU_REDUCED_DEFERRED,
};

enum tcp_queue {
	TCP_FRAG_IN_WRITE_QUEUE,
	TCP_FRAG_IN_RTX_QUEUE,
};

enum tcp_synack_type {
	TCP_SYNACK_NORMAL,
	TCP_SYNACK_FASTOPEN,
	TCP_SYNACK_COOKIE,
};

enum tcp_tw_status {
	TCP_TW_SUCCESS = 0,
	TCP_TW_RST = 1,
	TCP_TW_ACK = 2,
	TCP_TW_SYN = 3,
};

/* ---- a connection ---- */

struct tcp_sock {
	struct inet_connection_sock inet_conn; /* first: a tcp_sock is an inet_connection_sock is a sock */

	/* hot: every segment in or out */
	u16 tcp_header_len; /* header with options of an established segment without SACK */
	u16 gso_segs;
	__be32 pred_flags; /* what tcp_flag_word() of the expected next segment is; 0: slow path */
	u32 rcv_nxt, copied_seq, rcv_wup, rcv_wnd;
	u32 snd_nxt, snd_una, snd_sml, write_seq, pushed_seq;
	u32 snd_wl1, snd_wnd, max_window, mss_cache;
	u32 window_clamp, rcv_ssthresh;
	u32 rcv_tstamp; /* jiffies of the last ACK received (keepalive) */
	u32 lsndtime;	/* jiffies of the last data sent */
	u32 packets_out, retrans_out, sacked_out, lost_out, max_packets_out, cwnd_usage_seq;
	u32 snd_cwnd, snd_ssthresh, snd_cwnd_cnt, snd_cwnd_clamp, snd_cwnd_used, snd_cwnd_stamp;
	u64 tcp_wstamp_ns;   /* departure time of the next data segment (pacing) */
	u64 tcp_clock_cache; /* ns, by tcp_mstamp_refresh() */
	u64 tcp_mstamp;	     /* us, the same moment */
	u32 srtt_us, mdev_us, mdev_max_us, rttvar_us, rtt_seq; /* srtt_us: 8 times the RTT */
	struct minmax rtt_min;
	u64 bytes_received, bytes_sent, bytes_acked, bytes_retrans;
	u32 segs_in, data_segs_in, segs_out, data_segs_out;
	struct tcp_options_received rx_opt;
	u32 tsoffset;
	u16 advmss;
	u16 urg_data; /* urgent byte and TCP_URG_* */
	u8 ecn_flags;
	u8 nonagle : 4, thin_lto : 1, recvmsg_inq : 1, repair : 1, frto : 1;
	u8 chrono_type : 2, rate_app_limited : 1, fastopen_connect : 1, fastopen_no_cookie : 1,
		is_sack_reneg : 1, fastopen_client_fail : 2;
	u8 save_syn : 2, syn_data : 1, syn_fastopen : 1, syn_fastopen_exp : 1, syn_fastopen_ch : 1,
		syn_data_acked : 1, is_cwnd_limited : 1;
	u8 compressed_ack;
	u8 dup_ack_counter : 2, tlp_retrans : 1;
	u8 keepalive_probes, repair_queue;
	u32 chrono_start;
	u32 chrono_stat[3];
	u32 notsent_lowat;
	u32 tlp_high_seq;

	/* delivery rate */
	u32 delivered, delivered_ce, lost, app_limited;
	u64 first_tx_mstamp, delivered_mstamp;
	u32 rate_delivered, rate_interval_us;

	/* queues */
	struct list_head tsorted_sent_queue; /* sent, not SACKed, by time of sending */
	struct list_head tsq_node;
	struct rb_root out_of_order_queue;
	struct sk_buff *ooo_last_skb;
	struct sk_buff *lost_skb_hint, *retransmit_skb_hint, *highest_sack;
	int lost_cnt_hint;

	/* SACK and recovery */
	struct tcp_rack rack;
	struct tcp_sack_block duplicate_sack[1]; /* these two lie together: written as one list */
	struct tcp_sack_block selective_acks[4];
	struct tcp_sack_block recv_sack_cache[4];
	u32 prior_ssthresh, high_seq, retrans_stamp, undo_marker;
	int undo_retrans;
	u32 prior_cwnd, prr_delivered, prr_out;
	u32 reordering, reord_seen, dsack_dups;
	u32 total_retrans;
	u32 last_oow_ack_time, compressed_ack_rcv_nxt;
	u16 timeout_rehash;
	u32 rcv_ooopack;

	u32 urg_seq, snd_up;
	unsigned int keepalive_time, keepalive_intvl; /* jiffies; 0: the sysctl's */
	int linger2;				      /* jiffies; 0: the sysctl's, negative: no FIN_WAIT2 */
	u32 tcp_tx_delay;

	/* receiver's RTT and buffer growth */
	u32 rcv_rtt_last_tsecr;
	struct {
		u32 rtt_us, seq;
		u64 time;
	} rcv_rtt_est;
	struct {
		u32 space, seq;
		u64 time;
	} rcvq_space;

	struct {
		u32 probe_seq_start, probe_seq_end;
	} mtu_probe;
	u32 mtu_info; /* MTU of an ICMP error that came while the socket was owned */

	struct hrtimer pacing_timer;
	struct hrtimer compressed_ack_timer;

	struct tcp_fastopen_request *fastopen_req; /* client: the SYN's cookie and data (tcp_fastopen.h) */
	struct request_sock *fastopen_rsk;	   /* server: until the ACK of our SYN */
	struct saved_syn *saved_syn;
	struct tcp_md5sig_key *md5sig_info; /* tcp_md5.h; NULL: no TCP-MD5 */

	/* tcp_trace.c: as last recorded */
	struct {
		u32 snd_cwnd, snd_ssthresh, packets_out, in_flight, srtt, rto, ca_state, snd_wnd, rcv_wnd;
		u32 send_q, recv_q;
		bool timewait; /* a time-wait socket stands in */
	} traced;
};

/* A half-open connection of a listener (SYN received). */
struct tcp_request_sock {
	struct inet_request_sock req;
	const struct tcp_request_sock_ops *af_specific;
	u64 snt_synack; /* us: when the first SYN-ACK was sent */
	bool tfo_listener;
	u32 txhash;
	u32 rcv_isn, snt_isn, ts_off;
	u32 last_oow_ack_time;
	u32 rcv_nxt;
	u8 syn_tos;
};

/* What an address family does for half-open connections. */
struct tcp_request_sock_ops {
	u16 mss_clamp; /* MSS when the peer names none */
	/* fills in the addresses of the SYN, and finds the route back; NULL: none */
	struct dst_entry *(*route_req)(struct sock *sk, struct sk_buff *skb, struct flowi *fl,
				       struct request_sock *req);
	u32 (*init_seq)(struct sk_buff *skb);
	/* the same as a SYN cookie; rounds *mss to what it says */
	u32 (*cookie_init_seq)(const struct sk_buff *skb, u16 *mss);
	u32 (*init_ts_off)(struct net *net, struct sk_buff *skb);
	int (*send_synack)(struct sock *sk, struct dst_entry *dst, struct flowi *fl, struct request_sock *req,
			   struct tcp_fastopen_cookie *foc, enum tcp_synack_type synack_type,
			   struct sk_buff *syn_skb);
};
extern const struct tcp_request_sock_ops tcp_request_sock_ipv4_ops;
extern const struct request_sock_ops tcp_request_sock_ops;

/* What is left of a connection in TIME_WAIT (or FIN_WAIT2 without a process). */
struct tcp_timewait_sock {
	struct inet_timewait_sock tw_sk;
	u32 tw_rcv_nxt, tw_snd_nxt;
	u32 tw_rcv_wnd, tw_ts_offset, tw_ts_recent;
	u32 tw_last_oow_ack_time;
	int tw_ts_recent_stamp;
	u32 tw_tx_delay;
	struct tcp_md5sig_key *tw_md5_key;
};

static inline struct tcp_sock *tcp_sk(const struct sock *sk)
{
	return (struct tcp_sock *)sk;
}

static inline struct tcp_request_sock *tcp_rsk(const struct request_sock *req)
{
	return (struct tcp_request_sock *)req;
}

static inline struct tcp_timewait_sock *tcp_twsk(const struct sock *sk)
{
	return (struct tcp_timewait_sock *)sk;
}

/* ---- skb->cb ---- */

#define TCPCB_SACKED_ACKED 0x01
#define TCPCB_SACKED_RETRANS 0x02
#define TCPCB_LOST 0x04
#define TCPCB_TAGBITS 0x07
#define TCPCB_REPAIRED 0x10
#define TCPCB_EVER_RETRANS 0x80
#define TCPCB_RETRANS (TCPCB_SACKED_RETRANS | TCPCB_EVER_RETRANS | TCPCB_REPAIRED)

struct tcp_skb_cb {
	u32 seq;     /* of the first byte (or SYN) */
	u32 end_seq; /* behind the last byte, SYN and FIN count one each */
	union {
		u32 tcp_tw_isn; /* input: ISN that tcp_timewait_state_process() chose */
		struct {	/* output */
			u16 tcp_gso_segs, tcp_gso_size;
		};
	};
	u8 tcp_flags; /* TCPHDR_* */
	u8 sacked;    /* TCPCB_* */
	u8 ip_dsfield;
	u8 txstamp_ack : 1, eor : 1, has_rxtstamp : 1;
	u32 ack_seq;
	union {
		struct { /* output: for rate samples; in_flight when sent */
			u32 in_flight : 30, is_app_limited : 1, unused : 1;
			u32 delivered;
			u64 first_tx_mstamp, delivered_mstamp;
		} tx;
		u8 ip_cb[24]; /* input: struct inet_skb_parm of the IP layer, moved behind our fields */
	};
};

#define TCP_SKB_CB(__skb) ((struct tcp_skb_cb *)&((__skb)->cb[0]))

_Static_assert(sizeof(struct tcp_skb_cb) <= 48, "tcp_skb_cb fits skb->cb");
_Static_assert(sizeof(struct tcphdr) == 20, "tcphdr is a wire format");

#endif
