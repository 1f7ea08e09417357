-- Packet sockets: what sockaddr_ll, auxiliary data, statistics tell, memberships, protocols changed by bind.
local p = require "prelude"
local S, U = require "posix.sys.socket", require "posix.unistd"
local I = require "posix.sys.ioctl"
local function hex(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
local P = 263
local eth0, lo = S.if_nametoindex "eth0", S.if_nametoindex "lo"
local FCS = package.loaded.more and 0 or 4
local function dev(i) return i == eth0 and "eth0" or i == lo and "lo" or i end
local function got(what, fd, n, fl)
  local d, c, f, a = S.recvmsg(fd, n or 2000, 200, fl or S.MSG_DONTWAIT)
  if not d then return p.show(what, d, c, f) end
  local aux = ""
  for _, x in ipairs(c) do
    if x.level == P and x.type == 8 then
      local st, len, snap, mac, net, tci, tpid = string.unpack("I4I4I4HHHH", x.data)
      if a.pkttype ~= 4 and dev(a.ifindex) == "eth0" then len = len - FCS end
      aux = aux .. ("aux st%x len%d mac%d net%d tci%d tpid%d %d"):format(st, len, mac, net, tci, tpid, #x.data)
    else aux = aux .. " " .. x.level .. "/" .. x.type .. "/" .. #x.data end
  end
  p.show(what, a.protocol == 0x800 and "ip" or hex(d:sub(1, 8)), aux, ("%x"):format(f), dev(a.ifindex), ("%04x"):format(a.protocol), a.pkttype, #a.addr)
end
local function name(what, fd)
  local a, m, e = S.getsockname(fd)
  if not a then return p.show(what, a, m, e) end
  p.show(what, a.family, dev(a.ifindex), ("%04x"):format(a.protocol), a.pkttype, #a.addr)
end
local function stats(what, fd)
  local v, m, e = S.getsockopt(fd, P, 6, 12)
  if not v then return p.show(what, v, m, e) end
  p.show(what, hex(v))
end
local function opt(what, fd, o, n)
  local v, m, e = S.getsockopt(fd, P, o, n or 8)
  p.show(what, v and hex(v), m, e)
end
local ETH = ("\xff"):rep(6) .. "\2\0\0\0\0\1"
local function frame(proto, n) return ETH .. string.pack(">H", proto) .. ("x"):rep(n) end
if ... == "server" then
  p.nap(150)
  local fd = S.socket(17, 3, 0)
  S.bind(fd, { family = 17, ifindex = eth0 })
  for n = 1, 3 do p.show("send", S.send(fd, frame(0x88b5, 100))) p.nap(10) end
  p.nap(200)
  p.show("multicast", S.send(fd, "\1\0\x5e\1\2\3\2\0\0\0\0\1\x88\xb5" .. ("m"):rep(60)))
  p.show("other host", S.send(fd, "\2\2\2\2\2\2\2\0\0\0\0\1\x88\xb5" .. ("o"):rep(60)))
  p.show("802.3", S.send(fd, ETH .. "\0\x40" .. "\xaa\xaa\3\0\0\0" .. ("l"):rep(60)))
  p.show("802.3 raw", S.send(fd, ETH .. "\0\x40" .. "\xff\xff" .. ("l"):rep(60)))
  p.show("vlan", S.send(fd, ETH .. "\x81\0\0\5\x88\xb5" .. ("v"):rep(60)))
  p.show("vlan prio", S.send(fd, ETH .. "\x81\0\xa0\0\x88\xb5" .. ("w"):rep(60)))
  p.nap(500)
  return
end
local fd = S.socket(17, 3, 0)
name("new", fd)
opt("txring", fd, 13) opt("loss", fd, 14) opt("bypass", fd, 20) opt("ignore", fd, 23) opt("aux", fd, 8) opt("orig", fd, 9) opt("stat2", fd, 6, 4) opt("copy", fd, 7) opt("0", fd, 0)
p.show("negative", S.getsockopt(fd, P, 8, 2) and "yes")
p.show("bind", S.bind(fd, { family = 17, ifindex = eth0, protocol = 0x88b5 }))
name("bound", fd)
p.show("bind lo", S.bind(fd, { family = 17, ifindex = lo, protocol = 0x0800 }))
name("bound", fd)
p.show("bind all", S.bind(fd, { family = 17, ifindex = 0, protocol = 3 }))
name("bound", fd)
p.show("bind 0", S.bind(fd, { family = 17, ifindex = eth0, protocol = 0 }))
name("bound", fd)
p.show("bind again", S.bind(fd, { family = 17, ifindex = eth0, protocol = 0x88b5 }))
for _, o in ipairs { 8, 9, 23, 20, 14, 16, 7 } do
  for _, v in ipairs { "", "\1", "\1\0\0\0", "\3\0\0\0", "\0\0\0\0" } do
    local r, m, e = S.setsockopt(fd, P, o, v)
    p.show("set " .. o .. " " .. hex(v), r, m, e)
    if r then opt("  is", fd, o) end
  end
end
S.setsockopt(fd, P, 8, "\1\0\0\0")
S.setsockopt(fd, 1, S.SO_TIMESTAMP, 1)
stats("stats", fd)
local all = S.socket(17, 3, 0x0300)
local cooked = S.socket(17, 2, 0xb588)
for _, f in ipairs { all, cooked } do S.setsockopt(f, P, 8, 1) end
S.setsockopt(cooked, P, 9, 1)
name("unbound", all)
p.nap(250)
p.show("inq", I.ioctl(fd, I.SIOCINQ) - FCS, I.ioctl(fd, I.SIOCOUTQ))

got("short", fd, 20)
got("trunc", fd, 20, S.MSG_TRUNC | S.MSG_DONTWAIT)
got("whole", fd)
got("none", fd)
got("errq", fd, 10, S.MSG_ERRQUEUE)
got("oob", fd, 10, S.MSG_OOB)
got("flags", fd, 10, 0x80)
stats("stats", fd) stats("stats", fd)
for i = 1, 4 do got("all", all) end
for i = 1, 4 do got("cooked", cooked) end
p.show("mc", S.setsockopt(fd, P, 1, string.pack("i4HHc8", eth0, 0, 6, "\1\0\x5e\1\2\3")))
p.show("mc len", S.setsockopt(fd, P, 1, string.pack("i4HHc8", eth0, 0, 5, "\1\0\x5e\1\2\3")))
p.show("mc again", S.setsockopt(fd, P, 1, string.pack("i4HHc8", eth0, 0, 6, "\1\0\x5e\1\2\3")))
p.show("allmulti", S.setsockopt(fd, P, 1, string.pack("i4HHc8", eth0, 2, 0, "")))
p.show("unicast", S.setsockopt(fd, P, 1, string.pack("i4HHc8", eth0, 3, 6, "\2\2\2\2\2\2")))
p.show("uni len", S.setsockopt(fd, P, 1, string.pack("i4HHc8", eth0, 3, 4, "\2\2\2\2\2\2")))
p.show("short", S.setsockopt(fd, P, 1, string.pack("i4HH", eth0, 3, 6)))
p.show("len 99", S.setsockopt(fd, P, 1, string.pack("i4HHc8", eth0, 1, 99, "")))
p.show("type 4", S.setsockopt(fd, P, 1, string.pack("i4HHc8", eth0, 4, 0, "")))
p.show("drop other", S.setsockopt(fd, P, 2, string.pack("i4HHc8", eth0, 0, 6, "\1\0\x5e\1\2\4")))
p.nap(250)
for i = 1, 8 do got("all", all) end
for i = 1, 4 do got("fd", fd) end
for i = 1, 4 do got("cooked", cooked) end
stats("stats all", all)
-- loopback and outgoing
local l = S.socket(17, 3, 0x0300) S.bind(l, { family = 17, ifindex = lo })
local u = p.udp(9000, "127.0.0.1")
S.sendto(u, "lo", p.at(9000, "127.0.0.1"))
got("lo", l) got("lo", l) got("lo", l)
local li = S.socket(17, 2, 0x0008) S.bind(li, { family = 17, ifindex = lo })
p.show("ignore outgoing", S.setsockopt(li, P, 23, 1))
S.sendto(u, "lo", p.at(9000, "127.0.0.1"))
got("lo", li) got("lo", li)
-- send errors
local function ll(t) t.family = 17 return t end
local s3, s2 = S.socket(17, 3, 0), S.socket(17, 2, 0)
for i, f in ipairs { s3, s2 } do
  p.show("no dest", S.send(f, "x"))
  p.show("if 0", S.sendto(f, frame(0x88b5, 50), ll { ifindex = 0, protocol = 1 }))
  p.show("halen 0", S.sendto(f, frame(0x88b5, 50), ll { ifindex = eth0, protocol = 0x88b6 }))
  p.show("halen 3", S.sendto(f, frame(0x88b5, 50), ll { ifindex = eth0, protocol = 0x88b6, addr = "abc" }))
  p.show("halen 8", S.sendto(f, frame(0x88b5, 50), ll { ifindex = eth0, protocol = 0x88b6, addr = "\2bcdefgh" }))
  p.show("inet dest", S.sendto(f, frame(0x88b5, 50), { family = 2, addr = "10.0.2.2", port = 0 }))
  p.show("empty", S.sendto(f, "", ll { ifindex = eth0, protocol = 0x88b6, addr = "\2bcdef" }))
  p.show("14", S.sendto(f, frame(0x88b5, 0), ll { ifindex = eth0, protocol = 0x88b6, addr = "\2bcdef" }))
  p.show("15", S.sendto(f, frame(0x88b5, 1), ll { ifindex = eth0, protocol = 0x88b6, addr = "\2bcdef" }))
  p.show("1500", S.sendto(f, ETH .. "\x88\xb5" .. ("x"):rep(1486), ll { ifindex = eth0, protocol = 0x88b6, addr = "\2bcdef" }))
  p.show("1501", S.sendto(f, ETH .. "\x88\xb5" .. ("x"):rep(1487), ll { ifindex = eth0, protocol = 0x88b6, addr = "\2bcdef" }))
  p.show("oob", S.sendmsg(f, frame(0x88b5, 50), nil, S.MSG_OOB, ll { ifindex = eth0, protocol = 1, addr = "\2bcdef" }))
  p.show("iov", S.sendmsg(f, { "\xff\xff\xff", "\xff\xff\xff\2", "", "\0\0\0\0\1\x88\xb5rest" }, nil, 0, ll { ifindex = eth0, protocol = 0x88b6, addr = "\2bcdef" }))
  p.show("cmsg", S.sendmsg(f, frame(0x88b5, 50), { { level = 1, type = 36, data = string.pack("i4", 2) } }, 0, ll { ifindex = eth0, protocol = 0x88b6, addr = "\2bcdef" }))
  p.show("cmsg bad", S.sendmsg(f, frame(0x88b5, 50), { { level = 1, type = 99, data = string.pack("i4", 2) } }, 0, ll { ifindex = eth0, protocol = 0x88b6, addr = "\2bcdef" }))
  p.show("lo", S.sendto(f, frame(0x88b5, 50), ll { ifindex = lo, protocol = 0x88b6, addr = "\2bcdef" }))
  p.show("flag", S.sendmsg(f, frame(0x88b5, 50), nil, 0x400, ll { ifindex = eth0, protocol = 0x88b6, addr = "\2bcdef" }))
  got("rx", f)
end
while true do
  local d, c, fl, a = S.recvmsg(all, 2000, 200, S.MSG_DONTWAIT)
  if not d then break end
  if a.protocol == 0x88b5 or a.protocol == 0x88b6 or a.protocol == 1 then p.show("seen", #d, hex(d:sub(1, 6) .. (d:sub(7, 12) == "\2\0\0\0\0\1" and "s" or d:sub(7, 12) == ("\0"):rep(6) and "0" or "own") .. d:sub(13, 20)), dev(a.ifindex), ("%04x"):format(a.protocol), a.pkttype, hex(#a.addr == 6 and "6" or a.addr)) end
end
p.poll("poll", s3)
p.show("sockopt", S.getsockopt(s3, 1, 3), S.getsockopt(s3, 1, S.SO_PROTOCOL), S.getsockopt(s3, 1, S.SO_DOMAIN), S.getsockopt(s3, 1, S.SO_ERROR))
p.show("bindtodevice", S.setsockopt(s3, 1, S.SO_BINDTODEVICE, "eth0"))
name("now", s3)
p.show("accept", S.accept(s3))
p.show("level 0", S.getsockopt(s3, 0, 1))
p.show("bind short", S.bind(s3, { family = 0 }))
