-- Setting up keepalive and user timeout; nothing is lost, so nothing happens.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
if ... == "server" then
  local l = M.listener(7000)
  local c = S.accept(l)
  show("recv", S.recv(c, 10))
  return
end
M.nap(200)
local fd = M.connected(7000)
for _, o in ipairs { "TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT", "TCP_SYNCNT", "TCP_LINGER2", "TCP_QUICKACK", "TCP_CORK", "TCP_NODELAY", "TCP_WINDOW_CLAMP", "TCP_DEFER_ACCEPT" } do
  M.sockopt(o, fd, S.IPPROTO_TCP, S[o])
end
show("keepalive", S.setsockopt(fd, S.SOL_SOCKET, S.SO_KEEPALIVE, 1))
show("idle", S.setsockopt(fd, S.IPPROTO_TCP, S.TCP_KEEPIDLE, 1))
show("interval", S.setsockopt(fd, S.IPPROTO_TCP, S.TCP_KEEPINTVL, 1))
show("count", S.setsockopt(fd, S.IPPROTO_TCP, S.TCP_KEEPCNT, 2))
show("user timeout", S.setsockopt(fd, S.IPPROTO_TCP, S.TCP_USER_TIMEOUT, 3000))
M.nap(2500)
M.poll("still there", fd)
M.sockopt("congestion control is text", fd, S.IPPROTO_TCP, S.TCP_NODELAY)
show("cork", S.setsockopt(fd, S.IPPROTO_TCP, S.TCP_CORK, 1))
show("send", S.send(fd, "corked"))
show("uncork", S.setsockopt(fd, S.IPPROTO_TCP, S.TCP_CORK, 0))
