-- A router with two cards between two networks: a connection over it, and every way in which a route can say
-- no, on the sender itself and at the router.
--
--   client 10.0.1.10 --- 10.0.1.1 eth0 [router] eth1 10.0.2.1 --- 10.0.2.2 server
--
-- Run it:  ./wirepath run scenarios/routing.lua
-- Then:    ./wirepath chart runs/routing --host router --call ip_forward

local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"
local errno = require "posix.errno"

local net = sim.network()
local client = net:host("client", { addr = "10.0.1.10/24", gw = "10.0.1.1" })
local router = net:host("router", { addr = { "10.0.1.1/24", "10.0.2.1/24" } })
local server = net:host("server", { addr = "10.0.2.2/24", gw = "10.0.2.1" })
net:link(client, "router:eth0", { rate = "100Mbit", delay = "100us" })
net:link("router:eth1", server, { rate = "100Mbit", delay = "100us" })

-- A host with two cards is not yet a router.
router:sh("sysctl -w net.ipv4.ip_forward=1")

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
local function try(addr, ttl)
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  if ttl then assert(S.setsockopt(fd, S.IPPROTO_IP, S.IP_TTL, ttl)) end
  local started = sim.now
  local ok, why, code = S.connect(fd, { family = S.AF_INET, addr = addr, port = 5000 })
  print(string.format("%-12s %-40s after %d us", addr, ok and "connected" or why, (sim.now - started) // 1000))
  return fd, code
end

client:run("client", function()
  sim.sleep("1ms")
  print("-- through the router")
  local fd = try("10.0.2.2")
  assert(unistd.write(fd, "hello over two links"))
  unistd.close(fd)

  print("-- routes of this host that say no")
  client:sh("ip route add blackhole 10.0.3.0/24")
  client:sh("ip route add unreachable 10.0.4.0/24")
  client:sh("ip route add prohibit 10.0.5.0/24")
  for addr, want in pairs({ ["10.0.3.1"] = errno.EINVAL, ["10.0.4.1"] = errno.EHOSTUNREACH,
                            ["10.0.5.1"] = errno.EACCES }) do
    local s, code = try(addr)
    sim.equal(code, want, addr)
    unistd.close(s)
  end

  print("-- routes of the router that say no: it sends ICMP")
  router:sh("ip route add unreachable 10.0.6.0/24")
  router:sh("ip route add prohibit 10.0.7.0/24")
  for addr, want in pairs({ ["10.0.6.1"] = errno.EHOSTUNREACH, ["10.0.7.1"] = errno.EHOSTUNREACH,
                            ["10.0.8.1"] = errno.ENETUNREACH }) do
    local s, code = try(addr)
    sim.equal(code, want, addr)
    unistd.close(s)
    sim.sleep("5s") -- one sender is told so about once a second only
  end

  print("-- one hop to live is not enough")
  local s, code = try("10.0.2.2", 1)
  sim.equal(code, errno.EHOSTUNREACH, "time exceeded")
  unistd.close(s)
end)

sim.run()
