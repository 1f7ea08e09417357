-- epoll over datagrams and connections: level, edge, once, exclusive, sets within sets, errors.
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
local E = require "posix.sys.epoll"
local LOCAL = "127.0.0.1"

local function wait(what, ep, ms)
  local got, text = E.epoll_wait(ep, 8, ms or 0), ""
  for _, ev in ipairs(got) do
    text = text .. " " .. ev.data .. ":"
    for _, f in ipairs { "IN", "PRI", "OUT", "ERR", "HUP", "RDHUP" } do
      if ev.events & E["EPOLL" .. f] ~= 0 then text = text .. f .. "," end
    end
  end
  print(what, #got, text)
end

local function add(what, ep, fd, events, data)
  show(what, E.epoll_ctl(ep, E.EPOLL_CTL_ADD, fd, events, data))
end

local function mod(ep, fd, events, data)
  show("modify", E.epoll_ctl(ep, E.EPOLL_CTL_MOD, fd, events, data))
end

local ep = assert(E.epoll_create1())
local rx, tx = udp(6000), udp()
local function send(text) S.sendto(tx, text or "data", at(6000, LOCAL)) end

-- errors
add("add", ep, rx, E.EPOLLIN, 1)
add("again", ep, rx, E.EPOLLIN, 1)
add("itself", ep, ep, E.EPOLLIN)
add("no descriptor", ep, 99, E.EPOLLIN)
add("no set", rx, tx, E.EPOLLIN)
add("no set at all", 99, tx, E.EPOLLIN)
show("modify a stranger", E.epoll_ctl(ep, E.EPOLL_CTL_MOD, tx, E.EPOLLIN))
show("remove a stranger", E.epoll_ctl(ep, E.EPOLL_CTL_DEL, tx))
show("no such operation", E.epoll_ctl(ep, 7, rx, E.EPOLLIN))
show("flags", E.epoll_create1(1))
show("room for none", E.epoll_wait(ep, 0, 0))
show("room for less", E.epoll_wait(ep, -1, 0))
show("wait on no set", E.epoll_wait(rx, 1, 0))
show("wait on nothing", E.epoll_wait(99, 1, 0))

-- level, edge, once
wait("quiet", ep)
wait("quiet for 20 ms", ep, 20)
send()
wait("level", ep)
wait("level again", ep)
mod(ep, rx, E.EPOLLIN | E.EPOLLET, 2)
wait("edge", ep)
wait("edge again", ep)
send()
wait("edge, more data", ep)
wait("edge, no more", ep)
show("recv", S.recv(rx, 100))
wait("edge, some read", ep)
mod(ep, rx, E.EPOLLIN | E.EPOLLONESHOT, 3)
wait("once", ep)
send()
wait("once is enough", ep)
mod(ep, rx, E.EPOLLIN | E.EPOLLONESHOT, 4)
wait("armed again", ep)
mod(ep, rx, E.EPOLLIN | E.EPOLLOUT, 5)
wait("in and out", ep)
show("recv", S.recv(rx, 100))
show("recv", S.recv(rx, 100))
wait("out", ep)
mod(ep, rx, 0, 6)
send()
wait("nothing wanted", ep)
show("remove", E.epoll_ctl(ep, E.EPOLL_CTL_DEL, rx))
wait("removed", ep)
show("recv", S.recv(rx, 100))

-- several files: in the order in which they became ready, and in turns when there is room for one
local rx2 = udp(6001)
add("add", ep, rx, E.EPOLLIN, 10)
add("add", ep, rx2, E.EPOLLIN, 11)
S.sendto(tx, "second", at(6001, LOCAL))
send("first")
wait("two", ep)
for _ = 1, 3 do
  local ev = E.epoll_wait(ep, 1, 0)
  print("one at a time", #ev, ev[1] and ev[1].data)
end
show("recv", S.recv(rx2, 100))
wait("one left", ep)
show("close", U.close(rx2))
S.recv(rx, 100)
wait("closed", ep)

-- an error that came by ICMP
local refused = udp()
show("connect", S.connect(refused, at(9, SERVER)))
add("add", ep, refused, 0, 12)
show("send", S.send(refused, "x"))
nap(50)
wait("errors are always reported", ep)
show("recv", S.recv(refused, 10))
wait("error read", ep)

-- exclusive
local other = assert(E.epoll_create1())
local excl = udp(6002)
add("exclusive", ep, excl, E.EPOLLIN | E.EPOLLEXCLUSIVE, 20)
add("exclusive", other, excl, E.EPOLLIN | E.EPOLLEXCLUSIVE, 21)
show("modify", E.epoll_ctl(ep, E.EPOLL_CTL_MOD, excl, E.EPOLLIN))
show("modify to it", E.epoll_ctl(ep, E.EPOLL_CTL_MOD, rx, E.EPOLLIN | E.EPOLLEXCLUSIVE))
add("exclusive and once", ep, tx, E.EPOLLIN | E.EPOLLONESHOT | E.EPOLLEXCLUSIVE)
add("exclusive set", ep, other, E.EPOLLIN | E.EPOLLEXCLUSIVE)
S.sendto(tx, "data", at(6002, LOCAL))
wait("one set", ep)
wait("the other", other)
show("remove", E.epoll_ctl(other, E.EPOLL_CTL_DEL, excl))
show("recv", S.recv(excl, 100))
wait("read", ep)

-- sets within sets
local outer = assert(E.epoll_create1())
add("nested", outer, ep, E.EPOLLIN, 30)
add("circle", ep, outer, E.EPOLLIN)
wait("outer, quiet", outer)
send()
wait("outer", outer)
wait("inner", ep)
show("recv", S.recv(rx, 100))
wait("outer, read", outer)
local below = outer
for depth = 2, 6 do
  local set = assert(E.epoll_create1())
  add("depth " .. depth, set, below, E.EPOLLIN, 30 + depth)
  below = set
end

-- connections
local listener = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
assert(S.setsockopt(listener, S.SOL_SOCKET, S.SO_REUSEADDR, 1))
assert(S.bind(listener, at(7000, LOCAL)))
assert(S.listen(listener, 5))
add("listener", ep, listener, E.EPOLLIN, 40)
wait("nobody", ep)
local c = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
add("unconnected", ep, c, E.EPOLLIN | E.EPOLLOUT, 41)
wait("hung up", ep)
show("connect", S.connect(c, at(7000, LOCAL)))
wait("a connection", ep)
local conn = assert(S.accept(listener))
add("conn", ep, conn, E.EPOLLIN | E.EPOLLRDHUP | E.EPOLLET, 42)
wait("accepted", ep)
S.send(c, "data")
nap(20)
wait("data", ep)
wait("edge", ep)
S.shutdown(c, S.SHUT_WR)
nap(20)
wait("half closed", ep)
S.shutdown(conn, S.SHUT_WR)
nap(20)
wait("closed both ways", ep)
show("read", S.recv(conn, 10))
show("end", S.recv(conn, 10))
show("close", U.close(conn))
wait("gone", ep)
show("close", U.close(c))
show("close the set", U.close(ep))
wait("outer of a closed set", outer)
