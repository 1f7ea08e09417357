/*
 * Why the stack drops a packet: one list, one line each. Numbers start at 64; the card's and the
 * link's reasons lie below (core/drop.h). kfree_skb_reason() in skb_alloc.c counts and records them.
 */
#ifndef STACK_SKB_DROP_REASON_H
#define STACK_SKB_DROP_REASON_H

#define SKB_DROP_REASON_FIRST 64

/* X(name, sentence): append only, the numbers are in trace files. */
#define SKB_DROP_REASONS(X)                                                                                  \
	X(NOT_SPECIFIED, "dropped, no reason given")                                                         \
	X(NO_SOCKET, "no socket for the packet")                                                             \
	X(PKT_TOO_SMALL, "the packet is shorter than its header says")                                       \
	X(TCP_CSUM, "wrong TCP checksum")                                                                    \
	X(UDP_CSUM, "wrong UDP checksum")                                                                    \
	X(ICMP_CSUM, "wrong ICMP checksum")                                                                  \
	X(IP_CSUM, "wrong IP header checksum")                                                               \
	X(IP_INHDR, "malformed IP header")                                                                   \
	X(IP_NOPROTO, "no handler for the IP protocol")                                                      \
	X(IP_RPFILTER, "the source address fails the reverse path check")                                    \
	X(IP_INNOROUTES, "no route for the received packet")                                                 \
	X(IP_OUTNOROUTES, "no route for the packet to send")                                                 \
	X(IP_INADDRERRORS, "the destination address is not to be forwarded to")                              \
	X(IP_TTL, "the time to live ran out")                                                                \
	X(IP_MTU, "longer than the path takes and not to be fragmented")                                     \
	X(IP_OPTIONS, "malformed IP options")                                                                \
	X(IP_NOT_FORWARDING, "the host does not forward")                                                    \
	X(OTHERHOST, "the frame is for another host")                                                        \
	X(UNICAST_IN_L2_MULTICAST, "unicast IP address in a multicast frame")                                \
	X(UNHANDLED_PROTO, "no handler for the ethernet type")                                               \
	X(SOCKET_FILTER, "the socket's filter refused it")                                                   \
	X(SOCKET_RCVBUFF, "the socket's receive buffer is full")                                             \
	X(SOCKET_BACKLOG, "the socket's backlog is full")                                                    \
	X(SOCKET_CLOSE, "the socket was closed with the packet in its queue")                                \
	X(PROTO_MEM, "the protocol's memory limit is reached")                                               \
	X(NOMEM, "out of memory")                                                                            \
	X(SKB_CSUM, "the checksum could not be computed")                                                    \
	X(SKB_GSO_SEG, "segmentation failed")                                                                \
	X(HDR_TRUNC, "the headers could not be made linear")                                                 \
	X(NEIGH_CREATEFAIL, "the neighbour entry could not be made")                                         \
	X(NEIGH_FAILED, "the neighbour cannot be reached")                                                   \
	X(NEIGH_QUEUEFULL, "too many packets wait for the neighbour's address")                              \
	X(NEIGH_DEAD, "the neighbour entry is being removed")                                                \
	X(ARP_MALFORMED, "malformed ARP packet")                                                             \
	X(QDISC_DROP, "the queueing discipline is full or off")                                              \
	X(DEV_DOWN, "the device is down")                                                                    \
	X(DEV_HDR, "the device's header could not be built")                                                 \
	X(DEV_READY, "the device was not ready for the packet")                                              \
	X(TX_RING_FULL, "the transmit ring has no room")                                                     \
	X(TX_DMA, "the packet could not be mapped for DMA")                                                  \
	X(TX_TIMEOUT, "the transmitter was reset")                                                           \
	X(RX_ERROR, "the card reported a broken frame")                                                      \
	X(CPU_BACKLOG, "the backlog of the CPU is full")                                                     \
	X(NETFILTER_DROP, "dropped by netfilter")                                                            \
	X(TCP_FLAGS, "TCP flags not allowed in this state")                                                  \
	X(TCP_ZEROWINDOW, "the receive window is closed")                                                    \
	X(TCP_OLD_DATA, "data that was received before")                                                     \
	X(TCP_OVERWINDOW, "data beyond the receive window")                                                  \
	X(TCP_OFOMERGE, "data that the out-of-order queue holds already")                                    \
	X(TCP_OFO_PRUNE, "out-of-order data given up for lack of memory")                                    \
	X(TCP_RFC7323_PAWS, "older time stamp than seen before (PAWS)")                                      \
	X(TCP_INVALID_SEQUENCE, "sequence number outside the window")                                        \
	X(TCP_OLD_SEQUENCE, "sequence number before the window")                                             \
	X(TCP_RESET, "a valid RST")                                                                          \
	X(TCP_INVALID_SYN, "SYN inside a connection")                                                        \
	X(TCP_INVALID_ACK, "acknowledges what was never sent")                                               \
	X(TCP_OLD_ACK, "an old acknowledgement")                                                             \
	X(TCP_TOO_OLD_ACK, "an acknowledgement that is far too old")                                         \
	X(TCP_ACK_UNSENT_DATA, "acknowledges data that was not sent yet")                                    \
	X(TCP_CLOSE, "the connection is closed")                                                             \
	X(TCP_FASTOPEN, "TCP fast open refused it")                                                          \
	X(TCP_MD5NOTFOUND, "not signed, but the socket has a key for the peer (TCP-MD5)")                    \
	X(TCP_MD5UNEXPECTED, "signed, but the socket has no key for the peer (TCP-MD5)")                     \
	X(TCP_MD5FAILURE, "the signature is wrong (TCP-MD5)")                                                \
	X(TCP_MINTTL, "time to live below the socket's minimum")                                             \
	X(TCP_ABORT_ON_DATA, "data after the program closed the connection")                                 \
	X(TCP_LISTEN_OVERFLOW, "the queue of connections to accept is full")                                 \
	X(TCP_REQQFULL, "the queue of half open connections is full")                                        \
	X(TCP_REQ_DROP, "the connection request could not be kept")                                          \
	X(TCP_TIMEWAIT, "taken by a connection in TIME_WAIT")                                                \
	X(TCP_WRITE_PURGE, "the connection ended with the data unsent")                                      \
	X(TCP_LISTEN_NOSYN, "not a SYN for a listening socket")                                              \
	X(IP_FRAG_UNSUPPORTED, "an IP fragment; reassembly is not there yet")                                \
	X(ICMP_INVALID, "malformed or unknown ICMP message")                                                 \
	X(MULTICAST, "a group that the host is not a member of")                                             \
	X(TEARDOWN, "the host was shut down")                                                                \
	X(DUP_FRAG, "a fragment that came before")                                                           \
	X(FRAG_OVERLAP, "fragments that overlap: the whole packet is dropped")                               \
	X(FRAG_INVALID, "fragments that do not fit together")                                                \
	X(FRAG_TOO_FAR, "fragments of an older packet whose id was used again")                              \
	X(FRAG_REASM_TIMEOUT, "the other fragments did not come in time")                                    \
	X(FRAG_OVERSIZE, "the fragments make a packet of more than 65535 bytes")                             \
	X(FRAG_MEM, "fragments take too much memory already")                                                \
	X(IP_MARTIAN, "an address that cannot come in this way")                                             \
	X(IGMP_INVALID, "malformed IGMP message")                                                            \
	X(IGMP_UNHANDLED, "IGMP message that a host does nothing with")                                      \
	X(NEIGH_PROXYFULL, "too many ARP requests wait for an answer on behalf of another host")

enum skb_drop_reason {
	SKB_DROP_REASON_BASE_ = SKB_DROP_REASON_FIRST - 1,
#define SKB_DROP_ENUM_(name, text) SKB_DROP_REASON_##name,
	SKB_DROP_REASONS(SKB_DROP_ENUM_)
#undef SKB_DROP_ENUM_
		SKB_DROP_REASON_MAX
};

/* The sentence of a reason of the stack, or NULL when `nr` is none. */
const char *skb_drop_text(unsigned nr);
/* Its name, "TCP_CSUM". */
const char *skb_drop_name(unsigned nr);

#endif
