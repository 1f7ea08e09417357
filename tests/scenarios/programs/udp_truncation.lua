-- A datagram longer than the buffer; peeking; empty ones.
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
  show("recv 10 of 100", S.recv(fd, 10))
  show("the rest is gone", S.recv(fd, 2000))
  show("peek 5", S.recv(fd, 5, S.MSG_PEEK))
  show("peek 5, real length", S.recv(fd, 5, S.MSG_PEEK | S.MSG_TRUNC))
  show("peek all", S.recv(fd, 2000, S.MSG_PEEK))
  show("recv 0", S.recv(fd, 0))
  show("empty", S.recv(fd, 2000))
  show("peek empty", S.recv(fd, 2000, S.MSG_PEEK))
  show("empty", S.recv(fd, 2000))
  show("large, in part", S.recv(fd, 1000))
  show("large", S.recv(fd, 2000))
  show("nothing, do not wait", S.recv(fd, 2000, S.MSG_DONTWAIT))
else
  nap(300)
  local to = at(5000, SERVER)
  for _, data in ipairs { ("a"):rep(100), "second", "peeked at", "", "", ("L"):rep(1472), ("M"):rep(1400) } do
    show("sendto", S.sendto(fd, data, to))
  end
end
