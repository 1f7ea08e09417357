-- poll() and the states of a datagram socket.
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

if ROLE == "server" then return nap(2500) end
nap(300)
local function flags(what, fd)
  local fds = { [fd] = { events = { IN = true, OUT = true } } }
  local n = P.poll(fds, 100)
  local r, text = fds[fd].revents or {}, ""
  for _, f in ipairs { "IN", "OUT", "ERR", "HUP" } do
    if r[f] then text = text .. " " .. f end
  end
  print(what, n, text)
end
local fd, tx = udp(6000), udp()
flags("fresh", fd)
S.sendto(tx, "data", at(6000, "127.0.0.1"))
flags("data", fd)
show("recv", S.recv(fd, 100))
flags("read", fd)
S.sendto(tx, "", at(6000, "127.0.0.1"))
flags("an empty datagram", fd)
show("recv", S.recv(fd, 100))
show("connect", S.connect(tx, at(9, SERVER)))
show("send", S.send(tx, "x"))
nap(50)
flags("refused", tx)
show("recv", S.recv(tx, 100))
flags("error read", tx)
show("IP_RECVERR", S.setsockopt(tx, S.IPPROTO_IP, 11, 1))
show("send", S.send(tx, "x"))
nap(50)
show("recv", S.recv(tx, 100))
flags("error in the queue", tx)
show("IP_RECVERR off", S.setsockopt(tx, S.IPPROTO_IP, 11, 0))
flags("queue emptied", tx)
show("shutdown WR", S.shutdown(tx, S.SHUT_WR))
show("send", S.send(tx, "x"))
flags("shut for writing", tx)
show("shutdown RD", S.shutdown(tx, S.SHUT_RD))
flags("shut", tx)
show("recv", S.recv(tx, 100))
show("shutdown, no peer", S.shutdown(fd, S.SHUT_RD))
flags("shut all the same", fd)
show("recv", S.recv(fd, 100))
