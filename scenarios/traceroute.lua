-- traceroute over three routers, by UDP and by ICMP, and ping where a router says no.
--
--   client -- r1 -- r2 -- r3 -- server
--
-- Run it:  ./wirepath run scenarios/traceroute.lua
-- Then:    ./wirepath ladder runs/traceroute --filter ICMP                    # who told what, over which router
--          ./wirepath journey runs/traceroute --packet 1                     # what each wire and router took
--          ./wirepath chart runs/traceroute --host r1 --call ip_forward       # the time to live is over
--          ./wirepath chart runs/traceroute --host client --call icmp_rcv     # the message about it
--          ./wirepath chart runs/traceroute --host server --call udp_rcv      # nobody has that port: the goal

local sim = require "sim"

local net = sim.network()
local client = net:host("client", { addr = "10.0.1.10/24", gw = "10.0.1.1" })
local r1 = net:host("r1", { addr = { "10.0.1.1/24", "10.0.2.1/24" }, gw = "10.0.2.2" })
local r2 = net:host("r2", { addr = { "10.0.2.2/24", "10.0.3.2/24" } })
local r3 = net:host("r3", { addr = { "10.0.3.3/24", "10.0.4.1/24" }, gw = "10.0.3.2" })
local server = net:host("server", { addr = "10.0.4.10/24", gw = "10.0.4.1" })
net:link(client, "r1:eth0", { delay = "100us" })
net:link("r1:eth1", "r2:eth0", { delay = "1ms" })
net:link("r2:eth1", "r3:eth0", { delay = "5ms" }) -- the long way
net:link("r3:eth1", server, { delay = "100us" })
for _, router in ipairs { r1, r2, r3 } do router:sh("sysctl -w net.ipv4.ip_forward=1") end
r2:sh("ip route add 10.0.1.0/24 via 10.0.2.1")
r2:sh("ip route add 10.0.4.0/24 via 10.0.3.3")

client:run("client", function()
  -- ARP first, so that the times below are those of the wires
  local out = client:sh("ping -c 3 -i 0.2 server")
  io.write(out)

  print("-- by UDP to ports that nobody has")
  out = client:sh("traceroute server")
  io.write(out)
  local hops = {}
  for name in out:gmatch("\n *%d+  (%S+) %(") do hops[#hops + 1] = name end
  sim.equal(table.concat(hops, " "), "r1 r2 r3 server", "every router tells of itself")

  print("-- the same by echo requests, one a hop")
  sim.sleep("10s") -- hosts tell one sender of such errors about once a second
  io.write((client:sh("traceroute -n -I -q 1 server")))

  print("-- a router without a way")
  local status
  r2:sh("ip route add prohibit 10.0.9.0/24")
  out, status = client:sh("ping -c 1 10.0.9.1")
  io.write(out)
  sim.equal(status, 1, "nobody answered")
  sim.sleep("10s")
  io.write((client:sh("traceroute -n 10.0.9.1")))
end)

-- A command that takes time becomes a program of its own when no program of its host calls it.
local ping = server:sh("ping -c 2 10.0.1.10")
sim.run()
sim.equal(ping:status(), 0, "server pings client")
