#!/usr/bin/env python3
"""Congestion control against theory: each run below gives a figure, each formula the range in which it has to lie.
stack/transport/CONGESTION.md has the same runs with what was measured; what it says must still be so.

usage: test_congestion.py WIREPATH           the runs marked quick
       test_congestion.py WIREPATH --all     all of them; prints the tables of CONGESTION.md
"""
import math
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from tally import check, total

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DOC = os.path.join(ROOT, "stack", "transport", "CONGESTION.md")
MSS, FRAME = 1448, 1538  # bytes of payload in a full segment, bytes of it on the wire
SHARE = MSS / FRAME

def run(wirepath, scenario, options, tmp):
    sets = [a for o in options.split() for a in ("--set", o)]
    r = subprocess.run([wirepath, "run", os.path.join(ROOT, "scenarios", scenario + ".lua"), "--no-trace", "-o", tmp] + sets,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    check(r.returncode == 0, "%s %s: exit %d\n%s" % (scenario, options, r.returncode, r.stdout))
    return r.stdout


# ---- theory: Mbit/s, unless it says otherwise; RTT in s, rates in Mbit/s ----

def mbit(segments_per_second):
    return segments_per_second * MSS * 8 / 1e6


def mathis(rtt, p):
    """The square-root law: MSS / RTT * sqrt(3 / 2p). Linux counts the segments an ACK acknowledges, not ACKs, so this is
    the law without delayed ACKs, although the receiver delays them."""
    return mbit(math.sqrt(1.5 / p) / rtt)


def saw_tooth(rtt, n):
    """The same for each n-th segment lost, with the two round trips in which nothing grows: until the loss is known, and
    while it is repaired (PRR: half a window is sent). n = 3/8 W^2 + W."""
    w = (math.sqrt(1 + 1.5 * n) - 1) / 0.75
    return mbit(n / (w / 2 + 2) / rtt)


def pftk(rtt, p):
    """Padhye et al. 1998, with Linux's RTO of 200 ms above the RTT: the law with a timeout for each small window."""
    per_segment = rtt * math.sqrt(2 * p / 3) + (rtt + 0.2) * min(1, 3 * math.sqrt(3 * p / 8)) * p * (1 + 32 * p * p)
    return mbit(1 / per_segment)


def cubic_response(rtt, p):
    """RFC 8312, 5.2: the average window is (C (3 + beta) / (4 (1 - beta)))^(1/4) (RTT / p)^(3/4), 1.054 of it."""
    return mbit((0.4 * 3.7 / 1.2) ** 0.25 * (rtt / p) ** 0.75 / rtt)


def cubic_cycle(rtt, n, late):
    """The same for a loss that comes `late` seconds after the plateau's middle. Windows are whole packets, so all of
    0.4 t^3 < 1, 1.36 s to each side, is the same plateau, and any loss in it repeats itself."""
    low, high = 1.0, 1e6
    while high - low > 1e-6:
        wmax = (low + high) / 2
        k = (0.3 * wmax / 0.4) ** (1 / 3)
        t = max(k + late, 0.1)
        packets = (wmax * t + 0.1 * (late ** 4 - k ** 4) + 0.85 * wmax * rtt) / rtt
        low, high = (low, wmax) if packets > n else (wmax, high)
    return mbit(n / (t + rtt))


def bbr_rate(rate, rtt, p=0.0):
    """The bottleneck's, less the 200 ms and one RTT of each 10 s in which PROBE_RTT sends four packets a RTT."""
    return rate * SHARE * (1 - p) * (1 - (0.2 + rtt) / 10)


def bbr_quantum(rate):
    """Segments that leave together: what the pacing rate is in 1/1024 s, two at the least."""
    return max(2, int(rate * 1e6 * SHARE / 8 / 1024 / MSS))


def bdp(rate, rtt):
    return rate * 1e6 * rtt / 8 / FRAME


# ---- the runs ----

QUICK, SLOW = True, False
CASES = []  # (section, scenario, options, quick, what is measured, theory as text, low, high)


def add(section, options, quick, what, theory, low, high, scenario="congestion_control"):
    CASES.append((section, scenario, options, quick, what, theory, low, high))


def clean_links():
    for cc, rate, rtt, quick in (("reno", 10, 40, QUICK), ("cubic", 10, 40, SLOW), ("cubic", 100, 10, SLOW), ("cubic", 1000, 2, SLOW),
                                 ("reno", 1, 100, QUICK)):
        queue = max(50, int(bdp(rate, rtt / 1000)))
        full = rate * SHARE
        add("clean", "cc=%s flows=1 rate=%d rtt=%d queue=%d seconds=%d" % (cc, rate, rtt, queue, 3 if rate == 1000 else 15), quick,
            "goodput", "%.2f" % full, 0.995 * full, 1.002 * full)


def reno_law():
    for rtt, n, quick in ((20, 100, SLOW), (20, 400, SLOW), (20, 1600, SLOW), (40, 100, QUICK), (40, 400, QUICK), (40, 1600, SLOW),
                          (80, 100, SLOW), (80, 400, QUICK), (80, 1600, SLOW)):
        law = mathis(rtt / 1000, 1 / n)
        add("reno", "cc=reno flows=1 rate=100 queue=1000 rtt=%d every=%d seconds=60" % (rtt, n), quick, "goodput",
            "%.2f; %.2f" % (law, saw_tooth(rtt / 1000, n)), 0.88 * saw_tooth(rtt / 1000, n), law)
    for p, quick in ((0.001, SLOW), (0.0025, SLOW), (0.01, QUICK), (0.03, SLOW)):
        law = mathis(0.04, p)
        add("reno random", "cc=reno flows=1 rate=100 queue=1000 rtt=40 loss=%s seconds=120" % p, quick, "goodput",
            "%.2f; %.2f" % (law, pftk(0.04, p)), 0.85 * pftk(0.04, p), 1.15 * law)


def cubic():
    for rtt, n, seconds, quick in ((100, 5000, 60, SLOW), (200, 5000, 60, SLOW), (100, 20000, 60, SLOW), (200, 20000, 120, SLOW)):
        add("cubic", "cc=cubic flows=1 rate=100 queue=1000 rtt=%d every=%d from=60 seconds=%d" % (rtt, n, seconds), quick, "goodput",
            "%.2f" % cubic_response(rtt / 1000, 1 / n), 0.97 * cubic_cycle(rtt / 1000, n, 1.36), 1.03 * cubic_cycle(rtt / 1000, n, -1.36))
    for rtt, n in ((20, 400), (40, 400)):
        law = mathis(rtt / 1000, 1 / n)
        add("cubic", "cc=cubic flows=1 rate=100 queue=1000 rtt=%d every=%d seconds=60" % (rtt, n), QUICK if rtt == 40 else SLOW,
            "goodput", "%.2f (Reno's law)" % law, 0.8 * law, 1.02 * law)


def bbr():
    for rate, rtt, p, quick in ((10, 10, 0, SLOW), (10, 40, 0, QUICK), (20, 100, 0, SLOW), (50, 20, 0, SLOW), (10, 40, 0.01, QUICK),
                                (20, 100, 0.01, SLOW), (50, 20, 0.01, SLOW)):
        options = "cc=bbr flows=1 rate=%d rtt=%d queue=400 loss=%s seconds=40" % (rate, rtt, p)
        rtt /= 1000
        want, q = bbr_rate(rate, rtt, p), bbr_quantum(rate)
        peak = bdp(rate, rtt) / 4 + 3 * q
        add("bbr", options, quick, "goodput", "%.2f" % want, 0.97 * want, rate * SHARE * (1 - p))
        add("bbr queue", options, quick, "queue mean", "%d" % (3 * q), 0.4 * 3 * q, 1.7 * 3 * q)
        if not p:
            add("bbr queue", options, quick, "queue most", "%.0f" % peak, 0.8 * peak, 1.3 * peak)
    add("bbr", "cc=cubic flows=1 rate=50 rtt=20 queue=400 loss=0.01 seconds=40", QUICK, "goodput",
        "%.2f (Reno's law)" % mathis(0.02, 0.01), 0.7 * mathis(0.02, 0.01), 1.1 * mathis(0.02, 0.01))


def fairness():
    for cc in ("reno", "cubic", "bbr"):
        for n in (2, 4, 8, 16):
            queue, seconds = (200, "from=20 seconds=60") if cc == "bbr" else (50, "from=10 seconds=30")
            add("fairness", "cc=%s flows=%d queue=%d %s" % (cc, n, queue, seconds), QUICK if n == 4 else SLOW, "Jain", "1",
                0.9 if cc == "bbr" else 0.95, 1)
    for n in (2, 4, 8, 16):
        add("fairness", "cc=dctcp flows=%d from=5 seconds=20" % n, SLOW, "Jain", "1", 0.95, 1, "ecn_marking")
    for cc, low, high, theory in (("reno", 1.7, 4, "1.7 to 4"), ("cubic", 0.8, 2, "1 to 2"), ("bbr", 0.1, 0.9, "below 1")):
        add("unequal", "cc=%s rtts=20,80 queue=%d from=20 seconds=60" % (cc, 200 if cc == "bbr" else 50), SLOW, "ratio", theory, low, high)


def marking():
    for n, mark, quick in ((1, 25, SLOW), (2, 25, SLOW), (4, 25, QUICK), (8, 25, SLOW), (1, 50, SLOW)):
        options = "cc=dctcp flows=%d rate=10 rtt=40 mark=%dms from=5 seconds=10" % (n, mark)
        k = mark / 1000 * 1e7 / 8 / FRAME
        w = (bdp(10, 0.04) + 32 + k) / n  # 32: the ring of the router's card
        peak, amplitude = k + n, 0.5 * math.sqrt(2 * n * n * w)
        add("dctcp", options, quick, "alpha", "%.3f" % math.sqrt(2 / w), 2 / w, 1.05 * math.sqrt(2 / w), "ecn_marking")
        add("dctcp", options, quick, "queue most", "%.0f" % peak, 0.8 * peak, peak + 2 * n + 2, "ecn_marking")
        add("dctcp", options, quick, "queue least", "%.0f" % (peak - amplitude), 0.4 * (peak - amplitude), peak, "ecn_marking")
        add("dctcp", options, quick, "goodput", "%.2f" % (10 * SHARE), 9.36, 9.42, "ecn_marking")


# ---- measuring ----

def measured(what, out):
    if what == "ratio":
        a, b = (float(x) for x in re.findall(r"flow \d+: ([\d.]+)", out))
        return a / b
    pattern = {"goodput": r": ([\d.]+) of", "Jain": r"Jain ([\d.]+)", "queue mean": r"queue: mean ([\d.]+)", "alpha": r"alpha: ([\d.]+)",
               "queue most": r"(?:most|to) (\d+) (?:frames|packets)", "queue least": r"(\d+) to \d+ packets"}[what]
    m = re.search(pattern, out)
    return float(m.group(1)) if m else math.nan


def main():
    wirepath, everything = os.path.abspath(sys.argv[1]), "--all" in sys.argv
    doc = open(DOC).read()
    outputs = {}
    for part in (clean_links, reno_law, cubic, bbr, fairness, marking):
        part()
    with tempfile.TemporaryDirectory() as tmp:
        section = None
        for name, scenario, options, quick, what, theory, low, high in CASES:
            if not quick and not everything:
                continue
            if (scenario, options) not in outputs:
                outputs[scenario, options] = run(wirepath, scenario, options, tmp)
            have = measured(what, outputs[scenario, options])
            check(low <= have <= high, "%s: %s is %g, theory says %s (%.4g to %.4g)" % (options, what, have, theory, low, high))
            shown = "%.3f" % have if what in ("Jain", "alpha") else "%.0f" % have if what in ("queue most", "queue least") else "%.2f" % have
            row = r"\| `%s` \| %s \| %s \| ([\d.]+) \|" % (re.escape(options), re.escape(what), re.escape(theory))
            said = re.search(row, doc)
            check(said and abs(float(said.group(1)) - have) <= 0.05 * have + 0.05,
                  "CONGESTION.md says %s of %s, %s: measured is %s" % (said and said.group(1), options, what, shown))
            if everything:
                print(("" if name == section else "\n" + name + "\n\n") + "| `%s` | %s | %s | %s |" % (options, what, theory, shown))
                section = name
        out = run(wirepath, "cubic_window", "from=200 seconds=12", tmp)
        curve = re.findall(r"t = +(\d+) s: window +(\d+), curve +([\d.]+)", out)
        check(len(curve) == 12, "cubic_window prints 12 seconds")
        for t, window, w in curve:
            check(abs(int(window) - float(w)) <= 2 + 0.003 * float(w), "CUBIC's curve at %s s: %s, formula %s" % (t, window, w))
            check("| %s | %s | %s |" % (t, w, window) in doc, "CONGESTION.md says of %s s: %s, %s" % (t, w, window))
    return total()


sys.exit(main())
