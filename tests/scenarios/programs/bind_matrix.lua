-- Which two sockets may have one port: addresses, SO_REUSEADDR, SO_REUSEPORT, UDP and TCP, bound and listening.
local S = require "posix.sys.socket"
local U = require "posix.unistd"
if ... == "server" then return end
local function sa(a, p) return { family = S.AF_INET, addr = a, port = p } end
local addrs = { "0.0.0.0", "10.0.2.15", "127.0.0.1", "127.0.0.2", "10.0.2.255", "255.255.255.255", "224.0.0.5", "10.0.2.0", "127.255.255.255" }
local function mk(reuse, t)
  local fd = S.socket(S.AF_INET, t, 0)
  if reuse & 1 ~= 0 then assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_REUSEADDR, 1)) end
  if reuse & 2 ~= 0 then assert(S.setsockopt(fd, S.SOL_SOCKET, 15, 1)) end
  return fd
end
for _, t in ipairs { S.SOCK_DGRAM, S.SOCK_STREAM } do
for _, a in ipairs(addrs) do
  local fd = mk(0, t)
  print(t, a, S.bind(fd, sa(a, 4000)))
  U.close(fd)
end
for _, a in ipairs { addrs[1], addrs[2], addrs[3], addrs[7] } do
  for _, b in ipairs { addrs[1], addrs[2], addrs[3], addrs[7] } do
    for ra = 0, 3 do for rb = 0, 3 do
      local x, y = mk(ra, t), mk(rb, t)
      local r1 = S.bind(x, sa(a, 4000))
      local r2, _, e = S.bind(y, sa(b, 4000))
      local l1, _, el1 = S.listen(x, 1)
      local l2, _, el2 = S.listen(y, 1)
      print(t, a, b, ra, rb, r1, r2, e, l1, el1, l2, el2)
      U.close(x) U.close(y)
    end end
  end
end
end
