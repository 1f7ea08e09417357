-- What cannot be done with a datagram socket.
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
local a, b = udp(), udp()
show("send, no peer", S.send(a, "x"))
show("sendto port 0", S.sendto(a, "x", at(0, SERVER)))
show("sendto, too long", S.sendto(a, ("x"):rep(65508), at(9, "127.0.0.1")))
show("sendto, longest", S.sendto(a, ("x"):rep(65507), at(9, "127.0.0.1")))
show("sendto, over 64 KiB", S.sendto(a, ("x"):rep(70000), at(9, "127.0.0.1")))
show("send MSG_OOB", S.send(a, "x", S.MSG_OOB))
show("sendto, no route", S.sendto(a, "x", at(9, "192.168.77.1")))
show("connect, no route", S.connect(b, at(9, "192.168.77.1")))
show("sendto 0.0.0.0", S.sendto(a, "x", at(9, "0.0.0.0")))
show("bind, not ours", S.bind(b, at(6000, "10.0.2.99")))
show("bind", S.bind(b, at(6000)))
show("bind again", S.bind(b, at(6001)))
show("bind, taken", S.bind(udp(), at(6000)))
show("bind, taken by any", S.bind(udp(), at(6000, CLIENT)))
show("bind after send", S.bind(a, at(6002)))
show("listen", S.listen(b, 5))
show("accept", S.accept(b))
show("shutdown, no peer", S.shutdown(b, S.SHUT_WR))
show("getpeername, no peer", S.getpeername(b))
show("recv", S.recv(a, 100))
show("recv MSG_DONTWAIT", S.recv(a, 100, S.MSG_DONTWAIT))
show("recv MSG_ERRQUEUE", S.recv(a, 100, 0x2000))
show("setsockopt, unknown", S.setsockopt(a, S.IPPROTO_UDP, 77, 1))
show("setsockopt, tcp's", S.setsockopt(a, 6, 1, 1))
show("getsockopt, unknown", S.getsockopt(a, S.IPPROTO_UDP, 77))
show("type", S.getsockopt(a, S.SOL_SOCKET, S.SO_TYPE))
show("protocol", S.getsockopt(a, S.SOL_SOCKET, S.SO_PROTOCOL))
show("socket, tcp's protocol", S.socket(S.AF_INET, S.SOCK_DGRAM, 6))
show("socket, udp's protocol", S.socket(S.AF_INET, S.SOCK_DGRAM, 17) and 0)
show("IP_TTL 0", S.setsockopt(a, S.IPPROTO_IP, 2, 0))
show("IP_TTL 256", S.setsockopt(a, S.IPPROTO_IP, 2, 256))
show("IP_TTL 5", S.setsockopt(a, S.IPPROTO_IP, 2, 5))
show("IP_TTL", S.getsockopt(a, S.IPPROTO_IP, 2))
show("IP_TTL default", S.getsockopt(b, S.IPPROTO_IP, 2))
show("IP_MTU_DISCOVER", S.getsockopt(a, S.IPPROTO_IP, 10))
show("IP_MTU, no peer", S.getsockopt(a, S.IPPROTO_IP, 14))
show("IP_TOS", S.setsockopt(a, S.IPPROTO_IP, 1, 0x10))
show("IP_TOS", S.getsockopt(a, S.IPPROTO_IP, 1))
show("IP_RECVERR", S.getsockopt(a, S.IPPROTO_IP, 11))
show("IP_HDRINCL", S.setsockopt(a, S.IPPROTO_IP, 3, 1))
show("close", U.close(a))
show("send, closed", S.send(a, "x"))
