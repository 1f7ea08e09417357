-- ICMP by raw sockets: echo, filter; and the errors that raw and ping sockets are told of.
if ... == "server" then return end
pcall(require, "real")
local S = require "posix.sys.socket"
local U = require "posix.unistd"

local SOL_RAW, ICMP_FILTER, IP_RECVERR, IP_TTL = 255, 1, 11, 2
local ICMP = 1
local SERVER = { family = S.AF_INET, addr = "10.0.2.2", port = 0 }

local function checksum(s)
  local sum = 0
  for i = 1, #s, 2 do sum = sum + s:byte(i) * 256 + (s:byte(i + 1) or 0) end
  while sum > 0xffff do sum = (sum & 0xffff) + (sum >> 16) end
  return ~sum & 0xffff
end

local function echo(id, seq, data)
  local m = string.pack(">BBI2I2I2", 8, 0, 0, id, seq) .. data
  return m:sub(1, 2) .. string.pack(">I2", checksum(m)) .. m:sub(5)
end

local function open(kind, protocol)
  local fd = assert(S.socket(S.AF_INET, kind, protocol))
  S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 1, 0)
  return fd
end

-- offset: where the ICMP header begins
local function receive(what, fd, offset)
  local data, from, code = S.recvfrom(fd, 4096)
  if not data then print(what, data, from, code) return end
  local t, c, _, id, seq = string.unpack(">BBI2I2I2", data, offset + 1)
  print(what, #data, from.addr, from.port, "type " .. t, "code " .. c, "id " .. id, "seq " .. seq, data:sub(offset + 9, offset + 16))
end

-- raw: echo to the other host and to this one
local fd = open(S.SOCK_RAW, ICMP)
print("echo", S.sendto(fd, echo(77, 1, "raw echo"), SERVER))
receive("reply", fd, 20)
print("echo to myself", S.sendto(fd, echo(77, 2, "to self"), { family = S.AF_INET, addr = "127.0.0.1", port = 0 }))
receive("my own request", fd, 20)
receive("my own reply", fd, 20)
print("filter all but replies", S.setsockopt(fd, SOL_RAW, ICMP_FILTER, ~1 & 0x7fffffff))
print("echo to myself", S.sendto(fd, echo(77, 3, "to self"), { family = S.AF_INET, addr = "127.0.0.1", port = 0 }))
receive("my own reply only", fd, 20)
receive("nothing more", fd, 20)
U.close(fd)

-- ping sockets: the id is the port, the checksum is made
local a, b = open(S.SOCK_DGRAM, ICMP), open(S.SOCK_DGRAM, ICMP)
print("bind", S.bind(a, { family = S.AF_INET, addr = "0.0.0.0", port = 4660 }))
print("ping", S.sendto(a, "\8\0\1\2\3\4\0\7ping data", SERVER))
receive("pong", a, 0)
receive("not for the other", b, 0)
print("connect", S.connect(b, SERVER))
print("ping", S.send(b, "\8\0\0\0\0\0\0\9second"))
local data = S.recv(b, 11)
print("pong, cut", data and #data, data and data:byte(1))
print("own id", S.getsockname(a).port, S.getsockname(b).port ~= 4660, S.getsockname(b).port ~= 0)
print("ping myself", S.sendto(a, "\8\0\0\0\0\0\0\8self", { family = S.AF_INET, addr = "127.0.0.1", port = 0 }))
receive("pong of myself", a, 0)
U.close(b)

-- errors: nobody takes protocol 252
fd = open(S.SOCK_RAW, 252)
print("not connected", S.sendto(fd, "12345678", SERVER))
receive("no error without asking", fd, 20)
print("connect", S.connect(fd, SERVER))
print("connected", S.send(fd, "12345678"))
receive("protocol unreachable is hard", fd, 20)
print("once only", S.send(fd, "12345678"))
U.sleep(1)
print("and again", S.send(fd, "12345678"))
U.sleep(1) -- its error shall not reach the next socket
U.close(fd)
fd = open(S.SOCK_RAW, 252)
S.setsockopt(fd, S.IPPROTO_IP, IP_RECVERR, 1)
print("not connected, asked for errors", S.sendto(fd, "12345678", SERVER))
receive("told", fd, 20)
U.sleep(1)
U.close(fd)

-- errors: nobody there; the host itself says so after its ARP requests
fd = open(S.SOCK_RAW, 252)
S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 5, 0)
S.setsockopt(fd, S.IPPROTO_IP, IP_RECVERR, 1)
print("nobody there", S.sendto(fd, "12345678", { family = S.AF_INET, addr = "10.0.2.99", port = 0 }))
receive("host unreachable", fd, 20)
U.close(fd)
S.setsockopt(a, S.SOL_SOCKET, S.SO_RCVTIMEO, 5, 0)
S.setsockopt(a, S.IPPROTO_IP, IP_RECVERR, 1)
print("ping nobody", S.sendto(a, "\8\0\0\0\0\0\0\8none", { family = S.AF_INET, addr = "10.0.2.98", port = 0 }))
receive("host unreachable", a, 0)
U.close(a)
