-- A datagram longer than the send buffer.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
if ... == "server" then return end
M.nap(100)
local u = M.udp()
show("sndbuf", S.setsockopt(u, S.SOL_SOCKET, S.SO_SNDBUF, 5000))
for _, n in ipairs { 1000, 4000, 8000, 9000, 10000, 20000 } do
  show("dontwait " .. n, S.sendto(u, ("x"):rep(n), M.at(9, "127.0.0.1")))
end
