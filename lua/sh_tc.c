/*
 * tc, as far as the root queueing discipline of a device goes:
 *
 *	tc qdisc add|replace|del dev DEV root [handle H:] [KIND [OPTIONS]]
 *	tc [-s] qdisc [show [dev DEV]]
 *
 * Kinds: fq [limit N] [flow_limit N] [quantum N] [initial_quantum N] [maxrate RATE] [orphan_mask N]
 * [ce_threshold TIME] [pacing|nopacing],
 * pfifo|pfifo_head_drop [limit PACKETS], bfifo [limit BYTES], pfifo_fast, noqueue.
 */
#include <stdlib.h>
#include <string.h>

#include "lua/sh.h"
#include "stack/interface/netdevice.h"
#include "stack/interface/sch_fq.h"

static const struct Qdisc_ops *const kinds[] = { &fq_qdisc_ops,	     &pfifo_fast_ops,
						 &noqueue_qdisc_ops, &pfifo_qdisc_ops,
						 &bfifo_qdisc_ops,   &pfifo_head_drop_qdisc_ops };

static bool is_fifo(const struct Qdisc_ops *ops)
{
	return ops == &pfifo_qdisc_ops || ops == &bfifo_qdisc_ops || ops == &pfifo_head_drop_qdisc_ops;
}

static const struct Qdisc_ops *find_kind(const char *name)
{
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i]->id, name) == 0)
			return kinds[i];
	return NULL;
}

/* "10mbit", "500kbit", "8000bit", "1gbit", or bytes per second as "1mbps"; false: it is none. */
static bool rate_of(const char *word, uint64_t *bytes)
{
	static const struct {
		const char *unit;
		uint64_t bits;
	} units[] = { { "", 1 },	   { "bit", 1 },	   { "kbit", 1000 },
		      { "mbit", 1000000 }, { "gbit", 1000000000 }, { "bps", 8 },
		      { "kbps", 8000 },	   { "mbps", 8000000 } };
	char *end;
	uint64_t n = strtoull(word, &end, 10);
	for (unsigned i = 0; end != word && i < sizeof(units) / sizeof(units[0]); i++)
		if (strcasecmp(end, units[i].unit) == 0) {
			*bytes = n * units[i].bits / 8;
			return true;
		}
	return false;
}

/* "10k", "1mb", "1500b", "1500": bytes (k is 1024); false: it is none. */
static bool size_of(const char *word, uint32_t *bytes)
{
	static const struct {
		const char *unit;
		uint64_t bytes;
	} units[] = { { "", 1 },	{ "b", 1 },	   { "k", 1 << 10 }, { "kb", 1 << 10 },
		      { "m", 1 << 20 }, { "mb", 1 << 20 }, { "g", 1 << 30 }, { "gb", 1 << 30 } };
	char *end;
	uint64_t n = strtoull(word, &end, 10);
	for (unsigned i = 0; *word >= '0' && *word <= '9' && i < sizeof(units) / sizeof(units[0]); i++)
		if (strcasecmp(end, units[i].unit) == 0 && n * units[i].bytes <= UINT32_MAX) {
			*bytes = (uint32_t)(n * units[i].bytes);
			return true;
		}
	return false;
}

/* "4ms", "500us", "1s", "500" (us): ns; false: it is none. */
static bool time_of(const char *word, uint64_t *ns)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = { { "", 1000 },	   { "us", 1000 },	{ "usec", 1000 },     { "ms", 1000000 },
		      { "msec", 1000000 }, { "s", 1000000000 }, { "sec", 1000000000 } };
	char *end;
	uint64_t n = strtoull(word, &end, 10);
	for (unsigned i = 0; *word >= '0' && *word <= '9' && i < sizeof(units) / sizeof(units[0]); i++)
		if (strcasecmp(end, units[i].unit) == 0 && n <= UINT32_MAX * 1000ull / units[i].ns) {
			*ns = n * units[i].ns;
			return true;
		}
	return false;
}

/* The options of the fifos from words[i] on; *given tells whether there were any. */
static int fifo_options(struct sh *sh, int i, const char *kind, uint32_t *limit, bool *given)
{
	for (; i < sh->n; i++) {
		if (strcmp(sh->words[i], "limit") != 0)
			return sh_fail(sh, 1,
				       "%s: unknown parameter \"%s\"\nUsage: ... <[p|b]fifo | "
				       "pfifo_head_drop> [ limit "
				       "NUMBER ]\n",
				       kind, sh->words[i]);
		if (++i == sh->n)
			return sh_fail(sh, 255, "Command line is not complete. Try option \"help\"\n");
		if (!size_of(sh->words[i], limit))
			return sh_fail(sh, 1, "%s: Illegal value for \"limit\": \"%s\"\n", kind,
				       sh->words[i]);
		*given = true;
	}
	return 0;
}

/* The options of fq from words[i] on; the status. */
static int fq_options(struct sh *sh, int i, struct tc_fq_qopt *opt)
{
	for (; i < sh->n; i++) {
		const char *word = sh->words[i], *value = i + 1 < sh->n ? sh->words[i + 1] : "";
		uint32_t *field = strcmp(word, "limit") == 0		 ? &opt->plimit
				  : strcmp(word, "flow_limit") == 0	 ? &opt->flow_plimit
				  : strcmp(word, "quantum") == 0	 ? &opt->quantum
				  : strcmp(word, "initial_quantum") == 0 ? &opt->initial_quantum
				  : strcmp(word, "orphan_mask") == 0	 ? &opt->orphan_mask
									 : NULL;
		long v;
		if (strcmp(word, "pacing") == 0 || strcmp(word, "nopacing") == 0) {
			opt->no_pacing = *word == 'n';
			continue;
		}
		if (strcmp(word, "ce_threshold") == 0) {
			if (!time_of(value, &opt->ce_threshold))
				return sh_fail(sh, 1, "Illegal \"ce_threshold\"\n");
		} else if (strcmp(word, "maxrate") == 0) {
			if (!rate_of(value, &opt->flow_max_rate))
				return sh_fail(sh, 1, "Illegal \"maxrate\"\n");
		} else if (!field) {
			return sh_fail(sh, 1, "What is \"%s\"?\n", word);
		} else if (!sh_number(value, field != &opt->orphan_mask, INT32_MAX, &v)) {
			return sh_fail(sh, 1, "Illegal \"%s\"\n", word);
		} else {
			*field = (uint32_t)v;
		}
		i++;
	}
	return 0;
}

/* qdisc_graft(): the device rests while its qdisc is exchanged. */
static void graft(struct net_device *dev, struct Qdisc *new)
{
	struct Qdisc *old;
	if (dev->flags & IFF_UP)
		dev_deactivate(dev);
	old = dev_graft_qdisc(dev->_tx, new);
	if (old != new)
		qdisc_put(old);
	if (dev->flags & IFF_UP)
		dev_activate(dev);
}

static int set_qdisc(struct sh *sh, struct net_device *dev, const char *verb, int i)
{
	const struct Qdisc_ops *ops = i < sh->n ? find_kind(sh->words[i]) : NULL;
	struct tc_fq_qopt fq = fq_defaults;
	uint32_t limit;
	bool limited = false;
	struct Qdisc *q;
	int status = 0;
	if (strcmp(verb, "del") == 0 || strcmp(verb, "delete") == 0) {
		if (!dev->qdisc->handle)
			return sh_fail(sh, 2, "Error: Cannot delete qdisc with handle of zero.\n");
		graft(dev, NULL);
		return 0;
	}
	if (strcmp(verb, "add") != 0 && strcmp(verb, "replace") != 0)
		return sh_fail(sh, 1, "Command \"%s\" is unknown, try \"tc qdisc help\".\n", verb);
	if (i == sh->n || !ops)
		return sh_fail(sh, 2, "Error: Specified qdisc kind is unknown.\n");
	if (*verb == 'a' && dev->qdisc->handle)
		return sh_fail(sh, 2, "Error: Exclusivity flag on, cannot modify.\n");
	if (ops == &fq_qdisc_ops)
		status = fq_options(sh, i + 1, &fq);
	else if (is_fifo(ops))
		status = fifo_options(sh, i + 1, ops->id, &limit, &limited);
	else if (i + 1 < sh->n)
		return sh_fail(sh, 1, "What is \"%s\"?\n", sh->words[i + 1]);
	if (status)
		return status;
	q = qdisc_alloc(dev->_tx, ops);
	if (IS_ERR(q))
		return sh_fail(sh, 2, "RTNETLINK answers: Cannot allocate memory\n");
	q->parent = ~0u;
	q->handle = 0x80010000;
	q->flags |= TCQ_F_ONETXQUEUE;
	if (ops->init && ops->init(q, limited ? (void *)&limit : ops == &fq_qdisc_ops ? &fq : NULL)) {
		qdisc_put(q);
		return sh_fail(sh, 2, "RTNETLINK answers: Invalid argument\n");
	}
	graft(dev, q);
	return 0;
}

/* ---- show ---- */

/* As iproute2 has it: in k or M when it comes out even. */
static void show_size(struct sh *sh, uint32_t bytes)
{
	bool mega = bytes >= 1 << 20 && bytes % (1 << 20) == 0,
	     kilo = bytes >= 1 << 10 && bytes % (1 << 10) == 0;
	sh_say(sh, " limit %u%s",
	       mega   ? bytes >> 20
	       : kilo ? bytes >> 10
		      : bytes,
	       mega   ? "Mb"
	       : kilo ? "Kb"
		      : "b");
}

static void show_time(struct sh *sh, const char *name, double us)
{
	sh_say(sh, "%s %.3g%s ", name,
	       us >= 1e6   ? us / 1e6
	       : us >= 1e3 ? us / 1e3
			   : us,
	       us >= 1e6   ? "s"
	       : us >= 1e3 ? "ms"
			   : "us");
}

static void show_kind(struct sh *sh, struct Qdisc *q)
{
	if (q->ops == &fq_qdisc_ops) {
		struct tc_fq_qopt o;
		fq_dump(q, &o);
		sh_say(sh,
		       " limit %up flow_limit %up buckets 1024 orphan_mask %u %squantum %ub "
		       "initial_quantum %ub ",
		       o.plimit, o.flow_plimit, o.orphan_mask, o.no_pacing ? "nopacing " : "", o.quantum,
		       o.initial_quantum);
		if (o.flow_max_rate != ~0ull)
			sh_say(sh, "maxrate %llubit ", (unsigned long long)o.flow_max_rate * 8);
		sh_say(sh, "low_rate_threshold 550Kbit refill_delay 40ms ");
		if (o.ce_threshold != fq_defaults.ce_threshold)
			show_time(sh, "ce_threshold", (double)o.ce_threshold / 1000);
		sh_say(sh, "timer_slack 10us horizon 10s horizon_drop");
	} else if (q->ops == &bfifo_qdisc_ops) {
		show_size(sh, q->limit);
	} else if (is_fifo(q->ops)) {
		sh_say(sh, " limit %up", q->limit);
	} else if (q->ops == &pfifo_fast_ops) {
		sh_say(sh, " bands 3 priomap 1 2 2 2 1 2 0 0 1 1 1 1 1 1 1 1");
	}
	sh_say(sh, "\n");
}

static void show_stats(struct sh *sh, struct Qdisc *q)
{
	struct tc_fq_qd_stats st;
	sh_say(sh,
	       " Sent %llu bytes %llu pkt (dropped %u, overlimits %u requeues %u) \n backlog %ub %up "
	       "requeues %u\n",
	       (unsigned long long)q->bstats.bytes, (unsigned long long)q->bstats.packets, q->qstats.drops,
	       q->qstats.overlimits, q->qstats.requeues, q->qstats.backlog, q->qstats.qlen,
	       q->qstats.requeues);
	if (q->ops != &fq_qdisc_ops)
		return;
	fq_dump_stats(q, &st);
	sh_say(sh, "  flows %u (inactive %u throttled %u)\n  gc %llu highprio %llu throttled %llu", st.flows,
	       st.inactive_flows, st.throttled_flows, (unsigned long long)st.gc_flows,
	       (unsigned long long)st.highprio_packets, (unsigned long long)st.throttled);
	if (st.ce_mark)
		sh_say(sh, " ce_mark %llu", (unsigned long long)st.ce_mark);
	if (st.flows_plimit)
		sh_say(sh, " flows_plimit %llu", (unsigned long long)st.flows_plimit);
	sh_say(sh, "\n");
}

static int show(struct sh *sh, const char *only, bool stats)
{
	struct net_device *dev;
	for_each_netdev(sh->host->net, dev)
	{
		struct Qdisc *q = dev->qdisc;
		if (only && strcmp(only, dev->name) != 0)
			continue;
		sh_say(sh, "qdisc %s %x: ", q->ops->id, q->handle >> 16);
		if (!only)
			sh_say(sh, "dev %s ", dev->name);
		sh_say(sh, "root refcnt 2");
		show_kind(sh, q);
		if (stats)
			show_stats(sh, q);
	}
	return 0;
}

int sh_tc(struct sh *sh)
{
	int i = 1;
	bool stats =
		i < sh->n && (strcmp(sh->words[i], "-s") == 0 || strcmp(sh->words[i], "-statistics") == 0);
	const char *verb, *name = NULL;
	struct net_device *dev;
	i += stats;
	if (i == sh->n || strcmp(sh->words[i], "qdisc") != 0)
		return sh_fail(sh, 1, "Object \"%s\" is unknown, try \"tc help\".\n",
			       i < sh->n ? sh->words[i] : "");
	verb = ++i < sh->n ? sh->words[i++] : "show";
	if (i + 1 < sh->n && strcmp(sh->words[i], "dev") == 0) {
		name = sh->words[i + 1];
		i += 2;
	}
	dev = name ? __dev_get_by_name(sh->host->net, name) : NULL;
	if (name && !dev)
		return sh_fail(sh, 1, "Cannot find device \"%s\"\n", name);
	if (strcmp(verb, "show") == 0 || strcmp(verb, "list") == 0 || strcmp(verb, "ls") == 0)
		return show(sh, name, stats);
	if (!dev || i == sh->n || strcmp(sh->words[i], "root") != 0)
		return sh_fail(
			sh, 1,
			"tc: only the root qdisc of a device can be set: tc qdisc %s dev DEV root KIND\n",
			verb);
	i++;
	if (i + 1 < sh->n && strcmp(sh->words[i], "handle") == 0)
		i += 2;
	return set_qdisc(sh, dev, verb, i);
}
