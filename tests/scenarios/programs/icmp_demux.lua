-- Which of many sockets hears of an ICMP error, by what the error quotes.
local M = require "prelude"
local S, U = require "posix.sys.socket", require "posix.unistd"
local show = M.show
local role = ...
local function csum(s) local n = 0 for i = 1, #s, 2 do n = n + s:byte(i) * 256 + (s:byte(i + 1) or 0) end while n > 65535 do n = (n & 65535) + (n >> 16) end return ~n & 65535 end
local function ip(a) return string.char(a:match "(%d+)%.(%d+)%.(%d+)%.(%d+)") end
local function quoted(t)
  local len = t.len or 8
  local h = string.pack(">BBHHHBBH", t.vihl or 0x45, t.tos or 0, 20 + 8 + 4, 1, t.frag or 0, t.ttl or 64, t.proto or 17, 0) .. ip(t.src or M.CLIENT) .. ip(t.dst or M.SERVER)
  h = h:sub(1, 10) .. string.pack(">H", t.sum or csum(h)) .. h:sub(13)
  return h .. (string.pack(">HHHH", t.sport or 7001, t.dport or 7000, 12, 0) .. "quot"):sub(1, len)
end
local cases = {
  { "plain" }, { "7 bytes", len = 7 }, { "4 bytes", len = 4 }, { "0 bytes", len = 0 }, { "12 bytes", len = 12 },
  { "other port", sport = 7099 }, { "other dport", dport = 7098 }, { "other dst", dst = "10.0.2.99" }, { "other src", src = "10.0.2.77" },
  { "dst bcast", dst = "10.0.2.255" }, { "dst mcast", dst = "224.0.0.5" }, { "src lo", src = "127.0.0.1" }, { "tcp", proto = 6 },
  { "proto 200", proto = 200 }, { "udplite", proto = 136 }, { "fragment", frag = 100 }, { "first fragment", frag = 0x2000 }, { "bad inner sum", sum = 1 }, { "ihl 4", vihl = 0x44 },
  { "v6", vihl = 0x65 }, { "ihl 6", vihl = 0x46 }, { "bad sum", badsum = true }, { "to connected", sport = 7002 }, { "to connected other", sport = 7002, dport = 7003 }, { "to lo bound", sport = 7004 },
  { "reuse", sport = 7005 }, { "dev lo", sport = 7006 }, { "dev eth", sport = 7007 },
  { "ttl exceeded", type = 11 }, { "ttl frag", type = 11, code = 1 }, { "param", type = 12, sport = 7002 }, { "quench", type = 4, sport = 7002 },
  { "code 13", code = 13, sport = 7002 }, { "code 5", code = 5, sport = 7002 }, { "bad source", from = "x" },
}
if role == "server" then
  local tx, ctl = S.socket(2, 3, 1), M.udp(6999)
  S.setsockopt(ctl, 1, 20, 2, 0)
  while true do
    local d = S.recv(ctl, 10)
    if not d then break end
    local c = cases[tonumber(d)]
    local m = string.pack(">BBHI4", c.type or 3, c.code or 3, 0, 0) .. quoted(c)
    m = string.pack(">BBHI4", c.type or 3, c.code or 3, csum(m) ~ (c.badsum and 1 or 0), 0) .. m:sub(9)
    S.sendto(tx, m, M.at(0, M.CLIENT))
  end
  return
end
local socks = {}
local function add(name, port, addr, f)
  local fd = S.socket(2, 2, 0)
  S.setsockopt(fd, 1, 2, 1)
  if f then f(fd, 1) end
  assert(S.bind(fd, M.at(port, addr or "0.0.0.0")))
  S.setsockopt(fd, 0, 11, 1)
  if f then f(fd, 2) end
  socks[#socks + 1] = { name, fd }
end
add("any", 7001)
add("any 2", 7001)
add("own", 7001, M.CLIENT)
add("connected", 7002, nil, function(fd, n) if n == 2 then S.connect(fd, M.at(7000)) end end)
add("wild of connected", 7002)
add("lo", 7004, "127.0.0.1")
add("first", 7005)
add("last", 7005)
add("on lo", 7006, nil, function(fd, n) if n == 1 then S.setsockopt(fd, 1, 25, "lo") end end)
add("on eth", 7007, nil, function(fd, n) if n == 1 then S.setsockopt(fd, 1, 25, "eth0") end end)
add("not on eth", 7007)
local plain = M.udp(7002 + 20)
M.nap(100)
for i, c in ipairs(cases) do
  local out = {}
  S.sendto(plain, tostring(i), M.at(6999))
  M.nap(4)
  for _, s in ipairs(socks) do
    local err = S.getsockopt(s[2], 1, 4)
    local d, ctl, f, from = S.recvmsg(s[2], 100, 200, S.MSG_ERRQUEUE)
    if d or err ~= 0 then out[#out + 1] = s[1] .. " " .. err .. " " .. (d or "-") .. " " .. (from and from.addr .. ":" .. from.port or "") .. (ctl and (" %d,%d"):format(ctl[#ctl].data:byte(6), ctl[#ctl].data:byte(7)) or "") end
  end
  print(c[1], table.concat(out, "; "))
end
