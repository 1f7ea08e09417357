#!/usr/bin/env python3
"""Compare our call trees with those of a real kernel.

usage: compare.py GOLDEN.txt OURS.txt... [-v] [--parts]

All are texts of `wirepath export --format calls`; several of ours are pooled. When an interrupt falls is the
emulator's timing, so the trees are not compared as one text but in units, within which the order is firm:

  CALL             one system call of the program (without what interrupts and softirqs did meanwhile)
  irq              one hardware interrupt
  softirq NAME     one run of a softirq's action (packets and timers taken out)
  rx PROTOCOL      one received packet (ftgmac100_rx_packet)
  tx               one transmitted packet given back (ftgmac100_tx_complete_packet)
  timer FN, tasklet FN, work

A unit of golden is
  equal            when one of ours of the same kind is the same tree (or begins with it, where golden was cut),
  equal in parts   when each function in it makes the same calls in the same order as that function does
                   somewhere in ours (the circumstances of one run that did not fall together in ours; how often
                   a loop runs does not count either),
  explained        when only parts are missing that differences.txt has a line for (by name and with the reason),
  different        otherwise: exit status 1.

differences.txt also says which names only one side has: those are taken out, their calls move up.
-v shows what the nearest unit of ours lacks, --parts lists the units that are equal only in parts.
"""
import difflib
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
RULES = os.path.join(HERE, "differences.txt")

# Entered from outside or at the end of whatever ran: no part of the function that they interrupted.
ROOTS = {"do_softirq", "irq_exit", "__do_softirq", "run_ksoftirqd", "__local_bh_enable_ip"}
PROTOCOLS = {"arp_rcv": "arp", "tcp_v4_rcv": "tcp", "udp_rcv": "udp", "icmp_rcv": "icmp"}

# The tracer of golden follows 50 levels: what the functions of the last one called is not known, and of an
# interrupt there only these functions were left, at the outermost level.
DEEPEST = 49
TOO_DEEP = {"ftgmac100_interrupt", "napi_schedule_irqoff", "napi_schedule_prep", "__napi_schedule_irqoff"}


class Node:
    def __init__(self, name, parent):
        self.name, self.parent, self.children = name, parent, []
        self.open = False       # the text was cut while it ran

    def find(self, names):
        if self.name in names:
            return self.name
        return next(filter(None, (c.find(names) for c in self.children)), None)


class Rules:
    """differences.txt; its head explains the words."""

    def __init__(self, path):
        self.renamed, self.parts = {}, {}       # golden's name -> ours; (function, its calls) -> line
        self.only = {"golden": set(), "ours": set()}    # names and chains of names
        self.pruned = {"golden": set(), "ours": set()}
        self.absent = {}        # (golden file, kind of unit) -> line
        self.used = set()       # lines of parts and absent
        for number, line in enumerate(open(path), 1):
            words = line.split("#")[0].split()
            if not words:
                continue
            word, rest = words[0], words[1:]
            side, _, what = word.partition("-")
            if word == "renamed" and len(rest) == 2:
                self.renamed[rest[0]] = rest[1]
            elif side in self.only and what == "only":
                self.only[side].update(rest)
            elif side in self.only and what == "pruned":
                self.pruned[side].update(rest)
            elif word == "part" and rest:
                self.parts[rest[0], tuple(rest[1:])] = number
            elif word == "absent" and len(rest) > 1:
                self.absent[rest[0], " ".join(rest[1:])] = number
            else:
                sys.exit("%s:%d: cannot read '%s'" % (path, number, line.strip()))

    def unused(self):
        return sorted((set(self.parts.values()) | set(self.absent.values())) - self.used)

    def apply(self, node, side):
        """-> the list of nodes that take this node's place"""
        chains, n = [node.name], node.parent
        while n is not None and len(chains) < 6:
            chains.append(n.name + ">" + chains[-1])
            n = n.parent
        if not self.pruned[side].isdisjoint(chains):
            return []
        calls = [n for c in node.children for n in self.apply(c, side)]
        if not self.only[side].isdisjoint(chains):
            return calls
        copy = Node(self.renamed.get(node.name, node.name) if side == "golden" else node.name, None)
        copy.children, copy.open = calls, node.open
        return [copy]


def mark_open(stacks):
    for stack in stacks:
        for _, node in stack:
            node.open = True


def parse(path):
    """-> [(kind of unit, Node)]"""
    units, flows, saved, calls = [], {}, [], {}
    task, stack, called, excerpt = None, [], None, False

    def unit_of(node, parent):
        if node.name in ROOTS:
            return None
        if parent is None or parent.name in ROOTS:
            if node.name == "avic_handle_irq":
                return "irq"
            if parent is not None:
                return "softirq " + node.name
            return calls.get(task) or re.sub("^sys_", "", node.name)   # golden does not mark all calls
        if node.name == "ftgmac100_rx_packet":
            return "rx"
        if node.name == "ftgmac100_tx_complete_packet":
            return "tx"
        if parent.name == "call_timer_fn":
            return "timer " + node.name
        if parent.name == "tasklet_action_common":
            return "tasklet " + node.name
        return None

    for raw in open(path):
        line = raw.rstrip("\n")
        text = line.strip()
        depth = (len(line) - len(line.lstrip(" "))) // 2
        m = re.match(r"\[task ([^\]]*)\](.*)|\[(idle|other task)\]", text)
        if m:
            flows[task] = stack
            task = m.group(1) or m.group(3)
            stack = flows.get(task, []) if "resumes" in (m.group(2) or "") else []
            saved = []
        if called:              # in golden the task is named after its call
            calls[task], called = called, None
        if m:
            continue
        if text.startswith("..."):
            excerpt = "begins" not in text
            if "cut" in text:
                mark_open(saved + list(flows.values()) + [stack])
            stack = []
            continue
        m = re.match(r"== (CALL|RET) (\w+)", text)
        if m:
            if m.group(1) == "CALL":
                called = m.group(2)
            else:
                calls.pop(task, None)
            continue
        if text == "[irq]":
            saved.append(stack)
            stack = []
            continue
        if text == "[end irq]":
            stack = saved.pop() if saved else []
            continue
        m = re.match(r"(\S+)(?:  x(\d+))?$", text)
        if not m or text.startswith(("[", "=", "#")):
            continue
        if depth == 0 and text in TOO_DEEP:
            continue
        for _ in range(int(m.group(2) or 1)):
            while stack and stack[-1][0] >= depth:
                stack.pop()
            parent = stack[-1][1] if stack else None
            node = Node(m.group(1), parent)
            node.open = depth >= DEEPEST
            stack.append((depth, node))
            kind = unit_of(node, parent)
            if kind:
                units.append((kind, node))
            if node.name in ROOTS or parent is None or parent.name in ROOTS:
                continue
            # a unit that lies in another one stays there as a name
            parent.children.append(Node(node.name, parent) if kind else node)
    if excerpt:
        mark_open(saved + list(flows.values()) + [stack])
    return units


def prepare(path, side, rules):
    """-> [(kind of unit, Node)] with the rules applied"""
    result = []
    for kind, node in parse(path):
        if kind == "rx":
            if not node.children:
                continue        # nothing left in the ring
            kind = "rx " + PROTOCOLS.get(node.find(PROTOCOLS), "other")
        result += [(kind, n) for n in rules.apply(node, side)]
    return result


def lines(node, depth=0):
    out = ["  " * depth + node.name + (" ..." if node.open else "")]
    for c in node.children:
        out += lines(c, depth + 1)
    return out


def once(calls):
    """The calls with repetitions taken out: how often a loop runs is no matter of order."""
    calls, width = list(calls), 1
    while width <= len(calls) // 2:
        i = 0
        while i + 2 * width <= len(calls):
            if calls[i:i + width] == calls[i + width:i + 2 * width]:
                del calls[i + width:i + 2 * width]
            else:
                i += 1
        width += 1
    return tuple(calls)


def parts(node):
    """Every function below with the calls that it made."""
    yield node.name, once(c.name for c in node.children), node.open
    for c in node.children:
        yield from parts(c)


def begins(cut, whole):
    """Whether the tree that was cut is the beginning of the other one, or the same where nothing was cut."""
    if cut.name != whole.name or len(cut.children) > len(whole.children):
        return False
    if not cut.open and len(cut.children) < len(whole.children):
        return False
    return all(begins(c, w) for c, w in zip(cut.children, whole.children))


class Ours:
    """All units of ours, and all parts that occur in them."""

    def __init__(self, paths, rules):
        self.trees, self.parts = {}, {}
        for path in paths:
            for kind, node in prepare(path, "ours", rules):
                text = "\n".join(lines(node))
                if text in self.trees.setdefault(kind, {}):
                    continue
                self.trees[kind][text] = node
                for name, calls, _ in parts(node):
                    self.parts.setdefault(name, {})[calls] = None

    def has_tree(self, kind, node, text):
        have = self.trees.get(kind, {})
        return text in have or any(begins(node, n) for n in have.values())

    def has_part(self, name, calls, is_open):
        have = self.parts.get(name, {})
        if calls in have or not is_open:
            return calls in have
        # cut: perhaps in the middle of a loop that had run before
        for end in range(len(calls), -1, -1):
            rest = calls[end:]
            again = any(calls[i:i + len(rest)] == rest for i in range(end - len(rest) + 1))
            if again and any(h[:end] == calls[:end] for h in have):
                return True
        return False

    def nearest(self, kind, text):
        def score(t):
            return difflib.SequenceMatcher(None, t.split("\n"), text.split("\n"), autojunk=False).ratio()
        return max(self.trees.get(kind, {}), key=score, default=None)


def show_missing(ours, name, calls):
    """The list of calls that golden has, against the one of ours that is most like it."""
    have = ours.parts.get(name)
    if have is None:
        print("     %s: never called in ours (golden calls: %s)" % (name, " ".join(calls)))
        return
    near = max(have, key=lambda h: difflib.SequenceMatcher(None, h, calls, autojunk=False).ratio())
    out = []
    for op, a0, a1, b0, b1 in difflib.SequenceMatcher(None, near, calls, autojunk=False).get_opcodes():
        if op == "equal":
            out += near[a0:a1] if a1 - a0 < 4 else [near[a0], "...", near[a1 - 1]]
        else:
            out += ["-" + n for n in near[a0:a1]] + ["+" + n for n in calls[b0:b1]]
    print("     %s: %s" % (name, " ".join(out)))


def compare(golden, ours, rules, verbose=False, show_parts=False):
    """-> numbers of units equal, equal in parts, explained, different"""
    count = dict.fromkeys(("equal", "parts", "explained", "different"), 0)
    numbers, told, name = {}, set(), os.path.basename(golden)[:-4]
    for kind, node in prepare(golden, "golden", rules):
        numbers[kind] = numbers.get(kind, 0) + 1
        text = "\n".join(lines(node))
        if ours.has_tree(kind, node, text):
            count["equal"] += 1
            continue
        if (name, kind) in rules.absent:
            rules.used.add(rules.absent[name, kind])
            count["explained"] += 1
            continue
        missing = [(n, c) for n, c, o in parts(node) if not ours.has_part(n, c, o)]
        unknown = [m for m in missing if m not in rules.parts]
        rules.used.update(rules.parts[m] for m in missing if m in rules.parts)
        verdict = "different" if unknown else "explained" if missing else "parts"
        count[verdict] += 1
        label = "-- %s #%d" % (kind, numbers[kind])
        if verdict != "different":
            if show_parts:
                print("%s: %s" % (label, verdict))
        elif text in told:
            print("%s: as before" % label)
        else:
            told.add(text)
            print("%s: different" % label)
            for part in dict.fromkeys(unknown):
                show_missing(ours, *part)
        if verbose and (verdict == "different" or show_parts):
            near = ours.nearest(kind, text) or ""
            for l in difflib.unified_diff(near.split("\n"), text.split("\n"), "ours", "golden", lineterm="", n=2):
                print("   " + l)
    return count


def main():
    args = [a for a in sys.argv[1:] if not a.startswith("-")]
    if len(args) < 2:
        sys.exit(__doc__)
    rules = Rules(RULES)
    count = compare(args[0], Ours(args[1:], rules), rules, "-v" in sys.argv, "--parts" in sys.argv)
    print("%s: %s" % (os.path.basename(args[0]), ", ".join("%d %s" % (n, k) for k, n in count.items())))
    return count["different"] != 0


if __name__ == "__main__":
    sys.exit(main())
