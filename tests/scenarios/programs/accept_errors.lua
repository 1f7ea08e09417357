-- accept() of what is no listener, of connections that were reset or closed meanwhile; a listener that closes.
local p = require "prelude"
local S = require "posix.sys.socket"
local U = require "posix.unistd"
if ... == "server" then
  local fd = p.tcp()
  p.show("accept new", S.accept(fd))
  p.show("accept bad", S.accept(99))
  p.show("accept pipe", S.accept((U.pipe())))
  p.show("accept udp", S.accept(p.udp()))
  p.show("listen udp", S.listen(p.udp(), 1))
  S.bind(fd, p.at(7000, "0.0.0.0"))
  p.show("accept bound", S.accept(fd))
  S.listen(fd, 5)
  p.nonblock(fd)
  p.show("accept none", S.accept(fd))
  p.show("recv listener", S.recv(fd, 10))
  p.show("send listener", S.send(fd, "x", S.MSG_NOSIGNAL))
  p.show("peer listener", S.getpeername(fd))
  p.show("connect listener", S.connect(fd, p.at(7000)))
  p.nap(150)
  -- one that was reset before accept, one that ended, one that wrote and reset
  p.poll("listener", fd)
  for i = 1, 3 do
    local c, a, e = S.accept(fd)
    if c then
      p.show("accepted", a)
      p.poll("poll", c)
      p.show("peer", S.getpeername(c))
      p.show("name", S.getsockname(c))
      p.show("recv", S.recv(c, 10))
      p.show("recv", S.recv(c, 10))
      p.sockopt("err", c, 1, S.SO_ERROR)
      local F = require "posix.fcntl"
      p.show("flags", F.fcntl(c, F.F_GETFL), F.fcntl(c, F.F_GETFD))
      U.close(c)
    else p.show("accept", c, a, e) end
  end
  p.show("accept none", S.accept(fd))
  -- closing a listener with a connection waiting
  p.nap(150)
  p.poll("listener", fd)
  U.close(fd)
  p.nap(50)
else
  p.nap(100)
  local fd = p.connected(7000)
  S.setsockopt(fd, 1, S.SO_LINGER, 1, 0)
  U.close(fd)
  fd = p.connected(7000)
  U.close(fd)
  fd = p.connected(7000)
  U.write(fd, "abc")
  S.setsockopt(fd, 1, S.SO_LINGER, 1, 0)
  p.nap(10)
  U.close(fd)
  p.nap(100)
  fd = p.connected(7000)
  p.nap(200)
  p.poll("aborted", fd)
  p.show("recv", S.recv(fd, 10))
  p.show("recv", S.recv(fd, 10))
end
