-- Sends to the server, with the host's header and with its own.
pcall(require, "real")
if ... == "server" then
(function(...)
-- Receives what the client sends: by protocol, by address, cut short, peers told apart.
local S = require "posix.sys.socket"
local U = require "posix.unistd"

local function open(protocol, bound)
  local fd = assert(S.socket(S.AF_INET, S.SOCK_RAW, protocol))
  S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 2, 0)
  if bound then print("bind", S.bind(fd, { family = S.AF_INET, addr = bound, port = 0 })) end
  return fd
end

local function receive(what, fd, n)
  local data, from, code = S.recvfrom(fd, n or 4096)
  if not data then print(what, data, from, code) return end
  local ihl = #data > 0 and (data:byte(1) & 15) * 4 or 0
  print(what, #data, from.addr, from.port, #data >= 20 and string.format("ttl %d tos %d len %d proto %d df %d",
    data:byte(9), data:byte(2), data:byte(3) * 256 + data:byte(4), data:byte(10), data:byte(7) >> 6 & 1),
    data:sub(ihl + 1, ihl + 12))
end

local all, mine, other, none = open(253), open(253, "10.0.2.2"), open(253, "127.0.0.1"), open(254)
local connected = open(253)
print("connect", S.connect(connected, { family = S.AF_INET, addr = "10.0.2.77", port = 0 }))

receive("plain", all)
receive("plain, bound", mine)
receive("own header", all)
receive("own header, bound", mine, 10)
receive("ttl, tos", all)
receive("ttl, tos, bound", mine)
receive("empty", all)
receive("empty, bound", mine)
receive("large", all)
receive("large, bound", mine)
receive("header with options", all)
receive("header with options, bound", mine)
receive("other protocol", none)
S.setsockopt(other, S.SOL_SOCKET, S.SO_RCVTIMEO, 0, 1000)
S.setsockopt(connected, S.SOL_SOCKET, S.SO_RCVTIMEO, 0, 1000)
receive("another address", other)
receive("another peer", connected)
print("back", S.sendto(all, "answer", { family = S.AF_INET, addr = "10.0.2.15", port = 0 }))
for _, fd in ipairs { all, mine, other, none, connected } do U.close(fd) end
end)(package.loaded.more and 0 or 4) -- a veth pair gives no FCS
return
end
local S = require "posix.sys.socket"
local U = require "posix.unistd"
local T = require "posix.time"

local SERVER = { family = S.AF_INET, addr = "10.0.2.2", port = 0 }
local IP_HDRINCL, IP_TTL, IP_TOS = 3, 2, 1

local function pause() T.nanosleep { tv_sec = 0, tv_nsec = 100000000 } end

-- Total length, id, checksum are filled in; flags and TTL as they are here.
local function header(protocol, options)
  return string.char(0x45 + #options // 4, 0, 0xff, 0xff, 0, 0, 0x40, 0, 9, protocol, 0xaa, 0xaa, 0, 0, 0, 0, 10, 0, 2, 2) ..
    options
end

U.sleep(1)
local fd = assert(S.socket(S.AF_INET, S.SOCK_RAW, 253))
print("plain", S.sendto(fd, "plain message", SERVER))
pause()
print("hdrincl", S.setsockopt(fd, S.IPPROTO_IP, IP_HDRINCL, 1))
print("own header", S.sendto(fd, header(253, "") .. "own header", SERVER))
pause()
S.setsockopt(fd, S.IPPROTO_IP, IP_HDRINCL, 0)
S.setsockopt(fd, S.IPPROTO_IP, IP_TTL, 3)
S.setsockopt(fd, S.IPPROTO_IP, IP_TOS, 0x48)
print("connect", S.connect(fd, SERVER))
print("ttl, tos", S.send(fd, "ttl and tos"))
pause()
S.setsockopt(fd, S.IPPROTO_IP, IP_TOS, 0)
print("empty", S.send(fd, ""))
pause()
print("large", S.send(fd, ("L"):rep(1480)))
pause()
S.setsockopt(fd, S.IPPROTO_IP, IP_HDRINCL, 1)
print("options", S.send(fd, header(253, "\1\1\1\0") .. "options"))
pause()
U.close(fd)
fd = assert(S.socket(S.AF_INET, S.SOCK_RAW, 253))
S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 3, 0)
local fd4 = assert(S.socket(S.AF_INET, S.SOCK_RAW, 254))
print("other protocol", S.sendto(fd4, "other", SERVER))
local data, from = S.recvfrom(fd, 100)
print("answer", data and #data, data and data:sub(21), from.addr)
U.close(fd)
U.close(fd4)
