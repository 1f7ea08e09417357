#!/usr/bin/env python3
"""Scenarios that must not get away with it, and how `wirepath run` ends and says so.

usage: test_sandbox.py WIREPATH

Each case is a scenario of its own in a temporary folder. An endless loop, wherever Lua lets one hide, ends with
exit code 4; so does one that takes all memory; what could reach the real machine is refused with exit code 2.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

WIREPATH = os.path.abspath(sys.argv[1])
TIMEOUT = 30

failures = 0
tmp = Path()


def check(cond, what, *more):
    global failures
    if not cond:
        failures += 1
        print("FAILED:", what, *more, file=sys.stderr)
    return cond


class Result:
    def __init__(self, folder, code, out, err, seconds):
        self.folder, self.code, self.out, self.err, self.seconds = folder, code, out, err, seconds

    def manifest(self):
        path = self.folder / "run/manifest.json"
        return json.loads(path.read_text()) if path.exists() else None

    def text(self):
        """Of standard output, without the summary at the end."""
        return self.out.rpartition("\ns.lua: ")[0]


def scenario(name, source, files=None):
    folder = tmp / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "s.lua").write_text(source)
    for file, text in (files or {}).items():
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def run(name, source, *args, files=None):
    folder = scenario(name, source, files)
    start = time.monotonic()
    # SIGTERM asks for a clean end, which code that hangs does not come to: the time-out kills
    p = subprocess.run(["timeout", "-s", "KILL", str(TIMEOUT), WIREPATH, "run", "s.lua", "-o", "run", *args],
                       cwd=folder, capture_output=True, text=True, errors="replace")
    return Result(folder, p.returncode, p.stdout, p.stderr, time.monotonic() - start)


NET = """
local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"
local net = sim.network()
local client = net:host("client", { addr = "10.0.2.15/24" })
local server = net:host("server", { addr = "10.0.2.2/24" })
net:link(client, server, { rate = "100Mbit", delay = "50us" })
"""
NET_LINES = NET.count("\n")

# ---- what never ends ----

ENDLESS = {
    "loop": "while true do end",
    "in a coroutine": "coroutine.wrap(function() while true do end end)() print('went on')",
    "in a coroutine in a coroutine":
        "coroutine.wrap(function() coroutine.wrap(function() while true do end end)() end)() print('went on')",
    "in pcall": "while true do pcall(function() while true do end end) end",
    "in a message handler": "while true do xpcall(error, function() while true do end end) end",
    "in a message handler once": "xpcall(error, function() while true do end end)",
    "in a comparator": "table.sort({ 3, 1, 2 }, function() while true do end end)",
    "in pcall in a comparator":
        "table.sort({ 3, 1, 2 }, function() while true do pcall(function() while true do end end) end end)",
    "in a comparator in xpcall":
        "xpcall(function() table.sort({ 3, 1 }, function() while true do end end) end, function() while true do end end)",
    "in gsub": "string.gsub('abc', '.', function() while true do end end)",
    "in __index": "print(setmetatable({}, { __index = function() while true do end end }).x)",
    "in __close": "local x <close> = setmetatable({}, { __close = function() while true do end end })",
    "in a module": "require 'endless'",
    "in a program": NET + "server:run(function() while true do end end) sim.run()",
    "in a program file": NET + "server:exec('endless.lua') sim.run()",
    "in sim.at": NET + "sim.at('1ms', function() while true do end end) sim.run()",
}

HUNGRY = {
    "string.rep": "local s = ('x'):rep(1 << 30)",
    "a table of tables": "local t = {} for i = 1, 1e9 do t[i] = {} end",
    "doubling": "local s = 'x' while true do s = s .. s end",
    "table.concat": "local t, s = {}, ('x'):rep(1 << 20) for i = 1, 1000 do t[i] = s end table.concat(t)",
    "in a program": NET + "server:run(function() local s = ('x'):rep(1 << 30) end) sim.run()",
}

# What ends by itself: quickly, as a script error with this in the message.
REFUSED = {
    "deep recursion": ("local function f() return 1 + f() end f()", "stack overflow"),
    "deep recursion in C": ("local function f() ('a'):gsub('.', f) end f()", "stack overflow"),
    "backtracking": ("local s = ('a'):rep(28) s:find(('a?'):rep(28) .. s)", "quantifiers"),
    "backtracking behind a zero":
        (r"local s = '\0' .. ('a'):rep(28) s:find('\0' .. ('a?'):rep(28) .. ('a'):rep(28))", "quantifiers"),
    "long move": ("table.move({}, 1, 1 << 61, 2)", "too many"),
    "long concat": ("table.concat(setmetatable({}, { __index = tostring }), '', 1, 1 << 61)", "too many"),
    "long remove": ("table.remove(setmetatable({}, { __len = function() return 1 << 61 end }), 1)", "__len"),
    "bytecode": ("assert(load('\\27Lua'))", "attempt to load a binary chunk"),
    "bytecode, mode b": ("assert(load('\\27Lua', 'x', 'b'))", "attempt to load a binary chunk"),
    "a file of bytecode": ("require 'binary'", "attempt to load a binary chunk"),
    "a chunk in pieces": ("load(function() end)", "must be a string"),
    "string.dump": ("string.dump(print)", "field 'dump'"),
    "os.execute": ("os.execute('ls')", "field 'execute'"),
    "os.remove": ("os.remove('s.lua')", "field 'remove'"),
    "io.open": ("io.open('/etc/passwd')", "field 'open'"),
    "io.popen": ("io.popen('ls')", "field 'popen'"),
    "require ../": ("require '../x'", "is no module name"),
    "require ..": ("require '...x'", "is no module name"),
    "require /": ("require '/etc/x'", "is no module name"),
    "require a file that is not there": ("require 'nothing.there'", "there is no module"),
    "require lfs": ("require 'lfs'", "there is no module"),
    "package": ("package.loadlib('x', 'y')", "field 'loadlib'"),
    "dofile": ("dofile('s.lua')", "global 'dofile'"),
    "loadfile": ("loadfile('s.lua')", "global 'loadfile'"),
    "debug.sethook": ("debug.sethook()", "field 'sethook'"),
    "debug.getregistry": ("debug.getregistry()", "field 'getregistry'"),
    "__gc": ("setmetatable({}, { __gc = function() end })", "__gc"),
    "%p": ("string.format('%p', {})", "%p"),
    "%p with a width": ("string.format('%-20p', 'x')", "%p"),
    "%p behind a zero": ("print(string.format('\\0%p', 'x'))", "%p"),
    "yield of the scenario": ("coroutine.yield()", "outside a coroutine"),
    "an exit of the scenario": ("os.exit(3)", "os.exit"),
    "exec outside": (NET + "server:exec('../x.lua')", "must lie in"),
    "exec of /": (NET + "server:exec('/etc/passwd')", "must lie in"),
    "a host name with a /": (NET + "net:host('../../x')", "no host name"),
    "the same host": (NET + "net:host('client')", "already"),
    "an option that is not there": (NET + "net:host('x', { colour = 1 })", "colour"),
    "an address": (NET + "net:host('x', { addr = '10.0.0.300/24' })", "10.0.0.300"),
    "a call of a program in the scenario": (NET + "unistd.read(3, 1)", "only a program"),
    "time passing in a program": (NET + "server:run(function() sim.run() end) sim.run()", "sim.run"),
    "a module of sim that is not there": ("print(require('sim').soon)", "sim.soon"),
}

QUICK = {
    "a finalizer added later": "local m = {} setmetatable({}, m) m.__gc = function() while true do end end"
                               " collectgarbage()",
    "an empty string, often": "assert(string.rep('', 1 << 62) == '' and ('ab'):rep(2, '-') == 'ab-ab')",
    "table functions": "local t = { 3, 1, 2 } table.insert(t, 9) table.insert(t, 1, 8) assert(table.concat(t, ',')"
                       " == '8,3,1,2,9' and table.remove(t) == 9 and table.remove(t, 1) == 8 and table.concat("
                       "table.move(t, 1, 2, 2)) == '331' and table.concat(t, '', 2, 3) == '31')",
    "strings": "assert(('%5.2f|%s|%%p'):format(1.5, 'x') == ' 1.50|x|%p' and ('a b'):gsub('%s+', '_') == 'a_b')",
    "methods": "assert(getmetatable('') == 'string' and ('x'):upper() == 'X')",
    "files of a module": "assert(require('mod.part').answer == 42 and require('mod.part') == require 'mod.part')",
    "load": "assert(load('return x', 'n', 't', { x = 5 })() == 5 and load('1 +') == nil)",
    "next": "local t, n = { 1, 2, x = 3, y = 4 }, 0 local k = next(t) while k do n = n + t[k] t[k] = nil k = next(t, k) end"
            " assert(n == 10 and next(t) == nil and next({}) == nil and not pcall(next, {}, 5))",
    "exec": NET + "local p = server:exec('prog.lua', 'a', 5) sim.run() assert(p:status() == 7)",
}

FILES = {
    "endless.lua": "while true do end",
    "binary.lua": b"\x1bLuaT\0",
    "mod/part.lua": "return { answer = 42 }",
    "prog.lua": "local a, b = ... assert(a == 'a' and b == '5' and arg[1] == 'a' and arg[0] == 'prog.lua') os.exit(7)",
}


def run_case(case):
    kind, name, source = case
    return kind, name, run(re.sub(r"\W", "_", kind + "_" + name), source, files=FILES)


def test_cases():
    cases = [("endless", n, s) for n, s in ENDLESS.items()] + [("hungry", n, s) for n, s in HUNGRY.items()]
    cases += [("refused", n, s) for n, (s, _) in REFUSED.items()] + [("quick", n, s) for n, s in QUICK.items()]
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for kind, name, r in pool.map(run_case, cases):
            what = f"{kind}: {name}: ends with {r.code} after {r.seconds:.1f} s:"
            if not check(r.manifest() is not None, what, "no manifest", r.err):
                continue
            if kind == "endless":
                check(r.code == 4 and "endless loop" in r.err or r.code == 4 and "budget" in r.err, what, r.err)
                check("went on" not in r.out, what, "code went on behind the loop")
            elif kind == "hungry":
                check(r.code == 4 and "memory" in r.err, what, r.err)
            elif kind == "refused":
                check(r.code == 2 and REFUSED[name][1] in r.err, what, r.err)
                check("s.lua:" in r.err or "binary" in r.err, what, "no line is shown:", r.err)
            else:
                check(r.code == 0, what, r.err)
            check(r.manifest()["result"] == {0: "done", 2: "script error", 4: "limit reached"}.get(r.code), what,
                  r.manifest()["result"])


# ---- the same in each run ----

STABLE = """
local t = { 10, 20, 30, x = 1, y = 2, [1.5] = 3, [true] = 4, [false] = 5, [-7] = 6 }
for i = 1, 50 do t["key" .. i * 7919 % 50] = i end
local objects = {}
for i = 1, 20 do objects[{}] = i objects[function() end] = i objects[coroutine.create(print)] = i end
for k, v in pairs(t) do io.write(tostring(k), "=", v, " ") end print()
for k, v in pairs(objects) do io.write(v, " ") end print()
local k, v = next(t)
while k ~= nil do io.write(tostring(k), " ") k, v = next(t, k) end print()
print({}, print, coroutine.create(print), t, objects, io.stdout, string.format("%s", {}))
print(pcall(error, {}))
print(select(2, pcall(function() local x = {} + 1 end)), select(2, pcall(string.rep)))
for i = 1, 10 do io.write(math.random(1000), " ", math.random(), " ") end print()
math.randomseed(1) print(math.random(0), os.time(), os.clock(), os.getenv("HOME"))
print(collectgarbage("count"))
"""


def test_stable():
    def once(i):
        return run(f"stable{i}", STABLE, *(["--seed", "2"] if i == 20 else []))
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        results = list(pool.map(once, range(21)))
    for i, r in enumerate(results[:20]):
        check(r.code == 0, f"stable: run {i} ends with {r.code}", r.err)
        check(r.text() == results[0].text(), f"stable: run {i} prints something else:\n", r.text(), results[0].text())
    a, b = results[0].text().split("\n"), results[20].text().split("\n")
    differ = [x for x, y in zip(a, b) if x != y]
    check(len(differ) == 2 and re.match(r"\d+ 0\.\d+ ", differ[0]), "another seed: other lines than random ones differ",
          differ)
    check(not re.search(r"0x\w{6}", results[0].text()), "an address is shown:", results[0].text())
    first = results[0].text().split("\n")[0]
    check(first.startswith("-7=6 1=10 1.5=3 2=20 3=30 key0="), "order of pairs:", first)


# ---- how errors are told ----

def test_errors():
    r = run("syntax", "local x = 1\nlocal y = = 2\n")
    check(r.code == 2 and "s.lua:2:" in r.err, "syntax error:", r.err)
    r = run("runtime", "\n\nerror('boom')")
    check(r.code == 2 and "s.lua:3: boom" in r.err and "traceback" in r.err, "error of a scenario:", r.err)
    for value in ("{}", "nil", "setmetatable({}, { __tostring = function() return 'told' end })"):
        r = run("value", f"error({value})")
        check(r.code == 2 and r.manifest(), f"error({value}) ends with {r.code}", r.err)
    r = run("program", NET + "server:run('prog', function()\n  sim.sleep('3ms')\n  local x = nil + 1\nend)\nsim.run()")
    check(r.code == 2 and f"s.lua:{NET_LINES + 3}:" in r.err and "server" in r.err and "prog" in r.err,
          "error of a program:", r.err)
    r = run("file", NET + "client:exec('bad.lua')\nsim.run()", files={"bad.lua": "\nlocal a = x.y\n"})
    check(r.code == 2 and "bad.lua:2:" in r.err and "host client" in r.err, "error of a program file:", r.err)
    r = run("file2", NET + "client:exec('bad.lua')\nsim.run()", files={"bad.lua": "\nlocal a = = 1\n"})
    check(r.code == 2 and "bad.lua:2:" in r.err, "syntax error of a program file:", r.err)
    r = run("file3", NET + "client:exec('none.lua')\nsim.run()")
    check(r.code == 2 and "none.lua" in r.err, "a program file that is not there:", r.err)
    r = run("module", "require 'm'", files={"m.lua": "\n\nbad code"})
    check(r.code == 2 and "m.lua:3:" in r.err, "syntax error of a module:", r.err)

    r = run("assert", NET + "client:run(function()\n  sim.sleep('5ms')\n  sim.assert(1 == 2, 'not so')\nend)\n"
                            "sim.run()\nprint('went on')")
    check(r.code == 1 and f"s.lua:{NET_LINES + 3}:" in r.err and "0.005000000 s" in r.err and "host client" in r.err
          and "not so" in r.err and "went on" not in r.out, "sim.assert in a program:", r.err)
    check(r.manifest()["result"] == "assertion failed", "sim.assert:", r.manifest())
    r = run("equal", "local sim = require 'sim'\nsim.equal(1, 1)\nsim.equal('a', 'a')\nsim.equal({1}, 5, 'words')")
    check(r.code == 1 and "s.lua:4:" in r.err and "words: have table#1, expected 5" in r.err, "sim.equal:", r.err)
    r = run("pcall", "local sim = require 'sim'\nwhile true do pcall(sim.assert, false) end")
    check(r.code == 1, f"an assertion in pcall ends with {r.code}", r.err)
    r = run("assert ok", "local sim = require 'sim'\nassert(sim.assert(5) == 5)")
    check(r.code == 0, "sim.assert of something true", r.err)

    r = run("deadlock", NET + """
client:run("waiter", function()
  local fd = S.socket(S.AF_INET, S.SOCK_STREAM, 0)
  S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 5 })
  S.listen(fd, 1)
  S.accept(fd)
end)
server:run("d", function()
  local fd = S.socket(S.AF_INET, S.SOCK_STREAM, 0)
  S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 5 })
  S.listen(fd, 1)
  S.accept(fd)
end):daemon()
sim.run()
""")
    check(r.code == 1 and "deadlock" in r.err, f"deadlock ends with {r.code}", r.err)
    check(re.search(rf"client: waiter waits in accept at s\.lua:{NET_LINES + 6}\n", r.err), "deadlock:", r.err)
    check("server" not in r.err, "deadlock tells of a daemon:", r.err)


def usage(*args, want=2, word=""):
    p = subprocess.run([WIREPATH, *args], cwd=tmp, capture_output=True, text=True, timeout=TIMEOUT)
    check(p.returncode == want and word in p.stderr + p.stdout, f"{args} ends with {p.returncode}:", p.stderr)


def test_usage():
    scenario("u", "print(require('sim').param('n', 5) + 1)")
    s = "u/s.lua"
    usage("run", s, "--nonsense", word="--nonsense")
    usage("run", word="missing")
    usage("run", "none.lua", word="none.lua")
    usage("run", s, "extra", word="extra")
    usage("run", s, "--seed", word="--seed")
    usage("run", s, "--seed", "x", word="'x'")
    usage("run", s, "--seed=-1", word="'-1'")
    usage("run", s, "--set", "novalue", word="novalue")
    usage("run", s, "--until", "soon", word="soon")
    usage("run", s, "--pace", "0", word="--pace")
    usage("run", s, "--pace", "-1", word="--pace")
    usage("run", s, "--trace", "what=x", word="what=x")
    usage("run", s, "--trace", "layer=nosuch", word="there are application,")
    usage("run", s, "--trace", "fn=nosuch*", word="nosuch")
    usage("run", s, "--trace", "host=nosuch", word="no host of the scenario matches host=nosuch")
    usage("run", s, "--trace", "fn=x", "--no-trace", word="exclude")
    usage("run", s, "--profile", "none", word="none")
    usage("run", s, "-o", "/proc/nothing/here", word="/proc/nothing")
    usage("run", "u", word="u")
    usage("fly", word="fly")
    usage()
    usage("--help", want=0, word="usage")
    for cmd in ("run", "chart", "export", "digest", "diff", "nic"):
        usage(cmd, "--help", want=0, word=f"wirepath {cmd}")
    usage("digest", "u", word="not a run folder")
    usage("run", s, "-o", "u/run", "--set", "n=abc", word="number")
    usage("run", s, "-o", "u/run", "--set", "n=41", want=0, word="42\n")
    usage("run", s, "-o", "u/run", want=0, word="6\n")


# ---- time, signals, the real machine ----

TALK = NET + """
server:run(function()
  local fd = S.socket(S.AF_INET, S.SOCK_STREAM, 0)
  S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 5 })
  S.listen(fd, 1)
  local conn = S.accept(fd)
  while true do unistd.read(conn, 100) end
end)
client:run(function()
  sim.sleep("1ms")
  local fd = S.socket(S.AF_INET, S.SOCK_STREAM, 0)
  S.connect(fd, { family = S.AF_INET, addr = "10.0.2.2", port = 5 })
  while true do
    unistd.write(fd, "tick")
    print("tick")
    sim.sleep("10ms")
  end
end)
print("ready") io.stdout:flush()
sim.run()
"""


def whole(folder, what):
    """The run folder is complete: manifest, captures and trace can be read."""
    check((folder / "run/manifest.json").exists(), what, "no manifest")
    captures = sorted((folder / "run").glob("*.pcapng"))
    check(len(captures) == 2, what, f"{len(captures)} captures")
    for c in captures:
        if shutil.which("tshark"):
            p = subprocess.run(["tshark", "-r", c], capture_output=True, text=True, timeout=TIMEOUT)
            check(p.returncode == 0 and "cut short" not in p.stderr and p.stdout.count("TCP") > 5, what, c, p.stderr)
    p = subprocess.run([WIREPATH, "export", folder / "run", "--format", "folded"], capture_output=True, text=True,
                       timeout=TIMEOUT)
    check(p.returncode == 0 and "cut off" not in p.stderr and "sys_write" in p.stdout, what, "trace:", p.stderr)
    ticks = (folder / "run/client.client.out").read_text()
    check(ticks and not ticks.replace("tick\n", ""), what, "output of the program:", ticks[:50])


def test_time():
    r = run("until", TALK, "--until", "200ms", "--pcap")
    check(r.code == 0 and r.manifest()["time_ns"] == 200000000, "--until:", r.code, r.err, r.manifest())
    check(r.manifest()["until_ns"] == 200000000, "--until in the manifest:", r.manifest())
    whole(r.folder, "--until:")
    r2 = run("until2", TALK, "--until", "200ms", "--no-trace", "--pace", "1")
    check(r2.manifest()["digest_run"] == r.manifest()["digest_run"], "--pace and --no-trace change the digest")
    check(0.18 <= r2.seconds < 2, f"--pace 1: 0.2 s take {r2.seconds:.2f} s")
    r3 = run("until3", TALK, "--until", "200ms", "--no-trace", "--pace", "0.5")
    check(0.37 <= r3.seconds < 2.5, f"--pace 0.5: 0.2 s take {r3.seconds:.2f} s")
    r = run("runs", NET + "assert(sim.run('5ms') == 'until' and sim.now == 5000000)\nassert(sim.run(0.001) == 'until')\n"
                          "assert(sim.now == 6000000 and sim.run() == 'idle')")
    check(r.code == 0, "sim.run with durations:", r.err)


def start(folder, *args):
    p = subprocess.Popen([WIREPATH, "run", "s.lua", "-o", "run", *args], cwd=folder, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    return p


def end(p, nr, what):
    p.send_signal(nr)
    try:
        out, err = p.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        p.kill()
        check(False, what, "does not end")
        return p.communicate()
    return out, err


def test_signals():
    for nr, name in ((signal.SIGINT, "SIGINT"), (signal.SIGTERM, "SIGTERM")):
        folder = scenario(name, TALK)
        p = start(folder, "--pcap")
        time.sleep(.6)
        check(p.poll() is None, name, "the run has ended already")
        _, err = end(p, nr, name)
        check(p.returncode == 128 + nr, f"{name}: ends with {p.returncode}", err)
        manifest = json.loads((folder / "run/manifest.json").read_text())
        check(manifest["result"] == "interrupted" and manifest["time_ns"] > 100000000, name, manifest)
        whole(folder, name + ":")
    folder = scenario("paced", TALK)
    p = start(folder, "--pace", "0.001")
    time.sleep(.4)
    began = time.monotonic()
    end(p, signal.SIGINT, "SIGINT while pacing:")
    check(time.monotonic() - began < 5, "SIGINT while pacing is not heard")
    folder = scenario("script", "local n = 0 while true do n = n + 1 if n % 1e6 == 0 then collectgarbage() end end")
    p = start(folder)
    time.sleep(.15)
    end(p, signal.SIGINT, "SIGINT while the scenario computes:")


def wait_for(cond):
    for _ in range(200):
        if cond():
            return True
        time.sleep(.05)
    return False


def test_watch():
    folder = scenario("watch", "print(require('m'))", {"m.lua": "return 'first'"})
    out, err = folder / "out", folder / "err"
    with out.open("w") as o, err.open("w") as e:
        p = subprocess.Popen([WIREPATH, "run", "s.lua", "-o", "run", "--watch"], cwd=folder, stdout=o, stderr=e)
    try:
        check(wait_for(lambda: "watching" in err.read_text()), "--watch: does not say that it watches")
        time.sleep(1.1)  # a file's time must change, and some file systems count in seconds
        (folder / "m.lua").write_text("return 'second time'")
        check(wait_for(lambda: err.read_text().count("watching") == 2), "--watch: a change of a module starts no run")
        p.send_signal(signal.SIGINT)
        check(wait_for(lambda: p.poll() is not None), "--watch: SIGINT does not end it")
    finally:
        if p.poll() is None:
            p.kill()
        p.wait()
    check(p.returncode == 0, f"--watch: ends with {p.returncode}")
    text = out.read_text()
    check(text.startswith("first\n") and "\nsecond time\n" in text, "--watch: output", text)


def main():
    global tmp
    with tempfile.TemporaryDirectory() as name:
        tmp = Path(name)
        for test in (test_cases, test_stable, test_errors, test_usage, test_time, test_signals, test_watch):
            began = time.monotonic()
            test()
            print(f"{test.__name__}: {time.monotonic() - began:.1f} s")
    print(f"{failures} failures")
    return 1 if failures else 0


sys.exit(main())
