-- Datagrams: truncation, order, length 0, peeking, who sent them.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
if ... == "server" then
  local u = M.udp(7000)
  S.setsockopt(u, S.SOL_SOCKET, S.SO_RCVTIMEO, 3, 0)
  for _ = 1, 4 do show("recvfrom", S.recvfrom(u, 5)) end
  M.nap(200)
  M.poll("poll", u)
  show("peek", S.recvfrom(u, 100, S.MSG_PEEK))
  show("trunc", #S.recv(u, 2, S.MSG_TRUNC + S.MSG_PEEK))
  show("recv 0", S.recv(u, 0))
  local s, from = S.recvfrom(u, 70000)
  show("long", #s, from)
  show("answer", S.sendto(u, "answer", from))
  show("recvfrom", S.recvfrom(u, 100))
  print(S.recv(u, 100, S.MSG_DONTWAIT))
  return
end
M.nap(200)
local u = M.udp(7001)
show("hello", S.sendto(u, "hello", M.at(7000)))
show("hello world", S.sendto(u, "hello world", M.at(7000)))
show("empty", S.sendto(u, "", M.at(7000)))
show("x", S.sendto(u, "x", M.at(7000)))
M.nap(100)
show("second", S.sendto(u, "second", M.at(7000)))
show("long", S.sendto(u, ("l"):rep(60000), M.at(7000)))
S.setsockopt(u, S.SOL_SOCKET, S.SO_RCVTIMEO, 3, 0)
show("recvfrom", S.recvfrom(u, 100))
show("connect", S.connect(u, M.at(7000)))
show("name", S.getsockname(u))
show("send", S.send(u, "connected"))
show("sendto the same", S.sendto(u, "x", M.at(7009)))
