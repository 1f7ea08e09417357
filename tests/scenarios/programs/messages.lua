-- Control messages, time stamps, zero copy and the error queue.
local p = require "prelude"
local S = require "posix.sys.socket"
local U = require "posix.unistd"
local function shape(what, data, control, flags, addr)
  if not data then return p.show(what, data, control, flags) end
  local out = {}
  for _, c in ipairs(control) do
    local d = #c.data == 4 and string.unpack("i4", c.data) or #c.data
    if c.level == 0 and c.type == 11 then
      local en, org, typ, code, pad, info, data2 = string.unpack("I4BBBBI4I4", c.data)
      d = table.concat({ en, org, typ, code, info, data2, #c.data }, ",")
    end
    if c.level == 1 and (c.type == 37) then
      local s, n = string.unpack("i8i8", c.data)
      d = #c.data .. (s ~= 0 and "sw" or "") .. (c.data:sub(33):find("[^\0]") and "hw" or "")
    end
    out[#out + 1] = c.level .. "/" .. c.type .. "=" .. d
  end
  p.show(what, #data, table.concat(out, " "), flags, addr)
end
if ... == "server" then
  local l = p.listener(7000)
  local c = S.accept(l)
  S.setsockopt(c, 6, S.TCP_INQ, 1)
  p.nap(100)
  shape("inq", S.recvmsg(c, 3, 100))
  shape("inq short control", S.recvmsg(c, 3, 10))
  shape("inq 16 bytes", S.recvmsg(c, 1, 16))
  shape("inq no control", S.recvmsg(c, 1, 0))
  shape("inq peek", S.recvmsg(c, 1, 100, S.MSG_PEEK))
  shape("inq all", S.recvmsg(c, 100, 100))
  S.setsockopt(c, 6, S.TCP_INQ, 0)
  S.setsockopt(c, 1, S.SO_TIMESTAMP, 1)
  p.nap(100)
  shape("timestamp", S.recvmsg(c, 3, 100))
  S.setsockopt(c, 1, S.SO_TIMESTAMPNS, 1)
  shape("timestampns", S.recvmsg(c, 1, 100))
  S.setsockopt(c, 1, S.SO_TIMESTAMPNS, 0)
  S.setsockopt(c, 1, S.SO_TIMESTAMPING, 0x18) -- RX_SOFTWARE | SOFTWARE
  p.show("tsflags", S.getsockopt(c, 1, S.SO_TIMESTAMPING))
  p.nap(100)
  shape("timestamping", S.recvmsg(c, 100, 200))
  S.setsockopt(c, 6, S.TCP_INQ, 1)
  p.nap(100)
  shape("end with inq", S.recvmsg(c, 100, 200))
  U.close(c)
else
  p.nap(50)
  local fd = p.tcp()
  p.show("zc off", S.send(fd, "x", S.MSG_ZEROCOPY | S.MSG_NOSIGNAL))
  for _, v in ipairs { 2, -1, 1 } do p.show("zc " .. v, S.setsockopt(fd, 1, S.SO_ZEROCOPY, v)) end
  p.show("errq new", S.recvmsg(fd, 10, 100, S.MSG_ERRQUEUE))
  S.connect(fd, p.at(7000))
  p.show("send", S.send(fd, "0123456789", 0))
  p.nap(120)
  p.show("send zc", S.send(fd, "abcdef", S.MSG_ZEROCOPY))
  p.nap(20)
  p.poll("zc done", fd)
  shape("errq", S.recvmsg(fd, 10, 100, S.MSG_ERRQUEUE))
  shape("errq", S.recvmsg(fd, 10, 100, S.MSG_ERRQUEUE))
  p.poll("taken", fd)
  for i = 1, 3 do p.show("send zc", S.send(fd, ("x"):rep(1000), S.MSG_ZEROCOPY)) p.nap(20) end
  shape("errq peek", S.recvmsg(fd, 10, 100, S.MSG_ERRQUEUE | S.MSG_PEEK))
  shape("errq short", S.recvmsg(fd, 10, 20, S.MSG_ERRQUEUE))
  shape("errq", S.recvmsg(fd, 10, 100, S.MSG_ERRQUEUE))
  p.show("empty zc", S.send(fd, "", S.MSG_ZEROCOPY))
  shape("errq", S.recvmsg(fd, 10, 100, S.MSG_ERRQUEUE))
  -- tx time stamps: TX_SOFTWARE | SOFTWARE | OPT_ID | TX_SCHED | TX_ACK
  p.show("ts bad", S.setsockopt(fd, 1, S.SO_TIMESTAMPING, 0x1000000))
  p.show("ts opt_id_tcp", S.setsockopt(fd, 1, S.SO_TIMESTAMPING, 2 | 0x10 | 0x80 | 0x100 | 0x200 | 0x800))
  p.show("send", S.send(fd, "stamp"))
  p.nap(20)
  p.poll("stamps", fd)
  for i = 1, 4 do shape("errq", S.recvmsg(fd, 10, 200, S.MSG_ERRQUEUE)) end
  S.setsockopt(fd, 1, S.SO_TIMESTAMPING, 0x10 | 0x80)
  p.show("cmsg stamp", S.sendmsg(fd, { "ab", "cd" }, { { level = 1, type = 37, data = string.pack("I4", 2) } }))
  p.nap(20)
  for i = 1, 2 do shape("errq", S.recvmsg(fd, 10, 200, S.MSG_ERRQUEUE)) end
  p.show("cmsg mark", S.sendmsg(fd, "m", { { level = 1, type = 36, data = string.pack("I4", 2) } }))
  p.show("cmsg bad type", S.sendmsg(fd, "m", { { level = 1, type = 99, data = string.pack("I4", 2) } }))
  p.show("cmsg bad len", S.sendmsg(fd, "m", { { level = 1, type = 36, data = "ab" } }))
  p.show("cmsg ip", S.sendmsg(fd, "m", { { level = 0, type = 2, data = string.pack("I4", 2) } }))
  p.show("cmsg other level", S.sendmsg(fd, "m", { { level = 41, type = 2, data = string.pack("I4", 2) } }))
  p.show("cmsg tcp", S.sendmsg(fd, "m", { { level = 6, type = 2, data = string.pack("I4", 2) } }))
  p.show("with address", S.sendmsg(fd, "n", nil, 0, p.at(9, "1.2.3.4")))
  p.show("flags", S.sendmsg(fd, "n", nil, 0x40000))
  p.nap(200)
  S.shutdown(fd, 1)
  p.show("after shutdown", S.sendmsg(fd, "n", nil, S.MSG_NOSIGNAL))
  p.show("after shutdown empty", S.sendmsg(fd, "", nil, S.MSG_NOSIGNAL))
  p.nap(300)
end
