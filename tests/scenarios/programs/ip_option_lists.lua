-- IP_OPTIONS: lists that are taken and that are not, how they shorten what fits.
local M = require "prelude"
local S, U = require "posix.sys.socket", require "posix.unistd"
local show = M.show
local function hex(s) return s and (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
local role = ...
if role == "server" then
  local fd = M.udp(7000)
  S.setsockopt(fd, 1, 20, 1, 500000)
  S.setsockopt(fd, 0, 6, 1)
  while true do
    local d, c = S.recvmsg(fd, 70000, 200)
    if not d then break end
    print("got", #d, d:sub(1, 16), c[1] and hex(c[1].data:sub(1, c[1].data:byte() == 0x44 and 3 or -1)))
  end
  return
end
M.nap(100)
local fd = M.udp(7001)
local function opts(what, o)
  show(what, S.setsockopt(fd, 0, 4, o))
  print("", hex(S.getsockopt(fd, 0, 4, 40)))
end
opts("none", "")
opts("nop", "\1\1\1\1")
opts("3 bytes", "\1\1\1")
opts("end", "\0")
opts("rr", "\7\11\4\0\0\0\0\0\0\0\0")
show("send", S.sendto(fd, "rr", M.at(7000)))
opts("rr bad ptr", "\7\11\3\0\0\0\0\0\0\0\0")
opts("rr bad len", "\7\50\4\0")
opts("rr len 2", "\7\2")
opts("two rr", "\7\7\4\0\0\0\0\7\7\4\0\0\0\0")
opts("ts", "\x44\12\5\0\0\0\0\0\0\0\0\0")
show("send", S.sendto(fd, "ts", M.at(7000)))
opts("ts flag 9", "\x44\12\5\9\0\0\0\0\0\0\0\0")
opts("ts pre", "\x44\12\5\3\10\0\2\2\0\0\0\0")
opts("lsrr", "\131\11\4\10\0\2\2\10\0\2\2\0")
show("send", S.sendto(fd, "lsrr", M.at(7000)))
show("connect", S.connect(fd, M.at(7000)))
show("peer", S.getpeername(fd))
show("discon", S.connect(fd, { family = 0 }))
opts("lsrr bad", "\131\3\4")
opts("ssrr far", "\137\7\4\8\8\8\8")
show("send", S.sendto(fd, "ssrr", M.at(7000)))
show("connect", S.connect(fd, M.at(7000)))
opts("router alert", "\148\4\0\0")
show("send", S.sendto(fd, "ra", M.at(7000)))
opts("unknown", "\99\4\1\2")
show("send", S.sendto(fd, "unknown", M.at(7000)))
opts("cipso", "\134\6\0\0\0\1")
opts("sec", "\130\4\0\0")
opts("41", ("\1"):rep(41))
opts("40", ("\1"):rep(40))
show("send 65467", S.sendto(fd, ("o"):rep(65467), M.at(7000)))
show("send 65468", S.sendto(fd, ("o"):rep(65468), M.at(7000)))
show("DO", S.setsockopt(fd, 0, 10, 2))
for _, n in ipairs { 1432, 1433 } do show("send " .. n, S.sendto(fd, ("o"):rep(n), M.at(7000))) end
show("len", #S.getsockopt(fd, 0, 4, 100), #S.getsockopt(fd, 0, 4, 3))
opts("off", "")
for _, n in ipairs { 1472, 1473 } do show("send " .. n, S.sendto(fd, ("o"):rep(n), M.at(7000))) end
for _, n in ipairs { 65507, 65508 } do show("lo " .. n, S.sendto(fd, ("o"):rep(n), M.at(7999, "127.0.0.1"))) end
local c = M.udp()
S.connect(c, M.at(7999, "127.0.0.1"))
show("lo mtu", S.getsockopt(c, 0, 14))
S.connect(c, M.at(7999, M.CLIENT))
show("own mtu", S.getsockopt(c, 0, 14))
show("9 9", S.getsockopt(c, 0, 9))
