-- MSG_ERRQUEUE: what is in it, in what order, what takes an error away, what poll() and epoll say meanwhile.
local M = require "prelude"
local S, U = require "posix.sys.socket", require "posix.unistd"
local E = require "posix.sys.epoll"
local show = M.show
local function hex(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
local role = ...
if role == "server" then M.nap(4000) return end
M.nap(100)
local function q(what, fd, n, room, flags)
  local data, control, f, from = S.recvmsg(fd, n or 100, room or 200, S.MSG_ERRQUEUE | (flags or 0))
  if not data then return print(what, data, control, f) end
  print(what, data, ("%x"):format(f), from and from.family, from and from.addr, from and (from.port > 32767 and "E" or from.port))
  for _, c in ipairs(control) do print("", c.level, c.type, c.level == 0 and c.type == 8 and hex(c.data:sub(5)) or c.level == 1 and c.type ~= 40 and "time" or hex(c.data)) end
end
local function err(fd) show("SO_ERROR", S.getsockopt(fd, 1, 4)) end
local u = M.udp()
for _, o in ipairs { 8, 12, 13, 11 } do S.setsockopt(u, 0, o, 1) end
S.setsockopt(u, 1, 29, 1)
for i = 1, 4 do show("sendto", S.sendto(u, "hello " .. i, M.at(10 + i))) M.nap(5) end
M.poll("pending", u)
q("room 0", u, 100, 0, S.MSG_PEEK)
q("peek", u, 3, 200, S.MSG_PEEK)
q("peek", u, 3, 200, S.MSG_PEEK)
q("trunc", u, 3, 200, S.MSG_TRUNC)
err(u)
M.poll("after one and SO_ERROR", u)
q("room 20", u, 3, 20)
err(u)
q("room 0", u, 100, 0)
err(u)
q("data 0", u, 0)
q("none", u)
err(u)
M.poll("none", u)
M.nap(1200)
-- orders of consumption
local c = M.udp()
S.setsockopt(c, 0, 11, 1)
S.connect(c, M.at(20))
show("send", S.send(c, "a"))
M.nap(5)
M.poll("one", c)
show("send", S.send(c, "b"))
M.poll("told", c)
show("send", S.send(c, "c"))
M.nap(5)
show("recv", S.recv(c, 10, S.MSG_DONTWAIT))
M.poll("told", c)
show("recv", S.recv(c, 10, S.MSG_DONTWAIT))
q("first", c)
M.poll("one left", c)
err(c)
q("second", c)
M.poll("none", c)
q("third", c)
show("send", S.send(c, "d"))
M.nap(5)
show("off", S.setsockopt(c, 0, 11, 0))
M.poll("off", c)
q("off", c)
err(c)
M.poll("off", c)
-- epoll
local ep = E.epoll_create1()
local function wait(what)
  local r = E.epoll_wait(ep, 5, 0)
  print(what, #r, r[1] and ("%x"):format(r[1].events))
end
M.nap(1500)
S.setsockopt(c, 0, 11, 1)
E.epoll_ctl(ep, 1, c, E.EPOLLIN | E.EPOLLET)
wait "quiet"
show("send", S.send(c, "e"))
M.nap(5)
wait "error"
wait "edge"
show("send", S.send(c, "f"))
wait "edge"
q("q", c)
wait "edge"
show("send", S.send(c, "f"))
M.nap(5)
wait "again"
show("discon", S.connect(c, { family = 0 }))
M.poll("discon", c)
err(c)
q("q", c)
q("q", c)
M.poll("empty", c)
-- local: EMSGSIZE
local d = M.udp()
S.setsockopt(d, 0, 11, 1)
S.setsockopt(d, 0, 10, 2)
show("big", S.sendto(d, ("b"):rep(1473), M.at(30)))
M.poll("local", d)
q("local", d, 3)
err(d)
q("local", d, 3)
show("65508", S.sendto(d, ("b"):rep(65508), M.at(30)))
q("none", d, 3)
show("more", S.sendto(d, ("b"):rep(65536), M.at(30)))
q("none", d, 3)
S.connect(d, M.at(31))
show("big", S.send(d, ("b"):rep(2000)))
q("local", d, 3)
err(d)
show("mtu", S.getsockopt(d, 0, 14))
-- many: receive buffer limits the queue
S.setsockopt(d, 1, 8, 4000)
for i = 1, 40 do S.send(d, ("b"):rep(2000)) end
local n = 0
while S.recvmsg(d, 1, 200, S.MSG_ERRQUEUE) do n = n + 1 end
print("some", n > 1 and n < 40)
show("recv timeout", S.recv(d, 10))
show("bad flags", S.recv(d, 10, S.MSG_ERRQUEUE | S.MSG_OOB))
-- timeouts
show("timeo", S.setsockopt(d, 1, 20, 0, 50000))
show("errqueue does not wait", S.recv(d, 10, S.MSG_ERRQUEUE))
