-- A socket that connects to itself, and two that connect to each other over loopback.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
if ... == "server" then return end
local fd = M.tcp()
show("bind", S.bind(fd, M.at(7000, "127.0.0.1")))
show("connect", S.connect(fd, M.at(7000, "127.0.0.1")))
show("name", S.getsockname(fd))
show("peer", S.getpeername(fd))
show("send", S.send(fd, "to myself"))
show("recv", S.recv(fd, 100))
show("shutdown", S.shutdown(fd, S.SHUT_WR))
show("recv", S.recv(fd, 100))
M.poll("poll", fd)
show("close", U.close(fd))
print "-- loopback"
local l = M.listener(7001)
local a = M.tcp()
show("connect", S.connect(a, M.at(7001, "127.0.0.1")))
M.poll("listener", l)
show("send before accept", S.send(a, "early"))
local b = S.accept(l)
show("recv", S.recv(b, 100))
show("send", S.send(b, "answer"))
show("recv", S.recv(a, 100))
S.setsockopt(b, S.SOL_SOCKET, S.SO_LINGER, 1, 0)
U.close(b)
show("recv", S.recv(a, 100))
U.close(a)
U.close(l)
print "-- udp"
local u = M.udp(7002, "127.0.0.1")
show("connect", S.connect(u, M.at(7002, "127.0.0.1")))
show("send", S.send(u, "to myself"))
show("recvfrom", S.recvfrom(u, 100))
