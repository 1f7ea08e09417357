-- ICMP errors made up by the other host while a connection is being opened: which end the attempt, how poll and SO_ERROR tell.
local p = require "prelude"
local S, U = require "posix.sys.socket", require "posix.unistd"
local function sum(s)
  if #s % 2 == 1 then s = s .. "\0" end
  local n = 0
  for i = 1, #s, 2 do n = n + s:byte(i) * 256 + s:byte(i + 1) end
  while n > 65535 do n = (n & 65535) + (n >> 16) end
  return ~n & 65535
end
local cases = {}
for c = 0, 16 do cases[#cases + 1] = { 3, c, c == 4 and 1300 or 0 } end
for _, c in ipairs { { 4, 0, 0 }, { 11, 0, 0 }, { 11, 1, 0 }, { 12, 0, 0x14000000 }, { 12, 2, 0 }, { 3, 1, 0, 24 }, { 3, 1, 0, 28, 1 } } do cases[#cases + 1] = c end
if ... == "server" then
  -- nobody takes 10.0.2.50's segments: this host says it has the address
  local icmp = S.socket(2, 3, 1)
  local eth0 = S.if_nametoindex "eth0"
  local arp, ip = S.socket(17, 2, 0x0608), S.socket(17, 2, 0x0008)
  S.bind(arp, { family = 17, ifindex = eth0, protocol = 0x0806 }) S.bind(ip, { family = 17, ifindex = eth0, protocol = 0x0800 })
  S.setsockopt(arp, 1, S.SO_RCVTIMEO, 2, 0) S.setsockopt(ip, 1, S.SO_RCVTIMEO, 2, 0)
  local own = S.getsockname(ip).addr
  while true do
    local a, from = S.recvfrom(arp, 100)
    if not a then p.show("no arp") return end
    if a:byte(8) == 1 and a:sub(25, 28) == "\10\0\2\50" then
      p.show("arp reply", S.sendto(arp, "\0\1\8\0\6\4\0\2" .. own .. a:sub(25, 28) .. a:sub(9, 18), { family = 17, ifindex = eth0, protocol = 0x0806, addr = from.addr }))
      break
    end
  end
  local n = 1
  while n <= 2 * #cases do
    local d, from = S.recvfrom(ip, 100)
    if not d then p.show("no syn") return end
    if d:byte(10) == 6 and d:sub(17, 20) == "\10\0\2\50" and d:byte(34) == 2 and from.pkttype == 0 then
      local c = cases[(n - 1) % #cases + 1]
      if c[5] then d = d:sub(1, 24) .. "\0\0\0\1" .. d:sub(29) end -- another sequence number
      local icm = string.pack(">BBHI4", c[1], c[2], 0, c[3]) .. d:sub(1, c[4] or 28)
      S.sendto(icmp, icm:sub(1, 2) .. string.pack(">H", sum(icm)) .. icm:sub(5), p.at(0, "10.0.2.15"))
      n = n + 1
    end
  end
  return
end
p.nap(100)
for round = 1, 2 do
  for _, c in ipairs(cases) do
    local f = p.tcp() p.nonblock(f)
    S.setsockopt(f, 0, 11, round - 1)
    p.show(table.concat(c, "/"), S.connect(f, p.at(80, "10.0.2.50")))
    p.nap(20)
    p.poll("poll", f)
    p.show("state", S.getsockopt(f, 6, S.TCP_INFO).tcpi_state)
    if round == 2 then local d, ctl, fl = S.recvmsg(f, 10, 100, S.MSG_ERRQUEUE) p.show("errq", d and #d, type(ctl) == "table" and #ctl or ctl, fl) end
    local r, m, e = S.connect(f, p.at(80, "10.0.2.50")) p.show("connect", r, m, e)
    p.show("err", S.getsockopt(f, 1, 4)) p.show("mtu", S.getsockopt(f, 0, 14)) p.show("send", S.send(f, "x", 0x4000)) p.show("recv", S.recv(f, 1))
    U.close(f)
    p.nap(3)
  end
end
