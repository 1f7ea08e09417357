-- The calls of linux.txt, one a line, with what comes of each: addresses of one's own, broadcast, without a route.

local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"
local errno = require "posix.errno"

local net = sim.network()
local host = net:host("host", { addr = { "10.0.0.1/24", "10.0.1.1/24" } })
net:link("host:eth0", net:host("p0"))
net:link("host:eth1", net:host("p1"))
host:sh("ip addr add 10.0.5.1/24 dev lo")

local names = { [errno.EAGAIN] = "timeout", [errno.EINPROGRESS] = "timeout" }
for _, name in ipairs { "EACCES", "EADDRNOTAVAIL", "EINVAL", "ENETUNREACH", "EHOSTUNREACH" } do names[errno[name]] = name end

local open -- descriptors of this line
local function socket(kind)
  local fd = assert(S.socket(S.AF_INET, kind, 0))
  open[#open + 1] = fd
  return fd
end
local function at(addr, port) return { family = S.AF_INET, addr = addr, port = port } end
local function must(value, message, code)
  if value == nil then error { code = code, message = message } end
  return value, message
end

local calls = {}

function calls.tcp(dst, src)
  local listener, s = socket(S.SOCK_STREAM), socket(S.SOCK_STREAM)
  must(S.setsockopt(listener, S.SOL_SOCKET, S.SO_REUSEADDR, 1))
  must(S.bind(listener, at("0.0.0.0", 7)))
  must(S.listen(listener, 1))
  must(S.setsockopt(s, S.SOL_SOCKET, S.SO_SNDTIMEO, 2, 0))
  if src then must(S.bind(s, at(src, 0))) end
  must(S.connect(s, at(dst, 7)))
  local conn, peer = must(S.accept(listener))
  open[#open + 1] = conn
  return ("ok from %s to %s | peer sees %s, local %s"):format(S.getsockname(s).addr, S.getpeername(s).addr, peer.addr,
    S.getsockname(conn).addr)
end

function calls.udp(dst, src, broadcast)
  local r, s = socket(S.SOCK_DGRAM), socket(S.SOCK_DGRAM)
  must(S.bind(r, at("0.0.0.0", 9)))
  must(S.setsockopt(r, S.SOL_SOCKET, S.SO_RCVTIMEO, 0, 200000))
  must(S.setsockopt(s, S.SOL_SOCKET, S.SO_BROADCAST, broadcast))
  if src then must(S.bind(s, at(src, 0))) end
  must(S.sendto(s, "x", at(dst, 9)))
  local data, from = S.recvfrom(r, 10)
  return data and "got from " .. from.addr or "sent, nothing got"
end

function calls.conn(dst, _, broadcast)
  local s = socket(S.SOCK_DGRAM)
  must(S.setsockopt(s, S.SOL_SOCKET, S.SO_BROADCAST, broadcast))
  must(S.connect(s, at(dst, 9)))
  return "ok from " .. S.getsockname(s).addr
end

function calls.bind(addr, _, _, kind)
  must(S.bind(socket(kind), at(addr, 0)))
  return "ok"
end

host:run("calls", function()
  for line in sim.param("lines", ""):gmatch("[^;]+") do
    if line == "lo down" then
      host:sh("ip link set lo down")
      print(line)
    else
      local call, addr, rest = line:match("(%w+) (%S+)(.*)")
      open = {}
      local ok, result = pcall(calls[call], addr, rest:match("from (%S+)"), rest:find("broadcast") and 1 or 0,
        rest:find("dgram") and S.SOCK_DGRAM or S.SOCK_STREAM)
      for _, fd in ipairs(open) do unistd.close(fd) end
      print(line .. " -> " .. (ok and result or names[result.code] or result.message))
    end
  end
end)

sim.run()
