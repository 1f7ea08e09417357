/*
 * What a sock's data costs: buffers against sk_sndbuf and sk_rcvbuf, pages against the protocol's limits,
 * and what streams add (stream.c). Included by sock.h.
 */
#ifndef STACK_TRANSPORT_SOCK_MEM_H
#define STACK_TRANSPORT_SOCK_MEM_H

#include "stack/transport/sock.h"

/* ---- memory: sock_mem.c ---- */

int __sk_mem_schedule(struct sock *sk, int size, int kind);
int __sk_mem_raise_allocated(struct sock *sk, int size, int amt, int kind);
void __sk_mem_reclaim(struct sock *sk, int amount);
void __sk_mem_reduce_allocated(struct sock *sk, int amount);
void sk_forced_mem_schedule(struct sock *sk, int size);
bool sk_wmem_schedule(struct sock *sk, int size);
bool sk_rmem_schedule(struct sock *sk, struct sk_buff *skb, int size);
void sk_enter_memory_pressure(struct sock *sk);
void sk_leave_memory_pressure(struct sock *sk);
void sock_wfree(struct sk_buff *skb);
void __sock_wfree(struct sk_buff *skb);
void sock_rfree(struct sk_buff *skb);
void sock_efree(struct sk_buff *skb);
void sock_edemux(struct sk_buff *skb);
void sock_rmem_free(struct sk_buff *skb);
void skb_set_owner_w(struct sk_buff *skb, struct sock *sk);
void skb_set_owner_r(struct sk_buff *skb, struct sock *sk);
void skb_orphan_partial(struct sk_buff *skb);
struct sk_buff *sock_wmalloc(struct sock *sk, unsigned long size, int force, gfp_t priority);
/* Zeroed memory for the socket's options, limited by optmem_max; sock_omem_free() gives it back. */
void *sock_kmalloc(struct sock *sk, size_t size);
static inline void sock_omem_free(struct sock *sk, void *mem, size_t size)
{
	sk->sk_omem_alloc -= (int)size;
	kfree(sk->host, mem);
}
struct sk_buff *sock_omalloc(struct sock *sk, unsigned long size, gfp_t priority);
struct sk_buff *sock_alloc_send_pskb(struct sock *sk, unsigned long header_len, unsigned long data_len,
				     int noblock, int *errcode, int max_page_order);
struct sk_buff *sock_alloc_send_skb(struct sock *sk, unsigned long size, int noblock, int *errcode);
bool skb_page_frag_refill(struct host *host, unsigned int sz, struct page_frag *pfrag, gfp_t gfp);
bool sk_page_frag_refill(struct sock *sk, struct page_frag *pfrag);
int skb_copy_to_page_nocache(struct sock *sk, struct iov_iter *from, struct sk_buff *skb, struct page *page,
			     int off, int copy);

static inline struct page_frag *sk_page_frag(struct sock *sk)
{
	return &sk->sk_frag;
}

static inline int sk_mem_pages(int amt)
{
	return (amt + SK_MEM_QUANTUM - 1) >> SK_MEM_QUANTUM_SHIFT;
}

static inline bool sk_has_account(const struct sock *sk)
{
	return sk->sk_prot->memory_allocated != NULL;
}

static inline long sk_memory_allocated(const struct sock *sk)
{
	return *sk->sk_prot->memory_allocated(sock_net(sk));
}

static inline long sk_prot_mem_limits(const struct sock *sk, int index)
{
	return sk->sk_prot->sysctl_mem(sock_net(sk))[index];
}

static inline bool sk_under_memory_pressure(const struct sock *sk)
{
	return sk->sk_prot->memory_pressure && *sk->sk_prot->memory_pressure(sock_net(sk));
}

static inline void sk_sockets_allocated_inc(struct sock *sk)
{
	if (sk->sk_prot->sockets_allocated)
		(*sk->sk_prot->sockets_allocated(sock_net(sk)))++;
}

static inline void sk_sockets_allocated_dec(struct sock *sk)
{
	if (sk->sk_prot->sockets_allocated)
		(*sk->sk_prot->sockets_allocated(sock_net(sk)))--;
}

/* Gives whole pages that are not used back to the protocol. */
static inline void sk_mem_reclaim(struct sock *sk)
{
	if (sk->sk_forward_alloc >= SK_MEM_QUANTUM && sk_has_account(sk))
		__sk_mem_reclaim(sk, sk->sk_forward_alloc);
}

static inline void sk_mem_reclaim_partial(struct sock *sk)
{
	if (sk->sk_forward_alloc > SK_MEM_QUANTUM && sk_has_account(sk))
		__sk_mem_reclaim(sk, sk->sk_forward_alloc - 1);
}

static inline void sk_mem_charge(struct sock *sk, int size)
{
	if (sk_has_account(sk))
		sk->sk_forward_alloc -= size;
}

/* Linux gives back at once since 6.0, and golden/ shows it; 5.15 waited for 2 MiB. */
static inline void sk_mem_uncharge(struct sock *sk, int size)
{
	if (!sk_has_account(sk))
		return;
	sk->sk_forward_alloc += size;
	sk_mem_reclaim(sk);
}

static inline int sk_wmem_alloc_get(const struct sock *sk)
{
	return sk->sk_wmem_alloc - 1;
}

static inline int sk_rmem_alloc_get(const struct sock *sk)
{
	return sk->sk_rmem_alloc;
}

static inline bool sk_has_allocations(const struct sock *sk)
{
	return sk_wmem_alloc_get(sk) || sk_rmem_alloc_get(sk);
}

static inline void sk_wmem_queued_add(struct sock *sk, int val)
{
	sk->sk_wmem_queued += val;
}

static inline void sk_wmem_free_skb(struct sock *sk, struct sk_buff *skb)
{
	sk_wmem_queued_add(sk, -(int)skb->truesize);
	sk_mem_uncharge(sk, (int)skb->truesize);
	__kfree_skb(skb);
}

static inline void sk_eat_skb(struct sock *sk, struct sk_buff *skb)
{
	__skb_unlink(skb, &sk->sk_receive_queue);
	__kfree_skb(skb);
}

static inline unsigned long sock_wspace(const struct sock *sk)
{
	int amt = 0;

	if (!(sk->sk_shutdown & SEND_SHUTDOWN)) {
		amt = sk->sk_sndbuf - sk_wmem_alloc_get(sk);
		if (amt < 0)
			amt = 0;
	}
	return (unsigned long)amt;
}

static inline bool sock_writeable(const struct sock *sk)
{
	return sk_wmem_alloc_get(sk) < sk->sk_sndbuf >> 1;
}

static inline bool sk_rcvqueues_full(const struct sock *sk, unsigned int limit)
{
	return (unsigned int)sk->sk_backlog.len + (unsigned int)sk->sk_rmem_alloc > limit;
}

static inline bool sk_acceptq_is_full(const struct sock *sk)
{
	return sk->sk_ack_backlog > sk->sk_max_ack_backlog;
}

static inline void sk_acceptq_removed(struct sock *sk)
{
	TRACE_SK(sk, "count a connection out of the accept queue");

	sk->sk_ack_backlog--;
}

static inline void sk_acceptq_added(struct sock *sk)
{
	TRACE_SK(sk, "count a connection into the accept queue");

	sk->sk_ack_backlog++;
}

/* ---- streams: stream.c ---- */

struct sk_buff *sk_stream_alloc_skb(struct sock *sk, int size, gfp_t gfp, bool force_schedule);
int sk_stream_wait_connect(struct sock *sk, long *timeo_p);
int sk_stream_wait_memory(struct sock *sk, long *timeo_p);
void sk_stream_wait_close(struct sock *sk, long timeout);
void sk_stream_write_space(struct sock *sk);
void sk_stream_kill_queues(struct sock *sk);
int sk_stream_error(struct sock *sk, int flags, int err);

static inline int sk_stream_min_wspace(const struct sock *sk)
{
	return sk->sk_wmem_queued >> 1;
}

static inline int sk_stream_wspace(const struct sock *sk)
{
	return sk->sk_sndbuf - sk->sk_wmem_queued;
}

static inline bool __sk_stream_memory_free(const struct sock *sk, int wake)
{
	if (sk->sk_wmem_queued >= sk->sk_sndbuf)
		return false;
	if (!sk->sk_prot->stream_memory_free)
		return true;
	TRACE_OP(sk, "stream_memory_free");
	return sk->sk_prot->stream_memory_free(sk, wake);
}

static inline bool sk_stream_memory_free(const struct sock *sk)
{
	return __sk_stream_memory_free(sk, 0);
}

static inline bool __sk_stream_is_writeable(const struct sock *sk, int wake)
{
	return sk_stream_wspace(sk) >= sk_stream_min_wspace(sk) && __sk_stream_memory_free(sk, wake);
}

static inline bool sk_stream_is_writeable(const struct sock *sk)
{
	return __sk_stream_is_writeable(sk, 0);
}

static inline void sk_stream_moderate_sndbuf(struct sock *sk)
{
	if (sk->sk_userlocks & SOCK_SNDBUF_LOCK)
		return;
	sk->sk_sndbuf = max(min(sk->sk_sndbuf, sk->sk_wmem_queued >> 1), SOCK_MIN_SNDBUF);
}

#endif
