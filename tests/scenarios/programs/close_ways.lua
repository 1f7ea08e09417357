-- Ways to end a connection (close, SO_LINGER, unread data, cork, dup) and what the peer sees of each.
local p = require "prelude"
local S = require "posix.sys.socket"
local U = require "posix.unistd"
local I = require "posix.sys.ioctl"
local function set(fd, on, sec) S.setsockopt(fd, 1, S.SO_LINGER, on, sec) end
local ways = {
  { "plain", function(fd) U.close(fd) end },
  { "unread", function(fd) U.close(fd) end, true },
  { "linger0", function(fd) set(fd, 1, 0) U.close(fd) end },
  { "linger0 shut", function(fd) set(fd, 1, 0) S.shutdown(fd, 1) p.nap(20) U.close(fd) end },
  { "linger5", function(fd) set(fd, 1, 5) U.close(fd) end },
  { "linger-1", function(fd) set(fd, 1, -1) U.close(fd) end },
  { "data then linger0", function(fd) U.write(fd, "data") set(fd, 1, 0) U.close(fd) end },
  { "data then close", function(fd) U.write(fd, "data") U.close(fd) end },
  { "data, unread", function(fd) U.write(fd, "data") U.close(fd) end, true },
  { "shut rd, unread", function(fd) S.shutdown(fd, 0) U.close(fd) end, true },
  { "corked", function(fd) S.setsockopt(fd, 6, S.TCP_CORK, 1) U.write(fd, "cork") U.close(fd) end },
  { "more", function(fd) S.send(fd, "more", S.MSG_MORE) S.shutdown(fd, 1) p.nap(20) U.close(fd) end },
  { "linger2 -1", function(fd) S.setsockopt(fd, 6, S.TCP_LINGER2, -1) U.close(fd) end },
  { "dup", function(fd) local d = U.dup(fd) U.close(fd) p.nap(30) U.write(d, "dup") U.close(d) end },
  { "unspec", function(fd) S.connect(fd, { family = 0 }) U.close(fd) end },
}
if ... == "server" then
  local l = p.listener(7000)
  for _, w in ipairs(ways) do
    local c = S.accept(l)
    if w[3] then U.write(c, "unread") end
    p.nap(100)
    p.poll(w[1], c)
    p.show("inq", I.ioctl(c, I.SIOCINQ))
    local n, m, e = S.recv(c, 100)
    p.show("recv", n, m, e)
    p.show("recv", S.recv(c, 100, S.MSG_DONTWAIT))
    p.show("send", S.send(c, "x", S.MSG_NOSIGNAL))
    p.nap(20)
    p.poll(w[1], c)
    p.show("send", S.send(c, "x", S.MSG_NOSIGNAL))
    p.sockopt("err", c, 1, S.SO_ERROR)
    p.show("state", S.getsockopt(c, 6, S.TCP_INFO).tcpi_state)
    p.show("peer", S.getpeername(c))
    U.close(c)
  end
else
  p.nap(30)
  for _, w in ipairs(ways) do
    local fd = p.connected(7000)
    p.nap(50)
    w[2](fd)
    p.nap(150)
  end
end
