#!/usr/bin/env python3
"""Forwarding as a real kernel does it: the packets of forwarding/cases.txt, with the answers recorded in linux.txt.

usage: test_forwarding.py WIREPATH
"""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from tally import check, total

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "forwarding")

def answers(lines):
    return {name: sorted(seen.split("; ")) for name, seen in (line.rstrip("\n").split(": ", 1) for line in lines if ": " in line)}


def compare_with_linux(wirepath, tmp):
    script = os.path.join(tmp, "forwarding.lua")
    with open(script, "w") as out, open(os.path.join(HERE, "cases.txt")) as f:
        out.write("local CASES = {\n")
        for line in f:
            if not line.startswith("#"):
                name, commands, packet = [p.strip() for p in line.split("|")]
                out.write("{ name = %r, commands = %r, packet = %r },\n" % (name, commands, packet))
        out.write("}\n" + open(os.path.join(HERE, "replay.lua")).read())
    r = subprocess.run([wirepath, "run", script, "-o", os.path.join(tmp, "run"), "--no-trace"], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True)
    check(r.returncode == 0, "the run ends well: " + r.stdout[-500:])
    # each line begins with the time and a host
    ours = answers(line.split(": ", 1)[1] for line in r.stdout.split("\n") if line.startswith("5.0"))
    with open(os.path.join(HERE, "linux.txt")) as f:
        for name, want in answers(f).items():
            check(ours.get(name) == want, "%s: %s, Linux: %s" % (name, ours.get(name), want))


def main():
    wirepath = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as tmp:
        compare_with_linux(wirepath, tmp)
    return total()


sys.exit(main())
