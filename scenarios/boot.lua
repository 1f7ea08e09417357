-- A host boots: the address families register, the driver finds its card and PHY, the interface comes up, gets its
-- address and routes; then the commands that people look at first, and a cable that is pulled and plugged in again.
--
-- Run it:  ./wirepath run scenarios/boot.lua
-- Then:    ./wirepath chart runs/boot --host romulus --call inet_init --style outline
--          ./wirepath chart runs/boot --host romulus --call ftgmac100_probe
--          ./wirepath chart runs/boot --host romulus --call fib_inetaddr_event

local sim = require "sim"

local net = sim.network()
-- The addresses of the documents. The default route and those to the gateway and the name server have a metric, as
-- systemd-networkd gives it.
local romulus = net:host("romulus", { addr = "10.0.2.15/24" })
local gateway = net:host("gateway", { addr = "10.0.2.2/24" })
local cable = net:link(romulus, gateway)

for _, route in ipairs { "default via 10.0.2.2 src 10.0.2.15", "10.0.2.2 dev eth0", "10.0.2.3 dev eth0" } do
  romulus:sh("ip route add " .. route .. " metric 1024")
end

-- What somebody types on the console.
local function type_in(...)
  for _, line in ipairs { ... } do
    print("root@romulus:~# " .. line)
    io.write((romulus:sh(line)))
  end
end

romulus:run("console", function()
  type_in("dmesg | grep family", "dmesg", "ip -br link", "ip addr", "ethtool eth0", "cat /proc/net/route", "route")

  print("-- traffic, and what it left behind")
  type_in("ping -c 2 gateway", "arp -an", "ip -s link show eth0", "cat /proc/interrupts", "netstat -s")

  print("-- the cable is pulled: the PHY is asked once a second")
  cable:down()
  sim.sleep("2s")
  type_in("ip link show eth0", "ip route")
  local out, status = romulus:sh("ping -c 1 -W 1 gateway")
  sim.equal(status, 1, "nobody answers without a cable")

  cable:up()
  sim.sleep("3s")
  type_in("dmesg")
  out, status = romulus:sh("ping -c 1 gateway")
  sim.equal(status, 0, "all is well again")
end)

sim.run()
