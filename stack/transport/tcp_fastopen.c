/*
 * TCP Fast Open (RFC 7413), the listener's side: keys, cookies, and connections that are made of a SYN alone.
 *
 * tcp_conn_request() asks tcp_try_fastopen() for each SYN. If cookie and queue allow, the connection is made
 * at once, in SYN_RECV, with the SYN's data in its receive queue; it can be accepted, read and written while
 * the ACK of the SYN-ACK is awaited. Until then tp->fastopen_rsk is its request and the retransmission timer
 * repeats the SYN-ACK (tcp_fastopen_synack_timer); reqsk_fastopen_remove() ends that.
 */
#include "stack/internet/ip.h"
#include "stack/transport/tcp_output.h"

/* ---- keys ---- */

static u64 get_le64(const u8 *p)
{
	u64 v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

static void put_le64(u64 v, u8 *p)
{
	for (int i = 0; i < 8; i++, v >>= 8)
		p[i] = (u8)v;
}

/* The host's key is drawn when somebody first wants Fast Open. */
void tcp_fastopen_init_key_once(struct net *net)
{
	TRACE(net, "draw the key of Fast Open cookies, if there is none yet");
	u8 key[TCP_FASTOPEN_KEY_LENGTH];
	struct random random;

	if (net->tcp->fastopen_ctx)
		return;
	random_init(&random, net->host->sim, net->host->name, "tcp/fastopen");
	random_bytes(&random, key, sizeof(key));
	tcp_fastopen_reset_cipher(net, NULL, key, NULL);
}

/* Sets the keys of a listener, or (`sk` NULL) of the host. `backup_key` may be NULL. */
int tcp_fastopen_reset_cipher(struct net *net, struct sock *sk, const void *primary_key,
			      const void *backup_key)
{
	TRACE(net, "set the keys of Fast Open cookies");
	const u8 *keys[TCP_FASTOPEN_KEY_MAX] = { primary_key, backup_key };
	struct tcp_fastopen_context **at, *ctx = kzalloc(net->host, sizeof(*ctx));

	if (!ctx)
		return -ENOMEM;
	for (int i = 0; i < TCP_FASTOPEN_KEY_MAX && keys[i]; i++) {
		ctx->key[i][0] = get_le64(keys[i]);
		ctx->key[i][1] = get_le64(keys[i] + 8);
		ctx->num++;
	}
	at = sk ? &inet_csk(sk)->icsk_accept_queue.fastopenq.ctx : &net->tcp->fastopen_ctx;
	kfree(net->host, *at);
	*at = ctx;
	return 0;
}

/* The keys as bytes; returns their number, 0 without a context. */
int tcp_fastopen_get_cipher(const struct tcp_fastopen_context *ctx, void *key)
{
	u8 *p = key;

	if (!ctx)
		return 0;
	for (int i = 0; i < ctx->num; i++, p += TCP_FASTOPEN_KEY_LENGTH) {
		put_le64(ctx->key[i][0], p);
		put_le64(ctx->key[i][1], p + 8);
	}
	return ctx->num;
}

void tcp_fastopen_destroy_cipher(struct sock *sk)
{
	TRACE_SK(sk, "forget the keys of a listener's cookies");
	struct fastopen_queue *fastopenq = &inet_csk(sk)->icsk_accept_queue.fastopenq;

	kfree(sk->host, fastopenq->ctx);
	fastopenq->ctx = NULL;
}

static const struct tcp_fastopen_context *tcp_fastopen_get_ctx(const struct sock *sk)
{
	const struct tcp_fastopen_context *ctx = inet_csk(sk)->icsk_accept_queue.fastopenq.ctx;

	return ctx ? ctx : sock_net(sk)->tcp->fastopen_ctx;
}

/* ---- cookies ---- */

/* A cookie is the hash of both addresses, as they lie in the header. */
static void __tcp_fastopen_cookie_gen_cipher(struct sk_buff *syn, const u64 key[2],
					     struct tcp_fastopen_cookie *foc)
{
	TRACE_SKB(syn, "make the cookie of who sent the SYN");
	const struct iphdr *iph = ip_hdr(syn);
	u8 addresses[8];

	memcpy(addresses, &iph->saddr, 4);
	memcpy(addresses + 4, &iph->daddr, 4);
	put_le64(siphash_1u64(get_le64(addresses), key), foc->val);
	foc->len = TCP_FASTOPEN_COOKIE_SIZE;
}

static void tcp_fastopen_cookie_gen(struct sock *sk, struct sk_buff *syn, struct tcp_fastopen_cookie *foc)
{
	TRACE_SKB(syn, "make a cookie for who asked for one");
	const struct tcp_fastopen_context *ctx = tcp_fastopen_get_ctx(sk);

	if (ctx)
		__tcp_fastopen_cookie_gen_cipher(syn, ctx->key[0], foc);
}

/* 0: the cookie is of none of our keys; else the number of the key. `valid_foc`: the one of the first key. */
static int tcp_fastopen_cookie_gen_check(struct sock *sk, struct sk_buff *syn,
					 const struct tcp_fastopen_cookie *orig,
					 struct tcp_fastopen_cookie *valid_foc)
{
	TRACE_SKB(syn, "is the cookie of the SYN one of ours?");
	const struct tcp_fastopen_context *ctx = tcp_fastopen_get_ctx(sk);
	struct tcp_fastopen_cookie search_foc = { .len = -1 }, *foc = valid_foc;

	for (int i = 0; ctx && i < ctx->num; i++, foc = &search_foc) {
		__tcp_fastopen_cookie_gen_cipher(syn, ctx->key[i], foc);
		if (orig->len == foc->len && memcmp(orig->val, foc->val, (size_t)foc->len) == 0)
			return i + 1;
	}
	return 0;
}

bool tcp_fastopen_no_cookie(const struct sock *sk, const struct dst_entry *dst, int flag)
{
	return (sock_net(sk)->ipv4.sysctl_tcp_fastopen & flag) || tcp_sk(sk)->fastopen_no_cookie ||
	       (dst && dst_metric(dst, RTAX_FASTOPEN_NO_COOKIE));
}

/* ---- connections ---- */

void fastopen_queue_tune(struct sock *sk, int backlog)
{
	TRACE_SK(sk, "set how many Fast Open connections may wait for the end of their handshake");

	inet_csk(sk)->icsk_accept_queue.fastopenq.max_qlen =
		(int)min((unsigned int)backlog, (unsigned int)sock_net(sk)->core.sysctl_somaxconn);
}

/* The data of a SYN or SYN-ACK goes into the receive queue. */
void tcp_fastopen_add_skb(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "take the data that came with the SYN");
	struct tcp_sock *tp = tcp_sk(sk);

	if (TCP_SKB_CB(skb)->end_seq == tp->rcv_nxt)
		return;
	skb = skb_clone(skb, GFP_ATOMIC);
	if (!skb)
		return;
	skb_dst_drop(skb);
	tp->segs_in = 0; /* the segment counts once, with its header */
	tcp_segs_in(tp, skb);
	__skb_pull(skb, tcp_hdrlen(skb));
	sk_forced_mem_schedule(sk, (int)skb->truesize);
	skb_set_owner_r(skb, sk);
	TCP_SKB_CB(skb)->seq++;
	TCP_SKB_CB(skb)->tcp_flags &= (u8)~TCPHDR_SYN;
	tp->rcv_nxt = TCP_SKB_CB(skb)->end_seq;
	__skb_queue_tail(&sk->sk_receive_queue, skb);
	tp->syn_data_acked = 1;
	tp->bytes_received = skb->len;
	if (TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN)
		tcp_fin(sk);
}

/* The connection of a SYN whose cookie is good, with a reference for the caller; NULL: not now. */
static struct sock *tcp_fastopen_create_child(struct sock *sk, struct sk_buff *skb, struct request_sock *req)
{
	TRACE_SKB(skb, "make the connection before the handshake is done");
	bool own_req = false;
	struct tcp_sock *tp;
	struct sock *child;

	TRACE_OP(skb, "syn_recv_sock");
	child = inet_csk(sk)->icsk_af_ops->syn_recv_sock(sk, skb, req, NULL, NULL, &own_req);
	if (!child)
		return NULL;
	inet_csk(sk)->icsk_accept_queue.fastopenq.qlen++;
	tp = tcp_sk(child);
	tp->fastopen_rsk = req;
	tcp_rsk(req)->tfo_listener = true;
	/* the window of a SYN is never scaled */
	tp->snd_wnd = ntohs(tcp_hdr(skb)->window);
	tp->max_window = tp->snd_wnd;
	/* repeats the SYN-ACK: the request itself is in no table and has no timer */
	inet_csk_reset_xmit_timer(child, ICSK_TIME_RETRANS, TCP_TIMEOUT_INIT, TCP_RTO_MAX);
	/* one reference for the accept queue, one for the caller */
	req->rsk_refcnt = 2;
	tcp_init_transfer(child, 0, skb);
	tp->rcv_nxt = TCP_SKB_CB(skb)->seq + 1;
	tcp_fastopen_add_skb(child, skb);
	tcp_rsk(req)->rcv_nxt = tp->rcv_nxt;
	tp->rcv_wup = tp->rcv_nxt;
	return child;
}

/* May the listener have one more? RFC 7413, 5.1: those that were reset early count for a minute. */
static bool tcp_fastopen_queue_check(struct sock *sk)
{
	TRACE_SK(sk, "does the listener do Fast Open, and has it room for one more?");
	struct fastopen_queue *fastopenq = &inet_csk(sk)->icsk_accept_queue.fastopenq;
	struct request_sock *req;

	if (!fastopenq->max_qlen)
		return false;
	if (fastopenq->qlen < fastopenq->max_qlen)
		return true;
	req = fastopenq->rskq_rst_head;
	if (!req || time_after(req->rsk_timer.expires, jiffies(sk->host))) {
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPFASTOPENLISTENOVERFLOW);
		return false;
	}
	fastopenq->rskq_rst_head = req->dl_next;
	fastopenq->qlen--;
	reqsk_put(req);
	return true;
}

/* The connection; `*foc` becomes the cookie that goes with the SYN-ACK, if any (length not negative). */
static struct sock *take_syn_data(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
				  struct tcp_fastopen_cookie *foc,
				  const struct tcp_fastopen_cookie *valid_foc, int key)
{
	struct sock *child = tcp_fastopen_create_child(sk, skb, req);

	if (!child) {
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPFASTOPENPASSIVEFAIL);
		return NULL;
	}
	if (key == 2) {
		/* an old key's cookie: here is a new one */
		bool exp = foc->exp;

		*foc = *valid_foc;
		foc->exp = exp;
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPFASTOPENPASSIVEALTKEY);
	} else {
		foc->len = -1;
	}
	NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPFASTOPENPASSIVE);
	return child;
}

/*
 * A SYN for a listener: with its data, when Fast Open allows, as a connection. NULL: only an ordinary
 * handshake, in which `*foc` is the cookie to give (negative length: none).
 */
struct sock *tcp_try_fastopen(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
			      struct tcp_fastopen_cookie *foc, const struct dst_entry *dst)
{
	TRACE_SK(sk, "may the data of the SYN be taken at once?");
	bool syn_data = TCP_SKB_CB(skb)->end_seq != TCP_SKB_CB(skb)->seq + 1;
	struct tcp_fastopen_cookie valid_foc = { .len = -1 };
	struct sock *child;
	int key;

	if (foc->len == 0)
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPFASTOPENCOOKIEREQD);
	if (!((sock_net(sk)->ipv4.sysctl_tcp_fastopen & TFO_SERVER_ENABLE) && (syn_data || foc->len >= 0) &&
	      tcp_fastopen_queue_check(sk))) {
		foc->len = -1;
		return NULL;
	}
	if (tcp_fastopen_no_cookie(sk, dst, TFO_SERVER_COOKIE_NOT_REQD)) {
		child = take_syn_data(sk, skb, req, foc, &valid_foc, 0);
		if (child)
			return child;
	} else if (foc->len == 0) {
		tcp_fastopen_cookie_gen(sk, skb, &valid_foc);
	} else if (foc->len > 0) {
		key = tcp_fastopen_cookie_gen_check(sk, skb, foc, &valid_foc);
		if (!key) {
			NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPFASTOPENPASSIVEFAIL);
		} else {
			child = take_syn_data(sk, skb, req, foc, &valid_foc, key);
			if (child)
				return child;
		}
	}
	valid_foc.exp = foc->exp;
	*foc = valid_foc;
	return NULL;
}
