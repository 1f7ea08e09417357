-- Golden's programs of UDP, fragments and ARP.

local sim = require "sim"
local S = require "posix.sys.socket"
local U = require "posix.unistd"
local G = require "common"

local SO_RCVBUFFORCE = 33

local function timeout(fd, seconds)
  assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, seconds, 0))
end

-- A server that receives one datagram and may send it back, and a client that starts a little after it is bound.
local function exchange(addr, n, reply, host)
  local bound = false
  G.rounds(host or G.server, "server", function()
    local fd = G.socket(S.SOCK_DGRAM)
    timeout(fd, 5)
    assert(S.bind(fd, G.to("0.0.0.0")))
    bound = true
    local data, from = G.read(S.recvfrom, fd, 4000)
    bound = false
    if reply then S.sendto(fd, data, from) end
    U.close(fd)
  end)
  G.rounds(G.client, "client", function()
    repeat sim.sleep("100ms") until bound
    local fd = G.socket(S.SOCK_DGRAM)
    assert(S.sendto(fd, ("u"):rep(n), G.to(addr)))
    if reply then G.read(S.recvfrom, fd, 4000) else sim.sleep("300ms") end
    U.close(fd)
  end)
end

-- Connected, to where nobody answers: what does recv() say?
local function refused(addr, recverr)
  G.rounds(G.client, "client", function()
    local fd = G.socket(S.SOCK_DGRAM)
    if recverr then assert(S.setsockopt(fd, S.IPPROTO_IP, S.IP_RECVERR, 1)) end
    timeout(fd, 5)
    assert(S.connect(fd, G.to(addr, 9)))
    S.send(fd, ("u"):rep(100))
    G.read(S.recv, fd, 100)
    U.close(fd)
  end)
end

local kinds = {}

function kinds.udp() exchange("10.0.0.2", 100, true) end

kinds["udp-loopback"] = function() exchange("127.0.0.1", 100, true, G.client) end

-- Three fragments.
kinds["udp-fragment"] = function() exchange("10.0.0.2", 4000) end

kinds["udp-refused"] = function() refused("10.0.0.2") end
kinds["arp-fail-udp"] = function() refused("10.0.0.99") end
kinds["arp-fail-udp-recverr"] = function() refused("10.0.0.99", true) end

-- To a port that nobody has, without waiting.
kinds["arp-resolve"] = function()
  G.rounds(G.client, "client", function()
    local fd = G.socket(S.SOCK_DGRAM)
    assert(S.sendto(fd, ("u"):rep(10), G.to("10.0.0.2", 9)))
    sim.sleep("300ms")
    U.close(fd)
  end)
end

-- The client joins a group, the server sends to it, the client leaves by closing.
kinds["igmp-multicast"] = function()
  local joined = false
  G.rounds(G.client, "client", function()
    local fd = G.socket(S.SOCK_DGRAM)
    timeout(fd, 5)
    assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_REUSEADDR, 1))
    assert(S.bind(fd, G.to("0.0.0.0")))
    assert(S.setsockopt(fd, S.IPPROTO_IP, S.IP_ADD_MEMBERSHIP, "239.1.2.3", "10.0.0.1"))
    joined = true
    sim.equal(#assert(G.read(S.recvfrom, fd, 2000)), 50)
    joined = false
    U.close(fd)
  end)
  G.rounds(G.server, "server", function()
    repeat sim.sleep("100ms") until joined
    local fd = G.socket(S.SOCK_DGRAM)
    assert(S.setsockopt(fd, S.IPPROTO_IP, S.IP_MULTICAST_IF, "10.0.0.2"))
    assert(S.sendto(fd, ("m"):rep(50), G.to("239.1.2.3")))
    U.close(fd)
  end)
end

-- The neighbour has grown old: the datagram goes out at once, five seconds later it is asked whether it is there.
kinds["arp-stale-probe"] = function()
  G.rounds(G.client, "client", function()
    local fd = G.socket(S.SOCK_DGRAM)
    assert(S.sendto(fd, ("u"):rep(10), G.to("10.0.0.2", 9)))
    sim.sleep("60s")
    assert(S.sendto(fd, ("u"):rep(10), G.to("10.0.0.2", 9)))
    sim.sleep("7s")
    U.close(fd)
  end)
end

kinds["napi-burst"] = function()
  G.rounds(G.server, "server", function()
    local fd = G.socket(S.SOCK_DGRAM)
    assert(S.setsockopt(fd, S.SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20))
    timeout(fd, 1)
    assert(S.bind(fd, G.to("0.0.0.0")))
    while G.read(S.recv, fd, 2000) do end
    U.close(fd)
  end)
  G.rounds(G.client, "client", function()
    sim.sleep("100ms")
    local fd = G.socket(S.SOCK_DGRAM)
    assert(S.connect(fd, G.to("10.0.0.2")))
    for _ = 1, 200 do S.send(fd, ("b"):rep(100)) end
    U.close(fd)
  end)
end

return kinds
