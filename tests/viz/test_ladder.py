#!/usr/bin/env python3
"""`wirepath ladder` against tcpdump's reading of the same run's captures, its losses against the run's drops, and its
pictures: valid, nothing over anything else, nothing outside.

usage: test_ladder.py WIREPATH
"""
import json
import os
import re
import subprocess
import sys
import tempfile

import svg_check
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from tally import check, total

WIREPATH = os.path.abspath(sys.argv[1])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NOTES = re.compile(r" \[(fragment at|last fragment|vlan|retransmission|fast retr|tail loss|duplicated|overtaken|lost|"
                   r"dropped)[^\]]*\]")
UNITS = {"ns": 1, "us": 1000, "ms": 10**6, "s": 10**9}
SAID = re.compile(r"^ *(?:\+([\d.]+) (ns|us|ms|s))?  (.*)")


def run(*args):
    return subprocess.run([WIREPATH, *map(str, args)], capture_output=True, timeout=60)


def ladder(folder, *args):
    r = run("ladder", folder, *args)
    check(r.returncode == 0, "ladder", args, r.stderr)
    return r.stdout.decode()


def scenario(tmp, name, *args):
    path = name if os.path.isabs(name) else os.path.join(ROOT, "scenarios", name + ".lua")
    folder = os.path.join(tmp, os.path.basename(name).replace(".lua", ""))
    r = run("run", path, "-o", folder, "--pcap", *args)
    check(r.returncode == 0, "the scenario", name, r.stdout[-500:], r.stderr[-500:])
    return folder


def tcpdump(path):
    """(time in ns, words) of every frame; what only tcpdump knows about programs' protocols is left out."""
    out = subprocess.run(["tcpdump", "-n", "-tt", "--nano", "-r", path], capture_output=True, text=True, timeout=60)
    rows = []
    for line in out.stdout.splitlines():
        m = re.match(r"(\d+)\.(\d{9}) (.*)", line)
        if not m:
            continue  # the bytes of something unknown
        words = re.sub(r"(length \d+): HTTP.*", r"\1", m.group(3))
        words = re.sub(r".*, ethertype Unknown \((\w+)\), length (\d+):.*", r"ethertype Unknown (\1), length \2", words)
        rows.append((int(m.group(1)) * 10**9 + int(m.group(2)), relative(words)))
    return rows


def relative(words):
    """A SYN's numbers, which tcpdump leaves as they are; and no addresses."""
    words = re.sub(r"^IP [\d.]+ > [\d.]+: ", "", words)
    m = re.match(r"(Flags \[S[^\]]*\], seq )\d+(, ack )?\d*(.*)", words)
    if m and "S" in m.group(1):
        words = m.group(1) + "0" + (", ack 1" if m.group(2) else "") + m.group(3)
    return words


class Frame:
    def __init__(self, line, drawn, gap):
        m = SAID.match(line[16 + len(drawn):])
        self.sent = int(line[:14].replace(".", ""))
        self.unit = UNITS.get(m.group(2), 1)
        self.flight = round(float(m.group(1)) * self.unit) if m.group(1) else None
        self.notes = "".join(n.group(0) for n in NOTES.finditer(m.group(3)))
        self.words = relative(NOTES.sub("", m.group(3)))
        self.right = ">" in drawn or ("-X" in drawn and "<" not in drawn)
        shaft = re.search(r"[-<>]", drawn).start()
        self.lane = shaft // gap


def frames(text):
    """The frames of a ladder in ASCII."""
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if "time (s)" in line)
    names = lines[at][16:].split()
    gap = lines[at].index(names[1], 16 + len(names[0])) - 16
    found = []
    for line in lines[at + 1:]:
        drawn = line[16:17 + gap * (len(names) - 1)]
        if re.match(r" +\d+\.\d{9}  ", line) and re.search(r"[-<>]", drawn):
            found.append(Frame(line, drawn, gap))
    return names, found


def same_as_tcpdump(folder, host, ifname="eth0"):
    """What one host sends and gets, as its ladder and its capture tell it."""
    names, drawn = frames(ladder(folder, "--host", host, "--all"))
    mine = names.index(host)
    got = []
    for f in drawn:
        out = f.lane == mine and f.right or f.lane + 1 == mine and not f.right
        if out and "duplicated" not in f.notes:
            got.append((f.sent, 0, f.words))
        elif not out and f.flight is not None:
            got.append((f.sent + f.flight, f.unit // 1000, f.words))
    # a flight in ms is told to a thousandth
    want = tcpdump(os.path.join(folder, f"{host}.{ifname}.pcapng"))
    got.sort(key=lambda g: g[0])
    if not check(sorted(w for _, w in want) == sorted(w for _, _, w in got), "words of", folder, host,
                 sorted(set(w for _, w in want) ^ set(w for _, _, w in got))[:4]):
        return
    left = list(got)
    for time, words in want:
        near = next((g for g in left if g[2] == words and abs(g[0] - time) <= g[1]), None)
        if not check(near, "in the ladder of", host, time, words):
            return
        left.remove(near)


def losses(tmp):
    for seed in (1, 2, 3):
        folder = scenario(tmp, "lossy_link", "--seed", seed)
        drops = json.load(open(os.path.join(folder, "manifest.json")))["drops"]
        text = ladder(folder, "--all")
        check(text.count(" [lost") + text.count(" [dropped") == drops, "losses of seed", seed, drops)
        svg = ladder(folder, "--all", "--format", "svg")
        check(svg.count('class="drop thick"') == 2 * drops, "crosses of seed", seed)
        again_is_said(folder, text)


def again_is_said(folder, text):
    """What goes out twice, by numbers that are tcpdump's as well, and nothing else; a probe may be new."""
    end = again = 0
    same_as_tcpdump(folder, "client")
    for f in frames(text)[1]:
        m = re.search(r"Flags \[[^\]]*\], seq (\d+)(?::(\d+))?, ack 1,", f.words)
        if not m:
            check("retransmission" not in f.notes or f.words.startswith("Flags [S"), "sent again?", f.words)
            continue
        twice = int(m.group(1)) < end
        again += twice
        end = max(end, int(m.group(2) or int(m.group(1)) + 1))
        check("retransmission" in f.notes or "probe" in f.notes if twice else "retransmission" not in f.notes,
              "sent again", f.words, f.notes)
    check(again, "something is sent again")


SWITCHED = """
local sim = require "sim"
local S = require "posix.sys.socket"
local net = sim.network()
local a = net:host("a", { addr = "10.0.0.1/24" })
local b = net:host("b", { addr = "10.0.0.2/24" })
local c = net:host("c", { addr = "10.0.0.3/24" })
local sw = net:switch("sw")
sw:connect(a, { rate = "1Gbit", delay = "1us" })
sw:connect(b, { rate = "10Mbit", delay = "2us", queue = 3 })
sw:connect(c, { rate = "1Gbit", delay = "1us" })
b:run(function()
  local fd = S.socket(S.AF_INET, S.SOCK_DGRAM, 0)
  S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 9 })
  while true do S.recv(fd, 2000) end
end)
a:run(function()
  local fd = S.socket(S.AF_INET, S.SOCK_DGRAM, 0)
  for i = 1, 9 do
    S.sendto(fd, ("x"):rep(1000), { family = S.AF_INET, addr = "10.0.0.2", port = 9 })
    if i == 1 then sim.sleep("10ms") end
  end
end)
sim.run("1s")
"""


def switch(tmp):
    """Over a switch: a line a wire, in order, and what its queue drops."""
    path = os.path.join(tmp, "switched.lua")
    with open(path, "w") as f:
        f.write(SWITCHED)
    folder = scenario(tmp, path)
    text = ladder(folder, "--all", "--filter", "UDP, length 1000")
    names, got = frames(text)
    check(names == ["a", "sw", "b"], "hosts", names)
    first = [f for f in got if f.lane == 0]
    second = [f for f in got if f.lane == 1]
    check(len(first) == 9 and len(second) == 9, "a line for each wire", len(first), len(second))
    # 1042 bytes and 24 more on the wire: 8528 ns at 1 Gbit/s and 1 us; 852800 ns at 10 Mbit/s and 2 us
    check(first[0].flight == 9528, "first wire", first[0].flight)
    check(second[0].flight == 854800 or second[0].flight == 854 * 1000 + 800, "second wire", second[0].flight)
    full = [f for f in second if "queue of the transmitting port full" in f.notes]
    drops = json.load(open(os.path.join(folder, "manifest.json")))["drops"]
    check(full and text.count(" [lost") == len(full), "the switch's queue drops", len(full), drops)
    waits = [f.flight for f in second if f.flight]
    check(waits == sorted(waits) and waits[-1] > 2 * waits[0], "those behind wait longer", waits)
    flood = ladder(folder, "--all", "--filter", "ARP, Request")
    check("c" in flood.splitlines()[0].split() or " c" in flood, "a flooded request reaches c")


FAULTS = """
local sim = require "sim"
local S = require "posix.sys.socket"
local net = sim.network()
local a = net:host("a", { addr = "10.0.0.1/24" })
local b = net:host("b", { addr = "10.0.0.2/24" })
net:link(a, b, { rate = "100Mbit", delay = "50us", duplicate = "20%", reorder = "20%", corrupt = "10%" })
b:run(function()
  local fd = S.socket(S.AF_INET, S.SOCK_DGRAM, 0)
  S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 9 })
  while true do S.recv(fd, 2000) end
end)
a:run(function()
  local fd = S.socket(S.AF_INET, S.SOCK_DGRAM, 0)
  for i = 1, 20 do
    S.sendto(fd, ("x"):rep(i), { family = S.AF_INET, addr = "10.0.0.2", port = 9 })
    sim.sleep("300us")
  end
end)
sim.run("1s")
"""


def faults(tmp):
    """What the wire makes two of, and what others overtake, by the order in which frames come."""
    path = os.path.join(tmp, "faults.lua")
    with open(path, "w") as f:
        f.write(FAULTS)
    folder = scenario(tmp, path)
    text = ladder(folder, "--all")
    came = [int(m.group(1)) for _, words in tcpdump(os.path.join(folder, "b.eth0.pcapng"))
            if (m := re.match(r"UDP, length (\d+)$", words))]
    twice = len(came) - len(set(came))
    late = sum(any(e > n for e in came[:came.index(n)]) for n in set(came))
    check(twice and text.count("[duplicated on the wire]") == twice, "duplicates", twice)
    check(late and len(re.findall(r"UDP.*\[overtaken\]", text)) == late, "overtaken", late)
    same_as_tcpdump(folder, "a")
    drops = json.load(open(os.path.join(folder, "manifest.json")))["drops"]
    check(text.count(" [dropped") + text.count(" [lost") == drops, "broken frames", drops)
    return folder


def pictures(folders):
    for folder in folders:
        for scale in ("compressed", "scale"):
            svg = ladder(folder, "--format", "svg", "--time", scale)
            root = svg_check.read(svg)
            check(not svg_check.overlaps(root), "overlap in", folder, scale, svg_check.overlaps(root)[:3])
            check(not svg_check.outside(root), "outside the page of", folder, scale, svg_check.outside(root)[:3])
    check(svg == ladder(folder, "--format", "svg", "--time", scale), "the same bytes each time")
    for form, magic in (("png", b"\x89PNG"), ("pdf", b"%PDF")):
        check(run("ladder", folders[0], "--format", form).stdout.startswith(magic), form)


def handshake(folder):
    text = ladder(folder, "--all")
    names, drawn = frames(text)
    check(names == ["client", "server"], "hosts", names)
    check(len(drawn) == 12, "twelve frames", len(drawn))
    check([f.sent for f in drawn] == sorted(f.sent for f in drawn), "in order of time")
    order = ["client: connect() ...", "client: TCP SYN_SENT", "Flags [S], seq 0", "Flags [S.], seq 0, ack 1",
             "client: TCP ESTABLISHED", "client: connect() = 0", "server: accept() = 4", "client: TCP FIN_WAIT1"]
    places = [text.find(o) for o in order]
    check(-1 not in places and places == sorted(places), "calls and states stand where they happen", places)
    mermaid = ladder(folder, "--format", "mermaid").splitlines()
    check(mermaid[0] == "sequenceDiagram" and sum("->>" in line for line in mermaid) == 12, "mermaid")
    check(not any(";" in re.sub(r"#\d+;", "", line) for line in mermaid), "mermaid's own signs are written by number")
    utf8 = ladder(folder, "--all", "--format", "utf8")
    plain = utf8.translate(str.maketrans("│┃●─×⋮", "|#o-x:"))
    check(plain == text, "utf8 is the same drawing", [p for p in zip(plain.splitlines(), text.splitlines())
                                                      if p[0] != p[1]][:2])
    late = ladder(folder, "--all", "--from", "1300us", "--to", "1350us")
    check(len(frames(late)[1]) == 2, "a window", late)
    for args, says in ((("--host", "nobody"), b"no host"), (("--format", "gif"), b"no format"),
                       (("--from", "5s"), b"nothing happens"), (("--time", "slow"), b"--time")):
        r = run("ladder", folder, *args)
        check(r.returncode == 2 and says in r.stderr and not r.stdout, "an error", args, r.stderr)


def bulk(folder):
    text = ladder(folder)
    segments = [int(n) for n in re.findall(r"x(\d+) segments: seq \d+:\d+, 1448 bytes each", text)]
    whole = ladder(folder, "--all")
    check(segments and len(text.splitlines()) < len(whole.splitlines()), "bulk segments are folded", segments)
    r = run("ladder", folder, "--format", "svg")
    check(b"200 frames are shown" in r.stderr and b"--from" in r.stderr, "a limit is told", r.stderr)


def main():
    with tempfile.TemporaryDirectory() as tmp:
        names = ["tcp_handshake", "traceroute", "fragmentation", "arp_resolution", "multicast", "vlan"]
        folders = {name: scenario(tmp, name) for name in names}
        handshake(folders["tcp_handshake"])
        for name, hosts in (("tcp_handshake", ("client", "server")), ("traceroute", ("client", "server")),
                            ("fragmentation", ("client", "server")), ("arp_resolution", ("client",)),
                            ("multicast", ("sender", "a")), ("vlan", ())):
            for host in hosts:
                same_as_tcpdump(folders[name], host)
        losses(tmp)
        bulk(os.path.join(tmp, "lossy_link"))
        switch(tmp)
        pictures(list(folders.values()) + [os.path.join(tmp, "lossy_link"), faults(tmp)])
    return total()


sys.exit(main())
