-- The headers of what was sent, seen by a packet socket: fragments, DF, options copied and not, checksums.
local M = require "prelude"
local S, U = require "posix.sys.socket", require "posix.unistd"
local show = M.show
local role = ...
local function hex(s) return s and (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
if role == "server" then
  local r = S.socket(17, 2, 0x0008) -- htons(ETH_P_IP)
  S.setsockopt(r, 1, 20, 1, 0)
  local k = M.udp(7000)
  while true do
    local d, from = S.recvfrom(r, 70000)
    if not d then break end
    if from.pkttype ~= 4 and d:byte(10) ~= 2 then
      local ihl = (d:byte() & 15) * 4
      local id = string.unpack(">H", d, 5)
      local frag = string.unpack(">H", d, 7)
      print("len " .. string.unpack(">H", d, 3), "tos " .. d:byte(2), "ttl " .. d:byte(9), ("frag %04x"):format(frag), "proto " .. d:byte(10), d:byte(17) .. "." .. d:byte(20), from.pkttype,
        frag & 0x1fff == 0 and d:byte(10) == 17 and hex(d:sub(ihl + 5, ihl + 6)) or "", ihl > 20 and hex(d:sub(21, ihl)) or "",
        id == 0 and "id 0" or "",
        frag & 0x1fff == 0 and d:byte(10) == 17 and (d:sub(ihl + 7, ihl + 8) == "\0\0" and "nosum" or "sum") or "")
    end
  end
  return
end
M.nap(100)
local fd = M.udp(7001)
local function send(n, a) show("send " .. n, S.sendto(fd, ("x"):rep(n), M.at(7000, a))) M.nap(3) end
send(10) send(10) send(0) send(1472) send(1473) send(4000) send(2953) send(2952)
for _, m in ipairs { 0, 2, 3, 4, 5 } do
  show("disc", S.setsockopt(fd, 0, 10, m))
  send(10) send(10) send(1473)
end
S.setsockopt(fd, 0, 10, 1)
S.connect(fd, M.at(7000))
for i = 1, 3 do show("c", S.send(fd, "abc")) M.nap(3) end
show("c", S.send(fd, ("y"):rep(1480))) M.nap(3)
show("c", S.send(fd, "abc")) M.nap(3)
S.setsockopt(fd, 0, 10, 0)
for i = 1, 2 do show("c", S.send(fd, "abc")) M.nap(3) end
S.setsockopt(fd, 0, 10, 1)
S.connect(fd, { family = 0 })
show("tos", S.setsockopt(fd, 0, 1, 0xff)) send(5)
show("tos", S.setsockopt(fd, 0, 1, 0)) show("prio", S.setsockopt(fd, 1, 12, 6)) send(5)
show("ttl", S.setsockopt(fd, 0, 2, 3)) send(5)
show("ttl -1", S.setsockopt(fd, 0, 2, -1)) send(5)
show("nocheck", S.setsockopt(fd, 1, 11, 1)) send(5) send(2000) show("check", S.setsockopt(fd, 1, 11, 0))
show("opt", S.setsockopt(fd, 0, 4, "\148\4\0\0\7\7\4\0\0\0\0\0"))
send(5) send(3000) send(1460) send(1461)
show("opt", S.setsockopt(fd, 0, 4, "\99\4\1\2\130\4\1\2")) -- not copied, copied
send(3000)
show("opt off", S.setsockopt(fd, 0, 4, ""))
S.setsockopt(fd, 1, 6, 1)
send(5, "10.0.2.255") send(3000, "10.0.2.255") send(5, "255.255.255.255")
send(5, "224.0.0.1")
show("mttl", S.setsockopt(fd, 0, 33, 44))
send(5, "224.0.0.1")
send(3000, "224.0.0.1")
show("cork", S.setsockopt(fd, 17, 1, 1))
for i = 1, 5 do show("s", S.sendto(fd, ("z"):rep(700), M.at(7000))) end
show("cork", S.setsockopt(fd, 17, 1, 0))
M.nap(5)
show("cork", S.setsockopt(fd, 17, 1, 1))
for i = 1, 5 do show("s", S.sendto(fd, ("z"):rep(333), M.at(7000))) end
show("cork", S.setsockopt(fd, 17, 1, 0))
M.nap(5)
