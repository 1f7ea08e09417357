-- Ping sockets: identifiers, what bind and connect make of them, lengths, options, errors.
local p = require "prelude"
local S, U = require "posix.sys.socket", require "posix.unistd"
local I = require "posix.sys.ioctl"
if ... == "server" then
  local r = S.socket(2, 3, 1)
  p.nap(1500)
  local n = 0
  while true do
    local d = S.recv(r, 70000, S.MSG_DONTWAIT)
    if not d then break end
    if d:byte(21) == 8 then p.show("req", #d, d:byte(9), d:byte(2), d:byte(7) & 0x60, (d:sub(27, 40):gsub("[^%g ]", "."))) end
  end
  return
end
p.nap(100)
local function ping() local f = S.socket(2, 2, 1) S.setsockopt(f, 1, S.SO_RCVTIMEO, 0, 50000) return f end
local function echo(seq, body, id) return "\8\0" .. string.pack(">HHH", 0, id or 0, seq) .. (body or "") end
local function got(what, fd, n, fl)
  local d, from, e = S.recvfrom(fd, n or 70000, fl or 0)
  if not d then return p.show(what, d, from, e) end
  p.show(what, #d, d:byte(1), d:byte(2), #d >= 8 and d:byte(8), from)
end
local a = ping()
p.show("name", S.getsockname(a)) p.show("peer", S.getpeername(a))
p.show("type", S.getsockopt(a, 1, 3), S.getsockopt(a, 1, S.SO_PROTOCOL))
p.poll("new", a)
p.show("bind 0", S.bind(a, p.at(0, "0.0.0.0")))
p.show("has id", S.getsockname(a).port ~= 0)
p.show("bind again", S.bind(a, p.at(7, "0.0.0.0")))
U.close(a)
a = ping()
for _, x in ipairs { "255.255.255.255", "10.0.2.255", "224.0.0.1", "10.0.2.77", "127.0.0.1" } do
  local f = ping()
  p.show("bind " .. x, S.bind(f, p.at(4660, x)))
  local n = S.getsockname(f)
  p.show("name", n.addr, n.port)
  U.close(f)
end
p.show("bind family", S.bind(a, { family = 0, addr = "0.0.0.0", port = 4660 }))
p.show("bind family", S.bind(a, { family = 17, ifindex = 0 }))
p.show("connect family", S.connect(a, { family = 17, ifindex = 1 }))
p.show("bind", S.bind(a, p.at(4660, "10.0.2.15")))
p.show("connect", S.connect(a, p.at(99)))
p.show("name", S.getsockname(a)) p.show("peer", S.getpeername(a))
p.show("send", S.send(a, echo(1, "one")))
got("pong", a)
p.show("to another", S.sendto(a, echo(2, "two"), p.at(0, "127.0.0.1")))
got("pong of another", a)
p.show("connect unspec", S.connect(a, { family = 0 }))
p.show("name", S.getsockname(a)) p.show("peer", S.getpeername(a))
p.show("send", S.send(a, echo(3)))
p.show("sendto", S.sendto(a, echo(3), p.at(0)))
got("pong", a)
U.close(a)
a = ping()
p.show("connect first", S.connect(a, p.at(0)))
p.show("name", S.getsockname(a).addr, S.getsockname(a).port ~= 0)
p.show("send", S.send(a, echo(4, "", 0x1111)))
p.show("name", S.getsockname(a).port ~= 0)
got("pong", a)
p.show("bind", S.bind(a, p.at(4660, "10.0.2.15")))
p.show("connect unspec", S.connect(a, { family = 0 }))
p.show("name", S.getsockname(a).addr, S.getsockname(a).port ~= 0)
U.close(a)
a = ping()
p.show("to any", S.sendto(a, echo(5), p.at(0, "0.0.0.0")))
got("pong", a)
p.show("broadcast", S.sendto(a, echo(6), p.at(0, "10.0.2.255")))
S.setsockopt(a, 1, S.SO_BROADCAST, 1)
p.show("broadcast", S.sendto(a, echo(6), p.at(0, "10.0.2.255")))
got("nobody", a)
p.show("multicast", S.sendto(a, echo(7), p.at(0, "224.0.0.1")))
got("nobody", a)
p.show("family 0", S.sendto(a, echo(8), { family = 0, addr = "10.0.2.2", port = 0 }))
p.show("family 17", S.sendto(a, echo(8), { family = 17, ifindex = 1 }))
for _, n in ipairs { 0, 1, 1472, 1473, 4000, 65507, 65508 } do
  p.show("len " .. n, S.sendto(a, echo(9, ("l"):rep(n)), p.at(0)))
  got("pong", a)
end
p.show("too long", S.sendto(a, ("\8"):rep(65536), p.at(0)))
S.setsockopt(a, 0, 10, 2)
p.show("df 1472", S.sendto(a, echo(10, ("l"):rep(1472)), p.at(0)))
got("pong", a)
p.show("df 1473", S.sendto(a, echo(10, ("l"):rep(1473)), p.at(0)))
p.show("mtu", S.getsockopt(a, 0, 14))
for i, m in ipairs { "\8", "\8\0\0\0", "\0\0\0\0\0\0\0\0", "\13\0\0\0\0\0\0\0", "\8\1\0\0\0\0\0\0", "\x2a\0\0\0\0\0\0\0", "" } do p.show("message " .. i, S.sendto(a, m, p.at(0))) end
p.show("iov", S.sendmsg(a, { "\8", "\0\0\0", "\0\0\0\11", "body", "", "more" }, nil, 0, p.at(0)))
got("peek", a, 9, S.MSG_PEEK)
p.show("inq", I.ioctl(a, I.SIOCINQ), I.ioctl(a, I.SIOCOUTQ))
got("trunc", a, 9, S.MSG_TRUNC)
p.show("oob", S.sendmsg(a, echo(12), nil, S.MSG_OOB, p.at(0)))
got("oob", a, 9, S.MSG_OOB)
got("errq", a, 9, S.MSG_ERRQUEUE)
p.show("more", S.sendmsg(a, echo(12), nil, S.MSG_MORE, p.at(0)))
got("pong", a)
p.show("dontroute", S.sendmsg(a, echo(13), nil, 4, p.at(0)))
got("pong", a)
p.show("ttl", S.sendmsg(a, echo(14), { { level = 0, type = 2, data = string.pack("i4", 5) } }, 0, p.at(0)))
p.show("tos", S.setsockopt(a, 0, 1, 0x28), S.setsockopt(a, 0, 2, 9))
p.show("send", S.sendto(a, echo(15), p.at(0)))
got("pong", a) got("pong", a)
p.poll("poll", a)
p.show("shutdown", S.shutdown(a, 1))
S.connect(a, p.at(0))
p.show("shutdown", S.shutdown(a, 1))
p.show("send", S.send(a, echo(16), S.MSG_NOSIGNAL))
p.show("shutdown rd", S.shutdown(a, 0))
p.show("recv", S.recv(a, 10))
p.poll("poll", a)
p.show("hdrincl", S.setsockopt(a, 0, 3, 1))
p.show("filter", S.setsockopt(a, 255, 1, 1))
p.show("level icmp", S.setsockopt(a, 1, 99, 1))
local n = 0
local l = {}
for i = 1, 3 do l[i] = ping() p.show("same id", S.bind(l[i], p.at(4660, "0.0.0.0"))) end
S.sendto(l[2], echo(17), p.at(0))
for i = 1, 3 do got("who " .. i, l[i]) end
for i = 1, 3 do U.close(l[i]) end
l[1] = ping() S.setsockopt(l[1], 1, S.SO_BINDTODEVICE, "lo")
p.show("bound to lo", S.sendto(l[1], echo(18), p.at(0)))
p.show("bound to lo", S.sendto(l[1], echo(18), p.at(0, "127.0.0.1")))
got("pong", l[1])
