-- Fragmentation as programs see it: DF modes, EMSGSIZE and its error queue entry, IP_MTU before and after the path shrinks.
local p = require "prelude"
local S, U = require "posix.sys.socket", require "posix.unistd"
local function sum(s)
  if #s % 2 == 1 then s = s .. "\0" end
  local n = 0
  for i = 1, #s, 2 do n = n + s:byte(i) * 256 + s:byte(i + 1) end
  while n > 65535 do n = (n & 65535) + (n >> 16) end
  return ~n & 65535
end
local function err(what, data, control, flags, addr)
  if not data then return p.show(what, data, control, flags) end
  local out = {}
  for _, c in ipairs(control) do
    local en, org, typ, code, pad, info, d2 = string.unpack("I4BBBBI4I4", c.data)
    out[#out + 1] = table.concat({ c.type, en, org, typ, code, info, d2, #c.data, (c.data:sub(17):gsub(".", function(ch) return ("%02x"):format(ch:byte()) end)) }, ",")
  end
  p.show(what, #data, table.concat(out, " "), ("%x"):format(flags), addr)
end
if ... == "server" then
  local icmp = S.socket(2, 3, 1)
  local pk = S.socket(17, 2, 0x0008)
  S.bind(pk, { family = 17, ifindex = S.if_nametoindex "eth0" })
  local u = p.udp(7000)
  local r = S.socket(2, 3, 253)
  p.nap(600)
  local FCS = package.loaded.more and 0 or 4
  local function seen()
    while true do
      local d = S.recv(pk, 3000, S.MSG_DONTWAIT)
      if not d then break end
      local len, id, off, ttl, proto = string.unpack(">HHHBB", d, 3)
      if d:byte(16) == 15 and d:byte(13) == 10 and (proto == 17 or proto == 253) then p.show("ip", len, ("%04x"):format(off), proto) end
    end
    while true do local d = S.recv(u, 70000, S.MSG_DONTWAIT) if not d then break end p.show("udp", #d) end
    while true do local d = S.recv(r, 70000, S.MSG_DONTWAIT) if not d then break end p.show("raw", #d, d:byte(7) & 0x60) end
  end
  seen()
  -- the next of 1000 bytes is answered: fragmentation needed
  for _, mtu in ipairs { 800, 600, 0, 400, 1400 } do
    p.nap(100)
    local d
    repeat d = S.recv(pk, 3000, S.MSG_DONTWAIT) until not d or d:byte(10) == 17
    if d then
      local icm = string.pack(">BBHHH", 3, 4, 0, 0, mtu) .. d:sub(1, 28)
      S.sendto(icmp, icm:sub(1, 2) .. string.pack(">H", sum(icm)) .. icm:sub(5), p.at(0, "10.0.2.15"))
      p.show("answered", mtu)
    else p.show("nothing") end
    p.nap(100)
    print("-- " .. mtu) seen()
  end
  return
end
p.nap(100)
local function udp(mode, recverr)
  local u = S.socket(2, 2, 0)
  if mode then S.setsockopt(u, 0, 10, mode) end
  if recverr then S.setsockopt(u, 0, 11, 1) end
  return u
end
p.show("mtu unconnected", S.getsockopt(udp(), 0, 14))
for mode = 0, 5 do
  for kind = 1, 2 do
    local u = kind == 1 and udp(mode, true) or S.socket(2, 3, 253)
    if kind == 2 then S.setsockopt(u, 0, 10, mode) S.setsockopt(u, 0, 11, 1) end
    for _, n in ipairs { 1472, 1473, 1480, 1481, 3000 } do
      local r, m, e = S.sendto(u, ("x"):rep(n), p.at(7000))
      p.show(mode .. " " .. kind .. " " .. n, r, m, e)
      if not r then
        p.poll("poll", u)
        err("errq", S.recvmsg(u, 10, 100, S.MSG_ERRQUEUE))
        p.show("err", S.getsockopt(u, 1, 4))
      end
    end
    U.close(u)
  end
end
local u = udp(2)
p.show("connect", S.connect(u, p.at(7000)))
p.show("mtu", S.getsockopt(u, 0, 14))
p.show("no recverr", S.send(u, ("x"):rep(1473)))
p.poll("poll", u)
p.show("cork", S.setsockopt(u, 17, 1, 1))
p.show("corked", S.send(u, ("x"):rep(1000)), S.send(u, ("x"):rep(472)))
p.show("corked", S.send(u, ("x"):rep(1)))
p.show("uncork", S.setsockopt(u, 17, 1, 0))
local v = udp(1)
S.connect(v, p.at(7000))
local c = udp(3) S.connect(c, p.at(7000)) -- probe
local t = udp(4) S.connect(t, p.at(7000)) -- interface
S.setsockopt(u, 0, 11, 1)
p.nap(430)
for _, mtu in ipairs { 800, 600, 0, 400, 1400 } do
  p.nap(60)
  p.show("-- " .. mtu, S.send(u, ("x"):rep(mtu == 800 and 1000 or mtu == 600 and 700 or 300)))
  p.nap(80)
  p.poll("poll", u)
  err("errq", S.recvmsg(u, 10, 100, S.MSG_ERRQUEUE | S.MSG_DONTWAIT))
  p.show("mtus", S.getsockopt(u, 0, 14), S.getsockopt(v, 0, 14), S.getsockopt(c, 0, 14), S.getsockopt(t, 0, 14))
  p.show("do", S.send(u, ("x"):rep(1000)))
  err("errq", S.recvmsg(u, 10, 100, S.MSG_ERRQUEUE | S.MSG_DONTWAIT))
  p.show("want", S.send(v, ("x"):rep(1100)))
  p.show("probe", S.send(c, ("x"):rep(1200)))
  p.show("interface", S.send(t, ("x"):rep(1300)))
  local x = p.tcp()
  p.show("tcp refused", S.connect(x, p.at(7099)))
  local y = udp(2) S.connect(y, p.at(7000)) p.show("new socket", S.getsockopt(y, 0, 14))
  p.nap(60)
end
