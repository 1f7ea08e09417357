/* TCP's values in the trace (tcp_trace.c). Off, each call costs one branch. */
#ifndef STACK_TRANSPORT_TCP_TRACE_H
#define STACK_TRANSPORT_TCP_TRACE_H

#include "stack/transport/tcp.h"

/* The state of the connection of that number, held by a time-wait socket. */
void tcp_trace_state_id(struct host *host, u32 trace_id, int state);

/* A time-wait socket in that state takes the place of the sock, which is about to be closed. */
void tcp_trace_time_wait(struct sock *sk, int state);

void tcp_trace_state_slow(struct sock *sk);
void tcp_trace_values_slow(struct sock *sk);

/* sk_state was `old` and has been set. */
static inline void tcp_trace_state(struct sock *sk, int old)
{
	if (trace_recording(sk->host) && sk->sk_state != old)
		tcp_trace_state_slow(sk);
}

/* Segments were sent or acknowledged, data has come or was read, a timer has fired. */
static inline void tcp_trace_values(struct sock *sk)
{
	if (trace_recording(sk->host))
		tcp_trace_values_slow(sk);
}

#endif
