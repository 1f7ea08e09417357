-- Reading and writing listeners and unconnected sockets, addresses on connected ones.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
local G = require "posix.signal"
G.signal(G.SIGPIPE, G.SIG_IGN)
if ... == "server" then
  local l = M.listener(7000)
  show("read", U.read(l, 1))
  show("write", U.write(l, "x"))
  show("recvfrom", (S.recv(l, 1)))
  local c = S.accept(l)
  show("recv", S.recv(c, 100))
  show("sendto", S.sendto(c, "with an address", M.at(9, "1.2.3.4")))
  show("write nothing", U.write(c, ""))
  M.nap(200)
  show("accept on a connection", S.accept(c))
  show("listen on a connection", S.listen(c, 1))
  show("connect a connection", S.connect(c, M.at(80)))
  U.close(c)
  U.close(l)
  l = M.tcp()
  show("bind at once", S.bind(l, M.at(7000, "0.0.0.0")))
  return
end
M.nap(200)
local fd = M.tcp()
show("write", U.write(fd, "x"))
show("connect", S.connect(fd, M.at(7000)))
show("sendto elsewhere", S.sendto(fd, "hi", M.at(9, "9.9.9.9")))
show("recv", S.recv(fd, 100))
show("end", S.recv(fd, 100))
M.sockopt("name of device", fd, S.SOL_SOCKET, S.SO_TYPE)
show("broadcast", S.setsockopt(fd, S.SOL_SOCKET, S.SO_BROADCAST, 1))
M.sockopt("broadcast", fd, S.SOL_SOCKET, S.SO_BROADCAST)
show("oob off", S.setsockopt(fd, S.SOL_SOCKET, S.SO_OOBINLINE, 0))
show("shut", S.shutdown(fd, S.SHUT_RDWR))
M.nap(100)
show("shut", S.shutdown(fd, S.SHUT_RDWR))
M.nap(100)
