-- The programs behind the golden traces (see their README), to be compared by compare.py.
-- usage: wirepath run tests/golden/kinds.lua --set kind=tcp [--set PARAMETER=…]…
--
-- Each kind runs twice on the same two hosts: the second time the routes are known, as in golden.
--   rate, delay  of the link
--   nap          how long a reader sleeps before each read
--   tail         how long the hosts are watched afterwards: timers in the background (TIME_WAIT, the
--                watchdog, ageing) show themselves then

local sim = require "sim"
local S = require "posix.sys.socket"
local U = require "posix.unistd"
local P = require "posix.poll"

local KIND = sim.param("kind", "tcp")
local NAP = sim.param("nap", "0")
local ROUNDS = 2

local net = sim.network()
local client = net:host("client", { addr = "10.0.0.1/24" })
local server = net:host("server", { addr = "10.0.0.2/24" })
local link = net:link(client, server, { delay = sim.param("delay", "2ms"), rate = sim.param("rate", "100Mbit") })

local function rounds(host, name, fn)
  host:run(name, function()
    for n = 1, ROUNDS do
      fn(n)
      sim.sleep("2s")
    end
    sim.sleep(sim.param("tail", "0"))
  end)
end

local function read(fd, n)
  if NAP ~= "0" then sim.sleep(NAP) end
  return assert(U.read(fd, n))
end

-- Reads until the end of the stream, as the golden server does.
local function drain(fd)
  repeat until read(fd, 65536) == ""
end

local function connect(addr, synretries)
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  if synretries then
    assert(S.setsockopt(fd, S.IPPROTO_TCP, S.TCP_SYNCNT, synretries))
  else
    assert(S.setsockopt(fd, S.IPPROTO_TCP, S.TCP_NODELAY, 1))
  end
  S.connect(fd, { family = S.AF_INET, addr = addr, port = 5000 })
  return fd
end

-- A server for one connection, and a client that starts a little after it listens.
local function pair(serve, use, host)
  local listening = false
  rounds(host or server, "server", function()
    local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
    assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_REUSEADDR, 1))
    assert(S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 5000 }))
    assert(S.listen(fd, 8))
    listening = true
    local conn = assert(S.accept(fd))
    listening = false
    serve(conn)
    U.close(conn)
    U.close(fd)
  end)
  rounds(client, "client", function()
    repeat sim.sleep("100ms") until listening
    use()
  end)
end

-- The main one: 100 bytes, 50 back, 5000, the end.
local function talk(addr, host)
  pair(function(conn)
    read(conn, 100)
    sim.sleep("20ms")
    U.write(conn, ("s"):rep(50))
    local left = 5000
    while left > 0 do left = left - #read(conn, left) end
    read(conn, 100)
  end, function()
    local fd = connect(addr)
    U.write(fd, ("c"):rep(100))
    read(fd, 50)
    U.write(fd, ("d"):rep(5000))
    sim.sleep("300ms")
    U.close(fd)
  end, host)
end

-- One write of `bytes` after 200 ms, the reader drains.
local function transfer(bytes)
  pair(drain, function()
    local fd = connect("10.0.0.2")
    sim.sleep("200ms")
    U.write(fd, ("x"):rep(bytes))
    sim.sleep("3s")
    U.close(fd)
  end)
end

-- Loses segments with data of the client (longer than a bare header) for which choose(n) holds, n counted from 1.
local function lose(choose)
  local n = 0
  link:drop(1000, { from = client, match = function(f)
    n = n + (#f > 90 and 1 or 0)
    return #f > 90 and choose(n)
  end })
end

local kinds = {}

kinds["tcp"] = function() talk("10.0.0.2") end

kinds["tcp-loopback"] = function() talk("127.0.0.1", client) end

local function attempt(addr)
  rounds(client, "client", function() U.close(connect(addr, 2)) end)
end

kinds["tcp-refused"] = function() attempt("10.0.0.2") end

kinds["arp-fail-tcp"] = function() attempt("10.0.0.99") end

kinds["tcp-syn-retransmit"] = function()
  link:drop(1000, { from = client, match = function(f) return f:byte(13) == 8 and f:byte(14) == 0 end })
  attempt("10.0.0.2")
end

kinds["tcp-rto"] = function()
  transfer(100)
  lose(function(n) return n <= 4 end)
end

kinds["tcp-fast-retransmit"] = function()
  transfer(20000)
  lose(function(n) return n == 4 end)
end

kinds["tcp-bulk"] = function() transfer(60000) end

kinds["tcp-zero-window"] = function()
  pair(function(conn)
    sim.sleep("1500ms")
    drain(conn)
  end, function()
    local fd = connect("10.0.0.2")
    U.write(fd, ("z"):rep(sim.param("bytes", 400000)))
    U.close(fd)
  end)
end

kinds["tcp-nonblock"] = function()
  pair(function(conn)
    U.write(conn, read(conn, 100))
    read(conn, 100)
  end, function()
    local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM | S.SOCK_NONBLOCK, 0))
    S.connect(fd, { family = S.AF_INET, addr = "10.0.0.2", port = 5000 })
    P.poll({ [fd] = { events = { OUT = true } } }, 1000)
    S.getsockopt(fd, S.SOL_SOCKET, S.SO_ERROR)
    S.send(fd, ("n"):rep(10))
    S.recv(fd, 100)
    P.poll({ [fd] = { events = { IN = true } } }, 1000)
    S.recv(fd, 100)
    U.close(fd)
  end)
end

assert(kinds[KIND], "there is no kind " .. KIND)()
sim.run()
