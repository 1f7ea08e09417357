-- What accept() hands on and what not.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
if ... == "server" then
  local l = M.tcp()
  S.setsockopt(l, S.SOL_SOCKET, S.SO_KEEPALIVE, 1)
  S.setsockopt(l, S.SOL_SOCKET, S.SO_LINGER, 1, 3)
  S.setsockopt(l, S.SOL_SOCKET, S.SO_RCVTIMEO, 5, 0)
  S.setsockopt(l, S.SOL_SOCKET, S.SO_REUSEADDR, 1)
  S.setsockopt(l, S.SOL_SOCKET, S.SO_RCVBUF, 30000)
  S.setsockopt(l, S.SOL_SOCKET, S.SO_SNDBUF, 20000)
  S.setsockopt(l, S.SOL_SOCKET, S.SO_PRIORITY, 3)
  S.setsockopt(l, S.IPPROTO_TCP, S.TCP_NODELAY, 1)
  S.setsockopt(l, S.IPPROTO_TCP, S.TCP_KEEPIDLE, 77)
  S.setsockopt(l, S.IPPROTO_TCP, S.TCP_DEFER_ACCEPT, 0)
  S.setsockopt(l, S.IPPROTO_IP, 2, 33)
  S.setsockopt(l, S.IPPROTO_IP, 1, 16)
  S.bind(l, M.at(7000, "0.0.0.0"))
  S.listen(l, 5)
  M.nonblock(l)
  show("none yet", S.accept(l))
  M.nap(400)
  local c, peer = S.accept(l)
  show("accept", c, peer)
  show("flags", F.fcntl(c, F.F_GETFL))
  for _, o in ipairs { "SO_KEEPALIVE", "SO_LINGER", "SO_RCVTIMEO", "SO_REUSEADDR", "SO_RCVBUF", "SO_SNDBUF", "SO_PRIORITY",
                       "SO_ACCEPTCONN", "SO_TYPE", "SO_PROTOCOL", "SO_DOMAIN", "SO_ERROR" } do
    M.sockopt(o, c, S.SOL_SOCKET, S[o])
  end
  for _, o in ipairs { "TCP_NODELAY", "TCP_KEEPIDLE", "TCP_DEFER_ACCEPT", "TCP_MAXSEG" } do
    M.sockopt(o, c, S.IPPROTO_TCP, S[o])
  end
  M.sockopt("ttl", c, S.IPPROTO_IP, 2)
  M.sockopt("tos", c, S.IPPROTO_IP, 1)
  show("name", S.getsockname(c))
  show("none any more", S.accept(l))
  return
end
M.nap(200)
local fd = M.connected(7000)
M.sockopt("TCP_MAXSEG", fd, S.IPPROTO_TCP, S.TCP_MAXSEG)
M.sockopt("IP_MTU", fd, S.IPPROTO_IP, 14)
M.nap(500)
show("end", S.recv(fd, 1))
