-- Nobody at the port: port unreachable comes back, and who hears of it. The naps of seconds let the server's rate
-- limit of ICMP messages recover.
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

if ROLE == "server" then return nap(11000) end
nap(300)
local function connected(recverr)
  local fd = udp()
  if recverr then show("IP_RECVERR", S.setsockopt(fd, S.IPPROTO_IP, 11, 1)) end
  show("connect", S.connect(fd, at(9, SERVER)))
  return fd
end
print "-- connected"
local fd = connected()
show("send", S.send(fd, "one"))
nap(50)
show("recv", S.recv(fd, 100))
show("recv again", S.recv(fd, 100))
show("send", S.send(fd, "two"))
nap(50)
show("send gets the error", S.send(fd, "three"))
show("send then goes out", S.send(fd, "four"))
nap(50)
show("SO_ERROR", S.getsockopt(fd, S.SOL_SOCKET, S.SO_ERROR))
show("SO_ERROR is gone", S.getsockopt(fd, S.SOL_SOCKET, S.SO_ERROR))
show("sendto the same", S.sendto(fd, "five", at(9, SERVER)))
nap(50)
show("recv", S.recv(fd, 100))
nap(3000)
print "-- not connected"
local free = udp()
show("sendto", S.sendto(free, "one", at(9, SERVER)))
nap(50)
show("recv", S.recv(free, 100))
show("SO_ERROR", S.getsockopt(free, S.SOL_SOCKET, S.SO_ERROR))
print "-- not connected, IP_RECVERR"
show("IP_RECVERR", S.setsockopt(free, S.IPPROTO_IP, 11, 1))
show("sendto", S.sendto(free, "first", at(9, SERVER)))
nap(50)
show("recv", S.recv(free, 100))
show("sendto", S.sendto(free, "second", at(10, SERVER)))
nap(50)
show("sendto", S.sendto(free, "third", at(11, SERVER)))
for _ = 1, 3 do
  local data, about = S.recvfrom(free, 100, 0x2000)
  if data then print("error queue", data, about.addr, about.port) else show("error queue", nil, nil, 11) end
  show("SO_ERROR", S.getsockopt(free, S.SOL_SOCKET, S.SO_ERROR))
end
nap(3000)
print "-- connected, IP_RECVERR"
fd = connected(true)
show("send", S.send(fd, "hello"))
nap(50)
show("recv", S.recv(fd, 100))
show("error queue", S.recv(fd, 3, 0x2000))
show("error queue", S.recv(fd, 100, 0x2000))
print "-- at home"
fd = udp()
show("connect", S.connect(fd, at(9, "127.0.0.1")))
show("send", S.send(fd, "one"))
show("recv", S.recv(fd, 100))
