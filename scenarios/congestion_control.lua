-- Congestion control measured: N senders share one bottleneck, all with the same algorithm.
--
-- Run it:  ./wirepath run scenarios/congestion_control.lua --set cc=bbr --set rate=10 --set rtt=40 --set queue=100
--            --set loss=0 --set flows=1 --set seconds=30
-- Each sender is a host behind a switch; the link from the switch to the server is the bottleneck. Printed: what
-- each flow got after the first seconds (from=5), the share of the bottleneck, Jain's index of fairness (1: all
-- equal), how many frames waited before the bottleneck, and the share of frames that got lost on the way to the server.
-- Losses that are not random: every=100 drops each 100th segment. Flows of unequal RTT: rtts=20,40,80.
-- stack/transport/CONGESTION.md compares such figures with theory.

local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"

local CC = sim.param("cc", "cubic")
local RATE = sim.param("rate", 10) -- Mbit/s
local RTTS = sim.param("rtts", "") -- ms, of each flow
local RTT = tonumber(RTTS:match("[%d.]+")) or sim.param("rtt", 40) -- ms, of the first flow or of all
local QUEUE = sim.param("queue", 50) -- frames at the bottleneck
local LOSS = sim.param("loss", 0)
local EVERY = sim.param("every", 0) -- drop each so many-th segment
local FLOWS = RTTS == "" and sim.param("flows", 2) or select(2, RTTS:gsub("[%d.]+", ""))
local SECONDS = sim.param("seconds", 15)
local FROM = sim.param("from", 5) -- seconds that are not measured: slow start

local net = sim.network()
local switch = net:switch("sw")
local server = net:host("server", { addr = "10.0.2.2/24" })
local bottleneck = switch:connect(server, { rate = RATE .. "Mbit", delay = RTT / 2 .. "ms", queue = QUEUE, loss = LOSS })
bottleneck:set({ loss = 0, from = server }) -- ACKs are safe
server:sh("sysctl -w net.ipv4.tcp_rmem='4096 131072 33554432'")

local got, warm = {}, {}
for i = 1, FLOWS do
  server:run(function()
    local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
    assert(S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 5000 + i }))
    assert(S.listen(fd, 1))
    local conn = assert(S.accept(fd))
    got[i] = 0
    while true do
      local data = unistd.read(conn, 65536)
      if not data or data == "" then break end
      got[i] = got[i] + #data
    end
  end)
end

local block = string.rep("x", 65536)
local rtt_of = RTTS:gmatch("[%d.]+")
for i = 1, FLOWS do
  local h = net:host("c" .. i, { addr = "10.0.2." .. 100 + i .. "/24" })
  local detour = (tonumber(rtt_of() or RTT) - RTT) / 2
  switch:connect(h, { rate = 10 * RATE .. "Mbit", delay = 0.05 + detour .. "ms" })
  h:sh("sysctl -w net.ipv4.tcp_congestion_control=" .. CC)
  h:sh("sysctl -w net.ipv4.tcp_wmem='4096 16384 33554432'")
  h:run(function()
    sim.sleep(i * 100 .. "ms")
    local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
    assert(S.connect(fd, { family = S.AF_INET, addr = "10.0.2.2", port = 5000 + i }))
    while unistd.write(fd, block) do end
  end)
end

if EVERY > 0 then
  local nth = 0
  bottleneck:drop(1 << 30, { match = function(bytes)
    if #bytes > 1000 then nth = nth + 1 end
    return #bytes > 1000 and nth % EVERY == 0
  end })
end

sim.run(FROM .. "s")
for i = 1, FLOWS do warm[i] = got[i] or 0 end
local before = select(2, bottleneck:stats())
local samples, waiting, longest = SECONDS * 100, 0, 0
for _ = 1, samples do
  sim.run("10ms")
  local now = select(2, bottleneck:stats()).waiting
  waiting, longest = waiting + now, math.max(longest, now)
end

local sum, squares = 0, 0
for i = 1, FLOWS do
  local mbit = ((got[i] or 0) - warm[i]) * 8 / SECONDS / 1e6
  sim.log(string.format("flow %d: %.2f Mbit/s", i, mbit))
  sum, squares = sum + mbit, squares + mbit * mbit
end
local after = select(2, bottleneck:stats())
local lost = after.lost - before.lost + after.dropped_queue - before.dropped_queue
sim.log(string.format("%s: %.2f of %d Mbit/s, Jain %.3f", CC, sum, RATE, sum * sum / (FLOWS * squares)))
sim.log(string.format("queue: mean %.1f, most %d frames; lost: %d frames, %.5f", waiting / samples, longest, lost,
  lost / (after.frames - before.frames + lost)))
sim.assert(LOSS + EVERY > 0 or sum > 0.5 * RATE * 1448 / 1538, "the flows fill more than half of a clean bottleneck")
