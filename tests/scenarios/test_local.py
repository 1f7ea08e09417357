#!/usr/bin/env python3
"""Addresses of one's own, of the loopback network, broadcast ones: every call answers as on a real kernel.

usage: test_local.py WIREPATH

local/linux.txt is what a real kernel answered (local/record.py makes it anew).
"""
import os
import subprocess
import sys
import tempfile

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "local")


def main():
    want = open(os.path.join(HERE, "linux.txt")).read().splitlines()
    lines = ";".join(line.partition(" -> ")[0] for line in want)
    with tempfile.TemporaryDirectory() as tmp:
        run = subprocess.run([sys.argv[1], "run", os.path.join(HERE, "addresses.lua"), "-o", tmp + "/run", "--set",
                              "lines=" + lines], capture_output=True, text=True)
        if run.returncode:
            sys.exit("test_local: exit %d\n%s" % (run.returncode, run.stderr))
        have = open(tmp + "/run/host.calls.out").read().splitlines()
    failed = 0
    for w, h in zip(want, have + [""] * len(want)):
        if w != h:
            failed += 1
            print("FAIL\n  real: %s\n  ours: %s" % (w, h))
    print("%d passed, %d failed" % (len(want) - failed, failed))
    return failed > 0


sys.exit(main())
