-- Sends to raw.server.lua, with the host's header and with its own.
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
