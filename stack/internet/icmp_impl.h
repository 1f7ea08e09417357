/* What the two halves of ICMP share: icmp_send.c and icmp.c. Private to stack/internet. */
#ifndef STACK_INTERNET_ICMP_IMPL_H
#define STACK_INTERNET_ICMP_IMPL_H

#include "stack/internet/icmp.h"

/* A message to send: its header, then a piece of the packet that it is about. */
struct icmp_bxm {
	struct sk_buff *skb;
	int offset;   /* in skb, from data */
	int data_len; /* of the piece */
	struct {
		struct icmphdr icmph;
		__be32 times[3];
	} data;
	int head_len; /* of data */
	struct ip_options_data replyopts;
};

/* A message that tells of an error with somebody's packet (or a type nobody knows, which may be one): never
 * answered with an error. */
static inline bool icmp_type_is_error(u8 type)
{
	const u32 error_types = 1u << 1 | 1u << 2 | 1u << ICMP_DEST_UNREACH | 1u << ICMP_SOURCE_QUENCH |
				1u << ICMP_REDIRECT | 1u << 6 | 1u << 7 | 1u << 9 | 1u << 10 |
				1u << ICMP_TIME_EXCEEDED | 1u << ICMP_PARAMETERPROB;

	return type > NR_ICMP_TYPES || (error_types >> type & 1);
}

/* icmp_send.c */
void icmp_reply(struct icmp_bxm *icmp_param, struct sk_buff *skb);

#endif
