-- bind() to a port that connections, TIME_WAIT or a client socket hold.
local p = require "prelude"
local S = require "posix.sys.socket"
local U = require "posix.unistd"
local function b(what, port, ra, rp)
  local fd = p.tcp()
  if ra then S.setsockopt(fd, 1, S.SO_REUSEADDR, 1) end
  if rp then S.setsockopt(fd, 1, S.SO_REUSEPORT, 1) end
  p.show(what .. " bind", S.bind(fd, p.at(port, "0.0.0.0")))
  p.show(what .. " listen", S.listen(fd, 1))
  U.close(fd)
end
if ... == "server" then
  local l = p.listener(7000)
  local c = S.accept(l)
  b("while established", 7000)
  b("while established", 7000, true)
  U.close(l)
  b("listener closed, established", 7000)
  b("listener closed, established", 7000, true)
  b("listener closed, established", 7000, false, true)
  b("listener closed, established", 7000, true, true)
  U.close(c)
  p.nap(100)
  b("fin wait", 7000)
  b("fin wait", 7000, true)
  p.nap(200)
  b("time wait", 7000)
  b("time wait", 7000, true)
  b("time wait", 7000, false, true)
  -- a client bound to a port: TIME_WAIT and connecting again
  p.nap(100)
  local l2 = p.listener(7001)
  for i = 1, 3 do
    c = S.accept(l2)
    p.show("peer", S.getpeername(c))
    p.show("read", U.read(c, 1))
    U.close(c)
  end
else
  p.nap(100)
  local fd = p.connected(7000)
  p.nap(200)
  p.show("read", U.read(fd, 10))
  U.close(fd)
  p.nap(700)
  for i = 1, 3 do
    fd = p.tcp()
    if i > 1 then S.setsockopt(fd, 1, S.SO_REUSEADDR, 1) end
    p.show("bind", S.bind(fd, p.at(5555, "10.0.2.15")))
    p.show("connect", S.connect(fd, p.at(7001)))
    p.show("same again", S.connect(fd, p.at(7001)))
    p.nap(20)
    U.close(fd)
    p.nap(100)
    b("client port", 5555)
    b("client port", 5555, true)
  end
end
