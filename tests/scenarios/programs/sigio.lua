-- SIGURG and SIGIO: who owns a socket (F_SETOWN) is told of urgent data, and with O_ASYNC of all that happens.
local p = require "prelude"
local S = require "posix.sys.socket"
local U = require "posix.unistd"
local F = require "posix.fcntl"
local T = require "posix.time"
local G = require "posix.signal"

if ... == "server" then
  local told = {}
  G.signal(G.SIGURG, function() told[#told + 1] = "URG" end)
  G.signal(29, function() told[#told + 1] = "IO" end)
  -- Sleeps, and prints the signals that came.
  local function during(what, ms)
    local until_ms = ms
    while until_ms > 0 do
      local r, _, _, left = T.nanosleep { tv_sec = 0, tv_nsec = until_ms * 1000000 }
      until_ms = r and 0 or left and left.tv_nsec // 1000000 or 0
    end
    print(what, table.concat(told, " "))
    told = {}
  end
  local l = p.listener(7000)
  p.show("nobody", F.fcntl(l, F.F_GETOWN))
  p.show("set", F.fcntl(l, F.F_SETOWN, U.getpid()), F.fcntl(l, F.F_GETOWN) == U.getpid())
  p.show("async", F.fcntl(l, F.F_SETFL, 0x2000), F.fcntl(l, F.F_GETFL) & 0x2000)
  during("a connection", 200)
  local c = S.accept(l)
  p.show("not inherited", F.fcntl(c, F.F_GETOWN), F.fcntl(c, F.F_GETFL) & 0x2000)
  during("urgent, no owner", 200)
  F.fcntl(c, F.F_SETOWN, U.getpid())
  during("urgent", 200)
  during("data, not asynchronous", 200)
  F.fcntl(c, F.F_SETFL, 0x2000)
  during("data", 200)
  during("urgent", 200)
  p.show("read", #S.recv(c, 100))
  p.show("blocking read", S.recv(c, 100))
  during("after it", 100)
  F.fcntl(c, F.F_SETOWN, 0)
  during("data, nobody", 200)
  F.fcntl(c, F.F_SETOWN, U.getpid())
  during("end of input", 200)
  during("reset", 200)
else
  p.nap(150)
  local fd = p.connected(7000)
  for _, flags in ipairs { S.MSG_OOB, S.MSG_OOB, 0, 0, S.MSG_OOB, 0, 0 } do
    p.nap(200)
    S.send(fd, "x", flags)
  end
  p.nap(200)
  S.shutdown(fd, S.SHUT_WR)
  p.nap(200)
  S.setsockopt(fd, S.SOL_SOCKET, S.SO_LINGER, 1, 0)
  U.close(fd)
end
