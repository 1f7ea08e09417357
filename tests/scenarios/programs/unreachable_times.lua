-- When a program hears that nobody is there.
local M = require "prelude"
local S, U, P, T = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.time"
local show = M.show
if ... == "server" then return end
local function now() local t = T.clock_gettime(T.CLOCK_MONOTONIC) return t.tv_sec + t.tv_nsec / 1e9 end
local function timed(what, f)
  local t0 = now()
  local r = table.pack(f())
  print(what, ("%.0f s"):format(now() - t0), table.unpack(r, 1, r.n))
end
local u = M.udp()
S.setsockopt(u, 1, S.SO_RCVTIMEO, 5, 0)
S.connect(u, M.at(9, "10.0.2.77"))
show("send", S.send(u, "x"))
timed("recv", function() return S.recv(u, 10) end)
show("send", S.send(u, "x"))
timed("recv", function() return S.recv(u, 10) end)
local t = M.tcp()
timed("connect", function() return S.connect(t, M.at(9, "10.0.2.78")) end)
timed("connect again", function() return S.connect(t, M.at(9, "10.0.2.78")) end)
t = M.tcp()
M.nonblock(t)
timed("connect nb", function() return S.connect(t, M.at(9, "10.0.2.79")) end)
timed("poll", function() return M.events(t, 10000) end)
show("SO_ERROR", S.getsockopt(t, 1, S.SO_ERROR))
show("SO_ERROR", S.getsockopt(t, 1, S.SO_ERROR))
M.poll("poll", t)
show("send", pcall(S.send, t, "x", S.MSG_NOSIGNAL))
local r = S.socket(2, 3, 253)
S.setsockopt(r, 1, S.SO_RCVTIMEO, 5, 0)
S.connect(r, M.at(0, "10.0.2.80"))
show("raw send", S.send(r, "x"))
timed("recv", function() return S.recv(r, 10) end)
-- many packets wait: how many errors?
S.setsockopt(u, 0, 11, 1)
S.connect(u, M.at(9, "10.0.2.81"))
for i = 1, 6 do show("send " .. i, S.send(u, "x")) end
timed("recv", function() return S.recv(u, 10) end)
show("recv", S.recv(u, 10, S.MSG_DONTWAIT))
for i = 1, 8 do show("recv err", S.recv(u, 10, 0x2000)) end
M.poll("poll", u)
