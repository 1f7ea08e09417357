#!/usr/bin/env python3
"""Runs the scenarios as a user would and checks what users rely on: exit codes, charts, captures, digests.

usage: test_scenarios.py WIREPATH
"""
import glob
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from tally import check, total

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SHARED = os.path.join(os.path.dirname(ROOT), "shared")
SCENARIOS = sorted(glob.glob(os.path.join(ROOT, "scenarios", "*.lua")))
# scenarios that lose segments; in the captures of all others tshark's analysis of TCP has nothing to say
LOSSY = {"congestion_control", "cubic_window", "lossy_link", "pmtu_blackhole"}
# but for this: the firewall drops a SYN, which is sent again
ALLOWED = {"firewall": "tcp.analysis.retransmission and tcp.flags.syn == 1"}

def run(args, **kw):
    return subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **kw)


def name_of(scenario):
    return os.path.basename(scenario)[:-4]


def run_scenarios(wirepath, tmp):
    for s in SCENARIOS:
        d = os.path.join(tmp, name_of(s))
        r = run([wirepath, "run", s, "-o", d, "--pcap"])
        check(r.returncode == 0, "%s: exit %d\n%s" % (name_of(s), r.returncode, r.stderr))
        check("results: " + d in r.stdout, name_of(s) + ": the summary names the run folder")


def charts_of_the_documents(wirepath, tmp):
    """Every edge of the documents' charts that is listed in edges.txt shows in the traces."""
    folded = []
    for s in SCENARIOS:
        path = os.path.join(tmp, name_of(s) + ".folded")
        r = run([wirepath, "export", os.path.join(tmp, name_of(s)), "--format", "folded", "-o", path])
        check(r.returncode == 0, "export of %s: %s" % (name_of(s), r.stderr))
        folded.append(path)
    near = set()
    for path in folded:
        for line in open(path):
            stack = line.rsplit(" ", 1)[0].split(";")
            for j, callee in enumerate(stack):
                for caller in stack[max(0, j - 3):j]:
                    near.add((caller, callee))
    for line in open(os.path.join(HERE, "edges.txt")):
        words = line.split("#")[0].split()
        if words:
            check((words[0], words[1]) in near, "no call of %s under %s" % (words[1], words[0]))


# what the documents draw of what wirepath does not have: IPv6, UNIX, netlink and ALG sockets, NC-SI, the watchdog
ABSENT = {"netlink_proto_init -> sock_register", "af_unix_init -> sock_register", "af_alg_init -> sock_register",
          "ftgmac100_probe -> ncsi_register_dev", "dev_watchdog -> ftgmac100_tx_timeout", "inet6_init -> sock_register",
          "inet6_init -> inet6_register_protosw", "tcpv6_init -> inet6_add_protocol",
          "ip6_protocol_deliver_rcu -> tcp_v6_rcv"}


def coverage(wirepath, tmp):
    """All that the documents draw shows in the stacks, with what a call set off below it; no call is lost on the way there."""
    followed = []
    for s in SCENARIOS:
        path = os.path.join(tmp, name_of(s) + ".folded")
        r = run([wirepath, "export", os.path.join(tmp, name_of(s)), "--format", "folded", "--follow", "1"])
        check(r.returncode == 0, "export --follow of %s: %s" % (name_of(s), r.stderr))
        count = [sum(int(line.rsplit(" ", 1)[1]) for line in text.splitlines()) for text in (r.stdout, open(path).read())]
        check(count[0] == count[1], "%s: %d calls followed, %d as they ran" % (name_of(s), *count))
        followed.append(path + "-followed")
        open(followed[-1], "w").write(r.stdout)
    charts = os.path.join(HERE, "..", "..", "..", "shared", "charts")
    r = run([sys.executable, os.path.join(charts, "coverage.py"), os.path.join(charts, "edges.tsv")] + followed)
    missing = {line.split("\t")[1] for line in r.stdout.splitlines() if "\t" in line}
    check("seed edges" in r.stdout, "coverage.py says: %s%s" % (r.stdout, r.stderr))
    check(missing == ABSENT, "edges missing: %s; not missing any more: %s" % (missing - ABSENT, ABSENT - missing))


def captures(wirepath, tmp):
    if not os.path.exists("/usr/bin/tshark"):
        check(False, "tshark is not installed")
        return
    for pcap in sorted(glob.glob(os.path.join(tmp, "*", "*.pcapng"))):
        # what an ICMP error quotes is cut off, so its checksums tell nothing
        what = ["_ws.malformed", "(tcp.checksum.status == 0 and not icmp)", "(ip.checksum.status == 0 and not icmp)"]
        name = os.path.basename(os.path.dirname(pcap))
        what.append("tcp.analysis.ack_lost_segment" if name in LOSSY
                    else "(tcp.analysis.flags and not (%s))" % ALLOWED.get(name, "frame.number == 0"))
        r = run(["tshark", "-r", pcap, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-Y",
                 " or ".join(what)])
        check(r.returncode == 0 and not r.stdout.strip(), "%s: %s%s" % (os.path.basename(pcap), r.stdout, r.stderr))


def digest(wirepath, d):
    return run([wirepath, "digest", d]).stdout


def digests(wirepath, tmp):
    """The same run under every circumstance that must not matter; another seed makes another run."""
    lossy = os.path.join(ROOT, "scenarios", "lossy_link.lua")
    ways = {
        "again": ([], {}),
        "other locale and time zone": (["env", "LC_ALL=de_DE.UTF-8", "TZ=Asia/Tokyo"], {}),
        "large environment": (["env", "FILLER=" + "x" * 20000], {}),
        "without address randomisation": (["setarch", "-R"], {}),
        "other folder": ([], {"cwd": "/"}),
    }
    for s in SCENARIOS:
        want = digest(wirepath, os.path.join(tmp, name_of(s)))
        check(want.startswith("run "), name_of(s) + ": has a digest")
        for way, (prefix, kw) in ways.items():
            d = os.path.join(tmp, "again")
            r = run(prefix + [wirepath, "run", s, "-o", d], **kw)
            check(r.returncode == 0 and digest(wirepath, d) == want, "%s: digest, %s" % (name_of(s), way))
        d = os.path.join(tmp, "untraced")
        run([wirepath, "run", s, "-o", d, "--no-trace"])
        check(digest(wirepath, d).split("\n")[0] == want.split("\n")[0], name_of(s) + ": digest without a trace")
    d = os.path.join(tmp, "seed")
    run([wirepath, "run", lossy, "-o", d, "--seed", "2"])
    check(digest(wirepath, d) != digest(wirepath, os.path.join(tmp, "lossy_link")), "another seed, another digest")
    r = run([wirepath, "diff", d, os.path.join(tmp, "lossy_link")])
    check(r.returncode == 1 and "first difference" in r.stdout, "diff of two seeds: " + r.stdout + r.stderr)
    r = run([wirepath, "diff", os.path.join(tmp, "tcp_handshake"), os.path.join(tmp, "tcp_handshake")])
    check(r.returncode == 0 and r.stdout == "equal\n", "diff of a run with itself: " + r.stdout + r.stderr)


def stacks(wirepath, d):
    out = run([wirepath, "export", d, "--format", "folded"]).stdout
    return [line.rsplit(" ", 1)[0].split(";")[2:] for line in out.splitlines()]


def filters(wirepath, tmp):
    """What a filter leaves out makes gaps, never calls that were not made."""
    within = {(a, b) for s in stacks(wirepath, os.path.join(tmp, "tcp_handshake")) for j, b in enumerate(s) for a in s[:j]}
    d = os.path.join(tmp, "filtered")
    for text in ("fn=tcp_*", "layer=transport", "fn=ip_*,fn=sys_*,host=client"):
        r = run([wirepath, "run", os.path.join(ROOT, "scenarios", "tcp_handshake.lua"), "-o", d, "--trace", text])
        found = stacks(wirepath, d)
        false = {(a, b) for s in found for a, b in zip(s, s[1:])} - within
        check(r.returncode == 0 and found and not false, "filter %s: calls that were not made: %s" % (text, false))


def main():
    wirepath = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as tmp:
        run_scenarios(wirepath, tmp)
        charts_of_the_documents(wirepath, tmp)
        coverage(wirepath, tmp)
        captures(wirepath, tmp)
        digests(wirepath, tmp)
        filters(wirepath, tmp)
    return total()


sys.exit(main())
