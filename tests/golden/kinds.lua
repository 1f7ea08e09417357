-- The programs behind the golden traces (see their README), to be compared by compare.py.
-- usage: wirepath run tests/golden/kinds.lua --set kind=tcp

local sim = require "sim"
local S = require "posix.sys.socket"
local U = require "posix.unistd"

local KIND = sim.param("kind", "tcp")
local net = sim.network()
local client = net:host("client", { addr = "10.0.0.1/24" })
local server = net:host("server", { addr = "10.0.0.2/24" })
local link = net:link(client, server, { delay = "2ms" })

local function listener()
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_REUSEADDR, 1))
  assert(S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 5000 }))
  assert(S.listen(fd, 8))
  return fd
end

local function connect(addr, synretries)
  sim.sleep("100ms")
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  if synretries then
    assert(S.setsockopt(fd, S.IPPROTO_TCP, S.TCP_SYNCNT, synretries))
  else
    assert(S.setsockopt(fd, S.IPPROTO_TCP, S.TCP_NODELAY, 1))
  end
  local ok, msg = S.connect(fd, { family = S.AF_INET, addr = addr or "10.0.0.2", port = 5000 })
  return fd, ok, msg
end

-- Reads until the end of the stream, as the golden server does.
local function drain(conn, n)
  while true do
    local data = assert(U.read(conn, n or 65536))
    if data == "" then break end
  end
end

local kinds = {}

function kinds.tcp()
  server:run(function()
    local fd = listener()
    local conn = S.accept(fd)
    U.read(conn, 100)
    sim.sleep("20ms")
    U.write(conn, ("s"):rep(50))
    local left = 5000
    while left > 0 do left = left - #U.read(conn, left) end
    U.read(conn, 100)
    U.close(conn)
    U.close(fd)
  end)
  client:run(function()
    local fd = connect()
    U.write(fd, ("c"):rep(100))
    U.read(fd, 50)
    U.write(fd, ("d"):rep(5000))
    sim.sleep("300ms")
    U.close(fd)
  end)
end

kinds["tcp-refused"] = function()
  client:run(function()
    U.close(connect("10.0.0.2", 2))
  end)
end

kinds["tcp-syn-retransmit"] = function()
  link:drop(100, { from = client, match = function(f) return f:byte(13) == 8 and f:byte(14) == 0 end })
  client:run(function()
    U.close(connect("10.0.0.2", 2))
  end)
end

kinds["arp-fail-tcp"] = function()
  client:run(function()
    U.close(connect("10.0.0.99", 2))
  end)
end

-- One write of `bytes` after 200 ms, the reader drains.
local function transfer(bytes)
  server:run(function()
    local fd = listener()
    local conn = S.accept(fd)
    drain(conn)
    U.close(conn)
    U.close(fd)
  end)
  client:run(function()
    local fd = connect()
    sim.sleep("200ms")
    U.write(fd, ("x"):rep(bytes))
    sim.sleep("600ms")
    U.close(fd)
  end)
end

-- Segments with data: longer than a bare header.
local function is_data(f)
  return #f > 90
end

kinds["tcp-rto"] = function()
  transfer(100)
  link:drop(4, { from = client, match = is_data })
end

kinds["tcp-fast-retransmit"] = function()
  transfer(20000)
  local n = 0
  link:drop(1, { from = client, match = function(f)
    n = n + (is_data(f) and 1 or 0)
    return n == 4
  end })
end

kinds["tcp-bulk"] = function() transfer(60000) end

kinds["tcp-zero-window"] = function()
  server:run(function()
    local fd = listener()
    local conn = S.accept(fd)
    sim.sleep("1500ms")
    drain(conn)
    U.close(conn)
    U.close(fd)
  end)
  client:run(function()
    local fd = connect()
    U.write(fd, ("z"):rep(400000))
    U.close(fd)
  end)
end

assert(kinds[KIND], "there is no kind " .. KIND)()
sim.run()
