#!/usr/bin/env python3
"""The drawings of viz/DOCUMENTS.md have the edges of the documents' charts (test_doc.py checks that they are what the program draws).

usage: test_documents.py WIREPATH
       test_documents.py --beside page.html     each drawing beside the document's own

The documents, their edges and the reader of charts are the folder `shared` beside the project's.
"""
import html, importlib.util, io, os, re, sys
from contextlib import redirect_stdout

root = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
shared = os.path.join(root, "..", "shared")
page = open(os.path.join(root, "viz", "DOCUMENTS.md"), encoding="utf-8").read()

# Callers and callees that wirepath does not have (stack/SIMPLIFICATIONS.md): IPv6, UNIX, netlink and ALG sockets, NC-SI, the watchdog.
ABSENT = {("netlink_proto_init", "sock_register"), ("af_unix_init", "sock_register"), ("af_alg_init", "sock_register"),
          ("inet6_init", "sock_register"), ("inet6_init", "inet6_register_protosw"), ("tcpv6_init", "inet6_add_protocol"),
          ("ip6_protocol_deliver_rcu", "tcp_v6_rcv"), ("ftgmac100_probe", "ncsi_register_dev"),
          ("dev_watchdog", "ftgmac100_tx_timeout")}


def reader():
    """charts/parse_charts.py as a module (it is a program: it reads a folder when it starts)."""
    spec = importlib.util.spec_from_file_location("parse_charts", os.path.join(shared, "charts", "parse_charts.py"))
    module = importlib.util.module_from_spec(spec)
    argv, sys.argv = sys.argv, ["parse_charts.py", os.path.join(shared, "seeds")]
    out = io.StringIO()
    with redirect_stdout(out):
        spec.loader.exec_module(module)
    sys.argv = argv
    return module, out.getvalue()


def drawings():
    """{chart's number: (title, [text of each block])}"""
    found = {}
    for part in re.split(r"^## ", page, flags=re.M)[1:]:
        number, title = part.splitlines()[0].split(" ", 1)
        found[number] = title, re.findall(r"^```\n(.*?)^```", part, flags=re.M | re.S)
    return found


def edges_of(parse, block):
    """(caller, callee) pairs of a drawing, a callee up to three calls below its caller; all pairs, however far apart."""
    parsed = parse(block.splitlines()[1:])
    near, far = set(), set()
    for box in parsed[0] if parsed else []:
        up, levels = box["parent"], 0
        while up is not None:
            levels += 1
            far.add((parsed[0][up]["name"], box["name"]))
            if levels <= 3:
                near.add((parsed[0][up]["name"], box["name"]))
            up = parsed[0][up]["parent"]
    return near, far, {box["name"] for box in parsed[0]} if parsed else set()


def main():
    module, charts = reader()
    found = drawings()
    if sys.argv[1] == "--beside":
        return beside(found, charts, sys.argv[2])
    wanted = {}
    for line in open(os.path.join(shared, "charts", "edges.tsv"), encoding="utf-8").read().splitlines()[1:]:
        chart, caller, callee, _, kind, _ = (line.split("\t") + [""])[:6]
        if (caller, callee) not in ABSENT:
            wanted.setdefault(chart, []).append((caller, callee, kind))
    passed = failed = 0
    for chart, edges in wanted.items():
        near, far, names = set(), set(), set()
        for block in found.get(chart, ("", []))[1]:
            for into, more in zip((near, far, names), edges_of(module.parse, block)):
                into |= more
        for caller, callee, kind in edges:
            if kind == "calls":
                ok = (caller, callee) in near
            elif kind == "reaches":
                ok = (caller, callee) in far
            else:
                ok = caller in names and callee in names
            passed, failed = passed + ok, failed + (not ok)
            if not ok:
                print(f"FAIL {chart}: {caller} -> {callee} ({kind}) is not in our drawing")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0 or passed < 300)


def beside(found, charts, to):
    import json
    theirs = {c["seed"][:3] + "/" + str(c["block"]): c["chart"] for c in json.loads(charts)}
    parts = ["<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>The documents' charts and wirepath's</title><style>"
             "body{font-family:sans-serif;margin:2em}.pair{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:2em}"
             "pre{font-size:12px;overflow-x:auto}code{font-size:12px;overflow-wrap:anywhere}</style><h1>The documents' charts and wirepath's</h1>"]
    for number, (title, blocks) in found.items():
        parts.append(f"<h2>{html.escape(number)} {html.escape(title)}</h2><div class=\"pair\"><pre>"
                     f"{html.escape(theirs.get(number, '(a flow over several drawings)'))}</pre><div>")
        for block in blocks:
            command, _, drawing = block.partition("\n")
            parts.append(f"<p><code>{html.escape(command)}</code><pre>{html.escape(drawing)}</pre>")
        parts.append("</div></div>")
    open(to, "w", encoding="utf-8").write("\n".join(parts) + "\n")


main()
