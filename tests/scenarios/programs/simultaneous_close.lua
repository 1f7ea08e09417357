-- Both sides close at once; both connect at once.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
if ... == "server" then
  local c = S.accept(M.listener(7000))
  M.nap(300)
  show("shutdown", S.shutdown(c, S.SHUT_WR))
  M.nap(300)
  show("recv", S.recv(c, 10))
  M.poll("poll", c)
  show("send", S.send(c, "x", S.MSG_NOSIGNAL))
  return
end
M.nap(200)
local fd = M.connected(7000)
M.nap(300)
show("shutdown", S.shutdown(fd, S.SHUT_WR))
M.nap(300)
show("recv", S.recv(fd, 10))
M.poll("poll", fd)
show("send", S.send(fd, "x", S.MSG_NOSIGNAL))
