-- One datagram out of several calls.
local M = require "prelude"
local S, U, P = require "posix.sys.socket", require "posix.unistd", require "posix.poll"
local ROLE, CLIENT, SERVER, nap, udp = ..., M.CLIENT, M.SERVER, M.nap, M.udp
local function at(port, addr)
  return { family = S.AF_INET, addr = addr or "0.0.0.0", port = port }
end

local function show(what, value, _, errno)
  if type(value) == "string" then value = #value .. " bytes: " .. value:sub(1, 20) end
  if value == nil then value = "errno " .. tostring(errno) end
  print(what, value)
end

local fd = udp(5000)
if ROLE == "server" then
  assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 3, 0))
  for _ = 1, 7 do
    local data, from = S.recvfrom(fd, 70000)
    print(#data, data:sub(1, 12), data:sub(-6), from.addr)
  end
else
  nap(300)
  show("connect", S.connect(fd, at(5000, SERVER)))
  show("send more", S.send(fd, "one, ", S.MSG_MORE))
  show("send more", S.send(fd, "two, ", S.MSG_MORE))
  show("send", S.send(fd, "three"))
  show("send alone", S.send(fd, "alone"))
  show("UDP_CORK", S.setsockopt(fd, S.IPPROTO_UDP, 1, 1))
  show("UDP_CORK", S.getsockopt(fd, S.IPPROTO_UDP, 1))
  show("send", S.send(fd, "cork"))
  show("send", S.send(fd, "ed"))
  show("sendto elsewhere joins in", S.sendto(fd, "!", at(9, "10.0.2.77")))
  show("uncork", S.setsockopt(fd, S.IPPROTO_UDP, 1, 0))
  show("uncork again", S.setsockopt(fd, S.IPPROTO_UDP, 1, 0))
  show("empty more", S.send(fd, "", S.MSG_MORE))
  show("empty", S.send(fd, ""))
  show("odd pieces", S.send(fd, ("o"):rep(333), S.MSG_MORE))
  show("odd pieces", S.send(fd, ("d"):rep(333), S.MSG_MORE))
  show("odd pieces", S.send(fd, ("d"):rep(333)))
  show("more than fits", S.send(fd, ("x"):rep(40000), S.MSG_MORE))
  show("more than fits", S.send(fd, ("x"):rep(40000), S.MSG_MORE))
  show("afterwards", S.send(fd, "afterwards"))
  show("thrown away at close", S.send(fd, "never", S.MSG_MORE))
  U.close(fd)
  fd = udp()
  show("not connected", S.send(fd, "x", S.MSG_MORE))
  show("last", S.sendto(fd, "last", at(5000, SERVER)))
end
