#!/usr/bin/env python3
"""Values in the trace and `wirepath plot`: the values are those that ss tells at the same time; rulers, lines and
counted series are what made-up traces say.

usage: test_plot.py WIREPATH
"""
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

from trace_file import (FRAME_RX, FRAME_TX, FUNCTION, DROP, IDLE, IRQ, IRQ_END, SUBJECT_CARD, SUBJECT_DEV, SUBJECT_SOCK,
                        TASK, VALUE, VALUE_NAME, WIRE_FROM, WIRE_LEFT, Trace, read_values, write_run)

wirepath = os.path.abspath(sys.argv[1])
here = os.path.dirname(os.path.abspath(__file__))
passed = failed = 0


def check(what, ok, *more):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print("FAIL", what, *more)


def wp(*args):
    r = subprocess.run([wirepath, *args], capture_output=True, text=True, timeout=100)
    return r.returncode, r.stdout, r.stderr


# ---- the values of a run are what ss says ----

SS_STATES = {"ESTAB": "ESTABLISHED", "SYN-SENT": "SYN_SENT", "FIN-WAIT-1": "FIN_WAIT1", "CLOSE-WAIT": "CLOSE_WAIT",
             "LAST-ACK": "LAST_ACK", "FIN-WAIT-2": "FIN_WAIT2", "TIME-WAIT": "TIME_WAIT", "LISTEN": "LISTEN"}


def value_at(points, time):
    before = [v for t, v in points if t <= time]
    return before[-1] if before else None


def test_against_ss(tmp):
    run = os.path.join(tmp, "ss")
    code, out, err = wp("run", os.path.join(here, "values.lua"), "-o", run)
    check("the scenario runs", code == 0, err)
    table = {}
    units = {}
    for host, kind, _, of, name, unit, points in read_values(os.path.join(run, "trace.wpt")):
        table[host, of, name] = points
        units[name] = unit
    samples, compared, what, datagrams = [], {}, {}, []
    for line in (out + err).splitlines():
        m = re.search(r"@\t(\d+)\t(\w+)\t(.*)", line)
        if not m:
            continue
        time, host, text = int(m.group(1)), m.group(2), m.group(3)
        row = text.split()
        if row and (row[0] in SS_STATES or row[0] == "UNCONN"):
            samples.append((time, host, row))
        elif row and ":" in row[0] and samples[-1][:2] == (time, host):
            samples[-1] += (dict(w.split(":", 1) for w in row if ":" in w),)
    for time, host, row, *info in samples:
        of = row[3] if row[0] == "UNCONN" else f"{row[3]} > {row[4]}"
        if row[0] == "LISTEN" or row[0] != "UNCONN" and (host, of, "tcp_state") not in table:
            continue

        def compare(name, said, scale=1):
            points = table.get((host, of, name), [])
            got = value_at(points, time)
            # a value that changes in this very moment may be either
            if got is None or any(t == time for t, _ in points):
                return
            compared[name] = compared.get(name, 0) + 1
            if abs(got - said * scale) >= scale:
                what[name] = (time, host, got, said)

        if row[0] == "UNCONN":
            compare("recv_q", int(row[1]))
            datagrams.append(int(row[1]))
            continue
        state = units["tcp_state"].split("|").index(SS_STATES[row[0]])
        compare("tcp_state", state)
        if row[0] in ("SYN-SENT", "TIME-WAIT") or not info:
            continue
        compare("recv_q", int(row[1]))
        compare("send_q", int(row[2]))
        info = info[0]
        compare("snd_cwnd", int(info["cwnd"]))
        compare("packets_out", int(info.get("unacked", 0)))
        if "snd_wnd" in info:
            compare("snd_wnd", int(info["snd_wnd"]))
        if "ssthresh" in info:
            compare("snd_ssthresh", int(info["ssthresh"]))
        if "rtt" in info:
            compare("srtt", float(info["rtt"].split("/")[0]) * 1000, 1)
        if "rto" in info:
            compare("rto", int(info["rto"]), 1000)
    check("datagrams wait", max(datagrams) > 5000, datagrams)
    for name, least in {"tcp_state": 50, "snd_cwnd": 40, "snd_ssthresh": 20, "packets_out": 40, "srtt": 40, "rto": 20,
                        "send_q": 40, "recv_q": 20, "snd_wnd": 20}.items():
        check(f"{name}: enough to compare", compared.get(name, 0) >= least, compared.get(name, 0))
        check(f"{name} is what ss says", name not in what, what.get(name))


# ---- drawings of made-up values ----

def made_up(tmp):
    """Two hosts over 100 ms: a window that goes 0, 10, 5; 80 frames of 1250 bytes in 10 ms; half of beta's time in interrupts."""
    t = Trace([("f", FUNCTION, "stack/transport/f.c", ""), ("cwnd", VALUE_NAME, "f.c", "segments"),
               ("thresh", VALUE_NAME, "f.c", "segments"), ("state", VALUE_NAME, "f.c", "off|on|broken")],
              drops=[(3, "no room")])
    a, b = t.host("alpha"), t.host("beta")
    a.task(1, "prog")
    a.rec(TASK, 0, 0, 1)
    a.subject(SUBJECT_SOCK, 5, "10.0.0.1:9 > 10.0.0.2:80")
    a.value("cwnd", 0)
    a.value("thresh", 0x7fffffff)
    a.subject(SUBJECT_DEV, 2, "eth0")
    a.value("state", 0)
    a.rec(IDLE)
    a.advance(50_000_000)
    a.subject(SUBJECT_SOCK, 5)
    a.value("cwnd", 10)
    a.value("thresh", 7)
    a.subject(SUBJECT_DEV, 2)
    a.value("state", 2)
    a.subject(SUBJECT_CARD, 9, "eth0")
    for _ in range(80):
        a.rec(FRAME_TX, 1250, 9, 1)
    a.advance(10_000_000)
    a.rec(FRAME_RX, 64, 9, 2)
    a.rec(DROP, 3, 1, 2)
    a.rec(DROP, 3, 1, 2)
    a.advance(40_000_000)
    a.subject(SUBJECT_SOCK, 5)
    a.value("cwnd", 5)
    for i in range(50):
        b.advance(1_000_000)
        b.rec(IRQ, 0, 0, 9)
        b.enter("f", 1)
        b.advance(500_000)
        b.rec(IRQ_END, 0, 0, 0)
        b.rec(IDLE)
        b.advance(500_000)
    sw = t.host("sw")
    sw.subject(SUBJECT_CARD, 1, "p1")
    for start in 0, 1, 2:  # ms: the second and third frame wait
        sw.rec(FRAME_TX, 1000, 1, 5 + start)
        if start:
            sw.rec(WIRE_FROM, 0, 0, start * 1_000_000)
        sw.rec(WIRE_LEFT, 0, 0, (start + 1) * 1_000_000)
    sw.advance(4_000_000)
    sw.rec(FRAME_TX, 1000, 1, 9)
    folder = os.path.join(tmp, "made")
    write_run(folder, t.bytes())
    return folder


# 39 columns of 100/39 ms: 50 ms is in the 20th, 100 ms ends the last
PLAIN = """\
cwnd (segments), alpha 10.0.0.1:9 > 10.0.0.2:80  0 .. 10

10 +                   +-----------------+
   |                   |                 |
 8 +                   |                 |
   |                   |                 |
 6 +                   |                 |
   |                   |                 +
 4 +                   |
   |                   |
 2 +                   |
   |                   |
 0 +-------------------+
   ++-----------------+------------------+
    0                50                 100 ms
"""


def lines_of(svg, name):
    """The steps of the line whose tool tip is `name`: (x, y) corners."""
    ns = "{http://www.w3.org/2000/svg}"
    for g in ET.fromstring(svg).iter(ns + "g"):
        if g.findtext(ns + "title") == name:
            return [tuple(map(int, p.split())) for d in g.findall(ns + "path")
                    for p in re.findall(r"-?\d+ -?\d+", d.get("d"))]
    return None


def test_damaged(tmp):
    """A value whose name is no value's, and a subject of no kind, are not believed."""
    for what in "value", "subject":
        t = Trace([("f", FUNCTION, "stack/transport/f.c", ""), ("cwnd", VALUE_NAME, "f.c", "segments")])
        h = t.host("alpha")
        h.subject(SUBJECT_SOCK if what == "value" else 77, 1)
        h.rec(VALUE, t.rank(*(("f", FUNCTION) if what == "value" else ("cwnd", VALUE_NAME))), 1, 5)
        folder = os.path.join(tmp, what)
        write_run(folder, t.bytes())
        code, out, err = wp("plot", folder)
        check("damaged: " + what, code == 2 and "damaged" in err, code, out, err)
    t = Trace([("state", VALUE_NAME, "f.c", "off|on")])
    h = t.host("alpha")
    h.subject(SUBJECT_DEV, 2)
    h.value("state", 1000)
    folder = os.path.join(tmp, "nameless")
    write_run(folder, t.bytes())
    for form in "ascii", "utf8", "svg":
        code, out, err = wp("plot", folder, "--value", "state", "--format", form)
        check("a state without a name: " + form, code == 0 and out, code, err)


def test_drawings(tmp):
    run = made_up(tmp)
    code, out, err = wp("plot", run)
    rows = [line.split() for line in out.splitlines()]
    check("the list", ["cwnd", "segments", "alpha", "1", "3", "0", "..", "10"] in rows, out)
    check("the list: of states", ["state", "state", "alpha", "1", "2", "-"] in rows, out)
    check("the list: what is counted", "counted: throughput interrupts cpu drops wire_queue" in out)

    out = wp("plot", run, "--value", "cwnd", "--width", "42")[1]
    check("one line", out == PLAIN, "\n" + out)
    out = wp("plot", run, "--value", "cwnd,thresh", "--width", "42")[1]
    check("two lines: what each is", "* cwnd  0 .. 10" in out and "o thresh  7 .. 7" in out, out)
    seven = out.splitlines()[5]
    check("no threshold yet: no line", seven.index("o") == 24 and seven.count("o") == 17, out)
    out = wp("plot", run, "--value", "state", "--width", "42", "--format", "utf8")[1]
    check("a state's rows", [r.split()[0] for r in out.splitlines()[2:4]] == ["broken", "off"], out)
    check("... and no row for one that it was never in", "on \u2524" not in out.replace("broken", ""), out)

    svg = wp("plot", run, "--value", "cwnd,thresh", "--format", "svg")[1]
    corners = lines_of(svg, "cwnd")
    check("svg: up in the middle by the whole height, down by half at the end",
          corners and corners[0] == (0, 200) and (320, 200) in corners and (320, 0) in corners and
          corners[-1][1] == 100, corners)
    check("svg: a line begins where its value does", lines_of(svg, "thresh")[0][0] == 320, lines_of(svg, "thresh"))
    check("svg: the same bytes again", svg == wp("plot", run, "--value", "cwnd,thresh", "--format", "svg")[1])
    texts = [e.text for e in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    check("svg: rulers and names", {"0", "2", "4", "6", "8", "10", "20", "100", "ms", "cwnd", "thresh"} <= set(texts), texts)
    for form, magic in ("png", b"\x89PNG"), ("pdf", b"%PDF"):
        to = os.path.join(tmp, "plot." + form)
        wp("plot", run, "--value", "cwnd", "--format", form, "-o", to)
        check(form, open(to, "rb").read(4) == magic)

    # 80 frames of 1250 bytes in a window of 1 ms: 800 kbit in 1 ms
    out = wp("plot", run, "--value", "throughput", "--host", "alpha")[1]
    check("throughput", "* eth0 sent  0 .. 800000000" in out and "o eth0 received  0 .. 512000" in out, out)
    # one in every 2 ms, windows of 0.5 ms
    out = wp("plot", run, "--value", "interrupts")[1]
    check("interrupts", re.search(r"interrupts \(per second\), beta card 9  0 \.\. 2000\n", out), out)
    out = wp("plot", run, "--value", "drops")[1]
    check("drops", "drops (packets), alpha no room  0 .. 2" in out, out)
    svg = wp("plot", run, "--value", "wire_queue", "--host", "sw", "--format", "svg")[1]
    corners = lines_of(svg, "wire_queue (frames), sw p1")
    check("frames wait for the wire: two, until 1 ms, and one, until 2 ms",
          corners[:2] == [(0, 200), (0, 0)] and (160, 100) in corners and (320, 200) in corners, corners)
    out = wp("plot", run, "--value", "cpu", "--host", "beta", "--from", "1ms", "--to", "99ms")[1]
    check("cpu: half of the time in interrupts", re.search(r"irq  0 \.\. (50|100)\n", out), out)
    out = wp("plot", run, "--value", "cwnd", "--from", "60ms", "--to", "90ms")[1]
    check("a stretch without a change", "10 .. 10" in out and "60" in out and "90" in out, out)

    for args, words in ((["--value", "nothing"], "'nothing'"), (["--host", "gamma"], "'gamma'"),
                        (["--value", "cwnd", "--host", "beta"], "recorded"), (["--format", "xml"], "'xml'"),
                        (["--value", "cwnd", "--from", "2ms", "--to", "1ms"], "--to")):
        code, out, err = wp("plot", run, *args)
        check("refused: " + " ".join(args), code == 2 and words in err and out == "", code, err)
    code, out, err = wp("plot", run, "--value", "cwnd,drops", "--host", "beta", "--value", "interrupts,drops")
    check("what has no values is told", code == 0 and "drops" in err, err)


with tempfile.TemporaryDirectory() as tmp:
    test_against_ss(tmp)
    test_drawings(tmp)
    test_damaged(tmp)

print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
