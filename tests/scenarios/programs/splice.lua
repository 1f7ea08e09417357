-- splice() from a connection to a pipe and back.
local p = require "prelude"
local S = require "posix.sys.socket"
local U = require "posix.unistd"
local V = require "posix.sys.uio"
if ... == "server" then
  local l = p.listener(7000)
  local c = S.accept(l)
  local r, w = U.pipe()
  p.nap(100)
  p.show("splice in", V.splice(c, w, 3))
  p.show("pipe", U.read(r, 10))
  p.show("splice in all", V.splice(c, w, 100))
  p.nonblock(c)
  p.show("splice in none", V.splice(c, w, 100))
  p.show("splice out", V.splice(r, c, 4))
  p.show("splice out", V.splice(r, c, 100, V.SPLICE_F_MORE))
  p.show("splice out none", V.splice(r, c, 100, V.SPLICE_F_NONBLOCK))
  p.show("sock to sock", V.splice(c, c, 100))
  p.show("listener", V.splice(l, w, 100))
  p.show("wrong end", V.splice(c, r, 100))
  p.show("zero", V.splice(c, w, 0))
  p.show("bad fd", V.splice(99, w, 10))
  p.show("bad flags", V.splice(c, w, 10, 0x100))
  p.nap(100)
  p.show("fin", V.splice(c, w, 100))
  U.close(r)
  p.show("no reader", V.splice(c, w, 100))
  U.close(c)
else
  p.nap(50)
  local fd = p.connected(7000)
  U.write(fd, "0123456789")
  p.nap(80)
  p.show("back", S.recv(fd, 100))
  S.shutdown(fd, 1)
  p.nap(500)
end
