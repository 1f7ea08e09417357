"""Writes trace files and run folders by hand, from core/trace_format.h alone."""
import json
import os
import struct

(ENTER, ENTER_SKB, ENTER_SK, STEP, OP, TIME, TASK, IDLE, IRQ, IRQ_END, SOFTIRQ, CALL, RET, HOP_OUT, HOP_IN,
 DROP, FRAME_TX, FRAME_RX, NOTE, LEAVE, SUBJECT, VALUE, BYTES, WIRE_TO, WIRE_FROM, WIRE_LEFT) = range(26)
FUNCTION, STEP_TEXT, SLOT, VALUE_NAME = range(4)
SUBJECT_HOST, SUBJECT_SOCK, SUBJECT_NEIGH, SUBJECT_DEV, SUBJECT_CARD = range(5)


def chunk(tag, payload):
    return tag.encode().ljust(4) + struct.pack("<I", len(payload)) + payload + bytes(-len(payload) % 8)


def text(s):
    return s.encode() + b"\0"


class Host:
    def __init__(self, trace, index, name):
        self.trace, self.index, self.name = trace, index, name
        self.time = 0
        self.chunk_time = 0
        self.recs = []
        self.strings = {}
        trace.body += chunk("HOST", struct.pack("<I", index) + text(name))

    def task(self, pid, name):
        self.trace.body += chunk("TASK", struct.pack("<II", self.index, pid) + text(name))

    def string(self, s):
        if s not in self.strings:
            self.strings[s] = len(self.strings) + 1
            self.trace.body += chunk("STR", struct.pack("<II", self.index, self.strings[s]) + text(s))
        return self.strings[s]

    def rec(self, kind, fn=0, depth=0, obj=0):
        self.recs.append(struct.pack("<HBBI", fn, depth, kind, obj & 0xffffffff))

    def advance(self, ns):
        self.time += ns
        self.time_rec(TIME, self.time)

    def time_rec(self, kind, time):
        self.rec(kind, time >> 32 & 0xffff, time >> 48, time & 0xffffffff)

    def enter(self, name, depth, op=None, kind=ENTER, obj=0):
        if op is not None:
            self.rec(OP, self.trace.rank(op, SLOT), depth)
        self.rec(kind, self.trace.rank(name, FUNCTION), depth, obj)

    def step(self, name, depth):
        """`depth`: of the function that the step belongs to."""
        self.rec(STEP, self.trace.rank(name, STEP_TEXT), depth + 1)

    def subject(self, kind, number, name=None):
        if name is not None:
            self.trace.body += chunk("SUBJ", struct.pack("<III", self.index, kind, number) + text(name))
        self.rec(SUBJECT, kind, 1, number)

    def value(self, name, value):
        self.rec(VALUE, self.trace.rank(name, VALUE_NAME), 1, value)

    def flush(self):
        if self.recs:
            head = struct.pack("<IIQ", self.index, len(self.recs), self.chunk_time)
            self.trace.body += chunk("REC", head + b"".join(self.recs))
            self.trace.nr_records += len(self.recs)
        self.recs = []
        self.chunk_time = self.time


class Trace:
    """`fns`: (name, kind, file, what); ranks are places in the sorted list, as in core/trace.c."""

    def __init__(self, fns, drops=()):
        self.fns = sorted(fns)
        self.ranks = {(name, kind): i for i, (name, kind, _, _) in enumerate(self.fns)}
        self.hosts = []
        self.nr_records = 0
        self.body = b"WPTRACE\0" + struct.pack("<II", 2, 0)
        table = b"".join(struct.pack("<II", 0xff, kind) + text(name) + text(file) + text(what)
                         for name, kind, file, what in self.fns)
        self.body += chunk("FNS", struct.pack("<I", len(self.fns)) + table)
        if drops:
            self.body += chunk("DROP", struct.pack("<I", len(drops)) +
                               b"".join(struct.pack("<I", nr) + text(s) for nr, s in drops))

    def rank(self, name, kind):
        return self.ranks[name, kind]

    def host(self, name):
        self.hosts.append(Host(self, len(self.hosts), name))
        return self.hosts[-1]

    def bytes(self):
        for h in self.hosts:
            h.flush()
        return self.body + chunk("END", struct.pack("<QQ", self.nr_records, 0x0123456789abcdef))


def write_run(folder, data, digest="00000000000000aa", traced=True):
    """A run folder around the bytes of a trace."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "trace.wpt"), "wb") as f:
        f.write(data)
    manifest = {"version": "0.1.0", "scenario": "made.lua", "seed": 1, "params": "", "traced": traced, "filter": "",
                "result": "done", "time_ns": 1, "events": 1, "frames": 0, "drops": 0, "records": 1,
                "digest_calls": "0000000000000001", "digest_run": digest}
    with open(os.path.join(folder, "manifest.json"), "w") as f:
        f.write(json.dumps(manifest, indent=2) + "\n")


def read_values(path):
    """The values of a trace: (host, kind of subject, its number, its name, value's name, unit, [(time, value)])."""
    data = open(path, "rb").read()
    at, fns, names, hosts, series = 16, [], {}, {}, {}
    while at < len(data):
        tag, length = data[at:at + 4], struct.unpack_from("<I", data, at + 4)[0]
        body = data[at + 8:at + 8 + length]
        at += 8 + (length + 7 & ~7)
        if tag == b"FNS ":
            p = 4
            for _ in range(struct.unpack_from("<I", body)[0]):
                p += 8
                entry = []
                for _ in range(3):
                    end = body.index(0, p)
                    entry.append(body[p:end].decode())
                    p = end + 1
                fns.append(entry)
        elif tag == b"HOST":
            hosts[struct.unpack_from("<I", body)[0]] = body[4:-1].decode()
        elif tag == b"SUBJ":
            names[struct.unpack_from("<III", body)] = body[12:-1].decode()
        elif tag == b"REC ":
            host, count, time = struct.unpack_from("<IIQ", body)
            subject = None
            for i in range(count):
                fn, depth, kind, obj = struct.unpack_from("<HBBI", body, 16 + 8 * i)
                if kind == TIME:
                    time = obj | fn << 32 | depth << 48
                elif kind == SUBJECT:
                    subject = host, fn, obj
                elif kind == VALUE:
                    series.setdefault((subject, fns[fn][0], fns[fn][2]), []).append((time, obj))
    return [(hosts[s[0]], s[1], s[2], names.get(s), name, unit, points)
            for (s, name, unit), points in series.items()]
