-- A host on the link that does not exist.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
if ... == "server" then return end
local fd = M.tcp()
show("connect", S.connect(fd, M.at(80, "10.0.2.99")))
M.poll("poll", fd)
fd = M.tcp()
M.nonblock(fd)
show("connect", S.connect(fd, M.at(80, "10.0.2.98")))
M.poll("wait", fd, 6000)
M.sockopt("SO_ERROR", fd, S.SOL_SOCKET, S.SO_ERROR)
local u = M.udp()
show("connect", S.connect(u, M.at(80, "10.0.2.97")))
show("send", S.send(u, "x"))
M.nap(4000)
M.poll("poll", u)
show("send", S.send(u, "x"))
show("recv", S.recv(u, 1))
