-- An echo over one connection: the program everybody writes first.
local M = require "prelude"
local S, U = require "posix.sys.socket", require "posix.unistd"
local show = M.show
if ... == "server" then
  local l = M.listener(7000)
  show("name", S.getsockname(l))
  local c, peer = S.accept(l)
  show("accept", c, peer)
  while true do
    local s = S.recv(c, 1024)
    show("recv", s)
    if not s or s == "" then break end
    show("send", S.send(c, s:upper()))
  end
  show("close", U.close(c), U.close(l))
  return
end
M.nap(200)
local fd = M.tcp()
show("fd", fd)
show("connect", S.connect(fd, M.at(7000)))
show("name", S.getsockname(fd))
show("peer", S.getpeername(fd))
for _, s in ipairs { "hello", "world", ("x"):rep(1000) } do
  show("send", S.send(fd, s))
  show("recv", S.recv(fd, 1024))
end
show("send nothing", S.send(fd, ""))
show("shutdown", S.shutdown(fd, S.SHUT_WR))
show("recv", S.recv(fd, 10))
show("recv again", S.recv(fd, 10))
show("close", U.close(fd))
show("close again", U.close(fd))
