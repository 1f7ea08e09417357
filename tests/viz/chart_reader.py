"""Reads drawings of call trees back: a strict reader, and the documents' own (../shared/charts/parse_charts.py)."""
import re
from pathlib import Path

SHARED = Path(__file__).resolve().parents[3] / "shared/charts/parse_charts.py"


def documents_reader():
    """parse() of parse_charts.py, which runs its main() when it is loaded: that line is left out."""
    if not SHARED.exists():
        return None
    source = SHARED.read_text(encoding="utf-8").replace("main(sys.argv[1])", "")
    space = {"__name__": "parse_charts"}
    exec(compile(source, str(SHARED), "exec"), space)  # pylint: disable=exec-used
    return space


class Node:
    """A call, or (step) a line that is no call. As drawn: `count` times in a row; `loop`: a line whose children are
    repeated so often; `hop`: a line about what was set off, which is no part of the tree."""

    def __init__(self, name, op=None, step=False):
        self.name, self.op, self.step, self.children = name, op, step, []
        self.count, self.loop, self.hop, self.resumed = 1, False, False, False

    def unfold(self):
        """The tree without foldings and without hops: children, as a list of trees, of what this stands for."""
        copy = Node(self.name, self.op, self.step)
        copy.children = [n for c in self.children for n in c.unfold()]
        if self.hop:
            return []
        return (copy.children if self.loop else [copy]) * self.count

    def spliced(self):
        """The tree as a reader sees it that knows no loops: what is in one comes after its line."""
        copy = Node(self.text if self.step else self.name, self.op, self.step)
        copy.children = [n for c in self.children for n in c.spliced()]
        if self.loop or self.hop:
            below, copy.children = copy.children, []
            return [copy, *below]
        return [copy]

    def flat(self, levels=0):
        """Nested tuples, cut below `levels` (0: never)."""
        below = () if levels == 1 else tuple(c.flat(levels and levels - 1) for c in self.children
                                              if not (c.step and levels == 1))
        return (self.name, self.op, self.step, below)

    def edges(self, seen=None):
        seen = set() if seen is None else seen
        for c in self.children:
            if not c.step:
                seen.add((self.name, c.name, c.op))
                c.edges(seen)
        return seen

    def walk(self):
        yield self
        for c in self.children:
            yield from c.walk()

    def calls(self):
        return [n.name for n in self.walk() if not n.step]

    def preorder(self):
        yield self.name
        for c in self.children:
            yield from c.preorder()


# ---- the strict reader ----

BOX = re.compile(r"^([ |]*(?:[|+]--(?:----)*> )?)\| ([^\s|]+) \|(.*)$")
LINE = re.compile(r"^([ |]*)([|+])--((?:----)*)> (.*)$")
COUNT = re.compile(r"^\(x(\d+)\) ")
HOPS = ("~~> ", "<~~ ", "sleeps", "drop the packet: ")


def border_at(line, col, width):
    return re.fullmatch(r"\+[-|+]*\+?", line[col:col + width]) is not None and line[col] == "+"


def counted(node, text):
    """Takes "(x3) " off the text."""
    m = COUNT.match(text)
    if m:
        node.count = int(m.group(1))
        text = text[m.end():]
    if text.startswith("(goes on) "):
        node.resumed = True
        text = text[10:]
    return text


def read_drawing(lines, arrow_at):
    """A drawing back to a Node; raises ValueError where it is not drawn well."""
    open_boxes = []  # (column, node)
    pending = None  # (line that the next box is below, its slot or None, its column, whose child)

    def hang(row, col, more):
        """What an arrow at `col` hangs from, after following it up: a box, or (longer arrows) its last loop."""
        r = row - 1
        while lines[r][col:col + 1] == "|" and not lines[r][:col + 1].rstrip("|-").endswith("+"):
            r -= 1
        if lines[r][col:col + 1] != "|":
            raise ValueError(f"line {row + 1}: the arrow at column {col} hangs from nothing")
        while open_boxes and open_boxes[-1][0] + arrow_at != col:
            open_boxes.pop()
        if not open_boxes:
            raise ValueError(f"line {row + 1}: no box for the arrow at column {col}")
        if lines[row][col] == "+" and row + 1 < len(lines) and lines[row + 1][col:col + 1] == "|":
            raise ValueError(f"line {row + 1}: the last arrow goes on")
        owner = open_boxes[-1][1]
        for _ in range(more // 4):
            if not owner.children or not owner.children[-1].loop:
                raise ValueError(f"line {row + 1}: a long arrow outside a loop")
            owner = owner.children[-1]
        return owner

    root = None
    for r, line in enumerate(lines):
        box, arrow = BOX.match(line), LINE.match(line)
        if box and r + 1 < len(lines):
            col = box.end(1)
            width = len(box.group(2)) + 4
            if not border_at(lines[r - 1], col, width) or not border_at(lines[r + 1], col, width):
                raise ValueError(f"line {r + 1}: box without borders")
            node = Node(box.group(2))
            node.text = counted(node, re.sub(r"^ :? ?", "", box.group(3)))
            if root is None:
                root = node
            elif box.group(1).endswith("> "):
                m = LINE.match(line)
                hang(r, len(m.group(1)), len(m.group(3))).children.append(node)
            elif pending is not None:
                owner, node.op, below = pending
                pending = None
                if col != below:
                    raise ValueError(f"line {r + 1}: the box is not below its line")
                owner.children.append(node)
            else:  # stacked
                if not open_boxes or open_boxes[-1][0] != col:
                    raise ValueError(f"line {r + 1}: a box that hangs from nothing")
                open_boxes.pop()[1].children.append(node)
            open_boxes.append((col, node))
        elif arrow:
            col, more, text = len(arrow.group(1)), len(arrow.group(3)), arrow.group(4)
            parent = hang(r, col, more)
            call = re.fullmatch(r"call ->(\w+)\(\), e\.g\.,", text)
            pending = None
            if call:
                pending = (parent, call.group(1), col + 5 + more)
                continue
            node = Node(text, step=True)
            node.text = text
            loop = re.fullmatch(r"loop, (\d+) times", text)
            if loop:
                node.loop, node.count = True, int(loop.group(1))
            else:
                node.name = counted(node, text)
                node.hop = node.name.startswith(HOPS)
            parent.children.append(node)
            if node.hop:
                pending = (node, None, col + 5 + more)
    return root


def drawn_text(s):
    return s.replace("|", "/")


def drawn(node):
    """The tree with step lines as they are drawn."""
    copy = Node(drawn_text(node.name) if node.step else node.name, node.op, node.step)
    copy.children = [drawn(c) for c in node.children]
    return copy


def read_documents(space, lines):
    """The documents' reader gives boxes with parents, and steps with parents."""
    boxes, steps = space["parse"](lines)
    nodes = [Node(b["name"], b["op"]) for b in boxes]
    under = {i: [] for i in range(len(boxes))}
    for i, b in enumerate(boxes):
        if b["parent"] is not None:
            under[b["parent"]].append((b["row"], nodes[i]))
    for s in steps:
        if not s["text"].startswith("call ->"):
            under[s["parent"]].append((s["row"], Node(s["text"], step=True)))
    for i, kids in under.items():
        nodes[i].children = [n for _, n in sorted(kids, key=lambda k: k[0])]
    return nodes[0], sum(b["parent"] is None for b in boxes)


def strip(t):
    """Step texts without outer blanks, as readers see them."""
    name, op, step, below = t
    return (name.strip() if step else name, op, step, tuple(strip(b) for b in below))


SHAPES = str.maketrans({**dict.fromkeys("|+│├└┌┐┘┬┤┴", "#"), "─": "-", "×": "x"})


def shapes(text):
    """A drawing by what its lines look like: the same in ASCII and with box characters."""
    return text.translate(SHAPES)
