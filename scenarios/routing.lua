-- Which way a packet goes, and why it does not go at all: metrics, routes that say no, the reverse path filter,
-- a wire that is cut, and a router that tells of a shorter way.
--
--   client .10 --+-- .1 [router] .1 --- 10.0.2.0/24 --- .9 eth0 [server] 10.9.9.9
--    10.0.1.0/24 +-- .2 [spare]  .1 --- 10.0.3.0/24 --- .9 eth1
--
-- Run it:  ./wirepath run scenarios/routing.lua
-- Then:    ./wirepath chart runs/routing --host router --call ip_forward             # a packet for somebody else
--          ./wirepath chart runs/routing --host server --call fib_validate_source    # the reverse path
--          ./wirepath chart runs/routing --host router --call ip_rt_send_redirect    # "there is a shorter way"
--          ./wirepath chart runs/routing --host client --call icmp_redirect          # taken to heart

local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"
local errno = require "posix.errno"

local net = sim.network()
local lan = net:switch("lan")
local client = net:host("client", { addr = "10.0.1.10/24", gw = "10.0.1.1" })
local router = net:host("router", { addr = { "10.0.1.1/24", "10.0.2.1/24" } })
local spare = net:host("spare", { addr = { "10.0.1.2/24", "10.0.3.1/24" } })
local server = net:host("server", { addr = { "10.0.2.9/24", "10.0.3.9/24" } })
for _, port in ipairs { client, "router:eth0", "spare:eth0" } do lan:connect(port, { rate = "100Mbit", delay = "50us" }) end
local wire = net:link("router:eth1", "server:eth0", { rate = "100Mbit", delay = "100us" })
net:link("spare:eth1", "server:eth1", { rate = "100Mbit", delay = "100us" })

-- A host with two cards is not yet a router. Of two ways the one with the smaller metric is taken.
for _, host in ipairs { router, spare } do host:sh("sysctl -w net.ipv4.ip_forward=1") end
server:sh("ip addr add 10.9.9.9/32 dev lo")
router:sh("ip route add 10.9.9.9 via 10.0.2.9 metric 10")
router:sh("ip route add 10.9.9.9 via 10.0.1.2 metric 20")
spare:sh("ip route add 10.9.9.9 via 10.0.3.9")
server:sh("ip route add default via 10.0.2.1 metric 10")
server:sh("ip route add default via 10.0.3.1 metric 20")

server:run("server", function()
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  assert(S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 5000 }))
  assert(S.listen(fd, 1))
  local conn, peer = S.accept(fd)
  sim.equal(peer.addr, "10.0.1.10", "the router leaves the addresses alone")
  print("from " .. peer.addr .. ": " .. assert(unistd.read(conn, 100)))
  unistd.close(conn)
  unistd.close(fd)
end)

-- What connect() says of a destination.
local function try(addr, want, ttl)
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  if ttl then assert(S.setsockopt(fd, S.IPPROTO_IP, S.IP_TTL, ttl)) end
  local started = sim.now
  local ok, why, code = S.connect(fd, { family = S.AF_INET, addr = addr, port = 5000 })
  print(string.format("%-12s %-40s after %d us", addr, ok and "connected" or why, (sim.now - started) // 1000))
  sim.equal(code, want, addr)
  return fd
end
local function refused(addr, want, ttl) unistd.close(try(addr, want, ttl)) end

-- Shows what a command says; `want` must be in it.
local function show(host, command, want)
  local out = host:sh(command)
  print(host.name .. "# " .. command .. "\n" .. out:gsub("\n$", ""))
  assert(out:find(want, 1, true), command .. ": " .. want)
end

client:run("client", function()
  sim.sleep("1ms")
  print("-- through the router, which has two ways")
  show(router, "ip route", "10.9.9.9 via 10.0.1.2 dev eth0 metric 20")
  show(router, "ip route get 10.9.9.9", "via 10.0.2.9 dev eth1")
  local fd = try("10.9.9.9")
  assert(unistd.write(fd, "hello over three links"))
  unistd.close(fd)

  print("-- routes of this host that say no")
  client:sh("ip route add blackhole 10.4.0.0/16")
  client:sh("ip route add unreachable 10.5.0.0/16")
  client:sh("ip route add prohibit 10.6.0.0/16")
  refused("10.4.0.1", errno.EINVAL)
  refused("10.5.0.1", errno.EHOSTUNREACH)
  refused("10.6.0.1", errno.EACCES)

  print("-- routes of the router that say no: it sends ICMP, to one host about once a second")
  router:sh("ip route add unreachable 10.7.0.0/16")
  router:sh("ip route add prohibit 10.8.0.0/16")
  refused("10.7.0.1", errno.EHOSTUNREACH)
  sim.sleep("2s")
  refused("10.8.0.1", errno.EHOSTUNREACH)
  sim.sleep("2s")
  refused("10.77.0.1", errno.ENETUNREACH) -- no route at all
  sim.sleep("2s")
  refused("10.9.9.9", errno.EHOSTUNREACH, 1) -- one hop to live is not enough

  print("-- in by one card, back by the other: what the reverse path filter thinks of it")
  client:sh("ip route add 10.9.9.9 via 10.0.1.2")
  for filter, answers in ipairs { "0 received", "1 received" } do -- 1: strict, 2: loose
    server:sh("sysctl -w net.ipv4.conf.eth1.rp_filter=" .. filter)
    show(client, "ping -c 1 10.9.9.9", answers)
  end
  sim.equal(server:sh("netstat -s"):match("IPReversePathFilter: (%d+)"), "1", "counted")
  client:sh("ip route del 10.9.9.9")

  print("-- the wire is cut: the route stays, and is used, unless the router is told to look")
  wire:down()
  sim.sleep("1s")
  show(router, "ip route", "10.9.9.9 via 10.0.2.9 dev eth1 metric 10 linkdown")
  show(client, "ping -c 1 -W 4 10.9.9.9", "0 received")
  for _, host in ipairs { router, server } do host:sh("sysctl -w net.ipv4.conf.all.ignore_routes_with_linkdown=1") end
  show(router, "ip route get 10.9.9.9", "via 10.0.1.2 dev eth0")

  print("-- now the router sends back where the packet came from: it tells the client of the shorter way")
  show(client, "ping -c 8 -i 0.2 10.9.9.9", "Redirect Host(New nexthop: 10.0.1.2)")
  show(client, "ip route get 10.9.9.9", "via 10.0.1.2 dev eth0 src 10.0.1.10 uid 0 \n    cache <redirected>")

  print("-- a host that does not listen is told more and more rarely: now, after 0.1, 0.3, 0.7, 1.4, 2.7 seconds")
  client:sh("sysctl -w net.ipv4.conf.eth0.accept_redirects=0")
  client:sh("sysctl -w net.ipv4.conf.all.accept_redirects=0")
  client:sh("ip route flush cache")
  show(client, "ping -q -c 36 -i 0.1 10.9.9.9", "30 received, +6 errors")
end)

sim.run()
