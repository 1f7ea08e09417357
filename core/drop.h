/*
 * Why the card, a link or a switch dropped a frame: one list, one line each. The stack's reasons
 * (stack/skb/drop_reason.h) go on from DROP_STACK_FIRST, so a number in a trace has one meaning.
 */
#ifndef CORE_DROP_H
#define CORE_DROP_H

#define DROP_STACK_FIRST 64

/* X(name, text) in order; numbers count from 1 and are part of the trace format: append only. */
#define CORE_DROP_REASONS(X)                                                                                 \
	X(NIC_RX_OFF, "the card's receiver is switched off")                                                 \
	X(NIC_RX_FILTER, "not for this card: its address filter refused the frame")                          \
	X(NIC_RX_TINY, "frame too short to have an Ethernet header")                                         \
	X(NIC_RX_BAD_FCS, "frame check sequence wrong and the card discards such frames")                    \
	X(NIC_RX_FIFO_FULL, "no free receive descriptor and the card's receive FIFO is full")                \
	X(NIC_RX_BUS_ERROR, "receive buffer lies outside memory")                                            \
	X(NIC_RX_NO_BUFFER_SIZE, "the receive buffer size is set to zero")                                   \
	X(NIC_RESET, "the card was reset while it held the frame")                                           \
	X(NIC_TX_HEAD_LOST, "the rest of the frame was not owned by the card when it got there")             \
	X(NIC_TX_EMPTY, "descriptors of a frame without a byte")                                             \
	X(NIC_TX_NO_MEMORY, "no memory for a frame on the wire")                                             \
	X(LINK_NO_CABLE, "no cable in the port")                                                             \
	X(LINK_DOWN, "the link is down")                                                                     \
	X(LINK_LOSS, "lost on the link at random")                                                           \
	X(LINK_SCRIPTED, "lost on the link because the scenario said so")                                    \
	X(LINK_QUEUE_FULL, "queue of the transmitting port full")                                            \
	X(NIC_RX_TOO_LONG, "longer than the card can hold")                                                  \
	X(SWITCH_BAD_FRAME, "a switch got a damaged frame and passes on none of these")                      \
	X(SWITCH_NO_MEMORY, "no memory for one more copy in a switch")

enum core_drop_reason {
	DROP_NONE,
#define X(name, text) DROP_##name,
	CORE_DROP_REASONS(X)
#undef X
		DROP_CORE_END,
};

/* The reason's name without DROP_ ("LINK_LOSS") and its line; NULL for a number that is not core's. */
const char *core_drop_name(unsigned reason);
const char *core_drop_text(unsigned reason);

#endif
