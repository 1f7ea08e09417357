-- The programs behind the golden traces of raw, packet and ping sockets, as kinds.lua has those of TCP.
-- usage: wirepath run tests/golden/raw_kinds.lua --set kind=raw|icmp-raw-socket|icmp-ping-socket|packet-raw|packet-dgram

local sim = require "sim"
local S = require "posix.sys.socket"
local U = require "posix.unistd"

local KIND = sim.param("kind", "raw")
local ROUNDS = 2 -- the second time the routes are known, as in golden
local SERVER = { family = S.AF_INET, addr = "10.0.0.2", port = 0 }

local net = sim.network()
local client = net:host("client", { addr = "10.0.0.1/24" })
local server = net:host("server", { addr = "10.0.0.2/24" })
net:link(client, server, { delay = sim.param("delay", "2ms"), rate = sim.param("rate", "100Mbit") })

local function rounds(host, name, delay, fn)
  host:run(name, function()
    for _ = 1, ROUNDS do
      sim.sleep(delay)
      fn()
      sim.sleep("60s") -- until the neighbours are forgotten
      for _ = 1, 8 do sim.sleep("30s") end
    end
  end)
end

-- An IPv4 header without checksum, length and id: IP fills them in.
local function ip_header(protocol, src, dst)
  local function addr(a) return string.char(a:match("(%d+)%.(%d+)%.(%d+)%.(%d+)")) end
  return string.pack(">BBI2I2I2BBI2", 0x45, 0, 0, 0, 0, 64, protocol, 0) .. addr(src) .. addr(dst)
end

local function echo_request(n)
  local text = string.pack(">BBI2I2I2", 8, 0, 0, 0x1234, 1) .. ("p"):rep(n - 8)
  local sum = 0
  for i = 1, #text, 2 do sum = sum + (text:byte(i) << 8) + (text:byte(i + 1) or 0) end
  while sum > 0xffff do sum = (sum & 0xffff) + (sum >> 16) end
  return text:sub(1, 2) .. string.pack(">I2", ~sum & 0xffff) .. text:sub(5)
end

-- What a packet socket is bound to, and where it sends.
local function eth0(protocol, addr)
  return { family = S.AF_PACKET, ifindex = S.if_nametoindex("eth0"), protocol = protocol, addr = addr }
end

local kinds = {}

kinds["raw"] = function()
  rounds(server, "server", "1ms", function()
    local fd = assert(S.socket(S.AF_INET, S.SOCK_RAW, 253))
    sim.equal(#assert(S.recvfrom(fd, 2048)), 84)
    sim.equal(#assert(S.recvfrom(fd, 2048)), 84)
    U.close(fd)
  end)
  rounds(client, "client", "100ms", function()
    local fd = assert(S.socket(S.AF_INET, S.SOCK_RAW, 253))
    assert(S.sendto(fd, ("r"):rep(64), SERVER))
    U.close(fd)
    sim.sleep("100ms")
    fd = assert(S.socket(S.AF_INET, S.SOCK_RAW, S.IPPROTO_RAW))
    assert(S.setsockopt(fd, S.IPPROTO_IP, S.IP_HDRINCL, 1))
    assert(S.sendto(fd, ip_header(253, "10.0.0.1", "10.0.0.2") .. ("h"):rep(64), SERVER))
    sim.sleep("1s")
    U.close(fd)
  end)
end

kinds["icmp-ping-socket"] = function()
  rounds(client, "client", "100ms", function()
    local fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, S.IPPROTO_ICMP))
    assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 3, 0))
    assert(S.sendto(fd, echo_request(64), SERVER))
    sim.equal(#assert(S.recvfrom(fd, 2048)), 64)
    U.close(fd)
  end)
end

kinds["icmp-raw-socket"] = function()
  rounds(client, "client", "100ms", function()
    local fd = assert(S.socket(S.AF_INET, S.SOCK_RAW, S.IPPROTO_ICMP))
    assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 3, 0))
    assert(S.sendto(fd, echo_request(64), SERVER))
    sim.equal(#assert(S.recvfrom(fd, 2048)), 84)
    U.close(fd)
  end)
end

local function packet(kind, send)
  rounds(server, "server", "1ms", function()
    local fd = assert(S.socket(S.AF_PACKET, kind, 0x0300)) -- ETH_P_ALL in network order
    assert(S.bind(fd, eth0()))
    assert(S.recvfrom(fd, 2048))
    U.close(fd)
  end)
  rounds(client, "client", "100ms", function()
    local fd = assert(S.socket(S.AF_PACKET, kind, 0x0300))
    assert(S.bind(fd, eth0()))
    send(fd)
    sim.sleep("100ms")
    U.close(fd)
  end)
end

local ALL = ("\xff"):rep(6)

kinds["packet-raw"] = function()
  packet(S.SOCK_RAW, function(fd)
    assert(S.sendto(fd, ALL .. "\x52\x54\0\x12\x34\1\x88\xb5" .. ("f"):rep(46), eth0(0x88b5, ALL)))
  end)
end

kinds["packet-dgram"] = function()
  packet(S.SOCK_DGRAM, function(fd) assert(S.sendto(fd, ("f"):rep(46), eth0(0x88b5, ALL))) end)
end

assert(kinds[KIND], "there is no kind " .. KIND)()
sim.run()
