-- A sniffer of whole frames and one of packets, while packet.client.lua sends.
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
