-- Thirteen sockets on one port: who gets what is sent to each kind of address, and with what IP_PKTINFO.
local M = require "prelude"
local S, U = require "posix.sys.socket", require "posix.unistd"
local show = M.show
local role = ...
if role == "server" then
  local a, b = M.udp(7001), M.udp(7002)
  M.nap(300)
  for _, x in ipairs { a, b } do
    S.setsockopt(x, 1, 6, 1)
    for _, to in ipairs { "10.0.2.15", "10.0.2.255", "255.255.255.255", "224.0.0.1" } do
      S.sendto(x, (x == a and "a " or "b ") .. to, M.at(7000, to))
      M.nap(10)
    end
  end
  M.nap(200)
  show("a", S.recv(a, 10, S.MSG_DONTWAIT))
  show("b", S.recv(b, 10, S.MSG_DONTWAIT))
  return
end
local socks = {}
local function add(name, t)
  local fd = S.socket(2, 2, 0)
  if t.ra ~= 0 then S.setsockopt(fd, 1, 2, 1) end
  if t.dev then S.setsockopt(fd, 1, 25, t.dev) end
  local r, m, e = S.bind(fd, M.at(t.port or 7000, t.addr or "0.0.0.0"))
  if not r then print(name, m, e) end
  if t.peer then show(name, S.connect(fd, t.peer)) end
  if t.join then S.setsockopt(fd, 0, 35, t.join, "10.0.2.15") end
  S.setsockopt(fd, 0, 8, 1)
  socks[#socks + 1] = { name, fd }
  return fd
end
M.nap(100)
local function drain(what)
  for _, s in ipairs(socks) do
    local o = {}
    while true do
      local d, c, f, from = S.recvmsg(s[2], 100, 100, S.MSG_DONTWAIT)
      if not d then if f ~= 11 then o[#o + 1] = "E" .. f end break end
      o[#o + 1] = d .. " from " .. from.addr .. " to " .. table.concat({ c[1].data:byte(9, 12) }, ".") .. " spec " .. table.concat({ c[1].data:byte(5, 8) }, ".")
    end
    print(what, s[1], table.concat(o, ", "))
  end
end
add("any 1", {}) add("any 2", {}) add("own", { addr = M.CLIENT }) add("lo", { addr = "127.0.0.1" }) add("bcast", { addr = "10.0.2.255" })
add("255", { addr = "255.255.255.255" }) add("mcast", { addr = "224.0.0.1" }) add("any eth0", { dev = "eth0" }) add("any lo", { dev = "lo" })
add("peer a", { peer = M.at(7001) }) add("peer b", { peer = M.at(7002) }) add("peer 255", { peer = M.at(7001, "10.0.2.255") })
add("own eth0", { addr = M.CLIENT, dev = "eth0" })
M.nap(400)
drain "net"
local tx = M.udp(7005)
S.setsockopt(tx, 1, 6, 1)
for _, a in ipairs { "127.0.0.1", "10.0.2.15", "127.0.0.2", "0.0.0.0", "10.0.2.255", "255.255.255.255", "127.255.255.255", "224.0.0.1" } do
  show("to " .. a, S.sendto(tx, a, M.at(7000, a)))
  M.nap(2)
  drain(a)
end
-- close the best one each time
while #socks > 0 do
  S.sendto(tx, "x", M.at(7000, M.CLIENT))
  local hit
  for i, s in ipairs(socks) do
    if S.recv(s[2], 10, S.MSG_DONTWAIT) then hit = i print("best", s[1]) end
  end
  if not hit then break end
  U.close(socks[hit][2])
  table.remove(socks, hit)
end
show("refused", S.recv(tx, 1, S.MSG_DONTWAIT))
