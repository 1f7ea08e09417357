-- A connected UDP socket hears its peer only; several sockets on one port.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
if ... == "server" then
  local a = M.udp(7000)
  S.setsockopt(a, S.SOL_SOCKET, S.SO_RCVTIMEO, 3, 0)
  local _, from = S.recvfrom(a, 100)
  local b = M.udp()
  show("from another port", S.sendto(b, "stranger", from))
  show("from this", S.sendto(a, "friend", from))
  show("ask", S.recvfrom(a, 100))
  return
end
M.nap(200)
local u = M.udp()
S.setsockopt(u, S.SOL_SOCKET, S.SO_RCVTIMEO, 1, 0)
show("connect", S.connect(u, M.at(7000)))
show("send", S.send(u, "hello"))
show("recvfrom", S.recvfrom(u, 100))
M.nap(100)
show("no more", S.recv(u, 100, S.MSG_DONTWAIT))
show("bye", S.send(u, "bye"))
print "-- on one host"
local a = M.udp(8000, "0.0.0.0")
local b = select(2, pcall(M.udp, 8000, "127.0.0.1"))
print((tostring(b):gsub("^.-lua:%d+: ", "")))
