-- Raw and ping sockets.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
if ... == "server" then return end
M.nap(100)
local function sum(s)
  local t = 0
  for i = 1, #s, 2 do t = t + s:byte(i) * 256 + (s:byte(i + 1) or 0) end
  while t > 0xffff do t = (t & 0xffff) + (t >> 16) end
  return ~t & 0xffff
end
local function echo(id, seq, data)
  local s = string.pack(">BBHHH", 8, 0, 0, id, seq) .. data
  return string.pack(">BBHHH", 8, 0, sum(s), id, seq) .. data
end
local r = S.socket(S.AF_INET, S.SOCK_RAW, S.IPPROTO_ICMP)
show("raw", r)
S.setsockopt(r, S.SOL_SOCKET, S.SO_RCVTIMEO, 1, 0)
show("sendto", S.sendto(r, echo(77, 1, "hello ping"), M.at(0)))
local s, from = S.recvfrom(r, 1000)
show("reply", #s, from, s:byte(1), s:byte(21), s:sub(29))
show("id", string.unpack(">HH", s, 25))
show("connect", S.connect(r, M.at(0)))
show("send", S.send(r, echo(77, 2, "")))
show("recv", #S.recv(r, 1000))
show("name", S.getsockname(r))
show("peer", S.getpeername(r))
show("shutdown", S.shutdown(r, S.SHUT_WR))
local p = S.socket(S.AF_INET, S.SOCK_DGRAM, S.IPPROTO_ICMP)
show("ping socket", p)
S.setsockopt(p, S.SOL_SOCKET, S.SO_RCVTIMEO, 1, 0)
show("bind", S.bind(p, M.at(1234, "0.0.0.0")))
show("name", S.getsockname(p))
show("sendto", S.sendto(p, echo(1, 1, "data"), M.at(0)))
s, from = S.recvfrom(p, 1000)
show("reply", #s, from, s:byte(1), s:sub(9))
show("id is the port", string.unpack(">H", s, 5))
show("not an echo", S.sendto(p, string.pack(">BBHHH", 13, 0, 0, 1, 1), M.at(0)))
show("too short", S.sendto(p, "short", M.at(0)))
show("nowhere", S.sendto(p, echo(1, 1, ""), M.at(0, "192.168.7.7")))
show("listen", S.listen(p, 1))
show("unreachable host", S.sendto(r, echo(77, 3, ""), M.at(0, "10.0.2.99")))
