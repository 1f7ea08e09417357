-- Writing to a connection that the peer has closed, with SIGPIPE ignored.
local M = require "prelude"
local S, U, G = require "posix.sys.socket", require "posix.unistd", require "posix.signal"
local show = M.show
if ... == "server" then
  local l = M.listener(7000)
  local c = S.accept(l)
  U.close(c)
  M.nap(1000)
  return
end
M.nap(200)
show("signal", G.signal(G.SIGPIPE, G.SIG_IGN))
show("signal", G.signal(G.SIGPIPE, G.SIG_IGN))
local fd = M.connected(7000)
M.nap(200)
M.poll("poll", fd)
show("recv", S.recv(fd, 10))
show("write", U.write(fd, "one"))
M.nap(200)
M.poll("poll", fd)
show("write", U.write(fd, "two"))
show("write", U.write(fd, "three"))
show("send", S.send(fd, "four"))
show("recv", S.recv(fd, 10))
M.sockopt("SO_ERROR", fd, S.SOL_SOCKET, S.SO_ERROR)
M.poll("poll", fd)
-- a handler hears of it
local heard = 0
show("signal", type(G.signal(G.SIGPIPE, function(n) heard = heard + 1 print("SIGPIPE", n == G.SIGPIPE) end)))
show("write", U.write(fd, "five"))
print("heard", heard)
