-- What raw and ping sockets refuse, and with which error.
if ... == "server" then return end
pcall(require, "real")
local S = require "posix.sys.socket"
local U = require "posix.unistd"

local IP_HDRINCL, IP_TTL, IP_TOS, IP_RECVERR, IP_MTU_DISCOVER = 3, 2, 1, 11, 10
local SOL_RAW, ICMP_FILTER = 255, 1
local ICMP = 1

local function show(what, a, b, c)
  if a == nil then print(what, a, b, c) else print(what, type(a) == "string" and #a or a) end
  return a
end

local function ip(addr, port) return { family = S.AF_INET, addr = addr, port = port or 0 } end

-- what can be made
show("raw, no protocol", S.socket(S.AF_INET, S.SOCK_RAW, 0))
show("raw, protocol 300", S.socket(S.AF_INET, S.SOCK_RAW, 300))
show("raw, protocol -1", S.socket(S.AF_INET, S.SOCK_RAW, -1))
show("dgram, tcp", S.socket(S.AF_INET, S.SOCK_DGRAM, 6))
show("dgram, 253", S.socket(S.AF_INET, S.SOCK_DGRAM, 253))
show("stream, icmp", S.socket(S.AF_INET, S.SOCK_STREAM, ICMP))
show("seqpacket", S.socket(S.AF_INET, 5, 0))

-- raw
local fd = S.socket(S.AF_INET, S.SOCK_RAW, 253)
show("send, not connected", S.send(fd, "x"))
show("sendto nowhere", S.sendto(fd, "x", ip "192.168.77.1"))
show("sendto broadcast", S.sendto(fd, "x", ip "255.255.255.255"))
show("sendto too much", S.sendto(fd, ("x"):rep(65536), ip "10.0.2.2"))
show("listen", S.listen(fd, 1))
show("accept", S.accept(fd))
show("bind to another's address", S.bind(fd, ip "10.0.2.2"))
show("bind", S.bind(fd, ip "10.0.2.15"))
show("bind again", S.bind(fd, ip "127.0.0.1"))
show("bind back", S.bind(fd, ip "10.0.2.15"))
local name = S.getsockname(fd)
print("name", name.addr, name.port)
show("shutdown", S.shutdown(fd, S.SHUT_RD))
show("connect", S.connect(fd, ip("10.0.2.2", 7)))
name = S.getsockname(fd)
print("name", name.addr, name.port)
show("bind when connected", S.bind(fd, ip "10.0.2.15"))
show("empty message", S.send(fd, ""))
show("ttl 0", S.setsockopt(fd, S.IPPROTO_IP, IP_TTL, 0))
show("ttl 256", S.setsockopt(fd, S.IPPROTO_IP, IP_TTL, 256))
show("ttl 7", S.setsockopt(fd, S.IPPROTO_IP, IP_TTL, 7))
show("tos", S.setsockopt(fd, S.IPPROTO_IP, IP_TOS, 0x10))
show("mtu discover 9", S.setsockopt(fd, S.IPPROTO_IP, IP_MTU_DISCOVER, 9))
show("recverr", S.setsockopt(fd, S.IPPROTO_IP, IP_RECVERR, 1))
show("filter of 253", S.setsockopt(fd, SOL_RAW, ICMP_FILTER, 1))
show("raw option 9", S.setsockopt(fd, SOL_RAW, 9, 1))
show("level 99", S.setsockopt(fd, 99, 1, 1))
show("option 99", S.setsockopt(fd, S.IPPROTO_IP, 99, 1))
U.close(fd)

fd = S.socket(S.AF_INET, S.SOCK_RAW, 255) -- IPPROTO_RAW
show("header too short", S.sendto(fd, ("x"):rep(19), ip "10.0.2.2"))
show("header longer than packet", S.sendto(fd, "\x4f" .. ("\0"):rep(19), ip "10.0.2.2"))
show("longer than the mtu", S.sendto(fd, "\x45" .. ("\0"):rep(1500), ip "10.0.2.2"))
show("as long as the mtu", S.sendto(fd, "\x45" .. ("\0"):rep(8) .. "\xfd" .. ("\0"):rep(1490), ip "10.0.2.2"))
U.close(fd)

fd = S.socket(S.AF_INET, S.SOCK_RAW, ICMP)
show("filter of icmp", S.setsockopt(fd, SOL_RAW, ICMP_FILTER, 6))
U.close(fd)

fd = S.socket(S.AF_INET, S.SOCK_STREAM, 0)
show("hdrincl of tcp", S.setsockopt(fd, S.IPPROTO_IP, IP_HDRINCL, 1))
U.close(fd)

-- ping
fd = S.socket(S.AF_INET, S.SOCK_DGRAM, ICMP)
show("ping: too short", S.sendto(fd, "\8\0\0\0\0\0\0", ip "10.0.2.2"))
show("ping: echo reply", S.sendto(fd, "\0\0\0\0\0\0\0\1", ip "10.0.2.2"))
show("ping: code 1", S.sendto(fd, "\8\1\0\0\0\0\0\1", ip "10.0.2.2"))
show("ping: unreachable", S.sendto(fd, "\3\0\0\0\0\0\0\1", ip "10.0.2.2"))
show("ping: nowhere", S.sendto(fd, "\8\0\0\0\0\0\0\1", ip "192.168.77.1"))
show("ping: not connected", S.send(fd, "\8\0\0\0\0\0\0\1"))
show("ping: too long", S.sendto(fd, "\8\0" .. ("\0"):rep(65535), ip "10.0.2.2"))
show("ping: bind when it has an id", S.bind(fd, ip("10.0.2.15", 77)))
show("ping: listen", S.listen(fd, 1))
U.close(fd)
fd = S.socket(S.AF_INET, S.SOCK_DGRAM, ICMP)
show("ping: bind to another's", S.bind(fd, ip("10.0.2.2", 77)))
show("ping: bind", S.bind(fd, ip("10.0.2.15", 77)))
show("ping: bind again", S.bind(fd, ip("10.0.2.15", 78)))
name = S.getsockname(fd)
print("ping: name", name.addr, name.port)
local fd2 = S.socket(S.AF_INET, S.SOCK_DGRAM, ICMP)
show("ping: the same id", S.bind(fd2, ip("10.0.2.15", 77)))
show("ping: no sharing", S.setsockopt(fd2, S.SOL_SOCKET, S.SO_REUSEADDR, 0))
U.close(fd2)
fd2 = S.socket(S.AF_INET, S.SOCK_DGRAM, ICMP)
S.setsockopt(fd2, S.SOL_SOCKET, S.SO_REUSEADDR, 0)
show("ping: the same id, not shared", S.bind(fd2, ip("10.0.2.15", 77)))
U.close(fd2)
U.close(fd)
