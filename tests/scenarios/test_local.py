#!/usr/bin/env python3
"""Addresses of one's own, of the loopback network, broadcast ones: every call answers as on a real kernel. And a full
neighbour table.

usage: test_local.py WIREPATH

local/linux.txt is what a real kernel answered (local/record.py makes it anew).
"""
import os
import subprocess
import sys
import tempfile

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "local")


def run(script, tmp, *args):
    r = subprocess.run([sys.argv[1], "run", os.path.join(HERE, script), "-o", tmp + "/run", *args], capture_output=True,
                       text=True)
    if r.returncode:
        print("FAIL %s: exit %d\n%s" % (script, r.returncode, r.stderr))
    return r.returncode == 0


def main():
    want = open(os.path.join(HERE, "linux.txt")).read().splitlines()
    lines = ";".join(line.partition(" -> ")[0] for line in want)
    with tempfile.TemporaryDirectory() as tmp:
        failed = sum(not run(script, tmp) for script in ("overflow.lua", "show.lua"))
        ok = run("addresses.lua", tmp, "--set", "lines=" + lines)
        have = open(tmp + "/run/host.calls.out").read().splitlines() if ok else []
    for w, h in zip(want, have + [""] * len(want)):
        if w != h:
            failed += 1
            print("FAIL\n  real: %s\n  ours: %s" % (w, h))
    print("%d passed, %d failed" % (len(want) + 2 - failed, failed))
    return failed > 0


sys.exit(main())
