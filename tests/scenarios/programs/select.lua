-- select and pselect: which sets a socket is in in each phase, time-outs and what is left of them, errors.
local p = require "prelude"
local S = require "posix.sys.socket"
local U = require "posix.unistd"
local X = require "posix.sys.select"
local T = require "posix.time"

-- Which sets of `fd` are ready; the time left in steps of 50 ms, for the machine's clock is not exact.
local function sets(what, fd, ms)
  local rd, wr, ex, left = X.select({ fd }, { fd }, { fd }, ms and { tv_usec = ms * 1000 })
  if not rd then return p.show(what, rd, wr, ex) end
  local t = left and (left.tv_usec + 25000) // 50000 * 50
  p.show(what, #rd == 1 and "rd" or "-", #wr == 1 and "wr" or "-", #ex == 1 and "ex" or "-", t)
end

if ... == "server" then
  local l = p.listener(7000)
  sets("listener idle", l, 0)
  local rd = X.select({ l }, nil, nil)
  p.show("listener ready", #rd)
  local c = S.accept(l)
  sets("accepted", c, 0)
  rd = X.select({ l, c }, {}, {})
  p.show("data", rd[1] == c, #rd)
  sets("data", c)
  p.show("read", U.read(c, 10))
  local _, _, ex = X.select(nil, nil, { c })
  p.show("urgent", #ex)
  sets("urgent", c)
  p.show("oob", S.recv(c, 10, S.MSG_OOB))
  sets("urgent read", c, 0)
  X.select({ c })
  sets("end of input", c)
  U.write(c, "x")
  p.nap(100)
  sets("reset", c)
  U.close(c)
  -- lists keep their order; a descriptor twice counts twice
  local a, b = p.tcp(), p.tcp()
  local r2, w2 = X.select({ b, a, b }, { b })
  p.show("order", r2[1] == b, r2[2] == a, r2[3] == b, #r2, #w2)
else
  p.nap(100)
  local fd = p.tcp()
  sets("new", fd, 0)
  p.nonblock(fd)
  p.show("connect", S.connect(fd, p.at(7000)))
  local _, wr = X.select({}, { fd }, {}, { tv_sec = 5 })
  p.show("connected", #wr)
  sets("connected", fd, 0)
  p.nap(100)
  U.write(fd, "abc")
  p.nap(100)
  S.send(fd, "!", S.MSG_OOB)
  p.nap(100)
  U.close(fd)

  fd = p.udp(7001)
  for _, ms in ipairs { 0, 100, 200 } do
    local t0 = T.clock_gettime(T.CLOCK_MONOTONIC)
    local rd, wr2, ex, left = X.select({ fd }, nil, nil, { tv_sec = 0, tv_usec = ms * 1000 })
    local t1 = T.clock_gettime(T.CLOCK_MONOTONIC)
    local took = (t1.tv_sec - t0.tv_sec) * 1000 + (t1.tv_nsec - t0.tv_nsec) // 1000000
    p.show("time-out", #rd, #wr2, #ex, left.tv_sec, left.tv_usec, took >= ms, took < ms + 50)
  end
  p.show("seconds in usec", select(4, X.select(nil, { fd }, nil, { tv_sec = 3, tv_usec = 2500000 })).tv_sec)
  p.show("nanoseconds", select(4, X.pselect({ fd }, nil, nil, { tv_nsec = 1 })).tv_nsec)
  p.show("no descriptors", #X.select(nil, nil, nil, { tv_usec = 1000 }))
  p.show("negative usec", X.select({ fd }, nil, nil, { tv_usec = -1 }))
  p.show("negative sec", X.select({ fd }, nil, nil, { tv_sec = -1, tv_usec = 5 }))
  p.show("negative sec, carried", X.select({ fd }, nil, nil, { tv_sec = -1, tv_usec = 1000000 }))
  p.show("nsec too large", X.pselect({ fd }, nil, nil, { tv_nsec = 1000000000 }))
  p.show("not open", X.select({ fd, 30 }, nil, nil, { tv_usec = 1 }))
  p.show("not open, other set", X.select({ fd }, nil, { 63 }, { tv_usec = 1 }))
  U.close(fd)
  p.show("closed", X.select({ fd }))
  p.show("bad time before bad descriptor", X.select({ fd }, nil, nil, { tv_usec = -1 }))

  fd = p.tcp()
  p.nonblock(fd)
  S.connect(fd, p.at(7099))
  X.select(nil, { fd })
  sets("refused", fd)
  p.show("error", S.getsockopt(fd, S.SOL_SOCKET, S.SO_ERROR))
  sets("refused, told", fd, 0)
  local r, w = U.pipe()
  sets("pipe, reader", r, 0)
  sets("pipe, writer", w, 0)
  U.close(r)
  sets("pipe without reader", w, 0)
end
