#!/usr/bin/env python3
"""What `wirepath chart`, `export` and `diff` say about traces that this test writes itself.

usage: test_chart.py WIREPATH [ROUNDS]

Random call trees are written as trace files, among interrupts, other tasks and other hosts; the drawing is read
back and must be the tree. Two readers: chart_reader.py, which also checks that every arrow hangs from its box, and
../shared/charts/parse_charts.py (the documents' reader) where it is there.
"""
import os
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from chart_reader import Node, documents_reader, read_documents, read_drawing, shapes, strip
from trace_file import (CALL, DROP, ENTER_SK, ENTER_SKB, FRAME_RX, FRAME_TX, FUNCTION, HOP_IN, HOP_OUT, IDLE, IRQ,
                        IRQ_END, NOTE, RET, SLOT, SOFTIRQ, STEP_TEXT, TASK, Trace, write_run)

WIREPATH = os.path.abspath(sys.argv[1])
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 12
TREES = 25  # of a round

failures = 0


def check(cond, what, *more):
    global failures
    if not cond:
        failures += 1
        print("FAILED:", what, *more, file=sys.stderr)
    return cond


def wirepath(*args):
    return subprocess.run([WIREPATH, *map(str, args)], capture_output=True, text=True, timeout=60)


# ---- trees ----

NAMES = ["a", "b2", "_c", "ip_rcv", "tcp_v4_do_rcv", "__netif_receive_skb_one_core", "neigh_event_send.part.0",
         "a_function_whose_name_is_longer_than_any_box_that_lies_above_it_in_the_drawing"]
NAMES += [f"fn_{i}" for i in range(12)]
SLOTS = ["sendmsg", "ndo_start_xmit", "x", "rcv"]
STEPS = ["change tcp state to SYN_SENT", "x", "if a | b then --> c", "++ a very long line of text " * 4]
SENTENCES = ["", "", "ensure a valid port is ready", "a | b", "see | tcp_rcv | there", "+--> not an arrow",
             "a sentence that goes on for so long that it reaches far to the right of everything else " * 2]


def random_tree(rng, shape):
    """Wide, deep, or anything between."""
    root = Node("root")
    if shape == "deep":
        at = root
        for i in range(240):
            child = Node(rng.choice(NAMES), rng.choice(SLOTS) if i % 7 == 0 else None)
            at.children.append(child)
            if i % 11 == 0:
                at.children.append(Node(rng.choice(NAMES)))
            at = child
        return root
    if shape == "wide":
        for i in range(300):
            root.children.append(Node(rng.choice(NAMES)) if i % 5 else Node(rng.choice(STEPS), step=True))
        return root
    if shape == "loops":
        at = root
        for _ in range(rng.randrange(1, 5)):
            body = [random_tree(rng, "small") for _ in range(rng.randrange(1, 4))]
            for b in body:
                b.name = rng.choice(NAMES)
            if rng.random() < .3:
                body.append(Node(rng.choice(STEPS), step=True))
            at.children += body * rng.randrange(1, 6)
            if rng.random() < .5:
                at.children.append(Node(rng.choice(NAMES)))
                at = at.children[-1]
        return root
    nodes = [(root, 1)]
    for _ in range(rng.randrange(6 if shape == "small" else 60)):
        parent, depth = rng.choice(nodes[-8:] if rng.random() < .7 else nodes)
        kind = rng.random()
        if kind < .15:
            parent.children.append(Node(rng.choice(STEPS), step=True))
            continue
        child = Node(rng.choice(NAMES), rng.choice(SLOTS) if kind < .35 else None)
        parent.children.append(child)
        if depth < 200:
            nodes.append((child, depth + 1))
    return root


def new_trace(rng):
    names = NAMES + ["root", "irq_exit", "before"]
    fns = [(n, FUNCTION, f"stack/transport/{n[:8]}.c", rng.choice(SENTENCES)) for n in names]
    fns += [(s, STEP_TEXT, "stack/x.c", "") for s in STEPS]
    fns += [(s, SLOT, "stack/x.c", "") for s in SLOTS]
    return Trace(fns, [(3, "NO_SOCKET")])


class Writer:
    """Writes a tree as records of task 1, and other things that happen on the host in the middle of it."""

    def __init__(self, rng, host, noise):
        self.rng, self.host, self.noise = rng, host, noise

    def calls(self, depth, n):
        for _ in range(n):
            self.host.enter(self.rng.choice(NAMES), depth, self.rng.choice([None, "rcv"]))
            if depth < 240 and self.rng.random() < .5:
                self.calls(depth + 1, 1)

    def interrupt(self, depth):
        self.host.rec(IRQ, 0, depth, 2)
        self.calls(depth + 1, self.rng.randrange(3))
        self.host.rec(IRQ_END, 0, depth)
        if self.rng.random() < .6:
            self.host.enter("irq_exit", depth + 1)
            self.host.rec(SOFTIRQ, 0, depth + 1, 3)
            self.calls(depth + 2, 2)
            if self.rng.random() < .4:
                self.host.rec(IRQ, 0, depth + 2, 4)
                self.calls(depth + 3, 1)
                self.host.rec(IRQ_END, 0, depth + 2)
                self.calls(depth + 2, 1)

    def sleep(self, depth):
        """Task 1 sleeps inside `depth` open calls; others run; it goes on."""
        if self.rng.random() < .5:
            self.host.rec(TASK, 0, 0, 2)
            self.calls(1, 2)
        if self.rng.random() < .7:
            self.host.rec(IDLE)
            self.interrupt(0)
        self.host.rec(TASK, 1, depth, 1)

    def disturb(self, depth):
        if self.rng.random() > self.noise:
            return
        self.host.advance(self.rng.randrange(1, 1 << 36))
        what = self.rng.randrange(6)
        if what == 0 and depth < 230:
            self.interrupt(depth)
        elif what == 1:
            self.sleep(depth)
        elif what == 2:
            self.host.rec(self.rng.choice([HOP_OUT, HOP_IN]), 1, depth + 1, 77)
        elif what == 3:
            self.host.rec(self.rng.choice([FRAME_TX, FRAME_RX]), 60, depth + 1, 5)
        elif what == 4:
            self.host.rec(NOTE, 0, depth + 1, self.host.string("eth0: link up"))
        else:
            self.host.rec(DROP, 3, depth + 1, 5)
        if self.rng.random() < .5:
            self.host.flush()

    def node(self, node, depth):
        self.host.enter(node.name, depth, node.op, self.rng.choice([0, ENTER_SKB, ENTER_SK]), self.rng.randrange(9))
        self.disturb(depth)
        for c in node.children:
            if c.step:
                self.host.step(c.name, depth)
            else:
                self.node(c, depth + 1)
            self.disturb(depth)


def write_trees(rng, roots, noise, folder, outer):
    """The trees are the calls of root() on host "one" but the first, each inside `outer` other functions."""
    trace = new_trace(rng)
    other = trace.host("zero")
    host = trace.host("one")
    other.task(1, "other")
    host.task(1, "client")
    host.task(2, "server")
    other.rec(TASK, 0, 0, 1)
    other.enter("before", 1)
    host.rec(TASK, 0, 0, 1)
    w = Writer(rng, host, noise)
    host.enter("root", 1)
    host.enter("a", 2)
    for root in roots:
        host.rec(CALL, 0, 1, host.string("read(1)"))
        for depth in range(1, outer + 1):
            host.enter("before", depth)
        w.node(root, outer + 1)
        host.rec(RET, 0, 1, 1)
        host.enter("b2", 1)
    write_run(folder, trace.bytes())
    return trace


def cut(node, levels):
    """The tree as --depth shows it: calls `levels` below the root, and the steps of those that are drawn whole."""
    copy = Node(node.name, node.op, node.step)
    if levels > 0:
        copy.children = [cut(c, levels - 1) for c in node.children]
    return copy


def drawn_text(s):
    return s.replace("|", "/")


def drawn(node):
    """The tree with step lines as they are drawn."""
    copy = Node(drawn_text(node.name) if node.step else node.name, node.op, node.step)
    copy.children = [drawn(c) for c in node.children]
    return copy


# ---- tests ----

def drawings_of(textual, style):
    """The drawings of `--nth all`: lists of lines (outline: the fenced blocks' text)."""
    parts = re.split(r"^# root: .*\n", textual, flags=re.M)[1:]
    if style == "outline":
        return parts
    return [re.fullmatch(r"```\n(.*)\n```\n\n", part, re.S).group(1).split("\n") for part in parts]


def check_texts(trace, got, what):
    """The sentences beside the boxes."""
    sentences = {name: drawn_text(w) for name, kind, _, w in trace.fns if kind == FUNCTION}

    def texts(node):
        if not node.step:
            check(node.text == sentences[node.name], f"{what}: the sentence of {node.name} is '{node.text}'")
        for c in node.children:
            texts(c)
    texts(got)


def check_nested(space, trace, lines, want, what):
    try:
        got = read_drawing(lines, 3)
    except ValueError as e:
        return check(False, f"{what}:", e, "\n" + "\n".join(lines))
    back = got.unfold()[0]
    if not check(strip(back.flat()) == strip(want.flat()), f"{what}: not the tree that was written"):
        print("\n".join(lines), file=sys.stderr)
    check_texts(trace, got, what)
    if space:
        theirs, roots = read_documents(space, [l.rstrip() for l in lines])
        check(roots == 1, f"{what}: the documents' reader sees {roots} roots")
        check(strip(theirs.flat()) == strip(got.spliced()[0].flat()), f"{what}: the documents' reader sees another tree")
    return got


def test_trees(rng, space, folder, n):
    """Trees drawn in both styles, folded and in full, are read back; `n` is the round."""
    shapes_of = ["deep", "wide"] if n == 0 else []
    shapes_of += [rng.choice(["any", "loops"]) for _ in range(TREES - len(shapes_of))]
    roots = [random_tree(rng, shape) for shape in shapes_of]
    outer = rng.randrange(4) if n else 1
    trace = write_trees(rng, roots, rng.choice([0, .1, .5]), folder, outer)
    depth = rng.randrange(1, 6) if n % 3 == 2 else 0
    wanted = [drawn(cut(root, depth) if depth else root) for root in roots]
    base = ["chart", folder, "--host", "one", "--call", "root", "--nth", "all", *(["--depth", depth] if depth else [])]
    seen_folded = 0
    for style in "nested", "outline":
        for more in [], ["--unfold"]:
            out = wirepath(*base, "--style", style, *more)
            what = f"round {n} {style} {more}"
            if not check(out.returncode == 0, f"{what}: ends with {out.returncode}", out.stderr):
                continue
            got = drawings_of(out.stdout, style)
            if not check(len(got) == TREES + 1, f"{what}: {len(got)} drawings"):
                continue
            for k, want in enumerate(wanted):
                if style == "outline":
                    test_outline(space, trace, got[k + 1], want, f"{what} {k}")
                    continue
                tree = check_nested(space, trace, got[k + 1], want, f"{what} {k}")
                if more and tree:
                    check(tree.unfold()[0].flat() == without_hops(tree).flat(), f"{what} {k}: folded")
            if style == "nested":
                folded = len(re.findall(r"\(x\d+\) |loop, \d+ times$", out.stdout, re.M))
                check(not more or not folded, f"{what}: repetitions are folded")
                seen_folded += folded
            if n < 3 and not more:
                boxes = wirepath(*base, "--style", style, "--format", "utf8")
                check(shapes(boxes.stdout) == shapes(out.stdout), f"{what}: utf8 is another drawing")
                check("│" in boxes.stdout and "+--> |" not in boxes.stdout, f"{what}: utf8 is ASCII")
    out = wirepath("chart", folder, "--host", "one", "--call", "root", "--nth", "merged",
                   *(["--depth", depth] if depth else []))
    merged = read_drawing(out.stdout.rstrip("\n").split("\n"), 3)
    calls = Counter({"root": 1, "a": 1})
    for want in wanted:
        calls.update(want.calls())
    counted = Counter()
    for node in merged.walk():
        if not node.step:
            counted[node.name] += node.count
    check(counted == calls, f"round {n}: merged: other numbers of calls", counted, calls)
    check(merged.edges() == set().union({("root", "a", None)}, *(want.edges() for want in wanted)),
          f"round {n}: merged: other edges")
    check(seen_folded > 4, f"round {n}: {seen_folded} repetitions are folded")


def changed(rng, node):
    """A copy with some calls left out, put in, or called by another name."""
    copy = Node(node.name, node.op, node.step)
    for c in node.children:
        if rng.random() < .05:
            continue
        copy.children.append(changed(rng, c))
        if rng.random() < .05:
            copy.children[-1].name = rng.choice(NAMES) if not c.step else rng.choice(STEPS)
        if rng.random() < .05:
            copy.children.append(random_tree(rng, "small"))
            copy.children[-1].name = rng.choice(NAMES)
    return copy


def side(lines, other):
    """One side of a comparison: without the lines that are marked as the other's."""
    return [line[2:] for line in lines if not line.startswith(other)]


def test_compare(rng, tmp, n):
    """Two runs compared: without what is marked, each is there whole."""
    roots = [random_tree(rng, rng.choice(["any", "loops"])) for _ in range(6)]
    others = [changed(rng, root) for root in roots]
    write_trees(rng, roots, 0, tmp / "first", 1)
    write_trees(rng, others, 0, tmp / "second", 1)
    for k, pair in enumerate(zip(roots, others)):
        out = wirepath("chart", tmp / "first", "--host", "one", "--call", "root", "--nth", k + 2, "--against",
                       tmp / "second", "--unfold")
        what = f"compared {n}.{k}"
        if not check(out.returncode == 0, f"{what}: ends with {out.returncode}", out.stderr):
            continue
        lines = out.stdout.rstrip("\n").split("\n")
        check(all(line[:2] in ("  ", "- ", "+ ") for line in lines), f"{what}: lines without a mark")
        for want, mark in zip(pair, ("+ ", "- ")):
            try:
                got = read_drawing(side(lines, mark), 3)
                same = strip(got.flat()) == strip(drawn(want).flat())
            except ValueError as e:
                same, got = False, e
            if not check(same, f"{what}: without '{mark}' it is another tree", got):
                print(out.stdout, file=sys.stderr)


def without_hops(node):
    copy = Node(node.name, node.op, node.step)
    copy.children = [without_hops(c) for c in node.children if not c.hop]
    return copy


def blocks_of(textual):
    """The fenced blocks of an outline: (file, lines)."""
    for block in re.findall(r"^```\n(.*?)^```$", textual, re.M | re.S):
        lines = block.rstrip("\n").split("\n")
        yield lines[0], lines[1:]


def test_outline(space, trace, textual, want, what):
    edges, theirs = set(), set()
    files = {name: file for name, kind, file, _ in trace.fns if kind == FUNCTION}
    for file, lines in blocks_of(textual):
        try:
            got = read_drawing(lines, 2)
        except ValueError as e:
            check(False, f"{what}:", e, "\n" + "\n".join(lines))
            return
        check(files[got.name] == file, f"{what}: the drawing of {got.name} is headed by {file}")
        edges |= got.spliced()[0].edges()
        if space:
            theirs |= read_documents(space, [l.rstrip() for l in lines])[0].edges()
    if not check(edges == want.edges(), f"{what}: edges differ", edges ^ want.edges()):
        print(textual, file=sys.stderr)
    if space:
        check(theirs == want.edges(), f"{what}: the documents' reader sees other edges", theirs ^ want.edges())


def small_trace():
    """client and server, told by hand below."""
    fns = [(n, FUNCTION, "stack/application/socket.c", "does " + n) for n in
           ("sys_read", "sock_read", "wait", "sys_write", "irq_exit", "rx", "irq_entry", "leaf", "boot_it")]
    fns += [("say hello", STEP_TEXT, "x.c", ""), ("read", SLOT, "x.c", "")]
    t = Trace(fns, [(2, "NO_SOCKET")])
    c, s = t.host("client"), t.host("server")
    c.task(1, "client")
    c.task(2, "other")
    s.task(1, "server")
    s.enter("boot_it", 1)
    s.rec(IDLE)
    c.rec(TASK, 0, 0, 1)
    c.rec(CALL, 0, 1, c.string("read(100)"))
    c.enter("sys_read", 1)
    c.enter("leaf", 2)
    c.enter("leaf", 2)
    c.enter("leaf", 2)
    c.enter("sock_read", 2, op="read")
    c.step("say hello", 2)
    c.enter("wait", 3)
    c.flush()
    c.rec(TASK, 0, 0, 2)
    c.rec(CALL, 0, 1, c.string("write(3)"))
    c.enter("sys_write", 1)
    c.rec(RET, 0, 1, -111)
    c.rec(IDLE)
    c.advance(5000)
    c.rec(IRQ, 0, 0, 2)
    c.enter("irq_entry", 1)
    c.rec(IRQ_END, 0, 0)
    c.enter("irq_exit", 1)
    c.rec(SOFTIRQ, 0, 1, 3)
    c.enter("rx", 2)
    c.rec(FRAME_RX, 60, 3, 9)
    c.enter("leaf", 3)
    c.flush()
    c.rec(TASK, 1, 3, 1)
    c.enter("leaf", 4)
    c.rec(IRQ, 0, 3, 2)
    c.enter("irq_entry", 4)
    c.rec(IRQ_END, 0, 3)
    c.enter("irq_exit", 4)
    c.enter("rx", 5)
    c.enter("leaf", 4)
    c.rec(RET, 0, 1, 42)
    c.enter("sys_write", 1)
    s.rec(TASK, 0, 0, 1)
    s.enter("sys_write", 1)
    s.rec(DROP, 2, 2, 7)
    return t


FOLDED = """\
client;irq;irq_entry 2
client;softirq;irq_exit 2
client;softirq;irq_exit;rx 2
client;softirq;irq_exit;rx;leaf 1
client;task client;sys_read 1
client;task client;sys_read;leaf 3
client;task client;sys_read;sock_read 1
client;task client;sys_read;sock_read;wait 1
client;task client;sys_read;sock_read;wait;leaf 2
client;task client;sys_write 1
client;task other;sys_write 1
server;boot;boot_it 1
server;task server;sys_write 1
"""

CALLS = """\
# host client
[task client]
== CALL read(100)
sys_read
  leaf  x3
  sock_read
    wait
[task other]
== CALL write(3)
sys_write
== RET write(3) = -1 ECONNREFUSED
[idle]
[irq]
irq_entry
[end irq]
irq_exit
  [softirq NET_RX]
  rx
    leaf
[task client] (resumes)
      leaf
      [irq]
      irq_entry
      [end irq]
      irq_exit
        rx
      leaf
== RET read(100) = 42
sys_write
# host server
boot_it
[idle]
[task server]
sys_write
"""


def test_export(tmp):
    folder = tmp / "small"
    write_run(folder, small_trace().bytes())
    for form, want in (("folded", FOLDED), ("calls", CALLS)):
        out = wirepath("export", folder, "--format", form)
        check(out.returncode == 0, f"export {form} ends with {out.returncode}", out.stderr)
        if not check(out.stdout == want, f"export {form}: not what was expected:"):
            print(out.stdout, file=sys.stderr)
        to = tmp / "exported"
        out = wirepath("export", folder, "--format", form, "-o", to)
        check(out.stdout == "" and to.read_text() == want, f"export {form} -o writes something else")
    out = wirepath("export", folder, "--format", "calls", "--host", "server")
    check(out.stdout == CALLS.split("# host server\n")[1], "export --host server:", out.stdout)
    out = wirepath("export", folder, "--format", "folded", "--host", "server")
    check(out.stdout == "".join(l + "\n" for l in FOLDED.split("\n") if l.startswith("server")), "folded of a host")
    for args in (["--format", "folded", "--host", "nobody"], ["--format", "svg"], []):
        out = wirepath("export", folder, *args)
        check(out.returncode == 2 and out.stderr, f"export {args} ends with {out.returncode}")


def test_chart_errors(tmp):
    folder = tmp / "small"
    for args, word in ((["--call", "nothing"], "nothing"), (["--call", "sys_read", "--host", "x"], "'x'"),
                       (["--call", "sys_read", "--nth", "2"], "sys_read"), (["--nth", "0"], "--nth"),
                       (["--call", "sys_read", "--host", "server"], "server"),
                       (["--call", "sys_read", "--style", "round"], "round"),
                       (["--call", "say hello"], "say hello")):
        out = wirepath("chart", folder, *args)
        check(out.returncode == 2 and word in out.stderr and not out.stdout,
              f"chart {args} ends with {out.returncode}:", out.stderr)
    out = wirepath("chart", tmp / "not there", "--call", "x")
    check(out.returncode == 2 and "not there" in out.stderr, "chart of no folder:", out.stderr)
    empty = tmp / "empty"
    empty.mkdir()
    out = wirepath("chart", empty, "--call", "x")
    check(out.returncode == 2 and "no trace" in out.stderr, "chart of an empty folder:", out.stderr)
    out = wirepath("diff", empty, folder)
    check(out.returncode == 2 and "not a run folder" in out.stderr, "diff with an empty folder:", out.stderr)
    out = wirepath("digest", folder)
    check(out.returncode == 0 and out.stdout == "run 00000000000000aa\ncalls 0000000000000001\n", "digest:", out.stdout)


def test_truncated(rng, tmp):
    """Cut anywhere, a trace shows what comes before the cut."""
    root = random_tree(rng, "any")
    while len(list(root.preorder())) < 12:
        root = random_tree(rng, "any")
    names = sorted({n for n in root.preorder()} | {"root"})
    t = Trace([(n, FUNCTION, "x.c", "") for n in names if n in NAMES or n == "root"] +
              [(s, STEP_TEXT, "x.c", "") for s in STEPS] + [(s, SLOT, "x.c", "") for s in SLOTS])
    host = t.host("one")
    host.task(1, "t")
    host.rec(TASK, 0, 0, 1)

    def put(node, depth):
        host.enter(node.name, depth, node.op)
        host.flush()
        for c in node.children:
            if c.step:
                host.step(c.name, depth)
            else:
                put(c, depth + 1)
    put(root, 1)
    data = t.bytes()
    whole = [n.strip() for n in drawn(root).preorder()]
    folder, shown = tmp / "cut", 0
    for size in range(0, len(data) + 1, 7):
        write_run(folder, data[:size])
        out = wirepath("chart", folder, "--call", "root", "--unfold")
        if not check(out.returncode in (0, 2), f"cut at {size}: ends with {out.returncode}", out.stderr):
            continue
        check(out.stderr.strip(), f"cut at {size}: says nothing about the cut")
        if out.returncode == 2:
            check(not out.stdout and not shown, f"cut at {size}: nothing is shown any more", out.stderr)
            continue
        try:
            got = [n.strip() for n in read_drawing(out.stdout.rstrip("\n").split("\n"), 3).preorder()]
        except ValueError as e:
            check(False, f"cut at {size}:", e)
            continue
        check(got == whole[:len(got)] and len(got) >= shown, f"cut at {size}: shows something else", got)
        check("cut off" in out.stderr or size == len(data), f"cut at {size}: does not tell that it was cut off")
        shown = len(got)
    check(shown == len(whole), f"the longest cut shows {shown} of {len(whole)} calls")
    out = wirepath("export", folder, "--format", "folded")
    check(out.returncode == 0, "export of a cut trace:", out.stderr)


def patch(data, at, new):
    return data[:at] + new + data[at + len(new):]


def test_damaged(rng, tmp):
    data = small_trace().bytes()
    folder = tmp / "damaged"
    rec = data.index(b"REC ")
    cases = {
        "empty": b"",
        "magic": b"x" + data[1:],
        "version": patch(data, 8, b"\x63"),
        "unknown chunk": patch(data, data.index(b"TASK"), b"TASC"),
        "host that was not defined": patch(data, rec + 8, b"\x07"),
        "host number too large": patch(data, data.index(b"HOST") + 8, b"\xff\xff\xff\xff"),
        "count that does not fit": patch(data, rec + 12, b"\xff\xff\xff\xff"),
        "two tables": data[:16] + data[16:data.index(b"DROP")] * 2 + data[data.index(b"DROP"):],
        "function number too large": patch(data, rec + 8 + 16 + 16, b"\xff\xff"),
        "kind of record unknown": patch(data, rec + 8 + 16 + 16 + 3, b"\x7f"),
        "name without end": patch(data, data.index(b"HOST") + 12, b"x" * 12),
        "string number too large": patch(data, data.index(b"STR ") + 12, b"\xff\xff\xff\xff"),
        "records before the functions": data[:16] + data[data.index(b"DROP"):],
    }
    for what, bad in cases.items():
        write_run(folder, bad)
        for args in (["chart", folder, "--call", "sys_read"], ["export", folder, "--format", "calls"],
                     ["diff", folder, tmp / "small"]):
            out = wirepath(*args)
            check(out.returncode == 2 and "trace.wpt" in out.stderr,
                  f"{what}: {args[0]} ends with {out.returncode}:", out.stderr)
    for i in range(150):
        bad = bytearray(data)
        for _ in range(rng.randrange(1, 4)):
            bad[rng.randrange(len(bad))] = rng.choice([0, 1, 0x7f, 0x80, 0xff, rng.randrange(256)])
        write_run(folder, bytes(bad))
        args = (["chart", folder, "--call", "sys_read"], ["export", folder, "--format", "calls"],
                ["export", folder, "--format", "folded"], ["diff", folder, tmp / "small"],
                ["chart", folder, "--call", "irq_exit", "--style", "outline"])[i % 5]
        out = subprocess.run([WIREPATH, *map(str, args)], capture_output=True, timeout=60)
        check(out.returncode in (0, 1, 2), f"random damage {i}: {args[0]} ends with {out.returncode}", out.stderr)
        check(out.returncode != 2 or out.stderr, f"random damage {i}: no message")


def test_diff(tmp):
    a, b = tmp / "small", tmp / "b"
    write_run(b, small_trace().bytes())
    out = wirepath("diff", a, b)
    check(out.returncode == 0 and out.stdout == "equal\n", "diff of equal runs:", out.stdout, out.stderr)

    # records in other chunks, and functions with other ranks, are no difference
    t = small_trace()
    t.hosts[0].flush()
    write_run(b, t.bytes())
    out = wirepath("diff", a, b)
    check(out.returncode == 0, "diff of equal runs in other chunks:", out.stdout)

    write_run(b, small_trace().bytes(), digest="00000000000000bb")
    out = wirepath("diff", a, b)
    check(out.returncode == 1 and "output" in out.stdout, "diff of other output:", out.stdout)

    def last_of_client(t):
        c = t.hosts[0]
        c.advance(7)
        c.enter("sys_read", 1)
        c.enter("sock_read", 2)
        c.enter("wait", 3)
        return c

    t, u = small_trace(), small_trace()
    last_of_client(t).enter("leaf", 4)
    c = last_of_client(u)
    c.enter("rx", 4)
    u.hosts[1].advance(1 << 40)
    u.hosts[1].enter("leaf", 1)
    write_run(a, t.bytes())
    write_run(b, u.bytes())
    out = wirepath("diff", a, b)
    check(out.returncode == 1, f"diff of other runs ends with {out.returncode}")
    first, second = out.stdout.partition("second run:")[::2]
    check("host client" in first, "diff does not name the host:", out.stdout)
    for side, call in ((first, "leaf"), (second, "rx")):
        check(re.search(r"sys_read\n\s+sock_read\n\s+wait\n", side), "diff does not show the stack:", out.stdout)
        check(f"call of {call}" in side and "0.000005007" in side and "client" in side,
              "diff does not show the event:", out.stdout)

    # the same calls, but a program asked for something else
    t, u = small_trace(), small_trace()
    for h, words in ((t.hosts[0], "read(5)"), (u.hosts[0], "read(6)")):
        h.rec(CALL, 0, 1, h.string(words))
    write_run(a, t.bytes())
    write_run(b, u.bytes())
    out = wirepath("diff", a, b)
    check(out.returncode == 1 and "read(5)" in out.stdout and "read(6)" in out.stdout, "diff of words:", out.stdout)

    # the same call, later
    t, u = small_trace(), small_trace()
    for h, ns in ((t.hosts[0], 10), (u.hosts[0], 20)):
        h.advance(ns)
        h.enter("leaf", 2)
    u.hosts[1].enter("rx", 2)
    u.hosts[1].enter("rx", 2)
    t.hosts[1].advance(5011)
    t.hosts[1].enter("rx", 2)
    write_run(a, t.bytes())
    write_run(b, u.bytes())
    out = wirepath("diff", a, b)
    check(out.returncode == 1 and "host server" in out.stdout and out.stdout.count("call of rx") == 2
          and "0.000000000 s" in out.stdout and "0.000005011 s" in out.stdout, "diff of times:", out.stdout)

    # one run goes on where the other ends
    t = small_trace()
    last_of_client(t)
    write_run(a, t.bytes())
    write_run(b, small_trace().bytes())
    out = wirepath("diff", a, b)
    check(out.returncode == 1 and "no more events" in out.stdout, "diff with a shorter run:", out.stdout)

    t = Trace([("leaf", FUNCTION, "x.c", "")])
    t.host("client")
    t.host("third").enter("leaf", 1)
    write_run(a, t.bytes())
    out = wirepath("diff", a, b)
    check(out.returncode == 1 and "third" in out.stdout, "diff with another host:", out.stdout)
    out = wirepath("diff", b, a)
    check(out.returncode == 1 and "server" in out.stdout, "diff with a host less:", out.stdout)


def main():
    rng = random.Random(20240607)
    space = documents_reader()
    with tempfile.TemporaryDirectory() as name:
        tmp = Path(name)
        for n in range(ROUNDS):
            test_trees(rng, space, tmp / "tree", n)
        for n in range(3):
            test_compare(rng, tmp, n)
        test_export(tmp)
        test_chart_errors(tmp)
        test_truncated(rng, tmp)
        test_damaged(rng, tmp)
        test_diff(tmp)
    print(f"{ROUNDS * TREES} random trees, exports, cut and damaged files, diffs: {failures} failures"
          + ("" if space else " (without the documents' reader)"))
    return 1 if failures else 0


sys.exit(main())
