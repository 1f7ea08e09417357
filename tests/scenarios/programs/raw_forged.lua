-- Datagrams and segments that a program makes by itself (IP_HDRINCL): what the sockets of the other host take of them.
local p = require "prelude"
local S, U = require "posix.sys.socket", require "posix.unistd"
local function sum(s)
  if #s % 2 == 1 then s = s .. "\0" end
  local n = 0
  for i = 1, #s, 2 do n = n + s:byte(i) * 256 + s:byte(i + 1) end
  while n > 65535 do n = (n & 65535) + (n >> 16) end
  return ~n & 65535
end
local SRC, DST = "\10\0\2\15", "\10\0\2\2"
local function ip(t, body)
  return string.pack(">BBHHHBB", 0x45, 0, 0, t.id or 0, t.off or 0, t.ttl or 64, t.proto or 17) .. "\0\0" .. (t.src or SRC) .. (t.dst or DST) .. body
end
local function udp(t, data)
  local len = t.len or 8 + #data
  local u = string.pack(">HHHH", t.sp or 6000, t.dp or 7000, len, 0) .. data
  local c = sum((t.psrc or t.src or SRC) .. (t.dst or DST) .. "\0\17" .. string.pack(">H", len) .. u:sub(1, math.min(len, #u)))
  if t.sum == 0 then c = 0 elseif t.sum then c = c ~ t.sum end
  return u:sub(1, 6) .. string.pack(">H", c) .. u:sub(9)
end
local function tcp(sp, dp, seq, ack, flags, opts, data)
  local t = string.pack(">HHI4I4BBHHH", sp, dp, seq, ack, (5 + #opts // 4) << 4, flags, 1000, 0, 0) .. opts .. data
  local c = sum(SRC .. DST .. "\0\6" .. string.pack(">H", #t) .. t)
  return t:sub(1, 16) .. string.pack(">H", c) .. t:sub(19)
end
if ... == "server" then
  local u = p.udp(7000)
  local l = p.listener(7001)
  local half = p.listener(7003)
  p.nonblock(l)
  p.nap(1500)
  while true do
    local d, from, e = S.recvfrom(u, 3000, S.MSG_DONTWAIT)
    if not d then p.show("end", d, from, e) break end
    p.show("udp", #d > 60 and #d or d, from)
  end
  local c, a, e = S.accept(l)
  p.show("accept", c ~= nil, a, e)
  if c then p.show("recv", S.recv(c, 100, S.MSG_DONTWAIT)) p.show("recv", S.recv(c, 100, S.MSG_DONTWAIT)) p.show("peer", S.getpeername(c)) end
  p.nap(3000)
  return
end
p.nap(100)
local raw = S.socket(2, 3, 255)
local r6, r1 = S.socket(2, 3, 6), S.socket(2, 3, 1)
S.setsockopt(r6, 1, S.SO_RCVTIMEO, 0, 20000)
S.setsockopt(r1, 255, 1, ~(1 << 3) & 0x7fffffff)
local function send(what, d) local r, m, e = S.sendto(raw, d, p.at(0)) p.show(what, r, m, e) p.nap(3)
  local i = S.recv(r1, 2000, S.MSG_DONTWAIT) if i then p.show("  icmp", i:byte(21), i:byte(22), #i) end end
send("good", ip({}, udp({}, "good")))
send("no sum", ip({}, udp({ sum = 0 }, "no sum")))
send("bad sum", ip({}, udp({ sum = 5 }, "bad sum")))
send("bad pseudo header", ip({}, udp({ psrc = "\10\0\2\16" }, "bad pseudo")))
send("len short", ip({}, udp({ len = 11 }, "abcdefgh")))
send("len 8", ip({}, udp({ len = 8 }, "abcdefgh")))
send("len 7", ip({}, udp({ len = 7 }, "abcdefgh")))
send("len 0", ip({}, udp({ len = 0, sum = 0 }, "len zero")))
send("len long", ip({}, udp({ len = 30, sum = 0 }, "abcdefgh")))
send("port 0", ip({}, udp({ sp = 0 }, "from port 0")))
send("to port 0", ip({}, udp({ dp = 0 }, "to port 0")))
send("header only", ip({}, udp({}, "")))
send("7 bytes", ip({}, udp({}, ""):sub(1, 7)))
send("closed", ip({}, udp({ dp = 7009 }, "closed")))
send("closed, bad sum", ip({}, udp({ dp = 7009, sum = 3 }, "closed")))
send("src other", ip({ src = "\10\0\2\77" }, udp({ src = "\10\0\2\77" }, "other source")))
send("src own of server", ip({ src = DST }, udp({ src = DST }, "martian")))
send("src lo", ip({ src = "\127\0\0\1" }, udp({ src = "\127\0\0\1" }, "lo")))
send("src bcast", ip({ src = "\255\255\255\255" }, udp({ src = "\255\255\255\255" }, "bcast")))
send("src mcast", ip({ src = "\224\0\0\1" }, udp({ src = "\224\0\0\1" }, "mcast")))
send("src subnet bcast", ip({ src = "\10\0\2\255" }, udp({ src = "\10\0\2\255" }, "subnet")))
send("src class e", ip({ src = "\240\0\0\1" }, udp({ src = "\240\0\0\1" }, "class e")))
send("src 0.1", ip({ src = "\0\0\0\1" }, udp({ src = "\0\0\0\1" }, "0.0.0.1")))
send("src elsewhere", ip({ src = "\192\168\9\9" }, udp({ src = "\192\168\9\9" }, "elsewhere")))
send("dst elsewhere", ip({ dst = "\10\0\2\99" }, udp({ dst = "\10\0\2\99" }, "elsewhere")))
send("dst lo", ip({ dst = "\127\0\0\1" }, udp({ dst = "\127\0\0\1" }, "dst lo")))
send("dst bcast", ip({ dst = "\255\255\255\255" }, udp({ dst = "\255\255\255\255" }, "dst bcast")))
send("dst subnet", ip({ dst = "\10\0\2\255" }, udp({ dst = "\10\0\2\255" }, "dst subnet")))
local whole = udp({}, ("0123456789abcdef"):rep(4))
local function frag(what, id, from, to, more) send(what, ip({ id = id, off = (from // 8) | (more and 0x2000 or 0) }, whole:sub(from + 1, to))) end
frag("second", 100, 24, 72) frag("first", 100, 0, 24, true)
frag("three", 101, 0, 16, true) frag("last", 101, 48, 72) frag("dup", 101, 0, 16, true) frag("middle", 101, 16, 48, true)
frag("overlap", 102, 0, 32, true) frag("overlapping", 102, 24, 72) frag("rest", 102, 32, 72)
frag("odd length", 103, 0, 13, true) frag("rest", 103, 8, 72)
frag("only first", 104, 0, 24, true) frag("empty last", 104, 24, 24) frag("last", 104, 24, 72)
frag("offset, whole", 105, 8, 72) frag("two ends", 105, 8, 64) frag("first", 105, 0, 8, true)
send("beyond 64k", ip({ id = 106, off = 8191 }, ("x"):rep(100))) send("df and mf", ip({ id = 107, off = 0x6000 }, whole:sub(1, 24))) send("df last", ip({ id = 107, off = 0x4003 }, whole:sub(25)))
-- TCP by hand; the host's own TCP answers what it does not know with RST
local function answers(what)
  for i = 1, 6 do
    local d = S.recv(r6, 200)
    if not d then return end
    local sp, dp, seq, ack, off, fl, win = string.unpack(">HHI4I4BBH", d, 21)
    p.show(what, sp, dp, ("flags %02x win %d len %d"):format(fl, win, #d - 20 - (off >> 4) * 4), ack < 10000000 and ack or "ISN+" , off >> 4)
    if fl & 2 ~= 0 then return seq end
  end
end
local function t(what, ...) send(what, ip({ proto = 6 }, tcp(...))) return answers "  answer" end
t("ack to closed", 6001, 7009, 1000, 2000, 0x10, "", "") t("syn to closed", 6001, 7009, 1000, 0, 2, "", "") t("fin to closed", 6001, 7009, 1000, 0, 1, "", "xx") t("rst to closed", 6001, 7009, 1000, 0, 4, "", "") t("null to closed", 6001, 7009, 1000, 0, 0, "", "") t("synfin to closed", 6001, 7009, 1000, 5, 0x13, "", "")
t("ack to listener", 6002, 7001, 1000, 2000, 0x10, "", "") t("fin to listener", 6002, 7001, 1000, 0, 1, "", "") t("null to listener", 6002, 7001, 1000, 0, 0, "", "") t("rst to listener", 6002, 7001, 1000, 0, 4, "", "") t("synack to listener", 6002, 7001, 1000, 5, 0x12, "", "") t("synfin to listener", 6003, 7001, 1000, 0, 3, "", "") t("synrst to listener", 6004, 7001, 1000, 0, 6, "", "")
local isn = t("syn with data", 6005, 7003, 1000, 0, 2, "\2\4\5\xb4", "early")
isn = t("syn, odd options", 6006, 7003, 1000, 0, 2, "\2\3\5\xb4\3\3\99\0\8\10\0\0\0\1\0\0\0\0\1\1", "")
isn = t("syn urg psh", 6007, 7003, 1000, 0, 0x2a, "", "")
