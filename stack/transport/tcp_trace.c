/*
 * TCP's values in the trace: the state of a connection, its windows, its estimates and its queues. What the
 * pictures of `wirepath plot` and `wirepath states` show; nothing here changes anything.
 *
 * A time-wait socket has the number of the connection that it stands in for, so its states go on there.
 */
#include "stack/transport/tcp_trace.h"

void tcp_trace_state_id(struct host *host, u32 trace_id, int state)
{
	/* in the order of a connection's life, so that a plot of it goes up */
	static const u8 place[TCP_MAX_STATES] = {
		[TCP_CLOSE] = 0,       [TCP_LISTEN] = 1,     [TCP_SYN_SENT] = 2,  [TCP_SYN_RECV] = 3,
		[TCP_ESTABLISHED] = 4, [TCP_FIN_WAIT1] = 5,  [TCP_FIN_WAIT2] = 6, [TCP_CLOSING] = 7,
		[TCP_TIME_WAIT] = 8,   [TCP_CLOSE_WAIT] = 9, [TCP_LAST_ACK] = 10,
	};

	TRACE_VALUE(host, SUBJECT_SOCK, trace_id, "tcp_state",
		    "CLOSE|LISTEN|SYN_SENT|SYN_RECV|ESTABLISHED|FIN_WAIT1|FIN_WAIT2|CLOSING|TIME_WAIT|"
		    "CLOSE_WAIT|LAST_ACK",
		    place[state]);
}

void tcp_trace_time_wait(struct sock *sk, int state)
{
	tcp_sk(sk)->traced.timewait = true;
	if (state != sk->sk_state)
		tcp_trace_state_id(sk->host, sk->trace_id, state);
}

void tcp_trace_state_slow(struct sock *sk)
{
	int state = sk->sk_state;
	bool timewait = tcp_sk(sk)->traced.timewait;

	tcp_sk(sk)->traced.timewait = false;
	if (state == TCP_CLOSE && timewait)
		return; /* the connection is not over, only its sock */
	if (state == TCP_LISTEN || state == TCP_ESTABLISHED)
		inet_trace_name(sk);
	tcp_trace_state_id(sk->host, sk->trace_id, state);
}

/* Records a value of the connection that is another than when it was last recorded. */
#define CHANGED(sk, field, name, unit, value)                                                                \
	do {                                                                                                 \
		u32 value_ = (u32)(value), *last_ = &tcp_sk(sk)->traced.field;                               \
		if (*last_ != value_) {                                                                      \
			*last_ = value_;                                                                     \
			TRACE_VALUE_SK(sk, name, unit, value_);                                              \
		}                                                                                            \
	} while (0)

void tcp_trace_values_slow(struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);

	CHANGED(sk, snd_cwnd, "snd_cwnd", "segments", tp->snd_cwnd);
	CHANGED(sk, snd_ssthresh, "snd_ssthresh", "segments", tp->snd_ssthresh);
	CHANGED(sk, packets_out, "packets_out", "segments", tp->packets_out);
	CHANGED(sk, in_flight, "in_flight", "segments", tcp_packets_in_flight(tp));
	CHANGED(sk, srtt, "srtt", "us", tp->srtt_us >> 3);
	CHANGED(sk, rto, "rto", "us", jiffies_to_usecs(icsk->icsk_rto));
	CHANGED(sk, ca_state, "ca_state", "Open|Disorder|CWR|Recovery|Loss", icsk->icsk_ca_state);
	CHANGED(sk, snd_wnd, "snd_wnd", "bytes", tp->snd_wnd);
	CHANGED(sk, rcv_wnd, "rcv_wnd", "bytes", tcp_receive_window(tp));
	CHANGED(sk, send_q, "send_q", "bytes", tp->write_seq - tp->snd_una);
	CHANGED(sk, recv_q, "recv_q", "bytes", tp->rcv_nxt - tp->copied_seq);
}
