#!/usr/bin/env python3
"""UDP programs whose answers are a real kernel's.

usage: test_udp.py WIREPATH        runs them on simulated hosts and compares with udp_programs/*.out
       test_udp.py --real [NAME…]  runs them on this machine's kernel, in two network namespaces, and writes the .out
                                   files (needs root, iproute2, gcc, lua5.4 and its headers)

Each tests/scenarios/udp_programs/NAME.lua is run on both hosts (10.0.2.15 and 10.0.2.2) with "client" or "server" as
its argument; NAME.client.out and NAME.server.out are what it printed there under Linux 6.18. The posix modules of
--real are real/posix.c's. Every line that a program prints must be equal.
"""
import glob
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = os.path.join(HERE, "udp_programs")
HOSTS = {"client": "10.0.2.15", "server": "10.0.2.2"}

SCENARIO = """
local sim = require "sim"
local net = sim.network()
local client = net:host("client", { addr = "10.0.2.15/24" })
local server = net:host("server", { addr = "10.0.2.2/24" })
net:link(client, server, { rate = "1Gbit", delay = "50us" })
server:exec("%s.lua", "server")
client:exec("%s.lua", "client")
sim.run()
"""


def names(wanted):
    found = [os.path.basename(p)[:-4] for p in sorted(glob.glob(os.path.join(PROGRAMS, "*.lua")))]
    return [n for n in found if n != "prelude" and (not wanted or n in wanted)]


def source(name):
    return "".join(open(os.path.join(PROGRAMS, p + ".lua")).read() for p in ("prelude", name))


def simulated(wirepath, name, tmp):
    """-> {host: output}, or None and why"""
    with open(os.path.join(tmp, name + ".lua"), "w") as f:
        f.write(source(name))
    with open(os.path.join(tmp, "scenario.lua"), "w") as f:
        f.write(SCENARIO % (name, name))
    run = os.path.join(tmp, "run-" + name)
    r = subprocess.run([wirepath, "run", os.path.join(tmp, "scenario.lua"), "-o", run, "--pcap"],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if r.returncode:
        return None, r.stdout
    return {h: open(os.path.join(run, "%s.%s.out" % (h, name))).read() for h in HOSTS}, run


def bad_frames(run):
    """Frames in the captures that tshark does not like."""
    if not os.path.exists("/usr/bin/tshark"):
        return ""
    text = ""
    for pcap in glob.glob(os.path.join(run, "*.pcapng")):
        text += subprocess.run(["tshark", "-r", pcap, "-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-Y",
                                # not of UDP's payload, at which tshark guesses
                                "(_ws.malformed and not udp) or udp.length.bad or udp.checksum.status == 0 "
                                "or ip.checksum.status == 0"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return text


def compare(wirepath):
    passed = failed = 0
    with tempfile.TemporaryDirectory() as tmp:
        for name in names([]):
            out, run = simulated(wirepath, name, tmp)
            if out is None:
                print("FAIL %s: %s" % (name, run))
                failed += 1
                continue
            for host in HOSTS:
                want = open(os.path.join(PROGRAMS, "%s.%s.out" % (name, host))).read().split("\n")
                have = out[host].split("\n")
                for n in range(max(len(want), len(have))):
                    w, h = (lines[n] if n < len(lines) else "(nothing)" for lines in (want, have))
                    passed += w == h
                    failed += w != h
                    if w != h:
                        print("FAIL %s on %s, line %d: %s (a real kernel: %s)" % (name, host, n + 1, h, w))
            frames = bad_frames(run)
            failed += frames != ""
            if frames:
                print("FAIL %s: tshark: %s" % (name, frames))
    print("%d passed, %d failed" % (passed, failed))
    return failed != 0


def real(wanted):
    with tempfile.TemporaryDirectory() as tmp:
        for module in ("sys/socket", "sys/epoll", "unistd", "time", "poll"):
            so = os.path.join(tmp, "posix", module + ".so")
            os.makedirs(os.path.dirname(so), exist_ok=True)
            subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-I/usr/include/lua5.4", "-o", so,
                            os.path.join(HERE, "real", "posix.c")], check=True)
        for name in names(wanted):
            with open(os.path.join(tmp, name + ".lua"), "w") as f:
                f.write(source(name))
            script = """
                ip link set lo up
                ip netns add wp-peer || exit 1
                ip netns exec wp-peer ip link set lo up
                ip link add eth0 type veth peer name eth0 netns wp-peer
                ip addr add 10.0.2.15/24 brd + dev eth0; ip link set eth0 up
                ip -n wp-peer addr add 10.0.2.2/24 brd + dev eth0; ip -n wp-peer link set eth0 up
                ip netns exec wp-peer lua5.4 {t}/{n}.lua server >{p}/{n}.server.out &
                lua5.4 {t}/{n}.lua client >{p}/{n}.client.out
                wait
                ip netns del wp-peer""".format(t=tmp, n=name, p=PROGRAMS)
            env = dict(os.environ, LUA_CPATH=tmp + "/?.so")
            r = subprocess.run(["unshare", "-nm", "sh", "-c", script], env=env)
            print(name, "done" if r.returncode == 0 else "exit code %d" % r.returncode)
    return 0


def main():
    if len(sys.argv) > 1 and sys.argv[1] == "--real":
        return real(sys.argv[2:])
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    return compare(os.path.abspath(sys.argv[1]))


sys.exit(main())
