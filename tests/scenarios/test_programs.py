#!/usr/bin/env python3
"""Small programs on the stack, and what a user's mistakes lead to.

usage: test_programs.py WIREPATH

tcp_programs/linux.txt holds what programs got from a real Linux: every return value, error number, poll flag and
byte count must be the same here. Then transfers over bad links, wrong scenarios, full disks, damaged run folders.
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from tally import check, total

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = os.path.join(HERE, "tcp_programs")
WIREPATH = os.path.abspath(sys.argv[1])

def wirepath(*args, **kw):
    kw.setdefault("stdout", subprocess.PIPE)
    kw.setdefault("stderr", subprocess.PIPE)
    return subprocess.run([WIREPATH, *args], text=True, errors="replace", timeout=120, **kw)


def write(tmp, name, text):
    path = os.path.join(tmp, name)
    with open(path, "w") as f:
        f.write(text)
    return path


# ---- programs whose results on a real Linux are known ----


def read_programs():
    """{ test: [(host, [(operation, result or None)])] }"""
    tests = {}
    for line in open(os.path.join(PROGRAMS, "linux.txt")):
        line = line.rstrip("\n")
        if line.startswith("== "):
            tasks = tests[line[3:]] = []
        elif line.startswith("-- "):
            tasks.append((line[3:], []))
        elif line.startswith("["):
            op, arrow, result = line.partition(" -> ")
            tasks[-1][1].append((json.loads(op), result if arrow else None))
    return tests


def lua_list(op):
    return "{ " + ", ".join(json.dumps(x) for x in op) + " },\n"


def replay(tmp, name, tasks):
    """Runs one test; the differences as text."""
    text = open(os.path.join(PROGRAMS, "replay.lua")).read()
    for i, (host, ops) in enumerate(tasks):
        text += "task(%d, %s, {\n%s})\n" % (i, host, "".join(lua_list(op) for op, _ in ops))
    scenario = write(tmp, name + ".lua", text + 'sim.run("100s")\n')
    d = os.path.join(tmp, name)
    r = wirepath("run", scenario, "-o", d, "--no-trace")
    if r.returncode != 0:
        return "exit %d\n%s" % (r.returncode, r.stderr)
    bad = ""
    for i, (host, ops) in enumerate(tasks):
        have = open(os.path.join(d, "%s.t%d.out" % (host, i)), errors="replace").read().splitlines()
        want = ["%s -> %s" % (" ".join(map(str, op)), result) for op, result in ops if result is not None]
        for k in range(max(len(have), len(want))):
            h, w = (x[k] if k < len(x) else "nothing" for x in (have, want))
            if h != w:
                bad += "\n  %s: %s\n    Linux: %s" % (host, h, w)
    return bad


def like_linux(tmp):
    tests = read_programs()
    with ThreadPoolExecutor(2) as pool:
        for name, bad in zip(tests, pool.map(lambda t: replay(tmp, *t), tests.items())):
            check(not bad, "program %s: %s" % (name, bad))


# ---- transfers over bad links ----

# No loss above 10 %: there a real Linux, too, now and then gives up (ARP after three tries, TCP when it has been
# retransmitting for as long as 15 timeouts take).
LINKS = [
    {"loss": "0.05"},
    {"loss": "0.1", "delay": "1us", "rate": "1Gbit"},
    {"loss": "0.1", "delay": "40ms"},
    {"dup": "0.5"},
    {"dup": "0.1", "reorder": "0.3"},
    {"reorder": "0.3", "jitter": "3ms"},
    {"corrupt": "0.1"},
    {"corrupt": "0.05", "fcsok": "true"},
    {"jitter": "20ms", "delay": "300ms"},
    {"loss": "0.05", "dup": "0.05", "reorder": "0.05", "corrupt": "0.05", "jitter": "1ms"},
    {"queue": "2", "rate": "10Mbit"},
    {"rcvbuf": "1", "bytes": "20000"},
    {"rcvbuf": "3000", "mss": "88", "loss": "0.02", "bytes": "40000"},
    {"chunk": "7", "bytes": "20000", "loss": "0.05"},
    {"mss": "536", "dup": "1"},
]


def transfer(tmp, nr, options, seed, profile):
    args = ["run", os.path.join(PROGRAMS, "both_ways.lua"), "-o", os.path.join(tmp, "link%d" % nr), "--no-trace"]
    args += ["--seed", str(seed)] + (["--profile", "ast2500"] if profile else [])
    for k, v in options.items():
        args += ["--set", "%s=%s" % (k, v)]
    r = wirepath(*args)
    return r.returncode == 0, "%s: exit %d\n%s" % (" ".join(args), r.returncode, r.stderr)


def bad_links(tmp):
    runs = [(tmp, i * 4 + seed, o, seed, seed == 3) for i, o in enumerate(LINKS) for seed in (1, 2, 3)]
    with ThreadPoolExecutor(2) as pool:
        for ok, what in pool.map(lambda r: transfer(*r), runs):
            check(ok, what)


# ---- mistakes ----

TWO_HOSTS = """local sim = require "sim"
local S, U, P = require "posix.sys.socket", require "posix.unistd", require "posix.poll"
local net = sim.network()
local a = net:host("a", { addr = "10.0.0.1/24" })
local b = net:host("b", { addr = "10.0.0.2/24" })
local link = net:link(a, b)
local function connect()
  local fd = S.socket(S.AF_INET, S.SOCK_STREAM, 0)
  return S.connect(fd, { family = S.AF_INET, addr = "10.0.0.1", port = 9 })
end
"""

# name, lines after the above, exit code, what standard error says
MISTAKES = [
    ("error", 'a:run(function() error("boom") end) sim.run()', 2, ":12: boom"),
    ("error that is no text", "a:run(function() error({}) end) sim.run()", 2, "table#1"),
    ("error when memory is full",
     'local t = {} pcall(function() while true do t[#t + 1] = ("x"):rep(1000) .. #t end end)\n'
     'pcall(function() while true do t[#t + 1] = {} end end) error("boom")', 2, ":13: boom"),
    ("sim.at", 'sim.at("1ms", function() error("boom") end) sim.run()', 2, ":12: boom"),
    ("match", 'link:drop(1, { match = function() error("boom") end }) b:run(connect) sim.run()', 2, ":12: boom"),
    ("match without end", "link:drop(1, { match = function() while true do end end }) b:run(connect) sim.run()", 4,
     "match function"),
    ("match when memory is full",
     "link:drop(3, { match = function() return true end }) b:run(function() local t = {}\n"
     'pcall(function() while true do t[#t + 1] = ("x"):rep(1000) .. #t end end)\n'
     "pcall(function() while true do t[#t + 1] = {} end end) connect() end) sim.run()", 4, "memory"),
    ("calls without end", "a:run(function() while true do U.close(99) end end) sim.run()", 4, "endless loop"),
    ("assert in pcall", 'a:run(function() pcall(sim.assert, false, "one is two") end) sim.run()', 1,
     ":12: assertion failed at 0.000000000 s, host a: one is two"),
    ("deadlock", "b:run('p', function() P.poll({}, -1) end) sim.run()", 1, "host b: p waits in poll at"),
    ("no free card", "net:link(a, b)", 2, "a has no free card"),
    ("no such card", 'net:link("a:eth3", b)', 2, "a:eth3 has no free card"),
    ("from elsewhere", 'local c = net:host("c") link:set{ from = c, loss = 1 }', 2, "c is not at this link"),
    ("no such file", 'a:exec("nosuch.lua")', 2, ":12: host:exec: cannot read"),
    ("long arguments", 'a:exec("x.lua", ("x"):rep(2000000))', 2, "too long a list of arguments"),
    ("chart of no name", 'sim.chart("../x")', 2, "the name of a function expected"),
    ("chart on no host", 'sim.chart("sys_socket", { host = "../x" })', 2, "no host's name"),
    ("chart in no style", 'sim.chart("sys_socket", { style = "round" })', 2, "there is no style 'round'"),
]


def mistakes(tmp):
    for name, text, code, says in MISTAKES:
        d = os.path.join(tmp, "mistake")
        r = wirepath("run", write(tmp, "mistake.lua", TWO_HOSTS + "\n" + text + "\n"), "-o", d)
        check(r.returncode == code and says in r.stderr, "%s: exit %d, want %d\n%s%s" %
              (name, r.returncode, code, r.stdout, r.stderr))


LUAPOSIX = """
local out = {}
local function case(...) print(...) end
a:run(function()
  case(S.socket(77, 1, 0))
  case(U.read(99, 1)) case(U.write(99, "x")) case(U.close(99)) case(S.recv(99, 1)) case(P.rpoll(99, 0))
  case(S.bind(99, { family = S.AF_INET, addr = "10.0.0.1", port = 1 })) case(S.getpeername(99))
  case(pcall(S.bind, 99, { family = S.AF_INET, addr = "10.0.0.1" }))
  case(pcall(S.bind, 99, { addr = "10.0.0.1", port = 1 }))
  case(pcall(S.bind, 99, { family = 77, addr = "10.0.0.1", port = 1 }))
  local fd = S.socket(S.AF_INET, S.SOCK_STREAM, 0)
  S.setsockopt(fd, S.SOL_SOCKET, S.SO_LINGER, 1, 5)
  local linger = S.getsockopt(fd, S.SOL_SOCKET, S.SO_LINGER)
  case(linger.l_onoff, linger.l_linger)
end)
b:run(connect)
sim.run()
"""
LUAPOSIX_WANT = """nil	Address family not supported by protocol	97
nil	Bad file descriptor	9
nil	Bad file descriptor	9
nil	Bad file descriptor	9
nil	Bad file descriptor	9
1
nil	bind: Bad file descriptor	9
nil	getpeername: Bad file descriptor	9
false	bad argument #2 to '?' (int expected for field 'port', got no value)
false	bad argument #2 to '?' (int expected for field 'family', got no value)
false	bad argument #2 to '?' (unsupported family type 77)
1	5
"""


def like_luaposix(tmp):
    d = os.path.join(tmp, "luaposix")
    r = wirepath("run", write(tmp, "luaposix.lua", TWO_HOSTS + LUAPOSIX), "-o", d)
    have = open(os.path.join(d, "a.a.out")).read() if r.returncode == 0 else r.stderr
    have = have.replace("posix.sys.socket.bind", "?")
    check(have == LUAPOSIX_WANT, "returns like luaposix's:\n" + have)


# ---- outputs ----


def outputs(tmp):
    d, scenario = os.path.join(tmp, "out"), os.path.join(PROGRAMS, "both_ways.lua")
    check(wirepath("run", scenario, "-o", d, "--pcap").returncode == 0, "a run with captures")
    with open("/dev/full", "w") as full:
        for args in (["run", scenario, "-o", os.path.join(tmp, "full")], ["export", d, "--format", "calls"],
                     ["chart", d, "--call", "sys_connect"], ["digest", d], ["diff", d, d]):
            r = wirepath(*args, stdout=full)
            check(r.returncode == 2 and "cannot write" in r.stderr, "full disk: %s: exit %d %s" %
                  (args[0], r.returncode, r.stderr))
    # what is no file must survive that it cannot be written
    link = os.path.join(tmp, "link")
    os.symlink("/dev/full", link)
    r = wirepath("export", d, "--format", "pcapng", "-o", link)
    check(r.returncode == 2 and os.path.islink(link), "export to a full disk: %d %s" % (r.returncode, r.stderr))
    # nobody reads the output: the run folder is whole all the same
    closed = os.path.join(tmp, "closed")
    read_end, write_end = os.pipe()
    os.close(read_end)
    r = wirepath("run", scenario, "-o", closed, stdout=write_end)
    os.close(write_end)
    check(r.returncode == 0 and wirepath("diff", closed, d).stdout == "equal\n",
          "output closed: exit %d %s" % (r.returncode, r.stderr))
    # damage
    for f in os.listdir(d):
        if f.endswith(".pcapng"):
            os.truncate(os.path.join(d, f), 1000)
    r = wirepath("export", d, "--format", "pcapng", "-o", os.path.join(tmp, "all.pcapng"))
    check(r.returncode == 0 and "cut off" in r.stderr, "a capture that was cut off: " + r.stderr)
    os.truncate(os.path.join(d, "trace.wpt"), 20000)
    r = wirepath("export", d, "--format", "folded")
    check(r.returncode == 0 and "cut off" in r.stderr, "a trace that was cut off: %d %s" % (r.returncode, r.stderr))


def interrupt(tmp):
    """Ctrl-C ends a run at once, with all its outputs whole."""
    text = TWO_HOSTS + 'a:run(function() print("up") while true do sim.sleep("1ms") end end) sim.run()\n'
    d = os.path.join(tmp, "interrupted")
    p = subprocess.Popen([WIREPATH, "run", write(tmp, "long.lua", text), "-o", d, "--pcap"], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    time.sleep(1)
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=30)
    check(p.returncode == 130 and "interrupted" in out, "interrupted: exit %d\n%s%s" % (p.returncode, out, err))
    check(wirepath("digest", d).returncode == 0, "interrupted: the run has a digest")
    r = wirepath("chart", d, "--call", "ftgmac100_open", "--depth", "1")
    check(r.returncode == 0 and "cut off" not in r.stderr, "interrupted: the trace is whole: " + r.stderr)


def main():
    with tempfile.TemporaryDirectory() as tmp:
        like_linux(tmp)
        like_luaposix(tmp)
        bad_links(tmp)
        mistakes(tmp)
        outputs(tmp)
        interrupt(tmp)
    return total()


sys.exit(main())
