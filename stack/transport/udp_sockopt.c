/*
 * Options of UDP sockets at level SOL_UDP; those of the IP layer are passed on. Not there: UDP_ENCAP.
 */
#include <limits.h>

#include "stack/transport/udp.h"

static void udp_encap_enable(struct sock *sk)
{
	TRACE_SK(sk, "from now on a received datagram may be for a socket that wants more than the datagram");
	udp_host(sock_net(sk))->encap_needed = true;
}

static int udp_lib_setsockopt(struct sock *sk, int optname, sockptr_t optval, unsigned int optlen)
{
	TRACE_SK_IN(sk, IN_TASK, "set a udp option");
	struct udp_sock *up = udp_sk(sk);
	int val;

	if (optlen < sizeof(int))
		return -EINVAL;
	if (copy_from_sockptr(&val, optval, sizeof(val)))
		return -EFAULT;
	switch (optname) {
	case UDP_CORK:
		up->corkflag = val != 0;
		if (!val) {
			lock_sock(sk);
			udp_push_pending_frames(sk);
			release_sock(sk);
		}
		return 0;
	case UDP_ENCAP:
		return val ? -ENOPROTOOPT : 0;
	case UDP_NO_CHECK6_TX:
		up->no_check6_tx = val != 0;
		return 0;
	case UDP_NO_CHECK6_RX:
		up->no_check6_rx = val != 0;
		return 0;
	case UDP_SEGMENT:
		if (val < 0 || val > USHRT_MAX)
			return -EINVAL;
		up->gso_size = (u16)val;
		return 0;
	case UDP_GRO: /* datagrams that come at once are read at once */
		if (val && !up->gro_enabled)
			udp_encap_enable(sk);
		up->gro_enabled = val != 0;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

int udp_setsockopt(struct sock *sk, int level, int optname, sockptr_t optval, unsigned int optlen)
{
	TRACE_SK_IN(sk, IN_TASK, "set an option of the socket or of the layer below");

	if (level == SOL_UDP || level == SOL_UDPLITE)
		return udp_lib_setsockopt(sk, optname, optval, optlen);
	return ip_setsockopt(sk, level, optname, optval, optlen);
}

static int udp_lib_getsockopt(struct sock *sk, int optname, char *optval, int *optlen)
{
	TRACE_SK_IN(sk, IN_TASK, "read a udp option");
	const struct udp_sock *up = udp_sk(sk);
	int val;

	if (*optlen < 0)
		return -EINVAL;
	switch (optname) {
	case UDP_CORK:
		val = up->corkflag;
		break;
	case UDP_ENCAP:
		val = 0;
		break;
	case UDP_NO_CHECK6_TX:
		val = up->no_check6_tx;
		break;
	case UDP_NO_CHECK6_RX:
		val = up->no_check6_rx;
		break;
	case UDP_SEGMENT:
		val = up->gso_size;
		break;
	case UDP_GRO:
		val = up->gro_enabled;
		break;
	case UDPLITE_SEND_CSCOV: /* the whole datagram is summed */
	case UDPLITE_RECV_CSCOV:
		val = 0;
		break;
	default:
		return -ENOPROTOOPT;
	}
	if (!optval)
		return -EFAULT;
	*optlen = min(*optlen, (int)sizeof(int));
	memcpy(optval, &val, (size_t)*optlen);
	return 0;
}

int udp_getsockopt(struct sock *sk, int level, int optname, char *optval, int *optlen)
{
	TRACE_SK_IN(sk, IN_TASK, "read an option of the socket or of the layer below");

	if (level == SOL_UDP || level == SOL_UDPLITE)
		return udp_lib_getsockopt(sk, optname, optval, optlen);
	return ip_getsockopt(sk, level, optname, optval, optlen);
}
