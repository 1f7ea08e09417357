/* Files and sockets in a snapshot: what each task has open, the socks with their queues, the tables that find
 * them. */
#include <string.h>

#include "lua/snapshot/write.h"
#include "stack/application/socket.h"
#include "stack/internet/ping.h"
#include "stack/internet/raw.h"
#include "stack/internet/route.h"
#include "stack/packet/af_packet.h"
#include "stack/transport/inet_connection_sock.h"
#include "stack/transport/inet_timewait_sock.h"
#include "stack/transport/tcp.h"
#include "stack/transport/udp.h"

uint32_t snap_sock_id(struct snap *s, const struct sock *sk)
{
	return snap_id(s, SNAP_SOCK, sk, NULL);
}

/* ---- names ---- */

static const char *state_name(unsigned state)
{
	static const char *const names[TCP_MAX_STATES] = {
		"",
		"TCP_ESTABLISHED",
		"TCP_SYN_SENT",
		"TCP_SYN_RECV",
		"TCP_FIN_WAIT1",
		"TCP_FIN_WAIT2",
		"TCP_TIME_WAIT",
		"TCP_CLOSE",
		"TCP_CLOSE_WAIT",
		"TCP_LAST_ACK",
		"TCP_LISTEN",
		"TCP_CLOSING",
		"TCP_NEW_SYN_RECV",
	};

	return state < TCP_MAX_STATES ? names[state] : "";
}

static const char *socket_state_name(socket_state state)
{
	static const char *const names[] = { "SS_FREE", "SS_UNCONNECTED", "SS_CONNECTING", "SS_CONNECTED",
					     "SS_DISCONNECTING" };

	return names[state];
}

static const char *type_name(int type)
{
	return type == SOCK_STREAM  ? "SOCK_STREAM"
	       : type == SOCK_DGRAM ? "SOCK_DGRAM"
	       : type == SOCK_RAW   ? "SOCK_RAW"
				    : "SOCK_PACKET";
}

static const char *ops_name(const struct proto_ops *ops)
{
	return !ops			  ? ""
	       : ops == &inet_stream_ops  ? "inet_stream_ops"
	       : ops == &inet_dgram_ops	  ? "inet_dgram_ops"
	       : ops == &inet_sockraw_ops ? "inet_sockraw_ops"
	       : ops->family == AF_PACKET ? "packet_ops"
					  : "netlink_ops";
}

/* The variable that holds the protocol: "tcp_prot" of "TCP". */
static void write_prot(FILE *f, const struct proto *prot)
{
	char name[32];
	unsigned n = 0;

	for (; prot->name[n] && n < sizeof(name) - 1; n++)
		name[n] = (char)(prot->name[n] | 0x20);
	name[n] = '\0';
	fprintf(f, ",\"prot\":\"%s_%s\"", name,
		strcmp(name, "packet") == 0 || strcmp(name, "netlink") == 0 ? "proto" : "prot");
}

/* ---- socks ---- */

/* What socks of all three kinds have. */
static void write_common(struct snap *s, uint32_t id, const char *kind, const struct sock_common *c)
{
	FILE *f = s->file;

	snap_begin(f, "sock");
	snap_number(f, "id", id);
	snap_text(f, "kind", kind);
	snap_number(f, "trace_id", c->trace_id);
	snap_text(f, "family",
		  c->skc_family == AF_PACKET ? "AF_PACKET"
		  : c->skc_family == AF_INET ? "AF_INET"
					     : "AF_NETLINK");
	snap_text(f, "state", state_name(c->skc_state));
	snap_number(f, "refcnt", c->skc_refcnt);
	if (c->skc_family == AF_INET) {
		snap_ip_port(f, "local", c->skc_rcv_saddr, c->skc_num);
		snap_ip_port(f, "remote", c->skc_daddr, be16toh(c->skc_dport));
	}
}

static void write_sock(struct snap *s, const struct sock *sk)
{
	FILE *f = s->file;
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct dst_entry *dst = sk->sk_dst_cache;
	bool tcp = sk->sk_prot == &tcp_prot;
	uint32_t id = snap_sock_id(s, sk);

	write_common(s, id, "sock", &sk->__sk_common);
	write_prot(f, sk->sk_prot);
	snap_number(f, "kernel", sk->sk_kern_sock);
	snap_number(f, "socket", snap_id(s, SNAP_SOCKET, sk->sk_socket, NULL));
	snap_number(f, "owned", sk->sk_lock.owned);
	snap_number(f, "dead", sock_flag(sk, SOCK_DEAD));
	snap_number(f, "err", sk->sk_err);
	snap_number(f, "shutdown", sk->sk_shutdown);
	snap_number(f, "rmem_alloc", sk->sk_rmem_alloc);
	snap_number(f, "rcvbuf", sk->sk_rcvbuf);
	snap_number(f, "wmem_queued", sk->sk_wmem_queued);
	snap_number(f, "wmem_alloc", sk->sk_wmem_alloc);
	snap_number(f, "sndbuf", sk->sk_sndbuf);
	snap_number(f, "forward_alloc", sk->sk_forward_alloc);
	snap_text(f, "dst_dev", dst ? dst->dev->name : "");
	if (sk->sk_state == TCP_LISTEN) {
		snap_number(f, "ack_backlog", sk->sk_ack_backlog);
		snap_number(f, "max_ack_backlog", sk->sk_max_ack_backlog);
	}
	snap_number(f, "bound", tcp && icsk->icsk_bind_hash ? icsk->icsk_bind_hash->port : 0);
	snap_end(f);
}

/* A red-black tree of packets in order. */
static void write_tree(struct snap *s, const struct rb_root *tree, struct snap_place at)
{
	for (const struct sk_buff *skb = skb_rb_first(tree); skb; skb = skb_rb_next(skb)) {
		snap_skb(s, skb, &at);
		at.place++;
	}
}

static void write_queues(struct snap *s, const struct sock *sk)
{
	struct snap_place at = { .sock = snap_sock_id(s, sk) };

	at.tcp = sk->sk_prot == &tcp_prot;
	if (at.tcp) {
		at.in = "tcp_rtx_queue";
		write_tree(s, &sk->tcp_rtx_queue, at);
	}
	at.in = "sk_write_queue";
	snap_skb_queue(s, &sk->sk_write_queue, at);
	at.in = "sk_receive_queue";
	snap_skb_queue(s, &sk->sk_receive_queue, at);
	if (at.tcp) {
		at.in = "out_of_order_queue";
		write_tree(s, &((const struct tcp_sock *)sk)->out_of_order_queue, at);
	} else if (sk->sk_prot == &udp_prot) {
		at.in = "reader_queue";
		snap_skb_queue(s, &udp_sk(sk)->reader_queue, at);
	}
	at.tcp = false;
	at.in = "sk_error_queue";
	snap_skb_queue(s, &sk->sk_error_queue, at);
	at.in = "sk_backlog";
	for (const struct sk_buff *skb = sk->sk_backlog.head; skb; skb = skb->next) {
		snap_skb(s, skb, &at);
		at.place++;
	}
}

/* Connections that wait for accept(). */
static void write_waiting(struct snap *s, const struct sock *sk)
{
	uint32_t place = 0;

	if (sk->sk_prot != &tcp_prot || sk->sk_state != TCP_LISTEN)
		return;
	for (const struct request_sock *req = inet_csk(sk)->icsk_accept_queue.rskq_accept_head; req;
	     req = req->dl_next) {
		snap_begin(s->file, "waiting");
		snap_number(s->file, "listener", snap_sock_id(s, sk));
		snap_number(s->file, "place", place++);
		snap_number(s->file, "sock", snap_sock_id(s, req->sk));
		snap_end(s->file);
	}
}

/* ---- tables ---- */

static void write_table(struct snap *s, const char *name, uint32_t buckets)
{
	snap_begin(s->file, "table");
	snap_text(s->file, "name", name);
	snap_number(s->file, "buckets", buckets);
	snap_end(s->file);
}

static void write_hashed(struct snap *s, const char *table, uint32_t bucket, uint32_t sock)
{
	snap_begin(s->file, "hashed");
	snap_text(s->file, "table", table);
	snap_number(s->file, "bucket", bucket);
	snap_number(s->file, "sock", sock);
	snap_end(s->file);
}

/* What is in ehash and no full sock: half-open connections, and those in TIME_WAIT. */
static void write_small_sock(struct snap *s, struct sock *sk)
{
	bool is_new, request = sk->sk_state == TCP_NEW_SYN_RECV;
	uint32_t id = snap_id(s, SNAP_SOCK, sk, &is_new);

	if (!is_new || sk_fullsock(sk))
		return;
	write_common(s, id, request ? "request_sock" : "timewait_sock", &sk->__sk_common);
	if (request)
		snap_number(s->file, "listener", snap_sock_id(s, inet_reqsk(sk)->rsk_listener));
	snap_end(s->file);
}

/* A table of socks by sk_node. */
static void write_sock_table(struct snap *s, const char *name, const struct hlist_head *chains,
			     uint32_t buckets)
{
	struct sock *sk;

	write_table(s, name, buckets);
	for (uint32_t i = 0; i < buckets; i++)
		hlist_for_each_entry (sk, &chains[i], sk_node) {
			write_small_sock(s, sk);
			write_hashed(s, name, i, snap_sock_id(s, sk));
		}
}

static void write_ports(struct snap *s, const struct inet_table *t)
{
	const struct inet_bind_bucket *tb;
	const struct sock *sk;

	write_table(s, "bhash", t->mask + 1);
	for (uint32_t i = 0; i <= t->mask; i++)
		hlist_for_each_entry (tb, &t->chains[i], node) {
			snap_begin(s->file, "port");
			snap_number(s->file, "bucket", i);
			snap_number(s->file, "port", tb->port);
			snap_number(s->file, "fastreuse", tb->fastreuse);
			snap_number(s->file, "fastreuseport", tb->fastreuseport);
			snap_end(s->file);
			hlist_for_each_entry (sk, &tb->owners, sk_bind_node) {
				snap_begin(s->file, "owner");
				snap_number(s->file, "port", tb->port);
				snap_number(s->file, "sock", snap_sock_id(s, sk));
				snap_end(s->file);
			}
		}
}

void snap_socks(struct snap *s)
{
	const struct net *net = s->host->net;
	const struct inet_hashinfo *h;
	const struct sock *sk;

	if (!net || !net->tcp || !net->udp || !net->tcp->hashinfo.lhash2.chains) /* the host is booting */
		return;
	h = &net->tcp->hashinfo;
	list_for_each_entry (sk, &net->files->socks, sk_hostlist)
		snap_sock_id(s, sk);
	list_for_each_entry (sk, &net->files->socks, sk_hostlist)
		if (sk->sk_prot) /* else it is being made */
			write_sock(s, sk);
	/* ehash first: owners of a port may be in TIME_WAIT, and are known by it */
	write_sock_table(s, "ehash", h->ehash.chains, h->ehash.mask + 1);
	write_sock_table(s, "lhash2", h->lhash2.chains, h->lhash2.mask + 1);
	write_ports(s, &h->bhash);
	if (net->udp->table.hash)
		write_sock_table(s, "udp_table", net->udp->table.hash, net->udp->table.mask + 1);
	if (net->raw)
		write_sock_table(s, "raw_v4_hashinfo", net->raw->ht, RAW_HTABLE_SIZE);
	if (net->ping)
		write_sock_table(s, "ping_table", net->ping->hash, PING_HTABLE_SIZE);
	if (net->packet)
		write_sock_table(s, "packet.sklist", &net->packet->sklist, 1);
	list_for_each_entry (sk, &net->files->socks, sk_hostlist) {
		write_queues(s, sk);
		write_waiting(s, sk);
	}
}

/* ---- files ---- */

static void write_socket(struct snap *s, const struct socket *sock)
{
	bool is_new;
	uint32_t id = snap_id(s, SNAP_SOCKET, sock, &is_new);
	FILE *f = s->file;

	snap_begin(f, "socket");
	snap_number(f, "id", id);
	snap_text(f, "type", type_name(sock->type));
	snap_text(f, "state", socket_state_name(sock->state));
	snap_text(f, "ops", ops_name(sock->ops));
	snap_number(f, "sock", snap_sock_id(s, sock->sk));
	snap_end(f);
}

static uint32_t write_file(struct snap *s, const struct file *file)
{
	bool is_new, is_socket = strcmp(file->f_op->name, "socket") == 0;
	uint32_t id = snap_id(s, SNAP_FILE, file, &is_new);
	const struct socket *sock = is_socket ? file->private_data : NULL;
	FILE *f = s->file;

	if (!is_new)
		return id;
	if (sock)
		write_socket(s, sock);
	snap_begin(f, "file");
	snap_number(f, "id", id);
	snap_text(f, "f_op", is_socket ? "socket_file_ops" : file->f_op->name);
	snap_number(f, "f_count", file->f_count);
	snap_number(f, "f_flags", file->f_flags);
	snap_number(f, "socket", snap_id(s, SNAP_SOCKET, sock, NULL));
	snap_end(f);
	return id;
}

void snap_files(struct snap *s)
{
	for (const struct task *t = s->host->cpu.tasks; t; t = t->next) {
		const struct task_struct *tsk = t->priv;
		const struct files_struct *files = tsk ? tsk->files : NULL;

		if (!files)
			continue;
		snap_begin(s->file, "task");
		snap_number(s->file, "pid", t->pid);
		snap_text(s->file, "name", tsk->comm);
		snap_number(s->file, "current", s->host->cpu.current == t);
		snap_end(s->file);
		for (int fd = 0; fd < files->max_fds; fd++) {
			if (!files->fd[fd].file)
				continue;
			uint32_t file = write_file(s, files->fd[fd].file);
			snap_begin(s->file, "fd");
			snap_number(s->file, "pid", t->pid);
			snap_number(s->file, "fd", fd);
			snap_number(s->file, "file", file);
			snap_end(s->file);
		}
	}
}
