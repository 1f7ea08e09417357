-- AF_PACKET: frames as they go over the link.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
if ... == "server" then
  local p = S.socket(S.AF_PACKET, S.SOCK_DGRAM, 0x0008)
  show("bind", S.bind(p, { family = S.AF_PACKET, ifindex = S.if_nametoindex "eth0" }))
  S.setsockopt(p, S.SOL_SOCKET, S.SO_RCVTIMEO, 2, 0)
  local u = M.udp(7000)
  local s, from = S.recvfrom(p, 100)
  show("packet", s and s:byte(1), s and #s >= 33)
  show("getsockname", S.getsockname(p) and "yes")
  show("send", S.send(p, "x") or "no")
  return
end
M.nap(300)
local u = M.udp()
show("send", S.sendto(u, "hello", M.at(7000)))
show("lo", S.if_nametoindex "lo")
show("nodev", S.if_nametoindex "nodev0")
