#!/usr/bin/env python3
"""Records what a real Linux says to the programs of this folder: writes NAME.HOST.out for each.

usage: record.py [NAME]...        as root; needs iproute2, lua5.3 and lua-posix

Each pair NAME.client.lua, NAME.server.lua (or NAME.lua: client alone) runs in two network namespaces that a veth
pair joins: 10.0.2.15 and 10.0.2.2, /24, without IPv6, ping sockets allowed to all, offloads off, so that what packet
sockets see is what goes over a wire. The programs are for luaposix; tests/scenarios/test_raw.py runs the same files in
wirepath and wants the same output. Where there is NAME.HOST.py too, it runs here instead: the same calls in Python.
"""
import glob
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
HOSTS = {"client": "10.0.2.15/24", "server": "10.0.2.2/24"}


def sh(text):
    subprocess.run(text, shell=True, check=True, stdout=subprocess.DEVNULL)


def set_up(tag):
    sh("ip link add %sc type veth peer name %ss" % (tag, tag))
    for host, addr in HOSTS.items():
        ns, dev = tag + host, tag + host[0]
        sh("ip netns add %s; ip link set %s netns %s" % (ns, dev, ns))
        sh("ip netns exec %s sh -c 'sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv4.ping_group_range=\"0 2147483647\";"
           " ip link set %s name eth0; ethtool -K eth0 tx off rx off gro off gso off tso off >/dev/null 2>&1;"
           " ip link set lo up; ip addr add %s dev eth0; ip link set eth0 up'" % (ns, dev, addr))
    sh("sleep 0.3")


def tear_down(tag):
    for host in HOSTS:
        sh("ip netns del %s%s" % (tag, host))


def programs(name):
    for host in HOSTS:
        for kind in ("py", "lua"):
            path = os.path.join(HERE, "%s.%s.%s" % (name, host, kind))
            if os.path.exists(path):
                yield host, path
                break
    if os.path.exists(os.path.join(HERE, name + ".lua")):
        yield "client", os.path.join(HERE, name + ".lua")


def record(name):
    tag = "wp%d" % (os.getpid() % 10000)
    set_up(tag)
    try:
        running = []
        for host, path in sorted(programs(name), reverse=True):
            out = open(os.path.join(HERE, "%s.%s.out" % (name, host)), "w")
            interpreter = "python3" if path.endswith(".py") else "lua5.3"
            running.append(subprocess.Popen(["ip", "netns", "exec", tag + host, interpreter, path], stdout=out))
        for p in running:
            if p.wait(60):
                sys.exit("%s: %s failed" % (name, p.args))
    finally:
        tear_down(tag)


def main():
    names = sys.argv[1:] or sorted({os.path.basename(p).split(".")[0] for p in glob.glob(os.path.join(HERE, "*.lua"))})
    for name in names:
        record(name)
        print("recorded", name)


if __name__ == "__main__":
    main()
