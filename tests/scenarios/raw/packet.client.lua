-- Sends frames to packet.server.lua, and learns what packet sockets refuse.
local S = require "posix.sys.socket"
local U = require "posix.unistd"

local SOL_PACKET = 263
local ALL, SELF = ("\xff"):rep(6), "\2\0\0\0\0\1"
local eth0 = S.if_nametoindex("eth0")

local function show(what, a, b, c)
  if a == nil then print(what, a, b, c) else print(what, a) end
  return a
end

local function to(ifindex, protocol, addr)
  return { family = S.AF_PACKET, ifindex = ifindex, protocol = protocol, addr = addr }
end

U.sleep(1)
local fd = S.socket(S.AF_PACKET, S.SOCK_RAW, 0x0300)
show("bind", S.bind(fd, to(eth0)))
show("frame", S.send(fd, ALL .. SELF .. "\x88\xb5" .. ("f"):rep(46)))
show("frame, long", S.sendto(fd, ALL .. SELF .. "\x88\xb5" .. ("g"):rep(1500), to(eth0, 0x88b5)))
U.close(fd)
fd = S.socket(S.AF_PACKET, S.SOCK_DGRAM, 0xb588)
show("packet", S.sendto(fd, ("h"):rep(50), to(eth0, 0x88b5, ALL)))
show("another packet", S.sendto(fd, ("i"):rep(50), to(eth0, 0x88b5, ALL)))
U.close(fd)
U.sleep(5)
fd = S.socket(S.AF_PACKET, S.SOCK_DGRAM, 0)
show("packet to another", S.sendto(fd, ("j"):rep(50), to(eth0, 0x88b5, "\2\2\2\2\2\2")))
U.close(fd)

show("stream", S.socket(S.AF_PACKET, S.SOCK_STREAM, 0))
fd = S.socket(S.AF_PACKET, S.SOCK_RAW, 0x0300)
show("no device", S.send(fd, ("x"):rep(60)))
show("bind to no device", S.bind(fd, to(99)))
show("sendto no device", S.sendto(fd, ("x"):rep(60), to(99)))
show("bind of an ip address", S.bind(fd, { family = S.AF_INET, addr = "10.0.2.15", port = 0 }))
show("connect", S.connect(fd, to(eth0)))
show("listen", S.listen(fd, 1))
show("shutdown", S.shutdown(fd, 2))
show("getpeername", S.getpeername(fd))
show("bind", S.bind(fd, to(eth0)))
show("bind the same", S.bind(fd, to(eth0)))
show("too short", S.send(fd, ("x"):rep(13)))
show("too long", S.send(fd, ("x"):rep(1515)))
show("much too long", S.send(fd, ("x"):rep(1519)))
show("with a vlan tag", S.send(fd, ("\2"):rep(12) .. "\x81\0" .. ("x"):rep(1504)))
show("header only", S.send(fd, ("\2"):rep(14)))
show("option 99", S.setsockopt(fd, SOL_PACKET, 99, 1))
show("level ip", S.setsockopt(fd, 0, 2, 1))
show("auxdata", S.setsockopt(fd, SOL_PACKET, 8, 1))
show("auxdata", S.getsockopt(fd, SOL_PACKET, 8))
show("ignore outgoing 2", S.setsockopt(fd, SOL_PACKET, 23, 2))
show("membership of no device", S.setsockopt(fd, SOL_PACKET, 1, 99, 1))
show("unknown membership", S.setsockopt(fd, SOL_PACKET, 1, eth0, 77))
show("drop what is not there", S.setsockopt(fd, SOL_PACKET, 2, eth0, 1))
U.close(fd)
fd = S.socket(S.AF_PACKET, S.SOCK_DGRAM, 0)
show("dgram: no address", S.send(fd, "x"))
show("dgram: too long", S.sendto(fd, ("x"):rep(1501), to(eth0, 0x88b5, ALL)))
show("dgram: much too long", S.sendto(fd, ("x"):rep(1505), to(eth0, 0x88b5, ALL)))
show("dgram: empty", S.sendto(fd, "", to(eth0, 0x88b5, ALL)))
U.close(fd)
