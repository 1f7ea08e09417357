-- What options become when set: doubled, clamped, refused.
local M = require "prelude"
local S, U = require "posix.sys.socket", require "posix.unistd"
if ... == "server" then return end
local function try(kind, fd, level, name, ...)
  for _, v in ipairs { ... } do
    M.show(kind .. " " .. level .. "," .. name .. " = " .. v, S.setsockopt(fd, level, name, v))
    M.show("  is", S.getsockopt(fd, level, name))
  end
end
local SOL, TCP, IP = S.SOL_SOCKET, S.IPPROTO_TCP, S.IPPROTO_IP
for _, kind in ipairs { "tcp", "udp" } do
  local fd = S.socket(S.AF_INET, kind == "tcp" and S.SOCK_STREAM or S.SOCK_DGRAM, 0)
  try(kind, fd, SOL, S.SO_RCVBUF, 0, 1, 1000, 1152, 4096, 65536, 100000, 212992, 300000, 10000000, -1, 2147483647)
  try(kind, fd, SOL, S.SO_SNDBUF, 0, 1, 1000, 2304, 4096, 65536, 100000, 212992, 300000, 10000000, -1, 2147483647)
  try(kind, fd, SOL, S.SO_RCVLOWAT, 0, 1, 5, 100000, -1, 2147483647)
  try(kind, fd, SOL, S.SO_SNDLOWAT, 1, 5)
  try(kind, fd, SOL, S.SO_TYPE, 1)
  try(kind, fd, SOL, S.SO_ERROR, 1)
  try(kind, fd, SOL, S.SO_ACCEPTCONN, 1)
  try(kind, fd, SOL, S.SO_PROTOCOL, 1)
  try(kind, fd, SOL, S.SO_DOMAIN, 1)
  for _, name in ipairs { 1, 2, 5, 6, 9, 10, 11, 15, 29, 35, 40, 41, 43, 45 } do try(kind, fd, SOL, name, 1, 0, 7, -1) end
  try(kind, fd, SOL, S.SO_PRIORITY, 0, 5, 6, 7, -1, 100)
  try(kind, fd, SOL, 36, 5, -1)                  -- SO_MARK
  if kind == "udp" then try(kind, fd, SOL, 42, 5, -1) end -- SO_PEEK_OFF; 5.15 has none for TCP
  try(kind, fd, SOL, 32, 1000, 1000000, -1)      -- SO_SNDBUFFORCE
  M.show("  sndbuf", S.getsockopt(fd, SOL, S.SO_SNDBUF))
  try(kind, fd, SOL, 33, 1000, 1000000, -1)      -- SO_RCVBUFFORCE
  M.show("  rcvbuf", S.getsockopt(fd, SOL, S.SO_RCVBUF))
  try(kind, fd, SOL, 99, 1)
  for _, v in ipairs { { 0, 0 }, { 1, 5 }, { 7, 100000 }, { -1, 3 } } do
    M.show("linger", S.setsockopt(fd, SOL, S.SO_LINGER, v[1], v[2]))
    M.show("  is", S.getsockopt(fd, SOL, S.SO_LINGER))
  end
  for _, v in ipairs { { 0, 0 }, { 1, 500000 }, { 0, 4000 }, { 0, 999999 }, { 0, 1000000 }, { 0, -1 }, { -1, 0 }, { 100000000, 0 } } do
    for _, name in ipairs { S.SO_RCVTIMEO, S.SO_SNDTIMEO } do
      M.show("timeo " .. v[1] .. " " .. v[2], S.setsockopt(fd, SOL, name, v[1], v[2]))
      M.show("  is", S.getsockopt(fd, SOL, name))
    end
  end
  for _, dev in ipairs { "eth0", "lo", "", "eth7", "averyverylongname" } do
    M.show("device " .. dev, S.setsockopt(fd, SOL, S.SO_BINDTODEVICE, dev))
    local name = S.getsockopt(fd, SOL, S.SO_BINDTODEVICE)
    M.show("  is", name and name:gsub("%z.*", ""))
  end
  try(kind, fd, IP, 1, 0, 16, 3, 255, 256, -1)   -- IP_TOS
  try(kind, fd, SOL, S.SO_PRIORITY, 0)
  try(kind, fd, IP, 2, 1, 64, 255, 0, 256, -1, -2) -- IP_TTL
  try(kind, fd, IP, 10, 0, 1, 2, 3, 4, 5, 6, -1) -- IP_MTU_DISCOVER
  for _, name in ipairs { 3, 6, 7, 8, 11, 12, 13, 15, 19, 20, 22, 24, 33, 34, 49, 50 } do try(kind, fd, IP, name, 1, 0, 255, 256, -1) end
  try(kind, fd, IP, 14, 1)                       -- IP_MTU
  try(kind, fd, IP, 21, 1, 255, 256)             -- IP_MINTTL
  M.show("no such option", S.setsockopt(fd, IP, 99, 1))
end
local fd = M.tcp()
try("tcp", fd, TCP, 1, 1, 0, 5)                  -- NODELAY
try("tcp", fd, TCP, 2, 0, 1, 87, 88, 536, 1460, 32767, 32768, -1)
try("tcp", fd, TCP, 3, 1, 0, 7)                  -- CORK
try("tcp", fd, TCP, 4, 0, 1, 32767, 32768, -1)   -- KEEPIDLE
try("tcp", fd, TCP, 5, 0, 1, 32767, 32768)
try("tcp", fd, TCP, 6, 0, 1, 127, 128)
try("tcp", fd, TCP, 7, 0, 1, 127, 128)           -- SYNCNT
try("tcp", fd, TCP, 8, 0, 1, 60, 120, 121, 1000000, -1) -- LINGER2
try("tcp", fd, TCP, 9, 0, 1, 2, 3, 10, 1000, -1) -- DEFER_ACCEPT
try("tcp", fd, TCP, 10, 0, 1, 1152, 70000, -1)   -- WINDOW_CLAMP
try("tcp", fd, TCP, 12, 0, 1, 2)                 -- QUICKACK
try("tcp", fd, TCP, 16, 0, 1, 2)                 -- THIN_LINEAR
try("tcp", fd, TCP, 17, 0, 1, 2)
try("tcp", fd, TCP, 18, 0, 1, 1000, -1)          -- USER_TIMEOUT
try("tcp", fd, TCP, 25, 0, 1000, -1)             -- NOTSENT_LOWAT
try("tcp", fd, TCP, 36, 0, 1, 2)                 -- INQ
try("tcp", fd, TCP, 99, 1)
