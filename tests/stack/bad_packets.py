#!/usr/bin/env python3
"""Asks the kernel of this machine what it does with the packets of bad_packets.txt, and writes that into the file.

    unshare -n tests/stack/bad_packets.py          (as root; newer than 5.17, which gives drops a reason)

The file: a name, what came of it, the packets; a blank line. Of a line `counters | drops` all but the name and the
packets may be left out, it is written anew. A packet is IP as hex digits, or an Ethernet frame after an @.
"""
import fcntl, os, re, struct, subprocess, time
from collections import Counter

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bad_packets.txt")
TRACE = "/sys/kernel/tracing/instances/bad_packets"
# counted for each packet that comes or goes
USUAL = re.compile(r"IpInReceives|IpOut(Requests|Transmits)|IpExt(In|Out)\w*Octets|IpExtIn(NoECT|ECT.|CE)Pkts|IcmpMsg")
# where newer kernels count wrongly: since 6.1 an answer with the time is taken for one to a ping
OLDER = {"time stamp request": ("IcmpOutEchoReps", "IcmpOutTimestampReps")}


def sh(cmd):
    subprocess.run(cmd, shell=True, check=True)


def host():
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, 0x400454CA, struct.pack("16sH22x", b"eth0", 0x1002))  # TUNSETIFF: IFF_TAP | IFF_NO_PI
    sh("sysctl -qw net.ipv6.conf.default.disable_ipv6=1 net.ipv6.conf.all.disable_ipv6=1")
    sh("ip link set lo up; ip link set eth0 address 02:00:00:00:00:01 up; ip addr add 10.0.0.1/24 brd + dev eth0")
    sh("ip neigh add 10.0.0.2 lladdr 02:00:00:00:09:09 dev eth0 nud permanent")
    sh("sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0 net.ipv4.icmp_ratelimit=0 "
       "net.ipv4.icmp_msgs_per_sec=100000 net.ipv4.icmp_msgs_burst=10000")
    return tap


def frame(packet):
    if packet[0] == "@":
        return bytes.fromhex(packet[1:])
    ip = bytes.fromhex(packet)
    to = bytes([2, 0, 0, 0, 0, 1])
    if ip[16] >> 4 == 14:
        to = bytes([1, 0, 0x5E, ip[17] & 0x7F, ip[18], ip[19]])
    elif ip[19] == 255:
        to = b"\xff" * 6
    return (to + bytes([2, 0, 0, 0, 9, 9, 8, 0]) + ip).ljust(60, b"\0")


def counters():
    got = {}
    for path in ("/proc/net/snmp", "/proc/net/netstat"):
        lines = open(path).read().splitlines()
        for names, values in zip(lines[::2], lines[1::2]):
            table = names.split(":")[0]
            for name, value in zip(names.split()[1:], values.split()[1:]):
                got[table + name] = int(value)
    got["rx_dropped"] = int(re.search(r"eth0:(.*)", open("/proc/net/dev").read()).group(1).split()[3])
    return got


def drain(tap):
    try:
        while True:
            os.read(tap, 4096)
    except BlockingIOError:
        pass


def record(tap, packets):
    was = counters()
    open(TRACE + "/trace", "w").close()
    for packet in packets.split():
        os.write(tap, frame(packet))
    time.sleep(0.02)
    drain(tap)
    now = counters()
    grown = ["%s %d" % (k, n - was.get(k, 0)) for k, n in now.items() if n != was.get(k, 0) and not USUAL.match(k)]
    drops = Counter(re.findall(r"location=(\w+)\S* reason: (\w+)", open(TRACE + "/trace").read()))
    return " ".join(grown) + " | " + " ".join("%s:%s %d" % (*k, n) for k, n in sorted(drops.items()))


def main():
    rows = [r.splitlines() for r in open(FILE).read().strip().split("\n\n")]
    tap = host()
    os.makedirs(TRACE)
    try:
        open(TRACE + "/events/skb/kfree_skb/filter", "w").write("protocol != 0")  # not those of other families
        open(TRACE + "/events/skb/kfree_skb/enable", "w").write("1")
        time.sleep(0.3)
        drain(tap)
        rows = [(r[0], record(tap, r[-1]).strip().replace(*OLDER.get(r[0], ("|", "|"))), r[-1]) for r in rows]
        open(TRACE + "/events/skb/kfree_skb/enable", "w").write("0")
    finally:
        os.rmdir(TRACE)
    open(FILE, "w").write("\n\n".join("\n".join(r) for r in rows) + "\n")


main()
