-- The programs behind the golden traces of IP itself: forwarding, fragments, ping. As kinds.lua; the hosts are
-- client, server and, for forward-*, a router between two networks.
-- usage: wirepath run tests/golden/ip_kinds.lua --set kind=forward-ping [--set PARAMETER=…]…

local sim = require "sim"
local S = require "posix.sys.socket"
local U = require "posix.unistd"

local KIND = sim.param("kind", "forward-ping")
local ROUNDS = 2

local net = sim.network()
local options = { delay = sim.param("delay", "2ms"), rate = sim.param("rate", "100Mbit") }
local client, server, router, target

if KIND:sub(1, 8) == "forward-" then
  client = net:host("client", { addr = "10.0.0.1/24", gw = "10.0.0.254" })
  router = net:host("router", { addr = { "10.0.0.254/24", "10.0.1.254/24" } })
  server = net:host("server", { addr = "10.0.1.2/24", gw = "10.0.1.254" })
  net:link(client, "router:eth0", options)
  net:link("router:eth1", server, options)
  router:sh("sysctl -w net.ipv4.ip_forward=1")
  target = "10.0.1.2"
else
  client = net:host("client", { addr = "10.0.0.1/24" })
  server = net:host("server", { addr = "10.0.0.2/24" })
  net:link(client, server, options)
  target = "10.0.0.2"
end

local function rounds(host, name, fn)
  host:run(name, function()
    for n = 1, ROUNDS do
      fn(n)
      sim.sleep("2s")
    end
    sim.sleep(sim.param("tail", "0"))
  end)
end

-- An echo request with its checksum (a raw socket sends it as it is).
local function echo(n)
  local function pack(sum) return string.pack(">BBHHH", 8, 0, sum, 99, n) .. ("p"):rep(56) end
  local sum, text = 0, pack(0)
  for i = 1, #text, 2 do sum = sum + string.unpack(">H", text, i) end
  sum = (sum & 0xffff) + (sum >> 16)
  return pack(~((sum & 0xffff) + (sum >> 16)) & 0xffff)
end

-- One echo request with 56 bytes, one answer; by a ping socket or a raw one.
local function ping(to, kind, ttl)
  rounds(client, "client", function(n)
    sim.sleep("100ms")
    local fd = assert(S.socket(S.AF_INET, kind, S.IPPROTO_ICMP))
    if ttl then assert(S.setsockopt(fd, S.IPPROTO_IP, S.IP_TTL, ttl)) end
    assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 1, 0))
    local request = echo(n)
    assert(S.sendto(fd, request, { family = S.AF_INET, addr = to, port = 0 }))
    S.recvfrom(fd, 1024)
    U.close(fd)
  end)
end

-- A datagram of 4000 bytes: three fragments.
local function datagram(to)
  local ready = false
  rounds(server, "server", function()
    local fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, 0))
    assert(S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 6000 }))
    ready = true
    assert(#S.recvfrom(fd, 65536) == 4000)
    ready = false
    U.close(fd)
  end)
  rounds(client, "client", function()
    repeat sim.sleep("100ms") until ready
    local fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, 0))
    assert(S.sendto(fd, ("f"):rep(4000), { family = S.AF_INET, addr = to, port = 6000 }))
    U.close(fd)
  end)
end

local kinds = {
  ["forward-ping"] = function() ping(target, S.SOCK_RAW) end,
  ["forward-ttl-exceeded"] = function() ping(target, S.SOCK_RAW, 1) end,
  ["forward-no-route"] = function() ping("10.0.9.9", S.SOCK_RAW) end,
  ["icmp-ping-socket"] = function() ping(target, S.SOCK_DGRAM) end,
  ["udp-fragment"] = function() datagram(target) end,
}

assert(kinds[KIND], "there is no kind " .. KIND)()
sim.run()
