/*
 * Explicit congestion notification (RFC 3168), what is received of it. The receiver of a CE mark sets ECE on
 * its ACKs (TCP_ECN_DEMAND_CWR) until the sender says CWR; the sender that sees ECE reduces its window once
 * per round trip and says CWR (TCP_ECN_QUEUE_CWR) with its next data.
 */
#include "stack/transport/tcp_input.h"

void tcp_ecn_queue_cwr(struct tcp_sock *tp)
{
	TRACE_SK((struct sock *)tp, "tell the peer with the next data that the window was reduced");

	if (tp->ecn_flags & TCP_ECN_OK)
		tp->ecn_flags |= TCP_ECN_QUEUE_CWR;
}

void tcp_ecn_accept_cwr(struct sock *sk, const struct sk_buff *skb)
{
	TRACE_SK_LEAF(sk, "the peer says that it reduced its window: stop echoing congestion");

	if (likely(!tcp_hdr(skb)->cwr))
		return;
	tcp_sk(sk)->ecn_flags &= (u8)~TCP_ECN_DEMAND_CWR;
	/* a small window may wait for this very ACK */
	if (TCP_SKB_CB(skb)->seq != TCP_SKB_CB(skb)->end_seq)
		inet_csk(sk)->icsk_ack.pending |= ICSK_ACK_NOW;
}

void tcp_ecn_withdraw_cwr(struct tcp_sock *tp)
{
	TRACE_SK((struct sock *)tp, "the window was not to be reduced: say nothing of it");

	tp->ecn_flags &= (u8)~TCP_ECN_QUEUE_CWR;
}

static void __tcp_ecn_check_ce(struct sock *sk, const struct sk_buff *skb)
{
	TRACE_SKB(skb, "read the congestion mark of the packet");
	struct tcp_sock *tp = tcp_sk(sk);

	switch (TCP_SKB_CB(skb)->ip_dsfield & INET_ECN_MASK) {
	case INET_ECN_NOT_ECT:
		/* RFC 3168 has retransmissions unmarked: the peer lost something and waits for ACKs */
		if (tp->ecn_flags & TCP_ECN_SEEN)
			tcp_enter_quickack_mode(sk, 2);
		break;
	case INET_ECN_CE:
		if (tcp_ca_needs_ecn(sk))
			tcp_ca_event(sk, CA_EVENT_ECN_IS_CE);
		if (!(tp->ecn_flags & TCP_ECN_DEMAND_CWR)) {
			tcp_enter_quickack_mode(sk, 2);
			tp->ecn_flags |= TCP_ECN_DEMAND_CWR;
		}
		tp->ecn_flags |= TCP_ECN_SEEN;
		break;
	default:
		if (tcp_ca_needs_ecn(sk))
			tcp_ca_event(sk, CA_EVENT_ECN_NO_CE);
		tp->ecn_flags |= TCP_ECN_SEEN;
	}
}

void tcp_ecn_check_ce(struct sock *sk, const struct sk_buff *skb)
{
	TRACE_SK(sk, "look for a congestion mark, if the connection uses ECN");

	if (unlikely(tcp_sk(sk)->ecn_flags & TCP_ECN_OK))
		__tcp_ecn_check_ce(sk, skb);
}

void tcp_ecn_rcv_synack(struct tcp_sock *tp, const struct tcphdr *th)
{
	TRACE_SK((struct sock *)tp, "does the SYN-ACK agree to ECN?");

	if ((tp->ecn_flags & TCP_ECN_OK) && (!th->ece || th->cwr))
		tp->ecn_flags &= (u8)~TCP_ECN_OK;
}

void tcp_ecn_rcv_syn(struct tcp_sock *tp, const struct tcphdr *th)
{
	TRACE_SK((struct sock *)tp, "does the SYN ask for ECN?");

	if ((tp->ecn_flags & TCP_ECN_OK) && (!th->ece || !th->cwr))
		tp->ecn_flags &= (u8)~TCP_ECN_OK;
}

bool tcp_ecn_rcv_ecn_echo(const struct tcp_sock *tp, const struct tcphdr *th)
{
	TRACE_SK_LEAF((const struct sock *)tp, "does the ACK echo congestion?");

	return th->ece && !th->syn && (tp->ecn_flags & TCP_ECN_OK);
}
