-- Path MTU discovery: the second of two links takes 1400 bytes only. The router says so (ICMP "fragmentation
-- needed"), the client cuts its segments anew, and remembers the path for ten minutes. Then the router is
-- silent (a black hole): large segments vanish, until probing (tcp_mtu_probing) finds a size that goes through.
--
--   client 10.0.1.10 --- [router] --- mtu 1400 --- 10.0.2.2 server
--
-- Run it:  ./wirepath run scenarios/pmtu_blackhole.lua --pcap
-- Then:    ./wirepath chart runs/pmtu_blackhole --host client --call tcp_v4_err

local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"

local BYTES = sim.param("bytes", 50000)

local net = sim.network()
local client = net:host("client", { addr = "10.0.1.10/24", gw = "10.0.1.1" })
local router = net:host("router", { addr = { "10.0.1.1/24", "10.0.2.1/24" } })
local server = net:host("server", { addr = "10.0.2.2/24", gw = "10.0.2.1" })
local first = net:link(client, "router:eth0", { rate = "100Mbit", delay = "100us" })
net:link("router:eth1", server, { rate = "100Mbit", delay = "100us" })

router:sh("sysctl -w net.ipv4.ip_forward=1")
router:sh("ip link set eth1 mtu 1400")

server:run("server", function()
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  assert(S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 5000 }))
  assert(S.listen(fd, 1))
  for _ = 1, 2 do
    local conn = S.accept(fd)
    local total = 0
    while true do
      local data = assert(unistd.read(conn, 65536))
      if data == "" then break end
      total = total + #data
    end
    sim.equal(total, BYTES, "every byte arrives")
    unistd.close(conn)
  end
  unistd.close(fd)
end)

-- Sends everything; how long it took in virtual time.
local function send()
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  local started = sim.now
  assert(S.connect(fd, { family = S.AF_INET, addr = "10.0.2.2", port = 5000 }))
  local data = string.rep("x", BYTES)
  while #data > 0 do
    data = data:sub(assert(unistd.write(fd, data)) + 1)
  end
  S.shutdown(fd, S.SHUT_WR)
  assert(unistd.read(fd, 1) == "")
  unistd.close(fd)
  return (sim.now - started) // 1000000
end

client:run("client", function()
  sim.sleep("1ms")
  local ms = send()
  print("the router tells the mtu:  " .. ms .. " ms")
  sim.assert(ms < 500, "one round trip more, no timer")

  -- The path is forgotten after ten minutes. From then on the router's messages get lost.
  sim.sleep("601s")
  first:drop(1000, { from = router, match = function(frame)
    return frame:byte(24) == 1 -- the protocol is ICMP
  end })
  client:sh("sysctl -w net.ipv4.tcp_mtu_probing=1")
  ms = send()
  print("the router's word is lost: " .. ms .. " ms")
  sim.assert(ms > 1000, "several timeouts before the client suspects a black hole")
end)

sim.run()
