-- To all on the link: with permission only, and to each socket that is bound to the port.
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

local function listener(addr)
  local fd = udp()
  S.setsockopt(fd, S.SOL_SOCKET, S.SO_REUSEADDR, 1)
  show("bind", S.bind(fd, at(5000, addr)))
  return fd
end
local function drain(what, fd)
  repeat
    local data, from = S.recvfrom(fd, 100)
    if data then print(what, data, from.addr) end
  until not data
end
local a, b, exact, brd = listener(), listener(), listener(ROLE == "server" and SERVER or CLIENT), listener("10.0.2.255")
if ROLE == "server" then
  nap(800)
  drain("first", a)
  drain("second", b)
  drain("exact", exact)
  drain("broadcast address", brd)
else
  nap(400)
  local fd = udp()
  show("sendto, forbidden", S.sendto(fd, "no", at(5000, "10.0.2.255")))
  show("sendto, forbidden", S.sendto(fd, "no", at(5000, "255.255.255.255")))
  show("connect, forbidden", S.connect(fd, at(5000, "10.0.2.255")))
  show("SO_BROADCAST", S.setsockopt(fd, S.SOL_SOCKET, S.SO_BROADCAST, 1))
  show("sendto", S.sendto(fd, "to the net", at(5000, "10.0.2.255")))
  show("sendto", S.sendto(fd, "to the server", at(5000, SERVER)))
  show("connect", S.connect(fd, at(5000, "10.0.2.255")))
  show("send", S.send(fd, "connected"))
  nap(50)
  drain("first", a)
  drain("second", b)
  drain("exact", exact)
  drain("broadcast address", brd)
end
