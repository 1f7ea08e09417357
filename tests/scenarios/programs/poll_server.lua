-- One server, three clients, poll() over all of them.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
if ... == "server" then
  local l = M.listener(7000)
  local fds, n, left = { [l] = { events = { IN = true } } }, 0, 3
  while left > 0 do
    show("poll", P.poll(fds, 5000))
    local ready = {}
    for fd, t in pairs(fds) do if t.revents and t.revents.IN then ready[#ready + 1] = fd end end
    table.sort(ready)
    for _, fd in ipairs(ready) do
      if fd == l then
        local c = S.accept(l)
        show("accept", c)
        fds[c] = { events = { IN = true } }
      else
        local s = S.recv(fd, 100)
        show("recv", fd, s)
        if s == "" then U.close(fd) fds[fd] = nil left = left - 1 else S.send(fd, s .. "!") end
      end
    end
  end
  return
end
M.nap(200)
local fds = {}
for i = 1, 3 do fds[i] = M.connected(7000) M.nap(50) end
for i = 3, 1, -1 do
  S.send(fds[i], "client " .. i)
  show("recv", S.recv(fds[i], 100))
end
for i = 1, 3 do U.close(fds[i]) M.nap(50) end
