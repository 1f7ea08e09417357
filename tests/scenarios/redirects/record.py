#!/usr/bin/env python3
"""Asks the kernel of this machine about redirects: how often a router sends them, and what a host makes of them. Does
what replay.lua does, with network namespaces, and writes linux.txt. As root; a minute."""
import os, subprocess, time

HERE = os.path.dirname(os.path.abspath(__file__))
HOSTS = ("client", "r1", "r2", "server", "sw")


def sh(cmd):
    return subprocess.run(cmd, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout


def at(host, *cmds):
    return "".join(sh("ip netns exec wpred_%s %s" % (host, c)) for c in cmds)


def network():
    for h in HOSTS:
        sh("ip netns add wpred_" + h)
        at(h, "ip link set lo up")
    at("sw", "ip link add br0 type bridge", "ip link set br0 up")
    for h in ("client", "r1", "r2"):
        sh("ip -n wpred_%s link add eth0 type veth peer name %s netns wpred_sw" % (h, h))
        at("sw", "ip link set %s master br0 up" % h)
    sh("ip -n wpred_r2 link add eth1 type veth peer name eth0 netns wpred_server")
    for h, dev, addr in (("client", "eth0", "10.0.1.10"), ("r1", "eth0", "10.0.1.1"), ("r2", "eth0", "10.0.1.2"),
                         ("r2", "eth1", "10.0.3.1"), ("server", "eth0", "10.0.3.2")):
        at(h, "ip addr add %s/24 dev %s" % (addr, dev), "ip link set %s up" % dev)
    for h in ("r1", "r2"):
        at(h, "sysctl -qw net.ipv4.ip_forward=1")
    at("client", "ip route add default via 10.0.1.1", "sysctl -qw net.ipv4.ping_group_range='0 0'")
    at("server", "ip route add default via 10.0.3.1")
    at("r1", "ip route add 10.0.3.0/24 via 10.0.1.2")
    time.sleep(1)


def counter(host, name):
    names, values = [x.split() for x in at(host, "cat /proc/net/snmp").splitlines() if x.startswith("Icmp:")]
    return int(values[names.index(name)])


def case(out, what, pings, *commands):
    for host, command in commands:
        at(host, command)
    at("client", "ip route flush cache")
    sent, came = counter("r1", "OutRedirects"), counter("client", "InRedirects")
    at("client", "ping -q %s 10.0.3.2" % pings)
    route = " ".join(at("client", "ip route get 10.0.3.2").split()).split(" expires")[0].replace("uid 0 ", "")
    out.write("%s: %d sent, %d came; %s\n" % (what, counter("r1", "OutRedirects") - sent, counter("client", "InRedirects") - came, route))


def accept(on):
    return "client", "sysctl -qw net.ipv4.conf.all.accept_redirects=%d net.ipv4.conf.eth0.accept_redirects=%d" % (on, on)


def main():
    try:
        network()
        with open(os.path.join(HERE, "linux.txt"), "w") as out:
            case(out, "obeyed", "-c 8 -i 0.2")
            case(out, "ignored", "-c 36 -i 0.1", accept(0))
            case(out, "ignored for long", "-c 60 -i 0.5")
            time.sleep(21)
            case(out, "after a silence", "-c 5 -i 0.2", accept(1))
            case(out, "not sent", "-c 5 -i 0.2", ("r1", "sysctl -qw net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0"))
    finally:
        for h in HOSTS:
            sh("ip netns del wpred_" + h)


main()
