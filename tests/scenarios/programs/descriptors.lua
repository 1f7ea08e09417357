-- dup, dup2, F_DUPFD, flags; what a descriptor number becomes after close.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
if ... == "server" then
  local l = M.listener(7000)
  local c = S.accept(l)
  show("recv", S.recv(c, 100))
  show("recv", S.recv(c, 100))
  show("end", S.recv(c, 100))
  return
end
M.nap(200)
local fd = M.connected(7000)
show("fd", fd)
local d = U.dup(fd)
show("dup", d)
show("dup2", U.dup2(fd, 20))
show("dup2 to itself", U.dup2(fd, fd))
show("dup2 bad", U.dup2(99, 20))
show("dup2 too high", U.dup2(fd, 100000))
show("dup2 -1", U.dup2(fd, -1))
show("dupfd", F.fcntl(fd, F.F_DUPFD, 10))
show("dupfd again", F.fcntl(fd, F.F_DUPFD, 10))
show("dupfd -1", F.fcntl(fd, F.F_DUPFD, -1))
show("getfd", F.fcntl(fd, F.F_GETFD))
show("setfd", F.fcntl(fd, F.F_SETFD, F.FD_CLOEXEC))
show("getfd", F.fcntl(fd, F.F_GETFD), F.fcntl(d, F.F_GETFD))
show("getfl", F.fcntl(fd, F.F_GETFL))
show("setfl", F.fcntl(fd, F.F_SETFL, F.O_NONBLOCK))
show("getfl of the dup", F.fcntl(d, F.F_GETFL))
show("recv", S.recv(d, 1))
show("setfl", F.fcntl(d, F.F_SETFL, 0))
show("unknown command", F.fcntl(fd, 999))
show("send", S.send(fd, "one"))
M.nap(100)
show("close", U.close(fd))
show("still open", S.send(d, "two"))
show("new socket takes the number", M.tcp())
for _, f in ipairs { d, 20, 10, 11 } do show("close", U.close(f)) end
show("close again", U.close(20))
show("nonblocking socket", F.fcntl(S.socket(S.AF_INET, S.SOCK_STREAM + S.SOCK_NONBLOCK, 0), F.F_GETFL))
show("cloexec socket", F.fcntl(S.socket(S.AF_INET, S.SOCK_STREAM + S.SOCK_CLOEXEC, 0), F.F_GETFD))
show("wrong flag", S.socket(S.AF_INET, S.SOCK_STREAM + 0x100, 0))
show("isatty", U.isatty(d), U.isatty(99))
show("lseek", U.lseek(11, 0, 0))
show("lseek", U.lseek(fd, 0, 0))
local n = 0
while true do
  local f, msg, e = S.socket(S.AF_INET, S.SOCK_DGRAM, 0)
  if not f then show("too many", msg, e) break end
  n = n + 1
end
show("pipe", U.pipe())
