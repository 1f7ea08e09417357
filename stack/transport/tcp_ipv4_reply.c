/*
 * TCP over IPv4: RSTs and ACKs for which there is no socket that could send them. They are built on the
 * stack and sent by the host's control socket (tcp_v4_init()).
 */
#include "stack/internet/ip.h"
#include "stack/kernel/softirq.h"
#include "stack/transport/tcp.h"

struct tcp_reply {
	struct tcphdr th;
	__be32 opt[(TCPOLEN_TSTAMP_ALIGNED + TCPOLEN_MD5SIG_ALIGNED) / sizeof(__be32)];
};

/* Appends the signature, as the last of the options. Returns the new length. */
static u32 sign_reply(const struct sk_buff *skb, struct tcp_reply *rep, u32 len,
		      const struct tcp_md5sig_key *key)
{
	__be32 *opt = &rep->opt[(len - sizeof(rep->th)) / sizeof(rep->opt[0])];

	*opt++ = htonl((u32)TCPOPT_NOP << 24 | TCPOPT_NOP << 16 | TCPOPT_MD5SIG << 8 | TCPOLEN_MD5SIG);
	len += TCPOLEN_MD5SIG_ALIGNED;
	rep->th.doff = (u16)(len / 4) & 15;
	tcp_v4_md5_hash_hdr((u8 *)opt, key, ip_hdr(skb)->daddr, ip_hdr(skb)->saddr, &rep->th);
	return len;
}

/*
 * Sends a reply to who sent `skb`; `sk`, if any, lends its mark, priority and device. `key`: to be signed
 * with, or NULL.
 */
static void send_reply(struct sock *sk, struct sk_buff *skb, struct tcp_reply *rep, u32 len,
		       const struct tcp_md5sig_key *key, int oif, u8 tos)
{
	struct host *host = skb->host;
	struct sock *ctl_sk = host->net->tcp->ctl_sk;
	struct ip_reply_arg arg = { .bound_dev_if = oif, .tos = tos };

	rep->th.dest = tcp_hdr(skb)->source;
	rep->th.source = tcp_hdr(skb)->dest;
	rep->th.doff = (u16)(len / 4) & 15;
	if (unlikely(key))
		len = sign_reply(skb, rep, len, key);
	arg.iov[0].iov_base = rep;
	arg.iov[0].iov_len = len;
	arg.csum = csum_tcpudp_nofold(ip_hdr(skb)->daddr, ip_hdr(skb)->saddr, len, IPPROTO_TCP, 0);
	arg.csumoffset = offsetof(struct tcphdr, check) / 2;
	local_bh_disable(host);
	ctl_sk->sk_mark = 0;
	ctl_sk->sk_priority = 0;
	if (sk && sk->sk_state == TCP_TIME_WAIT) {
		ctl_sk->sk_mark = inet_twsk(sk)->tw_mark;
		ctl_sk->sk_priority = inet_twsk(sk)->tw_priority;
	} else if (sk && sk_fullsock(sk)) {
		ctl_sk->sk_mark = sk->sk_mark;
		ctl_sk->sk_priority = sk->sk_priority;
	}
	ip_send_unicast_reply(ctl_sk, skb, &((struct inet_skb_parm *)TCP_SKB_CB(skb)->ip_cb)->opt,
			      ip_hdr(skb)->saddr, ip_hdr(skb)->daddr, &arg, len, 0);
	TCP_INC_STATS(host->net, TCP_MIB_OUTSEGS);
	local_bh_enable(host);
}

/*
 * The key for a RST: the socket's, or of a segment for no socket that is signed, the one of a listener whose
 * key it was signed with (the connection was lost by a reboot). False: no RST.
 */
static bool reset_key(const struct sock *sk, struct sk_buff *skb, const struct tcp_md5sig_key **key)
{
	const struct iphdr *iph = ip_hdr(skb);
	const struct tcphdr *th = tcp_hdr(skb);
	const u8 *hash_location;
	const struct sock *listener;
	u8 newhash[MD5_DIGEST_SIZE];

	*key = NULL;
	if (sk && sk_fullsock(sk)) {
		*key = tcp_md5_do_lookup(sk, iph->saddr);
		return true;
	}
	hash_location = tcp_parse_md5sig_option(th);
	if (likely(!hash_location))
		return true;
	listener = __inet_lookup_listener(skb->host->net, tcp_hashinfo(skb->host), NULL, 0, iph->saddr,
					  th->source, iph->daddr, ntohs(th->source), inet_iif(skb), 0);
	if (!listener)
		return false;
	*key = tcp_md5_do_lookup(listener, iph->saddr);
	if (!*key)
		return false;
	tcp_v4_md5_hash_skb(newhash, *key, iph->saddr, iph->daddr, skb);
	return memcmp(hash_location, newhash, sizeof(newhash)) == 0;
}

/* RFC 793: the RST's sequence number is what the segment acknowledged, else it acknowledges the segment. */
void tcp_v4_send_reset(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "answer the segment with a RST");
	const struct tcphdr *th = tcp_hdr(skb);
	struct tcp_reply rep = { .th.rst = 1 };
	const struct tcp_md5sig_key *key;

	if (th->rst)
		return; /* never a RST for a RST */
	/* without a socket the packet must at least have been for us */
	if (!sk && skb_rtable(skb)->rt_type != RTN_LOCAL)
		return;
	if (!reset_key(sk, skb, &key))
		return;
	if (th->ack) {
		rep.th.seq = th->ack_seq;
	} else {
		rep.th.ack = 1;
		rep.th.ack_seq = htonl(ntohl(th->seq) + th->syn + th->fin + skb->len - th->doff * 4u);
	}
	send_reply(sk, skb, &rep, sizeof(rep.th), key, sk ? sk->sk_bound_dev_if : 0, ip_hdr(skb)->tos);
	TCP_INC_STATS(skb->host->net, TCP_MIB_OUTRSTS);
}

static void tcp_v4_send_ack(struct sock *sk, struct sk_buff *skb, u32 seq, u32 ack, u32 win, u32 tsval,
			    u32 tsecr, const struct tcp_md5sig_key *key, int oif, u8 tos)
{
	TRACE_SKB(skb, "answer the segment with an ACK");
	struct tcp_reply rep = { .th.ack = 1 };
	u32 len = sizeof(rep.th);

	if (tsecr) {
		rep.opt[0] = htonl(TCPOPT_NOP << 24 | TCPOPT_NOP << 16 | TCPOPT_TIMESTAMP << 8 |
				   TCPOLEN_TIMESTAMP);
		rep.opt[1] = htonl(tsval);
		rep.opt[2] = htonl(tsecr);
		len += TCPOLEN_TSTAMP_ALIGNED;
	}
	rep.th.seq = htonl(seq);
	rep.th.ack_seq = htonl(ack);
	rep.th.window = htons((u16)win);
	send_reply(sk, skb, &rep, len, key, oif, tos);
}

/* A segment for a connection in TIME_WAIT: repeats the last ACK. Takes the caller's reference. */
void tcp_v4_timewait_ack(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "repeat the last ACK of the connection in TIME_WAIT");
	struct inet_timewait_sock *tw = inet_twsk(sk);
	const struct tcp_timewait_sock *tcptw = tcp_twsk(sk);

	tcp_v4_send_ack(sk, skb, tcptw->tw_snd_nxt, tcptw->tw_rcv_nxt, tcptw->tw_rcv_wnd >> tw->tw_rcv_wscale,
			tcp_time_stamp_raw(sk->host) + tcptw->tw_ts_offset, tcptw->tw_ts_recent,
			tcptw->tw_md5_key, tw->tw_bound_dev_if, tw->tw_tos);
	inet_twsk_put(tw);
}

/* A segment out of place for a half-open connection: says what we expect. */
void tcp_v4_reqsk_send_ack(struct sock *sk, struct sk_buff *skb, struct request_sock *req)
{
	TRACE_SKB(skb, "tell the peer what the half-open connection expects");
	const struct tcp_request_sock *treq = tcp_rsk(req);
	u32 seq = sk->sk_state == TCP_LISTEN ? treq->snt_isn + 1 : tcp_sk(sk)->snd_nxt;

	tcp_v4_send_ack(sk, skb, seq, treq->rcv_nxt, req->rsk_rcv_wnd >> inet_rsk(req)->rcv_wscale,
			tcp_time_stamp_raw(sk->host) + treq->ts_off, req->ts_recent,
			tcp_md5_do_lookup(sk, ip_hdr(skb)->saddr), 0, ip_hdr(skb)->tos);
}

/* ---- the control socket ---- */

static const struct proto tcp_ctl_prot = {
	.name = "TCP_CTL",
	.obj_size = sizeof(struct inet_sock),
};

int tcp_v4_init(struct host *host)
{
	TRACE(host, "make the socket that sends RSTs and ACKs without a connection");
	struct sock *sk;
	int rc = proto_register(host, &tcp_ctl_prot, 1);

	if (rc)
		return rc;
	sk = sk_alloc(host->net, PF_INET, GFP_KERNEL, &tcp_ctl_prot, 1);
	if (!sk)
		return -ENOMEM;
	sock_init_data(NULL, sk);
	sk->sk_destruct = inet_sock_destruct;
	sk->sk_type = SOCK_RAW;
	sk->sk_protocol = IPPROTO_TCP;
	sk->sk_allocation = GFP_ATOMIC;
	sk->sk_state = TCP_CLOSE;
	inet_sk(sk)->uc_ttl = -1;
	inet_sk(sk)->pmtudisc = IP_PMTUDISC_DO; /* these never need to be fragmented */
	sock_set_flag(sk, SOCK_USE_WRITE_QUEUE);
	host->net->tcp->ctl_sk = sk;
	return 0;
}

void tcp_v4_exit(struct host *host)
{
	struct sock *sk = host->net->tcp->ctl_sk;

	host->net->tcp->ctl_sk = NULL;
	if (sk) {
		sock_set_flag(sk, SOCK_DEAD);
		sock_put(sk);
	}
	proto_unregister(host, &tcp_ctl_prot);
}
