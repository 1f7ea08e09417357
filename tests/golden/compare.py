#!/usr/bin/env python3
"""Compare our call trees with those of a real kernel.

usage: compare.py OURS.txt GOLDEN.txt [-v] [--unit NAME]

Both are texts of `wirepath export --format calls`. When an interrupt falls is the emulator's timing, so
the trees are not compared as one text but in units, the order of calls within which is firm:

  sys_X, close     one system call (without what interrupts and softirqs did inside it)
  rx PROTOCOL      one received packet (the subtree of ftgmac100_rx_packet that hands it up)
  timer FN         one expired timer
  tx               one transmitted packet given back

For each kind the sequences of units are aligned and the differences shown. differences.txt lists what is
known to differ and why: names that only the one side has are taken out (their children move up).
Exit status 1 when an unexplained difference remains.
"""
import difflib
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


class Node:
    def __init__(self, name):
        self.name, self.children = name, []


def load_differences():
    """-> renamed (golden name -> ours), only in golden, only in ours, pruned subtrees"""
    renamed, golden_only, ours_only, pruned = {}, set(), set(), set()
    for line in open(os.path.join(HERE, "differences.txt")):
        words = line.split("#")[0].split()
        if not words:
            continue
        kind, rest = words[0], words[1:]
        if kind == "renamed":
            renamed[rest[0]] = rest[1]
        elif kind == "golden-only":
            golden_only.update(rest)
        elif kind == "ours-only":
            ours_only.update(rest)
        elif kind == "pruned":
            pruned.update(rest)
        else:
            sys.exit("differences.txt: unknown word '%s'" % kind)
    return renamed, golden_only, ours_only, pruned


def parse(path):
    """-> list of (unit kind, Node); units are cut out of the trees they lie in"""
    units, call = [], None
    flows = {}          # task -> stack
    stack = []          # [(depth, Node)] of the flow at hand
    saved = []          # flows under interrupts
    current = None
    for raw in open(path):
        line = raw.rstrip("\n")
        text = line.strip()
        depth = (len(line) - len(line.lstrip(" "))) // 2
        if not text or text.startswith(("...", "#")):
            continue
        if text.startswith("== CALL"):
            call = text[8:]
            continue
        if text.startswith("== RET"):
            continue
        m = re.match(r"\[task ([^\]]*)\](.*)", text)
        if m or text in ("[idle]", "[other task]"):
            if current is not None:
                flows[current] = stack
            current = m.group(1) if m else text
            stack = flows.get(current, []) if m and "resumes" in m.group(2) else []
            saved = []
            continue
        if text == "[irq]":
            saved.append(stack)
            stack = []
            continue
        if text == "[end irq]":
            stack = saved.pop() if saved else []
            continue
        if text.startswith("["):
            continue
        m = re.match(r"(\S+)(?:  x(\d+))?$", text)
        if not m:
            continue
        for _ in range(int(m.group(2) or 1)):
            node = Node(m.group(1))
            while stack and stack[-1][0] >= depth:
                stack.pop()
            parent = stack[-1][1] if stack else None
            stack.append((depth, node))
            if node.name in ("do_softirq", "irq_exit", "__do_softirq", "avic_handle_irq", "run_ksoftirqd"):
                continue        # a root of its own: not part of what it interrupted
            if parent is None or parent.name in ("do_softirq", "irq_exit", "__do_softirq", "run_ksoftirqd"):
                if node.name.startswith("sys_") or node.name == "task_work_run":
                    units.append((call or node.name, node))
                elif parent is None and node.name not in ("irq_exit",):
                    units.append((node.name, node))
                continue
            kind = None
            if node.name == "ftgmac100_rx_packet":
                kind = "rx"
            elif node.name == "ftgmac100_tx_complete_packet":
                kind = "tx"
            elif parent.name == "call_timer_fn":
                kind = "timer " + node.name
            elif parent.name == "tasklet_action_common":
                kind = "tasklet " + node.name
            if kind:
                units.append((kind, node))
            else:
                parent.children.append(node)
    return units


PROTOCOLS = {"arp_rcv": "arp", "tcp_v4_rcv": "tcp", "udp_rcv": "udp", "icmp_rcv": "icmp"}


def find(node, names):
    if node.name in names:
        return node.name
    for c in node.children:
        f = find(c, names)
        if f:
            return f
    return None


def flatten(node, side, diffs, depth=0, out=None, parent=""):
    renamed, golden_only, ours_only, pruned = diffs
    out = [] if out is None else out
    name = renamed.get(node.name, node.name) if side == "golden" else node.name
    only = golden_only if side == "golden" else ours_only
    drop = name in only or node.name in only or "%s>%s" % (parent, node.name) in only
    if name in pruned:
        return out
    if not drop:
        out.append("  " * depth + name)
    for c in node.children:
        flatten(c, side, diffs, depth + (not drop), out, node.name)
    return out


def prepare(path, side, diffs):
    """-> {kind: [text of a unit]} in order"""
    kinds = {}
    for kind, node in parse(path):
        if kind == "rx":
            if not node.children:
                continue
            p = find(node, PROTOCOLS)
            kind = "rx " + PROTOCOLS.get(p, "other")
        kinds.setdefault(kind, []).append("\n".join(flatten(node, side, diffs)))
    return kinds


def signature(text):
    """What a unit is about, so that the right two are compared: its lines without order."""
    return sorted(l.strip() for l in text.split("\n"))


def closest(unit, pool):
    best, score = None, -1.0
    for p in pool:
        s = difflib.SequenceMatcher(None, unit.split("\n"), p.split("\n"), autojunk=False).ratio()
        if s > score:
            best, score = p, s
    return best, score


def main():
    args = [a for a in sys.argv[1:] if not a.startswith("-")]
    verbose = "-v" in sys.argv
    if len(args) != 2:
        sys.exit(__doc__)
    diffs = load_differences()
    ours, golden = prepare(args[0], "ours", diffs), prepare(args[1], "golden", diffs)
    bad = total = 0
    for kind, units in golden.items():
        have = ours.get(kind, [])
        seen = set()
        for i, unit in enumerate(units):
            total += 1
            if unit in have or unit in seen:
                continue
            seen.add(unit)
            bad += 1
            near, score = closest(unit, have)
            print("-- %s #%d: no unit of ours equals it%s" % (
                kind, i + 1, " (nearest %.2f)" % score if near else ", and we have none of the kind"))
            if near and verbose:
                for l in difflib.unified_diff(near.split("\n"), unit.split("\n"), "ours", "golden", lineterm="", n=2):
                    print("   " + l)
    print("%d of %d units of %s found in %s" % (total - bad, total, os.path.basename(args[1]), os.path.basename(args[0])))
    return bad != 0


sys.exit(main())
