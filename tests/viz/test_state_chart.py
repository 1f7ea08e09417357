#!/usr/bin/env python3
"""`wirepath states`: the ways counted are the known course of scenarios; what was not taken is dotted.

usage: test_state_chart.py WIREPATH
"""
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

wirepath = os.path.abspath(sys.argv[1])
here = os.path.dirname(os.path.abspath(__file__))
scenarios = os.path.join(here, "..", "..", "scenarios")
passed = failed = 0


def check(what, ok, *more):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print("FAIL", what, *more)


def wp(*args):
    r = subprocess.run([wirepath, *args], capture_output=True, text=True, timeout=100)
    return r.returncode, r.stdout, r.stderr


def counts(run, *args):
    """{(from, to): count} of the ways taken, from DOT, and the names of the states that are dotted."""
    ways, dotted = {}, set()
    for dot in wp("states", run, "--format", "dot", *args)[1].split("digraph ")[1:]:
        names = dict(re.findall(r'(?m)^\t(s\d+) \[label="(\w+)"', dot))
        dotted |= {name for name in names.values() if f'[label="{name}", penwidth' not in dot}
        for a, b, label in re.findall(r'(s\d+) -> (s\d+) \[label="([^"]*)"', dot):
            m = re.search(r"(?:\\n|^)x(\d+)", label)
            if m:
                ways[names[a], names[b]] = ways.get((names[a], names[b]), 0) + int(m.group(1))
    return ways, dotted


def path(*states):
    return {way: 1 for way in zip(states, states[1:])}


def paths(text, host):
    """The ways of the host's objects as the text tells them: [(of, [states])]."""
    found = []
    for line in text.splitlines():
        if line.startswith(host + " "):
            found.append((line[len(host) + 1:], []))
        elif found and re.match(r" +\S+ (s|ms|us|ns)  \w+", line):
            found[-1][1].append(line.split()[2])
        elif line and not line.startswith(" "):
            found.append((None, []))
    return [f for f in found if f[0]]


def test_tcp(tmp):
    run = os.path.join(tmp, "handshake")
    wp("run", os.path.join(scenarios, "tcp_handshake.lua"), "-o", run)
    ways, dotted = counts(run, "--object", "tcp", "--host", "client")
    check("the client of a handshake",
          ways == path("CLOSE", "SYN_SENT", "ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT"), ways)
    check("... where it never was", dotted == {"LISTEN", "SYN_RECV", "CLOSE_WAIT", "CLOSING", "LAST_ACK"}, dotted)
    ways, dotted = counts(run, "--object", "tcp", "--host", "server")
    check("the server", ways == path("CLOSE", "LISTEN", "CLOSE") |
          path("LISTEN", "SYN_RECV", "ESTABLISHED", "CLOSE_WAIT", "LAST_ACK", "CLOSE"), ways)

    code, out, err = wp("states", run, "--object", "tcp", "--host", "client")
    check("text: taken is solid", "|------------------------------------+" in out and "x1, 1 ms" in out, out)
    check("text: not taken is dotted", ":   CLOSING   :" in out and "|  FIN_WAIT2  |" in out, out)
    check("text: no wider than it says", max(map(len, out.splitlines())) <= 95)
    check("utf8: the same drawing", len(wp("states", run, "--object", "tcp", "--host", "client", "--format",
                                           "utf8")[1].splitlines()) == len(out.splitlines()))

    run = os.path.join(tmp, "ends")
    code, _, err = wp("run", os.path.join(here, "states.lua"), "-o", run)
    check("the scenario of ends runs", code == 0, err)
    text = wp("states", run, "--object", "tcp")[1]
    ways = [states for of, states in paths(text, "client")]
    check("refused, in order, both at once, reset", ways == [
        ["SYN_SENT", "CLOSE"],
        ["SYN_SENT", "ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE"],
        ["SYN_SENT", "ESTABLISHED", "FIN_WAIT1", "CLOSING", "TIME_WAIT", "CLOSE"],
        ["SYN_SENT", "ESTABLISHED", "CLOSE"]], ways)
    check("a reset is not in the diagram", "not in the diagram: ESTABLISHED -> CLOSE  x2\n" in text, text)
    ways, _ = counts(run, "--object", "tcp")
    check("counts of all", ways["CLOSE", "SYN_SENT"] == 4 and ways["SYN_RECV", "ESTABLISHED"] == 3 and
          ways["FIN_WAIT1", "CLOSING"] == 2 and ways["TIME_WAIT", "CLOSE"] == 3 and
          ways["ESTABLISHED", "CLOSE"] == 2 and ways["SYN_SENT", "CLOSE"] == 1, ways)
    check("TIME_WAIT takes 60 s", re.search(r"TIME_WAIT +for (60|59\.99\d*) s", text), text)
    ways, _ = counts(run, "--object", "tcp", "--host", "client", "--from", "1ms", "--to", "10ms")
    check("a stretch of time", ways == {("SYN_SENT", "CLOSE"): 1, ("CLOSE", "SYN_SENT"): 1,
                                        ("SYN_SENT", "ESTABLISHED"): 1, ("ESTABLISHED", "FIN_WAIT1"): 1,
                                        ("FIN_WAIT1", "FIN_WAIT2"): 1}, ways)
    ways, _ = counts(run, "--object", "tcp", "--of", "*:81")
    check("one object", ways == path("CLOSE", "SYN_SENT", "CLOSE"), ways)


def test_others(tmp):
    run = os.path.join(tmp, "neigh")
    code, out, err = wp("run", os.path.join(scenarios, "arp_states.lua"), "-o", run)
    text = wp("states", run, "--object", "neigh")[1]
    # two lives of one neighbour: the carrier went in between, which forgets it
    ways = [states for of, states in paths(text, "client") if of == "10.0.2.2 dev eth0"]
    check("a neighbour's life", ways == [
        ["INCOMPLETE", "REACHABLE", "STALE", "DELAY", "PROBE", "REACHABLE"],
        ["INCOMPLETE", "REACHABLE", "STALE", "DELAY", "PROBE", "FAILED", "INCOMPLETE", "FAILED"]], ways)
    said = [m.group(1) for m in re.finditer(r"client: (NONE|[A-Z]{5,10})  +\w", out + err)]
    told = [s for way in ways for s in way] + [s for of, states in paths(text, "client") if of == "10.0.2.9 dev eth0"
                                               for s in states]
    rest = iter(told)
    check("what ip neigh said comes in that order", said and all(s in rest for s in said if s != "NONE"), said, told)

    run = os.path.join(tmp, "boot")
    wp("run", os.path.join(scenarios, "boot.lua"), "-o", run)
    ways, dotted = counts(run, "--object", "link", "--host", "romulus")
    check("the cable was pulled and plugged in", ways == {
        ("READY", "UP"): 1, ("UP", "RUNNING"): 1, ("RUNNING", "NOLINK"): 1, ("NOLINK", "RUNNING"): 1,
        ("off", "on"): 2, ("on", "off"): 1}, ways)
    ways, _ = counts(run, "--object", "napi")
    check("as often idle as scheduled from idle", ways["idle", "scheduled"] == ways["polling", "idle"] > 0 and
          ways["scheduled", "polling"] == ways["idle", "scheduled"] + ways.get(("polling", "scheduled"), 0), ways)

    svg = wp("states", run, "--format", "svg")[1]
    texts = [e.text for e in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    check("svg: all diagrams", {"neighbours", "NAPI", "PHY", "carrier"} <= set(texts), texts)
    check("svg: the same bytes again", svg == wp("states", run, "--format", "svg")[1])
    for form, magic in ("png", b"\x89PNG"), ("pdf", b"%PDF"):
        to = os.path.join(tmp, "states." + form)
        wp("states", run, "--format", form, "-o", to)
        check(form, open(to, "rb").read(4) == magic)
    dot = wp("states", run, "--object", "neigh", "--format", "dot")[1]
    laid = subprocess.run(["dot", "-Tplain"], input=dot, capture_output=True, text=True)
    check("Graphviz reads the DOT", laid.returncode == 0 and laid.stdout.count("\nnode ") == 9, laid.stderr)
    mermaid = wp("states", run, "--object", "napi", "--format", "mermaid")[1]
    check("mermaid", mermaid.count(" --> ") == 4 and "stateDiagram-v2\n" in mermaid, mermaid)

    for args, words in ((["--object", "bridge"], "'bridge'"), (["--host", "nobody"], "'nobody'"),
                        (["--format", "xml"], "'xml'"), (["--object", "tcp"], "no such object")):
        code, out, err = wp("states", run, *args)
        check("refused: " + " ".join(args), code == 2 and words in err and out == "", code, err)


with tempfile.TemporaryDirectory() as tmp:
    test_tcp(tmp)
    test_others(tmp)

print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
