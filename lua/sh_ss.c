/*
 * ss [-46tuw0x] [-a|-l] [-n] [-r] [-o] [-e] [-p] [-i] [-m] [-H] [-s] [-A KIND,...] [-f inet] [state NAME]...
 * [FILTER]
 *
 * The cells of all lines are gathered first: each column is as wide as its widest cell.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lua/sh_ss.h"
#include "stack/application/socket.h"
#include "stack/internet/inet_frag.h"
#include "stack/internet/internet.h"
#include "stack/internet/raw.h"
#include "stack/packet/af_packet.h"
#include "stack/proc.h"
#include "stack/transport/inet_hashtables.h"
#include "stack/transport/inet_timewait_sock.h"
#include "stack/transport/tcp.h"
#include "stack/transport/tcp_cong.h"
#include "stack/transport/tcp_info.h"
#include "stack/transport/udp.h"

enum { TCP_DB = 1, UDP_DB = 2, RAW_DB = 4, PACKET_DB = 8, NONE_DB = 16 /* SCTP, DCCP: there are none */ };

struct row {
	char netid[8], state[12], rq[12], sq[12], local[32], lport[18], peer[32], pport[16];
	char *ext; /* " timer:(...)" and what comes on a second line */
};

struct ss {
	struct sh *sh;
	unsigned dbs, states; /* states: a bit each */
	bool numeric, resolve, timers, details, owners, info, memory, no_header, oneline;
	bool other; /* with kinds that have a column of their own and no sockets here */
	struct ss_filter filter;
	struct row *rows;
	unsigned nr, size;
};

static const char *const state_names[] = { "UNKNOWN",	 "ESTAB",      "SYN-SENT",  "SYN-RECV",
					   "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "UNCONN",
					   "CLOSE-WAIT", "LAST-ACK",   "LISTEN",    "CLOSING" };
#define CONN_STATES                                                                                          \
	(0xfffu & ~(1u << TCP_LISTEN | 1u << TCP_CLOSE | 1u << TCP_TIME_WAIT | 1u << TCP_SYN_RECV | 1))
#define ALL_STATES 0xffeu

static struct row *add_row(struct ss *ss, const char *netid, unsigned state)
{
	if (ss->nr == ss->size) {
		unsigned size = ss->size ? ss->size * 2 : 16;
		struct row *grown = realloc(ss->rows, size * sizeof(*grown));
		if (!grown)
			return NULL;
		ss->rows = grown;
		ss->size = size;
	}
	struct row *r = &ss->rows[ss->nr++];
	memset(r, 0, sizeof(*r));
	snprintf(r->netid, sizeof(r->netid), "%s", netid);
	snprintf(r->state, sizeof(r->state), "%s", state_names[state < 12 ? state : 0]);
	return r;
}

/* ---- what -m, -o and -i tell ---- */

static void ext_memory(struct seq_file *m, const struct sock *sk)
{
	seq_printf(m, " skmem:(r%d,rb%d,t%d,tb%d,f%d,w%d,o%d,bl%d,d%d)", sk_rmem_alloc_get(sk), sk->sk_rcvbuf,
		   sk_wmem_alloc_get(sk), sk->sk_sndbuf, sk->sk_forward_alloc, sk->sk_wmem_queued,
		   sk->sk_omem_alloc, sk->sk_backlog.len, sk->sk_drops);
}

/* Milliseconds as %g writes them. */
static void ext_ms(struct seq_file *m, const char *before, u32 us)
{
	char part[5];
	int n = 3;
	snprintf(part, sizeof(part), "%03u", us % 1000);
	while (n > 0 && part[n - 1] == '0')
		part[--n] = '\0';
	seq_printf(m, "%s%u%s%s", before, us / 1000, n ? "." : "", part);
}

static void ext_number(struct seq_file *m, const char *name, u64 n)
{
	if (n)
		seq_printf(m, " %s:%llu", name, (unsigned long long)n);
}

/* Bits per second: three digits and a unit; with -n as they are. */
static void ext_rate(const struct ss *ss, struct seq_file *m, const char *before, u64 rate)
{
	double r = (double)rate;
	if (ss->numeric)
		seq_printf(m, "%s%llubps", before, (unsigned long long)rate);
	else if (r > 1e12)
		seq_printf(m, "%s%.3gTbps", before, r / 1e12);
	else if (r > 1e9)
		seq_printf(m, "%s%.3gGbps", before, r / 1e9);
	else if (r > 1e6)
		seq_printf(m, "%s%.3gMbps", before, r / 1e6);
	else if (r > 1e3)
		seq_printf(m, "%s%.3gkbps", before, r / 1e3);
	else
		seq_printf(m, "%s%.3gbps", before, r);
}

/* A gain in 256ths. */
static void ext_gain(struct seq_file *m, const char *before, u32 gain)
{
	if (gain)
		seq_printf(m, "%s%g", before, (double)gain / 256);
}

static void ext_congestion(const struct ss *ss, struct seq_file *m, const struct sock *sk)
{
	const struct tcp_congestion_ops *ca = inet_csk(sk)->icsk_ca_ops;
	union tcp_cc_info info;
	if (!ca || !tcp_ca_get_info(sk, &info))
		return;
	if (strcmp(ca->name, "bbr") == 0) {
		ext_rate(ss, m, " bbr:(bw:", ((u64)info.bbr.bbr_bw_hi << 32 | info.bbr.bbr_bw_lo) * 8);
		ext_ms(m, ",mrtt:", info.bbr.bbr_min_rtt);
		ext_gain(m, ",pacing_gain:", info.bbr.bbr_pacing_gain);
		ext_gain(m, ",cwnd_gain:", info.bbr.bbr_cwnd_gain);
		seq_puts(m, ")");
	} else if (info.dctcp.dctcp_enabled) {
		seq_printf(m, " dctcp:(ce_state:%u,alpha:%u,ab_ecn:%u,ab_tot:%u)", info.dctcp.dctcp_ce_state,
			   info.dctcp.dctcp_alpha, info.dctcp.dctcp_ab_ecn, info.dctcp.dctcp_ab_tot);
	} else {
		seq_puts(m, " dctcp:fallback_mode");
	}
}

static void ext_rates(const struct ss *ss, struct seq_file *m, const struct tcp_info *t)
{
	if (t->tcpi_rtt && t->tcpi_snd_mss && t->tcpi_snd_cwnd)
		ext_rate(ss, m, " send ", (u64)t->tcpi_snd_cwnd * t->tcpi_snd_mss * 8000000ull / t->tcpi_rtt);
	ext_number(m, "lastsnd", t->tcpi_last_data_sent);
	ext_number(m, "lastrcv", t->tcpi_last_data_recv);
	ext_number(m, "lastack", t->tcpi_last_ack_recv);
	if (t->tcpi_pacing_rate && t->tcpi_pacing_rate != ~0ull)
		ext_rate(ss, m, " pacing_rate ", t->tcpi_pacing_rate * 8);
	if (t->tcpi_delivery_rate)
		ext_rate(ss, m, " delivery_rate ", t->tcpi_delivery_rate * 8);
	ext_number(m, "delivered", t->tcpi_delivered);
	ext_number(m, "delivered_ce", t->tcpi_delivered_ce);
	if (t->tcpi_delivery_rate_app_limited)
		seq_puts(m, " app_limited");
	if (t->tcpi_busy_time)
		seq_printf(m, " busy:%llums", (unsigned long long)t->tcpi_busy_time / 1000);
}

static void ext_losses(struct seq_file *m, const struct tcp_info *t, bool listening)
{
	if (!listening) {
		ext_number(m, "unacked", t->tcpi_unacked);
		if (t->tcpi_retrans || t->tcpi_total_retrans)
			seq_printf(m, " retrans:%u/%u", t->tcpi_retrans, t->tcpi_total_retrans);
		ext_number(m, "lost", t->tcpi_lost);
		ext_number(m, "sacked", t->tcpi_sacked);
	}
	ext_number(m, "dsack_dups", t->tcpi_dsack_dups);
	if (t->tcpi_reordering != 3)
		ext_number(m, "reordering", t->tcpi_reordering);
	ext_number(m, "reord_seen", t->tcpi_reord_seen);
	if (t->tcpi_rcv_rtt)
		ext_ms(m, " rcv_rtt:", t->tcpi_rcv_rtt);
	ext_number(m, "rcv_space", t->tcpi_rcv_space);
	ext_number(m, "rcv_ssthresh", t->tcpi_rcv_ssthresh);
	ext_number(m, "notsent", t->tcpi_notsent_bytes);
	if (t->tcpi_min_rtt && t->tcpi_min_rtt != ~0u)
		ext_ms(m, " minrtt:", t->tcpi_min_rtt);
	ext_number(m, "rcv_ooopack", t->tcpi_rcv_ooopack);
	ext_number(m, "snd_wnd", t->tcpi_snd_wnd);
}

static void ext_info(struct ss *ss, struct seq_file *m, struct sock *sk)
{
	struct tcp_info t;
	const struct tcp_congestion_ops *ca = inet_csk(sk)->icsk_ca_ops;
	tcp_get_info(sk, &t);
	if (ss->timers && t.tcpi_options & TCPI_OPT_TIMESTAMPS)
		seq_puts(m, " ts");
	if (ss->timers && t.tcpi_options & TCPI_OPT_SACK)
		seq_puts(m, " sack");
	if (ss->timers && t.tcpi_options & TCPI_OPT_ECN)
		seq_puts(m, " ecn");
	seq_printf(m, " %s", ca ? ca->name : ss->sh->host->net->ipv4.sysctl_tcp_congestion_control);
	if (t.tcpi_options & TCPI_OPT_WSCALE)
		seq_printf(m, " wscale:%u,%u", t.tcpi_snd_wscale, t.tcpi_rcv_wscale);
	if (t.tcpi_rto && t.tcpi_rto != 3000000)
		ext_ms(m, " rto:", t.tcpi_rto);
	ext_number(m, "backoff", t.tcpi_backoff);
	if (t.tcpi_rtt) {
		ext_ms(m, " rtt:", t.tcpi_rtt);
		ext_ms(m, "/", t.tcpi_rttvar);
	}
	if (t.tcpi_ato)
		ext_ms(m, " ato:", t.tcpi_ato);
	ext_number(m, "mss", t.tcpi_snd_mss);
	ext_number(m, "pmtu", t.tcpi_pmtu);
	ext_number(m, "rcvmss", t.tcpi_rcv_mss);
	ext_number(m, "advmss", t.tcpi_advmss);
	ext_number(m, "cwnd", t.tcpi_snd_cwnd);
	if (t.tcpi_snd_ssthresh < 0xffff)
		ext_number(m, "ssthresh", t.tcpi_snd_ssthresh);
	ext_number(m, "bytes_sent", t.tcpi_bytes_sent);
	ext_number(m, "bytes_retrans", t.tcpi_bytes_retrans);
	ext_number(m, "bytes_acked", t.tcpi_bytes_acked);
	ext_number(m, "bytes_received", t.tcpi_bytes_received);
	ext_number(m, "segs_out", t.tcpi_segs_out);
	ext_number(m, "segs_in", t.tcpi_segs_in);
	ext_number(m, "data_segs_out", t.tcpi_data_segs_out);
	ext_number(m, "data_segs_in", t.tcpi_data_segs_in);
	ext_congestion(ss, m, sk);
	ext_rates(ss, m, &t);
	ext_losses(m, &t, sk->sk_state == TCP_LISTEN);
}

static void ext_timer(struct seq_file *m, const char *name, unsigned long expires, int retransmits)
{
	long left = (long)(expires - jiffies(m->host)) * (1000 / HZ), s = left / 1000;
	left = left < 0 ? 0 : left;
	seq_printf(m, " timer:(%s,", name);
	if (s >= 60)
		seq_printf(m, "%ldmin", s / 60);
	if (s >= 60 && s / 60 <= 9)
		seq_printf(m, "%ld%s", s % 60, "sec");
	else if (s < 60 && s > 9)
		seq_printf(m, "%ldsec", s);
	else if (s < 60 && s)
		seq_printf(m, "%ld.%03ldsec", s, left % 1000);
	else if (s < 60)
		seq_printf(m, "%03ldms", left);
	seq_printf(m, ",%d)", retransmits);
}

static void ext_timers(struct seq_file *m, struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	if (sk->sk_state == TCP_TIME_WAIT)
		ext_timer(m, "timewait", inet_twsk(sk)->tw_timer.expires, 0);
	else if (sk->sk_state == TCP_NEW_SYN_RECV)
		ext_timer(m, "on", inet_reqsk(sk)->rsk_timer.expires, inet_reqsk(sk)->num_timeout);
	else if (icsk->icsk_pending == ICSK_TIME_PROBE0)
		ext_timer(m, "persist", icsk->icsk_timeout, icsk->icsk_probes_out);
	else if (icsk->icsk_pending)
		ext_timer(m, "on", icsk->icsk_timeout, icsk->icsk_retransmits);
	else if (timer_pending(&sk->sk_timer))
		ext_timer(m, "keepalive", sk->sk_timer.expires, icsk->icsk_probes_out);
}

/* ---- the sockets ---- */

static void set_ends(struct ss *ss, struct row *r, const struct sock_common *c)
{
	bool raw = strcmp(r->netid, "raw") == 0;
	const char *local = ss->resolve ? sh_name_of(ss->sh, c->skc_rcv_saddr) : NULL,
		   *peer = ss->resolve ? sh_name_of(ss->sh, c->skc_daddr) : NULL;
	snprintf(r->local, sizeof(r->local), "%s", local ? local : sh_ip(c->skc_rcv_saddr).s);
	snprintf(r->peer, sizeof(r->peer), "%s", peer ? peer : sh_ip(c->skc_daddr).s);
	if (raw && c->skc_num == IPPROTO_ICMP && !ss->numeric)
		strcpy(r->lport, "icmp");
	else
		strcpy(r->lport, sh_port(r->netid, c->skc_num, ss->numeric || raw).s);
	strcpy(r->pport, sh_port(r->netid, ntohs(c->skc_dport), ss->numeric).s);
}

/* Who has the socket open; its number, as an inode and as its address. */
static void ext_owner(struct ss *ss, struct seq_file *m, const struct sock *sk, bool full)
{
	struct sh_owner o;
	unsigned n = 0;
	for (; ss->owners && full && sh_socket_owner(ss->sh, sk->trace_id, n, &o); n++)
		seq_printf(m, "%s(\"%s\",pid=%u,fd=%d)", n ? "," : " users:(", o.name, o.pid, o.fd);
	seq_puts(m, n ? ")" : "");
}

static void ext_details(struct ss *ss, struct seq_file *m, const struct sock *sk, bool full)
{
	if (!ss->details)
		return;
	seq_printf(m, " ino:%u sk:%x", full ? sk->trace_id : 0, sk->trace_id);
	if (full)
		seq_printf(m, " %c-%c", sk->sk_shutdown & RCV_SHUTDOWN ? '-' : '<',
			   sk->sk_shutdown & SEND_SHUTDOWN ? '-' : '>');
}

static void set_ext(struct ss *ss, struct row *r, struct sock *sk, bool tcp)
{
	struct seq_file m = { .host = ss->sh->host };
	bool full = !tcp || (sk->sk_state != TCP_TIME_WAIT && sk->sk_state != TCP_NEW_SYN_RECV);
	ext_owner(ss, &m, sk, full);
	if (tcp && ss->timers)
		ext_timers(&m, sk);
	ext_details(ss, &m, sk, full);
	if ((ss->memory || ss->info) && !ss->oneline)
		seq_puts(&m, "\n\t");
	if (ss->memory && full)
		ext_memory(&m, sk);
	if (ss->info && tcp && full)
		ext_info(ss, &m, sk);
	r->ext = m.buf;
}

static bool tcp_row(struct sock *sk, void *arg)
{
	struct ss *ss = arg;
	unsigned state = sk->sk_state == TCP_NEW_SYN_RECV ? TCP_SYN_RECV : sk->sk_state;
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 rq = 0, sq = 0;
	if (!(ss->states & 1u << state) || !ss_filter(&ss->filter, &sk->__sk_common))
		return true;
	struct row *r = add_row(ss, "tcp", state);
	if (!r)
		return false;
	if (sk->sk_state == TCP_LISTEN) {
		rq = sk->sk_ack_backlog;
		sq = sk->sk_max_ack_backlog;
	} else if (sk->sk_state != TCP_TIME_WAIT && sk->sk_state != TCP_NEW_SYN_RECV) {
		rq = (u32)max((int)(tp->rcv_nxt - tp->copied_seq), 0);
		sq = tp->write_seq - tp->snd_una;
	}
	snprintf(r->rq, sizeof(r->rq), "%u", rq);
	snprintf(r->sq, sizeof(r->sq), "%u", sq);
	set_ends(ss, r, &sk->__sk_common);
	set_ext(ss, r, sk, true);
	return true;
}

static void datagram_row(struct ss *ss, struct sock *sk, const char *netid, int rq)
{
	bool wanted = ss->states & 1u << sk->sk_state && ss_filter(&ss->filter, &sk->__sk_common);
	struct row *r = wanted ? add_row(ss, netid, sk->sk_state) : NULL;
	if (!r)
		return;
	snprintf(r->rq, sizeof(r->rq), "%d", rq);
	snprintf(r->sq, sizeof(r->sq), "%d", sk_wmem_alloc_get(sk));
	set_ends(ss, r, &sk->__sk_common);
	set_ext(ss, r, sk, false);
}

static void packet_row(struct ss *ss, struct sock *sk)
{
	const struct packet_sock *po = pkt_sk(sk);
	struct net_device *dev = po->ifindex ? __dev_get_by_index(sock_net(sk), po->ifindex) : NULL;
	struct row *r = ss->states & 1u << TCP_CLOSE
				? add_row(ss, sk->sk_type == SOCK_RAW ? "p_raw" : "p_dgr", TCP_CLOSE)
				: NULL;
	if (!r)
		return;
	snprintf(r->rq, sizeof(r->rq), "%d", sk_rmem_alloc_get(sk));
	snprintf(r->sq, sizeof(r->sq), "%d", 0);
	unsigned proto = ntohs(po->num);
	if (proto == 3 || !proto)
		strcpy(r->local, "*");
	else if (proto == 0x0806 || proto == 0x0800)
		strcpy(r->local, proto == 0x0806 ? "arp" : "ipv4");
	else
		snprintf(r->local, sizeof(r->local), "[%u]", proto);
	strcpy(r->lport, dev ? dev->name : "*");
	strcpy(r->peer, "*");
	set_ext(ss, r, sk, false);
}

static void gather(struct ss *ss)
{
	struct net *net = ss->sh->host->net;
	struct hlist_node *n;
#define NODE_SOCK(n) hlist_entry(n, struct sock, __sk_common.skc_node)
	if (ss->dbs & PACKET_DB)
		hlist_for_each(n, &net->packet->sklist) packet_row(ss, NODE_SOCK(n));
	if (ss->dbs & RAW_DB)
		for (int i = 0; net->raw && i < RAW_HTABLE_SIZE; i++)
			hlist_for_each(n, &net->raw->ht[i])
				datagram_row(ss, NODE_SOCK(n), "raw", sk_rmem_alloc_get(NODE_SOCK(n)));
	if (ss->dbs & UDP_DB)
		for (u32 i = 0; net->udp->table.hash && i <= net->udp->table.mask; i++)
			hlist_for_each(n, &net->udp->table.hash[i]) datagram_row(
				ss, NODE_SOCK(n), "udp",
				sk_rmem_alloc_get(NODE_SOCK(n)) - udp_sk(NODE_SOCK(n))->forward_deficit);
	if (ss->dbs & TCP_DB)
		inet_for_each_sock(&net->tcp->hashinfo, tcp_row, ss);
}

/* ---- the table ---- */

struct widths {
	int netid, state, local, lport, peer, pport, ext;
};

static void widen(int *w, const char *cell)
{
	int n = cell ? (int)strlen(cell) : 0;
	*w = *w < n ? n : *w;
}

static void say_table(struct ss *ss)
{
	struct sh *sh = ss->sh;
	/* one kind of socket, one state: columns that would say the same everywhere are left out */
	bool netid = !ss->dbs || ss->other || (ss->dbs & (ss->dbs - 1)) || ss->dbs == PACKET_DB,
	     state = (ss->states & (ss->states - 1)) != 0, head = !ss->no_header;
	struct widths w = { 5, 5, 13, 4, 12, 4, 7 };
	if (!head)
		w = (struct widths){ 0 };
	for (unsigned i = 0; i < ss->nr; i++) {
		const struct row *r = &ss->rows[i];
		widen(&w.netid, r->netid);
		widen(&w.state, r->state);
		widen(&w.local, r->local);
		widen(&w.lport, r->lport);
		widen(&w.peer, r->peer);
		widen(&w.pport, r->pport);
		if (i + 1 < ss->nr) /* the real ss measures a row's last cell when the next row begins */
			widen(&w.ext, r->ext);
	}
	if (head) {
		if (netid)
			sh_say(sh, "%-*s ", w.netid, "Netid");
		if (state)
			sh_say(sh, "%-*s ", w.state, "State");
		sh_say(sh, "%-6s %-6s %*s:%-*s %*s:%-*s%-*s\n", "Recv-Q", "Send-Q", w.local, "Local Address",
		       w.lport, "Port", w.peer, "Peer Address", w.pport, "Port", w.ext, "Process");
	}
	for (unsigned i = 0; i < ss->nr; i++) {
		const struct row *r = &ss->rows[i];
		if (netid)
			sh_say(sh, "%-*s ", w.netid, r->netid);
		if (state)
			sh_say(sh, "%-*s ", w.state, r->state);
		sh_say(sh, "%-6s %-6s %*s:%-*s %*s%s%-*s%-*s\n", r->rq, r->sq, w.local, r->local, w.lport,
		       r->lport, w.peer, r->peer, r->pport[0] ? ":" : " ", w.pport, r->pport, w.ext,
		       r->ext ? r->ext : "");
	}
}

static bool count_state(struct sock *sk, void *arg)
{
	((unsigned *)arg)[sk->sk_state]++;
	return true;
}

static void release(struct ss *ss)
{
	for (unsigned i = 0; i < ss->nr; i++)
		free(ss->rows[i].ext);
	free(ss->rows);
}

static void say_summary(struct sh *sh)
{
	struct ss datagrams = { .sh = sh, .dbs = UDP_DB | RAW_DB, .states = ALL_STATES };
	struct net *net = sh->host->net;
	unsigned state[TCP_MAX_STATES] = { 0 }, raw = 0, udp = 0, tcp = 0;
	inet_for_each_sock(&net->tcp->hashinfo, count_state, state);
	for (unsigned i = 0; i < TCP_MAX_STATES; i++)
		tcp += i == TCP_TIME_WAIT || i == TCP_NEW_SYN_RECV ? 0 : state[i];
	gather(&datagrams);
	for (unsigned i = 0; i < datagrams.nr; i++) {
		udp += datagrams.rows[i].netid[0] == 'u';
		raw += datagrams.rows[i].netid[0] == 'r';
	}
	release(&datagrams);
	unsigned tw = state[TCP_TIME_WAIT], all = (unsigned)net->tcp->sockets_allocated + tw;
	sh_say(sh, "Total: %u\nTCP:   %u (estab %u, closed %u, orphaned %d, timewait %u)\n\n",
	       net->files->sockets_in_use, all, state[TCP_ESTABLISHED], all - tcp, net->tcp->orphan_count,
	       tw);
	sh_say(sh, "Transport Total     IP        IPv6\n");
	sh_say(sh, "RAW\t  %-9u %-9u %-9u\nUDP\t  %-9u %-9u %-9u\n", raw, raw, 0, udp, udp, 0);
	sh_say(sh, "TCP\t  %-9u %-9u %-9u\nINET\t  %-9u %-9u %-9u\n", tcp, tcp, 0, raw + udp + tcp,
	       raw + udp + tcp, 0);
	sh_say(sh, "FRAG\t  %-9u %-9u %-9u\n\n", net->inet->fqdir ? net->inet->fqdir->nelems : 0,
	       net->inet->fqdir ? net->inet->fqdir->nelems : 0, 0);
}

/* ---- the command ---- */

/* What `state NAME` selects; 0: no such state. */
static unsigned state_filter(const char *word)
{
	enum {
		CLOSE = 1u << TCP_CLOSE,
		SYN_RECV = 1u << TCP_SYN_RECV,
		BUCKET = SYN_RECV | 1u << TCP_TIME_WAIT
	};
	static const char *const names[] = { "",	   "established", "syn-sent",  "syn-recv",
					     "fin-wait-1", "fin-wait-2",  "time-wait", "unconnected",
					     "close-wait", "last-ack",	  "listening", "closing" };
	static const struct {
		const char *name;
		unsigned states;
	} sets[] = { { "close", CLOSE },
		     { "closed", CLOSE },
		     { "syn-rcv", SYN_RECV },
		     { "all", ALL_STATES },
		     { "connected", ALL_STATES & ~(1u << TCP_LISTEN | CLOSE) },
		     { "synchronized", ALL_STATES & ~(1u << TCP_LISTEN | CLOSE | 1u << TCP_SYN_SENT) },
		     { "bucket", BUCKET },
		     { "big", ALL_STATES & ~BUCKET } };
	for (unsigned i = 1; i < 12; i++)
		if (strcasecmp(word, names[i]) == 0)
			return 1u << i;
	for (unsigned i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		if (strcasecmp(word, sets[i].name) == 0)
			return sets[i].states;
	return 0;
}

static const struct sh_long longs[] = {
	{ "tcp", 't' },	      { "udp", 'u' },	  { "raw", 'w' },	{ "packet", '0' },
	{ "unix", 'x' },      { "all", 'a' },	  { "listening", 'l' }, { "numeric", 'n' },
	{ "resolve", 'r' },   { "options", 'o' }, { "extended", 'e' },	{ "memory", 'm' },
	{ "processes", 'p' }, { "info", 'i' },	  { "summary", 's' },	{ "no-header", 'H' },
	{ "ipv4", '4' },      { "ipv6", '6' },	  { "query", 'A' },	{ "socket", 'A' },
	{ "family", 'f' },    { "oneline", 'O' }, { "version", 'V' },	{ "help", 'h' },
	{ "sctp", 'S' },      { "dccp", 'd' },	  { "bpf", 'b' },	{ "net", 'N' },
	{ NULL, 0 },
};

static int ss_usage(struct sh *sh, int c)
{
	if (c == 'V' || c == 'v') {
		sh_say(sh, "ss utility, iproute2-6.1.0\n");
		return 0;
	}
	static const char usage[] =
		"Usage: ss [ OPTIONS ]\n       ss [ OPTIONS ] [ FILTER ]\n"
		"   -t, --tcp  -u, --udp  -w, --raw  -0, --packet  -x, --unix  -A, --query=KIND[,KIND...]\n"
		"   -4, --ipv4  -6, --ipv6  -f, --family=FAMILY\n"
		"   -a, --all  -l, --listening  -n, --numeric  -r, --resolve  -H, --no-header  -O, "
		"--oneline\n"
		"   -e, --extended  -i, --info  -m, --memory  -o, --options  -p, --processes  -s, --summary\n"
		"   FILTER := [ state STATE ] [ exclude STATE ] [ EXPRESSION ]\n";
	if (c == 'h') {
		sh_say(sh, "%s", usage);
		return 0;
	}
	if (c)
		sh_bad_option(sh, c);
	return sh_fail(sh, 255, "%s", usage);
}

/* What the options say beyond struct ss. */
struct ss_words {
	bool all, listening, summary, query;
	bool other; /* -x, ...: kinds that there are none of */
	bool six;   /* a family that there is none of */
};

/* -A tcp,udp */
static int ss_query(struct ss *ss, struct ss_words *w)
{
	static const struct {
		const char *name;
		unsigned dbs;
	} kinds[] = { { "all", TCP_DB | UDP_DB | RAW_DB | PACKET_DB },
		      { "inet", TCP_DB | UDP_DB | RAW_DB },
		      { "tcp", TCP_DB },
		      { "udp", UDP_DB },
		      { "raw", RAW_DB },
		      { "packet", PACKET_DB },
		      { "unix", 0 },
		      { "netlink", 0 } };
	char *save = NULL, buf[128];
	snprintf(buf, sizeof(buf), "%s", ss->sh->arg);
	for (char *word = strtok_r(buf, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		unsigned i = 0;
		bool without = *word == '!';
		word += without;
		while (i < sizeof(kinds) / sizeof(kinds[0]) && strcmp(kinds[i].name, word) != 0)
			i++;
		if (i == sizeof(kinds) / sizeof(kinds[0])) {
			seq_printf(&ss->sh->err, "ss: \"%s\" is illegal socket table id\n", word);
			return ss_usage(ss->sh, 0);
		}
		ss->dbs = without ? ss->dbs & ~kinds[i].dbs : ss->dbs | kinds[i].dbs;
		w->other |= !kinds[i].dbs && !without;
	}
	w->query = true;
	return 0;
}

/* -f inet */
static int ss_family(struct ss *ss, struct ss_words *w)
{
	static const char *const families[] = { "inet", "link", "inet6", "unix", "netlink" };
	unsigned i = 0;
	while (i < 5 && strcmp(families[i], ss->sh->arg) != 0)
		i++;
	if (i == 5) {
		seq_printf(&ss->sh->err, "ss: \"%s\" is invalid family\n", ss->sh->arg);
		return ss_usage(ss->sh, 0);
	}
	ss->dbs |= i == 1 ? PACKET_DB : 0;
	w->six |= i > 1;
	return 0;
}

/* One letter; 0, or the status of a mistake, or -1: something was said and that is all. */
static int ss_option(struct ss *ss, struct ss_words *w, int c)
{
	static const char kinds[] = "tuw0"; /* TCP_DB, UDP_DB, RAW_DB, PACKET_DB */
	const char *kind = strchr(kinds, c);
	bool *const switches[128] = {
		['a'] = &w->all,      ['l'] = &w->listening, ['s'] = &w->summary,  ['x'] = &w->other,
		['6'] = &w->six,      ['n'] = &ss->numeric,  ['r'] = &ss->resolve, ['o'] = &ss->timers,
		['p'] = &ss->owners,  ['i'] = &ss->info,     ['m'] = &ss->memory,  ['H'] = &ss->no_header,
		['O'] = &ss->oneline, ['e'] = &ss->details
	};
	if (kind)
		ss->dbs |= 1u << (kind - kinds);
	else if (switches[c])
		*switches[c] = true;
	else if (c == 'A')
		return ss_query(ss, w);
	else if (c == 'f')
		return ss_family(ss, w);
	else if (c == 'S' || c == 'd')
		ss->dbs |= NONE_DB;
	else if (c == 'N')
		return sh_fail(ss->sh, 1, "Cannot open network namespace \"%s\": No such file or directory\n",
			       ss->sh->arg);
	else if (c != '4' && c != 'b')
		return c == 'V' || c == 'v' || c == 'h' ? (ss_usage(ss->sh, c), -1) : ss_usage(ss->sh, c);
	if (c == 'e')
		ss->timers = true;
	return 0;
}

/* `state NAME`, `exclude NAME`, and the expression behind them. 0, or the status of a mistake. */
static int ss_expression(struct ss *ss)
{
	struct sh *sh = ss->sh;
	bool said = false;
	while (sh->at < sh->n &&
	       (strcmp(sh->words[sh->at], "state") == 0 || strcmp(sh->words[sh->at], "exclude") == 0)) {
		bool exclude = sh->words[sh->at][0] == 'e';
		if (sh->at + 1 == sh->n)
			return sh_fail(sh, 255, "Command line is not complete. Try option \"help\"\n");
		unsigned states = state_filter(sh->words[sh->at + 1]);
		if (!states)
			return sh_fail(sh, 255, "ss: wrong state name: %s\n", sh->words[sh->at + 1]);
		if (!said)
			ss->states = exclude ? ALL_STATES : 0;
		ss->states = exclude ? ss->states & ~states : ss->states | states;
		said = true;
		sh->at += 2;
	}
	int err = ss_filter_parse(&ss->filter, sh, sh->words + sh->at, sh->n - sh->at);
	if (err == -EDESTADDRREQ)
		return 1;
	if (err) {
		seq_printf(&sh->err, "ss: bison bellows (while parsing filter): \"syntax error!\" Sorry.\n");
		return ss_usage(sh, 0);
	}
	return 0;
}

int sh_ss(struct sh *sh)
{
	struct ss ss = { .sh = sh };
	struct ss_words w = { 0 };
	int status = 0;
	sh->longs = longs;
	for (int c; !status && (c = sh_getopt(sh, "tuw0xSd46alnropeimHOsbVvhA:f:N:"));)
		status = ss_option(&ss, &w, c);
	if (status)
		return status < 0 ? 0 : status;
	if (w.query && !ss.dbs && !w.other)
		return sh_fail(sh, 0, "ss: no socket tables to show with such filter.\n");
	bool everything = !ss.dbs && !w.other;
	if (everything)
		ss.dbs = TCP_DB | UDP_DB | RAW_DB | PACKET_DB;
	ss.states = w.all || (w.summary && everything)			? ALL_STATES
		    : w.listening					? 1u << TCP_LISTEN | 1u << TCP_CLOSE
		    : ss.dbs & (TCP_DB | NONE_DB) || !ss.dbs || w.query ? CONN_STATES
		    : ss.dbs == PACKET_DB				? 1u << TCP_CLOSE
									: 1u << TCP_ESTABLISHED;
	if ((status = ss_expression(&ss)))
		return status;
	if (w.summary)
		say_summary(sh);
	if (!w.summary || !everything) {
		ss.other = w.other;
		if (!w.six)
			gather(&ss);
		say_table(&ss);
	}
	release(&ss);
	return 0;
}
