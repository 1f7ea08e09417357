-- Frames between two packet sockets, and what packet sockets refuse.
pcall(require, "real")
if ... == "server" then
(function(...)
-- A sniffer of whole frames and one of packets, while the client sends.
-- Argument: how many bytes of check sequence the card leaves behind a received frame (FTGMAC100: 4, veth: none).
local S = require "posix.sys.socket"
local U = require "posix.unistd"

local FCS = tonumber((...)) or 0

local function hex(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end

local function receive(what, fd, n)
  local data, from, code = S.recvfrom(fd, n or 4096)
  if not data then print(what, data, from, code) return end
  if #data > 20 and from.pkttype ~= 4 then data = data:sub(1, -1 - FCS) end
  print(what, #data, ("proto %04x type %d"):format(from.protocol, from.pkttype), #from.addr, hex(n and data:sub(13, 14) or data:sub(-4)))
end

local function open(kind, protocol, ifindex, wait)
  local fd = assert(S.socket(S.AF_PACKET, kind, protocol))
  S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 0, wait or 500000)
  if ifindex then print("bind", S.bind(fd, { family = S.AF_PACKET, ifindex = ifindex })) end
  return fd
end

local eth0, lo = S.if_nametoindex("eth0"), S.if_nametoindex("lo")
local all = open(S.SOCK_RAW, 0x0300, eth0)
local one = open(S.SOCK_DGRAM, 0xb588, eth0) -- 0x88b5, in network order
local any = open(S.SOCK_RAW, 0xb588)
local none = open(S.SOCK_RAW, 0xb788, eth0)
local elsewhere = open(S.SOCK_RAW, 0xb588, lo)
print("name", S.getsockname(all).ifindex == eth0, ("%04x"):format(S.getsockname(all).protocol))
U.sleep(2)

for n = 1, 4 do receive("all " .. n, all, n == 4 and 14 or nil) end
for n = 1, 4 do receive("one " .. n, one) end
for n = 1, 4 do receive("any " .. n, any) end
receive("none", none)
receive("elsewhere", elsewhere)
receive("nothing more", all)

-- its own frames: another socket sees them, the sender does not
print("send", S.sendto(one, "dgram from server", { family = S.AF_PACKET, ifindex = eth0, protocol = 0x88b5, addr = "\2\2\2\2\2\2" }))
receive("sent, seen by all", all)
receive("sent, not by its sender", one)
receive("sent, not by protocol", any)

-- promiscuous: frames to another address
print("promisc", S.setsockopt(all, 263, 1, eth0, 1))
U.sleep(3)
receive("to another", all)
print("promisc off", S.setsockopt(all, 263, 2, eth0, 1))
for _, fd in ipairs { all, one, any, none, elsewhere } do U.close(fd) end
end)(package.loaded.more and 0 or 4) -- a veth pair gives no FCS
return
end
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
