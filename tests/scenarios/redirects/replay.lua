-- What record.py does with namespaces, here: the lines must be the same as in linux.txt.
local sim = require "sim"

local net = sim.network()
local sw = net:switch("sw")
local client = net:host("client", { addr = "10.0.1.10/24", gw = "10.0.1.1" })
local r1 = net:host("r1", { addr = "10.0.1.1/24" })
local r2 = net:host("r2", { addr = { "10.0.1.2/24", "10.0.3.1/24" } })
local server = net:host("server", { addr = "10.0.3.2/24", gw = "10.0.3.1" })
for _, end_ in ipairs { client, r1, "r2:eth0" } do sw:connect(end_) end
net:link("r2:eth1", server)
for _, router in ipairs { r1, r2 } do router:sh("sysctl -w net.ipv4.ip_forward=1") end
r1:sh("ip route add 10.0.3.0/24 via 10.0.1.2")

local function counter(host, name)
  local names, values = host:sh("cat /proc/net/snmp"):match("Icmp: (InMsgs[^\n]*)\nIcmp: ([^\n]*)")
  local value = values:gmatch("%d+")
  for n in names:gmatch("%S+") do
    local v = value()
    if n == name then return tonumber(v) end
  end
end

local function case(what, pings)
  client:sh("ip route flush cache")
  local sent, came = counter(r1, "OutRedirects"), counter(client, "InRedirects")
  client:sh("ping -q " .. pings .. " 10.0.3.2")
  local route = client:sh("ip route get 10.0.3.2"):gsub("uid 0", ""):gsub("%s+", " "):gsub(" expires.*", ""):gsub(" $", "")
  print(("%s: %d sent, %d came; %s"):format(what, counter(r1, "OutRedirects") - sent, counter(client, "InRedirects") - came, route))
end

local function accept(on)
  for _, dev in ipairs { "all", "eth0" } do client:sh(("sysctl -w net.ipv4.conf.%s.accept_redirects=%d"):format(dev, on)) end
end

client:run("client", function()
  case("obeyed", "-c 8 -i 0.2")
  accept(0)
  case("ignored", "-c 36 -i 0.1")
  case("ignored for long", "-c 60 -i 0.5")
  sim.sleep("21s")
  accept(1)
  case("after a silence", "-c 5 -i 0.2")
  for _, dev in ipairs { "all", "eth0" } do r1:sh("sysctl -w net.ipv4.conf." .. dev .. ".send_redirects=0") end
  case("not sent", "-c 5 -i 0.2")
end)
sim.run()
