-- Flags of receiving, several buffers, the receive buffer and what it drops, SO_PEEK_OFF.
local M = require "prelude"
local S, U = require "posix.sys.socket", require "posix.unistd"
local io2 = require "posix.sys.uio"
local I = require "posix.sys.ioctl"
local show = M.show
local role = ...
if role == "server" then return end
local rx, tx = M.udp(7000, "127.0.0.1"), M.udp()
S.connect(tx, M.at(7000, "127.0.0.1"))
local function send(s) show("send", S.send(tx, s)) end
local function inq(what) show(what, I.ioctl(rx, I.SIOCINQ)) show(what, I.ioctl(rx, I.SIOCOUTQ)) end
inq "empty"
send "first" send "" send "third one" send "4" send "fifth datagram" send "six6" send "seven" send "eight8" send "nine" send "ten10" send "" send "tw" send "thirteen" send "14"
inq "first waits"
show("waitall", S.recv(rx, 100, S.MSG_WAITALL))
inq "empty datagram"
show("readv", io2.readv(rx, { 3, 3 }))
show("readv", io2.readv(rx, { 3, 3 }))
show("oob", S.recv(rx, 100, S.MSG_OOB))
show("read", U.read(rx, 3))
show("recvfrom trunc", S.recvfrom(rx, 2, S.MSG_TRUNC))
show("peek trunc", S.recvfrom(rx, 2, S.MSG_TRUNC | S.MSG_PEEK))
local d, c, f = S.recvmsg(rx, 2, 0, S.MSG_PEEK) print(d, #c, f)
d, c, f = S.recvmsg(rx, 2, 0, S.MSG_PEEK | S.MSG_TRUNC) print(d, #c, f)
d, c, f = S.recvmsg(rx, 20, 0, S.MSG_WAITALL | S.MSG_DONTWAIT) print(d, #c, f)
d, c, f = S.recvmsg(rx, 2, 0, 0) print(d, #c, f)
d, c, f = S.recvmsg(rx, 0, 0, S.MSG_PEEK) print(d, #c, f)
d, c, f = S.recvmsg(rx, 4, 0, S.MSG_CTRUNC | S.MSG_EOR) print(d, #c, f)
d, c, f = S.recvmsg(rx, 4, 0, S.MSG_NOSIGNAL | 0x40000000) print(d, #c, f)
d, c, f = S.recvmsg(rx, 0, 0, 0) print(d, #c, f)
d, c, f = S.recvmsg(rx, 4, 0, S.MSG_MORE) print(d, #c, f)
show("recv 0", S.recv(rx, 0))
inq "14"
show("read 0", U.read(rx, 0))
inq "14"
show("readv none", io2.readv(rx, {}))
show("readv 0", io2.readv(rx, { 0, 0 }))
show("dontwait", S.recv(rx, 10, S.MSG_DONTWAIT))
show("timeo", S.recv(rx, 10))
show("timeo 0", S.setsockopt(rx, 1, 20, 0, 0))
M.nonblock(rx)
show("nonblock", S.recv(rx, 10))
show("nonblock waitall", S.recv(rx, 10, S.MSG_WAITALL))
-- SO_RCVBUF: drops counted
show("rcvbuf", S.setsockopt(rx, 1, 8, 0))
show("rcvbuf", S.getsockopt(rx, 1, 8))
show("ovfl", S.setsockopt(rx, 1, 40, 1))
local n = 0
for i = 1, 50 do S.send(tx, ("%02d"):format(i) .. ("x"):rep(1000)) end
local last
while true do
  local d, c, f = S.recvmsg(rx, 100, 100)
  if not d then break end
  n = n + 1
  if n == 1 then print(#c, d:sub(1, 2)) end
  last = d:sub(1, 2)
end
print("few", n > 0 and n < 10, last == ("%02d"):format(n))
S.send(tx, "later")
local d, c, f = S.recvmsg(rx, 100, 100)
print(d, #c, c[1] and c[1].level, c[1] and c[1].type, c[1] and string.unpack("I4", c[1].data) == 50 - n)
S.send(tx, ("z"):rep(60000))
d, c, f = S.recvmsg(rx, 100, 100)
print("large when empty", d and #d, f)
show("poll after drops", M.events(rx))
show("err", S.getsockopt(rx, 1, 4))
-- peek offset
show("rcvbuf", S.setsockopt(rx, 1, 8, 100000))
show("peek off", S.setsockopt(rx, 1, 42, 0))
S.send(tx, "abcdef") S.send(tx, "") S.send(tx, "ghi")
show("p", S.recv(rx, 2, S.MSG_PEEK))
show("p", S.recv(rx, 2, S.MSG_PEEK | S.MSG_TRUNC))
show("off", S.getsockopt(rx, 1, 42))
show("p", S.recv(rx, 20, S.MSG_PEEK))
show("off", S.getsockopt(rx, 1, 42))
show("p", S.recv(rx, 20, S.MSG_PEEK))
show("off", S.getsockopt(rx, 1, 42))
show("p", S.recv(rx, 20, S.MSG_PEEK))
show("r", S.recv(rx, 3))
show("off", S.getsockopt(rx, 1, 42))
show("r", S.recv(rx, 3))
show("off", S.getsockopt(rx, 1, 42))
show("set 1", S.setsockopt(rx, 1, 42, 1))
show("p", S.recv(rx, 1, S.MSG_PEEK))
show("set -1", S.setsockopt(rx, 1, 42, -1))
show("p", S.recv(rx, 1, S.MSG_PEEK))
show("set -2", S.setsockopt(rx, 1, 42, -2))
show("off", S.getsockopt(rx, 1, 42))
show("r", S.recv(rx, 9))
-- lowat, linger
show("lowat", S.setsockopt(rx, 1, 18, 10))
S.send(tx, "abc")
show("poll lowat", M.events(rx))
show("r", S.recv(rx, 9))
show("linger", S.setsockopt(tx, 1, 13, 1, 5))
show("close lingers", U.close(tx))
-- sndbuf too small
tx = M.udp()
show("sndbuf", S.setsockopt(tx, 1, 7, 0))
show("sndbuf", S.getsockopt(tx, 1, 7))
S.setsockopt(tx, 1, 21, 0, 50000)
show("60000", S.sendto(tx, ("q"):rep(60000), M.at(7000, "127.0.0.1")))
show("5000 dontwait", S.sendmsg(tx, ("q"):rep(5000), nil, S.MSG_DONTWAIT, M.at(7000, "127.0.0.1")))
show("1000", S.sendto(tx, ("q"):rep(1000), M.at(7000, "127.0.0.1")))
