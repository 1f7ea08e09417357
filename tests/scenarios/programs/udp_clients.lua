-- Three clients of one poll() loop, without any help: sizes from nothing to the longest, broadcast, devices, descriptors.
local S = require "posix.sys.socket"
local U = require "posix.unistd"
local P = require "posix.poll"
local T = require "posix.time"
local F = require "posix.fcntl"
local role = ...
local function sa(a, p) return { family = S.AF_INET, addr = a, port = p } end
local function nap(ms) T.nanosleep { tv_sec = ms // 1000, tv_nsec = ms % 1000 * 1000000 } end
if role == "server" then
  local a, b = S.socket(S.AF_INET, S.SOCK_DGRAM, 0), S.socket(S.AF_INET, S.SOCK_DGRAM, 0)
  print(S.bind(a, sa("0.0.0.0", 5001)), S.bind(b, sa("10.0.2.2", 5002)))
  local fds = { [a] = { events = { IN = true } }, [b] = { events = { IN = true } } }
  local n = 0
  while n < 14 do
    local r, m, e = P.poll(fds, 1500)
    if r == 0 or not r then print("poll", r, m, e) break end
    for _, fd in ipairs { a, b } do
      if fds[fd].revents and fds[fd].revents.IN then
        local d, from = S.recvfrom(fd, 70000)
        n = n + 1
        print(fd == a and "a" or "b", #d, d:sub(1, 8), from.addr, from.port < 1024 or from.port > 32767 or from.port)
        print("reply", S.sendto(fd, ("%05d"):format(#d), from))
      end
    end
  end
  print(U.close(a), U.close(b), U.close(b))
  return
end
nap(100)
local c = {}
for i = 1, 3 do c[i] = S.socket(S.AF_INET, S.SOCK_DGRAM, 0) S.setsockopt(c[i], S.SOL_SOCKET, S.SO_RCVTIMEO, 1, 0) end
print(S.bind(c[1], sa("0.0.0.0", 6001)), S.bind(c[2], sa("10.0.2.15", 6002)))
for i = 1, 3 do
  for _, size in ipairs { 0, 1, 1472, 1473, 65507 } do
    local port = i == 2 and 5002 or 5001
    print(i, size, S.sendto(c[i], ("x"):rep(size), sa("10.0.2.2", port)))
    local d, m, e = S.recv(c[i], 100)
    print("got", d, m, e)
  end
end
print(S.sendto(c[1], ("x"):rep(65508), sa("10.0.2.2", 5001)))
print(S.sendto(c[1], "x", sa("10.0.2.255", 5001)))
print(S.setsockopt(c[1], S.SOL_SOCKET, S.SO_BROADCAST, 1), S.sendto(c[1], "bcast", sa("10.0.2.255", 5001)))
print(S.recv(c[1], 100))
print(S.setsockopt(c[1], S.SOL_SOCKET, S.SO_BINDTODEVICE, "lo"), S.sendto(c[1], "viaLo", sa("10.0.2.2", 5001)))
print(S.setsockopt(c[1], S.SOL_SOCKET, S.SO_BINDTODEVICE, "nosuch"))
print(S.setsockopt(c[1], S.SOL_SOCKET, S.SO_BINDTODEVICE, ""))
print(F.fcntl(c[1], F.F_GETFL), F.fcntl(c[1], F.F_SETFL, F.O_NONBLOCK), F.fcntl(c[1], F.F_GETFL))
print(S.recv(c[1], 10))
print(U.dup(c[1]), U.dup2(c[1], 50), U.close(c[1]), S.getsockname(50).port, U.close(50))
