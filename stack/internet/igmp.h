/*
 * Multicast membership, by device (struct ip_mc_list, IGMP speaks of these) and by socket (struct
 * ip_mc_socklist).
 *
 * Who owns what: a device's groups hang off its in_device (mc_list, the newest in front), one entry for all
 * who joined, with the union of their source filters (`sources`; sources that went and are still to be
 * reported lie in `tomb`). A group that was left stays in in_device.mc_tomb until its leaving has been
 * reported often enough. A socket's groups hang off inet_sock.mc_list.
 *
 *	join -> ip_mc_join_group -> ____ip_mc_inc_group -> igmp_group_added -> igmp_ifc_event -> (timer)
 *	  igmp_ifc_timer_expire -> igmpv3_send_cr: robustness times
 *	query -> igmp_heard_query -> (timer) igmp_timer_expire | igmp_gq_timer_expire -> igmp_send_report
 */
#ifndef STACK_INTERNET_IGMP_H
#define STACK_INTERNET_IGMP_H

#include "stack/internet/ip.h"
#include "stack/kernel/timer.h"

/* ---- on the wire ---- */

struct igmphdr {
	u8 type, code;
	__sum16 csum;
	__be32 group;
};

#define IGMP_HOST_MEMBERSHIP_QUERY 0x11
#define IGMP_HOST_MEMBERSHIP_REPORT 0x12
#define IGMPV2_HOST_MEMBERSHIP_REPORT 0x16
#define IGMP_HOST_LEAVE_MESSAGE 0x17
#define IGMPV3_HOST_MEMBERSHIP_REPORT 0x22

struct igmpv3_query {
	u8 type, code;
	__sum16 csum;
	__be32 group;
	u8 qrv; /* low 3 bits; bit 3: suppress */
	u8 qqic;
	__be16 nsrcs;
	__be32 srcs[];
};

struct igmpv3_report {
	u8 type, resv1;
	__sum16 csum;
	__be16 resv2, ngrec;
};

struct igmpv3_grec {
	u8 grec_type, grec_auxwords;
	__be16 grec_nsrcs;
	__be32 grec_mca;
	__be32 grec_src[];
};

enum igmpv3_record {
	IGMPV3_MODE_IS_INCLUDE = 1,
	IGMPV3_MODE_IS_EXCLUDE,
	IGMPV3_CHANGE_TO_INCLUDE,
	IGMPV3_CHANGE_TO_EXCLUDE,
	IGMPV3_ALLOW_NEW_SOURCES,
	IGMPV3_BLOCK_OLD_SOURCES,
};

#define IGMP_ALL_HOSTS htonl(0xe0000001)
#define IGMP_ALL_ROUTER htonl(0xe0000002)
#define IGMPV3_ALL_MCR htonl(0xe0000016)

/* ---- groups of a device ---- */

#ifndef MCAST_EXCLUDE
#define MCAST_EXCLUDE 0
#define MCAST_INCLUDE 1
#endif

struct ip_sf_list {
	struct ip_sf_list *sf_next;
	unsigned int sf_count[2]; /* sockets that name it, by mode */
	__be32 sf_inaddr;
	u8 sf_gsresp;  /* a query asked for it */
	u8 sf_oldin;   /* was let through before the change at hand */
	u8 sf_crcount; /* reports of the change left to send */
};

struct ip_mc_list {
	struct ip_mc_list *next, *next_hash;
	struct in_device *interface;
	__be32 multiaddr;
	unsigned int sfmode; /* MCAST_* */
	struct ip_sf_list *sources, *tomb;
	unsigned int sfcount[2]; /* sockets, by mode */
	int users;
	int refcnt; /* the device's list and the timer hold it */
	struct timer_list timer;
	bool tm_running, reporter, loaded, gsquery;
	u8 unsolicit_count, crcount;
};

void ip_mc_init_dev(struct in_device *in_dev);
void ip_mc_destroy_dev(struct in_device *in_dev);
void ip_mc_up(struct in_device *in_dev);
void ip_mc_down(struct in_device *in_dev);
void ip_mc_inc_group(struct in_device *in_dev, __be32 addr);
void __ip_mc_dec_group(struct in_device *in_dev, __be32 addr);
/* -ENOMEM, or 0. */
int ____ip_mc_inc_group(struct in_device *in_dev, __be32 addr, unsigned int mode);
/* Is the device a member, and does it let this source (0: any) through? */
bool ip_check_mc_rcu(const struct in_device *in_dev, __be32 mc_addr, __be32 src_addr, u8 proto);
int igmp_rcv(struct sk_buff *skb);
int igmp_mc_init(struct host *host);

/* /proc/net/igmp and /proc/net/mcfilter, a line at a time: as many bytes as fit `size`; the length of all. */
int igmp_mc_seq_show(struct net *net, char *buf, int size);
int igmp_mcf_seq_show(struct net *net, char *buf, int size);

/* ---- groups of a socket: ip_mc_sock.c; with the rtnl ---- */

struct ip_sf_socklist {
	unsigned int sl_max, sl_count;
	__be32 sl_addr[];
};

struct ip_mc_socklist {
	struct ip_mc_socklist *next;
	struct ip_mreqn multi;
	unsigned int sfmode; /* MCAST_* */
	struct ip_sf_socklist *sflist;
};

int ip_mc_join_group(struct sock *sk, struct ip_mreqn *imr);
int ip_mc_join_group_ssm(struct sock *sk, struct ip_mreqn *imr, unsigned int mode);
int ip_mc_leave_group(struct sock *sk, struct ip_mreqn *imr);
int ip_mc_source(bool add, unsigned int omode, struct sock *sk, const struct ip_mreq_source *mreqs,
		 int ifindex);
int ip_mc_msfilter(struct sock *sk, const struct ip_msfilter *msf, int ifindex);
/* *numsrc: room for sources, then how many there are. */
int ip_mc_msfget(struct sock *sk, struct ip_msfilter *msf, __be32 *srcs);

/* ---- ip_mc_opt.c: the socket options ---- */
bool ip_is_mcast_option(int optname);
bool setsockopt_needs_rtnl(const struct sock *sk, int optname);
int ip_mc_setsockopt(struct sock *sk, int optname, const void *optval, unsigned int optlen);
int ip_mc_getsockopt(struct sock *sk, int optname, char *optval, int *optlen);

/* ---- between igmp*.c ---- */
static inline bool igmp_seen(const struct in_device *in_dev, u8 version)
{
	unsigned long seen = version == 1 ? in_dev->mr_v1_seen : in_dev->mr_v2_seen;

	return in_dev->all->force_igmp_version == version || in_dev->cnf.force_igmp_version == version ||
	       (seen && time_before(jiffies(in_dev->host), seen));
}
#define IGMP_V1_SEEN(in_dev) igmp_seen(in_dev, 1)
#define IGMP_V2_SEEN(in_dev) igmp_seen(in_dev, 2)

/* Groups that IGMP never speaks of. */
static inline bool igmp_unspoken(const struct in_device *in_dev, __be32 group)
{
	return group == IGMP_ALL_HOSTS || (ipv4_is_local_multicast(group) &&
					   !in_dev->host->net->ipv4.sysctl_igmp_link_local_mcast_reports);
}

static inline u8 igmp_robustness(const struct in_device *in_dev)
{
	return in_dev->mr_qrv ? in_dev->mr_qrv : in_dev->host->net->ipv4.sysctl_igmp_qrv;
}

struct ip_mc_list *igmp_find_group(const struct in_device *in_dev, __be32 addr);
void ip_sf_list_clear_all(struct host *host, struct ip_sf_list **list);
void kfree_pmc(struct ip_mc_list *pmc); /* of a group that was left */
void igmpv3_clear_delrec(struct in_device *in_dev);
void igmp_ifc_event(struct in_device *in_dev);
void igmp_mod_timer(struct ip_mc_list *im, int max_delay);
void igmp_stop_timer(struct ip_mc_list *im);
void igmp_gq_start_timer(struct in_device *in_dev);
void ip_rt_multicast_event(struct in_device *in_dev);
/* igmp_send.c */
int igmp_send_report(struct in_device *in_dev, struct ip_mc_list *pmc, int type);
int igmpv3_send_report(struct in_device *in_dev, struct ip_mc_list *pmc); /* NULL: of all groups */
void igmpv3_send_cr(struct in_device *in_dev);
/* igmp_source.c: what sockets want of a group, for the device; delta: the socket has named the mode before */
int ip_mc_add_src(struct in_device *in_dev, __be32 mca, unsigned int sfmode, unsigned int sfcount,
		  const __be32 *psfsrc, bool delta);
int ip_mc_del_src(struct in_device *in_dev, __be32 mca, unsigned int sfmode, unsigned int sfcount,
		  const __be32 *psfsrc, bool delta);
void ip_mc_clear_src(struct ip_mc_list *pmc);

#endif
