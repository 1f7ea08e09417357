-- Raw sockets: what the kernel fills in of a header that the program wrote (IP_HDRINCL), and of its own.
local M = require "prelude"
local S, U, P = require "posix.sys.socket", require "posix.unistd", require "posix.poll"
local role = ...
local show = M.show
local function parse(d)
  if not d then return nil end
  local vihl, tos, len, id, off, ttl, proto, sum, s, t = string.unpack(">BBHHHBBHI4I4", d)
  if id > 20 and id ~= 0x1234 then id = -1 end -- the kernel's
  return ("v%02x tos%02x len%d id%d off%04x ttl%d proto%d src%08x dst%08x %s"):format(vihl, tos, len, id, off, ttl, proto, s, t, #d)
end
local function sumok(d)
  local n = (d:byte(1) & 15) * 4
  local sum = 0
  for i = 1, n, 2 do sum = sum + d:byte(i) * 256 + d:byte(i + 1) end
  while sum > 65535 do sum = (sum & 65535) + (sum >> 16) end
  return sum == 65535
end
if role == "server" then
  local fd = S.socket(2, 3, 253)
  S.setsockopt(fd, 1, S.SO_RCVTIMEO, 1, 0)
  while true do
    local d, from, e = S.recvfrom(fd, 9000)
    if not d then print(d, from, e) break end
    print(parse(d), from.addr, from.port, sumok(d), d:sub(-6):gsub("[^%g]", "."))
  end
  return
end
M.nap(100)
local function hdr(t)
  t = t or {}
  return string.pack(">BBHHHBBHI4I4", t.v or 0x45, t.tos or 0, t.len or 0, t.id or 0, t.off or 0, t.ttl or 64, t.proto or 253, t.sum or 0, t.src or 0, t.dst or 0x0a000202)
end
local fd = S.socket(2, 3, 255)
show("all zero", S.sendto(fd, hdr() .. "data01", M.at(0)))
show("own id", S.sendto(fd, hdr { id = 0x1234 } .. "data02", M.at(0)))
show("own src", S.sendto(fd, hdr { src = 0x01020304, id = 5 } .. "data03", M.at(0)))
show("wrong sum", S.sendto(fd, hdr { sum = 0xdead, id = 6 } .. "data04", M.at(0)))
show("wrong len", S.sendto(fd, hdr { len = 9999, id = 7 } .. "data05", M.at(0)))
show("tos ttl", S.sendto(fd, hdr { tos = 0xfc, ttl = 3, id = 8 } .. "data06", M.at(0)))
show("df", S.sendto(fd, hdr { off = 0x4000, id = 9 } .. "data07", M.at(0)))
show("df id 0", S.sendto(fd, hdr { off = 0x4000 } .. "data08", M.at(0)))
show("fragment first", S.sendto(fd, hdr { off = 0x2000, id = 10 } .. ("A"):rep(16), M.at(0)))
show("fragment last", S.sendto(fd, hdr { off = 0x0002, id = 10 } .. "data09", M.at(0)))
show("version 6", S.sendto(fd, hdr { v = 0x65, id = 11 } .. "data10", M.at(0)))
show("ihl 6 nop", S.sendto(fd, hdr { v = 0x46, id = 13 } .. "\1\1\1\0" .. "data12", M.at(0)))
show("other dst in header", S.sendto(fd, hdr { dst = 0x0a000263, id = 14 } .. "data13", M.at(0)))
show("proto 17", S.sendto(fd, hdr { proto = 17, id = 15 } .. "data14", M.at(0)))
show("ttl 0", S.sendto(fd, hdr { ttl = 0, id = 16 } .. "data15", M.at(0)))
show("connect", S.connect(fd, M.at(0)))
show("send", S.send(fd, hdr { id = 17 } .. "data16"))
show("big", S.send(fd, hdr { id = 18 } .. ("B"):rep(1480)))
show("too big", S.send(fd, hdr { id = 18 } .. ("B"):rep(1481)))
local f2 = S.socket(2, 3, 253)
show("hdrincl", S.setsockopt(f2, 0, 3, 1))
show("sendto", S.sendto(f2, hdr { id = 19 } .. "data17", M.at(0)))
show("hdrincl off", S.setsockopt(f2, 0, 3, 0))
show("tos", S.setsockopt(f2, 0, 1, 0xff))
show("gettos", S.getsockopt(f2, 0, 1))
show("sendto", S.sendto(f2, "data18", M.at(0)))
show("ttl", S.setsockopt(f2, 0, 2, 9))
show("sendto", S.sendto(f2, "data19", M.at(0)))
for v = 0, 5 do show("pmtu " .. v, S.setsockopt(f2, 0, 10, v)) show("sendto", S.sendto(f2, "pmtu" .. v, M.at(0))) show("long", S.sendto(f2, ("z"):rep(2000), M.at(0))) end
show("port in addr", S.sendto(f2, "portxx", M.at(77)))
show("bind", S.bind(f2, M.at(99, "10.0.2.15")))
show("name", S.getsockname(f2))
show("recv own?", S.recv(f2, 100, S.MSG_DONTWAIT))
