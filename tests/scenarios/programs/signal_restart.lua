-- A handler with SA_RESTART: calls that wait without a time go on, those that wait for a time, and poll and its like, do not.
local p = require "prelude"
local S = require "posix.sys.socket"
local U = require "posix.unistd"
local P = require "posix.poll"
local T = require "posix.time"
local X = require "posix.sys.select"
local E = require "posix.sys.epoll"
local G = require "posix.signal"
local SA_RESTART = 0x10000000

if ... == "server" then
  local l = p.listener(7000)
  local c = S.accept(l)
  p.show("go", U.read(c, 10))
  p.nap(1300)
  U.write(c, "data")
  p.show("go", U.read(c, 10))
  p.nap(1300)
  local fd = p.tcp()
  p.show("connect", S.connect(fd, p.at(7001, p.CLIENT)))
  p.nap(100)
else
  p.nap(100)
  local l = p.listener(7001)
  local fd = p.connected(7000)
  local ep = E.epoll_create1()
  local rings = 0
  G.signal(G.SIGALRM, function() rings = rings + 1 end, SA_RESTART)
  local function try(what, f, ...)
    U.alarm(1)
    local r, msg, e = f(...)
    p.show(what, type(r) == "table" and #r or r, msg, e, rings)
    U.alarm(0)
  end
  try("poll", P.poll, { [fd] = { events = { IN = true } } }, 1500)
  try("select", X.select, { fd }, nil, nil, { tv_sec = 1, tv_usec = 500000 })
  try("epoll_wait", E.epoll_wait, ep, 5, 1500)
  try("nanosleep", T.nanosleep, { tv_sec = 1, tv_nsec = 500000000 })
  S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 1, 500000)
  try("recv for a time", S.recv, fd, 10)
  S.setsockopt(l, S.SOL_SOCKET, S.SO_RCVTIMEO, 1, 500000)
  try("accept for a time", S.accept, l)
  local n = p.tcp()
  S.setsockopt(n, S.SOL_SOCKET, S.SO_SNDTIMEO, 1, 500000)
  try("connect for a time", S.connect, n, p.at(80, "10.0.2.99"))
  S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 0, 0)
  U.write(fd, "go")
  try("recv", S.recv, fd, 10)
  S.setsockopt(l, S.SOL_SOCKET, S.SO_RCVTIMEO, 0, 0)
  U.write(fd, "go")
  try("accept", function() return S.accept(l) ~= nil end)
end
