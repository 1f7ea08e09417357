-- What a script expects of Lua itself.
local M = require "prelude"
local S, U, P, F = require "posix.sys.socket", require "posix.unistd", require "posix.poll", require "posix.fcntl"
local show = M.show
if ... == "server" then return end
print(arg[0]:match "[^/]+$", arg[1], #arg, ...)
io.write("a", 1, 2.5, "\n")
io.write("chained "):write("writes\n")
io.stdout:write("x", "y", "\n")
io.stdout:setvbuf "no"
io.stdout:setvbuf("line")
print(io.type(io.stdout), io.type(7))
print(string.format("%5.2f|%-5s|%05d|%x|%q", 3.14159, "ab", 42, 255, "q\n"))
print(("%s %s"):format(nil, true), #"héllo", ("abc"):rep(3, "-"))
print(type(os.time()), type(os.clock()), os.getenv "NO_SUCH_VARIABLE")
print(pcall(error, "code 1"))
print(load("return 1 + 1")())
print(select("#", table.unpack({ 1, nil, 3 }, 1, 3)), table.concat({ 1, 2, 3 }, ","))
print(math.maxinteger, math.mininteger, 1e15, 2^53, 10 // 3, 10 / 2, 7 % -3)
print(tostring(1/0), tostring(-1/0), 0x10, 1e100)
print(type(package.path), type(package.loaded), package.loaded["posix.sys.socket"] == S)
print(require "posix.unistd" == U)
local co = coroutine.wrap(function() coroutine.yield(S.socket(S.AF_INET, S.SOCK_DGRAM, 0)) end)
show("socket from a coroutine", co())
print(pcall(string.rep))
print(next({}), rawlen { 1, 2 }, rawequal("a", "a"))
goto done
print "skipped"
::done::
print(utf8 and utf8.char(8364), tonumber("0x1p4"), tonumber("z", 36), tonumber("  12  "), tonumber("1e"))
print(table.unpack({ 1, 2, 3 }, 2))
print(os.difftime(5, 3))
table.sort({ 3, 1, 2 }, function(a, b) return a < b end)
os.exit(0)
