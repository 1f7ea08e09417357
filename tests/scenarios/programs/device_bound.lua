-- SO_BINDTODEVICE and traffic to own addresses: TCP, UDP, ping; devices of control messages.
local p = require "prelude"
local S, U = require "posix.sys.socket", require "posix.unistd"
local eth0, lo = S.if_nametoindex "eth0", S.if_nametoindex "lo"
local function dev(f, d) return S.setsockopt(f, 1, S.SO_BINDTODEVICE, d) end
if ... == "server" then
  local u = p.udp(7000) local l = p.listener(7000)
  p.nap(1500)
  for i = 1, 6 do local d, a, e = S.recvfrom(u, 100, S.MSG_DONTWAIT) p.show("udp", d, a, e) if not d then break end end
  return
end
p.nap(100)
for _, d in ipairs { "eth0", "lo" } do
  for _, addr in ipairs { "10.0.2.15", "127.0.0.1" } do
    local l = p.tcp() dev(l, d) S.setsockopt(l, 1, S.SO_REUSEADDR, 1) S.bind(l, p.at(7000, "0.0.0.0")) S.listen(l, 5) p.nonblock(l)
    local u = p.udp() dev(u, d) S.bind(u, p.at(7000, "0.0.0.0")) S.setsockopt(u, 0, 8, 1)
    for _, cd in ipairs { "", "eth0", "lo" } do
      local what = ("%s listens, %s to %s"):format(d, cd, addr)
      local c = p.tcp() p.nonblock(c) if cd ~= "" then dev(c, cd) end
      p.show(what, S.connect(c, p.at(7000, addr))) p.nap(5)
      p.show("err", S.getsockopt(c, 1, 4)) p.show("name", S.getsockname(c))
      local a, b, e = S.accept(l) p.show("accept", a ~= nil, b, e)
      if a then p.show("send", S.send(a, "hi", 0)) p.nap(5) p.show("recv", S.recv(c, 10)) U.close(a) end
      U.close(c)
      c = p.udp() if cd ~= "" then dev(c, cd) end
      p.show("udp", S.sendto(c, "hello", p.at(7000, addr))) p.nap(2)
      local data, ctl, _, from = S.recvmsg(u, 100, 100, S.MSG_DONTWAIT)
      if data then p.show("got", data, string.unpack("i4", ctl[1].data) == eth0 and "eth0" or "lo", from) p.show("back", S.sendto(u, "back", from)) p.nap(2) p.show("recv", S.recv(c, 10, S.MSG_DONTWAIT)) else p.show("nothing", ctl) end
      U.close(c)
    end
    U.close(l) U.close(u)
  end
end
for _, d in ipairs { "", "eth0", "lo" } do
  for _, addr in ipairs { "10.0.2.15", "127.0.0.1", "10.0.2.2", "10.0.2.255", "224.0.0.1", "8.8.8.8" } do
    for _, k in ipairs { { "udp", 2, 0 }, { "ping", 2, 1 }, { "raw", 3, 253 } } do
      local f = S.socket(2, k[2], k[3]) if d ~= "" then dev(f, d) end
      p.show(k[1] .. " dev " .. d .. " to " .. addr, S.sendto(f, "\8\0\0\0\0\0\0\1", p.at(k[1] == "udp" and 7001 or 0, addr)))
      p.show("connect", S.connect(f, p.at(7001, addr))) p.show("name", S.getsockname(f).addr) p.show("mtu", S.getsockopt(f, 0, 14)) p.nap(2)
      if k[1] == "ping" then local x, _, e = S.recv(f, 100, S.MSG_DONTWAIT) p.show("pong", x and #x, e) end
      U.close(f)
    end
  end
end
local t = p.tcp()
p.show("bad", dev(t, "eth9")) p.show("long", dev(t, ("x"):rep(20))) p.show("none", dev(t, "")) p.show("get", S.getsockopt(t, 1, S.SO_BINDTODEVICE))
p.show("set", dev(t, "eth0")) p.show("get", S.getsockopt(t, 1, S.SO_BINDTODEVICE)) p.show("connect", S.connect(t, p.at(7000))) p.show("change", dev(t, "lo")) p.show("send", S.send(t, "x", 0)) p.show("peer", S.getpeername(t))
