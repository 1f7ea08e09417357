#!/usr/bin/env python3
"""`wirepath journey`: steps without gaps that add up to the whole, wires that take what their rate and delay say, and
the way of packets over switches and routers, of fragments, of what is lost and sent again.

usage: test_journey.py WIREPATH
"""
import os
import re
import subprocess
import sys
import tempfile

import svg_check
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from tally import check, total

WIREPATH = os.path.abspath(sys.argv[1])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNITS = {"ns": 1, "us": 1000, "ms": 10**6, "s": 10**9}
STEP = re.compile(r" +(\d+)\.(\d{9}) +(-|[\d.]+ (?:ns|us|ms|s))  (.{18}) (.{16}) (.*)")


def run(*args):
    return subprocess.run([WIREPATH, *map(str, args)], capture_output=True, timeout=60)


def scenario(tmp, name, *args, text=None):
    path = os.path.join(ROOT, "scenarios", name + ".lua")
    if text:
        path = os.path.join(tmp, name + ".lua")
        with open(path, "w") as f:
            f.write(text)
    folder = os.path.join(tmp, name + "".join(args))
    r = run("run", path, "-o", folder, *args)
    check(r.returncode == 0, "the scenario", name, r.stdout[-500:], r.stderr[-500:])
    return folder


def span(text):
    """(ns, how exact) of "12.300 us" or "-"."""
    if text == "-":
        return 0, 0
    number, unit = text.split()
    return round(float(number) * UNITS[unit]), max(UNITS[unit] // 1000, 1) - 1


class Step:
    def __init__(self, m, where):
        self.time = int(m.group(1)) * 10**9 + int(m.group(2))
        self.takes, self.about = span(m.group(3))
        self.where = m.group(4).strip() or where
        self.context, self.what = m.group(5).strip(), m.group(6)


class Journey:
    def __init__(self, folder, *args):
        r = run("journey", folder, *args)
        check(r.returncode == 0, "journey", folder, args, r.stderr)
        self.text = r.stdout.decode()
        self.steps, where = [], ""
        for line in self.text.splitlines():
            m = STEP.fullmatch(line)
            if m:
                self.steps.append(Step(m, where))
                where = self.steps[-1].where
        m = re.search(r"(?m)^ +(\d+)\.(\d{9}) +(arrived|X .*)$", self.text)
        self.end = int(m.group(1)) * 10**9 + int(m.group(2)) if m else None
        self.fate = m.group(3) if m else ""
        self.total, self.about = span(re.search(r"(?:^in   |, after )([\d.]+ \w+)", self.text, re.M).group(1))

    def adds_up(self):
        """No gap, no overlap; the steps and the summary are the whole."""
        times = [s.time for s in self.steps] + [self.end]
        ok = all(abs(b - a - s.takes) <= s.about for a, b, s in zip(times, times[1:], self.steps))
        ok = ok and abs(self.end - times[0] - self.total) <= self.about
        parts = re.findall(r"(?m)^  \S.*?  +([\d.]+ \w+) +([\d.]+) %", self.text)
        whole = sum(span(p)[0] for p, _ in parts)
        ok = ok and abs(whole - self.total) <= self.about + sum(span(p)[1] for p, _ in parts)
        return ok and (not parts or 100 - 0.1 * len(parts) <= sum(float(x) for _, x in parts) <= 100.05)

    def places(self):
        return [s.where for i, s in enumerate(self.steps) if i == 0 or self.steps[i - 1].where != s.where]

    def find(self, what):
        return next((s for s in self.steps if what in s.what), None)


def packets(folder, *args):
    r = run("journey", folder, *args)
    check(r.returncode == 0, "the list", r.stderr)
    return [int(line.split()[0]) for line in r.stdout.decode().splitlines()[1:]]


def handshake(tmp):
    folder = scenario(tmp, "tcp_handshake")
    check(len(packets(folder)) == 12, "twelve packets")
    check(len(packets(folder, "--host", "server")) == 5, "five of them the server's")
    j = Journey(folder, "--host", "client", "--write", "1")
    check("from client, write(100)\nto   server, read(4096)" in j.text, "from call to call", j.text)
    check(j.places() == ["client", "client > server", "server"], "the way", j.places())
    order = ["sys_write", "tcp_sendmsg", "ip_queue_xmit", "dev_queue_xmit", "ftgmac100_hard_start_xmit",
             "serialisation", "propagation", "net_rx_action", "ip_rcv", "tcp_v4_rcv", "sys_read", "tcp_recvmsg",
             "skb_copy_datagram_msg"]
    at = [j.text.find(o) for o in order]
    check(-1 not in at and at == sorted(at), "the functions", at)
    # 166 bytes and 24 more at 100 Mbit/s, over 50 us; the ACK before it has the wire for 7.2 us
    check(j.find("serialisation").takes == (166 + 24) * 80 and j.find("propagation").takes == 50000, "the wire")
    check(j.find("transmit ring").takes == 7200 and j.total == 72400, "the whole")
    timed = Journey(scenario(tmp, "tcp_handshake", "--profile", "ast2500"), "--host", "client", "--write", "1")
    check(timed.adds_up() and timed.find("tcp_sendmsg").takes > 0 and timed.find("sys_write").takes > 0,
          "layers take time when functions cost", timed.text)
    utf8 = run("journey", folder, "--packet", "4", "--format", "utf8").stdout.decode()
    check(utf8.translate(str.maketrans("─█", "-#")) == j.text, "utf8 is the same")
    for args, says in ((("--packet", "999"), b"no packet 999"), (("--write", "1"), b"--host"),
                       (("--host", "client", "--write", "9"), b"1 times"), (("--format", "dot"), b"no format"),
                       (("--packet", "4", "--frame", "2"), b"1 frames")):
        r = run("journey", folder, *args)
        check(r.returncode == 2 and says in r.stderr and not r.stdout, "an error", args, r.stderr)
    return folder


def losses(tmp):
    folder = scenario(tmp, "lossy_link")
    listed = run("journey", folder).stdout.decode()
    lost = [int(line.split()[0]) for line in listed.splitlines() if "[dropped by" in line]
    check(lost, "packets that never arrived")
    for p in lost:
        j = Journey(folder, "--packet", p)
        check(j.fate.startswith("X lost between") and "at random" in j.fate and j.adds_up(), "a loss", j.text)
    again = None
    for frame in (*range(1, 60, 7), 65, 66, 67, 68):
        j = Journey(folder, "--packet", "5", "--frame", frame)
        check(j.adds_up(), "frame", frame, j.text)
        again = j if j.find("until it is sent again") else again
    check(again and "loss, until sent again" in again.text and again.fate == "arrived", "lost and sent again")
    return folder


def routed(tmp):
    folder = scenario(tmp, "traceroute")
    j = Journey(folder, "--packet", "1")
    hops = ["client", "client > r1", "r1", "r1 > r2", "r2", "r2 > r3", "r3", "r3 > server", "server"]
    check(j.places() == hops, "over three routers", j.places())
    check([s.takes for s in j.steps if "propagation" in s.what] == [100000, 1000000, 5000000, 100000], "their wires")
    check(j.find("neighbour's address").takes == 2 * 106720, "ARP: a request and a reply")
    for p in packets(folder)[:40]:
        check(Journey(folder, "--packet", p).adds_up(), "adds up", folder, p)
    dead = next(line for line in run("journey", folder).stdout.decode().splitlines() if "[dropped by r1" in line)
    j = Journey(folder, "--packet", dead.split()[0])
    check("dropped by r1" in j.fate and j.places()[-1] == "r1", "the time to live is over", j.text)
    folder2 = scenario(tmp, "fragmentation")
    for p in packets(folder2):
        check(Journey(folder2, "--packet", p).adds_up(), "adds up", folder2, p)
    j = Journey(folder2, "--packet", "3")
    check("frame 45 of 45" in j.text and "udp_rcv" in j.text and j.places()[-1] == "server", "fragments")
    return folder


SWITCHED = """
local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"
local net = sim.network()
local a = net:host("a", { addr = "10.0.0.1/24" })
local b = net:host("b", { addr = "10.0.0.2/24" })
local sw = net:switch("sw")
sw:connect(a, { rate = "1Gbit", delay = "1us" })
sw:connect(b, { rate = "100Mbit", delay = "2us" })
b:run(function()
  local fd = S.socket(S.AF_INET, S.SOCK_STREAM, 0)
  S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 9 })
  S.listen(fd, 1)
  local c = S.accept(fd)
  while unistd.read(c, 65536) ~= "" do end
end)
a:run(function()
  local fd = S.socket(S.AF_INET, S.SOCK_STREAM, 0)
  S.connect(fd, { family = S.AF_INET, addr = "10.0.0.2", port = 9 })
  unistd.write(fd, ("x"):rep(30000))
  unistd.close(fd)
end)
sim.run("1s")
"""


def switched(tmp):
    """The wire behind the switch is the slow one: frames wait there, ever longer."""
    folder = scenario(tmp, "switched", text=SWITCHED)
    packet = int(re.match(r"Packet (\d+)", Journey(folder, "--host", "a", "--write", "1").text).group(1))
    waits = []
    for frame in range(1, 11):
        j = Journey(folder, "--packet", packet, "--frame", frame)
        check(j.adds_up() and j.places() == ["a", "a > sw", "sw", "sw > b", "b"], "over the switch", j.places())
        check([s.takes for s in j.steps if "serialisation" in s.what] == [(1514 + 24) * 8, (1514 + 24) * 80],
              "serialisation", j.text)
        wait = j.find("until the wire is free")
        waits.append(wait.takes if wait else 0)
    # ten segments: each comes 12.304 us after the one before, and takes 123.04 us to leave
    gaps = [b - a for a, b in zip(waits[1:], waits[2:])]
    check(all(g == 123040 - 12304 for g in gaps), "waits of the queue", waits)
    return folder


LOOPBACK = """
local sim = require "sim"
local S = require "posix.sys.socket"
local net = sim.network()
local a = net:host("a", { addr = "10.0.0.1/24" })
a:run("rx", function()
  local fd = S.socket(S.AF_INET, S.SOCK_DGRAM, 0)
  S.bind(fd, { family = S.AF_INET, addr = "127.0.0.1", port = 9 })
  S.recv(fd, 2000)
end)
a:run("tx", function()
  local fd = S.socket(S.AF_INET, S.SOCK_DGRAM, 0)
  S.sendto(fd, "x", { family = S.AF_INET, addr = "127.0.0.1", port = 9 })
  S.sendto(fd, "x", { family = S.AF_INET, addr = "127.0.0.1", port = 10 })
end)
sim.run("1s")
"""


def loopback(tmp):
    """No wire at all, and a drop by the stack, with code that takes time."""
    folder = scenario(tmp, "loopback", "--profile", "ast2500", text=LOOPBACK)
    j = Journey(folder, "--host", "a", "--write", "1")
    check(j.adds_up() and "to   a, recv(2000)" in j.text and j.places() == ["a"], "over lo", j.text)
    j = Journey(folder, "--host", "a", "--write", "2")
    check(j.adds_up() and j.fate == "X dropped by a: no socket for the packet", "nobody has the port", j.text)


def pictures(folders):
    for folder, packet in folders:
        root = svg_check.read(run("journey", folder, "--packet", packet, "--format", "svg").stdout)
        check(not svg_check.overlaps(root), "overlap in", folder, svg_check.overlaps(root)[:3])
        check(not svg_check.outside(root), "outside the page of", folder, svg_check.outside(root)[:3])
    for form, magic in (("png", b"\x89PNG"), ("pdf", b"%PDF")):
        r = run("journey", folders[0][0], "--packet", folders[0][1], "--format", form)
        check(r.stdout.startswith(magic), form, r.stderr)


def main():
    with tempfile.TemporaryDirectory() as tmp:
        folders = [(handshake(tmp), 4), (losses(tmp), 5), (routed(tmp), 1), (switched(tmp), 1)]
        pictures(folders)
        loopback(tmp)
    return total()


sys.exit(main())
