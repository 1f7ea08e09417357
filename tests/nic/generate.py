#!/usr/bin/env python3
"""Makes scripts/*.ops and expected/*.out: what the fact sheet says the card does, worked out here in Python.

Nothing of the card's code is used. Run it after a change and look at the difference; the files are kept.
"""
import os
import struct
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
MAC = bytes.fromhex("525400123456")
PEER = bytes.fromhex("020000000001")
OWN, LTS, FTS, EOR, RDY = 1 << 31, 1 << 28, 1 << 29, 1 << 30, 1 << 31
INS, TCP, UDP, IP = 1 << 16, 1 << 17, 1 << 18, 1 << 19
TXR, RXR, TXB, RXB = 0x80100000, 0x80110000, 0x80200000, 0x80300000


class Script:
    def __init__(self, name, about):
        self.name, self.ops, self.out = name, ["# " + about], []

    def op(self, line, result=None):
        self.ops.append(line)
        if result is not None:
            self.out.append(result)

    def say(self, text):
        self.op("say " + text, "-- " + text)

    def w(self, off, val):
        self.op("w 0x%02x 0x%08x" % (off, val))

    def r(self, off, val):
        self.op("r 0x%02x" % off, "r 0x%02x = 0x%08x" % (off, val))

    def words(self, addr, *vals):
        self.op("memw32 0x%08x %s" % (addr, " ".join("0x%08x" % v for v in vals)))

    def see(self, addr, *vals):
        s = "memr32 0x%08x %d" % (addr, len(vals))
        self.op(s, s + " = " + " ".join("0x%08x" % v for v in vals))

    def put(self, addr, data):
        if data:
            self.op("memw 0x%08x %s" % (addr, data.hex()))

    def bytes(self, addr, data):
        s = "memr 0x%08x %d" % (addr, len(data))
        self.op(s, s + " = " + data.hex())

    def tx(self, *frames):
        self.op("tx", "tx = %d" % len(frames))
        for i, f in enumerate(frames):
            show = "hex=" + f.hex() if len(f) <= 256 else "head=%s tail=%s" % (f[:64].hex(), f[-16:].hex())
            self.out.append("  tx[%d] len=%d crc32=%08x %s" % (i, len(f), zlib.crc32(f), show))

    def rx(self, frame):
        self.op("rx " + frame.hex())

    def write(self):
        for sub, ext, lines in (("scripts", "ops", self.ops), ("expected", "out", self.out)):
            with open(os.path.join(HERE, sub, self.name + "." + ext), "w") as f:
                f.write("\n".join(lines) + "\n")


def data(n, seed=0):
    return bytes((seed + 7 * i) & 255 for i in range(n))


def csum(b):
    s = sum(struct.unpack("!%dH" % ((len(b) + 1) // 2), b + b"\0" * (len(b) % 2)))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff


def ipv4(proto, l4, options=b"", frag=0, total=None, ver=4):
    n = 20 + len(options) + len(l4)
    return struct.pack("!BBHHHBBH4s4s", ver << 4 | (5 + len(options) // 4), 0, n if total is None else total, 1, frag,
                       64, proto, 0xdead, bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])) + options + l4


def fixed(ip, what):
    """The packet with the sums that `what` asks for filled in."""
    p = bytearray(ip)
    ihl, total, proto = (p[0] & 15) * 4, struct.unpack("!H", p[2:4])[0], p[9]
    if what & IP:
        p[10:12] = b"\0\0"
        p[10:12] = struct.pack("!H", csum(p[:ihl]))
    frag = struct.unpack("!H", p[6:8])[0] & 0x3fff
    at = {6: 16, 17: 6}.get(proto)
    if at is None or not what & {6: TCP, 17: UDP}[proto] or frag or total > len(p):
        return bytes(p)
    p[ihl + at:ihl + at + 2] = b"\0\0"
    s = csum(bytes(p[12:20]) + struct.pack("!HH", proto, total - ihl) + bytes(p[ihl:total]))
    p[ihl + at:ihl + at + 2] = struct.pack("!H", s if s or proto == 6 else 0xffff)
    return bytes(p)


def tcp(payload):
    return struct.pack("!HHIIHHHH", 1, 2, 3, 4, 0x5010, 500, 0xbeef, 0) + payload


def udp(payload):
    return struct.pack("!HHHH", 1000, 2000, 8 + len(payload), 0xbeef) + payload


def frame(payload, ethertype=0x0800, tag=b"", dst=PEER, src=MAC):
    return dst + src + tag + struct.pack("!H", ethertype) + payload


def send(s, f, des1, out):
    """One frame in one descriptor, in a ring of two."""
    s.put(TXB, f)
    s.words(TXR, OWN | FTS | LTS | len(f), des1, 0, TXB, EOR, 0, 0, TXB)
    s.w(0x20, TXR)
    s.w(0x18, 1)
    s.tx(out)


def checksums():
    s = Script("tx-checksums", "Checksum offload: each bit alone, both, odd lengths, padding, options, fragments.")
    s.w(0x50, 0x21f0f)
    for name, ip in (("TCP", ipv4(6, tcp(data(100)))), ("TCP, odd", ipv4(6, tcp(data(101)))),
                     ("TCP, full size", ipv4(6, tcp(data(1460)))), ("UDP", ipv4(17, udp(data(50)))),
                     ("UDP, empty", ipv4(17, udp(b""))), ("options", ipv4(17, udp(data(9)), b"\x94\x04\0\0" * 3)),
                     ("first fragment", ipv4(17, udp(data(40)), frag=0x2000)),
                     ("later fragment", ipv4(6, tcp(data(40)), frag=100)),
                     ("don't fragment", ipv4(6, tcp(data(40)), frag=0x4000)),
                     ("total length beyond the frame", ipv4(17, udp(data(10)), total=400)),
                     ("another protocol", ipv4(47, data(30)))):
        for what in (0, IP, TCP, UDP, IP | TCP | UDP):
            s.say("%s, bits 0x%x" % (name, what >> 16))
            send(s, frame(ip), what, frame(fixed(ip, what)))
    for value in range(0x10000):  # a payload whose sum is zero
        ip = ipv4(17, udp(struct.pack("!H", value)))
        if fixed(ip, UDP)[26:28] == b"\xff\xff":
            break
    s.say("a UDP sum of zero is sent as ffff")
    send(s, frame(ip), UDP, frame(fixed(ip, UDP)))
    s.say("padding does not count")
    ip = ipv4(6, tcp(b"x"))
    send(s, frame(ip + b"\xff" * 5), IP | TCP, frame(fixed(ip, IP | TCP) + b"\xff" * 5))
    s.say("behind a tag, in the buffer and inserted")
    send(s, frame(ip, tag=b"\x81\0\0\x05"), IP | TCP, frame(fixed(ip, IP | TCP), tag=b"\x81\0\0\x05"))
    send(s, frame(ip), INS | 0xe005 | IP | TCP, frame(fixed(ip, IP | TCP), tag=b"\x81\0\xe0\x05"))
    s.say("not IPv4: untouched")
    for f in (frame(ip, 0x86dd), frame(ipv4(6, tcp(b""), ver=6)), frame(b"\x45"), frame(ip[:19]),
              frame(b"\x4f" + ip[1:30]), frame(b"\x44" + ip[1:])):
        send(s, f, IP | TCP | UDP, f)
    return s


def tx_vlan():
    s = Script("tx-vlan", "INS_VLANTAG: inserted, not twice, outer of 88a8; too short for it.")
    s.w(0x50, 0x21f0f)
    f = frame(data(46), 0x88b5)
    send(s, f, INS | 0x6123, frame(data(46), 0x88b5, b"\x81\0\x61\x23"))
    tagged = frame(data(46), 0x88b5, b"\x81\0\0\x07")
    send(s, tagged, INS | 0x6123, tagged)
    send(s, frame(data(46), 0x88b5, b"\x88\xa8\0\x07"), INS | 1,
         frame(data(46), 0x88b5, b"\x81\0\0\x01\x88\xa8\0\x07"))
    s.w(0x00, 0xffffffff)
    send(s, f[:13], INS | 1, f[:13])
    s.r(0x00, 0xd0)
    s.w(0x00, 0xffffffff)
    send(s, f[:14], INS | 1, f[:12] + b"\x81\0\0\x01" + f[12:14])
    s.r(0x00, 0x50)
    s.say("in segments: the flags are those of the first")
    s.put(TXB, f)
    s.words(TXR, OWN | FTS | 5, INS | 2, 0, TXB, OWN | 9, INS | 3, 0, TXB + 5, OWN | LTS | (len(f) - 14), INS | 4, 0,
            TXB + 14, EOR, 0, 0, 0)
    s.w(0x20, TXR)
    s.w(0x18, 1)
    s.tx(frame(data(46), 0x88b5, b"\x81\0\0\x02"))
    s.see(TXR, FTS | 5, INS | 2, 0, TXB, 9, INS | 3, 0, TXB + 5, LTS | (len(f) - 14), INS | 4, 0, TXB + 14)
    return s


def tx_odd_rings():
    s = Script("tx-odd-rings", "Head without tail, no FTS, empty segments, many segments, jumbo, bad addresses.")
    s.w(0x50, 0x21f0f)
    f = frame(data(200), 0x88b5)
    s.put(TXB, f)
    s.say("the tail is not owned: the head is lost, the tail goes by itself")
    s.words(TXR, OWN | FTS | 100, 0, 0, TXB, LTS | 114, 0, 0, TXB + 100, EOR, 0, 0, 0)
    s.w(0x20, TXR)
    s.w(0x18, 1)
    s.tx()
    s.r(0x00, 0x40)
    s.see(TXR, FTS | 100)
    s.words(TXR + 16, OWN | LTS | 114)
    s.w(0x18, 1)
    s.tx(f[100:])
    s.r(0x00, 0x50)
    s.say("FTS twice does not restart; LTS without FTS is a frame")
    s.words(TXR, OWN | FTS | 20, 0, 0, TXB, OWN | FTS | LTS | 194, 0, 0, TXB + 20, OWN | LTS | 60, 0, 0, TXB, EOR, 0, 0, 0)
    s.w(0x20, TXR)
    s.w(0x18, 1)
    s.tx(f, f[:60])
    s.say("empty segments")
    s.words(TXR, OWN | FTS, 0, 0, 0, OWN | 70, 0, 0, TXB, OWN, 0, 0, 0, OWN | LTS, 0, 0, 0, EOR, 0, 0, 0)
    s.w(0x20, TXR)
    s.w(0x18, 1)
    s.tx(f[:70])
    s.say("twenty segments at odd addresses, descriptors 32 bytes apart")
    s.w(0x38, 0x00042f00)
    for i in range(20):
        s.words(TXR + 32 * i, OWN | (FTS if not i else 0) | (LTS if i == 19 else 0) | 7, 0, 0, TXB + 1 + 7 * i, 0xaaaaaaaa)
    s.words(TXR + 640, EOR, 0, 0, 0)
    s.w(0x20, TXR)
    s.w(0x18, 1)
    s.tx(f[1:141])
    s.w(0x38, 0x00022f00)
    s.say("descriptor sizes below 16 bytes: the write is dropped")
    s.w(0x38, 0x00012f00)
    s.r(0x38, 0x00022f00)
    s.w(0x38, 0x00021f00)
    s.r(0x38, 0x00022f00)
    s.say("9220 bytes, and over: cut, XPKT_LOST")
    big = frame(data(9300, 3), 0x88b5)
    s.put(TXB, big)
    s.w(0x00, 0xffffffff)
    send(s, big[:9220], 0, big[:9220])
    s.r(0x00, 0x50)
    send(s, big, 0, big[:9220])
    s.r(0x00, 0xd0)
    s.say("runts are not padded")
    for n in (1, 13, 14, 59):
        send(s, big[:n], 0, big[:n])
    s.say("a buffer outside memory: AHB_ERR, still owned, tried again at the next poke")
    s.words(TXR, OWN | FTS | LTS | 60, 0, 0, 0x10000000, EOR, 0, 0, 0)
    s.w(0x20, TXR)
    s.w(0x00, 0xffffffff)
    s.w(0x18, 1)
    s.r(0x00, 0x100)
    s.see(TXR, OWN | FTS | LTS | 60)
    s.words(TXR + 12, TXB)
    s.w(0x18, 1)
    s.tx(big[:60])
    s.say("a ring outside memory looks unowned; an unaligned base is ignored")
    s.w(0x00, 0xffffffff)
    s.w(0x20, 0x10000000)
    s.w(0x18, 1)
    s.r(0x00, 0x40)
    s.w(0x20, TXR + 8)
    s.r(0x20, 0x10000000)
    return s


def rx_setup(s, n, maccr, rbsr=0x600):
    for i in range(n):
        s.words(RXR + 16 * i, EOR if i == n - 1 else 0, 0, 0, RXB + 0x1000 * i)
        s.op("fill 0x%08x 0x1000 0xee" % (RXB + 0x1000 * i))
    s.w(0x24, RXR)
    s.w(0x4c, rbsr)
    s.w(0x50, maccr)
    s.w(0x00, 0xffffffff)


def rx_hash():
    s = Script("rx-hash", "Multicast: off, all, by hash; the hash says nothing about unicast.")
    for dst, bit in (("01005e000001", 0), ("01005e7fabcd", 53), ("3333ff123456", 11), ("0180c2000001", 35),
                     ("0180c200000e", 7)):
        f = frame(data(46), 0x88b5, dst=bytes.fromhex(dst), src=PEER)
        for maht, taken in ((1 << bit, True), (~(1 << bit), False)):
            s.say("%s, bit %d %s" % (dst, bit, "set" if taken else "clear"))
            rx_setup(s, 2, 0x0000900f)
            s.w(0x10, maht & 0xffffffff)
            s.w(0x14, maht >> 32 & 0xffffffff)
            s.rx(f)
            s.r(0x00, 3 if taken else 0)
            s.see(RXR, RDY | LTS | FTS | 1 << 16 | 64 if taken else 0)
            s.w(0x50, 0x0000100f)
            s.rx(f)
            s.r(0x00, 3 if taken else 0)
            s.w(0x50, 0x0001100f)
            s.rx(f)
            s.r(0x00, 3)
            s.see(RXR + (16 if taken else 0), RDY | LTS | FTS | 1 << 16 | 64 | (EOR if taken else 0))
    s.say("unicast to another")
    rx_setup(s, 2, 0x0000900f)
    s.w(0x10, 0xffffffff)
    s.w(0x14, 0xffffffff)
    s.rx(frame(data(46), 0x88b5, dst=PEER, src=PEER))
    s.r(0x00, 0)
    return s


def rx_vlan():
    s = Script("rx-vlan", "The tag is reported in RXDES1; RM_VLAN takes it out and VDBC counts what is stored.")
    f = frame(data(60), 0x88b5, b"\x81\0\x20\x64", dst=MAC, src=PEER)
    plain = frame(data(60), 0x88b5, dst=MAC, src=PEER)
    rx_setup(s, 4, 0x00021f0f)
    s.rx(f)
    s.see(RXR, RDY | FTS | LTS | (len(f) + 4), 1 << 24 | 0x2064)
    s.bytes(RXB, f)
    s.w(0x50, 0x00021f1f)
    s.rx(f)
    s.see(RXR + 16, RDY | FTS | LTS | (len(plain) + 4), 1 << 24 | 0x2064)
    s.bytes(RXB + 0x1000, plain)
    s.bytes(RXB + 0x1000 + len(plain) + 4, b"\xee" * 4)
    s.say("88a8 is no tag")
    s.rx(frame(data(60), 0x88b5, b"\x88\xa8\x20\x64", dst=MAC, src=PEER))
    s.see(RXR + 32, RDY | FTS | LTS | (len(f) + 4), 0)
    s.say("1518 bytes with a tag are not too long, 1519 are")
    for n in (1518, 1519):
        f = frame(data(n - 18), 0x88b5, b"\x81\0\0\x01", dst=MAC, src=PEER)
        rx_setup(s, 2, 0x00021f0f)
        s.rx(f)
        s.see(RXR, RDY | FTS | LTS | 1522 | (1 << 20 if n > 1518 else 0), 1 << 24 | 1)
    return s


def rx_full_ring():
    s = Script("rx-full-ring", "A full ring: frames wait in order; freeing a descriptor does not resume, RXPD does.")
    f = [frame(data(46 + i, i), 0x88b5, dst=MAC, src=PEER) for i in range(5)]
    rx_setup(s, 2, 0x00021f0f)
    for x in f:
        s.rx(x)
    s.r(0x00, 3)
    s.see(RXR, RDY | FTS | LTS | 64)
    s.see(RXR + 16, RDY | FTS | LTS | EOR | 65)
    s.w(0x00, 0xffffffff)
    s.words(RXR, 0)
    s.op("step 100000000")
    s.see(RXR, 0)
    s.r(0x00, 0)
    s.w(0x1c, 1)
    s.see(RXR, RDY | FTS | LTS | 66)
    s.bytes(RXB, f[2])
    s.r(0x00, 3)
    s.words(RXR + 16, EOR)
    s.say("NPTXPD resumes as well, and so does MACCR")
    s.w(0x18, 1)
    s.see(RXR + 16, RDY | FTS | LTS | EOR | 67)
    s.words(RXR, 0)
    s.w(0x50, 0x00021f0f)
    s.see(RXR, RDY | FTS | LTS | 68)
    s.say("status bits are ORed into the old RXDES0")
    rx_setup(s, 1, 0x00021f0f)
    s.words(RXR, EOR | 0x00100001)
    s.rx(f[0])
    s.see(RXR, RDY | FTS | LTS | EOR | 0x00100041)
    return s


def registers():
    s = Script("registers", "Values after power-on, after writes, after software reset, after the machine's reset.")
    reset = {0x00: 0, 0x04: 0, 0x08: 0x5254, 0x0c: 0x00123456, 0x10: 0, 0x14: 0, 0x18: 0, 0x1c: 0, 0x20: 0, 0x24: 0,
             0x30: 0, 0x34: 0, 0x38: 0x00022f00, 0x40: 0, 0x44: 0, 0x48: 0xf1, 0x4c: 0, 0x50: 0, 0x60: 0, 0x64: 0,
             0x68: 0x400}
    for off, val in reset.items():
        s.r(off, val)
    s.say("written")
    wrote = {0x04: 0xffffffff, 0x08: 0xabcd1234, 0x0c: 0x55667788, 0x10: 0x01234567, 0x14: 0x89abcdef, 0x20: 0x80100010,
             0x24: 0x80110010, 0x30: 0x00001010, 0x34: 0x1f, 0x38: 0x00022f72, 0x40: 0x80000600, 0x44: 0x1b,
             0x48: 0x1b0000f1, 0x4c: 0x600, 0x68: 0x00100005, 0x64: 0x12345678}
    after = dict(wrote)
    after.update({0x08: 0x1234, 0x34: 0, 0x4c: 0, 0x64: 0x5678})
    for off, val in wrote.items():
        s.w(off, val)
    for off, val in after.items():
        s.r(off, val)
    s.op("rw 0x38", "rw 0x38 = 0x0000")
    s.op("rb 0x38", "rb 0x38 = 0x00")
    s.op("ww 0x38 0x1234")
    s.op("wb 0x04 0")
    s.r(0x38, 0x00022f72)
    s.r(0x138, 0x00022f72)
    s.r(0x1f04, 0xffffffff)
    reset.update({0x08: 0x1234, 0x0c: 0x55667788})
    for how, maccr in (("w 0x50 0x80080201", 0x00080200), ("hwreset", 0)):
        s.say(how)
        s.op(how)
        reset[0x50] = maccr
        for off, val in reset.items():
            s.r(off, val)
    s.say("the PHY through the new MDIO interface, and a pulled cable")
    s.w(0x40, 0x80000000)
    s.w(0x60, 0x00009802 | 3 << 5)
    s.r(0x60, 0x00001802 | 3 << 5)
    s.r(0x64, 0x001c)
    s.w(0x60, 0x81e19404)
    s.w(0x60, 0x00009804)
    s.r(0x64, 0x01e1)
    s.op("link 0")
    s.w(0x60, 0x00009801)
    s.r(0x64, 0x7949)
    s.w(0x60, 0x00009813)
    s.r(0x64, 0x0100)
    s.op("link 1")
    s.w(0x60, 0x00009801)
    s.r(0x64, 0x796d)
    s.w(0x60, 0x00009813)
    s.r(0x64, 0x0800)
    s.w(0x60, 0x00009813)
    s.r(0x64, 0)
    s.r(0x00, 0)
    return s


for make in (checksums, tx_vlan, tx_odd_rings, rx_hash, rx_vlan, rx_full_ring, registers):
    make().write()
