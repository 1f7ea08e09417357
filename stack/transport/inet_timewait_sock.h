/*
 * struct inet_timewait_sock: what is left of a connection that waits for late segments. Begins with the
 * common head of struct sock, so that it is found in the table of established connections.
 *
 * Owned by its timer and the tables: inet_twsk_hashdance() puts it there, inet_twsk_kill() ends it.
 */
#ifndef STACK_TRANSPORT_INET_TIMEWAIT_SOCK_H
#define STACK_TRANSPORT_INET_TIMEWAIT_SOCK_H

#include "stack/kernel/timer.h"
#include "stack/transport/sock.h"

struct inet_bind_bucket;
struct inet_hashinfo;

struct inet_timewait_death_row {
	int tw_refcount;
	struct inet_hashinfo *hashinfo;
};

struct inet_timewait_sock {
	struct sock_common __tw_common; /* first */
#define tw_family __tw_common.skc_family
#define tw_state __tw_common.skc_state
#define tw_reuse __tw_common.skc_reuse
#define tw_reuseport __tw_common.skc_reuseport
#define tw_bound_dev_if __tw_common.skc_bound_dev_if
#define tw_refcnt __tw_common.skc_refcnt
#define tw_hash __tw_common.skc_hash
#define tw_daddr __tw_common.skc_daddr
#define tw_rcv_saddr __tw_common.skc_rcv_saddr
#define tw_dport __tw_common.skc_dport
#define tw_num __tw_common.skc_num
#define tw_bind_node __tw_common.skc_bind_node
	struct inet_timewait_death_row *tw_dr;
	u8 tw_substate; /* TCP_FIN_WAIT2 or TCP_TIME_WAIT */
	u8 tw_rcv_wscale;
	u8 tw_tos;
	bool tw_transparent;
	__be16 tw_sport;
	u32 tw_mark, tw_priority, tw_txhash;
	struct timer_list tw_timer;
	struct inet_bind_bucket *tw_tb;
};

static inline struct inet_timewait_sock *inet_twsk(const struct sock *sk)
{
	return (struct inet_timewait_sock *)sk;
}

struct inet_timewait_sock *inet_twsk_alloc(struct sock *sk, struct inet_timewait_death_row *dr,
					   const int state);
void inet_twsk_free(struct inet_timewait_sock *tw);
void inet_twsk_put(struct inet_timewait_sock *tw);
void inet_twsk_bind_unhash(struct inet_timewait_sock *tw, struct inet_hashinfo *hashinfo);
void inet_twsk_hashdance(struct inet_timewait_sock *tw, struct sock *sk, struct inet_hashinfo *hashinfo);
void __inet_twsk_schedule(struct inet_timewait_sock *tw, int timeo, bool rearm);
void inet_twsk_deschedule_put(struct inet_timewait_sock *tw);

static inline void inet_twsk_schedule(struct inet_timewait_sock *tw, int timeo)
{
	__inet_twsk_schedule(tw, timeo, false);
}

static inline void inet_twsk_reschedule(struct inet_timewait_sock *tw, int timeo)
{
	__inet_twsk_schedule(tw, timeo, true);
}

#endif
