-- A port whose last connection lies in TIME_WAIT.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
if ... == "server" then
  local l = M.tcp()
  S.bind(l, M.at(7000, "0.0.0.0"))
  S.listen(l, 5)
  local c = S.accept(l)
  U.close(c) -- the server closes first: TIME_WAIT is here
  M.nap(300)
  U.close(l)
  local m = M.tcp()
  show("bind", S.bind(m, M.at(7000, "0.0.0.0")))
  show("other port", S.bind(m, M.at(7001, "0.0.0.0")))
  m = M.tcp()
  S.setsockopt(m, S.SOL_SOCKET, S.SO_REUSEADDR, 1)
  show("with reuse", S.bind(m, M.at(7000, "0.0.0.0")))
  show("listen", S.listen(m, 5))
  return
end
M.nap(200)
local fd = M.connected(7000)
show("end", S.recv(fd, 1))
U.close(fd)
M.nap(500)
-- here the port is free at once: the other side has TIME_WAIT
local fd = M.tcp()
S.bind(fd, M.at(7100, "0.0.0.0"))
show("connect", S.connect(fd, M.at(7000)))
