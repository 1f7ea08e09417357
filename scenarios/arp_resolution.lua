-- How a host finds the Ethernet address of its neighbour: with a cold cache, with a warm one, for a host that is
-- not there (connect() fails with EHOSTUNREACH after three unanswered requests, 3 s later), and for one that
-- has moved to another address.
--
-- Run it:    ./wirepath run scenarios/arp_resolution.lua --pcap
-- Charts:    ./wirepath chart runs/arp_resolution --host client --call arp_solicit
--            ./wirepath chart runs/arp_resolution --host client --call arp_process
--            ./wirepath chart runs/arp_resolution --host client --call neigh_timer_handler --nth 3

local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"
local errno = require "posix.errno"

local net = sim.network()
local client = net:host("client", { addr = "10.0.2.15/24" })
local server = net:host("server", { addr = "10.0.2.2/24" })
net:link(client, server, { rate = "100Mbit", delay = "50us" })

server:run(function()
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  assert(S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 80 }))
  assert(S.listen(fd, 8))
  for _ = 1, 3 do
    local conn = S.accept(fd)
    assert(unistd.read(conn, 10) == "")
    unistd.close(conn)
  end
  unistd.close(fd)
end)

local function connect(addr)
  local start = sim.now
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  local ok, message, code = S.connect(fd, { family = S.AF_INET, addr = addr, port = 80 })
  print(string.format("connect to %s: %s after %.3f ms", addr, ok and "done" or message, (sim.now - start) / 1e6))
  unistd.close(fd)
  return code, sim.now - start
end

client:run(function()
  sim.sleep("1ms")
  local _, cold = connect("10.0.2.2") -- asks "who has 10.0.2.2?" first
  local _, warm = connect("10.0.2.2") -- knows
  sim.assert(warm < cold, "a warm cache saves the round trip of the request")

  local code, waited = connect("10.0.2.99") -- nobody answers
  sim.equal(code, errno.EHOSTUNREACH, "the error of a neighbour that does not answer")
  sim.assert(waited >= 2.9e9 and waited < 3.2e9, "three requests, one second apart")

  sim.sleep("2s") -- meanwhile the server moves, see below
  sim.equal(connect("10.0.2.3"), nil, "the server answers at its new address")
end)

sim.at("4s", function()
  server:sh("ip addr del 10.0.2.2/24 dev eth0")
  server:sh("ip addr add 10.0.2.3/24 dev eth0")
end)

sim.run()
