-- A megabyte each way, with poll().
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
local function pump(fd, total)
  local sent, got, sum = 0, 0, 0
  M.nonblock(fd)
  local data = ("0123456789abcdef"):rep(4096)
  while sent < total or got >= 0 do
    local t = { [fd] = { events = { IN = got >= 0, OUT = sent < total } } }
    P.poll(t, -1)
    if t[fd].revents.IN then
      local s = U.read(fd, 100000)
      if s == "" then show("got", got, sum) got = -1 elseif s then
        got = got + #s
        for i = 1, #s do sum = sum + s:byte(i) end
      end
    end
    if t[fd].revents.OUT and sent < total then
      local from = sent % 16
      local n = U.write(fd, data:sub(from + 1, math.min(#data, from + total - sent)))
      if n then sent = sent + n end
      if sent == total then S.shutdown(fd, S.SHUT_WR) end
    end
    if got < 0 and sent >= total then return end
  end
end
if ... == "server" then
  local c = S.accept(M.listener(7000))
  pump(c, 1000000)
  return
end
M.nap(200)
pump(M.connected(7000), 1000000)
