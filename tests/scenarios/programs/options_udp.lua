-- Every option of a new UDP socket.
local M = require "prelude"
local S, U = require "posix.sys.socket", require "posix.unistd"
if ... == "server" then return end
local EXOTIC = {}
for _, n in ipairs { 16, 17, 26, 33, 34, 37, 42, 44, 46, 48, 55, 56, 57, 59, 61, 62, 63, 64, 65, 66, 67, 69, 71, 72, 73, 74, 75 } do
  EXOTIC[n] = true
end
local fd = S.socket(S.AF_INET, S.SOCK_DGRAM, 0)
for name = 1, 75 do
  -- not what 6.18 answers otherwise than 5.15, or what 5.15 lacks; nor credentials, filters and busy polling
  if not EXOTIC[name] then
    M.show("SOL_SOCKET " .. name, S.getsockopt(fd, S.SOL_SOCKET, name))
  end
end
for _, name in ipairs { 1, 2, 3, 6, 7, 8, 10, 11, 12, 13, 14, 15, 17, 19, 20, 21, 22, 24, 33, 34, 35, 40, 42, 49, 50 } do
  M.show("IPPROTO_IP " .. name, S.getsockopt(fd, S.IPPROTO_IP, name))
end
for _, name in ipairs { 1, 2, 100, 101, 102, 104, 105 } do M.show("IPPROTO_UDP " .. name, S.getsockopt(fd, S.IPPROTO_UDP, name)) end
M.show("level TCP", S.getsockopt(fd, S.IPPROTO_TCP, 1))
M.show("level TCP", S.setsockopt(fd, S.IPPROTO_TCP, 1, 1))
