#!/usr/bin/env python3
"""What `wirepath chart` shows of real runs: what is at the top, what is left out, what is followed, merged, compared;
and the graphs.

usage: test_chart_views.py WIREPATH
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

from chart_reader import read_drawing
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from tally import check, total

WIREPATH = os.path.abspath(sys.argv[1])
ROOT = Path(__file__).resolve().parents[2]

def wirepath(*args):
    return subprocess.run([WIREPATH, *map(str, args)], capture_output=True, text=True, timeout=120)


def chart(*args):
    out = wirepath("chart", *args)
    check(out.returncode == 0, f"chart {args} ends with {out.returncode}: {out.stderr}")
    return out.stdout


def drawing(*args):
    return read_drawing(chart(*args).rstrip("\n").split("\n"), 3)


def drawings(text):
    return [read_drawing(d.rstrip("\n").split("\n"), 3) for d in re.findall(r"^```\n(.*?)^```$", text, re.M | re.S)]


def names(node):
    return [node.name] + [n for c in node.children for n in names(c)]


def find(node, name):
    """The first node whose name begins so."""
    if node.name.startswith(name):
        return node
    return next((f for f in (find(c, name) for c in node.children) if f), None)


def leads(node, *path):
    """Whether the names of the path lie below one another, with anything between."""
    if not path:
        return True
    return any(leads(c, *path[c.name.startswith(path[0]):]) for c in node.children)


def test_tops(run):
    listed = chart(run)
    for line in "3  connect", "client: calls of programs", "12x  irq      avic_handle_irq", "--syscall", "--packet ID":
        check(line in listed, f"the list has '{line}'")
    by_number = chart(run, "--host", "client", "--syscall", 3)
    check(by_number.startswith("+-------------+\n| sys_connect |"), "the third call is connect")
    check(by_number == chart(run, "--syscall", "connect"), "a call by its name")
    closes = drawings(chart(run, "--host", "client", "--syscall", "close"))
    check([c.name for c in closes] == ["sys_close", "task_work_run"], "close runs two functions of the kernel")
    second = chart(run, "--host", "server", "--syscall", "read", "--nth", 2)
    check(second == chart(run, "--host", "server", "--call", "sys_read", "--nth", 2), "the second read")
    every = drawings(chart(run, "--call", "tcp_v4_rcv", "--nth", "all"))
    check(len(every) == 10, f"tcp_v4_rcv is called for each of ten segments, not {len(every)}")
    globbed = drawings(chart(run, "--host", "client", "--call", "sys_[cg]*", "--nth", "all"))
    check([g.name for g in globbed] == ["sys_connect", "sys_getsockname", "sys_close"], "a glob")
    early = drawings(chart(run, "--host", "client", "--from", "1ms", "--to", "1110us"))
    check({e.name for e in early} == {"sys_socket", "sys_setsockopt", "sys_connect", "avic_handle_irq", "irq_exit"},
          "what ran in a time")


def test_limits(run):
    whole = drawing(run, "--syscall", "connect")
    tree = drawing(run, "--syscall", "connect", "--layer", "transport,internet")
    inside = names(tree)
    check("tcp_connect" in inside and "ip_output" in inside and "__sys_connect" not in inside
          and "dev_queue_xmit" not in inside and "alloc_skb" not in inside, "two layers")
    check(leads(tree, "tcp_v4_connect", "tcp_connect", "__tcp_transmit_skb", "ip_queue_xmit", "ip_finish_output2"),
          "what is left out leaves its callees")
    check(find(tree, "tcp_v4_connect").op == "connect", "and their slots")
    tree = drawing(run, "--syscall", "connect", "--only", "tcp_*", "--only", "ip_*", "--hide", "tcp_connect_init")
    inside = [n for n in names(tree)[1:] if re.fullmatch(r"\w+", n)]
    check(all(n.startswith(("tcp_", "ip_")) for n in inside), f"only what the globs name: {inside}")
    check("tcp_connect" in inside and "tcp_connect_init" not in inside and "tcp_mtup_init" not in inside, "hidden")
    check("tcp_mtup_init" in names(whole), "what is hidden is there otherwise")
    for d in drawings(chart(run, "--packet", 1)):
        check(find(d, "sys_connect") or find(d, "irq_exit"), "a packet, from where the host was entered")
    packet = chart(run, "--packet", 1)
    check("# sys_connect: client" in packet and "# irq_exit: server" in packet and "| tcp_v4_rcv |" in packet
          and "getsockname" not in packet, "the SYN is sent by connect, and received by tcp_v4_rcv")
    sock = drawing(run, "--socket", 2, "--host", "client", "--syscall", "read")
    check("tcp_recvmsg" in names(sock) and "file_ppos" not in names(sock), "a socket's part of a call")


def test_hops(run):
    tree = drawing(run, "--syscall", "connect", "--host", "client")
    check(leads(tree, "wait_woken", "schedule_timeout", "sleeps; goes on, woken by sock_def_wakeup, after 229.12 us"),
          "connect sleeps, and who wakes it")
    check(find(tree, "ftgmac100_hard_start_xmit").children[-1].name.startswith("~~> frame to server: ftgmac100_rx_packet")
          or leads(tree, "ftgmac100_hard_start_xmit", "~~> frame to server"), "the frame that it sends")
    irq = drawing(run, "--host", "client", "--call", "avic_handle_irq")
    check(leads(irq, "__raise_softirq_irqoff", "~~> softirq NET_RX: net_rx_action, at once"), "a softirq is raised")
    soft = drawing(run, "--host", "client", "--call", "__do_softirq")
    check(soft.children[0].name.startswith("<~~ softirq NET_RX raised by ____napi_schedule")
          and soft.children[1].name == "net_rx_action", "and served")
    far = drawing(run, "--host", "server", "--call", "arp_rcv", "--follow", 5)
    check(leads(far, "arp_xmit", "ftgmac100_hard_start_xmit", "~~> frame to client", "ftgmac100_rx_packet", "arp_rcv",
                "neigh_update", "~~> frame to server", "tcp_v4_rcv", "~~> frame to client", "tcp_rcv_synsent_state_process",
                "~~> wakes task client in inet_wait_for_connect", "sys_connect"), "the handshake, from cause to cause")
    check(find(far, "sys_connect").resumed, "a call that goes on")
    near = drawing(run, "--host", "server", "--call", "arp_rcv", "--follow", 1)
    check(not leads(near, "~~> frame", "~~> frame", "ftgmac100_rx_packet"), "one hop, no more")


def test_switch(run):
    """A frame is followed past the switches that pass it on; a call is drawn once, however many hops lead to it."""
    text = chart(run, "--syscall", "connect", "--host", "alice", "--follow", 4)
    tree = read_drawing(text.rstrip("\n").split("\n"), 3)
    check(leads(tree, "ftgmac100_hard_start_xmit", "~~> frame to bob: ftgmac100_rx_packet", "arp_rcv",
                "~~> frame to alice: ftgmac100_rx_packet", "neigh_update", "~~> frame to bob: ftgmac100_rx_packet", "tcp_v4_rcv"),
          "over a switch and back")
    check("~~> timer: neigh_timer_handler, after 4.999 s" in text, "a timer by what it runs")
    check("frame to sw" not in text and text.count("~~> wakes task client in inet_wait_for_connect") <= 1, "no switch is an end")


def test_merge(run, other):
    check(" = -1 ECONNREFUSED\n" in chart(other), "the list tells results as programs see them")
    text = chart(run, other, "--reach", "ip_output")
    trees = {d.name: d for d in drawings(text)}
    check({"sys_connect", "irq_exit", "sys_write"} <= set(trees), f"ways to ip_output begin in {set(trees)}")
    for d in trees.values():
        def only_ways(n):
            check(n.name == "ip_output" or n.children, f"{n.name} does not lead to ip_output")
            for c in n.children:
                only_ways(c)
        only_ways(d)
    merged = drawing(run, "--call", "tcp_v4_rcv", "--nth", "merged")
    check(merged.count == 10 and find(merged, "tcp_filter").count == 10, "ten calls laid over one another")
    below = [c.name for c in find(merged, "tcp_v4_do_rcv").children]
    check(len(below) == len(set(below)) and {"tcp_rcv_established", "tcp_rcv_state_process"} <= set(below),
          "each callee once")


def test_compare(run, other):
    same = wirepath("chart", run, "--call", "tcp_v4_connect", "--against", run)
    check(same.returncode == 0 and " 0 only in" in same.stderr and not re.search("^[+-] ", same.stdout, re.M),
          "a run against itself")
    text = chart(run, "--call", "inet_sendmsg", "--host", "client", "--against", other)
    lines = text.rstrip("\n").split("\n")
    check(any(l.startswith("- ") and "| tcp_sendmsg |" in l for l in lines) and
          any(l.startswith("+ ") and "| udp_sendmsg |" in l for l in lines) and lines[1].startswith("  | inet_sendmsg |"),
          "what only one of them calls")
    a = drawing(run, "--host", "client", "--call", "inet_sendmsg")
    back = read_drawing([l[2:] for l in lines if not l.startswith("+ ")], 3)
    check(back and names(back) == names(a), "without what only the second has it is the first")
    b = drawing(other, "--host", "client", "--call", "inet_sendmsg")
    back = read_drawing([l[2:] for l in lines if not l.startswith("- ")], 3)
    check(back and names(back) == names(b), "without what only the first has it is the second")
    out = wirepath("chart", run, other, "--call", "sys_write", "--against", other)
    check(out.returncode == 2 and "--against" in out.stderr, "two runs against one")


def test_graphs(run, other, tmp):
    args = [run, "--syscall", "connect", "--layer", "application,transport,internet"]
    dot = chart(*args, "--format", "dot")
    check("subgraph cluster_transport {" in dot and 'tooltip="connect a socket", URL="stack/application/sys_socket.c"' in dot
          and re.search(r'tcp_v4_connect .*tooltip', dot) and '__inet_stream_connect -> tcp_v4_connect [tooltip="1 call", label='
          '"->connect()"' in dot, "dot has layers, sentences, files and slots")
    tree = drawing(*args, "--unfold")
    edges = {(n.name, c.name) for n in walk(tree) for c in n.children if not c.step}
    drawn = set(re.findall(r"^  (\w+) -> (\w+) \[tooltip", dot, re.M))
    check(edges == drawn, f"dot has the edges of the tree: {edges ^ drawn}")
    if shutil.which("dot"):
        svg = subprocess.run(["dot", "-Tsvg"], input=dot, capture_output=True, text=True, timeout=60)
        check(svg.returncode == 0 and not svg.stderr, f"dot takes it: {svg.stderr}")
        xml = ET.fromstring(svg.stdout)
        titles = [t.text for t in xml.iter("{http://www.w3.org/2000/svg}title")]
        check({a for e in drawn for a in e} <= set(titles), "dot draws every function")
    svg = chart(*args, "--format", "svg")
    check(svg == chart(*args, "--format", "svg"), "the same svg twice")
    boxes = places(svg)
    check(set(boxes) == {a for e in drawn for a in e}, "svg has a box for every function")
    check(boxes["sys_connect"][1] < boxes["tcp_v4_connect"][1] < boxes["ip_queue_xmit"][1], "layers lie one below the other")
    rects = sorted(boxes.values())
    check(not any(a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]
                  for i, a in enumerate(rects) for b in rects[i + 1:]), "no boxes overlap")
    mermaid = chart(*args, "--format", "mermaid")
    check(mermaid.startswith("flowchart TD\n") and mermaid.count("subgraph") == 3 == mermaid.count("  end\n")
          and mermaid.count("-->") == len(drawn), "mermaid")
    out = wirepath("chart", run, "--to", "10s", "--format", "mermaid")
    check(out.returncode == 2 and "--depth" in out.stderr and not out.stdout, "too much for mermaid")
    out = wirepath("chart", run, "--to", "10s", "--format", "svg", "-o", tmp / "all.svg")
    check(out.returncode == 0 and len(places((tmp / "all.svg").read_text())) > 400, f"a whole run: {out.stderr}")
    follow = chart(run, "--host", "server", "--call", "arp_rcv", "--follow", 1, "--format", "dot")
    check(re.search(r"ftgmac100_hard_start_xmit -> ftgmac100_rx_packet .*dashed", follow), "a hop is a broken line")
    compared = chart(run, "--host", "client", "--call", "inet_sendmsg", "--against", other, "--format", "dot")
    check('label="- tcp_sendmsg"' in compared, "only in the first")
    for form, magic in ("png", b"\x89PNG"), ("pdf", b"%PDF"):
        out = wirepath("chart", *args, "--depth", 4, "--format", form, "-o", tmp / f"x.{form}")
        check(out.returncode == 0 and (tmp / f"x.{form}").read_bytes().startswith(magic), f"{form}: {out.stderr}")


def walk(node):
    yield node
    for c in node.children:
        yield from walk(c)


def places(svg):
    """Boxes of functions in an svg: name -> x, y, w, h."""
    ns = "{http://www.w3.org/2000/svg}"
    found = {}
    for g in ET.fromstring(svg).iter(ns + "g"):
        rect = next(g.iter(ns + "rect"), None)
        if rect is not None:
            name = next(g.iter(ns + "text")).text.split(" ×")[0]
            found[name] = tuple(int(rect.get(a)) for a in ("x", "y", "width", "height"))
    return found


def test_mistakes(run):
    for args, words in (
            (["--call", "sys_conect"], "did you mean sys_connect"), (["--syscall", "conect"], "did you mean connect?"),
            (["--host", "clent", "--call", "ip_rcv"], "did you mean client?"),
            (["--call", "ip_rcv", "--layer", "transport,tcp"], "no layer 'tcp'"),
            (["--call", "ip_rcv", "--only", "xyz_*"], "named like 'xyz_*'"), (["--nth", "some", "--call", "x"], "--nth"),
            (["--packet", "12345"], "packet"), (["--call", "ip_rcv", "--format", "gif"], "mermaid"),
            (["--reach", "tcp_send_akc"], "did you mean tcp_send_ack")):
        out = wirepath("chart", run, *args)
        check(out.returncode == 2 and words in out.stderr and not out.stdout, f"{args}: {out.stderr}")


def main():
    with tempfile.TemporaryDirectory() as name:
        tmp = Path(name)
        for scenario in "tcp_handshake", "udp_echo", "vlan":
            out = wirepath("run", ROOT / f"scenarios/{scenario}.lua", "-o", tmp / scenario)
            check(out.returncode == 0, f"{scenario}: {out.stderr}")
        run, other = tmp / "tcp_handshake", tmp / "udp_echo"
        test_tops(run)
        test_limits(run)
        test_hops(run)
        test_switch(tmp / "vlan")
        test_merge(run, other)
        test_compare(run, other)
        test_graphs(run, other, tmp)
        test_mistakes(run)
    return total()


sys.exit(main())
