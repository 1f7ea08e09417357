-- UDP_SEGMENT and UDP_GRO, MSG_ZEROCOPY and time stamps, with what they put into the error queue.
local M = require "prelude"
local S, U = require "posix.sys.socket", require "posix.unistd"
local show = M.show
local function hex(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
local role = ...
if role == "server" then
  local fd, gro = M.udp(7000), M.udp(7002)
  S.setsockopt(fd, 1, 33, 5000000)
  show("gro", S.setsockopt(gro, 17, 104, 1))
  M.nap(600)
  for _, x in ipairs { fd, gro } do
    while true do
      local d, c, f = S.recvmsg(x, 70000, 100, S.MSG_DONTWAIT)
      if not d then break end
      if x == fd then print(#d, d:sub(1, 4), #c, c[1] and c[1].type, c[1] and hex(c[1].data)) end
    end
  end
  return
end
M.nap(50)
local fd = M.udp(7001)
S.sendto(fd, "warm", M.at(7000))
M.nap(20)
local function seg(n) show("segment " .. n, S.setsockopt(fd, 17, 103, n)) end
local function send(n, port, a) show("send " .. n, S.sendto(fd, ("x"):rep(n), M.at(port or 7000, a))) end
seg(100) send(250) send(100) send(99) send(0) send(6400) M.nap(5)
seg(1472) send(3000) send(1472) send(1473) M.nap(5)
seg(1000) send(64000) M.nap(5)
show("nocheck", S.setsockopt(fd, 1, 11, 1)) send(3000) show("nocheck", S.setsockopt(fd, 1, 11, 0))
show("cork", S.setsockopt(fd, 17, 1, 1)) send(300) send(900) show("cork", S.setsockopt(fd, 17, 1, 0))
seg(0) send(3000)
M.nap(20)
-- local: a receiver with GRO gets it whole
local g = M.udp(7003)
show("gro", S.setsockopt(g, 17, 104, 1))
show("gro is", S.getsockopt(g, 17, 104))
seg(100)
send(250, 7003, "127.0.0.1") send(100, 7003, "127.0.0.1") send(1000, 7003, "127.0.0.1") send(90, 7003, "127.0.0.1")
for i = 1, 20 do
  local d, c, f = S.recvmsg(g, 70000, 100, S.MSG_DONTWAIT)
  if not d then break end
  print("gro", #d, #c, f, c[1] and c[1].level, c[1] and c[1].type, c[1] and hex(c[1].data))
end
show("gro off", S.setsockopt(g, 17, 104, 0))
send(250, 7003, "127.0.0.1")
for i = 1, 20 do
  local d, c, f = S.recvmsg(g, 70000, 100, S.MSG_DONTWAIT)
  if not d then break end
  print("no gro", #d, #c, f)
end
seg(0)
-- errors of the queue: zero copy
local function q(what, fd, n)
  local data, control, f, from = S.recvmsg(fd, n or 100, 300, S.MSG_ERRQUEUE)
  if not data then return print(what, data, control, f) end
  print(what, #data, #data < 20 and "" or hex(data:sub(-6)), ("%x"):format(f), from and from.addr, from and from.port)
  for _, c in ipairs(control) do print("", c.level, c.type, c.level == 1 and #c.data or hex(c.data)) end
end
local z = M.udp(7004)
show("zc not on", S.sendmsg(z, "z0", nil, S.MSG_ZEROCOPY, M.at(7000)))
q("zc", z)
show("zc", S.setsockopt(z, 1, 60, 1))
for i = 1, 3 do show("zc", S.sendmsg(z, ("z"):rep(100 * i), nil, S.MSG_ZEROCOPY, M.at(7000))) M.nap(3) end
M.poll("zc", z)
show("err", S.getsockopt(z, 1, 4))
q("zc", z) q("zc", z) q("zc", z)
show("zc more", S.sendmsg(z, "zz", nil, S.MSG_ZEROCOPY | S.MSG_MORE, M.at(7000)))
show("end", S.send(z, "yy"))
M.nap(3)
q("zc", z) q("zc", z)
show("zc fails", S.sendmsg(z, "zz", nil, S.MSG_ZEROCOPY, M.at(0)))
show("zc too long", S.sendmsg(z, ("z"):rep(65508), nil, S.MSG_ZEROCOPY, M.at(7000)))
show("zc empty", S.sendmsg(z, "", nil, S.MSG_ZEROCOPY, M.at(7000)))
M.nap(3)
q("zc", z)
-- time stamps
local t = M.udp(7005)
show("ts", S.setsockopt(t, 1, 37, 2 | 0x10 | 0x80)) -- TX_SOFTWARE SOFTWARE OPT_ID
for i = 1, 2 do show("send", S.sendto(t, "stamped" .. i, M.at(7000))) end
M.nap(3)
M.poll("ts", t)
show("err", S.getsockopt(t, 1, 4))
q("ts", t) q("ts", t, 8) q("ts", t)
show("tsonly", S.setsockopt(t, 1, 37, 2 | 0x10 | 0x80 | 0x800))
show("send", S.sendto(t, "only", M.at(7000)))
M.nap(3)
q("ts", t)
show("cmsg", S.setsockopt(t, 1, 37, 2 | 0x10 | 0x80 | 0x400 | 0x100))
show("pktinfo", S.setsockopt(t, 0, 8, 1))
show("send", S.sendto(t, "opt cmsg", M.at(7000)))
M.nap(3)
for i = 1, 2 do
  local data, control, f = S.recvmsg(t, 100, 300, S.MSG_ERRQUEUE)
  if data then print(#data, #control, f) for _, c in ipairs(control) do print("", c.level, c.type, #c.data) end end
end
show("select err queue", S.setsockopt(t, 1, 45, 1))
show("send", S.sendto(t, "x", M.at(7000)))
M.nap(3)
M.poll("sel", t)
while S.recvmsg(t, 1, 200, S.MSG_ERRQUEUE) do end
M.poll("sel", t)
show("recverr", S.setsockopt(t, 0, 11, 1))
show("ts off", S.setsockopt(t, 1, 37, 0))
show("send", S.sendto(t, "x", M.at(9)))
M.nap(3)
M.poll("sel err", t)
show("rx all", S.setsockopt(t, 1, 37, 8 | 0x10))
M.nap(50) -- Linux turns it on later
S.sendto(fd, "for rx", M.at(7005, "127.0.0.1"))
show("err first", S.recv(t, 10))
local d, c = S.recvmsg(t, 10, 200)
print(d) for _, x in ipairs(c) do print("", x.level, x.type, #x.data) end
for _, o in ipairs { 29, 35 } do
  S.setsockopt(t, 1, o, 1)
  S.sendto(fd, "for rx", M.at(7005, "127.0.0.1"))
  d, c = S.recvmsg(t, 10, 200)
  print(d) for _, x in ipairs(c) do print("", x.level, x.type, #x.data) end
  d, c = S.getsockopt(t, 1, 29), S.getsockopt(t, 1, 35) print(d, c)
end
