/* /proc/net/tcp and /proc/net/udp: the sockets, a line each of fixed width. */
#include "stack/proc.h"
#include "stack/transport/inet_hashtables.h"
#include "stack/transport/inet_timewait_sock.h"
#include "stack/transport/tcp.h"
#include "stack/transport/udp.h"

#define TMPSZ 150

/* From now until `expires`, not below 0. */
static unsigned long clock_t_until(const struct host *host, unsigned long expires)
{
	long delta = (long)(expires - jiffies(host));

	return delta > 0 ? jiffies_to_clock_t((unsigned long)delta) : 0;
}

static void get_tcp4_sock(struct sock *sk, struct seq_file *f, int i)
{
	TRACE(f, "write a TCP socket");
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct inet_connection_sock *icsk = inet_csk(sk);
	unsigned long timer_expires = jiffies(sk->host);
	int timer_active = 0, rx_queue;

	if (icsk->icsk_pending == ICSK_TIME_RETRANS || icsk->icsk_pending == ICSK_TIME_REO_TIMEOUT ||
	    icsk->icsk_pending == ICSK_TIME_LOSS_PROBE) {
		timer_active = 1;
		timer_expires = icsk->icsk_timeout;
	} else if (icsk->icsk_pending == ICSK_TIME_PROBE0) {
		timer_active = 4;
		timer_expires = icsk->icsk_timeout;
	} else if (timer_pending(&sk->sk_timer)) {
		timer_active = 2;
		timer_expires = sk->sk_timer.expires;
	}
	rx_queue = sk->sk_state == TCP_LISTEN ? (int)sk->sk_ack_backlog
					      : max((int)(tp->rcv_nxt - tp->copied_seq), 0);
	seq_printf(f,
		   "%4d: %08X:%04X %08X:%04X %02X %08X:%08X %02X:%08lX %08X %5u %8d %u %d %08x %lu %lu %u %u "
		   "%d",
		   i, sk->sk_rcv_saddr, sk->sk_num, sk->sk_daddr, ntohs(sk->sk_dport), sk->sk_state,
		   tp->write_seq - tp->snd_una, (unsigned int)rx_queue, (unsigned int)timer_active,
		   clock_t_until(sk->host, timer_expires), icsk->icsk_retransmits, 0, icsk->icsk_probes_out,
		   sk->sk_socket ? sk->trace_id : 0, sk->sk_refcnt, sk->trace_id,
		   jiffies_to_clock_t(icsk->icsk_rto), jiffies_to_clock_t(icsk->icsk_ack.ato),
		   (icsk->icsk_ack.quick << 1) | inet_csk_in_pingpong_mode(sk), tp->snd_cwnd,
		   sk->sk_state == TCP_LISTEN	  ? 0
		   : tcp_in_initial_slowstart(tp) ? -1
						  : (int)tp->snd_ssthresh);
}

static void get_openreq4(const struct request_sock *req, struct seq_file *f, int i)
{
	TRACE(f, "write a half-open connection");
	const struct sock_common *c = &req->__req_common;

	seq_printf(f, "%4d: %08X:%04X %08X:%04X %02X %08X:%08X %02X:%08lX %08X %5u %8d %u %d %08x", i,
		   c->skc_rcv_saddr, c->skc_num, c->skc_daddr, ntohs(c->skc_dport), TCP_SYN_RECV, 0, 0, 1,
		   clock_t_until(c->host, req->rsk_timer.expires), req->num_timeout, 0, 0, 0, 0, c->trace_id);
}

static void get_timewait4_sock(const struct inet_timewait_sock *tw, struct seq_file *f, int i)
{
	TRACE(f, "write a connection in TIME_WAIT");
	const struct sock_common *c = &tw->__tw_common;

	seq_printf(f, "%4d: %08X:%04X %08X:%04X %02X %08X:%08X %02X:%08lX %08X %5d %8d %d %d %08x", i,
		   tw->tw_rcv_saddr, tw->tw_num, tw->tw_daddr, ntohs(tw->tw_dport), tw->tw_substate, 0, 0, 3,
		   clock_t_until(c->host, tw->tw_timer.expires), 0, 0, 0, 0, tw->tw_refcnt, c->trace_id);
}

struct tcp_walk {
	struct seq_file *seq;
	int num;
};

static bool tcp4_seq_line(struct sock *sk, void *arg)
{
	struct tcp_walk *w = arg;

	seq_setwidth(w->seq, TMPSZ - 1);
	if (sk->sk_state == TCP_TIME_WAIT)
		get_timewait4_sock(inet_twsk(sk), w->seq, w->num++);
	else if (sk->sk_state == TCP_NEW_SYN_RECV)
		get_openreq4(inet_reqsk(sk), w->seq, w->num++);
	else
		get_tcp4_sock(sk, w->seq, w->num++);
	seq_pad(w->seq, '\n');
	return true;
}

int tcp4_seq_show(struct seq_file *seq)
{
	TRACE(seq, "list the TCP sockets (/proc/net/tcp)");
	struct tcp_walk w = { .seq = seq };

	seq_setwidth(seq, TMPSZ - 1);
	seq_puts(seq, "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
		      "timeout inode");
	seq_pad(seq, '\n');
	inet_for_each_sock(tcp_hashinfo(seq->host), tcp4_seq_line, &w);
	return 0;
}

static void udp4_format_sock(struct sock *sp, struct seq_file *f, u32 bucket)
{
	TRACE(f, "write a UDP socket");
	const struct udp_sock *up = udp_sk(sp);

	seq_setwidth(f, 127);
	seq_printf(f, "%5u: %08X:%04X %08X:%04X %02X %08X:%08X %02X:%08lX %08X %5u %8d %u %d %08x %u", bucket,
		   sp->sk_rcv_saddr, sp->sk_num, sp->sk_daddr, ntohs(sp->sk_dport), sp->sk_state,
		   sk_wmem_alloc_get(sp), sk_rmem_alloc_get(sp) - up->forward_deficit, 0, 0ul, 0, 0, 0,
		   sp->trace_id, sp->sk_refcnt, sp->trace_id, sp->sk_drops);
	seq_pad(f, '\n');
}

int udp4_seq_show(struct seq_file *seq)
{
	TRACE(seq, "list the UDP sockets (/proc/net/udp)");
	const struct udp_table *t = &udp_host(seq->host->net)->table;
	struct hlist_node *n;

	seq_setwidth(seq, 127);
	seq_puts(seq, "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
		      "timeout inode ref pointer drops");
	seq_pad(seq, '\n');
	for (u32 i = 0; t->hash && i <= t->mask; i++)
		hlist_for_each(n, &t->hash[i])
			udp4_format_sock(hlist_entry(n, struct sock, __sk_common.skc_node), seq, i);
	return 0;
}
