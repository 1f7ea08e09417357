/*
 * TCP Fast Open (RFC 7413), for sockets that did not ask for it: these are all, since neither TCP_FASTOPEN
 * nor MSG_FASTOPEN is accepted. What is here is what the rest of TCP asks on its way.
 */
#include "stack/transport/tcp_output.h"

bool tcp_fastopen_defer_connect(struct sock *sk, int *err)
{
	TRACE_SK(sk, "shall connect() wait for data to send with the SYN?");

	(void)err;
	return tcp_sk(sk)->fastopen_connect && !tcp_sk(sk)->fastopen_req;
}

struct sock *tcp_try_fastopen(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
			      struct tcp_fastopen_cookie *foc, const struct dst_entry *dst)
{
	TRACE_SK(sk, "may the data of the SYN be taken at once?");

	(void)skb, (void)req, (void)foc, (void)dst;
	return NULL;
}

void tcp_fastopen_active_disable_ofo_check(struct sock *sk)
{
	TRACE_SK(sk, "did somebody on the path break Fast Open?");

	/* only of interest after a SYN with data: tp->syn_fastopen */
}

void tcp_fastopen_active_detect_blackhole(struct sock *sk, bool expired)
{
	TRACE_SK(sk, "does somebody on the path swallow Fast Open's packets?");

	(void)expired;
}

void tcp_fastopen_destroy_cipher(struct sock *sk)
{
	TRACE_SK(sk, "forget the key of a listener's cookies");
}
