#!/usr/bin/env python3
"""Writes the first inputs of each fuzzer to tests/fuzz/corpus/: what its format can say, in short examples.

usage: tests/fuzz/corpus.py

Files named seed-* are made here; all others were found by the fuzzers and are named after what they set off.
The numbers are places in the tables of packet.c and calls.c: when those change, run this again.
"""
import struct
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "viz"))
import trace_file as tf  # noqa: E402


def write(fuzzer, name, data):
    folder = HERE / "corpus" / fuzzer
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{name}").write_bytes(data if isinstance(data, bytes) else bytes(data))


# ---- fuzz_frame ----

FIX = 1 | 4 | 8  # to the host, checksums put right, sent twice


def ip(proto, payload, src="10.0.0.2", dst="10.0.0.1", frag=0, options=b"", ttl=64):
    addr = bytes(map(int, src.split("."))) + bytes(map(int, dst.split(".")))
    head = struct.pack(">BBHHHBBH", 0x40 | (20 + len(options)) // 4, 0, 20 + len(options) + len(payload), 1, frag, ttl,
                       proto, 0)
    return bytes(12) + b"\x08\x00" + head + addr + options + payload


def tcp(flags, options=b"", data=b"", dport=80):
    return struct.pack(">HHIIBBHHH", 5000, dport, 1, 0, (20 + len(options)) // 4 << 4, flags, 1000, 0, 0) + options + data


def udp(data, dport=80):
    return struct.pack(">HHHH", 5000, dport, 8 + len(data), 0) + data


def icmp(type, code, rest=b"", data=b""):
    return struct.pack(">BBH", type, code, 0) + rest.ljust(4, b"\0") + data


def arp(op, sender="10.0.0.2", target="10.0.0.1"):
    return bytes(12) + b"\x08\x06" + struct.pack(">HHBBH", 1, 0x800, 6, 4, op) + bytes(6) + \
        bytes(map(int, sender.split("."))) + bytes(6) + bytes(map(int, target.split(".")))


ALL_OPTIONS = b"\x02\x04\x05\xb4\x04\x02\x08\x0a" + bytes(8) + b"\x01\x03\x03\x07"
frames = {
    "syn": ip(6, tcp(2, ALL_OPTIONS)), "syn-fin": ip(6, tcp(3)), "no-flags": ip(6, tcp(0)), "xmas": ip(6, tcp(0xff)),
    "syn-option-length-0": ip(6, tcp(2, b"\x02\x00\x00\x00")), "syn-closed-port": ip(6, tcp(2, dport=81)),
    "land": ip(6, tcp(2), src="10.0.0.1"), "tcp-short": ip(6, tcp(2)[:12]),
    "udp": ip(17, udp(b"hello")), "udp-closed-port": ip(17, udp(b"hello", 81)),
    "udp-length-7": ip(17, b"\x13\x88\x00\x50\x00\x07\x00\x00"), "udp-group": ip(17, udp(b"x"), dst="239.1.1.1"),
    "echo": ip(1, icmp(8, 0, data=b"data")), "timestamp": ip(1, icmp(13, 0, data=bytes(12))),
    "frag-needed": ip(1, icmp(3, 4, b"\0\0\2\x40", ip(17, udp(b""), src="10.0.0.1", dst="10.0.0.2")[14:])),
    "redirect": ip(1, icmp(5, 1, bytes([10, 0, 0, 3]), ip(17, udp(b""), src="10.0.0.1", dst="10.0.0.2")[14:])),
    "igmp-query": ip(2, icmp(0x11, 10), dst="224.0.0.1", ttl=1),
    "igmp3-query": ip(2, icmp(0x11, 10, data=bytes(4)), dst="224.0.0.1", ttl=1, options=b"\x94\x04\0\0"),
    "fragment": ip(17, udp(bytes(64)), frag=0x2000), "fragment-last": ip(17, bytes(32), frag=4),
    "fragment-too-far": ip(17, bytes(64), frag=0x1fff),
    "record-route": ip(1, icmp(8, 0), options=b"\x07\x07\x04" + bytes(5)),
    "ip-option-length-0": ip(1, icmp(8, 0), options=b"\x07\x00\x00\x00"),
    "source-route": ip(1, icmp(8, 0), options=b"\x83\x07\x04\x0a\0\0\3\0"),
    "protocol-253": ip(253, b"raw"), "unknown-protocol": ip(99, b"raw"), "martian": ip(17, udp(b""), src="127.0.0.1"),
    "forwarded": ip(17, udp(b""), dst="192.168.7.7"), "arp-request": arp(1), "arp-reply": arp(2),
    "arp-own-address": arp(1, "10.0.0.1"), "length-field": bytes(12) + b"\x00\x2e" + b"\xff" * 60,
    "vlan": bytes(12) + b"\x81\x00\x00\x05" + ip(1, icmp(8, 0))[12:],
    "two-vlans": bytes(12) + b"\x81\x00\x00\x05\x81\x00\x00\x06" + ip(1, icmp(8, 0))[12:],
    "runt": bytes(14),
}
for name, frame in frames.items():
    write("frame", name, bytes([FIX | (2 if name.startswith("arp-req") else 0)]) + frame)

# ---- fuzz_sequence: operations ----

NEIGH = [6, 16]
ACCEPT = [9, 4, 0, 0, 0]
SYN = [0, 0, 128, 0, 0, 0, 1, 0, 0, 0, 13, 0, 0, 0, 0, 0]


def packet_tcp(flags, which=0, seq=0, ack=0, data=0, kinds=None, window=0, how=0, burst=0):
    kinds = [8, 0, 0] if kinds is None else kinds
    return [burst, 0, which, flags, seq, ack, window, *kinds, data, how, 0]


def sock(kind, how=0):
    return [9, 0, kind, how]


def bind(fd, port=0, addr=3):
    return [9, 1, fd, 0, 0, port, addr]


def connect(fd, port=0, addr=0):
    return [9, 2, fd, 0, 0, port, addr]


def send(fd, length, flags=0):
    return [9, 5, fd, length, flags, 0, 0]


def recv(fd, length=6, flags=0):
    return [9, 6, fd, 0, length, flags, 0]


def close(fd):
    return [9, 8, fd, 0]


def passes(which):
    return [5, which]


ACK, FIN, RST, DATA = 0, 4, 5, 3
LISTEN = NEIGH + sock(0) + bind(0) + [9, 3, 0, 2]
ESTABLISHED = LISTEN + SYN + packet_tcp(ACK) + ACCEPT
def delegate(*ops):
    """To the first helper, whose sockets are its own."""
    data = [b for op in ops for b in op[1:]]
    return [7, 0, len(data) - 2] + data


CONNECT = delegate(sock(0, 3), connect(0))
CONNECTED = NEIGH + CONNECT + [0, 0, 0, 2, 0, 0, 0, 13, 0, 0, 0, 0, 0, 0] + passes(1)
UDP = NEIGH + sock(1) + bind(0)


def option(fd, level, name, kind=0, value=0):
    return [9, 7, fd, level, name, 0, kind] + ([0, 0] if kind == 2 else [value])


sequences = {
    "tcp-handshake": ESTABLISHED,
    "tcp-data": ESTABLISHED + packet_tcp(DATA, data=4) + recv(1) + send(1, 7) + packet_tcp(ACK) + send(1, 7) + passes(4),
    "tcp-close": ESTABLISHED + close(1) + packet_tcp(ACK) + packet_tcp(FIN) + passes(8),
    "tcp-peer-closes": ESTABLISHED + packet_tcp(FIN) + recv(1) + close(1) + packet_tcp(ACK),
    "tcp-reset": ESTABLISHED + packet_tcp(RST) + recv(1),
    "tcp-lost": ESTABLISHED + send(1, 7) + passes(8) + passes(9),
    "tcp-sack": ESTABLISHED + send(1, 7) + packet_tcp(ACK, kinds=[24, 0, 0, 1, 8, 8, 9, 8]) * 4 + passes(5),
    "tcp-out-of-order": ESTABLISHED + packet_tcp(DATA, seq=6, data=4) + packet_tcp(DATA, seq=8, data=6) + recv(1),
    "tcp-zero-window": ESTABLISHED + send(1, 7) + packet_tcp(ACK, window=2) + passes(7) + packet_tcp(ACK),
    "tcp-urgent": ESTABLISHED + [0, 0, 0, 7, 0, 0, 0, 5, 0, 4, 0, 0] + recv(1, flags=5),
    "tcp-syn-flood": LISTEN + SYN * 9 + passes(8),
    "tcp-connect": CONNECTED + delegate(send(0, 4), recv(0), close(0)) + packet_tcp(FIN),
    "tcp-connect-refused": NEIGH + CONNECT + [0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0],
    "tcp-frag-needed": ESTABLISHED + send(1, 7) + [0, 2, 0, 0, 0, 4, 1, 1, 0, 0, 0] + passes(4),
    "tcp-unreachable": NEIGH + CONNECT + [0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0],
    "tcp-loopback": sock(0) + bind(0) + [9, 3, 0, 2] + sock(0) + connect(1, 0, 1) + ACCEPT + send(1, 7) + recv(2) + close(2),
    "tcp-link-down": ESTABLISHED + send(1, 7) + [8] + passes(6) + [136] + passes(6),
    "tcp-options": ESTABLISHED + [b for n in range(1, 40) for b in option(1, 2, n)],
    "udp": UDP + [0, 1, 128, 0, 0, 0, 3, 0, 0, 0] + recv(0) + connect(0) + send(0, 3) + [0, 1, 0, 2, 0, 0, 0],
    "udp-fragments": UDP + connect(0) + send(0, 6) + [0, 1, 128, 0, 0, 0, 5, 0, 7, 0, 3, 0, 0, 0xff, 5, 0, 4, 0xff, 5],
    "udp-refused": UDP + connect(0) + send(0, 3) + [0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0] + recv(0) + option(0, 1, 11),
    "udp-errqueue": UDP + option(0, 1, 11) + connect(0) + send(0, 3) + [0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0] + recv(0, flags=8),
    "udp-cork": UDP + connect(0) + send(0, 3, 3) + send(0, 4, 3) + send(0, 3),
    "udp-group": UDP + option(0, 1, 35, 2) + [0, 7, 0, 0, 0, 10, 0, 0, 0, 0] + passes(5) + option(0, 1, 36, 2),
    "poll": delegate(sock(0), bind(0), [9, 3, 0, 2], [9, 10, 2, 3, 0, 0, 1, 1]) + NEIGH + SYN + packet_tcp(ACK) + passes(2),
    "epoll": LISTEN + [9, 11, 0, 0] + [9, 11, 1, 1, 0, 0, 0] + SYN + packet_tcp(ACK) + [9, 11, 1, 3, 4, 0],
    "raw": NEIGH + sock(2) + sock(7) + sock(4) + [0, 4, 128, 0, 0, 0, 0, 2, 0, 0] + recv(0) + recv(2) + send(2, 3),
    "ping": NEIGH + sock(3) + connect(0) + [9, 5, 0, 2, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] + [0, 4, 0, 1, 0, 0, 0] + recv(0),
    "arp": UDP + connect(0) + send(0, 3) + [0, 3, 0, 0, 1] + passes(8) + [6, 19],
    "commands": [b for n in range(23) for b in (6, n, 5, 2)],
    "forward": [6, 20] + NEIGH + [0, 1, 192, 0, 9, 0, 0, 3, 0, 0, 0] + [6, 11] + [0, 1, 192, 0, 9, 0, 0, 3, 0, 0, 0],
    "rules": [b for n in range(12) for b in (10, n % 2 << 0 | n % 5 << 1, 0, 0, 0, 0, 0, 0, 2, 0, 5, n, 3, 3, 0, 9, 0)] + ESTABLISHED
             + send(1, 4) + passes(3) + [10, 0xf0],
    "waits": NEIGH + delegate(sock(0, 3), bind(0), [9, 3, 0, 2], ACCEPT, recv(1)) + SYN + packet_tcp(ACK) + packet_tcp(DATA, data=4),
    "bursts": ESTABLISHED + packet_tcp(DATA, data=4, burst=128) * 6 + passes(3),
}
for name, ops in sequences.items():
    write("sequence", name, ops)

# ---- fuzz_syscall: calls (without the byte that says so) ----


def calls(*ops):
    return [b for op in ops for b in op[1:]]


LO = calls(sock(0, 1), bind(0), [9, 3, 0, 2], sock(0), connect(1, 0, 1), ACCEPT)
write("syscall", "tcp", LO + calls(send(1, 4), recv(2), close(1), recv(2), close(2)))
write("syscall", "udp", calls(sock(1), bind(0), sock(1), connect(1, 0, 1), send(1, 4), recv(0), [9, 9, 1, 1, 2, 3, 4, 0, 0, 0, 0]))
for level, name in enumerate(("socket", "ip", "tcp", "udp", "raw", "packet", "icmp")):
    kind = {"tcp": 0, "udp": 1, "raw": 2, "packet": 4, "icmp": 3}.get(name, 1)
    write("syscall", f"set-{name}", calls(sock(kind), *(option(0, level, n) for n in range(1, 76))))
    write("syscall", f"get-{name}", calls(sock(kind), *([9, 7, 0, level, n, 1, 40] + [0] * 40 for n in range(1, 76))))
write("syscall", "cmsg", calls(sock(1), connect(0, 0, 1), *([9, 9, 0, 2 | 1, 1, 3, 0, 0, 0, 0, k, 0, 1, 0, 0, 0, 0] for k in range(9))))
write("syscall", "names", calls(sock(0), *([9, 4, 0, k, 16] + [0] * 16 for k in range(4))))
write("syscall", "ioctl", calls(sock(1), *([9, 8, 0, 5, k] for k in range(10))))
write("syscall", "epoll", calls(sock(1), [9, 11, 0, 0], [9, 11, 1, 1, 0, 0, 0], [9, 11, 1, 3, 4, 1], [9, 11, 1, 1, 0, 0, 1]))

# ---- fuzz_card ----

ON = [9]
TX = [8 + 120]
write("card", "transmit", [4 + 130, 0, 3, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] + ON + TX + [6, 2])
write("card", "transmit-checksums", [134, 0, 1, 0, 0, 0, 0, 14, 0, 0, 0, 0, 0, 14, 0] + ON + TX + [6, 2])
write("card", "transmit-chain", [134, 0, 3, 2, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0] + ON + TX + [6, 3])
write("card", "receive", [4, 0, 7] + ON + [5, 0, 0, 6, 2, 5, 3, 0, 6, 2, 5, 5, 2, 6, 2])
write("card", "receive-no-ring", ON + [5, 0, 0, 6, 2, 4, 16, 3, 8, 6, 3])
write("card", "ring-outside", [0, 0x20, 0, 5, 0, 0x24, 0, 6] + ON + TX + [5, 0, 0, 6, 2])
write("card", "registers", [b for r in range(0, 0xd0, 4) for b in (0, r, 0, 0, 2, 0, r, 0)])
write("card", "reset", [134, 0, 1, 1, 0] + ON + TX + [249, 6, 1, 5, 1, 0, 6, 2])
write("card", "mdio", [0, 0x60, 0, 255, 0, 0, 0, 4, 0, 0x60, 0, 255, 0, 0, 33, 8, 7, 6, 2, 127])

# ---- fuzz_text ----

for i, line in enumerate((
        "ip link set eth0 mtu 1000;ip link set dev eth0 down;ip link set eth0 up",
        "ip addr add 10.1.0.1/16 dev eth0;ip addr del 10.1.0.1/16 dev eth0",
        "ip route add 10.2.0.0/16 via 10.0.0.2 metric 5 mtu 900 advmss 800 window 5 initcwnd 3 onlink src 10.0.0.1;"
        "ip route replace unreachable 10.3.0.0/16;ip route del 10.2.0.0/16",
        "ip neigh add 10.0.0.7 lladdr 02:00:00:00:00:01 dev eth0 nud stale;ip neigh del 10.0.0.7 dev eth0;ip neigh flush",
        "sysctl -w net.ipv4.ip_forward=1 net/ipv4/tcp_rmem=4096,8192,16384;sysctl net.core.somaxconn=7",
        "ip -s link show;ip addr;ip route get 10.0.0.9;ip neigh show;ip link add link eth0 name eth0.5 type vlan id 5",
        "netstat -s;netstat -rn;netstat -anp;ss -tan;ss -u;arp -n;route -n;dmesg;echo a > /proc/sys/net/ipv4/ip_forward",
        "ethtool eth0;ethtool -S eth0;ethtool -K eth0 tso off gro on;ethtool -g eth0;cat /proc/net/tcp /proc/net/route",
        "route add -net 10.9.0.0 netmask 255.255.0.0 gw 10.0.0.2;arp -s 10.0.0.8 02:00:00:00:00:08;arp -d 10.0.0.8")):
    write("text", f"command-{i}", b"\0" + line.encode())
write("text", "filter", b"\1host=cl*,layer=tra*,fn=tcp_*,packet=0x10,from=1.5ms,to=2s")
ops = (HERE.parent / "nic/scripts/tx-vlan.ops").read_bytes()
write("text", "card-script", b"\2" + ops[:3000])
write("text", "card-script-rx", b"\2" + (HERE.parent / "nic/scripts/rx-vlan.ops").read_bytes()[:3000])
write("text", "manifest", b'\3{\n  "version": "0.1.0",\n  "scenario": "x\\"y.lua",\n  "seed": 1,\n  "params": "a=b",\n'
      b'  "traced": true,\n  "result": "done",\n  "digest_calls": "0000000000000001",\n  "digest_run": "00000000000000aa"\n}\n')

# ---- fuzz_lua ----

NET = """local sim=require"sim" local S=require"posix.sys.socket" local u=require"posix.unistd"
local n=sim.network() local a=n:host("a",{addr="10.0.0.1/24"}) local b=n:host("b",{addr="10.0.0.2/24"}) n:link(a,b)
"""
for name, script in {
    "udp": NET + """b:run(function() local f=S.socket(S.AF_INET,S.SOCK_DGRAM,0)
S.bind(f,{family=S.AF_INET,addr="0.0.0.0",port=7}) print(S.recvfrom(f,100)) end)
a:run(function() local f=S.socket(S.AF_INET,S.SOCK_DGRAM,0) S.sendto(f,"hi",{family=S.AF_INET,addr="10.0.0.2",port=7}) end)
sim.run()""",
    "tcp": NET + """b:run(function() local f=S.socket(S.AF_INET,S.SOCK_STREAM,0)
S.bind(f,{family=S.AF_INET,addr="0.0.0.0",port=80}) S.listen(f,1) local c=S.accept(f) print(u.read(c,9)) u.close(c) end)
a:run(function() local f=S.socket(S.AF_INET,S.SOCK_STREAM,0)
assert(S.connect(f,{family=S.AF_INET,addr="10.0.0.2",port=80})) u.write(f,"x") u.read(f,1) end) sim.run()""",
    "commands": NET + 'a:sh("ip addr add 10.1.0.1/16 dev eth0") a:sh("sysctl -w net.ipv4.ip_forward=1") sim.run("1ms")',
    "poll": NET + """local P=require"posix.poll" a:run(function() local f=S.socket(S.AF_INET,S.SOCK_DGRAM,0)
print(P.poll({[f]={events={IN=true}}},3)) print(P.rpoll(f,1)) end) sim.run()""",
    "errors": NET + 'print(pcall(S.socket)) print(pcall(n.host,n,"a")) print(pcall(n.link,n,a,b,{rate="x"})) error({})',
    "endless": "while true do pcall(function() while true do end end) end",
    "coroutines": "local c=coroutine.wrap(function(...) for i=1,3 do coroutine.yield(i,...) end end) print(c(1),c(),c())",
    "meta": 'local t=setmetatable({},{__index=function(t,k) return k end,__tostring=function() return "t" end,__close=print}) '
            'print(t.x,t,#t,next({1})) for k,v in pairs({a=1,[2]=3}) do print(k,v) end do local x<close> =t end',
    "strings": 'print(("x"):rep(99):gsub("x",function(c) return c:upper() end),("%d %s %q"):format(1,{},"\\n"),'
               'string.pack("<i4z",1,"s"),utf8.char(8364),("a,b"):find(",",1,true),tostring(print),math.random(9))',
    "goto": "local i=0 ::a:: i=i+1 if i<9 then goto a end return i//2 ~ 3 << 1 & 7 | 1, 2^.5, 1e308*10, -0.0, 0x7fffffffffffffff+1",
}.items():
    write("lua", name, script.encode())

# ---- fuzz_trace ----

t = tf.Trace([("f", tf.FUNCTION, "stack/a.c", "does"), ("g", tf.FUNCTION, "stack/b.c", "does more"),
              ("irq", tf.FUNCTION, "stack/kernel/i.c", "an interrupt"), ("op", tf.SLOT, "stack/b.c", "call ->op()"),
              ("s", tf.STEP_TEXT, "stack/b.c", "a step")], [(3, "too bad")])
h = t.host("client")
h.task(1, "prog")
h.rec(tf.TASK, 0, 0, 1)
h.rec(tf.CALL, 0, 0, h.string("socket()"))
h.enter("f", 1)
h.enter("g", 2, op="op", kind=tf.ENTER_SKB, obj=7)
h.step("s", 2)
h.advance(1500)
h.rec(tf.IRQ, 0, 2, 4)
h.enter("irq", 1)
h.rec(tf.SOFTIRQ, 0, 1, 3)
h.enter("g", 2)
h.rec(tf.IRQ_END)
h.rec(tf.DROP, 3, 0, 7)
h.rec(tf.HOP_OUT, 0, 0, 1)
h.rec(tf.HOP_IN, 0, 0, 1)
h.rec(tf.RET, 0, 0, -22)
h.rec(tf.IDLE)
h.rec(tf.TASK, 1, 1, 1)
h.rec(tf.NOTE, 0, 0, h.string("said"))
whole = t.bytes()
write("trace", "whole", b"\0" + whole)
write("trace", "cut", b"\0" + whole[:-30])
write("trace", "no-records", b"\0" + tf.Trace([]).bytes())


def block(kind, body):
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def epb(ns, data):
    return block(6, struct.pack("<IIIII", 0, ns >> 32, ns & 0xffffffff, len(data), len(data)) + data + bytes(-len(data) % 4))


shb = block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1))
idb = block(1, struct.pack("<HHI", 1, 0, 0) + struct.pack("<HH4s", 2, 4, b"eth0") + struct.pack("<HHB3xHH", 9, 1, 9, 0, 0))
write("trace", "capture", b"\1" + shb + idb + epb(5, bytes(60)) + epb(6, bytes(61)) + epb(7, b""))
write("trace", "capture-odd-lengths", b"\1" + shb + idb + struct.pack("<III", 6, 10, 0) + epb(1, b"x"))
