-- Nobody ignores SIGPIPE here: the program ends in its second write.
io.stdout:setvbuf "no"
local M = require "prelude"
local S, U = require "posix.sys.socket", require "posix.unistd"
if ... == "server" then
  local l = M.listener(7000)
  U.close((S.accept(l)))
  M.nap(1000)
  return
end
M.nap(200)
local fd = M.connected(7000)
M.nap(200)
print(U.write(fd, "one"))
M.nap(200)
print(pcall(U.write, fd, "two"))
print "never"
