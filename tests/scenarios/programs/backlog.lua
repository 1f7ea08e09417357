-- A listener that does not accept: how many connections it takes.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
if ... == "server" then
  local l = M.listener(7000, 1)
  M.nap(2500)
  for i = 1, 2 do show("accept", (S.accept(l)) and "yes") end
  M.poll("listener", l)
  return
end
M.nap(200)
local fds = {}
for i = 1, 4 do
  local fd = M.tcp()
  M.nonblock(fd)
  fds[i] = fd
  show("connect", S.connect(fd, M.at(7000)))
  M.nap(100)
  M.poll("poll", fd, 0, "OUT")
end
