-- CUBIC's window after a single loss, next to the curve of RFC 8312: W(t) = C (t - K)^3 + Wmax.
--
-- Run it:  ./wirepath run scenarios/cubic_window.lua --set rtt=200 --set from=200 --set seconds=12
--          ./wirepath plot runs/cubic_window --value snd_cwnd,snd_ssthresh --host client
-- A way so wide that no queue builds; one segment is dropped. The window at that moment is Wmax, the sender goes on with 0.7
-- of it (717/1024) and is back at Wmax after K = cbrt(0.3 Wmax / C) seconds. With a long RTT the curve lies above the line that
-- Reno would follow, so this is CUBIC proper.

local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"

local RTT = sim.param("rtt", 200) -- ms
local FROM = sim.param("from", 40) -- the segment is lost when the window has grown to so many
local SECONDS = sim.param("seconds", 7)
local C, BETA = 0.4, 717 / 1024

local net = sim.network()
local client = net:host("client", { addr = "10.0.2.15/24" })
local server = net:host("server", { addr = "10.0.2.2/24" })
local link = net:link(client, server, { rate = "1Gbit", delay = RTT / 2 .. "ms" })
client:sh("sysctl -w net.ipv4.tcp_wmem='4096 16384 33554432'")
server:sh("sysctl -w net.ipv4.tcp_rmem='4096 131072 33554432'")

server:run(function()
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  assert(S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 5001 }))
  assert(S.listen(fd, 1))
  local conn = assert(S.accept(fd))
  while #(unistd.read(conn, 1 << 20) or "") > 0 do end
end)

client:run(function()
  sim.sleep("1ms")
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  assert(S.connect(fd, { family = S.AF_INET, addr = "10.0.2.2", port = 5001 }))
  local block = string.rep("x", 65536)
  while unistd.write(fd, block) do end
end)

local function ss(name)
  return tonumber(client:sh("ss -ti"):match(" " .. name .. ":(%d+)"))
end

repeat sim.run(RTT .. "ms") until ss("cwnd") >= FROM
link:drop(1, { from = client, match = function(bytes) return #bytes > 1000 end })
local wmax
repeat
  wmax = ss("cwnd")
  sim.run("1ms")
until ss("ssthresh")
sim.equal(ss("ssthresh"), math.floor(wmax * BETA), "the threshold is 0.7 of the window")

-- while the loss is repaired the window comes down; the curve begins where it leaves the threshold
while ss("cwnd") > ss("ssthresh") do sim.run("1ms") end
while ss("cwnd") <= ss("ssthresh") do sim.run("1ms") end
local start = sim.now
local k = (wmax * (1 - BETA) / C) ^ (1 / 3)
sim.log(string.format("Wmax %d, K %.2f s", wmax, k))
for t = 1, SECONDS do
  sim.run(start + t * 1000000000 - sim.now .. "ns")
  local curve, reno = C * (t - k) ^ 3 + wmax, BETA * wmax + 3 * (1 - BETA) / (1 + BETA) * t / (RTT / 1000)
  local cwnd = ss("cwnd")
  sim.log(string.format("t = %2d s: window %3d, curve %5.1f (Reno's line %5.1f)", t, cwnd, curve, reno))
  sim.assert(math.abs(cwnd - math.max(curve, reno)) <= 2 + curve / 200, "the window follows the curve")
end
