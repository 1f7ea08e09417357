#!/usr/bin/env python3
"""Segments in every state: RST, SYN, FIN, ACK, SYN-ACK, SYN-FIN, data and no flags, each in each state of RFC 9293.

One table a state, to be read like section 3.10.7 of the RFC, as changed by RFC 5961: what comes | what is answered | what
becomes of the connection. Each row is a packetdrill script of its own. The answers are Linux 5.15's; where Linux leaves
the RFCs a comment says so.

usage: test_states.py WIREPATH
"""
import os
import subprocess
import sys
import tempfile

LISTEN = """0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 2) = 0
"""
HALF = LISTEN + """+0 < S 0:0(0) win 10000 <mss 1000>
+0 > S. 0:0(0) ack 1 <mss 1460>
"""
ESTABLISHED = HALF + """+0 < . 1:1(0) ack 1 win 10000
+0 accept(3, ..., ...) = 4
"""
CLOSE_WAIT = ESTABLISHED + """+0 < F. 1:1(0) ack 1 win 10000
* > . 1:1(0) ack 2
"""
FIN_WAIT1 = ESTABLISHED + """+0 shutdown(4, SHUT_WR) = 0
+0 > F. 1:1(0) ack 1
"""
FIN_WAIT2 = FIN_WAIT1 + "+.01 < . 1:1(0) ack 2 win 10000\n"
SYN_SENT = """0 `sysctl -q net.ipv4.tcp_timestamps=0 net.ipv4.tcp_sack=0 net.ipv4.tcp_window_scaling=0`
+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 4
+0 fcntl(4, F_SETFL, O_RDWR|O_NONBLOCK) = 0
+0 connect(4, ..., ...) = -1 EINPROGRESS
+0 > S 0:0(0) <mss 1460>
"""
CROSSED = SYN_SENT + """+.01 < S 0:0(0) win 10000 <mss 1000>
+0 > S. 0:0(0) ack 1 <mss 1460>
"""

# how each state is reached; the peer's next number, what it acknowledges; the numbers of our ACKs
STATES = {
    "SYN_SENT": (SYN_SENT, 0, 1, None),
    "SYN_RECV": (HALF, 1, 1, "1:1(0) ack 1"),
    "SYN_RECV, crossed": (CROSSED, 1, 1, "1:1(0) ack 1"),
    "ESTABLISHED": (ESTABLISHED, 1, 1, "1:1(0) ack 1"),
    "FIN_WAIT1": (FIN_WAIT1, 1, 1, "2:2(0) ack 1"),
    "FIN_WAIT2": (FIN_WAIT2, 1, 2, "2:2(0) ack 1"),
    "FIN_WAIT2, closed": (ESTABLISHED + """+0 close(4) = 0
+0 > F. 1:1(0) ack 1
+.01 < . 1:1(0) ack 2 win 10000
""", 1, 2, "2:2(0) ack 1"),
    "CLOSE_WAIT": (CLOSE_WAIT, 2, 1, "1:1(0) ack 2"),
    "CLOSING": (FIN_WAIT1 + "+.01 < F. 1:1(0) ack 1 win 10000\n+0 > . 2:2(0) ack 2\n", 2, 1, "2:2(0) ack 2"),
    "LAST_ACK": (CLOSE_WAIT + "+0 shutdown(4, SHUT_WR) = 0\n+0 > F. 1:1(0) ack 2\n", 2, 1, "2:2(0) ack 2"),
    "TIME_WAIT": (FIN_WAIT2 + "+.01 < F. 1:1(0) ack 2 win 10000\n+0 > . 2:2(0) ack 2\n", 2, 2, "2:2(0) ack 2"),
}

NAMES = {"ESTABLISHED": 1, "SYN_SENT": 2, "SYN_RECV": 3, "FIN_WAIT1": 4, "FIN_WAIT2": 5, "TIME_WAIT": 6, "CLOSE": 7,
         "CLOSE_WAIT": 8, "LAST_ACK": 9, "CLOSING": 11}

# {s}: the peer's next number, {a}: its acknowledgement. "ACK": the state's ACK (a challenge, or a repeated one); "-": nothing.
# The state after it; a number: closed with that error (32 EPIPE, 104 ECONNRESET, 111 ECONNREFUSED); GONE: no socket is left,
# a segment is answered with a RST; SAME: as it was. RFC 5961's checks are the same in all synchronised states.
SAME, GONE = "SAME", "GONE"
CHECKS = [
    ("R {s+1}:{s+1}(0)", "ACK", SAME),  # RFC 5961, 3.2: in the window, but not exact
    ("R. {s+1}:{s+1}(0) ack {a}", "ACK", SAME),
    ("R {s+70000}:{s+70000}(0)", "-", SAME),  # outside
    ("S {s}:{s}(0)", "ACK", SAME),  # RFC 5961, 4.2: whatever its number
    ("S {s+70000}:{s+70000}(0)", "ACK", SAME),
    ("S 0:0(0)", "ACK", SAME),  # the first SYN once more
    ("S. {s}:{s}(0) ack {a}", "ACK", SAME),
    ("SF {s}:{s}(0)", "ACK", SAME),
    ("- {s}:{s}(0)", "-", SAME),  # without ACK: dropped
    ("- {s}:{s+100}(100)", "-", SAME),
    ("F {s}:{s}(0)", "-", SAME),
    (". {s}:{s}(0) ack {a}", "-", SAME),
    ("P. {s+70000}:{s+70100}(100) ack {a}", "ACK", SAME),  # outside
    ("F. {s+70000}:{s+70000}(0) ack {a}", "ACK", SAME),
]

TABLE = {
    "SYN_SENT": [
        ("R 0:0(0)", "-", SAME),  # without ACK it proves nothing
        ("R. 0:0(0) ack 1", "-", 111),
        ("R. 0:0(0) ack 2", "-", SAME),
        (". 0:0(0) ack 1", "-", SAME),
        (". 0:0(0) ack 2", "> R 2:2(0)", SAME),  # half-open: an old connection of the peer (RFC 9293, 3.5.1)
        ("S. 0:0(0) ack 2", "> R 2:2(0)", SAME),
        ("S. 0:0(0) ack 0", "> R 0:0(0)", SAME),
        ("F 0:0(0)", "-", SAME),
        ("F. 0:0(0) ack 1", "-", SAME),
        ("- 0:0(0)", "-", SAME),
        ("P. 0:100(100) ack 1", "-", SAME),
        ("S 0:0(0)", "> S. 0:0(0) ack 1 <mss 1460>", "SYN_RECV"),
        ("SF 0:0(0)", "> S. 0:0(0) ack 1 <mss 1460>", "SYN_RECV"),  # Linux: the FIN is not looked at
        ("S. 0:0(0) ack 1", "> . 1:1(0) ack 1", "ESTABLISHED"),
    ],
    "SYN_RECV": [  # a request, no socket yet
        ("R 1:1(0)", "-", GONE),
        ("R 5000:5000(0)", "ACK", SAME),  # 5.15.0 took it anywhere in the window, stable kernels do not
        ("R. 5000:5000(0) ack 9", "ACK", SAME),  # whatever it acknowledges
        ("R. 1:1(0) ack 9", "-", GONE),
        ("R 70000:70000(0)", "-", SAME),
        ("S 0:0(0)", "> S. 0:0(0) ack 1 <mss 1460>", SAME),  # sent again: so is the answer
        ("SF 0:0(0)", "> S. 0:0(0) ack 1 <mss 1460>", SAME),
        ("S 70000:70000(0)", "ACK", SAME),
        (". 1:1(0) ack 5", "> R 5:5(0)", SAME),
        ("S. 0:0(0) ack 5", "> R 5:5(0)", SAME),
        ("F 1:1(0)", "-", SAME),
        ("- 1:1(0)", "-", SAME),
        ("P. 70000:70100(100) ack 1", "ACK", SAME),
    ],
    "SYN_RECV, crossed": [
        ("R 1:1(0)", "-", 104),
        ("R 2:2(0)", "ACK", SAME),
        ("R 70000:70000(0)", "-", SAME),
        (". 1:1(0) ack 5", "> R 5:5(0)", SAME),
        ("F 1:1(0)", "-", SAME),
        ("- 1:1(0)", "-", SAME),
        (". 1:1(0) ack 1", "-", "ESTABLISHED"),
        ("S. 0:0(0) ack 1", "> . 1:1(0) ack 1", "ESTABLISHED"),
        ("F. 1:1(0) ack 1", "* > . 1:1(0) ack 2", "CLOSE_WAIT"),
    ],
    "ESTABLISHED": CHECKS + [
        ("R 1:1(0)", "-", 104),
        ("R. 1:1(0) ack 1", "-", 104),
        ("R. 1:1(0) ack 9999", "-", 104),  # Linux: the ACK of a RST is not looked at
        ("R 0:0(0)", "-", SAME),
        ("F. 1:1(0) ack 1", "* > . 1:1(0) ack 2", "CLOSE_WAIT"),
        ("F. 1:1(0) ack 9999", "ACK", SAME),  # 5.15.0 dropped it without a word, stable kernels do not
        (". 1:1(0) ack 2", "ACK", SAME),
        ("P. 1:101(100) ack 1", "> . 1:1(0) ack 101", SAME),
    ],
    "FIN_WAIT1": CHECKS + [
        ("R 1:1(0)", "-", 104),
        (". 1:1(0) ack 2", "-", "FIN_WAIT2"),
        (". 1:1(0) ack 9999", "ACK", SAME),
        ("P. 1:101(100) ack 1", "> . 2:2(0) ack 101", SAME),
        ("F. 1:1(0) ack 1", "> . 2:2(0) ack 2", "CLOSING"),
        ("F. 1:1(0) ack 2", "> . 2:2(0) ack 2", "CLOSE"),  # the socket; TIME_WAIT lives on
    ],
    "FIN_WAIT2": CHECKS + [
        ("R 1:1(0)", "-", 104),
        (". 1:1(0) ack 9999", "ACK", SAME),
        ("P. 1:101(100) ack 2", "> . 2:2(0) ack 101", SAME),
        ("F. 1:1(0) ack 2", "> . 2:2(0) ack 2", "CLOSE"),
        ("F. 1:1(0) ack 1", "> . 2:2(0) ack 2", "CLOSE"),  # overtaken by the ACK of our FIN
    ],
    "FIN_WAIT2, closed": [  # no socket: Linux keeps a time-wait one
        ("R 1:1(0)", "-", GONE),
        ("R 5000:5000(0)", "-", GONE),  # Linux: anywhere in the window
        ("R 0:0(0)", "ACK", SAME),  # Linux: outside, though it be a RST
        ("S 70000:70000(0)", "ACK", SAME),
        ("- 1:1(0)", "-", SAME),
        ("- 1:101(100)", "-", SAME),
        ("F 1:1(0)", "-", SAME),
        (". 1:1(0) ack 2", "-", SAME),
        (". 1:1(0) ack 9", "-", SAME),
        ("P. 1:101(100) ack 2", "> R 2:2(0)", GONE),  # nobody will read it
        ("P. 70000:70100(100) ack 2", "ACK", SAME),
        ("F. 1:101(100) ack 2", "> R 2:2(0)", GONE),
        ("F. 2:2(0) ack 2", "> R 2:2(0)", GONE),  # Linux: data is missing before it
        ("F. 1:1(0) ack 2", "> . 2:2(0) ack 2", "TIME_WAIT"),
    ],
    "CLOSE_WAIT": CHECKS + [
        ("R 2:2(0)", "-", 32),
        ("R 1:1(0)", "-", 32),  # Linux: some stacks do not count their FIN
        ("F. 1:1(0) ack 1", "ACK", SAME),  # sent again
        ("P. 2:102(100) ack 1", "-", SAME),  # behind the FIN there is nothing
    ],
    "CLOSING": CHECKS + [
        ("R 2:2(0)", "-", 104),
        ("R 1:1(0)", "-", 104),
        ("F. 1:1(0) ack 1", "ACK", SAME),
        (". 2:2(0) ack 9999", "ACK", SAME),
        (". 2:2(0) ack 2", "-", "CLOSE"),  # the socket; TIME_WAIT lives on
    ],
    "LAST_ACK": CHECKS + [
        ("R 2:2(0)", "-", 104),
        ("R 1:1(0)", "-", 104),
        ("F. 1:1(0) ack 1", "ACK", SAME),
        (". 2:2(0) ack 9999", "ACK", SAME),
        (". 2:2(0) ack 2", "-", GONE),
    ],
    "TIME_WAIT": [
        ("R 2:2(0)", "-", GONE),  # RFC 1337; net.ipv4.tcp_rfc1337 is 0
        ("R 3:3(0)", "-", SAME),
        ("R 70000:70000(0)", "-", SAME),
        ("S 2:2(0)", "ACK", SAME),
        ("S 0:0(0)", "ACK", SAME),
        ("S. 2:2(0) ack 2", "ACK", SAME),
        ("SF 2:2(0)", "ACK", SAME),
        ("- 2:2(0)", "-", SAME),
        (". 2:2(0) ack 2", "-", SAME),
        ("F. 1:1(0) ack 2", "ACK", SAME),  # our last ACK was lost
        ("F. 1:1(0) ack 1", "ACK", SAME),
        ("P. 2:102(100) ack 2", "ACK", SAME),
    ],
}


def fill(text, s, a):
    for n in (0, 1, 100, 70000, 70100):
        text = text.replace("{s+%d}" % n, str(s + n))
    return text.replace("{s}", str(s)).replace("{a}", str(a))


def script(state, segment, answer, after):
    reach, s, a, ack = STATES[state]
    segment = fill(segment, s, a)
    lines = [reach, "+.1 < %s win 10000%s" % (segment, " <mss 1000>" if segment[0] == "S" else "")]
    if answer == "ACK":
        lines.append("+0 > . " + ack)
    elif answer != "-":
        lines.append(answer if answer[0] == "*" else "+0 " + answer)
    number = NAMES.get(state.split(",")[0] if after == SAME else after)
    socket = state not in ("SYN_RECV", "TIME_WAIT", "FIN_WAIT2, closed")
    if isinstance(after, int):
        lines += ["+.01 %{ assert tcpi_state == 7, tcpi_state }%",
                  "+0 getsockopt(4, SOL_SOCKET, SO_ERROR, [%d], [4]) = 0" % after]
    elif after != GONE and socket:
        lines.append("+.01 %%{ assert tcpi_state == %d, tcpi_state }%%" % number)
    if isinstance(after, int) or after == GONE:
        if state not in ("SYN_SENT", "SYN_RECV, crossed"):
            lines += ["+.6 < . %d:%d(0) ack %d win 10000" % (s, s, a), "+0 > R %d:%d(0)" % (a, a)]
    elif state == "SYN_RECV":
        lines += ["+.6 < . 1:1(0) ack 1 win 10000", "+0 accept(3, ..., ...) = 4"]
    elif not socket:  # it still answers, the limit of ACKs (tcp_invalid_ratelimit, 500 ms) allowing
        lines += ["+.6 < F. 1:1(0) ack 2 win 10000", "+0 > . 2:2(0) ack 2"]
    return "\n".join(lines) + "\n"


def main():
    wirepath = os.path.abspath(sys.argv[1])
    failed = 0
    with tempfile.TemporaryDirectory() as tmp:
        paths = []
        for state, rows in TABLE.items():
            for i, row in enumerate(rows):
                paths.append(os.path.join(tmp, "%s-%d.pkt" % (state.replace(", ", "-"), i)))
                with open(paths[-1], "w") as f:
                    f.write("// %s: %s\n%s" % (state, row, script(state, *row)))
        r = subprocess.run([wirepath, "packetdrill", "--mss=1000"] + paths, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for path in paths:
            if path + ": passed" not in r.stdout.splitlines():
                failed += 1
                with open(path) as f:
                    print("FAIL " + f.read())
        if failed:
            print(r.stdout)
    print("%d passed, %d failed" % (len(paths) - failed, failed))
    return failed != 0


sys.exit(main())
