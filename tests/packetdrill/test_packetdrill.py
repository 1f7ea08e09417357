#!/usr/bin/env python3
"""packetdrill scripts: each *.pkt of this folder passes; what is wrong is told with its line.

usage: test_packetdrill.py WIREPATH
"""
import glob
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from tally import check, total

HERE = os.path.dirname(os.path.abspath(__file__))
HEAD = """0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 1000 <mss 1000>
+0 > S. 0:0(0) ack 1 <mss 1460>
"""

# text of a script, what it is told
WRONG = [
    ("", "the script has no events"),
    ("+1 socket(..., SOCK_STREAM, 0) = 3", "first event must be at time 0"),
    ("0 < S 0:5(0) win 1", "0:5 are not 0 bytes"),
    ("0 < S 0:0(0)", "needs 'win N'"),
    ("0 < S 0:0(0) win 70000", "at most 65535"),
    ("0 > X 0:0(0)", "'X' is no TCP flag"),
    ("0 > S 0:0(0) <foo 1>", "there is no TCP option 'foo'"),
    ("* < S 0:0(0) win 1", "one time"),
    ("0 socket(..., SOCK_STREAM, 0 = 3", "expected ','"),
    ("0 `true", "no closing '`'"),
    ("/* 0", "has no end"),
    ("0 > S.5 0:0(0) ack 1", "unsupported: AccECN"),
    ("0 < udplite (100)", "unsupported: packets of udplite"),
    ("0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3\n+0 < udp (100)", "has no port yet"),
    ("0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3\n+0 bind(3, ..., ...) = 0\n+0 < udp (1473)", "at most the MTU"),
    ("0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3\n+0 sendto(3, ..., 9, 0, ..., ...) = 9\n+0 > udp (10)",
     "another packet came (length differs)\n  came:     0.000000 udp "),
    ("0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3\n+0 < icmp echo_request\n+0 > icmp echo_request", "(ICMP type differs)"),
    ("0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3\n+0 < icmp echo_request (7)", "has 8 to"),
    ("0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3\n+0 < icmp no_such", "there is no ICMP type 'no_such'"),
    ("0 < [1:1(0)] foo", "expected 'icmp'"),
    ("0 < icmp packet_too_big mtu 1400 [1:11(10)]", "unsupported: packet_too_big is of IPv6"),
    ("--ip_version=ipv6\n0 `true`\n0 `true`", "unsupported: there is IPv4 only"),
    ("--nosuch=1\n0 close(3) = 0", "there is no such option"),
    ("--remote_ip=\"192.0.2.9\n0 close(3) = 0", "no closing '\"'"),
    ("0 fork() = 0", "unsupported: the system call fork()"),
    ("`reboot`\n0 close(3) = 0", "unsupported: the command 'reboot'"),
    ("`sysctl -q net.ipv4.tcp_rmem=\"4096 8192 $((32*1024 1))\"`\n0 close(3) = 0", "sysctl net.ipv4.tcp_rmem"),
    ("`sysctl -q net.ipv4.nosuch=1`\n0 close(3) = 0", "unsupported: sysctl net.ipv4.nosuch=1"),
    ("0 close(7) = 0", "close() returned -1 (EBADF) instead of 0"),
    ("0 close(7) = -1 EINVAL", "failed with EBADF instead of EINVAL"),
    ("0 socket(..., SOCK_FOO, 0) = 3", "unsupported: the symbol 'SOCK_FOO'"),
    ("0 < S 0:0(0) win 1", "no socket that this packet could be for"),
    (HEAD.replace("mss 1460", "mss 1400"), ":5: another packet came (TCP options differs)"),
    (HEAD.replace("ack 1", "ack 2"), "(ack number differs)"),
    (HEAD.replace("+0 > S.", "+.5 > S."), "timing: expected at 0.500000 s, came at 0.000000 s"),
    (HEAD + "+0 > . 1:1(0) ack 1", "another packet came (flags differs)"),  # the SYN-ACK comes again after a second
    (HEAD + "+0 accept(3, ..., ...) = 4", "accept() blocks for ever"),
    (HEAD + "+0...0.5 accept(3, ..., ...) = 4", "accept() was to return at 0.500000 s and still blocks"),
    (HEAD + "+.1 < . 1:1(0) ack 1 win 1000\n+0 accept(3, ..., ...) = 4\n+0 %{ assert tcpi_snd_cwnd == 11 }%",
     "assertion failed: tcpi_snd_cwnd == 11 (tcpi_snd_cwnd = 10)"),
    (HEAD + "+0 < icmp redirection", "there is no ICMP type 'redirection'"),
    (HEAD + "+0 < icmp unreachable code_256", "'unreachable' with code code_256"),
    ("0 socket(..., SOCK_STREAM, 0) = 3\n+0 %{ while 1: pass }%", "unsupported: the code 'while 1: pass'"),
]

# code that holds: Python's meaning of comparisons, precedence and truth
CODE = """x = 5; y = 2
assert x == 5 and y != 5, "message %d" % (x)
assert 1 < y < x <= 5
assert not (x < y or 0)
assert x & 1 == 1 or True
assert (x & 4) + 3 * 2 == 10 and 7 // 2 == 3 and -7 % 3 == 2
x += 0x10 # a comment
assert x == 21 and \\
  x - y == 19
print(x)"""


def run(*args):
    return subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def main():
    wirepath = os.path.abspath(sys.argv[1])
    scripts = sorted(glob.glob(HERE + "/*.pkt"))
    r = run(wirepath, "packetdrill", *scripts)
    lines = r.stdout.splitlines()
    for s in scripts:
        check(s + ": passed" in lines, s)
    check(r.returncode == 0, r.stdout)
    check(run(wirepath, "packetdrill", "-j", "1", *scripts).stdout == r.stdout, "one after the other: the same output")
    r = run(wirepath, "packetdrill", "-D", "TFO_COOKIE=0102030405060708", HERE + "/fastopen-server.pkt")
    check(r.returncode == 1 and "FOEXP TFO_COOKIE" in r.stdout, "-D wins over what a name means: " + r.stdout[:300])
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "t.pkt")
        for text, told in WRONG:
            with open(path, "w") as f:
                f.write(text + "\n")
            r = run(wirepath, "packetdrill", path)
            check(r.returncode == 1 and told in r.stdout and "passed, " in r.stdout, "%r: %s" % (text, r.stdout[:600]))
        with open(path, "w") as f:
            f.write("0 socket(..., SOCK_STREAM, 0) = 3\n+0 %{ " + CODE + " }%\n")
        r = run(wirepath, "packetdrill", path)
        check(r.returncode == 0, r.stdout)
        with open(path, "w") as f:
            f.write(HEAD.replace("mss 1460", "mss 1400"))
        r = run(wirepath, "packetdrill", path)
        check("| tcp_v4_rcv |" in r.stdout and "came:     0.000000 S. 0:0(0) ack 1 win" in r.stdout, "chart: " + r.stdout[:300])
    for args, told in ((["-j", "0", "x"], "-j takes"), ([], "it takes scripts"), (["-z", "x"], "no option '-z'"),
                       (["--tolerance_usecs=x", "f"], "takes a number")):
        r = run(wirepath, "packetdrill", *args)
        check(r.returncode == 2 and told in r.stdout, "%s: %s" % (args, r.stdout))
    r = run(wirepath, "packetdrill", "/nonexistent.pkt")
    check(r.returncode == 1 and "cannot be read: No such file" in r.stdout, r.stdout)
    return total()


sys.exit(main())
