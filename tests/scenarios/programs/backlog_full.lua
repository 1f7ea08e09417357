-- A full accept queue: the handshakes that are not done, TCP_INFO of the listener, the queue made longer.
local p = require "prelude"
local S = require "posix.sys.socket"
local U = require "posix.unistd"
local function st(fd) local t = S.getsockopt(fd, 6, S.TCP_INFO) return t.tcpi_state, t.tcpi_total_retrans, t.tcpi_unacked, t.tcpi_sacked end
if ... == "server" then
  for _, b in ipairs { 0, 1, 2 } do
    local l = p.tcp()
    S.setsockopt(l, 1, S.SO_REUSEADDR, 1)
    S.bind(l, p.at(7000 + b, "0.0.0.0"))
    S.listen(l, b)
    p.nap(500)
    p.show("listener", st(l))
    p.show("resize", S.listen(l, 4))
    p.show("listener", st(l))
    p.nap(1500)
    p.show("listener", st(l))
    S.setsockopt(l, 1, S.SO_RCVTIMEO, 0, 100000)
    while true do
      local c, m, e = S.accept(l)
      if not c then p.show("accept", c, m, e) break end
      p.show("accepted", st(c))
      p.show("read", S.recv(c, 10, S.MSG_DONTWAIT))
      U.close(c)
    end
    p.show("listener", st(l))
    U.close(l)
  end
else
  for _, b in ipairs { 0, 1, 2 } do
    p.nap(100)
    local fds = {}
    for i = 1, 5 do
      fds[i] = p.tcp()
      p.nonblock(fds[i])
      S.connect(fds[i], p.at(7000 + b))
      p.nap(20)
    end
    for i = 1, 5 do p.show(b .. " client " .. i, st(fds[i])) end
    for i = 1, 5 do p.show("write", S.send(fds[i], "data" .. i, S.MSG_NOSIGNAL)) end
    p.nap(200)
    for i = 1, 5 do p.show(b .. " client " .. i, st(fds[i])) end
    p.nap(1700)
    for i = 1, 5 do p.show(b .. " client " .. i, st(fds[i])) end
    p.nap(100)
    for i = 1, 5 do U.close(fds[i]) end
    p.nap(10)
  end
end
