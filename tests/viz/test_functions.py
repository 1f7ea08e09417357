#!/usr/bin/env python3
"""The catalogue of functions: what it counts is what the folded stacks of the same runs say.

usage: test_functions.py WIREPATH
"""
import collections, os, re, subprocess, sys, tempfile

wirepath = os.path.abspath(sys.argv[1])
root = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
passed = failed = 0


def check(what, ok):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print("FAIL", what)


def wp(*args):
    r = subprocess.run([wirepath, *args], capture_output=True, text=True)
    return r.returncode, r.stdout, r.stderr


with tempfile.TemporaryDirectory() as tmp:
    runs = []
    for name in ("tcp_handshake", "udp_echo"):
        runs.append(os.path.join(tmp, name))
        wp("run", os.path.join(root, "scenarios", name + ".lua"), "-o", runs[-1])
    calls, edges = collections.Counter(), collections.Counter()
    for run in runs:
        for line in wp("export", run, "--format", "folded")[1].splitlines():
            stack, count = line.rsplit(" ", 1)
            names = stack.split(";")[2:]
            calls[names[-1]] += int(count)
            if len(names) > 1:
                edges[names[-2], names[-1]] += int(count)

    code, out, err = wp("functions", *runs, "--format", "tsv")
    heading, *lines = out.splitlines()
    columns = heading.split("\t")
    rows = [dict(zip(columns, line.split("\t"))) for line in lines]
    check("exit 0", code == 0)
    check("every column in every row", all(len(line.split("\t")) == len(columns) for line in lines))
    seen, seen_edges, called = collections.Counter(), collections.Counter(), collections.Counter()
    for row in rows:
        seen[row["function"]] += int(row["calls"])
        for item in filter(None, row["callees"].split(", ")):
            name, count = item.rsplit(" x", 1)
            seen_edges[row["function"], name] += int(count)
        for item in filter(None, row["callers"].split(", ")):
            name, count = item.rsplit(" x", 1)
            called[name, row["function"]] += int(count)
    check("counts of calls are those of the folded stacks", +seen == calls)
    check("callees are those of the folded stacks", seen_edges == edges)
    check("callers as well", called == edges)

    by_name = {row["function"]: row for row in rows}
    check("layer and file", by_name["tcp_v4_rcv"]["layer"] == "transport" and
          by_name["tcp_v4_rcv"]["file"] == "stack/transport/tcp_ipv4.c")
    check("tcp_v4_rcv may run in, and ran in, softirqs", by_name["tcp_v4_rcv"]["may run in"] == "softirq" and
          by_name["tcp_v4_rcv"]["seen in"] == "softirq")
    check("the driver's interrupt handler ran in interrupts", by_name["ftgmac100_interrupt"]["seen in"] == "irq")

    unseen = wp("functions", *runs, "--unseen", "--format", "tsv")[1].splitlines()[1:]
    check("--unseen: what has no call", {line.split("\t")[0] for line in unseen} ==
          {row["function"] for row in rows if row["calls"] == "0"})
    some = wp("functions", "--name", "tcp_v4_*", "--layer", "transport")[1]
    check("--name, without runs", "tcp_v4_rcv (transport, stack/transport/tcp_ipv4.c)\n    change tcp state" in some and
          "udp_rcv" not in some)

    code, out, err = wp("functions", os.path.join(tmp, "nothing"))
    check("a folder that is none: exit 2 and a message", code == 2 and "nothing" in err and out == "")
    code, out, err = wp("functions", "--format", "xml")
    check("a format that is none", code == 2 and "text or tsv, not 'xml'" in err)
    to = os.path.join(tmp, "list")
    check("-o", wp("functions", "-o", to)[0] == 0 and os.path.getsize(to) > 10000)

    manual = os.path.join(tmp, "manual")
    code, out, err = wp("doc", "--manual", manual, *runs)
    pages = {os.path.relpath(os.path.join(d, f), manual): open(os.path.join(d, f), encoding="utf-8").read()
             for d, _, files in os.walk(manual) for f in files}
    sections = {(page, name) for page, text in pages.items() for name in re.findall(r"^## (\w+)$", text, re.M)}
    check("manual: exit 0, a section for each function", code == 0 and
          collections.Counter(name for page, name in sections if page != "index.md") ==
          collections.Counter(row["function"] for row in rows))
    links = {(page, os.path.normpath(os.path.join(os.path.dirname(page), to)), name)
             for page, text in pages.items() for to, name in re.findall(r"\]\(([^)#]+)#(\w+)\)", text)}
    check("manual: every link leads to a section", len(links) > 2000 and all((to, name) in sections for _, to, name in links))
    text = pages["transport/tcp_ipv4.c.md"]
    check("manual: sentence, callers, chart", "\nchange tcp state or queue skb\n" in text and
          "- called by [ip_protocol_deliver_rcu](../internet/ip_input.c.md#ip_protocol_deliver_rcu)" in text and
          "| tcp_v4_rcv | : (x" in text)
    code, out, err = wp("doc", "--manual", os.path.join(tmp, "no", "such"), *runs)
    check("manual: a folder that cannot be made", code == 2 and "cannot make" in err)

print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
