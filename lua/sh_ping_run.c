/* Packets of ping: what is sent, what comes back, how long it waits. */
#include <errno.h>
#include <string.h>

#include "lua/sh_ping.h"
#include "stack/internet/icmp.h"

static void put_time(struct ping *p, uint64_t now)
{
	const uint64_t tv[2] = { now / NSEC_PER_SEC, now % NSEC_PER_SEC / NSEC_PER_USEC };
	if (p->size >= 16)
		memcpy(p->packet + ICMP_HEADER, tv, sizeof(tv));
}

/* The packet with this number is answered: how many were under way? */
static void acknowledge(struct ping *p, unsigned seq)
{
	uint16_t behind = (uint16_t)((unsigned)p->sent - seq);
	if (behind > 0x7fff)
		return;
	if (behind + 1u > p->pipe)
		p->pipe = behind + 1u;
	if ((int16_t)(seq - p->acked) > 0 || (uint16_t)((unsigned)p->sent - p->acked) > 0x7fff)
		p->acked = seq;
}

static long in_flight(const struct ping *p)
{
	uint16_t behind = (uint16_t)((unsigned)p->sent - p->acked);
	return behind <= 0x7fff ? behind : p->sent - p->received - p->errors;
}

/* An ICMP error about one of ours, or our own stack's. True: it came by ICMP. */
static bool receive_error(struct ping *p)
{
	struct net_message m;
	uint8_t quoted[ICMP_HEADER];
	struct sh *sh = p->net.sh;
	long r = net_receive(&p->net, p->fd, quoted, sizeof(quoted), true, &m);
	if (r < 0 || !m.has_error)
		return false;
	p->errors++;
	if (m.ee.ee_origin == SO_EE_ORIGIN_LOCAL) {
		if (p->quiet)
			return false;
		if (p->flood)
			sh_say(sh, "E");
		else if (m.ee.ee_errno != EMSGSIZE)
			seq_printf(&sh->err, "ping: local error: %s\n", strerrordesc_np((int)m.ee.ee_errno));
		else
			seq_printf(&sh->err, "ping: local error: message too long, mtu=%u\n", m.ee.ee_info);
		return false;
	}
	unsigned seq = (unsigned)(quoted[6] << 8 | quoted[7]);
	acknowledge(p, seq);
	ping_say_error(p, m.offender, seq, &m.ee);
	return true;
}

static long send_packet(struct ping *p)
{
	long len = ICMP_HEADER + p->size;
	return len > MAX_PACKET ? -EMSGSIZE : net_send(&p->net, p->fd, p->packet, (size_t)len, p->dst);
}

static void send_one(struct ping *p, uint64_t now)
{
	unsigned seq = (unsigned)(p->sent + 1) & 0xffff;
	long errors = p->errors;
	if (p->outstanding && p->sent && !(p->seen[(p->sent & 0xffff) / 8] & 1u << (p->sent & 0xffff) % 8)) {
		ping_say_date(p);
		sh_say(p->net.sh, "no answer yet for icmp_seq=%ld\n", p->sent & 0xffff);
	}
	memset(p->packet, 0, ICMP_HEADER);
	p->packet[0] = ICMP_ECHO;
	p->packet[6] = (uint8_t)(seq >> 8);
	p->packet[7] = (uint8_t)seq;
	p->seen[seq / 8] &= (uint8_t) ~(1u << seq % 8);
	put_time(p, now);
	long r = send_packet(p);
	while (r < 0 && !p->net.left && receive_error(p)) /* an earlier one's error: that was reported */
		r = send_packet(p);
	if (r < 0 && errors == p->errors && !p->quiet && !p->net.left)
		seq_printf(&p->net.sh->err, "ping: sendmsg: %s\n", strerrordesc_np((int)-r));
	if (r >= 0 && p->flood && !p->quiet)
		sh_say(p->net.sh, ".");
	if (p->sent == 0)
		p->begun = now;
	p->last_sent = now;
	p->sent++;
}

/* Sends a packet if it is time; else how long until then. A packet costs an interval; so many of them as may
 * be sent at once (-l) are saved up. */
static uint64_t pinger(struct ping *p)
{
	uint64_t now = host_now(p->net.sh->host), passed = now - p->last_sent,
		 full = p->interval * (uint64_t)p->preload;
	if (!p->sent) {
		p->tokens = full;
	} else {
		/* unlimited: one after the other, or, when nothing comes back, a hundred a second */
		if (!p->interval && in_flight(p) >= p->preload && passed < FLOOD_PAUSE)
			return FLOOD_PAUSE - passed;
		if (!p->interval && !passed) /* something must pass where all is instant */
			return NSEC_PER_USEC;
		uint64_t tokens = p->tokens + passed < full ? p->tokens + passed : full;
		if (tokens < p->interval)
			return p->interval - tokens;
		p->tokens = tokens;
	}
	p->tokens -= p->interval;
	send_one(p, now);
	return 0;
}

static void count_time(struct ping *p, uint64_t us)
{
	p->sum += us;
	p->sum2 += us * us;
	p->min = us < p->min ? us : p->min;
	p->max = us > p->max ? us : p->max;
	p->rtt8 = p->rtt8 ? p->rtt8 + us - p->rtt8 / 8 : us * 8;
	if (p->adaptive)
		p->interval = (p->rtt8 / 8 + 500) / 1000 * NSEC_PER_MSEC;
}

static void take_reply(struct ping *p, const uint8_t *data, long len, const struct net_message *m)
{
	struct sh *sh = p->net.sh;
	uint64_t tv[2], us = 0;
	if (len < ICMP_HEADER || data[0] != ICMP_ECHOREPLY)
		return;
	unsigned seq = (unsigned)(data[6] << 8 | data[7]);
	bool repeated = p->seen[seq / 8] & 1u << seq % 8;
	p->seen[seq / 8] |= (uint8_t)(1u << seq % 8);
	acknowledge(p, seq);
	*(repeated ? &p->repeats : &p->received) += 1;
	if (p->size >= 16) {
		memcpy(tv, data + ICMP_HEADER, sizeof(tv));
		us = host_now(sh->host) / NSEC_PER_USEC - (tv[0] * 1000000 + tv[1]);
		count_time(p, us);
	}
	ping_say_reply(p, len, m, seq, us, repeated);
}

/* Everything that came. */
static void receive_all(struct ping *p)
{
	struct net_message m;
	while (!p->net.left) {
		long len = net_receive(&p->net, p->fd, p->answer, sizeof(p->answer), false, &m);
		if (len >= 0)
			take_reply(p, p->answer, len, &m);
		else if (len == -EAGAIN || !receive_error(p))
			break;
	}
}

/* ---- the loop ---- */

/* How long it waits for the rest after the last packet: twice the longest round trip, or long when none came.
 */
static uint64_t wait_after(const struct ping *p)
{
	uint64_t twice = 2 * p->max * NSEC_PER_USEC;
	if (!p->received)
		return p->linger ? p->linger : INT64_MAX / 2; /* 0: without end */
	return twice > p->interval ? twice : p->interval;
}

static bool answered(const struct ping *p)
{
	return (p->count && p->received + p->errors >= p->count) || (p->deadline && p->errors);
}

/* Until `until`, or something came. */
static void wait_until(struct ping *p, uint64_t until)
{
	uint64_t left = until - host_now(p->net.sh->host);
	struct pollfd fd = { .fd = p->fd, .events = POLLIN };
	if (p->sent > p->received + p->errors)
		net_poll(&p->net, &fd, 1, left);
	else if (left < NSEC_PER_MSEC) /* poll() counts whole milliseconds */
		net_sleep(&p->net, left);
	else
		net_poll(&p->net, &fd, 1, left / NSEC_PER_MSEC * NSEC_PER_MSEC);
}

void ping_loop(struct ping *p)
{
	struct sh *sh = p->net.sh;
	uint64_t start = host_now(sh->host), exit_at = 0;
	while (!p->net.left && !answered(p)) {
		uint64_t now = host_now(sh->host), until = 0;
		bool all = p->count && p->sent >= p->count && !p->deadline;
		if (all && !exit_at)
			exit_at = now + wait_after(p);
		if ((all && now >= exit_at) || (p->deadline && now >= start + p->deadline))
			break;
		if (!all && !(until = pinger(p)))
			continue;
		until = all ? exit_at : now + until;
		if (p->deadline && until > start + p->deadline)
			until = start + p->deadline;
		wait_until(p, until);
		receive_all(p);
		sh_flush(sh);
	}
}
