-- Raw sockets: which of many sockets gets which packet (protocol, address, peer, device), and what they make of ICMP errors.
local p = require "prelude"
local S, U = require "posix.sys.socket", require "posix.unistd"
local I = require "posix.sys.ioctl"
local socks = {}
local function add(name, proto, addr, peer, dev)
  local f = S.socket(2, 3, proto)
  if dev then p.show(name .. " dev", S.setsockopt(f, 1, S.SO_BINDTODEVICE, dev)) end
  if addr then p.show(name .. " bind", S.bind(f, p.at(0, addr))) end
  if peer then p.show(name .. " connect", S.connect(f, p.at(0, peer))) end
  socks[#socks + 1] = { name, f }
end
local function tell(what)
  for _, s in ipairs(socks) do
    local out = {}
    while true do
      local d, from, e = S.recvfrom(s[2], 3000, S.MSG_DONTWAIT)
      if not d then if e ~= 11 then out[#out + 1] = "E" .. e end break end
      out[#out + 1] = #d .. "/" .. d:byte(10) .. "/" .. from.addr
      if #out > 10 then break end
    end
    if #out > 0 then p.show(what, s[1], table.concat(out, " ")) end
  end
end
local me, other = "10.0.2.15", "10.0.2.2"
if ... == "server" then
  me, other = other, me
end
for _, pr in ipairs { 1, 6, 17, 253, 255 } do
  add(pr .. " any", pr)
  add(pr .. " me", pr, me)
  add(pr .. " lo", pr, "127.0.0.1")
  add(pr .. " peer", pr, nil, other)
  add(pr .. " peer99", pr, nil, "10.0.2.99")
  add(pr .. " dev eth0", pr, nil, nil, "eth0")
  add(pr .. " dev lo", pr, nil, nil, "lo")
  add(pr .. " bcast", pr, "10.0.2.255")
  add(pr .. " mcast", pr, "224.0.0.251")
end
p.show("bind other", S.bind(socks[1][2], p.at(0, other)))
if ... == "server" then
  p.nap(500)
  tell "server"
  for _, f in ipairs { 255, 253 } do local s = S.socket(2, 3, f) U.close(s) end
  return
end
tell "start"
p.nap(200)
local u = p.udp(7000)
S.sendto(u, "to a closed port", p.at(7009)) p.nap(20) tell "udp closed"
S.sendto(u, "to myself", p.at(7000, "127.0.0.1")) tell "udp lo"
S.sendto(u, "to myself", p.at(7000, "10.0.2.15")) tell "udp own address"
S.sendto(u, "to myself", p.at(7010, "127.0.0.1")) tell "udp lo closed"
p.show("refused", S.connect(p.tcp(), p.at(7009))) tell "tcp refused"
p.show("refused lo", S.connect(p.tcp(), p.at(7009, "127.0.0.1"))) tell "tcp refused lo"
local r = S.socket(2, 3, 253)
p.show("253", S.sendto(r, "x", p.at(0))) p.show("253 lo", S.sendto(r, "x", p.at(0, "127.0.0.1"))) p.show("253 me", S.sendto(r, "x", p.at(0, "10.0.2.15"))) tell "253"
p.show("253 bcast", S.sendto(r, "x", p.at(0, "10.0.2.255"))) S.setsockopt(r, 1, S.SO_BROADCAST, 1)
p.show("253 bcast", S.sendto(r, "x", p.at(0, "10.0.2.255"))) tell "bcast"
S.setsockopt(r, 1, S.SO_BINDTODEVICE, "eth0")
p.show("253 mcast", S.sendto(r, "x", p.at(0, "224.0.0.251"))) tell "mcast"
p.show("253 all", S.sendto(r, "x", p.at(0, "224.0.0.1"))) tell "mcast all"
p.show("253 mcast", S.sendto(r, "x", p.at(0, "224.0.0.251"))) p.nap(5) tell "mcast joined"
p.show("loop off", S.setsockopt(r, 0, 34, "\0")) p.show("253 mcast", S.sendto(r, "x", p.at(0, "224.0.0.251"))) p.nap(5) tell "no loop"
p.show("mcast ttl", S.setsockopt(r, 0, 33, "\0")) p.show("253 mcast", S.sendto(r, "x", p.at(0, "224.0.0.251"))) p.nap(5) tell "ttl 0"
local z = S.socket(2, 3, 252)
p.show("252", S.sendto(z, "x", p.at(0))) p.nap(20) tell "252 answered"
p.show("252 lo", S.sendto(z, "x", p.at(0, "127.0.0.1"))) tell "252 lo answered"
p.show("254", S.sendto(S.socket(2, 3, 255), string.pack(">BBHHHBBHI4I4", 0x45, 0, 0, 0, 0, 64, 255, 0, 0, 0x7f000001) .. "z", p.at(0, "127.0.0.1"))) tell "255"
p.nap(100)
tell "rest"
p.show("inq", I.ioctl(socks[1][2], I.SIOCINQ))
