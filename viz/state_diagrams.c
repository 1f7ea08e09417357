/* The state machines, drawn by hand. */
#include "viz/state_diagrams.h"

#include <stddef.h>

#define ARROW(from, to, event, x, y, how, ...)                                                               \
	{                                                                                                    \
		from, to, event, x, y, how,                                                                  \
		{                                                                                            \
			__VA_ARGS__                                                                          \
		}                                                                                            \
	}
enum { ABOVE = 0, BELOW = DIAGRAM_BELOW, ENDS = DIAGRAM_ENDS };

/* ---- TCP: RFC 9293, figure 5, with Linux's names ---- */

enum {
	T_CLOSE,
	T_LISTEN,
	T_SYN_RECV,
	T_SYN_SENT,
	T_ESTABLISHED,
	T_FIN_WAIT1,
	T_CLOSE_WAIT,
	T_FIN_WAIT2,
	T_CLOSING,
	T_LAST_ACK,
	T_TIME_WAIT,
	T_CLOSED,
};

static const struct diagram_box tcp_boxes[] = {
	[T_CLOSE] = { "CLOSE", 40, 0, 15, 5 },
	[T_LISTEN] = { "LISTEN", 40, 9, 15, 3 },
	[T_SYN_RECV] = { "SYN_RECV", 0, 15, 15, 7 },
	[T_SYN_SENT] = { "SYN_SENT", 80, 15, 15, 7 },
	[T_ESTABLISHED] = { "ESTABLISHED", 40, 23, 15, 3 },
	[T_FIN_WAIT1] = { "FIN_WAIT1", 0, 30, 15, 5 },
	[T_CLOSE_WAIT] = { "CLOSE_WAIT", 80, 30, 15, 3 },
	[T_FIN_WAIT2] = { "FIN_WAIT2", 0, 39, 15, 3 },
	[T_CLOSING] = { "CLOSING", 40, 39, 15, 3 },
	[T_LAST_ACK] = { "LAST_ACK", 80, 39, 15, 3 },
	[T_TIME_WAIT] = { "TIME_WAIT", 40, 47, 15, 3 },
	[T_CLOSED] = { "CLOSE", 80, 47, 15, 3 },
	{ 0 },
};

static const struct diagram_arrow tcp_arrows[] = {
	ARROW(T_CLOSE, T_LISTEN, "listen()", 42, 6, ENDS | BELOW, { 44, 5 }, { 44, 8 }),
	ARROW(T_LISTEN, T_CLOSE, "close()", 52, 6, BELOW, { 50, 8 }, { 50, 5 }),
	ARROW(T_CLOSE, T_SYN_SENT, "connect() / snd SYN", 57, 0, ABOVE, { 55, 1 }, { 91, 1 }, { 91, 14 }),
	ARROW(T_SYN_SENT, T_CLOSE, "close(), RST, timeout", 57, 4, BELOW, { 86, 14 }, { 86, 3 }, { 55, 3 }),
	ARROW(T_LISTEN, T_SYN_RECV, "rcv SYN / snd SYN,ACK", 17, 9, ABOVE, { 39, 10 }, { 7, 10 }, { 7, 14 }),
	ARROW(T_LISTEN, T_SYN_SENT, "send (not in Linux)", 61, 9, ABOVE, { 55, 10 }, { 82, 10 }, { 82, 14 }),
	ARROW(T_SYN_SENT, T_SYN_RECV, "rcv SYN / snd SYN,ACK (both call connect())", 26, 15, ABOVE,
	      { 79, 16 }, { 15, 16 }),
	ARROW(T_SYN_RECV, T_ESTABLISHED, "rcv ACK of SYN", 17, 19, ABOVE, { 15, 20 }, { 44, 20 }, { 44, 22 }),
	ARROW(T_SYN_SENT, T_ESTABLISHED, "rcv SYN,ACK / snd ACK", 57, 19, ABOVE, { 79, 20 }, { 50, 20 },
	      { 50, 22 }),
	ARROW(T_SYN_RECV, T_FIN_WAIT1, "close() / snd FIN", 5, 24, BELOW, { 3, 22 }, { 3, 29 }),
	ARROW(T_ESTABLISHED, T_FIN_WAIT1, "close() / snd FIN", 17, 30, ABOVE, { 44, 26 }, { 44, 31 },
	      { 15, 31 }),
	ARROW(T_ESTABLISHED, T_CLOSE_WAIT, "rcv FIN / snd ACK", 57, 30, ABOVE, { 50, 26 }, { 50, 31 },
	      { 79, 31 }),
	ARROW(T_FIN_WAIT1, T_CLOSING, "rcv FIN / snd ACK", 17, 34, BELOW, { 15, 33 }, { 47, 33 }, { 47, 38 }),
	ARROW(T_FIN_WAIT1, T_FIN_WAIT2, "rcv ACK of FIN", 9, 36, BELOW, { 7, 35 }, { 7, 38 }),
	ARROW(T_CLOSE_WAIT, T_LAST_ACK, "close() / snd FIN", 85, 35, ENDS | BELOW, { 87, 33 }, { 87, 38 }),
	ARROW(T_FIN_WAIT2, T_TIME_WAIT, "rcv FIN / snd ACK", 10, 47, ABOVE, { 7, 42 }, { 7, 48 }, { 39, 48 }),
	ARROW(T_CLOSING, T_TIME_WAIT, "rcv ACK of FIN", 49, 43, BELOW, { 47, 42 }, { 47, 46 }),
	ARROW(T_LAST_ACK, T_CLOSED, "rcv ACK of FIN", 85, 43, ENDS | BELOW, { 87, 42 }, { 87, 46 }),
	ARROW(T_TIME_WAIT, T_CLOSED, "2 MSL (60 s)", 57, 47, ABOVE, { 55, 48 }, { 79, 48 }),
	{ 0 },
};

static const char *const tcp_births[] = { "SYN_RECV", "LISTEN", NULL };

static const struct state_diagram tcp = {
	.object = "tcp",
	.title = "TCP connections",
	.value = "tcp_state",
	.boxes = tcp_boxes,
	.arrows = tcp_arrows,
	.initial = "CLOSE",
	.births = tcp_births,
	.width = 95,
	.height = 50,
};

/* ---- neighbours: what Linux's neighbour.c does ---- */

enum { N_NONE, N_INCOMPLETE, N_FAILED, N_REACHABLE, N_STALE, N_DELAY, N_PROBE, N_NOARP, N_PERMANENT };

static const struct diagram_box neigh_boxes[] = {
	[N_NONE] = { "NONE", 0, 0, 15, 3 },
	[N_INCOMPLETE] = { "INCOMPLETE", 40, 0, 15, 3 },
	[N_FAILED] = { "FAILED", 80, 0, 15, 3 },
	[N_REACHABLE] = { "REACHABLE", 40, 12, 15, 5 },
	[N_STALE] = { "STALE", 0, 24, 15, 3 },
	[N_DELAY] = { "DELAY", 40, 24, 15, 3 },
	[N_PROBE] = { "PROBE", 80, 24, 15, 3 },
	[N_NOARP] = { "NOARP", 0, 29, 15, 3 },
	[N_PERMANENT] = { "PERMANENT", 40, 29, 15, 3 },
	{ 0 },
};

static const struct diagram_arrow neigh_arrows[] = {
	ARROW(N_NONE, N_INCOMPLETE, "a packet to send", 17, 0, ABOVE, { 15, 1 }, { 39, 1 }),
	ARROW(N_NONE, N_STALE, "it asks us", 5, 7, BELOW, { 3, 3 }, { 3, 23 }),
	ARROW(N_INCOMPLETE, N_FAILED, "no answer (3 s)", 57, 0, ABOVE, { 55, 1 }, { 79, 1 }),
	ARROW(N_FAILED, N_INCOMPLETE, "a packet to send", 57, 5, ABOVE, { 85, 3 }, { 85, 6 }, { 51, 6 },
	      { 51, 3 }),
	ARROW(N_INCOMPLETE, N_REACHABLE, "it answers", 42, 7, ENDS | BELOW, { 44, 3 }, { 44, 11 }),
	ARROW(N_REACHABLE, N_STALE, "reachable_time over", 17, 12, ABOVE, { 39, 13 }, { 7, 13 }, { 7, 23 }),
	ARROW(N_STALE, N_REACHABLE, "it answers", 17, 16, BELOW, { 12, 23 }, { 12, 15 }, { 39, 15 }),
	ARROW(N_REACHABLE, N_DELAY, "time over, in use", 42, 19, ENDS | BELOW, { 44, 17 }, { 44, 23 }),
	ARROW(N_DELAY, N_REACHABLE, "it is confirmed", 52, 19, BELOW, { 50, 23 }, { 50, 17 }),
	ARROW(N_STALE, N_DELAY, "a packet to send", 17, 24, ABOVE, { 15, 25 }, { 39, 25 }),
	ARROW(N_DELAY, N_PROBE, "5 s later", 57, 24, ABOVE, { 55, 25 }, { 79, 25 }),
	ARROW(N_PROBE, N_REACHABLE, "it answers", 57, 13, ABOVE, { 83, 23 }, { 83, 14 }, { 55, 14 }),
	ARROW(N_PROBE, N_FAILED, "no answer (3 s)", 93, 12, BELOW, { 91, 23 }, { 91, 3 }),
	{ 0 },
};

/* by hand, or because no address is needed */
static const char *const neigh_births[] = { "NOARP", "NOARP", "PERMANENT", "PERMANENT", NULL };

static const struct state_diagram neigh = {
	.object = "neigh",
	.title = "neighbours",
	.value = "nud_state",
	.boxes = neigh_boxes,
	.arrows = neigh_arrows,
	.initial = "NONE",
	.births = neigh_births,
	.width = 110,
	.height = 32,
};

/* ---- NAPI ---- */

enum { P_IDLE, P_SCHEDULED, P_POLLING };

static const struct diagram_box napi_boxes[] = {
	[P_IDLE] = { "idle", 0, 0, 15, 3 },
	[P_SCHEDULED] = { "scheduled", 35, 0, 15, 3 },
	[P_POLLING] = { "polling", 70, 0, 15, 3 },
	{ 0 },
};

static const struct diagram_arrow napi_arrows[] = {
	ARROW(P_IDLE, P_SCHEDULED, "interrupt", 17, 0, ABOVE, { 15, 1 }, { 34, 1 }),
	ARROW(P_SCHEDULED, P_POLLING, "softirq NET_RX", 52, 0, ABOVE, { 50, 1 }, { 69, 1 }),
	ARROW(P_POLLING, P_SCHEDULED, "weight used up", 52, 4, ABOVE, { 73, 3 }, { 73, 5 }, { 42, 5 },
	      { 42, 3 }),
	ARROW(P_POLLING, P_IDLE, "all is done", 35, 8, ABOVE, { 81, 3 }, { 81, 9 }, { 7, 9 }, { 7, 3 }),
	{ 0 },
};

static const struct state_diagram napi = {
	.object = "napi",
	.title = "NAPI",
	.value = "napi_state",
	.boxes = napi_boxes,
	.arrows = napi_arrows,
	.initial = "idle",
	.width = 85,
	.height = 11,
};

/* ---- the link: the PHY's state machine, and the carrier that follows from it ---- */

enum { L_READY, L_UP, L_RUNNING, L_HALTED, L_NOLINK };

static const struct diagram_box phy_boxes[] = {
	[L_READY] = { "READY", 0, 0, 15, 3 },	   [L_UP] = { "UP", 35, 0, 15, 5 },
	[L_RUNNING] = { "RUNNING", 70, 0, 30, 3 }, [L_HALTED] = { "HALTED", 35, 10, 15, 3 },
	[L_NOLINK] = { "NOLINK", 70, 10, 30, 3 },  { 0 },
};

static const struct diagram_arrow phy_arrows[] = {
	ARROW(L_READY, L_UP, "link set up", 17, 0, ABOVE, { 15, 1 }, { 34, 1 }),
	ARROW(L_UP, L_RUNNING, "link is there", 52, 0, ABOVE, { 50, 1 }, { 69, 1 }),
	ARROW(L_UP, L_NOLINK, "no link", 52, 4, BELOW, { 50, 3 }, { 74, 3 }, { 74, 9 }),
	ARROW(L_RUNNING, L_NOLINK, "link lost", 98, 5, BELOW, { 96, 3 }, { 96, 9 }),
	ARROW(L_NOLINK, L_RUNNING, "link found", 80, 5, BELOW, { 78, 9 }, { 78, 3 }),
	ARROW(L_HALTED, L_UP, "link set up", 37, 6, ENDS | BELOW, { 39, 9 }, { 39, 5 }),
	ARROW(L_UP, L_HALTED, "link set down", 47, 7, BELOW, { 45, 5 }, { 45, 9 }),
	ARROW(L_NOLINK, L_HALTED, "link set down", 52, 10, ABOVE, { 69, 11 }, { 50, 11 }),
	ARROW(L_RUNNING, L_HALTED, "link set down", 60, 14, ABOVE, { 100, 1 }, { 116, 1 }, { 116, 15 },
	      { 42, 15 }, { 42, 13 }),
	{ 0 },
};

static const struct state_diagram phy = {
	.object = "link",
	.title = "PHY",
	.value = "phy_state",
	.boxes = phy_boxes,
	.arrows = phy_arrows,
	.initial = "READY",
	.width = 117,
	.height = 17,
};

enum { C_OFF, C_ON };

static const struct diagram_box carrier_boxes[] = {
	[C_OFF] = { "off", 0, 0, 15, 5 },
	[C_ON] = { "on", 40, 0, 15, 5 },
	{ 0 },
};

static const struct diagram_arrow carrier_arrows[] = {
	ARROW(C_OFF, C_ON, "netif_carrier_on()", 17, 0, ABOVE, { 15, 1 }, { 39, 1 }),
	ARROW(C_ON, C_OFF, "netif_carrier_off()", 17, 4, BELOW, { 39, 3 }, { 15, 3 }),
	{ 0 },
};

static const struct state_diagram carrier = {
	.object = "link",
	.title = "carrier",
	.value = "carrier",
	.boxes = carrier_boxes,
	.arrows = carrier_arrows,
	.initial = "off",
	.width = 55,
	.height = 6,
};

const struct state_diagram *const state_diagrams[] = { &tcp, &neigh, &napi, &phy, &carrier, NULL };
