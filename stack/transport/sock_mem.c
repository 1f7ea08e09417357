/*
 * What a sock's packets cost: charging packets to socks, the protocol's memory in pages, and the
 * page fragments that data to send is written to.
 */
#include "stack/application/socket.h"
#include "stack/transport/sock.h"

#define SKB_FRAG_PAGE_ORDER 3u /* 32 KiB */

/* ---- the protocol's pages ---- */

void sk_enter_memory_pressure(struct sock *sk)
{
	TRACE_SK(sk, "the protocol runs short of memory");

	if (sk->sk_prot->enter_memory_pressure)
		sk_prot_enter_memory_pressure(sk);
}

void sk_leave_memory_pressure(struct sock *sk)
{
	TRACE_SK(sk, "the protocol has memory enough");

	if (sk->sk_prot->leave_memory_pressure)
		sk_prot_leave_memory_pressure(sk);
	else if (sk->sk_prot->memory_pressure)
		*sk->sk_prot->memory_pressure(sock_net(sk)) = 0;
}

static int sk_get_wmem0(const struct sock *sk)
{
	return sk->sk_prot->sysctl_wmem ? sk->sk_prot->sysctl_wmem(sock_net(sk))[0] : SOCK_MIN_SNDBUF;
}

static int sk_get_rmem0(const struct sock *sk)
{
	return sk->sk_prot->sysctl_rmem ? sk->sk_prot->sysctl_rmem(sock_net(sk))[0] : SOCK_MIN_RCVBUF;
}

/* Above the soft limits, below the hard one: may this sock have more? */
static bool sk_may_grow(const struct sock *sk, int kind)
{
	long pages, socks;

	if (kind == SK_MEM_RECV) {
		if (sk->sk_rmem_alloc < sk_get_rmem0(sk))
			return true;
	} else if (sk->sk_type == SOCK_STREAM) {
		if (sk->sk_wmem_queued < sk_get_wmem0(sk))
			return true;
	} else if (sk->sk_wmem_alloc < sk_get_wmem0(sk)) {
		return true;
	}
	if (!sk->sk_prot->memory_pressure)
		return false;
	if (!sk_under_memory_pressure(sk))
		return true;
	pages = sk_mem_pages(sk->sk_wmem_queued + sk->sk_rmem_alloc + sk->sk_forward_alloc);
	socks = sk->sk_prot->sockets_allocated ? *sk->sk_prot->sockets_allocated(sock_net(sk)) : 0;
	return sk_prot_mem_limits(sk, 2) > socks * pages;
}

int __sk_mem_raise_allocated(struct sock *sk, int size, int amt, int kind)
{
	TRACE_SK(sk, "charge pages to the protocol's memory");
	long *counter = sk->sk_prot->memory_allocated(sock_net(sk));
	long allocated = *counter += amt;

	if (likely(allocated <= sk_prot_mem_limits(sk, 0))) {
		sk_leave_memory_pressure(sk);
		return 1;
	}
	if (allocated > sk_prot_mem_limits(sk, 1))
		sk_enter_memory_pressure(sk);
	if (allocated <= sk_prot_mem_limits(sk, 2) && sk_may_grow(sk, kind))
		return 1;
	if (kind == SK_MEM_SEND && sk->sk_type == SOCK_STREAM) {
		sk_stream_moderate_sndbuf(sk);
		/* Fail only when the send buffer will block the writer: else nobody would wake him. */
		if (sk->sk_wmem_queued + size >= sk->sk_sndbuf)
			return 1;
	}
	*counter -= amt;
	return 0;
}

int __sk_mem_schedule(struct sock *sk, int size, int kind)
{
	TRACE_SK(sk, "get whole pages for the sock from the protocol's memory");
	int amt = sk_mem_pages(size);
	int ret;

	sk->sk_forward_alloc += amt << SK_MEM_QUANTUM_SHIFT;
	ret = __sk_mem_raise_allocated(sk, size, amt, kind);
	if (!ret)
		sk->sk_forward_alloc -= amt << SK_MEM_QUANTUM_SHIFT;
	return ret;
}

void __sk_mem_reduce_allocated(struct sock *sk, int amount)
{
	TRACE_SK(sk, "give pages back to the protocol's memory");
	long *counter = sk->sk_prot->memory_allocated(sock_net(sk));

	*counter -= amount;
	if (sk_under_memory_pressure(sk) && *counter < sk_prot_mem_limits(sk, 0))
		sk_leave_memory_pressure(sk);
}

void __sk_mem_reclaim(struct sock *sk, int amount)
{
	TRACE_SK(sk, "give whole pages back that the sock does not use");

	amount >>= SK_MEM_QUANTUM_SHIFT;
	sk->sk_forward_alloc -= amount << SK_MEM_QUANTUM_SHIFT;
	__sk_mem_reduce_allocated(sk, amount);
}

void sk_forced_mem_schedule(struct sock *sk, int size)
{
	TRACE_SK(sk, "charge the packet to the sock whatever the limits say");
	int amt;

	if (size <= sk->sk_forward_alloc || !sk_has_account(sk))
		return;
	amt = sk_mem_pages(size - sk->sk_forward_alloc);
	sk->sk_forward_alloc += amt << SK_MEM_QUANTUM_SHIFT;
	*sk->sk_prot->memory_allocated(sock_net(sk)) += amt;
}

bool sk_wmem_schedule(struct sock *sk, int size)
{
	TRACE_SK(sk, "is there memory to send?");

	if (!sk_has_account(sk) || size <= sk->sk_forward_alloc)
		return true;
	return __sk_mem_schedule(sk, size - sk->sk_forward_alloc, SK_MEM_SEND);
}

bool sk_rmem_schedule(struct sock *sk, struct sk_buff *skb __maybe_unused, int size)
{
	TRACE_SK(sk, "is there memory to receive?");

	if (!sk_has_account(sk) || size <= sk->sk_forward_alloc)
		return true;
	return __sk_mem_schedule(sk, size - sk->sk_forward_alloc, SK_MEM_RECV);
}

/* ---- packets that belong to a sock: skb->destructor ---- */

void sock_wfree(struct sk_buff *skb)
{
	TRACE_SKB(skb, "the packet is sent: give the room back to the socket that wrote it");
	struct sock *sk = skb->sk;
	int len = (int)skb->truesize;

	if (!sock_flag(sk, SOCK_USE_WRITE_QUEUE)) {
		/* Keep one byte, so that the sock stays during the callback. */
		sk->sk_wmem_alloc -= len - 1;
		sk_call_write_space(sk);
		len = 1;
	}
	sk->sk_wmem_alloc -= len;
	if (sk->sk_wmem_alloc == 0)
		__sk_free(sk);
}

void __sock_wfree(struct sk_buff *skb)
{
	TRACE_SKB(skb, "the packet is sent: give the room back, nobody waits for it");
	struct sock *sk = skb->sk;

	sk->sk_wmem_alloc -= (int)skb->truesize;
	if (sk->sk_wmem_alloc == 0)
		__sk_free(sk);
}

void sock_rfree(struct sk_buff *skb)
{
	TRACE_SKB(skb, "the packet was read: give the room back to the receive buffer");
	struct sock *sk = skb->sk;

	sk->sk_rmem_alloc -= (int)skb->truesize;
	sk_mem_uncharge(sk, (int)skb->truesize);
}

void sock_efree(struct sk_buff *skb)
{
	TRACE_SKB(skb, "drop the packet's reference to its sock");

	sock_put(skb->sk);
}

void sock_edemux(struct sk_buff *skb)
{
	TRACE_SKB(skb, "drop the reference that early demux took");

	sock_gen_put(skb->sk);
}

void sock_rmem_free(struct sk_buff *skb)
{
	TRACE_SKB(skb, "the error was read: give the room back to the receive buffer");

	skb->sk->sk_rmem_alloc -= (int)skb->truesize;
}

void skb_set_owner_w(struct sk_buff *skb, struct sock *sk)
{
	TRACE_SKB(skb, "charge the packet to the socket that sends it");

	skb_orphan(skb);
	skb->sk = sk;
	if (unlikely(!sk_fullsock(sk))) {
		skb->destructor = sock_edemux;
		sock_hold(sk);
		return;
	}
	skb->destructor = sock_wfree;
	if (sk->sk_txhash)
		skb->hash = sk->sk_txhash;
	sk->sk_wmem_alloc += (int)skb->truesize;
}

void skb_set_owner_r(struct sk_buff *skb, struct sock *sk)
{
	TRACE_SKB(skb, "charge the packet to the socket that receives it");

	skb_orphan(skb);
	skb->sk = sk;
	skb->destructor = sock_rfree;
	sk->sk_rmem_alloc += (int)skb->truesize;
	sk_mem_charge(sk, (int)skb->truesize);
}

void skb_orphan_partial(struct sk_buff *skb)
{
	TRACE_SKB(skb, "take the packet from its socket for a long wait");

	skb_orphan(skb);
}

/* ---- packets to send of datagram sockets ---- */

struct sk_buff *sock_wmalloc(struct sock *sk, unsigned long size, int force, gfp_t priority)
{
	TRACE_SK(sk, "allocate a packet to send if the send buffer has room");

	if (force || sk->sk_wmem_alloc < sk->sk_sndbuf) {
		struct sk_buff *skb = alloc_skb(sk->host, (unsigned int)size, priority);

		if (skb) {
			skb_set_owner_w(skb, sk);
			return skb;
		}
	}
	return NULL;
}

void *sock_kmalloc(struct sock *sk, size_t size)
{
	TRACE_SK(sk, "allocate memory that is counted as the socket's options");
	const size_t max = (size_t)sock_net(sk)->core.sysctl_optmem_max;
	void *mem = NULL;

	if (size <= max && (size_t)sk->sk_omem_alloc + size < max)
		mem = kzalloc(sk->host, size);
	if (mem)
		sk->sk_omem_alloc += (int)size;
	return mem;
}

static void sock_ofree(struct sk_buff *skb)
{
	TRACE_SKB(skb, "give back what the packet is charged to the sock's options");

	skb->sk->sk_omem_alloc -= (int)skb->truesize;
}

struct sk_buff *sock_omalloc(struct sock *sk, unsigned long size, gfp_t priority)
{
	TRACE_SK(sk, "allocate a packet that is charged to the sock's options");
	struct sk_buff *skb;

	/* the size that the program could have counted with, not what the packet really takes */
	if (sk->sk_omem_alloc + (int)SKB_TRUESIZE(size) > sock_net(sk)->core.sysctl_optmem_max)
		return NULL;
	skb = alloc_skb(sk->host, (unsigned int)size, priority);
	if (!skb)
		return NULL;
	sk->sk_omem_alloc += (int)skb->truesize;
	skb->sk = sk;
	skb->destructor = sock_ofree;
	return skb;
}

/* Waits until the send buffer has room; the time that is left. */
static long sock_wait_for_wmem(struct sock *sk, long timeo)
{
	TRACE_SK(sk, "wait for room in the send buffer");
	DEFINE_WAIT(wait, sk->host);

	for (;;) {
		if (!timeo || signal_pending(current(sk->host)))
			break;
		if (sk->sk_socket)
			sk->sk_socket->flags |= BIT(SOCK_NOSPACE);
		prepare_to_wait(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
		if (sk->sk_wmem_alloc < sk->sk_sndbuf || sk->sk_shutdown & SEND_SHUTDOWN || sk->sk_err)
			break;
		timeo = schedule_timeout(sk->host, timeo);
	}
	finish_wait(sk_sleep(sk), &wait);
	return timeo;
}

struct sk_buff *sock_alloc_send_pskb(struct sock *sk, unsigned long header_len, unsigned long data_len,
				     int noblock, int *errcode, int max_page_order)
{
	TRACE_SK(sk, "allocate a packet to send, waiting for room in the send buffer");
	long timeo = sock_sndtimeo(sk, noblock);
	struct sk_buff *skb;
	int err;

	for (;;) {
		err = sock_error(sk);
		if (err)
			goto failure;
		err = -EPIPE;
		if (sk->sk_shutdown & SEND_SHUTDOWN)
			goto failure;
		if (sk_wmem_alloc_get(sk) < sk->sk_sndbuf)
			break;
		err = -EAGAIN;
		if (!timeo) {
			if (sk->sk_socket)
				sk->sk_socket->flags |= BIT(SOCK_NOSPACE);
			goto failure;
		}
		if (signal_pending(current(sk->host))) {
			err = sock_intr_errno(timeo);
			goto failure;
		}
		timeo = sock_wait_for_wmem(sk, timeo);
	}
	skb = alloc_skb_with_frags(sk->host, header_len, data_len, max_page_order, errcode,
				   sk->sk_allocation);
	if (skb)
		skb_set_owner_w(skb, sk);
	return skb;
failure:
	*errcode = err;
	return NULL;
}

struct sk_buff *sock_alloc_send_skb(struct sock *sk, unsigned long size, int noblock, int *errcode)
{
	TRACE_SK(sk, "allocate a linear packet to send");

	return sock_alloc_send_pskb(sk, size, 0, noblock, errcode, 0);
}

/* ---- pages to write to ---- */

bool skb_page_frag_refill(struct host *host, unsigned int sz, struct page_frag *pfrag,
			  gfp_t gfp __maybe_unused)
{
	TRACE_LEAF(host, "see to it that the block of pages has room");

	if (pfrag->page) {
		if (page_count(pfrag->page) == 1) {
			pfrag->offset = 0;
			return true;
		}
		if (pfrag->offset + sz <= pfrag->size)
			return true;
		put_page(host, pfrag->page);
	}
	pfrag->offset = 0;
	pfrag->page = alloc_pages(host, SKB_FRAG_PAGE_ORDER);
	if (likely(pfrag->page)) {
		pfrag->size = PAGE_SIZE << SKB_FRAG_PAGE_ORDER;
		return true;
	}
	pfrag->page = alloc_pages(host, 0);
	if (pfrag->page) {
		pfrag->size = PAGE_SIZE;
		return true;
	}
	return false;
}

bool sk_page_frag_refill(struct sock *sk, struct page_frag *pfrag)
{
	TRACE_SK(sk, "allocate a few pages as buffer");

	if (likely(skb_page_frag_refill(sk->host, 32U, pfrag, sk->sk_allocation)))
		return true;
	sk_enter_memory_pressure(sk);
	sk_stream_moderate_sndbuf(sk);
	return false;
}

int skb_copy_to_page_nocache(struct sock *sk, struct iov_iter *from, struct sk_buff *skb, struct page *page,
			     int off, int copy)
{
	TRACE_SKB(skb, "copy data to the buffer");
	u8 *to = (u8 *)page_address(sk->host, page) + off;

	if (skb->ip_summed == CHECKSUM_NONE) {
		__wsum csum = 0;

		if (!csum_and_copy_from_iter_full(to, (size_t)copy, &csum, from))
			return -EFAULT;
		skb->csum = csum_block_add(skb->csum, csum, (int)skb->len);
	} else if (!copy_from_iter_full(to, (size_t)copy, from)) {
		return -EFAULT;
	}
	skb->len += (unsigned int)copy;
	skb->data_len += (unsigned int)copy;
	skb->truesize += (unsigned int)copy;
	sk_wmem_queued_add(sk, copy);
	sk_mem_charge(sk, copy);
	return 0;
}
