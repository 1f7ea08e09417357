-- What poll() says of a socket in each state of its life.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
if ... == "server" then
  local l = M.listener(7000)
  M.poll("listener", l)
  M.nap(400)
  M.poll("listener, one waits", l)
  local c = S.accept(l)
  M.poll("accepted", c)
  M.nap(300)
  M.poll("data", c)
  S.recv(c, 100)
  M.poll("read", c)
  M.nap(300)
  M.poll("the peer has shut down", c)
  M.poll("only errors asked for", c, 0, "PRI")
  S.shutdown(c, S.SHUT_WR)
  M.nap(100)
  M.poll("so have we", c)
  M.poll("nothing asked for", c, 0, "")
  U.close(c)
  M.poll("closed", c)
  return
end
M.poll("new", M.tcp())
M.poll("new udp", M.udp())
local b = M.tcp()
S.bind(b, M.at(0, "0.0.0.0"))
M.poll("bound", b)
M.nap(200)
local fd = M.tcp()
M.nonblock(fd)
show("connect", S.connect(fd, M.at(7000)))
M.poll("connected", fd, 1000, "OUT")
M.poll("connected", fd)
M.nap(300)
show("send", S.send(fd, "data"))
M.nap(300)
S.shutdown(fd, S.SHUT_WR)
M.poll("shut down", fd)
M.nap(500)
M.poll("both have", fd)
show("recv", S.recv(fd, 10))
M.poll("read the end", fd)
print "-- many at once"
local r, w = U.pipe()
local t = { [r] = { events = { IN = true } }, [w] = { events = { OUT = true } }, [fd] = { events = { IN = true, OUT = true } },
            [500] = { events = { IN = true } }, [-1] = { events = { IN = true } } }
show("poll", P.poll(t, 0))
for _, f in ipairs { r, w, fd, 500, -1 } do show("revents", t[f].revents) end
print "-- revents stay when nothing is ready"
t = { [r] = { events = { IN = true }, revents = { IN = "old" } } }
show("poll", P.poll(t, 0))
show("revents", t[r].revents)
