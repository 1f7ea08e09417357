#!/usr/bin/env python3
"""Raw, ping and packet sockets: programs that print results and errors, against what a real kernel made them print.

usage: test_raw.py WIREPATH [NAME]...

raw/NAME.lua runs on the client, or raw/NAME.client.lua and raw/NAME.server.lua on both; raw/NAME.HOST.out is what the
same program printed on Linux 6.18 (raw/record.py: two network namespaces and Debian's lua-posix; that luaposix has
no packet sockets, so for those a Python program NAME.HOST.py did the same calls there). No output there differs from
5.15's by what is known of the sources in between.
"""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = os.path.join(HERE, "raw")

SCENARIO = """
local sim = require "sim"
local net = sim.network()
local client = net:host("client", { addr = "10.0.2.15/24" })
local server = net:host("server", { addr = "10.0.2.2/24" })
net:link(client, server, { rate = "1Gbit", delay = "20us" })
%s
sim.run("300s")
"""


def run(wirepath, name, folder):
    """-> {host: lines printed}, and what the command said if it failed"""
    execs = []
    for host in ("server", "client"):
        for path in ("%s.%s.lua" % (name, host), name + ".lua" if host == "client" else ""):
            if path and os.path.exists(os.path.join(PROGRAMS, path)):
                execs.append((host, path))
                shutil.copy(os.path.join(PROGRAMS, path), folder)
    scenario = os.path.join(folder, name + ".scenario.lua")
    with open(scenario, "w") as out:
        out.write(SCENARIO % "\n".join('%s:exec("%s", "4")' % (h, p) for h, p in execs))
    runs = os.path.join(folder, name)
    r = subprocess.run([wirepath, "run", scenario, "-o", runs], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       text=True)
    said = {}
    for host, path in execs:
        out = os.path.join(runs, "%s.%s.out" % (host, path[:-4]))
        said[host] = open(out).read().split("\n") if os.path.exists(out) else []
    return said, r.stdout if r.returncode else ""


def main():
    wirepath = os.path.abspath(sys.argv[1])
    names = sys.argv[2:] or sorted({os.path.basename(p).split(".")[0] for p in glob.glob(PROGRAMS + "/*.lua")})
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            said, trouble = run(wirepath, name, folder)
            if trouble:
                print("FAIL %s:\n%s" % (name, trouble))
                failed += 1
                continue
            for host, lines in said.items():
                want = open(os.path.join(PROGRAMS, "%s.%s.out" % (name, host))).read().split("\n")
                for n in range(max(len(want), len(lines))):
                    w = want[n] if n < len(want) else "(nothing)"
                    g = lines[n] if n < len(lines) else "(nothing)"
                    if w == g:
                        passed += 1
                        continue
                    failed += 1
                    print("FAIL %s, %s, line %d: a real kernel says\n     %s\n  and we\n     %s" % (name, host, n + 1, w, g))
    print("%d passed, %d failed" % (passed, failed))
    return failed != 0


sys.exit(main())
