-- SO_LINGER with a time: close() waits for what was sent.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
if ... == "server" then
  local l = M.listener(7000)
  local c = S.accept(l)
  show("recv", S.recv(c, 100))
  show("end", S.recv(c, 100))
  U.close(c)
  c = S.accept(l)
  show("drain", M.drain(c))
  c = S.accept(l)
  M.nap(200)
  show("recv", S.recv(c, 100))
  show("recv", S.recv(c, 100))
  return
end
M.nap(200)
local fd = M.connected(7000)
S.setsockopt(fd, S.SOL_SOCKET, S.SO_LINGER, 1, 5)
show("send", S.send(fd, "lingering"))
show("close", U.close(fd))
fd = M.connected(7000)
S.setsockopt(fd, S.SOL_SOCKET, S.SO_LINGER, 1, 5)
show("send", S.send(fd, ("x"):rep(500000)))
show("close", U.close(fd))
fd = M.connected(7000)
S.setsockopt(fd, S.SOL_SOCKET, S.SO_LINGER, 1, 0)
show("send", S.send(fd, "lost"))
M.nap(50)
show("close", U.close(fd))
