#!/usr/bin/env python3
"""host:capture(): what tcpdump on the host would see, read by tshark.

usage: test_tap.py WIREPATH
"""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from tally import check, total

WIREPATH = os.path.abspath(sys.argv[1])
SCENARIO = """
local sim = require "sim"
local S = require "posix.sys.socket"
local net = sim.network()
local a = net:host("a", { addr = "10.0.0.1/24" })
local b = net:host("b", { addr = "10.0.0.2/24" })
net:link(a, b)
a:capture("any")
a:capture("eth0")
sim.equal(select(2, pcall(a.capture, a, "eth7")):match("a has no device 'eth7'"), "a has no device 'eth7'")
a:run(function()
  local fd = S.socket(S.AF_INET, S.SOCK_DGRAM, 0)
  assert(S.setsockopt(fd, 17, 103, 1000)) -- UDP_SEGMENT
  local function to(addr) return { family = S.AF_INET, addr = addr, port = 6353 } end
  assert(S.sendto(fd, ("x"):rep(2500), to "127.0.0.1")) -- loopback takes it whole
  local e = S.socket(S.AF_INET, S.SOCK_DGRAM, 0)
  assert(S.sendto(e, ("x"):rep(2500), to "10.0.0.2")) -- two fragments; nobody listens: an answer comes in
end)
sim.run()
"""


def frames(path, *fields):
    args = ["tshark", "-r", path, "-T", "fields"] + [a for f in fields for a in ("-e", f)]
    r = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return [line.split("\t") for line in r.stdout.splitlines()]


with tempfile.TemporaryDirectory() as tmp:
    with open(os.path.join(tmp, "tap.lua"), "w") as f:
        f.write(SCENARIO)
    run = os.path.join(tmp, "run")
    r = subprocess.run([WIREPATH, "run", os.path.join(tmp, "tap.lua"), "-o", run, "--pcap"], text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    check(r.returncode == 0, "the run: " + r.stderr)
    anydev = frames(os.path.join(run, "a.any.tap.pcapng"), "frame.len", "ip.proto", "frame.comment")
    eth0 = frames(os.path.join(run, "a.eth0.tap.pcapng"), "frame.len", "ip.proto")
    # loopback's frames are seen going out and coming in, before they are cut
    check([x[0] for x in anydev].count(str(14 + 28 + 2500)) == 2, "a big datagram on lo: %r" % anydev)
    check(all(x[2].startswith("packet ") for x in anydev), "frames name their packet: %r" % anydev)
    # ARP out and in, the fragments (fewer bytes than the card's padding later), the answer with its FCS
    sizes = [x[0] for x in eth0 if x[1].startswith("17")]
    check(sizes == [str(14 + 1500), str(14 + 20 + 2508 - 1480)], "the fragments: %r" % eth0)
    check(any(x[1].startswith("1,") for x in eth0), "the answer: %r" % eth0)
    merged = os.path.join(tmp, "all.pcapng")
    subprocess.run([WIREPATH, "export", run, "--format", "pcapng", "-o", merged], check=True)
    count = sum(len(frames(os.path.join(run, h + ".eth0.pcapng"), "frame.len")) for h in "ab")
    check(len(frames(merged, "frame.len")) == count, "export takes the cards' captures only")

sys.exit(total())
