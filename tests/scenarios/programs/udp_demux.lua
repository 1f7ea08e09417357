-- Which socket gets a datagram.
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
local tx = udp(7000)
local function send(data, port, addr)
  assert(S.sendto(tx, data, at(port, addr or "127.0.0.1")))
end
local function who(sockets)
  for _, s in ipairs(sockets) do
    repeat
      local data = S.recv(s[2], 100, S.MSG_DONTWAIT)
      if data then print(s[1], data) end
    until not data
  end
end

print "-- the exact address before any, the connected one before both"
local any, exact, peer = udp(), udp(), udp()
for _, fd in ipairs { any, exact, peer } do S.setsockopt(fd, S.SOL_SOCKET, S.SO_REUSEADDR, 1) end
show("bind any", S.bind(any, at(6000)))
send("first", 6000)
show("bind exact", S.bind(exact, at(6000, "127.0.0.1")))
send("second", 6000)
show("bind", S.bind(peer, at(6000, "127.0.0.1")))
show("connect", S.connect(peer, at(7000, "127.0.0.1")))
send("third", 6000)
send("fourth", 6000, CLIENT)
U.close(peer)
send("fifth", 6000)
who { { "any", any }, { "exact", exact } }

print "-- SO_REUSEADDR: the newest gets it"
local one, two = udp(), udp()
S.setsockopt(one, S.SOL_SOCKET, S.SO_REUSEADDR, 1)
show("bind", S.bind(one, at(6100)))
show("bind, other did not allow it", S.bind(two, at(6100)))
S.setsockopt(two, S.SOL_SOCKET, S.SO_REUSEADDR, 1)
show("bind", S.bind(two, at(6100)))
send("to the port", 6100)
who { { "one", one }, { "two", two } }
U.close(two)
send("two is closed", 6100)
who { { "one", one } }

print "-- SO_REUSEPORT needs all of them"
local r1, r2, r3 = udp(), udp(), udp()
S.setsockopt(r1, S.SOL_SOCKET, S.SO_REUSEPORT, 1)
S.setsockopt(r2, S.SOL_SOCKET, S.SO_REUSEPORT, 1)
show("bind", S.bind(r1, at(6200)))
show("bind", S.bind(r2, at(6200)))
show("bind without", S.bind(r3, at(6200)))
local got = 0
for i = 1, 20 do send("x" .. i, 6200) end
for _, fd in ipairs { r1, r2 } do
  while S.recv(fd, 10, S.MSG_DONTWAIT) do got = got + 1 end
end
print("all from one sender", got)

print "-- a connected socket hears its peer only"
local c = udp(6300)
show("connect", S.connect(c, at(7001, "127.0.0.1")))
print(S.getsockname(c).addr, S.getsockname(c).port, S.getpeername(c).addr, S.getpeername(c).port)
local other = udp(7001)
send("stranger", 6300)
S.sendto(other, "peer", at(6300, "127.0.0.1"))
who { { "connected", c } }
show("sendto elsewhere", S.sendto(c, "elsewhere", at(7000, "127.0.0.1")))
show("send", S.send(c, "to the peer"))
who { { "7000", tx }, { "7001", other } }
show("connect anew", S.connect(c, at(7000, "127.0.0.1")))
send("now the peer", 6300)
who { { "connected", c } }
show("disconnect", S.connect(c, { family = S.AF_UNSPEC, addr = "0.0.0.0", port = 0 }))
print(S.getsockname(c).addr, S.getsockname(c).port)
show("getpeername", S.getpeername(c))
show("send", S.send(c, "x"))
S.sendto(other, "anybody", at(6300, "127.0.0.1"))
who { { "free", c } }

print "-- a port of its own is given back"
local e = udp()
show("connect", S.connect(e, at(7000, "127.0.0.1")))
print(S.getsockname(e).addr, S.getsockname(e).port > 0)
show("disconnect", S.connect(e, { family = S.AF_UNSPEC, addr = "0.0.0.0", port = 0 }))
print(S.getsockname(e).addr, S.getsockname(e).port)
show("send to oneself", S.connect(e, at(7000, "127.0.0.1")) and S.send(e, "hello"))
who { { "7000", tx } }
