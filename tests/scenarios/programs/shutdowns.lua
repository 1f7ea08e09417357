-- shutdown() in all orders, and what both sides see of it.
local p = require "prelude"
local S = require "posix.sys.socket"
local U = require "posix.unistd"
-- shutdown combos
if ... == "server" then
  local l = p.listener(7000)
  p.poll("listener", l)
  for i, how in ipairs { "0", "1", "2", "01", "10", "00", "11", "3" } do
    local c = S.accept(l)
    p.nap(100)
    p.poll(how .. " peer after shutdown", c)
    p.show("read", U.read(c, 10))
    p.show("send", S.send(c, "abc", S.MSG_NOSIGNAL))
    p.nap(100)
    p.poll(how .. " peer after send", c)
    p.show("send", S.send(c, "abc", S.MSG_NOSIGNAL))
    p.nap(100)
    p.sockopt("err", c, S.SOL_SOCKET, S.SO_ERROR)
    p.poll(how .. " peer after send", c)
    p.nap(100)
    p.poll(how .. " peer after close", c)
    p.show("peer", S.getpeername(c))
    p.show("shutdown", S.shutdown(c, S.SHUT_WR))
    p.show("send", S.send(c, "abc", S.MSG_NOSIGNAL))
    p.poll(how .. " end", c)
    U.close(c)
  end
  p.show("shutdown listener", S.shutdown(l, S.SHUT_RD))
  p.poll("listener", l)
  p.show("accept", S.accept(l))
  p.show("listen", S.listen(l, 5))
  p.show("name", S.getsockname(l))
  p.show("shutdown wr listener", S.shutdown(l, S.SHUT_WR))
  p.poll("listener", l)
else
  p.nap(50)
  for _, hows in ipairs { "0", "1", "2", "01", "10", "00", "11", "3" } do
    local fd = p.connected(7000)
    p.nap(50)
    for how in hows:gmatch "." do p.show("shutdown " .. how, S.shutdown(fd, tonumber(how))) end
    p.poll(hows .. " after shutdown", fd)
    p.show("send", S.send(fd, "x", S.MSG_NOSIGNAL))
    p.nap(100)
    p.poll(hows .. " got", fd)
    p.show("recv", S.recv(fd, 10, S.MSG_DONTWAIT))
    p.show("recv", S.recv(fd, 10, S.MSG_DONTWAIT))
    p.nap(100)
    p.poll(hows .. " got", fd)
    p.show("recv", S.recv(fd, 10, S.MSG_DONTWAIT))
    p.show("peer", S.getpeername(fd))
    p.nap(100)
    U.close(fd)
    p.nap(150)
  end
end
