-- The programs behind the golden traces of UDP (see their README), to be compared by compare.py.
-- usage: wirepath run tests/golden/udp_kinds.lua --set kind=udp [--set PARAMETER=…]…
--
-- Parameters and rounds: as in kinds.lua.

local sim = require "sim"
local S = require "posix.sys.socket"
local U = require "posix.unistd"

local KIND = sim.param("kind", "udp")
local NAP = sim.param("nap", "0")
local ROUNDS = 2

local net = sim.network()
local client = net:host("client", { addr = "10.0.0.1/24" })
local server = net:host("server", { addr = "10.0.0.2/24" })
net:link(client, server, { delay = sim.param("delay", "2ms"), rate = sim.param("rate", "100Mbit") })

local IP_RECVERR = 11 -- at level IPPROTO_IP
local SO_RCVBUFFORCE = 33

local function rounds(host, name, fn)
  host:run(name, function()
    for _ = 1, ROUNDS do
      fn()
      sim.sleep("2s")
    end
    sim.sleep(sim.param("tail", "0"))
  end)
end

local function socket()
  return assert(S.socket(S.AF_INET, S.SOCK_DGRAM, 0))
end

local function receive(call, fd, n)
  if NAP ~= "0" then sim.sleep(NAP) end
  return call(fd, n)
end

local function to(addr, port)
  return { family = S.AF_INET, addr = addr, port = port or 5000 }
end

-- A server that receives one datagram and may send it back, and a client that starts a little after it is bound.
local function pair(addr, n, reply, host)
  local bound = false
  rounds(host or server, "server", function()
    local fd = socket()
    assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 5, 0))
    assert(S.bind(fd, to("0.0.0.0")))
    bound = true
    local data, from = receive(S.recvfrom, fd, 4000)
    bound = false
    if reply then S.sendto(fd, data, from) end
    U.close(fd)
  end)
  rounds(client, "client", function()
    repeat sim.sleep("100ms") until bound
    local fd = socket()
    assert(S.sendto(fd, ("u"):rep(n), to(addr)))
    if reply then receive(S.recvfrom, fd, 4000) else sim.sleep("300ms") end
    U.close(fd)
  end)
end

-- Connected, to where nobody answers: what does recv() say?
local function refused(addr, recverr)
  rounds(client, "client", function()
    local fd = socket()
    if recverr then assert(S.setsockopt(fd, S.IPPROTO_IP, IP_RECVERR, 1)) end
    assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 5, 0))
    assert(S.connect(fd, to(addr, 9)))
    S.send(fd, ("u"):rep(100))
    receive(S.recv, fd, 100)
    U.close(fd)
  end)
end

local kinds = {}

function kinds.udp() pair("10.0.0.2", 100, true) end
kinds["udp-loopback"] = function() pair("127.0.0.1", 100, true, client) end
kinds["udp-fragment"] = function() pair("10.0.0.2", 4000) end
kinds["udp-refused"] = function() refused("10.0.0.2") end
kinds["arp-fail-udp"] = function() refused("10.0.0.99") end
kinds["arp-fail-udp-recverr"] = function() refused("10.0.0.99", true) end

-- To a port that nobody has, without waiting.
kinds["arp-resolve"] = function()
  rounds(client, "client", function()
    local fd = socket()
    assert(S.sendto(fd, ("u"):rep(10), to("10.0.0.2", 9)))
    sim.sleep("300ms")
    U.close(fd)
  end)
end

kinds["napi-burst"] = function()
  rounds(server, "server", function()
    local fd = socket()
    assert(S.setsockopt(fd, S.SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20))
    assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 1, 0))
    assert(S.bind(fd, to("0.0.0.0")))
    while receive(S.recv, fd, 2000) do end
    U.close(fd)
  end)
  rounds(client, "client", function()
    sim.sleep("100ms")
    local fd = socket()
    assert(S.connect(fd, to("10.0.0.2")))
    for _ = 1, 200 do S.send(fd, ("b"):rep(100)) end
    U.close(fd)
  end)
end

assert(kinds[KIND], "there is no kind " .. KIND)()
sim.run()
