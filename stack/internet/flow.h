/* Keys of a route look-up: what the packet to route looks like. */
#ifndef STACK_INTERNET_FLOW_H
#define STACK_INTERNET_FLOW_H

#include "stack/kernel/kernel.h"

#define FLOWI_FLAG_ANYSRC 0x01
#define FLOWI_FLAG_KNOWN_NH 0x02
#define LOOPBACK_IFINDEX 1 /* flowi4_iif of locally made packets */

struct flowi4 {
	int flowi4_oif;
	int flowi4_iif;
	u32 flowi4_mark;
	u8 flowi4_tos;
	u8 flowi4_scope;
	u8 flowi4_proto;
	u8 flowi4_flags;
	__be32 saddr;
	__be32 daddr;
	union {
		struct {
			__be16 fl4_dport;
			__be16 fl4_sport;
		};
		struct {
			u8 fl4_icmp_type;
			u8 fl4_icmp_code;
		};
	};
	u32 flowi4_multipath_hash;
};

struct flowi {
	union {
		struct flowi4 ip4;
	} u;
};

static inline struct flowi *flowi4_to_flowi(struct flowi4 *fl4)
{
	return (struct flowi *)fl4;
}

static inline void flowi4_init_output(struct flowi4 *fl4, int oif, u32 mark, u8 tos, u8 scope, u8 proto,
				      u8 flags, __be32 daddr, __be32 saddr, __be16 dport, __be16 sport)
{
	fl4->flowi4_oif = oif;
	fl4->flowi4_iif = LOOPBACK_IFINDEX;
	fl4->flowi4_mark = mark;
	fl4->flowi4_tos = tos;
	fl4->flowi4_scope = scope;
	fl4->flowi4_proto = proto;
	fl4->flowi4_flags = flags;
	fl4->daddr = daddr;
	fl4->saddr = saddr;
	fl4->fl4_dport = dport;
	fl4->fl4_sport = sport;
	fl4->flowi4_multipath_hash = 0;
}

/* Resets the fields that a first look-up filled in, before looking up again. */
static inline void flowi4_update_output(struct flowi4 *fl4, int oif, u8 tos, __be32 daddr, __be32 saddr)
{
	fl4->flowi4_oif = oif;
	fl4->flowi4_tos = tos;
	fl4->daddr = daddr;
	fl4->saddr = saddr;
}

#endif
