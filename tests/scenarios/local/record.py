#!/usr/bin/env python3
"""Makes linux.txt anew: what a real kernel answers to the lines' calls (needs root and network namespaces)."""
import errno
import os
import re
import socket
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
NS = "wpl%d" % os.getpid()


def inet(kind):
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)


def tcp(dst, src, _):
    with inet("tcp") as listener, inet("tcp") as s:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("0.0.0.0", 7))
        listener.listen(1)
        s.settimeout(2)
        if src:
            s.bind((src, 0))
        s.connect((dst, 7))
        conn, peer = listener.accept()
        with conn:
            return "ok from %s to %s | peer sees %s, local %s" % (s.getsockname()[0], s.getpeername()[0], peer[0],
                                                                  conn.getsockname()[0])


def udp(dst, src, broadcast):
    with inet("udp") as r, inet("udp") as s:
        r.bind(("0.0.0.0", 9))
        r.settimeout(0.2)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, broadcast)
        if src:
            s.bind((src, 0))
        s.sendto(b"x", (dst, 9))
        try:
            return "got from " + r.recvfrom(10)[1][0]
        except socket.timeout:
            return "sent, nothing got"


def conn(dst, _, broadcast):
    with inet("udp") as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, broadcast)
        s.connect((dst, 9))
        return "ok from " + s.getsockname()[0]


def bind(addr, _, __, dgram=False):
    with inet("udp" if dgram else "tcp") as s:
        s.bind((addr, 0))
        return "ok"


def answer(words):
    src = words[words.index("from") + 1] if "from" in words else None
    args = [words[1], src, "broadcast" in words]
    try:
        return globals()[words[0]](*args, *(["dgram" in words] if words[0] == "bind" else []))
    except socket.timeout:
        return "timeout"
    except OSError as e:
        return errno.errorcode[e.errno]


def main():
    if len(sys.argv) == 1:
        subprocess.run("ip netns add %s; ip netns exec %s %s inside; ip netns del %s" % (NS, NS, __file__, NS), shell=True)
        return
    for command in ("link set lo up", "link add eth0 type veth peer name p0", "link add eth1 type veth peer name p1",
                    "link set eth0 up", "link set eth1 up", "link set p0 up", "link set p1 up", "addr add 10.0.0.1/24 dev eth0",
                    "addr add 10.0.1.1/24 dev eth1", "addr add 10.0.5.1/24 dev lo"):
        subprocess.run("ip " + command, shell=True, check=True)
    lines = [re.sub(" -> .*", "", line.strip()) for line in open(os.path.join(HERE, "linux.txt"))]
    with open(os.path.join(HERE, "linux.txt"), "w") as f:
        for line in lines:
            if line == "lo down":
                subprocess.run("ip link set lo down", shell=True, check=True)
                print(line, file=f)
            else:
                print(line, "->", answer(line.split()), file=f)


main()
