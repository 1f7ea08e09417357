-- Pipes: bytes until full, both ends closed.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
if ... == "server" then return end
local G = require "posix.signal"
local r, w = U.pipe()
show("pipe", r, w)
show("write", U.write(w, "hello"))
show("read", U.read(r, 3))
show("read", U.read(r, 100))
show("write to the reader", U.write(r, "x"))
show("read from the writer", U.read(w, 1))
M.nonblock(r) M.nonblock(w)
show("flags", F.fcntl(r, F.F_GETFL), F.fcntl(w, F.F_GETFL))
show("empty", U.read(r, 1))
local n = 0
while true do
  local k, _, e = U.write(w, ("x"):rep(1000))
  if not k then show("full", n, e) break end
  n = n + k
end
M.poll("full", w)
M.poll("full", r)
show("one byte more", U.write(w, "x"))
show("read", #U.read(r, 4096))
M.poll("some room", w)
show("read", #U.read(r, 100000))
show("big", U.write(w, ("y"):rep(100000)))
show("read", #U.read(r, 100000))
show("isatty", U.isatty(r))
show("lseek", U.lseek(r, 0, U.SEEK_SET))
show("close", U.close(w))
M.poll("writer gone", r)
show("end", U.read(r, 1))
r, w = U.pipe()
G.signal(G.SIGPIPE, G.SIG_IGN)
U.close(r)
M.poll("reader gone", w)
show("write", U.write(w, "x"))
