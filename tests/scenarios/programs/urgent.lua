-- Out-of-band data: the mark, POLLPRI, SO_OOBINLINE.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
if ... == "server" then
  local l = M.listener(7000)
  for i = 1, 2 do
    local c = S.accept(l)
    M.nap(200)
    S.send(c, "abc")
    show("oob", S.send(c, "XYZ", S.MSG_OOB))
    S.send(c, "def")
    M.nap(600)
    U.close(c)
  end
  return
end
M.nap(200)
local fd = M.connected(7000)
show("oob, none", S.recv(fd, 1, S.MSG_OOB))
M.nap(500)
M.poll("poll", fd)
show("before the mark", S.recv(fd, 100))
M.poll("poll", fd)
show("oob peek", S.recv(fd, 1, S.MSG_OOB + S.MSG_PEEK))
show("oob", S.recv(fd, 10, S.MSG_OOB))
show("oob again", S.recv(fd, 1, S.MSG_OOB))
M.poll("poll", fd)
show("after the mark", S.recv(fd, 100))
show("oob, gone", S.recv(fd, 1, S.MSG_OOB))
show("end", S.recv(fd, 100))
fd = M.connected(7000)
show("inline", S.setsockopt(fd, S.SOL_SOCKET, S.SO_OOBINLINE, 1))
M.nap(500)
M.poll("poll", fd)
show("before the mark", S.recv(fd, 100))
M.poll("poll", fd)
show("oob", S.recv(fd, 1, S.MSG_OOB))
show("with the mark", S.recv(fd, 100))
show("end", S.recv(fd, 100))
local u = M.udp()
show("udp", S.connect(u, M.at(7000)))
show("udp oob", S.send(u, "x", S.MSG_OOB))
show("udp oob recv", S.recv(u, 1, S.MSG_OOB))
