-- A connection that the peer resets: each call is the first to hear of it once.
local M = require "prelude"
local S, U = require "posix.sys.socket", require "posix.unistd"
local show = M.show
if ... == "server" then
  local l = M.listener(7000)
  for _ = 1, 6 do
    local c = S.accept(l)
    S.recv(c, 100)
    S.setsockopt(c, S.SOL_SOCKET, S.SO_LINGER, 1, 0)
    U.close(c)
  end
  -- unread data: close() resets, too
  local c = S.accept(l)
  M.nap(200)
  U.close(c)
  return
end
M.nap(200)
local function fresh()
  local fd = M.connected(7000)
  S.send(fd, "go")
  M.nap(200)
  return fd
end
local fd = fresh()
M.poll("poll", fd)
show("recv", S.recv(fd, 10))
show("recv", S.recv(fd, 10))
M.poll("poll", fd)
show("send", S.send(fd, "x", S.MSG_NOSIGNAL))
show("name", S.getsockname(fd))
show("peer", S.getpeername(fd))
show("shutdown", S.shutdown(fd, S.SHUT_WR))
fd = fresh()
print "-- send first"
show("send", S.send(fd, "x", S.MSG_NOSIGNAL))
show("send", S.send(fd, "x", S.MSG_NOSIGNAL))
show("recv", S.recv(fd, 10))
M.poll("poll", fd)
fd = fresh()
print "-- SO_ERROR first"
M.sockopt("SO_ERROR", fd, S.SOL_SOCKET, S.SO_ERROR)
M.poll("poll", fd)
show("recv", S.recv(fd, 10))
show("send", S.send(fd, "x", S.MSG_NOSIGNAL))
fd = fresh()
print "-- shutdown first"
show("shutdown", S.shutdown(fd, S.SHUT_RDWR))
show("recv", S.recv(fd, 10))
fd = fresh()
print "-- connect first"
show("connect", S.connect(fd, M.at(9)))
show("connect", S.connect(fd, M.at(9)))
fd = fresh()
print "-- peek first"
show("peek", S.recv(fd, 10, S.MSG_PEEK))
show("recv", S.recv(fd, 10))
fd = M.connected(7000)
print "-- unread data"
S.send(fd, "unread")
M.nap(400)
M.poll("poll", fd)
show("recv", S.recv(fd, 10))
show("recv", S.recv(fd, 10))
