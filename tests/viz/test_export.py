#!/usr/bin/env python3
"""What `wirepath export` writes, read by the tools that it is for: json, tshark, babeltrace2, protoc.

usage: test_export.py WIREPATH
"""
import csv
import io
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from trace_file import (BYTES, CALL, DROP, ENTER_SK, ENTER_SKB, FRAME_RX, FRAME_TX, FUNCTION, HOP_IN, HOP_OUT, IDLE, IRQ,
                        IRQ_END, NOTE, RET, SLOT, SOFTIRQ, STEP_TEXT, SUBJECT_CARD, SUBJECT_SOCK, TASK, VALUE_NAME,
                        WIRE_FROM, WIRE_LEFT, WIRE_TO, Trace, write_run)
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from tally import check, total

WIREPATH = os.path.abspath(sys.argv[1])
SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
HOP_TIMER, HOP_SOFTIRQ, HOP_IRQ, HOP_WAKE, HOP_FRAME, HOP_WORK = range(6)

def wirepath(*args, text=True):
    return subprocess.run([WIREPATH, *map(str, args)], capture_output=True, text=text, timeout=120)


def export(folder, fmt, *args, text=True):
    r = wirepath("export", folder, "--format", fmt, *args, text=text)
    check(r.returncode == 0, f"export {fmt} {args}: exit {r.returncode}:", r.stderr)
    return r.stdout


# ---- a trace told by hand: client writes a packet, a router's card takes it and drops it ----

ODD = 'we"ird\\na\u00efve\ttask'  # a name that every format has to escape


def hand_made():
    fns = [(n, FUNCTION, f"stack/{layer}/{n}.c", "does " + n) for n, layer in
           (("sys_write", "application"), ("tcp_sendmsg", "transport"), ("xmit", "interface"), ("wait", "kernel"),
            ("irq_entry", "interface"), ("irq_exit", "kernel"), ("net_rx", "interface"), ("woken", "kernel"),
            ("wake_up", "kernel"))]
    fns += [("say \"hello\"", STEP_TEXT, "x.c", ""), ("sendmsg", SLOT, "x.c", ""),
            ("snd_cwnd", VALUE_NAME, "x.c", "segments"), ("state", VALUE_NAME, "x.c", "|up|down")]
    t = Trace(fns, [(2, "no socket")])
    c, r = t.host("client"), t.host("router")
    c.task(7, ODD)
    c.rec(TASK, 0, 0, 7)
    c.rec(CALL, 0, 1, c.string('write("hi")'))
    c.enter("sys_write", 1)
    c.enter("tcp_sendmsg", 2, op="sendmsg", kind=ENTER_SK, obj=3)
    c.step('say "hello"', 2)
    c.advance(1500)
    c.enter("xmit", 3, kind=ENTER_SKB, obj=5)
    c.rec(HOP_OUT, HOP_FRAME, 4, 11)
    c.rec(FRAME_TX, 60, 3, 5)          # by the card of line 3
    c.rec(BYTES, 0x0201, 0x03, 0x07060504)
    c.rec(WIRE_TO, 0, 4, 1)
    c.time_rec(WIRE_FROM, 1600)
    c.time_rec(WIRE_LEFT, 2272)
    c.subject(SUBJECT_CARD, 3, "eth1")
    c.value("state", 2)
    c.subject(SUBJECT_SOCK, 3, '10.0.0.1:1 > "x", y')
    c.value("snd_cwnd", 10)
    c.advance(500)
    c.enter("wait", 3)
    c.rec(IDLE)
    c.advance(4000)                    # 6000
    c.rec(IRQ, 0, 0, 2)
    c.enter("irq_entry", 1)
    c.rec(IRQ_END, 0, 0)
    c.enter("irq_exit", 1)
    c.rec(SOFTIRQ, 0, 1, 3)
    c.enter("net_rx", 2)
    c.enter("wake_up", 3)
    c.rec(HOP_OUT, HOP_WAKE, 4, 12)
    c.advance(1000)                    # 7000
    c.rec(TASK, 1, 3, 7)
    c.rec(HOP_IN, HOP_WAKE, 4, 12)
    c.enter("woken", 4)
    c.advance(250)
    c.rec(RET, 0, 1, 2)
    c.rec(NOTE, 0, 1, c.string("eth0: up"))
    c.rec(IDLE)
    r.advance(3000)
    r.rec(HOP_IN, HOP_FRAME, 1, 11)
    r.rec(FRAME_RX, 60, 2, 5)
    r.subject(SUBJECT_CARD, 2, "eth0")
    r.rec(IRQ, 0, 0, 2)
    r.enter("irq_entry", 1)
    r.rec(IRQ_END, 0, 0)
    r.enter("irq_exit", 1)
    r.rec(SOFTIRQ, 0, 1, 3)
    r.enter("net_rx", 2, kind=ENTER_SKB, obj=5)
    r.rec(DROP, 2, 3, 5)
    r.rec(IDLE)
    return t


# ---- folded ----

BY_TIME = f"""\
client;softirq;irq_exit;net_rx;wake_up 1000
client;task {ODD};sys_write;tcp_sendmsg 1500
client;task {ODD};sys_write;tcp_sendmsg;wait;[asleep] 5000
client;task {ODD};sys_write;tcp_sendmsg;wait;woken 250
client;task {ODD};sys_write;tcp_sendmsg;xmit 500
"""


def test_folded(folder):
    out = export(folder, "folded", "--by", "time")
    check(out == BY_TIME, "folded by time:", out)
    out = export(folder, "folded", "--by", "time", "--from", "1us", "--to", "4us")
    check(out == f"client;task {ODD};sys_write;tcp_sendmsg 500\nclient;task {ODD};sys_write;tcp_sendmsg;wait;[asleep] "
          f"2000\nclient;task {ODD};sys_write;tcp_sendmsg;xmit 500\n", "folded in a window:", out)
    out = export(folder, "folded", "--from", "6500")
    check([l.rsplit(";", 1)[1] for l in out.splitlines() if ";task" in l] ==
          [f"task {ODD};sys_write 1".rsplit(";", 1)[1], "tcp_sendmsg 1", "wait 1", "woken 1"],
          "what is open when a window begins is in it:", out)
    for args in (["--by", "size"], ["--from", "2us", "--to", "1us"], ["--spread"]):
        r = wirepath("export", folder, "--format", "folded", *args)
        check(r.returncode == 2 and r.stderr, f"folded {args}: exit {r.returncode}")


# ---- slices, whoever tells them ----

class Slice:
    def __init__(self, host, lane, name, begin, end, args):
        self.host, self.lane, self.name, self.begin, self.end, self.args = host, lane, name, begin, end, args
        self.children = []

    def key(self):
        return (self.host, self.lane, self.name, self.begin, self.end)


def nest(slices):
    """Slices of one lane, in order of beginning, as trees; they must nest."""
    roots, stack = [], []
    for s in slices:
        while stack and not (s.begin < stack[-1].end or s.begin == s.end == stack[-1].begin == stack[-1].end):
            stack.pop()
        check(not stack or s.end <= stack[-1].end, "slices overlap:", s.key())
        (stack[-1].children if stack else roots).append(s)
        stack.append(s)
    return roots


def names(slices):
    return [(s.name, names(s.children)) if s.children else s.name for s in slices]


SLICES = [
    ("client", ODD, 'write("hi")', 0, 7250), ("client", ODD, "sys_write", 0, 7250),
    ("client", ODD, "tcp_sendmsg", 0, 7250), ("client", ODD, 'say "hello"', 0, 0),
    ("client", ODD, "xmit", 1500, 2000), ("client", "eth1 sends", "packet 5", 1600, 2272),
    ("client", ODD, "wait", 2000, 7250), ("client", "hard irq", "irq_entry", 6000, 6000),
    ("client", "softirq", "irq_exit", 6000, 7000), ("client", "softirq", "net_rx", 6000, 7000),
    ("client", "softirq", "wake_up", 6000, 7000), ("client", ODD, "woken", 7000, 7250),
    ("client", ODD, "eth0: up", 7250, 7250),
    ("router", "eth0 receives", "packet 5", 3000, 3000), ("router", "hard irq", "irq_entry", 3000, 3000),
    ("router", "softirq", "irq_exit", 3000, 3000), ("router", "softirq", "net_rx", 3000, 3000),
    ("router", "softirq", "no socket", 3000, 3000),
]

# The touches of each arrow, in order of time.
HOST_BIT = 1 << 32  # a packet's arrow is another on each host
ARROWS = {
    ("packet", HOST_BIT + 5): [("client", "xmit"), ("client", "packet 5")],
    ("wire", 11): [("client", "packet 5"), ("router", "packet 5")],
    ("packet", 2 * HOST_BIT + 5): [("router", "packet 5"), ("router", "net_rx")],
    ("wake-up", 12): [("client", "wake_up"), ("client", "woken")],
}


def ns(text):
    """Decimal text of microseconds as ns, exactly."""
    whole, fraction = text.split(".")
    assert len(fraction) == 3, text
    return int(whole) * 1000 + int(fraction)


def read_chrome(text):
    """Slices and arrows; a flow event belongs to the complete event that it follows."""
    data = json.loads(text, parse_float=str)
    process, thread, slices, arrows = {}, {}, [], defaultdict(list)
    for e in data["traceEvents"]:
        if e["ph"] == "M":
            {"process_name": process, "thread_name": thread}.get(e["name"], {})[
                (e["pid"], e["tid"]) if "thread" in e["name"] else e["pid"]] = e["args"].get("name")
        elif e["ph"] == "X":
            begin = ns(e["ts"])
            slices.append(Slice(process[e["pid"]], thread[e["pid"], e["tid"]], e["name"], begin, begin + ns(e["dur"]),
                                e["args"]))
        else:
            check(e["ph"] in "stf", "phase", e["ph"])
            s = slices[-1]
            check(ns(e["ts"]) == s.begin and process[e["pid"]] == s.host and thread[e["pid"], e["tid"]] == s.lane,
                  "a flow event is not at its slice", e)
            check(e["ph"] != "f" or e["bp"] == "e", "a flow that ends does not bind to its slice")
            arrows[e["cat"], e["id"]].append((e["ph"], s))
    check({e["ph"] for e in data["traceEvents"]} <= set("MXstf"), "only complete events, flows and names")
    for touches in arrows.values():
        touches.sort(key=lambda t: (t[1].begin, "stf".index(t[0])))
        check("".join(p for p, _ in touches) == "s" + "t" * (len(touches) - 2) + "f", "phases of a flow:", touches)
    return slices, {k: [s for _, s in v] for k, v in arrows.items()}


def check_slices(what, slices, arrows):
    check(sorted(s.key() for s in slices) == sorted(SLICES), f"{what}: slices:", *sorted(s.key() for s in slices))
    got = {k: [(s.host, s.name) for s in v] for k, v in arrows.items()}
    check(got == ARROWS, f"{what}: arrows:", got)
    by_name = {s.name: s.args for s in slices}
    check(by_name["tcp_sendmsg"] == {"file": "stack/transport/tcp_sendmsg.c", "layer": "transport", "socket": 3,
                                     "description": "does tcp_sendmsg", "called through": "sendmsg"},
          f"{what}: arguments of a call:", by_name["tcp_sendmsg"])
    check(by_name['write("hi")'].get("result") == 2, f"{what}: the result of a program's call")
    check(by_name["xmit"]["journey"] == 5 and by_name["packet 5"]["bytes"] == 60, f"{what}: packets' arguments")


def lanes_of(slices):
    lanes = defaultdict(list)
    for s in slices:
        lanes[s.host, s.lane].append(s)
    return lanes


def check_real(what, slices, arrows):
    """Of a real run: slices nest, and packets cross from host to host."""
    for lane in lanes_of(slices).values():
        nest(lane)
    crossing = [a for (kind, _), a in arrows.items() if kind == "wire" and len({s.host for s in a}) == 2]
    check(len(crossing) == 12, f"{what}: packets cross {len(crossing)} times")
    check(all(s.begin <= e.begin for a in arrows.values() for s, e in zip(a, a[1:])), f"{what}: arrows go back in time")


def test_chrome(hand, real):
    slices, arrows = read_chrome(export(hand, "chrome"))
    check_slices("chrome", slices, arrows)
    tree = names(nest(lanes_of(slices)["client", ODD]))
    check(tree == [('write("hi")', [("sys_write", [("tcp_sendmsg", ['say "hello"', "xmit", ("wait", ["woken"])])])]),
                   "eth0: up"], "chrome: nesting", tree)
    slices, arrows = read_chrome(export(real, "chrome", "--spread"))
    check_real("chrome", slices, arrows)
    check(all(s.begin < s.end for s in slices if "receives" not in s.lane and "sends" not in s.lane),
          "spread slices have a width")
    slices, _ = read_chrome(export(hand, "chrome", "--from", "6us", "--to", "6500"))
    check(sorted((s.name, s.begin, s.end) for s in slices) ==
          [("irq_entry", 6000, 6000), ("irq_exit", 6000, 6500), ("net_rx", 6000, 6500), ("sys_write", 6000, 6500),
           ("tcp_sendmsg", 6000, 6500), ("wait", 6000, 6500), ("wake_up", 6000, 6500)],
          "chrome: a window:", *sorted(s.key() for s in slices))
    slices, _ = read_chrome(export(hand, "chrome", "--host", "router"))
    check({s.host for s in slices} == {"router"}, "chrome: --host")


def decode_perfetto(data):
    """The packets that protoc reads, as nested dictionaries of lists."""
    here = Path(__file__).resolve().parent
    r = subprocess.run(["protoc", f"--proto_path={here}", "--decode=Trace", here / "perfetto.proto"], input=data,
                       capture_output=True, timeout=120)
    if not check(r.returncode == 0, "protoc:", r.stderr):
        return []
    top = {}
    stack = [top]
    for line in r.stdout.decode().splitlines():
        line = line.strip()
        if line.endswith(" {"):
            inner = {}
            stack[-1].setdefault(line[:-2], []).append(inner)
            stack.append(inner)
        elif line == "}":
            stack.pop()
        else:
            name, text = line.split(": ", 1)
            check(not name.isdigit(), "perfetto: a field that the format does not have:", line)
            value = text == "true" if text in ("true", "false") else int(text) if text[0] != '"' else \
                re.sub(r"(?:\\[0-7]{3})+", lambda m: bytes(int(o, 8) for o in m[0].split("\\")[1:]).decode(),
                       text[1:-1]).replace('\\"', '"').replace("\\t", "\t").replace("\\'", "'").replace("\\\\", "\\")
            stack[-1].setdefault(name, []).append(value)
    return top.get("packet", [])


class Sequence:
    """What an importer keeps of a packet sequence."""

    def __init__(self):
        self.names, self.args, self.strings, self.categories = {}, {}, {}, {}

    def intern(self, data):
        for field, into in (("event_names", self.names), ("debug_annotation_names", self.args),
                            ("debug_annotation_string_values", self.strings), ("event_categories", self.categories)):
            for e in data.get(field, []):
                check(e["iid"][0] not in into and e["iid"][0] > 0, "perfetto: a number of a name is used twice", e)
                into[e["iid"][0]] = e["name"][0]


def read_perfetto(data):
    """Slices, arrows and counters, as the importer makes them; checks what it relies on."""
    sequences, tracks, stacks, slices, flows, counters = {}, {}, defaultdict(list), [], defaultdict(list), {}
    touches, ended = [], set()
    for p in decode_perfetto(data):
        seq = p["trusted_packet_sequence_id"][0]
        first = seq not in sequences
        check(seq > 0 and p.get("first_packet_on_sequence", [False])[0] == first and
              p["sequence_flags"][0] == (3 if first else 2), "perfetto: flags of a sequence", p)
        s = sequences.setdefault(seq, Sequence())
        for d in p.get("interned_data", []):
            s.intern(d)
        for d in p.get("track_descriptor", []):
            parent = d.get("parent_uuid", [None])[0]
            check(d["uuid"][0] not in tracks and (parent is None or parent in tracks), "perfetto: a track", d)
            tracks[d["uuid"][0]] = (d["name"][0], tracks[parent][0] if parent else None, d)
        for e in p.get("track_event", []):
            name, host, d = tracks[e["track_uuid"][0]]
            t, kind, stack = p.get("timestamp", [0])[0], e["type"][0], stacks[e["track_uuid"][0]]
            if kind == 4:
                check("counter" in d, "perfetto: a value on a track that is no counter")
                counters.setdefault((host, name), []).append((t, e["counter_value"][0]))
                continue
            check("counter" not in d and (not stack or t >= stack[-1][1]), "perfetto: order on a track", e)
            if kind == 2:
                slice_, _ = stack.pop()
                slice_.end = t
                if stack:
                    stack[-1][1] = t
                continue
            if "name_iid" in e:
                check(s.categories[e["category_iids"][0]] == s.strings[e["debug_annotations"][1]["string_value_iid"][0]],
                      "perfetto: the category is the layer")
            args = {}
            for a in e.get("debug_annotations", []):
                value = s.strings[a["string_value_iid"][0]] if "string_value_iid" in a else \
                    (a.get("uint_value") or a["int_value"])[0]
                args[s.args[a["name_iid"][0]]] = value
            new = Slice(host, name, s.names[e["name_iid"][0]] if "name_iid" in e else e["name"][0], t, None, args)
            slices.append(new)
            stack.append([new, t])
            touches += [(t, len(touches), i, False, new) for i in e.get("flow_ids", [])]
            touches += [(t, len(touches), i, True, new) for i in e.get("terminating_flow_ids", [])]
    check(not any(stacks.values()), "perfetto: every slice ends")
    for _, _, i, ends, slice_ in sorted(touches, key=lambda t: t[:2]):  # the importer sorts packets by time
        check(i not in ended, "perfetto: an arrow goes on behind its end")
        flows[i].append(slice_)
        if ends:
            ended.add(i)
    check(ended == set(flows), "perfetto: every arrow ends")
    kinds = ["timer", "softirq", "interrupt", "wake-up", "wire", "work", "packet"]
    return slices, {(kinds[(i >> 48) - 1], i & (1 << 48) - 1): v for i, v in flows.items()}, counters, tracks


def test_perfetto(hand, real, tmp):
    to = tmp / "hand.pftrace"
    export(hand, "perfetto", "-o", to)
    slices, arrows, counters, tracks = read_perfetto(to.read_bytes())
    states = [s.key() for s in slices if s.lane.endswith(" state")]
    check(states == [("client", "eth1 state", "down", 1500, 7250)], "perfetto: states", states)
    check_slices("perfetto", [s for s in slices if not s.lane.endswith(" state")], arrows)
    check(counters["client", '10.0.0.1:1 > "x", y snd_cwnd'] == [(1500, 10)] and
          counters["client", "eth1 sent bytes"] == [(1500, 60)], "perfetto: counters", counters)
    order = [d["name"][0] for _, host, d in sorted(tracks.values(), key=lambda t: t[2]["sibling_order_rank"][0])
             if host == "client" and "counter" not in d and not d["name"][0].endswith("state")]
    check(order == [ODD, "softirq", "hard irq", "eth1 sends"], "perfetto: order of tracks", order)
    export(real, "perfetto", "--spread", "-o", to)
    slices, arrows, counters, _ = read_perfetto(to.read_bytes())
    check_real("perfetto", slices, arrows)
    tcp = [s.name for s in slices if s.lane.endswith("tcp_state") and s.host == "client"]
    check(tcp == ["SYN_SENT", "ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT"], "perfetto: TCP's states", tcp)
    slices = [s for s in slices if not s.lane.endswith("_state") and not s.lane.endswith("carrier")]
    chrome, chrome_arrows = read_chrome(export(real, "chrome", "--spread"))
    check(sorted(map(Slice.key, slices)) == sorted(map(Slice.key, chrome)) and set(arrows) == set(chrome_arrows),
          "perfetto and chrome tell the same")
    check(max(v for _, v in counters["client", "eth0 sent frames"]) == 7, "perfetto: counters of a run")
    r = wirepath("export", hand, "--format", "perfetto")
    check(r.returncode == 2 and "-o" in r.stderr, "binary formats do not go to the terminal", r.stderr)


def ids_match(events):
    """Every effect has its cause before it."""
    causes = {(e["data"]["kind"], e["data"]["id"]): e["t"] for e in events if e["type"] == "cause"}
    return all(causes.get((e["data"]["kind"], e["data"]["id"]), e["t"] + 1) <= e["t"]
               for e in events if e["type"] == "effect")


def test_jsonl(hand, real):
    events = [json.loads(line) for line in export(hand, "jsonl").splitlines()]
    check(all(list(e) == ["t", "type", "host", "data"] for e in events), "jsonl: every object has the same members")
    client = [e for e in events if e["host"] == "client"]
    check([e["t"] for e in client] == sorted(e["t"] for e in client), "jsonl: a host's events are in order")
    check(Counter(e["type"] for e in events) ==
          {"enter": 12, "leave": 12, "task": 2, "idle": 3, "irq": 2, "irq_end": 2, "softirq": 2, "call": 1, "ret": 1,
           "cause": 2, "effect": 2, "sent": 1, "received": 1, "drop": 1, "log": 1, "step": 1, "value": 2},
          "jsonl: kinds of events:", Counter(e["type"] for e in events))

    def one(kind, host="client", n=0):
        return [(e["t"], e["data"]) for e in events if e["type"] == kind and e["host"] == host][n]
    task = {"context": "task", "pid": 7}
    for got, want in (
            (one("task"), (0, {**task, "name": ODD})),
            (one("task", n=1), (7000, {**task, "name": ODD, "resumes": 1})),
            (one("call"), (0, {**task, "text": 'write("hi")'})),
            (one("ret"), (7250, {**task, "result": 2})),
            (one("enter", n=1), (0, {**task, "function": "tcp_sendmsg", "layer": "transport", "depth": 2,
                                     "through": "sendmsg", "socket": 3})),
            (one("enter", n=2), (1500, {**task, "function": "xmit", "layer": "interface", "depth": 3, "journey": 5})),
            (one("leave"), (2000, {**task, "function": "xmit", "depth": 3})),
            (one("step"), (0, {**task, "text": 'say "hello"', "function": "tcp_sendmsg"})),
            (one("sent"), (1500, {**task, "card": "eth1", "journey": 5, "bytes": 60, "head": "01020304050607",
                                  "to": "router", "first_bit": 1600, "last_bit": 2272})),
            (one("value"), (1500, {**task, "object": "eth1", "name": "state", "value": 2, "state": "down"})),
            (one("value", n=1), (1500, {**task, "object": '10.0.0.1:1 > "x", y', "name": "snd_cwnd", "value": 10,
                                        "unit": "segments"})),
            (one("softirq"), (6000, {"context": "softirq", "name": "NET_RX"})),
            (one("effect"), (7000, {**task, "kind": "wake", "id": 12})),
            (one("drop", "router"), (3000, {"context": "softirq", "reason": "no socket", "journey": 5}))):
        check(got == want, "jsonl: an event:", got, want)
    window = [json.loads(line) for line in export(hand, "jsonl", "--from", "1us", "--to", "1800").splitlines()]
    check([e["data"]["function"] for e in window if e["type"] == "enter"] == ["sys_write", "tcp_sendmsg", "xmit"] and
          {e["t"] for e in window if e["type"] == "enter"} == {1000, 1500}, "jsonl: a window:", window)
    events = [json.loads(line) for line in export(real, "jsonl").splitlines()]
    kinds = Counter(e["type"] for e in events)
    check(kinds["enter"] == kinds["leave"] > 5000 and kinds["sent"] == kinds["received"] == 12, "jsonl of a run:", kinds)
    check(ids_match(events), "jsonl: effects without causes before them")
    errors = {e["data"].get("error") for e in events if e["type"] == "ret"}
    check(errors <= {None, "EINPROGRESS", "EAGAIN"}, "jsonl: results", errors)


BABELTRACE = re.compile(r'^\[(\d+)\.(\d{9})\] \(\+[^)]*\) (\w+): \{ host = "(\w+)" \}, \{ context = \( "(\w+)" : '
                        r'container = \d \), pid = (\d+) \}(?:, \{ (?:(.*) )?\})?$')


def test_ctf(hand, real, tmp):
    """babeltrace2 reads the same events as the JSON lines tell, sorted by time."""
    for folder in (hand, real):
        to = tmp / (folder.name + ".ctf")
        export(folder, "ctf", "-o", to)
        r = subprocess.run(["babeltrace2", "--clock-seconds", to], capture_output=True, text=True, timeout=120)
        check(r.returncode == 0 and not r.stderr, "babeltrace2:", r.stderr)
        got = []
        for line in r.stdout.splitlines():
            m = BABELTRACE.match(line)
            if check(m, "ctf: a line that babeltrace2 prints:", line):
                s, frac, kind, host, context, pid, fields = m.groups()
                got.append((int(s) * 10**9 + int(frac), kind, host, context, int(pid)))
        events = [json.loads(line) for line in export(folder, "jsonl").splitlines()]
        want = [(e["t"], e["type"], e["host"], e["data"]["context"], e["data"].get("pid", 0)) for e in events]
        check(sorted(got) == sorted(want), "ctf: not the events of jsonl:", len(got), len(want))
        for host in {e["host"] for e in events}:
            check([g for g in got if g[2] == host] == [w for w in want if w[2] == host], "ctf: order of", host)
    r = subprocess.run(["babeltrace2", tmp / "hand.ctf"], capture_output=True, text=True, timeout=120)
    for fields in ('function = "tcp_sendmsg", layer = "transport", depth = 2, through = "sendmsg", journey = 0, socket = 3',
                   'text = "write(\\"hi\\")"', 'result = 2, error = ""', 'name = "we\\"ird\\\\na\u00efve\\ttask", resumes = 0',
                   'card = "eth1", journey = 5, bytes = 60, head = "01020304050607", to = "router", first_bit = 1600, '
                   'last_bit = 2272'):
        check(fields in r.stdout, "ctf: the fields", fields)
    r = wirepath("export", hand, "--format", "ctf", "-o", tmp / "hand.ctf")
    check(r.returncode == 2 and "is there already" in r.stderr, "ctf does not write over a folder:", r.stderr)
    r = wirepath("export", hand, "--format", "ctf", "-o", tmp / "not" / "there")
    check(r.returncode == 2 and "cannot make" in r.stderr and not (tmp / "not").exists(), "ctf into nothing:", r.stderr)


# What the kernel's trace_functions_graph.c prints, with abstime, cpu and proc.
FTRACE_HEADER = """\
# tracer: function_graph
#
#     TIME        CPU  TASK/PID         DURATION                  FUNCTION CALLS
#      |          |     |    |           |   |                     |   |   |   |
"""
RULE = " ------------------------------------------"
COLUMNS = r"(?P<t>[ \d]{5}\.\d{6}) \|   0\) (?P<proc>.{14,}?) \| "
NO_TIME = " {14}"
TIME = r"(?P<mark>[ $@*#!+]) (?P<us>(?=[\d.]{1,20} )\d+(?:\.\d{1,3})?) us +"
FTRACE = re.compile(
    rf"{COLUMNS}(?:(?P<irq>  (?:==========>|<==========) \|)|{NO_TIME}\|  (?P<open> *\w[\w.]*)\(\) \{{|"
    rf"{NO_TIME}\|  (?P<comment> *)/\* .* \*/|{TIME}\|  (?P<leaf> *\w[\w.]*)\(\);|{TIME.replace('P<mark>', 'P<mark2>').replace('P<us>', 'P<us2>')}\|  (?P<close> *)\}})$")


def read_ftrace(text):
    """Checks every line; gives (time, proc, depth, name or '}' or mark, ns or None)."""
    check(text.startswith(FTRACE_HEADER), "ftrace: the header", text[:400])
    lines, got, i, stacks, proc = text[len(FTRACE_HEADER):].split("\n")[:-1], [], 0, defaultdict(list), None
    while i < len(lines):
        if lines[i] == RULE:
            m = re.match(r"^ 0\) (.{14,}) => (.{14,})$", lines[i + 1])
            check(m and m[1] == proc and m[2] != proc and lines[i + 2] == RULE and lines[i + 3] == "",
                  "ftrace: a switch", lines[i:i + 4])
            proc = m[2]
            i += 4
            continue
        m = FTRACE.match(lines[i])
        i += 1
        if not check(m, "ftrace: a line that the kernel does not print:", lines[i - 1]):
            continue
        proc = proc or m["proc"]
        check(m["proc"] == proc, "ftrace: another task without a switch:", lines[i - 1])
        field = m["open"] or m["leaf"] or ""
        depth = (len(m["close"]) if m["close"] is not None else len(field) - len(field.lstrip())) // 2
        us = m["us"] or m["us2"]
        if us:
            mark = m["mark"] or m["mark2"]
            want = next((c for limit, c in ((1e6, "$"), (1e5, "@"), (1e4, "*"), (1e3, "#"), (100, "!"), (10, "+"))
                         if float(us) > limit), " ")
            check(mark == want, "ftrace: the mark of", lines[i - 1])
        stack = stacks[proc]
        if m["open"]:
            check(not stack or depth > stack[-1], "ftrace: depth", lines[i - 1])
            stack.append(depth)
        elif m["close"] is not None:
            check(stack and stack.pop() == depth, "ftrace: a brace that closes nothing", lines[i - 1])
        got.append((m["t"].strip(), proc.strip(), depth, field.strip() or ("}" if us else (m["irq"] or "/*").strip(" |")), us))
    check(not any(stacks.values()), "ftrace: what is opened is closed")
    return got


def test_ftrace(hand, real, costly):
    got = read_ftrace(export(hand, "ftrace", "--host", "client"))
    task = ODD[:7] + "-7"
    check(got == [
        ("0.000000", task, 0, "/*", None), ("0.000000", task, 0, "sys_write", None),
        ("0.000000", task, 1, "tcp_sendmsg", None), ("0.000000", task, 0, "/*", None),
        ("0.000001", task, 2, "xmit", "0.500"), ("0.000002", task, 2, "wait", None),
        ("0.000006", "<idle>-0", 0, "==========>", None), ("0.000006", "<idle>-0", 0, "irq_entry", "0.000"),
        ("0.000006", "<idle>-0", 0, "<==========", None), ("0.000006", "<idle>-0", 0, "irq_exit", None),
        ("0.000006", "<idle>-0", 1, "net_rx", None), ("0.000006", "<idle>-0", 2, "wake_up", "1.000"),
        ("0.000007", "<idle>-0", 1, "}", "1.000"), ("0.000007", "<idle>-0", 0, "}", "1.000"),
        ("0.000007", task, 3, "woken", "0.250"), ("0.000007", task, 2, "}", "5.250"), ("0.000007", task, 1, "}", "7.250"),
        ("0.000007", task, 0, "}", "7.250"), ("0.000007", task, 0, "/*", None)], "ftrace:", *got)
    both = export(hand, "ftrace").split("# host ")
    check([b.split("\n")[0] for b in both[1:]] == ["client", "router"], "ftrace: hosts", both)
    for folder in (real, costly):
        for host in ("client", "server"):
            got = read_ftrace(export(folder, "ftrace", "--host", host))
            check(len(got) > 5000, "ftrace: lines of a run", len(got))
    check(any(us and float(us) > 100 for *_, us in got) and any(us and 0 < float(us) < 10 for *_, us in got),
          "ftrace: durations of a run with costs")


def test_csv(hand, real):
    rows = list(csv.reader(io.StringIO(export(hand, "csv"))))
    check(rows[0] == ["t", "host", "object", "counter", "value"], "csv: the header", rows[0])
    want = [["1500", "client", "cpu", "tasks", "1500"], ["1500", "client", "eth1", "sent frames", "1"],
            ["1500", "client", "eth1", "sent bytes", "60"], ["1500", "client", "eth1", "state", "2"],
            ["1500", "client", '10.0.0.1:1 > "x", y', "snd_cwnd", "10"], ["2000", "client", "cpu", "tasks", "2000"],
            ["6000", "client", "card 2", "interrupts", "1"],
            ["6000", "client", "softirq", "NET_RX", "1"], ["7000", "client", "cpu", "softirq", "1000"],
            ["7250", "client", "cpu", "tasks", "2250"],
            ["3000", "router", "eth0", "received frames", "1"], ["3000", "router", "eth0", "received bytes", "60"],
            ["3000", "router", "eth0", "interrupts", "1"], ["3000", "router", "softirq", "NET_RX", "1"],
            ["3000", "router", "drops", "no socket", "1"]]
    check(rows[1:] == want, "csv: rows", *rows[1:])
    rows = list(csv.reader(io.StringIO(export(hand, "csv", "--from", "1800", "--to", "6000"))))
    check(rows[1:2] == [["2000", "client", "cpu", "tasks", "2000"]] and rows[-1][0] == "3000",
          "csv: a window counts from the start of the run:", rows)
    rows = list(csv.DictReader(io.StringIO(export(real, "csv"))))
    last = {(r["host"], r["object"], r["counter"]): int(r["value"]) for r in rows}
    check(last["client", "eth0", "sent frames"] == last["server", "eth0", "received frames"] == 7 and
          last["client", "eth0", "sent bytes"] == last["server", "eth0", "received bytes"], "csv: frames of a run", last)
    check(not [k for k in last if k[1] == "cpu"], "csv: without costs no CPU time is spent:", last)


def tshark(path, *fields):
    r = subprocess.run(["tshark", "-r", path, "-T", "fields", *(a for f in fields for a in ("-e", f))],
                       capture_output=True, text=True, timeout=120)
    check(r.returncode == 0, "tshark:", r.stderr)
    return [line.split("\t") for line in r.stdout.splitlines()]


def processes(data):
    """The epb_processid_threadid of each packet, which tshark 4.0 does not show; checks how blocks are built."""
    at, got = 0, []
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        check(size % 4 == 0 and struct.unpack_from("<I", data, at + size - 4) == (size,), "pcapng: a block's lengths")
        if kind == 6:
            option, end, pid = at + 28 + (struct.unpack_from("<I", data, at + 20)[0] + 3 & ~3), at + size - 4, None
            while option < end:
                code, n = struct.unpack_from("<HH", data, option)
                if code == 8:
                    pid = struct.unpack_from("<II", data, option + 4)
                option += 4 + (n + 3 & ~3)
            check(option == end and code == 0, "pcapng: options end with the block")
            got.append(pid)
        at += size
    return got


def test_pcapng(real, tmp):
    to = tmp / "all.pcapng"
    export(real, "pcapng", "-o", to)
    rows = tshark(to, "frame.time_epoch", "frame.interface_name", "frame.interface_description", "frame.packet_id",
                  "frame.packet_flags_direction", "frame.comment")
    check(len(rows) == 24 and {(r[1], r[2]) for r in rows} ==
          {("client.eth0", "eth0 of host client"), ("server.eth0", "eth0 of host server")}, "pcapng: interfaces", rows)
    check(rows[0][0] == "0.001000000" and rows[0][4] == "0x00000002" and rows[1][0] == "0.001056720" and
          rows[1][4] == "0x00000001", "pcapng: times in ns, directions", rows[:2])
    check(Counter(Counter(r[3] for r in rows).values()) == {2: 12}, "pcapng: each packet is seen twice, by one number")
    by_syn = [r[5] for r in rows if r[3] == "1"]
    check(by_syn == ["client packet 1: sent by softirq, irq_exit > neigh_resolve_output",
                     "server packet 1: taken by softirq, irq_exit > tcp_v4_rcv"], "pcapng: the SYN, which waited for ARP", by_syn)
    check(any(r[5].startswith("client packet") and "sent by task client in write(100), sys_write > __tcp_transmit_skb" in
              r[5] for r in rows), "pcapng: data", rows)
    check(any("taken by task server in read(4096), sys_read > inet_recvmsg" in r[5] for r in rows), "pcapng: its end", rows)
    pids = processes(to.read_bytes())
    tasks = {(e["host"], e["data"]["pid"]): e["data"]["name"] for e in map(json.loads, export(real, "jsonl").splitlines())
             if e["type"] == "task"}
    for row, pid in zip(rows, pids):
        check(("by task" in row[5]) == (pid is not None), "pcapng: the process", row, pid)
        check(pid is None or f"by task {tasks[row[1].split('.')[0], pid[0]]} " in row[5], "pcapng: the process", row, pid)
    check(sum(p is not None for p in pids) >= 4, "pcapng: processes", pids)
    window = tmp / "window.pcapng"
    export(real, "pcapng", "--from", "1.1ms", "--to", "1.2ms", "--host", "server", "-o", window)
    check([r[0] for r in tshark(window, "frame.time_epoch")] == [r[0] for r in rows if r[1] == "server.eth0" and
                                                                "0.0011" <= r[0] <= "0.0012"], "pcapng: a window")
    r = subprocess.run(["capinfos", "-T", "-r", "-c", "-M", "-I", to], capture_output=True, text=True, timeout=60)
    check(r.returncode == 0, "capinfos:", r.stderr)
    lossy = tmp / "lossy"
    wirepath("run", SCENARIOS / "lossy_link.lua", "-o", lossy, "--pcap", "--seed", 3)
    export(lossy, "pcapng", "-o", to)
    dropped = [(int(t.replace(".", "")), int(i), c.split("; dropped: ")[1])
               for t, i, c in tshark(to, "frame.time_epoch", "frame.packet_id", "frame.comment") if "; dropped: " in c]
    drops = [(e["t"], e["data"]["journey"], e["data"]["reason"]) for e in
             map(json.loads, export(lossy, "jsonl").splitlines()) if e["type"] == "drop"]
    check(sorted(dropped) == sorted(drops) and len(drops) > 15, "pcapng: each drop is told at its packet:", dropped, drops)
    for args in (["--no-trace"], ["--trace", "layer=internet"]):
        r = wirepath("run", SCENARIOS / "tcp_handshake.lua", "-o", tmp / "other", "--pcap", *args)
        export(tmp / "other", "pcapng", "-o", to)
        check(len(tshark(to, "frame.number")) == 24, f"pcapng of a run with {args}", r.stderr)


def test_odd_bytes(tmp):
    """Text that is no UTF-8, or that formats use themselves, is escaped or replaced."""
    t = Trace([("f", FUNCTION, "stack/skb/f.c", "")])
    h = t.host("h")
    h.task(1, "name\x7f\x01%s")
    h.rec(TASK, 0, 0, 1)
    h.rec(CALL, 0, 1, h.string("QQQQQQQQQQ"))
    h.enter("f", 1)
    write_run(tmp / "odd", t.bytes().replace(b"QQQQQQQQQQ", b'\xff\xc3\xed\xa0\x80"\\\n*/'))
    want = "\ufffd" * 5 + '"\\\n*/'
    events = [json.loads(line) for line in export(tmp / "odd", "jsonl").splitlines()]
    check(events[0]["data"]["name"] == "name\x7f\x01%s" and events[1]["data"]["text"] == want, "odd: jsonl", events[:2])
    slices, _ = read_chrome(export(tmp / "odd", "chrome"))
    check((slices[0].lane, slices[0].name) == ("name\x7f\x01%s", want), "odd: chrome", slices[0].key())
    to = tmp / "odd.out"
    export(tmp / "odd", "perfetto", "-o", to)
    check(want.encode() in to.read_bytes() and decode_perfetto(to.read_bytes()), "odd: perfetto")
    export(tmp / "odd", "ctf", "-o", tmp / "odd.ctf")
    r = subprocess.run(["babeltrace2", tmp / "odd.ctf"], capture_output=True, text=True, timeout=60)
    check(r.returncode == 0 and 'text = "' + "\ufffd" * 5 + '\\"\\\\\\n*/"' in r.stdout, "odd: ctf", r.stdout, r.stderr)
    check("\n" not in export(tmp / "odd", "ftrace", text=False).decode("latin1").split("/* ")[1].split(" */")[0],
          "odd: ftrace keeps a comment in its line")


def test_broken(folder, tmp):
    """Every format makes something of a trace that is cut off anywhere."""
    data = (folder / "trace.wpt").read_bytes()
    cut = tmp / "cut"
    formats = re.findall(r"^  (\w+) +\S", wirepath("export", "--help").stdout, re.M)
    check(set(formats) >= {"calls", "chrome", "folded", "pcapng"}, "formats in the help:", formats)
    for size in range(len(data) // 3, len(data), len(data) // 7):
        write_run(cut, data[:size])
        for fmt in formats:
            if fmt == "pcapng":
                continue
            r = wirepath("export", cut, "--format", fmt, "-o", tmp / f"cut.{size}.{fmt}")
            check(r.returncode == 0 and "cut off" in r.stderr, f"{fmt} of a trace cut at {size}:", r.returncode, r.stderr)


def test_filtered(tmp):
    """Runs of which only a part was recorded."""
    folder, formats = tmp / "filtered", ("calls", "csv", "folded")
    for what in ("fn=tcp_*", "packet=4", "from=1ms,to=1.2ms", "host=server"):
        r = wirepath("run", SCENARIOS / "tcp_handshake.lua", "-o", folder, "--trace", what)
        check(r.returncode == 0, f"run --trace {what}", r.stderr)
        for fmt in formats:
            check(export(folder, fmt), f"{fmt} of --trace {what}: nothing")
        slices, _ = read_chrome(export(folder, "chrome"))
        for lane in lanes_of(slices).values():
            nest(lane)
        read_ftrace(export(folder, "ftrace", "--host", "server"))
        events = [json.loads(line) for line in export(folder, "jsonl").splitlines()]
        for host in ("client", "server"):
            times = [e["t"] for e in events if e["host"] == host]
            check(times == sorted(times), f"jsonl of --trace {what}: order")


def main():
    with tempfile.TemporaryDirectory() as d:
        tmp = Path(d)
        hand, real = tmp / "hand", tmp / "real"
        write_run(hand, hand_made().bytes())
        r = wirepath("run", SCENARIOS / "tcp_handshake.lua", "-o", real, "--pcap")
        check(r.returncode == 0, "run", r.stderr)
        costly = tmp / "costly"
        r = wirepath("run", SCENARIOS / "tcp_handshake.lua", "-o", costly, "--profile", "ast2500")
        check(r.returncode == 0, "run with costs", r.stderr)
        test_folded(hand)
        test_chrome(hand, real)
        test_perfetto(hand, real, tmp)
        test_jsonl(hand, real)
        test_ctf(hand, real, tmp)
        test_ftrace(hand, real, costly)
        test_csv(hand, real)
        test_pcapng(real, tmp)
        test_odd_bytes(tmp)
        test_filtered(tmp)
        test_broken(hand, tmp)
    sys.exit(total())


main()
