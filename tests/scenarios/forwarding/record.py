#!/usr/bin/env python3
"""Asks the kernel of this machine what a router does with the packets of cases.txt; writes linux.txt. As root."""
import ctypes, os, select, socket, struct, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
libc = ctypes.CDLL(None, use_errno=True)
NS = {n: "wpfwd_" + n for n in "arb"}
MAC = {"a": "02:00:00:00:00:0a", "r0": "02:00:00:00:00:01", "r1": "02:00:00:00:00:02", "b": "02:00:00:00:00:0b"}


def sh(cmd):
    return subprocess.run(cmd, shell=True, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT).returncode


def inside(ns, fn):
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    fd = os.open("/run/netns/" + NS[ns], os.O_RDONLY)
    assert libc.setns(fd, 0x40000000) == 0
    try:
        return fn()
    finally:
        libc.setns(here, 0x40000000)
        os.close(fd), os.close(here)


def network():
    for n in NS.values():
        sh("ip netns add " + n)
    sh("ip -n {a} link add eth0 address {ma} type veth peer name eth0 netns {r} address {m0}".format(ma=MAC["a"], m0=MAC["r0"], **NS))
    sh("ip -n {b} link add eth0 address {mb} type veth peer name eth1 netns {r} address {m1}".format(mb=MAC["b"], m1=MAC["r1"], **NS))
    for ns, dev, addr in (("a", "eth0", "10.0.1.10"), ("r", "eth0", "10.0.1.1"), ("r", "eth1", "10.0.2.1"), ("b", "eth0", "10.0.2.2")):
        sh("ip -n %s link set lo up; ip -n %s link set %s up; ip -n %s addr add %s/24 dev %s" % (NS[ns], NS[ns], dev, NS[ns], addr, dev))
    for conf in ("rp_filter=0", "accept_source_route=0"):
        for dev in ("all", "default", "eth0", "eth1"):
            sh("ip netns exec %s sysctl -qw net.ipv4.conf.%s.%s" % (NS["r"], dev, conf))
    sh("ip netns exec %s sysctl -qw net.ipv4.conf.eth0.accept_source_route=0 net.ipv4.ip_forward=1" % NS["r"])
    sh("ip -n {a} route add default via 10.0.1.1; ip -n {b} route add default via 10.0.2.1".format(**NS))


def checksum(data):
    s = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff


def packet(src, dst, ttl, length, df, options):
    opts = b"" if options == "-" else bytes.fromhex(options)
    opts += b"\0" * (-len(opts) % 4)
    ihl = 5 + len(opts) // 4
    head = struct.pack("!BBHHHBBH", 0x40 | ihl, 0, int(length), 7, 0x4000 if df == "df" else 0, int(ttl), 17, 0)
    head += socket.inet_aton(src) + socket.inet_aton(dst) + opts
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return head + struct.pack("!HHHH", 1000, 2000, int(length) - len(head), 0) + b"\0" * (int(length) - len(head) - 8)


def run(commands, args):
    network()
    try:
        time.sleep(0.3)
        for c in commands.split(";"):
            c = c.strip()
            if c and sh("ip netns exec %s %s" % (NS["r"], c)):
                raise SystemExit("failed: " + c)
        a = inside("a", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x800)))
        b = inside("b", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x800)))
        r = inside("r", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 17))
        inside("a", lambda: a.bind(("eth0", 0x800)))
        inside("b", lambda: b.bind(("eth0", 0x800)))
        mac = lambda m: bytes.fromhex(MAC[m].replace(":", ""))
        a.send(mac("r0") + mac("a") + b"\x08\0" + packet(*args))
        seen = []
        end = time.time() + (4.5 if "10.0.2.9" in args or "10.0.2.255" in args else 0.7)
        while time.time() < end:
            for s in select.select([a, b, r], [], [], max(0, end - time.time()))[0]:
                d = s.recv(2000)
                if s is not r:
                    d = d[14:]
                ihl = (d[0] & 15) * 4
                where = "abr"[(a, b, r).index(s)]
                if s is a and d[9] == 1:
                    rest = struct.unpack("!I", d[ihl + 4:ihl + 8])[0]
                    seen.append("a icmp %d/%d %08x" % (d[ihl], d[ihl + 1], rest))
                elif d[9] == 17 and d[8] != 0 and not (s is a and d[14:16] == mac("r0")[:2]):
                    if s is a and d[8] == int(args[2]):
                        continue  # our own
                    seen.append("%s %s>%s ttl %d len %d%s" % (where, socket.inet_ntoa(d[12:16]), socket.inet_ntoa(d[16:20]), d[8],
                                struct.unpack("!H", d[2:4])[0], " options " + d[20:ihl].hex() if ihl > 20 else ""))
        for s in (a, b, r):
            s.close()
        return "; ".join(seen) or "nothing"
    finally:
        for n in NS.values():
            sh("ip netns del " + n)


with open(os.path.join(HERE, "cases.txt")) as f, open(os.path.join(HERE, "linux.txt"), "w") as out:
    for line in f:
        if line.startswith("#") or not line.strip():
            continue
        name, commands, args = [p.strip() for p in line.split("|")]
        if len(sys.argv) > 1 and sys.argv[1] not in name:
            continue
        print("%s: %s" % (name, run(commands, args.split())), file=out, flush=True)
