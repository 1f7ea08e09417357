-- What the other host answers to each kind of ICMP message, and to what it cannot deliver.
local M = require "prelude"
local S, U, P = require "posix.sys.socket", require "posix.unistd", require "posix.poll"
local role = ...
local show = M.show
if role == "server" then
  local fd = S.socket(2, 3, 1)
  S.setsockopt(fd, 1, S.SO_RCVTIMEO, 2, 0)
  while true do
    local d, from, e = S.recvfrom(fd, 9000)
    if not d then print(d, from, e) break end
    print(#d, from.addr, d:byte(21), d:byte(22), #d > 48 and ("proto " .. d:byte(28 + 10) .. " inner " .. (#d - 28)) or "")
  end
  return
end
M.nap(100)
local function csum(s) local n = 0 for i = 1, #s, 2 do n = n + s:byte(i) * 256 + (s:byte(i + 1) or 0) end while n > 65535 do n = (n & 65535) + (n >> 16) end return ~n & 65535 end
local function icmp(t, c, rest, data) local m = string.pack(">BBHI4", t, c, 0, rest) .. (data or "") return string.pack(">BBHI4", t, c, csum(m), rest) .. (data or "") end
local fd = S.socket(2, 3, 1)
S.setsockopt(fd, 1, S.SO_RCVTIMEO, 0, 300000)
local function ask(what, msg, to)
  print(what, S.sendto(fd, msg, M.at(0, to)))
  for _ = 1, 2 do
    local d, from, e = S.recvfrom(fd, 9000)
    if not d then print("", d, from, e) break end
    local t, c, _, rest = string.unpack(">BBHI4", d, 21)
    print("", #d, from.addr, "ttl " .. d:byte(9), "tos " .. d:byte(2), "df " .. (d:byte(7) >> 6), t, c, rest)
  end
end
ask("echo", icmp(8, 0, 0x00010001, "x"))
ask("echo big", icmp(8, 0, 0x00010002, ("x"):rep(3000)))
ask("echo code 5", icmp(8, 5, 0x00010003))
ask("echo bad sum", (icmp(8, 0, 0x00010004):gsub("..$", "zz")))
ask("timestamp", icmp(13, 0, 0x00010005, ("\0"):rep(12)))
ask("timestamp short", icmp(13, 0, 0x00010005, ("\0"):rep(4)))
ask("address mask", icmp(17, 0, 0x00010006, ("\0"):rep(4)))
ask("info", icmp(15, 0, 0x00010006))
ask("unknown 41", icmp(41, 0, 0x00010007))
ask("short", "\8\0\0\0")
ask("empty", "")
S.setsockopt(fd, 0, 1, 0x28)
S.setsockopt(fd, 0, 2, 77)
ask("echo tos", icmp(8, 0, 0x00010008, "y"))
ask("echo broadcast", icmp(8, 0, 0x00010009), "10.0.2.255")
S.setsockopt(fd, 1, S.SO_BROADCAST, 1)
ask("echo broadcast", icmp(8, 0, 0x00010010), "10.0.2.255")
ask("echo 224.0.0.1", icmp(8, 0, 0x00010011), "224.0.0.1")
ask("echo self", icmp(8, 0, 0x00010012), "10.0.2.15")
-- provoke unreachables
local u = M.udp()
local r = S.socket(2, 3, 200)
local function prov(what, f) f() local d, from, e = S.recvfrom(fd, 9000)
  if d then print(what, #d, from.addr, "tos " .. d:byte(2), d:byte(21), d:byte(22), "quoted " .. #d - 28) else print(what, d, from, e) end end
prov("udp port", function() S.sendto(u, "hello", M.at(9999)) end)
M.nap(1100)
prov("udp port long", function() S.sendto(u, ("h"):rep(1400), M.at(9999)) end)
M.nap(1100)
prov("proto", function() S.sendto(r, "hello", M.at(0)) end)
M.nap(1100)
prov("fragments of udp", function() S.sendto(u, ("h"):rep(4000), M.at(9999)) end)
M.nap(1100)
-- rate limit: how many of 20 come back
for i = 1, 20 do S.sendto(u, "hello", M.at(9999)) end
M.nap(50)
local n = 0
while S.recvfrom(fd, 9000, S.MSG_DONTWAIT) do n = n + 1 end
print("of 20", n)
