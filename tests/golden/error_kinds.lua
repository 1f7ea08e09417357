-- Golden's programs of ICMP errors and of options in headers: packets made by hand.

local sim = require "sim"
local S = require "posix.sys.socket"
local U = require "posix.unistd"
local G = require "common"

local IP_RECVERR, IP_MTU, MSG_ERRQUEUE = 11, 14, 0x2000
local CLIENT = "\x52\x54\0\x12\x34\1"

local function zeros(n) return ("\0"):rep(n) end

local function checksum(text)
  local sum = 0
  for i = 1, #text, 2 do sum = sum + string.unpack(">I2", text, i) end
  while sum > 0xffff do sum = (sum & 0xffff) + (sum >> 16) end
  return string.pack(">I2", ~sum & 0xffff)
end

local function address(a) return string.char(a:match("(%d+)%.(%d+)%.(%d+)%.(%d+)")) end

-- An IPv4 packet of client to dst, or of src; `f`: flags and offset, `length`: of data that is not there.
local function ip(protocol, data, dst, f)
  f = f or {}
  local options = f.options or ""
  local function header(check)
    return string.pack(">BBI2I2I2BB", 0x45 + #options // 4, 0, 20 + #options + (f.length or #data), f.id or 1, f.frag or 0,
      f.ttl or 64, protocol) .. check .. address(f.src or "10.0.0.1") .. address(dst) .. options
  end
  return header(checksum(header("\0\0"))) .. data
end

local function icmp(kind, code, rest)
  local function message(check) return string.char(kind, code) .. check .. rest end
  return message(checksum(message("\0\0")))
end

local function frame(protocol, dst, src, body)
  local to = { family = S.AF_PACKET, ifindex = S.if_nametoindex("eth0"), protocol = protocol, addr = dst }
  local fd = assert(S.socket(S.AF_PACKET, S.SOCK_RAW, 0))
  assert(S.sendto(fd, dst .. src .. string.pack(">I2", protocol) .. body .. zeros(46 - #body), to))
  U.close(fd)
  sim.sleep("60ms")
end

local kinds = {}

-- The server tells the client of errors of every sort; the client has a socket of each kind that asks for them.
kinds["icmp-errors"] = function()
  G.client:sh("sysctl -w net.ipv4.icmp_ratelimit=0")

  local function send(kind, code, rest)
    frame(0x0800, CLIENT, "\x52\x54\0\x12\x34\2", ip(1, icmp(kind, code, rest), "10.0.0.1", { src = "10.0.0.2" }))
  end
  -- About a packet of the client that began so.
  local function about(kind, code, word, protocol, head)
    send(kind, code, word .. ip(protocol, head, "10.0.0.2", { length = 28, frag = 0x4000 }))
  end

  G.rounds(G.server, "server", function()
    local none, udp, echo = zeros(4), "\x17\x70\x13\x88\0\x1c\0\0", "\8\0\0\0\x12\x34\0\1"
    sim.sleep("1s")
    about(3, 0, none, 17, udp)
    about(3, 1, none, 17, udp)
    about(3, 2, none, 17, udp)
    about(3, 4, "\0\0\x03\xe8", 17, udp) -- mtu 1000
    about(3, 5, none, 17, udp)
    about(3, 13, none, 17, udp)
    about(3, 3, none, 17, "\1\1\1\1\0\x1c\0\0") -- nobody's
    about(11, 0, none, 17, udp)
    about(12, 0, "\4\0\0\0", 17, udp)
    about(4, 0, none, 17, udp)
    about(5, 1, address("10.0.0.3"), 17, udp)
    about(3, 1, none, 1, echo)
    about(3, 2, none, 253, udp)
    about(11, 1, none, 253, udp)
    about(3, 4, "\0\0\x03\0", 253, udp)
    about(3, 3, none, 200, udp)
    send(0, 0, "\1\2\0\1aaaa")
    send(8, 0, zeros(4))
    send(8, 1, "\1\2\0\1aaaa")
    send(13, 0, zeros(16))
    send(17, 0, zeros(8))
    send(9, 0, zeros(12))
    send(40, 0, zeros(8))
    send(3, 3, zeros(8))
    send(3, 3, zeros(28))
    send(5, 1, zeros(4))
    sim.sleep("2500ms")
  end)
  G.rounds(G.client, "client", function()
    local udp, ping, raw = G.socket(S.SOCK_DGRAM), G.socket(S.SOCK_DGRAM, S.IPPROTO_ICMP), G.socket(S.SOCK_RAW, 253)
    assert(S.bind(udp, G.to("10.0.0.1", 6000)))
    assert(S.bind(ping, G.to("0.0.0.0", 0x1234)))
    for _, fd in ipairs { udp, ping, raw } do assert(S.setsockopt(fd, S.IPPROTO_IP, IP_RECVERR, 1)) end
    assert(S.connect(udp, G.to("10.0.0.2")))
    assert(S.connect(raw, G.to("10.0.0.2", 0)))
    sim.sleep("5s")
    S.recv(udp, 100, S.MSG_DONTWAIT)
    for _, fd in ipairs { udp, ping, raw } do assert(S.recvmsg(fd, 500, 256, MSG_ERRQUEUE)) end
    S.getsockopt(udp, S.SOL_SOCKET, S.SO_ERROR)
    S.send(udp, ("u"):rep(1200)) -- two fragments now
    S.getsockopt(udp, S.IPPROTO_IP, IP_MTU)
    U.close(udp)
    U.close(ping)
    U.close(raw)
  end)
end

-- Options, fragments, a request that the router answers for another, a group, and at last a router that is none.
kinds["forward-options"] = function()
  G.router:sh("sysctl -w net.ipv4.icmp_ratelimit=0")
  G.router:sh("sysctl -w net.ipv4.conf.all.rp_filter=1")
  G.router:run("router", function()
    G.router:sh("sysctl -w net.ipv4.conf.eth0.proxy_arp=1")
    sim.sleep("10s")
    G.router:sh("sysctl -w net.ipv4.ip_forward=0")
  end)
  G.rounds(G.client, "client", function()
    local raw = G.socket(S.SOCK_RAW, S.IPPROTO_RAW)
    local function send(packet)
      assert(S.sendto(raw, packet, G.to("10.0.1.2", 0)))
      sim.sleep("200ms")
    end
    local udp = "\x13\x88\x13\x88\0\x1c\0\0" .. zeros(20)
    send(ip(17, udp, "10.0.1.2", { options = "\7\11\4" .. zeros(9) })) -- record route
    send(ip(17, udp, "10.0.1.2", { options = "\x44\12\5\1" .. zeros(8) })) -- time stamps with addresses
    send(ip(17, udp, "10.0.1.2", { options = "\x94\4\0\0" })) -- router alert
    send(ip(17, udp, "10.0.1.2", { options = "\7\9\4\0" })) -- a wrong length
    send(ip(17, udp, "10.0.0.254", { options = "\x83\7\4\10\0\1\2\0" })) -- a source route
    send(ip(17, "\x13\x88\x13\x88\0\x40\0\0" .. zeros(24), "10.0.1.2", { frag = 0x2000, id = 9 }))
    send(ip(17, zeros(32), "10.0.1.2", { frag = 4, id = 9 }))
    frame(0x0806, ("\xff"):rep(6), CLIENT, "\0\1\8\0\6\4\0\1" .. CLIENT .. address("10.0.0.1") .. zeros(6) .. address("10.0.1.2"))
    sim.sleep("1500ms")
    G.ping(S.SOCK_RAW, "10.0.0.254", 1)
    frame(0x0800, "\1\0\x5e\1\1\1", CLIENT, ip(17, zeros(28), "239.1.1.1", { ttl = 5 }))
    sim.sleep("2500ms")
    send(ip(17, zeros(32), "10.0.1.2"))
    U.close(raw)
  end)
end

return kinds
