-- Sends bytes both ways over a link with the faults that --set asks for, and checks every byte.

local sim = require "sim"
local S = require "posix.sys.socket"
local U = require "posix.unistd"
local P = require "posix.poll"
local F = require "posix.fcntl"
local N = sim.param("bytes", 200000)
local o = { rate = sim.param("rate", "100Mbit"), delay = sim.param("delay", "2ms"), loss = sim.param("loss", 0.0), duplicate = sim.param("dup", 0.0), corrupt = sim.param("corrupt", 0.0),
  reorder = sim.param("reorder", 0.0), jitter = sim.param("jitter", "0ms"), corrupt_fcs_ok = sim.param("fcsok", false), queue = sim.param("queue", 0) }
if o.queue == 0 then o.queue = nil end
local rcvbuf, mss, chunk = sim.param("rcvbuf", 0), sim.param("mss", 0), sim.param("chunk", 65536)
local net = sim.network()
local client = net:host("client", { addr = "10.0.2.15/24" })
local server = net:host("server", { addr = "10.0.2.2/24" })
local link = net:link(client, server, o)
local function text(seed)
  local t = {}
  for i = 1, N // 8 do t[i] = string.format("%07d%s", i, seed) end
  return table.concat(t)
end
local A, B = text("a"), text("b")
local function both(fd, out, want)
  F.fcntl(fd, F.F_SETFL, F.O_NONBLOCK)
  local at, got, n, eof, shut = 1, {}, 0, false, false
  while not (eof and shut) do
    local t = { [fd] = { events = { IN = not eof, OUT = at <= #out } } }
    assert(P.poll(t, -1))
    local r = t[fd].revents
    if at <= #out and (r.OUT) then
      local w, m, e = U.write(fd, out:sub(at, at + chunk - 1))
      if w then at = at + w else sim.assert(e == 11, "write: " .. tostring(m)) end
    end
    if at > #out and not shut then assert(S.shutdown(fd, S.SHUT_WR)) shut = true end
    if not eof and (r.IN or r.HUP or r.ERR) then
      local d, m, e = U.read(fd, chunk)
      if d == "" then eof = true elseif d then got[#got + 1] = d n = n + #d else sim.assert(e == 11, "read: " .. tostring(m)) end
    end
  end
  local all = table.concat(got)
  sim.equal(#all, #want, "bytes")
  sim.assert(all == want, "bytes differ")
  U.close(fd)
end
local function opts(fd)
  if rcvbuf > 0 then assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVBUF, rcvbuf)) end
  if mss > 0 then assert(S.setsockopt(fd, S.IPPROTO_TCP, S.TCP_MAXSEG, mss)) end
end
server:run("s", function()
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  opts(fd)
  assert(S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 80 }))
  assert(S.listen(fd, 8))
  local c = assert(S.accept(fd))
  U.close(fd)
  both(c, B, A)
  print "done"
end)
client:run("c", function()
  sim.sleep("1ms")
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  opts(fd)
  assert(S.connect(fd, { family = S.AF_INET, addr = "10.0.2.2", port = 80 }))
  both(fd, A, B)
  print "done"
end)
sim.run()
