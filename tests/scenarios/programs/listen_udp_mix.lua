-- Calls on the wrong kind of socket.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
if ... == "server" then return end
local u, t = M.udp(), M.tcp()
show("udp listen", S.listen(u, 1))
show("udp accept", S.accept(u))
show("udp shutdown", S.shutdown(u, 2))
show("tcp sendto, not connected", S.sendto(t, "x", M.at(9)))
