-- SO_RCVTIMEO and SO_SNDTIMEO: EAGAIN after the time, EINPROGRESS of connect.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
if ... == "server" then
  local l = M.listener(7000)
  local c = S.accept(l)
  M.nap(2200)
  show("late", S.send(c, "late"))
  M.nap(1000)
  return
end
M.nap(200)
local T = require "posix.time"
local function took(f, ...)
  local a = T.clock_gettime(T.CLOCK_MONOTONIC)
  local r = table.pack(f(...))
  local b = T.clock_gettime(T.CLOCK_MONOTONIC)
  local ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) // 1000000
  print("took about", (ms + 50) // 100 * 100)
  return table.unpack(r, 1, r.n)
end
local fd = M.connected(7000)
show("set", S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 0, 300000))
show("recv", took(S.recv, fd, 10))
show("read", took(U.read, fd, 10))
show("recvfrom", took(S.recv, fd, 10))
show("peek", took(S.recv, fd, 10, S.MSG_PEEK))
show("waitall", took(S.recv, fd, 10, S.MSG_WAITALL))
show("dontwait", took(S.recv, fd, 10, S.MSG_DONTWAIT))
show("poll", took(M.events, fd, 200, "IN"))
show("clear", S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 0, 0))
show("recv", S.recv(fd, 10))
print "-- accept"
local l = M.listener(7001)
show("set", S.setsockopt(l, S.SOL_SOCKET, S.SO_RCVTIMEO, 0, 200000))
show("accept", took(S.accept, l))
print "-- udp"
local u = S.socket(S.AF_INET, S.SOCK_DGRAM, 0)
show("bind", S.bind(u, M.at(7002, "0.0.0.0")))
show("set", S.setsockopt(u, S.SOL_SOCKET, S.SO_RCVTIMEO, 0, 200000))
show("recvfrom", took(S.recvfrom, u, 10))
show("recv", took(S.recv, u, 10))
show("read", took(U.read, u, 10))
print "-- poll"
show("nothing", took(P.poll, {}, 100))
show("rpoll", took(P.rpoll, u, 100))
show("two", took(P.poll, { [u] = { events = { IN = true } }, [l] = { events = { IN = true } } }, 100))
