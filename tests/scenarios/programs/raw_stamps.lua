-- SO_TIMESTAMPING on raw, ping and packet sockets: what comes in the error queue, which control messages.
local p = require "prelude"
local S, U = require "posix.sys.socket", require "posix.unistd"
local function shape(what, data, control, flags, addr)
  if not data then return p.show(what, data, control, flags) end
  local out = {}
  for _, c in ipairs(control) do
    local d = #c.data
    if c.level == 0 and c.type == 11 or c.level == 263 and c.type == 16 then
      local en, org, typ, code, pad, info, d2 = string.unpack("I4BBBBI4I4", c.data)
      d = table.concat({ en, org, typ, code, info, d2, #c.data }, ",")
    elseif c.level == 1 and c.type == 37 then
      local s = string.unpack("i8", c.data)
      d = #c.data .. (s ~= 0 and "sw" or "") .. (c.data:sub(33):find("[^\0]") and "hw" or "")
    end
    out[#out + 1] = c.level .. "/" .. c.type .. "=" .. d
  end
  p.show(what, #data, table.concat(out, " "), ("%x"):format(flags), addr and addr.family)
end
if ... == "server" then local u = p.udp(7000) p.nap(1500) return end
p.nap(100)
local eth0 = S.if_nametoindex "eth0"
local any = { family = 17, ifindex = eth0, protocol = 0x88b5, addr = "\2\2\2\2\2\2" }
local kinds = { { "raw", 2, 3, 253, p.at(0) }, { "hdr", 2, 3, 255, p.at(0) }, { "ping", 2, 2, 1, p.at(0) }, { "packet", 17, 2, 0, any } }
for _, k in ipairs(kinds) do
  for _, fl in ipairs { 2, 0x12, 0x10, 0x112, 0x92, 0x892, 0x912, 0x412, 0x1000, 0x10000 } do
    local f = S.socket(k[2], k[3], k[4])
    p.show(k[1] .. (" %x"):format(fl), S.setsockopt(f, 1, S.SO_TIMESTAMPING, fl)) p.show("is", S.getsockopt(f, 1, S.SO_TIMESTAMPING))
    if k[5] then
      local body = k[1] == "hdr" and string.pack(">BBHHHBBHI4I4", 0x45, 0, 0, 0, 0, 64, 252, 0, 0, 0x0a000202) .. "x" or "\8\0\0\0\0\0\0\1"
      p.show("send", S.sendmsg(f, body, nil, 0, k[5])) p.nap(3)
      p.show("cmsg", S.sendmsg(f, body, { { level = 1, type = 37, data = string.pack("I4", 2) } }, 0, k[5])) p.nap(3)
      p.poll("poll", f)
      for i = 1, 4 do local r = S.recvmsg(f, 1, 200, S.MSG_ERRQUEUE | S.MSG_PEEK) shape("errq", S.recvmsg(f, 100, 300, S.MSG_ERRQUEUE)) if not r then break end end
      shape("recv", S.recvmsg(f, 100, 300, S.MSG_DONTWAIT))
      p.poll("poll", f) p.show("err", S.getsockopt(f, 1, 4))
    end
    U.close(f)
  end
end
