-- Congestion marks instead of losses: N flows through a router that marks packets which waited for longer than a threshold.
--
-- Run it:  ./wirepath run scenarios/ecn_marking.lua --set cc=dctcp --set flows=2 --set rate=10 --set rtt=40 --set mark=25ms
-- The router's queue is fq with all forwarded packets in one flow: a FIFO that marks. A DCTCP sender takes of its window what
-- the share of marked packets (alpha) says, so the queue stays near the threshold and nothing is lost; Reno and CUBIC with
-- ECN (cc=reno) halve it once a round trip. The router's card holds some frames too: its ring is made as small as can be.
-- stack/transport/CONGESTION.md compares the figures with theory.

local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"

local CC = sim.param("cc", "dctcp")
local RATE = sim.param("rate", 10) -- Mbit/s
local RTT = sim.param("rtt", 40) -- ms
local MARK = sim.param("mark", "25ms")
local FLOWS = sim.param("flows", 2)
local SECONDS = sim.param("seconds", 5)
local FROM = sim.param("from", 5) -- seconds that are not measured: the flows settle

local net = sim.network()
local switch = net:switch("sw")
local router = net:host("router", { addr = { "10.0.1.1/24", "10.0.2.1/24" } })
local server = net:host("server", { addr = "10.0.2.2/24", gw = "10.0.2.1" })
switch:connect(router, { rate = 10 * RATE .. "Mbit", delay = "20us" })
net:link(router, server, { rate = RATE .. "Mbit", delay = RTT / 2 .. "ms" })
router:sh("sysctl -w net.ipv4.ip_forward=1")
router:sh("ethtool -G eth1 tx 32")
router:sh("tc qdisc replace dev eth1 root fq orphan_mask 0 flow_limit 1000 ce_threshold " .. MARK)

local function host_uses(host)
  host:sh("sysctl -w net.ipv4.tcp_congestion_control=" .. CC)
  host:sh("sysctl -w net.ipv4.tcp_ecn=1")
end

host_uses(server)
local got = {}
for i = 1, FLOWS do
  server:run(function()
    local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
    assert(S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 5000 + i }))
    assert(S.listen(fd, 1))
    local conn = assert(S.accept(fd))
    got[i] = 0
    repeat
      local data = unistd.read(conn, 65536)
      got[i] = got[i] + #(data or "")
    until not data or data == ""
  end)
end

local block = string.rep("x", 65536)
local senders = {}
for i = 1, FLOWS do
  local h = net:host("c" .. i, { addr = "10.0.1." .. 100 + i .. "/24", gw = "10.0.1.1" })
  senders[i] = h
  switch:connect(h, { rate = 10 * RATE .. "Mbit", delay = "20us" })
  host_uses(h)
  h:run(function()
    sim.sleep(10 * i .. "ms")
    local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
    assert(S.connect(fd, { family = S.AF_INET, addr = "10.0.2.2", port = 5000 + i }))
    while unistd.write(fd, block) do end
  end)
end

sim.run(FROM .. "s")
local warm = { table.unpack(got) }
local samples, waiting, most, least, alpha = SECONDS * 200, 0, 0, math.huge, 0
for _ = 1, samples do
  sim.run("5ms")
  local packets = tonumber(router:sh("tc -s qdisc show dev eth1"):match("backlog %d+b (%d+)p"))
  waiting, most, least = waiting + packets, math.max(most, packets), math.min(least, packets)
  for _, h in ipairs(senders) do
    alpha = alpha + (tonumber(h:sh("ss -ti"):match("alpha:(%d+)")) or 0) / 1024 / FLOWS / samples
  end
end

local sum, squares = 0, 0
for i = 1, FLOWS do
  local mbit = (got[i] - warm[i]) * 8 / SECONDS / 1e6
  sum, squares = sum + mbit, squares + mbit * mbit
end
local stats = router:sh("tc -s qdisc show dev eth1")
sim.log(string.format("%s: %.2f of %d Mbit/s, Jain %.3f", CC, sum, RATE, sum * sum / (FLOWS * squares)))
sim.log(string.format("queue: mean %.1f, %d to %d packets; alpha: %.3f; marked: %s, dropped: %s", waiting / samples, least, most,
  alpha, stats:match("ce_mark (%d+)") or 0, stats:match("dropped (%d+)")))
sim.assert(stats:match("dropped (%d+)") == "0", "marks, no losses")
