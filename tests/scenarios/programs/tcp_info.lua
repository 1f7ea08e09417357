-- TCP_INFO: every field at points where it is known. Of times and rates only whether they are there. Left out: what
-- 5.15 computes otherwise than the kernel that this was recorded on (the receiver's estimates; scaling_ratio came with
-- 6.6, and a passive side's rcv_space was corrected in 6.16).
local p = require "prelude"
local S = require "posix.sys.socket"
local U = require "posix.unistd"
local sign = { rto = 1, rtt = 1, rttvar = 1, min_rtt = 1, pacing_rate = 1, delivery_rate = 1, ato = 1 }
local skip = { rcv_ssthresh = 1, rcv_space = 1, rcv_rtt = 1, busy_time = 1, last_data_sent = 1, last_data_recv = 1,
               last_ack_recv = 1, snd_wnd = 1 }

local function info(what, fd)
  local out = {}
  for k, v in pairs(S.getsockopt(fd, S.IPPROTO_TCP, S.TCP_INFO)) do
    k = k:sub(6)
    if v ~= 0 and not skip[k] then out[#out + 1] = k .. "=" .. (sign[k] and "+" or v) end
  end
  table.sort(out)
  print(what, table.concat(out, " "))
end

if ... == "server" then
  local l = p.listener(7000)
  info("listening", l)
  local c = S.accept(l)
  info("accepted", c)
  p.show("read", U.read(c, 100))
  info("read", c)
  U.write(c, ("x"):rep(5000))
  p.nap(100)
  info("acknowledged", c)
  p.show("read", U.read(c, 100))
  info("other side closed", c)
  U.close(c)
else
  p.nap(100)
  local fd = p.tcp()
  info("new", fd)
  p.show("connect", S.connect(fd, p.at(7000)))
  p.nap(50)
  info("connected", fd)
  U.write(fd, "hello")
  p.nap(50)
  info("answered", fd)
  S.shutdown(fd, S.SHUT_WR)
  p.nap(100)
  info("shut", fd)
  p.show("drain", p.drain(fd))
  info("closed", fd)
  p.show("length", #S.getsockopt(fd, S.IPPROTO_TCP, S.TCP_INFO, 104), #S.getsockopt(fd, S.IPPROTO_TCP, S.TCP_INFO, 0))
end
