-- Datagrams that get lost in every way: on wires, in queues, at a router, at a host, at a socket. None may vanish
-- without a word: what was sent and doubled is what came and was dropped. Prints these numbers; the drops are in
-- the trace (test_routing.py adds them up). No answers, no ARP: every drop is one of the datagrams.
local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"

local net = sim.network()
local a = net:host("a", { addr = "10.0.1.10/24", gw = "10.0.1.1" })
local r = net:host("r", { addr = { "10.0.1.1/24", "10.0.2.1/24" } })
local b = net:host("b", { addr = "10.0.2.2/24", gw = "10.0.2.1" })
local wires = {
  net:link(a, "r:eth0", { delay = "100us", loss = 0.01, corrupt = 0.02, duplicate = 0.02, queue = 20, rate = "50Mbit" }),
  net:link("r:eth1", b, { delay = "1ms", loss = 0.01, corrupt = 0.05, corrupt_fcs_ok = true, duplicate = 0.02,
                          reorder = 0.05, reorder_delay = "3ms", rate = "10Mbit" }),
}
local function know(host, dev, addr, owner, owners_dev)
  local mac = owner:sh("ip link show " .. owners_dev):match("link/ether (%S+)")
  host:sh(("ip neigh add %s lladdr %s dev %s nud permanent"):format(addr, mac, dev))
end
know(a, "eth0", "10.0.1.1", r, "eth0")
know(r, "eth1", "10.0.2.2", b, "eth0")
r:sh("sysctl -w net.ipv4.ip_forward=1")
r:sh("tc qdisc replace dev eth1 root pfifo limit 30")
r:sh("iptables -A FORWARD -p udp --dport 666 -j DROP")
r:sh("ip route add blackhole 10.9.0.0/16")
local sent, came = 0, 0
b:run("sink", function()
  local fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, 0))
  assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVBUF, 20000))
  assert(S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 7 }))
  for _ = 1, 200 do
    sim.sleep("20ms")
    while true do
      local data = S.recv(fd, 2000, S.MSG_DONTWAIT)
      if not data then break end
      came = came + 1
    end
  end
  unistd.close(fd)
end)
a:run("source", function()
  local fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, 0))
  local function send(addr, port, size)
    if S.sendto(fd, ("x"):rep(size), { family = S.AF_INET, addr = addr, port = port }) then sent = sent + 1 end
  end
  for i = 1, 1500 do
    send("10.0.2.2", i % 50 == 0 and 666 or 7, 20 + i * 37 % 1400)
    if i % 100 == 0 then send("10.9.0.1", 7, 100) end
    if i % 3 == 0 then sim.sleep("1ms") end
  end
end)
sim.run()
local doubled = 0
for _, wire in ipairs(wires) do
  for _, way in ipairs { wire:stats() } do doubled = doubled + way.duplicated end
end
print(("sent %d doubled %d came %d"):format(sent, doubled, came))
