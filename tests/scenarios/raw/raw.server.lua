-- Receives what raw.client.lua sends: by protocol, by address, cut short, peers told apart.
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
