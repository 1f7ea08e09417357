#!/usr/bin/env python3
"""Runs the programs of golden/ and compares the call trees with those of the real kernel.

usage: test_golden.py WIREPATH [-v] [--parts]

The traces are those of golden/ and of traces/ beside this file.

Each kind of kinds.lua runs under several circumstances (see VARIANTS); the units of all these runs are pooled, and
each golden file must be covered by them: see compare.py for what counts, and differences.txt for what is known
to differ. A line of differences.txt that explains a part which is not missing any more is an error as well.
"""
import glob
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # the source tree stays clean

import compare

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.normpath(os.path.join(HERE, "../../../shared/golden"))

FILES = """tcp-client tcp-server tcp-refused-client tcp-refused-server tcp-syn-retransmit-client
    tcp-rto-client tcp-rto-server tcp-fast-retransmit-client tcp-fast-retransmit-server tcp-bulk-client
    tcp-bulk-server tcp-zero-window-client tcp-zero-window-server tcp-zero-window-probe-client
    tcp-nonblock-epoll-client tcp-nonblock-epoll-server tcp-loopback-client arp-fail-tcp-client
    arp-resolve-client arp-resolve-server arp-fail-udp-client arp-fail-udp-recverr-client
    udp-client udp-server udp-loopback-client udp-fragment-client udp-fragment-server
    udp-refused-client udp-refused-server napi-burst-client napi-burst-server
    icmp-ping-socket-client icmp-ping-socket-server raw-client raw-server packet-raw-client packet-raw-server
    forward-ping-client forward-ping-router forward-ping-server
    if-down-client if-up-client boot-host""".split()

# Functions take no time, and background timers get to run; a slow reader; a slow CPU on a fast wire (as QEMU's,
# which sends within the register write); both; so that interrupts fall into everything.
VARIANTS = {
    "instant": ["--set", "tail=130s"],
    "nap": ["--set", "nap=7ms"],
    "far": ["--profile", "ast2500", "--set", "rate=100Gbit", "--set", "delay=100us"],
    "slow": ["--profile", "ast2500", "--set", "rate=100Mbit", "--set", "delay=5us", "--set", "nap=7ms"],
    "near": ["--profile", "ast2500", "--set", "rate=1Gbit", "--set", "delay=5us"],
}

# The kinds, each with the circumstances beside "near" that golden's units of it (or of others) fell into.
KINDS = {
    "tcp": "instant nap slow", "tcp-refused": "instant", "tcp-syn-retransmit": "", "tcp-rto": "instant",
    "tcp-fast-retransmit": "instant slow", "tcp-bulk": "instant", "tcp-zero-window": "nap slow",
    "tcp-nonblock-epoll": "instant", "tcp-loopback": "slow", "arp-fail-tcp": "", "arp-resolve": "",
    "arp-fail-udp": "", "arp-fail-udp-recverr": "", "udp": "instant", "udp-loopback": "slow",
    "udp-fragment": "far", "udp-refused": "", "napi-burst": "nap", "icmp-ping-socket": "", "raw": "",
    "packet-raw": "", "forward-ping": "instant", "if-down": "instant", "igmp-multicast": "instant",
    "icmp-raw-socket": "", "forward-ttl-exceeded": "", "forward-no-route": "", "frag-timeout": "instant",
    "icmp-errors": "instant", "forward-options": "instant",
}

def call(*args):
    r = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if r.returncode:
        sys.exit("%s\nexit code %d:\n%s" % (" ".join(args), r.returncode, r.stdout))
    return r.stdout


def run_all(wirepath, folder):
    """-> the exported texts of all runs"""
    texts = []
    for kind, more in KINDS.items():
        for variant in ["near"] + more.split():
            run = os.path.join(folder, "run")
            call(wirepath, "run", os.path.join(HERE, "kinds.lua"), "--set", "kind=" + kind, "-o", run, *VARIANTS[variant])
            for host in ("client", "server", "router")[:3 if kind.startswith("forward-") else 2]:
                texts.append(os.path.join(folder, "%s-%s-%s.txt" % (kind, variant, host)))
                with open(texts[-1], "w") as out:
                    out.write(call(wirepath, "export", run, "--format", "calls", "--host", host))
    return texts


def main():
    args = [a for a in sys.argv[1:] if not a.startswith("-")]
    if len(args) != 1:
        sys.exit(__doc__)
    if not os.path.isdir(GOLDEN):
        sys.exit("test_golden: the traces of a real kernel are missing: %s" % GOLDEN)
    rules = compare.Rules(compare.RULES)
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        ours = compare.Ours(run_all(os.path.abspath(args[0]), folder), rules)
        files = [os.path.join(GOLDEN, name + ".txt") for name in FILES]
        for path in files + sorted(glob.glob(os.path.join(HERE, "traces", "*.txt"))):
            name = os.path.basename(path)[:-4]
            count = compare.compare(path, ours, rules, "-v" in sys.argv, "--parts" in sys.argv)
            print("%-32s %s" % (name, ", ".join("%d %s" % (n, k) for k, n in count.items() if n)))
            failed += count["different"]
            passed += sum(count.values()) - count["different"]
    for line in rules.unused():
        print("differences.txt:%d: nothing differs there any more" % line)
        failed += 1
    print("%d passed, %d failed" % (passed, failed))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
