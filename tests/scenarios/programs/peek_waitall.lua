-- MSG_PEEK, MSG_WAITALL, MSG_TRUNC and short reads of a stream.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
if ... == "server" then
  local l = M.listener(7000)
  local c = S.accept(l)
  S.send(c, "hello world")
  M.nap(300)
  S.send(c, "abc")
  M.nap(300)
  S.send(c, "def")
  M.nap(300)
  S.send(c, "last")
  U.close(c)
  return
end
M.nap(200)
local fd = M.connected(7000)
M.nap(100)
show("peek", S.recv(fd, 5, S.MSG_PEEK))
show("peek all", S.recv(fd, 100, S.MSG_PEEK))
M.poll("poll", fd)
show("recv", S.recv(fd, 6))
show("peek", S.recv(fd, 100, S.MSG_PEEK))
show("recv 0", S.recv(fd, 0))
show("read 0", U.read(fd, 0))
show("trunc drops", S.recv(fd, 2, S.MSG_TRUNC) and "yes")
show("recv", S.recv(fd, 100))
show("waitall", S.recv(fd, 6, S.MSG_WAITALL))
show("waitall to the end", S.recv(fd, 100, S.MSG_WAITALL))
show("peek at the end", S.recv(fd, 100, S.MSG_PEEK))
show("recv", S.recv(fd, 100))
show("dontwait", S.recv(fd, 100, S.MSG_DONTWAIT))
