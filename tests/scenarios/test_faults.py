#!/usr/bin/env python3
"""What tshark's TCP analysis says of captures against what the links did and what the hosts counted.

A transfer runs over a link with one kind of fault, or with particular frames lost (faults/transfer.lua). tshark reads the
captures of both cards; its numbers must be those of the faults and of the counters, exactly. Where its words mean something else
than the stack's, the rule says so.

usage: test_faults.py WIREPATH
"""
import collections
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from tally import check, total

HERE = os.path.dirname(os.path.abspath(__file__))
CLIENT, SERVER = "10.0.2.15", "10.0.2.2"
AGAIN = ("fast_retransmission", "out_of_order", "spurious_retransmission", "retransmission")  # the first that fits is taken
OTHER = ("lost_segment", "duplicate_ack", "ack_lost_segment", "zero_window", "window_update", "window_full", "zero_window_probe",
         "zero_window_probe_ack", "keep_alive", "keep_alive_ack")

def acks(first, last):
    return ",".join("ACK.%d" % n for n in range(first, last + 1))


# Options of the run; what has to be flagged at the client's card, at the server's. D10 is sent 10 ms after D9, so RACK knows
# at the first SACK that it is lost: tshark, which waits for two duplicate ACKs, then takes the sender's repair for a segment out
# of order; the receiver has sent more ACKs by the time that it arrives. Without RACK the third duplicate ACK sets it off.
CASES = {
    "clean": ("", {}, {}),
    "one lost": ("drop=D10.1", {"out_of_order": 1}, {"lost_segment": 1, "fast_retransmission": 1}),
    "one lost, without RACK": ("drop=D10.1 sysctl=net.ipv4.tcp_recovery=0", {"fast_retransmission": 1},
                               {"lost_segment": 1, "fast_retransmission": 1}),
    "the first lost": ("drop=D1.1", {"fast_retransmission": 1}, {"lost_segment": 1, "fast_retransmission": 1}),
    # three in a row: one hole, three repairs; only the first is what the duplicate ACKs ask for
    "three lost": ("drop=D10.1,D11.1,D12.1", {"out_of_order": 3}, {"lost_segment": 1, "fast_retransmission": 1, "out_of_order": 2}),
    "two lost": ("drop=D10.1,D20.1", {"out_of_order": 2}, {"lost_segment": 2, "fast_retransmission": 1, "out_of_order": 1}),
    "a repair lost": ("drop=D10.1,D10.2", {"out_of_order": 1, "fast_retransmission": 1}, {"lost_segment": 1, "fast_retransmission": 1}),
    # D40 carries the FIN. One SACK comes for it, and after a quarter of the smallest RTT RACK believes it
    "the last but one lost": ("drop=D39.1", {"retransmission": 1}, {"lost_segment": 1, "retransmission": 1}),
    # the tail loss probe sends it again; the receiver sees nothing but a segment that is in order
    "the last lost": ("drop=D40.1", {"retransmission": 1}, {}),
    # the probe is the first to leave a hole behind it
    "the tail lost": ("drop=D38.1,D39.1,D40.1", {"retransmission": 3}, {"lost_segment": 1, "retransmission": 2}),
    "SYN lost": ("drop=SYN.1", {"retransmission": 1}, {}),
    # the client's timer and the server's expire within a millisecond: both send again
    "SYN-ACK lost": ("drop=SYNACK.1", {"retransmission": 2}, {"retransmission": 3}),
    "ACK of the handshake lost": ("drop=CACK.1", {}, {}),
    "the server's FIN lost": ("drop=CFIN.1", {}, {"retransmission": 1}),
    "ACKs lost": ("drop=ACK.3,ACK.4,ACK.5,ACK.20", {}, {}),
    "many ACKs lost": ("loss_acks=0.3", {}, {"retransmission": 1}),  # and the server's FIN
    # the tail loss probe is D11, whose ACK stands for all
    "all ACKs of the first window lost": ("drop=" + acks(1, 10), {}, {}),
    # nothing new to probe with: D10 again, which has arrived, and its D-SACK stands for all
    "all ACKs lost": ("bytes=14480 idle=1 drop=" + acks(1, 10), {"retransmission": 1}, {"spurious_retransmission": 1}),
    # late by less than a quarter of the RTT: RACK waits, nothing is sent again
    "reordered a little": ("reorder=0.1 reorder_delay=200us", {}, {"lost_segment": 2, "out_of_order": 2}),
    # Linux's probes of a closed window are empty and one byte back, which tshark calls keep-alive. A receiver whose program does
    # not read delays its ACKs by 40 ms, longer than the sender's tail loss probe waits: two probes send data again. On a real
    # kernel (6.1, veth) tshark and the counters have the same numbers; one of three window probes comes too soon to be answered.
    "closed window": ("read_after=3 bytes=1448000", {"retransmission": 2, "zero_window": 3, "window_update": 1, "keep_alive": 3},
                      {"retransmission": 2, "zero_window": 3, "window_update": 1, "keep_alive": 3}),
    "keepalive": ("idle=5", {"keep_alive": 2, "keep_alive_ack": 2}, {"keep_alive": 2, "keep_alive_ack": 2}),
    "duplicated": ("duplicate=0.2", {}, None),
    "ACKs duplicated": ("duplicate_acks=0.2", None, None),
    "reordered much": ("reorder=0.1 reorder_delay=4ms", None, None),
    "damaged": ("corrupt=0.1", None, None),
    "damaged unseen by the card": ("corrupt=0.1 corrupt_fcs_ok=true", None, None),
    "random losses": ("loss=0.1 bytes=289600", None, None),
    "random losses both ways": ("loss=0.05 loss_acks=0.2 bytes=289600", None, None),
}


class Run:
    """Counters of a run, the frames that came to the wire, what tshark says of each card."""

    def __init__(self, out):
        self.counters = {(h, n): int(v) for h, n, v in re.findall(r"C (\w+) (\S+) (-?\d+)", out)}
        self.frames = [(name, int(ack), int(window), fate == "passed")
                       for name, ack, window, fate in re.findall(r"F (\S+) (\d+) (\d+) (passed|lost)", out)]
        self.flags = {h: collections.Counter() for h in ("client", "server")}  # (from, flag)
        self.bad_sums = collections.Counter()
        self.bare = collections.Counter()  # the client's pure ACKs, by card

    def count(self, host, *names):
        return sum(self.counters.get((host, n), 0) for n in names)

    def again(self, card, who):
        return sum(self.flags[card][who, f] for f in AGAIN)

    def arrivals(self):
        """Of the client's segments at the server's card: what leaves a hole before it, what is not new."""
        order = {"SYN": 0, "FIN": 1 << 30}
        top, holes, old = -1, 0, 0
        for name, _, _, arrived in self.frames:
            kind = name.split(".")[0]
            if not arrived or not (kind in order or re.fullmatch(r"D\d+", kind)):
                continue
            at = order.get(kind, int(kind[1:]) if kind[0] == "D" else 0)
            holes += top >= 0 and at > top + 1 and kind != "FIN"
            old += at <= top
            top = max(top, at)
        return holes, old

    def repeated_acks(self, everywhere):
        """The server's pure ACKs that acknowledge nothing new; `everywhere`: also of those that are lost later."""
        before, n = None, 0
        for name, ack, window, arrived in self.frames:
            if not (arrived or everywhere) or name.split(".")[0] not in ("SYNACK", "ACK", "CFIN"):
                continue
            n += name.startswith("ACK") and ack == before and window > 0
            before = ack
        return n


def run_all(wirepath, tmp):
    runs = {}
    for i, (name, (options, _, _)) in enumerate(CASES.items()):
        sets = [a for o in options.split() + ["port=%d" % (4000 + i)] for a in ("--set", o)]
        r = subprocess.run([wirepath, "run", os.path.join(HERE, "faults", "transfer.lua"), "--no-trace", "--pcap", "-o",
                            os.path.join(tmp, str(i))] + sets, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        check(r.returncode == 0, "%s: exit %d\n%s" % (name, r.returncode, r.stdout))
        runs[4000 + i] = runs[name] = Run(r.stdout)
    return runs


def analyse(runs, tmp, card):
    """All captures of one card in one pass: each run has a port of its own."""
    merged = os.path.join(tmp, card + ".pcapng")
    subprocess.run(["mergecap", "-w", merged] + [os.path.join(tmp, str(i), card + ".eth0.pcapng") for i in range(len(CASES))], check=True)
    fields = ["ip.src", "tcp.srcport", "tcp.dstport", "tcp.len", "tcp.flags", "tcp.checksum.status", "ip.checksum.status"]
    flags = ["tcp.analysis." + f for f in AGAIN + OTHER]
    r = subprocess.run(["tshark", "-r", merged, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-Y", "tcp", "-T",
                        "fields"] + [a for f in fields + flags for a in ("-e", f)],
                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    for line in r.stdout.splitlines():
        src, sport, dport, length, bits, tcp_sum, ip_sum, *marks = line.split("\t")
        run = runs.get(int(dport) if src == CLIENT else int(sport))
        if run is None:  # damaged beyond that
            continue
        who = "client" if src == CLIENT else "server"
        run.bad_sums[card] += "0" in (tcp_sum, ip_sum)
        run.bare[card] += who == "client" and length == "0" and not int(bits, 16) & 7
        again = next((f for f, m in zip(AGAIN, marks) if m), None)
        for flag in [again] * bool(again) + [f for f, m in zip(OTHER, marks[len(AGAIN):]) if m]:
            run.flags[card][who, flag] += 1


def equal(case, what, have, want):
    check(have == want, "%s: %s: tshark %s, the simulator %s" % (case, what, have, want))


def rules_for_all(case, run):
    for host in ("client", "server"):
        # whatever tshark calls it: at the sender's card each segment that is not new is one that the sender counts
        again = run.again(host, host)
        if case == "ACKs duplicated" and host == "client":
            again -= run.flags[host]["client", "spurious_retransmission"]
        equal(case, host + "'s retransmissions at its card", again, run.count(host, "Tcp:RetransSegs"))
        # a card sees what its host sends and what its host acknowledges, so nothing can be missing there
        for flag in ("lost_segment", "ack_lost_segment"):
            equal(case, "%s of %s at its card" % (flag, host), run.flags[host][host, flag], 0)
        for flag in ("zero_window_probe", "zero_window_probe_ack"):
            equal(case, flag, run.flags[host]["client", flag] + run.flags[host]["server", flag], 0)
    sent = run.count("server", "TcpExt:TCPOFOQueue", "TcpExt:TCPDSACKOldSent") - run.count("server", "TcpExt:TCPAckCompressed")
    shown = run.flags["server"]["server", "duplicate_ack"] + run.flags["server"]["server", "window_update"]
    if case == "closed window":
        # the D-SACKs: one with a new acknowledgement, one with a window of 0; the update: the window opens
        equal(case, "window updates", run.flags["server"]["server", "window_update"], run.count("server", "TcpExt:TCPFromZeroWindowAdv"))
        equal(case, "window probes", run.flags["client"]["client", "keep_alive"], run.count("client", "TcpExt:TCPWinProbe"))
        equal(case, "closed windows", run.flags["server"]["server", "zero_window"], sum(f[0][:3] == "ACK" and not f[2] for f in run.frames))
        equal(case, "repeated ACKs", run.flags["server"]["server", "duplicate_ack"], run.repeated_acks(True) - 1)
    elif case == "keepalive":
        equal(case, "keepalives", run.flags["client"]["client", "keep_alive"], run.count("client", "TcpExt:TCPKeepAlive"))
        equal(case, "answers", run.flags["client"]["server", "keep_alive_ack"], run.repeated_acks(False))
    else:
        # each segment out of order, and each that was there already, is answered at once, unless several answers become one.
        # Where an ACK was being delayed (not in the first 16 segments of a connection), the answer acknowledges that, too
        slack = 0 if "drop=" in CASES[case][0] else run.count("client", "Link:lost", "Link:reordered", "Link:corrupted")
        check(sent - slack <= shown <= sent, "%s: the server's repeated ACKs at its card: tshark %d, the simulator %d, of which %d may "
              "acknowledge a delayed segment" % (case, shown, sent, slack))
        equal(case, "the server's repeated ACKs", shown, run.repeated_acks(True))


def rules_for_lost_frames(case, run):
    """Only frames of our choice were lost: the list of frames has what came to each card."""
    if case == "closed window":
        return  # its segments are not all whole
    holes, old = run.arrivals()
    equal(case, "holes at the receiver's card", run.flags["server"]["client", "lost_segment"], holes)
    equal(case, "segments that are not new at the receiver's card", run.again("server", "client"), old)
    equal(case, "segments that had been acknowledged", run.flags["server"]["client", "spurious_retransmission"],
          run.count("server", "TcpExt:TCPDSACKOldSent"))
    shown = run.flags["client"]["server", "duplicate_ack"] + run.flags["client"]["server", "window_update"]
    if case != "keepalive":
        equal(case, "the server's repeated ACKs at the client's card", shown, run.repeated_acks(False))


def rules_for_random_faults(case, run):
    link = run.counters
    spurious = run.count("server", "TcpExt:TCPDSACKOldSent", "TcpExt:TCPDSACKOfoSent")
    repairs = run.count("client", "Tcp:RetransSegs") - spurious
    server = run.flags["server"]
    if case.startswith("random losses"):
        # what was lost was repaired once, but for ACKs; what else was sent again had arrived: the receiver says so
        equal(case, "losses", run.again("client", "client") - server["client", "spurious_retransmission"] + run.bare["client"] - run.bare["server"],
              link["client", "Link:lost"])
        equal(case, "repairs", repairs, link["client", "Link:lost"] - (run.bare["client"] - run.bare["server"]))
    elif case == "duplicated":
        equal(case, "twins", run.again("server", "client") + server["client", "duplicate_ack"], link["client", "Link:duplicated"])
    elif case == "ACKs duplicated":
        # the twins of the SYN-ACK and of the FIN are segments that come again
        equal(case, "twins", run.flags["client"]["server", "duplicate_ack"] + run.again("client", "server"),
              link["server", "Link:duplicated"])
    elif case.startswith("reordered"):
        # overtaken is who has one behind it that came before
        equal(case, "overtaken", run.again("server", "client"), server["client", "lost_segment"] + spurious)
    elif case.startswith("damaged"):
        # the capture has them, so there is no hole; the card or the checksum refuses them
        equal(case, "damaged frames", run.bad_sums["server"], link["client", "Link:corrupted"])
        equal(case, "repairs", run.again("server", "client"), link["client", "Link:corrupted"])
        refused = link["client", "Link:corrupted"] if "unseen" in case else 0
        equal(case, "refused by checksum", run.count("server", "Tcp:InCsumErrors"), refused)


def main():
    wirepath = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as tmp:
        runs = run_all(wirepath, tmp)
        for card in ("client", "server"):
            analyse(runs, tmp, card)
        for case, (options, *expected) in CASES.items():
            run = runs[case]
            for card, flags in zip(("client", "server"), expected):
                if flags is None:
                    continue
                have = collections.Counter()
                for (_, flag), n in run.flags[card].items():
                    have[flag] += n
                for ignored in ("duplicate_ack", "window_full") + (() if case == "closed window" else ("window_update",)):
                    have.pop(ignored, None)  # the rules look at these
                check(dict(have) == flags, "%s: at the %s's card %s, expected %s" % (case, card, dict(have), flags))
            rules_for_all(case, run)
            if "drop=" in options or "=" not in options or case in ("closed window", "keepalive"):
                rules_for_lost_frames(case, run)
            else:
                rules_for_random_faults(case, run)
    return total()


sys.exit(main())
