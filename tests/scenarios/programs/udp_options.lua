-- Path mtu and fragments, buffers, peeking from an offset.
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

if ROLE == "server" then
  local fd = udp(5000)
  assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 2, 0))
  for _ = 1, 4 do show("recv", S.recv(fd, 70000)) end
  return
end
nap(300)
local fd = udp()
show("connect", S.connect(fd, at(5000, SERVER)))
show("IP_MTU", S.getsockopt(fd, S.IPPROTO_IP, 14))
show("PMTUDISC_DO", S.setsockopt(fd, S.IPPROTO_IP, 10, 2))
show("send, fits", S.send(fd, ("a"):rep(1472)))
show("send, too long", S.send(fd, ("b"):rep(1473)))
show("SO_ERROR", S.getsockopt(fd, S.SOL_SOCKET, S.SO_ERROR))
show("IP_RECVERR", S.setsockopt(fd, S.IPPROTO_IP, 11, 1))
show("send, too long", S.send(fd, ("b"):rep(1473)))
show("send reports it once more", S.send(fd, "x"))
show("error queue", S.recv(fd, 100, 0x2000))
show("PMTUDISC_WANT", S.setsockopt(fd, S.IPPROTO_IP, 10, 1))
show("send in two fragments", S.send(fd, ("c"):rep(1473)))
show("send in many", S.send(fd, ("d"):rep(20000)))
show("PMTUDISC 6", S.setsockopt(fd, S.IPPROTO_IP, 10, 6))
print "-- buffers"
local tx, rx = udp(), udp(6000)
show("SO_RCVBUF", S.setsockopt(rx, S.SOL_SOCKET, S.SO_RCVBUF, 10000))
show("SO_RCVBUF", S.getsockopt(rx, S.SOL_SOCKET, S.SO_RCVBUF))
show("SO_SNDBUF", S.setsockopt(tx, S.SOL_SOCKET, S.SO_SNDBUF, 10000))
show("SO_SNDBUF", S.getsockopt(tx, S.SOL_SOCKET, S.SO_SNDBUF))
for _ = 1, 200 do S.sendto(tx, ("x"):rep(500), at(6000, "127.0.0.1")) end
local n = 0
while S.recv(rx, 1000, S.MSG_DONTWAIT) do n = n + 1 end
print("some were dropped, some not", n > 5 and n < 60)
show("and there is room again", S.sendto(tx, "again", at(6000, "127.0.0.1")))
show("recv", S.recv(rx, 1000))
show("a datagram longer than SO_RCVBUF", S.sendto(fd, ("y"):rep(30000), at(6000, CLIENT)))
print "-- SO_PEEK_OFF"
show("SO_PEEK_OFF", S.getsockopt(rx, S.SOL_SOCKET, 42))
while S.recv(rx, 1000, S.MSG_DONTWAIT) do end
show("SO_PEEK_OFF", S.setsockopt(rx, S.SOL_SOCKET, 42, 0))
S.sendto(tx, "abcdef", at(6000, "127.0.0.1"))
S.sendto(tx, "ghi", at(6000, "127.0.0.1"))
show("peek", S.recv(rx, 4, S.MSG_PEEK))
show("peek on", S.recv(rx, 4, S.MSG_PEEK))
show("peek the next", S.recv(rx, 4, S.MSG_PEEK))
show("peek, nothing left", S.recv(rx, 4, S.MSG_PEEK | S.MSG_DONTWAIT))
show("recv", S.recv(rx, 100))
show("SO_PEEK_OFF", S.getsockopt(rx, S.SOL_SOCKET, 42))
show("recv", S.recv(rx, 100))
show("SO_PEEK_OFF", S.getsockopt(rx, S.SOL_SOCKET, 42))
