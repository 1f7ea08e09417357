-- Every option of a new TCP socket, then what setting them gives.
local M = require "prelude"
local S, U = require "posix.sys.socket", require "posix.unistd"
if ... == "server" then return end
local EXOTIC = {}
for _, n in ipairs { 16, 17, 26, 33, 34, 37, 42, 44, 46, 48, 55, 56, 57, 59, 61, 62, 63, 64, 65, 66, 67, 69, 71, 72, 73, 74, 75 } do
  EXOTIC[n] = true
end
local fd = M.tcp()
for name = 1, 75 do
  -- not what 6.18 answers otherwise than 5.15, or what 5.15 lacks; nor credentials, filters and busy polling
  if not EXOTIC[name] then
    M.show("SOL_SOCKET " .. name, S.getsockopt(fd, S.SOL_SOCKET, name))
  end
end
for _, name in ipairs { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 15, 16, 17, 18, 19, 22, 23, 25, 27, 30, 36, 99 } do
  M.show("IPPROTO_TCP " .. name, S.getsockopt(fd, S.IPPROTO_TCP, name))
end
for _, name in ipairs { 1, 2, 3, 6, 7, 8, 10, 11, 12, 13, 14, 15, 17, 19, 20, 21, 22, 24, 33, 34, 35, 40, 42, 49, 50 } do
  M.show("IPPROTO_IP " .. name, S.getsockopt(fd, S.IPPROTO_IP, name))
end
M.show("level 99", S.getsockopt(fd, 99, 1))
M.show("level UDP", S.getsockopt(fd, S.IPPROTO_UDP, 1))
M.show("level -1", S.setsockopt(fd, -1, 1, 1))
