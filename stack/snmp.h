/*
 * The counters of a host: Linux 5.15's MIBs by its names, one list per MIB of constant and printed name.
 * internet/snmp.c prints them; the macros below count. Counters are 64 bits, one set per host.
 */
#ifndef STACK_SNMP_H
#define STACK_SNMP_H

#include <stdint.h>

/* IP (InReceives ... of /proc/net/snmp and netstat) */
#define IPSTATS_MIB_LIST(X)                                                                                  \
	X(IPSTATS_MIB_INPKTS, "InReceives")                                                                  \
	X(IPSTATS_MIB_INOCTETS, "InOctets")                                                                  \
	X(IPSTATS_MIB_INDELIVERS, "InDelivers")                                                              \
	X(IPSTATS_MIB_OUTFORWDATAGRAMS, "OutForwDatagrams")                                                  \
	X(IPSTATS_MIB_OUTPKTS, "OutRequests")                                                                \
	X(IPSTATS_MIB_OUTOCTETS, "OutOctets")                                                                \
	X(IPSTATS_MIB_INHDRERRORS, "InHdrErrors")                                                            \
	X(IPSTATS_MIB_INTOOBIGERRORS, "InTooBigErrors")                                                      \
	X(IPSTATS_MIB_INNOROUTES, "InNoRoutes")                                                              \
	X(IPSTATS_MIB_INADDRERRORS, "InAddrErrors")                                                          \
	X(IPSTATS_MIB_INUNKNOWNPROTOS, "InUnknownProtos")                                                    \
	X(IPSTATS_MIB_INTRUNCATEDPKTS, "InTruncatedPkts")                                                    \
	X(IPSTATS_MIB_INDISCARDS, "InDiscards")                                                              \
	X(IPSTATS_MIB_OUTDISCARDS, "OutDiscards")                                                            \
	X(IPSTATS_MIB_OUTNOROUTES, "OutNoRoutes")                                                            \
	X(IPSTATS_MIB_REASMTIMEOUT, "ReasmTimeout")                                                          \
	X(IPSTATS_MIB_REASMREQDS, "ReasmReqds")                                                              \
	X(IPSTATS_MIB_REASMOKS, "ReasmOKs")                                                                  \
	X(IPSTATS_MIB_REASMFAILS, "ReasmFails")                                                              \
	X(IPSTATS_MIB_FRAGOKS, "FragOKs")                                                                    \
	X(IPSTATS_MIB_FRAGFAILS, "FragFails")                                                                \
	X(IPSTATS_MIB_FRAGCREATES, "FragCreates")                                                            \
	X(IPSTATS_MIB_INMCASTPKTS, "InMcastPkts")                                                            \
	X(IPSTATS_MIB_OUTMCASTPKTS, "OutMcastPkts")                                                          \
	X(IPSTATS_MIB_INBCASTPKTS, "InBcastPkts")                                                            \
	X(IPSTATS_MIB_OUTBCASTPKTS, "OutBcastPkts")                                                          \
	X(IPSTATS_MIB_INMCASTOCTETS, "InMcastOctets")                                                        \
	X(IPSTATS_MIB_OUTMCASTOCTETS, "OutMcastOctets")                                                      \
	X(IPSTATS_MIB_INBCASTOCTETS, "InBcastOctets")                                                        \
	X(IPSTATS_MIB_OUTBCASTOCTETS, "OutBcastOctets")                                                      \
	X(IPSTATS_MIB_CSUMERRORS, "InCsumErrors")                                                            \
	X(IPSTATS_MIB_NOECTPKTS, "InNoECTPkts")                                                              \
	X(IPSTATS_MIB_ECT1PKTS, "InECT1Pkts")                                                                \
	X(IPSTATS_MIB_ECT0PKTS, "InECT0Pkts")                                                                \
	X(IPSTATS_MIB_CEPKTS, "InCEPkts")                                                                    \
	X(IPSTATS_MIB_REASM_OVERLAPS, "ReasmOverlaps")

/* ICMP */
#define ICMP_MIB_LIST(X)                                                                                     \
	X(ICMP_MIB_INMSGS, "InMsgs")                                                                         \
	X(ICMP_MIB_INERRORS, "InErrors")                                                                     \
	X(ICMP_MIB_INDESTUNREACHS, "InDestUnreachs")                                                         \
	X(ICMP_MIB_INTIMEEXCDS, "InTimeExcds")                                                               \
	X(ICMP_MIB_INPARMPROBS, "InParmProbs")                                                               \
	X(ICMP_MIB_INSRCQUENCHS, "InSrcQuenchs")                                                             \
	X(ICMP_MIB_INREDIRECTS, "InRedirects")                                                               \
	X(ICMP_MIB_INECHOS, "InEchos")                                                                       \
	X(ICMP_MIB_INECHOREPS, "InEchoReps")                                                                 \
	X(ICMP_MIB_INTIMESTAMPS, "InTimestamps")                                                             \
	X(ICMP_MIB_INTIMESTAMPREPS, "InTimestampReps")                                                       \
	X(ICMP_MIB_INADDRMASKS, "InAddrMasks")                                                               \
	X(ICMP_MIB_INADDRMASKREPS, "InAddrMaskReps")                                                         \
	X(ICMP_MIB_OUTMSGS, "OutMsgs")                                                                       \
	X(ICMP_MIB_OUTERRORS, "OutErrors")                                                                   \
	X(ICMP_MIB_OUTDESTUNREACHS, "OutDestUnreachs")                                                       \
	X(ICMP_MIB_OUTTIMEEXCDS, "OutTimeExcds")                                                             \
	X(ICMP_MIB_OUTPARMPROBS, "OutParmProbs")                                                             \
	X(ICMP_MIB_OUTSRCQUENCHS, "OutSrcQuenchs")                                                           \
	X(ICMP_MIB_OUTREDIRECTS, "OutRedirects")                                                             \
	X(ICMP_MIB_OUTECHOS, "OutEchos")                                                                     \
	X(ICMP_MIB_OUTECHOREPS, "OutEchoReps")                                                               \
	X(ICMP_MIB_OUTTIMESTAMPS, "OutTimestamps")                                                           \
	X(ICMP_MIB_OUTTIMESTAMPREPS, "OutTimestampReps")                                                     \
	X(ICMP_MIB_OUTADDRMASKS, "OutAddrMasks")                                                             \
	X(ICMP_MIB_OUTADDRMASKREPS, "OutAddrMaskReps")                                                       \
	X(ICMP_MIB_CSUMERRORS, "InCsumErrors")

/* TCP */
#define TCP_MIB_LIST(X)                                                                                      \
	X(TCP_MIB_RTOALGORITHM, "RtoAlgorithm")                                                              \
	X(TCP_MIB_RTOMIN, "RtoMin")                                                                          \
	X(TCP_MIB_RTOMAX, "RtoMax")                                                                          \
	X(TCP_MIB_MAXCONN, "MaxConn")                                                                        \
	X(TCP_MIB_ACTIVEOPENS, "ActiveOpens")                                                                \
	X(TCP_MIB_PASSIVEOPENS, "PassiveOpens")                                                              \
	X(TCP_MIB_ATTEMPTFAILS, "AttemptFails")                                                              \
	X(TCP_MIB_ESTABRESETS, "EstabResets")                                                                \
	X(TCP_MIB_CURRESTAB, "CurrEstab")                                                                    \
	X(TCP_MIB_INSEGS, "InSegs")                                                                          \
	X(TCP_MIB_OUTSEGS, "OutSegs")                                                                        \
	X(TCP_MIB_RETRANSSEGS, "RetransSegs")                                                                \
	X(TCP_MIB_INERRS, "InErrs")                                                                          \
	X(TCP_MIB_OUTRSTS, "OutRsts")                                                                        \
	X(TCP_MIB_CSUMERRORS, "InCsumErrors")

/* UDP */
#define UDP_MIB_LIST(X)                                                                                      \
	X(UDP_MIB_INDATAGRAMS, "InDatagrams")                                                                \
	X(UDP_MIB_NOPORTS, "NoPorts")                                                                        \
	X(UDP_MIB_INERRORS, "InErrors")                                                                      \
	X(UDP_MIB_OUTDATAGRAMS, "OutDatagrams")                                                              \
	X(UDP_MIB_RCVBUFERRORS, "RcvbufErrors")                                                              \
	X(UDP_MIB_SNDBUFERRORS, "SndbufErrors")                                                              \
	X(UDP_MIB_CSUMERRORS, "InCsumErrors")                                                                \
	X(UDP_MIB_IGNOREDMULTI, "IgnoredMulti")                                                              \
	X(UDP_MIB_MEMERRORS, "MemErrors")

/* Linux extensions (TcpExt of /proc/net/netstat) */
#define LINUX_MIB_LIST(X)                                                                                    \
	X(LINUX_MIB_SYNCOOKIESSENT, "SyncookiesSent")                                                        \
	X(LINUX_MIB_SYNCOOKIESRECV, "SyncookiesRecv")                                                        \
	X(LINUX_MIB_SYNCOOKIESFAILED, "SyncookiesFailed")                                                    \
	X(LINUX_MIB_EMBRYONICRSTS, "EmbryonicRsts")                                                          \
	X(LINUX_MIB_PRUNECALLED, "PruneCalled")                                                              \
	X(LINUX_MIB_RCVPRUNED, "RcvPruned")                                                                  \
	X(LINUX_MIB_OFOPRUNED, "OfoPruned")                                                                  \
	X(LINUX_MIB_OUTOFWINDOWICMPS, "OutOfWindowIcmps")                                                    \
	X(LINUX_MIB_LOCKDROPPEDICMPS, "LockDroppedIcmps")                                                    \
	X(LINUX_MIB_ARPFILTER, "ArpFilter")                                                                  \
	X(LINUX_MIB_TIMEWAITED, "TW")                                                                        \
	X(LINUX_MIB_TIMEWAITRECYCLED, "TWRecycled")                                                          \
	X(LINUX_MIB_TIMEWAITKILLED, "TWKilled")                                                              \
	X(LINUX_MIB_PAWSACTIVEREJECTED, "PAWSActive")                                                        \
	X(LINUX_MIB_PAWSESTABREJECTED, "PAWSEstab")                                                          \
	X(LINUX_MIB_DELAYEDACKS, "DelayedACKs")                                                              \
	X(LINUX_MIB_DELAYEDACKLOCKED, "DelayedACKLocked")                                                    \
	X(LINUX_MIB_DELAYEDACKLOST, "DelayedACKLost")                                                        \
	X(LINUX_MIB_LISTENOVERFLOWS, "ListenOverflows")                                                      \
	X(LINUX_MIB_LISTENDROPS, "ListenDrops")                                                              \
	X(LINUX_MIB_TCPHPHITS, "TCPHPHits")                                                                  \
	X(LINUX_MIB_TCPPUREACKS, "TCPPureAcks")                                                              \
	X(LINUX_MIB_TCPHPACKS, "TCPHPAcks")                                                                  \
	X(LINUX_MIB_TCPRENORECOVERY, "TCPRenoRecovery")                                                      \
	X(LINUX_MIB_TCPSACKRECOVERY, "TCPSackRecovery")                                                      \
	X(LINUX_MIB_TCPSACKRENEGING, "TCPSACKReneging")                                                      \
	X(LINUX_MIB_TCPSACKREORDER, "TCPSACKReorder")                                                        \
	X(LINUX_MIB_TCPRENOREORDER, "TCPRenoReorder")                                                        \
	X(LINUX_MIB_TCPTSREORDER, "TCPTSReorder")                                                            \
	X(LINUX_MIB_TCPFULLUNDO, "TCPFullUndo")                                                              \
	X(LINUX_MIB_TCPPARTIALUNDO, "TCPPartialUndo")                                                        \
	X(LINUX_MIB_TCPDSACKUNDO, "TCPDSACKUndo")                                                            \
	X(LINUX_MIB_TCPLOSSUNDO, "TCPLossUndo")                                                              \
	X(LINUX_MIB_TCPLOSTRETRANSMIT, "TCPLostRetransmit")                                                  \
	X(LINUX_MIB_TCPRENOFAILURES, "TCPRenoFailures")                                                      \
	X(LINUX_MIB_TCPSACKFAILURES, "TCPSackFailures")                                                      \
	X(LINUX_MIB_TCPLOSSFAILURES, "TCPLossFailures")                                                      \
	X(LINUX_MIB_TCPFASTRETRANS, "TCPFastRetrans")                                                        \
	X(LINUX_MIB_TCPSLOWSTARTRETRANS, "TCPSlowStartRetrans")                                              \
	X(LINUX_MIB_TCPTIMEOUTS, "TCPTimeouts")                                                              \
	X(LINUX_MIB_TCPLOSSPROBES, "TCPLossProbes")                                                          \
	X(LINUX_MIB_TCPLOSSPROBERECOVERY, "TCPLossProbeRecovery")                                            \
	X(LINUX_MIB_TCPRENORECOVERYFAIL, "TCPRenoRecoveryFail")                                              \
	X(LINUX_MIB_TCPSACKRECOVERYFAIL, "TCPSackRecoveryFail")                                              \
	X(LINUX_MIB_TCPRCVCOLLAPSED, "TCPRcvCollapsed")                                                      \
	X(LINUX_MIB_TCPDSACKOLDSENT, "TCPDSACKOldSent")                                                      \
	X(LINUX_MIB_TCPDSACKOFOSENT, "TCPDSACKOfoSent")                                                      \
	X(LINUX_MIB_TCPDSACKRECV, "TCPDSACKRecv")                                                            \
	X(LINUX_MIB_TCPDSACKOFORECV, "TCPDSACKOfoRecv")                                                      \
	X(LINUX_MIB_TCPABORTONDATA, "TCPAbortOnData")                                                        \
	X(LINUX_MIB_TCPABORTONCLOSE, "TCPAbortOnClose")                                                      \
	X(LINUX_MIB_TCPABORTONMEMORY, "TCPAbortOnMemory")                                                    \
	X(LINUX_MIB_TCPABORTONTIMEOUT, "TCPAbortOnTimeout")                                                  \
	X(LINUX_MIB_TCPABORTONLINGER, "TCPAbortOnLinger")                                                    \
	X(LINUX_MIB_TCPABORTFAILED, "TCPAbortFailed")                                                        \
	X(LINUX_MIB_TCPMEMORYPRESSURES, "TCPMemoryPressures")                                                \
	X(LINUX_MIB_TCPMEMORYPRESSURESCHRONO, "TCPMemoryPressuresChrono")                                    \
	X(LINUX_MIB_TCPSACKDISCARD, "TCPSACKDiscard")                                                        \
	X(LINUX_MIB_TCPDSACKIGNOREDOLD, "TCPSACKIgnoredOld")                                                 \
	X(LINUX_MIB_TCPDSACKIGNOREDNOUNDO, "TCPSACKIgnoredNoUndo")                                           \
	X(LINUX_MIB_TCPSPURIOUSRTOS, "TCPSpuriousRTOs")                                                      \
	X(LINUX_MIB_TCPMD5NOTFOUND, "TCPMD5NotFound")                                                        \
	X(LINUX_MIB_TCPMD5UNEXPECTED, "TCPMD5Unexpected")                                                    \
	X(LINUX_MIB_TCPMD5FAILURE, "TCPMD5Failure")                                                          \
	X(LINUX_MIB_SACKSHIFTED, "TCPSackShifted")                                                           \
	X(LINUX_MIB_SACKMERGED, "TCPSackMerged")                                                             \
	X(LINUX_MIB_SACKSHIFTFALLBACK, "TCPSackShiftFallback")                                               \
	X(LINUX_MIB_TCPBACKLOGDROP, "TCPBacklogDrop")                                                        \
	X(LINUX_MIB_PFMEMALLOCDROP, "PFMemallocDrop")                                                        \
	X(LINUX_MIB_TCPMINTTLDROP, "TCPMinTTLDrop")                                                          \
	X(LINUX_MIB_TCPDEFERACCEPTDROP, "TCPDeferAcceptDrop")                                                \
	X(LINUX_MIB_IPRPFILTER, "IPReversePathFilter")                                                       \
	X(LINUX_MIB_TCPTIMEWAITOVERFLOW, "TCPTimeWaitOverflow")                                              \
	X(LINUX_MIB_TCPREQQFULLDOCOOKIES, "TCPReqQFullDoCookies")                                            \
	X(LINUX_MIB_TCPREQQFULLDROP, "TCPReqQFullDrop")                                                      \
	X(LINUX_MIB_TCPRETRANSFAIL, "TCPRetransFail")                                                        \
	X(LINUX_MIB_TCPRCVCOALESCE, "TCPRcvCoalesce")                                                        \
	X(LINUX_MIB_TCPBACKLOGCOALESCE, "TCPBacklogCoalesce")                                                \
	X(LINUX_MIB_TCPOFOQUEUE, "TCPOFOQueue")                                                              \
	X(LINUX_MIB_TCPOFODROP, "TCPOFODrop")                                                                \
	X(LINUX_MIB_TCPOFOMERGE, "TCPOFOMerge")                                                              \
	X(LINUX_MIB_TCPCHALLENGEACK, "TCPChallengeACK")                                                      \
	X(LINUX_MIB_TCPSYNCHALLENGE, "TCPSYNChallenge")                                                      \
	X(LINUX_MIB_TCPFASTOPENACTIVE, "TCPFastOpenActive")                                                  \
	X(LINUX_MIB_TCPFASTOPENACTIVEFAIL, "TCPFastOpenActiveFail")                                          \
	X(LINUX_MIB_TCPFASTOPENPASSIVE, "TCPFastOpenPassive")                                                \
	X(LINUX_MIB_TCPFASTOPENPASSIVEFAIL, "TCPFastOpenPassiveFail")                                        \
	X(LINUX_MIB_TCPFASTOPENLISTENOVERFLOW, "TCPFastOpenListenOverflow")                                  \
	X(LINUX_MIB_TCPFASTOPENCOOKIEREQD, "TCPFastOpenCookieReqd")                                          \
	X(LINUX_MIB_TCPFASTOPENBLACKHOLE, "TCPFastOpenBlackholeDetect")                                      \
	X(LINUX_MIB_TCPSPURIOUS_RTX_HOSTQUEUES, "TCPSpuriousRtxHostQueues")                                  \
	X(LINUX_MIB_BUSYPOLLRXPACKETS, "BusyPollRxPackets")                                                  \
	X(LINUX_MIB_TCPAUTOCORKING, "TCPAutoCorking")                                                        \
	X(LINUX_MIB_TCPFROMZEROWINDOWADV, "TCPFromZeroWindowAdv")                                            \
	X(LINUX_MIB_TCPTOZEROWINDOWADV, "TCPToZeroWindowAdv")                                                \
	X(LINUX_MIB_TCPWANTZEROWINDOWADV, "TCPWantZeroWindowAdv")                                            \
	X(LINUX_MIB_TCPSYNRETRANS, "TCPSynRetrans")                                                          \
	X(LINUX_MIB_TCPORIGDATASENT, "TCPOrigDataSent")                                                      \
	X(LINUX_MIB_TCPHYSTARTTRAINDETECT, "TCPHystartTrainDetect")                                          \
	X(LINUX_MIB_TCPHYSTARTTRAINCWND, "TCPHystartTrainCwnd")                                              \
	X(LINUX_MIB_TCPHYSTARTDELAYDETECT, "TCPHystartDelayDetect")                                          \
	X(LINUX_MIB_TCPHYSTARTDELAYCWND, "TCPHystartDelayCwnd")                                              \
	X(LINUX_MIB_TCPACKSKIPPEDSYNRECV, "TCPACKSkippedSynRecv")                                            \
	X(LINUX_MIB_TCPACKSKIPPEDPAWS, "TCPACKSkippedPAWS")                                                  \
	X(LINUX_MIB_TCPACKSKIPPEDSEQ, "TCPACKSkippedSeq")                                                    \
	X(LINUX_MIB_TCPACKSKIPPEDFINWAIT2, "TCPACKSkippedFinWait2")                                          \
	X(LINUX_MIB_TCPACKSKIPPEDTIMEWAIT, "TCPACKSkippedTimeWait")                                          \
	X(LINUX_MIB_TCPACKSKIPPEDCHALLENGE, "TCPACKSkippedChallenge")                                        \
	X(LINUX_MIB_TCPWINPROBE, "TCPWinProbe")                                                              \
	X(LINUX_MIB_TCPKEEPALIVE, "TCPKeepAlive")                                                            \
	X(LINUX_MIB_TCPMTUPFAIL, "TCPMTUPFail")                                                              \
	X(LINUX_MIB_TCPMTUPSUCCESS, "TCPMTUPSuccess")                                                        \
	X(LINUX_MIB_TCPDELIVERED, "TCPDelivered")                                                            \
	X(LINUX_MIB_TCPDELIVEREDCE, "TCPDeliveredCE")                                                        \
	X(LINUX_MIB_TCPACKCOMPRESSED, "TCPAckCompressed")                                                    \
	X(LINUX_MIB_TCPZEROWINDOWDROP, "TCPZeroWindowDrop")                                                  \
	X(LINUX_MIB_TCPRCVQDROP, "TCPRcvQDrop")                                                              \
	X(LINUX_MIB_TCPWQUEUETOOBIG, "TCPWqueueTooBig")                                                      \
	X(LINUX_MIB_TCPFASTOPENPASSIVEALTKEY, "TCPFastOpenPassiveAltKey")                                    \
	X(LINUX_MIB_TCPTIMEOUTREHASH, "TCPTimeoutRehash")                                                    \
	X(LINUX_MIB_TCPDUPLICATEDATAREHASH, "TCPDuplicateDataRehash")                                        \
	X(LINUX_MIB_TCPDSACKRECVSEGS, "TCPDSACKRecvSegs")                                                    \
	X(LINUX_MIB_TCPDSACKIGNOREDDUBIOUS, "TCPDSACKIgnoredDubious")                                        \
	X(LINUX_MIB_TCPMIGRATEREQSUCCESS, "TCPMigrateReqSuccess")                                            \
	X(LINUX_MIB_TCPMIGRATEREQFAILURE, "TCPMigrateReqFailure")

#define SNMP_ENUM_(id, name) id,

enum { IPSTATS_MIB_NUM, IPSTATS_MIB_LIST(SNMP_ENUM_) __IPSTATS_MIB_MAX };
enum { ICMP_MIB_NUM, ICMP_MIB_LIST(SNMP_ENUM_) __ICMP_MIB_MAX };
enum { TCP_MIB_NUM, TCP_MIB_LIST(SNMP_ENUM_) __TCP_MIB_MAX };
enum { UDP_MIB_NUM, UDP_MIB_LIST(SNMP_ENUM_) __UDP_MIB_MAX };
enum { LINUX_MIB_NUM, LINUX_MIB_LIST(SNMP_ENUM_) __LINUX_MIB_MAX };

#undef SNMP_ENUM_

#define ICMPMSG_TYPES 20 /* ICMP types counted one by one; the last place collects all others */

struct netns_mib {
	uint64_t ip_statistics[__IPSTATS_MIB_MAX];
	uint64_t tcp_statistics[__TCP_MIB_MAX];
	uint64_t net_statistics[__LINUX_MIB_MAX];
	uint64_t udp_statistics[__UDP_MIB_MAX];
	uint64_t icmp_statistics[__ICMP_MIB_MAX];
	uint64_t icmpmsg_in[ICMPMSG_TYPES], icmpmsg_out[ICMPMSG_TYPES];
};

/* As Linux: the forms with __ are for softirq context there; they are the same here. */
#define SNMP_ADD_(net_, mib_, field_, n_) ((void)((net_)->mib.mib_[field_] += (uint64_t)(n_)))

#define IP_INC_STATS(net, field) SNMP_ADD_(net, ip_statistics, field, 1)
#define __IP_INC_STATS(net, field) SNMP_ADD_(net, ip_statistics, field, 1)
#define IP_ADD_STATS(net, field, val) SNMP_ADD_(net, ip_statistics, field, val)
#define __IP_ADD_STATS(net, field, val) SNMP_ADD_(net, ip_statistics, field, val)

/* Counts a packet and its octets: IP_UPD_PO_STATS(net, IPSTATS_MIB_OUT, len) adds to OUTPKTS and OUTOCTETS.
 */
#define IP_UPD_PO_STATS(net, field, val)                                                                     \
	do {                                                                                                 \
		SNMP_ADD_(net, ip_statistics, field##PKTS, 1);                                               \
		SNMP_ADD_(net, ip_statistics, field##OCTETS, val);                                           \
	} while (0)
#define __IP_UPD_PO_STATS(net, field, val) IP_UPD_PO_STATS(net, field, val)

#define NET_INC_STATS(net, field) SNMP_ADD_(net, net_statistics, field, 1)
#define __NET_INC_STATS(net, field) SNMP_ADD_(net, net_statistics, field, 1)
#define NET_ADD_STATS(net, field, adnd) SNMP_ADD_(net, net_statistics, field, adnd)
#define __NET_ADD_STATS(net, field, adnd) SNMP_ADD_(net, net_statistics, field, adnd)

#define TCP_INC_STATS(net, field) SNMP_ADD_(net, tcp_statistics, field, 1)
#define __TCP_INC_STATS(net, field) SNMP_ADD_(net, tcp_statistics, field, 1)
#define TCP_DEC_STATS(net, field) SNMP_ADD_(net, tcp_statistics, field, -1)
#define TCP_ADD_STATS(net, field, val) SNMP_ADD_(net, tcp_statistics, field, val)

#define UDP_INC_STATS(net, field, is_udplite) SNMP_ADD_(net, udp_statistics, field, 1)
#define __UDP_INC_STATS(net, field, is_udplite) SNMP_ADD_(net, udp_statistics, field, 1)

#define ICMP_INC_STATS(net, field) SNMP_ADD_(net, icmp_statistics, field, 1)
#define __ICMP_INC_STATS(net, field) SNMP_ADD_(net, icmp_statistics, field, 1)
#define ICMPMSG_INDEX_(type) ((unsigned)(type) < ICMPMSG_TYPES - 1 ? (unsigned)(type) : ICMPMSG_TYPES - 1)
#define ICMPMSGOUT_INC_STATS(net, type) SNMP_ADD_(net, icmpmsg_out, ICMPMSG_INDEX_(type), 1)
#define ICMPMSGIN_INC_STATS(net, type) SNMP_ADD_(net, icmpmsg_in, ICMPMSG_INDEX_(type), 1)

/* Printed name of a counter ("InReceives"), NULL when there is none of that number (internet/snmp.c). */
const char *snmp_ip_name(unsigned field);
const char *snmp_icmp_name(unsigned field);
const char *snmp_tcp_name(unsigned field);
const char *snmp_udp_name(unsigned field);
const char *snmp_linux_name(unsigned field);

#endif
