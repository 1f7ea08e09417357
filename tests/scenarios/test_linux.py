#!/usr/bin/env python3
"""Programs for luaposix print here what they print on a real Linux.

usage: test_linux.py WIREPATH [NAME]...   runs programs/NAME.lua on simulated hosts, compares with programs/NAME.out
       test_linux.py --record [NAME]...   runs them on this machine's kernel and writes programs/NAME.out; needs root,
                                          iproute2, gcc, lua5.3, liblua5.3-dev and lua-posix
       test_linux.py --try WIREPATH FILE  runs a program of anywhere on both and shows the difference

Each program runs on both hosts, 10.0.2.15 and 10.0.2.2, with "client" or "server" as its argument. The .out files
are from Linux 6.18 (two network namespaces, a veth pair) with Debian's luaposix, which programs/real.lua and more.c
extend by what luaposix 36 has and what wirepath has beyond it; the link's offloads are off. Where 5.15 is known to answer differently, the program
says so and does not print it.
"""
import contextlib
import difflib
import glob
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = os.path.join(HERE, "programs")
HOSTS = {"client": "10.0.2.15", "server": "10.0.2.2"}
SUPPORT = ("prelude", "real")

SCENARIO = """
local sim = require "sim"
local net = sim.network()
local client = net:host("client", { addr = "10.0.2.15/24" })
local server = net:host("server", { addr = "10.0.2.2/24" })
net:link(client, server, { rate = "1Gbit", delay = "20us" })
for _, host in ipairs { client, server } do
  host:sh("sysctl -q -w 'net.ipv4.tcp_rmem=4096 131072 6291456' 'net.ipv4.tcp_wmem=4096 16384 4194304'") -- of a large machine
end
server:exec("%s", "server")
client:exec("%s", "client")
sim.run("1000s")
"""


def names(wanted):
    found = [os.path.basename(p)[:-4] for p in sorted(glob.glob(os.path.join(PROGRAMS, "*.lua")))]
    return [n for n in found if n not in SUPPORT and (not wanted or n in wanted)]


def joined(out):
    return "".join("== %s\n%s" % (h, out[h]) for h in HOSTS)


# ---- here ----


def bad_frames(run):
    """Frames in the captures that tshark does not like."""
    text = ""
    for pcap in glob.glob(os.path.join(run, "*.pcapng")):
        text += subprocess.run(["tshark", "-r", pcap, "-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-Y",
                                # not of UDP's payload, at which tshark guesses
                                "(_ws.malformed and not udp) or udp.length.bad or udp.checksum.status == 0 "
                                "or ip.checksum.status == 0"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return text and "tshark: " + text


def simulated(wirepath, path, tmp):
    """What the program printed, both hosts, and what the command said if it failed."""
    name = os.path.basename(path)[:-4]
    folder = os.path.join(tmp, name)
    os.makedirs(folder, exist_ok=True)
    for p in (path, os.path.join(PROGRAMS, "prelude.lua")):
        link = os.path.join(folder, os.path.basename(p))
        if not os.path.exists(link):
            os.symlink(os.path.abspath(p), link)
    with open(os.path.join(folder, "scenario.lua"), "w") as f:
        f.write(SCENARIO % (name + ".lua", name + ".lua"))
    run = os.path.join(folder, "run")
    r = subprocess.run([wirepath, "run", os.path.join(folder, "scenario.lua"), "-o", run, "--no-trace"]
                       + ["--pcap"] * name.startswith("udp_"), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       text=True, errors="replace", timeout=300)
    out = {}
    for h in HOSTS:
        file = os.path.join(run, "%s.%s.out" % (h, name))
        out[h] = open(file, errors="replace").read() if os.path.exists(file) else ""
    return joined(out), r.stderr if r.returncode else bad_frames(run) if os.path.exists("/usr/bin/tshark") else ""


def difference(want, have):
    return "".join("  " + x + "\n" for x in difflib.unified_diff(
        want.splitlines(), have.splitlines(), "Linux", "here", lineterm="", n=1) if x[:3] not in ("---", "+++"))


def check(wirepath, name):
    with tempfile.TemporaryDirectory() as tmp:
        have, trouble = simulated(wirepath, os.path.join(PROGRAMS, name + ".lua"), tmp)
    want = open(os.path.join(PROGRAMS, name + ".out"), errors="replace").read()
    return difference(want, have) + trouble


def compare(wirepath, wanted):
    todo = names(wanted)
    with ThreadPoolExecutor(2) as pool:
        bad = dict(zip(todo, pool.map(lambda n: check(wirepath, n), todo)))
    for name in todo:
        if bad[name]:
            print("FAIL %s:\n%s" % (name, bad[name]))
    failed = sum(1 for b in bad.values() if b)
    print("%d passed, %d failed" % (len(todo) - failed, failed))
    return failed != 0


# ---- on the real kernel ----


def sh(text):
    subprocess.run(text, shell=True, check=True, stdout=subprocess.DEVNULL)


def build_more(tmp):
    sh("gcc -O1 -shared -fPIC -I/usr/include/lua5.3 -o %s/more.so %s/more.c" % (tmp, PROGRAMS))


def real(path, tmp, slot=0):
    """What the program prints on this machine's kernel. `slot`: two at a time need different ones."""
    tag = "lp%d%c" % (os.getpid() % 10000, "ab"[slot])
    sh("ip link add %sc type veth peer name %ss" % (tag, tag))
    for host, addr in HOSTS.items():
        ns, dev = tag + host, tag + host[0]
        sh("ip netns add %s; ip link set %s netns %s; ip netns exec %s sh -c '"
           "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv4.ping_group_range=\"0 2147483647\""
           " net.ipv4.tcp_rmem=\"4096 131072 6291456\" net.ipv4.tcp_wmem=\"4096 16384 4194304\""
           " net.ipv4.tcp_congestion_control=cubic;"
           "ip link set %s name eth0; ip link set lo up; ip addr add %s/24 brd + dev eth0; ip link set eth0 up;"
           "ethtool -K eth0 tx off rx off gro off gso off tso off >/dev/null 2>&1'" % (ns, dev, ns, ns, dev, addr))
    env = dict(os.environ, LUA_CPATH_5_3=tmp + "/?.so;;", LUA_PATH_5_3=PROGRAMS + "/?.lua;;", LC_ALL="C")
    files, out, running = {}, {}, []
    try:
        sh("sleep 0.2")
        for host in sorted(HOSTS, reverse=True):
            files[host] = tempfile.TemporaryFile("w+", errors="replace")
            running.append(subprocess.Popen(
                ["ip", "netns", "exec", tag + host, "lua5.3", path, host], stdout=files[host], env=env))
        for p in running:
            try:
                p.wait(timeout=30)
            except subprocess.TimeoutExpired:
                print(path + ": a program waits for ever")
        for host, f in files.items():
            f.seek(0)
            out[host] = f.read()
    finally:
        for p in running:
            p.kill()
        for host in HOSTS:
            sh("ip netns del %s%s" % (tag, host))
    return joined(out)


@contextlib.contextmanager
def machine_of_5_15():
    """What is the machine's and not a namespace's: newer kernels allow larger socket buffers; cubic may be forbidden."""
    want = {"core/rmem_max": "212992", "core/wmem_max": "212992", "ipv4/tcp_allowed_congestion_control": "reno cubic"}
    old = {n: open("/proc/sys/net/" + n).read() for n in want}

    def write(values):
        for n, v in values.items():
            open("/proc/sys/net/" + n, "w").write(v)

    try:
        write(want)
        yield
    finally:
        write(old)


def record(wanted):
    with tempfile.TemporaryDirectory() as tmp, machine_of_5_15():
        build_more(tmp)
        todo = names(wanted)

        def one(slot):
            for name in todo[slot::2]:
                text = real(os.path.join(PROGRAMS, name + ".lua"), tmp, slot)
                with open(os.path.join(PROGRAMS, name + ".out"), "w", errors="replace") as f:
                    f.write(text)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(one, range(2)))
    return 0


def try_one(wirepath, path):
    with tempfile.TemporaryDirectory() as tmp, machine_of_5_15():
        build_more(tmp)
        want = real(os.path.abspath(path), tmp)
        have, trouble = simulated(wirepath, path, tmp)
    print(want + "---- here ----\n" + difference(want, have) + trouble)
    return want != have


def main():
    if len(sys.argv) > 1 and sys.argv[1] == "--record":
        return record(sys.argv[2:])
    if len(sys.argv) == 4 and sys.argv[1] == "--try":
        return try_one(os.path.abspath(sys.argv[2]), sys.argv[3])
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    return compare(os.path.abspath(sys.argv[1]), sys.argv[2:])


sys.exit(main())
