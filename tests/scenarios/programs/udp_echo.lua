-- Datagrams of several sizes to the server and back.
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

local SIZES = { 1, 0, 7, 100, 1472 }
local fd = udp(ROLE == "server" and 5000 or nil)
if ROLE == "server" then
  assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 3, 0))
  for _ = 1, #SIZES do
    local data, from = S.recvfrom(fd, 2000)
    show("recvfrom " .. from.addr, data)
    show("sendto", S.sendto(fd, data, from))
  end
else
  nap(300)
  for _, size in ipairs(SIZES) do
    show("sendto", S.sendto(fd, ("e"):rep(size), at(5000, SERVER)))
    local data, from = S.recvfrom(fd, 2000)
    show("recvfrom " .. from.addr .. " " .. from.port, data)
  end
  print(S.getsockname(fd).addr, S.getsockname(fd).port >= 32768)
end
