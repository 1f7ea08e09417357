"""packet.server.lua, call for call, for a real kernel (Debian's luaposix has no packet sockets)."""
import time

from luaposix import SOCK_DGRAM, SOCK_RAW, Sock, eth0, lo, out, show


def receive(what, fd, n=None):
    r = fd.recvfrom(n or 4096)
    if r[0] is None:
        return out(what, *r)
    data, a = r
    out(what, len(data), "proto %04x type %d" % (a[1], a[2]), len(a[4]), (data[12:14] if n else data[-4:]).hex())


def opened(kind, protocol, ifindex=None):
    fd = Sock(kind, protocol, 500000)
    if ifindex:
        show("bind", fd.bind(Sock.addr(ifindex)))
    return fd


all_, one, any_ = opened(SOCK_RAW, 0x0300, eth0()), opened(SOCK_DGRAM, 0xb588, eth0()), opened(SOCK_RAW, 0xb588)
none, elsewhere = opened(SOCK_RAW, 0xb788, eth0()), opened(SOCK_RAW, 0xb588, lo())
name = all_.fd.getsockname()
out("name", name[0] == "eth0", "%04x" % name[1])
time.sleep(2)
for n in range(1, 5):
    receive("all %d" % n, all_, 14 if n == 4 else None)
for n in range(1, 5):
    receive("one %d" % n, one)
for n in range(1, 5):
    receive("any %d" % n, any_)
receive("none", none)
receive("elsewhere", elsewhere)
receive("nothing more", all_)
show("send", one.sendto(b"dgram from server", Sock.addr(eth0(), 0x88b5, b"\2\2\2\2\2\2")))
receive("sent, seen by all", all_)
receive("sent, not by its sender", one)
receive("sent, not by protocol", any_)
show("promisc", all_.setopt(263, 1, eth0(), 1))
time.sleep(3)
receive("to another", all_)
show("promisc off", all_.setopt(263, 2, eth0(), 1))
