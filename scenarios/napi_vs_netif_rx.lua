-- Two ways in for a received packet. Both hosts get the same burst from four senders at once.
--
--   napi: an FTGMAC100. The first frame's interrupt switches receive interrupts off and schedules the driver's poll, which
--         takes frames as long as there are any (ftgmac100_interrupt, then net_rx_action > napi_poll > ftgmac100_poll).
--   old:  a PIO card, and a driver as before NAPI. Each frame interrupts, the handler itself copies it out of the card
--         and leaves it to netif_rx(); the softirq works the backlog off (net_rx_action > napi_poll > process_backlog).
--
-- Functions take the time of an AST2500 here: with a CPU that takes no time there would be no burst to handle.
--
-- Run it:  ./wirepath run scenarios/napi_vs_netif_rx.lua
-- Charts:  ./wirepath chart runs/napi_vs_netif_rx --host napi --call net_rx_action
--          ./wirepath chart runs/napi_vs_netif_rx --host old --call pio_interrupt
--          ./wirepath chart runs/napi_vs_netif_rx --host old --call net_rx_action
-- Count interrupts:  ./wirepath export runs/napi_vs_netif_rx --format folded | grep -c ftgmac100_interrupt

local sim = require "sim"
local S = require "posix.sys.socket"
local poll = require "posix.poll"

sim.profile("ast2500")
local each = sim.param("each", 40) -- datagrams that a sender sends to each of the two

local net = sim.network()
local napi = net:host("napi", { addr = "10.0.2.1/24" })
local old = net:host("old", { addr = "10.0.2.2/24", card = "pio" })
local sw = net:switch("sw")
sw:connect(napi, old, { rate = "100Mbit", delay = "20us" })

local function address(addr, port)
  return { family = S.AF_INET, addr = addr, port = port }
end

-- Counts what arrives until half a second passes without a datagram.
local got = {}
for _, host in ipairs { napi, old } do
  host:run("receiver", function()
    local fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, 0))
    assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVBUF, 1000000))
    assert(S.bind(fd, address("0.0.0.0", 9)))
    local n, first, last = 0, nil, nil
    while poll.rpoll(fd, n == 0 and -1 or 500) == 1 do
      assert(S.recv(fd, 100))
      n, first, last = n + 1, first or sim.now, sim.now
    end
    got[host.name] = n
    print(string.format("%d of %d datagrams, read within %.2f ms", n, 4 * each, (last - first) / 1e6))
  end)
end

for i = 1, 4 do
  local sender = net:host("s" .. i, { addr = "10.0.2." .. 10 + i .. "/24" })
  sw:connect(sender, { rate = "100Mbit", delay = "20us" })
  sender:run("sender", function()
    local fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, 0))
    local targets = { "10.0.2.1", "10.0.2.2" }
    for _, addr in ipairs(targets) do assert(S.sendto(fd, "first", address(addr, 9))) end -- ARP, ahead of the burst
    for _, addr in ipairs(targets) do
      sim.sleep("200ms")
      for _ = 2, each do assert(S.sendto(fd, ("x"):rep(64), address(addr, 9))) end
    end
  end)
end

sim.chart("pio_interrupt", { host = "old", nth = 8, style = "outline" })
sim.chart("net_rx_action", { host = "napi", nth = 2, style = "outline" })
sim.run()
sim.equal(got.napi, 4 * each, "nothing is lost with NAPI")
sim.assert(got.old > 0, "the old card receives")
