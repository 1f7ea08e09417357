-- Nobody answers ARP.
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

if ROLE == "server" then return end
local fd = udp()
assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 5, 0))
show("connect", S.connect(fd, at(9, "10.0.2.99")))
show("send", S.send(fd, "lost"))
show("recv", S.recv(fd, 100))
show("IP_RECVERR", S.setsockopt(fd, S.IPPROTO_IP, 11, 1))
show("send", S.send(fd, "lost too"))
show("recv", S.recv(fd, 100))
local data, about = S.recvfrom(fd, 100, 0x2000)
print("error queue", data, about.addr, about.port)
