-- Sizes up to and beyond the limits, destinations that are none, devices, addresses to send from.
local M = require "prelude"
local S, U = require "posix.sys.socket", require "posix.unistd"
local show = M.show
local role = ...
if role == "server" then
  local fd = M.udp(7000)
  S.setsockopt(fd, 1, 20, 1, 0)
  while true do
    local d, from = S.recvfrom(fd, 70000)
    if not d then break end
    print("got", #d, d:sub(1, 20), from.addr)
  end
  return
end
M.nap(100)
local fd = M.udp(7001)
show("warm", S.sendto(fd, "warm", M.at(7000)))
M.nap(20)
for _, n in ipairs { 0, 1471, 1472, 1473, 1480, 2952, 2953, 65506, 65507, 65508, 65515, 65516, 65527, 65528, 65535, 65536, 100000 } do
  for _, a in ipairs { "10.0.2.2", "127.0.0.1", "10.0.2.15" } do
    show("size " .. n .. " " .. a, S.sendto(fd, ("s"):rep(n), M.at(a == "10.0.2.2" and 7000 or 7777, a)))
  end
  M.nap(10)
end
for _, a in ipairs { "0.0.0.0", "0.0.0.1", "10.0.2.0", "10.0.2.1", "10.0.2.255", "10.0.3.1", "127.0.0.0", "127.255.255.255", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.254", "255.255.255.255", "8.8.8.8" } do
  for _, p in ipairs { 0, 7000 } do
    show("to " .. a .. " " .. p, S.sendto(fd, "odd " .. a, M.at(p, a)))
    local c = M.udp()
    show("connect " .. a .. " " .. p, S.connect(c, M.at(p, a)))
    show(" send", S.send(c, "odd c " .. a))
    M.nap(2)
    show(" err", S.getsockopt(c, 1, 4))
    U.close(c)
  end
end
show("bc", S.setsockopt(fd, 1, 6, 1))
for _, a in ipairs { "10.0.2.255", "255.255.255.255", "127.255.255.255", "10.0.2.0" } do show("bc " .. a, S.sendto(fd, "bc " .. a, M.at(7000, a))) end
-- broadcast denied after connect with permission
local c = M.udp()
S.setsockopt(c, 1, 6, 1)
show("connect", S.connect(c, M.at(7000, "10.0.2.255")))
show("send", S.send(c, "bconn"))
S.setsockopt(c, 1, 6, 0)
show("send", S.send(c, "bconn denied"))
show("sendto", S.sendto(c, "bconn denied", M.at(7000, "10.0.2.255")))
U.close(c)
-- devices
for _, dev in ipairs { "lo", "eth0" } do
  c = M.udp()
  show("dev " .. dev, S.setsockopt(c, 1, 25, dev))
  for _, a in ipairs { "10.0.2.2", "127.0.0.1", "10.0.2.15", "8.8.8.8", "224.0.0.1", "255.255.255.255" } do
    show("sendto " .. a, S.sendto(c, dev .. a, M.at(7000, a)))
    local d = M.udp()
    S.setsockopt(d, 1, 25, dev)
    show("connect", S.connect(d, M.at(7000, a)))
    show("name", S.getsockname(d))
    show("send", S.send(d, dev .. " c " .. a))
    U.close(d)
  end
  U.close(c)
end
-- bound after connecting: other device
c = M.udp()
S.connect(c, M.at(7000))
show("dev", S.setsockopt(c, 1, 25, "lo"))
show("send", S.send(c, "changed dev"))
show("ifindex", S.getsockopt(c, 1, 62))
show("dev off", S.setsockopt(c, 1, 25, ""))
show("send", S.send(c, "dev off"))
show("bindtoif", S.setsockopt(c, 1, 62, 1))
show("is", (S.getsockopt(c, 1, 25):gsub("%z.*", "")))
show("send", S.send(c, "bindtoif"))
show("bindtoif bad", S.setsockopt(c, 1, 62, 999))
show("bindtoif neg", S.setsockopt(c, 1, 62, -1))
show("bindtoif 0", S.setsockopt(c, 1, 62, 0))
show("unicast if", S.setsockopt(c, 0, 50, 0x01000000))
show("unicast if is", S.getsockopt(c, 0, 50))
show("unicast if bad", S.setsockopt(c, 0, 50, 0x77000000))
show("send", S.send(c, "unicast if"))
show("sendto", S.sendto(c, "unicast if to", M.at(7000)))
U.close(c)
-- dontroute
c = M.udp()
show("dontroute", S.setsockopt(c, 1, 5, 1))
show("sendto", S.sendto(c, "dr", M.at(7000)))
show("sendto", S.sendto(c, "dr", M.at(7000, "8.8.8.8")))
-- bound to an address: source
for _, src in ipairs { "127.0.0.1", "127.0.0.9", "10.0.2.15", "10.0.2.255", "224.0.0.3" } do
  c = M.udp()
  show("bind " .. src, S.bind(c, M.at(0, src)))
  show("sendto", S.sendto(c, "from " .. src, M.at(7000)))
  show("connect", S.connect(c, M.at(7000)))
  show("sendto lo", S.sendto(c, "from " .. src, M.at(7000, "127.0.0.1")))
  show("connect lo", S.connect(c, M.at(7000, "127.0.0.1")))
  show("connect own", S.connect(c, M.at(7000, "10.0.2.15")))
  U.close(c)
end
for _, opt in ipairs { 15, 19 } do
  c = M.udp()
  show("opt", S.setsockopt(c, 0, opt, 1))
  show("bind", S.bind(c, M.at(0, "10.0.2.44")))
  show("sendto", S.sendto(c, "foreign", M.at(7000)))
  show("connect", S.connect(c, M.at(7000)))
  show("send", S.send(c, "foreign c"))
end
