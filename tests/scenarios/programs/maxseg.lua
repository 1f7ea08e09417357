-- TCP_MAXSEG before and after connect, asked and given.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
if ... == "server" then
  local l = M.listener(7000)
  for _ = 1, 3 do
    local c = S.accept(l)
    M.sockopt("server", c, S.IPPROTO_TCP, S.TCP_MAXSEG)
    U.close(c)
  end
  S.setsockopt(l, S.IPPROTO_TCP, S.TCP_MAXSEG, 700)
  local c = S.accept(l)
  M.sockopt("server, small", c, S.IPPROTO_TCP, S.TCP_MAXSEG)
  S.recv(c, 1)
  return
end
M.nap(200)
for _, mss in ipairs { 0, 500, 1000 } do
  local fd = M.tcp()
  M.sockopt("new", fd, S.IPPROTO_TCP, S.TCP_MAXSEG)
  if mss > 0 then show("set", S.setsockopt(fd, S.IPPROTO_TCP, S.TCP_MAXSEG, mss)) end
  M.sockopt("set", fd, S.IPPROTO_TCP, S.TCP_MAXSEG)
  show("connect", S.connect(fd, M.at(7000)))
  M.sockopt("connected", fd, S.IPPROTO_TCP, S.TCP_MAXSEG)
  M.nap(200)
end
local fd = M.connected(7000)
M.sockopt("the server's is small", fd, S.IPPROTO_TCP, S.TCP_MAXSEG)
fd = M.tcp()
show("loopback", S.connect(fd, M.at(7000, "127.0.0.1")))
local l = M.listener(7001)
fd = M.tcp()
show("loopback", S.connect(fd, M.at(7001, "127.0.0.1")))
M.sockopt("loopback", fd, S.IPPROTO_TCP, S.TCP_MAXSEG)
M.sockopt("loopback mtu", fd, S.IPPROTO_IP, 14)
