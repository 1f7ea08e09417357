-- SO_RCVLOWAT with poll() and recv(); SO_SNDTIMEO when nothing more goes in.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
if ... == "server" then
  local c = S.accept(M.listener(7000))
  S.send(c, "abc")
  M.nap(300)
  S.send(c, "defgh")
  M.nap(1500)
  return
end
M.nap(200)
local fd = M.tcp()
S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVLOWAT, 5)
show("connect", S.connect(fd, M.at(7000)))
M.nap(100)
M.poll("3 of 5", fd)
show("dontwait", S.recv(fd, 100, S.MSG_DONTWAIT))
M.nap(400)
M.poll("more", fd)
show("recv", S.recv(fd, 2))
show("recv", S.recv(fd, 100))
S.setsockopt(fd, S.SOL_SOCKET, S.SO_SNDTIMEO, 0, 200000)
S.setsockopt(fd, S.SOL_SOCKET, S.SO_SNDBUF, 4608)
local n = S.send(fd, ("x"):rep(10000000))
print("a part", n > 0 and n < 10000000)
show("send", S.send(fd, "x"))
