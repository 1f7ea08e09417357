#!/usr/bin/env python3
"""The host's commands against the real tools on a real kernel (commands/linux.txt, recorded by commands/record.sh),
and what is ours alone: how host:sh() answers, the scenarios that show the commands.

usage: test_commands.py WIREPATH
"""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from tally import check, total

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
COMMANDS = os.path.join(HERE, "commands")
# What differs between a run of ours and one of a real kernel, and between any two runs. Each: pattern, replacement.
NORMAL = [
    (r"eth0@if\d+:", "eth0:"),
    (r"eth0@if\d ", "eth0     "),
    (r" link-netns \S+", ""),
    (r" *inet6 .*\n +valid_lft .*\n", ""),
    (r"(?m)^ +inet6 .*prefixlen.*\n", ""),
    (r"((?:RX|TX) packets) \d+  bytes .*", r"\1 N"),
    (r"(::1|fe80)\S+ ", ""),
    (r"qdisc \S+", "qdisc Q"),
    (r"time=[\d.]+ ms", "time=T ms"),
    (r", time \d+ms", ", time T"),
    (r"mdev = [\d./]+ ms", "mdev = T"),
    (r"ipg/ewma [\d./]+ ms", "ipg/ewma T"),
    (r"(?m)^\[\d+\.\d{6}\] ", "[TIME] "),
    (r"\t\d+ absolute", r"\tT absolute"),
    (r"\d+/(python3|client|server) +", "PID/NAME "),
    (r'users:\(\("\w+",pid=\d+,fd=\d+\)\)', "users:OWNER"),
    (r"(ESTABLISHED 0          )\d+", r"\1INODE"),
    (r"  [\d.]+ ms", "  T ms"),
    (r"(?m)^( *(?:lo|eth0): )[ \d]+$", r"\1N"),
    (r"(?m)^((?:lo|eth0) +\d+)[ \d]+ ", r"\1 N "),
    (r"(?m)^ +\d+( +\d+)+ $", "N"),
    # sockets: inode, references and address; the hash chain of a UDP socket; timers' clocks
    (r"(0 +0 )\d+ \d [0-9a-f]{8,16}", r"\1I R P"),
    (r"(?m)^ *\d+: (\S+:\S+ \S+:\S+ 0[71])", r"S: \1"),
    (r" +\n", "\n"),
]


def normal(text):
    for pattern, to in NORMAL:
        text = re.sub(pattern, to, text)
    return text


def blocks(text):
    """[("client$ ip link", output and "= STATUS")]"""
    return re.findall(r"(?ms)^((?:client|server)\$ [^\n]*)\n(.*?^= \d+)$", text)


def run(wirepath, *args):
    return subprocess.run([wirepath, "run", *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def against_linux(wirepath, tmp):
    lines = {n: open(os.path.join(COMMANDS, n + ".txt")).read() for n in ("client", "server")}
    d = os.path.join(tmp, "network")
    r = run(wirepath, os.path.join(COMMANDS, "network.lua"), "-o", d, "--no-trace", "--set", "client=" + lines["client"],
            "--set", "server=" + lines["server"])
    check(r.returncode == 0, r.stdout)
    ours = [b for n in ("client", "server") for b in blocks(open(os.path.join(d, "%s.%s.out" % (n, n))).read())]
    real = blocks(open(os.path.join(COMMANDS, "linux.txt")).read())
    check(len(real) == sum(len(t.split("\n")) - 1 for t in lines.values()), "linux.txt has every command: %d" % len(real))
    check(len(ours) == len(real), "ours has every command: %d of %d" % (len(ours), len(real)))
    for (line, have), (_, want) in zip(ours, real):
        check(normal(have) == normal(want), "%s\n--- Linux\n%s\n--- ours\n%s" % (line, normal(want), normal(have)))


def ours_alone(wirepath, tmp):
    d = os.path.join(tmp, "answers")
    r = run(wirepath, os.path.join(COMMANDS, "answers.lua"), "-o", d, "--no-trace")
    check(r.returncode == 0, r.stdout)
    out = open(os.path.join(d, "client.ping.out")).read()
    check(re.search(r"^PING server \(10\.0\.2\.2\) 56\(84\) bytes of data\.\n64 bytes from server \(10\.0\.2\.2\): icmp_seq=1 "
                    r"ttl=64 time=.* ms\n", out) and "2 packets transmitted, 2 received" in out, "a ping of its own:\n" + out)
    out = open(os.path.join(d, "client.ping.2.out")).read()
    check(out == "1 packets transmitted, 0 received, 100% packet loss, time 0ms\n", "a filtered program:\n" + out)
    check("icmp_seq=1" in open(os.path.join(d, "server.ping.2.out")).read(), "a command at a time of the run")
    r = run(wirepath, os.path.join(COMMANDS, "two_programs.lua"), "-o", d, "--profile", "ast2500")
    check(r.returncode == 0, "commands of two programs at one time:\n" + r.stdout)


def main():
    wirepath = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as tmp:
        against_linux(wirepath, tmp)
        ours_alone(wirepath, tmp)
    return total()


sys.exit(main())
