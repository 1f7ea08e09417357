-- ICMP errors that the other host makes up: what sockets of each kind tell of them.
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
for _, c in ipairs { { 4, 0, 0 }, { 5, 1, 0 }, { 11, 0, 0 }, { 11, 1, 0 }, { 12, 0, 0x14000000 }, { 12, 1, 0 }, { 12, 2, 0 }, { 3, 4, 500 }, { 3, 4, 0 }, { 3, 4, 68 }, { 3, 3, 0, 20 }, { 3, 3, 0, 27 }, { 3, 3, 0, 24 }, { 6, 0, 0 }, { 41, 0, 0 } } do cases[#cases + 1] = c end
local function err(what, data, control, flags, addr)
  if not data then return p.show(what, data, control, flags) end
  local out = {}
  for _, c in ipairs(control) do
    if c.level == 0 and c.type == 11 then
      local en, org, typ, code, pad, info, d2 = string.unpack("I4BBBBI4I4", c.data)
      out[#out + 1] = table.concat({ en, org, typ, code, pad, info, d2, #c.data, (c.data:sub(17):gsub(".", function(ch) return ("%02x"):format(ch:byte()) end)) }, ",")
    else out[#out + 1] = c.level .. "/" .. c.type .. "/" .. #c.data end
  end
  p.show(what, #data, table.concat(out, " "), ("%x"):format(flags), addr)
end
local kinds = { { "udp", 2, 17 }, { "raw", 3, 253 }, { "ping", 2, 1 } }
if ... == "server" then
  local icmp = S.socket(2, 3, 1)
  local q = {}
  for i, k in ipairs { 17, 253, 1 } do q[i] = S.socket(2, 3, k) S.setsockopt(q[i], 1, S.SO_RCVTIMEO, 2, 0) end
  local u = p.udp(7000)
  for round = 1, 2 do
    for i, k in ipairs(kinds) do
      for _, c in ipairs(cases) do
        local d, m, e = S.recvfrom(q[i], 100)
        while d and k[1] == "ping" and d:byte(21) ~= 8 do d = S.recvfrom(q[i], 100) end
        if not d then p.show("server", k[1], c[1], c[2], d, m, e) return end
        local icm = string.pack(">BBHI4", c[1], c[2], 0, c[3]) .. d:sub(1, c[4] or 28)
        icm = icm:sub(1, 2) .. string.pack(">H", sum(icm)) .. icm:sub(5)
        S.sendto(icmp, icm, p.at(0, "10.0.2.15"))
      end
    end
  end
  return
end
p.nap(100)
S.setsockopt(p.udp(), 0, 10, 2)
for round = 1, 2 do
  for _, k in ipairs(kinds) do
    for _, c in ipairs(cases) do
      local fd = S.socket(2, k[2], k[3])
      S.setsockopt(fd, 1, S.SO_RCVTIMEO, 0, 100000)
      if k[1] == "raw" then S.setsockopt(fd, 1, S.SO_BINDTODEVICE, "eth0") end
      S.setsockopt(fd, 0, 11, round - 1)
      S.connect(fd, p.at(7000))
      local n, m, e = S.send(fd, "\8\0\0\0\0\0\0\1")
      p.nap(10)
      local what = ("%s %d/%d/%x/%s"):format(k[1], c[1], c[2], c[3], tostring(c[4]))
      if n ~= 8 then p.show("send", n, m, e) end
      p.poll(what, fd)
      if round == 2 then
        err("peek", S.recvmsg(fd, 10, 200, S.MSG_ERRQUEUE | S.MSG_PEEK | S.MSG_DONTWAIT))
        if k[1] ~= "ping" then err("errq", S.recvmsg(fd, 100, 200, S.MSG_ERRQUEUE | S.MSG_DONTWAIT)) end
        p.poll("after", fd)
      end
      if k[1] ~= "ping" then p.show("recv", S.recv(fd, 100, S.MSG_DONTWAIT)) end
      p.sockopt("err", fd, 1, S.SO_ERROR)
      if c[1] == 3 and c[2] == 4 then p.sockopt("mtu", fd, 0, 14) end
      p.poll("end", fd)
      U.close(fd)
    end
  end
end
