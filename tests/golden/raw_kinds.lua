-- Golden's programs of raw, packet and ping sockets.

local sim = require "sim"
local S = require "posix.sys.socket"
local U = require "posix.unistd"
local G = require "common"

local SERVER = G.to("10.0.0.2", 0)

-- An IPv4 header without checksum, length and id: IP fills them in.
local function ip_header(protocol, src, dst)
  local function addr(a) return string.char(a:match("(%d+)%.(%d+)%.(%d+)%.(%d+)")) end
  return string.pack(">BBI2I2I2BBI2", 0x45, 0, 0, 0, 0, 64, protocol, 0) .. addr(src) .. addr(dst)
end

-- What a packet socket is bound to, and where it sends.
local function eth0(protocol, addr)
  return { family = S.AF_PACKET, ifindex = S.if_nametoindex("eth0"), protocol = protocol, addr = addr }
end

local kinds = {}

kinds["raw"] = function()
  G.rounds(G.server, "server", function()
    local fd = G.socket(S.SOCK_RAW, 253)
    sim.equal(#assert(G.read(S.recvfrom, fd, 2048)), 84)
    sim.equal(#assert(G.read(S.recvfrom, fd, 2048)), 84)
    U.close(fd)
  end)
  G.rounds(G.client, "client", function()
    sim.sleep("100ms")
    local fd = G.socket(S.SOCK_RAW, 253)
    assert(S.sendto(fd, ("r"):rep(64), SERVER))
    U.close(fd)
    sim.sleep("100ms")
    fd = G.socket(S.SOCK_RAW, S.IPPROTO_RAW)
    assert(S.setsockopt(fd, S.IPPROTO_IP, S.IP_HDRINCL, 1))
    assert(S.sendto(fd, ip_header(253, "10.0.0.1", "10.0.0.2") .. ("h"):rep(64), SERVER))
    sim.sleep("1s")
    U.close(fd)
  end)
end

-- Fragments of datagrams to a program: in order, reversed, overlapping, twice, and two that stay alone.
kinds["frag-timeout"] = function()
  G.server:sh("sysctl -w net.ipv4.ipfrag_time=2")
  G.rounds(G.server, "server", function()
    local fd = G.socket(S.SOCK_DGRAM)
    assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 5, 0))
    assert(S.bind(fd, G.to("0.0.0.0", 5000)))
    sim.equal(#assert(G.read(S.recvfrom, fd, 65000)), 56)
    sim.equal(#assert(G.read(S.recvfrom, fd, 65000)), 56)
    sim.sleep("3500ms")
    U.close(fd)
  end)
  G.rounds(G.client, "client", function(n)
    sim.sleep("100ms")
    local fd = G.socket(S.SOCK_RAW, S.IPPROTO_RAW)
    local function fragment(id, offset, more, length)
      local data, header = ("f"):rep(length), ip_header(17, "10.0.0.1", "10.0.0.2")
      if offset == 0 then data = "\x10\0\x13\x88\0\x40\0\0" .. data:sub(9) end
      local place = string.pack(">I2I2", n * 16 + id, offset // 8 | (more and 0x2000 or 0))
      assert(S.sendto(fd, header:sub(1, 4) .. place .. header:sub(9) .. data, SERVER))
      sim.sleep("50ms")
    end
    fragment(1, 0, true, 32)
    fragment(1, 32, false, 32)
    fragment(2, 32, false, 32)
    fragment(2, 0, true, 32)
    fragment(3, 0, true, 32)
    fragment(3, 16, false, 48)
    fragment(4, 0, true, 32)
    fragment(4, 0, true, 32)
    fragment(5, 32, false, 32)
    sim.sleep("3500ms")
    U.close(fd)
  end)
end

local function ping(kind, length)
  G.rounds(G.client, "client", function(n)
    sim.sleep("100ms")
    sim.equal(#assert(G.ping(kind, "10.0.0.2", n)), length)
  end)
end

kinds["icmp-ping-socket"] = function() ping(S.SOCK_DGRAM, 64) end
kinds["icmp-raw-socket"] = function() ping(S.SOCK_RAW, 84) end

local function packet(kind, send)
  G.rounds(G.server, "server", function()
    local fd = assert(S.socket(S.AF_PACKET, kind, 0x0300)) -- ETH_P_ALL in network order
    assert(S.bind(fd, eth0()))
    assert(G.read(S.recvfrom, fd, 2048))
    U.close(fd)
  end)
  G.rounds(G.client, "client", function()
    sim.sleep("100ms")
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

return kinds
