-- Five ways in which a connection ends, and calls on a listener that make no sense.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local G = require "posix.signal"
local show = M.show
G.signal(G.SIGPIPE, G.SIG_IGN)
if ... == "server" then
  local l = M.listener(8000, 2)
  show("name", S.getsockname(l))
  show("peer", S.getpeername(l))
  show("recv on listener", S.recv(l, 1))
  show("send on listener", S.send(l, "x"))
  show("connect on listener", S.connect(l, M.at(1)))
  show("listen again", S.listen(l, 3))
  show("bind again", S.bind(l, M.at(8001)))
  show("shutdown w", S.shutdown(l, 1))
  for i = 1, 5 do
    local c, from = S.accept(l)
    show("accepted", c ~= nil, from)
    show("flags", F.fcntl(c, F.F_GETFL))
    show("read", U.read(c, 5), U.read(c, 100))
    if i == 1 then U.close(c) end
    if i == 2 then S.setsockopt(c, 1, S.SO_LINGER, 1, 0) U.close(c) end
    if i == 3 then S.shutdown(c, S.SHUT_RD) M.poll("p", c) show("recv", S.recv(c, 10)) M.nap(200) show("recv", S.recv(c, 100)) show("send", S.send(c, "back")) M.nap(100) U.close(c) end
    if i == 4 then S.shutdown(c, S.SHUT_RDWR) M.poll("p", c) show("send", S.send(c, "x")) show("shutdown", S.shutdown(c, 2)) show("peer", S.getpeername(c)) U.close(c) end
    if i == 5 then S.send(c, ("z"):rep(100000)) S.shutdown(c, S.SHUT_WR) show("rest", M.drain(c)) U.close(c) end
  end
  show("shutdown rd listener", S.shutdown(l, S.SHUT_RD))
  show("accept", S.accept(l))
  M.poll("poll", l)
  show("listen", S.listen(l, 1))
  M.poll("poll", l)
  return
end
M.nap(200)
for i = 1, 5 do
  local c = M.connected(8000)
  show("connect again", S.connect(c, M.at(8000)))
  show("name", S.getsockname(c), S.getpeername(c))
  show("send", S.send(c, "hello"), S.send(c, "more"))
  M.nap(100)
  M.poll("poll", c)
  if i <= 2 then
    show("recv", S.recv(c, 10))
    show("send", S.send(c, "x"))
    M.nap(20)
    M.poll("poll", c)
    show("send", S.send(c, "y"))
    show("recv", S.recv(c, 10))
    show("err", S.getsockopt(c, 1, 4))
    M.poll("poll", c)
    show("peer", S.getpeername(c))
    show("name", S.getsockname(c).addr)
    show("shutdown", S.shutdown(c, 1))
  elseif i == 3 then
    show("send", S.send(c, "after shut rd"))
    show("recv", S.recv(c, 100))
    M.nap(200)
    show("recv", S.recv(c, 100))
    show("send", S.send(c, "x"))
    M.nap(20)
    show("send", S.send(c, "x"))
  elseif i == 4 then
    show("recv", S.recv(c, 10))
    show("send", S.send(c, "x"))
    M.nap(20)
    show("recv", S.recv(c, 10))
  else
    local n = 0
    while true do
      local d, m, e = S.recv(c, 7777)
      if not d or d == "" then show("end", d, m, e) break end
      n = n + #d
    end
    show("got", n)
    show("send", S.send(c, ("q"):rep(50000)))
  end
  U.close(c)
  M.nap(100)
end
M.nap(100)
show("late connect", S.connect(M.tcp(), M.at(8000)))
