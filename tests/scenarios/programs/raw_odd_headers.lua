-- Raw sockets: odd headers over loopback, flags, control messages, options, corking.
local p = require "prelude"
local S, U = require "posix.sys.socket", require "posix.unistd"
local I = require "posix.sys.ioctl"
if ... == "server" then
  local fd = S.socket(2, 3, 253)
  S.setsockopt(fd, 1, S.SO_RCVTIMEO, 2, 0)
  for i = 1, 8 do
    local d, from, e = S.recvfrom(fd, 9000)
    if not d then p.show("recv", d, from, e) else
    local vihl, tos, len, id, off, ttl = string.unpack(">BBHHHB", d)
    p.show("recv", #d, ("%02x %02x %d %04x"):format(vihl, tos, len, off & 0xe000), ttl, d:sub(-4)) end
  end
  return
end
p.nap(100)
local function hdr(t)
  t = t or {}
  return string.pack(">BBHHHBBHI4I4", t.v or 0x45, t.tos or 0, t.len or 0, t.id or 0, t.off or 0, t.ttl or 64, t.proto or 253, t.sum or 0, t.src or 0, t.dst or 0x7f000001)
end
local lo = { family = 2, addr = "127.0.0.1", port = 0 }
local rx = S.socket(2, 3, 253)
local rx255 = S.socket(2, 3, 255)
local rx0 = p.show("proto 0", S.socket(2, 3, 0))
S.setsockopt(rx, 1, S.SO_RCVTIMEO, 0, 100000)
local function got(what, fd, n, fl)
  local d, from, e = S.recvfrom(fd or rx, n or 9000, fl or S.MSG_DONTWAIT)
  if not d then return p.show(what, d, from, e) end
  p.show(what, #d, #d >= 20 and d:byte(1), #d >= 20 and d:byte(10), #d > 20 and d:sub(21), from.addr, from.port)
end
local tx = S.socket(2, 3, 255)
for _, t in ipairs { {}, { v = 0x44 }, { v = 0x40 }, { v = 0x55 }, { v = 0x35 }, { v = 0x4f }, { proto = 0 }, { proto = 255 }, { ttl = 0 }, { len = 20 }, { len = 10 }, { off = 0x2000 }, { off = 0x8000 }, { dst = 0x7f000002 }, { src = 0x7f000003 }, { src = 0xffffffff }, { tos = 0xff } } do
  local k = next(t)
  for _, pay in ipairs { "", "abcdefgh" } do
    p.show(tostring(k) .. "=" .. tostring(t[k]) .. " " .. #pay, S.sendto(tx, hdr(t) .. pay, lo))
    got("  rx", rx)
    got("  rx255", rx255)
  end
end
p.show("opts ok", S.sendto(tx, hdr { v = 0x47 } .. "\7\7\4\0\0\0\0\0" .. "rr", lo)) got("  rx")
p.show("opts bad", S.sendto(tx, hdr { v = 0x46 } .. "\7\9\4\0" .. "bad", lo)) got("  rx")
p.show("opts unknown", S.sendto(tx, hdr { v = 0x46 } .. "\99\4\4\0" .. "unk", lo)) got("  rx")
p.show("opts eol", S.sendto(tx, hdr { v = 0x46 } .. "\0\9\4\0" .. "eol", lo)) got("  rx")
p.show("two", S.sendto(tx, hdr() .. "one", lo), S.sendto(tx, hdr() .. "two2", lo))
p.show("inq", I.ioctl(rx, I.SIOCINQ), I.ioctl(rx, I.SIOCOUTQ))
p.poll("poll", rx)
got("peek", rx, 21, S.MSG_PEEK)
got("peek trunc", rx, 21, S.MSG_PEEK | S.MSG_TRUNC)
got("short", rx, 10)
got("oob", rx, 100, S.MSG_OOB)
got("errq", rx, 100, S.MSG_ERRQUEUE)
got("waitall", rx, 100, S.MSG_WAITALL)
p.poll("poll", rx)
got("timeo", rx, 100, 0)
p.show("inq", I.ioctl(rx, I.SIOCINQ))
p.show("atmark", I.ioctl(rx, I.SIOCATMARK))
-- options
for _, o in ipairs { 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 18, 19, 20, 21, 22, 24, 33, 34, 49 } do
  local v, m, e = S.getsockopt(rx, 0, o, 8)
  p.show("ip " .. o, v and v:gsub(".", function(c) return ("%02x"):format(c:byte()) end), m, e)
  p.show(" set1", S.setsockopt(rx, 0, o, "\1"))
  p.show(" set4", S.setsockopt(rx, 0, o, "\1\0\0\0"))
  v, m, e = S.getsockopt(rx, 0, o, 4)
  p.show(" is", v and v:gsub(".", function(c) return ("%02x"):format(c:byte()) end), m, e)
  S.setsockopt(rx, 0, o, "\0\0\0\0")
end
local u = p.udp()
p.show("hdrincl udp", S.getsockopt(u, 0, 3), S.setsockopt(u, 0, 3, 1))
p.show("filter get", S.getsockopt(rx, 255, 1))
p.show("filter 255", S.getsockopt(rx255, 255, 1))
local ic = S.socket(2, 3, 1)
for _, n in ipairs { 0, 1, 2, 4, 8 } do p.show("icmp filter set " .. n, S.setsockopt(ic, 255, 1, ("\6\0\0\0\0\0\0\0"):sub(1, n)))
  local v, m, e = S.getsockopt(ic, 255, 1, n)
  p.show("icmp filter get " .. n, v and v:gsub(".", function(c) return ("%02x"):format(c:byte()) end), m, e) end
p.show("icmp raw opt 2", S.getsockopt(ic, 255, 2))
p.show("so_protocol", S.getsockopt(ic, 1, S.SO_PROTOCOL), S.getsockopt(ic, 1, 3), S.getsockopt(ic, 1, S.SO_DOMAIN))
-- flags of sending
local SV = p.at(0)
local s = S.socket(2, 3, 253)
p.show("unspec dest", S.sendto(s, "unsp", { family = 0, addr = "10.0.2.2", port = 0 }))
p.show("packet dest", S.sendto(s, "x", { family = 17, ifindex = 1 }))
p.show("any dest", S.sendto(s, "any0", p.at(0, "0.0.0.0")))
p.show("connect any", S.connect(s, p.at(0, "0.0.0.0")))
p.show("peer", S.getpeername(s))
p.show("connect unspec", S.connect(s, { family = 0 }))
p.show("peer", S.getpeername(s))
p.show("connect", S.connect(s, p.at(77)))
p.show("peer", S.getpeername(s))
p.show("sendto other", S.sendto(s, "othr", p.at(0, "127.0.0.1")))
p.show("oob", S.send(s, "x", S.MSG_OOB))
p.show("more", S.send(s, "more", S.MSG_MORE))
p.show("then", S.send(s, "then"))
p.show("iov", S.sendmsg(s, { "io", "", "vec" }))
p.show("iov empty", S.sendmsg(s, { }))
p.show("dontroute", S.send(s, "droute", 4))
p.show("errqueue flag", S.send(s, "x", S.MSG_ERRQUEUE))
p.show("cmsg ttl", S.sendmsg(s, "ttl5", { { level = 0, type = 2, data = string.pack("i4", 5) } }))
p.show("cmsg tos", S.sendmsg(s, "tos8", { { level = 0, type = 1, data = string.pack("i4", 8) } }))
p.show("cmsg ttl 0", S.sendmsg(s, "x", { { level = 0, type = 2, data = string.pack("i4", 0) } }))
p.show("shutdown", S.shutdown(s, 1))
p.show("send", S.send(s, "x", S.MSG_NOSIGNAL))
p.show("shutdown rd", S.shutdown(s, 0))
p.show("recv", #(S.recv(s, 10) or ""))
p.poll("poll", s)
