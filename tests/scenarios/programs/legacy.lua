-- The table posix itself, and the calls that behave differently there.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
local posix = require "posix"
if ... == "server" then return end
local fd = posix.socket(posix.AF_INET, posix.SOCK_STREAM, 0)
show("bind", posix.bind(fd, M.at(7000, "0.0.0.0")))
show("bind again", posix.bind(fd, M.at(7000, "0.0.0.0")))
show("listen", posix.listen(fd, 1))
local c = posix.socket(posix.AF_INET, posix.SOCK_STREAM, 0)
show("connect", posix.connect(c, M.at(7000, "127.0.0.1")))
show("connect again", posix.connect(c, M.at(7000, "127.0.0.1")))
show("nanosleep", posix.nanosleep(0, 1000))
local s, ns = posix.clock_gettime "monotonic"
show("clock_gettime", math.type(s), math.type(ns))
local t = posix.gettimeofday()
show("gettimeofday", math.type(t.sec), math.type(t.usec))
show("getpid", math.type(posix.getpid "pid"), posix.getpid "uid", type(posix.getpid().pid))
show("timersub", posix.timersub({ sec = 5, usec = 1 }, { sec = 2, usec = 5 }))
show("timeradd", posix.timeradd({ sec = 5, usec = 999999 }, { sec = 2, usec = 5 }))
show("timercmp", posix.timercmp({ sec = 5, usec = 9 }, { sec = 5, usec = 5 }))
show("errno", posix.errno(111))
show("errno", posix.errno(posix.EAGAIN))
show("set", posix.set_errno(posix.EPIPE))
show("errno", posix.errno())
show("errno 0", posix.errno(0))
show("errno 999", posix.errno(999))
show("close", posix.close(c))
show("poll", posix.poll({ [fd] = { events = { IN = true } } }, 100))
show("rpoll", posix.rpoll(fd, 0))
show("fileno", posix.fileno(io.stdout), posix.fileno(io.stderr), posix.fileno(io.stdin))
for _, n in ipairs { "SOL_SOCKET", "SO_REUSEADDR", "SOMAXCONN", "O_NONBLOCK", "F_SETFL", "SIGPIPE", "SIG_IGN", "EINPROGRESS", "STDOUT_FILENO", "AI_PASSIVE", "IPPROTO_IPV6", "SHUT_WR", "CLOCK_MONOTONIC" } do
  show(n, posix[n])
end
