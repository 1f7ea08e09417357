/*
 * CUBIC (RFC 8312) with HyStart, in the integer arithmetic of Linux, so that windows agree to the packet.
 *
 * After a loss at the window W the window follows C*(t - K)^3 + W, where t is the time since and K the time
 * at which W is reached again: quickly up to W, flat around it, then probing. Time is in 1/1024 s
 * (BICTCP_HZ bits), C is 0.4 = 41 * 10 / 1024.
 *
 * HyStart ends slow start before the first loss: when a train of ACKs has lasted longer than half the
 * smallest RTT (the pipe is full), or when the RTT of a round has grown by more than an eighth.
 */
#include "stack/net.h"
#include "stack/transport/tcp.h"

#define BICTCP_BETA_SCALE 1024 /* beta is 717 / 1024 */
#define BICTCP_BETA 717
#define BICTCP_HZ 10
#define BIC_SCALE 41

/* The window grows by one packet per `cnt` ACKs; Reno's equivalent is worked out by this, in 1/8 windows. */
#define BETA_SCALE (8 * (BICTCP_BETA_SCALE + BICTCP_BETA) / 3 / (BICTCP_BETA_SCALE - BICTCP_BETA))
#define CUBE_RTT_SCALE (BIC_SCALE * 10)
#define CUBE_FACTOR ((1ULL << (10 + 3 * BICTCP_HZ)) / (BIC_SCALE * 10))

#define HYSTART_MIN_SAMPLES 8
#define HYSTART_DELAY_MIN 4000u	 /* us */
#define HYSTART_DELAY_MAX 16000u /* us */

/* A connection's state, in icsk_ca_priv. */
struct bictcp {
	u32 cnt;	      /* ACKs per packet that the window grows */
	u32 last_max_cwnd;    /* W: the window at the last loss */
	u32 last_cwnd;	      /* the window when cnt was last worked out, */
	u32 last_time;	      /* and when that was */
	u32 bic_origin_point; /* where the curve is flat */
	u32 bic_K;	      /* time until then, from the start of the epoch */
	u32 delay_min;	      /* us: the smallest RTT */
	u32 epoch_start;      /* jiffies; 0: no epoch runs */
	u32 ack_cnt;	      /* ACKs of this epoch that Reno has not used yet */
	u32 tcp_cwnd;	      /* what Reno's window would be */
	u8 sample_cnt;	      /* RTTs seen in this round of HyStart */
	u8 found;	      /* HyStart ended slow start */
	u32 round_start;      /* us: when the round began */
	u32 end_seq;	      /* the round ends when this is acknowledged */
	u32 last_ack;	      /* us: the last ACK of the train */
	u32 curr_rtt;	      /* us: the smallest RTT of this round */
};

_Static_assert(sizeof(struct bictcp) <= sizeof(((struct inet_connection_sock *)0)->icsk_ca_priv),
	       "CUBIC's state fits the socket");

static inline struct bictcp *bictcp(const struct sock *sk)
{
	return (struct bictcp *)inet_csk_ca(sk);
}

static inline const struct tcp_cong_params *bictcp_params(const struct sock *sk)
{
	return &sock_net(sk)->tcp->cong_params;
}

static inline u32 bictcp_clock_us(const struct sock *sk)
{
	return (u32)tcp_sk(sk)->tcp_mstamp;
}

static void bictcp_reset(struct bictcp *ca)
{
	*ca = (struct bictcp){ .cnt = 0 };
}

/* A new round of HyStart: it lasts until what is sent up to now has been acknowledged. */
static void bictcp_hystart_reset(struct sock *sk)
{
	struct bictcp *ca = bictcp(sk);

	ca->round_start = ca->last_ack = bictcp_clock_us(sk);
	ca->end_seq = tcp_sk(sk)->snd_nxt;
	ca->curr_rtt = ~0U;
	ca->sample_cnt = 0;
}

static void cubictcp_init(struct sock *sk)
{
	TRACE_SK(sk, "forget all losses and start the first round of HyStart");

	bictcp_reset(bictcp(sk));
	if (bictcp_params(sk)->hystart)
		bictcp_hystart_reset(sk);
	else if (bictcp_params(sk)->initial_ssthresh)
		tcp_sk(sk)->snd_ssthresh = (u32)bictcp_params(sk)->initial_ssthresh;
}

static void cubictcp_cwnd_event(struct sock *sk, enum tcp_ca_event event)
{
	TRACE_SK(sk, "move the epoch on by the time that the application was silent");
	struct bictcp *ca = bictcp(sk);
	u32 now = tcp_jiffies32(sk->host);
	s32 idle;

	if (event != CA_EVENT_TX_START)
		return;
	idle = (s32)(now - tcp_sk(sk)->lsndtime);
	if (!ca->epoch_start || idle <= 0)
		return;
	ca->epoch_start += (u32)idle;
	if (after(ca->epoch_start, now))
		ca->epoch_start = now;
}

/*
 * Cube root rounded down, three bits of `a` to one of the root. Linux looks the first bits up in a table and
 * is 0.2 % off on average.
 */
static u32 cubic_root(u64 a)
{
	u64 root = 0;

	for (int shift = 63; shift >= 0; shift -= 3) {
		root <<= 1;
		u64 next = 3 * root * (root + 1) + 1; /* (root + 1)^3 - root^3 */
		if (a >> shift >= next) {
			a -= next << shift;
			root++;
		}
	}
	return (u32)root;
}

/* Starts an epoch if none runs: where the curve is flat and how long that is from now. */
static void bictcp_epoch_begin(struct bictcp *ca, u32 cwnd, u32 acked, u32 now)
{
	ca->epoch_start = now;
	ca->ack_cnt = acked;
	ca->tcp_cwnd = cwnd;
	if (ca->last_max_cwnd <= cwnd) {
		ca->bic_K = 0;
		ca->bic_origin_point = cwnd;
	} else {
		ca->bic_K = cubic_root(CUBE_FACTOR * (ca->last_max_cwnd - cwnd));
		ca->bic_origin_point = ca->last_max_cwnd;
	}
}

/* The window that the curve has one RTT from now. */
static u32 bictcp_target(const struct bictcp *ca, u32 now)
{
	u64 t = (u64)(s64)(s32)(now - ca->epoch_start) + usecs_to_jiffies(ca->delay_min);
	u64 offs;
	u32 delta;

	t = (t << BICTCP_HZ) / HZ;
	offs = t < ca->bic_K ? ca->bic_K - t : t - ca->bic_K;
	delta = (u32)((CUBE_RTT_SCALE * offs * offs * offs) >> (10 + 3 * BICTCP_HZ));
	return t < ca->bic_K ? ca->bic_origin_point - delta : ca->bic_origin_point + delta;
}

/* Never slower than Reno would be with the same losses. */
static void bictcp_keep_up_with_reno(struct bictcp *ca, u32 cwnd)
{
	u32 per_packet = (cwnd * BETA_SCALE) >> 3;

	while (ca->ack_cnt > per_packet) {
		ca->ack_cnt -= per_packet;
		ca->tcp_cwnd++;
	}
	if (ca->tcp_cwnd > cwnd)
		ca->cnt = min(ca->cnt, cwnd / (ca->tcp_cwnd - cwnd));
}

/* Works out cnt for the window as it is: the pace at which the curve's next value is reached. */
static void bictcp_update(struct sock *sk, struct bictcp *ca, u32 cwnd, u32 acked)
{
	u32 now = tcp_jiffies32(sk->host);
	u32 target;

	ca->ack_cnt += acked;
	if (ca->last_cwnd == cwnd && (s32)(now - ca->last_time) <= HZ / 32)
		return;

	/* the curve has a value per jiffy, Reno's counts every ACK */
	if (!ca->epoch_start || now != ca->last_time) {
		ca->last_cwnd = cwnd;
		ca->last_time = now;
		if (!ca->epoch_start)
			bictcp_epoch_begin(ca, cwnd, acked, now);
		target = bictcp_target(ca, now);
		ca->cnt = target > cwnd ? cwnd / (target - cwnd) : 100 * cwnd;
		if (!ca->last_max_cwnd && ca->cnt > 20)
			ca->cnt = 20; /* no loss yet: 5 % an RTT at the least */
	}
	if (bictcp_params(sk)->tcp_friendliness)
		bictcp_keep_up_with_reno(ca, cwnd);
	ca->cnt = max(ca->cnt, 2U);
}

static void cubictcp_cong_avoid(struct sock *sk, u32 ack, u32 acked)
{
	TRACE_SK_LEAF(sk, "grow the window: by slow start, or along the cubic curve");
	struct tcp_sock *tp = tcp_sk(sk);
	struct bictcp *ca = bictcp(sk);

	(void)ack;
	if (!tcp_is_cwnd_limited(sk))
		return;
	if (tcp_in_slow_start(tp)) {
		acked = tcp_slow_start(tp, acked);
		if (!acked)
			return;
	}
	bictcp_update(sk, ca, tp->snd_cwnd, acked);
	tcp_cong_avoid_ai(tp, ca->cnt, acked);
}

static u32 cubictcp_recalc_ssthresh(struct sock *sk)
{
	TRACE_SK(sk, "slow start threshold upon a loss: 0.7 of the window; remember the window");
	const struct tcp_sock *tp = tcp_sk(sk);
	struct bictcp *ca = bictcp(sk);

	ca->epoch_start = 0;
	/* a loss below the last maximum: others want room, aim lower than it (fast convergence) */
	if (tp->snd_cwnd < ca->last_max_cwnd && bictcp_params(sk)->fast_convergence)
		ca->last_max_cwnd =
			tp->snd_cwnd * (BICTCP_BETA_SCALE + BICTCP_BETA) / (2 * BICTCP_BETA_SCALE);
	else
		ca->last_max_cwnd = tp->snd_cwnd;
	return max(tp->snd_cwnd * BICTCP_BETA / BICTCP_BETA_SCALE, 2U);
}

static void cubictcp_state(struct sock *sk, u8 new_state)
{
	TRACE_SK(sk, "begin anew after a retransmission timeout");

	if (new_state != TCP_CA_Loss)
		return;
	bictcp_reset(bictcp(sk));
	bictcp_hystart_reset(sk);
}

/* How much later than the RTT ACKs may come because of big GSO packets: four of them at the pacing rate. */
static u32 hystart_ack_delay(struct sock *sk)
{
	TRACE_SK(sk, "allowance for the bursts of segmentation offload");
	unsigned long rate = sk->sk_pacing_rate;

	if (!rate)
		return 0;
	return (u32)min_t(u64, 1000, (u64)sk->sk_gso_max_size * 4 * USEC_PER_SEC / rate);
}

/* Ends slow start at the window as it is. */
static void hystart_found(struct tcp_sock *tp, struct bictcp *ca)
{
	ca->found = 1;
	tp->snd_ssthresh = tp->snd_cwnd;
}

/* ACKs that follow each other closely since the round's start: longer than half an RTT means a full pipe. */
static void hystart_ack_train(struct sock *sk, struct bictcp *ca)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 now = bictcp_clock_us(sk);
	u32 threshold;

	if ((s32)(now - ca->last_ack) > bictcp_params(sk)->hystart_ack_delta_us)
		return;
	ca->last_ack = now;
	threshold = ca->delay_min + hystart_ack_delay(sk);
	if (sk->sk_pacing_status == SK_PACING_NONE)
		threshold >>= 1;
	if ((s32)(now - ca->round_start) > (s32)threshold) {
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPHYSTARTTRAINDETECT);
		NET_ADD_STATS(sock_net(sk), LINUX_MIB_TCPHYSTARTTRAINCWND, tp->snd_cwnd);
		hystart_found(tp, ca);
	}
}

/* The smallest RTT among a round's first samples, against the smallest of all. */
static void hystart_delay(struct sock *sk, struct bictcp *ca, u32 delay)
{
	struct tcp_sock *tp = tcp_sk(sk);

	ca->curr_rtt = min(ca->curr_rtt, delay);
	if (ca->sample_cnt < HYSTART_MIN_SAMPLES) {
		ca->sample_cnt++;
		return;
	}
	if (ca->curr_rtt > ca->delay_min + clamp(ca->delay_min >> 3, HYSTART_DELAY_MIN, HYSTART_DELAY_MAX)) {
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPHYSTARTDELAYDETECT);
		NET_ADD_STATS(sock_net(sk), LINUX_MIB_TCPHYSTARTDELAYCWND, tp->snd_cwnd);
		hystart_found(tp, ca);
	}
}

static void hystart_update(struct sock *sk, u32 delay)
{
	TRACE_SK(sk, "look for signs that slow start has filled the pipe");
	struct tcp_sock *tp = tcp_sk(sk);
	const struct tcp_cong_params *params = bictcp_params(sk);
	struct bictcp *ca = bictcp(sk);

	if (after(tp->snd_una, ca->end_seq))
		bictcp_hystart_reset(sk);
	if (tp->snd_cwnd < (u32)params->hystart_low_window)
		return;
	if (params->hystart_detect & HYSTART_ACK_TRAIN)
		hystart_ack_train(sk, ca);
	if (params->hystart_detect & HYSTART_DELAY)
		hystart_delay(sk, ca, delay);
}

static void cubictcp_acked(struct sock *sk, const struct ack_sample *sample)
{
	TRACE_SK(sk, "take the RTT of an ACK: smallest delay, end of slow start");
	const struct tcp_sock *tp = tcp_sk(sk);
	struct bictcp *ca = bictcp(sk);
	u32 delay;

	if (sample->rtt_us < 0)
		return; /* of a retransmitted segment: means nothing */
	if (ca->epoch_start && (s32)(tcp_jiffies32(sk->host) - ca->epoch_start) < HZ)
		return; /* the queue drains after a loss */
	delay = sample->rtt_us ? (u32)sample->rtt_us : 1;
	if (!ca->delay_min || ca->delay_min > delay)
		ca->delay_min = delay;
	if (!ca->found && tcp_in_slow_start(tp) && bictcp_params(sk)->hystart)
		hystart_update(sk, delay);
}

const struct tcp_congestion_ops cubictcp = {
	.ssthresh = cubictcp_recalc_ssthresh,
	.cong_avoid = cubictcp_cong_avoid,
	.set_state = cubictcp_state,
	.cwnd_event = cubictcp_cwnd_event,
	.pkts_acked = cubictcp_acked,
	.undo_cwnd = tcp_reno_undo_cwnd,
	.init = cubictcp_init,
	.flags = TCP_CONG_NON_RESTRICTED,
	.name = "cubic",
};
