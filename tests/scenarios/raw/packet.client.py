"""packet.client.lua, call for call, for a real kernel (Debian's luaposix has no packet sockets)."""
import socket as s
import struct
import time

from luaposix import SOCK_DGRAM, SOCK_RAW, SOCK_STREAM, Sock, eth0, show, tried

SOL_PACKET = 263
ALL, SELF = b"\xff" * 6, b"\2\0\0\0\0\1"
to = Sock.addr

time.sleep(1)
fd = Sock(SOCK_RAW, 0x0300)
show("bind", fd.bind(to(eth0())))
show("frame", fd.send(ALL + SELF + b"\x88\xb5" + b"f" * 46))
show("frame, long", fd.sendto(ALL + SELF + b"\x88\xb5" + b"g" * 1500, to(eth0(), 0x88b5)))
fd.close()
fd = Sock(SOCK_DGRAM, 0xb588)
show("packet", fd.sendto(b"h" * 50, to(eth0(), 0x88b5, ALL)))
show("another packet", fd.sendto(b"i" * 50, to(eth0(), 0x88b5, ALL)))
fd.close()
time.sleep(5)
fd = Sock(SOCK_DGRAM, 0)
show("packet to another", fd.sendto(b"j" * 50, to(eth0(), 0x88b5, b"\2\2\2\2\2\2")))
fd.close()

show("stream", tried(None, s.socket, s.AF_PACKET, SOCK_STREAM, 0))
fd = Sock(SOCK_RAW, 0x0300)
show("no device", fd.send(b"x" * 60))
show("bind to no device", fd.bind(to(99)))
show("sendto no device", fd.sendto(b"x" * 60, to(99)))
show("bind of an ip address", fd.bind(struct.pack("=HH4s8s", 2, 0, b"\x0a\0\2\x0f", b"")))
show("connect", fd.connect(to(eth0())))
show("listen", fd.listen())
show("shutdown", fd.shutdown())
show("getpeername", fd.getpeername())
show("bind", fd.bind(to(eth0())))
show("bind the same", fd.bind(to(eth0())))
show("too short", fd.send(b"x" * 13))
show("too long", fd.send(b"x" * 1515))
show("much too long", fd.send(b"x" * 1519))
show("with a vlan tag", fd.send(b"\2" * 12 + b"\x81\0" + b"x" * 1504))
show("header only", fd.send(b"\2" * 14))
show("option 99", fd.setopt(SOL_PACKET, 99, 1))
show("level ip", fd.setopt(0, 2, 1))
show("auxdata", fd.setopt(SOL_PACKET, 8, 1))
show("auxdata", fd.getopt(SOL_PACKET, 8))
show("ignore outgoing 2", fd.setopt(SOL_PACKET, 23, 2))
show("membership of no device", fd.setopt(SOL_PACKET, 1, 99, 1))
show("unknown membership", fd.setopt(SOL_PACKET, 1, eth0(), 77))
show("drop what is not there", fd.setopt(SOL_PACKET, 2, eth0(), 1))
fd.close()
fd = Sock(SOCK_DGRAM, 0)
show("dgram: no address", fd.send(b"x"))
show("dgram: too long", fd.sendto(b"x" * 1501, to(eth0(), 0x88b5, ALL)))
show("dgram: much too long", fd.sendto(b"x" * 1505, to(eth0(), 0x88b5, ALL)))
show("dgram: empty", fd.sendto(b"", to(eth0(), 0x88b5, ALL)))
