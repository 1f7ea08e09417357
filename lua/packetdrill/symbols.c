/* Names of constants that scripts use. */
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "lua/packetdrill/code.h"

#define S(name)                                                                                              \
	{                                                                                                    \
#name, name                                                                                  \
	}

static const struct pd_symbol symbols[] = {
	/* socket() */
	S(AF_INET),
	S(AF_INET6),
	S(AF_UNSPEC),
	S(PF_INET),
	S(SOCK_STREAM),
	S(SOCK_DGRAM),
	S(SOCK_RAW),
	S(SOCK_NONBLOCK),
	S(SOCK_CLOEXEC),
	S(IPPROTO_IP),
	S(IPPROTO_TCP),
	S(IPPROTO_UDP),
	S(IPPROTO_ICMP),
	S(SOMAXCONN),
	S(SHUT_RD),
	S(SHUT_WR),
	S(SHUT_RDWR),
	/* levels */
	S(SOL_SOCKET),
	S(SOL_TCP),
	S(SOL_IP),
	{ "SOL_UDP", 17 },
	S(SOL_IPV6),
	/* SOL_SOCKET */
	S(SO_ACCEPTCONN),
	S(SO_BROADCAST),
	S(SO_BINDTODEVICE),
	S(SO_BUSY_POLL),
	S(SO_DEBUG),
	S(SO_DONTROUTE),
	S(SO_ERROR),
	S(SO_INCOMING_CPU),
	S(SO_KEEPALIVE),
	S(SO_LINGER),
	S(SO_MARK),
	S(SO_MAX_PACING_RATE),
	S(SO_MEMINFO),
	S(SO_OOBINLINE),
	S(SO_PRIORITY),
	S(SO_RCVBUF),
	S(SO_RCVBUFFORCE),
	S(SO_RCVLOWAT),
	S(SO_RCVTIMEO),
	S(SO_REUSEADDR),
	S(SO_REUSEPORT),
	S(SO_SNDBUF),
	S(SO_SNDBUFFORCE),
	S(SO_SNDLOWAT),
	S(SO_SNDTIMEO),
	S(SO_TIMESTAMP),
	S(SO_TIMESTAMPNS),
	S(SO_TIMESTAMPING),
	S(SO_TXTIME),
	S(SO_TYPE),
	S(SO_PROTOCOL),
	S(SO_ZEROCOPY),
	S(SCM_TIMESTAMPING),
	S(SCM_TIMESTAMPNS),
	/* SOL_IP */
	S(IP_BIND_ADDRESS_NO_PORT),
	S(IP_FREEBIND),
	S(IP_MTU),
	S(IP_MTU_DISCOVER),
	S(IP_OPTIONS),
	S(IP_PKTINFO),
	S(IP_RECVERR),
	S(IP_RECVTOS),
	S(IP_RECVTTL),
	S(IP_TOS),
	S(IP_TRANSPARENT),
	S(IP_TTL),
	S(IP_MINTTL),
	S(IP_PMTUDISC_DONT),
	S(IP_PMTUDISC_WANT),
	S(IP_PMTUDISC_DO),
	S(IP_PMTUDISC_PROBE),
	S(IP_PMTUDISC_INTERFACE),
	S(IP_PMTUDISC_OMIT),
	S(IPV6_RECVERR),
	S(IPV6_V6ONLY),
	/* SOL_TCP */
	S(TCP_NODELAY),
	S(TCP_MAXSEG),
	S(TCP_CORK),
	S(TCP_KEEPIDLE),
	S(TCP_KEEPINTVL),
	S(TCP_KEEPCNT),
	S(TCP_SYNCNT),
	S(TCP_LINGER2),
	S(TCP_DEFER_ACCEPT),
	S(TCP_WINDOW_CLAMP),
	S(TCP_INFO),
	S(TCP_QUICKACK),
	S(TCP_CONGESTION),
	S(TCP_MD5SIG),
	S(TCP_MD5SIG_EXT),
	S(TCP_MD5SIG_FLAG_PREFIX),
	S(TCP_THIN_LINEAR_TIMEOUTS),
	S(TCP_THIN_DUPACK),
	S(TCP_USER_TIMEOUT),
	S(TCP_REPAIR),
	S(TCP_FASTOPEN),
	S(TCP_TIMESTAMP),
	S(TCP_NOTSENT_LOWAT),
	S(TCP_CC_INFO),
	S(TCP_SAVE_SYN),
	S(TCP_SAVED_SYN),
	S(TCP_FASTOPEN_CONNECT),
	S(TCP_FASTOPEN_KEY),
	S(TCP_FASTOPEN_NO_COOKIE),
	S(TCP_ZEROCOPY_RECEIVE),
	S(TCP_INQ),
	S(TCP_CM_INQ),
	S(TCP_TX_DELAY),
	/* MSG_ */
	S(MSG_OOB),
	S(MSG_PEEK),
	S(MSG_DONTROUTE),
	S(MSG_CTRUNC),
	S(MSG_TRUNC),
	S(MSG_DONTWAIT),
	S(MSG_EOR),
	S(MSG_WAITALL),
	S(MSG_CONFIRM),
	S(MSG_ERRQUEUE),
	S(MSG_NOSIGNAL),
	S(MSG_MORE),
	S(MSG_ZEROCOPY),
	S(MSG_FASTOPEN),
	{ "MSG_FIN", 0x200 },
	{ "MSG_SYN", 0x400 },
	{ "MSG_RST", 0x1000 },
	/* files */
	S(O_RDONLY),
	S(O_WRONLY),
	S(O_RDWR),
	S(O_NONBLOCK),
	S(O_CREAT),
	S(O_TRUNC),
	S(O_APPEND),
	S(O_CLOEXEC),
	S(F_GETFL),
	S(F_SETFL),
	S(F_GETFD),
	S(F_SETFD),
	S(F_DUPFD),
	S(FD_CLOEXEC),
	S(SIOCINQ),
	S(SIOCOUTQ),
	S(SIOCOUTQNSD),
	S(SIOCATMARK),
	S(FIONREAD),
	S(FIONBIO),
	{ "NULL", 0 },
	{ "SPLICE_F_MOVE", 1 },
	{ "SPLICE_F_NONBLOCK", 2 },
	{ "SPLICE_F_MORE", 4 },
	/* poll, epoll */
	S(POLLIN),
	S(POLLPRI),
	S(POLLOUT),
	S(POLLRDNORM),
	S(POLLRDBAND),
	S(POLLWRNORM),
	S(POLLWRBAND),
	S(POLLERR),
	S(POLLHUP),
	S(POLLNVAL),
	S(POLLRDHUP),
	S(EPOLLIN),
	S(EPOLLPRI),
	S(EPOLLOUT),
	S(EPOLLRDNORM),
	S(EPOLLRDBAND),
	S(EPOLLWRNORM),
	S(EPOLLWRBAND),
	S(EPOLLERR),
	S(EPOLLHUP),
	S(EPOLLRDHUP),
	{ "EPOLLET", 1u << 31 },
	S(EPOLLONESHOT),
	S(EPOLLEXCLUSIVE),
	S(EPOLLWAKEUP),
	S(EPOLL_CTL_ADD),
	S(EPOLL_CTL_DEL),
	S(EPOLL_CTL_MOD),
	/* errors and time stamps by message */
	S(SO_EE_ORIGIN_NONE),
	S(SO_EE_ORIGIN_LOCAL),
	S(SO_EE_ORIGIN_ICMP),
	S(SO_EE_ORIGIN_ICMP6),
	S(SO_EE_ORIGIN_TIMESTAMPING),
	S(SO_EE_ORIGIN_ZEROCOPY),
	S(SO_EE_CODE_ZEROCOPY_COPIED),
	S(SCM_TSTAMP_SND),
	S(SCM_TSTAMP_SCHED),
	S(SCM_TSTAMP_ACK),
	S(SOF_TIMESTAMPING_TX_HARDWARE),
	S(SOF_TIMESTAMPING_TX_SOFTWARE),
	S(SOF_TIMESTAMPING_RX_HARDWARE),
	S(SOF_TIMESTAMPING_RX_SOFTWARE),
	S(SOF_TIMESTAMPING_SOFTWARE),
	S(SOF_TIMESTAMPING_SYS_HARDWARE),
	S(SOF_TIMESTAMPING_RAW_HARDWARE),
	S(SOF_TIMESTAMPING_OPT_ID),
	S(SOF_TIMESTAMPING_TX_SCHED),
	S(SOF_TIMESTAMPING_TX_ACK),
	S(SOF_TIMESTAMPING_OPT_CMSG),
	S(SOF_TIMESTAMPING_OPT_TSONLY),
	S(SOF_TIMESTAMPING_OPT_STATS),
	/* errors */
	{ "EPERM", 1 },
	{ "ENOENT", 2 },
	{ "EINTR", 4 },
	{ "EIO", 5 },
	{ "EBADF", 9 },
	{ "EAGAIN", 11 },
	{ "ENOMEM", 12 },
	{ "EACCES", 13 },
	{ "EFAULT", 14 },
	{ "EINVAL", 22 },
	{ "EPIPE", 32 },
	{ "ENOTSOCK", 88 },
	{ "EMSGSIZE", 90 },
	{ "ENOPROTOOPT", 92 },
	{ "EPROTONOSUPPORT", 93 },
	{ "EOPNOTSUPP", 95 },
	{ "EAFNOSUPPORT", 97 },
	{ "EADDRINUSE", 98 },
	{ "EADDRNOTAVAIL", 99 },
	{ "ENETDOWN", 100 },
	{ "ENETUNREACH", 101 },
	{ "ECONNABORTED", 103 },
	{ "ECONNRESET", 104 },
	{ "ENOBUFS", 105 },
	{ "EISCONN", 106 },
	{ "ENOTCONN", 107 },
	{ "ETIMEDOUT", 110 },
	{ "ECONNREFUSED", 111 },
	{ "EHOSTUNREACH", 113 },
	{ "EALREADY", 114 },
	{ "EINPROGRESS", 115 },
	/* struct tcp_info */
	{ "TCPI_OPT_TIMESTAMPS", 1 },
	{ "TCPI_OPT_SACK", 2 },
	{ "TCPI_OPT_WSCALE", 4 },
	{ "TCPI_OPT_ECN", 8 },
	{ "TCPI_OPT_ECN_SEEN", 16 },
	{ "TCPI_OPT_SYN_DATA", 32 },
	{ "TCP_CA_Open", 0 },
	{ "TCP_CA_Disorder", 1 },
	{ "TCP_CA_CWR", 2 },
	{ "TCP_CA_Recovery", 3 },
	{ "TCP_CA_Loss", 4 },
	{ "TCP_ESTABLISHED", 1 },
	{ "TCP_SYN_SENT", 2 },
	{ "TCP_SYN_RECV", 3 },
	{ "TCP_FIN_WAIT1", 4 },
	{ "TCP_FIN_WAIT2", 5 },
	{ "TCP_TIME_WAIT", 6 },
	{ "TCP_CLOSE", 7 },
	{ "TCP_CLOSE_WAIT", 8 },
	{ "TCP_LAST_ACK", 9 },
	{ "TCP_LISTEN", 10 },
	{ "TCP_CLOSING", 11 },
	{ "TCP_NEW_SYN_RECV", 12 },
};
#define NR_SYMBOLS (sizeof(symbols) / sizeof(symbols[0]))

static bool symbol(const char *name, int64_t *value)
{
	for (unsigned i = 0; i < NR_SYMBOLS; i++)
		if (strcmp(symbols[i].name, name) == 0) {
			*value = symbols[i].value;
			return true;
		}
	return false;
}

/* A name that --define gave stands for another name or a number. */
bool pd_symbol(const struct pd_run *run, const char *name, int64_t *value)
{
	char *end;
	for (const struct pd_define *d = run->config.defines; d; d = d->next)
		if (strcmp(d->name, name) == 0) {
			*value = strtoll(d->value, &end, 0);
			return (*d->value && !*end) || symbol(d->value, value);
		}
	return symbol(name, value);
}

void pd_each_symbol(lua_State *L, void (*set)(lua_State *L, const char *name, lua_Integer value))
{
	for (unsigned i = 0; i < NR_SYMBOLS; i++)
		set(L, symbols[i].name, symbols[i].value);
}
