/* The fq qdisc: what `tc` sets and reads of it. */
#ifndef STACK_INTERFACE_SCH_FQ_H
#define STACK_INTERFACE_SCH_FQ_H

#include "stack/interface/sch_generic.h"

/* Start from fq_defaults; there, a field that is 0 gets what depends on the device. */
struct tc_fq_qopt {
	u32 plimit, flow_plimit;      /* packets of all flows, of one */
	u32 quantum, initial_quantum; /* bytes */
	u64 flow_max_rate;	      /* bytes per second */
	u64 ce_threshold;	      /* ns: who waited longer than it had to is marked */
	u32 orphan_mask;	      /* of the hash by which packets without a socket find their flow */
	bool no_pacing;
};

struct tc_fq_qd_stats {
	u32 flows, inactive_flows, throttled_flows;
	u64 gc_flows, highprio_packets, throttled, flows_plimit, horizon_drops, pkts_too_long, ce_mark;
};

extern const struct Qdisc_ops fq_qdisc_ops;
extern const struct tc_fq_qopt fq_defaults;
void fq_dump(struct Qdisc *sch, struct tc_fq_qopt *opt);
void fq_dump_stats(struct Qdisc *sch, struct tc_fq_qd_stats *st);

#endif
