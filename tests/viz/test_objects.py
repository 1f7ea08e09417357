#!/usr/bin/env python3
"""Snapshots of a run and the drawings of their objects.

usage: test_objects.py WIREPATH

What must be true of the objects comes from Linux 5.15: MAX_TCP_HEADER is L1_CACHE_ALIGN(128 + 32) = 192; a segment of 1448
bytes has 32 bytes of TCP header (with time stamps), 20 of IPv4, 14 of Ethernet; struct sk_buff and skb_shared_info are charged
with 256 and 320 bytes.
"""
import filecmp
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from tally import check, total

WIREPATH = os.path.abspath(sys.argv[1])
MAX_TCP_HEADER = (128 + 32 + 63) // 64 * 64
POLLS = ["server:ftgmac100_poll:%d" % n for n in range(1, 8)]
SCENARIO = """
local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"
local net = sim.network()
local client = net:host("client", { addr = "10.0.2.15/24" })
local server = net:host("server", { addr = "10.0.2.2/24" })
net:link(client, server, { rate = "100Mbit", delay = "50us" })
server:run(function()
  local fd = S.socket(S.AF_INET, S.SOCK_STREAM, 0)
  sim.snapshot("socket")
  S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 80 })
  sim.snapshot("bind")
  S.listen(fd, 8)
  sim.snapshot("listen")
  sim.sleep("4ms") -- the connection waits for accept()
  local conn = S.accept(fd)
  sim.snapshot("accept")
  while #unistd.read(conn, 4096) > 0 do end
  unistd.close(conn)
  unistd.close(fd)
end)
client:run(function()
  sim.sleep("1ms")
  local fd = S.socket(S.AF_INET, S.SOCK_STREAM, 0)
  S.connect(fd, { family = S.AF_INET, addr = "10.0.2.2", port = 80 })
  sim.snapshot("connect")
  sim.sleep("1ms")
  print("write at " .. sim.now)
  unistd.write(fd, ("x"):rep(1448))
  sim.sleep("5ms")
  unistd.close(fd)
end)
sim.run()
"""


def wirepath(*args, **kw):
    return subprocess.run([WIREPATH, *map(str, args)], capture_output=True, text=True, timeout=120, **kw)


# ---- reading snapshots ----

def snapshots(run):
    """{moment: {"head": line, host: [lines]}}"""
    found = {}
    for line in (run / "snapshots.jsonl").read_text().splitlines():
        rec = json.loads(line)
        if rec["is"] == "snapshot":
            snap = found[rec["moment"]] = {"head": rec}
        elif rec["is"] == "host":
            host = snap[rec["name"]] = []
        else:
            host.append(rec)
    return found


def all_of(host, kind, **members):
    return [r for r in host if r["is"] == kind and all(r.get(k) == v for k, v in members.items())]


def one(host, kind, **members):
    found = all_of(host, kind, **members)
    return found[0] if check(len(found) == 1, "one", kind, members, "there are", found) else {}


# ---- what the objects are ----

def test_sockets(snaps):
    """Which structures exist after each call."""
    host = snaps["socket"]["server"]
    sock = one(host, "sock", kernel=0)
    socket = one(host, "socket", sock=sock["id"])
    file = one(host, "file", socket=socket["id"])
    check(one(host, "fd", file=file["id"])["fd"] == 3, "the first descriptor is 3")
    check((socket["ops"], socket["state"], socket["type"]) == ("inet_stream_ops", "SS_UNCONNECTED", "SOCK_STREAM"),
          "a new socket", socket)
    check((sock["prot"], sock["state"], sock["local"]) == ("tcp_prot", "TCP_CLOSE", "0.0.0.0:0"), "a new sock", sock)
    check((sock["rcvbuf"], sock["sndbuf"]) == (131072, 16384), "tcp_rmem[1], tcp_wmem[1]", sock)
    check(not all_of(host, "port") and not all_of(host, "hashed", sock=sock["id"]), "no table knows it")

    host = snaps["bind"]["server"]
    sock = one(host, "sock", kernel=0)
    check((sock["state"], sock["bound"]) == ("TCP_CLOSE", 80), "bind() takes the port only", sock)
    check(one(host, "owner", port=80)["sock"] == sock["id"], "the port's owner")
    one(host, "port", port=80)
    check(not all_of(host, "hashed", table="lhash2"), "not listening yet")

    host = snaps["listen"]["server"]
    sock = one(host, "sock", kernel=0)
    check((sock["state"], sock["max_ack_backlog"]) == ("TCP_LISTEN", 8), "listen(8)", sock)
    check(one(host, "hashed", table="lhash2")["sock"] == sock["id"], "listeners are found in lhash2")


def test_connection(snaps):
    """Both ends after connect() and accept()."""
    host = snaps["connect"]["client"]
    sock = one(host, "sock", kernel=0)
    port = int(sock["local"].split(":")[1])
    check(sock["state"] == "TCP_ESTABLISHED" and 32768 <= port <= 60999, "connected from an ephemeral port", sock)
    check(one(host, "hashed", table="ehash")["sock"] == sock["id"], "in ehash")
    check(one(host, "socket")["state"] == "SS_CONNECTED", "the socket is connected")
    check(one(host, "neighbour")["state"] == "NUD_REACHABLE", "the neighbour has answered")

    # before accept(): a sock without a socket, in the listener's queue
    host = snaps["2.25ms"]["server"]
    listener = one(host, "sock", state="TCP_LISTEN")
    child = one(host, "sock", state="TCP_ESTABLISHED")
    check(child["socket"] == 0 and listener["ack_backlog"] == 1, "it waits", child, listener)
    waiting = one(host, "waiting")
    check((waiting["listener"], waiting["sock"]) == (listener["id"], child["id"]), "in the accept queue", waiting)

    host = snaps["accept"]["server"]
    child = one(host, "sock", state="TCP_ESTABLISHED")
    check(child["remote"] == "10.0.2.15:%d" % port and child["socket"] > 0, "accepted", child)
    check(sorted(o["sock"] for o in all_of(host, "owner", port=80)) == [1, 2] or
          len(all_of(host, "owner", port=80)) == 2, "both own port 80")
    skb = one(host, "skb", sock=child["id"])
    check((skb["in"], skb["len"]) == ("sk_receive_queue", 1448), "data waits to be read", skb)


def headers(host, skb):
    return {h["name"]: (h["at"], h["len"]) for h in all_of(host, "header", skb=skb["id"])}


def test_segment(snaps, moments):
    """A segment of 1448 bytes on its way down: each layer puts its header in front."""
    at = MAX_TCP_HEADER
    want = {}
    for name, header, size in (("tcp_transmit_skb", None, 0), ("ip_queue_xmit", "TCP", 32),
                               ("ip_output", "IPv4", 20), ("ftgmac100_hard_start_xmit", "Ethernet", 14)):
        host = snaps[moments[name]]["client"]
        skb = one(host, "skb", id=one(host, "at_hand")["skb"])
        at -= size
        if header:
            want[header] = (at, size)
        check(skb["data"] == at, name, "headroom", skb["data"], "expected", at)
        check(skb["len"] == 1448 + MAX_TCP_HEADER - at and skb["data_len"] == 1448, name, "length", skb)
        check(skb["tail"] == skb["end"] == MAX_TCP_HEADER, name, "no linear data but headers", skb)
        check(skb["truesize"] == MAX_TCP_HEADER + 256 + 320 + 1448, name, "truesize", skb["truesize"])
        check(headers(host, skb) == want, name, "headers", headers(host, skb), "expected", want)
        frag = one(host, "frag", skb=skb["id"])
        check(frag.get("len") == 1448, name, "the data is a page fragment", frag)
        check(snaps[moments[name]]["head"]["function"] == name, "the moment's function")
        if name == "tcp_transmit_skb":
            check((skb["in"], skb["fclone"], skb["dataref"]) == ("sk_write_queue", "orig", 1), "not sent yet", skb)
            continue
        # TCP keeps the original and sends a clone: one buffer, two descriptions
        kept = one(host, "skb", **{"in": "sk_write_queue"})
        check((skb["fclone"], skb["dataref"]) == ("clone", 2), name, "sends a clone", skb)
        check(kept["buffer"] == skb["buffer"] and kept["data"] == MAX_TCP_HEADER and kept["end_seq"] - kept["seq"] == 1448,
              name, "the original is as it was", kept)


def test_rings(snaps, moments):
    """Filled in by the driver, the descriptors are the card's: until it has fetched them, the last until the frame has left."""
    host = snaps[moments["ftgmac100_tx_buf_avail"]]["client"]
    ring = one(host, "ring", dir="tx")
    descs = all_of(host, "desc", dir="tx")
    busy = [r for r in descs if r["owner"] == "card"]
    check(len(descs) == ring["entries"] == 128 and len(all_of(host, "ring")) == 2, "rings of 128")
    if not check([r["nr"] for r in busy] == [ring["clean"], ring["clean"] + 1] and ring["next"] == ring["clean"] + 2,
                 "the card's are those between tx_clean_pointer and tx_pointer", busy, ring):
        return
    check(ring["card"] == ring["clean"], "the doorbell has not rung", ring)
    check([(r["len"], r["first"], r["last"]) for r in busy] == [(66, 1, 0), (1448, 0, 1)], "headers, then the fragment", busy)
    check(all(int(r["word0"], 16) >> 31 == 1 for r in busy), "TXDMA_OWN is bit 31")
    check([r["nr"] for r in descs if r["wrap"]] == [127], "the last one ends the ring")
    skb = one(host, "skb", id=busy[0]["skb"])
    check((skb["in"], busy[1]["skb"]) == ("tx ring", skb["id"]), "the driver's packet", skb)
    check(int(busy[0]["word3"], 16) == int(skb["head"], 16) + skb["data"], "the buffer's address", busy[0], skb)
    check(int(ring["address"], 16) % 16 == 0 and int(ring["address"], 16) >= 0x80000000, "in RAM", ring)
    check(one(host, "sock", kernel=0)["wmem_alloc"] == skb["truesize"] + 1, "the sock is charged", skb)

    # 1514 bytes take 121 us at 100 Mbit/s
    sent = [r["nr"] for r in all_of(snaps["2.25ms"]["client"], "desc", dir="tx", owner="card")]
    check(sent == [busy[1]["nr"]], "on the wire: the last descriptor is still the card's", sent)

    host = snaps["3ms"]["client"]
    ring = one(host, "ring", dir="tx")
    check(not [r for r in all_of(host, "desc", dir="tx") if r["owner"] == "card"] and ring["next"] == ring["clean"],
          "all sent and cleaned", ring)
    check(ring["card"] == ring["next"], "the card waits where the driver writes next", ring)
    check(len([r for r in all_of(host, "desc", dir="rx") if r["owner"] == "card"]) == 128, "all receive buffers are the card's")

    polls = [snaps[m]["server"] for m in POLLS]
    frames = [(host, r) for host in polls for r in all_of(host, "desc", dir="rx", owner="driver")]
    check([r["len"] for _, r in frames] == [64, 78, 70, 1518], "ARP, SYN, ACK and data with their FCS", frames)
    for host, desc in frames:
        check(desc["nr"] == one(host, "ring", dir="rx")["next"], "a frame lies where the driver looks next", desc)
        check(desc["first"] == desc["last"] == 1, "in one buffer", desc)


# ---- drawings ----

def texts(svg):
    """[(x0, x1, y, size, text)] of all texts that begin at x."""
    found = []
    for e in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):
        words, x = "".join(e.itertext()), float(e.get("x"))
        found.append((x, x + 0.602 * 13 * len(words), float(e.get("y")), words))
    return found


def overlaps(svg):
    rows = {}
    for x0, x1, y, words in texts(svg):
        rows.setdefault(y, []).append((x0, x1, words))
    ys = sorted(rows)
    bad = [(a, b) for a, b in zip(ys, ys[1:]) if b - a < 13]
    for row in rows.values():
        row.sort()
        bad += [(a[2], b[2]) for a, b in zip(row, row[1:]) if a[1] > b[0]]
    return bad


def test_drawings(run, moments, out):
    for moment in ("bind", "accept", "2.25ms", "client:tcp_transmit_skb:2", moments["ip_output"], POLLS[3]):
        made = {}
        for form in ("ascii", "utf8", "svg"):
            r = wirepath("objects", run, "--at", moment, "--format", form)
            made[form] = r.stdout
            check(r.returncode == 0, "draw", moment, form, r.stderr)
        check(made["ascii"].isascii(), moment, "plain ASCII")
        check([len(s) for s in made["ascii"].splitlines()] == [len(s) for s in made["utf8"].splitlines()], moment,
              "the same drawing with box characters")
        check(not overlaps(made["svg"]), moment, "texts overlap", overlaps(made["svg"])[:3])
    pngs = []
    for name in ("1.png", "2.png"):
        r = wirepath("objects", run, "--at", "2.25ms", "--format", "png", "-o", out / name)
        check(r.returncode == 0, "png", r.stderr)
        pngs.append((out / name).read_bytes())
    check(pngs[0][:8] == b"\x89PNG\r\n\x1a\n" and pngs[0] == pngs[1], "the same PNG twice")


def test_words(run, moments):
    """The drawings say what matters."""
    def draw(moment, *more):
        return wirepath("objects", run, "--at", moment, *more).stdout
    text = draw(moments["ip_output"], "--object", "skb")
    rows = [re.findall(r"\| (headroom|IPv4|TCP) +(\d+) \|", line) for line in text.splitlines()]
    check([r[0] for r in rows if r] == [("headroom", "140"), ("IPv4", "20"), ("TCP", "32")], "headers from the top", rows)
    check("at hand" in text and "dataref    2" in text and text.count("struct sk_buff") == 2, "the clone and its original")
    check(re.search(r"page 0x8\w+ +\d+ refs", text), "the fragment's page")
    text = draw(moments["ftgmac100_tx_buf_avail"], "--object", "ring:eth0")
    check(re.search(r"tx_clean_pointer, card -+> *\| \d+ +\| card .* 66 bytes FTS,", text), "the first descriptor")
    check(re.search(r"tx_pointer -+> *\| \d+\.\.127 +\| driver", text), "the free ones")
    check("CC" in text and "rx_pointer" in text, "the map, and the other ring")
    text = draw("accept", "--object", "socket")
    for word in ("fd 3 of server", "fd 4 of server", "| file | f_op = socket_file_ops", "| socket | ops = inet_stream_ops",
                 "proto = tcp_prot", "TCP_LISTEN", "TCP_ESTABLISHED", "hash table ehash", "hash table lhash2", "| port 80 ",
                 "server: queues", "sk_buff_head"):
        check(word in text, "socket structures:", word)
    check(draw("accept", "--object", "queue") == text[text.index("server: queues"):], "the queues alone")
    text = draw(POLLS[0], "--object", "device")
    for word in ("net_device eth0         up", "qdisc pfifo_fast", "transmit ring of 128", "server: devices"):
        check(word in text, "devices:", word)
    check(re.search(r"neighbour 10.0.2.2 .*\n.*52:54:00:12:34:02 .*\n.*NUD_REACHABLE", draw("connect", "--object", "device")),
          "neighbours")
    trace_id = one(snapshots(run)["accept"]["server"], "sock", state="TCP_LISTEN")["trace_id"]
    text = draw("accept", "--object", "socket:%d" % trace_id, "--host", "server")
    check("TCP_LISTEN" in text and "ESTABLISHED" not in text and "queues" not in text, "one socket")


FRAGMENTS = """
local sim = require "sim"
local S = require "posix.sys.socket"
local net = sim.network()
local client = net:host("client", { addr = "10.0.2.15/24" })
net:link(client, net:host("server", { addr = "10.0.2.2/24" }))
client:run(function()
  local fd = S.socket(S.AF_INET, S.SOCK_DGRAM, 0)
  S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 53 })
  S.sendto(fd, ("x"):rep(4000), { family = S.AF_INET, addr = "10.0.2.2", port = 9 })
end)
sim.run()
"""


def test_pieces(out):
    """A datagram of 4000 bytes, cut by ip_append_data(): three packets, the later ones in the first one's frag_list."""
    (out / "f.lua").write_text(FRAGMENTS)
    run = out / "f"
    options = []
    for m in ("client:ip_finish_output", "client:skb_init", "client:inet_init", "client:kfree_skbmem"):
        options += ["--snapshot", m]
    check(wirepath("run", out / "f.lua", "-o", run, *options).returncode == 0, "snapshots of a host that boots")
    host = snapshots(run)["client:ip_finish_output"]["client"]
    first = one(host, "skb", id=one(host, "at_hand")["skb"])
    pieces = all_of(host, "skb", **{"in": "frag_list"})
    # a fragment carries 1480 bytes of the datagram: 1480 - 8 of UDP's header, 1480, and what is left
    check([first["len"] - first["data_len"] - 20 - 8, *[p["len"] for p in pieces]] == [1472, 1480, 4000 - 1472 - 1480],
          "where it is cut", first, pieces)
    check(first["len"] == 20 + 8 + 4000 and first["frag_list"] == pieces[0]["id"], "the first has the others", first)
    sock = one(host, "sock", kernel=0)
    check((sock["prot"], sock["bound"]) == ("udp_prot", 0) and
          one(host, "hashed", table="udp_table")["bucket"] == 53 % one(host, "table", name="udp_table")["buckets"],
          "UDP's sockets are hashed by port", sock)
    text = wirepath("objects", run, "--at", "client:ip_finish_output", "--object", "skb").stdout
    check(text.count("struct sk_buff") == 3 and re.search(r"\+-+\| frag_list  sk_buff \d+ +\|", text), "all are drawn")
    check(one(snapshots(run)["client:kfree_skbmem"]["client"], "at_hand")["skb"] == 0, "what is freed has no data to show")
    r = wirepath("objects", run, "--at", "client:skb_init")
    check(r.returncode == 2 and "nothing to draw" in r.stderr, "at boot there is nothing yet", r.stderr)


# ---- runs and errors ----

def test_same_run(plain, run, out):
    """Nobody sees that somebody looked."""
    check(filecmp.cmp(plain / "manifest.json", run / "manifest.json", shallow=False), "digests differ")
    check(filecmp.cmp(plain / "trace.wpt", run / "trace.wpt", shallow=False), "traces differ")
    dark = out / "dark"
    r = wirepath("run", out / "s.lua", "-o", dark, "--no-trace", "--snapshot", "client:tcp_transmit_skb:2")
    check(r.returncode == 0, "a snapshot needs no trace", r.stderr)
    check(snapshots(dark)["client:tcp_transmit_skb:2"]["client"] ==
          snapshots(run)["client:tcp_transmit_skb:2"]["client"], "and is the same")


def test_errors(plain, run, out):
    def fails(*args, says):
        r = wirepath(*args)
        check(r.returncode == 2, args[1:], "exit code", r.returncode)
        check(re.search(says, r.stderr), args[1:], "says", repr(r.stderr), "expected", says)
    script = out / "s.lua"
    fails("run", script, "-o", out / "e", "--snapshot", "soon", says=r"takes a virtual time .* or a call")
    fails("run", script, "-o", out / "e", "--snapshot", "client:tcp_transmit_skb:0", says=r"takes a virtual time")
    fails("run", script, "-o", out / "e", "--snapshot", "client:tcp_transmit_sbk", says=r"did you mean tcp_transmit_skb")
    fails("run", script, "-o", out / "e", "--snapshot", "klient:ip_rcv", says=r"no host 'klient'.*client, server")
    fails("run", script, "-o", out / "e", "--snapshot", "client:ip_rcv:999", says=r"client calls ip_rcv \d+ times only")
    fails("run", script, "-o", out / "e", "--snapshot", "client:inet_listen", says=r"client never calls inet_listen")
    fails("run", script, "-o", out / "e", "--snapshot", "1h", says=r"takes a virtual time")
    fails("run", script, "-o", out / "e", "--snapshot", "100s", says=r"the run ended before")
    fails("objects", plain, "--at", "nowhere", says=r"no snapshot 'nowhere'; there are 1: socket, 2: bind")
    fails("objects", run, "--host", "klient", says=r"no host 'klient'")
    fails("objects", run, "--object", "sock", says=r"no object 'sock': use skb")
    fails("objects", run, "--object", "skb:99", says=r"no skb:99")
    fails("objects", run, "--object", "socket:99", says=r"no socket:99")
    fails("objects", run, "--object", "skb:x", says=r"no object 'skb:x'")
    fails("objects", run, "--format", "dot", says=r"no format 'dot': use ascii")
    bare = out / "bare"
    (out / "bare.lua").write_text('local sim = require "sim" sim.network():host("a", { addr = "10.0.0.1/24" }) sim.run()')
    wirepath("run", out / "bare.lua", "-o", bare, "--seed", 5)
    fails("objects", bare, says=r"no snapshot.*\n.*wirepath run \S*bare.lua -o \S*bare --seed 5 --snapshot 2ms")
    fails("objects", out / "none", says=r"cannot read the run folder")
    lines = (run / "snapshots.jsonl").read_text().splitlines(keepends=True)
    for cut in ('{"is":"sock","id":}\n', "{\n", "x\n", '{"is":"skb","id":1\n', '{"is":7}\n', '{"is":"skb","id":-9223372036854775808}\n'):
        (bare / "snapshots.jsonl").write_text("".join(lines[:20]) + cut + "".join(lines[20:]))
        fails("objects", bare, says=r"line 21 is damaged")
    (bare / "snapshots.jsonl").write_text("".join(lines)[:-5]) # killed while it wrote
    check(wirepath("objects", bare).returncode == 0, "what comes before the cut is drawn")


def main():
    with tempfile.TemporaryDirectory() as tmp:
        out = Path(tmp)
        (out / "s.lua").write_text(SCENARIO)
        plain, run = out / "plain", out / "run"
        r = wirepath("run", out / "s.lua", "-o", plain)
        check(r.returncode == 0, "run", r.stdout, r.stderr)
        at = int(re.search(r"write at (\d+)", r.stdout).group(1))
        check(2_130_000 < at < 2_250_000, "the frame is on the wire at 2.25 ms", at)
        names = ("tcp_transmit_skb", "ip_queue_xmit", "ip_output", "ftgmac100_hard_start_xmit",
                 "ftgmac100_tx_buf_avail")
        first = wirepath("export", plain, "--format", "calls", "--host", "client").stdout
        before = first[:first.index("== CALL write")]
        moments = {n: "client:%s:%d" % (n, len(re.findall(r"^ *%s\b" % n, before, re.M)) + 1) for n in names}
        options = []
        for m in [*moments.values(), "2.25ms", "3ms", *POLLS]:
            options += ["--snapshot", m]
        r = wirepath("run", out / "s.lua", "-o", run, *options)
        check(r.returncode == 0, "run with snapshots", r.stderr)
        snaps = snapshots(run)
        test_sockets(snaps)
        test_connection(snaps)
        test_segment(snaps, moments)
        test_rings(snaps, moments)
        test_drawings(run, moments, out)
        test_words(run, moments)
        test_pieces(out)
        test_same_run(plain, run, out)
        test_errors(plain, run, out)
    return total()


sys.exit(main())
